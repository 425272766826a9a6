// Package state keeps what is known of runs: for each its plan, its journal and its receipt, in a folder or in S3. It
// sees to it that only one process at a time writes a run's journal, and that a journal belongs to the plan beside it.
//
// Start from Open, which says where runs are kept, and Run. A place that keeps files (folder.go, bucket.go) knows no
// more of them than their names.
package state

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
	"time"

	"github.com/sealift/sealift/internal/hint"
	"github.com/sealift/sealift/journal"
	"github.com/sealift/sealift/plan"
)

// The names of a run's files.
const (
	planFile    = "plan.json"
	journalFile = "journal.jsonl"
	receiptFile = "receipt.json"
)

// Store keeps runs.
type Store struct {
	place place
	name  string // as the user named it
}

// place is where files are kept.
type place interface {
	// runs lists the names of all runs, in no order.
	runs(ctx context.Context) ([]string, error)
	// create makes room for a run, which must not be there; after it, nobody else can.
	create(ctx context.Context, run string, p *plan.Plan) error
	// read gives a file's content; fs.ErrNotExist if there is none.
	read(ctx context.Context, run, name string) ([]byte, error)
	// write replaces a file, whole or not at all.
	write(ctx context.Context, run, name string, content func(io.Writer) error) error
	// journal gives what a journal holds so far.
	journal(ctx context.Context, run string) ([]byte, error)
	// lock keeps others from writing a run's journal until the sink that append gives is closed, or unlock is called.
	lock(ctx context.Context, run string) (locked, error)
	where(run string) string
}

// locked is a journal that nobody else writes.
type locked interface {
	// append goes on after the first size bytes, and cuts off what is beyond them.
	append(ctx context.Context, size int64) (journal.Sink, error)
	unlock() error
}

// Run is one run.
type Run struct {
	ID   string
	Plan *plan.Plan
	Log  *journal.Log // as it was read; nil for a new run
	// Receipt is the kept text of the last account; nil if there is none.
	Receipt []byte
	// Journal is where to go on; nil for a run that is only read.
	Journal *journal.Writer
	store   *Store
}

// Where is where the run is kept.
func (r *Run) Where() string { return r.store.place.where(r.ID) }

// Create makes a run, with an empty journal that is open.
func (s *Store) Create(ctx context.Context, id string, p *plan.Plan) (*Run, error) {
	fail := func(err error) (*Run, error) {
		return nil, hint.With(fmt.Errorf("keep run %s in %s: %w", id, s.name, err), "nothing was done; "+nameOne)
	}
	if err := s.place.create(ctx, id, p); err != nil {
		return fail(err)
	}
	if err := s.place.write(ctx, id, planFile, p.Encode); err != nil {
		return fail(err)
	}
	l, err := s.place.lock(ctx, id)
	if err != nil {
		return fail(err)
	}
	sink, err := l.append(ctx, 0)
	if err != nil {
		return fail(errors.Join(err, l.unlock()))
	}
	return &Run{ID: id, Plan: p, Journal: journal.New(sink, time.Now), store: s}, nil
}

// Resume opens a run's journal to go on with it. Until it is closed, no other process can.
func (s *Store) Resume(ctx context.Context, id string) (_ *Run, err error) {
	id, err = s.find(ctx, id)
	if err != nil {
		return nil, err
	}
	l, err := s.place.lock(ctx, id)
	if errors.Is(err, plan.ErrBusy) {
		return nil, hint.With(fmt.Errorf("run %s: %w", id, err), "wait for it to end, or end it")
	}
	if err != nil {
		return nil, fmt.Errorf("run %s: %w", id, err)
	}
	r, err := s.read(ctx, id)
	if err != nil {
		return nil, errors.Join(err, l.unlock())
	}
	sink, err := l.append(ctx, r.Log.Size)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("run %s: %w", id, err), l.unlock())
	}
	r.Journal = journal.Continue(sink, time.Now, r.Log)
	return r, nil
}

// Read reads a run. id may be shortened to any part that only one run's id begins with, or be "last".
func (s *Store) Read(ctx context.Context, id string) (*Run, error) {
	id, err := s.find(ctx, id)
	if err != nil {
		return nil, err
	}
	return s.read(ctx, id)
}

