package local

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5/pgconn"
)

// waitFor asks until the answer is as wanted.
func (c clients) waitFor(tb testing.TB, sql, want string) {
	tb.Helper()
	ctx, cancel := context.WithTimeout(tb.Context(), time.Minute)
	defer cancel()
	for {
		got := c.source(tb, sql)
		if got == want {
			return
		}
		if ctx.Err() != nil {
			tb.Fatalf("%s\nstill answers %s, want %s", sql, got, want)
		}
	}
}

// An autocommitted COPY or UNLOAD goes on when its client is killed; inside a transaction it is rolled back.
//
//standin:imitates unkindness 3: COPY and UNLOAD outlive their client, unless in a transaction | DG COPY usage notes
func TestUnkindClientKilled(t *testing.T) {
	t.Parallel()
	c := users(standin)
	auth := bucket(t, standin, "unkind-killed")
	objects := objectsOf(t, c, "unkind-killed")
	objects.put(t, "x", "1\n2\n3\n")
	c.source(t, "create table killed (n int); create table killed_source (n int); insert into killed_source values (1), (2)")
	other, err := pgconn.Connect(t.Context(), c.env("REDSHIFT_SOURCE_URL"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := other.Close(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
	}()
	run := func(sql string) {
		t.Helper()
		if _, err := other.Exec(t.Context(), sql).ReadAll(); err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
	}
	for _, tt := range []struct{ name, lock, sql, check, want string }{
		{"COPY", "killed", "copy killed from 's3://unkind-killed/x'" + auth, "select count(*) from killed", "3\n"},
		{"COPY in a transaction", "killed", "begin;\ncopy killed from 's3://unkind-killed/x'" + auth, "select count(*) from killed", "3\n"},
		{"UNLOAD", "killed_source", "unload ('select * from killed_source') to 's3://unkind-killed/out_' " + auth + " manifest", "select count(*) > 0 from stl_unload_log where path like 's3://unkind-killed/out_%'", "t\n"},
	} {
		// A lock that another session holds keeps the statement from ending before its client is gone.
		run("begin")
		run("lock table " + tt.lock)
		cmd := exec.CommandContext(t.Context(), "psql", "-X", c.env("REDSHIFT_SOURCE_URL"), "-c", tt.sql)
		if strings.HasPrefix(tt.sql, "begin") {
			cmd.Args = append(cmd.Args[:3], "-c", "begin", "-c", strings.TrimPrefix(tt.sql, "begin;\n"))
		}
		cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir()}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		c.waitFor(t, "select count(*) from pg_locks where not granted and relation = '"+tt.lock+"'::regclass", "1\n")
		pid := strings.TrimSpace(c.source(t, "select pid from pg_locks where not granted and relation = '"+tt.lock+"'::regclass"))
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = cmd.Wait() // killed
		run("commit")
		c.waitFor(t, "select count(*) from pg_stat_activity where pid = "+pid, "0\n") // the session has ended
		c.waitFor(t, tt.check, tt.want)
	}
	if got := objects.keys(t, "out_"); !strings.HasSuffix(strings.Join(got, " "), "manifest") {
		t.Errorf("UNLOAD left %v", got)
	}
}

//standin:imitates unkindness 6: COPY cuts decimals, INSERT and ROUNDEC round | DG copy-parameters-data-conversion, ROUNDEC
func TestUnkindDecimals(t *testing.T) {
	t.Parallel()
	c := users(standin)
	auth := bucket(t, standin, "unkind-decimals")
	objectsOf(t, c, "unkind-decimals").put(t, "x", "20.259\n-20.255\n0.999\n")
	got := c.source(t, `create temp table d (n decimal(8,2)); copy d from 's3://unkind-decimals/x'`+auth+`; select n from d order by 1;
		truncate d; copy d from 's3://unkind-decimals/x' roundec`+auth+`; select n from d order by 1;
		truncate d; insert into d values (20.259), (-20.255), (0.999); select n from d order by 1;`)
	var numbers []string
	for line := range strings.Lines(got) {
		if line = strings.TrimSpace(line); strings.Contains(line, ".") && !strings.Contains(line, " ") {
			numbers = append(numbers, line)
		}
	}
	if diff := cmp.Diff(strings.Fields("-20.25 0.99 20.25 -20.26 1.00 20.26 -20.26 1.00 20.26"), numbers); diff != "" {
		t.Errorf("(-want +got)\n%s\n%s", diff, got)
	}
}

//standin:imitates unkindness 8: NUL cuts a value, with ESCAPE the rest of the record, and is NULL with NULL AS '\0' | DG copy-parameters-data-conversion
func TestUnkindNUL(t *testing.T) {
	t.Parallel()
	c := users(standin)
	auth := bucket(t, standin, "unkind-nul")
	objects := objectsOf(t, c, "unkind-nul")
	objects.put(t, "x", "1|hello\x00 world|kept\n")
	objects.put(t, "y", "1|\x00|kept\n")
	got := c.source(t, `create temp table n (i int, a varchar(20), b varchar(20));
		copy n from 's3://unkind-nul/x'`+auth+`; copy n from 's3://unkind-nul/x' escape fillrecord`+auth+`; copy n from 's3://unkind-nul/y' null as '\0'`+auth+`;
		select '== ' || a || '/' || b from n where a is not null order by 1; select '== ' || count(*) from n where a is null;`)
	var lines []string
	for line := range strings.Lines(got) {
		if rest, ok := strings.CutPrefix(line, "== "); ok {
			lines = append(lines, strings.TrimSuffix(rest, "\n"))
		}
	}
	if diff := cmp.Diff([]string{"hello/", "hello/kept", "1"}, lines); diff != "" {
		t.Errorf("(-want +got)\n%s\n%s", diff, got)
	}
}

//standin:imitates unkindness 9: ESCAPE comes after NULL AS, so that a null string with a backslash is doubled | DG r_UNLOAD, ESCAPE
func TestUnkindEscapedNull(t *testing.T) {
	t.Parallel()
	c := users(standin)
	auth := bucket(t, standin, "unkind-escape")
	got := c.source(t, `create temp table e (i int, a varchar(20)); insert into e values (1, null), (2, 'x');
		unload ('select i, a from e order by i') to 's3://unkind-escape/x' null as '\\N' escape parallel off`+auth+`;
		create temp table f (like e); copy f from 's3://unkind-escape/x' escape`+auth+`; select '== ' || count(a) from f;`)
	if !strings.Contains(got, "\n== 2\n") {
		t.Errorf("the NULL came back as one: %s", got)
	}
	if text, _ := objectsOf(t, c, "unkind-escape").get(t, "x000"); text != "1|\\\\N\n2|x\n" {
		t.Errorf("got %q", text)
	}
}

//standin:imitates unkindness 10: COPY by prefix takes every key, and a manifest's files are optional by default | DG copy-parameters-data-source-s3
func TestUnkindPrefix(t *testing.T) {
	t.Parallel()
	c := users(standin)
	auth := bucket(t, standin, "unkind-prefix")
	objects := objectsOf(t, c, "unkind-prefix")
	for _, key := range []string{"t/part", "t/part.bak", "t/part2/old/x", "t/partly"} {
		objects.put(t, key, "1\n")
	}
	objects.put(t, "manifest", `{"entries":[{"url":"s3://unkind-prefix/t/part"},{"url":"s3://unkind-prefix/t/gone"}]}`)
	objects.put(t, "strict", `{"entries":[{"url":"s3://unkind-prefix/t/part"},{"url":"s3://unkind-prefix/t/gone","mandatory":true}]}`)
	got := c.source(t, `create temp table p (i int);
		copy p from 's3://unkind-prefix/t/part'`+auth+`; copy p from 's3://unkind-prefix/manifest' manifest`+auth+`; copy p from 's3://unkind-prefix/strict' manifest`+auth+`;`)
	if !strings.Contains(got, "4 record(s) loaded") || !strings.Contains(got, "1 record(s) loaded") || !strings.Contains(got, "Error NoSuchKey") {
		t.Error(got)
	}
}

//standin:imitates unkindness 11: a failed UNLOAD leaves files, and its manifest has no counts without VERBOSE | DG r_UNLOAD
func TestUnkindLeftovers(t *testing.T) {
	t.Parallel()
	c := users(standin)
	auth := bucket(t, standin, "unkind-left")
	objects := objectsOf(t, c, "unkind-left")
	got := c.source(t, `unload ('select 1 / (n - 50000), repeat(''x'', 200) from generate_series(1, 50001) n') to 's3://unkind-left/failed_' manifest`+auth+`;
		unload ('select 1 as n') to 's3://unkind-left/good_' manifest`+auth+`;`)
	if !strings.Contains(got, "division by zero") && !strings.Contains(strings.ToLower(got), "divide by zero") {
		t.Fatal(got)
	}
	left := objects.keys(t, "failed_")
	if len(left) == 0 || strings.Contains(strings.Join(left, " "), "manifest") {
		t.Errorf("a failed UNLOAD left %v", left)
	}
	if text, _ := objects.get(t, "good_manifest"); strings.Contains(text, "record_count") || !strings.Contains(text, "content_length") {
		t.Error(text)
	}
	if got := c.source(t, "unload ('select 1') to 's3://unkind-left/failed_'"+auth); !strings.Contains(got, "is not empty") {
		t.Errorf("what is left is in nobody's way: %s", got)
	}
}

//standin:imitates unkindness 13: COPY with EXPLICIT_IDS or into GENERATED BY DEFAULT does not move the counter | DG copy-parameters-column-mapping, EXPLICIT_IDS
func TestUnkindIdentity(t *testing.T) {
	t.Parallel()
	c := users(standin)
	auth := bucket(t, standin, "unkind-identity")
	objectsOf(t, c, "unkind-identity").put(t, "x", "1|a\n2|b\n")
	for _, tt := range []struct{ column, options string }{
		{"bigint identity(1,1)", "explicit_ids"}, {"bigint generated by default as identity(1,1)", ""},
	} {
		got := c.source(t, fmt.Sprintf(`drop table if exists unkind_id; create table unkind_id (id %s, a varchar(9));
			copy unkind_id from 's3://unkind-identity/x' %s%s; insert into unkind_id (a) values ('c');
			select '== ' || count(*) || ' ' || count(distinct id) from unkind_id;`, tt.column, tt.options, auth))
		if !strings.Contains(got, "\n== 3 2\n") {
			t.Errorf("%s: no id is there twice: %s", tt.column, got)
		}
	}
}

// Statements are kept for whoever may read them. The secrets of COPY and UNLOAD are not.
//
//standin:imitates unkindness 15: COPY and UNLOAD stay in the query history, their credentials masked | DG copy-parameters-authorization
func TestUnkindHistory(t *testing.T) {
	t.Parallel()
	c := users(standin)
	const canary = "kanarienvogel7"
	c.source(t, `create table history_t (a int);
		copy history_t from 's3://history/x1' access_key_id 'AKIA`+canary+`' secret_access_key 'S`+canary+`' session_token 'T`+canary+`';
		copy history_t from 's3://history/x2' credentials 'aws_access_key_id=AKIA`+canary+`;aws_secret_access_key=S`+canary+`;token=T`+canary+`';
		copy history_t from 's3://history/x3' credentials 'aws_access_key_id=AKIA`+canary+`; aws_secret_access_key=S`+canary+`';
		copy history_t from 's3://history/x4' secret_access_key 'S`+canary+`' nonsense;
		unload ('select 1') to 's3://history/x5' credentials 'aws_iam_role=arn:aws:iam::111111111111:role/r;master_symmetric_key=`+canary+`' encrypted;
		unload ('select 1') to 's3://history/x6' master_symmetric_key '`+canary+`' encrypted iam_role 'arn:aws:iam::111111111111:role/known';`)
	if got := c.source(t, "select count(*) from stl_query where querytxt like '%s3://history/x%' and querytxt not like 'select%'"); got != "6\n" {
		t.Errorf("stl_query holds %s of 6 statements", got)
	}
	if got := c.source(t, "select count(*) from stl_query where querytxt like '%s3://history/x6%role/known%'"); got != "1\n" {
		t.Errorf("the role is not shown: %s", got)
	}
	for _, where := range []string{"stl_query", "stl_querytext", "stl_utilitytext", "svl_statementtext", "stl_ddltext", "sys_query_history", "sys_query_text", "stl_load_errors", "stl_error"} {
		// The canary is put together here, so that this statement does not find itself.
		got := c.source(t, "select count(*) from (select * from "+where+") h where h::text like '%' || 'kanarien' || 'vogel7' || '%'")
		if got != "0\n" && !strings.Contains(got, "does not exist") {
			t.Errorf("%s holds a secret: %s", where, got)
		}
	}
}
