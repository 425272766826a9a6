package stage

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"
	"golang.org/x/sync/errgroup"

	"github.com/sealift/sealift/internal/effect"
	"github.com/sealift/sealift/internal/hint"
	"github.com/sealift/sealift/journal"
)

// Stage is the bucket as one run uses it. It is safe for concurrent use.
type Stage struct {
	client *s3.Client
	bucket string
	owner  string // named in every request: a bucket of the same name in another account is refused
	keyARN string // "" for S3's own

	copyAtOnce, copyPart int64 // bytes; smaller ones in tests
}

// New makes a Stage on a bucket, whose objects must be encrypted under the KMS key keyARN, or under S3's own (SSE-S3) where
// that is "", which a load asks for by name.
func New(cfg aws.Config, bucket, owner, keyARN string) *Stage {
	return &Stage{client: s3.NewFromConfig(cfg), bucket: bucket, owner: owner, keyARN: keyARN, copyAtOnce: copyAtOnce, copyPart: copyPart}
}

// The names that UNLOAD gives its manifest, and that ours has beside it.
const (
	unloadManifest = "manifest"
	copyManifest   = "sealift.manifest"
)

// heads is how many objects are asked for at once.
const heads = 8

// maxManifest bounds what is read of a manifest: 100,000 objects need about 20 MB.
const maxManifest = 64 << 20

// Check holds the objects under prefix (a key prefix ending in /) against the manifest that UNLOAD wrote there: all of
// them there, nothing else there, each of the size that was written, each under the key. Then it writes the manifest for
// COPY, in which every object is mandatory: by UNLOAD's own, COPY would skip a missing one without a word.
//
// The facts tell objects, bytes and rows as UNLOAD counted them, and COPY's manifest, which is "" when there is no object.
func (s *Stage) Check(ctx context.Context, prefix string) (journal.Facts, error) {
	m, err := s.readManifest(ctx, prefix)
	if err != nil {
		return journal.Facts{}, err
	}
	if err := s.nothingElse(ctx, prefix, m); err != nil {
		return journal.Facts{}, err
	}
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(heads)
	for _, e := range append([]entry{{key: prefix + unloadManifest, size: -1}}, m.entries...) {
		g.Go(func() error { return s.checkObject(gctx, e) })
	}
	if err := g.Wait(); err != nil {
		return journal.Facts{}, err
	}
	out := journal.Facts{Objects: len(m.entries), Rows: m.rows}
	for _, e := range m.entries {
		out.Bytes += e.size
	}
	if len(m.entries) == 0 {
		return out, nil // an empty table may leave no object; there is nothing to COPY
	}
	text, err := m.forCopy(s.bucket)
	if err != nil {
		return journal.Facts{}, err
	}
	sum := sha256.Sum256(text)
	out.Manifest, out.ManifestSum = s.url(prefix+copyManifest), hex.EncodeToString(sum[:])
	return out, s.put(ctx, prefix+copyManifest, text)
}

func (s *Stage) url(key string) string { return "s3://" + s.bucket + "/" + key }

func (s *Stage) readManifest(ctx context.Context, prefix string) (*manifest, error) {
	key := prefix + unloadManifest
	text, err := s.manifestText(ctx, key)
	if err != nil {
		return nil, err
	}
	m, err := parseManifest(text, s.bucket, prefix)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", s.url(key), err)
	}
	return m, nil
}

// manifestText reads a manifest as it is.
func (s *Stage) manifestText(ctx context.Context, key string) ([]byte, error) {
	out, err := s.client.GetObject(ctx, &s3.GetObjectInput{Bucket: &s.bucket, Key: &key, ExpectedBucketOwner: &s.owner})
	if err != nil {
		return nil, s.explain("read "+s.url(key), "s3:GetObject and kms:Decrypt", err)
	}
	text, err := io.ReadAll(io.LimitReader(out.Body, maxManifest+1))
	if err := errors.Join(err, out.Body.Close()); err != nil {
		return nil, fmt.Errorf("read %s: %w", s.url(key), err)
	}
	if len(text) > maxManifest {
		return nil, fmt.Errorf("read %s: longer than %d bytes", s.url(key), maxManifest)
	}
	return text, nil
}

