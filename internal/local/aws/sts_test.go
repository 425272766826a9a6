package aws_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	sdkiam "github.com/aws/aws-sdk-go-v2/service/iam"
	sdksts "github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/aws-sdk-go-v2/service/sts/types"
)

func identity(t testing.TB, c client) *sdksts.GetCallerIdentityOutput {
	t.Helper()
	out, err := c.sts.GetCallerIdentity(t.Context(), &sdksts.GetCallerIdentityInput{})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

//standin:imitates STS: GetCallerIdentity, which needs no permission | API model sts
func TestGetCallerIdentity(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	if got := identity(t, w.admin); *got.Arn != "arn:aws:iam::111111111111:user/admin" || *got.Account != home || !strings.HasPrefix(*got.UserId, "AIDA") {
		t.Errorf("admin is %s of %s, %s", *got.Arn, *got.Account, *got.UserId)
	}
	for _, account := range []string{second, third} {
		got := identity(t, w.adminOf(account))
		if *got.Arn != "arn:aws:sts::"+account+":assumed-role/OrganizationAccountAccessRole/test" || *got.Account != account || !strings.HasSuffix(*got.UserId, ":test") {
			t.Errorf("administrator of %s is %s of %s, %s", account, *got.Arn, *got.Account, *got.UserId)
		}
	}
	// No policy can take it away.
	mute := w.user("mute", `{"Effect":"Deny","Action":"*","Resource":"*"}`)
	if got := identity(t, mute); *got.Arn != "arn:aws:iam::111111111111:user/mute" {
		t.Errorf("mute is %s", *got.Arn)
	}
}

//standin:imitates STS: AssumeRole with durations, external ids, session policies, tags, source identity | API model sts
//standin:imitates STS: assuming across accounts needs both sides | IAM user guide reference_policies_evaluation-logic-cross-account
//standin:refuses STS: AssumeRole with MFA | API model sts
func TestAssumeRole(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const external = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"111111111111"},"Action":["sts:AssumeRole","sts:TagSession","sts:SetSourceIdentity"],
		"Condition":{"StringEquals":{"sts:ExternalId":"shared-secret"}}}]}`
	eve := w.user("eve")
	bob := w.user("bob", allow("sts:AssumeRole", "*"))
	trustBob := strings.Replace(trustHome, `"111111111111"`, `"arn:aws:iam::111111111111:user/eve"`, 1)
	abroad := w.adminOf(second)
	w.role(w.admin, "delegated", trustHome)
	w.role(w.admin, "for-eve", trustBob)
	w.role(w.admin, "external", external)
	w.role(abroad, "for-eve", trustBob)
	w.role(abroad, "delegated", trustHome)
	w.role(abroad, "closed", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"redshift.amazonaws.com"},"Action":"sts:AssumeRole"}]}`)

	type in = sdksts.AssumeRoleInput
	tests := []struct {
		name    string
		who     client
		account string
		role    string
		change  func(*in)
		want    string
	}{
		{name: "account trusted, and own policy", who: bob, account: home, role: "delegated"},
		{name: "account trusted, no policy", who: eve, account: home, role: "delegated", want: "AccessDenied"},
		{name: "user trusted, same account: no policy needed", who: eve, account: home, role: "for-eve"},
		{name: "user trusted, somebody else", who: bob, account: home, role: "for-eve", want: "AccessDenied"},
		{name: "user trusted, other account: policy needed", who: eve, account: second, role: "for-eve", want: "AccessDenied"},
		{name: "account trusted, other account", who: bob, account: second, role: "delegated"},
		{name: "not trusted", who: w.admin, account: second, role: "closed", want: "AccessDenied"},
		{name: "no such role", who: w.admin, account: second, role: "nothing", want: "AccessDenied"},
		{name: "no such account", who: w.admin, account: "999999999999", role: "nothing", want: "AccessDenied"},
		{name: "external id missing", who: bob, account: home, role: "external", want: "AccessDenied"},
		{name: "external id wrong", who: bob, account: home, role: "external", change: func(i *in) { i.ExternalId = awssdk.String("guess") }, want: "AccessDenied"},
		{name: "external id", who: bob, account: home, role: "external", change: func(i *in) { i.ExternalId = awssdk.String("shared-secret") }},
		{name: "external id too short", who: bob, account: home, role: "external", change: func(i *in) { i.ExternalId = awssdk.String("x") }, want: "ValidationError"},
		{name: "tags need sts:TagSession on both sides", who: bob, account: home, role: "external", change: func(i *in) {
			i.ExternalId = awssdk.String("shared-secret")
			i.Tags = []types.Tag{{Key: awssdk.String("team"), Value: awssdk.String("x")}}
		}, want: "AccessDenied"},
		{name: "tags", who: w.admin, account: home, role: "external", change: func(i *in) {
			i.ExternalId = awssdk.String("shared-secret")
			i.Tags = []types.Tag{{Key: awssdk.String("team"), Value: awssdk.String("x")}}
			i.TransitiveTagKeys = []string{"team"}
			i.SourceIdentity = awssdk.String("somebody")
		}},
		{name: "tags that the trust policy does not let in", who: w.admin, account: home, role: "delegated", change: func(i *in) {
			i.Tags = []types.Tag{{Key: awssdk.String("team"), Value: awssdk.String("x")}}
		}, want: "AccessDenied"},
		{name: "the same tag twice", who: w.admin, account: home, role: "external", change: func(i *in) {
			i.Tags = []types.Tag{{Key: awssdk.String("team"), Value: awssdk.String("x")}, {Key: awssdk.String("TEAM"), Value: awssdk.String("y")}}
		}, want: "InvalidParameterValue"},
		{name: "transitive tag that is none", who: w.admin, account: home, role: "external", change: func(i *in) { i.TransitiveTagKeys = []string{"team"} }, want: "InvalidParameterValue"},
		{name: "session name with a space", who: bob, account: home, role: "delegated", change: func(i *in) { i.RoleSessionName = awssdk.String("a b") }, want: "ValidationError"},
		{name: "session name of one character", who: bob, account: home, role: "delegated", change: func(i *in) { i.RoleSessionName = awssdk.String("a") }, want: "ValidationError"},
		{name: "session name of 65", who: bob, account: home, role: "delegated", change: func(i *in) { i.RoleSessionName = awssdk.String(strings.Repeat("a", 65)) }, want: "ValidationError"},
		{name: "too short", who: bob, account: home, role: "delegated", change: func(i *in) { i.DurationSeconds = awssdk.Int32(899) }, want: "ValidationError"},
		{name: "longer than the role's limit", who: bob, account: home, role: "delegated", change: func(i *in) { i.DurationSeconds = awssdk.Int32(3601) }, want: "ValidationError"},
		{name: "longer than any limit", who: bob, account: home, role: "delegated", change: func(i *in) { i.DurationSeconds = awssdk.Int32(43201) }, want: "ValidationError"},
		{name: "session policy of 2049 characters", who: bob, account: home, role: "delegated", change: func(i *in) {
			i.Policy = document(allow("s3:*", "arn:aws:s3:::"+strings.Repeat("a", 2048)))
		}, want: "PackedPolicyTooLarge"},
		{name: "session policy that is none", who: bob, account: home, role: "delegated", change: func(i *in) { i.Policy = awssdk.String(`{"Version":"2012-10-17"}`) }, want: "MalformedPolicyDocument"},
		{name: "managed session policy", who: bob, account: home, role: "delegated", change: func(i *in) {
			i.PolicyArns = []types.PolicyDescriptorType{{Arn: awssdk.String("arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess")}}
		}},
		{name: "managed session policy that is none", who: bob, account: home, role: "delegated", change: func(i *in) {
			i.PolicyArns = []types.PolicyDescriptorType{{Arn: awssdk.String("arn:aws:iam::aws:policy/Nothing")}}
		}, want: "InvalidParameterValue"},
		{name: "MFA is refused by name", who: bob, account: home, role: "delegated", change: func(i *in) { i.SerialNumber = awssdk.String("arn:aws:iam::111111111111:mfa/x") }, want: "NotImplemented"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			i := &in{RoleArn: awssdk.String("arn:aws:iam::" + tt.account + ":role/" + tt.role), RoleSessionName: awssdk.String("session")}
			if tt.change != nil {
				tt.change(i)
			}
			out, err := tt.who.sts.AssumeRole(t.Context(), i)
			wantCode(t, err, tt.want)
			if err == nil && *out.AssumedRoleUser.Arn != fmt.Sprintf("arn:aws:sts::%s:assumed-role/%s/session", tt.account, tt.role) {
				t.Errorf("assumed %s", *out.AssumedRoleUser.Arn)
			}
		})
	}
}

