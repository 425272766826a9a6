package local

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/google/go-cmp/cmp"
)

// The statements of the manual's example pages (r_COPY_command_examples, r_UNLOAD_command_examples) on a few rows of their
// own kind, run by psql: each gives the result that the page shows or the failure that it announces.

const (
	venueColumns = "(venueid smallint not null, venuename varchar(100), venuecity varchar(30), venuestate char(2), venueseats integer)"
	categories   = "(catid smallint, catgroup varchar(10), catname varchar(10), catdesc varchar(50))"
	timeColumns  = "(dateid smallint, caldate date, day char(3), week smallint, month char(5), qtr char(5), year smallint, holiday boolean)"
	defaults     = "(venueid smallint not null, venuename varchar(100) not null, venuecity varchar(30), venuestate char(2), venueseats integer not null default '1000')"
	generated    = "(venueid int identity(1,1), venuename varchar(100) not null, venuecity varchar(30), venuestate char(2), venueseats integer not null default '1000')"

	venuePipe = "1|Toyota Park|Bridgeview|IL|0\n2|Columbus Crew Stadium|Columbus|OH|0\n5|Gillette Stadium|Foxborough|MA|68756\n"
)

var (
	venues       = strings.Split(strings.TrimSuffix(venuePipe, "\n"), "\n")
	categoryRows = []string{"12|Shows|Musicals|Musical theatre", `13|Shows|Plays|All "non-musical" theatre`, `14|Shows|Opera|All opera, light, and "rock" opera`}
)

// copyExample is one COPY into table t of the given columns. PATH stands for the place of its files.
type copyExample struct {
	name    string
	columns string
	files   map[string]string
	copy    string   // after COPY t
	want    []string // rows
	fails   string   // what psql shows, or the reason in stl_load_errors
	says    string   // besides the rows
}

