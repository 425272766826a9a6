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

//standin:imitates S3: cp, mv, rm, sync, ls, mb, rb, presign of the AWS CLI | CLI reference s3
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

//standin:imitates S3: bucket commands of the AWS CLI (s3api) | CLI reference s3api
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

// TestCLIObjects does with the low-level commands what the high-level ones do not.
//
//standin:imitates S3: object commands of the AWS CLI (s3api) | CLI reference s3api
func TestCLIObjects(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.cli()
	b := w.bucket("corp-stage")
	arn := w.key()
	const api, bucket = "s3api", "--bucket=corp-stage"
	for i := range 5 {
		w.put(b, "list/"+string(rune('a'+i))+" +.txt", "content")
	}
	var page struct {
		Contents  []struct{ Key string }
		NextToken string
	}
	c.query(&page, api, "list-objects-v2", bucket, "--prefix=list/", "--page-size=2", "--max-items=3")
	if len(page.Contents) != 3 || page.Contents[2].Key != "list/c +.txt" || page.NextToken == "" {
		t.Errorf("first page: %+v", page)
	}
	c.query(&page, api, "list-objects-v2", bucket, "--prefix=list/", "--page-size=2", "--starting-token", page.NextToken)
	if len(page.Contents) != 2 || page.Contents[1].Key != "list/e +.txt" {
		t.Errorf("second page: %+v", page)
	}
	var deleted struct{ Deleted []struct{ Key string } }
	c.query(&deleted, api, "delete-objects", bucket, "--delete", `{"Objects":[{"Key":"list/a +.txt"},{"Key":"list/none"}]}`)
	if len(deleted.Deleted) != 2 {
		t.Errorf("deleted: %+v", deleted)
	}

	// An upload by hand. Only SHA256: CRC32C and CRC64NVME need a part of the CLI that is not everywhere.
	c.write("one", bytes.Repeat([]byte("1"), 5<<20))
	c.write("two", []byte("2"))
	const key = "--key=parts"
	var upload struct{ UploadId, ChecksumAlgorithm string }
	c.query(&upload, api, "create-multipart-upload", bucket, key, "--checksum-algorithm=SHA256",
		"--server-side-encryption=aws:kms", "--ssekms-key-id", arn, "--tagging=team=corp", "--metadata=run=1")
	id := "--upload-id=" + upload.UploadId
	for i, body := range []string{"one", "two"} {
		c.run(api, "upload-part", bucket, key, id, "--part-number", string(rune('1'+i)), "--body", body, "--checksum-algorithm=SHA256")
	}
	var uploads struct{ Uploads []struct{ UploadId string } }
	c.query(&uploads, api, "list-multipart-uploads", bucket)
	if len(uploads.Uploads) != 1 || uploads.Uploads[0].UploadId != upload.UploadId {
		t.Errorf("uploads: %+v", uploads)
	}
	var parts struct{ Parts []map[string]any }
	c.query(&parts, api, "list-parts", bucket, key, id)
	if len(parts.Parts) != 2 || parts.Parts[0]["ChecksumSHA256"] == nil {
		t.Fatalf("parts: %+v", parts)
	}
	for _, p := range parts.Parts {
		delete(p, "LastModified")
		delete(p, "Size")
	}
	c.run(api, "complete-multipart-upload", bucket, key, id, "--multipart-upload", toJSON(t, parts))
	var head map[string]any
	c.query(&head, api, "head-object", bucket, key, "--checksum-mode=ENABLED")
	sum, _ := head["ChecksumSHA256"].(string)
	if !strings.HasSuffix(sum, "-2") || head["SSEKMSKeyId"] != arn || head["TagCount"] != 1.0 {
		t.Errorf("head: %v", head)
	}
	var attributes struct {
		ObjectParts struct {
			TotalPartsCount, NextPartNumberMarker int
			IsTruncated                           bool
			Parts                                 []map[string]any
		}
	}
	c.query(&attributes, api, "get-object-attributes", bucket, key, "--object-attributes=ObjectParts", "--max-parts=1")
	if p := attributes.ObjectParts; p.TotalPartsCount != 2 || !p.IsTruncated || p.NextPartNumberMarker != 1 || len(p.Parts) != 1 || p.Parts[0]["ChecksumSHA256"] == nil {
		t.Errorf("attributes %+v", attributes)
	}
	c.query(&attributes, api, "get-object-attributes", bucket, key, "--object-attributes=ObjectParts", "--part-number-marker=1")
	if p := attributes.ObjectParts; p.IsTruncated || len(p.Parts) != 1 || p.Parts[0]["PartNumber"] != 2.0 {
		t.Errorf("the rest of the attributes %+v", attributes)
	}
	c.run(api, "get-object", bucket, key, "--part-number=2", "back")
	if back, err := os.ReadFile(filepath.Join(c.dir, "back")); err != nil || string(back) != "2" {
		t.Errorf("part 2: %q, %v", back, err)
	}
	c.run(api, "get-object", bucket, key, "--range=bytes=5242879-", "back")
	if back, err := os.ReadFile(filepath.Join(c.dir, "back")); err != nil || string(back) != "12" {
		t.Errorf("range: %q, %v", back, err)
	}

	// A copy does not inherit the encryption; it inherits metadata and tags.
	c.run(api, "copy-object", bucket, "--key=copy", "--copy-source=corp-stage/parts")
	var copied struct {
		ServerSideEncryption string
		Metadata             map[string]string
	}
	c.query(&copied, api, "head-object", bucket, "--key=copy")
	if copied.ServerSideEncryption != "AES256" || copied.Metadata["run"] != "1" {
		t.Errorf("copy: %+v", copied)
	}
	c.refused("AccessDenied", api, "copy-object", bucket, "--key=copy", "--copy-source=corp-stage/parts", "--expected-source-bucket-owner=222222222222")
	var tagging struct{ TagSet []struct{ Key, Value string } }
	c.query(&tagging, api, "get-object-tagging", bucket, "--key=copy")
	if len(tagging.TagSet) != 1 || tagging.TagSet[0].Value != "corp" {
		t.Errorf("tags of the copy: %+v", tagging)
	}
	c.query(&upload, api, "create-multipart-upload", bucket, "--key=joined")
	c.run(api, "upload-part-copy", bucket, "--key=joined", "--upload-id="+upload.UploadId, "--part-number=1", "--copy-source=corp-stage/copy", "--copy-source-range=bytes=0-9")
	c.run(api, "abort-multipart-upload", bucket, "--key=joined", "--upload-id="+upload.UploadId)
	c.refused("NoSuchUpload", api, "list-parts", bucket, "--key=joined", "--upload-id="+upload.UploadId)

	c.refused("NotImplemented", api, "put-object-retention", bucket, "--key=copy", `--retention={"Mode":"GOVERNANCE","RetainUntilDate":"2030-01-01"}`)
	c.refused("NotImplemented", api, "put-bucket-replication", bucket, `--replication-configuration={"Role":"arn:aws:iam::111111111111:role/r","Rules":[]}`)
}
