package wire

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"strings"

	"github.com/jackc/pgx/v5/pgproto3"
)

// relay passes what PostgreSQL answers on to the client until a message of one of the kinds in until has been seen. It
// answers which. An error goes to q.failure and ends it as well, unless until is "Z"; the caller passes it on.
func (s *session) relay(q *running, until string) (kind byte, err error) {
	for {
		// What has come so far is the client's before we wait for more: notices of a long statement, and rows.
		if s.pg.r.Buffered() == 0 && s.c.w.Buffered() > 0 {
			if err := s.c.flush(); err != nil {
				return 0, err
			}
		}
		kind, n, err := s.pg.frame()
		if err != nil {
			return 0, err
		}
		if kind == 'D' {
			if err := s.relayRows(q, n); err != nil {
				return 0, err
			}
			continue
		}
		body, err := s.pg.read(n)
		if err != nil {
			return 0, err
		}
		if err := s.relayMessage(q, kind, body); err != nil {
			return 0, err
		}
		if strings.IndexByte(until, kind) >= 0 || kind == 'E' && until != "Z" {
			return kind, nil
		}
	}
}

func (s *session) relayMessage(q *running, kind byte, body []byte) error {
	switch kind {
	case 'T': // RowDescription
		if q.described {
			return nil
		}
		if err := s.types.rowDescription(body); err != nil {
			return err
		}
		long, err := s.longColumns(body)
		if err != nil {
			return err
		}
		s.forward(kind, long)
	case 't': // ParameterDescription
		if err := s.types.parameterDescription(body); err != nil {
			return err
		}
		s.forward(kind, body)
	case 'C': // CommandComplete
		if n, ok := tagRows(body); ok {
			q.rows = n
		}
		if q.table.OID != 0 {
			q.did = tagVerb(body)
		}
		if q.tag == "" && !q.hold {
			s.forward(kind, body)
			return nil
		}
		tag := string(bytes.TrimSuffix(body, []byte{0}))
		if q.tag != "" {
			tag = q.tag
		}
		if q.hold {
			q.complete = tag
			return nil
		}
		s.c.send(&pgproto3.CommandComplete{CommandTag: []byte(tag)})
	case 'E': // ErrorResponse
		pe, err := readError(body)
		if err != nil {
			return err
		}
		pe = mapError(pe)
		pe.Position = q.clientPosition(pe.Position)
		q.failure = pe
	case 'N': // NoticeResponse
		if q.quiet {
			return nil
		}
		var m pgproto3.NoticeResponse
		if err := m.Decode(body); err != nil {
			return err
		}
		m.SeverityUnlocalized, m.SchemaName, m.TableName, m.ColumnName, m.DataTypeName, m.ConstraintName = "", "", "", "", "", ""
		m.Position = 0
		s.putLong(&m.Message, &m.Detail, &m.Hint, &m.InternalQuery, &m.Where)
		s.c.send(&m)
	case 'S': // ParameterStatus
		if err := s.pg.setParam(body); err != nil {
			return err
		}
		if name, _, _ := bytes.Cut(body, []byte{0}); reportedParameters[string(name)] {
			s.forward(kind, body)
		}
	case 'Z': // ReadyForQuery
		s.pg.status = body[0]
	case 'I', '1', '2', '3', 'n', 's': // EmptyQueryResponse, ParseComplete, BindComplete, CloseComplete, NoData, PortalSuspended
		s.forward(kind, body)
	case 'G': // CopyInResponse: nobody has data for it
		if err := s.pg.send(&pgproto3.CopyFail{Message: "COPY FROM STDIN is not supported"}); err != nil {
			return err
		}
		s.pg.flush()
	case 'H', 'd', 'c', 'A': // CopyOutResponse, CopyData, CopyDone, NotificationResponse: Redshift has none of them
	default:
		return fmt.Errorf("%w: unexpected message %q", errBackendGone, kind)
	}
	return nil
}

// forward passes a message on as it is.
func (s *session) forward(kind byte, body []byte) {
	var header [5]byte
	header[0] = kind
	binary.BigEndian.PutUint32(header[1:], uint32(len(body)+4))
	// A bufio.Writer remembers its error; flush tells.
	_, _ = s.c.w.Write(header[:])
	_, _ = s.c.w.Write(body)
}

// relayRows passes DataRows on: the one at hand, whose body has n bytes, and all behind it that have arrived already. They go
// byte for byte, unless there are long names that could be in them.
func (s *session) relayRows(q *running, n int) error {
	if 5+n > s.pg.r.Buffered() {
		q.rows++
		if s.server.names.Any() {
			body, err := s.pg.read(n)
			if err != nil {
				return err
			}
			return s.longRow(body)
		}
		if _, err := io.CopyN(s.c.w, s.pg.r, int64(5+n)); err != nil {
			// Either side may have failed. A client that is gone stops the statement: it has rows for nobody.
			return fmt.Errorf("%w: pass a row on: %w", errClientGone, err)
		}
		return nil
	}
	buf, err := s.pg.r.Peek(s.pg.r.Buffered())
	if err != nil {
		return err
	}
	end := 0
	for end+5 <= len(buf) && buf[end] == 'D' {
		next := end + 1 + be32(buf[end+1:])
		if next < end+5 || next > len(buf) {
			break
		}
		end = next
		q.rows++
	}
	if s.server.names.In(buf[:end]) {
		return s.longRows(end)
	}
	if _, err := s.c.w.Write(buf[:end]); err != nil {
		return fmt.Errorf("%w: %w", errClientGone, err)
	}
	_, err = s.pg.r.Discard(end)
	return err
}

// tagRows is the number of rows at the end of the body of a CommandComplete such as "INSERT 0 5".
func tagRows(body []byte) (n int64, ok bool) {
	body = bytes.TrimSuffix(body, []byte{0})
	for _, c := range body[bytes.LastIndexByte(body, ' ')+1:] {
		if c < '0' || c > '9' {
			return 0, false
		}
		n, ok = 10*n+int64(c-'0'), true
	}
	return n, ok
}
