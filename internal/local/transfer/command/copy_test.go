package command

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sealift/sealift/internal/local/dialect"
)

func copyOf(options string) (*Copy, *dialect.Error) {
	return ParseCopy(dialect.Lex("COPY t FROM 's3://b/k' "+options), Mode{})
}

//standin:imitates COPY: every option of the grammar, in any order | DG r_COPY
func TestCopyOptions(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		options string
		want    func(c *Copy)
	}{
		{"", func(*Copy) {}},
		{"CSV", func(c *Copy) { c.Format, c.Delimiter = CSV, ',' }},
		{"FORMAT AS CSV QUOTE AS '%'", func(c *Copy) { c.Format, c.Delimiter, c.Quote = CSV, ',', '%' }},
		{"CSV DELIMITER '|' QUOTE ''''", func(c *Copy) { c.Format, c.Delimiter, c.Quote = CSV, '|', '\'' }},
		{"FORMAT PARQUET", func(c *Copy) { c.Format = Parquet }},
		{"FORMAT AS PARQUET MANIFEST STATUPDATE OFF EXPLICIT_IDS ACCEPTINVCHARS FILLRECORD SERIALIZETOJSON", func(c *Copy) {
			c.Format, c.Manifest, c.StatUpdate, c.ExplicitIDs, c.AcceptInvChars, c.FillRecord, c.SerializeToJSON = Parquet, true, Off, true, '?', true, true
		}},
		{"JSON 'auto'", func(c *Copy) { c.Format, c.JSON = JSON, JSONAuto }},
		{"FORMAT AS JSON AS 'auto ignorecase'", func(c *Copy) { c.Format, c.JSON = JSON, JSONAutoIgnoreCase }},
		{"FORMAT JSON 'noshred'", func(c *Copy) { c.Format, c.JSON = JSON, JSONNoShred }},
		{"JSON AS 's3://b/paths.json' TIMEFORMAT 'epochsecs'", func(c *Copy) {
			c.Format, c.JSON, c.JSONPathsFile, c.TimeFormat = JSON, JSONPaths, Location{"b", "paths.json"}, "epochsecs"
		}},
		{"FIXEDWIDTH AS 'a:3,b:10'", func(c *Copy) { c.Format, c.Widths = FixedWidth, []Width{{"a", 3}, {"b", 10}} }},
		{`DELIMITER '\t' ESCAPE REMOVEQUOTES`, func(c *Copy) { c.Delimiter, c.Escape, c.RemoveQuotes = '\t', true, true }},
		{`DELIMITER AS '\\036'`, func(c *Copy) { c.Delimiter = 0o36 }},
		{`DELIMITER AS '\036'`, func(c *Copy) { c.Delimiter = 0o36 }},
		{`DELIMITER AS '\\'`, func(c *Copy) { c.Delimiter = '\\' }},
		{"GZIP", func(c *Copy) { c.Compression = Gzip }},
		{"BZIP2", func(c *Copy) { c.Compression = Bzip2 }},
		{"ZSTD", func(c *Copy) { c.Compression = Zstd }},
		{"MANIFEST REGION 'us-east-1'", func(c *Copy) { c.Manifest, c.Region = true, "us-east-1" }},
		{"ACCEPTANYDATE DATEFORMAT AS 'auto'", func(c *Copy) { c.AcceptAnyDate, c.DateFormat = true, "auto" }},
		{"ACCEPTINVCHARS AS '^' BLANKSASNULL", func(c *Copy) { c.AcceptInvChars, c.BlanksAsNull = '^', true }},
		{"ACCEPTINVCHARS BLANKSASNULL EMPTYASNULL", func(c *Copy) { c.AcceptInvChars, c.BlanksAsNull, c.EmptyAsNull = '?', true, true }},
		{"ENCODING UTF16", func(c *Copy) { c.Encoding = UTF16 }},
		{"ENCODING AS 'utf16le'", func(c *Copy) { c.Encoding = UTF16LE }},
		{"ENCODING UTF8", func(*Copy) {}},
		{"ENCODING ISO88591", func(c *Copy) { c.Encoding = ISO88591 }},
		{"DELIMITER '|~|'", func(c *Copy) { c.LongDelimiter = "|~|" }},
		{`DELIMITER '\302\246\303\254'`, func(c *Copy) { c.LongDelimiter = "¦ì" }},
		{`DELIMITER AS '\\302\\246'`, func(c *Copy) { c.LongDelimiter = "¦" }},
		{`DELIMITER ''''`, func(c *Copy) { c.Delimiter = '\'' }},
		{"FILLRECORD IGNOREBLANKLINES IGNOREHEADER 2", func(c *Copy) { c.FillRecord, c.IgnoreBlankLines, c.IgnoreHeader = true, true, 2 }},
		{"IGNOREHEADER AS 1", func(c *Copy) { c.IgnoreHeader = 1 }},
		{`NULL AS '\000'`, func(c *Copy) { c.NullAs, c.NullAsGiven = "\x00", true }},
		{`NULL '\0'`, func(c *Copy) { c.NullAs, c.NullAsGiven = "\x00", true }},
		{`NULL AS '\N'`, func(c *Copy) { c.NullAsGiven = true }},
		{`NULL AS ''`, func(c *Copy) { c.NullAs, c.NullAsGiven = "", true }},
		{"ROUNDEC TRIMBLANKS TRUNCATECOLUMNS TIMEFORMAT 'MM.DD.YYYY HH:MI:SS'", func(c *Copy) {
			c.RoundDec, c.TrimBlanks, c.TruncateColumns, c.TimeFormat = true, true, true, "MM.DD.YYYY HH:MI:SS"
		}},
		{"COMPROWS 100000 COMPUPDATE ON STATUPDATE", func(c *Copy) { c.CompUpdate, c.StatUpdate = On, On }},
		{"COMPUPDATE STATUPDATE FALSE", func(c *Copy) { c.CompUpdate, c.StatUpdate = On, Off }},
		{"COMPUPDATE PRESET", func(c *Copy) { c.CompUpdate = Preset }},
		{"COMPUPDATE OFF STATUPDATE TRUE", func(c *Copy) { c.CompUpdate, c.StatUpdate = Off, On }},
		{"MAXERROR 0", func(*Copy) {}},
		{"MAXERROR AS 250 NOLOAD", func(c *Copy) { c.MaxErrors, c.NoLoad = 250, true }},
		{"IGNOREALLERRORS", func(c *Copy) { c.IgnoreAllErrors, c.MaxErrors = true, 0 }},
		{"gzip, delimiter ',', maxerror 3", func(c *Copy) { c.Compression, c.Delimiter, c.MaxErrors = Gzip, ',', 3 }},
		{"EXPLICIT_IDS", func(c *Copy) { c.ExplicitIDs = true }},
	} {
		want := &Copy{
			Table: "t", From: Location{"b", "k"}, Auth: Authorization{Roles: []string{"arn:aws:iam::111111111111:role/r"}},
			Format: Delimited, Delimiter: '|', Quote: '"', Encoding: UTF8, NullAs: `\N`, MaxErrors: 1,
		}
		tt.want(want)
		if want.Format == CSV && want.Delimiter == 0 {
			want.Delimiter = ','
		}
		for _, text := range []string{role + " " + tt.options, tt.options + " " + role} {
			got, err := copyOf(text)
			if err != nil {
				t.Errorf("%s: %v", text, err)
				continue
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s: %s", text, diff)
			}
		}
	}
}

