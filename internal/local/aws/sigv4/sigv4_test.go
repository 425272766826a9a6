package sigv4

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/smithy-go/encoding/httpbinding"

	"github.com/sealift/sealift/internal/local/aws/awserr"
	"github.com/sealift/sealift/internal/local/aws/iam"
)

// The credentials of AWS's documentation.
const (
	suiteKey    = "AKIDEXAMPLE"
	suiteSecret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
	docKey      = "AKIAIOSFODNN7EXAMPLE"
	docSecret   = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
	goodToken   = "AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLWsKWHGBuFqwAeMicRXmxfpSPfIeoIYRqTflfKD8YUuwthAx7mSEI/qkPpKPi/kMcGdQrmGdeehM4IC1NtBmUpp2wUE8phUZampKsburEDy0KPkyQDYwT7WZ0wq5VSXDvp75YU9HFvlRd8Tx6q6fE8YQcHNVXAkiY9q6d+xo0rKwT38xVqr7ZD0u0iPPkUL64lIZbqBAz+scqKmlzm8FDrypNC9Yjc8fPOLn9FX9KSYvKTr4rvx3iSIlTJabIQwj2ICCR/oLxBA=="
)

// book is Keys with the keys of the documentation.
type book struct{}

func (book) Key(key, token string) (string, *iam.Identity, error) {
	switch {
	case token == "expired":
		return "", nil, iam.ErrExpired
	case token != "" && token != goodToken:
		return "", nil, iam.ErrToken
	case key == suiteKey:
		return suiteSecret, &iam.Identity{ARN: suiteKey}, nil
	case key == docKey:
		return docSecret, &iam.Identity{ARN: docKey}, nil
	default:
		return "", nil, iam.ErrUnknownKey
	}
}

func verifierAt(t testing.TB, stamp string) *Verifier {
	t.Helper()
	now, err := time.Parse(timeLayout, stamp)
	if err != nil {
		t.Fatal(err)
	}
	return &Verifier{IAM: book{}, Now: func() time.Time { return now }}
}

// code gives the code of an *awserr.Error, "" for nil.
func code(t testing.TB, err error) string {
	t.Helper()
	if err == nil {
		return ""
	}
	var e *awserr.Error
	if !errors.As(err, &e) {
		t.Fatalf("not an *awserr.Error: %v", err)
	}
	return e.Code
}

// TestDocumentedSignature is the plainest request of AWS's documentation of Signature Version 4.
//
//standin:imitates signatures: Signature Version 4 in headers | IAM user guide reference_sigv
func TestDocumentedSignature(t *testing.T) {
	t.Parallel()
	r := &http.Request{
		Method: http.MethodGet, Host: "example.amazonaws.com", URL: &url.URL{Path: "/"}, Body: http.NoBody,
		Header: http.Header{
			"X-Amz-Date": {"20150830T123600Z"},
			"Authorization": {"AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, " +
				"SignedHeaders=host;x-amz-date, Signature=5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
		},
	}
	s, err := parse(r, wordsOf("service"))
	if err != nil {
		t.Fatal(err)
	}
	canonical := canonicalRequest(r, s.signedHeaders, hexHash(nil), "service", s.presigned)
	if got := sign(signingKey(suiteSecret, s.credential), stringToSign(s, canonical)); got != s.signature {
		t.Errorf("signature %s, documented %s", got, s.signature)
	}
}

// get is the request of S3's documentation, "Authenticating requests: using the Authorization header", first example.
func get(t testing.TB) *http.Request {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "https://examplebucket.s3.amazonaws.com/test.txt", nil)
	r.Header.Set("Range", "bytes=0-9")
	r.Header.Set("X-Amz-Content-Sha256", hexHash(nil))
	r.Header.Set("X-Amz-Date", "20130524T000000Z")
	r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,"+
		"SignedHeaders=host;range;x-amz-content-sha256;x-amz-date,Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41")
	return r
}

const presignedURL = "https://examplebucket.s3.amazonaws.com/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404"

