package local

import (
	"errors"
	"io"
	"regexp"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/redshiftdata"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"
)

// Names of up to 127 bytes are told apart by their last byte, wherever they are said; longer ones are cut.
//
//standin:imitates unkindness 14: names have up to 127 bytes, longer ones are cut there, never within a character | DG r_names
//standin:differs dialect: names of 64 to 127 bytes in queries of catalogs | ORDER BY, LENGTH, patterns and expressions see their first 44 bytes and a digest, SQL that a procedure puts together does not know them | DG r_names
func TestLongNames(t *testing.T) {
	t.Parallel()
	s := Start(t)
	c := users(s)
	db := c.session(t, nil)
	n := func(last string) string { return strings.Repeat("n", 127-len(last)) + last }
	a, b := n("a"), n("b")
	col, schema := n("_col"), n("_schema")
	db.expect("create schema "+schema+"; create table "+schema+"."+a+" ("+col+"1 int, "+col+"2 varchar(10) not null default 'x'); select 1", "42701") // both are cut to the same
	k1, k2 := n("k1"), n("k2")
	db.expect("create schema "+schema+"; create table "+schema+"."+a+" ("+k1+" int primary key, "+k2+" varchar(10) not null default 'x')", "")
	db.expect("create table "+schema+"."+b+"longer (like "+schema+"."+a+")", "")
	db.expect("insert into "+schema+"."+a+" values (1, 'a'); insert into "+strings.ToUpper(schema)+".\""+b+"\" values (2, 'b'); select "+k2+" from "+schema+"."+a+" union all select "+k2+" from "+schema+"."+b+" where "+k1+" = 2 order by 1", "a\nb")

	results, err := db.Exec(t.Context(), "select *, 1 as "+b+", '"+a+"' as x from "+schema+"."+a).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, f := range results[0].FieldDescriptions {
		got = append(got, f.Name)
	}
	if want := k1 + " " + k2 + " " + b + " x"; strings.Join(got, " ") != want {
		t.Errorf("columns %s\nnot %s", got, want)
	}

	// Catalogs show them, and find them.
	for _, sql := range []string{
		"select relname from pg_class where relname = '" + a + "'",
		"select c.relname from pg_catalog.pg_class c join pg_namespace n on n.oid = c.relnamespace where n.nspname like '" + schema + "' and relname in ('x', '" + a + "')",
		"select table_name from information_schema.tables where table_schema = '" + schema + "' and table_name = '" + a + "'",
		"select table_name from svv_tables where table_name = '" + a + "'",
		"select \"table\" from svv_table_info where \"schema\" = '" + schema + "' and \"table\" = '" + a + "'",
		"set search_path to '" + schema + "'; select distinct tablename from pg_table_def where tablename = '" + a + "'",
		"select split_part('" + schema + "." + a + "'::regclass::text, '.', 1) as x",
	} {
		db.expect(sql, a)
	}
	db.expect("show search_path", schema)
	db.expect("select \"column\" from pg_table_def where tablename = '"+b+"' order by type desc", k1+"\n"+k2)
	db.expect("reset search_path; select column_name from svv_columns where table_schema = '"+schema+"' and table_name = '"+a+"' order by ordinal_position", k1+"\n"+k2)
	db.expect("select has_table_privilege('"+schema+"."+a+"', 'select'), has_table_privilege('\""+schema+"\".\""+b+"\"', 'select')", "t|t")
	db.expect("select length(relname) < 64 from pg_class where relname = '"+a+"'", "t")
	db.expect("select conname from pg_constraint where conrelid = '"+schema+"."+a+"'::regclass", n("")[:44]+"_pkey")
}

