package sealift_test

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	awsiam "github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/redshift"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/scheduler"
	schedulertypes "github.com/aws/aws-sdk-go-v2/service/scheduler/types"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/rogpeppe/go-internal/testscript"

	"github.com/sealift/sealift/internal/local"
	"github.com/sealift/sealift/internal/local/aws/iam"
	"github.com/sealift/sealift/internal/local/aws/policy"
	"github.com/sealift/sealift/internal/permission"
	"github.com/sealift/sealift/internal/setup"
	"github.com/sealift/sealift/job"
)

// What the scripts about permissions say:
//
//	settle JOB [FLAG=VALUE]...  carry out the CloudFormation template of sealift setup aws for JOB, in every account; $STAGE_KEY is its key;
//	                            program-sha256=FILE adds the instance
//	launch FILE                 what the instance of that template runs, into a file; from here on, the environment has the instance's credentials
//	as ROLE                     from here on, the environment has the credentials of an instance of this role of the loader's account
//	admin ACCOUNT               from here on, those of an administrator
//	scenario NAME               from here on, what is used is used for this
//	due FILE                    the schedules that close doors of the security group that a file names are called now
//	stock NAME                  make, in the loader's account, a key under the alias NAME, the buckets NAME-state, -out, -csv and -parquet, a.csv and
//	                            t.parquet in the latter, under the key; the target's login as a secret, in the file secret; a master
//	                            key of masks, in the file maskkey; and the source's security group in the file group
//	refuse BUCKET KEY           let nobody write an object of the loader's account
//	begin BUCKET KEY            begin an upload in parts, as whoever the environment is
//	objects BUCKET              list a bucket of the loader's account
//	without ROLE ACTION         take an action from a role's policy; with nothing for an action, all is as it was
//	least [PART]...             hold what was granted against what was used, and change each permission in turn; those of these parts, or of
//	                            one kind of a part: PART/KIND

func leastCommands() map[string]func(*testscript.TestScript, bool, []string) {
	return map[string]func(*testscript.TestScript, bool, []string){
		"settle": settle, "as": actAs, "admin": actAsAdmin, "scenario": nameScenario, "due": callSchedules, "least": leastPrivilege,
		"launch": launch, "stock": stock, "refuse": refuseObject, "begin": beginUpload, "objects": listObjects, "without": without,
	}
}

// usage is what the roles of one setup were seen to use.
type usage struct {
	setup *setup.Setup
	key   string // ARN

	mu       sync.Mutex // guards the rest
	scenario string
	order    []string        // in which scenarios came
	refused  []string        // resources that the script lets nobody write
	withheld []string        // role and action, of what the script took away
	seen     map[string]used // by scenario, principal, action, resource, and the context but for what changes by the minute
}

type used struct {
	scenario string
	question policy.Question
	allowed  bool
}

// recorders are all that watch; the stand-in is shared, and has one watcher.
var recorders struct {
	sync.Mutex
	once sync.Once
	all  []*usage
}

