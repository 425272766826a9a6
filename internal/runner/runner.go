package runner

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sealift/sealift/internal/effect"
	"github.com/sealift/sealift/internal/redshift"
	"github.com/sealift/sealift/journal"
	"github.com/sealift/sealift/plan"
)

// Session is one connection to a warehouse. Its errors answer OutcomeUnknown when the connection was lost: true if the
// statement may have happened although no answer came.
type Session interface {
	redshift.Querier
	Exec(ctx context.Context, sql redshift.SQL) (rows int64, err error)
	// ID is the server process and the time it began, as the warehouse itself tells both: the number of a process alone
	// is somebody else's one day.
	ID() journal.Session
	Broken() bool
	Close(ctx context.Context) error
}

// Stage is where the data passes through. Prefixes are what keys begin with; that of an attempt ends in a slash.
type Stage interface {
	Check(ctx context.Context, prefix string) (journal.Facts, error)
	Empty(ctx context.Context, prefix string) (removed int, err error)
}

// Sender reads the files of a load, or a PostgreSQL server, and stages their records.
type Sender interface {
	// Send stages the records of t's files, or the rows of the server's table, under prefix, and writes the manifest for COPY. Every object is checked. The facts
	// tell rows (-1 where nobody counted them, because COPY reads the files as they are), objects, bytes, manifest and content; for an attempt after the first, which tells that files are read again.
	Send(ctx context.Context, t *plan.Table, prefix string, attempt int) (journal.Facts, error)
	// Place tells which line of which file a line of a staged object came from. It knows what this process has sent.
	Place(object string, line int64) (file string, at int64, ok bool)
}

// Fetcher writes what an UNLOAD staged into files.
type Fetcher interface {
	// Fetch writes the objects under prefix into the files that t names, whole or not at all, and counts their records.
	Fetch(ctx context.Context, t *plan.Table, prefix string, attempt int) (journal.Facts, error)
}

// Keys writes the keys of masks into an object of the stage, for one COPY to read.
type Keys interface {
	Put(ctx context.Context, key string) error
}

// Lease is the claim of this process on the target, or on the run where there is none. Take answers plan.ErrHeld when another run has it, and otherwise
// whose claim it overrode; Renew answers plan.ErrHeld when another run has taken it.
type Lease interface {
	Take(ctx context.Context, force bool) (overrode string, err error)
	Renew(ctx context.Context) error
	Release(ctx context.Context) error
	TTL() time.Duration
}

// Journal takes entries and returns when they are on disk.
type Journal interface {
	Append(e journal.Entry) (journal.Entry, error)
}

