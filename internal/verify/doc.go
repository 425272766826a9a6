// Package verify compares tables of two warehouses where they are: by digests, and where those differ and the table has a
// key, by digests of parts down to the keys of single rows. Nothing leaves a warehouse but digests and the keys (and, if
// asked for, the values) of rows that differ.
//
// It opens nothing and changes nothing: it is given two sessions, and works in a read-only transaction on each, so that
// all that is asked of a table on one side is asked of one snapshot.
//
// Start from Compare.
package verify
