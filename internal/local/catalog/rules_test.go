package catalog_test

import (
	"fmt"
	"strings"
	"testing"
)

// TestNumbers: the result types of arithmetic, and what is beyond them.
//
//standin:imitates dialect: integer arithmetic, its result types and overflows | DG r_numeric_computations201
//standin:imitates dialect: scale of sums and products of decimals, AVG and SUM of decimals | DG r_numeric_computations201
//standin:imitates types: a DECIMAL of 19 digits has 8 bytes | DG r_Numeric_types201
func TestNumbers(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.expect(`select 7 / 2, -7 / 2, mod(-7, 2), 7 % 4, 7::bigint / 2, 7 / 2.0 > 3.4, 7.0::float / 2, avg(x), avg(x::decimal(9,2)), avg(x::float)
		from (select 1 as x union all select 2)`, "3|-3|-1|3|3|t|3.5|1|1.50|1.5\n")
	s.expect(`select 1.25 + 2.5, 1.25 * 2.50, 10 - 0.125, 1::decimal, 1.5::decimal(9,1) * 2`, "3.75|3.1250|9.875|1|3.0\n")
	s.run(`create table n (a smallint, b int, c bigint, d decimal(9,2), e real, f float)`)
	s.run(`create view v as select a + a as aa, a + b as ab, b + c as bc, b + d as bd, e + e as ee, b + e as be, d + f as df from n`)
	s.expect(`select attname, format_type(atttypid, null) from pg_attribute where attrelid = 'v'::regclass order by attnum`,
		"aa|smallint\nab|integer\nbc|bigint\nbd|numeric\nee|real\nbe|double precision\ndf|double precision\n")
	s.fails(`select 2147483647 + 1`, "22003", "integer out of range")
	s.fails(`select 32767::smallint + 1::smallint`, "22003", "smallint out of range")
	s.fails(`select 9223372036854775807 + 1`, "22003", "bigint out of range")
	s.fails(`select 70000::smallint`, "22003", "smallint out of range")
	s.fails(`select 12345.678::decimal(7,3)`, "22003", "Numeric data overflow (result precision)") // the manual's words
	s.fails(`select 1 / 0`, "22012", "division by zero")
	s.fails(`select 'abc'::int`, "22P02", `invalid input syntax for integer: "abc"`)
	s.fails(`select 1::decimal(39,0)`, "22023", "precision 39 must be between 1 and 38")
	s.fails(`create table x (a decimal(5,6))`, "22023", "scale 6 must be between 0 and precision 5")

	s.run(`create table d (a decimal(19,0), b decimal(19,2), c decimal(38,0)); insert into d values
		(9223372036854775807, 92233720368547758.07, 9999999999999999999), (-9223372036854775807, null, null)`)
	s.fails(`insert into d (a) values (9223372036854775808)`, "22003", "Numeric data overflow")
	s.fails(`update d set b = -92233720368547758.08`, "22003", "Numeric data overflow")
	s.fails(`create table e as select 9999999999999999999::decimal(19,0) as a`, "22003", "Numeric data overflow")
}

// TestLimitsOfTables: what PostgreSQL would take. The words for rows that are too wide are those of queries.
//
//standin:imitates tables: at most 1,600 columns, 64 KB less 1 for those of fixed width, no column called oid | DG r_CREATE_TABLE_NEW
//standin:imitates types: SUPER values of at most 16 MB, strings in them of at most 65,535 bytes | DG limitations-super
//standin:imitates tables: texts of CREATE TABLE AS are held to 65,535 bytes | DG r_Character_types
func TestLimitsOfTables(t *testing.T) {
	t.Parallel()
	s := open(t)
	wide := func(chars, more int) string { // 4,096 bytes each, and bytes
		columns := ""
		for i := range chars {
			columns += fmt.Sprintf("c%d char(4096), ", i)
		}
		return fmt.Sprintf("create table wide%d (%sl char(%d), v varchar(65535), s super)", more, columns, more)
	}
	s.run(wide(15, 4095)) // 65,535 bytes
	s.fails(wide(15, 4096), "XX000", "8001")
	s.fails(`alter table wide4095 add column b boolean`, "XX000", "8001")
	s.run(`alter table wide4095 add column w varchar(65535)`)
	many := "c0 int"
	for i := range 1600 {
		many += fmt.Sprintf(", c%d int", i+1)
	}
	s.fails(`create table many (`+many+`)`, "54011", "1600 columns")

	s.fails(`create table o (oid int)`, "42701", `"oid" conflicts with a system column name`)
	s.fails(`create table o as select 1 as oid`, "42701", "system column")
	s.run(`create table p (a int, "o id" int)`)
	s.fails(`alter table p add column oid int`, "42701", "system column")

	s.run(`create table most as select repeat('x', 65535) as x; create materialized view mv as select x from most`)
	s.fails(`create table more as select repeat('x', 65536) as x`, "22001", "value too long for type character varying(65535)")
	s.fails(`select x || 'y' as y into more from most`, "22001", "value too long")

	s.run(`create table su (s super); insert into su select json_parse('{"a": ["' || x || '", 1], "b":  "' || x || '"}') from most`)
	s.expect(`select length(s.a[0]::varchar), length(s.b::varchar), json_size(s) from su`, "65535|65535|131089\n")
	s.fails(`select json_parse('{"a": ["' || x || '\u0061"]}') is null from most`, "22001", "String inside SUPER exceeds 65535 bytes")
	s.fails(`insert into su select json_parse('["' || repeat(x || '","', 260) || '"]') from most`, "22001", "SUPER value exceeds 16 MB")
}

