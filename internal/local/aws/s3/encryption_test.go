package s3_test

import (
	"bytes"
	"crypto/md5"
	"encoding/base64"
	"fmt"
	"strings"
	"testing"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	kmssdk "github.com/aws/aws-sdk-go-v2/service/kms"
	s3sdk "github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

const canary = "CANARY-4f1c2b: no byte of this may be on disk"

// Whatever the encryption, nothing of the content is on disk in clear.
func TestNothingInClear(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.bucket("corp-stage")
	customer := bytes.Repeat([]byte("k"), 32)
	w.put(b, "sse-s3", canary)
	w.put(b, "sse-kms", canary, underKey(w.key()))
	w.put(b, "sse-c", canary, underCustomerKey(customer))
	big := strings.Repeat(canary, 5<<20/len(canary)+1)
	upload(t, w, b, "parts", underKeyUpload(w.key()), big, canary)
	if w.onDisk("CANARY") {
		t.Error("content is on disk in clear")
	}
	if w.onDisk(string(customer)) {
		t.Error("the customer's key is on disk")
	}
	if got := w.get(b, "parts"); got != big+canary {
		t.Errorf("parts: %d bytes", len(got))
	}
}

func underCustomerKey(key []byte) func(*s3sdk.PutObjectInput) {
	return func(in *s3sdk.PutObjectInput) {
		in.SSECustomerAlgorithm, in.SSECustomerKey, in.SSECustomerKeyMD5 = customerHeaders(key)
	}
}

func customerHeaders(key []byte) (algorithm, text, sum *string) {
	digest := md5.Sum(key)
	return awssdk.String("AES256"), awssdk.String(base64.StdEncoding.EncodeToString(key)), awssdk.String(base64.StdEncoding.EncodeToString(digest[:]))
}

//standin:imitates S3: SSE-KMS, and its encryption context with and without a Bucket Key | S3 user guide UsingKMSEncryption
func TestKMSHeaders(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.bucket("corp-stage")
	arn := w.key()
	id := arn[strings.LastIndex(arn, "/")+1:]
	if _, err := w.kms().CreateAlias(t.Context(), &kmssdk.CreateAliasInput{AliasName: awssdk.String("alias/stage"), TargetKeyId: &arn}); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{arn, id, "alias/stage", "arn:aws:kms:" + region + ":" + first + ":alias/stage"} {
		out := w.put(b, "k", "content", underKey(name))
		if awssdk.ToString(out.SSEKMSKeyId) != arn || out.ServerSideEncryption != s3types.ServerSideEncryptionAwsKms {
			t.Errorf("under %s: %s", name, toJSON(t, out))
		}
		sum := md5.Sum([]byte("content"))
		if strings.Contains(*out.ETag, fmt.Sprintf("%x", sum)) {
			t.Errorf("under %s: the ETag is the content's MD5", name)
		}
	}
	head, err := w.s3().HeadObject(t.Context(), &s3sdk.HeadObjectInput{Bucket: &b, Key: awssdk.String("k")})
	if err != nil || *head.SSEKMSKeyId != arn || head.BucketKeyEnabled != nil {
		t.Errorf("head: %s, %v", toJSON(t, head), err)
	}
	managed := w.put(b, "managed", "content", func(in *s3sdk.PutObjectInput) { in.ServerSideEncryption = s3types.ServerSideEncryptionAwsKms })
	key, err := w.kms().DescribeKey(t.Context(), &kmssdk.DescribeKeyInput{KeyId: managed.SSEKMSKeyId})
	if err != nil || key.KeyMetadata.KeyManager != "AWS" {
		t.Errorf("aws:kms without a key: %s, %v", toJSON(t, key), err)
	}
	refused := func(what string, change func(in *s3sdk.PutObjectInput), want string) {
		in := &s3sdk.PutObjectInput{Bucket: &b, Key: awssdk.String("k"), Body: strings.NewReader("x")}
		change(in)
		_, err := w.s3().PutObject(t.Context(), in)
		wantCode(t, what, err, want)
	}
	refused("dsse", func(in *s3sdk.PutObjectInput) { in.ServerSideEncryption = s3types.ServerSideEncryptionAwsKmsDsse }, "501 NotImplemented")
	refused("a key with AES256", func(in *s3sdk.PutObjectInput) {
		in.ServerSideEncryption, in.SSEKMSKeyId = s3types.ServerSideEncryptionAes256, &arn
	}, "400 InvalidArgument")
	refused("a key with nothing", func(in *s3sdk.PutObjectInput) { in.SSEKMSKeyId = &arn }, "400 InvalidArgument")
	refused("an algorithm", func(in *s3sdk.PutObjectInput) { in.ServerSideEncryption = "ROT13" }, "400 InvalidArgument")
	refused("no key of that id", underKey("11111111-2222-3333-4444-555555555555"), "400 KMS.NotFoundException")
	refused("no key of that alias", underKey("alias/none"), "400 KMS.NotFoundException")
	refused("a key of another region", underKey("arn:aws:kms:us-east-1:"+first+":key/"+id), "400 KMS.NotFoundException")
	refused("a context that is none", func(in *s3sdk.PutObjectInput) {
		underKey(arn)(in)
		in.SSEKMSEncryptionContext = awssdk.String("e30")
	}, "400 InvalidArgument")
	refused("a short customer key", underCustomerKey([]byte("short")), "400 InvalidArgument")
	refused("a customer key with KMS", func(in *s3sdk.PutObjectInput) {
		underKey(arn)(in)
		underCustomerKey(bytes.Repeat([]byte("k"), 32))(in)
	}, "400 InvalidArgument")

	// Reads choose no encryption: such a header is a mistake.
	_, err = w.s3().GetObject(t.Context(), &s3sdk.GetObjectInput{Bucket: &b, Key: awssdk.String("k")},
		s3sdk.WithAPIOptions(smithyhttp.AddHeaderValue("x-amz-server-side-encryption", "aws:kms")))
	wantCode(t, "get with an encryption header", err, "400 InvalidArgument")

	for _, disable := range []bool{true, false} {
		if disable {
			_, err = w.kms().DisableKey(t.Context(), &kmssdk.DisableKeyInput{KeyId: &arn})
		} else {
			if _, err = w.kms().EnableKey(t.Context(), &kmssdk.EnableKeyInput{KeyId: &arn}); err == nil {
				_, err = w.kms().ScheduleKeyDeletion(t.Context(), &kmssdk.ScheduleKeyDeletionInput{KeyId: &arn})
			}
		}
		if err != nil {
			t.Fatal(err)
		}
		want := "400 KMS.DisabledException"
		if !disable {
			want = "400 KMS.KMSInvalidStateException"
		}
		_, err = w.s3().GetObject(t.Context(), &s3sdk.GetObjectInput{Bucket: &b, Key: awssdk.String("k")})
		wantCode(t, "get under a key that is off", err, want)
		refused("put under a key that is off", underKey(arn), want)
		_, err = w.s3().HeadObject(t.Context(), &s3sdk.HeadObjectInput{Bucket: &b, Key: awssdk.String("k")})
		wantCode(t, "head under a key that is off", err, "200")
	}
}

// SSE-KMS and SSE-C work only over TLS, and only for signed requests.
//
//standin:imitates S3: SSE-KMS only over TLS and signed | S3 user guide UsingKMSEncryption
func TestSecureOnly(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.bucket("corp-stage")
	w.put(b, "kms", "content", underKey(w.key()))
	w.put(b, "plain", "content")
	clear := s3sdk.NewFromConfig(w.config(w.access, w.plain.URL), pathStyle)
	_, err := clear.GetObject(t.Context(), &s3sdk.GetObjectInput{Bucket: &b, Key: awssdk.String("plain")})
	wantCode(t, "SSE-S3 over http", err, "200")
	_, err = clear.GetObject(t.Context(), &s3sdk.GetObjectInput{Bucket: &b, Key: awssdk.String("kms")})
	wantCode(t, "SSE-KMS over http", err, "400 InvalidRequest")
	in := &s3sdk.PutObjectInput{Bucket: &b, Key: awssdk.String("k"), Body: strings.NewReader("x")}
	underKey("alias/aws/s3")(in)
	_, err = clear.PutObject(t.Context(), in)
	wantCode(t, "put SSE-KMS over http", err, "400 InvalidRequest")
	in = &s3sdk.PutObjectInput{Bucket: &b, Key: awssdk.String("k"), Body: strings.NewReader("x")}
	underCustomerKey(bytes.Repeat([]byte("k"), 32))(in)
	_, err = clear.PutObject(t.Context(), in)
	wantCode(t, "put SSE-C over http", err, "400 InvalidRequest")
}

//standin:imitates S3: SSE-C, and blocking it | S3 user guide ServerSideEncryptionCustomerKeys
func TestCustomerKey(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.bucket("corp-stage")
	key, other := bytes.Repeat([]byte("k"), 32), bytes.Repeat([]byte("o"), 32)
	out := w.put(b, "k", "content", underCustomerKey(key))
	if out.ServerSideEncryption != "" || awssdk.ToString(out.SSECustomerAlgorithm) != "AES256" {
		t.Errorf("put: %s", toJSON(t, out))
	}
	read := func(name string, key []byte) (string, error) {
		in := &s3sdk.GetObjectInput{Bucket: &b, Key: &name}
		if key != nil {
			in.SSECustomerAlgorithm, in.SSECustomerKey, in.SSECustomerKeyMD5 = customerHeaders(key)
		}
		out, err := w.s3().GetObject(t.Context(), in)
		if err != nil {
			return "", err
		}
		return readAll(t, out.Body), nil
	}
	if got, err := read("k", key); err != nil || got != "content" {
		t.Errorf("with the key: %q, %v", got, err)
	}
	_, err := read("k", nil)
	wantCode(t, "without the key", err, "400 InvalidRequest")
	_, err = read("k", other)
	wantCode(t, "with another key", err, "403 AccessDenied")
	w.put(b, "plain", "content")
	_, err = read("plain", key)
	wantCode(t, "a key for a plain object", err, "400 InvalidRequest")
	_, err = w.s3().HeadObject(t.Context(), &s3sdk.HeadObjectInput{Bucket: &b, Key: awssdk.String("k")})
	wantCode(t, "head without the key", err, "400 BadRequest")
	algorithm, text, _ := customerHeaders(key)
	_, _, wrong := customerHeaders(other)
	_, err = w.s3().GetObject(t.Context(), &s3sdk.GetObjectInput{Bucket: &b, Key: awssdk.String("k"), SSECustomerAlgorithm: algorithm, SSECustomerKey: text, SSECustomerKeyMD5: wrong})
	wantCode(t, "with a wrong MD5", err, "400 InvalidArgument")

	_, err = w.s3().PutBucketEncryption(t.Context(), &s3sdk.PutBucketEncryptionInput{
		Bucket: &b, ServerSideEncryptionConfiguration: &s3types.ServerSideEncryptionConfiguration{Rules: []s3types.ServerSideEncryptionRule{{
			BlockedEncryptionTypes: &s3types.BlockedEncryptionTypes{EncryptionType: []s3types.EncryptionType{"SSE-C"}},
		}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	in := &s3sdk.PutObjectInput{Bucket: &b, Key: awssdk.String("k"), Body: strings.NewReader("x")}
	underCustomerKey(key)(in)
	_, err = w.s3().PutObject(t.Context(), in)
	wantCode(t, "where SSE-C is blocked", err, "403 AccessDenied")
}

// The bucket's default counts for requests without headers, and the Bucket Key changes the encryption context, which a
// key policy can see.
//
//standin:imitates S3: default encryption and Bucket Keys | S3 user guide bucket-encryption
func TestBucketDefault(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.bucket("corp-stage")
	arn := w.key()
	setDefault := func(bucketKey bool) {
		t.Helper()
		_, err := w.s3().PutBucketEncryption(t.Context(), &s3sdk.PutBucketEncryptionInput{
			Bucket: &b, ServerSideEncryptionConfiguration: &s3types.ServerSideEncryptionConfiguration{Rules: []s3types.ServerSideEncryptionRule{{
				ApplyServerSideEncryptionByDefault: &s3types.ServerSideEncryptionByDefault{SSEAlgorithm: s3types.ServerSideEncryptionAwsKms, KMSMasterKeyID: &arn},
				BucketKeyEnabled:                   &bucketKey,
			}}},
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	pinned := func(context string) {
		t.Helper()
		statement := fmt.Sprintf(`{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::%s:root"},"Action":"kms:*","Resource":"*"},`+
			`{"Effect":"Deny","Principal":"*","Action":["kms:GenerateDataKey","kms:Decrypt"],"Resource":"*",`+
			`"Condition":{"StringNotEquals":{"kms:EncryptionContext:aws:s3:arn":%q}}},`+
			`{"Effect":"Deny","Principal":"*","Action":["kms:GenerateDataKey","kms:Decrypt"],"Resource":"*",`+
			`"Condition":{"StringNotEquals":{"kms:ViaService":"s3.%s.amazonaws.com"}}}`, first, context, region)
		_, err := w.kms().PutKeyPolicy(t.Context(), &kmssdk.PutKeyPolicyInput{KeyId: &arn, Policy: awssdk.String(document(statement))})
		if err != nil {
			t.Fatal(err)
		}
	}
	put := func(change ...func(*s3sdk.PutObjectInput)) (*s3sdk.PutObjectOutput, error) {
		in := &s3sdk.PutObjectInput{Bucket: &b, Key: awssdk.String("k"), Body: strings.NewReader("content")}
		for _, f := range change {
			f(in)
		}
		return w.s3().PutObject(t.Context(), in)
	}
	setDefault(false)
	pinned("arn:aws:s3:::corp-stage/k")
	out, err := put()
	if err != nil || awssdk.ToString(out.SSEKMSKeyId) != arn || out.BucketKeyEnabled != nil {
		t.Errorf("default: %s, %v", toJSON(t, out), err)
	}
	if got := w.get(b, "k"); got != "content" {
		t.Errorf("got %q", got)
	}
	setDefault(true)
	_, err = put()
	wantCode(t, "the object's ARN is not the context of a Bucket Key", err, "403 AccessDenied")
	pinned("arn:aws:s3:::corp-stage")
	out, err = put()
	if err != nil || !awssdk.ToBool(out.BucketKeyEnabled) {
		t.Errorf("Bucket Key: %s, %v", toJSON(t, out), err)
	}
	if got := w.get(b, "k"); got != "content" {
		t.Errorf("got %q", got)
	}
	_, err = put(func(in *s3sdk.PutObjectInput) {
		underKey(arn)(in)
		in.BucketKeyEnabled = awssdk.Bool(false)
	})
	wantCode(t, "a request that overrides the Bucket Key", err, "403 AccessDenied")
	out, err = put(func(in *s3sdk.PutObjectInput) { in.ServerSideEncryption = s3types.ServerSideEncryptionAes256 })
	if err != nil || out.SSEKMSKeyId != nil {
		t.Errorf("a request that overrides the default: %s, %v", toJSON(t, out), err)
	}
	got, err := w.s3().GetBucketEncryption(t.Context(), &s3sdk.GetBucketEncryptionInput{Bucket: &b})
	if err != nil || *got.ServerSideEncryptionConfiguration.Rules[0].ApplyServerSideEncryptionByDefault.KMSMasterKeyID != arn {
		t.Errorf("read back: %s, %v", toJSON(t, got), err)
	}
	if _, err := w.s3().DeleteBucketEncryption(t.Context(), &s3sdk.DeleteBucketEncryptionInput{Bucket: &b}); err != nil {
		t.Fatal(err)
	}
	out, err = put()
	if err != nil || out.ServerSideEncryption != s3types.ServerSideEncryptionAes256 {
		t.Errorf("after the default was deleted: %s, %v", toJSON(t, out), err)
	}
}

// A caller needs kms:GenerateDataKey to write, kms:Decrypt to read, and both for a multipart upload.
//
//standin:imitates S3: what each request needs of the KMS key | S3 user guide UsingKMSEncryption
func TestKMSPermissions(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.bucket("corp-stage")
	arn := w.key()
	const s3Rights = `{"Effect":"Allow","Action":"s3:*","Resource":"*"}`
	kmsRights := func(action string) string {
		return `{"Effect":"Allow","Action":"` + action + `","Resource":"` + arn + `"}`
	}
	writer := w.s3As(w.user("writer", s3Rights, kmsRights("kms:GenerateDataKey")))
	reader := w.s3As(w.user("reader", s3Rights, kmsRights("kms:Decrypt")))
	put := func(client *s3sdk.Client) error {
		in := &s3sdk.PutObjectInput{Bucket: &b, Key: awssdk.String("k"), Body: strings.NewReader("content")}
		underKey(arn)(in)
		_, err := client.PutObject(t.Context(), in)
		return err
	}
	get := func(client *s3sdk.Client) error {
		out, err := client.GetObject(t.Context(), &s3sdk.GetObjectInput{Bucket: &b, Key: awssdk.String("k")})
		if err == nil {
			readAll(t, out.Body)
		}
		return err
	}
	wantCode(t, "the writer writes", put(writer), "200")
	wantCode(t, "the reader writes", put(reader), "403 AccessDenied")
	wantCode(t, "the reader reads", get(reader), "200")
	err := get(writer)
	wantCode(t, "the writer reads", err, "403 AccessDenied")
	if !strings.Contains(fmt.Sprint(err), "is not authorized to perform: kms:Decrypt on resource: "+arn) {
		t.Errorf("the refusal says: %v", err)
	}
	in := &s3sdk.CreateMultipartUploadInput{Bucket: &b, Key: awssdk.String("parts")}
	underKeyUpload(arn)(in)
	up, err := writer.CreateMultipartUpload(t.Context(), in)
	wantCode(t, "the writer begins an upload", err, "200")
	_, err = writer.UploadPart(t.Context(), &s3sdk.UploadPartInput{
		Bucket: &b, Key: awssdk.String("parts"), UploadId: up.UploadId, PartNumber: awssdk.Int32(1), Body: strings.NewReader("x"),
	})
	wantCode(t, "the writer uploads a part", err, "403 AccessDenied")
	// The content's way through Sealift crosses accounts: the other account's administrator has rights in its own
	// account, and that is not enough.
	stranger := w.s3As(w.second())
	w.policy(b, `{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::`+second+`:root"},"Action":["s3:GetObject","s3:PutObject"],"Resource":"arn:aws:s3:::`+b+`/*"}`)
	wantCode(t, "a stranger to the key reads", get(stranger), "403 AccessDenied")
	_, err = w.kms().PutKeyPolicy(t.Context(), &kmssdk.PutKeyPolicyInput{KeyId: &arn, Policy: awssdk.String(document(
		`{"Effect":"Allow","Principal":{"AWS":["arn:aws:iam::` + first + `:root","arn:aws:iam::` + second + `:root"]},"Action":"kms:*","Resource":"*"}`))})
	if err != nil {
		t.Fatal(err)
	}
	wantCode(t, "with both sides' consent", get(stranger), "200")
	wantCode(t, "and writes", put(stranger), "200")
	bare := &s3sdk.PutObjectInput{Bucket: &b, Key: awssdk.String("k"), Body: strings.NewReader("x")}
	underKey(arn[strings.LastIndex(arn, "/")+1:])(bare)
	_, err = stranger.PutObject(t.Context(), bare)
	wantCode(t, "another account's key by its bare id", err, "400 KMS.NotFoundException")
}
