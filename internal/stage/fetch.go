package stage

import (
	"context"
	"fmt"
	"io"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"golang.org/x/sync/errgroup"
)

// Fetch reads the objects that UNLOAD's manifest under prefix names, one after another, and calls do with each: its
// size, and the records in it as UNLOAD counted them.
func (s *Stage) Fetch(ctx context.Context, prefix string, do func(number int, size, rows int64, r io.Reader) error) error {
	m, err := s.readManifest(ctx, prefix)
	if err != nil {
		return err
	}
	for i, e := range m.entries {
		if err := s.fetch(ctx, e, func(r io.Reader) error { return do(i, e.size, e.rows, r) }); err != nil {
			return err
		}
	}
	return nil
}

func (s *Stage) fetch(ctx context.Context, e entry, do func(io.Reader) error) error {
	out, err := s.client.GetObject(ctx, &s3.GetObjectInput{Bucket: &s.bucket, Key: &e.key, ExpectedBucketOwner: &s.owner})
	if err != nil {
		return s.explain("read "+s.url(e.key), "s3:GetObject and kms:Decrypt", err)
	}
	defer out.Body.Close()
	counted := &countedReader{r: out.Body}
	if err := do(counted); err != nil {
		return fmt.Errorf("%s: %w", s.url(e.key), err)
	}
	if counted.n != e.size {
		return fmt.Errorf("%s: %d bytes were read of the %d that UNLOAD wrote", s.url(e.key), counted.n, e.size)
	}
	return nil
}

type countedReader struct {
	r io.Reader
	n int64
}

func (c *countedReader) Read(b []byte) (int, error) {
	n, err := c.r.Read(b)
	c.n += int64(n)
	return n, err
}

// Unloaded is an object that UNLOAD's manifest names, and the records in it.
type Unloaded struct {
	Origin Origin
	Rows   int64
}

// Unloaded reads UNLOAD's manifest under prefix, and which object each entry is now: what is copied must be what was
// checked.
func (s *Stage) Unloaded(ctx context.Context, prefix string) ([]Unloaded, error) {
	m, err := s.readManifest(ctx, prefix)
	if err != nil {
		return nil, err
	}
	out := make([]Unloaded, len(m.entries))
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(heads)
	for i, e := range m.entries {
		g.Go(func() error {
			head, err := s.client.HeadObject(gctx, &s3.HeadObjectInput{Bucket: &s.bucket, Key: &e.key, ExpectedBucketOwner: &s.owner})
			if err != nil {
				return s.explain("look at "+s.url(e.key), "s3:GetObject", err)
			}
			if size := aws.ToInt64(head.ContentLength); size != e.size {
				return fmt.Errorf("%s has %d bytes, UNLOAD wrote %d", s.url(e.key), size, e.size)
			}
			out[i] = Unloaded{Rows: e.rows, Origin: Origin{Bucket: s.bucket, Key: e.key, Owner: s.owner, ETag: aws.ToString(head.ETag), Size: e.size}}
			return nil
		})
	}
	return out, g.Wait()
}

// Any answers the key of some object under prefix, "" if there is none.
func (s *Stage) Any(ctx context.Context, prefix string) (string, error) {
	page, err := s.client.ListObjectsV2(ctx, &s3.ListObjectsV2Input{Bucket: &s.bucket, Prefix: &prefix, MaxKeys: aws.Int32(1), ExpectedBucketOwner: &s.owner})
	if err != nil {
		return "", s.explain("list "+s.url(prefix), "s3:ListBucket", err)
	}
	if len(page.Contents) == 0 {
		return "", nil
	}
	return aws.ToString(page.Contents[0].Key), nil
}
