// Package infer finds out which type of Redshift's a column of texts has: the narrowest one that holds every value
// exactly as it stands. What a type would change (leading zeros, digits behind the point, an offset) is a reason for a
// wider one, in the end VARCHAR.
//
// The package sees values, not files, and never says NULL: the caller knows what stands for it.
package infer
