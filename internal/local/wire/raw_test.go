package wire

import (
	"bufio"
	"bytes"
	"context"
	"crypto/md5"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/sealift/sealift/internal/local/dialect"
)

// raw opens a connection on which nothing has been said.
func (s *testServer) raw(tb testing.TB) (net.Conn, *pgproto3.Frontend) {
	tb.Helper()
	conn, err := (&net.Dialer{}).DialContext(tb.Context(), "tcp", net.JoinHostPort(s.host, s.port))
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = conn.Close() })
	return conn, pgproto3.NewFrontend(conn, conn)
}

func receive(tb testing.TB, f *pgproto3.Frontend) pgproto3.BackendMessage {
	tb.Helper()
	if err := f.Flush(); err != nil {
		tb.Fatal(err)
	}
	m, err := f.Receive()
	if err != nil {
		tb.Fatal(err)
	}
	return m
}

func md5Password(user, password string, salt [4]byte) string {
	digest := fmt.Sprintf("%x", md5.Sum([]byte(password+user)))
	return fmt.Sprintf("md5%x", md5.Sum(append([]byte(digest), salt[:]...)))
}

// talk is a logged-in conversation, message by message.
func (s *testServer) talk(tb testing.TB) (net.Conn, *pgproto3.Frontend) {
	tb.Helper()
	conn, f := s.raw(tb)
	f.Send(&pgproto3.StartupMessage{ProtocolVersion: pgproto3.ProtocolVersion30, Parameters: map[string]string{"user": "awsuser", "database": s.database}})
	for {
		switch m := receive(tb, f).(type) {
		case *pgproto3.AuthenticationMD5Password:
			f.Send(&pgproto3.PasswordMessage{Password: md5Password("awsuser", "Secret1", m.Salt)})
		case *pgproto3.ReadyForQuery:
			return conn, f
		case *pgproto3.ErrorResponse:
			tb.Fatal(m.Message)
		}
	}
}

// answers sends messages and writes down what comes back up to ReadyForQuery.
func answers(tb testing.TB, f *pgproto3.Frontend, messages ...pgproto3.FrontendMessage) string {
	tb.Helper()
	for _, m := range messages {
		f.Send(m)
	}
	var got []string
	for {
		switch m := receive(tb, f).(type) {
		case *pgproto3.DataRow:
			got = append(got, "row "+string(bytes.Join(m.Values, []byte("|"))))
		case *pgproto3.RowDescription:
			line := "columns"
			for _, f := range m.Fields {
				line += fmt.Sprintf(" %s:%d", f.Name, f.DataTypeOID)
			}
			got = append(got, line)
		case *pgproto3.ParameterDescription:
			got = append(got, fmt.Sprint("parameters ", m.ParameterOIDs))
		case *pgproto3.CommandComplete:
			got = append(got, string(m.CommandTag))
		case *pgproto3.ErrorResponse:
			got = append(got, fmt.Sprintf("%s %s %s", m.Severity, m.Code, m.Message))
		case *pgproto3.NoticeResponse:
			got = append(got, m.Severity+" "+m.Message)
		case *pgproto3.ReadyForQuery:
			return strings.Join(append(got, string(m.TxStatus)), "\n")
		default:
			got = append(got, strings.TrimPrefix(fmt.Sprintf("%T", m), "*pgproto3."))
		}
	}
}

type sequence []pgproto3.FrontendMessage

func parse(name, sql string) *pgproto3.Parse { return &pgproto3.Parse{Name: name, Query: sql} }
func bind(name string, args ...string) *pgproto3.Bind {
	b := &pgproto3.Bind{PreparedStatement: name}
	for _, a := range args {
		b.Parameters = append(b.Parameters, []byte(a))
	}
	return b
}

var (
	execute   = &pgproto3.Execute{}
	flush     = &pgproto3.Flush{}
	syncPoint = &pgproto3.Sync{}
)

// loading is an engine which inserts one row into the table it is told, and says so.
func loading(ctx context.Context, conn *pgconn.PgConn, st dialect.Statement, in Invocation) (Result, error) {
	table := st.Significant()[1].Text
	if strings.Contains(st.Text, "fail") {
		return Result{}, &dialect.Error{Code: "XX000", Message: "Load into table '" + table + "' failed.", Detail: "on purpose"}
	}
	_, err := conn.Exec(ctx, "insert into "+table+" values (99)").ReadAll()
	if err != nil {
		return Result{}, err
	}
	return Result{Tag: "COPY", Rows: 1, Notices: []string{fmt.Sprintf("Load into table '%s' completed, in transaction: %v", table, in.InTransaction)}}, nil
}

