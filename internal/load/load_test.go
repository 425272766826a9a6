package load_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/zstd"
	"go.uber.org/goleak"

	"github.com/sealift/sealift/internal/load"
	"github.com/sealift/sealift/internal/load/source"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// shelf keeps what is uploaded, and minds that every upload is either closed or aborted.
type shelf struct {
	mu      sync.Mutex
	objects map[int][]byte
	open    int
	fail    error // of every flush
}

type upload struct {
	s    *shelf
	part int
	b    bytes.Buffer
}

func (s *shelf) create(_ context.Context, part int) (load.Upload, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.open++
	return &upload{s: s, part: part}, nil
}

func (u *upload) Write(b []byte) (int, error) { return u.b.Write(b) }

func (u *upload) Flush(context.Context) error { return u.s.fail }

func (u *upload) Close(context.Context) (int64, error) {
	u.s.mu.Lock()
	defer u.s.mu.Unlock()
	u.s.open--
	u.s.objects[u.part] = u.b.Bytes()
	return int64(u.b.Len()), nil
}

func (u *upload) Abort(context.Context) error {
	u.s.mu.Lock()
	defer u.s.mu.Unlock()
	u.s.open--
	return nil
}

// lines are all records on the shelf, sorted.
func (s *shelf) lines(t *testing.T) []string {
	t.Helper()
	var all []string
	for part := range s.objects {
		all = append(all, strings.SplitAfter(s.text(t, part), "\n")...)
	}
	all = slices.DeleteFunc(all, func(l string) bool { return l == "" })
	slices.Sort(all)
	return all
}

