package stage

import (
	"bytes"
	"context"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/sealift/sealift/internal/effect"
)

// uploadPart is what one request of a multipart upload carries: S3 takes no less than 5 MiB and no more than 10,000 of
// them.
const uploadPart = 8 << 20

// fewBytes is what an object may have before room for a whole part is made.
const fewBytes = 1 << 20

// Upload is an object that is written piece by piece, under the stage's key. It holds one part in memory.
type Upload struct {
	// Meta is the object's user metadata. Optional; set before the first Flush.
	Meta map[string]string

	s      *Stage
	key    string
	id     *string // of the multipart upload, nil while there is none
	parts  []types.CompletedPart
	buffer []byte
	size   int64
}

// Create begins an object. Nothing is sent before there is enough of it.
func (s *Stage) Create(key string) *Upload { return &Upload{s: s, key: key} }

// Write takes bytes, without sending them.
func (u *Upload) Write(b []byte) (int, error) {
	if need := len(u.buffer) + len(b); need > cap(u.buffer) && need > fewBytes {
		u.buffer = slices.Grow(u.buffer, uploadPart+fewBytes-len(u.buffer)) // once, not by doubling: it is copied each time
	}
	u.buffer = append(u.buffer, b...)
	u.size += int64(len(b))
	return len(b), nil
}

// Flush sends what has been written when it is enough for a part.
func (u *Upload) Flush(ctx context.Context) error {
	if len(u.buffer) < uploadPart {
		return nil
	}
	return u.send(ctx)
}

// begin begins a multipart upload.
func (u *Upload) begin(ctx context.Context) error {
	sse, kmsKey := u.s.encryption()
	err := effect.Do(ctx, "s3 CreateMultipartUpload", func(ctx context.Context) error {
		out, err := u.s.client.CreateMultipartUpload(ctx, &s3.CreateMultipartUploadInput{
			Bucket: &u.s.bucket, Key: &u.key, ExpectedBucketOwner: &u.s.owner,
			ServerSideEncryption: sse, SSEKMSKeyId: kmsKey, Metadata: u.Meta,
		})
		if err == nil {
			u.id = out.UploadId
		}
		return err
	})
	if err != nil {
		return u.s.explain("begin "+u.s.url(u.key), "s3:PutObject, kms:GenerateDataKey and kms:Decrypt", err)
	}
	return nil
}

// send sends the buffer as the next part.
func (u *Upload) send(ctx context.Context) error {
	if u.id == nil {
		if err := u.begin(ctx); err != nil {
			return err
		}
	}
	number := int32(len(u.parts) + 1)
	err := effect.Do(ctx, "s3 UploadPart", func(ctx context.Context) error {
		out, err := u.s.client.UploadPart(ctx, &s3.UploadPartInput{
			Bucket: &u.s.bucket, Key: &u.key, ExpectedBucketOwner: &u.s.owner, UploadId: u.id, PartNumber: &number,
			Body: bytes.NewReader(u.buffer),
		})
		if err == nil {
			u.parts = append(u.parts, types.CompletedPart{ETag: out.ETag, PartNumber: &number, ChecksumCRC32: out.ChecksumCRC32})
		}
		return err
	})
	if err != nil {
		return u.s.explain(fmt.Sprintf("write part %d of %s", number, u.s.url(u.key)), "s3:PutObject and kms:Decrypt", err)
	}
	u.buffer = u.buffer[:0]
	return nil
}

// Close completes the object, looks at what S3 has of it, and answers its size. An object that was there before is not
// overwritten.
func (u *Upload) Close(ctx context.Context) (int64, error) {
	if u.id == nil {
		sse, kmsKey := u.s.encryption()
		err := effect.Do(ctx, "s3 PutObject", func(ctx context.Context) error {
			_, err := u.s.client.PutObject(ctx, &s3.PutObjectInput{
				Bucket: &u.s.bucket, Key: &u.key, ExpectedBucketOwner: &u.s.owner, Body: bytes.NewReader(u.buffer), IfNoneMatch: aws.String("*"),
				ServerSideEncryption: sse, SSEKMSKeyId: kmsKey, Metadata: u.Meta,
			})
			return err
		})
		if err != nil {
			return 0, u.s.explain("write "+u.s.url(u.key), "s3:PutObject and kms:GenerateDataKey", err)
		}
	} else if err := u.complete(ctx); err != nil {
		return 0, err
	}
	return u.size, u.s.checkObject(ctx, entry{key: u.key, size: u.size})
}

func (u *Upload) complete(ctx context.Context) error {
	if len(u.buffer) > 0 {
		if err := u.send(ctx); err != nil {
			return err
		}
	}
	err := effect.Do(ctx, "s3 CompleteMultipartUpload", func(ctx context.Context) error {
		_, err := u.s.client.CompleteMultipartUpload(ctx, &s3.CompleteMultipartUploadInput{
			Bucket: &u.s.bucket, Key: &u.key, ExpectedBucketOwner: &u.s.owner, UploadId: u.id, IfNoneMatch: aws.String("*"),
			MultipartUpload: &types.CompletedMultipartUpload{Parts: u.parts},
		})
		return err
	})
	if err != nil {
		return u.s.explain("complete "+u.s.url(u.key), "s3:PutObject and kms:Decrypt", err)
	}
	u.id = nil
	return nil
}

// Abort leaves nothing of an object that was not completed.
func (u *Upload) Abort(ctx context.Context) error {
	if u.id == nil {
		return nil
	}
	err := effect.Do(ctx, "s3 AbortMultipartUpload", func(ctx context.Context) error {
		_, err := u.s.client.AbortMultipartUpload(ctx, &s3.AbortMultipartUploadInput{
			Bucket: &u.s.bucket, Key: &u.key, ExpectedBucketOwner: &u.s.owner, UploadId: u.id,
		})
		return err
	})
	if err != nil {
		return u.s.explain("abort the upload of "+u.s.url(u.key), "s3:AbortMultipartUpload", err)
	}
	u.id = nil
	return nil
}