//standin:imitates protocol: named statements, portals, Describe, Flush and Close | PostgreSQL manual, protocol-flow
//standin:imitates protocol: several statements in one Parse are error 42601 | PostgreSQL manual, protocol-flow
//standin:imitates protocol: parameters of the unknown type 705, types of SUPER's and TEXT's own numbers | code of AWS's Python driver
//standin:imitates protocol: EmptyQueryResponse | PostgreSQL manual, protocol-message-formats
func TestExtended(t *testing.T) {
	t.Parallel()
	s := start(t, fakeEngine(loading), "create table ext (n int); create table sup (s super); insert into sup values (null)")
	_, f := s.talk(t)
	for _, tt := range []struct {
		name     string
		messages sequence
		want     string
	}{
		{
			"a driver's named statement",
			sequence{parse("s1", "select $1::int + 1 as a, 'x'::text as b, s as c from sup"), flush, &pgproto3.Describe{ObjectType: 'S', Name: "s1"}, flush, syncPoint},
			"ParseComplete\nparameters [23]\ncolumns a:23 b:1043 c:4000\nI",
		},
		{
			"and its use",
			sequence{bind("s1", "41"), flush, execute, flush, syncPoint},
			"BindComplete\nrow 42|x|\nSELECT 1\nI",
		},
		{
			"portal described",
			sequence{bind("s1", "1"), &pgproto3.Describe{ObjectType: 'P'}, &pgproto3.Execute{MaxRows: 1}, &pgproto3.Close{ObjectType: 'P'}, syncPoint},
			"BindComplete\ncolumns a:23 b:1043 c:4000\nrow 2|x|\nPortalSuspended\nCloseComplete\nI",
		},
		{
			"name taken",
			sequence{parse("s1", "select 1"), syncPoint},
			"ERROR 42P05 prepared statement \"s1\" already exists\nI",
		},
		{
			"closed, and gone",
			sequence{&pgproto3.Close{ObjectType: 'S', Name: "s1"}, bind("s1"), execute, syncPoint},
			"CloseComplete\nERROR 26000 prepared statement \"s1\" does not exist\nI",
		},
		{
			"parameter of Redshift's unknown type",
			sequence{&pgproto3.Parse{Query: "select $1 || 'x'", ParameterOIDs: []uint32{705}}, bind("", "a"), execute, syncPoint},
			"ParseComplete\nBindComplete\nrow ax\nSELECT 1\nI",
		},
		{
			"parameter of type SUPER",
			sequence{&pgproto3.Parse{Query: "select $1", ParameterOIDs: []uint32{4000}}, &pgproto3.Describe{ObjectType: 'S'}, bind("", "[1]"), execute, syncPoint},
			"ParseComplete\nparameters [4000]\ncolumns ?column?:4000\nBindComplete\nrow [1]\nSELECT 1\nI",
		},
		{"empty", sequence{parse("", " -- x"), bind(""), &pgproto3.Describe{ObjectType: 'P'}, execute, syncPoint}, "ParseComplete\nBindComplete\nNoData\nEmptyQueryResponse\nI"},
		{
			"several statements",
			sequence{parse("", "select 1; select 2"), bind(""), execute, syncPoint},
			"ERROR 42601 cannot insert multiple commands into a prepared statement\nI",
		},
		{
			"an error skips to Sync, and undoes what came before it",
			sequence{
				parse("", "insert into ext values (1)"), bind(""), execute, parse("bad", "select nothing"), parse("never", "select 1"), bind("never"), execute, syncPoint,
			},
			"ParseComplete\nBindComplete\nINSERT 0 1\nERROR 42703 column \"nothing\" does not exist\nI",
		},
		{
			"so does an error of ours",
			sequence{parse("", "insert into ext values (2)"), bind(""), execute, parse("", "select 1; select 2"), syncPoint},
			"ParseComplete\nBindComplete\nINSERT 0 1\nERROR 42601 cannot insert multiple commands into a prepared statement\nI",
		},
		{"a name that failed is free", sequence{parse("bad", "select 1"), parse("never", "select 2"), syncPoint}, "ParseComplete\nParseComplete\nI"},
		{"nothing was inserted", sequence{&pgproto3.Query{String: "select count(*) from ext"}}, "columns count:20\nrow 0\nSELECT 1\nI"},
		{
			"COPY",
			sequence{parse("c", "copy ext from 's3://b/k' iam_role default"), &pgproto3.Describe{ObjectType: 'S', Name: "c"}, bind("c"), execute, syncPoint},
			"ParseComplete\nparameters []\nNoData\nBindComplete\nINFO Load into table 'ext' completed, in transaction: false\nCOPY\nI",
		},
		{"COPY again", sequence{bind("c"), &pgproto3.Describe{ObjectType: 'P'}, execute, syncPoint}, "BindComplete\nNoData\nINFO Load into table 'ext' completed, in transaction: false\nCOPY\nI"},
		{"COPY with parameters", sequence{bind("c", "1"), execute, syncPoint}, "ERROR 0A000 COPY does not take parameters\nI"},
		{
			"COPY that fails",
			sequence{parse("", "copy ext from 's3://fail' iam_role default"), bind(""), execute, parse("", "select 1"), syncPoint},
			"ParseComplete\nBindComplete\nERROR XX000 Load into table 'ext' failed.\nI",
		},
		{"COPY closed", sequence{&pgproto3.Close{ObjectType: 'S', Name: "c"}, syncPoint}, "CloseComplete\nI"},
		{"two rows", sequence{&pgproto3.Query{String: "select count(*) from ext"}}, "columns count:20\nrow 2\nSELECT 1\nI"},
		{
			"COPY in a block, rolled back",
			sequence{
				parse("", "begin"), bind(""), execute, syncPoint,
			},
			"ParseComplete\nBindComplete\nBEGIN\nT",
		},
		{"", sequence{parse("", "copy ext from 's3://b/k' iam_role default"), bind(""), execute, syncPoint}, "ParseComplete\nBindComplete\nINFO Load into table 'ext' completed, in transaction: true\nCOPY\nT"},
		{"", sequence{parse("", "copy ext from 's3://fail' iam_role default"), bind(""), execute, syncPoint}, "ParseComplete\nBindComplete\nERROR XX000 Load into table 'ext' failed.\nE"},
		{
			"",
			sequence{parse("", "copy ext from 's3://b/k' iam_role default"), bind(""), execute, syncPoint},
			"ParseComplete\nBindComplete\nERROR 25P02 current transaction is aborted, commands ignored until end of transaction block\nE",
		},
		{"", sequence{parse("", "rollback"), bind(""), execute, syncPoint}, "ParseComplete\nBindComplete\nROLLBACK\nI"},
		{"two rows still", sequence{&pgproto3.Query{String: "select count(*) from ext"}}, "columns count:20\nrow 2\nSELECT 1\nI"},
		{"an error of ours in a block", sequence{&pgproto3.Query{String: "begin"}}, "BEGIN\nT"},
		{"", sequence{parse("", "select 1; select 2"), syncPoint}, "ERROR 42601 cannot insert multiple commands into a prepared statement\nE"},
		{"", sequence{&pgproto3.Query{String: "rollback"}}, "ROLLBACK\nI"},
		{
			"cursor through a portal of its name",
			sequence{&pgproto3.Query{String: "begin; declare cur cursor for select generate_series(1, 3)"}},
			"BEGIN\nDECLARE CURSOR\nT",
		},
		{"", sequence{&pgproto3.Execute{Portal: "cur", MaxRows: 2}, syncPoint}, "row 1\nrow 2\nPortalSuspended\nT"},
		{"", sequence{&pgproto3.Query{String: "commit"}}, "COMMIT\nI"},
		{"statement of PREPARE", sequence{&pgproto3.Query{String: "prepare mine as select 5"}}, "PREPARE\nI"},
		{"", sequence{bind("mine"), execute, syncPoint}, "BindComplete\nrow 5\nSELECT 1\nI"},
		{"", sequence{&pgproto3.Query{String: "deallocate mine"}}, "DEALLOCATE\nI"},
		// ODBC drivers give up what they prepared by SQL, also a statement that PostgreSQL does not know.
		{"", sequence{parse("_PLAN1", "create table if not exists odbc (n int)"), parse("_PLAN2", "select 1"), syncPoint}, "ParseComplete\nParseComplete\nI"},
		{"", sequence{&pgproto3.Query{String: `deallocate "_PLAN1"; deallocate prepare "_PLAN2"`}}, "DEALLOCATE\nDEALLOCATE\nI"},
		{"", sequence{parse("_PLAN1", "select 1"), parse("_PLAN2", "create table if not exists odbc (n int)"), syncPoint}, "ParseComplete\nParseComplete\nI"},
		{"", sequence{&pgproto3.Query{String: `deallocate "_PLAN2"`}}, "DEALLOCATE\nI"},
		{"", sequence{bind("_PLAN2"), execute, syncPoint}, "ERROR 26000 prepared statement \"_PLAN2\" does not exist\nI"},
		{"unknown portal", sequence{&pgproto3.Execute{Portal: "no"}, syncPoint}, "ERROR 34000 portal \"no\" does not exist\nI"},
		{"function call", sequence{&pgproto3.FunctionCall{}}, "ERROR 0A000 function calls of the wire protocol are not supported\nI"},
		{"the last query's id amid a sequence", sequence{
			parse("", "select pg_catalog.current_setting('rs.last_query_id') as pg_last_query_id"), bind(""), execute, syncPoint,
		}, fmt.Sprintf("ParseComplete\nBindComplete\nrow %d\nSELECT 1\nI", 0)},
	} {
		want := tt.want
		if strings.Contains(want, "row 0\nSELECT 1\nI") && strings.Contains(tt.name, "id amid") {
			want = fmt.Sprintf("ParseComplete\nBindComplete\nrow %d\nSELECT 1\nI", s.history.id.Load())
		}
		if diff := cmp.Diff(want, answers(t, f, tt.messages...)); diff != "" {
			t.Errorf("%s: (-want +got)\n%s", tt.name, diff)
		}
	}
}