var copyExamples = []copyExample{
	{name: "DynamoDB", columns: "(a int)", copy: "from 'dynamodb://Movies' readratio 50", fails: "COPY from Amazon DynamoDB is not imitated"},
	{
		name: "all files of a folder", columns: venueColumns, files: map[string]string{"data/venue/1": venues[0] + "\n", "data/venue/2": venues[1] + "\n" + venues[2] + "\n"},
		copy: "from 'PATH/data/venue/'", want: venues,
	},
	{name: "EMR", columns: "(a int)", copy: `from 'emr://j-SAMPLE2B500FC/myoutput/part-*' delimiter '\t' lzop`, fails: "COPY from Amazon EMR is not imitated"},
	{name: "EMR, JSON", columns: "(a int)", copy: `from 'emr://j-SAMPLE2B500FC/myoutput/json/' json 's3://manual/jsonpaths.txt'`, fails: "COPY from Amazon EMR is not imitated"},
	{
		name: "prefix", columns: venueColumns, files: map[string]string{"custdata1.txt": venues[0], "custdata2.txt": venues[1], "custdata3.txt": venues[2]},
		copy: "from 'PATH/custdata'", want: venues,
	},
	{
		name: "prefix that takes an unwanted file", columns: venueColumns, files: map[string]string{"custdata1.txt": venues[0], "custdata.backup": "unwanted"},
		copy: "from 'PATH/custdata'", fails: "1214 Delimiter not found",
	},
	{
		name: "manifest", columns: venueColumns,
		files: map[string]string{"custdata.1": venues[0] + "\n", "custdata.2": venues[1], "other/custdata.3": venues[2], "custdata.backup": "unwanted", "cust.manifest": `{"entries": [
			{"url":"PATH/custdata.1","mandatory":true}, {"url":"PATH/custdata.2","mandatory":true}, {"url":"PATH/other/custdata.3","mandatory":true}]}`},
		copy: "from 'PATH/cust.manifest' manifest", want: venues,
	},
	{
		name: "manifest with a mandatory file that is missing", columns: venueColumns,
		files: map[string]string{"custdata.1": venues[0], "cust.manifest": `{"entries": [{"url":"PATH/custdata.1","mandatory":true}, {"url":"PATH/custdata.2","mandatory":true}]}`},
		copy:  "from 'PATH/cust.manifest' manifest", fails: "Error NoSuchKey",
	},
	{
		name: "manifest with an optional file that is missing", columns: venueColumns,
		files: map[string]string{"custdata.1": venues[0], "cust.manifest": `{"entries": [{"url":"PATH/custdata.1","mandatory":true}, {"url":"PATH/custdata.2","mandatory":false}]}`},
		copy:  "from 'PATH/cust.manifest' manifest", want: venues[:1],
	},
	{
		name: "default delimiter", columns: venueColumns, files: map[string]string{"listings_pipe.txt": venuePipe},
		copy: "from 'PATH/listings_pipe.txt'", want: venues,
	},
	{name: "ORC", columns: "(a int)", copy: "from 's3://manual/listings/orc/' format as orc", fails: "COPY from ORC is not imitated"},
	{
		name: "options", columns: "(eventid int, eventname varchar(200), note varchar(20), starttime timestamp)",
		files: map[string]string{"allevents_pipe.txt": "1|\"Gotterdammerung\"||2008-01-25 14:30:00\n2|'Boris Godunov'|  |2008-10-15 20:00:00\nx|bad|row|\n"},
		copy:  "from 'PATH/allevents_pipe.txt' removequotes emptyasnull blanksasnull maxerror 5 delimiter '|' timeformat 'YYYY-MM-DD HH:MI:SS'",
		want:  []string{"1|Gotterdammerung||2008-01-25 14:30:00", "2|Boris Godunov||2008-10-15 20:00:00"},
		says:  "INFO:  Load into table 't' completed, 1 record(s) could not be loaded.  Check 'stl_load_errors' system table for details.",
	},
	{
		name: "fixed width", columns: venueColumns,
		files: map[string]string{"venue_fw.txt": "1  Toyota Park              Bridgeview  IL0\n2  Columbus Crew Stadium    Columbus    OH0\n5  Gillette Stadium         Foxborough  MA68756\n"},
		copy:  "from 'PATH/venue_fw.txt' fixedwidth 'venueid:3,venuename:25,venuecity:12,venuestate:2,venueseats:6' trimblanks", want: venues,
	},
	{
		name: "commas without CSV", columns: categories, files: map[string]string{"category_csv.txt": "14,Shows,Opera,All opera, light, and \"rock\" opera\n"},
		copy: "from 'PATH/category_csv.txt' delimiter ','", fails: "1202 Extra column(s) found",
	},
	{
		name: "CSV", columns: categories,
		files: map[string]string{"category_csv.txt": "12,Shows,Musicals,Musical theatre\n13,Shows,Plays,\"All \"\"non-musical\"\" theatre\"\n14,Shows,Opera,\"All opera, light, and \"\"rock\"\" opera\"\n"},
		copy:  "from 'PATH/category_csv.txt' csv", want: categoryRows,
	},
	{
		name: "CSV, another quote", columns: categories,
		files: map[string]string{"category_csv.txt": "12,Shows,Musicals,Musical theatre\n13,Shows,Plays,%All \"non-musical\" theatre%\n14,Shows,Opera,%All opera, light, and \"rock\" opera%\n"},
		copy:  "from 'PATH/category_csv.txt' csv quote as '%'", want: categoryRows,
	},
	{
		name: "explicit values of an IDENTITY column", columns: generated, files: map[string]string{"venue.txt": "101|Toyota Park|Bridgeview|IL|0\n102|Columbus Crew Stadium|Columbus|OH|0\n"},
		copy: "from 'PATH/venue.txt' delimiter '|' explicit_ids", want: []string{"101|Toyota Park|Bridgeview|IL|0", "102|Columbus Crew Stadium|Columbus|OH|0"},
	},
	{
		name: "GZIP", columns: timeColumns, files: map[string]string{"time.txt.gz": "1827|2008-01-01|WE |1|JAN|1|2008|TRUE\n1828|2008-01-02|TH |1|JAN|1|2008|FALSE\n"},
		copy: "from 'PATH/time.txt' gzip delimiter '|'", want: []string{"1827|2008-01-01|WE |1|JAN  |1    |2008|t", "1828|2008-01-02|TH |1|JAN  |1    |2008|f"},
	},
	{
		name: "timestamp", columns: "(c1 timestamp)", files: map[string]string{"time.txt": "2009-01-12 14:15:57.119568\n"},
		copy: "from 'PATH/time.txt' timeformat 'YYYY-MM-DD HH:MI:SS'", want: []string{"2009-01-12 14:15:57.119568"},
	},
	{
		name: "default values", columns: defaults, files: map[string]string{"venue_noseats.txt": "1|Toyota Park|Bridgeview|IL|\n2|Columbus Crew Stadium|Columbus|OH|\n"},
		copy: "(venueid, venuename, venuecity, venuestate) from 'PATH/venue_noseats.txt' delimiter '|'",
		want: []string{"1|Toyota Park|Bridgeview|IL|1000", "2|Columbus Crew Stadium|Columbus|OH|1000"},
	},
	{
		name: "no default value for a NOT NULL column", columns: defaults, files: map[string]string{"venue.txt": "1|Bridgeview|IL\n"},
		copy: "(venueid, venuecity, venuestate) from 'PATH/venue.txt' delimiter '|'", fails: "1213 Missing data for not-null field",
	},
	{
		name: "IDENTITY column left out", columns: generated, files: map[string]string{"venue.txt": "Toyota Park|Bridgeview|IL|\n"},
		copy: "(venuename, venuecity, venuestate) from 'PATH/venue.txt' delimiter '|'", want: []string{"1|Toyota Park|Bridgeview|IL|1000"},
	},
	{
		name: "IDENTITY column named without EXPLICIT_IDS", columns: generated, files: map[string]string{"venue.txt": "1|Toyota Park|Bridgeview|IL\n"},
		copy: "(venueid, venuename, venuecity, venuestate) from 'PATH/venue.txt' delimiter '|'", fails: `cannot set an identity column "venueid" to a value`,
	},
	{
		name: "EXPLICIT_IDS without the IDENTITY column", columns: generated, files: map[string]string{"venue.txt": "Toyota Park|Bridgeview|IL\n"},
		copy: "(venuename, venuecity, venuestate) from 'PATH/venue.txt' delimiter '|' explicit_ids", fails: `EXPLICIT_IDS needs identity column "venueid"`,
	},
	{
		name: "EXPLICIT_IDS with the IDENTITY column", columns: generated, files: map[string]string{"venue.txt": "101|Toyota Park|Bridgeview|IL\n"},
		copy: "(venueid, venuename, venuecity, venuestate) from 'PATH/venue.txt' delimiter '|' explicit_ids", want: []string{"101|Toyota Park|Bridgeview|IL|1000"},
	},
	{
		name: "ESCAPE", columns: "(infoid int, tableinfo varchar(50))", files: map[string]string{"redshiftinfo.txt": "1|public\\|event\\|dwuser\n2|public\\|sales\\|dwuser\n"},
		copy: "from 'PATH/redshiftinfo.txt' delimiter '|' escape", want: []string{"1|public|event|dwuser", "2|public|sales|dwuser"},
	},
	{
		name: "ESCAPE forgotten", columns: "(infoid int, tableinfo varchar(50))", files: map[string]string{"redshiftinfo.txt": "1|public\\|event\\|dwuser\n"},
		copy: "from 'PATH/redshiftinfo.txt' delimiter '|'", fails: "1202 Extra column(s) found",
	},
	{
		name: "JSON auto", columns: categories,
		files: map[string]string{"category_object_auto.json": "{\n \"catdesc\": \"Major League Baseball\",\n \"catid\": 1,\n \"catgroup\": \"Sports\",\n \"catname\": \"MLB\"\n}\n{\"bogus\": \"x\", \"catid\": 2}"},
		copy:  "from 'PATH/category_object_auto.json' json 'auto'", want: []string{"1|Sports|MLB|Major League Baseball", "2|||"},
	},
	{
		name: "JSON auto ignorecase", columns: categories,
		files: map[string]string{"category.json": `{"CatDesc": "Major League Baseball", "CatID": 1, "CatGroup": "Sports", "CatName": "MLB"}`},
		copy:  "from 'PATH/category.json' json 'auto ignorecase'", want: []string{"1|Sports|MLB|Major League Baseball"},
	},
	{
		name: "JSON by paths", columns: categories,
		files: map[string]string{"category_jsonpath.json": `{"jsonpaths": ["$['one']", "$['two']", "$['three']", "$['four']"]}`, "category_object_paths.json": `{"one": 2, "two": "Sports", "three": "NHL", "four": "National Hockey League"}`},
		copy:  "from 'PATH/category_object_paths.json' json 'PATH/category_jsonpath.json'", want: []string{"2|Sports|NHL|National Hockey League"},
	},
	{
		name: "JSON arrays", columns: categories,
		files: map[string]string{"category_array_jsonpath.json": `{"jsonpaths": ["$[0]", "$[1]", "$[2]", "$[3]"]}`, "category_array_data.json": "[1,\"Sports\",\"MLB\",\"Major League Baseball\"]\n[5,\"Concerts\",\"Classical\",\"All symphony\"]\n"},
		copy:  "from 'PATH/category_array_data.json' json 'PATH/category_array_jsonpath.json'", want: []string{"1|Sports|MLB|Major League Baseball", "5|Concerts|Classical|All symphony"},
	},
	{name: "Avro", columns: categories, copy: "from 's3://manual/category_auto.avro' format as avro 'auto'", fails: "COPY from AVRO is not imitated"},
	{name: "Avro by paths", columns: categories, copy: "from 's3://manual/category_paths.avro' format avro 's3://manual/category_path.avropath'", fails: "COPY from AVRO is not imitated"},
	{
		name: "files prepared for ESCAPE", columns: "(c1 varchar(200), c2 int)", files: map[string]string{"nlTest2.txt": "<xml start>\\\n<newline characters provide>\\\n</xml>|1000\n<xml>\\\n</xml>|2000\n"},
		copy: "from 'PATH/nlTest2.txt' escape delimiter as '|'", want: []string{"<xml start>\n<newline characters provide>\n</xml>|1000", "<xml>\n</xml>|2000"},
	},
	{name: "shapefile", columns: "(a int)", copy: "from 's3://manual/gis_osm_water_a_free_1.shp' format shapefile", fails: "COPY from SHAPEFILE is not imitated"},
	{name: "shapefile, simplified", columns: "(a int)", copy: "from 's3://manual/gis_osm_water_a_free_1.shp' format shapefile simplify auto 1.1e-05", fails: "COPY from SHAPEFILE is not imitated"},
	{name: "NOLOAD", columns: venueColumns, files: map[string]string{"venue.txt": venuePipe}, copy: "from 'PATH/venue.txt' noload"},
	{name: "NOLOAD of a bad file", columns: venueColumns, files: map[string]string{"venue.txt": "one" + venuePipe}, copy: "from 'PATH/venue.txt' noload", fails: "1207 Invalid digit, Value 'o', Pos 0, Type: Short"},
	{
		name: "delimiter of several bytes, LATIN1", columns: "(a int, b varchar(20))", files: map[string]string{"myfile": "1\xa6\xecd\xe9j\xe0 vu\n"},
		copy: `from 'PATH/myfile' delimiter '\302\246\303\254' encoding iso88591`, want: []string{"1|déjà vu"},
	},
	{name: "client-side encryption", columns: "(a int)", copy: "from 's3://manual/manifest' master_symmetric_key 'EXAMPLE' manifest encrypted", fails: "ended on 2026-04-30"},
}

