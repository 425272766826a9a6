package planner

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/sealift/sealift/internal/redshift"
	"github.com/sealift/sealift/plan"
)

func loadInput(t *testing.T) LoadInput {
	t.Helper()
	in := input(t)
	return LoadInput{
		Target: in.Target, Warehouse: in.Job.Target, Stage: in.Job.Stage, Place: in.Stage, Table: must(redshift.NewTable("public", "t")),
		Mode: "create", Source: "t.csv", Named: true, Whole: true, Nonce: in.Nonce, Now: time.Date(2026, 11, 21, 10, 15, 0, 0, time.UTC),
		Input: plan.Input{Format: "csv", Delimiter: ",", Quote: `"`, Header: true, Names: []string{"ID", "name"}},
		Columns: []LoadColumn{
			{Name: "ID", Type: redshift.Type{Name: redshift.BigInt}}, {Name: "name", Type: redshift.Type{Name: redshift.Varchar, Length: 20}},
		},
	}
}

func TestCopyReadsWhatALoadStages(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(*LoadInput)
		want   []string
	}{
		"streamed": {func(*LoadInput) {}, []string{"FORMAT AS CSV DELIMITER ','\nNULL AS 'sealift_null_00112233aabbccdd'\nZSTD", "(stage): read the files once"}},
		"read where it is": {
			func(in *LoadInput) {
				in.Input.Way, in.Input.Compression, in.Input.Nulls, in.Input.Quote = plan.InPlace, "bzip2", []string{"NA"}, "'"
			},
			[]string{"FORMAT AS CSV QUOTE AS '''' DELIMITER ','\nNULL AS 'NA'\nEMPTYASNULL\nIGNOREHEADER 1\nBZIP2", "(stage): look at every object"},
		},
		"Parquet": {
			func(in *LoadInput) {
				in.Input = plan.Input{Format: "parquet", Way: plan.Copied}
				in.Columns[1].Type = redshift.Type{Name: redshift.Super}
			},
			[]string{"FORMAT AS PARQUET\nSERIALIZETOJSON", "(stage): have S3 copy the objects"},
		},
		"merged": {
			func(in *LoadInput) { in.Mode, in.Key = "merge", []string{"id"} },
			[]string{"GROUP BY \"id\" HAVING COUNT(*) > 1"},
		},
	} {
		in := loadInput(t)
		c.change(&in)
		p, err := Load(in)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		text := p.Text(plan.TextOptions{Columns: 200, SQL: true})
		for _, want := range c.want {
			if !strings.Contains(strings.ReplaceAll(text, "\n    ", "\n"), want) && !strings.Contains(text, want) {
				t.Errorf("%s: no %q in\n%s", name, want, text)
			}
		}
	}
}

func TestLoadsThatCannotBe(t *testing.T) {
	t.Parallel()
	into := func(in *LoadInput, columns ...redshift.Column) {
		in.Mode = "append"
		in.Target = catalog(redshift.TableDef{Table: in.Table, DistStyle: redshift.DistEven, SortStyle: redshift.SortNone, Columns: columns})
	}
	for want, change := range map[string]func(*testing.T, *LoadInput){
		`the target is in "us-east-1", the stage in eu-west-1`: func(_ *testing.T, in *LoadInput) {
			in.Input, in.Warehouse.Region = plan.Input{Format: "parquet"}, "us-east-1"
		},
		`the target is in "", the stage in eu-west-1`: func(_ *testing.T, in *LoadInput) {
			in.Input, in.Warehouse.Region = plan.Input{Format: "parquet"}, ""
		},
		"COPY reads all columns of such files": func(t *testing.T, in *LoadInput) {
			in.Input, in.IgnoreExtra = plan.Input{Format: "parquet", Way: plan.Upload}, true
			into(in, column(t, "id", "bigint"))
		},
		"column ID of the files is BIGINT, that of public.t is INTEGER": func(t *testing.T, in *LoadInput) {
			in.Input = plan.Input{Format: "parquet", Way: plan.Upload}
			into(in, column(t, "id", "integer"), column(t, "name", "varchar(5)"))
		},
		"--types: column ID of the files is BIGINT, which COPY does not put into INTEGER": func(_ *testing.T, in *LoadInput) {
			in.Input, in.Types = plan.Input{Format: "parquet", Way: plan.Upload}, map[string]redshift.Type{"id": {Name: redshift.Integer}}
		},
		"column id is an unsigned integer": func(_ *testing.T, in *LoadInput) {
			in.Input, in.Types = plan.Input{Format: "parquet", Way: plan.Upload}, map[string]redshift.Type{"id": {Name: redshift.BigInt}}
			in.Columns[0].Err = errors.New("column id is an unsigned integer")
		},
		"t.csv moves no column nope": func(_ *testing.T, in *LoadInput) { in.Mode, in.Key = "merge", []string{"nope"} },
		"column id is DOUBLE PRECISION: its values cannot tell rows apart": func(_ *testing.T, in *LoadInput) {
			in.Mode, in.Key, in.Columns[0].Type = "merge", []string{"id"}, redshift.Type{Name: redshift.Double}
		},
		`"upsert" is no mode of a load`: func(t *testing.T, in *LoadInput) {
			into(in, column(t, "id", "bigint"), column(t, "name", "varchar(20)"))
			in.Mode = "upsert"
		},
	} {
		in := loadInput(t)
		change(t, &in)
		if _, err := Load(in); err == nil || !strings.Contains(strings.ToUpper(err.Error()), strings.ToUpper(want)) {
			t.Errorf("got %v\nwant %s", err, want)
		}
	}
}

