package iam

import (
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/sealift/sealift/internal/local/aws/awserr"
	"github.com/sealift/sealift/internal/local/aws/policy"
)

// Authorize decides whether id may do a. The error is an *awserr.Error, AccessDenied in AWS's wording. A nil id is an
// anonymous caller.
func (s *Service) Authorize(id *Identity, a Access) error {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.authorize(id, a)
}

// authorize is Authorize under the lock.
func (s *Service) authorize(id *Identity, a Access) error {
	q := policy.Question{
		Request:         policy.Request{Action: a.Action, Resource: a.Resource, Context: s.requestContext(id, a)},
		ResourceAccount: a.ResourceAccount,
		ResourcePolicy:  a.ResourcePolicy,
		ResourceDecides: a.ResourceDecides,
		Granted:         a.Granted,
	}
	who := "anonymous"
	if id != nil {
		who = id.ARN
		q.Principal = policy.Principal{Account: id.Account, ARN: id.ARN, RoleARN: id.RoleARN}
		q.Identity = s.identityPolicies(id)
		q.Session = id.SessionPolicies
	}
	d := s.decide(q)
	if d.Allowed {
		return nil
	}
	resource := a.Resource
	if strings.HasPrefix(a.Action, "s3:") {
		resource = strconv.Quote(resource) // S3 alone quotes it
	}
	return awserr.New(http.StatusForbidden, "AccessDenied",
		"User: %s is not authorized to perform: %s on resource: %s %s", who, a.Action, resource, d.Why)
}

// Decided is a question that was answered.
type Decided struct {
	Question policy.Question
	Decision policy.Decision
}

// Watch has see told every question that any service asks, with its answer: for tests that hold policies against what is really
// used. It is called with the service locked, so it must not call back.
func (s *Service) Watch(see func(Decided)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.watchers = append(s.watchers, see)
}

// decide answers a question. The caller holds the lock.
func (s *Service) decide(q policy.Question) policy.Decision {
	d := policy.Decide(q)
	for _, see := range s.watchers {
		see(Decided{q, d})
	}
	return d
}

// entityOf finds the user or role behind an identity. It is nil for the root user, and for a user or role that was
// deleted (or deleted and made anew) after the session began.
func (s *Service) entityOf(id *Identity) *entity {
	if id.RoleARN != "" {
		if r := s.state.role(id.RoleARN); r != nil && strings.HasPrefix(id.UserID, r.ID+":") {
			return &r.entity
		}
		return nil
	}
	if u := s.state.user(id.ARN); u != nil && u.ID == id.UserID {
		return &u.entity
	}
	return nil
}

func (s *Service) identityPolicies(id *Identity) []*policy.Document {
	e := s.entityOf(id)
	if e == nil {
		return nil
	}
	var all []*policy.Document
	for _, p := range s.state.policiesOf(e) {
		all = append(all, p.document)
	}
	return all
}

// sourced is a policy, and where it comes from.
type sourced struct {
	name, kind string // kind is a PolicySourceType of the API model
	document   *policy.Document
}

// policiesOf are the policies of a user, group or role, those of a user's groups among them, inline and managed.
func (st *state) policiesOf(e *entity) []sourced {
	var all []sourced
	add := func(e *entity, kind string) {
		for _, name := range slices.Sorted(maps.Keys(e.Inline)) {
			all = append(all, sourced{name, kind, e.Inline[name]})
		}
		for _, arn := range e.Attached {
			kind := "user-managed"
			if policy.AccountOf(arn) == "aws" {
				kind = "aws-managed"
			}
			if doc := st.managedDocument(arn); doc != nil {
				all = append(all, sourced{arn[strings.LastIndexByte(arn, '/')+1:], kind, doc})
			}
		}
	}
	add(e, e.kind())
	if a := st.Accounts[policy.AccountOf(e.ARN)]; a != nil && e.kind() == "user" {
		for _, g := range a.groupsOf(a.Users[e.Name]) {
			add(&g.entity, "group")
		}
	}
	return all
}

// kind is user, group or role.
func (e *entity) kind() string {
	_, resource, _ := strings.Cut(e.ARN, "::")
	_, resource, _ = strings.Cut(resource, ":")
	kind, _, _ := strings.Cut(resource, "/")
	return kind
}

