package delta

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sealift/sealift/internal/redshift"
)

// Each file is loaded once: by its name, size and version, and where only the version of a file of a machine is another, by its digest.
func TestFilesAreToldApart(t *testing.T) {
	t.Parallel()
	synced := []redshift.SyncedFile{
		{Name: "same", Size: 1, Version: "v1", Digest: "d1"},
		{Name: "touched", Size: 1, Version: "v1", Digest: "d1"},
		{Name: "rewritten", Size: 1, Version: "v1", Digest: "d1"},
		{Name: "grown", Size: 1, Version: "v1", Digest: "d1"},
		{Name: "s3://b/again", Size: 1, Version: "etag1"},
		{Name: "gone", Size: 1, Version: "v1", Digest: "d9"},
		{Name: "renamed", Size: 1, Version: "v1", Digest: "d1"},
		{Name: "s3://b/renamed", Size: 1, Version: "etag1"},
		{Name: "empty", Size: 0, Version: "v1", Digest: "d0"},
	}
	asked := 0
	sum := func(digest string) func() (string, error) {
		return func() (string, error) { asked++; return digest, nil }
	}
	found := []File{
		{SyncedFile: redshift.SyncedFile{Name: "new", Size: 1, Version: "v1"}, Sum: sum("d1")},
		{SyncedFile: redshift.SyncedFile{Name: "same", Size: 1, Version: "v1"}, Sum: sum("x")},
		{SyncedFile: redshift.SyncedFile{Name: "touched", Size: 1, Version: "v2"}, Sum: sum("d1")},
		{SyncedFile: redshift.SyncedFile{Name: "rewritten", Size: 1, Version: "v2"}, Sum: sum("d2")},
		{SyncedFile: redshift.SyncedFile{Name: "grown", Size: 2, Version: "v2"}, Sum: sum("d1")},
		{SyncedFile: redshift.SyncedFile{Name: "s3://b/again", Size: 1, Version: "etag2"}},
		{SyncedFile: redshift.SyncedFile{Name: "twin", Size: 1, Version: "v1"}, Sum: sum("d1")},
		{SyncedFile: redshift.SyncedFile{Name: "s3://b/other", Size: 1, Version: "etag1"}},
		{SyncedFile: redshift.SyncedFile{Name: "blank", Size: 0, Version: "v1"}, Sum: sum("d0")},
	}
	got, err := Files(found, synced)
	if err != nil {
		t.Fatal(err)
	}
	want := FilesChange{New: []int{6, 7, 8}, Replaced: []int{3, 4, 5}, Gone: []string{"gone", "s3://b/renamed", "empty"}, Renamed: []Renamed{{"renamed", 0}}, Known: 2}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if asked != 5 {
		t.Errorf("%d files were read through; only those of the same size and another time leave a doubt, 2, and new ones of the size of one that is gone, 3", asked)
	}
	failed := errors.New("no such file")
	found[2].Sum = func() (string, error) { return "", failed }
	if _, err := Files(found, synced); !errors.Is(err, failed) {
		t.Errorf("a file that cannot be read: %v", err)
	}
}
