package cli

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/spf13/cobra"

	"github.com/sealift/sealift"
	"github.com/sealift/sealift/internal/hint"
	"github.com/sealift/sealift/internal/unloadcopy"
	"github.com/sealift/sealift/job"
	"github.com/sealift/sealift/journal"
	"github.com/sealift/sealift/plan"
	"github.com/sealift/sealift/receipt"
)

// unloadCopyFlags are what the command line of the AWS Unload/Copy utility can say, and what this program adds.
type unloadCopyFlags struct {
	unloadcopy.Switches
	config                                          string
	connectionPreTest, sourcePreTest, targetPreTest bool
	failOnError                                     bool
	view                                            string
	printJob, force                                 bool
}

func (a *app) unloadCopyCommand() *cobra.Command {
	var f unloadCopyFlags
	cmd := &cobra.Command{
		Use:   "unload-copy CONFIG [REGION]",
		Short: "Do what the AWS Unload/Copy utility did, from its own configuration",
		Long: `Copy the tables of a configuration of the AWS Unload/Copy utility: a local file or s3://, with the
utility's own options, written --destination-table-auto-create or with True or False after it.
REGION is where passwords were encrypted, and where a configuration in S3 is.

Client-side encryption has ended in Redshift. What is staged is encrypted with SSE-KMS, under the
utility's key (alias/RedshiftUnloadCopyUtility) or --kms-key. Underneath it is an ordinary job:
--print-job shows it, for sealift copy. So rows are compared, and tables published whole; what is
there is appended to, or with --destination-table-force-drop-create replaced. A run that was killed
is gone on with by sealift resume. Staged objects lie under the configuration's path and a date.

A password is a ciphertext of KMS; without one, temporary credentials are asked for. s3Staging needs
a role: access keys would stand in the text of statements, and are refused.

With --fail-on-error False a table that cannot be planned or fails does not keep the others from
being copied; otherwise no other is begun after the first failure.

Exit codes: 0 every table is published and verified; 1 failed; 2 wrong usage, invalid configuration,
or something missing in the target that is not to be made; 3 some tables failed, their targets are
untouched; 5 another run holds the target; 130 interrupted.`,
		Example: `  sealift unload-copy unload-copy.json eu-west-1
  sealift unload-copy --s3-config-file s3://corp/unload-copy.json --region eu-west-1 \
    --destination-table-auto-create True
  sealift unload-copy unload-copy.json eu-west-1 --print-job > job.yaml`,
		Annotations: map[string]string{"exits": "told"},
		Args: func(_ *cobra.Command, args []string) error {
			most := 2
			if f.config != "" {
				most = 1
			}
			switch {
			case len(args) > most:
				return hint.Usage(fmt.Errorf("sealift unload-copy takes CONFIG and REGION; there %s", areThere(args)))
			case len(args) == 0 && f.config == "":
				return hint.Usage(errors.New("no CONFIG is named"))
			}
			return nil
		},
		RunE: a.run(func(ctx context.Context, args []string) error {
			if f.config == "" {
				f.config, args = args[0], args[1:]
			}
			if len(args) > 0 {
				f.Region = args[0]
			}
			return a.unloadCopy(ctx, &f)
		}),
	}
	flags := cmd.Flags()
	flags.StringVar(&f.config, "s3-config-file", "", "the `CONFIG`: a local path or s3://")
	flags.StringVar(&f.Region, "region", "", "the `REGION` of passwords, and of CONFIG in S3")
	flags.StringVar(&f.TableName, "table-name", "", "copy this `TABLE`, whatever CONFIG names")
	flags.BoolVar(&f.TableAutoCreate, "destination-table-auto-create", false, "make tables that the target lacks")
	flags.BoolVar(&f.SchemaAutoCreate, "destination-schema-auto-create", false, "make schemas that the target lacks")
	flags.BoolVar(&f.TableForceDropCreate, "destination-table-force-drop-create", false, "replace tables that the target has")
	flags.BoolVar(&f.DatabaseAutoCreate, "destination-database-auto-create", false, "make the database if the target lacks it,\ntogether with its schemas and tables")
	flags.BoolVar(&f.failOnError, "fail-on-error", true, "begin no table after a failure")
	flags.StringVar(&f.KMSKey, "kms-key", "", "`KEY` for what is staged\n(default alias/RedshiftUnloadCopyUtility)")
	flags.BoolVar(&f.printJob, "print-job", false, "print the job that CONFIG stands for")
	// What is done in any case, or not needed.
	flags.BoolVar(&f.connectionPreTest, "connection-pre-test", true, "accepted; both warehouses are looked at\nfirst in any case")
	flags.BoolVar(&f.sourcePreTest, "source-table-pre-test", true, "accepted; the source's tables too")
	flags.BoolVar(&f.targetPreTest, "destination-table-pre-test", false, "accepted; and the target's")
	for _, view := range []string{"table", "schema", "database"} {
		flags.StringVar(&f.view, "location-generate-"+view+"-ddl-view", "", "`PATH`: accepted, not needed")
	}
	forceFlag(cmd, &f.force)
	a.jsonFlag(cmd)
	return cmd
}

