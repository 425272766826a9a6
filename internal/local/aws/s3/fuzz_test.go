package s3

import (
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/sealift/sealift/internal/local/aws/iam"
	"github.com/sealift/sealift/internal/local/aws/kms"
	"github.com/sealift/sealift/internal/local/aws/policy"
)

// open is an AWS in which everybody is the administrator over TLS and keys are made of nothing.
type open struct{}

func (open) Authorize(*iam.Identity, iam.Access) error { return nil }
func (open) CheckPrincipals(*policy.Document) error    { return nil }
func (open) Resolve(_, _, key string) (string, error) {
	return "arn:aws:kms:eu-west-1:111111111111:key/" + key, nil
}

func (open) Verify(*http.Request, string) (*iam.Identity, error) {
	return &iam.Identity{Account: "111111111111", ARN: "arn:aws:iam::111111111111:user/admin", Secure: true, Region: "eu-west-1"}, nil
}

func (open) GenerateDataKey(_ context.Context, _ *iam.Identity, key string, _ map[string]string, _ string) (kms.DataKey, error) {
	return kms.DataKey{Plaintext: make([]byte, 32), Ciphertext: []byte(key), KeyARN: "arn:aws:kms:eu-west-1:111111111111:key/" + key}, nil
}

func (open) Decrypt(context.Context, *iam.Identity, []byte, map[string]string, string) ([]byte, string, error) {
	return make([]byte, 32), "", nil
}

// FuzzRequest: no request whatever makes the stand-in fail or panic, and what it answers as XML is XML. Each input is a
// method, a target, headers a line each, and a body; the bucket "corp" has a few objects and an upload.
func FuzzRequest(f *testing.F) {
	s, err := New(Options{Dir: f.TempDir(), Region: "eu-west-1", IAM: open{}, KMS: open{}, Verify: open{}})
	if err != nil {
		f.Fatal(err)
	}
	id, err := open{}.Verify(nil, "")
	if err != nil {
		f.Fatal(err)
	}
	caller := s.As(id)
	if _, err := caller.CreateBucket(f.Context(), "corp", "eu-west-1"); err != nil {
		f.Fatal(err)
	}
	for _, key := range []string{"k", "a/b", "a/c"} {
		in := PutInput{Bucket: "corp", Key: key}
		if _, err := caller.PutObject(f.Context(), in, strings.NewReader("content")); err != nil {
			f.Fatal(err)
		}
	}
	for _, seed := range [][4]string{
		{"GET", "/", "", ""},
		{"GET", "/corp?list-type=2&prefix=a&delimiter=/&encoding-type=url&max-keys=1", "", ""},
		{"GET", "/corp?versions&key-marker=a&version-id-marker=null", "", ""},
		{"GET", "/corp?uploads&key-marker=a&upload-id-marker=x", "", ""},
		{"GET", "/corp/k?partNumber=1", "Range: bytes=1-2", ""},
		{"GET", "/corp/k?attributes", "X-Amz-Object-Attributes: ETag,Checksum", ""},
		{"HEAD", "/corp/k?versionId=null", "If-None-Match: \"x\"\nX-Amz-Checksum-Mode: ENABLED", ""},
		{"PUT", "/corp/new", "X-Amz-Server-Side-Encryption: aws:kms\nX-Amz-Server-Side-Encryption-Context: e30=\nX-Amz-Tagging: a=b\nX-Amz-Meta-X: =?UTF-8?B?w6Q=?=", "content"},
		{"PUT", "/corp/new", "X-Amz-Checksum-Crc32: AAAAAA==\nX-Amz-Trailer: x-amz-checksum-sha1", "content"},
		{"PUT", "/corp/copy", "X-Amz-Copy-Source: /corp/k?versionId=null\nX-Amz-Metadata-Directive: REPLACE", ""},
		{"POST", "/corp/new?uploads", "X-Amz-Checksum-Algorithm: CRC32\nX-Amz-Checksum-Type: FULL_OBJECT", ""},
		{"PUT", "/corp/new?uploadId=x&partNumber=1", "X-Amz-Copy-Source: corp/k\nX-Amz-Copy-Source-Range: bytes=0-3", ""},
		{"POST", "/corp/new?uploadId=x", "X-Amz-Mp-Object-Size: 3", "<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>x</ETag></Part></CompleteMultipartUpload>"},
		{"POST", "/corp?delete", "Content-Md5: x", "<Delete><Object><Key>k</Key></Object></Delete>"},
		{"PUT", "/corp2", "", "<CreateBucketConfiguration><LocationConstraint>eu-west-1</LocationConstraint></CreateBucketConfiguration>"},
		{"PUT", "/corp?policy", "", `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":"*","Action":"s3:*","Resource":"arn:aws:s3:::corp/*"}}`},
		{"PUT", "/corp?encryption", "", "<ServerSideEncryptionConfiguration><Rule><BucketKeyEnabled>true</BucketKeyEnabled></Rule></ServerSideEncryptionConfiguration>"},
		{"PUT", "/corp?lifecycle", "", "<LifecycleConfiguration><Rule><Status>Enabled</Status><Prefix/><Expiration><Days>1</Days></Expiration></Rule></LifecycleConfiguration>"},
		{"PUT", "/corp?tagging", "", "<Tagging><TagSet><Tag><Key>a</Key><Value>b</Value></Tag></TagSet></Tagging>"},
		{"PUT", "/corp?versioning", "", "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>"},
		{"PUT", "/corp?publicAccessBlock", "", "<PublicAccessBlockConfiguration><BlockPublicAcls>true</BlockPublicAcls></PublicAccessBlockConfiguration>"},
		{"DELETE", "/corp/k?versionId=null", "", ""},
		{"OPTIONS", "/corp/k", "Origin: x\nAccess-Control-Request-Method: GET", ""},
	} {
		f.Add(seed[0], seed[1], seed[2], seed[3], true)
	}
	f.Fuzz(func(t *testing.T, method, target, headers, body string, signed bool) {
		u, err := url.ParseRequestURI(target)
		if err != nil || !strings.HasPrefix(target, "/") || method == "" || strings.ContainsAny(method, " \t\r\n\x00") {
			return // net/http would not let it through
		}
		r := (&http.Request{
			Method: method, URL: u, Host: "localhost", Header: http.Header{}, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
			Body: io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body)), RemoteAddr: "127.0.0.1:1",
		}).WithContext(t.Context())
		for line := range strings.SplitSeq(headers, "\n") {
			if name, value, ok := strings.Cut(line, ": "); ok && name != "Expect" {
				r.Header.Add(name, value)
			}
		}
		if signed {
			r.Header.Set("Authorization", "AWS4-HMAC-SHA256")
		}
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		if w.Code == http.StatusInternalServerError || w.Code < 200 || w.Code > 599 {
			t.Errorf("%s %s: %d %s", method, target, w.Code, w.Body)
		}
		if w.Header().Get("Content-Type") == "application/xml" {
			if err := wellFormed(w.Body.Bytes()); err != nil {
				t.Errorf("%s %s: %v in %s", method, target, err, w.Body)
			}
		}
	})
}

