package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sealift/sealift/internal/hint"
	"github.com/sealift/sealift/plan"
)

// again lets syncs follow each other, and answers when each began, what was said, and how that ended.
func again(t *testing.T, every time.Duration, sync func(ctx context.Context, a *app, n int, signals chan<- os.Signal) error) (began []time.Duration, said string, ended error) {
	t.Helper()
	a, signals, out, _ := interruptible()
	a.stdout = &stream{w: new(bytes.Buffer)}
	start := time.Now()
	ended = a.again(t.Context(), every, func(ctx context.Context) error {
		began = append(began, time.Since(start))
		if len(began) == 5 {
			signals <- os.Interrupt // of a test that would not end
			return errInterrupted
		}
		return sync(ctx, a, len(began), signals)
	})
	return began, out.String(), ended
}

// A signal that comes while a sync takes its last step is told to the run, which is whole all the same and so no error: the next sync is not
// begun, and nothing is waited for.
func TestASignalDuringTheLastStepEndsTheSyncs(t *testing.T) {
	t.Parallel()
	for name, outcome := range map[string]error{"whole": nil, "with tables that failed": told{errTablesFailed}, "failed": errors.New("503"), "held": plan.ErrHeld} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				start := time.Now()
				began, said, ended := again(t, time.Hour, func(ctx context.Context, a *app, _ int, signals chan<- os.Signal) error {
					_, stop, release := a.stoppable(ctx, time.Minute) // as a run has it
					signals <- os.Interrupt
					<-stop
					release()
					return outcome
				})
				if !errors.Is(ended, errInterrupted) || exitCode(ended) != exitInterrupted {
					t.Errorf("ended by %v", ended)
				}
				if len(began) != 1 || time.Since(start) != 0 {
					t.Errorf("syncs began at %v, it ended after %s", began, time.Since(start))
				}
				if strings.Contains(said, "the next sync is at") {
					t.Errorf("said %q", said)
				}
			})
		})
	}
}

// A signal that comes when a sync has ended, and before anybody waits for the next one, is kept until somebody does.
func TestASignalBetweenSyncsEndsThem(t *testing.T) {
	t.Parallel()
	for _, late := range []time.Duration{0, time.Minute} {
		synctest.Test(t, func(t *testing.T) {
			start := time.Now()
			began, _, ended := again(t, time.Hour, func(ctx context.Context, a *app, _ int, signals chan<- os.Signal) error {
				_, _, release := a.stoppable(ctx, time.Minute)
				release()
				if late == 0 {
					signals <- os.Interrupt
				} else {
					time.AfterFunc(late, func() { signals <- os.Interrupt })
				}
				return nil
			})
			if !errors.Is(ended, errInterrupted) || !is[told](ended) || len(began) != 1 || time.Since(start) != late {
				t.Errorf("signal after %s: ended by %v after %s, syncs began at %v", late, ended, time.Since(start), began)
			}
		})
	}
}

// What fails is said and tried again at the next time, which counts from the beginning of a sync; one that takes longer puts it off. A job
// that is wrong is as wrong the next time.
func TestSyncsFollowEachOther(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		outcomes := []error{nil, plan.ErrHeld, fmt.Errorf("ask the source: %w", errors.New("connection refused")), hint.Usage(errors.New("no such key"))}
		began, said, ended := again(t, 100*time.Second, func(_ context.Context, _ *app, n int, _ chan<- os.Signal) error {
			<-time.After([]time.Duration{10 * time.Second, 0, 300 * time.Second, 0}[n-1])
			return outcomes[n-1]
		})
		if exitCode(ended) != exitUsage || len(began) != 4 {
			t.Fatalf("ended by %v, syncs began at %v", ended, began)
		}
		for i, took := range []time.Duration{0, 0, 300 * time.Second} {
			pause := began[i+1] - began[i]
			if took == 0 && (pause < 95*time.Second || pause > 105*time.Second) || took > 0 && pause != took {
				t.Errorf("sync %d began %s after the one before", i+2, pause)
			}
		}
		for _, want := range []string{"another run holds the target; the next sync is at", "ask the source: connection refused", "the next sync is at"} {
			if !strings.Contains(said, want) {
				t.Errorf("nothing of %q in %q", want, said)
			}
		}
	})
}
