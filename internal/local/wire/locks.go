package wire

import (
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/sealift/sealift/internal/local/dialect"
)

// Transactions of Redshift where they differ from PostgreSQL's (Database Developer Guide, Isolation levels in Amazon
// Redshift; Write and read/write operations; LOCK):
//
//   - One transaction at a time writes a table. Others that want to wait for its end, readers do not. PostgreSQL's lock
//     for that is SHARE ROW EXCLUSIVE. It is taken before the statement's snapshot, so that a statement that commits by
//     itself sees what it waited for.
//   - A relation made, or given its name, after the transaction's snapshot is error 1018. PostgreSQL would find it, and
//     no row in it.
//
// The rest is PostgreSQL's own: SNAPSHOT is its repeatable read, SERIALIZABLE its serializable, which locks what a scan
// reads as a whole; snapshots begin with the first statement that needs one, which neither BEGIN nor LOCK does; deadlocks
// are found.

// runner runs statements of ours, one after the other, as a part of the session's transaction. An error of theirs is a
// *pgconn.PgError, any other ends the session. rows are what they answered, NULL as "".
type runner func(sqls ...string) (rows [][]string, err error)

// runSimple is a runner for between messages of the client.
func (s *session) runSimple(sqls ...string) ([][]string, error) {
	return s.pg.look(strings.Join(sqls, "; "))
}

// lockForWrite makes the session's transaction the only one that writes to a table. It waits for others. In a block a
// failure is contained, unless it is one of waiting: what is wrong with the table, the statement itself will say better.
func (s *session) lockForWrite(table string, run runner) (Table, *pgconn.PgError, error) {
	byFunction := "SELECT FROM rs.lock_for_write(pg_catalog.to_regclass(" + dialect.QuoteLiteral(table) + "))"
	if s.pg.status != inBlock { // within a sequence of the extended protocol
		return found(run(byFunction, namedTable(table)))
	}
	locked, pe, err := found(run("SAVEPOINT rs_lock", "LOCK TABLE "+table+" IN SHARE ROW EXCLUSIVE MODE", "RELEASE SAVEPOINT rs_lock",
		namedTable(table)))
	if pe == nil || err != nil {
		return locked, nil, err
	}
	after := []string{"ROLLBACK TO SAVEPOINT rs_lock", "RELEASE SAVEPOINT rs_lock"}
	if isOfWaiting(pe.Code) {
		// An error outside of the savepoint gives back what the transaction has locked, for which others may wait.
		if _, err := run(after...); err != nil {
			return Table{}, pe, fatal(err)
		}
		_, err := run("refused")
		return Table{}, pe, fatal(err)
	}
	if pe.Code == "42501" { // insufficient_privilege: one who may only insert
		after = append(after, byFunction, namedTable(table))
	}
	return found(run(after...))
}

// isOfWaiting tells whether an error is one of waiting for a lock: a deadlock, a timeout, a cancellation.
func isOfWaiting(code string) bool {
	return code == "40P01" || code == "55P03" || strings.HasPrefix(code, "57")
}

// serverError takes the errors of statements from those that end the session.
func serverError(err error) (*pgconn.PgError, error) {
	if pe, ok := errors.AsType[*pgconn.PgError](err); ok && !errors.Is(err, errBackendGone) {
		return pe, nil
	}
	return nil, err
}

// fatal is err if it ends the session, else nil.
func fatal(err error) error {
	_, err = serverError(err)
	return err
}

// checkSnapshot fails a statement that names a relation which its transaction's snapshot does not have: error 1018.
func (s *session) checkSnapshot(st dialect.Statement, run runner) (*pgconn.PgError, error) {
	if s.pg.status != inBlock || !s.snapshot {
		return nil, nil
	}
	var unknown []string
	for _, name := range st.Relations(s.caseSensitive) {
		if !s.seen[name] {
			unknown = append(unknown, dialect.QuoteLiteral(name))
			s.seen[name] = true
		}
	}
	if len(unknown) == 0 {
		return nil, nil
	}
	// A name is looked up as of now, the table is read as of the snapshot.
	rows, err := run(fmt.Sprintf(`SELECT FROM pg_catalog.unnest(ARRAY[%s]) AS n (name) CROSS JOIN LATERAL pg_catalog.to_regclass(n.name) AS r (oid)
		WHERE r.oid IS NOT NULL AND NOT EXISTS (SELECT FROM pg_catalog.pg_class c WHERE c.oid = r.oid
			AND c.relname = (pg_catalog.parse_ident(n.name))[pg_catalog.array_upper(pg_catalog.parse_ident(n.name), 1)])`,
		strings.Join(unknown, ", ")))
	pe, err := serverError(err)
	if pe == nil && err == nil && len(rows) > 0 {
		pe = &pgconn.PgError{Severity: "ERROR", Code: "XX000", Message: "1018", Detail: "Relation does not exist"}
		if _, err := run("refused"); fatal(err) != nil { // as any error does, it fails the transaction
			return nil, fatal(err)
		}
	}
	return pe, err
}

// enter prepares the session's transaction for a statement that writes to a table, if table is not "", and answers which that
// is. With an error of the statement PostgreSQL's transaction has failed.
func (s *session) enter(st dialect.Statement, table string, run runner) (written Table, pe *pgconn.PgError, err error) {
	pe, err = s.checkSnapshot(st, run)
	if pe == nil && err == nil && table != "" && !s.skipping {
		written, pe, err = s.lockForWrite(table, run)
	}
	if pe != nil {
		pe = mapError(pe)
		pe.Position = 0 // of a text the client does not know
	}
	return written, pe, err
}

// newTransaction forgets what the last transaction has seen.
func (s *session) newTransaction() {
	s.snapshot = false
	clear(s.seen)
}

// followTransaction notices when a transaction takes its snapshot.
func (s *session) followTransaction(st dialect.Statement) {
	s.snapshot = s.snapshot || s.pg.status == inBlock && takesSnapshot(st)
}

// takesSnapshot tells whether a statement makes its transaction take its snapshot (Database Developer Guide, Isolation
// levels): those that read or write tables and those that define them do, those that only set something up do not.
func takesSnapshot(st dialect.Statement) bool {
	switch verb, _, _ := strings.Cut(st.Verb(), " "); verb {
	case "BEGIN", "START", "COMMIT", "END", "ROLLBACK", "ABORT", "LOCK", "SET", "RESET", "SHOW", "DEALLOCATE", "PREPARE":
		return false
	default:
		return true
	}
}
