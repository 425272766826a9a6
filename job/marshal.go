package job

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Marshal writes the job as a job file, in the manual's order, with every default in it. Parse reads it back.
func (j *Job) Marshal() ([]byte, error) {
	return marshal(node(reflect.ValueOf(*j)))
}

func marshal(n *yaml.Node) ([]byte, error) {
	var b bytes.Buffer
	enc := yaml.NewEncoder(&b)
	enc.SetIndent(2)
	if err := enc.Encode(n); err != nil {
		return nil, fmt.Errorf("write a file: %w", err)
	}
	if err := enc.Close(); err != nil {
		return nil, fmt.Errorf("write a file: %w", err)
	}
	return b.Bytes(), nil
}

// MarshalJSON is Marshal as JSON, with the same keys.
func (j *Job) MarshalJSON() ([]byte, error) {
	text, err := j.Marshal()
	if err != nil {
		return nil, err
	}
	var v any
	if err := yaml.Unmarshal(text, &v); err != nil {
		return nil, fmt.Errorf("write job: %w", err)
	}
	return json.Marshal(v)
}

// node turns a value into YAML by the same tags by which it was read. What is not set is left out.
func node(v reflect.Value) *yaml.Node {
	switch value := v.Interface().(type) {
	case Pattern:
		return text(value.Text)
	case Mask:
		return value.node()
	case Table:
		if bare := (Table{Select: value.Select, Pos: value.Pos}); reflect.DeepEqual(bare, value) {
			return text(value.Select.Text)
		}
	}
	switch v.Kind() {
	case reflect.Pointer:
		return node(v.Elem())
	case reflect.Struct:
		n := &yaml.Node{Kind: yaml.MappingNode}
		for _, name := range names(v.Type()) {
			field := v.FieldByIndex(fieldsOf(v.Type())[name].Index)
			if leftOut(field) {
				continue
			}
			n.Content = append(n.Content, text(name), node(field))
		}
		return n
	case reflect.Map:
		n := &yaml.Node{Kind: yaml.MappingNode}
		names := v.MapKeys()
		slices.SortFunc(names, func(a, b reflect.Value) int { return strings.Compare(a.String(), b.String()) })
		for _, name := range names {
			n.Content = append(n.Content, text(name.String()), node(v.MapIndex(name)))
		}
		return n
	case reflect.Slice:
		n := &yaml.Node{Kind: yaml.SequenceNode}
		if v.Type().Elem().Kind() == reflect.String {
			n.Style = yaml.FlowStyle
		}
		for _, item := range v.Seq2() {
			n.Content = append(n.Content, node(item))
		}
		return n
	case reflect.Bool:
		return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!bool", Value: strconv.FormatBool(v.Bool())}
	case reflect.Int:
		return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!int", Value: strconv.FormatInt(v.Int(), 10)}
	default:
		return text(v.String())
	}
}

// leftOut tells whether a field has nothing to say. A false is said, because it is a default worth seeing.
func leftOut(v reflect.Value) bool {
	if p, ok := reflect.TypeAssert[Pattern](v); ok {
		return p.Text == ""
	}
	return v.Kind() != reflect.Bool && v.IsZero()
}

func text(s string) *yaml.Node {
	n := new(yaml.Node)
	n.SetString(s)
	return n
}
