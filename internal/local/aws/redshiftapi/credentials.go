package redshiftapi

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/sealift/sealift/internal/local/aws/iam"
	"github.com/sealift/sealift/internal/local/aws/policy"
	"github.com/sealift/sealift/internal/local/aws/query"
)

// A temporary login lives this long: Redshift API reference, GetClusterCredentials.
const (
	minSeconds = 900
	maxSeconds = 3600
)

var (
	dbUser  = regexp.MustCompile(`^[a-zA-Z][a-zA-Z0-9_+.@-]{0,63}$`)
	dbGroup = regexp.MustCompile(`^[a-z][a-z0-9_+.@-]{0,63}$`)
)

type clusterCredentials struct {
	DBUser          string `xml:"DbUser"`
	DBPassword      string `xml:"DbPassword"`
	Expiration      string
	NextRefreshTime string `xml:",omitempty"`
}

// getClusterCredentials makes a login for a database user of the caller's choice. Whether that user exists is not
// looked at: the login fails then, not this call.
func (s *Service) getClusterCredentials(_ context.Context, id *iam.Identity, p query.Params) (any, error) {
	n, seconds, err := s.credentialsOf(id, p)
	if err != nil {
		return nil, err
	}
	user, err := p.Need("DbUser")
	if err != nil {
		return nil, err
	}
	create, err := p.Bool("AutoCreate")
	if err != nil {
		return nil, err
	}
	return s.clusterUser(id, n, loginAs{user, p.Get("DbName"), p.Strings("DbGroups", "DbGroup"), create, seconds})
}

func (s *Service) clusterUser(id *iam.Identity, n Name, as loginAs) (*clusterCredentials, error) {
	if !dbUser.MatchString(as.user) || reserved(as.user) || strings.EqualFold(as.user, "public") {
		return nil, badValue("Invalid database user name: %s", as.user)
	}
	for _, g := range as.groups {
		if !dbGroup.MatchString(g) || reserved(g) {
			return nil, badValue("Invalid database group name: %s", g)
		}
	}
	ctx := policy.Context{"redshift:dbuser": {as.user}, "redshift:durationseconds": {strconv.Itoa(as.seconds)}}
	if as.database != "" {
		ctx["redshift:dbname"] = []string{as.database}
	}
	needs := []struct{ action, resource string }{{"GetClusterCredentials", n.arn("dbuser", "/"+as.user)}}
	if as.database != "" {
		needs = append(needs, struct{ action, resource string }{"GetClusterCredentials", n.arn("dbname", "/"+as.database)})
	}
	if as.create {
		needs = append(needs, struct{ action, resource string }{"CreateClusterUser", n.arn("dbuser", "/"+as.user)})
	}
	for _, g := range as.groups {
		needs = append(needs, struct{ action, resource string }{"JoinGroup", n.arn("dbgroup", "/"+g)})
	}
	for _, need := range needs {
		if err := s.allow(id, need.action, need.resource, ctx); err != nil {
			return nil, err
		}
	}
	prefix := "IAM:"
	if as.create {
		prefix = "IAMA:"
	}
	return s.issue(n, prefix+strings.Join(append([]string{as.user}, as.groups...), ":"), as.seconds, as.create)
}

// getClusterCredentialsWithIAM makes a login for the database user that stands for the caller itself.
func (s *Service) getClusterCredentialsWithIAM(_ context.Context, id *iam.Identity, p query.Params) (any, error) {
	n, seconds, err := s.credentialsOf(id, p)
	if err != nil {
		return nil, err
	}
	out, err := s.clusterSelf(id, n, p.Get("DbName"), seconds)
	if err != nil {
		return nil, err
	}
	out.NextRefreshTime = out.Expiration
	return out, nil
}

func (s *Service) clusterSelf(id *iam.Identity, n Name, database string, seconds int) (*clusterCredentials, error) {
	resource := n.arn("dbname", "/*")
	if database != "" {
		resource = n.arn("dbname", "/"+database)
	}
	if err := s.allow(id, "GetClusterCredentialsWithIAM", resource, policy.Context{"redshift:durationseconds": {strconv.Itoa(seconds)}}); err != nil {
		return nil, err
	}
	return s.self(id, n, seconds)
}

// credentialsOf reads what both calls have in common.
func (s *Service) credentialsOf(id *iam.Identity, p query.Params) (Name, int, error) {
	cluster, err := p.Need("ClusterIdentifier")
	if err != nil {
		return Name{}, 0, err
	}
	seconds, err := p.Int("DurationSeconds", minSeconds)
	if err != nil {
		return Name{}, 0, err
	}
	if seconds < minSeconds || seconds > maxSeconds {
		return Name{}, 0, badValue("The parameter DurationSeconds must be between %d and %d.", minSeconds, maxSeconds)
	}
	if n := (Name{id.Account, id.Region, cluster}); n.isWorkgroup() {
		return Name{}, 0, notFound(cluster)
	}
	return Name{id.Account, id.Region, cluster}, seconds, nil
}

func (s *Service) issue(n Name, user string, seconds int, creates bool) (*clusterCredentials, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.state.Clusters[n.key()] == nil {
		return nil, notFound(n.ID)
	}
	raw := make([]byte, 66) // 88 characters, with + / and = among them
	rand.Read(raw)
	l := login{base64.StdEncoding.EncodeToString(raw) + "=", s.now().UTC().Add(time.Duration(seconds) * time.Second), creates}
	key := n.key() + "/" + user
	s.logins[key] = append(s.live(key), l)
	return &clusterCredentials{DBUser: user, DBPassword: l.password, Expiration: l.expires.Format(time.RFC3339)}, nil
}

// live gives the logins of a user that have not expired, and forgets the others.
func (s *Service) live(key string) []login {
	now := s.now()
	s.logins[key] = slices.DeleteFunc(s.logins[key], func(l login) bool { return !now.Before(l.expires) })
	return s.logins[key]
}

// Login tells whether password is a temporary one of user ("IAM:x", "IAMA:x:group", "IAMR:role") that has not expired,
// and whether it makes the database user if there is none. Every call of GetClusterCredentials makes another password,
// and all are valid until their own end.
func (s *Service) Login(n Name, user, password string) (creates, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, l := range s.live(n.key() + "/" + user) {
		if subtle.ConstantTimeCompare([]byte(l.password), []byte(password)) == 1 {
			return l.creates, true
		}
	}
	return false, false
}
