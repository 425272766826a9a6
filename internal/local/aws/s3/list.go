package s3

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/sealift/sealift/internal/local/aws/policy"
)

// maxPage is the most that one page of any listing holds.
const maxPage = 1000

func (in ListInput) conditions() policy.Context {
	all := policy.Context{"s3:max-keys": {strconv.Itoa(in.Max)}}
	if in.Prefix != "" {
		all["s3:prefix"] = []string{in.Prefix}
	}
	if in.Delimiter != "" {
		all["s3:delimiter"] = []string{in.Delimiter}
	}
	return all
}

// rollUp gives what of key is rolled up into a common prefix; "" if it is listed itself.
func rollUp(key, prefix, delimiter string) string {
	if delimiter == "" {
		return ""
	}
	if i := strings.Index(key[len(prefix):], delimiter); i >= 0 {
		return key[:len(prefix)+i+len(delimiter)]
	}
	return ""
}

// afterPrefix gives the position of the first key behind those that start with prefix.
func afterPrefix(keys []string, prefix string) int {
	i, _ := slices.BinarySearchFunc(keys, prefix, func(key, prefix string) int {
		if strings.HasPrefix(key, prefix) {
			return -1
		}
		return cmp.Compare(key, prefix)
	})
	return i
}

// firstAfter gives the position of the first key that starts with prefix and comes after start. A start that ends a page
// with a common prefix skips everything below that prefix.
func firstAfter(keys []string, prefix, delimiter, start string) int {
	i, _ := slices.BinarySearch(keys, prefix)
	if start < prefix {
		return i
	}
	if delimiter != "" && strings.HasPrefix(start, prefix) && strings.HasSuffix(start, delimiter) &&
		rollUp(start, prefix, delimiter) == start {
		return afterPrefix(keys, start)
	}
	i, found := slices.BinarySearch(keys, start)
	if found {
		i++
	}
	return i
}

// List gives a page of the current objects of a bucket.
func (c *Caller) List(_ context.Context, in ListInput) (ListResult, error) {
	in.Max = cmp.Or(in.Max, maxPage)
	b, err := c.bucket(in.Bucket)
	if err != nil {
		return ListResult{}, err
	}
	if err := c.permit(b, "s3:ListBucket", "", in.conditions()); err != nil {
		return ListResult{}, err
	}
	b.mu.RLock()
	defer b.mu.RUnlock()
	var out ListResult
	count := 0
	for i := firstAfter(b.keys, in.Prefix, in.Delimiter, in.StartAfter); i < len(b.keys) && strings.HasPrefix(b.keys[i], in.Prefix); {
		key := b.keys[i]
		v := b.entries[key].latest()
		if v == nil { // a delete marker hides it
			i++
			continue
		}
		if count == in.Max {
			out.Truncated = true
			return out, nil
		}
		count++
		if up := rollUp(key, in.Prefix, in.Delimiter); up != "" {
			out.Prefixes = append(out.Prefixes, up)
			out.Next = up
			i = afterPrefix(b.keys, up)
			continue
		}
		out.Objects = append(out.Objects, b.infoLocked(key, v))
		out.Next = key
		i++
	}
	out.Next = ""
	return out, nil
}

// VersionsInput asks for a page of all versions of a bucket's objects.
type VersionsInput struct {
	Bucket        string
	Prefix        string
	Delimiter     string
	KeyMarker     string // begin behind this key, or, with VersionMarker, behind that version of it
	VersionMarker string
	Max           int
}

// VersionsResult is a page of versions: by key in UTF-8 order, for each key the newest first.
type VersionsResult struct {
	Versions    []VersionInfo
	Prefixes    []string
	Truncated   bool
	NextKey     string
	NextVersion string
}

// VersionInfo is a version in a listing. Its VersionID is never empty.
type VersionInfo struct {
	ObjectInfo
	Latest bool
}

