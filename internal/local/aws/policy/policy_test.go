package policy

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

func must(t testing.TB, text string) *Document {
	t.Helper()
	d, err := Parse([]byte(text))
	if err != nil {
		t.Fatalf("parse %s: %v", text, err)
	}
	return d
}

// statements wraps statements into a document of the current version.
func statements(t testing.TB, text ...string) *Document {
	t.Helper()
	return must(t, `{"Version":"2012-10-17","Statement":[`+strings.Join(text, ",")+`]}`)
}

const (
	home     = "111111111111"
	other    = "222222222222"
	carlos   = "arn:aws:iam::111111111111:user/carlossalazar"
	roleARN  = "arn:aws:iam::111111111111:role/loader"
	session  = "arn:aws:sts::111111111111:assumed-role/loader/run-1"
	putARN   = "arn:aws:s3:::stage/run/part-0000"
	allowPut = `{"Effect":"Allow","Action":"s3:PutObject","Resource":"arn:aws:s3:::stage/*"}`
	denyPut  = `{"Effect":"Deny","Action":"s3:PutObject","Resource":"arn:aws:s3:::stage/*"}`
)

// grantTo is a resource policy statement for one AWS principal.
func grantTo(effect, principal string) string {
	return fmt.Sprintf(`{"Effect":%q,"Principal":{"AWS":%q},"Action":"s3:PutObject","Resource":"arn:aws:s3:::stage/*"}`, effect, principal)
}

//standin:imitates policies: identity, session, resource and key policies and grants, in one account and across | IAM user guide reference_policies_evaluation-logic
//standin:imitates policies: a resource policy that names the session goes beyond the session policy | IAM user guide access_policies
func TestDecide(t *testing.T) {
	t.Parallel()
	var (
		user      = Principal{Account: home, ARN: carlos}
		inSession = Principal{Account: home, ARN: session, RoleARN: roleARN}
		root      = Principal{Account: home, ARN: RootARN(home)}
		stranger  = Principal{Account: other, ARN: "arn:aws:iam::222222222222:user/eve"}
		redshift  = Principal{Services: []string{"redshift.amazonaws.com", "redshift.eu-west-1.amazonaws.com"}}
		nobody    = Principal{}
	)
	const (
		noIdentity = "because no identity-based policy allows the s3:PutObject action"
		noResource = "because no resource-based policy allows the s3:PutObject action"
		noSession  = "because no session policy allows the s3:PutObject action"
		denyOwn    = "with an explicit deny in an identity-based policy"
		denyRes    = "with an explicit deny in a resource-based policy"
		denySess   = "with an explicit deny in a session policy"
	)
	tests := []struct {
		name     string
		who      Principal
		owner    string // account of the resource; default home
		identity string
		session  string
		resource string
		decides  bool
		granted  bool
		want     string // "" is allowed
	}{
		{name: "nothing said", who: user, want: noIdentity},
		{name: "identity policy alone", who: user, identity: allowPut},
		{name: "explicit deny beats allow", who: user, identity: allowPut + "," + denyPut, want: denyOwn},
		{name: "bucket policy alone names the user", who: user, resource: grantTo("Allow", carlos)},
		{name: "bucket policy names the account: delegation, not a grant", who: user, resource: grantTo("Allow", home), want: noIdentity},
		{name: "delegation and identity policy", who: user, identity: allowPut, resource: grantTo("Allow", home)},
		{name: "bucket policy names the user, and after that the account", who: user, resource: grantTo("Allow", carlos) + "," + grantTo("Allow", home)},
		{name: "bucket policy denies the account", who: user, identity: allowPut, resource: grantTo("Deny", home), want: denyRes},
		{name: "bucket policy denies everybody", who: user, identity: allowPut, resource: grantTo("Deny", "*"), want: denyRes},
		{name: "root needs no policy", who: root},
		{name: "root is bound by the bucket's deny", who: root, resource: grantTo("Deny", "*"), want: denyRes},

		{name: "session policy is an intersection", who: inSession, identity: allowPut, session: strings.ReplaceAll(allowPut, "stage", "elsewhere"), want: noSession},
		{name: "session policy alone gives nothing", who: inSession, session: allowPut, want: noIdentity},
		{name: "both allow", who: inSession, identity: allowPut, session: allowPut},
		{name: "session policy denies", who: inSession, identity: allowPut, session: allowPut + "," + denyPut, want: denySess},
		{name: "bucket policy for the role stays inside the session policy", who: inSession, session: strings.ReplaceAll(allowPut, "stage", "elsewhere"), resource: grantTo("Allow", roleARN), want: noIdentity},
		{name: "bucket policy for the role, session allows", who: inSession, session: allowPut, resource: grantTo("Allow", roleARN)},
		{name: "bucket policy for the very session goes beyond the session policy", who: inSession, session: strings.ReplaceAll(allowPut, "stage", "elsewhere"), resource: grantTo("Allow", session)},
		{name: "deny for the role reaches its sessions", who: inSession, identity: allowPut, resource: grantTo("Deny", roleARN), want: denyRes},

		{name: "another account: identity alone is not enough", who: stranger, identity: allowPut, want: noResource},
		{name: "another account: resource alone is not enough", who: stranger, resource: grantTo("Allow", other), want: noIdentity},
		{name: "another account: both sides", who: stranger, identity: allowPut, resource: grantTo("Allow", other)},
		{name: "another account: named user still needs its own policy", who: stranger, resource: grantTo("Allow", stranger.ARN), want: noIdentity},
		{name: "another account's root", who: Principal{Account: other, ARN: RootARN(other)}, resource: grantTo("Allow", other)},
		{name: "everybody is not the same as no identity policy", who: stranger, resource: grantTo("Allow", "*"), want: noIdentity},

		{name: "key policy silent: identity policies count for nothing", who: user, identity: allowPut, decides: true, resource: grantTo("Allow", other), want: noResource},
		{name: "key policy delegates", who: user, identity: allowPut, decides: true, resource: grantTo("Allow", home)},
		{name: "key policy delegates, identity silent", who: user, decides: true, resource: grantTo("Allow", home), want: noIdentity},
		{name: "key policy names the user", who: user, decides: true, resource: grantTo("Allow", carlos)},
		{name: "key policy forgets the root user", who: root, decides: true, resource: grantTo("Allow", carlos), want: noResource},
		{name: "grant", who: user, decides: true, granted: true, resource: grantTo("Allow", other)},
		{name: "grant does not beat a deny", who: user, identity: denyPut, granted: true, want: denyOwn},
		{name: "grant to another account needs no identity policy", who: stranger, granted: true},
		{name: "grant stays inside the session policy", who: inSession, granted: true, session: strings.ReplaceAll(allowPut, "stage", "elsewhere"), want: noSession},

		{name: "service by its general name", who: redshift, resource: `{"Effect":"Allow","Principal":{"Service":"redshift.amazonaws.com"},"Action":"s3:*","Resource":"*"}`},
		{name: "service by its regional name", who: redshift, resource: `{"Effect":"Allow","Principal":{"Service":"redshift.eu-west-1.amazonaws.com"},"Action":"s3:*","Resource":"*"}`},
		{name: "service of another region", who: redshift, resource: `{"Effect":"Allow","Principal":{"Service":"redshift.us-east-1.amazonaws.com"},"Action":"s3:*","Resource":"*"}`, want: noResource},
		{name: "nobody", who: nobody, want: noResource},
		{name: "nobody, public bucket", who: nobody, resource: grantTo("Allow", "*")},
		{name: "nobody, bucket for an account", who: nobody, resource: grantTo("Allow", home), want: noResource},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			q := Question{
				Request:         Request{Principal: tt.who, Action: "s3:PutObject", Resource: putARN},
				ResourceAccount: home, ResourceDecides: tt.decides, Granted: tt.granted,
			}
			if tt.owner != "" {
				q.ResourceAccount = tt.owner
			}
			if tt.identity != "" {
				q.Identity = []*Document{statements(t, tt.identity)}
			}
			if tt.session != "" {
				q.Session = []*Document{statements(t, tt.session)}
			}
			if tt.resource != "" {
				q.ResourcePolicy = statements(t, tt.resource)
			}
			got := Decide(q)
			if got.Allowed != (tt.want == "") || got.Why != tt.want {
				t.Errorf("got %+v, want %q", got, tt.want)
			}
		})
	}
}

