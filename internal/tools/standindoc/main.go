// Command standindoc writes what the stand-in's tests show into the documents: docs/standin-conformance.md as a whole,
// and the parts of docs/standin.md between its markers. Run it with go generate ./internal/local.
//
// A test says what it shows in directives directly above it:
//
//	//standin:imitates FEATURE | SOURCE
//	//standin:refuses FEATURE | SOURCE
//	//standin:differs FEATURE | how it differs | SOURCE
//
// FEATURE is a short noun phrase with its area in front, "UNLOAD: PARTITION BY INCLUDE"; SOURCE is the manual's page or
// the API's model. The unkindnesses of unkind.go are the areas "unkindness 1" to "unkindness 21".
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
)

func main() {
	source := flag.String("source", ".", "folder of package local")
	docs := flag.String("docs", "../../docs", "folder of the documents")
	flag.Parse()
	if err := run(*source, *docs); err != nil {
		fmt.Fprintln(os.Stderr, "standindoc:", err)
		os.Exit(1)
	}
}

func run(source, docs string) error {
	files, err := generate(source, docs)
	if err != nil {
		return err
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(docs, name), []byte(text), 0o644); err != nil { //nolint:gosec // documents are for everybody
			return err
		}
	}
	return nil
}

// generate gives the documents by their file names.
func generate(source, docs string) (map[string]string, error) {
	shown, err := read(source)
	if err != nil {
		return nil, err
	}
	features, err := merge(shown)
	if err != nil {
		return nil, err
	}
	page, err := os.ReadFile(filepath.Join(docs, "standin.md"))
	if err != nil {
		return nil, err
	}
	text := string(page)
	for name, part := range map[string]string{"areas": areas(features), "unkindnesses": unkindTable(features)} {
		if text, err = replace(text, name, part); err != nil {
			return nil, fmt.Errorf("docs/standin.md: %w", err)
		}
	}
	return map[string]string{"standin.md": text, "standin-conformance.md": conformance(features)}, nil
}
