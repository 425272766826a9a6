package sealift

import (
	"cmp"
	"context"
	"errors"
	"time"

	"github.com/sealift/sealift/internal/connect"
	"github.com/sealift/sealift/internal/door"
	"github.com/sealift/sealift/internal/effect"
	"github.com/sealift/sealift/internal/runner"
	"github.com/sealift/sealift/plan"
)

// runDoor is a door as a run needs it.
type runDoor struct {
	*door.Door
	side string
}

// Side is source or target.
func (d runDoor) Side() string { return d.side }

// lookTTL is how long the door of a process that only looks may outlive it: it is renewed while the look takes longer, and
// nobody resumes a look that died.
const lookTTL = "5m"

// doors are those that the warehouses need, none of them open yet. ttl "" is the job's.
func (s sides) doors(ctx context.Context, run, ttl string, o Options) ([]runDoor, error) {
	var all []runDoor
	token := randomHex(4) // one for both: where they share a rule, this process needs it once
	for _, side := range []struct {
		name string
		at   *connect.Warehouse
	}{{"source", s.source}, {"target", s.target}} {
		if side.at == nil || side.at.Door() == (plan.Door{}) {
			continue
		}
		spec := side.at.Door()
		spec.TTL = cmp.Or(ttl, spec.TTL)
		d, err := door.New(ctx, side.at.AWS(), spec, door.Options{
			Run: run, Token: token, Name: side.at.Name(), Port: side.at.Port(), Address: o.Address, AllowWide: o.AllowWideDoor,
			Answers: side.at.Answers, Point: testOnlyPoint, Log: o.log(),
		})
		if err != nil {
			return nil, err
		}
		all = append(all, runDoor{d, side.name})
	}
	return all, nil
}

// closeTime bounds closing doors, which waits until EC2 does not show them any more.
const closeTime = 3 * time.Minute

// through does what needs sessions, with the doors open for as long as it takes. A run keeps account of its doors; what
// only looks does not, and is known by an id of its own, so that what it may leave is found like what runs leave.
func (s sides) through(ctx context.Context, o Options, look func(ctx context.Context) error) (err error) {
	all, err := s.doors(ctx, newRunID(time.Now()), lookTTL, o)
	if err != nil {
		return err
	}
	for _, d := range all {
		defer func() {
			end, cancel := context.WithTimeout(effect.With(context.WithoutCancel(ctx), "shut "+d.side, testOnlyPoint), closeTime)
			defer cancel()
			_, cerr := d.Close(end)
			err = errors.Join(err, cerr)
		}()
		if _, err := d.Open(effect.With(ctx, "open "+d.side, testOnlyPoint)); err != nil {
			return err
		}
		defer d.Keep(ctx)()
	}
	return look(ctx)
}

// forRun are the doors as the runner knows them.
func forRun(doors []runDoor) []runner.Door {
	all := make([]runner.Door, len(doors))
	for i, d := range doors {
		all[i] = d
	}
	return all
}
