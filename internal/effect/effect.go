// Package effect marks the calls that change something outside of this process, so that each of them can be found: a
// test can count them, stop a run before any of them, or after its answer came, and see that none happens that nobody
// wrote down.
//
// A context from With belongs to a step whose intent is on disk. Do carries out one call, and refuses a context without
// that.
package effect

import (
	"context"
	"fmt"
)

// Phase is a moment of an effect.
type Phase string

// The moments that a hook is told of. What a crash leaves differs: before, nothing happened; answered, it happened, and
// nothing is written down yet.
const (
	Before   Phase = "before"
	Answered Phase = "answered"
)

// Hook is told of every effect, by its name, at both moments. Two effects can have one name; a test numbers them.
type Hook func(point string, when Phase)

type key struct{}

// step is what a context carries: nil is no step.
type step struct {
	name string
	hook Hook
}

// With gives a context in which effects may happen, as parts of what name says. hook may be nil.
func With(ctx context.Context, name string, hook Hook) context.Context {
	return context.WithValue(ctx, key{}, &step{name: name, hook: hook})
}

// Allowed tells whether effects may happen in ctx.
func Allowed(ctx context.Context) bool {
	s, _ := ctx.Value(key{}).(*step)
	return s != nil
}

// Do carries out one effect. It refuses a context that is not from With: an effect outside of a step would be one that
// recovery does not know of.
func Do(ctx context.Context, what string, call func(ctx context.Context) error) error {
	s, _ := ctx.Value(key{}).(*step)
	if s == nil {
		return fmt.Errorf("%s was refused: it belongs to no step, so nothing is written down about it; this is a mistake in sealift, please report it", what)
	}
	tell := func(when Phase) {
		if s.hook != nil {
			s.hook(s.name+": "+what, when)
		}
	}
	tell(Before)
	err := call(ctx)
	tell(Answered)
	return err
}
