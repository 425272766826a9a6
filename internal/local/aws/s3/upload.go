package s3

import (
	"cmp"
	"context"
	"crypto/md5" //nolint:gosec // S3's ETag and Content-MD5; no secret rests on it
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/sealift/sealift/internal/local/aws/policy"
)

// The limits of multipart uploads: S3 user guide, "Amazon S3 multipart upload limits".
const (
	maxParts    = 10_000
	minPartSize = 5 << 20 // of every part but the last
)

// upload is a multipart upload in progress. Its description never changes; parts are guarded by the bucket's mutex.
type upload struct {
	ID           string
	Key          string
	Initiated    time.Time
	Initiator    string // ARN
	Headers      map[string]string
	Meta         map[string]string
	Tags         map[string]string
	StorageClass string
	Sealing      sealing
	Checksum     string // algorithm
	ChecksumType string
	Declared     bool // the client named the algorithm
	parts        map[int]part
}

// part is one part of a multipart upload.
type part struct {
	Number   int
	Piece    piece
	ETag     string
	Checksum Checksum
	Sent     Checksum // the client's, where it is of another algorithm
	Modified time.Time
}

// UploadInfo tells about a multipart upload.
type UploadInfo struct {
	Bucket, Key  string
	ID           string
	Initiated    time.Time
	Initiator    string // ARN
	StorageClass string
	Algorithm    string // of the encryption
	KMSKeyARN    string
	BucketKey    bool
	CustomerMD5  string
	Checksum     string // algorithm
	ChecksumType string
}

// PartInfo tells about a part.
type PartInfo struct {
	Number   int
	Size     int64
	ETag     string
	Checksum Checksum
	Modified time.Time
	Upload   UploadInfo // set by UploadPart
}

// UploadInput names a part of an upload.
type UploadInput struct {
	Bucket, Key, UploadID string
	Number                int
	Length                int64 // 0 if it is not known
	Checksum              Checksum
	Customer              []byte // SSE-C: the customer's key

	copied bool // the content is a copy, of which no client has sent a checksum
}

// CompleteInput says which parts, in order, make the object.
type CompleteInput struct {
	Bucket, Key, UploadID string
	Parts                 []PartInfo // Number, ETag and, where the client sent one, Checksum
	Checksum              Checksum   // of the whole, if the client sent one
	Size                  *int64     // of the whole, if the client told
	Customer              []byte
	Conditions            Conditions
}

func (b *bucket) uploadPath(id string) string { return filepath.Join(b.uploadDir(), id) }

func (b *bucket) loadUploads() error {
	return eachJSON(b.uploadDir(), func(path string) error {
		id := filepath.Base(filepath.Dir(path))
		u := b.uploads[id]
		if u == nil {
			u = &upload{parts: map[int]part{}}
			b.uploads[id] = u
		}
		if filepath.Base(path) == "upload.json" {
			return readJSON(path, u)
		}
		var p part
		if err := readJSON(path, &p); err != nil {
			return err
		}
		u.parts[p.Number] = p
		return nil
	})
}

func (b *bucket) uploadInfo(u *upload) UploadInfo {
	b.mu.RLock()
	defer b.mu.RUnlock()
	return b.uploadInfoLocked(u)
}

func (b *bucket) uploadInfoLocked(u *upload) UploadInfo {
	return UploadInfo{
		Bucket: b.conf.Name, Key: u.Key, ID: u.ID, Initiated: u.Initiated, Initiator: u.Initiator, StorageClass: u.StorageClass,
		Algorithm: u.Sealing.Algorithm, KMSKeyARN: u.Sealing.KMSKeyARN, BucketKey: u.Sealing.BucketKey, CustomerMD5: u.Sealing.CustomerMD5,
		Checksum: u.Checksum, ChecksumType: u.ChecksumType,
	}
}

// CreateUpload begins a multipart upload. in.Checksum names the algorithm and type of its checksum.
func (c *Caller) CreateUpload(ctx context.Context, in PutInput) (UploadInfo, error) {
	b, ch, err := c.begin(in)
	if err != nil {
		return UploadInfo{}, err
	}
	_, seal, err := c.newDataKey(ctx, b.config(), in.Key, ch)
	if err != nil {
		return UploadInfo{}, err
	}
	u, err := c.register(b, in, seal)
	if err != nil {
		return UploadInfo{}, err
	}
	return b.uploadInfo(u), nil
}

