package runner

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/sealift/sealift/internal/effect"
	"github.com/sealift/sealift/journal"
	"github.com/sealift/sealift/plan"
)

// claim takes the lease on the target.
func (r *run) claim(ctx context.Context) error {
	return r.step(ctx, leaseStep, func(ctx context.Context, f *journal.Facts) (err error) {
		f.Overrode, err = r.Lease.Take(ctx, r.Force)
		return err
	})
}

// release gives the target up, unless another run has taken it.
func (r *run) release(ctx context.Context) error {
	if r.lost(ctx) {
		return nil
	}
	ctx, cancel := afterwards(ctx)
	defer cancel()
	return r.step(ctx, releaseStep, func(ctx context.Context, _ *journal.Facts) error { return r.Lease.Release(ctx) })
}

// keepLease renews the lease until the answered function is called. When it cannot be renewed before it is over, or
// another run has it, everything is ended: from then on somebody else may be at work on the target.
func (r *run) keepLease(ctx context.Context) (stop func()) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	done := make(chan struct{})
	go func() {
		defer close(done)
		every := r.Lease.TTL() / 4
		until := time.Now().Add(r.Lease.TTL()) // the claim was written a moment ago; a quarter is spared below
		tick := time.NewTicker(every)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
			began := time.Now()
			err := r.renew(ctx, every)
			switch {
			case err == nil:
				until = began.Add(r.Lease.TTL())
			case ctx.Err() != nil:
				return
			case errors.Is(err, plan.ErrHeld):
				r.cancel(err)
				return
			case time.Now().After(until.Add(-every)):
				r.cancel(fmt.Errorf("%w, perhaps: the lease could not be renewed in time: %w", plan.ErrHeld, err))
				return
			default:
				r.Log.Warn("the lease could not be renewed, trying again", "err", err)
			}
		}
	}()
	return func() {
		cancel()
		<-done
	}
}

func (r *run) renew(ctx context.Context, limit time.Duration) error {
	ctx, cancel := context.WithTimeout(effect.With(ctx, "renew", r.Point), limit)
	defer cancel()
	return r.Lease.Renew(ctx)
}
