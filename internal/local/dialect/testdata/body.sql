create function f (float) returns float stable as $$ select dateadd(day, 1, $1) $$ language sql;
create function f (int) returns int stable as $$ select a from t $$ language sql;
create function f (varchar(max)) returns varchar(max) stable as 'select nvl($1, \'x\')' language sql;
create or replace procedure p(a IN int, b INOUT varchar(max), c OUT varchar(256)) as $$
DECLARE
  loop_var int := datediff(day, '2020-01-01', '2020-01-02');
BEGIN
  IF a is null OR nvl(b, '') = CASE WHEN a > 1 THEN 'x' ELSE 'y' END THEN
    RAISE EXCEPTION 'input; cannot be null';
  ELSIF a = 2 THEN NULL;
  END IF;
  DROP TABLE if exists my_etl;
  CREATE TEMP TABLE my_etl(a int distkey, b varchar);
  FOR loop_var IN 1..a LOOP
    insert into my_etl values (loop_var, b); -- it's one
  END LOOP;
  FOR rec IN SELECT top 3 t.a, extract(day from t.d) as x FROM t LOOP
    update u set n = nvl(rec.a, 1), m = u.s.k where u.k = rec.x;
    truncate v;
  END LOOP;
  SELECT INTO c count(*) from my_etl;
EXCEPTION WHEN OTHERS THEN delete my_etl;
END;
$$ language plpgsql;
create procedure p() as $$ begin copy t from 's3://b/k' iam_role default; end $$ language plpgsql;
create procedure p() as $$ begin vacuum t; end $$ language plpgsql;
create procedure p(a out int, b int) as $$ begin null; end $$ language plpgsql;
create procedure p() nonatomic as $$
declare
  n int := 0;
begin
  if n = 0 then insert into t values (1); else truncate t; end if;
  select count(*) into n from t;
  n := n + 1;
  call q();
  for r in select a from t loop update t set a = r.a; end loop;
end $$ language plpgsql;
create procedure p() nonatomic as $$ begin insert into t values (1); exception when others then raise info 'x'; end $$ language plpgsql;
create procedure p() nonatomic as $$ begin begin; insert into t values (1); commit; end $$ language plpgsql;
