package connect

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	awskms "github.com/aws/aws-sdk-go-v2/service/kms"
	awsredshift "github.com/aws/aws-sdk-go-v2/service/redshift"
	"github.com/aws/aws-sdk-go-v2/service/redshiftserverless"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"github.com/sealift/sealift/internal/hint"
	"github.com/sealift/sealift/internal/secret"
)

// credentials answers the login name and password for one new session. They are asked for anew every time, because
// temporary ones outlive an hour only by accident.
func (w *Warehouse) credentials(ctx context.Context) (user string, password secret.Value, err error) {
	switch w.spec.Auth {
	case "password":
		password, err = w.password(ctx)
		return w.spec.User, password, err
	case "iam":
		if w.spec.Workgroup != "" {
			return w.workgroupCredentials(ctx)
		}
		return w.clusterCredentials(ctx)
	case "secret":
		s, err := w.secret(ctx)
		if err == nil && (s.user == "" || s.password.Reveal() == "") {
			err = hint.With(fmt.Errorf("%s: the secret has no %s", w.spec.Name(), missing(s)),
				`auth: secret needs a secret that is a JSON object with username and password, as Redshift's own are; for a password alone write auth: password`)
		}
		return s.user, s.password, err
	default:
		return "", secret.Value{}, fmt.Errorf("%s: auth: %s is not known: the plan was made by another version", w.spec.Name(), w.spec.Auth)
	}
}

// clusterCredentials gets a temporary password. The user name in the answer carries a prefix (IAM:) and must be used
// as it is: https://docs.aws.amazon.com/redshift/latest/APIReference/API_GetClusterCredentials.html
func (w *Warehouse) clusterCredentials(ctx context.Context) (string, secret.Value, error) {
	if w.spec.Cluster == "" {
		return "", secret.Value{}, hint.With(fmt.Errorf("%s: auth: iam needs a cluster", w.spec.Name()),
			"name cluster: in the job, or use auth: password")
	}
	client := awsredshift.NewFromConfig(w.aws)
	if w.spec.User == "" {
		// The database user that stands for who we are; it is made at the first login.
		out, err := client.GetClusterCredentialsWithIAM(ctx, &awsredshift.GetClusterCredentialsWithIAMInput{
			ClusterIdentifier: &w.spec.Cluster, DbName: &w.spec.Database,
		})
		if err != nil {
			return "", secret.Value{}, hint.With(fmt.Errorf("get our own credentials on cluster %s: %w", w.spec.Cluster, err),
				"the caller needs redshift:GetClusterCredentialsWithIAM on the cluster's dbname; or name a database user: user")
		}
		if out.DbUser == nil || out.DbPassword == nil {
			return "", secret.Value{}, fmt.Errorf("get our own credentials on cluster %s: the answer has no password", w.spec.Cluster)
		}
		return *out.DbUser, secret.New(*out.DbPassword), nil
	}
	in := &awsredshift.GetClusterCredentialsInput{ClusterIdentifier: &w.spec.Cluster, DbUser: &w.spec.User, DbName: &w.spec.Database}
	if w.spec.AutoCreate {
		in.AutoCreate = &w.spec.AutoCreate
	}
	if w.spec.Groups != "" {
		in.DbGroups = strings.Split(w.spec.Groups, ",")
	}
	out, err := client.GetClusterCredentials(ctx, in)
	if err != nil {
		return "", secret.Value{}, hint.With(fmt.Errorf("get credentials of user %s on cluster %s: %w", w.spec.User, w.spec.Cluster, err),
			"the caller needs redshift:GetClusterCredentials on the cluster's dbuser and dbname, with auto_create CreateClusterUser, with groups JoinGroup")
	}
	if out.DbUser == nil || out.DbPassword == nil {
		return "", secret.Value{}, fmt.Errorf("get credentials of user %s on cluster %s: the answer has no password", w.spec.User, w.spec.Cluster)
	}
	return *out.DbUser, secret.New(*out.DbPassword), nil
}

