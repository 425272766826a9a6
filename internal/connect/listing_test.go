package connect_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/google/go-cmp/cmp"

	"github.com/sealift/sealift/internal/connect"
)

// Keys that XML cannot carry come as they are, from each listing, and the next page is asked for by what S3 meant.
func TestListingsHaveAnyKey(t *testing.T) {
	var asked []string
	// Servers differ in how they spell a blank. Slashes stay.
	const one, two = "in/a+b%2Bc%2525%01%0A%C3%A9", "in/a%20b"
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		if q.Get("encoding-type") != "url" {
			http.Error(w, "the keys of this bucket are not to be had in XML", http.StatusBadRequest)
			return
		}
		asked = append(asked, q.Get("key-marker"))
		more := q.Get("key-marker") == "" && q.Get("continuation-token") == ""
		key := two
		if more {
			key = one
		}
		list := map[bool]string{true: "ListVersionsResult", false: "ListMultipartUploadsResult"}[q.Has("versions")]
		entries := fmt.Sprintf("<Version><Key>%[1]s</Key></Version><DeleteMarker><Key>%[1]s</Key></DeleteMarker><Upload><Key>%[1]s</Key></Upload>", key)
		if q.Has("list-type") {
			list, entries = "ListBucketResult", fmt.Sprintf("<Contents><Key>%s</Key></Contents><NextContinuationToken>t+o%%20ken</NextContinuationToken>", key)
		}
		_, _ = fmt.Fprintf(w, `<%s><EncodingType>url</EncodingType><IsTruncated>%t</IsTruncated><NextKeyMarker>%s</NextKeyMarker><Prefix>%s</Prefix>`+
			`%s<CommonPrefixes><Prefix>%s/</Prefix></CommonPrefixes></%[1]s>`, list, more, key, "in/%01", entries, key) // the client sees what comes of it
	}))
	defer server.Close()
	t.Setenv("AWS_ENDPOINT_URL", server.URL)
	t.Setenv("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "example")
	cfg, err := connect.Config(t.Context(), "eu-west-1", connect.Role{})
	if err != nil {
		t.Fatal(err)
	}
	client := s3.NewFromConfig(cfg, func(o *s3.Options) { o.UsePathStyle = true })
	bucket := aws.String("b")
	const plain, other = "in/a b+c%25\x01\né", "in/a b"
	for name, c := range map[string]struct {
		list func() ([]string, error)
		want []string
	}{
		"objects": {func() (got []string, err error) {
			pages := s3.NewListObjectsV2Paginator(client, &s3.ListObjectsV2Input{Bucket: bucket})
			for err == nil && pages.HasMorePages() {
				var page *s3.ListObjectsV2Output
				if page, err = pages.NextPage(t.Context()); err == nil {
					got = append(got, *page.Contents[0].Key, *page.CommonPrefixes[0].Prefix, *page.Prefix)
				}
			}
			return got, err
		}, []string{plain, plain + "/", "in/\x01", other, other + "/", "in/\x01"}},
		"versions": {func() (got []string, err error) {
			asked = nil
			pages := s3.NewListObjectVersionsPaginator(client, &s3.ListObjectVersionsInput{Bucket: bucket})
			for err == nil && pages.HasMorePages() {
				var page *s3.ListObjectVersionsOutput
				if page, err = pages.NextPage(t.Context()); err == nil {
					got = append(got, *page.Versions[0].Key, *page.DeleteMarkers[0].Key, *page.CommonPrefixes[0].Prefix)
				}
			}
			return append(got, asked...), err
		}, []string{plain, plain, plain + "/", other, other, other + "/", "", plain}},
		"uploads": {func() (got []string, err error) {
			asked = nil
			pages := s3.NewListMultipartUploadsPaginator(client, &s3.ListMultipartUploadsInput{Bucket: bucket})
			for err == nil && pages.HasMorePages() {
				var page *s3.ListMultipartUploadsOutput
				if page, err = pages.NextPage(t.Context()); err == nil {
					got = append(got, *page.Uploads[0].Key, *page.CommonPrefixes[0].Prefix)
				}
			}
			return append(got, asked...), err
		}, []string{plain, plain + "/", other, other + "/", "", plain}},
	} {
		got, err := c.list()
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}
