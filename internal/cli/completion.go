package cli

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
)

func (a *app) completionCommand() *cobra.Command {
	shells := []string{"bash", "zsh", "fish", "powershell"}
	return &cobra.Command{
		Use:   "completion SHELL",
		Short: "Write a completion script for bash, zsh, fish or powershell",
		Long: `Write a script that makes the shell complete sealift's commands, flags and run ids. SHELL is
bash, zsh, fish or powershell.`,
		Example: `  source <(sealift completion bash)
  sealift completion zsh > "${fpath[1]}/_sealift"`,
		ValidArgs: shells,
		Args:      cobra.MatchAll(argument("SHELL"), cobra.OnlyValidArgs),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.run(func(_ context.Context, args []string) error {
				var b strings.Builder
				var err error
				switch args[0] {
				case "bash":
					err = cmd.Root().GenBashCompletionV2(&b, true)
				case "zsh":
					err = cmd.Root().GenZshCompletion(&b)
				case "fish":
					err = cmd.Root().GenFishCompletion(&b, true)
				case "powershell":
					err = cmd.Root().GenPowerShellCompletionWithDesc(&b)
				}
				if err != nil {
					return fmt.Errorf("write the completion script for %s: %w", args[0], err)
				}
				return a.answer(b.String())
			})(cmd, args)
		},
	}
}
