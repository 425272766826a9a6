package sealift_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/sealift/sealift"
	"github.com/sealift/sealift/job"
	"github.com/sealift/sealift/receipt"
)

// serverJob is a job whose source is the plain PostgreSQL.
func serverJob(tb testing.TB, s *site, tables string) *job.Job {
	tb.Helper()
	server, err := startPlainServer(tb.Context())
	if err != nil {
		tb.Fatal(err)
	}
	dir, port := server.Socket()
	env := s.env()
	_, rest, _ := strings.Cut(jobHead, "target:\n")
	text := fmt.Sprintf("version: 1\nsource: {postgres: %q, port: %d, database: %s, user: admin}\ntarget:\n", dir, port, s.database) +
		os.Expand(rest, func(k string) string { return env[k] }) + tables
	j, err := job.Parse("job.yaml", []byte(text), os.LookupEnv)
	if err != nil {
		tb.Fatal(err)
	}
	return j
}

// syncOnce syncs everything, and wants it verified.
func syncOnce(ctx context.Context, j *job.Job, dir string) (*receipt.Receipt, error) {
	y, err := sealift.PlanSync(ctx, j, sealift.SyncRequest{}, sealift.Options{})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, y.Close(ctx)) }()
	for _, t := range y.Tables {
		if t.Error != "" {
			return nil, fmt.Errorf("%s: %s", t.Target, t.Error)
		}
	}
	if y.Plan == nil {
		return nil, nil
	}
	r, err := sealift.Sync(ctx, y, sealift.Options{StateDir: dir, Fresh: true})
	if err == nil && r.Outcome != receipt.Verified {
		err = fmt.Errorf("%+v", r.Tables)
	}
	return r, err
}

// A server that is written to while it is synced: what is the same in three tables there, whatever is in them, is the same in the target
// after every sync, because all of it is read in one snapshot, which is also the one that says what is new.
func TestSyncOfAServerInUse(t *testing.T) {
	s := newSite(t, "inuse")
	for k, v := range s.env() {
		t.Setenv(k, v)
	}
	ctx := t.Context()
	setup := `create table accounts (id int primary key, n bigint not null, touched timestamptz not null);
insert into accounts select g, 0, now() from generate_series(1, 2000) g;
create table tellers (id int primary key, n bigint not null);
insert into tellers select g, 0 from generate_series(1, 20) g;
create table moves (id bigserial primary key, n bigint not null, at timestamptz not null);
create index on moves (at)`
	if err := onServer(ctx, s.database, func(c *pgconn.PgConn) error { _, err := c.Exec(ctx, setup).ReadAll(); return err }); err != nil {
		t.Fatal(err)
	}
	j := serverJob(t, s, `tables:
  - {select: public.accounts, mode: mirror, key: [id], since: touched, lookback: 1m}
  - {select: public.tellers, mode: replace}
  - {select: public.moves, mode: merge, key: [id], since: at, lookback: 1m}
`)
	writing, stop := context.WithCancel(ctx)
	defer stop()
	var writers sync.WaitGroup
	var moves atomic.Int64
	failed := make(chan error, 4)
	for w := range cap(failed) {
		writers.Go(func() {
			random := rand.New(rand.NewPCG(7, uint64(w)))
			failed <- onServer(ctx, s.database, func(c *pgconn.PgConn) error {
				for writing.Err() == nil {
					n := random.IntN(2001) - 1000
					sql := fmt.Sprintf(`begin; update accounts set n = n + %[1]d, touched = clock_timestamp() where id = %[2]d;
update tellers set n = n + %[1]d where id = %[3]d; insert into moves (n, at) values (%[1]d, clock_timestamp()); commit`, n, 1+random.IntN(2000), 1+random.IntN(20))
					if _, err := c.Exec(ctx, sql).ReadAll(); err != nil {
						return err
					}
					moves.Add(1)
				}
				return nil
			})
		})
	}
	dir, seen := t.TempDir(), ""
	for range 3 {
		before := moves.Load()
		if _, err := syncOnce(ctx, j, dir); err != nil {
			t.Error(err)
			break
		}
		rows, err := s.query(ctx, "target", "select (select sum(n) from accounts), (select sum(n) from tellers), (select sum(n) from moves), (select count(*) from moves)")
		if err != nil {
			t.Error(err)
			break
		}
		if r := rows[0]; r[0] != r[1] || r[1] != r[2] {
			t.Errorf("the sums in accounts, tellers and moves were one in every snapshot, and are %v", r)
		}
		if n, err := strconv.ParseInt(rows[0][3], 10, 64); err != nil || n < before-int64(cap(failed)) {
			t.Errorf("%s moves are there, of %d that were made before the sync (%v)", rows[0][3], before, err)
		}
		if rows[0][3] == seen {
			t.Errorf("nothing was moved between two syncs: %s", seen)
		}
		seen = rows[0][3]
	}
	stop()
	writers.Wait()
	for range cap(failed) {
		if err := <-failed; err != nil {
			t.Error(err)
		}
	}
	// Nobody writes any more: the next sync makes both the same, row for row.
	if _, err := syncOnce(ctx, j, dir); err != nil {
		t.Fatal(err)
	}
	for _, table := range []string{"accounts", "tellers", "moves"} {
		sql := "select count(*) || ' ' || coalesce(sum(n * id), 0) from " + table
		var want string
		err := onServer(ctx, s.database, func(c *pgconn.PgConn) error {
			r, err := c.Exec(ctx, sql).ReadAll()
			if err == nil {
				want = string(r[0].Rows[0][0])
			}
			return err
		})
		got, qerr := s.query(ctx, "target", sql)
		if err := errors.Join(err, qerr); err != nil {
			t.Fatal(err)
		}
		if got[0][0] != want {
			t.Errorf("%s: %s in the server, %s in the target", table, want, got[0][0])
		}
	}
}

