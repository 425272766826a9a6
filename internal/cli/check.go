package cli

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/sealift/sealift"
	"github.com/sealift/sealift/internal/check"
	"github.com/sealift/sealift/internal/hint"
	"github.com/sealift/sealift/internal/show"
	"github.com/sealift/sealift/job"
)

// errMissing is an outcome that the answer tells.
var errMissing = errors.New("something that the job needs is missing")

func (a *app) checkCommand() *cobra.Command {
	var fix string
	cmd := &cobra.Command{
		Use:   "check JOB",
		Short: "Try everything that a job needs, and say what is missing",
		Long: `Try for real what a run of JOB needs: credentials, roles (and that one with an external id cannot
be taken without it), accounts, addresses, doors, logging in, rights on every table, the bucket,
the key, an UNLOAD of one constant row under the key and a COPY that reads it and loads nothing,
that the bucket refuses what is not under the key, policies that would mask or filter what is
unloaded, and quotas. Each thing is ok, missing, or cannot be told; what is missing comes with the
grant that it takes, which --fix prints alone.

Nothing stays of it: the doors are closed, the stage is emptied, no table is made. What a check
leaves that is killed, sealift clean finds like what runs leave.

Exit codes: 0 nothing is missing, 1 failed, 2 wrong usage or invalid job, 6 something is missing,
130 interrupted.`,
		Example: `  sealift check prod-to-dev.yaml
  sealift check prod-to-dev.yaml --fix sql > grants.sql`,
		Annotations: map[string]string{"exits": "told"},
		Args:        argument("JOB"),
		RunE:        a.run(func(ctx context.Context, args []string) error { return a.check(ctx, args[0], fix) }),
	}
	cmd.Flags().StringVar(&fix, "fix", "", "print what gives what is missing, and nothing else: as `KIND` sql or\ncloudformation")
	a.doorFlags(cmd)
	a.jsonFlag(cmd)
	return cmd
}

func (a *app) check(ctx context.Context, file, fix string) error {
	fixes := map[string]func([]check.Result) string{"": nil, "sql": check.FixSQL, "cloudformation": check.FixCloudFormation}
	write, known := fixes[fix]
	switch {
	case !known:
		return hint.Usage(fmt.Errorf("--fix %q is not sql or cloudformation", fix))
	case write != nil && a.json:
		return hint.Usage(errors.New("--fix and --json exclude each other: the JSON has all grants in it"))
	}
	text, err := a.readFile(ctx, file)
	if err != nil {
		return err
	}
	j, err := job.Parse(file, text, a.Env)
	if err != nil {
		return err
	}
	ctx, release := a.cancellable(ctx)
	defer release()
	c, err := sealift.Check(ctx, j, a.options())
	if err != nil {
		return interrupted(ctx, err)
	}
	switch {
	case a.json:
		err = a.answerJSON(c)
	case write != nil:
		if err = a.answer(write(c.Results)); err == nil {
			a.say("%s", missing(c))
		}
	default:
		err = a.answer(a.checkup(c, file))
	}
	if err == nil && c.Missing > 0 {
		err = told{errMissing}
	}
	return err
}

func missing(c *sealift.Checkup) string {
	text := fmt.Sprintf("%d missing", c.Missing)
	if c.CannotTell > 0 {
		text += fmt.Sprintf(", %d cannot tell", c.CannotTell)
	}
	return text
}

// checkup is the answer for people: one line for each thing, and below it why, and what to do.
func (a *app) checkup(c *sealift.Checkup, file string) string {
	page := &show.Page{Columns: a.stdout.page(), Colours: a.stdout.colours}
	words := map[check.State]struct {
		text   string
		colour show.Colour
	}{check.OK: {"ok", show.Plain}, check.Missing: {"MISSING", show.Red}, check.CannotTell: {"cannot", show.Yellow}}
	const indent = "                   "
	sql, policies := false, false
	for i := range c.Results {
		r := &c.Results[i]
		w := words[r.State]
		page.Paragraph(fmt.Sprintf("%-7s  %-6s  ", w.text, r.Side), r.What, w.colour)
		if r.Reason != "" {
			page.Paragraph(indent, r.Reason, show.Dim)
		}
		if r.Hint != "" {
			page.Paragraph(indent+"hint: ", r.Hint, show.Plain)
		}
		for _, s := range r.SQL {
			page.Paragraph(indent, s, show.Plain)
		}
		sql, policies = sql || len(r.SQL) > 0, policies || len(r.Policies) > 0
		for _, p := range r.Policies {
			page.Paragraph(indent, p.Brief(), show.Plain)
		}
	}
	page.Blank()
	if c.Missing+c.CannotTell == 0 {
		page.Line("nothing is missing")
		return page.String()
	}
	page.Line("%s", missing(c))
	for _, f := range []struct {
		any  bool
		kind string
	}{{sql, "sql"}, {policies, "cloudformation"}} {
		if f.any {
			page.Line("what is needed: sealift check %s --fix %s", show.Argument(file), f.kind)
		}
	}
	return page.String()
}
