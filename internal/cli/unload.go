package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sealift/sealift"
	"github.com/sealift/sealift/internal/hint"
	"github.com/sealift/sealift/internal/show"
	"github.com/sealift/sealift/plan"
	"github.com/sealift/sealift/receipt"
)

// unloadFlags are what the command line says about an unload.
type unloadFlags struct {
	query, from, job, config string
	to, format, null, sse    string
	nullGiven                bool
	partitionBy              []string
	include                  bool
	compressed, plan, sql    bool
}

func (a *app) unloadCommand() *cobra.Command {
	var f unloadFlags
	cmd := &cobra.Command{
		Use:   "unload TABLE --to FOLDER|s3://BUCKET/PREFIX",
		Short: "Unload a table or a query into files here or in S3, encrypted on the way",
		Long: `Unload TABLE, or what --query answers, into files in a folder. The warehouse unloads to the
stage under the KMS key; every object is checked there, written as a file that only its owner can
read, and its records are counted. Files take their names when all of them are whole; nobody's
file is written over. Then the stage is emptied.

With --to s3://BUCKET/PREFIX the objects stay in S3, under the key: S3 copies them from the stage,
every one is checked, and a manifest by which COPY reads them, _manifest, is written last. What
has none is not whole.

TABLE is WAREHOUSE.SCHEMA.TABLE of the configuration (~/.config/sealift/config.yaml, see
docs/config.md), or SCHEMA.TABLE in the source of a job with --job. A query needs --from
WAREHOUSE or --job.

CSV files begin with a line of names. NULL is a field with nothing in it; where a column also
holds empty texts, --null gives NULL a text of its own, and --null '' lets the two be one.

Exit codes: 0 written and counted; 1 failed; 2 wrong usage; 3 the table failed, and there is no
file; 130 interrupted. After 3 and 130, what to do next is printed.`,
		Example: `  sealift unload dev.sales.orders --to ./out --format csv
  sealift unload --query 'select * from sales.orders where id < 100' --from dev --to ./out`,
		Annotations: map[string]string{"exits": "told"},
		Args: func(_ *cobra.Command, args []string) error {
			switch {
			case len(args) > 1:
				return hint.Usage(fmt.Errorf("unload takes one table; there %s", areThere(args)))
			case len(args) == 0 && f.query == "":
				return hint.Usage(errors.New("name a table, or give --query"))
			case len(args) == 1 && f.query != "":
				return hint.Usage(errors.New("a table or --query, not both"))
			}
			return nil
		},
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.StringVar(&f.query, "query", "", "unload what this `SELECT` answers")
	flags.StringVar(&f.from, "from", "", "`WAREHOUSE` of the configuration, for --query")
	flags.StringVar(&f.job, "job", "", "use source and stage of this job `FILE`, which must not mask")
	flags.StringVar(&f.config, "config", "", "`FILE` that names warehouses (default\n$XDG_CONFIG_HOME/sealift/config.yaml, ~/.config/sealift/config.yaml)")
	flags.StringVar(&f.to, "to", "", "`FOLDER` for the files, which is made if it is missing; or\ns3://BUCKET/PREFIX, below which nothing may be yet")
	flags.StringSliceVar(&f.partitionBy, "partition-by", nil, "in S3: put the rows of each value of `COLUMNS` into a folder of\nits own, column=value/")
	flags.BoolVar(&f.include, "partition-include", false, "keep these columns in the files too")
	flags.StringVar(&f.format, "format", "csv", "`FORMAT`: parquet, csv or jsonl")
	flags.StringVar(&f.null, "null", "", "`TEXT` that stands for NULL in CSV")
	flags.BoolVar(&f.compressed, "keep-compressed", false, "keep the files compressed (Zstandard)")
	flags.StringVar(&f.sse, "sse", "", "`KEY` to stage under, kms:ALIAS or kms:ARN (default: the\nstage's kms_key)")
	flags.BoolVar(&f.plan, "plan", false, "print the plan and stop")
	flags.BoolVar(&f.sql, "sql", false, "with --plan: every statement too, in order")
	a.doorFlags(cmd)
	a.jsonFlag(cmd)
	cmd.RunE = a.run(func(ctx context.Context, args []string) error {
		f.nullGiven = flags.Changed("null")
		return a.unload(ctx, args, f)
	})
	return cmd
}

func (a *app) unload(ctx context.Context, args []string, f unloadFlags) error {
	q, err := a.unloadRequest(ctx, args, f)
	if err != nil {
		return err
	}
	if !f.plan {
		if err := a.needState(); err != nil {
			return err
		}
	}
	p, err := a.planUnload(ctx, q)
	switch {
	case err != nil:
		return err
	case f.plan && a.json:
		return p.Encode(a.stdout)
	case f.plan:
		return a.answer(p.Text(plan.TextOptions{Columns: a.stdout.page(), Colours: a.stdout.colours, SQL: f.sql}))
	}
	return a.carryOut(ctx, a.newProgress(p), func(ctx context.Context, o sealift.Options) (*receipt.Receipt, error) {
		o.Fresh = true
		return sealift.Copy(ctx, p, o)
	})
}

// planUnload reads the source's catalog. Nothing has been changed yet, so this may be left at any point.
func (a *app) planUnload(ctx context.Context, q sealift.UnloadRequest) (*plan.Plan, error) {
	ctx, release := a.cancellable(ctx)
	defer release()
	p, err := sealift.PlanUnload(ctx, q, a.options())
	return p, interrupted(ctx, err)
}

func (a *app) unloadRequest(ctx context.Context, args []string, f unloadFlags) (q sealift.UnloadRequest, err error) {
	q = sealift.UnloadRequest{Query: f.query, Folder: f.to, PartitionBy: f.partitionBy, Include: f.include, Format: f.format, Compressed: f.compressed}
	switch {
	case f.to == "":
		return q, hint.Usage(errors.New("--to is missing: the folder for the files"))
	case f.include && len(f.partitionBy) == 0:
		return q, hint.Usage(errors.New("--partition-include says something of --partition-by, which is missing"))
	case f.format != "parquet" && f.format != "csv" && f.format != "jsonl":
		return q, hint.Usage(fmt.Errorf("--format %s is not one of parquet, csv, jsonl", f.format))
	case f.nullGiven && f.format != "csv":
		return q, hint.Usage(fmt.Errorf("--null is for CSV; %s has a way of its own to say NULL", f.format))
	}
	if err := eachOnce("--partition-by", f.partitionBy); err != nil {
		return q, hint.Usage(err)
	}
	if err := notOdd("--to ", f.to); err != nil {
		return q, err
	}
	if f.nullGiven {
		q.Null = &f.null
	}
	name := f.from
	if len(args) == 1 {
		q.Table = args[0]
	}
	if f.job != "" {
		text, err := a.readFile(ctx, f.job)
		if err != nil {
			return q, err
		}
		j, err := a.jobOfWarehouse(f.job, text)
		if err != nil {
			return q, err
		}
		if j.Masking != nil { // whoever masks what leaves a warehouse does not expect a command to leave the masks out
			return q, hint.With(hint.Usage(fmt.Errorf("%s masks what it moves, and unload writes rows as they are: it knows no masks", show.Safe(f.job))),
				"if the rows may leave the source as they are, take a job without masking, or a warehouse of your configuration (docs/config.md)")
		}
		q.Source, q.Stage, q.Ref = j.Source, j.Stage, plan.JobRef{File: j.File, Digest: j.Digest}
		return q, stageKey(f.sse, &q.Stage, false)
	}
	c, err := a.readConfig(ctx, f.config)
	if err != nil {
		return q, err
	}
	if name == "" && len(args) == 1 {
		name, q.Table, _ = strings.Cut(args[0], ".")
	}
	w, known := c.Warehouses[name]
	if !known {
		return q, hint.With(hint.Usage(fmt.Errorf("%q is no warehouse of %s", name, a.home(c.File))),
			"write WAREHOUSE.SCHEMA.TABLE, or --from WAREHOUSE, where WAREHOUSE is one of "+strings.Join(c.Names(), ", "))
	}
	q.Source, q.Stage, q.Ref = w.Warehouse, w.Stage, plan.JobRef{File: c.File, Digest: c.Digest}
	return q, stageKey(f.sse, &q.Stage, false)
}
