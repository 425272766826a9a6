package stage

import (
	"context"
	"fmt"
	"io"

	"github.com/aws/aws-sdk-go-v2/service/s3"
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
