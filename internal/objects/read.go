package objects

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// Open reads the object from its beginning. Every read is refused with ErrChanged once the object is another.
func (o Object) Open(ctx context.Context) (io.ReadCloser, error) {
	s := &stream{ctx: ctx, object: o}
	if err := s.open(); err != nil {
		return nil, err
	}
	return s, nil
}

// At reads anywhere in the object, and as it was found, as Open does. It may be used by several goroutines.
func (o Object) At(ctx context.Context) *Reader {
	return &Reader{ctx: ctx, object: o}
}

// get asks for the bytes from offset on, up to and without end.
func (o Object) get(ctx context.Context, offset, end int64) (io.ReadCloser, error) {
	in := &s3.GetObjectInput{Bucket: &o.Bucket, Key: &o.Key, ExpectedBucketOwner: owner(o.Owner), IfMatch: &o.ETag}
	if offset > 0 || end < o.Size {
		in.Range = new(fmt.Sprintf("bytes=%d-%d", offset, end-1))
	}
	out, err := o.client.GetObject(ctx, in)
	if err != nil {
		return nil, explain("", "s3:GetObject", err) // whoever reads says what
	}
	return out.Body, nil
}

// reopened is how often one stream is asked for again. The SDK repeats requests, but not what breaks in the middle of an
// answer, and an hour of reading should not be lost to that.
const reopened = 10

// stream reads an object from its beginning, and goes on where a connection broke.
type stream struct {
	ctx    context.Context //nolint:containedctx // a reader has no other way to be told
	object Object
	body   io.ReadCloser
	offset int64
	breaks int
}

func (s *stream) open() error {
	body, err := s.object.get(s.ctx, s.offset, s.object.Size)
	if err == nil {
		s.body = body
	}
	return err
}

func (s *stream) Read(b []byte) (int, error) {
	for {
		n, err := s.body.Read(b)
		s.offset += int64(n)
		switch {
		case n > 0:
			return n, nil
		case err == nil:
			continue
		case s.offset >= s.object.Size && errors.Is(err, io.EOF):
			return 0, io.EOF
		case s.ctx.Err() != nil:
			return 0, context.Cause(s.ctx)
		case s.breaks == reopened:
			return 0, fmt.Errorf("the answer broke off %d times, at last behind %d of %d bytes: %w", s.breaks+1, s.offset, s.object.Size, err)
		}
		s.breaks++
		_ = s.body.Close() // it broke off; that it cannot be closed well is no news
		if err := s.open(); err != nil {
			return 0, err
		}
	}
}

func (s *stream) Close() error { return s.body.Close() }

// windowSize is what one request for a place in an object brings: archives are read piece by piece, mostly forward.
const windowSize = 4 << 20

// Reader reads anywhere in an object, through a window.
type Reader struct {
	ctx    context.Context //nolint:containedctx // a reader has no other way to be told
	object Object

	mu    sync.Mutex // guards what follows
	begin int64
	bytes []byte
}

// ReadAt implements io.ReaderAt.
func (w *Reader) ReadAt(b []byte, offset int64) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	n := 0
	for n < len(b) {
		at := offset + int64(n)
		if at >= w.object.Size {
			return n, io.EOF
		}
		if at < w.begin || at >= w.begin+int64(len(w.bytes)) {
			if err := w.fetch(at); err != nil {
				return n, err
			}
		}
		n += copy(b[n:], w.bytes[at-w.begin:])
	}
	return n, nil
}

func (w *Reader) fetch(at int64) error {
	body, err := w.object.get(w.ctx, at, min(at+windowSize, w.object.Size))
	if err != nil {
		return err
	}
	w.begin = at
	w.bytes, err = io.ReadAll(io.LimitReader(body, windowSize))
	if err := errors.Join(err, body.Close()); err != nil {
		w.bytes = nil
		return fmt.Errorf("at byte %d: %w", at, err)
	}
	if len(w.bytes) == 0 {
		return fmt.Errorf("at byte %d: nothing came", at)
	}
	return nil
}

// Close implements io.Closer. There is nothing to be closed between requests.
func (w *Reader) Close() error { return nil }

// KMSKey asks which KMS key the object is encrypted under, by its ARN; "" if by none.
func (o Object) KMSKey(ctx context.Context) (string, error) {
	out, err := o.client.HeadObject(ctx, &s3.HeadObjectInput{Bucket: &o.Bucket, Key: &o.Key, ExpectedBucketOwner: owner(o.Owner), IfMatch: &o.ETag})
	if err != nil {
		return "", explain("look at "+o.URL(), "s3:GetObject", err)
	}
	if out.ServerSideEncryption != types.ServerSideEncryptionAwsKms {
		return "", nil
	}
	return aws.ToString(out.SSEKMSKeyId), nil
}

// Meta asks for the object's user metadata.
func (o Object) Meta(ctx context.Context) (map[string]string, error) {
	out, err := o.client.HeadObject(ctx, &s3.HeadObjectInput{Bucket: &o.Bucket, Key: &o.Key, ExpectedBucketOwner: owner(o.Owner), IfMatch: &o.ETag})
	if err != nil {
		return nil, explain("look at "+o.URL(), "s3:GetObject", err)
	}
	return out.Metadata, nil
}
