package unloadcopy

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sealift/sealift/internal/hint"
	"github.com/sealift/sealift/job"
	"github.com/sealift/sealift/plan"
)

// published is the utility's own example, with its comments.
const published = `// example unload/copy utility config file. please remove all comments '//' as they are invalid json
{
  // the source database from which we'll export data
  "unloadSource": {
    "clusterEndpoint": "my-cluster.d7bdmd4addft.eu-west-1.redshift.amazonaws.com",
    "clusterPort": 5439,
    "connectPwd": "AQIC//8=",
    "connectUser": "master",
    "db": "mydb",
    "schemaName": "public",
    "tableNames": [
      "export_table1",
      "Export 2"
    ],
    "columns": "column1,column2"
  },
  // location and credentials for S3
  "s3Staging": {
    "aws_iam_role": "arn:aws:iam::111122223333:role/stage",
    "aws_access_key_id": "AAAA",
    "path": "s3://my-bucket/prefix/", // the date is appended
    "deleteOnSuccess": "False",
    "region": "eu-west-1"
  },
  "copyTarget": {
    "clusterEndpoint": "my-other-cluster.d7bdmd4addft.eu-west-1.redshift.amazonaws.com",
    "clusterPort": "5440",
    "connectUser": "master",
    "db": "other",
    "schemaName": "public",
    "tableNames": ["t1", "t2"],
    "explicit_ids": true,
    "novelty": 1
  }
}
`

func TestThePublishedExample(t *testing.T) {
	t.Parallel()
	c, err := Parse([]byte(published))
	if err != nil {
		t.Fatal(err)
	}
	j, notes, err := c.Job(Switches{Region: "eu-west-1"})
	if err != nil {
		t.Fatal(err)
	}
	role := "arn:aws:iam::111122223333:role/stage"
	want := &job.Job{
		Version: 1,
		Source: job.Warehouse{
			Host: "my-cluster.d7bdmd4addft.eu-west-1.redshift.amazonaws.com", Port: 5439, Region: "eu-west-1", Database: "mydb", User: "master",
			Auth: "password", PasswordFrom: "kms:AQIC//8=", S3Role: role,
		},
		Target: job.Warehouse{Cluster: "my-other-cluster", Port: 5439, Region: "eu-west-1", Database: "other", User: "master", Auth: "iam", S3Role: role},
		Stage:  job.Stage{URL: "s3://my-bucket/prefix", Region: "eu-west-1", KMSKey: "alias/RedshiftUnloadCopyUtility", Format: "auto", Keep: "always", Layout: "dated"},
		Defaults: job.Defaults{
			Mode: "append", Verify: "digest", Unmatched: "error",
		},
		Tables: []job.Table{
			{Select: job.Pattern{Text: "public.export_table1"}, As: "public.t1", Columns: []string{"column1", "column2"}},
			{Select: job.Pattern{Text: `public."Export 2"`}, As: "public.t2", Columns: []string{"column1", "column2"}},
		},
		Concurrency: job.Concurrency{Unload: 8, Copy: 8},
	}
	if diff := cmp.Diff(want, j); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	if diff := cmp.Diff([]string{
		"copyTarget.novelty means nothing here",
		"s3Staging: the access keys are not used; there is a role",
		"copyTarget.explicit_ids: ids are kept in tables that are made new; a table that is there with an IDENTITY column is refused, because its next id would not be safe",
	}, notes); diff != "" {
		t.Errorf("notes -want +got\n%s", diff)
	}
	// It is a job, word for word.
	text, err := j.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := job.Parse("j", text, func(string) (string, bool) { return "", false }); err != nil {
		t.Error(err)
	}
}

