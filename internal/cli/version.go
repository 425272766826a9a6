package cli

import (
	"context"
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/sealift/sealift/journal"
	"github.com/sealift/sealift/plan"
	"github.com/sealift/sealift/receipt"
)

// buildVersion is what this program is and which formats it writes.
type buildVersion struct {
	Version  string         `json:"version"`
	Commit   string         `json:"commit,omitempty"`
	Modified bool           `json:"modified,omitempty"`
	Go       string         `json:"go"`
	Platform string         `json:"platform"`
	Formats  map[string]int `json:"formats"`
}

func readVersion() buildVersion {
	v := buildVersion{
		Version: "unknown", Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH,
		Formats: map[string]int{"job": 1, "plan": plan.Version, "journal": journal.Version, "receipt": receipt.Version},
	}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return v
	}
	v.Version = info.Main.Version
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			v.Commit = s.Value
		case "vcs.modified":
			v.Modified = s.Value == "true"
		}
	}
	return v
}

func (a *app) versionCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "version",
		Short: "Say which sealift this is",
		Long: `Say which sealift this is: version, commit, the Go it was built with, and with --json the
versions of the formats it writes.`,
		Example: `  sealift version
  sealift version --json`,
		Args: noArguments,
		RunE: a.run(func(context.Context, []string) error {
			v := readVersion()
			if a.json {
				return a.answerJSON(v)
			}
			text := "sealift " + v.Version
			if v.Commit != "" {
				text += " " + v.Commit[:min(12, len(v.Commit))]
			}
			if v.Modified {
				text += " with changes"
			}
			return a.answer(fmt.Sprintf("%s (%s, %s)\n", text, v.Go, v.Platform))
		}),
	}
	a.jsonFlag(cmd)
	return cmd
}

// jsonFlag gives a command --json.
func (a *app) jsonFlag(cmd *cobra.Command) {
	cmd.Flags().BoolVar(&a.json, "json", false, "answer as JSON, errors too (docs/output.md)")
}
