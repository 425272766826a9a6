package policy

import (
	"slices"
	"strings"
)

// Principal is a caller as policies see it. The zero value is an anonymous caller.
type Principal struct {
	Account  string
	ARN      string   // of the user, the account's root user, or the role session
	RoleARN  string   // of a role session: its role
	Services []string // of an AWS service: its names, general and regional; then the fields above are empty
	// Federated is the ARN of the identity provider that told who it is; then all of the fields above are empty.
	Federated string
}

// Request is what a caller wants to do.
type Request struct {
	Principal Principal
	Action    string // "s3:PutObject"
	Resource  string // ARN; "*" for actions that name no resource
	Context   Context
}

// Question is a request with all policies that have a say in it.
type Question struct {
	Request
	// ResourceAccount owns the resource. Within one account either side may allow; across accounts both must.
	ResourceAccount string
	Identity        []*Document // the caller's own policies
	Session         []*Document // what the caller's session is limited to; none means no limit
	ResourcePolicy  *Document   // of the bucket, key or role; nil if it has none
	// ResourceDecides is set for KMS keys and role trust: identity policies count only where the resource's policy
	// delegates to the caller's account.
	ResourceDecides bool
	// Granted says that something other than a policy allows the action on the resource's side: a KMS grant.
	Granted bool
}

// Decision is the answer. Why is AWS's wording of a refusal, to follow "is not authorized to perform: ...".
type Decision struct {
	Allowed bool
	Why     string
}

// grade says how closely a resource policy names the caller it allows. The order matters: the manual, "Policy evaluation
// for requests within a single account", lets some grades pass where others still need the caller's own policies.
type grade int

const (
	notNamed  grade = iota
	byAccount       // the caller's account: the account's own policies must allow, too
	byRole          // the role of the session, or everybody: the session's limits still apply
	byName          // the user, the root user, the very session, or the service: nothing else is asked
)

// Decide evaluates q.
func Decide(q Question) Decision {
	if slices.ContainsFunc(q.Identity, func(d *Document) bool { return d.denies(q.Request) }) {
		return Decision{Why: "with an explicit deny in an identity-based policy"}
	}
	if slices.ContainsFunc(q.Session, func(d *Document) bool { return d.denies(q.Request) }) {
		return Decision{Why: "with an explicit deny in a session policy"}
	}
	if q.ResourcePolicy != nil && q.ResourcePolicy.deniesPrincipal(q.Request) {
		return Decision{Why: "with an explicit deny in a resource-based policy"}
	}

	named := notNamed
	if q.ResourcePolicy != nil {
		named = q.ResourcePolicy.allowsPrincipal(q.Request)
	}
	allows := func(d *Document) bool { return d.allows(q.Request) }
	var (
		root        = q.Principal.ARN == RootARN(q.Principal.Account)
		own         = root || slices.ContainsFunc(q.Identity, allows)
		inSession   = len(q.Session) == 0 || slices.ContainsFunc(q.Session, allows)
		sameAccount = q.Principal.Account == q.ResourceAccount && q.Principal.Account != ""
		action      = " allows the " + q.Action + " action"
		noResource  = Decision{Why: "because no resource-based policy" + action}
		noIdentity  = Decision{Why: "because no identity-based policy" + action}
		noSession   = Decision{Why: "because no session policy" + action}
		allowed     = Decision{Allowed: true}
	)

	if q.Principal.Account == "" { // a service, or nobody: only the resource's policy can speak for it
		if named >= byRole {
			return allowed
		}
		return noResource
	}
	if q.Granted {
		if !inSession {
			return noSession
		}
		return allowed
	}
	if sameAccount {
		switch {
		case named == byName:
			return allowed
		case named == byRole && inSession:
			return allowed
		case named == notNamed && q.ResourceDecides:
			return noResource
		case !own:
			return noIdentity
		case !inSession:
			return noSession
		}
		return allowed
	}
	switch {
	case named == notNamed:
		return noResource
	case !own:
		return noIdentity
	case !inSession:
		return noSession
	}
	return allowed
}

func (d *Document) denies(r Request) bool {
	return slices.ContainsFunc(d.statements, func(s statement) bool { return s.deny && s.applies(r) })
}

func (d *Document) allows(r Request) bool {
	return slices.ContainsFunc(d.statements, func(s statement) bool { return !s.deny && s.applies(r) })
}

func (d *Document) deniesPrincipal(r Request) bool {
	return slices.ContainsFunc(d.statements, func(s statement) bool {
		if !s.deny || !s.applies(r) {
			return false
		}
		if s.exempt != nil {
			return !s.exempt.exempts(r.Principal)
		}
		return s.principal.grade(r.Principal) > notNamed
	})
}

func (d *Document) allowsPrincipal(r Request) grade {
	best := notNamed
	for _, s := range d.statements {
		if !s.deny && s.applies(r) {
			best = max(best, s.principal.grade(r.Principal))
		}
	}
	return best
}

// applies tells whether action, resource and conditions of the statement fit the request.
func (s statement) applies(r Request) bool {
	name := strings.ToLower(r.Action)
	if slices.ContainsFunc(s.actions, func(a action) bool { return a.glob.match(name) }) == s.notActions {
		return false
	}
	// A trust policy has no Resource: it speaks of the role it belongs to.
	if len(s.resources) > 0 {
		fits := slices.ContainsFunc(s.resources, func(p resource) bool { return p.match(r.Context, r.Resource) })
		if fits == s.notResource {
			return false
		}
	}
	for _, c := range s.conditions {
		if !c.holds(r.Context) {
			return false
		}
	}
	return true
}

func (p *principals) grade(who Principal) grade {
	if p == nil {
		return notNamed
	}
	switch {
	case slices.ContainsFunc(who.Services, func(s string) bool { return slices.Contains(p.services, s) }):
		return byName
	case who.Federated != "":
		if slices.Contains(p.federated, who.Federated) {
			return byName
		}
		return notNamed
	case who.ARN != "" && slices.Contains(p.aws, who.ARN):
		return byName
	case who.RoleARN != "" && slices.Contains(p.aws, who.RoleARN), p.everyone:
		return byRole
	case who.Account != "" && slices.Contains(p.aws, RootARN(who.Account)):
		return byAccount
	default:
		return notNamed
	}
}

// exempts tells whether a NotPrincipal element spares who. All names of the caller must be listed: the manual asks for
// the account, the role and the session, since a list without the account denies the whole account.
func (p *principals) exempts(who Principal) bool {
	if p.everyone || slices.ContainsFunc(who.Services, func(s string) bool { return slices.Contains(p.services, s) }) {
		return true
	}
	if who.Account == "" {
		return false
	}
	return slices.Contains(p.aws, RootARN(who.Account)) &&
		slices.Contains(p.aws, who.ARN) &&
		(who.RoleARN == "" || slices.Contains(p.aws, who.RoleARN))
}
