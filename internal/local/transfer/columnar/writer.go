// Package columnar writes and reads the Parquet files of UNLOAD and COPY: which Parquet type stands for which type of
// Redshift, and values to and from PostgreSQL's text (Redshift manual, r_UNLOAD and COPY from columnar data formats).
//
// It knows nothing of S3, of sessions or of the statement; it sees an io.Writer or io.ReaderAt and columns.
package columnar

import (
	"encoding/binary"
	"fmt"
	"io"
	"math/bits"
	"reflect"
	"strconv"
	"unsafe"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress/snappy"

	"github.com/sealift/sealift/internal/local/transfer/value"
)

// Field is one value of a row in PostgreSQL's text form.
type Field struct {
	Text []byte
	Null bool
}

// batchRows is how many rows are gathered before they are given to the columns.
const batchRows = 512

// pageSize is how many bytes of values make a page.
const pageSize = 256 << 10

// Writer writes rows as one Parquet file: format version 1 pages, compressed with Snappy.
type Writer struct {
	w            *parquet.GenericWriter[any]
	columns      []column
	rows         int
	arena        []byte // the bytes of strings of the rows at hand
	rowGroupSize int64
	out          *counter
	group        int64 // estimate of the row group at hand, without compression
}

// column is one column of a Writer.
type column struct {
	value.Column
	index  int
	values []parquet.Value
	parse  func(w *Writer, c *column, text []byte) (parquet.Value, error)
	width  int // bytes of a decimal that is a byte array
	buf    [16]byte
}

// counter counts what goes to the file.
type counter struct {
	io.Writer
	n int64
}

func (c *counter) Write(p []byte) (int, error) {
	n, err := c.Writer.Write(p)
	c.n += int64(n)
	return n, err
}

// NewWriter writes to w the columns in their order. It refuses types that UNLOAD does not write to Parquet.
func NewWriter(w io.Writer, columns []value.Column, rowGroupSize int64) (*Writer, error) {
	out := &Writer{rowGroupSize: rowGroupSize, out: &counter{Writer: w}}
	root := &orderedGroup{}
	for i, c := range columns {
		node, parse, err := nodeOf(c)
		if err != nil {
			return nil, err
		}
		root.fields = append(root.fields, &groupField{Node: parquet.Optional(node), name: c.Name})
		out.columns = append(out.columns, column{
			Column: c, index: i, parse: parse, values: make([]parquet.Value, 0, batchRows), width: decimalBytes(c.Precision),
		})
	}
	out.w = parquet.NewGenericWriter[any](out.out,
		parquet.NewSchema("schema", root),
		parquet.Compression(&snappy.Codec{}),
		// Version 1 of the format knows no delta encodings, which are this library's default.
		parquet.DefaultEncoding(&parquet.Plain),
		parquet.DataPageVersion(1),
		parquet.PageBufferSize(pageSize),
		parquet.WriteBufferSize(64<<10),
		parquet.CreatedBy("Amazon Redshift", "1.0.0", "stand-in"),
	)
	return out, nil
}

// Check tells whether columns can be written to Parquet.
func Check(columns []value.Column) error {
	for _, c := range columns {
		if _, _, err := nodeOf(c); err != nil {
			return err
		}
	}
	return nil
}

// Size estimates how large the file is by now.
func (w *Writer) Size() int64 { return w.out.n + w.group/4 }

// Row adds a row.
func (w *Writer) Row(fields []Field) error {
	for i := range w.columns {
		c := &w.columns[i]
		f := fields[i]
		if f.Null {
			c.values = append(c.values, parquet.NullValue().Level(0, 0, c.index))
			continue
		}
		v, err := c.parse(w, c, f.Text)
		if err != nil {
			return fmt.Errorf("column %q: %w", c.Name, err)
		}
		c.values = append(c.values, v.Level(0, 1, c.index))
		w.group += int64(len(f.Text)) + 4
	}
	w.rows++
	if w.rows < batchRows {
		return nil
	}
	return w.flush()
}

// flush gives the rows at hand to the columns and ends the row group when it is large enough.
func (w *Writer) flush() error {
	writers := w.w.ColumnWriters()
	for i := range w.columns {
		c := &w.columns[i]
		if _, err := writers[i].WriteRowValues(c.values); err != nil {
			return fmt.Errorf("column %q: %w", c.Name, err)
		}
		c.values = c.values[:0]
	}
	w.rows, w.arena = 0, w.arena[:0]
	if w.group < w.rowGroupSize {
		return nil
	}
	w.group = 0
	return w.w.Flush()
}

