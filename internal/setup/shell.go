package setup

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/sealift/sealift/internal/permission"
)

// shellHead is what every script begins with.
const shellHead = `set -euo pipefail

# once makes something, and takes it for done where it is there already.
once() {
  local out
  out=$("$@" 2>&1) || case $out in
    *EntityAlreadyExists* | *BucketAlreadyOwnedByYou* | *AlreadyExistsException*) ;;
    *)
      printf '%s\n' "$out" >&2
      return 1
      ;;
  esac
}

# with_key puts the ARN of the stage's key where a document names it.
with_key() { printf '%s' "${1//'${StageKeyArn}'/$StageKeyArn}"; }

# role NAME PATH SECONDS TRUST POLICY makes a role, or brings the one that is there to what stands here.
role() {
  once aws iam create-role --role-name "$1" --path "$2" --max-session-duration "$3" --assume-role-policy-document "$4"
  aws iam update-assume-role-policy --role-name "$1" --policy-document "$4"
  aws iam put-role-policy --role-name "$1" --policy-name sealift --policy-document "$(with_key "$5")"
}

# in_account ID tells whether the credentials are of an account.
account=$(aws sts get-caller-identity --query Account --output text)
in_account() { [ "$account" = "$1" ]; }
`

// shell is a script under way.
type shell struct {
	strings.Builder
	s *Setup
}

// Shell writes a script of aws commands. It can be run again: what is there is brought to what the script says. Parts in other
// accounts than that of the credentials are left out.
func (s *Setup) Shell() (string, error) {
	w := &shell{s: s}
	w.line("#!/usr/bin/env bash")
	w.comment(s.intro() + " Run it with the credentials of an administrator of the account: " + strings.Join(s.Accounts(), ", ") +
		". On stdout is the key's name for the other scripts, as eval takes it. What is there already is brought to what stands here: the trust and the policy named sealift of each role, and the settings of the key and the bucket. sealift setup aws --diff tells beforehand what would change.")
	w.WriteString(shellHead)
	w.line("case $account in")
	w.line("  %s) ;;", strings.Join(s.Accounts(), " | "))
	w.line("  *)")
	w.line("    echo \"nothing of this is in account $account\" >&2")
	w.line("    exit 1")
	w.line("    ;;")
	w.line("esac")
	w.keyName()
	w.key()
	if err := w.bucket(); err != nil {
		return "", err
	}
	for _, p := range s.Provider {
		w.section(p.Account, func() {
			w.comment("Whoever has a token of this issuer, for this audience, can be somebody here. Where the provider is there already, see that it has the audience.")
			w.command("once aws iam create-open-id-connect-provider", "--url", "https://"+p.Issuer, "--client-id-list", p.Audience)
		})
	}
	for _, r := range s.Roles {
		w.role(r)
	}
	w.line("")
	w.line("echo done >&2")
	return w.String(), nil
}

// intro says what a document is.
func (s *Setup) intro() string {
	what, needs := "What the "+string(s.For)+" of ", " needs"
	if s.For == All {
		what, needs = "What all accounts of ", " need"
	}
	return what + strings.Join(strings.Fields(s.Job), " ") + needs + ", written by sealift setup aws: each permission with what it is for."
}

func (w *shell) line(format string, args ...any) { fmt.Fprintf(&w.Builder, format+"\n", args...) }

func (w *shell) comment(text string) { w.comments(wrap(text, 110)) }

func (w *shell) comments(lines []string) {
	for _, l := range lines {
		w.line("# %s", l)
	}
}

