package iam

import (
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/sealift/sealift/internal/local/aws/awserr"
	"github.com/sealift/sealift/internal/local/aws/policy"
)

// provider is an OpenID Connect provider that an account trusts to tell who somebody is.
type provider struct {
	ARN     string
	Name    string // host and path of the issuer
	Clients []string
	Created time.Time
}

type providerARN struct {
	OpenIDConnectProviderArn string
}

func (c *call) createProvider() (any, error) {
	name := strings.TrimSuffix(strings.TrimPrefix(c.p.Get("Url"), "https://"), "/")
	p := &provider{ARN: "arn:aws:iam::" + c.account.ID + ":oidc-provider/" + name, Name: name, Clients: c.p.Strings("ClientIDList", "member"), Created: c.now().UTC()}
	if err := c.allow("CreateOpenIDConnectProvider", p.ARN, nil); err != nil {
		return nil, err
	}
	if u, err := url.Parse(c.p.Get("Url")); err != nil || u.Scheme != "https" || u.Host == "" || u.RawQuery != "" {
		return nil, validation("Invalid Open ID Connect Provider URL")
	}
	if c.account.Providers[p.ARN] != nil {
		return nil, exists("Provider with url %s already exists.", c.p.Get("Url"))
	}
	if c.account.Providers == nil {
		c.account.Providers = map[string]*provider{}
	}
	c.account.Providers[p.ARN] = p
	return &providerARN{p.ARN}, nil
}

func (c *call) providerFor(action string) (*provider, error) {
	arn := c.p.Get("OpenIDConnectProviderArn")
	if err := c.allow(action, arn, nil); err != nil {
		return nil, err
	}
	if p := c.account.Providers[arn]; p != nil {
		return p, nil
	}
	return nil, noSuch("OpenIDConnect Provider not found for arn %s", arn)
}

// addClient lets a provider's tokens be for one audience more. One that it knows is no error (IAM API, AddClientIDToOpenIDConnectProvider).
func (c *call) addClient() (any, error) {
	p, err := c.providerFor("AddClientIDToOpenIDConnectProvider")
	if err != nil {
		return nil, err
	}
	client := c.p.Get("ClientID")
	if client == "" {
		return nil, validation("1 validation error detected: Value null at 'clientID' failed to satisfy constraint: Member must not be null")
	}
	if !slices.Contains(p.Clients, client) {
		p.Clients = append(slices.Clip(p.Clients), client)
	}
	return nil, nil
}

type providerShape struct {
	URL          string   `xml:"Url"`
	ClientIDList []string `xml:"ClientIDList>member"`
	CreateDate   string
}

func (c *call) getProvider() (any, error) {
	p, err := c.providerFor("GetOpenIDConnectProvider")
	if err != nil {
		return nil, err
	}
	return &providerShape{p.Name, p.Clients, stamp(p.Created)}, nil
}

type providerList struct {
	List []struct{ Arn string } `xml:"OpenIDConnectProviderList>member"`
}

func (c *call) listProviders() (any, error) {
	if err := c.allow("ListOpenIDConnectProviders", "arn:aws:iam::"+c.account.ID+":oidc-provider/*", nil); err != nil {
		return nil, err
	}
	out := &providerList{}
	for _, arn := range slices.Sorted(maps.Keys(c.account.Providers)) {
		out.List = append(out.List, struct{ Arn string }{arn})
	}
	return out, nil
}

func (c *call) deleteProvider() (any, error) {
	p, err := c.providerFor("DeleteOpenIDConnectProvider")
	if err != nil {
		return nil, err
	}
	delete(c.account.Providers, p.ARN)
	return nil, nil
}

// AssumeByToken lets whom a token is about take a role: its account must have the issuer as a provider that knows the
// audience, and the role's trust must name the provider, under conditions on ISSUER:aud and ISSUER:sub. issuer is the URL.
func (s *Service) AssumeByToken(issuer, subject, audience string, in AssumeInput) (id *Identity, provider string, err error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	denied := awserr.New(http.StatusForbidden, "AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity")
	r := s.state.role(in.RoleARN)
	if r == nil || !s.seen(r.entity) {
		return nil, "", denied
	}
	name := strings.TrimPrefix(issuer, "https://")
	account := policy.AccountOf(r.ARN)
	p := s.state.Accounts[account].Providers["arn:aws:iam::"+account+":oidc-provider/"+name]
	if p == nil {
		return nil, "", awserr.New(http.StatusBadRequest, "InvalidIdentityToken", "No OpenIDConnect provider found in your account for %s", issuer)
	}
	if !slices.Contains(p.Clients, audience) {
		return nil, "", awserr.New(http.StatusBadRequest, "InvalidIdentityToken", "Incorrect token audience")
	}
	ctx := policy.Context{
		"aws:currenttime": {s.now().UTC().Format(time.RFC3339)}, "aws:securetransport": {"true"}, "sts:rolesessionname": {in.SessionName},
		strings.ToLower(name) + ":aud": {audience}, strings.ToLower(name) + ":sub": {subject},
	}
	d := s.decide(policy.Question{
		Request:         policy.Request{Principal: policy.Principal{Federated: p.ARN}, Action: "sts:AssumeRoleWithWebIdentity", Resource: r.ARN, Context: ctx},
		ResourceAccount: account, ResourcePolicy: r.Trust, ResourceDecides: true,
	})
	if !d.Allowed {
		return nil, "", denied
	}
	out := s.roleSession(r, in.SessionName)
	out.SessionPolicies, out.Region, out.Secure = in.Policies, s.region, true
	return out, p.ARN, nil
}
