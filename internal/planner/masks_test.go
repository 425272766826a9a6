package planner

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/sealift/sealift/internal/mask"
	"github.com/sealift/sealift/internal/redshift"
	"github.com/sealift/sealift/job"
)

// What somebody wrote for a column's name need not be one that a column can have.
func TestMaskOfWhatIsNoName(t *testing.T) {
	t.Parallel()
	for _, name := range []string{strings.Repeat("x", 200), "a\x00b", "\xff"} {
		in := input(t)
		in.Job.Masking = &job.Masking{Key: "env:K", Environment: "test", Epoch: "1"}
		in.Dictionaries = mask.BuiltIn()
		in.Job.Tables = []job.Table{{Select: job.Pattern{Text: "sales.orders"}, Mask: map[string]job.Mask{name: {Use: "null"}}}}
		if _, err := Build(in); err == nil || !strings.Contains(err.Error(), "the table has no such column") {
			t.Errorf("%q: %v", name, err)
		}
	}
}

// TestTallies: what is asked of the source is asked of tables whose masks hash something, and the plan says what was answered, or why
// nothing was.
func TestTallies(t *testing.T) {
	t.Parallel()
	masked := func() Input {
		in := input(t)
		in.Job.Masking = &job.Masking{Key: "env:K", Environment: "test", Epoch: "1"}
		in.Dictionaries = mask.BuiltIn()
		in.Job.Tables = []job.Table{
			{Select: job.Pattern{Text: "sales.orders"}, Mask: map[string]job.Mask{"order_id": {Use: "passthrough"}, "note": {Use: "hash_hex"}, "total": {Use: "round"}}},
			{Select: job.Pattern{Text: "sales.lines"}, Mask: map[string]job.Mask{"line_id": {Use: "passthrough"}, "order_id": {Use: "passthrough"}, "payload": {Use: "null"}}},
		}
		return in
	}
	in := masked()
	ask := AskTallies(&in)
	if len(ask) != 1 {
		t.Fatalf("%d questions", len(ask))
	}
	if got, want := ask[0].SQL().String(), "SELECT COUNT(*), COUNT(\"note\"), COUNT(DISTINCT \"note\")\nFROM (SELECT \"note\" FROM \"sales\".\"orders\" LIMIT 100000) s"; got != want {
		t.Errorf("asked %s, want %s", got, want)
	}
	row := func(values ...string) []*string {
		var out []*string
		for _, v := range values {
			out = append(out, new(v))
		}
		return out
	}
	for _, bad := range [][]*string{row("1", "1"), row("1", "1", "one"), {new("1"), nil, new("1")}} {
		if err := ask[0].Read(bad); err == nil {
			t.Errorf("%d fields are taken", len(bad))
		}
	}
	notes := func() string {
		t.Helper()
		p, err := Build(in)
		if err != nil {
			t.Fatal(err)
		}
		for _, table := range p.Tables {
			if table.Source == "sales.orders" {
				return strings.Join(table.Notes, "\n")
			}
		}
		t.Fatal("the table is gone")
		return ""
	}
	if got := notes(); !strings.Contains(got, "note: among 1000 values") {
		t.Errorf("without an answer: %s", got)
	}
	for _, c := range []struct{ rows, want string }{{"99999", "note: 7 different among 900: "}, {"100000", "note: 7 different among 900 that were looked at: "}} {
		if err := ask[0].Read(row(c.rows, "900", "7")); err != nil {
			t.Fatal(err)
		}
		if got := notes(); !strings.Contains(got, c.want) {
			t.Errorf("%s rows: %s", c.rows, got)
		}
	}
	in = masked()
	for _, q := range AskTallies(&in) {
		q.Failed(errors.New("permission denied for relation orders"))
	}
	if got := notes(); !strings.Contains(got, "not looked at how many different values there are in note: permission denied for relation orders") {
		t.Errorf("without a right: %s", got)
	}
	in = masked()
	in.Job.Masking = nil
	if ask := AskTallies(&in); ask != nil {
		t.Errorf("a job without masks asks %d questions", len(ask))
	}
	in = masked()
	in.Job.Tables[0].Mask = map[string]job.Mask{"nothing": {Use: "nothing"}}
	if ask := AskTallies(&in); len(ask) != 0 {
		t.Errorf("a table with mistakes is asked %d questions", len(ask))
	}
}

// TestTalliesOfManyTables: no plan asks without end.
func TestTalliesOfManyTables(t *testing.T) {
	t.Parallel()
	in := input(t)
	in.Job.Masking = &job.Masking{Key: "env:K", Environment: "test", Epoch: "1", OnUnlisted: "hash"}
	in.Dictionaries = mask.BuiltIn()
	in.Job.Tables = []job.Table{{Select: job.Pattern{Text: "many.*"}}}
	var tables []redshift.TableDef
	for i := range mostTallied + 2 {
		tables = append(tables, table(t, fmt.Sprintf("many.t%03d", i), column(t, "v", "varchar(64)")))
	}
	in.Source, in.Target = catalog(tables...), catalog()
	in.Target.Schemas[must(redshift.NewIdent("many"))] = true
	if ask := AskTallies(&in); len(ask) != mostTallied {
		t.Errorf("%d questions", len(ask))
	}
	p, err := Build(in)
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(p.Tables[mostTallied].Notes, "\n"); !strings.Contains(got, "in v: only the first 100 masked tables are looked at") {
		t.Errorf("of the last: %s", got)
	}
}
