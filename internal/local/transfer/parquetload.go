package transfer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"strings"

	"github.com/sealift/sealift/internal/local/dialect"
	"github.com/sealift/sealift/internal/local/transfer/columnar"
	"github.com/sealift/sealift/internal/local/transfer/command"
)

// readParquet loads one Parquet file. A row that does not fit ends the load at once: there is no MAXERROR for columnar
// formats (Redshift manual, COPY from columnar data formats).
func (s *loadSlice) readParquet(ctx context.Context, f loadFile, info ObjectInfo) (read int64, err error) {
	if s.Manifest && f.size != info.Size {
		return 0, internal("File %s has %d bytes, the manifest's content_length is %d", s.url, info.Size, f.size)
	}
	object := &rangeReader{ctx: ctx, store: s.store, loc: f.Location, size: info.Size}
	file, size := io.ReaderAt(object), info.Size
	if compression, ok := wholeFile[path.Ext(f.Key)]; ok {
		spool, spoolErr := s.spool(ctx, f.Location, compression)
		if spoolErr != nil {
			return 0, spoolErr
		}
		defer func() { err = errors.Join(err, spool.Close()) }()
		file, size, object.read = spool, spool.size, info.Size
	}
	reader, err := columnar.NewReader(file, size, s.converters, columnar.ReaderOptions{
		URL: s.httpsURL(), FillRecord: s.FillRecord, SerializeToJSON: s.SerializeToJSON,
	})
	if err != nil {
		return object.read, s.brokenParquet(err)
	}
	defer func() { err = errors.Join(err, reader.Close()) }()
	parquetRecord := &parquetRecord{}
	for {
		if s.missing != nil {
			return object.read, s.badValue(parquetRecord, nil, 0, s.missing.Column, missingValue())
		}
		batch, err := reader.Row(s.batch)
		if errors.Is(err, io.EOF) {
			return object.read, nil
		}
		s.lines++
		parquetRecord.line = s.lines
		if err != nil {
			return object.read, s.badParquetRow(err)
		}
		s.batch = batch
		s.rows.Add(1)
		for _, c := range s.converters {
			if c.Replaced {
				c.Replaced = false
				s.noteReplacement(parquetRecord, c.Name)
				break
			}
		}
		if len(s.batch) >= batchBytes {
			if err := s.out.flush(s); err != nil {
				return object.read, err
			}
		}
	}
}

// wholeFile are the endings of columnar files that are compressed as a whole, which COPY opens without being told (Redshift
// manual, COPY from columnar data formats).
var wholeFile = map[string]command.Compression{".gz": command.Gzip, ".bz2": command.Bzip2, ".snappy": ""}

// maxSpooled is how large a file may be that was compressed as a whole, in bytes. It lies in a temporary file while it is
// read, as the parts of a columnar file are not read in their order.
const maxSpooled = 8 << 30

// spooled is a file without a name: it is gone with its last reader.
type spooled struct {
	*os.File
	size int64
}

// spool opens a file that was compressed as a whole.
func (s *loadSlice) spool(ctx context.Context, at command.Location, compression command.Compression) (file spooled, err error) {
	if compression == "" { // of several forms, and the manual does not say which
		return file, &dialect.Error{
			Code: codeNotSupported, Hint: "see docs/standin.md",
			Message: fmt.Sprintf("COPY from PARQUET files that are compressed as a whole (%s) is not imitated by the stand-in", path.Ext(at.Key)),
		}
	}
	object, _, err := s.store.Open(ctx, at.Bucket, at.Key)
	if err != nil {
		return file, doing(err, "Reading %s", s.url)
	}
	plain, err := decompressor(compression, object)
	if err != nil {
		return file, errors.Join(s.broken(err), object.Close())
	}
	defer func() {
		if closeErr := plain.Close(); err == nil && closeErr != nil {
			err = errors.Join(doing(closeErr, "Reading %s", s.url), file.Close())
		}
	}()
	f, err := os.CreateTemp("", "copy-*.parquet")
	if err != nil {
		return file, fmt.Errorf("a temporary file for %s: %w", s.url, err)
	}
	if err := os.Remove(f.Name()); err != nil {
		return file, errors.Join(fmt.Errorf("take the name of a temporary file away: %w", err), f.Close())
	}
	size, err := io.Copy(f, io.LimitReader(&counted{Reader: plain, ctx: ctx}, maxSpooled+1))
	switch {
	case ctx.Err() != nil:
		return file, errors.Join(context.Cause(ctx), f.Close())
	case err != nil:
		return file, errors.Join(s.broken(err), f.Close())
	case size > maxSpooled:
		return file, errors.Join(internal("File %s has more than %d bytes when it is opened", s.url, int64(maxSpooled)), f.Close())
	}
	return spooled{f, size}, nil
}

// badParquetRow notes a value that does not fit its column; any other error is about the file.
func (s *loadSlice) badParquetRow(err error) error {
	var bad *columnar.RowError
	if !errors.As(err, &bad) {
		return s.brokenParquet(err)
	}
	c := s.columns[bad.Column]
	return s.note(LoadError{
		Line: s.lines, Column: c.Name, Type: shortTypeName(c.Column), Length: c.LengthText(),
		RawFieldValue: printable(bad.Text), Code: bad.Err.Code, Reason: bad.Err.Reason, Position: bad.Err.Pos,
	})
}

func (s *loadSlice) brokenParquet(err error) error {
	var (
		store  *StoreError
		schema *columnar.SchemaError
	)
	switch {
	case errors.As(err, &store):
		return doing(err, "Reading %s", s.url)
	case errors.As(err, &schema):
		return &scanError{code: schema.Code, context: schema.Message}
	}
	return &scanError{code: codeScan, context: fmt.Sprintf("File '%s': %v", s.httpsURL(), err)}
}

// httpsURL names the file as external scans do.
func (s *loadSlice) httpsURL() string {
	return "https://s3." + s.where + ".amazonaws.com/" + strings.TrimPrefix(s.url, "s3://")
}

// parquetRecord stands for a row of a columnar file where a line of text is asked for.
type parquetRecord struct{ line int64 }

func (r *parquetRecord) Raw() []byte { return nil }
func (r *parquetRecord) Line() int64 { return r.line }

// rangeReader reads parts of an object.
type rangeReader struct {
	ctx   context.Context //nolint:containedctx // io.ReaderAt has no parameter for it; it lives as long as one file is read
	store Store
	loc   command.Location
	size  int64
	read  int64 // bytes; one goroutine reads
}

func (r *rangeReader) ReadAt(p []byte, off int64) (n int, err error) {
	if off >= r.size {
		return 0, io.EOF
	}
	length := min(int64(len(p)), r.size-off)
	body, err := r.store.OpenRange(r.ctx, r.loc.Bucket, r.loc.Key, off, length)
	if err != nil {
		return 0, err
	}
	n, err = io.ReadFull(body, p[:length])
	r.read += int64(n)
	err = errors.Join(err, body.Close())
	if err == nil && n < len(p) {
		err = io.EOF
	}
	return n, err
}
