package wire

import (
	"strconv"
	"strings"

	"github.com/sealift/sealift/internal/local/dialect"
)

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
