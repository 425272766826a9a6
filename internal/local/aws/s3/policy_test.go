package s3_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	s3sdk "github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/sealift/sealift/internal/local/aws/s3"
)

// The policy of a staging bucket: SSE-KMS under one key, over TLS, or nothing.
//
//standin:imitates S3: bucket policies that demand SSE-KMS under one key and TLS | S3 user guide UsingKMSEncryption
func TestStagingPolicy(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.bucket("corp-stage")
	arn, other := w.key(), w.key()
	w.policy(b,
		`{"Sid":"SSEKMS","Effect":"Deny","Principal":"*","Action":"s3:PutObject","Resource":"arn:aws:s3:::corp-stage/*",
		  "Condition":{"StringNotEquals":{"s3:x-amz-server-side-encryption":"aws:kms"}}}`,
		`{"Sid":"Key","Effect":"Deny","Principal":"*","Action":"s3:PutObject","Resource":"arn:aws:s3:::corp-stage/*",
		  "Condition":{"StringNotEquals":{"s3:x-amz-server-side-encryption-aws-kms-key-id":"`+arn+`"}}}`,
		`{"Sid":"TLS","Effect":"Deny","Principal":"*","Action":"s3:*","Resource":["arn:aws:s3:::corp-stage","arn:aws:s3:::corp-stage/*"],
		  "Condition":{"Bool":{"aws:SecureTransport":"false"}}}`,
		`{"Sid":"Version","Effect":"Deny","Principal":"*","Action":"s3:*","Resource":["arn:aws:s3:::corp-stage","arn:aws:s3:::corp-stage/*"],
		  "Condition":{"NumericLessThan":{"s3:TlsVersion":"1.2"}}}`,
		`{"Sid":"Signature","Effect":"Deny","Principal":"*","Action":"s3:*","Resource":["arn:aws:s3:::corp-stage","arn:aws:s3:::corp-stage/*"],
		  "Condition":{"StringNotEquals":{"s3:signatureversion":"AWS4-HMAC-SHA256"}}}`)
	put := func(client *s3sdk.Client, change ...func(*s3sdk.PutObjectInput)) error {
		in := &s3sdk.PutObjectInput{Bucket: &b, Key: awssdk.String("k"), Body: strings.NewReader("content")}
		for _, f := range change {
			f(in)
		}
		_, err := client.PutObject(t.Context(), in)
		return err
	}
	id := arn[strings.LastIndex(arn, "/")+1:]
	wantCode(t, "under the key", put(w.s3(), underKey(arn)), "200")
	wantCode(t, "under the key by its id", put(w.s3(), underKey(id)), "200")
	err := put(w.s3())
	wantCode(t, "without a header", err, "403 AccessDenied")
	if !strings.Contains(fmt.Sprint(err), `is not authorized to perform: s3:PutObject on resource: "arn:aws:s3:::corp-stage/k" with an explicit deny in a resource-based policy`) {
		t.Errorf("the refusal says: %v", err)
	}
	wantCode(t, "SSE-S3", put(w.s3(), func(in *s3sdk.PutObjectInput) { in.ServerSideEncryption = "AES256" }), "403 AccessDenied")
	wantCode(t, "another key", put(w.s3(), underKey(other)), "403 AccessDenied")
	wantCode(t, "no key's name", put(w.s3(), func(in *s3sdk.PutObjectInput) { in.ServerSideEncryption = "aws:kms" }), "403 AccessDenied")
	wantCode(t, "a customer key", put(w.s3(), underCustomerKey([]byte(strings.Repeat("k", 32)))), "403 AccessDenied")
	clear := s3sdk.NewFromConfig(w.config(w.access, w.plain.URL), pathStyle)
	wantCode(t, "without TLS", put(clear, underKey(arn)), "403 AccessDenied")
	_, err = clear.GetObject(t.Context(), &s3sdk.GetObjectInput{Bucket: &b, Key: awssdk.String("k")})
	wantCode(t, "get without TLS", err, "403 AccessDenied")
	_, err = w.s3().CreateMultipartUpload(t.Context(), &s3sdk.CreateMultipartUploadInput{Bucket: &b, Key: awssdk.String("k")})
	wantCode(t, "an upload without a header", err, "403 AccessDenied")
	_, err = w.s3().CopyObject(t.Context(), &s3sdk.CopyObjectInput{Bucket: &b, Key: awssdk.String("l"), CopySource: awssdk.String(b + "/k")})
	wantCode(t, "a copy without a header", err, "403 AccessDenied")
	upload(t, w, b, "parts", underKeyUpload(arn), "x")
	if got := w.get(b, "parts"); got != "x" {
		t.Errorf("parts: %q", got)
	}
}

