package local

import (
	"errors"
	"log"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"
)

var standin *Server

func TestMain(m *testing.M) {
	if dir := os.Getenv(childVar); dir != "" {
		childMain(dir)
		return
	}
	if err := errors.Join(Main(m, &standin), goleak.Find()); err != nil {
		log.Fatal(err)
	}
}

// clients is software that is not ours, given what `sealift local env` prints.
type clients []EnvVar

func users(s *Server) clients { return s.Env() }

func (c clients) env(name string) (value string) {
	for _, v := range c {
		if v.Name == name {
			value = v.Value // the last counts
		}
	}
	return value
}

func (c clients) run(tb testing.TB, stdin, name string, args ...string) (string, error) {
	tb.Helper()
	cmd := exec.CommandContext(tb.Context(), name, args...)
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + tb.TempDir(), "LC_ALL=C.UTF-8", "AWS_PAGER="}
	for _, v := range c {
		cmd.Env = append(cmd.Env, v.Name+"="+v.Value)
	}
	cmd.Stdin = strings.NewReader(stdin)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// aws runs the AWS CLI and answers its text output. The endpoint is an argument, because Debian 12's CLI does not read it
// from the environment.
func (c clients) aws(tb testing.TB, args ...string) string {
	tb.Helper()
	out, err := c.run(tb, "", "aws", append(args, "--output", "text", "--endpoint-url", c.env("AWS_ENDPOINT_URL"))...)
	if err != nil {
		tb.Fatalf("aws %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return strings.TrimSpace(out)
}

// psql runs statements in one session and answers what psql prints, errors included.
func (c clients) psql(tb testing.TB, url, sql string) string {
	tb.Helper()
	out, _ := c.run(tb, sql, "psql", "-X", "-At", url) // errors are part of the output
	return out
}

func (c clients) source(tb testing.TB, sql string) string {
	tb.Helper()
	return c.psql(tb, c.env("REDSHIFT_SOURCE_URL"), sql)
}

func (c clients) target(tb testing.TB, sql string) string {
	tb.Helper()
	return c.psql(tb, c.env("REDSHIFT_TARGET_URL"), sql)
}

// as is somebody who has assumed a role.
func (c clients) as(tb testing.TB, role string) clients {
	tb.Helper()
	keys := strings.Fields(c.aws(tb, "sts", "assume-role", "--role-arn", role, "--role-session-name", "test",
		"--query", "Credentials.[AccessKeyId,SecretAccessKey,SessionToken]"))
	return append(slices.Clone(c), EnvVar{"AWS_ACCESS_KEY_ID", keys[0]}, EnvVar{"AWS_SECRET_ACCESS_KEY", keys[1]}, EnvVar{"AWS_SESSION_TOKEN", keys[2]})
}

// targetAdmin is the administrator of the target's account.
const targetAdmin = "arn:aws:iam::222222222222:role/OrganizationAccountAccessRole"

const (
	trustRedshift = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"redshift.amazonaws.com"},"Action":"sts:AssumeRole"}]}`
	anyS3         = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:*","kms:GenerateDataKey","kms:Decrypt"],"Resource":"*"}]}`
)

