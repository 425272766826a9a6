package s3

import (
	"context"

	"github.com/sealift/sealift/internal/local/aws/awserr"
)

// Writer is an object in the making. Exactly one of Commit and Abort ends it.
type Writer struct{}

// Create begins an object of unknown length. As long as it is small it is written like PutObject; beyond that it is a
// multipart upload, visible to ListMultipartUploads, and so needs kms:Decrypt on its KMS key besides
// kms:GenerateDataKey. Nothing else is visible before Commit.
func (c *Caller) Create(ctx context.Context, in PutInput) (*Writer, error) {
	return nil, awserr.NotImitated("Create")
}

// Write adds to the content. Its error is final.
func (w *Writer) Write(p []byte) (int, error) { return 0, awserr.NotImitated("Write") }

// Commit makes the object visible.
func (w *Writer) Commit(ctx context.Context) (ObjectInfo, error) {
	return ObjectInfo{}, awserr.NotImitated("Commit")
}

// Abort removes what was written.
func (w *Writer) Abort(ctx context.Context) error { return awserr.NotImitated("Abort") }
