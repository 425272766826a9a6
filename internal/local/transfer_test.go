package local

import (
	"encoding/base64"
	"encoding/hex"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// bucket makes a bucket and a role for both warehouses of a stand-in, under the same name; the clause that names the role
// is the answer.
func bucket(tb testing.TB, s *Server, name string) (auth string) {
	tb.Helper()
	c := users(s)
	c.aws(tb, "s3api", "create-bucket", "--bucket", name, "--create-bucket-configuration", "LocationConstraint=eu-west-1")
	c.aws(tb, "iam", "create-role", "--role-name", name, "--assume-role-policy-document", trustRedshift)
	c.aws(tb, "iam", "put-role-policy", "--role-name", name, "--policy-name", "p", "--policy-document", anyS3)
	arn := "arn:aws:iam::111111111111:role/" + name
	c.aws(tb, "redshift", "modify-cluster-iam-roles", "--cluster-identifier", "source", "--add-iam-roles", arn)
	return " iam_role '" + arn + "' "
}

// What UNLOAD leaves with a master symmetric key, when that is brought back, openssl opens and gunzip reads: the format is
// no invention of the stand-in's.
func TestLegacyClientSideEncryption(t *testing.T) {
	t.Parallel()
	s := Start(t, func(o *Options) { o.LegacyClientSideEncryption = true })
	c := users(s)
	auth := bucket(t, s, "legacy")
	const master = "c2l4dGVlbiBhbmQgc2l4dGVlbiBtYWtlIDMyIGJ5dGU=" // 32 bytes
	keys := "credentials 'aws_access_key_id=" + c.env("AWS_ACCESS_KEY_ID") + ";aws_secret_access_key=" + c.env("AWS_SECRET_ACCESS_KEY") + ";master_symmetric_key=" + master + "'"
	got := c.source(t, `create table t as select n as id, repeat('text ', n % 9) || n as words from generate_series(1, 3000) n;
		unload ('select * from t order by 1') to 's3://legacy/x_' `+keys+` manifest encrypted gzip parallel off delimiter '^' addquotes escape;
		unload ('select * from t') to 's3://legacy/y_' master_symmetric_key '`+master+`' encrypted`+auth+`;`)
	if strings.Count(got, "INFO:  UNLOAD completed, 3000 record(s) unloaded successfully.\nUNLOAD\n") != 2 {
		t.Fatal(got)
	}
	dir := t.TempDir()
	raw, err := base64.StdEncoding.DecodeString(master)
	if err != nil {
		t.Fatal(err)
	}
	// open fetches an object and opens it with nothing but openssl and the two documented pieces of metadata.
	open := func(key, then string) string {
		t.Helper()
		file := filepath.Join(dir, key)
		meta := strings.Fields(c.aws(t, "s3api", "get-object", "--bucket", "legacy", "--key", key, file, "--query", `Metadata.["x-amz-key","x-amz-iv","x-amz-matdesc"]`))
		if len(meta) != 3 || meta[2] != "{}" {
			t.Fatalf("%s: metadata %v", key, meta)
		}
		script := `set -euo pipefail
			key=$(printf %s '` + meta[0] + `' | base64 -d | openssl enc -d -aes-256-ecb -K ` + hex.EncodeToString(raw) + ` | od -An -vtx1 | tr -d ' \n')
			iv=$(printf %s '` + meta[1] + `' | base64 -d | od -An -vtx1 | tr -d ' \n')
			openssl enc -d -aes-256-cbc -K "$key" -iv "$iv" -in '` + file + `'` + then
		out, err := c.run(t, script, "bash")
		if err != nil {
			t.Fatalf("%s: %v\n%s", key, err, out)
		}
		return out
	}
	want := c.source(t, `select '"' || id || '"^"' || words || '"' from t order by id;`)
	if diff := cmp.Diff(want, open("x_000.gz", " | gunzip")); diff != "" || !strings.HasSuffix(want, `"3000"^"text text text 3000"`+"\n") {
		t.Errorf("(-psql +openssl)\n%s", diff)
	}
	if got := open("x_manifest", " | jq -r '.entries[].url'"); got != "s3://legacy/x_000.gz\n" {
		t.Errorf("manifest: %s", got)
	}
	size := c.aws(t, "s3api", "head-object", "--bucket", "legacy", "--key", "x_000.gz", "--query", `[ContentLength,ServerSideEncryption]`)
	if got := open("x_manifest", " | jq -r '.entries[0].meta.content_length'"); got+"AES256" != strings.ReplaceAll(size, "\t", "\n") {
		t.Errorf("the manifest says %s, S3 says %s", got, size)
	}
	got = c.source(t, `create table u (like t);
		copy u from 's3://legacy/x_manifest' `+keys+` manifest encrypted gzip delimiter '^' removequotes escape;
		copy u from 's3://legacy/y_' master_symmetric_key '`+master+`' encrypted`+auth+`;
		select count(*), count(distinct id), sum(len(words)) from u;
		select count(*), sum(case when querytxt like '%`+master+`%' then 1 else 0 end) from stl_query where querytxt ilike '%master_symmetric_key%';`)
	if lines := strings.Split(strings.TrimSpace(got), "\n"); len(lines) != 7 || !strings.HasPrefix(lines[5], "6000|3000|") || !strings.HasSuffix(lines[6], "|0") {
		t.Error(got)
	}
}
