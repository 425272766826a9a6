package connect_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sealift/sealift/internal/connect"
	"github.com/sealift/sealift/internal/faulty"
	"github.com/sealift/sealift/internal/hint"
	"github.com/sealift/sealift/internal/local"
	data "github.com/sealift/sealift/internal/local/aws/redshiftdata"
	"github.com/sealift/sealift/internal/redshift"
	"github.com/sealift/sealift/plan"
)

// way is how sessions come to the warehouse. Whichever it is, they behave the same.
type way struct {
	name      string // of its tables
	warehouse *connect.Warehouse
	admin     *connect.Session // over the wire, to look from outside
	nobody    plan.Warehouse   // the same, as a user that is not there
	bench     *bench
	// loseCommit opens a session, runs statements in it, and lets the answer to what comes next get lost.
	loseCommit func(t *testing.T, statements ...redshift.SQL) *connect.Session
}

func (b *bench) overWire(t *testing.T) way {
	w := way{name: "wire", warehouse: b.warehouse(t, b.direct, connect.Options{}), admin: open(t, b.warehouse(t, b.direct, connect.Options{})), nobody: b.direct, bench: b}
	w.nobody.User = "nobody"
	w.loseCommit = func(t *testing.T, statements ...redshift.SQL) *connect.Session {
		t.Helper()
		good, spec := b.bad(t)
		s := open(t, b.warehouse(t, spec, connect.Options{}))
		exec(t, s, statements...)
		exec(t, s, redshift.Build("ROLLBACK"))
		_, spec = b.bad(t, faulty.Fault{Place: place(t, good, faulty.Answered, "ROLLBACK", ""), Kind: faulty.Cut})
		s = open(t, b.warehouse(t, spec, connect.Options{}))
		exec(t, s, statements...)
		return s
	}
	return w
}

// remote is the same warehouse by the Data API.
func (b *bench) remote() plan.Warehouse {
	return plan.Warehouse{Cluster: local.SourceCluster, Region: local.Region, Database: b.direct.Database, User: b.direct.User, Auth: "data-api"}
}

func (b *bench) overDataAPI(t *testing.T) way {
	w := way{name: "dataapi", warehouse: b.warehouse(t, b.remote(), connect.Options{}), admin: open(t, b.warehouse(t, b.direct, connect.Options{})), nobody: b.remote(), bench: b}
	w.nobody.User = "nobody"
	w.loseCommit = func(t *testing.T, statements ...redshift.SQL) *connect.Session {
		t.Helper()
		s := open(t, w.warehouse)
		exec(t, s, statements...)
		b.standin.Cloud.LoseAnswers("redshift-data:ExecuteStatement", 2)
		b.standin.Cloud.LoseAnswers("redshift-data:DescribeStatement", 2)
		return s
	}
	return w
}

func (w way) table(t *testing.T, name string) redshift.Table {
	t.Helper()
	table, err := redshift.NewTable("public", w.name+"_"+name)
	if err != nil {
		t.Fatal(err)
	}
	return table
}

// rows are a query's, value by value.
func rows(t *testing.T, s *connect.Session, sql redshift.SQL) (all []string) {
	t.Helper()
	if err := s.Query(t.Context(), sql, func(row []*string) error {
		var values []string
		for _, v := range row {
			if v == nil {
				values = append(values, "NULL")
			} else {
				values = append(values, *v)
			}
		}
		all = append(all, strings.Join(values, "|"))
		return nil
	}); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return all
}

func code(err error) string {
	if se, ok := errors.AsType[*redshift.ServerError](err); ok {
		return se.Code
	}
	if err != nil {
		return err.Error()
	}
	return ""
}

// conformance is what every kind of session must do alike.
func conformance(t *testing.T, w way) {
	t.Run("values are the same text", w.values)
	t.Run("columns of a query", w.columns)
	t.Run("rows are counted", w.counts)
	t.Run("transactions", w.transactions)
	t.Run("errors", w.errors)
	t.Run("many rows, and no more than wanted", w.manyRows)
	t.Run("a cancelled statement has stopped", w.cancelled)
	t.Run("a session ends", w.ends)
	t.Run("a commit whose answer is lost", w.lostCommit)
	t.Run("a login that is refused", w.refused)
}

