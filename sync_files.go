package sealift

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/sealift/sealift/internal/connect"
	"github.com/sealift/sealift/internal/delta"
	"github.com/sealift/sealift/internal/hint"
	"github.com/sealift/sealift/internal/load/source"
	"github.com/sealift/sealift/internal/objects"
	"github.com/sealift/sealift/internal/planner"
	"github.com/sealift/sealift/internal/redshift"
	"github.com/sealift/sealift/job"
	"github.com/sealift/sealift/plan"
)

// FilesToSync is an entry of a job's files: where they arrive, and how they are loaded.
type FilesToSync struct {
	Load  LoadRequest // without its files
	Paths []string    // as the job has them
	Dir   string      // the job's folder, in which relative ones begin
	// IgnoreGone says nothing of files that were loaded and are not there any more.
	IgnoreGone bool
}

// SyncingFiles is what a sync would do with the files of one table.
type SyncingFiles struct {
	Plan  *plan.Plan `json:"-"` // nil where nothing is to be loaded
	Files *Files     `json:"-"` // those that it loads

	Source    string   `json:"source"` // as the job has it
	Target    string   `json:"target"`
	Mode      string   `json:"mode"`
	New       []string `json:"new,omitempty"` // that are loaded: new ones, or all where the table is moved anew
	Known     int      `json:"known"`         // that were loaded before, and are what they were
	Replaced  []string `json:"replaced,omitempty"`
	Gone      []string `json:"gone,omitempty"`
	Renamed   []string `json:"renamed,omitempty"` // those that have what a file had that is gone: they are not loaded
	Unchanged bool     `json:"unchanged,omitempty"`
	Error     string   `json:"error,omitempty"` // why they are not synced
	Hint      string   `json:"hint,omitempty"`
}

// Whole tells whether nothing has to be said of the files but that they are, or will be, in the table.
func (s *SyncingFiles) Whole() bool {
	return s.Error == "" && len(s.Replaced)+len(s.Gone)+len(s.Renamed) == 0
}

// FileAccount is what a target knows of the files that were synced into some of its tables.
type FileAccount struct {
	found  redshift.FileAccount
	twice  map[string]bool // tables of more than one entry
	target job.Warehouse
}

// ReadFileAccount asks a target which files were synced into the tables of some entries.
func ReadFileAccount(ctx context.Context, target job.Warehouse, entries []FilesToSync, o Options) (*FileAccount, error) {
	a := &FileAccount{twice: make(map[string]bool), target: target}
	var tables []redshift.Table
	seen := make(map[string]bool)
	for _, e := range entries {
		t, err := redshift.ParseTable(e.Load.Table)
		if err != nil {
			return nil, err
		}
		a.twice[t.String()] = seen[t.String()]
		if !seen[t.String()] {
			tables = append(tables, t)
		}
		seen[t.String()] = true
	}
	both, err := meet(ctx, plan.Warehouse{}, planner.Warehouse(target), application, o)
	if err != nil {
		return nil, err
	}
	err = both.through(ctx, o, func(ctx context.Context) error {
		return inSession(ctx, both.target, func(s *connect.Session) (err error) {
			a.found, err = redshift.ReadFileAccount(ctx, s, tables)
			return err
		})
	})
	return a, err
}

// Plan finds out which files of an entry are new, and says what a sync would do. It changes nothing. What is wrong with the entry is
// in the answer, so that others go on; the error is for whoever gave up waiting.
func (a *FileAccount) Plan(ctx context.Context, e FilesToSync, q SyncRequest, o Options) (*SyncingFiles, error) {
	s := &SyncingFiles{Source: strings.Join(e.Paths, ", "), Target: e.Load.Table, Mode: e.Load.Mode}
	err := a.plan(ctx, e, q, o, s)
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	if err != nil {
		s.Error, s.Hint = err.Error(), hint.Of(err)
	}
	return s, nil
}

func (a *FileAccount) plan(ctx context.Context, e FilesToSync, q SyncRequest, o Options, s *SyncingFiles) error {
	table, err := redshift.ParseTable(e.Load.Table)
	if err != nil {
		return err
	}
	s.Target = table.String()
	was := a.found.Cursors[s.Target]
	next := redshift.Cursor{Target: s.Target, Source: "files " + s.Source, Spec: filesSpec(e.Load), Mode: s.Mode}
	switch {
	case s.Mode == "create":
		return hint.With(errors.New("mode: create loads once"), "for sync: append, merge or replace")
	case a.twice[s.Target]:
		return hint.With(errors.New("two entries load into it, and sync keeps one account of files for a table"), "put both paths into one entry: path: [A, B]")
	case q.From != "" || q.Until != "":
		return errors.New("--from and --until say values of since, and files have none")
	case q.Full:
	case was.Target == "":
	case was.Spec != next.Spec:
		return hint.With(fmt.Errorf("the job says something else about it than when it was synced last (run %s)", was.Run), "sync it anew with --full-refresh, or put the job back")
	case !a.found.Tables[s.Target]:
		return hint.With(fmt.Errorf("the table is gone from the target; files were synced into it last by run %s", was.Run), "--full-refresh makes it anew of all files that are there")
	}
	synced := a.found.Files[s.Target]
	files, found, err := e.arrived(ctx, synced)
	if err != nil {
		return err
	}
	c, err := delta.Files(found, synced)
	if err != nil {
		return err
	}
	s.Known = c.Known
	for _, r := range c.Renamed {
		if e.IgnoreGone { // files are moved away once they are loaded: another that is like one of them is new
			c.New = append(c.New, r.To)
			continue
		}
		s.Renamed = append(s.Renamed, found[r.To].Name)
	}
	slices.Sort(c.New)
	if !e.IgnoreGone {
		s.Gone = c.Gone
	}
	for _, i := range c.Replaced {
		s.Replaced = append(s.Replaced, found[i].Name)
	}
	anew := q.Full || s.Mode == "replace" && len(c.New)+len(c.Replaced)+len(s.Gone)+len(s.Renamed) > 0
	take := c.New
	if anew {
		s.Replaced, s.Gone, s.Renamed = nil, nil, nil // the table has no rows of theirs any more
		take = make([]int, len(found))
		for i := range take {
			take[i] = i
		}
		if len(found) == 0 {
			return hint.With(fmt.Errorf("there is no file in %s", s.Source), "the table keeps what it has")
		}
	}
	if s.Unchanged = len(take) == 0; s.Unchanged {
		return nil
	}
	sync := &planner.FileSync{Was: was, Anew: anew, Cursors: a.found.Cursors != nil, Account: a.found.Files != nil}
	s.Files = files.only(take)
	if sync.Files, err = sums(ctx, found, take); err != nil {
		return err
	}
	for _, f := range sync.Files {
		s.New = append(s.New, f.Name)
	}
	next.Seen = fmt.Sprintf("%d files", len(take))
	if !anew {
		next.Seen = fmt.Sprintf("%d files", len(synced)+len(take))
	}
	sync.Cursor = next
	e.Load.Files, e.Load.sync = s.Files, sync
	s.Plan, err = PlanLoad(ctx, e.Load, o)
	return err
}

