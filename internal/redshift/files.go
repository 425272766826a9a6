package redshift

import (
	"context"
	"errors"
	"fmt"
	"slices"
)

// SyncedFiles has a row for each file that was loaded into a table that is synced, written in the transaction that published it; made
// by the first sync of files.
var SyncedFiles = own("files")

// SyncedFile is one of those files, as it was when it was loaded.
type SyncedFile struct {
	Name    string // the URL of an object; of a file, its path as the job says it, so that a job that is moved knows its files
	Size    int64
	Version string // the ETag of an object; when a file was modified
	Digest  string // SHA-256 of a file, in hex; "" for an object
}

// CreateSyncedFiles makes the table where it is missing.
func CreateSyncedFiles() SQL {
	return Build(`CREATE TABLE IF NOT EXISTS ? (
    target VARCHAR(1024) NOT NULL,
    name VARCHAR(8192) NOT NULL,
    bytes BIGINT NOT NULL,
    version VARCHAR(128) NOT NULL,
    digest VARCHAR(64) NOT NULL,
    run VARCHAR(64) NOT NULL,
    synced_at TIMESTAMP NOT NULL DEFAULT SYSDATE
)
DISTSTYLE ALL`, SyncedFiles)
}

// MaxFileName is how many bytes a name can have in that table.
const MaxFileName = 8192

// filesAtOnce bounds how many rows one statement writes, well below the 16 MB that a statement can have.
const filesAtOnce = 500

// KeepFiles writes the files that are published with a table; anew takes away those of before. run is known when it is published.
func KeepFiles(target string, files []SyncedFile, anew bool, run Fragment) (st []SQL) {
	if anew {
		st = append(st, Build("DELETE FROM ?\nWHERE target = ?", SyncedFiles, Lit(target)))
	}
	for part := range slices.Chunk(files, filesAtOnce) {
		rows := make([]SQL, 0, len(part))
		for _, f := range part {
			rows = append(rows, Build("(?, ?, ?, ?, ?, ?)", Lit(target), Lit(f.Name), Int(f.Size), Lit(f.Version), Lit(f.Digest), run))
		}
		st = append(st, Build("INSERT INTO ? (target, name, bytes, version, digest, run)\nVALUES ?", SyncedFiles, Join(",\n    ", rows...)))
	}
	return st
}

// FileAccount is what a target knows of the files that were synced into it.
type FileAccount struct {
	Cursors map[string]Cursor       // by target; nil where there is no table of them
	Files   map[string][]SyncedFile // by target; nil where there is no table of them
	Tables  map[string]bool         // of the targets that were asked for, those that are there
}

// ReadFileAccount reads the cursors and files of some targets.
func ReadFileAccount(ctx context.Context, q Querier, targets []Table) (a FileAccount, err error) {
	if a.Cursors, err = ReadCursors(ctx, q); err != nil {
		return a, err
	}
	a.Tables = make(map[string]bool, len(targets))
	wanted := make([]SQL, 0, len(targets)+1)
	names := make([]SQL, 0, len(targets))
	for _, t := range append(slices.Clone(targets), SyncedFiles) {
		wanted = append(wanted, Build("(n.nspname = ? AND c.relname = ?)", Lit(t.Schema.name), Lit(t.Name.name)))
	}
	err = q.Query(ctx, Build("SELECT n.nspname, c.relname\nFROM pg_catalog.pg_class c\nJOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace\nWHERE c.relkind = 'r' AND (?)",
		Join(" OR ", wanted...)), func(row []*string) error {
		if len(row) != 2 || slices.Contains(row, nil) {
			return errors.New("read which tables are there: a field is missing")
		}
		t, err := NewTable(*row[0], *row[1])
		if err != nil {
			return err
		}
		if t == SyncedFiles {
			a.Files = make(map[string][]SyncedFile)
		}
		a.Tables[t.String()] = true
		return nil
	})
	if err != nil || a.Files == nil {
		return a, err
	}
	for _, t := range targets {
		names = append(names, Build("?", Lit(t.String())))
	}
	err = q.Query(ctx, Build("SELECT target, name, bytes, version, digest\nFROM ?\nWHERE target IN (?)", SyncedFiles, Join(", ", names...)), func(row []*string) error {
		if len(row) != 5 || slices.Contains(row, nil) {
			return fmt.Errorf("read %s: a field is missing", SyncedFiles)
		}
		size, err := parseInt(row[2])
		a.Files[*row[0]] = append(a.Files[*row[0]], SyncedFile{Name: *row[1], Size: size, Version: *row[3], Digest: *row[4]})
		return err
	})
	return a, err
}
