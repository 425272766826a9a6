// Package scan finds columns that probably hold personal data, by what they are called, what type they have and, counted
// inside of the warehouse, what their values look like.
//
// It is pure: it is given a table's definition, says what to ask the warehouse (Table.Shapes, then Table.Checks), is told
// the answers, which are numbers only, and gives findings: what a column looks like, how sure that is, why, and a mask of
// internal/mask that fits it. Values never leave the warehouse for that. Where somebody agreed to it, Table.Values asks for
// some and Table.Look holds them against stricter rules; they are counted and forgotten.
//
// Evidence is combined per column, never per value:
//
//	the name means it            0.6     it may mean it    0.3
//	the type fits                0.1
//	values pass a check digit    0.5     values have the form    0.3
//
// The last two are multiplied by how far the share of such values is above what chance gives (Check). From 0.6 a column
// counts as sensitive, from 0.3 somebody should decide; both stop a policy that does not list the column, so that what is
// not found is only as bad as what a person overlooks.
//
// Start with New. What can be found is in kinds.go, what names mean in names.go and words.go, what values look like in
// checks.go.
package scan
