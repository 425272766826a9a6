package catalog_test

import (
	"fmt"
	"strings"
	"testing"
)

// TestQualify: what QUALIFY keeps, beside DISTINCT, TOP, UNION, grouping and names of window functions.
//
//standin:imitates dialect: QUALIFY | DG r_QUALIFY_clause
func TestQualify(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.run(`create table t (g int, v int); insert into t values (1, 10), (1, 20), (1, 20), (2, 5), (2, 7), (3, 1)`)
	s.expect(`select g, v, row_number() over (partition by g order by v desc) as n from t x qualify n = 1 order by g`, "1|20|1\n2|7|1\n3|1|1\n")
	s.expect(`select x.* from t x qualify rank() over (partition by g order by v desc) = 1 order by v desc`, "1|20\n1|20\n2|7\n3|1\n")
	s.expect(`select distinct g, v from t x qualify rank() over (partition by g order by v desc) = 1 order by v desc`, "1|20\n2|7\n3|1\n")
	s.expect(`select top 1 g from t x qualify row_number() over (order by v) > 2 order by v`, "2\n")
	s.expect(`select g from t x qualify row_number() over (order by v) = 1 union all select g from t y
		qualify row_number() over (order by v desc) = 1 order by 1`, "1\n3\n")
	s.expect(`select g, sum(v) from t x group by g having sum(v) > 1 qualify max(sum(v)) over () = sum(v)`, "1|50\n")
	s.expect(`select count(*) from (select g from t x qualify row_number() over (partition by g order by v) = 1)`, "3\n")
	s.run(`create table best as select g, v from t x qualify row_number() over (partition by g order by v) = 1;
		insert into best select g, v from t x qualify row_number() over (order by v desc) = 1`)
	s.expect(`select g, v from best order by 1, 2`, "1|10\n1|20\n2|5\n3|1\n")
	s.fails(`select g from t qualify row_number() over (order by v) = 1`, "42601", "alias")
	s.expect(`select 1 as qualify`, "1\n")
}

//standin:imitates dialect: TOP, also beside UNION | DG r_SELECT_list
func TestTop(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.run(`create table t (a int); insert into t values (1), (2), (3)`)
	s.expect(`select top 2 a from t order by a desc`, "3\n2\n")
	s.expect(`select * from (select top 1 a from t order by a) union select top (1) a + 10 from t where a = 3 order by 1`, "1\n13\n")
}

// TestMerge: both forms, and what Redshift does not take. A source that matches nothing and NULL keys are inserted.
//
//standin:imitates dialect: MERGE | DG r_MERGE
//standin:imitates dialect: MERGE REMOVE DUPLICATES | DG r_MERGE
func TestMerge(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.run(`create table t (id int, name varchar(9)); create table s (id int, name varchar(9)); create view v as select * from s;
		insert into t values (1, 'a'), (2, 'b'), (2, 'bb'), (null, 'n'); insert into s values (2, 'B'), (3, 'C'), (null, 'N')`)
	s.run(`merge into t using s x on t.id = x.id remove duplicates`)
	s.expect(`select id, name from t order by 1, 2`, "1|a\n2|B\n3|C\nNULL|N\nNULL|n\n")
	s.run(`truncate s; insert into s values (1, 'z'), (9, 'y');
		merge into t using s on t.id = s.id when matched then delete when not matched then insert (name, id) values (s.name, s.id)`)
	s.expect(`select id, name from t order by 1, 2`, "2|B\n3|C\n9|y\nNULL|N\nNULL|n\n")
	s.run(`insert into s values (9, 'x')`)
	s.fails(`merge into t using s on t.id = s.id when matched then update set name = s.name when not matched then insert values (s.id, s.name)`,
		"21000", "Found multiple matches to update the same tuple.")
	s.fails(`merge into t using v on t.id = v.id remove duplicates`, "0A000", "its source is a table")
	s.fails(`merge into v using s on v.id = s.id remove duplicates`, "0A000", "it is not a table")
	s.fails(`merge into t using t on t.id = t.id remove duplicates`, "0A000", "cannot be the same")
	s.fails(`merge into t using public.t on t.id = t.id remove duplicates`, "0A000", "cannot be the same")
	s.fails(`merge into t using (select 1 as id) s on t.id = s.id remove duplicates`, "0A000", "a subquery as the source of MERGE")
	s.fails(`merge into t using s on t.id = s.id when not matched then insert values (1, 'x')`, "42601", "MERGE wants")
	s.fails(`merge into t using s on t.id = s.id when matched and t.id > 1 then delete when not matched then insert values (1, 'x')`, "42601", "MERGE wants")
	s.fails(`merge into t using s on t.id = s.id when matched then do nothing when not matched then insert values (1, 'x')`, "42601", "MERGE wants")
}

