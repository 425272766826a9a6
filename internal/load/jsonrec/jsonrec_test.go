package jsonrec_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"github.com/sealift/sealift/internal/load/jsonrec"
)

func read(r io.Reader, path ...string) ([]jsonrec.Record, error) {
	s := jsonrec.NewSplitter(r, path)
	var all []jsonrec.Record
	for {
		b, err := s.Next(20)
		if errors.Is(err, io.EOF) {
			return all, nil
		}
		if err != nil {
			return all, err
		}
		all = append(all, b...)
	}
}

func TestWhereRecordsAre(t *testing.T) {
	t.Parallel()
	want := []jsonrec.Record{{Text: []byte(`{"a":1}`), Line: 1, Number: 1}, {Text: []byte("{\"a\":\n2}"), Line: 2, Number: 2}, {Text: []byte(`{}`), Line: 5, Number: 3}}
	at := func(lines ...int64) []jsonrec.Record {
		records := append([]jsonrec.Record(nil), want...)
		for i, l := range lines {
			records[i].Line = l
		}
		return records
	}
	for name, c := range map[string]struct {
		in   string
		path []string
		want []jsonrec.Record
	}{
		"lines":        {in: "{\"a\":1}\n{\"a\":\n2}\n\n{}\n", want: at(1, 2, 5)},
		"side by side": {in: "{\"a\":1}{\"a\":\n2} {}", want: at(1, 1, 2)},
		"array":        {in: "[{\"a\":1},\n{\"a\":\n2},{}\n]\n", want: at(1, 2, 3)},
		"document": {
			in: "{\"meta\":{\"results\":{\"n\":3}},\n\"results\":[{\"a\":1},{\"a\":\n2}\n,{}],\"x\":[[]]}", path: []string{"results"}, want: at(2, 2, 4),
		},
		"deeper": {in: `{"a":{"b":[]}}`, path: []string{"a", "b"}},
		"none":   {in: " \n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, r := range []io.Reader{strings.NewReader(c.in), iotest.OneByteReader(strings.NewReader(c.in))} {
				got, err := read(r, c.path...)
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(c.want, got); diff != "" {
					t.Error(diff)
				}
			}
		})
	}
}

func TestWrongStreamsAreNamed(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"{\"a\":1}\n{\"a\":":            "line 2, record 2: the document ends before it is complete",
		"[{\"a\":1}":                    "line 1, record 1: the document ends before it is complete",
		"[{\"a\":1}] x":                 "line 1, record 1: not JSON: invalid character 'x' at start of value",
		"[{\"a\":1}] {}":                "line 1: there is more behind the document",
		"{\"a\":1}\n3":                  "line 2, record 2: a record is a number, not an object",
		"{\"a\":1}\n{\"a\":1,\"a\":2}":  "line 2, record 2: not JSON: duplicate object member name",
		"{\"a\":1}\n\n{\"a\":\"\xff\"}": "line 3, record 2: not JSON: invalid UTF-8",
		"{\"a\":1}\n{'a':1}":            "line 2, record 2: not JSON: invalid character '\\'' at start of string (expecting '\"')",
	} {
		_, err := read(strings.NewReader(in))
		if err == nil || err.Error() != want {
			t.Errorf("%q: %v\nwant %s", in, err, want)
		}
	}
	for in, want := range map[string]string{
		`{"meta":1}`:      `look for results: line 1, record 0: the document has no key "results"`,
		`[]`:              "look for results: line 1: there is an array, not an object",
		`{"results":{}}`:  "line 1: results is an object, not an array of records",
		`{"meta":{}, "re`: "look for results: line 1: the document ends before it is complete",
	} {
		_, err := read(strings.NewReader(in), "results")
		if err == nil || strings.ReplaceAll(err.Error(), ", record 0", "") != strings.ReplaceAll(want, ", record 0", "") {
			t.Errorf("%q: %v\nwant %s", in, err, want)
		}
	}
	_, err := read(io.MultiReader(strings.NewReader("{}\n{\"a\":\""), endless{}))
	if err == nil || err.Error() != "line 2, record 2: a record of more than 4194304 bytes" {
		t.Error(err)
	}
	gone := errors.New("gone")
	if _, err := read(io.MultiReader(strings.NewReader("{}\n{"), iotest.ErrReader(gone))); !errors.Is(err, gone) {
		t.Error(err)
	}
}

type endless struct{}

func (endless) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = 'x'
	}
	return len(b), nil
}

