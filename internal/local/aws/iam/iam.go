// Package iam holds the accounts, users, roles and sessions of the stand-in and decides who may do what.
//
// Start at Service: Authorize answers every service's question, Key gives a signature's secret and identity, AssumeAs
// and AssumeForService make role sessions, Call is the IAM API itself. The package knows policies, but nothing of HTTP or
// signatures, nor of what the other services' actions mean.
package iam

import (
	"time"

	"github.com/sealift/sealift/internal/local/aws/policy"
)

// Identity is a caller: who signed a request, and what its session is limited to.
type Identity struct {
	Account     string // twelve digits
	ARN         string // arn:aws:iam::A:user/U, arn:aws:iam::A:root, arn:aws:sts::A:assumed-role/R/S
	UserID      string // AIDA..., AROA...:session
	UserName    string // of a user, else ""
	RoleARN     string // of an assumed-role session: arn:aws:iam::A:role/R, else ""
	AccessKeyID string // the key that signed; "" for sessions made inside the stand-in
	// Issued is when temporary credentials were made; zero for a user's own access key.
	Issued time.Time
	// SessionPolicies limit a session: what it may do is what both they and the role's policies allow.
	SessionPolicies []*policy.Document
	// SessionTags were given to AssumeRole; those named in TransitiveTags go along when the session assumes another role.
	SessionTags    map[string]string
	TransitiveTags []string
	SourceIdentity string
	// SourceIP, Secure, UserAgent, Referer and Region say how the request came in (aws:SourceIp, aws:SecureTransport and
	// so on) and for which region it was signed. SourceIP is empty for calls that an AWS service makes.
	SourceIP  string
	Secure    bool
	UserAgent string
	Referer   string
	Region    string
}

// Temporary tells whether the identity uses temporary credentials.
func (id *Identity) Temporary() bool { return !id.Issued.IsZero() }

// Access is one question to Authorize.
type Access struct {
	Action          string           // "s3:PutObject"
	Resource        string           // ARN
	ResourceAccount string           // owner of the resource
	ResourcePolicy  *policy.Document // bucket policy, key policy, trust policy; nil if there is none
	Context         policy.Context   // keys beyond those every request has
	// ResourceDecides is set by KMS and role trust: identity policies count only where the resource's policy delegates to
	// the caller's account.
	ResourceDecides bool
	// Granted says that a KMS grant allows the action.
	Granted bool
}
