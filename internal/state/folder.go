package state

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/sealift/sealift/journal"
	"github.com/sealift/sealift/plan"
)

// Folder keeps runs in a folder of this machine: runs/ID/ with three files.
func Folder(dir string) *Store { return &Store{place: folder(dir), name: dir} }

type folder string

func (f folder) where(run string) string { return filepath.Join(string(f), "runs", run) }

func (f folder) runs(context.Context) ([]string, error) {
	entries, err := os.ReadDir(filepath.Join(string(f), "runs"))
	if err != nil {
		return nil, err
	}
	var ids []string
	for _, e := range entries {
		if e.IsDir() && f.begun(e.Name()) {
			ids = append(ids, e.Name())
		}
	}
	return ids, nil
}

// begun tells whether anything is kept of a run. One that is being made, or that ended before its plan was written, has done nothing.
func (f folder) begun(run string) bool {
	for _, name := range []string{planFile, journalFile, receiptFile} {
		if _, err := os.Lstat(filepath.Join(f.where(run), name)); !errors.Is(err, fs.ErrNotExist) {
			return true
		}
	}
	return false
}

func (f folder) create(_ context.Context, run string, _ *plan.Plan) error {
	if err := os.MkdirAll(filepath.Dir(f.where(run)), 0o700); err != nil {
		return err
	}
	if err := os.Mkdir(f.where(run), 0o700); err != nil {
		return err
	}
	return journal.SyncFolder(filepath.Dir(f.where(run)))
}

func (f folder) read(_ context.Context, run, name string) ([]byte, error) {
	return os.ReadFile(filepath.Join(f.where(run), name))
}

func (f folder) write(_ context.Context, run, name string, content func(io.Writer) error) (err error) {
	w, err := os.CreateTemp(f.where(run), ".new-*")
	if err != nil {
		return err
	}
	err = errors.Join(content(w), w.Sync(), w.Close())
	if err == nil {
		err = os.Rename(w.Name(), filepath.Join(f.where(run), name))
	}
	if err != nil {
		return errors.Join(err, os.Remove(w.Name()))
	}
	return journal.SyncFolder(f.where(run))
}

func (f folder) journal(_ context.Context, run string) ([]byte, error) {
	return os.ReadFile(filepath.Join(f.where(run), journalFile))
}

// lock locks the journal itself, so that the lock goes with the process that holds it.
func (f folder) lock(_ context.Context, run string) (locked, error) {
	w, err := os.OpenFile(filepath.Join(f.where(run), journalFile), os.O_CREATE|os.O_RDWR|os.O_APPEND, 0o600)
	if err != nil {
		return nil, err
	}
	if err := lockFile(w); err != nil {
		return nil, errors.Join(err, w.Close())
	}
	if err := journal.SyncFolder(f.where(run)); err != nil {
		return nil, errors.Join(err, w.Close())
	}
	return lockedFile{w}, nil
}

type lockedFile struct{ *os.File }

func (l lockedFile) append(_ context.Context, size int64) (journal.Sink, error) {
	info, err := l.Stat()
	if err != nil {
		return nil, err
	}
	if info.Size() < size {
		return nil, fmt.Errorf("the journal is shorter than it was: %d bytes, not %d", info.Size(), size)
	}
	if info.Size() > size {
		if err := errors.Join(l.Truncate(size), l.Sync()); err != nil {
			return nil, err
		}
	}
	return l.File, nil
}

func (l lockedFile) unlock() error { return l.Close() }
