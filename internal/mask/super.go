package mask

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/sealift/sealift/internal/redshift"
)

// superPaths is a transformer's name that others refer to.
const superPaths = "super_paths"

// pathsOfSuper makes an object anew of those paths that are named: what nobody thought of is gone. Equal means what JSON means by it:
// the order of attributes, and the blanks between them, are nobody's promise.
var pathsOfSuper = &transformer{
	Info: Info{
		Name: superPaths, Summary: "of an object, those paths that are named, each with a mask of its own; every other is gone, and what is no object becomes an empty one", Class: Lossy,
		Privacy: Nothing, Pushdown: true, GoTwin: true,
		Options: []Option{{"paths", "masks by path (a, a.b): passthrough keeps what is there, all others take texts and make null of anything else"}},
	},
	compile: func(c *compiler, _ *options) (twins, error) {
		if c.column.Type.Name != redshift.Super {
			return twins{}, fmt.Errorf("%s does not take %s; it takes SUPER", superPaths, c.column.Type)
		}
		if len(c.use.Paths) == 0 {
			return twins{}, fmt.Errorf("%s needs paths; for nothing of the object, use null", superPaths)
		}
		if err := checkPaths(sortedKeys(c.use.Paths)); err != nil {
			return twins{}, err
		}
		out := twins{privacy: Nothing}
		var kept, set []redshift.SQL
		var masked []maskedPath
		for _, path := range sortedKeys(c.use.Paths) {
			use := c.use.Paths[path]
			name := redshift.Lit(`"` + strings.ReplaceAll(path, ".", `"."`) + `"`)
			if use.Transformer == "passthrough" && use.When == "" {
				kept = append(kept, redshift.Build("?", name))
				masked = append(masked, maskedPath{path: strings.Split(path, "."), at: -1})
				out.privacy = All
				continue
			}
			at := c.attribute(path)
			inner, err := c.compile(at, use)
			if err != nil {
				return twins{}, fmt.Errorf("path %s: %w", path, err)
			}
			set = append(set, redshift.Build("?, ?", name, inner.sql))
			masked = append(masked, maskedPath{path: strings.Split(path, "."), at: at, twins: inner})
			out.privacy = max(out.privacy, inner.privacy)
			out.notSQL, out.notGo = firstOf(out.notSQL, inner.notSQL), firstOf(out.notGo, inner.notGo)
			out.dictionaries = append(out.dictionaries, inner.dictionaries...)
			for _, d := range inner.drawn {
				d.within = path
				out.drawn = append(out.drawn, d)
			}
			for _, n := range inner.notes {
				c.notes = append(c.notes, Note{c.name(), n.Warning, path + ": " + n.Text})
			}
		}
		transform := redshift.SQL{}
		if len(kept) > 0 {
			transform = redshift.Build(" KEEP ?", redshift.Join(", ", kept...))
		}
		if len(set) > 0 {
			transform = redshift.Build("? SET ?", transform, redshift.Join(", ", set...))
		}
		// What is no object would be given back as it is (DG OBJECT_TRANSFORM).
		out.sql = redshift.Build("CASE WHEN IS_OBJECT(?) THEN OBJECT_TRANSFORM(??) WHEN ? IS NOT NULL THEN JSON_PARSE('{}') END", c.value(), c.value(), transform, c.value())
		at := c.at
		out.run = func(m *Masker, dst, _ []byte) ([]byte, error) { return m.putTogether(dst, at, masked) }
		out.samples = pathSamples(masked)
		return out, nil
	},
}

// maskedPath is a path and its mask; at is the number of its text, or -1 where what is there stays.
type maskedPath struct {
	path []string
	at   int
	twins
}

// pathName is one attribute's name. Names of other letters can be meant in several ways, by what the session says of case.
var pathName = regexp.MustCompile(`^[a-z_][a-z0-9_]{0,126}$`)

// checkPaths looks at paths in their order.
func checkPaths(paths []string) error {
	var errs []error
	for _, path := range paths {
		for name := range strings.SplitSeq(path, ".") {
			if !pathName.MatchString(name) {
				errs = append(errs, fmt.Errorf("path %q: attributes are named by a-z, 0-9 and underscores, and joined by dots; those of arrays, and with other letters, cannot be named", path))
				break
			}
		}
		for _, other := range paths {
			if strings.HasPrefix(path, other+".") {
				errs = append(errs, fmt.Errorf("path %s lies within path %s, which has a mask of its own", path, other))
			}
		}
	}
	return errors.Join(errs...)
}

// attribute is a text within a SUPER column, which masks take like a column.
type attribute struct {
	redshift.Column
	of   int
	path []string
}

// attribute gives a path the number of a column.
func (c *compiler) attribute(path string) int {
	t := c.table
	p := attribute{of: c.at, path: strings.Split(path, ".")}
	p.Name = mustIdent(c.name() + "." + path)
	p.Type = redshift.Type{Name: redshift.Varchar, Length: longestText}
	t.attributes = append(t.attributes, p)
	return len(t.def.Columns) + len(t.attributes) - 1
}

