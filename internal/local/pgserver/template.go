package pgserver

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// templateLife is how long a template that nobody used is kept in the cache.
const templateLife = 7 * 24 * time.Hour

// templateKey names the template of an installation and a bootstrap. What goes into a data folder at initdb time must
// be part of it.
func templateKey(inst Installation, o Options) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "layout 1\n%s\n%s\n%s\n%s\n", inst.BinDir, inst.Version, o.Superuser, o.BootstrapKey))
	return fmt.Sprintf("pg%d-%x", inst.Major, sum[:8])
}

// create makes o.Dir from the cached template, making the template first where there is none. A folder that exists is
// complete: it gets its name only when it is.
func create(ctx context.Context, inst Installation, a *account, o Options) error {
	template, release, err := template(ctx, inst, a, o)
	if err != nil {
		return err
	}
	defer release()
	partial := o.Dir + ".partial"
	if err := os.RemoveAll(partial); err != nil {
		return err
	}
	if err := copyTree(a, template, partial); err != nil {
		return errors.Join(fmt.Errorf("copy the template %s: %w", template, err), os.RemoveAll(partial))
	}
	return os.Rename(partial, o.Dir)
}

// template answers the folder of a template that is ready to be copied. Until release, no other process removes it.
func template(ctx context.Context, inst Installation, a *account, o Options) (dir string, release func(), err error) {
	if err := os.MkdirAll(o.CacheDir, 0o700); err != nil {
		return "", nil, err
	}
	key := templateKey(inst, o)
	dir = filepath.Join(o.CacheDir, key)
	// One lock per template: several test binaries that start at once build it once.
	unlock, err := lockFile(dir + ".lock")
	if err != nil {
		return "", nil, err
	}
	defer func() {
		if err != nil {
			unlock()
		}
	}()
	switch _, err := os.Stat(dir); {
	case err == nil:
		now := time.Now()
		return dir, unlock, os.Chtimes(dir, now, now)
	case !errors.Is(err, fs.ErrNotExist):
		return "", nil, err
	}
	building := dir + ".partial"
	if err := os.RemoveAll(building); err != nil {
		return "", nil, err
	}
	if err := buildTemplate(ctx, inst, a, o, building); err != nil {
		return "", nil, errors.Join(fmt.Errorf("make the template of a data folder: %w", err), os.RemoveAll(building))
	}
	if err := os.Rename(building, dir); err != nil {
		return "", nil, err
	}
	prune(o.CacheDir, key, o.Log)
	return dir, unlock, nil
}

// buildTemplate runs initdb in dir, and the bootstrap on a server started there.
func buildTemplate(ctx context.Context, inst Installation, a *account, o Options, dir string) (err error) {
	o.Log.Info("making a PostgreSQL data folder; this happens once", "version", inst.Version)
	if err := os.Mkdir(dir, 0o700); err != nil {
		return err
	}
	if err := a.own(dir); err != nil {
		return err
	}
	if err := initdb(ctx, inst, a, o, dir); err != nil {
		return err
	}
	if o.Bootstrap == nil {
		return nil
	}
	to := o
	to.Dir = dir
	s, err := start(ctx, inst, a, to)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	return o.Bootstrap(ctx, s)
}

// initdb makes an empty cluster. Text compares by its bytes (collation C), as in Redshift, while upper() and lower()
// know all letters (character type C.UTF-8, or what the system has of that kind).
func initdb(ctx context.Context, inst Installation, a *account, o Options, dir string) error {
	var errs []error
	for _, ctype := range []string{"C.UTF-8", "en_US.UTF-8", "C"} {
		out, err := runInitdb(ctx, inst, a, dir,
			"--username="+o.Superuser, "--auth=trust", "--encoding=UTF8", "--locale=C", "--lc-ctype="+ctype,
			"--no-sync", "--wal-segsize=4")
		if err == nil {
			return nil
		}
		errs = append(errs, fmt.Errorf("initdb with character type %s: %w\n%s", ctype, err, out))
		if !strings.Contains(out, "locale") {
			break
		}
		if err := clearFolder(dir); err != nil {
			return errors.Join(append(errs, err)...)
		}
	}
	return errors.Join(errs...)
}

func runInitdb(ctx context.Context, inst Installation, a *account, dir string, args ...string) (string, error) {
	cmd, release, err := command(inst, a, "initdb", dir, args...)
	if err != nil {
		return "", err
	}
	defer release()
	var out strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		return "", err
	}
	// Its whole group: initdb runs the server itself for a moment.
	stop := context.AfterFunc(ctx, func() { _ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) })
	defer stop()
	err = cmd.Wait()
	if ctx.Err() != nil {
		return "", context.Cause(ctx)
	}
	return out.String(), err
}

func clearFolder(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if err := os.RemoveAll(filepath.Join(dir, e.Name())); err != nil {
			return err
		}
	}
	return nil
}

// prune removes templates that nobody used for a while: every change of the bootstrap makes a new one.
func prune(cache, keep string, log *slog.Logger) {
	entries, err := os.ReadDir(cache)
	if err != nil {
		log.Warn("cannot read the template cache", "dir", cache, "err", err)
		return
	}
	for _, e := range entries {
		if !e.IsDir() || e.Name() == keep || !strings.HasPrefix(e.Name(), "pg") || filepath.Ext(e.Name()) != "" {
			continue
		}
		info, err := e.Info()
		if err != nil || time.Since(info.ModTime()) < templateLife {
			continue
		}
		dir := filepath.Join(cache, e.Name())
		if err := os.RemoveAll(dir); err != nil {
			log.Warn("cannot remove an old template", "dir", dir, "err", err)
		}
	}
}

// lockFile takes an exclusive lock, waiting for it.
func lockFile(name string) (unlock func(), err error) {
	f, err := os.OpenFile(name, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX); err != nil {
		return nil, errors.Join(fmt.Errorf("lock %s: %w", name, err), f.Close())
	}
	return func() { _ = f.Close() }, nil // closing unlocks; nothing was written
}

// copyTree copies a data folder and gives the copy to the server's account.
func copyTree(a *account, from, to string) error {
	return filepath.WalkDir(from, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		target := filepath.Join(to, rel)
		switch {
		case d.IsDir():
			if err := os.Mkdir(target, 0o700); err != nil {
				return err
			}
		case d.Type().IsRegular():
			if err := copyFile(path, target); err != nil {
				return err
			}
		default:
			return fmt.Errorf("%s is neither file nor folder", path)
		}
		return a.own(target)
	})
}

func copyFile(from, to string) (err error) {
	in, err := os.Open(from) //nolint:gosec // copies what is in the template
	if err != nil {
		return err
	}
	defer func() { _ = in.Close() }() // opened for reading only
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	_, err = io.Copy(out, in)
	return err
}
