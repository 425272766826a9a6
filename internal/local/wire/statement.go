package wire

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/sealift/sealift/internal/local/dialect"
)

// batch is the string of statements that a statement is part of.
type batch struct {
	text string // of the whole string, in the simple protocol
	many bool
	// implicit says that we opened a transaction of which the client does not know: around the statements of a string,
	// which succeed or fail together as in PostgreSQL, or around one statement that takes several in PostgreSQL.
	implicit bool
}

// run runs one statement and answers it, but for ReadyForQuery. An error of the statement is in q.failure, and has been
// sent; the error it returns ends the session.
func (s *session) run(q *running, b *batch, last bool) error {
	env := s.env()
	tr := s.translate(q.st, env)
	if tr.Action == dialect.Empty {
		return nil
	}
	if !b.many && b.text != "" {
		s.shapes.learn(b.text, q.st, tr)
	}
	if err := s.begin(q, s.pg.must); err != nil {
		return err
	}
	err := s.perform(q, env, tr, b, last)
	switch {
	case q.failure != nil:
		s.fail(q.failure)
	case err == nil:
		for _, text := range tr.Notices {
			s.info(text)
		}
		if q.hold {
			s.c.send(&pgproto3.CommandComplete{CommandTag: []byte(q.complete)})
		}
	}
	s.record(q, err)
	return err
}

// perform does what the translation of a statement for env says, and leaves the answer's command tag in q.complete if q.hold.
func (s *session) perform(q *running, env dialect.Env, tr dialect.Translation, b *batch, last bool) error {
	if s.pg.status == idle {
		s.newTransaction()
	}
	if tr.Alone && (b.many || s.pg.status != idle) {
		return s.refuse(q, &pgconn.PgError{
			Severity: "ERROR", Code: "25001", Message: q.st.Verb() + " cannot run inside a transaction block",
		})
	}
	control := transactionControl(q.st)
	table := ""
	if tr.Action == dialect.Pass {
		table = q.st.Target(s.caseSensitive)
	}
	several := (len(tr.Before)+len(tr.After) > 0 || table != "") && !tr.Alone
	if (b.many || several) && tr.Action != dialect.Refuse && control == noControl && s.pg.status == idle && !b.implicit {
		if err := s.pg.must("BEGIN"); err != nil {
			return err
		}
		b.implicit = true
	}
	q.tag = tr.Tag
	if tr.Filled != "" && q.st.Verb() == "CREATE TABLE" {
		q.verb = "CREATE TABLE AS" // which is a query, and not DDL
	}
	// A command tag says that all is well: it must wait for what could still fail.
	q.hold = several || len(tr.After) > 0 || tr.Filled != "" || tr.Commits || b.implicit || len(tr.Notices) > 0 || tr.Action != dialect.Pass
	if s.pg.status == inBlock {
		var pe *pgconn.PgError
		var err error
		if q.table, pe, err = s.enter(q.st, table, s.runSimple); err != nil || pe != nil {
			q.failure = pe
			return err
		}
	}
	if s.interrupted() {
		return s.refuse(q, cancelledError())
	}
	var err error
	switch tr.Action {
	case dialect.Pass:
		env, tr, err = s.inline(q.st, env, tr, s.pg.exec)
		if tr.Err != nil {
			return errors.Join(err, s.refuse(q, dialectError(tr.Err)))
		}
		if err != nil {
			return err
		}
		if env, tr, err = s.typing(q.st, env, tr, s.pg.exec); err != nil {
			return err
		}
		if tr, q.failure, err = s.knowing(q.st, env, tr, s.pg.look); err != nil || q.failure != nil {
			return err
		}
		q.sql = tr.SQL
		q.quiet = b.implicit && control == begins // the client does not know that a transaction is in progress already
		err = s.pass(q, tr)
	case dialect.Copy, dialect.Unload:
		err = s.transfer(q)
	case dialect.Refuse:
		err = s.refuse(q, dialectError(tr.Err))
	default:
		panic(fmt.Sprintf("wire: action %d", tr.Action))
	}
	if err != nil || q.failure != nil {
		return err
	}
	s.follow(q.st)
	s.followTransaction(q.st)
	if s.pg.status != inBlock || control != noControl {
		b.implicit = false
	}
	if s.pg.status != idle && (tr.Commits || b.implicit && last) {
		if s.interrupted() {
			return s.refuse(q, cancelledError())
		}
		b.implicit = false
		return s.step(q, "COMMIT")
	}
	return nil
}

// inline puts expressions in place of the aliases in a statement that PostgreSQL takes for unknown columns. exec runs a
// statement of ours. In a transaction that has failed nothing can be asked:
// the statement will fail as well.
func (s *session) inline(st dialect.Statement, env dialect.Env, tr dialect.Translation, exec func(sql string) error) (dialect.Env, dialect.Translation, error) {
	if s.pg.status == aborted {
		return env, tr, nil
	}
	return dialect.Inline(st, env, tr, func(query string) (position int, err error) {
		_, pe, err := s.probe(query, env, exec)
		if err != nil || pe == nil || pe.Code != "42703" {
			return 0, err
		}
		return int(pe.Position), nil
	})
}

