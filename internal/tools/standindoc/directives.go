package main

import (
	"cmp"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
)

// directive is what one comment line says of one test.
type directive struct {
	verdict string // imitates, refuses or differs
	area    string
	feature string // without its area
	how     string // of differs
	source  string
	test    string
	file    string // below the stand-in's folder
	line    int
}

const prefix = "//standin:"

// read reads the directives of every Go file below root, and all that is wrong with them.
func read(root string) ([]directive, error) {
	var found []directive
	var wrong []error
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || filepath.Ext(path) != ".go" {
			return err
		}
		name, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		fset := token.NewFileSet()
		file, err := parser.ParseFile(fset, path, nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		ds, err := directives(fset, file, filepath.ToSlash(name))
		found = append(found, ds...)
		if err != nil {
			wrong = append(wrong, err)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read the tests: %w", err)
	}
	return found, errors.Join(wrong...)
}

func directives(fset *token.FileSet, file *ast.File, name string) ([]directive, error) {
	tests := make(map[*ast.CommentGroup]string)
	for _, decl := range file.Decls {
		f, ok := decl.(*ast.FuncDecl)
		if ok && f.Doc != nil && f.Recv == nil && strings.HasSuffix(name, "_test.go") &&
			(strings.HasPrefix(f.Name.Name, "Test") || strings.HasPrefix(f.Name.Name, "Fuzz")) && f.Name.Name != "TestMain" {
			tests[f.Doc] = f.Name.Name
		}
	}
	var found []directive
	var wrong []error
	for _, group := range file.Comments {
		for _, comment := range group.List {
			text, ok := strings.CutPrefix(comment.Text, prefix)
			if !ok {
				continue
			}
			line := fset.Position(comment.Pos()).Line
			d, err := parse(text)
			if err == nil && tests[group] == "" {
				err = errors.New("stands on no test; write it directly above the test that shows it")
			}
			if err != nil {
				wrong = append(wrong, fmt.Errorf("%s:%d: %s%s: %w", name, line, prefix, text, err))
				continue
			}
			d.test, d.file, d.line = tests[group], name, line
			found = append(found, d)
		}
	}
	return found, errors.Join(wrong...)
}

// parse reads what follows the prefix.
func parse(text string) (directive, error) {
	verdict, rest, _ := strings.Cut(text, " ")
	parts := strings.Split(rest, " | ")
	for i, part := range parts {
		if parts[i] = strings.TrimSpace(part); parts[i] == "" {
			return directive{}, errors.New("a part is empty")
		}
	}
	d := directive{verdict: verdict}
	switch verdict {
	case "imitates", "refuses":
		if len(parts) != 2 {
			return d, fmt.Errorf("%d parts; %s takes FEATURE | SOURCE", len(parts), verdict)
		}
	case "differs":
		if len(parts) != 3 {
			return d, fmt.Errorf("%d parts; differs takes FEATURE | how | SOURCE", len(parts))
		}
		d.how = parts[1]
	default:
		return d, fmt.Errorf("%q is none of imitates, refuses, differs", verdict)
	}
	d.source = parts[len(parts)-1]
	area, feature, ok := strings.Cut(parts[0], ": ")
	if !ok || area == "" || feature == "" {
		return d, errors.New("the feature does not begin with its area and a colon")
	}
	d.area, d.feature = area, feature
	if number, ok := unkindNumber(area); ok && (number < 1 || number > len(unkindnesses)) {
		return d, fmt.Errorf("there are unkindnesses 1 to %d", len(unkindnesses))
	}
	return d, nil
}

// feature is one row of the table: all that tests say of it.
type feature struct {
	area, name, verdict string
	hows, sources       []string
	tests               []directive
}

// merge brings together what several tests show of one feature, in order of area and name. They must agree.
func merge(shown []directive) ([]feature, error) {
	byName := make(map[string]*feature)
	var wrong []error
	for _, d := range shown {
		key := strings.ToLower(d.area + ": " + d.feature)
		f := byName[key]
		if f == nil {
			f = &feature{area: d.area, name: d.feature, verdict: d.verdict}
			byName[key] = f
		}
		if f.verdict != d.verdict {
			first := f.tests[0]
			wrong = append(wrong, fmt.Errorf("%s:%d: %s: %s here, %s in %s:%d", d.file, d.line, key, d.verdict, f.verdict, first.file, first.line))
		}
		f.hows, f.sources = addOnce(f.hows, d.how), addOnce(f.sources, d.source)
		f.tests = append(f.tests, d)
	}
	features := make([]feature, 0, len(byName))
	for _, f := range byName {
		features = append(features, *f)
	}
	slices.SortFunc(features, func(a, b feature) int {
		return cmp.Or(cmp.Compare(strings.ToLower(a.area), strings.ToLower(b.area)), cmp.Compare(a.area, b.area),
			cmp.Compare(strings.ToLower(a.name), strings.ToLower(b.name)))
	})
	return features, errors.Join(wrong...)
}

func addOnce(list []string, item string) []string {
	if item == "" || slices.Contains(list, item) {
		return list
	}
	return append(list, item)
}
