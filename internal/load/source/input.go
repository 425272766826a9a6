package source

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/sealift/sealift/internal/hint"
)

// Input is something that can be opened: a file, an object, standard input.
type Input struct {
	Name string
	Size int64 // bytes as they are stored; -1 if that is not known beforehand
	// Open starts reading at the beginning.
	Open func(ctx context.Context) (io.ReadCloser, error)
	// At opens it for reading anywhere, as zip archives and Parquet need; nil where that cannot be.
	At func(ctx context.Context) (ReaderAt, error)
}

// ReaderAt reads anywhere in something of a known size.
type ReaderAt interface {
	io.ReaderAt
	io.Closer
}

// Files finds what the arguments of a command mean: a file, a folder (all files in it and below, in order of their
// names), a pattern, or - for standard input. left lists files that were passed over in folders, and among those that match a pattern: hidden
// ones, which begin with a point or underscore, as Redshift itself passes them over. They may be in the making.
func Files(arguments []string, stdin io.Reader) (inputs []Input, left []string, err error) {
	seen := make(map[string]bool)
	add := func(path string, size int64) {
		if !seen[path] {
			seen[path] = true
			inputs = append(inputs, file(path, size))
		}
	}
	for _, a := range arguments {
		if a == "-" {
			if seen["-"] {
				return nil, nil, errors.New("standard input can be read once only: - is there twice")
			}
			seen["-"] = true
			once := &rewinding{r: stdin}
			inputs = append(inputs, Input{Name: "-", Size: -1, Open: once.open})
			continue
		}
		paths, passed, err := expand(a)
		if err != nil {
			return nil, nil, err
		}
		left = append(left, passed...)
		for _, p := range paths {
			info, err := os.Stat(p)
			if err != nil {
				return nil, nil, fmt.Errorf("open %s: %w", p, errors.Unwrap(err))
			}
			switch {
			case info.IsDir():
				passed, err := folder(p, add)
				if err != nil {
					return nil, nil, err
				}
				left = append(left, passed...)
			case info.Mode().IsRegular():
				add(p, info.Size())
			default:
				add(p, -1) // a pipe, say: it can be read, once
			}
		}
	}
	if len(inputs) == 0 {
		return nil, left, none("there is no file in " + strings.Join(arguments, ", "))
	}
	return inputs, left, nil
}

// ErrNone says that a folder, or a pattern, has no file.
var ErrNone = errors.New("there is no file")

type none string

func (n none) Error() string { return string(n) }

func (none) Is(target error) bool { return target == ErrNone }

// Open opens files by their names, each as it is, for nothing in them is a pattern.
func Open(paths []string) ([]Input, error) {
	inputs := make([]Input, 0, len(paths))
	for _, p := range paths {
		info, err := os.Stat(p)
		if err != nil {
			return nil, fmt.Errorf("open %s: %w", p, errors.Unwrap(err))
		}
		size := int64(-1)
		if info.Mode().IsRegular() {
			size = info.Size()
		}
		inputs = append(inputs, file(p, size))
	}
	return inputs, nil
}

// expand is what the shell would have done, for arguments in quotes. left are hidden files that match: a pattern that begins to spell such
// names out, as _x*, means them.
func expand(a string) (paths, left []string, err error) {
	_, err = os.Lstat(a)
	if err == nil || !strings.ContainsAny(a, "*?[") {
		if err != nil {
			return nil, nil, hint.With(fmt.Errorf("open %s: %w", a, errors.Unwrap(err)), "name a file, a folder, a pattern, - for standard input, or s3://bucket/key")
		}
		return []string{a}, nil, nil
	}
	all, err := filepath.Glob(a)
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", a, err)
	}
	meant := hidden(filepath.Base(a))
	for _, path := range all {
		if !meant && hidden(filepath.Base(path)) {
			left = append(left, path)
		} else {
			paths = append(paths, path)
		}
	}
	if len(paths) == 0 {
		return nil, left, none("no file matches " + a)
	}
	slices.Sort(paths)
	return paths, left, nil
}

func hidden(name string) bool { return strings.IndexAny(name, "._") == 0 }

// folder adds the regular files below root.
func folder(root string, add func(string, int64)) (left []string, err error) {
	err = filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		passed := path != root && hidden(d.Name())
		switch {
		case passed && d.IsDir():
			left = append(left, path)
			return fs.SkipDir
		case passed, !d.IsDir() && !d.Type().IsRegular():
			left = append(left, path)
			return nil
		case d.IsDir():
			return nil
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		add(path, info.Size())
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("look through %s: %w", root, err)
	}
	return left, nil
}

func file(path string, size int64) Input {
	in := Input{Name: path, Size: size, Open: func(context.Context) (io.ReadCloser, error) {
		return os.Open(path)
	}}
	if size >= 0 {
		in.At = func(context.Context) (ReaderAt, error) { return os.Open(path) }
	}
	return in
}
