package s3_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	s3sdk "github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/google/go-cmp/cmp"
)

func underKeyUpload(arn string) func(*s3sdk.CreateMultipartUploadInput) {
	return func(in *s3sdk.CreateMultipartUploadInput) {
		in.ServerSideEncryption = s3types.ServerSideEncryptionAwsKms
		in.SSEKMSKeyId = &arn
	}
}

// begin begins an upload.
func begin(tb testing.TB, w *world, bucket, key string, change ...func(*s3sdk.CreateMultipartUploadInput)) *string {
	tb.Helper()
	in := &s3sdk.CreateMultipartUploadInput{Bucket: &bucket, Key: &key}
	for _, f := range change {
		f(in)
	}
	out, err := w.s3().CreateMultipartUpload(tb.Context(), in)
	if err != nil {
		tb.Fatal(err)
	}
	return out.UploadId
}

func sendPart(tb testing.TB, w *world, bucket, key string, id *string, number int32, content string, algorithm s3types.ChecksumAlgorithm) s3types.CompletedPart {
	tb.Helper()
	out, err := w.s3().UploadPart(tb.Context(), &s3sdk.UploadPartInput{
		Bucket: &bucket, Key: &key, UploadId: id, PartNumber: &number, Body: strings.NewReader(content), ChecksumAlgorithm: algorithm,
	})
	if err != nil {
		tb.Fatal(err)
	}
	return s3types.CompletedPart{
		ETag: out.ETag, PartNumber: &number, ChecksumCRC32: out.ChecksumCRC32, ChecksumCRC32C: out.ChecksumCRC32C,
		ChecksumCRC64NVME: out.ChecksumCRC64NVME, ChecksumSHA1: out.ChecksumSHA1, ChecksumSHA256: out.ChecksumSHA256,
	}
}

// upload makes an object of parts.
func upload(tb testing.TB, w *world, bucket, key string, change func(*s3sdk.CreateMultipartUploadInput), contents ...string) *s3sdk.CompleteMultipartUploadOutput {
	tb.Helper()
	var algorithm s3types.ChecksumAlgorithm
	id := begin(tb, w, bucket, key, change, func(in *s3sdk.CreateMultipartUploadInput) { algorithm = in.ChecksumAlgorithm })
	var parts []s3types.CompletedPart
	for i, content := range contents {
		parts = append(parts, sendPart(tb, w, bucket, key, id, int32(i+1), content, algorithm))
	}
	out, err := w.s3().CompleteMultipartUpload(tb.Context(), &s3sdk.CompleteMultipartUploadInput{
		Bucket: &bucket, Key: &key, UploadId: id, MultipartUpload: &s3types.CompletedMultipartUpload{Parts: parts},
	})
	if err != nil {
		tb.Fatal(err)
	}
	return out
}

const megabyte = 1 << 20

func letters(letter string, n int) string { return strings.Repeat(letter, n) }

