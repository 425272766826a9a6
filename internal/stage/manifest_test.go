package stage

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const prefix = "pre/run/0000-a/1/"

// written is what UNLOAD ... MANIFEST VERBOSE writes.
const written = `{"entries":[
 {"url":"s3://b/pre/run/0000-a/1/0000_part_00.zst","meta":{"content_length":120,"record_count":7}},
 {"url":"s3://b/pre/run/0000-a/1/0001_part_00.zst","meta":{"content_length":90,"record_count":5}}],
 "schema":{"elements":[{"name":"id","type":{"base":"integer"}}]},
 "meta":{"content_length":210,"record_count":12},"author":{"name":"Amazon Redshift","version":"1.0.0"}}`

func TestManifestForCopyMakesEveryObjectMandatory(t *testing.T) {
	t.Parallel()
	m, err := parseManifest([]byte(written), "b", prefix)
	if err != nil {
		t.Fatal(err)
	}
	if m.rows != 12 || len(m.entries) != 2 {
		t.Errorf("rows %d, entries %v", m.rows, m.entries)
	}
	text, err := m.forCopy("b")
	if err != nil {
		t.Fatal(err)
	}
	var got any
	if err := json.Unmarshal(text, &got); err != nil {
		t.Fatal(err)
	}
	want := map[string]any{"entries": []any{
		map[string]any{"url": "s3://b/" + prefix + "0000_part_00.zst", "mandatory": true, "meta": map[string]any{"content_length": 120.0}},
		map[string]any{"url": "s3://b/" + prefix + "0001_part_00.zst", "mandatory": true, "meta": map[string]any{"content_length": 90.0}},
	}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// Hazards B2, B4: whatever UNLOAD would not have written to this prefix is refused.
func TestForeignManifestsAreRefused(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ old, new, want string }{
		"another bucket":           {"s3://b/pre/run/0000-a/1/0000", "s3://c/pre/run/0000-a/1/0000", "not under"},
		"another run":              {"s3://b/pre/run/0000-a/1/0000", "s3://b/pre/ran/0000-a/1/0000", "not under"},
		"another attempt":          {"0000-a/1/0000", "0000-a/2/0000", "not under"},
		"sibling with our name":    {"0000-a/1/0000", "0000-a/10/0000", "not under"},
		"the prefix itself":        {"0000_part_00.zst", "", "not under"},
		"the same object twice":    {"0001_part_00", "0000_part_00", "second time"},
		"no size":                  {`"content_length":120,`, ``, "no size"},
		"no record count":          {`,"record_count":7`, ``, "no record count"},
		"negative size":            {`"content_length":120`, `"content_length":-120`, "no size"},
		"negative count":           {`"record_count":7`, `"record_count":-7`, "no record count"},
		"no entries":               {`"entries"`, `"entrys"`, "no entries"},
		"cut short":                {`"author":{"name":"Amazon Redshift","version":"1.0.0"}}`, ``, "not a manifest"},
		"something else":           {written, `[]`, "not a manifest"},
		"a number that overflows":  {`"content_length":120`, `"content_length":99999999999999999999`, "not a manifest"},
		"a size that is no number": {`"content_length":120`, `"content_length":"120"`, "not a manifest"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			text := strings.Replace(written, c.old, c.new, 1)
			if text == written {
				t.Fatal("the case changes nothing")
			}
			_, err := parseManifest([]byte(text), "b", prefix)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want %q in it", err, c.want)
			}
		})
	}
}

func FuzzParseManifest(f *testing.F) {
	f.Add([]byte(written))
	f.Add([]byte(`{"entries":[{"url":"s3://b/pre/run/0000-a/1/../../x","meta":{"content_length":1,"record_count":1}}]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		m, err := parseManifest(text, "b", prefix)
		if err != nil {
			return
		}
		for _, e := range m.entries {
			if !strings.HasPrefix(e.key, prefix) || e.size < 0 {
				t.Errorf("accepted %q with size %d", e.key, e.size)
			}
		}
		out, err := m.forCopy("b")
		if err != nil {
			t.Fatal(err)
		}
		var back manifestJSON
		if err := json.Unmarshal(out, &back); err != nil || len(back.Entries) != len(m.entries) {
			t.Errorf("our own manifest does not read back: %v", err)
		}
	})
}
