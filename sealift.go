package sealift

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/sealift/sealift/internal/connect"
	"github.com/sealift/sealift/internal/effect"
	"github.com/sealift/sealift/internal/hint"
	"github.com/sealift/sealift/internal/planner"
	"github.com/sealift/sealift/internal/redshift"
	"github.com/sealift/sealift/internal/runner"
	"github.com/sealift/sealift/internal/stage"
	"github.com/sealift/sealift/internal/state"
	"github.com/sealift/sealift/job"
	"github.com/sealift/sealift/journal"
	"github.com/sealift/sealift/plan"
	"github.com/sealift/sealift/receipt"
)

// What tests set.
var (
	// testOnlyPoint is told of every effect of a run.
	testOnlyPoint effect.Hook
	// testOnlyLeaseTTL is how long a lease holds without being renewed: long enough for a machine that is busy or a
	// network that is slow, short enough to wait for when a machine was lost.
	testOnlyLeaseTTL = 2 * time.Minute
)

// Options of the verbs. The zero value works but for StateDir, which Copy needs.
type Options struct {
	// StateDir is where runs are kept: plan, journal and receipt of each. A folder, or s3://BUCKET/PREFIX.
	StateDir string
	Log      *slog.Logger // nil is silent
	// Progress is called with every journal entry once it is on disk, by one goroutine at a time. It must not
	// wait for anything.
	Progress func(journal.Entry)
	// Stop, when closed, ends a run at the next step of each table. What is published stays, the rest is untouched.
	Stop <-chan struct{}
	// Fresh says that the plan was made just now, so that its catalogs need not be read again before the run starts.
	// They are compared once more inside the transactions in any case.
	Fresh bool
	// Files are those of a load that was planned by this process; a load that is resumed opens those of its plan.
	Files *Files
	// Sent is called now and then while a load reads its files, with the bytes read so far, as they are stored, and the
	// records staged. Optional.
	Sent func(table string, bytes, records int64)
	// Force takes the target from another run that holds it. That run cannot publish any more.
	Force bool
	// Address is where this machine is seen to come from, for doors, in place of what the job says. Optional.
	Address string
	// AllowWideDoor lets more than one address in.
	AllowWideDoor bool

	postgres *connect.Postgres // the source of a sync, in the snapshot that it was planned in
}

func (o Options) log() *slog.Logger {
	if o.Log == nil {
		return slog.New(slog.DiscardHandler)
	}
	return o.Log
}

// Plan reads both catalogs and says what a run of the job would do. It changes nothing. Mistakes of the job that only
// the catalogs show are returned as job.Errors, all at once.
func Plan(ctx context.Context, j *job.Job, o Options) (*plan.Plan, error) {
	in := planner.Input{Job: j, Now: time.Now(), Nonce: randomHex(8)}
	s, err := meet(ctx, planner.Warehouse(j.Source), planner.Warehouse(j.Target), application, o)
	if err != nil {
		return nil, err
	}
	if _, err := addMasking(ctx, &in); err != nil {
		return nil, err
	}
	err = s.through(ctx, o, func(ctx context.Context) error {
		g, gctx := errgroup.WithContext(ctx)
		g.Go(func() (err error) {
			in.Source, err = sourceCatalog(gctx, s.source, &in)
			return err
		})
		g.Go(func() (err error) {
			in.Target, err = catalog(gctx, s.target, nil)
			return err
		})
		g.Go(func() (err error) {
			in.Stage, err = lookUpStage(gctx, j)
			return err
		})
		return g.Wait()
	})
	if err == nil {
		err = s.tryConditions(ctx, &in, o)
	}
	if err == nil {
		err = s.tally(ctx, &in, o)
	}
	if err != nil {
		return nil, err
	}
	if j.Subset != nil {
		if in.Expected, err = s.survey(ctx, in, o); err != nil {
			return nil, err
		}
	}
	p, err := planner.Build(in)
	if err == nil && slices.ContainsFunc(p.Tables, plan.Table.Expressed) {
		err = s.through(ctx, o, func(ctx context.Context) error {
			return inSession(ctx, s.source, func(session *connect.Session) error { return tryExpressions(ctx, session, p) })
		})
	}
	if err != nil {
		return nil, err
	}
	return p, nil
}

