package iam

import (
	"maps"
	"slices"
	"strings"

	"github.com/sealift/sealift/internal/local/aws/policy"
)

// The quotas of policies: IAM user guide, "IAM and AWS STS quotas".
const (
	maxAttached    = 10
	maxInlineUser  = 2048
	maxInlineGroup = 5120
	maxInlineRole  = 10240
)

// owner is the user, group or role that an operation on policies or tags is about: PutUserPolicy and PutRolePolicy are the
// same but for it.
type owner struct {
	*entity
	kind    string // "User", "Group" or "Role", as in the names of operations
	arn     string
	missing error // why entity is nil
}

// may asks for an operation: verb + kind + noun, "Put" + "User" + "Policy".
func (c *call) may(o owner, verb, noun string, ctx policy.Context) error {
	if err := c.allow(verb+o.kind+noun, o.arn, ctx); err != nil {
		return err
	}
	return o.missing
}

func (c *call) putPolicy(o owner) (any, error) {
	if err := c.may(o, "Put", "Policy", nil); err != nil {
		return nil, err
	}
	name, err := c.name("PolicyName", 128)
	if err != nil {
		return nil, err
	}
	doc, err := c.document("PolicyDocument", policy.Identity)
	if err != nil {
		return nil, err
	}
	most := map[string]int{"User": maxInlineUser, "Group": maxInlineGroup, "Role": maxInlineRole}[o.kind]
	total := size(doc)
	for other, d := range o.Inline {
		if other != name {
			total += size(d)
		}
	}
	if total > most {
		return nil, limit("Maximum policy size of %d bytes exceeded for %s %s", most, strings.ToLower(o.kind), o.Name)
	}
	if o.Inline == nil {
		o.Inline = map[string]*policy.Document{}
	}
	o.Inline[name] = doc
	return nil, nil
}

// inline finds the policy that PolicyName names.
func (c *call) inline(o owner) (string, *policy.Document, error) {
	name, err := c.name("PolicyName", 128)
	if err != nil {
		return "", nil, err
	}
	if d := o.Inline[name]; d != nil {
		return name, d, nil
	}
	return "", nil, noSuch("The %s policy with name %s cannot be found.", strings.ToLower(o.kind), name)
}

type inlinePolicy struct {
	UserName       string `xml:",omitempty"`
	GroupName      string `xml:",omitempty"`
	RoleName       string `xml:",omitempty"`
	PolicyName     string
	PolicyDocument string
}

func (c *call) getPolicyOf(o owner) (any, error) {
	if err := c.may(o, "Get", "Policy", nil); err != nil {
		return nil, err
	}
	name, doc, err := c.inline(o)
	if err != nil {
		return nil, err
	}
	out := &inlinePolicy{PolicyName: name, PolicyDocument: escape(doc)}
	switch o.kind {
	case "User":
		out.UserName = o.Name
	case "Group":
		out.GroupName = o.Name
	default:
		out.RoleName = o.Name
	}
	return out, nil
}

type policyNames struct {
	PolicyNames []string `xml:"PolicyNames>member"`
	paging
}

func (c *call) listPoliciesOf(o owner) (any, error) {
	if err := c.may(o, "List", "Policies", nil); err != nil {
		return nil, err
	}
	part, more, err := page(c, slices.Sorted(maps.Keys(o.Inline)))
	if err != nil {
		return nil, err
	}
	return &policyNames{part, more}, nil
}

func (c *call) deletePolicyOf(o owner) (any, error) {
	if err := c.may(o, "Delete", "Policy", nil); err != nil {
		return nil, err
	}
	name, _, err := c.inline(o)
	if err != nil {
		return nil, err
	}
	delete(o.Inline, name)
	return nil, nil
}

func (c *call) attach(o owner) (any, error) {
	arn := c.p.Get("PolicyArn")
	if err := c.may(o, "Attach", "Policy", policy.Context{"iam:policyarn": {arn}}); err != nil {
		return nil, err
	}
	if owner := policy.AccountOf(arn); c.state.managedDocument(arn) == nil || owner != "aws" && owner != c.account.ID {
		return nil, noSuch("Policy %s does not exist or is not attachable.", arn)
	}
	if slices.Contains(o.Attached, arn) {
		return nil, nil
	}
	if len(o.Attached) >= maxAttached {
		return nil, limit("Cannot exceed quota for PoliciesPer%s: %d", o.kind, maxAttached)
	}
	o.Attached = append(o.Attached, arn)
	slices.Sort(o.Attached)
	return nil, nil
}

func (c *call) detach(o owner) (any, error) {
	arn := c.p.Get("PolicyArn")
	if err := c.may(o, "Detach", "Policy", policy.Context{"iam:policyarn": {arn}}); err != nil {
		return nil, err
	}
	i := slices.Index(o.Attached, arn)
	if i < 0 {
		return nil, noSuch("Policy %s was not found.", arn)
	}
	o.Attached = slices.Delete(o.Attached, i, i+1)
	return nil, nil
}

type attachedPolicy struct {
	PolicyName string
	PolicyArn  string
}

type attachedPolicies struct {
	AttachedPolicies []attachedPolicy `xml:"AttachedPolicies>member"`
	paging
}

func (c *call) listAttached(o owner) (any, error) {
	if err := c.allow("ListAttached"+o.kind+"Policies", o.arn, nil); err != nil {
		return nil, err
	}
	if o.missing != nil {
		return nil, o.missing
	}
	var all []attachedPolicy
	for _, arn := range o.Attached {
		all = append(all, attachedPolicy{arn[strings.LastIndexByte(arn, '/')+1:], arn})
	}
	part, more, err := page(c, all)
	if err != nil {
		return nil, err
	}
	return &attachedPolicies{part, more}, nil
}

func (c *call) tag(o owner) (any, error) {
	if err := c.allow("Tag"+o.kind, o.arn, c.tagContext()); err != nil {
		return nil, err
	}
	if o.missing != nil {
		return nil, o.missing
	}
	tags, err := c.tags(o.Tags)
	if err != nil {
		return nil, err
	}
	o.Tags = tags
	return nil, nil
}

func (c *call) tagContext() policy.Context {
	ctx := policy.Context{}
	for _, t := range c.p.Structs("Tags", "member") {
		ctx["aws:requesttag/"+strings.ToLower(t.Get("Key"))] = []string{t.Get("Value")}
		ctx["aws:tagkeys"] = append(ctx["aws:tagkeys"], t.Get("Key"))
	}
	return ctx
}

func (c *call) untag(o owner) (any, error) {
	keys := c.p.Strings("TagKeys", "member")
	if err := c.allow("Untag"+o.kind, o.arn, policy.Context{"aws:tagkeys": keys}); err != nil {
		return nil, err
	}
	if o.missing != nil {
		return nil, o.missing
	}
	for _, key := range keys {
		delete(o.Tags, key)
	}
	return nil, nil
}

type tagList struct {
	Tags []tagShape `xml:"Tags>member"`
	paging
}

func (c *call) listTags(o owner) (any, error) {
	if err := c.may(o, "List", "Tags", nil); err != nil {
		return nil, err
	}
	part, more, err := page(c, tagShapes(o.Tags))
	if err != nil {
		return nil, err
	}
	return &tagList{part, more}, nil
}