// nothingElse refuses objects under prefix that UNLOAD's manifest does not name: somebody else writes there.
func (s *Stage) nothingElse(ctx context.Context, prefix string, m *manifest) error {
	known := map[string]bool{prefix + unloadManifest: true, prefix + copyManifest: true}
	for _, e := range m.entries {
		known[e.key] = true
	}
	pages := s3.NewListObjectsV2Paginator(s.client, &s3.ListObjectsV2Input{Bucket: &s.bucket, Prefix: &prefix, ExpectedBucketOwner: &s.owner})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return s.explain("list "+s.url(prefix), "s3:ListBucket", err)
		}
		for _, o := range page.Contents {
			if !known[aws.ToString(o.Key)] && aws.ToInt64(o.Size) > 0 {
				return hint.With(fmt.Errorf("%s is not in UNLOAD's manifest", s.url(aws.ToString(o.Key))),
					"somebody else writes under the stage's prefix; nothing was loaded. Who may write there is the bucket policy's matter")
			}
		}
	}
	return nil
}

func (s *Stage) checkObject(ctx context.Context, e entry) error {
	out, err := s.client.HeadObject(ctx, &s3.HeadObjectInput{Bucket: &s.bucket, Key: &e.key, ExpectedBucketOwner: &s.owner})
	if err != nil {
		return s.explain("check "+s.url(e.key), "s3:GetObject", err)
	}
	if s.keyARN == "" && out.ServerSideEncryption == types.ServerSideEncryptionAes256 {
		return sized(s.url(e.key), aws.ToInt64(out.ContentLength), e.size)
	}
	if out.ServerSideEncryption != types.ServerSideEncryptionAwsKms {
		found := string(out.ServerSideEncryption)
		if found == "" {
			found = "nothing"
		}
		return hint.With(fmt.Errorf("%s is encrypted with %s, not with SSE-KMS", s.url(e.key), found),
			"the bucket's policy should refuse such a write; nothing was loaded")
	}
	if key := aws.ToString(out.SSEKMSKeyId); key != s.keyARN {
		return fmt.Errorf("%s is encrypted under %s, not under %s", s.url(e.key), key, s.keyARN)
	}
	return sized(s.url(e.key), aws.ToInt64(out.ContentLength), e.size)
}

func sized(url string, size, want int64) error {
	if want >= 0 && size != want {
		return hint.With(fmt.Errorf("%s has %d bytes, UNLOAD wrote %d", url, size, want),
			"it was changed after it was written; nothing was loaded")
	}
	return nil
}

// encryption is what every object is written with.
func (s *Stage) encryption() (types.ServerSideEncryption, *string) {
	if s.keyARN == "" {
		return types.ServerSideEncryptionAes256, nil
	}
	return types.ServerSideEncryptionAwsKms, &s.keyARN
}

func (s *Stage) put(ctx context.Context, key string, text []byte) error {
	return s.putWith(ctx, key, text, nil)
}

// putWith writes an object with user metadata.
func (s *Stage) putWith(ctx context.Context, key string, text []byte, meta map[string]string) error {
	return s.putIf(ctx, key, text, meta, nil)
}

// putNew writes an object where there is none; else it answers errOther.
func (s *Stage) putNew(ctx context.Context, key string, text []byte, meta map[string]string) error {
	return s.putIf(ctx, key, text, meta, aws.String("*"))
}

func (s *Stage) putIf(ctx context.Context, key string, text []byte, meta map[string]string, noneMatch *string) error {
	sse, kmsKey := s.encryption()
	err := effect.Do(ctx, "s3 PutObject", func(ctx context.Context) error {
		_, err := s.client.PutObject(ctx, &s3.PutObjectInput{
			Bucket: &s.bucket, Key: &key, ExpectedBucketOwner: &s.owner, Body: bytes.NewReader(text),
			ServerSideEncryption: sse, SSEKMSKeyId: kmsKey, Metadata: meta, IfNoneMatch: noneMatch,
		})
		return err
	})
	if code := status(err); noneMatch != nil && (code == http.StatusPreconditionFailed || code == http.StatusConflict) {
		return errOther
	}
	if err != nil {
		return s.explain("write "+s.url(key), "s3:PutObject and kms:GenerateDataKey", err)
	}
	return nil
}

