package stage

import (
	"context"
	"fmt"
	"net/http"
	"net/url"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"golang.org/x/sync/errgroup"

	"github.com/sealift/sealift/internal/effect"
	"github.com/sealift/sealift/internal/hint"
)

// Origin is an object that somebody else wrote.
type Origin struct {
	Bucket, Key string
	Owner       string // account that must own the bucket, "" if nobody said
	ETag        string // of the object that is meant; another of that name is refused
	Size        int64
}

const (
	// copyAtOnce is the most that one CopyObject takes (S3 API, CopyObject: objects of up to 5 GB).
	copyAtOnce = 5 << 30
	// copyPart is what one UploadPartCopy takes: 10,000 of them are more than the longest object.
	copyPart = 1 << 30
	// copies is how many parts of one object are copied at once.
	copies = 8
)

// Copy has S3 copy an object into the stage, under the stage's key, and looks at what came of it. No byte passes through
// this machine. With an error too it answers the part, which may be there.
func (s *Stage) Copy(ctx context.Context, from Origin, key string) (Part, error) {
	source := url.PathEscape(from.Bucket) + "/" + escapeKey(from.Key)
	sse, kmsKey := s.encryption()
	var err error
	if from.Size <= s.copyAtOnce {
		err = effect.Do(ctx, "s3 CopyObject", func(ctx context.Context) error {
			_, err := s.client.CopyObject(ctx, &s3.CopyObjectInput{
				Bucket: &s.bucket, Key: &key, ExpectedBucketOwner: &s.owner, ExpectedSourceBucketOwner: some(from.Owner),
				CopySource: &source, CopySourceIfMatch: &from.ETag,
				ServerSideEncryption: sse, SSEKMSKeyId: kmsKey,
			})
			return err
		})
	} else {
		err = s.copyParts(ctx, from, source, key)
	}
	part := Part{Key: key, Size: from.Size}
	if status(err) == http.StatusPreconditionFailed {
		return part, hint.With(fmt.Errorf("copy s3://%s/%s: the object has changed since it was looked at", from.Bucket, from.Key),
			"nothing of it was published; begin anew when nobody writes to it")
	}
	if err != nil {
		return part, s.explain(fmt.Sprintf("copy s3://%s/%s to %s", from.Bucket, from.Key, s.url(key)),
			"s3:GetObject and kms:Decrypt on the object, s3:PutObject and kms:GenerateDataKey on the stage", err)
	}
	return part, s.checkObject(ctx, entry{key: key, size: from.Size})
}

func some(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}

// escapeKey escapes a key as a header takes it, but for its slashes.
func escapeKey(key string) string { return (&url.URL{Path: key}).EscapedPath() }

func (s *Stage) copyParts(ctx context.Context, from Origin, source, key string) (err error) {
	u := s.Create(key)
	if err := u.begin(ctx); err != nil {
		return err
	}
	defer func() {
		if err != nil {
			if aerr := u.Abort(context.WithoutCancel(ctx)); aerr != nil {
				err = fmt.Errorf("%w; %w", err, aerr)
			}
		}
	}()
	parts := (from.Size + s.copyPart - 1) / s.copyPart
	u.parts = make([]types.CompletedPart, parts)
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(copies)
	for i := range parts {
		g.Go(func() error {
			number, last := int32(i+1), min((i+1)*s.copyPart, from.Size)-1
			return effect.Do(gctx, "s3 UploadPartCopy", func(ctx context.Context) error {
				out, err := s.client.UploadPartCopy(ctx, &s3.UploadPartCopyInput{
					Bucket: &s.bucket, Key: &key, ExpectedBucketOwner: &s.owner, ExpectedSourceBucketOwner: some(from.Owner),
					UploadId: u.id, PartNumber: &number, CopySource: &source, CopySourceIfMatch: &from.ETag,
					CopySourceRange: aws.String(fmt.Sprintf("bytes=%d-%d", i*s.copyPart, last)),
				})
				if err == nil {
					u.parts[i] = types.CompletedPart{ETag: out.CopyPartResult.ETag, PartNumber: &number, ChecksumCRC32: out.CopyPartResult.ChecksumCRC32}
				}
				return err
			})
		})
	}
	if err := g.Wait(); err != nil {
		return err
	}
	return u.complete(ctx)
}
