// Package stage is the encrypted middle: the S3 prefix of one run. It checks what UNLOAD left there, object by object,
// against the manifest and the key, writes the manifest that COPY reads, and empties the prefix, versions and unfinished
// uploads included.
//
// It knows nothing of tables or SQL, and never reads row data.
package stage
