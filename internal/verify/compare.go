package verify

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"golang.org/x/sync/errgroup"

	"github.com/sealift/sealift/internal/hint"
	"github.com/sealift/sealift/internal/redshift"
	"github.com/sealift/sealift/plan"
)

// Session is one connection to a warehouse.
type Session interface {
	redshift.Querier
	Exec(ctx context.Context, sql redshift.SQL) (rows int64, err error)
}

// Result is what a comparison came to.
type Result string

// The results. Equal is the only success.
const (
	Equal      Result = "equal"
	Differs    Result = "differs"
	CannotTell Result = "cannot tell"
)

// Table is what was found out about one table.
type Table struct {
	Source     string `json:"source"`
	Target     string `json:"target"`
	Mode       string `json:"mode"`
	Result     Result `json:"result"`
	SourceRows int64  `json:"source_rows"`
	TargetRows int64  `json:"target_rows"`
	// The digests, in hex; "" where none was taken.
	SourceDigest string `json:"source_digest,omitempty"`
	TargetDigest string `json:"target_digest,omitempty"`
	// Columns whose values differ; none where they only stand in other rows.
	Columns []string `json:"columns,omitempty"`
	// Differences say in words what differs, Reason why nothing can be said, Hint what to do about that.
	Differences []string `json:"differences,omitempty"`
	Reason      string   `json:"reason,omitempty"`
	Hint        string   `json:"hint,omitempty"`
	Notes       []string `json:"notes,omitempty"`
	// Rows are the keys that differ, where they were asked for and could be found.
	Rows *Rows `json:"rows,omitempty"`
	// Of a run whose receipt proved the table: whether each side is still what it was then. "" where there is no such run.
	TargetSinceRun Since `json:"target_since_run,omitempty"`
	SourceSinceRun Since `json:"source_since_run,omitempty"`
}

// Since says what became of a table since a run.
type Since string

// The two ways.
const (
	Unchanged Since = "unchanged"
	Changed   Since = "changed"
)

// Options of a comparison.
type Options struct {
	FindRows bool // find the keys that differ
	Limit    int  // the most keys to find; 0 is DefaultLimit
	Values   bool // the values of changed rows too: they are somebody's data

	answers int // in place of answerRows, in tests
}

// DefaultLimit is how many keys are found at most.
const DefaultLimit = 100

// appends tells that the job adds its rows to those that are there, so that more rows in the target are as it should be.
func appends(t plan.Table) bool { return t.Mode == "append" || t.Mode == "merge" }

// attempts is how often a comparison is tried when the server says that trying again is the remedy.
const attempts = 3

// Compare compares one table of a plan. have is the target's definition, nil if there is no such table. What keeps it
// from being compared is in the answer, not in the error, which is for a context that ended.
func Compare(ctx context.Context, source, target Session, t plan.Table, have *redshift.TableDef, o Options) (Table, error) {
	out := Table{Source: t.Source, Target: t.Target, Mode: t.Mode, Result: CannotTell}
	if have == nil {
		out.Result, out.Differences = Differs, []string{"the target has no such table"}
		return out, nil
	}
	missing, other := fits(t.Digest, have)
	if len(missing) > 0 {
		out.Result, out.Differences = Differs, missing
		return out, nil
	}
	if other != "" {
		out.Reason = other
		return out, nil
	}
	c := comparison{plan: t, options: o, sides: [2]*side{{name: "source", session: source}, {name: "target", session: target}}}
	if err := c.rows(); err != nil {
		out.Reason = err.Error()
		return out, nil //nolint:nilerr // the answer tells it
	}
	var err error
	for range attempts {
		try := out
		if err = c.compare(ctx, &try); err == nil {
			return try, nil
		}
		if !redshift.Retryable(err) {
			break
		}
	}
	if ctx.Err() != nil {
		return out, context.Cause(ctx)
	}
	out.Reason, out.Hint = err.Error(), hint.Of(hint.With(err, redshift.HintFor(err)))
	return out, nil
}

// fits holds the columns that are to be compared against the target's table: what it lacks is a difference; a type whose
// values have other texts cannot be compared.
func fits(layout redshift.DigestLayout, have *redshift.TableDef) (missing []string, other string) {
	for _, c := range layout.Columns {
		i := slices.IndexFunc(have.Columns, func(h redshift.Column) bool { return h.Name.String() == c.Name })
		if i < 0 {
			missing = append(missing, fmt.Sprintf("the target has no column %s", c.Name))
			continue
		}
		if h := have.Columns[i].Type; other == "" && !h.Holds(c.Type) && !c.Type.Holds(h) {
			other = fmt.Sprintf("column %s is %s in the source, %s in the target: their texts are not alike", c.Name, c.Type, h)
		}
	}
	return missing, other
}

// comparison is one table's.
type comparison struct {
	plan    plan.Table
	options Options
	sides   [2]*side // source, target
}

// side is one warehouse's part in it.
type side struct {
	name    string
	session Session
	rows    redshift.KeyedRows
	digest  redshift.Digest
}

