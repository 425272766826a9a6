package kms

import (
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/sealift/sealift/internal/local/aws/policy"
)

type keyInput struct {
	KeyID string `json:"KeyId"`
}

type tag struct {
	TagKey   string
	TagValue string
}

type keyMetadata struct {
	AWSAccountID                string `json:"AWSAccountId"`
	KeyID                       string `json:"KeyId"`
	Arn                         string
	CreationDate                *epoch
	Enabled                     bool
	Description                 string
	KeyUsage                    string
	KeyState                    string
	DeletionDate                *epoch `json:",omitempty"`
	PendingDeletionWindowInDays int    `json:",omitempty"`
	Origin                      string
	KeyManager                  string
	CustomerMasterKeySpec       string
	KeySpec                     string
	EncryptionAlgorithms        []string
	MultiRegion                 bool
	CurrentKeyMaterialID        string `json:"CurrentKeyMaterialId"`
}

func (k *key) metadata() keyMetadata {
	m := keyMetadata{
		AWSAccountID: k.Account, KeyID: k.ID, Arn: k.ARN, CreationDate: epochOf(k.Created), Description: k.Description,
		KeyUsage: "ENCRYPT_DECRYPT", KeyState: "Enabled", Enabled: true, Origin: "AWS_KMS", KeyManager: "CUSTOMER",
		CustomerMasterKeySpec: "SYMMETRIC_DEFAULT", KeySpec: "SYMMETRIC_DEFAULT",
		EncryptionAlgorithms: []string{"SYMMETRIC_DEFAULT"}, CurrentKeyMaterialID: k.MaterialID,
	}
	if k.AWSManaged {
		m.KeyManager = "AWS"
	}
	switch {
	case !k.DeleteAt.IsZero():
		m.KeyState, m.Enabled, m.DeletionDate = "PendingDeletion", false, epochOf(k.DeleteAt)
	case k.Disabled:
		m.KeyState, m.Enabled = "Disabled", false
	}
	return m
}

type createKeyInput struct {
	Policy                         string
	Description                    string
	KeyUsage                       string
	CustomerMasterKeySpec          string
	KeySpec                        string
	Origin                         string
	CustomKeyStoreID               string `json:"CustomKeyStoreId"`
	XksKeyID                       string `json:"XksKeyId"`
	BypassPolicyLockoutSafetyCheck bool
	MultiRegion                    bool
	Tags                           []tag
}

type keyMetadataOutput struct {
	KeyMetadata keyMetadata
}

func (c *caller) createKey(in createKeyInput) (*keyMetadataOutput, error) {
	spec := in.KeySpec
	if spec == "" {
		spec = in.CustomerMasterKeySpec
	}
	switch {
	case spec != "" && spec != "SYMMETRIC_DEFAULT":
		return nil, unsupported("key spec " + spec)
	case in.KeyUsage != "" && in.KeyUsage != "ENCRYPT_DECRYPT":
		return nil, unsupported("key usage " + in.KeyUsage)
	case in.Origin != "" && in.Origin != "AWS_KMS":
		return nil, unsupported("key origin " + in.Origin)
	case in.CustomKeyStoreID != "" || in.XksKeyID != "":
		return nil, unsupported("a custom key store")
	case in.MultiRegion:
		return nil, unsupported("a multi-Region key")
	case len(in.Description) > 8192:
		return nil, validation("the description is longer than 8192 characters")
	}
	tags, err := readTags(nil, in.Tags)
	if err != nil {
		return nil, err
	}
	if err := c.allow("kms:CreateKey", "*"); err != nil {
		return nil, err
	}
	k := c.newKey(c.id.Account, c.region)
	k.Description, k.Tags = in.Description, tags
	if in.Policy == "" {
		if k.Policy, err = defaultPolicy(k.Account); err != nil {
			return nil, err
		}
	} else if k.Policy, err = c.checkPolicy(k, in.Policy, in.BypassPolicyLockoutSafetyCheck); err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(tags) > 0 {
		if err := c.authorize(reference{key: k}, question{operation: "TagResource", context: tagContext(in.Tags)}); err != nil {
			return nil, err
		}
	}
	c.state.Keys[k.ID] = k
	if err := c.save(); err != nil {
		return nil, err
	}
	return &keyMetadataOutput{k.metadata()}, nil
}

