package s3_test

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/s3/transfermanager"
	tmtypes "github.com/aws/aws-sdk-go-v2/feature/s3/transfermanager/types"
	s3sdk "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
	"github.com/minio/minio-go/v7/pkg/encrypt"
	"github.com/minio/minio-go/v7/pkg/lifecycle"
	"github.com/minio/minio-go/v7/pkg/sse"
	"github.com/minio/minio-go/v7/pkg/tags"
)

// Clients that have other habits than the SDK's: MinIO's client library signs its chunks itself, asks where a bucket is
// before it does anything, and joins objects by copying parts; the SDK's transfer manager sends parts and ranges at once.

// minio makes a client of MinIO's, over TLS or in clear.
func (w *world) minio(secure bool) *minio.Client {
	w.tb.Helper()
	address := w.plain.URL
	if secure {
		address = w.tls.URL
	}
	u, err := url.Parse(address)
	if err != nil {
		w.tb.Fatal(err)
	}
	client, err := minio.New(u.Host, &minio.Options{
		Creds: credentials.NewStaticV4(w.access.id, w.access.secret, w.access.token), Secure: secure, BucketLookup: minio.BucketLookupPath,
		Transport: w.tls.Client().Transport, TrailingHeaders: true, MaxRetries: 1,
	})
	if err != nil {
		w.tb.Fatal(err)
	}
	return client
}

func randomBytes(n int) []byte {
	data := make([]byte, n)
	rand.Read(data)
	return data
}

func check(tb testing.TB, what string, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatalf("%s: %v", what, err)
	}
}

//standin:imitates S3: MinIO's client library, over TLS and in clear | API model s3
func TestMinIO(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	arn := w.key()
	for name, secure := range map[string]bool{"tls": true, "clear": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx := t.Context()
			c := w.minio(secure)
			b := "minio-" + name
			check(t, "make bucket", c.MakeBucket(ctx, b, minio.MakeBucketOptions{Region: region}))
			if ok, err := c.BucketExists(ctx, b); err != nil || !ok {
				t.Errorf("the bucket is not there: %v", err)
			}
			if where, err := c.GetBucketLocation(ctx, b); err != nil || where != region {
				t.Errorf("bucket is in %q, %v", where, err)
			}
			opts := minio.PutObjectOptions{
				ContentType: "text/csv", UserMetadata: map[string]string{"Run": "one"}, UserTags: map[string]string{"team": "corp data"}, PartSize: 5 << 20,
			}
			if secure {
				kms, err := encrypt.NewSSEKMS(arn, map[string]string{"run": "one"})
				check(t, "SSE-KMS", err)
				opts.ServerSideEncryption = kms
			}
			// Sizes known and not, in one request and in parts, with checksums in trailers and in headers.
			for _, size := range []int{0, 1, 100_000, 11 << 20} {
				for _, known := range []bool{true, false} {
					key, data, length := fmt.Sprintf("run/a b+c/%d-%v", size, known), randomBytes(size), int64(size)
					if !known {
						length = -1
					}
					info, err := c.PutObject(ctx, b, key, bytes.NewReader(data), length, opts)
					check(t, "put "+key, err)
					if info.Size != int64(size) {
						t.Errorf("put %s: %d bytes", key, info.Size)
					}
					o, err := c.GetObject(ctx, b, key, minio.GetObjectOptions{})
					check(t, "get "+key, err)
					if back, err := io.ReadAll(o); err != nil || !bytes.Equal(back, data) {
						t.Errorf("get %s: %d bytes, %v", key, len(back), err)
					}
				}
			}
			big := fmt.Sprintf("run/a b+c/%d-%v", 11<<20, true)
			stat, err := c.StatObject(ctx, b, big, minio.StatObjectOptions{})
			if err != nil || stat.ContentType != "text/csv" || stat.UserMetadata["Run"] != "one" || stat.UserTagCount != 1 || !strings.HasSuffix(stat.ETag, "-3") {
				t.Errorf("stat %+v, %v", stat, err)
			}
			if got := stat.Metadata.Get("X-Amz-Server-Side-Encryption-Aws-Kms-Key-Id"); secure && got != arn {
				t.Errorf("encrypted under %q", got)
			}
			attributes, err := c.GetObjectAttributes(ctx, b, big, minio.ObjectAttributesOptions{})
			if err != nil || attributes.ObjectSize != 11<<20 || attributes.ObjectParts.PartsCount != 3 {
				t.Errorf("attributes %+v, %v", attributes, err)
			}
			var part minio.GetObjectOptions
			check(t, "range", part.SetRange(10, 19))
			o, err := c.GetObject(ctx, b, big, part)
			check(t, "get a range", err)
			if back, err := io.ReadAll(o); err != nil || len(back) != 10 {
				t.Errorf("a range of %d bytes, %v", len(back), err)
			}

			only := minio.PutObjectOptions{}
			only.SetMatchETagExcept("*")
			_, err = c.PutObject(ctx, b, "once", strings.NewReader("one"), 3, only)
			check(t, "put once", err)
			_, err = c.PutObject(ctx, b, "once", strings.NewReader("two"), 3, only)
			if got := minio.ToErrorResponse(err).Code; got != "PreconditionFailed" {
				t.Errorf("put twice: %q", got)
			}

			dest := minio.CopyDestOptions{Bucket: b, Object: "copy", Encryption: opts.ServerSideEncryption}
			_, err = c.CopyObject(ctx, dest, minio.CopySrcOptions{Bucket: b, Object: big})
			check(t, "copy", err)
			dest.Object = "joined"
			joined, err := c.ComposeObject(ctx, dest, minio.CopySrcOptions{Bucket: b, Object: "copy"}, minio.CopySrcOptions{Bucket: b, Object: big, MatchRange: true, Start: 0, End: 99})
			if err != nil || joined.Size != 11<<20+100 {
				t.Errorf("joined %+v, %v", joined, err)
			}
			got, err := c.GetObjectTagging(ctx, b, big, minio.GetObjectTaggingOptions{})
			if err != nil || got.ToMap()["team"] != "corp data" {
				t.Errorf("tags %v, %v", got, err)
			}
			minioListings(t, c, b)
			minioSettings(t, c, b, arn)
			minioPresigned(t, w, c, b)

			removal := make(chan minio.ObjectInfo)
			go func() {
				defer close(removal)
				for o := range c.ListObjects(ctx, b, minio.ListObjectsOptions{Recursive: true, WithVersions: true}) {
					removal <- o
				}
			}()
			for failed := range c.RemoveObjects(ctx, b, removal, minio.RemoveObjectsOptions{}) {
				t.Errorf("remove %s %s: %v", failed.ObjectName, failed.VersionID, failed.Err)
			}
			check(t, "remove the bucket", c.RemoveBucket(ctx, b))
		})
	}
}

