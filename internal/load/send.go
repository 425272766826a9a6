package load

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/klauspost/compress/zstd"
	"golang.org/x/sync/errgroup"

	"github.com/sealift/sealift/internal/load/delimited"
	"github.com/sealift/sealift/internal/load/jsonrec"
	"github.com/sealift/sealift/internal/load/source"
)

// Upload is one object on its way. Nothing is there before Close has answered.
type Upload interface {
	// Write only takes bytes; Flush sends what has come together, when it is enough to be worth it.
	io.Writer
	Flush(ctx context.Context) error
	// Close completes the object and answers its size in bytes.
	Close(ctx context.Context) (int64, error)
	// Abort leaves nothing of it.
	Abort(ctx context.Context) error
}

// Column is one column of the records, in the order of the target's column list.
type Column struct {
	Name  string // as the file's header or the JSON key has it
	Super bool
	Check func(value []byte) (reason string)
	Spare delimited.Spare // values that need no Check
}

// Rejected is a record that was set aside.
type Rejected struct {
	Stream string
	Err    error  // says the line and what is wrong
	Record []byte // as it stood, valid during the call
}

// Job is what Send needs.
type Job struct {
	Inputs  []source.Input
	Opener  *source.Opener
	Format  Format
	Columns []Column
	Marker  string // stands for NULL in what is staged
	// IgnoreExtra leaves out keys of JSON records that are no column; otherwise such a record is wrong.
	IgnoreExtra bool
	// Create begins the object of a part; parts are numbered from 0.
	Create func(ctx context.Context, part int) (Upload, error)
	// Slices is how many parts the warehouse reads at once. As many are written at once, and no more than MaxOpen.
	Slices int
	// PartSize is where a part ends, in bytes as staged; 0 is DefaultPartSize.
	PartSize int64
	// Reject takes a record that is wrong; nil ends the sending with the first. An error of it ends the sending too.
	// It is called by one goroutine at a time.
	Reject func(Rejected) error
	// Records counts what was sent so far. It may be looked at at any time.
	Records *atomic.Int64
}

// MaxOpen bounds how many parts are open at once, each of which holds some 7 MB.
const MaxOpen = 12

// DefaultPartSize keeps parts between 1 MB and 1 GB, where COPY is at its best (DG c_best-practices-use-multiple-files).
const DefaultPartSize = 256 << 20

// Sent is what became of the records.
type Sent struct {
	Parts    []Part
	Streams  []Stream
	Records  int64 // staged, over all parts
	Rejected int64
	Blank    int64 // empty lines, which are no records
	// Digest is the SHA-256 over the contents of all streams as they were unpacked, in the order of their own digests, so
	// that the same files in another order, or packed in another way, are known again. Hex.
	Digest string
}

// Part is one staged object.
type Part struct {
	Number  int
	Bytes   int64
	Records int64
	blocks  []placed
}

// placed says where a block of a part came from.
type placed struct {
	stream int
	line   int64 // in the stream; for JSON, the first record's
	lines  int64 // in the part
}

// Stream is one file of records, or one in an archive.
type Stream struct {
	Name   string
	Bytes  int64 // unpacked
	Digest string
}

const (
	// blockSize is what travels from the reader to whoever rewrites it.
	blockSize = 1 << 20
	// perPart is how much must have been read before one more part is begun: less would make small parts.
	perPart = 8 << 20
)

// block is records on their way to a part.
type block struct {
	stream  int
	name    string
	text    delimited.Block
	objects jsonrec.Block
	rows    int64 // of SendRows
}

// Send reads all inputs once and stages their records. When it fails, what was staged is aborted where it was not
// complete; complete parts are the caller's to remove.
func Send(ctx context.Context, j Job) (*Sent, error) {
	if j.PartSize == 0 {
		j.PartSize = DefaultPartSize
	}
	if j.Records == nil {
		j.Records = new(atomic.Int64)
	}
	s := newSending(j)
	g, gctx := errgroup.WithContext(ctx)
	g.Go(func() error {
		defer close(s.blocks)
		return s.readAll(gctx, g)
	})
	if err := g.Wait(); err != nil {
		return nil, s.earliest(err)
	}
	return s.sum(), nil
}