// TestWindows: frames are in rows and wanted where an aggregate is sorted.
//
//standin:imitates functions: window aggregates with ORDER BY want a frame | DG r_Window_function_synopsis
//standin:imitates functions: LAG, LEAD and NTH_VALUE with IGNORE NULLS | DG r_WF_LAG
//standin:imitates functions: PERCENTILE_DISC over a window in descending order | DG r_WF_PERCENTILE_DISC
//standin:refuses functions: LAG, LEAD and NTH_VALUE with IGNORE NULLS and a computed offset | DG r_WF_LAG
//standin:imitates functions: FIRST_VALUE and LAST_VALUE with IGNORE NULLS | DG r_WF_first_value
func TestWindows(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.run(`create table t (g int, v int); insert into t values (1, null), (2, 10), (3, 30), (4, null)`)
	s.expect(`select g, first_value(v ignore nulls) over (order by g rows between unbounded preceding and unbounded following),
		last_value(v) ignore nulls over (order by g rows unbounded preceding), last_value(v respect nulls) over (order by g rows unbounded preceding)
		from t order by g`, "1|10|NULL|NULL\n2|10|10|10\n3|10|30|30\n4|10|30|NULL\n")
	s.expect(`select g, ratio_to_report(v) over () from t order by g`, "1|NULL\n2|0.25\n3|0.75\n4|NULL\n")
	s.expect(`select distinct percentile_cont(0.25) within group (order by v desc) over (), percentile_disc(0.5) within group (order by v) over () from t`, "25|10\n")
	s.fails(`select sum(v) over (order by g) from t`, "0A000", "require a frame clause")
	s.fails(`select sum(v) over (order by g range between unbounded preceding and current row) from t`, "0A000", "a window frame in range")
	s.fails(`select lag(v, g) ignore nulls over (order by g) from t`, "0A000", "IGNORE NULLS")
	s.fails(`select lead(v, 0) ignore nulls over (order by g) from t`, "0A000", "IGNORE NULLS")
	s.run(`create temp table w (n int, v varchar(3)); insert into w values (1, null), (2, 'a'), (3, null), (4, 'b'), (5, 'c'), (6, null)`)
	s.expect(`select n, lag(v) ignore nulls over (order by n), lag(v, 2) ignore nulls over (order by n),
		lead(v) ignore nulls over (order by n), lead(v, 2) ignore nulls over (order by n),
		nth_value(v, 2) ignore nulls over (order by n rows between unbounded preceding and unbounded following),
		nth_value(v, 4) ignore nulls over (order by n rows between unbounded preceding and unbounded following)
		from w order by n`, `
1|NULL|NULL|a|b|b|NULL
2|NULL|NULL|b|c|b|NULL
3|a|NULL|b|c|b|NULL
4|a|NULL|c|NULL|b|NULL
5|b|a|NULL|NULL|b|NULL
6|c|b|NULL|NULL|b|NULL
`)
	s.run(`create temp table p (v int); insert into p values (10), (20), (30), (40), (null)`)
	for _, share := range []string{"0", "0.1", "0.25", "0.26", "0.5", "0.75", "1"} {
		// PostgreSQL's own aggregate says the same of all rows.
		s.expect(`select distinct percentile_disc(`+share+`) within group (order by v desc) over () from p`,
			s.one(`select percentile_disc(`+share+`) within group (order by v desc) from p`)+"\n")
	}
	s.fails(`select listagg(distinct v) within group (order by v) over () from t`, "0A000", "LISTAGG(DISTINCT ...) OVER")
}

