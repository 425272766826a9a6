package sealift

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/sealift/sealift/internal/hint"
	"github.com/sealift/sealift/journal"
	"github.com/sealift/sealift/plan"
	"github.com/sealift/sealift/receipt"
)

// Run is what a run left in the state folder.
type Run struct {
	ID      string
	Folder  string
	Plan    *plan.Plan
	Journal *journal.Log
	// Receipt is folded from plan and journal, so it is there for a run that was killed too.
	Receipt *receipt.Receipt
}

// OpenRun reads a run. id may be shortened to any part that only one run's id begins with, or be "last".
func OpenRun(stateDir, id string) (*Run, error) {
	ids, err := runIDs(stateDir)
	if err != nil {
		return nil, err
	}
	var found []string
	for _, known := range ids {
		if known == id {
			found = []string{known}
			break
		}
		if id != "" && strings.HasPrefix(known, id) {
			found = append(found, known)
		}
	}
	if id == "last" && len(ids) > 0 {
		found = ids[len(ids)-1:]
	}
	switch len(found) {
	case 1:
		return readRun(stateDir, found[0])
	case 0:
		return nil, hint.With(fmt.Errorf("there is no run %s in %s", id, stateDir), "sealift runs lists them; --state-dir names another folder")
	default:
		return nil, hint.With(fmt.Errorf("%s is the beginning of %d runs", id, len(found)), "write more of the id; sealift runs lists them")
	}
}

func readRun(stateDir, id string) (*Run, error) {
	r := &Run{ID: id, Folder: filepath.Join(stateDir, "runs", id)}
	text, err := os.ReadFile(filepath.Join(r.Folder, planFile))
	if err != nil {
		return nil, fmt.Errorf("run %s: %w", id, err)
	}
	if r.Plan, err = plan.Decode(text); err != nil {
		return nil, fmt.Errorf("run %s: %w", id, err)
	}
	if r.Journal, err = journal.ReadFile(filepath.Join(r.Folder, journalFile)); err != nil {
		return nil, fmt.Errorf("run %s: %w", id, err)
	}
	r.Receipt = receipt.Fold(r.Plan, r.Journal)
	if r.Receipt.Run == "" {
		r.Receipt.Run = id // it ended before its first entry was on disk
	}
	return r, nil
}

// Runs reads all runs, oldest first. A run that cannot be read is named in the error, beside the ones that can.
func Runs(stateDir string) ([]*Run, error) {
	ids, err := runIDs(stateDir)
	if err != nil {
		return nil, err
	}
	var runs []*Run
	var all error
	for _, id := range ids {
		r, err := readRun(stateDir, id)
		if err != nil {
			all = errors.Join(all, err)
			continue
		}
		runs = append(runs, r)
	}
	return runs, all
}

func runIDs(stateDir string) ([]string, error) {
	entries, err := os.ReadDir(filepath.Join(stateDir, "runs"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("list runs: %w", err)
	}
	var ids []string
	for _, e := range entries {
		if e.IsDir() {
			ids = append(ids, e.Name())
		}
	}
	slices.Sort(ids)
	return ids, nil
}
