package sealift_test

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/sealift/sealift"
	"github.com/sealift/sealift/job"
	"github.com/sealift/sealift/receipt"
)

// The benchmarks drive whole runs against the stand-in. What they report is in docs/performance.md, as ratios and shares
// of one run: absolute times are those of one machine and of PostgreSQL, not of Redshift.

// benchSite is a site with a job over its whole source.
func benchSite(b *testing.B, name, tables string) (*site, string) {
	b.Helper()
	return siteWithJob(b, name, "defaults: {mode: replace}\ntables: ["+tables+"]\n")
}

// siteWithJob is a site of which this process knows the environment, with a job over its source.
func siteWithJob(b testing.TB, name, rest string) (*site, string) {
	b.Helper()
	s := newSite(b, name)
	env := s.env()
	for k, v := range env {
		b.Setenv(k, v)
	}
	file := filepath.Join(b.TempDir(), "job.yaml")
	text := os.Expand(jobHead, func(k string) string { return env[k] }) + rest
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		b.Fatal(err)
	}
	return s, file
}

func (s *site) must(b testing.TB, side, sql string) {
	b.Helper()
	if _, err := s.query(b.Context(), side, sql); err != nil {
		b.Fatal(err)
	}
}

// makeTables makes n tables of so many rows each.
func (s *site) makeTables(b *testing.B, n, rows int) {
	b.Helper()
	s.must(b, "source", "create schema if not exists bench")
	for from := 0; from < n; from += 500 {
		var sql strings.Builder
		for i := from; i < min(n, from+500); i++ {
			fmt.Fprintf(&sql, "create table bench.t%05d (id bigint not null, name varchar(40), amount numeric(12,2), at timestamp, ok boolean) distkey(id) sortkey(at);\n", i)
			if rows > 0 {
				fmt.Fprintf(&sql, "insert into bench.t%05d select g, 'name of ' || g, g / 7.0, timestamp '2026-01-01' + g * interval '1 minute', g %% 2 = 0 from generate_series(1, %d) g;\n", i, rows)
			}
		}
		s.must(b, "source", sql.String())
	}
}

// Issue: Sealift's own share of a copy's wall time, for 200 tables of 1,000 rows, below 15 ms a table. Its own is the
// time in which neither warehouse was at work on an UNLOAD, a COPY or a digest, by the warehouses' own query history.
func BenchmarkCopyManySmallTables(b *testing.B) {
	const tables = 200
	s, file := benchSite(b, "bsmall", "bench.*")
	s.makeTables(b, tables, 1000)
	j := readJob(b, file)
	for _, at := range []int{1, 4} {
		b.Run(fmt.Sprintf("concurrency=%d", at), func(b *testing.B) {
			j.Concurrency = job.Concurrency{Unload: at, Copy: at}
			for b.Loop() {
				p, err := sealift.Plan(b.Context(), j, sealift.Options{})
				if err != nil {
					b.Fatal(err)
				}
				start := time.Now()
				r, err := sealift.Copy(b.Context(), p, sealift.Options{StateDir: b.TempDir(), Fresh: true})
				wall := time.Since(start)
				if err != nil || r.Outcome != receipt.Verified {
					b.Fatalf("%v %+v", err, r.Counts())
				}
				busy := s.busy(b, start)
				b.ReportMetric(float64((wall-busy).Microseconds())/1000/tables, "own-ms/table")
				b.ReportMetric(float64(wall.Microseconds())/1000/tables, "wall-ms/table")
			}
		})
	}
}

