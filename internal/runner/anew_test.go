package runner

import (
	"context"
	"errors"
	"testing"

	"github.com/sealift/sealift/internal/hint"
	"github.com/sealift/sealift/internal/redshift"
	"github.com/sealift/sealift/journal"
	"github.com/sealift/sealift/plan"
)

// nowhere is a sender that sent nothing.
type nowhere struct{ Sender }

func (nowhere) Place(string, int64) (string, int64, bool) { return "", 0, false }

// loadErrors is a session that answers with one record that COPY failed on.
type loadErrors struct{ Session }

func (loadErrors) Query(_ context.Context, _ redshift.SQL, row func([]*string) error) error {
	text := func(s string) *string { return &s }
	return row([]*string{text("s3://b/k"), text("3"), text("id"), text("int4"), nil, text("1207"), text("Invalid digit, Value 's', Pos 0, Type: Integer"), text("9")})
}

// A record of a file stays wrong however often a run reads that file; a row of the source can be corrected there.
func TestWrongRecordNeedsARunOfItsOwn(t *testing.T) {
	t.Parallel()
	r := &run{Config: Config{Sender: nowhere{}}}
	failed := &redshift.ServerError{Message: "Load into table 't' failed.  Check 'sys_load_error_detail' system table for details."}
	for _, c := range []struct {
		table *plan.Table
		anew  bool
	}{{&plan.Table{Input: &plan.Input{}}, true}, {&plan.Table{}, false}} {
		err := r.explain(t.Context(), loadErrors{}, &table{plan: c.table}, plan.Step{Kind: plan.Load}, failed)
		if e := outcome(journal.Entry{}, nil, err); e.Anew != c.anew || e.Type != journal.Failed || e.Hint == "" {
			t.Errorf("of files: %v; entry %+v", c.anew, e)
		}
	}
	if e := outcome(journal.Entry{}, nil, hint.Anew(errors.New("the definition changed"))); !e.Anew {
		t.Error("is lost")
	}
}
