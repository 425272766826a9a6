package sealift

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/sealift/sealift/internal/connect"
	"github.com/sealift/sealift/internal/door"
	"github.com/sealift/sealift/internal/effect"
	"github.com/sealift/sealift/internal/hint"
	"github.com/sealift/sealift/internal/planner"
	"github.com/sealift/sealift/internal/redshift"
	"github.com/sealift/sealift/internal/show"
	"github.com/sealift/sealift/internal/stage"
	"github.com/sealift/sealift/job"
	"github.com/sealift/sealift/journal"
	"github.com/sealift/sealift/plan"
	"github.com/sealift/sealift/receipt"
)

// CleaningVersion is the version of a Cleaning's JSON form.
const CleaningVersion = 1

// CleanAge is how old a run must be, unless it is named, before what it left is removed: a run that crashed an hour ago
// may be about to be resumed by somebody, and a timer must not take that away.
const CleanAge = 24 * time.Hour

// Place is where runs of a job leave things.
type Place struct {
	Source, Target plan.Warehouse
	Stage          plan.Stage
}

// Cleaning is what Clean found, and what became of it.
type Cleaning struct {
	Version int        `json:"version"`
	DryRun  bool       `json:"dry_run"`
	Found   []Leftover `json:"found"`
	Notes   []string   `json:"notes,omitempty"` // what could not be looked at, and what removing means
	// Unseen are warehouses that could not be looked into, with why, although there are doors to them, and places in S3 that runs unloaded
	// into.
	Unseen []string `json:"unseen,omitempty"`
}

// Leftover is one thing that a run left.
type Leftover struct {
	Kind   LeftoverKind  `json:"kind"`
	Run    string        `json:"run,omitempty"`
	Where  string        `json:"where"` // the warehouse, the stage, or the bucket
	What   string        `json:"what"`  // the table, the prefix, the process, the lease
	Detail string        `json:"detail,omitempty"`
	State  LeftoverState `json:"state"`
	Reason string        `json:"reason,omitempty"` // why it was kept, or could not be removed
	Hint   string        `json:"hint,omitempty"`

	place  int            // by which it was found
	over   bool           // of a door: it does not count any more
	in     plan.Warehouse // for things in a warehouse: names alone may be the same for two
	remove func(ctx context.Context) error
}

// LeftoverKind says what a thing is.
type LeftoverKind string

// The kinds, in the order in which they are removed: a session that lives could make the others again, and staged objects say where
// others were delivered to.
const (
	SessionLeft   LeftoverKind = "session"
	ShadowLeft    LeftoverKind = "shadow"
	DeliveredLeft LeftoverKind = "delivered" // objects that an unload into S3 did not finish
	ObjectsLeft   LeftoverKind = "objects"
	LeaseLeft     LeftoverKind = "lease"
	DoorLeft      LeftoverKind = "door"
)

// LeftoverState says what became of it.
type LeftoverState string

// The states.
const (
	LeftFound   LeftoverState = "found"   // would be removed
	LeftKept    LeftoverState = "kept"    // its run lives, or is too young
	LeftRemoved LeftoverState = "removed" // gone
	LeftFailed  LeftoverState = "failed"  // could not be removed
)

// CleanOptions of Clean.
type CleanOptions struct {
	Options
	Run       string        // only what this run left, however young; it must not live
	OlderThan time.Duration // only of runs that began this long ago
	DryRun    bool          // find, and remove nothing
	// Listed is called with everything that was found, before any of it is removed. Optional.
	Listed func(*Cleaning)
}

// JobPlace is where the runs of a job leave things.
func JobPlace(ctx context.Context, j *job.Job) (Place, error) {
	caller := ""
	if j.Stage.Owner == "" {
		cfg, err := connect.Config(ctx, j.Stage.Region, connect.Role{})
		if err != nil {
			return Place{}, err
		}
		id, err := connect.Caller(ctx, cfg)
		if err != nil {
			return Place{}, err
		}
		caller = id.Account
	}
	s, err := stage.Locate(caller, j.Stage)
	return Place{Source: planner.Warehouse(j.Source), Target: planner.Warehouse(j.Target), Stage: s}, err
}