// record notes a question about one of the setup's roles: asked by it, or whether it may be taken.
func (u *usage) record(d iam.Decided) {
	q := d.Question
	who := cmp.Or(q.Principal.RoleARN, q.Principal.ARN)
	_, asks := u.setup.List.Role(who)
	_, taken := u.setup.List.Role(q.Resource)
	if !asks && (!taken || !strings.HasPrefix(q.Action, "sts:")) {
		return
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.scenario == "" {
		return
	}
	still := maps.Clone(q.Context)
	for _, key := range []string{"aws:currenttime", "aws:epochtime", "aws:tokenissuetime", "aws:userid", "aws:useragent", "sts:rolesessionname"} {
		delete(still, key)
	}
	key := fmt.Sprint(u.scenario, who, q.Action, q.Resource, still, d.Decision.Allowed)
	u.seen[key] = used{u.scenario, q, d.Decision.Allowed}
}

// account is an administrator of one of the three accounts.
func (w *world) account(id string) aws.Config {
	if id == sourceAccount {
		return w.source
	}
	cfg := w.source.Copy()
	cfg.Credentials = aws.NewCredentialsCache(stscreds.NewAssumeRoleProvider(sts.NewFromConfig(w.source), "arn:aws:iam::"+id+":role/OrganizationAccountAccessRole"))
	return cfg
}

func settle(ts *testscript.TestScript, _ bool, args []string) {
	s, ctx := of(ts), context.Background()
	var o setup.Options
	for _, arg := range args[1:] {
		name, value, _ := strings.Cut(arg, "=")
		switch name {
		case "loader":
			o.Loader = value
		case "state":
			o.State = value
		case "unload-to":
			o.UnloadTo = append(o.UnloadTo, value)
		case "reseal-from":
			o.ResealFrom = append(o.ResealFrom, value)
		case "reseal-to":
			o.ResealTo = append(o.ResealTo, value)
		case "reseal-key":
			if o.ResealKey = strings.TrimSpace(ts.ReadFile(value)); strings.HasPrefix(o.ResealKey, "arn:") {
				o.ResealKey = "secretsmanager:" + o.ResealKey
			}
		case "issuer":
			o.Issuer = strings.TrimPrefix(value, "https://")
		case "audience":
			o.Audience = value
		case "subject":
			o.Subject = value
		case "program-sha256":
			o.Instance = &setup.Instance{Sum: strings.TrimSpace(ts.ReadFile(value))}
		default:
			ts.Fatalf("settle: no option %s", name)
		}
	}
	j, err := job.Parse(args[0], []byte(ts.ReadFile(args[0])), os.LookupEnv)
	ts.Check(err)
	o.For = setup.All
	all, err := setup.Of(j, o)
	ts.Check(err)
	u := &usage{setup: all, seen: map[string]used{}}
	u.key, s.loader, err = s.make(ctx, all)
	ts.Check(err)
	ts.Setenv("STAGE_KEY", u.key)
	s.usage = u
	recorders.Lock()
	recorders.all = append(recorders.all, u)
	recorders.Unlock()
	recorders.once.Do(func() {
		s.server.Cloud.IAM.Watch(func(d iam.Decided) {
			recorders.Lock()
			all := recorders.all
			recorders.Unlock()
			for _, u := range all {
				u.record(d)
			}
		})
	})
}

// make carries out the generated template in each account, as an administrator would, and attaches the roles to the warehouses. It
// answers the key's ARN, and the stack that starts an instance, if one does.
func (w *world) make(ctx context.Context, s *setup.Setup) (key string, loader *stack, err error) {
	text, err := s.CloudFormation()
	if err != nil {
		return "", nil, err
	}
	parameters := map[string]string{}
	key = s.List.Stage.KeyARN
	if s.Instance != nil {
		parameters = map[string]string{"Image": "ami-0a1b2c3d", "InstanceType": "t3.small", "Subnet": "subnet-0a1b2c3d", "Vpc": "vpc-0a1b2c3d"}
	}
	for _, account := range s.Accounts() { // that of the key is the first
		made, outputs, err := w.deploy(ctx, account, text, parameters)
		if err != nil {
			return "", nil, err
		}
		if arn := outputs["StageKeyArn"]; arn != "" {
			key = arn
			if strings.Contains(text, "\n  StageKeyArn:\n    Type: String") { // other accounts name it
				parameters["StageKeyArn"] = arn
			}
		}
		if made.template != nil {
			loader = made
		}
	}
	for _, r := range s.Roles {
		for _, at := range r.Attach {
			if at.Spec.Cluster == "" {
				continue
			}
			if _, err := redshift.NewFromConfig(w.account(r.Account())).ModifyClusterIamRoles(ctx, &redshift.ModifyClusterIamRolesInput{ClusterIdentifier: &at.Spec.Cluster, AddIamRoles: []string{r.ARN}}); err != nil {
				return "", nil, err
			}
		}
	}
	return key, loader, nil
}

// launch writes what the instance of the template would run into a file; from here on, the environment has the credentials that its
// metadata service would give.
func launch(ts *testscript.TestScript, _ bool, args []string) {
	loader := of(ts).loader
	if loader == nil {
		ts.Fatalf("launch: no template with an instance was settled")
	}
	script, role, err := loader.started(context.Background())
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), script, 0o600))
	actAs(ts, false, []string{role})
}

// actAs is what an instance's metadata service gives.
func actAs(ts *testscript.TestScript, _ bool, args []string) {
	id, err := of(ts).server.Cloud.IAM.AssumeForService("ec2.amazonaws.com", args[0], "i-0123456789", nil)
	ts.Check(err)
	c, err := of(ts).server.Cloud.IAM.Issue(id, time.Hour)
	ts.Check(err)
	setCredentials(ts, c.AccessKeyID, c.SecretAccessKey, c.SessionToken)
}

func actAsAdmin(ts *testscript.TestScript, _ bool, args []string) {
	c, err := of(ts).account(args[0]).Credentials.Retrieve(context.Background())
	ts.Check(err)
	setCredentials(ts, c.AccessKeyID, c.SecretAccessKey, c.SessionToken)
}

