package iam

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/sealift/sealift/internal/local/aws/policy"
)

// Credentials are temporary.
type Credentials struct {
	AccessKeyID     string
	SecretAccessKey string
	SessionToken    string
	Expires         time.Time
}

// What can be wrong with the key a request is signed with. Each service words it in its own way.
var (
	ErrUnknownKey = errors.New("unknown access key")
	ErrToken      = errors.New("the session token does not belong to the access key")
	ErrExpired    = errors.New("the session token has expired")
)

// claims is what a session token holds, sealed: the stand-in keeps no list of sessions, so they survive a restart and
// cost nothing.
type claims struct {
	KeyID          string
	Secret         string
	Issued         time.Time
	Expires        time.Time
	Account        string
	ARN            string
	UserID         string
	UserName       string             `json:",omitempty"`
	RoleARN        string             `json:",omitempty"`
	Policies       []*policy.Document `json:",omitempty"`
	Tags           map[string]string  `json:",omitempty"`
	TransitiveTags []string           `json:",omitempty"`
	SourceIdentity string             `json:",omitempty"`
}

// Issue makes temporary credentials for id.
func (s *Service) Issue(id *Identity, lifetime time.Duration) (Credentials, error) {
	now := s.now().UTC().Truncate(time.Second)
	key := newAccessKey(id.Account, "ASIA", now)
	c := claims{
		KeyID: key.ID, Secret: key.Secret, Issued: now, Expires: now.Add(lifetime),
		Account: id.Account, ARN: id.ARN, UserID: id.UserID, UserName: id.UserName, RoleARN: id.RoleARN,
		Policies: id.SessionPolicies, Tags: id.SessionTags, TransitiveTags: id.TransitiveTags, SourceIdentity: id.SourceIdentity,
	}
	plain, err := json.Marshal(c) //nolint:gosec // the secret is sealed in the next lines
	if err != nil {
		return Credentials{}, fmt.Errorf("issue credentials for %s: %w", id.ARN, err)
	}
	s.mu.RLock()
	gcm, err := s.sealer()
	s.mu.RUnlock()
	if err != nil {
		return Credentials{}, fmt.Errorf("issue credentials for %s: %w", id.ARN, err)
	}
	token := gcm.Seal(nil, nil, plain, nil) //nolint:gosec // this AEAD makes a random nonce and puts it in front
	return Credentials{key.ID, key.Secret, base64.StdEncoding.EncodeToString(token), c.Expires}, nil
}

// sealer seals session tokens. The caller holds the lock.
func (s *Service) sealer() (cipher.AEAD, error) {
	block, err := aes.NewCipher(s.state.TokenKey)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCMWithRandomNonce(block)
}

// Key gives what a signature is checked against: the secret of an access key, and who signs with it. The session token
// is empty for a user's own key. The error is ErrUnknownKey, ErrToken or ErrExpired.
func (s *Service) Key(accessKeyID, sessionToken string) (secret string, id *Identity, err error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if sessionToken == "" {
		u, key := s.state.key(accessKeyID)
		if key == nil || !key.Active {
			return "", nil, ErrUnknownKey
		}
		return key.Secret, &Identity{
			Account: policy.AccountOf(u.ARN), ARN: u.ARN, UserID: u.ID, UserName: u.Name, AccessKeyID: key.ID, Region: s.region,
		}, nil
	}
	sealed, err := base64.StdEncoding.DecodeString(sessionToken)
	if err != nil {
		return "", nil, ErrToken
	}
	gcm, err := s.sealer()
	if err != nil {
		return "", nil, fmt.Errorf("open session token: %w", err)
	}
	plain, err := gcm.Open(nil, nil, sealed, nil)
	if err != nil {
		return "", nil, ErrToken
	}
	var c claims
	if err := json.Unmarshal(plain, &c); err != nil {
		return "", nil, fmt.Errorf("open session token: %w", err)
	}
	if c.KeyID != accessKeyID {
		return "", nil, ErrToken
	}
	if !s.now().Before(c.Expires) {
		return "", nil, ErrExpired
	}
	id = &Identity{
		Account: c.Account, ARN: c.ARN, UserID: c.UserID, UserName: c.UserName, RoleARN: c.RoleARN, AccessKeyID: c.KeyID,
		Issued: c.Issued, SessionPolicies: c.Policies, SessionTags: c.Tags, TransitiveTags: c.TransitiveTags,
		SourceIdentity: c.SourceIdentity, Region: s.region,
	}
	// Deleting a user or role ends its sessions, also when one of the same name is made afterwards.
	if s.entityOf(id) == nil && c.ARN != policy.RootARN(c.Account) {
		return "", nil, ErrUnknownKey
	}
	return c.Secret, id, nil
}

// Login checks an access key together with its secret, for statements that carry both. The identity counts as calling
// over TLS, as Redshift does.
func (s *Service) Login(accessKeyID, secretAccessKey, sessionToken string) (*Identity, error) {
	secret, id, err := s.Key(accessKeyID, sessionToken)
	if err != nil {
		return nil, err
	}
	if !hmac.Equal([]byte(secret), []byte(secretAccessKey)) {
		return nil, ErrSecret
	}
	id.Secure = true
	return id, nil
}

// ErrSecret is Login's answer to a secret that does not belong to the key.
var ErrSecret = errors.New("the secret does not belong to the access key")
