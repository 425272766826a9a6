// Package keys makes KMS keys, and encrypts small secrets under them, for those who set Sealift up.
//
// It does not know jobs, stages or what is encrypted under a key.
package keys

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"

	"github.com/sealift/sealift/internal/connect"
	"github.com/sealift/sealift/internal/hint"
	"github.com/sealift/sealift/internal/secret"
)

// Key is a KMS key under an alias.
type Key struct {
	Alias   string
	ARN     string
	Created bool // it was not there before
}

const aliasPrefix = "alias/"

// Create makes a KMS key for what Sealift stages: symmetric, rotated each year, under an alias. An alias that is there
// already keeps its key, which must be one that can be used. region "" is that of the environment.
func Create(ctx context.Context, alias, region string) (Key, error) {
	if !strings.HasPrefix(alias, aliasPrefix) {
		alias = aliasPrefix + alias
	}
	cfg, err := connect.Config(ctx, region, connect.Role{})
	if err != nil {
		return Key{}, err
	}
	client := kms.NewFromConfig(cfg)
	key, err := aliased(ctx, client, alias)
	if err != nil || key.ARN != "" {
		return key, err
	}
	made, err := client.CreateKey(ctx, &kms.CreateKeyInput{
		Description: aws.String("What Sealift stages between Redshift warehouses is encrypted under this key"),
	})
	if err != nil {
		return Key{}, hint.With(fmt.Errorf("make a KMS key in %s: %w", cfg.Region, err), "the caller needs kms:CreateKey, kms:CreateAlias and kms:EnableKeyRotation")
	}
	id := made.KeyMetadata.KeyId
	_, err = client.CreateAlias(ctx, &kms.CreateAliasInput{AliasName: &alias, TargetKeyId: id})
	if err != nil {
		// A key without its alias would cost money and be found by nobody.
		_, derr := client.ScheduleKeyDeletion(context.WithoutCancel(ctx), &kms.ScheduleKeyDeletionInput{KeyId: id, PendingWindowInDays: aws.Int32(7)})
		if _, taken := errors.AsType[*types.AlreadyExistsException](err); taken && derr == nil {
			return aliased(ctx, client, alias) // somebody was faster
		}
		return Key{}, errors.Join(fmt.Errorf("name key %s %s: %w", aws.ToString(id), alias, err), derr)
	}
	if _, err := client.EnableKeyRotation(ctx, &kms.EnableKeyRotationInput{KeyId: id}); err != nil {
		return Key{}, hint.With(fmt.Errorf("rotate key %s each year: %w", alias, err), "the key is made and can be used; the caller needs kms:EnableKeyRotation")
	}
	return Key{Alias: alias, ARN: aws.ToString(made.KeyMetadata.Arn), Created: true}, nil
}

// aliased is the key of an alias; its ARN is "" if there is no such alias.
func aliased(ctx context.Context, client *kms.Client, alias string) (Key, error) {
	out, err := client.DescribeKey(ctx, &kms.DescribeKeyInput{KeyId: &alias})
	if _, none := errors.AsType[*types.NotFoundException](err); none {
		return Key{}, nil
	}
	if err != nil {
		return Key{}, hint.With(fmt.Errorf("look up %s: %w", alias, err), "the caller needs kms:DescribeKey")
	}
	m := out.KeyMetadata
	switch {
	case m.KeyState != types.KeyStateEnabled:
		return Key{}, hint.With(fmt.Errorf("%s is there, and its key cannot be used: its state is %s", alias, m.KeyState), "choose another alias, or bring the key back: aws kms enable-key, cancel-key-deletion")
	case m.KeySpec != types.KeySpecSymmetricDefault || m.KeyUsage != types.KeyUsageTypeEncryptDecrypt:
		return Key{}, fmt.Errorf("%s is there, and its key is of kind %s, for %s: S3 takes symmetric keys only", alias, m.KeySpec, m.KeyUsage)
	}
	return Key{Alias: alias, ARN: aws.ToString(m.Arn)}, nil
}

// maxSecret is what KMS encrypts directly (KMS API, Encrypt).
const maxSecret = 4096

// Encrypt encrypts a value under a KMS key, for password_from: kms:... in a job. The answer is what KMS made of it.
func Encrypt(ctx context.Context, value secret.Value, key, region string) ([]byte, error) {
	text := value.Reveal()
	switch {
	case text == "":
		return nil, hint.Usage(errors.New("the value is empty"))
	case len(text) > maxSecret:
		return nil, fmt.Errorf("the value has %d bytes; KMS encrypts up to %d", len(text), maxSecret)
	}
	cfg, err := connect.Config(ctx, region, connect.Role{})
	if err != nil {
		return nil, err
	}
	out, err := kms.NewFromConfig(cfg).Encrypt(ctx, &kms.EncryptInput{KeyId: &key, Plaintext: []byte(text)})
	if _, none := errors.AsType[*types.NotFoundException](err); none {
		return nil, hint.With(fmt.Errorf("there is no KMS key %s in %s", key, cfg.Region), "make one: sealift key create --alias "+key)
	}
	if err != nil {
		return nil, hint.With(fmt.Errorf("encrypt under %s: %w", key, err), "the caller needs kms:Encrypt on it")
	}
	return out.CiphertextBlob, nil
}