func (s *shelf) text(t *testing.T, part int) string {
	t.Helper()
	d, err := zstd.NewReader(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	text, err := d.DecodeAll(s.objects[part], nil)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// files writes files into a folder and answers their inputs.
func files(t *testing.T, texts ...string) []source.Input {
	t.Helper()
	dir := t.TempDir()
	for i, text := range texts {
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("%03d", i)), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	inputs, _, err := source.Files([]string{dir}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := range inputs {
		inputs[i].Name = filepath.Base(inputs[i].Name)
	}
	return inputs
}

func opener() *source.Opener { return &source.Opener{Limits: source.DefaultLimits} }

// send looks at the inputs and sends all that was found.
func send(t *testing.T, wish load.Wish, j load.Job, texts ...string) (*load.Sent, *shelf, error) {
	t.Helper()
	j.Inputs = files(t, texts...)
	f, err := load.Look(t.Context(), j.Inputs, opener(), wish)
	if err != nil {
		return nil, nil, err
	}
	if j.Columns == nil {
		for _, c := range f.Columns {
			typ, err := c.Type(false)
			if err != nil {
				t.Fatal(err)
			}
			j.Columns = append(j.Columns, load.Column{Name: c.Name, Super: typ.Name == "super"})
		}
	}
	s := &shelf{objects: make(map[int][]byte)}
	j.Opener, j.Format, j.Marker, j.Create = opener(), f.Format, "~", s.create
	sent, err := load.Send(t.Context(), j)
	if s.open != 0 {
		t.Errorf("%d uploads are neither closed nor aborted", s.open)
	}
	return sent, s, err
}

func TestFilesBecomeParts(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		wish load.Wish
		in   []string
		want []string
	}{
		"csv with headers":  {in: []string{"id,name\n1,a\n2,\n", "id,name\n3,\"c\"\n"}, want: []string{"1,a\n", "2,~\n", "3,\"c\"\n"}},
		"csv without":       {in: []string{"1,a\n2,b\n"}, want: []string{"1,a\n", "2,b\n"}},
		"a mark first":      {in: []string{"\ufeffid,name\r\n1,a\r\n"}, want: []string{"1,a\n"}},
		"tabs and NA":       {wish: load.Wish{Nulls: []string{"NA"}}, in: []string{"id\tname\n1\tNA\n"}, want: []string{"1\t~\n"}},
		"empty among":       {in: []string{"", "id,name\n1,a\n", "\n"}, want: []string{"1,a\n"}},
		"json lines":        {in: []string{"{\"id\":1,\"n\":{\"x\":[]}}\n{\"id\":2}\n"}, want: []string{"\"1\",\"{\"\"x\"\":[]}\"\n", "\"2\",~\n"}},
		"json array":        {in: []string{"[{\"id\":1},{\"id\":null}]"}, want: []string{"\"1\"\n", "~\n"}},
		"document":          {wish: load.Wish{Path: []string{"results"}}, in: []string{"{\"meta\":{},\"results\":[{\"id\":\"x\"}]}"}, want: []string{"\"x\"\n"}},
		"header said so":    {wish: load.Wish{Header: new(true)}, in: []string{"a,b\nx,y\n"}, want: []string{"x,y\n"}},
		"one text twice":    {in: []string{"a,a\nb,c\n"}, want: []string{"a,a\n", "b,c\n"}},
		"one number twice":  {in: []string{"NA,1,1\n2,3,4\n"}, want: []string{"2,3,4\n", "NA,1,1\n"}},
		"json after a mark": {in: []string{"\ufeff{\"id\":1}\n", "\ufeff[{\"id\":2}]"}, want: []string{"\"1\"\n", "\"2\"\n"}},
		"no header said so": {wish: load.Wish{Header: new(false)}, in: []string{"a,b\nx,y\n"}, want: []string{"a,b\n", "x,y\n"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sent, s, err := send(t, c.wish, load.Job{}, c.in...)
			if err != nil {
				t.Fatal(err)
			}
			got := s.lines(t)
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
			if sent.Records != int64(len(c.want)) || len(sent.Parts) != len(s.objects) {
				t.Errorf("%d records in %d parts are counted", sent.Records, len(sent.Parts))
			}
		})
	}
}

func TestWhatCannotBeLoadedIsNamed(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		wish load.Wish
		in   []string
		want string
	}{
		"nothing":                {in: []string{"", " \n"}, want: "000 is empty, and so are all others (1)"},
		"header or not":          {in: []string{"a,b\nx,y\n"}, want: "000: nothing tells whether the first line names the columns"},
		"same name twice":        {wish: load.Wish{Header: new(true)}, in: []string{"id,Id\n1,2\n"}, want: `000, line 1, column 2: the header names "Id" a second time; column 1 has that name too`},
		"no name":                {wish: load.Wish{Header: new(true)}, in: []string{"id,\n1,2\n"}, want: "000, line 1, column 2: the header has no name for this column"},
		"a name twice, by guess": {in: []string{"id,name,ID\n1,a,2\n"}, want: `000, line 1, column 3: the header names "ID" a second time; column 1 has that name too`},
		"no name, by guess":      {in: []string{"id,name,\n1,a,\n"}, want: "000, line 1, column 3: the header has no name for this column"},
		"CR alone":               {in: []string{"id,name\r1,a\r2,b\r"}, want: "000, line 1: lines end with CR alone"},
		"UTF-16":                 {in: []string{"\xff\xfea\x00,\x00b\x00"}, want: "000, line 1: the text is UTF-16, not UTF-8"},
		"UTF-16 without mark":    {in: []string{"a\x00,\x00b\x00\n\x00"}, want: "000, line 1: the text is UTF-16, not UTF-8"},
		"other header":           {in: []string{"id,n\n1,2\n", "n,id\n1,2\n"}, want: `001, line 1, column 1: the header says "n", that of the first file "id"; load them one by one`},
		"a ragged record":        {in: []string{"id,n\n1,2\n" + strings.Repeat("3,4\n", 300) + "5\n"}, want: "000, line 303: 1 fields, not 2"},
		"no such path":           {wish: load.Wish{Path: []string{"results"}}, in: []string{"{\"a\":1}"}, want: `000, look for results: line 1: the document has no key "results"`},
		"path into csv":          {wish: load.Wish{Path: []string{"results"}}, in: []string{"1,2\n"}, want: "the records are to be found under results, but this is no JSON document"},
		"json without keys":      {in: []string{"[]"}, want: "there is no record with a key in it"},
		"key not seen before":    {wish: load.Wish{Records: 1}, in: []string{"{\"a\":1}\n{\"a\":2,\"b\":1}"}, want: `000, line 2, record 2, key "b": there is no such column`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, _, err := send(t, c.wish, load.Job{}, c.in...)
			if err == nil || err.Error() != c.want {
				t.Errorf("got  %v\nwant %s", err, c.want)
			}
		})
	}
}