// typing translates a statement for the types of the operands in its arithmetic. exec runs a statement of ours.
func (s *session) typing(st dialect.Statement, env dialect.Env, tr dialect.Translation, exec func(sql string) error) (dialect.Env, dialect.Translation, error) {
	if s.pg.status == aborted {
		return env, tr, nil
	}
	return dialect.Typing(st, env, tr, func(query string) ([]dialect.ColumnType, error) {
		columns, pe, err := s.probe(query, env, exec)
		if pe != nil {
			columns = nil
		}
		return columns, err
	})
}

// probe has PostgreSQL analyse a query, which leaves no trace. It answers the types of its columns, or the error that
// PostgreSQL has found in it.
func (s *session) probe(query string, env dialect.Env, exec func(sql string) error) (columns []dialect.ColumnType, failure *pgconn.PgError, err error) {
	block := s.pg.status == inBlock
	if block {
		if err := exec("SAVEPOINT rs_probe"); err != nil {
			return nil, nil, err
		}
	}
	columns, err = s.pg.prepare(query, s.types.parameters(env.Parameters))
	if failure, err = serverError(err); err != nil {
		return nil, nil, err
	}
	if block {
		if failure != nil {
			err = exec("ROLLBACK TO SAVEPOINT rs_probe")
		}
		if err = errors.Join(err, exec("RELEASE SAVEPOINT rs_probe")); err != nil {
			return nil, nil, err
		}
	}
	return columns, failure, nil
}

// pass runs a statement on PostgreSQL, with what has to be run before and after it.
func (s *session) pass(q *running, tr dialect.Translation) error {
	failure, err := s.check(tr, s.runSimple)
	if err != nil {
		return err
	}
	if failure != nil {
		return s.refuse(q, failure)
	}
	for _, sql := range tr.Before {
		if err := s.step(q, sql); err != nil || q.failure != nil {
			return err
		}
	}
	if s.interrupted() {
		return s.refuse(q, cancelledError())
	}
	if err := s.pg.send(&pgproto3.Query{String: q.sql}); err != nil {
		return err
	}
	s.pg.flush()
	if _, err := s.relay(q, "Z"); err != nil || q.failure != nil {
		return err
	}
	for _, sql := range tr.After {
		if s.interrupted() {
			return s.refuse(q, cancelledError())
		}
		if err := s.step(q, sql); err != nil || q.failure != nil {
			return err
		}
	}
	if tr.Filled != "" {
		return s.filled(q, tr.Filled)
	}
	return nil
}

// check asks what a statement must not be, and answers the error that it fails with, or nil. The client is told the
// notices that come before it.
func (s *session) check(tr dialect.Translation, run runner) (*pgconn.PgError, error) {
	if s.pg.status == aborted {
		return nil, nil // the statement will fail as well
	}
	for _, c := range tr.Checks {
		rows, err := run(c.Query)
		if pe, err := serverError(err); err != nil || pe != nil {
			return pe, err
		}
		if len(rows) == 0 {
			continue
		}
		for _, text := range c.Notices {
			s.info(text)
		}
		return dialectError(c.Err), nil
	}
	return nil, nil
}

// step runs a statement of ours that is part of the client's.
func (s *session) step(q *running, sql string) error {
	err := s.pg.exec(sql)
	if pe, ok := errors.AsType[*pgconn.PgError](err); ok {
		q.failure = mapError(pe)
		q.failure.Position = 0 // of a text the client does not know
		if errors.Is(err, errBackendGone) {
			return err
		}
		return nil
	}
	return err
}

// refuse fails a statement that PostgreSQL has not seen. A transaction it is in is aborted by it, as by any error.
func (s *session) refuse(q *running, failure *pgconn.PgError) error {
	q.failure = failure
	if s.pg.status != inBlock {
		return nil
	}
	return s.abort()
}

// abort brings PostgreSQL's transaction into the aborted state, with an error nobody is told.
func (s *session) abort() error {
	err := s.pg.exec("refused")
	if _, ok := errors.AsType[*pgconn.PgError](err); ok && !errors.Is(err, errBackendGone) {
		return nil
	}
	return err
}

// transfer runs a COPY or UNLOAD. It runs in the server's name, not the client's: once begun it does not need the
// client any more.
func (s *session) transfer(q *running) error {
	if s.pg.status == aborted {
		q.failure = &pgconn.PgError{
			Severity: "ERROR", Code: "25P02",
			Message: "current transaction is aborted, commands ignored until end of transaction block",
		}
		return nil
	}
	ctx, cancel := context.WithCancelCause(s.server.ctx)
	defer cancel(nil)
	s.setCancel(cancel)
	defer s.setCancel(nil)
	var result Result
	err := s.pg.lend(func(conn *pgconn.PgConn) (err error) {
		result, err = s.server.cfg.Engine.Run(ctx, conn, q.st, Invocation{
			Database: s.database, User: s.user.name, Superuser: s.user.superuser, PID: s.pg.pid, QueryID: q.id, XID: q.xid,
			InTransaction: s.pg.status != idle, CaseSensitive: s.caseSensitive, Masks: s.masks, Names: &s.server.names.Registry,
		})
		return err
	})
	if err != nil {
		q.failure = engineError(ctx, err)
		if errors.Is(err, errBackendGone) || s.server.ctx.Err() != nil {
			return errors.Join(errBackendGone, err)
		}
		if s.pg.status == inBlock {
			return s.abort()
		}
		return nil
	}
	for _, text := range result.Notices {
		s.info(text)
	}
	q.complete, q.rows, q.table = result.Tag, result.Rows, result.Table
	return nil
}

