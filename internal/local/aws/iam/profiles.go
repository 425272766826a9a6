package iam

import (
	"maps"
	"slices"
	"strings"

	"github.com/sealift/sealift/internal/local/aws/policy"
)

// profile is how an instance gets a role: IAM User Guide, id_roles_use_switch-role-ec2_instance-profiles. It has one at most.
type profile struct {
	entity
	Role string `json:",omitempty"` // by name
}

type profileShape struct {
	Path                string
	InstanceProfileName string
	InstanceProfileID   string `xml:"InstanceProfileId"`
	Arn                 string
	CreateDate          string
	Roles               []roleShape `xml:"Roles>member"`
	Tags                []tagShape  `xml:"Tags>member"`
}

type profileResult struct {
	InstanceProfile profileShape
}

func (c *call) profileShape(p *profile) profileShape {
	out := profileShape{Path: p.Path, InstanceProfileName: p.Name, InstanceProfileID: p.ID, Arn: p.ARN, CreateDate: stamp(p.Created), Tags: tagShapes(p.Tags)}
	if r := c.account.Roles[p.Role]; r != nil {
		out.Roles = []roleShape{r.shape()}
	}
	return out
}

// profileFor finds a profile and asks for action on it. Whether it exists is told only to those who may ask.
func (c *call) profileFor(action string) (*profile, error) {
	name, err := c.name("InstanceProfileName", 128)
	if err != nil {
		return nil, err
	}
	p := c.account.Profiles[name]
	arn := "arn:aws:iam::" + c.account.ID + ":instance-profile/" + name
	if p != nil {
		arn = p.ARN
	}
	if err := c.allow(action, arn, nil); err != nil {
		return nil, err
	}
	if p == nil {
		return nil, noSuch("Instance Profile %s cannot be found.", name)
	}
	return p, nil
}

func (c *call) createProfile() (any, error) {
	name, path, tags, err := c.labels("InstanceProfileName", 128)
	if err != nil {
		return nil, err
	}
	p := &profile{entity: c.newEntity(c.account.ID, "instance-profile", path, name)}
	p.Tags = tags
	if err := c.allow("CreateInstanceProfile", p.ARN, nil); err != nil {
		return nil, err
	}
	for other := range c.account.Profiles {
		if strings.EqualFold(other, name) {
			return nil, exists("Instance Profile %s already exists.", name)
		}
	}
	if c.account.Profiles == nil {
		c.account.Profiles = map[string]*profile{}
	}
	c.account.Profiles[name] = p
	return &profileResult{c.profileShape(p)}, nil
}

func (c *call) getProfile() (any, error) {
	p, err := c.profileFor("GetInstanceProfile")
	if err != nil {
		return nil, err
	}
	return &profileResult{c.profileShape(p)}, nil
}

type profileList struct {
	InstanceProfiles []profileShape `xml:"InstanceProfiles>member"`
	paging
}

func (c *call) profiles(fits func(*profile) bool) (any, error) {
	var all []profileShape
	for _, name := range slices.Sorted(maps.Keys(c.account.Profiles)) {
		if p := c.account.Profiles[name]; fits(p) {
			all = append(all, c.profileShape(p))
		}
	}
	part, more, err := page(c, all)
	if err != nil {
		return nil, err
	}
	return &profileList{part, more}, nil
}

func (c *call) listProfiles() (any, error) {
	if err := c.allow("ListInstanceProfiles", "arn:aws:iam::"+c.account.ID+":instance-profile/*", nil); err != nil {
		return nil, err
	}
	return c.profiles(func(p *profile) bool { return strings.HasPrefix(p.Path, c.p.Get("PathPrefix")) })
}

func (c *call) listProfilesForRole() (any, error) {
	r, err := c.roleFor("ListInstanceProfilesForRole")
	if err != nil {
		return nil, err
	}
	return c.profiles(func(p *profile) bool { return p.Role == r.Name })
}

// profilesOf are the names of the profiles that have a role.
func (c *call) profilesOf(r *role) []string {
	var all []string
	for name, p := range c.account.Profiles {
		if p.Role == r.Name {
			all = append(all, name)
		}
	}
	return all
}

// addRoleToProfile needs the right to hand the role to EC2, too.
func (c *call) addRoleToProfile() (any, error) {
	p, err := c.profileFor("AddRoleToInstanceProfile")
	if err != nil {
		return nil, err
	}
	r, err := c.roleNamed()
	if err != nil {
		return nil, err
	}
	pass := Access{Action: "iam:PassRole", Resource: r.ARN, ResourceAccount: c.account.ID, Context: policy.Context{"iam:passedtoservice": {"ec2.amazonaws.com"}}}
	if err := c.authorize(c.id, pass); err != nil {
		return nil, err
	}
	if p.Role != "" {
		return nil, limit("Cannot exceed quota for InstanceSessionsPerInstanceProfile: 1")
	}
	p.Role = r.Name
	return nil, nil
}

func (c *call) removeRoleFromProfile() (any, error) {
	p, err := c.profileFor("RemoveRoleFromInstanceProfile")
	if err != nil {
		return nil, err
	}
	r, err := c.roleNamed()
	if err != nil {
		return nil, err
	}
	if p.Role != r.Name {
		return nil, noSuch("The role with name %s is not in instance profile %s.", r.Name, p.Name)
	}
	p.Role = ""
	return nil, nil
}

func (c *call) deleteProfile() (any, error) {
	p, err := c.profileFor("DeleteInstanceProfile")
	if err != nil {
		return nil, err
	}
	if p.Role != "" {
		return nil, conflict("Cannot delete entity, must remove roles from instance profile first.")
	}
	delete(c.account.Profiles, p.Name)
	return nil, nil
}
