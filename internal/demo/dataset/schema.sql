-- What the demo's source warehouse holds.

CREATE TABLE public.flight_data (
    fl_date           TIMESTAMP ENCODE az64,
    airline_id        INTEGER ENCODE az64,
    origin_region     VARCHAR(10) ENCODE bytedict,
    origin_division   VARCHAR(20) ENCODE bytedict,
    origin_state_name CHAR(15) ENCODE bytedict,
    origin_state_abr  CHAR(2) ENCODE zstd,
    origin_ap         CHAR(3) ENCODE zstd,
    dest_region       VARCHAR(10) ENCODE bytedict,
    dest_division     VARCHAR(20) ENCODE bytedict,
    dest_state_name   CHAR(15) ENCODE bytedict,
    dest_state_abr    CHAR(2) ENCODE zstd,
    dest_ap           CHAR(3) ENCODE zstd,
    dep_delay         NUMERIC(8,2) ENCODE az64,
    arr_delay         NUMERIC(8,2) ENCODE az64,
    cancelled         BOOLEAN
)
DISTSTYLE EVEN
SORTKEY (fl_date);
COMMENT ON TABLE public.flight_data IS 'One row per scheduled flight; a cancelled one has no delays';
COMMENT ON COLUMN public.flight_data.dep_delay IS 'Minutes; negative is early';

-- TICKIT, as the Redshift manual publishes it (DG c_sampledb), with the keys that its page on CREATE TABLE declares.

CREATE SCHEMA tickit;

CREATE TABLE tickit.users (
    userid        INTEGER NOT NULL DISTKEY SORTKEY,
    username      CHAR(8),
    firstname     VARCHAR(30),
    lastname      VARCHAR(30),
    city          VARCHAR(30),
    state         CHAR(2),
    email         VARCHAR(100),
    phone         CHAR(14),
    likesports    BOOLEAN,
    liketheatre   BOOLEAN,
    likeconcerts  BOOLEAN,
    likejazz      BOOLEAN,
    likeclassical BOOLEAN,
    likeopera     BOOLEAN,
    likerock      BOOLEAN,
    likevegas     BOOLEAN,
    likebroadway  BOOLEAN,
    likemusicals  BOOLEAN,
    PRIMARY KEY (userid)
);
COMMENT ON COLUMN tickit.users.phone IS 'Personal data';
COMMENT ON COLUMN tickit.users.email IS 'Personal data: it''s masked wherever this table goes';

CREATE TABLE tickit.venue (
    venueid    SMALLINT NOT NULL DISTKEY SORTKEY,
    venuename  VARCHAR(100),
    venuecity  VARCHAR(30),
    venuestate CHAR(2),
    venueseats INTEGER,
    PRIMARY KEY (venueid)
);

CREATE TABLE tickit.category (
    catid    SMALLINT NOT NULL,
    catgroup VARCHAR(10),
    catname  VARCHAR(10),
    catdesc  VARCHAR(50),
    PRIMARY KEY (catid)
)
DISTSTYLE ALL
SORTKEY (catid);

CREATE TABLE tickit.date (
    dateid  SMALLINT NOT NULL DISTKEY SORTKEY,
    caldate DATE NOT NULL,
    day     CHARACTER(3) NOT NULL,
    week    SMALLINT NOT NULL,
    month   CHARACTER(5) NOT NULL,
    qtr     CHARACTER(5) NOT NULL,
    year    SMALLINT NOT NULL,
    holiday BOOLEAN DEFAULT ('N'),
    PRIMARY KEY (dateid)
);

CREATE TABLE tickit.event (
    eventid   INTEGER NOT NULL DISTKEY,
    venueid   SMALLINT NOT NULL REFERENCES tickit.venue (venueid),
    catid     SMALLINT NOT NULL REFERENCES tickit.category (catid),
    dateid    SMALLINT NOT NULL SORTKEY REFERENCES tickit.date (dateid),
    eventname VARCHAR(200),
    starttime TIMESTAMP,
    PRIMARY KEY (eventid)
);

CREATE TABLE tickit.listing (
    listid         INTEGER NOT NULL DISTKEY,
    sellerid       INTEGER NOT NULL,
    eventid        INTEGER NOT NULL,
    dateid         SMALLINT NOT NULL SORTKEY,
    numtickets     SMALLINT NOT NULL,
    priceperticket DECIMAL(8,2),
    totalprice     DECIMAL(8,2),
    listtime       TIMESTAMP,
    PRIMARY KEY (listid),
    FOREIGN KEY (sellerid) REFERENCES tickit.users (userid),
    FOREIGN KEY (eventid) REFERENCES tickit.event (eventid),
    FOREIGN KEY (dateid) REFERENCES tickit.date (dateid)
);

