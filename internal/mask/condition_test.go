package mask_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/sealift/sealift/internal/mask"
	"github.com/sealift/sealift/internal/redshift"
)

// conditioned is a table of which the last column tells by a letter whether a condition holds.
func conditioned(tb testing.TB, conditions ...string) (*redshift.TableDef, map[string]mask.Use) {
	tb.Helper()
	columns := []string{
		"id integer not null", "name varchar(40)", "code char(6)", "n smallint", "big bigint", "price numeric(10,2)", "born date", "seen timestamp", "at timestamptz",
		"vip boolean", `odd"Name varchar(10)`, "folded varchar(40) ci", "x real",
	}
	uses := make(map[string]mask.Use)
	for i := range conditions {
		columns = append(columns, fmt.Sprintf("c%d char(1)", i))
	}
	def := define(tb, "conditions.t", columns...)
	for _, c := range def.Columns {
		uses[c.Name.String()] = mask.Use{Transformer: "passthrough"}
	}
	for i, condition := range conditions {
		uses[fmt.Sprintf("c%d", i)] = mask.Use{
			Transformer: "constant", Options: opt{"value": "T", "keep_null": false}, When: condition,
			Else: &mask.Use{Transformer: "constant", Options: opt{"value": "F", "keep_null": false}},
		}
	}
	return def, uses
}

// randomCondition writes a condition as a person might.
func randomCondition(r *rand.Rand, depth int) string {
	if depth > 0 && r.IntN(3) > 0 {
		a, b := randomCondition(r, depth-1), randomCondition(r, depth-1)
		switch r.IntN(5) {
		case 0:
			return "NOT (" + a + ")"
		case 1:
			return "not " + a
		case 2:
			return "(" + a + ") OR " + b
		case 3:
			return a + " or " + b
		default:
			return "( " + a + "\n) and (" + b + ")"
		}
	}
	quote := func(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }
	constants := map[string]func() string{
		"name":   func() string { return quote(hostile[r.IntN(len(hostile))]) },
		"code":   func() string { return quote([]string{"a", "a ", "", "B", "zz"}[r.IntN(5)]) },
		"n":      func() string { return fmt.Sprint(r.IntN(7) - 3) },
		"BIG":    func() string { return wholeText(64).make(r) },
		"price":  func() string { return []string{"0", "-0.5", "1.50", "2", ".25", "99999999.99"}[r.IntN(6)] },
		"born":   func() string { return quote(dates.make(r)) },
		"seen":   func() string { return quote(moments.make(r)) },
		`"at"`:   func() string { return quote(zoned.make(r)) },
		"folded": func() string { return quote([]string{"Ada", "ADA ", "adA@Example.org", "", "äX"}[r.IntN(5)]) },
	}
	names := []string{"name", "code", "n", "BIG", "price", "born", "seen", `"at"`, "folded"}
	name := names[r.IntN(len(names))]
	constant := constants[name]
	switch r.IntN(8) {
	case 0:
		return name + " IS NULL"
	case 1:
		return name + " is not null"
	case 2:
		return fmt.Sprintf("%s IN (%s, %s,%s)", name, constant(), constant(), constant())
	case 3:
		return fmt.Sprintf("%s not in (%s)", name, constant())
	case 4:
		return fmt.Sprintf("vip %s %s", []string{"=", "<>"}[r.IntN(2)], []string{"TRUE", "false"}[r.IntN(2)])
	case 5:
		return fmt.Sprintf("%s %s '%s%%'", []string{"name", "folded", "code", `"odd""Name"`}[r.IntN(4)], []string{"LIKE", "not like"}[r.IntN(2)], []string{"a", "A", " l", "O''", "漢", "ad"}[r.IntN(6)])
	default:
		operators := []string{"=", "<>", "!=", "<", "<=", ">", ">="}
		if name == "folded" {
			operators = operators[:3]
		}
		return fmt.Sprintf("%s %s %s", name, operators[r.IntN(len(operators))], constant())
	}
}

// TestConditions evaluates random conditions over random rows, with NULLs, in SQL and in Go.
func TestConditions(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 2026))
	var conditions []string
	for range 150 {
		conditions = append(conditions, randomCondition(r, 3))
	}
	def, uses := conditioned(t, conditions...)
	table := newTable(t, def, uses, nil)
	if table.NeedsKey() {
		t.Error("conditions need a key")
	}
	k := keys(t, "dev", "1")
	w := session(t, k)
	w.exec("CREATE SCHEMA conditions")
	made := def.Clone()
	for i := range made.Columns {
		made.Columns[i].Collate = ""
	}
	w.exec(made.CreateTable(def.Table, redshift.CreateOptions{}).String())
	values := []generator{
		{},
		anyText(40), ascii(anyText(6)),
		{"", func(r *rand.Rand) string { return fmt.Sprint(r.IntN(9) - 4) }},
		wholeText(64), decimalText(9, 2), dates, moments, zoned,
		booleans, anyText(10),
		{"", func(r *rand.Rand) string { return []string{"ada", "ADA", "Ada@example.ORG", "", "Äx", "b"}[r.IntN(6)] }},
		{"", func(r *rand.Rand) string { return "1.5" }},
	}
	var rows [][][]byte
	for i := range 400 {
		row := [][]byte{fmt.Append(nil, i)}
		for _, v := range values[1:] {
			var value []byte
			if r.IntN(5) > 0 {
				value = []byte(v.make(r))
			}
			row = append(row, value)
		}
		for range conditions {
			row = append(row, nil)
		}
		rows = append(rows, row)
	}
	w.insert(def.Table, rows)
	plain := w.rows("SELECT * FROM conditions.t ORDER BY id")
	inSQL := w.rows(redshift.Build("SELECT * FROM (?) m ORDER BY id", table.Query(redshift.Build("?", def.Table), redshift.SQL{})).String())
	m, err := table.Masker(k)
	if err != nil {
		t.Fatal(err)
	}
	held := 0
	for i, row := range plain {
		got, err := m.Row(row)
		if err != nil {
			t.Fatal(err)
		}
		for j, condition := range conditions {
			at := len(values) + j
			if !bytes.Equal(got[at], inSQL[i][at]) {
				t.Fatalf("condition %q on %q: %s in Go, %s in SQL", condition, row[:len(values)], got[at], inSQL[i][at])
			}
			if string(got[at]) == "T" {
				held++
			}
		}
	}
	if all := len(plain) * len(conditions); held < all/5 || held > all*4/5 {
		t.Errorf("of %d, %d hold: they say little", all, held)
	}
}

