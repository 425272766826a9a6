package stage

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/google/go-cmp/cmp"

	"github.com/sealift/sealift/internal/effect"
	"github.com/sealift/sealift/plan"
)

// whereDelivered is a bucket on a stand-in of its own that keeps versions, to deliver into.
func whereDelivered(t *testing.T) (context.Context, *Stage) {
	t.Helper()
	cfg, client, keyARN := onStandIn(t, "out")
	ctx := effect.With(t.Context(), "step", nil)
	s := New(cfg, "out", "111111111111", keyARN)
	s.client = client
	if _, err := client.PutBucketVersioning(ctx, &s3.PutBucketVersioningInput{
		Bucket: aws.String("out"), VersioningConfiguration: &types.VersioningConfiguration{Status: types.BucketVersioningStatusEnabled},
	}); err != nil {
		t.Fatal(err)
	}
	return ctx, s
}

// What one run delivered is withdrawn with all versions and unfinished uploads, and nothing that lies beside it, however much it looks
// like it: other runs' objects and manifest, siblings of the prefix, folders of its name.
func TestWhatARunDeliveredIsWithdrawnAndNothingElse(t *testing.T) {
	t.Parallel()
	const run, other = "20261126T101500Z-7f3a", "20261126T101500Z-7f3b"
	ctx, s := whereDelivered(t)
	put := func(key string) {
		t.Helper()
		if err := s.put(ctx, key, []byte("data")); err != nil {
			t.Fatal(err)
		}
	}
	begin := func(key string) {
		t.Helper()
		if _, err := s.client.CreateMultipartUpload(ctx, &s3.CreateMultipartUploadInput{
			Bucket: aws.String("out"), Key: &key, ServerSideEncryption: types.ServerSideEncryptionAwsKms, SSEKMSKeyId: &s.keyARN,
		}); err != nil {
			t.Fatal(err)
		}
	}
	all := func() (found []string) {
		t.Helper()
		list, err := s.client.ListObjectVersions(ctx, &s3.ListObjectVersionsInput{Bucket: aws.String("out")})
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range list.Versions {
			found = append(found, *v.Key)
		}
		for _, m := range list.DeleteMarkers {
			found = append(found, "marker of "+*m.Key)
		}
		uploads, err := s.client.ListMultipartUploads(ctx, &s3.ListMultipartUploadsInput{Bucket: aws.String("out")})
		if err != nil {
			t.Fatal(err)
		}
		for _, u := range uploads.Uploads {
			found = append(found, "upload of "+*u.Key)
		}
		slices.Sort(found)
		return found
	}

	put("to/" + other + "_0000_part_00.parquet")
	put("to/0000_part_00.parquet")
	put("to/a=" + run + "_/0000_part_00.parquet")
	put("to/" + run)
	put("to/x" + run + "_0000_part_00.parquet")
	put("to2/" + run + "_0000_part_00.parquet")
	put(run + "_0000_part_00.parquet")
	begin("to/" + other + "_0001_part_00.parquet")
	begin("to/0001_part_00.parquet")
	if _, err := s.DeliverManifest(ctx, "to/", other, nil); err != nil {
		t.Fatal(err)
	}
	strangers := all()

	put(DeliveredKey("to/", run, "0000_part_00.parquet"))
	put(DeliveredKey("to/", run, "0000_part_00.parquet")) // a version more
	put(DeliveredKey("to/", run, "region=eu/day=1/0000_part_00.parquet"))
	if _, err := s.client.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: aws.String("out"), Key: aws.String(DeliveredKey("to/", run, "0000_part_00.parquet"))}); err != nil {
		t.Fatal(err)
	}
	begin(DeliveredKey("to/", run, "region=us/0001_part_00.parquet"))
	switch d, err := s.Delivered(ctx, "to/", run); {
	case err != nil:
		t.Fatal(err)
	case d.Whole || d.Objects != 4 || d.Bytes != 12 || d.Uploads != 1:
		t.Errorf("%+v", d)
	}
	if err := s.Withdraw(ctx, "to/", run); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strangers, all()); diff != "" {
		t.Errorf("(-before +after):\n%s", diff)
	}

	// With its manifest it is whole; that goes first.
	if _, err := s.client.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: aws.String("out"), Key: aws.String("to/_manifest")}); err != nil {
		t.Fatal(err)
	}
	strangers = all()
	put(DeliveredKey("to/", run, "0000_part_00.parquet"))
	if _, err := s.DeliverManifest(ctx, "to/", run, []Part{{Key: DeliveredKey("to/", run, "0000_part_00.parquet"), Size: 4}}); err != nil {
		t.Fatal(err)
	}
	for who, want := range map[string]bool{run: true, other: false} {
		if d, err := s.Delivered(ctx, "to/", who); err != nil || d.Whole != want {
			t.Errorf("%s: %+v, %v", who, d, err)
		}
	}
	var deleted []string
	watched := effect.With(t.Context(), "step", func(point string, when effect.Phase) {
		if when == effect.Answered && strings.Contains(point, "DeleteObjects") {
			deleted = append(deleted, strings.Join(all(), " "))
		}
	})
	if err := s.Withdraw(watched, "to/", run); err != nil {
		t.Fatal(err)
	}
	if len(deleted) != 2 || strings.Count(deleted[0], "to/_manifest") != 2 || !strings.Contains(deleted[0], run+"_0000_part_00.parquet to") {
		t.Errorf("the manifest did not go first: %q", deleted)
	}
	if diff := cmp.Diff(strangers, all()); diff != "" {
		t.Errorf("(-before +after):\n%s", diff)
	}
}

