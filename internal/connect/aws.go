package connect

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials/ec2rolecreds"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/feature/ec2/imds"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"

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
	cfg, err := config.LoadDefaultConfig(ctx, config.WithRegion(region), config.WithHTTPClient(client()),
		// Version 1 of the instance's metadata service answers whoever can make this machine send a request.
		config.WithEC2RoleCredentialOptions(func(o *ec2rolecreds.Options) {
			o.Client = imds.New(imds.Options{EnableFallback: aws.FalseTernary})
		}))
	if err != nil {
		return aws.Config{}, fmt.Errorf("load AWS configuration: %w", err)
	}
	cfg.Retryer = retryer(cfg)
	if role.ARN == "" {
		return cfg, nil
	}
	base := cfg
	provider := stscreds.NewAssumeRoleProvider(sts.NewFromConfig(base), role.ARN, func(o *stscreds.AssumeRoleOptions) {
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
	if role.ExternalID == "" {
		return cfg, nil
	}
	return cfg, guarded(ctx, base, role.ARN)
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

// retryer is the SDK's own, which also tries again when an answer was cut short. The SDK does not: it takes what came for
// an answer that cannot be read.
func retryer(cfg aws.Config) func() aws.Retryer {
	standard := func(o *retry.StandardOptions) {
		if cfg.RetryMaxAttempts > 0 {
			o.MaxAttempts = cfg.RetryMaxAttempts
		}
		o.Retryables = append(o.Retryables, retry.IsErrorRetryableFunc(func(err error) aws.Ternary {
			if errors.Is(err, io.ErrUnexpectedEOF) {
				return aws.TrueTernary
			}
			return aws.UnknownTernary
		}))
	}
	return func() aws.Retryer {
		if cfg.RetryMode == aws.RetryModeAdaptive {
			return retry.NewAdaptiveMode(func(o *retry.AdaptiveModeOptions) { o.StandardOptions = append(o.StandardOptions, standard) })
		}
		return retry.NewStandard(standard)
	}
}

// silence is how long a connection to AWS may be silent while an answer is awaited. The SDK waits for ever, and a gateway
// that forgot the connection says nothing; nothing that is asked for here takes AWS long to begin to answer.
const silence = 60 * time.Second

// client is the SDK's own, with connections that are given up when they are silent. The SDK then tries again.
func client() *awshttp.BuildableClient {
	limit := hasten(silence)
	return awshttp.NewBuildableClient().WithTransportOptions(func(t *http.Transport) {
		dial := t.DialContext
		t.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
			c, err := dial(ctx, network, address)
			if err != nil {
				return nil, err
			}
			return &impatient{Conn: c, limit: limit}, nil
		}
	})
}

// impatient is a connection on which nothing is waited for longer than limit.
type impatient struct {
	net.Conn
	limit time.Duration
}

func (c *impatient) Read(b []byte) (int, error) {
	if err := c.SetReadDeadline(time.Now().Add(c.limit)); err != nil {
		return 0, err
	}
	return c.Conn.Read(b)
}

func (c *impatient) Write(b []byte) (int, error) {
	if err := c.SetWriteDeadline(time.Now().Add(c.limit)); err != nil {
		return 0, err
	}
	return c.Conn.Write(b)
}

// TestOnlyHaste, where it is set, is the longest that anything here waits for a network that says nothing. Tests of a
// silent network would else take minutes each. It is set before anything is opened.
var TestOnlyHaste time.Duration

func hasten(d time.Duration) time.Duration {
	if TestOnlyHaste > 0 {
		return min(d, TestOnlyHaste)
	}
	return d
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
