package planner

import (
	"fmt"
	"strings"
	"testing"

	"github.com/sealift/sealift/internal/hint"
	"github.com/sealift/sealift/internal/redshift"
)

// A statement that the Data API would not take is found when planning, on the side it is for.
func TestStatementsFit(t *testing.T) {
	t.Parallel()
	var columns []redshift.Column
	for i := range 900 {
		columns = append(columns, column(t, fmt.Sprintf("column_with_a_rather_long_name_%d", i), "varchar(200)"))
	}
	for _, auth := range []string{"iam", "data-api"} {
		for _, side := range []string{"source", "target"} {
			in := input(t)
			in.Source = catalog(table(t, "sales.wide", columns...))
			if side == "source" {
				in.Job.Source.Auth = auth
			} else {
				in.Job.Target.Auth = auth
			}
			_, err := Build(in)
			if auth == "iam" {
				if err != nil {
					t.Errorf("over the network: %v", err)
				}
				continue
			}
			if err == nil || !strings.Contains(err.Error(), "sales.wide/") || !strings.Contains(err.Error(), "a statement for the "+side+" has") ||
				!strings.Contains(err.Error(), "takes no more than 100000") || hint.Of(err) == "" {
				t.Errorf("%s: %v", side, err)
			}
		}
	}
	in := input(t)
	in.Job.Source.Auth, in.Job.Target.Auth = "data-api", "data-api"
	if _, err := Build(in); err != nil {
		t.Errorf("tables of the usual width: %v", err)
	}
}
