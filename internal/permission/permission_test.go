package permission_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/sealift/sealift/internal/permission"
	"github.com/sealift/sealift/job"
)

const move = `version: 1
source:
  cluster: prod-dw
  region: eu-west-1
  database: analytics
  user: etl_reader
  assume_role: arn:aws:iam::111111111111:role/sealift-source
  external_id: 7c1f-4e0a
  s3_role: arn:aws:iam::111111111111:role/redshift-unload
  door: {security_group: sg-0a1b2c3d, address: auto, ttl: 30m}
target:
  cluster: dev
  region: eu-west-1
  database: analytics
  user: etl_writer
  assume_role: arn:aws:iam::222222222222:role/sealift-target
  external_id: 9d2e-5f1b
  s3_role: arn:aws:iam::222222222222:role/redshift-copy,arn:aws:iam::333333333333:role/staging-read
stage: {url: "s3://corp-sealift/prod-to-dev", region: eu-west-1, kms_key: alias/sealift, owner: "333333333333"}
tables: [sales.*]
`

func parse(tb testing.TB, text string) *job.Job {
	tb.Helper()
	j, err := job.Parse("job.yaml", []byte(text), func(string) (string, bool) { return "", false })
	if err != nil {
		tb.Fatal(err)
	}
	return j
}

func list(tb testing.TB, text string, o permission.Options) *permission.List {
	tb.Helper()
	l, err := permission.Of(parse(tb, text), o)
	if err != nil {
		tb.Fatal(err)
	}
	return l
}

// Who needs what of a move between accounts: each statement with its reason, narrow resources, and each role once.
func TestAMoveBetweenAccounts(t *testing.T) {
	t.Parallel()
	l := list(t, move, permission.Options{})
	var roles []string
	for _, r := range l.Roles {
		roles = append(roles, r.Account()+" "+r.Name())
	}
	want := "333333333333 sealift-loader, 111111111111 sealift-source, 111111111111 sealift-door, 111111111111 redshift-unload, " +
		"222222222222 sealift-target, 222222222222 redshift-copy, 333333333333 staging-read"
	if got := strings.Join(roles, ", "); got != want {
		t.Errorf("roles %s\nwant  %s", got, want)
	}
	for who, wants := range map[permission.Who][]string{
		permission.Loader: {
			`"Resource":"arn:aws:s3:::corp-sealift/prod-to-dev/*"`, `"Resource":"` + permission.StageKey + `"`, `"kms:ViaService":"s3.eu-west-1.amazonaws.com"`,
			`"Resource":"arn:aws:iam::111111111111:role/sealift-source"`, `"Resource":"arn:aws:iam::222222222222:role/sealift-target"`,
		},
		permission.Source: {
			`"Resource":["arn:aws:redshift:eu-west-1:111111111111:dbuser:prod-dw/etl_reader","arn:aws:redshift:eu-west-1:111111111111:dbname:prod-dw/analytics"]`,
			`"Resource":"arn:aws:ec2:eu-west-1:111111111111:security-group/sg-0a1b2c3d"`, `"aws:ResourceTag/sealift":"door"`,
			`"Resource":"arn:aws:iam::111111111111:role/sealift-door"`,
		},
		permission.Unload:  {`"Action":"s3:PutObject","Resource":"arn:aws:s3:::corp-sealift/prod-to-dev/*"`},
		permission.CopyHop: {`"Action":"sts:AssumeRole","Resource":"arn:aws:iam::333333333333:role/staging-read"`},
		permission.Copy:    {`"Action":"s3:GetObject","Resource":"arn:aws:s3:::corp-sealift/prod-to-dev/*"`, `"Action":"kms:Decrypt"`},
	} {
		text := compact(t, permission.Document(l.Of(who)))
		for _, want := range wants {
			if !strings.Contains(text, want) {
				t.Errorf("%s has no %s\n%s", who, want, text)
			}
		}
	}
	for arn, want := range map[string]string{
		"arn:aws:iam::111111111111:role/sealift-source":  `"Principal":{"AWS":"arn:aws:iam::333333333333:root"},"Action":"sts:AssumeRole","Condition":{"ArnEquals":{"aws:PrincipalArn":"arn:aws:iam::333333333333:role/sealift-loader"},"StringEquals":{"sts:ExternalId":"7c1f-4e0a"}}`,
		"arn:aws:iam::111111111111:role/redshift-unload": `"Principal":{"Service":"redshift.amazonaws.com"},"Action":"sts:AssumeRole","Condition":{"StringEquals":{"sts:ExternalId":"arn:aws:redshift:eu-west-1:111111111111:dbuser:prod-dw/etl_reader"}}`,
		"arn:aws:iam::333333333333:role/staging-read":    `"aws:PrincipalArn":"arn:aws:iam::222222222222:role/redshift-copy"`,
		"arn:aws:iam::111111111111:role/sealift-door":    `"Service":"scheduler.amazonaws.com"`,
		"arn:aws:iam::333333333333:role/sealift-loader":  `"Service":"ec2.amazonaws.com"`,
	} {
		r, ok := l.Role(arn)
		if text := compact(t, permission.Document(r.Trust)); !ok || !strings.Contains(text, want) {
			t.Errorf("%s: %s\nwants %s", arn, text, want)
		}
	}
	sane(t, l)
}