//standin:imitates COPY: options that exclude each other | DG copy-parameters-data-format
//standin:refuses COPY: LZOP | DG copy-parameters-file-compression
//standin:refuses COPY: COPY JOB | DG r_COPY-JOB
//standin:refuses COPY: TEMPLATE | DG r_COPY-WITH-TEMPLATE
func TestCopyRefuses(t *testing.T) {
	t.Parallel()
	cases := []struct{ options, code, message string }{
		{"CSV REMOVEQUOTES", "42601", "REMOVEQUOTES"},
		{"CSV ESCAPE", "42601", "ESCAPE"},
		{"CSV FIXEDWIDTH 'a:1'", "42601", "only one data format"},
		{"CSV JSON 'auto'", "42601", "only one data format"},
		{"CSV CSV", "42601", "only one data format"},
		{"FIXEDWIDTH 'a:1' DELIMITER ','", "42601", "DELIMITER"},
		{"FIXEDWIDTH 'a:1' ESCAPE", "42601", "ESCAPE"},
		{"FIXEDWIDTH 'a:1' REMOVEQUOTES", "42601", "REMOVEQUOTES"},
		{"IGNOREALLERRORS MAXERROR 5", "42601", "MAXERROR"},
		{"MAXERROR 100001", "22023", "100000"},
		{"MAXERROR", "42601", "syntax error"},
		{"MAXERROR -1", "42601", "syntax error"},
		{"IGNOREHEADER x", "42601", "syntax error"},
		{"COMPROWS 999", "22023", "COMPROWS"},
		{"JSON", "42601", "syntax error"},
		{"JSON 'AUTO'", "22023", "'auto'"},
		{"QUOTE '\"'", "42601", "QUOTE requires CSV"},
		{"CSV QUOTE ','", "22023", "different"},
		{"CSV QUOTE 'ab'", "22023", "single ASCII"},
		{"GZIP ZSTD", "42601", "only one of"},
		{"LZOP", "0A000", "LZOP"},
		{"CSV DELIMITER '|~|'", "0A000", "several characters"},
		{`DELIMITER '|\n'`, "22023", "single ASCII"},
		{"USING TEMPLATE x", "0A000", "TEMPLATE"},
		{"AVRO 'auto'", "0A000", "AVRO"},
		{"FORMAT ORC", "0A000", "ORC"},
		{"FORMAT SHAPEFILE SIMPLIFY AUTO", "0A000", "SHAPEFILE"},
		{"SSH", "0A000", "SSH"},
		{"READRATIO 50", "0A000", "DynamoDB"},
		{"JOB CREATE j", "0A000", "COPY JOB"},
		{"ENCRYPTED", "0A000", "2026-04-30"},
		{"MASTER_SYMMETRIC_KEY 'S3CRET'", "0A000", "2026-04-30"},
		{"ACCEPTINVCHARS 'ab'", "22023", "ACCEPTINVCHARS"},
		{"ACCEPTINVCHARS AS GZIP", "42601", "syntax error"},
		{"ENCODING LATIN1", "22023", "ENCODING"},
		{"SERIALIZETOJSON", "0A000", "SERIALIZETOJSON"},
		{"NULL AS '\\n'", "22023", "NULL AS"},
		{"FORMAT GZIP", "42601", "syntax error"},
		{"KMS_KEY_ID 'k'", "42601", "KMS_KEY_ID"},
		{"GZIP GZIP", "42601", "redundant"},
	}
	for _, option := range []string{"DELIMITER ','", "ESCAPE", "FILLRECORD", "IGNOREBLANKLINES", "NULL AS 'x'", "REMOVEQUOTES"} {
		cases = append(cases, struct{ options, code, message string }{"JSON 'auto' " + option, "42601", strings.Fields(option)[0]})
	}
	for _, option := range []string{
		"REGION 'us-east-1'", "GZIP", "ZSTD", "DELIMITER ','", "ESCAPE", "NULL AS 'x'", "MAXERROR 5", "IGNOREALLERRORS", "ACCEPTANYDATE", "NOLOAD",
		"COMPUPDATE OFF", "DATEFORMAT 'auto'", "TIMEFORMAT 'auto'", "TRUNCATECOLUMNS", "IGNOREHEADER 1", "EMPTYASNULL", "BLANKSASNULL", "ROUNDEC", "TRIMBLANKS",
		"ENCODING UTF8", "REMOVEQUOTES", "IGNOREBLANKLINES", "COMPROWS 1000",
	} {
		cases = append(cases, struct{ options, code, message string }{option + " FORMAT PARQUET", "0A000", strings.Fields(option)[0]})
	}
	for _, tt := range cases {
		_, err := copyOf(role + " " + tt.options)
		if err == nil {
			t.Errorf("%s: accepted", tt.options)
			continue
		}
		if err.Code != tt.code || !strings.Contains(err.Message, tt.message) {
			t.Errorf("%s: got %s %s, want %s %s", tt.options, err.Code, err.Message, tt.code, tt.message)
		}
		if strings.Contains(err.Message, "S3CRET") {
			t.Errorf("%s: message shows the key: %s", tt.options, err.Message)
		}
	}
}

