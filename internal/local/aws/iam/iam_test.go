package iam

import (
	"encoding/json"
	"errors"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/sealift/sealift/internal/local/aws/awserr"
	"github.com/sealift/sealift/internal/local/aws/policy"
	"github.com/sealift/sealift/internal/local/aws/query"
)

// caller opens a service and gives the administrator and a user without any right.
func caller(t *testing.T) (s *Service, admin, weak *Identity) {
	t.Helper()
	return callerIn(t, t.TempDir())
}

func callerIn(t *testing.T, dir string) (s *Service, admin, weak *Identity) {
	t.Helper()
	s, err := New(Options{Dir: dir, Region: "eu-west-1"})
	if err != nil {
		t.Fatal(err)
	}
	key, _, err := s.AdminKey()
	if err != nil {
		t.Fatal(err)
	}
	if _, admin, err = s.Key(key, ""); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Call(t.Context(), admin, "CreateUser", params("UserName", "weak")); err != nil {
		t.Fatal(err)
	}
	u := s.state.Accounts["111111111111"].Users["weak"]
	return s, admin, &Identity{Account: "111111111111", ARN: u.ARN, UserID: u.ID, UserName: u.Name}
}

func params(pairs ...string) query.Params {
	values := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		values.Set(pairs[i], pairs[i+1])
	}
	return query.Of(values)
}

// TestEveryActionIsAsked calls each action of the API, well formed, in the name of somebody without rights: all are
// refused before anything is told or done, on things that exist and on things that do not.
func TestEveryActionIsAsked(t *testing.T) {
	t.Parallel()
	s, admin, weak := caller(t)
	const (
		identity = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`
		trust    = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"111111111111"},"Action":"sts:AssumeRole"}]}`
	)
	must := func(action string, p query.Params) {
		t.Helper()
		if _, err := s.Call(t.Context(), admin, action, p); err != nil {
			t.Fatal(err)
		}
	}
	must("CreateRole", params("RoleName", "there", "AssumeRolePolicyDocument", trust))
	must("CreateUser", params("UserName", "there"))
	must("PutRolePolicy", params("RoleName", "there", "PolicyName", "there", "PolicyDocument", identity))
	must("CreatePolicy", params("PolicyName", "there", "PolicyDocument", identity))
	must("CreateInstanceProfile", params("InstanceProfileName", "there"))
	must("CreateGroup", params("GroupName", "there"))
	before := snapshot(t, s)
	for action, op := range operations {
		for _, name := range []string{"there", "absent"} {
			values := url.Values{}
			for p := range strings.FieldsSeq(op.params) {
				switch p {
				case "UserName", "GroupName", "RoleName", "PolicyName", "InstanceProfileName":
					values.Set(p, name)
				case "PolicySourceArn":
					values.Set(p, "arn:aws:iam::111111111111:group/"+name)
				case "PolicyArn":
					values.Set(p, "arn:aws:iam::111111111111:policy/"+name)
				case "PolicyDocument":
					values.Set(p, identity)
					if action == "UpdateAssumeRolePolicy" {
						values.Set(p, trust)
					}
				case "AssumeRolePolicyDocument":
					values.Set(p, trust)
				case "VersionId":
					values.Set(p, "v1")
				case "AccessKeyId":
					values.Set(p, "AKIAIOSFODNN7EXAMPLE")
				case "Status":
					values.Set(p, "Active")
				}
			}
			_, err := s.Call(t.Context(), weak, action, query.Of(values))
			var e *awserr.Error
			if !errors.As(err, &e) || e.Code != "AccessDenied" {
				t.Errorf("%s on what is %s: %v", action, name, err)
				continue
			}
			if want := "is not authorized to perform: iam:" + action + " on resource: "; !strings.Contains(e.Message, want) {
				t.Errorf("%s asks for something else: %s", action, e.Message)
			}
		}
	}
	if after := snapshot(t, s); after != before {
		t.Errorf("the state changed: %s", after)
	}
}

