package local

import (
	"os"
	"os/exec"
	"strings"
	"testing"
)

var standin *Server

func TestMain(m *testing.M) { os.Exit(Main(m, &standin)) }

// tool runs a program as a user would, with the variables of `local env`.
func (s *Server) tool(tb testing.TB, stdin string, name string, args ...string) string {
	tb.Helper()
	cmd := exec.CommandContext(tb.Context(), name, args...)
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + tb.TempDir(), "LC_ALL=C.UTF-8", "AWS_PAGER="}
	for _, v := range s.Env() {
		cmd.Env = append(cmd.Env, v.Name+"="+v.Value)
	}
	cmd.Stdin = strings.NewReader(stdin)
	out, err := cmd.CombinedOutput()
	if err != nil {
		return string(out) + err.Error()
	}
	return string(out)
}

func TestTools(t *testing.T) {
	t.Log(standin.tool(t, "select version(); create table t (a int, b varchar(10)); insert into t values (1, 'a\\'b'); select * from t; show table t;", "psql", "-X", standin.Var("REDSHIFT_SOURCE_URL")))
	t.Log(standin.tool(t, "", "aws", "sts", "get-caller-identity"))
	t.Log(standin.tool(t, "", "aws", "redshift", "describe-clusters"))
}
