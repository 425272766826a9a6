package ec2

import (
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/sealift/sealift/internal/local/aws/awserr"
	"github.com/sealift/sealift/internal/local/aws/iam"
	"github.com/sealift/sealift/internal/local/aws/policy"
	"github.com/sealift/sealift/internal/local/aws/query"
)

func awsError(status int, code, format string, args ...any) error {
	return awserr.New(status, code, format, args...)
}

func badRequest(code, format string, args ...any) error {
	return awsError(http.StatusBadRequest, code, format, args...)
}

func notImitated(what string) error { return awserr.NotImitated(what) }

func arn(id *iam.Identity, kind, name string) string {
	return "arn:aws:ec2:" + id.Region + ":" + id.Account + ":" + kind + "/" + name
}

// allow asks IAM. EC2 says in its own words that it was refused.
func (s *Service) allow(id *iam.Identity, action, resource string, ctx policy.Context) error {
	err := s.iam.Authorize(id, iam.Access{Action: "ec2:" + action, Resource: resource, ResourceAccount: id.Account, Context: ctx})
	if err == nil {
		return nil
	}
	return awsError(http.StatusForbidden, "UnauthorizedOperation", "You are not authorized to perform this operation. %s", awserr.Of(err).Message)
}

// dryRun ends a request that was only to be tried, after its permissions were looked at.
func dryRun(p query.Params) error {
	dry, err := p.Bool("DryRun")
	if err != nil {
		return err
	}
	if dry {
		return awsError(http.StatusPreconditionFailed, "DryRunOperation", "Request would have succeeded, but DryRun flag is set.")
	}
	return nil
}

// groupOf reads which group a request is about, and asks for action on it.
func (s *Service) groupOf(id *iam.Identity, p query.Params, action string) (string, error) {
	name := p.Get("GroupId")
	s.mu.Lock()
	place := s.at(id.Account, id.Region)
	if name == "" {
		for _, g := range place.Groups { // names are for the default VPC only
			if g.Name == p.Get("GroupName") && g.VPC == place.DefaultVPC {
				name = g.ID
			}
		}
	}
	g := place.Groups[name]
	ctx := policy.Context{}
	if g != nil {
		ctx["ec2:securitygroupid"] = []string{g.ID}
		ctx["ec2:vpc"] = []string{arn(id, "vpc", g.VPC)}
		for key, value := range g.Tags {
			ctx["aws:resourcetag/"+strings.ToLower(key)] = []string{value}
			ctx["ec2:resourcetag/"+strings.ToLower(key)] = []string{value}
		}
	}
	s.mu.Unlock()
	if name == "" {
		if p.Get("GroupName") != "" {
			return "", badRequest("InvalidGroup.NotFound", "The security group '%s' does not exist in default VPC", p.Get("GroupName"))
		}
		return "", badRequest("MissingParameter", "The request must contain the parameter groupName or groupId")
	}
	if err := s.allow(id, action, arn(id, "security-group", name), ctx); err != nil {
		return "", err
	}
	if g == nil {
		return "", noGroup(name)
	}
	return name, nil
}

// sorted are a region's groups in the order of their ids.
func (p *place) sorted() []*group {
	return slices.SortedFunc(maps.Values(p.Groups), func(a, b *group) int { return strings.Compare(a.ID, b.ID) })
}

var groupText = regexp.MustCompile(`^[a-zA-Z0-9. _\-:/()#,@\[\]+=&;{}!$*]{1,255}$`)

