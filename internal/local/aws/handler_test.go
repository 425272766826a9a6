package aws_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"encoding/xml"
	"io"
	"log/slog"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	sdkkms "github.com/aws/aws-sdk-go-v2/service/kms"
	sdks3 "github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	sdksts "github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/sealift/sealift/internal/local/aws"
)

// send sends a request, signed for service unless that is "".
func (w *world) send(service, method, path, body string, header map[string]string) (status int, head http.Header, answer string) {
	w.Helper()
	r, err := http.NewRequestWithContext(w.Context(), method, w.url+path, strings.NewReader(body))
	if err != nil {
		w.Fatal(err)
	}
	for name, value := range header {
		r.Header.Set(name, value)
	}
	if service != "" {
		sum := sha256.Sum256([]byte(body))
		if err := v4.NewSigner().SignHTTP(w.Context(), w.admin.creds, r, hex.EncodeToString(sum[:]), service, region, time.Now()); err != nil {
			w.Fatal(err)
		}
	}
	out, err := w.http.Do(r)
	if err != nil {
		w.Fatal(err)
	}
	defer out.Body.Close()
	text, err := io.ReadAll(out.Body)
	if err != nil {
		w.Fatal(err)
	}
	return out.StatusCode, out.Header, string(text)
}

var uuid = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)