// Clean finds what runs left in these places, and in those that the plans of the state folder name if none is given, and
// removes it: sessions, shadows, staged objects with all versions and unfinished uploads, what was delivered into S3 and is not whole,
// leases that are over, doors. It
// knows runs by their ids, so it needs no state, and touches nothing that is not marked with one. What belongs to a run whose
// lease is live is kept. It can be stopped anywhere, run again, and run twice at once.
func Clean(ctx context.Context, places []Place, o CleanOptions) (*Cleaning, error) {
	c := &cleaner{options: o, out: &Cleaning{Version: CleaningVersion, DryRun: o.DryRun, Found: []Leftover{}}, trails: make(map[string]trail)}
	if err := c.readState(ctx); err != nil {
		return nil, err
	}
	if len(places) == 0 {
		places = c.statePlaces()
	}
	if len(places) == 0 {
		return nil, hint.With(fmt.Errorf("no job is named, and no run is in %s", o.StateDir), "name the job whose runs left something: sealift clean JOB")
	}
	for i, p := range places {
		if err := c.find(ctx, i, p); err != nil {
			return nil, err
		}
	}
	if err := c.judge(); err != nil {
		return nil, err
	}
	if o.Listed != nil {
		o.Listed(c.out)
	}
	if o.DryRun {
		return c.out, nil
	}
	for i := range c.out.Found {
		if err := c.remove(ctx, &c.out.Found[i]); err != nil {
			return c.out, err
		}
	}
	return c.out, nil
}

// cleaner is one Clean.
type cleaner struct {
	options CleanOptions
	out     *Cleaning
	runs    []*Run
	stages  []*stage.Stage
	places  []Place
	live    []map[string]string // by place: runs whose lease is live, with who holds it
	trails  map[string]trail    // by run, whose staged objects say where something is that it delivered
}

// trail is how far what a run delivered is known: nothing of it is left if there is none.
type trail int

const (
	leads  trail = iota + 1 // to what is there yet
	unseen                  // to where nobody could look
)

// keptTrail is why staged objects are kept.
const keptTrail = "it says where its run unloaded to, and not all of that is removed"

// readState reads what the state folder knows: nothing, on a machine that has none.
func (c *cleaner) readState(ctx context.Context) error {
	if c.options.StateDir == "" {
		return nil
	}
	runs, unread, err := Runs(ctx, c.options.StateDir)
	if err != nil {
		unread = append(unread, err)
	}
	for _, err := range unread {
		c.note("in the state folder, %v", err)
	}
	c.runs = runs
	return ctx.Err()
}

func (c *cleaner) note(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	if !slices.Contains(c.out.Notes, text) {
		c.out.Notes = append(c.out.Notes, text)
	}
}

// statePlaces are the places that the plans of the state folder name.
func (c *cleaner) statePlaces() []Place {
	var places []Place
	for _, r := range c.runs {
		if p := PlanPlace(r.Plan); !slices.Contains(places, p) {
			places = append(places, p)
		}
	}
	return places
}

// PlanPlace is where the runs of a plan leave things.
func PlanPlace(p *plan.Plan) Place { return Place{Source: p.Source, Target: p.Target, Stage: p.Stage} }

