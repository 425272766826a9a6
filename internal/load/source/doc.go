// Package source opens what records are read from: files, the files of a folder, standard input, objects, and the
// entries of archives, each plain or compressed. What something is shows in its first bytes, never in its name alone;
// nothing is unpacked to disk.
//
// The package knows bytes and names; it does not know formats of records.
package source
