package connect

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/sealift/sealift/internal/delay"
	"github.com/sealift/sealift/internal/redshift"
	"github.com/sealift/sealift/journal"
)

// What is done about a session from another one.

// aside opens a session of its own for questions about another, and closes it afterwards. Nothing watches it: it has
// the time that ctx gives it.
func (w *Warehouse) aside(ctx context.Context, do func(*Session) error) (err error) {
	s, err := w.open(ctx, false)
	if err != nil {
		return err
	}
	defer func() {
		end, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeTime)
		defer cancel()
		err = errors.Join(err, s.Close(end))
	}()
	return do(s)
}

// closeTime bounds the farewell to a server.
const closeTime = 5 * time.Second

// activity asks what a session is doing.
func (w *Warehouse) activity(ctx context.Context, id journal.Session) (what activity, err error) {
	err = w.aside(ctx, func(s *Session) error {
		there, err := s.has(ctx, id)
		if err != nil || !there {
			what = gone
			return err
		}
		what = idle
		return s.Query(ctx, redshift.RunningQuery(id.PID), func(row []*string) error {
			if len(row) == 1 && row[0] != nil && *row[0] != "0" {
				what = running
			}
			return nil
		})
	})
	return what, err
}

// has tells whether the warehouse has a session: the same process, begun at the same time.
func (s *Session) has(ctx context.Context, id journal.Session) (bool, error) {
	there := false
	err := s.Query(ctx, redshift.SessionsQuery(), func(row []*string) error {
		pid, began, err := redshift.ParseSession(row)
		there = there || (err == nil && pid == id.PID && began == id.Began)
		return err
	})
	return there, err
}

// End ends a session of ours from another one and returns when the warehouse does not have it any more: what it had not
// committed is rolled back by then. A session that is gone already is no error, and a process of the same number that
// began at another time is somebody else's and left alone.
func (w *Warehouse) End(ctx context.Context, id journal.Session) error {
	err := w.aside(ctx, func(s *Session) error {
		for pause := 20 * time.Millisecond; ; pause = min(2*pause, time.Second) {
			there, err := s.has(ctx, id)
			if err != nil || !there {
				return err
			}
			if _, err := s.Exec(ctx, redshift.TerminateQuery(id.PID)); err != nil {
				return err
			}
			if err := delay.For(ctx, pause); err != nil {
				return err
			}
		}
	})
	if err != nil {
		return fmt.Errorf("end session %d of %s: %w", id.PID, w.spec.Name(), err)
	}
	return nil
}
