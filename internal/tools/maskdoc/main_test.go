package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sealift/sealift/internal/mask"
)

// The committed page is what the code says. If this fails: go generate ./internal/mask
func TestPageIsUpToDate(t *testing.T) {
	t.Parallel()
	const docs = "../../../docs"
	want, err := generate(docs)
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(filepath.Join(docs, page))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("docs/%s differs from package mask; go generate ./internal/mask\n%s", page, diff)
	}
	for _, tr := range mask.Transformers() {
		if !strings.Contains(want, "| `"+tr.Name+"`") {
			t.Errorf("%s is not on the page", tr.Name)
		}
	}
}

func TestMarkers(t *testing.T) {
	t.Parallel()
	if got, err := replace("a\n"+begin+"old\n"+end+"\nb\n", "new\n"); err != nil || got != "a\n"+begin+"new\n"+end+"\nb\n" {
		t.Errorf("%q, %v", got, err)
	}
	for _, text := range []string{"", begin, end + begin} {
		if _, err := replace(text, "new"); err == nil {
			t.Errorf("%q has both markers", text)
		}
	}
}
