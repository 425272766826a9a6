package runner

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/sealift/sealift/journal"
)

// Door lets this process in where a warehouse's security group keeps it out.
type Door interface {
	// Side is source or target.
	Side() string
	// Open makes the door, or shares one, and waits until the warehouse answers. After an error something may be open.
	Open(ctx context.Context) (journal.Door, error)
	// Keep renews it until the answered function is called.
	Keep(ctx context.Context) (stop func())
	// Sweep closes what earlier processes of the run left open.
	Sweep(ctx context.Context) error
	// Close leaves it, and closes it unless others need it.
	Close(ctx context.Context) (journal.Door, error)
}

// The steps about doors have the warehouse's side after them.
const (
	openStep  = "open "
	shutStep  = "shut "
	sweepStep = "sweep " // close what earlier processes left open
)

// enter opens the doors, does the work, and closes them: after the sessions, which a closed door would not end.
func (r *run) enter(ctx context.Context, work func(ctx context.Context) error) error {
	var opened []Door
	var stops []func()
	var err error
	for _, d := range r.Doors {
		opened = append(opened, d)
		err = r.step(ctx, openStep+d.Side(), func(ctx context.Context, f *journal.Facts) error {
			at, err := d.Open(ctx)
			f.Door = &at
			return err
		})
		if err != nil {
			break
		}
		stops = append(stops, d.Keep(ctx))
	}
	if err == nil {
		err = work(ctx)
	}
	for _, stop := range stops {
		stop()
	}
	if len(opened) == 0 || journalOnly(err) != nil {
		return err // what cannot be written down is not done: the schedules close them
	}
	end, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutTime)
	defer cancel()
	err = errors.Join(err, r.source.close(end), r.target.close(end))
	for _, d := range opened {
		err = errors.Join(err, journalOnly(r.step(end, shutStep+d.Side(), func(ctx context.Context, f *journal.Facts) error {
			at, err := d.Close(ctx)
			f.Door = &at
			return err
		})))
	}
	return err
}

// shutTime bounds closing the doors, which waits until EC2 does not show them any more.
const shutTime = 3 * time.Minute

// sweep closes the doors that earlier processes of the run left open. What cannot be closed is told, and the work goes on.
func (r *run) sweep(ctx context.Context) error {
	for _, d := range r.Doors {
		if !r.at.open[d.Side()] && !r.at.left[d.Side()] {
			continue
		}
		err := r.step(ctx, sweepStep+d.Side(), func(ctx context.Context, _ *journal.Facts) error { return d.Sweep(ctx) })
		if err := journalOnly(err); err != nil {
			return err
		}
	}
	return nil
}

// door keeps account of which doors may be open.
func (pos *position) door(e journal.Entry) {
	if side, ok := strings.CutPrefix(e.Step, openStep); ok && e.Type == journal.Intent {
		pos.open[side] = true
	}
	if side, ok := strings.CutPrefix(e.Step, shutStep); ok && e.Type == journal.Done {
		delete(pos.open, side)
	}
	if side, ok := strings.CutPrefix(e.Step, sweepStep); ok && e.Type == journal.Done {
		delete(pos.left, side)
	}
	if e.Type == journal.Resume { // what was open is another process's
		for side := range pos.open {
			pos.left[side] = true
		}
		clear(pos.open)
	}
}
