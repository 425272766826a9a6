package local

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"strconv"
	"strings"
	"testing"
	"time"
)

// flightRows is how many rows of flight_data the benchmark moves.
const flightRows = 1_000_000

// flightTable is the demo's flight_data, made here with values of the same kind and width.
var flightTable = `(fl_date timestamp, airline_id int, origin_region varchar(10), origin_division varchar(20), origin_state_name char(15),
		origin_state_abr char(2), origin_ap char(3), dest_region varchar(10), dest_division varchar(20), dest_state_name char(15),
		dest_state_abr char(2), dest_ap char(3), dep_delay numeric(8,2), arr_delay numeric(8,2), cancelled boolean)`

var flightData = `insert into flight_data select timestamp '2025-01-01' + i % 365 * interval '1 day', 19000 + i % 900, 'West', 'Mountain ' || i % 9,
		'State ' || i % 50, chr(65 + i % 26) || chr(65 + i / 26 % 26), chr(65 + i % 26) || chr(65 + i / 7 % 26) || 'X', 'Northeast', 'New England',
		'State ' || i % 47, chr(65 + i % 25) || 'Y', chr(65 + i % 26) || chr(65 + i / 11 % 26) || 'Z',
		case when i % 50 > 0 then i % 300 - 20.25 end, case when i % 50 > 0 then i % 400 - 30.5 end, i % 50 = 0
		from generate_series(1, ` + strconv.Itoa(flightRows) + `) i`

// BenchmarkTransfer moves flight_data out and in, by UNLOAD and COPY through the stand-in, S3 under a KMS key included, and
// by psql's \copy against the same PostgreSQL directly. The fastest of all rounds counts: the ratios say how many rows a
// second UNLOAD and COPY move for each that \copy does.
func BenchmarkTransfer(b *testing.B) {
	c := users(standin)
	auth := bucket(b, standin, "bench")
	key := c.aws(b, "kms", "create-key", "--query", "KeyMetadata.KeyId")
	w, err := standin.fleet.warehouse(sourceName)
	if err != nil {
		b.Fatal(err)
	}
	dir, port := w.pg.Socket()
	password, _ := standin.fleet.vault.password(sourceName)
	direct := append(append(clients{}, c...), EnvVar{"PGSSLMODE", "disable"}, EnvVar{"PGPASSWORD", password})
	plain := fmt.Sprintf("postgresql://%s@/%s?host=%s&port=%d", MasterUser, Database, dir, port)
	file := filepath.Join(b.TempDir(), "flights")
	if got := direct.psql(b, plain, "create table flight_data "+flightTable+"; create table target "+flightTable+";"+flightData+"; vacuum analyze flight_data"); strings.Contains(got, "ERROR") {
		b.Fatal(got)
	}
	unload := func(options string) string {
		return "unload ('select * from flight_data') to 's3://bench/f_'" + auth + "kms_key_id '" + key + "' encrypted " + options
	}
	load := func(options string) string {
		return "copy target from 's3://bench/f_'" + auth + "compupdate off statupdate off " + options
	}
	steps := []struct {
		name string
		with clients
		url  string
		sql  string
		says string
	}{
		{"psql-to", direct, plain, `\copy flight_data to ` + file, "COPY 1000000"},
		{"psql-from", direct, plain, `\copy target from ` + file, "COPY 1000000"},
		{"unload-zstd", c, c.env("REDSHIFT_SOURCE_URL"), unload("escape null as '@' zstd"), "1000000 record(s)"},
		{"copy-zstd", c, c.env("REDSHIFT_SOURCE_URL"), load("escape null as '@' zstd dateformat 'auto' timeformat 'auto'"), "1000000 record(s)"},
		{"unload-parquet", c, c.env("REDSHIFT_SOURCE_URL"), unload("format parquet"), "1000000 record(s)"},
		{"copy-parquet", c, c.env("REDSHIFT_SOURCE_URL"), strings.ReplaceAll(load("format parquet"), "compupdate off ", ""), "1000000 record(s)"},
	}
	best := map[string]time.Duration{}
	for b.Loop() {
		for _, s := range steps {
			if strings.HasPrefix(s.name, "copy-") || s.name == "psql-from" {
				if got := direct.psql(b, plain, "truncate target; checkpoint"); strings.Contains(got, "ERROR:  relation") {
					b.Fatal(got)
				}
			}
			if strings.HasPrefix(s.name, "unload-") {
				c.aws(b, "s3", "rm", "s3://bench/", "--recursive")
			}
			begin := time.Now()
			got := s.with.psql(b, s.url, s.sql)
			took := time.Since(begin)
			if !strings.Contains(got, s.says) {
				b.Fatalf("%s: %s", s.name, got)
			}
			if best[s.name] == 0 || took < best[s.name] {
				best[s.name] = took
			}
		}
	}
	b.ReportMetric(0, "ns/op") // of all of it together, which says nothing
	for name, took := range best {
		b.ReportMetric(flightRows/took.Seconds(), name+"-rows/s")
	}
	for _, r := range []struct{ name, of string }{
		{"unload-zstd", "psql-to"}, {"copy-zstd", "psql-from"}, {"unload-parquet", "psql-to"}, {"copy-parquet", "psql-from"},
	} {
		b.ReportMetric(best[r.of].Seconds()/best[r.name].Seconds(), r.name+"-ratio")
	}
}

var gigabytes = flag.Int("gigabytes", 1, "how much BenchmarkFlatMemory moves")

// BenchmarkFlatMemory unloads and loads many gigabytes of text and reports the peak of resident memory that the process
// had on the way, PostgreSQL not included: `make memory` moves ten gigabytes.
func BenchmarkFlatMemory(b *testing.B) {
	c := users(standin)
	auth := bucket(b, standin, "memory")
	const width = 1024
	rows := *gigabytes << 30 / width
	b.SetBytes(2 * int64(rows) * width)
	if got := c.source(b, "create table memory_t (i bigint, x varchar(8), y varchar(8))"); strings.Contains(got, "ERROR") {
		b.Fatal(got)
	}
	for b.Loop() {
		for _, step := range []struct{ name, sql, says string }{
			{"unload", fmt.Sprintf("unload ('select i, repeat(md5(i::text), 15), repeat(''x'', 500) from generate_series(1, %d) i') to 's3://memory/m_'%s zstd allowoverwrite", rows, auth), "UNLOAD completed"},
			{"copy", "truncate memory_t; copy memory_t from 's3://memory/m_'" + auth + "zstd truncatecolumns compupdate off statupdate off", fmt.Sprintf("completed, %d record(s)", rows)},
		} {
			b.ReportMetric(float64(residentMemory(b, true))/(1<<20), step.name+"-before-MB")
			if got := c.source(b, step.sql); !strings.Contains(got, step.says) {
				b.Fatal(got)
			}
			b.ReportMetric(float64(residentMemory(b, false))/(1<<20), step.name+"-peak-MB")
		}
	}
}

// residentMemory answers the peak of this process's resident memory, after setting it back to what is resident now if asked.
func residentMemory(tb testing.TB, reset bool) int64 {
	tb.Helper()
	if reset {
		debug.FreeOSMemory()
		if err := os.WriteFile("/proc/self/clear_refs", []byte("5"), 0); err != nil {
			tb.Fatal(err)
		}
	}
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		tb.Fatal(err)
	}
	for line := range strings.Lines(string(status)) {
		if rest, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			kb, err := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
			if err != nil {
				tb.Fatal(err)
			}
			return kb << 10
		}
	}
	tb.Fatal("/proc/self/status has no VmHWM")
	return 0
}
