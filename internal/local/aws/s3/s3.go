package s3

import (
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sealift/sealift/internal/local/aws/iam"
	"github.com/sealift/sealift/internal/local/aws/kms"
	"github.com/sealift/sealift/internal/local/aws/policy"
)

// Authorizer decides what callers may do: iam.Service.
type Authorizer interface {
	Authorize(id *iam.Identity, a iam.Access) error
	CheckPrincipals(d *policy.Document) error
}

// Verifier tells who signed a request and makes its body yield the checked payload: sigv4.Verifier.
type Verifier interface {
	Verify(r *http.Request, service string) (*iam.Identity, error)
}

// Options make a Service.
type Options struct {
	Dir    string // where buckets and objects are kept
	Region string // of callers that name none
	IAM    Authorizer
	KMS    kms.Keys
	Verify Verifier
	Log    *slog.Logger     // nil discards
	Now    func() time.Time // nil: time.Now
}

// Service is all of S3: bucket names are one space for all accounts and regions. It is safe for concurrent use.
type Service struct {
	opts       Options
	log        *slog.Logger
	serviceKey []byte // of SSE-S3
	content    *content
	throttled  atomic.Int64 // requests still to be answered with SlowDown
	conflicts  atomic.Int64 // conditional writes still to be answered with ConditionalRequestConflict

	mu      sync.RWMutex // guards which buckets there are
	buckets map[string]*bucket
}

// New opens the buckets kept in Options.Dir, and clears away what a crash left half done.
func New(opts Options) (*Service, error) {
	s := &Service{opts: opts, log: opts.Log, buckets: map[string]*bucket{}}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if s.opts.Now == nil {
		s.opts.Now = time.Now
	}
	if err := s.load(); err != nil {
		return nil, fmt.Errorf("open s3: %w", err)
	}
	return s, nil
}

// now is S3's clock, which has milliseconds.
func (s *Service) now() time.Time { return s.opts.Now().UTC().Truncate(time.Millisecond) }

func (s *Service) bucketDir(name string) string { return filepath.Join(s.opts.Dir, "buckets", name) }
func (s *Service) trashDir() string             { return filepath.Join(s.opts.Dir, "trash") }

func (s *Service) load() error {
	if err := os.RemoveAll(s.trashDir()); err != nil {
		return err
	}
	for _, dir := range []string{s.bucketDir(""), s.trashDir()} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return err
		}
	}
	var err error
	if s.serviceKey, err = loadServiceKey(s.opts.Dir); err != nil {
		return err
	}
	if s.content, err = openContent(filepath.Join(s.opts.Dir, "content")); err != nil {
		return err
	}
	folders, err := os.ReadDir(s.bucketDir(""))
	if err != nil {
		return err
	}
	used := map[string]bool{}
	for _, f := range folders {
		b, err := loadBucket(s.bucketDir(f.Name()))
		if err != nil {
			return fmt.Errorf("bucket %s: %w", f.Name(), err)
		}
		if b == nil {
			continue
		}
		s.buckets[f.Name()] = b
		if err := b.use(used); err != nil {
			return fmt.Errorf("bucket %s: %w", f.Name(), err)
		}
	}
	return s.content.sweep(used)
}

// use marks the content files that a bucket's objects and uploads name. An upload that shares one with an object was
// completed when the stand-in was killed, and is forgotten.
func (b *bucket) use(used map[string]bool) error {
	for _, e := range b.entries {
		for _, v := range e.Versions {
			for _, p := range v.Pieces {
				used[p.File] = true
			}
		}
	}
	for id, u := range b.uploads {
		completed := false
		for _, p := range u.parts {
			completed = completed || used[p.Piece.File]
		}
		if completed {
			if err := os.RemoveAll(b.uploadPath(id)); err != nil {
				return err
			}
			delete(b.uploads, id)
			continue
		}
		for _, p := range u.parts {
			used[p.Piece.File] = true
		}
	}
	return nil
}

// find gives the bucket of a name.
func (s *Service) find(name string) (*bucket, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if b := s.buckets[name]; b != nil {
		return b, nil
	}
	return nil, noSuchBucket(name)
}

// add puts a new bucket among the others, unless the name is taken.
func (s *Service) add(conf *config) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if b := s.buckets[conf.Name]; b != nil {
		return taken(b.config(), conf)
	}
	b, err := createBucket(s.bucketDir(conf.Name), conf)
	if err != nil {
		return err
	}
	s.buckets[conf.Name] = b
	return nil
}

// drop removes an empty bucket. Its uploads go with it.
func (s *Service) drop(b *bucket) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	b.mu.Lock()
	defer b.mu.Unlock()
	name := b.conf.Name
	switch {
	case b.gone:
		return noSuchBucket(name)
	case len(b.entries) > 0 && b.conf.Versioning != "":
		return refuse(http.StatusConflict, "BucketNotEmpty",
			"The bucket you tried to delete is not empty. You must delete all versions in the bucket.", "BucketName", name)
	case len(b.entries) > 0:
		return refuse(http.StatusConflict, "BucketNotEmpty", "The bucket you tried to delete is not empty", "BucketName", name)
	}
	if err := s.trash(b.dir); err != nil {
		return fmt.Errorf("delete bucket %s: %w", name, err)
	}
	b.gone = true
	delete(s.buckets, name)
	for _, u := range b.uploads {
		for _, p := range u.parts {
			s.discard([]piece{p.Piece})
		}
	}
	return nil
}

// trash removes a folder in one step, as far as a later start can see.
func (s *Service) trash(dir string) error {
	name := filepath.Join(s.trashDir(), newID())
	if err := os.Rename(dir, name); err != nil {
		return err
	}
	if err := os.RemoveAll(name); err != nil {
		s.log.Warn("trash stays on disk", "err", err)
	}
	return nil
}

// Throttle makes the next n requests about buckets fail with 503 SlowDown, as S3 does when it must grow, for tests of what
// happens then.
func (s *Service) Throttle(n int) { s.throttled.Store(int64(n)) }

// slowDown counts a request that Throttle is about.
func (s *Service) slowDown() error {
	if countDown(&s.throttled) {
		return refuse(http.StatusServiceUnavailable, "SlowDown", "Please reduce your request rate.")
	}
	return nil
}

// countDown takes one from n, unless it is 0 already.
func countDown(n *atomic.Int64) bool {
	for old := n.Load(); old > 0; old = n.Load() {
		if n.CompareAndSwap(old, old-1) {
			return true
		}
	}
	return false
}

// Conflict makes the next n conditional writes fail with 409 when their content is there, as S3 does where another
// request for the same key came in between, for tests of what happens then.
func (s *Service) Conflict(n int) { s.conflicts.Store(int64(n)) }

// conflict counts a write that Conflict is about.
func (s *Service) conflict(c Conditions) error {
	if (c.IfMatch != "" || c.IfNoneMatch != "") && countDown(&s.conflicts) {
		return conditionalConflict()
	}
	return nil
}

// LimitDisk makes the disk full once n more bytes of content were written, for tests of what happens then. A negative n
// makes it large again.
func (s *Service) LimitDisk(n int64) { s.content.limit(n) }
