package mask_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/sealift/sealift/internal/mask"
	"github.com/sealift/sealift/internal/redshift"
)

// TestProbe runs the check of both twins on the stand-in, and sees it fail under other keys and on other answers.
func TestProbe(t *testing.T) {
	tw := newTwins(t, twinCases())
	def, uses := tw.def, tw.uses
	uses["owner"] = mask.Use{Transformer: "shuffle_column", Domain: "own", Entity: "id"}
	table := newTable(t, def, uses, tw.dictionaries)
	k := keys(t, "dev", "1")
	w := session(t, k)
	for _, sql := range table.Prepare() {
		w.exec(sql.String())
	}
	p := table.Probe()
	answer := w.rows(p.Query.String())
	if err := p.Check(k, answer); err != nil {
		t.Fatal(err)
	}
	if n := len(answer); n < 50 {
		t.Errorf("%d rows", n)
	}
	err := p.Check(keys(t, "dev", "2"), answer)
	if err == nil || !strings.Contains(err.Error(), "hash_hex comes out") {
		t.Errorf("under other keys: %v", err)
	}
	if err := p.Check(k, answer[1:]); err == nil || !strings.Contains(err.Error(), "key table") {
		t.Errorf("a row less: %v", err)
	}
	for at, c := range def.Columns {
		if uses[c.Name.String()].Transformer != "zip3" {
			continue
		}
		answer[5][at] = []byte("00001")
		err := p.Check(k, answer)
		if err == nil || !strings.Contains(err.Error(), "mask "+c.Name.String()) || strings.Contains(err.Error(), "hash_hex") {
			t.Errorf("one value is another: %v", err)
		}
	}
}

// TestProbeOfAllTypes: columns of every type, NOT NULL, and masks that can overflow their type, have values to be tried with.
func TestProbeOfAllTypes(t *testing.T) {
	columns := []string{"id bigint not null"}
	uses := map[string]mask.Use{"id": {Transformer: "passthrough"}}
	add := func(typ string, use mask.Use) {
		name := fmt.Sprintf("c%d", len(columns))
		columns = append(columns, name+" "+typ+" not null")
		uses[name] = use
	}
	for _, typ := range []string{
		"smallint", "integer", "bigint", "numeric(1,0)", "numeric(38,37)", "real", "double precision", "boolean", "char(1)", "varchar(1)", "varchar(65535)", "date", "time", "timetz",
		"timestamp", "timestamptz", "super", "varbyte(10)",
	} {
		add(typ, mask.Use{Transformer: "passthrough"})
	}
	for _, step := range []int{2, 7, 1000, 40_000, 3_000_000_000} {
		for _, typ := range []string{"smallint", "integer", "bigint"} {
			add(typ, mask.Use{Transformer: "bucket", Options: opt{"step": step}})
		}
	}
	for _, typ := range []string{"smallint", "integer", "bigint", "numeric(5,0)", "numeric(12,2)", "numeric(38,2)"} {
		for _, digits := range []int{-1, -3, -4} {
			add(typ, mask.Use{Transformer: "round", Options: opt{"digits": digits}})
		}
	}
	add("numeric(9,6)", mask.Use{Transformer: "geo_round", Options: opt{"digits": 0}})
	add("numeric(1,0)", mask.Use{Transformer: "num_noise", Domain: "n", Options: opt{"basis_points": 9999}})
	add("numeric(1,1)", mask.Use{Transformer: "num_noise", Domain: "n1", Options: opt{"basis_points": 9999}})
	add("numeric(2,0)", mask.Use{Transformer: "num_noise", Domain: "n", Options: opt{"basis_points": 9999}})
	add("varchar(6)", mask.Use{Transformer: "fpe_digits", Domain: "f"})
	add("smallint", mask.Use{Transformer: "age_cap"})
	k := keys(t, "dev", "1")
	p := newTable(t, define(t, "s.t", columns...), uses, nil).Probe()
	if err := p.Check(k, session(t, k).rows(p.Query.String())); err != nil {
		t.Error(err)
	}
}