// TestPublishedExamples holds policies of AWS's documentation against requests whose outcome the documentation states.
//
//standin:imitates policies: the examples of AWS's documentation | S3 user guide example-bucket-policies
func TestPublishedExamples(t *testing.T) {
	t.Parallel()
	type check struct {
		action, resource string
		ctx              Context
		want             bool
	}
	tests := []struct {
		name, policy string
		checks       []check
	}{
		{
			// IAM user guide, "Policy evaluation for requests within a single account".
			name: "carlossalazar",
			policy: `{"Version":"2012-10-17","Statement":[
				{"Sid":"AllowS3ListRead","Effect":"Allow","Action":["s3:GetBucketLocation","s3:GetAccountPublicAccessBlock","s3:ListAccessPoints","s3:ListAllMyBuckets"],"Resource":"arn:aws:s3:::*"},
				{"Sid":"AllowS3Self","Effect":"Allow","Action":"s3:*","Resource":["arn:aws:s3:::amzn-s3-demo-bucket-carlossalazar/*","arn:aws:s3:::amzn-s3-demo-bucket-carlossalazar"]},
				{"Sid":"DenyS3Logs","Effect":"Deny","Action":"s3:*","Resource":"arn:aws:s3:::*log*"}]}`,
			checks: []check{
				{"s3:ListAllMyBuckets", "arn:aws:s3:::*", nil, true},
				{"s3:PutObject", "arn:aws:s3:::amzn-s3-demo-bucket-carlossalazar/file", nil, true},
				{"s3:PutObject", "arn:aws:s3:::amzn-s3-demo-bucket-carlossalazar-logs/file", nil, false},
				{"s3:PutObject", "arn:aws:s3:::amzn-s3-demo-bucket-carlossalazar/log.txt", nil, false},
			},
		},
		{
			// IAM user guide, "IAM policy elements: Variables and tags".
			name: "home folder by variable",
			policy: `{"Version":"2012-10-17","Statement":[
				{"Action":["s3:ListBucket"],"Effect":"Allow","Resource":["arn:aws:s3:::amzn-s3-demo-bucket"],"Condition":{"StringLike":{"s3:prefix":["${aws:username}/*"]}}},
				{"Action":["s3:GetObject","s3:PutObject"],"Effect":"Allow","Resource":["arn:aws:s3:::amzn-s3-demo-bucket/${aws:username}/*"]}]}`,
			checks: []check{
				{"s3:GetObject", "arn:aws:s3:::amzn-s3-demo-bucket/bob/x", Context{"aws:username": {"bob"}}, true},
				{"s3:GetObject", "arn:aws:s3:::amzn-s3-demo-bucket/alice/x", Context{"aws:username": {"bob"}}, false},
				{"s3:GetObject", "arn:aws:s3:::amzn-s3-demo-bucket/bob/x", Context{}, false},
				{"s3:GetObject", "arn:aws:s3:::amzn-s3-demo-bucket/alice/x", Context{"aws:username": {"*"}}, false},
				{"s3:ListBucket", "arn:aws:s3:::amzn-s3-demo-bucket", Context{"aws:username": {"bob"}, "s3:prefix": {"bob/x"}}, true},
				{"s3:ListBucket", "arn:aws:s3:::amzn-s3-demo-bucket", Context{"aws:username": {"bob"}, "s3:prefix": {""}}, false},
			},
		},
		{
			// The same page: a default for a missing tag.
			name: "variable with a default",
			policy: `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:ListBucket",
				"Resource":"arn:aws:s3:::amzn-s3-demo-bucket-${aws:PrincipalTag/team, 'company-wide'}"}]}`,
			checks: []check{
				{"s3:ListBucket", "arn:aws:s3:::amzn-s3-demo-bucket-yellow", Context{"aws:principaltag/team": {"yellow"}}, true},
				{"s3:ListBucket", "arn:aws:s3:::amzn-s3-demo-bucket-company-wide", Context{}, true},
				{"s3:ListBucket", "arn:aws:s3:::amzn-s3-demo-bucket-company-wide", Context{"aws:principaltag/team": {"yellow"}}, false},
			},
		},
		{
			// The same page: ${*}, ${?} and ${$} are the characters themselves.
			name:   "escaped wildcards",
			policy: `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/${*}${?}${$}?"}]}`,
			checks: []check{
				{"s3:GetObject", "arn:aws:s3:::b/*?$x", nil, true},
				{"s3:GetObject", "arn:aws:s3:::b/a?$x", nil, false},
				{"s3:GetObject", "arn:aws:s3:::b/*?$", nil, false},
			},
		},
		{
			// The same page: the 2008 version has no variables.
			name:   "2008 version",
			policy: `{"Version":"2008-10-17","Statement":[{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/${aws:username}"}]}`,
			checks: []check{
				{"s3:GetObject", "arn:aws:s3:::b/bob", Context{"aws:username": {"bob"}}, false},
				{"s3:GetObject", "arn:aws:s3:::b/${aws:username}", Context{"aws:username": {"bob"}}, true},
			},
		},
		{
			// IAM user guide, "IAM JSON policy elements: NotAction".
			name:   "NotAction with Deny",
			policy: `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"},{"Sid":"DenyAllUsersNotUsingMFA","Effect":"Deny","NotAction":"iam:*","Resource":"*","Condition":{"BoolIfExists":{"aws:MultiFactorAuthPresent":"false"}}}]}`,
			checks: []check{
				{"iam:ListUsers", "*", Context{"aws:multifactorauthpresent": {"false"}}, true},
				{"ec2:StopInstances", "*", Context{"aws:multifactorauthpresent": {"false"}}, false},
				{"ec2:StopInstances", "*", Context{}, false}, // long-term keys: the key is missing, IfExists holds
				{"ec2:StopInstances", "*", Context{"aws:multifactorauthpresent": {"true"}}, true},
			},
		},
		{
			// IAM user guide, "IAM JSON policy elements: NotResource".
			name:   "NotResource with Deny",
			policy: `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"},{"Effect":"Deny","Action":"s3:*","NotResource":["arn:aws:s3:::HRBucket/Payroll","arn:aws:s3:::HRBucket/Payroll/*"]}]}`,
			checks: []check{
				{"s3:GetObject", "arn:aws:s3:::HRBucket/Payroll/x", nil, true},
				{"s3:GetObject", "arn:aws:s3:::HRBucket/other", nil, false},
			},
		},
		{
			// IAM user guide, "AWS: Denies access to AWS based on the source IP".
			name: "source address",
			policy: `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"},{"Effect":"Deny","Action":"*","Resource":"*",
				"Condition":{"NotIpAddress":{"aws:SourceIp":["192.0.2.0/24","203.0.113.0/24"]},"Bool":{"aws:ViaAWSService":"false"}}}]}`,
			checks: []check{
				{"s3:GetObject", "arn:aws:s3:::b/k", Context{"aws:sourceip": {"192.0.2.7"}, "aws:viaawsservice": {"false"}}, true},
				{"s3:GetObject", "arn:aws:s3:::b/k", Context{"aws:sourceip": {"198.51.100.7"}, "aws:viaawsservice": {"false"}}, false},
				{"s3:GetObject", "arn:aws:s3:::b/k", Context{"aws:sourceip": {"198.51.100.7"}, "aws:viaawsservice": {"true"}}, true},
				{"s3:GetObject", "arn:aws:s3:::b/k", Context{"aws:viaawsservice": {"false"}}, false}, // NotIpAddress holds when the key is missing
			},
		},
		{
			// IAM user guide, "AWS: Allows access based on date and time".
			name: "between two dates",
			policy: `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"service-prefix:action-name","Resource":"*",
				"Condition":{"DateGreaterThan":{"aws:CurrentTime":"2020-04-01T00:00:00Z"},"DateLessThan":{"aws:CurrentTime":"2020-06-30T23:59:59Z"}}}]}`,
			checks: []check{
				{"service-prefix:action-name", "*", Context{"aws:currenttime": {"2020-05-01T00:00:00Z"}}, true},
				{"service-prefix:action-name", "*", Context{"aws:currenttime": {"2020-07-01T00:00:00Z"}}, false},
				{"service-prefix:action-name", "*", Context{"aws:currenttime": {"2020-04-01T00:00:00Z"}}, false},
			},
		},
		{
			// IAM user guide, "Multivalued context key examples": ForAllValues and Null.
			name: "tag keys",
			policy: `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"},{"Sid":"DenyRestrictedTags","Effect":"Deny","Action":["iam:Tag*","iam:UnTag*"],"Resource":["*"],
				"Condition":{"Null":{"aws:TagKeys":"false"},"ForAllValues:StringLike":{"aws:TagKeys":["key1*","key2*","key3*"]}}}]}`,
			checks: []check{
				{"iam:TagUser", "*", Context{"aws:tagkeys": {"key1", "key2:x"}}, false},
				{"iam:TagUser", "*", Context{"aws:tagkeys": {"key1", "owner"}}, true},
				{"iam:TagUser", "*", Context{}, true},
			},
		},
		{
			// The same page: ForAnyValue.
			name: "any tag key",
			policy: `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"},{"Effect":"Deny","Action":"ec2:CreateTags","Resource":"*",
				"Condition":{"ForAnyValue:StringEquals":{"aws:TagKeys":["environment","webserver"]}}}]}`,
			checks: []check{
				{"ec2:CreateTags", "*", Context{"aws:tagkeys": {"x", "webserver"}}, false},
				{"ec2:CreateTags", "*", Context{"aws:tagkeys": {"x"}}, true},
				{"ec2:CreateTags", "*", Context{}, true},
			},
		},
		{
			name:   "one wildcard does not cross a field of the ARN",
			policy: `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"kms:Decrypt","Resource":"arn:aws:kms:*:111111111111:key/*"}]}`,
			checks: []check{
				{"kms:Decrypt", "arn:aws:kms:eu-west-1:111111111111:key/1", nil, true},
				{"KMS:decrypt", "arn:aws:kms:eu-west-1:111111111111:key/1", nil, true},
				{"kms:Decrypt", "arn:aws:kms:eu-west-1:222222222222:key/1:111111111111:key/1", nil, false},
				{"kms:Encrypt", "arn:aws:kms:eu-west-1:111111111111:key/1", nil, false},
				{"kms:Decrypt", "*", nil, false},
				{"kms:Decrypt", "arn:aws:kms:eu-west-1:111111111111:KEY/1", nil, false},
			},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			doc := must(t, tt.policy)
			for _, c := range tt.checks {
				got := Decide(Question{
					Request:         Request{Principal: Principal{Account: home, ARN: carlos}, Action: c.action, Resource: c.resource, Context: c.ctx},
					ResourceAccount: home, Identity: []*Document{doc},
				})
				if got.Allowed != c.want {
					t.Errorf("%s on %s with %v: %+v, want allowed %v", c.action, c.resource, c.ctx, got, c.want)
				}
			}
		})
	}
}

