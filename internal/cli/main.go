package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/sealift/sealift/internal/hint"
)

// Process is what an invocation has of the world around it.
type Process struct {
	Args           []string // without the program's name
	Stdin          io.Reader
	Stdout, Stderr io.Writer
	Env            func(string) (string, bool)
	// Signals asks the command to stop: the first signal after the current step, the second at once. Nil never does.
	Signals <-chan os.Signal
	// Exit ends the process at once, for the second signal.
	Exit func(code int)
}

// Main is the program: it runs the command that the process was started with and answers the exit code.
func Main() int {
	// A reader that goes away (sealift show | head) must not kill a run half way: writing answers an error instead.
	// Caught and not ignored, because what is ignored stays so in the programs that the stand-in starts.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	defer signal.Stop(signals)
	return Run(context.Background(), Process{
		Args: os.Args[1:], Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr, Env: os.LookupEnv,
		Signals: signals, Exit: os.Exit,
	})
}

// app is one invocation.
type app struct {
	Process
	stdout, stderr *stream
	log            *slog.Logger

	// Flags of every command.
	stateDir, logLevel, logFile string
	address                     string // where doors let in; see doorFlags
	wideDoor                    bool
	json                        bool

	began   bool                     // a command's own code was reached: errors before that are about the command line
	stopped atomic.Bool              // a signal told us to stop
	running atomic.Pointer[underWay] // the run that is under way, once there is one
}

// underWay is what is said of a run when a second signal ends it.
type underWay struct {
	run  string // its id
	once bool   // nobody else can go on with it
}

// Run carries out one invocation and answers its exit code. Nothing is left behind: no goroutine, no open file.
func Run(ctx context.Context, p Process) int {
	a := &app{Process: p, stdout: newStream(p.Stdout, p.Env), stderr: newStream(p.Stderr, p.Env)}
	root := a.root() //nolint:contextcheck // each command gets its context when it is run
	root.SetArgs(unloadCopyArgs(p.Args))
	root.SetIn(p.Stdin)
	root.SetOut(a.stdout)
	root.SetErr(a.stderr)
	cmd, err := root.ExecuteContextC(ctx)
	if err == nil {
		return exitDone
	}
	if !a.began && !hint.IsUsage(err) {
		err = hint.Usage(err)
	}
	if hint.IsUsage(err) {
		err = hint.With(err, usageHint(root, cmd, p.Args))
		a.json = a.json || wantsJSON(p.Args)
	}
	code := exitCode(err)
	if !is[told](err) && !errors.Is(err, syscall.EPIPE) {
		a.report(err, code)
	}
	return code
}

// usageHint points at the help, or at the command that was probably meant.
func usageHint(root, cmd *cobra.Command, args []string) string {
	if cmd == root && len(args) > 0 {
		if near := root.SuggestionsFor(args[0]); len(near) > 0 {
			return "did you mean: sealift " + strings.Join(near, ", sealift ")
		}
	}
	return "see: " + cmd.CommandPath() + " --help"
}

// wantsJSON answers for a command line that could not be parsed.
func wantsJSON(args []string) bool {
	for _, arg := range args {
		if arg == "--json" || arg == "--json=true" {
			return true
		}
	}
	return false
}

// env answers a variable, "" if it is not set.
func (a *app) env(name string) string {
	value, _ := a.Env(name)
	return value
}

// setUp settles what flags and environment say about this invocation. Flags win.
func (a *app) setUp() (closeLog func() error, err error) {
	a.began = true
	a.stateDir = first(a.stateDir, a.env("SEALIFT_STATE_DIR"), stateHome(a.env))
	if err := notOdd("--state-dir ", a.stateDir); err != nil {
		return nil, err
	}
	level := first(a.logLevel, a.env("SEALIFT_LOG_LEVEL"), "warn")
	var l slog.Level
	if level != "off" {
		if err := l.UnmarshalText([]byte(level)); err != nil {
			return nil, hint.Usage(fmt.Errorf("log level %q is not one of debug, info, warn, error, off", level))
		}
	}
	closeLog = func() error { return nil }
	w := io.Writer(a.stderr)
	if file := first(a.logFile, a.env("SEALIFT_LOG_FILE")); file != "" {
		f, err := os.OpenFile(file, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
		if err != nil {
			return nil, fmt.Errorf("open the log: %w", err)
		}
		w, closeLog = f, f.Close
	}
	a.log = slog.New(slog.NewTextHandler(w, &slog.HandlerOptions{Level: l}))
	if level == "off" {
		a.log = slog.New(slog.DiscardHandler)
	}
	return closeLog, nil
}

func first(choices ...string) string {
	for _, c := range choices {
		if c != "" {
			return c
		}
	}
	return ""
}

// stateHome is where runs are kept when nobody says otherwise (XDG Base Directory Specification).
func stateHome(env func(string) string) string {
	if dir := env("XDG_STATE_HOME"); filepath.IsAbs(dir) {
		return filepath.Join(dir, "sealift")
	}
	if home := env("HOME"); home != "" {
		return filepath.Join(home, ".local", "state", "sealift")
	}
	return ""
}

// run wraps a command's own code: what flags say about every command is settled before it.
func (a *app) run(do func(ctx context.Context, args []string) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) (err error) {
		closeLog, err := a.setUp()
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, closeLog()) }()
		return do(cmd.Context(), args)
	}
}
