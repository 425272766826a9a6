package s3

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/sealift/sealift/internal/local/aws/durable"
	"github.com/sealift/sealift/internal/local/aws/policy"
)

// config is what is set on a bucket. It is never changed, only replaced.
type config struct {
	Version      int
	Name         string
	Owner        string // account
	Region       string
	Created      time.Time
	Versioning   string           // "", versioningEnabled or versioningSuspended
	Policy       *policy.Document `json:",omitempty"`
	Encryption   defaultEncryption
	Lifecycle    string            `json:",omitempty"` // as it was put
	Tags         map[string]string `json:",omitempty"`
	PublicAccess *publicAccess     `json:",omitempty"`
	Ownership    bool              // ownership controls are set; they can only be BucketOwnerEnforced
}

const (
	configVersion       = 1
	versioningEnabled   = "Enabled"
	versioningSuspended = "Suspended"
	// nullVersion is the version id of objects written while versioning was not enabled.
	nullVersion = "null"
)

// publicAccess is the bucket's public access block.
type publicAccess struct {
	BlockPublicAcls, IgnorePublicAcls, BlockPublicPolicy, RestrictPublicBuckets bool
}

// bucket is one bucket with the descriptions of all its objects, which are in memory and, one file for each key, on
// disk. What readers get from it (config, entry, version, upload without its parts) is never changed, only replaced.
type bucket struct {
	dir string

	// mu makes each change, on disk and in memory, one step.
	mu      sync.RWMutex
	conf    *config
	gone    bool // deleted; whoever still holds the bucket must notice
	keys    []string
	entries map[string]*entry
	uploads map[string]*upload
}

// entry holds all versions of a key, the current one first. There is at least one.
type entry struct {
	Key      string
	Versions []*version
}

// version is one version of an object, or a delete marker.
type version struct {
	ID           string
	Marker       bool `json:",omitempty"`
	Modified     time.Time
	Size         int64             `json:",omitempty"`
	ETag         string            `json:",omitempty"`
	Headers      map[string]string `json:",omitempty"`
	Meta         map[string]string `json:",omitempty"`
	Tags         map[string]string `json:",omitempty"`
	StorageClass string            `json:",omitempty"`
	Sealing      sealing
	Checksum     Checksum
	Pieces       []piece    `json:",omitempty"`
	Parts        []Checksum `json:",omitempty"` // of a multipart upload: each piece's checksum
}

// latest gives the current version, nil if there is none or if it is a delete marker.
func (e *entry) latest() *version {
	if e == nil || e.Versions[0].Marker {
		return nil
	}
	return e.Versions[0]
}

func (e *entry) version(id string) *version {
	if e == nil {
		return nil
	}
	i := slices.IndexFunc(e.Versions, func(v *version) bool { return v.ID == id })
	if i < 0 {
		return nil
	}
	return e.Versions[i]
}

// newID makes version ids, upload ids and the like: 32 characters that need no escaping.
func newID() string {
	random := make([]byte, 20)
	rand.Read(random)
	return strings.ToLower(base32.StdEncoding.EncodeToString(random))
}

func createBucket(dir string, conf *config) (*bucket, error) {
	b := &bucket{dir: dir, conf: conf, entries: map[string]*entry{}, uploads: map[string]*upload{}}
	for _, sub := range []string{b.keyDir(), b.uploadDir()} {
		if err := os.MkdirAll(sub, 0o700); err != nil {
			return nil, fmt.Errorf("create bucket %s: %w", conf.Name, err)
		}
	}
	if err := durable.Save(b.configPath(), conf); err != nil {
		return nil, errors.Join(fmt.Errorf("create bucket %s: %w", conf.Name, err), os.RemoveAll(dir))
	}
	return b, nil
}

func (b *bucket) configPath() string { return filepath.Join(b.dir, "bucket.json") }
func (b *bucket) keyDir() string     { return filepath.Join(b.dir, "keys") }
func (b *bucket) uploadDir() string  { return filepath.Join(b.dir, "uploads") }

// keyPath names the file of a key by its hash: keys can be anything, file names cannot.
func (b *bucket) keyPath(key string) string {
	sum := sha256.Sum256([]byte(key))
	name := hex.EncodeToString(sum[:])
	return filepath.Join(b.keyDir(), name[:2], name+".json")
}

// loadBucket reads a bucket from disk. It answers nil for a folder that a crash left before its config was written.
func loadBucket(dir string) (*bucket, error) {
	b := &bucket{dir: dir, conf: &config{}, entries: map[string]*entry{}, uploads: map[string]*upload{}}
	found, err := durable.Load(b.configPath(), b.conf)
	if err != nil {
		return nil, err
	}
	if !found {
		return nil, os.RemoveAll(dir)
	}
	if b.conf.Version != configVersion {
		return nil, fmt.Errorf("%s has version %d, this program writes version %d", b.configPath(), b.conf.Version, configVersion)
	}
	err = eachJSON(b.keyDir(), func(path string) error {
		e := &entry{}
		if err := readJSON(path, e); err != nil {
			return err
		}
		b.entries[e.Key] = e
		b.keys = append(b.keys, e.Key)
		return nil
	})
	if err != nil {
		return nil, err
	}
	slices.Sort(b.keys)
	return b, b.loadUploads()
}

