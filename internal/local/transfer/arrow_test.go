package transfer

import (
	"bytes"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/decimal"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/compress"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"
	"github.com/google/go-cmp/cmp"
)

// arrowSQL is a table of what Parquet and Arrow both have, at its edges.
const arrowSQL = `CREATE TABLE a (i2 smallint, i4 int, i8 bigint, d9 numeric(9,2), d18 numeric(18,3), d38 numeric(38,10), r real, f float8, b boolean, v varchar(99), dt date, ts timestamp);
	INSERT INTO a VALUES
		(-32768, -2147483648, -9223372036854775808, -9999999.99, -999999999999999.999, -9999999999999999999999999999.9999999999, -1.5, -1e300, false, 'é😀', '0001-01-01', '0001-01-01 00:00:00.000001'),
		(32767, 2147483647, 9223372036854775807, 9999999.99, 999999999999999.999, 9999999999999999999999999999.9999999999, 1.5, 4.9e-324, true, '', '9999-12-31', '9999-12-31 23:59:59.999999'),
		(0, 0, 0, 0.01, -0.001, 0.0000000001, 0, 0.1, NULL, 'a"b\\c', '1969-12-31', '1969-12-31 23:59:59.5'),
		(NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)`

// Apache Arrow's implementation reads what UNLOAD writes as Parquet, value for value.
//
//standin:imitates UNLOAD: PARQUET | DG r_UNLOAD
func TestArrowReadsUnload(t *testing.T) {
	t.Parallel()
	s := newSession(t)
	s.engine.Slices = 1
	s.sql(arrowSQL)
	s.must("UNLOAD ('select * from a order by i2 nulls last') TO 's3://b/x/'" + role + " FORMAT PARQUET")
	table, err := pqarrow.ReadTable(t.Context(), strings.NewReader(s.store.get(t, "s3://b/x/0000_part_00.parquet")), nil, pqarrow.ArrowReadProperties{}, memory.DefaultAllocator)
	if err != nil {
		t.Fatal(err)
	}
	defer table.Release()
	var schema []string
	rows := make([][]string, table.NumRows())
	for i := range int(table.NumCols()) {
		field := table.Schema().Field(i)
		schema = append(schema, field.Name+" "+field.Type.String())
		r := 0
		for _, chunk := range table.Column(i).Data().Chunks() {
			for k := range chunk.Len() {
				rows[r] = append(rows[r], arrowText(chunk, k))
				r++
			}
		}
	}
	want := []string{
		"i2 int16", "i4 int32", "i8 int64", "d9 decimal(9, 2)", "d18 decimal(18, 3)", "d38 decimal(38, 10)", "r float32", "f float64", "b bool", "v utf8", "dt date32", "ts timestamp[us]",
	}
	if diff := cmp.Diff(want, schema); diff != "" {
		t.Errorf("schema (-want +arrow)\n%s", diff)
	}
	var lines []string
	for _, row := range rows {
		lines = append(lines, strings.Join(row, "|"))
	}
	if diff := cmp.Diff(s.query("SELECT * FROM a ORDER BY i2 NULLS LAST"), lines); diff != "" {
		t.Errorf("rows (-psql +arrow)\n%s", diff)
	}
}

// arrowText writes a value as PostgreSQL does.
func arrowText(a arrow.Array, i int) string {
	if a.IsNull(i) {
		return "<null>"
	}
	switch a := a.(type) {
	case *array.Boolean:
		return a.ValueStr(i)[:1]
	case *array.Timestamp:
		return strings.TrimSuffix(strings.TrimRight(a.Value(i).ToTime(arrow.Microsecond).Format("2006-01-02 15:04:05.000000"), "0"), ".")
	case *array.Decimal128:
		return a.Value(i).ToString(a.DataType().(*arrow.Decimal128Type).Scale)
	}
	return a.ValueStr(i)
}

// COPY reads what Apache Arrow's implementation writes, in both versions of its pages and with every compression that is
// common.
//
//standin:imitates COPY: PARQUET | DG copy-usage_notes-copy-from-columnar
func TestCopyReadsArrow(t *testing.T) {
	t.Parallel()
	s := newSession(t)
	s.sql(arrowSQL + "; CREATE TABLE u (LIKE a)")
	schema := arrow.NewSchema([]arrow.Field{
		{Name: "i2", Type: arrow.PrimitiveTypes.Int16, Nullable: true},
		{Name: "i4", Type: arrow.PrimitiveTypes.Int32, Nullable: true},
		{Name: "i8", Type: arrow.PrimitiveTypes.Int64, Nullable: true},
		{Name: "d9", Type: &arrow.Decimal128Type{Precision: 9, Scale: 2}, Nullable: true},
		{Name: "d18", Type: &arrow.Decimal128Type{Precision: 18, Scale: 3}, Nullable: true},
		{Name: "d38", Type: &arrow.Decimal128Type{Precision: 38, Scale: 10}, Nullable: true},
		{Name: "r", Type: arrow.PrimitiveTypes.Float32, Nullable: true},
		{Name: "f", Type: arrow.PrimitiveTypes.Float64, Nullable: true},
		{Name: "b", Type: arrow.FixedWidthTypes.Boolean, Nullable: true},
		{Name: "v", Type: arrow.BinaryTypes.String, Nullable: true},
		{Name: "dt", Type: arrow.FixedWidthTypes.Date32, Nullable: true},
		{Name: "ts", Type: &arrow.TimestampType{Unit: arrow.Microsecond}, Nullable: true},
	}, nil)
	b := array.NewRecordBuilder(memory.DefaultAllocator, schema)
	defer b.Release()
	for _, line := range s.query("SELECT * FROM a") {
		for i, text := range strings.Split(line, "|") {
			if text == "<null>" {
				b.Field(i).AppendNull()
				continue
			}
			if err := arrowAppend(b.Field(i), text); err != nil {
				t.Fatalf("%s: %v", text, err)
			}
		}
	}
	record := b.NewRecordBatch()
	defer record.Release()
	for _, codec := range []compress.Compression{compress.Codecs.Uncompressed, compress.Codecs.Snappy, compress.Codecs.Gzip, compress.Codecs.Zstd, compress.Codecs.Brotli} {
		for _, page := range []parquet.DataPageVersion{parquet.DataPageV1, parquet.DataPageV2} {
			for _, dictionary := range []bool{false, true} {
				var file bytes.Buffer
				w, err := pqarrow.NewFileWriter(schema, &file, parquet.NewWriterProperties(
					parquet.WithCompression(codec), parquet.WithDataPageVersion(page), parquet.WithDictionaryDefault(dictionary)), pqarrow.DefaultWriterProps())
				if err == nil {
					err = w.Write(record)
				}
				if err == nil {
					err = w.Close()
				}
				if err != nil {
					t.Fatal(err)
				}
				s.store.put("s3://b/y", file.String())
				s.sql("TRUNCATE u")
				s.must("COPY u FROM 's3://b/y'" + role + " FORMAT PARQUET")
				s.same(codec.String(), "a", "u")
			}
		}
	}
}

func arrowAppend(b array.Builder, text string) error {
	switch b := b.(type) {
	case *array.BooleanBuilder:
		b.Append(text == "t")
	case *array.Decimal128Builder:
		t := b.Type().(*arrow.Decimal128Type)
		n, err := decimal.Decimal128FromString(text, t.Precision, t.Scale)
		if err != nil {
			return err
		}
		b.Append(n)
	default:
		return b.AppendValueFromString(text)
	}
	return nil
}