// TestStagePolicy is the bucket policy that enforces SSE-KMS and TLS: S3 user guide, "Protecting data with server-side
// encryption". A request that omits a header must be refused like one that sends the wrong value.
func TestStagePolicy(t *testing.T) {
	t.Parallel()
	const key = "arn:aws:kms:eu-west-1:111111111111:key/1234abcd-12ab-34cd-56ef-1234567890ab"
	doc := must(t, `{"Version":"2012-10-17","Statement":[
		{"Effect":"Deny","Principal":"*","Action":"s3:PutObject","Resource":"arn:aws:s3:::stage/*","Condition":{"StringNotEquals":{"s3:x-amz-server-side-encryption":"aws:kms"}}},
		{"Effect":"Deny","Principal":"*","Action":"s3:PutObject","Resource":"arn:aws:s3:::stage/*","Condition":{"StringNotEquals":{"s3:x-amz-server-side-encryption-aws-kms-key-id":"`+key+`"}}},
		{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":["arn:aws:s3:::stage","arn:aws:s3:::stage/*"],"Condition":{"Bool":{"aws:SecureTransport":"false"}}}]}`)
	if err := doc.Check(Resource); err != nil {
		t.Fatal(err)
	}
	good := func() Context {
		return Context{"s3:x-amz-server-side-encryption": {"aws:kms"}, "s3:x-amz-server-side-encryption-aws-kms-key-id": {key}, "aws:securetransport": {"true"}}
	}
	tests := []struct {
		name   string
		change func(Context)
		want   bool
	}{
		{"as wanted", func(Context) {}, true},
		{"no encryption header", func(c Context) { delete(c, "s3:x-amz-server-side-encryption") }, false},
		{"no key header", func(c Context) { delete(c, "s3:x-amz-server-side-encryption-aws-kms-key-id") }, false},
		{"AES256", func(c Context) { c["s3:x-amz-server-side-encryption"] = []string{"AES256"} }, false},
		{"another key", func(c Context) { c["s3:x-amz-server-side-encryption-aws-kms-key-id"] = []string{key + "0"} }, false},
		{"without TLS", func(c Context) { c["aws:securetransport"] = []string{"false"} }, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			ctx := good()
			tt.change(ctx)
			got := Decide(Question{
				Request:         Request{Principal: Principal{Account: home, ARN: carlos}, Action: "s3:PutObject", Resource: putARN, Context: ctx},
				ResourceAccount: home, Identity: []*Document{statements(t, allowPut)}, ResourcePolicy: doc,
			})
			if got.Allowed != tt.want {
				t.Errorf("got %+v, want allowed %v", got, tt.want)
			}
		})
	}
}

