package s3_test

import (
	"bytes"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/middleware"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/credentials"
	iamsdk "github.com/aws/aws-sdk-go-v2/service/iam"
	kmssdk "github.com/aws/aws-sdk-go-v2/service/kms"
	s3sdk "github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	stssdk "github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"

	"github.com/sealift/sealift/internal/local/aws"
	"github.com/sealift/sealift/internal/local/aws/iam"
	"github.com/sealift/sealift/internal/local/aws/s3"
)

// The accounts that the stand-in begins with. The administrator is of the first.
const (
	first  = "111111111111"
	second = "222222222222"
	region = "eu-west-1"
)

// world is the stand-in's AWS behind two listeners, one with TLS and one without.
type world struct {
	tb     testing.TB
	dir    string
	cloud  *aws.Cloud
	tls    *httptest.Server
	plain  *httptest.Server
	access accessKey
	clock  *clock
}

// accessKey is an access key.
type accessKey struct{ id, secret, token string }

// clock can be moved by hand, ahead of the real one.
type clock struct {
	mu    sync.Mutex
	ahead time.Duration
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Now().Add(c.ahead)
}

func newWorld(tb testing.TB) *world {
	tb.Helper()
	w := &world{tb: tb, dir: tb.TempDir(), clock: &clock{}}
	w.start()
	return w
}

func (w *world) start() {
	w.tb.Helper()
	cloud, err := aws.New(aws.Options{Dir: w.dir, Region: region, Now: w.clock.now})
	if err != nil {
		w.tb.Fatal(err)
	}
	w.cloud = cloud
	w.tls = httptest.NewTLSServer(cloud.Handler())
	w.plain = httptest.NewServer(cloud.Handler())
	w.tb.Cleanup(w.tls.Close)
	w.tb.Cleanup(w.plain.Close)
	id, secret, err := cloud.IAM.AdminKey()
	if err != nil {
		w.tb.Fatal(err)
	}
	w.access = accessKey{id: id, secret: secret}
}

// restart stops the stand-in and opens its folder again.
func (w *world) restart() {
	w.tb.Helper()
	w.tls.Close()
	w.plain.Close()
	w.start()
}

func (w *world) config(key accessKey, url string) awssdk.Config {
	return awssdk.Config{
		Region:       region,
		BaseEndpoint: awssdk.String(url),
		Credentials:  credentials.NewStaticCredentialsProvider(key.id, key.secret, key.token),
		HTTPClient: named{w.tb, awshttp.NewBuildableClient().WithTransportOptions(func(t *http.Transport) {
			t.TLSClientConfig = &tls.Config{RootCAs: w.tls.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs}
		})},
		RetryMaxAttempts: 1,
		// As in a configuration that was loaded from the environment.
		RequestChecksumCalculation: awssdk.RequestChecksumCalculationWhenSupported,
		ResponseChecksumValidation: awssdk.ResponseChecksumValidationWhenSupported,
	}
}

// named compares the name that the SDK has for each request of these tests with the one that Operation finds in it.
type named struct {
	tb testing.TB
	*awshttp.BuildableClient
}

func (n named) Do(r *http.Request) (*http.Response, error) {
	if want := middleware.GetOperationName(r.Context()); middleware.GetServiceID(r.Context()) == s3sdk.ServiceID {
		if got := s3.Operation(r); got != want {
			n.tb.Errorf("%s %s is %s, not %s", r.Method, r.URL.Path, want, got)
		}
	}
	return n.BuildableClient.Do(r)
}

// s3 is the administrator's client, in another region if one is given.
func (w *world) s3(options ...func(*s3sdk.Options)) *s3sdk.Client {
	return w.s3As(w.access, options...)
}

func (w *world) s3As(key accessKey, options ...func(*s3sdk.Options)) *s3sdk.Client {
	return s3sdk.NewFromConfig(w.config(key, w.tls.URL), append([]func(*s3sdk.Options){pathStyle}, options...)...)
}

