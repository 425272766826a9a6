// Package actual reads what exists in an AWS account: a role, a user's policy, a key, a bucket, as far as documents for
// administrators speak of it. It changes nothing, and knows neither jobs nor what should be.
package actual

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	kmstypes "github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"

	"github.com/sealift/sealift/internal/hint"
)

// Role is one as it is. The zero value is one that is not there.
type Role struct {
	There   bool
	Trust   string
	Policy  string // the inline policy of the name that was asked for, "" for none
	Session int    // seconds
	Profile bool   // there is an instance profile of the role's name that has it
}

// ReadRole reads a role, and one of its inline policies.
func ReadRole(ctx context.Context, cfg aws.Config, name, policy string) (Role, error) {
	client := iam.NewFromConfig(cfg)
	out, err := client.GetRole(ctx, &iam.GetRoleInput{RoleName: &name})
	if missing(err) {
		return Role{}, nil
	}
	if err != nil {
		return Role{}, explain("role "+name, "iam:GetRole", err)
	}
	r := Role{There: true, Session: int(aws.ToInt32(out.Role.MaxSessionDuration))}
	if r.Trust, err = url.PathUnescape(aws.ToString(out.Role.AssumeRolePolicyDocument)); err != nil {
		return Role{}, fmt.Errorf("read role %s: its trust: %w", name, err)
	}
	got, err := client.GetRolePolicy(ctx, &iam.GetRolePolicyInput{RoleName: &name, PolicyName: &policy})
	if err != nil && !missing(err) {
		return Role{}, explain("role "+name, "iam:GetRolePolicy", err)
	}
	if err == nil {
		if r.Policy, err = url.PathUnescape(aws.ToString(got.PolicyDocument)); err != nil {
			return Role{}, fmt.Errorf("read role %s: policy %s: %w", name, policy, err)
		}
	}
	profile, err := client.GetInstanceProfile(ctx, &iam.GetInstanceProfileInput{InstanceProfileName: &name})
	if err != nil && !missing(err) {
		return Role{}, explain("instance profile "+name, "iam:GetInstanceProfile", err)
	}
	if err == nil {
		for _, in := range profile.InstanceProfile.Roles {
			r.Profile = r.Profile || aws.ToString(in.RoleName) == name
		}
	}
	return r, nil
}

// ReadPolicy reads a managed policy in its default version, "" if there is none.
func ReadPolicy(ctx context.Context, cfg aws.Config, arn string) (string, error) {
	client := iam.NewFromConfig(cfg)
	out, err := client.GetPolicy(ctx, &iam.GetPolicyInput{PolicyArn: &arn})
	if missing(err) {
		return "", nil
	}
	if err != nil {
		return "", explain("policy "+arn, "iam:GetPolicy", err)
	}
	version, err := client.GetPolicyVersion(ctx, &iam.GetPolicyVersionInput{PolicyArn: &arn, VersionId: out.Policy.DefaultVersionId})
	if err != nil {
		return "", explain("policy "+arn, "iam:GetPolicyVersion", err)
	}
	return url.PathUnescape(aws.ToString(version.PolicyVersion.Document))
}

// Key is a KMS key as it is. One without an ARN is not there.
type Key struct {
	ARN      string
	Policy   string
	Rotation bool
}

// ReadKey reads a key by its alias, id or ARN.
func ReadKey(ctx context.Context, cfg aws.Config, name string) (Key, error) {
	client := kms.NewFromConfig(cfg)
	out, err := client.DescribeKey(ctx, &kms.DescribeKeyInput{KeyId: &name})
	if _, missing := errors.AsType[*kmstypes.NotFoundException](err); missing {
		return Key{}, nil
	}
	if err != nil {
		return Key{}, explain("key "+name, "kms:DescribeKey", err)
	}
	k := Key{ARN: aws.ToString(out.KeyMetadata.Arn)}
	policy, err := client.GetKeyPolicy(ctx, &kms.GetKeyPolicyInput{KeyId: &k.ARN, PolicyName: aws.String("default")})
	if err != nil {
		return Key{}, explain("key "+name, "kms:GetKeyPolicy", err)
	}
	k.Policy = aws.ToString(policy.Policy)
	rotation, err := client.GetKeyRotationStatus(ctx, &kms.GetKeyRotationStatusInput{KeyId: &k.ARN})
	if err != nil {
		return Key{}, explain("key "+name, "kms:GetKeyRotationStatus", err)
	}
	k.Rotation = rotation.KeyRotationEnabled
	return k, nil
}

// Bucket is one as it is. The zero value is one that is not there.
type Bucket struct {
	There     bool
	Policy    string
	Encrypted string // ARN of the key that it encrypts with where a request names none, "" for no KMS key
	BucketKey bool
	Owned     bool   // the owner owns every object
	Blocked   bool   // nothing of it can be public
	Lifecycle string // JSON, as the API has it
}

