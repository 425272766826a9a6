package local

import (
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"testing"
)

var tps = regexp.MustCompile(`tps = ([0-9.]+)`)

// BenchmarkPassThrough runs pgbench's simple protocol, select-only, with eight clients, against PostgreSQL itself and
// through the stand-in, and reports both.
func BenchmarkPassThrough(b *testing.B) {
	w, err := standin.fleet.warehouse(sourceName)
	if err != nil {
		b.Fatal(err)
	}
	password, _ := standin.fleet.vault.password(sourceName)
	dir, port := w.pg.Socket()
	run := func(args ...string) string {
		cmd := exec.CommandContext(b.Context(), "pgbench", args...)
		cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "PGSSLMODE=disable", "PGPASSWORD=" + password}
		out, err := cmd.CombinedOutput()
		if err != nil {
			b.Fatalf("pgbench %v: %v\n%s", args, err, out)
		}
		return string(out)
	}
	direct := []string{"-h", dir, "-p", fmt.Sprint(port), "-U", MasterUser, Database}
	through := []string{"-h", host, "-p", fmt.Sprint(w.port), "-U", MasterUser, Database}
	run(append([]string{"-i", "-q", "-s", "2"}, direct...)...)
	for b.Loop() {
		load := []string{"-n", "-S", "-M", "simple", "-c", "8", "-j", "2", "-T", "5"}
		for name, where := range map[string][]string{"direct-tps": direct, "through-tps": through} {
			m := tps.FindStringSubmatch(run(append(load, where...)...))
			if m == nil {
				b.Fatal("no tps")
			}
			var n float64
			if _, err := fmt.Sscan(m[1], &n); err != nil {
				b.Fatal(err)
			}
			b.ReportMetric(n, name)
		}
	}
}