func TestSimpleCopy(t *testing.T) {
	t.Parallel()
	s := start(t, fakeEngine(loading), "create table sc (n int)")
	_, f := s.talk(t)
	for _, tt := range []struct{ sql, want string }{
		{"delete from sc", "DELETE 0\nI"},
		{"copy sc from 's3://b/k'", "INFO Load into table 'sc' completed, in transaction: false\nCOPY\nI"},
		{"copy sc from 's3://b/k'; select 1/0", "INFO Load into table 'sc' completed, in transaction: true\nCOPY\nERROR 22012 division by zero\nI"},
		{"copy sc from 's3://b/k'; copy sc from 's3://fail'", "INFO Load into table 'sc' completed, in transaction: true\nCOPY\nERROR XX000 Load into table 'sc' failed.\nI"},
		{"select count(*) from sc", "columns count:20\nrow 1\nSELECT 1\nI"},
		{"begin; copy sc from 's3://b/k'", "BEGIN\nINFO Load into table 'sc' completed, in transaction: true\nCOPY\nT"},
		{"copy sc from 's3://fail'", "ERROR XX000 Load into table 'sc' failed.\nE"},
		{"copy sc from 's3://b/k'", "ERROR 25P02 current transaction is aborted, commands ignored until end of transaction block\nE"},
		{"rollback", "ROLLBACK\nI"},
		// TRUNCATE commits, and what came before it stays.
		{"begin; insert into sc values (5); truncate sc", "BEGIN\nINSERT 0 1\nTRUNCATE TABLE\nI"},
		{"rollback", "WARNING there is no transaction in progress\nROLLBACK\nI"},
		{"select count(*) from sc", "columns count:20\nrow 0\nSELECT 1\nI"},
		{"insert into sc values (1); truncate sc; insert into sc values (2), (3); select 1/0", "INSERT 0 1\nTRUNCATE TABLE\nINSERT 0 2\nERROR 22012 division by zero\nI"},
		{"select count(*) from sc", "columns count:20\nrow 0\nSELECT 1\nI"},
		// A transaction of ours does not show.
		{"insert into sc values (1); begin; select 1", "INSERT 0 1\nBEGIN\ncolumns ?column?:23\nrow 1\nSELECT 1\nT"},
		{"rollback", "ROLLBACK\nI"},
		{"select count(*) from sc", "columns count:20\nrow 0\nSELECT 1\nI"},
	} {
		if diff := cmp.Diff(tt.want, answers(t, f, &pgproto3.Query{String: tt.sql})); diff != "" {
			t.Errorf("%s: (-want +got)\n%s", tt.sql, diff)
		}
	}
	var kept []string
	s.history.mu.Lock()
	for _, q := range s.history.kept {
		kept = append(kept, fmt.Sprintf("%d %s %d %s", q.ID, q.Verb, q.Rows, q.ErrorCode))
	}
	s.history.mu.Unlock()
	want := []string{"1001 DELETE 0 ", "1002 COPY 1 ", "1003 COPY 1 ", "1004 SELECT 0 22012", "1005 COPY 1 ", "1006 COPY 0 XX000"}
	if diff := cmp.Diff(want, kept[:len(want)]); diff != "" {
		t.Errorf("history: (-want +got)\n%s", diff)
	}
}

