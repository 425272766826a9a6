package columnar

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math"
	"math/bits"
	"strconv"
	"unicode/utf8"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/deprecated"
	"github.com/parquet-go/parquet-go/format"

	"github.com/sealift/sealift/internal/local/transfer/jsontext"
	"github.com/sealift/sealift/internal/local/transfer/value"
)

// SchemaError is a file whose columns do not fit the table's: the load fails, there is no row to blame.
type SchemaError struct {
	Code    int // as in the error's detail on a cluster
	Message string
}

func (e *SchemaError) Error() string { return e.Message }

// RowError is a value that does not fit its column.
type RowError struct {
	Column int
	Text   []byte // the value, valid until the next row
	Err    *value.Error
}

func (e *RowError) Error() string { return e.Err.Error() }
func (e *RowError) Unwrap() error { return e.Err }

// ReaderOptions say how a file fits its table.
type ReaderOptions struct {
	URL             string // for messages
	FillRecord      bool   // columns that are missing at the end are NULL
	SerializeToJSON bool   // SUPER columns take any type of the file
}

// Reader reads a Parquet file row by row, its columns in the order of the table's: names do not matter (Redshift
// manual, COPY from columnar data formats).
type Reader struct {
	file       *parquet.File
	converters []*value.Converter
	columns    []source
	group      int   // of the next row group
	left       int64 // rows of the row group at hand
	text       []byte
}

// source is what fills one column of the table.
type source struct {
	root   *parquet.Column // nil if it is missing in the file
	leaves []*leaf
	// appendText appends the text of a value that is not NULL, as the converter takes it. Nested columns have none.
	appendText func(dst []byte, v parquet.Value) []byte
	tree       *node
}

// readBuffer is how much is read at once of each column.
const readBuffer = 256 << 10

// maxFooter bounds what a file may claim its footer to hold.
const maxFooter = 256 << 20

// NewReader reads the file in r, which has size bytes, for the columns of converters.
func NewReader(r io.ReaderAt, size int64, converters []*value.Converter, o ReaderOptions) (reader *Reader, err error) {
	defer recovered(&err)
	if err := checkFooter(r, size); err != nil {
		return nil, err
	}
	file, err := parquet.OpenFile(r, size, parquet.SkipPageIndex(true), parquet.SkipBloomFilters(true), parquet.ReadBufferSize(readBuffer))
	if err != nil {
		return nil, err
	}
	roots := file.Root().Columns()
	if len(roots) > len(converters) || (len(roots) < len(converters) && !o.FillRecord) {
		return nil, &SchemaError{Code: 15007, Message: fmt.Sprintf(
			"Unmatched number of columns between table and file. Table columns: %d, Data columns: %d, File name: %s", len(converters), len(roots), o.URL)}
	}
	reader = &Reader{file: file, converters: converters}
	for i, c := range converters {
		if i >= len(roots) {
			reader.columns = append(reader.columns, source{})
			continue
		}
		s, err := newSource(roots[i], c.Column, o)
		if err != nil {
			return nil, err
		}
		reader.columns = append(reader.columns, s)
	}
	return reader, nil
}

// recovered turns a panic of the Parquet library, which trusts the bytes of a file more than we do, into an error.
func recovered(err *error) {
	if p := recover(); p != nil {
		*err = fmt.Errorf("file is not valid Parquet: %v", p)
	}
}

func checkFooter(r io.ReaderAt, size int64) error {
	var tail [8]byte
	if size < 12 {
		return errors.New("file is too short for Parquet")
	}
	if _, err := r.ReadAt(tail[:], size-8); err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	if n := int64(binary.LittleEndian.Uint32(tail[:])); string(tail[4:]) != "PAR1" || n > maxFooter || n > size-12 {
		return errors.New("file has no valid Parquet footer")
	}
	return nil
}

// Close gives up what the reader holds.
func (r *Reader) Close() error {
	var err error
	for _, s := range r.columns {
		for _, l := range s.leaves {
			err = errors.Join(err, l.close())
		}
	}
	return err
}

// Row appends the next row as COPY FROM STDIN takes it. io.EOF ends the file, *RowError is about a value.
func (r *Reader) Row(dst []byte) (row []byte, err error) {
	defer recovered(&err)
	for r.left == 0 {
		groups := r.file.RowGroups()
		if r.group == len(groups) {
			return dst, io.EOF
		}
		g := groups[r.group]
		r.group++
		r.left = g.NumRows()
		chunks := g.ColumnChunks()
		for _, s := range r.columns {
			for _, l := range s.leaves {
				if err := l.open(chunks[l.index]); err != nil {
					return dst, err
				}
			}
		}
	}
	r.left--
	before := len(dst)
	for i, s := range r.columns {
		if i > 0 {
			dst = append(dst, '\t')
		}
		text, null, err := r.value(s)
		if err != nil {
			return dst[:before], err
		}
		var bad *value.Error
		if dst, bad = r.converters[i].Append(dst, text, null); bad != nil {
			return dst[:before], &RowError{Column: i, Text: text, Err: bad}
		}
	}
	return append(dst, '\n'), nil
}