func (s *Store) read(ctx context.Context, id string) (*Run, error) {
	fail := func(err error) (*Run, error) { return nil, fmt.Errorf("run %s: %w", id, err) }
	text, err := s.place.read(ctx, id, planFile)
	if err != nil {
		return fail(err)
	}
	r := &Run{ID: id, store: s}
	if r.Plan, err = plan.Decode(text); err != nil {
		return fail(err)
	}
	if err := r.readLog(ctx); err != nil {
		return fail(err)
	}
	if r.Receipt, err = s.place.read(ctx, id, receiptFile); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fail(err)
	}
	return r, nil
}

// readLog reads the journal, and holds its first entry against the run and the plan that it is kept with.
func (r *Run) readLog(ctx context.Context) error {
	text, err := r.store.place.journal(ctx, r.ID)
	if err != nil {
		return err
	}
	if r.Log, err = journal.Read(bytes.NewReader(text)); err != nil {
		return fmt.Errorf("%s: %w", r.Where(), err)
	}
	if len(r.Log.Entries) == 0 {
		return nil // it ended before its first entry was written
	}
	begin := r.Log.Entries[0]
	if begin.Run != r.ID || begin.Plan != r.Plan.ID {
		return hint.With(fmt.Errorf("%s: the journal is of run %s and plan %s, but it is kept as run %s with plan %s", r.Where(), begin.Run, begin.Plan, r.ID, r.Plan.ID),
			"files of two runs were mixed up: restore what belongs together; nothing was done")
	}
	return nil
}

// ReadLog reads the journal as it stands now.
func (r *Run) ReadLog(ctx context.Context) (*journal.Log, error) {
	err := r.readLog(ctx)
	return r.Log, err
}

// WriteReceipt keeps the account of the run.
func (r *Run) WriteReceipt(ctx context.Context, text []byte) error {
	err := r.store.place.write(ctx, r.ID, receiptFile, func(w io.Writer) error {
		_, err := w.Write(text)
		return err
	})
	if err != nil {
		return fmt.Errorf("keep the receipt of run %s: %w", r.ID, err)
	}
	return nil
}

// Close lets others go on with the run.
func (r *Run) Close() error {
	if r.Journal == nil {
		return nil
	}
	return r.Journal.Close()
}

// IDs lists all runs, the oldest first.
func (s *Store) IDs(ctx context.Context) ([]string, error) {
	ids, err := s.place.runs(ctx)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("list runs in %s: %w", s.name, err)
	}
	slices.Sort(ids)
	return ids, nil
}

// last is the run that began last. Ids tell the second; of runs that began within one, their journals tell.
func (s *Store) last(ctx context.Context, ids []string) (string, error) {
	last := ids[len(ids)-1]
	second, _, _ := strings.Cut(last, "-")
	var began time.Time
	for _, id := range slices.Backward(ids[:len(ids)-1]) {
		if !strings.HasPrefix(id, second+"-") {
			break
		}
		if began.IsZero() {
			r, err := s.read(ctx, last)
			if err != nil {
				return "", err
			}
			began = r.began()
		}
		r, err := s.read(ctx, id)
		if err != nil {
			return "", err
		}
		if b := r.began(); b.After(began) {
			last, began = id, b
		}
	}
	return last, nil
}

// began is when the run's journal began; the zero time if it never did.
func (r *Run) began() time.Time {
	if len(r.Log.Entries) == 0 {
		return time.Time{}
	}
	return r.Log.Entries[0].Time
}

// find completes an id.
func (s *Store) find(ctx context.Context, id string) (string, error) {
	ids, err := s.IDs(ctx)
	if err != nil {
		return "", err
	}
	if id == "last" && len(ids) > 0 {
		return s.last(ctx, ids)
	}
	if len(ids) == 0 {
		return "", hint.With(fmt.Errorf("there is no run in %s", s.name), "--state-dir names another place; sealift clean JOB finds what runs left, without their state")
	}
	if slices.Contains(ids, id) {
		return id, nil
	}
	var found []string
	for _, known := range ids {
		if id != "" && strings.HasPrefix(known, id) {
			found = append(found, known)
		}
	}
	switch len(found) {
	case 1:
		return found[0], nil
	case 0:
		return "", hint.With(fmt.Errorf("there is no run %s in %s", id, s.name), "sealift runs lists them; --state-dir names another place")
	default:
		return "", hint.With(fmt.Errorf("%s is the beginning of %d runs", id, len(found)), "write more of the id; sealift runs lists them")
	}
}
