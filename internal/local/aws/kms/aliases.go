package kms

import (
	"net/http"
	"slices"
	"strings"
)

type aliasInput struct {
	AliasName   string
	TargetKeyID string `json:"TargetKeyId"`
}

func checkAlias(name string) error {
	if len(name) > 256 || !aliasName.MatchString(name) {
		return validation("1 validation error detected: Value '%s' at 'aliasName' failed to satisfy constraint: Member must satisfy regular expression pattern: ^alias/[a-zA-Z0-9/_-]+$", name)
	}
	if strings.HasPrefix(name, "alias/aws/") {
		return invalid(http.StatusBadRequest, "NotAuthorizedException", "%s is reserved for AWS managed keys", name)
	}
	return nil
}

// aliasTarget resolves the key that an alias is to name.
func (c *caller) aliasTarget(in aliasInput) (reference, error) {
	if err := checkAlias(in.AliasName); err != nil {
		return reference{}, err
	}
	return c.ownKey(in.TargetKeyID)
}

// allowAlias asks for operation on the alias (identity policies) and on the key (key policy): both are needed.
func (c *caller) allowAlias(operation, arn string, ref reference) error {
	if err := c.allow("kms:"+operation, arn); err != nil {
		return err
	}
	return c.authorize(ref, question{operation: operation})
}

func (c *caller) createAlias(in aliasInput) (none, error) {
	ref, err := c.aliasTarget(in)
	if err != nil {
		return nil, err
	}
	arn := aliasARN(c.id.Account, c.region, in.AliasName)
	c.mu.Lock()
	defer c.mu.Unlock()
	if ref, err = c.again(ref); err != nil {
		return nil, err
	}
	if err := c.allowAlias("CreateAlias", arn, ref); err != nil {
		return nil, err
	}
	if !ref.key.DeleteAt.IsZero() {
		return nil, pendingDeletion(ref.key)
	}
	if old := c.state.Aliases[arn]; old != nil && c.find(old.Target) != nil {
		return nil, invalid(http.StatusBadRequest, "AlreadyExistsException", "An alias with the name %s already exists", arn)
	}
	now := c.now().UTC()
	c.state.Aliases[arn] = &alias{Name: in.AliasName, ARN: arn, Target: ref.key.ID, Created: now, Updated: now}
	return nil, c.save()
}

func (c *caller) updateAlias(in aliasInput) (none, error) {
	ref, err := c.aliasTarget(in)
	if err != nil {
		return nil, err
	}
	arn := aliasARN(c.id.Account, c.region, in.AliasName)
	c.mu.Lock()
	defer c.mu.Unlock()
	if ref, err = c.again(ref); err != nil {
		return nil, err
	}
	a := c.state.Aliases[arn]
	if a == nil || c.find(a.Target) == nil {
		return nil, notFound("Alias %s is not found.", arn)
	}
	// Asked on both the key that loses the alias and the one that gets it.
	if err := c.allowAlias("UpdateAlias", arn, reference{key: c.find(a.Target)}); err != nil {
		return nil, err
	}
	if err := c.authorize(ref, question{operation: "UpdateAlias"}); err != nil {
		return nil, err
	}
	if !ref.key.DeleteAt.IsZero() {
		return nil, pendingDeletion(ref.key)
	}
	a.Target, a.Updated = ref.key.ID, c.now().UTC()
	return nil, c.save()
}

type deleteAliasInput struct {
	AliasName string
}

func (c *caller) deleteAlias(in deleteAliasInput) (none, error) {
	if err := checkAlias(in.AliasName); err != nil {
		return nil, err
	}
	arn := aliasARN(c.id.Account, c.region, in.AliasName)
	c.mu.Lock()
	defer c.mu.Unlock()
	a := c.state.Aliases[arn]
	if a == nil || c.find(a.Target) == nil {
		return nil, notFound("Alias %s is not found.", arn)
	}
	if err := c.allowAlias("DeleteAlias", arn, reference{key: c.find(a.Target)}); err != nil {
		return nil, err
	}
	delete(c.state.Aliases, arn)
	return nil, c.save()
}

type listAliasesInput struct {
	KeyID string `json:"KeyId"`
	page
}

type aliasEntry struct {
	AliasName       string
	AliasArn        string
	TargetKeyID     string `json:"TargetKeyId"`
	CreationDate    *epoch
	LastUpdatedDate *epoch
}

type listAliasesOutput struct {
	Aliases    []aliasEntry
	NextMarker string `json:",omitempty"`
	Truncated  bool
}

func (c *caller) listAliases(in listAliasesInput) (*listAliasesOutput, error) {
	if err := c.allow("kms:ListAliases", "*"); err != nil {
		return nil, err
	}
	only := ""
	if in.KeyID != "" {
		ref, err := c.ownKey(in.KeyID)
		if err != nil {
			return nil, err
		}
		only = ref.key.ID
	}
	c.mu.RLock()
	defer c.mu.RUnlock()
	all := []aliasEntry{}
	for _, a := range c.state.Aliases {
		k := c.find(a.Target)
		if k != nil && k.Account == c.id.Account && k.Region == c.region && (only == "" || only == k.ID) {
			all = append(all, aliasEntry{a.Name, a.ARN, a.Target, epochOf(a.Created), epochOf(a.Updated)})
		}
	}
	slices.SortFunc(all, func(a, b aliasEntry) int { return strings.Compare(a.AliasName, b.AliasName) })
	part, next, err := pageOf(in.page, all, 50)
	if err != nil {
		return nil, err
	}
	return &listAliasesOutput{part, next, next != ""}, nil
}
