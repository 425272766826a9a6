package transfer

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/sealift/sealift/internal/local/dialect"
	"github.com/sealift/sealift/internal/local/transfer/command"
	"github.com/sealift/sealift/internal/local/transfer/jsontext"
	"github.com/sealift/sealift/internal/local/transfer/record"
	"github.com/sealift/sealift/internal/local/transfer/value"
)

// load is one COPY under way.
type load struct {
	*command.Copy
	session Session
	table   *table
	columns []tableColumn // that fields of the files go into, in the files' order
	missing *tableColumn  // NOT NULL and never filled: no row can be loaded
	store   Store
	where   string // the region of what is read
	rules   value.Rules
	paths   []jsontext.Path
	begun   bool

	rows  atomic.Int64
	bytes atomic.Int64

	mu           sync.Mutex // guards what follows
	record       *Load
	replacedRows int64
	found        int // files that exist
}

// maxKeptErrors bounds how many bad rows are described; the others are only counted.
const maxKeptErrors = 10_000

// prepare reads what the layout of the files needs and checks it against the columns.
func (l *load) prepare(ctx context.Context, e *Engine) (err error) {
	l.rules = value.Rules{
		EmptyAsNull: l.EmptyAsNull, BlanksAsNull: l.BlanksAsNull, TrimBlanks: l.TrimBlanks, TruncateColumns: l.TruncateColumns,
		AcceptInvChars: l.AcceptInvChars, AcceptAnyDate: l.AcceptAnyDate, RoundDec: l.RoundDec,
	}
	if l.rules.DateFormat, err = value.ParseLayout(l.DateFormat); err != nil {
		return &dialect.Error{Code: "22023", Message: "Invalid DATEFORMAT: " + err.Error()}
	}
	if l.rules.TimeFormat, err = value.ParseLayout(l.TimeFormat); err != nil {
		return &dialect.Error{Code: "22023", Message: "Invalid TIMEFORMAT: " + err.Error()}
	}
	if l.Format == command.Parquet {
		// Columnar files hold moments as numbers. They reach the converters as text of any year, which the default
		// layouts of text files, four digits, would refuse.
		if l.rules.TimeFormat, err = value.ParseLayout("auto"); err != nil {
			return fmt.Errorf("prepare COPY: %w", err)
		}
		l.rules.DateFormat = l.rules.TimeFormat
	}
	switch {
	case l.Format == command.FixedWidth && len(l.Widths) != len(l.columns):
		return &dialect.Error{
			Code:    codeSyntax,
			Message: fmt.Sprintf("fixedwidth specification has %d columns, the table or column list has %d", len(l.Widths), len(l.columns)),
		}
	case l.Format != command.JSON:
		return nil
	case l.JSON == command.JSONNoShred && (len(l.columns) != 1 || l.columns[0].Kind != value.Super):
		return &dialect.Error{Code: codeNotSupported, Message: "JSON 'noshred' loads into exactly one column of type SUPER"}
	case l.JSON != command.JSONPaths:
		return nil
	}
	if err := e.checkRegion(ctx, l.store, l.JSONPathsFile.Bucket, l.Region); err != nil {
		return err
	}
	text, err := fetch(ctx, l.store, l.JSONPathsFile, 1<<20)
	if err != nil {
		return err
	}
	if l.paths, err = jsontext.ParsePaths(text); err != nil {
		return internal("Invalid JSONPaths file %s: %v", l.JSONPathsFile, err)
	}
	if l.paths != nil && len(l.paths) != len(l.columns) {
		return internal("Number of jsonpaths and the number of columns should match. JSONPath size: %d, Number of columns in table or column list: %d",
			len(l.paths), len(l.columns))
	}
	return nil
}

// start fills in the record of a load that begins to read files.
func (l *load) start(_ *Engine, files []loadFile) {
	l.begun = true
	l.record.FileCount = len(files)
	for _, f := range files {
		l.record.FileBytes += max(f.size, 0)
	}
}

