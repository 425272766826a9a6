// Package dataset is what the demo's source warehouse holds: table definitions as an administrator would write them,
// and the rows as files ready for COPY, some of them samples (package samples), the larger ones generated.
//
// Generated rows depend on nothing but their number: the same table comes out of every run on every machine, in
// whichever parts it is asked for. There is nothing here of warehouses, S3 or credentials.
//
// Start from Tables, Schema and Before.
package dataset
