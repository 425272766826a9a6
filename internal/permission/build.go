package permission

import (
	"path"
	"slices"
	"strings"

	"github.com/sealift/sealift/plan"
)

// The commands that need a permission, as statements name them.
var (
	staging         = []string{"check", "copy", "load", "unload", "sync", "resume", "clean", "reseal"}
	keeping         = []string{"copy", "load", "unload", "sync", "resume", "verify", "clean", "runs", "show", "reseal"}
	delivering      = []string{"unload", "resume", "clean"}
	looking         = []string{"check", "plan", "copy", "load", "unload", "sync", "resume", "clean", "reseal"}
	filing          = []string{"load", "sync", "resume"}
	unloading       = []string{"check", "copy", "unload", "sync", "resume"}
	loadingResealed = []string{"reseal", "resume"}
	copying         = []string{"check", "copy", "load", "sync", "resume", "reseal"}
)

// entering are the commands that come into a warehouse of one side.
func entering(side string) []string {
	if side == "source" {
		return []string{"check", "plan", "copy", "unload", "sync", "resume", "verify", "clean", "scan", "mask"}
	}
	return []string{"check", "plan", "copy", "load", "sync", "resume", "verify", "clean", "reseal"}
}

// The promises, in the README's words.
const (
	whole    = "whole or untouched"
	verified = "exit 0 means verified"
	inClear  = "nothing staged in clear"
	noSecret = "no secret anywhere"
	closed   = "every door opened is closed"
	nothing  = "nothing left"
	least    = "least privilege"
)

// build lists all roles and their statements.
func (b *builder) build() {
	l := b.list
	b.role(b.loader, Loader)
	b.stageOfLoader()
	b.stateAndDeliveries()
	b.filesInS3()
	b.archives()
	b.maskKey()
	for _, side := range []struct {
		w                                        *Warehouse
		hop, access, unloadHop, unload, closerBy Who
	}{
		{l.Source, SourceHop, Source, UnloadHop, Unload, SourceCloser},
		{l.Target, TargetHop, Target, CopyHop, Copy, TargetCloser},
	} {
		if side.w == nil {
			continue
		}
		who := b.access(side.w, side.hop, side.access)
		b.lookUp(side.w, who, side.access)
		b.logIn(side.w, who, side.access)
		b.door(side.w, who, side.access, side.closerBy)
		b.data(side.w, side.unloadHop, side.unload)
	}
}

// role finds or makes the role of an ARN, and gives it a part.
func (b *builder) role(arn string, who Who) *Role {
	i := slices.IndexFunc(b.list.Roles, func(r Role) bool { return r.ARN == arn })
	if i < 0 {
		i = len(b.list.Roles)
		b.list.Roles = append(b.list.Roles, Role{ARN: arn})
	}
	r := &b.list.Roles[i]
	if !r.Is(who) {
		r.Who = append(r.Who, who)
	}
	return r
}

// allow adds a statement to a role. The same of two sides is one; others of the same name are told apart by a number.
func (b *builder) allow(arn string, s Statement) {
	r := b.role(arn, s.Who)
	name := s.Sid
	for n := '2'; ; n++ {
		i := slices.IndexFunc(r.Statements, func(o Statement) bool { return o.Sid == s.Sid })
		if i < 0 {
			r.Statements = append(r.Statements, s)
			return
		}
		if same(r.Statements[i], s) {
			return
		}
		s.Sid = name + string(n)
	}
}

// same tells whether two statements allow the same.
func same(a, b Statement) bool { return Document([]Statement{a}) == Document([]Statement{b}) }

// trust lets somebody take a role.
func (b *builder) trust(arn string, who Who, t Statement) {
	t.Who = who
	r := b.role(arn, who)
	for n := '2'; ; n++ {
		i := slices.IndexFunc(r.Trust, func(o Statement) bool { return o.Sid == t.Sid })
		if i < 0 {
			r.Trust = append(r.Trust, t)
			return
		}
		if same(r.Trust[i], t) {
			return
		}
		t.Sid = strings.TrimRight(t.Sid, "23456789") + string(n)
	}
}

// within names somebody by the root of its account and a condition, so that a policy can be put before whom it names is
// there: a policy that names somebody who is not is refused, and one that named somebody who was made anew means nobody.
func (b *builder) within(arns ...string) ([]Principal, []Condition) {
	var roots []string
	for _, arn := range arns {
		if root := b.root(Account(arn)); !slices.Contains(roots, root) {
			roots = append(roots, root)
		}
	}
	return []Principal{{"AWS", roots}}, []Condition{{"ArnEquals", "aws:PrincipalArn", arns}}
}

// objects is the ARN of all objects below a prefix of a bucket.
func (b *builder) objects(bucket, prefix string) string {
	return b.bucketARN(bucket) + "/" + path.Join(prefix, "*")
}

