package permission

import (
	"cmp"
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strings"

	"github.com/sealift/sealift/job"
	"github.com/sealift/sealift/plan"
)

// Options say what a job does not.
type Options struct {
	// Loader is the ARN of the role or user that runs Sealift. Default: the role sealift-loader in the account of stage.owner.
	Loader string
	// KeyARN is the stage's key, where the job names it by its alias or id. Default: StageKey stands for it.
	KeyARN string
	// State is the place of --state-dir, where that is in S3.
	State string
	// UnloadTo are the places in S3 that sealift unload writes to, beside what the job does.
	UnloadTo []string
	// ResealFrom are the archives in S3 that sealift reseal reads, by what their keys begin with, and ResealTo the places that it
	// writes to. ResealKey is where the archives' key is: secretsmanager:ARN or kms:BASE64; elsewhere it needs no permission.
	ResealFrom, ResealTo []string
	ResealKey            string
	// Issuer, Audience and Subject are those of web identity tokens, for a job with web_identity_token_file. The issuer is
	// named without https://.
	Issuer, Audience, Subject string
	// Fresh makes up an external id that nobody knows yet, to be proposed where one is missing. Optional: deciding knows no chance.
	Fresh func() string
}

// LoaderRole is the role that runs Sealift where nobody says otherwise.
const LoaderRole = "sealift-loader"

// List is what a job needs.
type List struct {
	Partition string // aws, aws-cn or aws-us-gov
	Stage     Stage
	Roles     []Role // the loader first, and each before those that it takes
	// Source and Target are the warehouses; nil for a job of files, which has no source.
	Source, Target *Warehouse
}

// Stage is the bucket and the key.
type Stage struct {
	Account string // that owns the bucket
	Region  string
	Bucket  string
	Prefix  string // without a slash at either end; "" for the whole bucket
	KeyARN  string // StageKey while it is not known
	Alias   string // of the key, where the job names it so: alias/NAME
	Keep    string
}

// KeyAccount is the account of the key: the bucket's, unless an ARN says otherwise.
func (s Stage) KeyAccount() string { return cmp.Or(Account(s.KeyARN), s.Account) }

// Warehouse is one side of the job.
type Warehouse struct {
	Side     string // source or target
	Account  string
	Region   string
	Spec     job.Warehouse
	Attached string // the role that is attached to it: the first of s3_role
}

// Of lists what a job needs. All mistakes are found at once; the error is job.Errors.
func Of(j *job.Job, o Options) (*List, error) {
	b := &builder{job: j, options: o, list: &List{}}
	b.settle()
	if len(b.mistakes) == 0 {
		b.build()
	}
	if len(b.mistakes) > 0 {
		return nil, b.mistakes
	}
	return b.list, nil
}

type builder struct {
	job      *job.Job
	options  Options
	list     *List
	loader   string // ARN
	mistakes job.Errors
}

func (b *builder) wrong(field, format string, args ...any) {
	b.mistakes = append(b.mistakes, &job.Error{File: b.job.File, Field: field, Msg: fmt.Sprintf(format, args...)})
}

var principalARN = regexp.MustCompile(`^arn:aws(-[a-z]+)*:iam::[0-9]{12}:(role|user)/[A-Za-z0-9_+=,.@/-]+$`)

// settle finds out whose account is whose, and what cannot be.
func (b *builder) settle() {
	j, o, l := b.job, b.options, b.list
	l.Stage = Stage{Account: j.Stage.Owner, Region: j.Stage.Region, Keep: j.Stage.Keep}
	l.Partition = b.partition()
	if o.Loader != "" && !principalARN.MatchString(o.Loader) {
		b.wrong("--loader", "%q is not the ARN of one role or user, without wildcards: arn:aws:iam::111122223333:role/NAME", o.Loader)
		return
	}
	b.loader = o.Loader
	if l.Stage.Account == "" {
		l.Stage.Account = Account(b.loader) // the job's own default
	}
	if l.Stage.Account == "" {
		b.wrong("stage.owner", "which account the bucket is in is not said; write owner: \"111122223333\" under stage, or say who runs Sealift: --loader arn:aws:iam::111122223333:role/NAME")
		return
	}
	b.loader = cmp.Or(b.loader, b.arn("iam", "", l.Stage.Account, "role/"+LoaderRole))
	b.stage()
	l.Source = b.warehouse("source", &j.Source)
	l.Target = b.warehouse("target", &j.Target)
}

