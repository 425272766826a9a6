package local

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/sealift/sealift/internal/local/aws/durable"
)

// What a folder of the stand-in holds: the lock, with the process id of its holder; the state of the running stand-in;
// secrets, certificates, and the data of AWS and of the warehouses.
const (
	lockName    = "lock"
	stateName   = "standin.json"
	secretsName = "passwords.json"
)

// ErrNotRunning says that no stand-in runs in a folder.
var ErrNotRunning = errors.New("no stand-in is running there")

// ErrRunning says that a stand-in runs in the folder already.
var ErrRunning = errors.New("a stand-in is running there already")

// EnvVar is a variable that clients of the stand-in need.
type EnvVar struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// State is what a running stand-in tells other processes. It holds secrets.
type State struct {
	Version int      `json:"version"`
	PID     int      `json:"pid"`
	Port    int      `json:"port"` // of the AWS endpoints
	Env     []EnvVar `json:"env"`
}

const stateVersion = 1

// Load reads the state of the stand-in that runs in a folder. It answers ErrNotRunning if there is none.
func Load(dir string) (*State, error) {
	if _, err := holder(dir); err != nil {
		return nil, fmt.Errorf("%s: %w", dir, err)
	}
	var s State
	ok, err := durable.Load(filepath.Join(dir, stateName), &s)
	if err != nil {
		return nil, err
	}
	if !ok { // it is starting or stopping
		return nil, fmt.Errorf("%s: %w", dir, ErrNotRunning)
	}
	if s.Version != stateVersion {
		return nil, fmt.Errorf("the stand-in in %s is of another release: its state has version %d, this program knows version %d", dir, s.Version, stateVersion)
	}
	return &s, nil
}

// Down stops the stand-in that runs in a folder, and waits until it has ended. It answers ErrNotRunning if there is none.
func Down(ctx context.Context, dir string) error {
	pid, err := holder(dir)
	if err != nil {
		return fmt.Errorf("%s: %w", dir, err)
	}
	if err := syscall.Kill(pid, syscall.SIGTERM); err != nil && !errors.Is(err, syscall.ESRCH) {
		return fmt.Errorf("stop the stand-in (pid %d): %w", pid, err)
	}
	// It is not our child, so it cannot be waited for; it holds the lock as long as it lives.
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		now, err := holder(dir)
		if errors.Is(err, ErrNotRunning) || err == nil && now != pid {
			return nil
		}
		if err != nil {
			return err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("wait for the stand-in (pid %d) to stop: %w", pid, context.Cause(ctx))
		}
	}
}

// folderLock keeps a second stand-in out of a folder. The kernel releases it when the process ends, however it ends.
type folderLock struct{ f *os.File }

// lockFolder takes the lock, or answers ErrRunning.
func lockFolder(dir string) (*folderLock, error) {
	f, err := os.OpenFile(filepath.Join(dir, lockName), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return nil, errors.Join(ErrRunning, f.Close())
	}
	if err == nil {
		// Whoever finds the lock held reads here by whom.
		err = errors.Join(f.Truncate(0), writeAt(f, strconv.Itoa(os.Getpid())+"\n"))
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return &folderLock{f}, nil
}

func writeAt(f *os.File, text string) error {
	_, err := f.WriteAt([]byte(text), 0)
	return err
}

func (l *folderLock) release() error {
	return errors.Join(l.f.Truncate(0), l.f.Close())
}

// holder answers the process that holds a folder's lock, or ErrNotRunning.
func holder(dir string) (pid int, err error) {
	f, err := os.Open(filepath.Join(dir, lockName))
	if errors.Is(err, fs.ErrNotExist) {
		return 0, ErrNotRunning
	}
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_SH|syscall.LOCK_NB); err == nil {
		return 0, ErrNotRunning
	} else if !errors.Is(err, syscall.EWOULDBLOCK) {
		return 0, err
	}
	text := make([]byte, 20)
	n, _ := f.ReadAt(text, 0) // shorter than the buffer, hence always with io.EOF
	pid, err = strconv.Atoi(strings.TrimSpace(string(text[:n])))
	if err != nil || pid <= 0 {
		return 0, ErrNotRunning // it is starting or stopping
	}
	return pid, nil
}