// An autocommitted COPY goes on when its client is gone; in a transaction block all is rolled back.
func TestClientGone(t *testing.T) {
	t.Parallel()
	started, goOn := make(chan struct{}), make(chan struct{})
	s := start(t, fakeEngine(func(ctx context.Context, conn *pgconn.PgConn, st dialect.Statement, in Invocation) (Result, error) {
		started <- struct{}{}
		<-goOn
		return loading(ctx, conn, st, in)
	}), "create table gone (n int)")
	admin := s.connect(t)
	for _, tt := range []struct{ begin, want string }{{"", "1\nSELECT 1\nI"}, {"begin", "1\nSELECT 1\nI"}} {
		conn, f := s.talk(t)
		if tt.begin != "" {
			answers(t, f, &pgproto3.Query{String: tt.begin})
		}
		f.Send(&pgproto3.Query{String: "copy gone from 's3://b/k'"})
		if err := f.Flush(); err != nil {
			t.Fatal(err)
		}
		<-started
		if err := conn.Close(); err != nil {
			t.Fatal(err)
		}
		goOn <- struct{}{}
		<-s.ended
		if got := run(t, admin, "select count(*) from gone"); got != tt.want {
			t.Errorf("%q: %s", tt.begin, got)
		}
	}
}

func TestCancel(t *testing.T) {
	t.Parallel()
	started := make(chan struct{}, 1)
	s := start(t, fakeEngine(func(ctx context.Context, conn *pgconn.PgConn, st dialect.Statement, _ Invocation) (Result, error) {
		started <- struct{}{}
		if strings.Contains(st.Text, "sql") {
			_, err := conn.Exec(ctx, "select pg_sleep(60)").ReadAll()
			return Result{}, err
		}
		<-ctx.Done()
		return Result{}, context.Cause(ctx)
	}), "create function slow() returns void language plpgsql as $$begin raise notice 'running'; perform pg_sleep(60); end$$")
	noticed := make(chan struct{}, 1)
	cfg, err := pgconn.ParseConfig(s.dsn("awsuser", "Secret1", ""))
	if err != nil {
		t.Fatal(err)
	}
	cfg.OnNotice = func(*pgconn.PgConn, *pgconn.Notice) { noticed <- struct{}{} }
	c, err := pgconn.ConnectConfig(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close(context.WithoutCancel(t.Context())) })
	for _, tt := range []struct{ sql, want string }{
		// The notice comes while the statement runs.
		{"select slow()", "ERROR: canceling statement due to user request (SQLSTATE 57014)\nI"},
		{"copy t from 's3://x'", "ERROR: Query cancelled on user's request (SQLSTATE 57014)\nI"},
		{"copy t from 's3://sql'", "ERROR: Query cancelled on user's request (SQLSTATE 57014)\nI"},
	} {
		got := make(chan string)
		go func() { got <- run(t, c, tt.sql) }()
		if strings.HasPrefix(tt.sql, "copy") {
			<-started
		} else {
			<-noticed
		}
		// A wrong key does nothing.
		conn, _ := s.raw(t)
		wrong := binary.BigEndian.AppendUint32(nil, 16)
		wrong = binary.BigEndian.AppendUint32(wrong, cancelRequestCode)
		wrong = binary.BigEndian.AppendUint32(wrong, c.PID())
		if _, err := conn.Write(append(wrong, "oops"...)); err != nil {
			t.Fatal(err)
		}
		if _, err := io.Copy(io.Discard, conn); err != nil {
			t.Fatal(err)
		}
		select {
		case g := <-got:
			t.Fatal("cancelled by anybody:", g)
		default:
		}
		if err := c.CancelRequest(t.Context()); err != nil {
			t.Fatal(err)
		}
		if g := <-got; g != tt.want {
			t.Errorf("%s: %s", tt.sql, g)
		}
	}
	// The session is as good as before.
	if got := run(t, c, "select 1"); got != "1\nSELECT 1\nI" {
		t.Error(got)
	}
}

