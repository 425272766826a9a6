package iam

import (
	"slices"
	"strings"

	"github.com/sealift/sealift/internal/local/aws/policy"
)

// The quotas of groups: IAM user guide, "IAM and AWS STS quotas".
const (
	maxGroups       = 300
	maxGroupsOfUser = 10
)

// group is users who have its policies beside their own. It is nobody who could call.
type group struct {
	entity
	Members []string // names of users of the account, sorted
}

type groupShape struct {
	Path       string
	GroupName  string
	GroupID    string `xml:"GroupId"`
	Arn        string
	CreateDate string
}

func (g *group) shape() groupShape {
	return groupShape{g.Path, g.Name, g.ID, g.ARN, stamp(g.Created)}
}

type groupResult struct {
	Group groupShape
}

// groupsOf are the groups that a user is in, in the order of their names.
func (a *account) groupsOf(u *user) []*group {
	var all []*group
	for _, g := range a.Groups {
		if u != nil && slices.Contains(g.Members, u.Name) {
			all = append(all, g)
		}
	}
	slices.SortFunc(all, func(x, y *group) int { return strings.Compare(x.Name, y.Name) })
	return all
}

// group finds a group by ARN.
func (st *state) group(arn string) *group {
	if a := st.Accounts[policy.AccountOf(arn)]; a != nil {
		for _, g := range a.Groups {
			if g.ARN == arn {
				return g
			}
		}
	}
	return nil
}

func (c *call) groupNamed() (*group, error) {
	name, err := c.name("GroupName", 128)
	if err != nil {
		return nil, err
	}
	if g := c.account.Groups[name]; g != nil {
		return g, nil
	}
	return nil, noSuch("The group with name %s cannot be found.", name)
}

// groupFor finds a group and asks for action on it. Whether the group exists is told only to those who may ask.
func (c *call) groupFor(action string) (*group, error) {
	g, err := c.groupNamed()
	arn := "arn:aws:iam::" + c.account.ID + ":group/" + c.p.Get("GroupName")
	if g != nil {
		arn = g.ARN
	}
	if denied := c.allow(action, arn, nil); denied != nil {
		return nil, denied
	}
	return g, err
}

func (c *call) createGroup() (any, error) {
	name, err := c.name("GroupName", 128)
	if err != nil {
		return nil, err
	}
	path, err := c.path()
	if err != nil {
		return nil, err
	}
	g := &group{entity: c.newEntity(c.account.ID, "group", path, name)}
	if err := c.allow("CreateGroup", g.ARN, nil); err != nil {
		return nil, err
	}
	for other := range c.account.Groups {
		if strings.EqualFold(other, name) {
			return nil, exists("Group with name %s already exists.", name)
		}
	}
	if len(c.account.Groups) >= maxGroups {
		return nil, limit("Cannot exceed quota for GroupsPerAccount: %d", maxGroups)
	}
	if c.account.Groups == nil {
		c.account.Groups = map[string]*group{}
	}
	c.account.Groups[name] = g
	return &groupResult{g.shape()}, nil
}

type groupMembers struct {
	Group groupShape
	Users []userShape `xml:"Users>member"`
	paging
}

func (c *call) getGroup() (any, error) {
	g, err := c.groupFor("GetGroup")
	if err != nil {
		return nil, err
	}
	var all []userShape
	for _, name := range g.Members {
		s := c.account.Users[name].shape()
		s.Tags = nil // lists do not tell them
		all = append(all, s)
	}
	part, more, err := page(c, all)
	if err != nil {
		return nil, err
	}
	return &groupMembers{g.shape(), part, more}, nil
}

type groupList struct {
	Groups []groupShape `xml:"Groups>member"`
	paging
}

func (c *call) groupList(all []*group) (any, error) {
	var shapes []groupShape
	for _, g := range all {
		shapes = append(shapes, g.shape())
	}
	part, more, err := page(c, shapes)
	if err != nil {
		return nil, err
	}
	return &groupList{part, more}, nil
}

func (c *call) listGroups() (any, error) {
	if err := c.allow("ListGroups", "arn:aws:iam::"+c.account.ID+":group/", nil); err != nil {
		return nil, err
	}
	var all []*group
	for _, g := range c.account.Groups {
		if strings.HasPrefix(g.Path, c.p.Get("PathPrefix")) {
			all = append(all, g)
		}
	}
	slices.SortFunc(all, func(x, y *group) int { return strings.Compare(x.Name, y.Name) })
	return c.groupList(all)
}

func (c *call) listGroupsForUser() (any, error) {
	u, err := c.userFor("ListGroupsForUser", nil)
	if err != nil {
		return nil, err
	}
	return c.groupList(c.account.groupsOf(u))
}

// member finds the group and the user that an action is about.
func (c *call) member(action string) (*group, *user, error) {
	g, err := c.groupFor(action)
	if err != nil {
		return nil, nil, err
	}
	name, err := c.name("UserName", 64)
	if err != nil {
		return nil, nil, err
	}
	if u := c.account.Users[name]; u != nil {
		return g, u, nil
	}
	return nil, nil, noSuch("The user with name %s cannot be found.", name)
}

func (c *call) addUserToGroup() (any, error) {
	g, u, err := c.member("AddUserToGroup")
	if err != nil {
		return nil, err
	}
	if slices.Contains(g.Members, u.Name) {
		return nil, nil
	}
	if len(c.account.groupsOf(u)) >= maxGroupsOfUser {
		return nil, limit("Cannot exceed quota for GroupsPerUser: %d", maxGroupsOfUser)
	}
	g.Members = append(g.Members, u.Name)
	slices.Sort(g.Members)
	return nil, nil
}

func (c *call) removeUserFromGroup() (any, error) {
	g, u, err := c.member("RemoveUserFromGroup")
	if err != nil {
		return nil, err
	}
	i := slices.Index(g.Members, u.Name)
	if i < 0 {
		return nil, noSuch("The user with name %s is not in group %s.", u.Name, g.Name)
	}
	g.Members = slices.Delete(g.Members, i, i+1)
	return nil, nil
}

func (c *call) deleteGroup() (any, error) {
	g, err := c.groupFor("DeleteGroup")
	if err != nil {
		return nil, err
	}
	switch {
	case len(g.Members) > 0:
		return nil, conflict("Cannot delete entity, must remove users from group first.")
	case len(g.Attached) > 0:
		return nil, conflict("Cannot delete entity, must detach all policies first.")
	case len(g.Inline) > 0:
		return nil, conflict("Cannot delete entity, must delete policies first.")
	}
	delete(c.account.Groups, g.Name)
	return nil, nil
}

// ofGroup makes an operation on a group of one on any entity.
func ofGroup(do func(c *call, o owner) (any, error)) func(c *call) (any, error) {
	return func(c *call) (any, error) {
		g, err := c.groupNamed()
		o := owner{kind: "Group", arn: "arn:aws:iam::" + c.account.ID + ":group/" + c.p.Get("GroupName"), missing: err}
		if g != nil {
			o.entity, o.arn = &g.entity, g.ARN
		}
		return do(c, o)
	}
}
