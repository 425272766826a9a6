//go:build !linux

package stage

import "os"

// self is this process, as a lease names it.
func self() (host string, pid int, process string) {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	return host, os.Getpid(), ""
}

// processOf cannot tell here whether a process is the one that it was: a lease is waited for until it is over.
func processOf(int) string { return "" }

func sameMachine(_, _ string) bool { return false }
