package catalog_test

import (
	"context"
	"errors"
	"testing"

	"github.com/sealift/sealift/internal/local/catalog"
)

// TestInstallAgain: a database of the same version only learns of its warehouse; one of another version gets everything
// anew and keeps what is in it.
func TestInstallAgain(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.run(`create table t (a int primary key, b varchar(3), c super) diststyle all; insert into t values (1, 'x', json_parse('[1]'));
		create view v as select * from svv_tables where table_name = 't'; create view w as select * from public.t with no schema binding`)
	install := func(o catalog.Options) {
		t.Helper()
		c, err := postgres.Connect(t.Context(), "rdsdb", s.env.Database, nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(catalog.Install(t.Context(), c, o), c.Close(context.WithoutCancel(t.Context()))); err != nil {
			t.Fatal(err)
		}
	}
	other := catalog.Options{Account: "222222222222", Region: "eu-west-1", Cluster: "target", Slices: 2}
	install(other)
	s.expect(`select current_aws_account, (select count(*) from stv_slices)`, "222222222222|2\n")

	// Another version's views have other columns; a user's view may rest on one that has not changed.
	execute(t, s.env.Database, `COMMENT ON SCHEMA rs IS 'another version'; DROP VIEW pg_catalog.stl_query;
		CREATE VIEW pg_catalog.stl_query AS SELECT 1::text AS userid; CREATE VIEW pg_catalog.stl_more AS SELECT * FROM pg_catalog.stl_query;
		DROP FUNCTION rs.show_databases(); CREATE FUNCTION rs.show_databases() RETURNS int LANGUAGE sql AS 'SELECT 1'`)
	install(warehouse)
	s.expect(`select current_aws_account`, "111111111111\n")
	s.expect(`select count(userid + query) from stl_query`, "0\n")
	s.run(`show databases`)
	s.expect(`select reldiststyle, a, b, c from pg_class, t where relname = 't'`, "8|1|x|[1]\n")
	s.expect(`select table_name from v`, "t\n")
	s.expect(`select a from w`, "1\n")
	s.expect(`select obj_description('rs'::regnamespace, 'pg_namespace')`, catalog.Version()+"\n")
	s.expect(`select avg(x), version() like '%Redshift%', 'a ' = 'a' from (select 1 as x union select 2)`, "1|t|t\n")
	s.run(`create table u (a varchar(3) primary key); drop table t`)
}
