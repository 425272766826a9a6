// Package postgres knows what of a PostgreSQL server becomes what in a warehouse: its catalog, with the types of Redshift, and the
// expression by which each column is read.
//
// It opens no connection. Start with ReadCatalog.
package postgres
