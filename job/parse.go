package job

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"go.yaml.in/yaml/v3"
)

// Parse reads a job file. file is its name for messages; env answers ${NAME} in the fields that allow it. The error is
// Errors, with every mistake that the text alone shows.
func Parse(file string, text []byte, env func(string) (string, bool)) (*Job, error) {
	j := new(Job)
	if err := parse(file, text, env, j, func(p *parser) { p.check(j) }); err != nil {
		return nil, err
	}
	sum := sha256.Sum256(text)
	j.File, j.Digest = file, hex.EncodeToString(sum[:])
	return j, nil
}

// parse reads a file into what into points to, and has it checked.
func parse(file string, text []byte, env func(string) (string, bool), into any, check func(*parser)) error {
	p := &parser{file: file, env: env, keys: make(map[string]Pos), values: make(map[string]Pos), broken: make(map[string]bool)}
	if root := p.document(text); root != nil {
		p.refuse(root)
		p.mapping(root, "", reflect.ValueOf(into).Elem())
		setDefaults(reflect.ValueOf(into).Elem())
		check(p)
	}
	if len(p.mistakes) > 0 {
		p.mistakes.Sort()
		return p.mistakes
	}
	return nil
}

// parser walks the nodes of a file and gathers mistakes.
type parser struct {
	file     string
	env      func(string) (string, bool)
	mistakes Errors
	keys     map[string]Pos  // where the key of a path stands: source.database, tables[3]
	values   map[string]Pos  // where its value does
	broken   map[string]bool // paths whose value cannot be used, which was said
}

func (p *parser) mistake(at Pos, path, format string, args ...any) {
	p.mistakes = append(p.mistakes, &Error{File: p.file, Line: at.Line, Column: at.Column, Field: path, Msg: fmt.Sprintf(format, args...)})
}

func pos(n *yaml.Node) Pos { return Pos{n.Line, n.Column} }

// document reads the one document of a file. It answers nil when there is nothing to look into.
func (p *parser) document(text []byte) *yaml.Node {
	if len(text) > MaxSize {
		p.mistake(Pos{}, "", "the file has %d bytes; a job has at most %d", len(text), MaxSize)
		return nil
	}
	dec := yaml.NewDecoder(bytes.NewReader(text))
	var doc yaml.Node
	switch err := dec.Decode(&doc); {
	case errors.Is(err, io.EOF):
		p.mistake(Pos{}, "", "the file is empty; sealift init writes one to start from")
		return nil
	case err != nil:
		p.syntax(err)
		return nil
	}
	var second yaml.Node
	switch err := dec.Decode(&second); {
	case errors.Is(err, io.EOF):
	case err != nil:
		p.syntax(err)
	default:
		p.mistake(pos(&second), "", "a second document; a file is one job")
	}
	root := doc.Content[0]
	if root.Kind != yaml.MappingNode {
		p.mistake(pos(root), "", "a job is written as keys and values, beginning with version: 1")
		return nil
	}
	return root
}

// yamlLine is how the YAML module tells a place.
var yamlLine = regexp.MustCompile(`^(?:yaml: )?(?:line ([0-9]+): )?`)

// parserError recognises the mistakes whose line the module counts from 0; those of its scanner it counts from 1
// (yaml.v3, decode.go, parser.fail).
var parserError = regexp.MustCompile(`^did not find expected (node content|key|<document start>|<stream-start>|'.*)$|^found (duplicate %|incompatible YAML|undefined tag)`)

// syntax reports what is not YAML at all.
func (p *parser) syntax(err error) {
	text := err.Error()
	m := yamlLine.FindStringSubmatch(text)
	at := Pos{}
	what := strings.TrimPrefix(text, m[0])
	if n, err := strconv.Atoi(m[1]); err == nil {
		if parserError.MatchString(what) {
			n++
		}
		at = Pos{n, 1}
	}
	// Of what cannot begin a token, a tab is what is seen least.
	if what == "found character that cannot start any token" {
		what += ": a tab, or one of @ ` % that has to be in quotes; YAML is indented by blanks"
	}
	p.mistake(at, "", "not YAML: %s", what)
}

// accessKey is the form of an AWS access key id: long-term or of a session.
var accessKey = regexp.MustCompile(`\b(AKIA|ASIA)[A-Z0-9]{16}\b`)

