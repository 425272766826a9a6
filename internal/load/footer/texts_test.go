package footer_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/compress"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"
	"github.com/google/go-cmp/cmp"

	"github.com/sealift/sealift/internal/load/footer"
)

// texts is a file with a column t of these texts (nil is NULL), and a number beside it, by Apache's library.
func texts(tb testing.TB, values []*string, options ...parquet.WriterProperty) []byte {
	tb.Helper()
	schema := arrow.NewSchema([]arrow.Field{{Name: "n", Type: arrow.PrimitiveTypes.Int64}, {Name: "t", Type: arrow.BinaryTypes.String, Nullable: true}}, nil)
	var out bytes.Buffer
	w, err := pqarrow.NewFileWriter(schema, &out, parquet.NewWriterProperties(options...), pqarrow.DefaultWriterProps())
	if err != nil {
		tb.Fatal(err)
	}
	const group = 1000
	for begin := 0; begin == 0 || begin < len(values); begin += group {
		b := array.NewRecordBuilder(memory.DefaultAllocator, schema)
		for i, v := range values[begin:min(begin+group, len(values))] {
			b.Field(0).(*array.Int64Builder).Append(int64(i))
			if v == nil {
				b.Field(1).AppendNull()
			} else {
				b.Field(1).(*array.StringBuilder).Append(*v)
			}
		}
		record := b.NewRecordBatch()
		if err := w.Write(record); err != nil { // a row group of its own
			tb.Fatal(err)
		}
		record.Release()
		b.Release()
	}
	if err := w.Close(); err != nil {
		tb.Fatal(err)
	}
	return out.Bytes()
}

func each(n int, text func(i int) *string) (all []*string) {
	for i := range n {
		all = append(all, text(i))
	}
	return all
}

func all(string) bool { return true }

func measured(tb testing.TB, text []byte, whole bool) footer.Column {
	tb.Helper()
	f, err := footer.Read(bytes.NewReader(text), int64(len(text)))
	if err == nil {
		err = f.Texts(tb.Context(), whole, all)
	}
	if err != nil {
		tb.Fatal(err)
	}
	if f.Columns[0].Measured {
		tb.Errorf("a number was measured: %+v", f.Columns[0])
	}
	return f.Columns[1]
}

func TestTextsAreMeasuredWhereAllAreRead(t *testing.T) {
	t.Parallel()
	some := func(i int) *string {
		if i%7 == 3 {
			return nil
		}
		return new(strings.Repeat("ä", i%50+1))
	}
	none := func(int) *string { return nil }
	for name, c := range map[string]struct {
		values  []*string
		options []parquet.WriterProperty
		longest int
		few     bool // a dictionary has all of them
	}{
		"few, by a dictionary":                 {each(2500, some), nil, 100, true},
		"few, as they are":                     {each(2500, some), []parquet.WriterProperty{parquet.WithDictionaryDefault(false)}, 100, false},
		"compressed, pages of the second kind": {each(2500, some), []parquet.WriterProperty{parquet.WithDictionaryDefault(false), parquet.WithCompression(compress.Codecs.Zstd), parquet.WithDataPageVersion(parquet.DataPageV2)}, 100, false},
		"front coded": {each(2500, some), []parquet.WriterProperty{
			parquet.WithDictionaryDefault(false), parquet.WithEncodingFor("t", parquet.Encodings.DeltaByteArray),
		}, 100, false},
		"a dictionary that became too large": {each(2500, func(i int) *string { return new(fmt.Sprintf("%030d", i)) }), []parquet.WriterProperty{
			parquet.WithDictionaryPageSizeLimit(5000), parquet.WithDataPageSize(1000), parquet.WithBatchSize(50),
		}, 30, false},
		"the longest is the last": {append(each(2000, some), new(strings.Repeat("x", 65535))), []parquet.WriterProperty{parquet.WithDictionaryDefault(false)}, 65535, false},
		"NULL alone":              {each(10, none), nil, 0, true},
		"empty texts":             {each(10, func(int) *string { return new("") }), nil, 0, false},
		"no row":                  {nil, nil, 0, true},
	} {
		text := texts(t, c.values, c.options...)
		if got := measured(t, text, true); !got.Measured || got.Longest != c.longest || got.Err != nil {
			t.Errorf("%s, all: %+v", name, got)
		}
		switch got := measured(t, text, false); {
		case got.Err != nil || got.Measured != c.few:
			t.Errorf("%s, by dictionaries: %+v", name, got)
		case got.Measured && got.Longest != c.longest:
			t.Errorf("%s, by dictionaries: %+v", name, got)
		}
	}
}