//standin:imitates S3: multipart uploads | S3 user guide mpuoverview
func TestMultipart(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.bucket("corp-stage")
	first, last := letters("a", 5*megabyte), "the end"
	out := upload(t, w, b, "k", func(in *s3sdk.CreateMultipartUploadInput) {
		in.Metadata = map[string]string{"a": "1"}
		in.Tagging = awssdk.String("t=1")
	}, first, last)
	if !strings.HasSuffix(*out.ETag, `-2"`) || out.ChecksumType != s3types.ChecksumTypeFullObject {
		t.Errorf("complete: %s", toJSON(t, out))
	}
	if got := w.get(b, "k"); got != first+last {
		t.Errorf("%d bytes", len(got))
	}
	part, err := w.s3().GetObject(t.Context(), &s3sdk.GetObjectInput{Bucket: &b, Key: awssdk.String("k"), PartNumber: awssdk.Int32(2)})
	if err != nil || readAll(t, part.Body) != last || *part.PartsCount != 2 {
		t.Errorf("part 2: %s, %v", toJSON(t, part), err)
	}
	head, err := w.s3().HeadObject(t.Context(), &s3sdk.HeadObjectInput{Bucket: &b, Key: awssdk.String("k"), PartNumber: awssdk.Int32(2)})
	if err != nil || *head.ContentLength != int64(len(last)) || *head.PartsCount != 2 {
		t.Errorf("head of part 2: %s, %v", toJSON(t, head), err)
	}
	_, err = w.s3().GetObject(t.Context(), &s3sdk.GetObjectInput{Bucket: &b, Key: awssdk.String("k"), PartNumber: awssdk.Int32(3)})
	wantCode(t, "part 3", err, "416 InvalidPartNumber")
	across, err := w.s3().GetObject(t.Context(), &s3sdk.GetObjectInput{Bucket: &b, Key: awssdk.String("k"), Range: awssdk.String("bytes=5242878-5242882")})
	if err != nil || readAll(t, across.Body) != "aathe" {
		t.Errorf("across parts: %v", err)
	}
	attributes, err := w.s3().GetObjectAttributes(t.Context(), &s3sdk.GetObjectAttributesInput{
		Bucket: &b, Key: awssdk.String("k"), ObjectAttributes: []s3types.ObjectAttributes{"ObjectParts", "Checksum"},
	})
	if err != nil || *attributes.ObjectParts.TotalPartsCount != 2 || len(attributes.ObjectParts.Parts) != 2 {
		t.Errorf("attributes: %s, %v", toJSON(t, attributes), err)
	}
	// The checksum of the whole does not depend on the parts.
	whole := w.put(b, "whole", first+last, func(in *s3sdk.PutObjectInput) { in.ChecksumAlgorithm = s3types.ChecksumAlgorithmCrc64nvme })
	if *whole.ChecksumCRC64NVME != *out.ChecksumCRC64NVME {
		t.Errorf("checksum %s, of the whole %s", *out.ChecksumCRC64NVME, *whole.ChecksumCRC64NVME)
	}
	head, err = w.s3().HeadObject(t.Context(), &s3sdk.HeadObjectInput{Bucket: &b, Key: awssdk.String("k")})
	if err != nil || head.Metadata["a"] != "1" || awssdk.ToInt32(head.TagCount) != 1 {
		t.Errorf("head: %s, %v", toJSON(t, head), err)
	}
	list, err := w.s3().ListMultipartUploads(t.Context(), &s3sdk.ListMultipartUploadsInput{Bucket: &b})
	if err != nil || len(list.Uploads) != 0 {
		t.Errorf("uploads afterwards: %s, %v", toJSON(t, list), err)
	}
	if files := w.contentFiles(); len(files) != 3 {
		t.Errorf("%d content files, want 3", len(files))
	}
}

//standin:imitates S3: full-object and composite checksums of multipart uploads | S3 user guide checking-object-integrity
func TestMultipartChecksums(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.bucket("corp-stage")
	first, last := letters("a", 5*megabyte), "the end"
	for _, c := range []struct {
		algorithm s3types.ChecksumAlgorithm
		kind      s3types.ChecksumType
		want      s3types.ChecksumType
	}{
		{"CRC32", "", "COMPOSITE"},
		{"CRC32", "FULL_OBJECT", "FULL_OBJECT"},
		{"CRC32C", "COMPOSITE", "COMPOSITE"},
		{"CRC64NVME", "", "FULL_OBJECT"},
		{"SHA256", "", "COMPOSITE"},
		{"SHA1", "COMPOSITE", "COMPOSITE"},
	} {
		key := string(c.algorithm + "-" + s3types.ChecksumAlgorithm(c.kind))
		out := upload(t, w, b, key, func(in *s3sdk.CreateMultipartUploadInput) {
			in.ChecksumAlgorithm, in.ChecksumType = c.algorithm, c.kind
		}, first, last)
		if out.ChecksumType != c.want {
			t.Errorf("%s: %s, want %s", key, out.ChecksumType, c.want)
		}
		read, err := w.s3().GetObject(t.Context(), &s3sdk.GetObjectInput{Bucket: &b, Key: &key, ChecksumMode: s3types.ChecksumModeEnabled})
		if err != nil || readAll(t, read.Body) != first+last {
			t.Errorf("%s: %v", key, err)
		}
	}
	_, err := w.s3().CreateMultipartUpload(t.Context(), &s3sdk.CreateMultipartUploadInput{
		Bucket: &b, Key: awssdk.String("k"), ChecksumAlgorithm: "SHA256", ChecksumType: "FULL_OBJECT",
	})
	wantCode(t, "a SHA256 of parts in any order", err, "400 InvalidRequest")
	id := begin(t, w, b, "k", func(in *s3sdk.CreateMultipartUploadInput) { in.ChecksumAlgorithm = "SHA256" })
	_, err = w.s3().UploadPart(t.Context(), &s3sdk.UploadPartInput{
		Bucket: &b, Key: awssdk.String("k"), UploadId: id, PartNumber: awssdk.Int32(1), Body: strings.NewReader("x"), ChecksumAlgorithm: "CRC32",
	})
	wantCode(t, "a part with another checksum", err, "400 InvalidRequest")
	part := sendPart(t, w, b, "k", id, 1, "x", "SHA256")
	part.ChecksumSHA256 = nil
	_, err = w.s3().CompleteMultipartUpload(t.Context(), &s3sdk.CompleteMultipartUploadInput{
		Bucket: &b, Key: awssdk.String("k"), UploadId: id, MultipartUpload: &s3types.CompletedMultipartUpload{Parts: []s3types.CompletedPart{part}},
	})
	wantCode(t, "complete without the part's checksum", err, "400 InvalidRequest")
}

