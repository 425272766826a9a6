// Package imds is the stand-in's instance metadata service: what a program on an EC2 instance asks to learn where it is, under
// which address others see it, and to get its role's credentials. It answers version 1 too, as instances do whose tokens are
// optional, and counts: a client that falls back to it is found out. It knows nothing of instances but the one that it
// pretends to be.
package imds

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/sealift/sealift/internal/local/aws/iam"
)

// Instance is what the service tells of.
type Instance struct {
	ID        string
	Account   string
	Region    string
	PublicIP  string // "" for an instance that has none
	PrivateIP string
	Role      string // ARN of the role of its profile, "" for an instance without one
	Tokens    bool   // are required, so that version 1 is not answered
	Old       bool   // knows no tokens, as other clouds' imitations of the service do
}

// Service answers for one instance. It is safe for concurrent use.
type Service struct {
	iam *iam.Service
	now func() time.Time

	mu       sync.Mutex // guards what follows
	instance Instance
	off      bool
	tokens   map[string]time.Time // until when each is good
	version1 int                  // questions that came without a token
}

// New makes a Service for an instance. now may be nil.
func New(accounts *iam.Service, instance Instance, now func() time.Time) *Service {
	if now == nil {
		now = time.Now
	}
	return &Service{iam: accounts, now: now, instance: instance, tokens: map[string]time.Time{}}
}

// Set changes what the instance is.
func (s *Service) Set(do func(*Instance)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	do(&s.instance)
}

// Disable switches the service off, or on again, as the instance's option HttpEndpoint does.
func (s *Service) Disable(off bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.off = off
}

// Version1 is how many questions came without a token.
func (s *Service) Version1() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.version1
}

const (
	tokenPath   = "/latest/api/token" //nolint:gosec // where tokens are asked for
	ttlHeader   = "X-Aws-Ec2-Metadata-Token-Ttl-Seconds"
	tokenHeader = "X-Aws-Ec2-Metadata-Token" //nolint:gosec // where they are sent
	longestTTL  = 21600
	// sessionTime is how long the role's credentials are good.
	sessionTime = 6 * time.Hour
)

// ServeHTTP answers as EC2 User Guide, instance-metadata-v2-how-it-works, says. A request without a token, as version 1
// made them, is counted, and refused where tokens are required.
func (s *Service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	w.Header().Set("Server", "EC2ws")
	switch {
	case s.off:
		w.WriteHeader(http.StatusForbidden)
	case r.Method == http.MethodPut && s.instance.Old:
		w.WriteHeader(http.StatusNotFound)
	case r.Method == http.MethodPut:
		s.token(w, r)
	case r.Method != http.MethodGet && r.Method != http.MethodHead:
		w.WriteHeader(http.StatusMethodNotAllowed)
	case r.Header.Get(tokenHeader) == "":
		s.version1++
		if s.instance.Tokens {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		s.answer(w, r)
	case !s.now().Before(s.tokens[r.Header.Get(tokenHeader)]):
		w.WriteHeader(http.StatusUnauthorized)
	default:
		s.answer(w, r)
	}
}

// token gives a token. One that was asked for through a proxy is refused: whoever can make a proxy ask would have it.
func (s *Service) token(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path != tokenPath || r.Header.Get("X-Forwarded-For") != "" {
		w.WriteHeader(http.StatusForbidden)
		return
	}
	ttl, err := strconv.Atoi(r.Header.Get(ttlHeader))
	if err != nil || ttl < 1 || ttl > longestTTL {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	raw := make([]byte, 40)
	rand.Read(raw)
	token := hex.EncodeToString(raw)
	now := s.now()
	for old, until := range s.tokens {
		if !now.Before(until) {
			delete(s.tokens, old)
		}
	}
	s.tokens[token] = now.Add(time.Duration(ttl) * time.Second)
	w.Header().Set(ttlHeader, strconv.Itoa(ttl))
	write(w, token)
}

func write(w http.ResponseWriter, text string) {
	w.Header().Set("Content-Type", "text/plain")
	_, _ = w.Write([]byte(text)) // a client that has gone misses nothing
}

const metadata = "/latest/meta-data/"

func (s *Service) answer(w http.ResponseWriter, r *http.Request) {
	const credentials = metadata + "iam/security-credentials/"
	name := s.instance.Role[strings.LastIndexByte(s.instance.Role, '/')+1:]
	mac := "0a:00:00:00:00:01"
	texts := map[string]string{
		metadata + "instance-id":                                      s.instance.ID,
		metadata + "public-ipv4":                                      s.instance.PublicIP,
		metadata + "local-ipv4":                                       s.instance.PrivateIP,
		metadata + "placement/region":                                 s.instance.Region,
		metadata + "placement/availability-zone":                      s.instance.Region + "a",
		metadata + "mac":                                              mac,
		metadata + "network/interfaces/macs/" + mac + "/public-ipv4s": s.instance.PublicIP,
		credentials: name,
	}
	path := r.URL.Path
	if path == strings.TrimSuffix(credentials, "/") {
		path = credentials
	}
	switch text := texts[path]; {
	case text != "":
		write(w, text)
	case path == credentials+name && name != "":
		s.credentials(w)
	case path == "/latest/dynamic/instance-identity/document":
		s.document(w)
	default:
		w.WriteHeader(http.StatusNotFound)
	}
}

// document tells of the instance as a whole. Its signature is not imitated.
func (s *Service) document(w http.ResponseWriter) {
	text, err := json.Marshal(map[string]string{
		"accountId": s.instance.Account, "region": s.instance.Region, "instanceId": s.instance.ID, "privateIp": s.instance.PrivateIP,
		"availabilityZone": s.instance.Region + "a", "version": "2017-09-30",
	})
	if err != nil {
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	write(w, string(text))
}

// credentials are those of the role of the instance's profile, for as long as the role trusts EC2.
func (s *Service) credentials(w http.ResponseWriter) {
	out := map[string]string{"Code": "AssumeRoleUnauthorizedAccess", "Message": "EC2 cannot assume the role " + s.instance.Role + "."}
	id, err := s.iam.AssumeForService("ec2.amazonaws.com", s.instance.Role, s.instance.ID, nil)
	if err == nil {
		var c iam.Credentials
		if c, err = s.iam.Issue(id, sessionTime); err != nil {
			http.Error(w, fmt.Sprintf("the stand-in failed: %v", err), http.StatusInternalServerError)
			return
		}
		out = map[string]string{
			"Code": "Success", "Type": "AWS-HMAC", "LastUpdated": s.now().UTC().Format(time.RFC3339), "AccessKeyId": c.AccessKeyID,
			"SecretAccessKey": c.SecretAccessKey, "Token": c.SessionToken, "Expiration": c.Expires.UTC().Format(time.RFC3339),
		}
	}
	text, err := json.MarshalIndent(out, "", "  ")
	if err != nil {
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	write(w, string(text))
}
