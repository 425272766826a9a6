package main

import (
	"fmt"
	"strings"
)

// words say the verdicts as the tables do.
var words = map[string]string{"imitates": "imitated", "refuses": "refused", "differs": "differs"}

// conformance is the page with everything that the tests show, one table for each area.
func conformance(features []feature) string {
	var b strings.Builder
	b.WriteString(`# What the stand-in's tests show

<!-- Written by go generate ./internal/local from the directives above the tests there; edit those. -->

One row for each feature that a test shows: whether it is imitated, refused by name, or differs from the real service; the
page of the manual or the model of the API that says how it should be (DG is the Redshift Database Developer Guide, MG
the Management Guide); and the test. What is not listed is not claimed. [standin.md](standin.md) tells the rest.
`)
	area := ""
	for _, f := range features {
		if _, ok := unkindNumber(f.area); ok {
			continue // has its own table in standin.md
		}
		if f.area != area {
			area = f.area
			fmt.Fprintf(&b, "\n## %s\n\n| feature | | source | test |\n|---|---|---|---|\n", area)
		}
		verdict := words[f.verdict]
		if len(f.hows) > 0 {
			verdict += ": " + strings.Join(f.hows, "; ")
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", cell(f.name), cell(verdict), cell(strings.Join(f.sources, ", ")), strings.Join(f.testLinks(), ", "))
	}
	return b.String()
}

// areas lists the areas of that page, with links. It has no counts: they would change with every test.
func areas(features []feature) string {
	var links []string
	for _, f := range features {
		if _, ok := unkindNumber(f.area); !ok {
			links = addOnce(links, fmt.Sprintf("[%s](standin-conformance.md#%s)", f.area, anchor(f.area)))
		}
	}
	return strings.Join(links, " ·\n") + "\n"
}

// anchor is how a heading is linked to on the usual forges.
func anchor(heading string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == ' ':
			return '-'
		case r == '-' || r == '_' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z':
			return r
		}
		return -1
	}, strings.ToLower(heading))
}

func (f feature) testLinks() []string {
	var links []string
	for _, d := range f.tests {
		links = addOnce(links, fmt.Sprintf("[%s](../internal/local/%s)", d.test, d.file))
	}
	return links
}

// cell keeps text within a table's cell and from becoming markup.
func cell(text string) string {
	return strings.NewReplacer("|", `\|`, "*", `\*`, "<", "&lt;").Replace(text)
}

// replace puts part between the markers of that name.
func replace(text, name, part string) (string, error) {
	begin, end := "<!-- begin "+name+" -->\n", "<!-- end "+name+" -->"
	before, rest, ok := strings.Cut(text, begin)
	_, after, ended := strings.Cut(rest, end)
	if !ok || !ended {
		return "", fmt.Errorf("the markers %q and %q are not both there", strings.TrimSpace(begin), end)
	}
	return before + begin + part + end + after, nil
}