// ListVersions gives a page of all versions and delete markers.
func (c *Caller) ListVersions(_ context.Context, in VersionsInput) (VersionsResult, error) {
	in.Max = cmp.Or(in.Max, maxPage)
	b, err := c.bucket(in.Bucket)
	if err != nil {
		return VersionsResult{}, err
	}
	conditions := ListInput{Prefix: in.Prefix, Delimiter: in.Delimiter, Max: in.Max}.conditions()
	if err := c.permit(b, "s3:ListBucketVersions", "", conditions); err != nil {
		return VersionsResult{}, err
	}
	b.mu.RLock()
	defer b.mu.RUnlock()
	var out VersionsResult
	i := firstAfter(b.keys, in.Prefix, in.Delimiter, in.KeyMarker)
	skip := 0 // versions of the first key that the page before has shown
	if e := b.entries[in.KeyMarker]; in.VersionMarker != "" && e != nil && i > 0 && b.keys[i-1] == in.KeyMarker {
		i--
		// Whoever deletes each page before asking for the next has deleted the marker, too: then all versions that are
		// left were not shown yet.
		skip = 1 + slices.IndexFunc(e.Versions, func(v *version) bool { return v.ID == in.VersionMarker })
	}
	count := 0
	for ; i < len(b.keys) && strings.HasPrefix(b.keys[i], in.Prefix); skip = 0 {
		key := b.keys[i]
		up := rollUp(key, in.Prefix, in.Delimiter)
		versions := b.entries[key].Versions
		if up != "" {
			versions = versions[:1]
		}
		for n, v := range versions {
			if n < skip {
				continue
			}
			if count == in.Max {
				out.Truncated = true
				return out, nil
			}
			count++
			out.NextKey, out.NextVersion = key, v.ID
			if up != "" {
				out.Prefixes = append(out.Prefixes, up)
				out.NextKey, out.NextVersion = up, ""
				continue
			}
			info := b.infoLocked(key, v)
			info.VersionID = v.ID
			out.Versions = append(out.Versions, VersionInfo{ObjectInfo: info, Latest: n == 0})
		}
		if up != "" {
			i = afterPrefix(b.keys, up)
		} else {
			i++
		}
	}
	out.NextKey, out.NextVersion = "", ""
	return out, nil
}

// UploadsInput asks for a page of a bucket's multipart uploads.
type UploadsInput struct {
	Bucket    string
	Prefix    string
	Delimiter string
	KeyMarker string // begin behind this key, or, with IDMarker, behind that upload of it
	IDMarker  string
	Max       int
}

// UploadsResult is a page of uploads: by key, for each key the oldest first.
type UploadsResult struct {
	Uploads   []UploadInfo
	Prefixes  []string
	Truncated bool
	NextKey   string
	NextID    string
}

// ListUploads gives a page of the uploads that were neither completed nor aborted.
func (c *Caller) ListUploads(_ context.Context, in UploadsInput) (UploadsResult, error) {
	in.Max = cmp.Or(in.Max, maxPage)
	b, err := c.bucket(in.Bucket)
	if err != nil {
		return UploadsResult{}, err
	}
	conditions := ListInput{Prefix: in.Prefix, Delimiter: in.Delimiter, Max: in.Max}.conditions()
	if err := c.permit(b, "s3:ListBucketMultipartUploads", "", conditions); err != nil {
		return UploadsResult{}, err
	}
	b.mu.RLock()
	defer b.mu.RUnlock()
	var all []*upload
	for _, u := range b.uploads {
		if strings.HasPrefix(u.Key, in.Prefix) {
			all = append(all, u)
		}
	}
	slices.SortFunc(all, func(x, y *upload) int {
		return cmp.Or(cmp.Compare(x.Key, y.Key), x.Initiated.Compare(y.Initiated), cmp.Compare(x.ID, y.ID))
	})
	start := in.start(all)
	var out UploadsResult
	for _, u := range all[start:] {
		up := rollUp(u.Key, in.Prefix, in.Delimiter)
		if up != "" && len(out.Prefixes) > 0 && out.Prefixes[len(out.Prefixes)-1] == up {
			continue
		}
		if len(out.Uploads)+len(out.Prefixes) == in.Max {
			out.Truncated = true
			return out, nil
		}
		if up != "" {
			out.Prefixes = append(out.Prefixes, up)
			out.NextKey, out.NextID = up, ""
			continue
		}
		out.Uploads = append(out.Uploads, b.uploadInfoLocked(u))
		out.NextKey, out.NextID = u.Key, u.ID
	}
	out.NextKey, out.NextID = "", ""
	return out, nil
}

// start gives the position of the first upload behind the markers.
func (in UploadsInput) start(all []*upload) int {
	if i := slices.IndexFunc(all, func(u *upload) bool { return u.Key == in.KeyMarker && u.ID == in.IDMarker }); i >= 0 {
		return i + 1
	}
	i := slices.IndexFunc(all, func(u *upload) bool {
		switch {
		case in.KeyMarker == "":
			return true
		case in.IDMarker != "": // it was aborted since: go on with what is left of the key
			return u.Key >= in.KeyMarker
		case in.Delimiter != "" && strings.HasSuffix(in.KeyMarker, in.Delimiter): // a common prefix
			return u.Key > in.KeyMarker && !strings.HasPrefix(u.Key, in.KeyMarker)
		default:
			return u.Key > in.KeyMarker
		}
	})
	if i < 0 {
		return len(all)
	}
	return i
}