// checkPolicy reads a key policy, and refuses one that would lock its own author out.
func (c *caller) checkPolicy(k *key, text string, bypass bool) (*policy.Document, error) {
	bad := func(err error) (*policy.Document, error) {
		return nil, invalid(http.StatusBadRequest, "MalformedPolicyDocumentException", "%s", err.Error())
	}
	doc, err := policy.Parse([]byte(text))
	if err != nil {
		return bad(err)
	}
	if err := doc.Check(policy.Resource); err != nil {
		return bad(err)
	}
	if err := c.iam.CheckPrincipals(doc); err != nil {
		return nil, invalid(http.StatusBadRequest, "MalformedPolicyDocumentException", "Policy contains a statement with one or more invalid principals.")
	}
	if !bypass {
		after := *k
		after.Policy = doc
		after.Grants = nil
		c.mu.RLock()
		defer c.mu.RUnlock()
		if err := c.authorize(reference{key: &after}, question{operation: "PutKeyPolicy"}); err != nil {
			return nil, invalid(http.StatusBadRequest, "MalformedPolicyDocumentException", "The new key policy will not allow you to update the key policy in the future.")
		}
	}
	return doc, nil
}

type describeKeyInput struct {
	KeyID       string `json:"KeyId"`
	GrantTokens []string
}

func (c *caller) describeKey(in describeKeyInput) (*keyMetadataOutput, error) {
	ref, err := c.resolve(c.id.Account, c.region, in.KeyID)
	if err != nil {
		return nil, err
	}
	c.mu.RLock()
	defer c.mu.RUnlock()
	if err := c.authorize(ref, question{operation: "DescribeKey", tokens: in.GrantTokens}); err != nil {
		return nil, err
	}
	return &keyMetadataOutput{ref.key.metadata()}, nil
}

type keyEntry struct {
	KeyID  string `json:"KeyId"`
	KeyArn string
}

type listKeysOutput struct {
	Keys       []keyEntry
	NextMarker string `json:",omitempty"`
	Truncated  bool
}

func (c *caller) listKeys(in page) (*listKeysOutput, error) {
	if err := c.allow("kms:ListKeys", "*"); err != nil {
		return nil, err
	}
	c.mu.RLock()
	defer c.mu.RUnlock()
	all := []keyEntry{}
	for id := range c.state.Keys {
		if k := c.find(id); k != nil && k.Account == c.id.Account && k.Region == c.region {
			all = append(all, keyEntry{k.ID, k.ARN})
		}
	}
	slices.SortFunc(all, func(a, b keyEntry) int { return strings.Compare(a.KeyID, b.KeyID) })
	part, next, err := pageOf(in, all, 100)
	if err != nil {
		return nil, err
	}
	return &listKeysOutput{part, next, next != ""}, nil
}

// change resolves a key of the caller's account, asks for operation, and lets do change it.
func (c *caller) change(keyID string, q question, do func(k *key) error) (*key, error) {
	ref, err := c.ownKey(keyID)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if ref, err = c.again(ref); err != nil {
		return nil, err
	}
	if err := c.authorize(ref, q); err != nil {
		return nil, err
	}
	if err := do(ref.key); err != nil {
		return nil, err
	}
	return ref.key, c.save()
}

// alive is for changes that a key pending deletion does not take.
func alive(do func(k *key)) func(k *key) error {
	return func(k *key) error {
		if !k.DeleteAt.IsZero() {
			return pendingDeletion(k)
		}
		do(k)
		return nil
	}
}

func (c *caller) enableKey(in keyInput) (none, error) {
	_, err := c.change(in.KeyID, question{operation: "EnableKey"}, alive(func(k *key) { k.Disabled = false }))
	return nil, err
}

func (c *caller) disableKey(in keyInput) (none, error) {
	_, err := c.change(in.KeyID, question{operation: "DisableKey"}, alive(func(k *key) { k.Disabled = true }))
	return nil, err
}

type scheduleKeyDeletionInput struct {
	KeyID               string `json:"KeyId"`
	PendingWindowInDays *int
}

type scheduleKeyDeletionOutput struct {
	KeyID               string `json:"KeyId"`
	DeletionDate        *epoch
	KeyState            string
	PendingWindowInDays int
}

func (c *caller) scheduleKeyDeletion(in scheduleKeyDeletionInput) (*scheduleKeyDeletionOutput, error) {
	days := 30
	if in.PendingWindowInDays != nil {
		days = *in.PendingWindowInDays
	}
	if days < 7 || days > 30 {
		return nil, validation("1 validation error detected: Value '%d' at 'pendingWindowInDays' failed to satisfy constraint: Member must have value between 7 and 30", days)
	}
	q := question{operation: "ScheduleKeyDeletion", context: policy.Context{"kms:scheduledeletionpendingwindowindays": {strconv.Itoa(days)}}}
	k, err := c.change(in.KeyID, q, alive(func(k *key) {
		k.DeleteAt, k.DeleteDays = c.now().UTC().AddDate(0, 0, days), days
	}))
	if err != nil {
		return nil, err
	}
	return &scheduleKeyDeletionOutput{k.ARN, epochOf(k.DeleteAt), "PendingDeletion", days}, nil
}