// run reads the files with several slices at once and gives their rows to PostgreSQL. Rows wait in bounded buffers, so
// that memory does not depend on how large the files are.
func (l *load) run(ctx context.Context, p postgres, files []loadFile, slices int) error {
	statement := ctx
	slices = min(slices, len(files))
	g, ctx := errgroup.WithContext(ctx)
	queue := make(chan loadFile)
	out := newConveyor(ctx, slices)
	g.Go(func() error {
		defer close(queue)
		for _, f := range files {
			select {
			case queue <- f:
			case <-ctx.Done():
				return nil
			}
		}
		return nil
	})
	var readers sync.WaitGroup
	for i := range slices {
		readers.Add(1)
		g.Go(func() error {
			defer readers.Done()
			s := newLoadSlice(l, i, out)
			for f := range queue {
				if err := s.readFile(ctx, f); err != nil {
					return err
				}
			}
			return out.flush(s)
		})
	}
	g.Go(func() error {
		readers.Wait()
		close(out.full)
		return nil
	})
	g.Go(func() error {
		if l.NoLoad {
			_, err := io.Copy(io.Discard, out)
			return err
		}
		return p.guard(ctx, func(calm context.Context) error {
			_, err := p.conn.CopyFrom(calm, out, l.copyFrom())
			return err
		})
	})
	err := g.Wait()
	l.record.Bytes = l.bytes.Load()
	switch {
	case statement.Err() != nil:
		return context.Cause(statement)
	case errors.Is(err, errLoadFailed):
		return l.failed()
	case err != nil:
		return err
	case l.found == 0:
		return internal("No file of the manifest %s exists", l.From)
	}
	if !l.NoLoad {
		l.record.Rows = l.rows.Load()
	}
	return nil
}

// conveyor carries batches of rows from the slices to the one connection. It is an io.Reader for pgconn.
type conveyor struct {
	ctx  context.Context //nolint:containedctx // io.Reader has no parameter for it; it lives as long as one load
	full chan []byte
	free chan []byte
	head []byte // being read
	rest []byte // of head
}

func newConveyor(ctx context.Context, slices int) *conveyor {
	c := &conveyor{ctx: ctx, full: make(chan []byte, slices), free: make(chan []byte, 2*slices+2)}
	for range cap(c.free) {
		c.free <- make([]byte, 0, batchBytes+batchBytes/4)
	}
	return c
}

// Read answers the next bytes of rows, io.EOF when all slices are done, and the reason when the load has failed, which
// makes PostgreSQL fail its COPY too.
func (c *conveyor) Read(b []byte) (int, error) {
	for len(c.rest) == 0 {
		if c.head != nil {
			c.free <- c.head[:0]
			c.head = nil
		}
		select {
		case batch, ok := <-c.full:
			// A failed slice ends too; what the others have sent must not be taken for everything.
			if err := c.ctx.Err(); err != nil {
				return 0, context.Cause(c.ctx)
			}
			if !ok {
				return 0, io.EOF
			}
			c.head, c.rest = batch, batch
		case <-c.ctx.Done():
			return 0, context.Cause(c.ctx)
		}
	}
	n := copy(b, c.rest)
	c.rest = c.rest[n:]
	return n, nil
}

// flush sends what a slice has gathered and takes an empty batch for it.
func (c *conveyor) flush(s *loadSlice) error {
	if len(s.batch) == 0 {
		return nil
	}
	select {
	case c.full <- s.batch:
	case <-c.ctx.Done():
		return context.Cause(c.ctx)
	}
	select {
	case s.batch = <-c.free:
		return nil
	case <-c.ctx.Done():
		return context.Cause(c.ctx)
	}
}

// loadSlice reads files one after the other.
type loadSlice struct {
	*load
	slice      int
	out        *conveyor
	batch      []byte
	converters []*value.Converter
	replaced   int // rows noted for STL_REPLACEMENTS
	detailed   int // errors noted for STL_LOADERROR_DETAIL

	// of the file at hand
	url    string
	lines  int64
	errors int64
}

// What the manual keeps of each slice.
const (
	maxReplacements   = 100
	maxDetailedErrors = 20
)

func newLoadSlice(l *load, slice int, out *conveyor) *loadSlice {
	s := &loadSlice{load: l, slice: slice, out: out, batch: <-out.free}
	for _, c := range l.columns {
		s.converters = append(s.converters, value.NewConverter(c.Column, &l.rules))
	}
	return s
}

// readFile reads one file to its end.
func (s *loadSlice) readFile(ctx context.Context, f loadFile) error {
	s.url, s.lines, s.errors = f.String(), 0, 0
	r, info, err := openObject(ctx, s.store, f.Location)
	if err != nil {
		var missing *StoreError
		if f.optional && errors.As(err, &missing) && missing.Code == "NoSuchKey" {
			return nil
		}
		return err
	}
	s.mu.Lock()
	s.found++
	s.mu.Unlock()
	var read int64
	if s.Format == command.Parquet {
		if err := r.Close(); err != nil {
			return doing(err, "Reading %s", s.url)
		}
		read, err = s.readParquet(ctx, f, info)
	} else {
		read, err = s.readText(ctx, r, info)
	}
	s.bytes.Add(read)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.record.Files = append(s.record.Files, LoadedFile{
		Slice: s.slice, URL: s.url, Lines: s.lines, Bytes: read, Errors: s.errors, Time: time.Now(),
	})
	return nil
}