// TestS3Examples are the examples of S3's documentation that are not chunked.
//
//standin:imitates signatures: the examples of S3's documentation | S3 API reference sig-v4-header-based-auth
func TestS3Examples(t *testing.T) {
	t.Parallel()
	v := verifierAt(t, "20130524T000100Z")
	authorize := func(r *http.Request, headers, signature string) {
		r.Header.Set("X-Amz-Date", "20130524T000000Z")
		r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,SignedHeaders="+headers+",Signature="+signature)
	}
	tests := map[string]func() *http.Request{
		"GET object": func() *http.Request { return get(t) },
		"PUT object": func() *http.Request {
			r := httptest.NewRequestWithContext(t.Context(), http.MethodPut, "https://examplebucket.s3.amazonaws.com/test$file.text", strings.NewReader("Welcome to Amazon S3."))
			r.Header.Set("Date", "Fri, 24 May 2013 00:00:00 GMT")
			r.Header.Set("X-Amz-Storage-Class", "REDUCED_REDUNDANCY")
			r.Header.Set("X-Amz-Content-Sha256", "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072")
			authorize(r, "date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class", "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd")
			return r
		},
		"GET lifecycle": func() *http.Request {
			r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "https://examplebucket.s3.amazonaws.com/?lifecycle", nil)
			r.Header.Set("X-Amz-Content-Sha256", hexHash(nil))
			authorize(r, "host;x-amz-content-sha256;x-amz-date", "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543")
			return r
		},
		"list objects": func() *http.Request {
			r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "https://examplebucket.s3.amazonaws.com/?max-keys=2&prefix=J", nil)
			r.Header.Set("X-Amz-Content-Sha256", hexHash(nil))
			authorize(r, "host;x-amz-content-sha256;x-amz-date", "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7")
			return r
		},
		"presigned": func() *http.Request {
			return httptest.NewRequestWithContext(t.Context(), http.MethodGet, presignedURL, nil)
		},
	}
	for name, request := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := request()
			id, err := v.Verify(r, "s3")
			if err != nil {
				t.Fatal(err)
			}
			if _, err := io.ReadAll(r.Body); err != nil {
				t.Fatal(err)
			}
			if id.ARN != docKey || !id.Secure || id.SourceIP != "192.0.2.1" || id.Region != "us-east-1" {
				t.Errorf("identity %+v", id)
			}
		})
	}
}