// sql is the text at a path, NULL for anything that is none.
func (p attribute) sql() redshift.SQL {
	at := valueAlias(p.of)
	for _, name := range p.path {
		at = redshift.Build("?.?", at, mustIdent(name))
	}
	return redshift.Build("CASE WHEN IS_VARCHAR(?) THEN CAST(? AS ?) END", at, at, p.Type)
}

// object is the attributes of an object, as they are.
type object map[string]json.RawMessage

// at is what stands at a path, nil for nothing.
func (o object) at(path []string) json.RawMessage {
	for len(path) > 1 {
		var inner object
		if json.Unmarshal(o[path[0]], &inner) != nil {
			return nil
		}
		o, path = inner, path[1:]
	}
	return o[path[0]]
}

// takeApart finds the texts within the row at hand.
func (m *Masker) takeApart(row [][]byte) error {
	m.whole = append(m.whole[:0], row...)
	clear(m.objects)
	for i, c := range m.table.columns {
		if c.use.Transformer != superPaths && (c.use.Else == nil || c.Type.Name != redshift.Super) || row[i] == nil {
			continue
		}
		if !json.Valid(row[i]) {
			return &Error{m.table.def.Table, c.Name.String(), errors.New("the value is not JSON")}
		}
		var o object
		if json.Unmarshal(row[i], &o) == nil {
			m.objects[i] = o
		}
	}
	for _, p := range m.table.attributes {
		var text *string
		if json.Unmarshal(m.objects[p.of].at(p.path), &text) != nil || text == nil {
			m.whole = append(m.whole, nil)
			continue
		}
		m.whole = append(m.whole, []byte(*text))
	}
	m.row = m.whole
	return nil
}

// putTogether appends an object of masked paths.
func (m *Masker) putTogether(dst []byte, column int, paths []maskedPath) ([]byte, error) {
	o := m.objects[column]
	out := map[string]any{}
	if o == nil {
		return append(dst, "{}"...), nil
	}
	for _, p := range paths {
		var value any
		if p.at < 0 {
			raw := o.at(p.path)
			if raw == nil {
				continue
			}
			value = raw
		} else if in := m.row[p.at]; in != nil || p.fillsNull {
			text, err := p.run(m, []byte{}, in) // in which nothing is another thing than NULL
			if err != nil {
				return nil, fmt.Errorf("path %s: %w", strings.Join(p.path, "."), err)
			}
			if text != nil {
				value = string(text)
			}
		}
		within := out
		for _, name := range p.path[:len(p.path)-1] {
			next, _ := within[name].(map[string]any)
			if next == nil {
				next = map[string]any{}
				within[name] = next
			}
			within = next
		}
		within[p.path[len(p.path)-1]] = value
	}
	text, err := asJSON(out)
	return append(dst, text...), err
}

func asJSON(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), err
}

// sortedJSON is JSON with attributes in the order of their names, numbers as they are written.
func sortedJSON(text []byte) ([]byte, error) {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return nil, err
	}
	return asJSON(v)
}

// pathSamples are objects with texts at all paths, with something else there or nothing, and what is no object.
func pathSamples(paths []maskedPath) []string {
	values := make([][]string, len(paths))
	n := 0
	for i, p := range paths {
		if values[i] = p.samples; len(values[i]) == 0 {
			values[i] = hostile
		}
		n = max(n, len(values[i]))
	}
	// A path and what stands there make an object, with something that nobody asked for in each.
	object := func(value func(i int) string, name func(string) string) string {
		out := map[string]any{"sealift_other": "gone", "sealift_list": []int{1, 2}}
		for i, p := range paths {
			within := out
			for _, part := range p.path[:len(p.path)-1] {
				next, _ := within[part].(map[string]any)
				if next == nil {
					next = map[string]any{"sealift_other": "gone"}
					within[part] = next
				}
				within = next
			}
			within[name(p.path[len(p.path)-1])] = json.RawMessage(value(i))
		}
		text, err := asJSON(out)
		if err != nil {
			panic("mask: " + err.Error()) // of our own making
		}
		return string(text)
	}
	same := func(name string) string { return name }
	var all []string
	for k := range n {
		all = append(all, object(func(i int) string {
			text, err := asJSON(values[i][k%len(values[i])])
			if err != nil {
				panic("mask: " + err.Error())
			}
			return string(text)
		}, same))
	}
	for _, other := range []string{"null", "42", "true", `["a"]`, `{"a":"b"}`} {
		all = append(all, object(func(int) string { return other }, same))
	}
	all = append(all, object(func(int) string { return `"A"` }, strings.ToUpper), `{}`, `"text"`, `7`, `[{"a":1}]`)
	for _, p := range paths {
		if len(p.path) > 1 { // what should be an object on the way is none
			all = append(all, `{"`+p.path[0]+`":"a"}`)
		}
	}
	return slices.Compact(all)
}
