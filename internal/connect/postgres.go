package connect

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/sealift/sealift/internal/hint"
	"github.com/sealift/sealift/internal/redshift"
	"github.com/sealift/sealift/plan"
)

// Postgres is a PostgreSQL server, read in one snapshot: that of its first transaction, which the others share. It is safe for
// concurrent use, but for Query, which is the first transaction's.
type Postgres struct {
	w     *Warehouse
	limit chan struct{} // readers at once

	mu       sync.Mutex
	first    *pgconn.PgConn // in the transaction that holds the snapshot
	snapshot string
}

// OpenPostgres logs in and takes the snapshot. readers is how many can read at once.
func OpenPostgres(ctx context.Context, spec plan.Warehouse, readers int, o Options) (*Postgres, error) {
	if o.Getenv == nil {
		o.Getenv = os.LookupEnv
	}
	if o.CancelGrace == 0 {
		o.CancelGrace = hasten(10 * time.Second)
	}
	p := &Postgres{w: &Warehouse{spec: spec, options: o, host: spec.Postgres, port: spec.Port}, limit: make(chan struct{}, max(readers, 1))}
	if err := p.w.loadRoots(); err != nil {
		return nil, err
	}
	conn, err := p.connect(ctx)
	if err != nil {
		return nil, err
	}
	p.first = conn
	if err := p.begin(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("take a snapshot of %s: %w", p.Name(), err), p.Close(ctx))
	}
	return p, nil
}

// Name is how messages call the server.
func (p *Postgres) Name() string { return p.w.Name() }

// oldest is the first version that is read.
const oldest = 13

func (p *Postgres) begin(ctx context.Context) error {
	version := 0
	err := p.query(ctx, redshift.Build("SELECT CAST(pg_catalog.current_setting('server_version_num') AS INTEGER) / 10000"), func(row []*string) (err error) {
		version, err = strconv.Atoi(*row[0])
		return err
	})
	if err != nil {
		return err
	}
	if version < oldest {
		return hint.With(fmt.Errorf("it is PostgreSQL %d, and versions from %d on are read", version, oldest), "upgrade it, or sync from a copy")
	}
	if err := p.query(ctx, redshift.Build("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"), nil); err != nil {
		return err
	}
	return p.query(ctx, redshift.Build("SELECT pg_catalog.pg_export_snapshot()"), func(row []*string) error {
		p.snapshot = *row[0]
		return nil
	})
}

// Query asks in the snapshot. It implements redshift.Querier. What the server refuses does not end the transaction.
func (p *Postgres) Query(ctx context.Context, sql redshift.SQL, each func(row []*string) error) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.query(ctx, redshift.Build("SAVEPOINT sealift"), nil); err != nil {
		return err
	}
	err := p.query(ctx, sql, each)
	if err != nil {
		return errors.Join(err, p.query(ctx, redshift.Build("ROLLBACK TO SAVEPOINT sealift"), nil))
	}
	return p.query(ctx, redshift.Build("RELEASE SAVEPOINT sealift"), nil)
}

func (p *Postgres) query(ctx context.Context, sql redshift.SQL, each func(row []*string) error) error {
	return p.said(ctx, p.first, queryPostgres(ctx, p.first, sql, each))
}

func queryPostgres(ctx context.Context, conn *pgconn.PgConn, sql redshift.SQL, each func(row []*string) error) (err error) {
	results := conn.Exec(ctx, sql.String())
	defer func() { err = serverError(errors.Join(err, results.Close())) }()
	for results.NextResult() {
		r := results.ResultReader()
		for r.NextRow() {
			values := r.Values()
			row := make([]*string, len(values))
			for i, v := range values {
				if v != nil {
					row[i] = new(string(v))
				}
			}
			if each == nil {
				continue
			}
			if err := each(row); err != nil {
				return err
			}
		}
		if _, err := r.Close(); err != nil {
			return err
		}
	}
	return nil
}

