package sealift_test

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"
	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/testscript"
)

// texts are what goes wrong between a file and a table.
var texts = []string{
	"", " ", "a", "a ", " a", "it's", `"`, `""`, `"quoted"`, ",", ";", "|", "\t", "a,b", "a\nb", "a\r\nb", "\r", `\`, `\\`, `\n`, `\N`, "NULL", "null", "NA",
	"é", "日本語", "😀", "\u00a0", "\ufeffx", "true", "1", "007", "1e5", "2026-01-02", "{}", `{"a": [1, "b"]}`, "[", "%s", "${HOME}", "--", "'; drop table x; --",
	strings.Repeat("long ", 200),
}

// anyTable is a table of random shape: a row number, then columns of texts, whole numbers and flags, some of them NULL.
func anyTable(r *rand.Rand) (kinds string, rows [][]*string) {
	for range 1 + r.IntN(5) {
		kinds += string("tnb"[r.IntN(3)])
	}
	for i := range 1 + r.IntN(60) {
		row := []*string{new(fmt.Sprint(i))}
		for _, k := range kinds {
			v := new(string)
			switch {
			case r.IntN(6) == 0:
				v = nil
			case k == 't':
				*v = texts[r.IntN(len(texts))]
			case k == 'n':
				*v = fmt.Sprint(r.Int64N(1<<60) - 1<<59)
			default:
				*v = fmt.Sprint(r.IntN(2) == 0)
			}
			row = append(row, v)
		}
		rows = append(rows, row)
	}
	return "n" + kinds, rows
}

func columnName(i int) string { return fmt.Sprintf("c%d", i) }

// asCSV writes by encoding/csv, which does not tell NULL from an empty text: NULL is written as a text of its own.
func asCSV(_ string, rows [][]*string) ([]byte, error) {
	var out bytes.Buffer
	w := csv.NewWriter(&out)
	var names []string
	for i := range rows[0] {
		names = append(names, columnName(i))
	}
	all := [][]string{names}
	for _, row := range rows {
		line := make([]string, len(row))
		for i, v := range row {
			if line[i] = "~~"; v != nil {
				line[i] = *v
			}
		}
		all = append(all, line)
	}
	err := w.WriteAll(all)
	return out.Bytes(), err
}

func record(kinds string, row []*string) map[string]any {
	o := make(map[string]any)
	for i, v := range row {
		switch {
		case v == nil:
			o[columnName(i)] = nil
		case kinds[i] == 't':
			o[columnName(i)] = *v
		default:
			o[columnName(i)] = json.RawMessage(*v)
		}
	}
	return o
}

func asLines(kinds string, rows [][]*string) ([]byte, error) {
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	for _, row := range rows {
		if err := enc.Encode(record(kinds, row)); err != nil {
			return nil, err
		}
	}
	return out.Bytes(), nil
}

func asArray(kinds string, rows [][]*string) ([]byte, error) {
	all := make([]map[string]any, 0, len(rows))
	for _, row := range rows {
		all = append(all, record(kinds, row))
	}
	return json.MarshalIndent(all, "", "  ")
}

func asParquet(kinds string, rows [][]*string) ([]byte, error) {
	types := map[rune]arrow.DataType{'t': arrow.BinaryTypes.String, 'n': arrow.PrimitiveTypes.Int64, 'b': arrow.FixedWidthTypes.Boolean}
	var fields []arrow.Field
	for i, k := range kinds {
		fields = append(fields, arrow.Field{Name: columnName(i), Type: types[k], Nullable: true})
	}
	schema := arrow.NewSchema(fields, nil)
	b := array.NewRecordBuilder(memory.DefaultAllocator, schema)
	defer b.Release()
	for _, row := range rows {
		for i, v := range row {
			if v == nil {
				b.Field(i).AppendNull()
			} else if err := b.Field(i).AppendValueFromString(*v); err != nil {
				return nil, err
			}
		}
	}
	batch := b.NewRecordBatch()
	defer batch.Release()
	var out bytes.Buffer
	w, err := pqarrow.NewFileWriter(schema, &out, parquet.NewWriterProperties(), pqarrow.DefaultWriterProps())
	if err == nil {
		err = w.Write(batch)
	}
	if err == nil {
		err = w.Close()
	}
	return out.Bytes(), err
}

// comesBack writes tables of random shape by others' writers, loads them, and reads them back: they must be as they were.
func comesBack(ts *testscript.TestScript, _ bool, args []string) {
	from, err := strconv.ParseUint(args[0], 10, 64)
	ts.Check(err)
	to, err := strconv.ParseUint(args[1], 10, 64)
	ts.Check(err)
	for seed := from; seed < to; seed++ {
		r := rand.New(rand.NewPCG(seed, 5))
		kinds, rows := anyTable(r)
		for _, f := range []struct {
			name  string
			write func(string, [][]*string) ([]byte, error)
		}{{"csv", asCSV}, {"jsonl", asLines}, {"json", asArray}, {"parquet", asParquet}} {
			text, err := f.write(kinds, rows)
			ts.Check(err)
			if f.name != "parquet" && r.IntN(2) == 0 {
				text, err = gzipped(text)
				ts.Check(err)
			}
			file, table := fmt.Sprintf("t%d.%s", seed, f.name), fmt.Sprintf("public.t%d_%s", seed, f.name)
			ts.Check(os.WriteFile(ts.MkAbs(file), text, 0o600))
			load := []string{"load", file, "--to", "dev." + table, "--types", types(kinds)}
			if f.name == "csv" {
				load = append(load, "--null", "~~", "--header")
			}
			ts.Check(ts.Exec("sealift", load...))
			got, err := of(ts).query(context.Background(), "target", "select * from "+table+" order by c0")
			ts.Check(err)
			if diff := cmp.Diff(asText(kinds, rows, f.name == "csv"), got); diff != "" {
				ts.Fatalf("seed %d, %s of %s (-written +read):\n%s", seed, f.name, kinds, diff)
			}
		}
	}
}

func types(kinds string) string {
	var list []string
	for i, k := range kinds {
		list = append(list, columnName(i)+"="+map[rune]string{'t': "varchar(4000)", 'n': "bigint", 'b': "boolean"}[k])
	}
	return strings.Join(list, ",")
}

func gzipped(text []byte) ([]byte, error) {
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	_, err := w.Write(text)
	err = errors.Join(err, w.Close())
	return out.Bytes(), err
}

// asText is how the warehouse shows rows. In a file that does not tell them apart, an empty text is NULL.
func asText(kinds string, rows [][]*string, noEmpty bool) [][]string {
	out := make([][]string, 0, len(rows))
	for _, row := range rows {
		line := make([]string, len(row))
		for i, v := range row {
			switch {
			case v == nil, *v == "" && noEmpty:
				line[i] = "NULL"
			case kinds[i] == 'b':
				line[i] = (*v)[:1]
			default:
				line[i] = *v
			}
		}
		out = append(out, line)
	}
	return out
}

// worse writes files that nobody should have written, and some that look so and are right.
func worse(ts *testscript.TestScript, _ bool, _ []string) {
	zipped := func(text string) []byte {
		b, err := gzipped([]byte(text))
		ts.Check(err)
		return b
	}
	var archive bytes.Buffer
	z := zip.NewWriter(&archive)
	w, err := z.Create("../../etc/passwd.csv")
	ts.Check(err)
	_, err = w.Write([]byte("id,name\n1,a\n"))
	ts.Check(errors.Join(err, z.Close()))
	utf16 := []byte{0xff, 0xfe}
	for _, c := range "id,name\n1,a\n" {
		utf16 = append(utf16, byte(c), 0)
	}
	whole := zipped("id,name\n" + strings.Repeat("1,some text\n", 5000))
	for name, text := range map[string][]byte{
		"nul.csv":     []byte("id,name\n1,a\n2,b\x00c\n"),
		"utf8.csv":    []byte("id,name\n1,a\n2,b\xffc\n"),
		"utf16.csv":   utf16,
		"bom.csv":     []byte("\ufeffid,name\n1,a\n"),
		"mixed.csv":   []byte("id,name\r\n1,a\n2,b\r\n3,c\n"),
		"cut.csv.gz":  whole[:len(whole)-100],
		"two.csv.gz":  append(zipped("id,name\n1,a\n"), zipped("2,b\n")...),
		"bomb.csv.gz": zipped("id,name\n" + strings.Repeat("1,aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n", 1_200_000)),
		"out.zip":     archive.Bytes(),
		"long.jsonl":  []byte("{\"id\": 1}\n{\"id\": 2, \"name\": \"" + strings.Repeat("x", 4<<20) + "\"}\n"),
		"cents.csv":   []byte("id,price\n1,1.25\n2,1.255\n"),
		"open.json":   []byte("[{\"id\": 1}, {\"id\": 2"),
	} {
		ts.Check(os.WriteFile(ts.MkAbs(name), text, 0o600))
	}
}
