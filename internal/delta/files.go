package delta

import (
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
	Known    int      // loaded, and still what they were
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
		if !there[s.Name] {
			c.Gone = append(c.Gone, s.Name)
		}
	}
	return c, nil
}