// refuse walks the whole tree, also below keys that are not known, for what no job may hold.
func (p *parser) refuse(n *yaml.Node) {
	switch {
	case n.Kind == yaml.AliasNode:
		p.mistake(pos(n), "", "an alias (*%s); write the value out", n.Value)
	case n.Anchor != "":
		p.mistake(pos(n), "", "an anchor (&%s); write the value where it is needed", n.Anchor)
	case n.Style&yaml.TaggedStyle != 0:
		p.mistake(pos(n), "", "a tag (%s); values need none", n.Tag)
	case n.Kind == yaml.ScalarNode && accessKey.MatchString(n.Value):
		p.mistake(pos(n), "", "an AWS access key id in the file; Sealift takes credentials from the environment, the profile or the machine's role")
	}
	for _, c := range n.Content {
		p.refuse(c)
	}
}

// value decodes one node into v by v's type.
func (p *parser) value(n *yaml.Node, path string, v reflect.Value, tag reflect.StructTag) {
	p.values[path] = pos(n)
	if n.Kind == yaml.AliasNode {
		p.broken[path] = true
		return // refused already
	}
	switch v.Interface().(type) {
	case Pattern:
		text, _ := p.scalar(n, path, "")
		v.Set(reflect.ValueOf(Pattern{Text: text, Pos: pos(n)}))
		return
	case Mask:
		p.mask(n, path, v.Addr().Interface().(*Mask))
		return
	case FileSet:
		v.FieldByName("Pos").Set(reflect.ValueOf(pos(n)))
	case Table:
		v.FieldByName("Pos").Set(reflect.ValueOf(pos(n)))
		if n.Kind == yaml.ScalarNode {
			p.value(n, path, v.FieldByName("Select"), "")
			return
		}
	}
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		p.value(n, path, v.Elem(), tag)
	case reflect.Struct:
		if n.Kind != yaml.MappingNode {
			p.wrongKind(n, path, "keys and values are")
			return
		}
		p.mapping(n, path, v)
	case reflect.Map:
		if n.Kind != yaml.MappingNode {
			p.wrongKind(n, path, "names, each with keys and values, are")
			return
		}
		p.named(n, path, v)
	case reflect.Slice:
		if tag.Get("one") != "" && n.Kind == yaml.ScalarNode {
			v.Set(reflect.MakeSlice(v.Type(), 1, 1))
			p.value(n, path, v.Index(0), tag)
			return
		}
		if n.Kind != yaml.SequenceNode {
			p.wrongKind(n, path, "a list is")
			return
		}
		v.Set(reflect.MakeSlice(v.Type(), len(n.Content), len(n.Content)))
		for i, c := range n.Content {
			at := fmt.Sprintf("%s[%d]", path, i)
			p.keys[at] = pos(c)
			p.value(c, at, v.Index(i), tag)
		}
	default:
		if text, ok := p.scalar(n, path, tag); ok {
			p.set(n, path, v, tag, text)
		}
	}
}

// named decodes a node whose keys are names that somebody chose.
func (p *parser) named(n *yaml.Node, path string, v reflect.Value) {
	v.Set(reflect.MakeMap(v.Type()))
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, val := n.Content[i], n.Content[i+1]
		// Names of warehouses go into arguments; those of tables and columns are the database's.
		if free := path != "warehouses"; key.Kind != yaml.ScalarNode || key.Value == "" || !free && !configName.MatchString(key.Value) {
			p.mistake(pos(key), path, "%s is no name: letters, digits, - and _, of 64 at most", quote(key.Value))
			continue
		}
		name, at := reflect.ValueOf(key.Value), join(path, key.Value)
		if v.MapIndex(name).IsValid() {
			p.mistake(pos(key), at, "is here twice; the first is in line %d", p.keys[at].Line)
			continue
		}
		p.keys[at] = pos(key)
		one := reflect.New(v.Type().Elem()).Elem()
		p.value(val, at, one, "")
		v.SetMapIndex(name, one)
	}
}

func (p *parser) wrongKind(n *yaml.Node, path, needed string) {
	p.broken[path] = true
	p.mistake(pos(n), path, "%s needed here, not %s", needed, kind(n))
}

