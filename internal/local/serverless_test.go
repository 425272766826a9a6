package local

import (
	"strings"
	"testing"
)

// A serverless workgroup is found, logged in to as the user that stands for the caller, and deleted, by the AWS CLI and psql.
//
//standin:imitates Redshift Serverless: namespaces and workgroups, made, found and deleted | API model redshift-serverless
//standin:imitates Redshift Serverless: GetCredentials, for the user that stands for the caller | API model redshift-serverless GetCredentials
//standin:refuses Redshift Serverless: managed admin passwords, snapshots, usage limits, custom domains | API model redshift-serverless
func TestServerless(t *testing.T) {
	t.Parallel()
	c := users(standin)
	c.aws(t, "redshift-serverless", "create-namespace", "--namespace-name", "space", "--admin-username", "boss", "--admin-user-password", "Secret123", "--db-name", "dev")
	if got := c.aws(t, "redshift-serverless", "create-workgroup", "--workgroup-name", "group", "--namespace-name", "space", "--base-capacity", "8", "--query", "workgroup.status"); got != "AVAILABLE" && got != "CREATING" {
		t.Errorf("made: %s", got)
	}
	at := strings.Fields(c.aws(t, "redshift-serverless", "get-workgroup", "--workgroup-name", "group", "--query", "workgroup.[status,endpoint.address,endpoint.port,namespaceName]"))
	if len(at) != 4 || at[0] != "AVAILABLE" || at[3] != "space" {
		t.Fatalf("found %v", at)
	}
	url := func(user, password string) string {
		escape := strings.NewReplacer(":", "%3A", "/", "%2F", "+", "%2B", "=", "%3D")
		return "postgresql://" + escape.Replace(user) + ":" + escape.Replace(password) + "@127.0.0.1:" + at[2] + "/dev?sslmode=require"
	}
	if got := c.psql(t, url("boss", "Secret123"), "select 'in'"); got != "in\n" {
		t.Error(got)
	}
	login := strings.Fields(c.aws(t, "redshift-serverless", "get-credentials", "--workgroup-name", "group", "--db-name", "dev", "--query", "[dbUser,dbPassword]"))
	if len(login) != 2 || !strings.HasPrefix(login[0], "IAM:") {
		t.Fatalf("credentials for %v", login)
	}
	if got := c.psql(t, url(login[0], login[1]), "select 'in'"); got != "in\n" {
		t.Error(got)
	}
	if got := c.aws(t, "redshift", "describe-clusters", "--query", "Clusters[].ClusterIdentifier"); strings.Contains(got, "group") {
		t.Errorf("clusters: %s", got)
	}
	c.aws(t, "redshift-serverless", "delete-workgroup", "--workgroup-name", "group")
	c.aws(t, "redshift-serverless", "delete-namespace", "--namespace-name", "space")
	if got := c.psql(t, url("boss", "Secret123"), "select 1"); !strings.Contains(got, "onnection refused") {
		t.Error(got)
	}
}
