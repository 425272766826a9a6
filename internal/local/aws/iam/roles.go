package iam

import (
	"slices"
	"strings"

	"github.com/sealift/sealift/internal/local/aws/policy"
)

// The bounds of MaxSessionDuration in seconds: IAM API reference, CreateRole.
const (
	minSession     = 3600
	maxSession     = 43200
	maxTrustSize   = 2048
	maxDescription = 1000
)

type roleShape struct {
	Path                     string
	RoleName                 string
	RoleID                   string `xml:"RoleId"`
	Arn                      string
	CreateDate               string
	AssumeRolePolicyDocument string
	Description              string `xml:",omitempty"`
	MaxSessionDuration       int
	Tags                     []tagShape `xml:"Tags>member"`
}

type roleResult struct {
	Role roleShape
}

func (r *role) shape() roleShape {
	return roleShape{r.Path, r.Name, r.ID, r.ARN, stamp(r.Created), escape(r.Trust), r.Description, r.MaxSession, tagShapes(r.Tags)}
}

func (c *call) roleNamed() (*role, error) {
	name, err := c.name("RoleName", 64)
	if err != nil {
		return nil, err
	}
	if r := c.account.Roles[name]; r != nil {
		return r, nil
	}
	return nil, noSuch("The role with name %s cannot be found.", name)
}

// roleFor finds a role and asks for action on it. Whether the role exists is told only to those who may ask.
func (c *call) roleFor(action string) (*role, error) {
	r, err := c.roleNamed()
	arn := "arn:aws:iam::" + c.account.ID + ":role/" + c.p.Get("RoleName")
	if r != nil {
		arn = r.ARN
	}
	if denied := c.allow(action, arn, nil); denied != nil {
		return nil, denied
	}
	return r, err
}

func (c *call) trust(param string) (*policy.Document, error) {
	doc, err := c.document(param, policy.Trust)
	if err != nil {
		return nil, err
	}
	if size(doc) > maxTrustSize {
		return nil, limit("Cannot exceed quota for ACLSizePerRole: %d", maxTrustSize)
	}
	return doc, nil
}

func (c *call) sessionLimit(fallback int) (int, error) {
	seconds, err := c.p.Int("MaxSessionDuration", fallback)
	if err != nil {
		return 0, err
	}
	if seconds < minSession || seconds > maxSession {
		return 0, validation("1 validation error detected: Value '%d' at 'maxSessionDuration' failed to satisfy constraint: Member must have value between %d and %d", seconds, minSession, maxSession)
	}
	return seconds, nil
}

func (c *call) createRole() (any, error) {
	name, path, tags, err := c.labels("RoleName", 64)
	if err != nil {
		return nil, err
	}
	seconds, err := c.sessionLimit(minSession)
	if err != nil {
		return nil, err
	}
	r := &role{entity: c.newEntity(c.account.ID, "role", path, name), Description: c.p.Get("Description"), MaxSession: seconds}
	r.Tags = tags
	if err := c.allow("CreateRole", r.ARN, nil); err != nil {
		return nil, err
	}
	if r.Trust, err = c.trust("AssumeRolePolicyDocument"); err != nil {
		return nil, err
	}
	if len(r.Description) > maxDescription {
		return nil, validation("the description is longer than %d characters", maxDescription)
	}
	for other := range c.account.Roles {
		if strings.EqualFold(other, name) {
			return nil, exists("Role with name %s already exists.", name)
		}
	}
	c.account.Roles[name] = r
	return &roleResult{r.shape()}, nil
}

func (c *call) getRole() (any, error) {
	r, err := c.roleFor("GetRole")
	if err != nil {
		return nil, err
	}
	return &roleResult{r.shape()}, nil
}

type roleList struct {
	Roles []roleShape `xml:"Roles>member"`
	paging
}

func (c *call) listRoles() (any, error) {
	if err := c.allow("ListRoles", "arn:aws:iam::"+c.account.ID+":role/", nil); err != nil {
		return nil, err
	}
	var all []roleShape
	for _, r := range c.account.Roles {
		if strings.HasPrefix(r.Path, c.p.Get("PathPrefix")) {
			s := r.shape()
			s.Tags = nil // lists do not tell them
			all = append(all, s)
		}
	}
	slices.SortFunc(all, func(a, b roleShape) int { return strings.Compare(a.RoleName, b.RoleName) })
	part, more, err := page(c, all)
	if err != nil {
		return nil, err
	}
	return &roleList{part, more}, nil
}

func (c *call) updateRole() (any, error) {
	r, err := c.roleFor("UpdateRole")
	if err != nil {
		return nil, err
	}
	seconds, err := c.sessionLimit(r.MaxSession)
	if err != nil {
		return nil, err
	}
	r.MaxSession = seconds
	if c.p.Has("Description") {
		r.Description = c.p.Get("Description")
	}
	return &struct{}{}, nil
}

func (c *call) updateAssumeRolePolicy() (any, error) {
	r, err := c.roleFor("UpdateAssumeRolePolicy")
	if err != nil {
		return nil, err
	}
	doc, err := c.trust("PolicyDocument")
	if err != nil {
		return nil, err
	}
	r.Trust = doc
	return nil, nil
}

func (c *call) deleteRole() (any, error) {
	r, err := c.roleFor("DeleteRole")
	if err != nil {
		return nil, err
	}
	switch {
	case len(r.Attached) > 0:
		return nil, conflict("Cannot delete entity, must detach all policies first.")
	case len(r.Inline) > 0:
		return nil, conflict("Cannot delete entity, must delete policies first.")
	case len(c.profilesOf(r)) > 0:
		return nil, conflict("Cannot delete entity, must remove roles from instance profile first.")
	}
	delete(c.account.Roles, r.Name)
	return nil, nil
}

// ofRole makes an operation on a role of one on any entity.
func ofRole(do func(c *call, o owner) (any, error)) func(c *call) (any, error) {
	return func(c *call) (any, error) {
		r, err := c.roleNamed()
		o := owner{kind: "Role", arn: "arn:aws:iam::" + c.account.ID + ":role/" + c.p.Get("RoleName"), missing: err}
		if r != nil {
			o.entity, o.arn = &r.entity, r.ARN
		}
		return do(c, o)
	}
}