func setCredentials(ts *testscript.TestScript, id, secret, token string) {
	ts.Setenv("AWS_ACCESS_KEY_ID", id)
	ts.Setenv("AWS_SECRET_ACCESS_KEY", secret)
	ts.Setenv("AWS_SESSION_TOKEN", token)
}

func nameScenario(ts *testscript.TestScript, _ bool, args []string) {
	u := of(ts).usage
	u.mu.Lock()
	defer u.mu.Unlock()
	u.scenario = strings.Join(args, " ")
	u.order = append(u.order, u.scenario)
}

// callSchedules moves the schedules of a group to the next moment, and waits until they were called.
func callSchedules(ts *testscript.TestScript, _ bool, args []string) {
	s, ctx, group := of(ts), context.Background(), ts.ReadFile(args[0])
	names, err := s.schedules(ctx, group)
	ts.Check(err)
	if len(names) == 0 {
		ts.Fatalf("no schedule is about %s", group)
	}
	client := scheduler.NewFromConfig(s.source)
	for _, name := range names {
		one, err := client.GetSchedule(ctx, &scheduler.GetScheduleInput{Name: &name})
		ts.Check(err)
		_, err = client.UpdateSchedule(ctx, &scheduler.UpdateScheduleInput{
			Name: &name, ScheduleExpression: aws.String("at(" + time.Now().Add(2*time.Second).UTC().Format("2006-01-02T15:04:05") + ")"), FlexibleTimeWindow: one.FlexibleTimeWindow, Target: one.Target,
			ActionAfterCompletion: schedulertypes.ActionAfterCompletionDelete,
		})
		ts.Check(err)
	}
	for wait := time.NewTimer(30 * time.Second); ; {
		left, err := s.schedules(ctx, group)
		ts.Check(err)
		if len(left) == 0 {
			return
		}
		select {
		case <-wait.C:
			ts.Fatalf("the schedules were not called: %v", left)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func without(ts *testscript.TestScript, _ bool, args []string) {
	s := of(ts)
	s.usage.mu.Lock()
	s.usage.withheld = append(s.usage.withheld, args[0]+" "+args[1])
	s.usage.mu.Unlock()
	for _, r := range s.usage.setup.Roles {
		if r.Name() != args[0] {
			continue
		}
		var left []permission.Statement
		for _, one := range r.Statements {
			one.Actions = slices.DeleteFunc(slices.Clone(one.Actions), func(a string) bool { return a == args[1] })
			if len(one.Actions) > 0 {
				left = append(left, one)
			}
		}
		client, ctx := awsiam.NewFromConfig(s.account(r.Account())), context.Background()
		if len(left) == 0 {
			_, err := client.DeleteRolePolicy(ctx, &awsiam.DeleteRolePolicyInput{RoleName: &args[0], PolicyName: aws.String(setup.PolicyName)})
			ts.Check(err)
			return
		}
		_, err := client.PutRolePolicy(ctx, &awsiam.PutRolePolicyInput{
			RoleName: &args[0], PolicyName: aws.String(setup.PolicyName), PolicyDocument: aws.String(strings.ReplaceAll(permission.Document(left), permission.StageKey, s.usage.key)),
		})
		ts.Check(err)
		return
	}
	ts.Fatalf("without: there is no role %s", args[0])
}

// loaderAccount is whose the stage is.
const loaderAccount = local.LoaderAccount

func (w *world) loaderS3() *s3.Client {
	return s3.NewFromConfig(w.account(loaderAccount), func(o *s3.Options) { o.UsePathStyle = true })
}

func stock(ts *testscript.TestScript, _ bool, args []string) {
	s, ctx, name := of(ts), context.Background(), args[0]
	keys := kms.NewFromConfig(s.account(loaderAccount))
	key, err := keys.CreateKey(ctx, &kms.CreateKeyInput{})
	ts.Check(err)
	_, err = keys.CreateAlias(ctx, &kms.CreateAliasInput{AliasName: aws.String("alias/" + name), TargetKeyId: key.KeyMetadata.KeyId})
	ts.Check(err)
	for _, part := range []string{"state", "out", "csv", "parquet"} {
		bucket := name + "-" + part
		_, err := s.loaderS3().CreateBucket(ctx, &s3.CreateBucketInput{Bucket: &bucket, CreateBucketConfiguration: &s3types.CreateBucketConfiguration{LocationConstraint: region}})
		ts.Check(err)
		file := map[string]string{"csv": "a.csv", "parquet": "t.parquet"}[part]
		if _, err := os.Stat(ts.MkAbs(file)); file != "" && err == nil {
			_, err := s.loaderS3().PutObject(ctx, &s3.PutObjectInput{
				Bucket: &bucket, Key: aws.String("in/" + file), Body: strings.NewReader(ts.ReadFile(file)), ServerSideEncryption: s3types.ServerSideEncryptionAwsKms, SSEKMSKeyId: key.KeyMetadata.Arn,
			})
			ts.Check(err)
		}
	}
	own, err := kms.NewFromConfig(s.target).CreateKey(ctx, &kms.CreateKeyInput{})
	ts.Check(err)
	login, err := json.Marshal(map[string]string{"username": ts.Getenv("TARGET_USER"), "password": ts.Getenv("TARGET_PASSWORD")})
	ts.Check(err)
	made, err := secretsmanager.NewFromConfig(s.target).CreateSecret(ctx, &secretsmanager.CreateSecretInput{Name: &name, KmsKeyId: own.KeyMetadata.KeyId, SecretString: aws.String(string(login))})
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs("secret"), []byte(*made.ARN), 0o600))
	if own, err = keys.CreateKey(ctx, &kms.CreateKeyInput{}); err != nil { // the stage's is for the stage
		ts.Fatalf("%v", err)
	}
	made, err = secretsmanager.NewFromConfig(s.account(loaderAccount)).CreateSecret(ctx, &secretsmanager.CreateSecretInput{
		Name: &name, KmsKeyId: own.KeyMetadata.KeyId, SecretString: aws.String("c2VhbGlmdCB0ZXN0IGtleSBvZiAzMiBieXRlcyEhISE="),
	})
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs("maskkey"), []byte(*made.ARN), 0o600))
	found, err := redshift.NewFromConfig(s.source).DescribeClusters(ctx, &redshift.DescribeClustersInput{ClusterIdentifier: aws.String("source")})
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs("group"), []byte(*found.Clusters[0].VpcSecurityGroups[0].VpcSecurityGroupId), 0o600))
}

