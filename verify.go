package sealift

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/sealift/sealift/internal/connect"
	"github.com/sealift/sealift/internal/hint"
	"github.com/sealift/sealift/internal/planner"
	"github.com/sealift/sealift/internal/redshift"
	"github.com/sealift/sealift/internal/verify"
	"github.com/sealift/sealift/job"
	"github.com/sealift/sealift/plan"
	"github.com/sealift/sealift/receipt"
)

// ComparisonVersion is the version of a Comparison's JSON form.
const ComparisonVersion = 1

// Comparison is what Verify found: how source and target compare now.
type Comparison struct {
	Version   int             `json:"version"`
	Job       string          `json:"job"`
	Run       string          `json:"run,omitempty"` // whose receipt the tables are held against as well
	Source    string          `json:"source"`
	Target    string          `json:"target"`
	Result    verify.Result   `json:"result"` // the worst of the tables'
	StartedAt time.Time       `json:"started_at"`
	EndedAt   time.Time       `json:"ended_at"`
	Tables    []ComparedTable `json:"tables"`
}

// ComparedTable is one table of a Comparison.
type ComparedTable = verify.Table

// ComparisonResult is what a comparison came to, of one table or of all.
type ComparisonResult = verify.Result

// The results of a comparison.
const (
	Equal      = verify.Equal
	Differs    = verify.Differs
	CannotTell = verify.CannotTell
)

// VerifyOptions of Verify. The zero value compares digests and looks for no rows.
type VerifyOptions struct {
	Options
	FindRows   bool // find the keys of rows that differ, where the table has a key
	Limit      int  // the most keys for each table; 0 is 100
	ShowValues bool // the values of changed rows too
	// Run is a run of the plan, whose receipt the tables are held against as well. Optional.
	Run *Run
}

// PlanVerify says which rows of a job's source are to be compared with which tables of its target: a plan without steps.
// It reads the source's catalog only. Mistakes of the job are returned as job.Errors, all at once.
func PlanVerify(ctx context.Context, j *job.Job, o Options) (*plan.Plan, error) {
	in := planner.Input{Job: j, Now: time.Now()}
	s, err := meet(ctx, planner.Warehouse(j.Source), plan.Warehouse{}, application, o)
	if err != nil {
		return nil, err
	}
	err = s.through(ctx, o, func(ctx context.Context) (err error) {
		in.Source, err = sourceCatalog(ctx, s.source, &in)
		return err
	})
	if err != nil {
		return nil, err
	}
	return planner.Compare(in)
}

// Verify compares the tables of a plan as they are now, in both warehouses side by side, as many at once as the plan's
// concurrency allows. It moves and changes nothing. What keeps a table from being compared is in the answer; the error is
// for what keeps all of them.
//
// The two warehouses are not read at one moment: rows that are written meanwhile are differences.
func Verify(ctx context.Context, p *plan.Plan, o VerifyOptions) (*Comparison, error) {
	if !p.HasTarget() {
		return nil, hint.Usage(errors.New("an unload to files has no warehouse as its target: there is nothing to compare the source with"))
	}
	if slices.ContainsFunc(p.Tables, func(t plan.Table) bool { return t.Window != nil }) {
		return nil, hint.With(hint.Usage(errors.New("a sync moves what is new: its run says nothing of the tables as a whole")), "compare them by the job: sealift verify JOB")
	}
	if slices.ContainsFunc(p.Tables, func(t plan.Table) bool { return t.Masked() }) {
		return nil, hint.With(hint.Usage(errors.New("rows of a plan with masks can be compared only where the keys are, in its runs: each compares what it publishes with the masked rows of the source")), "its receipt has the digests: sealift show RUN")
	}
	if p.IsSubset() {
		return nil, hint.With(hint.Usage(errors.New("the rows of a subset are known only in its runs: each compares what it publishes with the rows that it chose")), "its receipt has the digests: sealift show RUN")
	}
	if !p.HasSource() {
		return nil, hint.With(hint.Usage(errors.New("a load of files has no warehouse as its source: there is nothing to compare the target with")),
			"its receipt has the digest of what was loaded: sealift show RUN")
	}
	out := &Comparison{
		Version: ComparisonVersion, Job: p.Job.File, Source: p.Source.Name(), Target: p.Target.Name(),
		StartedAt: time.Now().UTC(), Tables: make([]ComparedTable, len(p.Tables)),
	}
	both, err := meet(ctx, p.Source, p.Target, application+" verify", o.Options)
	if err != nil {
		return nil, err
	}
	if err := both.through(ctx, o.Options, func(ctx context.Context) error { return both.verify(ctx, p, o, out.Tables) }); err != nil {
		return nil, err
	}
	out.EndedAt, out.Result = time.Now().UTC(), worst(out.Tables)
	if o.Run != nil {
		out.Run = o.Run.ID
	}
	return out, nil
}

