package delimited_test

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"github.com/sealift/sealift/internal/load/delimited"
)

var comma = delimited.Format{Delimiter: ',', Quote: '"'}

// rewritten runs a whole stream through Splitter and Rewriter, block by block.
func rewritten(r io.Reader, f delimited.Format, size int, w *delimited.Rewriter) (string, delimited.Result, error) {
	s := delimited.NewSplitter(r, f)
	w.Format = f
	var out []byte
	var sum delimited.Result
	for {
		b, err := s.Next(make([]byte, 0, size))
		if errors.Is(err, io.EOF) {
			return string(out), sum, nil
		}
		if err != nil {
			return string(out), sum, err
		}
		var n delimited.Result
		out, n, err = w.Rewrite(out, b)
		sum.Records += n.Records
		sum.Rejected += n.Rejected
		sum.Blank += n.Blank
		if err != nil {
			return string(out), sum, err
		}
	}
}

// A reader goes on behind a record that is wrong where a rewriter does.
func TestAReaderGoesOnBehindWhatIsWrong(t *testing.T) {
	t.Parallel()
	text := "1,a\n2,\"b\"b\n3,\"c\n\"c\n4,\x00d\n5,\xff\"\n\n6,\"f\nf\"\n7\n8,x\"y"
	var wrong, read []int64
	w := &delimited.Rewriter{Columns: columns(2), Marker: []byte("~"), Reject: func(e *delimited.Error, _ []byte) error {
		wrong = append(wrong, e.Line)
		return nil
	}}
	_, sum, err := rewritten(strings.NewReader(text), comma, 1<<10, w)
	if err != nil {
		t.Fatal(err)
	}
	r := delimited.NewReader(comma, nil, delimited.Block{Text: []byte(text), Line: 1})
	records := int64(0)
	for {
		line, values, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		switch e, bad := errors.AsType[*delimited.Error](err); {
		case bad:
			read = append(read, e.Line)
		case len(values) != 2: // which only a rewriter looks at
			read = append(read, line)
		default:
			records++
		}
	}
	if diff := cmp.Diff(wrong, read); diff != "" || records != sum.Records || len(wrong) != 6 {
		t.Errorf("%d records, not %d; wrong (-rewriter +reader):\n%s", records, sum.Records, diff)
	}
}

// Where there is one column, a line with nothing in it may be a record or none: it is not passed over.
func TestAnEmptyLineOfOneColumnIsNamed(t *testing.T) {
	t.Parallel()
	for _, in := range []string{"a\n\nb\n", "a\r\n\r\n", "a\n\n"} {
		w := &delimited.Rewriter{Columns: columns(1), Marker: []byte("~")}
		got, sum, err := rewritten(strings.NewReader(in), comma, 1<<10, w)
		if wrong, ok := errors.AsType[*delimited.Error](err); !ok || wrong.Line != 2 || !strings.Contains(wrong.Reason, "a record or none") {
			t.Errorf("%q: %q, %+v, %v", in, got, sum, err)
		}
	}
	w := &delimited.Rewriter{Columns: columns(1), Marker: []byte("~"), Nulls: [][]byte{[]byte("NULL")}}
	if got, sum, err := rewritten(strings.NewReader("a\n\"\"\nNULL\n"), comma, 1<<10, w); err != nil || got != "a\n\"\"\n~\n" || sum.Records != 3 {
		t.Errorf("%q, %+v, %v", got, sum, err)
	}
}

