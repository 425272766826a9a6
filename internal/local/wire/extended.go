package wire

import (
	"errors"
	"fmt"
	"unicode/utf8"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/sealift/sealift/internal/local/dialect"
)

// The extended protocol. A statement that is one statement for PostgreSQL too is prepared, bound and executed there:
// the client's messages are passed on, and how PostgreSQL will answer each of them is kept in session.pending, so that
// it is known when all answers have come. Any other statement (COPY, UNLOAD, what takes several statements) is kept here
// and run by its Execute.
//
// Messages are gathered until a Flush or Sync, and no more than PostgreSQL can take without being read from: otherwise
// both sides could wait for each other.

// gatherLimit is far below what a Unix socket holds.
const gatherLimit = 16 << 10

// prepared is a prepared statement.
type prepared struct {
	st    dialect.Statement
	tr    dialect.Translation
	ours  bool   // run by us at Execute, unknown to PostgreSQL
	table string // that it writes rows of; "" if it writes none
	bound Table  // table as a portal has found it
}

// expected is an answer that PostgreSQL owes.
type expected struct {
	until string // the kinds of message that complete it
	q     *running
	undo  func() // forgets what holds only if PostgreSQL agrees
}

// gather adds a message to those for PostgreSQL, with the answer it will get.
func (s *session) gather(m pgproto3.FrontendMessage, e expected) error {
	s.began = true
	before := len(s.pg.out)
	if err := s.pg.send(m); err != nil {
		return err
	}
	if len(s.pending) > 0 && len(s.pg.out) > gatherLimit {
		// Settle what came before it, then send it alone.
		last := append([]byte(nil), s.pg.out[before:]...)
		s.pg.out = s.pg.out[:before]
		if err := s.settle(); err != nil {
			return err
		}
		if s.skipping {
			e.forget()
			return nil
		}
		s.pg.out = append(s.pg.out, last...)
	}
	s.pending = append(s.pending, e)
	return nil
}

func (e expected) forget() {
	if e.undo != nil {
		e.undo()
	}
}

// settle waits for all answers that PostgreSQL owes, and passes them on. If one of them is an error, the session skips
// to the next Sync.
func (s *session) settle() error {
	if len(s.pending) == 0 {
		return nil
	}
	if err := s.pg.send(&pgproto3.Flush{}); err != nil {
		return err
	}
	return s.receive()
}

func (s *session) receive() error {
	pending := s.pending
	s.pending = s.pending[:0]
	s.pg.flush()
	for i, e := range pending {
		_, err := s.relay(e.q, e.until)
		if e.q.failure != nil {
			s.fail(e.q.failure)
			s.skipping = true
		}
		s.record(e.q, err)
		if err != nil {
			return err
		}
		if e.q.id != 0 && !s.skipping {
			s.follow(e.q.st)
			s.followTransaction(e.q.st)
		}
		if s.skipping { // PostgreSQL skips the rest as well
			for _, e := range pending[i:] {
				e.forget()
			}
			return nil
		}
	}
	return nil
}

func (s *session) settleAndFlush() error {
	if err := s.settle(); err != nil {
		return err
	}
	return s.c.flush()
}

// sync ends a sequence of messages: what was not in a transaction of the client is committed.
func (s *session) sync() error {
	if len(s.pending) > 0 && !s.skipping {
		// The usual case: answers and ReadyForQuery in one go.
		if err := s.pg.send(&pgproto3.Sync{}); err != nil {
			return err
		}
		if err := s.receive(); err != nil {
			return err
		}
	} else {
		s.pending = s.pending[:0]
		if err := s.pg.send(&pgproto3.Sync{}); err != nil {
			return err
		}
		s.pg.flush()
	}
	q := &running{}
	if _, err := s.relay(q, "Z"); err != nil {
		return err
	}
	if q.failure != nil { // what PostgreSQL commits at the end can fail then
		s.fail(q.failure)
	}
	s.skipping, s.began = false, false
	if s.pg.status == idle {
		s.newTransaction()
		clear(s.portals) // they end with their transaction
	}
	return s.ready()
}

// reject answers a message with an error of ours. What PostgreSQL did since the last Sync must fail with it.
func (s *session) reject(failure *pgconn.PgError) error {
	if err := s.settle(); err != nil || s.skipping {
		return err
	}
	s.fail(failure)
	s.skipping = true
	if err := s.pg.send(&pgproto3.Parse{Query: "refused"}); err != nil {
		return err
	}
	if err := s.pg.send(&pgproto3.Flush{}); err != nil {
		return err
	}
	s.pg.flush()
	_, err := s.relay(&running{}, "1")
	return err
}

