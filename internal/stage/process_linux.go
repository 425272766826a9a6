package stage

import (
	"os"
	"strconv"
	"strings"
)

// self is this process, as a lease names it.
func self() (host string, pid int, process string) {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	return host, os.Getpid(), processOf(os.Getpid())
}

// processOf names a process so that no other, on no machine and at no time, has the same name: the machine's boot and
// its space of process numbers, then when the process began. It is "" for a process that is over, and where the system
// does not tell.
func processOf(pid int) string {
	boot, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return ""
	}
	space, err := os.Readlink("/proc/self/ns/pid")
	if err != nil {
		return ""
	}
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return ""
	}
	// The name in brackets can hold anything; after it come the state and, as the twentieth, the time of the start.
	after := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:]))
	const state, started = 0, 19
	if len(after) <= started || after[state] == "Z" || after[state] == "X" {
		return "" // dead, and only not yet waited for
	}
	return strings.TrimSpace(string(boot)) + " " + space + " " + after[started]
}

// sameMachine tells that two processes are named by one boot of one machine, in one space of process numbers.
func sameMachine(a, b string) bool {
	cut := func(s string) string { return s[:max(0, strings.LastIndexByte(s, ' '))] }
	return a != "" && b != "" && cut(a) == cut(b)
}
