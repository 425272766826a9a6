package stage

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/sealift/sealift/internal/secret"
	"github.com/sealift/sealift/journal"
)

// Part is an object that was checked: one of the stage, which Upload or Copy wrote, or one elsewhere.
type Part struct {
	Bucket string // "" is the stage's
	Key    string
	Size   int64
	Rows   int64 // in it, where the manifest is to tell; else 0
}

// Seal writes the manifest by which COPY reads parts under prefix, every one of them mandatory. Without parts there is
// nothing to COPY, and no manifest.
func (s *Stage) Seal(ctx context.Context, prefix string, parts []Part) (journal.Facts, error) {
	if len(parts) == 0 {
		return journal.Facts{}, nil
	}
	return s.WriteManifest(ctx, prefix+copyManifest, parts)
}

// WriteManifest writes a manifest of parts, as COPY reads it, at a key.
func (s *Stage) WriteManifest(ctx context.Context, key string, parts []Part) (journal.Facts, error) {
	return s.writeManifest(key, parts, func(text []byte) error { return s.put(ctx, key, text) })
}

func (s *Stage) writeManifest(key string, parts []Part, put func(text []byte) error) (journal.Facts, error) {
	out := journal.Facts{Objects: len(parts)}
	m := manifest{}
	for _, p := range parts {
		m.counted = m.counted || p.Rows > 0
		m.entries = append(m.entries, entry{bucket: p.Bucket, key: p.Key, size: p.Size, rows: p.Rows})
		out.Bytes += p.Size
	}
	text, err := m.forCopy(s.bucket)
	if err != nil {
		return out, err
	}
	sum := sha256.Sum256(text)
	out.Manifest, out.ManifestSum = s.url(key), hex.EncodeToString(sum[:])
	return out, put(text)
}

// Named answers the URLs that a manifest for COPY names; nil if there is nothing at the key.
func (s *Stage) Named(ctx context.Context, key string) ([]string, error) {
	if part, _, err := s.Existing(ctx, key); err != nil || part.Key == "" {
		return nil, err
	}
	text, err := s.manifestText(ctx, key)
	if err != nil {
		return nil, err
	}
	var m manifestJSON
	if err := json.Unmarshal(text, &m); err != nil || len(m.Entries) == 0 {
		return nil, fmt.Errorf("%s is no manifest", s.url(key))
	}
	urls := make([]string, len(m.Entries))
	for i, e := range m.Entries {
		urls[i] = e.URL
	}
	return urls, nil
}

// Put writes a small object that holds a secret, under the key, and nowhere else.
func (s *Stage) Put(ctx context.Context, key string, text secret.Value) error {
	return s.put(ctx, key, []byte(text.Reveal()))
}

// Existing answers the part at a key, checked as any, and its user metadata; a part without a key if there is none.
func (s *Stage) Existing(ctx context.Context, key string) (Part, map[string]string, error) {
	out, err := s.client.HeadObject(ctx, &s3.HeadObjectInput{Bucket: &s.bucket, Key: &key, ExpectedBucketOwner: &s.owner})
	if status(err) == http.StatusNotFound {
		return Part{}, nil, nil
	}
	if err != nil {
		return Part{}, nil, s.explain("look at "+s.url(key), "s3:GetObject", err)
	}
	size := aws.ToInt64(out.ContentLength)
	return Part{Key: key, Size: size}, out.Metadata, s.checkObject(ctx, entry{key: key, size: size})
}
