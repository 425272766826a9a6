package sealift_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/redshift"
	"github.com/aws/aws-sdk-go-v2/service/scheduler"
	schedulertypes "github.com/aws/aws-sdk-go-v2/service/scheduler/types"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/rogpeppe/go-internal/testscript"

	"github.com/sealift/sealift/internal/connect"
	"github.com/sealift/sealift/internal/local/aws/imds"
)

// What the scripts about doors say:
//
//	closed FILE REST  make a cluster that nobody is let into, with the table public.t, and write a job that copies from it by a
//	                  door: then the text of REST. FILE.both copies into another such cluster, in $GROUP2
//	token SUB AUD TTL write a token of the stand-in's issuer to the file token
//	rules             print the rules of its security group: address, and tagged or not
//	schedules         print the names of the schedules

func doorCommands() map[string]func(*testscript.TestScript, bool, []string) {
	return map[string]func(*testscript.TestScript, bool, []string){"token": writeToken, "closed": closedWarehouse, "rules": listRules, "schedules": listSchedules}
}

func writeToken(ts *testscript.TestScript, _ bool, args []string) {
	ttl, err := time.ParseDuration(args[2])
	ts.Check(err)
	text, err := of(ts).server.Cloud.Issuer.Token(args[0], args[1], ttl)
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs("token"), []byte(text), 0o600))
}

const closedHead = `version: 1
source:
  cluster: $CLOSED
  region: eu-west-1
  database: dev
  user: boss
  auth: password
  password_from: env:CLOSED_PASSWORD
  s3_role: $UNLOAD_ROLE
  door: {security_group: $GROUP, ttl: 5m}
`

func closedWarehouse(ts *testscript.TestScript, _ bool, args []string) {
	name := strings.ReplaceAll(of(ts).database, "_", "-")
	group, port := closedCluster(ts, name, "create table public.t (i int, x varchar(20)); insert into public.t values (1, 'a'), (2, 'b'), (3, null)")
	group2, _ := closedCluster(ts, name+"-2", "create schema public2")
	for k, v := range map[string]string{"CLOSED": name, "CLOSED2": name + "-2", "CLOSED_PASSWORD": closedPassword, "CLOSED_PORT": fmt.Sprint(port), "GROUP": group, "GROUP2": group2} {
		ts.Setenv(k, v)
	}
	_, rest, _ := strings.Cut(jobHead, "target:\n")
	_, stage, _ := strings.Cut(jobHead, "stage:\n")
	closedTarget := strings.NewReplacer("source:", "target:", "$CLOSED\n", "$CLOSED2\n", "$GROUP", "$GROUP2", "version: 1\n", "").Replace(closedHead)
	for file, text := range map[string]string{args[0]: closedHead + "target:\n" + rest, args[0] + ".both": closedHead + closedTarget + "stage:\n" + stage} {
		ts.Check(os.WriteFile(ts.MkAbs(file), []byte(os.Expand(text, ts.Getenv)+ts.ReadFile(args[1])), 0o600))
	}
}

const closedPassword = "Secret123"

// closedCluster makes a cluster and runs SQL in it, for which its door is opened and closed by hand.
func closedCluster(ts *testscript.TestScript, name, sql string) (groupID string, port int32) {
	ctx, s := context.Background(), of(ts)
	const password = closedPassword
	firewall := ec2.NewFromConfig(s.source)
	group, err := firewall.CreateSecurityGroup(ctx, &ec2.CreateSecurityGroupInput{GroupName: &name, Description: aws.String("nobody")})
	ts.Check(err)
	clusters := redshift.NewFromConfig(s.source)
	_, err = clusters.CreateCluster(ctx, &redshift.CreateClusterInput{
		ClusterIdentifier: &name, NodeType: aws.String("ra3.large"), ClusterType: aws.String("single-node"), MasterUsername: aws.String("boss"),
		MasterUserPassword: aws.String(password), VpcSecurityGroupIds: []string{*group.GroupId}, IamRoles: []string{unloadRole},
	})
	ts.Check(err)
	found, err := clusters.DescribeClusters(ctx, &redshift.DescribeClustersInput{ClusterIdentifier: &name})
	ts.Check(err)
	at := found.Clusters[0].Endpoint

	rule, err := firewall.AuthorizeSecurityGroupIngress(ctx, &ec2.AuthorizeSecurityGroupIngressInput{
		GroupId: group.GroupId, IpProtocol: aws.String("tcp"), FromPort: at.Port, ToPort: at.Port, CidrIp: aws.String("127.0.0.1/32"),
	})
	ts.Check(err)
	u := url.URL{Scheme: "postgres", User: url.UserPassword("boss", password), Host: fmt.Sprintf("%s:%d", *at.Address, *at.Port), Path: "/dev"}
	u.RawQuery = url.Values{"sslmode": {"verify-full"}, "sslrootcert": {s.vars["PGSSLROOTCERT"]}}.Encode()
	conn, err := pgconn.Connect(ctx, u.String())
	ts.Check(err)
	_, err = conn.Exec(ctx, sql).ReadAll()
	ts.Check(errors.Join(err, conn.Close(ctx)))
	_, err = firewall.RevokeSecurityGroupIngress(ctx, &ec2.RevokeSecurityGroupIngressInput{
		GroupId: group.GroupId, SecurityGroupRuleIds: []string{*rule.SecurityGroupRules[0].SecurityGroupRuleId},
	})
	ts.Check(err)

	ts.Defer(func() {
		_, err := clusters.DeleteCluster(ctx, &redshift.DeleteClusterInput{ClusterIdentifier: &name, SkipFinalClusterSnapshot: aws.Bool(true)})
		ts.Check(err)
	})
	return *group.GroupId, *at.Port
}