// deleteBatch is the most that one DeleteObjects takes.
const deleteBatch = 1000

// Empty removes everything under prefix: objects, all their versions and delete markers, and unfinished multipart
// uploads. It returns how many things it removed; when the error is nil, a last look found nothing.
func (s *Stage) Empty(ctx context.Context, prefix string) (int, error) {
	removed := 0
	for {
		found, err := s.versions(ctx, prefix)
		if err != nil {
			return removed, err
		}
		uploads, err := s.abortUploads(ctx, prefix)
		if err != nil {
			return removed, err
		}
		removed += uploads
		if len(found) == 0 && uploads == 0 {
			return removed, nil
		}
		if len(found) > 0 {
			if err := s.deleteAll(ctx, prefix, found); err != nil {
				return removed, err
			}
			removed += len(found)
		}
	}
}

// eachVersion goes over all versions of what a listing asks for, page by page.
func (s *Stage) eachVersion(ctx context.Context, in s3.ListObjectVersionsInput, see func(*s3.ListObjectVersionsOutput)) error {
	in.Bucket, in.ExpectedBucketOwner = &s.bucket, &s.owner
	pages := s3.NewListObjectVersionsPaginator(s.client, &in)
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return s.explain("list versions under "+s.url(*in.Prefix), "s3:ListBucketVersions", err)
		}
		see(page)
	}
	return nil
}

// eachUpload goes over all unfinished uploads, likewise.
func (s *Stage) eachUpload(ctx context.Context, in s3.ListMultipartUploadsInput, see func(*s3.ListMultipartUploadsOutput)) error {
	in.Bucket, in.ExpectedBucketOwner = &s.bucket, &s.owner
	pages := s3.NewListMultipartUploadsPaginator(s.client, &in)
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return s.explain("list uploads under "+s.url(*in.Prefix), "s3:ListBucketMultipartUploads", err)
		}
		see(page)
	}
	return nil
}

// versions lists one page of what is under prefix, every version of it.
func (s *Stage) versions(ctx context.Context, prefix string) ([]types.ObjectIdentifier, error) {
	page, err := s.client.ListObjectVersions(ctx, &s3.ListObjectVersionsInput{
		Bucket: &s.bucket, Prefix: &prefix, ExpectedBucketOwner: &s.owner, MaxKeys: aws.Int32(deleteBatch),
	})
	if err != nil {
		return nil, s.explain("list versions under "+s.url(prefix), "s3:ListBucketVersions", err)
	}
	found := make([]types.ObjectIdentifier, 0, len(page.Versions)+len(page.DeleteMarkers))
	for _, v := range page.Versions {
		found = append(found, types.ObjectIdentifier{Key: v.Key, VersionId: v.VersionId})
	}
	for _, m := range page.DeleteMarkers {
		found = append(found, types.ObjectIdentifier{Key: m.Key, VersionId: m.VersionId})
	}
	return found, nil
}

func (s *Stage) deleteAll(ctx context.Context, prefix string, found []types.ObjectIdentifier) error {
	// A list of keys goes as XML, which has no control characters: another key would stand in it, and this one be found again for ever.
	odd := func(o types.ObjectIdentifier) bool { return !inXML(aws.ToString(o.Key)) }
	for _, o := range found {
		if !odd(o) {
			continue
		}
		err := effect.Do(ctx, "s3 DeleteObject", func(ctx context.Context) error {
			_, err := s.client.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &s.bucket, Key: o.Key, VersionId: o.VersionId, ExpectedBucketOwner: &s.owner})
			return err
		})
		if err != nil {
			return s.explain("remove "+s.url(aws.ToString(o.Key)), "s3:DeleteObject and s3:DeleteObjectVersion", err)
		}
	}
	if found = slices.DeleteFunc(slices.Clone(found), odd); len(found) == 0 {
		return nil
	}
	var out *s3.DeleteObjectsOutput
	err := effect.Do(ctx, "s3 DeleteObjects", func(ctx context.Context) (err error) {
		out, err = s.client.DeleteObjects(ctx, &s3.DeleteObjectsInput{
			Bucket: &s.bucket, ExpectedBucketOwner: &s.owner, Delete: &types.Delete{Objects: found, Quiet: aws.Bool(true)},
		})
		return err
	})
	if err != nil {
		return s.explain("remove objects under "+s.url(prefix), "s3:DeleteObject and s3:DeleteObjectVersion", err)
	}
	if len(out.Errors) > 0 {
		e := out.Errors[0]
		return hint.With(fmt.Errorf("remove %s: %s: %s (and %d more)", s.url(aws.ToString(e.Key)), aws.ToString(e.Code), aws.ToString(e.Message), len(out.Errors)-1),
			"the caller needs s3:DeleteObject and s3:DeleteObjectVersion on the stage")
	}
	return nil
}

