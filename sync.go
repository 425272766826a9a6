package sealift

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/sealift/sealift/internal/connect"
	"github.com/sealift/sealift/internal/delta"
	"github.com/sealift/sealift/internal/effect"
	"github.com/sealift/sealift/internal/hint"
	"github.com/sealift/sealift/internal/planner"
	"github.com/sealift/sealift/internal/redshift"
	"github.com/sealift/sealift/internal/stage"
	"github.com/sealift/sealift/job"
	"github.com/sealift/sealift/plan"
	"github.com/sealift/sealift/receipt"
)

// SyncRequest says how a job is synced. The zero value moves what is new since the last sync.
type SyncRequest struct {
	Full  bool   // move the tables anew
	From  string // in place of the watermarks
	Until string // move no row above it
	// Only selects tables by their names in the target; nil is all.
	Only func(target string) bool
}

// Syncing is what a sync would do.
type Syncing struct {
	Plan   *plan.Plan // nil where nothing is to be moved
	Tables []SyncingTable

	target   job.Warehouse
	alter    []redshift.SQL
	postgres *connect.Postgres // the source, where that is a PostgreSQL server
}

// Close gives up what a sync was planned in.
func (s *Syncing) Close(ctx context.Context) error { return s.postgres.Close(ctx) }

// SyncingTable is what a sync knows of one table before it moves anything.
type SyncingTable struct {
	Source    string   `json:"source"`
	Target    string   `json:"target"`
	Mode      string   `json:"mode"`
	Since     string   `json:"since,omitempty"`
	From      string   `json:"from,omitempty"`      // the watermark that rows are moved above; none: from the beginning
	Watermark string   `json:"watermark,omitempty"` // as it will be
	Unchanged bool     `json:"unchanged,omitempty"`
	Altered   []string `json:"altered,omitempty"` // how the target's definition follows the source's
	Warning   string   `json:"warning,omitempty"` // what a person should look at
	Error     string   `json:"error,omitempty"`   // why it is not synced
	Hint      string   `json:"hint,omitempty"`
}

// PlanSync finds out what is new in the tables of a job, and says what a sync would do. It changes nothing.
func PlanSync(ctx context.Context, j *job.Job, q SyncRequest, o Options) (*Syncing, error) {
	if j.Subset != nil {
		return nil, hint.With(hint.Usage(errors.New("a subset is copied, not synced: rows that are chosen later would not belong to those that are there")),
			"copy the job, with mode: replace to do it again")
	}
	if j.Source.Postgres != "" {
		return planPostgres(ctx, j, q, o)
	}
	in := newInput(j)
	both, err := meet(ctx, planner.Warehouse(j.Source), planner.Warehouse(j.Target), application, o)
	if err != nil {
		return nil, err
	}
	conceal, err := syncMasking(ctx, &in)
	if err != nil {
		return nil, err
	}
	var out *Syncing
	err = both.through(ctx, o, func(ctx context.Context) error {
		return inSession(ctx, both.source, func(source *connect.Session) error {
			return inSession(ctx, both.target, func(target *connect.Session) (err error) {
				out, err = both.planSync(ctx, in, q, conceal, source, target)
				return err
			})
		})
	})
	return out, err
}

// syncMasking completes what the plan of a sync depends on with masks, and answers what becomes of digests that the target keeps.
func syncMasking(ctx context.Context, in *planner.Input) (conceal func(string) string, err error) {
	m := in.Job.Masking
	if m != nil && m.Key == plan.Ephemeral {
		return nil, hint.With(hint.Usage(errors.New("a key for one run only (masking.key: ephemeral) cannot be synced with: what is new could not be joined with what is there")),
			"keep a master key (openssl rand -base64 32) and name where it lives; or copy")
	}
	keys, err := addMasking(ctx, in)
	if m == nil || err != nil {
		return func(seen string) string { return seen }, err
	}
	return keys.Conceal, nil // sums over a few rows could be tried out
}

func (both sides) planSync(ctx context.Context, in planner.Input, q SyncRequest, conceal func(string) string, source, target *connect.Session) (*Syncing, error) {
	var cursors map[string]redshift.Cursor
	g, gctx := errgroup.WithContext(ctx)
	g.Go(func() (err error) {
		if in.Source, err = readCatalog(gctx, both.source, source); err == nil {
			err = describeQueries(gctx, source, &in)
		}
		return err
	})
	g.Go(func() (err error) {
		cursors, err = both.readTarget(gctx, &in, target)
		return err
	})
	if err := g.Wait(); err != nil {
		return nil, err
	}
	return planChanges(ctx, in, q, conceal, source, cursors)
}

func newInput(j *job.Job) planner.Input {
	return planner.Input{Job: j, Now: time.Now(), Nonce: randomHex(8), Queries: make(map[int][]redshift.Column)}
}