func (c *Caller) register(b *bucket, in PutInput, seal sealing) (*upload, error) {
	u := &upload{
		ID: newID() + newID(), Key: in.Key, Initiated: c.s.now(), Headers: in.Headers, Meta: in.Meta, Tags: in.Tags,
		StorageClass: in.StorageClass, Sealing: seal, Checksum: cmp.Or(in.Checksum.Algorithm, crc64nvmeName),
		Declared: in.Checksum.Algorithm != "", parts: map[int]part{},
	}
	if c.id != nil {
		u.Initiator = c.id.ARN
	}
	var err error
	if u.ChecksumType, err = checkType(u.Checksum, in.Checksum.Type); err != nil {
		return nil, err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.gone {
		return nil, noSuchBucket(b.conf.Name)
	}
	if err := writeJSON(filepath.Join(b.uploadPath(u.ID), "upload.json"), u); err != nil {
		return nil, fmt.Errorf("describe an upload: %w", err)
	}
	b.uploads[u.ID] = u
	return u, nil
}

// upload finds an upload, which must be of the key.
func (b *bucket) upload(key, id string) (*upload, error) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	if u := b.uploads[id]; u != nil && u.Key == key {
		return u, nil
	}
	return nil, noSuchUpload(id)
}

// resume finds an upload and asks for the right to go on with it. To policies, parts come under the encryption that the
// upload was begun with, although they have no headers for it: one that demands SSE-KMS lets them pass.
func (c *Caller) resume(bucket, key, id, action string, creates bool) (*bucket, *upload, error) {
	if err := checkKey(key); err != nil {
		return nil, nil, err
	}
	b, err := c.bucket(bucket)
	if err != nil {
		return nil, nil, err
	}
	u, missing := b.upload(key, id)
	extra := policy.Context{}
	if action == "s3:PutObject" {
		extra["s3:objectcreationoperation"] = []string{strconv.FormatBool(creates)}
		if u != nil {
			maps.Copy(extra, u.Sealing.conditions())
		}
	}
	if err := c.permit(b, action, key, extra); err != nil {
		return nil, nil, err
	}
	return b, u, missing
}

// conditions are the condition keys of a request that had asked for this encryption.
func (s sealing) conditions() policy.Context {
	switch {
	case s.CustomerMD5 != "":
		return policy.Context{sseConditions + "-customer-algorithm": {sseS3}}
	case s.Algorithm == sseKMS:
		return policy.Context{sseConditions: {sseKMS}, sseConditions + "-aws-kms-key-id": {s.KMSKeyARN}}
	default:
		return policy.Context{sseConditions: {s.Algorithm}}
	}
}

// UploadPart stores one part. With SSE-KMS the caller needs kms:Decrypt: the upload's data key is opened.
func (c *Caller) UploadPart(ctx context.Context, in UploadInput, body io.Reader) (PartInfo, error) {
	if err := checkPart(in.Number); err != nil {
		return PartInfo{}, err
	}
	if err := in.Checksum.valid(); err != nil {
		return PartInfo{}, err
	}
	b, u, err := c.resume(in.Bucket, in.Key, in.UploadID, "s3:PutObject", false)
	if err != nil {
		return PartInfo{}, err
	}
	// A client that named no algorithm may send any with its parts. One that named a composite must send it.
	sent := in.Checksum.Algorithm
	if u.Declared && sent != u.Checksum && (sent != "" || u.ChecksumType == composite && !in.copied) {
		return PartInfo{}, invalidRequest(fmt.Sprintf("Checksum Type mismatch occurred, expected checksum Type: %s, actual checksum Type: %s",
			strings.ToLower(u.Checksum), strings.ToLower(cmp.Or(sent, "null"))))
	}
	dataKey, err := c.openDataKey(ctx, b.config(), in.Key, u.Sealing, in.Customer)
	if err != nil {
		return PartInfo{}, err
	}
	stored, err := c.s.store(ctx, dataKey, u.Sealing, in.Length, u.Checksum, in.Checksum, body)
	if err != nil {
		return PartInfo{}, err
	}
	info, err := c.s.addPart(b, u, part{
		Number: in.Number, Piece: stored.piece, ETag: stored.etag, Checksum: stored.checksum, Sent: stored.sent, Modified: c.s.now(),
	})
	info.Upload = b.uploadInfo(u)
	return info, err
}