// A session that an administrator terminates hears of it once.
func TestTerminate(t *testing.T) {
	t.Parallel()
	s := start(t, nil, "")
	admin := s.connect(t)
	_, f := s.talk(t)
	pid := strings.Fields(answers(t, f, &pgproto3.Query{String: "select pg_backend_pid()"}))
	if got := run(t, admin, "select pg_terminate_backend("+pid[3]+")"); !strings.HasPrefix(got, "t\n") {
		t.Fatal(got, pid)
	}
	f.Send(&pgproto3.Query{String: "select 1"})
	m, ok := receive(t, f).(*pgproto3.ErrorResponse)
	if !ok || m.Severity != "FATAL" || m.Code != "57P01" {
		t.Errorf("%+v", m)
	}
	if m, err := f.Receive(); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("%+v, %v", m, err)
	}
}

// A user may terminate its own sessions and no others; a superuser all.
//
//standin:imitates protocol: pg_terminate_backend and pg_cancel_backend of others are for superusers | DG PG_TERMINATE_BACKEND; DG PG_CANCEL_BACKEND
func TestTerminateRights(t *testing.T) {
	t.Parallel()
	s := start(t, nil, "")
	login := func() *pgconn.PgConn {
		c, err := pgconn.Connect(t.Context(), s.dsn("plain", "pl'ain", ""))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = c.Close(context.WithoutCancel(t.Context())) }) // some are terminated
		return c
	}
	plain, own, admin := login(), login(), s.connect(t)
	for _, f := range []string{"pg_terminate_backend", "pg_cancel_backend"} {
		err := plain.Exec(t.Context(), fmt.Sprintf("select %s(%d)", f, admin.PID())).Close()
		if err == nil || errorOf(t, err).Code != "42501" {
			t.Errorf("%s: %v", f, err)
		}
	}
	if got := run(t, admin, "select 1"); got != "1\nSELECT 1\nI" {
		t.Errorf("the administrator's session: %s", got)
	}
	for _, tt := range []struct{ by, of *pgconn.PgConn }{{plain, own}, {admin, plain}} {
		if got := run(t, tt.by, fmt.Sprintf("select pg_terminate_backend(%d)", tt.of.PID())); !strings.HasPrefix(got, "t\n") {
			t.Error(got)
		}
		err := tt.of.Exec(t.Context(), "select 1").Close()
		if err == nil || errorOf(t, err).Code != "57P01" {
			t.Errorf("a terminated session: %v", err)
		}
	}
}

