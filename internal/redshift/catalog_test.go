package redshift_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/sealift/sealift/internal/redshift"
)

// answers is a catalog: for a text that a query holds, the rows or the error of its answer. Rows are given with bars
// between the values.
type answers map[string]any

func (a answers) Query(_ context.Context, sql redshift.SQL, each func(row []*string) error) error {
	var answer any
	key := ""
	for k, v := range a {
		if strings.Contains(sql.String(), k) && len(k) > len(key) {
			answer, key = v, k
		}
	}
	switch answer := answer.(type) {
	case nil:
		return fmt.Errorf("no answer to %s", sql)
	case error:
		return answer
	case []string:
		for _, r := range answer {
			if err := each(row(strings.Split(r, "|")...)); err != nil {
				return err
			}
		}
		return nil
	default:
		return fmt.Errorf("answer of type %T", answer)
	}
}

func warehouse() answers {
	return answers{
		"version()":                             []string{"PostgreSQL 8.0.2 on i686-pc-linux-gnu, Redshift 1.0.98765|analytics"},
		"SHOW enable_case_sensitive_identifier": []string{"off"},
		"db_collation":                          []string{"case_sensitive"},
		"stv_db_isolation_level":                []string{"dev             |Serializable        ", "analytics          |Snapshot Isolation  "},
		"SELECT n.nspname FROM":                 []string{"pg_catalog", "pg_temp_3", "information_schema", "public", "sales", "crm", "sealift", "catalog_history"},
		"SELECT c.relname FROM":                 []string{"ledger", "fence"},
		"FROM pg_catalog.pg_class c\nJOIN": []string{
			"100|sales|orders|r|etl|1|{etl=arwdRxtD/etl,reader=r/etl,=r/etl}",
			"101|sales|lines|r|etl|9|NULL",
			"102|crm|customers|r|root|8|{root=a/root,nobody=?/root}",
			"103|sales|v_daily|v|etl|0|NULL",
			"104|public|mv_tbl__daily__0|r|etl|0|NULL",
			"105|public|empty|r|NULL|0|NULL",
			"106|public|odd|r|etl|77|NULL",
		},
		"format_encoding": []string{
			`100|1|order_id|bigint|t|az64|f|0|"identity"(100, 0, '1,1'::text)|NULL`,
			"100|2|customer_id|integer|t|az64|t|0|NULL|NULL",
			"100|4|placed_at|timestamp without time zone|f|none|f|1|getdate()|NULL",
			"100|5|note|character varying(65535)|f|lzo|f|2|'x'::character varying|{reader=r/etl}",
			"101|1|order_id|bigint|f|az64|t|-2|NULL|NULL",
			"101|2|line|integer|f|az64|f|1|NULL|NULL",
			"102|1|id|integer|t|none|f|0|NULL|NULL",
			"102|2|shape|geometry|f|none|f|0|NULL|NULL",
			"102|3|what|json|f|new|f|0|1, 2|NULL",
			"105|1|a|integer|f|none|f|0|NULL|NULL",
			"106|1|a|integer|f|none|f|1|NULL|NULL",
			"999|1|gone|integer|f|none|f|0|NULL|NULL",
		},
		"pg_constraint": []string{
			"p|orders_pkey|100|sales|orders|{1}|0|NULL|NULL|NULL",
			"u|orders_u|100|sales|orders|{2,4}|0|NULL|NULL|NULL",
			"f|orders_customer|100|sales|orders|{2}|102|crm|customers|{1}",
			"f|orders_parent|100|sales|orders|{1}|100|sales|orders|{1}",
			"f|orders_far|100|sales|orders|{2,1}|555|far|away|{3,1}",
			"p|broken|105|public|empty|{7}|0|NULL|NULL|NULL",
			"f|far_away|555|far|away|{1}|102|crm|customers|{1}",
		},
		"a.attrelid IN (555)": []string{"555|1|one", "555|3|three"},
		"pg_description":      []string{"100|0|all orders; 'quoted'", "100|2|whose", "100|3|of a dropped column", "999|0|gone"},
		"pg_depend":           []string{"100|sales|v_daily|v", "100|sales|m_daily|m", "999|x|y|v"},
		"svv_relation_privileges": []string{
			"sales|orders|auditor|SELECT|f", "sales|orders|auditor|REFERENCES|f", "sales|orders|owner|DROP|t", "sales|orders|owner|STARE|t", "x|y|z|SELECT|f",
		},
		"svv_all_columns": []string{"sales|orders|note", "sales|gone|note"},
		"svv_table_info":  []string{"100|placed_at|1000|12|12.50", "106|AUTO(SORTKEY(a))|5|1|0.00", "999|NULL|1|1|NULL"},
	}
}

