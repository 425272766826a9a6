package cli

import (
	"context"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"github.com/sealift/sealift/internal/grants"
	"github.com/sealift/sealift/internal/hint"
	"github.com/sealift/sealift/job"
)

func (a *app) setupCommand() *cobra.Command {
	return group(&cobra.Command{
		Use: "setup", Short: "Documents for administrators: what a job needs, and nothing else",
		Long: `Write what an administrator has to set up for a job, from the job file alone: nothing is changed,
and but for --diff nothing is asked. Each statement says which command needs it. What is there, and
what is missing, sealift check finds out.`,
		Example: "  sealift setup aws prod-to-dev.yaml --for stage\n  sealift setup sql prod-to-dev.yaml --for source",
	}, a.setupAWSCommand(), a.setupSQLCommand())
}

func (a *app) setupSQLCommand() *cobra.Command {
	var side string
	var undo bool
	var o grants.Options
	cmd := &cobra.Command{
		Use:   "sql JOB --for source|target",
		Short: "The database user of a job and its grants, as SQL",
		Long: `Print the SQL that makes the database user of one side of JOB and grants it what the job needs:
usage of schemas, tables, the ledger, the system view that is read, the role of UNLOAD or COPY. A
superuser runs it, connected to the job's database, with psql or a query editor. No secret is in
it: a user is made without a password.

What only the catalog tells is said in comments at the top, marked NOT HERE: a pattern of schemas,
the tables of a query, tables in mode replace that another user owns.`,
		Example: `  sealift setup sql prod-to-dev.yaml --for source | psql "$ADMIN_URL"
  sealift setup sql prod-to-dev.yaml --for target --existing --undo`,
		Args: argument("JOB"),
		RunE: a.run(func(ctx context.Context, args []string) error {
			sides := []grants.Side{grants.Source, grants.Target}
			if !slices.Contains(sides, grants.Side(side)) {
				return hint.Usage(fmt.Errorf("--for %q is not source or target", side))
			}
			text, err := a.readFile(ctx, args[0])
			if err != nil {
				return err
			}
			j, err := job.Parse(args[0], text, a.Env)
			if err != nil {
				return err
			}
			d, err := grants.For(j, grants.Side(side), o)
			if err != nil {
				return hint.Usage(err)
			}
			if undo {
				return a.answer(d.Undo())
			}
			return a.answer(d.Text())
		}),
	}
	cmd.Flags().StringVar(&side, "for", "", "`SIDE` of the job: source or target")
	cmd.Flags().BoolVar(&undo, "undo", false, "take it back, in place of giving it")
	cmd.Flags().BoolVar(&o.Existing, "existing", false, "the user is there already: neither make nor drop it")
	cmd.Flags().StringVar(&o.User, "user", "", "`NAME` of the database user (default: as the job says)")
	return cmd
}