// A statement is about the keys, prefixes, tags and versions that it names.
//
//standin:imitates S3: condition keys of bucket policies | S3 user guide amazon-s3-policy-keys
func TestPolicyConditions(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.bucket("corp-stage")
	w.versioned(b, s3types.BucketVersioningStatusEnabled)
	version := w.put(b, "tagged", "content", func(in *s3sdk.PutObjectInput) { in.Tagging = awssdk.String("class=public") }).VersionId
	w.put(b, "secret", "content", func(in *s3sdk.PutObjectInput) { in.Tagging = awssdk.String("class=secret") })
	w.put(b, "run/1", "content")
	client := w.s3As(w.user("u",
		`{"Effect":"Allow","Action":"s3:ListBucket","Resource":"arn:aws:s3:::corp-stage","Condition":{"StringLike":{"s3:prefix":"run/*"},"NumericLessThanEquals":{"s3:max-keys":"10"}}}`,
		`{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::corp-stage/*","Condition":{"StringEquals":{"s3:ExistingObjectTag/class":"public"}}}`,
		`{"Effect":"Allow","Action":["s3:PutObject","s3:PutObjectTagging"],"Resource":"arn:aws:s3:::corp-stage/own/*","Condition":{"StringEqualsIfExists":{"s3:RequestObjectTag/class":"public","s3:if-none-match":"*"}}}`,
		`{"Effect":"Allow","Action":"s3:DeleteObject","Resource":"arn:aws:s3:::corp-stage/own/*"}`))
	list := func(prefix string, size int32) error {
		_, err := client.ListObjectsV2(t.Context(), &s3sdk.ListObjectsV2Input{Bucket: &b, Prefix: &prefix, MaxKeys: &size})
		return err
	}
	wantCode(t, "list the prefix", list("run/", 10), "200")
	wantCode(t, "list all", list("", 10), "403 AccessDenied")
	wantCode(t, "list too many", list("run/", 11), "403 AccessDenied")
	get := func(key string, version *string) error {
		_, err := client.GetObject(t.Context(), &s3sdk.GetObjectInput{Bucket: &b, Key: &key, VersionId: version})
		return err
	}
	wantCode(t, "get by tag", get("tagged", nil), "200")
	wantCode(t, "get by another tag", get("secret", nil), "403 AccessDenied")
	wantCode(t, "get without a tag", get("run/1", nil), "403 AccessDenied")
	wantCode(t, "get a version", get("tagged", version), "403 AccessDenied")
	put := func(key, tags string) error {
		in := &s3sdk.PutObjectInput{Bucket: &b, Key: &key, Body: strings.NewReader("x")}
		if tags != "" {
			in.Tagging = &tags
		}
		_, err := client.PutObject(t.Context(), in)
		return err
	}
	wantCode(t, "put", put("own/k", ""), "200")
	wantCode(t, "put elsewhere", put("k", ""), "403 AccessDenied")
	wantCode(t, "put with a tag", put("own/k", "class=public"), "200")
	wantCode(t, "put with another tag", put("own/k", "class=secret"), "403 AccessDenied")
	_, err := client.DeleteObject(t.Context(), &s3sdk.DeleteObjectInput{Bucket: &b, Key: awssdk.String("own/k")})
	wantCode(t, "delete", err, "200")
	_, err = client.DeleteObject(t.Context(), &s3sdk.DeleteObjectInput{Bucket: &b, Key: awssdk.String("own/k"), VersionId: version})
	wantCode(t, "delete a version", err, "403 AccessDenied")
	out, err := client.DeleteObjects(t.Context(), &s3sdk.DeleteObjectsInput{Bucket: &b, Delete: &s3types.Delete{Objects: []s3types.ObjectIdentifier{
		{Key: awssdk.String("own/k")}, {Key: awssdk.String("tagged")},
	}}})
	if err != nil || len(out.Deleted) != 1 || len(out.Errors) != 1 || *out.Errors[0].Code != "AccessDenied" {
		t.Errorf("delete two: %s, %v", toJSON(t, out), err)
	}
}