var exported = cmp.Options{cmpopts.EquateComparable(redshift.Ident{}, redshift.Table{})}

func TestReadCatalog(t *testing.T) {
	t.Parallel()
	c, err := redshift.ReadCatalog(t.Context(), warehouse(), redshift.Filter{})
	if err != nil {
		t.Fatal(err)
	}
	id := func(s string) redshift.Ident { return ident(t, s) }
	ids := func(names ...string) []redshift.Ident {
		var out []redshift.Ident
		for _, n := range names {
			out = append(out, id(n))
		}
		return out
	}
	want := &redshift.Catalog{
		Database: "analytics", Version: "PostgreSQL 8.0.2 on i686-pc-linux-gnu, Redshift 1.0.98765", Isolation: "Snapshot Isolation", Collation: "case_sensitive",
		Schemas: map[redshift.Ident]bool{id("public"): true, id("sales"): true, id("crm"): true, id("sealift"): true},
		Ledger:  true,
		Views: map[redshift.Table]string{
			table(t, "sales.v_daily"): "view", table(t, "public.mv_tbl__daily__0"): "storage of a materialized view",
		},
		Tables: []redshift.TableDef{
			{
				Table: table(t, "crm.customers"), Owner: "root", DistStyle: redshift.DistAll, SortStyle: redshift.SortNone,
				Columns: []redshift.Column{
					{Name: id("id"), Type: typ(t, "integer"), NotNull: true, Encoding: "raw"},
					{Name: id("shape"), Type: typ(t, "geometry"), Encoding: "raw"},
					{Name: id("what"), Type: redshift.Type{Name: "json"}},
				},
				Dependents: []redshift.Dependent{{Kind: "foreign key", Name: "far.away"}, {Kind: "foreign key", Name: "sales.orders"}},
				Problems:   []string{"column what: its default 1, 2 cannot be written again: a comma outside of parentheses: one expression is wanted"},
				Notes: []string{
					`grants are not carried over: read access list {root=a/root,nobody=?/root}: "nobody=?/root" has the unknown privilege '?'`,
					`encoding "new" of column what is not known and left to the target`,
				},
			},
			{
				Table: table(t, "public.empty"), DistStyle: redshift.DistEven, SortStyle: redshift.SortNone,
				Columns:  []redshift.Column{{Name: id("a"), Type: typ(t, "integer"), Encoding: "raw"}},
				Problems: []string{"constraint broken: column 7 is not there; the table was altered just now, plan again"},
			},
			{
				Table: table(t, "public.odd"), Owner: "etl", DistStyle: redshift.DistAuto, SortStyle: redshift.SortAuto,
				Columns:       []redshift.Column{{Name: id("a"), Type: typ(t, "integer"), Encoding: "raw"}},
				EstimatedRows: 5, EstimatedBytes: 1 << 20,
				Notes: []string{"distribution style 77 is not known; AUTO is taken"},
			},
			{
				Table: table(t, "sales.lines"), Owner: "etl", DistStyle: redshift.DistAuto, SortStyle: redshift.SortInterleaved,
				Columns: []redshift.Column{
					{Name: id("order_id"), Type: typ(t, "bigint"), Encoding: "az64", SortKey: 2},
					{Name: id("line"), Type: typ(t, "integer"), Encoding: "az64", SortKey: 1},
				},
			},
			{
				Table: table(t, "sales.orders"), Owner: "etl", DistStyle: redshift.DistKey, SortStyle: redshift.SortCompound,
				Columns: []redshift.Column{
					{Name: id("order_id"), Type: typ(t, "bigint"), NotNull: true, Encoding: "az64", Identity: &redshift.Identity{Seed: 1, Step: 1}},
					{Name: id("customer_id"), Type: typ(t, "integer"), NotNull: true, Encoding: "az64", DistKey: true, Comment: "whose"},
					{Name: id("placed_at"), Type: typ(t, "timestamp"), Encoding: "raw", SortKey: 1, Default: "getdate()"},
					{Name: id("note"), Type: typ(t, "varchar(65535)"), Encoding: "lzo", SortKey: 2, Default: "'x'::character varying", Collate: "case_insensitive"},
				},
				PrimaryKey: &redshift.Key{Name: id("orders_pkey"), Columns: ids("order_id")},
				Uniques:    []redshift.Key{{Name: id("orders_u"), Columns: ids("customer_id", "placed_at")}},
				ForeignKeys: []redshift.ForeignKey{
					{Name: id("orders_customer"), Columns: ids("customer_id"), RefTable: table(t, "crm.customers"), RefColumns: ids("id")},
					{Name: id("orders_parent"), Columns: ids("order_id"), RefTable: table(t, "sales.orders"), RefColumns: ids("order_id")},
					{Name: id("orders_far"), Columns: ids("customer_id", "order_id"), RefTable: table(t, "far.away"), RefColumns: ids("three", "one")},
				},
				Comment: "all orders; 'quoted'",
				Grants: []redshift.Grant{
					{Grantee: id("reader"), Kind: redshift.ToUser, Privileges: []string{"SELECT"}},
					{Kind: redshift.ToPublic, Privileges: []string{"SELECT"}},
					{Grantee: id("auditor"), Kind: redshift.ToRole, Privileges: []string{"SELECT", "REFERENCES"}},
					{Grantee: id("owner"), Kind: redshift.ToRole, Privileges: []string{"DROP"}, GrantOption: true},
				},
				Dependents: []redshift.Dependent{
					{Kind: "materialized view", Name: "sales.m_daily"}, {Kind: "view", Name: "sales.v_daily"},
				},
				EstimatedRows: 1000, EstimatedBytes: 12 << 20, StatisticsOff: 12.5,
				Notes: []string{"grants on the column note alone are not carried over", "the grant of STARE to role owner is not carried over"},
			},
		},
	}
	if diff := cmp.Diff(want, c, exported); diff != "" {
		t.Errorf("catalog (-want +got):\n%s", diff)
	}
	if d := c.Table(table(t, "sales.orders")); d == nil || d.Comment == "" {
		t.Errorf("sales.orders: %v", d)
	}
	if d := c.Table(table(t, "sales.order")); d != nil || d.Fingerprint() != redshift.Absent || d.ColumnsFingerprint() != redshift.Absent {
		t.Errorf("sales.order: %v", d)
	}
	if !c.HasSchema(id("crm")) || c.HasSchema(id("catalog_history")) {
		t.Error("schemas")
	}
}

