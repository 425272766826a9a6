package state

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"path"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/sealift/sealift/internal/connect"
	"github.com/sealift/sealift/internal/hint"
	"github.com/sealift/sealift/journal"
	"github.com/sealift/sealift/plan"
)

// nameOne is what helps where runs cannot be kept.
const nameOne = "name a place: --state-dir FOLDER or s3://BUCKET/PREFIX"

// Open gives the store that where names: a folder, or s3://BUCKET/PREFIX, to which ?owner=ACCOUNT can be added where the
// bucket is another account's than the caller's, and ?region=REGION where it is elsewhere than the environment says.
func Open(ctx context.Context, where string) (*Store, error) {
	if !strings.HasPrefix(where, "s3://") {
		if where == "" {
			return nil, hint.With(errors.New("no place to keep runs in is named: HOME is not set"), nameOne)
		}
		return Folder(where), nil
	}
	u, err := url.Parse(where)
	if err != nil || u.Host == "" || u.Fragment != "" {
		return nil, hint.Usage(fmt.Errorf("%q is not s3://BUCKET/PREFIX", where))
	}
	for key := range u.Query() {
		if key != "owner" && key != "region" {
			return nil, hint.Usage(fmt.Errorf("%q: %s is not one of owner, region", where, key))
		}
	}
	cfg, err := connect.Config(ctx, u.Query().Get("region"), connect.Role{})
	if err != nil {
		return nil, err
	}
	owner := u.Query().Get("owner")
	if owner == "" {
		caller, err := connect.Caller(ctx, cfg)
		if err != nil {
			return nil, err
		}
		owner = caller.Account
	}
	prefix := strings.Trim(u.Path, "/")
	return Bucket(s3.NewFromConfig(cfg), u.Host, prefix, owner), nil
}

// Bucket keeps runs in S3: runs/ID/ with the plan, the receipt, and the journal as a row of objects, one for each sync.
// Each of these is written only if it is not there yet: of two processes that go on with a run, only one can.
func Bucket(client API, name, prefix, owner string) *Store {
	b := &bucket{client: client, name: name, prefix: prefix, owner: owner}
	return &Store{place: b, name: strings.TrimSuffix("s3://"+path.Join(name, prefix), "/")}
}

// API is what is needed of S3.
type API interface {
	GetObject(context.Context, *s3.GetObjectInput, ...func(*s3.Options)) (*s3.GetObjectOutput, error)
	PutObject(context.Context, *s3.PutObjectInput, ...func(*s3.Options)) (*s3.PutObjectOutput, error)
	ListObjectsV2(context.Context, *s3.ListObjectsV2Input, ...func(*s3.Options)) (*s3.ListObjectsV2Output, error)
}

type bucket struct {
	client              API
	name, prefix, owner string

	mu   sync.Mutex
	keys map[string]string // KMS key of each run, from its plan; under mu
}

func (b *bucket) key(parts ...string) string {
	return path.Join(append([]string{b.prefix, "runs"}, parts...)...)
}

func (b *bucket) where(run string) string { return "s3://" + b.name + "/" + b.key(run) }

func (b *bucket) runs(ctx context.Context) ([]string, error) {
	prefix := b.key() + "/"
	var ids []string
	pages := s3.NewListObjectsV2Paginator(b.client, &s3.ListObjectsV2Input{
		Bucket: &b.name, Prefix: &prefix, Delimiter: aws.String("/"), ExpectedBucketOwner: &b.owner,
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, b.explain("list "+prefix, "s3:ListBucket", err)
		}
		for _, p := range page.CommonPrefixes {
			ids = append(ids, strings.TrimSuffix(strings.TrimPrefix(aws.ToString(p.Prefix), prefix), "/"))
		}
	}
	return ids, nil
}

func (b *bucket) create(ctx context.Context, run string, p *plan.Plan) error {
	b.setKey(run, p)
	var text bytes.Buffer
	if err := p.Encode(&text); err != nil {
		return err
	}
	return b.put(ctx, run, b.key(run, planFile), text.Bytes(), true)
}

