package catalog_test

import "testing"

//standin:imitates users: GRANT and REVOKE ASSUMEROLE | DG r_GRANT-usage-notes
//standin:imitates system views: SVV_IAM_PRIVILEGES | DG r_SVV_IAM_PRIVILEGES
//standin:imitates functions: HAS_ASSUMEROLE_PRIVILEGE | DG r_HAS_ASSUMEROLE_PRIVILEGE
func TestAssumeRole(t *testing.T) {
	t.Parallel()
	s := open(t)
	alice := connect(t, s.env.Database, "alice")
	const role = "'arn:aws:iam::123456789012:role/Redshift-S3-Read'"
	alice.expect("select has_assumerole_privilege("+role+", 'copy')", "t\n")
	s.run("revoke assumerole on all from public for all; grant assumerole on " + role + " to alice for copy, create model")
	s.expect("select has_assumerole_privilege('alice', "+role+", 'copy'), has_assumerole_privilege('alice', "+role+", 'unload'), has_assumerole_privilege('bob', "+role+", 'copy')", "t|f|f\n")
	s.expect("select has_assumerole_privilege("+role+", 'unload')", "t\n") // a superuser
	alice.expect("select has_assumerole_privilege("+role+", 'CREATE MODEL'), has_assumerole_privilege('arn:aws:iam::123456789012:role/other', 'copy')", "t|f\n")
	alice.fails("select has_assumerole_privilege('bob', "+role+", 'copy')", "42501", "permission denied")
	alice.fails("select has_assumerole_privilege("+role+", 'select')", "22023", "unrecognized command type")
	alice.fails("grant assumerole on all to alice for all", "42501", "must be superuser")
	s.fails("grant assumerole on all to nobody_here for all", "42704", "does not exist")
	const privileges = "select trim(iam_arn), command_type, identity_name, identity_type from svv_iam_privileges order by 1, 2"
	const granted = "arn:aws:iam::123456789012:role/Redshift-S3-Read|COPY|alice|user\narn:aws:iam::123456789012:role/Redshift-S3-Read|CREATE MODEL|alice|user\n"
	s.expect(privileges, granted)
	alice.expect(privileges, granted)
	connect(t, s.env.Database, "bob").expect(privileges, "")
	s.run("grant assumerole on all to public for unload")
	connect(t, s.env.Database, "bob").expect(privileges, "ALL|UNLOAD|public|public\n")
	s.run("revoke assumerole on all from public for unload")
	s.run("revoke assumerole on " + role + " from alice for create model")
	alice.expect("select has_assumerole_privilege("+role+", 'create model'), has_assumerole_privilege("+role+", 'copy')", "f|t\n")
}