func TestATextThatNoColumnHoldsIsNamedByItsRow(t *testing.T) {
	t.Parallel()
	for _, bad := range []struct{ text, want string }{
		{strings.Repeat("x", 65536), "row 1234 has a text of 65536 bytes in column t; VARCHAR holds no more than 65535"},
		{"a\x00b", "row 1234 has a text with a NUL character in column t; the manual does not say that COPY keeps what is behind it"},
		{"a\xffb", "row 1234 has a text that is not UTF-8 in column t; COPY refuses it"},
	} {
		textThatNoColumnHolds(t, bad.text, bad.want)
	}
}

func textThatNoColumnHolds(t *testing.T, bad, why string) {
	t.Helper()
	values := each(2500, func(int) *string { return new("short") })
	values[1233] = &bad
	values[1234] = new(strings.Repeat("y", 70000))
	for name, c := range map[string]struct {
		whole   bool
		options []parquet.WriterProperty
		found   bool
	}{
		"all":                   {true, []parquet.WriterProperty{parquet.WithDictionaryDefault(false)}, true},
		"all, in many pages":    {true, []parquet.WriterProperty{parquet.WithDictionaryDefault(false), parquet.WithDataPageSize(100), parquet.WithBatchSize(50)}, true},
		"all, by a dictionary":  {true, nil, true},
		"a dictionary alone":    {false, nil, true},
		"nothing that was read": {false, []parquet.WriterProperty{parquet.WithDictionaryDefault(false)}, false},
	} {
		got := measured(t, texts(t, values, c.options...), c.whole)
		want := "<nil>"
		if c.found {
			want = why
		}
		if got.Measured || fmt.Sprint(got.Err) != want {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

func TestOnlyChosenColumnsAreMeasured(t *testing.T) {
	t.Parallel()
	text := texts(t, each(10, func(int) *string { return new("x") }))
	f, err := footer.Read(bytes.NewReader(text), int64(len(text)))
	if err != nil {
		t.Fatal(err)
	}
	var asked []string
	if err := f.Texts(t.Context(), true, func(name string) bool { asked = append(asked, name); return false }); err != nil || f.Columns[1].Measured {
		t.Errorf("%+v, %v", f.Columns[1], err)
	}
	if diff := cmp.Diff([]string{"t"}, asked); diff != "" {
		t.Error(diff)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	stop := errors.New("stop")
	cancel(stop)
	if err := f.Texts(ctx, true, all); !errors.Is(err, stop) {
		t.Errorf("cancelled: %v", err)
	}
}

// Pages that are damaged are an error, whatever the library makes of them.
func FuzzTexts(f *testing.F) {
	f.Add(texts(f, each(20, func(i int) *string { return new(fmt.Sprint(i)) })))
	f.Add(texts(f, each(20, func(i int) *string { return new(fmt.Sprint(i)) }), parquet.WithDictionaryDefault(false)))
	f.Fuzz(func(t *testing.T, text []byte) {
		file, err := footer.Read(bytes.NewReader(text), int64(len(text)))
		if err != nil || len(text) > 100_000 {
			return
		}
		_ = file.Texts(t.Context(), true, all) // it must not panic
	})
}