// counted counts what is read through it, and ends the reading when the load has ended: a slice that finds nothing but bad
// rows has nothing to send, and would not hear of it.
type counted struct {
	io.Reader
	ctx context.Context //nolint:containedctx // io.Reader has no parameter for it; it lives as long as one file is read
	n   int64
}

func (c *counted) Read(b []byte) (int, error) {
	if c.ctx.Err() != nil {
		return 0, context.Cause(c.ctx)
	}
	n, err := c.Reader.Read(b)
	c.n += int64(n)
	return n, err
}

func (s *loadSlice) readText(ctx context.Context, object io.ReadCloser, info ObjectInfo) (read int64, err error) {
	plain, err := unsealed(s.MasterKey, object, info)
	if err != nil {
		return 0, errors.Join(doing(internal("File %s cannot be decrypted: %v", s.url, err), "Reading %s", s.url), object.Close())
	}
	body, err := decompressor(s.Compression, plain)
	if err != nil {
		return 0, errors.Join(s.broken(err), object.Close())
	}
	defer func() {
		if closeErr := body.Close(); err == nil && closeErr != nil {
			err = doing(closeErr, "Reading %s", s.url)
		}
	}()
	count := &counted{Reader: body, ctx: ctx}
	marked := bufio.NewReader(count)
	if !fits(s.Encoding, marked) {
		// The file is passed over, and counts as one error.
		return count.n, s.note(LoadError{Line: -1, Code: codeEncoding, Reason: fmt.Sprintf("The file's encoding is not %s, as ENCODING says", s.Encoding)})
	}
	records, err := s.records(decode(s.Encoding, marked))
	if err != nil && !errors.Is(err, io.EOF) {
		return count.n, s.broken(err)
	}
	for err == nil {
		var fields []record.Field
		if fields, err = records.Next(); err == nil {
			s.lines++
			err = s.row(records, fields)
		} else if !errors.Is(err, io.EOF) {
			err = s.noRecord(records, err)
		}
	}
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return count.n, err
}

// broken is the error for a file that cannot be read on: S3 failed, or the compression is not what was said.
func (s *loadSlice) broken(err error) error {
	var store *StoreError
	if errors.As(err, &store) || s.Compression == command.Uncompressed {
		return doing(err, "Reading %s", s.url)
	}
	return doing(internal("File %s is not a valid %s file: %v", s.url, s.Compression, err), "Reading %s", s.url)
}

// Codes of the manual's Load error reference that belong to no reader of records and to no value.
const (
	codeIdentity = 1217
	codeEncoding = 1221
)

func (s *loadSlice) records(r io.Reader) (record.Reader, error) {
	null := record.NullRule{Text: s.NullAs, Given: s.NullAsGiven}
	switch s.Format {
	case command.CSV:
		return record.NewCSV(r, record.CSVOptions{
			Columns: len(s.columns), Delimiter: s.Delimiter, Quote: s.Quote, Null: null, FillRecord: s.FillRecord,
			IgnoreBlankLines: s.IgnoreBlankLines, IgnoreHeader: s.IgnoreHeader,
		})
	case command.FixedWidth:
		o := record.FixedWidthOptions{Null: null, FillRecord: s.FillRecord, IgnoreBlankLines: s.IgnoreBlankLines, IgnoreHeader: s.IgnoreHeader}
		for _, w := range s.Widths {
			o.Widths = append(o.Widths, w.Chars)
		}
		return record.NewFixedWidth(r, o)
	case command.JSON:
		o := record.JSONOptions{
			IgnoreCase: s.JSON == command.JSONAutoIgnoreCase, NoShred: s.JSON == command.JSONNoShred, Paths: s.paths, IgnoreHeader: s.IgnoreHeader,
		}
		for _, c := range s.columns {
			o.Columns = append(o.Columns, record.JSONColumn{Name: s.session.Names.Long(c.Name), Super: c.Kind == value.Super})
		}
		return record.NewJSON(r, o)
	default:
	}
	return record.NewDelimited(r, record.DelimitedOptions{
		Columns: len(s.columns), Delimiter: s.Delimiter, LongDelimiter: s.LongDelimiter, Null: null, Escape: s.Escape, RemoveQuotes: s.RemoveQuotes,
		FillRecord: s.FillRecord, IgnoreBlankLines: s.IgnoreBlankLines, IgnoreHeader: s.IgnoreHeader,
	})
}