// TestRefusals breaks the documentation's requests in every way, and looks at the codes of S3.
//
//standin:imitates signatures: clock skew, wrong region, service, key, token, and headers that are not signed | S3 API reference error responses
//standin:refuses signatures: Signature Version 2 and 4A | S3 API reference
func TestRefusals(t *testing.T) {
	t.Parallel()
	presigned := func(change func(url.Values)) func() *http.Request {
		return func() *http.Request {
			u, err := url.Parse(presignedURL)
			if err != nil {
				t.Fatal(err)
			}
			q := u.Query()
			change(q)
			u.RawQuery = q.Encode()
			return httptest.NewRequestWithContext(t.Context(), http.MethodGet, u.String(), nil)
		}
	}
	header := func(change func(*http.Request)) func() *http.Request {
		return func() *http.Request {
			r := get(t)
			change(r)
			return r
		}
	}
	replace := func(old, fresh string) func() *http.Request {
		return header(func(r *http.Request) {
			r.Header.Set("Authorization", strings.Replace(r.Header.Get("Authorization"), old, fresh, 1))
		})
	}
	tests := []struct {
		name    string
		request func() *http.Request
		at      string // default one minute after signing
		want    string
	}{
		{name: "as signed", request: header(func(*http.Request) {}), want: ""},
		{name: "no signature", request: header(func(r *http.Request) { r.Header.Del("Authorization") }), want: "AccessDenied"},
		{name: "method", request: header(func(r *http.Request) { r.Method = http.MethodDelete }), want: "SignatureDoesNotMatch"},
		{name: "path", request: header(func(r *http.Request) { r.URL.Path = "/test.txT" }), want: "SignatureDoesNotMatch"},
		{name: "query", request: header(func(r *http.Request) { r.URL.RawQuery = "acl" }), want: "SignatureDoesNotMatch"},
		{name: "host", request: header(func(r *http.Request) { r.Host = "otherbucket.s3.amazonaws.com" }), want: "SignatureDoesNotMatch"},
		{name: "signed header", request: header(func(r *http.Request) { r.Header.Set("Range", "bytes=0-99") }), want: "SignatureDoesNotMatch"},
		{name: "declared hash", request: header(func(r *http.Request) { r.Header.Set("X-Amz-Content-Sha256", hexHash([]byte("x"))) }), want: "SignatureDoesNotMatch"},
		{name: "no declared hash", request: header(func(r *http.Request) { r.Header.Del("X-Amz-Content-Sha256") }), want: "InvalidRequest"},
		{name: "date of the same day", request: header(func(r *http.Request) { r.Header.Set("X-Amz-Date", "20130524T000001Z") }), want: "SignatureDoesNotMatch"},
		{name: "date of another day", request: header(func(r *http.Request) { r.Header.Set("X-Amz-Date", "20130525T000000Z") }), want: "AuthorizationHeaderMalformed"},
		{name: "no date", request: header(func(r *http.Request) { r.Header.Del("X-Amz-Date") }), want: "AuthorizationHeaderMalformed"},
		{name: "x-amz header that is not signed", request: header(func(r *http.Request) { r.Header.Set("X-Amz-Acl", "public-read") }), want: "AccessDenied"},
		{name: "host not signed", request: replace("host;range", "range"), want: "AccessDenied"},
		{name: "signature", request: replace("f0e8", "f0e9"), want: "SignatureDoesNotMatch"},
		{name: "short signature", request: replace("f0e8bdb8", ""), want: "SignatureDoesNotMatch"},
		{name: "key", request: replace("AKIAIOSFODNN7EXAMPLE", "AKIAIOSFODNN7EXAMPLF"), want: "InvalidAccessKeyId"},
		{name: "another documented key", request: replace("AKIAIOSFODNN7EXAMPLE", "AKIDEXAMPLE"), want: "SignatureDoesNotMatch"},
		{name: "region", request: replace("us-east-1", "eu-west-1"), want: "SignatureDoesNotMatch"},
		{name: "service", request: replace("/s3/", "/sts/"), want: "AuthorizationHeaderMalformed"},
		{name: "terminator", request: replace("aws4_request", "aws5_request"), want: "AuthorizationHeaderMalformed"},
		{name: "algorithm", request: replace("AWS4-HMAC-SHA256", "AWS4-HMAC-SHA512"), want: "AuthorizationHeaderMalformed"},
		{name: "Signature Version 4A", request: replace("AWS4-HMAC-SHA256", "AWS4-ECDSA-P256-SHA256"), want: "NotImplemented"},
		{name: "Signature Version 2", request: header(func(r *http.Request) { r.Header.Set("Authorization", "AWS AKIAIOSFODNN7EXAMPLE:x") }), want: "InvalidRequest"},
		{name: "a field twice", request: replace(",Signature", ",Signature=x,Signature"), want: "AuthorizationHeaderMalformed"},
		{name: "an unknown field", request: replace(",Signature", ",Mark=x,Signature"), want: "AuthorizationHeaderMalformed"},
		{name: "the whole header twice", request: header(func(r *http.Request) { r.Header.Add("Authorization", r.Header.Get("Authorization")) }), want: "AuthorizationHeaderMalformed"},
		{name: "a signed header twice", request: header(func(r *http.Request) { r.Header.Add("Range", "bytes=0-9") }), want: "SignatureDoesNotMatch"},
		{name: "the date twice", request: header(func(r *http.Request) { r.Header.Add("X-Amz-Date", r.Header.Get("X-Amz-Date")) }), want: "AuthorizationHeaderMalformed"},
		{name: "unsorted headers", request: replace("host;range", "range;host"), want: "AuthorizationHeaderMalformed"},
		{name: "unknown token", request: header(func(r *http.Request) {
			r.Header.Set("X-Amz-Security-Token", "x")
			r.Header.Set("Authorization", strings.Replace(r.Header.Get("Authorization"), "x-amz-date,", "x-amz-date;x-amz-security-token,", 1))
		}), want: "InvalidToken"},
		{name: "expired token", request: header(func(r *http.Request) {
			r.Header.Set("X-Amz-Security-Token", "expired")
			r.Header.Set("Authorization", strings.Replace(r.Header.Get("Authorization"), "x-amz-date,", "x-amz-date;x-amz-security-token,", 1))
		}), want: "ExpiredToken"},
		{name: "15 minutes later", request: header(func(*http.Request) {}), at: "20130524T001500Z", want: ""},
		{name: "too late", request: header(func(*http.Request) {}), at: "20130524T001501Z", want: "RequestTimeTooSkewed"},
		{name: "15 minutes early", request: header(func(*http.Request) {}), at: "20130523T234500Z", want: ""},
		{name: "too early", request: header(func(*http.Request) {}), at: "20130523T234459Z", want: "RequestTimeTooSkewed"},
		{name: "both mechanisms", request: func() *http.Request {
			r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, presignedURL, nil)
			r.Header = get(t).Header
			return r
		}, want: "InvalidArgument"},

		{name: "presigned, its last second", request: presigned(func(url.Values) {}), at: "20130525T000000Z", want: ""},
		{name: "presigned, expired", request: presigned(func(url.Values) {}), at: "20130525T000001Z", want: "AccessDenied"},
		{name: "presigned, not yet", request: presigned(func(url.Values) {}), at: "20130523T234459Z", want: "AccessDenied"},
		{name: "presigned, longer", request: presigned(func(q url.Values) { q.Set("X-Amz-Expires", "86401") }), want: "SignatureDoesNotMatch"},
		{name: "presigned, more than a week", request: presigned(func(q url.Values) { q.Set("X-Amz-Expires", "604801") }), want: "AuthorizationQueryParametersError"},
		{name: "presigned, negative", request: presigned(func(q url.Values) { q.Set("X-Amz-Expires", "-1") }), want: "AuthorizationQueryParametersError"},
		{name: "presigned, no number", request: presigned(func(q url.Values) { q.Set("X-Amz-Expires", "1h") }), want: "AuthorizationQueryParametersError"},
		{name: "presigned, no expiry", request: presigned(func(q url.Values) { q.Del("X-Amz-Expires") }), want: "AuthorizationQueryParametersError"},
		{name: "presigned, another parameter", request: presigned(func(q url.Values) { q.Set("versionId", "1") }), want: "SignatureDoesNotMatch"},
		{name: "presigned, a parameter twice", request: presigned(func(q url.Values) { q.Add("X-Amz-Date", "20130524T000000Z") }), want: "AuthorizationQueryParametersError"},
		{name: "presigned, no algorithm", request: presigned(func(q url.Values) { q.Del("X-Amz-Algorithm") }), want: "AuthorizationQueryParametersError"},
		{name: "presigned, no credential", request: presigned(func(q url.Values) { q.Del("X-Amz-Credential") }), want: "AuthorizationQueryParametersError"},
		{name: "presigned, unknown token", request: presigned(func(q url.Values) { q.Set("X-Amz-Security-Token", "x") }), want: "InvalidToken"},
		{name: "query of version 2", request: func() *http.Request {
			return httptest.NewRequestWithContext(t.Context(), http.MethodGet, "https://examplebucket.s3.amazonaws.com/test.txt?AWSAccessKeyId=AKIAIOSFODNN7EXAMPLE&Expires=1&Signature=x", nil)
		}, want: "InvalidRequest"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			at := tt.at
			if at == "" {
				at = "20130524T000100Z"
			}
			id, err := verifierAt(t, at).Verify(tt.request(), "s3")
			if got := code(t, err); got != tt.want {
				t.Errorf("got %q (%v), want %q", got, err, tt.want)
			}
			if err != nil && id != nil {
				t.Error("an identity beside the error")
			}
		})
	}
}

