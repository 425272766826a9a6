// Package subset chooses some rows of many tables so that they belong together: rows that somebody asks for, the rows that refer to
// them, and every row that any of these refers to. It writes the SQL that finds them inside the warehouse, as sets of keys in
// temporary tables of one session; no key leaves it.
//
// It does not know jobs or plans, opens no connection, and does not move what it chose.
package subset
