// Command maskdoc writes the transformers of package mask into docs/masks.md, between its markers. Run it with go generate
// ./internal/mask.
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/sealift/sealift/internal/mask"
)

func main() {
	docs := flag.String("docs", "../../docs", "folder of the documents")
	flag.Parse()
	if err := run(*docs); err != nil {
		fmt.Fprintln(os.Stderr, "maskdoc:", err)
		os.Exit(1)
	}
}

const page = "masks.md"

func run(docs string) error {
	text, err := generate(docs)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(docs, page), []byte(text), 0o644) //nolint:gosec // documents are for everybody
}

// generate is the page with its tables made anew.
func generate(docs string) (string, error) {
	text, err := os.ReadFile(filepath.Join(docs, page))
	if err != nil {
		return "", err
	}
	return replace(string(text), transformers()+functions()+dictionaries())
}

const (
	begin = "<!-- begin transformers, written by go generate ./internal/mask -->\n"
	end   = "<!-- end transformers -->"
)

func replace(text, part string) (string, error) {
	before, rest, ok1 := strings.Cut(text, begin)
	_, after, ok2 := strings.Cut(rest, end)
	if !ok1 || !ok2 {
		return "", fmt.Errorf("docs/%s has not both markers, %q and %q", page, strings.TrimSpace(begin), end)
	}
	return before + begin + part + end + after, nil
}

// differ says what the classes mean.
var differ = map[mask.Class]string{mask.Unique: "always", mask.Chance: "but for chance", mask.Lossy: "no"}

func transformers() string {
	var b strings.Builder
	b.WriteString("| `use` | what becomes of a value | different values stay different | rank | options |\n|---|---|---|---|---|\n")
	for _, t := range mask.Transformers() {
		options := make([]string, len(t.Options))
		for i, o := range t.Options {
			options[i] = "`" + o.Name + "`: " + o.Summary
		}
		name := "`" + t.Name + "`"
		switch {
		case !t.Pushdown:
			name += " (Go only)"
		case !t.GoTwin:
			name += " (SQL only)"
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %d | %s |\n", name, t.Summary, differ[t.Class], t.Privacy, strings.Join(options, "; "))
	}
	return b.String()
}

func functions() string {
	return "\nThe functions of `expr`: `" + strings.Join(mask.Functions(), "`, `") + "`.\n"
}

func dictionaries() string {
	var b strings.Builder
	b.WriteString("\nThe built-in dictionaries, each with the SHA-256 of its entries:\n\n| dictionary | entries | SHA-256 |\n|---|---|---|\n")
	all := mask.BuiltIn()
	for _, name := range []string{"first_name", "last_name", "company", "city", "street", "address"} {
		fmt.Fprintf(&b, "| `%s` | %d | `%s` |\n", name, all[name].N(), all[name].SHA256())
	}
	return b.String()
}