func (s *session) parse(m *pgproto3.Parse) error {
	if len(m.Query) > maxStatement {
		return s.reject(tooLarge(len(m.Query)))
	}
	statements := dialect.Split(m.Query)
	p := &prepared{tr: dialect.Translation{Action: dialect.Empty}}
	env := s.env()
	env.Parameters = m.ParameterOIDs
	switch {
	case len(statements) > 1:
		return s.reject(&pgconn.PgError{Code: "42601", Message: "cannot insert multiple commands into a prepared statement"})
	case len(statements) == 1:
		st, failure := s.shorten(statements[0])
		if failure != nil {
			return s.reject(failure)
		}
		p.st = st
		p.tr = s.translate(p.st, env)
	}
	if len(p.tr.Laterals)+len(p.tr.Operands) > 0 {
		var err error
		if env, err = s.askInside(p, env); err != nil || s.skipping {
			return err
		}
	}
	if p.tr.Action == dialect.Pass {
		p.table = p.st.Target(s.caseSensitive)
	}
	if p.tr.Action == dialect.Refuse {
		return s.reject(dialectError(p.tr.Err))
	}
	p.ours = p.tr.Action == dialect.Copy || p.tr.Action == dialect.Unload ||
		len(p.tr.Before)+len(p.tr.After)+len(p.tr.Notices) > 0 || p.tr.Commits || p.tr.Filled != ""
	if old := s.prepared[m.Name]; old != nil && m.Name != "" && (old.ours || p.ours) {
		return s.reject(&pgconn.PgError{Code: "42P05", Message: fmt.Sprintf("prepared statement %q already exists", m.Name)})
	}
	if p.ours {
		if err := s.settle(); err != nil || s.skipping {
			return err
		}
		s.prepared[m.Name] = p
		s.c.send(&pgproto3.ParseComplete{})
		return nil
	}
	if err := s.writeInside(p); err != nil || s.skipping {
		return err
	}
	if err := s.knowingInside(p, env); err != nil || s.skipping {
		return err
	}
	m.ParameterOIDs = s.types.parameters(m.ParameterOIDs)
	name, old := m.Name, s.prepared[m.Name]
	s.prepared[name] = p
	return s.gather(&pgproto3.Parse{Name: m.Name, Query: p.tr.SQL, ParameterOIDs: m.ParameterOIDs}, expected{
		until: "1",
		q:     &running{st: p.st, sql: p.tr.SQL, offset: utf8.RuneCountInString(m.Query[:p.st.Pos])},
		undo:  func() { s.prepared[name] = old },
	})
}

// askInside is inline and typing for a statement that is about to be prepared. Amid messages that PostgreSQL runs as one
// transaction, which is none of the client's, an error would undo those before it: there nothing is asked.
func (s *session) askInside(p *prepared, env dialect.Env) (dialect.Env, error) {
	if err := s.settle(); err != nil || s.skipping || s.began && s.pg.status == idle {
		return env, err
	}
	exec := func(sql string) error {
		_, err := s.runInside(sql)
		return err
	}
	env, tr, err := s.inline(p.st, env, p.tr, exec)
	if err == nil && tr.Err == nil {
		env, tr, err = s.typing(p.st, env, tr, exec)
	}
	p.tr = tr
	return env, err
}

// knowingInside is knowing for a statement that is about to be prepared.
func (s *session) knowingInside(p *prepared, env dialect.Env) error {
	tr, pe, err := s.knowing(p.st, env, p.tr, func(sql string) ([][]string, error) { return s.runInside(sql) })
	if pe != nil {
		s.fail(pe)
		s.skipping = true
	}
	p.tr = tr
	return err
}

// A name that is not known here may still be one of PostgreSQL's, made by PREPARE or DECLARE: PostgreSQL decides.

func (s *session) bind(m *pgproto3.Bind) error {
	p := s.prepared[m.PreparedStatement]
	if p == nil || !p.ours {
		if p != nil {
			written, err := s.enterInside(p)
			if err != nil || s.skipping {
				return err
			}
			if written.OID != 0 { // what was prepared once may be bound often
				bound := *p
				bound.bound = written
				p = &bound
			}
			failure, err := s.check(p.tr, s.runInside)
			if err != nil || s.skipping {
				return err
			}
			if failure != nil {
				return s.reject(failure)
			}
		}
		s.portals[m.DestinationPortal] = p
		s.shortValues(p, m.Parameters)
		return s.gather(m, expected{until: "2", q: &running{}})
	}
	if len(m.Parameters) > 0 {
		return s.reject(&pgconn.PgError{Code: "0A000", Message: p.st.Verb() + " does not take parameters"})
	}
	if err := s.settle(); err != nil || s.skipping {
		return err
	}
	s.portals[m.DestinationPortal] = p
	s.c.send(&pgproto3.BindComplete{})
	return nil
}

func (s *session) describe(m *pgproto3.Describe) error {
	p := s.prepared[m.Name]
	if m.ObjectType == 'P' {
		p = s.portals[m.Name]
	}
	if p == nil || !p.ours {
		return s.gather(m, expected{until: "Tn", q: &running{}})
	}
	if err := s.settle(); err != nil || s.skipping {
		return err
	}
	if m.ObjectType == 'S' {
		s.c.send(&pgproto3.ParameterDescription{})
	}
	s.c.send(&pgproto3.NoData{}) // what takes several statements answers no rows
	return nil
}

