package setup_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/hashicorp/hcl/v2/hclwrite"
	"github.com/zclconf/go-cty/cty"
	"go.yaml.in/yaml/v3"

	"github.com/sealift/sealift/internal/permission"
	"github.com/sealift/sealift/internal/setup"
	"github.com/sealift/sealift/job"
)

var update = flag.Bool("update", false, "write the golden files")

// cases are documents, and the formats of which golden files are kept: what differs is seen in few.
var cases = map[string]struct {
	job     string
	options setup.Options
	golden  string
}{
	"move":    {"move", setup.Options{For: setup.All, Instance: &setup.Instance{Sum: strings.Repeat("0f", 32)}}, "template.yaml"},
	"source":  {"move", setup.Options{For: setup.Source}, "tf sh"},
	"stage":   {"move", setup.Options{For: setup.Stage}, "sh json"},
	"plain":   {"plain", setup.Options{For: setup.All}, "template.yaml"},
	"china":   {"china", setup.Options{For: setup.All, Options: permission.Options{State: "s3://corp-state/sealift", UnloadTo: []string{"s3://corp-out/orders"}}}, "template.yaml"},
	"gov":     {"gov", setup.Options{For: setup.All, Options: web}, "tf"},
	"onetime": {"gov", setup.Options{For: setup.Target, Options: web}, "sh"},
}

var web = permission.Options{
	Loader: "arn:aws-us-gov:iam::222222222222:user/ci/loads",
	Issuer: "https://token.actions.githubusercontent.com", Audience: "sts.amazonaws.com", Subject: "repo:corp/etl:ref:refs/heads/main",
}

func parse(tb testing.TB, name string) *job.Job {
	tb.Helper()
	file := filepath.Join("testdata", name+".yaml")
	text, err := os.ReadFile(file)
	if err != nil {
		tb.Fatal(err)
	}
	j, err := job.Parse(name+".yaml", text, func(string) (string, bool) { return "", false })
	if err != nil {
		tb.Fatal(err)
	}
	return j
}

func of(tb testing.TB, name string) *setup.Setup {
	tb.Helper()
	s, err := setup.Of(parse(tb, cases[name].job), cases[name].options)
	if err != nil {
		tb.Fatal(err)
	}
	return s
}

// The documents of every format, as they were reviewed.
func TestGolden(t *testing.T) {
	t.Parallel()
	for name := range cases {
		s := of(t, name)
		for ending, write := range map[string]func() (string, error){"template.yaml": s.CloudFormation, "tf": s.Terraform, "sh": s.Shell, "json": s.JSON} {
			got, err := write()
			if err != nil {
				t.Fatal(err)
			}
			if strings.Contains(got, `: "*"`) && ending != "json" && !strings.Contains(got, "Wide because") {
				t.Errorf("%s %s: * without a reason", name, ending)
			}
			if !slices.Contains(strings.Fields(cases[name].golden), ending) {
				continue
			}
			file := filepath.Join("testdata", "golden", name+"."+ending)
			if *update {
				if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Errorf("%s: -want +got\n%s", file, diff)
			}
		}
	}
}

// policies are all documents of a setup, as one JSON text each.
func policies(tb testing.TB, s *setup.Setup) []string {
	tb.Helper()
	var all []string
	add := func(statements []permission.Statement) {
		if len(statements) > 0 {
			all = append(all, normal(tb, permission.Document(statements)))
		}
	}
	if s.Key != nil && s.Key.ARN == "" {
		add(s.Key.Policy)
	}
	if s.Bucket != nil {
		add(s.Bucket.Policy)
	}
	for _, r := range s.Roles {
		if !r.IsUser() {
			add(r.Trust)
		}
		add(r.Statements)
	}
	slices.Sort(all)
	return all
}

