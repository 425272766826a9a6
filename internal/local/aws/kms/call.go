package kms

import (
	"context"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/sealift/sealift/internal/local/aws/awserr"
	"github.com/sealift/sealift/internal/local/aws/awsjson"
	"github.com/sealift/sealift/internal/local/aws/iam"
	"github.com/sealift/sealift/internal/local/aws/policy"
)

// TargetPrefix is what the operations' names in X-Amz-Target start with.
const TargetPrefix = "TrentService."

// caller is one request: who asks, from which region, and through which service.
type caller struct {
	*Service
	id     *iam.Identity
	region string
	via    string // kms:ViaService, "" for a direct call
}

// as makes a caller. A service that asks in id's name is not where id is: the request has no source address.
func (s *Service) as(id *iam.Identity, via string) *caller {
	c := &caller{Service: s, id: id, region: id.Region, via: via}
	if via != "" {
		inner := *id
		inner.SourceIP, inner.Secure = "", true
		c.id = &inner
		if fields := strings.Split(via, "."); len(fields) > 2 {
			c.region = fields[1]
		}
	}
	return c
}

// Call carries out an operation of the API: op is what follows TargetPrefix in X-Amz-Target, body and the result are JSON.
// Operations that answer nothing give an empty result.
func (s *Service) Call(ctx context.Context, id *iam.Identity, op string, body []byte) ([]byte, error) {
	if err := s.rate(); err != nil {
		return nil, err
	}
	return operations.Call(ctx, s, id, op, body)
}

func on[In, Out any](f func(c *caller, in In) (Out, error)) awsjson.Operation[*Service] {
	return awsjson.On(func(s *Service, _ context.Context, id *iam.Identity, in In) (any, error) {
		out, err := f(s.as(id, ""), in)
		if err != nil || any(out) == any(none(nil)) {
			return nil, err
		}
		return out, nil
	})
}

// none is the output of operations that answer nothing.
type none = *struct{}

var operations = awsjson.API[*Service]{Name: "kms", Refuse: unsupported, Operations: map[string]awsjson.Operation[*Service]{
	"CreateKey":            on((*caller).createKey),
	"DescribeKey":          on((*caller).describeKey),
	"ListKeys":             on((*caller).listKeys),
	"EnableKey":            on((*caller).enableKey),
	"DisableKey":           on((*caller).disableKey),
	"ScheduleKeyDeletion":  on((*caller).scheduleKeyDeletion),
	"CancelKeyDeletion":    on((*caller).cancelKeyDeletion),
	"UpdateKeyDescription": on((*caller).updateKeyDescription),
	"GetKeyPolicy":         on((*caller).getKeyPolicy),
	"PutKeyPolicy":         on((*caller).putKeyPolicy),
	"ListKeyPolicies":      on((*caller).listKeyPolicies),
	"EnableKeyRotation":    on((*caller).enableKeyRotation),
	"DisableKeyRotation":   on((*caller).disableKeyRotation),
	"GetKeyRotationStatus": on((*caller).getKeyRotationStatus),
	"TagResource":          on((*caller).tagResource),
	"UntagResource":        on((*caller).untagResource),
	"ListResourceTags":     on((*caller).listResourceTags),

	"CreateAlias": on((*caller).createAlias),
	"UpdateAlias": on((*caller).updateAlias),
	"DeleteAlias": on((*caller).deleteAlias),
	"ListAliases": on((*caller).listAliases),

	"Encrypt":                         on((*caller).encrypt),
	"Decrypt":                         on((*caller).decrypt),
	"ReEncrypt":                       on((*caller).reEncrypt),
	"GenerateDataKey":                 on((*caller).generateDataKey),
	"GenerateDataKeyWithoutPlaintext": on((*caller).generateDataKeyWithoutPlaintext),
	"GenerateRandom":                  on((*caller).generateRandom),

	"CreateGrant":         on((*caller).createGrant),
	"ListGrants":          on((*caller).listGrants),
	"RetireGrant":         on((*caller).retireGrant),
	"RevokeGrant":         on((*caller).revokeGrant),
	"ListRetirableGrants": on((*caller).listRetirableGrants),
}}

// question is what an operation asks of authorize beyond its action.
type question struct {
	operation         string // as grants name it: "ReEncryptFrom"; the action is "kms:" before it
	encryptionContext map[string]string
	algorithm         bool // the request has an encryption algorithm
	tokens            []string
	context           policy.Context // further keys
	// grantable decides whether a grant that permits the operation permits this request, too; nil: it does.
	grantable func(*grant) bool
}

