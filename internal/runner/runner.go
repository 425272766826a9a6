package runner

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/sealift/sealift/internal/effect"
	"github.com/sealift/sealift/internal/redshift"
	"github.com/sealift/sealift/journal"
	"github.com/sealift/sealift/plan"
)

// Session is one connection to a warehouse. Its errors answer OutcomeUnknown when a statement may have happened although
// no answer came.
type Session interface {
	redshift.Querier
	Exec(ctx context.Context, sql redshift.SQL) (rows int64, err error)
	// ID is the server process and the time it began, as the warehouse itself tells both: the number of a process alone
	// is somebody else's one day.
	ID() journal.Session
	Broken() bool
	Close(ctx context.Context) error
}

// Stage is where the data passes through. Prefixes are keys that end in a slash.
type Stage interface {
	Check(ctx context.Context, prefix string) (journal.Facts, error)
	Empty(ctx context.Context, prefix string) (removed int, err error)
}

// Journal takes entries and returns when they are on disk.
type Journal interface {
	Append(e journal.Entry) (journal.Entry, error)
}

// Config is what a run needs. All fields are required unless they say otherwise.
type Config struct {
	Plan    *plan.Plan
	Run     string // the run's id
	Source  func(ctx context.Context) (Session, error)
	Target  func(ctx context.Context) (Session, error)
	Stage   Stage
	Journal Journal
	Log     *slog.Logger
	// NewMarker makes the id of a marker row: unique, hard to guess.
	NewMarker func() string
	// Stop, when closed, ends the run at the next step of each table: nothing new is started. Optional.
	Stop <-chan struct{}
	Now  func() time.Time
	// Point is told of every effect; see package effect. Optional, for tests.
	Point effect.Hook
}

// errStopped says that a table was left because the run was told to stop.
var errStopped = errors.New("stopped before this step")

// cleanUpTime bounds what is done for a table after it failed or was interrupted.
const cleanUpTime = 60 * time.Second

// run is one execution of a plan.
type run struct {
	Config
	source, target *pool
	mu             sync.Mutex
	published      map[string]bool // by target name; under mu
}

// Run carries out the plan. What became of it is in the journal; the error is only for what keeps a run from being
// accounted for: the journal cannot be written.
func Run(ctx context.Context, c Config) (err error) {
	r := &run{
		Config:    c,
		source:    newPool("source", c.Source, c.Plan.Concurrency.Unload),
		target:    newPool("target", c.Target, c.Plan.Concurrency.Copy),
		published: make(map[string]bool, len(c.Plan.Tables)),
	}
	defer func() {
		end, cancel := afterwards(ctx)
		defer cancel()
		err = errors.Join(err, r.source.close(end), r.target.close(end))
	}()
	if err := r.write(ctx, journal.Entry{Type: journal.Begin, Version: journal.Version, Run: r.Run, Plan: r.Plan.ID}); err != nil {
		return err
	}
	for _, s := range r.Plan.Prologue {
		if err := r.do(ctx, &table{}, s); err != nil {
			return journalOnly(err) // without schemas and ledger no table can be published
		}
	}
	if err := r.tables(ctx); err != nil {
		return err
	}
	for _, s := range r.Plan.Epilogue {
		if !r.allPublished(s.Needs) {
			continue
		}
		if err := r.do(ctx, &table{}, s); journalOnly(err) != nil {
			return err
		}
	}
	return nil
}

// tables runs every table, the largest first, as many at once as statements can be at work on both sides.
func (r *run) tables(ctx context.Context) error {
	next := make(chan *plan.Table)
	errs := make(chan error, r.Plan.Concurrency.Unload+r.Plan.Concurrency.Copy)
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var workers sync.WaitGroup
	for range cap(errs) {
		workers.Go(func() {
			for t := range next {
				if err := r.table(ctx, t); err != nil {
					// The journal cannot be written: nothing may be done any more, by any worker.
					cancel(err)
					errs <- err
					return
				}
			}
		})
	}
feed:
	for _, t := range largestFirst(r.Plan.Tables) {
		select {
		case next <- t:
		case <-ctx.Done():
			break feed
		case <-r.Stop:
			break feed
		}
	}
	close(next)
	workers.Wait()
	close(errs)
	var all error
	for err := range errs {
		all = errors.Join(all, err)
	}
	return all
}

// largestFirst orders tables so that the longest is not begun last, with everything else waiting for it.
func largestFirst(tables []plan.Table) []*plan.Table {
	order := make([]*plan.Table, len(tables))
	for i := range tables {
		order[i] = &tables[i]
	}
	slices.SortStableFunc(order, func(a, b *plan.Table) int { return cmp.Compare(b.EstimatedBytes, a.EstimatedBytes) })
	return order
}

// table is one table's run: what later steps need from earlier ones.
type table struct {
	plan    *plan.Table // nil for steps outside tables
	facts   journal.Facts
	digest  *redshift.Digest // the source's, once unloaded
	started bool             // something may be staged
	loaded  bool             // the shadow may exist
}

// table takes one table through its steps. A failure ends the table, cleans up after it, and is in the journal; the
// error is only for a journal that cannot be written.
func (r *run) table(ctx context.Context, p *plan.Table) error {
	t := &table{plan: p}
	for _, s := range p.Steps {
		err := r.do(ctx, t, s)
		if err == nil {
			continue
		}
		if err := journalOnly(err); err != nil {
			return err
		}
		r.Log.Info("table failed", "table", p.Target, "step", s.ID, "err", err)
		return r.cleanUp(ctx, t, s, err)
	}
	return nil
}

// cleanUp removes what a failed table left. It works after cancellation too, for a bounded time.
func (r *run) cleanUp(ctx context.Context, t *table, failed plan.Step, cause error) error {
	ctx, cancel := afterwards(ctx)
	defer cancel()
	if isUnknown(cause) && failed.Kind == plan.Publish {
		// The publish may have happened, or be about to: shadow and stage stay until somebody has looked.
		return nil
	}
	var all error
	if t.loaded {
		for _, s := range t.plan.Undo {
			all = errors.Join(all, journalOnly(r.do(ctx, t, s)))
		}
	}
	if t.started && failed.Kind != plan.Empty && r.Plan.Stage.Keep == "never" {
		all = errors.Join(all, journalOnly(r.do(ctx, t, plan.Step{
			ID: t.plan.Target + "/empty", Kind: plan.Empty, About: "empty the stage after a failure",
		})))
	}
	return all
}

// afterwards is a context for clean-up, which outlives cancellation but not by much.
func afterwards(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), cleanUpTime)
}

func (r *run) allPublished(targets []string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, t := range targets {
		if !r.published[t] {
			return false
		}
	}
	return true
}

// stopped tells whether the run was told to stop.
func (r *run) stopped() bool {
	select {
	case <-r.Stop:
		return true
	default:
		return false
	}
}

// journalError says that the journal cannot be written, which ends everything.
type journalError struct{ error }

func (e journalError) Unwrap() error { return e.error }

// journalOnly keeps err only if it is about the journal: other failures are in the journal already.
func journalOnly(err error) error {
	if _, ok := errors.AsType[journalError](err); ok {
		return fmt.Errorf("the run was ended: %w", err)
	}
	return nil
}

// isUnknown tells whether what failed may have happened all the same.
func isUnknown(err error) bool {
	var u interface{ OutcomeUnknown() bool }
	return errors.As(err, &u) && u.OutcomeUnknown()
}
