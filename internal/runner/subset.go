package runner

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/sealift/sealift/internal/hint"
	"github.com/sealift/sealift/journal"
	"github.com/sealift/sealift/plan"
)

// subset finds the rows of all tables that belong together and unloads them, in one transaction: whatever is deleted meanwhile, no row can
// come without one that it refers to. So it is done for all tables or for none.
func (r *run) subset(ctx context.Context, t *table, s plan.Step, attempt int, begin func(journal.Facts) error) (journal.Facts, error) {
	f := journal.Facts{Tables: make(map[string]*journal.Facts, len(r.Plan.Tables))}
	t.parts = make(map[string]*table, len(r.Plan.Tables))
	for i := range r.Plan.Tables {
		part := &table{plan: &r.Plan.Tables[i]}
		at := r.at.tables[part.plan.Target]
		if at.published {
			return f, hint.With(fmt.Errorf("%s is published, with rows that were chosen together with those of all tables; what was staged of others is gone, and rows that are chosen now would not belong to it", part.plan.Target),
				"run the job again, for all its tables")
		}
		at.staged, at.unloaded = true, nil
		t.parts[part.plan.Target] = part
		f.Tables[part.plan.Target] = &journal.Facts{Prefix: r.prefix(part) + strconv.Itoa(attempt) + "/"}
	}
	return r.transact(ctx, r.source, t, s, f, begin)
}

// haveSubset tells that the rows of all tables were unloaded, and nothing of what is still to be published is gone.
func (r *run) haveSubset() bool {
	for _, t := range r.at.tables {
		if !t.published && t.unloaded == nil {
			return false
		}
	}
	return true
}

// emptyAfter removes what a step of all tables staged before it failed.
func (r *run) emptyAfter(ctx context.Context, s plan.Step) error {
	if s.Kind != plan.Subset || r.lost(ctx) {
		return nil
	}
	var all error
	for i := range r.Plan.Tables {
		p := &r.Plan.Tables[i]
		at := r.at.tables[p.Target]
		if !at.published {
			all = errors.Join(all, r.cleanUp(ctx, &table{plan: p, staged: at.staged, loaded: at.shadow}, s, nil))
		}
	}
	return all
}

// loop runs statements that belong together until none of them changes a row, and answers how many they are.
func loop(ctx context.Context, sess Session, statements []plan.Statement) (n int, err error) {
	for n < len(statements) && statements[n].Loop == statements[0].Loop {
		n++
	}
	for changed := int64(1); changed > 0; {
		changed = 0
		for _, st := range statements[:n] {
			rows, err := sess.Exec(ctx, st.SQL)
			if err != nil {
				return n, err
			}
			changed += rows
		}
	}
	return n, nil
}

// Find runs the statements that find the rows of a subset, outside of a run: they change nothing but the session.
func Find(ctx context.Context, sess Session, statements []plan.Statement) error {
	for i := 0; i < len(statements); i++ {
		st := statements[i]
		switch {
		case st.Loop != 0:
			n, err := loop(ctx, sess, statements[i:])
			if err != nil {
				return err
			}
			i += n - 1
		case st.Role == plan.MustBeZero:
			n, err := number(ctx, sess, st.SQL)
			if err != nil {
				return err
			}
			if n != 0 {
				return fmt.Errorf("%s (%d found)", st.About, n)
			}
		default:
			if _, err := sess.Exec(ctx, st.SQL); err != nil {
				return err
			}
		}
	}
	return nil
}

// inTable says which table a statement of a step of all tables was about.
func inTable(target string, err error) error {
	if target == "" {
		return err
	}
	return fmt.Errorf("%s: %w", target, err)
}