//standin:imitates COPY: the manual's examples | DG r_COPY_command_examples
//standin:imitates COPY: delimited text | DG copy-parameters-data-format
//standin:imitates COPY: CSV, QUOTE | DG copy-parameters-data-format
//standin:imitates COPY: FIXEDWIDTH | DG copy-parameters-data-format
//standin:imitates COPY: JSON 'auto', 'auto ignorecase', JSONPaths | DG copy-usage_notes-copy-from-json
//standin:imitates COPY: MANIFEST, mandatory and optional files | DG loading-data-files-using-manifest
//standin:imitates COPY: EXPLICIT_IDS and column lists | DG copy-parameters-column-mapping
//standin:refuses COPY: AVRO | DG copy-usage_notes-copy-from-avro
//standin:refuses COPY: ORC | DG copy-usage_notes-copy-from-columnar
//standin:refuses COPY: SHAPEFILE | DG copy-usage_notes-spatial-data
//standin:refuses COPY: from DynamoDB, EMR or SSH | DG copy-parameters-data-source
func TestManualCopyExamples(t *testing.T) {
	t.Parallel()
	c := users(standin)
	auth := bucket(t, standin, "manual-copy")
	objects := objectsOf(t, c, "manual-copy")
	var script strings.Builder
	script.WriteString("create schema manual_copy; set search_path to manual_copy;\n")
	for i, e := range copyExamples {
		path := fmt.Sprintf("s3://manual-copy/%d", i)
		for key, text := range e.files {
			text = strings.ReplaceAll(text, "PATH", path)
			if strings.HasSuffix(key, ".gz") {
				text = gzipped(t, text)
			}
			objects.put(t, fmt.Sprintf("%d/%s", i, key), text)
		}
		fmt.Fprintf(&script, "drop table if exists t; create table t %s; select '== %d';\n", e.columns, i)
		fmt.Fprintf(&script, "copy t %s%s;\nselect * from t order by 1;\n", strings.ReplaceAll(e.copy, "PATH", path), auth)
		script.WriteString("select err_code || ' ' || trim(err_reason) from stl_load_errors where query = pg_last_copy_id();\nselect '==';\n")
	}
	parts := strings.Split(c.source(t, script.String()), "\n== ")
	if len(parts) != len(copyExamples)+1 {
		t.Fatalf("%d parts, want %d:\n%s", len(parts), len(copyExamples)+1, parts)
	}
	for i, e := range copyExamples {
		got, _, _ := strings.Cut(parts[i+1], "\n==\n")
		got = strings.TrimPrefix(got, fmt.Sprintf("%d\n", i))
		if e.fails != "" {
			if !strings.Contains(got, e.fails) {
				t.Errorf("%s: got\n%s\nwant %s", e.name, got, e.fails)
			}
			continue
		}
		want := fmt.Sprintf("INFO:  Load into table 't' completed, %d record(s) loaded successfully.\n", len(e.want))
		if e.says != "" {
			want += e.says + "\n"
		}
		want += "COPY\n"
		for _, row := range e.want {
			want += row + "\n"
		}
		if !strings.HasPrefix(got+"\n", want) {
			t.Errorf("%s (-want +got)\n%s", e.name, cmp.Diff(want, got))
		}
	}
}