func (s *session) execute(m *pgproto3.Execute) error {
	p := s.portals[m.Portal]
	if p == nil || p.tr.Action == dialect.Empty {
		return s.gather(m, expected{until: "CIs", q: &running{}})
	}
	q := &running{st: p.st, sql: p.tr.SQL, tag: p.tr.Tag, table: p.bound, described: true}
	if !p.ours {
		if err := s.begin(q, s.execInside); err != nil || s.skipping {
			return err
		}
		return s.gather(m, expected{until: "CIs", q: q})
	}
	if err := s.settle(); err != nil || s.skipping {
		return err
	}
	s.setStepping(true)
	defer s.setStepping(false)
	b := batch{}
	if err := s.run(q, &b, true); err != nil {
		return err
	}
	if b.implicit { // left open by an error
		if err := s.pg.must("ROLLBACK"); err != nil {
			return err
		}
	}
	// The error has been sent, and PostgreSQL has nothing in progress that Sync would commit.
	s.skipping = q.failure != nil
	return nil
}

// execInside runs a statement of ours amid the client's messages. An error of it is the client's.
func (s *session) execInside(sql string) error {
	_, err := s.runInside(sql)
	pe, err := serverError(err)
	if pe != nil {
		s.fail(pe)
		s.skipping = true
	}
	return err
}

// runInside is a runner for amid the client's messages. It does not disturb the unnamed statement and portal, as a simple
// Query would. Within a transaction block PostgreSQL goes on after an error; else it skips, as the session must, to the
// next Sync.
func (s *session) runInside(sqls ...string) (rows [][]string, err error) {
	if err := s.settle(); err != nil || s.skipping {
		return nil, err
	}
	row := collect(&rows)
	s.began = true
	const name = "rs_inside"
	var messages []pgproto3.FrontendMessage
	for _, sql := range sqls {
		messages = append(messages,
			&pgproto3.Close{ObjectType: 'P', Name: name}, &pgproto3.Close{ObjectType: 'S', Name: name}, // left by a failure
			&pgproto3.Parse{Name: name, Query: sql}, &pgproto3.Bind{PreparedStatement: name, DestinationPortal: name},
			&pgproto3.Execute{Portal: name}, &pgproto3.Close{ObjectType: 'P', Name: name}, &pgproto3.Close{ObjectType: 'S', Name: name})
	}
	block := s.pg.status != idle
	if block {
		messages = append(messages, &pgproto3.Sync{})
	} else {
		messages = append(messages, &pgproto3.Flush{})
	}
	for _, m := range messages {
		if err := s.pg.send(m); err != nil {
			return nil, err
		}
	}
	s.pg.flush()
	var failure error
	for closed := 0; block || closed < 4*len(sqls) && failure == nil; {
		kind, n, err := s.pg.frame()
		if err != nil {
			return nil, errors.Join(failure, err)
		}
		body, err := s.pg.read(n)
		if err != nil {
			return nil, errors.Join(failure, err)
		}
		switch kind {
		case 'D':
			if err := row(body); err != nil {
				return nil, err
			}
		case '3':
			closed++
		case 'E':
			if failure, err = readError(body); err != nil {
				return nil, err
			}
		case 'Z':
			s.pg.status = body[0]
			return rows, failure
		}
	}
	return rows, failure
}

// writeInside prepares for a statement that writes a table and commits by itself at the next Sync. PostgreSQL takes a
// snapshot before the lock can be had; read committed lets it take another when the statement runs. For one statement
// that is the only difference.
func (s *session) writeInside(p *prepared) error {
	if p.table == "" || s.pg.status != idle || s.began || s.serializable {
		return nil
	}
	return s.execInside("SET TRANSACTION ISOLATION LEVEL READ COMMITTED")
}

// enterInside is enter for a statement that is about to be bound.
func (s *session) enterInside(p *prepared) (written Table, err error) {
	if s.pg.status == aborted {
		return Table{}, nil
	}
	s.setStepping(true)
	defer s.setStepping(false)
	if err := s.writeInside(p); err != nil || s.skipping {
		return Table{}, err
	}
	written, pe, err := s.enter(p.st, p.table, s.runInside)
	if pe != nil {
		s.fail(pe)
		s.skipping = true
	}
	if err == nil && !s.skipping && s.interrupted() {
		return Table{}, s.reject(cancelledError())
	}
	return written, err
}

func (s *session) close(m *pgproto3.Close) error {
	ours := false
	switch m.ObjectType {
	case 'S':
		p := s.prepared[m.Name]
		ours = p != nil && p.ours
		delete(s.prepared, m.Name)
	case 'P':
		p := s.portals[m.Name]
		ours = p != nil && p.ours
		delete(s.portals, m.Name)
	}
	if !ours {
		return s.gather(m, expected{until: "3", q: &running{}})
	}
	if err := s.settle(); err != nil || s.skipping {
		return err
	}
	s.c.send(&pgproto3.CloseComplete{})
	return nil
}
