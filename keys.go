package sealift

import (
	"context"

	"github.com/sealift/sealift/internal/keys"
	"github.com/sealift/sealift/internal/secret"
)

// Key is a KMS key under an alias.
type Key = keys.Key

// CreateKey makes a KMS key for what is staged, or finds the one that the alias has. region "" is that of the environment.
func CreateKey(ctx context.Context, alias, region string) (Key, error) {
	return keys.Create(ctx, alias, region)
}

// EncryptSecret encrypts a value under a KMS key, for password_from: kms:... in a job.
func EncryptSecret(ctx context.Context, value secret.Value, key, region string) ([]byte, error) {
	return keys.Encrypt(ctx, value, key, region)
}

// DecryptSecret opens what EncryptSecret made.
func DecryptSecret(ctx context.Context, sealed []byte, region string) (secret.Value, error) {
	return keys.Decrypt(ctx, sealed, region)
}
