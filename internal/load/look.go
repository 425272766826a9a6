package load

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/sealift/sealift/internal/hint"
	"github.com/sealift/sealift/internal/load/delimited"
	"github.com/sealift/sealift/internal/load/infer"
	"github.com/sealift/sealift/internal/load/jsonrec"
	"github.com/sealift/sealift/internal/load/source"
)

// Wish is what the user says about the inputs; the zero value leaves everything to be found out.
type Wish struct {
	Format    string // "", csv or json
	Path      []string
	Delimiter byte  // 0: found out
	Quote     *byte // nil: found out; 0: nothing is quoted
	Header    *bool // nil: found out
	Nulls     []string
	// Records is how many are looked at to infer types; 0 is DefaultRecords, -1 all of them.
	Records int64
	// Wrong is how many records may be wrong and are passed over: they will be set aside.
	Wrong int64
	// Digest asks for that of the content.
	Digest bool
}

// DefaultRecords are looked at when nothing else is said.
const DefaultRecords = 100_000

// Found is what the inputs are.
type Found struct {
	Format Format
	// Columns in the order of the header, or in which JSON keys were first seen, each with what its values have in common.
	Columns []FoundColumn
	Records int64   // looked at
	Whole   bool    // those are all there are
	Inputs  []int64 // the records of each input
	// Digest is that of Sent, if it was asked for and the inputs were looked at as a Whole.
	Digest string
	// Own says what delimited text has that COPY reads otherwise than we do, or of which its manual does not say how it is read; "" if
	// nothing was seen.
	Own string
}

// FoundColumn is a column as it was seen.
type FoundColumn struct {
	Name string
	*infer.Column
	// Long is where the first value was seen that no VARCHAR holds, "" if there is none.
	Long string
}

// maxVarchar is the longest VARCHAR in bytes (DG r_Character_types).
const maxVarchar = 65535

// sampleBytes bounds what is looked at, unless everything is; so much is kept of standard input to be read again.
const sampleBytes = 16 << 20

// errEnough ends looking.
var errEnough = errors.New("enough was seen")

// Look reads the beginning of the inputs, or all of them, and finds out format, columns and types. Of standard input it
// reads no more than what can be read again.
func Look(ctx context.Context, inputs []source.Input, o *source.Opener, w Wish) (*Found, error) {
	if w.Records == 0 {
		w.Records = DefaultRecords
	}
	l := &looking{wish: w, whole: true, long: make(map[string]string)}
	for i, in := range inputs {
		if w.Records < 0 && in.At == nil {
			return nil, hint.With(fmt.Errorf("%s can be read once only, so that not all of it can be looked at first", in.Name), "infer from a number of records: --infer N")
		}
		// The first input tells what all are; of the others a share each, so that types are not those of one day only.
		l.left = sampleBytes / int64(min(len(inputs), 64))
		if i == 0 {
			l.left = sampleBytes
		}
		before := l.found.Records
		err := o.Each(ctx, in, func(s source.Stream) error { return l.stream(i, s) })
		if err != nil && !errors.Is(err, errEnough) {
			return nil, err
		}
		l.found.Inputs = append(l.found.Inputs, l.found.Records-before)
		l.whole = l.whole && err == nil
		if w.Records > 0 && l.found.Records >= w.Records {
			l.whole = l.whole && i == len(inputs)-1
			break
		}
	}
	if !l.begun {
		return nil, nothing(inputs)
	}
	return l.finish()
}

// nothing names inputs in which there is nothing at all.
func nothing(inputs []source.Input) error {
	if len(inputs) == 1 {
		return fmt.Errorf("%s is empty", inputs[0].Name)
	}
	return fmt.Errorf("%s is empty, and so are all others (%d)", inputs[0].Name, len(inputs)-1)
}

