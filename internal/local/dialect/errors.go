package dialect

// MapError turns an error of PostgreSQL into the one Redshift would report; ok is false where they do not differ.
// constraint is the error's constraint name field.
func MapError(e Error, constraint string) (mapped Error, ok bool) {
	return e, false
}
