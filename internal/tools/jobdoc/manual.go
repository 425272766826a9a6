package main

import (
	"fmt"
	"reflect"
	"strings"

	"github.com/sealift/sealift/job"
)

// headings of the sections, and the keys under which they stand.
var headings = map[string]string{
	"Job": "The file", "Warehouse": "`source` and `target`", "Door": "`door`, of `source` and `target`", "Stage": "`stage`", "Defaults": "`defaults`",
	"Table": "An entry of `tables`", "Mask": "`mask`, of an entry of `tables`", "FileSet": "An entry of `files`", "Masking": "`masking`",
	"Subset": "`subset`", "SubsetTable": "An entry of `subset.tables`", "ForeignKey": "An entry of `subset.foreign_keys`",
	"Concurrency": "`concurrency`",
}

func writeManual(c comments, example []byte) []byte {
	var b strings.Builder
	b.WriteString(`# The job file

<!-- Written by go generate ./job from the doc comments of package job; edit those. -->

A job is a YAML file that says which tables of which warehouse go where, how, and over which stage. It is read strictly:
a key that is not known, a value that cannot be right and a combination that makes no sense are errors, all reported at
once, each with line and column. Aliases, anchors and tags are refused, and the file has at most 1 MiB.

` + "`sealift init`" + ` writes a commented one to start from, ` + "`sealift job show FILE`" + ` prints one with every default filled in, and
` + "`sealift job schema`" + ` prints the [JSON Schema](job.schema.json) with which editors complete and check it.

No secret stands in a job: ` + "`password_from`" + ` names where a password lives, AWS credentials come from where the AWS CLI
takes them. ` + "`${NAME}`" + ` is replaced by a variable of the environment in the values marked so below, and nowhere else.

## Example

` + "```yaml\n")
	b.Write(example)
	b.WriteString("```\n")
	for _, section := range sections() {
		fmt.Fprintf(&b, "\n## %s\n\n%s\n\n| key | value | what it is |\n|---|---|---|\n", headings[section.Name()], c[section.Name()])
		for _, f := range keys(section) {
			fmt.Fprintf(&b, "| `%s` | %s | %s |\n", f.Tag.Get("yaml"), value(f), cell(c[section.Name()+"."+f.Name]))
		}
	}
	b.WriteString(`
## How tables are selected

- Every entry of ` + "`tables`" + ` adds tables. An entry that names one table takes it out of all patterns, so that a pattern
  and an exception to it are two entries.
- Names without double quotes are folded to lower case, as Redshift folds them; names in double quotes are taken as they
  stand. ` + "`*`" + ` stands for any characters within one name, in quotes too.
- ` + "`exclude`" + ` is applied last. A pattern that selects or excludes nothing is an error, unless ` + "`defaults.unmatched`" + ` is
  ` + "`ignore`" + `: it is most often a slip of the finger.
- Two tables with one target are an error.
`)
	return []byte(b.String())
}

// value says what may stand there.
func value(f reflect.StructField) string {
	var parts []string
	tag := f.Tag
	switch {
	case tag.Get("enum") != "":
		parts = append(parts, "`"+strings.ReplaceAll(tag.Get("enum"), ",", "`, `")+"`")
	case f.Type == reflect.TypeFor[int]() && tag.Get("min") == tag.Get("max"):
		parts = append(parts, tag.Get("min"))
	case f.Type == reflect.TypeFor[int]():
		parts = append(parts, tag.Get("min")+" to "+tag.Get("max"))
	case f.Type == reflect.TypeFor[bool](), f.Type == reflect.TypeFor[*bool]():
		parts = append(parts, "`true`, `false`")
	case f.Type == reflect.TypeFor[job.Pattern]():
		parts = append(parts, "pattern")
	case f.Type.Kind() == reflect.Slice && tag.Get("one") != "":
		parts = append(parts, "text or list")
	case f.Type.Kind() == reflect.Slice:
		parts = append(parts, "list")
	case f.Type.Kind() == reflect.Struct, f.Type.Kind() == reflect.Pointer, f.Type.Kind() == reflect.Map:
		parts = append(parts, "keys and values")
	default:
		parts = append(parts, "text")
	}
	switch must := tag.Get("required"); {
	case must == "true":
		parts = append(parts, "required")
	case must != "":
		parts = append(parts, "required without `"+strings.TrimPrefix(must, "!")+"`")
	}
	if d := tag.Get("default"); d != "" {
		parts = append(parts, "default `"+d+"`")
	}
	if tag.Get("env") != "" {
		parts = append(parts, "`${NAME}`")
	}
	return strings.Join(parts, "; ")
}

// cell keeps text within a table's cell. Patterns hold asterisks, which must not become emphasis.
func cell(text string) string {
	return strings.NewReplacer("|", `\|`, "*", `\*`).Replace(text)
}
