// Package setup writes documents for administrators: the KMS key, the bucket and the roles that a job needs, each permission
// with what it is for. What is needed is decided by package permission; here it becomes resources (Of), and these become a
// CloudFormation template, a Terraform configuration, a script of aws commands, or JSON.
//
// The package is pure: it reads a job and answers text. What exists already is another's matter, and compared in Diff.
package setup

import (
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/sealift/sealift/internal/permission"
	"github.com/sealift/sealift/job"
)

// For is the part of a job that a document is for: the administrators of different accounts need different ones.
type For string

// The parts. All of them together are what one template for several accounts has.
const (
	Source For = "source"
	Target For = "target"
	Loader For = "loader"
	Stage  For = "stage"
	All    For = "all"
)

// Parts in the order in which they can be made: the key is named by what comes after it.
func Parts() []For { return []For{Stage, Loader, Source, Target, All} }

// Options of a document.
type Options struct {
	permission.Options
	For For
	// Instance makes an EC2 instance that runs the job once and terminates itself. Optional.
	Instance *Instance
}

// Setup is what is to exist, all of it in the order in which it can be made.
type Setup struct {
	Job      string // as messages name it
	For      For
	List     *permission.List
	Key      *Key
	Bucket   *Bucket
	Roles    []Role
	Provider []Provider
	Instance *Instance
}

// Key is the KMS key that everything is staged under.
type Key struct {
	Account, Region string
	Alias           string
	ARN             string // of a key that is there already; "" for one that is made
	Policy          []permission.Statement
}

// Bucket is where data is staged.
type Bucket struct {
	Account, Region, Name string
	Policy                []permission.Statement
	Lifecycle             []Rule
}

// Rule is one of a bucket's lifecycle.
type Rule struct {
	ID     string
	Prefix string // of keys
	Days   int    // after which objects expire; 0 for never
	Old    int    // days after which versions that were replaced go
	Abort  int    // days after which unfinished uploads go
	Why    string
}

// Role is one to make, or a user that gets a policy.
type Role struct {
	permission.Role
	// Profile says that instances can have the role.
	Profile bool
	// Attach are the warehouses to which the role is attached.
	Attach []permission.Warehouse
	// Session is the longest that a session may last, in seconds.
	Session int
}

// ManagedPolicy is the ARN of the policy that a user gets: inline, a user has room for too little.
func (r Role) ManagedPolicy() string {
	return r.ARN[:strings.LastIndexByte(r.ARN, ':')+1] + "policy/" + PolicyName + "-" + r.Name()
}

// Provider is an identity provider whose tokens take roles.
type Provider struct{ Account, Issuer, Audience string }

// usualSession is how long sessions of a role may last where nobody says so (IAM API, CreateRole).
const usualSession = 3600

// PolicyName of what roles get.
const PolicyName = "sealift"

// Of decides what is to exist for a job.
func Of(j *job.Job, o Options) (*Setup, error) {
	l, err := permission.Of(j, o.Options)
	if err != nil {
		return nil, err
	}
	s := &Setup{Job: j.File, For: o.For, List: l}
	if s.is(Stage) {
		s.Key, s.Bucket = key(l), bucket(l)
	}
	for _, r := range l.Roles {
		if s.is(s.partOf(r)) {
			s.Roles = append(s.Roles, s.role(r))
		}
	}
	s.providers()
	if o.Instance != nil {
		if !s.is(Loader) {
			return nil, fmt.Errorf("an instance is part of the loader: --for %s or --for %s", Loader, All)
		}
		if s.Instance, err = o.Instance.of(j, l); err != nil {
			return nil, err
		}
	}
	return s, s.check()
}

func (s *Setup) is(part For) bool { return s.For == All || s.For == part }

