package clients

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/lib/pq"

	_ "github.com/jackc/pgx/v5/stdlib" // the database/sql form of pgx
)

// TestDatabaseSQL: lib/pq and pgx behind Go's database/sql.
//
//standin:imitates clients: lib/pq | lib/pq 1.12
//standin:imitates clients: pgx through database/sql | pgx 5
func TestDatabaseSQL(t *testing.T) {
	t.Parallel()
	for name, schema := range map[string]string{"postgres": "lib_pq", "pgx": "pgx_stdlib"} {
		t.Run(schema, func(t *testing.T) {
			t.Parallel()
			conn := prepare(t, schema)
			db, err := sql.Open(name, standin.Var("REDSHIFT_SOURCE_URL"))
			if err != nil {
				t.Fatal(err)
			}
			defer func() {
				if err := db.Close(); err != nil {
					t.Error(err)
				}
			}()
			got, err := databaseSQL(t.Context(), db, schema)
			if err != nil {
				t.Errorf("%s: %v", got, err)
			}
			check(t, conn, schema, got)
		})
	}
}

// databaseSQL does what every driver does.
func databaseSQL(ctx context.Context, db *sql.DB, schema string) (printed string, err error) {
	var b strings.Builder
	c, err := db.Conn(ctx)
	if err != nil {
		return "", err
	}
	defer func() {
		if closing := c.Close(); !errors.Is(closing, driver.ErrBadConn) { // a cancelled query takes pgx's connection with it
			err = errors.Join(err, closing)
		}
	}()
	if _, err := c.ExecContext(ctx, "set search_path to "+schema); err != nil {
		return "", err
	}
	var version, text string
	if err := errors.Join(c.QueryRowContext(ctx, "show server_version").Scan(&version), c.QueryRowContext(ctx, "select version()").Scan(&text)); err != nil {
		return "", err
	}
	fmt.Fprintf(&b, "server %s %s\n", version, map[bool]string{true: "Redshift"}[strings.Contains(text, "Redshift")])

	var (
		small  int16
		normal int32
		big    int64
		number string
		single float32
		double float64
		yes    bool
		day    time.Time
		at     time.Time
		fixed  string
		varied string
		none   sql.NullInt32
	)
	if err := c.QueryRowContext(ctx, typesQuery).Scan(&small, &normal, &big, &number, &single, &double, &yes, &day, &at, &fixed, &varied, &none); err != nil {
		return b.String(), err
	}
	fmt.Fprintf(&b, "types %d %d %d %s %v %v %v %s %s [%s] [%s] %s\n", small, normal, big, number, single, double, yes,
		day.Format(time.DateOnly), at.Format("2006-01-02 15:04:05.000"), fixed, varied, map[bool]string{false: "null"}[none.Valid])

	if err := preparedTwice(ctx, c, &b); err != nil {
		return b.String(), err
	}

	rows, err := c.QueryContext(ctx, "select n, 'some text that makes the row longer' from numbers")
	if err != nil {
		return b.String(), err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	var count, sum int64
	for rows.Next() {
		var n int64
		if err := rows.Scan(&n, &text); err != nil {
			return b.String(), err
		}
		count, sum = count+1, sum+n
	}
	if err := rows.Err(); err != nil {
		return b.String(), err
	}
	fmt.Fprintf(&b, "rows %d %d\n", count, sum)

	_, err = c.ExecContext(ctx, "select * from nowhere")
	fmt.Fprintf(&b, "error %s\n", sqlstate(err))
	var n int
	if err := c.QueryRowContext(ctx, "select 1").Scan(&n); err != nil {
		return b.String(), err
	}
	fmt.Fprintf(&b, "alive %d\n", n)

	for _, end := range []string{"rollback", "commit"} {
		tx, err := c.BeginTx(ctx, nil)
		if err != nil {
			return b.String(), err
		}
		for _, statement := range []string{"create table kept (n int)", "insert into kept values (1), (2)"} {
			if _, err := tx.ExecContext(ctx, statement); err != nil {
				return b.String(), errors.Join(err, tx.Rollback())
			}
		}
		if finish := map[string]func() error{"rollback": tx.Rollback, "commit": tx.Commit}[end]; finish() != nil {
			return b.String(), errors.New(end)
		}
		sql := "select count(*) from kept"
		if end == "rollback" {
			sql = "select count(*) from svv_tables where table_name = 'kept' and table_schema = '" + schema + "'"
		}
		if err := c.QueryRowContext(ctx, sql).Scan(&n); err != nil {
			return b.String(), err
		}
		fmt.Fprintf(&b, "%s %d\n", end, n)
	}

	short, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	_, err = c.ExecContext(short, "/* "+schema+" */ "+longQuery)
	// A driver that gives up at the deadline answers that; the stand-in knows whether it was told.
	if code := sqlstate(err); code == "57014" || errors.Is(err, context.DeadlineExceeded) {
		fmt.Fprintf(&b, "cancelled 57014\n")
	} else {
		return b.String(), fmt.Errorf("cancel: %w", err)
	}
	return b.String(), nil
}

// preparedTwice runs a prepared statement twice. It closes it, which cannot wait until its connection was cancelled.
func preparedTwice(ctx context.Context, c *sql.Conn, b *strings.Builder) (err error) {
	st, err := c.PrepareContext(ctx, "select $1::int + 1, $2::varchar(20)")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, st.Close()) }()
	for _, args := range [][]any{{41, "héllo"}, {42, nil}} {
		var n int
		var s sql.NullString
		if err := st.QueryRowContext(ctx, args...).Scan(&n, &s); err != nil {
			return err
		}
		if !s.Valid {
			s.String = "null"
		}
		fmt.Fprintf(b, "prepared %d %s\n", n, s.String)
	}
	return nil
}

