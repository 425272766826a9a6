package durable

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

type state struct {
	Version int
	Names   map[string]int
}

func TestSaveAndOpen(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "state.json")
	v := &state{Names: map[string]int{}}
	f, found, err := Open(path, v, &v.Version)
	if err != nil || found {
		t.Fatalf("found %v, %v", found, err)
	}
	v.Names["a"] = 1
	if err := f.Save(v); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
	again := &state{}
	if _, found, err = Open(path, again, &again.Version); err != nil || !found {
		t.Fatalf("found %v, %v", found, err)
	}
	if diff := cmp.Diff(v, again); diff != "" {
		t.Error(diff)
	}
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(entries) != 1 {
		t.Errorf("left in the folder: %v, %v", entries, err)
	}
}

// TestOtherVersion: what another program wrote is not taken for ours.
func TestOtherVersion(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "state.json")
	if err := Save(path, state{Version: 2}); err != nil {
		t.Fatal(err)
	}
	v := &state{Version: 1}
	_, _, err := Open(path, v, &v.Version)
	if want := path + " has version 2, this program writes version 1"; err == nil || err.Error() != want {
		t.Errorf("%v, want %s", err, want)
	}
}

func TestFailedSaveUndoes(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "dir")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	v := &state{Names: map[string]int{"first": 0}}
	f, _, err := Open(filepath.Join(dir, "state.json"), v, &v.Version)
	if err != nil {
		t.Fatal(err)
	}
	fails := func(want map[string]int) {
		t.Helper()
		if err := os.Rename(dir, dir+"2"); err != nil {
			t.Fatal(err)
		}
		v.Names["lost"] = 1
		if err := f.Save(v); err == nil {
			t.Error("saved into a folder that is gone")
		}
		if diff := cmp.Diff(want, v.Names); diff != "" {
			t.Error(diff)
		}
		if err := os.Rename(dir+"2", dir); err != nil {
			t.Fatal(err)
		}
	}
	fails(map[string]int{"first": 0})
	v.Names["kept"] = 2
	if err := f.Save(v); err != nil {
		t.Fatal(err)
	}
	fails(map[string]int{"first": 0, "kept": 2})
}

func TestOpenRefusesDamage(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "state.json")
	if err := os.WriteFile(path, []byte(`{"Names":`), 0o600); err != nil {
		t.Fatal(err)
	}
	v := &state{}
	if _, _, err := Open(path, v, &v.Version); err == nil {
		t.Error("a torn file was taken")
	}
}