// find lists everything that is in one place.
func (c *cleaner) find(ctx context.Context, i int, p Place) error {
	cfg, err := connect.Config(ctx, p.Stage.Region, connect.Role{})
	if err != nil {
		return err
	}
	s := stage.New(cfg, p.Stage.Bucket, p.Stage.Owner, p.Stage.KMSKeyARN)
	c.stages, c.places = append(c.stages, s), append(c.places, p)
	live, err := c.leases(ctx, i, true)
	if err != nil {
		return err
	}
	c.live = append(c.live, live)
	left, err := s.Leftovers(ctx, p.Stage.Prefix)
	if err != nil {
		return err
	}
	for _, l := range left {
		c.add(Leftover{
			Kind: ObjectsLeft, Run: l.Run, Where: p.Stage.URL(), What: l.URL, Detail: measured(l.Objects, l.Bytes, l.Uploads), place: i,
			remove: func(ctx context.Context) error {
				_, err := s.Empty(ctx, l.Prefix)
				return err
			},
		})
		for _, key := range l.Notes {
			c.delivered(ctx, i, l.Run, func() (*plan.Output, error) { return s.Delivery(ctx, key) })
		}
	}
	for _, r := range c.runs { // where the stage was emptied by others, the plan tells
		if PlanPlace(r.Plan) != p || r.Receipt.Outcome == receipt.Verified {
			continue
		}
		for _, table := range r.Plan.Tables {
			if out := table.Output; out != nil && out.InS3() {
				c.delivered(ctx, i, r.ID, func() (*plan.Output, error) { return out, nil })
			}
		}
	}
	old, err := s.OldLeases(ctx, p.Stage.Prefix)
	if err != nil {
		return err
	}
	if old.Count() > 0 {
		c.add(Leftover{
			Kind: LeaseLeft, Where: p.Stage.URL(), What: old.URL, Detail: fmt.Sprintf("%d old versions of leases", old.Count()), place: i,
			remove: func(ctx context.Context) error { return s.RemoveOldLeases(ctx, old) },
		})
	}
	// An unload has no target, and the files of a load hold no sessions.
	for _, w := range []struct {
		spec    plan.Warehouse
		shadows bool
	}{{p.Target, true}, {p.Source, false}} {
		if w.spec == (plan.Warehouse{}) || w.spec.Postgres != "" { // where sessions only read, and end with their connection
			continue
		}
		if err := c.atWarehouse(ctx, i, w.spec, w.shadows); err != nil {
			return err
		}
	}
	return nil
}

// measured says how much there is.
func measured(objects int, bytes int64, uploads int) string {
	text := show.Plural(int64(objects), "version") + ", " + show.Bytes(bytes)
	if uploads > 0 {
		text += ", " + show.Plural(int64(uploads), "unfinished upload")
	}
	return text
}

// delivered looks for what a run has brought to a place in S3 outside of its stage, and did not finish. What has its manifest is whole, and
// somebody's by now.
func (c *cleaner) delivered(ctx context.Context, i int, run string, where func() (*plan.Output, error)) {
	if c.options.Run != "" && c.options.Run != run {
		return
	}
	place := "where run " + run + " unloaded to"
	err := func() error {
		out, err := where()
		if err != nil || out == nil {
			return err
		}
		place = out.Folder
		to, err := destination(ctx, c.places[i].Stage, out)
		if err != nil {
			return err
		}
		found, err := to.bucket.Delivered(ctx, to.prefix, run)
		if err != nil || found.Whole || found.Objects+found.Uploads == 0 {
			return err
		}
		c.trails[run] = max(c.trails[run], leads)
		c.add(Leftover{
			Kind: DeliveredLeft, Run: run, Where: out.Bucket(), What: out.Folder, Detail: measured(found.Objects, found.Bytes, found.Uploads), place: i,
			remove: func(ctx context.Context) error {
				// A run that was resumed meanwhile may have come to its end.
				switch found, err := to.bucket.Delivered(ctx, to.prefix, run); {
				case err != nil:
					return err
				case found.Whole:
					return errAnother
				}
				if err := to.bucket.Withdraw(ctx, to.prefix, run); err != nil {
					return err
				}
				if c.trails[run] == leads {
					delete(c.trails, run)
				}
				return nil
			},
		})
		return nil
	}()
	if err != nil {
		c.trails[run] = unseen
		c.out.Unseen = append(c.out.Unseen, fmt.Sprintf("%s: %v", place, err))
	}
}