// Which files were loaded is written in the transaction that publishes their rows, if the account is still the one that the plan rests on.
func TestSyncOfFilesAsReviewed(t *testing.T) {
	t.Parallel()
	in := loadInput(t)
	in.Mode = "append"
	in.Target = catalog(redshift.TableDef{Table: in.Table, DistStyle: redshift.DistEven, SortStyle: redshift.SortNone, EstimatedRows: 10, Columns: []redshift.Column{
		{Name: must(redshift.NewIdent("id")), Type: redshift.Type{Name: redshift.BigInt}},
		{Name: must(redshift.NewIdent("name")), Type: redshift.Type{Name: redshift.Varchar, Length: 20}},
	}})
	in.Target.Ledger, in.Target.Schemas[redshift.Ledger.Schema] = true, true
	next := redshift.Cursor{Target: "public.t", Source: "files in", Spec: "spec", Mode: "append", Seen: "2 files"}
	was := next
	was.Run, was.Seen = "20261120T000000Z-0001", "1 files"
	in.Sync = &FileSync{Cursor: next, Was: was, Files: []redshift.SyncedFile{{Name: `in/it's\new.csv`, Size: 7, Version: "v", Digest: "d"}}, Cursors: true, Account: true}
	p, err := Load(in)
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "sync-files", render(p))
	in.Sync.Was = redshift.Cursor{}
	if _, err := Load(in); err == nil || !strings.Contains(err.Error(), "about 10 rows already") {
		t.Errorf("the first sync into a table with rows: %v", err)
	}
}

func TestTextIsReadInPlaceOnlyWhereCopyReadsItAsWeDo(t *testing.T) {
	t.Parallel()
	decimal := func(p, s int) redshift.Type { return redshift.Type{Name: redshift.Decimal, Precision: p, Scale: s} }
	varchar := func(n int) redshift.Type { return redshift.Type{Name: redshift.Varchar, Length: n} }
	named := func(n string) redshift.Type { return redshift.Type{Name: n} }
	for name, c := range map[string]struct {
		whole, asked bool
		own, want    string
	}{
		"looked at whole, and fits":          {true, true, "", ""},
		"a sample that happens to be all":    {true, false, "", "--infer all"},
		"a sample":                           {false, false, "", "--infer all"},
		"a sample, although a way was said":  {false, true, "", "--infer all"},
		"what COPY reads otherwise":          {true, true, "empty lines", "empty lines"},
		"what COPY reads otherwise, in part": {false, false, "empty lines", "empty lines"},
	} {
		in := loadInput(t)
		in.Whole, in.Asked, in.Own = c.whole, c.asked, c.own
		if why := in.Streamed(); (why == "") != (c.want == "") || !strings.Contains(why, c.want) {
			t.Errorf("%s: %q", name, why)
		}
	}
	for name, c := range map[string]struct {
		to, seen redshift.Type
		longest  int
		want     bool
	}{
		"nothing seen":              {named(redshift.Date), varchar(256), 0, true},
		"text that fits exactly":    {varchar(5), varchar(8), 5, true},
		"text that is too long":     {varchar(5), varchar(8), 6, false},
		"a number as text":          {varchar(5), named(redshift.Integer), 5, true},
		"a date as text":            {varchar(9), named(redshift.Date), 10, false},
		"digits cut off":            {decimal(10, 1), decimal(4, 2), 5, false},
		"fewer digits":              {decimal(10, 2), decimal(4, 1), 5, true},
		"too many before the point": {decimal(4, 2), decimal(5, 2), 6, false},
		"integers":                  {decimal(12, 2), named(redshift.Integer), 5, true},
		"integers, too narrow":      {decimal(10, 2), named(redshift.Integer), 5, false},
		"long integers":             {decimal(19, 0), named(redshift.BigInt), 5, true},
		"time dropped":              {named(redshift.Date), named(redshift.Timestamp), 19, false},
		"zone dropped":              {named(redshift.Timestamp), named(redshift.TimestampTZ), 25, false},
		"a day as a moment":         {named(redshift.Timestamp), named(redshift.Date), 10, true},
		"text as a number":          {named(redshift.Integer), varchar(8), 2, false},
		"text as SUPER":             {named(redshift.Super), varchar(8), 2, false},
	} {
		in := loadInput(t)
		in.Asked = true
		in.Columns[1] = LoadColumn{Name: "name", Type: c.seen, Longest: c.longest}
		in.Types = map[string]redshift.Type{"name": c.to}
		if why := in.Streamed(); (why == "") != c.want {
			t.Errorf("%s: %q", name, why)
		}
	}
	in := loadInput(t)
	in.Asked, in.Columns = true, in.Columns[:1]
	if why := in.Streamed(); !strings.Contains(why, "empty line") {
		t.Errorf("one column: %q", why)
	}
}
