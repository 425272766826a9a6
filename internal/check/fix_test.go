package check

import (
	"errors"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/sealift/sealift/internal/permission"
	"github.com/sealift/sealift/internal/setup"
	"github.com/sealift/sealift/job"
)

const crossing = `version: 1
source: {cluster: prod, region: eu-west-1, database: d, user: u, account: "111111111111", s3_role: "arn:aws:iam::111111111111:role/unload"}
target:
  cluster: dev
  region: eu-west-1
  database: d
  user: u
  assume_role: arn:aws:iam::222222222222:role/sealift-target
  external_id: 7c1f-4e0a
  s3_role: arn:aws:iam::222222222222:role/copy
stage: {url: s3://corp-sealift/p, region: eu-west-1, kms_key: alias/sealift, owner: "333333333333"}
tables: [a.b]
`

// The template has what was missing for roles, each in its account; what stands at buckets, keys and roles that are there is in comments.
func TestFixCloudFormation(t *testing.T) {
	t.Parallel()
	j, err := job.Parse("job.yaml", []byte(crossing), func(string) (string, bool) { return "", false })
	if err != nil {
		t.Fatal(err)
	}
	const key = "arn:aws:kms:eu-west-1:333333333333:key/0c7a4f2e-1111-4222-8333-444455556666"
	needs, err := setup.Of(j, setup.Options{Options: permission.Options{Loader: "arn:aws:iam::333333333333:role/loader", KeyARN: key}, For: setup.All})
	if err != nil {
		t.Fatal(err)
	}
	lack := func(what string, l Lack) Result {
		r := Bad(errors.New("refused\nResources: {}"), "%s", what)
		r.Lacks = []Lack{l}
		return r
	}
	good := Good("all")
	good.Lacks = []Lack{{Who: permission.Loader, Actions: []string{"s3:ListBucket"}}}
	results := []Result{
		good,
		lack("COPY as copy", Lack{Who: permission.Copy, Actions: []string{"s3:GetObject", "kms:Decrypt"}, Stage: true}),
		lack("the way in", Lack{Who: permission.Loader, Actions: []string{"sts:AssumeRole"}}),
		lack("assume it", Lack{Trust: "arn:aws:iam::222222222222:role/sealift-target"}),
		lack("the policy", Lack{Refusal: true}),
	}
	Fill(results, needs)
	if len(good.Policies) > 0 {
		t.Error("what is there lacks something")
	}
	text := FixCloudFormation(results)
	var template struct {
		Conditions map[string]any `yaml:"Conditions"`
		Resources  map[string]struct {
			Type       string `yaml:"Type"`
			Condition  string `yaml:"Condition"`
			Properties struct {
				RoleName       string `yaml:"RoleName"`
				PolicyDocument struct {
					Statement []struct {
						Sid string `yaml:"Sid"`
					} `yaml:"Statement"`
				} `yaml:"PolicyDocument"`
			} `yaml:"Properties"`
		} `yaml:"Resources"`
	}
	if err := yaml.Unmarshal([]byte(text), &template); err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	sids := func(name string) (all string) {
		r := template.Resources[name]
		for _, s := range r.Properties.PolicyDocument.Statement {
			all += s.Sid + " "
		}
		return r.Type + " " + r.Condition + " " + r.Properties.RoleName + ": " + all
	}
	if got := sids("Missing1"); got != "AWS::IAM::RolePolicy In222222222222 copy: Copy CopyKey " {
		t.Errorf("%s in\n%s", got, text)
	}
	if got := sids("Missing4"); got != "AWS::IAM::RolePolicy In333333333333 loader: TakeTarget " {
		t.Errorf("%s in\n%s", got, text)
	}
	if len(template.Resources) != 2 || len(template.Conditions) != 2 {
		t.Errorf("%d resources, %d conditions in\n%s", len(template.Resources), len(template.Conditions), text)
	}
	for _, want := range []string{
		"# NOT HERE, for COPY as copy: the bucket policy of arn:aws:s3:::corp-sealift", "# NOT HERE, for COPY as copy: the key policy of",
		"# NOT HERE, for assume it: the trust policy of", "# NOT HERE, for the policy: the bucket policy of", `"Sid": "ThisKeyOnly"`,
	} {
		if !strings.Contains(text, want) {
			t.Errorf("%s is not in\n%s", want, text)
		}
	}
	if strings.Contains(text, "SecureTransportOnly") || strings.Contains(text, "Administration") {
		t.Errorf("more than what is missing in\n%s", text)
	}
}
