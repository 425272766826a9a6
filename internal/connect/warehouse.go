package connect

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsredshift "github.com/aws/aws-sdk-go-v2/service/redshift"
	"github.com/aws/aws-sdk-go-v2/service/redshiftserverless"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgconn/ctxwatch"

	"github.com/sealift/sealift/internal/hint"
	"github.com/sealift/sealift/internal/redshift"
	"github.com/sealift/sealift/internal/secret"
	"github.com/sealift/sealift/plan"
)

// Options of a Warehouse.
type Options struct {
	// Application is shown in the warehouse's session views: sealift and the run's id.
	Application string
	Log         *slog.Logger // nil is silent
	// Watch looks after statements that are silent for long. The zero value has good defaults.
	Watch Watch
	// CancelGrace is how long a cancelled statement may take to stop before the connection is given up and the session
	// ended from another one. Default 10 s.
	CancelGrace time.Duration
	// Getenv reads the environment for password_from: env:NAME. Default os.LookupEnv.
	Getenv func(string) (string, bool)
}

// Warehouse opens sessions to one warehouse. It is safe for concurrent use.
type Warehouse struct {
	spec    plan.Warehouse
	options Options
	aws     aws.Config // in the warehouse's account and region
	roots   *x509.CertPool
	host    string
	port    int
}

// NewWarehouse resolves where the warehouse is and as whom we come: it takes the role, checks the account and looks the
// endpoint up, but opens no session yet.
func NewWarehouse(ctx context.Context, spec plan.Warehouse, o Options) (*Warehouse, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Getenv == nil {
		o.Getenv = os.LookupEnv
	}
	if o.CancelGrace == 0 {
		o.CancelGrace = hasten(10 * time.Second)
	}
	o.Watch = o.Watch.withDefaults()
	w := &Warehouse{spec: spec, options: o, host: spec.Host, port: spec.Port}
	if err := w.loadRoots(); err != nil {
		return nil, err
	}
	if !AsksAWS(spec) {
		return w, nil
	}
	var err error
	if w.aws, err = TakeRole(ctx, spec, o.Application); err != nil {
		return nil, err
	}
	if err := InAccount(ctx, w.aws, spec); err != nil {
		return nil, err
	}
	if w.host == "" && spec.Auth != "data-api" { // which needs no address
		if err := w.lookUp(ctx); err != nil {
			return nil, err
		}
	}
	return w, nil
}

// TakeRole is the configuration for calls in a warehouse's account and region, as the role that the job names, cut down to what is
// needed; or as the environment says.
func TakeRole(ctx context.Context, spec plan.Warehouse, application string) (aws.Config, error) {
	policy, err := need(spec)
	if err != nil {
		return aws.Config{}, fmt.Errorf("%s: %w", spec.Name(), err)
	}
	var duration time.Duration
	if spec.RoleDuration != "" {
		if duration, err = time.ParseDuration(spec.RoleDuration); err != nil {
			return aws.Config{}, fmt.Errorf("%s: role_duration: %w", spec.Name(), err)
		}
	}
	cfg, err := Config(ctx, spec.Region, Role{Chain: spec.AssumeRole, Duration: duration, TokenFile: spec.WebIdentity, ExternalID: spec.ExternalID, Session: application, Policy: policy})
	if err != nil {
		return aws.Config{}, fmt.Errorf("%s: %w", spec.Name(), err)
	}
	return cfg, nil
}

// InAccount makes sure that the credentials are of the account that the job names, if it names one.
func InAccount(ctx context.Context, cfg aws.Config, spec plan.Warehouse) error {
	if spec.Account == "" {
		return nil
	}
	id, err := Caller(ctx, cfg)
	if err != nil {
		return fmt.Errorf("%s: %w", spec.Name(), err)
	}
	if id.Account != spec.Account {
		return hint.With(
			fmt.Errorf("%s: the job names account %s, but the credentials are of account %s (%s)", spec.Name(), spec.Account, id.Account, id.ARN),
			"check AWS_PROFILE and assume_role: nothing was touched")
	}
	return nil
}

