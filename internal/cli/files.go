package cli

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// maxInput bounds what is read into memory: a plan of 10,000 tables is far below.
const maxInput = 1 << 30

// readFile reads a file that the command line names; - is stdin.
func (a *app) readFile(name string) (_ []byte, err error) {
	r := a.Stdin
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return nil, err // names the file itself
		}
		defer func() { err = errors.Join(err, f.Close()) }()
		r = f
	}
	text, err := io.ReadAll(io.LimitReader(r, maxInput+1))
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	if len(text) > maxInput {
		return nil, fmt.Errorf("read %s: it is larger than %d bytes", name, maxInput)
	}
	return text, nil
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
