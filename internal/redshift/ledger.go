package redshift

import (
	"context"
	"errors"
	"fmt"
	"slices"
)

// LedgerSchema holds Sealift's own tables in the target. They are never moved.
const LedgerSchema = "sealift"

// Sealift's own tables: the ledger has a row, the marker, for each publish, written in the transaction that publishes;
// the fence says which process may publish a table.
var (
	Ledger  = own("ledger")
	Fence   = own("fence")
	Cursors = own("cursors") // how far each table that is synced has come; made by the first sync
)

func own(name string) Table {
	t, err := NewTable(LedgerSchema, name)
	if err != nil {
		panic("redshift: " + err.Error()) // constants
	}
	return t
}

// CreateLedger makes both tables where they are missing.
func CreateLedger() []SQL {
	return []SQL{
		Build(`CREATE TABLE IF NOT EXISTS ? (
    marker VARCHAR(64) NOT NULL,
    run VARCHAR(64) NOT NULL,
    target VARCHAR(1024) NOT NULL,
    row_count BIGINT NOT NULL,
    digest VARCHAR(64) NOT NULL,
    published_at TIMESTAMP NOT NULL DEFAULT SYSDATE
)
DISTSTYLE ALL`, Ledger),
		Build(`CREATE TABLE IF NOT EXISTS ? (
    target VARCHAR(1024) NOT NULL,
    holder VARCHAR(64) NOT NULL,
    touched_at TIMESTAMP NOT NULL DEFAULT SYSDATE
)
DISTSTYLE ALL`, Fence),
	}
}

// Cursor is how far a table that is synced has come, as the transaction that published last left it.
type Cursor struct {
	Target    string
	Source    string // as people write it
	Spec      string // a digest of what the job said of the table
	Mode      string
	Since     string // the column, "" for none
	Watermark string // its greatest value that was moved, as text
	Seen      string // what rows were there
	Passed    int64  // rows at the watermark or below it, where they are counted
	Run       string
	Rows      int64  // that the last sync moved
	SyncedAt  string // UTC
}

// CreateCursors makes the table of cursors where it is missing.
func CreateCursors() SQL {
	return Build(`CREATE TABLE IF NOT EXISTS ? (
    target VARCHAR(1024) NOT NULL,
    source VARCHAR(1024) NOT NULL,
    spec VARCHAR(64) NOT NULL,
    mode VARCHAR(16) NOT NULL,
    since VARCHAR(128) NOT NULL,
    watermark VARCHAR(128) NOT NULL,
    seen VARCHAR(512) NOT NULL,
    passed BIGINT NOT NULL,
    run VARCHAR(64) NOT NULL,
    row_count BIGINT NOT NULL,
    synced_at TIMESTAMP NOT NULL DEFAULT SYSDATE
)
DISTSTYLE ALL`, Cursors)
}

// ReadCursors reads all cursors, by their targets; nil where there is no table of them yet.
func ReadCursors(ctx context.Context, q Querier) (map[string]Cursor, error) {
	there := false
	err := q.Query(ctx, Build("SELECT 1 FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = ? AND c.relname = ?",
		Lit(LedgerSchema), Lit(Cursors.Name.name)), func([]*string) error {
		there = true
		return nil
	})
	if err != nil || !there {
		return nil, err
	}
	out := make(map[string]Cursor)
	err = q.Query(ctx, Build("SELECT target, source, spec, mode, since, watermark, seen, passed, run, row_count, synced_at FROM ?", Cursors), func(row []*string) error {
		if len(row) != 11 || slices.Contains(row, nil) {
			return errors.New("read the cursors of synced tables: a field is missing")
		}
		c := Cursor{Target: *row[0], Source: *row[1], Spec: *row[2], Mode: *row[3], Since: *row[4], Watermark: *row[5], Seen: *row[6], Run: *row[8], SyncedAt: *row[10]}
		var err error
		if c.Passed, err = parseInt(row[7]); err == nil {
			c.Rows, err = parseInt(row[9])
		}
		if _, twice := out[c.Target]; err == nil && twice {
			err = fmt.Errorf("%s has two cursors in %s", c.Target, Cursors)
		}
		out[c.Target] = c
		return err
	})
	return out, err
}

// CursorIs counts the cursors of a target that are not the one that was read; the zero Cursor is for none.
func CursorIs(target string, was Cursor) SQL {
	if was.Target == "" {
		return Build("SELECT COUNT(*)\nFROM ?\nWHERE target = ?", Cursors, Lit(target))
	}
	return Build("SELECT 1 - COUNT(*)\nFROM ?\nWHERE target = ? AND run = ? AND watermark = ? AND spec = ?", Cursors, Lit(target), Lit(was.Run), Lit(was.Watermark), Lit(was.Spec))
}

// MoveCursor writes a cursor in the place of the one before: what was seen, rows and run as fragments, which may be known only when it is
// published. Passed counts the rows that were there before; those that are moved are added.
func MoveCursor(c Cursor, seen, run, rows Fragment) []SQL {
	return []SQL{
		Build("DELETE FROM ?\nWHERE target = ?", Cursors, Lit(c.Target)),
		Build("INSERT INTO ? (target, source, spec, mode, since, watermark, seen, passed, run, row_count)\nVALUES (?, ?, ?, ?, ?, ?, ?, ? + ?, ?, ?)", Cursors,
			Lit(c.Target), Lit(c.Source), Lit(c.Spec), Lit(c.Mode), Lit(c.Since), Lit(c.Watermark), seen, Int(c.Passed), rows, run, rows),
	}
}

// ContentQuery counts the loads of the same content into a table that the ledger has. Marker rows of copies have digests
// of rows, which are never those of files.
func ContentQuery(target, digest Fragment) SQL {
	return Build("SELECT COUNT(*)\nFROM ?\nWHERE target = ? AND digest = ?", Ledger, target, digest)
}

// SlicesQuery asks how many files a cluster reads at once. Workgroups do not have this view.
func SlicesQuery() SQL { return Build("SELECT COUNT(*) FROM stv_slices") }

// MarkerQuery asks whether the transaction that was to leave a marker has committed: it answers 0 or 1. Only the answer
// to a session that began after the transaction's own was over is final.
func MarkerQuery(marker string) SQL {
	return Build("SELECT COUNT(*)\nFROM ?\nWHERE marker = ?", Ledger, Lit(marker))
}
