package transfer

import (
	"bufio"
	"bytes"
	stdbzip2 "compress/bzip2"
	"fmt"
	"io"

	"github.com/dsnet/compress/bzip2"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"github.com/sealift/sealift/internal/local/transfer/command"
)

// suffix is what UNLOAD appends to a file's name for its compression.
func suffix(c command.Compression) string {
	switch c {
	case command.Gzip:
		return ".gz"
	case command.Bzip2:
		return ".bz2"
	case command.Zstd:
		return ".zst"
	default:
		return ""
	}
}

// encoderWindow keeps the memory of one zstd encoder small: there is one for each file being written.
const encoderWindow = 1 << 20

// compressor compresses into w; closing it does not close w.
func compressor(c command.Compression, w io.Writer) (io.WriteCloser, error) {
	switch c {
	case command.Uncompressed:
		return plain{w}, nil
	case command.Gzip:
		return gzip.NewWriterLevel(w, gzip.BestSpeed)
	case command.Bzip2:
		return bzip2.NewWriter(w, &bzip2.WriterConfig{Level: bzip2.BestCompression})
	case command.Zstd:
		return zstd.NewWriter(w, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1),
			zstd.WithWindowSize(encoderWindow), zstd.WithLowerEncoderMem(true))
	default:
		return nil, fmt.Errorf("no compressor for %s", c)
	}
}

type plain struct{ io.Writer }

func (plain) Close() error { return nil }

// decoderMemory bounds what a zstd frame may ask for, so that a load file cannot exhaust memory.
const decoderMemory = 128 << 20

// decompressor reads what r holds. Several members one after the other are one file, for gzip, bzip2 and zstd alike.
// An object of no bytes at all is an empty file.
func decompressor(c command.Compression, r io.ReadCloser) (io.ReadCloser, error) {
	if c == command.Uncompressed {
		return r, nil
	}
	buffered := bufio.NewReaderSize(r, 256<<10)
	if _, err := buffered.Peek(1); err == io.EOF {
		return both{bytes.NewReader(nil), r.Close}, nil
	}
	switch c {
	case command.Gzip:
		z, err := gzip.NewReader(buffered)
		if err != nil {
			return nil, err
		}
		return both{z, r.Close}, nil
	case command.Bzip2:
		return both{stdbzip2.NewReader(buffered), r.Close}, nil
	case command.Zstd:
		z, err := zstd.NewReader(buffered, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(decoderMemory), zstd.WithDecoderLowmem(true))
		if err != nil {
			return nil, err
		}
		return both{z, func() error {
			z.Close()
			return r.Close()
		}}, nil
	default:
		return nil, fmt.Errorf("no decompressor for %s", c)
	}
}

// both is a reader with a close of its own.
type both struct {
	io.Reader
	close func() error
}

func (b both) Close() error { return b.close() }