// partition is that of the first ARN in the job, else the region's.
func (b *builder) partition() string {
	for _, arn := range []string{b.options.Loader, b.job.Source.S3Role, b.job.Target.S3Role} {
		if p := field(arn, 1); p != "" {
			return p
		}
	}
	switch region := b.job.Stage.Region; {
	case strings.HasPrefix(region, "cn-"):
		return china
	case strings.HasPrefix(region, "us-gov-"):
		return "aws-us-gov"
	default:
		return "aws"
	}
}

// arn is one of the job's partition.
func (b *builder) arn(service, region, account, resource string) string {
	return strings.Join([]string{"arn", b.list.Partition, service, region, account, resource}, ":")
}

func (b *builder) root(account string) string { return b.arn("iam", "", account, "root") }

func (b *builder) stage() {
	j, s := b.job.Stage, &b.list.Stage
	rest, _ := strings.CutPrefix(j.URL, "s3://")
	s.Bucket, s.Prefix, _ = strings.Cut(rest, "/")
	s.Prefix = strings.Trim(s.Prefix, "/")
	if why := badBucket(s.Bucket); why != "" {
		b.wrong("stage.url", "%q is no name of a bucket: %s", s.Bucket, why)
	}
	if j.KMSKey == plan.S3Managed {
		b.wrong("stage.kms_key", "setup is for a key of yours, and the stage is under S3's own; name a key: alias/sealift")
		return
	}
	s.KeyARN = StageKey
	if strings.HasPrefix(j.KMSKey, "alias/") {
		s.Alias = j.KMSKey
	}
	arn := cmp.Or(b.options.KeyARN, j.KMSKey)
	switch where := "stage.kms_key"; {
	case strings.HasPrefix(arn, "arn:") && strings.HasPrefix(Resource(arn), "alias/"):
		if s.Alias = Resource(arn); Account(arn) != s.Account {
			b.wrong(where, "%s is the alias of another account's key, and a policy cannot name an alias; write the key's ARN: %s", arn, b.keyARN(arn))
		}
	case strings.HasPrefix(arn, "arn:"):
		s.KeyARN = arn
		if region := field(arn, 3); region != s.Region {
			b.wrong(where, "%s is a key of %s, and the bucket is in %s; name a key of the bucket's region", arn, region, s.Region)
		}
	case Account(b.loader) != s.Account:
		b.wrong(where, "%s is looked up in account %s, who runs Sealift, and the bucket is account %s's; write the key's ARN: %s",
			arn, Account(b.loader), s.Account, b.keyARN("arn:::"+s.Region+":"+s.Account+":"))
	case s.Alias == "":
		s.KeyARN = b.arn("kms", s.Region, s.Account, "key/"+arn)
	}
	if k := b.options.KeyARN; k != "" && (!strings.HasPrefix(k, "arn:") || !strings.HasPrefix(Resource(k), "key/")) {
		b.wrong("--key-arn", "%q is not the ARN of a key: %s", k, b.keyARN("arn:::"+s.Region+":"+s.Account+":"))
	}
}

// keyARN shows what the ARN of a key looks like.
func (b *builder) keyARN(like string) string {
	return b.arn("kms", field(like, 3), Account(like), "key/12345678-1234-1234-1234-123456789012")
}

// badBucket says what is wrong with a bucket's name: S3 User Guide, General purpose bucket naming rules.
func badBucket(name string) string {
	_, err := netip.ParseAddr(name)
	begins := slices.IndexFunc(reservedPrefixes, func(p string) bool { return strings.HasPrefix(name, p) })
	ends := slices.IndexFunc(reservedSuffixes, func(p string) bool { return strings.HasSuffix(name, p) })
	switch {
	case !bucketName.MatchString(name):
		return "3 to 63 small letters, digits, points and hyphens, the first and last a letter or digit"
	case strings.Contains(name, ".."):
		return "two points stand together"
	case err == nil:
		return "it is an address"
	case begins >= 0:
		return "names do not begin with " + reservedPrefixes[begins]
	case ends >= 0:
		return "names do not end in " + reservedSuffixes[ends]
	default:
		return ""
	}
}