func (b *builder) bucketARN(bucket string) string { return b.arn("s3", "", "", bucket) }

// through limits a key to S3, and there to a bucket. S3 sets the encryption context: the object's ARN, or the bucket's where
// it has a Bucket Key (S3 User Guide, bucket-key).
func (b *builder) through(bucket string, below ...string) []Condition {
	contexts := []string{b.bucketARN(bucket)}
	for _, prefix := range below {
		contexts = append(contexts, b.objects(bucket, prefix))
	}
	return []Condition{
		{"StringEquals", "kms:ViaService", b.service("s3", b.list.Stage.Region)},
		{"StringLike", "kms:EncryptionContext:aws:s3:arn", contexts},
	}
}

// service names a service of a region as kms:ViaService has it. The manual shows no example for China, where names of hosts end
// otherwise: both are taken there.
func (b *builder) service(name, region string) []string {
	all := []string{name + "." + region + ".amazonaws.com"}
	if b.list.Partition == china {
		all = append(all, all[0]+".cn")
	}
	return all
}

const china = "aws-cn"

// instances is what EC2 calls itself to IAM.
func (b *builder) instances() string {
	if b.list.Partition == china {
		return "ec2.amazonaws.com.cn"
	}
	return "ec2.amazonaws.com"
}

// stageOfLoader is what whoever runs Sealift does with the stage itself, and never by a role of a warehouse's account.
func (b *builder) stageOfLoader() {
	s := b.list.Stage
	b.trustOfLoader()
	b.allow(b.loader, Statement{
		Sid: "StageList", Who: Loader, Commands: looking, Promise: nothing,
		Actions:   []string{"s3:ListBucket", "s3:ListBucketVersions", "s3:ListBucketMultipartUploads"},
		Resources: []string{b.bucketARN(s.Bucket)},
		Why:       "sees whether the bucket is there and its owner's, what UNLOAD left beside its manifest, and afterwards that no object, version or upload is left",
	})
	b.allow(b.loader, Statement{
		Sid: "StageObjects", Who: Loader, Commands: staging, Promise: inClear,
		Actions:   []string{"s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:DeleteObjectVersion", "s3:AbortMultipartUpload"},
		Resources: []string{b.objects(s.Bucket, s.Prefix)},
		Why:       "checks every staged object, writes the manifest that COPY reads, parts of files and the lease on the target, and removes all of it",
	})
	b.allow(b.loader, Statement{
		Sid: "StageKey", Who: Loader, Commands: staging, Promise: inClear,
		Actions: []string{"kms:GenerateDataKey", "kms:Decrypt"}, Resources: []string{s.KeyARN},
		Conditions: b.through(s.Bucket, s.Prefix),
		Why:        "reads UNLOAD's manifest, and writes manifests, parts and the lease, under the key and through S3 alone; an upload in parts needs both",
	})
	b.allow(b.loader, Statement{
		Sid: "StageKeyState", Who: Loader, Commands: looking, Promise: inClear,
		Actions: []string{"kms:DescribeKey"}, Resources: []string{s.KeyARN},
		Why: "finds the key behind its alias, and that it is enabled, before an UNLOAD begins",
	})
}

// trustOfLoader lets an EC2 instance run Sealift.
func (b *builder) trustOfLoader() {
	if strings.HasPrefix(Resource(b.loader), "user/") {
		return
	}
	b.trust(b.loader, Loader, Statement{
		Sid: "Instances", Principals: []Principal{{"Service", []string{b.instances()}}}, Actions: []string{"sts:AssumeRole"},
		Why: "an EC2 instance runs Sealift as this role; its credentials are temporary, and never in a file",
	})
}

