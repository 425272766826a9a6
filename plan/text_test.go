package plan_test

import (
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/sealift/sealift/internal/show"
	"github.com/sealift/sealift/plan"
)

var updateText = flag.Bool("update", false, "rewrite the golden files")

func statement(sql string, role plan.Role, about string) plan.Statement {
	st := plan.Statement{Role: role, About: about}
	if err := st.SQL.UnmarshalText([]byte(sql)); err != nil {
		panic(err)
	}
	return st
}

// sample has every way to publish, every kind of step, and names and notes of every length.
func sample() *plan.Plan {
	steps := func(table string) []plan.Step {
		return []plan.Step{
			{ID: table + "/unload", Kind: plan.Unload, About: "unload " + table, Statements: []plan.Statement{
				statement("select count(*) from "+table+" where note = 'NULL-7f'", plan.MustBeZero, "values equal the NULL marker"),
				statement("unload ('select * from "+table+"')\nto {{prefix}}", plan.Unloads, ""),
			}},
			{ID: table + "/check", Kind: plan.Check, About: "hold every object against the manifest"},
			{ID: table + "/load", Kind: plan.Load, About: "copy into a shadow", Statements: []plan.Statement{
				statement("copy shadow from {{manifest}}", plan.Copies, ""),
			}},
			{ID: table + "/empty", Kind: plan.Empty, About: "empty the stage"},
		}
	}
	return &plan.Plan{
		Version: plan.Version, ID: "9f41c2a07d11",
		Source: plan.Warehouse{Cluster: "prod-dw", Region: "eu-west-1", Database: "analytics", Account: "111111111111"},
		Target: plan.Warehouse{Workgroup: "dev", Database: "analytics"},
		Stage:  plan.Stage{Bucket: "corp-sealift", Prefix: "prod-to-dev", KMSKey: "alias/sealift"},
		Prologue: []plan.Step{
			{ID: "ledger", Kind: plan.Prepare, About: "make sure of the ledger", Statements: []plan.Statement{statement("create table if not exists sealift.ledger (id char(32))", "", "")}},
			{ID: "schema/dev", Kind: plan.Prepare, About: "create schema dev", Statements: []plan.Statement{statement("create schema if not exists dev", "", "")}},
			{ID: "schema/sales", Kind: plan.Prepare, About: "create schema sales", Statements: []plan.Statement{statement("create schema if not exists sales", "", "")}},
		},
		Tables: []plan.Table{
			{Source: "crm.customers", Target: "dev.customers", Mode: "create", Method: plan.Create, Format: "parquet", EstimatedRows: 480_000, EstimatedBytes: 62_000_000, Notes: []string{"where country <> 'DE'"}, Steps: steps("crm.customers")},
			{Source: "sales.events", Target: "sales.events", Mode: "append", Method: plan.Append, Format: "text", EstimatedRows: 9_000_000, EstimatedBytes: 2_200_000_000, Notes: []string{"SUPER column payload needs text"}},
			{Source: "sales.order_lines", Target: "sales.order_lines", Mode: "replace", Method: plan.DeleteInsert, Format: "parquet", EstimatedRows: 61_200_000, EstimatedBytes: 4_800_000_000, Notes: []string{"view sales.v_daily depends on it"}},
			{
				Source: "sales.orders", Target: "sales.orders", Mode: "replace", Method: plan.Swap, Format: "parquet", EstimatedRows: 12_400_000, EstimatedBytes: 1_100_000_000,
				Notes: []string{"3 grants carried over"}, Differences: []string{"column note VARCHAR(200) -> VARCHAR(400)"},
				Undo: []plan.Step{{ID: "sales.orders/discard", Kind: plan.Discard, About: "drop the shadow", Statements: []plan.Statement{statement("drop table if exists shadow", "", "")}}},
			},
			{Source: "(query)", Target: `sales."` + strings.Repeat("long name ", 5) + `"`, Mode: "create", Method: plan.Fill, Format: "text"},
		},
		Epilogue: []plan.Step{
			{ID: "sales.order_lines/foreign-key-1", Kind: plan.Relate, About: "declare the foreign key from sales.order_lines to sales.orders", Needs: []string{"sales.order_lines", "sales.orders"}, Statements: []plan.Statement{statement("alter table sales.order_lines add foreign key (order_id) references sales.orders", "", "")}},
		},
	}
}

func goldenText(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *updateText {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s: -want +got\n%s", name, diff)
	}
}

func TestText(t *testing.T) {
	t.Parallel()
	text := sample().Text(plan.TextOptions{})
	goldenText(t, "plan.txt", text)
	for line := range strings.Lines(text) {
		if utf8.RuneCountInString(line) > show.Width+1 {
			t.Errorf("%d columns: %s", utf8.RuneCountInString(line), line)
		}
	}
	goldenText(t, "plan-sql.txt", sample().Text(plan.TextOptions{SQL: true}))
}

// A name or a comment cannot become a statement of its own, nor act on the terminal.
func TestHostileNamesStayOnTheirLine(t *testing.T) {
	t.Parallel()
	evil := "a.b\n; drop table x; \x1b[2J--"
	p := &plan.Plan{Tables: []plan.Table{{
		Source: evil, Target: evil, Mode: evil, Format: evil, Notes: []string{evil}, Differences: []string{evil},
		Steps: []plan.Step{{ID: evil, Kind: plan.Publish, About: evil, Needs: []string{evil}, Statements: []plan.Statement{statement("select 1", plan.MustBeZero, evil)}}},
	}}}
	text := p.Text(plan.TextOptions{SQL: true})
	if strings.ContainsAny(text, "\x1b") || strings.Contains(text, "\n;") {
		t.Errorf("%q", text)
	}
}

func TestOnly(t *testing.T) {
	t.Parallel()
	whole := sample()
	if err := whole.Seal(); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		keep               []string
		prologue, epilogue []string
	}{
		"one":       {[]string{"dev.customers"}, []string{"ledger", "schema/dev"}, nil},
		"no pair":   {[]string{"sales.orders", "sales.events"}, []string{"ledger", "schema/sales"}, nil},
		"both ends": {[]string{"sales.order_lines", "sales.orders"}, []string{"ledger", "schema/sales"}, []string{"sales.order_lines/foreign-key-1"}},
	} {
		part, err := whole.Only(func(t plan.Table) bool {
			return slices.Contains(c.keep, t.Target)
		})
		if err != nil {
			t.Fatal(err)
		}
		var tables []string
		for _, table := range part.Tables {
			tables = append(tables, table.Target)
		}
		if diff := cmp.Diff([][]string{sorted(c.keep), c.prologue, c.epilogue}, [][]string{sorted(tables), ids(part.Prologue), ids(part.Epilogue)}); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
		if part.ID == whole.ID || part.ID == "" {
			t.Errorf("%s: id %q", name, part.ID)
		}
	}
	if _, err := whole.Only(func(plan.Table) bool { return false }); err == nil {
		t.Error("a plan of nothing")
	}
	if len(whole.Tables) != 5 || len(whole.Epilogue) != 1 {
		t.Error("the whole plan was changed")
	}
}

func ids(steps []plan.Step) []string {
	var found []string
	for _, s := range steps {
		found = append(found, s.ID)
	}
	return found
}

func sorted(names []string) []string { return slices.Sorted(slices.Values(names)) }