// minioListings lists what there is in both versions of the listing, with versions, and unfinished uploads.
func minioListings(t *testing.T, c *minio.Client, b string) {
	t.Helper()
	ctx := t.Context()
	keys := func(opts minio.ListObjectsOptions) []string {
		var all []string
		for o := range c.ListObjects(ctx, b, opts) {
			check(t, "list", o.Err)
			all = append(all, o.Key)
		}
		return all
	}
	for _, old := range []bool{false, true} {
		if got := keys(minio.ListObjectsOptions{UseV1: old, MaxKeys: 2}); !slices.Equal(got, []string{"copy", "joined", "once", "run/"}) {
			t.Errorf("top (version 1: %v): %q", old, got)
		}
		if got := keys(minio.ListObjectsOptions{UseV1: old, MaxKeys: 3, Recursive: true, Prefix: "run/"}); len(got) != 8 || got[0] != "run/a b+c/0-false" {
			t.Errorf("run (version 1: %v): %q", old, got)
		}
	}
	check(t, "enable versions", c.EnableVersioning(ctx, b))
	_, err := c.PutObject(ctx, b, "copy", strings.NewReader("new"), 3, minio.PutObjectOptions{})
	check(t, "put a version", err)
	check(t, "remove", c.RemoveObject(ctx, b, "copy", minio.RemoveObjectOptions{}))
	if got := keys(minio.ListObjectsOptions{Prefix: "copy", WithVersions: true}); len(got) != 3 {
		t.Errorf("versions: %q", got)
	}

	core := minio.Core{Client: c}
	id, err := core.NewMultipartUpload(ctx, b, "unfinished", minio.PutObjectOptions{})
	check(t, "begin an upload", err)
	_, err = core.PutObjectPart(ctx, b, "unfinished", id, 1, strings.NewReader("part"), 4, minio.PutObjectPartOptions{})
	check(t, "put a part", err)
	var found []string
	for u := range c.ListIncompleteUploads(ctx, b, "", true) {
		check(t, "list uploads", u.Err)
		found = append(found, fmt.Sprint(u.Key, " ", u.UploadID == id))
	}
	if !slices.Equal(found, []string{"unfinished true"}) {
		t.Errorf("uploads: %q", found)
	}
	check(t, "abort", c.RemoveIncompleteUpload(ctx, b, "unfinished"))
}

