package transfer

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The statements of the manual's example pages (r_COPY_command_examples, r_UNLOAD_command_examples) on a few rows of
// their own kind: each gives the result that the page shows or the failure that it announces.

const venueTable = "(venueid smallint not null, venuename varchar(100), venuecity varchar(30), venuestate char(2), venueseats integer)"

const venuePipe = "1|Toyota Park|Bridgeview|IL|0\n2|Columbus Crew Stadium|Columbus|OH|0\n5|Gillette Stadium|Foxborough|MA|68756\n"

var venueRows = []string{"1|Toyota Park|Bridgeview|IL|0", "2|Columbus Crew Stadium|Columbus|OH|0", "5|Gillette Stadium|Foxborough|MA|68756"}

func TestManualCopyExamples(t *testing.T) {
	t.Parallel()
	s := newSession(t)
	category := "(catid smallint, catgroup varchar(10), catname varchar(10), catdesc varchar(50))"
	categoryRows := []string{"12|Shows|Musicals|Musical theatre", `13|Shows|Plays|All "non-musical" theatre`, `14|Shows|Opera|All opera, light, and "rock" opera`}
	for _, tt := range []struct {
		name  string
		table string
		files map[string]string
		copy  string // after COPY t
		want  []string
		fails string // the reason in the load errors, or the message
	}{
		{
			name: "default delimiter", table: venueTable, files: map[string]string{"data/venue.txt": venuePipe},
			copy: "from 's3://b/data/venue.txt'", want: venueRows,
		},
		{
			name: "all files of a folder", table: venueTable, files: map[string]string{"data/v/1": venueRows[0] + "\n", "data/v/2": venueRows[1] + "\n" + venueRows[2] + "\n"},
			copy: "from 's3://b/data/v/'", want: venueRows,
		},
		{
			name: "manifest", table: venueTable,
			files: map[string]string{"custdata.1": venueRows[0] + "\n", "custdata.2": venueRows[1], "custdata.3": venueRows[2], "custdata.backup": "unwanted", "cust.manifest": `{"entries": [
				{"url":"s3://b/custdata.1","mandatory":true}, {"url":"s3://b/custdata.2","mandatory":true}, {"url":"s3://b/custdata.3","mandatory":true}]}`},
			copy: "from 's3://b/cust.manifest' manifest", want: venueRows,
		},
		{
			name: "prefix that takes an unwanted file", table: venueTable, files: map[string]string{"custdata.1": venueRows[0], "custdata.backup": "unwanted"},
			copy: "from 's3://b/custdata'", fails: "Delimiter not found",
		},
		{
			name: "options", table: "(eventid int, eventname varchar(200), note varchar(20), starttime timestamp)",
			files: map[string]string{"e": "1|\"Gotterdammerung\"||2008-01-25 14:30:00\n2|'Boris Godunov'|  |2008-10-15 20:00:00\nx|bad|row|\n"},
			copy:  "from 's3://b/e' removequotes emptyasnull blanksasnull maxerror 5 delimiter '|' timeformat 'YYYY-MM-DD HH:MI:SS'",
			want:  []string{"1|Gotterdammerung|<null>|2008-01-25 14:30:00", "2|Boris Godunov|<null>|2008-10-15 20:00:00"},
		},
		{
			name: "fixed width", table: venueTable,
			files: map[string]string{"f": "1  Toyota Park              Bridgeview  IL0\n2  Columbus Crew Stadium    Columbus    OH0\n5  Gillette Stadium         Foxborough  MA68756\n"},
			copy:  "from 's3://b/f' fixedwidth 'venueid:3,venuename:25,venuecity:12,venuestate:2,venueseats:6' trimblanks", want: venueRows,
		},
		{
			name: "csv", table: category,
			files: map[string]string{"c": "12,Shows,Musicals,Musical theatre\n13,Shows,Plays,\"All \"\"non-musical\"\" theatre\"\n14,Shows,Opera,\"All opera, light, and \"\"rock\"\" opera\"\n"},
			copy:  "from 's3://b/c' csv", want: categoryRows,
		},
		{
			name: "csv quote", table: category,
			files: map[string]string{"c": "12,Shows,Musicals,Musical theatre\n13,Shows,Plays,%All \"non-musical\" theatre%\n14,Shows,Opera,%All opera, light, and \"rock\" opera%\n"},
			copy:  "from 's3://b/c' csv quote as '%'", want: categoryRows,
		},
		{
			name: "commas without csv", table: category, files: map[string]string{"c": "14,Shows,Opera,All opera, light, and \"rock\" opera\n"},
			copy: "from 's3://b/c' delimiter ','", fails: "Extra column(s) found",
		},
		{
			name: "timestamp", table: "(c1 timestamp)", files: map[string]string{"t": "2009-01-12 14:15:57.119568\n"},
			copy: "from 's3://b/t' timeformat 'YYYY-MM-DD HH:MI:SS'", want: []string{"2009-01-12 14:15:57.119568"},
		},
		{
			name: "default value", table: "(venueid smallint not null, venuename varchar(100) not null, venuecity varchar(30), venuestate char(2), venueseats integer not null default '1000')",
			files: map[string]string{"v": "1|Toyota Park|Bridgeview|IL|\n2|Columbus Crew Stadium|Columbus|OH|\n"},
			copy:  "(venueid, venuename, venuecity, venuestate) from 's3://b/v' delimiter '|'", want: []string{"1|Toyota Park|Bridgeview|IL|1000", "2|Columbus Crew Stadium|Columbus|OH|1000"},
		},
		{
			name: "no default value", table: "(venueid smallint not null, venuename varchar(100) not null, venuecity varchar(30), venuestate char(2), venueseats integer not null default '1000')",
			files: map[string]string{"v": "1|Bridgeview|IL\n"},
			copy:  "(venueid, venuecity, venuestate) from 's3://b/v' delimiter '|'", fails: "Missing data for not-null field",
		},
		{
			name: "identity", table: "(venueid int generated always as identity, venuename varchar(100) not null, venuecity varchar(30), venuestate char(2), venueseats integer not null default '1000')",
			files: map[string]string{"v": "101|Toyota Park|Bridgeview|IL\n"},
			copy:  "(venueid, venuename, venuecity, venuestate) from 's3://b/v' delimiter '|' explicit_ids", want: []string{"101|Toyota Park|Bridgeview|IL|1000"},
		},
		{
			name: "explicit ids without the identity column", table: "(venueid int generated always as identity, venuename varchar(100), venuecity varchar(30), venuestate char(2))",
			files: map[string]string{"v": "Toyota Park|Bridgeview|IL\n"},
			copy:  "(venuename, venuecity, venuestate) from 's3://b/v' delimiter '|' explicit_ids", fails: "EXPLICIT_IDS",
		},
		{
			name: "identity column without explicit ids", table: "(venueid int generated always as identity, venuename varchar(100), venuecity varchar(30), venuestate char(2))",
			files: map[string]string{"v": "1|Toyota Park|Bridgeview|IL\n"},
			copy:  "(venueid, venuename, venuecity, venuestate) from 's3://b/v' delimiter '|'", fails: "identity",
		},
		{
			name: "escape", table: "(infoid int, tableinfo varchar(50))", files: map[string]string{"i": "1|public\\|event\\|dwuser\n2|public\\|sales\\|dwuser\n"},
			copy: "from 's3://b/i' delimiter '|' escape", want: []string{"1|public|event|dwuser", "2|public|sales|dwuser"},
		},
		{
			name: "escape forgotten", table: "(infoid int, tableinfo varchar(50))", files: map[string]string{"i": "1|public\\|event\\|dwuser\n"},
			copy: "from 's3://b/i' delimiter '|'", fails: "Extra column(s) found",
		},
		{
			name: "escaped newlines", table: "(c1 varchar(200), c2 int)", files: map[string]string{"n": "<xml start>\\\n<line in content>\\\n</xml>|1000\n<xml>\\\n</xml>|2000\n"},
			copy: "from 's3://b/n' escape delimiter as '|'", want: []string{"<xml start>\n<line in content>\n</xml>|1000", "<xml>\n</xml>|2000"},
		},
		{
			name: "json auto", table: "(catid smallint, catgroup varchar(10), catname varchar(10), catdesc varchar(50))",
			files: map[string]string{"j": "{\n \"catdesc\": \"Major League Baseball\",\n \"catid\": 1,\n \"catgroup\": \"Sports\",\n \"catname\": \"MLB\"\n}\n{\"bogus\": \"x\", \"catid\": 2}"},
			copy:  "from 's3://b/j' json 'auto'", want: []string{"1|Sports|MLB|Major League Baseball", "2|<null>|<null>|<null>"},
		},
		{
			name: "jsonpaths", table: "(catid smallint, catgroup varchar(10), catname varchar(10), catdesc varchar(50))",
			files: map[string]string{"p": `{"jsonpaths": ["$['one']", "$['two']", "$['three']", "$['four']"]}`, "o": `{"three": "NHL", "four": "National Hockey League", "one": 2, "two": "Sports"}`},
			copy:  "from 's3://b/o' json 's3://b/p'", want: []string{"2|Sports|NHL|National Hockey League"},
		},
		{
			name: "jsonpaths of arrays", table: "(catid smallint, catgroup varchar(10), catname varchar(10), catdesc varchar(50))",
			files: map[string]string{"p": `{"jsonpaths": ["$[0]", "$[1]", "$[2]", "$[3]"]}`, "a": "[1,\"Sports\",\"MLB\",\"Major League Baseball\"]\n[5,\"Concerts\",\"Classical\",\"All symphony\"]\n"},
			copy:  "from 's3://b/a' json 's3://b/p'", want: []string{"1|Sports|MLB|Major League Baseball", "5|Concerts|Classical|All symphony"},
		},
		{name: "DynamoDB", table: "(a int)", copy: "from 'dynamodb://Movies' readratio 50", fails: "DynamoDB"},
		{name: "EMR", table: "(a int)", copy: `from 'emr://j-SAMPLE2B500FC/myoutput/part-*' delimiter '\t' lzop`, fails: "EMR"},
		{name: "Avro", table: "(a int)", copy: "from 's3://b/x.avro' format as avro 'auto'", fails: "AVRO"},
		{name: "client-side encryption", table: "(a int)", copy: "from 's3://b/m' master_symmetric_key 'EXAMPLE' manifest encrypted", fails: "2026-04-30"},
	} {
		s.store.clear()
		for key, text := range tt.files {
			s.store.put("s3://b/"+key, text)
		}
		s.sql("DROP TABLE IF EXISTS t; CREATE TABLE t " + tt.table)
		sql := "copy t " + tt.copy + role
		if tt.fails == "" {
			s.must(sql)
			if diff := cmp.Diff(tt.want, s.query("SELECT * FROM t ORDER BY 1")); diff != "" {
				t.Errorf("%s: %s", tt.name, diff)
			}
			continue
		}
		reasons := s.refused(sql).Message + strings.Join(s.loadErrors(), "\n")
		if !strings.Contains(reasons, tt.fails) {
			t.Errorf("%s: got %s, want %s", tt.name, reasons, tt.fails)
		}
	}
}

