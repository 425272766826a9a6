package wire

import (
	"strings"
	"time"

	"github.com/sealift/sealift/internal/local/dialect"
)

// Most of what clients send often is a query of which not a byte has to change. Reading such a text as package dialect
// does costs more than all else that a session does with it, so a session remembers texts that were left as they are,
// by their shape: the text, with the numbers that are compared to something taken out. What a number is compared to
// is a value, never a length, a precision or a count, and no translation depends on it.

const (
	maxShapes    = 64   // remembered by a session
	maxShapeText = 1024 // bytes of the longest text that is remembered
)

// shapes are the texts that a session may pass on as they are.
type shapes struct {
	key   []byte
	tails map[string]int // by shape: bytes after the statement, that is the semicolon and blanks
}

// find tells whether a text may be passed on, and how many bytes of it come after the statement.
func (h *shapes) find(text []byte) (tail int, ok bool) {
	if len(h.tails) == 0 || len(text) > maxShapeText {
		return 0, false
	}
	h.key = appendShape(h.key[:0], text)
	tail, ok = h.tails[string(h.key)]
	return tail, ok
}

// learn remembers a text of one statement, if its translation leaves it as it is.
func (h *shapes) learn(text string, st dialect.Statement, tr dialect.Translation) {
	if len(text) > maxShapeText || st.Pos != 0 || !untouched(st, tr) {
		return
	}
	tail := text[len(st.Text):]
	if strings.Trim(tail, "; \t\n\r") != "" {
		return
	}
	if h.tails == nil || len(h.tails) >= maxShapes {
		h.tails = map[string]int{}
	}
	h.tails[string(appendShape(nil, []byte(text)))] = len(tail)
}

// untouched tells whether a query needs nothing but to be passed on.
func untouched(st dialect.Statement, tr dialect.Translation) bool {
	lastID, history := asksFor(st)
	return st.Verb() == "SELECT" && !st.MayNameLong() && tr.Action == dialect.Pass && tr.SQL == st.Text && tr.Tag == "" && !tr.Commits && !tr.Alone &&
		len(tr.Before)+len(tr.After)+len(tr.Notices)+len(tr.Laterals)+len(tr.Operands)+len(tr.Checks) == 0 && !lastID && !history && signalled(st) == 0
}

// forget is for when the session's settings change: translations depend on them.
func (h *shapes) forget() { clear(h.tails) }

// appendShape adds a text's shape. A text with literals, quoted names, dollar strings or comments is its own shape.
func appendShape(key, text []byte) []byte {
	compared := false // the last byte that is no blank was an operator that compares
	for i := 0; i < len(text); {
		c := text[i]
		switch {
		case c == '\'' || c == '"' || c == '$' || c == '\\', startsComment(text[i:]):
			return append(key[:0], text...)
		case compared && c >= '0' && c <= '9':
			end := i + 1
			for end < len(text) && text[end] >= '0' && text[end] <= '9' {
				end++
			}
			if end < len(text) && (isName(text[end]) || text[end] == '.') {
				key = append(key, text[i:end]...)
			} else {
				key = append(key, '0')
			}
			i, compared = end, false
			continue
		case c == '=' || c == '<' || c == '>':
			compared = true
		case c != ' ' && c != '\t' && c != '\n' && c != '\r':
			compared = false
		}
		key = append(key, c)
		i++
	}
	return key
}

func startsComment(s []byte) bool {
	return len(s) > 1 && (s[0] == '-' && s[1] == '-' || s[0] == '/' && s[1] == '*')
}

func isName(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c >= 0x80
}

// passPlain passes on the body of a Query as it is, and the answer to it. All but the last tail bytes of the text are the
// statement.
func (s *session) passPlain(body []byte, tail int) error {
	statement := string(body[:len(body)-1-tail])
	q := &running{st: dialect.Statement{Text: statement}, verb: "SELECT", sql: statement, start: time.Now()}
	if h := s.server.cfg.History; h != nil {
		q.id = h.NextID()
		s.lastQuery.Store(q.id)
		s.inTransaction(q)
	}
	s.pg.out = appendFrame(s.pg.out, 'Q', body)
	s.pg.flush()
	_, err := s.relay(q, "Z")
	if q.failure != nil {
		s.fail(q.failure)
	}
	s.record(q, err)
	if err != nil {
		return err
	}
	return s.ready()
}
