package wire

import (
	"context"
	"encoding/binary"
	"fmt"
	"slices"
	"strconv"
	"sync"

	"github.com/jackc/pgx/v5/pgconn"
)

// redshiftTypes are the types PostgreSQL lacks, under the numbers Redshift gives them. The stand-in's own types of
// these names have other numbers in PostgreSQL, which clients must not see.
var redshiftTypes = map[string]uint32{
	"geometry":               3000,
	"geography":              3001,
	"super":                  4000,
	"varbyte":                6551,
	"interval_year_to_month": 1188,
	"interval_day_to_second": 1190,
}

// Redshift has no TEXT: what is declared or computed as text is a VARCHAR (Database Developer Guide, Character types).
const (
	oidText    = 25
	oidVarchar = 1043
)

// typeMap translates type numbers between PostgreSQL and Redshift.
type typeMap struct {
	toRedshift map[uint32]uint32
	toPostgres map[uint32]uint32
}

// typeMaps keeps the map of each database.
type typeMaps struct {
	mu   sync.Mutex // guards maps
	maps map[string]*typeMap
}

// of answers the map of the database that conn is connected to.
func (t *typeMaps) of(ctx context.Context, database string, b *backend) (*typeMap, error) {
	t.mu.Lock()
	m := t.maps[database]
	t.mu.Unlock()
	if m != nil {
		return m, nil
	}
	m = &typeMap{toRedshift: map[uint32]uint32{oidText: oidVarchar}, toPostgres: map[uint32]uint32{}}
	err := b.lend(func(conn *pgconn.PgConn) error { //nolint:contextcheck // what cancels a statement must outlive its context
		rows, err := conn.Exec(ctx, "SELECT oid, typname FROM pg_catalog.pg_type WHERE typtype = 'b' AND oid >= 16384").ReadAll()
		if err != nil {
			return err
		}
		for _, row := range rows[0].Rows {
			redshift, ok := redshiftTypes[string(row[1])]
			if !ok {
				continue
			}
			oid, err := strconv.ParseUint(string(row[0]), 10, 32)
			if err != nil {
				return err
			}
			m.toRedshift[uint32(oid)] = redshift
			m.toPostgres[redshift] = uint32(oid)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read the types of database %s: %w", database, err)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.maps == nil {
		t.maps = map[string]*typeMap{}
	}
	t.maps[database] = m
	return m, nil
}

// rowDescription translates the type numbers in the body of a RowDescription, in place.
func (m *typeMap) rowDescription(body []byte) error {
	if len(body) < 2 {
		return errShortMessage
	}
	n := int(binary.BigEndian.Uint16(body))
	rest := body[2:]
	for range n {
		end := 0
		for end < len(rest) && rest[end] != 0 {
			end++
		}
		// After the name: table (4), column (2), type (4), length (2), modifier (4), format (2).
		if len(rest) < end+19 {
			return errShortMessage
		}
		m.replace(rest[end+7:])
		rest = rest[end+19:]
	}
	return nil
}

// parameterDescription translates the type numbers in the body of a ParameterDescription, in place.
func (m *typeMap) parameterDescription(body []byte) error {
	if len(body) < 2 || len(body) != 2+4*int(binary.BigEndian.Uint16(body)) {
		return errShortMessage
	}
	for rest := body[2:]; len(rest) > 0; rest = rest[4:] {
		m.replace(rest)
	}
	return nil
}

// parameters are PostgreSQL's numbers of the types that a client gives its parameters.
func (m *typeMap) parameters(oids []uint32) []uint32 {
	oids = slices.Clone(oids)
	for i, oid := range oids {
		if to, ok := m.toPostgres[oid]; ok {
			oids[i] = to
		}
	}
	return oids
}

func (m *typeMap) replace(oid []byte) {
	if to, ok := m.toRedshift[binary.BigEndian.Uint32(oid)]; ok {
		binary.BigEndian.PutUint32(oid, to)
	}
}

var errShortMessage = fmt.Errorf("%w: it sent a message that is too short", errBackendGone)
