package catalog_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// lines writes rows one a line, for comparisons that read well.
func lines(rows [][]string) string {
	var b strings.Builder
	for _, r := range rows {
		b.WriteString(strings.Join(r, "|"))
		b.WriteByte('\n')
	}
	return b.String()
}

// expect compares the rows of a query with want, one row a line.
func (s *session) expect(sql, want string) {
	s.Helper()
	got := lines(s.run(sql))
	want = strings.TrimPrefix(want, "\n")
	if d := cmp.Diff(want, got); d != "" {
		s.Errorf("%s (-want +got)\n%s", sql, d)
	}
}

const columnsOf = `select attname, format_type(atttypid, atttypmod), attnotnull, atthasdef, attisdistkey, attsortkeyord,
		format_encoding(attencodingtype::int)
	from pg_attribute where attrelid = '%s'::regclass and attnum > 0 and not attisdropped order by attnum`

func (s *session) expectColumns(table, want string) {
	s.Helper()
	s.expect(strings.ReplaceAll(columnsOf, "%s", table), want)
}

//standin:imitates tables: DISTKEY, SORTKEY, ENCODE and BACKUP NO in the catalogs | DG r_CREATE_TABLE_NEW
//standin:imitates system views: PG_TABLE_DEF follows search_path | DG r_PG_TABLE_DEF
func TestTableAttributes(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.run(`create table public.sales (
		salesid integer identity(10,5) not null encode az64,
		listid int distkey,
		seller varchar(20) encode zstd,
		state char(2) default 'xx',
		price decimal(8,2),
		note text,
		ok boolean,
		at timestamp,
		doc super,
		raw varbyte(10),
		primary key (salesid),
		unique (listid, seller)
	) diststyle key compound sortkey (at, listid) backup no`)
	s.expectColumns("sales", `
salesid|integer|t|t|f|0|az64
listid|integer|f|f|t|2|none
seller|character varying(20)|f|f|f|0|zstd
state|character(2)|f|t|f|0|lzo
price|numeric(8,2)|f|f|f|0|az64
note|character varying(256)|f|f|f|0|lzo
ok|boolean|f|f|f|0|none
at|timestamp without time zone|f|f|f|1|none
doc|super|f|f|f|0|zstd
raw|varbyte(10)|f|f|f|0|lzo
`)
	oid := s.one(`select 'sales'::regclass::oid`)
	s.expect(`select adnum, adsrc from pg_attrdef d where adrelid = 'sales'::regclass order by adnum`, `
1|"identity"(`+oid+`, 0, '10,5'::text)
4|'xx'::bpchar
`)
	s.expect(`select contype, conname, pg_get_constraintdef(oid), conkey from pg_catalog.pg_constraint
		where conrelid = 'sales'::regclass order by conname`, `
u|sales_listid_seller_key|UNIQUE (listid, seller)|{2,3}
p|sales_pkey|PRIMARY KEY (salesid)|{1}
`)
	s.expect(`select reldiststyle, relhasoids, relhaspkey from pg_class where relname = 'sales'`, "1|f|t\n")
	s.expect(`select key, value from pg_conf`,
		"pg_class_backup_"+s.one(`select oid from pg_database where datname = current_database()`)+"_"+oid+"|NO\n")
	s.expect(`select schemaname, "column", type, encoding, distkey, sortkey, "notnull" from pg_table_def
		where tablename = 'sales' and sortkey <> 0 order by sortkey`, `
public|at|timestamp without time zone|none|f|1|f
public|listid|integer|none|t|2|f
`)
	s.run(`create schema other; create table other.t (a int)`)
	s.expect(`select count(*) from pg_table_def where schemaname = 'other'`, "0\n")
	s.run(`set search_path to other`)
	s.expect(`select "column" from pg_catalog.pg_table_def where schemaname = 'other'`, "a\n")
	s.expect(`show search_path`, "other\n")
}

