package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"syscall"

	"github.com/sealift/sealift/internal/hint"
	"github.com/sealift/sealift/internal/show"
	"github.com/sealift/sealift/job"
)

// maxInput bounds what is read into memory: a plan of 10,000 tables is far below.
const maxInput = 1 << 30

// readFile reads a file that the command line names; - is stdin.
func (a *app) readFile(ctx context.Context, name string) ([]byte, error) {
	return unlessInterrupted(ctx, a, func() (text []byte, err error) {
		r := a.Stdin
		if name != "-" {
			var f *os.File
			if f, err = os.Open(name); err != nil { // not another err: what is deferred joins it
				return nil, hint.Usage(err) // names the file itself
			}
			defer func() { err = errors.Join(err, f.Close()) }()
			r = f
		}
		text, err = io.ReadAll(io.LimitReader(r, maxInput+1))
		if errors.Is(err, syscall.EISDIR) {
			return nil, hint.Usage(fmt.Errorf("%s is a folder", name))
		}
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", name, err)
		}
		if len(text) > maxInput {
			return nil, fmt.Errorf("read %s: it is larger than %d bytes", name, maxInput)
		}
		return text, nil
	})
}

// unlessInterrupted answers what read reads, unless a signal comes first. A FIFO that nobody writes, a terminal, or a disk that is
// gone, can keep a process waiting for ever, and a context does not reach it: the reading is left behind, and ends with the process.
func unlessInterrupted[T any](ctx context.Context, a *app, read func() (T, error)) (T, error) {
	ctx, release := a.cancellable(ctx)
	defer release()
	type answer struct {
		value T
		err   error
	}
	done := make(chan answer, 1)
	go func() {
		value, err := read()
		done <- answer{value, err}
	}()
	select {
	case got := <-done:
		return got.value, got.err
	case <-ctx.Done():
		var none T
		return none, context.Cause(ctx)
	}
}

// notOdd refuses a place that is written as an address, and is none of S3's: it would be taken for a folder of this machine.
func notOdd(what, place string) error {
	if !job.IsOddAddress(place) {
		return nil
	}
	return hint.With(hint.Usage(fmt.Errorf("%s%s is neither a path nor s3://BUCKET/KEY", what, show.Safe(place))), "what has this name on this machine is written with ./ before it")
}

// writeFile writes an answer to a file, whole or not at all.
func writeFile(name string, write func(io.Writer) error) error {
	f, err := os.CreateTemp(filepath.Dir(name), "."+filepath.Base(name)+"-*")
	if err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	err = errors.Join(write(f), f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), name)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("write %s: %w", name, err), os.Remove(f.Name()))
	}
	return nil
}
