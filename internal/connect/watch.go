package connect

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sealift/sealift/internal/delay"
)

// Watch says how a statement is looked after that is silent for long. A connection can die without anybody being told:
// a gateway forgets it, or goes on answering for a server that is gone. So the warehouse is asked, on another connection,
// what became of the session. Zero fields mean the defaults.
type Watch struct {
	// Silence is how long nothing may be heard before the warehouse is asked, and again each time. Default 60 s;
	// negative: it is never asked.
	Silence time.Duration
	// Ask bounds one question, the connection for it included. Default 30 s.
	Ask time.Duration
	// Tries is how often in a row the warehouse may be out of reach before the statement is given up. Default 5.
	Tries int
	// Idle is how often in a row the session may be found without a running statement, which means that the answer is
	// lost, before it is given up. It is patient because it is not said that everything that runs is shown, a COMMIT
	// that waits for others above all. Default 10.
	Idle int
}

// withDefaults fills in what is not said.
func (w Watch) withDefaults() Watch {
	if w.Silence == 0 {
		w.Silence = hasten(60 * time.Second)
	}
	if w.Ask == 0 {
		w.Ask = hasten(30 * time.Second)
	}
	if w.Tries == 0 {
		w.Tries = 5
	}
	if w.Idle == 0 {
		w.Idle = 10
	}
	return w
}

// activity is what a session is doing, as the warehouse tells.
type activity int

const (
	gone    activity = iota // there is no such session
	idle                    // it is there, and no statement of it is shown as running
	running                 // a statement of it is running
)

// watcher looks after one session's statements, one at a time.
type watcher struct {
	Watch
	ask    func(ctx context.Context) (activity, error)
	giveUp func(reason error) // ends the connection, from another goroutine than the one that waits for it
	log    *slog.Logger
}

// statement is one that is being looked after.
type statement struct {
	began time.Time
	heard atomic.Int64 // how long after that, in nanoseconds: as nobody who sets the clock can change it
}

// hears notes a sign of life.
func (s *statement) hears() { s.heard.Store(int64(time.Since(s.began))) }

// silent is how long nothing was heard.
func (s *statement) silent() time.Duration {
	return time.Since(s.began) - time.Duration(s.heard.Load())
}

// begin starts looking after a statement. end must be called when its answer is there, and returns when nothing is asked
// any more.
func (w *watcher) begin(ctx context.Context) (s *statement, end func()) {
	s = &statement{began: time.Now()}
	if w == nil || w.Silence < 0 {
		return s, func() {}
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx)) // a statement that is being cancelled is waited for, too
	ended := make(chan struct{})
	// Nearly every statement is over long before this, and costs a timer only.
	timer := time.AfterFunc(w.Silence, func() {
		defer close(ended)
		w.look(ctx, s)
	})
	return s, sync.OnceFunc(func() {
		cancel()
		if !timer.Stop() {
			<-ended
		}
	})
}

// look asks again and again until ctx ends or there is nothing to wait for any more.
func (w *watcher) look(ctx context.Context, s *statement) {
	unreached, idles := 0, 0
	for {
		silent := s.silent()
		wait := w.Silence - silent
		if wait <= 0 {
			what, err := w.question(ctx)
			switch {
			case ctx.Err() != nil:
				return
			case err != nil:
				unreached++
				w.log.Debug("a silent statement's warehouse cannot be asked", "silent", silent, "try", unreached, "err", err)
				if unreached >= w.Tries {
					w.giveUp(fmt.Errorf("nothing was heard for %s, and the warehouse could not be asked why (%d tries): %w", round(silent), unreached, err))
					return
				}
			case what == gone:
				w.giveUp(fmt.Errorf("nothing was heard for %s, and the warehouse has no such session any more", round(silent)))
				return
			case what == idle:
				unreached = 0
				idles++
				w.log.Debug("a silent statement is not shown as running", "silent", silent, "look", idles)
				if idles >= w.Idle {
					w.giveUp(fmt.Errorf("nothing was heard for %s, and the warehouse shows no running statement of the session: the answer was lost", round(silent)))
					return
				}
			default:
				unreached, idles = 0, 0
				w.log.Debug("a silent statement is still running", "silent", silent)
			}
			wait = w.Silence
		}
		if delay.For(ctx, wait) != nil {
			return
		}
	}
}

func round(d time.Duration) time.Duration {
	if d < time.Second {
		return d.Round(time.Millisecond)
	}
	return d.Round(time.Second)
}

func (w *watcher) question(ctx context.Context) (activity, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, w.Ask, errors.New("no answer in time"))
	defer cancel()
	return w.ask(ctx)
}
