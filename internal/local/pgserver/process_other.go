//go:build !linux

package pgserver

import "syscall"

const folderByDescriptor = false

// sysProcAttr puts the process into a group of its own. Without Linux's parent-death signal a server outlives a killed
// parent; the next Start on its folder ends it.
func sysProcAttr(a *account) *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Credential: a.credential()}
}