// serverError is what the server said, in the form that other packages know.
func serverError(err error) error {
	pe, ok := errors.AsType[*pgconn.PgError](err)
	if !ok {
		return err
	}
	return &redshift.ServerError{Severity: pe.Severity, Code: pe.Code, Message: pe.Message, Hint: pe.Hint} // Detail can hold data
}

// Describe answers the names and types of the columns that a query has, without running it: for each also the type's name and
// modifier as the server writes them.
func (p *Postgres) Describe(ctx context.Context, query redshift.SQL) ([]redshift.Field, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	d, err := p.first.Prepare(ctx, "", query.String(), nil)
	if err != nil {
		return nil, redshift.Described(serverError(err))
	}
	fields := make([]redshift.Field, len(d.Fields))
	for i, f := range d.Fields {
		fields[i] = redshift.Field{Name: f.Name, OID: f.DataTypeOID, Modifier: f.TypeModifier}
	}
	return fields, nil
}

// Reader is one more transaction in the snapshot.
type Reader struct {
	p    *Postgres
	conn *pgconn.PgConn
}

// lockTime is how long a reader waits for a table that somebody wants for himself, to alter it. That one waits for the session that holds
// the snapshot, which has read the table and waits for its readers: the server does not see that this is a circle, and everybody else who
// reads the table waits behind it.
const lockTime = 5 * time.Second

// Reader begins one; it waits while as many are at work as may be. It must be closed.
func (p *Postgres) Reader(ctx context.Context) (*Reader, error) {
	select {
	case p.limit <- struct{}{}:
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	conn, err := p.connect(ctx)
	if err != nil {
		<-p.limit
		return nil, err
	}
	r := &Reader{p, conn}
	for _, sql := range []redshift.SQL{
		redshift.Build("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"),
		redshift.Build("SET TRANSACTION SNAPSHOT ?", redshift.Lit(p.snapshot)),
		redshift.Build("SET LOCAL lock_timeout = ?", redshift.Lit(strconv.FormatInt(hasten(lockTime).Milliseconds(), 10))),
	} {
		if err := r.Query(ctx, sql, nil); err != nil {
			err = hint.With(fmt.Errorf("read %s in the snapshot of the sync: %w", p.Name(), err), "the session that holds it was ended; sync again")
			return nil, errors.Join(err, r.Close(ctx))
		}
	}
	return r, nil
}

// Query asks in the snapshot.
func (r *Reader) Query(ctx context.Context, sql redshift.SQL, each func(row []*string) error) error {
	return r.p.said(ctx, r.conn, queryPostgres(ctx, r.conn, sql, each))
}

// Copy carries out a COPY TO STDOUT. Each Write is one row. It answers how many there were, by the server's count.
func (r *Reader) Copy(ctx context.Context, w io.Writer, sql redshift.SQL) (rows int64, err error) {
	into := &taker{w: w}
	tag, err := r.conn.CopyTo(ctx, into, sql.String())
	if into.err != nil {
		return 0, err // the connection is closed for that, and was not lost
	}
	return tag.RowsAffected(), r.p.said(ctx, r.conn, serverError(err))
}

// taker remembers that whoever takes rows failed.
type taker struct {
	w   io.Writer
	err error
}

func (t *taker) Write(b []byte) (n int, err error) {
	n, t.err = t.w.Write(b)
	return n, t.err
}

// said says what an error means that does not say so itself: a lock that was not to be had, and a connection that is gone.
func (p *Postgres) said(ctx context.Context, conn *pgconn.PgConn, err error) error {
	se, answered := errors.AsType[*redshift.ServerError](err)
	switch {
	case err == nil || ctx.Err() != nil:
		return err
	case !answered && conn.IsClosed():
		return hint.With(fmt.Errorf("the connection to %s was lost: %w", p.Name(), err), "was the server restarted, or the session ended? what was not published is untouched, and can be moved again")
	case answered && se.Code == "55P03":
		return hint.With(fmt.Errorf("somebody waits to alter the table, or to have it alone, and a sync would wait for him while he waits for the sync: %w", err),
			"nothing of it was published; sync again, or go on with the run, when that is done")
	}
	return err
}

// Close ends the transaction.
func (r *Reader) Close(ctx context.Context) error {
	defer func() { <-r.p.limit }()
	return farewell(ctx, r.conn)
}

// Close gives the snapshot up.
func (p *Postgres) Close(ctx context.Context) error {
	if p == nil {
		return nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return farewell(ctx, p.first)
}

// farewell ends a session that has only read: nothing depends on the server's hearing of it.
func farewell(ctx context.Context, conn *pgconn.PgConn) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), hasten(endTime))
	defer cancel()
	if err := conn.Close(ctx); err != nil && !errors.Is(err, net.ErrClosed) && !cut(err) {
		return fmt.Errorf("close session: %w", err)
	}
	return nil
}

