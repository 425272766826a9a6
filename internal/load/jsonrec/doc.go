// Package jsonrec reads records that are JSON objects: one after another (JSON lines, though lines do not matter), as an
// array, or as an array inside a document. As in package delimited, a Splitter cuts the stream into blocks that one
// goroutine reads and others rewrite as the CSV that COPY reads.
//
// Texts, numbers and truth values become fields; objects and arrays become their JSON text, which only a SUPER column
// takes. A key that a record lacks, and null, are NULL.
//
// The package knows bytes; it does not know files, or where records go.
package jsonrec
