package s3_test

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"encoding/pem"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/google/go-cmp/cmp"
)

// cli runs the AWS CLI, which people use and which shares no code with the SDK for Go.
type cli struct {
	tb  testing.TB
	dir string // where it runs
	env []string
	// endpoint is an argument: Debian 12's CLI does not read it from the environment.
	endpoint string
}

func (w *world) cli() *cli {
	w.tb.Helper()
	c := &cli{tb: w.tb, dir: w.tb.TempDir(), endpoint: w.tls.URL}
	ca := filepath.Join(c.dir, "ca.pem")
	data := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: w.tls.Certificate().Raw})
	if err := os.WriteFile(ca, data, 0o600); err != nil {
		w.tb.Fatal(err)
	}
	c.write("config", []byte("[default]\ns3 =\n  signature_version = s3v4\n")) // the CLI's first version presigns with version 2
	c.env = append(os.Environ(),
		"AWS_ENDPOINT_URL="+w.tls.URL, "AWS_CA_BUNDLE="+ca, "AWS_REGION="+region, "AWS_DEFAULT_REGION="+region, "AWS_PAGER=",
		"AWS_ACCESS_KEY_ID="+w.access.id, "AWS_SECRET_ACCESS_KEY="+w.access.secret,
		"AWS_CONFIG_FILE="+filepath.Join(c.dir, "config"), "AWS_SHARED_CREDENTIALS_FILE="+filepath.Join(c.dir, "none"), "AWS_MAX_ATTEMPTS=1",
	)
	return c
}

func (c *cli) try(args ...string) (string, string, error) {
	c.tb.Helper()
	cmd := exec.CommandContext(c.tb.Context(), "aws", append([]string{"--endpoint-url", c.endpoint}, args...)...)
	cmd.Dir, cmd.Env = c.dir, c.env
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	return out.String(), errs.String(), err
}

// run runs a command that must succeed.
func (c *cli) run(args ...string) string {
	c.tb.Helper()
	out, errs, err := c.try(args...)
	if err != nil {
		c.tb.Fatalf("aws %s: %v\n%s", strings.Join(args, " "), err, errs)
	}
	return out
}

// refused runs a command that must fail with an error code of AWS.
func (c *cli) refused(code string, args ...string) {
	c.tb.Helper()
	if _, errs, err := c.try(args...); err == nil || !strings.Contains(errs, "("+code+")") {
		c.tb.Errorf("aws %s: want %s, got %v\n%s", strings.Join(args, " "), code, err, errs)
	}
}

func (c *cli) query(v any, args ...string) {
	c.tb.Helper()
	if err := json.Unmarshal([]byte(c.run(append(args, "--output", "json")...)), v); err != nil {
		c.tb.Fatal(err)
	}
}

func (c *cli) write(name string, data []byte) {
	c.tb.Helper()
	path := filepath.Join(c.dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		c.tb.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o600); err != nil {
		c.tb.Fatal(err)
	}
}

func TestCLI(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.cli()
	arn := w.key()
	c.run("s3", "mb", "s3://corp-stage")
	if got := c.run("s3", "ls"); !strings.HasSuffix(strings.TrimSpace(got), "corp-stage") {
		t.Errorf("buckets: %s", got)
	}
	big := make([]byte, 20<<20) // above the CLI's threshold for multipart uploads and ranged downloads
	rand.Read(big)
	c.write("big.bin", big)
	c.write("small.txt", []byte("small"))
	c.run("s3", "cp", "big.bin", "s3://corp-stage/run/big.bin", "--sse", "aws:kms", "--sse-kms-key-id", arn)
	c.run("s3", "cp", "small.txt", "s3://corp-stage/run/a b+c/ünï.txt")
	c.run("s3", "cp", "s3://corp-stage/run/big.bin", "back.bin")
	if back, err := os.ReadFile(filepath.Join(c.dir, "back.bin")); err != nil || !bytes.Equal(back, big) {
		t.Errorf("%d other bytes came back, %v", len(back), err)
	}
	var head struct{ SSEKMSKeyId, ServerSideEncryption, ETag string }
	c.query(&head, "s3api", "head-object", "--bucket", "corp-stage", "--key", "run/big.bin")
	if head.SSEKMSKeyId != arn || head.ServerSideEncryption != "aws:kms" || !strings.HasSuffix(head.ETag, `-3"`) {
		t.Errorf("head: %+v", head)
	}
	c.run("s3", "cp", "s3://corp-stage/run/big.bin", "s3://corp-stage/copy/big.bin", "--sse", "aws:kms", "--sse-kms-key-id", arn) // in parts
	c.run("s3", "cp", "s3://corp-stage/run/a b+c/ünï.txt", "s3://corp-stage/copy/ünï.txt")
	listed := strings.Fields(c.run("s3", "ls", "s3://corp-stage", "--recursive"))
	if !slices.Contains(listed, "copy/big.bin") || !slices.Contains(listed, "b+c/ünï.txt") {
		t.Errorf("list: %v", listed)
	}
	if got := c.run("s3", "ls", "s3://corp-stage/"); !strings.Contains(got, "PRE copy/") || !strings.Contains(got, "PRE run/") {
		t.Errorf("folders: %s", got)
	}

	for _, name := range []string{"tree/a.txt", "tree/b/c.txt", "tree/b/d e.txt"} {
		c.write(name, []byte(name))
	}
	c.run("s3", "sync", "tree", "s3://corp-stage/tree")
	if again := c.run("s3", "sync", "tree", "s3://corp-stage/tree"); strings.Contains(again, "upload") {
		t.Errorf("a second sync uploads: %s", again)
	}
	c.write("tree/b/c.txt", []byte("changed and longer"))
	if again := c.run("s3", "sync", "tree", "s3://corp-stage/tree"); strings.Count(again, "upload:") != 1 {
		t.Errorf("a third sync: %s", again)
	}
	c.run("s3", "sync", "s3://corp-stage/tree", "twin")
	if got, err := os.ReadFile(filepath.Join(c.dir, "twin/b/c.txt")); err != nil || string(got) != "changed and longer" {
		t.Errorf("synced back: %q, %v", got, err)
	}
	c.run("s3", "mv", "s3://corp-stage/tree/a.txt", "s3://corp-stage/moved.txt")
	url := strings.TrimSpace(c.run("s3", "presign", "s3://corp-stage/moved.txt"))
	if status, got := w.fetch(url); status != http.StatusOK || got != "tree/a.txt" {
		t.Errorf("presigned %s: %d %s", url, status, got)
	}
	c.refused("BucketNotEmpty", "s3", "rb", "s3://corp-stage")
	c.run("s3", "rm", "s3://corp-stage", "--recursive")
	if left := c.run("s3", "ls", "s3://corp-stage", "--recursive"); left != "" {
		t.Errorf("left: %s", left)
	}
	c.run("s3", "rb", "s3://corp-stage")
	c.refused("NoSuchBucket", "s3", "ls", "s3://corp-stage")
}

