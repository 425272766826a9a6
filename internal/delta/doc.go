// Package delta says which rows of a table, or which files, are new since it was last synced: what was kept of the last sync, what is asked of the
// source, and what follows from both.
//
// It does not know how rows are moved or published, and opens no connection: it writes queries and reads their answers.
package delta
