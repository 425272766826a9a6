package sealift_test

import (
	"testing"
	"time"

	"github.com/sealift/sealift"
	"github.com/sealift/sealift/receipt"
)

// BenchmarkSubset copies 2 % of 100,000 customers with what belongs to them, of 1,100,000 rows: how long the rows are looked for, and the
// whole copy.
func BenchmarkSubset(b *testing.B) {
	s, file := siteWithJob(b, "bsubset", `defaults: {mode: replace}
tables: [bench.*]
subset: {tables: [{table: bench.customers, percent: 2}]}
`)
	s.must(b, "source", `create schema bench;
create table bench.customers (id int primary key, brought_by int references bench.customers (id), name varchar(40));
insert into bench.customers select n, case when n > 1 and n % 2 = 0 then n / 2 end, 'customer ' || n from generate_series(1, 100000) n;
create table bench.orders (id bigint primary key, customer int references bench.customers (id), amount decimal(12,2));
insert into bench.orders select n, 1 + n % 100000, n / 7.0 from generate_series(1::bigint, 250000) n;
create table bench.lines (order_id bigint references bench.orders (id), line int, what varchar(20), primary key (order_id, line));
insert into bench.lines select 1 + n % 250000, n / 250000, 'thing ' || n % 1000 from generate_series(1::bigint, 749999) n`)
	j := readJob(b, file)
	for b.Loop() {
		start := time.Now()
		p, err := sealift.Plan(b.Context(), j, sealift.Options{})
		if err != nil {
			b.Fatal(err)
		}
		planned := time.Since(start)
		r, err := sealift.Copy(b.Context(), p, sealift.Options{StateDir: b.TempDir(), Fresh: true})
		if err != nil || r.Outcome != receipt.Verified {
			b.Fatalf("%v %+v", err, r)
		}
		rows := int64(0)
		for i := range r.Tables {
			rows += r.Tables[i].Rows
		}
		b.ReportMetric(planned.Seconds(), "plan-s")
		b.ReportMetric((time.Since(start) - planned).Seconds(), "copy-s")
		b.ReportMetric(float64(rows), "rows")
	}
}
