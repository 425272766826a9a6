package transfer

import (
	"context"
	"log/slog"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/sealift/sealift/internal/local/dialect"
	"github.com/sealift/sealift/internal/local/names"
	"github.com/sealift/sealift/internal/local/transfer/command"
)

// Engine carries out COPY and UNLOAD for one warehouse. Its fields are set once, before the first Run; Run may be
// called by many sessions at once.
type Engine struct {
	Access  Access
	History History      // nil keeps no history
	Log     *slog.Logger // nil is silent

	Slices  int // how many files are written and read at once; at least 1
	Region  string
	Cluster string
	Account string

	// ClientSide brings client-side encryption back, which ended on 2026-04-30.
	ClientSide bool
}

// Session is who runs a statement.
type Session struct {
	User          string
	Superuser     bool
	PID           int32
	InTransaction bool // a transaction block is open on the connection
	QueryID       int64
	XID           int64 // of the transaction
	Database      string
	CaseSensitive bool // enable_case_sensitive_identifier is on
	// Masks are what the user reads in place of relations, as dialect.Env has them.
	Masks map[string]string
	// Names are the long names that short ones of the statement, and of PostgreSQL, stand for; nil where there are none.
	Names *names.Registry
}

// Result is what a statement that succeeded tells its client.
type Result struct {
	Tag     string   // the command tag
	Notices []string // texts of INFO notices, in order
	Rows    int64
	Table   Table // that rows were loaded into
}

// Table is a table as the catalog has it.
type Table struct {
	OID          uint32
	Schema, Name string
}

// Run carries out a COPY or UNLOAD statement. conn is the session's own connection to PostgreSQL, idle or in a
// transaction block that did not fail; it is left idle, or in that block, failed if the statement failed. When ctx ends the
// statement is cancelled and the connection stays usable. Errors are *dialect.Error.
func (e *Engine) Run(ctx context.Context, conn *pgconn.PgConn, st dialect.Statement, s Session) (Result, error) {
	ctx, stop, err := postgres{conn}.statementTimeout(ctx)
	if err != nil {
		return Result{}, failure(ctx, err, s)
	}
	defer stop()
	if st.Verb() == "UNLOAD" {
		return e.unload(ctx, conn, st, s)
	}
	return e.copy(ctx, conn, st, s)
}

// Redact takes the secrets out of a statement's text, for whoever keeps it.
func Redact(sql string) string { return command.Redact(sql) }

func (e *Engine) mode(s Session) command.Mode {
	return command.Mode{CaseSensitive: s.CaseSensitive, ClientSide: e.ClientSide}
}

func (e *Engine) log() *slog.Logger {
	if e.Log == nil {
		return slog.New(slog.DiscardHandler)
	}
	return e.Log
}
