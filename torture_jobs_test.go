package sealift_test

import "strings"

// tortureJob is one small copy that is broken in every way. Its tables live in a schema of its own name, so that sources
// are made once and a target is reset by dropping one schema.
type tortureJob struct {
	name   string
	source string   // statements, with SCHEMA in place of the schema
	target string   // statements that make what the target holds before
	tables string   // the job file's part
	pairs  []string // tables, in the source and the target alike
	added  bool     // rows come on top of what the target holds
	door   bool     // the source is entered by a door
	// later are statements in the source after a first sync: the job is a sync of what is new since. Without them it is a copy.
	later  string
	remote bool   // both warehouses through the Data API
	merged string // rows come on top of what the target holds, but for this row, in whose place one of them comes
	// proof is a query of the target whose answer, once everything is done, is proven: what rows alone do not show.
	proof, proven string
}

func (j *tortureJob) sql(text string) string { return strings.ReplaceAll(text, "SCHEMA", j.name) }

// Rows that are the same, NULL beside ”, and text with the characters that separate fields: what gets lost or doubled
// unnoticed.
const tortureRows = `
create table SCHEMA.a (id int not null, note varchar(60), n numeric(12,2), at timestamp);
insert into SCHEMA.a values (1, 'one', 1.50, '2026-01-02 03:04:05.678901'), (2, '', null, null), (3, null, -0.01, '0001-01-01 00:00:00'),
 (4, 'a|b,"c"\\d', 4, null), (5, 'twice', 5, null), (5, 'twice', 5, null), (6, 'é😀', 9999999999.99, '9999-12-31 23:59:59.999999');
`

const viewsAndGrants = `select (select count(*) from pg_class c join pg_namespace s on s.oid = c.relnamespace where s.nspname = 'SCHEMA' and c.relkind = 'r')
	|| ' tables, ' || coalesce((select obj_description(c.oid) from pg_class c join pg_namespace s on s.oid = c.relnamespace where s.nspname = 'SCHEMA' and relname = 'a'), 'no comment')`

