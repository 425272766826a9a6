package wire

import (
	"bufio"
	"errors"
	"fmt"
	"io"

	"github.com/jackc/pgx/v5/pgproto3"
)

// Frames of the protocol, alike in both directions: a byte that says what it is, its length, its body.

var (
	errNegativeLength = errors.New("a message of negative length")
	errUnknownMessage = errors.New("unexpected message")
)

// tooLongError says that a message is longer than its sender may make us hold.
type tooLongError struct{ length, most int }

func (e *tooLongError) Error() string {
	return fmt.Sprintf("message of %d bytes is too long, the most is %d", e.length, e.most)
}

// peekFrame waits for the next frame and answers its kind and the length of its body, neither of which it consumes.
func peekFrame(r *bufio.Reader) (kind byte, body int, err error) {
	header, err := r.Peek(5)
	if err != nil {
		return 0, 0, err
	}
	body = be32(header[1:]) - 4
	if body < 0 {
		return 0, 0, errNegativeLength
	}
	return header[0], body, nil
}

// readFrame consumes a frame of which peekFrame told the length. The body is valid until the next call.
func readFrame(r *bufio.Reader, body int) ([]byte, error) {
	if n := 5 + body; n <= r.Size() {
		frame, err := r.Peek(n)
		if err != nil {
			return nil, err
		}
		_, err = r.Discard(n)
		return frame[5:], err
	}
	if _, err := r.Discard(5); err != nil {
		return nil, err
	}
	buf := make([]byte, body)
	_, err := io.ReadFull(r, buf)
	return buf, err
}

// appendFrame adds a frame to b.
func appendFrame(b []byte, kind byte, body []byte) []byte {
	n := len(body) + 4
	b = append(b, kind, byte(n>>24), byte(n>>16), byte(n>>8), byte(n))
	return append(b, body...)
}

// receive waits for the client's next message. The body is valid until the next call.
func (c *client) receive() (kind byte, body []byte, err error) {
	kind, n, err := peekFrame(c.r)
	if err != nil {
		return 0, nil, err
	}
	if n > c.most {
		return 0, nil, &tooLongError{n, c.most}
	}
	body, err = readFrame(c.r, n)
	return kind, body, err
}

// decode reads a message of a client that has logged in. What it answers may share memory with body.
func decode(kind byte, body []byte) (pgproto3.FrontendMessage, error) {
	var m pgproto3.FrontendMessage
	switch kind {
	case 'Q':
		m = &pgproto3.Query{}
	case 'P':
		m = &pgproto3.Parse{}
	case 'B':
		m = &pgproto3.Bind{}
	case 'D':
		m = &pgproto3.Describe{}
	case 'E':
		m = &pgproto3.Execute{}
	case 'C':
		m = &pgproto3.Close{}
	case 'H':
		m = &pgproto3.Flush{}
	case 'S':
		m = &pgproto3.Sync{}
	case 'X':
		m = &pgproto3.Terminate{}
	case 'F':
		m = &pgproto3.FunctionCall{}
	case 'd':
		m = &pgproto3.CopyData{}
	case 'c':
		m = &pgproto3.CopyDone{}
	case 'f':
		m = &pgproto3.CopyFail{}
	default:
		return nil, fmt.Errorf("%w %q", errUnknownMessage, kind)
	}
	if err := m.Decode(body); err != nil {
		return nil, fmt.Errorf("message %q: %w", kind, err)
	}
	return m, nil
}
