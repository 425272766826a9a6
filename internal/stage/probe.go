package stage

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"

	"github.com/sealift/sealift/internal/effect"
	"github.com/sealift/sealift/journal"
)

// What is tried before a run needs it. All of it lies below a run's folder, so that what a process leaves that is killed is found
// like anything else that runs leave.

// Probe writes one row, encrypted, and the manifest by which COPY reads it, and checks both as a run's objects are.
func (s *Stage) Probe(ctx context.Context, prefix string) (journal.Facts, error) {
	const row = "1\n"
	part := Part{Key: prefix + "probe", Size: int64(len(row)), Rows: 1}
	if err := s.put(ctx, part.Key, []byte(row)); err != nil {
		return journal.Facts{}, err
	}
	if err := s.checkObject(ctx, entry{key: part.Key, size: part.Size}); err != nil {
		return journal.Facts{}, err
	}
	return s.Seal(ctx, prefix, []Part{part})
}

// Unsealed are the ways of writing an object that is not under the key, of those that the bucket let pass.
func (s *Stage) Unsealed(ctx context.Context, prefix string) (passed []string, err error) {
	for _, way := range []struct {
		name string
		sse  types.ServerSideEncryption
	}{{"plain", ""}, {"sse-s3", types.ServerSideEncryptionAes256}} {
		if s.keyARN == "" {
			return nil, nil // S3's own key was asked for
		}
		key := prefix + way.name
		err := effect.Do(ctx, "s3 PutObject", func(ctx context.Context) error {
			_, err := s.client.PutObject(ctx, &s3.PutObjectInput{
				Bucket: &s.bucket, Key: &key, ExpectedBucketOwner: &s.owner, Body: strings.NewReader("x"), ServerSideEncryption: way.sse,
			})
			return err
		})
		var status interface{ HTTPStatusCode() int }
		switch {
		case err == nil:
		case errors.As(err, &status) && status.HTTPStatusCode() == http.StatusForbidden:
			continue
		default:
			return passed, s.explain("write "+s.url(key)+" without the key", "s3:PutObject", err)
		}
		out, err := s.client.HeadObject(ctx, &s3.HeadObjectInput{Bucket: &s.bucket, Key: &key, ExpectedBucketOwner: &s.owner})
		if err != nil {
			return passed, s.explain("check "+s.url(key), "s3:GetObject", err)
		}
		if aws.ToString(out.SSEKMSKeyId) == s.keyARN {
			continue // the bucket's default encryption put it under the key
		}
		what := "an object without encryption in its request"
		if way.sse != "" {
			what = "an object under S3's own key"
		}
		passed = append(passed, what)
	}
	return passed, nil
}

// Denied tells whether S3 refused a request because somebody lacks a right, by the action that it names, if it names one.
func Denied(err error) (action string, denied bool) {
	api, ok := errors.AsType[smithy.APIError](err)
	if !ok {
		return "", false
	}
	var status interface{ HTTPStatusCode() int }
	if !errors.As(err, &status) || status.HTTPStatusCode() != http.StatusForbidden {
		return "", false
	}
	_, rest, _ := strings.Cut(api.ErrorMessage(), "not authorized to perform: ")
	action, _, _ = strings.Cut(rest, " ")
	return action, true
}
