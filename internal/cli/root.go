package cli

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/sealift/sealift/internal/hint"
	"github.com/sealift/sealift/job"
)

func (a *app) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "sealift",
		Short: "Move tables between Amazon Redshift warehouses, encrypted on the way and verified row for row",
		Long: `Sealift moves tables between Amazon Redshift warehouses: encrypted on the way under a KMS key
you own, verified row for row inside both warehouses, published whole or not at all.

Begin with a job file, look at the plan, then copy:

  sealift init prod-to-dev.yaml     write a commented job file, and edit it
  sealift check prod-to-dev.yaml    try what it needs, and see what is missing
  sealift plan prod-to-dev.yaml     see what would happen; changes nothing
  sealift copy prod-to-dev.yaml     do it, and print the receipt

To try everything without AWS: sealift local demo`,
		SilenceErrors:     true,
		SilenceUsage:      true,
		CompletionOptions: cobra.CompletionOptions{DisableDefaultCmd: true},
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 {
				return hint.Usage(fmt.Errorf("unknown command %q", args[0]))
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, _ []string) error {
			return cmd.Help()
		},
	}
	root.SuggestionsMinimumDistance = 2
	root.DisableSuggestions = true // they go into the hint, on one line
	root.SetHelpCommand(&cobra.Command{Use: "no-help-command", Hidden: true})
	root.SetUsageTemplate(usageTemplate)
	root.SetHelpTemplate(helpTemplate)
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return hint.Usage(flagError(err)) })
	flags := root.PersistentFlags()
	flags.SortFlags = false
	flags.StringVar(&a.stateDir, "state-dir", "", "`PLACE` that keeps plan, journal and receipt of every run: a folder, or\ns3://BUCKET/PREFIX (default $SEALIFT_STATE_DIR, $XDG_STATE_HOME/sealift,\n~/.local/state/sealift)")
	flags.StringVar(&a.logLevel, "log-level", "", "`LEVEL`: debug, info, warn, error or off (default $SEALIFT_LOG_LEVEL, warn)")
	flags.StringVar(&a.logFile, "log-file", "", "append the log to a `FILE`, not to stderr (default $SEALIFT_LOG_FILE)")
	flags.BoolP("help", "h", false, "show the help of a command")
	root.AddCommand(
		a.initCommand(), a.checkCommand(), a.planCommand(), a.copyCommand(), a.syncCommand(), a.loadCommand(), a.unloadCommand(), a.resumeCommand(), a.verifyCommand(), a.cleanCommand(), a.runsCommand(), a.showCommand(), a.jobCommand(),
		a.scanCommand(), a.maskCommand(), a.setupCommand(), a.keyCommand(), a.secretCommand(), a.resealCommand(), a.unloadCopyCommand(),
		a.localCommand(), a.completionCommand(), a.versionCommand(),
	)
	return root
}

// flagError says what a flag takes, where its value is none of that: the library repeats what Go's parsers say.
func flagError(err error) error {
	wrong, ok := errors.AsType[*pflag.InvalidValueError](err)
	if !ok {
		return err
	}
	takes, known := map[string]string{
		"int": "a whole number", "int64": "a whole number", "duration": "a time such as 90s, 15m or 24h", "bool": "true or false",
	}[wrong.GetFlag().Value.Type()]
	if !known {
		return err
	}
	if errors.Is(err, strconv.ErrRange) {
		takes = "a number that can be meant"
	}
	return fmt.Errorf("--%s %q is not %s", wrong.GetFlag().Name, wrong.GetValue(), takes)
}

// notEmpty refuses flags that somebody gave, and gave nothing: a variable of a script that is not set would let a command do more than was
// meant.
func notEmpty(cmd *cobra.Command, flags ...string) error {
	for _, name := range flags {
		if f := cmd.Flags().Lookup(name); f.Changed && f.Value.String() == "" {
			return hint.Usage(fmt.Errorf("--%s is given, and is empty", name))
		}
	}
	return nil
}

// inRegion refuses a --region that is none: what is made there would be asked of a host that nobody knows.
func inRegion(region string) error {
	if g := job.GrammarOf("region"); region != "" && !g.Fits(region) {
		return hint.Usage(fmt.Errorf("--region %q is not %s", region, g.What))
	}
	return nil
}

// group is a command that only holds others.
func group(cmd *cobra.Command, commands ...*cobra.Command) *cobra.Command {
	cmd.Args = func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 {
			var names []string
			for _, c := range cmd.Commands() {
				names = append(names, c.Name())
			}
			return hint.Usage(fmt.Errorf("%s needs a command: %s", cmd.CommandPath(), strings.Join(names, ", ")))
		}
		return hint.Usage(fmt.Errorf("unknown command %q for %q", args[0], cmd.CommandPath()))
	}
	cmd.RunE = func(*cobra.Command, []string) error { return errors.New("cli: a group was run") }
	cmd.AddCommand(commands...)
	return cmd
}

// noArguments and argument say how many arguments a command takes, in words.
func noArguments(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return hint.Usage(fmt.Errorf("%s takes no arguments; there %s", cmd.CommandPath(), areThere(args)))
	}
	return nil
}

func argument(what string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) != 1 {
			return hint.Usage(fmt.Errorf("%s takes one argument, %s; there %s", cmd.CommandPath(), what, areThere(args)))
		}
		return nil
	}
}

func areThere(args []string) string {
	switch len(args) {
	case 0:
		return "is none"
	case 1:
		return "is 1"
	default:
		return fmt.Sprintf("are %d", len(args))
	}
}

// helpText is what --help shows, usageText what stands below it. Flags of all commands come last, because they are the
// least interesting part.
const helpTemplate = `{{with (or .Long .Short)}}{{. | trimTrailingWhitespaces}}

{{end}}{{.UsageString}}`

// A command that has other exit codes than most says so in its own text and has the annotation exits.
const usageTemplate = `Usage:
  {{if .HasAvailableSubCommands}}{{.CommandPath}} COMMAND{{else}}{{.UseLine}}{{end}}{{if .HasExample}}

Examples:
{{.Example}}{{end}}{{if .HasAvailableSubCommands}}

Commands:{{range .Commands}}{{if .IsAvailableCommand}}
  {{rpad .Name .NamePadding}}  {{.Short}}{{end}}{{end}}{{end}}{{if .HasAvailableLocalFlags}}

Flags:
{{.LocalFlags.FlagUsages | trimTrailingWhitespaces}}{{end}}{{if .HasAvailableInheritedFlags}}

Flags of every command:
{{.InheritedFlags.FlagUsages | trimTrailingWhitespaces}}{{end}}{{if not .HasParent}}

Exit codes:
  0    done, and verified where data moves
  1    failed
  2    wrong usage or invalid job
  3    the run is over, and some tables failed: their targets are untouched
  4    the plan is stale: plan again
  5    another run holds the target
  6    differences or findings, or something is missing
  130  interrupted{{else if not (index .Annotations "exits")}}

Exit codes: 0 done, 1 failed, 2 wrong usage, 130 interrupted.{{end}}
`