func TestAHeaderAloneIsATableWithoutRows(t *testing.T) {
	t.Parallel()
	sent, _, err := send(t, load.Wish{Header: new(true)}, load.Job{}, "id,n\n")
	if err != nil || sent.Records != 0 || len(sent.Parts) != 0 {
		t.Errorf("%+v %v", sent, err)
	}
}

func TestRecordsCanBeSetAside(t *testing.T) {
	t.Parallel()
	var got []string
	j := load.Job{Reject: func(r load.Rejected) error {
		got = append(got, fmt.Sprintf("%v %q", r.Err, r.Record))
		return nil
	}}
	sent, s, err := send(t, load.Wish{Records: 2}, j, "id,n\n1,2\n3,4\n5\n6,7\n")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{`000, line 4: 1 fields, not 2 "5\n"`}, got); diff != "" {
		t.Error(diff)
	}
	if sent.Rejected != 1 || sent.Records != 3 || len(s.lines(t)) != 3 {
		t.Errorf("%+v", sent)
	}
	tooMany := errors.New("too many")
	_, _, err = send(t, load.Wish{Records: 2}, load.Job{Reject: func(load.Rejected) error { return tooMany }}, "id,n\n1,2\n3,4\n5\n6,7\n")
	if !errors.Is(err, tooMany) {
		t.Error(err)
	}
}

// big is n records of CSV, and the same as a sorted list.
func big(n int) (string, []string) {
	var b strings.Builder
	var lines []string
	for i := range n {
		l := fmt.Sprintf("%d,%s\n", i, strings.Repeat("abcdefgh", i%9+1))
		b.WriteString(l)
		lines = append(lines, l)
	}
	slices.Sort(lines)
	return b.String(), lines
}

func TestManyPartsHoldEveryRecordOnce(t *testing.T) {
	t.Parallel()
	text, want := big(600_000)
	sent, s, err := send(t, load.Wish{}, load.Job{Slices: 4, PartSize: 256 << 10}, text)
	if err != nil {
		t.Fatal(err)
	}
	if len(sent.Parts) < 4 {
		t.Errorf("%d parts", len(sent.Parts))
	}
	if got := s.lines(t); !slices.Equal(got, want) {
		t.Errorf("%d records staged, %d written", len(got), len(want))
	}
	// Where a record of a part came from is known.
	for _, p := range sent.Parts {
		for i, l := range strings.Split(strings.TrimSuffix(s.text(t, p.Number), "\n"), "\n") {
			if i%1000 != 0 {
				continue
			}
			id, _, _ := strings.Cut(l, ",")
			stream, line, ok := sent.Place(p.Number, int64(i+1))
			if !ok || stream != "000" || fmt.Sprint(line-1) != id {
				t.Fatalf("part %d line %d (record %s) is said to be line %d of %q", p.Number, i+1, id, line, stream)
			}
		}
	}
}