var tortureJobs = []*tortureJob{
	{
		name:   "created",
		source: tortureRows, tables: "tables: [SCHEMA.a]", pairs: []string{"a"},
		proof: viewsAndGrants, proven: "1 tables, no comment",
	},
	{
		name: "doored", door: true,
		source: tortureRows, tables: "tables: [SCHEMA.a]", pairs: []string{"a"},
		proof: viewsAndGrants, proven: "1 tables, no comment",
	},
	{
		name: "remote", remote: true,
		source: tortureRows,
		target: `create table SCHEMA.a (id int not null, note varchar(60), n numeric(12,2), at timestamp); insert into SCHEMA.a values (99, 'old', null, null);
			comment on table SCHEMA.a is 'kept'`,
		tables: "defaults: {mode: replace}\ntables: [SCHEMA.a]", pairs: []string{"a"},
		proof: viewsAndGrants, proven: "1 tables, kept",
	},
	{
		name:   "swapped",
		source: tortureRows,
		target: `create table SCHEMA.a (id int not null, note varchar(60), n numeric(12,2), at timestamp); comment on table SCHEMA.a is 'kept';
			grant select on SCHEMA.a to public; insert into SCHEMA.a values (1, 'one', 1.50, null), (99, 'old', null, null)`,
		tables: "defaults: {mode: replace}\ntables: [SCHEMA.a]", pairs: []string{"a"},
		proof: viewsAndGrants, proven: "1 tables, kept",
	},
	{
		name: "exchanged", // as text: TIMESTAMPTZ does not go through Parquet
		source: tortureRows + `create table SCHEMA.b (id int, at timestamptz, note varchar(20));
			insert into SCHEMA.b values (1, '2026-01-02 03:04:05+02', 'x|y'), (1, '2026-01-02 03:04:05+02', 'x|y'), (2, null, '')`,
		target: `create table SCHEMA.b (id int, at timestamptz, note varchar(20)); insert into SCHEMA.b values (7, null, 'old');
			create view SCHEMA.v as select id, note from SCHEMA.b`,
		tables: "defaults: {mode: replace}\ntables: [SCHEMA.b]", pairs: []string{"b"},
		proof: `select count(*) from SCHEMA.v`, proven: "3",
	},
	{
		name:   "appended",
		source: tortureRows,
		target: `create table SCHEMA.a (id int not null, note varchar(60), n numeric(12,2), at timestamp);
			insert into SCHEMA.a values (5, 'twice', 5, null), (8, 'there before', null, null)`,
		tables: "defaults: {mode: append}\ntables: [SCHEMA.a]", pairs: []string{"a"}, added: true,
		proof: viewsAndGrants, proven: "1 tables, no comment",
	},
	{
		name:   "merged",
		source: `create table SCHEMA.m (id int, note varchar(20), n numeric(12,2)); insert into SCHEMA.m values (1, 'new', null), (2, null, 2)`,
		target: `create table SCHEMA.m (id int, note varchar(20), n numeric(12,2)); insert into SCHEMA.m values (1, 'old', 1), (9, 'stays', 9)`,
		tables: "tables: [{select: SCHEMA.m, mode: merge, key: [id]}]", pairs: []string{"m"}, merged: `"1"|"old"|"1.00"`,
		proof: `select count(*) from SCHEMA.m`, proven: "3",
	},
	{
		name: "related",
		source: `create table SCHEMA.p (id int primary key, name varchar(20)); insert into SCHEMA.p values (1, 'p1'), (2, 'p2');
			create table SCHEMA.c (id int, p int references SCHEMA.p (id)); insert into SCHEMA.c values (1, 1), (2, 1), (3, 2)`,
		tables: "tables: [SCHEMA.*]", pairs: []string{"p", "c"},
		proof:  `select count(*) from pg_constraint where contype = 'f' and connamespace = (select oid from pg_namespace where nspname = 'SCHEMA')`,
		proven: "1",
	},
	{
		name:   "emptied",
		source: `create table SCHEMA.e (id int, note varchar(20))`,
		target: `create table SCHEMA.e (id int, note varchar(20)); insert into SCHEMA.e values (1, 'old')`,
		tables: "defaults: {mode: replace}\ntables: [SCHEMA.e]", pairs: []string{"e"},
		proof:  `select count(*) from SCHEMA.e`,
		proven: "0",
	},
	{
		name:   "filled",
		source: tortureRows,
		target: `create table SCHEMA.a (id int not null, note varchar(60), n numeric(12,2), at timestamp); comment on table SCHEMA.a is 'kept'`,
		tables: "tables: [SCHEMA.a]", pairs: []string{"a"},
		proof: viewsAndGrants, proven: "1 tables, kept",
	},
	{
		name: "chosen",
		source: `create table SCHEMA.s (id int primary key, boss int references SCHEMA.s (id), note varchar(20));
			insert into SCHEMA.s values (1, 2, 'one'), (2, 3, ''), (3, 1, null), (4, 3, 'four')`,
		tables: "tables: [SCHEMA.s]\nsubset: {tables: [{table: SCHEMA.s, where: id = 4}]}", pairs: []string{"s"},
		proof: `select count(*) from pg_constraint where contype = 'f' and connamespace = (select oid from pg_namespace where nspname = 'SCHEMA')`, proven: "1",
	},
	{
		name:   "synced",
		source: `create table SCHEMA.l (id int, note varchar(20)); insert into SCHEMA.l values (1, 'one'), (2, 'two'), (2, 'two')`,
		later:  `insert into SCHEMA.l values (3, 'three'), (4, null), (4, null)`,
		tables: "tables: [{select: SCHEMA.l, mode: append, since: id}]", pairs: []string{"l"},
		proof: `select watermark || ' ' || passed from sealift.cursors`, proven: "4 6",
	},
	{
		// What is near the watermark is told by the UNLOAD and kept by the publish, and the target's statistics are off.
		name:   "merging",
		source: `create table SCHEMA.k (id int not null, at timestamp, note varchar(20)); insert into SCHEMA.k values (1, '2026-01-01', 'one'), (2, '2026-01-01', null)`,
		later:  `insert into SCHEMA.k values (3, '2026-01-03', 'three'), (4, '2026-01-02', ''); update SCHEMA.k set note = 'changed', at = '2026-01-03' where id = 1`,
		tables: "tables: [{select: SCHEMA.k, mode: merge, key: [id], since: at, lookback: 1h}]", pairs: []string{"k"},
		proof: `select watermark || ' ' || seen from sealift.cursors`, proven: "2026-01-03 00:00:00 2:1963019414524479547:891561352118466229;",
	},
}
