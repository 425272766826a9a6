package s3

import (
	"log/slog"
	"net/http"
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
	Region string // of callers that sign for none
	IAM    Authorizer
	KMS    kms.Keys
	Verify Verifier
	Log    *slog.Logger     // nil discards
	Now    func() time.Time // nil: time.Now
}

// Service is all of S3: bucket names are one space for all accounts and regions. It is safe for concurrent use.
type Service struct {
	opts Options
}

// New opens the buckets kept in Options.Dir.
func New(opts Options) (*Service, error) {
	return &Service{opts: opts}, nil
}

// ServeHTTP answers S3's REST API. Keys may hold "//" and "..", so no http.ServeMux, which cleans paths, may stand before it.
func (s *Service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	http.Error(w, "not yet", http.StatusNotImplemented)
}

// LimitDisk makes the disk full once n more bytes of content were written, for tests of what happens then. A negative n
// makes it large again.
func (s *Service) LimitDisk(n int64) {}
