package cli

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sealift/sealift"
	"github.com/sealift/sealift/internal/hint"
	"github.com/sealift/sealift/internal/mask"
	"github.com/sealift/sealift/internal/show"
)

func (a *app) maskCommand() *cobra.Command {
	return group(&cobra.Command{
		Use:   "mask COMMAND",
		Short: "Look at what masks do, before anything moves",
		Long: `Look at what the masks of a job do to its rows, and which transformers there are. Masks stand in a
job (mask, masking) and in policy files: docs/masking.md.`,
		Example: `  sealift mask preview prod-to-dev.yaml --rows 3
  sealift mask transformers`,
	}, a.previewCommand(), a.transformersCommand())
}

// maxPreview is how many rows of a table somebody can look at.
const maxPreview = 100

func (a *app) previewCommand() *cobra.Command {
	var rows int
	cmd := &cobra.Command{
		Use:   "preview JOB",
		Short: "Show a few rows of every masked table, before and after",
		Long: `Read a few rows of every table that JOB masks, and show each value before and after. The rows are
masked in this process, by the keys of the job; nothing is changed, staged or kept.

Values as they are in the source are shown on a terminal only. Where the answer goes into a file or
another program, and with --json, there are only masked ones.

Exit codes: 0 shown; 1 failed; 2 wrong usage or invalid job; 130 interrupted.`,
		Example: `  sealift mask preview prod-to-dev.yaml
  sealift mask preview prod-to-dev.yaml --rows 20 --json`,
		Annotations: map[string]string{"exits": "told"},
		Args:        argument("JOB"),
		RunE: a.run(func(ctx context.Context, args []string) error {
			if rows < 1 || rows > maxPreview {
				return hint.Usage(fmt.Errorf("--rows %d is not between 1 and %d", rows, maxPreview))
			}
			ctx, release := a.cancellable(ctx)
			defer release()
			text, err := a.readFile(ctx, args[0])
			if err != nil {
				return err
			}
			j, err := a.jobOfTables(args[0], text)
			if err != nil {
				return err
			}
			tables, err := sealift.PreviewMasks(ctx, j, rows, a.options())
			if err != nil {
				return interrupted(ctx, err)
			}
			if a.json {
				return a.answerJSON(struct {
					Version int               `json:"version"`
					Tables  []sealift.Preview `json:"tables"`
				}{1, tables})
			}
			return a.answer(a.previewText(tables))
		}),
	}
	cmd.Flags().IntVar(&rows, "rows", 5, "how many rows of each table")
	a.doorFlags(cmd)
	a.jsonFlag(cmd)
	return cmd
}

// previewText has a block for each table: a row of it is a block of lines, one for each column.
func (a *app) previewText(tables []sealift.Preview) string {
	page := &show.Page{Columns: a.stdout.page(), Colours: a.stdout.colours}
	if len(tables) == 0 {
		page.Line("no table of the job is masked: each is said to be unmasked")
	}
	for _, t := range tables {
		name := t.Source
		if t.Target != t.Source {
			name += " -> " + t.Target
		}
		page.Line("%s", name)
		for _, m := range t.Masks {
			if why, ok := t.Unknown[m.Column]; ok {
				page.Paragraph("  ", m.Column+" cannot be shown here: "+why, show.Yellow)
			}
		}
		columns := []show.Column{{Head: "column"}, {Head: "transformer"}, {Head: "before"}, {Head: "after"}}
		if !a.stdout.terminal {
			columns = []show.Column{{Head: "column"}, {Head: "transformer"}, {Head: "after"}}
		}
		for r := range t.After {
			grid := &show.Grid{Indent: 2, Columns: columns}
			for i, m := range t.Masks {
				cells := []show.Cell{{Text: m.Column}, {Text: m.Use, Colour: show.Dim}}
				if a.stdout.terminal {
					cells = append(cells, shownValue(t.Before[r][i]))
				}
				after := shownValue(t.After[r][i])
				if _, ok := t.Unknown[m.Column]; ok {
					after = show.Cell{Text: "not computed here", Colour: show.Dim}
				}
				grid.AddCells(append(cells, after)...)
			}
			page.Grid(grid)
			page.Blank()
		}
	}
	if !a.stdout.terminal && len(tables) > 0 {
		page.Line("%s", "values as they are in the source are shown on a terminal only")
	}
	return page.String()
}

func shownValue(v *string) show.Cell {
	if v == nil {
		return show.Cell{Text: "NULL", Colour: show.Dim}
	}
	return show.Cell{Text: shortened(*v)}
}

// shortened is a value of which enough is shown to tell what a mask made of it: both of its ends, and how long it is.
func shortened(v string) string {
	const most, end = 400, 50
	if len(v) <= most {
		return v
	}
	runes := []rune(v)
	if len(runes) <= most {
		return v
	}
	return string(runes[:most-end]) + "..." + string(runes[len(runes)-end:]) + " (" + show.Plural(int64(len(runes)), "character") + ")"
}

func (a *app) transformersCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "transformers",
		Short: "List the transformers, with their options",
		Long: `List the transformers that a mask can use, with their options. Class says whether different values
stay different: unique (always), chance (but for odds that the plan tells) or lossy. Privacy ranks
what can be learned of a value, from 1, nothing, to 6, all of it.`,
		Example: `  sealift mask transformers
  sealift mask transformers --json | jq -r '.[] | select(.class == "unique") | .name'`,
		Args: noArguments,
		RunE: a.run(func(context.Context, []string) error {
			type option struct {
				Name    string `json:"name"`
				Summary string `json:"summary"`
			}
			type transformer struct {
				Name     string   `json:"name"`
				Summary  string   `json:"summary"`
				Class    string   `json:"class"`
				Privacy  int      `json:"privacy"`
				Pushdown bool     `json:"pushdown"`
				Options  []option `json:"options"`
			}
			var all []transformer
			page := &show.Page{Columns: a.stdout.page(), Colours: a.stdout.colours}
			for _, t := range mask.Transformers() {
				one := transformer{t.Name, t.Summary, string(t.Class), int(t.Privacy), t.Pushdown, []option{}}
				where := ""
				if !t.Pushdown {
					where = ", not in a warehouse"
				}
				page.Line("%s  (%s, privacy %d%s)", t.Name, t.Class, t.Privacy, where)
				page.Paragraph("    ", t.Summary, show.Plain)
				for _, o := range t.Options {
					one.Options = append(one.Options, option{o.Name, o.Summary})
					page.Paragraph("    "+o.Name+": ", o.Summary, show.Dim)
				}
				all = append(all, one)
			}
			if a.json {
				return a.answerJSON(all)
			}
			return a.answer(strings.TrimRight(page.String(), "\n") + "\n")
		}),
	}
	a.jsonFlag(cmd)
	return cmd
}
