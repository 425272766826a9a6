package dialect

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the golden files anew")

// describe writes a translation in full.
func describe(st Statement, tr Translation) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n", st.Text)
	line := func(name, text string) {
		if text != "" {
			fmt.Fprintf(&b, "  %s: %s\n", name, text)
		}
	}
	switch tr.Action {
	case Copy:
		line("action", "copy")
	case Unload:
		line("action", "unload")
	case Refuse:
		line("refused", tr.Err.Code+" "+tr.Err.Message)
	case Pass, Empty:
	}
	for _, s := range tr.Before {
		line("before", s)
	}
	if tr.SQL == st.Text {
		line("sql", "(as it is)")
	} else {
		line("sql", tr.SQL)
	}
	for _, s := range tr.After {
		line("after", s)
	}
	line("tag", tr.Tag)
	if tr.Commits {
		line("commits", "yes")
	}
	if tr.Alone {
		line("alone", "yes")
	}
	return b.String()
}

func TestTranslateGolden(t *testing.T) {
	t.Parallel()
	inputs, err := filepath.Glob("testdata/*.sql")
	if err != nil || len(inputs) == 0 {
		t.Fatalf("no inputs: %v", err)
	}
	for _, input := range inputs {
		t.Run(filepath.Base(input), func(t *testing.T) {
			t.Parallel()
			text, err := os.ReadFile(input)
			if err != nil {
				t.Fatal(err)
			}
			var b strings.Builder
			for _, st := range Split(string(text)) {
				b.WriteString(describe(st, Translate(st, Env{Database: "dev", User: "awsuser"})))
				b.WriteByte('\n')
			}
			golden := strings.TrimSuffix(input, ".sql") + ".golden"
			if *update {
				if err := os.WriteFile(golden, []byte(b.String()), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(string(want), b.String()); d != "" {
				t.Errorf("%s (-want +got)\n%s", golden, d)
			}
		})
	}
}