// engineError is the error of a COPY or UNLOAD as the client is told it.
func engineError(ctx context.Context, err error) *pgconn.PgError {
	if errors.Is(context.Cause(ctx), errCancelled) {
		return cancelledError()
	}
	if de, ok := errors.AsType[*dialect.Error](err); ok {
		return dialectError(de)
	}
	if pe, ok := errors.AsType[*pgconn.PgError](err); ok {
		pe = mapError(pe)
		pe.Position = 0 // of a text the client does not know
		return pe
	}
	return &pgconn.PgError{Severity: "ERROR", Code: "XX000", Message: err.Error()}
}

// Whether a statement controls transactions.
type control int

const (
	noControl control = iota
	begins
	ends
)

func transactionControl(st dialect.Statement) control {
	switch st.Verb() {
	case "BEGIN", "START":
		return begins
	case "COMMIT", "END", "ROLLBACK", "ABORT":
		return ends
	default:
		return noControl
	}
}

// asksFor tells what a statement may ask about that we know better than PostgreSQL: the id of the last statement, and
// what the system tables say was run.
func asksFor(st dialect.Statement) (lastID, history bool) {
	for _, t := range st.Tokens {
		if t.Kind != dialect.Word && t.Kind != dialect.QuotedIdent || len(t.Text) < 5 {
			continue
		}
		name := strings.ToLower(strings.Trim(t.Text, `"`))
		lastID = lastID || name == "pg_last_query_id"
		for _, prefix := range []string{"stl_", "svl_", "sys_", "svcs_", "stv_"} {
			history = history || strings.HasPrefix(name, prefix)
		}
	}
	return lastID, history
}

// begin gives a statement its id, and makes it see what it asks for. exec runs a statement of ours.
func (s *session) begin(q *running, exec func(sql string) error) error {
	q.start = time.Now()
	s.defines = s.defines || mayDefine(q.st)
	if s.server.cfg.History == nil {
		return nil
	}
	q.id = s.server.cfg.History.NextID()
	lastID, history := asksFor(q.st)
	if lastID && s.pg.status != aborted {
		if err := exec(fmt.Sprintf("SELECT pg_catalog.set_config('rs.last_query_id', '%d', false)", s.lastQuery.Load())); err != nil {
			return err
		}
	}
	s.lastQuery.Store(q.id)
	s.inTransaction(q)
	if history {
		if err := s.server.cfg.History.Flush(s.server.ctx, s.database); err != nil {
			s.server.cfg.Log.Warn("cannot write the history", "database", s.database, "err", err)
		}
	}
	return nil
}

// inTransaction gives a statement the number of the transaction it is in: the id of the first statement there, which no
// other transaction has or will have. Outside of a block, each statement is one.
func (s *session) inTransaction(q *running) {
	if s.pg.status == idle || s.xid == 0 {
		s.xid = q.id
	}
	q.xid = s.xid
}

// record hands a statement that has ended to the history. err is what ended the session with it, if anything did.
func (s *session) record(q *running, err error) {
	if q.id == 0 {
		return
	}
	if q.verb == "" {
		q.verb = q.st.Verb()
	}
	s.last = time.Now()
	r := Statement{
		ID: q.id, XID: q.xid, Database: s.database, UserID: s.user.oid, PID: s.pg.pid, Text: q.st.Sent(), Verb: q.verb,
		Start: q.start, End: s.last, Rows: q.rows,
	}
	switch {
	case q.failure != nil:
		r.ErrorCode, r.ErrorMessage = q.failure.Code, q.failure.Message
	case err != nil:
		r.ErrorCode, r.ErrorMessage = "57P01", err.Error()
	case q.table.OID != 0:
		r.Table, r.Steps = q.table, steps(q.did, q.rows)
	}
	s.server.cfg.History.Record(r)
}

// clientPosition translates an error's position in what PostgreSQL was sent into one in what the client sent; 0 where
// the two differ before it.
func (q *running) clientPosition(position int32) int32 {
	if position <= 0 {
		return 0
	}
	if q.sql != q.st.Text {
		same := 0
		for same < len(q.sql) && same < len(q.st.Text) && q.sql[same] == q.st.Text[same] {
			same++
		}
		if utf8.RuneCountInString(q.sql[:same]) < int(position) {
			return 0
		}
	}
	return int32(q.st.SentPosition(int(position)) + q.offset)
}
