package cli

import (
	"errors"

	"github.com/sealift/sealift/internal/hint"
	"github.com/sealift/sealift/job"
	"github.com/sealift/sealift/plan"
)

// The exit codes. They are part of the contract (docs/output.md) and in every command's help.
const (
	exitDone        = 0   // done, and verified where data moves
	exitFailed      = 1   // failed
	exitUsage       = 2   // wrong usage or invalid job
	exitSomeFailed  = 3   // the run is over and some tables failed
	exitStale       = 4   // the plan is stale
	exitHeld        = 5   // another run holds the target
	exitDifferent   = 6   // differences or findings, or something is missing
	exitInterrupted = 130 // interrupted
)

// Errors that are an outcome, told already by what the command printed.
var (
	errTablesFailed = errors.New("some tables failed")
	errInterrupted  = errors.New("interrupted")
)

// told wraps an outcome that needs no further line on stderr, because the answer says it all.
type told struct{ error }

func (e told) Unwrap() error { return e.error }

// exitCode is the one place where an error becomes an exit code.
func exitCode(err error) int {
	switch {
	case err == nil:
		return exitDone
	case hint.IsUsage(err), is[job.Errors](err):
		return exitUsage
	case errors.Is(err, errInterrupted):
		return exitInterrupted
	case errors.Is(err, errTablesFailed):
		return exitSomeFailed
	case errors.Is(err, plan.ErrStale):
		return exitStale
	case errors.Is(err, plan.ErrHeld):
		return exitHeld
	case errors.Is(err, errDifferent), errors.Is(err, errMissing), errors.Is(err, errUncovered):
		return exitDifferent
	default:
		return exitFailed
	}
}

func is[T error](err error) bool {
	_, ok := errors.AsType[T](err)
	return ok
}
