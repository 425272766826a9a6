package transfer

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestUnloadThenCopy(t *testing.T) {
	t.Parallel()
	s := newSession(t)
	s.sql(`CREATE TABLE a (id int, name varchar(40), n numeric(8,2), f float8, b bool, d date, ts timestamp, c char(4))`)
	s.sql(`INSERT INTO a SELECT i, 'name' || i, i / 7.0, i / 3.0, i % 2 = 0, date '2020-01-01' + i, timestamp '2020-01-01 10:00:00.123' + i * interval '1 hour', 'c' || i % 9 FROM generate_series(1, 1000) i`)
	r := s.must(`UNLOAD ('select * from a order by id') TO 's3://b/a_'` + role + ` ZSTD MANIFEST VERBOSE ESCAPE`)
	if diff := cmp.Diff([]string{"UNLOAD completed, 1000 record(s) unloaded successfully."}, r.Notices); diff != "" {
		t.Error(diff)
	}
	t.Log(s.store.keys())
	t.Log(s.store.get(t, "s3://b/a_manifest"))
	s.sql(`CREATE TABLE b (LIKE a)`)
	r = s.must(`COPY b FROM 's3://b/a_manifest'` + role + ` ZSTD MANIFEST ESCAPE`)
	t.Log(r.Notices)
	if got := s.query(`SELECT count(*) FROM ((TABLE a EXCEPT TABLE b) UNION ALL (TABLE b EXCEPT TABLE a)) x`); got[0] != "0" {
		t.Error(got)
	}
}

func TestParquet(t *testing.T) {
	t.Parallel()
	s := newSession(t)
	s.sql(`CREATE TABLE a (z int, name varchar(40), n numeric(8,2), n2 numeric(38,10), n3 numeric(18,4), f float8, r real, b bool, d date, ts timestamp, c char(4), i2 smallint, i8 bigint)`)
	s.sql(`INSERT INTO a SELECT i, 'name' || i, -i / 7.0, i * 12345678901234567.89, -i*1.1, i / 3.0, i/7.0, i % 2 = 0, date '1960-01-01' + i, timestamp '1969-12-01 10:00:00.123' + i * interval '1 hour', 'c' || i % 9, -i, i::bigint*1000000007 FROM generate_series(1, 3000) i`)
	s.sql(`INSERT INTO a (z) VALUES (NULL)`)
	r := s.must(`UNLOAD ('select * from a order by z') TO 's3://b/a_'` + role + ` FORMAT PARQUET MANIFEST VERBOSE`)
	t.Log(s.store.keys())
	s.sql(`CREATE TABLE b (LIKE a)`)
	r = s.must(`COPY b FROM 's3://b/a_manifest'` + role + ` FORMAT AS PARQUET MANIFEST`)
	t.Log(r.Notices)
	if got := s.query(`SELECT count(*) FROM ((TABLE a EXCEPT TABLE b) UNION ALL (TABLE b EXCEPT TABLE a)) x`); got[0] != "0" {
		t.Error(got)
	}
}
