package wire

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/sealift/sealift/internal/local/dialect"
)

// errCancelled is the cause of the context of a COPY or UNLOAD that the user cancelled.
var errCancelled = errors.New("cancelled on user's request")

// cancelledError is what the user of a statement that we cancelled ourselves is told.
func cancelledError() *pgconn.PgError {
	return &pgconn.PgError{Severity: "ERROR", Code: "57014", Message: "Query cancelled on user's request"}
}

// cancelStatement cancels what the session runs, from another goroutine. PostgreSQL takes no notice of it between two
// steps of a statement, so the session must not go on to the next.
func (s *session) cancelStatement() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cancelRun != nil {
		s.cancelRun(errCancelled)
		return
	}
	s.cancelled = s.stepping
	ctx, cancel := context.WithTimeout(s.server.ctx, 10*time.Second)
	defer cancel()
	if err := s.pg.cancel(ctx); err != nil {
		s.server.cfg.Log.Warn("cannot cancel a statement", "pid", s.pg.pid, "err", err)
	}
}

// setCancel says what cancels the COPY or UNLOAD that runs; nil when it has ended.
func (s *session) setCancel(cancel context.CancelCauseFunc) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cancelRun = cancel
}

// setStepping says whether statements are run that may take several steps. What was cancelled before is forgotten.
func (s *session) setStepping(stepping bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stepping, s.cancelled = stepping, false
}

// interrupted tells whether what is run was cancelled, so that no further step of it may begin.
func (s *session) interrupted() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.cancelled
}

// signalled is the session that a statement cancels or terminates: CANCEL pid, pg_cancel_backend(pid),
// pg_terminate_backend(pid); 0 if it does neither.
func signalled(st dialect.Statement) int32 {
	tokens := st.Significant()
	for i, t := range tokens {
		name, ok := t.Name(false)
		var arg dialect.Token
		switch {
		case !ok:
			continue
		case i == 0 && name == "cancel" && len(tokens) > 1:
			arg = tokens[1]
		case strings.HasPrefix(name, "pg_cancel_backend") || strings.HasPrefix(name, "pg_terminate_backend"):
			if i+2 < len(tokens) && tokens[i+1].Is("(") {
				arg = tokens[i+2]
			}
		}
		if pid, err := strconv.ParseInt(arg.Text, 10, 32); err == nil {
			return int32(pid)
		}
	}
	return 0
}

// signal ends a COPY or UNLOAD that a session runs. PostgreSQL has checked that the asker may, but the signal that it
// sends is lost while the session's own connection waits for files.
func (s *Server) signal(pid int32) {
	s.mu.Lock()
	target := s.sessions[pid]
	s.mu.Unlock()
	if target == nil {
		return
	}
	target.mu.Lock()
	run := target.cancelRun
	target.mu.Unlock()
	if run != nil {
		run(errCancelled)
	}
}
