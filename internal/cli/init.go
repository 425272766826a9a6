package cli

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/spf13/cobra"

	"github.com/sealift/sealift/internal/hint"
	"github.com/sealift/sealift/internal/show"
)

//go:embed init.yaml
var initTemplate string

func (a *app) initCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "init [FILE]",
		Short: "Write a commented job file to start from",
		Long: `Write a job file with comments, to be edited: the places that need your own names are marked <<<
EDIT. FILE is sealift.yaml if it is left out, - is stdout. A file that exists is never
overwritten.`,
		Example: `  sealift init prod-to-dev.yaml
  sealift init - | less`,
		Args: cobra.MaximumNArgs(1),
		RunE: a.run(func(_ context.Context, args []string) error {
			name := "sealift.yaml"
			if len(args) > 0 {
				name = args[0]
			}
			if name == "-" {
				return a.answer(initTemplate)
			}
			f, err := os.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644) //nolint:gosec // a job holds no secret and is meant to be shared
			if errors.Is(err, fs.ErrExist) {
				return hint.With(hint.Usage(fmt.Errorf("%s exists and is not overwritten", name)), "name another file: sealift init FILE")
			}
			if err != nil {
				return err // names the file itself
			}
			_, err = f.WriteString(initTemplate)
			if err := errors.Join(err, f.Close()); err != nil {
				return fmt.Errorf("write %s: %w", name, err)
			}
			return a.answer(fmt.Sprintf("%s written; edit the places marked <<< EDIT, then: sealift plan %s\n", show.Safe(name), show.Safe(show.Argument(name))))
		}),
	}
}
