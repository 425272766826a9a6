package pgserver

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// maxSocketPath is how long the path of a Unix socket may be on every system we run on.
const maxSocketPath = 103

// socket is the folder of a server's socket, as each of those concerned reaches it.
type socket struct {
	server string // in the server's configuration
	ours   string // in connections of this process
	others string
	close  func() error
}

// openSocket makes room for a server's socket: in the data folder itself where the path's length does not matter, else
// in the temporary folder.
func openSocket(a *account, dataDir string) (*socket, error) {
	if folderByDescriptor {
		f, err := os.Open(dataDir)
		if err != nil {
			return nil, err
		}
		return &socket{server: ".", ours: fmt.Sprintf("/proc/self/fd/%d", f.Fd()), others: dataDir, close: f.Close}, nil
	}
	dir, err := makeSocketDir(a, dataDir)
	if err != nil {
		return nil, err
	}
	return &socket{server: dir, ours: dir, others: dir, close: func() error { return os.RemoveAll(dir) }}, nil
}

// makeSocketDir makes a folder for a server's socket, which only the server's user can enter. It lies in the temporary
// folder because the path of a Unix socket must be short, and has a name of its own for each data folder, so that a crash
// leaves no more than one behind.
func makeSocketDir(a *account, dataDir string) (string, error) {
	name := fmt.Sprintf("sealift-pg-%x", sha256.Sum256([]byte(dataDir)))[:24]
	parent := os.TempDir()
	if len(filepath.Join(parent, name, ".s.PGSQL.5432.lock")) > maxSocketPath {
		parent = "/tmp"
	}
	dir := filepath.Join(parent, name)
	switch err := os.Mkdir(dir, 0o700); {
	case errors.Is(err, fs.ErrExist):
		// Left by a crash, if it is ours; anybody can put something of that name into a shared temporary folder.
		info, err := os.Lstat(dir)
		if err != nil {
			return "", err
		}
		if !info.IsDir() || info.Mode().Perm() != 0o700 || !ownedBy(info, a) {
			return "", fmt.Errorf("%s is in the way, and it is not ours; remove it", dir)
		}
		if err := clearFolder(dir); err != nil {
			return "", err
		}
	case err != nil:
		return "", err
	}
	return dir, a.own(dir)
}
