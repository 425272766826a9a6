package stage

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/sealift/sealift/internal/hint"
	"github.com/sealift/sealift/journal"
	"github.com/sealift/sealift/plan"
)

// What an unload delivers goes into a place of the user's, where other things may come to lie. The name of each object begins with its
// run, so that what was copied by a run that was killed is known from everything else, whoever looks. The stage says where to look.

// deliveryNote is the object of the stage that says where a run delivers to. It is there before anything is delivered, and goes with all
// else that the run staged.
const deliveryNote = "sealift.delivery"

// The user metadata of the note and of a manifest.
const (
	metaFolder = "sealift-folder" // escaped, because metadata are ASCII
	metaRegion = "sealift-region"
	metaOwner  = "sealift-owner"
	metaRun    = "sealift-run"
)

// NoteDelivery says in the stage, below a table's prefix, where its objects go.
func (s *Stage) NoteDelivery(ctx context.Context, prefix string, to *plan.Output) error {
	return s.putWith(ctx, prefix+deliveryNote, nil, map[string]string{metaFolder: url.PathEscape(to.Folder), metaRegion: to.Region, metaOwner: to.Owner})
}

// Delivery reads such a note by its key: folder, region and owner alone. It is nil where the note is gone.
func (s *Stage) Delivery(ctx context.Context, key string) (*plan.Output, error) {
	out, err := s.client.HeadObject(ctx, &s3.HeadObjectInput{Bucket: &s.bucket, Key: &key, ExpectedBucketOwner: &s.owner})
	if status(err) == http.StatusNotFound {
		return nil, nil
	}
	if err != nil {
		return nil, s.explain("look at "+s.url(key), "s3:GetObject", err)
	}
	folder, err := url.PathUnescape(out.Metadata[metaFolder])
	to := &plan.Output{Folder: folder, Region: out.Metadata[metaRegion], Owner: out.Metadata[metaOwner]}
	if err != nil || !to.InS3() {
		return nil, fmt.Errorf("%s does not say where its run delivered to", s.url(key))
	}
	return to, nil
}

// DeliveredKey is the key below a prefix of an object that a run delivers, which UNLOAD gave a name: its folders stay.
func DeliveredKey(prefix, run, name string) string {
	folders, file := path.Split(name)
	return prefix + folders + run + "_" + file
}

// DeliveredManifest is the name of the manifest beside the objects. With an underscore, so that what reads everything below a
// prefix, as this program, Spark and Athena do, passes over it.
const DeliveredManifest = "_manifest"

// DeliverManifest writes the manifest of what a run delivered, by which all of it is whole. It looks once more whether all of it is there:
// a process that slept for longer than its lease held may have been cleaned up after. And it never takes the place of a manifest: two unloads
// into one place at the same time both found nothing there, and one of them is too late.
func (s *Stage) DeliverManifest(ctx context.Context, prefix, run string, parts []Part) (journal.Facts, error) {
	there, err := s.Delivered(ctx, prefix, run)
	if err != nil {
		return journal.Facts{}, err
	}
	for _, p := range parts {
		if !there.latest[p.Key] {
			return journal.Facts{}, fmt.Errorf("%s was removed while the others were delivered", s.url(p.Key))
		}
	}
	key := prefix + DeliveredManifest
	return s.writeManifest(key, parts, func(text []byte) error {
		err := s.putNew(ctx, key, text, map[string]string{metaRun: run})
		if !errors.Is(err, errOther) {
			return err
		}
		switch there, err := s.Delivered(ctx, prefix, run); {
		case err != nil:
			return err
		case there.Whole: // the answer to our own write was lost
			return nil
		}
		return hint.With(fmt.Errorf("another unload was faster: %s is its manifest", s.url(key)), "unload below another prefix")
	})
}

// Delivered is what one run has left below a prefix.
type Delivered struct {
	Whole   bool  // there is a manifest of it
	Objects int   // versions and delete markers, without the manifest
	Bytes   int64 // of all versions
	Uploads int   // unfinished ones

	manifest []types.ObjectIdentifier
	objects  []types.ObjectIdentifier
	uploads  []types.MultipartUpload
	latest   map[string]bool // keys that can be read
}

// Delivered looks for what a run delivered below a prefix. It reads nothing of the objects. Where the bucket is gone, nothing is left.
func (s *Stage) Delivered(ctx context.Context, prefix, run string) (Delivered, error) {
	d, err := s.delivered(ctx, prefix, run)
	if e, ok := errors.AsType[*ServiceError](err); ok && e.Code == "NoSuchBucket" {
		return Delivered{}, nil
	}
	return d, err
}

func (s *Stage) delivered(ctx context.Context, prefix, run string) (d Delivered, err error) {
	d.latest = make(map[string]bool)
	ours := func(key *string) bool { return strings.HasPrefix(path.Base(aws.ToString(key)), run+"_") }
	err = s.eachVersion(ctx, s3.ListObjectVersionsInput{Prefix: &prefix}, func(page *s3.ListObjectVersionsOutput) {
		for _, v := range page.Versions {
			if ours(v.Key) {
				d.objects = append(d.objects, types.ObjectIdentifier{Key: v.Key, VersionId: v.VersionId})
				d.latest[aws.ToString(v.Key)] = d.latest[aws.ToString(v.Key)] || aws.ToBool(v.IsLatest)
				d.Bytes += aws.ToInt64(v.Size)
			}
		}
		for _, m := range page.DeleteMarkers {
			if ours(m.Key) {
				d.objects = append(d.objects, types.ObjectIdentifier{Key: m.Key, VersionId: m.VersionId})
			}
		}
	})
	if err != nil {
		return d, err
	}
	err = s.eachUpload(ctx, s3.ListMultipartUploadsInput{Prefix: &prefix}, func(page *s3.ListMultipartUploadsOutput) {
		for _, u := range page.Uploads {
			if ours(u.Key) {
				d.uploads = append(d.uploads, u)
			}
		}
	})
	if err != nil {
		return d, err
	}
	d.Objects, d.Uploads = len(d.objects), len(d.uploads)
	key := prefix + DeliveredManifest
	head, err := s.client.HeadObject(ctx, &s3.HeadObjectInput{Bucket: &s.bucket, Key: &key, ExpectedBucketOwner: &s.owner})
	switch {
	case status(err) == http.StatusNotFound:
	case err != nil:
		return d, s.explain("look at "+s.url(key), "s3:GetObject", err)
	case head.Metadata[metaRun] == run: // or it is that of another run
		d.Whole = true
		d.manifest = []types.ObjectIdentifier{{Key: &key, VersionId: head.VersionId}}
	}
	return d, nil
}

// Withdraw removes what a run delivered below a prefix, and nothing else that may lie there: the manifest first, because what has one is
// whole. When the error is nil, a last look found nothing.
func (s *Stage) Withdraw(ctx context.Context, prefix, run string) error {
	for {
		d, err := s.Delivered(ctx, prefix, run)
		if err != nil || !d.Whole && d.Objects+d.Uploads == 0 {
			return err
		}
		for _, found := range [][]types.ObjectIdentifier{d.manifest, d.objects} {
			for batch := range slices.Chunk(found, deleteBatch) {
				if err := s.deleteAll(ctx, prefix, batch); err != nil {
					return err
				}
			}
		}
		if err := s.abort(ctx, d.uploads); err != nil {
			return err
		}
	}
}