// stateAndDeliveries are further places in S3 that options name.
func (b *builder) stateAndDeliveries() {
	s := b.list.Stage
	if bucket, prefix, ok := place(b.options.State); ok {
		where := b.objects(bucket, path.Join(prefix, "runs"))
		b.allow(b.loader, Statement{
			Sid: "StateList", Who: Loader, Commands: keeping, Promise: whole,
			Actions: []string{"s3:ListBucket"}, Resources: []string{b.bucketARN(bucket)},
			Why: "finds runs, and the parts of a run's journal",
		})
		b.allow(b.loader, Statement{
			Sid: "State", Who: Loader, Commands: keeping, Promise: whole,
			Actions: []string{"s3:GetObject", "s3:PutObject"}, Resources: []string{where},
			Why: "keeps plan, journal and receipt of each run where another machine finds them",
		})
		b.allow(b.loader, Statement{
			Sid: "StateKey", Who: Loader, Commands: keeping, Promise: inClear,
			Actions: []string{"kms:GenerateDataKey", "kms:Decrypt"}, Resources: []string{s.KeyARN}, Conditions: b.through(bucket, path.Join(prefix, "runs")),
			Why: "plan, journal and receipt are under the stage's key, too",
		})
	} else if b.options.State != "" {
		b.wrong("--state-dir", "%q is not s3://BUCKET/PREFIX", b.options.State)
	}
	for _, to := range b.options.UnloadTo {
		bucket, prefix, ok := place(to)
		if !ok || prefix == "" {
			b.wrong("--unload-to", "%q is not s3://BUCKET/PREFIX", to)
			continue
		}
		b.allow(b.loader, Statement{
			Sid: "OutList", Who: Loader, Commands: delivering, Promise: whole,
			Actions: []string{"s3:ListBucket", "s3:ListBucketVersions", "s3:ListBucketMultipartUploads"}, Resources: []string{b.bucketARN(bucket)},
			Why: "finds the bucket's region, that nothing is below the prefix yet, and what an unload left that failed or was killed",
		})
		b.allow(b.loader, Statement{
			Sid: "Out", Who: Loader, Commands: delivering, Promise: whole,
			Actions: []string{"s3:GetObject", "s3:PutObject", "s3:DeleteObjectVersion"}, Resources: []string{b.objects(bucket, prefix)},
			Why: "has S3 copy what was unloaded, checks each copy, writes the manifest last, and removes the copies of an unload that failed or was killed",
		})
		b.allow(b.loader, Statement{
			Sid: "OutParts", Who: Loader, Commands: delivering, Promise: whole, Documented: multipartDocs,
			Actions: []string{"s3:AbortMultipartUpload"}, Resources: []string{b.objects(bucket, prefix)},
			Why: "an object of more than 5 GB is copied in parts, which are removed when the unload fails or was killed",
		})
		b.allow(b.loader, Statement{
			Sid: "OutKey", Who: Loader, Commands: delivering[:2], Promise: inClear,
			Actions: []string{"kms:GenerateDataKey"}, Resources: []string{s.KeyARN}, Conditions: b.through(bucket, prefix),
			Why: "what is unloaded into S3 is under the stage's key",
		})
		b.allow(b.loader, Statement{
			Sid: "OutKeyParts", Who: Loader, Commands: delivering[:2], Promise: inClear, Documented: multipartDocs,
			Actions: []string{"kms:Decrypt"}, Resources: []string{s.KeyARN}, Conditions: b.through(bucket, prefix),
			Why: "S3 reads the parts of an object of more than 5 GB when it puts them together",
		})
	}
}

// place reads s3://BUCKET/PREFIX, with options behind it.
func place(url string) (bucket, prefix string, ok bool) {
	url, _, _ = strings.Cut(url, "?")
	rest, ok := strings.CutPrefix(url, "s3://")
	bucket, prefix, _ = strings.Cut(rest, "/")
	return bucket, strings.Trim(prefix, "/"), ok && badBucket(bucket) == ""
}

// filesInS3 are what a job loads from other places in S3.
func (b *builder) filesInS3() {
	for i, set := range b.job.Files {
		for _, url := range set.Path {
			if !strings.HasPrefix(url, "s3://") {
				continue
			}
			bucket, key, ok := place(url)
			if !ok {
				b.wrong("files["+string(rune('0'+i))+"].path", "%q names no bucket", url)
				continue
			}
			if at := strings.IndexAny(key, "*?["); at >= 0 {
				key = key[:at]
			}
			b.files(b.loader, Loader, "streams or copies the files", bucket, key)
			// Which files COPY reads where they are, only the bytes tell; not those that are said to be of another format.
			if set.Way == "place" || set.Way == "" && set.Format != "csv" && set.Format != "json" {
				b.files(b.copyRole(), Copy, "reads Parquet, and text that UNLOAD wrote, where it is", bucket, key)
			}
		}
	}
}