//standin:imitates tables: DISTSTYLE and SORTKEY styles, ALTER DISTSTYLE and ALTER SORTKEY | DG r_CREATE_TABLE_NEW, DG r_ALTER_TABLE
//standin:imitates system views: SVV_TABLE_INFO has no row for an empty table | DG r_SVV_TABLE_INFO
func TestDistributionAndSortStyles(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.run(`create table auto_t (a int); create table even_t (a int) diststyle even; create table all_t (a int) diststyle all;
		create table key_t (a int) distkey (a); create table column_t (a int distkey sortkey);
		create table inter_t (a int, b int, c int) interleaved sortkey (c, a, b)`)
	s.expect(`select relname, reldiststyle, releffectivediststyle from pg_class_info where relname like '%\\_t' order by 1`, `
all_t|8|8
auto_t|9|10
column_t|1|1
even_t|0|0
inter_t|9|10
key_t|1|1
`)
	s.expect(`select attname, attsortkeyord from pg_attribute where attrelid = 'inter_t'::regclass and attnum > 0`, `
a|2
b|-3
c|-1
`)
	for _, alter := range []struct{ sql, want string }{
		{"alter table auto_t alter diststyle key distkey a", "1|KEY(a)|AUTO(SORTKEY)"},
		{"alter table auto_t alter diststyle all", "8|ALL|AUTO(SORTKEY)"},
		{"alter table auto_t alter distkey a", "1|KEY(a)|AUTO(SORTKEY)"},
		{"alter table auto_t alter diststyle auto", "9|AUTO(ALL)|AUTO(SORTKEY)"},
		{"alter table auto_t alter compound sortkey (a)", "9|AUTO(ALL)|a"},
		{"alter table auto_t alter sortkey none", "9|AUTO(ALL)|NULL"},
		{"alter table auto_t alter sortkey auto, alter diststyle even", "0|EVEN|AUTO(SORTKEY)"},
	} {
		s.run("insert into auto_t values (1)")
		s.run(alter.sql)
		s.expect(`select reldiststyle, diststyle, sortkey1 from svv_table_info join pg_class on pg_class.oid = table_id
			where "table" = 'auto_t'`, alter.want+"\n")
	}
	s.expect(`select "table", tbl_rows, stats_off from svv_table_info`, "auto_t|7|100.00\n") // no row for an empty table
	// stats_off is 0 where statistics are current, and 100 where there are none (DG r_SVV_TABLE_INFO).
	s.run(`analyze auto_t`)
	s.expect(`select stats_off from svv_table_info`, "0.00\n")
	s.run(`insert into auto_t select * from auto_t limit 3`)
	s.expect(`select stats_off from svv_table_info`, "30.00\n")
	s.fails(`create table t (a int) distkey (b)`, "42703", `column "b" named in DISTKEY does not exist`)
	s.fails(`create table t (a int) sortkey (b)`, "42703", `column "b" named in SORTKEY does not exist`)
	s.fails(`create table t (a int) diststyle key`, "42601", "DISTSTYLE KEY must have a DISTKEY column")
	s.fails(`create table t (a int distkey) diststyle even`, "42601", "DISTKEY goes with DISTSTYLE KEY only")
	s.fails(`create table t (a super) sortkey (a)`, "0A000", `column "a" of type super cannot be a SORTKEY`)
	s.fails(`select * from t`, "42P01", "") // none of these left a table behind
}

//standin:imitates tables: default encodings, ALTER COLUMN ENCODE | DG c_Compression_encodings
func TestEncodings(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.run(`create table t (a int encode raw, b varchar(3)); create table u (a int); create temp table v (a int, b varchar(3))`)
	s.expectColumns("t", "a|integer|f|f|f|0|none\nb|character varying(3)|f|f|f|0|lzo\n")
	s.expectColumns("v", "a|integer|f|f|f|0|none\nb|character varying(3)|f|f|f|0|none\n")
	s.run(`insert into t values (1, 'x'); insert into u values (1)`)
	s.expect(`select "table", encoded from svv_table_info order by 1`, "t|Y\nu|Y, AUTO(ENCODE)\n")
	s.run(`alter table t alter column a encode zstd, alter column b encode bytedict; alter table u add column b varchar(4) encode text255 default 'x'`)
	s.expectColumns("t", "a|integer|f|f|f|0|zstd\nb|character varying(3)|f|f|f|0|bytedict\n")
	s.expectColumns("u", "a|integer|f|f|f|0|az64\nb|character varying(4)|f|t|f|0|text255\n")
	s.run(`alter table t alter encode auto; alter table u drop column b; alter table u add column c int`)
	s.expectColumns("u", "a|integer|f|f|f|0|az64\nc|integer|f|f|f|0|az64\n")
}

