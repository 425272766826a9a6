package cli

import (
	"strings"
	"testing"
)

// A document is as wide as the terminal, unless that is too narrow for tables; into a file or a pipe it is as wide as most terminals.
func TestPagesAreAsWideAsTheTerminal(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ columns, want int }{{0, 100}, {40, 100}, {60, 60}, {80, 80}, {100, 100}, {120, 120}} {
		if got := (&stream{columns: c.columns}).page(); got != c.want {
			t.Errorf("in %d columns: %d, not %d", c.columns, got, c.want)
		}
	}
}

// A statement holds names that others chose. A program gets it as it is, a terminal what it looks like.
func TestStatementsCannotActOnATerminal(t *testing.T) {
	t.Parallel()
	const text = "CREATE TABLE t (\n    \"a\x1b[31m\" INTEGER\n)"
	if got := (&stream{}).shown(text); got != text {
		t.Errorf("into a pipe: %q", got)
	}
	if got, want := (&stream{terminal: true}).shown(text), "CREATE TABLE t (\n    \"a\\x1b[31m\" INTEGER\n)"; got != want {
		t.Errorf("on a terminal: %q", got)
	}
}

// A value of a preview is not longer than what somebody looks at.
func TestLongValuesAreShortened(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]string{
		"":                               "",
		strings.Repeat("é", 400):         strings.Repeat("é", 400),
		strings.Repeat("é", 65534) + "z": strings.Repeat("é", 350) + "..." + strings.Repeat("é", 49) + "z (65,535 characters)",
	} {
		if got := shortened(value); got != want {
			t.Errorf("%d characters: %q", len(value), got)
		}
	}
}