func (b *bucket) setKey(run string, p *plan.Plan) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.keys == nil {
		b.keys = make(map[string]string)
	}
	b.keys[run] = p.Stage.KMSKeyARN
}

func (b *bucket) read(ctx context.Context, run, name string) ([]byte, error) {
	text, err := b.get(ctx, b.key(run, name))
	if err == nil && name == planFile {
		if p, err := plan.Decode(text); err == nil {
			b.setKey(run, p)
		}
	}
	return text, err
}

func (b *bucket) get(ctx context.Context, key string) ([]byte, error) {
	out, err := b.client.GetObject(ctx, &s3.GetObjectInput{Bucket: &b.name, Key: &key, ExpectedBucketOwner: &b.owner})
	if _, ok := errors.AsType[*types.NoSuchKey](err); ok {
		return nil, fmt.Errorf("s3://%s/%s: %w", b.name, key, fs.ErrNotExist)
	}
	if err != nil {
		return nil, b.explain("read "+key, "s3:GetObject and kms:Decrypt", err)
	}
	text, err := io.ReadAll(out.Body)
	if err := errors.Join(err, out.Body.Close()); err != nil {
		return nil, fmt.Errorf("read s3://%s/%s: %w", b.name, key, err)
	}
	return text, nil
}

func (b *bucket) write(ctx context.Context, run, name string, content func(io.Writer) error) error {
	var text bytes.Buffer
	if err := content(&text); err != nil {
		return err
	}
	return b.put(ctx, run, b.key(run, name), text.Bytes(), false)
}

// put writes an object, with first only where there is none.
func (b *bucket) put(ctx context.Context, run, key string, text []byte, first bool) error {
	b.mu.Lock()
	kms, known := b.keys[run]
	b.mu.Unlock()
	if !known {
		return fmt.Errorf("write s3://%s/%s: the run's plan names no KMS key", b.name, key)
	}
	in := &s3.PutObjectInput{
		Bucket: &b.name, Key: &key, ExpectedBucketOwner: &b.owner, Body: bytes.NewReader(text),
		ServerSideEncryption: types.ServerSideEncryptionAwsKms, SSEKMSKeyId: &kms,
	}
	if kms == "" { // a load under S3's own key
		in.ServerSideEncryption, in.SSEKMSKeyId = types.ServerSideEncryptionAes256, nil
	}
	if first {
		in.IfNoneMatch = aws.String("*")
	}
	_, err := b.client.PutObject(ctx, in)
	if re, ok := errors.AsType[*smithyhttp.ResponseError](err); ok && first &&
		(re.HTTPStatusCode() == http.StatusPreconditionFailed || re.HTTPStatusCode() == http.StatusConflict) {
		// The answer to our own write may have been lost, and the SDK tried again.
		there, gerr := b.get(ctx, key)
		if gerr == nil && bytes.Equal(there, text) {
			return nil
		}
		return fmt.Errorf("s3://%s/%s is there already: %w", b.name, key, plan.ErrBusy)
	}
	if err != nil {
		return b.explain("write "+key, "s3:PutObject and kms:GenerateDataKey", err)
	}
	return nil
}

// partName names the nth object of a journal.
func partName(n int) string { return fmt.Sprintf("%08d.jsonl", n) }

func (b *bucket) journal(ctx context.Context, run string) ([]byte, error) {
	parts, err := b.parts(ctx, run)
	return bytes.Join(parts, nil), err
}

// parts reads a journal's objects, in order. One that is missing among them is damage.
func (b *bucket) parts(ctx context.Context, run string) ([][]byte, error) {
	prefix := b.key(run, "journal") + "/"
	var all [][]byte
	pages := s3.NewListObjectsV2Paginator(b.client, &s3.ListObjectsV2Input{Bucket: &b.name, Prefix: &prefix, ExpectedBucketOwner: &b.owner})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, b.explain("list "+prefix, "s3:ListBucket", err)
		}
		for _, o := range page.Contents {
			key, want := aws.ToString(o.Key), prefix+partName(len(all)+1)
			if key != want {
				return nil, fmt.Errorf("the journal is damaged: s3://%s/%s comes where %s should be", b.name, key, path.Base(want))
			}
			text, err := b.get(ctx, key)
			if err != nil {
				return nil, err
			}
			all = append(all, text)
		}
	}
	return all, nil
}

