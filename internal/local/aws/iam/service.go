package iam

import (
	"crypto/rand"
	"encoding/base32"
	"fmt"
	"log/slog"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"github.com/sealift/sealift/internal/local/aws/durable"
	"github.com/sealift/sealift/internal/local/aws/policy"
)

// Options make a Service.
type Options struct {
	Dir      string   // where the accounts are kept
	Region   string   // of calls made inside the stand-in, and of the services' regional names
	Accounts []string // default: 111111111111, 222222222222, 333333333333
	// Delay is how long a new user or role takes to be seen by those who assume it or name it in a policy: IAM is
	// eventually consistent.
	Delay time.Duration
	Log   *slog.Logger     // nil discards
	Now   func() time.Time // default: time.Now
}

// Service holds all accounts. It is safe for concurrent use.
type Service struct {
	region string
	delay  time.Duration
	log    *slog.Logger
	now    func() time.Time

	mu       sync.RWMutex // guards the fields below; what a Document holds never changes
	file     *durable.File[state]
	state    state
	watchers []func(Decided) // each guards itself: readers hold the lock together
}

// state is what survives a restart.
type state struct {
	Version  int
	Admin    string // access key id of the first account's administrator
	TokenKey []byte // seals session tokens
	Accounts map[string]*account
}

type account struct {
	ID       string
	Users    map[string]*user
	Roles    map[string]*role
	Policies map[string]*managed // the customer's own, by name
	Groups   map[string]*group   `json:",omitempty"` // of users, by name
	Profiles map[string]*profile `json:",omitempty"` // of instances, by name
	// Providers are the OpenID Connect providers, by ARN.
	Providers map[string]*provider `json:",omitempty"`
}

// entity is what users, groups and roles have in common.
type entity struct {
	Name     string
	Path     string
	ARN      string
	ID       string
	Created  time.Time
	Tags     map[string]string
	Inline   map[string]*policy.Document
	Attached []string // ARNs of managed policies
}

type user struct {
	entity
	Keys []*accessKey
}

type accessKey struct {
	ID      string
	Secret  string
	Active  bool
	Created time.Time
}

type role struct {
	entity
	Description string
	Trust       *policy.Document
	MaxSession  int // seconds
}

const stateVersion = 1

// New opens the accounts kept in Options.Dir, or makes the default ones: in the first account a user "admin" with
// AdministratorAccess and an access key, in each further one the role OrganizationAccountAccessRole, which trusts the
// first account.
func New(opts Options) (*Service, error) {
	s := &Service{region: opts.Region, delay: opts.Delay, log: opts.Log, now: opts.Now}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if s.now == nil {
		s.now = time.Now
	}
	s.state.Version = stateVersion
	file, found, err := durable.Open(filepath.Join(opts.Dir, "iam.json"), &s.state, &s.state.Version)
	if err != nil {
		return nil, fmt.Errorf("open iam: %w", err)
	}
	if s.file = file; found {
		return s, nil
	}
	accounts := opts.Accounts
	if len(accounts) == 0 {
		accounts = []string{"111111111111", "222222222222", "333333333333"}
	}
	if s.state, err = s.fresh(accounts); err != nil {
		return nil, fmt.Errorf("open iam: %w", err)
	}
	if err := s.file.Save(&s.state); err != nil {
		return nil, fmt.Errorf("open iam: %w", err)
	}
	return s, nil
}