func TestManualUnloadExamples(t *testing.T) {
	t.Parallel()
	s := newSession(t)
	s.store.put("s3://b/venue", venuePipe)
	s.sql("CREATE TABLE venue " + venueTable)
	s.must("copy venue from 's3://b/venue'" + role)
	for i := 10; i < 30; i++ {
		s.sql("INSERT INTO venue SELECT venueid + " + itoa(i*10) + ", venuename, venuecity, venuestate, venueseats FROM venue WHERE venueid < 10")
	}
	four := func(prefix, suffix string) []string {
		return []string{prefix + "0000_part_00" + suffix, prefix + "0001_part_00" + suffix, prefix + "0002_part_00" + suffix, prefix + "0003_part_00" + suffix}
	}
	for _, tt := range []struct {
		unload string // after UNLOAD
		want   []string
	}{
		{"('select * from venue') to 's3://b/unload/'", four("unload/", "")},
		{"('select * from venue') to 's3://b/unload/venue_pipe_'", four("unload/venue_pipe_", "")},
		{"('select * from venue') to 's3://b/venue_pipe_' manifest", append(four("venue_pipe_", ""), "venue_pipe_manifest")},
		{"('select * from venue') to 's3://b/unload_venue_folder/' manifest verbose", append(four("unload_venue_folder/", ""), "unload_venue_folder/manifest")},
		{"('select * from venue where venueid < 10') to 's3://b/unload/' header parallel off", []string{"unload/000"}},
		{"('select * from venue') to 's3://b/unload/' maxfilesize 1 gb", four("unload/", "")},
		{"('select * from venue') to 's3://b/unload/venue_serial_' parallel off", []string{"unload/venue_serial_000"}},
		{"('select venueid, venuename, venueseats from venue') to 's3://b/venue_tab_' delimiter as '\\t' gzip", four("venue_tab_", ".gz")},
		{"('select * from venue') to 's3://b/venue_tab_' extension 'txt.gz' gzip", four("venue_tab_", ".txt.gz")},
		{"('select * from venue') to 's3://b/venue_encrypt_kms' kms_key_id '1234abcd-12ab-34cd-56ef-1234567890ab' manifest encrypted", append(four("venue_encrypt_kms", ""), "venue_encrypt_kmsmanifest")},
		{"('select * from venue') to 's3://b/v' PARQUET PARTITION BY (venuestate)", append(append(four("v/venuestate=IL/", ".parquet"), four("v/venuestate=MA/", ".parquet")...), four("v/venuestate=OH/", ".parquet")...)},
		{"('select * from venue where venuestate=''MA''') to 's3://b/n' fixedwidth as 'venueid:3,venuename:39,venuecity:16,venuestate:2,venueseats:6'", four("n", "")},
	} {
		s.store.clear()
		s.must("unload " + tt.unload + role)
		if diff := cmp.Diff(tt.want, s.store.keys()); diff != "" {
			t.Errorf("%s: %s", tt.unload, diff)
		}
	}
	// The page's LOCATION table: text with the delimiter inside.
	s.store.clear()
	s.engine.Slices = 1
	s.sql("CREATE TABLE location (id int, location char(64)); INSERT INTO location VALUES (1, 'Phoenix, AZ'), (2, 'San Diego, CA')")
	s.must("unload ('select id, location from location') to 's3://b/location_'" + role + " delimiter ',' addquotes")
	if diff := cmp.Diff("\"1\",\"Phoenix, AZ\"\n\"2\",\"San Diego, CA\"\n", s.text("location_0000_part_00")); diff != "" {
		t.Error(diff)
	}
	// NULL AS 'fred', there and back; without it, text columns come back empty and numbers NULL.
	s.sql("CREATE TABLE v AS SELECT * FROM venue WHERE venueid < 10; UPDATE v SET venuestate = NULL WHERE venueid = 1; UPDATE v SET venueseats = NULL WHERE venueid = 2; CREATE TABLE w (LIKE v)")
	for _, tt := range []struct {
		unload, copy string
		want         []string
	}{
		{"null as 'fred'", "null as 'fred'", []string{"1|<null>|0", "2|OH|<null>", "5|MA|68756"}},
		{"allowoverwrite", "", []string{"1|  |0", "2|OH|<null>", "5|MA|68756"}},
		{"allowoverwrite", "emptyasnull", []string{"1|<null>|0", "2|OH|<null>", "5|MA|68756"}},
	} {
		s.must("unload ('select * from v') to 's3://b/nulls/'" + role + " " + tt.unload)
		s.sql("TRUNCATE w")
		s.must("copy w from 's3://b/nulls/'" + role + " " + tt.copy)
		if diff := cmp.Diff(tt.want, s.query("SELECT venueid, venuestate, venueseats FROM w ORDER BY 1")); diff != "" {
			t.Errorf("%s, %s: %s", tt.unload, tt.copy, diff)
		}
	}
	// The second UNLOAD to the same place fails, and takes ALLOWOVERWRITE.
	if e := s.refused("unload ('select * from v') to 's3://b/nulls/'" + role); !strings.Contains(e.Message, "not empty") {
		t.Error(e)
	}
	if e := s.refused("unload ('select * from v') to 's3://b/x' master_symmetric_key 'EXAMPLE' encrypted" + role); !strings.Contains(e.Message, "2026-04-30") {
		t.Error(e)
	}
}
