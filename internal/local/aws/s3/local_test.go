package s3_test

import (
	"bytes"
	"context"
	"errors"
	"math/rand/v2"
	"strings"
	"testing"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	s3sdk "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/sealift/sealift/internal/local/aws/awserr"
	"github.com/sealift/sealift/internal/local/aws/s3"
)

func smithyResponse(m middleware.Metadata) (*smithyhttp.Response, bool) {
	r, ok := awsmiddleware.GetRawResponse(m).(*smithyhttp.Response)
	return r, ok
}

func listOf(bucket string) s3.ListInput { return s3.ListInput{Bucket: bucket} }

// admin is S3 as a warehouse would see it, had it the administrator's role.
func (w *world) admin() *s3.Caller {
	id := w.identity(w.access)
	id.Secure = true
	return w.cloud.S3.As(id)
}

func underKMS(key string) s3.Encryption { return s3.Encryption{Algorithm: "aws:kms", KMSKey: key} }

// What a warehouse writes, clients read, and the other way round.
func TestWarehouse(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.bucket("corp-stage")
	arn := w.key()
	for name, size := range map[string]int{"empty": 0, "small": 1000, "one part": 16 << 20, "two parts": 16<<20 + 1, "many": 40 << 20} {
		content := make([]byte, size)
		if _, err := rand.NewChaCha8([32]byte{1}).Read(content); err != nil {
			t.Fatal(err)
		}
		out, err := w.admin().Create(t.Context(), s3.PutInput{Bucket: b, Key: name, Encryption: underKMS(arn), Meta: map[string]string{"a": "1"}})
		if err != nil {
			t.Fatal(err)
		}
		for rest := content; len(rest) > 0; {
			n := min(len(rest), 1+rand.IntN(1<<20))
			if _, err := out.Write(rest[:n]); err != nil {
				t.Fatal(err)
			}
			rest = rest[n:]
		}
		if _, err := w.admin().HeadObject(t.Context(), s3.GetInput{Bucket: b, Key: name}); awserr.Of(err).Code != "NoSuchKey" {
			t.Errorf("%s is visible before it is committed: %v", name, err)
		}
		info, err := out.Commit(t.Context())
		if err != nil || info.Size != int64(size) || info.KMSKeyARN != arn {
			t.Errorf("%s: %+v, %v", name, info, err)
		}
		if got := w.get(b, name); got != string(content) {
			t.Errorf("%s: a client reads %d other bytes", name, len(got))
		}
		object, err := w.admin().GetObject(t.Context(), s3.GetInput{Bucket: b, Key: name})
		if err != nil {
			t.Fatal(err)
		}
		if got := readAll(t, object.Body); got != string(content) || object.Meta["a"] != "1" {
			t.Errorf("%s: a warehouse reads %d other bytes", name, len(got))
		}
		if size > 100 {
			part, err := w.admin().GetObject(t.Context(), s3.GetInput{Bucket: b, Key: name, Range: &s3.Range{Offset: int64(size) - 10, Length: 5}})
			if err != nil {
				t.Fatal(err)
			}
			if got := readAll(t, part.Body); got != string(content[size-10:size-5]) {
				t.Errorf("%s: a range of %d other bytes", name, len(got))
			}
		}
	}
	list, err := w.admin().List(t.Context(), s3.ListInput{Bucket: b, Prefix: "m"})
	if err != nil || len(list.Objects) != 1 || list.Objects[0].Size != 40<<20 || list.Objects[0].Parts != 3 {
		t.Errorf("list: %+v, %v", list, err)
	}
	if deleted, err := w.admin().DeleteObject(t.Context(), s3.DeleteInput{Bucket: b, Key: "many"}); err != nil || deleted.Marker {
		t.Errorf("delete: %+v, %v", deleted, err)
	}
}

// A large object is a multipart upload: it needs kms:Decrypt, and what is left of it can be seen.
func TestWriterIsUpload(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.bucket("corp-stage")
	arn := w.key()
	key := w.user("unload",
		`{"Effect":"Allow","Action":["s3:PutObject","s3:AbortMultipartUpload"],"Resource":"*"}`,
		`{"Effect":"Allow","Action":"kms:GenerateDataKey","Resource":"*"}`)
	id := w.identity(key)
	caller := w.cloud.S3.As(id)
	write := func(size int) error {
		out, err := caller.Create(t.Context(), s3.PutInput{Bucket: b, Key: "k", Encryption: underKMS(arn)})
		if err != nil {
			return err
		}
		if _, err := out.Write(make([]byte, size)); err != nil {
			return errors.Join(err, out.Abort(t.Context()))
		}
		if _, err = out.Commit(t.Context()); err != nil {
			t.Errorf("committing is too late for: %v", err)
		}
		return err
	}
	if err := write(1000); err != nil {
		t.Errorf("small, without kms:Decrypt: %v", err)
	}
	err := write(17 << 20)
	if awserr.Of(err).Code != "AccessDenied" || !strings.Contains(err.Error(), "kms:Decrypt") {
		t.Errorf("large, without kms:Decrypt: %v", err)
	}
	uploads := func() int {
		list, err := w.s3().ListMultipartUploads(t.Context(), &s3sdk.ListMultipartUploadsInput{Bucket: &b})
		if err != nil {
			t.Fatal(err)
		}
		return len(list.Uploads)
	}
	if n := uploads(); n != 0 {
		t.Errorf("%d uploads after a clean refusal", n)
	}
	out, err := w.admin().Create(t.Context(), s3.PutInput{Bucket: b, Key: "left", Encryption: underKMS(arn)})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := out.Write(make([]byte, 17<<20)); err != nil {
		t.Fatal(err)
	}
	if n := uploads(); n != 1 {
		t.Errorf("%d uploads in progress, want 1", n)
	}
	w.policy(b, `{"Effect":"Deny","Principal":"*","Action":"s3:AbortMultipartUpload","Resource":"arn:aws:s3:::corp-stage/*"}`)
	if err := out.Abort(t.Context()); awserr.Of(err).Code != "AccessDenied" {
		t.Errorf("abort: %v", err)
	}
	if n := uploads(); n != 1 {
		t.Errorf("%d uploads left, want 1", n)
	}
	ctx, cancel := context.WithCancel(t.Context())
	out, err = w.admin().Create(ctx, s3.PutInput{Bucket: b, Key: "cancelled"})
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	if _, err := out.Commit(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("commit: %v", err)
	}
	if _, err := w.admin().HeadObject(t.Context(), s3.GetInput{Bucket: b, Key: "cancelled"}); awserr.Of(err).Code != "NoSuchKey" {
		t.Errorf("a cancelled object: %v", err)
	}
}