// unloadExample is one UNLOAD of a query to PATH, which is empty before.
type unloadExample struct {
	name   string
	unload string // after UNLOAD
	want   []string
	fails  string
	first  string // what the first object begins with, if it is text
}

// four is what four slices write.
func four(prefix, suffix string) []string {
	var keys []string
	for i := range 4 {
		keys = append(keys, fmt.Sprintf("%s%04d_part_00%s", prefix, i, suffix))
	}
	return keys
}

func unloadExamples(key string) []unloadExample {
	return []unloadExample{
		{name: "default delimiter", unload: "('select * from venue') to 'PATH/unload/'", want: four("unload/", "")},
		{name: "prefix", unload: "('select * from venue') to 'PATH/unload/venue_pipe_'", want: four("unload/venue_pipe_", "")},
		{
			name: "partitioned Parquet", unload: "('select * from lineitem') to 'PATH/lineitem/' PARQUET PARTITION BY (l_shipdate)",
			want: slices.Concat(four("lineitem/l_shipdate=1992-01-02/", ".parquet"), four("lineitem/l_shipdate=1992-01-03/", ".parquet"), four("lineitem/l_shipdate=__HIVE_DEFAULT_PARTITION__/", ".parquet")),
		},
		{
			name: "JSON", unload: "('select * from venue order by venueid') to 'PATH/unload/' JSON parallel off", want: []string{"unload/000"},
			first: `{"venueid":1,"venuename":"Toyota Park","venuecity":"Bridgeview","venuestate":"IL","venueseats":0}`,
		},
		{name: "CSV", unload: "('select * from venue order by venueid') to 'PATH/unload/' CSV parallel off", want: []string{"unload/000"}, first: "1,Toyota Park,Bridgeview,IL,0\n"},
		{name: "CSV with a delimiter", unload: "('select * from venue order by venueid') to 'PATH/unload/' CSV DELIMITER AS '|' parallel off", want: []string{"unload/000"}, first: "1|Toyota Park|Bridgeview|IL|0\n"},
		{name: "manifest", unload: "('select * from venue') to 'PATH/venue_pipe_' manifest", want: append(four("venue_pipe_", ""), "venue_pipe_manifest")},
		{name: "verbose manifest", unload: "('select * from venue') to 'PATH/unload_venue_folder/' manifest verbose", want: append(four("unload_venue_folder/", ""), "unload_venue_folder/manifest")},
		{
			name: "header", unload: "('select * from venue where venueseats > 60000') to 'PATH/unload/' header parallel off", want: []string{"unload/000"},
			first: "venueid|venuename|venuecity|venuestate|venueseats\n5|Gillette Stadium|Foxborough|MA|68756\n",
		},
		{name: "smaller files", unload: "('select * from venue') to 'PATH/unload/' maxfilesize 1 gb", want: four("unload/", "")},
		{name: "serially", unload: "('select * from venue') to 'PATH/unload/venue_serial_' parallel off", want: []string{"unload/venue_serial_000"}},
		{name: "under a KMS key", unload: "('select * from venue') to 'PATH/venue_encrypt_kms' kms_key_id '" + key + "' manifest encrypted", want: append(four("venue_encrypt_kms", ""), "venue_encrypt_kmsmanifest")},
		{name: "client-side encryption", unload: "('select * from venue') to 'PATH/venue_encrypt_cmk' master_symmetric_key 'EXAMPLE' manifest encrypted", fails: "ended on 2026-04-30"},
		{name: "tab", unload: `('select venueid, venuename, venueseats from venue order by venueid') to 'PATH/venue_tab_' delimiter as '\t' parallel off`, want: []string{"venue_tab_000"}, first: "1\tToyota Park\t0\n"},
		{
			name: "fixed width", unload: "('select * from venue order by venueid') to 'PATH/venue_fw_' fixedwidth as 'venueid:3,venuename:39,venuecity:16,venuestate:2,venueseats:6' parallel off",
			want: []string{"venue_fw_000"}, first: "1  Toyota Park                            Bridgeview      IL0     \n",
		},
		{name: "tab and GZIP", unload: `('select * from venue') to 'PATH/venue_tab_' delimiter as '\t' gzip`, want: four("venue_tab_", ".gz")},
		{name: "extension", unload: `('select * from venue') to 'PATH/venue_tab_' extension 'txt.gz' delimiter as '\t' gzip`, want: four("venue_tab_", ".txt.gz")},
		{name: "delimiter in the data", unload: "('select id, location from location order by id') to 'PATH/location_' delimiter ',' addquotes parallel off", want: []string{"location_000"}, first: "\"1\",\"Phoenix, AZ\"\n\"2\",\"San Diego, CA\"\n"},
		{
			name: "join", unload: "('select venuecity, venuestate, sum(seats) over (partition by venuecity) from venue join halls using (venueid) order by 1') to 'PATH/join_' parallel off",
			want: []string{"join_000"}, first: "Bridgeview|IL|50\nBridgeview|IL|50\nColumbus|OH|7\n",
		},
		{name: "NULL AS", unload: "('select venueid, venuestate from nulls order by 1') to 'PATH/nulls/' null as 'fred' parallel off", want: []string{"nulls/000"}, first: "1|fred\n2|OH\n"},
		{name: "no NULL AS", unload: "('select venueid, venuestate from nulls order by 1') to 'PATH/nulls/' parallel off", want: []string{"nulls/000"}, first: "1|\n2|OH\n"},
		{name: "EVENT, parallel with a manifest", unload: "('select * from venue') to 'PATH/event' parallel on manifest", want: append(four("event", ""), "eventmanifest")},
		{name: "EVENT, serial with a manifest", unload: "('select * from venue') to 'PATH/event' parallel off manifest", want: []string{"event000", "eventmanifest"}},
		{
			name: "partitions and a manifest", unload: "('select * from venue where venueid < 10 order by venueid') to 'PATH/event' partition by (venuestate) manifest parallel off",
			want: []string{"event/manifest", "event/venuestate=IL/000", "event/venuestate=MA/000", "event/venuestate=OH/000"},
		},
		{name: "sizes and a manifest", unload: "('select * from venue') to 'PATH/event' parquet maxfilesize 64 mb rowgroupsize 32 mb manifest", want: append(four("event", ".parquet"), "eventmanifest")},
		{name: "LIMIT", unload: "('select * from venue limit 10') to 'PATH/venue_pipe_'", fails: "Limit clause is not supported"},
		{name: "LIMIT inside", unload: "('select * from venue where venueid in (select venueid from venue order by venueid desc limit 10)') to 'PATH/venue_pipe_'", want: four("venue_pipe_", "")},
	}
}

