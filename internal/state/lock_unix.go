//go:build unix

package state

import (
	"errors"
	"os"
	"syscall"

	"github.com/sealift/sealift/plan"
)

// lockFile locks f for this process, without waiting. The lock ends when f is closed, or the process.
func lockFile(f *os.File) error {
	err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return plan.ErrBusy
	}
	return err
}
