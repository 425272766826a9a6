package sealift_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"

	"github.com/sealift/sealift/journal"
)

var loadGigabytes = flag.Int("load-gigabytes", 1, "size of the files that the benchmarks of load read")

// The benchmarks of load end where COPY begins, because what follows is the warehouse's: the role in their configuration
// is one that the warehouse does not have, so that COPY is refused at once and the run cleans up. Everything before it is
// whole: looking, inferring, cutting, checking, compressing, staging under the key, looking at every object.
func loadBench(b *testing.B, name string) (s *site, path string) {
	b.Helper()
	s = newSite(b, name)
	env := s.env()
	env["COPY_ROLE"] = detachedRole
	env["XDG_CONFIG_HOME"] = b.TempDir()
	for k, v := range env {
		b.Setenv(k, v)
	}
	dir := filepath.Join(env["XDG_CONFIG_HOME"], "sealift")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		b.Fatal(err)
	}
	text := os.Expand(configText, func(k string) string { return env[k] })
	if err := os.WriteFile(filepath.Join(dir, "config.yaml"), []byte(text), 0o600); err != nil {
		b.Fatal(err)
	}
	return s, program(b)
}

// stage runs a load up to its COPY, and gives the time until every object was staged and checked, from the start of the
// program, and its peak memory in MB.
func stage(b *testing.B, path string, stdin io.Reader, args ...string) (time.Duration, float64) {
	b.Helper()
	log := filepath.Join(b.TempDir(), "journal")
	cmd := exec.CommandContext(b.Context(), path, append([]string{"load", "--state-dir", log}, args...)...)
	cmd.Stdin = stdin
	begin := time.Now()
	_, peak, out, err := watch(cmd)
	if err == nil || !strings.Contains(out, "is not authorized to assume IAM Role") {
		b.Fatalf("the load did not come to its COPY: %v\n%s", err, out)
	}
	journals, err := filepath.Glob(filepath.Join(log, "runs", "*", "journal.jsonl"))
	if err != nil || len(journals) != 1 {
		b.Fatalf("%q, %v", journals, err)
	}
	text, err := os.ReadFile(journals[0])
	if err != nil {
		b.Fatal(err)
	}
	for line := range bytes.Lines(text) {
		var e journal.Entry
		if err := json.Unmarshal(line, &e); err != nil {
			b.Fatal(err)
		}
		if e.Type == journal.Done && strings.HasSuffix(e.Step, "/send") {
			return e.Time.Sub(begin), peak
		}
	}
	b.Fatalf("nothing was sent:\n%s", text)
	return 0, 0
}

// flightText is about so many bytes of flight data: every tenth delay is missing, one name in ten is quoted.
func flightText(bytes int) []byte {
	r := rand.New(rand.NewPCG(1, 2))
	out := make([]byte, 0, bytes+200)
	for len(out) < bytes {
		delay, city := "", "San Francisco"
		if r.IntN(10) > 0 {
			delay = fmt.Sprintf("%d.00", r.IntN(200)-20)
		}
		if r.IntN(10) == 0 {
			city = `"Washington, DC"`
		}
		out = fmt.Appendf(out, "2015-%02d-%02d,%d,Far West,Pacific,California,%s,SFO,Northeast,Middle Atlantic,New York,NY,JFK,%s,%d.00,0\n",
			r.IntN(12)+1, r.IntN(28)+1, 19000+r.IntN(900), city, delay, r.IntN(300)-30)
	}
	return out
}

const flightHeader = "fl_date,airline_id,origin_reg,origin_div,origin_state,origin_city,origin_ap,dest_reg,dest_div,dest_state,dest_st,dest_ap,dep_delay,arr_delay,cancelled\n"

// flightFile writes a file of so many bytes.
func flightFile(b *testing.B, size int64) string {
	b.Helper()
	name := filepath.Join(b.TempDir(), "flights.csv")
	f, err := os.Create(name)
	if err != nil {
		b.Fatal(err)
	}
	if _, err := io.Copy(f, flights(size)); err != nil {
		b.Fatal(err)
	}
	if err := f.Close(); err != nil {
		b.Fatal(err)
	}
	return name
}

// flights is so many bytes of flight data, and what is missing of the last record.
func flights(size int64) io.Reader {
	text := flightText(32 << 20)
	readers := []io.Reader{strings.NewReader(flightHeader)}
	for n := int64(0); n < size; n += int64(len(text)) {
		readers = append(readers, bytes.NewReader(text))
	}
	return io.MultiReader(readers...)
}

