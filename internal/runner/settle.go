package runner

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/sealift/sealift/internal/delay"
	"github.com/sealift/sealift/internal/effect"
	"github.com/sealift/sealift/internal/redshift"
	"github.com/sealift/sealift/journal"
	"github.com/sealift/sealift/plan"
)

// The steps that a run takes besides those of its plan: they concern what processes leave, not tables.
const (
	leaseStep    = "lease"    // claim the target
	sessionsStep = "sessions" // end what earlier processes left running
	lookStep     = "look"     // see which publishes happened
	compareStep  = "compare"  // hold the catalogs against the plan
	releaseStep  = "release"  // give the target up
)

// step is an action outside of the plan, written down like those in it.
func (r *run) step(ctx context.Context, id string, act func(ctx context.Context, f *journal.Facts) error) error {
	r.at.attempts[id]++
	e := journal.Entry{Type: journal.Intent, Step: id, Attempt: r.at.attempts[id]}
	if err := r.write(ctx, e); err != nil {
		return err
	}
	facts := new(journal.Facts)
	err := act(effect.With(ctx, id, r.Point), facts)
	if jerr := r.write(ctx, outcome(e, facts, err)); jerr != nil {
		return jerr
	}
	return err
}

// settle makes certain what earlier processes of this run left uncertain. It has nothing to do in a new run.
func (r *run) settle(ctx context.Context) error {
	if len(r.History) == 0 {
		return nil
	}
	if len(r.at.sessions) > 0 {
		err := r.ask(ctx, sessionsStep, func(ctx context.Context) error {
			return errors.Join(endSessions(ctx, r.source, r.at.sessions[true]), endSessions(ctx, r.target, r.at.sessions[false]))
		})
		if err != nil {
			return err
		}
	}
	if len(r.at.doubts) > 0 {
		if err := r.ask(ctx, lookStep, r.lookAll); err != nil {
			return err
		}
	}
	targets := make(map[string]bool)
	for target, t := range r.at.tables {
		if !t.published {
			targets[target] = true
		}
	}
	if len(targets) == 0 {
		return nil
	}
	return r.ask(ctx, compareStep, func(ctx context.Context) error { return r.Unchanged(ctx, targets) })
}

// ask is step for what can be done any number of times. A connection that was lost leaves nothing uncertain there.
func (r *run) ask(ctx context.Context, id string, act func(ctx context.Context) error) error {
	return r.persist(ctx, id, false, func() error {
		return r.step(ctx, id, func(ctx context.Context, _ *journal.Facts) error { return certain(act(ctx)) })
	})
}

// lookAll resolves every publish and foreign key of which nobody knows whether it happened, by its marker.
func (r *run) lookAll(ctx context.Context) error {
	s, err := r.target.get(ctx)
	if err != nil {
		return err
	}
	usable := false
	defer func() { r.giveBack(ctx, r.target, s, usable) }()
	for _, intent := range slices.Clone(r.at.doubts) {
		happened, err := look(ctx, s, intent.Facts.Marker)
		if err != nil {
			return fmt.Errorf("look for the marker of %s: %w", intent.Step, err)
		}
		e := intent
		e.Type, e.Facts = journal.Failed, &journal.Facts{Marker: intent.Facts.Marker, Looked: true}
		e.Error = "the process ended, or the connection was lost, before the transaction was committed"
		if happened {
			e.Type, e.Error = journal.Done, ""
		}
		if err := r.write(ctx, e); err != nil {
			return err
		}
		kind := plan.Relate
		if e.Table != "" {
			kind = plan.Publish
		}
		r.at.entry(e, kind)
		if happened && e.Table != "" {
			r.mu.Lock()
			r.published[e.Table] = true
			r.mu.Unlock()
		}
	}
	usable = true
	return nil
}

// look asks whether the transaction of a marker has committed.
func look(ctx context.Context, s Session, marker string) (happened bool, err error) {
	n, err := number(ctx, s, redshift.MarkerQuery(marker))
	return n > 0, err
}

const (
	// settleTries is how often a warehouse that lost a connection is asked what became of it: it may be starting again.
	settleTries = 4
	// endTime bounds waiting for a session to be gone, which takes as long as rolling back does.
	endTime = 5 * time.Minute
)

// whatBecame makes certain what a lost connection left uncertain: it ends the session, so that nothing more can come of
// it, and then looks for the marker, if the step leaves one. An error means that it is still uncertain.
func (r *run) whatBecame(ctx context.Context, p *pool, f journal.Facts) (happened bool, err error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), endTime)
	defer cancel()
	for try := 1; ; try++ {
		happened, err = r.askWhatBecame(ctx, p, f)
		if err == nil || try == settleTries {
			return happened, err
		}
		if werr := delay.For(ctx, backoff<<try); werr != nil {
			return false, errors.Join(err, werr)
		}
	}
}

func (r *run) askWhatBecame(ctx context.Context, p *pool, f journal.Facts) (happened bool, err error) {
	if err := endSessions(ctx, p, []journal.Session{*f.Session}); err != nil || f.Marker == "" {
		return false, err
	}
	s, err := p.fresh(ctx)
	if err != nil {
		return false, err
	}
	usable := false
	defer func() { r.giveBack(ctx, p, s, usable) }()
	happened, err = look(ctx, s, f.Marker)
	usable = err == nil
	return happened, err
}

// endSessions ends sessions and waits until the warehouse does not show them any more: then what they had not committed
// is rolled back. A process of the same number that began at another time is somebody else's and left alone.
func endSessions(ctx context.Context, p *pool, sessions []journal.Session) (err error) {
	if len(sessions) == 0 {
		return nil
	}
	s, err := p.fresh(ctx)
	if err != nil {
		return err
	}
	usable := false
	defer func() { err = errors.Join(err, p.put(ctx, s, usable)) }()
	ctx, cancel := context.WithTimeout(ctx, endTime)
	defer cancel()
	for pause := 50 * time.Millisecond; ; pause = min(2*pause, 5*time.Second) {
		var alive []journal.Session
		err := s.Query(ctx, redshift.SessionsQuery(), func(row []*string) error {
			var x journal.Session
			var err error
			x.PID, x.Began, err = redshift.ParseSession(row)
			if slices.Contains(sessions, x) {
				alive = append(alive, x)
			}
			return err
		})
		if err != nil {
			return fmt.Errorf("look for sessions that were left in the %s: %w", p.name, err)
		}
		if len(alive) == 0 {
			usable = true
			return nil
		}
		for _, x := range alive {
			if err := s.Query(ctx, redshift.TerminateQuery(x.PID), func([]*string) error { return nil }); err != nil {
				return fmt.Errorf("end session %d, which was left in the %s: %w", x.PID, p.name, err)
			}
		}
		if err := delay.For(ctx, pause); err != nil {
			return fmt.Errorf("session %d of the %s was told to end, and is still there: %w", alive[0].PID, p.name, err)
		}
	}
}

// giveBack puts a session back where an error of closing it changes nothing.
func (r *run) giveBack(ctx context.Context, p *pool, s Session, usable bool) {
	end, cancel := afterwards(ctx)
	defer cancel()
	if err := p.put(end, s, usable); err != nil {
		r.Log.Warn("close session", "side", p.name, "err", err)
	}
}