// row converts one record and sends it on.
func (s *loadSlice) row(records record.Reader, fields []record.Field) error {
	if s.missing != nil {
		return s.badValue(records, fields, len(fields), s.missing.Column, missingValue())
	}
	before := len(s.batch)
	replaced := ""
	for i, f := range fields {
		if i > 0 {
			s.batch = append(s.batch, '\t')
		}
		c := s.converters[i]
		batch, err := c.Append(s.batch, f.Text, f.Null)
		if err != nil {
			s.batch = s.batch[:before]
			if s.columns[i].identity == alwaysIdentity {
				err.Code = codeIdentity
			}
			return s.badValue(records, fields, i, c.Column, err)
		}
		s.batch = batch
		if c.Replaced {
			c.Replaced = false
			replaced = c.Name
		}
	}
	s.batch = append(s.batch, '\n')
	s.rows.Add(1)
	if replaced != "" {
		s.noteReplacement(records, replaced)
	}
	if len(s.batch) >= batchBytes {
		return s.out.flush(s)
	}
	return nil
}

// place is where a record lies in its file.
type place interface {
	Raw() []byte
	Line() int64
}

// missingValue is the error of every row when a NOT NULL column is never filled.
func missingValue() *value.Error {
	return &value.Error{Code: 1213, Reason: "Missing data for not-null field"}
}

func (s *loadSlice) noteReplacement(records place, column string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.replacedRows++
	if s.replaced++; s.replaced <= maxReplacements {
		s.record.Replacements = append(s.record.Replacements, Replacement{
			Slice: s.slice, URL: s.url, Time: time.Now(), Line: records.Line(), Column: column, RawLine: printable(records.Raw()),
		})
	}
}

// noRecord notes a record that could not be taken apart; any other error ends the file.
func (s *loadSlice) noRecord(records place, err error) error {
	var bad *record.Error
	if !errors.As(err, &bad) {
		return s.broken(err)
	}
	s.lines++
	e := LoadError{Line: records.Line(), Position: bad.Pos, RawLine: printable(records.Raw()), Code: bad.Code, Reason: bad.Reason}
	if bad.Field >= 0 && bad.Field < len(s.columns) {
		c := s.columns[bad.Field]
		e.Column, e.Type, e.Length = c.Name, shortTypeName(c.Column), c.LengthText()
	}
	return s.note(e)
}

// badValue notes a field that could not be converted.
func (s *loadSlice) badValue(records place, fields []record.Field, i int, c value.Column, bad *value.Error) error {
	e := LoadError{
		Line: records.Line(), Column: c.Name, Type: shortTypeName(c), Length: c.LengthText(),
		RawLine: printable(records.Raw()), Code: bad.Code, Reason: bad.Reason, Position: bad.Pos,
	}
	if i < len(fields) {
		e.RawFieldValue = printable(fields[i].Text)
		if fields[i].Start >= 0 {
			e.Position = fields[i].Start
		}
	}
	if s.detailed < maxDetailedErrors {
		s.detailed++
		for k := range min(i+1, len(fields)) {
			col := s.columns[k].Column
			e.Fields = append(e.Fields, ErrorField{
				Column: col.Name, Value: printable(fields[k].Text), Null: fields[k].Null, Type: shortTypeName(col), Length: col.LengthText(),
			})
		}
	}
	return s.note(e)
}

// note keeps an error and answers errLoadFailed when it is one too many.
func (s *loadSlice) note(e LoadError) error {
	s.errors++
	e.Slice, e.URL, e.Time = s.slice, s.url, time.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.record.ErrorCount++
	if len(s.record.Errors) < maxKeptErrors {
		s.record.Errors = append(s.record.Errors, e)
	}
	if s.MaxErrors > 0 && s.record.ErrorCount >= s.MaxErrors {
		return errLoadFailed
	}
	return nil
}

// printable is what STL_LOAD_ERRORS keeps of a line or a field: at most 1024 bytes, with a dot for whatever is not a
// single-byte character.
func printable(b []byte) string {
	b = b[:min(len(b), 1024)]
	var s strings.Builder
	s.Grow(len(b))
	for _, c := range b {
		switch {
		case c == 0, c >= 0xC0:
			s.WriteByte('.')
		case c >= 0x80: // the rest of a character
		default:
			s.WriteByte(c)
		}
	}
	return s.String()
}

// shortTypeName is a type as STL_LOAD_ERRORS.type has it, which holds ten characters.
func shortTypeName(c value.Column) string {
	switch c.Kind {
	case value.SmallInt:
		return "int2"
	case value.Integer:
		return "int4"
	case value.BigInt:
		return "int8"
	case value.Real:
		return "float4"
	case value.Double:
		return "float8"
	case value.Boolean:
		return "bool"
	case value.Char:
		return "char"
	case value.Varchar:
		return "varchar"
	case value.Time:
		return "time"
	case value.TimeTZ:
		return "timetz"
	case value.Timestamp:
		return "timestamp"
	case value.TimestampTZ:
		return "timestamptz"[:10]
	case value.Varbyte:
		return "varbyte"
	default:
		return c.TypeName[:min(len(c.TypeName), 10)]
	}
}
