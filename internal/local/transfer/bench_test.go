package transfer

import (
	"bytes"
	"io"
	"testing"
)

// benchRows is how many rows of flight_data the benchmarks move; figures are per row.
const benchRows = 200_000

const flightTable = `(fl_date timestamp, airline_id int, origin_region varchar(10), origin_division varchar(20), origin_state_name char(15),
	origin_state_abr char(2), origin_ap char(3), dest_region varchar(10), dest_division varchar(20), dest_state_name char(15),
	dest_state_abr char(2), dest_ap char(3), dep_delay numeric(8,2), arr_delay numeric(8,2), cancelled boolean)`

// flights makes a session with the table flight_data, shaped like the demo's.
func flights(b *testing.B) *session {
	b.Helper()
	s := newSession(b)
	s.sql("CREATE TABLE flight_data " + flightTable)
	s.sql(`INSERT INTO flight_data SELECT timestamp '2015-01-01' + i % 365 * interval '1 day', 19000 + i % 900, 'West', 'Mountain ' || i % 9, 'State ' || i % 50,
		chr(65 + i % 26) || chr(65 + i / 26 % 26), chr(65 + i % 26) || chr(65 + i / 7 % 26) || 'X', 'Northeast', 'New England', 'State ' || i % 47,
		chr(65 + i % 25) || 'Y', chr(65 + i % 26) || chr(65 + i / 11 % 26) || 'Z', CASE WHEN i % 50 > 0 THEN i % 300 - 20.25 END, CASE WHEN i % 50 > 0 THEN i % 400 - 30.5 END, i % 50 = 0
		FROM generate_series(1, ` + itoa(benchRows) + `) i`)
	s.sql("CREATE TABLE target " + flightTable)
	s.sql("VACUUM ANALYZE flight_data")
	return s
}

func itoa(n int) string {
	var b []byte
	for ; n > 0; n /= 10 {
		b = append([]byte{byte('0' + n%10)}, b...)
	}
	return string(b)
}

func perRow(b *testing.B) {
	b.Helper()
	b.ReportMetric(float64(benchRows)*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
}

// BenchmarkCopyTo is what PostgreSQL itself needs, without anything done to the rows.
func BenchmarkCopyTo(b *testing.B) {
	s := flights(b)
	for b.Loop() {
		if _, err := s.conn.CopyTo(b.Context(), io.Discard, "COPY flight_data TO STDOUT"); err != nil {
			b.Fatal(err)
		}
	}
	perRow(b)
}

func benchmarkUnload(b *testing.B, options string) {
	b.Helper()
	s := flights(b)
	for b.Loop() {
		s.must("UNLOAD ('select * from flight_data') TO 's3://b/f_'" + role + " ALLOWOVERWRITE " + options)
	}
	perRow(b)
}

func BenchmarkUnloadZstd(b *testing.B)    { benchmarkUnload(b, "ESCAPE NULL AS '@' ZSTD") }
func BenchmarkUnloadText(b *testing.B)    { benchmarkUnload(b, "ESCAPE NULL AS '@'") }
func BenchmarkUnloadCSV(b *testing.B)     { benchmarkUnload(b, "CSV GZIP") }
func BenchmarkUnloadJSON(b *testing.B)    { benchmarkUnload(b, "JSON ZSTD") }
func BenchmarkUnloadParquet(b *testing.B) { benchmarkUnload(b, "FORMAT PARQUET") }

// BenchmarkCopyFrom is what PostgreSQL itself needs to take the rows.
func BenchmarkCopyFrom(b *testing.B) {
	s := flights(b)
	var rows bytes.Buffer
	if _, err := s.conn.CopyTo(b.Context(), &rows, "COPY flight_data TO STDOUT"); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := s.conn.CopyFrom(b.Context(), bytes.NewReader(rows.Bytes()), "COPY target FROM STDIN"); err != nil {
			b.Fatal(err)
		}
		b.StopTimer()
		s.sql("TRUNCATE target")
		b.StartTimer()
	}
	perRow(b)
}

func benchmarkCopy(b *testing.B, unload, load string) {
	b.Helper()
	s := flights(b)
	s.must("UNLOAD ('select * from flight_data') TO 's3://b/f_'" + role + " " + unload)
	for b.Loop() {
		s.must("COPY target FROM 's3://b/f_'" + role + " STATUPDATE OFF " + load)
		b.StopTimer()
		s.sql("TRUNCATE target")
		b.StartTimer()
	}
	perRow(b)
}

func BenchmarkCopyZstd(b *testing.B) {
	benchmarkCopy(b, "ESCAPE NULL AS '@' ZSTD", "ESCAPE NULL AS '@' ZSTD TIMEFORMAT 'auto' DATEFORMAT 'auto' COMPUPDATE OFF")
}
func BenchmarkCopyCSV(b *testing.B)     { benchmarkCopy(b, "CSV GZIP", "CSV GZIP") }
func BenchmarkCopyJSON(b *testing.B)    { benchmarkCopy(b, "JSON ZSTD", "JSON 'auto' ZSTD") }
func BenchmarkCopyParquet(b *testing.B) { benchmarkCopy(b, "FORMAT PARQUET", "FORMAT PARQUET") }
