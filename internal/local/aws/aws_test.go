package aws_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	sdkec2 "github.com/aws/aws-sdk-go-v2/service/ec2"
	sdkiam "github.com/aws/aws-sdk-go-v2/service/iam"
	sdkkms "github.com/aws/aws-sdk-go-v2/service/kms"
	sdkredshift "github.com/aws/aws-sdk-go-v2/service/redshift"
	sdks3 "github.com/aws/aws-sdk-go-v2/service/s3"
	sdkscheduler "github.com/aws/aws-sdk-go-v2/service/scheduler"
	sdksts "github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"

	"github.com/sealift/sealift/internal/local/aws"
	"github.com/sealift/sealift/internal/local/aws/redshiftapi"
)

const (
	home   = "111111111111"
	second = "222222222222"
	third  = "333333333333"
	region = "eu-west-1"

	trustHome = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"111111111111"},"Action":"sts:AssumeRole"}]}`
)

// world is a cloud behind TLS, and clients for it.
type world struct {
	testing.TB
	*aws.Cloud
	url   string
	http  *http.Client
	admin client
}

// client is one caller, with the SDK's clients.
type client struct {
	creds    awssdk.Credentials
	sts      *sdksts.Client
	iam      *sdkiam.Client
	kms      *sdkkms.Client
	s3       *sdks3.Client
	redshift *sdkredshift.Client
	ec2      *sdkec2.Client
	schedule *sdkscheduler.Client
}

func newWorld(tb testing.TB, change ...func(*aws.Options)) *world {
	tb.Helper()
	opts := aws.Options{Dir: tb.TempDir(), Region: region}
	for _, c := range change {
		c(&opts)
	}
	cloud, err := aws.New(opts)
	if err != nil {
		tb.Fatal(err)
	}
	server := httptest.NewTLSServer(cloud.Handler())
	tb.Cleanup(server.Close)
	w := &world{TB: tb, Cloud: cloud, url: server.URL, http: server.Client()}
	id, secret, err := cloud.IAM.AdminKey()
	if err != nil {
		tb.Fatal(err)
	}
	w.admin = w.as(awssdk.Credentials{AccessKeyID: id, SecretAccessKey: secret})
	return w
}

// as makes clients for credentials; region is eu-west-1 unless another is given.
func (w *world) as(creds awssdk.Credentials, regions ...string) client {
	where := region
	if len(regions) > 0 {
		where = regions[0]
	}
	conf := awssdk.Config{
		Region: where, BaseEndpoint: awssdk.String(w.url), HTTPClient: w.http,
		Credentials:      credentials.StaticCredentialsProvider{Value: creds},
		RetryMaxAttempts: 1,
	}
	return client{
		creds: creds, sts: sdksts.NewFromConfig(conf), iam: sdkiam.NewFromConfig(conf), kms: sdkkms.NewFromConfig(conf),
		redshift: sdkredshift.NewFromConfig(conf), ec2: sdkec2.NewFromConfig(conf), schedule: sdkscheduler.NewFromConfig(conf), s3: sdks3.NewFromConfig(conf, func(o *sdks3.Options) { o.UsePathStyle = true }),
	}
}

// plain makes the same clients over HTTP without TLS.
func (w *world) plain(c client) client {
	w.Helper()
	server := httptest.NewServer(w.Handler())
	w.Cleanup(server.Close)
	return (&world{TB: w.TB, Cloud: w.Cloud, url: server.URL, http: server.Client()}).as(c.creds)
}

// assume makes clients for a role.
func (w *world) assume(c client, in *sdksts.AssumeRoleInput) client {
	w.Helper()
	out, err := c.sts.AssumeRole(w.Context(), in)
	if err != nil {
		w.Fatal(err)
	}
	return w.as(awssdk.Credentials{
		AccessKeyID: *out.Credentials.AccessKeyId, SecretAccessKey: *out.Credentials.SecretAccessKey, SessionToken: *out.Credentials.SessionToken,
	})
}

// adminOf makes clients for the administrator of another account.
func (w *world) adminOf(account string) client {
	w.Helper()
	return w.assume(w.admin, &sdksts.AssumeRoleInput{
		RoleArn: awssdk.String("arn:aws:iam::" + account + ":role/OrganizationAccountAccessRole"), RoleSessionName: awssdk.String("test"),
	})
}

// user makes a user of the first account with one inline policy, given as statements, and an access key.
func (w *world) user(name string, statements ...string) client {
	w.Helper()
	ctx := w.Context()
	if _, err := w.admin.iam.CreateUser(ctx, &sdkiam.CreateUserInput{UserName: &name}); err != nil {
		w.Fatal(err)
	}
	if len(statements) > 0 {
		if _, err := w.admin.iam.PutUserPolicy(ctx, &sdkiam.PutUserPolicyInput{
			UserName: &name, PolicyName: awssdk.String("test"), PolicyDocument: document(statements...),
		}); err != nil {
			w.Fatal(err)
		}
	}
	key, err := w.admin.iam.CreateAccessKey(ctx, &sdkiam.CreateAccessKeyInput{UserName: &name})
	if err != nil {
		w.Fatal(err)
	}
	return w.as(awssdk.Credentials{AccessKeyID: *key.AccessKey.AccessKeyId, SecretAccessKey: *key.AccessKey.SecretAccessKey})
}

// role makes a role of an account with a trust policy and one inline policy, and gives its ARN.
func (w *world) role(c client, name, trust string, statements ...string) string {
	w.Helper()
	out, err := c.iam.CreateRole(w.Context(), &sdkiam.CreateRoleInput{RoleName: &name, AssumeRolePolicyDocument: &trust})
	if err != nil {
		w.Fatal(err)
	}
	if len(statements) > 0 {
		if _, err := c.iam.PutRolePolicy(w.Context(), &sdkiam.PutRolePolicyInput{
			RoleName: &name, PolicyName: awssdk.String("test"), PolicyDocument: document(statements...),
		}); err != nil {
			w.Fatal(err)
		}
	}
	return *out.Role.Arn
}

func document(statements ...string) *string {
	return awssdk.String(`{"Version":"2012-10-17","Statement":[` + strings.Join(statements, ",") + `]}`)
}

func allow(actions, resource string) string {
	list, err := json.Marshal(strings.Fields(actions))
	if err != nil {
		panic(err)
	}
	return fmt.Sprintf(`{"Effect":"Allow","Action":%s,"Resource":%q}`, list, resource)
}

// wantCode checks the error code as the SDK sees it; "" is success.
func wantCode(tb testing.TB, err error, want string) {
	tb.Helper()
	var got string
	if err != nil {
		e, ok := errors.AsType[smithy.APIError](err)
		if !ok {
			tb.Errorf("not an API error: %v", err)
			return
		}
		got = e.ErrorCode()
	}
	if got != want {
		tb.Errorf("got %q (%v), want %q", got, err, want)
	}
}

// wantAs checks that the SDK made an error of type E.
func wantAs[E error](tb testing.TB, err error) {
	tb.Helper()
	if e, ok := errors.AsType[E](err); !ok {
		tb.Errorf("got %v, want a %T", err, e)
	}
}

// clock is a time that tests move.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) time() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// fleet is a redshiftapi.Fleet that only remembers.
type fleet struct {
	mu        sync.Mutex
	running   map[string]string // id -> master password
	rebooted  int
	failStart error
}

func (f *fleet) Start(_ context.Context, c redshiftapi.Cluster, password string) (string, int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.failStart != nil {
		return "", 0, f.failStart
	}
	if f.running == nil {
		f.running = map[string]string{}
	}
	f.running[c.Account+"/"+c.ID] = password
	return "127.0.0.1", 5439, nil
}

func (f *fleet) Stop(_ context.Context, c redshiftapi.Cluster) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.running, c.Account+"/"+c.ID)
	return nil
}

func (f *fleet) Reboot(context.Context, redshiftapi.Cluster) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.rebooted++
	return nil
}

func (f *fleet) SetMasterPassword(_ context.Context, c redshiftapi.Cluster, password string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.running[c.Account+"/"+c.ID] = password
	return nil
}

func (f *fleet) password(id string) string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.running[id]
}
