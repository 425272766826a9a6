package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"regexp"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sealift/sealift"
	"github.com/sealift/sealift/internal/hint"
	"github.com/sealift/sealift/internal/show"
	"github.com/sealift/sealift/internal/verify"
	"github.com/sealift/sealift/plan"
)

// verifyFlags are the flags of verify.
type verifyFlags struct {
	only       []string
	rows       bool
	limit      int
	showValues bool
}

func (a *app) verifyCommand() *cobra.Command {
	var f verifyFlags
	cmd := &cobra.Command{
		Use:   "verify JOB|PLAN|RUN",
		Short: "Compare source and target as they are now, without moving anything",
		Long: `Compare the tables of a JOB, a PLAN or a RUN as they are now. Both warehouses compute the digest
of each table by SQL, as a copy does; nothing is moved or changed, and no row leaves a warehouse.
Filters, columns and queries of the job are respected. Of a run it is also told whether each side
is still what the run's receipt proved. In mode append the target may hold more rows than the
source: such a table can only be judged with --rows.

With --rows, where a table has a key (the source's primary key, or the job's), the keys whose
rows differ are found by digests of ever smaller parts. Only those keys leave the warehouses;
--show-values shows the values of changed columns too, which are somebody's data.

The warehouses are not read at one moment: what is written meanwhile shows as a difference.

Exit codes: 0 all equal; 1 a table could not be compared, or failed; 2 wrong usage or invalid
job; 6 differences; 130 interrupted.`,
		Example: `  sealift verify prod-to-dev.yaml --rows
  sealift verify last --only sales.orders --json`,
		Annotations: map[string]string{"exits": "told"},
		Args:        argument("JOB, PLAN or RUN"),
		ValidArgsFunction: func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
			return a.completeRun(args), cobra.ShellCompDirectiveDefault
		},
		RunE: a.run(func(ctx context.Context, args []string) error { return a.verify(ctx, args[0], f) }),
	}
	cmd.Flags().StringArrayVar(&f.only, "only", nil, "compare only this `TABLE`, or those of a pattern; can be repeated")
	cmd.Flags().BoolVar(&f.rows, "rows", false, "find the keys of rows that differ")
	cmd.Flags().IntVar(&f.limit, "limit", verify.DefaultLimit, "find at most `N` keys for each table")
	cmd.Flags().BoolVar(&f.showValues, "show-values", false, "with --rows: show the values of changed columns")
	a.doorFlags(cmd)
	a.jsonFlag(cmd)
	return cmd
}

// errDifferent is an outcome that the answer tells.
var errDifferent = errors.New("source and target differ")

func (a *app) verify(ctx context.Context, what string, f verifyFlags) error {
	const most = 10_000
	if f.limit < 1 || f.limit > most {
		return hint.Usage(fmt.Errorf("--limit %d is not between 1 and %d", f.limit, most))
	}
	if f.showValues && !f.rows {
		return hint.Usage(errors.New("--show-values needs --rows"))
	}
	ctx, release := a.cancellable(ctx)
	defer release()
	p, run, err := a.toVerify(ctx, what)
	if err == nil {
		p, err = only(p, f.only)
	}
	if err != nil {
		return interrupted(ctx, err)
	}
	c, err := sealift.Verify(ctx, p, sealift.VerifyOptions{
		Options: a.options(), FindRows: f.rows, Limit: f.limit, ShowValues: f.showValues, Run: run,
	})
	if err != nil {
		return interrupted(ctx, err)
	}
	if a.json {
		err = a.answerJSON(c)
	} else {
		err = a.answer(a.comparison(c))
	}
	if err != nil {
		return err
	}
	switch c.Result {
	case sealift.Equal:
		return nil
	case sealift.Differs:
		return told{errDifferent}
	default:
		return told{errors.New("a table could not be compared")}
	}
}

// runID is the form of a run's id, or of the beginning of one.
var runID = regexp.MustCompile(`^(last|[0-9]{8}(T[0-9]{0,6}(Z(-[0-9a-f]{0,4})?)?)?)$`)

// wholeRunID is the form of a run's whole id.
var wholeRunID = regexp.MustCompile(`^[0-9]{8}T[0-9]{6}Z-[0-9a-f]{4}$`)

// toVerify makes a plan of a job, or reads that of a run.
func (a *app) toVerify(ctx context.Context, what string) (*plan.Plan, *sealift.Run, error) {
	if _, err := os.Stat(what); errors.Is(err, fs.ErrNotExist) && runID.MatchString(what) {
		run, err := sealift.OpenRun(ctx, a.stateDir, what)
		if err != nil {
			return nil, nil, err
		}
		return run.Plan, run, nil
	}
	text, err := a.readFile(ctx, what)
	if err != nil {
		return nil, nil, hint.With(err, "name a job file, a plan file, or a run: sealift runs lists them")
	}
	if isPlan(text) {
		p, err := plan.Decode(text)
		if err != nil {
			return nil, nil, fmt.Errorf("%s: %w", what, err)
		}
		return p, nil, nil
	}
	j, err := a.jobOfWarehouse(what, text)
	if err != nil {
		return nil, nil, err
	}
	p, err := sealift.PlanVerify(ctx, j, a.options())
	return p, nil, err
}

