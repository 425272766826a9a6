package sealift_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/klauspost/compress/zstd"
)

// Rows of a server pass through this machine, by several writers and in many blocks. What is staged of them, which is kept here, is masked
// rows, all of them, and nothing of what they were; neither is the state. What COPY makes of it is what the digest says.
func TestMaskedServerStagesNothingRaw(t *testing.T) {
	s := newSite(t, "maskedserver")
	for k, v := range s.env() {
		t.Setenv(k, v)
	}
	t.Setenv("MASK_KEY", "c2VhbGlmdCB0ZXN0IGtleSBvZiAzMiBieXRlcyEhISE=")
	ctx := t.Context()
	const rows = 60_000
	setup := fmt.Sprintf(`create table people (id int primary key, email text, note text, born date, plain text, n numeric(12,3));
insert into people select n, case when n %% 11 > 0 then 'canary' || n || '@corp.test' end, E'canary, of "' || n || E'"\nmail canary@corp.test' || case n %% 3 when 0 then '' else repeat(' x', n %% 90) end,
  date '1950-01-01' + n %% 20000, case n %% 4 when 0 then '' when 1 then null else E'kept "as", it is\n' end, n / 8.0 from generate_series(1, %d) n`, rows)
	if err := onServer(ctx, s.database, func(c *pgconn.PgConn) error { _, err := c.Exec(ctx, setup).ReadAll(); return err }); err != nil {
		t.Fatal(err)
	}
	j := serverJob(t, s, `masking: {key: 'env:MASK_KEY', environment: test}
tables:
  - select: public.people
    mode: replace
    mask: {id: passthrough, email: email, note: {use: keep_mask, char: "#"}, born: {use: date_shift, entity: id}, plain: passthrough, n: {use: num_noise, entity: id}}
`)
	j.Stage.Keep = "always"
	dir := t.TempDir()
	r, err := syncOnce(ctx, j, dir)
	if err != nil || r.Tables[0].Rows != rows {
		t.Fatalf("%v %+v", err, r)
	}
	found, err := s.query(ctx, "target", `select count(*), count(distinct id), count(email), count(distinct email), sum(case when translate(note, '#', '') = '' and len(note) > 30 then 1 else 0 end),
	count(plain), sum(case when plain = '' then 1 else 0 end), sum(case when plain = 'kept "as", it is' || chr(10) then 1 else 0 end), sum(case when n <> id / 8.0 then 1 else 0 end) > 50000 from people`)
	want := "60000 60000 54546 54546 60000 45000 15000 30000 t"
	if err != nil || strings.Join(found[0], " ") != want {
		t.Errorf("%v, want %s: %v", found, want, err)
	}
	list, err := s.s3.ListObjectsV2(ctx, &s3.ListObjectsV2Input{Bucket: &s.bucket})
	if err != nil {
		t.Fatal(err)
	}
	parts, emails := 0, 0
	for _, o := range list.Contents {
		got, err := s.s3.GetObject(ctx, &s3.GetObjectInput{Bucket: &s.bucket, Key: o.Key})
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(got.Body)
		if err := errors.Join(err, got.Body.Close()); err != nil {
			t.Fatal(err)
		}
		if bytes.HasPrefix(text, []byte{0x28, 0xb5, 0x2f, 0xfd}) {
			d, err := zstd.NewReader(bytes.NewReader(text))
			if err != nil {
				t.Fatal(err)
			}
			if text, err = io.ReadAll(d); err != nil {
				t.Fatal(err)
			}
			d.Close()
			parts++
		}
		emails += bytes.Count(text, []byte("@example.com"))
		if bytes.Contains(text, []byte("canary")) || bytes.Contains(text, []byte("corp.test")) || bytes.Contains(text, []byte("c2VhbGlm")) {
			t.Errorf("%s holds what was masked", *o.Key)
		}
	}
	if parts < 2 || emails != 54546 {
		t.Errorf("%d parts with %d addresses", parts, emails)
	}
	err = filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		if bytes.Contains(text, []byte("canary")) || bytes.Contains(text, []byte("c2VhbGlm")) {
			t.Errorf("%s holds what was masked, or the key", path)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}
