package pgserver

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"time"
)

// command prepares one of PostgreSQL's programs to work on the data folder dir. release gives back what it holds and
// may be called once the program has started.
func command(inst Installation, a *account, program, dir string, args ...string) (cmd *exec.Cmd, release func(), err error) {
	release = func() {}
	cmd = exec.Command(filepath.Join(inst.BinDir, program)) //nolint:noctx,gosec // outlives the caller's context, and Find found it
	cmd.SysProcAttr = sysProcAttr(a)
	// Nothing of the caller's environment: neither its PG* settings nor its secrets are the server's business.
	cmd.Env = []string{"PATH=/usr/local/bin:/usr/bin:/bin", "TZ=UTC", "LC_MESSAGES=C"}
	cmd.Dir = "/"
	data := dir
	if a != nil && folderByDescriptor {
		f, err := os.Open(dir)
		if err != nil {
			return nil, nil, err
		}
		release = func() { _ = f.Close() } // opened for reading only
		cmd.ExtraFiles = []*os.File{f}
		data = "/proc/self/fd/3"
	}
	cmd.Args = append(cmd.Args, "-D", data)
	cmd.Args = append(cmd.Args, args...)
	return cmd, release, nil
}

// process is a running postmaster.
type process struct {
	cmd  *exec.Cmd
	log  *serverLog
	done chan struct{} // closed once the process and all its output have ended
	err  error         // how it ended; read after done
}

// spawn starts the postmaster and waits until it accepts connections.
func spawn(ctx context.Context, cmd *exec.Cmd, release func(), log *slog.Logger) (*process, error) {
	p := &process{cmd: cmd, log: &serverLog{log: log, ready: make(chan struct{})}, done: make(chan struct{})}
	cmd.Stdout, cmd.Stderr = p.log, p.log
	// The output pipe closes with the last child of the postmaster, which after a fast shutdown is at once.
	cmd.WaitDelay = 5 * time.Second
	started := make(chan error, 1)
	go func() {
		// The parent-death signal is bound to the thread that forked, not to the process: were this thread to end early,
		// the server would be stopped with it. So the thread stays until the server has ended, and then ends as well.
		runtime.LockOSThread()
		err := cmd.Start()
		release()
		started <- err
		if err == nil {
			p.err = cmd.Wait()
		}
		close(p.done)
	}()
	if err := <-started; err != nil {
		return nil, err
	}
	select {
	case <-p.log.ready:
		return p, nil
	case <-p.done:
		return nil, fmt.Errorf("it ended before it was ready: %w\n%s", p.err, p.log.last())
	case <-ctx.Done():
		return nil, fmt.Errorf("%w while waiting for it to be ready", joinStop(context.Cause(ctx), p.stop()))
	}
}

// joinStop adds to an error that the clean-up after it failed too.
func joinStop(err, stop error) error {
	if stop == nil {
		return err
	}
	return fmt.Errorf("%w (and then: %w)", err, stop)
}

// stop ends the postmaster and waits for it: fast shutdown first, which ends sessions and leaves a clean folder.
func (p *process) stop() error {
	for _, step := range []struct {
		signal syscall.Signal
		wait   time.Duration
	}{
		{syscall.SIGINT, 30 * time.Second},
		{syscall.SIGQUIT, 10 * time.Second},
		{syscall.SIGKILL, 10 * time.Second},
	} {
		select {
		case <-p.done:
			return nil
		default:
		}
		if err := p.cmd.Process.Signal(step.signal); err != nil && !errors.Is(err, os.ErrProcessDone) {
			return fmt.Errorf("signal postgres: %w", err)
		}
		timer := time.NewTimer(step.wait)
		select {
		case <-p.done:
			timer.Stop()
			return nil
		case <-timer.C:
		}
	}
	return fmt.Errorf("postgres (pid %d) does not stop", p.cmd.Process.Pid)
}

// serverLog takes the postmaster's output, line by line. The server is set to log little and no statement text.
type serverLog struct {
	log   *slog.Logger
	ready chan struct{} // closed once connections are accepted

	mu      sync.Mutex // guards what follows; Write is called by one goroutine, last by another
	partial string
	lines   []string // the last few
	isReady bool
}

func (l *serverLog) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	text := l.partial + string(b)
	for {
		line, rest, ok := strings.Cut(text, "\n")
		if !ok {
			break
		}
		text = rest
		l.line(line)
	}
	l.partial = text
	return len(b), nil
}

func (l *serverLog) line(line string) {
	l.lines = append(l.lines, line)
	if len(l.lines) > 20 {
		l.lines = l.lines[1:]
	}
	l.log.Debug("postgres", "line", line)
	if !l.isReady && strings.Contains(line, "database system is ready to accept connections") {
		l.isReady = true
		close(l.ready)
	}
}

func (l *serverLog) last() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Join(l.lines, "\n")
}
