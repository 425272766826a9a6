// Package job is what is wanted: the job file, its defaults, and every mistake in it at file, line and column, all in
// one pass. It never touches the world: Parse reads bytes, and nothing here knows a warehouse, a bucket or a plan.
//
// Start from Parse and Job. The doc comments of Job's fields are the manual: docs/job.md and the JSON Schema are
// generated from them.
package job

//go:generate go run ../internal/tools/jobdoc -source . -docs ../docs
