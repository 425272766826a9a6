// Package docs holds the generated documents that the program itself can print.
package docs

import _ "embed"

// JobSchema is the JSON Schema of the job file.
//
//go:embed job.schema.json
var JobSchema string
