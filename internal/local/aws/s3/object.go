package s3

import (
	"cmp"
	"context"
	"crypto/md5" //nolint:gosec // S3's ETag and Content-MD5; no secret rests on it
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"maps"
	"net/http"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/sealift/sealift/internal/local/aws/awserr"
	"github.com/sealift/sealift/internal/local/aws/policy"
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
	Length       int64  // of the content; 0 if it is not known
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

// DeleteInput names an object or version to delete.
type DeleteInput struct {
	Bucket, Key string
	VersionID   string // "" is the current version
	Conditions  Conditions
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

// maxPut is the largest object, or part, of one request: S3 user guide, "Uploading objects".
const maxPut = 5 << 30

// maxMeta is the most user metadata, names and values together.
const maxMeta = 2 << 10

func checkKey(key string) error {
	switch {
	case key == "":
		return methodNotAllowed(http.MethodPut, "BUCKET")
	case len(key) > 1024:
		return refuse(http.StatusBadRequest, "KeyTooLongError", "Your key is too long", "Size", strconv.Itoa(len(key)), "MaxSizeAllowed", "1024")
	case !utf8.ValidString(key):
		return refuse(http.StatusBadRequest, "InvalidURI", "Couldn't parse the specified URI.", "URI", key)
	}
	return nil
}

// check looks at what can be wrong with an object whatever the bucket.
func (in PutInput) check() error {
	if err := checkKey(in.Key); err != nil {
		return err
	}
	size := 0
	for name, value := range in.Meta {
		size += len(name) + len(value)
	}
	if size > maxMeta {
		return refuse(http.StatusBadRequest, "MetadataTooLarge", "Your metadata headers exceed the maximum allowed metadata size",
			"Size", strconv.Itoa(size), "MaxSizeAllowed", strconv.Itoa(maxMeta))
	}
	if err := checkStorageClass(in.StorageClass); err != nil {
		return err
	}
	return in.Checksum.valid()
}

func checkStorageClass(name string) error {
	switch name {
	case "", "STANDARD", "REDUCED_REDUNDANCY", "STANDARD_IA", "ONEZONE_IA", "INTELLIGENT_TIERING", "GLACIER_IR":
		return nil
	case "GLACIER", "DEEP_ARCHIVE", "OUTPOSTS", "SNOW", "EXPRESS_ONEZONE", "FSX_OPENZFS":
		return awserr.NotImitated("storage class " + name)
	default:
		return refuse(http.StatusBadRequest, "InvalidStorageClass", "The storage class you specified is not valid")
	}
}

// begin is what every way of making an object starts with: it finds the bucket and asks for the right to write.
func (c *Caller) begin(in PutInput) (*bucket, choice, error) {
	if err := in.check(); err != nil {
		return nil, choice{}, err
	}
	b, err := c.bucket(in.Bucket)
	if err != nil {
		return nil, choice{}, err
	}
	ch, err := c.choose(b.config(), in.Encryption)
	if err != nil {
		return nil, choice{}, err
	}
	if err := c.permit(b, "s3:PutObject", in.Key, c.putConditions(in, ch)); err != nil {
		return nil, choice{}, err
	}
	if err := c.permitTags(b, in.Key, in.Tags); err != nil {
		return nil, choice{}, err
	}
	return b, ch, nil
}

func (c *Caller) putConditions(in PutInput, ch choice) policy.Context {
	all := tagConditions(in.Tags)
	maps.Copy(all, ch.conditions)
	all["s3:objectcreationoperation"] = []string{"true"}
	if in.StorageClass != "" {
		all["s3:x-amz-storage-class"] = []string{in.StorageClass}
	}
	if in.Conditions.IfMatch != "" {
		all["s3:if-match"] = []string{in.Conditions.IfMatch}
	}
	if in.Conditions.IfNoneMatch != "" {
		all["s3:if-none-match"] = []string{in.Conditions.IfNoneMatch}
	}
	return all
}

// PutObject writes an object. Nothing is visible, and nothing stays on disk, unless it succeeds.
func (c *Caller) PutObject(ctx context.Context, in PutInput, body io.Reader) (ObjectInfo, error) {
	b, ch, err := c.begin(in)
	if err != nil {
		return ObjectInfo{}, err
	}
	// Asked once before the content is read, to fail early, and again when it is there.
	if err := in.Conditions.checkWrite(b.entry(in.Key).latest(), in.Key); err != nil {
		return ObjectInfo{}, err
	}
	dataKey, seal, err := c.newDataKey(ctx, b.config(), in.Key, ch)
	if err != nil {
		return ObjectInfo{}, err
	}
	algorithm := cmp.Or(in.Checksum.Algorithm, crc64nvmeName) // the latter is what S3 computes when the client sends none
	stored, err := c.s.store(ctx, dataKey, seal, in.Length, algorithm, in.Checksum, body)
	if err != nil {
		return ObjectInfo{}, err
	}
	return c.publish(b, in, &version{
		Size: stored.piece.Size, ETag: stored.etag, Sealing: seal, Checksum: stored.checksum, Pieces: []piece{stored.piece},
	})
}

// publish makes finished content the current version of its key.
func (c *Caller) publish(b *bucket, in PutInput, v *version) (ObjectInfo, error) {
	v.Modified = c.s.now()
	v.Headers, v.Meta, v.Tags, v.StorageClass = in.Headers, in.Meta, in.Tags, in.StorageClass
	err := c.s.conflict(in.Conditions)
	var unused []piece
	if err == nil {
		unused, err = b.put(in.Key, v, in.Conditions)
	}
	if f, ok := errors.AsType[*fault](err); ok && in.Conditions.IfMatch != "" && f.err.Code == "NoSuchKey" {
		err = conditionalConflict() // it was there when the write began: S3 user guide, "Conditional writes"
	}
	if err != nil {
		return ObjectInfo{}, errors.Join(err, c.s.content.remove(v.Pieces))
	}
	c.s.discard(unused)
	return b.info(in.Key, v), nil
}

// stored is content on disk that nothing names yet.
type stored struct {
	piece    piece
	etag     string
	checksum Checksum
	sent     Checksum // the client's, where it is of another algorithm
}

// intake writes content to disk and computes all that is told about it. Either finish or discard ends it.
type intake struct {
	*contentWriter
	algorithm string // of sum, which is kept with the content
	sum       hash.Hash
	want      Checksum  // what the client sent
	check     hash.Hash // to compare with it, if it is of another algorithm than sum; else nil
	tag       hash.Hash // nil where the ETag is not the content's MD5
}

// receive begins new content. algorithm is the checksum to keep; want is what the client sent, if anything.
func (s *Service) receive(dataKey []byte, seal sealing, algorithm string, want Checksum) (*intake, error) {
	sum, err := newChecksum(algorithm)
	if err != nil {
		return nil, err
	}
	var check hash.Hash
	if want.Algorithm != "" && want.Algorithm != algorithm {
		if check, err = newChecksum(want.Algorithm); err != nil {
			return nil, err
		}
	}
	w, err := s.content.create(dataKey)
	if err != nil {
		return nil, err
	}
	in := &intake{contentWriter: w, algorithm: algorithm, sum: sum, want: want, check: check}
	if seal.Algorithm == sseS3 { // only then: API reference, Object, ETag
		in.tag = md5.New() //nolint:gosec // S3's ETag
	}
	return in, nil
}

func (in *intake) Write(p []byte) (int, error) {
	n, err := in.contentWriter.Write(p)
	in.sum.Write(p[:n])
	if in.check != nil {
		in.check.Write(p[:n])
	}
	if in.tag != nil {
		in.tag.Write(p[:n])
	}
	return n, err
}

// finish ends the content. After an error nothing of it stays.
func (in *intake) finish() (stored, error) {
	value := base64.StdEncoding.EncodeToString(in.sum.Sum(nil))
	compared := value
	if in.check != nil {
		compared = base64.StdEncoding.EncodeToString(in.check.Sum(nil))
	}
	if err := in.want.match(compared); err != nil {
		return stored{}, errors.Join(err, in.discard())
	}
	p, err := in.keep()
	if err != nil {
		return stored{}, err
	}
	out := stored{piece: p, etag: randomETag(), checksum: Checksum{Algorithm: in.algorithm, Value: value, Type: fullObject}}
	if in.check != nil {
		out.sent = Checksum{Algorithm: in.want.Algorithm, Value: compared}
	}
	if in.tag != nil {
		out.etag = hex.EncodeToString(in.tag.Sum(nil))
	}
	return out, nil
}

// store writes body to a new content file, and removes it again if anything about it is wrong. Nothing of body counts
// before its end was seen: only then its signature has been checked.
func (s *Service) store(ctx context.Context, dataKey []byte, seal sealing, length int64, algorithm string, want Checksum, body io.Reader) (stored, error) {
	if length > maxPut {
		return stored{}, tooLarge(length)
	}
	in, err := s.receive(dataKey, seal, algorithm, want)
	if err != nil {
		return stored{}, err
	}
	n, err := io.CopyBuffer(in, io.LimitReader(untilDone{ctx.Err, body}, maxPut+1), make([]byte, 2*segmentSize))
	switch {
	case err != nil:
	case n > maxPut:
		err = tooLarge(n)
	case length > 0 && n != length:
		err = refuse(http.StatusBadRequest, "IncompleteBody", "You did not provide the number of bytes specified by the Content-Length HTTP header")
	}
	if err != nil {
		return stored{}, errors.Join(err, in.discard())
	}
	return in.finish()
}

func tooLarge(size int64) error {
	return refuse(http.StatusBadRequest, "EntityTooLarge", "Your proposed upload exceeds the maximum allowed size",
		"ProposedSize", sizeText(size), "MaxSizeAllowed", strconv.Itoa(maxPut))
}

func randomETag() string {
	tag := make([]byte, md5.Size)
	rand.Read(tag)
	return hex.EncodeToString(tag)
}

// untilDone ends a body with its request.
type untilDone struct {
	err  func() error
	body io.Reader
}

func (u untilDone) Read(p []byte) (int, error) {
	if err := u.err(); err != nil {
		return 0, err
	}
	return u.body.Read(p)
}

// discard removes content that was replaced or deleted. The operation has succeeded already, so a failure is only logged:
// the next start sweeps the file away.
func (s *Service) discard(unused []piece) {
	if err := s.content.remove(unused); err != nil {
		s.log.Warn("replaced content stays on disk", "err", err)
	}
}

// info tells about a version.
func (b *bucket) info(key string, v *version) ObjectInfo {
	b.mu.RLock()
	defer b.mu.RUnlock()
	return b.infoLocked(key, v)
}

func (b *bucket) infoLocked(key string, v *version) ObjectInfo {
	info := ObjectInfo{
		Bucket: b.conf.Name, Key: key, DeleteMarker: v.Marker, Size: v.Size, ETag: v.ETag, Modified: v.Modified,
		Headers: v.Headers, Meta: v.Meta, Tags: v.Tags, StorageClass: v.StorageClass,
		Algorithm: v.Sealing.Algorithm, KMSKeyARN: v.Sealing.KMSKeyARN, BucketKey: v.Sealing.BucketKey,
		CustomerMD5: v.Sealing.CustomerMD5, Checksum: v.Checksum, Parts: len(v.Parts),
	}
	if b.conf.Versioning != "" {
		info.VersionID = v.ID
	}
	return info
}

// look finds the version that in names, and asks for the right to read it. It pins the version's content, so that the
// caller can read it; the caller unpins it.
func (c *Caller) look(in GetInput) (*bucket, *version, error) {
	if err := checkKey(in.Key); err != nil {
		return nil, nil, err
	}
	b, err := c.bucket(in.Bucket)
	if err != nil {
		return nil, nil, err
	}
	v, err := c.pinned(b, in, versioned("s3:GetObject", in.VersionID, ""))
	return b, v, err
}

// versioned makes the name of an action, which has the word Version in it where a version is named.
func versioned(verb, versionID, noun string) string {
	if versionID != "" {
		verb += "Version"
	}
	return verb + noun
}

func (c *Caller) pinned(b *bucket, in GetInput, action string) (*version, error) {
	v, known := b.pin(c.s.content, in.Key, in.VersionID)
	err := c.permitRead(b, action, in.Key, v, in.VersionID)
	switch {
	case err != nil:
	case v == nil && in.VersionID != "":
		err = noSuchVersion(in.Key, in.VersionID)
	case v == nil:
		err = noSuchKey(in.Key)
	case v.Marker && in.VersionID == "":
		err = noSuchKey(in.Key).header("X-Amz-Delete-Marker", "true").header("X-Amz-Version-Id", v.ID)
	case v.Marker:
		err = methodNotAllowed(http.MethodGet, "DeleteMarker").
			header("X-Amz-Delete-Marker", "true").header("X-Amz-Version-Id", v.ID).header("Allow", http.MethodDelete)
	default:
		err = in.Conditions.checkRead(v)
	}
	if err != nil {
		if known {
			err = errors.Join(err, c.s.content.unpin(v.Pieces))
		}
		return nil, err
	}
	return v, nil
}

// pin finds a version and keeps its content from being deleted. Both happen in one step.
func (b *bucket) pin(content *content, key, versionID string) (v *version, pinned bool) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	e := b.entries[key]
	if versionID != "" {
		v = e.version(versionID)
	} else if e != nil {
		v = e.Versions[0]
	}
	if v == nil {
		return nil, false
	}
	content.pin(v.Pieces)
	return v, true
}

// GetObject opens an object for reading. The caller closes Body.
func (c *Caller) GetObject(ctx context.Context, in GetInput) (*Object, error) {
	b, v, err := c.look(in)
	if err != nil {
		return nil, err
	}
	out := &Object{ObjectInfo: b.info(in.Key, v)}
	if err := out.locate(v, in); err != nil {
		return nil, errors.Join(err, c.s.content.unpin(v.Pieces))
	}
	dataKey, err := c.openDataKey(ctx, b.config(), in.Key, v.Sealing, in.Customer)
	if err != nil {
		return nil, errors.Join(err, c.s.content.unpin(v.Pieces))
	}
	out.Body = c.s.content.read(v.Pieces, dataKey, out.Offset, out.Length)
	return out, nil
}

// locate says which bytes of the content are asked for.
func (o *Object) locate(v *version, in GetInput) error {
	o.Length = v.Size
	switch {
	case in.PartNumber > 0 && in.Range != nil:
		return invalidRequest("Cannot specify both Range header and partNumber query parameter")
	case in.PartNumber > max(1, len(v.Parts)):
		return refuse(http.StatusRequestedRangeNotSatisfiable, "InvalidPartNumber", "The requested partnumber is not satisfiable",
			"PartNumberRequested", strconv.Itoa(in.PartNumber), "ActualPartCount", strconv.Itoa(max(1, len(v.Parts))))
	case in.PartNumber > 0 && len(v.Parts) > 0:
		for _, p := range v.Pieces[:in.PartNumber-1] {
			o.Offset += p.Size
		}
		o.Length = v.Pieces[in.PartNumber-1].Size
	case in.Range != nil:
		start, length := in.Range.Offset, in.Range.Length
		if start < 0 {
			start = max(0, v.Size+start)
		}
		if length < 0 || length > v.Size-start {
			length = v.Size - start
		}
		if start >= v.Size || length == 0 || in.Range.Offset < 0 && v.Size == 0 {
			return refuse(http.StatusRequestedRangeNotSatisfiable, "InvalidRange", "The requested range is not satisfiable",
				"RangeRequested", in.Range.String(), "ActualObjectSize", sizeText(v.Size),
			).header("Content-Range", fmt.Sprintf("bytes */%d", v.Size))
		}
		o.Offset, o.Length = start, length
	}
	return nil
}

// String writes the range as the HTTP header does.
func (r Range) String() string {
	switch {
	case r.Offset < 0:
		return fmt.Sprintf("bytes=%d", r.Offset)
	case r.Length < 0:
		return fmt.Sprintf("bytes=%d-", r.Offset)
	default:
		return fmt.Sprintf("bytes=%d-%d", r.Offset, r.Offset+r.Length-1)
	}
}

// HeadObject tells about an object, and where in it the range or part is that in asks for. Reading the description needs
// no right on a KMS key. The object has no Body.
func (c *Caller) HeadObject(_ context.Context, in GetInput) (*Object, error) {
	b, v, err := c.describe(in, versioned("s3:GetObject", in.VersionID, ""))
	if err != nil {
		return nil, err
	}
	if err := checkCustomer(v.Sealing, in.Customer); err != nil {
		return nil, err
	}
	out := &Object{ObjectInfo: b.info(in.Key, v)}
	return out, out.locate(v, in)
}

// describe finds a version whose content is not wanted.
func (c *Caller) describe(in GetInput, action string) (*bucket, *version, error) {
	if err := checkKey(in.Key); err != nil {
		return nil, nil, err
	}
	b, err := c.bucket(in.Bucket)
	if err != nil {
		return nil, nil, err
	}
	v, err := c.pinned(b, in, action)
	if err != nil {
		return nil, nil, err
	}
	if err := c.s.content.unpin(v.Pieces); err != nil {
		return nil, nil, err
	}
	return b, v, nil
}

// objectParts tells about an object and its parts.
func (c *Caller) objectParts(in GetInput) (ObjectInfo, []PartInfo, error) {
	b, v, err := c.describe(in, versioned("s3:GetObject", in.VersionID, ""))
	if err != nil {
		return ObjectInfo{}, nil, err
	}
	if err := checkCustomer(v.Sealing, in.Customer); err != nil {
		return ObjectInfo{}, nil, err
	}
	if err := c.permitRead(b, versioned("s3:GetObject", in.VersionID, "Attributes"), in.Key, v, in.VersionID); err != nil {
		return ObjectInfo{}, nil, err
	}
	var parts []PartInfo
	for i, sum := range v.Parts {
		parts = append(parts, PartInfo{Number: i + 1, Size: v.Pieces[i].Size, Checksum: sum})
	}
	return b.info(in.Key, v), parts, nil
}

// DeleteObject deletes a version, or the current one if VersionID is "": then, in a versioned bucket, it only puts a
// delete marker on top. Deleting what is not there succeeds.
func (c *Caller) DeleteObject(_ context.Context, in DeleteInput) (Deleted, error) {
	if err := checkKey(in.Key); err != nil {
		return Deleted{}, err
	}
	b, err := c.bucket(in.Bucket)
	if err != nil {
		return Deleted{}, err
	}
	extra := policy.Context{}
	if in.VersionID != "" {
		extra["s3:versionid"] = []string{in.VersionID}
	}
	if in.Conditions.IfMatch != "" {
		extra["s3:if-match"] = []string{in.Conditions.IfMatch}
	}
	if err := c.permit(b, versioned("s3:DeleteObject", in.VersionID, ""), in.Key, extra); err != nil {
		return Deleted{}, err
	}
	v, unused, err := b.delete(in.Key, in.VersionID, in.Conditions, c.s.now())
	if err != nil {
		return Deleted{}, err
	}
	c.s.discard(unused)
	out := Deleted{VersionID: in.VersionID}
	if v != nil && (in.VersionID != "" || v.Marker) {
		out.VersionID, out.Marker = v.ID, v.Marker
	}
	return out, nil
}

// checkWrite says whether a write may replace current, which is nil if there is no object.
func (c Conditions) checkWrite(current *version, key string) error {
	switch {
	case c.IfNoneMatch != "" && c.IfNoneMatch != "*":
		return refuse(http.StatusNotImplemented, "NotImplemented", "A header you provided implies functionality that is not implemented", "Header", "If-None-Match")
	case c.IfNoneMatch == "*" && current != nil:
		return preconditionFailed("If-None-Match")
	case c.IfMatch != "" && current == nil:
		return noSuchKey(key)
	case c.IfMatch != "" && c.IfMatch != "*" && c.IfMatch != current.ETag:
		return preconditionFailed("If-Match")
	}
	return nil
}

// checkRead says whether v should be read. Where two conditions disagree, RFC 9110 and S3's API reference (GetObject)
// let the ETag decide.
func (c Conditions) checkRead(v *version) error {
	modified := v.Modified.Truncate(time.Second) // what the header told
	switch {
	case c.IfMatch != "" && c.IfMatch != "*" && c.IfMatch != v.ETag:
		return preconditionFailed("If-Match")
	case c.IfMatch == "" && !c.IfUnmodifiedSince.IsZero() && modified.After(c.IfUnmodifiedSince):
		return preconditionFailed("If-Unmodified-Since")
	}
	unchanged := c.IfNoneMatch == "*" || c.IfNoneMatch == v.ETag
	if c.IfNoneMatch == "" {
		unchanged = !c.IfModifiedSince.IsZero() && !modified.After(c.IfModifiedSince)
	}
	if unchanged {
		return refuse(http.StatusNotModified, "NotModified", "Not Modified").
			header("Etag", `"`+v.ETag+`"`).header("Last-Modified", modified.UTC().Format(http.TimeFormat))
	}
	return nil
}
