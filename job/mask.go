package job

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"

	"go.yaml.in/yaml/v3"
)

// Mask says what becomes of the values of a column: a transformer's name, or keys and values.
type Mask struct {
	// Use is the transformer.
	Use string `yaml:"use"`
	// Domain is the consistency domain: columns with the same one turn equal values into equal values. Default: the column's own.
	Domain string `yaml:"domain"`
	// Entity is another column of the table, whose value decides in place of the column's own: all columns of one entity belong
	// together.
	Entity string `yaml:"entity"`
	// When is a condition on the row as it is in the source. Rows for which it is not true go by Else.
	When string `yaml:"when"`
	// Else is what becomes of rows for which When is not true.
	Else *Mask `yaml:"else"`
	// Paths says what becomes of the texts within an object, by the names of attributes joined by dots (a, a.b), for super_paths.
	Paths map[string]Mask `yaml:"paths"`
	// Options are every other key: what the transformer takes.
	Options map[string]any `yaml:"-"`

	// Pos is where it stands in the file.
	Pos Pos `yaml:"-"`
}

// Policy is a file of masks that several jobs share.
type Policy struct {
	// Version of the file's format. Always 1.
	Version int `yaml:"version" required:"true" min:"1" max:"1"`
	// OnUnlisted says what becomes of a column of a listed table that has no mask: error, null or hash.
	OnUnlisted string `yaml:"on_unlisted" enum:"error,null,hash"`
	// Tables by their names in the source, each with the masks of its columns.
	Tables map[string]map[string]Mask `yaml:"tables" required:"true"`

	// File is where it was read from; Digest is the SHA-256 of its text, in hex; Places say where its tables and columns stand, by
	// TABLE and TABLE.COLUMN.
	File   string         `yaml:"-"`
	Digest string         `yaml:"-"`
	Places map[string]Pos `yaml:"-"`
}

// ParsePolicy reads a policy file. It is as strict as Parse.
func ParsePolicy(file string, text []byte) (*Policy, error) {
	y := &Policy{Places: make(map[string]Pos)}
	err := parse(file, text, nil, y, func(p *parser) {
		for name, columns := range y.Tables {
			at := join("tables", name)
			y.Places[name] = p.keys[at]
			pattern := Pattern{Text: name, Pos: p.keys[at]}
			if _, _, err := pattern.split(); err != nil || !pattern.exact() {
				p.mistake(p.keys[at], at, "%s is not one table; write schema.table", quote(name))
			}
			p.masks(at, columns)
			for column := range columns {
				y.Places[join(name, column)] = p.keys[join(at, column)]
			}
		}
	})
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(text)
	y.File, y.Digest = file, hex.EncodeToString(sum[:])
	return y, nil
}

// Marshal writes the policy as a policy file. ParsePolicy reads it back.
func (y *Policy) Marshal() ([]byte, error) { return marshal(node(reflect.ValueOf(*y))) }

// mask reads a transformer's name, or keys and values, of which those that are not a mask's own are the transformer's options.
func (p *parser) mask(n *yaml.Node, path string, m *Mask) {
	m.Pos = pos(n)
	if n.Kind == yaml.ScalarNode {
		if m.Use = n.Value; n.Value == "" {
			p.mistake(pos(n), path, "names no transformer")
		}
		return // null is the name of one, and no value of YAML's here
	}
	if n.Kind != yaml.MappingNode {
		p.wrongKind(n, path, "a transformer's name, or keys and values are")
		return
	}
	fields := fieldsOf(reflect.TypeFor[Mask]())
	seen := make(map[string]bool)
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, val := n.Content[i], n.Content[i+1]
		at := join(path, key.Value)
		if seen[key.Value] {
			p.mistake(pos(key), shorten(at), "is here twice")
			continue
		}
		seen[key.Value] = true
		p.keys[at] = pos(key)
		switch f, own := fields[key.Value]; {
		case key.Value == "use" && val.Kind == yaml.ScalarNode:
			p.values[at] = pos(val)
			m.Use = val.Value // null too
		case own:
			p.value(val, at, reflect.ValueOf(m).Elem().FieldByIndex(f.Index), f.Tag)
		default:
			option, ok := p.option(val, at)
			if !ok {
				continue
			}
			if m.Options == nil {
				m.Options = make(map[string]any)
			}
			m.Options[key.Value] = option
		}
	}
	if m.Use == "" {
		p.mistake(pos(n), join(path, "use"), "is missing")
	}
}

// option reads a single value, or a list of those.
func (p *parser) option(n *yaml.Node, path string) (any, bool) {
	if n.Kind == yaml.ScalarNode {
		var v any
		if err := n.Decode(&v); err != nil {
			p.mistake(pos(n), path, "%s is no value", quote(n.Value))
			return nil, false
		}
		switch v.(type) {
		case string, bool, int, int64, uint64:
			return v, true
		}
		return n.Value, true // as it is written: dates, decimals
	}
	if n.Kind != yaml.SequenceNode {
		p.wrongKind(n, path, "a value or a list is")
		return nil, false
	}
	list := make([]any, 0, len(n.Content))
	for i, c := range n.Content {
		v, ok := p.option(c, fmt.Sprintf("%s[%d]", path, i))
		if !ok {
			return nil, false
		}
		list = append(list, v)
	}
	return list, true
}

// masks holds what a mask's keys cannot say alone.
func (p *parser) masks(path string, columns map[string]Mask) {
	for _, name := range slices.Sorted(maps.Keys(columns)) {
		for m, at := new(columns[name]), join(path, name); m != nil; m, at = m.Else, join(at, "else") {
			switch {
			case m.When == "" && m.Else != nil:
				p.conflict(join(at, "else"), "is for rows for which when is not true, and there is no when")
			case m.When != "" && m.Else == nil:
				p.conflict(at, "says nothing of rows for which when is not true; give else")
			}
			p.masks(join(at, "paths"), m.Paths)
		}
	}
}

// node writes a mask as it is read.
func (m Mask) node() *yaml.Node {
	if m.Domain == "" && m.Entity == "" && m.When == "" && m.Else == nil && len(m.Options) == 0 && len(m.Paths) == 0 {
		return text(m.Use)
	}
	n := &yaml.Node{Kind: yaml.MappingNode, Style: yaml.FlowStyle}
	add := func(key string, value *yaml.Node) { n.Content = append(n.Content, text(key), value) }
	add("use", text(m.Use))
	for _, key := range slices.Sorted(maps.Keys(m.Options)) {
		add(key, optionNode(m.Options[key]))
	}
	if len(m.Paths) > 0 {
		paths := &yaml.Node{Kind: yaml.MappingNode, Style: yaml.FlowStyle}
		for _, path := range slices.Sorted(maps.Keys(m.Paths)) {
			paths.Content = append(paths.Content, text(path), m.Paths[path].node())
		}
		add("paths", paths)
	}
	for _, f := range []struct{ key, value string }{{"domain", m.Domain}, {"entity", m.Entity}, {"when", m.When}} {
		if f.value != "" {
			add(f.key, text(f.value))
		}
	}
	if m.Else != nil {
		add("else", m.Else.node())
	}
	return n
}

func optionNode(v any) *yaml.Node {
	switch v := v.(type) {
	case bool:
		return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!bool", Value: strconv.FormatBool(v)}
	case int, int64, uint64:
		return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!int", Value: fmt.Sprint(v)}
	case []any:
		n := &yaml.Node{Kind: yaml.SequenceNode, Style: yaml.FlowStyle}
		for _, e := range v {
			n.Content = append(n.Content, optionNode(e))
		}
		return n
	default:
		return text(fmt.Sprint(v))
	}
}