// survey counts how many rows of each table a subset has now. The source finds them as a run does, and forgets them.
func (both sides) survey(ctx context.Context, in planner.Input, o Options) (map[string]int64, error) {
	v, err := planner.SurveySubset(in)
	if err != nil {
		return nil, err
	}
	expected := make(map[string]int64, len(v.Counts))
	err = both.through(ctx, o, func(ctx context.Context) error {
		return inSession(ctx, both.source, func(s *connect.Session) error {
			return inPassing(ctx, s, func() error {
				if err := runner.Find(ctx, s, v.Statements); err != nil {
					return err
				}
				for target, sql := range v.Counts {
					err := s.Query(ctx, sql, func(row []*string) (err error) {
						if len(row) != 1 || row[0] == nil {
							return errors.New("the answer is not one number")
						}
						expected[target], err = strconv.ParseInt(*row[0], 10, 64)
						return err
					})
					if err != nil {
						return fmt.Errorf("%s: %w", target, err)
					}
				}
				return nil
			})
		})
	})
	if err != nil {
		return nil, hint.With(fmt.Errorf("choose the rows of the subset: %w", err), redshift.HintFor(err))
	}
	return expected, nil
}

// inPassing lets act use a transaction of which nothing is left.
func inPassing(ctx context.Context, s *connect.Session, act func() error) (err error) {
	if _, err := s.Exec(ctx, redshift.Build("BEGIN")); err != nil {
		return err
	}
	defer func() {
		if s.Broken() {
			return
		}
		_, rerr := s.Exec(context.WithoutCancel(ctx), redshift.Build("ROLLBACK"))
		err = errors.Join(err, rerr)
	}()
	return act()
}

// lookUpStage resolves the stage with the credentials of the environment.
func lookUpStage(ctx context.Context, j *job.Job) (plan.Stage, error) {
	cfg, err := connect.Config(ctx, j.Stage.Region, connect.Role{})
	if err != nil {
		return plan.Stage{}, err
	}
	caller, err := connect.Caller(ctx, cfg)
	if err != nil {
		return plan.Stage{}, err
	}
	return stage.LookUp(ctx, cfg, caller.Account, j.Stage)
}

// sourceCatalog reads the source's catalog and, on the same session, what the job's queries would answer.
func sourceCatalog(ctx context.Context, w *connect.Warehouse, in *planner.Input) (*redshift.Catalog, error) {
	return catalog(ctx, w, func(s *connect.Session) error { return describeQueries(ctx, s, in) })
}

// describeQueries asks what the job's queries would answer. Of one that the source does not take, the planner says so, with the place.
func describeQueries(ctx context.Context, s *connect.Session, in *planner.Input) error {
	in.Queries = make(map[int][]redshift.Column)
	for i, t := range in.Job.Tables {
		if t.Query == "" {
			continue
		}
		if err := redshift.CheckQuery(t.Query); err != nil {
			continue // the planner says so, with the place
		}
		fields, err := s.Describe(ctx, redshift.Raw(t.Query))
		if err != nil {
			if refuse(in, s, i, err) {
				continue
			}
			return fmt.Errorf("tables[%d].query: %w", i, err)
		}
		columns, err := redshift.Columns(fields)
		if err != nil {
			return fmt.Errorf("tables[%d].query: %w", i, err)
		}
		in.Queries[i] = columns
	}
	return nil
}

// refuse notes that the source does not take what an entry says, if that is what an error means.
func refuse(in *planner.Input, s *connect.Session, entry int, err error) bool {
	server, ok := errors.AsType[*redshift.ServerError](err)
	if !ok || s.Broken() {
		return false
	}
	if redshift.IsPermission(err) { // a grant is missing, and the job may be right
		return false
	}
	if in.Refused == nil {
		in.Refused = make(map[int]string)
	}
	in.Refused[entry] = server.Error()
	return true
}

// tryConditions asks the source whether it takes the conditions of a job's tables. Nothing is computed.
func (both sides) tryConditions(ctx context.Context, in *planner.Input, o Options) error {
	conditions := planner.Conditions(*in)
	if len(conditions) == 0 {
		return nil
	}
	return both.through(ctx, o, func(ctx context.Context) error {
		return inSession(ctx, both.source, func(s *connect.Session) error { return describeConditions(ctx, s, conditions, in) })
	})
}

// describeConditions notes in a plan's input which conditions the source does not take.
func describeConditions(ctx context.Context, s *connect.Session, conditions []planner.Condition, in *planner.Input) error {
	for _, c := range conditions {
		_, err := s.Describe(ctx, c.Query)
		if err == nil || redshift.IsPermission(err) { // whoever plans need not be who may read
			continue
		}
		if !refuse(in, s, c.Entry, err) {
			return fmt.Errorf("tables[%d].where, of %s: %w", c.Entry, c.Table, err)
		}
	}
	return nil
}

// catalog opens a session, reads the warehouse's catalog, and lets also use the session before it is closed.
func catalog(ctx context.Context, w *connect.Warehouse, also func(*connect.Session) error) (c *redshift.Catalog, err error) {
	err = inSession(ctx, w, func(s *connect.Session) (err error) {
		if c, err = readCatalog(ctx, w, s); err == nil && also != nil {
			err = also(s)
		}
		return err
	})
	return c, err
}

