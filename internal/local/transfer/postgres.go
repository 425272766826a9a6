package transfer

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/sealift/sealift/internal/local/dialect"
)

// postgres is the session's connection for the time of one statement. pgconn closes a connection whose context ends
// in the middle of a query; a session must outlive its cancelled statements, so every query here runs without the
// context's end, and the end is passed on as a cancel request.
type postgres struct {
	conn *pgconn.PgConn
}

// cancelTimeout bounds one cancel request to a PostgreSQL on this machine.
const cancelTimeout = 5 * time.Second

// guard runs f and asks PostgreSQL to cancel what it runs when ctx ends before f does. A request may arrive between
// two statements and be lost, so it is repeated until f is done.
func (p postgres) guard(ctx context.Context, f func(ctx context.Context) error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	done := make(chan struct{})
	cancelled := make(chan struct{})
	calm := context.WithoutCancel(ctx)
	stop := context.AfterFunc(ctx, func() {
		defer close(cancelled)
		again := time.NewTicker(200 * time.Millisecond)
		defer again.Stop()
		for {
			p.cancel(calm)
			select {
			case <-done:
				return
			case <-again.C:
			}
		}
	})
	err := f(calm)
	close(done)
	if !stop() {
		<-cancelled
	}
	return err
}

// statementTimeout ends ctx when the session's statement_timeout is over. PostgreSQL measures each statement of its own,
// and does not look at the time while it waits for the rows of a COPY.
func (p postgres) statementTimeout(ctx context.Context) (context.Context, context.CancelFunc, error) {
	rows, err := p.rows(ctx, "SELECT setting FROM pg_catalog.pg_settings WHERE name = 'statement_timeout'")
	if err != nil {
		return ctx, nil, fmt.Errorf("read statement_timeout: %w", err)
	}
	ms, err := strconv.Atoi(*rows[0][0])
	if err != nil || ms == 0 {
		return ctx, func() {}, err
	}
	cause := &dialect.Error{Code: codeCancelled, Message: "canceling statement due to statement timeout"}
	ctx, stop := context.WithTimeoutCause(ctx, time.Duration(ms)*time.Millisecond, cause)
	return ctx, stop, nil
}

func (p postgres) cancel(ctx context.Context) {
	ctx, stop := context.WithTimeout(ctx, cancelTimeout)
	defer stop()
	// A request that does not get through is repeated by guard; there is nobody else to tell.
	_ = p.conn.CancelRequest(ctx)
}

// exec runs statements that answer nothing of interest.
func (p postgres) exec(ctx context.Context, sql string) error {
	return p.guard(ctx, func(ctx context.Context) error {
		_, err := p.conn.Exec(ctx, sql).ReadAll()
		return err
	})
}

// rows runs one query with text parameters and answers all its rows; it is for catalogs, not for data.
func (p postgres) rows(ctx context.Context, sql string, params ...string) ([][]*string, error) {
	values := make([][]byte, len(params))
	for i, s := range params {
		values[i] = []byte(s)
	}
	var out [][]*string
	err := p.guard(ctx, func(ctx context.Context) error {
		result := p.conn.ExecParams(ctx, sql, values, nil, nil, nil).Read()
		for _, row := range result.Rows {
			texts := make([]*string, len(row))
			for i, v := range row {
				if v != nil {
					s := string(v)
					texts[i] = &s
				}
			}
			out = append(out, texts)
		}
		return result.Err
	})
	return out, err
}

// probe has PostgreSQL analyse a query within a transaction, which stays as it is. It answers the types of the query's columns,
// or the error that PostgreSQL has found in it.
func (p postgres) probe(ctx context.Context, sql string) (columns []dialect.ColumnType, failure *pgconn.PgError, err error) {
	if err := p.exec(ctx, "SAVEPOINT rs_probe"); err != nil {
		return nil, nil, err
	}
	err = p.guard(ctx, func(ctx context.Context) error {
		d, err := p.conn.Prepare(ctx, "", sql, nil)
		if err != nil {
			return err
		}
		for _, f := range d.Fields {
			columns = append(columns, dialect.ColumnType{Name: f.Name, OID: f.DataTypeOID, Modifier: f.TypeModifier})
		}
		return nil
	})
	if pe, ok := errors.AsType[*pgconn.PgError](err); ok {
		failure, err = pe, p.exec(ctx, "ROLLBACK TO SAVEPOINT rs_probe")
	}
	if err != nil {
		return nil, nil, err
	}
	return columns, failure, p.exec(ctx, "RELEASE SAVEPOINT rs_probe")
}

// transaction runs f inside the session's open transaction block, or inside one of its own, which is committed if f
// succeeds. If f fails in the session's block, the block is left failed, as after any error.
func (p postgres) transaction(ctx context.Context, s Session, f func() error) error {
	if s.InTransaction {
		err := f()
		if err != nil && p.conn.TxStatus() == 'T' {
			p.fail(ctx)
		}
		return err
	}
	if err := p.exec(ctx, "BEGIN"); err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	if err := f(); err != nil {
		p.rollback(ctx)
		return err
	}
	if err := p.exec(ctx, "COMMIT"); err != nil {
		p.rollback(ctx)
		return err
	}
	return nil
}

func (p postgres) rollback(ctx context.Context) {
	if p.conn.IsClosed() || p.conn.TxStatus() == 'I' {
		return
	}
	// The error that led here is the one to report; a connection that cannot roll back is closed by pgconn.
	_ = p.exec(context.WithoutCancel(ctx), "ROLLBACK")
}

// fail makes PostgreSQL see that the transaction block failed, when the error came from elsewhere.
func (p postgres) fail(ctx context.Context) {
	_ = p.exec(context.WithoutCancel(ctx), "DO $$BEGIN RAISE EXCEPTION 'statement failed'; END$$")
}

// setting keeps a counter of the session, such as what pg_last_copy_count() answers. Set inside a transaction block it
// is taken back if the block rolls back.
func (p postgres) setting(ctx context.Context, name, value string) error {
	_, err := p.rows(ctx, "SELECT pg_catalog.set_config($1, $2, false)", name, value)
	if err != nil {
		return fmt.Errorf("set %s: %w", name, err)
	}
	return nil
}

// qualified writes a table's name for PostgreSQL.
func qualified(schema, table string) string {
	if schema == "" {
		return dialect.QuoteIdent(table)
	}
	return dialect.QuoteIdent(schema) + "." + dialect.QuoteIdent(table)
}