func checkPart(number int) error {
	if number < 1 || number > maxParts {
		return invalidArgument("partNumber", strconv.Itoa(number), "Part number must be an integer between 1 and 10000, inclusive")
	}
	return nil
}

// addPart puts a stored part into its upload, in the place of an earlier one of that number.
func (s *Service) addPart(b *bucket, u *upload, p part) (PartInfo, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	err := noSuchUpload(u.ID) // aborted or completed while the part arrived
	if b.uploads[u.ID] != nil {
		err = writeJSON(filepath.Join(b.uploadPath(u.ID), strconv.Itoa(p.Number)+".json"), p)
	}
	if err != nil {
		return PartInfo{}, errors.Join(err, s.content.remove([]piece{p.Piece}))
	}
	if old, ok := u.parts[p.Number]; ok {
		s.discard([]piece{old.Piece})
	}
	u.parts[p.Number] = p
	return p.info(), nil
}

func (p part) info() PartInfo {
	return PartInfo{Number: p.Number, Size: p.Piece.Size, ETag: p.ETag, Checksum: p.shown(), Modified: p.Modified}
}

// shown is the checksum that the client knows the part by.
func (p part) shown() Checksum {
	if p.Sent.Value != "" {
		return p.Sent
	}
	return p.Checksum
}

