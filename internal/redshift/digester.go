package redshift

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math/bits"
	"strconv"

	"github.com/sealift/sealift/internal/md5s"
)

// Digester takes the digest of rows that pass through this machine: the same as DigestQuery's, value by value. It is used by one
// goroutine; Add puts what several have taken together.
type Digester struct {
	layout  DigestLayout
	texts   []digestText // without SQL: what kind of text each column has
	hashed  []bool       // columns that enter a row's text as a hash
	rows    int64
	row     [2]sum
	columns []columnSum
	text    []byte
	// What waits for its hashes to be taken:
	values md5s.Batch // of columns,
	of     []valueOf
	rowsOf md5s.Batch // and of whole rows
}

// valueOf says whose value it is, and where in the texts of rows its hash is to stand; -1 for nowhere.
type valueOf struct{ column, at int }

// hashText is where a hash is to stand in a row's text.
var hashText = make([]byte, hex.EncodedLen(md5s.Size))

// enough is how many bytes of texts wait for their hashes at once: they are to stay in the processor's cache.
const enough = 64 << 10

// settle takes the hashes of what waits.
func (d *Digester) settle() {
	d.values.Each(func(n int, h [md5s.Size]byte) {
		of := d.of[n]
		d.columns[of.column].sum.add(firstLane(h))
		if of.at >= 0 {
			hex.Encode(d.rowsOf.Texts()[of.at:], h[:])
		}
	})
	d.of = d.of[:0]
	d.rowsOf.Each(func(_ int, h [md5s.Size]byte) {
		d.row[0].add(firstLane(h))
		d.row[1].add(secondLane(h))
	})
}

type columnSum struct {
	count int64
	sum   sum
}

// sum has 128 bits, which 60 bits times 10^18 rows stay below.
type sum struct{ hi, lo uint64 }

func (s *sum) add(o sum) {
	var carry uint64
	s.lo, carry = bits.Add64(s.lo, o.lo, 0)
	s.hi, _ = bits.Add64(s.hi, o.hi, carry)
}

// String is the sum in decimal digits.
func (s sum) String() string {
	const chunk = 1_000_000_000_000_000_000 // 10^18
	if s.hi == 0 {
		return strconv.FormatUint(s.lo, 10)
	}
	quotient, rest := bits.Div64(s.hi%chunk, s.lo, chunk)
	high := sum{s.hi / chunk, quotient}
	return high.String() + fmt.Sprintf("%018d", rest)
}

// NewDigester begins a digest. Values of floats, and of SUPER, have no text here that is a warehouse's: they are refused.
func NewDigester(layout DigestLayout) (*Digester, error) {
	d := &Digester{layout: layout, texts: make([]digestText, len(layout.Columns)), hashed: make([]bool, len(layout.Columns)), columns: make([]columnSum, len(layout.Columns))}
	for i, c := range layout.Columns {
		switch c.Type.Name {
		case Real, Double, Super:
			return nil, fmt.Errorf("column %s: values of %s cannot be compared with those of a warehouse here", c.Name, c.Type)
		}
		d.texts[i] = valueText(columnAlias(i), c.Type)
	}
	for i, p := range rowPieces(d.texts) {
		d.hashed[i] = p.hashed
	}
	return d, nil
}

// Row adds a row: the texts of its values, nil for NULL. Booleans are t or f.
func (d *Digester) Row(values [][]byte) error {
	if len(values) != len(d.columns) {
		return fmt.Errorf("a row of %d values for %d columns", len(values), len(d.columns))
	}
	d.rows++
	text, first := d.text[:0], len(d.of)
	for i, v := range values {
		c := &d.columns[i]
		if v == nil {
			text = append(text, '|')
			continue
		}
		c.count++
		of := valueOf{i, -1}
		t := d.layout.Columns[i].Type
		if t.Name == Char {
			v = bytes.TrimRight(v, " ")
		}
		switch {
		case d.hashed[i]:
			of.at = len(text)
			text = append(text, hashText...)
		case d.texts[i].plain:
			text = append(text, v...)
		default:
			text = strconv.AppendInt(text, int64(len(v)), 10)
			text = append(text, ':')
			text = append(text, v...)
		}
		text = append(text, '|')
		switch {
		case t.Name != Boolean:
			d.values.Add(v)
			d.of = append(d.of, of)
		case bytes.Equal(v, []byte("t")):
			c.sum.add(sum{lo: 1})
		}
	}
	at := d.rowsOf.Add(text)
	for i := range d.of[first:] {
		if of := &d.of[first+i]; of.at >= 0 {
			of.at += at
		}
	}
	d.text = text
	if len(d.values.Texts())+len(d.rowsOf.Texts()) >= enough {
		d.settle()
	}
	return nil
}

// firstLane are the hex digits 1 to 15 of a hash, secondLane 16 to 30.
func firstLane(h [md5s.Size]byte) sum { return sum{lo: binary.BigEndian.Uint64(h[:]) >> 4} }

func secondLane(h [md5s.Size]byte) sum {
	// Digit 16 is the lower half of byte 7; digits 17 to 30 are bytes 8 to 14.
	low := binary.BigEndian.Uint64(h[7:15])
	return sum{lo: low & (1<<60 - 1)}
}

// Add adds the rows of another digester of the same layout.
func (d *Digester) Add(o *Digester) {
	o.settle()
	d.rows += o.rows
	for i := range d.row {
		d.row[i].add(o.row[i])
	}
	for i := range d.columns {
		d.columns[i].count += o.columns[i].count
		d.columns[i].sum.add(o.columns[i].sum)
	}
}

// Digest is that of the rows so far.
func (d *Digester) Digest() Digest {
	d.settle()
	out := Digest{Rows: d.rows, Row: [2]string{d.row[0].String(), d.row[1].String()}, Columns: make([]ColumnDigest, len(d.columns))}
	for i, c := range d.columns {
		out.Columns[i] = ColumnDigest{Name: d.layout.Columns[i].Name, NonNull: c.count, Sum: c.sum.String()}
	}
	return out
}