// archives are resealed: read where they are, and written under the stage's key to where COPY reads them.
func (b *builder) archives() {
	statement := func(sid, promise, why, resource string, actions ...string) Statement {
		return Statement{Sid: sid, Who: Loader, Commands: []string{"reseal"}, Promise: promise, Actions: actions, Resources: []string{resource}, Why: why}
	}
	for _, from := range b.options.ResealFrom {
		bucket, prefix, ok := place(from)
		if !ok {
			b.wrong("--reseal-from", "%q is not s3://BUCKET/PREFIX", from)
			continue
		}
		if path, _, _ := strings.Cut(from, "?"); prefix != "" && strings.HasSuffix(path, "/") {
			prefix += "/" // a folder, and not all that begins as its name does
		}
		b.allow(b.loader, statement("ArchiveList", whole, "finds the objects of an archive", b.bucketARN(bucket), "s3:ListBucket"))
		b.allow(b.loader, statement("Archive", whole, "reads what was encrypted on the client's side, and its envelope", b.bucketARN(bucket)+"/"+prefix+"*", "s3:GetObject"))
	}
	for _, to := range b.options.ResealTo {
		bucket, prefix, ok := place(to)
		if !ok || prefix == "" {
			b.wrong("--reseal-to", "%q is not s3://BUCKET/PREFIX", to)
			continue
		}
		b.allow(b.loader, statement("ResealedList", whole, "sees whether the bucket is there, and which objects an earlier attempt made", b.bucketARN(bucket), "s3:ListBucket"))
		objects := statement("Resealed", whole, "writes objects and manifests anew, checks each, and breaks off what fails",
			b.objects(bucket, prefix), "s3:GetObject", "s3:PutObject", "s3:AbortMultipartUpload")
		objects.Commands = loadingResealed
		b.allow(b.loader, objects)
		key := statement("ResealedKey", inClear, "what was encrypted on the client's side is under the stage's key; an upload in parts needs both",
			b.list.Stage.KeyARN, "kms:GenerateDataKey", "kms:Decrypt")
		key.Conditions = b.through(bucket, prefix)
		b.allow(b.loader, key)
		b.resealedForCopy(bucket, prefix)
	}
	if kind, what, _ := strings.Cut(b.options.ResealKey, ":"); b.options.ResealKey != "" {
		s := Statement{Who: Loader, Commands: []string{"reseal"}, Promise: noSecret}
		switch {
		case kind == "secretsmanager" && field(what, 2) == "secretsmanager":
			b.secret(b.loader, what, "ArchiveSecret", "ArchiveSecretKey", "the key of the archives, which is never in a file", s)
		case kind == "kms":
			s.Sid, s.Actions, s.Resources = "ArchiveKey", []string{"kms:Decrypt"}, []string{b.arn("kms", b.list.Stage.Region, Account(b.loader), "key/*")}
			s.Why, s.Wide, s.Conditions = "the key of the archives is encrypted where it is kept", sealedWide, sealedAlone
			b.allow(b.loader, s)
		case kind != "env" && kind != "file" && kind != "-": // the value itself is shown nowhere
			b.wrong("--reseal-key", "does not say where the key is: secretsmanager:ARN, kms:BASE64, file:PATH, env:NAME, or - for standard input")
		}
	}
}

// resealedForCopy lets COPY read what was resealed where it is, for --load-to.
func (b *builder) resealedForCopy(bucket, prefix string) {
	s := Statement{Who: Copy, Commands: loadingResealed}
	s.Sid, s.Actions, s.Resources, s.Promise = "ResealedCopyList", []string{"s3:ListBucket"}, []string{b.bucketARN(bucket)}, whole
	s.Why, s.Documented = "COPY looks for what its manifest names", copyDocs
	b.allow(b.copyRole(), s)
	s.Sid, s.Actions, s.Resources, s.Promise = "ResealedCopy", []string{"s3:GetObject"}, []string{b.objects(bucket, prefix)}, verified
	s.Why, s.Documented = "COPY reads what was resealed where it is", ""
	b.allow(b.copyRole(), s)
	s.Sid, s.Actions, s.Resources, s.Promise = "ResealedCopyKey", []string{"kms:Decrypt"}, []string{b.list.Stage.KeyARN}, inClear
	s.Conditions, s.Why = b.through(bucket, prefix), "under the key, through S3 alone"
	b.allow(b.copyRole(), s)
}

func (b *builder) copyRole() string {
	roles := chain(b.job.Target.S3Role)
	return roles[len(roles)-1]
}

func (b *builder) files(arn string, who Who, why, bucket, prefix string) {
	b.allow(arn, Statement{
		Sid: "FilesList", Who: who, Commands: filing, Promise: whole,
		Actions: []string{"s3:ListBucket"}, Resources: []string{b.bucketARN(bucket)}, Why: "finds the objects that a job's files name",
		Documented: documentedFor(who),
	})
	b.allow(arn, Statement{
		Sid: "Files", Who: who, Commands: filing, Promise: verified,
		Actions: []string{"s3:GetObject"}, Resources: []string{b.bucketARN(bucket) + "/" + prefix + "*"}, Why: why,
	})
	b.allow(arn, Statement{
		Sid: "FilesKey", Who: who, Commands: filing, Promise: verified,
		Actions: []string{"kms:Decrypt"}, Resources: []string{b.arn("kms", b.list.Stage.Region, "*", "key/*")},
		Conditions: append(b.through(bucket)[:1], Condition{"StringLike", "kms:EncryptionContext:aws:s3:arn", []string{b.bucketARN(bucket), b.bucketARN(bucket) + "/" + prefix + "*"}}),
		AnyKey:     true,
		Why:        "objects that somebody encrypted under a KMS key are read",
		Wide:       "which key that is, only the object tells; through S3, and for these objects alone",
	})
}

// copyDocs is the manual's page on what COPY and UNLOAD need.
const copyDocs = "DG copy-usage_notes-access-permissions"

// multipartDocs is the one on uploads in parts.
const multipartDocs = "S3 User Guide mpuoverview"