func (w way) values(t *testing.T) {
	s := open(t, w.warehouse)
	table := w.table(t, "values")
	exec(t, s,
		redshift.Build("CREATE TABLE ? (b BOOLEAN, i2 SMALLINT, i4 INTEGER, i8 BIGINT, n DECIMAL(20,4), f4 REAL, f8 DOUBLE PRECISION, c CHAR(4), v VARCHAR(40), d DATE, t TIME, ts TIMESTAMP, tz TIMESTAMPTZ, s SUPER, vb VARBYTE(8))", table),
		redshift.Build(`INSERT INTO ? VALUES (true, -1, 2, 9223372036854775807, 12.3400, 1.5, 0.1, 'ab', 'it''s \\ ü', '2026-01-31', '01:02:03.5', '2026-01-31 04:05:06.789', '2026-01-31 04:05:06+02', JSON_PARSE('{"a":[1,null]}'), 'abc'::varbyte)`, table),
		redshift.Build("INSERT INTO ? VALUES (false, 0, 0, 0, 0, 0, 1e300, '', '', '0001-01-01', '00:00', '9999-12-31 23:59:59', '1970-01-01 00:00:00+00', NULL, NULL)", table),
		redshift.Build("INSERT INTO ? (i2) VALUES (7)", table))
	if diff := cmp.Diff([]string{
		`t|-1|2|9223372036854775807|12.3400|1.5|0.1|ab  |it's \ ü|2026-01-31|01:02:03.5|2026-01-31 04:05:06.789|2026-01-31 02:05:06+00|{"a":[1,null]}|616263`,
		"f|0|0|0|0.0000|0|1e+300|    ||0001-01-01|00:00:00|9999-12-31 23:59:59|1970-01-01 00:00:00+00|NULL|NULL",
		"NULL|7|NULL|NULL|NULL|NULL|NULL|NULL|NULL|NULL|NULL|NULL|NULL|NULL|NULL",
	}, rows(t, s, redshift.Build("SELECT * FROM ? ORDER BY i2", table))); diff != "" {
		t.Error(diff)
	}
	// What planning reads of a catalog, by everything that is known of the table.
	if diff := cmp.Diff(rows(t, w.admin, redshift.ColumnsQuery(table)), rows(t, s, redshift.ColumnsQuery(table))); diff != "" {
		t.Error(diff)
	}
}

func (w way) columns(t *testing.T) {
	s := open(t, w.warehouse)
	table := w.table(t, "columns")
	exec(t, s, redshift.Build("CREATE TABLE ? (b BOOLEAN, i2 SMALLINT, i8 BIGINT, n DECIMAL(20,4), f8 DOUBLE PRECISION, c CHAR(4), v VARCHAR(40), d DATE, tz TIMESTAMPTZ, s SUPER, vb VARBYTE(8))", table))
	fields, err := s.Describe(t.Context(), redshift.Build("SELECT *, 'x' AS literal, v || 'x' AS longer FROM ? -- and a comment", table))
	if err != nil {
		t.Fatal(err)
	}
	columns, err := redshift.Columns(fields)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, c := range columns {
		got = append(got, c.Name.String()+" "+c.Type.String())
	}
	if diff := cmp.Diff([]string{
		"b BOOLEAN", "i2 SMALLINT", "i8 BIGINT", "n DECIMAL(20,4)", "f8 DOUBLE PRECISION", "c CHAR(4)", "v VARCHAR(40)", "d DATE", "tz TIMESTAMPTZ", "s SUPER",
		"vb VARBYTE(8)", "literal VARCHAR(65535)", "longer VARCHAR(65535)",
	}, got); diff != "" {
		t.Error(diff)
	}
	if _, err := s.Describe(t.Context(), redshift.Build("SELECT nothing FROM ?", table)); code(err) != "42703" {
		t.Errorf("a column that is not there: %v", err)
	}
}

func (w way) counts(t *testing.T) {
	s := open(t, w.warehouse)
	table := w.table(t, "counts")
	for _, c := range []struct {
		sql  redshift.SQL
		want int64
	}{
		{redshift.Build("CREATE TABLE ? (a INTEGER)", table), 0},
		{redshift.Build("INSERT INTO ? VALUES (1), (2), (3)", table), 3},
		{redshift.Build("UPDATE ? SET a = 4 WHERE a > 1", table), 2},
		{redshift.Build("DELETE FROM ? WHERE a = 9", table), 0},
		{redshift.Build("DELETE FROM ?", table), 3},
	} {
		if n, err := s.Exec(t.Context(), c.sql); err != nil || n != c.want {
			t.Errorf("%s: %d rows, %v", c.sql, n, err)
		}
	}
}