// partOf is the part that a role belongs to: whoever runs Sealift, what works in the account of a warehouse, or, as what reads the
// stage for a warehouse of another account, the stage.
func (s *Setup) partOf(r permission.Role) For {
	l := s.List
	sides := []struct {
		part For
		at   *permission.Warehouse
		who  []permission.Who
	}{
		{Source, l.Source, []permission.Who{permission.Source, permission.SourceHop, permission.Unload, permission.UnloadHop, permission.SourceCloser}},
		{Target, l.Target, []permission.Who{permission.Target, permission.TargetHop, permission.Copy, permission.CopyHop, permission.TargetCloser}},
	}
	if r.Is(permission.Loader) {
		return Loader
	}
	for _, side := range sides {
		if side.at != nil && side.at.Account == r.Account() && slices.ContainsFunc(side.who, r.Is) {
			return side.part
		}
	}
	if r.Account() == l.Stage.Account {
		return Stage
	}
	if slices.ContainsFunc(sides[0].who, r.Is) {
		return Source
	}
	return Target
}

func (s *Setup) role(r permission.Role) Role {
	out := Role{Role: r, Profile: r.Is(permission.Loader) && !r.IsUser(), Session: usualSession}
	for _, w := range []*permission.Warehouse{s.List.Source, s.List.Target} {
		if w == nil {
			continue
		}
		if w.Attached == r.ARN {
			out.Attach = append(out.Attach, *w)
		}
		// The job was parsed: what is no duration is not there.
		if d, err := time.ParseDuration(w.Spec.RoleDuration); err == nil && strings.HasSuffix(w.Spec.AssumeRole, r.ARN) {
			out.Session = max(out.Session, int(d.Seconds()))
		}
	}
	return out
}

func (s *Setup) providers() {
	for _, r := range s.Roles {
		for _, t := range r.Trust {
			for _, p := range t.Principals {
				if p.Kind != "Federated" {
					continue
				}
				_, issuer, _ := strings.Cut(p.Values[0], "oidc-provider/")
				one := Provider{Account: r.Account(), Issuer: issuer}
				for _, c := range t.Conditions {
					if strings.HasSuffix(c.Key, ":aud") {
						one.Audience = c.Values[0]
					}
				}
				if !slices.Contains(s.Provider, one) {
					s.Provider = append(s.Provider, one)
				}
			}
		}
	}
}

// Accounts in which something is to exist, in the order of what is made.
func (s *Setup) Accounts() []string {
	var all []string
	add := func(account string) {
		if !slices.Contains(all, account) {
			all = append(all, account)
		}
	}
	if s.Key != nil && s.Key.ARN == "" {
		add(s.Key.Account)
	}
	if s.Bucket != nil {
		add(s.Bucket.Account)
	}
	for _, r := range s.Roles {
		add(r.Account())
	}
	return all
}

// namesKey tells whether something outside of the key's account names the key.
func (s *Setup) namesKeyIn(account string) bool {
	return slices.ContainsFunc(s.Roles, func(r Role) bool {
		return r.Account() == account && slices.ContainsFunc(r.Statements, NamesKey)
	})
}

// NamesKey tells whether a statement is about the stage's key, whose ARN is not known.
func NamesKey(t permission.Statement) bool {
	return slices.Contains(t.Resources, permission.StageKey) ||
		slices.ContainsFunc(t.Conditions, func(c permission.Condition) bool { return slices.Contains(c.Values, permission.StageKey) })
}

// rootOf is how a policy names a whole account.
func rootOf(l *permission.List, account string) permission.Principal {
	return permission.Principal{Kind: "AWS", Values: []string{"arn:" + l.Partition + ":iam::" + account + ":root"}}
}

// administration is what the console's own policy gives to those who administer a key, without grants: by one, an administrator
// could lend the key's use to anybody.
var administration = []string{
	"kms:CancelKeyDeletion", "kms:CreateAlias", "kms:Delete*", "kms:Describe*", "kms:Disable*", "kms:Enable*", "kms:Get*", "kms:List*",
	"kms:PutKeyPolicy", "kms:RevokeGrant", "kms:ScheduleKeyDeletion", "kms:TagResource", "kms:UntagResource", "kms:Update*",
}