func documentedFor(who Who) string {
	if who == Copy {
		return copyDocs
	}
	return ""
}

// access lets the loader come into the warehouse's account: role by role, as the job's assume_role says. It answers as whom we
// are there.
func (b *builder) access(w *Warehouse, hop, last Who) string {
	before := b.loader
	roles := chain(w.Spec.AssumeRole)
	for i, arn := range roles {
		part := hop
		if i == len(roles)-1 {
			part = last
		}
		token := i == 0 && w.Spec.WebIdentityTokenFile != ""
		if !token {
			from := Loader
			if i > 0 {
				from = hop
			}
			b.allow(before, Statement{
				Sid: "Take" + title(w.Side), Who: from, Commands: entering(w.Side), Promise: least,
				Actions: []string{"sts:AssumeRole"}, Resources: []string{arn}, Why: "comes into the account of the " + w.Side,
			})
		}
		b.trust(arn, part, b.taken(w, before, token, i == len(roles)-1))
		before = arn
	}
	b.role(before, last)
	return before
}

// taken is the trust of a role of assume_role.
func (b *builder) taken(w *Warehouse, before string, token, last bool) Statement {
	if token {
		issuer := strings.TrimSuffix(strings.TrimPrefix(b.options.Issuer, "https://"), "/")
		account := Account(chain(w.Spec.AssumeRole)[0])
		return Statement{
			Sid: "Tokens", Principals: []Principal{{"Federated", []string{b.arn("iam", "", account, "oidc-provider/"+issuer)}}},
			Actions: []string{"sts:AssumeRoleWithWebIdentity"},
			Conditions: []Condition{
				{"StringEquals", issuer + ":aud", []string{b.options.Audience}}, {"StringEquals", issuer + ":sub", []string{b.options.Subject}},
			},
			Commands: entering(w.Side), Promise: least,
			Why: "whoever has a token of this issuer, for this audience and of this subject, takes the role without any key",
		}
	}
	who, conditions := b.within(before)
	t := Statement{
		Sid: "Loader", Principals: who, Actions: []string{"sts:AssumeRole"}, Conditions: conditions, Commands: entering(w.Side), Promise: least,
		Why: "taken by " + before + " alone",
	}
	if last && w.Spec.ExternalID != "" {
		t.Conditions = append(t.Conditions, Condition{"StringEquals", "sts:ExternalId", []string{w.Spec.ExternalID}})
		t.Why += ", and only with the external id: that it cannot be taken without is tried by each run"
	}
	return t
}

func title(text string) string { return strings.ToUpper(text[:1]) + text[1:] }

// maskKey reads the master key of masks.
func (b *builder) maskKey() {
	m := b.job.Masking
	if m == nil {
		return
	}
	s := Statement{Who: Loader, Commands: []string{"check", "plan", "copy", "sync", "resume", "mask"}, Promise: "raw personal data never leaves the source"}
	switch kind, what, _ := strings.Cut(m.Key, ":"); kind {
	case "secretsmanager":
		b.secret(b.loader, what, "MaskKey", "MaskSecretKey", "the master key of masks is read anew by each run, and is never in a file", s)
	case "kms":
		s.Sid, s.Actions, s.Resources = "MaskKey", []string{"kms:Decrypt"}, []string{b.arn("kms", b.list.Stage.Region, Account(b.loader), "key/*")}
		s.Why, s.Wide, s.Conditions = "the master key of masks is encrypted in the job", sealedWide, sealedAlone
		b.allow(b.loader, s)
	}
}

// sealedWide is why a ciphertext's key is any.
const sealedWide = "the ciphertext alone names its key; put the key's ARN here where you know it"

// sealedAlone keeps the key of a ciphertext, which may be any, from what AWS's services encrypt under keys: all of that has an encryption
// context, and what sealift secret encrypt makes has none (KMS developer guide, conditions-kms).
var sealedAlone = []Condition{{"Null", "kms:EncryptionContextKeys", []string{"true"}}}

// secret lets a secret of Secrets Manager be read, which is under a key.
func (b *builder) secret(arn, secret, sid, keySid, why string, s Statement) {
	s.Sid, s.Why, s.Actions, s.Resources = sid, why, []string{"secretsmanager:GetSecretValue"}, []string{secret}
	b.allow(arn, s)
	s.Sid, s.Why, s.Actions, s.Resources = keySid, "the secret is under a key", []string{"kms:Decrypt"}, []string{b.arn("kms", field(secret, 3), Account(secret), "key/*")}
	s.Conditions = []Condition{
		{"StringEquals", "kms:ViaService", b.service("secretsmanager", field(secret, 3))},
		{"StringEquals", "kms:EncryptionContext:SecretARN", []string{secret}},
	}
	s.Wide = "which key that is, only the secret tells; through Secrets Manager, and for this secret alone"
	b.allow(arn, s)
}

