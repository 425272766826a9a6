package sealift_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/sealift/sealift/internal/permission"
	"github.com/sealift/sealift/job"
)

// operations are those of AWS that the program calls, with what each asks for: the service authorization reference. What is called
// through others of these, or by AWS in the program's stead, stands with the operation that brings it about.
var operations = map[string][]string{
	"sts.GetCallerIdentity": nil, // which no policy can forbid

	"ec2.AuthorizeSecurityGroupIngress": {"ec2:AuthorizeSecurityGroupIngress", "ec2:CreateTags"},
	"ec2.CreateTags":                    {"ec2:CreateTags"},
	"ec2.DeleteTags":                    {"ec2:DeleteTags"},
	"ec2.DescribeSecurityGroupRules":    {"ec2:DescribeSecurityGroupRules"},
	"ec2.RevokeSecurityGroupIngress":    {"ec2:RevokeSecurityGroupIngress"},
	"iam.GetInstanceProfile":            {"iam:GetInstanceProfile"},
	"iam.GetPolicy":                     {"iam:GetPolicy"},
	"iam.GetPolicyVersion":              {"iam:GetPolicyVersion"},
	"iam.GetRole":                       {"iam:GetRole"},
	"iam.GetRolePolicy":                 {"iam:GetRolePolicy"},
	"kms.CreateAlias":                   {"kms:CreateAlias"},
	"kms.CreateKey":                     {"kms:CreateKey"},
	"kms.Decrypt":                       {"kms:Decrypt"},
	"kms.DescribeKey":                   {"kms:DescribeKey"},
	"kms.EnableKeyRotation":             {"kms:EnableKeyRotation"},
	"kms.Encrypt":                       {"kms:Encrypt"},
	"kms.GetKeyPolicy":                  {"kms:GetKeyPolicy"},
	"kms.GetKeyRotationStatus":          {"kms:GetKeyRotationStatus"},
	"kms.ScheduleKeyDeletion":           {"kms:ScheduleKeyDeletion"},

	"redshift.DescribeClusters":             {"redshift:DescribeClusters"},
	"redshift.GetClusterCredentials":        {"redshift:GetClusterCredentials", "redshift:CreateClusterUser", "redshift:JoinGroup"},
	"redshift.GetClusterCredentialsWithIAM": {"redshift:GetClusterCredentialsWithIAM"},
	"redshiftdata.CancelStatement":          {"redshift-data:CancelStatement"},
	"redshiftdata.DescribeStatement":        {"redshift-data:DescribeStatement"},
	"redshiftdata.ExecuteStatement":         {"redshift-data:ExecuteStatement"},
	"redshiftdata.GetStatementResult":       {"redshift-data:GetStatementResult"},
	"redshiftdata.ListStatements":           {"redshift-data:ListStatements"},
	"redshiftserverless.GetCredentials":     {"redshift-serverless:GetCredentials"},
	"redshiftserverless.GetWorkgroup":       {"redshift-serverless:GetWorkgroup"},

	"s3.AbortMultipartUpload":            {"s3:AbortMultipartUpload"},
	"s3.CompleteMultipartUpload":         {"s3:PutObject", "kms:Decrypt"},
	"s3.CopyObject":                      {"s3:GetObject", "s3:PutObject", "kms:Decrypt", "kms:GenerateDataKey"},
	"s3.CreateMultipartUpload":           {"s3:PutObject", "kms:GenerateDataKey"},
	"s3.DeleteObject":                    {"s3:DeleteObject"},
	"s3.DeleteObjects":                   {"s3:DeleteObject", "s3:DeleteObjectVersion"},
	"s3.GetBucketEncryption":             {"s3:GetEncryptionConfiguration"},
	"s3.GetBucketLifecycleConfiguration": {"s3:GetLifecycleConfiguration"},
	"s3.GetBucketOwnershipControls":      {"s3:GetBucketOwnershipControls"},
	"s3.GetBucketPolicy":                 {"s3:GetBucketPolicy"},
	"s3.GetObject":                       {"s3:GetObject", "kms:Decrypt"},
	"s3.GetPublicAccessBlock":            {"s3:GetBucketPublicAccessBlock"},
	"s3.HeadBucket":                      {"s3:ListBucket"},
	"s3.HeadObject":                      {"s3:GetObject"},
	"s3.ListMultipartUploads":            {"s3:ListBucketMultipartUploads"},
	"s3.ListObjectVersions":              {"s3:ListBucketVersions"},
	"s3.ListObjectsV2":                   {"s3:ListBucket"},
	"s3.PutObject":                       {"s3:PutObject", "kms:GenerateDataKey"},
	"s3.UploadPart":                      {"s3:PutObject", "kms:GenerateDataKey"},
	"s3.UploadPartCopy":                  {"s3:GetObject", "s3:PutObject", "kms:Decrypt", "kms:GenerateDataKey"},

	"scheduler.CreateSchedule":      {"scheduler:CreateSchedule", "iam:PassRole"},
	"scheduler.DeleteSchedule":      {"scheduler:DeleteSchedule"},
	"scheduler.GetSchedule":         {"scheduler:GetSchedule"},
	"scheduler.UpdateSchedule":      {"scheduler:UpdateSchedule", "iam:PassRole"},
	"secretsmanager.GetSecretValue": {"secretsmanager:GetSecretValue"},

	// Calls of the SDK's own packages.
	"stscreds.NewAssumeRoleProvider":      {"sts:AssumeRole"},
	"stscreds.NewWebIdentityRoleProvider": {"sts:AssumeRoleWithWebIdentity"},
	"sts.AssumeRole":                      {"sts:AssumeRole"},
}