// A full disk is an error of S3's, and leaves no half object.
func TestDiskFull(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.bucket("corp-stage")
	w.put(b, "k", "before")
	w.cloud.S3.LimitDisk(100_000)
	_, err := w.s3().PutObject(t.Context(), &s3sdk.PutObjectInput{Bucket: &b, Key: awssdk.String("k"), Body: bytes.NewReader(make([]byte, 1<<20))})
	wantCode(t, "a client", err, "500 InternalError")
	out, err := w.admin().Create(t.Context(), s3.PutInput{Bucket: b, Key: "k"})
	if err != nil {
		t.Fatal(err)
	}
	_, err = out.Write(make([]byte, 1<<20))
	if e := s3.Error(err); e == nil || e.Code != "InternalError" {
		t.Errorf("a warehouse: %v", err)
	}
	if err := out.Abort(t.Context()); err != nil {
		t.Error(err)
	}
	w.cloud.S3.LimitDisk(-1)
	_, err = w.admin().PutObject(t.Context(), s3.PutInput{Bucket: b, Key: "k", Length: 9}, strings.NewReader("too short"[:5]))
	if code := s3.Error(err).Code; code != "IncompleteBody" {
		t.Errorf("a body that ends early: %s", code)
	}
	if got := w.get(b, "k"); got != "before" {
		t.Errorf("got %q", got)
	}
	if files := w.contentFiles(); len(files) != 1 {
		t.Errorf("%d content files, want 1", len(files))
	}
	w.put(b, "k", "after")
}

//standin:imitates S3: 503 SlowDown (switch) | S3 API reference error responses
func TestThrottle(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.bucket("corp-stage")
	w.put(b, "k", "content")
	w.cloud.S3.Throttle(2)
	_, err := w.s3().GetObject(t.Context(), &s3sdk.GetObjectInput{Bucket: &b, Key: awssdk.String("k")})
	wantCode(t, "a client", err, "503 SlowDown")
	_, err = w.admin().List(t.Context(), listOf(b))
	if code := s3.Error(err).Code; code != "SlowDown" {
		t.Errorf("a warehouse: %s", code)
	}
	if got := w.get(b, "k"); got != "content" {
		t.Errorf("afterwards: %q", got)
	}
}

func TestRestart(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.bucket("corp-stage")
	arn := w.key()
	w.versioned(b, "Enabled")
	w.put(b, "kms", "one", underKey(arn))
	w.put(b, "kms", "two", underKey(arn))
	w.put(b, "plain", "three")
	w.delete(b, "plain", nil)
	upload(t, w, b, "parts", underKeyUpload(arn), letters("a", 5*megabyte), "b")
	id := begin(t, w, b, "unfinished", underKeyUpload(arn))
	part := sendPart(t, w, b, "unfinished", id, 1, "part", "")
	before := w.versions(b, 1000)
	files := len(w.contentFiles())
	// What a kill in the middle of a write leaves.
	half, err := w.admin().Create(t.Context(), s3.PutInput{Bucket: b, Key: "half"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := half.Write([]byte("half")); err != nil {
		t.Fatal(err)
	}
	w.restart()
	if after := w.versions(b, 1000); strings.Join(after, "\n") != strings.Join(before, "\n") {
		t.Errorf("before:\n%s\nafter:\n%s", strings.Join(before, "\n"), strings.Join(after, "\n"))
	}
	if got := len(w.contentFiles()); got != files {
		t.Errorf("%d content files after the restart, want %d", got, files)
	}
	_, err = w.s3().CompleteMultipartUpload(t.Context(), completeInput(b, "unfinished", id, part))
	wantCode(t, "complete after the restart", err, "200")
	if got := w.get(b, "unfinished"); got != "part" {
		t.Errorf("got %q", got)
	}
	status, err := w.s3().GetBucketVersioning(t.Context(), &s3sdk.GetBucketVersioningInput{Bucket: &b})
	if err != nil || status.Status != "Enabled" {
		t.Errorf("versioning: %s, %v", toJSON(t, status), err)
	}
}