// A policy can tell how a request was signed, and how long ago.
//
//standin:imitates S3: conditions on the signature and its age | S3 API reference bucket-policy-s3-sigv4-conditions
func TestSignatureConditions(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.bucket("corp-stage")
	w.put(b, "k", "content")
	get := func() int {
		t.Helper()
		u, err := s3sdk.NewPresignClient(w.s3()).PresignGetObject(t.Context(), &s3sdk.GetObjectInput{Bucket: &b, Key: awssdk.String("k")})
		if err != nil {
			t.Fatal(err)
		}
		status, _ := w.fetch(u.URL)
		return status
	}
	deny := func(condition string) {
		t.Helper()
		w.policy(b, `{"Effect":"Deny","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::corp-stage/*","Condition":`+condition+`}`)
	}
	deny(`{"StringEquals":{"s3:authType":"REST-QUERY-STRING"}}`)
	if status := get(); status != http.StatusForbidden {
		t.Errorf("a URL where URLs are denied: %d", status)
	}
	if got := w.get(b, "k"); got != "content" {
		t.Errorf("a header where URLs are denied: %q", got)
	}
	deny(`{"NumericGreaterThan":{"s3:signatureAge":"600000"}}`)
	if status := get(); status != http.StatusOK {
		t.Errorf("a fresh URL: %d", status)
	}
	deny(`{"NumericLessThan":{"s3:signatureAge":"600000"}}`)
	if status := get(); status != http.StatusForbidden {
		t.Errorf("a fresh URL where such are denied: %d", status)
	}
}

// Who may not list the bucket does not learn whether an object exists.
//
//standin:imitates S3: 403 in place of 404 for those who may not list | API model s3 GetObject
func TestMissingObjectIsHidden(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.bucket("corp-stage")
	blind := w.s3As(w.user("blind", `{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}`))
	_, err := blind.GetObject(t.Context(), &s3sdk.GetObjectInput{Bucket: &b, Key: awssdk.String("k")})
	wantCode(t, "without s3:ListBucket", err, "403 AccessDenied")
	_, err = w.s3().GetObject(t.Context(), &s3sdk.GetObjectInput{Bucket: &b, Key: awssdk.String("k")})
	wantCode(t, "with s3:ListBucket", err, "404 NoSuchKey")
}

