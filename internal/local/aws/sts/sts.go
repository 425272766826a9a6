// Package sts is the stand-in's Security Token Service: who am I, and temporary credentials for another role. It decides
// durations and forms; who may assume what is IAM's.
package sts

import (
	"context"
	"errors"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/sealift/sealift/internal/local/aws/awserr"
	"github.com/sealift/sealift/internal/local/aws/iam"
	"github.com/sealift/sealift/internal/local/aws/oidc"
	"github.com/sealift/sealift/internal/local/aws/policy"
	"github.com/sealift/sealift/internal/local/aws/query"
)

// Namespace is the XML namespace of the API.
const Namespace = "https://sts.amazonaws.com/doc/2011-06-15/"

// The limits of STS: API model, and IAM user guide, "IAM and AWS STS quotas".
const (
	minDuration      = 900 * time.Second
	maxRoleDuration  = 12 * time.Hour
	maxChained       = time.Hour // of a role assumed with a role's credentials
	maxTokenDuration = 36 * time.Hour
	maxPolicyChars   = 2048 // of all session policies together
	maxPolicyARNs    = 10
	maxTags          = 50
	maxExternalID    = 1224
)

// Service answers STS requests.
type Service struct {
	iam    *iam.Service
	issuer Issuer
}

// Issuer checks the tokens of web identities. The error tells a token that has expired from one that is none.
type Issuer interface {
	URL() string
	Check(token string) (oidc.Claims, error)
}

// New makes a Service over the accounts of iam.
func New(iam *iam.Service, issuer Issuer) *Service { return &Service{iam: iam, issuer: issuer} }

// Call carries out an action of the API.
func (s *Service) Call(_ context.Context, id *iam.Identity, action string, p query.Params) (any, error) {
	switch action {
	case "GetCallerIdentity":
		return s.getCallerIdentity(id, p)
	case "AssumeRole":
		return s.assumeRole(id, p)
	case "GetSessionToken":
		return s.getSessionToken(id, p)
	case "GetAccessKeyInfo":
		return s.getAccessKeyInfo(id, p)
	default:
		return nil, awserr.NotImitated("sts:" + action)
	}
}

func validation(format string, args ...any) error {
	return awserr.New(http.StatusBadRequest, "ValidationError", format, args...)
}

type callerIdentity struct {
	Arn     string
	UserID  string `xml:"UserId"`
	Account string
}

// getCallerIdentity needs no permission, and no policy can take it away.
func (s *Service) getCallerIdentity(id *iam.Identity, p query.Params) (*callerIdentity, error) {
	if err := p.Only("sts", "GetCallerIdentity"); err != nil {
		return nil, err
	}
	return &callerIdentity{id.ARN, id.UserID, id.Account}, nil
}

type credentials struct {
	AccessKeyID     string `xml:"AccessKeyId"`
	SecretAccessKey string
	SessionToken    string
	Expiration      string
}

func credentialsOf(c iam.Credentials) credentials {
	return credentials{c.AccessKeyID, c.SecretAccessKey, c.SessionToken, c.Expires.UTC().Format(time.RFC3339)}
}

type assumedRole struct {
	Credentials     credentials
	AssumedRoleUser struct {
		AssumedRoleID string `xml:"AssumedRoleId"`
		Arn           string
	}
	PackedPolicySize int    `xml:",omitempty"`
	SourceIdentity   string `xml:",omitempty"`
}

var (
	roleARN     = regexp.MustCompile(`^arn:aws:iam::[0-9]{12}:role/[\x21-\x7e]{1,512}$`)
	sessionName = regexp.MustCompile(`^[\w+=,.@-]{2,64}$`)
	externalID  = regexp.MustCompile(`^[\w+=,.@:/-]{2,}$`)
	tagText     = regexp.MustCompile(`^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$`)
)

