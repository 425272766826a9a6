package stage

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// The JSON of a manifest, as far as it is used. UNLOAD ... MANIFEST VERBOSE writes it; keys it does not know are
// ignored, as COPY does: https://docs.aws.amazon.com/redshift/latest/dg/loading-data-files-using-manifest.html
type manifestJSON struct {
	Entries []entryJSON `json:"entries"`
}

type entryJSON struct {
	URL       string    `json:"url"`
	Mandatory bool      `json:"mandatory,omitempty"`
	Meta      *metaJSON `json:"meta,omitempty"`
}

type metaJSON struct {
	ContentLength *int64 `json:"content_length,omitempty"`
	RecordCount   *int64 `json:"record_count,omitempty"`
}

// parseManifest reads UNLOAD's manifest and refuses anything that UNLOAD would not have written to prefix: objects
// elsewhere, twice the same object, missing sizes or counts.
func parseManifest(text []byte, bucket, prefix string) (*manifest, error) {
	var in manifestJSON
	if err := json.Unmarshal(text, &in); err != nil {
		return nil, fmt.Errorf("not a manifest: %w", err)
	}
	if in.Entries == nil {
		return nil, errors.New("not a manifest: no entries")
	}
	m := &manifest{entries: make([]entry, 0, len(in.Entries))}
	seen := make(map[string]bool, len(in.Entries))
	for i, e := range in.Entries {
		key, ok := strings.CutPrefix(e.URL, "s3://"+bucket+"/")
		if !ok || !strings.HasPrefix(key, prefix) || key == prefix {
			return nil, fmt.Errorf("entry %d names %q, which is not under s3://%s/%s", i+1, e.URL, bucket, prefix)
		}
		if seen[key] {
			return nil, fmt.Errorf("entry %d names %q a second time", i+1, e.URL)
		}
		seen[key] = true
		if e.Meta == nil || e.Meta.ContentLength == nil || e.Meta.RecordCount == nil || *e.Meta.ContentLength < 0 || *e.Meta.RecordCount < 0 {
			return nil, fmt.Errorf("entry %d (%q) has no size or no record count", i+1, e.URL)
		}
		m.entries = append(m.entries, entry{key: key, size: *e.Meta.ContentLength, rows: *e.Meta.RecordCount})
		m.rows += *e.Meta.RecordCount
	}
	return m, nil
}

// forCopy is the manifest that COPY reads: every object mandatory, with its size, which COPY of Parquet demands.
func (m *manifest) forCopy(bucket string) ([]byte, error) {
	out := manifestJSON{Entries: make([]entryJSON, 0, len(m.entries))}
	for _, e := range m.entries {
		meta := &metaJSON{ContentLength: &e.size}
		if m.counted {
			meta.RecordCount = &e.rows
		}
		out.Entries = append(out.Entries, entryJSON{URL: "s3://" + cmp.Or(e.bucket, bucket) + "/" + e.key, Mandatory: true, Meta: meta})
	}
	text, err := json.MarshalIndent(out, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("write manifest: %w", err)
	}
	return append(text, '\n'), nil
}