// TestErrorShapes looks at the bytes of errors: SDKs other than Go's read them in other ways.
//
//standin:imitates AWS: errors in each service's protocol | API models of the services
func TestErrorShapes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	form := map[string]string{"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}
	target := func(name string) map[string]string {
		return map[string]string{"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": name}
	}
	tests := []struct {
		name, service, method, path, body string
		header                            map[string]string
		status                            int
		protocol                          string // query or json
		code, message                     string
	}{
		{"STS", "sts", http.MethodPost, "/", "Action=AssumeRole&Version=2011-06-15&RoleArn=x", form, 400, "query", "ValidationError", "x is invalid"},
		{"IAM", "iam", http.MethodPost, "/", "Action=GetRole&Version=2010-05-08&RoleName=x", form, 404, "query", "NoSuchEntity", "The role with name x cannot be found."},
		{"Redshift", "redshift", http.MethodPost, "/", "Action=DescribeClusters&Version=2012-12-01&ClusterIdentifier=x", form, 404, "query", "ClusterNotFound", "Cluster x not found."},
		{"unknown action", "sts", http.MethodPost, "/", "Action=Nothing&Version=2011-06-15", form, 501, "query", "NotImplemented", "sts:Nothing is not imitated, see docs/standin.md"},
		{"wrong version", "sts", http.MethodPost, "/", "Action=GetCallerIdentity&Version=2010-05-08", form, 400, "query", "InvalidAction", "Could not find operation"},
		{"hostile action", "sts", http.MethodPost, "/", "Action=%3Cx%3E&Version=2011-06-15", form, 400, "query", "InvalidAction", "<x>"},
		{"not a form", "sts", http.MethodPost, "/", "Action=%zz", form, 400, "query", "MalformedQueryString", ""},
		{"unknown Query service", "sns", http.MethodPost, "/", "Action=Publish&Version=2010-03-31", form, 501, "query", "NotImplemented", "the service sns is not imitated, see docs/standin.md"},
		{"unknown REST service", "lambda", http.MethodGet, "/2015-03-31/functions", "", nil, 501, "query", "NotImplemented", "the service lambda is not imitated"},
		{"unsigned STS", "", http.MethodPost, "/", "Action=GetCallerIdentity&Version=2011-06-15", form, 403, "query", "MissingAuthenticationToken", ""},
		{"unsigned, by URL", "", http.MethodGet, "/?Action=GetCallerIdentity&Version=2011-06-15", "", nil, 403, "query", "MissingAuthenticationToken", ""},
		{"unsigned, unknown version", "", http.MethodPost, "/", "Action=Publish&Version=2010-03-31", form, 501, "query", "NotImplemented", "API version 2010-03-31"},
		{"unsigned web identity", "", http.MethodPost, "/", "Action=AssumeRoleWithWebIdentity&Version=2011-06-15", form, 400, "query", "ValidationError", "Request ARN is invalid"},
		{"KMS", "kms", http.MethodPost, "/", `{"KeyId":"alias/none"}`, target("TrentService.DescribeKey"), 400, "json", "NotFoundException", "alias/none is not found"},
		{"KMS, not JSON", "kms", http.MethodPost, "/", `{"KeyId":`, target("TrentService.DescribeKey"), 400, "json", "SerializationException", ""},
		{"KMS, wrong type", "kms", http.MethodPost, "/", `{"KeyId":1}`, target("TrentService.DescribeKey"), 400, "json", "SerializationException", ""},
		{"KMS, unknown operation", "kms", http.MethodPost, "/", `{}`, target("TrentService.Sign"), 400, "json", "UnsupportedOperationException", "kms:Sign is not imitated"},
		{"unsigned KMS", "", http.MethodPost, "/", `{}`, target("TrentService.ListKeys"), 400, "json", "MissingAuthenticationTokenException", ""},
		{"unknown JSON service", "dynamodb", http.MethodPost, "/", `{}`, target("DynamoDB_20120810.GetItem"), 501, "json", "NotImplemented", "the service dynamodb is not imitated"},
		{"unsigned unknown JSON service", "", http.MethodPost, "/", `{}`, target("Logs_20140328.PutLogEvents"), 501, "json", "NotImplemented", "the service Logs_20140328 is not imitated"},
		{"large body", "sts", http.MethodPost, "/", "Action=x&a=" + strings.Repeat("a", 1<<20), form, 413, "query", "RequestEntityTooLarge", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			status, head, answer := w.send(tt.service, tt.method, tt.path, tt.body, tt.header)
			var code, message, requestID string
			switch tt.protocol {
			case "query":
				var out struct {
					XMLName   xml.Name `xml:"ErrorResponse"`
					Code      string   `xml:"Error>Code"`
					Message   string   `xml:"Error>Message"`
					RequestID string   `xml:"RequestId"`
				}
				if err := xml.Unmarshal([]byte(answer), &out); err != nil {
					t.Fatalf("%s: %v", answer, err)
				}
				code, message, requestID = out.Code, out.Message, out.RequestID
			case "json":
				var out struct {
					Type    string `json:"__type"`
					Message string `json:"message"`
				}
				if err := json.Unmarshal([]byte(answer), &out); err != nil {
					t.Fatalf("%s: %v", answer, err)
				}
				code, message, requestID = out.Type, out.Message, head.Get("X-Amzn-Requestid")
				if head.Get("X-Amzn-Errortype") != code || head.Get("Content-Type") != "application/x-amz-json-1.1" {
					t.Errorf("headers %v", head)
				}
			}
			if status != tt.status || code != tt.code || !strings.Contains(message, tt.message) {
				t.Errorf("got %d %s %q, want %d %s %q", status, code, message, tt.status, tt.code, tt.message)
			}
			if !uuid.MatchString(requestID) || requestID != head.Get("X-Amzn-Requestid") {
				t.Errorf("request id %q in the body, %q in the header", requestID, head.Get("X-Amzn-Requestid"))
			}
		})
	}
}

