// Package journal is what was done: append-only entries, one JSON object a line, each synced to disk before anything
// depends on it. Progress, receipt and resume all read the same entries; there is no other event stream.
//
// Version 1 of the format: the first entry is begin, with run, plan and version. A process that goes on with a run adds
// resume; each process that is done with it adds end, after which another may still resume. What lies between two of
// these is one process's work.
//
// A side effect has an intent entry before it and an outcome entry (done, failed or unknown) after it. An intent with
// no outcome is in doubt. Every entry carries the SHA-256 of the line before it, so that damage and edits are found;
// only a torn last line, which a crash can leave, is accepted and said.
//
// The package knows files and entries; it does not know what steps do.
package journal