func sqlstate(err error) string {
	if pe, ok := errors.AsType[*pq.Error](err); ok {
		return string(pe.Code)
	}
	if pe, ok := errors.AsType[*pgconn.PgError](err); ok {
		return pe.Code
	}
	return fmt.Sprint(err)
}

// TestPgxModes: pgx by itself, in every way it can send a query with arguments. Its simple protocol with arguments refuses
// by itself a server that does not report standard_conforming_strings, as the real one.
//
//standin:imitates clients: pgx in its query modes | pgx 5, conn.go
func TestPgxModes(t *testing.T) {
	t.Parallel()
	conn, err := pgx.Connect(t.Context(), standin.Var("REDSHIFT_SOURCE_URL"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := conn.Close(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
	}()
	for _, mode := range []pgx.QueryExecMode{pgx.QueryExecModeCacheStatement, pgx.QueryExecModeCacheDescribe, pgx.QueryExecModeDescribeExec, pgx.QueryExecModeExec} {
		var n int64
		var text string
		var day time.Time
		err := conn.QueryRow(t.Context(), "select $1::bigint * 2, $2::varchar || '!', $3::date + 1", mode, int64(21), `back\slash 'q'`, time.Date(2024, 2, 28, 0, 0, 0, 0, time.UTC)).Scan(&n, &text, &day)
		if err != nil || n != 42 || text != `back\slash 'q'!` || day.Format(time.DateOnly) != "2024-02-29" {
			t.Errorf("%s: %d %q %v %v", mode, n, text, day, err)
		}
	}
	var n int
	err = conn.QueryRow(t.Context(), "select $1::int", pgx.QueryExecModeSimpleProtocol, 1).Scan(&n)
	if err == nil || !strings.Contains(err.Error(), "standard_conforming_strings") {
		t.Errorf("simple protocol with arguments: %v", err)
	}
	batch := &pgx.Batch{}
	batch.Queue("select 1")
	batch.Queue("select $1::int", 2)
	batch.Queue("select 1 / $1::int", 0)
	results := conn.SendBatch(t.Context(), batch)
	for i := range 3 {
		err := results.QueryRow().Scan(&n)
		if i < 2 && (err != nil || n != i+1) || i == 2 && sqlstate(err) != "22012" {
			t.Errorf("batch %d: %d %v", i, n, err)
		}
	}
	if err := results.Close(); err == nil {
		t.Error("the batch has an error")
	}
	if _, err := conn.CopyFrom(t.Context(), pgx.Identifier{"t"}, []string{"a"}, pgx.CopyFromRows(nil)); err == nil {
		t.Error("COPY FROM STDIN is refused")
	}
}

// TestPipelinedTransaction: BEGIN, and what it is for, before the first answer has come, as JDBC drivers send it.
//
//standin:imitates protocol: BEGIN and what follows it in one pipeline | PostgreSQL manual, protocol-flow
func TestPipelinedTransaction(t *testing.T) {
	t.Parallel()
	conn, err := pgconn.Connect(t.Context(), standin.Var("REDSHIFT_SOURCE_URL"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := conn.Close(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
	}()
	send := func(statements ...string) {
		t.Helper()
		pipeline := conn.StartPipeline(t.Context())
		for _, sql := range statements {
			pipeline.SendQueryParams(sql, nil, nil, nil, nil)
		}
		if err := pipeline.Sync(); err != nil {
			t.Fatal(err)
		}
		if err := pipeline.Close(); err != nil {
			t.Fatalf("%v: %v", statements, err)
		}
	}
	count := func() string {
		t.Helper()
		results, err := conn.Exec(t.Context(), "select count(*) from svv_tables where table_name = 'pipelined'").ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		return string(results[0].Rows[0][0])
	}
	send("begin", "create table pipelined (a int primary key) diststyle all", "insert into pipelined values (1)")
	if status := conn.TxStatus(); status != 'T' {
		t.Errorf("transaction status %c within the transaction", status)
	}
	send("rollback")
	if n := count(); n != "0" {
		t.Errorf("the table is there after ROLLBACK")
	}
	send("begin", "create table pipelined (a int primary key)", "commit", "create table pipelined_too (a int)")
	if n := count(); n != "1" {
		t.Errorf("the table is not there after COMMIT")
	}
}
