package aws_test

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"strings"
	"testing"
	"time"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	sdkiam "github.com/aws/aws-sdk-go-v2/service/iam"
	sdksts "github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/aws-sdk-go-v2/service/sts/types"

	"github.com/sealift/sealift/internal/local/aws"
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

// Whom an OpenID Connect issuer vouches for takes a role that trusts the issuer's provider, for the audience and the subject that
// its trust names, without a signature; and nobody else does.
//
//standin:imitates STS: AssumeRoleWithWebIdentity, with tokens of an issuer of the stand-in's own | API model sts
//standin:imitates IAM: OpenID Connect providers, and conditions on aud and sub | IAM User Guide id_roles_providers_oidc
//standin:refuses STS: tokens of other issuers, SAML and federation tokens | API model sts
func TestWebIdentity(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *aws.Options) { o.Issuer = "https://localhost:4566/oidc" })
	ctx := t.Context()
	provider, err := w.admin.iam.CreateOpenIDConnectProvider(ctx, &sdkiam.CreateOpenIDConnectProviderInput{
		Url: awssdk.String(w.Issuer.URL()), ClientIDList: []string{"sts.amazonaws.com"},
	})
	if err != nil {
		t.Fatal(err)
	}
	trust := func(sub string) string {
		return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Federated":"` + *provider.OpenIDConnectProviderArn + `"},"Action":"sts:AssumeRoleWithWebIdentity",
			"Condition":{"StringEquals":{"localhost:4566/oidc:aud":"sts.amazonaws.com","localhost:4566/oidc:sub":"` + sub + `"}}}]}`
	}
	role := w.role(w.admin, "runner", trust("repo:corp/etl"), allow("s3:ListAllMyBuckets", "*"))
	anonymous := sdksts.NewFromConfig(awssdk.Config{Region: region, BaseEndpoint: awssdk.String(w.url), HTTPClient: w.http, Credentials: awssdk.AnonymousCredentials{}, RetryMaxAttempts: 1})
	token := func(sub, aud string, ttl time.Duration) string {
		text, err := w.Issuer.Token(sub, aud, ttl)
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	take := func(role, token string) (*sdksts.AssumeRoleWithWebIdentityOutput, error) {
		return anonymous.AssumeRoleWithWebIdentity(ctx, &sdksts.AssumeRoleWithWebIdentityInput{RoleArn: &role, RoleSessionName: awssdk.String("session"), WebIdentityToken: &token})
	}
	good := token("repo:corp/etl", "sts.amazonaws.com", time.Hour)
	out, err := take(role, good)
	if err != nil || *out.SubjectFromWebIdentityToken != "repo:corp/etl" || *out.Audience != "sts.amazonaws.com" || *out.Provider != *provider.OpenIDConnectProviderArn {
		t.Fatalf("%+v, %v", out, err)
	}
	c := w.as(awssdk.Credentials{AccessKeyID: *out.Credentials.AccessKeyId, SecretAccessKey: *out.Credentials.SecretAccessKey, SessionToken: *out.Credentials.SessionToken})
	if who, err := c.sts.GetCallerIdentity(ctx, &sdksts.GetCallerIdentityInput{}); err != nil || !strings.HasSuffix(*who.Arn, ":assumed-role/runner/session") {
		t.Errorf("%+v, %v", who, err)
	}
	parts := strings.Split(good, ".")
	nobody := "arn:aws:iam::" + home + ":role/nobody"
	unsigned := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none","typ":"JWT"}`))
	for name, c := range map[string]struct{ role, token, code string }{
		"another subject":   {role, token("repo:corp/other", "sts.amazonaws.com", time.Hour), "AccessDenied"},
		"another audience":  {role, token("repo:corp/etl", "somebody", time.Hour), "InvalidIdentityToken"},
		"expired":           {role, token("repo:corp/etl", "sts.amazonaws.com", -time.Minute), "ExpiredTokenException"},
		"no token":          {role, "a.b.c", "InvalidIdentityToken"},
		"changed":           {role, parts[0] + "." + base64.RawURLEncoding.EncodeToString([]byte(`{"iss":"https://localhost:4566/oidc","sub":"root","aud":"sts.amazonaws.com","exp":99999999999}`)) + "." + parts[2], "InvalidIdentityToken"},
		"no algorithm":      {role, unsigned + "." + parts[1] + ".", "InvalidIdentityToken"},
		"no role":           {nobody, good, "AccessDenied"},
		"a role of another": {w.role(w.admin, "plain", trustHome), good, "AccessDenied"},
	} {
		_, err := take(c.role, c.token)
		t.Run(name, func(t *testing.T) { wantCode(t, err, c.code) })
	}
	other := w.role(w.adminOf(second), "runner", trust("repo:corp/etl"))
	_, err = take(other, good)
	wantCode(t, err, "InvalidIdentityToken") // that account has no such provider

	for range 2 { // again is no error
		if _, err := w.admin.iam.AddClientIDToOpenIDConnectProvider(ctx, &sdkiam.AddClientIDToOpenIDConnectProviderInput{
			OpenIDConnectProviderArn: provider.OpenIDConnectProviderArn, ClientID: awssdk.String("somebody"),
		}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := take(role, token("repo:corp/etl", "somebody", time.Hour)); err == nil || strings.Contains(err.Error(), "InvalidIdentityToken") {
		t.Errorf("a token for an audience that was added, which the trust does not name: %v", err)
	}

	list, err := w.admin.iam.ListOpenIDConnectProviders(ctx, &sdkiam.ListOpenIDConnectProvidersInput{})
	if err != nil || len(list.OpenIDConnectProviderList) != 1 {
		t.Errorf("%+v, %v", list, err)
	}
	if got, err := w.admin.iam.GetOpenIDConnectProvider(ctx, &sdkiam.GetOpenIDConnectProviderInput{OpenIDConnectProviderArn: provider.OpenIDConnectProviderArn}); err != nil || *got.Url != "localhost:4566/oidc" {
		t.Errorf("%+v, %v", got, err)
	}
	if _, err := w.admin.iam.DeleteOpenIDConnectProvider(ctx, &sdkiam.DeleteOpenIDConnectProviderInput{OpenIDConnectProviderArn: provider.OpenIDConnectProviderArn}); err != nil {
		t.Fatal(err)
	}
	_, err = take(role, good)
	wantCode(t, err, "InvalidIdentityToken")
	_, err = w.admin.sts.GetFederationToken(ctx, &sdksts.GetFederationTokenInput{Name: awssdk.String("somebody")})
	wantCode(t, err, "NotImplemented")
}

// The issuer describes itself as others do, so that those who check its tokens themselves can: its keys verify them.
func TestTheIssuerDescribesItself(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	get := func(method, path string) string {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), method, w.url+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := w.http.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(resp.Body)
		if err := errors.Join(err, resp.Body.Close()); err != nil || resp.StatusCode != http.StatusOK {
			t.Fatalf("%s: %s %s %v", path, resp.Status, text, err)
		}
		return string(text)
	}
	if text := get("GET", "/oidc/.well-known/openid-configuration"); !strings.Contains(text, `"issuer":"https://localhost/oidc"`) {
		t.Error(text)
	}
	token := strings.Split(get("POST", "/oidc/token?sub=me&aud=you&ttl=1h"), ".")
	var keys struct{ Keys []struct{ N, E string } }
	if err := json.Unmarshal([]byte(get("GET", "/oidc/keys")), &keys); err != nil {
		t.Fatal(err)
	}
	number := func(text string) *big.Int {
		raw, err := base64.RawURLEncoding.DecodeString(text)
		if err != nil {
			t.Fatal(err)
		}
		return new(big.Int).SetBytes(raw)
	}
	key := &rsa.PublicKey{N: number(keys.Keys[0].N), E: int(number(keys.Keys[0].E).Int64())}
	sum := sha256.Sum256([]byte(token[0] + "." + token[1]))
	if err := rsa.VerifyPKCS1v15(key, crypto.SHA256, sum[:], number(token[2]).FillBytes(make([]byte, 256))); err != nil {
		t.Error(err)
	}
}