// TestNames: names fold to lower case, in quotes too; users' do not, and have at most 63 bytes.
//
//standin:imitates unkindness 14: names fold to lower case in quotes too | DG r_names
//standin:refuses dialect: names of users, groups, roles and databases of more than 63 bytes | DG r_names
func TestNames(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.run(`create table "MiXed" ("Col" int); insert into MIXED values (1)`)
	s.expect(`select "COL", "mixed".col from "mixed"`, "1|1\n")
	s.expect(`select tablename, "column" from pg_table_def where tablename = 'mixed'`, "mixed|col\n")
	s.env.CaseSensitive = true
	s.run(`create table "MiXed" ("Col" int); insert into "MiXed" values (2)`)
	s.expect(`select "MiXed"."Col", mixed.col from "MiXed", mixed`, "2|1\n")
	s.env.CaseSensitive = false
	s.run(`create user "Names.User" password disable`)
	s.expect(`select usename from pg_user where usename like 'Names%'`, "Names.User\n")
	long := strings.Repeat("n", 64)
	for _, kind := range []string{"user", "group", "role", "database"} {
		s.fails(`create `+kind+` `+long, "0A000", "has 64 bytes: the stand-in keeps names of at most 63 for users, groups, roles and databases")
	}
}

// TestUsersGroupsRoles: their options, and privileges of each.
//
//standin:imitates users: CREATE USER with PASSWORD DISABLE, CREATEUSER, CREATEDB, SYSLOG ACCESS, SESSION TIMEOUT, VALID UNTIL | DG r_CREATE_USER
//standin:imitates users: GRANT and REVOKE to users, groups, roles and PUBLIC, ALTER DEFAULT PRIVILEGES | DG r_GRANT
//standin:imitates users: CREATE ROLE, GRANT ROLE, roles of roles, DROP ROLE with and without FORCE | DG r_roles-managing
//standin:refuses users: system roles, system permissions of roles, the privileges ALTER and DROP of objects | DG r_roles-default
func TestUsersGroupsRoles(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.run(`create user ugr_off password disable; create user ugr_on password 'Abcd1234' createdb valid until '2099-01-01' session timeout 600 syslog access unrestricted connection limit 4;
		create user ugr_admin createuser password disable; create group ugr_group with user ugr_off; alter group ugr_group add user ugr_on;
		create role ugr_outer; create role ugr_inner; grant role ugr_inner to role ugr_outer; grant role ugr_outer to ugr_off`)
	s.expect(`select usename, usecreatedb, usesuper from pg_user where usename like 'ugr%' order by 1`,
		"ugr_admin|f|t\nugr_off|f|f\nugr_on|t|f\n")
	s.expect(`select groname, array_upper(grolist, 1) from pg_group where groname = 'ugr_group'`, "ugr_group|2\n")
	s.run(`create schema ugr; create table ugr.t (a int, b int); insert into ugr.t values (1, 2); grant usage on schema ugr to public`)
	off := connect(t, s.env.Database, "ugr_off")
	on := connect(t, s.env.Database, "ugr_on")
	off.fails(`select * from ugr.t`, "42501", "permission denied")
	s.run(`grant select on ugr.t to role ugr_inner`)
	off.expect(`select a, b from ugr.t`, "1|2\n") // by the role of a role
	on.fails(`select * from ugr.t`, "42501", "permission denied")
	s.run(`revoke select on ugr.t from role ugr_inner; grant select (a), insert on ugr.t to group ugr_group`)
	on.expect(`select a from ugr.t`, "1\n")
	on.fails(`select b from ugr.t`, "42501", "permission denied")
	on.run(`insert into ugr.t values (3, 4)`)
	s.run(`alter default privileges in schema ugr grant select on tables to group ugr_group; create table ugr.later (c int)`)
	off.expect(`select count(*) from ugr.later`, "0\n")
	s.run(`alter default privileges in schema ugr revoke select on tables from group ugr_group; create table ugr.last (c int)`)
	off.fails(`select count(*) from ugr.last`, "42501", "permission denied")
	s.fails(`grant role sys:operator to ugr_on`, "0A000", "sys:operator")
	for _, privilege := range []string{"drop", "alter"} {
		s.fails(`grant `+privilege+` on ugr.t to ugr_on`, "0A000", "the privilege "+strings.ToUpper(privilege))
	}
	s.fails(`grant create user to role ugr_outer`, "0A000", "the privilege USER")
	s.fails(`drop role ugr_outer`, "2BP01", "cannot drop this role since it has been granted on a user") // the manual's words
	s.fails(`drop role ugr_inner restrict`, "2BP01", "cannot drop this role since it depends on another role")
	s.run(`drop schema ugr cascade; revoke role ugr_outer from ugr_off; drop role ugr_inner force; drop role ugr_outer; drop group ugr_group`)
	off.fails(`create database nope`, "42501", "")
}

