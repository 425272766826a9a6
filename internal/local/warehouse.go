package local

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/sealift/sealift/internal/local/aws"
	"github.com/sealift/sealift/internal/local/aws/redshiftapi"
	"github.com/sealift/sealift/internal/local/aws/redshiftdata"
	"github.com/sealift/sealift/internal/local/catalog"
	"github.com/sealift/sealift/internal/local/dialect"
	"github.com/sealift/sealift/internal/local/history"
	"github.com/sealift/sealift/internal/local/pgserver"
	"github.com/sealift/sealift/internal/local/transfer"
	"github.com/sealift/sealift/internal/local/wire"
)

// host is the name under which everything is reached.
const host = "localhost"

// systemUser is PostgreSQL's superuser, under the name of the user that owns everything in a Redshift cluster.
const systemUser = "rdsdb"

// defaultSlices is how many files a warehouse writes and reads at once.
const defaultSlices = 4

// warehouse is a running Redshift cluster.
type warehouse struct {
	name   redshiftapi.Name
	dir    string
	slices int
	tls    *tls.Config
	cloud  *aws.Cloud
	log    *slog.Logger

	clientSide bool // COPY and UNLOAD take a MASTER_SYMMETRIC_KEY

	idleSession, idleTransaction time.Duration

	cache   string // of templates
	pg      *pgserver.Server
	history *history.Log
	server  *wire.Server
	port    int
	served  chan error // what Serve answered
}

// start starts the warehouse, making its data folder with the master user and the database if there is none. Port 0 is
// any free one. What a failed start began is stopped.
func (w *warehouse) start(ctx context.Context, port int, database, master, password string) (err error) {
	defer func() { //nolint:contextcheck // stopping has time limits of its own
		if err != nil {
			err = errors.Join(err, w.stop())
		}
	}()
	if err := os.MkdirAll(w.dir, 0o700); err != nil {
		return err
	}
	// The port first: that it is taken is the likeliest failure, and the cheapest to find out.
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	if err != nil {
		return err
	}
	defer func() {
		if w.server == nil {
			err = errors.Join(err, l.Close())
		}
	}()
	if err := w.startPostgres(ctx, database, master, password); err != nil {
		return err
	}
	w.history, err = history.Open(history.Options{
		PostgreSQL: w.pg, IDFile: filepath.Join(w.dir, "query-id"), Redact: transfer.Redact, Log: w.log,
	})
	if err != nil {
		return err
	}
	w.port = l.Addr().(*net.TCPAddr).Port
	w.server = wire.NewServer(wire.Config{
		Firewall:   firewall{w.cloud, w.name, w.port},
		PostgreSQL: w.pg,
		Engine: engine{&transfer.Engine{
			Access: &access{cloud: w.cloud, warehouse: w.name}, History: w.history, Log: w.log, Slices: w.slices,
			Region: w.name.Region, Cluster: w.name.ID, Account: w.name.Account,
			ClientSide: w.clientSide,
		}},
		Credentials: logins{w.cloud.Redshift, w.name},
		History:     w.history,
		TLS:         w.tls,

		IdleSession: w.idleSession, IdleTransaction: w.idleTransaction,
		Log: w.log,
	})
	w.served = make(chan error, 1)
	server := w.server
	go func() { w.served <- server.Serve(l) }() //nolint:contextcheck // sessions outlive the start
	return nil
}

// stop ends all sessions and all processes. The data stays.
func (w *warehouse) stop() error {
	var errs []error
	if w.server != nil {
		errs = append(errs, w.server.Close())
		if err := <-w.served; !errors.Is(err, wire.ErrServerClosed) {
			errs = append(errs, err)
		}
	}
	if w.history != nil {
		errs = append(errs, w.history.Close())
	}
	if w.pg != nil {
		errs = append(errs, w.pg.Close())
	}
	w.server, w.history, w.pg = nil, nil, nil
	return errors.Join(errs...)
}

// startPostgres starts PostgreSQL. A new data folder is a copy of a template that holds the catalog already, so that
// only the master user and the database are left to be made.
func (w *warehouse) startPostgres(ctx context.Context, database, master, password string) (err error) {
	w.pg, err = pgserver.Start(ctx, pgserver.Options{
		Dir: filepath.Join(w.dir, "data"), CacheDir: w.cache, Superuser: systemUser, Settings: catalog.Settings(), Log: w.log,
		BootstrapKey: catalog.Version(),
		Bootstrap: func(ctx context.Context, s *pgserver.Server) error {
			return install(ctx, s, "template1", catalog.Options{Slices: 1}) // of no warehouse yet
		},
	})
	if err != nil {
		return err
	}
	// Databases are copies of template1. Those there are may hold an earlier release's catalog.
	rows, err := w.query(ctx, "SELECT datname FROM pg_database WHERE datallowconn AND datname <> 'postgres'")
	if err != nil {
		return err
	}
	for _, row := range rows {
		name := string(row[0])
		err := install(ctx, w.pg, name, catalog.Options{
			Account: w.name.Account, Region: w.name.Region, Cluster: w.name.ID, Slices: w.slices,
		})
		if err != nil {
			return fmt.Errorf("bring the catalog of database %s up to date: %w", name, err)
		}
	}
	// The mark says that the first database was made.
	mark := filepath.Join(w.dir, "created")
	if _, err := os.Stat(mark); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := w.createDatabase(ctx, database, master, password); err != nil {
		return err
	}
	return os.WriteFile(mark, nil, 0o600)
}