// TestColumnsPrint shows that the query of a running transaction and the catalog come to the same fingerprint, and that
// every change of the columns changes it.
func TestColumnsPrint(t *testing.T) {
	t.Parallel()
	c, err := redshift.ReadCatalog(t.Context(), warehouse(), redshift.Filter{})
	if err != nil {
		t.Fatal(err)
	}
	rows := [][]*string{
		row("order_id", "bigint", "t", `"identity"(4711, 0, '1,1'::text)`),
		row("customer_id", "integer", "t", "NULL"),
		row("placed_at", "timestamp without time zone", "f", "getdate()"),
		row("note", "character varying(65535)", "f", "'x'::character varying"),
	}
	sum := func(rows [][]*string) string {
		var p redshift.ColumnsPrint
		for _, r := range rows {
			if err := p.Add(r); err != nil {
				t.Fatal(err)
			}
		}
		return p.Sum()
	}
	d := c.Table(table(t, "sales.orders"))
	same := d.ColumnsFingerprint()
	if got := sum(rows); got != same {
		t.Errorf("%s in a transaction, %s from the catalog", got, same)
	}
	if got := sum(nil); got != redshift.Absent {
		t.Errorf("no rows: %s", got)
	}
	seen := map[string]string{same: "no change"}
	for name, change := range map[string]func(rows [][]*string) [][]*string{
		"type":          func(r [][]*string) [][]*string { *r[1][1] = "bigint"; return r },
		"length":        func(r [][]*string) [][]*string { *r[3][1] = "character varying(65534)"; return r },
		"name":          func(r [][]*string) [][]*string { *r[1][0] = "customer"; return r },
		"null":          func(r [][]*string) [][]*string { *r[2][2] = "t"; return r },
		"default":       func(r [][]*string) [][]*string { *r[2][3] = "sysdate"; return r },
		"no default":    func(r [][]*string) [][]*string { r[2][3] = nil; return r },
		"identity":      func(r [][]*string) [][]*string { *r[0][3] = `"identity"(4711, 0, '1,2'::text)`; return r },
		"identity kind": func(r [][]*string) [][]*string { *r[0][3] = `default_identity(4711, 0, '1,1'::text)`; return r },
		"order":         func(r [][]*string) [][]*string { r[1], r[2] = r[2], r[1]; return r },
		"dropped":       func(r [][]*string) [][]*string { return r[:3] },
		"added":         func(r [][]*string) [][]*string { return append(r, row("x", "integer", "f", "NULL")) },
		"unknown type":  func(r [][]*string) [][]*string { *r[3][1] = "json"; return r },
	} {
		var copied [][]*string
		for _, r := range rows {
			var values []string
			for _, v := range r {
				if v == nil {
					values = append(values, "NULL")
				} else {
					values = append(values, *v)
				}
			}
			copied = append(copied, row(values...))
		}
		got := sum(change(copied))
		if other, ok := seen[got]; ok {
			t.Errorf("%s and %s have the same fingerprint", name, other)
		}
		seen[got] = name
	}
	for _, bad := range [][]*string{nil, row("a"), row("NULL", "integer", "t", "NULL"), row("a", "NULL", "t", "NULL"), row("a", "integer", "x", "NULL"), row("a", "integer", "NULL", "NULL"), row("", "integer", "t", "NULL")} {
		var p redshift.ColumnsPrint
		if err := p.Add(bad); err == nil {
			t.Errorf("taken: %v", bad)
		}
	}
}

