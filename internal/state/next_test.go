package state_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sealift/sealift/internal/hint"
	"github.com/sealift/sealift/internal/state"
	"github.com/sealift/sealift/plan"
)

// Where no run can be kept, it is said what would help.
func TestNowhereToKeepRuns(t *testing.T) {
	t.Parallel()
	_, err := state.Open(t.Context(), "")
	if h := hint.Of(err); !strings.Contains(h, "--state-dir") {
		t.Errorf("%v; hint %q", err, h)
	}
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := state.Open(t.Context(), file)
	if err != nil {
		t.Fatal(err)
	}
	_, err = s.Create(t.Context(), "20261121T101500Z-7f3a", &plan.Plan{})
	if h := hint.Of(err); err == nil || !strings.HasPrefix(h, "nothing was done; name a place: --state-dir") {
		t.Errorf("%v; hint %q", err, h)
	}
}