// TestPresignedIdentity: a presigned GetCallerIdentity proves who somebody is to a third party, as Vault and EKS use it.
//
//standin:imitates STS: presigned GetCallerIdentity | IAM user guide reference_sigv
func TestPresignedIdentity(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	link, err := sdksts.NewPresignClient(w.adminOf(second).sts).PresignGetCallerIdentity(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	path := strings.TrimPrefix(link.URL, w.url)
	status, _, answer := w.send("", link.Method, path, "", nil)
	if status != http.StatusOK || !strings.Contains(answer, "<Account>222222222222</Account>") {
		t.Errorf("%d %s", status, answer)
	}
	status, _, answer = w.send("", link.Method, strings.Replace(path, "GetCallerIdentity", "GetSessionToken", 1), "", nil)
	if status != http.StatusForbidden || !strings.Contains(answer, "SignatureDoesNotMatch") {
		t.Errorf("for another action: %d %s", status, answer)
	}
}

// TestS3IsReached: everything that is no other service's is S3's, also keys that a mux would clean.
func TestS3IsReached(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := t.Context()
	bucket := awssdk.String("stage")
	if _, err := w.admin.s3.CreateBucket(ctx, &sdks3.CreateBucketInput{
		Bucket: bucket, CreateBucketConfiguration: &s3types.CreateBucketConfiguration{LocationConstraint: region},
	}); err != nil {
		t.Fatal(err)
	}
	k := w.newKey(w.admin)
	for _, key := range []string{"plain", "a//b/../c", "Action=x", "?Action=GetCallerIdentity&Version=2011-06-15"} {
		if _, err := w.admin.s3.PutObject(ctx, &sdks3.PutObjectInput{
			Bucket: bucket, Key: &key, Body: strings.NewReader("content"), ServerSideEncryption: "aws:kms", SSEKMSKeyId: &k,
		}); err != nil {
			t.Fatalf("put %q: %v", key, err)
		}
		out, err := w.admin.s3.GetObject(ctx, &sdks3.GetObjectInput{Bucket: bucket, Key: &key})
		if err != nil {
			t.Fatalf("get %q: %v", key, err)
		}
		body, err := io.ReadAll(out.Body)
		if err != nil || string(body) != "content" || *out.SSEKMSKeyId != k {
			t.Errorf("%q: %q, %v", key, body, err)
		}
		if err := out.Body.Close(); err != nil {
			t.Error(err)
		}
	}
	if _, err := w.admin.kms.DisableKey(ctx, &sdkkms.DisableKeyInput{KeyId: &k}); err != nil {
		t.Fatal(err)
	}
	_, err := w.admin.s3.GetObject(ctx, &sdks3.GetObjectInput{Bucket: bucket, Key: awssdk.String("plain")})
	wantCode(t, err, "KMS.DisabledException")
	status, _, answer := w.send("", http.MethodGet, "/stage/plain", "", nil)
	if status != http.StatusForbidden || !strings.Contains(answer, "<Code>AccessDenied</Code>") {
		t.Errorf("unsigned: %d %s", status, answer)
	}
}

// TestLog: one line for each request, and in none of them a key, secret, token, password or signature.
func TestLog(t *testing.T) {
	t.Parallel()
	var lines bytes.Buffer
	handler := slog.NewTextHandler(&lines, &slog.HandlerOptions{Level: slog.LevelDebug})
	w := newWorld(t, func(o *aws.Options) { o.Log, o.Fleet = slog.New(handler), &fleet{} })
	ctx := t.Context()
	session := w.adminOf(second)
	identity(t, session)
	if _, err := w.admin.redshift.CreateCluster(ctx, newCluster("one")); err != nil {
		t.Fatal(err)
	}
	k := w.newKey(w.admin)
	if _, err := w.admin.kms.Encrypt(ctx, &sdkkms.EncryptInput{KeyId: &k, Plaintext: []byte("canary-plaintext")}); err != nil {
		t.Fatal(err)
	}
	presigned, err := sdks3.NewPresignClient(session.s3).PresignGetObject(ctx, &sdks3.GetObjectInput{Bucket: awssdk.String("b"), Key: awssdk.String("k")})
	if err != nil {
		t.Fatal(err)
	}
	_, query, _ := strings.Cut(presigned.URL, "?")
	w.send("", http.MethodGet, "/b/k?"+query, "", nil)

	text := lines.String()
	for _, want := range []string{"operation=sts:AssumeRole", "operation=sts:GetCallerIdentity", "operation=redshift:CreateCluster", "operation=kms:CreateKey", "operation=kms:Encrypt", "operation=s3:GetObject"} {
		if strings.Count(text, want+" ") != 1 {
			t.Errorf("%d lines for %s", strings.Count(text, want+" "), want)
		}
	}
	for name, secret := range map[string]string{
		"secret": w.admin.creds.SecretAccessKey, "session secret": session.creds.SecretAccessKey, "token": session.creds.SessionToken[:40],
		"password": "Secret123", "plaintext": "canary", "signature": "Signature", "credential": "Credential",
	} {
		if strings.Contains(text, secret) {
			t.Errorf("the log holds a %s", name)
		}
	}
}
