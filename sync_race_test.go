package sealift_test

import (
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/sealift/sealift"
	"github.com/sealift/sealift/internal/delta"
	"github.com/sealift/sealift/internal/effect"
	"github.com/sealift/sealift/internal/redshift"
	"github.com/sealift/sealift/receipt"
)

// planned is a sync that was planned and is carried out later: what happens in between is the test's.
func planned(t *testing.T, file string) *sealift.Syncing {
	t.Helper()
	y, err := sealift.PlanSync(t.Context(), readJob(t, file), sealift.SyncRequest{}, sealift.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, table := range y.Tables {
		if table.Error != "" {
			t.Fatalf("%s: %s", table.Target, table.Error)
		}
	}
	return y
}

func carriedOut(t *testing.T, y *sealift.Syncing) *receipt.Receipt {
	t.Helper()
	r, err := sealift.Sync(t.Context(), y, sealift.Options{StateDir: t.TempDir(), Fresh: true})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// inStep syncs once more and wants the tables to have the rows of the source.
func inStep(t *testing.T, s *site, file string, tables ...string) {
	t.Helper()
	if y := planned(t, file); y.Plan != nil {
		if r := carriedOut(t, y); r.Outcome != receipt.Verified {
			t.Fatalf("%+v", r.Counts())
		}
	}
	for _, name := range tables {
		var both [2][][]string
		for i, side := range []string{"source", "target"} {
			rows, err := s.query(t.Context(), side, "select * from "+name)
			if err != nil {
				t.Fatal(err)
			}
			slices.SortFunc(rows, slices.Compare)
			both[i] = rows
		}
		if !slices.EqualFunc(both[0], both[1], slices.Equal) {
			t.Errorf("%s is %v in the source, %v in the target", name, both[0], both[1])
		}
	}
}

// The source goes on between the questions about it and the UNLOAD.
func TestSyncOfASourceThatGoesOn(t *testing.T) {
	s, file := siteWithJob(t, "syncgoeson", `tables:
  - {select: s.log, mode: append, since: id}
  - {select: s.merged, mode: merge, key: [id], since: at}
  - {select: s.mirrored, mode: mirror, key: [id]}
  - {select: s.replaced, mode: replace}
`)
	s.must(t, "source", `create schema s; create table s.log (id int); create table s.merged (id int, v varchar(9), at timestamp);
create table s.mirrored (id int, v varchar(9)); create table s.replaced (id int, v varchar(9));
insert into s.mirrored values (1, 'a'); insert into s.replaced values (1, 'a')`)
	all := []string{"s.log", "s.merged", "s.mirrored", "s.replaced"}

	// Rows come into tables that were empty: they are moved now or the next time, and once.
	y := planned(t, file)
	s.must(t, "source", `insert into s.log values (1), (2); insert into s.merged values (1, 'a', '2026-01-01')`)
	carriedOut(t, y)
	inStep(t, s, file, all...)

	// Where nothing says what is new: a row changes, is moved like this, and changes back to what was seen.
	s.must(t, "source", `insert into s.mirrored values (2, 'b'); insert into s.replaced values (2, 'b')`)
	y = planned(t, file)
	s.must(t, "source", `update s.mirrored set v = 'x' where id = 1; update s.replaced set v = 'x' where id = 1`)
	carriedOut(t, y)
	s.must(t, "source", `update s.mirrored set v = 'a' where id = 1; update s.replaced set v = 'a' where id = 1`)
	inStep(t, s, file, all...)

	// Rows come at the watermark, below the one that is to be, and above it.
	s.must(t, "source", `insert into s.log values (5); insert into s.merged values (2, 'b', '2026-01-02')`)
	y = planned(t, file)
	s.must(t, "source", `insert into s.log values (4), (6); insert into s.merged values (3, 'late', '2026-01-02'), (4, 'new', '2026-01-03')`)
	carriedOut(t, y)
	inStep(t, s, file, all...)

	// What is kept of the rows near the watermark is what they were when they were moved: one that came after the questions is not moved
	// once more, and one that comes after the UNLOAD is.
	s.must(t, "source", `insert into s.merged values (5, 'e', '2026-01-05')`)
	y = planned(t, file)
	s.must(t, "source", `insert into s.merged values (6, 'f', '2026-01-05'); update s.merged set v = 'g' where id = 5`)
	carriedOut(t, y)
	if y := planned(t, file); y.Plan != nil {
		t.Errorf("rows that were moved are to be moved again: %+v", y.Tables)
	}
	s.must(t, "source", `insert into s.merged values (7, 'h', '2026-01-05')`)
	inStep(t, s, file, all...)
}

// Two syncs are planned at once, and carried out one after the other: what the first has moved, the second does not move.
func TestSecondOfTwoSyncs(t *testing.T) {
	s, file := siteWithJob(t, "syncsecond", `tables:
  - {select: s.log, mode: append, since: id}
  - {select: s.kept, mode: history, key: [id], since: at}
`)
	s.must(t, "source", `create schema s; create table s.log (id int); create table s.kept (id int, at timestamp);
insert into s.log select generate_series(1, 10); insert into s.kept values (1, '2026-01-01')`)
	for round, more := range []string{"", "insert into s.log values (11); insert into s.kept values (1, '2026-01-02')"} {
		if more != "" {
			s.must(t, "source", more)
		}
		first, second := planned(t, file), planned(t, file)
		if r := carriedOut(t, first); r.Outcome != receipt.Verified {
			t.Fatalf("round %d: %+v", round, r.Counts())
		}
		r := carriedOut(t, second)
		if got := fmt.Sprintf("%+v", r.Counts()); r.Outcome == receipt.Verified {
			t.Errorf("round %d: the second was published too: %s", round, got)
		}
		inStep(t, s, file, "s.log")
		rows, err := s.query(t.Context(), "target", "select count(*), sum(case when is_current then 1 else 0 end) from s.kept")
		if err != nil || rows[0][0] != fmt.Sprint(round+1) || rows[0][1] != "1" {
			t.Errorf("round %d: history is %v, %v", round, rows, err)
		}
	}
}

// What somebody writes for a value of a since column is kept as the warehouse writes it: else the next sync would take it for another.
func TestSyncValuesAreTheWarehouses(t *testing.T) {
	t.Parallel()
	s := newSite(t, "syncvalues")
	for name, values := range map[string][]string{
		"smallint": {"-32768", "+7"}, "bigint": {"-0", "9223372036854775807", "007"}, "numeric(9,2)": {"1.5", "-9999999.99", "0"}, "numeric(38,37)": {"0.1"},
		"date": {"2026-11-26", "0001-01-01"}, "timestamp": {"2026-11-26", "2026-11-26T10:15:00.120Z", "9999-12-31 23:59:59.999999"}, "timestamptz": {"2026-11-26 10:15:00.5", "2026-11-26T00:00:00+00:00"},
	} {
		of, err := redshift.ParseType(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range values {
			got, err := delta.ParseValue(v, of)
			if err != nil {
				t.Errorf("%q as %s: %v", v, name, err)
				continue
			}
			rows, err := s.query(t.Context(), "source", fmt.Sprintf("set timezone to 'UTC'; set datestyle to 'ISO, MDY'; select cast(max(v) as varchar(64)) from (select cast('%s' as %s) as v) as q", v, name))
			if err != nil || rows[0][0] != got {
				t.Errorf("%q as %s is %q, to the warehouse %v, %v", v, name, got, rows, err)
			}
		}
	}
}

// Whatever becomes of a shadow from which rows are merged, the table stays as it was: what they came to is compared in the transaction that
// merges them.
func TestMergedRowsAreCompared(t *testing.T) {
	s, file := siteWithJob(t, "syncmerged", `tables:
  - {select: s.kept, mode: history, key: [id], since: at}
  - {select: s.merged, mode: merge, key: [id], since: at}
`)
	for _, name := range []string{"s.kept", "s.merged"} {
		s.must(t, "source", "create schema if not exists s; create table "+name+" (id int, v varchar(9), at timestamp); insert into "+name+
			" values (1, 'a', '2026-01-01'), (2, 'b', '2026-01-01'), (3, 'c', '2026-01-01')")
	}
	carriedOut(t, planned(t, file))
	content := func() (all [][]string) {
		for _, name := range []string{"s.kept", "s.merged"} {
			rows, err := s.query(t.Context(), "target", "select * from "+name)
			if err != nil {
				t.Fatal(err)
			}
			slices.SortFunc(rows, slices.Compare)
			all = append(all, rows...)
		}
		return all
	}
	before := content()
	for _, name := range []string{"s.kept", "s.merged"} {
		s.must(t, "source", "update "+name+" set v = 'new', at = '2026-01-02' where id < 3")
	}
	defer sealift.SetPoint(nil)
	for _, harm := range []string{
		"update %s set v = 'other' where id = 1", "update %s set v = null where id = 1", "update %s set id = 7 where id = 1", "update %s set id = null where id = 1",
		"delete from %s where id = 1", "insert into %s (id, v, at) values (3, 'x', '2026-01-02')",
	} {
		y := planned(t, file)
		var harmed atomic.Int64
		sealift.SetPoint(func(point string, when effect.Phase) {
			for i, table := range y.Plan.Tables {
				if when == effect.Before && strings.HasSuffix(point, "intent "+table.Target+"/publish") {
					harmed.Add(1)
					shadow, err := s.query(t.Context(), "target", fmt.Sprintf("select 's.' || relname from pg_class where relkind = 'r' and relname like 'sealift\\\\_%%\\\\_%d'", i))
					if err == nil {
						_, err = s.query(t.Context(), "target", fmt.Sprintf(harm, shadow[0][0]))
					}
					if err != nil {
						t.Errorf("%s: %v", harm, err)
					}
				}
			}
		})
		r := carriedOut(t, y)
		sealift.SetPoint(nil)
		if harmed.Load() != 2 || r.Counts()[receipt.Failed] != 2 {
			t.Errorf("%s: %d shadows were harmed: %v", harm, harmed.Load(), r.Counts())
		}
		if got := content(); !slices.EqualFunc(got, before, slices.Equal) {
			t.Errorf("%s: the target has %v, and had %v", harm, got, before)
		}
	}
	inStep(t, s, file, "s.merged")
}
