package transfer

import (
	"context"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/sealift/sealift/internal/local/transfer/columnar"
	"github.com/sealift/sealift/internal/local/transfer/command"
	"github.com/sealift/sealift/internal/local/transfer/value"
)

// target is where and how the files of one UNLOAD are written. Its slices share it; prepare is called once for each
// partition before anything of it is written.
type target struct {
	store      Store
	statement  *command.Unload
	encryption Encryption
	columns    []value.Column // of the query
	kept       []int          // indexes of the columns that stay in the files
	partition  []int          // indexes of the partition columns
	padded     []int          // indexes of CHAR columns

	mu       sync.Mutex
	prepared map[string]error // what CLEANPATH came to, by partition
}

// root is the beginning of all keys that the statement writes.
func (t *target) root() string {
	if len(t.partition) > 0 && !strings.HasSuffix(t.statement.To.Key, "/") {
		return t.statement.To.Key + "/"
	}
	return t.statement.To.Key
}

// name makes the key of a file: slice and number in parallel, a number alone in serial (Redshift manual, r_UNLOAD).
func (t *target) name(partition string, slice, number int) string {
	u := t.statement
	ext := suffix(u.Compression)
	if u.Format == command.Parquet {
		ext = ".parquet"
	}
	if u.Extension != nil {
		ext = ""
		if *u.Extension != "" {
			ext = "." + *u.Extension
		}
	}
	if u.Serial {
		return fmt.Sprintf("%s%s%03d%s", t.root(), partition, number, ext)
	}
	return fmt.Sprintf("%s%s%04d_part_%02d%s", t.root(), partition, slice, number, ext)
}