func TestRecordsAreWrittenAsCopyReadsThem(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		format   delimited.Format
		in, want string
		nulls    []string
	}{
		"plain":                         {in: "1,a\n2,b\n", want: "1,a\n2,b\n"},
		"no end of the last line":       {in: "1,a\n2,b", want: "1,a\n2,b\n"},
		"empty is NULL, quoted is text": {in: "1,\n,b\n\"\",\"\"\n", want: "1,~\n~,b\n\"\",\"\"\n"},
		"CRLF":                          {in: "1,a\r\n2,\"b\"\r\n3,\r\n", want: "1,a\n2,\"b\"\n3,~\n"},
		"CRLF inside quotes stays":      {in: "1,\"a\r\nb\"\r\n", want: "1,\"a\r\nb\"\n"},
		"CR inside a field":             {in: "1,a\rb\n", want: "1,\"a\rb\"\n"},
		"doubled quotes":                {in: "1,\"a\"\"b\"\n", want: "1,\"a\"\"b\"\n"},
		"delimiter in quotes":           {in: "1,\"a,b\"\n", want: "1,\"a,b\"\n"},
		"blank lines":                   {in: "\n1,a\n\r\n\n2,b\n\n", want: "1,a\n2,b\n"},
		"a text for NULL":               {in: "NA,a\n1,\"NA\"\n1,NAN\n", nulls: []string{"NA"}, want: "~,a\n1,\"NA\"\n1,NAN\n"},
		"tabs without quoting": {
			format: delimited.Format{Delimiter: '\t'}, in: "1\ta \"b\"\n\"\t\n", want: "1\t\"a \"\"b\"\"\"\n\"\"\"\"\t~\n",
		},
		"other quotes": {format: delimited.Format{Delimiter: ';', Quote: '\''}, in: "1;'it''s; \"so\"'\n", want: "1;\"it's; \"\"so\"\"\"\n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := c.format
			if f.Delimiter == 0 {
				f = comma
			}
			w := &delimited.Rewriter{Columns: columns(2), Marker: []byte("~")}
			for _, n := range c.nulls {
				w.Nulls = append(w.Nulls, []byte(n))
			}
			got, _, err := rewritten(strings.NewReader(c.in), f, 1<<10, w)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestWrongRecordsAreNamed(t *testing.T) {
	t.Parallel()
	scale := func(v []byte) string {
		if i := bytes.IndexByte(v, '.'); i >= 0 && len(v)-i > 3 {
			return "more than 2 digits behind the point"
		}
		return ""
	}
	for name, c := range map[string]struct{ in, want string }{
		"too few":            {"1,a\n2\n", "line 2: 1 fields, not 2"},
		"too many":           {"1,a\n2,b,c\n", "line 2: 3 fields, not 2"},
		"bare quote":         {"1,a\n2,b\"c\n", "line 2, column 2: a quote inside a field that is not quoted"},
		"after quotes":       {"1,\"a\"\n2,b\n3,c\n4,d\"e\n", "line 4, column 2: a quote inside a field that is not quoted"},
		"in quotes and bare": {"1,\"a\n\"\n2,b\"\n", "line 3, column 2: a quote inside a field that is not quoted"},
		"text behind quotes": {"1,\"a\nb\"c\n", "line 2, column 2: text after a closing quote"},
		"never closed":       {"1,a\n2,\"b\n3,c\n", "line 2, column 2: a quoted field that is never closed"},
		"NUL":                {"1,a\n2,b\x00c\n", "line 2, column 2: a NUL character, which COPY takes for the end of the record"},
		"not UTF-8":          {"1,a\n2,b\xffc\n", "line 2, column 2: not valid UTF-8: byte 0xff"},
		"long numbers":       {"1,0123456789\n123456,12.345\n", "line 2, column 2: more than 2 digits behind the point"},
		"a check":            {"1,a\n\"2\n\",3.125\n", "line 2, column 2: more than 2 digits behind the point"},
		"the marker":         {"1,a\n2,~\n", "line 1: a value holds the text that stands for NULL in this run; run it again, for another one"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := &delimited.Rewriter{Columns: []delimited.Column{{}, {Check: scale}}, Marker: []byte("~")}
			_, _, err := rewritten(strings.NewReader(c.in), comma, 1<<10, w)
			if err == nil || err.Error() != c.want {
				t.Errorf("got  %v\nwant %s", err, c.want)
			}
		})
	}
}

func TestWrongRecordsCanBeSetAside(t *testing.T) {
	t.Parallel()
	var aside []string
	w := &delimited.Rewriter{Columns: columns(2), Marker: []byte("~"), Reject: func(e *delimited.Error, record []byte) error {
		aside = append(aside, fmt.Sprintf("%d %q", e.Line, record))
		return nil
	}}
	got, n, err := rewritten(strings.NewReader("1,a\n2\n3,\"c\nd\",e\n4,b\"\n5,f\n"), comma, 1<<10, w)
	if err != nil {
		t.Fatal(err)
	}
	if got != "1,a\n5,f\n" || n.Records != 2 || n.Rejected != 3 {
		t.Errorf("%q %+v", got, n)
	}
	if diff := cmp.Diff([]string{`2 "2\n"`, `3 "3,\"c\nd\",e\n"`, `5 "4,b\"\n"`}, aside); diff != "" {
		t.Error(diff)
	}
}

func TestBlocksEndWhereRecordsEnd(t *testing.T) {
	t.Parallel()
	var in strings.Builder
	for i := range 300 {
		fmt.Fprintf(&in, "%d,\"%s\"\n", i, strings.Repeat("x\n\"\",", i%17))
	}
	for size := 1; size < 700; size += 13 {
		s := delimited.NewSplitter(iotest.HalfReader(strings.NewReader(in.String())), comma)
		var all []byte
		line := int64(1)
		for {
			b, err := s.Next(make([]byte, 0, size))
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			if b.Line != line {
				t.Fatalf("size %d: a block begins at line %d, not %d", size, b.Line, line)
			}
			if bytes.Count(b.Text, []byte{'"'})%2 != 0 || b.Text[len(b.Text)-1] != '\n' {
				t.Fatalf("size %d: a block ends inside a record: %q", size, b.Text)
			}
			line += int64(bytes.Count(b.Text, []byte{'\n'}))
			all = append(all, b.Text...)
		}
		if string(all) != in.String() {
			t.Fatalf("size %d: the blocks are not the stream", size)
		}
	}
}

func TestARecordThatNeverEndsIsRefused(t *testing.T) {
	t.Parallel()
	_, _, err := rewritten(io.MultiReader(strings.NewReader("1,\""), neverEnding{}), comma, 1<<16, &delimited.Rewriter{Columns: columns(2)})
	want := "line 1: a record of more than 4194304 bytes, or a quoted field that is never closed"
	if err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

type neverEnding struct{}

func (neverEnding) Read(b []byte) (int, error) { return copy(b, "xxxxxxx\n"), nil }

func TestALongRecordIsWhole(t *testing.T) {
	t.Parallel()
	long := "1,\"" + strings.Repeat("y", delimited.MaxRecord-10) + "\"\n"
	got, n, err := rewritten(strings.NewReader("0,a\n"+long+"2,b\n"), comma, 1<<12, &delimited.Rewriter{Columns: columns(2)})
	if err != nil || n.Records != 3 || got != "0,a\n"+long+"2,b\n" {
		t.Errorf("%v %+v, %d bytes", err, n, len(got))
	}
}

func TestSniff(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]delimited.Format{
		"a,b,c\n1,2,3\n":                  comma,
		"a\tb\n1\t2,3\n":                  {Delimiter: '\t', Quote: '"'},
		"1|x, y|2\n3|z|4\n":               {Delimiter: '|', Quote: '"'},
		"a;b\n1,5;2\n2,5;3\n1;2\n":        {Delimiter: ';', Quote: '"'},
		"a\tb\n1\tan \"inch\n2\tnone\n":   {Delimiter: '\t'},
		"one\ntwo\n":                      comma,
		"a,b\n1,\"x\n":                    comma, // never closed: a mistake, for the reader to find
		"one\n\"two\n":                    comma,
		"a,\"b\nc\",d\n1,2,3\n":           comma,
		"code,name\n1,\"x; y; z\"\n2,q\n": comma,
	} {
		got, err := delimited.Sniff([]byte(in), true)
		if err != nil || got != want {
			t.Errorf("%q: %+v, %v; want %+v", in, got, err, want)
		}
	}
	for in, want := range map[string]string{
		"a,b\n1,2,3\n":   "no delimiter gives every record the same number of fields (',': line 2 has 3 fields, those before it 2); name one",
		"a,b;c\n1,2;3\n": "more than one delimiter fits; name one",
		"":               "no record",
	} {
		if _, err := delimited.Sniff([]byte(in), true); err == nil || err.Error() != want {
			t.Errorf("%q: got %v\nwant %s", in, err, want)
		}
	}
}

// reference reads with encoding/csv, which is strict in the same way, and writes as COPY reads.
func reference(in []byte, f delimited.Format) ([][]string, error) {
	r := csv.NewReader(bytes.NewReader(in))
	r.Comma = rune(f.Delimiter)
	r.FieldsPerRecord = -1
	return r.ReadAll()
}

// FuzzAgainstEncodingCSV: whatever both accept comes out the same, block size by block size; what encoding/csv refuses
// is refused.
func FuzzAgainstEncodingCSV(f *testing.F) {
	for _, s := range []string{"1,a\n", "1,\"a\"\"\nb\"\r\n\n2,c", "\"", ",\n,", "a\r\nb\r", "1,a\"b\n", "\"a\"b\n", "\xff,\n", "\r\r\n"} {
		f.Add([]byte(s), 7)
	}
	f.Fuzz(func(t *testing.T, in []byte, size int) {
		if size < 1 || size > 4096 || len(in) > 1<<12 {
			return
		}
		want, refErr := reference(in, comma)
		width := 1
		if len(want) > 0 {
			width = len(want[0])
		}
		for _, r := range want {
			if len(r) != width {
				return // ragged: covered by table tests
			}
		}
		w := &delimited.Rewriter{Columns: columns(width), Marker: []byte("\x01null\x01")}
		got, n, err := rewritten(bytes.NewReader(in), comma, size, w)
		if bytes.Contains(in, w.Marker) || bytes.IndexByte(in, 0) >= 0 || !validUTF8(in) {
			return // refused by us alone, on purpose
		}
		if (err != nil) != (refErr != nil) {
			t.Fatalf("%q: we say %v, encoding/csv %v", in, err, refErr)
		}
		if err != nil {
			return
		}
		if int(n.Records) != len(want) {
			t.Fatalf("%q: %d records, encoding/csv finds %d", in, n.Records, len(want))
		}
		again, err := reference([]byte(strings.ReplaceAll(got, string(w.Marker), "")), comma)
		if err != nil {
			t.Fatalf("%q: written as %q, which encoding/csv refuses: %v", in, got, err)
		}
		if width > 1 && !cmp.Equal(want, again) {
			t.Fatalf("%q: %s", in, cmp.Diff(want, again))
		}
	})
}

// columns are so many that take anything.
func columns(n int) []delimited.Column { return make([]delimited.Column, n) }

func validUTF8(b []byte) bool { return strings.ToValidUTF8(string(b), "") == string(b) }

// flights is CSV in the shape of flight data, with some empty fields.
func flights(bytes int) []byte {
	r := rand.New(rand.NewPCG(1, 2))
	out := make([]byte, 0, bytes+200)
	for len(out) < bytes {
		delay := ""
		if r.IntN(10) > 0 {
			delay = fmt.Sprintf("%d.00", r.IntN(200)-20)
		}
		out = fmt.Appendf(out, "2015-%02d-%02d,%d,Far West,Pacific,California,CA,SFO,Northeast,Middle Atlantic,New York,NY,JFK,%s,%d.00,0\n",
			r.IntN(12)+1, r.IntN(28)+1, 19000+r.IntN(900), delay, r.IntN(300)-30)
	}
	return out
}

func BenchmarkSplit(b *testing.B) {
	text := flights(64 << 20)
	buf := make([]byte, 0, 1<<20)
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		s := delimited.NewSplitter(bytes.NewReader(text), comma)
		for {
			if _, err := s.Next(buf); err != nil {
				break
			}
		}
	}
}

func BenchmarkRewrite(b *testing.B) {
	text := flights(64 << 20)
	quoted := bytes.ReplaceAll(text, []byte("Far West"), []byte("\"Far, West\""))
	lines := bytes.ReplaceAll(text, []byte("Far West"), []byte("\"Far, \nWest\""))
	for name, in := range map[string][]byte{"plain": text, "quoted": quoted, "quoted with line ends": lines} {
		b.Run(name, func(b *testing.B) {
			w := &delimited.Rewriter{Format: comma, Columns: columns(15), Marker: []byte("~null")}
			out := make([]byte, 0, len(in)+len(in)/8)
			b.SetBytes(int64(len(in)))
			for b.Loop() {
				if _, _, err := w.Rewrite(out[:0], delimited.Block{Text: in, Line: 1}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
