// Package mask is the definition of Sealift's transformers. Each is defined once, at the level of bytes, and is there as
// two twins: an expression of Redshift's SQL, which becomes part of the UNLOAD query, so that what it hides never leaves
// the source; and Go, for the preview, for the check that both say the same, and for workers.
//
// It is pure. It knows no AWS, no connection, no job file and no plan: it is given a table's definition, what to do with
// each of its columns (Use), and derived keys, and gives back SQL and a function of rows. SQL is made of internal/redshift's
// types only. How keys reach a warehouse is not its business; that they are never in its SQL is: the text refers to a
// table of the session (KeyTable) and holds no key.
//
// Start with New, which checks a table's masks all at once, and then Table.Query and Table.Masker. Transformers lists what
// there is.
//
// # Foundations
//
// From a master key of 32 bytes come two texts of 64 characters, k1 and k2, by environment and epoch (Derive). The hash
// of a value v in a consistency domain d is
//
//	H(d, v) = hex(SHA256(k2 || hex(SHA256(k1 || d || ':' || v))))
//
// with v in its canonical form, which is the same text for equal values whatever their column's width (canon.go). It is
// NMAC-shaped: two keys, each of exactly one block of SHA-256, the inner digest hidden by the outer, so that digests
// cannot be extended. It is not HMAC, which SHA2 in Redshift cannot compute since it takes and gives text. Columns that
// must join share a domain; nothing else does. From a hash come up to four words of 60 bits,
//
//	W(h, j) = the hex digits 15*j to 15*j+14 as a number
//
// and from words indexes, digits and shifts. NULL in gives NULL out, always.
//
// # What it is not
//
// Masks that are deterministic pseudonymise; they do not make data anonymous. Who holds the keys can tell which value a
// masked one belongs to, by trying; equal values stay equal and can be counted; dates of an entity that are shifted alike
// are all known once one is. Note says where that matters for a column.
//
//go:generate go run ../tools/maskdoc -docs ../../docs
package mask
