package redshiftdata

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"

	"github.com/sealift/sealift/internal/local/aws/awserr"
	"github.com/sealift/sealift/internal/local/aws/iam"
)

// What the API tells about databases, schemas and tables: as much as the user sees.

// maxListed is how many things a listing shows at most (API model redshift-data, PageSize).
const maxListed = 1000

// look runs a query of the service's own and answers its rows.
func (s *Service) look(ctx context.Context, id *iam.Identity, action string, a at, sql string, args ...string) ([][]string, error) {
	e, err := s.enter(ctx, id, action, a)
	if err != nil {
		return nil, err
	}
	conn, err := s.open(ctx, e)
	if err != nil {
		return nil, awserr.New(http.StatusInternalServerError, "DatabaseConnectionException", "%v", err)
	}
	defer closeConn(conn) //nolint:contextcheck // has a time limit of its own
	values := make([][]byte, len(args))
	for i, a := range args {
		values[i] = []byte(a)
	}
	result := conn.ExecParams(ctx, sql, values, nil, nil, nil).Read()
	if result.Err != nil {
		return nil, invalid("%v", result.Err)
	}
	rows := make([][]string, len(result.Rows))
	for i, row := range result.Rows {
		for _, v := range row {
			rows[i] = append(rows[i], string(v))
		}
	}
	return rows, nil
}

type listDatabasesIn struct {
	at
	MaxResults int
	NextToken  string
}

func (s *Service) listDatabases(ctx context.Context, id *iam.Identity, in listDatabasesIn) (any, error) {
	rows, err := s.look(ctx, id, "ListDatabases", in.at, "SELECT datname FROM pg_catalog.pg_database WHERE datallowconn AND NOT datistemplate AND datname <> 'postgres' ORDER BY 1")
	if err != nil {
		return nil, err
	}
	page, next, err := paged(firsts(rows), in.NextToken, in.MaxResults, maxListed)
	return struct {
		Databases []string
		NextToken string `json:",omitempty"`
	}{page, next}, err
}

func firsts(rows [][]string) []string {
	all := make([]string, len(rows))
	for i, row := range rows {
		all[i] = row[0]
	}
	return all
}

type listSchemasIn struct {
	at
	ConnectedDatabase string
	SchemaPattern     string
	MaxResults        int
	NextToken         string
}

func pattern(p string) string {
	if p == "" {
		return "%"
	}
	return p
}

// elsewhere refuses to look into another database than the one that is connected to.
func elsewhere(a at, connected string) error {
	if connected != "" && connected != a.Database {
		return awserr.NotImitated("ConnectedDatabase other than Database, in redshift-data")
	}
	return nil
}

func (s *Service) listSchemas(ctx context.Context, id *iam.Identity, in listSchemasIn) (any, error) {
	if err := elsewhere(in.at, in.ConnectedDatabase); err != nil {
		return nil, err
	}
	rows, err := s.look(ctx, id, "ListSchemas", in.at, `SELECT nspname FROM pg_catalog.pg_namespace
WHERE nspname LIKE $1 AND nspname NOT LIKE 'pg_toast%' AND nspname NOT LIKE 'pg_temp%' ORDER BY 1`, pattern(in.SchemaPattern))
	if err != nil {
		return nil, err
	}
	page, next, err := paged(firsts(rows), in.NextToken, in.MaxResults, maxListed)
	return struct {
		Schemas   []string
		NextToken string `json:",omitempty"`
	}{page, next}, err
}

type listTablesIn struct {
	at
	ConnectedDatabase string
	SchemaPattern     string
	TablePattern      string
	MaxResults        int
	NextToken         string
}

type tableMember struct {
	Name   string `json:"name"`
	Schema string `json:"schema"`
	Type   string `json:"type"`
}

func (s *Service) listTables(ctx context.Context, id *iam.Identity, in listTablesIn) (any, error) {
	if err := elsewhere(in.at, in.ConnectedDatabase); err != nil {
		return nil, err
	}
	rows, err := s.look(ctx, id, "ListTables", in.at, `SELECT c.relname, n.nspname,
  CASE WHEN n.nspname IN ('pg_catalog', 'information_schema') THEN 'SYSTEM ' ELSE '' END || CASE c.relkind WHEN 'v' THEN 'VIEW' ELSE 'TABLE' END
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'v') AND n.nspname LIKE $1 AND c.relname LIKE $2 AND n.nspname NOT LIKE 'pg_temp%' ORDER BY 2, 1`,
		pattern(in.SchemaPattern), pattern(in.TablePattern))
	if err != nil {
		return nil, err
	}
	all := make([]tableMember, len(rows))
	for i, row := range rows {
		all[i] = tableMember{row[0], row[1], row[2]}
	}
	page, next, err := paged(all, in.NextToken, in.MaxResults, maxListed)
	return struct {
		Tables    []tableMember
		NextToken string `json:",omitempty"`
	}{page, next}, err
}

type describeTableIn struct {
	at
	ConnectedDatabase string
	Schema            string
	Table             string
	MaxResults        int
	NextToken         string
}

func (s *Service) describeTable(ctx context.Context, id *iam.Identity, in describeTableIn) (any, error) {
	if err := elsewhere(in.at, in.ConnectedDatabase); err != nil {
		return nil, err
	}
	if in.Schema == "" {
		in.Schema = "public"
	}
	rows, err := s.look(ctx, id, "DescribeTable", in.at, `SELECT a.attname, t.typname, a.atttypid, a.atttypmod, a.attnotnull
FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_class c ON c.oid = a.attrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
WHERE n.nspname = $1 AND c.relname = $2 AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum`, in.Schema, in.Table)
	if err != nil {
		return nil, err
	}
	all := make([]column, len(rows))
	for i, row := range rows {
		oid, err1 := strconv.ParseUint(row[2], 10, 32)
		modifier, err2 := strconv.ParseInt(row[3], 10, 32)
		if err := errors.Join(err1, err2); err != nil {
			return nil, fmt.Errorf("read the type of column %s: %w", row[0], err)
		}
		all[i] = describeColumn(row[0], uint32(oid), int32(modifier))
		all[i].SchemaName, all[i].TableName = in.Schema, in.Table
		if kinds[uint32(oid)].name == "" {
			all[i].TypeName = row[1] // SUPER and the like have other numbers in PostgreSQL than at the wire
		}
		if row[4] == "t" {
			all[i].Nullable = 0
		}
	}
	page, next, err := paged(all, in.NextToken, in.MaxResults, maxListed)
	return struct {
		TableName  string
		ColumnList []column
		NextToken  string `json:",omitempty"`
	}{in.Table, page, next}, err
}