// AsksAWS tells whether a warehouse has anything to do with AWS besides its roles.
func AsksAWS(spec plan.Warehouse) bool {
	return spec.Auth != "password" || spec.Host == "" || spec.AssumeRole != "" || spec.Account != "" || spec.Door != (plan.Door{})
}

// loadRoots reads the certificates that the server's is checked against: the job's ca_file, or PGSSLROOTCERT as other
// clients use it, or the system's (Redshift's certificates are publicly trusted).
func (w *Warehouse) loadRoots() error {
	file := w.spec.CAFile
	if file == "" {
		if named, ok := w.options.Getenv("PGSSLROOTCERT"); ok {
			file = named
		}
	}
	if file == "" || file == "system" {
		return nil
	}
	pem, err := os.ReadFile(file)
	if err != nil {
		return fmt.Errorf("%s: read certificates: %w", w.spec.Name(), err)
	}
	w.roots = x509.NewCertPool()
	if !w.roots.AppendCertsFromPEM(pem) {
		return fmt.Errorf("%s: %s holds no certificate", w.spec.Name(), file)
	}
	return nil
}

func (w *Warehouse) lookUp(ctx context.Context) error {
	if w.spec.Workgroup != "" {
		return w.lookUpWorkgroup(ctx)
	}
	out, err := awsredshift.NewFromConfig(w.aws).DescribeClusters(ctx, &awsredshift.DescribeClustersInput{ClusterIdentifier: &w.spec.Cluster})
	if err != nil {
		return hint.With(fmt.Errorf("look up cluster %s in %s: %w", w.spec.Cluster, w.spec.Region, err),
			"the caller needs redshift:DescribeClusters; or name the address in the job: host and port")
	}
	if len(out.Clusters) != 1 || out.Clusters[0].Endpoint == nil || out.Clusters[0].Endpoint.Address == nil {
		return hint.With(fmt.Errorf("cluster %s in %s has no endpoint", w.spec.Cluster, w.spec.Region),
			"it is being created, resized, paused or deleted: wait until it is available")
	}
	w.host = *out.Clusters[0].Endpoint.Address
	if p := out.Clusters[0].Endpoint.Port; p != nil {
		w.port = int(*p)
	}
	return nil
}

func (w *Warehouse) lookUpWorkgroup(ctx context.Context) error {
	out, err := redshiftserverless.NewFromConfig(w.aws).GetWorkgroup(ctx, &redshiftserverless.GetWorkgroupInput{WorkgroupName: &w.spec.Workgroup})
	if err != nil {
		return hint.With(fmt.Errorf("look up workgroup %s in %s: %w", w.spec.Workgroup, w.spec.Region, err),
			"the caller needs redshift-serverless:GetWorkgroup; or name the address in the job: host and port")
	}
	if out.Workgroup == nil || out.Workgroup.Endpoint == nil || aws.ToString(out.Workgroup.Endpoint.Address) == "" {
		return hint.With(fmt.Errorf("workgroup %s in %s has no endpoint", w.spec.Workgroup, w.spec.Region), "it is being created, changed or deleted: wait until it is available")
	}
	w.host = *out.Workgroup.Endpoint.Address
	if p := out.Workgroup.Endpoint.Port; p != nil {
		w.port = int(*p)
	}
	return nil
}

// Name is how messages call the warehouse.
func (w *Warehouse) Name() string { return w.spec.Name() }

// Address is where sessions go: host:port.
func (w *Warehouse) Address() string { return net.JoinHostPort(w.host, strconv.Itoa(w.port)) }

// AWS is the configuration for calls in the warehouse's account and region. Only a warehouse about which AWS has to be asked
// has one.
func (w *Warehouse) AWS() aws.Config { return w.aws }

// Door is what the plan says about letting this machine in.
func (w *Warehouse) Door() plan.Door { return w.spec.Door }

// Port is where sessions go.
func (w *Warehouse) Port() int { return w.port }

// answerTime is how long a server that lets us in may take to say a word.
const answerTime = 5 * time.Second

// sslRequest is what a client says first: 8 bytes long, code 80877103 (PostgreSQL, Message Formats). The server answers one
// letter.
var sslRequest = []byte{0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f}

