package iam

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/sealift/sealift/internal/local/aws/awserr"
	"github.com/sealift/sealift/internal/local/aws/policy"
)

const (
	maxManagedSize = 6144
	maxVersions    = 5
)

type policyShape struct {
	PolicyName                    string
	PolicyID                      string `xml:"PolicyId"`
	Arn                           string
	Path                          string
	DefaultVersionID              string `xml:"DefaultVersionId"`
	AttachmentCount               int
	PermissionsBoundaryUsageCount int
	IsAttachable                  bool
	Description                   string `xml:",omitempty"`
	CreateDate                    string
	UpdateDate                    string
	Tags                          []tagShape `xml:"Tags>member"`
}

type policyResult struct {
	Policy policyShape
}

func (c *call) policyShape(m *managed) policyShape {
	updated := m.Created
	for _, v := range m.Versions {
		if v.Created.After(updated) {
			updated = v.Created
		}
	}
	return policyShape{
		PolicyName: m.Name, PolicyID: m.ID, Arn: m.ARN, Path: m.Path, DefaultVersionID: m.Default,
		AttachmentCount: c.attachments(m.ARN), IsAttachable: true, Description: m.Description,
		CreateDate: stamp(m.Created), UpdateDate: stamp(updated), Tags: tagShapes(m.Tags),
	}
}

// attachments counts the users, groups and roles of the caller's account that a policy is attached to.
func (c *call) attachments(arn string) int {
	n := 0
	for _, u := range c.account.Users {
		if slices.Contains(u.Attached, arn) {
			n++
		}
	}
	for _, g := range c.account.Groups {
		if slices.Contains(g.Attached, arn) {
			n++
		}
	}
	for _, r := range c.account.Roles {
		if slices.Contains(r.Attached, arn) {
			n++
		}
	}
	return n
}

// policyFor finds the managed policy that PolicyArn names and asks for action on it.
func (c *call) policyFor(action string) (*managed, error) {
	arn := c.p.Get("PolicyArn")
	if err := c.allow(action, arn, nil); err != nil {
		return nil, err
	}
	if m := awsManaged(arn); m != nil {
		return m, nil
	}
	if policy.AccountOf(arn) == c.account.ID {
		if m := c.state.managed(arn); m != nil {
			return m, nil
		}
	}
	return nil, noSuch("Policy %s was not found.", arn)
}

// ownPolicyFor is policyFor without AWS's policies, which nobody can change.
func (c *call) ownPolicyFor(action string) (*managed, error) {
	m, err := c.policyFor(action)
	if err != nil {
		return nil, err
	}
	if awsManaged(m.ARN) != nil {
		return nil, awserr.New(http.StatusForbidden, "AccessDenied", "Policy %s is managed by AWS and cannot be changed", m.ARN)
	}
	return m, nil
}

func (c *call) managedDocument() (*policy.Document, error) {
	doc, err := c.document("PolicyDocument", policy.Identity)
	if err != nil {
		return nil, err
	}
	if size(doc) > maxManagedSize {
		return nil, limit("Cannot exceed quota for PolicySize: %d", maxManagedSize)
	}
	return doc, nil
}

func (c *call) createPolicy() (any, error) {
	name, path, tags, err := c.labels("PolicyName", 128)
	if err != nil {
		return nil, err
	}
	now := c.now().UTC().Truncate(time.Second)
	m := &managed{
		Name: name, Path: path, ARN: "arn:aws:iam::" + c.account.ID + ":policy" + path + name, ID: "ANPA" + randomText(17),
		Description: c.p.Get("Description"), Created: now, Tags: tags, Default: "v1", NextVersion: 2,
	}
	if err := c.allow("CreatePolicy", m.ARN, nil); err != nil {
		return nil, err
	}
	doc, err := c.managedDocument()
	if err != nil {
		return nil, err
	}
	for other := range c.account.Policies {
		if strings.EqualFold(other, name) {
			return nil, exists("A policy called %s already exists. Duplicate names are not allowed.", name)
		}
	}
	m.Versions = []*managedVersion{{"v1", doc, now}}
	c.account.Policies[name] = m
	return &policyResult{c.policyShape(m)}, nil
}

func (c *call) getPolicy() (any, error) {
	m, err := c.policyFor("GetPolicy")
	if err != nil {
		return nil, err
	}
	return &policyResult{c.policyShape(m)}, nil
}

type policyList struct {
	Policies []policyShape `xml:"Policies>member"`
	paging
}

