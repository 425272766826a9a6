// Command jobdoc writes the manual and the JSON Schema of the job file from package job: from the doc comments of its
// types and from the tags that Parse follows, so that none of the three can differ. Run it with go generate ./job.
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
)

func main() {
	source := flag.String("source", ".", "folder of package job")
	docs := flag.String("docs", "../docs", "folder to write to")
	flag.Parse()
	if err := run(*source, *docs); err != nil {
		fmt.Fprintln(os.Stderr, "jobdoc:", err)
		os.Exit(1)
	}
}

func run(source, docs string) error {
	files, err := generate(source)
	if err != nil {
		return err
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(docs, name), text, 0o644); err != nil { //nolint:gosec // documents are for everybody
			return err
		}
	}
	return nil
}

// generate gives the documents by their file names.
func generate(source string) (map[string][]byte, error) {
	comments, err := readComments(source)
	if err != nil {
		return nil, err
	}
	example, err := os.ReadFile(filepath.Join(source, "testdata", "full.yaml"))
	if err != nil {
		return nil, err
	}
	schema, err := writeSchema(comments)
	if err != nil {
		return nil, err
	}
	return map[string][]byte{"job.schema.json": schema, "job.md": writeManual(comments, example)}, nil
}
