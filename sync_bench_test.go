package sealift_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sealift/sealift"
	"github.com/sealift/sealift/internal/effect"
	"github.com/sealift/sealift/receipt"
)

// parts are what a sync of one table does, by the point at which it does so, and how it is called here.
var parts = []struct{ point, name string }{
	{"/unload: source UNLOAD", "UNLOAD"},
	{"/unload: source SELECT", "digest"},
	{"/load: target COPY", "COPY"},
	{"/publish: target UPDATE", "UPDATE"},
	{"/publish: target SELECT", "compare"},
}

// timed tells how long each part of what do does took.
func timed(do func()) map[string]time.Duration {
	var mu sync.Mutex
	took, began := map[string]time.Duration{}, map[string]time.Time{}
	sealift.SetPoint(func(point string, when effect.Phase) {
		mu.Lock()
		defer mu.Unlock()
		if when == effect.Before {
			began[point] = time.Now()
			return
		}
		for _, p := range parts {
			if strings.HasSuffix(point, p.point) {
				took[p.name] += time.Since(began[point])
			}
		}
	})
	defer sealift.SetPoint(nil)
	do()
	return took
}

func (s *site) sync(b *testing.B, file string) (moved bool, took time.Duration) {
	b.Helper()
	start := time.Now()
	y, err := sealift.PlanSync(b.Context(), readJob(b, file), sealift.SyncRequest{}, sealift.Options{})
	if err != nil {
		b.Fatal(err)
	}
	for _, t := range y.Tables {
		if t.Error != "" {
			b.Fatalf("%s: %s", t.Target, t.Error)
		}
	}
	if y.Plan == nil {
		return false, time.Since(start)
	}
	r, err := sealift.Sync(b.Context(), y, sealift.Options{StateDir: b.TempDir(), Fresh: true})
	if err != nil || r.Outcome != receipt.Verified {
		b.Fatalf("%v %+v", err, r)
	}
	return true, time.Since(start)
}

// Issue: a merge of 10,000 changed rows into 1,000,000 costs less than 1.5 times the COPY of 10,000 rows and the MERGE statement run by
// hand. The sync also finds out what is new, unloads it, and compares everything.
func BenchmarkSyncMerge(b *testing.B) {
	const rows, changed = 1_000_000, 10_000
	s, file := siteWithJob(b, "bsyncmerge", "tables: [{select: bench.t00000, mode: merge, key: [id], since: at}]\n")
	s.makeTables(b, 1, rows)
	s.sync(b, file)
	s.must(b, "target", "create table bench.byhand as select * from bench.t00000; create table bench.delta (like bench.t00000)")
	n := 0
	change := func() {
		n++
		s.must(b, "source", fmt.Sprintf("update bench.t00000 set name = 'changed %d', at = timestamp '2030-01-01' + %d * interval '1 day' + id * interval '1 microsecond' where id %% %d = %d", n, n, rows/changed, n%(rows/changed)))
	}
	least := map[string]time.Duration{} // of all loops: others use the machine, too
	note := func(what string, took time.Duration) {
		if before, ok := least[what]; !ok || took < before {
			least[what] = took
		}
	}
	for b.Loop() {
		change()
		var took time.Duration
		of := timed(func() { _, took = s.sync(b, file) })
		rest := took
		for _, p := range parts {
			note("ms/"+p.name, of[p.name])
			rest -= of[p.name]
		}
		note("ms/rest", rest)
		note("ms/sync", took)

		url := fmt.Sprintf("s3://%s/byhand/%d/", s.bucket, n)
		s.must(b, "source", fmt.Sprintf("unload ('select * from bench.t00000 where id %% %d = %d') to '%s' iam_role '%s' kms_key_id '%s' encrypted format parquet", rows/changed, n%(rows/changed), url, unloadRole, s.keyARN[strings.LastIndex(s.keyARN, "/")+1:]))
		s.must(b, "target", "truncate bench.delta")
		start := time.Now()
		s.must(b, "target", fmt.Sprintf("copy bench.delta from '%s' iam_role '%s' format parquet", url, copyRole))
		copied := time.Since(start)
		s.must(b, "target", `merge into bench.byhand using bench.delta on bench.byhand.id = bench.delta.id
when matched then update set name = bench.delta.name, amount = bench.delta.amount, at = bench.delta.at, ok = bench.delta.ok
when not matched then insert values (bench.delta.id, bench.delta.name, bench.delta.amount, bench.delta.at, bench.delta.ok)`)
		byHand := time.Since(start)
		note("ms/by-hand-COPY", copied)
		note("ms/by-hand-MERGE", byHand-copied)
		note("ms/by-hand", byHand)
	}
	for what, took := range least {
		b.ReportMetric(took.Seconds()*1000, what)
	}
	b.ReportMetric(float64(least["ms/sync"])/float64(least["ms/by-hand"]), "times-by-hand")
}

// Issue: a sync of 100 tables with nothing new below 2 s.
func BenchmarkSyncNothingNew(b *testing.B) {
	const tables = 100
	s, file := siteWithJob(b, "bsyncnothing", "tables: [{select: bench.*, mode: merge, key: [id], since: at}]\n")
	s.makeTables(b, tables, 1000)
	s.sync(b, file)
	for b.Loop() {
		moved, took := s.sync(b, file)
		if moved {
			b.Fatal("something was new")
		}
		b.ReportMetric(took.Seconds(), "s/sync")
	}
}
