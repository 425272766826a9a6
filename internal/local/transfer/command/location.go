package command

import (
	"strings"

	"github.com/sealift/sealift/internal/local/dialect"
)

// Location is a place in S3: a bucket and a key or the beginning of keys.
type Location struct {
	Bucket string
	Key    string
}

// String is the location as an S3 URL.
func (l Location) String() string { return "s3://" + l.Bucket + "/" + l.Key }

// ParseLocation reads s3://bucket/key; the key may be empty.
func ParseLocation(url string) (Location, error) {
	rest, ok := strings.CutPrefix(url, "s3://")
	bucket, key, _ := strings.Cut(rest, "/")
	if !ok || bucket == "" {
		return Location{}, failf(codeInvalid, "S3 path \""+url+"\" is not valid: it must be of the form s3://bucket/key")
	}
	return Location{Bucket: bucket, Key: key}, nil
}

func parseSource(url string) (Location, *dialect.Error) {
	for scheme, what := range map[string]string{"emr://": "COPY from Amazon EMR", "dynamodb://": "COPY from Amazon DynamoDB"} {
		if strings.HasPrefix(url, scheme) {
			return Location{}, refused(what)
		}
	}
	loc, err := ParseLocation(url)
	if err != nil {
		return Location{}, err.(*dialect.Error) //nolint:errorlint,forcetypeassert // ParseLocation makes no other
	}
	if strings.HasSuffix(loc.Bucket, "-s3alias") || strings.HasPrefix(loc.Bucket, "arn:") {
		return Location{}, refused("an S3 access point in place of a bucket")
	}
	return loc, nil
}