//standin:imitates tables: PRIMARY KEY, UNIQUE and FOREIGN KEY as information | DG t_Defining_constraints
//standin:imitates unkindness 1: keys are not enforced | DG t_Defining_constraints
func TestKeysAreRecordedNotEnforced(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.run(`create table parent (a int, b int, primary key (a), unique (b, a));
		create table child (x int references parent, y int, z int, constraint both_fk foreign key (y, z) references parent (a, b))`)
	s.run(`insert into parent values (1, 1), (1, 1); insert into child values (7, 8, 9)`) // neither unique nor referenced
	s.expect(`select conname, contype, pg_get_constraintdef(oid), confrelid::regclass::text from pg_constraint order by 1`, `
both_fk|f|FOREIGN KEY (y, z) REFERENCES parent(a, b)|parent
child_x_fkey|f|FOREIGN KEY (x) REFERENCES parent(a)|parent
parent_b_a_key|u|UNIQUE (b, a)|-
parent_pkey|p|PRIMARY KEY (a)|-
`)
	s.fails(`insert into parent (b) values (1)`, "23502", "null value") // a primary key is NOT NULL all the same
	s.fails(`create table t (a int references nowhere)`, "42P01", "nowhere")
	s.fails(`create table t (a int references child)`, "42704", `there is no primary key for referenced table "child"`)
	s.fails(`create table t (a int references parent (b))`, "42830", "there is no unique constraint matching")
	s.fails(`create table t (a int, b int, primary key (a), primary key (b))`, "42P16", "multiple primary keys")
	s.fails(`create table t (a int, primary key (b))`, "42703", `column "b" named in key does not exist`)
	s.fails(`drop table parent`, "2BP01", "cannot drop table parent because other objects depend on it")
	s.run(`alter table child drop constraint both_fk; alter table child add constraint again foreign key (y) references parent (a);
		alter table child add unique (y); alter table child rename constraint again to more`)
	s.expect(`select conname from pg_constraint where conrelid = 'child'::regclass order by 1`, "child_x_fkey\nchild_y_key\nmore\n")
	s.expect(`select count(*) from child`, "1\n")
	s.fails(`alter table child add constraint more unique (x)`, "42710", `constraint "more"`)
	s.run(`drop table parent cascade`)
	s.expect(`select conname from pg_constraint order by 1`, "child_y_key\n")
	s.run(`alter table child drop column y`)
	s.expect(`select count(*) from pg_constraint`, "0\n")
	s.expect(`select count(*) from rs.key`, "0\n")
}

func TestKeysBelongToTheirOwner(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.run(`create table t (a int); grant all on t to alice`)
	alice := connect(t, s.env.Database, "alice")
	alice.fails(`alter table t add primary key (a)`, "42501", "must be owner of relation t")
	alice.fails(`alter table t alter diststyle all`, "42501", "must be owner of relation t")
	alice.run(`create table mine (a int primary key, b varchar(3)) diststyle all; alter table mine alter sortkey (a); drop table mine`)
}

//standin:imitates tables: IDENTITY and GENERATED BY DEFAULT AS IDENTITY | DG r_CREATE_TABLE_NEW
func TestIdentity(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.run(`create table always (id int identity(100, -10), v int); create table bydefault (id bigint generated by default as identity(0, 3), v int)`)
	s.run(`insert into always (v) values (1), (2); insert into bydefault (v) values (1), (2); insert into bydefault values (77, 3)`)
	s.expect(`select id from always order by v`, "100\n90\n")
	s.expect(`select id from bydefault order by v`, "0\n3\n77\n")
	s.fails(`insert into always values (1, 1)`, "0A000", "cannot set an identity column to a value")
	s.fails(`insert into bydefault values (null, 1)`, "23502", "null value")
	s.expect(`select relname, replace(adsrc, adrelid::text, 'OID') from pg_attrdef d join pg_class c on c.oid = d.adrelid
		where relname in ('always', 'bydefault') order by 1`, `
always|"identity"(OID, 0, '100,-10'::text)
bydefault|default_identity(OID, 0, '0,3'::text)
`)
	s.expect(`select count(*) from pg_class where relkind = 'S'`, "0\n") // there are no sequences to see
}

