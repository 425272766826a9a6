package transfer

import (
	"testing"

	"github.com/sealift/sealift/internal/local/dialect"
)

// statements runs statements as the server does, as far as PostgreSQL alone carries them out.
func (s *session) statements(text string) {
	s.tb.Helper()
	for _, st := range dialect.Split(text) {
		tr := dialect.Translate(st, dialect.Env{Database: s.db, User: superuser})
		if tr.Action != dialect.Pass {
			s.tb.Fatalf("%s: %v", st.Text, tr.Err)
		}
		s.sql(tr.SQL)
	}
}

//standin:imitates COPY: GRANT ASSUMEROLE | DG r_GRANT-usage-notes
//standin:imitates UNLOAD: GRANT ASSUMEROLE, chains as a whole | DG r_GRANT-usage-notes
//standin:differs users: ASSUMEROLE | granted and revoked for a database, where Redshift's is for the cluster | DG r_GRANT-usage-notes
func TestAssumeRolePrivilege(t *testing.T) {
	t.Parallel()
	s := newSession(t)
	s.store.put("s3://b/x", "1\n")
	s.sql(`CREATE ROLE carol LOGIN; CREATE ROLE "Loaders"; CREATE TABLE t (n int); GRANT INSERT, SELECT ON t TO carol`)
	const (
		arn    = "arn:aws:iam::111111111111:role/r"
		chain  = arn + ",arn:aws:iam::222222222222:role/s"
		load   = "copy t from 's3://b/x' iam_role "
		unload = "unload ('select * from t') to 's3://b/out_' allowoverwrite iam_role "
	)
	as := func(user string) {
		t.Helper()
		s.sql("RESET SESSION AUTHORIZATION")
		if user != superuser {
			s.sql("SET SESSION AUTHORIZATION " + user)
		}
	}
	denied := func(sql, role, verb string) {
		t.Helper()
		asked := len(s.access.asked)
		e := s.refused(sql)
		if want := `User carol does not have ASSUMEROLE permission on IAM role "` + role + `" for ` + verb; e.Code != codePrivilege || e.Message != want {
			t.Errorf("got %s %s, want %s", e.Code, e.Message, want)
		}
		if len(s.access.asked) > asked {
			t.Errorf("the role was assumed all the same: %v", s.access.asked[asked:])
		}
	}

	as("carol") // nothing is revoked yet
	s.must(load + "'" + arn + "'")
	s.must(unload + "default")

	as(superuser)
	s.statements("revoke assumerole on all from public for all")
	s.must(load + "'" + arn + "'") // a superuser always may
	as("carol")
	denied(load+"'"+arn+"'", arn, "COPY")
	denied(load+"default", "default", "COPY")
	denied("copy t from 's3://b/x' credentials 'aws_iam_role="+arn+"'", arn, "COPY")
	denied(unload+"'"+arn+"'", arn, "UNLOAD")
	s.must("copy t from 's3://b/x' access_key_id 'a' secret_access_key 'b'") // no role

	as(superuser)
	s.statements("grant assumerole on '" + arn + "' to carol for copy")
	as("carol")
	s.must(load + "'" + arn + "'")
	denied(unload+"'"+arn+"'", arn, "UNLOAD")
	denied(load+"'"+chain+"'", chain, "COPY")

	as(superuser)
	s.statements("grant assumerole on '" + chain + "' to group \"Loaders\" for unload, external function")
	s.sql(`GRANT "Loaders" TO carol`)
	as("carol")
	s.must(unload + "'" + chain + "'")
	denied(unload+"'"+arn+"'", arn, "UNLOAD")

	as(superuser)
	s.statements("revoke assumerole on all from carol, group \"Loaders\" for all; grant assumerole on default to public for copy")
	as("carol")
	denied(load+"'"+arn+"'", arn, "COPY")
	denied(unload+"'"+chain+"'", chain, "UNLOAD")
	s.must(load + "default")
}
