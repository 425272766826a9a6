package s3_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	s3sdk "github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/google/go-cmp/cmp"
)

// versions lists all versions of a bucket as "key content" and "key marker", the current ones with a star.
func (w *world) versions(bucket string, pageSize int32) []string {
	w.tb.Helper()
	var all []string
	pages := s3sdk.NewListObjectVersionsPaginator(w.s3(), &s3sdk.ListObjectVersionsInput{Bucket: &bucket, MaxKeys: &pageSize})
	for pages.HasMorePages() {
		page, err := pages.NextPage(w.tb.Context())
		if err != nil {
			w.tb.Fatal(err)
		}
		star := map[bool]string{true: " *"}
		for _, v := range page.Versions {
			out, err := w.s3().GetObject(w.tb.Context(), &s3sdk.GetObjectInput{Bucket: &bucket, Key: v.Key, VersionId: v.VersionId})
			if err != nil {
				w.tb.Fatal(err)
			}
			all = append(all, *v.Key+" "+readAll(w.tb, out.Body)+star[*v.IsLatest])
		}
		for _, m := range page.DeleteMarkers {
			all = append(all, *m.Key+" marker"+star[*m.IsLatest])
		}
	}
	slices.Sort(all)
	return all
}

func (w *world) delete(bucket, key string, version *string) *s3sdk.DeleteObjectOutput {
	w.tb.Helper()
	out, err := w.s3().DeleteObject(w.tb.Context(), &s3sdk.DeleteObjectInput{Bucket: &bucket, Key: &key, VersionId: version})
	if err != nil {
		w.tb.Fatal(err)
	}
	return out
}

//standin:imitates S3: versions, delete markers, suspended versioning | S3 user guide Versioning
func TestVersioning(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.bucket("corp-stage")
	expect := func(step string, want ...string) {
		t.Helper()
		if diff := cmp.Diff(want, w.versions(b, 1)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", step, diff)
		}
	}
	if out := w.put(b, "k", "before"); out.VersionId != nil {
		t.Errorf("a version id without versioning: %s", *out.VersionId)
	}
	status, err := w.s3().GetBucketVersioning(t.Context(), &s3sdk.GetBucketVersioningInput{Bucket: &b})
	if err != nil || status.Status != "" {
		t.Errorf("status: %q, %v", status.Status, err)
	}
	expect("never versioned", "k before *")
	w.versioned(b, s3types.BucketVersioningStatusEnabled)
	one := w.put(b, "k", "one")
	two := w.put(b, "k", "two")
	if awssdk.ToString(one.VersionId) == "" || *one.VersionId == *two.VersionId {
		t.Errorf("version ids %v and %v", one.VersionId, two.VersionId)
	}
	expect("three versions", "k before", "k one", "k two *")
	marker := w.delete(b, "k", nil)
	if !awssdk.ToBool(marker.DeleteMarker) || marker.VersionId == nil {
		t.Errorf("delete: %s", toJSON(t, marker))
	}
	expect("deleted", "k before", "k marker *", "k one", "k two")
	list, err := w.s3().ListObjectsV2(t.Context(), &s3sdk.ListObjectsV2Input{Bucket: &b})
	if err != nil || *list.KeyCount != 0 {
		t.Errorf("a deleted object is listed: %s, %v", toJSON(t, list), err)
	}
	_, err = w.s3().GetObject(t.Context(), &s3sdk.GetObjectInput{Bucket: &b, Key: awssdk.String("k")})
	wantCode(t, "get a deleted object", err, "404 NoSuchKey")
	_, err = w.s3().GetObject(t.Context(), &s3sdk.GetObjectInput{Bucket: &b, Key: awssdk.String("k"), VersionId: marker.VersionId})
	wantCode(t, "get a delete marker", err, "405 MethodNotAllowed")
	_, err = w.s3().GetObject(t.Context(), &s3sdk.GetObjectInput{Bucket: &b, Key: awssdk.String("k"), VersionId: awssdk.String("nosuch")})
	wantCode(t, "get no version", err, "404 NoSuchVersion")
	_, err = w.s3().DeleteBucket(t.Context(), &s3sdk.DeleteBucketInput{Bucket: &b})
	wantCode(t, "delete the bucket", err, "409 BucketNotEmpty")

	if out := w.delete(b, "k", marker.VersionId); !awssdk.ToBool(out.DeleteMarker) || *out.VersionId != *marker.VersionId {
		t.Errorf("delete the marker: %s", toJSON(t, out))
	}
	if got := w.get(b, "k"); got != "two" {
		t.Errorf("without the marker: %q", got)
	}
	w.delete(b, "k", two.VersionId)
	if got := w.get(b, "k"); got != "one" {
		t.Errorf("without the second: %q", got)
	}
	w.versioned(b, s3types.BucketVersioningStatusSuspended)
	if out := w.put(b, "k", "suspended"); awssdk.ToString(out.VersionId) != "null" {
		t.Errorf("put while suspended: %s", toJSON(t, out))
	}
	expect("the null version is replaced", "k one", "k suspended *")
	if out := w.delete(b, "k", nil); awssdk.ToString(out.VersionId) != "null" || !awssdk.ToBool(out.DeleteMarker) {
		t.Errorf("delete while suspended: %s", toJSON(t, out))
	}
	expect("the null version is a marker", "k marker *", "k one")
	w.delete(b, "k", awssdk.String("null"))
	w.delete(b, "k", one.VersionId)
	w.delete(b, "k", one.VersionId) // again
	expect("nothing left")
	if files := w.contentFiles(); len(files) > 0 {
		t.Errorf("content stays on disk: %v", files)
	}
	if _, err := w.s3().DeleteBucket(t.Context(), &s3sdk.DeleteBucketInput{Bucket: &b}); err != nil {
		t.Error(err)
	}
}