// ReadBucket reads the settings of an account's bucket.
func ReadBucket(ctx context.Context, cfg aws.Config, name, owner string) (Bucket, error) {
	client := s3.NewFromConfig(cfg)
	b := Bucket{}
	if _, err := client.HeadBucket(ctx, &s3.HeadBucketInput{Bucket: &name, ExpectedBucketOwner: &owner}); err != nil {
		if code(err) == "NotFound" || code(err) == "NoSuchBucket" {
			return b, nil
		}
		return b, explain("bucket "+name, "s3:ListBucket", err)
	}
	b.There = true
	for _, part := range []struct {
		needs string
		read  func() error
	}{
		{"s3:GetBucketPolicy", func() error {
			out, err := client.GetBucketPolicy(ctx, &s3.GetBucketPolicyInput{Bucket: &name, ExpectedBucketOwner: &owner})
			if err == nil {
				b.Policy = aws.ToString(out.Policy)
			}
			return err
		}},
		{"s3:GetEncryptionConfiguration", func() error {
			out, err := client.GetBucketEncryption(ctx, &s3.GetBucketEncryptionInput{Bucket: &name, ExpectedBucketOwner: &owner})
			if err != nil {
				return err
			}
			for _, r := range out.ServerSideEncryptionConfiguration.Rules {
				b.BucketKey = b.BucketKey || aws.ToBool(r.BucketKeyEnabled)
				if d := r.ApplyServerSideEncryptionByDefault; d != nil {
					b.Encrypted = aws.ToString(d.KMSMasterKeyID)
				}
			}
			return nil
		}},
		{"s3:GetBucketOwnershipControls", func() error {
			out, err := client.GetBucketOwnershipControls(ctx, &s3.GetBucketOwnershipControlsInput{Bucket: &name, ExpectedBucketOwner: &owner})
			if err != nil {
				return err
			}
			for _, r := range out.OwnershipControls.Rules {
				b.Owned = b.Owned || r.ObjectOwnership == types.ObjectOwnershipBucketOwnerEnforced
			}
			return nil
		}},
		{"s3:GetBucketPublicAccessBlock", func() error {
			out, err := client.GetPublicAccessBlock(ctx, &s3.GetPublicAccessBlockInput{Bucket: &name, ExpectedBucketOwner: &owner})
			if err == nil {
				c := out.PublicAccessBlockConfiguration
				b.Blocked = aws.ToBool(c.BlockPublicAcls) && aws.ToBool(c.BlockPublicPolicy) && aws.ToBool(c.IgnorePublicAcls) && aws.ToBool(c.RestrictPublicBuckets)
			}
			return err
		}},
		{"s3:GetLifecycleConfiguration", func() error {
			out, err := client.GetBucketLifecycleConfiguration(ctx, &s3.GetBucketLifecycleConfigurationInput{Bucket: &name, ExpectedBucketOwner: &owner})
			if err != nil {
				return err
			}
			b.Lifecycle, err = rules(out.Rules)
			return err
		}},
	} {
		if err := part.read(); err != nil && !unset[code(err)] {
			return b, explain("bucket "+name, part.needs, err)
		}
	}
	return b, nil
}

// unset are the codes by which S3 says that a bucket has none of something.
var unset = map[string]bool{
	"NoSuchBucketPolicy": true, "ServerSideEncryptionConfigurationNotFoundError": true, "OwnershipControlsNotFoundError": true,
	"NoSuchPublicAccessBlockConfiguration": true, "NoSuchLifecycleConfiguration": true,
}

// rules is a lifecycle in the words of the documents.
func rules(all []types.LifecycleRule) (string, error) {
	type rule struct {
		ID, Status, Prefix string
		Days, Old, Abort   int32
	}
	out := make([]rule, len(all))
	for i, r := range all {
		out[i] = rule{ID: aws.ToString(r.ID), Status: string(r.Status)}
		if r.Filter != nil {
			out[i].Prefix = aws.ToString(r.Filter.Prefix)
		}
		if r.Expiration != nil {
			out[i].Days = aws.ToInt32(r.Expiration.Days)
		}
		if r.NoncurrentVersionExpiration != nil {
			out[i].Old = aws.ToInt32(r.NoncurrentVersionExpiration.NoncurrentDays)
		}
		if r.AbortIncompleteMultipartUpload != nil {
			out[i].Abort = aws.ToInt32(r.AbortIncompleteMultipartUpload.DaysAfterInitiation)
		}
	}
	text, err := json.Marshal(out)
	return string(text), err
}

func missing(err error) bool {
	_, ok := errors.AsType[*iamtypes.NoSuchEntityException](err)
	return ok
}

func code(err error) string {
	if api, ok := errors.AsType[smithy.APIError](err); ok {
		return api.ErrorCode()
	}
	return ""
}

func explain(what, needs string, err error) error {
	err = fmt.Errorf("read %s: %w", what, err)
	switch code(err) {
	case "AccessDenied", "AccessDeniedException", "Forbidden":
		return hint.With(err, "comparing is an administrator's: the caller needs "+needs+" there")
	default:
		return err
	}
}