// Issue: a gigabyte of flight data is staged at least 3 times as fast as by gzip -1 | aws s3 cp --sse aws:kms, and at
// least at 0.8 of what the slowest stage does alone.
func BenchmarkLoadAgainstGzipAndAWS(b *testing.B) {
	s, path := loadBench(b, "bload")
	name := flightFile(b, int64(*loadGigabytes)<<30)
	info, err := os.Stat(name)
	if err != nil {
		b.Fatal(err)
	}
	mb := float64(info.Size()) / 1e6
	all := map[string][]float64{}
	for b.Loop() {
		ours, peak := stage(b, path, nil, name, "--to", "dev.public.flights")
		begin := time.Now()
		pipe := exec.CommandContext(b.Context(), "bash", "-o", "pipefail", "-c", `gzip -1 < "$1" | aws s3 cp - "s3://$2/theirs.gz" --sse aws:kms --sse-kms-key-id "$3" --endpoint-url "$AWS_ENDPOINT_URL"`,
			"-", name, s.bucket, s.keyARN)
		if out, err := pipe.CombinedOutput(); err != nil {
			b.Fatalf("%v\n%s", err, out)
		}
		theirs := time.Since(begin)
		compress := compressAlone(b)
		for unit, value := range map[string]float64{
			"load-MB/s": mb / ours.Seconds(), "gzip+aws-MB/s": mb / theirs.Seconds(), "times-gzip+aws": theirs.Seconds() / ours.Seconds(),
			"compress-one-core-MB/s": compress, "of-compress": mb / ours.Seconds() / compress, "peak-MB": peak,
		} {
			all[unit] = append(all[unit], value)
		}
	}
	for unit, values := range all { // in the middle: on a machine that others use, one loop says little
		slices.Sort(values)
		b.ReportMetric(values[len(values)/2], unit)
	}
}

// compressAlone is how fast one core compresses such text when it does nothing else, in MB/s.
func compressAlone(b *testing.B) float64 {
	b.Helper()
	text := flightText(64 << 20)
	z, err := zstd.NewWriter(io.Discard, zstd.WithEncoderConcurrency(1), zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithLowerEncoderMem(true), zstd.WithWindowSize(256<<10))
	if err != nil {
		b.Fatal(err)
	}
	begin := time.Now()
	const times = 4
	for range times {
		if _, err := io.CopyBuffer(z, struct{ io.Reader }{bytes.NewReader(text)}, make([]byte, 1<<20)); err != nil {
			b.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		b.Fatal(err)
	}
	return times * float64(len(text)) / 1e6 / time.Since(begin).Seconds()
}

// Issue: below 300 MB at the peak for any input size, including a record of 4 MB, a long standard input and 10,000 small
// files.
func BenchmarkLoadMemory(b *testing.B) {
	_, path := loadBench(b, "bloadmem")
	long := filepath.Join(b.TempDir(), "long.csv")
	var text bytes.Buffer
	w := csv.NewWriter(&text)
	for i := range 200 {
		line := []string{fmt.Sprint(i)}
		for range 65 { // 65 columns of 64,000 bytes: a record of 4.16 MB
			line = append(line, strings.Repeat(string(rune('a'+i%26)), 64_000))
		}
		if err := w.Write(line); err != nil {
			b.Fatal(err)
		}
	}
	w.Flush()
	if err := os.WriteFile(long, text.Bytes(), 0o600); err != nil {
		b.Fatal(err)
	}
	folder := b.TempDir()
	for i := range 10_000 {
		if err := os.WriteFile(filepath.Join(folder, fmt.Sprintf("%05d.csv", i)), []byte(flightHeader+string(flightText(2000))), 0o600); err != nil {
			b.Fatal(err)
		}
	}
	for b.Loop() {
		_, peak := stage(b, path, flights(int64(*loadGigabytes)<<30), "-", "--to", "dev.public.a")
		b.ReportMetric(peak, "stdin-MB")
		_, peak = stage(b, path, nil, long, "--no-header", "--to", "dev.public.b")
		b.ReportMetric(peak, "long-records-MB")
		_, peak = stage(b, path, nil, folder, "--to", "dev.public.c")
		b.ReportMetric(peak, "10000-files-MB")
	}
}
