package cli

import (
	"bytes"
	"io"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/spf13/cobra"
)

// Every command's help is written by hand: what it does, two examples that call it, within 100 columns.
func TestHelp(t *testing.T) {
	t.Parallel()
	a := &app{stdout: &stream{w: io.Discard}, stderr: &stream{w: io.Discard}}
	var each func(cmd *cobra.Command)
	each = func(cmd *cobra.Command) {
		for _, c := range cmd.Commands() {
			each(c)
		}
		if cmd.Hidden {
			return
		}
		var help bytes.Buffer
		cmd.SetOut(&help)
		if err := cmd.Help(); err != nil {
			t.Fatal(err)
		}
		path := cmd.CommandPath()
		for line := range strings.Lines(help.String()) {
			if n := utf8.RuneCountInString(strings.TrimRight(line, "\n")); n > 100 {
				t.Errorf("%s: %d columns: %s", path, n, line)
			}
		}
		if cmd.Long == "" || cmd.Short == "" || strings.HasSuffix(cmd.Short, ".") {
			t.Errorf("%s: short %q, long %q", path, cmd.Short, cmd.Long)
		}
		if !cmd.HasParent() {
			return
		}
		examples := slices.DeleteFunc(strings.Split(cmd.Example, "\n"), func(line string) bool { return !strings.Contains(line, path) })
		if len(examples) < 2 {
			t.Errorf("%s: %d examples", path, len(examples))
		}
	}
	each(a.root())
}