// Every operation of AWS that the program's source names is known here, what it asks for is in a list of permissions, and the lists have
// nothing that no operation asks for.
func TestEveryCallOfAWSIsInAListOfPermissions(t *testing.T) {
	t.Parallel()
	called := calledOperations(t)
	listed := map[string]bool{}
	for _, a := range permission.Aparts() {
		for _, action := range a.Actions {
			listed[action] = true
		}
	}
	for _, text := range []string{everyWayIn, strings.Replace(everyOtherWayIn, "AUTH", "iam", 1), strings.Replace(everyOtherWayIn, "AUTH", "data-api", 1)} {
		parsed, err := job.Parse("job.yaml", []byte(text), func(string) (string, bool) { return "", false })
		if err != nil {
			t.Fatal(err)
		}
		l, err := permission.Of(parsed, permission.Options{
			State: "s3://state/x", UnloadTo: []string{"s3://out/x"}, ResealFrom: []string{"s3://old/x"}, ResealTo: []string{"s3://new/x"},
			Issuer: "issuer.example", Audience: "a", Subject: "s",
		})
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range l.Roles {
			for _, s := range slices.Concat(r.Statements, r.Trust) {
				for _, action := range s.Actions {
					listed[action] = true
				}
			}
		}
	}
	asked := map[string]bool{}
	for _, operation := range slices.Sorted(maps.Keys(called)) {
		actions, known := operations[operation]
		if !known {
			t.Errorf("%s calls %s: say here what it asks for, and have it in package permission", called[operation], operation)
		}
		for _, action := range actions {
			asked[action] = true
			if !listed[action] {
				t.Errorf("%s calls %s, which asks for %s, and no list of permissions has that", called[operation], operation, action)
			}
		}
	}
	for _, operation := range slices.Sorted(maps.Keys(operations)) {
		if called[operation] == "" {
			t.Errorf("nothing calls %s any more", operation)
		}
	}
	for _, action := range slices.Sorted(maps.Keys(listed)) {
		if !asked[action] {
			t.Errorf("%s is in a list of permissions, and no call asks for it", action)
		}
	}
}