// atWarehouse looks for doors, and then for what is inside. Doors are closed also where nobody opens any more.
func (c *cleaner) atWarehouse(ctx context.Context, i int, spec plan.Warehouse, shadows bool) error {
	w, err := connect.NewWarehouse(ctx, spec, connect.Options{Application: "sealift clean", Log: c.options.log()})
	if err != nil {
		return err
	}
	found := 0
	if spec.Door != (plan.Door{}) {
		left, err := door.Find(ctx, w.AWS(), spec.Door, door.Options{Name: spec.Name(), Log: c.options.log()})
		if err != nil {
			return fmt.Errorf("look for doors to %s: %w", spec.Name(), err)
		}
		found = len(left)
		for _, l := range left {
			c.add(Leftover{
				Kind: DoorLeft, Run: l.Run, Where: spec.Name(), What: l.String(), Detail: "until " + l.Until.Format(time.RFC3339),
				over: l.Over, place: i, in: spec, remove: l.Close,
			})
		}
	}
	switch err := c.inWarehouse(ctx, i, w, spec, shadows); {
	case err == nil:
		return nil
	case found == 0 || ctx.Err() != nil:
		return err
	default:
		c.out.Unseen = append(c.out.Unseen, fmt.Sprintf("%s: %v", spec.Name(), err))
		return nil
	}
}

// with does what needs a session, with the door open if there is one.
func (c *cleaner) with(ctx context.Context, w *connect.Warehouse, do func(ctx context.Context) error) error {
	return sides{target: w}.through(ctx, c.options.Options, do)
}

// add notes a thing once, however many places lead to it.
func (c *cleaner) add(l Leftover) {
	l.State = LeftFound
	if !slices.ContainsFunc(c.out.Found, func(o Leftover) bool {
		return o.Kind == l.Kind && o.Run == l.Run && o.Where == l.Where && o.What == l.What && o.in == l.in
	}) {
		c.out.Found = append(c.out.Found, l)
	}
}

// leases answers which runs live in a place, and adds the leases that are over.
func (c *cleaner) leases(ctx context.Context, i int, add bool) (map[string]string, error) {
	p, s := c.places[i], c.stages[i]
	found, err := s.Leases(ctx, p.Stage.Prefix)
	if err != nil {
		return nil, err
	}
	live := make(map[string]string)
	for _, f := range found {
		if f.Live {
			live[f.Holder.Run] = f.String()
			continue
		}
		if add {
			c.add(Leftover{
				Kind: LeaseLeft, Run: f.Holder.Run, Where: p.Stage.URL(), What: f.Key, Detail: "on " + f.Holder.Target, place: i,
				remove: func(ctx context.Context) error { return s.RemoveLease(ctx, f) },
			})
		}
	}
	return live, nil
}

// inWarehouse looks for shadows (in the target only) and sessions.
func (c *cleaner) inWarehouse(ctx context.Context, i int, w *connect.Warehouse, spec plan.Warehouse, shadows bool) error {
	return c.with(ctx, w, func(ctx context.Context) error {
		return inSession(ctx, w, func(s *connect.Session) error { return c.inside(ctx, s, i, w, spec, shadows) })
	})
}

func (c *cleaner) inside(ctx context.Context, s *connect.Session, i int, w *connect.Warehouse, spec plan.Warehouse, shadows bool) error {
	if shadows {
		err := s.Query(ctx, redshift.ShadowsQuery(), func(row []*string) error {
			shadow, ok, err := redshift.ParseShadow(row)
			if ok {
				c.add(Leftover{
					Kind: ShadowLeft, Run: shadow.Run, Where: spec.Name(), What: shadow.Table.String(), place: i, in: spec,
					remove: func(ctx context.Context) error {
						return c.with(ctx, w, func(ctx context.Context) error {
							return inSession(ctx, w, func(s *connect.Session) error { return dropShadow(ctx, s, shadow) })
						})
					},
				})
			}
			return err
		})
		if err != nil {
			return fmt.Errorf("look for shadows in %s: %w", spec.Name(), err)
		}
	}
	found, err := c.sessions(ctx, w, s, spec)
	if err != nil {
		return fmt.Errorf("look for sessions in %s: %w", spec.Name(), err)
	}
	for id, run := range found {
		c.add(Leftover{
			Kind: SessionLeft, Run: run, Where: spec.Name(), What: fmt.Sprintf("process %d", id.PID), Detail: "since " + id.Began, place: i, in: spec,
			remove: func(ctx context.Context) error {
				return c.with(ctx, w, func(ctx context.Context) error { return w.End(ctx, id) })
			},
		})
	}
	return nil
}