// authorize asks key policy, identity policies and grants. The caller holds the lock.
func (c *caller) authorize(ref reference, q question) error {
	k := ref.key
	ctx := policy.Context{
		"kms:calleraccount": {c.id.Account},
		"kms:keyspec":       {"SYMMETRIC_DEFAULT"},
		"kms:keyusage":      {"ENCRYPT_DECRYPT"},
		"kms:keyorigin":     {"AWS_KMS"},
		"kms:multiregion":   {"false"},
	}
	if c.via != "" {
		ctx["kms:viaservice"] = []string{c.via}
		ctx["aws:viaawsservice"] = []string{"true"}
	}
	if q.algorithm {
		ctx["kms:encryptionalgorithm"] = []string{"SYMMETRIC_DEFAULT"}
	}
	if ref.alias != "" {
		ctx["kms:requestalias"] = []string{ref.alias}
	}
	for _, a := range c.aliases(k) {
		ctx["kms:resourcealiases"] = append(ctx["kms:resourcealiases"], a.Name)
	}
	for name, value := range k.Tags {
		ctx["aws:resourcetag/"+strings.ToLower(name)] = []string{value}
	}
	for name, value := range q.encryptionContext {
		ctx["kms:encryptioncontext:"+strings.ToLower(name)] = []string{value}
	}
	if len(q.encryptionContext) > 0 {
		ctx["kms:encryptioncontextkeys"] = slices.Sorted(maps.Keys(q.encryptionContext))
	}
	maps.Copy(ctx, q.context)
	now := c.now()
	granted := slices.ContainsFunc(k.Grants, func(g *grant) bool {
		return g.seen(now, q.tokens) && g.permits(c.id, q.operation, q.encryptionContext) && (q.grantable == nil || q.grantable(g))
	})
	return denied(c.iam.Authorize(c.id, iam.Access{
		Action:          "kms:" + q.operation,
		Resource:        k.ARN,
		ResourceAccount: k.Account,
		ResourcePolicy:  k.Policy,
		ResourceDecides: true,
		Granted:         granted,
		Context:         ctx,
	}))
}

// allow asks the identity policies about an action on no key's policy: kms:CreateKey, kms:ListKeys, an alias.
func (c *caller) allow(action, resource string) error {
	return denied(c.iam.Authorize(c.id, iam.Access{
		Action: action, Resource: resource, ResourceAccount: c.id.Account,
		Context: policy.Context{"kms:calleraccount": {c.id.Account}},
	}))
}

// denied turns IAM's refusal into KMS's.
func denied(err error) error { return awserr.Denied(err, http.StatusBadRequest) }

// own resolves a key for an operation that reaches no other account's keys.
func (c *caller) own(name string) (reference, error) {
	ref, err := c.resolve(c.id.Account, c.region, name)
	if err != nil {
		return ref, err
	}
	if ref.key.Account != c.id.Account {
		return ref, invalid(http.StatusBadRequest, "AccessDeniedException",
			"User: %s is not authorized to perform this operation on %s: the key belongs to another account", c.id.ARN, ref.key.ARN)
	}
	return ref, nil
}

// again finds a resolved key once more, under the lock that the caller took in order to change it: it may have gone, or
// have been put back by a save that failed.
func (c *caller) again(ref reference) (reference, error) {
	if ref.key = c.find(ref.key.ID); ref.key == nil {
		return ref, notFound("The key does not exist any more")
	}
	return ref, nil
}

// ownKey resolves a key for an operation that takes ids and ARNs, but no aliases.
func (c *caller) ownKey(name string) (reference, error) {
	if err := noAlias(name); err != nil {
		return reference{}, err
	}
	return c.own(name)
}

func noAlias(name string) error {
	if strings.HasPrefix(name, "alias/") || strings.HasPrefix(name, "arn:") && strings.Contains(name, ":alias/") {
		return invalid(http.StatusBadRequest, "NotFoundException", "Invalid keyId '%s'", name)
	}
	return nil
}

// usable refuses a key whose state forbids cryptography. The state is told only to callers that are allowed to use it.
func (c *caller) usable(k *key) error {
	switch {
	case !k.DeleteAt.IsZero():
		return pendingDeletion(k)
	case k.Disabled:
		return invalid(http.StatusBadRequest, "DisabledException", "%s is disabled.", k.ARN)
	}
	return nil
}

func pendingDeletion(k *key) error {
	return invalid(http.StatusBadRequest, "KMSInvalidStateException", "%s is pending deletion.", k.ARN)
}

// dryRun ends a request that only asked whether it would be allowed.
func dryRun(asked bool) error {
	if asked {
		return invalid(http.StatusPreconditionFailed, "DryRunOperationException", "The request would have succeeded, but the DryRun option is set.")
	}
	return nil
}

// epoch is a time as JSON 1.1 writes it: seconds since 1970.
type epoch time.Time

// MarshalJSON writes seconds with milliseconds.
func (e epoch) MarshalJSON() ([]byte, error) {
	return strconv.AppendFloat(nil, float64(time.Time(e).UnixMilli())/1000, 'f', 3, 64), nil
}

func epochOf(t time.Time) *epoch {
	if t.IsZero() {
		return nil
	}
	e := epoch(t)
	return &e
}

// page is the paging part of list inputs.
type page struct {
	Limit  int
	Marker string
}

// of cuts items to the page that the marker begins. Markers are positions: a list that changes between two pages may
// show an item twice or not at all, as KMS itself warns.
func pageOf[T any](p page, items []T, fallback int) (part []T, next string, err error) {
	start := 0
	if p.Marker != "" {
		if start, err = strconv.Atoi(p.Marker); err != nil || start < 0 || start > len(items) {
			return nil, "", invalid(http.StatusBadRequest, "InvalidMarkerException", "Could not deserialize marker '%s'", p.Marker)
		}
	}
	limit := p.Limit
	if limit == 0 {
		limit = fallback
	}
	if limit < 1 || limit > 1000 {
		return nil, "", validation("1 validation error detected: Value '%d' at 'limit' failed to satisfy constraint: Member must have value between 1 and 1000", p.Limit)
	}
	end := min(start+limit, len(items))
	if end < len(items) {
		next = strconv.Itoa(end)
	}
	return items[start:end], next, nil
}