// lock has nothing to do here: of two who write the next object, one is refused.
func (b *bucket) lock(_ context.Context, run string) (locked, error) { return bucketLock{b, run}, nil }

type bucketLock struct {
	b   *bucket
	run string
}

func (bucketLock) unlock() error { return nil }

func (l bucketLock) append(ctx context.Context, size int64) (journal.Sink, error) {
	parts, err := l.b.parts(ctx, l.run)
	if err != nil {
		return nil, err
	}
	whole := int64(0)
	for i, p := range parts {
		if room := size - whole; int64(len(p)) > room {
			// The end of the last line is missing, which S3 itself never leaves: an object is there whole or not at all.
			if i != len(parts)-1 || room == 0 && bytes.ContainsRune(p, '\n') {
				return nil, plan.ErrBusy // somebody else writes, and more has come since it was read: whole lines are theirs
			}
			if err := l.b.put(ctx, l.run, l.b.key(l.run, "journal", partName(i+1)), p[:room], false); err != nil {
				return nil, err
			}
			whole = size
			break
		}
		whole += int64(len(p))
	}
	if whole != size {
		return nil, fmt.Errorf("the journal is shorter than it was: %d bytes, not %d", whole, size)
	}
	return &sink{b: l.b, run: l.run, next: len(parts) + 1}, nil
}

// syncTime bounds one write of a journal.
const syncTime = 2 * time.Minute

// sink writes what came since the last sync as the next object.
type sink struct {
	b    *bucket
	run  string
	next int

	mu      sync.Mutex
	pending []byte // under mu
}

func (s *sink) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pending = append(s.pending, p...)
	return len(p), nil
}

// Sync is called by one goroutine at a time. After an error it is not called again.
func (s *sink) Sync() error {
	s.mu.Lock()
	text := s.pending
	s.pending = nil
	s.mu.Unlock()
	if len(text) == 0 {
		return nil
	}
	// Not the run's context: what happened is written down also when the run is cancelled.
	ctx, cancel := context.WithTimeout(context.Background(), syncTime)
	defer cancel()
	if err := s.b.put(ctx, s.run, s.b.key(s.run, "journal", partName(s.next)), text, true); err != nil {
		return err
	}
	s.next++
	return nil
}

func (s *sink) Close() error { return nil }

// explain says what was attempted, and what it needs where it was refused.
func (b *bucket) explain(what, needs string, err error) error {
	verb, key, _ := strings.Cut(what, " ")
	var api smithy.APIError
	if !errors.As(err, &api) {
		return fmt.Errorf("%s s3://%s/%s: %w", verb, b.name, key, err)
	}
	wrapped := fmt.Errorf("%s s3://%s/%s: %s", verb, b.name, key, cmp.Or(strings.TrimSuffix(api.ErrorMessage(), "."), api.ErrorCode()))
	re, ok := errors.AsType[*smithyhttp.ResponseError](err)
	switch {
	case !ok:
		return wrapped
	case re.HTTPStatusCode() == http.StatusForbidden:
		return hint.With(wrapped, "the caller needs "+needs+" there, and the bucket must belong to account "+b.owner+" (s3://...?owner=ACCOUNT names another)")
	case re.HTTPStatusCode() == http.StatusMovedPermanently:
		return hint.With(wrapped, "the bucket is in another region: s3://...?region=REGION")
	case api.ErrorCode() == "NoSuchBucket":
		return hint.With(wrapped, "make the bucket, or name another place with --state-dir")
	default:
		return wrapped
	}
}