// sessions are those of runs that this user has in a warehouse. Several sources tell which session is a run's: the journals
// of the state folder, by process and the time it began; for superusers, the warehouse's connection log; and for sessions
// of the Data API, AWS.
func (c *cleaner) sessions(ctx context.Context, w *connect.Warehouse, s *connect.Session, spec plan.Warehouse) (map[journal.Session]string, error) {
	user, err := oneText(ctx, s, redshift.UserQuery())
	if err != nil {
		return nil, err
	}
	there := make(map[int64]string)
	err = s.Query(ctx, redshift.OwnSessionsQuery(user, s.ID().PID), func(row []*string) error {
		pid, began, err := redshift.ParseSession(row)
		there[pid] = began
		return err
	})
	if err != nil {
		return nil, err
	}
	found := make(map[journal.Session]string)
	for _, r := range c.runs {
		for _, e := range r.Journal.Entries {
			if e.Facts == nil || e.Facts.Session == nil {
				continue
			}
			side := r.Plan.Target
			if strings.HasSuffix(e.Step, "/unload") {
				side = r.Plan.Source
			}
			if id := *e.Facts.Session; side == spec && there[id.PID] == id.Began && id.Began != "" {
				found[id] = r.ID
			}
		}
	}
	if spec.Auth == "data-api" {
		all, err := w.Remotes(ctx, func(application string) bool {
			run, ok := strings.CutPrefix(application, "sealift ")
			return ok && runIDForm.MatchString(run)
		})
		if err != nil {
			return nil, err
		}
		for _, r := range all {
			if began := there[r.PID]; began != "" && sameMoment(began, r.Began.UTC().Format(momentForm)) {
				found[journal.Session{PID: r.PID, Began: began}] = strings.TrimPrefix(r.Application, "sealift ")
			}
		}
		return found, nil // the connection log names the Data API's own program
	}
	err = s.Query(ctx, redshift.ConnectionsQuery(user), func(row []*string) error {
		if len(row) != 3 || row[2] == nil {
			return nil
		}
		pid, logged, err := redshift.ParseSession(row[:2])
		if err != nil {
			return err
		}
		began := there[pid]
		run, ok := strings.CutPrefix(*row[2], "sealift ")
		if ok && runIDForm.MatchString(run) && began != "" && sameMoment(began, logged) {
			found[journal.Session{PID: pid, Began: began}] = run
		}
		return nil
	})
	if redshift.IsPermission(err) {
		c.note("sessions in %s were looked for by the journals in the state folder only: stl_connection_log is for superusers", spec.Name())
		err = nil
	}
	return found, err
}

// momentForm is how a warehouse writes a time.
const momentForm = "2006-01-02 15:04:05.999999"

// sameMoment tells whether a login that was logged can be the beginning of a session: the one is noted a little after
// the other, and a process number does not come again within that time.
func sameMoment(began, logged string) bool {
	a, err1 := time.Parse(momentForm, began)
	b, err2 := time.Parse(momentForm, logged)
	return err1 == nil && err2 == nil && a.Sub(b).Abs() < time.Minute
}

func oneText(ctx context.Context, s *connect.Session, sql redshift.SQL) (text string, err error) {
	err = s.Query(ctx, sql, func(row []*string) error {
		if len(row) != 1 || row[0] == nil {
			return errors.New("the answer is not one text")
		}
		text = strings.TrimSpace(*row[0])
		return nil
	})
	return text, err
}

// errAnother says that in place of what was found there is something else by now.
var errAnother = errors.New("another process of the run has made its own meanwhile")

