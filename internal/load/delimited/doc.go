// Package delimited reads delimited text (CSV, TSV and their like) at the speed of memory: a Splitter cuts a stream into
// blocks that end where a record ends, and a Rewriter checks each record of a block and writes it as COPY reads it.
// The two are apart so that one goroutine can read while others rewrite.
//
// The grammar is that of RFC 4180, strict: a quote inside an unquoted field, or text after a closing quote, is an
// error with its line and never a guess. encoding/csv is the reference in the tests.
//
// The package knows bytes; it does not know files, types of columns beyond the checks it is handed, or where records go.
package delimited
