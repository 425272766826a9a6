package planner

import (
	"slices"
	"strings"

	"github.com/sealift/sealift/internal/redshift"
	"github.com/sealift/sealift/job"
)

// Folded is a job with the names of its tables as the warehouses have them: one that does not tell capitals keeps none, in double quotes
// neither, and a job may write them all the same. A catalog may be nil, where nothing is asked of that side.
func Folded(j *job.Job, source, target *redshift.Catalog) *job.Job {
	from, to := source != nil && !source.CaseSensitive, target != nil && !target.CaseSensitive
	if !from && !to {
		return j
	}
	fold := redshift.LowerASCII
	if j.Source.Postgres != "" {
		fold = strings.ToLower // as its catalog is read
	}
	out := *j
	out.Tables, out.Exclude = slices.Clone(j.Tables), slices.Clone(j.Exclude)
	for i := range out.Tables {
		t := &out.Tables[i]
		if from {
			t.Select.Text = fold(t.Select.Text)
		}
		if to {
			t.As = redshift.LowerASCII(t.As)
		}
	}
	if from {
		for i := range out.Exclude {
			out.Exclude[i].Text = fold(out.Exclude[i].Text)
		}
	}
	return &out
}