// Close writes what is left and the footer. It does not close the underlying writer.
func (w *Writer) Close() error {
	if err := w.flush(); err != nil {
		return err
	}
	return w.w.Close()
}

// orderedGroup is a schema's root with its columns in the order of the query; parquet.Group sorts them by name.
type orderedGroup struct {
	parquet.Group
	fields []parquet.Field
}

func (g *orderedGroup) Fields() []parquet.Field { return g.fields }
func (g *orderedGroup) String() string          { return "schema" }

type groupField struct {
	parquet.Node
	name string
}

func (f *groupField) Name() string { return f.name }

// Value is for rows that are Go values, which this package does not write.
func (f *groupField) Value(base reflect.Value) reflect.Value {
	return base.MapIndex(reflect.ValueOf(f.name))
}

type parser = func(w *Writer, c *column, text []byte) (parquet.Value, error)

// nodeOf answers the Parquet type of a column and how its text is read.
func nodeOf(c value.Column) (parquet.Node, parser, error) {
	switch c.Kind {
	case value.Boolean:
		return parquet.Leaf(parquet.BooleanType), parseBoolean, nil
	case value.SmallInt:
		return parquet.Int(16), parseInt32, nil
	case value.Integer:
		return parquet.Leaf(parquet.Int32Type), parseInt32, nil
	case value.BigInt:
		return parquet.Leaf(parquet.Int64Type), parseInt64, nil
	case value.Real:
		return parquet.Leaf(parquet.FloatType), parseFloat, nil
	case value.Double:
		return parquet.Leaf(parquet.DoubleType), parseDouble, nil
	case value.Decimal:
		switch {
		case c.Precision == 0:
			return nil, nil, fmt.Errorf("UNLOAD to Parquet: column %q is a DECIMAL without precision and scale; cast it to DECIMAL(p,s)", c.Name)
		case c.Precision <= 9:
			return parquet.Decimal(c.Scale, c.Precision, parquet.Int32Type), parseDecimal32, nil
		case c.Precision <= 18:
			return parquet.Decimal(c.Scale, c.Precision, parquet.Int64Type), parseDecimal64, nil
		}
		return parquet.Decimal(c.Scale, c.Precision, parquet.FixedLenByteArrayType(decimalBytes(c.Precision))), parseDecimalBytes, nil
	case value.Char, value.Varchar:
		return parquet.String(), parseString, nil
	case value.Super:
		return parquet.JSON(), parseString, nil
	case value.Date:
		return parquet.Date(), parseDate, nil
	case value.Time:
		return parquet.TimeAdjusted(parquet.Microsecond, false), parseTime, nil
	case value.Timestamp:
		return parquet.TimestampAdjusted(parquet.Microsecond, false), parseTimestamp, nil
	case value.TimestampTZ:
		// The instant is kept, the zone is lost.
		return parquet.Timestamp(parquet.Microsecond), parseTimestamp, nil
	default:
		return nil, nil, fmt.Errorf("UNLOAD to Parquet does not support type %s of column %q", c.TypeName, c.Name)
	}
}

// decimalBytes is the least number of bytes that hold every value of a precision, the only length that COPY takes.
func decimalBytes(precision int) int {
	// 10^p - 1 needs a sign and ceil(p * log2(10)) bits.
	bitsNeeded := 1
	hi, lo := uint64(0), uint64(1)
	for range precision {
		var carry uint64
		carry, lo = bits.Mul64(lo, 10)
		hi = hi*10 + carry
	}
	if lo == 0 {
		hi--
	}
	lo--
	if hi > 0 {
		bitsNeeded += 64 + bits.Len64(hi)
	} else {
		bitsNeeded += bits.Len64(lo)
	}
	return (bitsNeeded + 7) / 8
}

func parseBoolean(_ *Writer, _ *column, text []byte) (parquet.Value, error) {
	return parquet.BooleanValue(text[0] == 't'), nil
}

func parseInt32(_ *Writer, _ *column, text []byte) (parquet.Value, error) {
	n, err := integer(text)
	return parquet.Int32Value(int32(n)), err
}

func parseInt64(_ *Writer, _ *column, text []byte) (parquet.Value, error) {
	n, err := integer(text)
	return parquet.Int64Value(n), err
}