// everyWayIn and everyOtherWayIn are jobs that need all there is.
const everyWayIn = `version: 1
source:
  cluster: a
  region: eu-west-1
  database: d
  user: u
  groups: [g]
  auto_create: true
  auth: iam
  assume_role: arn:aws:iam::111111111111:role/source
  external_id: x-1
  s3_role: arn:aws:iam::111111111111:role/unload
  door: {security_group: sg-0a1b2c3d, address: auto, ttl: 30m}
target:
  cluster: b
  region: eu-west-1
  database: d
  auth: secret
  password_from: secretsmanager:arn:aws:secretsmanager:eu-west-1:222222222222:secret:NAME
  assume_role: arn:aws:iam::222222222222:role/target
  external_id: x-2
  s3_role: arn:aws:iam::222222222222:role/copy
stage: {url: "s3://stage/prefix", region: eu-west-1, kms_key: alias/sealift, owner: "333333333333"}
tables: [a.b]
files: [{path: "s3://files/prefix/*", as: a.c}]
`

const everyOtherWayIn = `version: 1
source:
  workgroup: work
  region: eu-west-1
  database: d
  auth: iam
  assume_role: arn:aws:iam::111111111111:role/source
  web_identity_token_file: TOKEN
  s3_role: arn:aws:iam::111111111111:role/unload
target:
  cluster: b
  region: eu-west-1
  database: d
  auth: AUTH
  assume_role: arn:aws:iam::222222222222:role/target
  external_id: x-2
  s3_role: arn:aws:iam::222222222222:role/copy
stage: {url: "s3://stage/prefix", region: eu-west-1, kms_key: alias/sealift, owner: "333333333333"}
tables: [a.b]
`

// calledOperations are the operations of AWS that the program's source names, each with a file that does: every type of a request, and
// the SDK's own ways to take a role. The stand-in, what makes the demo's accounts in it, and the tools are not the program.
func calledOperations(t *testing.T) map[string]string {
	t.Helper()
	const sdk = "github.com/aws/aws-sdk-go-v2/"
	called := map[string]string{}
	err := filepath.WalkDir(".", func(file string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && slices.Contains([]string{"internal/local", "internal/demo", "internal/tools", "tools", "testdata", ".git"}, filepath.ToSlash(file)):
			return filepath.SkipDir
		case d.IsDir() || !strings.HasSuffix(file, ".go") || strings.HasSuffix(file, "_test.go"):
			return nil
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		if err != nil {
			return err
		}
		services := map[string]string{} // by the name in this file
		for _, i := range parsed.Imports {
			from, err := strconv.Unquote(i.Path.Value)
			if err != nil {
				return err
			}
			part, ok := strings.CutPrefix(from, sdk)
			if !ok || strings.HasSuffix(part, "/types") {
				continue
			}
			name := path.Base(part)
			switch {
			case strings.HasPrefix(part, "service/"), name == "stscreds":
			case slices.Contains([]string{"aws", "http", "retry", "ratelimit", "signer", "config", "credentials", "ec2rolecreds", "imds", "middleware"}, name):
				continue // calls nobody but the machine's own metadata, or what the user's configuration says
			default:
				t.Errorf("%s uses %s: which operations does that call?", file, from)
			}
			as := name
			if i.Name != nil {
				as = i.Name.Name
			}
			services[as] = name
		}
		ast.Inspect(parsed, func(n ast.Node) bool {
			selected, ok := n.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			from, ok := selected.X.(*ast.Ident)
			if !ok || services[from.Name] == "" {
				return true
			}
			name := services[from.Name]
			operation, isInput := strings.CutSuffix(selected.Sel.Name, "Input")
			if isInput || name == "stscreds" && strings.HasSuffix(operation, "Provider") && strings.HasPrefix(operation, "New") {
				called[name+"."+operation] = file
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	const least = 40
	if len(called) < least {
		t.Fatalf("only %d operations were found: %v", len(called), called)
	}
	return called
}
