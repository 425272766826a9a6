package redshift

import (
	"errors"
	"fmt"
)

// OwnSessionQuery asks who this session is, by the table that others find it in. ParseSession reads the answer.
func OwnSessionQuery() SQL {
	return Build("SELECT process, starttime\nFROM stv_sessions\nWHERE process = pg_backend_pid()")
}

// SessionsQuery asks for the sessions that this user may see: its own, and a superuser all. ParseSession reads a row.
func SessionsQuery() SQL { return Build("SELECT process, starttime\nFROM stv_sessions") }

// TerminateQuery ends a session: what it has not committed is rolled back.
func TerminateQuery(pid int64) SQL { return Build("SELECT pg_terminate_backend(?)", Int(pid)) }

// ParseSession reads a server process and when it began, in the server's own words.
func ParseSession(row []*string) (pid int64, began string, err error) {
	if len(row) != 2 || row[1] == nil {
		return 0, "", errors.New("read session: not a process and a time")
	}
	if pid, err = parseInt(row[0]); err != nil {
		return 0, "", fmt.Errorf("read session: %w", err)
	}
	return pid, *row[1], nil
}

// ShadowComment is the comment that a run's shadow carries, by which a leftover is known for what it is, and a process
// knows its own from another's of the same run. ParseShadow reads it.
func ShadowComment(run, holder string) string { return shadowComment + run + ", process " + holder }

const shadowComment = "sealift shadow of run "

// OtherComment counts the tables of a name whose comment is another: 0 if the table has the comment.
func OtherComment(t Table, comment SQL) SQL {
	return Build(`SELECT COUNT(*)
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_catalog.pg_description d ON d.objoid = c.oid AND d.objsubid = 0
    AND d.classoid IN (SELECT oid FROM pg_catalog.pg_class WHERE relname = 'pg_class')
WHERE n.nspname = ? AND c.relname = ? AND c.relkind = 'r' AND COALESCE(d.description, '') <> ?`, Lit(t.Schema.name), Lit(t.Name.name), comment)
}
