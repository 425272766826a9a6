package pgserver

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// endStale ends a server that an earlier owner of the folder left running, and removes the lock files that a crash left:
// PostgreSQL believes them if their process id has been given to somebody else since. The caller holds the folder, so
// whatever else runs on it is an orphan.
func endStale(dir string, log *slog.Logger) error {
	name := filepath.Join(dir, "postmaster.pid")
	pid, err := readPid(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read %s: %w", name, err)
	}
	if pid > 0 && worksIn(pid, dir) {
		log.Warn("stopping a PostgreSQL that an earlier process left behind", "pid", pid, "dir", dir)
		if err := endOrphan(pid); err != nil {
			return fmt.Errorf("stop the PostgreSQL left running in %s: %w", dir, err)
		}
	}
	left, err := filepath.Glob(filepath.Join(dir, ".s.PGSQL.*")) // the socket, where it is in this folder, and its lock
	if err != nil {
		return err
	}
	for _, file := range append(left, name) {
		if err := os.Remove(file); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

func readPid(name string) (int, error) {
	f, err := os.Open(name)
	if err != nil {
		return 0, err
	}
	defer func() { _ = f.Close() }() // opened for reading only
	line := bufio.NewScanner(f)
	if !line.Scan() {
		return 0, line.Err() // an empty file: the crash came before the pid was written
	}
	return strconv.Atoi(strings.TrimSpace(line.Text()))
}

// worksIn tells whether process pid works in dir. A server's working folder is its data folder, so a process that was
// given the same pid later is not mistaken for it. Where that cannot be seen (not Linux), PostgreSQL's own check decides.
func worksIn(pid int, dir string) bool {
	cwd, err := os.Stat(fmt.Sprintf("/proc/%d/cwd", pid))
	if err != nil {
		return false
	}
	data, err := os.Stat(dir)
	return err == nil && os.SameFile(cwd, data)
}

// endOrphan stops a process that is not our child. It cannot be waited for, so it is asked after.
func endOrphan(pid int) error {
	for _, signal := range []syscall.Signal{syscall.SIGINT, syscall.SIGQUIT, syscall.SIGKILL} {
		if err := syscall.Kill(pid, signal); errors.Is(err, syscall.ESRCH) {
			return nil
		} else if err != nil {
			return err
		}
		tick := time.NewTicker(20 * time.Millisecond)
		for range 500 {
			<-tick.C
			if errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) {
				tick.Stop()
				return nil
			}
		}
		tick.Stop()
	}
	return fmt.Errorf("process %d does not stop", pid)
}

// ownedBy tells whether a file belongs to the account, or to the caller.
func ownedBy(info fs.FileInfo, a *account) bool {
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return false
	}
	owner := int(st.Uid)
	return owner == os.Geteuid() || a != nil && owner == a.uid
}