// Whoever logs in, however, is asked for a password by MD5, or for a temporary one as it is, under TLS: AWS's own driver for
// Python knows no SASL.
//
//standin:imitates protocol: SASL is never offered | code of AWS's Python driver
func TestNeverSASL(t *testing.T) {
	t.Parallel()
	s := start(t, nil, "")
	for _, secure := range []bool{false, true} {
		for _, user := range []string{"awsuser", "plain", "disabled", "expired", "nobody", "IAM:plain", "IAMA:made:readers", "IAMR:role", "IAM:nobody"} {
			conn, _ := s.raw(t)
			if secure {
				if _, err := conn.Write(binary.BigEndian.AppendUint32([]byte{0, 0, 0, 8}, sslRequestCode)); err != nil {
					t.Fatal(err)
				}
				if _, err := io.ReadFull(conn, make([]byte, 1)); err != nil {
					t.Fatal(err)
				}
				// Whose certificate it is does not matter here.
				conn = tls.Client(conn, &tls.Config{InsecureSkipVerify: true})
			}
			f := pgproto3.NewFrontend(conn, conn)
			f.Send(&pgproto3.StartupMessage{ProtocolVersion: pgproto3.ProtocolVersion30, Parameters: map[string]string{"user": user, "database": s.database}})
			want := "*pgproto3.AuthenticationMD5Password"
			if strings.Contains(user, ":") {
				want = "*pgproto3.AuthenticationCleartextPassword"
				if !secure {
					want = "*pgproto3.ErrorResponse"
				}
			}
			if got := fmt.Sprintf("%T", receive(t, f)); got != want {
				t.Errorf("%s, TLS %v: %s, want %s", user, secure, got, want)
			}
			_ = conn.Close() // it has not logged in
		}
	}
}

