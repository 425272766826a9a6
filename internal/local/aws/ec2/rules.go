package ec2

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/sealift/sealift/internal/local/aws/iam"
	"github.com/sealift/sealift/internal/local/aws/query"
)

// newID makes an id of a kind: sg-0123456789abcdef0.
func newID(kind string) string {
	raw := make([]byte, 9)
	rand.Read(raw)
	return kind + "-" + hex.EncodeToString(raw)[:17]
}

// flatRule are the parameters of the old form, in which a request is one rule.
var flatRule = []string{"IpProtocol", "FromPort", "ToPort", "CidrIp"}

// description is what a rule's text may hold (API model ec2, IpRange).
var description = regexp.MustCompile(`^[a-zA-Z0-9. _\-:/()#,@\[\]+=&;{}!$*]{0,255}$`)

// readRules reads the permissions of a request, one rule for each source.
func readRules(p query.Params) ([]*rule, error) {
	lists := p.Items("IpPermissions")
	flat := false
	if len(lists) == 0 && p.Get("CidrIp") != "" {
		lists, flat = []query.Params{p}, true
	}
	var all []*rule
	for _, perm := range lists {
		found, err := readPermission(perm, flat)
		if err != nil {
			return nil, err
		}
		all = append(all, found...)
	}
	if len(all) == 0 {
		return nil, badRequest("MissingParameter", "Either 'ipPermissions' or 'securityGroupRuleIds' should be provided.")
	}
	return all, nil
}

func readPermission(p query.Params, flat bool) ([]*rule, error) {
	base := rule{Protocol: cmp.Or(protocols[p.Get("IpProtocol")], p.Get("IpProtocol")), From: -1, To: -1, Tags: map[string]string{}}
	switch base.Protocol {
	case "-1":
	case "tcp", "udp":
		var err error
		if base.From, err = p.Int("FromPort", -1); err != nil {
			return nil, err
		}
		if base.To, err = p.Int("ToPort", -1); err != nil {
			return nil, err
		}
		if base.From < 0 || base.To > 65535 || base.From > base.To {
			return nil, badValue("Invalid value for portRange. Must specify both from and to ports with TCP/UDP.")
		}
	case "":
		return nil, badRequest("MissingParameter", "The request must contain the parameter ipProtocol")
	default:
		return nil, notImitated("security group rules of protocol " + base.Protocol)
	}
	var all []*rule
	add := func(s source, text string) error {
		if !description.MatchString(text) {
			return badValue("Invalid rule description. Valid descriptions are strings less than 256 characters from the following set:  a-zA-Z0-9. _-:/()#,@[]+=&;{}!$*")
		}
		r := base
		r.Source, r.Description, r.Tags = s, text, map[string]string{}
		all = append(all, &r)
		return nil
	}
	ranges := p.Items("IpRanges")
	if flat {
		ranges = []query.Params{p}
	}
	for _, x := range ranges {
		cidr, err := readCIDR(x.Get("CidrIp"), false)
		if err == nil {
			err = add(source{CIDR: cidr}, x.Get("Description"))
		}
		if err != nil {
			return nil, err
		}
	}
	for _, x := range p.Items("Ipv6Ranges") {
		cidr, err := readCIDR(x.Get("CidrIpv6"), true)
		if err == nil {
			err = add(source{CIDR: cidr}, x.Get("Description"))
		}
		if err != nil {
			return nil, err
		}
	}
	for _, x := range p.Items("Groups") {
		if err := add(source{Group: x.Get("GroupId"), Owner: x.Get("UserId")}, x.Get("Description")); err != nil {
			return nil, err
		}
	}
	if p.Has("PrefixListIds") {
		return nil, notImitated("prefix lists in security group rules")
	}
	return all, nil
}

// protocols are those that have a number and a name.
var protocols = map[string]string{"6": "tcp", "17": "udp", "all": "-1"}

// readCIDR reads a range. Bits of the host are cut off, as EC2 does.
func readCIDR(text string, six bool) (netip.Prefix, error) {
	cidr, err := netip.ParsePrefix(text)
	if err != nil || cidr.Addr().Is6() != six || cidr.Addr().Is4In6() {
		return netip.Prefix{}, badValue("CIDR block %s is malformed", text)
	}
	return cidr.Masked(), nil
}

// same tells whether two rules are one: the text does not count.
func (r *rule) same(o *rule) bool {
	return r.Protocol == o.Protocol && r.From == o.From && r.To == o.To && r.Source.CIDR == o.Source.CIDR && r.Source.Group == o.Source.Group
}