func (s *Service) createGroup(id *iam.Identity, p query.Params) (any, error) {
	name, about := p.Get("GroupName"), p.Get("GroupDescription")
	tags, err := tagsOf(p, "security-group")
	if err != nil {
		return nil, err
	}
	if err := s.allow(id, "CreateSecurityGroup", arn(id, "security-group", "*"), nil); err != nil {
		return nil, err
	}
	if len(tags) > 0 {
		if err := s.mayTag(id, "security-group", "*", tags, "CreateSecurityGroup"); err != nil {
			return nil, err
		}
	}
	switch {
	case !groupText.MatchString(name) || strings.HasPrefix(name, "sg-"):
		return nil, badValue("Invalid value '%s' for groupName.", name)
	case !groupText.MatchString(about):
		return nil, badValue("Invalid value '%s' for groupDescription.", about)
	}
	if err := dryRun(p); err != nil {
		return nil, err
	}
	g := &group{ID: newID("sg"), Name: name, Description: about, VPC: p.Get("VpcId"), Owner: id.Account, Tags: tags, Rules: map[string]*rule{}}
	err = s.change(id.Account, id.Region, func(place *place) error {
		if g.VPC == "" {
			g.VPC = place.DefaultVPC
		}
		if g.VPC != place.DefaultVPC && g.VPC != place.OtherVPC {
			return badRequest("InvalidVpcID.NotFound", "The vpc ID '%s' does not exist", g.VPC)
		}
		for _, old := range place.Groups {
			if old.Name == name && old.VPC == g.VPC {
				return badRequest("InvalidGroup.Duplicate", "The security group '%s' already exists for VPC '%s'", name, g.VPC)
			}
		}
		place.Groups[g.ID] = g
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &createdGroup{Return: true, GroupID: g.ID, GroupARN: arn(id, "security-group", g.ID), Tags: tagItems(tags)}, nil
}

func (s *Service) deleteGroup(id *iam.Identity, p query.Params) (any, error) {
	name, err := s.groupOf(id, p, "DeleteSecurityGroup")
	if err != nil {
		return nil, err
	}
	if err := dryRun(p); err != nil {
		return nil, err
	}
	err = s.change(id.Account, id.Region, func(place *place) error {
		g := place.Groups[name]
		switch {
		case g == nil:
			return noGroup(name)
		case g.Name == "default":
			return badRequest("CannotDelete", "the specified group: %q name: \"default\" cannot be deleted by a user", name)
		}
		for _, other := range place.Groups {
			for _, r := range other.Rules {
				if other != g && r.Source.Group == name {
					return badRequest("DependencyViolation", "resource %s has a dependent object", name)
				}
			}
		}
		delete(place.Groups, name)
		return nil
	})
	return &done{Return: true, GroupID: name}, err
}

func (s *Service) describeGroups(id *iam.Identity, p query.Params) (any, error) {
	if err := s.allow(id, "DescribeSecurityGroups", "*", nil); err != nil {
		return nil, err
	}
	if err := dryRun(p); err != nil {
		return nil, err
	}
	only, names := p.Texts("GroupId"), p.Texts("GroupName")
	keep, err := filters(p, "group-id", "group-name", "vpc-id", "owner-id", "description")
	if err != nil {
		return nil, err
	}
	out := &groupSet{}
	s.mu.Lock()
	defer s.mu.Unlock()
	place := s.at(id.Account, id.Region)
	for _, name := range only {
		if place.Groups[name] == nil {
			return nil, noGroup(name)
		}
	}
	for _, g := range place.sorted() {
		if len(only) > 0 && !slices.Contains(only, g.ID) || len(names) > 0 && !slices.Contains(names, g.Name) {
			continue
		}
		fields := map[string]string{"group-id": g.ID, "group-name": g.Name, "vpc-id": g.VPC, "owner-id": g.Owner, "description": g.Description}
		if keep(fields, g.Tags) {
			out.Groups = append(out.Groups, s.groupShape(id, g))
		}
	}
	out.Groups, out.NextToken, err = page(p, out.Groups, 5, len(only) > 0)
	return out, err
}

func (s *Service) describeVPCs(id *iam.Identity, p query.Params) (any, error) {
	if err := s.allow(id, "DescribeVpcs", "*", nil); err != nil {
		return nil, err
	}
	if err := dryRun(p); err != nil {
		return nil, err
	}
	only := p.Texts("VpcId")
	keep, err := filters(p, "vpc-id", "is-default", "isDefault", "owner-id", "state")
	if err != nil {
		return nil, err
	}
	out := &vpcSet{}
	s.mu.Lock()
	defer s.mu.Unlock()
	place := s.at(id.Account, id.Region)
	for i, vpc := range []string{place.DefaultVPC, place.OtherVPC} {
		isDefault := "true"
		if i == 1 {
			isDefault = "false"
		}
		fields := map[string]string{"vpc-id": vpc, "is-default": isDefault, "isDefault": isDefault, "owner-id": id.Account, "state": "available"}
		if (len(only) == 0 || slices.Contains(only, vpc)) && keep(fields, nil) {
			out.VPCs = append(out.VPCs, vpcShape{VPCID: vpc, OwnerID: id.Account, State: "available", CIDR: "172.31.0.0/16", IsDefault: i == 0, Tenancy: "default"})
		}
	}
	if len(out.VPCs) < len(only) {
		return nil, badRequest("InvalidVpcID.NotFound", "The vpc ID '%s' does not exist", strings.Join(only, ","))
	}
	return out, s.save()
}
