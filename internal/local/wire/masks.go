package wire

import (
	"errors"

	"github.com/jackc/pgx/v5/pgconn"
)

// Masking policies are applied by the server: a session knows what its user reads in place of relations, and looks it up anew
// after a statement, of any session, that may have changed it. A transaction that is under way goes on with what it knows.

// lookForMasks is for between the client's messages, before a statement is translated.
func (s *session) lookForMasks() error {
	now := s.server.masks.Load()
	if now == s.masksAt || s.pg.status != idle || s.began {
		return nil
	}
	var rows [][][]byte
	err := s.pg.lend(func(conn *pgconn.PgConn) error {
		result := conn.ExecParams(s.server.ctx, "SELECT relation, alone, source FROM rs.masks()", nil, nil, nil, nil).Read()
		rows = result.Rows
		return result.Err
	})
	if pe, ok := errors.AsType[*pgconn.PgError](err); ok && (pe.Code == "3F000" || pe.Code == "42883") {
		err = nil // a database that has nothing of Redshift's has no masks
	}
	if err != nil {
		return err
	}
	s.masksAt, s.masks = now, nil
	if len(rows) > 0 {
		s.server.masked.Store(true)
	}
	for _, row := range rows {
		if s.masks == nil {
			s.masks = map[string]string{}
		}
		name, source := string(row[0]), string(row[2])
		s.masks[name] = source
		if string(row[1]) == "t" {
			s.masks[name[lastName(name):]] = source
		}
	}
	s.shapes.forget()
	return nil
}

// tellMasks has all sessions look again, once what this one did is committed.
func (s *session) tellMasks() {
	if s.masksDiffer && s.pg.status == idle {
		s.masksDiffer = false
		s.server.masked.Store(true)
		s.server.masks.Add(1)
	}
}

// lastName is where the last of two names in quotes begins.
func lastName(name string) int {
	for i := 1; i < len(name); i++ {
		if name[i] == '"' {
			if i+1 < len(name) && name[i+1] == '"' {
				i++
				continue
			}
			return i + 2
		}
	}
	return 0
}

// changesMasks tells whether what a statement does may change what somebody reads in place of a relation.
func (s *session) changesMasks(verb string) bool {
	switch verb {
	case "ATTACH", "DETACH":
		return true
	case "ALTER MASKING POLICY", "GRANT", "REVOKE", "ALTER GROUP", "ALTER TABLE", "ALTER SCHEMA", "SET", "RESET":
		return s.masks != nil || s.server.masked.Load()
	default:
		return false
	}
}