// Results are passed on as they come, whatever their size, in many rows or in few.
//
//standin:imitates protocol: big results are streamed | PostgreSQL manual, protocol-flow
func TestBigResults(t *testing.T) { //nolint:paralleltest // it counts what the process allocates
	s := start(t, nil, "")
	conn, f := s.talk(t)
	const most = 8 << 20
	for _, sql := range []string{
		"select repeat('x', 1000) from generate_series(1, 100000)",
		"select repeat('x', 4000000) from generate_series(1, 25)",
	} {
		f.Send(&pgproto3.Query{String: sql})
		if err := f.Flush(); err != nil {
			t.Fatal(err)
		}
		r := bufio.NewReader(conn)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		size := 0
		for kind := byte(0); kind != 'Z'; {
			var n int
			var err error
			if kind, n, err = peekFrame(r); err != nil {
				t.Fatal(err)
			}
			if kind == 'E' {
				t.Fatalf("%s failed", sql)
			}
			if _, err := r.Discard(5 + n); err != nil {
				t.Fatal(err)
			}
			size += n
		}
		runtime.ReadMemStats(&after)
		if size < 100_000_000 {
			t.Fatalf("%s: %d bytes", sql, size)
		}
		if got := after.TotalAlloc - before.TotalAlloc; got > most {
			t.Errorf("%s: %d bytes allocated for %d", sql, got, size)
		}
	}
}

// What is not the protocol is refused with an error where there is a way to tell, and never answered with more.
func TestGarbage(t *testing.T) {
	t.Parallel()
	s := start(t, nil, "")
	for _, tt := range []struct {
		name, send, want string
	}{
		{"http", "GET / HTTP/1.1\r\nHost: x\r\n\r\n", "invalid length of startup packet"},
		{"gss", "\x00\x00\x00\x08\x04\xd2\x16\x30", "N"},
		{"old protocol", "\x00\x00\x00\x08\x00\x02\x00\x00", "unsupported frontend protocol 2.0"},
		{"new protocol", "\x00\x00\x00\x08\x00\x03\x00\x02", "unsupported frontend protocol 3.2"},
		{"short", "\x00\x00\x00\x04", "invalid length of startup packet"},
		{"no end", "\x00\x00\x00\x0c\x00\x03\x00\x00user", "invalid startup packet layout"},
		{"no user", "\x00\x00\x00\x14\x00\x03\x00\x00database\x00x\x00\x00", "no PostgreSQL user name"},
		{"not TLS after asking for it", "\x00\x00\x00\x08\x04\xd2\x16\x2f\x00\x00\x00\x09\x00\x03\x00\x00\x00", "S"},
	} {
		conn, _ := s.raw(t)
		if _, err := io.WriteString(conn, tt.send); err != nil {
			t.Fatal(err)
		}
		_ = conn.(*net.TCPConn).CloseWrite() // the server may have closed it, with some of our bytes not read
		got, _ := io.ReadAll(conn)
		if !strings.Contains(string(got), tt.want) || strings.Contains(string(got), "server_version") {
			t.Errorf("%s: %q", tt.name, got)
		}
	}
	_, f := s.talk(t)
	f.SendUnbufferedEncodedCopyData([]byte("Q\x7f\xff\xff\xff")) //nolint:errcheck // the answer tells
	if m, ok := receive(t, f).(*pgproto3.ErrorResponse); !ok || m.Code != "54000" {
		t.Errorf("%+v", m)
	}
	_, f = s.talk(t)
	if got := answers(t, f, &pgproto3.Query{String: "select '" + strings.Repeat("x", maxStatement) + "'"}); !strings.HasPrefix(got, "ERROR 54000 Statement is too large. Statement Size: 16777225 bytes") {
		t.Error(got)
	}
	if got := answers(t, f, parse("", "select '"+strings.Repeat("x", maxStatement)+"'"), syncPoint); !strings.HasPrefix(got, "ERROR 54000") {
		t.Error(got)
	}
	if got := answers(t, f, &pgproto3.Query{String: "select length('" + strings.Repeat("x", maxStatement-100) + "')"}); got != "columns length:23\nrow 16777116\nSELECT 1\nI" {
		t.Error(got)
	}
}

func FuzzReadOptions(f *testing.F) {
	for _, s := range []string{"", "-c a=b", "--a-b=c", `-c a=\ b`, "-c", "x", "-ca=1 -cb=2"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		settings, err := readOptions(text)
		if err != nil {
			return
		}
		for _, s := range settings {
			if strings.Trim(s.name, "abcdefghijklmnopqrstuvwxyz0123456789_") != "" {
				t.Errorf("%q: a setting named %q", text, s.name)
			}
		}
	})
}

