// Command permissiondoc writes docs/permissions.md: every permission that Sealift can need, who needs it and for what, and what
// fails without it, as a test found out. Run it with go generate ./internal/permission.
package main

import (
	"bufio"
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/sealift/sealift/internal/permission"
	"github.com/sealift/sealift/job"
)

func main() {
	proof := flag.String("proof", "testdata/permissions", "folder of what the tests found out")
	docs := flag.String("docs", "docs", "folder of the documents")
	flag.Parse()
	text, err := page(*proof)
	if err == nil {
		err = os.WriteFile(filepath.Join(*docs, name), []byte(text), 0o644) //nolint:gosec // documents are for everybody
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "permissiondoc:", err)
		os.Exit(1)
	}
}

const name = "permissions.md"

// jobs are such that together they need everything.
var jobs = []struct {
	text    string
	options permission.Options
}{
	{`version: 1
source:
  cluster: CLUSTER
  region: REGION
  database: DATABASE
  user: USER
  groups: [group]
  auto_create: true
  assume_role: arn:aws:iam::111111111111:role/source
  external_id: EXTERNAL-ID
  s3_role: arn:aws:iam::111111111111:role/attached,arn:aws:iam::333333333333:role/unload
  door: {security_group: sg-0a1b2c3d, address: auto, ttl: 30m}
target:
  cluster: CLUSTER
  region: REGION
  database: DATABASE
  auth: secret
  password_from: secretsmanager:arn:aws:secretsmanager:REGION:222222222222:secret:NAME
  assume_role: arn:aws:iam::333333333333:role/hop,arn:aws:iam::222222222222:role/target
  external_id: EXTERNAL-ID
  s3_role: arn:aws:iam::222222222222:role/attached,arn:aws:iam::333333333333:role/copy
stage: {url: "s3://stage/prefix", region: REGION, kms_key: alias/sealift, owner: "333333333333"}
tables: [a.b]
files: [{path: "s3://files/prefix/*", as: a.b}]
`, permission.Options{
		State: "s3://state/prefix", UnloadTo: []string{"s3://out/prefix"}, ResealFrom: []string{"s3://archives/prefix"}, ResealTo: []string{"s3://resealed/prefix"},
		ResealKey: "secretsmanager:arn:aws:secretsmanager:eu-west-1:333333333333:secret:NAME",
	}},
	{`version: 1
source:
  workgroup: WORKGROUP
  region: REGION
  database: DATABASE
  auth: iam
  assume_role: arn:aws:iam::111111111111:role/source
  web_identity_token_file: TOKEN
  s3_role: arn:aws:iam::111111111111:role/unload
target:
  cluster: CLUSTER
  region: REGION
  database: DATABASE
  auth: iam
  assume_role: arn:aws:iam::222222222222:role/target
  external_id: EXTERNAL-ID
  s3_role: arn:aws:iam::222222222222:role/copy
stage: {url: "s3://stage/prefix", region: REGION, kms_key: alias/sealift, owner: "333333333333"}
masking: {key: "kms:CIPHERTEXT"}
tables: [a.b]
`, permission.Options{Issuer: "ISSUER", Audience: "AUDIENCE", Subject: "SUBJECT", ResealTo: []string{"s3://resealed/prefix"}, ResealKey: "kms:AAAA"}},
	{`version: 1
source:
  cluster: CLUSTER
  region: REGION
  database: DATABASE
  user: USER
  auth: data-api
  assume_role: arn:aws:iam::111111111111:role/source
  external_id: EXTERNAL-ID
  s3_role: arn:aws:iam::111111111111:role/unload
target:
  cluster: CLUSTER
  region: REGION
  database: DATABASE
  auth: data-api
  assume_role: arn:aws:iam::222222222222:role/target
  external_id: EXTERNAL-ID
  s3_role: arn:aws:iam::222222222222:role/copy
stage: {url: "s3://stage/prefix", region: REGION, kms_key: alias/sealift, owner: "333333333333"}
masking: {key: "secretsmanager:arn:aws:secretsmanager:REGION:333333333333:secret:NAME"}
tables: [a.b]
`, permission.Options{}},
	{`version: 1
target:
  host: HOST
  region: REGION
  database: DATABASE
  user: USER
  password_from: kms:CIPHERTEXT
  assume_role: arn:aws:iam::222222222222:role/target
  external_id: EXTERNAL-ID
  s3_role: arn:aws:iam::222222222222:role/copy
stage: {url: "s3://stage/prefix", region: REGION, kms_key: alias/sealift, owner: "333333333333"}
files: [{path: a, as: a.b}]
`, permission.Options{}},
}

