package main

import (
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
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
