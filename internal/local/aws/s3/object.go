package s3

import (
	"context"
	"io"
	"time"

	"github.com/sealift/sealift/internal/local/aws/awserr"
)

// Encryption is what a request asks for. The zero value asks for nothing: the bucket's default decides.
type Encryption struct {
	Algorithm string            // "AES256", "aws:kms"; "" is the bucket's default
	KMSKey    string            // with aws:kms: key id, ARN or alias; "" is the AWS managed key aws/s3
	Context   map[string]string // with aws:kms: the caller's own pairs of the encryption context
	BucketKey *bool             // with aws:kms: overrides the bucket's setting
	Customer  []byte            // SSE-C: the customer's key, 32 bytes; then Algorithm is ""
}

// Conditions make a request depend on the object there is. ETags are without quotes.
type Conditions struct {
	IfMatch           string
	IfNoneMatch       string // "*" alone makes sense for writes
	IfModifiedSince   time.Time
	IfUnmodifiedSince time.Time
}

// PutInput describes a new object.
type PutInput struct {
	Bucket, Key  string
	Encryption   Encryption
	Headers      map[string]string // Content-Type and the other headers that S3 gives back as they came
	Meta         map[string]string // user metadata, names in lower case without "x-amz-meta-"
	Tags         map[string]string
	StorageClass string // "" is STANDARD
	Length       int64  // of the content; negative if not known
	Checksum     Checksum
	Conditions   Conditions
}

// ObjectInfo is what S3 tells about an object (version).
type ObjectInfo struct {
	Bucket, Key  string
	VersionID    string // "" while the bucket's versioning was never enabled
	DeleteMarker bool
	Size         int64
	ETag         string // without quotes
	Modified     time.Time
	Headers      map[string]string
	Meta         map[string]string
	Tags         map[string]string
	StorageClass string
	Algorithm    string // "AES256", "aws:kms"; "" for SSE-C
	KMSKeyARN    string
	BucketKey    bool
	CustomerMD5  string // SSE-C: MD5 of the customer's key, in base64
	Checksum     Checksum
	Parts        int // of a multipart upload, else 0
}

// SSEC tells whether the object can be read only with the customer's key.
func (o ObjectInfo) SSEC() bool { return o.CustomerMD5 != "" }

// Range is a part of an object's content: Length bytes from Offset, or to the end if Length is negative. A negative
// Offset counts from the end.
type Range struct{ Offset, Length int64 }

// GetInput names an object to read.
type GetInput struct {
	Bucket, Key string
	VersionID   string // "" is the current version
	Range       *Range // nil is the whole
	PartNumber  int    // reads one part of a multipart upload instead
	Customer    []byte // SSE-C: the customer's key
	Conditions  Conditions
}

// Object is an object being read.
type Object struct {
	ObjectInfo
	Offset, Length int64 // what Body yields of the content
	Body           io.ReadCloser
}

// Deleted is the answer to DeleteObject.
type Deleted struct {
	VersionID string
	Marker    bool // a delete marker was made, or the version deleted was one
}

// ListInput asks for a page of a listing.
type ListInput struct {
	Bucket     string
	Prefix     string
	Delimiter  string
	StartAfter string
	Max        int // 0 is 1000
}

// ListResult is a page of a listing, in UTF-8 order of the keys.
type ListResult struct {
	Objects   []ObjectInfo
	Prefixes  []string // what Delimiter rolled up
	Truncated bool
	Next      string // StartAfter of the next page
}

// Checksum is one of S3's additional checksums.
type Checksum struct {
	Algorithm string // CRC32, CRC32C, CRC64NVME, SHA1, SHA256; "" in a request: the caller sends none
	Value     string // base64; with "-N" if it is a composite of N parts; "" in a request: compute it
	Type      string // FULL_OBJECT or COMPOSITE
}

// PutObject writes an object. Nothing is visible, and nothing stays on disk, unless it succeeds.
func (c *Caller) PutObject(ctx context.Context, in PutInput, body io.Reader) (ObjectInfo, error) {
	return ObjectInfo{}, awserr.NotImitated("PutObject")
}

// GetObject opens an object for reading. The caller closes Body.
func (c *Caller) GetObject(ctx context.Context, in GetInput) (*Object, error) {
	return nil, awserr.NotImitated("GetObject")
}

// HeadObject tells about an object. Range is ignored.
func (c *Caller) HeadObject(ctx context.Context, in GetInput) (ObjectInfo, error) {
	return ObjectInfo{}, awserr.NotImitated("HeadObject")
}

// DeleteObject deletes a version, or the current one if versionID is "": then, in a versioned bucket, it only puts a
// delete marker on top.
func (c *Caller) DeleteObject(ctx context.Context, bucket, key, versionID string) (Deleted, error) {
	return Deleted{}, awserr.NotImitated("DeleteObject")
}

// List gives a page of the current objects of a bucket.
func (c *Caller) List(ctx context.Context, in ListInput) (ListResult, error) {
	return ListResult{}, awserr.NotImitated("ListObjectsV2")
}