// dropShadow drops a shadow if it still is the one that was found: a run that was resumed meanwhile may have made its own.
func dropShadow(ctx context.Context, s *connect.Session, shadow redshift.Shadow) error {
	if _, err := s.Exec(ctx, redshift.Build("BEGIN")); err != nil {
		return err
	}
	same, other := false, false
	if err := s.Query(ctx, redshift.ShadowsQuery(), func(row []*string) error {
		now, _, err := redshift.ParseShadow(row)
		same = same || now == shadow
		other = other || now.Table == shadow.Table && now != shadow
		return err
	}); err != nil {
		return err
	}
	if other {
		return errAnother
	}
	if !same {
		return nil // gone; closing the session ends the transaction
	}
	if _, err := s.Exec(ctx, redshift.DropIfExists(shadow.Table)); err != nil {
		return hint.With(err, redshift.HintFor(err))
	}
	_, err := s.Exec(ctx, redshift.Build("COMMIT"))
	return err
}

// judge puts things in order and says which are kept.
func (c *cleaner) judge() error {
	order := []LeftoverKind{SessionLeft, ShadowLeft, DeliveredLeft, ObjectsLeft, LeaseLeft, DoorLeft}
	slices.SortStableFunc(c.out.Found, func(a, b Leftover) int { return slices.Index(order, a.Kind) - slices.Index(order, b.Kind) })
	if c.options.Run != "" {
		for _, live := range c.live {
			if who, ok := live[c.options.Run]; ok {
				return hint.With(fmt.Errorf("%w: run %s is alive: %s", plan.ErrHeld, c.options.Run, who), "stop it, or wait until its lease is over")
			}
		}
		c.out.Found = slices.DeleteFunc(c.out.Found, func(l Leftover) bool { return l.Run != c.options.Run })
	}
	for i := range c.out.Found {
		l := &c.out.Found[i]
		if l.Reason = c.keep(*l); l.Reason != "" {
			l.State = LeftKept
		} else {
			c.tellResumable(l.Run)
		}
	}
	return nil
}

// keep says why a thing is left alone, or "".
func (c *cleaner) keep(l Leftover) string {
	for _, live := range c.live {
		if who, ok := live[l.Run]; ok {
			return "its run is alive: " + who
		}
	}
	if l.Kind == ObjectsLeft && c.trails[l.Run] == unseen {
		return keptTrail
	}
	if c.options.Run != "" || l.Run == "" || l.over {
		return ""
	}
	if began, err := time.Parse("20060102T150405Z", strings.SplitN(l.Run, "-", 2)[0]); err == nil && time.Since(began) < c.options.OlderThan {
		return fmt.Sprintf("its run began less than %s ago; name it with --run, or lower --older-than", show.Duration(c.options.OlderThan))
	}
	return ""
}

// tellResumable says what removing means for a run that could go on.
func (c *cleaner) tellResumable(run string) {
	for _, r := range c.runs {
		if r.ID == run && r.Receipt.Outcome != receipt.Verified {
			c.note("run %s can be resumed: without what it left, it begins the tables anew that are not published", run)
		}
	}
}

// remove removes one thing. Its failure is told in it; the error is for a context that ended.
func (c *cleaner) remove(ctx context.Context, l *Leftover) error {
	if l.State != LeftFound {
		return nil
	}
	log := c.options.log().With("kind", l.Kind, "run", l.Run, "where", l.Where, "what", l.What)
	live, err := c.leases(ctx, l.place, false)
	if who, ok := live[l.Run]; ok {
		l.State, l.Reason = LeftKept, "its run is alive again: "+who
		return nil
	}
	if l.Kind == ObjectsLeft && c.trails[l.Run] != 0 {
		l.State, l.Reason = LeftKept, keptTrail
		return nil
	}
	if err == nil {
		log.Info("remove")
		err = l.remove(effect.With(ctx, "clean", nil))
	}
	switch {
	case err == nil:
		l.State = LeftRemoved
		log.Info("removed")
	case errors.Is(err, errAnother):
		l.State, l.Reason = LeftKept, err.Error()
	case ctx.Err() != nil:
		return context.Cause(ctx)
	default:
		l.State, l.Reason, l.Hint = LeftFailed, err.Error(), hint.Of(err)
		log.Info("not removed", "err", err)
	}
	return nil
}

// runIDForm is the form of a run's id.
var runIDForm = regexp.MustCompile(`^[0-9]{8}T[0-9]{6}Z-[0-9a-f]{4}$`)
