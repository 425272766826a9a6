package job_test

import (
	"runtime"
	"syscall"
	"testing"
	"time"
)

// spent is the time of a processor that act takes, however busy the machine is with something else.
func spent(tb testing.TB, act func()) time.Duration {
	tb.Helper()
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	began := used(tb)
	act()
	return used(tb) - began
}

func used(tb testing.TB) time.Duration {
	tb.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_THREAD, &u); err != nil {
		tb.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