// Answers tells whether the warehouse answers at all, with the cause if it does not. It opens no session.
func (w *Warehouse) Answers(ctx context.Context) (err error) {
	ctx, cancel := context.WithTimeout(ctx, answerTime)
	defer cancel()
	conn, err := dialer().DialContext(ctx, "tcp", w.Address())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	deadline, _ := ctx.Deadline()
	if err := conn.SetDeadline(deadline); err != nil {
		return err
	}
	if _, err := conn.Write(sslRequest); err != nil {
		return err
	}
	_, err = io.ReadFull(conn, make([]byte, 1))
	return err
}

const (
	connectTimeout = 30 * time.Second
	// keepAlive finds a connection that a NAT gateway or firewall dropped in silence, which they do after about 350
	// seconds without traffic, while a long COPY sends nothing.
	keepAlive = 30 * time.Second
	// unacknowledged is how long the other end may leave what was sent, probes included, without an answer.
	unacknowledged = 120 * time.Second
)

// Open makes a session: in UTC, with ISO dates, so that both warehouses show every value as the same text.
func (w *Warehouse) Open(ctx context.Context) (*Session, error) { return w.open(ctx, true) }

func (w *Warehouse) open(ctx context.Context, watched bool) (*Session, error) {
	if w.spec.Auth == "data-api" {
		return w.openRemote(ctx, watched)
	}
	user, password, err := w.credentials(ctx)
	if err != nil {
		return nil, err
	}
	cfg, err := w.config(user, password)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, hasten(connectTimeout))
	defer cancel()
	conn, err := pgconn.ConnectConfig(ctx, cfg)
	if err != nil {
		return nil, w.refused(err, user)
	}
	link := &wire{conn: conn, name: w.spec.Name(), log: w.options.Log}
	s := &Session{link: link, name: w.spec.Name(), warehouse: w}
	if err := s.prepare(ctx); err != nil {
		return nil, errors.Join(w.unprepared(ctx, err), s.Close(ctx))
	}
	if watched {
		link.watch = &watcher{
			Watch: w.options.Watch, log: w.options.Log.With("warehouse", w.spec.Name(), "session", s.id.PID), giveUp: link.giveUp,
			ask: func(ctx context.Context) (activity, error) { return w.activity(ctx, s.id) },
		}
	}
	return s, nil
}

func (w *Warehouse) config(user string, password secret.Value) (*pgconn.Config, error) {
	// An empty connection string fills in what pgconn needs; everything that the environment (PGHOST and the like)
	// could have put in is overwritten.
	cfg, err := pgconn.ParseConfig("host=" + "localhost")
	if err != nil {
		return nil, fmt.Errorf("make connection settings: %w", err)
	}
	cfg.Host, cfg.Port = w.host, uint16(w.port)
	cfg.Database, cfg.User, cfg.Password = w.spec.Database, user, password.Reveal()
	cfg.TLSConfig = &tls.Config{ServerName: w.host, RootCAs: w.roots, MinVersion: tls.VersionTLS12}
	cfg.SSLNegotiation = "postgres" // direct TLS is unconfirmed on Redshift
	cfg.Fallbacks = nil             // never without TLS
	cfg.KerberosSrvName, cfg.KerberosSpn = "", ""
	cfg.ValidateConnect, cfg.AfterConnect = nil, nil
	// Redshift refuses startup parameters it does not know.
	cfg.RuntimeParams = map[string]string{"application_name": w.options.Application}
	cfg.ConnectTimeout = hasten(connectTimeout)
	cfg.DialFunc = dialer().DialContext
	cfg.BuildContextWatcherHandler = func(pc *pgconn.PgConn) ctxwatch.Handler {
		return &pgconn.CancelRequestContextWatcherHandler{Conn: pc, DeadlineDelay: w.options.CancelGrace}
	}
	return cfg, nil
}

func dialer() *net.Dialer {
	return &net.Dialer{
		KeepAliveConfig: net.KeepAliveConfig{Enable: true, Idle: keepAlive, Interval: keepAlive, Count: 4},
		Control:         limitSilence,
	}
}

