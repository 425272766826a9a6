package connect

import (
	"net"
	"testing"
	"testing/synctest"
	"time"
)

// A connection that says nothing is given up after its limit, on either way; one that says something in time is not.
func TestASilentConnectionIsGivenUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ours, theirs := net.Pipe()
		defer ours.Close()   //nolint:errcheck // a pipe has nothing to tell
		defer theirs.Close() //nolint:errcheck // a pipe has nothing to tell
		c := &impatient{Conn: ours, limit: time.Minute}
		for range 3 {
			go func() {
				time.Sleep(59 * time.Second) //nolint:forbidigo // virtual time
				_, _ = theirs.Write([]byte("."))
			}()
			if n, err := c.Read(make([]byte, 10)); n != 1 || err != nil {
				t.Fatalf("read %d bytes: %v", n, err)
			}
		}
		for name, wait := range map[string]func([]byte) (int, error){"read": c.Read, "write": c.Write} {
			began := time.Now()
			_, err := wait(make([]byte, 10))
			if ne, ok := err.(net.Error); !ok || !ne.Timeout() || time.Since(began) != time.Minute { //nolint:errorlint // as the SDK asks
				t.Errorf("%s: %v after %s", name, err, time.Since(began))
			}
		}
	})
}