func refuseObject(ts *testscript.TestScript, _ bool, args []string) {
	_, err := of(ts).loaderS3().PutBucketPolicy(context.Background(), &s3.PutBucketPolicyInput{Bucket: &args[0], Policy: aws.String(
		`{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":"*","Action":"s3:PutObject","Resource":"arn:aws:s3:::` + args[0] + "/" + args[1] + `"}]}`)})
	ts.Check(err)
	u := of(ts).usage
	u.mu.Lock()
	defer u.mu.Unlock()
	u.refused = append(u.refused, "arn:aws:s3:::"+args[0]+"/"+args[1])
}

func beginUpload(ts *testscript.TestScript, _ bool, args []string) {
	cfg := of(ts).source.Copy()
	cfg.Credentials = credentials.NewStaticCredentialsProvider(ts.Getenv("AWS_ACCESS_KEY_ID"), ts.Getenv("AWS_SECRET_ACCESS_KEY"), ts.Getenv("AWS_SESSION_TOKEN"))
	key := of(ts).usage.key
	_, err := s3.NewFromConfig(cfg, func(o *s3.Options) { o.UsePathStyle = true }).CreateMultipartUpload(context.Background(), &s3.CreateMultipartUploadInput{
		Bucket: &args[0], Key: &args[1], ServerSideEncryption: s3types.ServerSideEncryptionAwsKms, SSEKMSKeyId: &key,
	})
	ts.Check(err)
}

func listObjects(ts *testscript.TestScript, _ bool, args []string) {
	list, err := of(ts).loaderS3().ListObjectsV2(context.Background(), &s3.ListObjectsV2Input{Bucket: &args[0]})
	ts.Check(err)
	for _, o := range list.Contents {
		_, err := fmt.Fprintln(ts.Stdout(), *o.Key)
		ts.Check(err)
	}
}

// leastPrivilege holds what was granted against what was used: everything granted is used, and changing any of it either makes a
// scenario fail or lets in what nobody needs.
func leastPrivilege(ts *testscript.TestScript, _ bool, args []string) {
	u := of(ts).usage
	u.mu.Lock()
	defer u.mu.Unlock()
	p := proof{usage: u, parts: args}
	for _, k := range slices.Sorted(maps.Keys(u.seen)) {
		one := u.seen[k]
		if one.allowed {
			p.allowed = append(p.allowed, one)
		} else if q := one.question; !p.meant(one) {
			p.fail("%s: %s on %s was refused to %s, %s", one.scenario, q.Action, q.Resource, cmp.Or(q.Principal.RoleARN, q.Principal.ARN), policy.Decide(q).Why)
		}
	}
	p.run()
	ts.Check(p.compare(filepath.Join("testdata", "permissions", strings.TrimPrefix(of(ts).database, "t_script")+".tsv")))
	_, err := fmt.Fprintf(ts.Stdout(), "%d requests, %d changes of policies, each noticed\n", len(p.allowed), p.changes)
	ts.Check(err)
	if len(p.wrong) > 0 {
		ts.Fatalf("%s", strings.Join(p.wrong, "\n"))
	}
}

