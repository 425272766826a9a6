package history

import (
	"encoding/binary"
	"strings"
	"time"
)

// Statements and connections come by the ten thousand a second, so that what their records cost is felt. They are
// written in PostgreSQL's binary format of COPY, which both sides handle in half the time of its text.

// binaryRows are rows in the binary format, with the header and without the trailer.
type binaryRows []byte

const (
	binaryHeader  = "PGCOPY\n\xff\r\n\x00\x00\x00\x00\x00\x00\x00\x00\x00" // signature, flags, length of the extension
	binaryTrailer = "\xff\xff"
)

func (r *binaryRows) begin(fields int) {
	if len(*r) == 0 {
		*r = append(*r, binaryHeader...)
	}
	*r = binary.BigEndian.AppendUint16(*r, uint16(fields))
}

func (r *binaryRows) null() { *r = binary.BigEndian.AppendUint32(*r, 1<<32-1) }

func (r *binaryRows) int32(n int32) {
	*r = binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(*r, 4), uint32(n))
}

func (r *binaryRows) int64(n int64) {
	*r = binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint32(*r, 8), uint64(n))
}

// text adds a text. What PostgreSQL cannot hold is replaced: the record must not be lost over it.
func (r *binaryRows) text(s string) {
	s = holdable(s)
	*r = append(binary.BigEndian.AppendUint32(*r, uint32(len(s))), s...)
}

// optional adds a text, NULL for none.
func (r *binaryRows) optional(s string) {
	if s == "" {
		r.null()
		return
	}
	r.text(s)
}

// zeroTime is where PostgreSQL counts from.
var zeroTime = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)

// time adds a moment in UTC for a column without time zone.
func (r *binaryRows) time(t time.Time) { r.int64(t.Sub(zeroTime).Microseconds()) }

// holdable replaces what a text of PostgreSQL cannot hold: invalid UTF-8, NUL.
func holdable(s string) string {
	s = strings.ToValidUTF8(s, "?")
	if strings.IndexByte(s, 0) >= 0 {
		s = strings.ReplaceAll(s, "\x00", "?")
	}
	return s
}
