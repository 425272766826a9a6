package sigv4

import (
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/sealift/sealift/internal/local/aws/awserr"
	"github.com/sealift/sealift/internal/local/aws/iam"
)

// words puts what is wrong into the words of a service: S3, the Query services (STS, IAM, Redshift) and the JSON
// services (KMS) answer the same mistake with different codes, and SDKs act on them.
type words struct {
	service string
	json    bool
}

func wordsOf(service string) words {
	return words{service: service, json: service == "kms"}
}

// pick chooses between the answers of S3, Query and JSON services.
func (w words) pick(s3Answer, query, json *awserr.Error) error {
	switch {
	case w.service == s3:
		return s3Answer
	case w.json:
		return json
	default:
		return query
	}
}

func (w words) missing() error {
	const text = "Request is missing Authentication Token"
	return w.pick(
		awserr.New(http.StatusForbidden, "AccessDenied", "Access Denied"),
		awserr.New(http.StatusForbidden, "MissingAuthenticationToken", text),
		awserr.New(http.StatusBadRequest, "MissingAuthenticationTokenException", text))
}

func (w words) malformed(text string) error {
	return w.pick(
		awserr.New(http.StatusBadRequest, "AuthorizationHeaderMalformed", "The authorization header is malformed; %s", text),
		awserr.New(http.StatusBadRequest, "IncompleteSignature", "%s", text),
		awserr.New(http.StatusBadRequest, "IncompleteSignatureException", "%s", text))
}

func (w words) malformedQuery(text string) error {
	if w.service == s3 {
		return awserr.New(http.StatusBadRequest, "AuthorizationQueryParametersError", "%s", text)
	}
	return w.malformed(text)
}

func (w words) twoMechanisms() error {
	const text = "Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, Signature query string parameter or the Authorization header should be specified"
	if w.service == s3 {
		return awserr.New(http.StatusBadRequest, "InvalidArgument", text)
	}
	return w.malformed(text)
}

func (w words) version2() error {
	const text = "The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256."
	if w.service == s3 {
		return awserr.New(http.StatusBadRequest, "InvalidRequest", text)
	}
	return w.malformed(text)
}

func (words) notImitated(what string) error { return awserr.NotImitated(what) }

func (w words) wrongService(service string) error {
	text := "Credential should be scoped to correct service: '" + service + "'."
	if w.service == s3 {
		return w.malformed(text)
	}
	return w.refused(text)
}

// refused is the answer to a signature that cannot be right.
func (w words) refused(text string) error {
	return w.pick(
		awserr.New(http.StatusForbidden, "SignatureDoesNotMatch", "%s", text),
		awserr.New(http.StatusForbidden, "SignatureDoesNotMatch", "%s", text),
		awserr.New(http.StatusBadRequest, "InvalidSignatureException", "%s", text))
}

func (w words) mismatch() error {
	if w.service == s3 {
		return w.refused("The request signature we calculated does not match the signature you provided. Check your key and signing method.")
	}
	return w.refused("The request signature we calculated does not match the signature you provided. " +
		"Check your AWS Secret Access Key and signing method. Consult the service documentation for details.")
}

func (w words) unsigned(names []string) error {
	if w.service == s3 {
		return awserr.New(http.StatusForbidden, "AccessDenied", "There were headers present in the request which were not signed: %s", strings.Join(names, ", "))
	}
	return w.refused("The headers " + strings.Join(names, ", ") + " must be signed.")
}

func (w words) key(err error) error {
	const invalid = "The security token included in the request is invalid."
	switch {
	case errors.Is(err, iam.ErrUnknownKey):
		return w.pick(
			awserr.New(http.StatusForbidden, "InvalidAccessKeyId", "The AWS Access Key Id you provided does not exist in our records."),
			awserr.New(http.StatusForbidden, "InvalidClientTokenId", invalid),
			awserr.New(http.StatusBadRequest, "UnrecognizedClientException", invalid))
	case errors.Is(err, iam.ErrToken):
		return w.pick(
			awserr.New(http.StatusBadRequest, "InvalidToken", "The provided token is malformed or otherwise invalid."),
			awserr.New(http.StatusForbidden, "InvalidClientTokenId", invalid),
			awserr.New(http.StatusBadRequest, "UnrecognizedClientException", invalid))
	case errors.Is(err, iam.ErrExpired):
		const expired = "The security token included in the request is expired"
		return w.pick(
			awserr.New(http.StatusBadRequest, "ExpiredToken", "The provided token has expired."),
			awserr.New(http.StatusForbidden, "ExpiredToken", expired),
			awserr.New(http.StatusBadRequest, "ExpiredTokenException", expired))
	default:
		return err
	}
}

func (w words) late(signed, now time.Time) error {
	if w.service == s3 {
		return awserr.New(http.StatusForbidden, "RequestTimeTooSkewed", "The difference between the request time and the current time is too large.")
	}
	return w.refused("Signature expired: " + signed.Format(timeLayout) + " is now earlier than " +
		now.Add(-maxSkew).Format(timeLayout) + " (" + now.Format(timeLayout) + " - 15 min.)")
}

func (w words) early(signed, now time.Time, presigned bool) error {
	switch {
	case w.service == s3 && presigned:
		return awserr.New(http.StatusForbidden, "AccessDenied", "Request is not yet valid")
	case w.service == s3:
		return awserr.New(http.StatusForbidden, "RequestTimeTooSkewed", "The difference between the request time and the current time is too large.")
	}
	return w.refused("Signature not yet current: " + signed.Format(timeLayout) + " is still later than " +
		now.Add(maxSkew).Format(timeLayout) + " (" + now.Format(timeLayout) + " + 15 min.)")
}

func (w words) urlExpired(end, now time.Time) error {
	if w.service == s3 {
		return awserr.New(http.StatusForbidden, "AccessDenied", "Request has expired")
	}
	return w.refused("Signature expired: " + end.Format(timeLayout) + " is now earlier than " + now.Format(timeLayout))
}

func (words) missingHash() error {
	return awserr.New(http.StatusBadRequest, "InvalidRequest", "Missing required header for this request: x-amz-content-sha256")
}

func (words) incomplete() error {
	return awserr.New(http.StatusBadRequest, "IncompleteBody", "The request body terminated unexpectedly")
}

func (words) tooLarge() error {
	return awserr.New(http.StatusRequestEntityTooLarge, "RequestEntityTooLarge", "The request body is longer than %d bytes", maxBody)
}