func pathStyle(o *s3sdk.Options) { o.UsePathStyle = true }

func inRegion(name string) func(*s3sdk.Options) { return func(o *s3sdk.Options) { o.Region = name } }

func (w *world) kms() *kmssdk.Client { return kmssdk.NewFromConfig(w.config(w.access, w.tls.URL)) }

// second gives credentials of the administrator of the second account.
func (w *world) second() accessKey {
	w.tb.Helper()
	return w.assume("arn:aws:iam::" + second + ":role/OrganizationAccountAccessRole")
}

func (w *world) assume(role string) accessKey {
	w.tb.Helper()
	out, err := stssdk.NewFromConfig(w.config(w.access, w.tls.URL)).AssumeRole(w.tb.Context(), &stssdk.AssumeRoleInput{
		RoleArn: &role, RoleSessionName: awssdk.String("test"),
	})
	if err != nil {
		w.tb.Fatalf("assume %s: %v", role, err)
	}
	return accessKey{*out.Credentials.AccessKeyId, *out.Credentials.SecretAccessKey, *out.Credentials.SessionToken}
}

// identity is who a key belongs to, as in-process callers have it.
func (w *world) identity(key accessKey) *iam.Identity {
	w.tb.Helper()
	id, err := w.cloud.IAM.Login(key.id, key.secret, key.token)
	if err != nil {
		w.tb.Fatal(err)
	}
	return id
}

// user makes a user of the first account who may do what the statements say.
func (w *world) user(name string, statements ...string) accessKey {
	w.tb.Helper()
	client := iamsdk.NewFromConfig(w.config(w.access, w.tls.URL))
	ctx := w.tb.Context()
	if _, err := client.CreateUser(ctx, &iamsdk.CreateUserInput{UserName: &name}); err != nil {
		w.tb.Fatal(err)
	}
	if len(statements) > 0 {
		_, err := client.PutUserPolicy(ctx, &iamsdk.PutUserPolicyInput{
			UserName: &name, PolicyName: awssdk.String("p"), PolicyDocument: awssdk.String(document(statements...)),
		})
		if err != nil {
			w.tb.Fatal(err)
		}
	}
	key, err := client.CreateAccessKey(ctx, &iamsdk.CreateAccessKeyInput{UserName: &name})
	if err != nil {
		w.tb.Fatal(err)
	}
	return accessKey{id: *key.AccessKey.AccessKeyId, secret: *key.AccessKey.SecretAccessKey}
}

// document puts statements into a policy.
func document(statements ...string) string {
	return `{"Version":"2012-10-17","Statement":[` + strings.Join(statements, ",") + `]}`
}

// key makes a KMS key of the first account and gives its ARN.
func (w *world) key() string {
	w.tb.Helper()
	out, err := w.kms().CreateKey(w.tb.Context(), &kmssdk.CreateKeyInput{})
	if err != nil {
		w.tb.Fatal(err)
	}
	return *out.KeyMetadata.Arn
}

// bucket makes a bucket of the administrator's.
func (w *world) bucket(name string) string {
	w.tb.Helper()
	_, err := w.s3().CreateBucket(w.tb.Context(), &s3sdk.CreateBucketInput{
		Bucket:                    &name,
		CreateBucketConfiguration: &s3types.CreateBucketConfiguration{LocationConstraint: region},
	})
	if err != nil {
		w.tb.Fatal(err)
	}
	return name
}

func (w *world) policy(bucket string, statements ...string) {
	w.tb.Helper()
	_, err := w.s3().PutBucketPolicy(w.tb.Context(), &s3sdk.PutBucketPolicyInput{Bucket: &bucket, Policy: awssdk.String(document(statements...))})
	if err != nil {
		w.tb.Fatal(err)
	}
}