// TestDigest: a table that is filled by the masked query has the digest of that query, column by column. What is moved can
// then be verified as if it had been masked in the source.
func TestDigest(t *testing.T) {
	tw := newTwins(t, twinCases())
	schema := schemaNamed(t, "digest")
	tw.def.Schema, tw.stored.Schema = schema, schema
	target := tw.def.Clone()
	target.Table = redshift.Table{Schema: schema, Name: schemaNamed(t, "target")}
	for i := range target.Columns {
		target.Columns[i].Collate = ""
	}
	table := newTable(t, tw.def, tw.uses, tw.dictionaries)
	w := session(t, keys(t, "dev", "1"))
	for _, sql := range append([]redshift.SQL{
		redshift.Build("CREATE SCHEMA ?", schema), tw.stored.CreateTable(tw.stored.Table, redshift.CreateOptions{}), target.CreateTable(target.Table, redshift.CreateOptions{}),
	}, table.Prepare()...) {
		w.exec(sql.String())
	}
	r := rand.New(rand.NewPCG(3, 3))
	var rows [][][]byte
	for i := range 300 {
		row := [][]byte{fmt.Append(nil, i)}
		for _, v := range tw.values {
			row = append(row, []byte(v.make(r)))
		}
		rows = append(rows, row)
	}
	w.insert(tw.stored.Table, rows)
	query := table.Query(tw.rows(), redshift.SQL{})
	w.exec(redshift.Build("INSERT INTO ? ?", target.Table, query).String())
	layout := redshift.Layout(tw.def.Columns)
	digest := func(from redshift.SQL) redshift.Digest {
		row := w.rows(redshift.DigestQuery(from, redshift.SQL{}, redshift.DigestColumns(tw.def.Columns)).String())[0]
		texts := make([]*string, len(row))
		for i, v := range row {
			if v != nil {
				s := string(v)
				texts[i] = &s
			}
		}
		d, err := redshift.ReadDigest(layout, texts)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	masked := digest(redshift.Build("(?) m", query))
	if diff := masked.Diff(digest(redshift.Build("?", target.Table))); diff != nil || masked.Rows != 300 {
		t.Errorf("%d rows: %q", masked.Rows, diff)
	}
	if diff := masked.Diff(digest(tw.rows())); len(diff) < 60 {
		t.Errorf("only %d columns are masked: %q", len(diff), diff)
	}
}

// TestKnownAnswers: the stand-in computes what the manual publishes.
func TestKnownAnswers(t *testing.T) {
	query, want := mask.KnownAnswers()
	got := session(t, keys(t, "dev", "1")).rows(query.String())[0]
	for i := range want {
		if string(got[i]) != want[i] {
			t.Errorf("%s: %s, want %s", query, got[i], want[i])
		}
	}
}

// TestShuffle: every value stays in the column, NULL where it is, in another order under another key, the same one twice.
func TestShuffle(t *testing.T) {
	def := define(t, "shuffled.t", "id integer not null", "v varchar(20)")
	table := newTable(t, def, map[string]mask.Use{
		"id": {Transformer: "passthrough"}, "v": {Transformer: "shuffle_column", Domain: "v", Entity: "id"},
	}, nil)
	if !table.NeedsKey() {
		t.Error("it needs no key")
	}
	if _, err := table.Masker(keys(t, "dev", "1")); err == nil || !strings.Contains(err.Error(), "needs all rows at once") {
		t.Errorf("in Go: %v", err)
	}
	query := redshift.Build("SELECT * FROM (?) m ORDER BY id", table.Query(redshift.Build("?", def.Table), redshift.Build("id <= 900"))).String()
	var orders []string
	for i, epoch := range []string{"1", "1", "2"} {
		w := session(t, keys(t, "dev", epoch))
		if i == 0 {
			w.exec("CREATE SCHEMA shuffled")
			w.exec(def.CreateTable(def.Table, redshift.CreateOptions{}).String())
			w.exec("INSERT INTO shuffled.t SELECT n, CASE WHEN n % 10 > 0 THEN 'v' || (n / 2) END FROM generate_series(1, 1000) n")
		}
		plain := w.rows("SELECT * FROM shuffled.t WHERE id <= 900 ORDER BY id")
		masked := w.rows(query)
		counts := make(map[string]int)
		moved := 0
		var order strings.Builder
		for r := range plain {
			if (plain[r][1] == nil) != (masked[r][1] == nil) || string(plain[r][0]) != string(masked[r][0]) {
				t.Fatalf("row %s: NULL has moved, or the row has", plain[r][0])
			}
			counts[string(plain[r][1])]++
			counts[string(masked[r][1])]--
			order.Write(masked[r][1])
			if string(plain[r][1]) != string(masked[r][1]) {
				moved++
			}
		}
		for v, n := range counts {
			if n != 0 {
				t.Errorf("%s is there %d times less than before", v, n)
			}
		}
		if len(masked) != 900 || moved < 700 {
			t.Errorf("%d rows, %d with another value", len(masked), moved)
		}
		orders = append(orders, order.String())
	}
	if orders[0] != orders[1] || orders[0] == orders[2] {
		t.Errorf("the same key deals differently, or another one alike")
	}
}
