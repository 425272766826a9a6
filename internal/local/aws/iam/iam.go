// Package iam holds the accounts, users, roles and sessions of the stand-in and decides who may do what.
package iam

import (
	"github.com/sealift/sealift/internal/local/aws/policy"
)

// Identity is a caller: who signed a request, and what its session is limited to.
type Identity struct {
	Account     string // twelve digits
	ARN         string // arn:aws:iam::A:user/U, arn:aws:iam::A:root, arn:aws:sts::A:assumed-role/R/S
	UserID      string // AIDA..., AROA...:session
	RoleARN     string // of an assumed-role session: arn:aws:iam::A:role/R, else ""
	AccessKeyID string // the key that signed; "" for sessions made inside the stand-in
	// SessionPolicies limit an assumed-role session: what it may do is what both they and the role's policies allow.
	SessionPolicies []*policy.Document
	// SourceIP and Secure say how the request came in (aws:SourceIp, aws:SecureTransport).
	SourceIP string
	Secure   bool
}

// Access is one question to Authorize.
type Access struct {
	Action          string           // "s3:PutObject"
	Resource        string           // ARN
	ResourceAccount string           // owner of the resource
	ResourcePolicy  *policy.Document // bucket policy, key policy, trust policy; nil if there is none
	Context         policy.Context   // keys beyond those every request has
}