// eachJSON visits the finished files of a folder, and removes the unfinished ones that a crash left.
func eachJSON(dir string, visit func(path string) error) error {
	return filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		if filepath.Ext(path) != ".json" {
			return os.Remove(path) //nolint:gosec // in a folder of our own, with mode 0700
		}
		return visit(path)
	})
}

func readJSON(path string, v any) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(data, v); err != nil {
		return fmt.Errorf("read %s: %w", path, err)
	}
	return nil
}

// writeJSON replaces the file at path in one step, without syncing it: see content.
func writeJSON(path string, v any) (err error) {
	data, err := json.Marshal(v)
	if err != nil {
		return err
	}
	dir := filepath.Dir(path)
	f, err := os.CreateTemp(dir, "*.new") // mode 0600
	if errors.Is(err, fs.ErrNotExist) {
		if err = os.MkdirAll(dir, 0o700); err == nil {
			f, err = os.CreateTemp(dir, "*.new")
		}
	}
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return nil
}

// config gives the bucket's settings as they are now.
func (b *bucket) config() *config {
	b.mu.RLock()
	defer b.mu.RUnlock()
	return b.conf
}

// configure changes the bucket's settings.
func (b *bucket) configure(change func(c *config)) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.gone {
		return noSuchBucket(b.conf.Name)
	}
	next := *b.conf
	change(&next)
	if err := durable.Save(b.configPath(), &next); err != nil {
		return err
	}
	b.conf = &next
	return nil
}

// entry gives what there is under a key; nil if nothing is.
func (b *bucket) entry(key string) *entry {
	b.mu.RLock()
	defer b.mu.RUnlock()
	return b.entries[key]
}

// put makes v the current version of key, if cond still holds. It answers the content files that nothing names any more.
func (b *bucket) put(key string, v *version, cond Conditions) (unused []piece, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.putLocked(key, v, cond)
}

func (b *bucket) putLocked(key string, v *version, cond Conditions) (unused []piece, err error) {
	if b.gone {
		return nil, noSuchBucket(b.conf.Name)
	}
	old := b.entries[key]
	if err := cond.checkWrite(old.latest(), key); err != nil {
		return nil, err
	}
	next := &entry{Key: key, Versions: []*version{v}}
	v.ID = nullVersion
	if b.conf.Versioning == versioningEnabled {
		v.ID = newID()
	}
	if old != nil {
		for _, o := range old.Versions {
			if o.ID == v.ID { // only null versions replace each other
				unused = append(unused, o.Pieces...)
				continue
			}
			next.Versions = append(next.Versions, o)
		}
	}
	return unused, b.replace(old, next)
}

// delete removes the version of key that has the id, or, if the id is empty, the current one: then a delete marker takes
// its place in a versioned bucket. It answers nil if there was nothing to do.
func (b *bucket) delete(key, id string, cond Conditions, now time.Time) (affected *version, unused []piece, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.gone {
		return nil, nil, noSuchBucket(b.conf.Name)
	}
	old := b.entries[key]
	if err := cond.checkWrite(old.latest(), key); err != nil {
		return nil, nil, err
	}
	if id == "" && b.conf.Versioning != "" {
		marker := &version{Marker: true, Modified: now}
		unused, err := b.putLocked(key, marker, Conditions{})
		return marker, unused, err
	}
	if id == "" {
		id = nullVersion
	}
	v := old.version(id)
	if v == nil {
		return nil, nil, nil
	}
	next := &entry{Key: key, Versions: slices.DeleteFunc(slices.Clone(old.Versions), func(o *version) bool { return o == v })}
	return v, v.Pieces, b.replace(old, next)
}

// retag replaces the tags of a version. The change is void if the version is gone by now.
func (b *bucket) retag(key, id string, tags map[string]string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	old := b.entries[key]
	if old.version(id) == nil {
		return noSuchKey(key)
	}
	next := &entry{Key: key, Versions: slices.Clone(old.Versions)}
	for i, v := range next.Versions {
		if v.ID == id {
			changed := *v
			changed.Tags = tags
			next.Versions[i] = &changed
		}
	}
	return b.replace(old, next)
}

// replace puts next in the place of old, first on disk. Either may be nil; next may be without versions.
func (b *bucket) replace(old, next *entry) error {
	path := b.keyPath(next.Key)
	if len(next.Versions) == 0 {
		if err := os.Remove(path); err != nil {
			return fmt.Errorf("forget an object: %w", err)
		}
		delete(b.entries, next.Key)
		if i, found := slices.BinarySearch(b.keys, next.Key); found {
			b.keys = slices.Delete(b.keys, i, i+1)
		}
		return nil
	}
	if err := writeJSON(path, next); err != nil {
		return fmt.Errorf("describe an object: %w", err)
	}
	b.entries[next.Key] = next
	if old == nil {
		i, _ := slices.BinarySearch(b.keys, next.Key)
		b.keys = slices.Insert(b.keys, i, next.Key)
	}
	return nil
}