// What a statement leaves is the same whether its names are long or not: views, procedures, errors, what was run.
func TestLongNamesInTexts(t *testing.T) {
	t.Parallel()
	s := Start(t)
	c := users(s)
	n := func(last string) string { return strings.Repeat("m", 127-len(last)) + last }
	table, column, view, procedure := n("_table"), n("_column"), n("_view"), n("_procedure")
	quoted := strings.Repeat("m", 120) + ` "x"`
	db := c.session(t, nil)
	db.expect("create table "+table+" ("+column+" int, \""+strings.ReplaceAll(quoted, `"`, `""`)+"\" int)", "")
	db.expect("insert into "+table+" values (1, 2); select * from "+table, "1|2")
	db.expect("select column_name from svv_columns where table_name = '"+table+"' order by ordinal_position", column+"\n"+quoted)
	db.expect("create view "+view+" as select "+column+" from "+table, "")
	db.expect("select pg_get_viewdef('"+view+"'::regclass)", " SELECT "+table+"."+column+"\n   FROM "+table+";")
	written := "create view " + view + "l as select " + column + " from public." + table + " with no schema binding"
	db.expect(strings.Replace(written, view+"l", "late", 1), "")
	db.expect("select definition from pg_views where viewname = 'late'", strings.Replace(written, view+"l", "late", 1))
	db.expect("create procedure "+procedure+"() as $$ begin insert into "+table+" ("+column+") select "+column+" + 1 as "+column+" from "+table+"; end $$ language plpgsql", "")
	db.expect("call "+procedure+"(); select count(*), max("+column+") from "+table, "2|2")
	db.expect("with "+n("_w")+" as (select "+column+" as "+n("_c")+" from "+table+" as "+n("_t")+") select max("+n("_c")+") from "+n("_w"), "2")
	db.expect("create table #"+n("_temp")+" (a int); insert into #"+n("_temp")+" values (3); select a from #"+n("_temp"), "3")
	db.expect("select count(*) from stl_query where querytxt like 'select count(*), max("+column+")%'", "1")

	fails := func(sql, want string) {
		t.Helper()
		_, err := db.Exec(t.Context(), sql).ReadAll()
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v\nwithout %s", sql, err, want)
		}
	}
	fails("select * from "+n("_none"), `relation "`+n("_none")+`" does not exist`)
	fails("select "+n("_none")+" from "+table, `column "`+n("_none")+`" does not exist`)
	fails("create user "+n("_user")+" password disable", "names of at most 63")
	fails("create database "+n("_database"), "names of at most 63")
	fails("grant select on "+table+" to "+n("_user"), `"`+n("_user")+`" does not exist`)
	_, err := db.Exec(t.Context(), "select 1 as "+n("_x")+", nowhere").ReadAll()
	if pe, ok := errors.AsType[*pgconn.PgError](err); !ok || int(pe.Position) != len("select 1 as "+n("_x")+", ")+1 {
		t.Errorf("the position of an error is %v", err)
	}

	// Rows that do not fit into a buffer, and many that do.
	db.expect("select right(repeat('x', 100000) || relname, 63) from pg_class where relname = '"+table+"'", table)
	if rows := strings.Split(db.run("select repeat('x', n) || relname || 'y', relname from pg_class, generate_series(1, 3000, 50) n where relname = '"+table+"'"), "\n"); len(rows) != 60 {
		t.Errorf("%d rows", len(rows))
	} else {
		for i, row := range rows {
			if want := strings.Repeat("x", 1+50*i) + table + "y|" + table; row != want {
				t.Errorf("row %d is %s", i, row)
			}
		}
	}

	// Without regard to where it is cut: 127 bytes, and no half of a character.
	db.expect("create table "+n("_cut")+"ABC (a int); select count(*) from "+n("_cut"), "0")
	db.expect("create table \""+strings.Repeat("é", 64)+"\" (a int); select count(*) from \""+strings.Repeat("é", 63)+"\"", "0")
	db.expect("select tablename from pg_tables where tablename = '"+strings.Repeat("é", 63)+"'", strings.Repeat("é", 63))

	// Prepared statements, with parameters that mean names, and answers in the binary format.
	for _, format := range []int16{0, 1} {
		result := db.ExecParams(t.Context(), "select relname, current_schemas(false) as "+n("_s")+" from pg_class where relname = $1", [][]byte{[]byte(table)}, nil, nil, []int16{format}).Read()
		if result.Err != nil || len(result.Rows) != 1 || string(result.Rows[0][0]) != table || result.FieldDescriptions[1].Name != n("_s") {
			t.Errorf("prepared, format %d: %v %q", format, result.Err, result.Rows)
		}
	}
	db.expect("create schema "+n("_schema")+"; set search_path to "+n("_schema"), "")
	result := db.ExecParams(t.Context(), "select current_schemas(false)", nil, nil, nil, []int16{1}).Read()
	var schemas []string
	if err := pgtype.NewMap().Scan(pgtype.NameArrayOID, pgtype.BinaryFormatCode, result.Rows[0][0], &schemas); err != nil || len(schemas) != 1 || schemas[0] != n("_schema") {
		t.Errorf("an array in the binary format: %q %v", schemas, err)
	}
}