// quoted is a word that the shell takes as it stands.
func quoted(word string) string {
	if word != "" && strings.Trim(word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./:=,@+") == "" {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}

// command writes one, with its words quoted.
func (w *shell) command(name string, words ...string) {
	for i, one := range words {
		if one != ">&2" { // what a command answers is not what the script does
			words[i] = quoted(one)
		}
	}
	w.line("  %s %s", name, strings.Join(words, " "))
}

// section is what is done in one account.
func (w *shell) section(account string, do func()) {
	w.line("")
	w.line("if in_account %s; then", account)
	do()
	w.line("fi")
}

// document puts a text into a variable: in quotes, so that the shell reads nothing in it.
func (w *shell) document(name, text string, why ...permission.Statement) {
	for _, s := range why {
		w.comments(because(s))
	}
	w.line("read -r -d '' %s <<'JSON' || true", name)
	w.line("%s", text)
	w.line("JSON")
}

// keyName finds the ARN of the key, where something names it.
func (w *shell) keyName() {
	s := w.s
	w.line("")
	if s.List.Stage.KeyARN != permission.StageKey {
		w.line("StageKeyArn=%s", quoted(s.List.Stage.KeyARN))
		return
	}
	w.comment("The key that everything staged is encrypted under. Its ARN is known once it is made; in other accounts than its own, it is to be said: export StageKeyArn=arn:...")
	w.line("StageKeyArn=${StageKeyArn:-}")
	w.line("if [ -z \"$StageKeyArn\" ] && in_account %s; then", s.List.Stage.KeyAccount())
	w.line("  StageKeyArn=$(aws kms describe-key --region %s --key-id %s --query KeyMetadata.Arn --output text 2>&1) || case $StageKeyArn in", s.List.Stage.Region, quoted(s.List.Stage.Alias))
	w.line("    *NotFoundException*) StageKeyArn= ;;")
	w.line("    *)")
	w.line("      printf '%%s\\n' \"$StageKeyArn\" >&2")
	w.line("      exit 1")
	w.line("      ;;")
	w.line("  esac")
	w.line("fi")
	if s.Key != nil {
		return // which is made, where it is missing
	}
	if slices.ContainsFunc(s.Roles, func(r Role) bool { return slices.ContainsFunc(r.Statements, NamesKey) }) {
		w.line(": \"${StageKeyArn:?make the stage first, or say which key: export StageKeyArn=arn:...}\"")
	}
}

func (w *shell) key() {
	k := w.s.Key
	if k == nil {
		return
	}
	w.section(k.Account, func() {
		w.document("policy", permission.Document(k.Policy), k.Policy...)
		if k.ARN != "" {
			w.comment("The key is there already. Its policy may say more than this, so it is not replaced: see that it has what is in $policy.")
			w.line("  aws kms describe-key --region %s --key-id \"$StageKeyArn\" --query KeyMetadata.KeyState --output text >&2", k.Region)
			return
		}
		w.line("  if [ -z \"$StageKeyArn\" ]; then")
		w.line("    StageKeyArn=$(aws kms create-key --region %s --description 'what sealift stages' --policy \"$policy\" --query KeyMetadata.Arn --output text)", k.Region)
		w.line("    aws kms create-alias --region %s --alias-name %s --target-key-id \"${StageKeyArn##*/}\"", k.Region, quoted(k.Alias))
		w.line("    aws kms enable-key-rotation --region %s --key-id \"$StageKeyArn\"", k.Region)
		w.line("  else")
		w.line("    aws kms put-key-policy --region %s --key-id \"$StageKeyArn\" --policy-name default --policy \"$policy\"", k.Region)
		w.line("  fi")
		w.line("  echo \"export StageKeyArn=$StageKeyArn\"")
	})
	if w.s.List.Stage.KeyARN == permission.StageKey {
		w.line(": \"${StageKeyArn:?make the stage first, in account %s, and say its key here: export StageKeyArn=arn:...}\"", k.Account)
	}
}

func (w *shell) bucket() error {
	b := w.s.Bucket
	if b == nil {
		return nil
	}
	life, err := json.MarshalIndent(b.lifecycleJSON(), "", "  ")
	if err != nil {
		return err
	}
	w.section(b.Account, func() {
		where := []string{"--region", b.Region, "--bucket", b.Name}
		put := func(what string, more ...string) {
			w.command("aws s3api "+what, append(slices.Clone(where), more...)...)
		}
		create := slices.Clone(where)
		if b.Region != "us-east-1" {
			create = append(create, "--create-bucket-configuration", "LocationConstraint="+b.Region)
		}
		w.command("once aws s3api create-bucket", create...)
		w.comment("Nobody outside is let in, whatever a policy says; what others write is the owner's.")
		put("put-public-access-block", "--public-access-block-configuration", "BlockPublicAcls=true,IgnorePublicAcls=true,BlockPublicPolicy=true,RestrictPublicBuckets=true")
		put("put-bucket-ownership-controls", "--ownership-controls", "Rules=[{ObjectOwnership="+ownerEnforced+"}]")
		w.comment("One key for the bucket, so that KMS is asked for a bucket's key and not for each object's.")
		w.line("  aws s3api put-bucket-encryption --region %s --bucket %s --server-side-encryption-configuration \"{\\\"Rules\\\":[{\\\"ApplyServerSideEncryptionByDefault\\\":{\\\"SSEAlgorithm\\\":\\\"aws:kms\\\",\\\"KMSMasterKeyID\\\":\\\"$StageKeyArn\\\"},\\\"BucketKeyEnabled\\\":true}]}\"", b.Region, b.Name)
		w.document("policy", permission.Document(b.Policy), b.Policy...)
		w.line("  aws s3api put-bucket-policy --region %s --bucket %s --policy \"$(with_key \"$policy\")\"", b.Region, b.Name)
		for _, r := range b.Lifecycle {
			w.comment(r.ID + ": " + r.Why + ".")
		}
		w.document("lifecycle", string(life))
		w.line("  aws s3api put-bucket-lifecycle-configuration --region %s --bucket %s --lifecycle-configuration \"$lifecycle\"", b.Region, b.Name)
	})
	return nil
}

func (w *shell) role(r Role) {
	w.section(r.Account(), func() {
		w.comment(r.purpose())
		if r.IsUser() {
			w.document("policy", permission.Document(r.Statements), r.Statements...)
			arn := r.ManagedPolicy()
			w.command("once aws iam create-policy", "--policy-name", PolicyName+"-"+r.Name(), "--policy-document", `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"none:None","Resource":"*"}]}`)
			w.line("  aws iam create-policy-version --set-as-default --policy-arn %s --policy-document \"$(with_key \"$policy\")\" --query PolicyVersion.VersionId --output text >&2", quoted(arn))
			w.command("aws iam attach-user-policy", "--user-name", r.Name(), "--policy-arn", arn)
			return
		}
		w.document("trust", permission.Document(r.Trust), r.Trust...)
		if len(r.Statements) == 0 {
			w.line("  once aws iam create-role --role-name %s --path %s --assume-role-policy-document \"$trust\"", quoted(r.Name()), quoted(r.Path()))
			w.line("  aws iam update-assume-role-policy --role-name %s --policy-document \"$trust\"", quoted(r.Name()))
		} else {
			w.document("policy", permission.Document(r.Statements), r.Statements...)
			w.line("  role %s %s %d \"$trust\" \"$policy\"", quoted(r.Name()), quoted(r.Path()), r.Session)
		}
		if r.Profile {
			w.comment("Instances have roles by profiles. Give them IMDSv2 alone: --metadata-options HttpTokens=required.")
			w.command("once aws iam create-instance-profile", "--instance-profile-name", r.Name())
			w.line("  aws iam add-role-to-instance-profile --instance-profile-name %s --role-name %s 2>/dev/null ||", quoted(r.Name()), quoted(r.Name()))
			w.line("    [ \"$(aws iam get-instance-profile --instance-profile-name %s --query 'InstanceProfile.Roles[0].RoleName' --output text)\" = %s ]", quoted(r.Name()), quoted(r.Name()))
		}
		for _, a := range r.Attach {
			switch {
			case a.Spec.Cluster != "":
				w.command("aws redshift modify-cluster-iam-roles", "--region", a.Region, "--cluster-identifier", a.Spec.Cluster, "--add-iam-roles", r.ARN, "--query", "Cluster.ClusterIdentifier", "--output", "text", ">&2")
			default:
				w.comment("Attach the role to the " + a.Side + " by hand: " + attachByHand(a, r.ARN))
			}
		}
	})
}

// attachByHand says how a role is attached where no command can add one to those that are there.
func attachByHand(w permission.Warehouse, arn string) string {
	if w.Spec.Workgroup != "" {
		return "aws redshift-serverless update-namespace --namespace-name NAMESPACE --iam-roles " + arn + " AND ALL THAT IT HAS, which this replaces"
	}
	return "aws redshift modify-cluster-iam-roles --cluster-identifier CLUSTER --add-iam-roles " + arn
}

// purpose says what a role is for.
func (r Role) purpose() string {
	var parts []string
	for _, who := range r.Who {
		parts = append(parts, purposes[who])
	}
	return r.ARN + ": " + strings.Join(parts, "; and ") + "."
}

var purposes = map[permission.Who]string{
	permission.Loader:       "runs Sealift",
	permission.SourceHop:    "is on the way to the source's account",
	permission.Source:       "looks the source up and logs in to it",
	permission.TargetHop:    "is on the way to the target's account",
	permission.Target:       "looks the target up and logs in to it",
	permission.UnloadHop:    "is attached to the source, and takes the role that UNLOAD writes as",
	permission.Unload:       "is what UNLOAD writes as",
	permission.CopyHop:      "is attached to the target, and takes the role that COPY reads as",
	permission.Copy:         "is what COPY reads as",
	permission.SourceCloser: "closes the source's door if nobody else does",
	permission.TargetCloser: "closes the target's door if nobody else does",
}
