package sealift

import (
	"context"

	"github.com/sealift/sealift/internal/connect"
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

// ReadSecret reads a secret from where it lives: env:NAME, file:PATH, kms:BASE64 (made by EncryptSecret) or secretsmanager:ARN. region ""
// is that of the environment.
func ReadSecret(ctx context.Context, from, region string) (secret.Value, error) {
	return connect.Secrets{Region: region}.Read(ctx, from)
}