// value answers the text of the next value of a column.
func (r *Reader) value(s source) (text []byte, null bool, err error) {
	switch {
	case s.root == nil:
		return nil, true, nil
	case s.tree != nil:
		r.text = r.text[:0]
		r.text, err = s.tree.appendJSON(r.text)
		return r.text, bytes.Equal(r.text, []byte("null")), err
	}
	v, err := s.leaves[0].next()
	if err != nil || v.IsNull() {
		return nil, true, err
	}
	r.text = s.appendText(r.text[:0], v)
	return r.text, false, nil
}

// leaf reads the values of one column of the file.
type leaf struct {
	index  int
	path   string
	pages  parquet.Pages
	page   parquet.Page
	values parquet.ValueReader
	buf    [256]parquet.Value
	at, n  int
	ended  bool
}

func (l *leaf) open(chunk parquet.ColumnChunk) error {
	err := l.close()
	l.pages = chunk.Pages()
	l.at, l.n, l.ended = 0, 0, false
	return err
}

func (l *leaf) close() error {
	if l.page != nil {
		parquet.Release(l.page)
		l.page, l.values = nil, nil
	}
	if l.pages == nil {
		return nil
	}
	pages := l.pages
	l.pages = nil
	return pages.Close()
}

// fill makes sure that a value is at hand; ended says that there is none.
func (l *leaf) fill() error {
	for l.at == l.n && !l.ended {
		if l.values == nil {
			page, err := l.pages.ReadPage()
			if errors.Is(err, io.EOF) {
				l.ended = true
				return nil
			}
			if err != nil {
				return fmt.Errorf("column %s: %w", l.path, err)
			}
			l.page, l.values = page, page.Values()
		}
		n, err := l.values.ReadValues(l.buf[:])
		l.at, l.n = 0, n
		if errors.Is(err, io.EOF) {
			// The values at hand point into the page, which therefore is released with the next one.
			if n == 0 {
				parquet.Release(l.page)
				l.page, l.values = nil, nil
			}
		} else if err != nil {
			return fmt.Errorf("column %s: %w", l.path, err)
		}
	}
	return nil
}

func (l *leaf) next() (parquet.Value, error) {
	if err := l.fill(); err != nil {
		return parquet.Value{}, err
	}
	if l.ended {
		return parquet.Value{}, fmt.Errorf("column %s: fewer values than rows", l.path)
	}
	l.at++
	return l.buf[l.at-1], nil
}

// newSource finds out how a column of the file fills a column of the table.
func newSource(root *parquet.Column, c value.Column, o ReaderOptions) (source, error) {
	s := source{root: root}
	for l := range leavesOf(root) {
		s.leaves = append(s.leaves, &leaf{index: l.Index(), path: root.Name()})
	}
	incompatible := func() (source, error) {
		return source{}, &SchemaError{Code: 15007, Message: fmt.Sprintf(
			"File '%s' has an incompatible Parquet schema for column '%s'. Column type: %s, Parquet schema:\n%s",
			o.URL, c.Name, columnType(c), describe(root))}
	}
	if c.Kind == value.Super {
		if !o.SerializeToJSON {
			return incompatible()
		}
		next := 0
		tree, ok := newNode(root, s.leaves, &next)
		if !ok {
			return incompatible()
		}
		s.tree = tree
		return s, nil
	}
	if !root.Leaf() || root.MaxRepetitionLevel() > 0 {
		return incompatible()
	}
	t := root.Type()
	kind := t.Kind()
	var logical any
	if l := t.LogicalType(); l != nil {
		logical = l.Value
	}
	switch c.Kind {
	case value.Boolean:
		if kind == parquet.Boolean {
			s.appendText = appendBoolean
		}
	case value.SmallInt, value.Integer:
		if kind == parquet.Int32 && isInteger(logical) {
			s.appendText = appendInt32
		}
	case value.BigInt:
		if kind == parquet.Int64 && isInteger(logical) {
			s.appendText = appendInt64
		}
	case value.Real:
		if kind == parquet.Float {
			s.appendText = appendFloat
		}
	case value.Double:
		if kind == parquet.Double {
			s.appendText = appendDouble
		}
	case value.Decimal:
		d, ok := logical.(*format.DecimalType)
		if !ok || int(d.Scale) != c.Scale || int(d.Precision) > c.Precision {
			break
		}
		if kind == parquet.FixedLenByteArray && t.Length() != decimalBytes(c.Precision) {
			return source{}, &SchemaError{Code: 15001, Message: fmt.Sprintf(
				"File '%s' column '%s' has an invalid type length. Expecting: %d len in file: %d",
				o.URL, root.Name(), decimalBytes(c.Precision), t.Length())}
		}
		s.appendText = decimalText(kind, c.Scale)
	case value.Char, value.Varchar:
		if kind == parquet.ByteArray && isString(logical) {
			s.appendText = appendBytes
		}
	case value.Varbyte:
		if kind == parquet.ByteArray && logical == nil {
			s.appendText = appendHex
		}
	case value.Date:
		if _, ok := logical.(*format.DateType); ok {
			s.appendText = appendDate
		}
	case value.Timestamp:
		s.appendText = timestampText(kind, logical)
	default:
	}
	if s.appendText == nil {
		return incompatible()
	}
	return s, nil
}

