package catalog_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/sealift/sealift/internal/local/catalog"
	"github.com/sealift/sealift/internal/local/dialect"
	"github.com/sealift/sealift/internal/local/pgserver"
)

var (
	postgres  *pgserver.Server
	databases atomic.Int64
)

func TestMain(m *testing.M) {
	os.Exit(run(m))
}

func run(m *testing.M) (code int) {
	check := func(err error) {
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "catalog")
	if check(err); err != nil {
		return code
	}
	defer func() { check(os.RemoveAll(dir)) }()
	postgres, err = pgserver.Start(ctx, pgserver.Options{
		Dir: filepath.Join(dir, "data"), CacheDir: filepath.Join(dir, "cache"), Superuser: "rdsdb", Settings: catalog.Settings(),
	})
	if check(err); err != nil {
		return code
	}
	defer func() { check(postgres.Close()) }()
	if err := bootstrap(ctx); err != nil {
		check(err)
		return code
	}
	return m.Run()
}

var warehouse = catalog.Options{Account: "111111111111", Region: "eu-west-1", Cluster: "source", Slices: 4}

func bootstrap(ctx context.Context) error {
	c, err := postgres.Connect(ctx, "rdsdb", "template1", nil)
	if err != nil {
		return err
	}
	err = catalog.Install(ctx, c, warehouse)
	if err == nil {
		_, err = c.Exec(ctx, "CREATE ROLE awsuser SUPERUSER LOGIN; CREATE ROLE alice LOGIN; CREATE ROLE bob LOGIN; CREATE GROUP readers").ReadAll()
	}
	return errors.Join(err, c.Close(ctx))
}

// session runs statements the way the server does.
type session struct {
	testing.TB
	conn *pgconn.PgConn
	env  dialect.Env
}

// open makes a database and connects to it as awsuser.
func open(tb testing.TB) *session {
	tb.Helper()
	name := fmt.Sprintf("db%d", databases.Add(1))
	execute(tb, "postgres", "CREATE DATABASE "+name)
	return connect(tb, name, "awsuser")
}

// execute runs sql as it stands, as the superuser that owns the server.
func execute(tb testing.TB, database, sql string) [][]string {
	tb.Helper()
	c, err := postgres.Connect(tb.Context(), "rdsdb", database, nil)
	if err != nil {
		tb.Fatal(err)
	}
	results, err := c.Exec(tb.Context(), sql).ReadAll()
	if err := errors.Join(err, c.Close(tb.Context())); err != nil {
		tb.Fatalf("%s: %v", sql, err)
	}
	return text(results[len(results)-1])
}

func connect(tb testing.TB, database, user string) *session {
	tb.Helper()
	conn, err := postgres.Connect(tb.Context(), user, database, nil)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := conn.Close(context.WithoutCancel(tb.Context())); err != nil {
			tb.Error(err)
		}
	})
	return &session{TB: tb, conn: conn, env: dialect.Env{Database: database, User: user}}
}

// try runs every statement of sql and answers the rows of the last one.
func (s *session) try(sql string) ([][]string, error) {
	var rows [][]string
	for _, st := range dialect.Split(sql) {
		env, tr, err := dialect.Inline(st, s.env, dialect.Translate(st, s.env), s.unknown)
		if err != nil {
			return nil, err
		}
		env, tr, err = dialect.Typing(st, env, tr, s.types)
		if err != nil {
			return nil, err
		}
		tr, err = dialect.Knowing(st, env, tr, s.look)
		if err != nil {
			return nil, err
		}
		if tr.Action == dialect.Refuse {
			return nil, tr.Err
		}
		for _, c := range tr.Checks {
			results, err := s.conn.Exec(s.Context(), c.Query).ReadAll()
			if err != nil {
				return nil, mapped(err)
			}
			if len(results[0].Rows) > 0 {
				return nil, c.Err
			}
		}
		block := len(tr.Before)+len(tr.After) > 0 && s.conn.TxStatus() == 'I'
		commands := append(append(append([]string{}, tr.Before...), tr.SQL), tr.After...)
		if block {
			commands = append(append([]string{"BEGIN"}, commands...), "COMMIT")
		}
		for i, command := range commands {
			results, err := s.conn.Exec(s.Context(), command).ReadAll()
			if err != nil {
				if block {
					if _, err := s.conn.Exec(s.Context(), "ROLLBACK").ReadAll(); err != nil {
						s.Fatal(err)
					}
				}
				return nil, mapped(err)
			}
			if at := len(tr.Before); block && i == at+1 || !block && i == at {
				rows = text(results[len(results)-1])
			}
		}
	}
	return rows, nil
}

// look answers a query.
func (s *session) look(query string) (rows [][]string, err error) {
	results, err := s.conn.Exec(s.Context(), query).ReadAll()
	if err != nil {
		return nil, err
	}
	return text(results[0]), nil
}

// unknown is where a query names a column that does not exist, or 0.
func (s *session) unknown(query string) (position int, err error) {
	_, err = s.conn.Prepare(s.Context(), "", query, nil)
	if pe, ok := errors.AsType[*pgconn.PgError](err); ok {
		if pe.Code == "42703" {
			position = int(pe.Position)
		}
		err = nil
	}
	return position, err
}

// types are those of the columns of a query, if PostgreSQL takes it.
func (s *session) types(query string) (types []dialect.ColumnType, err error) {
	d, err := s.conn.Prepare(s.Context(), "", query, nil)
	if _, ok := errors.AsType[*pgconn.PgError](err); ok {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	for _, f := range d.Fields {
		types = append(types, dialect.ColumnType{Name: f.Name, OID: f.DataTypeOID, Modifier: f.TypeModifier})
	}
	return types, nil
}

func mapped(err error) error {
	if pe, ok := errors.AsType[*pgconn.PgError](err); ok {
		e := dialect.Error{Code: pe.Code, Message: pe.Message, Detail: pe.Detail, Hint: pe.Hint}
		if m, ok := dialect.MapError(e, pe.ConstraintName); ok {
			return &m
		}
		return &e
	}
	return err
}

func text(r *pgconn.Result) [][]string {
	rows := make([][]string, len(r.Rows))
	for i, row := range r.Rows {
		for _, v := range row {
			if v == nil {
				rows[i] = append(rows[i], "NULL")
			} else {
				rows[i] = append(rows[i], string(v))
			}
		}
	}
	return rows
}

// run runs statements that must succeed.
func (s *session) run(sql string) [][]string {
	s.Helper()
	rows, err := s.try(sql)
	if err != nil {
		s.Fatalf("%s: %v", sql, err)
	}
	return rows
}

// one is the only value of a query.
func (s *session) one(sql string) string {
	s.Helper()
	rows := s.run(sql)
	if len(rows) != 1 || len(rows[0]) != 1 {
		s.Fatalf("%s: %d rows, want one value: %v", sql, len(rows), rows)
	}
	return rows[0][0]
}

// fails runs statements of which one must fail with code and a message that holds words.
func (s *session) fails(sql, code, words string) {
	s.Helper()
	_, err := s.try(sql)
	e, ok := errors.AsType[*dialect.Error](err)
	if !ok {
		s.Errorf("%s: %v, want an error %s", sql, err, code)
		return
	}
	if e.Code != code || !strings.Contains(e.Message, words) {
		s.Errorf("%s: %s %s, want %s %s", sql, e.Code, e.Message, code, words)
	}
}
