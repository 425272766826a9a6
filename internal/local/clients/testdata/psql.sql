-- What a person types into psql, object by object.
create schema shop;
create table shop.item (id int identity(1,1) primary key, name varchar(10) default 'x' not null encode zstd, price decimal(5,2)) distkey (id) sortkey (name);
create table shop.sale (item int references shop.item, part int);
create view shop.names as select name from shop.item;
create view shop.late as select name from shop.item with no schema binding;
comment on table shop.item is 'things';
comment on column shop.item.name is 'what it is called';
create user psql_carol password 'Secret123' createdb;
create group psql_readers with user psql_carol;
grant select on shop.item to psql_carol, group psql_readers;
grant usage on schema shop to public;
create function shop.twice(int) returns int stable as $$ select $1 * 2 $$ language sql;
create procedure shop.note(inout n int) as $$ begin n := n + 1; end $$ language plpgsql;
\d
\d shop.*
set search_path to shop, public;
\d
\d item
\d+ item
\d names
\d+ names
\d+ late
\dt
\dt+
\dt *.s*
\dv
\dv+
\dm
\di
\ds
\df
\df+ twice
\dn
\dn+
\du psql_*
\dg psql_*
\l psql
\dp
\z item
\ddp
\dd item
\dT shop.*
\dD
\sf twice
\sv names
\d nowhere
\d pg_table_def
\d stl_load_errors
\conninfo
\encoding
\copy item from /dev/null
select * from item where;
drop schema shop cascade;
drop group psql_readers;
drop user psql_carol;
