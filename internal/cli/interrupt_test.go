package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sealift/sealift/internal/hint"
)

// interruptible gives an app whose signals the test sends, and what it wrote and with which code it ended at once.
func interruptible() (a *app, signals chan os.Signal, out *bytes.Buffer, ended chan int) {
	signals, out, ended = make(chan os.Signal, 2), new(bytes.Buffer), make(chan int, 1)
	a = &app{Process: Process{Signals: signals, Exit: func(code int) { ended <- code }}, stderr: &stream{w: out}}
	return a, signals, out, ended
}

func TestFirstSignalStopsSoftly(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a, signals, out, _ := interruptible()
		ctx, stop, release := a.stoppable(t.Context(), 30*time.Second)
		signals <- os.Interrupt
		<-stop
		synctest.Wait()
		if ctx.Err() != nil {
			t.Error("running statements got no time")
		}
		began := time.Now()
		<-ctx.Done()
		if waited := time.Since(began); waited != 30*time.Second {
			t.Errorf("they got %s", waited)
		}
		if err := interrupted(ctx, fmt.Errorf("copy: %w", ctx.Err())); !errors.Is(err, errInterrupted) || exitCode(err) != exitInterrupted {
			t.Errorf("error %v", err)
		}
		release()
		if !strings.Contains(out.String(), "stopping after the current step, at the latest in 30s") {
			t.Errorf("said %q", out)
		}
	})
}

func TestSecondSignalEndsAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a, signals, out, ended := interruptible()
		behind := new(bytes.Buffer) // progress that draws later than the process ends
		a.stderr = &stream{base: out, w: behind}
		a.running.Store(&underWay{run: "20261121T101500Z-7f3a"})
		_, stop, release := a.stoppable(t.Context(), 30*time.Second)
		signals <- os.Interrupt
		<-stop
		signals <- os.Interrupt
		if code := <-ended; code != exitInterrupted {
			t.Errorf("exit code %d", code)
		}
		release()
		if !strings.Contains(out.String(), "sealift resume 20261121T101500Z-7f3a\n") {
			t.Errorf("said %q", out)
		}
	})
}

// While what was cancelled cleans up, a second signal still ends the process.
func TestSecondSignalDuringCleanUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a, signals, _, ended := interruptible()
		ctx, release := a.cancellable(t.Context())
		signals <- os.Interrupt
		<-ctx.Done()
		signals <- os.Interrupt
		if code := <-ended; code != exitInterrupted {
			t.Errorf("exit code %d", code)
		}
		release()
	})
}

func TestNoSignal(t *testing.T) {
	t.Parallel()
	a, _, out, _ := interruptible()
	ctx, _, release := a.stoppable(t.Context(), time.Second)
	if err := interrupted(ctx, context.DeadlineExceeded); !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, errInterrupted) {
		t.Errorf("error %v", err)
	}
	if interrupted(ctx, nil) != nil {
		t.Error("an error out of nothing")
	}
	release()
	if ctx.Err() == nil || out.Len() > 0 {
		t.Errorf("left over: %v, %q", ctx.Err(), out)
	}
}

// What was waited for did not fail, and needs no hint; what could not be undone is still told.
func TestInterruptedSaysNoMore(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errInterrupted)
	waited := hint.With(fmt.Errorf("ask AWS who we are: %w", ctx.Err()), "check the credentials")
	if err := interrupted(ctx, waited); err.Error() != "interrupted" || hint.Of(err) != "" {
		t.Errorf("%v, hint %q", err, hint.Of(err))
	}
	for _, err := range []error{errors.Join(waited, errors.New("close the door: refused")), errors.New("disk full")} {
		if got := interrupted(ctx, err); !errors.Is(got, errInterrupted) || !errors.Is(got, err) {
			t.Errorf("%v is lost in %v", err, got)
		}
	}
}

// Of what nobody can go on with, the second signal does not say that somebody could.
func TestSecondSignalOfWhatIsDoneOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a, signals, out, ended := interruptible()
		a.stderr.base = out
		a.running.Store(&underWay{"20261121T101500Z-7f3a", true})
		_, stop, release := a.stoppable(t.Context(), 30*time.Second)
		signals <- os.Interrupt
		<-stop
		signals <- os.Interrupt
		<-ended
		release()
		if text := out.String(); strings.Contains(text, "sealift resume") || !strings.Contains(text, "sealift clean --run 20261121T101500Z-7f3a") {
			t.Errorf("said %q", text)
		}
	})
}

// A FIFO that nobody writes to, or a terminal at which nobody types, keeps no process that was told to end.
func TestSignalEndsReading(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{"job", "show", "-"}, {"plan", "-"}, {"setup", "sql", "-", "--for", "source"}, {"secret", "encrypt", "--kms-key", "alias/x"}} {
		t.Run(args[0], func(t *testing.T) {
			t.Parallel()
			stdin, writer := io.Pipe()
			signals, began := make(chan os.Signal, 2), make(chan struct{})
			var out bytes.Buffer
			code := make(chan int, 1)
			go func() {
				code <- Run(t.Context(), Process{
					Args: args, Stdin: readerThat{began, stdin}, Stdout: &out, Stderr: &out, Signals: signals,
					Env: func(string) (string, bool) { return "", false }, Exit: func(int) { t.Error("ended at once") },
				})
			}()
			select {
			case <-began:
			case got := <-code:
				t.Fatalf("exit code %d before anything was read: %s", got, &out)
			}
			signals <- os.Interrupt
			select {
			case got := <-code:
				if got != exitInterrupted || !strings.HasSuffix(out.String(), "interrupted\n") {
					t.Errorf("exit code %d, said %q", got, &out)
				}
			case <-time.After(time.Minute):
				t.Error("still reading")
			}
			if err := writer.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}

// readerThat tells when it is first read.
type readerThat struct {
	began chan struct{}
	io.Reader
}

func (r readerThat) Read(p []byte) (int, error) {
	close(r.began)
	return r.Reader.Read(p)
}