// minioSettings puts a bucket's settings and reads them back.
func minioSettings(t *testing.T, c *minio.Client, b, key string) {
	t.Helper()
	ctx := t.Context()
	rules := lifecycle.NewConfiguration()
	rules.Rules = []lifecycle.Rule{{
		ID: "stage", Status: "Enabled", RuleFilter: lifecycle.Filter{Prefix: "run/"}, Expiration: lifecycle.Expiration{Days: 7},
		AbortIncompleteMultipartUpload: lifecycle.AbortIncompleteMultipartUpload{DaysAfterInitiation: 1},
	}}
	check(t, "lifecycle", c.SetBucketLifecycle(ctx, b, rules))
	if got, err := c.GetBucketLifecycle(ctx, b); err != nil || len(got.Rules) != 1 || got.Rules[0].Expiration.Days != 7 {
		t.Errorf("lifecycle %+v, %v", got, err)
	}
	check(t, "encryption", c.SetBucketEncryption(ctx, b, sse.NewConfigurationSSEKMS(key)))
	if got, err := c.GetBucketEncryption(ctx, b); err != nil || got.Rules[0].Apply.KmsMasterKeyID != key {
		t.Errorf("encryption %+v, %v", got, err)
	}
	check(t, "no encryption", c.RemoveBucketEncryption(ctx, b))
	team, err := tags.NewTags(map[string]string{"team": "corp"}, false)
	check(t, "tags", err)
	check(t, "tags", c.SetBucketTagging(ctx, b, team))
	if got, err := c.GetBucketTagging(ctx, b); err != nil || got.ToMap()["team"] != "corp" {
		t.Errorf("tags %v, %v", got, err)
	}
	deny := fmt.Sprintf(`{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":"*","Action":"s3:PutObject","Resource":"arn:aws:s3:::%s/locked/*"}]}`, b)
	check(t, "policy", c.SetBucketPolicy(ctx, b, deny))
	if got, err := c.GetBucketPolicy(ctx, b); err != nil || got != deny {
		t.Errorf("policy %s, %v", got, err)
	}
	_, err = c.PutObject(ctx, b, "locked/key", strings.NewReader("x"), 1, minio.PutObjectOptions{})
	if got := minio.ToErrorResponse(err).Code; got != "AccessDenied" {
		t.Errorf("against the policy: %q", got)
	}
}

// minioPresigned reads and writes through URLs that anybody can use.
func minioPresigned(t *testing.T, w *world, c *minio.Client, b string) {
	t.Helper()
	ctx := t.Context()
	put, err := c.PresignedPutObject(ctx, b, "presigned", time.Minute)
	check(t, "presign put", err)
	r, err := http.NewRequestWithContext(ctx, http.MethodPut, put.String(), strings.NewReader("by URL"))
	check(t, "put by URL", err)
	if status, text := w.do(r); status != http.StatusOK {
		t.Errorf("put by URL: %d %s", status, text)
	}
	get, err := c.PresignedGetObject(ctx, b, "presigned", time.Minute, url.Values{"response-content-type": {"text/plain"}})
	check(t, "presign get", err)
	if status, text := w.fetch(get.String()); status != http.StatusOK || text != "by URL" {
		t.Errorf("get by URL: %d %s", status, text)
	}
}

//standin:imitates S3: the SDK's transfer manager | API model s3
func TestTransferManager(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b, arn := w.bucket("corp-stage"), w.key()
	ctx := t.Context()
	manager := transfermanager.New(w.s3(), func(o *transfermanager.Options) {
		o.PartSizeBytes, o.MultipartUploadThreshold, o.Concurrency = 5<<20, 6<<20, 4
	})
	for name, size := range map[string]int{"empty": 0, "small": 1000, "big": 17 << 20} {
		data := randomBytes(size)
		_, err := manager.UploadObject(ctx, &transfermanager.UploadObjectInput{
			Bucket: &b, Key: &name, Body: bytes.NewReader(data), ServerSideEncryption: tmtypes.ServerSideEncryptionAwsKms, SSEKMSKeyID: &arn,
		})
		check(t, "upload "+name, err)
		for _, kind := range []tmtypes.GetObjectType{tmtypes.GetObjectRanges, tmtypes.GetObjectParts} {
			back := tmtypes.NewWriteAtBuffer(nil)
			_, err := manager.DownloadObject(ctx, &transfermanager.DownloadObjectInput{Bucket: &b, Key: &name, WriterAt: back}, func(o *transfermanager.Options) { o.GetObjectType = kind })
			if err != nil || !bytes.Equal(back.Bytes(), data) {
				t.Errorf("download %s by %s: %d bytes, %v", name, kind, len(back.Bytes()), err)
			}
		}
		head, err := w.s3().HeadObject(ctx, &s3sdk.HeadObjectInput{Bucket: &b, Key: &name})
		if err != nil || *head.ContentLength != int64(size) || awssdk.ToString(head.SSEKMSKeyId) != arn {
			t.Errorf("head %s: %s, %v", name, toJSON(t, head), err)
		}
	}
}