// leavesOf answers the columns with values below c, c itself if it has some.
func leavesOf(c *parquet.Column) func(yield func(*parquet.Column) bool) {
	return func(yield func(*parquet.Column) bool) {
		var walk func(c *parquet.Column) bool
		walk = func(c *parquet.Column) bool {
			if c.Leaf() {
				return yield(c)
			}
			for _, child := range c.Columns() {
				if !walk(child) {
					return false
				}
			}
			return true
		}
		walk(c)
	}
}

func columnType(c value.Column) string {
	switch c.Kind {
	case value.Varchar:
		return fmt.Sprintf("VARCHAR(%d)", c.Length)
	case value.Char:
		return fmt.Sprintf("CHAR(%d)", c.Length)
	case value.Decimal:
		return fmt.Sprintf("DECIMAL(%d, %d)", c.Precision, c.Scale)
	default:
		return string(bytes.ToUpper([]byte(c.TypeName)))
	}
}

// describe is a column of the file as messages show it.
func describe(c *parquet.Column) string {
	repetition := "required"
	switch {
	case c.Optional():
		repetition = "optional"
	case c.Repeated():
		repetition = "repeated"
	}
	kind := "group"
	index := -1
	if c.Leaf() {
		kind = string(bytes.ToLower([]byte(c.Type().Kind().String())))
		index = c.Index()
	}
	return fmt.Sprintf("%s %s %s [i:%d d:%d r:%d]", repetition, kind, c.Name(), index, c.MaxDefinitionLevel(), c.MaxRepetitionLevel())
}

func isInteger(logical any) bool {
	switch t := logical.(type) {
	case nil:
		return true
	case *format.IntType:
		return t.IsSigned
	}
	return false
}

func isString(logical any) bool {
	switch logical.(type) {
	case nil, *format.StringType, *format.EnumType, *format.JsonType:
		return true
	}
	return false
}

func appendBoolean(dst []byte, v parquet.Value) []byte { return strconv.AppendBool(dst, v.Boolean()) }

func appendInt32(dst []byte, v parquet.Value) []byte {
	return strconv.AppendInt(dst, int64(v.Int32()), 10)
}

func appendInt64(dst []byte, v parquet.Value) []byte { return strconv.AppendInt(dst, v.Int64(), 10) }

func appendFloat(dst []byte, v parquet.Value) []byte {
	return strconv.AppendFloat(dst, float64(v.Float()), 'g', -1, 32)
}

func appendDouble(dst []byte, v parquet.Value) []byte {
	return strconv.AppendFloat(dst, v.Double(), 'g', -1, 64)
}
func appendBytes(dst []byte, v parquet.Value) []byte { return append(dst, v.ByteArray()...) }
func appendHex(dst []byte, v parquet.Value) []byte   { return hex.AppendEncode(dst, v.ByteArray()) }
func appendDate(dst []byte, v parquet.Value) []byte  { return value.AppendDate(dst, int64(v.Int32())) }

func decimalText(kind parquet.Kind, scale int) func([]byte, parquet.Value) []byte {
	switch kind {
	case parquet.Int32:
		return func(dst []byte, v parquet.Value) []byte { return appendUnscaled64(dst, int64(v.Int32()), scale) }
	case parquet.Int64:
		return func(dst []byte, v parquet.Value) []byte { return appendUnscaled64(dst, v.Int64(), scale) }
	case parquet.ByteArray, parquet.FixedLenByteArray:
		return func(dst []byte, v parquet.Value) []byte { return appendUnscaledBytes(dst, v.ByteArray(), scale) }
	default:
		return nil
	}
}

func appendUnscaled64(dst []byte, n int64, scale int) []byte {
	u := uint64(n)
	if n < 0 {
		dst = append(dst, '-')
		u = -u
	}
	return appendDigits(dst, 0, u, scale)
}

