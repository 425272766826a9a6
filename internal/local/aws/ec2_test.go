package aws_test

import (
	"fmt"
	"net/netip"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	sdkec2 "github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/sealift/sealift/internal/local/aws"
	"github.com/sealift/sealift/internal/local/aws/ec2"
)

func tcp(port int32, cidr, about string) []types.IpPermission {
	return []types.IpPermission{{
		IpProtocol: awssdk.String("tcp"), FromPort: &port, ToPort: &port,
		IpRanges: []types.IpRange{{CidrIp: &cidr, Description: &about}},
	}}
}

// vpcs are the default one and the other.
func (w *world) vpcs(c client) (isDefault, other string) {
	w.Helper()
	out, err := c.ec2.DescribeVpcs(w.Context(), nil)
	if err != nil || len(out.Vpcs) != 2 {
		w.Fatal(out, err)
	}
	for _, v := range out.Vpcs {
		if *v.IsDefault {
			isDefault = *v.VpcId
		} else {
			other = *v.VpcId
		}
	}
	return isDefault, other
}

func (w *world) group(c client, name, vpc string) string {
	w.Helper()
	out, err := c.ec2.CreateSecurityGroup(w.Context(), &sdkec2.CreateSecurityGroupInput{GroupName: &name, Description: awssdk.String("test"), VpcId: &vpc})
	if err != nil {
		w.Fatal(err)
	}
	return *out.GroupId
}

