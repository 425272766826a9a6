// Package redshiftdata is the stand-in's Redshift Data API: SQL over HTTPS, without a connection of the caller's own. A
// statement runs in the warehouse itself, through its wire protocol, and so with the errors, history and permissions that
// any other client meets.
//
// Start at Service. Statements, their results and sessions live in memory: a stand-in that is stopped forgets them.
package redshiftdata

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/sealift/sealift/internal/local/aws/awserr"
	"github.com/sealift/sealift/internal/local/aws/awsjson"
	"github.com/sealift/sealift/internal/local/aws/iam"
	"github.com/sealift/sealift/internal/local/aws/policy"
	"github.com/sealift/sealift/internal/local/aws/redshiftapi"
	"github.com/sealift/sealift/internal/local/aws/secrets"
)

// TargetPrefix is what the operations' names in X-Amz-Target start with.
const TargetPrefix = "RedshiftData."

// Conn is a connection to a warehouse.
type Conn struct {
	*pgconn.PgConn
	LastQuery func() int64 // the id of the last statement of the session
}

// Warehouses are the running warehouses.
type Warehouses interface {
	// Enter logs in to a warehouse from inside of AWS, where no security group stands between.
	Enter(ctx context.Context, n redshiftapi.Name, user, password, database string) (*Conn, error)
}

// Limits of the service (Management Guide, Considerations when calling the Data API). Of numbers that the manual has changed
// over time, the default is the smaller: a client that keeps it keeps the other too.
type Limits struct {
	Statements int // submitted or running at once in a warehouse; default 200
	Sessions   int // open at once in a warehouse; default 500
	Result     int // bytes of a result; default 100 MB
}

const (
	maxText    = 100_000          // bytes of a statement
	maxBatch   = 40               // statements of a batch
	maxRow     = 64 << 10         // bytes of a row of a result
	maxRun     = 24 * time.Hour   // of a statement, and of a session
	keptFor    = 24 * time.Hour   // what ended
	tokenFor   = 8 * time.Hour    // a client token is remembered
	enterTime  = 30 * time.Second // to log in
	cancelTime = 10 * time.Second // to hand in a cancel request
)

// Options make a Service.
type Options struct {
	IAM        *iam.Service
	Redshift   *redshiftapi.Service
	Secrets    *secrets.Service
	Warehouses Warehouses // nil: there are none to run statements in
	Limits     Limits
	Log        *slog.Logger
	Now        func() time.Time // default: time.Now
}

// Service holds the statements and sessions of all accounts and regions. It is safe for concurrent use.
type Service struct {
	iam        *iam.Service
	redshift   *redshiftapi.Service
	secrets    *secrets.Service
	warehouses Warehouses
	log        *slog.Logger
	now        func() time.Time

	// ctx ends with Close. Statements outlive the requests that bring them.
	ctx     context.Context
	cancel  context.CancelFunc
	running sync.WaitGroup

	mu         sync.Mutex // guards the rest, and the fields of statements and sessions
	limits     Limits
	statements map[string]*statement // by id
	order      []*statement          // from the oldest
	sessions   map[string]*session   // by id, closed ones too
	tokens     map[string]*statement // by account, region and client token
}