func (r *rule) String() string {
	who := r.Source.Group
	if who == "" {
		who = r.Source.CIDR.String()
	}
	ports := ""
	if r.Protocol != "-1" {
		ports = ", from port: " + strconv.Itoa(r.From) + ", to port: " + strconv.Itoa(r.To)
	}
	return "peer: " + who + ", " + strings.ToUpper(r.Protocol) + ports + ", ALLOW"
}

func (s *Service) authorize(id *iam.Identity, p query.Params) (any, error) {
	rules, err := readRules(p)
	if err != nil {
		return nil, err
	}
	tags, err := tagsOf(p, "security-group-rule")
	if err != nil {
		return nil, err
	}
	g, err := s.groupOf(id, p, "AuthorizeSecurityGroupIngress")
	if err != nil {
		return nil, err
	}
	if len(tags) > 0 {
		if err := s.mayTag(id, "security-group-rule", "*", tags, "AuthorizeSecurityGroupIngress"); err != nil {
			return nil, err
		}
	}
	if err := dryRun(p); err != nil {
		return nil, err
	}
	out := &ruleSet{Return: true}
	err = s.change(id.Account, id.Region, func(place *place) error {
		g := place.Groups[g]
		if g == nil {
			return noGroup(p.Get("GroupId"))
		}
		for i, r := range rules {
			for _, old := range g.Rules {
				if old.same(r) && old.Until.IsZero() {
					return badRequest("InvalidPermission.Duplicate", "the specified rule %q already exists", old)
				}
			}
			if slices.ContainsFunc(rules[:i], r.same) {
				return badRequest("InvalidParameterValue", "The same permission must not appear multiple times")
			}
			if r.Source.Group != "" && place.Groups[r.Source.Group] == nil {
				return noGroup(r.Source.Group)
			}
		}
		for _, r := range rules {
			if g.count(r.Source.CIDR.Addr().Is6()) >= MaxRules {
				return badRequest("RulesPerSecurityGroupLimitExceeded", "The maximum number of rules per security group has been reached.")
			}
			r.ID, r.Since = newID("sgr"), s.now().Add(s.delay)
			maps.Copy(r.Tags, tags)
			g.Rules[r.ID] = r
			out.Rules = append(out.Rules, shapeOf(id, g, r))
		}
		return nil
	})
	return out, err
}

// count is how many rules of a family a group has.
func (g *group) count(six bool) (n int) {
	for _, r := range g.Rules {
		if r.Until.IsZero() && r.Source.CIDR.Addr().Is6() == six {
			n++
		}
	}
	return n
}

func (s *Service) revoke(id *iam.Identity, p query.Params) (any, error) {
	ids := p.Texts("SecurityGroupRuleId")
	var rules []*rule
	if len(ids) == 0 {
		var err error
		if rules, err = readRules(p); err != nil {
			return nil, err
		}
	}
	g, err := s.groupOf(id, p, "RevokeSecurityGroupIngress")
	if err != nil {
		return nil, err
	}
	if err := dryRun(p); err != nil {
		return nil, err
	}
	out := &revoked{Return: true}
	err = s.change(id.Account, id.Region, func(place *place) error {
		g := place.Groups[g]
		if g == nil {
			return noGroup(p.Get("GroupId"))
		}
		var gone []*rule
		for _, name := range ids {
			r := g.Rules[name]
			if r == nil || !r.Until.IsZero() {
				return badRequest("InvalidSecurityGroupRuleId.NotFound", "The security group rule ID '%s' does not exist", name)
			}
			gone = append(gone, r)
		}
		for _, want := range rules {
			i := slices.IndexFunc(g.sorted(), func(r *rule) bool { return r.same(want) && r.Until.IsZero() })
			switch {
			case i >= 0:
				gone = append(gone, g.sorted()[i])
			case g.VPC == place.DefaultVPC:
				// The trap of the default VPC: nothing is removed, and nothing fails (API reference, RevokeSecurityGroupIngress).
				out.Unknown = append(out.Unknown, permissionOf(want))
			default:
				return badRequest("InvalidPermission.NotFound", "The specified rule does not exist in this security group.")
			}
		}
		for _, r := range gone {
			r.Until = s.now().Add(s.delay)
			out.Revoked = append(out.Revoked, revokedShape{
				SecurityGroupRuleID: r.ID, GroupID: g.ID, IPProtocol: r.Protocol, FromPort: r.From, ToPort: r.To, Description: r.Description,
				CIDRIPv4: cidr(r, false), CIDRIPv6: cidr(r, true),
			})
			if s.delay == 0 {
				delete(g.Rules, r.ID)
			}
		}
		return nil
	})
	return out, err
}

