// Package grants says what the users of a job need in its databases: statements for an administrator, from the job alone, each
// with the command that needs it and what for. Nothing here asks a warehouse: what only a catalog tells, which tables a
// pattern stands for above all, is said in notes, and found out by sealift check.
package grants
