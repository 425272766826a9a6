package wire

import (
	"slices"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/sealift/sealift/internal/local/dialect"
)

// Literals that are written into SUPER columns are translated otherwise than those for other columns, so PostgreSQL is asked
// what columns a table has. A session remembers tables that have none of SUPER, until a statement of any session may have
// changed what tables there are, or which of them a name means.

// maxWithoutSuper is how many tables a session remembers.
const maxWithoutSuper = 256

// withoutSuper are tables that have no SUPER column.
type withoutSuper struct {
	names map[string]bool
	at    int64 // as of which of the server's changes
}

// knowing translates a statement for the columns that it writes literals to. It comes behind enter: to look takes the
// transaction's snapshot. With an error of the statement PostgreSQL's transaction has failed.
func (s *session) knowing(st dialect.Statement, env dialect.Env, tr dialect.Translation, look func(sql string) ([][]string, error),
) (dialect.Translation, *pgconn.PgError, error) {
	if len(tr.Written) == 0 || s.pg.status == aborted {
		return tr, nil, nil
	}
	now := s.server.definitions.Load()
	if now != s.withoutSuper.at || len(s.withoutSuper.names) > maxWithoutSuper {
		s.withoutSuper = withoutSuper{names: map[string]bool{}, at: now}
	}
	if !s.defines && !slices.ContainsFunc(tr.Written, func(name string) bool { return !s.withoutSuper.names[name] }) {
		return tr, nil, nil
	}
	rows := 0
	known, err := dialect.Knowing(st, env, tr, func(sql string) ([][]string, error) {
		found, err := look(sql)
		rows = len(found)
		return found, err
	})
	pe, err := serverError(err)
	if pe != nil {
		pe = mapError(pe)
		pe.Position = 0 // of a text the client does not know
	}
	// A snapshot that is older than the statement may not have what others changed.
	if pe == nil && err == nil && rows == 0 && !s.defines && !s.snapshot && !s.skipping {
		for _, name := range tr.Written {
			s.withoutSuper.names[name] = true
		}
	}
	return known, pe, err
}

// mayDefine tells whether a statement may change what tables there are, what columns they have, or which of them a name means.
func mayDefine(st dialect.Statement) bool {
	switch st.Verb() {
	case "SELECT", "WITH":
		return slices.ContainsFunc(st.Tokens, func(t dialect.Token) bool { return t.Is("INTO") })
	case "INSERT", "UPDATE", "DELETE", "MERGE", "TRUNCATE", "COPY", "UNLOAD", "EXPLAIN", "EXECUTE", "PREPARE", "DEALLOCATE", "DECLARE",
		"FETCH", "CLOSE", "LOCK", "VACUUM", "ANALYZE", "SHOW", "BEGIN", "START", "COMMIT", "END":
		return false
	default:
		return true
	}
}

// tellDefinitions has all sessions look again, before the client knows that its statement is done; while a transaction is
// open that may change tables, after each of its statements.
func (s *session) tellDefinitions() {
	if s.defines {
		s.server.definitions.Add(1)
		s.defines = s.pg.status != idle
	}
}
