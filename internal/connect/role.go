package connect

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"

	"github.com/sealift/sealift/internal/hint"
	"github.com/sealift/sealift/plan"
)

// Role is what is taken on top of the credentials that the environment gives. The zero value takes nothing.
type Role struct {
	// Chain is a role's ARN, or several joined by commas: each is taken with the credentials of the one before.
	Chain string
	// TokenFile holds a web identity token with which the first is taken, in place of credentials. Optional.
	TokenFile string
	// Duration of the last one's sessions; 0 is an hour.
	Duration time.Duration
	// ExternalID is passed with the last.
	ExternalID string
	// Session shows in CloudTrail who it was. Default: sealift.
	Session string
	// Policy cuts what the last role may do down to what is needed. Optional.
	Policy string
}

// sessionName shows in CloudTrail who it was, where nobody says better.
const sessionName = "sealift"

// notInSession is what a session's name cannot have in it (API model sts, AssumeRole).
var notInSession = regexp.MustCompile(`[^\w+=,.@-]+`)

func (r Role) session() string {
	name := notInSession.ReplaceAllString(r.Session, "-")
	if len(name) < 2 {
		return sessionName
	}
	return name[:min(len(name), 64)]
}

// take takes the roles of a chain, one after the other. Each is taken at once, so that a missing trust is said here and not
// later, and again before it expires.
func (r Role) take(ctx context.Context, cfg aws.Config) (aws.Config, error) {
	if r.Chain == "" {
		return cfg, nil
	}
	chain := strings.Split(r.Chain, ",")
	for i, arn := range chain {
		base, last := cfg.Copy(), i == len(chain)-1
		if i == 0 && r.TokenFile != "" {
			if err := r.byToken(ctx, &cfg, arn, last); err != nil {
				return aws.Config{}, err
			}
			continue
		}
		provider := stscreds.NewAssumeRoleProvider(sts.NewFromConfig(base), arn, func(o *stscreds.AssumeRoleOptions) {
			o.RoleSessionName = r.session()
			o.Duration = time.Hour
			if last && r.Duration > 0 {
				o.Duration = r.Duration
			}
			if last && r.ExternalID != "" {
				o.ExternalID = &r.ExternalID
			}
			if last && r.Policy != "" {
				o.Policy = &r.Policy
			}
		})
		cfg.Credentials = aws.NewCredentialsCache(provider)
		if _, err := cfg.Credentials.Retrieve(ctx); err != nil {
			return aws.Config{}, hint.With(fmt.Errorf("assume role %s: %w", arn, err),
				"the role must exist, trust this caller (with the external id, if it asks for one), and the caller needs sts:AssumeRole on it")
		}
		if last && r.ExternalID != "" {
			if err := guarded(ctx, base, arn); err != nil {
				return aws.Config{}, err
			}
		}
	}
	return cfg, nil
}

// byToken takes a role by a web identity token. Its file is read whenever the role is taken again: whoever writes it renews it.
func (r Role) byToken(ctx context.Context, cfg *aws.Config, arn string, last bool) error {
	base := cfg.Copy()
	base.Credentials = aws.AnonymousCredentials{} // the token says who we are
	provider := stscreds.NewWebIdentityRoleProvider(sts.NewFromConfig(base), arn, stscreds.IdentityTokenFile(r.TokenFile), func(o *stscreds.WebIdentityRoleOptions) {
		o.RoleSessionName = r.session()
		if last {
			o.Duration = r.Duration // 0 is STS's own hour
		}
		if last && r.Policy != "" {
			o.Policy = &r.Policy
		}
	})
	cfg.Credentials = aws.NewCredentialsCache(provider)
	_, err := cfg.Credentials.Retrieve(ctx)
	if err == nil {
		return nil
	}
	advice := "the role must trust the token's issuer for its aud and sub, and its account must have the issuer as an identity provider with that audience"
	if api, ok := errors.AsType[smithy.APIError](err); ok && api.ErrorCode() == "ExpiredTokenException" {
		advice = "whoever writes the file must renew the token: a Kubernetes projected token is, GitHub's is good for minutes and can be asked for again"
	}
	return hint.With(fmt.Errorf("assume role %s by the token in %s: %w", arn, r.TokenFile, err), advice)
}

// guarded makes sure that a role asks for its external id, by trying to take it without. A role that does not could be taken
// by anybody who makes us a deputy for its ARN, and the id in the job would only look like protection (IAM User Guide, The
// confused deputy problem: test whether the role can be assumed both with and without the id).
func guarded(ctx context.Context, base aws.Config, role string) error {
	_, err := sts.NewFromConfig(base).AssumeRole(ctx, &sts.AssumeRoleInput{
		RoleArn: &role, RoleSessionName: aws.String(sessionName + "-without-external-id"), DurationSeconds: aws.Int32(900),
	})
	if err == nil {
		return hint.With(fmt.Errorf("role %s can be assumed without its external id, which protects nothing then", role),
			"its trust policy needs the condition StringEquals on sts:ExternalId; or leave external_id out of the job")
	}
	if api, ok := errors.AsType[smithy.APIError](err); ok && api.ErrorCode() == "AccessDenied" {
		return nil
	}
	return fmt.Errorf("try whether role %s can be assumed without its external id: %w", role, err)
}

