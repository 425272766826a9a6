// Package footer reads what a Parquet file says of itself: its columns and how many rows it has; and how long its texts are, which no
// footer says. The rows are the warehouse's to read.
//
// It does not know where the file lies, or which table its columns go into.
package footer

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/deprecated"
	"github.com/parquet-go/parquet-go/format"

	"github.com/sealift/sealift/internal/redshift"
)

// File is a Parquet file as its footer describes it.
type File struct {
	Columns []Column
	Rows    int64

	file *parquet.File
}

// Column is one of the file's columns, in its order.
type Column struct {
	Name string
	// Type is that of Redshift in which COPY keeps every value as it is.
	Type redshift.Type
	Err  error // why there is none
	// Longest is the longest text in bytes, if it was Measured: see Texts.
	Longest  int
	Measured bool
}

// Magic is what a Parquet file begins and ends with.
const Magic = "PAR1"

// maxFooter bounds what is read and held of a file: 10,000 columns in 1,000 row groups need less.
const maxFooter = 64 << 20

// tail is the length of the footer and the magic bytes behind it.
const tail = 8

// Read reads the footer of a file of size bytes. A file that lies about itself is an error.
func Read(r io.ReaderAt, size int64) (_ *File, err error) {
	var end [tail]byte
	if size < int64(len(Magic))+tail {
		return nil, errors.New("too short for a Parquet file")
	}
	if _, err := r.ReadAt(end[:], size-tail); err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	if string(end[4:]) == "PARE" {
		return nil, errors.New("the footer is encrypted, which COPY cannot read")
	}
	if string(end[4:]) != Magic {
		return nil, errors.New("the file begins as Parquet does, but does not end so: it is cut short, or was not closed")
	}
	length := int64(binary.LittleEndian.Uint32(end[:4]))
	if length > maxFooter || length > size-tail-int64(len(Magic)) {
		return nil, fmt.Errorf("the footer is said to have %d bytes, of a file of %d", length, size)
	}
	// The library trusts a footer: one that was made to mislead it ends in a panic here and there.
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("the footer is damaged: %v", p)
		}
	}()
	file, err := parquet.OpenFile(r, size, parquet.SkipPageIndex(true), parquet.SkipBloomFilters(true))
	if err != nil {
		return nil, fmt.Errorf("the footer cannot be read: %w", err)
	}
	out := &File{Rows: file.NumRows(), file: file}
	if out.Rows < 0 {
		return nil, fmt.Errorf("the footer counts %d rows", out.Rows)
	}
	var sum int64
	for _, g := range file.RowGroups() {
		sum += g.NumRows()
	}
	if sum != out.Rows {
		return nil, fmt.Errorf("the footer counts %d rows, its row groups %d", out.Rows, sum)
	}
	for _, c := range file.Root().Columns() {
		column := Column{Name: c.Name()}
		column.Type, column.Err = typeOf(c)
		out.Columns = append(out.Columns, column)
	}
	return out, nil
}

func plain(name string) (redshift.Type, error) { return redshift.Type{Name: name}, nil }

// maxText is the length of text, which a footer does not tell: the most that a VARCHAR holds.
const maxText = 65535

// typeOf is the type that COPY reads a column into (DG c_Spectrum_external_tables and r_CREATE_EXTERNAL_TABLE, whose types a
// COPY of Parquet has).
func typeOf(c *parquet.Column) (redshift.Type, error) {
	if !c.Leaf() || c.Repeated() {
		return plain(redshift.Super) // by SERIALIZETOJSON
	}
	t := c.Type()
	refuse := func(what string) (redshift.Type, error) {
		return redshift.Type{}, fmt.Errorf("column %s is %s, which COPY does not read", c.Name(), what)
	}
	logical := t.LogicalType()
	switch v := value(logical).(type) {
	case *format.StringType, *format.EnumType:
		return redshift.Type{Name: redshift.Varchar, Length: maxText}, nil
	case *format.JsonType:
		return plain(redshift.Super)
	case *format.DateType:
		return plain(redshift.Date)
	case *format.DecimalType:
		if v.Precision < 1 || v.Precision > 38 || v.Scale < 0 || v.Scale > v.Precision || v.Scale > 37 {
			return refuse(fmt.Sprintf("DECIMAL(%d,%d)", v.Precision, v.Scale))
		}
		return redshift.Type{Name: redshift.Decimal, Precision: int(v.Precision), Scale: int(v.Scale)}, nil
	case *format.TimestampType:
		if _, nanos := v.Unit.Value.(*format.NanoSeconds); nanos {
			return refuse("a timestamp of nanoseconds (write microseconds)")
		}
		return plain(redshift.Timestamp)
	case *format.IntType:
		switch {
		case !v.IsSigned:
			return refuse("an unsigned integer")
		case v.BitWidth <= 16:
			return plain(redshift.SmallInt)
		case v.BitWidth == 32:
			return plain(redshift.Integer)
		default:
			return plain(redshift.BigInt)
		}
	case nil:
	default:
		return refuse(logical.String())
	}
	if converted := t.ConvertedType(); converted != nil && *converted == deprecated.UTF8 {
		return redshift.Type{Name: redshift.Varchar, Length: maxText}, nil
	}
	switch t.Kind() {
	case parquet.Boolean:
		return plain(redshift.Boolean)
	case parquet.Int32:
		return plain(redshift.Integer)
	case parquet.Int64:
		return plain(redshift.BigInt)
	case parquet.Int96:
		return plain(redshift.Timestamp)
	case parquet.Float:
		return plain(redshift.Real)
	case parquet.Double:
		return plain(redshift.Double)
	case parquet.ByteArray, parquet.FixedLenByteArray:
		return refuse("bytes that are not said to be text")
	}
	return refuse(t.String())
}

func value(t *format.LogicalType) format.LogicalTypeValue {
	if t == nil {
		return nil
	}
	return t.Value
}