func install(ctx context.Context, s *pgserver.Server, database string, o catalog.Options) error {
	conn, err := s.Connect(ctx, systemUser, database, nil)
	if err != nil {
		return err
	}
	return errors.Join(catalog.Install(ctx, conn, o), conn.Close(ctx))
}

// createDatabase makes the master user, a superuser as in Redshift, and its first database.
func (w *warehouse) createDatabase(ctx context.Context, database, master, password string) error {
	user := dialect.QuoteIdent(master)
	for _, sql := range []string{
		// An earlier start may have been cut off between these.
		"DROP DATABASE IF EXISTS " + dialect.QuoteIdent(database),
		"DROP ROLE IF EXISTS " + user,
		"CREATE ROLE " + user + " SUPERUSER CREATEDB CREATEROLE LOGIN PASSWORD " + dialect.QuoteLiteral(password),
		"CREATE DATABASE " + dialect.QuoteIdent(database) + " OWNER " + user,
	} {
		if _, err := w.query(ctx, sql); err != nil {
			return fmt.Errorf("create database %s: %w", database, err)
		}
	}
	return nil
}

// setPassword changes a user's password.
func (w *warehouse) setPassword(ctx context.Context, user, password string) error {
	_, err := w.query(ctx, "ALTER ROLE "+dialect.QuoteIdent(user)+" PASSWORD "+dialect.QuoteLiteral(password))
	return err
}

// query runs one statement as the system user, outside of the users' databases.
func (w *warehouse) query(ctx context.Context, sql string) ([][][]byte, error) {
	conn, err := w.pg.Connect(ctx, systemUser, "postgres", nil)
	if err != nil {
		return nil, err
	}
	results, err := conn.Exec(ctx, sql).ReadAll()
	if err := errors.Join(err, conn.Close(ctx)); err != nil {
		return nil, err
	}
	return results[0].Rows, nil
}

// enter logs in from inside of AWS.
func enter(ctx context.Context, server *wire.Server, user, password, database string) (*redshiftdata.Conn, error) {
	// Everything that the environment (PGHOST and the like) could have put in is overwritten.
	cfg, err := pgconn.ParseConfig("host=" + host)
	if err != nil {
		return nil, err
	}
	cfg.User, cfg.Password, cfg.Database = user, password, database
	cfg.TLSConfig, cfg.Fallbacks, cfg.KerberosSrvName, cfg.KerberosSpn = nil, nil, "", ""
	cfg.ValidateConnect, cfg.AfterConnect = nil, nil
	cfg.RuntimeParams = map[string]string{}
	cfg.DialFunc = func(context.Context, string, string) (net.Conn, error) { return server.Inside() } //nolint:contextcheck // a session outlives the login
	cfg.LookupFunc = func(context.Context, string) ([]string, error) { return []string{host}, nil }
	conn, err := pgconn.ConnectConfig(ctx, cfg)
	if err != nil {
		return nil, err
	}
	return &redshiftdata.Conn{PgConn: conn, LastQuery: func() int64 { return server.LastQuery(int32(conn.PID())) }}, nil
}

// engine gives package wire the engine of package transfer.
type engine struct{ *transfer.Engine }

func (e engine) Run(ctx context.Context, conn *pgconn.PgConn, st dialect.Statement, in wire.Invocation) (wire.Result, error) {
	r, err := e.Engine.Run(ctx, conn, st, transfer.Session{
		User: in.User, Superuser: in.Superuser, PID: in.PID, InTransaction: in.InTransaction, QueryID: in.QueryID, XID: in.XID,
		Database: in.Database, CaseSensitive: in.CaseSensitive, Masks: in.Masks, Names: in.Names,
	})
	return wire.Result{Tag: r.Tag, Notices: r.Notices, Rows: r.Rows, Table: wire.Table(r.Table)}, err
}

// logins knows the temporary passwords of a warehouse.
type logins struct {
	redshift *redshiftapi.Service
	name     redshiftapi.Name
}

func (l logins) Login(user, password string) (creates, ok bool) {
	return l.redshift.Login(l.name, user, password)
}

// firewall is what the security groups of a warehouse let in.
type firewall struct {
	cloud *aws.Cloud
	name  redshiftapi.Name
	port  int
}

func (f firewall) Admits(from netip.Addr) bool { return f.cloud.Redshift.Admits(f.name, from, f.port) }

func (f firewall) Changes() <-chan struct{} { return f.cloud.EC2.Changes() }