// normal is a policy in one form: lists everywhere, the members sorted.
func normal(tb testing.TB, text string) string {
	tb.Helper()
	var v any
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		tb.Fatal(err, text)
	}
	out, err := json.Marshal(lists(v))
	if err != nil {
		tb.Fatal(err)
	}
	return string(out)
}

// lists makes lists of single texts, except where the language has none.
func lists(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for key, one := range v {
			if key == "Sid" || key == "Effect" || key == "Version" || key == "Principal" && one == "*" {
				continue
			}
			v[key] = lists(one)
		}
		return v
	case []any:
		for i := range v {
			if _, isText := v[i].(string); !isText {
				v[i] = lists(v[i])
			}
		}
		return v
	case string:
		return []any{v}
	default:
		return v
	}
}

// A template holds exactly the policies that were decided, and YAML reads them so.
func TestCloudFormationHasThePolicies(t *testing.T) {
	t.Parallel()
	for name := range cases {
		s := of(t, name)
		text, err := s.CloudFormation()
		if err != nil {
			t.Fatal(err)
		}
		var root map[string]any
		if err := yaml.Unmarshal([]byte(text), &root); err != nil {
			t.Fatal(err)
		}
		var found []string
		var walk func(v any)
		walk = func(v any) {
			switch v := v.(type) {
			case map[string]any:
				for key, one := range v {
					if key == "PolicyDocument" || key == "KeyPolicy" || key == "AssumeRolePolicyDocument" {
						out, err := json.Marshal(resolved(one))
						if err != nil {
							t.Fatal(err)
						}
						found = append(found, normal(t, string(out)))
						continue
					}
					walk(one)
				}
			case []any:
				for _, one := range v {
					walk(one)
				}
			}
		}
		walk(root)
		slices.Sort(found)
		if diff := cmp.Diff(policies(t, s), found); diff != "" {
			t.Errorf("%s: -want +got\n%s", name, diff)
		}
	}
}

// resolved puts the placeholder where a template names the key.
func resolved(v any) any {
	switch v := v.(type) {
	case map[string]any:
		if len(v) == 1 && (fmt.Sprint(v) == "map[Ref:StageKeyArn]" || fmt.Sprint(v) == "map[Fn::GetAtt:[StageKey Arn]]") {
			return permission.StageKey
		}
		for key := range v {
			v[key] = resolved(v[key])
		}
	case []any:
		for i := range v {
			v[i] = resolved(v[i])
		}
	}
	return v
}

// A configuration is in Terraform's canonical form, is read by HashiCorp's own parser, and holds exactly the policies that were
// decided.
func TestTerraformHasThePolicies(t *testing.T) {
	t.Parallel()
	for name := range cases {
		s := of(t, name)
		text, err := s.Terraform()
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(hclwrite.Format([]byte(text))), text); diff != "" {
			t.Errorf("%s is not formatted: -want +got\n%s", name, diff)
		}
		file, diagnostics := hclsyntax.ParseConfig([]byte(text), name+".tf", hcl.InitialPos)
		if diagnostics.HasErrors() {
			t.Fatal(diagnostics)
		}
		body, ok := file.Body.(*hclsyntax.Body)
		if !ok {
			t.Fatal("no native syntax")
		}
		var found []string
		for _, b := range body.Blocks {
			if b.Type != "data" {
				continue
			}
			var statements []any
			for _, s := range b.Body.Blocks {
				statements = append(statements, statement(t, s.Body))
			}
			out, err := json.Marshal(map[string]any{"Version": "2012-10-17", "Statement": statements})
			if err != nil {
				t.Fatal(err)
			}
			found = append(found, normal(t, string(out)))
		}
		slices.Sort(found)
		if diff := cmp.Diff(policies(t, s), found); diff != "" {
			t.Errorf("%s: -want +got\n%s", name, diff)
		}
	}
}

