package iam

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/sealift/sealift/internal/local/aws/awserr"
	"github.com/sealift/sealift/internal/local/aws/policy"
)

// AssumeInput is what a caller asks of AssumeAs.
type AssumeInput struct {
	RoleARN        string
	SessionName    string
	ExternalID     string
	Policies       []*policy.Document // session policies
	Tags           map[string]string  // session tags
	TransitiveTags []string           // keys of Tags, and of the caller's session tags, that later sessions inherit
	SourceIdentity string
}

// AssumeAs lets id assume a role, as sts:AssumeRole does: id's own policies and the role's trust policy are evaluated.
// The new identity came in as id did (address, TLS, region) until it signs requests of its own.
func (s *Service) AssumeAs(id *Identity, in AssumeInput) (*Identity, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	denied := func() error {
		return awserr.New(http.StatusForbidden, "AccessDenied",
			"User: %s is not authorized to perform: sts:AssumeRole on resource: %s", id.ARN, in.RoleARN)
	}
	if id.ARN == policy.RootARN(id.Account) {
		return nil, awserr.New(http.StatusForbidden, "AccessDenied", "Roles may not be assumed by root accounts.")
	}
	r := s.state.role(in.RoleARN)
	if r == nil || !s.seen(r.entity) { // told like a refusal, so that nobody learns which roles exist
		return nil, denied()
	}
	tags := map[string]string{}
	for _, key := range id.TransitiveTags {
		tags[key] = id.SessionTags[key]
	}
	for key, value := range in.Tags {
		if slices.ContainsFunc(id.TransitiveTags, func(t string) bool { return strings.EqualFold(t, key) }) {
			return nil, awserr.New(http.StatusBadRequest, "InvalidParameterValue",
				"One of the specified transitive tag keys can't be set because it conflicts with a transitive tag key from the calling session.")
		}
		tags[key] = value
	}
	sourceIdentity := id.SourceIdentity
	if sourceIdentity == "" {
		sourceIdentity = in.SourceIdentity
	} else if in.SourceIdentity != "" && in.SourceIdentity != sourceIdentity {
		return nil, denied()
	}

	actions := []string{"sts:AssumeRole"}
	if len(in.Tags) > 0 || len(id.TransitiveTags) > 0 {
		actions = append(actions, "sts:TagSession")
	}
	if sourceIdentity != "" {
		actions = append(actions, "sts:SetSourceIdentity")
	}
	for _, action := range actions {
		if err := s.authorize(id, Access{
			Action:          action,
			Resource:        r.ARN,
			ResourceAccount: policy.AccountOf(r.ARN),
			ResourcePolicy:  r.Trust,
			ResourceDecides: true,
			Context:         assumeContext(in, tags, sourceIdentity),
		}); err != nil {
			return nil, denied()
		}
	}
	out := s.roleSession(r, in.SessionName)
	out.SessionPolicies = in.Policies
	out.SessionTags = tags
	out.TransitiveTags = slices.Sorted(slices.Values(slices.Concat(id.TransitiveTags, in.TransitiveTags)))
	out.SourceIdentity = sourceIdentity
	out.SourceIP, out.Secure, out.UserAgent, out.Referer, out.Region = id.SourceIP, id.Secure, id.UserAgent, id.Referer, id.Region
	return out, nil
}

func assumeContext(in AssumeInput, tags map[string]string, sourceIdentity string) policy.Context {
	ctx := policy.Context{"sts:rolesessionname": {in.SessionName}}
	if in.ExternalID != "" {
		ctx["sts:externalid"] = []string{in.ExternalID}
	}
	if sourceIdentity != "" {
		ctx["sts:sourceidentity"] = []string{sourceIdentity}
	}
	for key, value := range tags {
		ctx["aws:requesttag/"+strings.ToLower(key)] = []string{value}
	}
	if len(tags) > 0 {
		ctx["aws:tagkeys"] = slices.Sorted(maps.Keys(tags))
	}
	if len(in.TransitiveTags) > 0 {
		ctx["sts:transitivetagkeys"] = in.TransitiveTags
	}
	return ctx
}

// AssumeForService lets an AWS service ("redshift.amazonaws.com") assume a role that trusts it under its general or its
// regional name ("redshift.eu-west-1.amazonaws.com"). context holds the keys the service sends along, such as
// sts:externalid and aws:sourceaccount. The session calls over TLS, from no address of the caller's.
func (s *Service) AssumeForService(service, roleARN, sessionName string, context policy.Context) (*Identity, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	denied := awserr.New(http.StatusForbidden, "AccessDenied",
		"User: %s is not authorized to perform: sts:AssumeRole on resource: %s", service, roleARN)
	r := s.state.role(roleARN)
	if r == nil || !s.seen(r.entity) {
		return nil, denied
	}
	now := s.now().UTC()
	ctx := policy.Context{
		"aws:currenttime":           {now.Format(time.RFC3339)},
		"aws:securetransport":       {"true"},
		"aws:principalisawsservice": {"true"},
		"aws:requestedregion":       {s.region},
		"sts:rolesessionname":       {sessionName},
	}
	maps.Copy(ctx, context)
	general, _, _ := strings.Cut(service, ".")
	names := []string{service, general + "." + s.region + ".amazonaws.com"}
	d := s.decide(policy.Question{
		Request: policy.Request{
			Principal: policy.Principal{Services: names}, Action: "sts:AssumeRole", Resource: r.ARN, Context: ctx,
		},
		ResourceAccount: policy.AccountOf(r.ARN),
		ResourcePolicy:  r.Trust,
		ResourceDecides: true,
	})
	if !d.Allowed {
		return nil, denied
	}
	out := s.roleSession(r, sessionName)
	out.Secure, out.Region = true, s.region
	return out, nil
}

func (s *Service) roleSession(r *role, name string) *Identity {
	account := policy.AccountOf(r.ARN)
	return &Identity{
		Account: account,
		ARN:     "arn:aws:sts::" + account + ":assumed-role/" + r.Name + "/" + name,
		UserID:  r.ID + ":" + name,
		RoleARN: r.ARN,
		Issued:  s.now().UTC().Truncate(time.Second),
	}
}

// MaxSession gives the longest session of a role, in time for AssumeRole's DurationSeconds. It is false for a role that
// does not exist.
func (s *Service) MaxSession(roleARN string) (time.Duration, bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if r := s.state.role(roleARN); r != nil {
		return time.Duration(r.MaxSession) * time.Second, true
	}
	return 0, false
}
