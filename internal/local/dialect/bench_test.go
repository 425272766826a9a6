package dialect

import (
	"strings"
	"testing"
)

// What every statement costs before PostgreSQL sees it.
func BenchmarkTranslate(b *testing.B) {
	for name, sql := range map[string]string{
		"pgbench": "SELECT abalance FROM pgbench_accounts WHERE aid = 4711;",
		"create":  "create table public.sales (salesid integer identity(1,1), listid int distkey, seller varchar(20) encode zstd, primary key (salesid)) sortkey (listid)",
		"insert":  "insert into t values " + strings.Repeat("(1, 'some text', 2.5, null), ", 1000) + "(1, 'x', 2.5, null)",
		"divide":  "select a / b, (c + d) / nullif(e, 0) as f from t join u on t.x = u.x where g / 2 > 1 group by a / b",
		"long":    "insert into t values " + strings.Repeat("(1, '"+strings.Repeat("a long text ", 8)+"'), ", 10_000) + "(1, 'x')",
	} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(sql)))
			b.ReportAllocs()
			for b.Loop() {
				for _, st := range Split(sql) {
					st, _ := Shorten(st, false, func(string) bool { return false })
					if tr := Translate(st, Env{}); tr.Action != Pass {
						b.Fatal(tr.Err)
					}
				}
			}
		})
	}
}