//standin:imitates S3: the rules of multipart uploads | S3 user guide qfacts
func TestMultipartMistakes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.bucket("corp-stage")
	key := awssdk.String("k")
	id := begin(t, w, b, "k")
	complete := func(what, want string, parts ...s3types.CompletedPart) {
		t.Helper()
		_, err := w.s3().CompleteMultipartUpload(t.Context(), &s3sdk.CompleteMultipartUploadInput{
			Bucket: &b, Key: key, UploadId: id, MultipartUpload: &s3types.CompletedMultipartUpload{Parts: parts},
		})
		wantCode(t, what, err, want)
	}
	small := sendPart(t, w, b, "k", id, 1, "small", "")
	last := sendPart(t, w, b, "k", id, 7, "last", "")
	sendPart(t, w, b, "k", id, 9, "left out", "")
	complete("no parts", "400 MalformedXML")
	complete("a small part", "400 EntityTooSmall", small, last)
	complete("wrong order", "400 InvalidPartOrder", last, small)
	complete("a part twice", "400 InvalidPartOrder", small, small)
	complete("a part that is not", "400 InvalidPart", s3types.CompletedPart{PartNumber: awssdk.Int32(2), ETag: small.ETag})
	complete("a wrong tag", "400 InvalidPart", s3types.CompletedPart{PartNumber: awssdk.Int32(1), ETag: last.ETag})
	for _, number := range []int32{0, 10_001} {
		_, err := w.s3().UploadPart(t.Context(), &s3sdk.UploadPartInput{Bucket: &b, Key: key, UploadId: id, PartNumber: &number, Body: strings.NewReader("x")})
		wantCode(t, fmt.Sprint("part ", number), err, "400 InvalidArgument")
	}
	_, err := w.s3().UploadPart(t.Context(), &s3sdk.UploadPartInput{Bucket: &b, Key: awssdk.String("other"), UploadId: id, PartNumber: awssdk.Int32(1), Body: strings.NewReader("x")})
	wantCode(t, "another key", err, "404 NoSuchUpload")
	replaced := sendPart(t, w, b, "k", id, 1, letters("b", 5*megabyte), "")
	complete("a part that was replaced", "400 InvalidPart", small, last)
	complete("good parts", "200", replaced, last)
	if got := w.get(b, "k"); got != letters("b", 5*megabyte)+"last" {
		t.Errorf("%d bytes", len(got))
	}
	complete("again", "404 NoSuchUpload", replaced, last)
	upload(t, w, b, "empty", func(*s3sdk.CreateMultipartUploadInput) {}, "")
	if got := w.get(b, "empty"); got != "" {
		t.Errorf("an empty part makes %q", got)
	}

	id = begin(t, w, b, "k")
	part := sendPart(t, w, b, "k", id, 1, "x", "")
	_, err = w.s3().CompleteMultipartUpload(t.Context(), &s3sdk.CompleteMultipartUploadInput{
		Bucket: &b, Key: key, UploadId: id, IfNoneMatch: awssdk.String("*"),
		MultipartUpload: &s3types.CompletedMultipartUpload{Parts: []s3types.CompletedPart{part}},
	})
	wantCode(t, "if none match", err, "412 PreconditionFailed")
	if _, err := w.s3().AbortMultipartUpload(t.Context(), &s3sdk.AbortMultipartUploadInput{Bucket: &b, Key: key, UploadId: id}); err != nil {
		t.Fatal(err)
	}
	_, err = w.s3().AbortMultipartUpload(t.Context(), &s3sdk.AbortMultipartUploadInput{Bucket: &b, Key: key, UploadId: id})
	wantCode(t, "abort again", err, "404 NoSuchUpload")
	if files := w.contentFiles(); len(files) != 3 {
		t.Errorf("%d content files, want 3", len(files))
	}
}

