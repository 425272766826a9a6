package connect

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/sealift/sealift/plan"
)

// A session in a warehouse's account may do what the plan needs there, on that warehouse, and nothing else. STS takes 2,048
// characters (API model sts, AssumeRole).
func TestASessionMayDoWhatIsNeeded(t *testing.T) {
	t.Parallel()
	role := "arn:aws-cn:iam::111111111111:role/first,arn:aws-cn:iam::222222222222:role/sealift"
	door := plan.Door{SecurityGroup: "sg-1", Address: "auto", TTL: "30m"}
	base := plan.Warehouse{Cluster: "dw", Region: "cn-north-1", Database: "d", Auth: "iam", AssumeRole: role}
	with := func(change func(*plan.Warehouse)) plan.Warehouse {
		w := base
		change(&w)
		return w
	}
	for name, c := range map[string]struct {
		w    plan.Warehouse
		want []string // action on resource; all there are
	}{
		"no role": {plan.Warehouse{Cluster: "dw"}, nil},
		"oneself": {base, []string{"redshift:GetClusterCredentialsWithIAM on arn:aws-cn:redshift:cn-north-1:222222222222:dbname:dw/d"}},
		"user": {with(func(w *plan.Warehouse) { w.User = "u" }), []string{
			"redshift:GetClusterCredentials on arn:aws-cn:redshift:cn-north-1:222222222222:dbuser:dw/u",
			"redshift:GetClusterCredentials on arn:aws-cn:redshift:cn-north-1:222222222222:dbname:dw/d",
		}},
		"user that is made, in groups": {with(func(w *plan.Warehouse) { w.User, w.AutoCreate, w.Groups = "u", true, "g,h" }), []string{
			"redshift:GetClusterCredentials on arn:aws-cn:redshift:cn-north-1:222222222222:dbuser:dw/u",
			"redshift:GetClusterCredentials on arn:aws-cn:redshift:cn-north-1:222222222222:dbname:dw/d",
			"redshift:CreateClusterUser on arn:aws-cn:redshift:cn-north-1:222222222222:dbuser:dw/u",
			"redshift:JoinGroup on arn:aws-cn:redshift:cn-north-1:222222222222:dbgroup:dw/g,arn:aws-cn:redshift:cn-north-1:222222222222:dbgroup:dw/h",
		}},
		"user in many groups": {with(func(w *plan.Warehouse) {
			w.User, w.Groups = "u", strings.Repeat("a_group_of_a_long_name_____________,", 99)+"g"
		}), []string{
			"redshift:GetClusterCredentials on arn:aws-cn:redshift:cn-north-1:222222222222:dbuser:dw/u",
			"redshift:GetClusterCredentials on arn:aws-cn:redshift:cn-north-1:222222222222:dbname:dw/d",
			"redshift:JoinGroup on arn:aws-cn:redshift:cn-north-1:222222222222:dbgroup:dw/*",
		}},
		"password":  {with(func(w *plan.Warehouse) { w.Auth, w.User, w.PasswordFrom = "password", "u", "kms:AAAA" }), []string{"kms:Decrypt on *"}},
		"workgroup": {with(func(w *plan.Warehouse) { w.Cluster, w.Workgroup = "", "wg" }), []string{"redshift-serverless:GetCredentials on arn:aws-cn:redshift-serverless:cn-north-1:222222222222:workgroup/*"}},
		"secret":    {with(func(w *plan.Warehouse) { w.Auth, w.PasswordFrom = "secret", "secretsmanager:arn:s" }), []string{"secretsmanager:GetSecretValue on arn:s", "kms:Decrypt on *"}},
		"data-api, oneself": {with(func(w *plan.Warehouse) { w.Auth = "data-api" }), append(remoteActions("arn:aws-cn:redshift:cn-north-1:222222222222:cluster:dw"),
			"redshift:GetClusterCredentialsWithIAM on arn:aws-cn:redshift:cn-north-1:222222222222:dbname:dw/d")},
		"data-api, a user": {with(func(w *plan.Warehouse) { w.Auth, w.User = "data-api", "u" }), append(remoteActions("arn:aws-cn:redshift:cn-north-1:222222222222:cluster:dw"),
			"redshift:GetClusterCredentials on arn:aws-cn:redshift:cn-north-1:222222222222:dbuser:dw/u",
			"redshift:GetClusterCredentials on arn:aws-cn:redshift:cn-north-1:222222222222:dbname:dw/d")},
		"data-api, a secret": {with(func(w *plan.Warehouse) { w.Auth, w.PasswordFrom = "data-api", "secretsmanager:arn:s" }), append(remoteActions("arn:aws-cn:redshift:cn-north-1:222222222222:cluster:dw"),
			"secretsmanager:GetSecretValue on arn:s", "kms:Decrypt on *")},
		"data-api, a workgroup": {with(func(w *plan.Warehouse) { w.Auth, w.Cluster, w.Workgroup = "data-api", "", "wg" }), append(remoteActions("arn:aws-cn:redshift-serverless:cn-north-1:222222222222:workgroup/*"),
			"redshift-serverless:GetCredentials on arn:aws-cn:redshift-serverless:cn-north-1:222222222222:workgroup/*")},
		"an address and a password": {with(func(w *plan.Warehouse) { w.Cluster, w.Host, w.Auth = "", "h", "password" }), []string{"not * on *"}},
		"an address": {with(func(w *plan.Warehouse) {
			w.Cluster, w.Host, w.Auth, w.PasswordFrom = "", "h", "secret", "secretsmanager:arn:s"
		}), []string{
			"secretsmanager:GetSecretValue on arn:s", "kms:Decrypt on *",
		}},
		"door": {with(func(w *plan.Warehouse) { w.Auth, w.Door = "password", door }), []string{
			"ec2:DescribeSecurityGroupRules on *",
			"ec2:AuthorizeSecurityGroupIngress on arn:aws-cn:ec2:cn-north-1:222222222222:security-group/sg-1",
			"ec2:RevokeSecurityGroupIngress on arn:aws-cn:ec2:cn-north-1:222222222222:security-group/sg-1",
			"ec2:CreateTags on arn:aws-cn:ec2:cn-north-1:222222222222:security-group-rule/*",
			"ec2:DeleteTags on arn:aws-cn:ec2:cn-north-1:222222222222:security-group-rule/*",
			"scheduler:CreateSchedule on arn:aws-cn:scheduler:cn-north-1:222222222222:schedule/default/sealift-door-*",
			"scheduler:GetSchedule on arn:aws-cn:scheduler:cn-north-1:222222222222:schedule/default/sealift-door-*",
			"scheduler:UpdateSchedule on arn:aws-cn:scheduler:cn-north-1:222222222222:schedule/default/sealift-door-*",
			"scheduler:DeleteSchedule on arn:aws-cn:scheduler:cn-north-1:222222222222:schedule/default/sealift-door-*",
			"iam:PassRole on arn:aws-cn:iam::222222222222:role/sealift-door",
		}},
		"door without a schedule": {with(func(w *plan.Warehouse) {
			w.Auth, w.Door = "password", plan.Door{SecurityGroup: "sg-1", WithoutSchedule: true}
		}), []string{
			"ec2:DescribeSecurityGroupRules on *",
			"ec2:AuthorizeSecurityGroupIngress on arn:aws-cn:ec2:cn-north-1:222222222222:security-group/sg-1",
			"ec2:RevokeSecurityGroupIngress on arn:aws-cn:ec2:cn-north-1:222222222222:security-group/sg-1",
			"ec2:CreateTags on arn:aws-cn:ec2:cn-north-1:222222222222:security-group-rule/*",
			"ec2:DeleteTags on arn:aws-cn:ec2:cn-north-1:222222222222:security-group-rule/*",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			text, err := need(c.w)
			if err != nil || len(text) > 2048 {
				t.Fatalf("%d characters, %v", len(text), err)
			}
			if c.want == nil {
				if text != "" {
					t.Error(text)
				}
				return
			}
			var p struct{ Statement []permission }
			if err := json.Unmarshal([]byte(text), &p); err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, s := range p.Statement {
				for _, a := range s.Action {
					if s.Effect == "Deny" {
						a = "not " + a
					}
					got = append(got, a+" on "+strings.Join(s.Resource, ","))
				}
			}
			first := []string{"redshift:DescribeClusters on arn:aws-cn:redshift:cn-north-1:222222222222:cluster:dw"}
			switch {
			case c.w.Auth == "data-api" || c.w.Host != "":
				first = nil // nothing is looked up
			case c.w.Workgroup != "":
				first = []string{"redshift-serverless:GetWorkgroup on arn:aws-cn:redshift-serverless:cn-north-1:222222222222:workgroup/*"}
			}
			if want := append(first, c.want...); !slices.Equal(got, want) {
				t.Errorf("%s\nnot %s", strings.Join(got, "\n"), strings.Join(want, "\n"))
			}
		})
	}
}

func remoteActions(warehouse string) []string {
	all := []string{"redshift-data:ExecuteStatement on " + warehouse}
	for _, a := range []string{"DescribeStatement", "GetStatementResult", "CancelStatement", "ListStatements"} {
		all = append(all, "redshift-data:"+a+" on *")
	}
	return all
}

// A session's name is what STS takes.
func TestSessionNames(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"": "sealift", "x": "sealift", "sealift 20261121T101500Z-7f3a": "sealift-20261121T101500Z-7f3a", "a/b c": "a-b-c", strings.Repeat("x", 99): strings.Repeat("x", 64),
	} {
		if got := (Role{Session: in}).session(); got != want {
			t.Errorf("%q becomes %q", in, got)
		}
	}
}
