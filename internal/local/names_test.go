package local

import (
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/redshiftdata"
	"github.com/aws/aws-sdk-go-v2/service/s3"
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