// Issue: rows come out of a PostgreSQL server at 0.7 or more of the speed of psql \copy, compressed, encrypted, checked and with their
// digest taken. The COPY of the target is not part of it.
func BenchmarkSyncFromPostgres(b *testing.B) {
	s := newSite(b, "bserver")
	for k, v := range s.env() {
		b.Setenv(k, v)
	}
	ctx := b.Context()
	const rows = 1_000_000
	err := onServer(ctx, s.database, func(c *pgconn.PgConn) error {
		_, err := c.Exec(ctx, fmt.Sprintf(`create table orders (id bigint primary key, customer int, amount numeric(12,2), note text, status varchar(12), at timestamp);
insert into orders select g, g %% 5000, g / 7.0, 'note number ' || g || ' of a customer who wrote ' || md5(g::text), 'shipped', timestamp '2026-01-01' + g * interval '1 second' from generate_series(1, %d) g`, rows)).ReadAll()
		if err == nil {
			_, err = c.Exec(ctx, "vacuum analyze orders").ReadAll()
		}
		return err
	})
	if err != nil {
		b.Fatal(err)
	}
	server, err := startPlainServer(ctx)
	if err != nil {
		b.Fatal(err)
	}
	dir, port := server.Socket()
	j := serverJob(b, s, "tables: [{select: public.orders, mode: replace}]\n")
	for b.Loop() {
		out := filepath.Join(b.TempDir(), "orders.csv")
		start := time.Now()
		psql := exec.CommandContext(ctx, "psql", "-X", "-q", "-h", dir, "-p", strconv.Itoa(int(port)), "-U", "admin", "-d", s.database, "-c", `\copy orders to '`+out+`' csv`)
		if text, err := psql.CombinedOutput(); err != nil {
			b.Fatalf("psql: %v: %s", err, text)
		}
		byHand := time.Since(start)
		info, err := os.Stat(out)
		if err != nil {
			b.Fatal(err)
		}
		if err := os.Remove(out); err != nil {
			b.Fatal(err)
		}
		y, err := sealift.PlanSync(ctx, j, sealift.SyncRequest{Full: true}, sealift.Options{})
		if err != nil {
			b.Fatal(err)
		}
		r, err := sealift.Sync(ctx, y, sealift.Options{StateDir: b.TempDir(), Fresh: true})
		if err := errors.Join(err, y.Close(ctx)); err != nil || r.Outcome != receipt.Verified || r.Tables[0].Rows != rows {
			b.Fatalf("%v %+v", err, r)
		}
		b.ReportMetric(float64(info.Size())/1e6/byHand.Seconds(), "copy-MB/s")
		b.ReportMetric(float64(info.Size())/1e6/time.Duration(r.Tables[0].Send).Seconds(), "sent-MB/s")
		b.ReportMetric(byHand.Seconds()/time.Duration(r.Tables[0].Send).Seconds(), "of-copy")
	}
}

// Who alters a table while it is synced waits for the session that has read it; a reader that then waited for him would wait for ever, and
// with it everybody who reads the table.
func TestAnAlteredTableDoesNotHoldASyncUp(t *testing.T) {
	s := newSite(t, "altered")
	for k, v := range s.env() {
		t.Setenv(k, v)
	}
	ctx := t.Context()
	do := func(sql string) (rows int, err error) {
		err = onServer(ctx, s.database, func(c *pgconn.PgConn) error {
			all, err := c.Exec(ctx, sql).ReadAll()
			if err == nil {
				rows = len(all[len(all)-1].Rows)
			}
			return err
		})
		return rows, err
	}
	if _, err := do("create table wanted (id int); insert into wanted values (1), (2); create table other (id int); insert into other values (1)"); err != nil {
		t.Fatal(err)
	}
	j := serverJob(t, s, "tables: [{select: public.wanted, mode: replace}, {select: public.other, mode: replace}]\n")
	y, err := sealift.PlanSync(ctx, j, sealift.SyncRequest{}, sealift.Options{})
	if err != nil {
		t.Fatal(err)
	}
	altered := make(chan error, 1)
	go func() { _, err := do("alter table wanted add column name text"); altered <- err }()
	for waits := 0; waits == 0; {
		if waits, err = do("select 1 from pg_locks where not granted and relation = 'wanted'::regclass"); err != nil {
			t.Fatal(err)
		}
	}
	r, err := sealift.Sync(ctx, y, sealift.Options{StateDir: t.TempDir(), Fresh: true})
	if err := errors.Join(err, y.Close(ctx), <-altered); err != nil {
		t.Fatal(err)
	}
	outcomes := make(map[string]string)
	for _, t := range r.Tables {
		outcomes[t.Target] = string(t.Outcome)
		if t.Failure != nil {
			outcomes[t.Target] += " " + t.Failure.Error
		}
	}
	if !strings.Contains(outcomes["public.wanted"], "somebody waits to alter the table") || outcomes["public.other"] != "verified" {
		t.Errorf("%v", outcomes)
	}
	if _, err := syncOnce(ctx, j, t.TempDir()); err != nil {
		t.Error(err)
	}
}