func (w *world) versioned(bucket string, status s3types.BucketVersioningStatus) {
	w.tb.Helper()
	_, err := w.s3().PutBucketVersioning(w.tb.Context(), &s3sdk.PutBucketVersioningInput{
		Bucket: &bucket, VersioningConfiguration: &s3types.VersioningConfiguration{Status: status},
	})
	if err != nil {
		w.tb.Fatal(err)
	}
}

func (w *world) put(bucket, key, content string, change ...func(*s3sdk.PutObjectInput)) *s3sdk.PutObjectOutput {
	w.tb.Helper()
	in := &s3sdk.PutObjectInput{Bucket: &bucket, Key: &key, Body: strings.NewReader(content)}
	for _, f := range change {
		f(in)
	}
	out, err := w.s3().PutObject(w.tb.Context(), in)
	if err != nil {
		w.tb.Fatalf("put %s: %v", key, err)
	}
	return out
}

func underKey(arn string) func(*s3sdk.PutObjectInput) {
	return func(in *s3sdk.PutObjectInput) {
		in.ServerSideEncryption = s3types.ServerSideEncryptionAwsKms
		in.SSEKMSKeyId = &arn
	}
}

func (w *world) get(bucket, key string) string {
	w.tb.Helper()
	out, err := w.s3().GetObject(w.tb.Context(), &s3sdk.GetObjectInput{Bucket: &bucket, Key: &key})
	if err != nil {
		w.tb.Fatalf("get %s: %v", key, err)
	}
	return readAll(w.tb, out.Body)
}

func readAll(tb testing.TB, body io.ReadCloser) string {
	tb.Helper()
	data, err := io.ReadAll(body)
	if err := errors.Join(err, body.Close()); err != nil {
		tb.Fatal(err)
	}
	return string(data)
}

// fetch gets a URL as a browser would.
func (w *world) fetch(url string) (int, string) {
	w.tb.Helper()
	r, err := http.NewRequestWithContext(w.tb.Context(), http.MethodGet, url, nil)
	if err != nil {
		w.tb.Fatal(err)
	}
	return w.do(r)
}

func (w *world) do(r *http.Request) (int, string) {
	w.tb.Helper()
	res, err := w.tls.Client().Do(r)
	if err != nil {
		w.tb.Fatal(err)
	}
	defer res.Body.Close()
	data, err := io.ReadAll(res.Body)
	if err != nil {
		w.tb.Fatal(err)
	}
	return res.StatusCode, string(data)
}

// code gives status and code of an AWS error, "200" if there is none.
func code(err error) string {
	if err == nil {
		return "200"
	}
	var response *awshttp.ResponseError
	if !errors.As(err, &response) {
		return err.Error()
	}
	var api smithy.APIError
	if !errors.As(err, &api) {
		return fmt.Sprint(response.HTTPStatusCode())
	}
	return fmt.Sprintf("%d %s", response.HTTPStatusCode(), api.ErrorCode())
}

func wantCode(tb testing.TB, what string, err error, want string) {
	tb.Helper()
	if got := code(err); got != want {
		tb.Errorf("%s: got %s, want %s (%v)", what, got, want, err)
	}
}

// leftovers lists the files of the content folder.
func (w *world) contentFiles() []string {
	w.tb.Helper()
	var all []string
	err := filepath.WalkDir(filepath.Join(w.dir, "s3", "content"), func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			all = append(all, path)
		}
		return err
	})
	if err != nil {
		w.tb.Fatal(err)
	}
	return all
}

// onDisk tells whether any file of the stand-in holds the bytes.
func (w *world) onDisk(needle string) bool {
	w.tb.Helper()
	found := false
	err := filepath.WalkDir(w.dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		found = found || bytes.Contains(data, []byte(needle))
		return err
	})
	if err != nil {
		w.tb.Fatal(err)
	}
	return found
}

func toJSON(tb testing.TB, v any) string {
	tb.Helper()
	data, err := json.Marshal(v)
	if err != nil {
		tb.Fatal(err)
	}
	return string(data)
}
