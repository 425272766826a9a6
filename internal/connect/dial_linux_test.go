package connect

import (
	"errors"
	"net"
	"syscall"
	"testing"
)

// What the kernel was told, as it tells it.
func TestDeadPeersAreFoundByTheKernel(t *testing.T) {
	t.Parallel()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	conn, err := dialer().DialContext(t.Context(), "tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	raw, err := conn.(*net.TCPConn).SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ level, option, want int }{
		{syscall.SOL_SOCKET, syscall.SO_KEEPALIVE, 1},
		{syscall.IPPROTO_TCP, syscall.TCP_KEEPIDLE, 30},
		{syscall.IPPROTO_TCP, syscall.TCP_KEEPINTVL, 30},
		{syscall.IPPROTO_TCP, tcpUserTimeout, 120_000},
	} {
		var got int
		var gerr error
		if err := raw.Control(func(fd uintptr) { got, gerr = syscall.GetsockoptInt(int(fd), c.level, c.option) }); err != nil || gerr != nil {
			t.Fatal(err, gerr)
		}
		if got != c.want {
			t.Errorf("option %d of level %d is %d, not %d", c.option, c.level, got, c.want)
		}
	}
	if err := errors.Join(conn.Close(), l.Close()); err != nil {
		t.Error(err)
	}
}
