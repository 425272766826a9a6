package sealift_test

import (
	"strings"
	"testing"
	"time"

	"github.com/sealift/sealift"
	"github.com/sealift/sealift/plan"
	"github.com/sealift/sealift/receipt"
)

// Issue: a copy with masks (hash e-mail, made-up name, shifted date, card, phone; 1,000,000 rows of 15 columns) against the copy of the
// same table without.
func BenchmarkMaskedCopy(b *testing.B) {
	const rows = "1000000"
	b.Setenv("MASK_KEY", "c2VhbGlmdCB0ZXN0IGtleSBvZiAzMiBieXRlcyEhISE=")
	s, file := siteWithJob(b, "bmask", `masking: {key: 'env:MASK_KEY', environment: bench}
defaults: {mode: replace}
tables:
  - {select: bench.people, as: plain.people, unmasked: true}
  - select: bench.people
    as: masked.people
    mask: {id: passthrough, name: full_name, email: email, born: {use: date_shift, days: 200, entity: id}, card: card, phone: {use: phone, keep: 4}, a: passthrough, b: passthrough, c: passthrough, d: passthrough, e: passthrough, f: passthrough, g: passthrough, h: passthrough, i: passthrough}
`)
	s.must(b, "source", strings.ReplaceAll(`create schema bench;
create table bench.people (id bigint not null, name varchar(60), email varchar(60), born date, card varchar(19), phone varchar(20), a int, b int, c bigint, d numeric(12,2), e timestamp, f varchar(20), g varchar(20), h boolean, i date);
insert into bench.people select n, 'Person Number ' || n, 'person' || n || '@corp.test', date '1950-01-01' + (n % 20000)::int, '411111' || lpad(((n * 7919) % 10000000000)::text, 10, '0'), '+49 30 ' || n, (n % 1000)::int, (n % 7)::int, n * 13, n / 7.0, timestamp '2026-01-01' + n * interval '1 second', 'text ' || n % 100, 'more ' || n, n % 2 = 0, date '2026-01-01' + (n % 300)::int from generate_series(1::bigint, ROWS) n`, "ROWS", rows))
	j := readJob(b, file)
	for b.Loop() {
		var took [2]time.Duration
		for i, target := range []string{"plain.people", "masked.people"} {
			p, err := sealift.Plan(b.Context(), j, sealift.Options{})
			if err != nil {
				b.Fatal(err)
			}
			if p, err = p.Only(func(t plan.Table) bool { return t.Target == target }); err != nil {
				b.Fatal(err)
			}
			start := time.Now()
			r, err := sealift.Copy(b.Context(), p, sealift.Options{StateDir: b.TempDir(), Fresh: true})
			took[i] = time.Since(start)
			if err != nil || r.Outcome != receipt.Verified {
				b.Fatalf("%v %+v", err, r)
			}
		}
		b.ReportMetric(took[1].Seconds()/took[0].Seconds(), "masked/plain")
		b.ReportMetric(took[0].Seconds(), "plain-s")
	}
}
