package jsontext

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Path is one expression of a JSONPaths file: the names and indexes from the root to a value.
type Path []step

type step struct {
	name  string
	index int // -1 with a name
}

// ErrNoElement is answered by Find where the path wants an element of an array and there is no array or no such element.
var ErrNoElement = errors.New("not an array or index out of range")

// ParsePaths reads a JSONPaths file: {"jsonpaths": ["$.a", "$['b'][0]", ...]}. Any other top key makes it mean nothing,
// for which the answer is no paths and no error (Redshift manual, COPY from JSON format).
func ParsePaths(file []byte) ([]Path, error) {
	var doc map[string]json.RawMessage
	if err := json.Unmarshal(file, &doc); err != nil {
		return nil, fmt.Errorf("JSONPaths file is not a JSON object: %w", err)
	}
	raw, ok := doc["jsonpaths"]
	if !ok {
		return nil, nil
	}
	var texts []string
	if err := json.Unmarshal(raw, &texts); err != nil {
		return nil, fmt.Errorf("jsonpaths is not an array of strings: %w", err)
	}
	paths := make([]Path, len(texts))
	for i, text := range texts {
		p, err := ParsePath(text)
		if err != nil {
			return nil, err
		}
		paths[i] = p
	}
	return paths, nil
}

// ParsePath reads an expression in dot ($.a.b[0]) or bracket ($['a']['b'][0]) notation. Wildcards and filters are refused.
func ParsePath(text string) (Path, error) {
	bad := func(why string) (Path, error) {
		return nil, fmt.Errorf("invalid JSONPath format: %s: %s", strconv.Quote(text), why)
	}
	rest, ok := strings.CutPrefix(text, "$")
	if !ok {
		return bad("it must begin with $")
	}
	var path Path
	dots, brackets := false, false
	for rest != "" {
		switch {
		case rest[0] == '.':
			dots = true
			end := strings.IndexAny(rest[1:], ".[")
			name := rest[1:]
			if end >= 0 {
				name = rest[1 : 1+end]
			}
			if name == "" || strings.ContainsAny(name, "*?@()") {
				return bad("a name must follow the dot")
			}
			path = append(path, step{name: name, index: -1})
			rest = rest[1+len(name):]
		case strings.HasPrefix(rest, "['"), strings.HasPrefix(rest, `["`):
			brackets = true
			end := strings.Index(rest[2:], rest[1:2]+"]")
			if end <= 0 {
				return bad("a name is not closed")
			}
			path = append(path, step{name: rest[2 : 2+end], index: -1})
			rest = rest[2+end+2:]
		case rest[0] == '[':
			end := strings.IndexByte(rest, ']')
			if end < 0 {
				return bad("a bracket is not closed")
			}
			n, err := strconv.ParseUint(rest[1:end], 10, 31)
			if err != nil {
				return bad("an index must be a number")
			}
			path = append(path, step{index: int(n)})
			rest = rest[end+1:]
		default:
			return bad("a dot or bracket must come next")
		}
	}
	if dots && brackets {
		return bad("dot and bracket notation must not be mixed")
	}
	return path, nil
}

// Find answers the value at the path in a document that was checked, nil if a name on the way is missing.
func (p Path) Find(doc []byte) ([]byte, error) {
	doc = bytes.TrimSpace(doc)
	for _, s := range p {
		var found []byte
		switch {
		case s.index < 0 && doc[0] == '{':
			for key, value := range Members(doc) {
				if string(key[1:len(key)-1]) == s.name || (slices.Contains(key, '\\') && string(AppendUnquoted(nil, key)) == s.name) {
					found = value
				}
			}
		case s.index >= 0:
			if doc[0] == '[' {
				i := 0
				for value := range Elements(doc) {
					if i == s.index {
						found = value
						break
					}
					i++
				}
			}
			if found == nil {
				return nil, ErrNoElement
			}
		}
		if found == nil {
			return nil, nil
		}
		doc = found
	}
	return doc, nil
}
