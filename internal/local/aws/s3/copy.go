package s3

import (
	"context"
	"errors"
	"net/http"
)

// CopyInput describes a copy.
type CopyInput struct {
	From GetInput // what is read; its Conditions are those of the headers x-amz-copy-source-if-
	To   PutInput // what is written; encryption is never inherited from the source
	// ReplaceMeta and ReplaceTags take To's metadata (with headers) and tags instead of the source's.
	ReplaceMeta, ReplaceTags bool
}

// CopyObject copies an object, of up to 5 GiB, under the encryption that To asks for. It tells about the copy and about
// the source.
func (c *Caller) CopyObject(ctx context.Context, in CopyInput) (done, from ObjectInfo, err error) {
	b, v, err := c.source(in.From)
	if err != nil {
		return ObjectInfo{}, ObjectInfo{}, err
	}
	done, err = c.copyPinned(ctx, b, v, in)
	return done, b.info(in.From.Key, v), errors.Join(err, c.s.content.unpin(v.Pieces))
}

func (c *Caller) copyPinned(ctx context.Context, b *bucket, v *version, in CopyInput) (ObjectInfo, error) {
	to := in.To
	if in.From.Bucket == to.Bucket && in.From.Key == to.Key && in.From.VersionID == "" &&
		!in.ReplaceMeta && to.StorageClass == "" && to.Encryption.Algorithm == "" && to.Encryption.Customer == nil {
		return ObjectInfo{}, invalidRequest("This copy request is illegal because it is trying to copy an object to itself without changing the object's metadata, storage class, website redirect location or encryption attributes.")
	}
	if v.Size > maxPut {
		return ObjectInfo{}, invalidRequest("The specified copy source is larger than the maximum allowable size for a copy source: 5368709120")
	}
	if !in.ReplaceMeta {
		to.Headers, to.Meta = v.Headers, v.Meta
	}
	if !in.ReplaceTags {
		to.Tags = v.Tags
		if len(v.Tags) > 0 {
			action := versioned("s3:GetObject", in.From.VersionID, "Tagging")
			if err := c.permitRead(b, action, in.From.Key, v, in.From.VersionID); err != nil {
				return ObjectInfo{}, err
			}
		}
	}
	if to.Checksum.Algorithm == "" && v.Checksum.Type == fullObject {
		to.Checksum.Algorithm = v.Checksum.Algorithm
	}
	to.Length = v.Size
	body, err := c.open(ctx, b, v, in.From, 0, v.Size)
	if err != nil {
		return ObjectInfo{}, err
	}
	info, err := c.PutObject(ctx, to, body)
	if err := errors.Join(err, body.Close()); err != nil {
		return ObjectInfo{}, err
	}
	return info, nil
}

// source finds what is copied. Its content is pinned.
func (c *Caller) source(from GetInput) (*bucket, *version, error) {
	if err := checkKey(from.Key); err != nil {
		return nil, nil, err
	}
	b, err := c.ownedBucket(from.Bucket, c.sourceOwner)
	if err != nil {
		return nil, nil, err
	}
	v, err := c.pinned(b, from, versioned("s3:GetObject", from.VersionID, ""))
	if f, ok := errors.AsType[*fault](err); ok && f.err.Status == http.StatusNotModified {
		err = preconditionFailed("x-amz-copy-source-If-None-Match") // a copy has no "not modified"
	}
	return b, v, err
}

// open reads a part of a pinned version. The reader pins it once more.
func (c *Caller) open(ctx context.Context, b *bucket, v *version, from GetInput, offset, length int64) (*contentReader, error) {
	dataKey, err := c.openDataKey(ctx, b.config(), from.Key, v.Sealing, from.Customer)
	if err != nil {
		return nil, err
	}
	c.s.content.pin(v.Pieces)
	return c.s.content.read(v.Pieces, dataKey, offset, length), nil
}

// UploadPartCopy stores a part that is copied from an object, or from a range of it. It tells about the part and about
// the source.
func (c *Caller) UploadPartCopy(ctx context.Context, in GetInput, to UploadInput) (done PartInfo, from ObjectInfo, err error) {
	b, v, err := c.source(in)
	if err != nil {
		return PartInfo{}, ObjectInfo{}, err
	}
	defer func() { err = errors.Join(err, c.s.content.unpin(v.Pieces)) }()
	from = b.info(in.Key, v)
	where := &Object{}
	err = where.locate(v, in)
	if err != nil || in.Range != nil && in.Range.Offset+in.Range.Length > v.Size { // no reading up to the end here
		return PartInfo{}, from, invalidArgument("x-amz-copy-source-range", in.Range.String(), "Range specified is not valid for source object of size: "+sizeText(v.Size))
	}
	body, err := c.open(ctx, b, v, in, where.Offset, where.Length)
	if err != nil {
		return PartInfo{}, from, err
	}
	to.Length, to.copied = where.Length, true
	done, err = c.UploadPart(ctx, to, body)
	return done, from, errors.Join(err, body.Close())
}
