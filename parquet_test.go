package sealift_test

import (
	"fmt"
	"os"
	"strconv"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/decimal128"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/compress"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"
	"github.com/rogpeppe/go-internal/testscript"
)

// writeParquet writes rows of each type, by Apache's own library.
func writeParquet(ts *testscript.TestScript, _ bool, args []string) {
	n, err := strconv.Atoi(args[1])
	ts.Check(err)
	first := 0
	if len(args) > 2 {
		first, err = strconv.Atoi(args[2])
		ts.Check(err)
	}
	var properties []parquet.WriterProperty
	if len(args) > 3 {
		properties = append(properties, parquet.WithDictionaryDefault(false))
		if args[3] == "gzip" {
			properties = append(properties, parquet.WithCompression(compress.Codecs.Gzip))
		}
	}
	schema := arrow.NewSchema([]arrow.Field{
		{Name: "id", Type: arrow.PrimitiveTypes.Int64},
		{Name: "name", Type: arrow.BinaryTypes.String, Nullable: true},
		{Name: "amount", Type: &arrow.Decimal128Type{Precision: 10, Scale: 2}},
		{Name: "at", Type: &arrow.TimestampType{Unit: arrow.Microsecond}},
		{Name: "day", Type: arrow.FixedWidthTypes.Date32},
		{Name: "ok", Type: arrow.FixedWidthTypes.Boolean},
		{Name: "part", Type: arrow.StructOf(arrow.Field{Name: "a", Type: arrow.PrimitiveTypes.Int64})},
	}, nil)
	b := array.NewRecordBuilder(memory.DefaultAllocator, schema)
	defer b.Release()
	at := time.Date(2026, 1, 2, 3, 4, 5, 6000, time.UTC)
	for i := first; i < first+n; i++ {
		b.Field(0).(*array.Int64Builder).Append(int64(i))
		if i%10 == 2 || i == 11 {
			b.Field(1).AppendNull()
		} else {
			b.Field(1).(*array.StringBuilder).Append(fmt.Sprintf("name %d", i))
		}
		b.Field(2).(*array.Decimal128Builder).Append(decimal128.FromI64(int64(i) * 125))
		b.Field(3).(*array.TimestampBuilder).Append(arrow.Timestamp(at.Add(time.Duration(i) * time.Second).UnixMicro()))
		b.Field(4).(*array.Date32Builder).Append(arrow.Date32FromTime(at.AddDate(0, 0, i)))
		b.Field(5).(*array.BooleanBuilder).Append(i%2 == 0)
		part := b.Field(6).(*array.StructBuilder)
		part.Append(true)
		part.FieldBuilder(0).(*array.Int64Builder).Append(int64(i))
	}
	record := b.NewRecordBatch()
	defer record.Release()
	f, err := os.Create(ts.MkAbs(args[0]))
	ts.Check(err)
	w, err := pqarrow.NewFileWriter(schema, f, parquet.NewWriterProperties(properties...), pqarrow.DefaultWriterProps())
	ts.Check(err)
	ts.Check(w.Write(record))
	ts.Check(w.Close())
}