func FuzzTypeMap(f *testing.F) {
	m := &typeMap{toRedshift: map[uint32]uint32{25: 1043, 16400: 4000}}
	for _, d := range []pgproto3.BackendMessage{
		&pgproto3.RowDescription{Fields: []pgproto3.FieldDescription{{Name: []byte("a"), DataTypeOID: 25}, {Name: []byte(""), DataTypeOID: 16400}}},
		&pgproto3.ParameterDescription{ParameterOIDs: []uint32{25, 23}},
	} {
		b, err := d.Encode(nil)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b[5:])
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		var before, after pgproto3.RowDescription
		decodes := before.Decode(bytes.Clone(body)) == nil
		if m.rowDescription(body) == nil && decodes {
			if err := after.Decode(body); err != nil || len(after.Fields) != len(before.Fields) {
				t.Fatal(err)
			}
			for i, f := range before.Fields {
				if to, ok := m.toRedshift[f.DataTypeOID]; ok {
					f.DataTypeOID = to
				}
				if diff := cmp.Diff(f, after.Fields[i]); diff != "" {
					t.Error(diff)
				}
			}
		}
		_ = m.parameterDescription(body) // must not panic
	})
}

// Close ends what runs, and waits for it.
func TestClose(t *testing.T) {
	t.Parallel()
	started := make(chan struct{}, 2)
	s := start(t, fakeEngine(func(ctx context.Context, _ *pgconn.PgConn, _ dialect.Statement, _ Invocation) (Result, error) {
		started <- struct{}{}
		<-ctx.Done()
		return Result{}, context.Cause(ctx)
	}), "create function slow() returns void language plpgsql as $$begin raise notice 'running'; perform pg_sleep(60); end$$")
	_, copying := s.talk(t)
	_, selecting := s.talk(t)
	_, idling := s.talk(t)
	_, unfinished := s.raw(t) // has not said anything yet
	for f, sql := range map[*pgproto3.Frontend]string{copying: "copy t from 's3://b/k'", selecting: "select slow()"} {
		f.Send(&pgproto3.Query{String: sql})
		if err := f.Flush(); err != nil {
			t.Fatal(err)
		}
	}
	<-started
	for {
		if _, ok := receive(t, selecting).(*pgproto3.NoticeResponse); ok {
			break
		}
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	for _, f := range []*pgproto3.Frontend{copying, selecting, idling, unfinished} {
		for {
			if _, err := f.Receive(); err != nil {
				break
			}
		}
	}
}

// FuzzStartup: whatever a client says first, it is answered or cut off, and never let in.
func FuzzStartup(f *testing.F) {
	startup, err := (&pgproto3.StartupMessage{ProtocolVersion: pgproto3.ProtocolVersion30, Parameters: map[string]string{"user": "x", "options": "-c a=b"}}).Encode(nil)
	if err != nil {
		f.Fatal(err)
	}
	for _, s := range []string{"", string(startup), "\x00\x00\x00\x08\x04\xd2\x16\x2f" + string(startup), "\x00\x00\x00\x08\x04\xd2\x16\x30", "\x00\x00\x00\x10\x04\xd2\x16\x2e\x00\x00\x00\x01abcd"} {
		f.Add([]byte(s))
	}
	s := NewServer(Config{PostgreSQL: noPostgres{}})
	f.Cleanup(func() {
		if err := s.Close(); err != nil {
			f.Error(err)
		}
	})
	f.Fuzz(func(t *testing.T, said []byte) {
		server, client := net.Pipe()
		done := make(chan struct{})
		go func() {
			defer close(done)
			s.handle(server)
			_ = server.Close() // the client may have closed first
		}()
		answered := make(chan []byte)
		go func() {
			all, _ := io.ReadAll(client) // up to the end of the pipe
			answered <- all
		}()
		_, _ = client.Write(said) // it may have been cut off before
		_ = client.SetDeadline(time.Now())
		_ = client.Close()
		if all := <-answered; bytes.Contains(all, []byte("server_version")) {
			t.Errorf("%q let a client in", said)
		}
		<-done
	})
}

// noPostgres is a server that cannot be reached.
type noPostgres struct{}

func (noPostgres) Superuser() string { return "rdsdb" }

func (noPostgres) Config(string, string, map[string]string) (*pgconn.Config, error) {
	return nil, errors.New("there is no PostgreSQL here")
}
