package job

import (
	"regexp"
	"strings"
)

var address = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9+.-]+:/`)

// IsOddAddress tells that a place is written as an address, and not as one of S3: http://HOST, s3:/BUCKET, S3://BUCKET. Taken for a path of
// this machine, it would be a folder that nobody means. Who does mean it writes ./ before it.
func IsOddAddress(place string) bool {
	return address.MatchString(place) && !strings.HasPrefix(place, "s3://")
}
