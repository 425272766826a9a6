package catalog_test

import "testing"

// TestCollation: what goes by a column's collation, and what the catalogs say of it. The examples of the manual's page of
// the COLLATE function are the first.
//
//standin:imitates types: COLLATE CASE_INSENSITIVE of columns: comparison, joins, DISTINCT, GROUP BY, LIKE, regular expressions | DG r_CREATE_TABLE_NEW; AWS Big Data Blog, case-insensitive collation
//standin:imitates functions: COLLATE | DG r_COLLATE
//standin:differs types: COLLATE CASE_INSENSITIVE beyond case | goes by ICU's rules: of what order letters are, and that their wide and narrow forms are equal | DG r_CREATE_TABLE_NEW
//standin:refuses types: POSITION, REPLACE, SPLIT_PART and other searches in texts of COLLATE CASE_INSENSITIVE | DG r_CREATE_DATABASE
func TestCollation(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.run(`create table t (col1 varchar(20) collate case_sensitive); insert into t values ('john'), ('JOHN')`)
	s.expect(`select * from t where col1 = 'john'`, "john\n")
	s.expect(`select * from t where collate(col1, 'case_insensitive') = 'john' order by 1`, "JOHN\njohn\n")
	s.run(`create table a (col1 varchar(20) collate case_insensitive); insert into a values ('john'), ('JOHN')`)
	s.expect(`select count(*) from a where col1 = 'john'`, "2\n")
	s.expect(`select * from a where collate (col1, 'cs') = 'john'`, "john\n")

	s.run(`create table c (id int, n varchar(20) collate ci encode zstd not null, f char(8) collate CASE_INSENSITIVE, z varchar(20));
		insert into c values (1, 'Straße  ', 'AB', 'x'), (2, 'STRASSE', 'ab', 'X'), (3, 'straße', 'Ab', 'x'), (4, 'Ärger', 'b', 'y'), (5, 'ärger', 'B', 'Y')`)
	for query, want := range map[string]string{
		`select id from c where n = 'STRAßE' order by id`:                                                "1\n3\n",
		`select id from c where f = 'aB' order by id`:                                                    "1\n2\n3\n",
		`select id from c where n in ('ÄRGER', 'x') order by id`:                                         "4\n5\n",
		`select id from c where n <> 'ärger' and f <> 'ab'`:                                              "",
		`select count(distinct n), count(distinct f), count(distinct z) from c`:                          "3|2|4\n",
		`select count(*) from c group by f order by 1`:                                                   "2\n3\n",
		`select count(*) from c a join c b on a.n = b.n and a.id < b.id`:                                 "2\n",
		`select distinct upper(f) from c order by 1`:                                                     "AB\nB\n",
		`select id from c where n like 'STRAß%' order by id`:                                             "1\n3\n",
		`select id from c where n not like 'str%' order by id`:                                           "4\n5\n",
		`select id from c where n like 'Ä\\_%' escape '\\'`:                                              "",
		`select id from c where n ilike 'äRG__' order by id`:                                             "4\n5\n",
		`select id from c where f like 'AB%' order by id`:                                                "1\n2\n3\n",
		`select id from c where n ~ '^STRA' and n !~ 'SSE$' order by id`:                                 "1\n3\n",
		`select id from c where n similar to 'ÄRG(E|X)R' order by id`:                                    "4\n5\n",
		`select id from c where z like 'x' order by id`:                                                  "1\n3\n",
		`select id from c where z ~ 'Y'`:                                                                 "5\n",
		`select id from c where collate(n, 'case_sensitive') like 'str%'`:                                "3\n",
		`select n || '!' from c where n || '!' = 'ÄRGER!' order by id`:                                   "Ärger!\närger!\n",
		`select case n when 'ÄRGER' then 1 else 0 end, decode(n, 'ärgeR', 'yes') from c where id = 4`:    "1|yes\n",
		`select row_number() over (partition by f order by id) from c where id in (1, 2, 3) order by id`: "1\n2\n3\n",
	} {
		s.expect(query, want)
	}
	s.run(`create view v as select n from c where n = 'ÄRGER'; create table d as select n, z from c; create table e (like c);
		create table n (x varchar(5) collate case_insensitive); alter table n alter column x type varchar(9);
		alter table n add column y varchar(3) collate case_insensitive`)
	s.expect(`select count(*) from v`, "2\n")
	s.expect(`select table_name, column_name, "collation" from svv_all_columns where table_name in ('c', 'd', 'e', 'n') and schema_name = 'public'
		order by table_name, ordinal_position`, `c|id|NULL
c|n|case_insensitive
c|f|case_insensitive
c|z|case_sensitive
d|n|case_insensitive
d|z|case_sensitive
e|id|NULL
e|n|case_insensitive
e|f|case_insensitive
e|z|case_sensitive
n|x|case_insensitive
n|y|case_insensitive
`)
	s.expect(`show table c`, `CREATE TABLE public.c (
    id integer ENCODE az64,
    n character varying(20) NOT NULL COLLATE case_insensitive ENCODE zstd,
    f character(8) COLLATE case_insensitive ENCODE lzo,
    z character varying(20) ENCODE lzo
)
DISTSTYLE AUTO;
`)
	s.fails(`insert into n values ('1234567890', 'x')`, "22001", "value too long for type character varying(9)")

	s.fails(`select position('a' in n) from c`, "0A000", "CASE_INSENSITIVE")
	s.fails(`select replace(n, 'a', 'b') from c`, "0A000", "CASE_INSENSITIVE")
	s.expect(`select replace(collate(n, 'cs'), 'r', 'R') from c where id = 4`, "ÄRgeR\n")
	s.fails(`select * from c where collate(n, 'case_sensitive') = collate(n, 'case_insensitive')`, "0A000", "different collations") // the manual's words
	s.fails(`select collate(n, 'german') from c`, "42601", "'german'")
	s.fails(`select collate(n) from c`, "42601", "COLLATE takes")
	s.fails(`create table x (a int collate case_insensitive)`, "42804", "collations are not supported by type integer")
	s.fails(`create table x (a varchar collate "de_DE")`, "42601", "does not exist")
}
