package setup

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/sealift/sealift/internal/permission"
)

// terraform is a configuration under way.
type terraform struct {
	strings.Builder
	s      *Setup
	key    string // expression for the key's ARN
	indent int
}

// Terraform writes a configuration, as terraform fmt would. Where several accounts have a part, each has a provider of its own.
func (s *Setup) Terraform() (string, error) {
	w := &terraform{s: s, key: "var.stage_key_arn"}
	w.comments(wrap(s.intro(), 110))
	w.block("terraform", func() {
		w.block("required_providers", func() {
			w.block("aws =", func() { w.attributes("source", hcl("hashicorp/aws"), "version", hcl(">= 5.0")) })
		})
	})
	w.providers()
	if s.Key != nil && s.Key.ARN == "" {
		w.key = "aws_kms_key.stage.arn"
	} else if s.List.Stage.KeyARN != permission.StageKey {
		w.key = hcl(s.List.Stage.KeyARN)
	} else if s.Bucket != nil || slices.ContainsFunc(s.Accounts(), s.namesKeyIn) {
		w.gap()
		w.block(`variable "stage_key_arn"`, func() {
			w.attributes("description", hcl("ARN of the key that everything staged is encrypted under"), "type", "string")
		})
	}
	w.stage()
	for _, p := range s.Provider {
		w.resource("aws_iam_openid_connect_provider", label(p.Issuer), p.Account, "Whoever has a token of this issuer, for this audience, can be somebody here.", func() {
			w.attributes("url", hcl("https://"+p.Issuer), "client_id_list", hclList([]string{p.Audience}))
		})
	}
	for _, r := range s.Roles {
		w.role(r)
	}
	return w.String(), nil
}

// hcl is a text as HCL takes it.
func hcl(text string) string {
	return strings.NewReplacer("${", "$${", "%{", "%%{").Replace(strconv.Quote(text))
}

func hclList(all []string) string {
	quoted := make([]string, len(all))
	for i, one := range all {
		quoted[i] = hcl(one)
	}
	return "[" + strings.Join(quoted, ", ") + "]"
}

// arns are texts, among which the key's ARN is an expression.
func (w *terraform) arns(all []string) string {
	quoted := make([]string, len(all))
	for i, one := range all {
		quoted[i] = hcl(one)
		if one == permission.StageKey {
			quoted[i] = w.key
		}
	}
	return "[" + strings.Join(quoted, ", ") + "]"
}

// label is a name that Terraform takes.
func label(name string) string {
	out := []byte(strings.ToLower(name))
	for i, c := range out {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') {
			out[i] = '_'
		}
	}
	return "sealift_" + strings.Trim(string(out), "_")
}

func (w *terraform) line(text string) {
	if text != "" {
		text = strings.Repeat("  ", w.indent) + text
	}
	w.WriteString(text + "\n")
}

func (w *terraform) gap() { w.line("") }

func (w *terraform) comments(lines []string) {
	for _, l := range lines {
		w.line("# " + l)
	}
}

func (w *terraform) block(head string, body func()) {
	w.line(head + " {")
	w.indent++
	body()
	w.indent--
	w.line("}")
}

// attributes writes names and values, the signs between them below each other.
func (w *terraform) attributes(pairs ...string) {
	longest := 0
	for pair := range slices.Chunk(pairs, 2) {
		longest = max(longest, len(pair[0]))
	}
	for pair := range slices.Chunk(pairs, 2) {
		w.line(fmt.Sprintf("%-*s = %s", longest, pair[0], pair[1]))
	}
}

// provider names an account's where there are several.
func (w *terraform) provider(account string) []string {
	if len(w.s.Accounts()) > 1 {
		return []string{"provider", "aws.in_" + account}
	}
	return nil
}

func (w *terraform) providers() {
	accounts := w.s.Accounts()
	for _, account := range accounts {
		w.gap()
		w.block(`provider "aws"`, func() {
			pairs := []string{"region", hcl(w.s.List.Stage.Region), "allowed_account_ids", hclList([]string{account})}
			if len(accounts) > 1 {
				pairs = append([]string{"alias", hcl("in_" + account), "profile", "var.profile_" + account}, pairs...)
			}
			w.attributes(pairs...)
		})
	}
	if len(accounts) == 1 {
		return
	}
	for _, account := range accounts {
		w.gap()
		w.block(`variable "profile_`+account+`"`, func() {
			w.attributes("description", hcl("profile of the AWS configuration for account "+account), "type", "string")
		})
	}
}

func (w *terraform) resource(kind, name, account, comment string, body func()) {
	w.gap()
	if comment != "" {
		w.comments(wrap(comment, 110))
	}
	w.block(fmt.Sprintf("resource %q %q", kind, name), func() {
		if p := w.provider(account); p != nil {
			w.attributes(p...)
			w.gap()
		}
		body()
	})
}

// policy writes a document, each statement with its reason.
func (w *terraform) policy(name, account string, all []permission.Statement) {
	w.gap()
	w.block(fmt.Sprintf("data %q %q", "aws_iam_policy_document", name), func() {
		first := true
		if p := w.provider(account); p != nil {
			w.attributes(p...)
			first = false
		}
		for _, s := range all {
			if !first {
				w.gap()
			}
			first = false
			w.comments(because(s))
			w.block("statement", func() { w.statement(s) })
		}
	})
}

