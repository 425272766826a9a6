package wire

import (
	"errors"
	"os"
	"time"
)

// A client that is silent for long is sent away: 4 hours outside of a transaction, 6 hours in one (Management Guide, Quotas
// and limits), or what its user's SESSION TIMEOUT says (Database Developer Guide, CREATE USER). Setting a deadline costs
// more than all else that a small query needs of us, so that it is set seldom: when it is reached, the client may have
// said something since, and gets another.

const (
	defaultIdleSession     = 4 * time.Hour
	defaultIdleTransaction = 6 * time.Hour
)

// listening is what a client's messages are read from.
type listening struct{ c *client }

func (l listening) Read(p []byte) (int, error) {
	for {
		n, err := l.c.conn.Read(p)
		if n > 0 {
			l.c.heard = time.Now()
		}
		if n > 0 || l.c.left == nil || !errors.Is(err, os.ErrDeadlineExceeded) {
			return n, err
		}
		if failure := l.c.wait(); failure != nil {
			return n, failure
		}
	}
}

// wait sets the deadline for what the client says next. It fails if the client may not be silent any longer.
func (c *client) wait() error {
	left := c.left()
	if left <= 0 {
		return os.ErrDeadlineExceeded
	}
	return c.conn.SetReadDeadline(time.Now().Add(left))
}

// limit is how long the client may be silent.
func (s *session) limit() time.Duration {
	switch {
	case s.pg.status != idle:
		return s.server.cfg.IdleTransaction
	case s.user.timeout > 0:
		return s.user.timeout
	default:
		return s.server.cfg.IdleSession
	}
}

// left is how much longer the client may be silent, or how long until that has to be asked again: a transaction may
// begin or end before.
func (s *session) left() time.Duration {
	since := s.last
	if s.c.heard.After(since) {
		since = s.c.heard
	}
	return min(s.limit()-time.Since(since), s.server.cfg.IdleSession, s.server.cfg.IdleTransaction)
}

// silent ends a session whose client was silent for too long.
func (s *session) silent() error {
	if s.pg.status != idle {
		return s.c.fatal("25P03", "terminating connection due to idle-in-transaction timeout")
	}
	return s.c.fatal("57P05", "terminating connection due to idle-session timeout")
}