func TestFingerprint(t *testing.T) {
	t.Parallel()
	base := definitions(t)["orders"]
	seen := map[string]string{base.Fingerprint(): "no change"}
	for name, change := range map[string]func(d *redshift.TableDef){
		"name":          func(d *redshift.TableDef) { d.Table = table(t, "sales.other") },
		"column":        func(d *redshift.TableDef) { d.Columns[1].NotNull = false },
		"dist style":    func(d *redshift.TableDef) { d.DistStyle = redshift.DistAll },
		"dist key":      func(d *redshift.TableDef) { d.Columns[1].DistKey, d.Columns[2].DistKey = false, true },
		"sort style":    func(d *redshift.TableDef) { d.SortStyle = redshift.SortInterleaved },
		"sort key":      func(d *redshift.TableDef) { d.Columns[2].SortKey, d.Columns[3].SortKey = 2, 1 },
		"primary key":   func(d *redshift.TableDef) { d.PrimaryKey = nil },
		"unique":        func(d *redshift.TableDef) { d.Uniques[0].Columns = d.Uniques[0].Columns[:1] },
		"foreign key":   func(d *redshift.TableDef) { d.ForeignKeys[0].RefTable = table(t, "crm.other") },
		"foreign key 2": func(d *redshift.TableDef) { d.ForeignKeys = nil },
		"dependent":     func(d *redshift.TableDef) { d.Dependents = []redshift.Dependent{{Kind: "view", Name: "x.y"}} },
	} {
		d := base.Clone()
		change(&d)
		got := d.Fingerprint()
		if other, ok := seen[got]; ok {
			t.Errorf("%s and %s have the same fingerprint", name, other)
		}
		seen[got] = name
	}
	d := base.Clone()
	d.Comment, d.Grants, d.EstimatedRows, d.Columns[0].Encoding, d.Owner = "", nil, 5, "raw", "x"
	if d.Fingerprint() != base.Fingerprint() {
		t.Error("what does not matter changes the fingerprint")
	}
}

