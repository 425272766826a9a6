package stage

import (
	"cmp"
	"context"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/sealift/sealift/job"
	"github.com/sealift/sealift/plan"
)

// leaseName is what a lease's object is called.
var leaseName = regexp.MustCompile(`^[0-9a-f]{24}\.json$`)

// Locate says where a job's stage is, without asking for its key: emptying a stage must not need it. caller is the account
// of the credentials.
func Locate(caller string, j job.Stage) (plan.Stage, error) {
	bucket, prefix, err := split(j.URL)
	if err != nil {
		return plan.Stage{}, err
	}
	return plan.Stage{Bucket: bucket, Prefix: prefix, Region: j.Region, KMSKey: j.KMSKey, Owner: cmp.Or(j.Owner, caller), Keep: j.Keep}, nil
}

// Leftover is what is under one run's prefix.
type Leftover struct {
	Run     string
	Prefix  string // a key prefix, for Empty
	URL     string
	Objects int   // versions and delete markers
	Bytes   int64 // of all versions
	Uploads int   // unfinished ones
	// Notes are the keys of objects that say where it delivered to: see Delivery.
	Notes []string
}

// Leftovers lists what runs have under a stage's prefix, in order of their ids. It reads nothing of the objects.
func (s *Stage) Leftovers(ctx context.Context, prefix string) ([]Leftover, error) {
	below := prefix
	if below != "" {
		below += "/"
	}
	runs := make(map[string]string) // by their folders
	note := func(common []types.CommonPrefix) {
		for _, c := range common {
			name := strings.TrimSuffix(strings.TrimPrefix(aws.ToString(c.Prefix), below), "/")
			if run := plan.RunOf(name); run != "" { // what merely looks like it is somebody else's
				runs[name] = run
			}
		}
	}
	slash := aws.String("/")
	err := s.eachVersion(ctx, s3.ListObjectVersionsInput{Prefix: &below, Delimiter: slash}, func(page *s3.ListObjectVersionsOutput) { note(page.CommonPrefixes) })
	if err != nil {
		return nil, err
	}
	err = s.eachUpload(ctx, s3.ListMultipartUploadsInput{Prefix: &below, Delimiter: slash}, func(page *s3.ListMultipartUploadsOutput) { note(page.CommonPrefixes) })
	if err != nil {
		return nil, err
	}
	var all []Leftover
	for _, folder := range slices.Sorted(maps.Keys(runs)) {
		l := Leftover{Run: runs[folder], Prefix: below + folder + "/", URL: s.url(below + folder + "/")}
		if err := s.measure(ctx, &l); err != nil {
			return nil, err
		}
		if l.Objects+l.Uploads > 0 {
			all = append(all, l)
		}
	}
	slices.SortStableFunc(all, func(a, b Leftover) int { return strings.Compare(a.Run, b.Run) })
	return all, nil
}

// measure counts what is under a run's prefix, and finds its notes.
func (s *Stage) measure(ctx context.Context, l *Leftover) error {
	err := s.eachVersion(ctx, s3.ListObjectVersionsInput{Prefix: &l.Prefix}, func(page *s3.ListObjectVersionsOutput) {
		l.Objects += len(page.Versions) + len(page.DeleteMarkers)
		for _, v := range page.Versions {
			l.Bytes += aws.ToInt64(v.Size)
			if key := aws.ToString(v.Key); strings.HasSuffix(key, deliveryNote) && !slices.Contains(l.Notes, key) {
				l.Notes = append(l.Notes, key)
			}
		}
	})
	if err != nil {
		return err
	}
	return s.eachUpload(ctx, s3.ListMultipartUploadsInput{Prefix: &l.Prefix}, func(page *s3.ListMultipartUploadsOutput) { l.Uploads += len(page.Uploads) })
}

// OldLeases are versions of leases that newer ones have replaced: nobody reads them any more.
type OldLeases struct {
	URL   string
	found []types.ObjectIdentifier
}

// Count is how many there are.
func (o OldLeases) Count() int { return len(o.found) }

// OldLeases lists the versions of leases that are not the current ones.
func (s *Stage) OldLeases(ctx context.Context, prefix string) (OldLeases, error) {
	below := path.Join(prefix, leaseFolder) + "/"
	out := OldLeases{URL: s.url(below)}
	note := func(key, version *string, latest *bool) {
		if leaseName.MatchString(strings.TrimPrefix(aws.ToString(key), below)) && !aws.ToBool(latest) {
			out.found = append(out.found, types.ObjectIdentifier{Key: key, VersionId: version})
		}
	}
	err := s.eachVersion(ctx, s3.ListObjectVersionsInput{Prefix: &below}, func(page *s3.ListObjectVersionsOutput) {
		for _, v := range page.Versions {
			note(v.Key, v.VersionId, v.IsLatest)
		}
		for _, m := range page.DeleteMarkers {
			note(m.Key, m.VersionId, m.IsLatest)
		}
	})
	return out, err
}

// RemoveOldLeases removes them.
func (s *Stage) RemoveOldLeases(ctx context.Context, o OldLeases) error {
	for part := range slices.Chunk(o.found, deleteBatch) {
		if err := s.deleteAll(ctx, o.URL, part); err != nil {
			return err
		}
	}
	return nil
}