func integer(text []byte) (int64, error) { return strconv.ParseInt(str(text), 10, 64) }

// str is text as a string for the time of one call.
func str(text []byte) string {
	return unsafe.String(unsafe.SliceData(text), len(text)) //nolint:gosec // read only, and not kept
}

func parseFloat(_ *Writer, _ *column, text []byte) (parquet.Value, error) {
	f, err := strconv.ParseFloat(str(text), 32)
	return parquet.FloatValue(float32(f)), err
}

func parseDouble(_ *Writer, _ *column, text []byte) (parquet.Value, error) {
	f, err := strconv.ParseFloat(str(text), 64)
	return parquet.DoubleValue(f), err
}

func parseString(w *Writer, _ *column, text []byte) (parquet.Value, error) {
	mark := len(w.arena)
	w.arena = append(w.arena, text...)
	return parquet.ByteArrayValue(w.arena[mark:len(w.arena):len(w.arena)]), nil
}

// unscaled reads a decimal as the integer that it is times 10^scale, in two's complement of 128 bits.
func unscaled(text []byte, scale int) (hi, lo uint64, err error) {
	negative := len(text) > 0 && text[0] == '-'
	digits := text
	if negative {
		digits = text[1:]
	}
	point := -1
	count := 0
	for i, c := range digits {
		switch {
		case c == '.' && point < 0:
			point = i
			continue
		case c < '0' || c > '9':
			return 0, 0, fmt.Errorf("decimal %q is no number", text)
		}
		if point >= 0 && i-point > scale {
			if c != '0' {
				return 0, 0, fmt.Errorf("decimal %q has more than %d digits behind its point", text, scale)
			}
			continue
		}
		hi, lo = times10(hi, lo, uint64(c-'0'))
		count++
	}
	given := 0
	if point >= 0 {
		given = min(len(digits)-point-1, scale)
	}
	for range scale - given {
		hi, lo = times10(hi, lo, 0)
		count++
	}
	if count > 39 {
		return 0, 0, fmt.Errorf("decimal %q is too long", text)
	}
	if negative {
		var carry uint64
		lo, carry = bits.Add64(^lo, 1, 0)
		hi = ^hi + carry
	}
	return hi, lo, nil
}

func times10(hi, lo, digit uint64) (uint64, uint64) {
	over, low := bits.Mul64(lo, 10)
	low, carry := bits.Add64(low, digit, 0)
	return hi*10 + over + carry, low
}

func parseDecimal32(_ *Writer, c *column, text []byte) (parquet.Value, error) {
	_, lo, err := unscaled(text, c.Scale)
	return parquet.Int32Value(int32(lo)), err
}

func parseDecimal64(_ *Writer, c *column, text []byte) (parquet.Value, error) {
	_, lo, err := unscaled(text, c.Scale)
	return parquet.Int64Value(int64(lo)), err
}

func parseDecimalBytes(w *Writer, c *column, text []byte) (parquet.Value, error) {
	hi, lo, err := unscaled(text, c.Scale)
	if err != nil {
		return parquet.Value{}, err
	}
	binary.BigEndian.PutUint64(c.buf[:8], hi)
	binary.BigEndian.PutUint64(c.buf[8:], lo)
	mark := len(w.arena)
	w.arena = append(w.arena, c.buf[16-c.width:]...)
	return parquet.FixedLenByteArrayValue(w.arena[mark:len(w.arena):len(w.arena)]), nil
}

func parseDate(_ *Writer, _ *column, text []byte) (parquet.Value, error) {
	days, _, err := value.ParseMoment(text)
	if err == nil && days != int64(int32(days)) {
		err = fmt.Errorf("date %q is out of the range of Parquet", text)
	}
	return parquet.Int32Value(int32(days)), err
}

func parseTime(_ *Writer, _ *column, text []byte) (parquet.Value, error) {
	micros, err := value.ParseTimeOfDay(text)
	return parquet.Int64Value(micros), err
}

const microsPerDay = 86_400_000_000

func parseTimestamp(_ *Writer, _ *column, text []byte) (parquet.Value, error) {
	days, micros, err := value.ParseMoment(text)
	if err != nil {
		return parquet.Value{}, err
	}
	const most = 1<<63/microsPerDay - 1
	if days > most || days < -most {
		return parquet.Value{}, fmt.Errorf("timestamp %q is out of the range of Parquet", text)
	}
	return parquet.Int64Value(days*microsPerDay + micros), nil
}