// meant tells whether what was refused is what somebody tried in order to be refused. A program that goes on without what it was refused
// would otherwise look as if it had all that it needs.
func (p *proof) meant(one used) bool {
	q := one.question
	switch {
	case q.Action == "sts:AssumeRole": // each run tries whether a role can be taken without its external id
		_, said := q.Context["sts:externalid"]
		role, taken := p.setup.List.Role(q.Resource)
		return !said && taken && slices.ContainsFunc(role.Trust, func(t permission.Statement) bool {
			return slices.ContainsFunc(t.Conditions, func(c permission.Condition) bool { return c.Key == "sts:ExternalId" })
		})
	case command(one.scenario) == "check" && q.Action == "s3:PutObject": // whether the bucket refuses what is not under the key
		under := q.Context["s3:x-amz-server-side-encryption-aws-kms-key-id"]
		return strings.HasPrefix(q.Resource, "arn:aws:s3:::"+p.setup.Bucket.Name+"/") && !slices.Contains(under, p.key)
	default:
		_, name, _ := strings.Cut(q.Principal.RoleARN, "/")
		return slices.Contains(p.refused, q.Resource) || slices.Contains(p.withheld, name+" "+q.Action)
	}
}

// command is the one that a scenario is a run of: its first word, if that is one.
func command(scenario string) string {
	name, _, _ := strings.Cut(scenario, " ")
	switch name {
	case "a", "an": // something happens
		return ""
	case "unload-copy": // is a copy
		return "copy"
	default:
		return strings.TrimSuffix(name, ",")
	}
}

// proof changes policies, and asks what was asked once more.
type proof struct {
	*usage
	parts   []string // that are looked at; none is all
	allowed []used
	changes int
	wrong   []string
	rows    []found
}

// found is a row, and all scenarios that fail without the permission.
type found struct {
	row
	scenarios []string
}

func (p *proof) fail(format string, args ...any) {
	p.wrong = append(p.wrong, fmt.Sprintf(format, args...))
}

// governed is a policy of the setup: of a role, of who may take it, of the key or the bucket.
type governed struct {
	name       string
	kind       string // role, trust, key or bucket
	statements []permission.Statement
	// with asks a question once more with this policy in place of its own.
	with func(q policy.Question, d *policy.Document) policy.Question
	// about tells whether the policy has a say in a question.
	about func(q policy.Question) bool
}

func (p *proof) places() []governed {
	var all []governed
	resource := func(q policy.Question, d *policy.Document) policy.Question { q.ResourcePolicy = d; return q }
	for _, r := range p.setup.Roles {
		all = append(all, governed{
			r.Name(), "role", r.Statements,
			func(q policy.Question, d *policy.Document) policy.Question {
				if q.Identity = nil; d != nil {
					q.Identity = []*policy.Document{d}
				}
				return q
			},
			func(q policy.Question) bool { return q.Principal.RoleARN == r.ARN },
		}, governed{"trust of " + r.Name(), "trust", r.Trust, resource, func(q policy.Question) bool { return q.Resource == r.ARN && strings.HasPrefix(q.Action, "sts:") }})
	}
	if k := p.setup.Key; k.ARN == "" {
		all = append(all, governed{"key", "key", k.Policy, resource, func(q policy.Question) bool { return q.Resource == p.key }})
	}
	all = append(all, p.sessions()...)
	arn := "arn:aws:s3:::" + p.setup.Bucket.Name
	return append(all, governed{"bucket", "bucket", p.setup.Bucket.Policy, resource, func(q policy.Question) bool {
		return q.Resource == arn || strings.HasPrefix(q.Resource, arn+"/")
	}})
}