// TestPartiQL: paths, and rows from what SUPER values hold.
//
//standin:imitates dialect: paths into SUPER values by dots and brackets | DG query-super
//standin:imitates dialect: unnesting of SUPER arrays in FROM, AT an index | DG query-super
//standin:imitates dialect: UNPIVOT of SUPER objects in FROM | DG query-super
//standin:imitates dialect: comparison of SUPER values with other types as dynamic types | DG query-super
func TestPartiQL(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.run(`create schema shop; create table shop.customers (id int, c_orders super, name varchar(9));
		insert into shop.customers select 1, json_parse('[{"key": 7, "status": "P", "lines": [{"n": 1.5}, {"n": 2}]}, {"key": 8, "status": "F"}]'), 'x';
		insert into shop.customers select 2, json_parse('{"key": "a", "sub": {"Deep": [10, [20]], "low": [10, [20]]}}'), 'y'; insert into shop.customers values (3, null, 'z')`)
	s.expect(`select c.c_orders[0].key, c_orders[1].status, customers_id from (select *, id as customers_id from shop.customers) c order by id`,
		"7|\"F\"|1\nNULL|NULL|2\nNULL|NULL|3\n")
	s.expect(`select c.id, c.c_orders.sub.deep[1][0], shop.customers.name from shop.customers, shop.customers c where c.id = 2 and customers.id = 2`, "2|NULL|y\n")
	s.expect(`select c.c_orders.sub.low[1][0] from shop.customers c where c.id = 2`, "20\n")
	s.expect(`select c.id, o.key, o.status, i from shop.customers c, c.c_orders as o at i order by 1, i`, "1|7|\"P\"|0\n1|8|\"F\"|1\n")
	s.expect(`select c.id, l.n, o from shop.customers c, c.c_orders o, o.lines l order by l.n`,
		"1|1.5|{\"key\":7,\"status\":\"P\",\"lines\":[{\"n\":1.5},{\"n\":2}]}\n1|2|{\"key\":7,\"status\":\"P\",\"lines\":[{\"n\":1.5},{\"n\":2}]}\n")
	s.expect(`select c.id, count(o) from shop.customers c left join c.c_orders o on true group by c.id order by 1`, "1|2\n2|0\n3|0\n")
	s.expect(`select attr, json_typeof(val) from shop.customers c, unpivot c.c_orders as val at attr order by attr`, "key|string\nsub|object\n")
	s.expect(`select o.key from shop.customers c, c.c_orders o where o.status = 'P' and o.key > 5 and o.key = 7.0 and o.key + 1 = 8`, "7\n")
	s.expect(`select count(*) from shop.customers where c_orders[0].status in ('P', 'Q') or c_orders.key <> 'b'`, "2\n")
	s.expect(`select c_orders.key = 1, c_orders.key < 1, c_orders.key = 'a', c_orders.key::int, c_orders.nothing.there from shop.customers where id = 2`,
		"f|NULL|t|NULL|NULL\n")
	s.run(`create table keys as select o.key, o.status from shop.customers c, c.c_orders o; create view shop.v as select c.id, o.key from shop.customers c, c.c_orders o`)
	s.expect(`select status, key from keys order by key`, "\"P\"|7\n\"F\"|8\n")
	s.expect(`select key from shop.v order by 1`, "7\n8\n")
}

