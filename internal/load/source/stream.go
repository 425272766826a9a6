package source

import (
	"archive/tar"
	"archive/zip"
	"bufio"
	"bytes"
	"compress/bzip2"
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/klauspost/compress/flate"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"github.com/sealift/sealift/internal/hint"
)

// Stream is the bytes of one file of records, uncompressed.
type Stream struct {
	// Name is the input's, with the entry behind ! where it is an archive.
	Name string
	// Packing says how it was packed, the outermost first: zip, gzip. Empty for plain.
	Packing []string
	io.Reader
}

// Limits keep a small file that unpacks without end (a decompression bomb) from filling a bucket.
type Limits struct {
	// Ratio is how many bytes one compressed byte may become, looked at once more than 64 MiB came out.
	Ratio int64
	// Size is how many bytes may come out of one input.
	Size int64
}

// DefaultLimits let every honest file of records through: text rarely packs better than 50 to 1.
var DefaultLimits = Limits{Ratio: 400, Size: 16 << 40}

// ratioFrom is where the ratio begins to count: small files of zeros are harmless.
const ratioFrom = 64 << 20

// Opener opens inputs and their entries.
type Opener struct {
	Limits Limits
	// Read counts the bytes that were read of inputs, as they are stored. It may be looked at at any time.
	Read atomic.Int64
}

// Each calls do with every stream of an input, one after another: with the input itself, or with each file in it where
// it is an archive. An error of do ends it and is returned.
func (o *Opener) Each(ctx context.Context, in Input, do func(Stream) error) (err error) {
	r, err := in.Open(ctx)
	if err != nil {
		return fmt.Errorf("open %s: %w", in.Name, err)
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	counted := &counter{r: r, total: &o.Read}
	return o.unpack(ctx, in, in.Name, counted, counted, nil, do)
}

// counter counts what passes.
type counter struct {
	r     io.Reader
	n     int64
	total *atomic.Int64
}

func (c *counter) Read(b []byte) (int, error) {
	n, err := c.r.Read(b)
	c.n += int64(n)
	c.total.Add(int64(n))
	return n, err
}

// Peek is how many bytes tell how something is packed: enough to see a tar header.
const Peek = 512

// readers are what streams are read through: one more for each of many small files would be most of the memory that a load takes.
var readers = sync.Pool{New: func() any { return bufio.NewReaderSize(nil, 256<<10) }}

// unpack takes off one layer of packing, or calls do.
func (o *Opener) unpack(ctx context.Context, in Input, name string, r io.Reader, stored *counter, packing []string, do func(Stream) error) error {
	b := readers.Get().(*bufio.Reader) //nolint:forcetypeassert // the pool holds nothing else
	b.Reset(r)
	defer func() {
		b.Reset(nil)
		readers.Put(b)
	}()
	begin, err := b.Peek(Peek)
	if err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("read %s: %w", name, unpackError(packing, err))
	}
	kind := Packing(begin)
	if kind != "" && len(packing) >= 3 {
		return fmt.Errorf("%s is packed more than three times (%s)", name, strings.Join(packing, " in "))
	}
	inner := append(slices.Clip(packing), kind)
	switch kind {
	case "":
		return do(Stream{Name: name, Packing: packing, Reader: &limited{r: b, stored: stored, limits: o.Limits, name: name, packing: packing}})
	case "zip":
		return o.zip(ctx, in, name, packing, do)
	case "tar":
		return o.tar(ctx, in, name, b, stored, inner, do)
	}
	plain, err := decompress(kind, b)
	if err != nil {
		return fmt.Errorf("read %s: %w", name, unpackError(inner, err))
	}
	defer plain.Close()
	return o.unpack(ctx, in, name, plain, stored, inner, do)
}

// Packing says what begins like this: gzip, bzip2, zstd, zip, tar, or "" for nothing that is known.
func Packing(b []byte) string {
	switch {
	case bytes.HasPrefix(b, []byte{0x1f, 0x8b, 8}):
		return "gzip"
	case bytes.HasPrefix(b, []byte("BZh")) && len(b) > 9 && bytes.Equal(b[4:10], []byte{0x31, 0x41, 0x59, 0x26, 0x53, 0x59}):
		return "bzip2"
	case bytes.HasPrefix(b, []byte{0x28, 0xb5, 0x2f, 0xfd}):
		return "zstd"
	case bytes.HasPrefix(b, []byte("PK\x03\x04")), bytes.HasPrefix(b, []byte("PK\x05\x06")):
		return "zip"
	case len(b) >= 262 && string(b[257:262]) == "ustar":
		return "tar"
	default:
		return ""
	}
}

// maxWindow bounds the memory of a Zstandard stream, whose author chooses it: what zstd --ultra --long=27 writes still
// passes.
const maxWindow = 128 << 20

func decompress(kind string, r io.Reader) (io.ReadCloser, error) {
	switch kind {
	case "gzip":
		return gzip.NewReader(r) // all members, one after another
	case "bzip2":
		return io.NopCloser(bzip2.NewReader(r)), nil
	case "zstd":
		d, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(maxWindow), zstd.WithDecoderLowmem(true))
		if err != nil {
			return nil, err
		}
		return d.IOReadCloser(), nil
	}
	panic("source: no such compression: " + kind)
}

// unpackError says in our words that a compressed stream was cut short.
func unpackError(packing []string, err error) error {
	if errors.Is(err, io.ErrUnexpectedEOF) && len(packing) > 0 {
		return hint.With(fmt.Errorf("the %s stream is cut short: %w", packing[len(packing)-1], err), "fetch or write the file again; nothing was loaded")
	}
	return err
}