type looking struct {
	wish   Wish
	found  Found
	begun  bool
	opened string // name of the stream with which it began
	whole  bool
	left   int64  // bytes that may still be looked at in the input at hand
	buf    []byte // for blocks of text, of one stream after the other
	header []string
	values []*infer.Column
	schema jsonrec.Schema
	long   map[string]string // by column: where the first value was that no VARCHAR holds
	firsts []firstRecord     // of each stream, while it is not known whether those are headers
	// noHeader is why the first of them cannot be one.
	noHeader error
	sums     []string // the digest of each stream
	wrong    int64    // records that were passed over
}

// firstRecord is a stream's first.
type firstRecord struct {
	input int
	texts []string
}

// stream looks at one stream, of an input.
func (l *looking) stream(input int, s source.Stream) (err error) {
	var r io.Reader = s
	if l.wish.Digest {
		h := &hashed{r: s, h: sha256.New()}
		r = h
		defer func() {
			if err == nil {
				l.sums = append(l.sums, hex.EncodeToString(h.h.Sum(nil)))
			}
		}()
	}
	if err := l.found.Format.skipMark(&r); err != nil {
		return at(s.Name, err)
	}
	if !l.begun {
		const first = 1 << 20
		begin, err := io.ReadAll(io.LimitReader(r, first))
		whole := len(begin) < first
		if err == nil && !whole && bytes.IndexByte(begin, '\n') < 0 { // a record may be longer
			var more []byte
			more, err = io.ReadAll(io.LimitReader(r, delimited.MaxRecord))
			begin, whole = append(begin, more...), len(more) < delimited.MaxRecord
		}
		if err != nil {
			return err
		}
		if len(bytes.TrimSpace(begin)) == 0 {
			return nil // an empty file among others says nothing
		}
		if bytes.HasPrefix(begin, []byte("PAR1")) {
			return hint.With(fmt.Errorf("%s is a Parquet file, inside of something else", s.Name), "unpack it and name it as a file of its own")
		}
		if bytes.HasPrefix(begin, []byte("PARE")) {
			return hint.With(fmt.Errorf("%s is a Parquet file that is encrypted in itself, which nothing here reads", s.Name), "write it without: it is encrypted on its way by KMS")
		}
		if err := l.begin(begin, whole); err != nil {
			return at(s.Name, err)
		}
		l.begun, l.opened = true, s.Name
		r = io.MultiReader(bytes.NewReader(begin), r)
	}
	if l.found.Format.JSON {
		return at(s.Name, l.objects(s.Name, r))
	}
	return at(s.Name, l.texts(input, s.Name, r))
}

// begin decides the format from the first bytes.
func (l *looking) begin(text []byte, whole bool) error {
	f := &l.found.Format
	trimmed := bytes.TrimLeft(text, " \t\r\n")
	f.JSON = l.wish.Format == "json" || (l.wish.Format == "" && (trimmed[0] == '{' || trimmed[0] == '['))
	f.Path, f.Nulls = l.wish.Path, l.wish.Nulls
	if f.JSON {
		return nil
	}
	if len(f.Path) > 0 {
		return fmt.Errorf("the records are to be found under %s, but this is no JSON document", strings.Join(f.Path, "."))
	}
	if ends := bytes.TrimRight(text, "\r"); bytes.IndexByte(ends, '\n') < 0 && bytes.IndexByte(ends, '\r') >= 0 && bytes.IndexByte(ends, '"') < 0 {
		return hint.With(&delimited.Error{Line: 1, Reason: "lines end with CR alone"}, "convert it first: tr '\\r' '\\n'")
	}
	switch {
	case l.wish.Delimiter != 0:
		f.Delimited = delimited.Format{Delimiter: l.wish.Delimiter, Quote: '"'}
	default:
		var err error
		if f.Delimited, err = delimited.Sniff(text, whole); err != nil {
			return hint.With(&delimited.Error{Line: 1, Reason: err.Error()}, "say how fields are told apart: --delimiter ';', and --quote none where nothing is quoted")
		}
	}
	if l.wish.Quote != nil {
		f.Delimited.Quote = *l.wish.Quote
	}
	return nil
}