//standin:imitates S3: UploadPartCopy | API model s3
func TestUploadPartCopy(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.bucket("corp-stage")
	arn := w.key()
	content := letters("a", 5*megabyte) + letters("b", 100)
	w.put(b, "from", content, underKey(arn))
	id := begin(t, w, b, "to", underKeyUpload(arn), func(in *s3sdk.CreateMultipartUploadInput) { in.ChecksumAlgorithm = "CRC32" })
	var parts []s3types.CompletedPart
	for i, section := range []string{"bytes=0-5242879", "bytes=5242880-5242979"} {
		number := int32(i + 1)
		out, err := w.s3().UploadPartCopy(t.Context(), &s3sdk.UploadPartCopyInput{
			Bucket: &b, Key: awssdk.String("to"), UploadId: id, PartNumber: &number, CopySource: awssdk.String(b + "/from"), CopySourceRange: &section,
		})
		if err != nil {
			t.Fatal(err)
		}
		parts = append(parts, s3types.CompletedPart{PartNumber: &number, ETag: out.CopyPartResult.ETag, ChecksumCRC32: out.CopyPartResult.ChecksumCRC32})
	}
	for _, section := range []string{"bytes=0-99999999", "bytes=-5", "0-5"} {
		_, err := w.s3().UploadPartCopy(t.Context(), &s3sdk.UploadPartCopyInput{
			Bucket: &b, Key: awssdk.String("to"), UploadId: id, PartNumber: awssdk.Int32(3), CopySource: awssdk.String(b + "/from"), CopySourceRange: &section,
		})
		wantCode(t, section, err, "400 InvalidArgument")
	}
	_, err := w.s3().CompleteMultipartUpload(t.Context(), &s3sdk.CompleteMultipartUploadInput{
		Bucket: &b, Key: awssdk.String("to"), UploadId: id, MultipartUpload: &s3types.CompletedMultipartUpload{Parts: parts},
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := w.get(b, "to"); got != content {
		t.Errorf("%d bytes", len(got))
	}
}

// Uploads that nobody finished are seen, page by page, also while they are being aborted.
//
//standin:imitates S3: ListMultipartUploads and ListParts in pages | API model s3
func TestListUploads(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.bucket("corp-stage")
	var want []string
	for _, key := range []string{"a/1", "a/1", "a/1", "a/2", "b/1", "c"} {
		want = append(want, key+" "+*begin(t, w, b, key))
	}
	var got []string
	pages := s3sdk.NewListMultipartUploadsPaginator(w.s3(), &s3sdk.ListMultipartUploadsInput{Bucket: &b, MaxUploads: awssdk.Int32(2)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, u := range page.Uploads {
			got = append(got, *u.Key+" "+*u.UploadId)
		}
	}
	slices.Sort(want) // uploads of one key within one millisecond have no order of their own
	sorted := slices.Sorted(slices.Values(got))
	if diff := cmp.Diff(want, sorted); diff != "" {
		t.Errorf("uploads (-want +got):\n%s", diff)
	}
	rolled, err := w.s3().ListMultipartUploads(t.Context(), &s3sdk.ListMultipartUploadsInput{Bucket: &b, Delimiter: awssdk.String("/")})
	if err != nil || len(rolled.CommonPrefixes) != 2 || len(rolled.Uploads) != 1 {
		t.Errorf("rolled up: %s, %v", toJSON(t, rolled), err)
	}
	id := begin(t, w, b, "parts")
	for number := range int32(5) {
		sendPart(t, w, b, "parts", id, number*3+1, fmt.Sprint("part ", number), "")
	}
	var numbers []int32
	parts := s3sdk.NewListPartsPaginator(w.s3(), &s3sdk.ListPartsInput{Bucket: &b, Key: awssdk.String("parts"), UploadId: id, MaxParts: awssdk.Int32(2)})
	for parts.HasMorePages() {
		page, err := parts.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range page.Parts {
			numbers = append(numbers, *p.PartNumber)
		}
	}
	if diff := cmp.Diff([]int32{1, 4, 7, 10, 13}, numbers); diff != "" {
		t.Errorf("parts (-want +got):\n%s", diff)
	}
	pages = s3sdk.NewListMultipartUploadsPaginator(w.s3(), &s3sdk.ListMultipartUploadsInput{Bucket: &b, MaxUploads: awssdk.Int32(2)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, u := range page.Uploads {
			if _, err := w.s3().AbortMultipartUpload(t.Context(), &s3sdk.AbortMultipartUploadInput{Bucket: &b, Key: u.Key, UploadId: u.UploadId}); err != nil {
				t.Fatal(err)
			}
		}
	}
	left, err := w.s3().ListMultipartUploads(t.Context(), &s3sdk.ListMultipartUploadsInput{Bucket: &b})
	if err != nil || len(left.Uploads) != 0 {
		t.Errorf("left: %s, %v", toJSON(t, left), err)
	}
	if files := w.contentFiles(); len(files) > 0 {
		t.Errorf("content stays on disk: %v", files)
	}
}

func completeInput(bucket, key string, id *string, parts ...s3types.CompletedPart) *s3sdk.CompleteMultipartUploadInput {
	return &s3sdk.CompleteMultipartUploadInput{
		Bucket: &bucket, Key: &key, UploadId: id, MultipartUpload: &s3types.CompletedMultipartUpload{Parts: parts},
	}
}
