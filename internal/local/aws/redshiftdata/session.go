package redshiftdata

import (
	"context"
	"net/http"
	"time"

	"github.com/sealift/sealift/internal/local/aws/awserr"
	"github.com/sealift/sealift/internal/local/aws/iam"
	"github.com/sealift/sealift/internal/local/aws/policy"
)

// session is a connection that statements use one after the other. What is set, made or begun in one is there in the next.
type session struct {
	id      string
	account string
	region  string
	owner   string
	userID  string
	entry   entry
	began   time.Time
	keep    time.Duration // how long it waits for the next statement
	conn    *Conn         // nil until the first statement has begun
	busy    *statement    // that uses it
	closed  bool
	timer   *time.Timer // that closes it
}

// newSession makes a session for its first statement. The service is locked.
func (s *Service) newSession(st *statement, keep time.Duration) (*session, error) {
	open := 0
	for _, one := range s.sessions {
		if !one.closed && one.entry.warehouse == st.entry.warehouse {
			open++
		}
	}
	if open >= s.limits.Sessions {
		return nil, awserr.New(http.StatusBadRequest, "ActiveSessionsExceededException", "Active sessions exceeded the allowed quota (%d).", s.limits.Sessions)
	}
	one := &session{
		id: newID(), account: st.account, region: st.region, owner: st.owner, userID: st.userID, entry: st.entry, began: s.now(), keep: keep, busy: st,
	}
	s.sessions[one.id] = one
	return one, nil
}

// sessionOf finds the session that a caller names. The service is locked.
func (s *Service) sessionOf(id *iam.Identity, action, name string) (*session, error) {
	one := s.sessions[name]
	if one != nil && (one.account != id.Account || one.region != id.Region || one.owner != owner(id)) {
		one = nil
	}
	var ctx policy.Context
	resource := "*"
	if one != nil {
		ctx = policy.Context{"redshift-data:session-owner-iam-userid": {one.userID}}
		_, resource, _ = s.redshift.Warehouse(id, one.entry.ClusterIdentifier, one.entry.WorkgroupName)
	}
	if err := s.allow(id, action, resource, ctx); err != nil {
		return nil, err
	}
	if one == nil {
		return nil, invalid("Session with Id: %s is invalid", name)
	}
	return one, nil
}

// use takes a session for a statement. It does not queue. The service is locked.
func (one *session) use(st *statement, keep time.Duration) error {
	if one.closed || one.busy != nil {
		return invalid("Session is not available")
	}
	one.busy = st
	if one.timer != nil {
		one.timer.Stop()
	}
	if keep > 0 {
		one.keep = keep
	}
	return nil
}

// release lets a session wait for its next statement, if it can have one. The service is locked.
func (s *Service) release(one *session) {
	one.busy = nil
	left := min(one.keep, maxRun-s.now().Sub(one.began))
	if one.closed || one.conn == nil || one.conn.IsClosed() || left <= 0 || s.ctx.Err() != nil {
		s.end(one)
		return
	}
	one.timer = time.AfterFunc(left, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if one.busy == nil {
			s.end(one)
		}
	})
}

// end closes a session. What it had not committed is rolled back. The service is locked.
func (s *Service) end(one *session) {
	if one.timer != nil {
		one.timer.Stop()
	}
	if one.closed {
		return
	}
	one.closed = true
	if one.conn != nil {
		closeConn(one.conn)
	}
}

// connection gives a statement its session's connection, or one of its own.
func (s *Service) connection(st *statement) (*Conn, error) {
	if st.session == nil {
		return s.open(s.ctx, st.entry)
	}
	s.mu.Lock()
	conn := st.session.conn
	s.mu.Unlock()
	if conn != nil {
		return conn, nil
	}
	conn, err := s.open(s.ctx, st.entry)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	st.session.conn = conn
	return conn, nil
}

// closeConn says farewell. A connection that cannot even be closed has ended.
func closeConn(conn *Conn) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	_ = conn.Close(ctx)
}