// comparison is the answer for people.
func (a *app) comparison(c *sealift.Comparison) string {
	page := &show.Page{Columns: a.stdout.page(), Colours: a.stdout.colours}
	page.Line("%s  ->  %s", c.Source, c.Target)
	page.Blank()
	grid := &show.Grid{Indent: 2, Columns: []show.Column{
		{Head: "table"}, {Head: "result"}, {Head: "source rows", Right: true}, {Head: "target rows", Right: true}, {Head: "digest"}, {Head: "note"},
	}}
	counts := map[sealift.ComparisonResult]int64{}
	for i := range c.Tables {
		t := &c.Tables[i]
		counts[t.Result]++
		rows := func(n int64, digest string) string {
			if digest == "" {
				return ""
			}
			return show.Count(n)
		}
		digest := ""
		if t.Result == sealift.Equal && t.SourceDigest == t.TargetDigest {
			digest = show.Short(t.SourceDigest)
		}
		colour := map[sealift.ComparisonResult]show.Colour{sealift.Differs: show.Red, sealift.CannotTell: show.Yellow}[t.Result]
		grid.AddCells(show.Cell{Text: t.Target}, show.Cell{Text: string(t.Result), Colour: colour},
			show.Cell{Text: rows(t.SourceRows, t.SourceDigest)}, show.Cell{Text: rows(t.TargetRows, t.TargetDigest)},
			show.Cell{Text: digest, Colour: show.Dim}, show.Cell{Text: strings.Join(comparisonNotes(t), "; ")})
	}
	page.Grid(grid)
	page.Blank()
	for i := range c.Tables {
		if t := &c.Tables[i]; t.Rows != nil && len(t.Rows.Found) > 0 {
			rowsFound(page, t)
			page.Blank()
		}
	}
	words := []string{show.Plural(counts[sealift.Equal], "table") + " equal"}
	if n := counts[sealift.Differs]; n > 0 {
		words = append(words, map[bool]string{true: "1 differs", false: show.Count(n) + " differ"}[n == 1])
	}
	if n := counts[sealift.CannotTell]; n > 0 {
		words = append(words, show.Count(n)+" cannot be told")
	}
	page.Line("%s", strings.Join(words, ", "))
	return page.String()
}

// comparisonNotes say in words what the other columns do not.
func comparisonNotes(t *sealift.ComparedTable) []string {
	var notes []string
	if t.Source != t.Target {
		notes = append(notes, "from "+t.Source)
	}
	const shown = 8 // of many columns; JSON has all, with what is different in each
	switch n := len(t.Columns); {
	case n > shown:
		notes = append(notes, fmt.Sprintf("in %s and %d more columns", strings.Join(t.Columns[:shown], ", "), n-shown))
	case n > 0:
		notes = append(notes, "in "+strings.Join(t.Columns, ", "))
	default:
		notes = append(notes, t.Differences...)
	}
	if t.Reason != "" {
		notes = append(notes, t.Reason)
	}
	notes = append(notes, t.Notes...)
	switch {
	case t.TargetSinceRun == verify.Changed && t.SourceSinceRun == verify.Changed:
		notes = append(notes, "both sides changed since the run")
	case t.TargetSinceRun == verify.Changed:
		notes = append(notes, "the target changed since the run")
	case t.SourceSinceRun == verify.Changed:
		notes = append(notes, "the source changed since the run, the target is as the receipt proved it")
	case t.TargetSinceRun == verify.Unchanged:
		notes = append(notes, "as the receipt proved it")
	}
	if t.Hint != "" {
		notes = append(notes, t.Hint)
	}
	return notes
}

// rowsFound lists the keys of one table.
func rowsFound(page *show.Page, t *sealift.ComparedTable) {
	r := t.Rows
	more := ""
	if r.More {
		more = "; there are more, --limit finds them"
	}
	page.Line("%s   by %s: %s missing in the target, %s extra, %s changed%s", t.Target, strings.Join(r.Key, ", "),
		show.Count(r.Missing), show.Count(r.Extra), show.Count(r.Changed), more)
	grid := &show.Grid{Indent: 2, Columns: []show.Column{{Head: "row"}, {Head: "key"}, {Head: "columns"}}}
	for _, row := range r.Found {
		what := strings.Join(row.Columns, ", ")
		switch {
		case len(row.Values) > 0:
			var changes []string
			for _, v := range row.Values {
				changes = append(changes, fmt.Sprintf("%s %s -> %s", v.Column, quoted(v.Source), quoted(v.Target)))
			}
			what = strings.Join(changes, ", ")
		case row.SourceRows > 1 || row.TargetRows > 1:
			what = fmt.Sprintf("%s in the source, %s in the target", show.Plural(row.SourceRows, "row"), show.Plural(row.TargetRows, "row"))
		}
		grid.Add(string(row.Kind), strings.Join(row.Key, ", "), what)
	}
	page.Grid(grid)
}

// quoted writes a value so that NULL, blanks and quotes can be told apart.
func quoted(v *string) string {
	if v == nil {
		return "NULL"
	}
	return fmt.Sprintf("%q", *v)
}