// readTarget reads what a sync has to know of the target, and looks at the stage meanwhile.
func (both sides) readTarget(ctx context.Context, in *planner.Input, target *connect.Session) (cursors map[string]redshift.Cursor, err error) {
	g, gctx := errgroup.WithContext(ctx)
	g.Go(func() (err error) {
		if in.Target, err = readCatalog(gctx, both.target, target); err == nil {
			cursors, err = redshift.ReadCursors(gctx, target)
		}
		return err
	})
	g.Go(func() (err error) {
		in.Stage, err = lookUpStage(gctx, in.Job)
		return err
	})
	return cursors, g.Wait()
}

// planChanges asks the source what is new, and plans to move that.
func planChanges(ctx context.Context, in planner.Input, q SyncRequest, conceal func(string) string, source redshift.Querier, cursors map[string]redshift.Cursor) (*Syncing, error) {
	y, err := planner.NewSync(in, q.Full)
	if err != nil {
		return nil, err
	}
	y.Vanished(cursors)
	if q.Only != nil {
		if y.Only(q.Only); len(y.Tables) == 0 {
			return nil, plan.ErrNothingLeft
		}
	}
	changes, err := changes(ctx, source, y, cursors, q, conceal)
	if err != nil {
		return nil, err
	}
	out := &Syncing{target: in.Job.Target}
	if out.Plan, err = y.Plan(changes, cursors != nil); err != nil {
		return nil, err
	}
	for _, t := range y.Tables {
		st := SyncingTable{Source: t.Source, Target: t.Target, Mode: t.Mode, Since: t.Next.Since}
		if t.Err != nil {
			st.Error, st.Hint = t.Err.Error(), hint.Of(t.Err)
		} else {
			c := changes[t.Target]
			st.From, st.Watermark, st.Unchanged, st.Altered = c.Low, c.Cursor.Watermark, c.Unchanged, t.Altered
			if c.Ahead {
				st.Warning = fmt.Sprintf("%s goes to %s, more than a day ahead of the source's clock: rows that come with earlier values are passed over until then; correct what is there, or leave it out with where, and sync anew with --full-refresh",
					st.Since, c.High)
			}
			if !c.Unchanged {
				out.alter = append(out.alter, t.Alter...)
			}
		}
		out.Tables = append(out.Tables, st)
	}
	return out, nil
}

// changes asks the source what is new in each table. What is wrong with one is said there.
func changes(ctx context.Context, source redshift.Querier, y *planner.Sync, cursors map[string]redshift.Cursor, q SyncRequest, conceal func(string) string) (map[string]delta.Change, error) {
	specs := make([]delta.Spec, 0, len(y.Tables))
	asked := make([]*planner.SyncTable, 0, len(y.Tables))
	for _, t := range y.Tables {
		if c := cursors[t.Target]; t.Err == nil && t.Missing && c.Target != "" && !q.Full {
			t.Err = hint.With(fmt.Errorf("the target has had it since run %s, and has it no more", c.Run), "give it its name back, or make it anew with --full-refresh")
		}
		if t.Err == nil {
			specs, asked = append(specs, t.Spec), append(asked, t)
		}
	}
	lows := make([]string, len(asked))
	for i, t := range asked {
		if c := cursors[t.Target]; !q.Full && q.From == "" && c.Spec == t.Next.Spec {
			lows[i] = c.Watermark
		}
	}
	extents, errs, err := delta.Extents(ctx, source, specs, lows)
	if err != nil {
		return nil, fmt.Errorf("ask the source how far its tables go: %w", err)
	}
	var looks []delta.Look
	var looked []*planner.SyncTable
	wishes := make(map[string]delta.Wish)
	for i, t := range asked {
		if t.Err = unreadable(errs[i]); t.Err != nil {
			continue
		}
		wish, err := q.wish(t.Spec)
		var l delta.Look
		if err == nil {
			l, err = delta.Start(t.Spec, t.Next, cursors[t.Target], extents[i], wish)
		}
		if t.Err = err; err != nil {
			continue
		}
		wishes[t.Target] = wish
		looks, looked = append(looks, l), append(looked, t)
	}
	seen, errs, err := delta.Looks(ctx, source, looks)
	if err != nil {
		return nil, fmt.Errorf("ask the source which rows are new: %w", err)
	}
	for i := range seen {
		seen[i].Near, seen[i].All = conceal(seen[i].Near), conceal(seen[i].All)
	}
	out := make(map[string]delta.Change)
	for i, t := range looked {
		if t.Err = unreadable(errs[i]); t.Err != nil {
			continue
		}
		c, err := delta.Decide(looks[i], t.Next, cursors[t.Target], seen[i], wishes[t.Target])
		if t.Err = err; err == nil {
			out[t.Target] = c
		}
	}
	return out, nil
}