// sections of the page, in the order of who comes first.
var sections = []struct {
	title string
	who   []permission.Who
	intro string
}{
	{"The loader", []permission.Who{permission.Loader}, "Whoever runs Sealift, before any role is taken: an EC2 instance's role, a user, a role of CI. It alone works with the stage."},
	{"The roles of assume_role", []permission.Who{permission.Source, permission.Target, permission.SourceHop, permission.TargetHop}, "Taken in the account of a warehouse, to look it up and to log in; without `assume_role`, the loader needs these. A role before the last of a chain takes the next, and needs `sts:AssumeRole` on it alone."},
	{"What UNLOAD writes as", []permission.Who{permission.Unload, permission.UnloadHop}, "The last role of the source's `s3_role`; one before takes the next."},
	{"What COPY reads as", []permission.Who{permission.Copy, permission.CopyHop}, "The last role of the target's `s3_role`; one before takes the next."},
	{"What closes a door", []permission.Who{permission.SourceCloser, permission.TargetCloser}, "The role `sealift-door`, or `scheduler_role`, under which EventBridge Scheduler closes a door if nobody else does."},
}

const head = `# Permissions

<!-- Written by go generate ./internal/permission from package permission and from what the tests found out; edit these. -->

Everything that Sealift uses of AWS, by who needs it. [sealift setup aws](setup.md) writes policies with exactly what a job needs of it.
What the database users need is in the [SQL](setup.md#in-the-databases) that ` + "`sealift setup sql`" + ` writes.

It is proved by a test: all of it is made in three accounts of the [stand-in](standin.md), which evaluates policies, trusts, bucket and key
policies and sessions as AWS does, and the commands run under it. What was granted and not used fails the test, and so does a request that was refused,
unless it was made to be refused: a role without its external id, an object without the key. Then each action, resource
and condition is taken away, and each resource widened: some scenario that ran before is refused, or something is let in that was not. The
last column names such a scenario. Where it names a page, the manual asks for the permission, and no run on the stand-in does. The commands
that a permission is said to be for are those that were seen to use it, or what goes together with it.

What no public source settles: whether Redshift asks for ` + "`s3:GetBucketLocation`, `s3:ListMultipartUploadParts` or `s3:AbortMultipartUpload`" + `, which AWS's
samples list for UNLOAD and its manual does not. If an UNLOAD is refused, its error names the action.
`

// everything are the statements of all jobs: of roles, and of who may take them.
func everything() (all, trust []permission.Statement, err error) {
	for _, one := range jobs {
		text := strings.NewReplacer("CLUSTER", "cluster", "WORKGROUP", "workgroup", "REGION", "eu-west-1", "CIPHERTEXT", "AAAA", "DATABASE", "database").Replace(one.text)
		j, err := job.Parse("job.yaml", []byte(text), func(string) (string, bool) { return "", false })
		if err != nil {
			return nil, nil, err
		}
		l, err := permission.Of(j, one.options)
		if err != nil {
			return nil, nil, err
		}
		for _, r := range l.Roles {
			all, trust = append(all, r.Statements...), append(trust, r.Trust...)
		}
	}
	return all, trust, nil
}

// page is the document.
func page(proof string) (string, error) {
	found, err := scenarios(proof)
	if err != nil {
		return "", err
	}
	all, trust, err := everything()
	if err != nil {
		return "", err
	}
	var b strings.Builder
	b.WriteString(head)
	for _, s := range sections {
		fmt.Fprintf(&b, "\n## %s\n\n%s\n\n| | action | on | only if | for | without it fails |\n|---|---|---|---|---|---|\n", s.title, s.intro)
		table(&b, "role", s.who, all, found)
		fmt.Fprintf(&b, "\nWho may take it:\n\n| | action | by | only if | why | without it fails |\n|---|---|---|---|---|---|\n")
		table(&b, "trust", s.who, trust, found)
	}
	b.WriteString("\n## Commands without a job\n\nWhat these need is an administrator's, or of whoever writes jobs; `sealift setup aws` grants none of it.\n\n" +
		"| command | action | on | for |\n|---|---|---|---|\n")
	for _, a := range permission.Aparts() {
		fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", a.Command, code(a.Actions), a.On, a.Why)
	}
	return b.String(), nil
}

