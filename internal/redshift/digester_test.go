package redshift_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sealift/sealift/internal/redshift"
)

// What is taken of rows on their way is what the query answers, of every type, with NULLs, empty texts, bars and colons, in narrow rows
// and in those that are so wide that columns enter as hashes. PostgreSQL, which computes the other one, is the judge.
func TestDigesterIsTheQuerysTwin(t *testing.T) {
	t.Parallel()
	s := database(t)
	const values = `SELECT
		CASE WHEN n % 7 <> 0 THEN n - 500 END, n * -1000003, n * 9000000000000, CASE WHEN n % 5 <> 0 THEN (n - 300) / 7.0 END, CASE WHEN n % 3 <> 0 THEN n % 2 = 0 END,
		CASE n % 6 WHEN 0 THEN NULL WHEN 1 THEN '' WHEN 2 THEN '|' WHEN 3 THEN '1:é|' ELSE repeat('x ', n % 17) END, repeat('y', n % 5),
		DATE '2026-01-01' - n, TIMESTAMP '2026-01-01' + n * INTERVAL '1.000001 second', TIMESTAMPTZ '2026-01-01' - n * INTERVAL '1 hour', TIME '00:00' + n * INTERVAL '1.5 second',
		CASE WHEN n % 4 <> 0 THEN decode(lpad(to_hex(n), 8, '0'), 'hex') END, repeat('w', n % 9)
	FROM generate_series(1, 1000) n`
	const types = "a smallint; b integer; c bigint; d decimal(12,3); e boolean; f varchar(40); g char(5); h date; i timestamp; j timestamptz; k time; l varbyte(20); m varchar(%s)"
	for _, last := range []string{"20", "65535"} {
		cols := columns(t, fmt.Sprintf(types, last))
		name := "rows" + last
		var list []string
		for _, c := range cols {
			typ := c.Type.String()
			if c.Type.Name == redshift.Varbyte {
				typ = "varbyte" // as the shims call it
			}
			list = append(list, c.Name.String()+" "+typ)
		}
		_, err := s.conn.Exec(t.Context(), "CREATE TABLE "+name+" ("+strings.Join(list, ", ")+"); INSERT INTO "+name+" "+values).ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		want := s.digest(t, redshift.Build("?", table(t, "public."+name)), cols)
		layout := redshift.Layout(cols)
		var parts [2]*redshift.Digester // as two writers take it
		for i := range parts {
			if parts[i], err = redshift.NewDigester(layout); err != nil {
				t.Fatal(err)
			}
		}
		n := 0
		err = s.Query(t.Context(), redshift.Build("SELECT a, b, c, d, e, f, g, h, i, j, k, encode(l, 'hex'), m FROM ?", table(t, "public."+name)), func(row []*string) error {
			texts := make([][]byte, len(row))
			for i, v := range row {
				if v != nil {
					texts[i] = append([]byte{}, *v...)
				}
			}
			n++
			return parts[n%2].Row(texts)
		})
		if err != nil {
			t.Fatal(err)
		}
		parts[0].Add(parts[1])
		if diff := cmp.Diff(want, parts[0].Digest()); diff != "" {
			t.Errorf("%s (-query +here):\n%s", last, diff)
		}
		if want.Rows != 1000 {
			t.Errorf("%d rows", want.Rows)
		}
	}
	if _, err := redshift.NewDigester(redshift.Layout(columns(t, "a real"))); err == nil {
		t.Error("floats have no text that both sides share, and were taken")
	}
}

// Sums of 60 bits over many rows stay exact beyond 64 bits.
func TestDigesterSumsBeyond64Bits(t *testing.T) {
	t.Parallel()
	s := database(t)
	cols := columns(t, "a integer")
	want := s.digest(t, redshift.Build("(SELECT CAST(n % 3 AS INTEGER) AS a FROM generate_series(1, 30000) n) AS q"), cols)
	d, err := redshift.NewDigester(redshift.Layout(cols))
	if err != nil {
		t.Fatal(err)
	}
	for n := range 30000 {
		if err := d.Row([][]byte{fmt.Append(nil, (n+1)%3)}); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(want, d.Digest()); diff != "" {
		t.Error(diff)
	}
	if len(want.Columns[0].Sum) < 21 {
		t.Errorf("the sum %s does not need more than 64 bits", want.Columns[0].Sum)
	}
}

// A sum for PostgreSQL is the one that warehouses answer.
func TestSumInPostgresIsTheSame(t *testing.T) {
	t.Parallel()
	s := database(t)
	cols := redshift.DigestColumns(columns(t, "a integer; b varchar(20)"))
	from := redshift.Build("(SELECT CAST(n AS INTEGER) AS a, CAST('x' || n AS VARCHAR) AS b FROM generate_series(1, 100) n) AS q")
	for _, where := range []redshift.SQL{{}, redshift.Build("a > 50")} {
		var got []string
		for _, sum := range []redshift.SQL{redshift.Sum(cols, where), redshift.SumInPostgres(cols, where)} {
			err := s.Query(t.Context(), redshift.Build("SELECT ? FROM ?", sum, from), func(row []*string) error {
				got = append(got, *row[0])
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		if len(got) != 2 || got[0] != got[1] {
			t.Errorf("%v", got)
		}
	}
}
