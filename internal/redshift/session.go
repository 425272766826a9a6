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

// ShadowComment is the comment that a run's shadow carries, by which a leftover is known for what it is.
func ShadowComment(run string) string { return shadowComment + run }

const shadowComment = "sealift shadow of run "