//standin:imitates policies: NotPrincipal in a deny | IAM user guide reference_policies_elements_notprincipal
func TestNotPrincipal(t *testing.T) {
	t.Parallel()
	policy := func(names ...string) *Document {
		list, err := json.Marshal(names)
		if err != nil {
			t.Fatal(err)
		}
		return statements(t, `{"Effect":"Deny","NotPrincipal":{"AWS":`+string(list)+`},"Action":"s3:*","Resource":"*"}`)
	}
	inSession := Principal{Account: home, ARN: session, RoleARN: roleARN}
	tests := []struct {
		name string
		who  Principal
		doc  *Document
		want bool // spared
	}{
		{"user and account", Principal{Account: home, ARN: carlos}, policy(carlos, home), true},
		{"user without its account", Principal{Account: home, ARN: carlos}, policy(carlos), false},
		{"session, role and account", inSession, policy(session, roleARN, home), true},
		{"role and account without the session", inSession, policy(roleARN, home), false},
		{"somebody else", Principal{Account: home, ARN: carlos + "2"}, policy(carlos, home), false},
		{"nobody", Principal{}, policy(carlos, home), false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := Decide(Question{
				Request:         Request{Principal: tt.who, Action: "s3:PutObject", Resource: putARN},
				ResourceAccount: home, Identity: []*Document{statements(t, allowPut)}, ResourcePolicy: tt.doc,
			})
			if spared := got.Why != "with an explicit deny in a resource-based policy"; spared != tt.want {
				t.Errorf("got %+v, want spared %v", got, tt.want)
			}
		})
	}
}

