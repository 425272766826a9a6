package iam

import (
	"slices"
	"strings"

	"github.com/sealift/sealift/internal/local/aws/policy"
)

const maxAccessKeys = 2 // per user

type userShape struct {
	Path       string
	UserName   string
	UserID     string `xml:"UserId"`
	Arn        string
	CreateDate string
	Tags       []tagShape `xml:"Tags>member"`
}

type userResult struct {
	User userShape
}

func (u *user) shape() userShape {
	return userShape{u.Path, u.Name, u.ID, u.ARN, stamp(u.Created), tagShapes(u.Tags)}
}

// userNamed gives the user that UserName names; without the parameter, the caller itself.
func (c *call) userNamed() (*user, error) {
	if !c.p.Has("UserName") {
		if c.id.UserName == "" {
			return nil, validation("Must specify userName when calling with non-User credentials")
		}
		if u := c.account.Users[c.id.UserName]; u != nil {
			return u, nil
		}
		return nil, noSuch("The user with name %s cannot be found.", c.id.UserName)
	}
	name, err := c.name("UserName", 64)
	if err != nil {
		return nil, err
	}
	if u := c.account.Users[name]; u != nil {
		return u, nil
	}
	return nil, noSuch("The user with name %s cannot be found.", name)
}

// userFor finds a user and asks for action on it. Whether the user exists is told only to those who may ask.
func (c *call) userFor(action string, ctx policy.Context) (*user, error) {
	u, err := c.userNamed()
	arn := "arn:aws:iam::" + c.account.ID + ":user/" + c.p.Get("UserName")
	if u != nil {
		arn = u.ARN
	}
	if denied := c.allow(action, arn, ctx); denied != nil {
		return nil, denied
	}
	return u, err
}

func (c *call) createUser() (any, error) {
	name, path, tags, err := c.labels("UserName", 64)
	if err != nil {
		return nil, err
	}
	u := &user{entity: c.newEntity(c.account.ID, "user", path, name)}
	u.Tags = tags
	if err := c.allow("CreateUser", u.ARN, nil); err != nil {
		return nil, err
	}
	for other := range c.account.Users {
		if strings.EqualFold(other, name) {
			return nil, exists("User with name %s already exists.", name)
		}
	}
	c.account.Users[name] = u
	return &userResult{u.shape()}, nil
}

func (c *call) getUser() (any, error) {
	u, err := c.userFor("GetUser", nil)
	if err != nil {
		return nil, err
	}
	return &userResult{u.shape()}, nil
}

type userList struct {
	Users []userShape `xml:"Users>member"`
	paging
}

func (c *call) listUsers() (any, error) {
	if err := c.allow("ListUsers", "arn:aws:iam::"+c.account.ID+":user/", nil); err != nil {
		return nil, err
	}
	var all []userShape
	for _, u := range c.account.Users {
		if strings.HasPrefix(u.Path, c.p.Get("PathPrefix")) {
			s := u.shape()
			s.Tags = nil // lists do not tell them
			all = append(all, s)
		}
	}
	slices.SortFunc(all, func(a, b userShape) int { return strings.Compare(a.UserName, b.UserName) })
	part, more, err := page(c, all)
	if err != nil {
		return nil, err
	}
	return &userList{part, more}, nil
}

func (c *call) deleteUser() (any, error) {
	u, err := c.userFor("DeleteUser", nil)
	if err != nil {
		return nil, err
	}
	switch {
	case len(u.Keys) > 0:
		return nil, conflict("Cannot delete entity, must delete access keys first.")
	case len(u.Attached) > 0:
		return nil, conflict("Cannot delete entity, must detach all policies first.")
	case len(u.Inline) > 0:
		return nil, conflict("Cannot delete entity, must delete policies first.")
	}
	if len(c.account.groupsOf(u)) > 0 {
		return nil, conflict("Cannot delete entity, must remove users from group first.")
	}
	delete(c.account.Users, u.Name)
	return nil, nil
}

type accessKeyShape struct {
	UserName        string
	AccessKeyID     string `xml:"AccessKeyId"`
	Status          string
	SecretAccessKey string `xml:",omitempty"` // only once, when the key is made
	CreateDate      string
}

func (k *accessKey) shape(u *user) accessKeyShape {
	status := "Inactive"
	if k.Active {
		status = "Active"
	}
	return accessKeyShape{UserName: u.Name, AccessKeyID: k.ID, Status: status, CreateDate: stamp(k.Created)}
}

type accessKeyResult struct {
	AccessKey accessKeyShape
}

func (c *call) createAccessKey() (any, error) {
	u, err := c.userFor("CreateAccessKey", nil)
	if err != nil {
		return nil, err
	}
	if len(u.Keys) >= maxAccessKeys {
		return nil, limit("Cannot exceed quota for AccessKeysPerUser: %d", maxAccessKeys)
	}
	k := newAccessKey(c.account.ID, "AKIA", c.now())
	u.Keys = append(u.Keys, k)
	shape := k.shape(u)
	shape.SecretAccessKey = k.Secret
	return &accessKeyResult{shape}, nil
}

type accessKeyList struct {
	UserName          string
	AccessKeyMetadata []accessKeyShape `xml:"AccessKeyMetadata>member"`
	paging
}

func (c *call) listAccessKeys() (any, error) {
	u, err := c.userFor("ListAccessKeys", nil)
	if err != nil {
		return nil, err
	}
	var all []accessKeyShape
	for _, k := range u.Keys {
		all = append(all, k.shape(u))
	}
	part, more, err := page(c, all)
	if err != nil {
		return nil, err
	}
	return &accessKeyList{u.Name, part, more}, nil
}

// keyOf finds the access key that AccessKeyId names.
func (c *call) keyOf(u *user) (int, error) {
	id := c.p.Get("AccessKeyId")
	i := slices.IndexFunc(u.Keys, func(k *accessKey) bool { return k.ID == id })
	if i < 0 {
		return 0, noSuch("The Access Key with id %s cannot be found.", id)
	}
	return i, nil
}

func (c *call) updateAccessKey() (any, error) {
	u, err := c.userFor("UpdateAccessKey", nil)
	if err != nil {
		return nil, err
	}
	i, err := c.keyOf(u)
	if err != nil {
		return nil, err
	}
	switch status := c.p.Get("Status"); status {
	case "Active", "Inactive":
		u.Keys[i].Active = status == "Active"
		return nil, nil
	default:
		return nil, validation("1 validation error detected: Value '%s' at 'status' failed to satisfy constraint: Member must satisfy enum value set: [Active, Inactive]", status)
	}
}

func (c *call) deleteAccessKey() (any, error) {
	u, err := c.userFor("DeleteAccessKey", nil)
	if err != nil {
		return nil, err
	}
	i, err := c.keyOf(u)
	if err != nil {
		return nil, err
	}
	u.Keys = slices.Delete(u.Keys, i, i+1)
	return nil, nil
}

// ofUser makes an operation on a user of one on any entity.
func ofUser(do func(c *call, o owner) (any, error)) func(c *call) (any, error) {
	return func(c *call) (any, error) {
		u, err := c.userNamed()
		o := owner{kind: "User", arn: "arn:aws:iam::" + c.account.ID + ":user/" + c.p.Get("UserName"), missing: err}
		if u != nil {
			o.entity, o.arn = &u.entity, u.ARN
		}
		return do(c, o)
	}
}