// TestLateralAliases: an alias stands for its expression in the items behind it, but where a column has its name. The first
// queries are the manual's.
//
//standin:imitates dialect: aliases in later expressions of the list | DG r_SELECT_list
//standin:imitates dialect: aliases of the list in WHERE | amazon-redshift-utils, v_generate_user_grant_revoke_ddl
//standin:differs dialect: aliases in later expressions of the list, in functions and procedures | error 42703 where no column has the name | DG r_SELECT_list
func TestLateralAliases(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.run(`create table raw_data (clicks float8, impressions float8, probability float8); insert into raw_data values (1, 4, 0.5)`)
	s.expect(`select clicks / impressions as probability, round(100 * probability, 1) as percentage from raw_data`, "0.25|50\n")
	s.run(`alter table raw_data drop column probability`)
	s.expect(`select clicks / impressions as probability, round(100 * probability, 1) as percentage from raw_data`, "0.25|25\n")

	s.run(`create table t (a int, "É" int, c varchar(9), s super); insert into t values (1, 5, 'x', json_parse('{"b": 7}')), (2, 6, 'y', null)`)
	for query, want := range map[string]string{
		`select a + 1 as b, b * 2 d, d + b, c from t where a = 1`:                                                             "2|4|6|x\n",
		`select a + 1 b, a, -b as "B", b::float / 4 as e, cast(b as varchar(3)) || c from t order by a desc`:                  "3|2|-3|-0.75|-3y\n2|1|-2|-0.5|-2x\n",
		`select 'é' || c as "ü", "ü" || "ü" as d from t where a = 1`:                                                          "éx|éxéx\n",
		`select a as n, (select max(a) from t where "É" > 0) as m, m - n from t order by 1`:                                   "1|2|1\n2|2|0\n",
		`select 1 as x, x + 1 as y, y + x`:                                                                                    "1|2|3\n",
		`select count(*) as n, sum(a) as total, total / n as average, average from t`:                                         "2|3|1|1\n",
		`select n, twice from (select a as n, n * 2 as twice from t) order by 1`:                                              "1|2\n2|4\n",
		`with w as (select a as n, n * 2 as twice from t) select twice as v, v + 1 from w order by 1`:                         "2|3\n4|5\n",
		`select a as n, n + 1 from t where a = 1 union all select 9 as n, n + 2 order by 1`:                                   "1|2\n9|11\n",
		`select distinct 1 as x, x + 1 from t`:                                                                                "1|2\n",
		`select top 1 a as n, n + 10 from t order by n desc`:                                                                  "2|12\n",
		`select row_number() over (order by a) as n, n * 10 as m from t x qualify n = 2`:                                      "2|20\n",
		`select nvl(a, 0) as n, decode(n, 1, 'one', 'more') as word, word || '!' from t order by 1`:                           "1|one|one!\n2|more|more!\n",
		`select case when a = 1 then 'p' end as p, p is null as q, not q from t order by a`:                                   "p|f|t\nNULL|t|f\n",
		`select a as c, c || '' from t order by a`:                                                                            "1|x\n2|y\n",
		`select s.b as v, v from t where a = 1`:                                                                               "7|7\n",
		`select a > 0 as p, listagg(c, '-') within group (order by c) over (partition by p) as l, l || '!' from t order by a`: "t|x-y|x-y!\nt|x-y|x-y!\n",
		`select distinct a > 0 as p, percentile_cont(0.5) within group (order by a) over (partition by p) from t`:             "t|1.5\n",
		`select a as n, x.n from (select 5 as n) x, t order by 1`:                                                             "1|5\n2|5\n",
	} {
		s.expect(query, want)
	}
	s.run(`create table made as select a as n, n + 1 as m from t; insert into made select a as n, n * 100 as m from t where a = 2;
		select a as n, n + 2 as m into temp into_t from t; create view v as select a as n, n + 3 as m from t;
		create materialized view mv as select a as n, n + 4 as m from t;
		create view late as select a as n, n + 5 as m from public.t with no schema binding`)
	s.expect(`select n, m from made order by 1, 2`, "1|2\n2|3\n2|200\n")
	s.expect(`select max(m), (select max(m) from v), (select max(m) from mv), (select max(m) from late) from into_t`, "4|5|6|7\n")

	s.fails(`select b + 1, a as b from t`, "42703", `"b" does not exist`) // not in front of it
	s.expect(`select a + 1 as b from t where b = 2 and (b > 1 or "É" = 0) group by a order by b`, "2\n")
	s.expect(`select a as c from t where c = 'x'`, "1\n") // the column
	s.expect(`select x.v from (select a * 2 as v from t where v > 2) x where x.v < 9`, "4\n")
	s.expect(`select relname as r from pg_catalog.pg_class where r = 't' and relkind = 'r'`, "t\n")
	s.fails(`select count(*) as b from t where b = 1`, "42803", "aggregate")
	s.fails(`select a as b from t where nothing = b`, "42703", `"nothing" does not exist`)
	s.fails(`select a as b, nothing + b from t`, "42703", `"nothing" does not exist`)
	long := "select a as a0"
	for i := range 40 {
		long += fmt.Sprintf(", a%d + a%d as a%d", i, i, i+1)
	}
	s.fails(long+" from t", "54001", "too long with all aliases")
}

