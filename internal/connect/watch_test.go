package connect

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// The watchdog in virtual time: what the warehouse answers, look by look, and when the statement is given up.
func TestWatch(t *testing.T) {
	t.Parallel()
	type look struct {
		what activity
		err  error
		hang bool // no answer at all
	}
	again := func(l look, n int) []look {
		all := make([]look, n)
		for i := range all {
			all[i] = l
		}
		return all
	}
	run, idl, gon, out, hang := look{what: running}, look{what: idle}, look{what: gone}, look{err: errors.New("no route")}, look{hang: true}
	cat := func(parts ...[]look) (all []look) {
		for _, p := range parts {
			all = append(all, p...)
		}
		return all
	}
	for name, c := range map[string]struct {
		looks []look        // then the statement ends
		after time.Duration // when it is given up; 0: never
		why   string
	}{
		"runs for hours":         {again(run, 300), 0, ""},
		"gone":                   {[]look{run, run, gon}, 3 * time.Minute, "nothing was heard for 3m0s, and the warehouse has no such session any more"},
		"answer lost":            {again(idl, 10), 10 * time.Minute, "nothing was heard for 10m0s, and the warehouse shows no running statement of the session: the answer was lost"},
		"idle now and then":      {cat(again(idl, 9), []look{run}, again(idl, 9), []look{run}), 0, ""},
		"out of reach":           {again(out, 5), 5 * time.Minute, "nothing was heard for 5m0s, and the warehouse could not be asked why (5 tries): no route"},
		"out of reach for a bit": {cat(again(out, 4), []look{run}, again(out, 4), []look{idl}), 0, ""},
		"no answer to questions": {again(hang, 5), 5*time.Minute + 5*30*time.Second, "could not be asked why (5 tries)"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				began := time.Now()
				var why error
				var after time.Duration
				looked := 0
				enough := make(chan struct{})
				w := &watcher{
					Watch: Watch{}.withDefaults(), log: slog.New(slog.DiscardHandler),
					giveUp: func(reason error) { why, after = reason, time.Since(began); close(enough) },
					ask: func(ctx context.Context) (activity, error) {
						if looked == len(c.looks) {
							close(enough) // it is over
							<-ctx.Done()
							return running, nil
						}
						l := c.looks[looked]
						looked++
						if l.hang {
							<-ctx.Done()
							return gone, context.Cause(ctx)
						}
						return l.what, l.err
					},
				}
				_, end := w.begin(t.Context())
				<-enough
				end()
				end() // once more does nothing
				if looked != len(c.looks) || after != c.after {
					t.Errorf("%d looks of %d, given up after %s, not %s", looked, len(c.looks), after, c.after)
				}
				if (why == nil) != (c.why == "") || why != nil && !strings.Contains(why.Error(), c.why) {
					t.Errorf("reason %v, want %q", why, c.why)
				}
			})
		})
	}
}

// A statement that keeps answering is not asked about, and one that is quick costs no question.
func TestWatchAsksOnlyAboutSilence(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var asked atomic.Int64
		w := &watcher{Watch: Watch{}.withDefaults(), log: slog.New(slog.DiscardHandler), ask: func(context.Context) (activity, error) {
			asked.Add(1)
			return running, nil
		}}
		s, end := w.begin(t.Context())
		for range 100 {
			time.Sleep(59 * time.Second) //nolint:forbidigo // virtual time: rows that come slowly
			s.hears()
		}
		if asked.Load() > 0 {
			t.Errorf("asked %d times about a statement that answers", asked.Load())
		}
		time.Sleep(61 * time.Second) //nolint:forbidigo // virtual time: and then no more
		synctest.Wait()
		if asked.Load() != 1 {
			t.Errorf("asked %d times in a minute of silence", asked.Load())
		}
		end()
		time.Sleep(time.Hour) //nolint:forbidigo // virtual time: nobody asks after the end
		if asked.Load() != 1 {
			t.Errorf("asked %d times", asked.Load())
		}
	})
}