CREATE TABLE tickit.sales (
    salesid    INTEGER NOT NULL,
    listid     INTEGER NOT NULL,
    sellerid   INTEGER NOT NULL,
    buyerid    INTEGER NOT NULL,
    eventid    INTEGER NOT NULL ENCODE mostly16,
    dateid     SMALLINT NOT NULL,
    qtysold    SMALLINT NOT NULL ENCODE mostly8,
    pricepaid  DECIMAL(8,2) ENCODE delta32k,
    commission DECIMAL(8,2) ENCODE delta32k,
    saletime   TIMESTAMP,
    PRIMARY KEY (salesid),
    FOREIGN KEY (listid) REFERENCES tickit.listing (listid),
    FOREIGN KEY (sellerid) REFERENCES tickit.users (userid),
    FOREIGN KEY (buyerid) REFERENCES tickit.users (userid),
    FOREIGN KEY (dateid) REFERENCES tickit.date (dateid)
)
DISTKEY (listid)
COMPOUND SORTKEY (listid, sellerid);

CREATE VIEW tickit.revenue AS
SELECT e.eventname, SUM(s.pricepaid) AS paid, SUM(s.qtysold) AS tickets
FROM tickit.sales s
JOIN tickit.event e ON e.eventid = s.eventid
GROUP BY e.eventname;

-- Text that is hard to move, ids that the warehouse hands out, time zones, semi-structured values.

CREATE SCHEMA crm;

CREATE TABLE crm.review (
    reviewid BIGINT IDENTITY(1,1),
    userid   INTEGER NOT NULL,
    left_at  TIMESTAMPTZ,
    stars    SMALLINT,
    body     VARCHAR(400) ENCODE zstd,
    context  SUPER,
    PRIMARY KEY (reviewid),
    FOREIGN KEY (userid) REFERENCES tickit.users (userid)
)
INTERLEAVED SORTKEY (userid, stars);
COMMENT ON TABLE crm.review IS 'What people wrote; nothing in it is clean';

-- nycflights13

CREATE SCHEMA nycflights;

CREATE TABLE nycflights.airlines (
    carrier CHAR(2) NOT NULL,
    name    VARCHAR(40),
    PRIMARY KEY (carrier)
)
DISTSTYLE ALL;

CREATE TABLE nycflights.airports (
    faa   CHAR(3) NOT NULL,
    name  VARCHAR(60),
    lat   DOUBLE PRECISION,
    lon   DOUBLE PRECISION,
    alt   INTEGER,
    tz    SMALLINT,
    dst   CHAR(1),
    tzone VARCHAR(30),
    PRIMARY KEY (faa)
);

CREATE TABLE nycflights.planes (
    tailnum      CHAR(6) NOT NULL,
    year         SMALLINT,
    type         VARCHAR(24),
    manufacturer VARCHAR(29),
    model        VARCHAR(18),
    engines      SMALLINT,
    seats        SMALLINT,
    speed        SMALLINT,
    engine       VARCHAR(13),
    PRIMARY KEY (tailnum)
);
COMMENT ON TABLE nycflights.planes IS 'Planes by tail number, from the FAA registry';

CREATE TABLE nycflights.weather (
    origin     CHAR(3) NOT NULL,
    year       SMALLINT,
    month      SMALLINT,
    day        SMALLINT,
    hour       SMALLINT,
    temp       REAL,
    dewp       REAL,
    humid      DOUBLE PRECISION,
    wind_dir   SMALLINT,
    wind_speed DOUBLE PRECISION,
    wind_gust  DOUBLE PRECISION,
    precip     DOUBLE PRECISION,
    pressure   DOUBLE PRECISION,
    visib      DOUBLE PRECISION,
    time_hour  TIMESTAMP
)
DISTKEY (origin)
COMPOUND SORTKEY (time_hour, origin);

-- vega-datasets. The column names are the files' own.

CREATE SCHEMA vega;

CREATE TABLE vega.birdstrikes (
    "airport name"              VARCHAR(40),
    "aircraft make model"       VARCHAR(20),
    "effect amount of damage"   VARCHAR(12),
    "flight date"               DATE,
    "aircraft airline operator" VARCHAR(30),
    "origin state"              VARCHAR(20),
    "phase of flight"           VARCHAR(12),
    "wildlife size"             VARCHAR(8),
    "wildlife species"          VARCHAR(30),
    "time of day"               VARCHAR(8),
    "cost other"                INTEGER,
    "cost repair"               INTEGER,
    "cost total $"              INTEGER,
    "speed ias in knots"        SMALLINT
)
SORTKEY ("flight date");

CREATE TABLE vega.unemployment (
    id   INTEGER NOT NULL,
    rate DECIMAL(4,3),
    PRIMARY KEY (id)
);

CREATE TABLE vega.movies (
    title                    VARCHAR(100),
    "us gross"               BIGINT,
    "worldwide gross"        BIGINT,
    "us dvd sales"           BIGINT,
    "production budget"      BIGINT,
    "release date"           VARCHAR(12),
    "mpaa rating"            VARCHAR(9),
    "running time min"       SMALLINT,
    distributor              VARCHAR(40),
    source                   VARCHAR(40),
    "major genre"            VARCHAR(20),
    "creative type"          VARCHAR(24),
    director                 VARCHAR(40),
    "rotten tomatoes rating" SMALLINT,
    "imdb rating"            DECIMAL(3,1),
    "imdb votes"             INTEGER
);

CREATE TABLE vega.flights_5k (
    date        TIMESTAMP,
    delay       SMALLINT,
    distance    SMALLINT,
    origin      CHAR(3),
    destination CHAR(3)
);