// workgroupCredentials gets a temporary password for the database user that stands for who we are; a workgroup knows no other
// way. https://docs.aws.amazon.com/redshift-serverless/latest/APIReference/API_GetCredentials.html
func (w *Warehouse) workgroupCredentials(ctx context.Context) (string, secret.Value, error) {
	out, err := redshiftserverless.NewFromConfig(w.aws).GetCredentials(ctx, &redshiftserverless.GetCredentialsInput{
		WorkgroupName: &w.spec.Workgroup, DbName: &w.spec.Database,
	})
	if err != nil {
		return "", secret.Value{}, hint.With(fmt.Errorf("get our own credentials on workgroup %s: %w", w.spec.Workgroup, err),
			"the caller needs redshift-serverless:GetCredentials on the workgroup")
	}
	if out.DbUser == nil || out.DbPassword == nil {
		return "", secret.Value{}, fmt.Errorf("get our own credentials on workgroup %s: the answer has no password", w.spec.Workgroup)
	}
	return *out.DbUser, secret.New(*out.DbPassword), nil
}

// password resolves password_from.
func (w *Warehouse) password(ctx context.Context) (secret.Value, error) {
	kind, ref, _ := strings.Cut(w.spec.PasswordFrom, ":")
	switch kind {
	case "env":
		v, ok := w.options.Getenv(ref)
		if !ok || v == "" {
			return secret.Value{}, hint.With(fmt.Errorf("%s: the environment has no %s", w.spec.Name(), ref),
				"set it, or name another place in password_from")
		}
		return secret.New(v), nil
	case "file":
		v, err := os.ReadFile(ref)
		if err != nil {
			return secret.Value{}, fmt.Errorf("%s: read password: %w", w.spec.Name(), err)
		}
		return secret.New(strings.TrimRight(string(v), "\r\n")), nil
	case "kms":
		blob, err := base64.StdEncoding.DecodeString(ref)
		if err != nil {
			return secret.Value{}, fmt.Errorf("%s: password_from: kms: is not base64: %w", w.spec.Name(), err)
		}
		cfg := w.aws
		if cfg.Credentials == nil {
			if cfg, err = Config(ctx, w.spec.Region, Role{}); err != nil {
				return secret.Value{}, err
			}
		}
		out, err := awskms.NewFromConfig(cfg).Decrypt(ctx, &awskms.DecryptInput{CiphertextBlob: blob})
		if err != nil {
			return secret.Value{}, hint.With(fmt.Errorf("%s: decrypt password: %w", w.spec.Name(), err), "the caller needs kms:Decrypt on the key it was encrypted under")
		}
		return secret.New(string(out.Plaintext)), nil
	case "secretsmanager":
		s, err := w.secret(ctx)
		if err == nil && s.password.Reveal() == "" {
			err = fmt.Errorf("%s: the secret has no password", w.spec.Name())
		}
		return s.password, err
	default:
		return secret.Value{}, hint.With(fmt.Errorf("%s: password_from: %s: is not known", w.spec.Name(), kind),
			"use env:NAME, file:/path, kms:BASE64 or secretsmanager:ARN")
	}
}

// login is what a secret holds.
type login struct {
	user     string
	password secret.Value
}

func missing(l login) string {
	if l.user == "" {
		return "username"
	}
	return "password"
}

// secret reads the secret that password_from names: a JSON object with username and password, or a password alone. It is
// read anew for every session, because it may have been rotated since the last.
func (w *Warehouse) secret(ctx context.Context) (login, error) {
	arn := strings.TrimPrefix(w.spec.PasswordFrom, "secretsmanager:")
	region := w.spec.Region
	if parts := strings.SplitN(arn, ":", 5); len(parts) == 5 {
		region = parts[3]
	}
	cfg := w.aws
	if cfg.Credentials == nil {
		var err error
		if cfg, err = Config(ctx, region, Role{}); err != nil {
			return login{}, err
		}
	}
	cfg.Region = region
	text, err := ReadSecret(ctx, cfg, arn)
	if err != nil {
		return login{}, fmt.Errorf("%s: %w", w.spec.Name(), err)
	}
	var fields struct{ Username, Password string }
	if !strings.HasPrefix(strings.TrimSpace(text.Reveal()), "{") {
		return login{password: text}, nil
	}
	if err := json.Unmarshal([]byte(text.Reveal()), &fields); err != nil {
		// Without the cause, which repeats what it read.
		return login{}, fmt.Errorf("%s: secret %s begins like a JSON object, and is none of texts", w.spec.Name(), arn)
	}
	return login{fields.Username, secret.New(fields.Password)}, nil
}

// ReadSecret reads the text of a secret in Secrets Manager, by its ARN or name.
func ReadSecret(ctx context.Context, cfg aws.Config, name string) (secret.Value, error) {
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