//standin:imitates policies: all condition operators, IfExists, Null, ForAnyValue, ForAllValues, variables | IAM user guide reference_policies_elements_condition_operators
func TestConditions(t *testing.T) {
	t.Parallel()
	tests := []struct {
		operator, key, want string // want is JSON
		ctx                 Context
		holds               bool
	}{
		{"StringEquals", "aws:username", `"bob"`, Context{"aws:username": {"bob"}}, true},
		{"StringEquals", "AWS:UserName", `"bob"`, Context{"aws:username": {"bob"}}, true},
		{"StringEquals", "aws:username", `"Bob"`, Context{"aws:username": {"bob"}}, false},
		{"StringEquals", "aws:username", `["a","bob"]`, Context{"aws:username": {"bob"}}, true},
		{"StringEquals", "aws:username", `"b*"`, Context{"aws:username": {"bob"}}, false},
		{"StringEquals", "aws:username", `"bob"`, Context{}, false},
		{"StringEquals", "aws:username", `[]`, Context{"aws:username": {"bob"}}, false},
		{"StringEqualsIfExists", "aws:username", `"bob"`, Context{}, true},
		{"StringEqualsIfExists", "aws:username", `"bob"`, Context{"aws:username": {"eve"}}, false},
		{"StringNotEquals", "aws:username", `"bob"`, Context{}, true},
		{"StringNotEquals", "aws:username", `["bob","eve"]`, Context{"aws:username": {"eve"}}, false},
		{"StringNotEquals", "aws:username", `["bob","eve"]`, Context{"aws:username": {"al"}}, true},
		{"StringEqualsIgnoreCase", "aws:username", `"BOB"`, Context{"aws:username": {"bob"}}, true},
		{"StringNotEqualsIgnoreCase", "aws:username", `"BOB"`, Context{"aws:username": {"bob"}}, false},
		{"StringLike", "aws:username", `"b?b*"`, Context{"aws:username": {"bobby"}}, true},
		{"StringLike", "aws:username", `"b?b"`, Context{"aws:username": {"bobby"}}, false},
		{"StringNotLike", "aws:username", `"b*"`, Context{"aws:username": {"bobby"}}, false},
		{"StringNotLike", "aws:username", `"b*"`, Context{}, true},
		{"NumericEquals", "s3:max-keys", `10`, Context{"s3:max-keys": {"10"}}, true},
		{"NumericEquals", "s3:max-keys", `"10.0"`, Context{"s3:max-keys": {"10"}}, true},
		{"NumericNotEquals", "s3:max-keys", `"10"`, Context{"s3:max-keys": {"10"}}, false},
		{"NumericLessThan", "s3:max-keys", `"10"`, Context{"s3:max-keys": {"9"}}, true},
		{"NumericLessThan", "s3:max-keys", `"10"`, Context{"s3:max-keys": {"10"}}, false},
		{"NumericLessThanEquals", "s3:max-keys", `"10"`, Context{"s3:max-keys": {"10"}}, true},
		{"NumericGreaterThan", "s3:max-keys", `"10"`, Context{"s3:max-keys": {"11"}}, true},
		{"NumericGreaterThanEquals", "s3:max-keys", `"10"`, Context{"s3:max-keys": {"9"}}, false},
		{"NumericLessThan", "s3:tlsversion", `"1.2"`, Context{"s3:tlsversion": {"1.1"}}, true},
		{"NumericEquals", "s3:max-keys", `"10"`, Context{"s3:max-keys": {"ten"}}, false},
		{"DateEquals", "aws:currenttime", `"2026-11-21T00:00:00Z"`, Context{"aws:currenttime": {"2026-11-21T01:00:00+01:00"}}, true},
		{"DateLessThan", "aws:currenttime", `"2026-11-21"`, Context{"aws:currenttime": {"2026-11-20T23:59:59Z"}}, true},
		{"DateGreaterThanEquals", "aws:epochtime", `"1000000000"`, Context{"aws:epochtime": {"1000000000"}}, true},
		{"DateNotEquals", "aws:currenttime", `"2026-11-21"`, Context{"aws:currenttime": {"2026-11-21T00:00:00Z"}}, false},
		{"Bool", "aws:securetransport", `true`, Context{"aws:securetransport": {"true"}}, true},
		{"Bool", "aws:securetransport", `"FALSE"`, Context{"aws:securetransport": {"false"}}, true},
		{"Bool", "aws:securetransport", `"false"`, Context{}, false},
		{"BoolIfExists", "aws:multifactorauthpresent", `"true"`, Context{}, true},
		{"BinaryEquals", "aws:useragent", `"QmluYXJ5VmFsdWVJbkJhc2U2NA=="`, Context{"aws:useragent": {"QmluYXJ5VmFsdWVJbkJhc2U2NA=="}}, true},
		{"IpAddress", "aws:sourceip", `"203.0.113.0/24"`, Context{"aws:sourceip": {"203.0.113.77"}}, true},
		{"IpAddress", "aws:sourceip", `"203.0.113.7/24"`, Context{"aws:sourceip": {"203.0.113.77"}}, true},
		{"IpAddress", "aws:sourceip", `"2001:DB8:1234:5678::/64"`, Context{"aws:sourceip": {"2001:db8:1234:5678::1"}}, true},
		{"IpAddress", "aws:sourceip", `"203.0.113.5"`, Context{"aws:sourceip": {"::ffff:203.0.113.5"}}, true},
		{"NotIpAddress", "aws:sourceip", `"203.0.113.0/24"`, Context{"aws:sourceip": {"203.0.113.77"}}, false},
		{"ArnLike", "aws:sourcearn", `"arn:aws:redshift:*:111111111111:*"`, Context{"aws:sourcearn": {"arn:aws:redshift:eu-west-1:111111111111:cluster:a"}}, true},
		{"ArnEquals", "aws:sourcearn", `"arn:aws:redshift:*:111111111111:*"`, Context{"aws:sourcearn": {"arn:aws:redshift:eu-west-1:111111111111:cluster:a"}}, true},
		{"ArnLike", "aws:sourcearn", `"arn:aws:*:222222222222:x:*"`, Context{"aws:sourcearn": {"arn:aws:iam::222222222222:x"}}, false},
		{"ArnNotLike", "aws:sourcearn", `"arn:aws:iam::111111111111:role/*"`, Context{"aws:sourcearn": {"arn:aws:iam::111111111111:role/a"}}, false},
		{"ArnNotEquals", "aws:sourcearn", `"arn:aws:iam::111111111111:role/*"`, Context{}, true},
		{"Null", "aws:tokenissuetime", `"true"`, Context{}, true},
		{"Null", "aws:tokenissuetime", `true`, Context{"aws:tokenissuetime": {"x"}}, false},
		{"Null", "aws:tokenissuetime", `"false"`, Context{"aws:tokenissuetime": {"x"}}, true},
		{"Null", "aws:tokenissuetime", `"false"`, Context{}, false},
		{"ForAllValues:StringEquals", "aws:tagkeys", `["a","b"]`, Context{"aws:tagkeys": {"a", "b", "a"}}, true},
		{"ForAllValues:StringEquals", "aws:tagkeys", `["a","b"]`, Context{"aws:tagkeys": {"a", "c"}}, false},
		{"ForAllValues:StringEquals", "aws:tagkeys", `["a","b"]`, Context{}, true},
		{"ForAllValues:StringNotEquals", "aws:tagkeys", `["a"]`, Context{"aws:tagkeys": {"b", "a"}}, false},
		{"ForAllValues:StringNotEquals", "aws:tagkeys", `["a"]`, Context{"aws:tagkeys": {"b", "c"}}, true},
		{"ForAnyValue:StringEquals", "aws:tagkeys", `["a","b"]`, Context{"aws:tagkeys": {"c", "b"}}, true},
		{"ForAnyValue:StringEquals", "aws:tagkeys", `["a","b"]`, Context{}, false},
		{"ForAnyValue:StringNotEquals", "aws:tagkeys", `["a"]`, Context{"aws:tagkeys": {"a", "b"}}, true},
		{"ForAnyValue:StringNotEquals", "aws:tagkeys", `["a"]`, Context{"aws:tagkeys": {"a"}}, false},
		{"ForAnyValue:StringNotEquals", "aws:tagkeys", `["a"]`, Context{}, false},
		{"ForAnyValue:StringLikeIfExists", "aws:tagkeys", `["a*"]`, Context{}, true},
		{"StringEquals", "aws:principaltag/team", `"${aws:RequestTag/team}"`, Context{"aws:principaltag/team": {"x"}, "aws:requesttag/team": {"x"}}, true},
		{"StringEquals", "aws:principaltag/team", `"${aws:RequestTag/team}"`, Context{"aws:principaltag/team": {"x"}}, false},
		{"StringLike", "aws:userid", `"AROA*:${aws:username}"`, Context{"aws:userid": {"AROA1:bob"}, "aws:username": {"bob"}}, true},
		{"StringLike", "aws:userid", `"${aws:username}"`, Context{"aws:userid": {"anything"}, "aws:username": {"*"}}, false},
	}
	for _, tt := range tests {
		t.Run(fmt.Sprintf("%s %s %v", tt.operator, tt.want, tt.ctx), func(t *testing.T) {
			t.Parallel()
			doc := statements(t, fmt.Sprintf(`{"Effect":"Allow","Action":"*","Resource":"*","Condition":{%q:{%q:%s}}}`, tt.operator, tt.key, tt.want))
			if err := doc.Check(Identity); err != nil {
				t.Fatal(err)
			}
			if got := doc.allows(Request{Action: "a:b", Resource: "*", Context: tt.ctx}); got != tt.holds {
				t.Errorf("holds %v, want %v", got, tt.holds)
			}
		})
	}
}