// sane holds every statement to what is promised of all.
func sane(tb testing.TB, l *permission.List) {
	tb.Helper()
	for _, r := range l.Roles {
		sids := map[string]bool{}
		for _, s := range r.Statements {
			wide := slices.ContainsFunc(s.Resources, func(arn string) bool {
				return arn == "*" || strings.HasSuffix(arn, ":key/*") || strings.HasSuffix(arn, "/*") && !strings.Contains(arn, ":s3:::")
			})
			switch {
			case s.Why == "" || s.Promise == "" || len(s.Commands) == 0 || sids[s.Sid]:
				tb.Errorf("%s %s: no reason, no promise, no command, or twice: %+v", r.ARN, s.Sid, s)
			case wide && s.Wide == "":
				tb.Errorf("%s %s: %v is wide, and no reason is told", r.ARN, s.Sid, s.Resources)
			case slices.ContainsFunc(s.Actions, func(a string) bool { return strings.Contains(a, "*") }):
				tb.Errorf("%s %s: %v", r.ARN, s.Sid, s.Actions)
			}
			sids[s.Sid] = true
		}
	}
}

func compact(tb testing.TB, text string) string {
	tb.Helper()
	var v any
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		tb.Fatal(err)
	}
	var b strings.Builder
	for line := range strings.Lines(text) {
		b.WriteString(strings.Replace(strings.TrimSpace(line), "\": ", "\":", 1))
	}
	return b.String()
}

// Through the Data API, what logs in needs the same, no address is looked up, and statements are run by AWS.
func TestTheDataAPI(t *testing.T) {
	t.Parallel()
	over, through := list(t, move, permission.Options{}), list(t, strings.Replace(move, "  door: {security_group: sg-0a1b2c3d, address: auto, ttl: 30m}\n", "  auth: data-api\n", 1), permission.Options{})
	sane(t, through)
	for action, want := range map[string][2]int{
		"redshift:DescribeClusters": {1, 0}, "redshift:GetClusterCredentials": {1, 1},
		"redshift-data:ExecuteStatement": {0, 1}, "redshift-data:DescribeStatement": {0, 1}, "redshift-data:ListStatements": {0, 1},
	} {
		if got := [2]int{len(over.Lacking(permission.Source, action)), len(through.Lacking(permission.Source, action))}; got != want {
			t.Errorf("%s: %v statements, not %v", action, got, want)
		}
	}
}

// What is lacking is found by action and part, for whoever tells people what to grant.
func TestLacking(t *testing.T) {
	t.Parallel()
	l := list(t, move, permission.Options{})
	found := l.Lacking(permission.Source, "redshift:GetClusterCredentials")
	if len(found) != 1 || found[0].Sid != "LogInSource" || l.As(permission.Source) != "arn:aws:iam::111111111111:role/sealift-source" {
		t.Errorf("%+v as %s", found, l.As(permission.Source))
	}
	if found := l.Lacking(permission.Copy, "s3:PutObject"); len(found) > 0 {
		t.Errorf("COPY writes: %+v", found)
	}
}

