package s3

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"syscall"
)

// content keeps the encrypted content of objects and parts as files with random names: nothing of a key or bucket name
// ever reaches the file system. A file counts only once the description of an object or part names it; what a crash left
// without one is swept away at the next start.
//
// Files are not synced. The stand-in promises to survive being killed, not the machine's losing power, and a sync per
// object would be most of the time a small object takes.
type content struct {
	dir string

	mu     sync.Mutex
	room   int64          // bytes that may still be written; negative is no limit
	pins   map[string]int // readers of a file
	doomed map[string]bool
}

// piece is one content file of an object.
type piece struct {
	File string
	Size int64 // of the plaintext
}

func openContent(dir string) (*content, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	return &content{dir: dir, room: -1, pins: map[string]int{}, doomed: map[string]bool{}}, nil
}

func (c *content) path(file string) string { return filepath.Join(c.dir, file[:2], file) }

// sweep removes every file that is not in use.
func (c *content) sweep(used map[string]bool) error {
	return filepath.WalkDir(c.dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || used[d.Name()] {
			return err
		}
		return os.Remove(path) //nolint:gosec // in a folder of our own, with mode 0700
	})
}

// spend takes n bytes from what may still be written.
func (c *content) spend(n int) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.room < 0 {
		return nil
	}
	if int64(n) > c.room {
		return syscall.ENOSPC
	}
	c.room -= int64(n)
	return nil
}

// contentWriter writes one content file. Either keep or discard ends it.
type contentWriter struct {
	content *content
	file    *os.File
	name    string
	seal    *sealWriter
	size    int64
}

func (c *content) create(dataKey []byte) (_ *contentWriter, err error) {
	random := make([]byte, 16)
	rand.Read(random)
	w := &contentWriter{content: c, name: hex.EncodeToString(random)}
	if err := os.MkdirAll(filepath.Dir(c.path(w.name)), 0o700); err != nil {
		return nil, fmt.Errorf("write content: %w", err)
	}
	if w.file, err = os.OpenFile(c.path(w.name), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600); err != nil {
		return nil, fmt.Errorf("write content: %w", err)
	}
	if w.seal, err = newSealWriter(limited{w.file, c}, dataKey); err != nil {
		return nil, errors.Join(fmt.Errorf("write content: %w", err), w.discard())
	}
	return w, nil
}

// limited is a file on a disk that may be full.
type limited struct {
	file    *os.File
	content *content
}

func (l limited) Write(p []byte) (int, error) {
	if err := l.content.spend(len(p)); err != nil {
		return 0, &fs.PathError{Op: "write", Path: l.file.Name(), Err: err}
	}
	return l.file.Write(p)
}

func (w *contentWriter) Write(p []byte) (int, error) {
	n, err := w.seal.Write(p)
	w.size += int64(n)
	if err != nil {
		return n, fmt.Errorf("write content: %w", err)
	}
	return n, nil
}

// keep finishes the file. After an error the file is gone.
func (w *contentWriter) keep() (piece, error) {
	if err := errors.Join(w.seal.finish(), w.file.Close()); err != nil {
		return piece{}, errors.Join(fmt.Errorf("write content: %w", err), os.Remove(w.file.Name()))
	}
	return piece{File: w.name, Size: w.size}, nil
}

// discard removes the file.
func (w *contentWriter) discard() error {
	return errors.Join(w.file.Close(), os.Remove(w.file.Name()))
}

// remove deletes files that nothing names any more. One that is being read goes when its last reader is done, so that
// an object can be replaced while it is read. What cannot be deleted is swept at the next start.
func (c *content) remove(pieces []piece) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	var failed error
	for _, p := range pieces {
		if c.pins[p.File] > 0 {
			c.doomed[p.File] = true
			continue
		}
		failed = errors.Join(failed, os.Remove(c.path(p.File)))
	}
	return failed
}

// pin keeps files from being deleted until unpin. It must happen while the object's description still names them.
func (c *content) pin(pieces []piece) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, p := range pieces {
		c.pins[p.File]++
	}
}

func (c *content) unpin(pieces []piece) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	var failed error
	for _, p := range pieces {
		c.pins[p.File]--
		if c.pins[p.File] > 0 {
			continue
		}
		delete(c.pins, p.File)
		if c.doomed[p.File] {
			delete(c.doomed, p.File)
			failed = errors.Join(failed, os.Remove(c.path(p.File)))
		}
	}
	return failed
}

// contentReader reads length bytes from offset of an object that lies in several pieces. The pieces are pinned; Close
// unpins them.
type contentReader struct {
	content *content
	pinned  []piece
	dataKey []byte

	left   []piece // the current one first
	offset int64   // in the current piece
	length int64   // still to read
	file   *os.File
	plain  *sealReader
}

func (c *content) read(pinned []piece, dataKey []byte, offset, length int64) *contentReader {
	left := pinned
	for len(left) > 0 && offset >= left[0].Size {
		offset -= left[0].Size
		left = left[1:]
	}
	return &contentReader{content: c, pinned: pinned, dataKey: dataKey, left: left, offset: offset, length: length}
}

func (r *contentReader) Read(p []byte) (int, error) {
	for r.length > 0 {
		if r.plain == nil {
			if err := r.open(); err != nil {
				return 0, fmt.Errorf("read content: %w", err)
			}
		}
		n, err := r.plain.Read(p[:min(int64(len(p)), r.length)])
		r.length -= int64(n)
		switch {
		case n > 0:
			return n, nil
		case errors.Is(err, io.EOF):
			if err := r.next(); err != nil {
				return 0, fmt.Errorf("read content: %w", err)
			}
		case err != nil:
			return 0, fmt.Errorf("read content: %w", err)
		}
	}
	return 0, io.EOF
}

// open begins the current piece.
func (r *contentReader) open() (err error) {
	if len(r.left) == 0 {
		return errDamaged
	}
	p := r.left[0]
	if r.file, err = os.Open(r.content.path(p.File)); err != nil {
		return err
	}
	r.plain, err = newSealReader(r.file, r.dataKey, p.Size, r.offset, min(r.length, p.Size-r.offset))
	return err
}

// next goes on to the following piece.
func (r *contentReader) next() error {
	r.left, r.offset, r.plain = r.left[1:], 0, nil
	file := r.file
	r.file = nil
	return file.Close()
}

// Close gives the pieces back.
func (r *contentReader) Close() error {
	var err error
	if r.file != nil {
		err = r.file.Close()
		r.file = nil
	}
	if r.pinned != nil {
		err = errors.Join(err, r.content.unpin(r.pinned))
		r.pinned = nil
	}
	r.length = 0
	return err
}

// limit makes the disk full once n more bytes were written; a negative n is no limit.
func (c *content) limit(n int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.room = n
}