func TestBadConfigurations(t *testing.T) {
	t.Parallel()
	with := func(old, new string) string { return strings.Replace(published, old, new, 1) }
	for name, c := range map[string]struct{ text, err, hint string }{
		"empty":          {"", "not JSON", ""},
		"no JSON":        {"{\n\n\"a\" 1}", "not JSON: line 3", ""},
		"two":            {"{} {}", "something after the object", ""},
		"nothing":        {"{}", "unloadSource is missing, or no object; copyTarget is missing, or no object; s3Staging is missing", "example configuration"},
		"a port":         {with("5439", "543900"), "unloadSource.clusterPort is no port", ""},
		"truth":          {with(`"False"`, `"perhaps"`), "s3Staging.deleteOnSuccess is not True or False", ""},
		"names":          {with(`"Export 2"`, `2`), "unloadSource.tableNames[1] is no name", ""},
		"unequal":        {with(`"t1", "t2"`, `"t1"`), "unloadSource names 2 tables, copyTarget 1", ""},
		"no table":       {with(`["t1", "t2"]`, `[]`), "unloadSource names 2 tables, copyTarget 0", ""},
		"no user":        {with(`"connectUser": "master",`, ``), "unloadSource: connectUser is missing", ""},
		"no role":        {with(`"aws_iam_role": "arn:aws:iam::111122223333:role/stage",`, ``), "access keys in place of a role", "attach a role"},
		"no cluster":     {with("my-other-cluster.d7bdmd4addft.eu-west-1.redshift.amazonaws.com", "10.0.0.1"), `temporary credentials are asked for, and "10.0.0.1" does not say`, "or connectPwd"},
		"another region": {with("my-cluster.d7bdmd4addft.eu-west-1", "my-cluster.d7bdmd4addft.us-east-1"), "connectPwd is a ciphertext of region eu-west-1, and the warehouse is in us-east-1", "secret encrypt --region us-east-1"},
		"columns":        {with(`"column1,column2"`, `"column1,max(column2, 3)"`), "max(column2, 3) needs a name", ""},
		"target's columns": {with(`"schemaName": "public",
    "tableNames": ["t1"`, `"columns": "a", "schemaName": "public",
    "tableNames": ["t1"`), "unloadSource.columns are 2, copyTarget.columns 1", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg, err := Parse([]byte(c.text))
			if err == nil {
				_, _, err = cfg.Job(Switches{Region: "eu-west-1"})
			}
			if err == nil || !strings.Contains(err.Error(), c.err) || !strings.Contains(hint.Of(err), c.hint) {
				t.Errorf("error %v, hint %q", err, hint.Of(err))
			}
		})
	}
	if _, err := Parse(bytes.Repeat([]byte(" "), MaxSize+1)); err == nil {
		t.Error("a file of more than a megabyte is read")
	}
}

func TestColumns(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		source, target string
		names          []string
		query          string
	}{
		{"", "", nil, ""},
		{"a, B", "", []string{"a", "B"}, ""},
		{"a,b", "A,b", []string{"a", "b"}, ""},
		{"a,b", "b,a", nil, "a AS b, b AS a"},
		{`coalesce(a, ','), b`, "x, b", nil, `coalesce(a, ',') AS x, b`},
		{`a + 1 as x`, "", nil, "a + 1 as x"},
	} {
		names, query, err := (&Config{Source: Side{Columns: c.source}, Target: Side{Columns: c.target}}).columns()
		if err != nil || query != c.query || !cmp.Equal(names, c.names) {
			t.Errorf("%q and %q: %q, %q, %v", c.source, c.target, names, query, err)
		}
	}
}