// What cannot be is said with what to write.
func TestMistakes(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		old, new, want string
		options        permission.Options
	}{
		"no account":            {old: `, owner: "333333333333"`, want: `stage.owner: which account the bucket is in is not said; write owner: "111122223333"`},
		"a wildcard":            {options: permission.Options{Loader: "arn:aws:iam::*:role/x"}, want: `--loader: "arn:aws:iam::*:role/x" is not the ARN of one role or user, without wildcards`},
		"two points":            {old: "corp-sealift", new: "corp..sealift", want: `stage.url: "corp..sealift" is no name of a bucket: two points stand together`},
		"an address":            {old: "corp-sealift", new: "10.0.0.1", want: "it is an address"},
		"a reserved name":       {old: "corp-sealift", new: "xn--corp", want: "names do not begin with xn--"},
		"another's alias":       {old: "alias/sealift", new: "arn:aws:kms:eu-west-1:444444444444:alias/x", want: "is the alias of another account's key, and a policy cannot name an alias; write the key's ARN: arn:aws:kms:eu-west-1:444444444444:key/12345678-"},
		"alias, loader abroad":  {options: permission.Options{Loader: "arn:aws:iam::444444444444:role/x"}, want: "stage.kms_key: alias/sealift is looked up in account 444444444444, who runs Sealift, and the bucket is account 333333333333's; write the key's ARN"},
		"key of another region": {old: "alias/sealift", new: "arn:aws:kms:us-east-1:333333333333:key/12345678-1234-1234-1234-123456789012", want: "is a key of us-east-1, and the bucket is in eu-west-1"},
		"s3_role's order": {
			old: "role/redshift-unload", new: "role/redshift-unload\n  account: '444444444444'\n  #",
			want: "source.s3_role: a chain begins with the role that is attached to the warehouse, of its account, 444444444444, and none of it is",
		},
		"s3_role the wrong way round": {
			old:  "arn:aws:iam::222222222222:role/redshift-copy,arn:aws:iam::333333333333:role/staging-read",
			new:  "arn:aws:iam::333333333333:role/staging-read,arn:aws:iam::222222222222:role/redshift-copy",
			want: "target.s3_role: a chain begins with the role that is attached to the warehouse, of its account, 222222222222; write arn:aws:iam::222222222222:role/redshift-copy,arn:aws:iam::333333333333:role/staging-read",
		},
		"assume_role the wrong way round": {
			old: "assume_role: arn:aws:iam::111111111111:role/sealift-source", new: "account: '111111111111'\n  assume_role: arn:aws:iam::111111111111:role/sealift-source,arn:aws:iam::333333333333:role/hop",
			want: "source.assume_role: a chain ends with the role in the warehouse's account, 111111111111; write arn:aws:iam::333333333333:role/hop,arn:aws:iam::111111111111:role/sealift-source",
		},
		"no external id": {old: "  external_id: 7c1f-4e0a\n", options: permission.Options{Fresh: func() string { return "abc-1" }}, want: "source.external_id: is missing: arn:aws:iam::333333333333:role/sealift-loader, of another account, takes arn:aws:iam::111111111111:role/sealift-source, which should ask for an id that nobody else knows; write external_id: abc-1"},
		"whose tokens":   {old: "  external_id: 7c1f-4e0a\n", new: "  web_identity_token_file: /t\n", want: "source.web_identity_token_file: whose tokens take the role is not in a job; say so: --issuer"},
		"two partitions": {old: "arn:aws:iam::222222222222:role/sealift-target", new: "arn:aws-cn:iam::222222222222:role/sealift-target", want: "is of the partition aws-cn, and others of aws"},
		"state":          {options: permission.Options{State: "s3://X"}, want: `--state-dir: "s3://X" is not s3://BUCKET/PREFIX`},
		"reseal from":    {options: permission.Options{ResealFrom: []string{"old/"}}, want: `--reseal-from: "old/" is not s3://BUCKET/PREFIX`},
		"reseal to":      {options: permission.Options{ResealTo: []string{"s3://corp-new"}}, want: `--reseal-to: "s3://corp-new" is not s3://BUCKET/PREFIX`},
		"a key in clear": {options: permission.Options{ResealKey: "c2l4dGVlbiBhbmQgc2l4dGVlbiBtYWtlIDMyIGJ5dGU="}, want: `--reseal-key: does not say where the key is: secretsmanager:ARN`},
		"unload to":      {options: permission.Options{UnloadTo: []string{"s3://corp-out"}}, want: `--unload-to: "s3://corp-out" is not s3://BUCKET/PREFIX`},
	} {
		text := strings.Replace(move, c.old, c.new, 1)
		_, err := permission.Of(parse(t, text), c.options)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v\nwant %s", name, err, c.want)
		}
	}
}