// busy is how long since start at least one warehouse was at work on an UNLOAD, a COPY or a digest.
func (s *site) busy(b *testing.B, start time.Time) time.Duration {
	b.Helper()
	type span struct{ from, to int64 } // microseconds
	var spans []span
	for _, side := range []string{"source", "target"} {
		rows, err := s.query(b.Context(), side, `select extract(epoch from start_time) * 1000000, extract(epoch from end_time) * 1000000
from sys_query_history where database_name = current_database()
and (query_text like 'UNLOAD%' or query_text like 'COPY%' or query_text like '%STRTOL%')`)
		if err != nil {
			b.Fatal(err)
		}
		for _, r := range rows {
			from, err1 := strconv.ParseFloat(r[0], 64)
			to, err2 := strconv.ParseFloat(r[1], 64)
			if err := errors.Join(err1, err2); err != nil {
				b.Fatal(err)
			}
			if int64(from) >= start.UnixMicro() {
				spans = append(spans, span{int64(from), int64(to)})
			}
		}
	}
	if len(spans) == 0 {
		b.Fatal("the query history knows of no work")
	}
	slices.SortFunc(spans, func(x, y span) int { return cmp.Compare(x.from, y.from) })
	var total, end int64
	for _, s := range spans {
		if s.to > end {
			total += s.to - max(s.from, end)
			end = s.to
		}
	}
	return time.Duration(total) * time.Microsecond
}

func readJob(b testing.TB, file string) *job.Job {
	b.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		b.Fatal(err)
	}
	j, err := job.Parse(file, text, os.LookupEnv)
	if err != nil {
		b.Fatal(err)
	}
	return j
}

// program builds the binary once for a benchmark.
func program(b *testing.B) string {
	b.Helper()
	path := filepath.Join(b.TempDir(), "sealift")
	out, err := exec.CommandContext(b.Context(), "go", "build", "-o", path, "./cmd/sealift").CombinedOutput()
	if err != nil {
		b.Fatalf("%v\n%s", err, out)
	}
	return path
}

// measure runs the program and gives its time and peak resident memory in MB.
func measure(ctx context.Context, b *testing.B, path string, args ...string) (time.Duration, float64) {
	b.Helper()
	took, peak, out, err := watch(exec.CommandContext(ctx, path, append(args, "--state-dir", b.TempDir())...))
	if err != nil {
		b.Fatalf("%v\n%s", err, out)
	}
	return took, peak
}

// watch runs a program and gives its time, its peak resident memory in MB and what it said. The peak is the kernel's for
// the program's own memory: what wait answers begins with that of the process that started it.
func watch(cmd *exec.Cmd) (took time.Duration, peak float64, said string, err error) {
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	start := time.Now()
	if err := cmd.Start(); err != nil {
		return 0, 0, "", err
	}
	done := make(chan error, 1)
	go func() { done <- cmd.Wait() }()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case err := <-done:
			return time.Since(start), peak, out.String(), err
		case <-tick.C:
			status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", cmd.Process.Pid))
			if err != nil {
				continue // it has ended
			}
			for line := range strings.Lines(string(status)) {
				if rest, ok := strings.CutPrefix(line, "VmHWM:"); ok {
					kB, err := strconv.ParseFloat(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(rest), "kB")), 64)
					if err == nil {
						peak = max(peak, kB/1024)
					}
				}
			}
		}
	}
}

// Issue: the peak memory of copy does not grow with the table.
func BenchmarkCopyMemory(b *testing.B) {
	s, file := benchSite(b, "bmemory", "bench.*")
	path := program(b)
	for b.Loop() {
		for _, rows := range []int{1_000, 100_000, 1_000_000} {
			s.must(b, "source", "drop schema if exists bench cascade")
			s.makeTables(b, 1, rows)
			_, peak := measure(b.Context(), b, path, "copy", file)
			b.ReportMetric(peak, fmt.Sprintf("MB@%dk-rows", rows/1000))
		}
	}
}

// Issue: plan with 10,000 tables below 200 MB and below 10 s.
func BenchmarkPlan10000Tables(b *testing.B) {
	s, file := benchSite(b, "bplan", "bench.*")
	s.makeTables(b, 10_000, 0)
	path := program(b)
	for b.Loop() {
		took, peak := measure(b.Context(), b, path, "plan", file, "-o", filepath.Join(b.TempDir(), "p.json"))
		b.ReportMetric(took.Seconds(), "s/plan")
		b.ReportMetric(peak, "MB")
	}
}
