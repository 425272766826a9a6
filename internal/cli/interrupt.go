package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

// grace is how long running statements get to finish after the first signal, before they are cancelled.
const grace = 30 * time.Second

// cancellable gives a context that ends with the first signal, for commands that can be left at any point.
func (a *app) cancellable(ctx context.Context) (context.Context, func()) {
	ctx, _, release := a.stoppable(ctx, 0)
	return ctx, release
}

// stoppable gives a context and a channel for commands that should not be left at any point: the first signal closes the
// channel, which means to begin nothing new, and after the time of grace it ends the context. The second signal ends the
// process; the journal makes that safe. release ends the watching and returns when it has ended.
func (a *app) stoppable(ctx context.Context, grace time.Duration) (_ context.Context, stop <-chan struct{}, release func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	stopping, over, done := make(chan struct{}), make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		select {
		case <-a.Signals:
		case <-over:
			return
		}
		a.stderr.leftEdge()
		a.stopped.Store(true)
		close(stopping)
		if grace == 0 {
			cancel(errInterrupted)
		} else {
			a.say("stopping after the current step, at the latest in %s; once more to stop at once", grace.String())
		}
		late := time.NewTimer(grace)
		defer late.Stop()
		for {
			select {
			case <-a.Signals:
				a.stderr.leftEdge()
				if r := a.running.Load(); r != nil {
					next := "Go on with: sealift resume " + r.run
					if r.once {
						next = "No other process can go on with it; remove what it left: sealift clean --run " + r.run
					}
					a.lastWord("stopped at once; what was under way is in the journal. " + next)
				} else {
					a.lastWord("stopped at once")
				}
				a.Exit(exitInterrupted)
				return
			case <-late.C:
				cancel(errInterrupted)
			case <-over:
				return
			}
		}
	}()
	return ctx, stopping, func() {
		close(over)
		<-done
		cancel(nil)
	}
}

// interrupted names the reason of an error that came of the first signal. Where that is all there is to say, what was waited for is left
// out, and so are its hints: it did not fail.
func interrupted(ctx context.Context, err error) error {
	if err != nil && errors.Is(context.Cause(ctx), errInterrupted) && !errors.Is(err, errInterrupted) {
		if errors.Is(err, context.Canceled) && !strings.Contains(err.Error(), "\n") {
			return errInterrupted
		}
		return fmt.Errorf("%w: %w", errInterrupted, err)
	}
	return err
}

// goOn takes the error of one of several things of which none stops the others. The first is kept in worst, for the end; the others are
// told at once. What it answers stops all.
func (a *app) goOn(ctx context.Context, worst *error, err error) error {
	switch {
	case err == nil:
	case ctx.Err() != nil, errors.Is(err, errInterrupted):
		return err
	case *worst == nil:
		*worst = err
	case !is[told](err):
		a.report(err, exitCode(err))
	}
	return nil
}