func (s *Service) fresh(accounts []string) (state, error) {
	st := state{Version: stateVersion, TokenKey: make([]byte, 32), Accounts: map[string]*account{}}
	rand.Read(st.TokenKey)
	const everything = "arn:aws:iam::aws:policy/AdministratorAccess"
	for i, id := range accounts {
		a := &account{ID: id, Users: map[string]*user{}, Roles: map[string]*role{}, Policies: map[string]*managed{}}
		st.Accounts[id] = a
		if i == 0 {
			u := &user{entity: s.newEntity(id, "user", "/", "admin")}
			u.Attached = []string{everything}
			key := newAccessKey(id, "AKIA", s.now())
			u.Keys = []*accessKey{key}
			a.Users[u.Name] = u
			st.Admin = key.ID
			continue
		}
		trust, err := policy.Parse(fmt.Appendf(nil, `{"Version":"2012-10-17","Statement":[{"Effect":"Allow",`+
			`"Principal":{"AWS":%q},"Action":"sts:AssumeRole"}]}`, policy.RootARN(accounts[0])))
		if err != nil {
			return state{}, fmt.Errorf("account %s: %w", id, err)
		}
		r := &role{entity: s.newEntity(id, "role", "/", "OrganizationAccountAccessRole"), Trust: trust, MaxSession: 3600}
		r.Attached = []string{everything}
		a.Roles[r.Name] = r
	}
	return st, nil
}

func (s *Service) newEntity(account, kind, path, name string) entity {
	prefix := map[string]string{"user": "AIDA", "group": "AGPA", "role": "AROA", "instance-profile": "AIPA"}[kind]
	return entity{
		Name:    name,
		Path:    path,
		ARN:     "arn:aws:iam::" + account + ":" + kind + path + name,
		ID:      prefix + randomText(17),
		Created: s.now().UTC().Truncate(time.Second),
	}
}

// AdminKey gives the access key of the first account's administrator.
func (s *Service) AdminKey() (id, secret string, err error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if _, key := s.state.key(s.state.Admin); key != nil {
		return key.ID, key.Secret, nil
	}
	return "", "", fmt.Errorf("the administrator's access key %s was deleted", s.state.Admin)
}

// seen tells whether a user or role has come through to all of IAM.
func (s *Service) seen(e entity) bool { return !s.now().Before(e.Created.Add(s.delay)) }

// HasAccount tells whether there is an account of that id.
func (s *Service) HasAccount(id string) bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.state.Accounts[id] != nil
}

// key finds a user's access key.
func (st *state) key(id string) (*user, *accessKey) {
	a := st.Accounts[AccountOfKey(id)]
	if a == nil {
		return nil, nil
	}
	for _, u := range a.Users {
		for _, k := range u.Keys {
			if k.ID == id {
				return u, k
			}
		}
	}
	return nil, nil
}

// user finds a user by ARN.
func (st *state) user(arn string) *user {
	if a := st.Accounts[policy.AccountOf(arn)]; a != nil {
		for _, u := range a.Users {
			if u.ARN == arn {
				return u
			}
		}
	}
	return nil
}

// role finds a role by ARN.
func (st *state) role(arn string) *role {
	if a := st.Accounts[policy.AccountOf(arn)]; a != nil {
		for _, r := range a.Roles {
			if r.ARN == arn {
				return r
			}
		}
	}
	return nil
}

var keyAlphabet = base32.StdEncoding.WithPadding(base32.NoPadding)

// newAccessKey makes a key whose id holds the account, as AWS's do: of the first six bytes after the prefix, the highest
// bit is set and the lowest seven are random, and between them is the account number. So GetAccessKeyInfo and people's tools find the account of any key.
func newAccessKey(account, prefix string, now time.Time) *accessKey {
	number, err := strconv.ParseUint(account, 10, 40)
	if err != nil {
		panic("iam: account id is not a number: " + account)
	}
	raw := make([]byte, 10)
	rand.Read(raw)
	packed := 1<<47 | number<<7 | uint64(raw[5]&0x7f)
	for i := range 6 {
		raw[i] = byte(packed >> (40 - 8*i))
	}
	return &accessKey{ID: prefix + keyAlphabet.EncodeToString(raw), Secret: randomSecret(), Active: true, Created: now.UTC().Truncate(time.Second)}
}

// AccountOfKey gives the account that an access key id belongs to, "" if it is not an access key id.
func AccountOfKey(id string) string {
	if len(id) != 20 {
		return ""
	}
	raw, err := keyAlphabet.DecodeString(id[4:])
	if err != nil {
		return ""
	}
	var packed uint64
	for _, b := range raw[:6] {
		packed = packed<<8 | uint64(b)
	}
	return fmt.Sprintf("%012d", packed&^(1<<47)>>7)
}