// key is the stage's key, with a policy that lets each role do with it what that role's own policy says, and nobody else anything.
func key(l *permission.List) *Key {
	k := &Key{Account: l.Stage.KeyAccount(), Region: l.Stage.Region, Alias: l.Stage.Alias}
	if l.Stage.KeyARN != permission.StageKey {
		k.ARN = l.Stage.KeyARN
	}
	k.Policy = []permission.Statement{{
		Sid: "Administration", Principals: []permission.Principal{rootOf(l, k.Account)}, Actions: administration, Resources: []string{"*"},
		Why:  "administrators of the account, by their own policies, can do everything with the key but use it, and lend its use to nobody",
		Wide: "in a key's own policy, * is that key",
	}}
	for _, r := range l.Roles {
		for _, s := range r.Statements {
			if !slices.Contains(s.Resources, l.Stage.KeyARN) && !s.AnyKey {
				continue
			}
			if r.Account() == k.Account && slices.Equal(s.Actions, []string{"kms:DescribeKey"}) {
				continue // to describe it is part of the administration, which is left to the account's policies
			}
			s.Sid = word(r.Name()) + s.Sid
			s.Resources, s.Wide = []string{"*"}, "in a key's own policy, * is that key"
			s.Principals = []permission.Principal{rootOf(l, r.Account())}
			s.Conditions = append([]permission.Condition{{Operator: "ArnEquals", Key: "aws:PrincipalArn", Values: []string{r.ARN}}}, s.Conditions...)
			k.Policy = append(k.Policy, s)
		}
	}
	return k
}

// word makes a name out of letters and digits of one with others, as Sid and CloudFormation want it.
func word(name string) string {
	var b strings.Builder
	up := true
	for _, c := range name {
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') {
			up = true
			continue
		}
		if up {
			c = []rune(strings.ToUpper(string(c)))[0]
		}
		up = false
		b.WriteRune(c)
	}
	return b.String()
}

// The days after which the bucket itself removes what a run that was lost left, in case nobody runs sealift clean. A run is
// over long before.
const (
	leftover = 7
	kept     = 30 // what a job keeps on purpose after a failure
)

func bucket(l *permission.List) *Bucket {
	s := l.Stage
	b := &Bucket{Account: s.Account, Region: s.Region, Name: s.Bucket}
	arn := "arn:" + l.Partition + ":s3:::" + s.Bucket
	everybody := []permission.Principal{{Kind: "*"}}
	deny := func(sid, why string, actions, resources []string, c permission.Condition) {
		b.Policy = append(b.Policy, permission.Statement{
			Sid: sid, Deny: true, Principals: everybody, Actions: actions, Resources: resources, Conditions: []permission.Condition{c}, Why: why,
			Promise: "nothing staged in clear",
		})
	}
	put, whole := []string{"s3:PutObject"}, []string{arn, arn + "/*"}
	deny("EncryptedOnly", "what is not SSE-KMS is refused, also where the request says nothing",
		put, []string{arn + "/*"}, permission.Condition{Operator: "StringNotEquals", Key: "s3:x-amz-server-side-encryption", Values: []string{"aws:kms"}})
	deny("ThisKeyOnly", "what is under another key is refused",
		put, []string{arn + "/*"}, permission.Condition{Operator: "StringNotEquals", Key: "s3:x-amz-server-side-encryption-aws-kms-key-id", Values: []string{s.KeyARN}})
	deny("SecureTransportOnly", "nothing is said in clear",
		[]string{"s3:*"}, whole, permission.Condition{Operator: "Bool", Key: "aws:SecureTransport", Values: []string{"false"}})
	deny("RecentTLSOnly", "nothing older than TLS 1.2 is spoken",
		[]string{"s3:*"}, whole, permission.Condition{Operator: "NumericLessThan", Key: "s3:TlsVersion", Values: []string{"1.2"}})
	var named []string
	for _, r := range l.Roles {
		own := onBucket(r, arn)
		if len(own) > 0 {
			named = append(named, r.ARN)
		}
		if r.Account() == s.Account {
			continue // its own policy is enough within one account
		}
		for _, t := range own {
			t.Sid = word(r.Name()) + t.Sid
			t.Principals = []permission.Principal{rootOf(l, r.Account())}
			t.Conditions = append([]permission.Condition{{Operator: "ArnEquals", Key: "aws:PrincipalArn", Values: []string{r.ARN}}}, t.Conditions...)
			b.Policy = append(b.Policy, t)
		}
	}
	deny("NamedOnly", "nobody else reads or writes objects, whatever policies of the account say; administrators can still remove them, and change this policy",
		[]string{"s3:GetObject", "s3:GetObjectVersion", "s3:PutObject"}, []string{arn + "/*"}, permission.Condition{Operator: "ArnNotEquals", Key: "aws:PrincipalArn", Values: named})
	b.Lifecycle = lifecycle(s)
	return b
}

