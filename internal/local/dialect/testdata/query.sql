select 1;
select nvl(a, b, 0), nvl2(a, b, c), decode(a, 1, 'one', null, 'none', 'other'), decode(a, 1, 'one') from t;
select nvl2(a, b, c)d, decode(a, 1, 2)e from t;
select decode(nvl(a, decode(b, 1, 2, 3)), nvl2(c, 1, 2), 4);
select pg_catalog.nvl(a, 1), pg_catalog.decode(a, 1, 2, 3);
select listagg(a), listagg(distinct a, ', ') within group (order by a desc), listagg(a || 'x', '|') within group (order by b, c) from t group by d;
select dateadd(day, 1, d), date_add(w, n, d), dateadd(mon, 1, d), datediff(qtr, a, b), date_part(dow, d), extract(weekday from d), extract(year from d), date_trunc('month', d);
select convert(integer, a), convert(decimal(10,2), a), convert(nvarchar(3), a + b), cast(a as nvarchar), a::decimal, 'x'::super, 'ab'::varbyte, cast('ab' as varbinary(3));
select strtol(substring(md5(x), 1, 15), 16), strtol('77', 8);
select sha2(a || sha2(b, 256), 256), sha2(a, 512), sha2(a, bits);
select sysdate, a.sysdate, 1 as sysdate, sysdate - 1;
select top 10 * from t order by a;
select distinct top (5 + 1) a from (select top 3 b a from s) x;
select top 1 a from t union select b from s;
select top(1)a from t;
select a from t minus select b from s;
select approximate count(distinct a) from t;
select * from (select 1), (select 2) as x, (select 3) y, ((select 4) a join (select 5) b on true), ((select 6) union (select 7));
select * from a left join (select * from b where exists (select 1 from (select 2))) on true where x in (select 1 from (select 2));
select relname, pg_catalog.pg_class.relkind from pg_class, pg_catalog.pg_namespace n join pg_attribute on true where pg_class.oid = 'pg_class'::regclass;
select extract(epoch from pg_class) from t where trim(both ' ' from pg_class) is distinct from pg_user;
select * from dev.public.t where "T"."Col" = 'It''s "X" \' -- no' /* "Y" */;
delete t where a = 1;
delete from t using s, pg_class where t.a = s.a;
update t set a = s.b from (select * from x) s where t.a = s.a;
insert into t (a, "B") select a, nvl(b, 0) from #tmp where #tmp.c = 5 # 3;
insert into t values (1) returning a;
insert into t values (1) on conflict do nothing;
select * from t for update;
select distinct on (a) a from t;
select * from (values (1), (2)) v;
select array[1, 2], array(1, 'a');
select array(select 1);
select string_agg(a, ',') from t;
select e'x';
select pg_catalog.array_to_string(c.relacl, E'\n'), array(select 1) from pg_catalog.pg_class c;
select a::int[], a::jsonb from t;
select * from t pivot (sum(a) for b in ('x'));
select a, row_number() over (order by b) r from t qualify r = 1;
select * from a, lateral (select a.b) x;
merge into t using s on t.a = s.a when matched then update set b = s.b when not matched then insert values (s.a, s.b);
merge into t using s on t.a = s.a remove duplicates;
with x as (select top 2 a from t) select * from x;
explain select nvl(a, 1) from t;
create user a_name_that_is_longer_than_the_sixty_three_bytes_that_postgresql_can_keep password disable;
select 1 from t where a <> -1 and b = -2 and c||'-'||d like '%\\_%' and e ~ '^a$' and f @> g;
select $1, $$a'b"C"$$, $tag$nvl(a)$tag$, current_aws_account, getdate(), "Nvl"(1);
select a.b[0].c["D"][x + 1], nvl(s['k'], 1), t.s[1] from t;
select collate(a, 'ci'), pg_catalog.collate ( b || 'x' , 'case_sensitive' ) from t where collate(f(a), 'CS') like 'x';
select collate(a), collate(b, c);
select concat(a, 'b'), concat(concat(a, b), c), object('k', array(1, 2));

select ss.*, row_number() over (partition by d order by p desc) as r from sales ss where p > 1 qualify r <= 2 order by d limit 5;

select distinct top 3 a, rank() over (order by b) k from t x qualify k = 1 and "K" > 0;

select a from t x qualify max(a) over (order by a rows unbounded preceding) > 1 union all select top 2 b from s order by 1;

select sum(a) over (order by b) from t;

select sum(a) over (order by b rows unbounded preceding), sum(a) over (partition by c), rank() over (order by b) from t;

select percentile_cont(0.25) within group (order by a desc) over (partition by b), percentile_disc(0.5) within group (order by a) from t;

select ratio_to_report(a) over (partition by b), listagg(a, ',') within group (order by b, c desc) over (partition by d) from t;

select first_value(a ignore nulls) over (order by b rows unbounded preceding), last_value(a) respect nulls over (partition by b), lag(a) ignore nulls over (order by b) from t;

select c.s.a[0].b, s.a, public.t.x, dev.public.t.x, f(c.s.a), c.* from public.t, u c where c.s.name = 'x' and 'y' <> c.s.a and c.s.b in ('p', 'q');

select c.*, o, o.key, l.x, i from customers c, c.orders o, o.lines[0].parts as l at i where o = 'x';

select array, element from foo as f, f.multi as array, array as element;

select attr, json_typeof(val) from customers c, unpivot c.orders[0] as val at attr;

select object_transform(c.s keep '"a"."b"', '"c"' set '"a"', upper(c.s.a::text), '"d"', 1 + 2) from t c;

select object_transform(s keep '"a"') from t;

merge into t using s on t.a = s.a when matched then update set b = s.b when not matched then insert values (s.a, s.b);

merge into public.t using s as x on t.a = x.a remove duplicates;

merge into t using s on t.a = s.a when not matched then insert values (1) when matched then delete;

merge into t x using s on x.a = s.a when matched then delete when not matched then insert values (1);

merge into t using s on t.a = s.a when matched then update set b = s.b[0] when not matched then insert values (s.a, s.b);

merge into t using (select 1 a) s on t.a = s.a when matched then delete when not matched then insert values (1);

merge into t using t on t.a = t.a remove duplicates;

revoke select on ugr.t from role r;

revoke select on table ugr.t from u;

insert into sales select * from sales.orders;

update sales set a = o.b from sales.orders o where sales.k = o.k;

-- A schema that has the name of a derived table is a schema inside of it.
select count(*) from (select * from d.child) d;
select (select count(*) from c.orders o where o.total > 5) from customers c;
