package command

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sealift/sealift/internal/local/dialect"
)

const role = "IAM_ROLE 'arn:aws:iam::111111111111:role/r'"

func unloadOf(t *testing.T, options string) (*Unload, *dialect.Error) {
	t.Helper()
	return ParseUnload(dialect.Lex("UNLOAD ('select a from t') TO 's3://b/p_' "+options), Mode{})
}

//standin:imitates UNLOAD: every option of the grammar, in any order | DG r_UNLOAD
func TestUnloadOptions(t *testing.T) {
	t.Parallel()
	extension, none := "txt.gz", ""
	for _, tt := range []struct {
		options string
		want    func(u *Unload)
	}{
		{"", func(*Unload) {}},
		{"csv", func(u *Unload) { u.Format, u.Delimiter = CSV, ',' }},
		{"FORMAT CSV", func(u *Unload) { u.Format, u.Delimiter = CSV, ',' }},
		{"FORMAT AS CSV DELIMITER AS ';'", func(u *Unload) { u.Format, u.Delimiter = CSV, ';' }},
		{"FORMAT AS PARQUET", func(u *Unload) { u.Format = Parquet }},
		{"parquet rowgroupsize 64", func(u *Unload) { u.Format, u.RowGroupSize = Parquet, 64<<20 }},
		{"PARQUET ROWGROUPSIZE AS 128 MB", func(u *Unload) { u.Format, u.RowGroupSize = Parquet, 128<<20 }},
		{"JSON", func(u *Unload) { u.Format = JSON }},
		{"FIXEDWIDTH 'a:1,bb:20'", func(u *Unload) { u.Format, u.Widths = FixedWidth, []Width{{"a", 1}, {"bb", 20}} }},
		{"FIXEDWIDTH AS 'a:1'", func(u *Unload) { u.Format, u.Widths = FixedWidth, []Width{{"a", 1}} }},
		{"PARTITION BY (a)", func(u *Unload) { u.PartitionBy = []string{"a"} }},
		{`PARTITION BY (A, "B b") INCLUDE`, func(u *Unload) { u.PartitionBy, u.Include = []string{"a", "b b"}, true }},
		{"MANIFEST", func(u *Unload) { u.Manifest = true }},
		{"MANIFEST VERBOSE HEADER", func(u *Unload) { u.Manifest, u.Verbose, u.Header = true, true, true }},
		{`DELIMITER '\t'`, func(u *Unload) { u.Delimiter = '\t' }},
		{`DELIMITER '\\t'`, func(u *Unload) { u.Delimiter = '\t' }},
		{`DELIMITER '\001'`, func(u *Unload) { u.Delimiter = 1 }},
		{`DELIMITER AS '^'`, func(u *Unload) { u.Delimiter = '^' }},
		{"ADDQUOTES ESCAPE", func(u *Unload) { u.AddQuotes, u.Escape = true, true }},
		{"NULL AS 'x''y'", func(u *Unload) { u.NullAs = "x'y" }},
		{"NULL ''", func(u *Unload) {}},
		{`NULL AS '\N'`, func(u *Unload) { u.NullAs = `\N` }},
		{`NULL AS '\\N'`, func(u *Unload) { u.NullAs = `\N` }},
		{"GZIP", func(u *Unload) { u.Compression = Gzip }},
		{"BZIP2", func(u *Unload) { u.Compression = Bzip2 }},
		{"ZSTD EXTENSION 'txt.gz'", func(u *Unload) { u.Compression, u.Extension = Zstd, &extension }},
		{"EXTENSION ''", func(u *Unload) { u.Extension = &none }},
		{"ENCRYPTED AUTO", func(u *Unload) { u.EncryptedAuto = true }},
		{"KMS_KEY_ID 'k' ENCRYPTED", func(u *Unload) { u.KMSKeyID = "k" }},
		{"ENCRYPTED KMS_KEY_ID AS 'arn:aws:kms:eu-west-1:111111111111:key/1'", func(u *Unload) { u.KMSKeyID = "arn:aws:kms:eu-west-1:111111111111:key/1" }},
		{"ALLOWOVERWRITE", func(u *Unload) { u.AllowOverwrite = true }},
		{"CLEANPATH", func(u *Unload) { u.CleanPath = true }},
		{"PARALLEL", func(u *Unload) {}},
		{"PARALLEL ON", func(u *Unload) {}},
		{"PARALLEL TRUE", func(u *Unload) {}},
		{"PARALLEL OFF", func(u *Unload) { u.Serial = true }},
		{"PARALLEL FALSE MANIFEST", func(u *Unload) { u.Serial, u.Manifest = true, true }},
		{"MAXFILESIZE 5", func(u *Unload) { u.MaxFileSize = 5 << 20 }},
		{"MAXFILESIZE AS 200 MB", func(u *Unload) { u.MaxFileSize = 200 << 20 }},
		{"MAXFILESIZE 200MB", func(u *Unload) { u.MaxFileSize = 200 << 20 }},
		{"MAXFILESIZE 1.5 gb", func(u *Unload) { u.MaxFileSize = 3 << 29 }},
		{"REGION AS 'us-east-1'", func(u *Unload) { u.Region = "us-east-1" }},
		{"REGION 'us-east-1' -- the other side\n/* and */ HEADER;", func(u *Unload) { u.Region, u.Header = "us-east-1", true }},
	} {
		want := &Unload{
			Query: "select a from t", To: Location{"b", "p_"}, Auth: Authorization{Roles: []string{"arn:aws:iam::111111111111:role/r"}},
			Format: Delimited, Delimiter: '|', MaxFileSize: maxFileSize, RowGroupSize: 32 << 20,
		}
		tt.want(want)
		for _, text := range []string{role + " " + tt.options, strings.TrimSuffix(tt.options, ";") + " " + role} {
			got, err := unloadOf(t, text)
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

//standin:imitates UNLOAD: options that exclude each other, limits of sizes | DG r_UNLOAD
func TestUnloadRefuses(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ options, code, message string }{
		{"PARQUET DELIMITER '|'", "0A000", "DELIMITER is not supported for UNLOAD to Parquet"},
		{"PARQUET FIXEDWIDTH 'a:1'", "0A000", "FIXEDWIDTH is not supported for UNLOAD to Parquet"},
		{"PARQUET ADDQUOTES", "0A000", "ADDQUOTES is not supported"},
		{"PARQUET ESCAPE", "0A000", "ESCAPE is not supported"},
		{"PARQUET NULL AS 'x'", "0A000", "NULL AS is not supported"},
		{"HEADER FORMAT AS PARQUET", "0A000", "HEADER is not supported"},
		{"PARQUET GZIP", "0A000", "GZIP is not supported"},
		{"PARQUET BZIP2", "0A000", "BZIP2 is not supported"},
		{"PARQUET ZSTD", "0A000", "ZSTD is not supported"},
		{"JSON DELIMITER '|'", "0A000", "DELIMITER is not supported for UNLOAD to JSON"},
		{"JSON HEADER", "0A000", "HEADER is not supported"},
		{"JSON FIXEDWIDTH 'a:1'", "0A000", "FIXEDWIDTH is not supported"},
		{"JSON ADDQUOTES", "0A000", "ADDQUOTES is not supported"},
		{"JSON ESCAPE", "0A000", "ESCAPE is not supported"},
		{"JSON NULL AS 'x'", "0A000", "NULL AS is not supported"},
		{"CSV FIXEDWIDTH 'a:1'", "0A000", "FIXEDWIDTH is not supported"},
		{"CSV ADDQUOTES", "0A000", "ADDQUOTES is not supported"},
		{"CSV ESCAPE", "0A000", "ESCAPE is not supported"},
		{"FIXEDWIDTH 'a:1' DELIMITER '|'", "0A000", "DELIMITER is not supported"},
		{"FIXEDWIDTH 'a:1' HEADER", "0A000", "HEADER is not supported"},
		{"FIXEDWIDTH 'a:1' ADDQUOTES", "0A000", "ADDQUOTES is not supported"},
		{"FIXEDWIDTH 'a'", "22023", "fixedwidth"},
		{"FIXEDWIDTH 'a:x'", "22023", "fixedwidth"},
		{"FIXEDWIDTH 'a:0'", "22023", "fixedwidth"},
		{"CSV PARQUET", "42601", "redundant"},
		{"CSV FORMAT AS JSON", "42601", "redundant"},
		{"HEADER HEADER", "42601", "redundant"},
		{"GZIP ZSTD", "42601", "only one of"},
		{"ROWGROUPSIZE 64 MB", "0A000", "ROWGROUPSIZE"},
		{"PARQUET ROWGROUPSIZE 31", "22023", "ROWGROUPSIZE"},
		{"PARQUET ROWGROUPSIZE 129", "22023", "ROWGROUPSIZE"},
		{"PARQUET ROWGROUPSIZE 33.5", "22023", "ROWGROUPSIZE"},
		{"MAXFILESIZE 4.9 MB", "22023", "MAXFILESIZE"},
		{"MAXFILESIZE 6.3 GB", "22023", "MAXFILESIZE"},
		{"MAXFILESIZE", "42601", "syntax error"},
		{"MAXFILESIZE 7 KB", "42601", "syntax error"},
		{"CLEANPATH ALLOWOVERWRITE", "42601", "CLEANPATH"},
		{"VERBOSE", "42601", `near "VERBOSE"`},
		{"DELIMITER '||'", "22023", "single ASCII"},
		{"DELIMITER 'é'", "22023", "single ASCII"},
		{"DELIMITER ''", "22023", "single ASCII"},
		{`DELIMITER '\n'`, "22023", "newline"},
		{`NULL AS '\n'`, "22023", "NULL AS"},
		{"KMS_KEY_ID 'k'", "42601", "requires ENCRYPTED"},
		{"KMS_KEY_ID '' ENCRYPTED", "22023", "KMS_KEY_ID"},
		{"KMS_KEY_ID 'k' ENCRYPTED AUTO", "42601", "ENCRYPTED AUTO"},
		{"ENCRYPTED", "0A000", "2026-04-30"},
		{"MASTER_SYMMETRIC_KEY 'c2VjcmV0' ENCRYPTED", "0A000", "2026-04-30"},
		{"PARTITION BY ()", "42601", "syntax error"},
		{"PARTITION (a)", "42601", "syntax error"},
		{"PARTITION BY (a, a)", "42601", "twice"},
		{"FORMAT", "42601", "end of input"},
		{"FORMAT TEXT", "42601", `near "TEXT"`},
		{"FORMAT HEADER", "42601", `near "HEADER"`},
		{"REGION us-east-1", "42601", "syntax error"},
		{"FROBNICATE", "42601", `near "FROBNICATE"`},
		{"'x'", "42601", "syntax error"},
		{"IAM_ROLE default", "42601", "redundant"},
		{"CREDENTIALS 'aws_iam_role=arn:aws:iam::111111111111:role/r'", "42601", "only one of"},
	} {
		_, err := unloadOf(t, role+" "+tt.options)
		if err == nil {
			t.Errorf("%s: accepted", tt.options)
			continue
		}
		if err.Code != tt.code || !strings.Contains(err.Message, tt.message) {
			t.Errorf("%s: got %s %s, want %s %s", tt.options, err.Code, err.Message, tt.code, tt.message)
		}
		if strings.Contains(err.Message, "c2VjcmV0") {
			t.Errorf("%s: message shows the key: %s", tt.options, err.Message)
		}
	}
}

func TestUnloadHead(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ sql, query, message string }{
		{sql: "UNLOAD ('select ''a'' from t') TO 's3://b/p'", query: "select 'a' from t"},
		{sql: `UNLOAD ('select \'a\' from t') TO 's3://b/p'`, query: "select 'a' from t"},
		{sql: `UNLOAD ('select ''a\\\\b'' from t') TO 's3://b/p'`, query: `select 'a\\b' from t`},
		{sql: "UNLOAD ($$select 'a' from t$$) TO 's3://b/p'", query: "select 'a' from t"},
		{sql: "unload ($q$select '$$' from t$q$) to 's3://b/p'", query: "select '$$' from t"},
		{sql: "UNLOAD ('with x as (select 1) select * from x') TO 's3://b/p'", query: "with x as (select 1) select * from x"},
		{sql: "UNLOAD ('(select 1)') TO 's3://b/p'", query: "(select 1)"},
		{sql: "UNLOAD ('select * from (select * from t limit 10)') TO 's3://b/p'", query: "select * from (select * from t limit 10)"},
		{sql: `UNLOAD ('select t."limit", t.limit from t') TO 's3://b/p'`, query: `select t."limit", t.limit from t`},
		{sql: "UNLOAD ('select * from t limit 10') TO 's3://b/p'", message: "Limit clause is not supported"},
		{sql: "UNLOAD ('select * from (select 1) x LIMIT 10') TO 's3://b/p'", message: "Limit clause is not supported"},
		{sql: "UNLOAD ('((select * from t LIMIT 10))') TO 's3://b/p'", message: "Limit clause is not supported"},
		{sql: "UNLOAD ('(select 1) union (select 2 limit 1)') TO 's3://b/p'", query: "(select 1) union (select 2 limit 1)"},
		{sql: "UNLOAD ('delete from t') TO 's3://b/p'", message: "SELECT"},
		{sql: "UNLOAD ('') TO 's3://b/p'", message: "SELECT"},
		{sql: "UNLOAD ('select 1; drop table t') TO 's3://b/p'", message: "syntax error"},
		{sql: "UNLOAD 'select 1' TO 's3://b/p'", message: "syntax error"},
		{sql: "UNLOAD (select 1) TO 's3://b/p'", message: "syntax error"},
		{sql: "UNLOAD ('select 1') TO 'http://b/p'", message: "s3://"},
		{sql: "UNLOAD ('select 1') TO 's3://'", message: "s3://"},
		{sql: "UNLOAD ('select 1') TO s3", message: "syntax error"},
		{sql: "UNLOAD ('select 1')", message: "end of input"},
		{sql: "UNLOAD ('select 1", message: "unterminated"},
		{sql: "UNLOAD", message: "end of input"},
	} {
		u, err := ParseUnload(dialect.Lex(tt.sql+" "+role), Mode{})
		switch {
		case tt.message != "":
			if err == nil || !strings.Contains(err.Message, tt.message) && !strings.Contains(err.Message, "syntax error") {
				t.Errorf("%s: got %v, want %s", tt.sql, err, tt.message)
			}
		case err != nil:
			t.Errorf("%s: %v", tt.sql, err)
		case u.Query != tt.query:
			t.Errorf("%s: query is %q, want %q", tt.sql, u.Query, tt.query)
		}
	}
}

//standin:imitates COPY: IAM_ROLE, role chains, access keys, CREDENTIALS | DG copy-parameters-authorization
func TestAuthorization(t *testing.T) {
	t.Parallel()
	const a, b = "arn:aws:iam::111111111111:role/A", "arn:aws-cn:iam::222222222222:role/path/B"
	for _, tt := range []struct {
		clause  string
		want    Authorization
		message string
	}{
		{clause: "IAM_ROLE default", want: Authorization{}},
		{clause: "IAM_ROLE '" + a + "'", want: Authorization{Roles: []string{a}}},
		{clause: "iam_role as '" + a + "," + b + "'", want: Authorization{Roles: []string{a, b}}},
		{clause: "ACCESS_KEY_ID 'i' SECRET_ACCESS_KEY 's'", want: Authorization{AccessKeyID: "i", SecretAccessKey: "s"}},
		{clause: "SESSION_TOKEN 't' SECRET_ACCESS_KEY 's' ACCESS_KEY_ID AS 'i'", want: Authorization{AccessKeyID: "i", SecretAccessKey: "s", SessionToken: "t"}},
		{clause: "ACCESS_KEY_ID 'i' SECRET_ACCESS_KEY 's' TOKEN 't'", want: Authorization{AccessKeyID: "i", SecretAccessKey: "s", SessionToken: "t"}},
		{clause: "CREDENTIALS 'aws_iam_role=" + a + "," + b + "'", want: Authorization{Roles: []string{a, b}}},
		{clause: "WITH CREDENTIALS AS 'aws_access_key_id=i;aws_secret_access_key=s/+='", want: Authorization{AccessKeyID: "i", SecretAccessKey: "s/+="}},
		{clause: "CREDENTIALS 'aws_access_key_id=i;aws_secret_access_key=s;token=t'", want: Authorization{AccessKeyID: "i", SecretAccessKey: "s", SessionToken: "t"}},
		{clause: "", message: "CREDENTIALS argument is required"},
		{clause: "IAM_ROLE 'A'", message: "Invalid IAM role"},
		{clause: "IAM_ROLE '" + a + ", " + b + "'", message: "no blanks"},
		{clause: "IAM_ROLE 'arn:aws:iam::1111:role/A'", message: "Invalid IAM role"},
		{clause: "IAM_ROLE 'arn:aws:iam::111111111111:user/A'", message: "Invalid IAM role"},
		{clause: "IAM_ROLE 'arn:aws:iam::111111111111:role/'", message: "Invalid IAM role"},
		{clause: "IAM_ROLE ''", message: "Invalid IAM role"},
		{clause: "ACCESS_KEY_ID 'i'", message: "together"},
		{clause: "SECRET_ACCESS_KEY 'sssss'", message: "together"},
		{clause: "ACCESS_KEY_ID 'i' ACCESS_KEY_ID 'i' SECRET_ACCESS_KEY 'sssss'", message: "redundant"},
		{clause: "ACCESS_KEY_ID 'i' SECRET_ACCESS_KEY 'sssss' IAM_ROLE default", message: "only one of"},
		{clause: "CREDENTIALS 'aws_access_key_id=i; aws_secret_access_key=sssss'", message: "Invalid credentials"},
		{clause: "CREDENTIALS 'aws_access_key_id=i;aws_secret_access_key=sssss more'", message: "Invalid credentials"},
		{clause: "CREDENTIALS 'AWS_ACCESS_KEY_ID=i;aws_secret_access_key=sssss'", message: "Invalid credentials"},
		{clause: "CREDENTIALS 'aws_access_key_id=i'", message: "Invalid credentials"},
		{clause: "CREDENTIALS 'token=sssss'", message: "Invalid credentials"},
		{clause: "CREDENTIALS 'aws_iam_role=" + a + ";aws_access_key_id=i;aws_secret_access_key=sssss'", message: "Invalid credentials"},
		{clause: "CREDENTIALS 'aws_iam_role=" + a + ";master_symmetric_key=sssss'", message: "2026-04-30"},
		{clause: "CREDENTIALS ''", message: "Invalid credentials"},
		{clause: "CREDENTIALS default", message: "syntax error"},
	} {
		u, err := unloadOf(t, tt.clause)
		switch {
		case tt.message != "":
			if err == nil || !strings.Contains(err.Message, tt.message) {
				t.Errorf("%s: got %v, want %s", tt.clause, err, tt.message)
			} else if strings.Contains(err.Message+err.Hint+err.Detail, "sssss") {
				t.Errorf("%s: message shows the secret: %s", tt.clause, err.Message)
			}
		case err != nil:
			t.Errorf("%s: %v", tt.clause, err)
		default:
			if diff := cmp.Diff(tt.want, u.Auth); diff != "" {
				t.Errorf("%s: %s", tt.clause, diff)
			}
		}
	}
	if _, err := unloadOf(t, "CREDENTIALS 'aws_iam_role="+a+"' KMS_KEY_ID 'k' ENCRYPTED"); err == nil || !strings.Contains(err.Message, "CREDENTIALS") {
		t.Errorf("KMS_KEY_ID with CREDENTIALS: %v", err)
	}
}

//standin:imitates COPY: secrets masked in texts that are kept | DG copy-parameters-authorization
func TestRedact(t *testing.T) {
	t.Parallel()
	const shown = "arn:aws:iam::111111111111:role/r"
	for _, tt := range []struct{ sql, want string }{
		{"COPY t FROM 's3://b/k' CREDENTIALS 'aws_access_key_id=S3CRET'", "COPY t FROM 's3://b/k' CREDENTIALS '***'"},
		{"copy t from 's3://b/k' with credentials as 'S3CRET' gzip", "copy t from 's3://b/k' with credentials as '***' gzip"},
		{"COPY t FROM 's3://b/k' ACCESS_KEY_ID 'AKIA' secret_access_key /* x */ 'S3CRET' SESSION_TOKEN '\nS3CRET'", "COPY t FROM 's3://b/k' ACCESS_KEY_ID '***' secret_access_key /* x */ '***' SESSION_TOKEN '***'"},
		{"UNLOAD ('select 1') TO 's3://b/k' MASTER_SYMMETRIC_KEY 'S3CRET' ENCRYPTED", "UNLOAD ('select 1') TO 's3://b/k' MASTER_SYMMETRIC_KEY '***' ENCRYPTED"},
		{"COPY t FROM 's3://b/k' IAM_ROLE '" + shown + "' KMS_KEY_ID 'k'", "COPY t FROM 's3://b/k' IAM_ROLE '" + shown + "' KMS_KEY_ID 'k'"},
		{"COPY t FROM 's3://b/k' CREDENTIALS 'S3CRET", "COPY t FROM 's3://b/k' CREDENTIALS '***'"},
		{`COPY t FROM 's3://b/k' CREDENTIALS 'it\'s S3CRET; it''s'`, "COPY t FROM 's3://b/k' CREDENTIALS '***'"},
		{"COPY t FROM 's3://b/k' CREDENTIALS $$S3CRET$$", "COPY t FROM 's3://b/k' CREDENTIALS '***'"},
		{"CREATE USER u PASSWORD 'S3CRET'", "CREATE USER u PASSWORD '***'"},
		{"ALTER USER u PASSWORD DISABLE", "ALTER USER u PASSWORD DISABLE"},
		{"select token, password, 'x' from credentials where a = 'y'", "select token, password, 'x' from credentials where a = 'y'"},
		{"select 1", "select 1"},
		{"", ""},
	} {
		if got := Redact(tt.sql); got != tt.want {
			t.Errorf("Redact(%s)\n got %s\nwant %s", tt.sql, got, tt.want)
		}
	}
}

func FuzzUnload(f *testing.F) {
	f.Add("UNLOAD ('select 1') TO 's3://b/k' IAM_ROLE default PARTITION BY (a) INCLUDE MAXFILESIZE 5.5 GB")
	f.Add("UNLOAD ($$select 1$$) TO 's3://b/k' CREDENTIALS 'aws_access_key_id=i;aws_secret_access_key=s' FIXEDWIDTH 'a:1,b:2'")
	f.Fuzz(func(t *testing.T, sql string) {
		u, err := ParseUnload(dialect.Lex(sql), Mode{})
		if (u == nil) == (err == nil) {
			t.Fatalf("both or neither: %v, %v", u, err)
		}
		if err != nil && err.Message == "" {
			t.Fatal("an error without a message")
		}
	})
}

// FuzzRedact plants a secret behind each keyword: it must never show, and what is redacted must stay redacted.
func FuzzRedact(f *testing.F) {
	f.Add("aws_access_key_id=x", "COPY t FROM 's3://b/k' ", " GZIP")
	f.Add("it''s", "/* ' */", "--")
	f.Add(`a\`, "select $$'$$", "'")
	f.Fuzz(func(t *testing.T, secret, before, after string) {
		quoted := dialect.QuoteLiteral("S3CRET" + secret)
		tokens := dialect.Lex(before + " ")
		if last := tokens[len(tokens)-1]; last.Kind != dialect.Space {
			return // before swallows what follows: a literal or comment that is not closed
		}
		for _, keyword := range []string{"CREDENTIALS ", "credentials AS ", "SECRET_ACCESS_KEY\n", "SESSION_TOKEN--x\n", "MASTER_SYMMETRIC_KEY"} {
			sql := before + " " + keyword + quoted + " " + after
			out := Redact(sql)
			if strings.Contains(out, "S3CRET") && !strings.Contains(before+after, "S3CRET") {
				t.Fatalf("%q shows the secret: %q", sql, out)
			}
			if again := Redact(out); again != out {
				t.Fatalf("Redact is not stable: %q then %q", out, again)
			}
		}
	})
}

// Client-side encryption as it was before it ended (Redshift manual, t_unloading_encrypted_files and
// c_loading-encrypted-files).
func TestClientSide(t *testing.T) {
	t.Parallel()
	const (
		key  = "MASTER_SYMMETRIC_KEY 'AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8='"
		head = "UNLOAD ('select a from t') TO 's3://b/p_' "
		load = "COPY t FROM 's3://b/p_' "
		with = "CREDENTIALS 'aws_access_key_id=i;aws_secret_access_key=s;master_symmetric_key=AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=' "
	)
	for _, tt := range []struct{ sql, message string }{
		{head + role + key + " ENCRYPTED", ""},
		{head + with + "manifest encrypted gzip null as 'NULL_STRING__' delimiter '^' addquotes escape allowoverwrite", ""},
		{head + role + key, "requires ENCRYPTED"},
		{head + role + "ENCRYPTED", "ENCRYPTED requires"},
		{head + role + key + " ENCRYPTED AUTO", "together with"},
		{head + role + key + " KMS_KEY_ID 'k' ENCRYPTED", "together with"},
		{head + role + key + " ENCRYPTED PARQUET", "Parquet"},
		{head + "CREDENTIALS 'aws_iam_role=arn:aws:iam::111111111111:role/r'" + key + " ENCRYPTED", "CREDENTIALS"},
		{head + with + key + " ENCRYPTED", "redundant"},
		{head + role + "MASTER_SYMMETRIC_KEY 'S3CRET' ENCRYPTED", "256 bits"},
		{load + role + key + " ENCRYPTED", ""},
		{load + with + "manifest encrypted gzip null as 'NULL_STRING__' dateformat 'auto' timeformat 'auto' delimiter '^' removequotes escape compupdate off", ""},
		{load + role + key, "given together"},
		{load + role + "ENCRYPTED", "given together"},
		{load + role + key + " ENCRYPTED PARQUET", "PARQUET"},
		{load + role + "MASTER_SYMMETRIC_KEY 'S3CRET' ENCRYPTED", "256 bits"},
	} {
		var err *dialect.Error
		if strings.HasPrefix(tt.sql, "COPY") {
			_, err = ParseCopy(dialect.Lex(tt.sql), Mode{ClientSide: true})
		} else {
			_, err = ParseUnload(dialect.Lex(tt.sql), Mode{ClientSide: true})
		}
		switch {
		case tt.message == "" && err != nil:
			t.Errorf("%s: %v", tt.sql, err)
		case tt.message != "" && (err == nil || !strings.Contains(err.Message, tt.message) || strings.Contains(err.Message, "S3CRET")):
			t.Errorf("%s: got %v, want %s", tt.sql, err, tt.message)
		}
	}
}
