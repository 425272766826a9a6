// Package kms is the stand-in's Key Management Service: keys, aliases, data keys, encryption context, grants and key
// policies, with real AES-256-GCM under key material that never leaves the package.
//
// Start at Service. Keys is what S3 uses, in its caller's name; Call is the API. Only symmetric keys of a single region
// are imitated; everything else of KMS is refused by name.
package kms

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sealift/sealift/internal/local/aws/durable"
	"github.com/sealift/sealift/internal/local/aws/iam"
	"github.com/sealift/sealift/internal/local/aws/policy"
)

// DataKey is what GenerateDataKey answers.
type DataKey struct {
	Plaintext  []byte // 32 bytes
	Ciphertext []byte // opaque, names its key
	KeyARN     string
}

// Keys is what other services of the stand-in (S3) use, in the caller's name, so that a caller without the right on the
// key fails as on AWS. via is the service's name in kms:ViaService, "s3.eu-west-1.amazonaws.com". Errors are
// *awserr.Error with KMS's codes.
type Keys interface {
	GenerateDataKey(ctx context.Context, id *iam.Identity, key string, encryptionContext map[string]string, via string) (DataKey, error)
	Decrypt(ctx context.Context, id *iam.Identity, ciphertext []byte, encryptionContext map[string]string, via string) (plaintext []byte, keyARN string, err error)
	// Resolve turns a key id, key ARN, alias or alias ARN, as seen from account in region, into the key's ARN.
	Resolve(account, region, key string) (arn string, err error)
}

// Options make a Service.
type Options struct {
	Dir string // where the keys are kept
	IAM *iam.Service
	// GrantDelay is how long a new grant, or the end of one, takes to be seen by callers that do not pass its token. AWS
	// says "usually less than five minutes".
	GrantDelay time.Duration
	Log        *slog.Logger     // nil discards
	Now        func() time.Time // default: time.Now
}

// Service holds the keys of all accounts and regions. It is safe for concurrent use.
type Service struct {
	iam        *iam.Service
	grantDelay time.Duration
	log        *slog.Logger
	now        func() time.Time
	throttled  atomic.Int64 // how many more requests Throttle fails

	mu    sync.RWMutex // guards the fields below
	file  *durable.File[state]
	state state
}

// state is what survives a restart.
type state struct {
	Version int
	Keys    map[string]*key   // by id
	Aliases map[string]*alias // by ARN
}

type alias struct {
	Name    string
	ARN     string
	Target  string // key id
	Created time.Time
	Updated time.Time
}

// key is a KMS key with its material.
type key struct {
	ID          string
	Account     string
	Region      string
	ARN         string
	Created     time.Time
	Description string
	Disabled    bool
	// DeleteAt is set while deletion is pending; from that moment on the key is gone.
	DeleteAt    time.Time
	DeleteDays  int
	AWSManaged  bool
	Policy      *policy.Document
	Tags        map[string]string
	Material    []byte
	MaterialID  string
	RotateDays  int // 0: rotation is off
	RotateSince time.Time
	Grants      []*grant
}

const stateVersion = 1

// New opens the keys kept in Options.Dir.
func New(opts Options) (*Service, error) {
	s := &Service{iam: opts.IAM, grantDelay: opts.GrantDelay, log: opts.Log, now: opts.Now}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if s.now == nil {
		s.now = time.Now
	}
	s.state = state{Version: stateVersion, Keys: map[string]*key{}, Aliases: map[string]*alias{}}
	var err error
	if s.file, _, err = durable.Open(filepath.Join(opts.Dir, "kms.json"), &s.state, &s.state.Version); err != nil {
		return nil, fmt.Errorf("open kms: %w", err)
	}
	return s, nil
}

// save keeps what was just changed. If the disk refuses it the change is undone in memory, too.
func (s *Service) save() error { return s.file.Save(&s.state) }

// find gives a key that exists at this moment.
func (s *Service) find(id string) *key {
	k := s.state.Keys[id]
	if k == nil || k.gone(s.now()) {
		return nil
	}
	return k
}

func (k *key) gone(now time.Time) bool { return !k.DeleteAt.IsZero() && !now.Before(k.DeleteAt) }

// aliases lists the aliases of a key, in the order of their names.
func (s *Service) aliases(k *key) []*alias {
	var all []*alias
	for _, a := range s.state.Aliases {
		if a.Target == k.ID {
			all = append(all, a)
		}
	}
	slices.SortFunc(all, func(a, b *alias) int { return strings.Compare(a.Name, b.Name) })
	return all
}

// Throttle makes the next n requests fail with ThrottlingException, as KMS does beyond its quota of requests, for tests of
// what happens then. Requests that S3 makes in a caller's name count, too: S3 tells its caller SlowDown.
func (s *Service) Throttle(n int) { s.throttled.Store(int64(n)) }

// rate counts a request that Throttle is about.
func (s *Service) rate() error {
	for n := s.throttled.Load(); n > 0; n = s.throttled.Load() {
		if s.throttled.CompareAndSwap(n, n-1) {
			return invalid(http.StatusBadRequest, "ThrottlingException",
				"You have exceeded the rate at which you may call KMS. Reduce the frequency of your calls.")
		}
	}
	return nil
}

// GenerateDataKey makes a 256 bit data key under key.
func (s *Service) GenerateDataKey(ctx context.Context, id *iam.Identity, key string, encryptionContext map[string]string, via string) (DataKey, error) {
	if err := s.rate(); err != nil {
		return DataKey{}, err
	}
	out, err := s.as(id, via).generateDataKey(generateDataKeyInput{KeyID: key, KeySpec: "AES_256", EncryptionContext: encryptionContext})
	if err != nil {
		return DataKey{}, err
	}
	return DataKey{Plaintext: out.Plaintext, Ciphertext: out.CiphertextBlob, KeyARN: out.KeyID}, nil
}

// Decrypt opens a ciphertext with the key it names.
func (s *Service) Decrypt(ctx context.Context, id *iam.Identity, ciphertext []byte, encryptionContext map[string]string, via string) (plaintext []byte, keyARN string, err error) {
	if err := s.rate(); err != nil {
		return nil, "", err
	}
	out, err := s.as(id, via).decrypt(decryptInput{CiphertextBlob: ciphertext, EncryptionContext: encryptionContext})
	if err != nil {
		return nil, "", err
	}
	return out.Plaintext, out.KeyID, nil
}

// Resolve turns a key id, key ARN, alias or alias ARN, as seen from account in region, into the key's ARN. AWS's own key
// for S3, alias/aws/s3, is made when it is first asked for.
func (s *Service) Resolve(account, region, key string) (string, error) {
	ref, err := s.resolve(account, region, key)
	if err != nil {
		return "", err
	}
	return ref.key.ARN, nil
}

var _ Keys = (*Service)(nil)
