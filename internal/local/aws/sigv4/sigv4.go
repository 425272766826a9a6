// Package sigv4 checks AWS Signature Version 4 on incoming requests, in header, query and chunked form. It knows the
// keys of IAM and nothing of what the requests ask for.
//
// The manual: IAM user guide, "AWS Signature Version 4 for API requests"; S3 API reference, "Authenticating Requests",
// with its pages on query parameters, chunked uploads and trailing headers.
package sigv4

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/sealift/sealift/internal/local/aws/iam"
)

const (
	algorithm   = "AWS4-HMAC-SHA256"
	terminator  = "aws4_request"
	timeLayout  = "20060102T150405Z"
	maxSkew     = 15 * time.Minute
	maxLifetime = 7 * 24 * time.Hour // of a presigned URL

	// maxBody bounds the requests of services other than S3, whose bodies are hashed before anything else.
	maxBody = 1 << 20

	// service is the one whose rules differ from all others'.
	s3 = "s3"
)

// Keys knows access keys and sessions: iam.Service. Its errors are iam.ErrUnknownKey, iam.ErrToken and iam.ErrExpired.
type Keys interface {
	Key(accessKeyID, sessionToken string) (secret string, id *iam.Identity, err error)
}

// Verifier checks signatures against the access keys and sessions of IAM.
type Verifier struct {
	IAM Keys
	Now func() time.Time // nil: time.Now
}

// Signed tells whether a request claims to be signed at all, in a header or in the query. An unsigned request to S3 is
// anonymous; all other services refuse it.
func Signed(r *http.Request) bool {
	q := r.URL.Query()
	return r.Header.Get("Authorization") != "" || q.Has("X-Amz-Algorithm") || q.Has("X-Amz-Signature") || q.Has("AWSAccessKeyId")
}

// Presigned tells whether the signature is in the query.
func Presigned(r *http.Request) bool { return r.URL.Query().Has("X-Amz-Signature") }

// Service gives the service name of the credential scope, "" if the request is not signed or the scope is malformed.
func Service(r *http.Request) string {
	text := r.URL.Query().Get("X-Amz-Credential")
	if header := r.Header.Get("Authorization"); header != "" {
		text = authorizationFields(header)["Credential"]
	}
	c, err := parseCredential(text)
	if err != nil {
		return ""
	}
	return c.service
}

// Verify checks the signature of r for service ("s3") and answers who signed. Afterwards r.Body yields the decoded
// payload; its Read fails with an *awserr.Error when a chunk signature, the declared content hash, the length or a
// trailing checksum does not match, so nothing read may be kept before io.EOF was seen. r.ContentLength is the decoded
// length, r.Header has no aws-chunked encoding any more, and r.Trailer holds the decoded trailers once io.EOF was seen.
// The error is an *awserr.Error in the words of the service.
func (v *Verifier) Verify(r *http.Request, service string) (*iam.Identity, error) {
	now := time.Now
	if v.Now != nil {
		now = v.Now
	}
	e := wordsOf(service)
	joinHeaders(r.Header)
	s, err := parse(r, e)
	if err != nil {
		return nil, err
	}
	if s.credential.service != service {
		return nil, e.wrongService(service)
	}
	if err := s.checkTime(now().UTC(), e); err != nil {
		return nil, err
	}
	if missing := unsignedHeaders(r, s.signedHeaders); len(missing) > 0 {
		return nil, e.unsigned(missing)
	}
	secret, id, err := v.IAM.Key(s.credential.key, s.token)
	if err != nil {
		return nil, e.key(err)
	}
	payload, err := payloadHash(r, s, service, e)
	if err != nil {
		return nil, err
	}
	key := signingKey(secret, s.credential)
	want := sign(key, stringToSign(s, canonicalRequest(r, s.signedHeaders, payload, service, s.presigned)))
	if !hmac.Equal([]byte(want), []byte(s.signature)) {
		return nil, e.mismatch()
	}
	if service == s3 {
		if err := decodeBody(r, s, key, payload); err != nil {
			return nil, err
		}
	}
	id.SourceIP = sourceIP(r)
	id.Secure = r.TLS != nil
	id.UserAgent = r.UserAgent()
	id.Referer = r.Referer()
	id.Region = s.credential.region
	return id, nil
}

// joinHeaders makes one header of those that came several times. Signatures cannot tell "a" and "b" from "a,b", so
// nobody behind this may either: whoever looked at the first only would see less than what was signed.
func joinHeaders(h http.Header) {
	for name, values := range h {
		if len(values) > 1 {
			h[name] = []string{strings.Join(values, ",")}
		}
	}
}

func sourceIP(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return ""
	}
	return host
}

// payloadHash gives the last line of the canonical request.
func payloadHash(r *http.Request, s *signature, service string, e words) (string, error) {
	declared := r.Header.Get("X-Amz-Content-Sha256")
	if service == s3 {
		if declared == "" && s.presigned {
			declared = r.URL.Query().Get("X-Amz-Content-Sha256")
		}
		switch {
		case declared != "":
			return declared, nil
		case s.presigned:
			return unsignedPayload, nil
		default:
			return "", e.missingHash()
		}
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBody+1))
	if err := errors.Join(err, r.Body.Close()); err != nil {
		return "", e.incomplete()
	}
	if len(body) > maxBody {
		return "", e.tooLarge()
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	return hexHash(body), nil
}

func hexHash(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

func mac(key []byte, text string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(text))
	return h.Sum(nil)
}

func signingKey(secret string, c credential) []byte {
	key := mac([]byte("AWS4"+secret), c.date)
	for _, part := range []string{c.region, c.service, terminator} {
		key = mac(key, part)
	}
	return key
}

func sign(key []byte, text string) string { return hex.EncodeToString(mac(key, text)) }

func stringToSign(s *signature, canonical string) string {
	return strings.Join([]string{algorithm, s.date, s.credential.scope(), hexHash([]byte(canonical))}, "\n")
}

// unsignedHeaders lists the headers that must be signed and are not: host, and every x-amz- header there is.
func unsignedHeaders(r *http.Request, signed []string) []string {
	var missing []string
	if !slices.Contains(signed, "host") {
		missing = append(missing, "host")
	}
	for name := range r.Header {
		name = strings.ToLower(name)
		if strings.HasPrefix(name, "x-amz-") && !slices.Contains(signed, name) {
			missing = append(missing, name)
		}
	}
	slices.Sort(missing)
	return missing
}
