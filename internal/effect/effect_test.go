package effect

import (
	"context"
	"errors"
	"slices"
	"testing"
)

func TestAnEffectIsToldBeforeAndAfter(t *testing.T) {
	t.Parallel()
	var told []string
	ctx := With(t.Context(), "t.a/publish", func(point string, when Phase) { told = append(told, point+" "+string(when)) })
	broken := errors.New("broken")
	err := Do(ctx, "target COMMIT", func(context.Context) error {
		told = append(told, "happens")
		return broken
	})
	if !errors.Is(err, broken) || !slices.Equal(told, []string{"t.a/publish: target COMMIT before", "happens", "t.a/publish: target COMMIT answered"}) {
		t.Errorf("error %v, told %q", err, told)
	}
}

func TestAnEffectOutsideOfAStepIsRefused(t *testing.T) {
	t.Parallel()
	happened := false
	err := Do(t.Context(), "target COMMIT", func(context.Context) error { happened = true; return nil })
	if err == nil || happened {
		t.Errorf("error %v, happened %v", err, happened)
	}
	if Allowed(t.Context()) || !Allowed(With(t.Context(), "s", nil)) {
		t.Error("allowed is not told")
	}
}
