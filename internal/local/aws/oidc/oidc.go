// Package oidc is an issuer of web identity tokens, as a Kubernetes cluster, GitHub Actions or Google are to AWS: it gives a
// signed token to whoever asks, under the name that is asked for. It stands for the world outside of AWS, and knows nothing
// of roles.
package oidc

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/sealift/sealift/internal/local/aws/durable"
)

// Path is where the issuer is below the stand-in's address.
const Path = "/oidc"

// Issuer makes and checks tokens. It is safe for concurrent use.
type Issuer struct {
	dir string
	url string
	now func() time.Time

	mu  sync.Mutex // guards key
	key *rsa.PrivateKey
}

type state struct {
	Version int
	Key     []byte // PKCS #1
}

// New makes the issuer whose key is kept in dir; it is made when it is first needed, which takes a moment. url is what its
// tokens name: https://HOST/oidc.
func New(dir, url string, now func() time.Time) *Issuer {
	if now == nil {
		now = time.Now
	}
	return &Issuer{dir: dir, url: url, now: now}
}

// Call names the issuer anew, before anybody knows it.
func (i *Issuer) Call(url string) { i.url = url }

// URL is the issuer's name.
func (i *Issuer) URL() string { return i.url }

// private is the key.
func (i *Issuer) private() (*rsa.PrivateKey, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.key != nil {
		return i.key, nil
	}
	s := state{Version: 1}
	file, _, err := durable.Open(filepath.Join(i.dir, "oidc.json"), &s, &s.Version)
	if err != nil {
		return nil, fmt.Errorf("open oidc: %w", err)
	}
	if s.Key != nil {
		i.key, err = x509.ParsePKCS1PrivateKey(s.Key)
		return i.key, err
	}
	if i.key, err = rsa.GenerateKey(rand.Reader, 2048); err != nil {
		return nil, err
	}
	s.Key = x509.MarshalPKCS1PrivateKey(i.key)
	return i.key, file.Save(&s)
}

// Claims of a token.
type Claims struct {
	Issuer   string `json:"iss"`
	Subject  string `json:"sub"`
	Audience string `json:"aud"`
	Issued   int64  `json:"iat"`
	Expires  int64  `json:"exp"`
}

type header struct {
	Algorithm string `json:"alg"`
	KeyID     string `json:"kid"`
	Type      string `json:"typ"`
}

const keyID = "stand-in"

// Token makes a signed token.
func (i *Issuer) Token(subject, audience string, lifetime time.Duration) (string, error) {
	key, err := i.private()
	if err != nil {
		return "", err
	}
	now := i.now()
	text, err := encode(header{"RS256", keyID, "JWT"}, Claims{i.url, subject, audience, now.Unix(), now.Add(lifetime).Unix()})
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256([]byte(text))
	signature, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, sum[:])
	if err != nil {
		return "", err
	}
	return text + "." + base64.RawURLEncoding.EncodeToString(signature), nil
}

func encode(parts ...any) (string, error) {
	var all []string
	for _, p := range parts {
		text, err := json.Marshal(p)
		if err != nil {
			return "", err
		}
		all = append(all, base64.RawURLEncoding.EncodeToString(text))
	}
	return strings.Join(all, "."), nil
}

// What can be wrong with a token.
var (
	ErrInvalid = errors.New("no valid ID token of this issuer")
	ErrExpired = errors.New("token expired")
)

// Check reads a token that this issuer has signed, RS256 and nothing else.
func (i *Issuer) Check(token string) (Claims, error) {
	key, err := i.private()
	if err != nil {
		return Claims{}, err
	}
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return Claims{}, ErrInvalid
	}
	var h header
	var c Claims
	for n, into := range []any{&h, &c} {
		text, err := base64.RawURLEncoding.DecodeString(parts[n])
		if err != nil || json.Unmarshal(text, into) != nil {
			return Claims{}, ErrInvalid
		}
	}
	signature, err := base64.RawURLEncoding.DecodeString(parts[2])
	sum := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	if err != nil || h.Algorithm != "RS256" || rsa.VerifyPKCS1v15(&key.PublicKey, crypto.SHA256, sum[:], signature) != nil || c.Issuer != i.url {
		return Claims{}, ErrInvalid
	}
	if i.now().Unix() >= c.Expires {
		return c, ErrExpired
	}
	return c, nil
}

// defaultLifetime of a token that is asked for without one.
const defaultLifetime = time.Hour

// ServeHTTP answers under Path: the issuer's description, its keys, and tokens: POST /oidc/token?sub=NAME&aud=WHOM[&ttl=1h].
func (i *Issuer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var out any
	switch path := strings.TrimPrefix(r.URL.Path, Path); {
	case path == "/.well-known/openid-configuration" && r.Method == http.MethodGet:
		out = map[string]any{
			"issuer": i.url, "jwks_uri": i.url + "/keys", "response_types_supported": []string{"id_token"},
			"subject_types_supported": []string{"public"}, "id_token_signing_alg_values_supported": []string{"RS256"},
		}
	case path == "/keys" && r.Method == http.MethodGet:
		key, err := i.private()
		if err != nil {
			http.Error(w, "the stand-in failed: "+err.Error(), http.StatusInternalServerError)
			return
		}
		e := binary.BigEndian.AppendUint32(nil, uint32(key.E))
		out = map[string]any{"keys": []map[string]string{{
			"kty": "RSA", "alg": "RS256", "use": "sig", "kid": keyID,
			"n": base64.RawURLEncoding.EncodeToString(key.N.Bytes()), "e": base64.RawURLEncoding.EncodeToString(new(big.Int).SetBytes(e).Bytes()),
		}}}
	case path == "/token" && r.Method == http.MethodPost:
		q := r.URL.Query()
		lifetime := defaultLifetime
		if ttl := q.Get("ttl"); ttl != "" {
			var err error
			if lifetime, err = time.ParseDuration(ttl); err != nil {
				http.Error(w, "ttl is no duration", http.StatusBadRequest)
				return
			}
		}
		if q.Get("sub") == "" || q.Get("aud") == "" {
			http.Error(w, "sub and aud are needed", http.StatusBadRequest)
			return
		}
		token, err := i.Token(q.Get("sub"), q.Get("aud"), lifetime)
		if err != nil {
			http.Error(w, "the stand-in failed: "+err.Error(), http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "text/plain")
		_, _ = w.Write([]byte(token)) // a client that has gone misses nothing
		return
	default:
		http.NotFound(w, r)
		return
	}
	text, err := json.Marshal(out)
	if err != nil {
		http.Error(w, "the stand-in failed: "+err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(text) // a client that has gone misses nothing
}