func TestCLISettings(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.cli()
	b := w.bucket("corp-stage")
	w.put(b, "k", "one")
	arn := w.key()
	const api, bucket = "s3api", "--bucket=corp-stage"
	var location struct{ LocationConstraint string }
	c.query(&location, api, "get-bucket-location", bucket)
	if location.LocationConstraint != region {
		t.Errorf("location: %+v", location)
	}
	c.run(api, "put-bucket-encryption", bucket, "--server-side-encryption-configuration",
		`{"Rules":[{"ApplyServerSideEncryptionByDefault":{"SSEAlgorithm":"aws:kms","KMSMasterKeyID":"`+arn+`"},"BucketKeyEnabled":true}]}`)
	var put struct {
		SSEKMSKeyId      string
		BucketKeyEnabled bool
	}
	c.write("f", []byte("two"))
	c.query(&put, api, "put-object", bucket, "--key=k", "--body=f")
	if put.SSEKMSKeyId != arn || !put.BucketKeyEnabled {
		t.Errorf("put: %+v", put)
	}
	policy := document(`{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":["arn:aws:s3:::corp-stage","arn:aws:s3:::corp-stage/*"],"Condition":{"Bool":{"aws:SecureTransport":"false"}}}`)
	c.run(api, "put-bucket-policy", bucket, "--policy", policy)
	var got struct{ Policy string }
	c.query(&got, api, "get-bucket-policy", bucket)
	if got.Policy != policy {
		t.Errorf("policy: %s", got.Policy)
	}
	if out := c.run(api, "get-bucket-versioning", bucket); strings.TrimSpace(out) != "" {
		t.Errorf("versioning: %s", out)
	}
	w.versioned(b, s3types.BucketVersioningStatusEnabled)
	c.run(api, "delete-object", bucket, "--key=k")
	var versions struct {
		Versions      []struct{ Key, VersionId string }
		DeleteMarkers []struct{ Key, VersionId string }
	}
	c.query(&versions, api, "list-object-versions", bucket)
	if len(versions.Versions) != 1 || len(versions.DeleteMarkers) != 1 || versions.Versions[0].VersionId != "null" {
		t.Errorf("versions: %+v", versions)
	}
	c.run(api, "delete-object", bucket, "--key=k", "--version-id="+versions.DeleteMarkers[0].VersionId)
	c.run(api, "get-object", bucket, "--key=k", "back")
	if back, err := os.ReadFile(filepath.Join(c.dir, "back")); err != nil || string(back) != "two" {
		t.Errorf("back: %q, %v", back, err)
	}
	c.run(api, "put-bucket-lifecycle-configuration", bucket, "--lifecycle-configuration",
		`{"Rules":[{"ID":"stage","Status":"Enabled","Filter":{"Prefix":""},"AbortIncompleteMultipartUpload":{"DaysAfterInitiation":1}}]}`)
	c.run(api, "put-public-access-block", bucket, "--public-access-block-configuration", "BlockPublicAcls=true,IgnorePublicAcls=true,BlockPublicPolicy=true,RestrictPublicBuckets=true")
	var lifecycle struct{ Rules []struct{ ID string } }
	c.query(&lifecycle, api, "get-bucket-lifecycle-configuration", bucket)
	if len(lifecycle.Rules) != 1 || lifecycle.Rules[0].ID != "stage" {
		t.Errorf("lifecycle: %+v", lifecycle)
	}
	c.refused("PreconditionFailed", api, "put-object", bucket, "--key=k", "--body=f", "--if-none-match=*")
	c.refused("NoSuchKey", api, "get-object", bucket, "--key=none", "out")
	c.refused("AccessDenied", api, "get-object", bucket, "--key=k", "--expected-bucket-owner=222222222222", "out")
	c.refused("404", api, "head-object", bucket, "--key=none")
	c.refused("NoSuchUpload", api, "abort-multipart-upload", bucket, "--key=k", "--upload-id=none")
	c.refused("NotImplemented", api, "put-bucket-website", bucket, `--website-configuration={"IndexDocument":{"Suffix":"i"}}`)

	var attributes struct {
		ObjectSize int
		Checksum   map[string]string
	}
	c.query(&attributes, api, "get-object-attributes", bucket, "--key=k", "--object-attributes", "ObjectSize", "Checksum")
	if diff := cmp.Diff("FULL_OBJECT", attributes.Checksum["ChecksumType"]); diff != "" || attributes.ObjectSize != 3 {
		t.Errorf("attributes: %+v", attributes)
	}
}
