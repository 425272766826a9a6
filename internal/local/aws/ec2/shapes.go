package ec2

import (
	"maps"
	"slices"

	"github.com/sealift/sealift/internal/local/aws/iam"
)

// The shapes of the API's answers (API model ec2).
type (
	done struct {
		Return  bool   `xml:"return"`
		GroupID string `xml:"groupId,omitempty"`
	}
	createdGroup struct {
		Return   bool      `xml:"return"`
		GroupID  string    `xml:"groupId"`
		GroupARN string    `xml:"securityGroupArn"`
		Tags     []tagItem `xml:"tagSet>item"`
	}
	ruleSet struct {
		Return    bool        `xml:"return,omitempty"`
		Rules     []ruleShape `xml:"securityGroupRuleSet>item"`
		NextToken string      `xml:"nextToken,omitempty"`
	}
	ruleShape struct {
		ID           string    `xml:"securityGroupRuleId"`
		ARN          string    `xml:"securityGroupRuleArn"`
		GroupID      string    `xml:"groupId"`
		GroupOwnerID string    `xml:"groupOwnerId"`
		IsEgress     bool      `xml:"isEgress"`
		Protocol     string    `xml:"ipProtocol"`
		From         int       `xml:"fromPort"`
		To           int       `xml:"toPort"`
		CIDRIPv4     string    `xml:"cidrIpv4,omitempty"`
		CIDRIPv6     string    `xml:"cidrIpv6,omitempty"`
		Group        *groupRef `xml:"referencedGroupInfo,omitempty"`
		Description  string    `xml:"description,omitempty"`
		Tags         []tagItem `xml:"tagSet>item"`
	}
	groupRef struct {
		GroupID string `xml:"groupId"`
		UserID  string `xml:"userId,omitempty"`
	}
	revoked struct {
		Return  bool              `xml:"return"`
		Unknown []permissionShape `xml:"unknownIpPermissionSet>item"`
		Revoked []revokedShape    `xml:"revokedSecurityGroupRuleSet>item"`
	}
	revokedShape struct {
		SecurityGroupRuleID string `xml:"securityGroupRuleId"`
		GroupID             string `xml:"groupId"`
		IsEgress            bool   `xml:"isEgress"`
		IPProtocol          string `xml:"ipProtocol"`
		FromPort            int    `xml:"fromPort"`
		ToPort              int    `xml:"toPort"`
		CIDRIPv4            string `xml:"cidrIpv4,omitempty"`
		CIDRIPv6            string `xml:"cidrIpv6,omitempty"`
		Description         string `xml:"description,omitempty"`
	}
	groupSet struct {
		Groups    []groupShape `xml:"securityGroupInfo>item"`
		NextToken string       `xml:"nextToken,omitempty"`
	}
	groupShape struct {
		OwnerID     string            `xml:"ownerId"`
		GroupID     string            `xml:"groupId"`
		GroupARN    string            `xml:"securityGroupArn"`
		GroupName   string            `xml:"groupName"`
		Description string            `xml:"groupDescription"`
		VPCID       string            `xml:"vpcId"`
		Permissions []permissionShape `xml:"ipPermissions>item"`
		Egress      []permissionShape `xml:"ipPermissionsEgress>item"`
		Tags        []tagItem         `xml:"tagSet>item"`
	}
	permissionShape struct {
		Protocol string      `xml:"ipProtocol"`
		From     *int        `xml:"fromPort,omitempty"`
		To       *int        `xml:"toPort,omitempty"`
		Groups   []groupRef  `xml:"groups>item"`
		Ranges   []cidrRange `xml:"ipRanges>item"`
		Ranges6  []cidrSix   `xml:"ipv6Ranges>item"`
	}
	cidrRange struct {
		CIDR        string `xml:"cidrIp"`
		Description string `xml:"description,omitempty"`
	}
	cidrSix struct {
		CIDR        string `xml:"cidrIpv6"`
		Description string `xml:"description,omitempty"`
	}
	tagItem struct {
		Key   string `xml:"key"`
		Value string `xml:"value"`
	}
	tagSet struct {
		Tags      []tagDescription `xml:"tagSet>item"`
		NextToken string           `xml:"nextToken,omitempty"`
	}
	tagDescription struct {
		ResourceID   string `xml:"resourceId"`
		ResourceType string `xml:"resourceType"`
		Key          string `xml:"key"`
		Value        string `xml:"value"`
	}
	vpcSet struct {
		VPCs []vpcShape `xml:"vpcSet>item"`
	}
	vpcShape struct {
		VPCID     string `xml:"vpcId"`
		OwnerID   string `xml:"ownerId"`
		State     string `xml:"state"`
		CIDR      string `xml:"cidrBlock"`
		Tenancy   string `xml:"instanceTenancy"`
		IsDefault bool   `xml:"isDefault"`
	}
)

func tagItems(tags map[string]string) []tagItem {
	var all []tagItem
	for _, key := range slices.Sorted(maps.Keys(tags)) {
		all = append(all, tagItem{key, tags[key]})
	}
	return all
}

func shapeOf(id *iam.Identity, g *group, r *rule) ruleShape {
	shape := ruleShape{
		ID: r.ID, ARN: arn(id, "security-group-rule", r.ID), GroupID: g.ID, GroupOwnerID: g.Owner, Protocol: r.Protocol, From: r.From, To: r.To,
		CIDRIPv4: cidr(r, false), CIDRIPv6: cidr(r, true), Description: r.Description, Tags: tagItems(r.Tags),
	}
	if r.Source.Group != "" {
		shape.Group = &groupRef{r.Source.Group, r.Source.Owner}
	}
	return shape
}

func permissionOf(r *rule) permissionShape {
	p := permissionShape{Protocol: r.Protocol}
	if r.Protocol != "-1" {
		p.From, p.To = &r.From, &r.To
	}
	p.add(r)
	return p
}

func (p *permissionShape) add(r *rule) {
	switch {
	case r.Source.Group != "":
		p.Groups = append(p.Groups, groupRef{r.Source.Group, r.Source.Owner})
	case r.Source.CIDR.Addr().Is6():
		p.Ranges6 = append(p.Ranges6, cidrSix{r.Source.CIDR.String(), r.Description})
	default:
		p.Ranges = append(p.Ranges, cidrRange{r.Source.CIDR.String(), r.Description})
	}
}

// groupShape describes a group. Rules of the same ports are one permission, as EC2 shows them.
func (s *Service) groupShape(id *iam.Identity, g *group) groupShape {
	shape := groupShape{
		OwnerID: g.Owner, GroupID: g.ID, GroupARN: arn(id, "security-group", g.ID), GroupName: g.Name, Description: g.Description, VPCID: g.VPC,
		Egress: []permissionShape{{Protocol: "-1", Ranges: []cidrRange{{CIDR: "0.0.0.0/0"}}}},
		Tags:   tagItems(g.Tags),
	}
	var kept []*rule // the first rule of each permission
	for _, r := range g.sorted() {
		if !r.visible(s.now()) {
			continue
		}
		i := slices.IndexFunc(kept, func(k *rule) bool { return k.Protocol == r.Protocol && k.From == r.From && k.To == r.To })
		if i < 0 {
			kept, shape.Permissions = append(kept, r), append(shape.Permissions, permissionOf(r))
			continue
		}
		shape.Permissions[i].add(r)
	}
	return shape
}