// lookUp finds the warehouse's address.
func (b *builder) lookUp(w *Warehouse, arn string, who Who) {
	if w.Spec.Host != "" || w.Spec.Auth == "data-api" { // which needs no address
		return
	}
	s := Statement{Sid: "LookUp" + title(w.Side), Who: who, Commands: entering(w.Side), Promise: least, Why: "finds the address of the " + w.Side}
	if w.Spec.Workgroup != "" {
		s.Actions, s.Resources = []string{"redshift-serverless:GetWorkgroup"}, []string{b.arn("redshift-serverless", w.Region, w.Account, "workgroup/*")}
		s.Wide = "a workgroup's ARN has its id, which is not known before it was looked up"
	} else {
		s.Actions, s.Resources = []string{"redshift:DescribeClusters"}, []string{b.arn("redshift", w.Region, w.Account, "cluster:"+w.Spec.Cluster)}
	}
	b.allow(arn, s)
}

// logIn gets a password for the warehouse.
func (b *builder) logIn(w *Warehouse, arn string, who Who) {
	spec, side := w.Spec, title(w.Side)
	add := func(sid, why string, resources []string, actions ...string) {
		b.allow(arn, Statement{Sid: sid + side, Who: who, Actions: actions, Resources: resources, Commands: entering(w.Side), Promise: noSecret, Why: why})
	}
	named := func(kind, name string) []string {
		return []string{b.arn("redshift", w.Region, w.Account, kind+":"+spec.Cluster+"/"+name)}
	}
	if spec.Auth == "data-api" {
		b.remote(w, arn, who)
	}
	temporary := spec.Auth == "iam" || spec.Auth == "data-api" && spec.PasswordFrom == ""
	switch {
	case temporary && spec.Workgroup != "":
		b.allow(arn, Statement{
			Sid: "LogIn" + side, Who: who, Actions: []string{"redshift-serverless:GetCredentials"}, Commands: entering(w.Side), Promise: noSecret,
			Resources: []string{b.arn("redshift-serverless", w.Region, w.Account, "workgroup/*")},
			Why:       "a password for an hour at most, of the database user that stands for this role",
			Wide:      "a workgroup's ARN has its id, which is not known before it was looked up",
		})
	case temporary && spec.User == "":
		add("LogIn", "a password for an hour at most, of the database user that stands for this role", named("dbname", spec.Database), "redshift:GetClusterCredentialsWithIAM")
	case temporary:
		add("LogIn", "a password for an hour at most, of this database user in this database",
			append(named("dbuser", spec.User), named("dbname", spec.Database)...), "redshift:GetClusterCredentials")
		if spec.AutoCreate != nil && *spec.AutoCreate {
			add("MakeUser", "auto_create: the user is made at its first login", named("dbuser", spec.User), "redshift:CreateClusterUser")
		}
		var groups []string
		for _, g := range spec.Groups {
			groups = append(groups, named("dbgroup", g)...)
		}
		if len(groups) > 0 {
			add("JoinGroups", "groups: the session joins them", groups, "redshift:JoinGroup")
		}
	case strings.HasPrefix(spec.PasswordFrom, "secretsmanager:"):
		b.secret(arn, strings.TrimPrefix(spec.PasswordFrom, "secretsmanager:"), "Secret"+side, "SecretKey"+side,
			"the password is read anew for each session, and is never in a file", Statement{Who: who, Commands: entering(w.Side), Promise: noSecret})
	case strings.HasPrefix(spec.PasswordFrom, "kms:"):
		b.allow(arn, Statement{
			Sid: "PasswordKey" + side, Who: who, Actions: []string{"kms:Decrypt"}, Commands: entering(w.Side), Promise: noSecret,
			Resources: []string{b.arn("kms", w.Region, w.Account, "key/*")},
			Why:       "the password in the job is encrypted under a key", Wide: sealedWide, Conditions: sealedAlone,
		})
	}
}

// remote lets us run statements through the Data API.
func (b *builder) remote(w *Warehouse, arn string, who Who) {
	run := Statement{
		Sid: "Statements" + title(w.Side), Who: who, Actions: []string{"redshift-data:ExecuteStatement"}, Commands: entering(w.Side), Promise: least,
		Resources: []string{b.arn("redshift", w.Region, w.Account, "cluster:"+w.Spec.Cluster)}, Why: "auth: data-api: statements go to the " + w.Side + " through AWS",
	}
	if w.Spec.Workgroup != "" {
		run.Resources, run.Wide = []string{b.arn("redshift-serverless", w.Region, w.Account, "workgroup/*")}, "a workgroup's ARN has its id, which is not known"
	}
	b.allow(arn, run)
	b.allow(arn, Statement{
		Sid: "Answers" + title(w.Side), Who: who, Commands: entering(w.Side), Promise: least, Resources: []string{"*"},
		Actions: []string{"redshift-data:DescribeStatement", "redshift-data:GetStatementResult", "redshift-data:ListStatements"},
		Why:     "what became of the statements, their answers, and which sessions a run has left", Wide: ownStatements,
	})
	b.allow(arn, Statement{
		Sid: "Cancel" + title(w.Side), Who: who, Commands: entering(w.Side), Promise: least, Resources: []string{"*"}, Actions: []string{"redshift-data:CancelStatement"},
		Why: "a step that is interrupted for longer than its grace ends its statement in the warehouse, too", Wide: ownStatements, Documented: "API model redshift-data",
	})
}