// inXML tells whether XML 1.0 can carry a text.
func inXML(text string) bool {
	return utf8.ValidString(text) && strings.IndexFunc(text, func(r rune) bool {
		return r < ' ' && r != '\t' && r != '\n' && r != '\r' || r == '\ufffe' || r == '\uffff'
	}) < 0
}

func (s *Stage) abortUploads(ctx context.Context, prefix string) (int, error) {
	out, err := s.client.ListMultipartUploads(ctx, &s3.ListMultipartUploadsInput{Bucket: &s.bucket, Prefix: &prefix, ExpectedBucketOwner: &s.owner})
	if err != nil {
		return 0, s.explain("list uploads under "+s.url(prefix), "s3:ListBucketMultipartUploads", err)
	}
	return len(out.Uploads), s.abort(ctx, out.Uploads)
}

// abort aborts uploads; those that are gone already are no error.
func (s *Stage) abort(ctx context.Context, uploads []types.MultipartUpload) error {
	for _, u := range uploads {
		err := effect.Do(ctx, "s3 AbortMultipartUpload", func(ctx context.Context) error {
			_, err := s.client.AbortMultipartUpload(ctx, &s3.AbortMultipartUploadInput{
				Bucket: &s.bucket, Key: u.Key, UploadId: u.UploadId, ExpectedBucketOwner: &s.owner,
			})
			return err
		})
		var gone *types.NoSuchUpload
		if err != nil && !errors.As(err, &gone) {
			return s.explain("abort upload of "+s.url(aws.ToString(u.Key)), "s3:AbortMultipartUpload", err)
		}
	}
	return nil
}

// explain adds what was attempted to an error of S3, and the permission it needs when it was refused.
func (s *Stage) explain(what, needs string, err error) error {
	var api smithy.APIError
	if !errors.As(err, &api) {
		return fmt.Errorf("%s: %w", what, err)
	}
	// The SDK's own text repeats operation, endpoint and host id; people need the code and the server's words.
	short := &ServiceError{Code: api.ErrorCode(), Message: api.ErrorMessage(), Err: err}
	var status interface{ HTTPStatusCode() int }
	if errors.As(err, &status) {
		short.Status = status.HTTPStatusCode()
	}
	wrapped := fmt.Errorf("%s: %w", what, short)
	switch {
	case short.Code == "NoSuchKey" || short.Code == "NotFound" || (short.Status == http.StatusNotFound && short.Code != "NoSuchBucket"):
		return hint.With(wrapped, "it was removed after UNLOAD wrote it; nothing was loaded. Does a lifecycle rule or another job clean this prefix?")
	case short.Code == "NoSuchBucket":
		return hint.With(wrapped, "make the bucket, or correct stage.url in the job")
	case short.Status == http.StatusForbidden:
		return hint.With(wrapped, "the caller needs "+needs+" there, and the bucket must belong to account "+s.owner+" (stage.owner)")
	default:
		return wrapped
	}
}

// ServiceError is an error as S3 answered it.
type ServiceError struct {
	Code, Message string
	Status        int
	Err           error
}

func (e *ServiceError) Error() string {
	if e.Message == "" {
		return e.Code
	}
	return e.Code + ": " + strings.TrimSuffix(e.Message, ".")
}

// Unwrap gives the SDK's error.
func (e *ServiceError) Unwrap() error { return e.Err }

// manifest is UNLOAD's, read.
type manifest struct {
	entries []entry
	rows    int64
	counted bool // the manifest is to tell the rows of each object
}

type entry struct {
	bucket string // "" is the stage's
	key    string
	size   int64 // -1: not told
	rows   int64 // as UNLOAD counted them
}