// UnreachedError says that no session came about because the connection was refused or cut on the way, which may be over
// in a moment: a warehouse that starts again, a gateway that changes. Nothing has happened.
type UnreachedError struct{ Err error }

func (e *UnreachedError) Error() string { return e.Err.Error() }

// Unwrap gives the cause.
func (e *UnreachedError) Unwrap() error { return e.Err }

// OutcomeUnknown answers for the whole attempt: what prepares a session changes nothing, whatever became of it.
func (e *UnreachedError) OutcomeUnknown() bool { return false }

// cut tells whether a connection was refused or ended by the other side. One that is not answered at all is waited for
// long enough the first time.
func cut(err error) bool {
	for _, end := range []error{syscall.ECONNREFUSED, syscall.ECONNRESET, syscall.EPIPE, io.EOF, io.ErrUnexpectedEOF} {
		if errors.Is(err, end) {
			return true
		}
	}
	pe, ok := errors.AsType[*pgconn.PgError](err)
	return ok && strings.HasPrefix(pe.Code, "57P0") // the server is going down or coming up
}

// unprepared says that a session that was just opened could not be made ready.
func (w *Warehouse) unprepared(ctx context.Context, err error) error {
	_, lost := errors.AsType[*LostError](err)
	err = fmt.Errorf("prepare session to %s: %w", w.spec.Name(), err)
	if lost && ctx.Err() == nil {
		return &UnreachedError{err}
	}
	return err
}

// refused says why no session came about, in one error with a hint.
func (w *Warehouse) refused(err error, user string) error {
	if cut(err) {
		return &UnreachedError{w.why(err, user)}
	}
	return w.why(err, user)
}

func (w *Warehouse) why(err error, user string) error {
	var pe *pgconn.PgError
	var ce x509.UnknownAuthorityError
	var he x509.HostnameError
	var ne net.Error
	what := fmt.Sprintf("log in to %s at %s as %s", w.spec.Name(), w.Address(), user)
	switch {
	case errors.As(err, &pe):
		se := &redshift.ServerError{Severity: pe.Severity, Code: pe.Code, Message: pe.Message, Detail: pe.Detail, Hint: pe.Hint}
		return hint.With(fmt.Errorf("%s: %w", what, se), redshift.HintFor(se))
	case errors.As(err, &ce), errors.As(err, &he):
		return hint.With(fmt.Errorf("%s: the server's certificate is not trusted: %w", what, cause(err)),
			"name its certificate authority: ca_file in the job, or PGSSLROOTCERT")
	case errors.As(err, &ne), strings.Contains(err.Error(), "connect: "):
		return hint.With(fmt.Errorf("connect to %s at %s: %w", w.spec.Name(), w.Address(), cause(err)),
			"is the warehouse available, and does its security group let this machine in on that port?")
	default:
		return fmt.Errorf("%s: %w", what, cause(err))
	}
}

// cause strips pgconn's own prefix, which repeats host, user and database.
func cause(err error) error {
	if ce, ok := errors.AsType[*pgconn.ConnectError](err); ok {
		if inner := ce.Unwrap(); inner != nil {
			return inner
		}
	}
	return err
}

// AttachedRoles are the roles that are attached to a cluster, and whether each can be used by now. A workgroup's are its
// namespace's, which nothing else asks for.
func (w *Warehouse) AttachedRoles(ctx context.Context) (map[string]bool, error) {
	out, err := awsredshift.NewFromConfig(w.aws).DescribeClusters(ctx, &awsredshift.DescribeClustersInput{ClusterIdentifier: &w.spec.Cluster})
	if err != nil {
		return nil, hint.With(fmt.Errorf("look up cluster %s in %s: %w", w.spec.Cluster, w.spec.Region, err), "the caller needs redshift:DescribeClusters")
	}
	roles := make(map[string]bool)
	for _, c := range out.Clusters {
		for _, r := range c.IamRoles {
			roles[aws.ToString(r.IamRoleArn)] = aws.ToString(r.ApplyStatus) == "in-sync"
		}
	}
	return roles, nil
}
