// Package sealift moves tables between Amazon Redshift warehouses: encrypted on the way under the user's KMS key,
// verified inside both warehouses, and published whole or not at all.
//
// It holds the verbs. Plan turns a job (package job) and two catalogs into a plan (package plan), which changes nothing;
// Copy carries a plan out, writing each step to a journal (package journal), and gives the receipt (package receipt).
// Runs and OpenRun read what earlier runs left in the state folder. Whoever uses this package as a library holds these
// four documents and nothing else.
//
// The package is wiring: it opens connections and hands them to those who decide (internal/planner) and those who do
// (internal/runner).
package sealift
