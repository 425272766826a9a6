package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sealift/sealift"
	"github.com/sealift/sealift/internal/hint"
	"github.com/sealift/sealift/internal/show"
	"github.com/sealift/sealift/job"
)

// scanFlags are what the command line says about a scan.
type scanFlags struct {
	config, output, check string
	only, accept          []string
	sampleValues          bool
}

func (a *app) scanCommand() *cobra.Command {
	var f scanFlags
	cmd := &cobra.Command{
		Use:   "scan WAREHOUSE|JOB",
		Short: "Find columns that probably hold personal data, with masks that fit",
		Long: `Look for personal data in a warehouse: by what columns are called, by their types, and by what
their values look like. Values are counted inside the warehouse, by SQL: how many have which form,
how many pass which check digit. None of them leaves it. Of a large table about 10,000 rows are
looked at, chosen by a hash of their key. Nothing is changed.

WAREHOUSE is one that the configuration names (~/.config/sealift/config.yaml, see docs/config.md).
Of a JOB it is the source, and of that the tables that the job moves.

Each finding has a score: from 0.6 a column counts as sensitive, from 0.3 somebody should decide.
How good that is, in figures: docs/scan.md. A scan overlooks things. It makes no data anonymous.

-o writes a policy: clear columns pass, sensitive ones have a mask, and what somebody must decide
is not listed, which stops a run until it is. --check holds a policy against the warehouse: columns
that look sensitive and are passed through, columns that it does not list, columns that are gone.

--sample-values is your consent to read about 1,000 rows of each table into this process, where
stricter rules are held against values. They are counted, never printed, kept or logged.

Exit codes: 0 scanned; 1 failed; 2 wrong usage; 6 --check found something; 130 interrupted.`,
		Example: `  sealift scan prod -o pii.yaml
  sealift scan prod-to-dev.yaml --check pii.yaml`,
		Annotations: map[string]string{"exits": "told"},
		Args:        argument("WAREHOUSE or JOB"),
		RunE:        a.run(func(ctx context.Context, args []string) error { return a.scan(ctx, args[0], f) }),
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.StringVarP(&f.output, "output", "o", "", "write a policy `FILE`, which must not be there yet")
	flags.StringVar(&f.check, "check", "", "hold this policy `FILE` against what is found")
	flags.StringArrayVar(&f.accept, "accept", nil, "with --check: SCHEMA.TABLE.`COLUMN` may pass though it looks sensitive;\ncan be repeated")
	flags.StringArrayVar(&f.only, "only", nil, "scan only this `TABLE`, or those of a pattern; can be repeated")
	flags.BoolVar(&f.sampleValues, "sample-values", false, "read values into this process, and hold stricter rules against them")
	flags.StringVar(&f.config, "config", "", "`FILE` that names warehouses (default\n$XDG_CONFIG_HOME/sealift/config.yaml, ~/.config/sealift/config.yaml)")
	a.doorFlags(cmd)
	a.jsonFlag(cmd)
	return cmd
}

// errUncovered is an outcome that the answer tells.
var errUncovered = errors.New("the policy does not cover the warehouse")

func (a *app) scan(ctx context.Context, what string, f scanFlags) error {
	q, notes, err := a.scanRequest(ctx, what, f)
	if err != nil {
		return err
	}
	if f.output != "" {
		// Before anything is asked: a policy that somebody has edited is not written over.
		if _, err := os.Lstat(f.output); err == nil {
			return hint.With(hint.Usage(fmt.Errorf("%s exists and is not overwritten", f.output)), "write another file, or hold the warehouse against this one: --check "+show.Argument(f.output))
		} else if !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	ctx, release := a.cancellable(ctx)
	defer release()
	s, err := sealift.Scan(ctx, q, a.options())
	if err != nil {
		return interrupted(ctx, err)
	}
	s.Notes = append(s.Notes, notes...)
	if f.output != "" {
		text := s.PolicyFile()
		if _, err := job.ParsePolicy(f.output, text); err != nil {
			return hint.With(fmt.Errorf("the policy cannot be written: %w", err), "write one for a part of the tables: --only 'SCHEMA.*'")
		}
		if err := writeFile(f.output, func(w io.Writer) error { _, err := io.Copy(w, bytes.NewReader(text)); return err }); err != nil {
			return err
		}
	}
	if a.json {
		err = a.answerJSON(s)
	} else {
		err = a.answer(a.scanned(s, f))
	}
	if err == nil && len(s.Problems) > 0 {
		err = told{errUncovered}
	}
	return err
}

// scanRequest puts together what is to be scanned.
func (a *app) scanRequest(ctx context.Context, what string, f scanFlags) (q sealift.ScanRequest, notes []string, err error) {
	q.SampleValues, q.Accepted = f.sampleValues, f.accept
	only, err := onlyPatterns(f.only)
	if err != nil {
		return q, nil, err
	}
	if len(f.accept) > 0 && f.check == "" {
		return q, nil, hint.Usage(errors.New("--accept says what --check lets pass, which is missing"))
	}
	if f.check != "" {
		text, err := a.readFile(ctx, f.check)
		if err != nil {
			return q, nil, err
		}
		if q.Policy, err = job.ParsePolicy(f.check, text); err != nil {
			return q, nil, err
		}
	}
	q.Tables = func(schema, table string) bool {
		return len(only) == 0 || slices.ContainsFunc(only, func(p job.Pattern) bool { return p.Match(schema, table) })
	}
	if !slices.Contains([]string{".yaml", ".yml"}, filepath.Ext(what)) && what != "-" {
		c, err := a.readConfig(ctx, f.config)
		if err != nil {
			return q, nil, err
		}
		w, known := c.Warehouses[what]
		if !known {
			return q, nil, hint.With(hint.Usage(fmt.Errorf("%q is no warehouse of %s, and no job, whose name ends in .yaml", what, a.home(c.File))), "write one of "+strings.Join(c.Names(), ", "))
		}
		q.Warehouse = w.Warehouse
		return q, nil, nil
	}
	text, err := a.readFile(ctx, what)
	if err != nil {
		return q, nil, err
	}
	j, err := a.jobOfWarehouse(what, text)
	if err != nil {
		return q, nil, err
	}
	q.Warehouse = j.Source
	all := q.Tables
	q.Tables = func(schema, table string) bool {
		selects := func(p job.Pattern) bool { return p.Match(schema, table) }
		return all(schema, table) && !slices.ContainsFunc(j.Exclude, selects) &&
			slices.ContainsFunc(j.Tables, func(t job.Table) bool { return t.Query == "" && selects(t.Select) })
	}
	for i, t := range j.Tables {
		if t.Query != "" {
			notes = append(notes, fmt.Sprintf("tables[%d] is a query, into %s: it is not scanned; look at the tables that it reads", i, t.As))
		}
	}
	return q, notes, nil
}

// scanned is the answer for people.
func (a *app) scanned(s *sealift.Scanned, f scanFlags) string {
	page := &show.Page{Columns: a.stdout.page(), Colours: a.stdout.colours}
	if len(s.Findings) > 0 {
		grid := &show.Grid{Indent: 2, Columns: []show.Column{{Head: "column"}, {Head: "looks like"}, {Head: "score", Right: true}, {Head: "suggestion"}, {Head: "evidence"}}}
		for _, one := range s.Findings {
			suggestion, colour := "decide", show.Yellow
			if one.Suggestion != nil {
				suggestion = one.Suggestion.Use // all of it is in the policy and in the JSON
			}
			if one.Result == "review" {
				suggestion = "decide: " + suggestion
			} else {
				colour = show.Red
			}
			grid.AddCells(show.Cell{Text: one.Table + "." + one.Column}, show.Cell{Text: one.LooksLike}, show.Cell{Text: fmt.Sprintf("%.2f", one.Score), Colour: colour},
				show.Cell{Text: suggestion}, show.Cell{Text: strings.Join(one.Evidence, "; "), Colour: show.Dim})
		}
		page.Grid(grid)
		page.Blank()
	}
	if len(s.Problems) > 0 {
		grid := &show.Grid{Indent: 2, Columns: []show.Column{{Head: "column"}, {Head: s.Policy}, {Head: "looks like"}}}
		for _, p := range s.Problems {
			looks := p.Looks
			if p.Result == "review" {
				looks = "perhaps " + looks
			}
			grid.AddCells(show.Cell{Text: p.Table + "." + p.Column}, show.Cell{Text: p.Problem, Colour: show.Red}, show.Cell{Text: looks})
		}
		page.Grid(grid)
		page.Blank()
	}
	for _, note := range s.Notes {
		page.Paragraph("note  ", note, show.Dim)
	}
	last := fmt.Sprintf("%s of %s in %s: %s sensitive, %s to decide, %s clear.", show.Plural(int64(s.Columns), "column"), show.Plural(int64(s.Tables), "table"), s.Warehouse,
		show.Count(int64(s.Sensitive)), show.Count(int64(s.Review)), show.Count(int64(s.Clear)))
	if f.output != "" {
		last += " Policy written to " + f.output + "."
	}
	switch {
	case s.Policy != "" && len(s.Problems) == 0:
		last += " " + s.Policy + " fits them."
	case s.Policy != "":
		last += fmt.Sprintf(" %s does not fit %s.", s.Policy, show.Plural(int64(len(s.Problems)), "column"))
	}
	page.Line("%s", last)
	return page.String()
}