func TestRecordsAreWrittenAsCopyReadsThem(t *testing.T) {
	t.Parallel()
	w := &jsonrec.Rewriter{Marker: []byte("~"), Columns: []jsonrec.Column{{Key: "a"}, {Key: "B"}, {Key: "s", Super: true}}}
	got, records, _, err := w.Rewrite(nil, jsonrec.Block{
		{Text: []byte(`{"B":"x \"y\"\né\u00e9","a":1.50,"s":{"k": [1, "z"]}}`)},
		{Text: []byte(`{"a":true,"B":null,"s":"text"}`)},
		{Text: []byte(`{"s":null,"B":""}`)},
	})
	if err != nil || records != 3 {
		t.Fatal(err, records)
	}
	want := "\"1.50\",\"x \"\"y\"\"\néé\",\"{\"\"k\"\": [1, \"\"z\"\"]}\"\n\"true\",~,\"\"\"text\"\"\"\n~,\"\",~\n"
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Error(diff)
	}
}

func TestWrongRecordsAreNamed(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		`{"a":1,"x":2}`:   `line 7, record 9, key "x": there is no such column`,
		`{"a":{}}`:        `line 7, record 9, key "a": an object, which only a SUPER column takes`,
		`{"a":"q\u0000"}`: `line 7, record 9, key "a": a NUL character, which COPY takes for the end of the record`,
		`{"a":"no good"}`: `line 7, record 9, key "a": not good`,
		`{"a":"~"}`:       `line 7, record 9, key "a": the text that stands for NULL in this run; run it again, for another one`,
	} {
		check := func(v []byte) string {
			if string(v) == "no good" {
				return "not good"
			}
			return ""
		}
		w := &jsonrec.Rewriter{Marker: []byte("~"), Columns: []jsonrec.Column{{Key: "a", Check: check}}}
		_, _, _, err := w.Rewrite(nil, jsonrec.Block{{Text: []byte(in), Line: 7, Number: 9}})
		if err == nil || err.Error() != want {
			t.Errorf("%s: %v\nwant %s", in, err, want)
		}
		if strings.Contains(fmt.Sprint(err), "no good") {
			t.Errorf("%v shows the value", err)
		}
		w.Reject = func(*jsonrec.Error, []byte) error { return nil }
		if _, n, rejected, err := w.Rewrite(nil, jsonrec.Block{{Text: []byte(in)}, {Text: []byte(`{}`)}}); err != nil || n != 1 || rejected != 1 {
			t.Errorf("%s: %d, %d, %v", in, n, rejected, err)
		}
	}
}

func TestSchema(t *testing.T) {
	t.Parallel()
	var s jsonrec.Schema
	for _, in := range []string{`{"b":1,"a":"x"}`, `{"a":null,"c":[1]}`, `{"b":2.5,"d":"2020-01-02"}`} {
		if err := s.Add(jsonrec.Record{Text: []byte(in)}); err != nil {
			t.Fatal(err)
		}
	}
	var got []string
	for _, k := range s.Keys {
		typ, err := s.Columns[k].Type(false)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, k+" "+typ.String())
	}
	if diff := cmp.Diff([]string{"b DECIMAL(2,1)", "a VARCHAR(8)", "c SUPER", "d DATE"}, got); diff != "" {
		t.Error(diff)
	}
}

// FuzzAgainstEncodingJSON: the records are those that encoding/json finds in the same stream, or there is an error.
func FuzzAgainstEncodingJSON(f *testing.F) {
	for _, s := range []string{"{\"a\":1}\n{}", "[{},{\"b\":[1,2]}]", "{\"a\":\"\\ud800\"}", "[{}", "{}{}", "null", "[[]]"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		got, err := read(bytes.NewReader(in))
		if err != nil {
			return
		}
		var want []json.RawMessage
		if dec := json.NewDecoder(bytes.NewReader(in)); bytes.HasPrefix(bytes.TrimLeft(in, " \t\r\n"), []byte("[")) {
			if err := dec.Decode(&want); err != nil {
				t.Fatalf("%q: accepted, encoding/json says %v", in, err)
			}
		} else {
			for {
				var v json.RawMessage
				if err := dec.Decode(&v); errors.Is(err, io.EOF) {
					break
				} else if err != nil {
					t.Fatalf("%q: accepted, encoding/json says %v", in, err)
				}
				want = append(want, v)
			}
		}
		if len(got) != len(want) {
			t.Fatalf("%q: %d records, encoding/json finds %d", in, len(got), len(want))
		}
		for i := range got {
			if !bytes.Equal(got[i].Text, want[i]) {
				t.Fatalf("%q: record %d is %q, encoding/json reads %q", in, i, got[i].Text, want[i])
			}
		}
	})
}
