package sealift

import (
	"context"
	"strings"

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

// DecryptSecret opens what EncryptSecret made.
func DecryptSecret(ctx context.Context, sealed []byte, region string) (secret.Value, error) {
	return keys.Decrypt(ctx, sealed, region)
}

// ReadSecret reads the text of a secret in Secrets Manager, by its ARN or, in a region, its name. region "" is that of the
// environment.
func ReadSecret(ctx context.Context, name, region string) (secret.Value, error) {
	if parts := strings.SplitN(name, ":", 5); len(parts) == 5 {
		region = parts[3]
	}
	cfg, err := connect.Config(ctx, region, connect.Role{})
	if err != nil {
		return secret.Value{}, err
	}
	text, err := connect.ReadSecret(ctx, cfg, name)
	return secret.New(strings.TrimSpace(text.Reveal())), err
}
