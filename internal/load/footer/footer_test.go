package footer_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"
	"github.com/google/go-cmp/cmp"

	"github.com/sealift/sealift/internal/load/footer"
)

// written is a file with these columns and n empty rows, by Apache's library.
func written(tb testing.TB, n int, fields ...arrow.Field) []byte {
	tb.Helper()
	for i := range fields {
		fields[i].Name, fields[i].Nullable = fmt.Sprintf("c%d", i), true
	}
	schema := arrow.NewSchema(fields, nil)
	b := array.NewRecordBuilder(memory.DefaultAllocator, schema)
	defer b.Release()
	for range n {
		for i := range fields {
			b.Field(i).AppendNull()
		}
	}
	record := b.NewRecordBatch()
	defer record.Release()
	var out bytes.Buffer
	w, err := pqarrow.NewFileWriter(schema, &out, parquet.NewWriterProperties(), pqarrow.DefaultWriterProps())
	if err == nil {
		err = w.Write(record)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		tb.Fatal(err)
	}
	return out.Bytes()
}

func field(t arrow.DataType) arrow.Field { return arrow.Field{Type: t} }

func TestTypesAreThoseThatCopyReads(t *testing.T) {
	t.Parallel()
	for want, typ := range map[string]arrow.DataType{
		"boolean": arrow.FixedWidthTypes.Boolean, "smallint": arrow.PrimitiveTypes.Int16, "integer": arrow.PrimitiveTypes.Int32,
		"bigint": arrow.PrimitiveTypes.Int64, "real": arrow.PrimitiveTypes.Float32, "double precision": arrow.PrimitiveTypes.Float64,
		"varchar(65535)": arrow.BinaryTypes.String, "date": arrow.FixedWidthTypes.Date32,
		"decimal(9,2)": &arrow.Decimal128Type{Precision: 9, Scale: 2}, "decimal(38,10)": &arrow.Decimal128Type{Precision: 38, Scale: 10},
		"timestamp": &arrow.TimestampType{Unit: arrow.Microsecond}, "super": arrow.ListOf(arrow.PrimitiveTypes.Int64),
	} {
		text := written(t, 3, field(typ))
		f, err := footer.Read(bytes.NewReader(text), int64(len(text)))
		if err != nil {
			t.Fatalf("%s: %v", want, err)
		}
		if f.Rows != 3 || len(f.Columns) != 1 || f.Columns[0].Name != "c0" || f.Columns[0].Type.String() != strings.ToUpper(want) && f.Columns[0].Type.String() != want {
			t.Errorf("%s: %+v", want, f)
		}
	}
}

func TestColumnsThatCopyCannotReadAreNamed(t *testing.T) {
	t.Parallel()
	text := written(t, 1, field(arrow.PrimitiveTypes.Uint32), field(arrow.BinaryTypes.Binary), field(arrow.FixedWidthTypes.Time64us),
		field(arrow.BinaryTypes.String))
	f, err := footer.Read(bytes.NewReader(text), int64(len(text)))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, c := range f.Columns {
		got = append(got, fmt.Sprint(c.Err))
	}
	if diff := cmp.Diff([]string{
		"column c0 is an unsigned integer, which COPY does not read", "column c1 is bytes that are not said to be text, which COPY does not read",
		"column c2 is TIME(isAdjustedToUTC=false,unit=MICROS), which COPY does not read", "<nil>",
	}, got); diff != "" {
		t.Error(diff)
	}
}

func TestDamageIsNamed(t *testing.T) {
	t.Parallel()
	whole := written(t, 2, field(arrow.PrimitiveTypes.Int64))
	changed := func(change func([]byte) []byte) []byte { return change(bytes.Clone(whole)) }
	for want, text := range map[string][]byte{
		"too short for a Parquet file": []byte("PAR1PAR1"),
		"it is cut short":              whole[:len(whole)-3],
		"the footer is encrypted":      changed(func(b []byte) []byte { copy(b[len(b)-4:], "PARE"); return b }),
		"the footer is said to have 4294967295 bytes": changed(func(b []byte) []byte {
			binary.LittleEndian.PutUint32(b[len(b)-8:], 1<<32-1)
			return b
		}),
	} {
		if _, err := footer.Read(bytes.NewReader(text), int64(len(text))); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

// FuzzRead: no file makes reading its footer panic, or take more than it may.
func FuzzRead(f *testing.F) {
	f.Add(written(f, 2, field(arrow.PrimitiveTypes.Int64), field(arrow.BinaryTypes.String)))
	f.Add(written(f, 0, field(arrow.ListOf(arrow.BinaryTypes.String)), field(&arrow.Decimal128Type{Precision: 38, Scale: 37})))
	f.Fuzz(func(t *testing.T, text []byte) {
		if file, err := footer.Read(bytes.NewReader(text), int64(len(text))); err == nil && file.Rows < 0 {
			t.Errorf("%+v", file)
		}
	})
}