// CompleteUpload makes the object. With SSE-KMS the caller needs kms:Decrypt.
func (c *Caller) CompleteUpload(ctx context.Context, in CompleteInput) (ObjectInfo, error) {
	b, u, err := c.resume(in.Bucket, in.Key, in.UploadID, "s3:PutObject", true)
	if err != nil {
		return ObjectInfo{}, err
	}
	if _, err := c.openDataKey(ctx, b.config(), in.Key, u.Sealing, in.Customer); err != nil {
		return ObjectInfo{}, err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.uploads[u.ID] == nil {
		return ObjectInfo{}, noSuchUpload(u.ID)
	}
	chosen, err := u.choose(in)
	if err != nil {
		return ObjectInfo{}, err
	}
	v, err := u.assemble(chosen)
	if err != nil {
		return ObjectInfo{}, err
	}
	if in.Size != nil && *in.Size != v.Size {
		return ObjectInfo{}, invalidRequest(fmt.Sprintf("The provided 'x-amz-mp-object-size' header value %d does not match what was computed: %d", *in.Size, v.Size))
	}
	if in.Checksum.Algorithm != "" {
		if err := in.Checksum.match(v.Checksum.Value); err != nil {
			return ObjectInfo{}, err
		}
	}
	if err := c.s.conflict(in.Conditions); err != nil {
		return ObjectInfo{}, err
	}
	v.Modified = c.s.now()
	unused, err := b.putLocked(u.Key, v, in.Conditions)
	if err != nil {
		return ObjectInfo{}, err
	}
	// The object is there. A crash from here on leaves an upload that names the same content files; New forgets it.
	delete(b.uploads, u.ID)
	used := map[string]bool{}
	for _, p := range chosen {
		used[p.Piece.File] = true
	}
	for _, p := range u.parts {
		if !used[p.Piece.File] {
			unused = append(unused, p.Piece)
		}
	}
	c.s.discard(unused)
	if err := c.s.trash(b.uploadPath(u.ID)); err != nil {
		c.s.log.Warn("completed upload stays on disk", "err", err)
	}
	return b.infoLocked(u.Key, v), nil
}

// choose finds the parts that in names, and refuses a list that S3 would.
func (u *upload) choose(in CompleteInput) ([]part, error) {
	if len(in.Parts) == 0 {
		return nil, malformedXML()
	}
	for i := range in.Parts[1:] {
		if in.Parts[i].Number >= in.Parts[i+1].Number {
			return nil, refuse(http.StatusBadRequest, "InvalidPartOrder",
				"The list of parts was not in ascending order. Parts must be ordered by part number.", "UploadId", u.ID)
		}
	}
	var chosen []part
	for i, want := range in.Parts {
		p, ok := u.parts[want.Number]
		if ok && u.Declared && u.ChecksumType == composite && want.Checksum.Algorithm != u.Checksum {
			return nil, invalidRequest(fmt.Sprintf("The upload was created using a %s checksum. The complete request must include the checksum for each part. It was missing for part %d in the request.",
				strings.ToLower(u.Checksum), want.Number))
		}
		if !ok || p.ETag != want.ETag || want.Checksum.Value != "" && want.Checksum.Value != p.shown().Value {
			return nil, refuse(http.StatusBadRequest, "InvalidPart",
				"One or more of the specified parts could not be found.  The part may not have been uploaded, or the specified entity tag may not match the part's entity tag.",
				"UploadId", u.ID, "PartNumber", strconv.Itoa(want.Number), "ETag", want.ETag)
		}
		if i < len(in.Parts)-1 && p.Piece.Size < minPartSize {
			return nil, refuse(http.StatusBadRequest, "EntityTooSmall", "Your proposed upload is smaller than the minimum allowed size",
				"ProposedSize", sizeText(p.Piece.Size), "MinSizeAllowed", strconv.Itoa(minPartSize),
				"PartNumber", strconv.Itoa(p.Number), "ETag", p.ETag)
		}
		chosen = append(chosen, p)
	}
	return chosen, nil
}

// assemble describes the object that the parts make. Their content stays where it is.
func (u *upload) assemble(parts []part) (*version, error) {
	v := &version{
		Headers: u.Headers, Meta: u.Meta, Tags: u.Tags, StorageClass: u.StorageClass, Sealing: u.Sealing,
	}
	tags := md5.New() //nolint:gosec // S3's ETag
	for _, p := range parts {
		raw, err := hex.DecodeString(p.ETag)
		if err != nil {
			return nil, fmt.Errorf("etag of part %d: %w", p.Number, err)
		}
		tags.Write(raw)
		v.Size += p.Piece.Size
		v.Pieces = append(v.Pieces, p.Piece)
		v.Parts = append(v.Parts, p.Checksum)
	}
	v.ETag = fmt.Sprintf("%x-%d", tags.Sum(nil), len(parts))
	var err error
	v.Checksum, err = joinParts(u.Checksum, u.ChecksumType, parts)
	return v, err
}

// AbortUpload forgets an upload and its parts.
func (c *Caller) AbortUpload(_ context.Context, bucket, key, id string) error {
	b, u, err := c.resume(bucket, key, id, "s3:AbortMultipartUpload", false)
	if err != nil {
		return err
	}
	return c.s.forget(b, u)
}

func (s *Service) forget(b *bucket, u *upload) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.uploads[u.ID] == nil {
		return noSuchUpload(u.ID)
	}
	if err := s.trash(b.uploadPath(u.ID)); err != nil {
		return fmt.Errorf("abort an upload: %w", err)
	}
	delete(b.uploads, u.ID)
	var unused []piece
	for _, p := range u.parts {
		unused = append(unused, p.Piece)
	}
	s.discard(unused)
	return nil
}

// ListParts gives the parts of an upload whose numbers are above after, up to limit of them, and whether there are more.
func (c *Caller) ListParts(_ context.Context, bucket, key, id string, after, limit int) (UploadInfo, []PartInfo, bool, error) {
	b, u, err := c.resume(bucket, key, id, "s3:ListMultipartUploadParts", false)
	if err != nil {
		return UploadInfo{}, nil, false, err
	}
	b.mu.RLock()
	parts := maps.Clone(u.parts)
	b.mu.RUnlock()
	var all []PartInfo
	for _, number := range slices.Sorted(maps.Keys(parts)) {
		if number <= after {
			continue
		}
		if len(all) == limit {
			return b.uploadInfo(u), all, true, nil
		}
		all = append(all, parts[number].info())
	}
	return b.uploadInfo(u), all, false, nil
}