//standin:imitates UNLOAD: the manual's examples | DG r_UNLOAD_command_examples
//standin:imitates UNLOAD: delimited text, CSV, JSON, FIXEDWIDTH | DG r_UNLOAD
//standin:imitates UNLOAD: HEADER, ADDQUOTES, NULL AS, DELIMITER | DG r_UNLOAD
//standin:imitates UNLOAD: MANIFEST, MANIFEST VERBOSE | DG r_UNLOAD
//standin:imitates UNLOAD: PARALLEL OFF, EXTENSION, names of files | DG r_UNLOAD
//standin:imitates UNLOAD: PARTITION BY | DG r_UNLOAD
//standin:imitates UNLOAD: ALLOWOVERWRITE, CLEANPATH | DG r_UNLOAD
//standin:imitates UNLOAD: KMS_KEY_ID ENCRYPTED | DG t_unloading_encrypted_files
//standin:refuses UNLOAD: LIMIT in the outer query, as the real one does | DG r_UNLOAD
func TestManualUnloadExamples(t *testing.T) {
	t.Parallel()
	c := users(standin)
	auth := bucket(t, standin, "manual-unload")
	objects := objectsOf(t, c, "manual-unload")
	key := c.aws(t, "kms", "create-key", "--query", "KeyMetadata.KeyId")
	examples := unloadExamples(key)
	objects.put(t, "venue.txt", venuePipe)
	var script strings.Builder
	fmt.Fprintf(&script, `create schema manual_unload; set search_path to manual_unload;
		create table venue %s; copy venue from 's3://manual-unload/venue.txt'%s;
		insert into venue select v.venueid + 10 * i, venuename, venuecity, venuestate, 1 from venue v, generate_series(1, 20) i;
		create table halls (venueid smallint, seats int); insert into halls values (1, 20), (1, 30), (2, 7);
		create table location (id int, location char(64)); insert into location values (1, 'Phoenix, AZ'), (2, 'San Diego, CA');
		create table nulls (venueid int, venuestate char(2)); insert into nulls values (1, null), (2, 'OH');
		create table lineitem (l_orderkey int, l_shipdate date);
		insert into lineitem select i, case i %% 3 when 0 then date '1992-01-02' when 1 then date '1992-01-03' end from generate_series(1, 3000) i;
		`, venueColumns, auth)
	for i, e := range examples {
		fmt.Fprintf(&script, "select '== %d';\nunload %s%s;\n", i, strings.ReplaceAll(e.unload, "PATH", fmt.Sprintf("s3://manual-unload/%d", i)), auth)
	}
	parts := strings.Split(c.source(t, script.String()), "\n== ")
	if len(parts) != len(examples)+1 {
		t.Fatalf("%d parts, want %d:\n%s", len(parts), len(examples)+1, parts)
	}
	for i, e := range examples {
		if e.fails != "" {
			if !strings.Contains(parts[i+1], e.fails) {
				t.Errorf("%s: got\n%s\nwant %s", e.name, parts[i+1], e.fails)
			}
		} else if !strings.Contains(parts[i+1], " record(s) unloaded successfully.\nUNLOAD") {
			t.Errorf("%s: %s", e.name, parts[i+1])
		}
		prefix := fmt.Sprintf("%d/", i)
		if diff := cmp.Diff(e.want, objects.keys(t, prefix)); diff != "" {
			t.Errorf("%s (-want +got)\n%s", e.name, diff)
			continue
		}
		if e.first != "" {
			if got, _ := objects.get(t, prefix+e.want[0]); !strings.HasPrefix(got, e.first) {
				t.Errorf("%s: got\n%s\nwant\n%s", e.name, got, e.first)
			}
		}
		if e.name == "under a KMS key" {
			for _, name := range e.want {
				if _, out := objects.get(t, prefix+name); out.ServerSideEncryption != "aws:kms" || !strings.HasSuffix(*out.SSEKMSKeyId, key) {
					t.Errorf("%s: %v", name, out)
				}
			}
		}
	}
	at := func(name string) string {
		return fmt.Sprintf("s3://manual-unload/%d/", slices.IndexFunc(examples, func(e unloadExample) bool { return e.name == name }))
	}
	// What was unloaded is loaded again, and a second UNLOAD to the same place needs ALLOWOVERWRITE.
	for _, tt := range []struct{ sql, want string }{
		{"copy t from '" + at("prefix") + "unload/venue_pipe_'" + auth, "63 record(s) loaded"},
		{"copy t from '" + at("manifest") + "venue_pipe_manifest' manifest" + auth, "63 record(s) loaded"},
		{"copy t from '" + at("manifest") + "venue_pipe_'" + auth, "Load into table 't' failed"},
		{"copy t from '" + at("under a KMS key") + "venue_encrypt_kmsmanifest' manifest" + auth, "63 record(s) loaded"},
		{"copy t from '" + at("tab and GZIP") + `venue_tab_' delimiter '\t' gzip` + auth, "63 record(s) loaded"},
		{"copy t from '" + at("sizes and a manifest") + "eventmanifest' manifest parquet" + auth, "63 record(s) loaded"},
		{"copy t from '" + at("JSON") + "unload/' json 'auto'" + auth, "63 record(s) loaded"},
		{"copy t from '" + at("fixed width") + "venue_fw_' fixedwidth 'venueid:3,venuename:39,venuecity:16,venuestate:2,venueseats:6'" + auth, "63 record(s) loaded"},
		{"unload ('select * from venue') to '" + at("prefix") + "unload/venue_pipe_'" + auth, "Specified unload destination on S3 is not empty."},
		{"unload ('select * from venue') to '" + at("prefix") + "unload/venue_pipe_' allowoverwrite" + auth, "63 record(s) unloaded"},
		{"unload ('select * from venue where venueid = 1') to '" + at("prefix") + "unload/' cleanpath" + auth, "1 record(s) unloaded"},
	} {
		got := c.source(t, "set search_path to manual_unload; create temp table t "+venueColumns+"; "+tt.sql+"; select count(*) from ((select * from t except select * from venue) union all (select * from venue except select * from t)) x;")
		if !strings.Contains(got, tt.want) || strings.Contains(tt.want, "63 record(s) loaded") && !strings.HasSuffix(got, "\n0\n") {
			t.Errorf("%s: got\n%s\nwant %s", tt.sql, got, tt.want)
		}
	}
	if got := objects.keys(t, strings.TrimPrefix(at("prefix"), "s3://manual-unload/")); !slices.Equal(got, []string{"unload/0000_part_00"}) {
		t.Errorf("CLEANPATH left %v", got)
	}
	var manifest map[string]any
	text, _ := objects.get(t, strings.TrimPrefix(at("verbose manifest"), "s3://manual-unload/")+"unload_venue_folder/manifest")
	if err := json.Unmarshal([]byte(text), &manifest); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"author", "entries", "meta", "schema"}, slices.Sorted(maps.Keys(manifest))); diff != "" {
		t.Errorf("verbose manifest (-want +got)\n%s", diff)
	}
	if got := fmt.Sprint(manifest["author"], manifest["meta"].(map[string]any)["record_count"]); got != "map[name:Amazon Redshift version:1.0.0] 63" {
		t.Errorf("verbose manifest: %s", got)
	}
}

