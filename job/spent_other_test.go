//go:build !linux

package job_test

import (
	"testing"
	"time"
)

// spent is the time that act takes: no other system tells that of a thread alone.
func spent(tb testing.TB, act func()) time.Duration {
	tb.Helper()
	began := time.Now()
	act()
	return time.Since(began)
}