func newSending(j Job) *sending {
	return &sending{Job: j, blocks: make(chan block), buffers: sync.Pool{New: func() any { return new(make([]byte, 0, blockSize)) }}}
}

type sending struct {
	Job
	blocks  chan block
	buffers sync.Pool                                      // of *[]byte, for blocks of text
	pass    func() func(out, block []byte) ([]byte, error) // of SendRows

	streams []Stream // the reader's until all is read

	mu       sync.Mutex // guards what follows, and the order of calls of Reject
	parts    []Part
	next     int // the number of the next part
	writers  int
	rejected int64
	blank    int64
	failed   []failure
}

// failure is a record that is wrong, with its place: of several that are found at the same time the first is told.
type failure struct {
	stream int
	line   int64
	err    error
}

// readAll reads the inputs one after another.
func (s *sending) readAll(ctx context.Context, g *errgroup.Group) error {
	begin := s.begin(ctx, g)
	for _, in := range s.Inputs {
		err := s.Opener.Each(ctx, in, func(st source.Stream) error {
			h := &hashed{r: st, h: sha256.New()}
			if err := s.readStream(ctx, st.Name, h, begin); err != nil {
				return err
			}
			s.streams = append(s.streams, Stream{Name: st.Name, Bytes: h.n, Digest: hex.EncodeToString(h.h.Sum(nil))})
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// begin answers what is to be told of every block: it begins as many writers as there is something to write for.
func (s *sending) begin(ctx context.Context, g *errgroup.Group) func(n int) {
	var read int64
	return func(n int) {
		read += int64(n)
		s.mu.Lock()
		defer s.mu.Unlock()
		for s.writers < min(max(1, s.Slices), MaxOpen) && int64(s.writers)*perPart <= read {
			s.writers++
			g.Go(func() error { return s.write(ctx) })
		}
	}
}

// hashed passes a stream on and takes its digest.
type hashed struct {
	r io.Reader
	h hash.Hash
	n int64
}

func (h *hashed) Read(b []byte) (int, error) {
	n, err := h.r.Read(b)
	h.h.Write(b[:n])
	h.n += int64(n)
	return n, err
}

// readStream cuts one stream into blocks and hands them out.
func (s *sending) readStream(ctx context.Context, name string, r io.Reader, begin func(int)) error {
	b := block{stream: len(s.streams), name: name}
	// hand gives a block to whoever is free; while nobody is, nothing more is read.
	hand := func(size int) error {
		begin(size)
		select {
		case s.blocks <- b:
			return nil
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	err := s.Format.skipMark(&r)
	if s.Format.JSON {
		split := jsonrec.NewSplitter(r, s.Format.Path)
		for err == nil {
			if b.objects, err = split.Next(blockSize); err == nil {
				err = hand(blockSize)
			}
		}
	} else {
		split := delimited.NewSplitter(r, s.Format.Delimited)
		first := true
		for err == nil {
			buf := s.buffers.Get().(*[]byte) //nolint:forcetypeassert // the pool holds nothing else
			if b.text, err = split.Next(*buf); err != nil {
				s.buffers.Put(buf) // or each small file would leave one behind
			}
			if err == nil && first && s.Format.Header {
				b.text, err = s.header(b.text)
			}
			first = false
			if err == nil && len(b.text.Text) > 0 {
				err = hand(len(b.text.Text))
			}
		}
	}
	if errors.Is(err, io.EOF) {
		return nil
	}
	return at(name, err)
}

// header takes the header off a stream's first block and holds it against the columns.
func (s *sending) header(b delimited.Block) (delimited.Block, error) {
	r := delimited.NewReader(s.Format.Delimited, nil, b)
	line, values, err := r.Next()
	if errors.Is(err, io.EOF) {
		return b, nil
	}
	if err != nil {
		return b, err
	}
	names, err := headerNames(line, values)
	if err != nil {
		return b, err
	}
	for i, n := range names {
		if i >= len(s.Format.Names) || !strings.EqualFold(n, s.Format.Names[i]) {
			return b, &delimited.Error{Line: line, Column: i + 1, Reason: fmt.Sprintf("the header says %q, that of the first file %q; load them one by one", n, nth(s.Format.Names, i))}
		}
	}
	if len(names) != len(s.Format.Names) {
		return b, &delimited.Error{Line: line, Reason: fmt.Sprintf("the header names %d columns, that of the first file %d; load them one by one", len(names), len(s.Format.Names))}
	}
	return r.Rest(), nil
}

func nth(list []string, i int) string {
	if i < len(list) {
		return list[i]
	}
	return ""
}

// at says of which stream an error is.
func at(name string, err error) error {
	_, text := errors.AsType[*delimited.Error](err)
	_, object := errors.AsType[*jsonrec.Error](err)
	if _, known := errors.AsType[*RecordError](err); !known && (text || object) {
		return &RecordError{Stream: name, Err: err}
	}
	return err
}

// RecordError is a record that cannot be loaded: file, line and reason, without the value.
type RecordError struct {
	Stream string
	Err    error // *delimited.Error or *jsonrec.Error, which have the value
}

func (e *RecordError) Error() string { return e.Stream + ", " + e.Err.Error() }

// Value is what was wrong, "" where the whole record is. It is somebody's data.
func (e *RecordError) Value() string {
	if d, ok := errors.AsType[*delimited.Error](e.Err); ok {
		return d.Value
	}
	if j, ok := errors.AsType[*jsonrec.Error](e.Err); ok {
		return j.Value
	}
	return ""
}

// Unwrap gives the error of the format's package.
func (e *RecordError) Unwrap() error { return e.Err }

// write fills parts with blocks until there are none left.
func (s *sending) write(ctx context.Context) (err error) {
	w := writer{sending: s, rewrite: s.rewriter()}
	defer func() {
		if w.upload != nil {
			err = errors.Join(err, w.upload.Abort(context.WithoutCancel(ctx)))
		}
	}()
	// A window that stays in the processor's cache: with the usual 4 MB the encoder moves that much memory for each block of
	// 128 kB, which costs more than all else it does, and records have their like nearby.
	w.zstd, err = zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithLowerEncoderMem(true),
		zstd.WithWindowSize(256<<10))
	if err != nil {
		return fmt.Errorf("compress: %w", err)
	}
	for b := range s.blocks {
		if err := w.block(ctx, b); err != nil {
			return err
		}
	}
	return w.endPart(ctx)
}

// writer fills one part after another.
type writer struct {
	*sending
	rewrite func(out []byte, b block) ([]byte, counts, error)
	zstd    *zstd.Encoder
	upload  Upload
	sized   *sized
	part    Part
	out     []byte
}

type counts struct{ records, rejected, blank int64 }

func (w *writer) block(ctx context.Context, b block) error {
	var n counts
	var err error
	w.out, n, err = w.rewrite(w.out[:0], b)
	if err != nil {
		return w.fail(b, err)
	}
	line := b.text.Line
	if len(b.objects) > 0 {
		line = b.objects[0].Line
	}
	defer func() {
		if b.text.Text != nil {
			w.buffers.Put(new(b.text.Text[:0])) // SendRows writes from it
		}
	}()
	if n.records > 0 {
		if w.upload == nil {
			if err := w.beginPart(ctx); err != nil {
				return err
			}
		}
		if _, err := w.zstd.Write(w.out); err != nil {
			return err
		}
		if err := w.upload.Flush(ctx); err != nil {
			return err
		}
		w.part.Records += n.records
		w.part.blocks = append(w.part.blocks, placed{stream: b.stream, line: line, lines: countLines(w.out)})
		w.Records.Add(n.records)
	}
	w.mu.Lock()
	w.rejected += n.rejected
	w.blank += n.blank
	w.mu.Unlock()
	if w.upload != nil && w.sized.n >= w.PartSize {
		return w.endPart(ctx)
	}
	return nil
}

// fail notes a record that is wrong.
func (w *writer) fail(b block, err error) error {
	err = at(b.name, err)
	f := failure{stream: b.stream, err: err}
	if e, ok := errors.AsType[*delimited.Error](err); ok {
		f.line = e.Line
	}
	if e, ok := errors.AsType[*jsonrec.Error](err); ok {
		f.line = e.Line
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.failed = append(w.failed, f)
	return err
}

// earliest prefers the first wrong record over whatever was found first.
func (s *sending) earliest(err error) error {
	if len(s.failed) == 0 {
		return err
	}
	first := s.failed[0]
	for _, f := range s.failed[1:] {
		if f.stream < first.stream || (f.stream == first.stream && f.line < first.line) {
			first = f
		}
	}
	return first.err
}

func (w *writer) beginPart(ctx context.Context) (err error) {
	w.mu.Lock()
	w.part = Part{Number: w.next}
	w.next++
	w.mu.Unlock()
	if w.upload, err = w.Create(ctx, w.part.Number); err != nil {
		return err
	}
	w.sized = &sized{w: w.upload}
	w.zstd.Reset(w.sized)
	return nil
}

func (w *writer) endPart(ctx context.Context) error {
	if w.upload == nil {
		return nil
	}
	if err := w.zstd.Close(); err != nil {
		return err
	}
	size, err := w.upload.Close(ctx)
	if err != nil {
		return err
	}
	w.upload = nil
	if size != w.sized.n {
		return fmt.Errorf("part %d: %d bytes were written, but the object has %d", w.part.Number, w.sized.n, size)
	}
	w.part.Bytes = size
	w.mu.Lock()
	defer w.mu.Unlock()
	w.parts = append(w.parts, w.part)
	return nil
}

// sized counts what is written.
type sized struct {
	w io.Writer
	n int64
}

func (s *sized) Write(b []byte) (int, error) {
	n, err := s.w.Write(b)
	s.n += int64(n)
	return n, err
}

// reject hands a wrong record to the caller, one at a time.
func (s *sending) reject(stream string, err error, record []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.Reject(Rejected{Stream: stream, Err: &RecordError{Stream: stream, Err: err}, Record: record})
}

func countLines(b []byte) int64 { return int64(bytes.Count(b, []byte{'\n'})) }

// sum is what came of it all, once every goroutine has ended.
func (s *sending) sum() *Sent {
	out := &Sent{Parts: s.parts, Streams: s.streams, Rejected: s.rejected, Blank: s.blank}
	slices.SortFunc(out.Parts, func(a, b Part) int { return cmp.Compare(a.Number, b.Number) })
	for _, p := range out.Parts {
		out.Records += p.Records
	}
	digests := make([]string, 0, len(s.streams))
	for _, st := range s.streams {
		digests = append(digests, st.Digest)
	}
	out.Digest = together(digests)
	return out
}

// together is the digest of all streams, of the digests of each.
func together(digests []string) string {
	slices.Sort(digests)
	sum := sha256.Sum256([]byte(strings.Join(digests, "\n")))
	return hex.EncodeToString(sum[:])
}

// Place tells which stream and line a line of a staged part came from, both as COPY counts them, from 1. Where records
// before it in its block were set aside, or lines were blank, the real line is a few further on.
func (s *Sent) Place(part int, line int64) (stream string, at int64, ok bool) {
	i := slices.IndexFunc(s.Parts, func(p Part) bool { return p.Number == part })
	if i < 0 || line < 1 {
		return "", 0, false
	}
	for _, b := range s.Parts[i].blocks {
		if line <= b.lines {
			return s.Streams[b.stream].Name, b.line + line - 1, true
		}
		line -= b.lines
	}
	return "", 0, false
}
