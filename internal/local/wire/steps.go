package wire

import (
	"bytes"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/sealift/sealift/internal/local/dialect"
)

// What a statement wrote is told to the history by table and step (SYS_QUERY_DETAIL), as PostgreSQL knows the table when the
// statement runs: later it may have another name, or be gone. What a statement reads is not told: to ask would cost as much
// as many a query.

// Table is a table as the catalog has it.
type Table struct {
	OID          uint32
	Schema, Name string
}

// Step is a step of a statement.
type Step struct {
	Name string // insert, delete
	Rows int64  // -1 if that is not known
}

// namedTable asks for a table, as found reads the answer.
func namedTable(name string) string {
	return "SELECT * FROM rs.named_table(pg_catalog.to_regclass(" + dialect.QuoteLiteral(name) + "))"
}

// found reads the answer of statements, the last of which asks for a table. There may be none.
func found(rows [][]string, err error) (Table, *pgconn.PgError, error) {
	pe, err := serverError(err)
	if pe != nil || err != nil || len(rows) == 0 {
		return Table{}, pe, err
	}
	last := rows[len(rows)-1]
	if len(last) != 3 || last[0] == "" {
		return Table{}, nil, nil
	}
	oid, err := strconv.ParseUint(last[0], 10, 32)
	return Table{OID: uint32(oid), Schema: last[1], Name: last[2]}, nil, err
}

// filled notes the relation that a statement has made of a query.
func (s *session) filled(q *running, name string) error {
	table, pe, err := found(s.runSimple(namedTable(name)))
	if pe != nil {
		q.failure = mapError(pe)
		q.failure.Position = 0 // of a text the client does not know
	}
	q.table = table
	q.did, _, _ = strings.Cut(q.st.Verb(), " ")
	return err
}

// steps are those of a statement that did something to rows of a table. An update deletes rows and inserts others; of a MERGE
// and a refresh PostgreSQL does not tell how many rows are which.
func steps(did string, rows int64) []Step {
	switch did {
	case "DELETE":
		return []Step{{"delete", rows}}
	case "UPDATE":
		return []Step{{"delete", rows}, {"insert", rows}}
	case "MERGE":
		return []Step{{"delete", -1}, {"insert", -1}}
	case "REFRESH":
		return []Step{{"insert", -1}}
	default:
		return []Step{{"insert", rows}}
	}
}

// tagVerb is the first word of the body of a CommandComplete.
func tagVerb(body []byte) string {
	verb, _, _ := bytes.Cut(bytes.TrimSuffix(body, []byte{0}), []byte{' '})
	return string(verb)
}