//standin:refuses COPY: S3 access points | DG copy-parameters-data-source-s3
func TestCopyHead(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		sql           string
		sensitive     bool
		schema, table string
		columns       []string
		message       string
	}{
		{sql: "COPY T FROM 's3://b/k'", table: "t"},
		{sql: `copy "Public"."T t" from 's3://b/k'`, schema: "public", table: "t t"},
		{sql: `COPY "Public"."T""t" FROM 's3://b/k'`, sensitive: true, schema: "Public", table: `T"t`},
		{sql: `COPY s.T (A, "B", c) FROM 's3://b/k'`, schema: "s", table: "t", columns: []string{"a", "b", "c"}},
		{sql: `COPY t(a)FROM's3://b/k'`, table: "t", columns: []string{"a"}},
		{sql: `COPY #Temp FROM 's3://b/k'`, table: "#temp"},
		{sql: `COPY t (a, A) FROM 's3://b/k'`, message: "more than once"},
		{sql: `COPY t () FROM 's3://b/k'`, message: "syntax error"},
		{sql: `COPY t (a FROM 's3://b/k'`, message: "syntax error"},
		{sql: `COPY t FROM 'emr://j-1/x'`, message: "EMR"},
		{sql: `COPY t FROM 'dynamodb://x'`, message: "DynamoDB"},
		{sql: `COPY t FROM 'b/k'`, message: "s3://"},
		{sql: `COPY t FROM 's3://my-ap-abc-s3alias/k'`, message: "access point"},
		{sql: `COPY t FROM 's3://arn:aws:s3:eu-west-1:111111111111:accesspoint/ap/k'`, message: "access point"},
		{sql: `COPY t TO 's3://b/k'`, message: "syntax error"},
		{sql: `COPY FROM 's3://b/k'`, message: "syntax error"},
		{sql: `COPY "" FROM 's3://b/k'`, message: "syntax error"},
		{sql: `COPY a.b.c FROM 's3://b/k'`, message: "syntax error"},
	} {
		c, err := ParseCopy(dialect.Lex(tt.sql+" "+role), Mode{CaseSensitive: tt.sensitive})
		switch {
		case tt.message != "":
			if err == nil || !strings.Contains(err.Message, tt.message) {
				t.Errorf("%s: got %v, want %s", tt.sql, err, tt.message)
			}
		case err != nil:
			t.Errorf("%s: %v", tt.sql, err)
		default:
			got := []any{c.Schema, c.Table, c.Columns}
			if diff := cmp.Diff([]any{tt.schema, tt.table, tt.columns}, got); diff != "" {
				t.Errorf("%s: %s", tt.sql, diff)
			}
		}
	}
}

func FuzzCopy(f *testing.F) {
	f.Add(`COPY "s".t (a, b) FROM 's3://b/k' IAM_ROLE default CSV QUOTE '%' MAXERROR AS 5, ACCEPTINVCHARS '^' NULL AS '\N'`)
	f.Add(`COPY t FROM 's3://b/k' CREDENTIALS 'aws_iam_role=x' FORMAT AS JSON 'auto' DELIMITER '\\001' FIXEDWIDTH 'a:1'`)
	f.Fuzz(func(t *testing.T, sql string) {
		c, err := ParseCopy(dialect.Lex(sql), Mode{CaseSensitive: true})
		if (c == nil) == (err == nil) {
			t.Fatalf("both or neither: %v, %v", c, err)
		}
		if c != nil && (c.Table == "" || c.From.Bucket == "" || c.Delimiter == 0) {
			t.Fatalf("incomplete: %+v", c)
		}
	})
}
