package sealift

import (
	"context"
	"fmt"

	"github.com/sealift/sealift/internal/hint"
	"github.com/sealift/sealift/internal/state"
	"github.com/sealift/sealift/journal"
	"github.com/sealift/sealift/plan"
	"github.com/sealift/sealift/receipt"
)

// Run is what is kept of a run.
type Run struct {
	ID      string
	Folder  string // where it is kept: a folder, or an s3:// address
	Plan    *plan.Plan
	Journal *journal.Log
	// Receipt is folded from plan and journal, so it is there for a run that was killed too.
	Receipt *receipt.Receipt
}

// OpenRun reads a run. id may be shortened to any part that only one run's id begins with, or be "last". stateDir is a
// folder or s3://BUCKET/PREFIX.
func OpenRun(ctx context.Context, stateDir, id string) (*Run, error) {
	store, err := state.Open(ctx, stateDir)
	if err != nil {
		return nil, err
	}
	return readRun(ctx, store, id)
}

func readRun(ctx context.Context, store *state.Store, id string) (*Run, error) {
	kept, err := store.Read(ctx, id)
	if err != nil {
		return nil, err
	}
	if err := checkReceipt(kept); err != nil {
		return nil, err
	}
	r := &Run{ID: kept.ID, Folder: kept.Where(), Plan: kept.Plan, Journal: kept.Log, Receipt: receipt.Fold(kept.Plan, kept.Log)}
	if r.Receipt.Run == "" {
		r.Receipt.Run = r.ID // it ended before its first entry was on disk
	}
	return r, nil
}

// checkReceipt holds a kept receipt, if there is one, against plan and journal. A run whose journal has lost its end is
// found by it: going on from there would do once more what was done.
func checkReceipt(kept *state.Run) error {
	if kept.Receipt == nil {
		return nil
	}
	if err := receipt.Check(kept.Plan, kept.Log, kept.Receipt); err != nil {
		return hint.With(fmt.Errorf("run %s: %s: %w", kept.ID, kept.Where(), err),
			"restore its files as they were; nothing was done. What the run published is in sealift.ledger of the target")
	}
	return nil
}

// Runs reads all runs, oldest first. What keeps some of them from being read is in unread, an error for each.
func Runs(ctx context.Context, stateDir string) (runs []*Run, unread []error, err error) {
	store, err := state.Open(ctx, stateDir)
	if err != nil {
		return nil, nil, err
	}
	ids, err := store.IDs(ctx)
	if err != nil {
		return nil, nil, err
	}
	for _, id := range ids {
		r, err := readRun(ctx, store, id)
		if err != nil {
			unread = append(unread, err)
			continue
		}
		runs = append(runs, r)
	}
	return runs, unread, nil
}