// Across accounts both sides must allow; within one, either may.
//
//standin:imitates S3: ExpectedBucketOwner, and accounts that share a bucket | S3 user guide bucket-owner-condition
func TestAccounts(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.bucket("corp-stage")
	w.put(b, "k", "content")
	get := func(client *s3sdk.Client) error {
		_, err := client.GetObject(t.Context(), &s3sdk.GetObjectInput{Bucket: &b, Key: awssdk.String("k")})
		return err
	}
	stranger := w.s3As(w.second())
	nobody := w.s3As(w.user("nobody"))
	wantCode(t, "a stranger", get(stranger), "403 AccessDenied")
	wantCode(t, "a user without rights", get(nobody), "403 AccessDenied")
	w.policy(b, `{"Effect":"Allow","Principal":{"AWS":["arn:aws:iam::`+second+`:root","arn:aws:iam::`+first+`:user/nobody"]},"Action":"s3:GetObject","Resource":"arn:aws:s3:::corp-stage/*"}`)
	wantCode(t, "a stranger, allowed by the bucket", get(stranger), "200")
	wantCode(t, "a user, allowed by the bucket", get(nobody), "200")

	_, err := stranger.CreateBucket(t.Context(), &s3sdk.CreateBucketInput{
		Bucket: &b, CreateBucketConfiguration: &s3types.CreateBucketConfiguration{LocationConstraint: region},
	})
	wantCode(t, "a name that another account has", err, "409 BucketAlreadyExists")
	_, err = w.s3().CreateBucket(t.Context(), &s3sdk.CreateBucketInput{
		Bucket: &b, CreateBucketConfiguration: &s3types.CreateBucketConfiguration{LocationConstraint: region},
	})
	wantCode(t, "a name that one has oneself", err, "409 BucketAlreadyOwnedByYou")

	_, err = w.s3().PutObject(t.Context(), &s3sdk.PutObjectInput{
		Bucket: &b, Key: awssdk.String("k"), Body: strings.NewReader("x"), ExpectedBucketOwner: awssdk.String(second),
	})
	wantCode(t, "another owner than expected", err, "403 AccessDenied")
	_, err = w.s3().HeadBucket(t.Context(), &s3sdk.HeadBucketInput{Bucket: &b, ExpectedBucketOwner: awssdk.String(first)})
	wantCode(t, "the expected owner", err, "200")
	for account, want := range map[string]string{first: "NoSuchKey", second: "AccessDenied"} {
		if _, err := w.admin().Expect(account).HeadObject(t.Context(), s3.GetInput{Bucket: b, Key: "none"}); s3.Error(err).Code != want {
			t.Errorf("a warehouse that expects %s: %v", account, err)
		}
	}
	list, err := stranger.ListBuckets(t.Context(), &s3sdk.ListBucketsInput{})
	if err != nil || len(list.Buckets) != 0 {
		t.Errorf("a stranger's buckets: %s, %v", toJSON(t, list), err)
	}
}

