package connect

import "syscall"

// tcpUserTimeout is TCP_USER_TIMEOUT of tcp(7), which package syscall does not name on every architecture.
const tcpUserTimeout = 0x12

// limitSilence ends a connection when what was sent, a keepalive probe included, is not acknowledged in time. Without it
// the kernel repeats what was sent for about a quarter of an hour.
func limitSilence(_, _ string, c syscall.RawConn) error {
	var err error
	if cerr := c.Control(func(fd uintptr) {
		err = syscall.SetsockoptInt(int(fd), syscall.IPPROTO_TCP, tcpUserTimeout, int(unacknowledged.Milliseconds()))
	}); cerr != nil {
		return cerr
	}
	return err
}
