package planner

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sealift/sealift/internal/redshift"
	"github.com/sealift/sealift/job"
)

func TestCompareNeedsNoTargetAndNoStage(t *testing.T) {
	t.Parallel()
	in := input(t)
	in.Target, in.Stage.KMSKeyARN = nil, ""
	in.Queries[2] = []redshift.Column{column(t, "a", "integer"), column(t, "B", "char(3)")}
	in.Job.Tables = []job.Table{
		{Select: job.Pattern{Text: "sales.orders"}, As: "dev.orders", Columns: []string{"order_id", "note"}, Where: "note <> 'a?b'", Mode: "append"},
		{Select: job.Pattern{Text: "sales.lines"}, Columns: []string{"order_id", "payload"}},
		{Query: "select 1 a, 'x' as \"B\"", As: "public.q", Mode: "merge", Key: []string{"B", "A"}},
	}
	p, err := Compare(in)
	if err != nil {
		t.Fatal(err)
	}
	type row struct{ Source, Target, Mode, Rows, Key string }
	var got []row
	for _, table := range p.Tables {
		got = append(got, row{table.Source, table.Target, table.Mode, table.Rows.String(), strings.Join(table.Key, ",")})
		if len(table.Steps)+len(table.Undo) > 0 {
			t.Errorf("%s has steps", table.Target)
		}
	}
	want := []row{
		{"sales.orders", "dev.orders", "append", "SELECT \"order_id\", \"note\"\nFROM \"sales\".\"orders\"\nWHERE (note <> 'a?b')", "order_id"},
		{"(query)", "public.q", "merge", "SELECT \"a\", \"B\"\nFROM (\nselect 1 a, 'x' as \"B\"\n) AS q", "B,a"},
		{"sales.lines", "sales.lines", "create", "SELECT \"order_id\", \"payload\"\nFROM \"sales\".\"lines\"", ""},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// A key of which a column is not moved tells nothing apart in the target.
func TestKeyThatIsNotMovedIsNoKey(t *testing.T) {
	t.Parallel()
	in := input(t)
	in.Job.Tables = []job.Table{{Select: job.Pattern{Text: "sales.orders"}, Columns: []string{"note"}}}
	p, err := Compare(in)
	if err != nil || len(p.Tables) != 1 || p.Tables[0].Key != nil {
		t.Errorf("%+v, %v", p, err)
	}
	in.Job.Tables[0].Mode, in.Job.Tables[0].Key = "merge", []string{"order_id"}
	_, err = Compare(in)
	if mistakes, ok := errors.AsType[job.Errors](err); !ok || len(mistakes) != 1 || !strings.Contains(err.Error(), "sales.orders moves no column order_id") {
		t.Errorf("error %v", err)
	}
}