// A stand-in that was stopped and started again knows the names it was given.
func TestLongNamesAreKept(t *testing.T) {
	t.Parallel()
	table := strings.Repeat("k", 127)
	o := Options{Dir: t.TempDir(), AnyPort: true}
	for _, sql := range []string{"create table " + table + " (a int)", "select 1"} {
		s, err := Up(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		users(s).source(t, sql)
		const query = "select tablename from pg_tables where schemaname = 'public'"
		if got := users(s).source(t, query); got != table+"\n" {
			t.Errorf("after %s: %s", sql, got)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// COPY and UNLOAD know long names: in lists of columns, headers, keys of JSON, schemas of Parquet, paths, and in what they report.
//
//standin:imitates UNLOAD: names of 64 to 127 bytes in headers, keys of JSON, schemas of Parquet, manifests and folders | DG r_names, DG r_UNLOAD
//standin:imitates COPY: names of 64 to 127 bytes of tables and columns, in STL_LOAD_ERRORS too | DG r_names, DG r_COPY
func TestLongNamesInFiles(t *testing.T) {
	t.Parallel()
	s := Start(t)
	c := users(s)
	auth := bucket(t, s, "long-names")
	n := func(last string) string { return strings.Repeat("f", 127-len(last)) + last }
	table, a, b := n("_table"), n("_a"), n("_b")
	got := c.source(t, "create table "+table+" ("+a+" int, "+b+" varchar(20)); insert into "+table+" values (1, 'one'), (2, 'two');\n"+
		"unload ('select "+a+", "+b+" from "+table+" order by 1') to 's3://long-names/csv_'"+auth+"csv header parallel off;\n"+
		"unload ('select * from "+table+" order by 1') to 's3://long-names/json_'"+auth+"json parallel off;\n"+
		"unload ('select * from "+table+"') to 's3://long-names/p_'"+auth+"parquet manifest verbose parallel off;\n"+
		"unload ('select * from "+table+"') to 's3://long-names/by/'"+auth+"csv partition by ("+a+") parallel off;\n"+
		"unload ('select relname from pg_class where relname = ''"+table+"''') to 's3://long-names/names_'"+auth+"csv parallel off;\n")
	if strings.Contains(got, "ERROR") {
		t.Fatal(got)
	}
	files := map[string]string{
		"csv_000":            a + "," + b + "\n1,one\n2,two\n",
		"json_000":           `{"` + a + `":1,"` + b + `":"one"}` + "\n" + `{"` + a + `":2,"` + b + `":"two"}` + "\n",
		"by/" + a + "=1/000": "one\n",
		"names_000":          table + "\n",
	}
	client := s3.NewFromConfig(c.sdk(t), func(o *s3.Options) { o.UsePathStyle = true })
	read := func(key string) string {
		t.Helper()
		out, err := client.GetObject(t.Context(), &s3.GetObjectInput{Bucket: aws.String("long-names"), Key: &key})
		if err != nil {
			t.Fatalf("%s: %v", key, err)
		}
		body, err := io.ReadAll(out.Body)
		if err = errors.Join(err, out.Body.Close()); err != nil {
			t.Fatalf("%s: %v", key, err)
		}
		return string(body)
	}
	for key, want := range files {
		if got := read(key); got != want {
			t.Errorf("%s:\n%s\nnot\n%s", key, got, want)
		}
	}
	if got := read("p_000.parquet"); !strings.Contains(got, a) || !strings.Contains(got, b) {
		t.Errorf("the schema of Parquet lacks the names")
	}
	if got := read("p_manifest"); !strings.Contains(got, `"`+a+`"`) {
		t.Errorf("the manifest is %s", got)
	}
	got = c.source(t, "copy "+table+" ("+a+", "+b+") from 's3://long-names/csv_000'"+auth+"csv ignoreheader 1;\n"+
		"copy "+table+" from 's3://long-names/json_000'"+auth+"json 'auto';\n"+
		"copy "+table+" from 's3://long-names/p_000.parquet'"+auth+"parquet;\n"+
		"select "+a+", count(*) from "+table+" where "+b+" <> '' group by 1 order by 1;\n"+
		"copy "+table+" ("+b+", "+a+") from 's3://long-names/csv_000'"+auth+"csv ignoreheader 1;\n"+
		"copy "+table+" ("+a+", "+n("_none")+") from 's3://long-names/csv_000'"+auth+"csv;\n"+
		"select trim(colname) from stl_load_errors where colname = '"+a+"' order by line_number limit 1;\n"+
		"select column_name from sys_load_error_detail where column_name = '"+a+"' order by line_number limit 1;\n")
	for _, want := range []string{
		"Load into table '" + table + "' completed, 2 record(s) loaded successfully.",
		"\n1|4\n2|4\n", `column "` + n("_none") + `" of relation "` + table + `" does not exist`, "Load into table '" + table + "' failed.", "\n" + a + "\n" + a + "\n",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("%s\nlacks %s", got, want)
		}
	}
}

// The Data API shows long names as the drivers do.
//
//standin:imitates Data API: names of 64 to 127 bytes in metadata, ListTables and DescribeTable | DG r_names
func TestLongNamesInTheDataAPI(t *testing.T) {
	t.Parallel()
	c := users(standin)
	d := newDataAPI(t, c, "awsuser")
	table, column := strings.Repeat("d", 127), strings.Repeat("d", 120)
	done := d.run(d.input("create table " + table + " as select 1 as " + column))
	if done.Error != nil {
		t.Fatal(*done.Error)
	}
	done = d.run(d.input("select " + column + ", tablename from " + table + ", pg_tables where tablename = '" + table + "'"))
	out, err := d.GetStatementResult(t.Context(), &redshiftdata.GetStatementResultInput{Id: done.Id})
	if err != nil {
		t.Fatal(err)
	}
	if m := out.ColumnMetadata[0]; *m.Name != column || *m.Label != column {
		t.Errorf("metadata: %s, %s", *m.Name, *m.Label)
	}
	if got := d.rows(*done.Id); len(got) != 1 || !strings.Contains(got[0], table) {
		t.Errorf("rows: %s", got)
	}
	tables, err := d.ListTables(t.Context(), &redshiftdata.ListTablesInput{ClusterIdentifier: d.input("").ClusterIdentifier, Database: d.input("").Database, DbUser: &d.user, TablePattern: &table})
	if err != nil || len(tables.Tables) != 1 || *tables.Tables[0].Name != table {
		t.Errorf("tables: %v %v", tables, err)
	}
	described, err := d.DescribeTable(t.Context(), &redshiftdata.DescribeTableInput{ClusterIdentifier: d.input("").ClusterIdentifier, Database: d.input("").Database, DbUser: &d.user, Table: &table})
	if err != nil || len(described.ColumnList) != 1 || *described.ColumnList[0].Name != column || *described.TableName != table {
		t.Errorf("table: %v %v", described, err)
	}
}

// Whatever is said with long names is answered as if they were short.
//
//standin:imitates dialect: names of 64 to 127 bytes of schemas, tables, columns, constraints, views, routines, policies, cursors and aliases | DG r_names
func TestLongNamesAreAsOthers(t *testing.T) {
	t.Parallel()
	const letters = "TUCDSKMPFX"
	oid := regexp.MustCompile(`\b[1-9][0-9]{4}\b`)
	var answers []string
	for _, fill := range []int{1, 120} {
		var to, from []string
		for _, l := range letters {
			name := "a_" + strings.Repeat("_", fill) + strings.ToLower(string(l))
			to, from = append(to, "<"+string(l)+">", name), append(from, name, "<"+string(l)+">")
		}
		c := users(Start(t))
		answer := strings.NewReplacer(from...).Replace(c.source(t, strings.NewReplacer(to...).Replace(sameAnswers)))
		answers = append(answers, oid.ReplaceAllString(answer, "OID"))
	}
	if diff := cmp.Diff(strings.Split(answers[0], "\n"), strings.Split(answers[1], "\n")); diff != "" {
		t.Errorf("of short and long names (-short +long)\n%s", diff)
	}
	if n := strings.Count(answers[1], "ERROR"); n != 5 {
		t.Errorf("%d errors:\n%s", n, answers[1])
	}
}

// Five of these are errors.
const sameAnswers = `
create schema <S>;
create table <S>.<T> (<C> int identity(1,1) primary key, <D> varchar(20) not null default 'x', s super, constraint <K> unique (<D>)) diststyle key distkey(<C>) sortkey(<C>, <D>);
create table <S>.<U> (<C> int, <D> int references <S>.<T> (<C>));
insert into <S>.<T> (<D>, s) values ('a', json_parse('{"b": [1,2]}')), ('b', null);
show table <S>.<T>;
show tables from schema dev.<S> like '<T>';
show columns from table dev.<S>.<T>;
show schemas from database dev like '<S>';
select <T>.s.b[0] as <X> from <S>.<T> where <X> is not null;
select <D>, <X> from (select <D>, row_number() over (order by <D>) as <X> from <S>.<T> as <T> qualify <X> = 1) q;
select <C> + 1 as <X>, <X> * 2 as <K> from <S>.<T> order by 1;
merge into <S>.<T> using <S>.<U> on <T>.<D> = <U>.<D>::varchar when matched then update set <D> = 'z' when not matched then insert (<D>) values ('y');
alter table <S>.<T> rename column <D> to <X>;
alter table <S>.<T> add column <D> int default 3;
alter table <S>.<T> rename to <M>;
\d <S>.<M>
\dt <S>.<M>
\df <S>.<P>
alter table <S>.<M> alter column <X> type varchar(40);
alter table <S>.<M> drop column <D>;
create materialized view <S>.<X> as select <C> as <F> from <S>.<M>;
refresh materialized view <S>.<X>;
select * from <S>.<X> order by 1;
select * from pg_get_cols('<S>.<M>') cols(view_schema name, view_name name, col_name name, col_type varchar, col_num int);
create function <S>.<F>(int) returns int stable as $$ select $1 + 1 $$ language sql;
select <S>.<F>(1);
create or replace procedure <S>.<P>(<C> int, <D> out int) as $$ declare <K> int; begin select max(<M>.<C>) into <K> from <S>.<M>; <D> := <K> + <C>; raise info 'value %', <D>; end $$ language plpgsql;
call <S>.<P>(5);
show procedure <S>.<P>(int);
select proname from pg_proc where proname = '<P>';
create user plain password disable;
grant usage on schema <S> to plain;
grant select (<C>), insert on <S>.<M> to plain;
show grants on table <S>.<M>;
select relation_name, privilege_type from svv_relation_privileges where relation_name = '<M>' and identity_name = 'plain';
create rls policy <K> with (<C> int) using (<C> = 1);
attach rls policy <K> on <S>.<M> to plain;
alter table <S>.<M> row level security on;
select polname from svv_rls_policy where polname = '<K>';
select relname, polname from svv_rls_attached_policy;
create masking policy <K> with (<C> int) using (0::int);
attach masking policy <K> on <S>.<M> (<C>) to plain;
set session authorization plain;
select <C>, count(*) from <S>.<M> group by 1;
reset session authorization;
select policy_name, table_name, input_columns from svv_attached_masking_policy;
begin; declare <X> cursor for select 7 as <C>; fetch all from <X>; close <X>; commit;
prepare <X> as select <C> from <S>.<M> where <C> = $1; execute <X>(1); deallocate <X>;
explain select <C> from <S>.<M>;
comment on column <S>.<M>.<C> is 'about <C>';
select remarks from svv_columns where column_name = '<C>' and table_name = '<M>';
set search_path to <S>, public; show search_path; select count(*) from <M>; select current_schema();
set search_path to '$user', '<S>'; show search_path; 
select conname, pg_get_constraintdef(oid) from pg_constraint where conname = '<K>';
select column_name from information_schema.key_column_usage where table_schema = '<S>' and table_name = '<M>';
select "table", diststyle, sortkey1 from svv_table_info where "table" = '<M>';
create table ctas distkey(<C>) as select <C>, '<C>' as txt from <S>.<M>;
select txt = '<C>', length(txt) = length('<C>') from ctas limit 1;
select '<C>' = (select attname from pg_attribute where attrelid = 'ctas'::regclass and attnum = 1) from ctas limit 1;
select ddl from (select 1 as ddl) a; 
truncate <S>.<M>; analyze <S>.<M>; vacuum <S>.<M>;
lock <S>.<M>;
alter table <S>.<U> append from <S>.<U>;
drop view if exists <S>.<T>;
drop schema <S>;
drop schema <S> cascade;
select count(*) from svv_columns where column_name = '<C>' and table_schema = '<S>';
`
