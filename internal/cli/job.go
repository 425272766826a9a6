package cli

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/sealift/sealift/docs"
	"github.com/sealift/sealift/job"
)

func (a *app) jobCommand() *cobra.Command {
	show := &cobra.Command{
		Use:   "show JOB",
		Short: "Print a job with every default filled in, or all its mistakes",
		Long: `Check a job file and print it as Sealift understands it: every default filled in, variables
replaced. All mistakes that the file alone shows are listed at once, each with its line and
column. No connection is made; sealift plan also finds what only the warehouses can tell.

JOB is a file, or - for stdin.`,
		Example: `  sealift job show prod-to-dev.yaml
  sealift job show - < prod-to-dev.yaml`,
		Args: argument("JOB"),
		RunE: a.run(func(ctx context.Context, args []string) error {
			text, err := a.readFile(ctx, args[0])
			if err != nil {
				return err
			}
			j, err := job.Parse(args[0], text, a.Env)
			if err != nil {
				return err
			}
			if a.json {
				return a.answerJSON(j)
			}
			out, err := j.Marshal()
			if err != nil {
				return err
			}
			return a.answer(string(out))
		}),
	}
	a.jsonFlag(show)
	schema := &cobra.Command{
		Use:   "schema",
		Short: "Print the JSON Schema of the job file, for editors",
		Long: `Print the JSON Schema (draft 2020-12) of the job file. Editors that know YAML complete and check
job files with it; most take a first line such as

  # yaml-language-server: $schema=sealift.schema.json`,
		Example: `  sealift job schema > sealift.schema.json
  sealift job schema | jq '."$defs".Table.properties | keys'`,
		Args: noArguments,
		RunE: a.run(func(context.Context, []string) error { return a.answer(docs.JobSchema) }),
	}
	return group(&cobra.Command{
		Use:   "job COMMAND",
		Short: "Look at a job file: with its defaults, or its schema",
		Long:  `Look at a job file without connecting to anything.`,
		Example: `  sealift job show prod-to-dev.yaml
  sealift job schema > sealift.schema.json`,
	}, show, schema)
}
