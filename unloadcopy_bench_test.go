package sealift_test

import (
	"encoding/base64"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/sealift/sealift"
	"github.com/sealift/sealift/internal/keys"
	"github.com/sealift/sealift/internal/secret"
	"github.com/sealift/sealift/internal/unloadcopy"
	"github.com/sealift/sealift/job"
	"github.com/sealift/sealift/receipt"
)

// Issue: 200 small tables by unload-copy, at least 20 times as fast as one after the other with a look each second at whether the
// UNLOAD, and then the COPY, is over. The loop is timed with as many tables as fit into half a minute, and reckoned up.
func BenchmarkUnloadCopyManyTables(b *testing.B) {
	const tables, looped = 200, 10
	s := newSite(b, "bunloadcopy")
	env := s.env()
	for k, v := range env {
		b.Setenv(k, v)
	}
	s.makeTables(b, tables, 1000)
	s.must(b, "source", "create schema copied; create schema looped")
	sealed, err := keys.Encrypt(b.Context(), secret.New(env["SOURCE_PASSWORD"]), s.alias, region)
	if err != nil {
		b.Fatal(err)
	}
	names := make([]string, tables)
	for i := range names {
		names[i] = fmt.Sprintf("%q", fmt.Sprintf("t%05d", i))
	}
	side := fmt.Sprintf(`"clusterEndpoint": %q, "clusterPort": %s, "connectUser": %q, "connectPwd": %q, "db": %q, "tableNames": [%s]`,
		env["SOURCE_HOST"], env["SOURCE_PORT"], env["SOURCE_USER"], base64.StdEncoding.EncodeToString(sealed), s.database, strings.Join(names, ","))
	config := fmt.Sprintf(`{"unloadSource": {%s, "schemaName": "bench"}, "copyTarget": {%s, "schemaName": "copied"},
		"s3Staging": {"aws_iam_role": %q, "path": "s3://%s/staging", "region": %q}}`, side, side, unloadRole, s.bucket, region)
	for b.Loop() {
		s.must(b, "source", "drop schema copied cascade; create schema copied; drop schema looped cascade; create schema looped")
		begun := time.Now()
		c, err := unloadcopy.Parse([]byte(config))
		if err != nil {
			b.Fatal(err)
		}
		j, _, err := c.Job(unloadcopy.Switches{Region: region, KMSKey: s.alias, TableAutoCreate: true})
		if err != nil {
			b.Fatal(err)
		}
		text, err := j.Marshal()
		if err != nil {
			b.Fatal(err)
		}
		if j, err = job.Parse("config", text, func(string) (string, bool) { return "", false }); err != nil {
			b.Fatal(err)
		}
		p, err := sealift.Plan(b.Context(), j, sealift.Options{})
		if err != nil {
			b.Fatal(err)
		}
		r, err := sealift.Copy(b.Context(), p, sealift.Options{StateDir: b.TempDir(), Fresh: true})
		if err != nil || r.Outcome != receipt.Verified {
			b.Fatalf("%+v, %v", r, err)
		}
		ours := time.Since(begun)

		begun = time.Now()
		for i := range looped {
			name := fmt.Sprintf("t%05d", i)
			prefix := fmt.Sprintf("s3://%s/looped/%s.", s.bucket, name)
			s.must(b, "source", "create table looped."+name+" (like bench."+name+")")
			untilSecond(b, s, fmt.Sprintf("unload ('select * from bench.%s') to '%s' iam_role '%s' kms_key_id '%s' encrypted manifest gzip delimiter '^' addquotes escape allowoverwrite", name, prefix, unloadRole, s.keyARN))
			untilSecond(b, s, fmt.Sprintf("copy looped.%s from '%smanifest' iam_role '%s' manifest gzip delimiter '^' removequotes escape", name, prefix, unloadRole))
		}
		loop := time.Since(begun) * tables / looped
		b.ReportMetric(ours.Seconds(), "ours-s")
		b.ReportMetric(loop.Seconds(), "loop-s")
		b.ReportMetric(loop.Seconds()/ours.Seconds(), "times")
	}
}

// untilSecond runs a statement in the source, and returns at the next whole second since it began at which it is over.
func untilSecond(b *testing.B, s *site, sql string) {
	b.Helper()
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	over := make(chan error, 1)
	go func() {
		_, err := s.query(b.Context(), "source", sql)
		over <- err
	}()
	for range tick.C {
		select {
		case err := <-over:
			if err != nil {
				b.Fatal(err)
			}
			return
		default:
		}
	}
}
