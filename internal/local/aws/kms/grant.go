package kms

import (
	"slices"
	"time"

	"github.com/sealift/sealift/internal/local/aws/iam"
)

// grant lets one grantee use one key; it can only allow.
type grant struct {
	ID          string
	Tokens      []string // every CreateGrant that answers with this grant makes one
	Name        string   `json:",omitempty"`
	Grantee     string
	Retiring    string `json:",omitempty"`
	Issuer      string // account
	Operations  []string
	Constraints *constraints `json:",omitempty"`
	Created     time.Time
	// SeenFrom and SeenUntil bound the time in which callers without the token see the grant: KMS is eventually
	// consistent.
	SeenFrom  time.Time
	SeenUntil time.Time // zero: not retired or revoked
}

// constraints is also the API's shape.
type constraints struct {
	EncryptionContextEquals map[string]string `json:",omitempty"`
	EncryptionContextSubset map[string]string `json:",omitempty"`
}

// grantOperations are those of a symmetric key; CreateGrant refuses all others.
var grantOperations = []string{
	"Decrypt", "Encrypt", "GenerateDataKey", "GenerateDataKeyWithoutPlaintext", "GenerateDataKeyPair",
	"GenerateDataKeyPairWithoutPlaintext", "ReEncryptFrom", "ReEncryptTo", "CreateGrant", "DescribeKey", "RetireGrant",
}

// contextFree are the operations that have no encryption context, so that constraints do not touch them.
var contextFree = []string{"DescribeKey", "RetireGrant"}

// seen tells whether the grant counts for a caller that passed these tokens.
func (g *grant) seen(now time.Time, tokens []string) bool {
	if !g.SeenUntil.IsZero() {
		return now.Before(g.SeenUntil)
	}
	return !now.Before(g.SeenFrom) || slices.ContainsFunc(tokens, func(t string) bool { return slices.Contains(g.Tokens, t) })
}

// live tells whether the grant was neither retired nor revoked.
func (g *grant) live() bool { return g.SeenUntil.IsZero() }

// names tells whether arn means the caller: the user or the very session, or the role of the session.
func names(arn string, id *iam.Identity) bool {
	return arn != "" && (arn == id.ARN || arn == id.RoleARN)
}

// permits tells whether the grant lets id do operation with this encryption context.
func (g *grant) permits(id *iam.Identity, operation string, encryptionContext map[string]string) bool {
	if !names(g.Grantee, id) || !slices.Contains(g.Operations, operation) {
		return false
	}
	return slices.Contains(contextFree, operation) || operation == "CreateGrant" || g.Constraints.fit(encryptionContext)
}

// fit compares an encryption context with the constraints. Values must be equal; there are no wildcards.
func (c *constraints) fit(encryptionContext map[string]string) bool {
	if c == nil {
		return true
	}
	if c.EncryptionContextEquals != nil && len(encryptionContext) != len(c.EncryptionContextEquals) {
		return false
	}
	return contains(encryptionContext, c.EncryptionContextEquals) && contains(encryptionContext, c.EncryptionContextSubset)
}

// contains tells whether all pairs of part are in whole.
func contains(whole, part map[string]string) bool {
	for name, value := range part {
		if got, ok := whole[name]; !ok || got != value {
			return false
		}
	}
	return true
}

// covers tells whether a grant made by the grantee of g, on the strength of g alone, stays within g.
func (g *grant) covers(operations []string, c *constraints) bool {
	for _, op := range operations {
		if !slices.Contains(g.Operations, op) {
			return false
		}
	}
	if g.Constraints == nil {
		return true
	}
	if c == nil {
		return false
	}
	if want := g.Constraints.EncryptionContextEquals; want != nil {
		return len(c.EncryptionContextEquals) == len(want) && contains(c.EncryptionContextEquals, want)
	}
	return contains(c.EncryptionContextEquals, g.Constraints.EncryptionContextSubset) ||
		contains(c.EncryptionContextSubset, g.Constraints.EncryptionContextSubset)
}