// rows settles what is asked of each side.
func (c *comparison) rows() error {
	target, err := redshift.ParseTable(c.plan.Target)
	if err != nil {
		return err
	}
	cols, err := c.plan.Digest.Exprs()
	if err != nil {
		return err
	}
	names := make([]redshift.SQL, len(cols))
	for i, col := range cols {
		names[i] = col.Expr
	}
	if c.plan.Rows.IsZero() {
		return errors.New("the plan does not say which rows it moves: plan again")
	}
	for i, query := range []redshift.SQL{c.plan.Rows, redshift.Build("SELECT ?\nFROM ?", redshift.Join(", ", names...), target)} {
		c.sides[i].rows = redshift.KeyedRows{Rows: query, Layout: c.plan.Digest, Key: c.plan.Key}
	}
	return nil
}

// both does something on both sides at once. The first failure ends the other side's query.
func (c *comparison) both(ctx context.Context, do func(context.Context, *side) error) error {
	g, ctx := errgroup.WithContext(ctx)
	for _, s := range c.sides {
		g.Go(func() error {
			if err := do(ctx, s); err != nil {
				return hint.With(fmt.Errorf("in the %s: %w", s.name, err), redshift.HintFor(err))
			}
			return nil
		})
	}
	return g.Wait()
}

// compare compares in one transaction on each side.
func (c *comparison) compare(ctx context.Context, out *Table) (err error) {
	// READ ONLY (DG r_BEGIN): the job's filters and queries are users' SQL, and this is not where they may change anything.
	defer func() {
		end, cancel := context.WithTimeout(context.WithoutCancel(ctx), endTime)
		defer cancel()
		rerr := c.both(end, func(ctx context.Context, s *side) error {
			_, err := s.session.Exec(ctx, redshift.Build("ROLLBACK"))
			return err
		})
		if err == nil {
			err = rerr
		}
	}()
	err = c.both(ctx, func(ctx context.Context, s *side) error {
		if _, err := s.session.Exec(ctx, redshift.Build("BEGIN READ ONLY")); err != nil {
			return err
		}
		return s.takeDigest(ctx)
	})
	if err != nil {
		return err
	}
	source, target := c.sides[0].digest, c.sides[1].digest
	out.SourceRows, out.TargetRows = source.Rows, target.Rows
	out.SourceDigest, out.TargetDigest = source.Hex(), target.Hex()
	out.Differences, out.Columns = source.Diff(target), changedColumns(source, target)
	if len(out.Differences) == 0 {
		out.Result = Equal
		return nil
	}
	out.Result = Differs
	more := target.Rows - source.Rows
	if appends(c.plan) && more >= 0 {
		out.Result, out.Differences, out.Columns = CannotTell, nil, nil
		out.Reason = fmt.Sprintf("mode %s: more rows in the target (%d) than in the source (%d)", c.plan.Mode, target.Rows, source.Rows)
		if more == 0 {
			out.Reason = fmt.Sprintf("mode %s: as many rows on both sides, but not the same", c.plan.Mode)
		}
		out.Hint = "--rows finds rows that are missing or changed, where the table has a key"
	}
	if !c.options.FindRows {
		return nil
	}
	return c.findRows(ctx, out)
}

// changedColumns names the columns in which two digests of one layout differ.
func changedColumns(a, b redshift.Digest) []string {
	var names []string
	for i, col := range a.Columns {
		if col != b.Columns[i] {
			names = append(names, col.Name)
		}
	}
	return names
}

// findRows goes on to the keys that differ.
func (c *comparison) findRows(ctx context.Context, out *Table) error {
	if why := c.noKey(); why != "" {
		out.Notes = append(out.Notes, "rows cannot be told apart: "+why)
		return nil
	}
	rows, err := c.find(ctx)
	if err != nil {
		return err
	}
	out.Rows = rows
	if !appends(c.plan) {
		return nil
	}
	out.Hint = ""
	if rows.Missing+rows.Changed > 0 {
		out.Result, out.Reason = Differs, ""
		out.Differences = []string{fmt.Sprintf("rows of the source missing in the target: %d, changed: %d", rows.Missing, rows.Changed)}
		return nil
	}
	if rows.More {
		out.Hint = "all keys that were found are of rows that only the target has; look at more of them with --limit"
		return nil
	}
	out.Result, out.Reason = Equal, ""
	out.Notes = append(out.Notes, fmt.Sprintf("mode %s: all rows of the source are there, beside others (%d)", c.plan.Mode, rows.Extra))
	return nil
}

// noKey says why rows cannot be told apart, or "".
func (c *comparison) noKey() string {
	if len(c.plan.Key) == 0 {
		return "there is no key, or not all of it is moved"
	}
	for _, s := range c.sides {
		for _, name := range c.plan.Key {
			i := slices.IndexFunc(s.digest.Columns, func(d redshift.ColumnDigest) bool { return d.Name == name })
			if i < 0 {
				return fmt.Sprintf("the key's column %s is not compared", name)
			}
			if nulls := s.digest.Rows - s.digest.Columns[i].NonNull; nulls > 0 {
				return fmt.Sprintf("the key's column %s is NULL in rows of the %s (%d)", name, s.name, nulls)
			}
		}
	}
	return ""
}

func (s *side) takeDigest(ctx context.Context) error {
	sql, err := redshift.DigestOf(s.rows.Rows, s.rows.Layout)
	if err != nil {
		return err
	}
	found := false
	err = s.session.Query(ctx, sql, func(row []*string) (err error) {
		found = true
		s.digest, err = redshift.ReadDigest(s.rows.Layout, row)
		return err
	})
	if err == nil && !found {
		err = errors.New("no answer to the digest query")
	}
	return err
}
