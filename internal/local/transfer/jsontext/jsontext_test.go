package jsontext

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

func TestCheck(t *testing.T) {
	t.Parallel()
	for _, good := range []string{
		"1", "-0", "0.5e+10", `"x"`, "true", " false ", "null", "[]", "{}", `{"a":[1,{"b":"c"}],"d":null}`, "\t[ 1 ,\n2 ]\r\n", `"\u00e9\n\/\\"`,
		strings.Repeat("[", MaxDepth) + strings.Repeat("]", MaxDepth),
	} {
		if err := Check([]byte(good)); err != nil {
			t.Errorf("%s: %v", good, err)
		}
	}
	for _, tt := range []struct {
		text   string
		offset int
	}{
		{"", 0},
		{"  ", 2},
		{"01", 1},
		{"1.", 2},
		{"+1", 0},
		{"-", 1},
		{"1e", 2},
		{"nul", 0},
		{"True", 0},
		{"[1,]", 3},
		{"[1 2]", 3},
		{"[1", 2},
		{`{"a" 1}`, 5},
		{`{"a":1,}`, 7},
		{`{a:1}`, 1},
		{`{"a":1 "b":2}`, 7},
		{`"\x"`, 2},
		{`"\u12g4"`, 2},
		{"\"\n\"", 1},
		{`"x`, 2},
		{"1 1", 2},
		{"{} x", 3},
		{strings.Repeat("[", MaxDepth+1), MaxDepth},
	} {
		err := Check([]byte(tt.text))
		var syntax *SyntaxError
		if !errors.As(err, &syntax) || syntax.Offset != tt.offset {
			t.Errorf("%.20s: got %v, want an error at %d", tt.text, err, tt.offset)
		}
	}
}

func TestPaths(t *testing.T) {
	t.Parallel()
	doc := []byte(` {"a": {"b": [1, {"c": "x"}, null]}, "d.e": 2, "": 3, "f'g": 4, "\u0068": 5} `)
	for _, tt := range []struct{ path, want string }{
		{"$", strings.TrimSpace(string(doc))},
		{"$.a.b[0]", "1"},
		{"$['a']['b'][1]['c']", `"x"`},
		{`$["a"]["b"][2]`, "null"},
		{"$['d.e']", "2"},
		{"$['f'g']", "4"},
		{"$.h", "5"},
		{"$.nothing.b", ""},
		{"$.a.b.c", ""},
	} {
		p, err := ParsePath(tt.path)
		if err != nil {
			t.Errorf("%s: %v", tt.path, err)
			continue
		}
		got, err := p.Find(doc)
		if err != nil || string(got) != tt.want {
			t.Errorf("%s: got %s, %v, want %s", tt.path, got, err, tt.want)
		}
	}
	for _, path := range []string{"$.a[0]", "$.a.b[3]", "$[0]"} {
		p, err := ParsePath(path)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := p.Find(doc); !errors.Is(err, ErrNoElement) {
			t.Errorf("%s: got %v, want ErrNoElement", path, err)
		}
	}
	for _, path := range []string{"", "a", "$a", "$.", "$..a", "$.a.", "$.*", "$[*]", "$['a'", "$['']", "$[a]", "$[-1]", "$.a['b']", "$[?(@.a)]", "$[99999999999]"} {
		if p, err := ParsePath(path); err == nil {
			t.Errorf("%q accepted as %v", path, p)
		}
	}
}

func TestParsePaths(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		file string
		n    int
		bad  bool
	}{
		{`{"jsonpaths": ["$.a", "$['b']"]}`, 2, false},
		{`{"jsonpaths": []}`, 0, false},
		{`{"JSONPaths": ["$.a"]}`, 0, false}, // any other key means nothing: as 'auto'
		{`{"jsonpaths": "$.a"}`, 0, true},
		{`{"jsonpaths": [1]}`, 0, true},
		{`{"jsonpaths": ["a"]}`, 0, true},
		{`["$.a"]`, 0, true},
		{``, 0, true},
	} {
		paths, err := ParsePaths([]byte(tt.file))
		if (err != nil) != tt.bad || len(paths) != tt.n {
			t.Errorf("%s: got %v, %v", tt.file, paths, err)
		}
	}
}

