package scan_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sealift/sealift/internal/redshift"
	"github.com/sealift/sealift/internal/scan"
)

// fill makes a table in the warehouse, with SQL that is not this package's.
func (w *warehouse) fill(t *labelled, rows [][]*string) {
	w.tb.Helper()
	var columns, lines []string
	for _, c := range t.def.Columns {
		columns = append(columns, fmt.Sprintf("%q %s", c.Name.String(), c.Type))
	}
	for _, row := range rows {
		values := make([]string, len(row))
		for i, v := range row {
			values[i] = "NULL"
			if v != nil {
				values[i] = "'" + strings.NewReplacer(`'`, `''`, `\`, `\\`).Replace(*v) + "'"
			}
		}
		lines = append(lines, "("+strings.Join(values, ",")+")")
	}
	w.rows("CREATE SCHEMA IF NOT EXISTS " + t.def.Schema.String())
	w.rows(fmt.Sprintf("CREATE TABLE %s (%s)", t.def.Table, strings.Join(columns, ", ")))
	w.rows(fmt.Sprintf("INSERT INTO %s VALUES %s", t.def.Table, strings.Join(lines, ",")))
}

// ask puts a table's questions to the warehouse.
func (w *warehouse) ask(t *scan.Table) {
	w.tb.Helper()
	for _, questions := range []func() []scan.Question{t.Shapes, t.Checks} {
		for _, q := range questions() {
			rows := w.rows(q.SQL.String())
			if len(rows) != 1 {
				w.tb.Fatalf("%d rows answer a question", len(rows))
			}
			if err := q.Read(rows[0]); err != nil {
				w.tb.Fatal(err)
			}
		}
	}
}

// The warehouse counts what Go counts: every table of the catalog, its values in real tables, every shape and check. So
// the figures, which are computed in Go, hold for scans.
func TestTwinsCatalog(t *testing.T) {
	t.Parallel()
	w := session(t)
	for _, table := range readCatalog(t, "catalog.txt") {
		w.fill(&table, table.rows(t, rowsOfEach))
		inSQL, inGo := scan.New(table.def, 0), scan.New(table.def, 0)
		w.ask(inSQL)
		inGo.AnswerInGo(w.rows(fmt.Sprintf("SELECT * FROM %s", table.def.Table)))
		if diff := cmp.Diff(inGo.Counts(), inSQL.Counts()); diff != "" {
			t.Errorf("%s, Go against SQL:\n%s", table.def.Table, diff)
		}
		if inSQL.Rows() != rowsOfEach {
			t.Errorf("%s: %d rows were looked at", table.def.Table, inSQL.Rows())
		}
	}
}

// Values that are hostile to patterns and arithmetic neither end a statement nor part the twins.
func TestTwinsHostile(t *testing.T) {
	t.Parallel()
	values := []string{
		"", " ", "-", "0", strings.Repeat("9", 19), strings.Repeat("9", 20), strings.Repeat("0", 10), "000000000", "00000000000", "１２３４５６７８９", "4111 1111 1111 1111", "4111-1111-1111-1112", "+", "+49",
		"+49 30 1234567", "(212) 555-0147", "212-555-0147 x12", "1-212-555-0147", "a@b", "a@b.c", "a@b.co", "@", "a@@b.co", "é@bücher.example", "DE89370400440532013000", "DE89 3704 0044 0532 0130 00",
		"DE88370400440532013000", "GB82WEST12345698765432", "XX00", "ZZ99ZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZ", "1.2.3.4", "192.0.2.7", "255.255.255.0", "256.1.1.1", "::", "::1", "2001:db8::1", "1:2:3:4:5:6:7:8", "12:30:45",
		"00:1b:63:84:45:e6", "550e8400-e29b-41d4-a716-446655440000", "078-05-1120", "123-45-6789", "536-90-4399", "666-12-3456", "900-12-3456", "1985-03-02", "02.03.1985", "19850302", "20990101", "943 476 5919", "9434765919",
		"11144477735", "529.982.247-25", "44051401359", "111222333", "046 454 286", "1234567893", "021000021", "490154203237518", "x'; DROP TABLE t; --", `back\slash`, "line\nbreak and four more words here", "tab\there",
		"Ada Lovelace", "LOVELACE, ADA", "mary", "Smith", "O'Brien", "Zoë Müller", "😀 😀 😀 😀 😀 😀", "call 212-555-0147 or mail me at a@example.org please", "12 Main Street", "Hauptstraße 5", "90210", "90210-1234", "SW1A 1AA", "K1A 0B1",
		"DEUTDEFF", "DEUTDEFFXXX", "52.520008", "-13.4049", strings.Repeat("wort ", 300), strings.Repeat("x", 999) + " 1", "%s?{{1}}",
	}
	var table labelled
	table.def = define(t, "hostile.texts", "id integer", "v varchar(5000)")
	var rows [][]*string
	for i, v := range values {
		id := fmt.Sprint(i)
		rows = append(rows, []*string{&id, &v})
	}
	w := session(t)
	w.fill(&table, rows)
	for _, v := range values {
		// One value at a time, so that it is known which one parts the twins.
		s := scan.New(table.def, 0).AskAll()
		s.AnswerInGo([][]*string{{nil, &v}})
		for name, n := range s.Counts()["v"] {
			if n != 1 {
				t.Errorf("%.60q: %s is %d", v, name, n)
			}
		}
	}
	inSQL, inGo := scan.New(table.def, 0).AskAll(), scan.New(table.def, 0).AskAll()
	w.ask(inSQL)
	inGo.AnswerInGo(w.rows("SELECT * FROM hostile.texts"))
	if diff := cmp.Diff(inGo.Counts(), inSQL.Counts()); diff != "" {
		t.Errorf("Go against SQL:\n%s", diff)
	}
}

func define(tb testing.TB, name string, columns ...string) *redshift.TableDef {
	tb.Helper()
	table, err := redshift.ParseTable(name)
	if err != nil {
		tb.Fatal(err)
	}
	def := &redshift.TableDef{Table: table}
	for _, c := range columns {
		c, notNull := strings.CutSuffix(c, " not null")
		name, typ, _ := strings.Cut(c, " ")
		ident, err := redshift.NewIdent(name)
		if err != nil {
			tb.Fatal(err)
		}
		parsed, err := redshift.ParseType(typ)
		if err != nil {
			tb.Fatal(err)
		}
		def.Columns = append(def.Columns, redshift.Column{Name: ident, Type: parsed, NotNull: notNull})
	}
	return def
}

// A sample has about as many rows as were asked for, and the same ones again, by whatever tells rows apart.
func TestSample(t *testing.T) {
	t.Parallel()
	w := session(t)
	w.rows(`CREATE SCHEMA samples; CREATE TABLE samples.t (id bigint, name varchar(20), at date, x double precision)`)
	w.rows(`INSERT INTO samples.t SELECT i, CASE WHEN MOD(i, 7) > 0 THEN 'n' || i END, '2025-01-01', i FROM generate_series(1, 4000) i`)
	name := func(column string) redshift.Ident {
		n, err := redshift.NewIdent(column)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	for what, change := range map[string]func(d *redshift.TableDef){
		"key": func(d *redshift.TableDef) { d.PrimaryKey = &redshift.Key{Columns: []redshift.Ident{name("id")}} },
		"two": func(d *redshift.TableDef) {
			d.Uniques = []redshift.Key{{Columns: []redshift.Ident{name("name"), name("id")}}}
		},
		"counter": func(d *redshift.TableDef) { d.Columns[0].Identity = &redshift.Identity{Seed: 1, Step: 1} },
		"none":    func(*redshift.TableDef) {},
	} {
		var before int64
		for range 2 {
			def := define(t, "samples.t", "id bigint", "name varchar(20)", "at date", "x double precision")
			def.EstimatedRows = 1_000_000 // of which 20,000 are one in fifty
			change(def)
			s := scan.New(def, 20_000)
			w.ask(s)
			if n := s.Rows(); n < 40 || n > 160 || before != 0 && n != before {
				t.Errorf("%s: %d rows of 4,000 are looked at, %d before", what, n, before)
			}
			before = s.Rows()
		}
	}
	// Rows without a value in the key are among them.
	without := define(t, "samples.t", "id bigint", "name varchar(20)")
	without.EstimatedRows, without.Uniques = 1_000_000, []redshift.Key{{Columns: []redshift.Ident{name("name"), name("id")}}}
	if rows := w.rows(fmt.Sprintf("SELECT COUNT(*) FROM samples.t WHERE name IS NULL AND %s", scan.SampleWhere(without, 20_000))); *rows[0][0] == "0" {
		t.Error("no row with NULL in its key is looked at")
	}
	// Where nothing can be hashed, others come each time.
	def := define(t, "samples.t", "x double precision")
	def.EstimatedRows = 1_000_000
	def.Columns[0].Name = name("x")
	if rows := w.rows(fmt.Sprintf("SELECT COUNT(*) FROM samples.t WHERE %s", scan.SampleWhere(def, 20_000))); *rows[0][0] == "0" || *rows[0][0] == "4000" {
		t.Errorf("%s rows by chance", *rows[0][0])
	}
}

func BenchmarkFind(b *testing.B) {
	var tables []*scan.Table
	for i := range 1000 {
		columns := []string{"id bigint not null", "first_name varchar(40)", "email varchar(100)", "dob date", "notes varchar(2000)"}
		for c := len(columns); c < 50; c++ {
			columns = append(columns, fmt.Sprintf("product_attribute_%d varchar(60)", c))
		}
		tables = append(tables, scan.New(define(b, fmt.Sprintf("crm.customers_%d", i), columns...), 0))
	}
	for b.Loop() {
		scan.Find(tables)
	}
}
