// Package hint carries what to do next along with an error. A hint is for people: a command, a setting or a grant. It is
// kept apart from the message, so that each is shown on its own line and neither is parsed out of the other.
package hint

import "errors"

type hinted struct {
	error
	hint string
}

func (h *hinted) Unwrap() error { return h.error }

// With attaches a hint to err. An error that has a hint already keeps it: the layer nearest to the cause knows best.
func With(err error, text string) error {
	if err == nil || text == "" || Of(err) != "" {
		return err
	}
	return &hinted{error: err, hint: text}
}

// Instead attaches a hint to err in place of the one that it has, where somebody further out knows better.
func Instead(err error, text string) error {
	if err == nil || text == "" {
		return err
	}
	return &hinted{error: err, hint: text}
}

type anew struct{ error }

func (a *anew) Unwrap() error { return a.error }

// Anew marks an error that whoever goes on with the run would meet again, because the run is of files, definitions or a job that
// have to be others: a new run is what helps.
func Anew(err error) error {
	if err == nil {
		return nil
	}
	return &anew{err}
}

// IsAnew tells whether only a new run helps.
func IsAnew(err error) bool {
	_, ok := errors.AsType[*anew](err)
	return ok
}

type usage struct{ error }

func (u *usage) Unwrap() error { return u.error }

// Usage marks an error of whoever asked: the request, or the job that it names, is wrong by itself, whatever files, servers and runs there
// are.
func Usage(err error) error {
	if err == nil {
		return nil
	}
	return &usage{err}
}

// IsUsage tells whether somebody asked for what cannot be.
func IsUsage(err error) bool {
	_, ok := errors.AsType[*usage](err)
	return ok
}

// Of gives the hint of err, or "".
func Of(err error) string {
	if h, ok := errors.AsType[*hinted](err); ok {
		return h.hint
	}
	return ""
}
