package kms

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/sealift/sealift/internal/local/aws/iam"
	"github.com/sealift/sealift/internal/local/aws/policy"
)

const maxGrants = 50_000 // per key

var grantName = regexp.MustCompile(`^[a-zA-Z0-9:/_-]{1,256}$`)

type createGrantInput struct {
	KeyID             string `json:"KeyId"`
	GranteePrincipal  string
	RetiringPrincipal string
	Operations        []string
	Constraints       *constraints
	GrantTokens       []string
	Name              string
	DryRun            bool
}

type createGrantOutput struct {
	GrantToken string
	GrantID    string `json:"GrantId"`
}

func (c *caller) createGrant(in createGrantInput) (*createGrantOutput, error) {
	if err := c.checkGrant(in); err != nil {
		return nil, err
	}
	if err := noAlias(in.KeyID); err != nil {
		return nil, err
	}
	ref, err := c.resolve(c.id.Account, c.region, in.KeyID)
	if err != nil {
		return nil, err
	}
	ctx := policy.Context{
		"kms:grantoperations":       in.Operations,
		"kms:granteeprincipal":      {in.GranteePrincipal},
		"kms:grantisforawsresource": {strconv.FormatBool(c.via != "")},
	}
	if in.RetiringPrincipal != "" {
		ctx["kms:retiringprincipal"] = []string{in.RetiringPrincipal}
	}
	if in.Constraints != nil && in.Constraints.EncryptionContextEquals != nil {
		ctx["kms:grantconstrainttype"] = append(ctx["kms:grantconstrainttype"], "EncryptionContextEquals")
	}
	if in.Constraints != nil && in.Constraints.EncryptionContextSubset != nil {
		ctx["kms:grantconstrainttype"] = append(ctx["kms:grantconstrainttype"], "EncryptionContextSubset")
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if ref, err = c.again(ref); err != nil {
		return nil, err
	}
	k := ref.key
	if err := c.authorize(ref, question{
		operation: "CreateGrant", tokens: in.GrantTokens, context: ctx,
		grantable: func(g *grant) bool { return g.covers(in.Operations, in.Constraints) },
	}); err != nil {
		return nil, err
	}
	if err := c.usable(k); err != nil {
		return nil, err
	}
	if err := dryRun(in.DryRun); err != nil {
		return nil, err
	}
	k.sweep(c.now())
	// The same name with the same parameters is a retry, and gets the grant that is there, under a token of its own.
	if in.Name != "" {
		for _, g := range k.Grants {
			if g.live() && g.same(c.id.Account, in) {
				token := randomToken()
				g.Tokens = append(g.Tokens, token)
				return &createGrantOutput{token, g.ID}, c.save()
			}
		}
	}
	if len(k.Grants) >= maxGrants {
		return nil, invalid(http.StatusBadRequest, "LimitExceededException", "the key has %d grants", len(k.Grants))
	}
	now := c.now().UTC()
	g := &grant{
		ID: randomHex(32), Tokens: []string{randomToken()}, Name: in.Name, Grantee: in.GranteePrincipal, Retiring: in.RetiringPrincipal,
		Issuer: c.id.Account, Operations: in.Operations, Constraints: in.Constraints, Created: now, SeenFrom: now.Add(c.grantDelay),
	}
	k.Grants = append(k.Grants, g)
	return &createGrantOutput{g.Tokens[0], g.ID}, c.save()
}

func (g *grant) same(issuer string, in createGrantInput) bool {
	return g.Issuer == issuer && g.Name == in.Name && g.Grantee == in.GranteePrincipal && g.Retiring == in.RetiringPrincipal &&
		slices.Equal(g.Operations, in.Operations) && reflect.DeepEqual(g.Constraints, in.Constraints)
}

func (c *caller) checkGrant(in createGrantInput) error {
	for what, arn := range map[string]string{"grantee": in.GranteePrincipal, "retiring": in.RetiringPrincipal} {
		if arn == "" && what == "retiring" {
			continue
		}
		if !c.iam.Exists(arn) {
			return invalid(http.StatusBadRequest, "InvalidArnException", "The %s principal %q does not exist", what, arn)
		}
	}
	if len(in.Operations) == 0 {
		return validation("1 validation error detected: Value null at 'operations' failed to satisfy constraint: Member must not be null")
	}
	for _, op := range in.Operations {
		if !slices.Contains(grantOperations, op) {
			return validation("Operation %s is not supported by grants on a symmetric encryption key", op)
		}
	}
	if in.Name != "" && !grantName.MatchString(in.Name) {
		return validation("1 validation error detected: Value '%s' at 'name' failed to satisfy constraint: Member must satisfy regular expression pattern: ^[a-zA-Z0-9:/_-]+$", in.Name)
	}
	if in.Constraints != nil {
		for _, pairs := range []map[string]string{in.Constraints.EncryptionContextEquals, in.Constraints.EncryptionContextSubset} {
			if len(pairs) > 8 {
				return validation("a grant constraint has at most 8 encryption context pairs")
			}
			for _, value := range pairs {
				if len(value) > 384 {
					return validation("an encryption context value in a grant constraint has at most 384 characters")
				}
			}
		}
	}
	return nil
}

func randomHex(n int) string {
	raw := make([]byte, n)
	rand.Read(raw)
	return hex.EncodeToString(raw)
}

func randomToken() string {
	raw := make([]byte, 96)
	rand.Read(raw)
	return base64.StdEncoding.EncodeToString(raw)
}

// sweep forgets grants that ended and that nobody sees any more.
func (k *key) sweep(now time.Time) {
	k.Grants = slices.DeleteFunc(k.Grants, func(g *grant) bool { return !g.live() && !now.Before(g.SeenUntil) })
}

// findGrant finds a live grant of a key by id or token.
func (k *key) findGrant(id, token string) *grant {
	for _, g := range k.Grants {
		if g.live() && (id != "" && g.ID == id || token != "" && slices.Contains(g.Tokens, token)) {
			return g
		}
	}
	return nil
}

type grantEntry struct {
	KeyID             string `json:"KeyId"`
	GrantID           string `json:"GrantId"`
	Name              string `json:",omitempty"`
	CreationDate      *epoch
	GranteePrincipal  string
	RetiringPrincipal string `json:",omitempty"`
	IssuingAccount    string
	Operations        []string
	Constraints       *constraints `json:",omitempty"`
}

func (g *grant) entry(k *key) grantEntry {
	return grantEntry{
		KeyID: k.ARN, GrantID: g.ID, Name: g.Name, CreationDate: epochOf(g.Created), GranteePrincipal: g.Grantee,
		RetiringPrincipal: g.Retiring, IssuingAccount: policy.RootARN(g.Issuer), Operations: g.Operations, Constraints: g.Constraints,
	}
}

type listGrantsInput struct {
	KeyID            string `json:"KeyId"`
	GrantID          string `json:"GrantId"`
	GranteePrincipal string
	page
}

type listGrantsOutput struct {
	Grants     []grantEntry
	NextMarker string `json:",omitempty"`
	Truncated  bool
}

func (c *caller) listGrants(in listGrantsInput) (*listGrantsOutput, error) {
	if err := noAlias(in.KeyID); err != nil {
		return nil, err
	}
	ref, err := c.resolve(c.id.Account, c.region, in.KeyID)
	if err != nil {
		return nil, err
	}
	c.mu.RLock()
	defer c.mu.RUnlock()
	if err := c.authorize(ref, question{operation: "ListGrants"}); err != nil {
		return nil, err
	}
	if in.GrantID != "" && ref.key.findGrant(in.GrantID, "") == nil {
		return nil, invalid(http.StatusBadRequest, "InvalidGrantIdException", "The grant %s does not exist on %s", in.GrantID, ref.key.ARN)
	}
	all := []grantEntry{}
	for _, g := range ref.key.Grants {
		if g.live() && (in.GrantID == "" || g.ID == in.GrantID) && (in.GranteePrincipal == "" || g.Grantee == in.GranteePrincipal) {
			all = append(all, g.entry(ref.key))
		}
	}
	part, next, err := pageOf(in.page, all, 50)
	if err != nil {
		return nil, err
	}
	return &listGrantsOutput{part, next, next != ""}, nil
}

type retireGrantInput struct {
	GrantToken string
	KeyID      string `json:"KeyId"`
	GrantID    string `json:"GrantId"`
	DryRun     bool
}

// retireGrant is decided by the grant itself, not by the key's policy: KMS developer guide, "Retiring and revoking grants".
func (c *caller) retireGrant(in retireGrantInput) (none, error) {
	if (in.GrantToken == "") == (in.KeyID == "" || in.GrantID == "") {
		return nil, validation("Please specify either a grant token, or a key ARN and a grant ID.")
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	var (
		k *key
		g *grant
	)
	for id := range c.state.Keys {
		if k = c.find(id); k == nil || in.KeyID != "" && k.ARN != in.KeyID && (k.ID != in.KeyID || k.Account != c.id.Account) {
			continue
		}
		if g = k.findGrant(in.GrantID, in.GrantToken); g != nil {
			break
		}
	}
	switch {
	case g == nil && in.GrantToken != "":
		return nil, invalid(http.StatusBadRequest, "InvalidGrantTokenException", "The grant token is not valid.")
	case g == nil:
		return nil, invalid(http.StatusBadRequest, "InvalidGrantIdException", "The grant %s does not exist on %s", in.GrantID, in.KeyID)
	}
	if err := c.mayRetire(k, g); err != nil {
		return nil, err
	}
	if !k.DeleteAt.IsZero() {
		return nil, pendingDeletion(k)
	}
	if err := dryRun(in.DryRun); err != nil {
		return nil, err
	}
	c.end(k, g)
	return nil, c.save()
}

// mayRetire: the retiring principal may, the grantee if the grant lists RetireGrant, and the account that made the
// grant. Where the right belongs to an account, its IAM policies hand it on (kms:RetireGrant). They can also deny it.
func (c *caller) mayRetire(k *key, g *grant) error {
	holders := []string{g.Retiring, policy.RootARN(g.Issuer)}
	if slices.Contains(g.Operations, "RetireGrant") {
		holders = append(holders, g.Grantee)
	}
	held := slices.ContainsFunc(holders, func(arn string) bool { return names(arn, c.id) })
	delegated := slices.Contains(holders, policy.RootARN(c.id.Account))
	account := k.Account
	if delegated {
		account = c.id.Account // the right is the account's own, whoever owns the key
	}
	return denied(c.iam.Authorize(c.id, iam.Access{
		Action: "kms:RetireGrant", Resource: k.ARN, ResourceAccount: account, Granted: held, ResourceDecides: !delegated,
		Context: policy.Context{"kms:calleraccount": {c.id.Account}},
	}))
}

type revokeGrantInput struct {
	KeyID   string `json:"KeyId"`
	GrantID string `json:"GrantId"`
	DryRun  bool
}

func (c *caller) revokeGrant(in revokeGrantInput) (none, error) {
	if err := noAlias(in.KeyID); err != nil {
		return nil, err
	}
	ref, err := c.resolve(c.id.Account, c.region, in.KeyID)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if ref, err = c.again(ref); err != nil {
		return nil, err
	}
	if err := c.authorize(ref, question{operation: "RevokeGrant"}); err != nil {
		return nil, err
	}
	g := ref.key.findGrant(in.GrantID, "")
	if g == nil {
		return nil, invalid(http.StatusBadRequest, "InvalidGrantIdException", "The grant %s does not exist on %s", in.GrantID, ref.key.ARN)
	}
	if !ref.key.DeleteAt.IsZero() {
		return nil, pendingDeletion(ref.key)
	}
	if err := dryRun(in.DryRun); err != nil {
		return nil, err
	}
	c.end(ref.key, g)
	return nil, c.save()
}

// end takes a grant away, for those who look a little later.
func (c *caller) end(k *key, g *grant) {
	g.SeenUntil = c.now().UTC().Add(c.grantDelay)
	k.sweep(c.now())
}

type listRetirableGrantsInput struct {
	RetiringPrincipal string
	page
}

func (c *caller) listRetirableGrants(in listRetirableGrantsInput) (*listGrantsOutput, error) {
	if !strings.HasPrefix(in.RetiringPrincipal, "arn:") || policy.AccountOf(in.RetiringPrincipal) != c.id.Account {
		return nil, invalid(http.StatusBadRequest, "InvalidArnException", "The retiring principal must be a principal of the caller's account")
	}
	if err := c.allow("kms:ListRetirableGrants", "*"); err != nil {
		return nil, err
	}
	c.mu.RLock()
	defer c.mu.RUnlock()
	all := []grantEntry{}
	for id := range c.state.Keys {
		k := c.find(id)
		if k == nil || k.Region != c.region {
			continue
		}
		for _, g := range k.Grants {
			if g.live() && g.Retiring == in.RetiringPrincipal {
				all = append(all, g.entry(k))
			}
		}
	}
	slices.SortFunc(all, func(a, b grantEntry) int { return strings.Compare(a.GrantID, b.GrantID) })
	part, next, err := pageOf(in.page, all, 50)
	if err != nil {
		return nil, err
	}
	return &listGrantsOutput{part, next, next != ""}, nil
}
