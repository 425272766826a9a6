package columnar

import (
	"bytes"
	"errors"
	"io"
	"math/big"
	"strings"
	"testing"

	"github.com/sealift/sealift/internal/local/transfer/value"
)

func TestDecimalBytes(t *testing.T) {
	t.Parallel()
	for precision := 1; precision <= 38; precision++ {
		largest := new(big.Int).Sub(new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(precision)), nil), big.NewInt(1))
		want := (largest.BitLen() + 1 + 7) / 8
		if got := decimalBytes(precision); got != want {
			t.Errorf("precision %d needs %d bytes, got %d", precision, want, got)
		}
	}
}

var columns = []value.Column{
	{Name: "i", Kind: value.Integer},
	{Name: "s", Kind: value.Varchar, Length: 100},
	{Name: "d", Kind: value.Decimal, Precision: 30, Scale: 5},
	{Name: "t", Kind: value.Timestamp},
	{Name: "f", Kind: value.Double},
	{Name: "j", Kind: value.Super},
}

func file(tb testing.TB, rows ...[]Field) []byte {
	tb.Helper()
	var b bytes.Buffer
	w, err := NewWriter(&b, columns, 32<<20)
	if err != nil {
		tb.Fatal(err)
	}
	for _, row := range rows {
		if err := w.Row(row); err != nil {
			tb.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		tb.Fatal(err)
	}
	return b.Bytes()
}

func row(texts ...string) []Field {
	fields := make([]Field, len(texts))
	for i, s := range texts {
		fields[i] = Field{Text: []byte(s), Null: s == "<null>"}
	}
	return fields
}

// read answers all rows of a file.
func read(data []byte) (string, error) {
	var converters []*value.Converter
	for _, c := range columns {
		converters = append(converters, value.NewConverter(c, &value.Rules{}))
	}
	r, err := NewReader(bytes.NewReader(data), int64(len(data)), converters, ReaderOptions{SerializeToJSON: true})
	if err != nil {
		return "", err
	}
	var out []byte
	for err == nil {
		out, err = r.Row(out)
	}
	if closeErr := r.Close(); closeErr != nil {
		return "", closeErr
	}
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return string(out), err
}

func TestWriteThenRead(t *testing.T) {
	t.Parallel()
	rows := [][]Field{
		row("1", "a\tb\\", "-1234567890123456789012345.00001", "2020-01-02 03:04:05.000006", "-1.5e-300", `{"a":"\u00e9"}`),
		row("<null>", "<null>", "<null>", "<null>", "<null>", "<null>"),
	}
	got, err := read(file(t, rows...))
	want := "1\ta\\tb\\\\\t-1234567890123456789012345.00001\t2020-01-02 03:04:05.000006\t-1.5e-300\t{\"a\":\"\\\\u00e9\"}\n" + strings.Repeat("\\N\t", 5) + "\\N\n"
	if err != nil || got != want {
		t.Errorf("got %q, %v\nwant %q", got, err, want)
	}
}

func TestWriterRefuses(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		column value.Column
		text   string
	}{
		{value.Column{Kind: value.Integer}, "x"},
		{value.Column{Kind: value.Double}, "x"},
		{value.Column{Kind: value.Date}, "infinity"},
		{value.Column{Kind: value.Timestamp}, "infinity"},
		{value.Column{Kind: value.Timestamp}, "294276-12-31 23:59:59"},
		{value.Column{Kind: value.Time}, "x"},
		{value.Column{Kind: value.Decimal, Precision: 8, Scale: 2}, "NaN"},
		{value.Column{Kind: value.Decimal, Precision: 8, Scale: 2}, "1.234"},
		{value.Column{Kind: value.Decimal, Precision: 38}, strings.Repeat("9", 40)},
	} {
		w, err := NewWriter(io.Discard, []value.Column{tt.column}, 32<<20)
		if err != nil {
			t.Fatal(err)
		}
		if err := w.Row(row(tt.text)); err == nil {
			t.Errorf("%v: %s accepted", tt.column.Kind, tt.text)
		}
	}
	for _, c := range []value.Column{{Kind: value.Varbyte}, {Kind: value.TimeTZ}, {Kind: value.Other}, {Kind: value.Decimal}} {
		if err := Check([]value.Column{c}); err == nil {
			t.Errorf("%v accepted", c.Kind)
		}
	}
}

// FuzzReader holds that a broken file is an error, never a panic and never a lot of memory.
func FuzzReader(f *testing.F) {
	good := file(f, row("1", "text", "1.5", "2020-01-02 03:04:05", "1.5", `[1]`), row("<null>", "", "<null>", "<null>", "<null>", "<null>"))
	f.Add(good)
	f.Add([]byte("PAR1PAR1PAR1"))
	f.Fuzz(func(_ *testing.T, data []byte) {
		if len(data) > 1<<20 {
			return
		}
		_, err := read(data)
		var rowError *RowError
		_ = errors.As(err, &rowError)
	})
}

func BenchmarkWriter(b *testing.B) {
	fields := row("12345", "a text of some length", "123.45", "2020-01-02 03:04:05", "1.5", "{}")
	w, err := NewWriter(io.Discard, columns, 32<<20)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if err := w.Row(fields); err != nil {
			b.Fatal(err)
		}
	}
}
