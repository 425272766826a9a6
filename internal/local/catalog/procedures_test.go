package catalog_test

import "testing"

//standin:imitates functions: SQL functions of the caller | DG udf-creating-a-scalar-sql-udf
//standin:refuses functions: Python functions, whose support has ended | DG udf-creating-a-scalar-udf
func TestFunctionsOfTheCaller(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.run(`create function f_greater (float, float) returns float stable as $$ select case when $1 > $2 then $1 else $2 end $$ language sql;
		create or replace function next_month(date) returns timestamp immutable as $$ select dateadd(month, 1, nvl($1, '2020-01-31'::date)) $$ language sql`)
	s.expect(`select f_greater(1, 2.5), next_month('2021-01-31'), next_month(null)`, "2.5|2021-02-28 00:00:00|2020-02-29 00:00:00\n")
	s.fails(`create function f () returns int stable as $$ select count(*)::int from pg_class $$ language sql`, "0A000", "FROM clause")
	s.fails(`create function f (a int) returns int stable as $$ return a $$ language plpythonu`, "0A000", "Python functions are no longer supported")
	s.fails(`create function f () returns int stable as $$ begin return 1; end $$ language plpgsql`, "0A000", "LANGUAGE plpgsql")
}

// TestProcedures: their statements are Redshift's, with table attributes, SUPER paths and what TRUNCATE commits.
//
//standin:imitates dialect: CREATE PROCEDURE in PL/pgSQL, CALL, INOUT and OUT arguments | DG stored-procedure-create
//standin:imitates dialect: COMMIT, ROLLBACK and TRUNCATE in a procedure | DG stored-procedure-transaction-management
//standin:imitates dialect: NONATOMIC procedures | DG r_CREATE_PROCEDURE
//standin:refuses dialect: NONATOMIC procedures that catch errors or begin transactions, COPY and UNLOAD in a procedure | DG stored-procedure-transaction-management
//standin:differs dialect: dynamic SQL in a procedure | by going to PostgreSQL as it is, untranslated | DG c_PLpgSQL-statements
func TestProcedures(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.run(`create table log (a int); create table gone (a int); insert into gone values (1)`)
	s.run(`create or replace procedure logged() as $$ begin raise notice 'x'; end $$ language plpgsql set stored_proc_log_min_messages to 'log'; call logged()`)
	s.run(`create or replace procedure test_sp2(f1 IN int, f2 INOUT varchar(256), out_var OUT varchar(256)) as $$
declare
  loop_var int;
begin
  if f1 is null or f2 is null then
    raise exception 'input cannot be null';
  end if;
  drop table if exists my_etl;
  create temp table my_etl(a int distkey, b varchar(max)) sortkey (b);
  for loop_var in 1..f1 loop
    insert into my_etl values (loop_var, f2);
    f2 := f2 || '+' || f2;
  end loop;
  select into out_var count(*) from my_etl;
end;
$$ language plpgsql`)
	s.expect(`call test_sp2(2, '2019')`, "2019+2019+2019+2019|2\n") // the manual's example
	s.expect(`select "column", type, distkey, sortkey from pg_table_def where tablename = 'my_etl'`,
		"a|integer|t|0\nb|character varying(65535)|f|1\n")
	s.fails(`call test_sp2(null, 'x')`, "P0001", "input cannot be null")

	s.run(`create procedure keep_and_lose() as $$
declare
  r record;
begin
  insert into log values (1);
  truncate gone;
  insert into log values (2);
  rollback;
  insert into log select top 1 datediff(day, '2020-01-01', dateadd(day, v.n, '2020-01-01')) from (select 3 as n union all select 4) v order by 1;
  commit;
  for r in select top 1 a, extract(day from date '2020-01-09') as d from log order by a loop
    insert into log values (r.d);
  end loop;
end $$ language plpgsql`)
	s.run(`call keep_and_lose()`)
	s.expect(`select a from log order by a`, "1\n3\n9\n")
	s.expect(`select count(*) from gone`, "0\n")
	if _, err := s.conn.Exec(t.Context(), "begin").ReadAll(); err != nil {
		t.Fatal(err)
	}
	s.fails(`call keep_and_lose()`, "2D000", "invalid transaction termination") // no TRUNCATE in the caller's transaction
	if _, err := s.conn.Exec(t.Context(), "rollback").ReadAll(); err != nil {
		t.Fatal(err)
	}
	s.run(`truncate log; create procedure half() nonatomic as $$
begin
  insert into log values (1);
  for i in 2..3 loop
    if i = 2 then execute 'insert into log values (2)'; end if;
  end loop;
  insert into log select 1 / (a - 2) from log where a = 2;
end $$ language plpgsql`)
	s.fails(`call half()`, "22012", "division by zero")
	s.expect(`select a from log order by a`, "1\n2\n") // what came before the error stays
	s.fails(`create procedure p() nonatomic as $$ begin null; exception when others then null; end $$ language plpgsql`, "0A000", "NONATOMIC")
	s.fails(`create procedure p() nonatomic as $$ begin start transaction; end $$ language plpgsql`, "0A000", "NONATOMIC")
	s.fails(`create procedure p() as $$ begin unload ('select 1') to 's3://b/p' iam_role default; end $$ language plpgsql`, "0A000", "UNLOAD in a procedure")
	s.fails(`create procedure p() as $$ begin create table t (a uuid); end $$ language plpgsql`, "0A000", "uuid")
}

