package aws_test

import (
	"bytes"
	"encoding/json"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"

	"github.com/sealift/sealift/internal/local/aws"
)

// cli is the AWS command line interface, which is botocore: another implementation of signatures, protocols and errors
// than the Go SDK.
type cli struct {
	testing.TB
	path     string
	endpoint string // an argument: Debian 12's CLI does not read it from the environment
	env      []string
}

func newCLI(tb testing.TB, w *world, creds awssdk.Credentials) *cli {
	tb.Helper()
	path, err := exec.LookPath("aws")
	if err != nil {
		tb.Fatalf("this test needs the AWS CLI (.ci/install installs it): %v", err)
	}
	server := httptest.NewServer(w.Handler())
	tb.Cleanup(server.Close)
	return &cli{tb, path, server.URL, append(os.Environ(),
		"AWS_ENDPOINT_URL="+server.URL, "AWS_REGION="+region, "AWS_DEFAULT_REGION="+region, "AWS_ACCESS_KEY_ID="+creds.AccessKeyID,
		"AWS_SECRET_ACCESS_KEY="+creds.SecretAccessKey, "AWS_SESSION_TOKEN="+creds.SessionToken, "AWS_MAX_ATTEMPTS=1", "AWS_PAGER=",
		"AWS_CONFIG_FILE=/dev/null", "AWS_SHARED_CREDENTIALS_FILE=/dev/null", "AWS_EC2_METADATA_DISABLED=true", "NO_PROXY=127.0.0.1")}
}

// run runs the CLI, and gives what it printed.
func (c *cli) run(args ...string) (stdout, stderr string) {
	c.Helper()
	cmd := exec.CommandContext(c.Context(), c.path, append([]string{"--output", "json", "--endpoint-url", c.endpoint}, args...)...)
	var out, errs bytes.Buffer
	cmd.Env, cmd.Stdout, cmd.Stderr = c.env, &out, &errs
	if err := cmd.Run(); err != nil && errs.Len() == 0 {
		c.Fatalf("aws %s: %v", strings.Join(args, " "), err)
	}
	return out.String(), errs.String()
}

// query runs the CLI, which must succeed, and gives the one value that a JMESPath query selects.
func (c *cli) query(path string, args ...string) string {
	c.Helper()
	stdout, stderr := c.run(append([]string{"--query", path}, args...)...)
	if stderr != "" {
		c.Fatalf("aws %s: %s", strings.Join(args, " "), stderr)
	}
	var value string
	if err := json.Unmarshal([]byte(stdout), &value); err != nil {
		c.Fatalf("aws %s: %s", strings.Join(args, " "), stdout)
	}
	return value
}

//standin:imitates KMS: commands of the AWS CLI | CLI reference kms
//standin:imitates IAM: commands of the AWS CLI | CLI reference iam
//standin:imitates STS: commands of the AWS CLI | CLI reference sts
//standin:imitates Redshift API: commands of the AWS CLI | CLI reference redshift
func TestCLI(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *aws.Options) { o.Fleet = &fleet{} })
	c := newCLI(t, w, w.admin.creds)
	dir := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}

	if got := c.query("Arn", "sts", "get-caller-identity"); got != "arn:aws:iam::111111111111:user/admin" {
		t.Errorf("caller %s", got)
	}
	key := c.query("KeyMetadata.KeyId", "kms", "create-key", "--description", "for the stage", "--tags", "TagKey=team,TagValue=data")
	if out, errs := c.run("kms", "create-alias", "--alias-name", "alias/stage", "--target-key-id", key); out+errs != "" {
		t.Errorf("create-alias: %s%s", out, errs)
	}
	if got := c.query("KeyMetadata.KeyId", "kms", "describe-key", "--key-id", "alias/stage"); got != key {
		t.Errorf("alias/stage is %s", got)
	}
	blob := c.query("CiphertextBlob", "kms", "encrypt", "--key-id", "alias/stage", "--plaintext", "fileb://"+file("plain", "hello"), "--encryption-context", "a=b")
	if got := c.query("Plaintext", "kms", "decrypt", "--ciphertext-blob", blobArgument(t, file, blob), "--encryption-context", "a=b"); got != "aGVsbG8=" {
		t.Errorf("decrypted %q", got)
	}
	role := c.query("Role.Arn", "iam", "create-role", "--role-name", "loader", "--assume-role-policy-document", "file://"+file("trust.json", trustHome))
	if got := c.query("Role.AssumeRolePolicyDocument.Statement[0].Action", "iam", "get-role", "--role-name", "loader"); got != "sts:AssumeRole" {
		t.Errorf("trust policy read back: %s", got)
	}
	if got := c.query("AssumedRoleUser.Arn", "sts", "assume-role", "--role-arn", role, "--role-session-name", "cli"); got != "arn:aws:sts::111111111111:assumed-role/loader/cli" {
		t.Errorf("assumed %s", got)
	}
	if got := c.query("Cluster.ClusterStatus", "redshift", "create-cluster", "--cluster-identifier", "one", "--node-type", "ra3.xlplus", "--number-of-nodes", "2",
		"--master-username", "awsuser", "--master-user-password", "Secret123", "--iam-roles", role, "--tags", "Key=a,Value=b"); got != "creating" {
		t.Errorf("cluster is %s", got)
	}
	if got := c.query("Clusters[0].IamRoles[0].ApplyStatus", "redshift", "describe-clusters"); got != "in-sync" {
		t.Errorf("role is %s", got)
	}
	if got := c.query("DbUser", "redshift", "get-cluster-credentials", "--cluster-identifier", "one", "--db-user", "bob", "--auto-create", "--db-groups", "staff"); got != "IAMA:bob:staff" {
		t.Errorf("database user %s", got)
	}

	// Errors as botocore raises them: "An error occurred (CODE) when calling the OPERATION operation: MESSAGE".
	for want, args := range map[string][]string{
		"(NoSuchEntity) when calling the GetRole operation: The role with name none cannot be found.":         {"iam", "get-role", "--role-name", "none"},
		"(NotFoundException) when calling the DescribeKey operation: Alias arn:aws:kms:eu-west-1:1111":        {"kms", "describe-key", "--key-id", "alias/none"},
		"(ClusterNotFound) when calling the DeleteCluster operation":                                          {"redshift", "delete-cluster", "--cluster-identifier", "none", "--skip-final-cluster-snapshot"},
		"(AccessDenied) when calling the AssumeRole operation: User: arn:aws:iam::111111111111:user/admin is": {"sts", "assume-role", "--role-arn", "arn:aws:iam::222222222222:role/none", "--role-session-name", "cli"},
	} {
		if _, errs := c.run(args...); !strings.Contains(errs, want) {
			t.Errorf("aws %s: %s", strings.Join(args, " "), errs)
		}
	}
	wrong := newCLI(t, w, awssdk.Credentials{AccessKeyID: w.admin.creds.AccessKeyID, SecretAccessKey: "wrong"})
	if _, errs := wrong.run("kms", "list-keys"); !strings.Contains(errs, "(InvalidSignatureException) when calling the ListKeys operation") {
		t.Errorf("with a wrong secret: %s", errs)
	}
}

// blobArgument passes base64 as the CLI takes binary values in either of its versions: from a file of bytes.
func blobArgument(t *testing.T, file func(name, text string) string, blob string) string {
	t.Helper()
	var raw []byte
	if err := json.Unmarshal([]byte(`"`+blob+`"`), &raw); err != nil {
		t.Fatal(err)
	}
	return "fileb://" + file("blob", string(raw))
}