func snapshot(t *testing.T, s *Service) string {
	t.Helper()
	text, err := json.Marshal(s.state)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestUnknown: what is not imitated is refused by name.
func TestUnknown(t *testing.T) {
	t.Parallel()
	s, admin, _ := caller(t)
	for action, p := range map[string]query.Params{
		"UpdateGroup": params("GroupName", "g", "NewGroupName", "h"),
		"CreateUser":  params("UserName", "x", "PermissionsBoundary", "arn:aws:iam::aws:policy/AdministratorAccess"),
		"ListUsers":   params("Unheard", "of"),
	} {
		_, err := s.Call(t.Context(), admin, action, p)
		var e *awserr.Error
		if !errors.As(err, &e) || e.Code != "NotImplemented" || !strings.HasSuffix(e.Message, "not imitated, see docs/standin.md") {
			t.Errorf("%s: %v", action, err)
		}
	}
}

// TestFailedSave: when the disk refuses a change it is not in memory either.
func TestFailedSave(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "iam")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	s, admin, _ := callerIn(t, dir)
	if err := os.Rename(dir, dir+".away"); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Call(t.Context(), admin, "CreateUser", params("UserName", "lost")); err == nil {
		t.Fatal("a change was taken that cannot be kept")
	}
	if _, err := s.Call(t.Context(), admin, "GetUser", params("UserName", "lost")); err == nil {
		t.Error("the user is there")
	}
}

func TestAccountOfKey(t *testing.T) {
	t.Parallel()
	s, _, _ := caller(t)
	for _, account := range []string{"111111111111", "000000000001", "999999999999"} {
		for range 100 {
			if k := newAccessKey(account, "ASIA", s.now()); AccountOfKey(k.ID) != account || len(k.ID) != 20 || len(k.Secret) != 40 {
				t.Fatalf("%s of %s is read as %s", k.ID, account, AccountOfKey(k.ID))
			}
		}
	}
	// The example that people who worked the format out publish with it.
	if got := AccountOfKey("ASIAQNZGKIQY56JQ7WML"); got != "029608264753" {
		t.Errorf("got %s", got)
	}
}

// TestSessionsExpire: a session's end is in its token.
func TestSessionsExpire(t *testing.T) {
	t.Parallel()
	s, admin, _ := caller(t)
	now := time.Now()
	s.now = func() time.Time { return now }
	creds, err := s.Issue(admin, 15*time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	now = creds.Expires.Add(-time.Second)
	if secret, id, err := s.Key(creds.AccessKeyID, creds.SessionToken); err != nil || secret != creds.SecretAccessKey || id.ARN != admin.ARN {
		t.Errorf("a second before its end: %v", err)
	}
	now = creds.Expires
	if _, _, err := s.Key(creds.AccessKeyID, creds.SessionToken); !errors.Is(err, ErrExpired) {
		t.Errorf("at its end: %v", err)
	}
}

// TestLogin: keys in a statement need their secret.
func TestLogin(t *testing.T) {
	t.Parallel()
	s, _, _ := caller(t)
	key, secret, err := s.AdminKey()
	if err != nil {
		t.Fatal(err)
	}
	if id, err := s.Login(key, secret, ""); err != nil || !id.Secure || id.UserName != "admin" {
		t.Errorf("%+v, %v", id, err)
	}
	for name, tt := range map[string]struct {
		key, secret, token string
		want               error
	}{
		"wrong secret": {key, secret + "x", "", ErrSecret},
		"no secret":    {key, "", "", ErrSecret},
		"wrong key":    {"AKIAIOSFODNN7EXAMPLE", secret, "", ErrUnknownKey},
		"a token":      {key, secret, "x", ErrToken},
	} {
		if _, err := s.Login(tt.key, tt.secret, tt.token); !errors.Is(err, tt.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestRootAssumesNothing: an account's root user may do everything but assume roles.
func TestRootAssumesNothing(t *testing.T) {
	t.Parallel()
	s, _, _ := caller(t)
	root := &Identity{Account: "111111111111", ARN: "arn:aws:iam::111111111111:root", UserID: "111111111111"}
	if err := s.Authorize(root, Access{Action: "iam:ListUsers", Resource: "*", ResourceAccount: "111111111111"}); err != nil {
		t.Error(err)
	}
	if _, err := s.AssumeAs(root, AssumeInput{RoleARN: "arn:aws:iam::222222222222:role/OrganizationAccountAccessRole", SessionName: "root"}); err == nil {
		t.Error("root assumed a role")
	}
}

// TestAnonymous: nobody may do what a resource's policy allows everybody.
func TestAnonymous(t *testing.T) {
	t.Parallel()
	s, _, _ := caller(t)
	public, err := policy.Parse([]byte(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"*"}]}`))
	if err != nil {
		t.Fatal(err)
	}
	a := Access{Action: "s3:GetObject", Resource: "arn:aws:s3:::b/k", ResourceAccount: "111111111111"}
	if err := s.Authorize(nil, a); err == nil {
		t.Error("without a policy")
	}
	a.ResourcePolicy = public
	if err := s.Authorize(nil, a); err != nil {
		t.Error(err)
	}
}