// TestCodesOfServices: the same mistake has other codes in the Query services and in KMS.
func TestCodesOfServices(t *testing.T) {
	t.Parallel()
	signed := func(service, key, secret, token string, at time.Time) *http.Request {
		body := "Action=GetCallerIdentity&Version=2011-06-15"
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "http://127.0.0.1:4566/", strings.NewReader(body))
		err := v4.NewSigner().SignHTTP(t.Context(), aws.Credentials{AccessKeyID: key, SecretAccessKey: secret, SessionToken: token}, r, hexHash([]byte(body)), service, "eu-west-1", at)
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	now := time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC)
	v := &Verifier{IAM: book{}, Now: func() time.Time { return now }}
	tests := []struct {
		name       string
		request    func(service string) *http.Request
		query, kms string
	}{
		{"as signed", func(s string) *http.Request { return signed(s, docKey, docSecret, "", now) }, "", ""},
		{"with its token", func(s string) *http.Request { return signed(s, docKey, docSecret, goodToken, now) }, "", ""},
		{"not signed", func(string) *http.Request {
			return httptest.NewRequestWithContext(t.Context(), http.MethodPost, "http://127.0.0.1:4566/", nil)
		}, "MissingAuthenticationToken", "MissingAuthenticationTokenException"},
		{"unknown key", func(s string) *http.Request { return signed(s, "AKIANOBODY", docSecret, "", now) }, "InvalidClientTokenId", "UnrecognizedClientException"},
		{"wrong secret", func(s string) *http.Request { return signed(s, docKey, suiteSecret, "", now) }, "SignatureDoesNotMatch", "InvalidSignatureException"},
		{"wrong token", func(s string) *http.Request { return signed(s, docKey, docSecret, "x", now) }, "InvalidClientTokenId", "UnrecognizedClientException"},
		{"expired token", func(s string) *http.Request { return signed(s, docKey, docSecret, "expired", now) }, "ExpiredToken", "ExpiredTokenException"},
		{"late", func(s string) *http.Request { return signed(s, docKey, docSecret, "", now.Add(-16*time.Minute)) }, "SignatureDoesNotMatch", "InvalidSignatureException"},
		{"early", func(s string) *http.Request { return signed(s, docKey, docSecret, "", now.Add(16*time.Minute)) }, "SignatureDoesNotMatch", "InvalidSignatureException"},
		{"other service", func(string) *http.Request { return signed("ec2", docKey, docSecret, "", now) }, "SignatureDoesNotMatch", "InvalidSignatureException"},
		{"altered body", func(s string) *http.Request {
			r := signed(s, docKey, docSecret, "", now)
			r.Body = io.NopCloser(strings.NewReader("Action=GetSessionToken&Version=2011-06-15"))
			return r
		}, "SignatureDoesNotMatch", "InvalidSignatureException"},
		{"malformed", func(s string) *http.Request {
			r := signed(s, docKey, docSecret, "", now)
			r.Header.Set("Authorization", "AWS4-HMAC-SHA256 nonsense")
			return r
		}, "IncompleteSignature", "IncompleteSignatureException"},
		{"huge body", func(s string) *http.Request {
			r := signed(s, docKey, docSecret, "", now)
			r.Body = io.NopCloser(strings.NewReader(strings.Repeat("x", maxBody+1)))
			return r
		}, "RequestEntityTooLarge", "RequestEntityTooLarge"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			for service, want := range map[string]string{"sts": tt.query, "iam": tt.query, "redshift": tt.query, "kms": tt.kms} {
				r := tt.request(service)
				_, err := v.Verify(r, service)
				if got := code(t, err); got != want {
					t.Errorf("%s: got %q (%v), want %q", service, got, err, want)
				}
				if err == nil {
					if body, err := io.ReadAll(r.Body); err != nil || !strings.HasPrefix(string(body), "Action=") {
						t.Errorf("%s: body %q, %v", service, body, err)
					}
				}
			}
		})
	}
}