func (w way) transactions(t *testing.T) {
	s := open(t, w.warehouse)
	table := w.table(t, "transactions")
	count := redshift.Build("SELECT count(*) FROM ?", table)
	insert := redshift.Build("INSERT INTO ? VALUES (1)", table)
	exec(t, s, redshift.Build("CREATE TABLE ? (a INTEGER)", table), redshift.Build("CREATE TEMP TABLE mine AS SELECT 5 AS n"))
	outside := func(want string) {
		t.Helper()
		if got := rows(t, w.admin, count); got[0] != want {
			t.Errorf("from outside %s rows, not %s", got[0], want)
		}
	}
	begin, commit, rollback := redshift.Build("BEGIN"), redshift.Build("COMMIT"), redshift.Build("ROLLBACK")
	exec(t, s, begin, insert)
	if s.Idle() {
		t.Error("idle in a transaction")
	}
	outside("0")
	exec(t, s, rollback)
	outside("0")
	exec(t, s, begin, insert)
	if _, err := s.Exec(t.Context(), redshift.Build("SELECT 1/0")); err == nil || s.Broken() || s.Idle() {
		t.Errorf("a failure in a transaction: %v, broken %v, idle %v", err, s.Broken(), s.Idle())
	}
	if _, err := s.Exec(t.Context(), insert); code(err) != "25P02" {
		t.Errorf("after a failure: %v", err)
	}
	exec(t, s, rollback)
	outside("0")
	exec(t, s, begin, insert, commit)
	if !s.Idle() {
		t.Error("not idle after COMMIT")
	}
	outside("1")
	if got := rows(t, s, redshift.Build("SELECT n FROM mine")); got[0] != "5" {
		t.Errorf("the session's own table: %v", got)
	}
	if got := rows(t, s, redshift.Build("SELECT current_setting('timezone')")); got[0] != "UTC" {
		t.Errorf("time zone %v", got)
	}
}

func (w way) errors(t *testing.T) {
	s := open(t, w.warehouse)
	for sql, want := range map[redshift.SQL]string{
		redshift.Build("SELECT * FROM nowhere"):      "42P01",
		redshift.Build("SELECT nothing"):             "42703",
		redshift.Build("SELECT no_such_function(1)"): "42883",
		redshift.Build("SHOW no_such_parameter"):     "42704",
		redshift.Build("SELEC 1"):                    "42601",
		redshift.Build("CREATE DATABASE dev"):        "42P04",
		redshift.Build("CREATE TABLE x (a XML)"):     "0A000",
	} {
		_, err := s.Exec(t.Context(), sql)
		if got := code(err); got != want || s.Broken() {
			t.Errorf("%s: %s, not %s", sql, got, want)
		}
	}
	// A conflict with others, for which a transaction is tried again.
	table := w.table(t, "conflict")
	exec(t, s, redshift.Build("CREATE TABLE ? (a INTEGER)", table), redshift.Build("INSERT INTO ? VALUES (1)", table), redshift.Build("BEGIN"))
	rows(t, s, redshift.Build("SELECT * FROM ?", table))
	exec(t, w.admin, redshift.Build("UPDATE ? SET a = 2", table))
	if _, err := s.Exec(t.Context(), redshift.Build("UPDATE ? SET a = 3", table)); !redshift.Retryable(err) {
		t.Errorf("a conflict: %v", err)
	}
	exec(t, s, redshift.Build("ROLLBACK"))
}

func (w way) manyRows(t *testing.T) {
	s := open(t, w.warehouse)
	many := redshift.Build("SELECT i, repeat('x', 500) FROM generate_series(1, 5000) i")
	if got := rows(t, s, many); len(got) != 5000 || !strings.HasPrefix(got[4999], "5000|") {
		t.Errorf("%d rows", len(got))
	}
	enough := errors.New("enough")
	seen := 0
	err := s.Query(t.Context(), many, func([]*string) error {
		if seen++; seen == 3 {
			return enough
		}
		return nil
	})
	if !errors.Is(err, enough) || s.Broken() {
		t.Errorf("after %d rows: %v, broken %v", seen, err, s.Broken())
	}
	if got := rows(t, s, redshift.Build("SELECT 1")); got[0] != "1" {
		t.Error(got)
	}
}

