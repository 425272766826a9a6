package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/sealift/sealift/internal/demo"
	"github.com/sealift/sealift/internal/hint"
	"github.com/sealift/sealift/internal/local"
	"github.com/sealift/sealift/internal/show"
)

// standIn is what the commands of sealift local have in common.
type standIn struct {
	*app
	dir string
}

func (a *app) localCommand() *cobra.Command {
	s := &standIn{app: a}
	cmd := group(&cobra.Command{
		Use:   "local COMMAND",
		Short: "Redshift and AWS on this machine, for trying and testing",
		Long: `Run a stand-in for Redshift and AWS on this machine: two warehouses in two accounts, S3, KMS,
STS, IAM, Secrets Manager, EC2's security groups and metadata, EventBridge Scheduler and
Redshift's API. It needs PostgreSQL, listens on the loopback address only, and is not AWS: what
it imitates, what it refuses and what differs is in docs/standin.md.`,
		Example: `  sealift local demo
  sealift local up --detach && eval "$(sealift local env)"`,
	}, s.up(), s.env(), s.down(), s.demo())
	return cmd
}

// dirFlag gives a command --dir, the folder of the stand-in.
func (s *standIn) dirFlag(cmd *cobra.Command) {
	cmd.Flags().StringVar(&s.dir, "dir", "", "`FOLDER` with the stand-in's data (default\n$SEALIFT_LOCAL_DIR, local in the state folder)")
}

// folder settles where the stand-in lives.
func (s *standIn) folder() (string, error) {
	if dir := first(s.dir, s.app.env("SEALIFT_LOCAL_DIR")); dir != "" {
		return filepath.Abs(dir)
	}
	home := s.stateDir
	if strings.HasPrefix(home, "s3://") {
		home = stateHome(s.app.env) // databases cannot be kept in a bucket
	}
	if home == "" {
		return "", hint.With(hint.Usage(errors.New("no folder for the stand-in: HOME is not set")), "name one: --dir FOLDER")
	}
	return filepath.Abs(filepath.Join(home, "local"))
}

func (s *standIn) up() *cobra.Command {
	var o local.Options
	var detach bool
	var ready int
	cmd := &cobra.Command{
		Use:   "up",
		Short: "Start the stand-in and keep it running",
		Long: `Start the stand-in. The source warehouse listens on the first warehouse port and the target on
the next; all AWS endpoints share one port. Data stays in the folder and is there again the next
time.

Without --detach it runs until Ctrl-C, SIGTERM or sealift local down.`,
		Example: `  sealift local up
  sealift local up --dir /tmp/standin --port 4700 --warehouse-port 5500 --detach`,
		Args: noArguments,
		RunE: s.run(func(ctx context.Context, _ []string) (err error) {
			if o.Dir, err = s.folder(); err != nil {
				return err
			}
			if err := checkPorts(o); err != nil {
				return err
			}
			if detach {
				return s.upDetached(ctx, o)
			}
			return s.upHere(ctx, o, ready)
		}),
	}
	s.dirFlag(cmd)
	cmd.Flags().IntVar(&o.Port, "port", local.DefaultPort, "`PORT` of the AWS endpoints")
	cmd.Flags().IntVar(&o.WarehousePort, "warehouse-port", local.DefaultWarehousePort, "`PORT` of the source warehouse; the target's is the next")
	cmd.Flags().BoolVar(&o.LegacyClientSideEncryption, "legacy-encryption", false, "let COPY and UNLOAD take a MASTER_SYMMETRIC_KEY, as\nRedshift did until 2026-04-30")
	cmd.Flags().StringVar(&o.InstanceRole, "instance-role", "", "`ARN` of the role whose credentials the metadata service\ngives out")
	cmd.Flags().BoolVar(&detach, "detach", false, "start it in the background, and return when it can be used")
	cmd.Flags().IntVar(&ready, "ready-fd", 0, "")
	if err := cmd.Flags().MarkHidden("ready-fd"); err != nil {
		panic("cli: " + err.Error()) // the flag is defined in the line above
	}
	return cmd
}

// checkPorts refuses what no server can listen on.
func checkPorts(o local.Options) error {
	const most = 1<<16 - 1
	switch {
	case o.Port < 1 || o.Port > most:
		return hint.Usage(fmt.Errorf("--port %d is not between 1 and %d", o.Port, most))
	case o.WarehousePort < 1 || o.WarehousePort > most-1:
		return hint.Usage(fmt.Errorf("--warehouse-port %d is not between 1 and %d", o.WarehousePort, most-1))
	case o.Port == o.WarehousePort || o.Port == o.WarehousePort+1:
		return hint.Usage(fmt.Errorf("--port %d is one of the two of the warehouses, %d and the next", o.Port, o.WarehousePort))
	}
	return nil
}