var (
	bucketName       = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$`)
	reservedPrefixes = []string{"xn--", "sthree-", "amzn-s3-demo-"}
	reservedSuffixes = []string{"-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3"}
)

// warehouse settles one side.
func (b *builder) warehouse(side string, w *job.Warehouse) *Warehouse {
	if w.Database == "" || w.Postgres != "" { // AWS has nothing to do with a PostgreSQL server
		return nil
	}
	out := &Warehouse{Side: side, Spec: *w, Region: w.Region, Account: w.Account}
	access, unload := chain(w.AssumeRole), chain(w.S3Role)
	out.Attached = unload[0]
	if len(access) > 0 {
		in := Account(access[len(access)-1])
		if out.Account == "" {
			out.Account = in
		}
		if in != out.Account {
			b.wrongOrder(side+".assume_role", access, out.Account, "a chain ends with the role in the warehouse's account, %s", true)
		}
	}
	if out.Account == "" {
		out.Account = Account(out.Attached) // only a role of the same account can be attached
	}
	if Account(out.Attached) != out.Account {
		b.wrongOrder(side+".s3_role", unload, out.Account, "a chain begins with the role that is attached to the warehouse, of its account, %s", false)
	}
	for _, arn := range slices.Concat(access, unload) {
		if p := field(arn, 1); p != b.list.Partition {
			b.wrong(side, "%s is of the partition %s, and others of %s; nothing reaches from one to another", arn, p, b.list.Partition)
		}
	}
	b.crossing(side, w, access)
	if w.WebIdentityTokenFile != "" && (b.options.Issuer == "" || b.options.Audience == "" || b.options.Subject == "") {
		b.wrong(side+".web_identity_token_file", "whose tokens take the role is not in a job; say so: --issuer token.actions.githubusercontent.com --audience sts.amazonaws.com --subject repo:corp/etl:ref:refs/heads/main")
	}
	return out
}

// crossing wants an external id where somebody of one account takes a role of another.
func (b *builder) crossing(side string, w *job.Warehouse, access []string) {
	if len(access) == 0 || w.ExternalID != "" {
		return
	}
	before := b.loader
	if len(access) > 1 {
		before = access[len(access)-2]
	} else if w.WebIdentityTokenFile != "" {
		return // the token's aud and sub take its place
	}
	if last := access[len(access)-1]; Account(before) != Account(last) {
		id := "TEXT"
		if b.options.Fresh != nil {
			id = b.options.Fresh()
		}
		b.wrong(side+".external_id", "is missing: %s, of another account, takes %s, which should ask for an id that nobody else knows; write external_id: %s", before, last, id)
	}
}

// wrongOrder says how a chain would be right.
func (b *builder) wrongOrder(field string, roles []string, account, rule string, last bool) {
	i := slices.IndexFunc(roles, func(r string) bool { return Account(r) == account })
	if i < 0 {
		b.wrong(field, rule+", and none of it is; correct it, or account", account)
		return
	}
	right := slices.Delete(slices.Clone(roles), i, i+1)
	if last {
		right = append(right, roles[i])
	} else {
		right = slices.Insert(right, 0, roles[i])
	}
	b.wrong(field, rule+"; write %s", account, strings.Join(right, ","))
}

// chain are the roles of a list as the job has it. A role's name may hold a comma; what follows one that divides is an ARN.
func chain(text string) []string {
	if text == "" {
		return nil
	}
	var roles []string
	for part := range strings.SplitSeq(text, ",") {
		if len(roles) > 0 && !strings.HasPrefix(part, "arn:") {
			roles[len(roles)-1] += "," + part
			continue
		}
		roles = append(roles, part)
	}
	return roles
}
