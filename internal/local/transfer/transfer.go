// Package transfer carries out Redshift's COPY and UNLOAD: PostgreSQL on one side, S3 objects on the other, several
// slices in parallel, in flat memory, as unkind as the real ones.
//
// It knows nothing of HTTP, signatures or policies: it sees S3 through Store, which speaks in the name of one role.
package transfer

import (
	"context"
	"io"
)

// Encryption is what is asked of S3 for a new object. The zero value is SSE-S3.
type Encryption struct {
	KMS       bool   // SSE-KMS
	KMSKeyID  string // key id, ARN or alias; "" with KMS is the bucket's default key (ENCRYPTED AUTO)
	BucketDef bool   // use the bucket's default encryption, whatever it is
}

// ObjectInfo is what S3 tells about an object.
type ObjectInfo struct {
	Key  string
	Size int64
	SSEC bool // encrypted with a customer key: COPY cannot read it
	Meta map[string]string
}

// StoreError is an error of S3, KMS or STS as the service answered it, for the text Redshift shows.
type StoreError struct {
	Code      string // AccessDenied, NoSuchKey, PermanentRedirect ...
	Status    int
	Message   string
	RequestID string
}

func (e *StoreError) Error() string { return e.Code + ": " + e.Message }

// Store is S3 in the name of the role (or key) of one statement. Errors of the service are *StoreError.
type Store interface {
	// List calls each for every object whose key starts with prefix, in key order.
	List(ctx context.Context, bucket, prefix string, each func(ObjectInfo) error) error
	Open(ctx context.Context, bucket, key string) (io.ReadCloser, ObjectInfo, error)
	// OpenRange reads length bytes from offset (Parquet footers and column chunks).
	OpenRange(ctx context.Context, bucket, key string, offset, length int64) (io.ReadCloser, error)
	// Create writes an object, as a multipart upload when it grows. Nothing is visible before Commit.
	Create(ctx context.Context, bucket, key string, enc Encryption, meta map[string]string) (ObjectWriter, error)
	Delete(ctx context.Context, bucket, key string) error
	// Region is where the bucket is.
	Region(ctx context.Context, bucket string) (string, error)
}

// ObjectWriter is an object in the making. Exactly one of Commit and Abort ends it; a Commit that fails has aborted.
type ObjectWriter interface {
	io.Writer
	Commit(ctx context.Context) error
	Abort(ctx context.Context) error
}

// Access opens S3 for what a statement's authorization clause names.
type Access interface {
	// AssumeRoles acts as the last of chain; the first must be attached to the warehouse. An empty chain is IAM_ROLE default.
	AssumeRoles(ctx context.Context, dbUser string, chain []string) (Store, error)
	// Keys acts with access keys from the statement.
	Keys(ctx context.Context, accessKeyID, secretAccessKey, sessionToken string) (Store, error)
}
