package wire

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/sealift/sealift/internal/local/dialect"
	"github.com/sealift/sealift/internal/local/names"
)

// Names that are too long for PostgreSQL (package names). A statement is run with the short ones in place of its long ones, and
// in what is sent to the client the long ones are put back. The long names of all databases are kept in the database that nobody
// else connects to, by a transaction of their own before the statement runs: one that is rolled back leaves a name that nothing has.
//
// A server that has been given no long name does nothing for it: rows are passed on as they are.

// longNames are the long names of a server.
type longNames struct {
	names.Registry

	mu     sync.Mutex // held while names are read or kept
	loaded bool
	table  bool // where they are kept is there
}

// load makes the names known that were kept earlier.
func (l *longNames) load(ctx context.Context, a *admin) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.loaded {
		return nil
	}
	rows, err := a.query(ctx, "SELECT FROM pg_catalog.pg_class WHERE oid = pg_catalog.to_regclass('public.long_name')")
	if err == nil && len(rows) > 0 {
		l.table = true
		rows, err = a.query(ctx, "SELECT name FROM public.long_name")
		long := make([]string, len(rows))
		for i, row := range rows {
			long[i] = string(row[0])
		}
		l.Add(long...)
	}
	if err != nil {
		return fmt.Errorf("read the long names: %w", err)
	}
	l.loaded = true
	return nil
}

// learn keeps names and makes them known.
func (l *longNames) learn(ctx context.Context, a *admin, long []string) error {
	unknown := func(name string) bool { return !l.Known(name) }
	if !slices.ContainsFunc(long, unknown) {
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.table {
		if _, err := a.query(ctx, "CREATE TABLE IF NOT EXISTS public.long_name (name text PRIMARY KEY)"); err != nil {
			return fmt.Errorf("keep long names: %w", err)
		}
		l.table = true
	}
	for _, name := range long {
		if !unknown(name) {
			continue
		}
		if _, err := a.query(ctx, "INSERT INTO public.long_name VALUES ($1) ON CONFLICT DO NOTHING", name); err != nil {
			return fmt.Errorf("keep a long name: %w", err)
		}
		l.Add(name)
	}
	return nil
}

// shorten is a statement as it is to be run.
func (s *session) shorten(st dialect.Statement) (dialect.Statement, *pgconn.PgError) {
	l := &s.server.names
	st, long := dialect.Shorten(st, s.caseSensitive, l.Known)
	if err := l.learn(s.server.ctx, &s.server.admin, long); err != nil {
		return st, &pgconn.PgError{Severity: "ERROR", Code: "58030", Message: err.Error()}
	}
	return st, nil
}

// shortValues puts short names in place of the values of parameters that mean names.
func (s *session) shortValues(p *prepared, values [][]byte) {
	if p == nil || !s.server.names.Any() {
		return
	}
	for i, value := range values {
		if len(value) > names.Kept && !slices.Contains(value, 0) { // no text has such a byte
			values[i] = []byte(p.st.ShortValue(string(value), s.server.names.Known))
		}
	}
}

// info tells the client something.
func (s *session) info(text string) { s.c.send(info(s.server.names.Long(text))) }

// putLong puts the long names into texts of an error or a notice.
func (s *session) putLong(texts ...*string) {
	for _, text := range texts {
		*text = s.server.names.Long(*text)
	}
}

// longColumns puts them into the body of a RowDescription that rowDescription of the types has read.
func (s *session) longColumns(body []byte) ([]byte, error) {
	l := &s.server.names
	if !l.Any() {
		return body, nil
	}
	var m pgproto3.RowDescription
	if err := m.Decode(body); err != nil {
		return nil, err
	}
	for i, f := range m.Fields {
		m.Fields[i].Name = []byte(l.Long(string(f.Name)))
	}
	out, err := m.Encode(nil)
	if err != nil {
		return nil, err
	}
	return out[5:], nil
}

// longRows passes the rows on that are in the next n bytes.
func (s *session) longRows(n int) error {
	for n > 0 {
		_, body, err := s.pg.frame()
		if err != nil {
			return err
		}
		row, err := s.pg.read(body)
		if err != nil {
			return err
		}
		if err := s.longRow(row); err != nil {
			return err
		}
		n -= 5 + body
	}
	return nil
}

// longRow passes one row on, with the long names in its values.
func (s *session) longRow(body []byte) error {
	var m pgproto3.DataRow
	if err := m.Decode(body); err != nil {
		return err
	}
	longer := false
	for i, value := range m.Values {
		if long, changed := s.server.names.Value(value); changed {
			m.Values[i], longer = long, true
		}
	}
	if longer {
		out, err := m.Encode(nil)
		if err != nil {
			return err
		}
		body = out[5:]
	}
	s.forward('D', body)
	return nil
}
