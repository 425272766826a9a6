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
	"github.com/aws/aws-sdk-go-v2/feature/ec2/imds"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go/logging"

	"github.com/sealift/sealift/internal/hint"
)

// Identity is who the credentials are.
type Identity struct {
	Account string
	ARN     string
}

// Config is the SDK's configuration for a region: its default chain of credentials and, if role names any, that role,
// refreshed before it expires.
func Config(ctx context.Context, region string, role Role) (aws.Config, error) {
	cfg, err := config.LoadDefaultConfig(ctx, config.WithRegion(region), config.WithHTTPClient(client()),
		// What the SDK warns of, a connection that is not used again above all, would stand on stderr, where it is no answer to anything
		// that somebody asked. What goes wrong comes as an error.
		config.WithLogger(logging.Nop{}),
		// Version 1 of the instance's metadata service answers whoever can make this machine send a request.
		config.WithEC2RoleCredentialOptions(func(o *ec2rolecreds.Options) {
			o.Client = imds.New(imds.Options{EnableFallback: aws.FalseTernary})
		}))
	if err != nil {
		return aws.Config{}, fmt.Errorf("load AWS configuration: %w", err)
	}
	cfg.Retryer = retryer(cfg)
	cfg.APIOptions = append(cfg.APIOptions, anyKey)
	return role.take(ctx, cfg)
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