// Deleting each page of versions before asking for the next leaves nothing: what clean-up jobs do.
func TestDeleteAllVersions(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.bucket("corp-stage")
	w.versioned(b, s3types.BucketVersioningStatusEnabled)
	for i := range 30 {
		key := fmt.Sprint("run/", i%4)
		if i%7 == 3 {
			w.delete(b, key, nil)
		} else {
			w.put(b, key, "x")
		}
	}
	pages := s3sdk.NewListObjectVersionsPaginator(w.s3(), &s3sdk.ListObjectVersionsInput{Bucket: &b, MaxKeys: awssdk.Int32(7), Prefix: awssdk.String("run/")})
	for pages.HasMorePages() {
		page, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		var ids []s3types.ObjectIdentifier
		for _, v := range page.Versions {
			ids = append(ids, s3types.ObjectIdentifier{Key: v.Key, VersionId: v.VersionId})
		}
		for _, m := range page.DeleteMarkers {
			ids = append(ids, s3types.ObjectIdentifier{Key: m.Key, VersionId: m.VersionId})
		}
		out, err := w.s3().DeleteObjects(t.Context(), &s3sdk.DeleteObjectsInput{Bucket: &b, Delete: &s3types.Delete{Objects: ids}})
		if err != nil || len(out.Errors) > 0 || len(out.Deleted) != len(ids) {
			t.Fatalf("%s, %v", toJSON(t, out), err)
		}
	}
	if left := w.versions(b, 1000); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
	if files := w.contentFiles(); len(files) > 0 {
		t.Errorf("content stays on disk: %v", files)
	}
}

// The listing agrees with a model that looks at every key, for random keys, prefixes, delimiters and page sizes.
//
//standin:imitates S3: ListObjects, ListObjectsV2 with prefixes, delimiters and pages | API model s3
func TestListModel(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.bucket("corp-stage")
	random := rand.New(rand.NewPCG(3, 4))
	pick := func(all ...string) string { return all[random.IntN(len(all))] }
	keys := map[string]bool{}
	for range 120 {
		var key strings.Builder
		for range 1 + random.IntN(5) {
			key.WriteString(pick("a", "b", "a/", "/", "bb", "--", "é"))
		}
		keys[key.String()] = true
	}
	sorted := slices.Sorted(func(yield func(string) bool) {
		for k := range keys {
			if !yield(k) {
				return
			}
		}
	})
	for _, key := range sorted {
		w.put(b, key, "x")
	}
	for range 150 {
		prefix := pick("", "", "a", "a/", "a/a", "b", "/", "//", "é", "zz")
		delimiter := pick("", "/", "/", "b", "--", "a/")
		after := pick("", "", "a", "a/", "b/", pick(sorted...))
		size := int32(1 + random.IntN(9))
		var want []string
		for _, key := range sorted {
			if !strings.HasPrefix(key, prefix) || key <= after {
				continue
			}
			item := key
			if i := strings.Index(key[len(prefix):], delimiter); delimiter != "" && i >= 0 {
				item = key[:len(prefix)+i+len(delimiter)] + " ..."
				// A prefix at which the listing is told to start behind has been shown.
				if strings.TrimSuffix(item, " ...") <= after && strings.HasPrefix(after, strings.TrimSuffix(item, " ...")) && after == strings.TrimSuffix(item, " ...") {
					continue
				}
			}
			if len(want) == 0 || want[len(want)-1] != item {
				want = append(want, item)
			}
		}
		var got []string
		pages := s3sdk.NewListObjectsV2Paginator(w.s3(), &s3sdk.ListObjectsV2Input{
			Bucket: &b, Prefix: &prefix, Delimiter: &delimiter, StartAfter: &after, MaxKeys: &size,
		})
		for pages.HasMorePages() {
			page, err := pages.NextPage(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if n := len(page.Contents) + len(page.CommonPrefixes); n > int(size) || int32(n) != *page.KeyCount {
				t.Errorf("a page of %d has %d, says %d", size, n, *page.KeyCount)
			}
			for _, o := range page.Contents {
				got = append(got, *o.Key)
			}
			for _, p := range page.CommonPrefixes {
				got = append(got, *p.Prefix+" ...")
			}
		}
		slices.Sort(want)
		slices.Sort(got)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("prefix %q, delimiter %q, after %q, pages of %d (-want +got):\n%s", prefix, delimiter, after, size, diff)
		}
	}
	first, err := w.s3().ListObjects(t.Context(), &s3sdk.ListObjectsInput{Bucket: &b, MaxKeys: awssdk.Int32(0)})
	if err != nil || *first.IsTruncated || len(first.Contents) != 0 {
		t.Errorf("no keys: %s, %v", toJSON(t, first), err)
	}
	var old []string
	pages := &s3sdk.ListObjectsInput{Bucket: &b, MaxKeys: awssdk.Int32(50), Delimiter: awssdk.String("/")}
	for {
		page, err := w.s3().ListObjects(t.Context(), pages)
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range page.Contents {
			old = append(old, *o.Key)
		}
		for _, p := range page.CommonPrefixes {
			old = append(old, *p.Prefix)
		}
		if !*page.IsTruncated {
			break
		}
		pages.Marker = page.NextMarker
	}
	if unique := slices.Compact(slices.Sorted(slices.Values(old))); len(unique) != len(old) {
		t.Errorf("the first version of the listing repeats itself: %v", old)
	}
	_, err = w.s3().ListObjectsV2(t.Context(), &s3sdk.ListObjectsV2Input{Bucket: &b, ContinuationToken: awssdk.String("%%")})
	wantCode(t, "a token that is none", err, "400 InvalidArgument")
}
