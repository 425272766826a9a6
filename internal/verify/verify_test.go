package verify

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/sealift/sealift/internal/local"
	"github.com/sealift/sealift/internal/redshift"
	"github.com/sealift/sealift/plan"
)

// session is a connection of a driver's own to a warehouse of the stand-in.
type session struct {
	conn    *pgconn.PgConn
	queries []string
}

func open(tb testing.TB, standin *local.Server, name string) *session {
	tb.Helper()
	c, err := pgconn.Connect(tb.Context(), standin.Var(name))
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := c.Close(context.WithoutCancel(tb.Context())); err != nil {
			tb.Errorf("close session: %v", err)
		}
	})
	s := &session{conn: c}
	s.exec(tb, "SET timezone TO 'UTC'", "SET datestyle TO 'ISO, MDY'")
	return s
}

func (s *session) exec(tb testing.TB, statements ...string) {
	tb.Helper()
	for _, sql := range statements {
		if _, err := s.conn.Exec(tb.Context(), sql).ReadAll(); err != nil {
			tb.Fatalf("%.300s: %v", sql, err)
		}
	}
}

func (s *session) Query(ctx context.Context, sql redshift.SQL, each func(row []*string) error) error {
	s.queries = append(s.queries, sql.String())
	if err := ctx.Err(); err != nil {
		return err
	}
	// The driver would close the connection at the end of ctx. Sealift's own sessions cancel the statement and live on.
	results, err := s.conn.Exec(context.WithoutCancel(ctx), sql.String()).ReadAll()
	if err != nil {
		if pe, ok := errors.AsType[*pgconn.PgError](err); ok {
			return &redshift.ServerError{Code: pe.Code, Message: pe.Message, Detail: pe.Detail}
		}
		return err
	}
	for _, r := range results {
		for _, values := range r.Rows {
			row := make([]*string, len(values))
			for i, v := range values {
				if v != nil {
					text := string(v)
					row[i] = &text
				}
			}
			if err := each(row); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *session) Exec(ctx context.Context, sql redshift.SQL) (int64, error) {
	return 0, s.Query(ctx, sql, func([]*string) error { return nil })
}

// record is a row of the test's tables in the test's own model: key a, b; values c, d, e. "NULL" is NULL.
type record struct{ a, b, c, d, e string }

const create = `CREATE TABLE v.%s (a INTEGER NOT NULL, b VARCHAR(40) NOT NULL, c VARCHAR(20), d NUMERIC(10,2), e BOOLEAN, PRIMARY KEY (a, b))`

func literal(s string) string {
	if s == "NULL" {
		return s
	}
	return "'" + strings.NewReplacer(`\`, `\\`, `'`, `''`).Replace(s) + "'"
}

func (s *session) fill(tb testing.TB, table string, rows []record) {
	tb.Helper()
	for chunk := range slices.Chunk(rows, 1000) {
		values := make([]string, len(chunk))
		for i, r := range chunk {
			values[i] = fmt.Sprintf("(%s, %s, %s, %s, %s)", r.a, literal(r.b), literal(r.c), r.d, r.e)
		}
		s.exec(tb, "INSERT INTO v."+table+" VALUES "+strings.Join(values, ", "))
	}
}

var hostile = []string{"", " ", "x ", `\`, `'`, `"`, "|", "1:a|", "a\tb", "a\nb", "é", "😀", "{{run}}", "?", "--", "%", "NULL.", "Ab", "aB", "\u00e0", "a\u0300"}

func random(r *rand.Rand, key int) record {
	return record{
		a: fmt.Sprint(key / 3), b: fmt.Sprintf("%s%d", hostile[r.IntN(len(hostile))], key%3),
		c: []string{"NULL", "", "v", `\N`, hostile[r.IntN(len(hostile))]}[r.IntN(5)],
		d: []string{"NULL", "0.00", "-1.50", fmt.Sprintf("%d.25", r.IntN(1000))}[r.IntN(4)],
		e: []string{"NULL", "true", "false"}[r.IntN(3)],
	}
}

// other is another value than v for a column.
func other(v string, choices ...string) string {
	for _, c := range choices {
		if c != v {
			return c
		}
	}
	return v
}

func pairPlan(tb testing.TB, source, target string) plan.Table {
	tb.Helper()
	var layout redshift.DigestLayout
	for _, c := range []struct{ name, typ string }{{"a", "integer"}, {"b", "varchar(40)"}, {"c", "varchar(20)"}, {"d", "numeric(10,2)"}, {"e", "boolean"}} {
		t, err := redshift.ParseType(c.typ)
		if err != nil {
			tb.Fatal(err)
		}
		layout.Columns = append(layout.Columns, redshift.DigestColumn{Name: c.name, Type: t})
	}
	name, err := redshift.ParseTable(source)
	if err != nil {
		tb.Fatal(err)
	}
	return plan.Table{
		Source: source, Target: target, Mode: "replace", Digest: layout, Key: []string{"a", "b"},
		Rows: redshift.Build("SELECT a, b, c, d, e FROM ?", name),
	}
}

func definition(t plan.Table) *redshift.TableDef {
	def := &redshift.TableDef{}
	for _, c := range t.Digest.Columns {
		name, err := redshift.NewIdent(c.Name)
		if err != nil {
			panic(err)
		}
		def.Columns = append(def.Columns, redshift.Column{Name: name, Type: c.Type})
	}
	return def
}

// The rows that differ are exactly those that were edited, whatever the keys look like, how many rows there are, and how
// few digests one query may answer.
func TestExactlyTheEditedKeysAreFound(t *testing.T) {
	t.Parallel()
	standin := local.Start(t)
	source, target := open(t, standin, "REDSHIFT_SOURCE_URL"), open(t, standin, "REDSHIFT_TARGET_URL")
	source.exec(t, "CREATE SCHEMA v")
	target.exec(t, "CREATE SCHEMA v")
	seed := rand.Uint64()
	r := rand.New(rand.NewPCG(seed, 1))
	t.Logf("seed %d", seed)
	for i, n := range []int{0, 1, 2, 30, 300, 300, 300, 1000, 12000} {
		edits := min(n+1, 1+r.IntN(12))
		answers := []int{16, 100, 0}[i%3]
		t.Run(fmt.Sprintf("%d rows, %d edits, %d answers", n, edits, answers), func(t *testing.T) {
			table := fmt.Sprintf("t%d", i)
			source.exec(t, fmt.Sprintf(create, table))
			target.exec(t, fmt.Sprintf(create, table))
			rows := make([]record, n)
			for k := range rows {
				rows[k] = random(r, k)
			}
			copied := slices.Clone(rows)
			want := map[string]Row{}
			note := func(rec record, row Row) {
				row.Key = []string{rec.a, rec.b}
				want[rec.a+"/"+rec.b] = row
			}
			gone := map[int]bool{}
			for _, k := range r.Perm(n + edits)[:edits] {
				if k >= n {
					rec := random(r, 3*n+k)
					copied = append(copied, rec)
					note(rec, Row{Kind: RowExtra, TargetRows: 1})
					continue
				}
				switch r.IntN(4) {
				case 0:
					gone[k] = true
					note(rows[k], Row{Kind: RowMissing, SourceRows: 1})
				case 1:
					copied[k].c = other(rows[k].c, "changed", "again")
					note(rows[k], Row{Kind: RowChanged, Columns: []string{"c"}, SourceRows: 1, TargetRows: 1})
				case 2:
					copied[k].d, copied[k].e = other(rows[k].d, "NULL", "7.77"), other(rows[k].e, "true", "false")
					note(rows[k], Row{Kind: RowChanged, Columns: []string{"d", "e"}, SourceRows: 1, TargetRows: 1})
				default:
					// The same row twice: Redshift enforces no key.
					copied = append(copied, copied[k])
					row := Row{Kind: RowChanged, SourceRows: 1, TargetRows: 2, Columns: []string{"a", "b"}}
					for _, v := range []struct{ name, value string }{{"c", rows[k].c}, {"d", rows[k].d}, {"e", rows[k].e}} {
						if v.value != "NULL" {
							row.Columns = append(row.Columns, v.name)
						}
					}
					note(rows[k], row)
				}
			}
			var left []record
			for k, rec := range copied {
				if !gone[k] {
					left = append(left, rec)
				}
			}
			source.fill(t, table, rows)
			target.fill(t, table, left)
			p := pairPlan(t, "v."+table, "v."+table)
			source.queries, target.queries = nil, nil
			got, err := Compare(t.Context(), source, target, p, definition(p), Options{FindRows: true, Limit: 50, answers: answers})
			if err != nil || got.Reason != "" {
				t.Fatalf("%v, %+v", err, got)
			}
			if got.Result != Differs || got.Rows == nil || got.Rows.More {
				t.Fatalf("%+v", got)
			}
			found := map[string]Row{}
			for _, row := range got.Rows.Found {
				found[strings.Join(row.Key, "/")] = row
			}
			if diff := cmp.Diff(want, found); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			t.Logf("%d edits in %d rows: %d queries on each side", edits, n, got.Rows.Queries)
			for _, s := range []*session{source, target} {
				if n := len(s.queries); n != got.Rows.Queries+3 { // BEGIN, the digest, ROLLBACK
					t.Errorf("%d queries were asked, %d told", n, got.Rows.Queries)
				}
			}
		})
	}
	t.Run("equal", func(t *testing.T) {
		rows := []record{random(r, 1), random(r, 2)}
		source.exec(t, fmt.Sprintf(create, "same"))
		target.exec(t, fmt.Sprintf(create, "same"))
		source.fill(t, "same", rows)
		slices.Reverse(rows)
		target.fill(t, "same", rows)
		p := pairPlan(t, "v.same", "v.same")
		got, err := Compare(t.Context(), source, target, p, definition(p), Options{FindRows: true})
		if err != nil || got.Result != Equal || got.Rows != nil || got.SourceDigest != got.TargetDigest || got.SourceRows != 2 {
			t.Errorf("%v, %+v", err, got)
		}
	})
	t.Run("limit", func(t *testing.T) {
		source.exec(t, fmt.Sprintf(create, "many"))
		target.exec(t, fmt.Sprintf(create, "many"))
		var rows []record
		for k := range 500 {
			rows = append(rows, random(r, k))
		}
		source.fill(t, "many", rows)
		p := pairPlan(t, "v.many", "v.many")
		for _, answers := range []int{16, 0} {
			got, err := Compare(t.Context(), source, target, p, definition(p), Options{FindRows: true, Limit: 7, answers: answers})
			if err != nil || got.Rows == nil || len(got.Rows.Found) != 7 || !got.Rows.More || got.Rows.Missing != 7 {
				t.Errorf("%v, %+v", err, got)
			}
		}
	})
	t.Run("values only when asked for", func(t *testing.T) {
		source.exec(t, fmt.Sprintf(create, "secret"), "INSERT INTO v.secret VALUES (1, 'k', 'canary one', NULL, true), (2, 'k', 'same', 1, true)")
		target.exec(t, fmt.Sprintf(create, "secret"), "INSERT INTO v.secret VALUES (1, 'k', 'canary two', 3, true), (2, 'k', 'same', 1, true)")
		p := pairPlan(t, "v.secret", "v.secret")
		got, err := Compare(t.Context(), source, target, p, definition(p), Options{FindRows: true})
		if err != nil || strings.Contains(fmt.Sprintf("%+v", got), "canary") || len(got.Rows.Found) != 1 || got.Rows.Found[0].Values != nil {
			t.Errorf("%v, %+v", err, got)
		}
		got, err = Compare(t.Context(), source, target, p, definition(p), Options{FindRows: true, Values: true})
		if err != nil {
			t.Fatal(err)
		}
		one, two, three := "canary one", "canary two", "3.00"
		want := []Value{{Column: "c", Source: &one, Target: &two}, {Column: "d", Target: &three}}
		if diff := cmp.Diff(want, got.Rows.Found[0].Values); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("append", func(t *testing.T) {
		source.exec(t, fmt.Sprintf(create, "added"), "INSERT INTO v.added VALUES (1, 'k', 'x', 1, true), (2, 'k', 'y', 1, true)")
		target.exec(t, fmt.Sprintf(create, "added"), "INSERT INTO v.added VALUES (1, 'k', 'x', 1, true), (2, 'k', 'y', 1, true), (0, 'old', 'z', 1, true)")
		p := pairPlan(t, "v.added", "v.added")
		p.Mode = "append"
		check := func(o Options, want Result, words string) {
			t.Helper()
			got, err := Compare(t.Context(), source, target, p, definition(p), o)
			if err != nil || got.Result != want || !strings.Contains(fmt.Sprintf("%+v", got), words) {
				t.Errorf("%v, %+v; want %s", err, got, want)
			}
		}
		check(Options{}, CannotTell, "more rows in the target (3) than in the source (2)")
		check(Options{FindRows: true}, Equal, "all rows of the source are there, beside others (1)")
		target.exec(t, "UPDATE v.added SET c = 'w' WHERE a = 2")
		check(Options{FindRows: true}, Differs, "rows of the source missing in the target: 0, changed: 1")
		target.exec(t, "DELETE FROM v.added WHERE a > 0")
		check(Options{}, Differs, "2 rows in the source, 1 in the target")
	})
	t.Run("what cannot be told", func(t *testing.T) {
		source.exec(t, "CREATE TABLE v.odd (a INTEGER, b VARCHAR(40), c VARCHAR(20), d NUMERIC(10,2), e BOOLEAN)", "INSERT INTO v.odd VALUES (1, NULL, 'x', 1, true)")
		target.exec(t, fmt.Sprintf(create, "odd"))
		p := pairPlan(t, "v.odd", "v.odd")
		check := func(p plan.Table, def *redshift.TableDef, want Result, words string) {
			t.Helper()
			got, err := Compare(t.Context(), source, target, p, def, Options{FindRows: true})
			if err != nil || got.Result != want || !strings.Contains(fmt.Sprintf("%+v", got), words) {
				t.Errorf("%v, %+v; want %s", err, got, want)
			}
		}
		check(p, definition(p), Differs, "the key's column b is NULL in rows of the source (1)")
		p.Key = nil
		check(p, definition(p), Differs, "there is no key, or not all of it is moved")
		check(p, nil, Differs, "the target has no such table")
		def := definition(p)
		def.Columns = def.Columns[1:]
		check(p, def, Differs, "the target has no column a")
		def = definition(p)
		def.Columns[1].Type = def.Columns[0].Type
		check(p, def, CannotTell, "column b is VARCHAR(40) in the source, INTEGER in the target")
		p.Rows = redshift.Raw("select a, b, c, d, e from v.nowhere")
		check(p, definition(p), CannotTell, "in the source: ")
	})
	t.Run("users' SQL changes nothing", func(t *testing.T) {
		p := pairPlan(t, "v.same", "v.same")
		got, err := Compare(t.Context(), source, target, p, definition(p), Options{})
		if err != nil || got.Result != Equal {
			t.Fatalf("%v, %+v", err, got)
		}
		if want := "BEGIN READ ONLY"; source.queries[len(source.queries)-3] != want || target.queries[len(target.queries)-3] != want {
			t.Errorf("%q", source.queries[len(source.queries)-3:])
		}
	})
	t.Run("end of the context", func(t *testing.T) {
		ctx, cancel := context.WithCancelCause(t.Context())
		reason := errors.New("enough")
		cancel(reason)
		p := pairPlan(t, "v.same", "v.same")
		if _, err := Compare(ctx, source, target, p, definition(p), Options{}); !errors.Is(err, reason) {
			t.Errorf("error %v", err)
		}
	})
}

// Few queries are needed, and how many does not depend on which rows differ.
func TestNextDigits(t *testing.T) {
	t.Parallel()
	// Two more follow: the digest of the whole before, the keys themselves after.
	for rows, most := range map[int64]int{10: 1, 8193: 2, 1e6: 3, 1e9: 5, 1e12: 8} {
		left, digits, queries := rows, 0, 0
		parts := 0
		for digits < redshift.HashDigits {
			digits = nextDigits(digits, parts, left, answerRows)
			queries++
			parts = 100 // as many as are looked into
			left = rows
			for range digits {
				left = max(left/16, 1)
			}
			left *= 100
		}
		t.Logf("%d rows: %d queries", rows, queries)
		if queries > most {
			t.Errorf("%d rows: %d queries, more than %d", rows, queries, most)
		}
	}
}
