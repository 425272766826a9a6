package transfer

import (
	"context"
	"errors"
	"io"

	"github.com/sealift/sealift/internal/local/transfer/command"
	"github.com/sealift/sealift/internal/local/transfer/envelope"
)

// loadFile is one object that a COPY reads.
type loadFile struct {
	command.Location
	optional bool  // may be missing: listed in a manifest without "mandatory": true
	size     int64 // of the object; -1 if the manifest does not tell
}

// locate answers the objects that a COPY reads: every one whose key begins with the path (a prefix, not a folder), or
// those of the manifest, twice if listed twice (Redshift manual, COPY from Amazon S3).
func (e *Engine) locate(ctx context.Context, store Store, c *command.Copy) ([]loadFile, error) {
	if err := e.checkRegion(ctx, store, c.From.Bucket, c.Region); err != nil {
		return nil, err
	}
	if c.Manifest {
		return e.listed(ctx, store, c)
	}
	var files []loadFile
	err := store.List(ctx, c.From.Bucket, c.From.Key, func(o ObjectInfo) error {
		files = append(files, loadFile{Location: command.Location{Bucket: c.From.Bucket, Key: o.Key}, size: o.Size})
		return nil
	})
	if err != nil {
		return nil, doing(err, "Listing bucket=%s prefix=%s", c.From.Bucket, c.From.Key)
	}
	if len(files) == 0 {
		return nil, doing(internal("The specified S3 prefix '%s' does not exist", c.From.Key), "Listing bucket=%s prefix=%s", c.From.Bucket, c.From.Key)
	}
	return files, nil
}

// listed answers the objects that a manifest lists.
func (e *Engine) listed(ctx context.Context, store Store, c *command.Copy) ([]loadFile, error) {
	text, err := fetchManifest(ctx, store, c)
	if err != nil {
		var s *StoreError
		if errors.As(err, &s) && s.Code == "NoSuchKey" {
			return nil, internal("COPY with MANIFEST parameter requires full path of an S3 object. (code 8001)")
		}
		return nil, err
	}
	entries, err := parseManifest(text)
	if err != nil {
		return nil, err
	}
	checked := map[string]bool{c.From.Bucket: true}
	files := make([]loadFile, 0, len(entries))
	for _, entry := range entries {
		loc, err := command.ParseLocation(entry.URL)
		if err != nil {
			return nil, err
		}
		if !checked[loc.Bucket] {
			if err := e.checkRegion(ctx, store, loc.Bucket, c.Region); err != nil {
				return nil, err
			}
			checked[loc.Bucket] = true
		}
		f := loadFile{Location: loc, optional: !entry.Mandatory, size: -1}
		if entry.Meta != nil && entry.Meta.ContentLength != nil {
			f.size = *entry.Meta.ContentLength
		}
		if c.Format == command.Parquet && f.size < 0 {
			return nil, internal("Manifest file does not contain 'meta.content_length' for %s, which COPY from PARQUET requires", entry.URL)
		}
		files = append(files, f)
	}
	return files, nil
}

// fetchManifest reads the manifest of a COPY. With ENCRYPTED it may be encrypted, as UNLOAD leaves it, or not, as the
// manual wants it (c_loading-encrypted-files).
func fetchManifest(ctx context.Context, store Store, c *command.Copy) ([]byte, error) {
	r, info, err := openObject(ctx, store, c.From)
	if err != nil {
		return nil, err
	}
	if envelope.Sealed(info.Meta) && c.MasterKey != nil {
		plain, err := unsealed(c.MasterKey, r, info)
		if err != nil {
			return nil, errors.Join(doing(err, "Reading %s", c.From), r.Close())
		}
		r = plain
	}
	return readWhole(r, c.From, maxManifest)
}

// fetch reads a small object whole.
func fetch(ctx context.Context, store Store, loc command.Location, limit int64) ([]byte, error) {
	r, _, err := openObject(ctx, store, loc)
	if err != nil {
		return nil, err
	}
	return readWhole(r, loc, limit)
}

func readWhole(r io.ReadCloser, loc command.Location, limit int64) ([]byte, error) {
	text, err := io.ReadAll(io.LimitReader(r, limit+1))
	err = errors.Join(err, r.Close())
	switch {
	case err != nil:
		return nil, doing(err, "Reading %s", loc)
	case int64(len(text)) > limit:
		return nil, internal("%s is larger than %d bytes", loc, limit)
	}
	return text, nil
}

// openObject opens an object for reading. What a customer's own key encrypts cannot be read by COPY: S3 asks for the key,
// and COPY has no way to send it (Redshift manual, c_loading-encrypted-files).
func openObject(ctx context.Context, store Store, loc command.Location) (io.ReadCloser, ObjectInfo, error) {
	r, info, err := store.Open(ctx, loc.Bucket, loc.Key)
	if err != nil {
		return nil, info, doing(err, "Reading %s", loc)
	}
	if info.SSEC {
		err := &StoreError{
			Code: "InvalidRequest", Status: 400,
			Message: "The object was stored using a form of Server Side Encryption. The correct parameters must be provided to retrieve the object.",
		}
		return nil, info, doing(errors.Join(err, r.Close()), "Reading %s", loc)
	}
	return r, info, nil
}
