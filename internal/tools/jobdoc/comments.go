package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"

	"github.com/sealift/sealift/job"
)

// comments are doc comments as the manual says them: by type (Warehouse) and by field (Warehouse.Port).
type comments map[string]string

// sections are the types of a job file, in the manual's order.
func sections() []reflect.Type {
	return []reflect.Type{
		reflect.TypeFor[job.Job](), reflect.TypeFor[job.Warehouse](), reflect.TypeFor[job.Door](), reflect.TypeFor[job.Stage](),
		reflect.TypeFor[job.Defaults](), reflect.TypeFor[job.Table](), reflect.TypeFor[job.Mask](), reflect.TypeFor[job.FileSet](),
		reflect.TypeFor[job.Masking](), reflect.TypeFor[job.Subset](), reflect.TypeFor[job.SubsetTable](), reflect.TypeFor[job.ForeignKey](),
		reflect.TypeFor[job.Concurrency](),
	}
}

func readComments(source string) (comments, error) {
	var decls []ast.Decl
	for _, name := range []string{"job.go", "mask.go", "subset.go"} {
		file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(source, name), nil, parser.ParseComments)
		if err != nil {
			return nil, fmt.Errorf("read the doc comments: %w", err)
		}
		decls = append(decls, file.Decls...)
	}
	c := make(comments)
	for _, decl := range decls {
		gen, ok := decl.(*ast.GenDecl)
		if !ok || gen.Tok != token.TYPE {
			continue
		}
		for _, spec := range gen.Specs {
			t := spec.(*ast.TypeSpec)
			c[t.Name.Name] = flat(gen.Doc.Text())
			fields, ok := t.Type.(*ast.StructType)
			if !ok {
				continue
			}
			for _, f := range fields.Fields.List {
				for _, name := range f.Names {
					c[t.Name.Name+"."+name.Name] = flat(f.Doc.Text())
				}
			}
		}
	}
	for _, section := range sections() {
		for _, f := range keys(section) {
			at := section.Name() + "." + f.Name
			if !strings.HasPrefix(c[at], f.Name) {
				return nil, fmt.Errorf("the doc comment of %s does not begin with its name", at)
			}
			c[at] = keyNames(sentence(f.Name, c[at]))
		}
		c[section.Name()] = sentence(section.Name(), c[section.Name()])
	}
	return c, nil
}

// flat is the first paragraph of a comment, on one line. What follows it is for readers of the code.
func flat(text string) string {
	first, _, _ := strings.Cut(text, "\n\n")
	return strings.Join(strings.Fields(first), " ")
}

// sentence takes the name off the front of a comment where the rest can stand alone: beside a key, "Port is the port" says
// one thing twice.
func sentence(name, text string) string {
	rest := strings.TrimPrefix(text, name+" ")
	verb, after, _ := strings.Cut(rest, " ")
	switch verb {
	case "is":
		rest = after
	case "says", "names", "holds", "hold", "pins", "lists", "limits", "carries":
	default:
		rest = text
	}
	return strings.ToUpper(rest[:1]) + rest[1:]
}

// keyNames writes keys in place of the names that fields have in Go. Only names that are no words are recognised.
func keyNames(text string) string {
	for _, section := range sections() {
		for _, f := range keys(section) {
			if regexp.MustCompile(`[a-z][A-Z]`).MatchString(f.Name) {
				text = strings.ReplaceAll(text, f.Name, f.Tag.Get("yaml"))
			}
		}
	}
	return text
}

// keys are the fields of a section that stand in a job file.
func keys(section reflect.Type) []reflect.StructField {
	var found []reflect.StructField
	for f := range section.Fields() {
		if name := f.Tag.Get("yaml"); name != "" && name != "-" {
			found = append(found, f)
		}
	}
	return found
}