func kind(n *yaml.Node) string {
	switch {
	case n.Kind == yaml.MappingNode:
		return "keys and values"
	case n.Kind == yaml.SequenceNode:
		return "a list"
	case n.ShortTag() == "!!null":
		return "nothing"
	default:
		return "a single value"
	}
}

// mapping decodes a node of keys and values into a struct.
func (p *parser) mapping(n *yaml.Node, path string, v reflect.Value) {
	fields := fieldsOf(v.Type())
	seen := make(map[string]int, len(n.Content)/2)
	meant := make(map[string]bool) // keys that an unknown one probably stands for
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, val := n.Content[i], n.Content[i+1]
		at := join(path, key.Value)
		if key.Kind != yaml.ScalarNode || strings.IndexFunc(key.Value, unicode.IsControl) >= 0 {
			p.mistake(pos(key), path, "a key must be a word")
			continue
		}
		if line, twice := seen[key.Value]; twice {
			p.mistake(pos(key), shorten(at), "is here twice; the first is in line %d", line)
			continue
		}
		seen[key.Value] = key.Line
		f, known := fields[key.Value]
		if !known {
			meant[p.unknown(key, path, fields)] = true
			continue
		}
		p.keys[at] = pos(key)
		p.value(val, at, v.FieldByIndex(f.Index), f.Tag)
	}
	for _, name := range names(v.Type()) {
		must := fields[name].Tag.Get("required")
		if instead, conditional := strings.CutPrefix(must, "!"); conditional {
			if _, given := seen[instead]; given {
				must = ""
			}
		}
		if _, given := seen[name]; !given && !meant[name] && must != "" {
			p.mistake(p.place(path), join(path, name), "is missing")
		}
	}
}