//standin:imitates STS: chained roles, one hour at most | IAM user guide id_roles_terms-and-concepts
func TestRoleChaining(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	abroad := w.adminOf(second)
	first := w.role(w.admin, "first", trustHome, allow("sts:AssumeRole", "arn:aws:iam::222222222222:role/next"))
	next := w.role(abroad, "next", strings.Replace(trustHome, `"111111111111"`, `"`+first+`"`, 1))
	if _, err := abroad.iam.UpdateRole(t.Context(), &sdkiam.UpdateRoleInput{RoleName: awssdk.String("next"), MaxSessionDuration: awssdk.Int32(7200)}); err != nil {
		t.Fatal(err)
	}
	in := func(role string, seconds int32) *sdksts.AssumeRoleInput {
		return &sdksts.AssumeRoleInput{RoleArn: &role, RoleSessionName: awssdk.String("chain"), DurationSeconds: &seconds}
	}
	one := w.assume(w.admin, in(first, 900))
	_, err := one.sts.AssumeRole(t.Context(), in(next, 3601))
	wantCode(t, err, "ValidationError") // the role would allow it, chaining does not
	two := w.assume(one, in(next, 3600))
	if got := *identity(t, two).Arn; got != "arn:aws:sts::222222222222:assumed-role/next/chain" {
		t.Errorf("at the end of the chain: %s", got)
	}
	_, err = w.admin.sts.AssumeRole(t.Context(), in(next, 900))
	wantCode(t, err, "AccessDenied") // the next role trusts the first one, not the administrator
}

