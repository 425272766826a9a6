-- What the demo's target warehouse holds before the copy: leftovers of an earlier one. Replacing tickit.event must not
-- break the view; replacing nycflights.planes must not take the readers' right away.

CREATE SCHEMA tickit;

CREATE TABLE tickit.event (
    eventid   INTEGER NOT NULL DISTKEY,
    venueid   SMALLINT NOT NULL,
    catid     SMALLINT NOT NULL,
    dateid    SMALLINT NOT NULL SORTKEY,
    eventname VARCHAR(200),
    starttime TIMESTAMP,
    PRIMARY KEY (eventid)
);
INSERT INTO tickit.event VALUES
    (1, 305, 8, 1851, 'Cancelled since', '2020-01-25 14:30:00'),
    (900001, 1, 1, 1827, 'Known to nobody else', '2020-01-01 20:00:00');

CREATE VIEW tickit.events_by_month AS
SELECT DATE_TRUNC('month', starttime) AS month, COUNT(*) AS events
FROM tickit.event
GROUP BY 1;

CREATE SCHEMA nycflights;

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
INSERT INTO nycflights.planes VALUES ('N00000', 1903, 'Biplane', 'WRIGHT', 'FLYER', 1, 1, 30, 'Reciprocating');

CREATE GROUP readers;
GRANT USAGE ON SCHEMA nycflights TO GROUP readers;
GRANT SELECT ON nycflights.planes TO GROUP readers;