// place is where a path that may not be in the file would be looked for: at its key, or at the key of what it is in.
func (p *parser) place(path string) Pos {
	for {
		if at, ok := p.keys[path]; ok {
			return at
		}
		end := strings.LastIndexAny(path, ".[")
		if end < 0 {
			return Pos{1, 1}
		}
		path = path[:end]
	}
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

// shorten keeps a path whose last key somebody else chose presentable.
func shorten(path string) string {
	const most = 100
	if r := []rune(path); len(r) > most {
		return string(r[:most]) + "..."
	}
	return path
}

// fieldsOf gives the fields of a section by their keys.
func fieldsOf(t reflect.Type) map[string]reflect.StructField {
	fields := make(map[string]reflect.StructField)
	for _, f := range reflect.VisibleFields(t) {
		if name := f.Tag.Get("yaml"); name != "-" && name != "" {
			fields[name] = f
		}
	}
	return fields
}

// names gives the keys of a section in the order of the manual.
func names(t reflect.Type) []string {
	var names []string
	for _, f := range reflect.VisibleFields(t) {
		if name := f.Tag.Get("yaml"); name != "-" && name != "" {
			names = append(names, name)
		}
	}
	return names
}

// scalar gives the text of a single value, with the environment put in where the field allows it.
func (p *parser) scalar(n *yaml.Node, path string, tag reflect.StructTag) (string, bool) {
	if n.Kind != yaml.ScalarNode {
		p.wrongKind(n, path, "a single value is")
		return "", false
	}
	if n.ShortTag() == "!!null" || strings.TrimSpace(n.Value) == "" {
		p.broken[path] = true
		p.mistake(pos(n), path, "has no value; give one, or leave the key out")
		return "", false
	}
	text := n.Value
	switch {
	case tag.Get("env") != "":
		return p.expand(n, path, text)
	case tag.Get("yaml") != "where" && tag.Get("yaml") != "query" && strings.Contains(text, "${"):
		p.broken[path] = true
		p.mistake(pos(n), path, "${...} is not replaced here, only in %s", strings.Join(envFields(), ", "))
		return "", false
	}
	return text, true
}

// envFields are the keys in whose values ${NAME} is replaced.
func envFields() []string {
	var found []string
	for _, section := range []reflect.Type{reflect.TypeFor[Warehouse](), reflect.TypeFor[Door](), reflect.TypeFor[Stage]()} {
		for f := range section.Fields() {
			if name := f.Tag.Get("yaml"); f.Tag.Get("env") != "" && !slices.Contains(found, name) {
				found = append(found, name)
			}
		}
	}
	return found
}

var envName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// expand replaces each ${NAME}. What a variable holds is taken as it is: it is not looked through for more.
func (p *parser) expand(n *yaml.Node, path, text string) (string, bool) {
	var b strings.Builder
	for {
		before, rest, found := strings.Cut(text, "${")
		b.WriteString(before)
		if !found {
			return b.String(), true
		}
		name, after, closed := strings.Cut(rest, "}")
		if !closed || !envName.MatchString(name) {
			p.mistake(pos(n), path, "${ begins the name of a variable, as in ${NAME}")
			return "", false
		}
		value, set := "", false
		if p.env != nil {
			value, set = p.env(name)
		}
		if !set || strings.TrimSpace(value) == "" {
			p.mistake(pos(n), path, "${%s} is not set in the environment, or empty", name)
			return "", false
		}
		b.WriteString(value)
		text = after
	}
}

// set puts a text into a field and holds it against the field's rules.
func (p *parser) set(n *yaml.Node, path string, v reflect.Value, tag reflect.StructTag, text string) {
	switch v.Kind() {
	case reflect.Bool:
		switch text {
		case "true", "false":
			v.SetBool(text == "true")
		default:
			p.mistake(pos(n), path, "%s is not true or false", quote(text))
		}
	case reflect.Int:
		number, err := strconv.Atoi(text)
		low, high := limit(tag, "min"), limit(tag, "max")
		switch {
		case err != nil:
			p.mistake(pos(n), path, "%s is not a number", quote(text))
		case low == high && number != low:
			p.mistake(pos(n), path, "%d is not %d, the only one there is", number, low)
		case number < low || number > high:
			p.mistake(pos(n), path, "%d is not between %d and %d", number, low, high)
		default:
			v.SetInt(int64(number))
		}
	case reflect.String:
		p.rules(n, path, tag, text)
		v.SetString(text)
	default:
		panic(fmt.Sprintf("job: no rule to read a %s", v.Type()))
	}
}

// rules holds a text against its field's enum or grammar.
func (p *parser) rules(n *yaml.Node, path string, tag reflect.StructTag, text string) {
	if enum := tag.Get("enum"); enum != "" {
		if choices := strings.Split(enum, ","); !slices.Contains(choices, text) {
			p.broken[path] = true
			p.mistake(pos(n), path, "%s is not one of %s", quote(text), strings.Join(choices, ", "))
		}
		return
	}
	if name := tag.Get("grammar"); name != "" {
		g := GrammarOf(name)
		switch {
		case g.Fits(text):
			return
		case g.Hidden:
			p.mistake(pos(n), path, "is not %s", g.What)
		default:
			p.mistake(pos(n), path, "%s is not %s", quote(text), g.What)
		}
		p.broken[path] = true // one mistake is enough: what else its value is not, nobody needs to read
		return
	}
	multiline := tag.Get("yaml") == "where" || tag.Get("yaml") == "query"
	bad := func(r rune) bool { return unicode.IsControl(r) && (!multiline || !strings.ContainsRune("\n\r\t", r)) }
	if strings.IndexFunc(text, bad) >= 0 {
		p.mistake(pos(n), path, "has a control character in it")
	}
}

func limit(tag reflect.StructTag, key string) int {
	n, err := strconv.Atoi(tag.Get(key))
	if err != nil {
		panic(fmt.Sprintf("job: tag %q of a number: %v", key, err))
	}
	return n
}

// setDefaults fills in what was left out and has one value to fall back on, in every section.
func setDefaults(v reflect.Value) {
	for f, field := range v.Fields() {
		value := f.Tag.Get("default")
		switch {
		case field.Kind() == reflect.Struct:
			setDefaults(field)
		case field.Kind() == reflect.Pointer && field.Type().Elem().Kind() == reflect.Struct:
			if !field.IsNil() {
				setDefaults(field.Elem())
			}
		case field.Kind() == reflect.Map:
			if field.Type().Elem().Kind() != reflect.Struct {
				continue
			}
			for _, name := range field.MapKeys() {
				one := reflect.New(field.Type().Elem()).Elem()
				one.Set(field.MapIndex(name))
				setDefaults(one)
				field.SetMapIndex(name, one)
			}
		case value == "" || !field.IsZero():
		case field.Kind() == reflect.Int:
			field.SetInt(int64(limit(f.Tag, "default")))
		default:
			field.SetString(value)
		}
	}
}
