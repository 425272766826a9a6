// Package load turns files of records into staged parts that COPY reads: it opens inputs (source), cuts them into blocks
// of whole records, and lets several goroutines rewrite, compress and upload them (delimited, jsonrec). Memory does not
// grow with the input: a block waits until somebody takes it, and reading waits for that.
//
// Start with Look, which finds out what the inputs are, and Send, which sends them.
//
// The package knows neither warehouses nor S3; it writes to what it is handed.
package load
