package connect

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	awskms "github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"github.com/sealift/sealift/internal/hint"
	"github.com/sealift/sealift/internal/secret"
)

// Secrets reads secrets from where they live.
type Secrets struct {
	// Getenv reads the environment. Default os.LookupEnv.
	Getenv func(string) (string, bool)
	// Region is where KMS and Secrets Manager are asked, but for a secret that is named by an ARN. "" is that of the environment.
	Region string
	// AWS has the credentials to ask with. Without any, those of the environment are taken.
	AWS aws.Config
}

// Read reads the secret that a reference names: env:NAME, file:PATH, kms:BASE64 (what KMS made of it) or secretsmanager:ARN. What ends a
// file's last line is not part of it.
func (s Secrets) Read(ctx context.Context, from string) (secret.Value, error) {
	kind, what, _ := strings.Cut(from, ":")
	switch kind {
	case "env":
		getenv := s.Getenv
		if getenv == nil {
			getenv = os.LookupEnv
		}
		v, ok := getenv(what)
		if !ok || v == "" {
			return secret.Value{}, hint.With(fmt.Errorf("the environment has no %s", what), "set it, or name another place")
		}
		return secret.New(v), nil
	case "file":
		text, err := os.ReadFile(what)
		return secret.New(strings.TrimRight(string(text), "\r\n")), err // which names the file
	case "kms":
		sealed, err := base64.StdEncoding.DecodeString(what)
		if err != nil {
			return secret.Value{}, errors.New("what follows kms: is not base64")
		}
		return s.decrypt(ctx, sealed)
	case "secretsmanager":
		return s.managed(ctx, what)
	default:
		return secret.Value{}, hint.With(errors.New("it is not said where it lives"), "use env:NAME, file:/path, kms:BASE64 or secretsmanager:ARN") // without what was written, which may be the secret
	}
}

// decrypt opens what somebody encrypted under a symmetric key, without an encryption context.
func (s Secrets) decrypt(ctx context.Context, sealed []byte) (secret.Value, error) {
	cfg, err := s.config(ctx, s.Region)
	if err != nil {
		return secret.Value{}, err
	}
	out, err := awskms.NewFromConfig(cfg).Decrypt(ctx, &awskms.DecryptInput{CiphertextBlob: sealed})
	if err != nil {
		return secret.Value{}, hint.With(fmt.Errorf("decrypt it: %w", err), "the caller needs kms:Decrypt on the key it was encrypted under")
	}
	return secret.New(string(out.Plaintext)), nil
}

// managed reads the text of a secret in Secrets Manager, by its ARN or name.
func (s Secrets) managed(ctx context.Context, name string) (secret.Value, error) {
	region := s.Region
	if parts := strings.SplitN(name, ":", 5); len(parts) == 5 {
		region = parts[3]
	}
	cfg, err := s.config(ctx, region)
	if err != nil {
		return secret.Value{}, err
	}
	out, err := secretsmanager.NewFromConfig(cfg).GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: &name})
	if err != nil {
		return secret.Value{}, hint.With(fmt.Errorf("read secret %s: %w", name, err),
			"the caller needs secretsmanager:GetSecretValue on it, and kms:Decrypt on its key")
	}
	if out.SecretString == nil {
		return secret.Value{}, fmt.Errorf("secret %s is binary, not text", name)
	}
	return secret.New(*out.SecretString), nil
}

func (s Secrets) config(ctx context.Context, region string) (aws.Config, error) {
	if s.AWS.Credentials == nil {
		return Config(ctx, region, Role{})
	}
	cfg := s.AWS
	if region != "" {
		cfg.Region = region
	}
	return cfg, nil
}
