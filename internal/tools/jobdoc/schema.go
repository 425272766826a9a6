package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"strconv"
	"strings"

	"github.com/sealift/sealift/job"
)

// object keeps its members in order, so that the schema reads like the manual.
type object []member

type member struct {
	key   string
	value any
}

// MarshalJSON writes the members in order.
func (o object) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, m := range o {
		if i > 0 {
			b.WriteByte(',')
		}
		for _, part := range []any{m.key, m.value} {
			enc := json.NewEncoder(&b)
			enc.SetEscapeHTML(false)
			if err := enc.Encode(part); err != nil {
				return nil, err
			}
			b.Truncate(b.Len() - 1) // the encoder's end of line
			if part == any(m.key) {
				b.WriteByte(':')
			}
		}
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

func writeSchema(c comments) ([]byte, error) {
	all := sections()
	defs := object{}
	for _, section := range all[1:] {
		defs = append(defs, member{section.Name(), sectionSchema(c, section)})
	}
	schema := append(object{
		{"$schema", "https://json-schema.org/draft/2020-12/schema"},
		{"title", "Sealift job"},
	}, sectionSchema(c, all[0])...)
	schema = append(schema, member{"$defs", defs})
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(schema); err != nil {
		return nil, fmt.Errorf("write the schema: %w", err)
	}
	return b.Bytes(), nil
}

func sectionSchema(c comments, section reflect.Type) object {
	properties, required := object{}, []string{}
	for _, f := range keys(section) {
		key := f.Tag.Get("yaml")
		properties = append(properties, member{key, append(object{{"description", c[section.Name()+"."+f.Name]}}, fieldSchema(f.Type, f.Tag)...)})
		if f.Tag.Get("required") == "true" {
			required = append(required, key)
		}
	}
	s := object{{"description", c[section.Name()]}, {"type", "object"}, {"properties", properties}, {"additionalProperties", false}}
	if len(required) > 0 {
		s = append(s, member{"required", required})
	}
	switch section.Name() {
	case "Job":
		return append(s, member{"anyOf", []any{object{{"required", []string{"source", "tables"}}}, object{{"required", []string{"files"}}}}},
			member{"dependentRequired", object{{"tables", []string{"source"}}, {"source", []string{"tables"}}}})
	case "Warehouse":
		return append(s, warehouseRules()...)
	case "Door":
		return append(s, member{"allOf", []any{when("without_schedule", true, object{{"properties", object{{"scheduler_role", false}}}})}})
	case "FileSet":
		return append(s, member{"allOf", []any{when("mode", "merge", object{{"required", []string{"key"}}})}},
			member{"dependentRequired", object{{"max_errors", []string{"rejects"}}, {"rejects", []string{"max_errors"}}}})
	case "Mask":
		s[3] = member{"additionalProperties", object{{"description", "An option of the transformer."}, {"type", []string{"string", "boolean", "number", "array"}}}}
		return object{{"oneOf", []any{
			object{{"description", "A transformer without options."}, {"type", []string{"string", "null"}}},
			append(s, member{"required", []string{"use"}}, member{"dependentRequired", object{{"when", []string{"else"}}, {"else", []string{"when"}}}}),
		}}}
	case "Table":
		return object{{"oneOf", []any{
			object{{"description", "Short for select."}, {"type", "string"}, {"pattern", patternExpr}},
			append(s, tableRules()...),
		}}}
	}
	return s
}

func warehouseRules() object {
	return object{
		{"anyOf", []any{need("cluster"), need("workgroup"), need("host"), need("postgres")}},
		{"not", object{{"required", []string{"cluster", "workgroup"}}}},
		{"dependentRequired", object{{"external_id", []string{"assume_role"}}, {"door", []string{"region"}}, {"role_duration", []string{"assume_role"}}, {"web_identity_token_file", []string{"assume_role", "region"}}, {"groups", []string{"user"}}, {"auto_create", []string{"user"}}}},
		{"allOf", []any{
			object{{"anyOf", []any{need("s3_role"), need("postgres")}}},
			when("auth", "password", object{{"required", []string{"password_from", "user"}}}),
			when("auth", "secret", object{{"required", []string{"password_from"}}}),
			when("auth", "iam", object{{"required", []string{"region"}}, {"properties", object{{"password_from", false}}}, {"anyOf", []any{need("cluster"), need("workgroup")}}}),
			when("auth", "data-api", object{
				{"required", []string{"region"}},
				{"anyOf", []any{need("cluster"), need("workgroup")}},
				{"properties", object{{"host", false}, {"port", false}, {"ca_file", false}, {"door", false}, {"password_from", object{{"pattern", `^secretsmanager:|^\$\{`}}}}},
				{"dependentSchemas", object{{"password_from", object{{"properties", object{{"user", false}}}}}}},
			}),
		}},
	}
}

func tableRules() object {
	return object{
		{"oneOf", []any{need("select"), need("query")}},
		{"dependentRequired", object{{"query", []string{"as"}}}},
		{"dependentSchemas", object{{"query", object{{"properties", object{{"columns", false}, {"where", false}}}}}}},
		{"allOf", []any{when("mode", "merge", object{{"required", []string{"key"}}})}},
	}
}

func need(key string) object { return object{{"required", []string{key}}} }

// when says what holds if key has a value.
func when(key string, value any, then object) object {
	return object{
		{"if", object{{"properties", object{{key, object{{"const", value}}}}}, {"required", []string{key}}}},
		{"then", then},
	}
}

const (
	// Everything but ASCII that is neither a letter, a digit, _, $ nor *, in what Go and ECMA 262 both understand.
	nameExpr    = `("([^"]|"")+"|[^\x00-#%-)+-@\[-^\x60{-\x7f][^\x00-#%-)+-/:-@\[-^\x60{-\x7f]*)`
	patternExpr = `^` + nameExpr + `\.` + nameExpr + `$`
	variable    = `\$\{[A-Za-z_][A-Za-z0-9_]*\}`
)

func fieldSchema(t reflect.Type, tag reflect.StructTag) object {
	switch t {
	case reflect.TypeFor[job.Pattern]():
		return object{{"type", "string"}, {"pattern", patternExpr}}
	case reflect.TypeFor[string]():
		return textSchema(tag)
	case reflect.TypeFor[int]():
		s := object{{"type", "integer"}, {"minimum", number(tag, "min")}, {"maximum", number(tag, "max")}}
		if tag.Get("default") != "" {
			s = append(s, member{"default", number(tag, "default")})
		}
		return s
	case reflect.TypeFor[bool](), reflect.TypeFor[*bool]():
		return object{{"type", "boolean"}}
	}
	switch t.Kind() {
	case reflect.Slice:
		if tag.Get("one") != "" {
			one := fieldSchema(t.Elem(), tag)
			return object{{"oneOf", []any{one, object{{"type", "array"}, {"items", one}, {"minItems", 1}}}}}
		}
		return object{{"type", "array"}, {"items", fieldSchema(t.Elem(), tag)}, {"minItems", least(t)}}
	case reflect.Map:
		return object{{"type", "object"}, {"additionalProperties", fieldSchema(t.Elem(), "")}}
	case reflect.Pointer:
		return fieldSchema(t.Elem(), tag)
	case reflect.Struct:
		return object{{"$ref", "#/$defs/" + t.Name()}}
	default:
		panic(fmt.Sprintf("jobdoc: no schema for a %s", t))
	}
}

// least is how many items a list has at least: a list of patterns that exclude something may be empty.
func least(t reflect.Type) int {
	if t.Elem() == reflect.TypeFor[job.Pattern]() {
		return 0
	}
	return 1
}

func textSchema(tag reflect.StructTag) object {
	s := object{{"type", "string"}}
	switch name := tag.Get("grammar"); {
	case tag.Get("enum") != "":
		s = append(s, member{"enum", strings.Split(tag.Get("enum"), ",")})
	case name != "" && tag.Get("env") != "":
		s = append(s, member{"pattern", `^(?:` + job.GrammarOf(name).Expr + `)$|` + variable})
	case name == "account": // digits are a number to YAML where they are not quoted
		s = object{{"type", []string{"string", "integer"}}, {"pattern", `^` + job.GrammarOf(name).Expr + `$`}}
	case name != "":
		s = append(s, member{"pattern", `^(?:` + job.GrammarOf(name).Expr + `)$`})
	default:
		s = append(s, member{"pattern", `\S`})
	}
	if d := tag.Get("default"); d != "" {
		s = append(s, member{"default", d})
	}
	return s
}

func number(tag reflect.StructTag, key string) int {
	n, err := strconv.Atoi(tag.Get(key))
	if err != nil {
		panic(fmt.Sprintf("jobdoc: tag %q: %v", key, err))
	}
	return n
}