// Config is what a run needs. All fields are required unless they say otherwise.
type Config struct {
	Plan *plan.Plan
	Run  string // the run's id
	// History is what the journal held when it was opened. Empty for a new run.
	History []journal.Entry
	Torn    bool // the last line of History was cut short, and is cut off now
	Source  func(ctx context.Context) (Session, error)
	Target  func(ctx context.Context) (Session, error)
	Stage   Stage
	Fetcher Fetcher // for plans of unloads only, which need no Target
	Sender  Sender  // for plans of loads, and of PostgreSQL servers, which need no Source
	Lease   Lease
	Keys    Keys   // for plans with masks only
	Doors   []Door // of warehouses that would not let us in otherwise; optional
	Journal Journal
	Log     *slog.Logger
	// Holder is what this process claims the target's tables by: fresh for each process, hard to guess.
	Holder string
	// NewMarker makes the id of a marker row: unique, hard to guess.
	NewMarker func() string
	// Unchanged compares both catalogs with the plan, for those tables that are still to be published. It is asked when
	// a run is resumed. Its error is plan.ErrStale if they differ.
	Unchanged func(ctx context.Context, targets map[string]bool) error
	Force     bool // take the target from a run that holds it
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

// run is one process's work on a plan.
type run struct {
	Config
	at             *position // where the work of earlier processes ended
	source, target *pool
	cancel         context.CancelCauseFunc // ends everything; with plan.ErrHeld, when the target is another's

	conflicted atomic.Bool   // publishes that run at the same time refuse each other
	alone      chan struct{} // holds one element while a publish has its turn

	mu        sync.Mutex
	published map[string]bool // by target name; under mu
}

// Run carries out what is left of the plan, which is all of it for a new run. What became of it is in the journal; the
// error is only for what keeps a run from going on at all: the journal cannot be written, another run holds the target
// (plan.ErrHeld), the catalogs are not what the plan was made from (plan.ErrStale).
func Run(ctx context.Context, c Config) (err error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	r := &run{
		Config:    c,
		at:        fold(c.Plan, c.History),
		source:    newPool("source", c.Source, c.Plan.Concurrency.Unload),
		target:    newPool("target", c.Target, c.Plan.Concurrency.Copy),
		cancel:    cancel,
		alone:     make(chan struct{}, 1),
		published: make(map[string]bool, len(c.Plan.Tables)),
	}
	for target, t := range r.at.tables {
		r.published[target] = t.published
	}
	defer func() {
		end, cancel := afterwards(ctx)
		defer cancel()
		err = errors.Join(err, r.source.close(end), r.target.close(end))
	}()
	if err := r.write(ctx, r.first()); err != nil {
		return journalOnly(err)
	}
	return r.end(ctx, r.enter(ctx, r.hold))
}

// hold does the work under the lease on the target, or of an unload on the run itself: by that, sealift clean knows that it is alive.
func (r *run) hold(ctx context.Context) error {
	if err := r.claim(ctx); err != nil {
		return err
	}
	stopRenewing := r.keepLease(ctx)
	err := r.work(ctx)
	stopRenewing()
	if held := context.Cause(ctx); errors.Is(held, plan.ErrHeld) {
		err = errors.Join(held, journalOnly(err))
	}
	if journalOnly(err) != nil {
		return err // what cannot be written down is not done, the release of the lease included
	}
	return errors.Join(err, journalOnly(r.release(ctx)))
}

// first is this process's first entry.
func (r *run) first() journal.Entry {
	if !r.at.begun {
		return journal.Entry{Type: journal.Begin, Version: journal.Version, Run: r.Run, Plan: r.Plan.ID}
	}
	e := journal.Entry{Type: journal.Resume}
	if r.Torn {
		e.Details = []string{"the line before was cut short, as a crash while writing leaves it; it was cut off, and nothing was done because of it"}
	}
	return e
}

// end writes that this process is done with the run.
func (r *run) end(ctx context.Context, err error) error {
	if jerr := journalOnly(err); jerr != nil {
		return jerr
	}
	e := journal.Entry{Type: journal.End}
	if r.stopped() || (ctx.Err() != nil && !errors.Is(context.Cause(ctx), plan.ErrHeld)) {
		e.Outcome = Interrupted
	}
	if werr := r.write(ctx, e); werr != nil {
		return journalOnly(werr)
	}
	if errors.Is(err, plan.ErrHeld) || errors.Is(err, plan.ErrStale) {
		return err
	}
	return nil
}

// Interrupted is the outcome of a process that was told to stop.
const Interrupted = "interrupted"

// work is everything that the lease is held for.
func (r *run) work(ctx context.Context) error {
	if err := r.sweep(ctx); err != nil {
		return err
	}
	if err := r.settle(ctx); err != nil {
		return err
	}
	for _, s := range r.Plan.Prologue {
		if r.at.done[s.ID] || s.Kind == plan.Subset && r.haveSubset() {
			continue
		}
		if err := r.do(ctx, &table{}, s); err != nil {
			// Without schemas, ledger and fence no table can be published, and of a subset not one table alone.
			return errors.Join(err, r.emptyAfter(ctx, s))
		}
	}
	if err := r.tables(ctx); err != nil {
		return err
	}
	for _, s := range r.Plan.Epilogue {
		if r.at.done[s.ID] || !r.allPublished(s.Needs) {
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
		if !r.at.tables[t.Target].left(t) {
			continue
		}
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
	return <-errs // all that end for it say the same
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
	plan   *plan.Table // nil for steps outside tables
	facts  journal.Facts
	digest *redshift.Digest  // the source's, once unloaded; a load's, once it is in the shadow
	reused bool              // an earlier process unloaded it
	staged bool              // something may be staged
	loaded bool              // the shadow may exist
	parts  map[string]*table // in a step of all tables: each, by target
}

// table takes one table through the steps that are left. A failure ends the table, cleans up after it, and is in the
// journal; the error is only for a journal that cannot be written.
func (r *run) table(ctx context.Context, p *plan.Table) error {
	at := r.at.tables[p.Target]
	t := &table{plan: p, staged: at.staged, loaded: at.shadow}
	if at.unloaded != nil && !at.published {
		t.reuse(*at.unloaded)
	}
	for i := 0; i < len(p.Steps); i++ {
		s := p.Steps[i]
		if at.published && s.Kind != plan.Empty || t.reused && s.Kind == plan.Unload {
			continue
		}
		err := r.do(ctx, t, s)
		if err == nil {
			continue
		}
		if err := journalOnly(err); err != nil {
			return err
		}
		if s.Kind == plan.Analyze && ctx.Err() == nil && !errors.Is(err, errStopped) {
			r.Log.Warn("statistics are as they were", "table", p.Target, "step", s.ID, "err", err)
			continue // rows are not kept back by statistics; the receipt tells
		}
		r.Log.Info("table failed", "table", p.Target, "step", s.ID, "err", err)
		unload := slices.IndexFunc(p.Steps, func(s plan.Step) bool { return s.Kind == plan.Unload })
		if s.Kind == plan.Check && t.reused && unload >= 0 && ctx.Err() == nil && !r.stopped() {
			// What an earlier process staged is not what it was: unload again, to a prefix of its own.
			t.reused, i = false, unload-1
			continue
		}
		return r.cleanUp(ctx, t, s, err)
	}
	return nil
}

// reuse takes what an earlier process unloaded. It is checked again before it is loaded.
func (t *table) reuse(f journal.Facts) {
	d := digestOf(t.plan, f)
	if d == nil {
		return // written by another version: unload again
	}
	t.digest, t.reused = d, true
	t.facts.Prefix, t.facts.Identity, t.facts.Near = f.Prefix, f.Identity, f.Near
}

// digestOf is the digest that facts tell of, nil if they do not.
func digestOf(t *plan.Table, f journal.Facts) *redshift.Digest {
	row := make([]*string, len(f.DigestRow))
	for i := range f.DigestRow {
		row[i] = &f.DigestRow[i]
	}
	d, err := redshift.ReadDigest(t.Digest, row)
	if err != nil || d.Hex() != f.Digest {
		return nil
	}
	return &d
}

// cleanUp removes what a failed table left. It works after cancellation too, for a bounded time; but when another run
// has taken the target, what is there may be that run's.
func (r *run) cleanUp(ctx context.Context, t *table, failed plan.Step, cause error) error {
	if r.lost(ctx) || isUnknown(cause) && failed.Kind == plan.Publish {
		// The publish may have happened, or be about to: shadow and stage stay until somebody has looked.
		return nil
	}
	ctx, cancel := afterwards(ctx)
	defer cancel()
	var all error
	if t.loaded {
		for _, s := range t.plan.Undo {
			all = errors.Join(all, journalOnly(r.do(ctx, t, s)))
		}
	}
	if t.staged && failed.Kind != plan.Empty && r.Plan.Stage.Keep == "never" {
		all = errors.Join(all, journalOnly(r.do(ctx, t, plan.Step{
			ID: emptyID(t.plan.Target), Kind: plan.Empty, About: "empty the stage after a failure",
		})))
	}
	return all
}

// lost tells that another run has taken the target.
func (r *run) lost(ctx context.Context) bool { return errors.Is(context.Cause(ctx), plan.ErrHeld) }

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

func (e journalError) Error() string { return "the run was ended: " + e.error.Error() }
func (e journalError) Unwrap() error { return e.error }

// journalOnly keeps err only if it is about the journal: other failures are in the journal already.
func journalOnly(err error) error {
	if ended, ok := errors.AsType[journalError](err); ok {
		return ended // once, whatever was cut off by it
	}
	return nil
}

// isUnknown tells whether what failed may have happened all the same.
func isUnknown(err error) bool {
	var u interface{ OutcomeUnknown() bool }
	return errors.As(err, &u) && u.OutcomeUnknown()
}

// isLost tells whether what failed did because a connection was lost.
func isLost(err error) bool {
	var u interface{ OutcomeUnknown() bool }
	return errors.As(err, &u)
}