// requestContext is the manual's "AWS global condition context keys", as far as a request here has them. Keys that do
// not apply are missing, since policies can tell a missing key from a false one.
func (s *Service) requestContext(id *Identity, a Access) policy.Context {
	now := s.now().UTC()
	ctx := policy.Context{
		"aws:currenttime":           {now.Format(time.RFC3339)},
		"aws:epochtime":             {strconv.FormatInt(now.Unix(), 10)},
		"aws:principalisawsservice": {"false"},
		"aws:viaawsservice":         {"false"},
	}
	set := func(key, value string) {
		if value != "" {
			ctx[key] = []string{value}
		}
	}
	set("aws:resourceaccount", a.ResourceAccount)
	if id == nil {
		set("aws:principaltype", "Anonymous")
	} else {
		s.principalContext(id, set)
	}
	maps.Copy(ctx, a.Context)
	return ctx
}

func (s *Service) principalContext(id *Identity, set func(key, value string)) {
	set("aws:principalaccount", id.Account)
	set("aws:userid", id.UserID)
	set("aws:username", id.UserName)
	set("aws:sourceidentity", id.SourceIdentity)
	set("aws:securetransport", strconv.FormatBool(id.Secure))
	set("aws:sourceip", id.SourceIP)
	set("aws:useragent", id.UserAgent)
	set("aws:referer", id.Referer)
	set("aws:requestedregion", id.Region)
	if id.Temporary() {
		set("aws:tokenissuetime", id.Issued.UTC().Format(time.RFC3339))
		set("aws:multifactorauthpresent", "false")
	}
	switch {
	case id.RoleARN != "":
		set("aws:principalarn", id.RoleARN) // the role, not the session
		set("aws:principaltype", "AssumedRole")
	case id.UserName != "":
		set("aws:principalarn", id.ARN)
		set("aws:principaltype", "User")
	default:
		set("aws:principalarn", id.ARN)
		set("aws:principaltype", "Account")
	}
	if e := s.entityOf(id); e != nil {
		for key, value := range e.Tags {
			set("aws:principaltag/"+strings.ToLower(key), value)
		}
	}
	for key, value := range id.SessionTags { // a session tag hides the role's tag of that name
		set("aws:principaltag/"+strings.ToLower(key), value)
	}
}

// CheckPrincipals refuses a policy that names users, roles or accounts which do not exist, as IAM, KMS and S3 do when
// the policy is put. The error is a *policy.Error.
func (s *Service) CheckPrincipals(d *policy.Document) error {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.checkPrincipals(d)
}

func (s *Service) checkPrincipals(d *policy.Document) error {
	for _, arn := range d.Principals() {
		if !s.exists(arn) {
			return &policy.Error{Message: `Invalid principal in policy: "AWS":"` + arn + `"`}
		}
	}
	return nil
}

// Exists tells whether an ARN of a user, role, role session or account root names somebody.
func (s *Service) Exists(arn string) bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.exists(arn)
}

func (s *Service) exists(arn string) bool {
	a := s.state.Accounts[policy.AccountOf(arn)]
	if a == nil {
		return false
	}
	if arn == policy.RootARN(a.ID) {
		return true
	}
	if session, ok := strings.CutPrefix(arn, "arn:aws:sts::"+a.ID+":assumed-role/"); ok {
		name, session, ok := strings.Cut(session, "/")
		return ok && session != "" && a.Roles[name] != nil && s.seen(a.Roles[name].entity)
	}
	if u := s.state.user(arn); u != nil {
		return s.seen(u.entity)
	}
	r := s.state.role(arn)
	return r != nil && s.seen(r.entity)
}

// PassRole decides whether id may hand the role to an AWS service (iam:PassRole). The role must be one of id's account.
func (s *Service) PassRole(id *Identity, roleARN, service string) error {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if policy.AccountOf(roleARN) != id.Account {
		return awserr.New(http.StatusForbidden, "AccessDenied", "Cross-account pass role is not allowed.")
	}
	return s.authorize(id, Access{
		Action:          "iam:PassRole",
		Resource:        roleARN,
		ResourceAccount: id.Account,
		Context:         policy.Context{"iam:passedtoservice": {service}},
	})
}
