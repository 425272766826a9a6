package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The committed documents are what the code says. If this fails: go generate ./job
func TestDocumentsAreUpToDate(t *testing.T) {
	t.Parallel()
	files, err := generate("../../../job")
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range files {
		got, err := os.ReadFile(filepath.Join("../../../docs", name))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), string(got)); diff != "" {
			t.Errorf("docs/%s differs from package job; go generate ./job\n%s", name, diff)
		}
	}
}
