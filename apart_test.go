package sealift_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsiam "github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/sealift/sealift/internal/cli"
	"github.com/sealift/sealift/internal/local/aws/iam"
	"github.com/sealift/sealift/internal/permission"
	"github.com/sealift/sealift/internal/setup"
	"github.com/sealift/sealift/job"
)

// A command that works without a job is run by a role that may do what the list says, and nothing else. Nothing is refused to it, and
// all of that is used. Promise 9.
func TestCommandsWithoutAJobNeedWhatIsListed(t *testing.T) {
	s := newSite(t, "apart")
	for k, v := range s.env() {
		t.Setenv(k, v)
	}
	t.Setenv("SEALIFT_STATE_DIR", t.TempDir())
	client := awsiam.NewFromConfig(s.source)
	role := "test-apart"
	_, err := client.CreateRole(t.Context(), &awsiam.CreateRoleInput{RoleName: &role, AssumeRolePolicyDocument: aws.String(
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}`)})
	if err != nil {
		t.Fatal(err)
	}
	arn := "arn:aws:iam::" + sourceAccount + ":role/" + role
	var mu sync.Mutex // guards the next two
	used, refused := map[string]bool{}, map[string]bool{}
	s.server.Cloud.IAM.Watch(func(d iam.Decided) {
		if d.Question.Principal.RoleARN != arn {
			return
		}
		mu.Lock()
		defer mu.Unlock()
		if d.Decision.Allowed {
			used[d.Question.Action] = true
		} else {
			refused[d.Question.Action] = true
		}
	})
	// allow lets the role do these, and makes the environment its own.
	allow := func(actions ...string) {
		t.Helper()
		text, err := json.Marshal(actions)
		if err != nil {
			t.Fatal(err)
		}
		_, err = client.PutRolePolicy(t.Context(), &awsiam.PutRolePolicyInput{RoleName: &role, PolicyName: &role, PolicyDocument: aws.String(
			`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":` + string(text) + `,"Resource":"*"}]}`)})
		if err != nil {
			t.Fatal(err)
		}
		id, err := s.server.Cloud.IAM.AssumeForService("ec2.amazonaws.com", arn, "i-0123456789", nil)
		if err != nil {
			t.Fatal(err)
		}
		c, err := s.server.Cloud.IAM.Issue(id, time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		t.Setenv("AWS_ACCESS_KEY_ID", c.AccessKeyID)
		t.Setenv("AWS_SECRET_ACCESS_KEY", c.SecretAccessKey)
		t.Setenv("AWS_SESSION_TOKEN", c.SessionToken)
	}
	run := func(want int, args ...string) {
		t.Helper()
		var out bytes.Buffer
		code := cli.Run(context.WithoutCancel(t.Context()), cli.Process{Args: args, Stdin: strings.NewReader("a password"), Stdout: &out, Stderr: &out, Env: os.LookupEnv})
		if code != want {
			t.Errorf("%s ended with %d: %s", strings.Join(args, " "), code, out.String())
		}
	}
	needs := map[string][]string{}
	var commands []string
	for _, a := range permission.Aparts() {
		if needs[a.Command] == nil {
			commands = append(commands, a.Command)
		}
		needs[a.Command] = append(needs[a.Command], a.Actions...)
	}
	runs := map[string]func(){
		"key create": func() {
			run(0, "key", "create", "--alias", "alias/test-apart-new")
			run(0, "key", "create", "--alias", "alias/test-apart-new")
			allow(slices.DeleteFunc(slices.Clone(needs["key create"]), func(a string) bool { return a == "kms:CreateAlias" })...)
			run(1, "key", "create", "--alias", "alias/test-apart-other")
			mu.Lock()
			defer mu.Unlock()
			if !refused["kms:CreateAlias"] {
				t.Error("kms:CreateAlias was taken away, and not refused")
			}
			delete(refused, "kms:CreateAlias")
		},
		"secret encrypt": func() { run(0, "secret", "encrypt", "--kms-key", s.alias) },
		"setup aws --diff": func() {
			for _, loader := range []string{"role/test-apart-loader", "user/test-apart-user"} {
				file := s.settled(t, loader)
				run(0, "setup", "aws", file, "--for", "all", "--diff", "--loader", "arn:aws:iam::"+sourceAccount+":"+loader)
			}
		},
		"unload-copy": func() {
			text := fmt.Sprintf(`{"unloadSource": {"clusterEndpoint": %q, "clusterPort": "5439", "connectUser": "u", "connectPwd": "QUFBQQ==", "db": "d", "schemaName": "s", "tableName": "t"},
				"s3Staging": {"aws_iam_role": %q, "path": "s3://%s/staging/", "deleteOnSuccess": "True", "region": "eu-west-1"},
				"copyTarget": {"clusterEndpoint": %[1]q, "clusterPort": "5439", "connectUser": "u", "connectPwd": "QUFBQQ==", "db": "d", "schemaName": "n", "tableName": "t"}}`,
				"source.abc.eu-west-1.redshift.amazonaws.com", unloadRole, s.bucket)
			_, err := s.s3.PutObject(t.Context(), &s3.PutObjectInput{
				Bucket: &s.bucket, Key: aws.String("config.json"), Body: strings.NewReader(text), ServerSideEncryption: s3types.ServerSideEncryptionAwsKms, SSEKMSKeyId: &s.keyARN,
			})
			if err != nil {
				t.Fatal(err)
			}
			run(0, "unload-copy", "s3://"+s.bucket+"/config.json", region, "--print-job")
		},
	}
	for _, name := range commands {
		if runs[name] == nil {
			t.Errorf("%s is listed, and is not run here", name)
			continue
		}
		mu.Lock()
		clear(used)
		clear(refused)
		mu.Unlock()
		allow(needs[name]...)
		runs[name]()
		mu.Lock()
		for _, action := range needs[name] {
			if !used[action] {
				t.Errorf("%s: nothing needs %s", name, action)
			}
		}
		if name == "unload-copy" { // asks where the bucket is, which S3 tells also where it refuses the rest
			delete(refused, "s3:ListBucket")
		}
		for action := range refused {
			t.Errorf("%s: %s was refused, and is not listed", name, action)
		}
		mu.Unlock()
	}
}

// settled makes what a job with this loader needs, all of it in one account, and answers the job's file.
func (s *site) settled(t *testing.T, loader string) string {
	t.Helper()
	name := loader[strings.LastIndexByte(loader, '/')+1:]
	file := filepath.Join(t.TempDir(), "job.yaml")
	text := strings.NewReplacer("NAME", name).Replace(`version: 1
source: {host: h, region: eu-west-1, database: d, user: u, password_from: "env:P", s3_role: "arn:aws:iam::111111111111:role/NAME-unload"}
target: {host: h, region: eu-west-1, database: d, user: u, password_from: "env:P", s3_role: "arn:aws:iam::111111111111:role/NAME-copy"}
stage: {url: "s3://NAME-stage/stage", region: eu-west-1, kms_key: alias/NAME, owner: "111111111111"}
tables: [a.b]
`)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if strings.HasPrefix(loader, "user/") {
		if _, err := awsiam.NewFromConfig(s.source).CreateUser(t.Context(), &awsiam.CreateUserInput{UserName: &name}); err != nil {
			t.Fatal(err)
		}
	}
	j, err := job.Parse(file, []byte(text), os.LookupEnv)
	if err != nil {
		t.Fatal(err)
	}
	all, err := setup.Of(j, setup.Options{For: setup.All, Options: permission.Options{Loader: "arn:aws:iam::" + sourceAccount + ":" + loader}})
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := s.make(t.Context(), all); err != nil {
		t.Fatal(err)
	}
	return file
}