// A manifest is of what is there, and takes the place of no other run's: of two unloads into one place, one is too late. Its own, whose
// answer was lost, is its own.
func TestAManifestIsOfWhatIsThereAndReplacesNone(t *testing.T) {
	t.Parallel()
	const run, other = "20261126T101500Z-7f3a", "20261126T101500Z-7f3b"
	ctx, s := whereDelivered(t)
	part := func(run string) []Part {
		key := DeliveredKey("to/", run, "0000_part_00.parquet")
		if err := s.put(ctx, key, []byte("data")); err != nil {
			t.Fatal(err)
		}
		return []Part{{Key: key, Size: 4}}
	}
	parts := part(run)
	if _, err := s.client.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: aws.String("out"), Key: &parts[0].Key}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.DeliverManifest(ctx, "to/", run, parts); err == nil || !strings.Contains(err.Error(), "was removed while") {
		t.Errorf("of an object that is gone: %v", err)
	}
	parts = part(run)
	for range 2 {
		if _, err := s.DeliverManifest(ctx, "to/", run, parts); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.DeliverManifest(ctx, "to/", other, part(other)); err == nil || !strings.Contains(err.Error(), "another unload was faster") {
		t.Errorf("over another's: %v", err)
	}
	if d, err := s.Delivered(ctx, "to/", run); err != nil || !d.Whole {
		t.Errorf("the manifest that was there: %+v, %v", d, err)
	}
}

func TestTheStageSaysWhereARunDelivers(t *testing.T) {
	t.Parallel()
	cfg, client, keyARN := onStandIn(t, "stage")
	ctx := effect.With(t.Context(), "step", nil)
	s := New(cfg, "stage", "111111111111", keyARN)
	s.client = client
	const below = "stage/20261126T101500Z-7f3a/0000-s.t/"
	want := plan.Output{Folder: "s3://out/ä b/%41?x/", Region: "eu-west-1", Owner: "222222222222"}
	if err := s.NoteDelivery(ctx, below, &want); err != nil {
		t.Fatal(err)
	}
	left, err := s.Leftovers(ctx, "stage")
	if err != nil || len(left) != 1 || len(left[0].Notes) != 1 {
		t.Fatalf("%+v, %v", left, err)
	}
	if got, err := s.Delivery(ctx, left[0].Notes[0]); err != nil || cmp.Diff(&want, got) != "" {
		t.Errorf("%+v, %v", got, err)
	}
	if got, err := s.Delivery(ctx, "stage/gone"); got != nil || err != nil {
		t.Errorf("a note that is gone: %+v, %v", got, err)
	}
	if err := s.put(ctx, below+"1/"+deliveryNote, []byte("a stranger's")); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Delivery(ctx, below+"1/"+deliveryNote); err == nil || !strings.Contains(err.Error(), "does not say where") {
		t.Errorf("a note of a stranger's: %v", err)
	}
}