func TestStatements(t *testing.T) {
	t.Parallel()
	side := Side{Schema: "s", Columns: "a,b"}
	for name, c := range map[string]struct{ statement, query, err string }{
		"published": {
			"unload ('SELECT {columns} FROM {schema_name}.{table_name} where received_timestamp > (getdate() - 30)') to '{dataStagingPath}.' credentials '{s3_access_credentials};master_symmetric_key={master_symmetric_key}' manifest encrypted gzip null as 'NULL_STRING__' delimiter '^' addquotes escape allowoverwrite",
			`SELECT a, b FROM s."T t" where received_timestamp > (getdate() - 30)`, "",
		},
		"quotes":       {`UNLOAD('select ''x'', \'y\' from t;') TO '{dataStagingPath}' IAM_ROLE default PARALLEL OFF MAXFILESIZE AS 100 MB;`, `select 'x', 'y' from t`, ""},
		"elsewhere":    {"unload ('select 1') to 's3://b/x'", "", "not to {dataStagingPath}"},
		"other":        {"copy t from '{dataStagingPath}'", "", "does not begin with UNLOAD"},
		"no end":       {"unload ('select 1", "", "does not end"},
		"no to":        {"unload ('select 1')", "", "no ) TO"},
		"option":       {"unload ('select 1') to '{dataStagingPath}' partition by (a)", "", "the option PARTITION is not understood"},
		"rubbish":      {"unload ('select 1') to '{dataStagingPath}' ) x", "", "is not understood"},
		"placeholder":  {"unload ('select {x} from t') to '{dataStagingPath}'", "", "{x} has no meaning in the query"},
		"null without": {"unload ('select 1') to '{dataStagingPath}' null as gzip", "", "NULL: a text in quotes is missing"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			side := side
			side.UnloadStatement = c.statement
			got, err := side.query("T t", "")
			if c.err == "" && (err != nil || got != c.query) || c.err != "" && (err == nil || !strings.Contains(err.Error(), c.err)) {
				t.Errorf("%q, %v", got, err)
			}
		})
	}
}

func TestCheck(t *testing.T) {
	t.Parallel()
	p := &plan.Plan{Prologue: []plan.Step{{ID: "ledger"}, {ID: "schema/x"}}, Tables: []plan.Table{{Target: "x.a", Method: plan.Create}, {Target: "x.b", Method: plan.Append}}}
	for _, c := range []struct {
		s    Switches
		want string
	}{
		{Switches{}, "schema x"},
		{Switches{TableAutoCreate: true}, "schema x"},
		{Switches{SchemaAutoCreate: true}, "not in the target: x.a"},
		{Switches{SchemaAutoCreate: true, TableAutoCreate: true}, ""},
		{Switches{SchemaAutoCreate: true, TableForceDropCreate: true}, ""},
	} {
		if err := Check(p, c.s); c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want) || hint.Of(err) == "") {
			t.Errorf("%+v: %v", c.s, err)
		}
	}
}

// Whatever a file holds, it is read or refused; and taking comments out changes no place, and nothing in a text.
func FuzzParse(f *testing.F) {
	f.Add([]byte(published))
	f.Add([]byte(`{"a": "http://x", "b": "\"//"} // end`))
	f.Fuzz(func(t *testing.T, text []byte) {
		out := withoutComments(text)
		if len(out) != len(text) || bytes.Count(out, []byte("\n")) != bytes.Count(text, []byte("\n")) {
			t.Fatalf("%q became %q", text, out)
		}
		if !bytes.Contains(text, []byte("//")) && !bytes.Equal(out, text) {
			t.Fatalf("%q became %q", text, out)
		}
		if c, err := Parse(text); err == nil {
			_, _, _ = c.Job(Switches{Region: "eu-west-1"})
		}
	})
}

// Whatever a query is, it comes out of a statement as it was put in.
func FuzzStatement(f *testing.F) {
	f.Add("select 'x' from t")
	f.Add(`select '\' from t`)
	f.Fuzz(func(t *testing.T, query string) {
		if placeholder.MatchString(query) {
			return
		}
		quoted := strings.NewReplacer(`'`, `''`, `\`, `\\`).Replace(query)
		got, err := Side{UnloadStatement: "unload ('" + quoted + "') to '{dataStagingPath}' gzip"}.query("t", "")
		if want := strings.TrimSuffix(strings.TrimSpace(query), ";"); err != nil || got != want {
			t.Errorf("%q came out as %q, %v", query, got, err)
		}
	})
}
