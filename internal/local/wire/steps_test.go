package wire

import (
	"fmt"
	"strings"
	"testing"
)

// written writes down the steps of the statements kept since the last call, and forgets those.
func (h *fakeHistory) written() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	var lines []string
	for _, st := range h.kept {
		for _, step := range st.Steps {
			lines = append(lines, fmt.Sprintf("%s %s %d %s.%s", st.Verb, step.Name, step.Rows, st.Table.Schema, st.Table.Name))
			if st.Table.OID == 0 {
				lines = append(lines, "no object id")
			}
		}
	}
	h.kept = nil
	return strings.Join(lines, "\n")
}

// What statements wrote is told to the history, in every protocol and in a block as without.
//
//standin:imitates system views: steps of statements that write, by the table that they wrote | DG SYS_QUERY_DETAIL
func TestSteps(t *testing.T) {
	t.Parallel()
	s := start(t, nil, `create schema other; create table public.t (a int); create table other.u (a int); insert into other.u values (1), (2);
		create materialized view public.m as select a from other.u`)
	c := s.connect(t)
	ways := map[string]func(sql string) string{
		"simple": func(sql string) string { return run(t, c, sql) },
		"extended": func(sql string) string {
			if err := c.ExecParams(t.Context(), sql, nil, nil, nil, nil).Read().Err; err != nil {
				return err.Error()
			}
			return ""
		},
	}
	for name, do := range ways {
		for _, block := range []bool{false, true} {
			for _, x := range []struct{ sql, want string }{
				{"insert into t select a from other.u", "INSERT insert 2 public.t"},
				{"insert into other.u select 3 where false", "INSERT insert 0 other.u"},
				{"update t set a = 7 where a = 1", "UPDATE delete 1 public.t\nUPDATE insert 1 public.t"},
				{
					"merge into t using other.u on t.a = u.a when matched then update set a = u.a when not matched then insert values (u.a)",
					"MERGE delete -1 public.t\nMERGE insert -1 public.t",
				},
				{"delete from t where a > 0", "DELETE delete 3 public.t"},
				{"with w as (select 1) select * from w", ""},
				{"create table other.made as select a from other.u", "CREATE TABLE AS insert 2 other.made"},
				{"create table other.made2 (a int)", ""},
				{"select a into made3 from other.u", "SELECT insert 2 public.made3"},
				{"refresh materialized view m", "REFRESH MATERIALIZED VIEW insert -1 public.m"},
				{"delete from nowhere", ""},
			} {
				if block {
					run(t, c, "begin")
				}
				s.history.written()
				answer := do(x.sql)
				if got := s.history.written(); got != x.want {
					t.Errorf("%s, in a block %v: %s: got\n%s\nwant\n%s\nanswer %s", name, block, x.sql, got, x.want, answer)
				}
				if block {
					run(t, c, "end")
				}
			}
			run(t, c, "drop table other.made; drop table other.made2; drop table made3")
		}
	}

	// What was prepared once writes the table that has its name when it runs.
	ctx := t.Context()
	if _, err := c.Prepare(ctx, "p", "insert into t values (1)", nil); err != nil {
		t.Fatal(err)
	}
	s.history.written()
	for range 2 {
		if err := c.ExecPrepared(ctx, "p", nil, nil, nil).Read().Err; err != nil {
			t.Fatal(err)
		}
	}
	if got, want := s.history.written(), "INSERT insert 1 public.t\nINSERT insert 1 public.t"; got != want {
		t.Errorf("prepared: got\n%s\nwant\n%s", got, want)
	}
	run(t, c, "alter table t rename to t2")
	run(t, c, "create table t as select 1 as a")
	s.history.written()
	if err := c.ExecPrepared(ctx, "p", nil, nil, nil).Read().Err; err != nil {
		t.Error(err)
	}
	if got, want := s.history.written(), "INSERT insert 1 public.t"; got != want {
		t.Errorf("another table: got\n%s\nwant\n%s", got, want)
	}
	// Of several statements in one string each tells its own; what failed tells nothing.
	run(t, c, "insert into t2 values (1), (2); delete from t2 where a = 2; insert into t2 values (1/0)")
	if got, want := s.history.written(), "INSERT insert 2 public.t2\nDELETE delete 1 public.t2"; got != want {
		t.Errorf("several: got\n%s\nwant\n%s", got, want)
	}
}