func readCatalog(ctx context.Context, w *connect.Warehouse, s *connect.Session) (*redshift.Catalog, error) {
	c, err := redshift.ReadCatalog(ctx, s, redshift.Filter{})
	if err != nil {
		return nil, hint.With(fmt.Errorf("read the catalog of %s: %w", w.Name(), err), redshift.HintFor(err))
	}
	return c, nil
}

// Copy carries out a plan. Failures of tables are in the receipt, not in the error: the error is for a run that could
// not start (wrapping plan.ErrStale when the catalogs are not what the plan was made from any more, plan.ErrHeld when
// another run holds the target) or not be accounted for.
func Copy(ctx context.Context, p *plan.Plan, o Options) (*receipt.Receipt, error) {
	return copyAs(ctx, p, newRunID(time.Now()), randomHex(16), o)
}

// copyAs is Copy for a run whose id and holder are known: the lease that a holder has already is its own.
func copyAs(ctx context.Context, p *plan.Plan, id, holder string, o Options) (*receipt.Receipt, error) {
	store, err := state.Open(ctx, o.StateDir)
	if err != nil {
		return nil, err
	}
	w, err := reach(ctx, p, id, holder, o)
	if err != nil {
		return nil, err
	}
	if !o.Fresh {
		err := w.through(ctx, o, func(ctx context.Context) error { return w.compareCatalogs(ctx, p, nil) })
		if err != nil {
			return nil, err
		}
	}
	if err := w.unlock(ctx, p, false, o); err != nil {
		return nil, err
	}
	run, err := store.Create(ctx, id, p)
	if err != nil {
		return nil, err
	}
	return w.carryOn(ctx, run, o)
}

// Resume goes on with a run where its journal ends, whatever process on whatever machine wrote that. A run that is done
// has nothing left to do: its receipt is answered, and resumed is false. Errors are as for Copy.
func Resume(ctx context.Context, id string, o Options) (_ *receipt.Receipt, resumed bool, err error) {
	store, err := state.Open(ctx, o.StateDir)
	if err != nil {
		return nil, false, err
	}
	run, err := store.Resume(ctx, id)
	if err != nil {
		return nil, false, err
	}
	if err := checkReceipt(run); err != nil {
		return nil, false, errors.Join(err, run.Close())
	}
	if runner.Finished(run.Plan, run.Log.Entries) {
		return receipt.Fold(run.Plan, run.Log), false, run.Close()
	}
	w, err := reach(ctx, run.Plan, run.ID, randomHex(16), o)
	if err == nil {
		err = w.unlock(ctx, run.Plan, true, o)
	}
	if err != nil {
		return nil, false, errors.Join(err, run.Close())
	}
	r, err := w.carryOn(ctx, run, o)
	return r, true, err
}

// reached is what a run works with.
type reached struct {
	sides
	stage  *stage.Stage
	lease  *stage.Lease
	doors  []runDoor
	keys   *keyWriter // nil where nothing is masked
	holder string
}

// unlock gets the keys of a plan's masks, if it has any, and makes sure that they can be trusted.
func (w *reached) unlock(ctx context.Context, p *plan.Plan, resumed bool, o Options) error {
	if p.Masking == nil {
		return nil
	}
	keys, err := w.readyMasks(ctx, p, resumed, o)
	if err == nil {
		w.keys = &keyWriter{w.stage, keys}
	}
	return err
}

// reach finds the way to both warehouses and the stage. Nothing is changed by it.
func reach(ctx context.Context, p *plan.Plan, id, holder string, o Options) (*reached, error) {
	both, err := meet(ctx, p.Source, p.Target, application+" "+id, o)
	if err != nil {
		return nil, err
	}
	cfg, err := connect.Config(ctx, p.Stage.Region, connect.Role{})
	if err != nil {
		return nil, err
	}
	s := stage.New(cfg, p.Stage.Bucket, p.Stage.Owner, p.Stage.KMSKeyARN)
	doors, err := both.doors(ctx, id, "", o)
	if err != nil {
		return nil, err
	}
	return &reached{sides: both, stage: s, doors: doors, lease: s.Lease(p.Stage.Prefix, p.Target, id, holder, testOnlyLeaseTTL), holder: holder}, nil
}