// TestNodes: functions of the leader node want no tables, and those of the compute nodes want one; views are what they read.
//
//standin:imitates functions: CURRENT_SCHEMA, CURRENT_SCHEMAS, HAS_TABLE_PRIVILEGE and its like are errors in queries of tables | DG c_SQL_functions_leader_node_only
//standin:imitates functions: LISTAGG, MEDIAN, PERCENTILE_CONT and PERCENTILE_DISC are errors in queries without a table | DG c_SQL_functions_compute_node_only
//standin:differs functions: GENERATE_SERIES, PG_SLEEP, NOW, CURRENT_TIMESTAMP and others that the manual calls deprecated or unsupported | work in queries of tables too; so do joins of tables with catalogs whose types or functions Redshift does not take there | DG c_SQL_functions_leader_node_only
//standin:refuses functions: PostgreSQL's functions that came after 8.0: UNNEST, FORMAT, REGEXP_MATCHES, CORR, TO_JSON and others | DG c_unsupported-postgresql-functions
func TestNodes(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.run(`create table users (userid int, name varchar(20)); insert into users values (1, 'a'), (2, 'b');
		create view of_users as select userid from users; create view of_view as select userid as id from of_users;
		create view late as select userid from public.users with no schema binding;
		create view of_catalog as select tablename from pg_tables; create table #mine (userid int)`)
	const leader, compute = "Specified types or functions", "at least one user created table"
	for _, sql := range []string{
		`select current_schema(), userid from users`, // the manual's example
		`select current_schemas(true) from of_view`,
		`select has_table_privilege('users', 'select') from late`,
		`select 1 where exists (select from #mine) and has_schema_privilege('public', 'usage')`,
		`with u as (select * from users) select current_schema() from u`,
		`update users set name = current_schema()`,
		`delete from users where name = current_schema()`,
		`insert into users (name) select current_schema()`,
		`create table x as select current_schema() as s from users`,
		`select has_database_privilege(current_database(), 'temp') from stl_query`,
	} {
		s.fails(sql, "0A000", leader)
	}
	s.expect(`select current_schema()`, "public\n")
	s.expect(`select "column" from pg_table_def where schemaname = current_schema() and tablename = 'users' order by 1`, "name\nuserid\n") // the manual's
	s.expect(`select tablename from of_catalog where tablename = 'users' and has_table_privilege('users', 'select')`, "users\n")
	s.run(`insert into users values (3, current_schema())`)
	s.fails(`select nothing.current_schema() from users`, "3F000", "nothing")

	for _, sql := range []string{
		`select listagg(tablename, ',') from pg_tables`,
		`select listagg(tablename) within group (order by 1) from of_catalog`,
		`select median(x) from (select 1 as x union select 2)`,
		`with x as (select 1 as a) select percentile_cont(0.5) within group (order by a) from x`,
		`select percentile_disc(0.5) within group (order by 1)`,
		`select collate(usename, 'case_insensitive') from pg_user`, // the manual's, in its own words
	} {
		words := compute
		if strings.Contains(sql, "collate") {
			words = "Case insensitive collation is not supported in leader node only query."
		}
		s.fails(sql, "0A000", words)
	}
	s.expect(`select listagg(name, ',') within group (order by name) from of_view join users on id = userid where id < 3`, "a,b\n")
	s.expect(`with x as (select userid from late) select median(userid) from x`, "2\n")
	s.run(`select listagg(text) within group (order by sequence) from stl_querytext`)
	s.fails(`select listagg(a) from missing`, "42P01", "missing")

	for _, call := range []string{
		`unnest('{1}')`, `format('%s', 1)`, `regexp_matches('a', 'a')`, `corr(1, 2)`, `to_json(1)`, `array_agg(1)`, `width_bucket(1, 0, 2, 3)`,
	} {
		name, _, _ := strings.Cut(call, "(")
		s.fails(`select `+call, "0A000", "function "+name+" is not supported")
	}
	s.run(`create table format (div int); insert into format values (1); with corr (a) as (select div from format) select a from corr`)
}
