package sealift

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
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
	"github.com/sealift/sealift/job"
	"github.com/sealift/sealift/journal"
	"github.com/sealift/sealift/plan"
	"github.com/sealift/sealift/receipt"
)

// testOnlyPoint is told of every effect of a run; tests set it.
var testOnlyPoint effect.Hook

// Options of the verbs. The zero value works but for StateDir, which Copy needs.
type Options struct {
	// StateDir is the folder that holds a folder for each run: plan, journal and receipt.
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
	in := planner.Input{Job: j, Now: time.Now(), Nonce: randomHex(8), Queries: make(map[int][]redshift.Column)}
	g, gctx := errgroup.WithContext(ctx)
	g.Go(func() (err error) {
		in.Source, err = sourceCatalog(gctx, j, o, in.Queries)
		return err
	})
	g.Go(func() (err error) {
		in.Target, err = catalog(gctx, planner.Warehouse(j.Target), o, nil)
		return err
	})
	g.Go(func() (err error) {
		in.Stage, err = lookUpStage(gctx, j)
		return err
	})
	if err := g.Wait(); err != nil {
		return nil, err
	}
	return planner.Build(in)
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
func sourceCatalog(ctx context.Context, j *job.Job, o Options, queries map[int][]redshift.Column) (*redshift.Catalog, error) {
	return catalog(ctx, planner.Warehouse(j.Source), o, func(s *connect.Session) error {
		for i, t := range j.Tables {
			if t.Query == "" {
				continue
			}
			if err := redshift.CheckQuery(t.Query); err != nil {
				continue // the planner says so, with the place
			}
			fields, err := s.Describe(ctx, redshift.Raw(t.Query))
			if err != nil {
				return fmt.Errorf("tables[%d].query: %w", i, err)
			}
			columns, err := redshift.Columns(fields)
			if err != nil {
				return fmt.Errorf("tables[%d].query: %w", i, err)
			}
			queries[i] = columns
		}
		return nil
	})
}

// catalog opens a session, reads the warehouse's catalog, and lets also use the session before it is closed.
func catalog(ctx context.Context, spec plan.Warehouse, o Options, also func(*connect.Session) error) (_ *redshift.Catalog, err error) {
	w, err := connect.NewWarehouse(ctx, spec, connect.Options{Application: "sealift", Log: o.log()})
	if err != nil {
		return nil, err
	}
	s, err := w.Open(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.Close(context.WithoutCancel(ctx))) }()
	c, err := redshift.ReadCatalog(ctx, s, redshift.Filter{})
	if err != nil {
		return nil, hint.With(fmt.Errorf("read the catalog of %s: %w", spec.Name(), err), redshift.HintFor(err))
	}
	if also != nil {
		err = also(s)
	}
	return c, err
}

// Copy carries out a plan. Failures of tables are in the receipt, not in the error: the error is for a run that could
// not start (wrapping plan.ErrStale when the catalogs are not what the plan was made from any more) or not be accounted
// for.
func Copy(ctx context.Context, p *plan.Plan, o Options) (_ *receipt.Receipt, err error) {
	id := newRunID(time.Now())
	source, err := connect.NewWarehouse(ctx, p.Source, connect.Options{Application: "sealift " + id, Log: o.log()})
	if err != nil {
		return nil, err
	}
	target, err := connect.NewWarehouse(ctx, p.Target, connect.Options{Application: "sealift " + id, Log: o.log()})
	if err != nil {
		return nil, err
	}
	if !o.Fresh {
		if err := compareCatalogs(ctx, p, o); err != nil {
			return nil, err
		}
	}
	cfg, err := connect.Config(ctx, p.Stage.Region, connect.Role{})
	if err != nil {
		return nil, err
	}
	folder, err := newRunFolder(o.StateDir, id, p)
	if err != nil {
		return nil, err
	}
	w, err := journal.Create(filepath.Join(folder, journalFile), time.Now)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, w.Close()) }()
	j := &reported{w: w, progress: o.Progress}
	runErr := runner.Run(ctx, runner.Config{
		Plan: p, Run: id, Journal: j, Log: o.log(), Stop: o.Stop, Now: time.Now, Point: testOnlyPoint,
		NewMarker: func() string { return randomHex(16) },
		Source:    opener(source), Target: opener(target),
		Stage: stage.New(cfg, p.Stage.Bucket, p.Stage.Owner, p.Stage.KMSKeyARN),
	})
	if runErr != nil {
		return nil, hint.With(fmt.Errorf("run %s: %w", id, runErr), "nothing is done that is not written down; see: sealift show "+id)
	}
	return finish(ctx, p, j, folder, o.Stop)
}

// finish closes the journal with the run's outcome and writes the receipt.
func finish(ctx context.Context, p *plan.Plan, j *reported, folder string, stop <-chan struct{}) (*receipt.Receipt, error) {
	outcome := ""
	select {
	case <-ctx.Done():
		outcome = string(receipt.Interrupted)
	case <-stop:
		outcome = string(receipt.Interrupted)
	default:
	}
	if _, err := j.Append(journal.Entry{Type: journal.End, Outcome: outcome}); err != nil {
		return nil, err
	}
	// The receipt is folded from what is on disk, not from memory: that is what anybody else will see.
	log, err := journal.ReadFile(filepath.Join(folder, journalFile))
	if err != nil {
		return nil, err
	}
	r := receipt.Fold(p, log)
	text, err := r.Encode()
	if err != nil {
		return nil, err
	}
	return r, writeFile(filepath.Join(folder, receiptFile), func(w io.Writer) error {
		_, err := w.Write(text)
		return err
	})
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

// compareCatalogs refuses a plan that was made from other catalogs.
func compareCatalogs(ctx context.Context, p *plan.Plan, o Options) error {
	var source, target *redshift.Catalog
	g, gctx := errgroup.WithContext(ctx)
	g.Go(func() (err error) { source, err = catalog(gctx, p.Source, o, nil); return err })
	g.Go(func() (err error) { target, err = catalog(gctx, p.Target, o, nil); return err })
	if err := g.Wait(); err != nil {
		return err
	}
	var changed []string
	for _, t := range p.Tables {
		if t.Fingerprint.Source != redshift.Absent && fingerprint(source, t.Source) != t.Fingerprint.Source {
			changed = append(changed, t.Source+" in the source")
		}
		if fingerprint(target, t.Target) != t.Fingerprint.Target {
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

const (
	planFile    = "plan.json"
	journalFile = "journal.jsonl"
	receiptFile = "receipt.json"
)

// newRunFolder makes the run's folder, which must not exist, and puts the plan in it.
func newRunFolder(stateDir, id string, p *plan.Plan) (string, error) {
	if stateDir == "" {
		return "", errors.New("no state folder is named")
	}
	folder := filepath.Join(stateDir, "runs", id)
	if err := os.MkdirAll(filepath.Dir(folder), 0o700); err != nil {
		return "", fmt.Errorf("make the state folder: %w", err)
	}
	if err := os.Mkdir(folder, 0o700); err != nil {
		return "", fmt.Errorf("make the run's folder: %w", err)
	}
	return folder, writeFile(filepath.Join(folder, planFile), p.Encode)
}

// writeFile writes a file that is there whole or not at all, also after a crash.
func writeFile(name string, write func(io.Writer) error) (err error) {
	f, err := os.CreateTemp(filepath.Dir(name), ".new-*")
	if err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	err = errors.Join(write(f), f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), name)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("write %s: %w", name, err), os.Remove(f.Name()))
	}
	return nil
}
