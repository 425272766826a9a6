package main

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sealift/sealift/internal/permission"
)

// The manual says what the code and the tests say, and for each permission a scenario that fails without it.
func TestDocumentIsUpToDate(t *testing.T) {
	t.Parallel()
	got, err := page("../../../testdata/permissions")
	if err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile("../../../docs/permissions.md")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("go generate ./internal/permission: -want +got\n%s", diff)
	}
	for line := range strings.Lines(got) {
		if strings.HasSuffix(line, "| ? |\n") {
			t.Errorf("no scenario: %s", line)
		}
	}
}

// Which commands need a permission is what the tests found out: no command is named that needs none of those that go together, and
// the scripts hold that none is left out. What was found is of permissions that there are.
func TestCommandsAreThoseThatWereSeen(t *testing.T) {
	t.Parallel()
	all, trust, err := everything()
	if err != nil {
		t.Fatal(err)
	}
	named, together := map[string]bool{}, map[string][]string{} // families; those that are said to be needed by the same
	about := map[string][]string{}                              // of which of the latter a family is
	for kind, all := range map[string][]permission.Statement{"role": all, "trust": trust} {
		for _, s := range all {
			for _, action := range s.Actions {
				named[strings.Join([]string{kind, section(s.Who), s.Family(), action}, "\t")] = true
			}
			if len(s.Commands) > 0 && s.Documented == "" {
				one, group := strings.Join([]string{kind, section(s.Who), s.Family()}, "\t"), section(s.Who)+": "+strings.Join(s.Commands, " ")
				about[one], together[group] = append(about[one], group), s.Commands
			}
		}
	}
	seen := map[string][]string{}
	files, err := filepath.Glob("../../../testdata/permissions/*.tsv")
	if err != nil || len(files) == 0 {
		t.Fatalf("%v %v", files, err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(text)) {
			parts := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
			kind, of := strings.CutSuffix(parts[0], " commands")
			if !of {
				if !named[strings.Join([]string{parts[0], section(permission.Who(parts[1])), parts[2], parts[3]}, "\t")] {
					t.Errorf("%s: no job here needs %s", file, line)
				}
				continue
			}
			for _, group := range about[strings.Join([]string{kind, section(permission.Who(parts[1])), parts[2]}, "\t")] {
				seen[group] = append(seen[group], strings.Fields(parts[4])...)
			}
		}
	}
	for _, group := range slices.Sorted(maps.Keys(together)) {
		for _, c := range together[group] {
			if !slices.Contains(seen[group], c) {
				t.Errorf("%s: no scenario shows that %s does", group, c)
			}
		}
	}
}

// section is where the page tells of a part. Doors are opened by those who come into a warehouse, so what closes them goes with that.
func section(who permission.Who) string {
	for i, s := range sections {
		if i < len(sections)-1 && slices.Contains(s.who, who) {
			return s.title
		}
	}
	return sections[1].title
}
