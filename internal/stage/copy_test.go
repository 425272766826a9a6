package stage

import (
	"bytes"
	"crypto/sha256"
	"crypto/x509"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/sealift/sealift/internal/effect"
	"github.com/sealift/sealift/internal/local"
)

// An object that is too long for one CopyObject is copied in parts, whole and under the key; and one that is not the same any more leaves
// no upload behind. The limits are smaller here: S3 wants 5 MB for every part but the last.
func TestALongObjectIsCopiedInParts(t *testing.T) {
	t.Parallel()
	cfg, client, keyARN := onStandIn(t, "theirs", "ours")
	const part = 5 << 20
	text := make([]byte, 2*part+12345)
	r := rand.NewChaCha8([32]byte{7})
	if _, err := r.Read(text); err != nil {
		t.Fatal(err)
	}
	long := "a b/long+äö"
	put, err := client.PutObject(t.Context(), &s3.PutObjectInput{Bucket: aws.String("theirs"), Key: &long, Body: bytes.NewReader(text)})
	if err != nil {
		t.Fatal(err)
	}
	s := New(cfg, "ours", "111111111111", keyARN)
	s.client, s.copyAtOnce, s.copyPart = client, part, part
	var copied atomic.Int64
	ctx := effect.With(t.Context(), "step", func(point string, when effect.Phase) {
		if strings.Contains(point, "UploadPartCopy") && when == effect.Before {
			copied.Add(1)
		}
	})
	from := Origin{Bucket: "theirs", Key: long, Owner: "111111111111", ETag: *put.ETag, Size: int64(len(text))}
	made, err := s.Copy(ctx, from, "stage/long")
	if err != nil {
		t.Fatal(err)
	}
	if made.Key != "stage/long" || made.Size != from.Size || copied.Load() != 3 {
		t.Errorf("%+v, of %d parts", made, copied.Load())
	}
	got, err := client.GetObject(t.Context(), &s3.GetObjectInput{Bucket: aws.String("ours"), Key: &made.Key})
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.New()
	if _, err := io.Copy(sum, got.Body); err != nil {
		t.Fatal(err)
	}
	want := sha256.Sum256(text)
	if !bytes.Equal(sum.Sum(nil), want[:]) || aws.ToString(got.SSEKMSKeyId) != keyARN {
		t.Errorf("what was copied is not the object, or not under the key: %s", aws.ToString(got.SSEKMSKeyId))
	}

	from.ETag = `"of another"`
	if _, err := s.Copy(ctx, from, "stage/other"); err == nil || !strings.Contains(err.Error(), "the object has changed since it was looked at") {
		t.Errorf("an object that changed: %v", err)
	}
	uploads, err := client.ListMultipartUploads(t.Context(), &s3.ListMultipartUploadsInput{Bucket: aws.String("ours")})
	if err != nil {
		t.Fatal(err)
	}
	if len(uploads.Uploads) != 0 {
		t.Errorf("%d uploads are left", len(uploads.Uploads))
	}
}

// onStandIn gives a client of the stand-in, with buckets of these names and a key.
func onStandIn(t *testing.T, buckets ...string) (cfg aws.Config, client *s3.Client, keyARN string) {
	t.Helper()
	standin := local.Start(t)
	ca, err := os.ReadFile(standin.Var("AWS_CA_BUNDLE"))
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(ca)
	cfg = aws.Config{
		HTTPClient: awshttp.NewBuildableClient().WithTransportOptions(func(tr *http.Transport) { tr.TLSClientConfig.RootCAs = roots }),
		Region:     "eu-west-1", BaseEndpoint: aws.String(standin.Var("AWS_ENDPOINT_URL")),
		Credentials: credentials.NewStaticCredentialsProvider(standin.Var("AWS_ACCESS_KEY_ID"), standin.Var("AWS_SECRET_ACCESS_KEY"), ""),
	}
	client = s3.NewFromConfig(cfg, func(o *s3.Options) { o.UsePathStyle = true })
	key, err := kms.NewFromConfig(cfg).CreateKey(t.Context(), &kms.CreateKeyInput{})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range buckets {
		if _, err := client.CreateBucket(t.Context(), &s3.CreateBucketInput{
			Bucket: &name, CreateBucketConfiguration: &types.CreateBucketConfiguration{LocationConstraint: types.BucketLocationConstraintEuWest1},
		}); err != nil {
			t.Fatal(err)
		}
	}
	return cfg, client, *key.KeyMetadata.Arn
}