//standin:imitates types: lengths of CHAR and VARCHAR count bytes | DG r_Character_types
func TestLengthsAreBytes(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.run(`create table t (v varchar(4), c char(3), one char, m varchar(max), dflt varchar)`)
	s.run(`insert into t (v) values ('abcd'), ('éé'), ('€x'), ('ab       '); insert into t (c) values ('abc'), ('a  '), ('abc  ')`)
	s.fails(`insert into t (v) values ('abcde')`, "22001", "value too long for type character varying(4)")
	s.fails(`insert into t (v) values ('ééé')`, "22001", "value too long for type character varying(4)")
	s.fails(`update t set v = '😀x'`, "22001", "value too long for type character varying(4)")
	s.fails(`insert into t (c) values ('é')`, "22001", "value too long for type character(3)")
	s.fails(`insert into t (one) values ('ab')`, "22001", "value too long for type character(1)")
	s.fails(`insert into t (dflt) select repeat('x', 257)`, "22001", "value too long for type character varying(256)")
	s.fails(`insert into t (m) select repeat('é', 32768)`, "22001", "value too long for type character varying(65535)")
	s.run(`insert into t (m) select repeat('é', 32767)`)
	s.run(`alter table t alter column v type varchar(6); insert into t (v) values ('ééé')`)
	s.fails(`insert into t (v) values ('éééé')`, "22001", "value too long for type character varying(6)")
	s.run(`alter table t add column w varchar(2)`)
	s.fails(`insert into t (w) values ('€')`, "22001", "value too long for type character varying(2)")
	s.run(`create table copy (like t); alter table copy rename column w to x`)
	s.fails(`insert into copy (x) values ('€')`, "22001", "value too long for type character varying(2)")
	s.run(`create table ctas as select v, c, 'lit' as l, m || 'x' as e from t`)
	s.fails(`insert into ctas (v) values ('éééé')`, "22001", "value too long for type character varying(6)")
	s.expectColumns("ctas", `
v|character varying(6)|f|f|f|0|lzo
c|character(3)|f|f|f|0|lzo
l|character varying(65535)|f|f|f|0|lzo
e|character varying(65535)|f|f|f|0|lzo
`)
	s.expect(`select count(*) from pg_constraint`, "0\n") // none of this shows
	s.expect(`select count(*) from information_schema.check_constraints`, "0\n")
}

//standin:imitates tables: CREATE TABLE LIKE | DG r_CREATE_TABLE_NEW
func TestCreateTableLike(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.run(`create table src (id int identity(1,1) primary key, a int default 5 not null distkey, b varchar(9) encode zstd) sortkey (b, a) backup no;
		create table plain (like src); create table with_defaults (like src including defaults)`)
	for _, table := range []string{"plain", "with_defaults"} {
		def := "f"
		if table == "with_defaults" {
			def = "t"
		}
		s.expectColumns(table, `
id|integer|t|f|f|0|az64
a|integer|t|`+def+`|t|2|none
b|character varying(9)|f|f|f|1|zstd
`)
	}
	s.expect(`select count(*) from pg_conf`, "3\n")
	s.expect(`select conrelid::regclass::text from pg_constraint`, "src\n")
}

//standin:imitates tables: CREATE TABLE AS with attributes, SELECT INTO | DG r_CREATE_TABLE_AS
//standin:imitates tables: temporary tables, also as #name | DG r_CREATE_TABLE_NEW
func TestTableFromQuery(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.run(`create table src (a int not null, b varchar(9), c numeric(5,2)); insert into src values (1, 'x', 2.5)`)
	s.run(`create table one distkey (a) sortkey (b) as select * from src;
		create table two (x, y) diststyle all as select a, b from src;
		create temp table three as select sysdate s, getdate() g, json_parse('[1, 2]') j, 1::bigint n;
		select a, b into four from src; select a into #five from src; create table #six as select * from #five`)
	s.expectColumns("one", "a|integer|f|f|t|0|az64\nb|character varying(9)|f|f|f|1|none\nc|numeric(5,2)|f|f|f|0|az64\n")
	s.expectColumns("two", "x|integer|f|f|f|0|az64\ny|character varying(9)|f|f|f|0|lzo\n")
	s.expectColumns("three", "s|timestamp without time zone|f|f|f|0|none\ng|timestamp without time zone|f|f|f|0|none\nj|super|f|f|f|0|none\nn|bigint|f|f|f|0|none\n")
	s.expect(`select a, b from four`, "1|x\n")
	s.expect(`select #six.a from #six`, "1\n")
	s.expect(`select relname, relpersistence from pg_class where relname like '#%' order by 1`, "#five|t\n#six|t\n")
	s.fails(`create table t as select 1::oid::regclass as c`, "0A000", `Column "c" has unsupported type "regclass".`)
	s.fails(`create table t as select usename from pg_user`, "0A000", `Column "usename" has unsupported type "name".`)
	s.run(`create table seven as select sum(9::bigint) as n, 1.5 as d, max(c) * 2 as e, avg(2.5) as f, null::numeric(9,1) as g from src`)
	s.expectColumns("seven", `
n|numeric(38,0)|f|f|f|0|az64
d|numeric(38,1)|f|f|f|0|az64
e|numeric(16,2)|f|f|f|0|az64
f|numeric(38,1)|f|f|f|0|az64
g|numeric(9,1)|f|f|f|0|az64
`)
}

