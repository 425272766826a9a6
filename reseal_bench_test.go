package sealift_test

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"encoding/base64"
	"fmt"
	"io"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"golang.org/x/sync/errgroup"

	"github.com/sealift/sealift"
	"github.com/sealift/sealift/internal/secret"
)

// Issue: reseal at 0.8 or more of the slower of AES-CBC decryption on one core and the endpoint's throughput, in one run.
func BenchmarkReseal(b *testing.B) {
	const files, size = 8, 64 << 20
	s := newSite(b, "breseal")
	for k, v := range s.env() {
		b.Setenv(k, v)
	}
	inbox := s.bucket + "-in"
	if _, err := s.s3.CreateBucket(b.Context(), &s3.CreateBucketInput{Bucket: &inbox, CreateBucketConfiguration: &s3types.CreateBucketConfiguration{LocationConstraint: region}}); err != nil {
		b.Fatal(err)
	}
	master, content, iv := bytes.Repeat([]byte{1}, 32), bytes.Repeat([]byte{2}, 32), make([]byte, 16)
	wrap, err := aes.NewCipher(master)
	if err != nil {
		b.Fatal(err)
	}
	wrapped := append(bytes.Clone(content), bytes.Repeat([]byte{16}, 16)...)
	for rest := wrapped; len(rest) > 0; rest = rest[16:] {
		wrap.Encrypt(rest, rest)
	}
	block, err := aes.NewCipher(content)
	if err != nil {
		b.Fatal(err)
	}
	text := make([]byte, size)
	r := rand.New(rand.NewPCG(1, 2))
	for i := range text {
		text[i] = byte(r.Uint32())
	}
	sealed := append(bytes.Clone(text), bytes.Repeat([]byte{16}, 16)...)
	cipher.NewCBCEncrypter(block, iv).CryptBlocks(sealed, sealed)
	meta := map[string]string{"x-amz-key": base64.StdEncoding.EncodeToString(wrapped), "x-amz-iv": base64.StdEncoding.EncodeToString(iv), "x-amz-matdesc": "{}"}
	each := func(do func(i int) error) {
		b.Helper()
		var g errgroup.Group
		for i := range files {
			g.Go(func() error { return do(i) })
		}
		if err := g.Wait(); err != nil {
			b.Fatal(err)
		}
	}
	each(func(i int) error {
		_, err := s.s3.PutObject(b.Context(), &s3.PutObjectInput{Bucket: &inbox, Key: aws.String(fmt.Sprintf("x_%d", i)), Body: bytes.NewReader(sealed), Metadata: meta})
		return err
	})
	const mb = files * size / 1e6
	n := 0
	for b.Loop() {
		n++
		begin := time.Now()
		each(func(i int) error { // what reseal asks of the endpoint, and nothing else
			got, err := s.s3.GetObject(b.Context(), &s3.GetObjectInput{Bucket: &inbox, Key: aws.String(fmt.Sprintf("x_%d", i))})
			if err != nil {
				return err
			}
			if _, err := io.Copy(io.Discard, got.Body); err != nil {
				return err
			}
			_, err = s.s3.PutObject(b.Context(), &s3.PutObjectInput{
				Bucket: &s.bucket, Key: aws.String(fmt.Sprintf("alone%d/%d", n, i)), Body: bytes.NewReader(text),
				ServerSideEncryption: s3types.ServerSideEncryptionAwsKms, SSEKMSKeyId: &s.keyARN,
			})
			return err
		})
		endpoint := mb / time.Since(begin).Seconds()
		begin = time.Now()
		out := make([]byte, 256<<10)
		for rest := sealed; len(rest) > 0; rest = rest[min(len(out), len(rest)):] {
			cipher.NewCBCDecrypter(block, iv).CryptBlocks(out, rest[:min(len(out), len(rest))])
		}
		decrypt := size / 1e6 / time.Since(begin).Seconds()
		begin = time.Now()
		q := sealift.ResealRequest{
			From: "s3://" + inbox + "/x_", To: fmt.Sprintf("s3://%s/new%d", s.bucket, n), KMSKey: s.alias, Region: region,
			Key: secret.New(base64.StdEncoding.EncodeToString(master)),
		}
		if _, err := sealift.Reseal(b.Context(), q, sealift.Options{}); err != nil {
			b.Fatal(err)
		}
		ours := mb / time.Since(begin).Seconds()
		b.ReportMetric(ours, "reseal-MB/s")
		b.ReportMetric(endpoint, "endpoint-MB/s")
		b.ReportMetric(decrypt, "decrypt-MB/s")
		b.ReportMetric(ours/min(endpoint, decrypt), "of-the-slower")
	}
}
