package transfer

import (
	"bufio"
	"encoding/binary"
	"errors"
	"io"
	"unicode/utf16"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"

	"github.com/sealift/sealift/internal/local/transfer/command"
)

// fits tells by the byte order mark whether a file can have the encoding: UTF16 needs one, and no encoding takes the
// mark of another.
func fits(e command.Encoding, r *bufio.Reader) bool {
	mark, err := r.Peek(2)
	if err != nil && len(mark) == 0 {
		return true // no text at all, or a file that cannot be read, which its reader will tell
	}
	little, big := string(mark) == "\xff\xfe", string(mark) == "\xfe\xff"
	switch e {
	case command.UTF16:
		return little || big
	case command.UTF16LE:
		return !big
	case command.UTF16BE:
		return !little
	case command.ISO88591:
		return true // there the mark is two letters
	default:
		return !little && !big
	}
}

// decode reads a file of an encoding that it fits as UTF-8.
func decode(e command.Encoding, r *bufio.Reader) io.Reader {
	switch e {
	case command.UTF16, command.UTF16LE, command.UTF16BE:
	case command.ISO88591:
		return charmap.ISO8859_1.NewDecoder().Reader(r)
	default:
		return r
	}
	d := &utf16Reader{from: r, order: binary.LittleEndian}
	mark, err := r.Peek(2)
	if e == command.UTF16BE || (err == nil && string(mark) == "\xfe\xff") {
		d.order = binary.BigEndian
	}
	if err == nil && d.order.Uint16(mark) == byteOrderMark {
		_, d.err = r.Discard(len(mark))
	}
	return d
}

const byteOrderMark = 0xFEFF

// utf16Reader turns UTF-16 into UTF-8. Half of a surrogate pair comes out as three bytes that are no UTF-8, and half of
// a unit as one, so that the column they end up in refuses them; a decoder that puts U+FFFD in their place would have
// them loaded.
type utf16Reader struct {
	from  *bufio.Reader
	order binary.ByteOrder
	high  rune // half of a pair that waits for the other, 0 if none
	out   []byte
	next  int // of out
	err   error
}

func (r *utf16Reader) Read(p []byte) (int, error) {
	for r.next == len(r.out) {
		if r.err != nil {
			return 0, r.err
		}
		r.fill()
	}
	n := copy(p, r.out[r.next:])
	r.next += n
	return n, nil
}

func (r *utf16Reader) fill() {
	r.out, r.next = r.out[:0], 0
	var unit [2]byte
	for len(r.out) < 4096 {
		n, err := io.ReadFull(r.from, unit[:])
		if err != nil {
			r.single()
			if n == 1 {
				r.out = append(r.out, 0xFF)
			}
			if errors.Is(err, io.ErrUnexpectedEOF) {
				err = io.EOF
			}
			r.err = err
			return
		}
		c := rune(r.order.Uint16(unit[:]))
		if r.high != 0 && c >= 0xDC00 && c < 0xE000 {
			r.out = utf8.AppendRune(r.out, utf16.DecodeRune(r.high, c))
			r.high = 0
			continue
		}
		r.single()
		switch {
		case c >= 0xD800 && c < 0xDC00:
			r.high = c
		case c >= 0xDC00 && c < 0xE000:
			r.half(c)
		default:
			r.out = utf8.AppendRune(r.out, c)
		}
	}
}

// single writes the half of a pair whose other half did not come.
func (r *utf16Reader) single() {
	if r.high != 0 {
		r.half(r.high)
		r.high = 0
	}
}

func (r *utf16Reader) half(c rune) {
	r.out = append(r.out, 0xE0|byte(c>>12), 0x80|byte(c>>6)&0x3F, 0x80|byte(c)&0x3F)
}