// Hazard D10 for both ways.
func (w way) cancelled(t *testing.T) {
	s := open(t, w.warehouse)
	table := w.table(t, "cancelled")
	exec(t, w.admin, redshift.Build("CREATE TABLE ? (a INTEGER)", table), redshift.Build("BEGIN"), redshift.Lock(table))
	defer exec(t, w.admin, redshift.Build("ROLLBACK"))
	looker := open(t, w.bench.warehouse(t, w.bench.direct, connect.Options{}))
	running := func() string { return rows(t, looker, redshift.RunningQuery(s.ID().PID))[0] }
	ctx, cancel := context.WithCancelCause(t.Context())
	why := errors.New("we want no more")
	var waiter sync.WaitGroup
	waiter.Go(func() {
		defer cancel(why)
		tick := time.NewTicker(5 * time.Millisecond)
		defer tick.Stop()
		for running() == "0" {
			<-tick.C
		}
	})
	_, err := s.Exec(ctx, redshift.Build("INSERT INTO ? VALUES (1)", table))
	waiter.Wait()
	if err == nil || s.Broken() {
		t.Errorf("error %v, broken %v", err, s.Broken())
	}
	if got := running(); got != "0" {
		t.Errorf("%s statements go on", got)
	}
	if _, err := s.Exec(ctx, redshift.Build("SELECT 1")); err == nil || s.Broken() {
		t.Errorf("once it has ended: error %v, broken %v", err, s.Broken())
	}
	if got := rows(t, s, redshift.Build("SELECT 1")); got[0] != "1" {
		t.Error(got)
	}
}

func (w way) ends(t *testing.T) {
	there := func(s *connect.Session) bool { return sessions(t, w.admin)[s.ID().PID] }
	closed, err := w.warehouse.Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	table := w.table(t, "ends")
	exec(t, closed, redshift.Build("CREATE TABLE ? (a INTEGER)", table), redshift.Build("BEGIN"), redshift.Build("INSERT INTO ? VALUES (1)", table))
	if !there(closed) {
		t.Error("a session is not there")
	}
	if err := closed.Close(t.Context()); err != nil {
		t.Errorf("close: %v", err)
	}
	late, tick := time.After(10*time.Second), time.NewTicker(5*time.Millisecond)
	defer tick.Stop()
	for there(closed) { // a server notices a farewell a little later
		select {
		case <-tick.C:
		case <-late:
			t.Fatal("a session that was closed is there")
		}
	}
	if got := rows(t, w.admin, redshift.Build("SELECT count(*) FROM ?", table)); got[0] != "0" {
		t.Errorf("%s rows of a transaction that was never committed", got[0])
	}

	s := open(t, w.warehouse)
	exec(t, s, redshift.Build("BEGIN"))
	if err := w.warehouse.End(t.Context(), s.ID()); err != nil || there(s) {
		t.Errorf("ended from another session: %v, there %v", err, there(s))
	}
	_, err = s.Exec(t.Context(), redshift.Build("SELECT 1"))
	lost, ok := errors.AsType[*connect.LostError](err)
	if !ok || !lost.OutcomeUnknown() || !s.Broken() {
		t.Errorf("in a session that was ended: %v, broken %v", err, s.Broken())
	}
	_, err = s.Exec(t.Context(), redshift.Build("SELECT 1"))
	if lost, ok := errors.AsType[*connect.LostError](err); !ok || !lost.SafeToRetry() {
		t.Errorf("in a session that is known to be broken: %v", err)
	}
}

// Hazard D2: whatever is answered to a COMMIT, it is true: a session that cannot know says so.
func (w way) lostCommit(t *testing.T) {
	table := w.table(t, "lost")
	exec(t, w.admin, redshift.Build("CREATE TABLE ? (a INTEGER)", table))
	s := w.loseCommit(t, redshift.Build("BEGIN"), redshift.Build("INSERT INTO ? VALUES (1)", table))
	_, err := s.Exec(t.Context(), redshift.Build("COMMIT"))
	if err != nil {
		lost, ok := errors.AsType[*connect.LostError](err)
		if !ok || !lost.OutcomeUnknown() || !s.Broken() {
			t.Fatalf("%v, broken %v", err, s.Broken())
		}
		if err := w.warehouse.End(t.Context(), s.ID()); err != nil {
			t.Error(err)
		}
	}
	if got := rows(t, w.admin, redshift.Build("SELECT count(*) FROM ?", table)); got[0] != "1" {
		t.Errorf("answered %v, and there are %s rows", err, got[0])
	}
}