// unreadable says that the source does not answer what is asked of one table.
func unreadable(err error) error {
	if err == nil {
		return nil
	}
	return hint.With(fmt.Errorf("ask the source what is new: %w", err), redshift.HintFor(err))
}

// wish is what a request means for one table.
func (q SyncRequest) wish(s delta.Spec) (w delta.Wish, err error) {
	w.Full = q.Full
	for _, v := range []struct {
		flag, text string
		to         *string
	}{{"--from", q.From, &w.From}, {"--until", q.Until, &w.Until}} {
		if v.text == "" {
			continue
		}
		if s.Since.Name.IsZero() {
			return w, fmt.Errorf("%s says a value of since, and the table has none", v.flag)
		}
		if v.flag == "--until" && len(s.All) > 0 {
			return w, errors.New("--until leaves rows out, and to mode: mirror rows that are left out are gone")
		}
		if *v.to, err = delta.ParseValue(v.text, s.Since.Type); err != nil {
			return w, fmt.Errorf("%s: %w", v.flag, err)
		}
	}
	return w, nil
}

// Sync carries out what was planned. Definitions that follow the source's are altered first, under the lease of the run: each such
// statement is whole by itself, and is left where it is if the run fails. Without a plan there is nothing to do, and no receipt.
func Sync(ctx context.Context, s *Syncing, o Options) (*receipt.Receipt, error) {
	if s.Plan == nil {
		return nil, errors.New("nothing is new")
	}
	o.postgres = s.postgres
	id, holder := newRunID(time.Now()), randomHex(16)
	if len(s.alter) == 0 {
		return copyAs(ctx, s.Plan, id, holder, o)
	}
	lease, err := s.follow(ctx, id, holder, o)
	if err != nil {
		return nil, err
	}
	r, err := copyAs(ctx, s.Plan, id, holder, o)
	if err != nil {
		err = errors.Join(err, release(ctx, lease)) // which may not have come so far as to do it
	}
	return r, err
}

// follow lets the target's definitions follow the source's, under the lease that the run goes on to hold.
func (s *Syncing) follow(ctx context.Context, id, holder string, o Options) (*stage.Lease, error) {
	both, err := meet(ctx, plan.Warehouse{}, planner.Warehouse(s.target), application, o)
	if err != nil {
		return nil, err
	}
	cfg, err := connect.Config(ctx, s.Plan.Stage.Region, connect.Role{})
	if err != nil {
		return nil, err
	}
	in := stage.New(cfg, s.Plan.Stage.Bucket, s.Plan.Stage.Owner, s.Plan.Stage.KMSKeyARN)
	lease := in.Lease(s.Plan.Stage.Prefix, s.Plan.Target, id, holder, testOnlyLeaseTTL)
	ctx = effect.With(ctx, "follow", testOnlyPoint)
	if _, err := lease.Take(ctx, o.Force); err != nil {
		return nil, err
	}
	err = both.through(ctx, o, func(ctx context.Context) error {
		return inSession(ctx, both.target, func(session *connect.Session) error {
			for _, sql := range s.alter {
				if err := alter(ctx, session, sql); err != nil {
					return err
				}
			}
			return nil
		})
	})
	if err == nil {
		err = lease.Renew(ctx) // an ALTER may have waited for somebody
	}
	if err != nil {
		return nil, errors.Join(err, release(ctx, lease))
	}
	return lease, nil
}

func alter(ctx context.Context, session *connect.Session, sql redshift.SQL) error {
	err := effect.Do(ctx, "target ALTER", func(ctx context.Context) error {
		_, err := session.Exec(ctx, sql)
		return err
	})
	if redshift.IsColumnThere(err) {
		return hint.With(fmt.Errorf("%w: another sync has let the target follow the source's columns since: %w", plan.ErrStale, err), "sync again")
	}
	if err != nil {
		return hint.With(fmt.Errorf("let the target follow the source's columns: %w", err), redshift.HintFor(err))
	}
	return nil
}

func release(ctx context.Context, lease *stage.Lease) error {
	ctx, cancel := context.WithTimeout(effect.With(context.WithoutCancel(ctx), "follow", testOnlyPoint), closeTime)
	defer cancel()
	return lease.Release(ctx)
}

// Cursors says how far the tables that are synced into a job's target have come, by the target's own account, in order of their names.
func Cursors(ctx context.Context, j *job.Job, o Options) (out []redshift.Cursor, err error) {
	both, err := meet(ctx, plan.Warehouse{}, planner.Warehouse(j.Target), application, o)
	if err != nil {
		return nil, err
	}
	var found map[string]redshift.Cursor
	err = both.through(ctx, o, func(ctx context.Context) error {
		return inSession(ctx, both.target, func(s *connect.Session) error {
			found, err = redshift.ReadCursors(ctx, s)
			return err
		})
	})
	for _, target := range slices.Sorted(maps.Keys(found)) {
		out = append(out, found[target])
	}
	return out, err
}
