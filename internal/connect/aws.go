package connect

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/sealift/sealift/internal/hint"
)

// Role is a role to take, on top of the credentials that the environment gives. The zero value takes none.
type Role struct {
	ARN        string
	ExternalID string
}

// Identity is who the credentials are.
type Identity struct {
	Account string
	ARN     string
}

// sessionName shows in CloudTrail who it was.
const sessionName = "sealift"

// Config is the SDK's configuration for a region: its default chain of credentials and, if role names one, that role,
// refreshed before it expires. The role is taken at once, so that a missing trust is said here and not later.
func Config(ctx context.Context, region string, role Role) (aws.Config, error) {
	cfg, err := config.LoadDefaultConfig(ctx, config.WithRegion(region))
	if err != nil {
		return aws.Config{}, fmt.Errorf("load AWS configuration: %w", err)
	}
	if role.ARN == "" {
		return cfg, nil
	}
	provider := stscreds.NewAssumeRoleProvider(sts.NewFromConfig(cfg), role.ARN, func(o *stscreds.AssumeRoleOptions) {
		o.RoleSessionName = sessionName
		if role.ExternalID != "" {
			o.ExternalID = &role.ExternalID
		}
	})
	cfg.Credentials = aws.NewCredentialsCache(provider)
	if _, err := cfg.Credentials.Retrieve(ctx); err != nil {
		return aws.Config{}, hint.With(fmt.Errorf("assume role %s: %w", role.ARN, err),
			"the role must exist, trust this caller (with the external id, if it asks for one), and the caller needs sts:AssumeRole on it")
	}
	return cfg, nil
}

// Caller asks AWS who the credentials are.
func Caller(ctx context.Context, cfg aws.Config) (Identity, error) {
	out, err := sts.NewFromConfig(cfg).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	if err != nil {
		return Identity{}, hint.With(fmt.Errorf("ask AWS who we are: %w", err),
			"check the AWS credentials of this environment: aws sts get-caller-identity")
	}
	return Identity{Account: aws.ToString(out.Account), ARN: aws.ToString(out.Arn)}, nil
}