const ownStatements = "these know no resource; AWS shows a role its own statements alone"

// door lets us add and remove a rule of one security group, and somebody remove it in our stead.
func (b *builder) door(w *Warehouse, arn string, who, closer Who) {
	d := w.Spec.Door
	if d == nil {
		return
	}
	side := title(w.Side)
	group := b.arn("ec2", w.Region, w.Account, "security-group/"+d.SecurityGroup)
	rules := []string{b.arn("ec2", w.Region, w.Account, "security-group-rule/*")}
	add := func(s Statement) {
		s.Who, s.Commands, s.Promise, s.Sid = who, entering(w.Side), closed, s.Sid+side
		b.allow(arn, s)
	}
	add(Statement{
		Sid: "DoorSee", Actions: []string{"ec2:DescribeSecurityGroupRules"}, Resources: []string{"*"},
		Why: "sees whose rule lets us in already, and that ours is gone", Wide: "EC2 has no resources in permissions to describe",
	})
	add(Statement{
		Sid: "Door", Actions: []string{"ec2:AuthorizeSecurityGroupIngress", "ec2:RevokeSecurityGroupIngress"}, Resources: []string{group},
		Why: "adds a rule for one address and port, and removes it again, in this group alone",
	})
	add(Statement{
		Sid: "DoorTag", Actions: []string{"ec2:CreateTags"}, Resources: rules,
		Conditions: []Condition{
			{"StringEquals", "ec2:CreateAction", []string{"AuthorizeSecurityGroupIngress"}},
			{"StringEquals", "aws:RequestTag/sealift", []string{"door"}},
		},
		Why: "a rule is made with the tags that say whose it is, and until when", Wide: "a rule's id is not known before it is made; only in the request that makes it",
	})
	add(Statement{
		Sid: "DoorShare", Actions: []string{"ec2:CreateTags", "ec2:DeleteTags"}, Resources: rules,
		Conditions: []Condition{{"StringEquals", "aws:ResourceTag/sealift", []string{"door"}}},
		Why:        "runs that share a rule each put their tag on it, and take it off", Wide: "a rule's id is not known before it is made; only rules that are tagged as Sealift's",
	})
	by := (plan.Door{SchedulerRole: d.SchedulerRole, WithoutSchedule: d.WithoutSchedule}).Closer(b.list.Partition, w.Account)
	if by == "" {
		return
	}
	add(Statement{
		Sid: "DoorSchedule", Actions: []string{"scheduler:CreateSchedule", "scheduler:GetSchedule", "scheduler:UpdateSchedule", "scheduler:DeleteSchedule"},
		Resources: []string{b.arn("scheduler", w.Region, w.Account, "schedule/default/"+plan.DoorSchedules+"*")},
		Why:       "a one-time schedule, made before the rule, closes the door if this machine is lost",
	})
	add(Statement{
		Sid: "DoorPass", Actions: []string{"iam:PassRole"}, Resources: []string{by},
		Conditions: []Condition{{"StringEquals", "iam:PassedToService", []string{"scheduler.amazonaws.com"}}},
		Why:        "the schedule acts as this role",
	})
	b.trust(by, closer, Statement{
		Sid: "Scheduler", Principals: []Principal{{"Service", []string{"scheduler.amazonaws.com"}}}, Actions: []string{"sts:AssumeRole"},
		Conditions: []Condition{{"StringEquals", "aws:SourceAccount", []string{w.Account}}}, Commands: entering(w.Side), Promise: closed,
		Why: "EventBridge Scheduler closes doors as this role, for schedules of this account",
	})
	b.allow(by, Statement{
		Sid: "CloseDoor" + side, Who: closer, Actions: []string{"ec2:RevokeSecurityGroupIngress"}, Resources: []string{group}, Commands: entering(w.Side), Promise: closed,
		Why: "removes the rule of a machine that was lost",
	})
}

