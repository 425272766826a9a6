package pgserver

import "syscall"

// folderByDescriptor says that a folder can be reached through an open descriptor of it, under /proc. The folders above
// it then need not be passable (a home folder of root is not, for the server's user), nor its path be short.
const folderByDescriptor = true

// sysProcAttr puts the process into a group of its own, so that the terminal's Ctrl-C reaches only us and we decide the
// order of stopping, and asks the kernel for a fast shutdown (SIGINT) when we die.
func sysProcAttr(a *account) *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGINT, Credential: a.credential()}
}