// A buffer for each file would be most of the memory that a load of many small ones takes. (The race detector has pools forget a quarter of
// what they are given.)
func TestManySmallFilesShareTheirBuffers(t *testing.T) {
	const n = 300
	var texts []string
	for i := range n {
		texts = append(texts, fmt.Sprintf("id,name\n%d,a\n", i))
	}
	inputs := files(t, texts...)
	var found *load.Found
	perFile := func(do func() error) int {
		t.Helper()
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		if err := do(); err != nil {
			t.Fatal(err)
		}
		runtime.ReadMemStats(&after)
		return int(after.TotalAlloc-before.TotalAlloc) / n
	}
	if got := perFile(func() (err error) {
		found, err = load.Look(t.Context(), inputs, opener(), load.Wish{})
		return err
	}); got > 160<<10 {
		t.Errorf("to look at a file takes %d bytes", got)
	}
	s := &shelf{objects: make(map[int][]byte)}
	j := load.Job{Inputs: inputs, Opener: opener(), Format: found.Format, Marker: "~", Create: s.create, Columns: []load.Column{{Name: "id"}, {Name: "name"}}}
	if got := perFile(func() error {
		_, err := load.Send(t.Context(), j)
		return err
	}); got > 800<<10 {
		t.Errorf("to send a file takes %d bytes", got)
	}
}

func TestTheFirstWrongRecordIsTold(t *testing.T) {
	t.Parallel()
	text, _ := big(400_000)
	lines := strings.SplitAfter(text, "\n")
	for _, at := range []int{150_000, 200_000, 250_000, 399_000} {
		lines[at] = "broken\n"
	}
	_, _, err := send(t, load.Wish{}, load.Job{Slices: 4}, strings.Join(lines, ""))
	if err == nil || !strings.HasPrefix(err.Error(), "000, line ") {
		t.Error(err)
	}
}

func TestTheSameFilesAreKnownAgain(t *testing.T) {
	t.Parallel()
	a, _, err := send(t, load.Wish{}, load.Job{}, "1,a\n", "2,b\n")
	b, _, err2 := send(t, load.Wish{}, load.Job{}, "2,b\n", "1,a\n")
	c, _, err3 := send(t, load.Wish{}, load.Job{}, "2,b\n", "1,c\n")
	if err := errors.Join(err, err2, err3); err != nil {
		t.Fatal(err)
	}
	if a.Digest != b.Digest || a.Digest == c.Digest {
		t.Errorf("%s %s %s", a.Digest, b.Digest, c.Digest)
	}
}

func TestAFailedUploadEndsItAll(t *testing.T) {
	t.Parallel()
	text, _ := big(400_000)
	inputs := files(t, text)
	f, err := load.Look(t.Context(), inputs, opener(), load.Wish{})
	if err != nil {
		t.Fatal(err)
	}
	s := &shelf{objects: make(map[int][]byte), fail: errors.New("the network is gone")}
	_, err = load.Send(t.Context(), load.Job{
		Inputs: inputs, Opener: opener(), Format: f.Format, Marker: "~", Create: s.create, Slices: 4,
		Columns: []load.Column{{Name: "c1"}, {Name: "c2"}},
	})
	if !errors.Is(err, s.fail) || s.open != 0 {
		t.Errorf("%v, %d open", err, s.open)
	}
}

func TestCancelling(t *testing.T) {
	t.Parallel()
	inputs := []source.Input{{Name: "endless", Size: -1, Open: func(context.Context) (io.ReadCloser, error) {
		return io.NopCloser(endless{}), nil
	}}}
	ctx, cancel := context.WithCancelCause(t.Context())
	s := &shelf{objects: make(map[int][]byte)}
	stop := errors.New("stop")
	_, err := load.Send(ctx, load.Job{
		Inputs: inputs, Opener: opener(), Format: load.Format{Delimited: comma, Names: []string{"a", "b"}}, Marker: "~", Slices: 2,
		Columns: []load.Column{{Name: "a"}, {Name: "b"}},
		Create: func(ctx context.Context, part int) (load.Upload, error) {
			if part == 1 {
				cancel(stop)
			}
			return s.create(ctx, part)
		},
	})
	if !errors.Is(err, stop) || s.open != 0 {
		t.Errorf("%v, %d open", err, s.open)
	}
}

