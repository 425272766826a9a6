package aws_test

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"testing"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	sdkiam "github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/google/go-cmp/cmp"

	"github.com/sealift/sealift/internal/local/aws"
)

//standin:imitates IAM: users, access keys, inline policies | API model iam
func TestUsers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := t.Context()
	bob := w.user("bob")
	name := awssdk.String("bob")
	_, err := w.admin.iam.CreateUser(ctx, &sdkiam.CreateUserInput{UserName: awssdk.String("BOB")})
	wantAs[*types.EntityAlreadyExistsException](t, err)
	_, err = w.admin.iam.CreateUser(ctx, &sdkiam.CreateUserInput{UserName: awssdk.String("no spaces")})
	wantCode(t, err, "ValidationError")
	_, err = w.admin.iam.CreateUser(ctx, &sdkiam.CreateUserInput{UserName: awssdk.String("x"), PermissionsBoundary: awssdk.String("arn:aws:iam::aws:policy/AdministratorAccess")})
	wantCode(t, err, "NotImplemented")
	_, err = w.admin.iam.GetUser(ctx, &sdkiam.GetUserInput{UserName: awssdk.String("nobody")})
	wantAs[*types.NoSuchEntityException](t, err)
	got, err := w.admin.iam.GetUser(ctx, &sdkiam.GetUserInput{UserName: name})
	if err != nil || *got.User.Arn != "arn:aws:iam::111111111111:user/bob" || len(*got.User.UserId) != 21 {
		t.Errorf("user %+v, %v", got, err)
	}
	if got, err := w.admin.iam.GetUser(ctx, &sdkiam.GetUserInput{}); err != nil || *got.User.UserName != "admin" {
		t.Errorf("without a name: %+v, %v", got, err)
	}
	var names []string
	pages := sdkiam.NewListUsersPaginator(w.admin.iam, &sdkiam.ListUsersInput{MaxItems: awssdk.Int32(1)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			t.Fatal(err)
		}
		for _, u := range page.Users {
			names = append(names, *u.UserName)
		}
	}
	if diff := cmp.Diff([]string{"admin", "bob"}, names); diff != "" {
		t.Error(diff)
	}

	second, err := w.admin.iam.CreateAccessKey(ctx, &sdkiam.CreateAccessKeyInput{UserName: name})
	if err != nil {
		t.Fatal(err)
	}
	_, err = w.admin.iam.CreateAccessKey(ctx, &sdkiam.CreateAccessKeyInput{UserName: name})
	wantAs[*types.LimitExceededException](t, err)
	update := func(status types.StatusType) error {
		_, err := w.admin.iam.UpdateAccessKey(ctx, &sdkiam.UpdateAccessKeyInput{UserName: name, AccessKeyId: &bob.creds.AccessKeyID, Status: status})
		return err
	}
	wantCode(t, update(types.StatusTypeInactive), "")
	if _, err := bob.sts.GetCallerIdentity(ctx, nil); err == nil {
		t.Error("an inactive key was taken")
	}
	wantCode(t, update(types.StatusTypeActive), "")
	identity(t, bob)
	keys, err := w.admin.iam.ListAccessKeys(ctx, &sdkiam.ListAccessKeysInput{UserName: name})
	if err != nil || len(keys.AccessKeyMetadata) != 2 {
		t.Errorf("keys %+v, %v", keys, err)
	}
	_, err = w.admin.iam.DeleteUser(ctx, &sdkiam.DeleteUserInput{UserName: name})
	wantAs[*types.DeleteConflictException](t, err)
	for _, id := range []string{bob.creds.AccessKeyID, *second.AccessKey.AccessKeyId} {
		if _, err := w.admin.iam.DeleteAccessKey(ctx, &sdkiam.DeleteAccessKeyInput{UserName: name, AccessKeyId: &id}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := w.admin.iam.DeleteUser(ctx, &sdkiam.DeleteUserInput{UserName: name}); err != nil {
		t.Fatal(err)
	}
	_, err = bob.sts.GetCallerIdentity(ctx, nil)
	wantCode(t, err, "InvalidClientTokenId")
}

//standin:imitates IAM: roles, trust policies, session durations, tags | API model iam
func TestRoles(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := t.Context()
	const trust = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"redshift.amazonaws.com"},"Action":"sts:AssumeRole","Condition":{"StringLike":{"sts:ExternalId":"a b+c/%"}}}]}`
	name := awssdk.String("loader")
	made, err := w.admin.iam.CreateRole(ctx, &sdkiam.CreateRoleInput{
		RoleName: name, Path: awssdk.String("/data/"), AssumeRolePolicyDocument: awssdk.String(trust), Description: awssdk.String("loads"),
		MaxSessionDuration: awssdk.Int32(7200), Tags: []types.Tag{{Key: awssdk.String("team"), Value: awssdk.String("data")}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if *made.Role.Arn != "arn:aws:iam::111111111111:role/data/loader" || *made.Role.MaxSessionDuration != 7200 {
		t.Errorf("role %+v", made.Role)
	}
	got, err := w.admin.iam.GetRole(ctx, &sdkiam.GetRoleInput{RoleName: name})
	if err != nil {
		t.Fatal(err)
	}
	if text, err := url.PathUnescape(*got.Role.AssumeRolePolicyDocument); err != nil || text != trust || strings.Contains(*got.Role.AssumeRolePolicyDocument, "+") {
		t.Errorf("trust policy read back as %s", *got.Role.AssumeRolePolicyDocument)
	}
	for what, in := range map[string]*sdkiam.CreateRoleInput{
		"EntityAlreadyExists":     {RoleName: awssdk.String("Loader"), AssumeRolePolicyDocument: awssdk.String(trust)},
		"MalformedPolicyDocument": {RoleName: awssdk.String("x"), AssumeRolePolicyDocument: document(allow("sts:AssumeRole", "*"))},
		"ValidationError":         {RoleName: awssdk.String("x"), AssumeRolePolicyDocument: awssdk.String(trust), MaxSessionDuration: awssdk.Int32(43201)},
		"LimitExceeded": {RoleName: awssdk.String("x"), AssumeRolePolicyDocument: document(`{"Effect":"Allow","Principal":{"AWS":"111111111111"},"Action":["sts:AssumeRole"` +
			strings.Repeat(`,"sts:AssumeRole"`, 150) + `]}`)},
	} {
		_, err := w.admin.iam.CreateRole(ctx, in)
		wantCode(t, err, what)
	}
	_, err = w.admin.iam.UpdateAssumeRolePolicy(ctx, &sdkiam.UpdateAssumeRolePolicyInput{RoleName: name, PolicyDocument: awssdk.String(strings.Replace(trustHome, `"111111111111"`, `"arn:aws:iam::111111111111:user/nobody"`, 1))})
	wantAs[*types.MalformedPolicyDocumentException](t, err)

	put := func(policy string, document *string) error {
		_, err := w.admin.iam.PutRolePolicy(ctx, &sdkiam.PutRolePolicyInput{RoleName: name, PolicyName: &policy, PolicyDocument: document})
		return err
	}
	wantCode(t, put("one", document(allow("s3:*", "*"))), "")
	wantCode(t, put("two", document(allow("kms:*", "*"))), "")
	wantCode(t, put("three", document(`{"Effect":"Allow","Action":"s3:*"}`)), "MalformedPolicyDocument")
	wantCode(t, put("three", document(`{"Effect":"Allow","Action":"s3:*","Resource":"*","Condition":{"StringEquals":{"aws:PrincipalOrgID":"o-x"}}}`)), "MalformedPolicyDocument")
	wantCode(t, put("three", document(allow("s3:*", "arn:aws:s3:::"+strings.Repeat("a", 10_200)))), "LimitExceeded")
	list, err := w.admin.iam.ListRolePolicies(ctx, &sdkiam.ListRolePoliciesInput{RoleName: name})
	if err != nil || !cmp.Equal(list.PolicyNames, []string{"one", "two"}) {
		t.Errorf("policies %v, %v", list, err)
	}
	one, err := w.admin.iam.GetRolePolicy(ctx, &sdkiam.GetRolePolicyInput{RoleName: name, PolicyName: awssdk.String("one")})
	if err != nil {
		t.Fatal(err)
	}
	if text, err := url.PathUnescape(*one.PolicyDocument); err != nil || text != *document(allow("s3:*", "*")) {
		t.Errorf("policy read back as %s", text)
	}
	_, err = w.admin.iam.GetRolePolicy(ctx, &sdkiam.GetRolePolicyInput{RoleName: name, PolicyName: awssdk.String("none")})
	wantAs[*types.NoSuchEntityException](t, err)

	const readOnly = "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"
	attach := func(arn string) error {
		_, err := w.admin.iam.AttachRolePolicy(ctx, &sdkiam.AttachRolePolicyInput{RoleName: name, PolicyArn: &arn})
		return err
	}
	wantCode(t, attach(readOnly), "")
	wantCode(t, attach(readOnly), "")
	wantCode(t, attach("arn:aws:iam::aws:policy/Nothing"), "NoSuchEntity")
	attached, err := w.admin.iam.ListAttachedRolePolicies(ctx, &sdkiam.ListAttachedRolePoliciesInput{RoleName: name})
	if err != nil || len(attached.AttachedPolicies) != 1 || *attached.AttachedPolicies[0].PolicyName != "AmazonS3ReadOnlyAccess" {
		t.Errorf("attached %+v, %v", attached, err)
	}
	if _, err := w.admin.iam.TagRole(ctx, &sdkiam.TagRoleInput{RoleName: name, Tags: []types.Tag{{Key: awssdk.String("TEAM"), Value: awssdk.String("x")}}}); err != nil {
		t.Fatal(err)
	}
	tags, err := w.admin.iam.ListRoleTags(ctx, &sdkiam.ListRoleTagsInput{RoleName: name})
	if err != nil || len(tags.Tags) != 1 || *tags.Tags[0].Key != "TEAM" {
		t.Errorf("tags %+v, %v", tags, err)
	}
	if _, err := w.admin.iam.UntagRole(ctx, &sdkiam.UntagRoleInput{RoleName: name, TagKeys: []string{"TEAM"}}); err != nil {
		t.Fatal(err)
	}
	roles, err := w.admin.iam.ListRoles(ctx, &sdkiam.ListRolesInput{PathPrefix: awssdk.String("/data/")})
	if err != nil || len(roles.Roles) != 1 {
		t.Errorf("roles %+v, %v", roles, err)
	}

	remove := func() error {
		_, err := w.admin.iam.DeleteRole(ctx, &sdkiam.DeleteRoleInput{RoleName: name})
		return err
	}
	wantAs[*types.DeleteConflictException](t, remove())
	if _, err := w.admin.iam.DetachRolePolicy(ctx, &sdkiam.DetachRolePolicyInput{RoleName: name, PolicyArn: awssdk.String(readOnly)}); err != nil {
		t.Fatal(err)
	}
	wantAs[*types.DeleteConflictException](t, remove())
	for _, p := range list.PolicyNames {
		if _, err := w.admin.iam.DeleteRolePolicy(ctx, &sdkiam.DeleteRolePolicyInput{RoleName: name, PolicyName: &p}); err != nil {
			t.Fatal(err)
		}
	}
	wantCode(t, remove(), "")
	wantAs[*types.NoSuchEntityException](t, remove())
}

//standin:imitates IAM: managed policies and their versions | API model iam
//standin:differs IAM: AWS's own managed policies | the ones most attached, cut down to the services here | IAM user guide access_policies_managed-vs-inline
func TestManagedPolicies(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := t.Context()
	made, err := w.admin.iam.CreatePolicy(ctx, &sdkiam.CreatePolicyInput{PolicyName: awssdk.String("own"), PolicyDocument: document(allow("iam:ListUsers", "*"))})
	if err != nil {
		t.Fatal(err)
	}
	arn := made.Policy.Arn
	bob := w.user("bob")
	if _, err := w.admin.iam.AttachUserPolicy(ctx, &sdkiam.AttachUserPolicyInput{UserName: awssdk.String("bob"), PolicyArn: arn}); err != nil {
		t.Fatal(err)
	}
	users := func() error { _, err := bob.iam.ListUsers(ctx, nil); return err }
	roles := func() error { _, err := bob.iam.ListRoles(ctx, nil); return err }
	wantCode(t, users(), "")
	wantCode(t, roles(), "AccessDenied")
	next, err := w.admin.iam.CreatePolicyVersion(ctx, &sdkiam.CreatePolicyVersionInput{PolicyArn: arn, PolicyDocument: document(allow("iam:ListRoles", "*")), SetAsDefault: true})
	if err != nil || *next.PolicyVersion.VersionId != "v2" {
		t.Fatalf("version %+v, %v", next, err)
	}
	wantCode(t, users(), "AccessDenied")
	wantCode(t, roles(), "")
	if _, err := w.admin.iam.SetDefaultPolicyVersion(ctx, &sdkiam.SetDefaultPolicyVersionInput{PolicyArn: arn, VersionId: awssdk.String("v1")}); err != nil {
		t.Fatal(err)
	}
	wantCode(t, users(), "")
	_, err = w.admin.iam.DeletePolicyVersion(ctx, &sdkiam.DeletePolicyVersionInput{PolicyArn: arn, VersionId: awssdk.String("v1")})
	wantAs[*types.DeleteConflictException](t, err)
	_, err = w.admin.iam.DeletePolicy(ctx, &sdkiam.DeletePolicyInput{PolicyArn: arn})
	wantAs[*types.DeleteConflictException](t, err)
	got, err := w.admin.iam.GetPolicy(ctx, &sdkiam.GetPolicyInput{PolicyArn: arn})
	if err != nil || *got.Policy.AttachmentCount != 1 || *got.Policy.DefaultVersionId != "v1" {
		t.Errorf("policy %+v, %v", got, err)
	}
	// Another account's policy cannot be attached, nor seen.
	abroad := w.adminOf(second)
	_, err = abroad.iam.AttachRolePolicy(ctx, &sdkiam.AttachRolePolicyInput{RoleName: awssdk.String("OrganizationAccountAccessRole"), PolicyArn: arn})
	wantAs[*types.NoSuchEntityException](t, err)
	_, err = abroad.iam.GetPolicy(ctx, &sdkiam.GetPolicyInput{PolicyArn: arn})
	wantAs[*types.NoSuchEntityException](t, err)

	if _, err := w.admin.iam.DetachUserPolicy(ctx, &sdkiam.DetachUserPolicyInput{UserName: awssdk.String("bob"), PolicyArn: arn}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.admin.iam.DeletePolicyVersion(ctx, &sdkiam.DeletePolicyVersionInput{PolicyArn: arn, VersionId: awssdk.String("v2")}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.admin.iam.DeletePolicy(ctx, &sdkiam.DeletePolicyInput{PolicyArn: arn}); err != nil {
		t.Fatal(err)
	}

	// AWS's own policies can be read, and not changed.
	list, err := w.admin.iam.ListPolicies(ctx, &sdkiam.ListPoliciesInput{Scope: types.PolicyScopeTypeAws})
	if err != nil || len(list.Policies) < 5 {
		t.Fatalf("AWS's policies: %v, %v", list, err)
	}
	for _, p := range list.Policies {
		v, err := w.admin.iam.GetPolicyVersion(ctx, &sdkiam.GetPolicyVersionInput{PolicyArn: p.Arn, VersionId: p.DefaultVersionId})
		if err != nil {
			t.Fatal(err)
		}
		text, err := url.PathUnescape(*v.PolicyVersion.Document)
		if err != nil || !json.Valid([]byte(text)) {
			t.Errorf("%s: %s", *p.Arn, text)
		}
	}
	_, err = w.admin.iam.DeletePolicy(ctx, &sdkiam.DeletePolicyInput{PolicyArn: list.Policies[0].Arn})
	wantCode(t, err, "AccessDenied")
}

// TestDenialsAreWorded: SDK users see why, in AWS's words.
//
//standin:imitates policies: refusals say which kind of policy | IAM user guide troubleshoot_access-denied
func TestDenialsAreWorded(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	eve := w.user("eve", `{"Effect":"Deny","Action":"iam:ListRoles","Resource":"*"}`)
	_, err := eve.iam.ListUsers(t.Context(), nil)
	if want := "User: arn:aws:iam::111111111111:user/eve is not authorized to perform: iam:ListUsers on resource: arn:aws:iam::111111111111:user/ because no identity-based policy allows the iam:ListUsers action"; !strings.Contains(fmt.Sprint(err), want) {
		t.Errorf("got %v", err)
	}
	_, err = eve.iam.ListRoles(t.Context(), nil)
	if want := "iam:ListRoles on resource: arn:aws:iam::111111111111:role/ with an explicit deny in an identity-based policy"; !strings.Contains(fmt.Sprint(err), want) {
		t.Errorf("got %v", err)
	}
}

// TestPrincipalTags: tags of users, roles and sessions are in the context.
//
//standin:imitates policies: tags of users, roles and sessions | IAM user guide access_iam-tags
func TestPrincipalTags(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := t.Context()
	bob := w.user("bob", `{"Effect":"Allow","Action":"iam:GetUser","Resource":"arn:aws:iam::111111111111:user/${aws:PrincipalTag/owns, 'nothing'}"}`)
	get := func(name string) error {
		_, err := bob.iam.GetUser(ctx, &sdkiam.GetUserInput{UserName: &name})
		return err
	}
	wantCode(t, get("admin"), "AccessDenied")
	if _, err := w.admin.iam.TagUser(ctx, &sdkiam.TagUserInput{UserName: awssdk.String("bob"), Tags: []types.Tag{{Key: awssdk.String("Owns"), Value: awssdk.String("admin")}}}); err != nil {
		t.Fatal(err)
	}
	wantCode(t, get("admin"), "")
	wantCode(t, get("bob"), "AccessDenied")
}

// TestSecureTransport: a policy sees whether a request came over TLS.
//
//standin:imitates policies: aws:SecureTransport | IAM user guide reference_policies_condition-keys
func TestSecureTransport(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	bob := w.user("bob", `{"Effect":"Allow","Action":"iam:ListUsers","Resource":"*","Condition":{"Bool":{"aws:SecureTransport":"true"},"IpAddress":{"aws:SourceIp":"127.0.0.0/8"}}}`)
	if _, err := bob.iam.ListUsers(t.Context(), nil); err != nil {
		t.Error(err)
	}
	plain := w.plain(bob)
	_, err := plain.iam.ListUsers(t.Context(), nil)
	wantCode(t, err, "AccessDenied")
}

func TestAccountsSurviveRestart(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	inDir := func(o *aws.Options) { o.Dir = dir }
	w := newWorld(t, inDir)
	bob := w.user("bob", allow("iam:ListUsers", "*"))
	again := newWorld(t, inDir)
	out, err := again.as(bob.creds).iam.ListUsers(t.Context(), nil)
	if err != nil || len(out.Users) != 2 {
		t.Errorf("after a restart: %v, %v", out, err)
	}
}