// data is what UNLOAD writes as, or COPY reads as.
func (b *builder) data(w *Warehouse, hop, last Who) {
	s, roles := b.list.Stage, chain(w.Spec.S3Role)
	commands := unloading
	if last == Copy {
		commands = copying
	}
	for i, arn := range roles {
		part := last
		if i < len(roles)-1 {
			part = hop
		}
		if i == 0 {
			b.trust(arn, part, b.attached(w, commands))
		} else {
			who, conditions := b.within(roles[i-1])
			b.trust(arn, part, Statement{
				Sid: "Chain", Principals: who, Actions: []string{"sts:AssumeRole"}, Conditions: append(conditions, b.userCondition(w)...),
				Commands: commands, Promise: least, Why: "taken by " + roles[i-1] + " alone, for this user of the " + w.Side,
			})
		}
		if i < len(roles)-1 {
			b.allow(arn, Statement{
				Sid: "Next" + title(w.Side), Who: hop, Actions: []string{"sts:AssumeRole"}, Resources: []string{roles[i+1]}, Commands: commands, Promise: least,
				Why: "the chain that the statement names goes on there",
			})
		}
	}
	arn := roles[len(roles)-1]
	add := func(t Statement) {
		t.Who, t.Commands = last, commands
		b.allow(arn, t)
	}
	bucket, objects := []string{b.bucketARN(s.Bucket)}, []string{b.objects(s.Bucket, s.Prefix)}
	if last == Copy {
		add(Statement{Sid: "CopyList", Actions: []string{"s3:ListBucket"}, Resources: bucket, Promise: verified, Documented: copyDocs, Why: "COPY looks for what its manifest names"})
		add(Statement{Sid: "Copy", Actions: []string{"s3:GetObject"}, Resources: objects, Promise: verified, Why: "COPY reads the manifest and the data"})
		add(Statement{
			Sid: "CopyKey", Actions: []string{"kms:Decrypt"}, Resources: []string{s.KeyARN}, Conditions: b.through(s.Bucket, s.Prefix),
			Promise: inClear, Why: "under the key, through S3 alone; it can read and never write",
		})
		return
	}
	add(Statement{Sid: "UnloadList", Actions: []string{"s3:ListBucket"}, Resources: bucket, Promise: whole, Why: "UNLOAD refuses a prefix below which something is"})
	add(Statement{Sid: "Unload", Actions: []string{"s3:PutObject"}, Resources: objects, Promise: inClear, Why: "UNLOAD writes data and manifest"})
	read := Statement{Sid: "UnloadRead", Actions: []string{"s3:GetObject"}, Resources: objects, Promise: inClear, Documented: copyDocs, Why: "the manual asks for GET, LIST and PUT"}
	add(Statement{
		Sid: "UnloadKey", Actions: []string{"kms:GenerateDataKey"}, Resources: []string{s.KeyARN}, Conditions: b.through(s.Bucket, s.Prefix),
		Promise: inClear, Why: "under the key, through S3 alone",
	})
	decrypt := Statement{
		Sid: "UnloadKeyParts", Actions: []string{"kms:Decrypt"}, Resources: []string{s.KeyARN}, Conditions: b.through(s.Bucket, s.Prefix),
		Promise: inClear, Documented: multipartDocs, Why: "S3 reads the parts of a large object when it puts them together",
	}
	if b.job.Masking != nil {
		read.Sid, read.Documented, read.Why = "UnloadMasks", "", "a session of the source reads the key of its masks from an object, which is gone before UNLOAD begins; the manual asks for it, too"
		decrypt.Sid, decrypt.Documented, decrypt.Why = "UnloadMasksKey", "", "that object is under the key; and S3 reads the parts of a large object when it puts them together"
	}
	add(read)
	add(decrypt)
}

// attached is the trust of a role that is attached to a warehouse.
func (b *builder) attached(w *Warehouse, commands []string) Statement {
	t := Statement{
		Sid: title(w.Side), Principals: []Principal{{"Service", []string{"redshift.amazonaws.com"}}}, Actions: []string{"sts:AssumeRole"},
		Conditions: b.userCondition(w), Commands: commands, Promise: least, Why: "the " + w.Side + " runs statements of this database user as this role, and no other's",
	}
	if w.Spec.Workgroup != "" {
		t.Principals[0].Values = append(t.Principals[0].Values, "redshift-serverless.amazonaws.com")
	}
	if len(t.Conditions) == 0 {
		t.Why = "the " + w.Side + " runs statements as this role, where it is attached"
		t.Wide = "what a workgroup, or a cluster known by its address alone, sends for an external id is in no manual; who may use the role in the database is limited by GRANT ASSUMEROLE"
	}
	return t
}

// userCondition limits a role to statements of one database user (MG authorizing-redshift-service). Where nobody knows the
// user's name beforehand, any user of the cluster.
func (b *builder) userCondition(w *Warehouse) []Condition {
	if w.Spec.Cluster == "" {
		return nil
	}
	user := func(name string) []string {
		return []string{b.arn("redshift", w.Region, w.Account, "dbuser:"+w.Spec.Cluster+"/"+name)}
	}
	if w.Spec.User == "" {
		return []Condition{{"StringLike", "sts:ExternalId", user("*")}}
	}
	return []Condition{{"StringEquals", "sts:ExternalId", user(w.Spec.User)}}
}
