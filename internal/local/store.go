package local

import (
	"context"
	"errors"
	"io"
	"net/http"

	"github.com/sealift/sealift/internal/local/aws/awserr"
	"github.com/sealift/sealift/internal/local/aws/iam"
	"github.com/sealift/sealift/internal/local/aws/s3"
	"github.com/sealift/sealift/internal/local/transfer"
)

// store is S3 in the name of one statement.
type store struct {
	caller *s3.Caller
}

// List calls each for every object under a prefix.
func (s *store) List(ctx context.Context, bucket, prefix string, each func(transfer.ObjectInfo) error) error {
	in := s3.ListInput{Bucket: bucket, Prefix: prefix}
	for {
		page, err := s.caller.List(ctx, in)
		if err != nil {
			return storeError(err)
		}
		for _, o := range page.Objects {
			if err := each(objectInfo(o)); err != nil {
				return err
			}
		}
		if !page.Truncated {
			return nil
		}
		in.StartAfter = page.Next
	}
}

// Open reads a whole object.
func (s *store) Open(ctx context.Context, bucket, key string) (io.ReadCloser, transfer.ObjectInfo, error) {
	o, err := s.caller.GetObject(ctx, s3.GetInput{Bucket: bucket, Key: key})
	if err != nil {
		return nil, transfer.ObjectInfo{}, storeError(err)
	}
	return &storeReader{o.Body}, objectInfo(o.ObjectInfo), nil
}

// OpenRange reads a part of an object.
func (s *store) OpenRange(ctx context.Context, bucket, key string, offset, length int64) (io.ReadCloser, error) {
	o, err := s.caller.GetObject(ctx, s3.GetInput{Bucket: bucket, Key: key, Range: &s3.Range{Offset: offset, Length: length}})
	if err != nil {
		return nil, storeError(err)
	}
	return &storeReader{o.Body}, nil
}

// Create begins an object.
func (s *store) Create(ctx context.Context, bucket, key string, enc transfer.Encryption, meta map[string]string) (transfer.ObjectWriter, error) {
	w, err := s.caller.Create(ctx, s3.PutInput{Bucket: bucket, Key: key, Encryption: encryption(enc), Meta: meta, Length: -1})
	if err != nil {
		return nil, storeError(err)
	}
	return &storeWriter{w}, nil
}

// encryption is what a statement's options mean for S3. UNLOAD without ENCRYPTED asks for SSE-S3, whatever the bucket's
// default is; ENCRYPTED AUTO leaves it to the bucket (Database Developer Guide, UNLOAD, Parameters).
func encryption(enc transfer.Encryption) s3.Encryption {
	switch {
	case enc.KMS && enc.KMSKeyID != "":
		return s3.Encryption{Algorithm: "aws:kms", KMSKey: enc.KMSKeyID}
	case enc.KMS, enc.BucketDef:
		return s3.Encryption{}
	default:
		return s3.Encryption{Algorithm: "AES256"}
	}
}

// Delete removes an object.
func (s *store) Delete(ctx context.Context, bucket, key string) error {
	_, err := s.caller.DeleteObject(ctx, s3.DeleteInput{Bucket: bucket, Key: key})
	return storeError(err)
}

// Region is where a bucket is.
func (s *store) Region(ctx context.Context, bucket string) (string, error) {
	region, err := s.caller.BucketRegion(ctx, bucket)
	return region, storeError(err)
}

func objectInfo(o s3.ObjectInfo) transfer.ObjectInfo {
	return transfer.ObjectInfo{Key: o.Key, Size: o.Size, SSEC: o.SSEC(), Meta: o.Meta}
}

// storeReader words the errors of reading.
type storeReader struct{ io.ReadCloser }

func (r *storeReader) Read(p []byte) (int, error) {
	n, err := r.ReadCloser.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		err = storeError(err)
	}
	return n, err
}

// storeWriter words the errors of writing.
type storeWriter struct{ w *s3.Writer }

func (w *storeWriter) Write(p []byte) (int, error) {
	n, err := w.w.Write(p)
	return n, storeError(err)
}

func (w *storeWriter) Commit(ctx context.Context) error {
	_, err := w.w.Commit(ctx)
	return storeError(err)
}

func (w *storeWriter) Abort(ctx context.Context) error { return storeError(w.w.Abort(ctx)) }

// keyError says what S3 says of access keys.
func keyError(err error) error {
	switch {
	case errors.Is(err, iam.ErrUnknownKey):
		return storeError(awserr.New(http.StatusForbidden, "InvalidAccessKeyId", "The AWS Access Key Id you provided does not exist in our records."))
	case errors.Is(err, iam.ErrSecret):
		return storeError(awserr.New(http.StatusForbidden, "SignatureDoesNotMatch", "The request signature we calculated does not match the signature you provided. Check your key and signing method."))
	case errors.Is(err, iam.ErrToken):
		return storeError(awserr.New(http.StatusBadRequest, "InvalidToken", "The provided token is malformed or otherwise invalid."))
	case errors.Is(err, iam.ErrExpired):
		return storeError(awserr.New(http.StatusBadRequest, "ExpiredToken", "The provided token has expired."))
	default:
		return storeError(err)
	}
}