// TestSDKRequests signs with the AWS SDK what is awkward to canonicalise, and then alters each byte of it.
func TestSDKRequests(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC)
	v := &Verifier{IAM: book{}, Now: func() time.Time { return now }}
	creds := aws.Credentials{AccessKeyID: docKey, SecretAccessKey: docSecret, SessionToken: goodToken}
	for _, target := range []string{
		"/bucket/a%20b%2Bc/%C3%A4%E2%82%AC/..//./x~y_z-1.txt?partNumber=1&uploadId=a%2Fb%3D%3D&x-id=UploadPart",
		"/bucket/?list-type=2&prefix=a%20b%2F&delimiter=%2F&continuation-token=%2B%2F%3D&empty=",
		"/bucket/key%25percent%3Fquestion%23hash%26and%3Dequals",
		"/",
	} {
		t.Run(target, func(t *testing.T) {
			t.Parallel()
			sign := func() *http.Request {
				r := httptest.NewRequestWithContext(t.Context(), http.MethodPut, "http://127.0.0.1:4566"+target, strings.NewReader("payload"))
				r.Header.Set("Content-Type", "text/plain")
				r.Header.Set("X-Amz-Meta-Spaces", "  a   b  ")
				r.Header.Set("X-Amz-Content-Sha256", hexHash([]byte("payload")))
				signer := v4.NewSigner(func(o *v4.SignerOptions) { o.DisableURIPathEscaping = true })
				if err := signer.SignHTTP(t.Context(), creds, r, hexHash([]byte("payload")), "s3", "eu-west-1", now); err != nil {
					t.Fatal(err)
				}
				return r
			}
			r := sign()
			if _, err := v.Verify(r, "s3"); err != nil {
				t.Fatal(err)
			}
			if body, err := io.ReadAll(r.Body); err != nil || string(body) != "payload" {
				t.Fatalf("%q, %v", body, err)
			}
			for i := range target {
				altered := []byte(target)
				altered[i] ^= 1
				u, err := url.ParseRequestURI(string(altered))
				if err != nil {
					continue // the HTTP server refuses it
				}
				r := sign()
				if u.Path == r.URL.Path && canonicalQuery(u.RawQuery, false) == canonicalQuery(r.URL.RawQuery, false) {
					continue // another spelling of the same
				}
				r.URL = u
				if _, err := v.Verify(r, "s3"); code(t, err) == "" {
					t.Errorf("taken with byte %d of the target altered: %s", i, altered)
				}
			}
			for name := range sign().Header {
				r := sign()
				r.Header.Set(name, r.Header.Get(name)+"x")
				if _, err := v.Verify(r, "s3"); code(t, err) == "" {
					t.Errorf("taken with header %s altered", name)
				}
			}
			for i := range "payload" {
				r := sign()
				altered := []byte("payload")
				altered[i] ^= 1
				r.Body = io.NopCloser(bytes.NewReader(altered))
				if _, err := v.Verify(r, "s3"); err != nil {
					t.Fatal(err)
				}
				if _, err := io.ReadAll(r.Body); code(t, err) != "XAmzContentSHA256Mismatch" {
					t.Errorf("byte %d of the body altered: %v", i, err)
				}
			}
		})
	}
}