// truth is how the utility's options are written with a value of their own.
var truth = regexp.MustCompile(`^(?i:true|false)$`)

// unloadCopyArgs puts the utility's way to write options, --name True, into ours, --name=True, for its own command only; and
// its words for log levels.
func unloadCopyArgs(args []string) []string {
	at := slices.Index(args, "unload-copy")
	if at < 0 {
		return args
	}
	levels := map[string]string{"warning": "warn", "critical": "error", "fatal": "error"}
	out := slices.Clone(args[:at])
	for i := at; i < len(args); i++ {
		arg := args[i]
		next := ""
		if i+1 < len(args) {
			next = args[i+1]
		}
		switch {
		case strings.HasPrefix(arg, "--") && !strings.Contains(arg, "=") && truth.MatchString(next):
			arg += "=" + strings.ToLower(next)
			i++
		case arg == "--log-level" && levels[strings.ToLower(next)] != "":
			arg += "=" + levels[strings.ToLower(next)]
			i++
		case strings.HasPrefix(arg, "--log-level="):
			_, level, _ := strings.Cut(arg, "=")
			arg = "--log-level=" + first(levels[strings.ToLower(level)], level)
		}
		out = append(out, arg)
	}
	return out
}

func (a *app) unloadCopy(ctx context.Context, f *unloadCopyFlags) error {
	j, err := a.unloadCopyJob(ctx, f)
	if err != nil {
		return err
	}
	if f.printJob {
		text, err := j.Marshal()
		if err != nil {
			return err
		}
		return a.answer(string(text))
	}
	if err := a.needState(); err != nil {
		return err
	}
	p, skipped, err := a.planUnloadCopy(ctx, j, f)
	if err != nil {
		return err
	}
	err = a.carryOut(ctx, a.newProgress(p), func(ctx context.Context, o sealift.Options) (*receipt.Receipt, error) {
		o.Fresh, o.Force = true, f.force
		var end func()
		if f.failOnError {
			o, end = stopAtFailure(o)
			defer end()
		}
		r, err := sealift.Copy(ctx, p, o)
		if r != nil && r.Counts()[receipt.Failed] > 0 && ctx.Err() == nil {
			r.Outcome = receipt.Failed // that the others were not begun is because of the failure
		}
		return r, err
	})
	if err == nil && skipped {
		return told{errTablesFailed}
	}
	return err
}

// unloadCopyJob reads the configuration, and says which job it stands for.
func (a *app) unloadCopyJob(ctx context.Context, f *unloadCopyFlags) (*job.Job, error) {
	ctx, release := a.cancellable(ctx)
	defer release()
	var text []byte
	var err error
	if strings.HasPrefix(f.config, "s3://") {
		text, err = sealift.ReadObject(ctx, f.config, f.Region, unloadcopy.MaxSize)
	} else {
		text, err = a.readFile(ctx, f.config)
	}
	if err != nil {
		return nil, interrupted(ctx, err)
	}
	c, err := unloadcopy.Parse(text)
	if err != nil {
		return nil, hint.Usage(fmt.Errorf("%s: %w", f.config, err))
	}
	f.Region = first(f.Region, a.env("AWS_REGION"), a.env("AWS_DEFAULT_REGION"))
	j, notes, err := c.Job(f.Switches)
	if err != nil {
		return nil, hint.Usage(fmt.Errorf("%s: %w", f.config, err))
	}
	for _, n := range notes {
		a.say("%s: %s", f.config, n)
	}
	return a.checkedJob(f.config, j)
}

