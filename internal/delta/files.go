package delta

import (
	"slices"

	"github.com/sealift/sealift/internal/redshift"
)

// File is a file as it is found. Its digest is asked for where size and version leave a doubt: it costs reading all of it.
type File struct {
	redshift.SyncedFile
	// Sum takes the digest; nil for an object, whose version tells.
	Sum func() (string, error)
}

// FilesChange is what is to be done about the files of one table.
type FilesChange struct {
	New      []int    // of those that were found, the ones that are not loaded yet
	Replaced []int    // that have another content than what was loaded under their name
	Gone     []string // names of files that were loaded and are not there any more
	Renamed  []Renamed
	Known    int // loaded, and still what they were
}

// Renamed is a file that was loaded and is gone, and one that is new and has just what it had.
type Renamed struct {
	From string
	To   int // of those that were found
}

// Files holds files that were found against those that were loaded.
func Files(found []File, synced []redshift.SyncedFile) (c FilesChange, err error) {
	known := make(map[string]redshift.SyncedFile, len(synced))
	for _, s := range synced {
		known[s.Name] = s
	}
	there := make(map[string]bool, len(found))
	for i, f := range found {
		there[f.Name] = true
		was, loaded := known[f.Name]
		same := loaded && f.Size == was.Size && f.Version == was.Version
		if loaded && !same && f.Size == was.Size && f.Sum != nil {
			// Touched, or copied from another machine: the time is another, but perhaps nothing else.
			digest, err := f.Sum()
			if err != nil {
				return c, err
			}
			same = digest == was.Digest
		}
		switch {
		case !loaded:
			c.New = append(c.New, i)
		case same:
			c.Known++
		default:
			c.Replaced = append(c.Replaced, i)
		}
	}
	for _, s := range synced {
		if there[s.Name] {
			continue
		}
		to, err := renamed(s, found, c.New)
		if err != nil {
			return c, err
		}
		if to < 0 {
			c.Gone = append(c.Gone, s.Name)
			continue
		}
		c.Renamed = append(c.Renamed, Renamed{s.Name, c.New[to]})
		c.New = slices.Delete(c.New, to, to+1)
	}
	return c, nil
}

// renamed finds, among new files, one that has what a file had that is gone; -1 if there is none. Files of no bytes are all alike. Of objects
// nothing tells: their versions are others where they are copied.
func renamed(gone redshift.SyncedFile, found []File, among []int) (int, error) {
	if gone.Digest == "" || gone.Size == 0 {
		return -1, nil
	}
	for n, i := range among {
		f := found[i]
		if f.Sum == nil || f.Size != gone.Size {
			continue
		}
		digest, err := f.Sum()
		if err != nil {
			return -1, err
		}
		if digest == gone.Digest {
			return n, nil
		}
	}
	return -1, nil
}
