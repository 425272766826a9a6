package stage

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// maxLease bounds what is read of a lease.
const maxLease = 64 << 10

func (s *Stage) get(ctx context.Context, key string) (object, error) {
	out, err := s.client.GetObject(ctx, &s3.GetObjectInput{Bucket: &s.bucket, Key: &key, ExpectedBucketOwner: &s.owner})
	if err != nil {
		if status(err) == http.StatusNotFound {
			return object{}, errAbsent
		}
		return object{}, s.explain("read "+s.url(key), "s3:GetObject and kms:Decrypt", err)
	}
	text, err := io.ReadAll(io.LimitReader(out.Body, maxLease))
	if err := errors.Join(err, out.Body.Close()); err != nil {
		return object{}, fmt.Errorf("read %s: %w", s.url(key), err)
	}
	answer, _ := awsmiddleware.GetRawResponse(out.ResultMetadata).(*smithyhttp.Response)
	now, err := date(answer)
	if err != nil {
		return object{}, fmt.Errorf("read %s: %w", s.url(key), err)
	}
	return object{text: text, tag: aws.ToString(out.ETag), version: version(out.VersionId), modified: aws.ToTime(out.LastModified), now: now}, nil
}

// date is the clock of whoever answered: the age of a lease must not depend on this machine's, which may be wrong.
func date(answer *smithyhttp.Response) (time.Time, error) {
	if answer == nil || answer.Response == nil {
		return time.Time{}, errors.New("the answer tells no time")
	}
	return http.ParseTime(answer.Header.Get("Date"))
}

// version is a version's id where it names one version for good: where versioning was suspended, all are called null.
func version(id *string) string {
	if v := aws.ToString(id); v != "null" {
		return v
	}
	return ""
}

func (s *Stage) replace(ctx context.Context, key string, text []byte, old object) (object, error) {
	in := &s3.PutObjectInput{
		Bucket: &s.bucket, Key: &key, ExpectedBucketOwner: &s.owner, Body: bytes.NewReader(text),
	}
	in.ServerSideEncryption, in.SSEKMSKeyId = s.encryption()
	if old.tag == "" {
		in.IfNoneMatch = aws.String("*")
	} else {
		in.IfMatch = &old.tag
	}
	var out *s3.PutObjectOutput
	err := do(ctx, "PutObject", func(ctx context.Context) (err error) {
		out, err = s.client.PutObject(ctx, in)
		return err
	})
	switch status(err) {
	case http.StatusPreconditionFailed, http.StatusConflict, http.StatusNotFound:
		// Not found: the object that was to be replaced is gone. A bucket that is not there was found missing before.
		return object{}, errOther
	}
	if err != nil {
		return object{}, s.explain("write "+s.url(key), "s3:PutObject and kms:GenerateDataKey", err)
	}
	return object{text: text, tag: aws.ToString(out.ETag), version: version(out.VersionId)}, nil
}

// remove removes one version. Where the bucket keeps versions, that version goes and nothing takes its place; elsewhere
// the object goes only if it is still the one that was meant.
func (s *Stage) remove(ctx context.Context, key string, o object) error {
	in := &s3.DeleteObjectInput{Bucket: &s.bucket, Key: &key, ExpectedBucketOwner: &s.owner}
	if o.version != "" {
		in.VersionId = &o.version
	} else {
		in.IfMatch = &o.tag
	}
	err := do(ctx, "DeleteObject", func(ctx context.Context) error {
		_, err := s.client.DeleteObject(ctx, in)
		return err
	})
	switch status(err) {
	case http.StatusPreconditionFailed, http.StatusConflict:
		return errOther
	case http.StatusNotFound:
		return errAbsent
	}
	if err != nil {
		return s.explain("remove "+s.url(key), "s3:DeleteObject and s3:DeleteObjectVersion", err)
	}
	return nil
}

func (s *Stage) versionsOf(ctx context.Context, key string) ([]object, error) {
	var all []object
	pages := s3.NewListObjectVersionsPaginator(s.client, &s3.ListObjectVersionsInput{Bucket: &s.bucket, Prefix: &key, ExpectedBucketOwner: &s.owner})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, s.explain("list versions of "+s.url(key), "s3:ListBucketVersions", err)
		}
		for _, v := range page.Versions {
			if id := version(v.VersionId); id != "" && aws.ToString(v.Key) == key {
				all = append(all, object{tag: aws.ToString(v.ETag), version: id, modified: aws.ToTime(v.LastModified)})
			}
		}
	}
	return all, nil
}

func (s *Stage) list(ctx context.Context, prefix string) ([]string, error) {
	var keys []string
	pages := s3.NewListObjectsV2Paginator(s.client, &s3.ListObjectsV2Input{Bucket: &s.bucket, Prefix: &prefix, ExpectedBucketOwner: &s.owner})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, s.explain("list "+s.url(prefix), "s3:ListBucket", err)
		}
		for _, o := range page.Contents {
			if key := aws.ToString(o.Key); strings.HasSuffix(key, ".json") && !strings.Contains(strings.TrimPrefix(key, prefix), "/") {
				keys = append(keys, key)
			}
		}
	}
	return keys, nil
}

// status is the HTTP status of an answer that is an error, or 0.
func status(err error) int {
	if re, ok := errors.AsType[*smithyhttp.ResponseError](err); ok {
		return re.HTTPStatusCode()
	}
	return 0
}
