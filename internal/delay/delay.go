// Package delay lets time pass, as long as somebody still wants it.
//
// It does not know what is waited for; where that can tell by itself, nobody should wait.
package delay

import (
	"context"
	"time"
)

// For waits, or says why it did not: the cause of ctx. A time that is not positive is over at once.
func For(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