func (s *Service) assumeRole(id *iam.Identity, p query.Params) (*assumedRole, error) {
	if err := p.Only("sts", "AssumeRole", "RoleArn", "RoleSessionName", "DurationSeconds", "ExternalId", "Policy",
		"PolicyArns", "Tags", "TransitiveTagKeys", "SourceIdentity"); err != nil {
		return nil, err
	}
	in := iam.AssumeInput{
		RoleARN: p.Get("RoleArn"), SessionName: p.Get("RoleSessionName"), ExternalID: p.Get("ExternalId"),
		TransitiveTags: p.Strings("TransitiveTagKeys", "member"), SourceIdentity: p.Get("SourceIdentity"),
	}
	switch {
	case !roleARN.MatchString(in.RoleARN):
		return nil, validation("%s is invalid", in.RoleARN)
	case !sessionName.MatchString(in.SessionName):
		return nil, constraint(in.SessionName, "roleSessionName", `Member must satisfy regular expression pattern: [\w+=,.@-]*, length 2 to 64`)
	case p.Has("ExternalId") && (len(in.ExternalID) > maxExternalID || !externalID.MatchString(in.ExternalID)):
		return nil, constraint(in.ExternalID, "externalId", `Member must satisfy regular expression pattern: [\w+=,.@:\/-]*, length 2 to 1224`)
	case p.Has("SourceIdentity") && !sessionName.MatchString(in.SourceIdentity):
		return nil, constraint(in.SourceIdentity, "sourceIdentity", `Member must satisfy regular expression pattern: [\w+=,.@-]*, length 2 to 64`)
	}
	duration, err := s.duration(p, time.Hour, maxRoleDuration)
	if err != nil {
		return nil, err
	}
	size, err := s.sessionPolicies(p, &in)
	if err != nil {
		return nil, err
	}
	if err := readTags(p, &in); err != nil {
		return nil, err
	}
	session, err := s.iam.AssumeAs(id, in)
	if err != nil {
		return nil, err
	}
	longest, _ := s.iam.MaxSession(in.RoleARN)
	if id.RoleARN != "" && duration > maxChained {
		return nil, validation("The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining")
	}
	if duration > longest {
		return nil, validation("The requested DurationSeconds exceeds the MaxSessionDuration set for this role.")
	}
	creds, err := s.iam.Issue(session, duration)
	if err != nil {
		return nil, err
	}
	out := &assumedRole{Credentials: credentialsOf(creds), SourceIdentity: session.SourceIdentity}
	out.AssumedRoleUser.AssumedRoleID, out.AssumedRoleUser.Arn = session.UserID, session.ARN
	if len(in.Policies) > 0 || len(in.Tags) > 0 {
		out.PackedPolicySize = max(1, size*100/maxPolicyChars)
	}
	return out, nil
}

type webIdentity struct {
	Credentials     credentials
	AssumedRoleUser struct {
		AssumedRoleID string `xml:"AssumedRoleId"`
		Arn           string
	}
	SubjectFromWebIdentityToken string
	Audience                    string
	Provider                    string
	PackedPolicySize            int `xml:",omitempty"`
}

// The length of a web identity token: API model sts, AssumeRoleWithWebIdentity.
const (
	leastToken = 4
	mostToken  = 20000
)

// WebIdentity is AssumeRoleWithWebIdentity, which needs no signature: the token tells who calls.
func (s *Service) WebIdentity(p query.Params) (any, error) {
	if err := p.Only("sts", "AssumeRoleWithWebIdentity", "RoleArn", "RoleSessionName", "WebIdentityToken", "DurationSeconds", "Policy", "PolicyArns"); err != nil {
		return nil, err
	}
	in := iam.AssumeInput{RoleARN: p.Get("RoleArn"), SessionName: p.Get("RoleSessionName")}
	token := p.Get("WebIdentityToken")
	switch {
	case !roleARN.MatchString(in.RoleARN):
		return nil, validation("Request ARN is invalid")
	case !sessionName.MatchString(in.SessionName):
		return nil, constraint(in.SessionName, "roleSessionName", `Member must satisfy regular expression pattern: [\w+=,.@-]*, length 2 to 64`)
	case len(token) < leastToken || len(token) > mostToken:
		return nil, validation("1 validation error detected: the length of webIdentityToken is not between %d and %d", leastToken, mostToken)
	}
	duration, err := s.duration(p, time.Hour, maxRoleDuration)
	if err != nil {
		return nil, err
	}
	size, err := s.sessionPolicies(p, &in)
	if err != nil {
		return nil, err
	}
	claims, err := s.issuer.Check(token)
	if errors.Is(err, oidc.ErrExpired) {
		return nil, awserr.New(http.StatusBadRequest, "ExpiredTokenException", "Token expired: current date/time must be before the expiration date/time")
	}
	if err != nil {
		return nil, awserr.New(http.StatusBadRequest, "InvalidIdentityToken", "The ID Token provided is not a valid JWT of an issuer that is imitated, see docs/standin.md")
	}
	session, provider, err := s.iam.AssumeByToken(claims.Issuer, claims.Subject, claims.Audience, in)
	if err != nil {
		return nil, err
	}
	if longest, _ := s.iam.MaxSession(in.RoleARN); duration > longest {
		return nil, validation("The requested DurationSeconds exceeds the MaxSessionDuration set for this role.")
	}
	creds, err := s.iam.Issue(session, duration)
	if err != nil {
		return nil, err
	}
	out := &webIdentity{Credentials: credentialsOf(creds), SubjectFromWebIdentityToken: claims.Subject, Audience: claims.Audience, Provider: provider}
	out.AssumedRoleUser.AssumedRoleID, out.AssumedRoleUser.Arn = session.UserID, session.ARN
	if len(in.Policies) > 0 {
		out.PackedPolicySize = max(1, size*100/maxPolicyChars)
	}
	return out, nil
}

func constraint(value, member, rule string) error {
	return validation("1 validation error detected: Value '%s' at '%s' failed to satisfy constraint: %s", value, member, rule)
}

