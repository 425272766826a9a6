package local

import (
	"crypto/rand"
	"fmt"
	"sync"

	"github.com/sealift/sealift/internal/local/aws/durable"
	"github.com/sealift/sealift/internal/local/aws/redshiftapi"
)

// vault keeps the master passwords of source and target, which the stand-in made up: PostgreSQL has only their digests.
type vault struct {
	file  string
	fresh bool // there was no file

	mu        sync.Mutex // guards passwords and the file
	passwords map[string]string
}

type vaultFile struct {
	Version   int               `json:"version"`
	Passwords map[string]string `json:"passwords"`
}

const vaultVersion = 1

func openVault(file string) (*vault, error) {
	f := vaultFile{Version: vaultVersion}
	found, err := durable.Load(file, &f)
	if err != nil {
		return nil, err
	}
	if f.Version != vaultVersion {
		return nil, fmt.Errorf("%s has version %d, this program writes version %d", file, f.Version, vaultVersion)
	}
	if f.Passwords == nil {
		f.Passwords = map[string]string{}
	}
	return &vault{file: file, fresh: !found, passwords: f.Passwords}, nil
}

func vaultKey(n redshiftapi.Name) string { return n.Account + "/" + n.Region + "/" + n.ID }

// make makes up passwords. They hold what Redshift demands of one, and nothing that a URL would have to escape.
func (v *vault) make(names ...redshiftapi.Name) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, n := range names {
		v.passwords[vaultKey(n)] = "Aa1" + rand.Text()
	}
	return durable.Save(v.file, vaultFile{vaultVersion, v.passwords})
}

// password answers a password, and whether there is one.
func (v *vault) password(n redshiftapi.Name) (string, bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	p, ok := v.passwords[vaultKey(n)]
	return p, ok
}

// change keeps the new password of a warehouse whose old one it keeps.
func (v *vault) change(n redshiftapi.Name, password string) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	if _, ok := v.passwords[vaultKey(n)]; !ok {
		return nil
	}
	v.passwords[vaultKey(n)] = password
	return durable.Save(v.file, vaultFile{vaultVersion, v.passwords})
}

// forget drops the password of a warehouse that is deleted, so that the next start does not make it again.
func (v *vault) forget(n redshiftapi.Name) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	if _, ok := v.passwords[vaultKey(n)]; !ok {
		return nil
	}
	delete(v.passwords, vaultKey(n))
	return durable.Save(v.file, vaultFile{vaultVersion, v.passwords})
}