// TestMove is what the stand-in is for, done with software that is not ours: psql and the AWS CLI move a table from one
// account's warehouse into the other's through a bucket under a KMS key.
func TestMove(t *testing.T) {
	c := users(standin)
	key := c.aws(t, "kms", "create-key", "--query", "KeyMetadata.KeyId", "--policy", `{"Version":"2012-10-17","Statement":[
		{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111111111111:root"},"Action":"kms:*","Resource":"*"},
		{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::222222222222:root"},"Action":"kms:Decrypt","Resource":"*"}]}`)
	c.aws(t, "kms", "create-alias", "--alias-name", "alias/move", "--target-key-id", key)
	c.aws(t, "s3api", "create-bucket", "--bucket", "move", "--create-bucket-configuration", "LocationConstraint=eu-west-1")
	keyARN := "arn:aws:kms:eu-west-1:111111111111:key/" + key
	c.aws(t, "s3api", "put-bucket-policy", "--bucket", "move", "--policy", `{"Version":"2012-10-17","Statement":[
		{"Effect":"Deny","Principal":"*","Action":"s3:PutObject","Resource":"arn:aws:s3:::move/*","Condition":{"StringNotEquals":{"s3:x-amz-server-side-encryption":"aws:kms"}}},
		{"Effect":"Deny","Principal":"*","Action":"s3:PutObject","Resource":"arn:aws:s3:::move/*","Condition":{"StringNotEquals":{"s3:x-amz-server-side-encryption-aws-kms-key-id":"`+keyARN+`"}}},
		{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":["arn:aws:s3:::move","arn:aws:s3:::move/*"],"Condition":{"Bool":{"aws:SecureTransport":"false"}}},
		{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::222222222222:root"},"Action":["s3:GetObject","s3:ListBucket"],"Resource":["arn:aws:s3:::move","arn:aws:s3:::move/*"]}]}`)
	c.aws(t, "iam", "create-role", "--role-name", "mover", "--assume-role-policy-document", trustRedshift)
	c.aws(t, "iam", "put-role-policy", "--role-name", "mover", "--policy-name", "p", "--policy-document", anyS3)

	const table = `create table move_t (n bigint identity(1,1), a int not null, b varchar(40), c char(5), d decimal(18,4), e timestamp, f boolean)
		diststyle even sortkey (a);`
	rows := func(run func(testing.TB, string) string) string {
		return run(t, `select count(*), sum(a), sum(strtol(substring(md5(b), 1, 15), 16)::decimal(38,0)), count(b), sum(d), min(e), sum(f::int) from move_t;`)
	}
	c.source(t, table+`
		insert into move_t (a, b, c, d, e, f) select n, case when n % 7 = 0 then null when n % 5 = 0 then '' else 'a|\'\\' || n || 'é\n' end,
			'ab', n / 3.0, timestamp '2026-01-01' + n * interval '1 second', n % 2 = 0 from generate_series(1, 20000) n;`)
	c.target(t, table)
	const unload = `unload ('select a, b, c, d, e, f from move_t') to 's3://move/run1/t_' iam_role 'arn:aws:iam::111111111111:role/mover' `

	// A role that trusts Redshift is not enough: it must be attached.
	got := c.source(t, unload+`kms_key_id '`+key+`' encrypted manifest verbose;`)
	if !strings.Contains(got, "is not authorized to assume IAM Role arn:aws:iam::111111111111:role/mover") {
		t.Errorf("with a role that is not attached: %s", got)
	}
	c.aws(t, "redshift", "modify-cluster-iam-roles", "--cluster-identifier", "source", "--add-iam-roles", "arn:aws:iam::111111111111:role/mover")

	// The bucket's policy refuses what is not under the key.
	if got := c.source(t, unload+`manifest verbose;`); !strings.Contains(got, "S3ServiceException:Access Denied,Status 403,Error AccessDenied") {
		t.Errorf("without KMS: %s", got)
	}
	got = c.source(t, unload+`kms_key_id '`+key+`' encrypted manifest verbose delimiter '|' escape null as '@N@' zstd;
		select pg_last_unload_count();`)
	if diff := cmp.Diff("INFO:  UNLOAD completed, 20000 record(s) unloaded successfully.\nUNLOAD\n20000\n", got); diff != "" {
		t.Fatalf("unload (-want +got)\n%s", diff)
	}
	head := c.aws(t, "s3api", "head-object", "--bucket", "move", "--key", "run1/t_manifest", "--query", "[ServerSideEncryption,SSEKMSKeyId]")
	if head != "aws:kms\t"+keyARN {
		t.Errorf("manifest: %s", head)
	}
	if list := strings.Fields(c.aws(t, "s3api", "list-objects-v2", "--bucket", "move", "--prefix", "run1/", "--query", "Contents[].Key")); len(list) != 5 {
		t.Errorf("objects: %v", list)
	}

	// The other account's role, made by its administrator, who is us with that account's role.
	target := c.as(t, targetAdmin)
	target.aws(t, "iam", "create-role", "--role-name", "loader", "--assume-role-policy-document", trustRedshift)
	target.aws(t, "iam", "put-role-policy", "--role-name", "loader", "--policy-name", "p", "--policy-document", anyS3)
	target.aws(t, "redshift", "modify-cluster-iam-roles", "--cluster-identifier", "target", "--add-iam-roles", "arn:aws:iam::222222222222:role/loader",
		"--default-iam-role-arn", "arn:aws:iam::222222222222:role/loader")
	got = c.target(t, `copy move_t (a, b, c, d, e, f) from 's3://move/run1/t_manifest' iam_role default
		manifest delimiter '|' escape null as '@N@' zstd; select pg_last_copy_count();`)
	if diff := cmp.Diff("INFO:  Load into table 'move_t' completed, 20000 record(s) loaded successfully.\nCOPY\n20000\n", got); diff != "" {
		t.Fatalf("copy (-want +got)\n%s", diff)
	}
	if diff := cmp.Diff(rows(c.source), rows(c.target)); diff != "" || !strings.HasPrefix(rows(c.target), "20000|") {
		t.Errorf("source and target differ (-source +target)\n%s", diff)
	}

	// What was run can be read back, without the secrets it was run with.
	got = c.target(t, `copy move_t from 's3://move/x' access_key_id 'AKIA1234' secret_access_key 'tell-nobody';
		select count(*), sum(case when querytxt like '%tell%nobody%' then 1 else 0 end) from stl_query where querytxt like 'copy move_t%';
		select trim(table_name), trim(status), loaded_rows from sys_load_history where table_name = 'move_t' and status = 'completed';`)
	if !strings.Contains(got, "Error InvalidAccessKeyId") || !strings.HasSuffix(got, "\n2|0\nmove_t|completed|20000\n") {
		t.Errorf("history: %s", got)
	}
	got = c.source(t, `select count(*), sum(line_count) from stl_unload_log where path like 's3://move/run1/t_0%';`)
	if got != "4|20000\n" {
		t.Errorf("unload log: %s", got)
	}
}