// carryOn carries out what is left of a run, closes its journal and gives the account.
func (w *reached) carryOn(ctx context.Context, run *state.Run, o Options) (_ *receipt.Receipt, err error) {
	defer func() { err = errors.Join(err, run.Close()) }()
	server := &server{spec: run.Plan.Source, readers: run.Plan.Concurrency.Unload, options: o, open: o.postgres}
	defer func() { err = errors.Join(err, server.close(ctx)) }()
	sender := &sender{stage: w.stage, key: run.Plan.Stage.KMSKeyARN, files: o.Files, progress: o.Sent, server: server}
	c := runner.Config{
		Plan: run.Plan, Run: run.ID, Journal: &reported{w: run.Journal, progress: o.Progress}, Log: o.log(),
		Source: opener(w.source), Target: opener(w.target), Stage: w.stage, Lease: w.lease, Doors: forRun(w.doors),
		Fetcher: fetcher{stage: w.stage, place: run.Plan.Stage, run: run.ID},
		Sender:  sender,
		Holder:  w.holder, NewMarker: func() string { return randomHex(16) },
		Unchanged: func(ctx context.Context, targets map[string]bool) error {
			return w.compareCatalogs(ctx, run.Plan, targets)
		},
		Force: o.Force, Stop: o.Stop, Now: time.Now, Point: testOnlyPoint,
	}
	if w.keys != nil {
		c.Keys = w.keys
		sender.keys = &w.keys.keys
	}
	if run.Log != nil {
		c.History, c.Torn = run.Log.Entries, run.Log.Torn
	}
	runErr := runner.Run(ctx, c)
	if errors.Is(runErr, plan.ErrHeld) || errors.Is(runErr, plan.ErrStale) {
		return nil, fmt.Errorf("run %s: %w", run.ID, runErr)
	}
	if runErr != nil {
		return nil, hint.With(fmt.Errorf("run %s: %w", run.ID, runErr), "nothing is done that is not written down; go on with: sealift resume "+run.ID)
	}
	// The receipt is folded from what is on disk, not from memory: that is what anybody else will see.
	end := context.WithoutCancel(ctx)
	log, err := run.ReadLog(end)
	if err != nil {
		return nil, err
	}
	r := receipt.Fold(run.Plan, log)
	text, err := r.Encode()
	if err != nil {
		return nil, err
	}
	return r, run.WriteReceipt(end, text)
}

func opener(w *connect.Warehouse) func(context.Context) (runner.Session, error) {
	return func(ctx context.Context) (runner.Session, error) {
		s, err := w.Open(ctx)
		if err != nil {
			return nil, err
		}
		return s, nil
	}
}

// compareCatalogs refuses a plan that was made from other catalogs. Only the tables with these targets count; nil means
// all of them.
func (both sides) compareCatalogs(ctx context.Context, p *plan.Plan, targets map[string]bool) error {
	var source, target *redshift.Catalog
	g, gctx := errgroup.WithContext(ctx)
	if both.source != nil {
		g.Go(func() (err error) { source, err = catalog(gctx, both.source, nil); return err })
	}
	if both.target != nil {
		g.Go(func() (err error) { target, err = catalog(gctx, both.target, nil); return err })
	}
	if err := g.Wait(); err != nil {
		return err
	}
	var changed []string
	for _, t := range p.Tables {
		if targets != nil && !targets[t.Target] {
			continue
		}
		if t.Fingerprint.Source != redshift.Absent && fingerprint(source, t.Source) != t.Fingerprint.Source {
			changed = append(changed, t.Source+" in the source")
		}
		if p.HasTarget() && fingerprint(target, t.Target) != t.Fingerprint.Target {
			changed = append(changed, t.Target+" in the target")
		}
	}
	if len(changed) == 0 {
		return nil
	}
	more := ""
	if len(changed) > 3 {
		more = fmt.Sprintf(" and %d more", len(changed)-3)
		changed = changed[:3]
	}
	return hint.With(fmt.Errorf("%w: %s%s changed since it was made", plan.ErrStale, strings.Join(changed, ", "), more),
		"plan again, look at the difference, and run the new plan")
}

// fingerprint of a table by its name in a plan.
func fingerprint(c *redshift.Catalog, name string) string {
	t, err := redshift.ParseTable(name)
	if err != nil {
		return ""
	}
	def := c.Table(t)
	if def == nil {
		return redshift.Absent
	}
	return def.ColumnsFingerprint()
}

// reported is a journal whose entries are shown once they are on disk.
type reported struct {
	w        *journal.Writer
	mu       sync.Mutex // one call of progress at a time
	progress func(journal.Entry)
}

// Append writes e, then shows it.
func (j *reported) Append(e journal.Entry) (journal.Entry, error) {
	e, err := j.w.Append(e)
	if err != nil || j.progress == nil {
		return e, err
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	j.progress(e)
	return e, nil
}

func randomHex(bytes int) string {
	b := make([]byte, bytes)
	rand.Read(b) // never fails: crypto/rand ends the program rather than give weak bytes
	return hex.EncodeToString(b)
}

// newRunID is the time and four random hex digits: 20261121T101500Z-7f3a.
func newRunID(now time.Time) string {
	return now.UTC().Format("20060102T150405Z") + "-" + randomHex(2)
}
