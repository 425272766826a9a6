package transfer

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/sealift/sealift/internal/local/transfer/command"
	"github.com/sealift/sealift/internal/local/transfer/value"
)

// manifest is the JSON document that lists files: written by UNLOAD (Redshift manual, r_UNLOAD, MANIFEST) and read by COPY
// (loading-data-files-using-manifest).
type manifest struct {
	Entries []manifestEntry `json:"entries"`
	Schema  *manifestSchema `json:"schema,omitempty"`
	Meta    *manifestMeta   `json:"meta,omitempty"`
	Author  *manifestAuthor `json:"author,omitempty"`
}

type manifestEntry struct {
	URL       string        `json:"url"`
	Mandatory bool          `json:"mandatory,omitempty"` // UNLOAD never writes it
	Meta      *manifestMeta `json:"meta,omitempty"`
}

type manifestMeta struct {
	ContentLength *int64 `json:"content_length,omitempty"`
	RecordCount   *int64 `json:"record_count,omitempty"`
}

type manifestSchema struct {
	Elements []manifestElement `json:"elements"`
}

type manifestElement struct {
	Name string       `json:"name"`
	Type manifestType `json:"type"`
}

type manifestType struct {
	Base      string `json:"base"`
	MaxLength *int   `json:"max_length,omitempty"`
	Precision *int   `json:"precision,omitempty"`
	Scale     *int   `json:"scale,omitempty"`
}

type manifestAuthor struct {
	Name    string `json:"name"`
	Version string `json:"version"`
}

// newManifest lists what an UNLOAD wrote. Without verbose it holds no row counts.
func newManifest(files []UnloadedFile, columns []value.Column, verbose bool) manifest {
	m := manifest{Entries: []manifestEntry{}}
	var bytes, rows int64
	for _, f := range files {
		entry := manifestEntry{URL: f.URL, Meta: &manifestMeta{ContentLength: &f.Bytes}}
		if verbose {
			entry.Meta.RecordCount = &f.Rows
		}
		m.Entries = append(m.Entries, entry)
		bytes += f.Bytes
		rows += f.Rows
	}
	if verbose {
		m.Schema = &manifestSchema{Elements: []manifestElement{}}
		for _, c := range columns {
			t := manifestType{Base: c.TypeName}
			switch c.Kind {
			case value.Char, value.Varchar, value.Varbyte:
				t.MaxLength = &c.Length
			case value.Decimal:
				t.Precision, t.Scale = &c.Precision, &c.Scale
			default:
			}
			m.Schema.Elements = append(m.Schema.Elements, manifestElement{Name: c.Name, Type: t})
		}
		m.Meta = &manifestMeta{ContentLength: &bytes, RecordCount: &rows}
		m.Author = &manifestAuthor{Name: "Amazon Redshift", Version: "1.0.0"}
	}
	return m
}

// encode writes the manifest as UNLOAD does, one entry a line.
func (m manifest) encode() ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(m); err != nil {
		return nil, fmt.Errorf("write manifest: %w", err)
	}
	return b.Bytes(), nil
}

// maxManifest bounds what COPY reads as a manifest.
const maxManifest = 64 << 20

// parseManifest reads the manifest of a COPY. Keys that COPY does not know mean nothing.
func parseManifest(text []byte) ([]manifestEntry, error) {
	var m manifest
	if err := json.Unmarshal(text, &m); err != nil {
		return nil, internal("Problem reading manifest file: invalid JSON: %v", err)
	}
	if m.Entries == nil {
		return nil, internal("Problem reading manifest file: no entries")
	}
	for i, e := range m.Entries {
		loc, err := command.ParseLocation(e.URL)
		if err != nil || loc.Key == "" {
			return nil, internal("Problem reading manifest file: url of entry %d is not the full path of an S3 object", i+1)
		}
	}
	return m.Entries, nil
}
