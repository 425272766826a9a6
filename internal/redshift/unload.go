package redshift

import (
	"errors"
	"fmt"
)

// Unload is an UNLOAD statement of Sealift's: always encrypted under a named key, always with a manifest that says what
// is in each file, never over existing objects, with no option that changes a value.
type Unload struct {
	Query  SQL // a SELECT without LIMIT at its end (DG r_UNLOAD)
	To     SQL // the URL that object names begin with: a Literal or a Placeholder
	Role   string
	KMSKey string
	Format string // Parquet or Text
	NullAs string // Text only: what stands for NULL
	// MaxFileSizeMB limits the files; 0 leaves it to the server.
	MaxFileSizeMB int
	// Region of the bucket, if it is not the warehouse's.
	Region string
}

// SQL is the statement's text.
func (u Unload) SQL() (SQL, error) {
	fail := func(err error) (SQL, error) { return SQL{}, fmt.Errorf("write UNLOAD: %w", err) }
	if u.Query.IsZero() || u.To.IsZero() {
		return fail(errors.New("no query or no destination"))
	}
	// A placeholder in the query would be inside of a literal and never be filled.
	if names, err := u.Query.Placeholders(); err != nil {
		return fail(err)
	} else if len(names) > 0 {
		return fail(fmt.Errorf("the query holds the placeholder %s", names[0]))
	}
	role, err := authorization(u.Role)
	if err != nil {
		return fail(err)
	}
	if err := CheckKMSKey(u.KMSKey); err != nil {
		return fail(err)
	}
	clauses := []SQL{
		// The query becomes a literal: one function doubles its quotes and backslashes, however often they were
		// doubled inside already.
		Build("UNLOAD (?)", Lit(u.Query.String())),
		Build("TO ?", u.To),
		role,
		Build("KMS_KEY_ID ? ENCRYPTED", Lit(u.KMSKey)),
		Build("MANIFEST VERBOSE"),
	}
	format, err := u.format()
	if err != nil {
		return fail(err)
	}
	clauses = append(clauses, format...)
	if u.MaxFileSizeMB != 0 {
		if u.MaxFileSizeMB < 5 || u.MaxFileSizeMB > 6200 {
			return fail(fmt.Errorf("a file size of %d MB is not within 5 and 6200", u.MaxFileSizeMB))
		}
		clauses = append(clauses, Build("MAXFILESIZE ? MB", Int(u.MaxFileSizeMB)))
	}
	if u.Region != "" {
		if !region.MatchString(u.Region) {
			return fail(fmt.Errorf("%q is not a region", u.Region))
		}
		clauses = append(clauses, Build("REGION ?", Lit(u.Region)))
	}
	return Join("\n", clauses...), nil
}

func (u Unload) format() ([]SQL, error) {
	switch u.Format {
	case Parquet:
		return []SQL{Build("FORMAT AS PARQUET")}, nil
	case Text:
		if err := checkNullMarker(u.NullAs); err != nil {
			return nil, err
		}
		return []SQL{Build("DELIMITER '|' ESCAPE"), Build("NULL AS ?", Lit(u.NullAs)), Build("ZSTD")}, nil
	default:
		return nil, fmt.Errorf("format %q is not known", u.Format)
	}
}

// SelectList is what an UNLOAD selects so that COPY into columns of the same types restores every value. Columns are
// always named, never *: a column added in between must not shift the others.
func SelectList(columns []Column, format string) []SQL {
	list := make([]SQL, len(columns))
	for i, c := range columns {
		list[i] = Build("?", c.Name)
		if format == Text && c.Type.Name == Super {
			// UNLOAD writes SUPER's NULL as JSON null whatever NULL AS says (DG unload-super); as VARCHAR it obeys.
			list[i] = Build("JSON_SERIALIZE(?) AS ?", c.Name, c.Name)
		}
	}
	return list
}
