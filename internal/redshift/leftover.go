package redshift

import (
	"fmt"
	"regexp"
	"strings"
)

// ShadowsQuery asks for the tables that carry a shadow's comment. ParseShadow reads a row.
func ShadowsQuery() SQL {
	return Build(`SELECT n.nspname, c.relname, d.description
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
JOIN pg_catalog.pg_description d ON d.objoid = c.oid AND d.objsubid = 0
    AND d.classoid IN (SELECT oid FROM pg_catalog.pg_class WHERE relname = 'pg_class')
WHERE c.relkind = 'r' AND SUBSTRING(c.relname, 1, 8) = 'sealift_' AND SUBSTRING(d.description, 1, ?) = ?`,
		Int(len(shadowComment)), Lit(shadowComment))
}

// What a shadow is called and how its comment goes on: anybody may name a table sealift_x, or copy a comment.
var (
	shadowName = regexp.MustCompile(`^sealift_[0-9a-f]{16}_[0-9]+$`)
	shadowRun  = regexp.MustCompile(`^([0-9]{8}T[0-9]{6}Z-[0-9a-f]{4})(,.*)?$`)
)

// Shadow is a table that a run made to fill it, and did not publish.
type Shadow struct {
	Table   Table
	Run     string
	Comment string
}

// ParseShadow reads a row of ShadowsQuery's answer. ok is false for a table that only looks like a shadow.
func ParseShadow(row []*string) (s Shadow, ok bool, err error) {
	if len(row) != 3 || row[0] == nil || row[1] == nil || row[2] == nil {
		return Shadow{}, false, fmt.Errorf("read shadow: %d fields, or a NULL", len(row))
	}
	rest, found := strings.CutPrefix(*row[2], shadowComment)
	run := shadowRun.FindStringSubmatch(rest)
	if !found || run == nil || !shadowName.MatchString(*row[1]) {
		return Shadow{}, false, nil
	}
	s = Shadow{Run: run[1], Comment: *row[2]}
	s.Table, err = NewTable(*row[0], *row[1])
	return s, err == nil, err
}

// OwnSessionsQuery asks for the sessions of this user, this one apart. ParseSession reads a row. A superuser sees
// everybody's (DG r_STV_SESSIONS), and only its own are wanted; user is its name.
func OwnSessionsQuery(user string, self int64) SQL {
	return Build("SELECT process, starttime\nFROM stv_sessions\nWHERE TRIM(user_name) = ? AND process <> ?", Lit(user), Int(self))
}

// UserQuery asks as whom the session is logged in.
func UserQuery() SQL { return Build("SELECT current_user") }

// ConnectionsQuery asks which processes began a session under a name of Sealift's, and when. Only superusers may see it
// (DG r_STL_CONNECTION_LOG), and stv_sessions does not tell a session's application.
func ConnectionsQuery(user string) SQL {
	return Build(`SELECT pid, recordtime, TRIM(application_name)
FROM stl_connection_log
WHERE TRIM(username) = ? AND TRIM(event) = 'authenticated' AND SUBSTRING(application_name, 1, 8) = 'sealift '
ORDER BY recordtime`, Lit(user))
}
