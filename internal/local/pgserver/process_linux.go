package pgserver

import "syscall"

// folderByDescriptor says that a folder can be handed to another user's process as an open descriptor, so that the
// folders above it need not be passable for that user (a home folder of root is not).
const folderByDescriptor = true

// sysProcAttr puts the process into a group of its own, so that the terminal's Ctrl-C reaches only us and we decide the
// order of stopping, and asks the kernel for a fast shutdown (SIGINT) when we die.
func sysProcAttr(a *account) *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGINT, Credential: a.credential()}
}