func TestWhatCopyReadsOtherwiseIsSeen(t *testing.T) {
	t.Parallel()
	header := true
	for name, c := range map[string]struct {
		wish  load.Wish
		texts []string
		want  string // "" where COPY reads the text as we do
	}{
		"plain":                     {load.Wish{}, []string{"id,n\n1,a\n2,\"b,\"\"\nc\"\n", "id,n\n3,\n"}, ""},
		"no header":                 {load.Wish{}, []string{"1,a\n2,b\n"}, ""},
		"quoted empty":              {load.Wish{}, []string{"id,n\n1,\"\"\n"}, "empty text in quotes"},
		"quoted empty, first":       {load.Wish{}, []string{"1,\"\"\n2,b\n"}, "empty text in quotes"},
		"quoted NULL":               {load.Wish{Nulls: []string{"NA"}}, []string{"id,n\n1,\"NA\"\n2,NA\n"}, "a text in quotes"},
		"quoted, but not for NULL":  {load.Wish{Nulls: []string{"NA"}}, []string{"id,n\n1,\"N\"\n2,NA\n"}, ""},
		"empty line":                {load.Wish{}, []string{"id,n\n1,a\n\n2,b\n"}, "empty lines"},
		"empty line at the end":     {load.Wish{}, []string{"id,n\n1,a\n\n"}, "empty lines"},
		"CR LF":                     {load.Wish{}, []string{"id,n\r\n1,a\r\n"}, "CR LF"},
		"other header":              {load.Wish{}, []string{"id,n\n1,a\n", "n,id\n2,b\n"}, "headers that differ"},
		"other header, told":        {load.Wish{Header: &header}, []string{"id,n\n1,a\n", "id,m\n2,b\n"}, "headers that differ"},
		"header of two lines":       {load.Wish{}, []string{"id,\"n\nm\"\n1,a\n"}, "longer than a line"},
		"header of two lines, told": {load.Wish{Header: &header}, []string{"id,\"n\nm\"\n1,a\n"}, "longer than a line"},
	} {
		c.wish.Digest = true
		f, err := load.Look(t.Context(), files(t, c.texts...), opener(), c.wish)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if (c.want == "") != (f.Own == "") || !strings.Contains(f.Own, c.want) {
			t.Errorf("%s: %q, want %q", name, f.Own, c.want)
		}
	}
}

// What was looked at as a whole is counted, and known by the same digest as what is sent.
func TestAWholeIsCounted(t *testing.T) {
	t.Parallel()
	texts := []string{"id,n\n1,a\n2,b\n", "id,n\n3,c\n"}
	for _, records := range []int64{0, -1} {
		f, err := load.Look(t.Context(), files(t, texts...), opener(), load.Wish{Digest: true, Records: records})
		if err != nil {
			t.Fatal(err)
		}
		sent, _, err := send(t, load.Wish{}, load.Job{}, texts...)
		if err != nil {
			t.Fatal(err)
		}
		if f.Digest == "" || f.Digest != sent.Digest || !slices.Equal(f.Inputs, []int64{2, 1}) {
			t.Errorf("%q, sent as %q, %d", f.Digest, sent.Digest, f.Inputs)
		}
	}
	f, err := load.Look(t.Context(), files(t, "1,a\n2,b\n", "3,c\n"), opener(), load.Wish{Digest: true})
	if err != nil || !slices.Equal(f.Inputs, []int64{2, 1}) {
		t.Errorf("without a header: %d, %v", f.Inputs, err)
	}
	f, err = load.Look(t.Context(), files(t, texts...), opener(), load.Wish{Digest: true, Records: 1})
	if err != nil || f.Whole || f.Digest != "" {
		t.Errorf("a sample: %v, %q, %v", f.Whole, f.Digest, err)
	}
}