func (s *Service) duration(p query.Params, fallback, longest time.Duration) (time.Duration, error) {
	seconds, err := p.Int("DurationSeconds", int(fallback/time.Second))
	if err != nil {
		return 0, err
	}
	// Compared as seconds: a huge number must not overflow into a short duration.
	switch {
	case seconds < int(minDuration/time.Second):
		return 0, validation("1 validation error detected: Value '%d' at 'durationSeconds' failed to satisfy constraint: Member must have value greater than or equal to %d", seconds, minDuration/time.Second)
	case seconds > int(longest/time.Second):
		return 0, validation("1 validation error detected: Value '%d' at 'durationSeconds' failed to satisfy constraint: Member must have value less than or equal to %d", seconds, longest/time.Second)
	}
	return time.Duration(seconds) * time.Second, nil
}

// sessionPolicies reads Policy and PolicyArns. size is the length of their text.
func (s *Service) sessionPolicies(p query.Params, in *iam.AssumeInput) (size int, err error) {
	if text := p.Get("Policy"); text != "" {
		size = len([]rune(text))
		doc, err := policy.Parse([]byte(text))
		if err == nil {
			err = doc.Check(policy.Identity)
		}
		if err != nil {
			return 0, awserr.New(http.StatusBadRequest, "MalformedPolicyDocument", "%s", err.Error())
		}
		in.Policies = append(in.Policies, doc)
	}
	var arns []string
	for _, item := range p.Structs("PolicyArns", "member") {
		arns = append(arns, item.Get("arn"))
	}
	if len(arns) > maxPolicyARNs {
		return 0, validation("1 validation error detected: Value at 'policyArns' failed to satisfy constraint: Member must have length less than or equal to %d", maxPolicyARNs)
	}
	account := strings.Split(in.RoleARN, ":")[4]
	for _, arn := range arns {
		doc := s.iam.ManagedPolicy(account, arn)
		if doc == nil {
			return 0, awserr.New(http.StatusBadRequest, "InvalidParameterValue", "PolicyArn %s is not valid", arn)
		}
		size += len(arn)
		in.Policies = append(in.Policies, doc)
	}
	if size > maxPolicyChars {
		return 0, awserr.New(http.StatusBadRequest, "PackedPolicyTooLarge", "The session policies have %d characters; %d are allowed", size, maxPolicyChars)
	}
	return size, nil
}

func readTags(p query.Params, in *iam.AssumeInput) error {
	for _, item := range p.Structs("Tags", "member") {
		key, value := item.Get("Key"), item.Get("Value")
		if key == "" || len([]rune(key)) > 128 || len([]rune(value)) > 256 || !tagText.MatchString(key) || !tagText.MatchString(value) ||
			strings.HasPrefix(strings.ToLower(key), "aws:") {
			return validation("Tag %q is not valid", key)
		}
		for old := range in.Tags {
			if strings.EqualFold(old, key) {
				return awserr.New(http.StatusBadRequest, "InvalidParameterValue", "Duplicate tag keys found. Please note that Tag keys are case insensitive.")
			}
		}
		if in.Tags == nil {
			in.Tags = map[string]string{}
		}
		in.Tags[key] = value
	}
	if len(in.Tags) > maxTags {
		return validation("more than %d session tags", maxTags)
	}
	for _, key := range in.TransitiveTags {
		if _, ok := in.Tags[key]; !ok {
			return awserr.New(http.StatusBadRequest, "InvalidParameterValue", "The specified transitive tag key %s must be included in the requested tags.", key)
		}
	}
	return nil
}

type sessionToken struct {
	Credentials credentials
}

func (s *Service) getSessionToken(id *iam.Identity, p query.Params) (*sessionToken, error) {
	if err := p.Only("sts", "GetSessionToken", "DurationSeconds"); err != nil {
		return nil, err
	}
	if id.Temporary() {
		return nil, awserr.New(http.StatusForbidden, "AccessDenied", "Cannot call GetSessionToken with session credentials")
	}
	duration, err := s.duration(p, 12*time.Hour, maxTokenDuration)
	if err != nil {
		return nil, err
	}
	creds, err := s.iam.Issue(id, duration)
	if err != nil {
		return nil, err
	}
	return &sessionToken{credentialsOf(creds)}, nil
}

type accessKeyInfo struct {
	Account string
}

func (s *Service) getAccessKeyInfo(id *iam.Identity, p query.Params) (*accessKeyInfo, error) {
	if err := p.Only("sts", "GetAccessKeyInfo", "AccessKeyId"); err != nil {
		return nil, err
	}
	if err := s.iam.Authorize(id, iam.Access{Action: "sts:GetAccessKeyInfo", Resource: "*", ResourceAccount: id.Account}); err != nil {
		return nil, err
	}
	account := iam.AccountOfKey(p.Get("AccessKeyId"))
	if !slices.Contains([]string{"AKIA", "ASIA"}, firstFour(p.Get("AccessKeyId"))) || !s.iam.HasAccount(account) {
		return nil, validation("Invalid AccessKeyId: %s", p.Get("AccessKeyId"))
	}
	return &accessKeyInfo{account}, nil
}

func firstFour(text string) string { return text[:min(4, len(text))] }