func (o *Opener) tar(ctx context.Context, in Input, name string, r io.Reader, stored *counter, packing []string, do func(Stream) error) error {
	for t := tar.NewReader(r); ; {
		h, err := t.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil && !errors.Is(err, tar.ErrInsecurePath) {
			return fmt.Errorf("read %s: %w", name, unpackError(packing, err))
		}
		if err := checkEntry(name, h.Name); err != nil {
			return err
		}
		switch {
		case h.Typeflag == tar.TypeDir, h.Typeflag == tar.TypeXGlobalHeader, hiddenEntry(h.Name):
			continue
		case h.Typeflag != tar.TypeReg:
			return noFile(name, h.Name)
		}
		if err := o.unpack(ctx, in, name+"!"+h.Name, t, stored, packing, do); err != nil {
			return err
		}
	}
}

// zip reads the entries of an archive, which needs its end first.
func (o *Opener) zip(ctx context.Context, in Input, name string, packing []string, do func(Stream) error) (err error) {
	if in.At == nil || len(packing) > 0 || name != in.Name {
		return hint.With(fmt.Errorf("%s is a zip archive, whose table of contents stands at its end", name),
			"it cannot be read as a stream: name it as a file or an object of its own")
	}
	at, err := in.At(ctx)
	if err != nil {
		return fmt.Errorf("open %s: %w", in.Name, err)
	}
	defer func() { err = errors.Join(err, at.Close()) }()
	z, err := zip.NewReader(at, in.Size)
	if err != nil && !errors.Is(err, zip.ErrInsecurePath) {
		return fmt.Errorf("read %s: %w", name, err)
	}
	for _, f := range z.File {
		if err := checkEntry(name, f.Name); err != nil {
			return err
		}
	}
	stored := &counter{total: &o.Read}
	z.RegisterDecompressor(zip.Store, func(r io.Reader) io.ReadCloser {
		stored.r = r
		return io.NopCloser(stored)
	})
	z.RegisterDecompressor(zip.Deflate, func(r io.Reader) io.ReadCloser {
		stored.r = r
		return flate.NewReader(stored)
	})
	for _, f := range z.File {
		switch {
		case strings.HasSuffix(f.Name, "/"), hiddenEntry(f.Name):
			continue
		case !f.Mode().IsRegular():
			return noFile(name, f.Name)
		}
		if err := o.zipEntry(ctx, in, name, f, stored, do); err != nil {
			return err
		}
	}
	return nil
}

func (o *Opener) zipEntry(ctx context.Context, in Input, name string, f *zip.File, stored *counter, do func(Stream) error) (err error) {
	name += "!" + f.Name
	if f.Flags&1 != 0 {
		return hint.With(fmt.Errorf("%s is encrypted", name), "decrypt the archive first")
	}
	r, err := f.Open()
	if err != nil {
		return fmt.Errorf("read %s: %w", name, err)
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	return o.unpack(ctx, in, name, r, stored, []string{"zip"}, do)
}

// checkEntry refuses archives that were made to write somewhere else. Nothing is written here, but whoever made such an
// archive meant no good, and its names go into messages and receipts.
func checkEntry(archive, entry string) error {
	clean := path.Clean(strings.ReplaceAll(entry, `\`, "/"))
	if path.IsAbs(clean) || clean == ".." || strings.HasPrefix(clean, "../") || strings.ContainsRune(entry, 0) {
		return hint.With(fmt.Errorf("%s holds an entry named %q, which leads out of the archive", archive, entry), "nothing of it was read: find out where the archive comes from")
	}
	return nil
}

// noFile refuses links, whose files are not in the archive, and devices.
func noFile(archive, entry string) error {
	return hint.With(fmt.Errorf("%s holds an entry named %q, which is no file", archive, entry), "pack the archive anew, with files in place of links")
}

// hiddenEntry tells what no one means by the archive's files: __MACOSX, .DS_Store and their like.
func hiddenEntry(name string) bool {
	for part := range strings.SplitSeq(name, "/") {
		if part != "." && strings.IndexAny(part, "._") == 0 {
			return true
		}
	}
	return false
}

// limited is a stream that ends with an error where its limits are passed.
type limited struct {
	r       io.Reader
	stored  *counter
	limits  Limits
	name    string
	packing []string
	out     int64
	base    int64 // of stored when the stream began
	begun   bool
}

func (l *limited) Read(b []byte) (int, error) {
	if !l.begun {
		l.begun, l.base = true, max(0, l.stored.n-peekAhead)
	}
	n, err := l.r.Read(b)
	l.out += int64(n)
	read := max(1, l.stored.n-l.base)
	switch {
	case len(l.packing) > 0 && l.out > ratioFrom && l.out/read > l.limits.Ratio:
		return n, hint.With(fmt.Errorf("%s unpacks to more than %d times its size", l.name, l.limits.Ratio), "is it meant to? a larger --max-ratio lets it through")
	case l.out > l.limits.Size:
		return n, hint.With(fmt.Errorf("%s is longer than %d bytes", l.name, l.limits.Size), "is it meant to be? a larger --max-size lets it through")
	case err != nil && !errors.Is(err, io.EOF):
		return n, fmt.Errorf("read %s: %w", l.name, unpackError(l.packing, err))
	}
	return n, err
}

// peekAhead is what buffers may have read of an input before its stream began.
const peekAhead = 512 << 10