// TestReadCatalogWithout shows what happens where views are missing or refused: optional ones are noted, others are an
// error.
func TestReadCatalogWithout(t *testing.T) {
	t.Parallel()
	denied := &redshift.ServerError{Code: "42501", Message: "permission denied for relation"}
	absent := &redshift.ServerError{Code: "42P01", Message: `relation does not exist`}
	broken := errors.New("connection lost")
	for key, optional := range map[string]bool{
		"SHOW enable_case_sensitive_identifier": true, "db_collation": true, "stv_db_isolation_level": true, "svv_relation_privileges": true, "svv_all_columns": true, "svv_table_info": true,
		"version()": false, "SELECT n.nspname FROM": false, "FROM pg_catalog.pg_class c\nJOIN": false, "format_encoding": false, "pg_constraint": false, "pg_description": false, "pg_depend": false,
	} {
		for _, refusal := range []error{denied, absent, broken} {
			w := warehouse()
			w[key] = fmt.Errorf("query: %w", refusal)
			c, err := redshift.ReadCatalog(t.Context(), w, redshift.Filter{})
			if wantErr := !optional || errors.Is(refusal, broken); wantErr != (err != nil) {
				t.Errorf("%s, %v: %v", key, refusal, err)
				continue
			}
			if err != nil {
				if !errors.Is(err, refusal) {
					t.Errorf("%s: the cause is lost: %v", key, err)
				}
				continue
			}
			if len(c.Notes) != 1 && key != "SHOW enable_case_sensitive_identifier" && key != "db_collation" {
				t.Errorf("%s: notes %q", key, c.Notes)
			}
		}
	}
	// Rows that make no sense are errors, not panics.
	for key := range warehouse() {
		for _, bad := range []string{"", "NULL", "x", "NULL|NULL", "x|y|z", "100|NULL|NULL|NULL|NULL|NULL|NULL|NULL|NULL|NULL", "NULL|NULL|NULL|NULL|NULL|NULL|NULL", "100|100|100|100|100|100|100|100|100|100"} {
			w := warehouse()
			w[key] = []string{bad}
			if c, err := redshift.ReadCatalog(t.Context(), w, redshift.Filter{}); err == nil && c == nil {
				t.Errorf("%s: neither catalog nor error", key)
			}
		}
	}
}

func TestFilter(t *testing.T) {
	t.Parallel()
	w := warehouse()
	var asked []string
	q := recorder{w, &asked}
	if _, err := redshift.ReadCatalog(t.Context(), q, redshift.Filter{Schemas: []redshift.Ident{ident(t, "sales"), ident(t, `x' OR 'a'='a`)}}); err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, sql := range asked {
		if strings.Contains(sql, `n.nspname IN ('', 'sales', 'x'' OR ''a''=''a')`) {
			n++
		}
	}
	if n != 4 {
		t.Errorf("%d queries are limited", n)
	}
}

type recorder struct {
	redshift.Querier
	asked *[]string
}

func (r recorder) Query(ctx context.Context, sql redshift.SQL, each func(row []*string) error) error {
	*r.asked = append(*r.asked, sql.String())
	return r.Querier.Query(ctx, sql, each)
}

// large is a catalog of many tables with 20 columns each, made row by row as a server sends it.
type large struct{ tables int }

func (l large) Query(_ context.Context, sql redshift.SQL, each func(row []*string) error) error {
	text := sql.String()
	emit := func(format string, args ...any) error {
		return each(row(strings.Split(fmt.Sprintf(format, args...), "|")...))
	}
	switch {
	case strings.Contains(text, "version()"):
		return emit("Redshift|dev")
	case strings.Contains(text, "pg_class c\nJOIN"):
		for i := range l.tables {
			if err := emit("%d|schema_%d|table_number_%d|r|etl|9|{etl=arwdRxtD/etl,reader=r/etl}", i+1000, i%10, i); err != nil {
				return err
			}
		}
	case strings.Contains(text, "format_encoding"):
		for i := range l.tables {
			for j := range 20 {
				if err := emit("%d|%d|column_%d|character varying(%d)|f|lzo|f|0|NULL|NULL", i+1000, j+1, j, 10+j); err != nil {
					return err
				}
			}
		}
	case strings.Contains(text, "svv_table_info"):
		for i := range l.tables {
			if err := emit("%d|NULL|%d|%d", i+1000, i, i); err != nil {
				return err
			}
		}
	}
	return nil
}

func BenchmarkReadCatalog(b *testing.B) {
	b.ReportAllocs()
	var c *redshift.Catalog
	for b.Loop() {
		var err error
		if c, err = redshift.ReadCatalog(b.Context(), large{10_000}, redshift.Filter{}); err != nil {
			b.Fatal(err)
		}
	}
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	b.ReportMetric(float64(m.HeapAlloc)/1e6, "MB-kept")
	runtime.KeepAlive(c)
}
