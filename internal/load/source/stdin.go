package source

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
)

// maxKept bounds what is kept of standard input to be read a second time.
const maxKept = 64 << 20

// rewinding is standard input, which can be opened twice: what was read the first time, to look at it, is kept for the
// second.
type rewinding struct {
	r     io.Reader
	opens int
	kept  bytes.Buffer
}

func (w *rewinding) open(ctx context.Context) (io.ReadCloser, error) {
	w.opens++
	switch w.opens {
	case 1:
		return io.NopCloser(&keeping{w: w, r: &waiting{ctx: ctx, r: w.r}}), nil
	case 2:
		return io.NopCloser(io.MultiReader(&w.kept, &waiting{ctx: ctx, r: w.r})), nil
	default:
		return nil, errors.New("standard input was read already, and cannot be read again")
	}
}

// keeping remembers what it reads.
type keeping struct {
	w *rewinding
	r io.Reader
}

func (k *keeping) Read(b []byte) (int, error) {
	if k.w.kept.Len() > maxKept {
		return 0, fmt.Errorf("the first %d bytes of standard input do not tell what it is", maxKept)
	}
	n, err := k.r.Read(b)
	k.w.kept.Write(b[:n])
	return n, err
}

// waiting reads from something that may have nothing to give for long, a pipe or a terminal, and stops waiting when the
// context ends. What is read then is lost, with the process.
type waiting struct {
	ctx  context.Context //nolint:containedctx // the reader of one opening, which has the opening's context
	r    io.Reader
	left []byte
	mu   sync.Mutex
	buf  []byte
}

type readResult struct {
	n   int
	err error
}

func (w *waiting) Read(b []byte) (int, error) {
	if len(w.left) > 0 {
		n := copy(b, w.left)
		w.left = w.left[n:]
		return n, nil
	}
	if w.ctx.Err() != nil {
		return 0, context.Cause(w.ctx)
	}
	if w.buf == nil {
		w.buf = make([]byte, 256<<10)
	}
	done := make(chan readResult, 1)
	go func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		n, err := w.r.Read(w.buf)
		done <- readResult{n, err}
	}()
	select {
	case got := <-done:
		n := copy(b, w.buf[:got.n])
		w.left = w.buf[n:got.n]
		if len(w.left) > 0 {
			got.err = nil // it comes again
		}
		return n, got.err
	case <-w.ctx.Done():
		return 0, context.Cause(w.ctx)
	}
}
