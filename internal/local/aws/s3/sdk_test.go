package s3_test

import (
	"bytes"
	"strings"
	"testing"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	s3sdk "github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
)

func TestSmoke(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.bucket("corp-stage")
	key := w.key()
	out := w.put(b, "a/b.txt", "hello", underKey(key))
	t.Log(toJSON(t, out))
	if got := w.get(b, "a/b.txt"); got != "hello" {
		t.Errorf("got %q", got)
	}
	head, err := w.s3().HeadObject(t.Context(), &s3sdk.HeadObjectInput{Bucket: &b, Key: awssdk.String("a/b.txt"), ChecksumMode: s3types.ChecksumModeEnabled})
	t.Log(toJSON(t, head), err)
	list, err := w.s3().ListObjectsV2(t.Context(), &s3sdk.ListObjectsV2Input{Bucket: &b})
	t.Log(toJSON(t, list), err)
	_, err = w.s3().GetObject(t.Context(), &s3sdk.GetObjectInput{Bucket: &b, Key: awssdk.String("nope")})
	t.Log(err)

	big := bytes.Repeat([]byte(strings.Repeat("x", 1023)+"\n"), 6<<10)
	up, err := w.s3().CreateMultipartUpload(t.Context(), &s3sdk.CreateMultipartUploadInput{Bucket: &b, Key: awssdk.String("big"), ServerSideEncryption: "aws:kms", SSEKMSKeyId: &key})
	if err != nil {
		t.Fatal(err)
	}
	var parts []s3types.CompletedPart
	for i := range int32(2) {
		p, err := w.s3().UploadPart(t.Context(), &s3sdk.UploadPartInput{Bucket: &b, Key: awssdk.String("big"), UploadId: up.UploadId, PartNumber: awssdk.Int32(i + 1), Body: bytes.NewReader(big)})
		if err != nil {
			t.Fatal(err)
		}
		parts = append(parts, s3types.CompletedPart{ETag: p.ETag, PartNumber: awssdk.Int32(i + 1), ChecksumCRC32: p.ChecksumCRC32})
	}
	done, err := w.s3().CompleteMultipartUpload(t.Context(), &s3sdk.CompleteMultipartUploadInput{Bucket: &b, Key: awssdk.String("big"), UploadId: up.UploadId, MultipartUpload: &s3types.CompletedMultipartUpload{Parts: parts}})
	if err != nil {
		t.Fatal(err)
	}
	t.Log(toJSON(t, done))
	if w.get(b, "big") != string(big)+string(big) {
		t.Error("big differs")
	}
}