// TestConditionMistakes: what is wrong with a condition, and where.
func TestConditionMistakes(t *testing.T) {
	for condition, want := range map[string]string{
		"name = ":                         "it ends where a constant",
		"nmae = 'x'":                      `has no column "nmae"; do you mean name?`,
		"name = x":                        `"x" at character 8`,
		"name == 'x'":                     `"=" at character 7`,
		"name = 'x":                       "the quote at character 8 does not end",
		`"name = 'x'`:                     "the quote at character 1 does not end",
		"name = NULL":                     "write IS NULL",
		"n = '1'":                         "no constant of that type",
		"n = 1.5":                         "compared with column n of SMALLINT",
		"n < 9223372036854775808":         "not a whole number of 64 bits",
		"price = 1.505":                   "not a decimal of its column",
		"price = 1.2.3":                   "not a decimal",
		"price = 123456789.00":            "not a decimal of its column",
		"born = '2026-02-30'":             "not a date",
		"seen = '2026-01-01'":             "not a timestamp",
		"seen = '2026-01-01 00:00:00+00'": "without +00",
		`"at" > '2026-01-01 00:00:00'`:    "+00 at its end",
		"vip > TRUE":                      "booleans have no order",
		"folded < 'a'":                    "compares without case",
		"vip = 't'":                       "no constant of that type",
		"x = 1":                           "only with IS NULL",
		"name LIKE '%x'":                  "LIKE takes the beginning",
		"name LIKE 'a_%'":                 "LIKE takes the beginning",
		"name LIKE 'a %'":                 "LIKE takes the beginning",
		"name LIKE 'a'":                   "LIKE takes the beginning",
		"n LIKE '1%'":                     "LIKE is for texts",
		"name IN ()":                      `")" at character 10, compared with`,
		"name IN ('a' 'b')":               "a comma or )",
		"name IN (SELECT name FROM t)":    "a condition has no subquery",
		"name = (select 'x')":             `"(" at character 8`,
		"EXISTS (SELECT 1)":               `"EXISTS" at character 1`,
		"name = 'x' AND":                  "it ends where the name of a column",
		"name = 'x' name = 'y'":           "AND, OR or the end",
		"(name = 'x'":                     "it ends where AND, OR or )",
		"name NOT = 'x'":                  "IN or LIKE",
		"name IS 'x'":                     "NULL should be",
		"name = 'x'; DROP TABLE t":        `";" at character 11`,
		"name = 'x' -- all":               `"-" at character 12`,
		"lower(name) = 'x'":               `has no column "lower"`,
		"1 = 1":                           `"1" at character 1`,
		strings.Repeat("(", 100) + "name": "nested more than 50 deep",
		"name = 'a\x00'":                  "holds a NUL",
		strings.Repeat("n = 1 OR ", 8000) + "n=1": "longer than 65536 bytes",
	} {
		def, _ := conditioned(t)
		_, err := mask.ParseCondition(condition, def)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.60q: %v, want %q", condition, err, want)
		}
	}
}

// FuzzCondition: no condition makes the parser panic, and one that it takes becomes SQL that is one expression, whatever
// is in its constants.
func FuzzCondition(f *testing.F) {
	r := rand.New(rand.NewPCG(1, 1))
	for range 20 {
		f.Add(randomCondition(r, 2))
	}
	f.Add(`name = 'it''s \' OR name IN ('--', '/*') AND NOT "odd""Name" LIKE '\%'`)
	f.Fuzz(func(t *testing.T, condition string) {
		def, uses := conditioned(t, condition)
		table, err := mask.New(def, uses, nil)
		if err != nil {
			return
		}
		query := table.Query(redshift.Build("?", def.Table), redshift.SQL{})
		if err := redshift.CheckQuery(query.String()); err != nil {
			t.Fatalf("%q becomes %s: %v", condition, query, err)
		}
		if names, err := query.Placeholders(); err != nil || len(names) > 0 {
			t.Fatalf("%q becomes a query with placeholders %q: %v", condition, names, err)
		}
		m, err := table.Masker(keys(t, "dev", "1"))
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range []string{"", "a"} {
			row := make([][]byte, len(def.Columns))
			row[1], row[10], row[11] = []byte(v), []byte(v), []byte(v)
			if out, err := m.Row(row); err != nil || len(out[len(out)-1]) != 1 {
				t.Fatalf("%q of %q: %q, %v", condition, v, out, err)
			}
		}
	})
}