// statement is what Terraform makes of a statement's block.
func statement(tb testing.TB, body *hclsyntax.Body) map[string]any {
	tb.Helper()
	key := cty.StringVal(permission.StageKey)
	ctx := &hcl.EvalContext{Variables: map[string]cty.Value{
		"var":         cty.ObjectVal(map[string]cty.Value{"stage_key_arn": key}),
		"aws_kms_key": cty.ObjectVal(map[string]cty.Value{"stage": cty.ObjectVal(map[string]cty.Value{"arn": key})}),
	}}
	value := func(b *hclsyntax.Body, name string) any {
		a := b.Attributes[name]
		if a == nil {
			return nil
		}
		v, diagnostics := a.Expr.Value(ctx)
		if diagnostics.HasErrors() {
			tb.Fatal(diagnostics)
		}
		if v.Type() == cty.String {
			return v.AsString()
		}
		all := []any{}
		for _, one := range v.AsValueSlice() {
			all = append(all, one.AsString())
		}
		return all
	}
	out := map[string]any{"Sid": value(body, "sid"), "Effect": "Allow", "Action": value(body, "actions")}
	if effect := value(body, "effect"); effect != nil {
		out["Effect"] = effect
	}
	if resources := value(body, "resources"); resources != nil {
		out["Resource"] = resources
	}
	conditions, principals := map[string]any{}, map[string]any{}
	for _, b := range body.Blocks {
		switch b.Type {
		case "condition":
			test := fmt.Sprint(value(b.Body, "test"))
			keys, _ := conditions[test].(map[string]any)
			if keys == nil {
				keys = map[string]any{}
				conditions[test] = keys
			}
			keys[fmt.Sprint(value(b.Body, "variable"))] = value(b.Body, "values")
		case "principals":
			if kind := fmt.Sprint(value(b.Body, "type")); kind == "*" {
				out["Principal"] = "*" // type * with identifiers ["*"]
			} else {
				principals[kind] = value(b.Body, "identifiers")
			}
		}
	}
	if len(conditions) > 0 {
		out["Condition"] = conditions
	}
	if len(principals) > 0 {
		out["Principal"] = principals
	}
	return out
}

// What a job cannot have done on an instance is said, and what is too long for AWS.
func TestRefused(t *testing.T) {
	t.Parallel()
	instance := setup.Options{For: setup.All, Instance: &setup.Instance{Sum: strings.Repeat("0f", 32)}}
	for name, c := range map[string]struct {
		job    string
		change func(j *job.Job)
		o      setup.Options
		want   string
	}{
		"a password on an instance": {"plain", nil, instance, "source.password_from: env: is not there on an instance"},
		"a program of any content":  {"move", nil, setup.Options{For: setup.All, Instance: &setup.Instance{}}, "a program whose SHA-256 is not said"},
		"a program elsewhere":       {"move", nil, setup.Options{For: setup.All, Instance: &setup.Instance{Program: "s3://other/sealift", Sum: strings.Repeat("0f", 32)}}, "the loader reads below s3://corp-sealift/prod-to-dev/"},
		"an instance of the source": {"move", nil, setup.Options{For: setup.Source, Instance: &setup.Instance{}}, "an instance is part of the loader"},
		"a long job": {"move", func(j *job.Job) {
			for i := range 2000 {
				j.Tables = append(j.Tables, job.Table{Query: fmt.Sprintf("select %d", i), As: fmt.Sprintf("a.t%d", i)})
			}
		}, instance, "of user data, and an instance takes 16384"},
		"many groups": {"gov", func(j *job.Job) {
			for i := range 300 {
				j.Target.Groups = append(j.Target.Groups, fmt.Sprintf("a_group_of_a_long_name_%d", i))
			}
		}, setup.Options{For: setup.Target, Options: web}, "the policy of arn:aws-us-gov:iam::222222222222:role/sealift-target would have"},
	} {
		j := parse(t, c.job)
		if c.change != nil {
			c.change(j)
		}
		_, err := setup.Of(j, c.o)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v\nwant %s", name, err, c.want)
		}
	}
}