// TestTypesThatRedshiftLacks: columns and casts of them are refused by name.
//
//standin:refuses types: arrays, json, jsonb, uuid, xml, bytea, serial, money, inet, bit, ranges, enum and others that Redshift lacks | DG c_unsupported-postgresql-datatypes
//standin:refuses types: GEOMETRY, GEOGRAPHY, HLLSKETCH and INTERVAL columns | DG c_Supported_data_types
func TestTypesThatRedshiftLacks(t *testing.T) {
	t.Parallel()
	s := open(t)
	for _, name := range []string{
		"int[]", "json", "jsonb", "uuid", "xml", "bytea", "serial", "bigserial", "money", "inet", "cidr", "macaddr",
		"bit(3)", "bit varying(3)", "int4range", "tsvector", "point", "name", "oid", "regclass", "interval", "geometry", "geography", "hllsketch",
	} {
		s.fails(`create table t (a `+name+`)`, "0A000", "unsupported type")
	}
	for _, name := range []string{"json", "jsonb", "uuid", "xml", "bytea", "money", "inet", "int4range", "tsvector", "geometry", "hllsketch"} {
		s.fails(`select 'x'::`+name, "0A000", "is not supported")
	}
	s.fails(`create type mood as enum ('x')`, "0A000", "CREATE TYPE")
	s.fails(`create domain d as int`, "0A000", "CREATE DOMAIN")
}

//standin:refuses dialect: PIVOT and UNPIVOT of tables | DG r_FROM_clause-pivot-unpivot-examples
//standin:refuses dialect: the outer join operator (+), CONNECT BY | DG r_WHERE_oracle_outer, DG r_CONNECT_BY_clause
//standin:refuses dialect: relations of other databases | DG cross-database-overview
//standin:refuses functions: of GEOMETRY, GEOGRAPHY and HLLSKETCH, CHANGE_..._PRIORITY, REBOOT_CLUSTER, EXPLAIN_MODEL, DEFAULT_IAM_ROLE, SIZE | DG geospatial-functions
//standin:refuses dialect: RETURNING, ON CONFLICT, DISTINCT ON, LATERAL, VALUES as a table, FOR UPDATE, SAVEPOINT | DG c_unsupported-postgresql-features
func TestStatementsThatAreRefused(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.run(`create table t (a int, b int)`)
	for sql, words := range map[string]string{
		`select * from (select a, b from t) pivot (sum(b) for a in (1, 2))`:            "PIVOT",
		`select * from (select a, b from t) unpivot (c for d in (a, b))`:               "UNPIVOT",
		`insert into t values (1, 2) returning a`:                                      "RETURNING",
		`insert into t values (1, 2) on conflict do nothing`:                           "ON CONFLICT",
		`select distinct on (a) a from t`:                                              "DISTINCT ON",
		`select * from t, lateral (select t.a) x`:                                      "LATERAL",
		`select * from (values (1)) v (a)`:                                             "VALUES",
		`select a from t for update`:                                                   "FOR UPDATE",
		`savepoint s`:                                                                  "SAVEPOINT",
		`create index i on t (a)`:                                                      "CREATE INDEX",
		`create sequence s`:                                                            "CREATE SEQUENCE",
		`create trigger tr before insert on t execute procedure f()`:                   "CREATE TRIGGER",
		`create table c (a int check (a > 0))`:                                         "CHECK",
		`create external schema e from data catalog database 'd' iam_role default`:     "CREATE EXTERNAL SCHEMA",
		`select string_agg(a, ',') from t`:                                             "string_agg",
		`select * from t, t u where t.a = u.a (+)`:                                     "(+)",
		`select a from t where a(+) = 1`:                                               "(+)",
		`select a from t start with a = 1 connect by prior a = b`:                      "CONNECT BY",
		`select a from t connect by prior a = b start with a = 1`:                      "CONNECT BY",
		`select * from (select a, b from t) unpivot include nulls (c for d in (a, b))`: "UNPIVOT",
		`select * from elsewhere.public.t`:                                             "a relation of another database",
		`select st_astext(1)`:                                                          "function st_astext",
		`select hll(a) from t`:                                                         "function hll",
		`select change_user_priority('a', 'low')`:                                      "function change_user_priority",
		`analyze compression t`:                                                        "ANALYZE COMPRESSION",
	} {
		s.fails(sql, "0A000", words)
	}
}
