package job_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/sealift/sealift/job"
)

const policy = `version: 1
on_unlisted: hash
tables:
  crm.customers:
    id: passthrough
    name: {use: full_name, domain: person}
    email: {use: email, keep_domain: true, entity: id}
    note: null
    born: {use: date_shift, days: 90, entity: id, when: "country = 'DE'", else: passthrough}
    kind: {use: category, values: [a, b], weights: [1, 2]}
    profile: {use: super_paths, paths: {plan: passthrough, contact.email: {use: email, keep_domain: true}}}
  Sales."Order Lines":
    text: scramble
`

func TestPolicy(t *testing.T) {
	t.Parallel()
	got, err := job.ParsePolicy("pii.yaml", []byte(policy))
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]map[string]job.Mask{
		"crm.customers": {
			"id": {Use: "passthrough"}, "name": {Use: "full_name", Domain: "person"},
			"email": {Use: "email", Entity: "id", Options: map[string]any{"keep_domain": true}}, "note": {Use: "null"},
			"born": {Use: "date_shift", Entity: "id", When: "country = 'DE'", Else: &job.Mask{Use: "passthrough"}, Options: map[string]any{"days": 90}},
			"profile": {Use: "super_paths", Paths: map[string]job.Mask{
				"plan": {Use: "passthrough"}, "contact.email": {Use: "email", Options: map[string]any{"keep_domain": true}},
			}},
			"kind": {Use: "category", Options: map[string]any{"values": []any{"a", "b"}, "weights": []any{1, 2}}},
		},
		`Sales."Order Lines"`: {"text": {Use: "scramble"}},
	}
	if diff := cmp.Diff(want, got.Tables, cmpopts.IgnoreFields(job.Mask{}, "Pos")); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	if at := got.Places["crm.customers.email"]; at != (job.Pos{7, 5}) {
		t.Errorf("email stands at %v", at)
	}
	text, err := got.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	again, err := job.ParsePolicy("again", text)
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	if diff := cmp.Diff(got.Tables, again.Tables, cmpopts.IgnoreFields(job.Mask{}, "Pos")); diff != "" || again.OnUnlisted != "hash" {
		t.Errorf("-before +after\n%s", diff)
	}
}

func TestBadPolicy(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"version: 1":                                            "p:1:1  tables: is missing",
		"version: 1\ntables: {a: {b: x}}":                       "p:2:10  tables.a: \"a\" is not one table; write schema.table",
		"version: 1\ntables: {a.*: {b: x}}":                     "p:2:10  tables.a.*: \"a.*\" is not one table; write schema.table",
		"version: 1\ntables: {a.b: {b: x}, a.b: {c: x}}":        "p:2:23  tables.a.b: is here twice; the first is in line 2",
		"version: 1\ntables: {a.b: x}":                          "p:2:15  tables.a.b: names, each with keys and values, are needed here, not a single value",
		"version: 1\nmasking: {}\ntables: {a.b: {c: x}}":        "p:2:1  masking: unknown key; it belongs under no other key",
		"version: 1\non_unlisted: maybe\ntables: {a.b: {c: x}}": "p:2:14  on_unlisted: \"maybe\" is not one of error, null, hash",
		"version: 1\ntables: {a.b: {c: &x x}}":                  "p:2:19  an anchor (&x); write the value where it is needed",
	} {
		_, err := job.ParsePolicy("p", []byte(text))
		if got := fmt.Sprint(err); got != want {
			t.Errorf("%s\n got %s\nwant %s", text, got, want)
		}
	}
}

// Whatever the bytes are: no panic, and a policy that is accepted can be written and read again.
func FuzzPolicy(f *testing.F) {
	f.Add([]byte(policy))
	f.Fuzz(func(t *testing.T, text []byte) {
		y, err := job.ParsePolicy("fuzz", text)
		if err != nil {
			return
		}
		out, err := y.Marshal()
		if err != nil {
			t.Fatal(err)
		}
		again, err := job.ParsePolicy("again", out)
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		if diff := cmp.Diff(y.Tables, again.Tables, cmpopts.IgnoreFields(job.Mask{}, "Pos"), cmpopts.EquateEmpty()); diff != "" {
			t.Fatalf("-before +after\n%s\n%s", diff, out)
		}
	})
}
