package plan_test

import (
	"testing"

	"github.com/sealift/sealift/plan"
)

func TestLayouts(t *testing.T) {
	t.Parallel()
	const run = "20261126T003628Z-957d"
	for _, c := range []struct{ layout, prefix, want string }{
		{"", "a/b", "a/b/" + run + "/folder/"},
		{"", "", run + "/folder/"},
		{plan.Dated, "a/b", "a/b/2026-11-26_00:36:28-957d/folder."},
		{plan.Dated, "", "2026-11-26_00:36:28-957d/folder."},
	} {
		if got := (plan.Stage{Layout: c.layout, Prefix: c.prefix}).Below(run, "folder"); got != c.want {
			t.Errorf("layout %q below %q: %q, want %q", c.layout, c.prefix, got, c.want)
		}
	}
	for folder, want := range map[string]string{
		run: run, "2026-11-26_00:36:28-957d": run,
		// Somebody else's, which is never to be touched: the utility's own among them.
		"2026-11-26_00:36:28": "", "2026-11-26_00:36:28-957": "", "2026-13-26_00:36:28-957d": "", "2026-11-26-957d": "", "20261126T003628Z-957g": "",
		"": "", "-": "", "leases": "",
	} {
		if got := plan.RunOf(folder); got != want {
			t.Errorf("%q is of run %q, want %q", folder, got, want)
		}
	}
}