// sessions are what sessions were cut down to, whatever their roles may do: Sealift's own policies, which are held against what was
// used as those of roles are.
func (p *proof) sessions() []governed {
	var all []governed
	seen := map[string]bool{}
	for _, one := range p.allowed {
		for _, d := range one.question.Session {
			text := d.String()
			if seen[text] {
				continue
			}
			seen[text] = true
			var said struct {
				Statement []struct {
					Effect           string
					Action, Resource []string
				}
			}
			if err := json.Unmarshal([]byte(text), &said); err != nil {
				p.fail("the policy of a session of %s: %v", one.question.Principal.RoleARN, err)
				continue
			}
			g := governed{
				name: "session of " + one.question.Principal.RoleARN, kind: "session",
				with: func(q policy.Question, d *policy.Document) policy.Question {
					if q.Identity, q.Session = []*policy.Document{everything}, []*policy.Document{nobody}; d != nil {
						q.Session = []*policy.Document{d}
					}
					return q
				},
				about: func(q policy.Question) bool { return len(q.Session) == 1 && q.Session[0].String() == text },
			}
			role, _ := p.setup.List.Role(one.question.Principal.RoleARN)
			for _, s := range said.Statement {
				if s.Effect != "Allow" {
					continue
				}
				for _, action := range s.Action {
					one := permission.Statement{Sid: fmt.Sprintf("Statement%d", len(g.statements)), Who: role.Who[0], Actions: []string{action}, Resources: s.Resource}
					for _, own := range role.Statements { // what the role has by the manual's word alone
						if own.Documented != "" && slices.Equal(own.Actions, one.Actions) {
							one.Documented = own.Documented
						}
					}
					g.statements = append(g.statements, one)
				}
			}
			all = append(all, g)
		}
	}
	return all
}

func (p *proof) document(all []permission.Statement) *policy.Document {
	if len(all) == 0 {
		return nil
	}
	text := strings.ReplaceAll(permission.Document(all), permission.StageKey, p.key)
	d, err := policy.Parse([]byte(text))
	if err != nil {
		p.fail("%v: %s", err, text)
		return nil
	}
	return d
}

func (p *proof) run() {
	for _, at := range p.places() {
		var about []used
		whole := p.document(at.statements)
		for _, one := range p.allowed {
			if at.about(one.question) {
				about = append(about, one)
				if !policy.Decide(at.with(one.question, whole)).Allowed {
					p.fail("%s: %s on %s was allowed, and is not by what was written", at.name, one.question.Action, one.question.Resource)
				}
			}
		}
		for i, s := range at.statements {
			if s.Sid == "Administration" || len(p.parts) > 0 && (at.kind == "key" || at.kind == "bucket" || !slices.Contains(p.parts, string(s.Who)) && !slices.Contains(p.parts, string(s.Who)+"/"+s.Family())) {
				continue // administrators', and none of Sealift's; or another job's matter
			}
			p.statement(at, about, i, s)
		}
	}
}

// statement changes one statement in every way.
func (p *proof) statement(at governed, about []used, i int, s permission.Statement) {
	change := func(edit func(s *permission.Statement)) *policy.Document {
		p.changes++
		all := slices.Clone(at.statements)
		edit(&all[i])
		if len(all[i].Actions) == 0 || len(s.Resources) > 0 && len(all[i].Resources) == 0 {
			all = slices.Delete(all, i, i+1)
		}
		return p.document(all)
	}
	// without takes an action, or a resource, away. A role that is several parts of a job has some for each of them: those are taken, too.
	without := func(action, resource string) *policy.Document {
		p.changes++
		var all []permission.Statement
		for n, o := range at.statements {
			if n == i || s.Documented == "" && o.Who != s.Who && fmt.Sprint(o.Principals, o.Conditions) == fmt.Sprint(s.Principals, s.Conditions) {
				if action != "" && (n == i || slices.ContainsFunc(o.Resources, func(r string) bool { return slices.Contains(s.Resources, r) }) || len(s.Resources) == 0) {
					o.Actions = slices.DeleteFunc(slices.Clone(o.Actions), func(a string) bool { return a == action })
				}
				if resource != "" && (n == i || slices.Equal(o.Actions, s.Actions)) {
					o.Resources = slices.DeleteFunc(slices.Clone(o.Resources), func(r string) bool { return r == resource })
				}
			}
			if len(o.Actions) > 0 && (len(s.Resources) == 0 || len(o.Resources) > 0) {
				all = append(all, o)
			}
		}
		return p.document(all)
	}
	fails := func(d *policy.Document) (scenarios []string) {
		for _, one := range about {
			if !slices.Contains(scenarios, one.scenario) && !policy.Decide(at.with(one.question, d)).Allowed {
				scenarios = append(scenarios, one.scenario)
			}
		}
		slices.SortFunc(scenarios, func(a, b string) int { return slices.Index(p.order, a) - slices.Index(p.order, b) })
		return scenarios
	}
	if at.kind == "role" || at.kind == "trust" {
		p.commands(at, about, s)
	}
	if !s.Deny {
		for _, action := range s.Actions {
			scenarios := fails(without(action, ""))
			switch {
			case len(scenarios) == 0 && s.Documented == "":
				p.fail("%s: %s: nothing needs %s", at.name, s.Sid, action)
			case len(scenarios) > 0 && s.Documented != "":
				p.fail("%s: %s: %s is said to be asked for by the manual alone, and %v need it", at.name, s.Sid, action, scenarios)
			}
			if at.kind == "role" || at.kind == "trust" {
				p.rows = append(p.rows, found{row{kind: at.kind, who: string(s.Who), family: s.Family(), action: action}, scenarios})
			}
		}
		for _, resource := range s.Resources {
			if len(s.Resources) > 1 && s.Documented == "" && len(fails(without("", resource))) == 0 {
				p.fail("%s: %s: nothing needs it on %s", at.name, s.Sid, resource)
			}
		}
		p.widen(at, about, s, change)
	}
	for _, c := range s.Conditions {
		p.changes++
		p.condition(at, about, s, c)
	}
}