func gzipped(tb testing.TB, text string) string {
	tb.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := io.WriteString(w, text); err != nil {
		tb.Fatal(err)
	}
	if err := w.Close(); err != nil {
		tb.Fatal(err)
	}
	return b.String()
}

// objects is a bucket as Amazon's SDK sees it.
type objects struct {
	client *s3.Client
	bucket string
}

func objectsOf(tb testing.TB, c clients, bucket string) objects {
	tb.Helper()
	return objects{s3.NewFromConfig(c.sdk(tb), func(o *s3.Options) { o.UsePathStyle = true }), bucket}
}

func (o objects) put(tb testing.TB, key, text string) {
	tb.Helper()
	if _, err := o.client.PutObject(tb.Context(), &s3.PutObjectInput{Bucket: &o.bucket, Key: &key, Body: strings.NewReader(text)}); err != nil {
		tb.Fatal(err)
	}
}

func (o objects) get(tb testing.TB, key string) (string, *s3.GetObjectOutput) {
	tb.Helper()
	out, err := o.client.GetObject(tb.Context(), &s3.GetObjectInput{Bucket: &o.bucket, Key: &key})
	if err != nil {
		tb.Fatal(err)
	}
	body, err := io.ReadAll(out.Body)
	if err != nil {
		tb.Fatal(err)
	}
	if err := out.Body.Close(); err != nil {
		tb.Fatal(err)
	}
	return string(body), out
}

// keys answers the keys below a prefix, without it.
func (o objects) keys(tb testing.TB, prefix string) []string {
	tb.Helper()
	var keys []string
	pages := s3.NewListObjectsV2Paginator(o.client, &s3.ListObjectsV2Input{Bucket: &o.bucket, Prefix: aws.String(prefix)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(tb.Context())
		if err != nil {
			tb.Fatal(err)
		}
		for _, object := range page.Contents {
			keys = append(keys, strings.TrimPrefix(*object.Key, prefix))
		}
	}
	return keys
}