func (w way) refused(t *testing.T) {
	_, err := w.bench.warehouse(t, w.nobody, connect.Options{}).Open(t.Context())
	if _, ok := errors.AsType[*connect.UnreachedError](err); ok || err == nil || !strings.Contains(err.Error(), "log in to ") || hint.Of(err) == "" {
		t.Errorf("%v (%s)", err, hint.Of(err))
	}
}

// What only the Data API does.
func (b *bench) dataAPIAlone(t *testing.T) {
	log := newLines()
	w := b.warehouse(t, b.remote(), connect.Options{Log: log.logger()})
	s := open(t, w)
	t.Run("a commit is asked for by its token", func(t *testing.T) {
		table, err := redshift.NewTable("public", "by_token")
		if err != nil {
			t.Fatal(err)
		}
		exec(t, s, redshift.Build("CREATE TABLE ? (a INTEGER)", table), redshift.Build("BEGIN"))
		b.standin.Cloud.LoseAnswers("redshift-data:ExecuteStatement", 1)
		exec(t, s, redshift.Build("INSERT INTO ? VALUES (1)", table))
		b.standin.Cloud.LoseAnswers("redshift-data:ExecuteStatement", 2)
		exec(t, s, redshift.Build("COMMIT"))
		if got := rows(t, s, redshift.Build("SELECT count(*) FROM ?", table)); got[0] != "1" {
			t.Errorf("%s rows of a statement that was handed in twice", got[0])
		}
	})
	t.Run("too many statements are waited for", func(t *testing.T) {
		b.standin.Cloud.Data.SetLimits(data.Limits{Statements: 1})
		defer b.standin.Cloud.Data.SetLimits(data.Limits{})
		table, err := redshift.NewTable("public", "busy")
		if err != nil {
			t.Fatal(err)
		}
		exec(t, s, redshift.Build("CREATE TABLE ? (a INTEGER)", table))
		holder, other := open(t, b.warehouse(t, b.direct, connect.Options{})), open(t, w)
		exec(t, holder, redshift.Build("BEGIN"), redshift.Lock(table))
		var both sync.WaitGroup
		for _, s := range []*connect.Session{s, other} {
			both.Go(func() {
				if _, err := s.Exec(t.Context(), redshift.Build("INSERT INTO ? VALUES (1)", table)); err != nil {
					t.Error(err)
				}
			})
		}
		log.wait("the data api is busy", 1)
		exec(t, holder, redshift.Build("ROLLBACK"))
		both.Wait()
		if got := rows(t, holder, redshift.Build("SELECT count(*) FROM ?", table)); got[0] != "2" {
			t.Errorf("%s rows", got[0])
		}
	})
	t.Run("what is too large is said", func(t *testing.T) {
		_, err := s.Exec(t.Context(), redshift.Build("SELECT ?", redshift.Lit(strings.Repeat("x", redshift.DataAPIStatement))))
		if err == nil || !strings.Contains(err.Error(), "than the 100000 that the Data API takes") || s.Broken() {
			t.Error(err)
		}
		err = s.Query(t.Context(), redshift.Build("SELECT repeat('x', 65537)"), func([]*string) error { return nil })
		if err == nil || !strings.Contains(err.Error(), "Packet for query is too large") || hint.Of(err) == "" || s.Broken() {
			t.Errorf("%v (%s)", err, hint.Of(err))
		}
	})
	t.Run("what is missing is said", func(t *testing.T) {
		spec := b.remote()
		spec.Cluster = "none"
		_, err := b.warehouse(t, spec, connect.Options{}).Open(t.Context())
		if err == nil || !strings.Contains(err.Error(), "endpoint doesn't exist") || hint.Of(err) != "check cluster or workgroup, and region" {
			t.Errorf("%v (%s)", err, hint.Of(err))
		}
	})
	t.Run("statements are named after the run", func(t *testing.T) {
		all, err := w.Remotes(t.Context(), func(application string) bool { return application == "sealift test" })
		if err != nil {
			t.Fatal(err)
		}
		i := slices.IndexFunc(all, func(r connect.Remote) bool { return r.PID == s.ID().PID })
		if i < 0 || all[i].Application != "sealift test" || time.Since(all[i].Began) > 5*time.Minute {
			t.Errorf("%+v", all)
		}
		if none, err := w.Remotes(t.Context(), func(string) bool { return false }); err != nil || none != nil {
			t.Errorf("%v, %v", none, err)
		}
	})
}
