package load

import (
	"context"
	"errors"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"github.com/sealift/sealift/internal/load/delimited"
)

// RowsJob is what SendRows needs.
type RowsJob struct {
	// Read reads rows, written as COPY reads them, and hands over blocks of whole ones, of some BlockSize, with their
	// number. A block is hand's from then on; an empty one is answered in its place.
	Read func(ctx context.Context, hand func(block []byte, rows int64) (empty []byte, err error)) error
	// Pass makes what each block goes through on its way: it answers what is staged, which is the block, or was appended to out. Each
	// writer has one of its own.
	Pass func() func(out, block []byte) ([]byte, error)

	Create   func(ctx context.Context, part int) (Upload, error)
	Slices   int
	PartSize int64
	Records  *atomic.Int64
}

// BlockSize is what travels at once.
const BlockSize = blockSize

// SendRows stages rows that are written as COPY reads them. It is as Send in everything else.
func SendRows(ctx context.Context, j RowsJob) (*Sent, error) {
	if j.PartSize == 0 {
		j.PartSize = DefaultPartSize
	}
	if j.Records == nil {
		j.Records = new(atomic.Int64)
	}
	s := newSending(Job{Create: j.Create, Slices: j.Slices, PartSize: j.PartSize, Records: j.Records})
	s.pass = j.Pass
	g, gctx := errgroup.WithContext(ctx)
	g.Go(func() error {
		defer close(s.blocks)
		begin := s.begin(gctx, g)
		err := j.Read(gctx, func(rows []byte, n int64) ([]byte, error) {
			begin(len(rows))
			select {
			case s.blocks <- block{text: delimited.Block{Text: rows}, rows: n}:
			case <-gctx.Done():
				return nil, context.Cause(gctx)
			}
			empty, ok := s.buffers.Get().(*[]byte)
			if !ok {
				return nil, errors.New("no buffer")
			}
			return *empty, nil
		})
		return err
	})
	if err := g.Wait(); err != nil {
		return nil, err
	}
	return s.sum(), nil
}