// checkedJob reads a job from its own text, as from a file, so that it is held to everything that a file is.
func (a *app) checkedJob(name string, j *job.Job) (*job.Job, error) {
	text, err := j.Marshal()
	if err != nil {
		return nil, err
	}
	checked, err := job.Parse(name, text, a.Env)
	if mistakes, ok := errors.AsType[job.Errors](err); ok {
		// The places are those of the job, which nobody has seen.
		var all []string
		for _, m := range mistakes {
			all = append(all, m.Field+": "+m.Msg)
		}
		return nil, hint.Usage(hint.With(fmt.Errorf("%s: as a job: %s", name, strings.Join(all, "; ")), "see the job: --print-job"))
	}
	return checked, err
}

// planUnloadCopy plans the job. Where failures are to be got over, tables that cannot be planned are left out, and it is
// said why.
func (a *app) planUnloadCopy(ctx context.Context, j *job.Job, f *unloadCopyFlags) (p *plan.Plan, skipped bool, err error) {
	ctx, release := a.cancellable(ctx)
	defer release()
	if f.DatabaseAutoCreate {
		agree := func() error {
			if err := f.MayCreateDatabase(j.Target.Database); err != nil {
				return hint.Usage(err)
			}
			return nil
		}
		created, err := sealift.CreateDatabase(ctx, j.Target, agree, a.options())
		if err != nil {
			return nil, false, interrupted(ctx, err)
		}
		if created {
			a.say("database %s is made in the target", j.Target.Database)
		}
	}
	p, err = sealift.Plan(ctx, j, a.options())
	if mistakes, ok := errors.AsType[job.Errors](err); ok && !f.failOnError {
		bad := map[int]bool{}
		for _, m := range mistakes {
			i, ok := tableOf(m.Field)
			if !ok {
				return nil, false, err
			}
			bad[i] = true
			a.say("left out: %s", m.Msg)
		}
		left := *j
		left.Tables = nil
		for i, t := range j.Tables {
			if !bad[i] {
				left.Tables = append(left.Tables, t)
			}
		}
		if len(left.Tables) > 0 {
			skipped = true
			p, err = sealift.Plan(ctx, &left, a.options())
		}
	}
	if err != nil {
		return nil, false, interrupted(ctx, err)
	}
	if err := unloadcopy.Check(p, f.Switches); err != nil {
		return nil, false, hint.Usage(err)
	}
	return p, skipped, nil
}

var tableField = regexp.MustCompile(`^tables\[([0-9]+)\]`)

// tableOf is the table that a mistake is about.
func tableOf(field string) (int, bool) {
	m := tableField.FindStringSubmatch(field)
	if m == nil {
		return 0, false
	}
	i, err := strconv.Atoi(m[1])
	return i, err == nil
}

// stopAtFailure lets no other table be begun after one has failed. end is called when the run is over.
func stopAtFailure(o sealift.Options) (_ sealift.Options, end func()) {
	stop, over := make(chan struct{}), make(chan struct{})
	var once sync.Once
	halt := func() { once.Do(func() { close(stop) }) }
	var following sync.WaitGroup
	from := o.Stop
	following.Go(func() {
		select {
		case <-from:
			halt()
		case <-over:
		}
	})
	told := o.Progress
	o.Stop, o.Progress = stop, func(e journal.Entry) {
		told(e)
		if e.Type == journal.Failed && e.Table != "" && !slices.Contains([]string{"empty", "discard"}, name(e)) {
			halt()
		}
	}
	return o, func() {
		close(over)
		following.Wait()
	}
}
