// Package show writes numbers, sizes, times and aligned columns the way people read them: thousands separators, units,
// 100 columns, nothing that needs colour to be understood. It also keeps foreign text (table names, server messages)
// from reaching the terminal as control sequences.
//
// It knows no document and no stream; it makes strings. Start from Page and Grid.
package show