//standin:imitates S3: anonymous requests, and block public access | S3 user guide access-control-block-public-access
func TestAnonymous(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.bucket("corp-stage")
	w.put(b, "public/k", "content")
	get := func(path string) (int, string) { return w.fetch(w.tls.URL + path) }
	if status, text := get("/corp-stage/public/k"); status != http.StatusForbidden {
		t.Errorf("%d %s", status, text)
	}
	public := `{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::corp-stage/public/*"}`
	_, err := w.s3().PutBucketPolicy(t.Context(), &s3sdk.PutBucketPolicyInput{Bucket: &b, Policy: awssdk.String(document(public))})
	wantCode(t, "a public policy", err, "403 AccessDenied")
	block := func(restrict bool) {
		t.Helper()
		_, err := w.s3().PutPublicAccessBlock(t.Context(), &s3sdk.PutPublicAccessBlockInput{
			Bucket: &b, PublicAccessBlockConfiguration: &s3types.PublicAccessBlockConfiguration{RestrictPublicBuckets: &restrict},
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	block(false)
	w.policy(b, public)
	if status, text := get("/corp-stage/public/k"); status != http.StatusOK || text != "content" {
		t.Errorf("allowed: %d %s", status, text)
	}
	if status, text := get("/corp-stage/private"); status != http.StatusForbidden {
		t.Errorf("not allowed: %d %s", status, text)
	}
	if status, text := get("/"); status != http.StatusForbidden {
		t.Errorf("buckets: %d %s", status, text)
	}
	block(true)
	if status, text := get("/corp-stage/public/k"); status != http.StatusForbidden {
		t.Errorf("restricted: %d %s", status, text)
	}
	status, err := w.s3().GetBucketPolicyStatus(t.Context(), &s3sdk.GetBucketPolicyStatusInput{Bucket: &b})
	if err != nil || !*status.PolicyStatus.IsPublic {
		t.Errorf("status: %s, %v", toJSON(t, status), err)
	}
}

//standin:imitates S3: bucket policies that are none | S3 user guide example-bucket-policies
func TestPolicyMistakes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.bucket("corp-stage")
	for what, c := range map[string]struct{ text, want string }{
		"no JSON":           {`Version: 2012-10-17`, "400 MalformedPolicy"},
		"no statement":      {`{"Version":"2012-10-17"}`, "400 MalformedPolicy"},
		"no principal":      {document(`{"Effect":"Deny","Action":"s3:GetObject","Resource":"arn:aws:s3:::corp-stage/*"}`), "400 MalformedPolicy"},
		"another bucket":    {document(`{"Effect":"Deny","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::corp-other/*"}`), "400 MalformedPolicy"},
		"a longer name":     {document(`{"Effect":"Deny","Principal":"*","Action":"s3:ListBucket","Resource":"arn:aws:s3:::corp-stage2"}`), "400 MalformedPolicy"},
		"objects' action":   {document(`{"Effect":"Deny","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::corp-stage"}`), "400 MalformedPolicy"},
		"bucket's action":   {document(`{"Effect":"Deny","Principal":"*","Action":"s3:ListBucket","Resource":"arn:aws:s3:::corp-stage/*"}`), "400 MalformedPolicy"},
		"another service":   {document(`{"Effect":"Deny","Principal":"*","Action":"kms:Decrypt","Resource":"arn:aws:s3:::corp-stage/*"}`), "400 MalformedPolicy"},
		"nobody's account":  {document(`{"Effect":"Deny","Principal":{"AWS":"arn:aws:iam::999999999999:root"},"Action":"s3:GetObject","Resource":"arn:aws:s3:::corp-stage/*"}`), "400 MalformedPolicy"},
		"nobody's user":     {document(`{"Effect":"Deny","Principal":{"AWS":"arn:aws:iam::111111111111:user/none"},"Action":"s3:GetObject","Resource":"arn:aws:s3:::corp-stage/*"}`), "400 MalformedPolicy"},
		"unknown condition": {document(`{"Effect":"Deny","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::corp-stage/*","Condition":{"Sounds":{"aws:SourceIp":"x"}}}`), "400 MalformedPolicy"},
		"too long":          {document(`{"Sid":"` + strings.Repeat("x", 21<<10) + `","Effect":"Deny","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::corp-stage/*"}`), "400 PolicyTooLarge"},
		"pattern of names":  {document(`{"Effect":"Deny","Principal":"*","Action":["s3:GetObject","s3:ListBucket"],"Resource":"arn:aws:s3:::corp-*"}`), "200"},
		"everything of s3":  {document(`{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":["arn:aws:s3:::corp-stage/*"],"Condition":{"Bool":{"aws:SecureTransport":"false"}}}`), "200"},
	} {
		_, err := w.s3().PutBucketPolicy(t.Context(), &s3sdk.PutBucketPolicyInput{Bucket: &b, Policy: &c.text})
		wantCode(t, what, err, c.want)
		if _, err := w.s3().DeleteBucketPolicy(t.Context(), &s3sdk.DeleteBucketPolicyInput{Bucket: &b}); err != nil {
			t.Fatal(err)
		}
	}
	_, err := w.s3().GetBucketPolicy(t.Context(), &s3sdk.GetBucketPolicyInput{Bucket: &b})
	wantCode(t, "no policy", err, "404 NoSuchBucketPolicy")
}