// upHere runs the stand-in in this process until a signal.
func (s *standIn) upHere(ctx context.Context, o local.Options, ready int) (err error) {
	ctx, release := s.cancellable(ctx)
	defer release()
	o.Log = s.log
	server, err := local.Up(ctx, o)
	if err != nil {
		return interrupted(ctx, alreadyRunning(err))
	}
	defer func() { err = errors.Join(err, server.Close()) }() //nolint:contextcheck // it must be stopped although ctx has ended
	if ready > 0 {
		// Whoever started this process in the background waits for this line.
		pipe := os.NewFile(uintptr(ready), "ready")
		if _, err := io.WriteString(pipe, "ready\n"); err != nil {
			return fmt.Errorf("tell that the stand-in is up: %w", err)
		}
		if err := pipe.Close(); err != nil {
			return fmt.Errorf("tell that the stand-in is up: %w", err)
		}
	} else if err := s.answer(s.introduce(o, server.Env())); err != nil {
		return err
	}
	<-ctx.Done()
	return nil // being told to stop is how it ends
}

func alreadyRunning(err error) error {
	if errors.Is(err, local.ErrRunning) {
		return hint.With(err, "sealift local env prints how to reach it, sealift local down stops it")
	}
	if errors.Is(err, syscall.EADDRINUSE) {
		return hint.With(err, "name other ports: --port and --warehouse-port")
	}
	return err
}

// introduce says what runs where, and what to do with it.
func (s *standIn) introduce(o local.Options, env []local.EnvVar) string {
	page := &show.Page{Columns: s.stdout.page(), Colours: s.stdout.colours}
	where := map[string]string{}
	for _, v := range env {
		if u, err := url.Parse(v.Value); err == nil {
			where[v.Name] = u.Host
		}
	}
	flag := ""
	if s.dir != "" {
		flag = " --dir " + show.Argument(s.dir)
	}
	page.Line("the stand-in is up; it is not AWS, and nothing in it leaves this machine")
	page.Blank()
	page.Line("  source   %s", where["REDSHIFT_SOURCE_URL"])
	page.Line("  target   %s", where["REDSHIFT_TARGET_URL"])
	page.Line("  AWS      %s", where["AWS_ENDPOINT_URL"])
	page.Line("  data     %s", s.home(o.Dir))
	page.Blank()
	page.Line(`use it:  eval "$(sealift local env%s)"; psql "$REDSHIFT_SOURCE_URL"; aws s3 ls`, flag)
	page.Line("stop it: sealift local down%s", flag)
	return page.String()
}

// upDetached starts this program again in the background, and waits until it says that it can be used.
func (s *standIn) upDetached(ctx context.Context, o local.Options) (err error) {
	ctx, release := s.cancellable(ctx)
	defer release()
	program, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find this program's own file: %w", err)
	}
	if err := os.MkdirAll(o.Dir, 0o700); err != nil {
		return fmt.Errorf("make the stand-in's folder: %w", err)
	}
	logName := filepath.Join(o.Dir, "log")
	log, err := os.OpenFile(logName, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return fmt.Errorf("open the stand-in's log: %w", err)
	}
	defer func() { err = errors.Join(err, log.Close()) }()
	read, write, err := os.Pipe()
	if err != nil {
		return fmt.Errorf("start the stand-in: %w", err)
	}
	defer func() { err = errors.Join(err, read.Close()) }()
	// It outlives this command, so no context ends it.
	cmd := exec.CommandContext(context.WithoutCancel(ctx), program, //nolint:gosec // this program itself
		"local", "up", "--dir", o.Dir, "--port", strconv.Itoa(o.Port), "--warehouse-port", strconv.Itoa(o.WarehousePort),
		"--legacy-encryption="+strconv.FormatBool(o.LegacyClientSideEncryption),
		"--instance-role="+o.InstanceRole, "--ready-fd", "3", "--log-level", first(s.logLevel, "info"))
	cmd.Stdout, cmd.Stderr, cmd.ExtraFiles = log, log, []*os.File{write}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true} // no Ctrl-C of this terminal reaches it
	if err := cmd.Start(); err != nil {
		return errors.Join(fmt.Errorf("start the stand-in: %w", err), write.Close())
	}
	if err := write.Close(); err != nil { // the child's end is the only one now: end of file means that it is gone
		return fmt.Errorf("start the stand-in: %w", err)
	}
	if err := waitReady(ctx, read); err != nil {
		return s.upFailed(ctx, cmd, logName)
	}
	state, err := local.Load(o.Dir)
	if err != nil {
		return err
	}
	if err := cmd.Process.Release(); err != nil {
		return fmt.Errorf("leave the stand-in to itself: %w", err)
	}
	return s.answer(s.introduce(o, state.Env))
}