// commands holds the commands that used a statement against those that it says need it.
func (p *proof) commands(at governed, about []used, s permission.Statement) {
	var seen []string
	for _, one := range about {
		if c := command(one.scenario); c != "" && !slices.Contains(seen, c) && slices.Contains(s.Actions, one.question.Action) && p.only(s, one.question) {
			seen = append(seen, c)
		}
	}
	for _, c := range seen {
		if !slices.Contains(s.Commands, c) {
			p.fail("%s: %s: %s uses it, and it says that %v do", at.name, s.Sid, c, s.Commands)
		}
	}
	if len(seen) == 0 {
		return
	}
	one := row{kind: at.kind + " commands", who: string(s.Who), family: s.Family()}
	i := slices.IndexFunc(p.rows, func(f found) bool { return f.row == one })
	if i < 0 {
		i, p.rows = len(p.rows), append(p.rows, found{one, []string{""}})
	}
	seen = append(seen, strings.Fields(p.rows[i].scenarios[0])...)
	slices.Sort(seen)
	p.rows[i].scenarios[0] = strings.Join(slices.Compact(seen), " ")
}

// widen lets a statement be about everything: something that was refused must then be allowed.
func (p *proof) widen(at governed, about []used, s permission.Statement, change func(func(*permission.Statement)) *policy.Document) {
	if s.Documented != "" || len(s.Resources) == 0 || slices.Equal(s.Resources, []string{"*"}) || at.name == "bucket" {
		return
	}
	narrow, wide := p.document(at.statements), change(func(s *permission.Statement) { s.Resources = []string{"*"} })
	for _, one := range about {
		q := one.question
		if !slices.Contains(s.Actions, q.Action) || !p.only(s, q) {
			continue
		}
		q.Resource, q.ResourcePolicy, q.ResourceDecides, q.Session = elsewhere(q.Resource), nil, false, nil
		q.ResourceAccount = q.Principal.Account
		if !policy.Decide(at.with(q, narrow)).Allowed && policy.Decide(at.with(q, wide)).Allowed {
			return
		}
	}
	p.fail("%s: %s: on everything, it would allow nothing more than on %v", at.name, s.Sid, s.Resources)
}

// only tells whether a statement alone allows what was asked.
func (p *proof) only(s permission.Statement, q policy.Question) bool {
	d := p.document([]permission.Statement{s})
	q.Session = nil // what a session is cut down to is another's matter
	if len(s.Principals) > 0 {
		q.ResourcePolicy, q.Identity = d, []*policy.Document{everything}
	} else {
		q.Identity, q.ResourcePolicy, q.ResourceDecides = []*policy.Document{d}, nil, false
		q.ResourceAccount = q.Principal.Account
	}
	return policy.Decide(q).Allowed
}