// TestSplitHeader: a signed header that is cut in two on its way has the same signature, and so must mean the same.
func TestSplitHeader(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC)
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPut, "http://127.0.0.1:4566/bucket/key", http.NoBody)
	r.Header.Set("X-Amz-Copy-Source", "bucket/a,b")
	r.Header.Set("X-Amz-Content-Sha256", hexHash(nil))
	if err := v4.NewSigner().SignHTTP(t.Context(), aws.Credentials{AccessKeyID: docKey, SecretAccessKey: docSecret}, r, hexHash(nil), "s3", "eu-west-1", now); err != nil {
		t.Fatal(err)
	}
	r.Header["X-Amz-Copy-Source"] = []string{"bucket/a", "b"}
	v := &Verifier{IAM: book{}, Now: func() time.Time { return now }}
	if _, err := v.Verify(r, "s3"); err != nil {
		t.Fatal(err)
	}
	if got := r.Header.Get("X-Amz-Copy-Source"); got != "bucket/a,b" {
		t.Errorf("after the check it reads %q", got)
	}
}

// FuzzAltered signs a request with the AWS SDK and alters one byte of it on the wire. Either nobody reads another
// request out of it, or it is refused.
func FuzzAltered(f *testing.F) {
	for at := range uint16(64) {
		f.Add("run/part a+b", "versionId=1&x=%2F", "two  words", "payload", at*9, byte(1)<<(at%8))
	}
	now := time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC)
	v := &Verifier{IAM: book{}, Now: func() time.Time { return now }}
	f.Fuzz(func(t *testing.T, key, query, meta, body string, at uint16, mask byte) {
		values, err := url.ParseQuery(query)
		if err != nil || mask == 0 || !utf8.ValidString(key+query+meta) {
			return
		}
		if strings.ContainsFunc(meta, func(r rune) bool { return r != ' ' && (unicode.IsSpace(r) || unicode.IsControl(r)) }) {
			return // the SDKs themselves differ about tabs
		}
		// As the SDK's clients spell them.
		path, spelled := "/bucket/"+key, strings.ReplaceAll(values.Encode(), "+", "%20")
		target := url.URL{Scheme: "http", Host: "127.0.0.1:4566", Path: path, RawPath: httpbinding.EscapePath(path, false), RawQuery: spelled}
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPut, target.String(), strings.NewReader(body))
		if err != nil {
			return
		}
		r.Header.Set("X-Amz-Meta-Note", meta)
		r.Header.Set("X-Amz-Content-Sha256", hexHash([]byte(body)))
		signer := v4.NewSigner(func(o *v4.SignerOptions) { o.DisableURIPathEscaping = true })
		if err := signer.SignHTTP(t.Context(), aws.Credentials{AccessKeyID: docKey, SecretAccessKey: docSecret}, r, hexHash([]byte(body)), "s3", "eu-west-1", now); err != nil {
			return
		}
		var wire bytes.Buffer
		if err := r.Write(&wire); err != nil {
			return // no HTTP client sends it
		}
		sent, err := readWire(wire.Bytes())
		if err != nil {
			return // no HTTP server takes it
		}
		want := meaning(sent)
		if _, err := v.Verify(sent, "s3"); err != nil {
			t.Fatalf("refused as it was sent: %v\n%s", err, wire.Bytes())
		}
		altered := bytes.Clone(wire.Bytes())
		altered[int(at)%len(altered)] ^= mask
		got, err := readWire(altered)
		if err != nil {
			return
		}
		now := meaning(got)
		if _, err := v.Verify(got, "s3"); err != nil {
			code(t, err)
			return
		}
		content, err := io.ReadAll(got.Body)
		if err != nil {
			return
		}
		if now != want || string(content) != body {
			t.Errorf("taken with byte %d altered:\n%s\n%s", int(at)%len(altered), altered, now)
		}
	})
}