func (w *world) rules(c client, group string) []types.SecurityGroupRule {
	w.Helper()
	var all []types.SecurityGroupRule
	pages := sdkec2.NewDescribeSecurityGroupRulesPaginator(c.ec2, &sdkec2.DescribeSecurityGroupRulesInput{
		MaxResults: awssdk.Int32(5), Filters: []types.Filter{{Name: awssdk.String("group-id"), Values: []string{group}}},
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(w.Context())
		if err != nil {
			w.Fatal(err)
		}
		all = append(all, page.SecurityGroupRules...)
	}
	return all
}

//standin:imitates EC2: inbound rules of security groups, by id and by properties, with tags and descriptions | API model ec2
//standin:imitates EC2: a rule that is there already, whatever its description | API model ec2 AuthorizeSecurityGroupIngress
//standin:imitates unkindness 17: a rule is there already, and revoking in the default VPC does nothing | API model ec2
//standin:imitates EC2: revoking what is not there fails, but not in the default VPC | API model ec2 RevokeSecurityGroupIngress
func TestSecurityGroupRules(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := t.Context()
	isDefault, other := w.vpcs(w.admin)
	for vpc, inDefault := range map[string]bool{isDefault: true, other: false} {
		g := w.group(w.admin, "rules", vpc)
		made, err := w.admin.ec2.AuthorizeSecurityGroupIngress(ctx, &sdkec2.AuthorizeSecurityGroupIngressInput{
			GroupId: &g, IpPermissions: tcp(5439, "203.0.113.7/32", "run (1): until 10:00"),
			TagSpecifications: []types.TagSpecification{{ResourceType: types.ResourceTypeSecurityGroupRule, Tags: []types.Tag{{Key: awssdk.String("run"), Value: awssdk.String("1")}}}},
		})
		if err != nil {
			t.Fatal(err)
		}
		r := made.SecurityGroupRules[0]
		if *r.CidrIpv4 != "203.0.113.7/32" || *r.FromPort != 5439 || *r.Description != "run (1): until 10:00" || *r.Tags[0].Value != "1" || *r.IsEgress {
			t.Errorf("made %+v", r)
		}
		_, err = w.admin.ec2.AuthorizeSecurityGroupIngress(ctx, &sdkec2.AuthorizeSecurityGroupIngressInput{GroupId: &g, IpPermissions: tcp(5439, "203.0.113.7/32", "another")})
		wantCode(t, err, "InvalidPermission.Duplicate")
		// Bits of the host do not count.
		wide, err := w.admin.ec2.AuthorizeSecurityGroupIngress(ctx, &sdkec2.AuthorizeSecurityGroupIngressInput{GroupId: &g, IpPermissions: tcp(22, "100.68.0.18/18", "")})
		if err != nil || *wide.SecurityGroupRules[0].CidrIpv4 != "100.68.0.0/18" {
			t.Errorf("%+v, %v", wide, err)
		}

		out, err := w.admin.ec2.RevokeSecurityGroupIngress(ctx, &sdkec2.RevokeSecurityGroupIngressInput{GroupId: &g, IpPermissions: tcp(5440, "203.0.113.7/32", "")})
		if inDefault {
			if err != nil || len(out.UnknownIpPermissions) != 1 || len(out.RevokedSecurityGroupRules) != 0 {
				t.Errorf("the default VPC: %+v, %v", out, err)
			}
		} else {
			wantCode(t, err, "InvalidPermission.NotFound")
		}
		if got := w.rules(w.admin, g); len(got) != 2 {
			t.Errorf("rules are %+v", got)
		}
		if _, err := w.admin.ec2.RevokeSecurityGroupIngress(ctx, &sdkec2.RevokeSecurityGroupIngressInput{GroupId: &g, SecurityGroupRuleIds: []string{*r.SecurityGroupRuleId}}); err != nil {
			t.Error(err)
		}
		_, err = w.admin.ec2.RevokeSecurityGroupIngress(ctx, &sdkec2.RevokeSecurityGroupIngressInput{GroupId: &g, SecurityGroupRuleIds: []string{*r.SecurityGroupRuleId}})
		wantCode(t, err, "InvalidSecurityGroupRuleId.NotFound")
		if _, err := w.admin.ec2.RevokeSecurityGroupIngress(ctx, &sdkec2.RevokeSecurityGroupIngressInput{GroupId: &g, IpPermissions: tcp(22, "100.68.0.0/18", "")}); err != nil {
			t.Error(err)
		}
		if got := w.rules(w.admin, g); len(got) != 0 {
			t.Errorf("left: %+v", got)
		}
	}
	_, err := w.admin.ec2.AuthorizeSecurityGroupIngress(ctx, &sdkec2.AuthorizeSecurityGroupIngressInput{GroupId: awssdk.String("sg-00000000000000000"), IpPermissions: tcp(1, "10.0.0.1/32", "")})
	wantCode(t, err, "InvalidGroup.NotFound")
	g := w.group(w.admin, "bad", isDefault)
	for about, perm := range map[string][]types.IpPermission{
		"description": tcp(1, "10.0.0.1/32", "who's"),
		"range":       tcp(1, "10.0.0.1/33", ""),
		"address":     tcp(1, "2001:db8::1/128", ""),
		"port":        tcp(70000, "10.0.0.1/32", ""),
	} {
		t.Run(about, func(t *testing.T) {
			_, err := w.admin.ec2.AuthorizeSecurityGroupIngress(ctx, &sdkec2.AuthorizeSecurityGroupIngressInput{GroupId: &g, IpPermissions: perm})
			wantCode(t, err, "InvalidParameterValue")
		})
	}
	_, err = w.admin.ec2.AuthorizeSecurityGroupIngress(ctx, &sdkec2.AuthorizeSecurityGroupIngressInput{GroupId: &g, IpPermissions: tcp(1, "10.0.0.1/32", ""), DryRun: awssdk.Bool(true)})
	wantCode(t, err, "DryRunOperation")
	// Groups belong to an account and a region.
	for name, c := range map[string]client{"account": w.adminOf(second), "region": w.as(w.admin.creds, "us-east-1")} {
		if _, err := c.ec2.DescribeSecurityGroups(ctx, &sdkec2.DescribeSecurityGroupsInput{GroupIds: []string{g}}); err == nil {
			t.Errorf("another %s sees the group", name)
		}
	}
	if _, err := w.admin.ec2.DeleteSecurityGroup(ctx, &sdkec2.DeleteSecurityGroupInput{GroupId: &g}); err != nil {
		t.Error(err)
	}
}

//standin:imitates unkindness 17: 60 rules | VPC User Guide amazon-vpc-limits
//standin:imitates EC2: 60 rules of each family in a group | VPC User Guide amazon-vpc-limits
func TestRulesOfAGroupAreLimited(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	isDefault, _ := w.vpcs(w.admin)
	g := w.group(w.admin, "full", isDefault)
	perm := types.IpPermission{IpProtocol: awssdk.String("tcp"), FromPort: awssdk.Int32(5439), ToPort: awssdk.Int32(5439)}
	for i := range ec2.MaxRules {
		perm.IpRanges = append(perm.IpRanges, types.IpRange{CidrIp: awssdk.String(fmt.Sprintf("198.51.100.%d/32", i))})
	}
	if _, err := w.admin.ec2.AuthorizeSecurityGroupIngress(t.Context(), &sdkec2.AuthorizeSecurityGroupIngressInput{GroupId: &g, IpPermissions: []types.IpPermission{perm}}); err != nil {
		t.Fatal(err)
	}
	_, err := w.admin.ec2.AuthorizeSecurityGroupIngress(t.Context(), &sdkec2.AuthorizeSecurityGroupIngressInput{GroupId: &g, IpPermissions: tcp(1, "10.0.0.1/32", "")})
	wantCode(t, err, "RulesPerSecurityGroupLimitExceeded")
	six := types.IpPermission{IpProtocol: awssdk.String("tcp"), FromPort: awssdk.Int32(1), ToPort: awssdk.Int32(1), Ipv6Ranges: []types.Ipv6Range{{CidrIpv6: awssdk.String("2001:db8::1/128")}}}
	if _, err := w.admin.ec2.AuthorizeSecurityGroupIngress(t.Context(), &sdkec2.AuthorizeSecurityGroupIngressInput{GroupId: &g, IpPermissions: []types.IpPermission{six}}); err != nil {
		t.Errorf("of IPv6 there is room: %v", err)
	}
	if got := len(w.rules(w.admin, g)); got != ec2.MaxRules+1 {
		t.Errorf("%d rules are described", got)
	}
}

// A caller may open what its policy names: this group, with this tag, made in this way.
//
//standin:imitates EC2: permissions on groups, and on the tags that a rule is made with | SAR Amazon EC2
func TestSecurityGroupPermissions(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := t.Context()
	isDefault, _ := w.vpcs(w.admin)
	g, stranger := w.group(w.admin, "ours", isDefault), w.group(w.admin, "theirs", isDefault)
	arn := "arn:aws:ec2:" + region + ":" + home + ":"
	loader := w.user("loader", allow("ec2:AuthorizeSecurityGroupIngress ec2:RevokeSecurityGroupIngress", arn+"security-group/"+g),
		`{"Effect":"Allow","Action":"ec2:CreateTags","Resource":"`+arn+`security-group-rule/*","Condition":{"StringEquals":{"ec2:CreateAction":"AuthorizeSecurityGroupIngress"},"ForAllValues:StringEquals":{"aws:TagKeys":["sealift-run"]}}}`)
	open := func(group, tag string) error {
		_, err := loader.ec2.AuthorizeSecurityGroupIngress(ctx, &sdkec2.AuthorizeSecurityGroupIngressInput{
			GroupId: &group, IpPermissions: tcp(5439, "203.0.113.7/32", ""),
			TagSpecifications: []types.TagSpecification{{ResourceType: types.ResourceTypeSecurityGroupRule, Tags: []types.Tag{{Key: &tag, Value: awssdk.String("1")}}}},
		})
		return err
	}
	wantCode(t, open(stranger, "sealift-run"), "UnauthorizedOperation")
	wantCode(t, open(g, "owner"), "UnauthorizedOperation")
	wantCode(t, open(g, "sealift-run"), "")
	_, err := loader.ec2.DescribeSecurityGroupRules(ctx, nil)
	wantCode(t, err, "UnauthorizedOperation")
	rule := *w.rules(w.admin, g)[0].SecurityGroupRuleId
	_, err = loader.ec2.CreateTags(ctx, &sdkec2.CreateTagsInput{Resources: []string{rule}, Tags: []types.Tag{{Key: awssdk.String("sealift-run"), Value: awssdk.String("2")}}})
	wantCode(t, err, "UnauthorizedOperation")
	if _, err := w.admin.ec2.CreateTags(ctx, &sdkec2.CreateTagsInput{Resources: []string{rule, g}, Tags: []types.Tag{{Key: awssdk.String("seen"), Value: awssdk.String("yes")}}}); err != nil {
		t.Fatal(err)
	}
	found, err := w.admin.ec2.DescribeSecurityGroupRules(ctx, &sdkec2.DescribeSecurityGroupRulesInput{Filters: []types.Filter{{Name: awssdk.String("tag:sealift-run"), Values: []string{"*"}}}})
	if err != nil || len(found.SecurityGroupRules) != 1 || len(found.SecurityGroupRules[0].Tags) != 2 {
		t.Errorf("found by tag %+v, %v", found, err)
	}
}

// What is opened or closed is seen after a while, as the service's eventual consistency has it.
//
//standin:imitates unkindness 17: rules that are seen late | API model ec2
//standin:imitates EC2: rules that are seen late, and late gone (a switch) | API model ec2 AuthorizeSecurityGroupIngress
func TestRulesAreSeenLate(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cloud, err := aws.New(aws.Options{Dir: t.TempDir(), Region: region, RuleDelay: 10 * time.Second})
		if err != nil {
			t.Fatal(err)
		}
		group, err := cloud.EC2.DefaultGroup(home, region)
		if err != nil {
			t.Fatal(err)
		}
		stranger := netip.MustParseAddr("203.0.113.7")
		admits := func() bool { return cloud.EC2.Admits(home, region, []string{group}, stranger, 5439) }
		call(t, cloud, "AuthorizeSecurityGroupIngress", group)
		changes := cloud.EC2.Changes()
		if admits() {
			t.Error("it is open at once")
		}
		<-changes
		if !admits() {
			t.Error("it is not open after ten seconds")
		}
		call(t, cloud, "RevokeSecurityGroupIngress", group)
		if !admits() {
			t.Error("it is closed at once")
		}
		time.Sleep(10 * time.Second) //nolint:forbidigo // virtual time
		if admits() {
			t.Error("it is not closed after ten seconds")
		}
	})
}