func (w *terraform) statement(s permission.Statement) {
	pairs := []string{"sid", hcl(s.Sid)}
	if s.Deny {
		pairs = append(pairs, "effect", hcl("Deny"))
	}
	pairs = append(pairs, "actions", hclList(s.Actions))
	if len(s.Resources) > 0 {
		pairs = append(pairs, "resources", w.arns(s.Resources))
	}
	w.attributes(pairs...)
	for _, p := range s.Principals {
		w.gap()
		w.block("principals", func() {
			values := p.Values
			if p.Kind == "*" {
				values = []string{"*"}
			}
			w.attributes("type", hcl(p.Kind), "identifiers", hclList(values))
		})
	}
	for _, c := range s.Conditions {
		w.gap()
		w.block("condition", func() {
			w.attributes("test", hcl(c.Operator), "variable", hcl(c.Key), "values", w.arns(c.Values))
		})
	}
}

func document(name string) string { return "data.aws_iam_policy_document." + name + ".json" }

func (w *terraform) stage() {
	if k := w.s.Key; k != nil && k.ARN == "" {
		w.policy("stage_key", k.Account, k.Policy)
		w.resource("aws_kms_key", "stage", k.Account, "The key that everything staged is encrypted under.", func() {
			w.attributes("description", hcl("what sealift stages"), "enable_key_rotation", "true", "policy", document("stage_key"))
			w.prevented()
		})
		w.resource("aws_kms_alias", "stage", k.Account, "The name that the job calls it by.", func() {
			w.attributes("name", hcl(k.Alias), "target_key_id", "aws_kms_key.stage.key_id")
		})
	}
	b := w.s.Bucket
	if b == nil {
		return
	}
	of := []string{"bucket", "aws_s3_bucket.stage.id"}
	part := func(kind, comment string, body func()) {
		w.resource("aws_s3_bucket_"+kind, "stage", b.Account, comment, body)
	}
	w.resource("aws_s3_bucket", "stage", b.Account, "Where data is staged.", func() {
		w.attributes("bucket", hcl(b.Name))
		w.prevented()
	})
	part("public_access_block", "Nobody outside is let in, whatever a policy says.", func() {
		w.attributes(append(of, "block_public_acls", "true", "block_public_policy", "true", "ignore_public_acls", "true", "restrict_public_buckets", "true")...)
	})
	part("ownership_controls", "What others write is the owner's.", func() {
		w.attributes(of...)
		w.gap()
		w.block("rule", func() { w.attributes("object_ownership", hcl(ownerEnforced)) })
	})
	part("server_side_encryption_configuration", "One key for the bucket, so that KMS is asked for a bucket's key and not for each object's.", func() {
		w.attributes(of...)
		w.gap()
		w.block("rule", func() {
			w.attributes("bucket_key_enabled", "true")
			w.gap()
			w.block("apply_server_side_encryption_by_default", func() {
				w.attributes("sse_algorithm", hcl("aws:kms"), "kms_master_key_id", w.key)
			})
		})
	})
	w.policy("stage_bucket", b.Account, b.Policy)
	part("policy", "", func() { w.attributes(append(of, "policy", document("stage_bucket"))...) })
	part("lifecycle_configuration", "", func() {
		w.attributes(of...)
		for _, r := range b.Lifecycle {
			w.gap()
			w.comments(wrap(r.ID+": "+r.Why+".", 110))
			w.block("rule", func() { w.rule(r) })
		}
	})
}

func (w *terraform) rule(r Rule) {
	w.attributes("id", hcl(r.ID), "status", hcl("Enabled"))
	w.gap()
	w.block("filter", func() { w.attributes("prefix", hcl(r.Prefix)) })
	for _, one := range []struct {
		block, name string
		days        int
	}{
		{"expiration", "days", r.Days},
		{"noncurrent_version_expiration", "noncurrent_days", r.Old},
		{"abort_incomplete_multipart_upload", "days_after_initiation", r.Abort},
	} {
		if one.days > 0 {
			w.gap()
			w.block(one.block, func() { w.attributes(one.name, strconv.Itoa(one.days)) })
		}
	}
}

// prevented keeps what holds data.
func (w *terraform) prevented() {
	w.gap()
	w.block("lifecycle", func() { w.attributes("prevent_destroy", "true") })
}

func (w *terraform) role(r Role) {
	name := label(r.Name())
	if slices.ContainsFunc(w.s.Roles, func(o Role) bool { return o.ARN != r.ARN && label(o.Name()) == name }) {
		name += "_" + r.Account()
	}
	if len(r.Statements) > 0 {
		w.policy(name, r.Account(), r.Statements)
	}
	if r.IsUser() {
		w.resource("aws_iam_policy", name, r.Account(), r.purpose(), func() {
			w.attributes("name", hcl(PolicyName+"-"+r.Name()), "policy", document(name))
		})
		w.resource("aws_iam_user_policy_attachment", name, r.Account(), "", func() {
			w.attributes("user", hcl(r.Name()), "policy_arn", "aws_iam_policy."+name+".arn")
		})
		return
	}
	w.policy(name+"_trust", r.Account(), r.Trust)
	comment := r.purpose() + r.attachment()
	w.resource("aws_iam_role", name, r.Account(), comment, func() {
		w.attributes("name", hcl(r.Name()), "path", hcl(r.Path()), "max_session_duration", strconv.Itoa(r.Session), "assume_role_policy", document(name+"_trust"))
	})
	if len(r.Statements) > 0 {
		w.resource("aws_iam_role_policy", name, r.Account(), "", func() {
			w.attributes("name", hcl(PolicyName), "role", "aws_iam_role."+name+".id", "policy", document(name))
		})
	}
	if r.Profile {
		w.resource("aws_iam_instance_profile", name, r.Account(), "Instances have roles by profiles. Give them IMDSv2 alone: metadata_options { http_tokens = \"required\" }.", func() {
			w.attributes("name", hcl(r.Name()), "role", "aws_iam_role."+name+".name")
		})
	}
}