func readWire(wire []byte) (*http.Request, error) {
	return http.ReadRequest(bufio.NewReader(bytes.NewReader(wire)))
}

// meaning is what a service reads out of a request, but for its body.
func meaning(r *http.Request) string {
	return fmt.Sprintf("%s %s %q %q %q %q %q", r.Method, r.Host, r.URL.Path, r.URL.Query().Encode(), strings.Fields(r.Header.Get("X-Amz-Meta-Note")),
		r.Header.Get("X-Amz-Date"), r.Header.Get("X-Amz-Content-Sha256"))
}

// TestSDKPresigned presigns with the AWS SDK.
//
//standin:imitates signatures: presigned URLs | S3 API reference sigv4-query-string-auth
func TestSDKPresigned(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC)
	v := &Verifier{IAM: book{}, Now: func() time.Time { return now.Add(time.Minute) }}
	for service, target := range map[string]string{
		"s3":  "http://127.0.0.1:4566/bucket/a%20b?X-Amz-Expires=300&versionId=x",
		"sts": "http://127.0.0.1:4566/?Action=GetCallerIdentity&Version=2011-06-15&X-Amz-Expires=60",
	} {
		t.Run(service, func(t *testing.T) {
			t.Parallel()
			r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, target, nil)
			hash := hexHash(nil)
			if service == "s3" {
				hash = unsignedPayload
			}
			signer := v4.NewSigner(func(o *v4.SignerOptions) { o.DisableURIPathEscaping = service == "s3" })
			link, _, err := signer.PresignHTTP(t.Context(), aws.Credentials{AccessKeyID: docKey, SecretAccessKey: docSecret, SessionToken: goodToken}, r, hash, service, "eu-west-1", now)
			if err != nil {
				t.Fatal(err)
			}
			r = httptest.NewRequestWithContext(t.Context(), http.MethodGet, link, nil)
			if !Signed(r) || !Presigned(r) || Service(r) != service {
				t.Errorf("signed %v, presigned %v, service %q", Signed(r), Presigned(r), Service(r))
			}
			if _, err := v.Verify(r, service); err != nil {
				t.Fatal(err)
			}
			r = httptest.NewRequestWithContext(t.Context(), http.MethodGet, link+"&more=1", nil)
			if _, err := v.Verify(r, service); code(t, err) != "SignatureDoesNotMatch" {
				t.Errorf("with another parameter: %v", err)
			}
		})
	}
}
