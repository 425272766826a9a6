package planner

import (
	"strings"
	"testing"

	"github.com/sealift/sealift/internal/mask"
	"github.com/sealift/sealift/job"
)

// What somebody wrote for a column's name need not be one that a column can have.
func TestMaskOfWhatIsNoName(t *testing.T) {
	t.Parallel()
	for _, name := range []string{strings.Repeat("x", 200), "a\x00b", "\xff"} {
		in := input(t)
		in.Job.Masking = &job.Masking{Key: "env:K", Environment: "test", Epoch: "1"}
		in.Dictionaries = mask.BuiltIn()
		in.Job.Tables = []job.Table{{Select: job.Pattern{Text: "sales.orders"}, Mask: map[string]job.Mask{name: {Use: "null"}}}}
		if _, err := Build(in); err == nil || !strings.Contains(err.Error(), "the table has no such column") {
			t.Errorf("%q: %v", name, err)
		}
	}
}
