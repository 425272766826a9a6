package demo

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"
)

// environment is what `sealift local env` would print: variable and value.
type environment map[string]string

// url is a warehouse's address, with the file that its certificate is checked against.
func (e environment) url(name string) string {
	u, err := url.Parse(e[name])
	if err != nil {
		return e[name]
	}
	q := u.Query()
	if q.Get("sslrootcert") == "" {
		q.Set("sslrootcert", e["AWS_CA_BUNDLE"])
	}
	u.RawQuery = q.Encode()
	return u.String()
}

// forSealift is the environment that the program runs in: the caller's own without anything that could lead it to
// another cloud, another database or another folder, and the stand-in's variables.
func (e environment) forSealift(dir string) []string {
	env := slices.DeleteFunc(os.Environ(), func(v string) bool {
		return strings.HasPrefix(v, "AWS_") || strings.HasPrefix(v, "PG") || strings.HasPrefix(v, "SEALIFT_") ||
			strings.HasPrefix(v, "REDSHIFT_")
	})
	for _, name := range slices.Sorted(maps.Keys(e)) {
		env = append(env, name+"="+e[name])
	}
	return append(env,
		"AWS_CONFIG_FILE="+os.DevNull,
		"AWS_SHARED_CREDENTIALS_FILE="+os.DevNull,
		"AWS_EC2_METADATA_DISABLED=true",
		"SEALIFT_STATE_DIR="+filepath.Join(dir, "state"),
		"DEMO_MASK_KEY="+maskKey(),
	)
}

// maskKey is a master key for masks, of this process's own.
var maskKey = sync.OnceValue(func() string {
	b := make([]byte, 32)
	_, _ = rand.Read(b) // never fails
	return base64.StdEncoding.EncodeToString(b)
})

// interruptGrace is what a command gets to finish its step and clean up, once it was interrupted.
const interruptGrace = 45 * time.Second

// program is the sealift that the demo runs.
type program struct {
	path string
	dir  string // the working directory
	env  []string
}

// show runs the program and shows the command and what it prints.
func (p program) show(ctx context.Context, s *show, args ...string) error {
	s.command(append([]string{"sealift"}, args...)...)
	cmd := exec.CommandContext(ctx, p.path, args...) //nolint:gosec // this very program, with arguments written here
	cmd.Dir, cmd.Env = p.dir, p.env
	cmd.Stdout, cmd.Stderr = s.out, s.out
	// In a group of its own, it does not get the terminal's Ctrl-C beside the interrupt from here: the second of two
	// would end it before it has cleaned up.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = interruptGrace
	if err := cmd.Run(); err != nil {
		if ctx.Err() != nil {
			return fmt.Errorf("interrupted during sealift %s: %w", args[0], errors.Join(context.Cause(ctx), err))
		}
		return fmt.Errorf("sealift %s: %w", strings.Join(args, " "), err)
	}
	return nil
}