// waitReady returns when the line is there, with an error when it will not come.
func waitReady(ctx context.Context, r *os.File) error {
	stop := context.AfterFunc(ctx, func() { _ = r.SetReadDeadline(time.Now()) })
	defer stop()
	line := make([]byte, len("ready\n"))
	if _, err := io.ReadFull(r, line); err != nil {
		return fmt.Errorf("wait for the stand-in: %w", err)
	}
	return nil
}

// upFailed ends a child that did not come up, and says why in its own words.
func (s *standIn) upFailed(ctx context.Context, cmd *exec.Cmd, logName string) error {
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("end the stand-in (pid %d), which did not come up: %w", cmd.Process.Pid, err)
	}
	waitErr := cmd.Wait()
	if errors.Is(context.Cause(ctx), errInterrupted) {
		return errInterrupted
	}
	text, err := os.ReadFile(logName)
	if err != nil {
		return errors.Join(errors.New("the stand-in did not come up"), waitErr, err)
	}
	last, advice := "", "see "+logName
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, "sealift: error: "); ok {
			last = strings.TrimSpace(rest)
		}
		if rest, ok := strings.CutPrefix(line, "sealift: hint: "); ok {
			advice = strings.TrimSpace(rest)
		}
	}
	if last == "" {
		last = fmt.Sprintf("the stand-in did not come up: %v", waitErr)
	}
	return hint.With(errors.New(last), advice)
}

func (s *standIn) env() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "env",
		Short: "Print what clients need to reach the stand-in, as shell exports",
		Long: `Print the variables with which psql, the AWS CLI and SDKs reach the stand-in that runs in a
folder: AWS_ENDPOINT_URL (and AWS_ENDPOINT_URL_STS, without which some SDKs take web identities to
AWS itself), credentials, certificates, REDSHIFT_SOURCE_URL and REDSHIFT_TARGET_URL. The
values are secrets of the stand-in.`,
		Example: `  eval "$(sealift local env)"
  sealift local env --json | jq -r .REDSHIFT_SOURCE_URL`,
		Args: noArguments,
		RunE: s.run(func(context.Context, []string) error {
			dir, err := s.folder()
			if err != nil {
				return err
			}
			state, err := local.Load(dir)
			if err != nil {
				return notRunning(err)
			}
			if s.json {
				vars := make(map[string]string, len(state.Env))
				for _, v := range state.Env {
					vars[v.Name] = v.Value
				}
				return s.answerJSON(vars)
			}
			var b strings.Builder
			for _, v := range state.Env {
				fmt.Fprintf(&b, "export %s='%s'\n", v.Name, strings.ReplaceAll(v.Value, "'", `'\''`))
			}
			return s.answer(b.String())
		}),
	}
	s.dirFlag(cmd)
	s.jsonFlag(cmd)
	return cmd
}

func notRunning(err error) error {
	if errors.Is(err, local.ErrNotRunning) {
		return hint.With(err, "start it: sealift local up --detach")
	}
	return err
}

// downTime bounds the wait for a stand-in to end: two PostgreSQL servers that shut down.
const downTime = time.Minute

func (s *standIn) down() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "down",
		Short: "Stop the stand-in",
		Long: `Stop the stand-in that runs in a folder, and wait until it has ended. Its data stays; remove the
folder to start afresh.`,
		Example: `  sealift local down
  sealift local down --dir /tmp/standin && rm -r /tmp/standin`,
		Args: noArguments,
		RunE: s.run(func(ctx context.Context, _ []string) error {
			dir, err := s.folder()
			if err != nil {
				return err
			}
			ctx, release := s.cancellable(ctx)
			defer release()
			limited, cancel := context.WithTimeout(ctx, downTime)
			defer cancel()
			if err := local.Down(limited, dir); err != nil {
				return interrupted(ctx, notRunning(err))
			}
			return s.answer("the stand-in has ended; its data stays in " + show.Safe(s.home(dir)) + "\n")
		}),
	}
	s.dirFlag(cmd)
	return cmd
}

func (s *standIn) demo() *cobra.Command {
	return &cobra.Command{
		Use:   "demo",
		Short: "Run the whole of Sealift on this machine, in a throw-away folder",
		Long: `Start the stand-in in a folder of its own, make a KMS key, a bucket and roles as an
administrator would, fill the source warehouse with a million rows, plan, copy, and ask both
warehouses the same question. Every command is shown. Nothing is left running, and the folder is
removed.`,
		Example: `  sealift local demo
  sealift local demo | less`,
		Args: noArguments,
		RunE: s.run(func(ctx context.Context, _ []string) error {
			ctx, release := s.cancellable(ctx)
			defer release()
			return interrupted(ctx, demo.Run(ctx, demo.Options{Out: s.stdout, Log: s.log}))
		}),
	}
}