//standin:imitates Redshift API: security groups of clusters | API model redshift ModifyCluster
func TestSecurityGroupsOfClusters(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *aws.Options) { o.Fleet = &fleet{} })
	isDefault, other := w.vpcs(w.admin)
	ours, theirs := w.group(w.admin, "ours", isDefault), w.group(w.admin, "theirs", other)
	in := newCluster("closed")
	in.VpcSecurityGroupIds = []string{ours, theirs}
	_, err := w.admin.redshift.CreateCluster(t.Context(), in)
	wantCode(t, err, "InvalidVPCNetworkStateFault")
	in.VpcSecurityGroupIds = []string{ours}
	made, err := w.admin.redshift.CreateCluster(t.Context(), in)
	if err != nil || *made.Cluster.VpcSecurityGroups[0].VpcSecurityGroupId != ours || *made.Cluster.VpcId != isDefault {
		t.Fatalf("%+v, %v", made, err)
	}
	plain, err := w.admin.redshift.CreateCluster(t.Context(), newCluster("open"))
	if err != nil || len(plain.Cluster.VpcSecurityGroups) != 1 || *plain.Cluster.VpcSecurityGroups[0].VpcSecurityGroupId == ours {
		t.Fatalf("%+v, %v", plain, err)
	}
	i := slices.IndexFunc(w.Redshift.Clusters(), func(c redshiftCluster) bool { return c.ID == "closed" })
	name := w.Redshift.Clusters()[i].Name
	home := netip.MustParseAddr("127.0.0.1")
	if w.Redshift.Admits(name, home, 5439) {
		t.Error("a group without rules lets somebody in")
	}
	changes := w.EC2.Changes()
	if _, err := w.admin.ec2.AuthorizeSecurityGroupIngress(t.Context(), &sdkec2.AuthorizeSecurityGroupIngressInput{GroupId: &ours, IpPermissions: tcp(5439, "127.0.0.1/32", "")}); err != nil {
		t.Fatal(err)
	}
	<-changes
	if !w.Redshift.Admits(name, home, 5439) || w.Redshift.Admits(name, home, 5440) || w.Redshift.Admits(name, netip.MustParseAddr("127.0.0.2"), 5439) {
		t.Error("the rule does not decide")
	}
}