func (l *looking) objects(name string, r io.Reader) error {
	split := jsonrec.NewSplitter(r, l.found.Format.Path)
	for {
		b, err := split.Next(blockSize / 4)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		for _, r := range b {
			if err := l.schema.Add(r); err != nil {
				if err := l.bad(err); err != nil {
					return err
				}
				continue
			}
			if len(r.Text) > maxVarchar {
				for key, c := range l.schema.Columns {
					if c.Longest() > maxVarchar && l.long[key] == "" {
						l.long[key] = fmt.Sprintf("%s, line %d, record %d", name, r.Line, r.Number)
					}
				}
			}
			if err := l.seen(len(r.Text)); err != nil {
				return err
			}
		}
	}
}

// seen counts a record and says when enough were seen.
func (l *looking) seen(size int) error {
	l.found.Records++
	l.left -= int64(size)
	if l.wish.Records > 0 && (l.found.Records >= l.wish.Records || l.left <= 0) {
		return errEnough
	}
	return nil
}

func (l *looking) texts(input int, name string, r io.Reader) error {
	split := delimited.NewSplitter(r, l.found.Format.Delimited)
	var nulls [][]byte
	for _, n := range l.found.Format.Nulls {
		nulls = append(nulls, []byte(n))
	}
	begins := true
	if l.buf == nil {
		l.buf = make([]byte, 0, blockSize/4)
	}
	for {
		b, err := split.Next(l.buf)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if bytes.IndexByte(b.Text, '\r') >= 0 {
			l.own("lines that end in CR LF, of which COPY's manual does not say what becomes")
		}
		records := delimited.NewReader(l.found.Format.Delimited, nulls, b)
		for {
			line, values, err := records.Next()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				if begins { // the first record says what the columns are
					return err
				}
				if err := l.bad(err); err != nil {
					return err
				}
				continue
			}
			if begins {
				begins = false
				if taken, err := l.firstRecord(input, name, line, values); err != nil {
					return err
				} else if taken {
					continue
				}
			}
			if len(values) != len(l.values) {
				if err := l.bad(&delimited.Error{Line: line, Reason: fmt.Sprintf("%d fields, not %d", len(values), len(l.values))}); err != nil {
					return err
				}
				continue
			}
			size := 0
			for i, v := range values {
				size += len(v.Text) + 1
				if v.Quoted {
					l.quoted(v.Text)
				}
				if v.Null {
					continue
				}
				l.values[i].Add(v.Text)
				if key := strconv.Itoa(i); len(v.Text) > maxVarchar && l.long[key] == "" {
					l.long[key] = fmt.Sprintf("%s, line %d", name, line)
				}
			}
			if err := l.seen(size); err != nil {
				return err
			}
		}
		if records.Blank() > 0 {
			l.own("empty lines, which COPY takes for records")
		}
	}
}

// bad passes over a record that is wrong, if so many may be.
func (l *looking) bad(err error) error {
	if l.wrong >= l.wish.Wrong {
		return err
	}
	l.wrong++
	l.own("records that are wrong, which are set aside")
	return nil
}

// own notes the first thing that COPY reads otherwise than we do.
func (l *looking) own(what string) {
	if l.found.Own == "" {
		l.found.Own = what
	}
}

// quoted looks at a quoted text: quotes make no difference to COPY, which takes it for NULL (DG copy-parameters-data-conversion,
// NULL AS and EMPTYASNULL).
func (l *looking) quoted(text []byte) {
	if len(text) == 0 {
		l.own("empty text in quotes, which COPY would take for NULL")
	} else if len(l.wish.Nulls) > 0 && slices.Contains(l.wish.Nulls, string(text)) {
		l.own(fmt.Sprintf("a text in quotes that means NULL (%q), which COPY would take for NULL", text))
	}
}

// differ notes a header that is not like the first: COPY passes over one line of each file, whatever is in it.
func (l *looking) differ(values []string) {
	for i, v := range values {
		if len(values) != len(l.header) || !strings.EqualFold(strings.TrimSpace(v), l.header[i]) || strings.ContainsRune(v, '\n') {
			l.own("headers that differ, or are longer than a line")
		}
	}
}

