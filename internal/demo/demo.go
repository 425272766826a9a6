package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/sealift/sealift/internal/demo/samples"
	"github.com/sealift/sealift/internal/local"
)

// recalls is the sample that is loaded as it is, a zip archive.
const recalls = "food-enforcement-0001-of-0001.json.zip"

// Options say how the demo is run.
type Options struct {
	// Out is where everything is shown.
	Out io.Writer
	// Dir is the folder for the demo's files. Empty means a folder of its own that is removed at the end.
	Dir string
	// Program is the sealift to run. Empty means the program that is running now.
	Program string
	// Log takes the stand-in's own messages. Nil discards them.
	Log *slog.Logger
}

// Run runs the demo from beginning to end, and leaves nothing running whether it succeeds or not. When ctx ends, the
// command that is running gets an interrupt and the time to finish its step.
func Run(ctx context.Context, o Options) (err error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Program == "" {
		if o.Program, err = os.Executable(); err != nil {
			return fmt.Errorf("find this program's own file: %w", err)
		}
	}
	if o.Dir == "" {
		if o.Dir, err = os.MkdirTemp("", "sealift-demo-"); err != nil {
			return fmt.Errorf("make a folder for the demo: %w", err)
		}
		defer func() { err = errors.Join(err, os.RemoveAll(o.Dir)) }()
	}
	s := &show{out: o.Out, began: time.Now()}

	s.title("Start the stand-in: two warehouses in two AWS accounts, with S3, KMS, STS and IAM around them")
	server, err := local.Up(ctx, local.Options{Dir: filepath.Join(o.Dir, "local"), AnyPort: true, Log: o.Log})
	if err != nil {
		return fmt.Errorf("start the stand-in: %w", err)
	}
	defer func() { err = errors.Join(err, server.Close()) }() //nolint:contextcheck // it stops after ctx ended, too
	env := environment{}
	for _, v := range server.Env() {
		env[v.Name] = v.Value
	}
	s.line("Everything is on this machine's loopback address; nothing reaches AWS.")

	s.title("Make what an administrator makes once: key, bucket, roles")
	cloud, err := newCloud(env)
	if err != nil {
		return err
	}
	if err := cloud.setUp(ctx, s); err != nil {
		return err
	}

	s.title("Fill the source warehouse, and put leftovers of an earlier copy into the target")
	source, target := warehouse{"source", env.url("REDSHIFT_SOURCE_URL")}, warehouse{"target", env.url("REDSHIFT_TARGET_URL")}
	if err := fill(ctx, s, cloud, source, target); err != nil {
		return err
	}

	s.title("Copy")
	job := filepath.Join(o.Dir, "demo.yaml")
	if err := writeJob(job, jobTemplate, env, cloud); err != nil {
		return err
	}
	run := program{path: o.Program, dir: o.Dir, env: env.forSealift(o.Dir)}
	if err := s.file(job); err != nil {
		return err
	}
	if err := run.show(ctx, s, "plan", filepath.Base(job)); err != nil {
		return err
	}
	if err := run.show(ctx, s, "copy", filepath.Base(job)); err != nil {
		return err
	}

	s.title("The ten busiest routes, as both warehouses see them")
	if err := compareRoutes(ctx, s, source, target); err != nil {
		return err
	}

	s.title("Copy personal data so that it may be seen: masked before it leaves the source")
	if err := copyMasked(ctx, s, run, env, cloud, source, target); err != nil {
		return err
	}

	s.title("Load a file: a zipped JSON document of the FDA, by one command")
	text, err := fs.ReadFile(samples.FS(), recalls)
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(o.Dir, recalls), text, 0o600); err != nil {
		return fmt.Errorf("write the file to load: %w", err)
	}
	if err := run.show(ctx, s, "load", recalls, "--records", "results", "--job", filepath.Base(job), "--to", "public.food_recalls"); err != nil {
		return err
	}
	left, err := cloud.staged(ctx)
	if err != nil {
		return err
	}
	if len(left) > 0 {
		return fmt.Errorf("the stage still holds %d objects, %s among them", len(left), left[0])
	}
	s.line("")
	s.line("The stage is empty. The whole demo took %s; what it made is removed again.", s.elapsed())
	return nil
}
