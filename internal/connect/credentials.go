package connect

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	awsredshift "github.com/aws/aws-sdk-go-v2/service/redshift"
	"github.com/aws/aws-sdk-go-v2/service/redshiftserverless"

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

// secrets reads what belongs to the warehouse, in the name of who talks to it.
func (w *Warehouse) secrets() Secrets {
	return Secrets{Getenv: w.options.Getenv, Region: w.spec.Region, AWS: w.aws}
}

// password resolves password_from.
func (w *Warehouse) password(ctx context.Context) (secret.Value, error) {
	if strings.HasPrefix(w.spec.PasswordFrom, "secretsmanager:") {
		s, err := w.secret(ctx)
		if err == nil && s.password.Reveal() == "" {
			err = fmt.Errorf("%s: the secret has no password", w.spec.Name())
		}
		return s.password, err
	}
	v, err := w.secrets().Read(ctx, w.spec.PasswordFrom)
	if err != nil {
		return secret.Value{}, fmt.Errorf("%s: password_from: %w", w.spec.Name(), err)
	}
	return v, nil
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
	text, err := w.secrets().Read(ctx, w.spec.PasswordFrom)
	if err != nil {
		return login{}, fmt.Errorf("%s: %w", w.spec.Name(), err)
	}
	var fields struct{ Username, Password string }
	if !strings.HasPrefix(strings.TrimSpace(text.Reveal()), "{") {
		return login{password: text}, nil
	}
	if err := json.Unmarshal([]byte(text.Reveal()), &fields); err != nil {
		// Without the cause, which repeats what it read.
		return login{}, fmt.Errorf("%s: the secret of password_from begins like a JSON object, and is none of texts", w.spec.Name())
	}
	return login{fields.Username, secret.New(fields.Password)}, nil
}