// Revoke is RevokeSecurityGroupIngress for another service that calls it with the names of the API model.
func (s *Service) Revoke(_ context.Context, id *iam.Identity, input json.RawMessage) error {
	var in struct {
		GroupId              string //nolint:revive // the model's names
		SecurityGroupRuleIds []string
		IpPermissions        []struct { //nolint:revive // the model's names
			IpProtocol string //nolint:revive // the model's names
			FromPort   int
			ToPort     int
			IpRanges   []struct{ CidrIp, Description string }   //nolint:revive // the model's names
			Ipv6Ranges []struct{ CidrIpv6, Description string } //nolint:revive // the model's names
		}
	}
	dec := json.NewDecoder(bytes.NewReader(input))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&in); err != nil {
		return badRequest("InvalidParameterValue", "%v", err)
	}
	v := url.Values{"GroupId": {in.GroupId}}
	for i, name := range in.SecurityGroupRuleIds {
		v.Set(fmt.Sprintf("SecurityGroupRuleId.%d", i+1), name)
	}
	for i, perm := range in.IpPermissions {
		at := fmt.Sprintf("IpPermissions.%d.", i+1)
		v.Set(at+"IpProtocol", perm.IpProtocol)
		v.Set(at+"FromPort", strconv.Itoa(perm.FromPort))
		v.Set(at+"ToPort", strconv.Itoa(perm.ToPort))
		for j, r := range perm.IpRanges {
			v.Set(fmt.Sprintf("%sIpRanges.%d.CidrIp", at, j+1), r.CidrIp)
		}
		for j, r := range perm.Ipv6Ranges {
			v.Set(fmt.Sprintf("%sIpv6Ranges.%d.CidrIpv6", at, j+1), r.CidrIpv6)
		}
	}
	_, err := s.Call(id, "RevokeSecurityGroupIngress", query.Of(v))
	return err
}

// sorted are a group's rules in the order of their ids.
func (g *group) sorted() []*rule {
	return slices.SortedFunc(maps.Values(g.Rules), func(a, b *rule) int { return strings.Compare(a.ID, b.ID) })
}

func (s *Service) describeRules(id *iam.Identity, p query.Params) (any, error) {
	if err := s.allow(id, "DescribeSecurityGroupRules", "*", nil); err != nil {
		return nil, err
	}
	if err := dryRun(p); err != nil {
		return nil, err
	}
	only := p.Texts("SecurityGroupRuleId")
	keep, err := filters(p, "group-id", "security-group-rule-id")
	if err != nil {
		return nil, err
	}
	out := &ruleSet{}
	s.mu.Lock()
	defer s.mu.Unlock()
	place := s.at(id.Account, id.Region)
	found := map[string]bool{}
	for _, g := range place.sorted() {
		for _, r := range g.sorted() {
			if !r.visible(s.now()) || len(only) > 0 && !slices.Contains(only, r.ID) {
				continue
			}
			found[r.ID] = true
			if keep(map[string]string{"group-id": g.ID, "security-group-rule-id": r.ID}, r.Tags) {
				out.Rules = append(out.Rules, shapeOf(id, g, r))
			}
		}
	}
	for _, name := range only {
		if !found[name] {
			return nil, badRequest("InvalidSecurityGroupRuleId.NotFound", "The security group rule ID '%s' does not exist", name)
		}
	}
	out.Rules, out.NextToken, err = page(p, out.Rules, 5, len(only) > 0)
	return out, err
}

func badValue(format string, args ...any) error {
	return badRequest("InvalidParameterValue", format, args...)
}

func noGroup(id string) error {
	if !strings.HasPrefix(id, "sg-") {
		return badRequest("InvalidGroupId.Malformed", "Invalid id: %q (expecting \"sg-...\")", id)
	}
	return awsError(http.StatusBadRequest, "InvalidGroup.NotFound", "The security group '%s' does not exist", id)
}

func cidr(r *rule, six bool) string {
	if !r.Source.CIDR.IsValid() || r.Source.CIDR.Addr().Is6() != six {
		return ""
	}
	return r.Source.CIDR.String()
}