func TestAllConditionsMustHold(t *testing.T) {
	t.Parallel()
	doc := statements(t, `{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"StringEquals":{"aws:username":"bob","aws:principalaccount":"111111111111"},"Bool":{"aws:SecureTransport":"true"}}}`)
	all := Context{"aws:username": {"bob"}, "aws:principalaccount": {home}, "aws:securetransport": {"true"}}
	if !doc.allows(Request{Action: "a:b", Resource: "*", Context: all}) {
		t.Error("all conditions hold, and yet it does not allow")
	}
	for key := range all {
		less := Context{}
		for k, v := range all {
			if k != key {
				less[k] = v
			}
		}
		if doc.allows(Request{Action: "a:b", Resource: "*", Context: less}) {
			t.Errorf("allows without %s", key)
		}
	}
}

//standin:imitates policies: documents that are none are refused | IAM user guide reference_policies_grammar
func TestParseRefuses(t *testing.T) {
	t.Parallel()
	wrap := func(s string) string { return `{"Version":"2012-10-17","Statement":[` + s + `]}` }
	tests := []struct{ name, policy, want string }{
		{"not JSON", `{"Version"`, "Syntax errors in policy."},
		{"two documents", `{"Statement":[]} {}`, "Syntax errors in policy."},
		{"a list", `[]`, "Syntax errors in policy."},
		{"no statement", `{"Version":"2012-10-17"}`, "Syntax errors in policy."},
		{"unknown version", `{"Version":"2020-01-01","Statement":[]}`, "version 2012-10-17"},
		{"unknown element", wrap(`{"Effect":"Allow","Action":"*","Resource":"*","Resources":"x"}`), "Syntax errors in policy."},
		{"case of elements", wrap(`{"effect":"Allow","Action":"*","Resource":"*"}`), "Syntax errors in policy."},
		{"a key twice", wrap(`{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"Bool":{"aws:SecureTransport":"true"}},"Condition":{}}`), "Syntax errors in policy."},
		{"an operator twice", wrap(`{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"Bool":{"aws:SecureTransport":"true"},"Bool":{"aws:ViaAWSService":"true"}}}`), "Syntax errors in policy."},
		{"no effect", wrap(`{"Action":"*","Resource":"*"}`), "Effect"},
		{"wrong effect", wrap(`{"Effect":"allow","Action":"*","Resource":"*"}`), "Syntax errors in policy."},
		{"no action", wrap(`{"Effect":"Allow","Resource":"*"}`), "must contain actions"},
		{"Action and NotAction", wrap(`{"Effect":"Allow","Action":"*","NotAction":"s3:*","Resource":"*"}`), "Syntax errors in policy."},
		{"Resource and NotResource", wrap(`{"Effect":"Allow","Action":"*","Resource":"*","NotResource":"*"}`), "Syntax errors in policy."},
		{"action without vendor", wrap(`{"Effect":"Allow","Action":"GetObject","Resource":"*"}`), "prefaced by a vendor"},
		{"vendor with a star", wrap(`{"Effect":"Allow","Action":"s*:GetObject","Resource":"*"}`), "Vendor s* is not valid"},
		{"resource that is no ARN", wrap(`{"Effect":"Allow","Action":"*","Resource":"bucket/*"}`), "must be in ARN format"},
		{"short ARN", wrap(`{"Effect":"Allow","Action":"*","Resource":"arn:aws:s3"}`), "must be in ARN format"},
		{"ARN with any vendor", wrap(`{"Effect":"Allow","Action":"*","Resource":"arn:aws:*:::x"}`), "Resource vendor must be fully qualified"},
		{"unknown operator", wrap(`{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"StringMatches":{"aws:username":"x"}}}`), "Invalid Condition type : StringMatches."},
		{"operator of the wrong case", wrap(`{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"stringequals":{"aws:username":"x"}}}`), "Invalid Condition type"},
		{"NullIfExists", wrap(`{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"NullIfExists":{"aws:username":"true"}}}`), "Invalid Condition type"},
		{"condition key without vendor", wrap(`{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"StringEquals":{"username":"x"}}}`), "prefaced by a vendor"},
		{"number that is none", wrap(`{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"NumericEquals":{"s3:max-keys":"x"}}}`), "Syntax errors in policy."},
		{"address that is none", wrap(`{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"IpAddress":{"aws:SourceIp":"203.0.113.0/33"}}}`), "Syntax errors in policy."},
		{"date that is none", wrap(`{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"DateEquals":{"aws:CurrentTime":"yesterday"}}}`), "Syntax errors in policy."},
		{"open variable", wrap(`{"Effect":"Allow","Action":"*","Resource":"arn:aws:s3:::${aws:username"}`), "Syntax errors in policy."},
		{"variable without vendor", wrap(`{"Effect":"Allow","Action":"*","Resource":"arn:aws:s3:::${username}"}`), "Syntax errors in policy."},
		{"same Sid", wrap(`{"Sid":"a","Effect":"Allow","Action":"*","Resource":"*"},{"Sid":"a","Effect":"Allow","Action":"*","Resource":"*"}`), "must be unique"},
		{"principal with a wildcard", wrap(`{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111111111111:role/*"},"Action":"*","Resource":"*"}`), "Invalid principal"},
		{"principal that is no ARN", wrap(`{"Effect":"Allow","Principal":{"AWS":"bob"},"Action":"*","Resource":"*"}`), "Invalid principal"},
		{"principal of an unknown kind", wrap(`{"Effect":"Allow","Principal":{"User":"bob"},"Action":"*","Resource":"*"}`), "Syntax errors in policy."},
		{"principal as a bare ARN", wrap(`{"Effect":"Allow","Principal":"` + carlos + `","Action":"*","Resource":"*"}`), "Syntax errors in policy."},
		{"canonical user", wrap(`{"Effect":"Allow","Principal":{"CanonicalUser":"abc"},"Action":"*","Resource":"*"}`), "not imitated"},
		{"NotPrincipal with Allow", wrap(`{"Effect":"Allow","NotPrincipal":{"AWS":"111111111111"},"Action":"*","Resource":"*"}`), "NotPrincipal"},
		{"too long", wrap(`{"Sid":"` + strings.Repeat("a", MaxBytes) + `","Effect":"Allow","Action":"*","Resource":"*"}`), "longer than"},
		{"too deep", strings.Repeat("[", 100), "Syntax errors in policy."},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := Parse([]byte(tt.policy))
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
}

//standin:refuses policies: condition keys that no request here can have | IAM user guide reference_policies_condition-keys
func TestCheck(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, statement string
		kind            Kind
		want            string // "" is taken
	}{
		{"identity", allowPut, Identity, ""},
		{"identity with principal", grantTo("Allow", home), Identity, "should not specify a principal"},
		{"identity without resource", `{"Effect":"Allow","Action":"s3:*"}`, Identity, "must contain resources"},
		{"resource", grantTo("Allow", home), Resource, ""},
		{"resource without principal", allowPut, Resource, "Missing required field Principal"},
		{"trust", `{"Effect":"Allow","Principal":{"AWS":"111111111111"},"Action":"sts:AssumeRole"}`, Trust, ""},
		{"trust with resource", `{"Effect":"Allow","Principal":{"AWS":"111111111111"},"Action":"sts:AssumeRole","Resource":"*"}`, Trust, "prohibited field Resource"},
		{"trust of another service's action", `{"Effect":"Allow","Principal":{"AWS":"111111111111"},"Action":"s3:*"}`, Trust, "STS AssumeRole"},
		{"unknown key", `{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"StringEquals":{"aws:PrincipalOrgID":"o-1"}}}`, Identity, "aws:principalorgid is not imitated"},
		{"family without a member", `{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"StringEquals":{"aws:PrincipalTag/":"x"}}}`, Identity, "not imitated"},
		{"family with a member", `{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"StringEquals":{"aws:PrincipalTag/Team":"x"}}}`, Identity, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			err := statements(t, tt.statement).Check(tt.kind)
			if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
	t.Run("identity needs the current version", func(t *testing.T) {
		t.Parallel()
		if err := must(t, `{"Statement":`+allowPut+`}`).Check(Identity); err == nil {
			t.Error("taken without a version")
		}
	})
}

func TestGlobIsLinear(t *testing.T) {
	t.Parallel()
	// A naive matcher needs longer than the universe has.
	if globOf(strings.Repeat("a*", 30) + "b").match(strings.Repeat("a", 20_000)) {
		t.Error("matched")
	}
}

func FuzzParse(f *testing.F) {
	f.Add(`{"Version":"2012-10-17","Statement":[` + allowPut + `]}`)
	f.Add(`{"Version":"2012-10-17","Statement":[` + grantTo("Deny", "*") + `]}`)
	f.Add(`{"Statement":{"Effect":"Allow","NotAction":["a:b"],"NotResource":"arn:aws:s3:*","Condition":{"ForAnyValue:StringLikeIfExists":{"aws:tagkeys":["${aws:username, 'x'}",1,true]}}}}`)
	f.Add(`{"Version":"2012-10-17","Statement":[{"Effect":"Deny","NotPrincipal":{"AWS":["111111111111"]},"Action":"*","Resource":"arn:aws:s3:::${*}${aws:userid}/*"}]}`)
	f.Fuzz(func(t *testing.T, text string) {
		d, err := Parse([]byte(text))
		if err != nil {
			return
		}
		// What was taken can be kept and read again, and decides the same.
		var again Document
		kept, err := json.Marshal(d)
		if err != nil {
			t.Fatal(err)
		}
		if strings.ToValidUTF8(text, "") == text {
			if err := json.Unmarshal(kept, &again); err != nil {
				t.Fatalf("%q is taken once but not twice: %v", text, err)
			}
		}
		q := Question{
			Request:         Request{Principal: Principal{Account: home, ARN: carlos}, Action: "s3:PutObject", Resource: putARN, Context: Context{"aws:username": {"bob"}, "aws:tagkeys": {"a", "b"}}},
			ResourceAccount: home, Identity: []*Document{d}, ResourcePolicy: d,
		}
		got := Decide(q)
		// A deny on everything beats whatever the document says.
		q.Session = []*Document{mustFuzz(t)}
		if denied := Decide(q); denied.Allowed {
			t.Errorf("%q: %+v with a deny on everything, %+v without", text, denied, got)
		}
	})
}

func mustFuzz(t *testing.T) *Document {
	return must(t, `{"Version":"2012-10-17","Statement":{"Effect":"Deny","Action":"*","Resource":"*"}}`)
}
