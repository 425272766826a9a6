package pgserver

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// EnvBinDir names the environment variable that says where PostgreSQL's programs are; it wins over all other places.
const EnvBinDir = "SEALIFT_POSTGRES_BIN"

// minVersion is the oldest PostgreSQL that will do.
const minVersion = 13

// ErrNotFound says that this machine has no PostgreSQL that will do.
var ErrNotFound = errors.New("PostgreSQL not found; install Debian's package postgresql, or set " + EnvBinDir)

// Installation is a PostgreSQL on this machine.
type Installation struct {
	BinDir  string
	Major   int
	Version string // as `postgres --version` prints it
}

// Find looks for PostgreSQL 13 or later: where SEALIFT_POSTGRES_BIN says, on PATH, and where Debian and Homebrew install
// it, newest first.
func Find(ctx context.Context) (Installation, error) {
	if dir := os.Getenv(EnvBinDir); dir != "" {
		inst, err := inspect(ctx, dir)
		if err != nil {
			return Installation{}, fmt.Errorf("%s=%s: %w", EnvBinDir, dir, err)
		}
		return inst, nil
	}
	var tooOld error
	for _, dir := range candidates() {
		inst, err := inspect(ctx, dir)
		if err == nil {
			return inst, nil
		}
		if errors.Is(err, errTooOld) && tooOld == nil {
			tooOld = err
		}
	}
	if tooOld != nil {
		return Installation{}, fmt.Errorf("%w (%w)", ErrNotFound, tooOld)
	}
	return Installation{}, ErrNotFound
}

// candidates lists the folders worth a look, best first.
func candidates() []string {
	var dirs []string
	if p, err := exec.LookPath("postgres"); err == nil {
		// A link on PATH points into the installation, where its sister programs are.
		if real, err := filepath.EvalSymlinks(p); err == nil {
			dirs = append(dirs, filepath.Dir(real))
		}
	}
	for _, pattern := range []string{
		"/usr/lib/postgresql/*/bin", // Debian, Ubuntu
		"/usr/pgsql-*/bin",          // PGDG on Red Hat
		"/opt/homebrew/opt/postgresql*/bin",
		"/usr/local/opt/postgresql*/bin",
		"/Applications/Postgres.app/Contents/Versions/*/bin",
	} {
		found, err := filepath.Glob(pattern)
		if err != nil {
			panic("pgserver: bad pattern " + pattern)
		}
		slices.SortFunc(found, func(a, b string) int { return folderVersion(b) - folderVersion(a) })
		dirs = append(dirs, found...)
	}
	return dirs
}

// folderVersion is the version in a path such as /usr/lib/postgresql/15/bin, or 0.
func folderVersion(dir string) int {
	name := filepath.Base(filepath.Dir(dir))
	name = name[strings.LastIndexAny(name, "-@")+1:]
	n, err := strconv.Atoi(name)
	if err != nil {
		return 0
	}
	return n
}

var errTooOld = fmt.Errorf("older than PostgreSQL %d", minVersion)

// inspect says which PostgreSQL dir holds.
func inspect(ctx context.Context, dir string) (Installation, error) {
	if _, err := os.Stat(filepath.Join(dir, "initdb")); err != nil { //nolint:gosec // where the user says PostgreSQL is
		return Installation{}, fmt.Errorf("no PostgreSQL server there: %w", err)
	}
	out, err := exec.CommandContext(ctx, filepath.Join(dir, "postgres"), "--version").Output() //nolint:gosec // as above
	if err != nil {
		return Installation{}, fmt.Errorf("run postgres --version: %w", err)
	}
	version := strings.TrimSpace(string(out))
	major, err := parseMajor(version)
	if err != nil {
		return Installation{}, err
	}
	if major < minVersion {
		return Installation{}, fmt.Errorf("%s in %s: %w", version, dir, errTooOld)
	}
	return Installation{BinDir: dir, Major: major, Version: version}, nil
}

// parseMajor reads the major version from "postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)".
func parseMajor(version string) (int, error) {
	_, rest, ok := strings.Cut(version, ") ")
	if ok {
		digits := rest[:len(rest)-len(strings.TrimLeft(rest, "0123456789"))]
		if n, err := strconv.Atoi(digits); err == nil {
			return n, nil
		}
	}
	return 0, fmt.Errorf("no version in %q", version)
}