// FuzzCheck compares with encoding/json: both must agree on what is JSON, on strings, and on compact text.
func FuzzCheck(f *testing.F) {
	for _, s := range []string{`{"a":[1,-2.5e3,"\ud83d\ude00\u0041"],"b":{}}`, `"\ud800x"`, "[true,false,null]", `{"a":{"b":"\\"}} `, "1e5", "\"\xff\""} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		err := Check(text)
		if err != nil {
			if json.Valid(text) && bytes.Count(text, []byte("["))+bytes.Count(text, []byte("{")) <= MaxDepth {
				t.Fatalf("%q: %v", text, err)
			}
			return
		}
		if !json.Valid(text) {
			t.Fatalf("%q is not JSON", text)
		}
		var want bytes.Buffer
		if err := json.Compact(&want, text); err != nil {
			t.Fatal(err)
		}
		if got := AppendCompact(nil, text); !bytes.Equal(got, want.Bytes()) {
			t.Fatalf("compact %q, want %q", got, want.Bytes())
		}
		walk(t, bytes.TrimSpace(text))
	})
}

func walk(t *testing.T, v []byte) {
	t.Helper()
	switch v[0] {
	case '{':
		var want map[string]json.RawMessage
		if err := json.Unmarshal(v, &want); err != nil {
			t.Fatal(err)
		}
		got := map[string]json.RawMessage{}
		for key, value := range Members(v) {
			got[decoded(key)] = value
			walk(t, value)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("%q: %s", v, diff)
		}
	case '[':
		var want, got []json.RawMessage
		if err := json.Unmarshal(v, &want); err != nil {
			t.Fatal(err)
		}
		for value := range Elements(v) {
			got = append(got, value)
			walk(t, value)
		}
		if len(got) != len(want) {
			t.Fatalf("%q has %d elements, want %d", v, len(got), len(want))
		}
	case '"':
		var want string
		if err := json.Unmarshal(v, &want); err != nil {
			t.Fatal(err)
		}
		if got := decoded(v); got != want {
			t.Fatalf("%q is %q, want %q", v, got, want)
		}
	}
}

// decoded is a quoted string's value as encoding/json has it, which also replaces invalid UTF-8.
func decoded(quoted []byte) string {
	s := string(AppendUnquoted(nil, quoted))
	if !utf8.ValidString(s) {
		s = strings.ToValidUTF8(string([]rune(s)), "\uFFFD")
	}
	return s
}

func FuzzAppendString(f *testing.F) {
	f.Add([]byte("a\"\\\n\x01é😀\x7f\u2028"))
	f.Fuzz(func(t *testing.T, s []byte) {
		quoted := AppendString(nil, s)
		if err := Check(quoted); err != nil {
			t.Fatal(err)
		}
		if got := AppendUnquoted(nil, quoted); !bytes.Equal(got, s) {
			t.Fatalf("%q came back as %q", s, got)
		}
		if utf8.Valid(s) {
			var got string
			if err := json.Unmarshal(quoted, &got); err != nil || got != string(s) {
				t.Fatalf("encoding/json reads %q, %v", got, err)
			}
		}
	})
}

func FuzzParsePaths(f *testing.F) {
	f.Add([]byte(`{"jsonpaths":["$.a[0]","$['b']"]}`), []byte(`{"a":[1],"b":{}}`))
	f.Fuzz(func(t *testing.T, file, doc []byte) {
		paths, err := ParsePaths(file)
		if err != nil || Check(doc) != nil {
			return
		}
		for _, p := range paths {
			if v, err := p.Find(doc); err == nil && v != nil && Check(v) != nil {
				t.Fatalf("%v found %q", p, v)
			}
		}
	})
}