// makeDoorRole makes the role under which schedules close doors.
func (w *world) makeDoorRole(ctx context.Context) error {
	client, name := iam.NewFromConfig(w.source), aws.String("sealift-door")
	_, err := client.CreateRole(ctx, &iam.CreateRoleInput{RoleName: name, AssumeRolePolicyDocument: aws.String(
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"scheduler.amazonaws.com"},"Action":"sts:AssumeRole"}]}`)})
	if err != nil {
		return err
	}
	_, err = client.PutRolePolicy(ctx, &iam.PutRolePolicyInput{RoleName: name, PolicyName: name, PolicyDocument: aws.String(
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"ec2:RevokeSecurityGroupIngress","Resource":"*"}]}`)})
	return err
}

func listRules(ts *testscript.TestScript, _ bool, _ []string) {
	out, err := ec2.NewFromConfig(of(ts).source).DescribeSecurityGroupRules(context.Background(), &ec2.DescribeSecurityGroupRulesInput{
		Filters: []ec2types.Filter{{Name: aws.String("group-id"), Values: []string{ts.Getenv("GROUP")}}},
	})
	ts.Check(err)
	var text strings.Builder
	for _, r := range out.SecurityGroupRules {
		how := "untagged"
		if len(r.Tags) > 0 {
			how = "tagged"
		}
		fmt.Fprintln(&text, *r.CidrIpv4, *r.FromPort, how)
	}
	_, err = io.WriteString(ts.Stdout(), text.String())
	ts.Check(err)
}

func listSchedules(ts *testscript.TestScript, _ bool, _ []string) {
	names, err := of(ts).schedules(context.Background(), ts.Getenv("GROUP"))
	ts.Check(err)
	var text strings.Builder
	for _, name := range names {
		text.WriteString(name + "\n")
	}
	_, err = io.WriteString(ts.Stdout(), text.String())
	ts.Check(err)
}

// schedules are those that would change a security group. Other tests have theirs.
func (w *world) schedules(ctx context.Context, group string) (names []string, err error) {
	client := scheduler.NewFromConfig(w.source)
	out, err := client.ListSchedules(ctx, &scheduler.ListSchedulesInput{})
	if err != nil {
		return nil, err
	}
	for _, s := range out.Schedules {
		one, err := client.GetSchedule(ctx, &scheduler.GetScheduleInput{Name: s.Name})
		if _, gone := errors.AsType[*schedulertypes.ResourceNotFoundException](err); gone {
			continue
		}
		if err != nil {
			return nil, err
		}
		if strings.Contains(aws.ToString(one.Target.Input), group) {
			names = append(names, *s.Name)
		}
	}
	return names, nil
}

// An instance's role is taken by version 2 of its metadata service only. Not parallel: it takes the credentials out of the
// environment.
func TestTheInstancesRole(t *testing.T) {
	w := standIn(t)
	name := "instance"
	out, err := iam.NewFromConfig(w.source).CreateRole(t.Context(), &iam.CreateRoleInput{RoleName: &name, AssumeRolePolicyDocument: aws.String(
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}`)})
	if err != nil {
		t.Fatal(err)
	}
	w.server.Cloud.Metadata.Set(func(i *imds.Instance) { i.Role = *out.Role.Arn })
	for k, v := range w.vars {
		t.Setenv(k, v)
	}
	for _, k := range []string{"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE"} {
		t.Setenv(k, "")
	}
	t.Setenv("HOME", t.TempDir())
	cfg, err := connect.Config(t.Context(), region, connect.Role{})
	if err != nil {
		t.Fatal(err)
	}
	who, err := connect.Caller(t.Context(), cfg)
	if err != nil || who.Account != sourceAccount || !strings.Contains(who.ARN, ":assumed-role/instance/i-") {
		t.Errorf("%+v, %v", who, err)
	}
	w.server.Cloud.Metadata.Set(func(i *imds.Instance) { i.Old = true })
	defer w.server.Cloud.Metadata.Set(func(i *imds.Instance) { i.Old, i.Role = false, "" })
	if cfg, err = connect.Config(t.Context(), region, connect.Role{}); err != nil {
		t.Fatal(err)
	}
	if who, err := connect.Caller(t.Context(), cfg); err == nil {
		t.Errorf("without a token we are %+v", who)
	}
	if n := w.server.Cloud.Metadata.Version1(); n > 0 {
		t.Errorf("version 1 was asked %d times", n)
	}
}
