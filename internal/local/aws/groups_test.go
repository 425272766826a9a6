package aws_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	sdkiam "github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
)

//standin:imitates IAM: groups of users, whose inline and managed policies count beside the user's own | IAM user guide id_groups
func TestGroups(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx, admin := t.Context(), w.admin.iam
	name, bob := awssdk.String("loaders"), awssdk.String("bob")
	made, err := admin.CreateGroup(ctx, &sdkiam.CreateGroupInput{GroupName: name, Path: awssdk.String("/etl/")})
	if err != nil || *made.Group.Arn != "arn:aws:iam::111111111111:group/etl/loaders" || !strings.HasPrefix(*made.Group.GroupId, "AGPA") {
		t.Fatal(made, err)
	}
	_, err = admin.CreateGroup(ctx, &sdkiam.CreateGroupInput{GroupName: awssdk.String("Loaders")})
	wantAs[*types.EntityAlreadyExistsException](t, err)
	user := w.user("bob")
	lists := func() error { _, err := user.iam.ListRoles(ctx, &sdkiam.ListRolesInput{}); return err }
	wantCode(t, lists(), "AccessDenied")
	_, err = admin.PutGroupPolicy(ctx, &sdkiam.PutGroupPolicyInput{
		GroupName: name, PolicyName: awssdk.String("lists"), PolicyDocument: document(`{"Effect":"Allow","Action":"iam:ListRoles","Resource":"*"}`),
	})
	wantCode(t, err, "")
	wantCode(t, lists(), "AccessDenied") // not yet a member
	add := func(user string) error {
		_, err := admin.AddUserToGroup(ctx, &sdkiam.AddUserToGroupInput{GroupName: name, UserName: &user})
		return err
	}
	wantAs[*types.NoSuchEntityException](t, add("nobody"))
	wantCode(t, add("bob"), "")
	wantCode(t, add("bob"), "") // once more is no mistake
	wantCode(t, lists(), "")

	got, err := admin.GetGroup(ctx, &sdkiam.GetGroupInput{GroupName: name})
	if err != nil || len(got.Users) != 1 || *got.Users[0].UserName != "bob" {
		t.Errorf("%+v %v", got, err)
	}
	of, err := admin.ListGroupsForUser(ctx, &sdkiam.ListGroupsForUserInput{UserName: bob})
	if err != nil || len(of.Groups) != 1 || *of.Groups[0].GroupName != "loaders" {
		t.Errorf("%+v %v", of, err)
	}
	// A deny of the group is one of each member's, and a managed policy counts as an inline one.
	_, err = admin.PutUserPolicy(ctx, &sdkiam.PutUserPolicyInput{
		UserName: bob, PolicyName: awssdk.String("own"), PolicyDocument: document(`{"Effect":"Allow","Action":"iam:ListUsers","Resource":"*"}`),
	})
	wantCode(t, err, "")
	users := func() error { _, err := user.iam.ListUsers(ctx, &sdkiam.ListUsersInput{}); return err }
	wantCode(t, users(), "")
	deny, err := admin.CreatePolicy(ctx, &sdkiam.CreatePolicyInput{
		PolicyName: awssdk.String("no-users"), PolicyDocument: document(`{"Effect":"Deny","Action":"iam:ListUsers","Resource":"*"}`),
	})
	if err != nil {
		t.Fatal(err)
	}
	_, err = admin.AttachGroupPolicy(ctx, &sdkiam.AttachGroupPolicyInput{GroupName: name, PolicyArn: deny.Policy.Arn})
	wantCode(t, err, "")
	wantCode(t, users(), "AccessDenied")
	_, err = admin.DeletePolicy(ctx, &sdkiam.DeletePolicyInput{PolicyArn: deny.Policy.Arn})
	wantAs[*types.DeleteConflictException](t, err)

	// Nothing goes before what hangs on it.
	gone := func() error {
		_, err := admin.DeleteGroup(ctx, &sdkiam.DeleteGroupInput{GroupName: name})
		return err
	}
	wantAs[*types.DeleteConflictException](t, gone())
	_, err = admin.DetachGroupPolicy(ctx, &sdkiam.DetachGroupPolicyInput{GroupName: name, PolicyArn: deny.Policy.Arn})
	wantCode(t, err, "")
	wantCode(t, users(), "")
	_, err = admin.DeleteGroupPolicy(ctx, &sdkiam.DeleteGroupPolicyInput{GroupName: name, PolicyName: awssdk.String("lists")})
	wantCode(t, err, "")
	wantAs[*types.DeleteConflictException](t, gone())
	_, err = admin.RemoveUserFromGroup(ctx, &sdkiam.RemoveUserFromGroupInput{GroupName: name, UserName: bob})
	wantCode(t, err, "")
	wantCode(t, gone(), "")
	// A group is nobody: no policy of a resource can name it (IAM user guide, id_groups).
	_, err = admin.CreateRole(ctx, &sdkiam.CreateRoleInput{RoleName: awssdk.String("r"), AssumeRolePolicyDocument: awssdk.String(
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111111111111:group/etl/loaders"},"Action":"sts:AssumeRole"}]}`)})
	wantAs[*types.MalformedPolicyDocumentException](t, err)
}

//standin:imitates IAM: a user is in ten groups at most | IAM user guide reference_iam-quotas
func TestGroupsOfAUser(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.user("bob")
	for name := range strings.SplitSeq("abcdefghijk", "") {
		if _, err := w.admin.iam.CreateGroup(t.Context(), &sdkiam.CreateGroupInput{GroupName: &name}); err != nil {
			t.Fatal(err)
		}
		_, err := w.admin.iam.AddUserToGroup(t.Context(), &sdkiam.AddUserToGroupInput{GroupName: &name, UserName: awssdk.String("bob")})
		if name == "k" {
			wantAs[*types.LimitExceededException](t, err)
		} else {
			wantCode(t, err, "")
		}
	}
	_, err := w.admin.iam.DeleteUser(t.Context(), &sdkiam.DeleteUserInput{UserName: awssdk.String("bob")})
	wantAs[*types.DeleteConflictException](t, err)
}

// simulated is what the AWS CLI prints of one action.
type simulated struct {
	EvalActionName, EvalDecision string
	MatchedStatements            []struct{ SourcePolicyId, SourcePolicyType string } //nolint:revive // as the CLI prints it
	MissingContextValues         []string
	ResourceSpecificResults      []struct {
		EvalResourceName, EvalResourceDecision string
		MissingContextValues                   []string
	}
}

//standin:imitates IAM: simulating the policies of users, groups and roles, and policies that are given, by the AWS CLI | API model iam SimulatePrincipalPolicy, SimulateCustomPolicy
func TestSimulation(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := newCLI(t, w, w.admin.creds)
	file := func(name, text string) string {
		path := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return "file://" + path
	}
	simulate := func(args ...string) []simulated {
		t.Helper()
		out, errs := c.run(append([]string{"iam"}, args...)...)
		var all struct{ EvaluationResults []simulated }
		if err := json.Unmarshal([]byte(out), &all); err != nil {
			t.Fatalf("%v: %s%s", args, out, errs)
		}
		return all.EvaluationResults
	}
	ctx, bob, group := t.Context(), awssdk.String("bob"), awssdk.String("readers")
	w.user("bob", `{"Effect":"Allow","Action":"s3:PutObject","Resource":"arn:aws:s3:::stage/${aws:username}/*"}`)
	if _, err := w.admin.iam.CreateGroup(ctx, &sdkiam.CreateGroupInput{GroupName: group}); err != nil {
		t.Fatal(err)
	}
	_, err := w.admin.iam.PutGroupPolicy(ctx, &sdkiam.PutGroupPolicyInput{GroupName: group, PolicyName: awssdk.String("reads"), PolicyDocument: document(
		`{"Effect":"Allow","Action":"s3:GetObject","Resource":"*","Condition":{"StringEquals":{"aws:RequestedRegion":"eu-west-1"}}},{"Effect":"Deny","Action":"s3:*","Resource":"arn:aws:s3:::stage/bob/secret"}`)})
	wantCode(t, err, "")
	_, err = w.admin.iam.AddUserToGroup(ctx, &sdkiam.AddUserToGroupInput{GroupName: group, UserName: bob})
	wantCode(t, err, "")

	const user = "arn:aws:iam::111111111111:user/bob"
	got := simulate("simulate-principal-policy", "--policy-source-arn", user, "--action-names", "s3:PutObject", "s3:DeleteObject",
		"--resource-arns", "arn:aws:s3:::stage/bob/x", "arn:aws:s3:::stage/bob/secret", "arn:aws:s3:::stage/ann/x")
	if len(got) != 2 || got[0].EvalDecision != "explicitDeny" || got[1].EvalDecision != "explicitDeny" {
		t.Fatalf("%+v", got)
	}
	for action, want := range [][]string{{"allowed", "explicitDeny", "implicitDeny"}, {"implicitDeny", "explicitDeny", "implicitDeny"}} {
		for i, r := range got[action].ResourceSpecificResults {
			if r.EvalResourceDecision != want[i] {
				t.Errorf("%s on %s: %s, want %s", got[action].EvalActionName, r.EvalResourceName, r.EvalResourceDecision, want[i])
			}
		}
	}
	if m := got[0].MatchedStatements; len(m) != 1 || m[0].SourcePolicyId != "reads" || m[0].SourcePolicyType != "group" {
		t.Errorf("%+v", m)
	}
	// What is not said of a request is named.
	got = simulate("simulate-principal-policy", "--policy-source-arn", user, "--action-names", "s3:GetObject")
	if got[0].EvalDecision != "implicitDeny" || !slices.Contains(got[0].MissingContextValues, "aws:requestedregion") {
		t.Errorf("%+v", got)
	}
	got = simulate("simulate-principal-policy", "--policy-source-arn", user, "--action-names", "s3:GetObject",
		"--context-entries", "ContextKeyName=aws:RequestedRegion,ContextKeyType=string,ContextKeyValues=eu-west-1")
	if got[0].EvalDecision != "allowed" || len(got[0].MissingContextValues) > 0 {
		t.Errorf("%+v", got)
	}
	// Policies that nobody has yet, and one more beside those that somebody has.
	all := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"kms:*","Resource":"*"}]}`
	got = simulate("simulate-custom-policy", "--policy-input-list", all, "--action-names", "kms:Decrypt", "s3:GetObject")
	if got[0].EvalDecision != "allowed" || got[1].EvalDecision != "implicitDeny" {
		t.Errorf("%+v", got)
	}
	got = simulate("simulate-principal-policy", "--policy-source-arn", "arn:aws:iam::111111111111:group/readers", "--policy-input-list", all, "--action-names", "kms:Decrypt", "s3:PutObject")
	if got[0].EvalDecision != "allowed" || got[1].EvalDecision != "implicitDeny" {
		t.Errorf("%+v", got)
	}
	// A bucket's policy that names the caller is enough within one account, and not from another's.
	bucket := file("bucket.json", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"`+user+`"},"Action":"s3:DeleteObject","Resource":"arn:aws:s3:::b/*"}]}`)
	for owner, want := range map[string]string{"111111111111": "allowed", "222222222222": "implicitDeny"} {
		got = simulate("simulate-principal-policy", "--policy-source-arn", user, "--action-names", "s3:DeleteObject", "--resource-arns", "arn:aws:s3:::b/x",
			"--resource-policy", bucket, "--resource-owner", "arn:aws:iam::"+owner+":root")
		if got[0].EvalDecision != want {
			t.Errorf("of %s: %+v", owner, got)
		}
	}
	role := w.role(w.admin, "loader", trustHome)
	for want, args := range map[string][]string{
		"(NoSuchEntity)": {"simulate-principal-policy", "--policy-source-arn", "arn:aws:iam::111111111111:user/none", "--action-names", "s3:GetObject"},
		"(InvalidInput) when calling the SimulateCustomPolicy operation: PolicyInputList.1": {"simulate-custom-policy", "--policy-input-list", "{}", "--action-names", "s3:GetObject"},
		"Invalid action name: s3:*":          {"simulate-custom-policy", "--policy-input-list", all, "--action-names", "s3:*"},
		"isn't supported for IAM roles":      {"simulate-principal-policy", "--policy-source-arn", role, "--action-names", "s3:DeleteObject", "--resource-policy", bucket},
		"PermissionsBoundaryPolicyInputList": {"simulate-custom-policy", "--policy-input-list", all, "--action-names", "s3:GetObject", "--permissions-boundary-policy-input-list", all},
	} {
		if _, errs := c.run(append([]string{"iam"}, args...)...); !strings.Contains(errs, want) {
			t.Errorf("%v: %s", args, errs)
		}
	}
}