// everything is allowed by it.
var everything = func() *policy.Document {
	d, err := policy.Parse([]byte(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`))
	if err != nil {
		panic(err)
	}
	return d
}()

// nobody may do anything by it.
var nobody = func() *policy.Document {
	d, err := policy.Parse([]byte(`{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"*","Resource":"*"}]}`))
	if err != nil {
		panic(err)
	}
	return d
}()

// elsewhere is a resource like the one that is meant: of the same kind, and another one.
func elsewhere(arn string) string {
	parts := strings.SplitN(arn, ":", 6)
	if len(parts) != 6 {
		return "arn:aws:iam::999999999999:role/x"
	}
	return strings.Join([]string{parts[0], parts[1], parts[2], parts[3], "999999999999", "not-" + parts[5] + "-this"}, ":")
}

// condition takes a condition away: something that was refused because of it must then be allowed, or what was denied.
func (p *proof) condition(at governed, about []used, s permission.Statement, c permission.Condition) {
	with := p.document(at.statements)
	key := strings.ToLower(c.Key)
	if s.Deny {
		// What is usual is not denied; with this one thing about it unusual, it is.
		unusual := map[string]string{
			"s3:x-amz-server-side-encryption": "aws:kms:dsse", "s3:x-amz-server-side-encryption-aws-kms-key-id": "arn:aws:kms:eu-west-1:999999999999:key/x",
			"aws:securetransport": "false", "s3:tlsversion": "1.0", "aws:principalarn": "arn:aws:iam::" + p.setup.Bucket.Account + ":role/stranger",
		}[key]
		rest := p.document(slices.DeleteFunc(slices.Clone(at.statements), func(o permission.Statement) bool { return o.Sid == s.Sid }))
		for _, one := range about {
			q := one.question
			q.Context = maps.Clone(q.Context)
			q.Context[key] = []string{unusual}
			if !policy.Decide(at.with(q, with)).Allowed && policy.Decide(at.with(q, rest)).Allowed {
				return
			}
		}
		p.fail("%s: %s denies nothing that something else does not", at.name, s.Sid)
		return
	}
	for _, one := range about {
		q := one.question
		if !slices.Contains(s.Actions, q.Action) || !p.only(s, q) {
			continue
		}
		q.Context = maps.Clone(q.Context)
		q.Context[key] = []string{"arn:aws:x:::other"}
		if !policy.Decide(q).Allowed && !policy.Decide(at.with(q, with)).Allowed && p.only(withoutCondition(s, c), q) {
			return
		}
	}
	if s.Documented == "" {
		p.fail("%s: %s: without %s %s nothing more is allowed", at.name, s.Sid, c.Operator, c.Key)
	}
}

func withoutCondition(s permission.Statement, c permission.Condition) permission.Statement {
	s.Conditions = slices.DeleteFunc(slices.Clone(s.Conditions), func(o permission.Condition) bool { return o.Operator == c.Operator && o.Key == c.Key })
	return s
}

// row is a permission, and a scenario that fails without it.
type row struct{ kind, who, family, action, scenario string }

func (r row) String() string {
	return strings.Join([]string{r.kind, r.who, r.family, r.action, r.scenario}, "\t")
}

// compare holds what was found against what the manual is made of. It is written anew with SEALIFT_PERMISSIONS=write.
func (p *proof) compare(file string) error {
	old, err := os.ReadFile(file)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	known := map[string]bool{}
	for line := range strings.Lines(string(old)) {
		known[strings.TrimSuffix(line, "\n")] = true
	}
	lines := slices.Sorted(maps.Keys(known))
	write := os.Getenv("SEALIFT_PERMISSIONS") == "write"
	all := map[row][]string{} // those of several statements of one family together
	for _, one := range p.rows {
		all[one.row] = append(all[one.row], one.scenarios...)
	}
	for one, has := range all {
		if len(has) == 0 {
			has = []string{""}
		}
		lines = slices.DeleteFunc(lines, func(line string) bool { // what was so, and is not any more
			old, was := strings.CutPrefix(line, one.String())
			stale := was && !slices.Contains(has, old)
			if stale {
				delete(known, line)
			}
			if stale && !write {
				p.fail("%s says: %s; it was found for %v; write it anew with SEALIFT_PERMISSIONS=write", file, line, has)
			}
			return stale
		})
	}
	for _, one := range p.rows {
		found, has := one.row, one.scenarios
		written := slices.ContainsFunc(has, func(scenario string) bool {
			found := found
			found.scenario = scenario
			return known[found.String()]
		})
		if written || known[found.String()] {
			continue
		}
		if !write {
			p.fail("%s does not say: %s; write it anew with SEALIFT_PERMISSIONS=write, and then go generate ./internal/permission", file, found)
			continue
		}
		if len(has) > 0 {
			found.scenario = has[0]
		}
		lines, known[found.String()] = append(lines, found.String()), true
	}
	if !write {
		return nil
	}
	slices.Sort(lines)
	return os.WriteFile(file, []byte(strings.Join(slices.Compact(lines), "\n")+"\n"), 0o644)
}
