package cli

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sealift/sealift"
	"github.com/sealift/sealift/internal/hint"
	"github.com/sealift/sealift/internal/setup"
	"github.com/sealift/sealift/internal/show"
	"github.com/sealift/sealift/job"
)

// setupFormats are what setup aws writes.
var setupFormats = map[string]func(*setup.Setup) (string, error){
	"cloudformation": (*setup.Setup).CloudFormation, "terraform": (*setup.Setup).Terraform, "cli": (*setup.Setup).Shell, "json": (*setup.Setup).JSON,
}

func (a *app) setupAWSCommand() *cobra.Command {
	var o setup.Options
	var part, format string
	var instance, diff bool
	var one setup.Instance
	cmd := &cobra.Command{
		Use:   "aws JOB --for PART",
		Short: "The KMS key, the bucket and the roles of a job, in AWS",
		Long: `Print what JOB needs in AWS, and nothing more: for an administrator of the account of the stage (key
and bucket), of the loader (who runs Sealift), of the source or of the target (the roles that are
taken there, that UNLOAD writes and COPY reads as, that closes a door), or for all of them. Each
permission says which commands need it, and why.

FORMAT is cloudformation (one template, which makes in each account what belongs there), terraform,
cli (a script of aws commands, which can be run again) or json (the documents alone).

Make the stage first: in other accounts its key is named by its ARN, --key-arn or a parameter. With
--instance, the template has an EC2 instance, too, which runs the job once and terminates itself;
the program is to lie in the stage, under program/sealift.

--diff compares, in the account of the environment's credentials, with what is there, and changes
nothing.

Exit codes: 0 done, 1 failed, 2 wrong usage or invalid job, 6 --diff found differences, 130
interrupted.`,
		Example: `  sealift setup aws prod-to-dev.yaml --for all > sealift.template.yaml
  sealift setup aws prod-to-dev.yaml --for source --format cli --key-arn arn:aws:kms:... | bash`,
		Args:        argument("JOB"),
		Annotations: map[string]string{"exits": "told"},
		RunE: a.run(func(ctx context.Context, args []string) error {
			write := setupFormats[format]
			if write == nil {
				return hint.Usage(fmt.Errorf("--format %q is not one of cloudformation, terraform, cli, json", format))
			}
			if !slices.Contains(setup.Parts(), setup.For(part)) {
				return hint.Usage(fmt.Errorf("--for %q is not one of stage, loader, source, target, all", part))
			}
			if instance && format != "cloudformation" {
				return hint.Usage(fmt.Errorf("--instance is part of a template: --format cloudformation"))
			}
			text, err := a.readFile(ctx, args[0])
			if err != nil {
				return err
			}
			j, err := job.Parse(args[0], text, a.Env)
			if err != nil {
				return err
			}
			o.For, o.Fresh = setup.For(part), func() string { return "sealift-" + strings.ToLower(rand.Text()) }
			if strings.HasPrefix(a.stateDir, "s3://") {
				o.State = a.stateDir
			}
			if instance {
				o.Instance = &one
			}
			s, err := setup.Of(j, o)
			if err != nil {
				return err
			}
			if diff {
				return a.setupDiff(ctx, s)
			}
			if a.json {
				return hint.Usage(errors.New("--json is for --diff; the documents are --format json"))
			}
			out, err := write(s)
			if err != nil {
				return err
			}
			return a.answer(out)
		}),
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.StringVar(&part, "for", "", "`PART`: stage, loader, source, target or all")
	f.StringVar(&format, "format", "cloudformation", "`FORMAT`: cloudformation, terraform, cli or json\n")
	f.StringVar(&o.Loader, "loader", "", "`ARN` of the role or user that runs Sealift (default: the role\nsealift-loader in the account of stage.owner)")
	f.StringVar(&o.KeyARN, "key-arn", "", "`ARN` of the stage's key, where the job names it by its alias")
	f.StringArrayVar(&o.UnloadTo, "unload-to", nil, "`S3URL` that sealift unload writes to; can be repeated")
	f.StringArrayVar(&o.ResealFrom, "reseal-from", nil, "`S3URL` that archives for sealift reseal begin with; can be repeated")
	f.StringArrayVar(&o.ResealTo, "reseal-to", nil, "`S3URL` that sealift reseal writes to; can be repeated")
	f.StringVar(&o.ResealKey, "reseal-key", "", "`WHERE` the archives' key is, as --key-from of sealift reseal")
	f.StringVar(&o.Issuer, "issuer", "", "`ISSUER` of web identity tokens, as token.actions.githubusercontent.com")
	f.StringVar(&o.Audience, "audience", "", "`AUDIENCE` of the tokens, as sts.amazonaws.com")
	f.StringVar(&o.Subject, "subject", "", "`SUBJECT` of the tokens, as repo:corp/etl:ref:refs/heads/main")
	f.BoolVar(&instance, "instance", false, "an EC2 instance that runs the job once and terminates itself")
	f.StringVar(&one.Program, "program", "", "`S3URL` of the program for the instance (default: program/sealift\nin the stage)")
	f.StringVar(&one.Sum, "program-sha256", "", "`SUM` of the program, in hex")
	f.BoolVar(&diff, "diff", false, "compare with what exists, in place of printing documents")
	a.jsonFlag(cmd)
	return cmd
}

// setupDiff compares with what exists.
func (a *app) setupDiff(ctx context.Context, s *setup.Setup) error {
	ctx, release := a.cancellable(ctx)
	defer release()
	d, err := sealift.CompareSetup(ctx, s)
	if err != nil {
		return interrupted(ctx, err)
	}
	if a.json {
		err = a.answerJSON(d)
	} else {
		err = a.answer(diffText(d))
	}
	if err == nil && len(d.Differences) > 0 {
		return told{errDifferent}
	}
	return err
}

func diffText(d *sealift.SetupDiff) string {
	var b strings.Builder
	for _, one := range d.Differences {
		fmt.Fprintf(&b, "%-8s %s\n", one.State, one.What)
		for _, detail := range one.Details {
			fmt.Fprintf(&b, "         %s\n", show.Safe(detail))
		}
	}
	fmt.Fprintf(&b, "%d of %d in account %s are as they should be\n", d.Looked-len(d.Differences), d.Looked, d.Account)
	if len(d.Elsewhere) > 0 {
		fmt.Fprintf(&b, "not looked into: %s\n", strings.Join(d.Elsewhere, ", "))
	}
	return b.String()
}
