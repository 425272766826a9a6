package s3

import (
	"cmp"
	"context"
	"errors"
)

// partSize is what an object written by Create may have before it becomes a multipart upload, and the size of its parts.
const partSize = 16 << 20

// Writer is an object in the making. Exactly one of Commit and Abort ends it. It is for one goroutine.
type Writer struct {
	c       *Caller
	b       *bucket
	in      PutInput
	seal    sealing
	dataKey []byte
	next    func() error // asks whether another part may be written

	current *intake // nil between parts
	upload  *upload // nil while the object is small
	parts   []PartInfo
	err     error
}

// Create begins an object of unknown length. As long as it is small it is written like PutObject; beyond that it is a
// multipart upload, visible to ListMultipartUploads, and so needs kms:Decrypt on its KMS key besides
// kms:GenerateDataKey. Nothing else is visible before Commit. The writer works until ctx is done.
func (c *Caller) Create(ctx context.Context, in PutInput) (*Writer, error) {
	// What SDKs send by default, and the cheapest to compute.
	in.Checksum.Algorithm = cmp.Or(in.Checksum.Algorithm, crc32Name)
	b, ch, err := c.begin(in)
	if err != nil {
		return nil, err
	}
	if err := in.Conditions.checkWrite(b.entry(in.Key).latest(), in.Key); err != nil {
		return nil, err
	}
	dataKey, seal, err := c.newDataKey(ctx, b.config(), in.Key, ch)
	if err != nil {
		return nil, err
	}
	w := &Writer{c: c, b: b, in: in, seal: seal, dataKey: dataKey}
	w.next = func() error {
		if err := ctx.Err(); err != nil {
			return err
		}
		_, u, err := c.resume(in.Bucket, in.Key, w.upload.ID, "s3:PutObject", false)
		if err != nil {
			return err
		}
		_, err = c.openDataKey(ctx, b.config(), in.Key, u.Sealing, in.Encryption.Customer)
		return err
	}
	if w.current, err = c.s.receive(dataKey, seal, in.Checksum.Algorithm, Checksum{}); err != nil {
		return nil, err
	}
	return w, nil
}

// Write adds to the content. Its error is final.
func (w *Writer) Write(p []byte) (int, error) {
	written := 0
	for len(p) > 0 && w.err == nil {
		if w.current != nil && w.current.size >= partSize {
			w.err = w.endPart()
		}
		if w.current == nil && w.err == nil {
			w.current, w.err = w.c.s.receive(w.dataKey, w.seal, w.in.Checksum.Algorithm, Checksum{})
		}
		if w.err != nil {
			break
		}
		var n int
		n, w.err = w.current.Write(p[:min(int64(len(p)), partSize-w.current.size)])
		written += n
		p = p[n:]
	}
	return written, w.err
}

// endPart makes what was written a part of the upload, and begins the upload if it is the first.
func (w *Writer) endPart() error {
	if w.upload == nil {
		u, err := w.c.register(w.b, w.in, w.seal)
		if err != nil {
			return err
		}
		w.upload = u
	}
	if err := w.next(); err != nil {
		return err
	}
	done, err := w.current.finish()
	w.current = nil
	if err != nil {
		return err
	}
	info, err := w.c.s.addPart(w.b, w.upload, part{
		Number: len(w.parts) + 1, Piece: done.piece, ETag: done.etag, Checksum: done.checksum, Modified: w.c.s.now(),
	})
	if err != nil {
		return err
	}
	w.parts = append(w.parts, info)
	return nil
}

// Commit makes the object visible. If it cannot, it has cleaned up as Abort does.
func (w *Writer) Commit(ctx context.Context) (ObjectInfo, error) {
	info, err := w.commit(ctx)
	if err != nil {
		return ObjectInfo{}, errors.Join(err, w.Abort(ctx))
	}
	return info, nil
}

func (w *Writer) commit(ctx context.Context) (ObjectInfo, error) {
	if w.err != nil {
		return ObjectInfo{}, w.err
	}
	if err := ctx.Err(); err != nil {
		return ObjectInfo{}, err
	}
	if w.upload == nil {
		done, err := w.current.finish()
		w.current = nil
		if err != nil {
			return ObjectInfo{}, err
		}
		return w.c.publish(w.b, w.in, &version{
			Size: done.piece.Size, ETag: done.etag, Sealing: w.seal, Checksum: done.checksum, Pieces: []piece{done.piece},
		})
	}
	if w.current != nil {
		if err := w.endPart(); err != nil {
			return ObjectInfo{}, err
		}
	}
	info, err := w.c.CompleteUpload(ctx, CompleteInput{
		Bucket: w.in.Bucket, Key: w.in.Key, UploadID: w.upload.ID, Parts: w.parts,
		Customer: w.in.Encryption.Customer, Conditions: w.in.Conditions,
	})
	if err == nil {
		w.upload = nil
	}
	return info, err
}

// Abort removes what was written. A multipart upload needs s3:AbortMultipartUpload for that; without it the parts stay,
// as they stay on S3.
func (w *Writer) Abort(ctx context.Context) error {
	var err error
	if w.current != nil {
		err = w.current.discard()
		w.current = nil
	}
	if w.upload != nil {
		err = errors.Join(err, w.c.AbortUpload(ctx, w.in.Bucket, w.in.Key, w.upload.ID))
		w.upload = nil
	}
	return err
}
