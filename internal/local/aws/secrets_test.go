package aws_test

import (
	"testing"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"github.com/sealift/sealift/internal/local/aws"
)

func (w *world) secrets(c client) *secretsmanager.Client {
	return secretsmanager.NewFromConfig(awssdk.Config{
		Region: region, BaseEndpoint: awssdk.String(w.url), HTTPClient: w.http, Credentials: credentials.StaticCredentialsProvider{Value: c.creds}, RetryMaxAttempts: 1,
	})
}

// A secret has versions: the current one, and the one before until it is rotated again. Reading it needs the right on the
// secret, and on the key that it is under. It is there after a restart.
//
//standin:imitates Secrets Manager: secrets with versions and stages, by name, ARN and partial ARN | API model secretsmanager
//standin:imitates Secrets Manager: reading needs the secret and its KMS key | Secrets Manager User Guide security-encryption
//standin:imitates Secrets Manager: deletion with a recovery window | API model secretsmanager DeleteSecret
//standin:differs Secrets Manager: a secret without a key of its own | is kept without one, in place of the AWS managed key | Secrets Manager User Guide security-encryption
//standin:refuses Secrets Manager: rotation by Lambda, resource policies, replicas, generated passwords | API model secretsmanager
func TestSecrets(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	w := newWorld(t, func(o *aws.Options) { o.Dir = dir })
	ctx, s := t.Context(), w.secrets(w.admin)
	k := w.newKey(w.admin)
	made, err := s.CreateSecret(ctx, &secretsmanager.CreateSecretInput{Name: awssdk.String("dw/admin"), SecretString: awssdk.String("one"), KmsKeyId: awssdk.String(k)})
	if err != nil {
		t.Fatal(err)
	}
	_, err = s.CreateSecret(ctx, &secretsmanager.CreateSecretInput{Name: awssdk.String("dw/admin"), SecretString: awssdk.String("x")})
	wantCode(t, err, "ResourceExistsException")
	if _, err := s.PutSecretValue(ctx, &secretsmanager.PutSecretValueInput{SecretId: made.ARN, SecretString: awssdk.String("two")}); err != nil {
		t.Fatal(err)
	}
	partial := (*made.ARN)[:len(*made.ARN)-7]
	read := func(s *secretsmanager.Client, name, stage string) (string, error) {
		in := &secretsmanager.GetSecretValueInput{SecretId: &name}
		if stage != "" {
			in.VersionStage = &stage
		}
		out, err := s.GetSecretValue(ctx, in)
		if err != nil {
			return "", err
		}
		return *out.SecretString, nil
	}
	for _, c := range []struct{ name, stage, want string }{
		{"dw/admin", "", "two"}, {*made.ARN, "AWSCURRENT", "two"}, {partial, "AWSPREVIOUS", "one"},
	} {
		if got, err := read(s, c.name, c.stage); err != nil || got != c.want {
			t.Errorf("%s %s: %q, %v", c.name, c.stage, got, err)
		}
	}
	_, err = read(s, "nobody", "")
	wantCode(t, err, "ResourceNotFoundException")

	nothing, secretOnly := w.user("nothing"), w.user("secretonly", allow("secretsmanager:GetSecretValue", *made.ARN))
	_, err = read(w.secrets(nothing), "dw/admin", "")
	wantCode(t, err, "AccessDeniedException")
	_, err = read(w.secrets(secretOnly), "dw/admin", "")
	wantCode(t, err, "AccessDeniedException")
	both := w.user("both", allow("secretsmanager:GetSecretValue", *made.ARN), allow("kms:Decrypt", "*"))
	if got, err := read(w.secrets(both), "dw/admin", ""); err != nil || got != "two" {
		t.Errorf("%q, %v", got, err)
	}

	again := newWorld(t, func(o *aws.Options) { o.Dir = dir })
	if got, err := read(again.secrets(again.admin), "dw/admin", ""); err != nil || got != "two" {
		t.Errorf("after a restart: %q, %v", got, err)
	}
	if _, err := s.DeleteSecret(ctx, &secretsmanager.DeleteSecretInput{SecretId: made.ARN}); err != nil {
		t.Fatal(err)
	}
	_, err = read(s, "dw/admin", "")
	wantCode(t, err, "InvalidRequestException")
	if _, err := s.RestoreSecret(ctx, &secretsmanager.RestoreSecretInput{SecretId: made.ARN}); err != nil {
		t.Fatal(err)
	}
	if got, err := read(s, "dw/admin", ""); err != nil || got != "two" {
		t.Errorf("restored: %q, %v", got, err)
	}
	list, err := s.ListSecrets(ctx, &secretsmanager.ListSecretsInput{})
	if err != nil || len(list.SecretList) != 1 || *list.SecretList[0].Name != "dw/admin" {
		t.Errorf("%+v, %v", list, err)
	}
	if d, err := s.DescribeSecret(ctx, &secretsmanager.DescribeSecretInput{SecretId: made.ARN}); err != nil || len(d.VersionIdsToStages) != 2 {
		t.Errorf("%+v, %v", d, err)
	}
	_, err = s.GetRandomPassword(ctx, &secretsmanager.GetRandomPasswordInput{})
	wantCode(t, err, "NotImplemented")
}