func TestTableIfNotExists(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.run(`create table t (a int, b varchar(3)) diststyle all; create table if not exists t (a int, b varchar(9) primary key) diststyle even`)
	s.expect(`select reldiststyle, relhaspkey from pg_class where relname = 't'`, "8|f\n")
	s.run(`drop table t; create table if not exists t (a int) diststyle even`)
	s.expect(`select reldiststyle from pg_class where relname = 't'`, "0\n")
}

func TestAttributesRollBack(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.run(`begin; create table t (a int primary key) diststyle all; rollback`)
	s.expect(`select count(*) from rs.table_attribute`, "0\n")
	s.run(`create table t (a int) diststyle all; begin; alter table t alter diststyle even; drop table t; rollback`)
	s.expect(`select reldiststyle from pg_class where relname = 't'`, "8\n")
	s.run(`drop table t`)
	s.expect(`select count(*) from rs.table_attribute`, "0\n")
}

func TestRenameSwap(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.run(`create table t (a int primary key, b varchar(3)) diststyle all; create table t_new (a int primary key, b varchar(5)) distkey (a);
		create view v as select * from t;
		begin; lock t; alter table t rename to t_old; alter table t_new rename to t; commit`)
	s.expect(`select relname, reldiststyle from pg_class where relname in ('t', 't_old') order by 1`, "t|1\nt_old|8\n")
	s.fails(`drop table t_old`, "2BP01", "other objects depend on it") // the view follows the old table
	s.expect(`select conname, conrelid::regclass::text from pg_constraint order by 1`, "t_new_pkey|t\nt_pkey|t_old\n")
}

//standin:imitates tables: ALTER TABLE APPEND | DG r_ALTER_TABLE_APPEND
func TestAppend(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.run(`create table target (a int, b varchar(3)); create table source (b varchar(3), a int); insert into target values (1, 'x');
		insert into source values ('y', 2); alter table target append from source`)
	s.expect(`select * from target order by a`, "1|x\n2|y\n")
	s.expect(`select count(*) from source`, "0\n")
	s.run(`alter table source add column c int`)
	s.fails(`alter table target append from source`, "0A000", `column "c" is not in the target table`)
	s.run(`insert into source values ('z', 3, 4); alter table target append from source ignoreextra`)
	s.run(`alter table target add column d int default 9`)
	s.fails(`alter table target append from source ignoreextra`, "0A000", `column "d" is not in the source table`)
	s.run(`alter table source drop column c; insert into source values ('w', 4); alter table target append from source filltarget`)
	s.expect(`select * from target order by a`, "1|x|9\n2|y|9\n3|z|9\n4|w|9\n")
	s.run(`create table other (a int, b varchar(4)); create table even (a int, b varchar(3)) diststyle even; create temp table tmp (a int, b varchar(3))`)
	s.fails(`alter table source append from other`, "0A000", `column "b" differs`)
	s.fails(`alter table source append from even`, "0A000", "same distribution and sort keys")
	s.fails(`alter table source append from tmp`, "0A000", "not a permanent table")
	s.fails(`alter table source append from source`, "42601", "same table")
}

// CREATE TABLE AS takes the numbers of columns, as in the manual's examples; CREATE TABLE does not.
func TestKeysByNumber(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.run(`create table numbered distkey (1) interleaved sortkey (3, 1) as select 1 as a, 2 as b, 3 as c`)
	s.expect(`select "column", distkey, sortkey from pg_table_def where tablename = 'numbered' order by 1`, "a|t|2\nb|f|0\nc|f|-1\n")
	s.fails(`create table more distkey (4) as select 1 as a`, "42703", "\"4\"")
	s.fails(`create table more (a int) distkey (1)`, "42601", "names its columns")
}