// verify fills in what becomes of each table.
func (both sides) verify(ctx context.Context, p *plan.Plan, o VerifyOptions, out []ComparedTable) error {
	have, err := catalog(ctx, both.target, nil)
	if err != nil {
		return err
	}
	next := make(chan int)
	g, gctx := errgroup.WithContext(ctx)
	g.Go(func() error {
		defer close(next)
		for i := range p.Tables {
			select {
			case next <- i:
			case <-gctx.Done():
				return context.Cause(gctx)
			}
		}
		return nil
	})
	for range max(1, min(p.Concurrency.Unload, p.Concurrency.Copy, len(p.Tables))) {
		g.Go(func() (err error) {
			v := verifier{sides: [2]*lasting{{warehouse: both.source}, {warehouse: both.target}}, plan: p, have: have, options: o}
			defer func() { err = errors.Join(err, v.close(gctx)) }()
			for i := range next {
				if out[i], err = v.table(gctx, p.Tables[i]); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return g.Wait()
}

// worst is what all tables together come to. A difference that is certain counts more than what nobody could find out.
func worst(tables []ComparedTable) ComparisonResult {
	result := Equal
	for _, t := range tables {
		switch t.Result {
		case Differs:
			return Differs
		case CannotTell:
			result = CannotTell
		case Equal:
		}
	}
	return result
}

// verifier compares tables one after the other.
type verifier struct {
	sides   [2]*lasting // source, target
	plan    *plan.Plan
	have    *redshift.Catalog
	options VerifyOptions
}

func (v *verifier) table(ctx context.Context, t plan.Table) (ComparedTable, error) {
	name, err := redshift.ParseTable(t.Target)
	if err != nil {
		return ComparedTable{}, fmt.Errorf("plan %s: %w", v.plan.ID, err)
	}
	source, err1 := v.sides[0].open(ctx)
	target, err2 := v.sides[1].open(ctx)
	if err := errors.Join(err1, err2); err != nil {
		if ctx.Err() != nil {
			return ComparedTable{}, context.Cause(ctx)
		}
		return ComparedTable{Source: t.Source, Target: t.Target, Mode: t.Mode, Result: CannotTell, Reason: err.Error(), Hint: hint.Of(err)}, nil
	}
	out, err := verify.Compare(ctx, source, target, t, v.have.Table(name), verify.Options{
		FindRows: v.options.FindRows, Limit: v.options.Limit, Values: v.options.ShowValues,
	})
	if err == nil && v.options.Run != nil {
		sinceRun(v.options.Run.Receipt, &out)
	}
	return out, err
}

// sinceRun holds a table against what a run's receipt proved of it: that both sides had this digest.
func sinceRun(r *receipt.Receipt, t *ComparedTable) {
	for _, proved := range r.Tables {
		switch {
		case proved.Target != t.Target:
		case proved.Outcome != receipt.Verified || proved.Method == string(plan.Append) || proved.Method == string(plan.Merge):
			t.Notes = append(t.Notes, "the run proved nothing of the table as a whole")
		default:
			t.SourceSinceRun, t.TargetSinceRun = since(proved.Digest, t.SourceDigest), since(proved.Digest, t.TargetDigest)
		}
	}
}

func since(proved, now string) verify.Since {
	switch now {
	case "":
		return ""
	case proved:
		return verify.Unchanged
	default:
		return verify.Changed
	}
}

func (v *verifier) close(ctx context.Context) error {
	ctx = context.WithoutCancel(ctx)
	return errors.Join(v.sides[0].close(ctx), v.sides[1].close(ctx))
}

// lasting is a session that is opened when it is first needed, and again when nobody knows its state any more.
type lasting struct {
	warehouse *connect.Warehouse
	session   *connect.Session
}

func (l *lasting) open(ctx context.Context) (*connect.Session, error) {
	if l.session != nil && (l.session.Broken() || !l.session.Idle()) {
		err := l.session.Close(ctx)
		l.session = nil
		if err != nil {
			return nil, err
		}
	}
	if l.session == nil {
		s, err := l.warehouse.Open(ctx)
		if err != nil {
			return nil, err
		}
		l.session = s
	}
	return l.session, nil
}

func (l *lasting) close(ctx context.Context) error {
	if l.session == nil {
		return nil
	}
	return l.session.Close(ctx)
}
