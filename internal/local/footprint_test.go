package local

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// memoryOf answers what a process has of its own in memory now, its peak aside.
func memoryOf(tb testing.TB, pid int) int64 {
	tb.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		tb.Fatal(err)
	}
	for line := range strings.Lines(string(status)) {
		if rest, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			kb, err := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
			if err != nil {
				tb.Fatal(err)
			}
			return kb << 10
		}
	}
	tb.Fatal("no VmRSS in the status of the process")
	return 0
}

// A stand-in with two warehouses takes less than 100 MB of memory while nobody uses it.
func TestIdleMemory(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "dir")
	child := startChild(t, dir)
	defer func() {
		if err := child.Process.Signal(syscall.SIGTERM); err != nil {
			t.Error(err)
		}
		if err := child.Wait(); err != nil {
			t.Error(err)
		}
	}()
	const most = 100 << 20
	if got := memoryOf(t, child.Process.Pid); got > most {
		t.Errorf("%d MB", got>>20)
	} else {
		t.Logf("%d MB", got>>20)
	}
}

// BenchmarkUp starts a stand-in with two warehouses in a new folder and in one that it knows, with the template of an earlier
// start at hand, and reports the memory of its process. The aim is less than 4 seconds and 100 MB.
func BenchmarkUp(b *testing.B) {
	var took [2]time.Duration
	var memory int64
	for b.Loop() {
		dir := filepath.Join(b.TempDir(), "dir")
		for i := range took {
			begun := time.Now()
			child := startChild(b, dir)
			took[i] += time.Since(begun)
			memory = memoryOf(b, child.Process.Pid)
			if err := child.Process.Signal(syscall.SIGTERM); err != nil {
				b.Fatal(err)
			}
			if err := child.Wait(); err != nil {
				b.Fatal(err)
			}
		}
	}
	b.ReportMetric(took[0].Seconds()/float64(b.N), "s/new")
	b.ReportMetric(took[1].Seconds()/float64(b.N), "s/again")
	b.ReportMetric(float64(memory)/(1<<20), "MB")
}
