// Package cli is the command line: one file per command, flags, progress, output. It is the only package that prints,
// and the only place where an error becomes an exit code.
//
// It does not know how anything is done: package sealift has the verbs, the documents render themselves.
//
// Start from Run, which is a whole invocation, and exitCode.
package cli