// filesSpec is the same as long as files that were loaded before and files that are loaded now go together.
func filesSpec(q LoadRequest) string {
	h := sha256.New()
	for _, f := range append([]string{"files", q.Mode}, q.Key...) {
		_, _ = fmt.Fprintf(h, "%d:%s,", len(f), f)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// arrived finds the files that are there. A path without any has none yet, or none any more.
func (e FilesToSync) arrived(ctx context.Context, synced []redshift.SyncedFile) (*Files, []delta.File, error) {
	dir, err := filepath.Abs(e.Dir)
	if err != nil {
		return nil, nil, err
	}
	known := make(map[string]bool, len(synced))
	for _, s := range synced {
		known[s.Name] = true
	}
	all := &Files{objects: make(map[string]objects.Object)}
	seen := make(map[string]bool)
	var found []delta.File
	for _, path := range e.Paths {
		remote, relative := strings.HasPrefix(path, objects.Scheme), !filepath.IsAbs(path)
		argument := path
		switch {
		case path == "-":
			return nil, nil, errors.New("standard input cannot be synced: nothing tells whether it was read before")
		case !remote && relative:
			argument = filepath.Join(dir, path)
		}
		name := func(f plan.File) (string, error) {
			if remote || !relative {
				return f.Path, nil
			}
			rel, err := filepath.Rel(dir, f.Path)
			return filepath.ToSlash(rel), err
		}
		files, err := OpenFiles(ctx, []string{argument}, nil, e.Load.Stage.Region)
		switch {
		case errors.Is(err, source.ErrNone), errors.Is(err, objects.ErrNone):
			continue
		case errors.Is(err, fs.ErrNotExist) && known[filepath.ToSlash(filepath.Clean(path))]:
			continue // a file that was loaded, and is gone
		case err != nil:
			return nil, nil, err
		}
		for i, f := range files.files {
			if seen[f.Path] {
				continue
			}
			seen[f.Path] = true
			file := delta.File{SyncedFile: redshift.SyncedFile{Size: f.Size, Version: f.ETag}}
			if file.Name, err = name(f); err != nil {
				return nil, nil, err
			}
			switch {
			case !utf8.ValidString(file.Name) || strings.ContainsRune(file.Name, 0) || len(file.Name) > redshift.MaxFileName:
				return nil, nil, fmt.Errorf("%q has a name that cannot be kept: longer than %d bytes, or no UTF-8", f.Path, redshift.MaxFileName)
			case f.ETag == "" && f.Modified.IsZero():
				return nil, nil, fmt.Errorf("%s is no regular file, and can be read once only", f.Name)
			case f.ETag == "":
				file.Version = f.Modified.UTC().Format(time.RFC3339Nano)
				file.Sum = func() (string, error) { return sum(f.Path) }
			default:
				all.objects[f.Path] = files.objects[f.Path]
			}
			all.files, all.inputs = append(all.files, f), append(all.inputs, files.inputs[i])
			found = append(found, file)
		}
	}
	return all, found, nil
}

// only are some of the files.
func (f *Files) only(indexes []int) *Files {
	out := &Files{objects: f.objects}
	for _, i := range indexes {
		out.files, out.inputs = append(out.files, f.files[i]), append(out.inputs, f.inputs[i])
	}
	return out
}

// sums completes the files that are loaded by their digests, several at once.
func sums(ctx context.Context, found []delta.File, take []int) ([]redshift.SyncedFile, error) {
	out := make([]redshift.SyncedFile, len(take))
	err := each(ctx, len(take), func(_ context.Context, n int) (err error) {
		out[n] = found[take[n]].SyncedFile
		if sum := found[take[n]].Sum; sum != nil {
			out[n].Digest, err = sum()
		}
		return err
	})
	return out, err
}

// sum is the SHA-256 of a file.
func sum(path string) (_ string, err error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", fmt.Errorf("read %s: %w", path, err)
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}