// TestTrailingBlanks: blanks at the end of a text do not count when it is compared, sorted, grouped, joined or found among
// others; they do in LENGTH and in LIKE.
//
//standin:imitates types: blanks at the end do not count in comparisons | DG r_Character_types
//standin:imitates unkindness 7: blanks at the end do not count in comparisons | DG r_Character_types
func TestTrailingBlanks(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.run(`create table v (a varchar(5)); create table c (a char(5)); insert into v values ('x'), ('x '), ('x  '), ('y'); insert into c values ('x'), ('y  ')`)
	s.expect(`select count(*) from v where a = 'x'`, "3\n")
	s.expect(`select count(*) from v where a in ('x    ', 'z')`, "3\n")
	s.expect(`select count(*), min(length(a)), max(length(a)) from v group by a order by 1`, "1|1|1\n3|1|3\n")
	s.expect(`select count(distinct a) from v`, "2\n")
	s.expect(`select count(*) from (select distinct a from v)`, "2\n")
	s.expect(`select count(*) from (select a from v union select a from c)`, "2\n")
	s.expect(`select count(*) from v join c on v.a = c.a`, "4\n")
	s.expect(`select count(*) from v l join v r using (a)`, "10\n")
	s.expect(`select count(*) from v where a like 'x'`, "1\n")
	s.expect(`select 'a '::char(3) = 'a', 'a ' = 'a'::char(5), 'a ' < 'a', 'a ' >= 'a', ' a' = 'a', nullif('a ', 'a'), decode('b ', 'b', 1, 2)`,
		"t|t|f|t|f|NULL|1\n")
}

// TestCastsCountBytes: a cast to VARCHAR(n) cuts at n bytes, between characters; what is assigned is held to n bytes.
//
//standin:imitates types: casts to VARCHAR(n) cut at n bytes | DG r_Character_types
func TestCastsCountBytes(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.expect(`select 'ééé'::varchar(3), 'ééé'::varchar(4), cast('a€b' as varchar(3)), convert(varchar(5), 'é😀x'), 'é'::varchar(1) = '', 'abc'::varchar(2), 12345::varchar(3)`,
		"é|éé|a|é|t|ab|123\n")
	s.run(`create table t (a varchar(4)); insert into t values ('éé'), ('ab'), ('éé  ')`)
	s.fails(`insert into t values ('ééx')`, "22001", "value too long for type character varying(4)")
	s.fails(`insert into t select 'ééé'::varchar(9)`, "22001", "value too long for type character varying(4)")
	s.fails(`update t set a = a || 'é'`, "22001", "value too long for type character varying(4)")
	s.expect(`select a, octet_length(a) from t order by 1`, "ab|2\néé|4\néé|4\n")
	s.run(`create table u as select a::varchar(2) as b from t`)
	s.expect(`select b, octet_length(b) from u order by 1`, "ab|2\né|2\né|2\n")
	s.expectColumns("u", "b|character varying(2)|f|f|f|0|lzo\n")
}