func (c *caller) cancelKeyDeletion(in keyInput) (*keyInput, error) {
	k, err := c.change(in.KeyID, question{operation: "CancelKeyDeletion"}, func(k *key) error {
		if k.DeleteAt.IsZero() {
			return invalid(http.StatusBadRequest, "KMSInvalidStateException", "%s is not pending deletion.", k.ARN)
		}
		k.DeleteAt, k.DeleteDays = time.Time{}, 0
		k.Disabled = true // a cancelled deletion leaves the key disabled
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &keyInput{k.ARN}, nil
}

type updateKeyDescriptionInput struct {
	KeyID       string `json:"KeyId"`
	Description string
}

func (c *caller) updateKeyDescription(in updateKeyDescriptionInput) (none, error) {
	_, err := c.change(in.KeyID, question{operation: "UpdateKeyDescription"}, alive(func(k *key) { k.Description = in.Description }))
	return nil, err
}

type keyPolicyInput struct {
	KeyID      string `json:"KeyId"`
	PolicyName string
}

type keyPolicyOutput struct {
	Policy     string
	PolicyName string
}

// read resolves a key of the caller's account and asks for operation.
func (c *caller) read(keyID string, operation string) (*key, error) {
	ref, err := c.ownKey(keyID)
	if err != nil {
		return nil, err
	}
	c.mu.RLock()
	defer c.mu.RUnlock()
	if err := c.authorize(ref, question{operation: operation}); err != nil {
		return nil, err
	}
	snapshot := *ref.key
	return &snapshot, nil
}

func policyName(name string) error {
	if name != "" && name != "default" {
		return notFound("No such policy exists")
	}
	return nil
}

func (c *caller) getKeyPolicy(in keyPolicyInput) (*keyPolicyOutput, error) {
	if err := policyName(in.PolicyName); err != nil {
		return nil, err
	}
	k, err := c.read(in.KeyID, "GetKeyPolicy")
	if err != nil {
		return nil, err
	}
	return &keyPolicyOutput{k.Policy.String(), "default"}, nil
}

type putKeyPolicyInput struct {
	KeyID                          string `json:"KeyId"`
	PolicyName                     string
	Policy                         string
	BypassPolicyLockoutSafetyCheck bool
}

func (c *caller) putKeyPolicy(in putKeyPolicyInput) (none, error) {
	if err := policyName(in.PolicyName); err != nil {
		return nil, err
	}
	ref, err := c.ownKey(in.KeyID)
	if err != nil {
		return nil, err
	}
	q := question{operation: "PutKeyPolicy", context: policy.Context{
		"kms:bypasspolicylockoutsafetycheck": {strconv.FormatBool(in.BypassPolicyLockoutSafetyCheck)},
	}}
	c.mu.RLock()
	err = c.authorize(ref, q)
	c.mu.RUnlock()
	if err != nil {
		return nil, err
	}
	doc, err := c.checkPolicy(ref.key, in.Policy, in.BypassPolicyLockoutSafetyCheck)
	if err != nil {
		return nil, err
	}
	_, err = c.change(in.KeyID, q, alive(func(k *key) { k.Policy = doc }))
	return nil, err
}

type listKeyPoliciesInput struct {
	KeyID string `json:"KeyId"`
	page
}

type listKeyPoliciesOutput struct {
	PolicyNames []string
	Truncated   bool
}

func (c *caller) listKeyPolicies(in listKeyPoliciesInput) (*listKeyPoliciesOutput, error) {
	if _, err := c.read(in.KeyID, "ListKeyPolicies"); err != nil {
		return nil, err
	}
	return &listKeyPoliciesOutput{PolicyNames: []string{"default"}}, nil
}

type enableKeyRotationInput struct {
	KeyID                string `json:"KeyId"`
	RotationPeriodInDays int
}

// enableKeyRotation keeps the setting. The stand-in does not live long enough to rotate: the shortest period is 90 days.
func (c *caller) enableKeyRotation(in enableKeyRotationInput) (none, error) {
	days := in.RotationPeriodInDays
	if days == 0 {
		days = 365
	}
	if days < 90 || days > 2560 {
		return nil, validation("1 validation error detected: Value '%d' at 'rotationPeriodInDays' failed to satisfy constraint: Member must have value between 90 and 2560", days)
	}
	_, err := c.change(in.KeyID, question{operation: "EnableKeyRotation"}, func(k *key) error {
		if err := c.usable(k); err != nil {
			return err
		}
		k.RotateDays, k.RotateSince = days, c.now().UTC()
		return nil
	})
	return nil, err
}

func (c *caller) disableKeyRotation(in keyInput) (none, error) {
	_, err := c.change(in.KeyID, question{operation: "DisableKeyRotation"}, func(k *key) error {
		if err := c.usable(k); err != nil {
			return err
		}
		k.RotateDays = 0
		return nil
	})
	return nil, err
}

type keyRotationStatus struct {
	KeyRotationEnabled   bool
	KeyID                string `json:"KeyId"`
	RotationPeriodInDays int    `json:",omitempty"`
	NextRotationDate     *epoch `json:",omitempty"`
}

func (c *caller) getKeyRotationStatus(in keyInput) (*keyRotationStatus, error) {
	k, err := c.read(in.KeyID, "GetKeyRotationStatus")
	if err != nil {
		return nil, err
	}
	out := &keyRotationStatus{KeyID: k.ARN}
	if k.RotateDays > 0 && k.DeleteAt.IsZero() {
		out.KeyRotationEnabled, out.RotationPeriodInDays = true, k.RotateDays
		out.NextRotationDate = epochOf(k.RotateSince.AddDate(0, 0, k.RotateDays))
	}
	return out, nil
}

type tagInput struct {
	KeyID string `json:"KeyId"`
	Tags  []tag
}

var tagText = regexp.MustCompile(`^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$`)

// readTags puts tags on top of those there are.
func readTags(old map[string]string, tags []tag) (map[string]string, error) {
	all := map[string]string{}
	maps.Copy(all, old)
	for _, t := range tags {
		if t.TagKey == "" || len(t.TagKey) > 128 || len(t.TagValue) > 256 || strings.HasPrefix(t.TagKey, "aws:") ||
			!tagText.MatchString(t.TagKey) || !tagText.MatchString(t.TagValue) {
			return nil, invalid(http.StatusBadRequest, "TagException", "Invalid tag %q", t.TagKey)
		}
		all[t.TagKey] = t.TagValue
	}
	if len(all) > 50 {
		return nil, invalid(http.StatusBadRequest, "LimitExceededException", "Too many tags")
	}
	return all, nil
}

func tagContext(tags []tag) policy.Context {
	ctx := policy.Context{}
	for _, t := range tags {
		ctx["aws:requesttag/"+strings.ToLower(t.TagKey)] = []string{t.TagValue}
		ctx["aws:tagkeys"] = append(ctx["aws:tagkeys"], t.TagKey)
	}
	return ctx
}

func (c *caller) tagResource(in tagInput) (none, error) {
	_, err := c.change(in.KeyID, question{operation: "TagResource", context: tagContext(in.Tags)}, func(k *key) error {
		tags, err := readTags(k.Tags, in.Tags)
		if err != nil {
			return err
		}
		return alive(func(k *key) { k.Tags = tags })(k)
	})
	return nil, err
}

type untagInput struct {
	KeyID   string `json:"KeyId"`
	TagKeys []string
}

func (c *caller) untagResource(in untagInput) (none, error) {
	q := question{operation: "UntagResource", context: policy.Context{"aws:tagkeys": in.TagKeys}}
	_, err := c.change(in.KeyID, q, alive(func(k *key) {
		kept := map[string]string{}
		for name, value := range k.Tags {
			if !slices.Contains(in.TagKeys, name) {
				kept[name] = value
			}
		}
		k.Tags = kept
	}))
	return nil, err
}

type listResourceTagsInput struct {
	KeyID string `json:"KeyId"`
	page
}

type listResourceTagsOutput struct {
	Tags       []tag
	NextMarker string `json:",omitempty"`
	Truncated  bool
}

func (c *caller) listResourceTags(in listResourceTagsInput) (*listResourceTagsOutput, error) {
	k, err := c.read(in.KeyID, "ListResourceTags")
	if err != nil {
		return nil, err
	}
	all := []tag{}
	for name, value := range k.Tags {
		all = append(all, tag{name, value})
	}
	slices.SortFunc(all, func(a, b tag) int { return strings.Compare(a.TagKey, b.TagKey) })
	part, next, err := pageOf(in.page, all, 50)
	if err != nil {
		return nil, err
	}
	return &listResourceTagsOutput{part, next, next != ""}, nil
}
