package planner

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sealift/sealift/internal/redshift"
	"github.com/sealift/sealift/job"
)

// Where a warehouse does not tell capitals, a job may write them: its names are those of the warehouse. Elsewhere they are left alone.
func TestNamesOfAJobAreFoldedAsTheWarehouseDoes(t *testing.T) {
	t.Parallel()
	folds, tells := &redshift.Catalog{}, &redshift.Catalog{CaseSensitive: true}
	for name, c := range map[string]struct {
		source, target *redshift.Catalog
		postgres       string
		want           []string // select, as, exclude
	}{
		"both fold":             {folds, folds, "", []string{`"sales"."Übersicht x"`, `dev."odd"`, `"sales".tmp_*`}},
		"both tell":             {tells, tells, "", []string{`"Sales"."Übersicht X"`, `Dev."Odd"`, `"Sales".TMP_*`}},
		"nothing is asked":      {nil, nil, "", []string{`"Sales"."Übersicht X"`, `Dev."Odd"`, `"Sales".TMP_*`}},
		"a PostgreSQL server's": {folds, folds, "db", []string{`"sales"."übersicht x"`, `dev."odd"`, `"sales".tmp_*`}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			j := &job.Job{
				Source: job.Warehouse{Postgres: c.postgres}, Exclude: []job.Pattern{{Text: `"Sales".TMP_*`}},
				Tables: []job.Table{{Select: job.Pattern{Text: `"Sales"."Übersicht X"`}, As: `Dev."Odd"`}},
			}
			got := Folded(j, c.source, c.target)
			if diff := cmp.Diff(c.want, []string{got.Tables[0].Select.Text, got.Tables[0].As, got.Exclude[0].Text}); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if j.Tables[0].As != `Dev."Odd"` || j.Exclude[0].Text != `"Sales".TMP_*` {
				t.Error("the job itself was changed")
			}
		})
	}
}