// New makes a Service.
func New(o Options) *Service {
	s := &Service{
		iam: o.IAM, redshift: o.Redshift, secrets: o.Secrets, warehouses: o.Warehouses, limits: o.Limits, log: o.Log, now: o.Now,
		statements: map[string]*statement{}, sessions: map[string]*session{}, tokens: map[string]*statement{},
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if s.now == nil {
		s.now = time.Now
	}
	s.SetLimits(o.Limits)
	s.ctx, s.cancel = context.WithCancel(context.Background())
	return s
}

// SetLimits changes the limits from now on. Fields that are 0 are the defaults.
func (s *Service) SetLimits(l Limits) {
	if l.Statements == 0 {
		l.Statements = 200
	}
	if l.Sessions == 0 {
		l.Sessions = 500
	}
	if l.Result == 0 {
		l.Result = 100 << 20
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.limits = l
}

// Close ends what runs, and all sessions, and waits for it.
func (s *Service) Close() {
	s.cancel()
	s.running.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, one := range s.sessions {
		s.end(one)
	}
}

var operations = awsjson.API[*Service]{Name: "redshift-data", Operations: map[string]awsjson.Operation[*Service]{
	"ExecuteStatement":      awsjson.On((*Service).execute),
	"BatchExecuteStatement": awsjson.On((*Service).executeBatch),
	"DescribeStatement":     awsjson.On((*Service).describe),
	"GetStatementResult":    awsjson.On((*Service).result),
	"CancelStatement":       awsjson.On((*Service).cancelStatement),
	"ListStatements":        awsjson.On((*Service).list),
	"ListDatabases":         awsjson.On((*Service).listDatabases),
	"ListSchemas":           awsjson.On((*Service).listSchemas),
	"ListTables":            awsjson.On((*Service).listTables),
	"DescribeTable":         awsjson.On((*Service).describeTable),
}}

// Call carries out an operation of the API: op is what follows TargetPrefix in X-Amz-Target.
func (s *Service) Call(ctx context.Context, id *iam.Identity, op string, body []byte) ([]byte, error) {
	return operations.Call(ctx, s, id, op, body)
}

func invalid(format string, args ...any) error {
	return awserr.New(http.StatusBadRequest, "ValidationException", format, args...)
}

// allow asks IAM. The resource is a warehouse's ARN, or "*" for the operations about statements, which know no other.
func (s *Service) allow(id *iam.Identity, action, resource string, ctx policy.Context) error {
	err := s.iam.Authorize(id, iam.Access{Action: "redshift-data:" + action, Resource: resource, ResourceAccount: id.Account, Context: ctx})
	return awserr.Denied(err, http.StatusBadRequest)
}

// at is where a caller wants something done, and as whom: what the operations have in common.
type at struct {
	ClusterIdentifier string
	WorkgroupName     string
	Database          string
	DbUser            string
	SecretArn         string
}

// entry is a way into a warehouse that was allowed.
type entry struct {
	at
	warehouse       redshiftapi.Name
	login, password string
}

// enter checks that a caller may do action in a warehouse, and log in as it says.
func (s *Service) enter(ctx context.Context, id *iam.Identity, action string, a at) (entry, error) {
	e := entry{at: a}
	switch {
	case a.ClusterIdentifier == "" && a.WorkgroupName == "":
		return e, invalid("ClusterIdentifier or WorkgroupName is required when connecting to a cluster or a workgroup.")
	case a.ClusterIdentifier != "" && a.WorkgroupName != "":
		return e, invalid("ClusterIdentifier and WorkgroupName cannot be given together.")
	case a.Database == "":
		return e, invalid("Database is required.")
	case a.DbUser != "" && a.SecretArn != "":
		return e, invalid("DbUser and SecretArn cannot be given together.")
	case a.DbUser != "" && a.WorkgroupName != "":
		return e, invalid("DbUser is not supported for a workgroup: the database user is the caller's own.")
	}
	name, arn, found := s.redshift.Warehouse(id, a.ClusterIdentifier, a.WorkgroupName)
	if err := s.allow(id, action, arn, nil); err != nil {
		return e, err
	}
	if !found || s.warehouses == nil {
		return e, invalid("Redshift endpoint doesn't exist in this region.")
	}
	e.warehouse = name
	var err error
	if a.SecretArn != "" {
		e.login, e.password, err = s.secret(ctx, id, a.SecretArn)
	} else {
		e.login, e.password, err = s.redshift.Enter(id, name, a.DbUser, a.Database)
	}
	return e, awserr.Denied(err, http.StatusBadRequest)
}

// secret reads a login from a secret.
func (s *Service) secret(ctx context.Context, id *iam.Identity, name string) (login, password string, err error) {
	text, err := s.secrets.Text(ctx, id, name)
	if err != nil {
		return "", "", err
	}
	var fields struct{ Username, Password string }
	if err := json.Unmarshal([]byte(text), &fields); err != nil || fields.Username == "" || fields.Password == "" {
		return "", "", invalid("The secret %s does not hold a username and a password.", name)
	}
	return fields.Username, fields.Password, nil
}

// open logs in.
func (s *Service) open(ctx context.Context, e entry) (*Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, enterTime)
	defer cancel()
	return s.warehouses.Enter(ctx, e.warehouse, e.login, e.password, e.Database)
}

// owner is whom statements and sessions belong to: a user, or a role whoever has taken it.
func owner(id *iam.Identity) string {
	if id.RoleARN != "" {
		return id.RoleARN
	}
	return id.ARN
}

func newID() string {
	raw := make([]byte, 16)
	rand.Read(raw)
	raw[6], raw[8] = raw[6]&0x0f|0x40, raw[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", raw[:4], raw[4:6], raw[6:8], raw[8:10], raw[10:])
}

func epoch(t time.Time) float64 { return float64(t.UnixMilli()) / 1000 }