var everybody = []permission.Who{
	permission.Loader, permission.Source, permission.Target, permission.SourceHop, permission.TargetHop, permission.Unload, permission.Copy,
	permission.UnloadHop, permission.CopyHop, permission.SourceCloser, permission.TargetCloser,
}

func table(b *strings.Builder, kind string, who []permission.Who, all []permission.Statement, found map[string]string) {
	seen := map[string]bool{}
	same := func(a, b permission.Statement) bool {
		return a.Family() == b.Family() && slices.Equal(a.Actions, b.Actions)
	}
	for _, s := range all {
		if !slices.Contains(who, s.Who) {
			continue
		}
		var what []string
		for _, action := range s.Actions {
			scenario := ""
			for _, w := range append([]permission.Who{s.Who}, everybody...) { // the same of another side shows it as well
				if one := found[strings.Join([]string{kind, string(w), s.Family(), action}, "\t")]; one != "" && scenario == "" {
					scenario = one
				}
			}
			if s.Documented != "" {
				scenario = "(" + s.Documented + ")"
			}
			if scenario == "" {
				scenario = "?"
			}
			what = append(what, scenario)
		}
		where := code(s.Resources)
		why := s.Why
		if kind == "trust" {
			where = ""
			for _, p := range s.Principals {
				where += code(p.Values)
			}
		}
		if s.Wide != "" {
			why += " (" + s.Wide + ")"
		}
		if key := s.Family() + fmt.Sprint(s.Actions); !seen[key] {
			seen[key] = true
			var used []string // by either side
			for _, o := range all {
				if slices.Contains(who, o.Who) && same(s, o) {
					used = append(used, o.Commands...)
				}
			}
			fmt.Fprintf(b, "| %s | %s | %s | %s | %s | %s |\n", s.Family(), code(s.Actions), where, conditions(s.Conditions), cell(why)+commands(used), cell(strings.Join(slices.Compact(what), "; ")))
		}
	}
}

// order is that of commands in the page: as somebody comes to them.
var order = []string{"check", "plan", "mask", "scan", "copy", "load", "unload", "sync", "reseal", "resume", "runs", "show", "verify", "clean"}

func commands(used []string) string {
	all := slices.DeleteFunc(slices.Clone(order), func(c string) bool { return !slices.Contains(used, c) })
	if len(all) == 0 {
		return ""
	}
	return ": " + strings.Join(all, ", ")
}

func cell(text string) string { return strings.ReplaceAll(text, "|", `\|`) }

func code(all []string) string {
	out := make([]string, len(all))
	for i, one := range all {
		out[i] = "`" + cell(strings.Replace(one, permission.StageKey, "the stage's key", 1)) + "`"
	}
	return strings.Join(out, " ")
}

func conditions(all []permission.Condition) string {
	out := make([]string, len(all))
	for i, c := range all {
		out[i] = "`" + c.Key + "` " + code(c.Values)
	}
	return strings.Join(out, "; ")
}

// scenarios are those that fail without a permission, by kind, who, family and action.
func scenarios(proof string) (map[string]string, error) {
	files, err := filepath.Glob(filepath.Join(proof, "*.tsv"))
	if err != nil {
		return nil, err
	}
	found := map[string]string{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		for lines := bufio.NewScanner(bytes.NewReader(text)); lines.Scan(); {
			parts := strings.Split(lines.Text(), "\t")
			if len(parts) != 5 {
				return nil, fmt.Errorf("%s: %q is no row", file, lines.Text())
			}
			if key := strings.Join(parts[:4], "\t"); found[key] == "" {
				found[key] = parts[4]
			}
		}
	}
	return found, nil
}
