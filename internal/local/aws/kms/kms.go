// Package kms is the stand-in's Key Management Service: keys, aliases, data keys, encryption context, grants and key
// policies, with real AES-256-GCM under key material that never leaves the package.
package kms

import (
	"context"

	"github.com/sealift/sealift/internal/local/aws/iam"
)

// DataKey is what GenerateDataKey answers.
type DataKey struct {
	Plaintext  []byte // 32 bytes
	Ciphertext []byte // opaque, names its key
	KeyARN     string
}

// Keys is what other services of the stand-in (S3) use, in the caller's name, so that a caller without the right on the
// key fails as on AWS. via is the service's name in kms:ViaService, "s3.eu-west-1.amazonaws.com".
type Keys interface {
	GenerateDataKey(ctx context.Context, id *iam.Identity, key string, encryptionContext map[string]string, via string) (DataKey, error)
	Decrypt(ctx context.Context, id *iam.Identity, ciphertext []byte, encryptionContext map[string]string, via string) (plaintext []byte, keyARN string, err error)
	// Resolve turns a key id, key ARN, alias or alias ARN, as seen from account in region, into the key's ARN.
	Resolve(account, region, key string) (arn string, err error)
}
