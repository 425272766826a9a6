package history

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"sync"
)

const (
	firstID = 100
	// idBlock is how many ids a crash may skip: the file is written once for each block.
	idBlock = 10_000
)

// ids gives out ascending numbers that never come twice, also after a crash.
type ids struct {
	file string

	mu       sync.Mutex // guards the rest
	last     int64      // given out
	reserved int64      // in the file: no larger one was given out
}

func (i *ids) open() error {
	text, err := os.ReadFile(i.file)
	if errors.Is(err, fs.ErrNotExist) {
		i.last, i.reserved = firstID, firstID
		return nil
	}
	if err != nil {
		return err
	}
	n, err := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64)
	if err != nil {
		return fmt.Errorf("%s does not hold a number: %w", i.file, err)
	}
	i.last, i.reserved = n, n
	return nil
}

// next answers the next number, and an error if it may come again after a crash.
func (i *ids) next() (int64, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.last++
	if i.last <= i.reserved {
		return i.last, nil
	}
	i.reserved = i.last + idBlock
	return i.last, i.write(i.reserved)
}

func (i *ids) close() error {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.write(i.last)
}

func (i *ids) write(n int64) error {
	partial := i.file + ".partial"
	if err := os.WriteFile(partial, fmt.Appendf(nil, "%d\n", n), 0o600); err != nil {
		return err
	}
	return os.Rename(partial, i.file)
}