// onBucket are the statements of a role about the stage's bucket.
func onBucket(r permission.Role, arn string) []permission.Statement {
	return slices.DeleteFunc(slices.Clone(r.Statements), func(s permission.Statement) bool {
		return !slices.ContainsFunc(s.Resources, func(x string) bool { return x == arn || strings.HasPrefix(x, arn+"/") })
	})
}

// lifecycle removes what was left. Folders of runs begin with the year, which nothing else below the stage's prefix does: the leases
// and what else lies there stay.
func lifecycle(s permission.Stage) []Rule {
	runs := path.Join(s.Prefix, "20")
	all := []Rule{{
		ID: "sealift-parts", Prefix: strings.TrimSuffix(runs, "20"), Old: 1, Abort: 1,
		Why: "unfinished uploads and versions that were replaced or deleted are of use to nobody",
	}}
	switch s.Keep {
	case "never", "":
		all = append(all, Rule{ID: "sealift-leftovers", Prefix: runs, Days: leftover, Why: "what a run that was lost has left, if nobody runs sealift clean"})
	case "on-failure":
		all = append(all, Rule{ID: "sealift-leftovers", Prefix: runs, Days: kept, Why: "what failed runs keep, because the job says keep: on-failure"})
	}
	return all
}

// The limits of documents: IAM User Guide, reference_iam-quotas; S3 User Guide, bucket-policies; KMS developer guide, resource-limits.
// IAM does not count white space.
const (
	maxTrust   = 2048
	maxInline  = 10240
	maxManaged = 6144
	maxBucket  = 20 << 10
	maxKey     = 32 << 10
)

// check holds the documents against the limits.
func (s *Setup) check() error {
	fits := func(what string, all []permission.Statement, most int) error {
		// A key's ARN is longer than what stands for it.
		text := strings.ReplaceAll(permission.Document(all), permission.StageKey, strings.Repeat("x", len("arn:aws-us-gov:kms:us-gov-west-1:111111111111:key/12345678-1234-1234-1234-123456789012")))
		if n := len(strings.Join(strings.Fields(text), "")); n > most {
			return fmt.Errorf("%s would have %d characters, and AWS takes %d: use fewer roles, groups or paths in the job, or split it", what, n, most)
		}
		return nil
	}
	for _, r := range s.Roles {
		most := maxInline
		if r.IsUser() {
			most = maxManaged
		}
		if err := fits("the policy of "+r.ARN, r.Statements, most); err != nil {
			return err
		}
		if err := fits("the trust of "+r.ARN, r.Trust, maxTrust); err != nil {
			return err
		}
	}
	if s.Key != nil {
		if err := fits("the policy of the key", s.Key.Policy, maxKey); err != nil {
			return err
		}
	}
	if s.Bucket != nil {
		return fits("the policy of bucket "+s.Bucket.Name, s.Bucket.Policy, maxBucket)
	}
	return nil
}

// because says in lines what a statement is for: they become comments.
func because(s permission.Statement) []string {
	line := s.Sid + ": " + s.Why + "."
	if len(s.Commands) > 0 {
		line += " Needed by " + strings.Join(s.Commands, ", ") + "."
	}
	if s.Promise != "" {
		line += " Promise: " + s.Promise + "."
	}
	if s.Wide != "" {
		line += " Wide because " + s.Wide + "."
	}
	if s.Documented != "" {
		line += " Asked for by " + s.Documented + "."
	}
	return wrap(line, 110)
}

// wrap breaks a text into lines.
func wrap(text string, width int) []string {
	var lines []string
	line := ""
	for w := range strings.FieldsSeq(text) {
		if line != "" && len(line)+1+len(w) > width {
			lines, line = append(lines, line), ""
		}
		if line != "" {
			line += " "
		}
		line += w
	}
	return append(lines, line)
}