func wellFormed(data []byte) error {
	d := xml.NewDecoder(bytes.NewReader(data))
	for {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
	}
}

// FuzzStatements: whatever package policy takes for a policy, S3's own reading of it takes, too.
func FuzzStatements(f *testing.F) {
	f.Add(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":["*"]},"Action":["s3:GetObject"],"Resource":"arn:aws:s3:::b/*","Condition":{"StringEquals":{"aws:SourceArn":["x",1,true]}}}]}`)
	f.Add(`{"Statement":{"Effect":"Allow","NotPrincipal":"*","NotAction":"s3:*","NotResource":["arn:aws:s3:::b"]}}`)
	f.Fuzz(func(t *testing.T, text string) {
		doc, err := policy.Parse([]byte(text))
		if err != nil {
			return
		}
		statements, err := statementsOf(doc)
		if err != nil {
			t.Errorf("%s: %v", text, err)
		}
		for _, st := range statements {
			_ = st.check("b") // must not panic
		}
		isPublic(doc)
	})
}

func TestIsPublic(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		`{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*"}`:                                                                                    true,
		`{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*"}`:                                                                            true,
		`{"Effect":"Allow","Principal":{"AWS":["111111111111","*"]},"Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*"}`:                                                           true,
		`{"Effect":"Deny","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*"}`:                                                                                     false,
		`{"Effect":"Allow","Principal":{"AWS":"111111111111"},"Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*"}`:                                                                 false,
		`{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*","Condition":{"IpAddress":{"aws:SourceIp":"10.0.0.0/8"}}}`:                            false,
		`{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*","Condition":{"IpAddress":{"aws:SourceIp":"0.0.0.0/0"}}}`:                             true,
		`{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*","Condition":{"StringLike":{"aws:PrincipalArn":"arn:aws:iam::111111111111:role/*"}}}`: true,
		`{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*","Condition":{"StringEquals":{"aws:PrincipalAccount":"111111111111"}}}`:               false,
		`{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*","Condition":{"StringNotEquals":{"aws:PrincipalAccount":"111111111111"}}}`:            true,
		`{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*","Condition":{"Bool":{"aws:SecureTransport":"true"}}}`:                                true,
	} {
		doc, err := policy.Parse([]byte(`{"Version":"2012-10-17","Statement":[` + text + `]}`))
		if err != nil {
			t.Fatal(err)
		}
		if got := isPublic(doc); got != want {
			t.Errorf("%s: %t", text, got)
		}
	}
}