// firstRecord looks at the first record of a stream, and tells whether it is kept from the others: as a header, which
// Send compares, or until it is known whether it is one.
func (l *looking) firstRecord(input int, name string, line int64, values []delimited.Value) (bool, error) {
	first := l.values == nil
	for first && len(l.values) < len(values) {
		l.values = append(l.values, new(infer.Column))
	}
	texts := make([]string, 0, len(values))
	for _, v := range values {
		texts = append(texts, string(v.Text))
		if v.Quoted && (l.wish.Header == nil || !*l.wish.Header) {
			l.quoted(v.Text)
		}
	}
	if l.wish.Header != nil {
		var err error
		if *l.wish.Header && first {
			l.header, err = headerNames(line, values)
		}
		if *l.wish.Header && err == nil {
			l.differ(texts)
		}
		return *l.wish.Header, err
	}
	l.firsts = append(l.firsts, firstRecord{input, texts})
	if names, err := headerNames(line, values); first {
		l.header, l.noHeader = names, at(name, err) // if it turns out to be one
	}
	return true, nil
}

// finish decides about the header, and puts names and types together.
func (l *looking) finish() (*Found, error) {
	f := &l.found
	f.Whole = l.whole
	if l.whole && l.wish.Digest {
		f.Digest = together(l.sums)
	}
	if f.Format.JSON {
		for _, k := range l.schema.Keys {
			f.Columns = append(f.Columns, FoundColumn{Name: k, Column: l.schema.Columns[k], Long: l.long[k]})
		}
		if len(f.Columns) == 0 {
			return nil, errors.New("there is no record with a key in it")
		}
		return f, nil
	}
	if len(l.values) == 0 {
		return nil, errors.New("there is no record in the input")
	}
	if l.firsts != nil {
		if err := l.decideHeader(); err != nil {
			return nil, err
		}
	}
	if l.header != nil {
		for _, first := range l.firsts {
			l.differ(first.texts)
		}
	}
	f.Format.Header = l.header != nil
	f.Format.Names = l.header
	if l.header == nil {
		for i := range l.values {
			f.Format.Names = append(f.Format.Names, fmt.Sprintf("c%d", i+1))
		}
	}
	for i, c := range l.values {
		f.Columns = append(f.Columns, FoundColumn{Name: f.Format.Names[i], Column: c, Long: l.long[strconv.Itoa(i)]})
	}
	return f, nil
}

// decideHeader tells whether the first records are headers, where nobody said so. A column in which texts stand above numbers, dates or the
// like tells that they are. A first record of texts alone that does so and cannot be a header, because it names a column twice or leaves one
// without a name, is a mistake in the file: as a record it would make texts of all numbers.
func (l *looking) decideHeader() error {
	telling, above := false, false
	for i, c := range l.values {
		var first infer.Column
		if text := l.firsts[0].texts[i]; text != "" {
			first.Add([]byte(text))
		}
		above = above || first.Textual() && c.Values > 0 && !c.Textual()
		telling = telling || first.Values > 0 && !first.Textual()
	}
	switch {
	case l.header != nil && above:
		return nil
	case l.header == nil && above && !telling:
		return hint.With(l.noHeader, "correct the header, or say that the first line is a record: --no-header")
	case l.header == nil || telling:
		l.header = nil
		return l.addFirsts()
	}
	return hint.With(fmt.Errorf("%s: nothing tells whether the first line names the columns", l.opened), "say so: --header or --no-header")
}

// addFirsts counts the first records among the others.
func (l *looking) addFirsts() error {
	for _, first := range l.firsts {
		if len(first.texts) != len(l.values) {
			return &delimited.Error{Line: 1, Reason: fmt.Sprintf("%d fields, not %d as in the first file", len(first.texts), len(l.values))}
		}
		for i, v := range first.texts {
			if v != "" && !slices.Contains(l.wish.Nulls, v) {
				l.values[i].Add([]byte(v))
			}
		}
		l.found.Records++
		l.found.Inputs[first.input]++
	}
	return nil
}