// postgresSettings make the server's answers such as they are read, and its literals such as they are written: a backslash is an escape
// in both, as in Redshift. Nothing is left out of what the user may not see: that would be an error (row_security).
var postgresSettings = redshift.Join("; ",
	redshift.Build("SET standard_conforming_strings = off"), redshift.Build("SET escape_string_warning = off"),
	redshift.Build("SET TimeZone = 'UTC'"), redshift.Build("SET DateStyle = 'ISO, MDY'"),
	redshift.Build("SET bytea_output = 'hex'"), redshift.Build("SET extra_float_digits = 1"), redshift.Build("SET client_encoding = 'UTF8'"),
	redshift.Build("SET statement_timeout = 0"), redshift.Build("SET lock_timeout = 0"), redshift.Build("SET idle_in_transaction_session_timeout = 0"),
	redshift.Build("SET row_security = off"), redshift.Build("SET default_transaction_read_only = on"),
)

func (p *Postgres) connect(ctx context.Context) (*pgconn.PgConn, error) {
	user, password := p.w.spec.User, ""
	if p.w.spec.PasswordFrom != "" {
		value, err := p.w.password(ctx)
		if err != nil {
			return nil, err
		}
		password = value.Reveal()
	}
	cfg, err := pgconn.ParseConfig("host=" + "localhost")
	if err != nil {
		return nil, fmt.Errorf("make connection settings: %w", err)
	}
	cfg.Host, cfg.Port, cfg.Database, cfg.User, cfg.Password = p.w.host, uint16(p.w.port), p.w.spec.Database, user, password
	cfg.Fallbacks, cfg.KerberosSrvName, cfg.KerberosSpn = nil, "", ""
	cfg.ValidateConnect, cfg.AfterConnect = nil, nil
	cfg.TLSConfig = &tls.Config{ServerName: p.w.host, RootCAs: p.w.roots, MinVersion: tls.VersionTLS12}
	if p.w.spec.SSLMode == "disable" {
		cfg.TLSConfig = nil
	}
	cfg.RuntimeParams = map[string]string{"application_name": p.w.options.Application}
	cfg.ConnectTimeout = hasten(connectTimeout)
	if !strings.HasPrefix(p.w.host, "/") {
		cfg.DialFunc = dialer().DialContext
	}
	ctx, cancel := context.WithTimeout(ctx, hasten(connectTimeout))
	defer cancel()
	conn, err := pgconn.ConnectConfig(ctx, cfg)
	if err != nil {
		return nil, hint.With(fmt.Errorf("log in to %s as %s: %w", p.Name(), user, cause(err)), "is the server up, may the user log in from here, and is its certificate's authority known (ca_file)?")
	}
	if err := queryPostgres(ctx, conn, postgresSettings, nil); err != nil {
		return nil, errors.Join(fmt.Errorf("prepare session to %s: %w", p.Name(), err), farewell(ctx, conn))
	}
	return conn, nil
}