// permission is one statement of a policy.
type permission struct {
	Effect   string
	Action   []string
	Resource []string
}

// roomForGroups is how many characters groups may take in a session's policy, which has 2,048 (API model sts, AssumeRole) and
// needs up to 1,500 for the rest.
const roomForGroups = 500

// need is the policy of a session in a warehouse's account: what Sealift asks there, of this warehouse, and nothing else
// that the role may do. "" where no role is taken.
func need(w plan.Warehouse) (string, error) {
	if w.AssumeRole == "" {
		return "", nil
	}
	role := w.AssumeRole[strings.LastIndexByte(w.AssumeRole, ',')+1:]
	parts := strings.SplitN(role, ":", 6) // arn, partition, iam, "", account, role/NAME
	if len(parts) != 6 {
		return "", fmt.Errorf("%q is no role's ARN", role)
	}
	arn := func(service, resource string) string {
		return strings.Join([]string{"arn", parts[1], service, w.Region, parts[4], resource}, ":")
	}
	var all []permission
	allow := func(resource string, actions ...string) {
		all = append(all, permission{"Allow", actions, []string{resource}})
	}
	switch {
	case w.Host != "" || w.Auth == "data-api": // nothing is looked up
	case w.Workgroup != "":
		allow(arn("redshift-serverless", "workgroup/*"), "redshift-serverless:GetWorkgroup") // its id is not known yet
	default:
		allow(arn("redshift", "cluster:"+w.Cluster), "redshift:DescribeClusters")
	}
	dbUser, dbName := arn("redshift", "dbuser:"+w.Cluster+"/"+w.User), arn("redshift", "dbname:"+w.Cluster+"/"+w.Database)
	if w.Auth == "data-api" {
		at := arn("redshift", "cluster:"+w.Cluster)
		if w.Workgroup != "" {
			at = arn("redshift-serverless", "workgroup/*") // its id is not known
		}
		allow(at, "redshift-data:ExecuteStatement")
		allow("*", "redshift-data:DescribeStatement", "redshift-data:GetStatementResult", "redshift-data:CancelStatement", "redshift-data:ListStatements")
	}
	switch {
	case w.Auth == "data-api" && w.User != "":
		allow(dbUser, "redshift:GetClusterCredentials")
		allow(dbName, "redshift:GetClusterCredentials")
	case (w.Auth == "iam" || w.Auth == "data-api" && w.PasswordFrom == "") && w.Workgroup != "":
		allow(arn("redshift-serverless", "workgroup/*"), "redshift-serverless:GetCredentials")
	case w.Auth == "iam" && w.User != "":
		allow(dbUser, "redshift:GetClusterCredentials")
		allow(dbName, "redshift:GetClusterCredentials")
		if w.AutoCreate {
			allow(dbUser, "redshift:CreateClusterUser")
		}
		if w.Groups != "" {
			var groups []string
			for name := range strings.SplitSeq(w.Groups, ",") {
				groups = append(groups, arn("redshift", "dbgroup:"+w.Cluster+"/"+name))
			}
			if len(strings.Join(groups, `","`)) > roomForGroups { // the role's own policy still says which it may join
				groups = []string{arn("redshift", "dbgroup:"+w.Cluster+"/*")}
			}
			all = append(all, permission{"Allow", []string{"redshift:JoinGroup"}, groups})
		}
	case w.Auth == "iam", w.Auth == "data-api" && w.PasswordFrom == "":
		allow(dbName, "redshift:GetClusterCredentialsWithIAM")
	case strings.HasPrefix(w.PasswordFrom, "kms:"):
		allow("*", "kms:Decrypt") // the ciphertext alone names the key
	case strings.HasPrefix(w.PasswordFrom, "secretsmanager:"):
		allow(strings.TrimPrefix(w.PasswordFrom, "secretsmanager:"), "secretsmanager:GetSecretValue")
		allow("*", "kms:Decrypt") // the secret names the key
	}
	if d := w.Door; d != (plan.Door{}) {
		allow("*", "ec2:DescribeSecurityGroupRules")
		allow(arn("ec2", "security-group/"+d.SecurityGroup), "ec2:AuthorizeSecurityGroupIngress", "ec2:RevokeSecurityGroupIngress")
		allow(arn("ec2", "security-group-rule/*"), "ec2:CreateTags", "ec2:DeleteTags")
		if closer := d.Closer(parts[1], parts[4]); closer != "" {
			allow(arn("scheduler", "schedule/default/"+plan.DoorSchedules+"*"), "scheduler:CreateSchedule", "scheduler:GetSchedule", "scheduler:UpdateSchedule", "scheduler:DeleteSchedule")
			allow(closer, "iam:PassRole")
		}
	}
	if len(all) == 0 { // who we are, which is all that is asked, needs no permission (API model sts, GetCallerIdentity)
		all = []permission{{"Deny", []string{"*"}, []string{"*"}}}
	}
	text, err := json.Marshal(struct {
		Version   string
		Statement []permission
	}{"2012-10-17", all})
	return string(text), err
}