// prepare empties a partition that is about to be written, with CLEANPATH. Slices that come later wait for the first.
func (t *target) prepare(ctx context.Context, partition string) error {
	if !t.statement.CleanPath || partition == "" {
		return nil
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if err, done := t.prepared[partition]; done {
		return err
	}
	err := clean(ctx, t.store, t.statement.To.Bucket, t.root()+partition)
	t.prepared[partition] = err
	return err
}

// clean deletes every object whose key begins with prefix.
func clean(ctx context.Context, store Store, bucket, prefix string) error {
	var keys []string
	err := store.List(ctx, bucket, prefix, func(o ObjectInfo) error {
		keys = append(keys, o.Key)
		return nil
	})
	if err != nil {
		return doing(err, "Listing bucket=%s prefix=%s", bucket, prefix)
	}
	for _, key := range keys {
		if err := store.Delete(ctx, bucket, key); err != nil {
			return doing(err, "Deleting s3://%s/%s", bucket, key)
		}
	}
	return nil
}

// maxOpen bounds how many partitions a slice writes at once. One more, and the file that was written to longest ago
// is finished; its partition goes on in a further part.
const maxOpen = 32

// sliceWriter writes the rows of one slice into files.
type sliceWriter struct {
	*target
	slice   int
	reader  rowReader
	open    map[string]*object // by partition
	current *object            // of the row before
	numbers map[string]int     // files begun, by partition
	tick    int64
	rows    int64
	failed  bool
	files   []UnloadedFile
	key     []byte
	kept    []field
}

func newSliceWriter(t *target, slice int) *sliceWriter {
	return &sliceWriter{target: t, slice: slice, open: map[string]*object{}, numbers: map[string]int{}}
}

// write writes a batch of whole rows in PostgreSQL's text format.
func (w *sliceWriter) write(ctx context.Context, rows []byte) error {
	for len(rows) > 0 {
		var fields []field
		fields, rows = w.reader.next(rows)
		for _, i := range w.padded {
			// The blanks that pad a CHAR are not written (r_UNLOAD_command_examples, data that contains a delimiter).
			fields[i].text = trimPadding(fields[i].text)
		}
		o, err := w.file(ctx, fields)
		if err != nil {
			return err
		}
		if len(w.target.kept) < len(fields) {
			w.kept = w.kept[:0]
			for _, i := range w.target.kept {
				w.kept = append(w.kept, fields[i])
			}
			fields = w.kept
		}
		full, err := o.content.row(fields)
		if err == nil && full {
			partition := o.partition
			if err = w.finish(ctx, o); err == nil {
				if o, err = w.begin(ctx, partition); err == nil {
					_, err = o.content.row(fields)
				}
			}
		}
		if err != nil {
			return err
		}
		o.rows++
		w.rows++
	}
	return nil
}

func trimPadding(text []byte) []byte {
	for len(text) > 0 && text[len(text)-1] == ' ' {
		text = text[:len(text)-1]
	}
	return text
}

// file answers the open file that a row belongs into.
func (w *sliceWriter) file(ctx context.Context, fields []field) (*object, error) {
	if len(w.partition) == 0 {
		if w.current != nil {
			return w.current, nil
		}
		return w.begin(ctx, "")
	}
	w.key = w.key[:0]
	for _, i := range w.partition {
		w.key = append(w.key, w.columns[i].Name...)
		w.key = append(w.key, '=')
		w.key = appendPartitionValue(w.key, w.columns[i].Kind, fields[i])
		w.key = append(w.key, '/')
	}
	w.tick++
	o := w.open[string(w.key)]
	if o == nil {
		if len(w.open) >= maxOpen {
			var oldest *object
			for _, other := range w.open {
				if oldest == nil || other.used < oldest.used {
					oldest = other
				}
			}
			if err := w.finish(ctx, oldest); err != nil {
				return nil, err
			}
		}
		var err error
		if o, err = w.begin(ctx, string(w.key)); err != nil {
			return nil, err
		}
	}
	o.used = w.tick
	return o, nil
}

// hiveNull is the directory of rows whose partition column is NULL.
const hiveNull = "__HIVE_DEFAULT_PARTITION__"

// appendPartitionValue appends a value as it stands in a key, with Hive's escapes for what has a meaning there.
func appendPartitionValue(dst []byte, kind value.Kind, f field) []byte {
	if f.null {
		return append(dst, hiveNull...)
	}
	text := shown(kind, f.text)
	if len(text) == 0 {
		return append(dst, hiveNull...)
	}
	const hex = "0123456789ABCDEF"
	for _, c := range text {
		if c < 0x20 || c == 0x7f || strings.IndexByte("\"#%'*/:=?\\{[]^", c) >= 0 {
			dst = append(dst, '%', hex[c>>4], hex[c&15])
			continue
		}
		dst = append(dst, c)
	}
	return dst
}

// object is one file in the making.
type object struct {
	w         ObjectWriter
	url       string
	partition string
	content   content
	bytes     int64 // given to w
	rows      int64
	begun     time.Time
	used      int64
}

// Write counts what goes to S3.
func (o *object) Write(p []byte) (int, error) {
	n, err := o.w.Write(p)
	o.bytes += int64(n)
	return n, err
}

// content is the inside of a file.
type content interface {
	// row adds a row, or answers that the file is full and the row belongs into the next one.
	row(fields []field) (full bool, err error)
	// close writes what is still held back.
	close() error
}

// begin opens the next file of a partition.
func (w *sliceWriter) begin(ctx context.Context, partition string) (*object, error) {
	if err := w.prepare(ctx, partition); err != nil {
		return nil, err
	}
	u := w.statement
	key := w.name(partition, w.slice, w.numbers[partition])
	ow, err := create(ctx, w.store, u.MasterKey, u.To.Bucket, key, w.encryption)
	if err != nil {
		return nil, doing(err, "Creating s3://%s/%s", u.To.Bucket, key)
	}
	o := &object{w: ow, url: "s3://" + u.To.Bucket + "/" + key, partition: partition, begun: time.Now()}
	w.numbers[partition]++
	w.open[partition] = o
	w.current = o
	columns := make([]value.Column, 0, len(w.target.kept))
	for _, i := range w.target.kept {
		columns = append(columns, w.columns[i])
	}
	if u.Format == command.Parquet {
		o.content, err = newParquetContent(o, columns, u)
	} else {
		o.content, err = newTextContent(o, columns, u)
	}
	return o, err
}

// finish completes a file, which becomes visible.
func (w *sliceWriter) finish(ctx context.Context, o *object) error {
	if err := o.content.close(); err != nil {
		return doing(err, "Writing %s", o.url)
	}
	delete(w.open, o.partition)
	if w.current == o {
		w.current = nil
	}
	if err := o.w.Commit(ctx); err != nil {
		return doing(err, "Completing %s", o.url)
	}
	if w.statement.MasterKey != nil {
		o.bytes = sealedSize(o.bytes)
	}
	rows := o.rows
	if w.statement.Header {
		rows++ // the manifest's record_count counts header lines too
	}
	w.files = append(w.files, UnloadedFile{Slice: w.slice, URL: o.url, Start: o.begun, End: time.Now(), Rows: rows, Bytes: o.bytes})
	return nil
}

// finishAll completes every open file.
func (w *sliceWriter) finishAll(ctx context.Context) error {
	for _, o := range w.open {
		if err := w.finish(ctx, o); err != nil {
			return err
		}
	}
	return nil
}

// abort gives up what is not complete. Files that were completed stay, as those of a failed UNLOAD do.
func (w *sliceWriter) abort(ctx context.Context) error {
	var first error
	for _, o := range w.open {
		if err := o.w.Abort(ctx); err != nil && first == nil {
			first = doing(err, "Aborting %s", o.url)
		}
	}
	clear(w.open)
	w.current = nil
	return first
}

// textBuffer is how many bytes of rows are gathered before they are compressed.
const textBuffer = 64 << 10

// textContent is a file of one of the text formats.
type textContent struct {
	o          *object
	layout     layout
	compressor io.WriteCloser
	exact      bool // not compressed: the size is known before the row is written
	limit      int64
	buf        []byte
	held       int64 // bytes that the compressor took since it last gave some out
	given      int64 // o.bytes at that time
	empty      bool
}

func newTextContent(o *object, columns []value.Column, u *command.Unload) (*textContent, error) {
	z, err := compressor(u.Compression, o)
	if err != nil {
		return nil, err
	}
	c := &textContent{
		o: o, layout: newLayout(u, columns), compressor: z, exact: u.Compression == command.Uncompressed,
		limit: u.MaxFileSize, buf: make([]byte, 0, textBuffer+4096), empty: true,
	}
	if u.Header {
		c.buf = c.layout.header(c.buf)
	}
	return c, nil
}

// size is what the file holds already, with all that may still come out of the compressor.
func (c *textContent) size() int64 { return c.o.bytes + c.held + int64(len(c.buf)) }

func (c *textContent) row(fields []field) (bool, error) {
	before := len(c.buf)
	buf, err := c.layout.row(c.buf, fields)
	if err != nil {
		return false, err
	}
	c.buf = buf
	if !c.empty && c.size() > c.limit {
		c.buf = c.buf[:before]
		return true, nil
	}
	c.empty = false
	if len(c.buf) >= textBuffer {
		return false, c.flush()
	}
	return false, nil
}

func (c *textContent) flush() error {
	n, err := c.compressor.Write(c.buf)
	if err != nil {
		return err
	}
	c.buf = c.buf[:0]
	if c.exact {
		return nil
	}
	c.held += int64(n)
	if c.o.bytes != c.given {
		c.given = c.o.bytes
		c.held = int64(n)
	}
	return nil
}

func (c *textContent) close() error {
	if err := c.flush(); err != nil {
		return err
	}
	return c.compressor.Close()
}

// parquetContent is a Parquet file.
type parquetContent struct {
	o     *object
	w     *columnar.Writer
	limit int64
	row1  []columnar.Field
}

// rowGroupStep is what MAXFILESIZE is rounded down to a multiple of for Parquet.
const rowGroupStep = 32 << 20

func newParquetContent(o *object, columns []value.Column, u *command.Unload) (*parquetContent, error) {
	w, err := columnar.NewWriter(o, columns, u.RowGroupSize)
	if err != nil {
		return nil, err
	}
	return &parquetContent{o: o, w: w, limit: max(u.MaxFileSize/rowGroupStep, 1) * rowGroupStep}, nil
}

func (c *parquetContent) row(fields []field) (bool, error) {
	if c.w.Size() >= c.limit {
		return true, nil
	}
	c.row1 = c.row1[:0]
	for _, f := range fields {
		c.row1 = append(c.row1, columnar.Field{Text: f.text, Null: f.null})
	}
	return false, c.w.Row(c.row1)
}

func (c *parquetContent) close() error { return c.w.Close() }
