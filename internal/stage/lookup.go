package stage

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awskms "github.com/aws/aws-sdk-go-v2/service/kms"
	kmstypes "github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/sealift/sealift/internal/hint"
	"github.com/sealift/sealift/job"
	"github.com/sealift/sealift/plan"
)

// LookUp finds out what the job's stage means: which key, in which state, and whether the bucket is the owner's. cfg
// belongs to the stage's region, caller is the account of its credentials.
func LookUp(ctx context.Context, cfg aws.Config, caller string, j job.Stage) (plan.Stage, error) {
	bucket, prefix, err := split(j.URL)
	if err != nil {
		return plan.Stage{}, err
	}
	s := plan.Stage{Bucket: bucket, Prefix: prefix, Region: j.Region, KMSKey: j.KMSKey, Owner: j.Owner, Keep: j.Keep, Layout: layout(j)}
	if s.Owner == "" {
		s.Owner = caller
	}
	return Resolve(ctx, cfg, s)
}

// Resolve is LookUp for a place that no job names: the key of s becomes its ARN, and the bucket must be there, and the owner's. cfg belongs
// to the region of s.
func Resolve(ctx context.Context, cfg aws.Config, s plan.Stage) (plan.Stage, error) {
	var err error
	if s.KMSKeyARN, err = Key(ctx, cfg, s.KMSKey); err != nil {
		return plan.Stage{}, err
	}
	return s, LookAtBucket(ctx, cfg, s)
}

// LookAtBucket makes sure that the bucket is there, and its owner's.
func LookAtBucket(ctx context.Context, cfg aws.Config, s plan.Stage) error {
	if _, err := s3.NewFromConfig(cfg).HeadBucket(ctx, &s3.HeadBucketInput{Bucket: &s.Bucket, ExpectedBucketOwner: &s.Owner}); err != nil {
		return refused(s, err)
	}
	return nil
}

// layout is the plan's word for the job's.
func layout(j job.Stage) string {
	if j.Layout == plan.Dated {
		return plan.Dated
	}
	return ""
}

func split(raw string) (bucket, prefix string, err error) {
	u, err := url.Parse(raw)
	if err != nil || u.Scheme != "s3" || u.Host == "" {
		return "", "", fmt.Errorf("stage.url %q is not s3://bucket/prefix", raw)
	}
	return u.Host, strings.Trim(u.Path, "/"), nil
}

// Key resolves the job's key to its ARN and makes sure that it can be used now: a key that is disabled is better found
// here than after a long UNLOAD. S3's own has none.
func Key(ctx context.Context, cfg aws.Config, name string) (string, error) {
	if name == plan.S3Managed {
		return "", nil
	}
	out, err := awskms.NewFromConfig(cfg).DescribeKey(ctx, &awskms.DescribeKeyInput{KeyId: &name})
	if err != nil {
		if _, ok := errors.AsType[*kmstypes.NotFoundException](err); ok {
			return "", hint.With(fmt.Errorf("KMS key %s does not exist in %s", name, cfg.Region),
				"correct stage.kms_key; a key of another account is named by its full ARN")
		}
		return "", hint.With(fmt.Errorf("look up KMS key %s: %w", name, short(err)), "the caller needs kms:DescribeKey on it")
	}
	m := out.KeyMetadata
	if m.KeyState != kmstypes.KeyStateEnabled {
		return "", hint.With(fmt.Errorf("KMS key %s is not enabled: its state is %s", name, m.KeyState), "enable it: aws kms enable-key --key-id "+aws.ToString(m.KeyId))
	}
	return aws.ToString(m.Arn), nil
}

// short leaves out what the SDK repeats around a service's answer.
func short(err error) error {
	if api, ok := errors.AsType[smithy.APIError](err); ok {
		return &ServiceError{Code: api.ErrorCode(), Message: api.ErrorMessage(), Err: err}
	}
	return err
}

// clockOff is how far a clock is from that of whoever answered, if it is so far that requests are refused for it: 15 minutes with S3, 5
// with most others. The answer to a HEAD does not say so itself.
func clockOff(err error, now time.Time) time.Duration {
	const allowed = 5 * time.Minute
	answer, ok := errors.AsType[*smithyhttp.ResponseError](err)
	if !ok {
		return 0
	}
	there, err := date(answer.Response)
	if off := now.Sub(there).Round(time.Minute); err == nil && off.Abs() > allowed {
		return off.Abs()
	}
	return 0
}

// refused says what is wrong with the bucket. HEAD has no body, so S3's answer is a status and nothing more.
func refused(s plan.Stage, err error) error {
	var status interface{ HTTPStatusCode() int }
	what := fmt.Errorf("look at bucket %s: %w", s.Bucket, short(err))
	if !errors.As(err, &status) {
		return what
	}
	switch status.HTTPStatusCode() {
	case 403:
		if off := clockOff(err, time.Now()); off != 0 {
			return hint.With(what, fmt.Sprintf("this machine's clock is %s off, by S3's: set it; AWS refuses what is signed at another time", off))
		}
		return hint.With(what, "it belongs to another account than "+s.Owner+" (stage.owner), or the caller may not s3:ListBucket there")
	case 404:
		return hint.With(what, "make the bucket, or correct stage.url")
	case 301, 400:
		return hint.With(what, "is it in region "+s.Region+"? correct stage.region")
	default:
		return what
	}
}