// appendUnscaledBytes appends a number in big-endian two's complement of at most 16 bytes; one that is longer is no
// decimal of ours and becomes text that no column takes.
func appendUnscaledBytes(dst, b []byte, scale int) []byte {
	for len(b) > 16 && (b[0] == 0 || b[0] == 0xff) {
		b = b[1:]
	}
	if len(b) == 0 || len(b) > 16 {
		return append(dst, "invalid decimal"...)
	}
	var full [16]byte
	if b[0]&0x80 != 0 {
		for i := range full {
			full[i] = 0xff
		}
	}
	copy(full[16-len(b):], b)
	hi, lo := binary.BigEndian.Uint64(full[:8]), binary.BigEndian.Uint64(full[8:])
	if hi>>63 != 0 {
		dst = append(dst, '-')
		var carry uint64
		lo, carry = bits.Add64(^lo, 1, 0)
		hi = ^hi + carry
	}
	return appendDigits(dst, hi, lo, scale)
}

func appendDigits(dst []byte, hi, lo uint64, scale int) []byte {
	var buf [48]byte
	i := len(buf)
	for n := 0; hi > 0 || lo > 0 || n <= scale; n++ {
		if n == scale && scale > 0 {
			i--
			buf[i] = '.'
		}
		var rem uint64
		hi, rem = hi/10, hi%10
		lo, rem = bits.Div64(rem, lo, 10)
		i--
		buf[i] = byte('0' + rem)
	}
	return append(dst, buf[i:]...)
}

// timestampText knows the ways in which Parquet files hold timestamps: INT96, and INT64 with a unit.
func timestampText(kind parquet.Kind, logical any) func([]byte, parquet.Value) []byte {
	if kind == parquet.Int96 {
		return func(dst []byte, v parquet.Value) []byte { return value.AppendTimestamp(dst, int96Micros(v.Int96())) }
	}
	t, ok := logical.(*format.TimestampType)
	if !ok || kind != parquet.Int64 {
		return nil
	}
	switch t.Unit.Value.(type) {
	case *format.MilliSeconds:
		return func(dst []byte, v parquet.Value) []byte {
			n := v.Int64()
			if n > math.MaxInt64/1000 || n < math.MinInt64/1000 {
				return append(dst, "out of range"...)
			}
			return value.AppendTimestamp(dst, n*1000)
		}
	case *format.MicroSeconds:
		return func(dst []byte, v parquet.Value) []byte { return value.AppendTimestamp(dst, v.Int64()) }
	case *format.NanoSeconds:
		return func(dst []byte, v parquet.Value) []byte { return value.AppendTimestamp(dst, floorDiv(v.Int64(), 1000)) }
	}
	return nil
}

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

// int96Micros reads a Julian day and the nanoseconds of that day.
func int96Micros(i deprecated.Int96) int64 {
	nanos := int64(i[0]) | int64(i[1])<<32
	return (int64(i[2])-2440588)*microsPerDay + floorDiv(nanos, 1000)
}

// appendScalarJSON appends a value inside of SUPER. A string that is marked as JSON is what it says.
func appendScalarJSON(dst []byte, t parquet.Type, v parquet.Value) ([]byte, error) {
	var logical any
	if l := t.LogicalType(); l != nil {
		logical = l.Value
	}
	switch l := logical.(type) {
	case *format.DecimalType:
		return decimalText(t.Kind(), int(l.Scale))(dst, v), nil
	case *format.DateType:
		return append(appendDate(append(dst, '"'), v), '"'), nil
	case *format.TimestampType:
		return append(timestampText(t.Kind(), logical)(append(dst, '"'), v), '"'), nil
	}
	switch t.Kind() {
	case parquet.Boolean:
		return appendBoolean(dst, v), nil
	case parquet.Int32:
		return appendInt32(dst, v), nil
	case parquet.Int64:
		return appendInt64(dst, v), nil
	case parquet.Int96:
		return append(timestampText(parquet.Int96, nil)(append(dst, '"'), v), '"'), nil
	case parquet.Float:
		return appendJSONFloat(dst, float64(v.Float()), 32), nil
	case parquet.Double:
		return appendJSONFloat(dst, v.Double(), 64), nil
	default:
	}
	b := v.ByteArray()
	if _, ok := logical.(*format.JsonType); ok {
		if err := jsontext.Check(b); err != nil {
			return dst, fmt.Errorf("column marked as JSON: %w", err)
		}
		return jsontext.AppendCompact(dst, b), nil
	}
	if !utf8.Valid(b) {
		return append(appendHex(append(dst, '"'), v), '"'), nil
	}
	return jsontext.AppendString(dst, b), nil
}

func appendJSONFloat(dst []byte, f float64, width int) []byte {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return append(dst, "null"...)
	}
	return strconv.AppendFloat(dst, f, 'g', -1, width)
}
