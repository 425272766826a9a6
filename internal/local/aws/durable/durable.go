// Package durable keeps values in JSON files that, after any crash, are either as before or as after a save, never
// between. It knows nothing of what it keeps. Files are readable by their owner only: they hold secrets.
//
// Save and Load are one file and one value; File also undoes a change in memory that the disk refused.
package durable

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Save replaces the file at path by v as JSON.
func Save(path string, v any) error {
	data, err := json.MarshalIndent(v, "", "  ")
	if err == nil {
		err = replace(path, data)
	}
	if err != nil {
		return fmt.Errorf("save %s: %w", path, err)
	}
	return nil
}

// Load reads the file at path into v. It reports false if there is none yet.
func Load(path string, v any) (bool, error) {
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("load: %w", err)
	}
	if err := json.Unmarshal(data, v); err != nil {
		return false, fmt.Errorf("load %s: %w", path, err)
	}
	return true, nil
}

// File is one file that holds a T. Its user serialises the calls.
type File[T any] struct {
	path  string
	saved []byte
}

// Open reads the file at path into v. If there is none yet v stays as it is, and found is false. version is the field of v that says in
// which form it is written; one that another program wrote in another form is an error, and not read as if it were ours.
func Open[T any](path string, v *T, version *int) (f *File[T], found bool, err error) {
	ours := *version
	found, err = Load(path, v)
	if err == nil && *version != ours {
		err = fmt.Errorf("%s has version %d, this program writes version %d", path, *version, ours)
	}
	if err != nil {
		return nil, false, err
	}
	// Before the first save, what v holds now is what a failed one goes back to.
	saved, err := json.Marshal(v)
	if err != nil {
		return nil, false, fmt.Errorf("open %s: %w", path, err)
	}
	return &File[T]{path: path, saved: saved}, found, nil
}

// Save replaces the file's content by *v. If that fails, *v is put back to what the file holds: a change that was not
// kept must not be acted upon either.
func (f *File[T]) Save(v *T) error {
	data, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("save %s: %w", f.path, err)
	}
	err = Save(f.path, json.RawMessage(data))
	if err == nil {
		f.saved = data
		return nil
	}
	var before T
	if again := json.Unmarshal(f.saved, &before); again != nil {
		panic("durable: what was written before cannot be read: " + again.Error())
	}
	*v = before
	return err
}

func replace(path string, data []byte) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*") // mode 0600
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(f.Name()))
		}
	}()
	_, err = f.Write(data)
	// Synced before the rename: otherwise a crash could leave the new name with empty content.
	err = errors.Join(err, f.Sync(), f.Close())
	if err != nil {
		return err
	}
	return errors.Join(os.Rename(f.Name(), path), syncDir(filepath.Dir(path)))
}

func syncDir(path string) error {
	dir, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}