//standin:imitates STS: a session policy limits the role's | IAM user guide access_policies
func TestSessionPolicy(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	arn := w.role(w.admin, "wide", trustHome, allow("iam:*", "*"))
	narrow := w.assume(w.admin, &sdksts.AssumeRoleInput{RoleArn: &arn, RoleSessionName: awssdk.String("narrow"), Policy: document(allow("iam:ListUsers s3:*", "*"))})
	if _, err := narrow.iam.ListUsers(t.Context(), &sdkiam.ListUsersInput{}); err != nil {
		t.Error(err)
	}
	_, err := narrow.iam.ListRoles(t.Context(), &sdkiam.ListRolesInput{})
	wantCode(t, err, "AccessDenied")
	if !strings.Contains(fmt.Sprint(err), "because no session policy allows the iam:ListRoles action") {
		t.Errorf("wording: %v", err)
	}
}

//standin:imitates STS: sessions end with their time, their role or their user | IAM user guide id_credentials_temp
func TestSessionsEnd(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	arn := w.role(w.admin, "short", trustHome, allow("iam:ListUsers", "*"))
	in := &sdksts.AssumeRoleInput{RoleArn: &arn, RoleSessionName: awssdk.String("session")}
	session := w.assume(w.admin, in)
	if _, err := session.iam.ListUsers(t.Context(), &sdkiam.ListUsersInput{}); err != nil {
		t.Fatal(err)
	}
	// A token with another key, another secret, or altered, is nobody's.
	other := w.assume(w.admin, in)
	for name, change := range map[string]func(*awssdk.Credentials){
		"another key":    func(c *awssdk.Credentials) { c.AccessKeyID = other.creds.AccessKeyID },
		"another secret": func(c *awssdk.Credentials) { c.SecretAccessKey = other.creds.SecretAccessKey },
		"another token":  func(c *awssdk.Credentials) { c.SessionToken = other.creds.SessionToken },
		"altered token":  func(c *awssdk.Credentials) { c.SessionToken = "B" + c.SessionToken[1:] },
		"no token":       func(c *awssdk.Credentials) { c.SessionToken = "" },
	} {
		creds := session.creds
		change(&creds)
		if _, err := w.as(creds).sts.GetCallerIdentity(t.Context(), &sdksts.GetCallerIdentityInput{}); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
	// Deleting the role ends its sessions, and a new role of that name does not revive them.
	for _, step := range []func() error{
		func() error {
			_, err := w.admin.iam.DeleteRolePolicy(t.Context(), &sdkiam.DeleteRolePolicyInput{RoleName: awssdk.String("short"), PolicyName: awssdk.String("test")})
			return err
		},
		func() error {
			_, err := w.admin.iam.DeleteRole(t.Context(), &sdkiam.DeleteRoleInput{RoleName: awssdk.String("short")})
			return err
		},
	} {
		if err := step(); err != nil {
			t.Fatal(err)
		}
	}
	_, err := session.sts.GetCallerIdentity(t.Context(), &sdksts.GetCallerIdentityInput{})
	wantCode(t, err, "InvalidClientTokenId")
	w.role(w.admin, "short", trustHome, allow("iam:ListUsers", "*"))
	_, err = session.iam.ListUsers(t.Context(), &sdkiam.ListUsersInput{})
	wantCode(t, err, "InvalidClientTokenId")
}

//standin:imitates STS: GetSessionToken | API model sts
func TestGetSessionToken(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	out, err := w.admin.sts.GetSessionToken(t.Context(), &sdksts.GetSessionTokenInput{DurationSeconds: awssdk.Int32(900)})
	if err != nil {
		t.Fatal(err)
	}
	if left := time.Until(*out.Credentials.Expiration); left > 15*time.Minute || left < 14*time.Minute {
		t.Errorf("lives for %v", left)
	}
	c := w.as(awssdk.Credentials{
		AccessKeyID: *out.Credentials.AccessKeyId, SecretAccessKey: *out.Credentials.SecretAccessKey, SessionToken: *out.Credentials.SessionToken,
	})
	if got := *identity(t, c).Arn; got != "arn:aws:iam::111111111111:user/admin" {
		t.Errorf("a session token of the administrator is %s", got)
	}
	_, err = c.sts.GetSessionToken(t.Context(), &sdksts.GetSessionTokenInput{})
	wantCode(t, err, "AccessDenied")
	_, err = c.iam.ListUsers(t.Context(), &sdkiam.ListUsersInput{})
	wantCode(t, err, "InvalidClientTokenId") // IAM needs MFA here
	_, err = w.admin.sts.GetSessionToken(t.Context(), &sdksts.GetSessionTokenInput{DurationSeconds: awssdk.Int32(129601)})
	wantCode(t, err, "ValidationError")
}

//standin:imitates STS: GetAccessKeyInfo | API model sts
func TestGetAccessKeyInfo(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for account, key := range map[string]string{home: w.admin.creds.AccessKeyID, second: w.adminOf(second).creds.AccessKeyID} {
		out, err := w.admin.sts.GetAccessKeyInfo(t.Context(), &sdksts.GetAccessKeyInfoInput{AccessKeyId: &key})
		if err != nil {
			t.Fatal(err)
		}
		if *out.Account != account {
			t.Errorf("%s belongs to %s, want %s", key, *out.Account, account)
		}
	}
	for _, key := range []string{"AKIAIOSFODNN7EXAMPLE", "AKIA", "nothing of the kind "} {
		_, err := w.admin.sts.GetAccessKeyInfo(t.Context(), &sdksts.GetAccessKeyInfoInput{AccessKeyId: &key})
		wantCode(t, err, "ValidationError")
	}
	_, err := w.user("weak").sts.GetAccessKeyInfo(t.Context(), &sdksts.GetAccessKeyInfoInput{AccessKeyId: &w.admin.creds.AccessKeyID})
	wantCode(t, err, "AccessDenied")
}

func TestWebIdentityIsRefusedByName(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, err := w.admin.sts.AssumeRoleWithWebIdentity(t.Context(), &sdksts.AssumeRoleWithWebIdentityInput{
		RoleArn: awssdk.String("arn:aws:iam::111111111111:role/x"), RoleSessionName: awssdk.String("session"), WebIdentityToken: awssdk.String("a.b.c"),
	})
	wantCode(t, err, "NotImplemented")
	if !strings.Contains(fmt.Sprint(err), "sts:AssumeRoleWithWebIdentity is not imitated, see docs/standin.md") {
		t.Errorf("wording: %v", err)
	}
	_, err = w.admin.sts.GetFederationToken(t.Context(), &sdksts.GetFederationTokenInput{Name: awssdk.String("somebody")})
	wantCode(t, err, "NotImplemented")
}