func (c *call) listPolicies() (any, error) {
	if err := c.allow("ListPolicies", "*", nil); err != nil {
		return nil, err
	}
	attached, err := c.p.Bool("OnlyAttached")
	if err != nil {
		return nil, err
	}
	var from []*managed
	scope := c.p.Get("Scope")
	switch scope {
	case "", "All", "AWS", "Local":
	default:
		return nil, validation("1 validation error detected: Value '%s' at 'scope' failed to satisfy constraint: Member must satisfy enum value set: [AWS, Local, All]", scope)
	}
	if scope != "Local" {
		from = append(from, awsPolicies()...)
	}
	if scope != "AWS" {
		for _, m := range c.account.Policies {
			from = append(from, m)
		}
	}
	var all []policyShape
	for _, m := range from {
		s := c.policyShape(m)
		s.Tags = nil // lists do not tell them
		if strings.HasPrefix(m.Path, c.p.Get("PathPrefix")) && (!attached || s.AttachmentCount > 0) {
			all = append(all, s)
		}
	}
	slices.SortFunc(all, func(a, b policyShape) int { return strings.Compare(a.Arn, b.Arn) })
	part, more, err := page(c, all)
	if err != nil {
		return nil, err
	}
	return &policyList{part, more}, nil
}

func (c *call) deletePolicy() (any, error) {
	m, err := c.ownPolicyFor("DeletePolicy")
	if err != nil {
		return nil, err
	}
	switch {
	case c.attachments(m.ARN) > 0:
		return nil, conflict("Cannot delete a policy attached to entities.")
	case len(m.Versions) > 1:
		return nil, conflict("This policy has more than one version. Before you delete a policy, you must delete the policy's versions. The default version is deleted with the policy.")
	}
	delete(c.account.Policies, m.Name)
	return nil, nil
}

type versionShape struct {
	Document         string `xml:",omitempty"`
	VersionID        string `xml:"VersionId"`
	IsDefaultVersion bool
	CreateDate       string
}

type versionResult struct {
	PolicyVersion versionShape
}

func (v *managedVersion) shape(m *managed) versionShape {
	return versionShape{VersionID: v.ID, IsDefaultVersion: v.ID == m.Default, CreateDate: stamp(v.Created)}
}

func (c *call) createPolicyVersion() (any, error) {
	m, err := c.ownPolicyFor("CreatePolicyVersion")
	if err != nil {
		return nil, err
	}
	doc, err := c.managedDocument()
	if err != nil {
		return nil, err
	}
	use, err := c.p.Bool("SetAsDefault")
	if err != nil {
		return nil, err
	}
	if len(m.Versions) >= maxVersions {
		return nil, limit("A managed policy can have up to %d versions. Before you create a new version, you must delete an existing version.", maxVersions)
	}
	v := &managedVersion{"v" + strconv.Itoa(m.NextVersion), doc, c.now().UTC().Truncate(time.Second)}
	m.NextVersion++
	m.Versions = append(m.Versions, v)
	if use {
		m.Default = v.ID
	}
	return &versionResult{v.shape(m)}, nil
}

// versionNamed finds the version that VersionId names.
func (c *call) versionNamed(m *managed) (*managedVersion, error) {
	id := c.p.Get("VersionId")
	if !versionID.MatchString(id) {
		return nil, validation("1 validation error detected: Value '%s' at 'versionId' failed to satisfy constraint: Member must satisfy regular expression pattern: v[1-9][0-9]*", id)
	}
	if v := m.version(id); v != nil {
		return v, nil
	}
	return nil, noSuch("Policy %s version %s does not exist or is not attachable.", m.ARN, id)
}

func (c *call) getPolicyVersion() (any, error) {
	m, err := c.policyFor("GetPolicyVersion")
	if err != nil {
		return nil, err
	}
	v, err := c.versionNamed(m)
	if err != nil {
		return nil, err
	}
	s := v.shape(m)
	s.Document = escape(v.Document)
	return &versionResult{s}, nil
}

type versionList struct {
	Versions []versionShape `xml:"Versions>member"`
	paging
}

func (c *call) listPolicyVersions() (any, error) {
	m, err := c.policyFor("ListPolicyVersions")
	if err != nil {
		return nil, err
	}
	var all []versionShape
	for _, v := range slices.Backward(m.Versions) {
		all = append(all, v.shape(m))
	}
	part, more, err := page(c, all)
	if err != nil {
		return nil, err
	}
	return &versionList{part, more}, nil
}

func (c *call) deletePolicyVersion() (any, error) {
	m, err := c.ownPolicyFor("DeletePolicyVersion")
	if err != nil {
		return nil, err
	}
	v, err := c.versionNamed(m)
	if err != nil {
		return nil, err
	}
	if v.ID == m.Default {
		return nil, conflict("Cannot delete the default version of a policy.")
	}
	m.Versions = slices.DeleteFunc(m.Versions, func(o *managedVersion) bool { return o == v })
	return nil, nil
}

func (c *call) setDefaultPolicyVersion() (any, error) {
	m, err := c.ownPolicyFor("SetDefaultPolicyVersion")
	if err != nil {
		return nil, err
	}
	v, err := c.versionNamed(m)
	if err != nil {
		return nil, err
	}
	m.Default = v.ID
	return nil, nil
}
