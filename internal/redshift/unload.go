package redshift

import (
	"errors"
	"fmt"
)

// Unload is an UNLOAD statement of Sealift's: always encrypted under a named key, always with a manifest that says what
// is in each file, never over existing objects, with no option that changes a value.
type Unload struct {
	Query SQL      // a SELECT without LIMIT at its end (DG r_UNLOAD)
	To    Fragment // the URL that object names begin with: a Literal or a Placeholder
	Role  string
	// KMSKeyID names the key as KeyFor does.
	KMSKeyID string
	Format   string // Parquet, Text, CSV or JSON
	NullAs   string // Text: what stands for NULL; CSV: likewise, and nothing where it is empty
	Header   bool   // CSV: every file begins with a line of names
	// PartitionBy puts the rows of each value into a folder of its own, and leaves the columns out of the files but with
	// Include.
	PartitionBy []Ident
	Include     bool
	// MaxFileSizeMB limits the files; 0 leaves it to the server.
	MaxFileSizeMB int
	// Region of the bucket, if it is not the warehouse's.
	Region string
}

// Check tells whether a statement can be made. What it refuses comes from outside: the role, the key, the region.
func (u Unload) Check() error {
	err := u.check()
	if err != nil {
		return fmt.Errorf("write UNLOAD: %w", err)
	}
	return nil
}

func (u Unload) check() error {
	if u.Query.IsZero() || u.To == nil {
		return errors.New("no query or no destination")
	}
	// A placeholder in the query would be inside of a literal and never be filled.
	names, err := u.Query.Placeholders()
	if err != nil {
		return err
	}
	if len(names) > 0 {
		return fmt.Errorf("the query holds the placeholder %s", names[0])
	}
	if u.MaxFileSizeMB != 0 && (u.MaxFileSizeMB < 5 || u.MaxFileSizeMB > 6200) {
		return fmt.Errorf("a file size of %d MB is not within 5 and 6200", u.MaxFileSizeMB)
	}
	if u.Header && u.Format != CSV {
		return fmt.Errorf("format %s has no header", u.Format)
	}
	_, err = ParseRoleChain(u.Role)
	switch u.Format {
	case JSON:
	case CSV:
		if !CanStandForNull(u.NullAs) {
			err = errors.Join(err, fmt.Errorf("%q cannot stand for NULL in CSV", u.NullAs))
		}
	default:
		err = errors.Join(err, checkFormat(u.Format, u.NullAs))
	}
	return errors.Join(err, CheckKMSKey(u.KMSKeyID), checkRegion(u.Region))
}

// SQL is the statement's text. It panics where Check returns an error.
func (u Unload) SQL() SQL {
	if err := u.Check(); err != nil {
		panic("redshift: " + err.Error())
	}
	clauses := []SQL{
		// The query becomes a literal: one function doubles its quotes and backslashes, however often they were
		// doubled inside already.
		Build("UNLOAD (?)", Lit(u.Query.String())),
		Build("TO ?", u.To),
		authorization(u.Role),
		Build("KMS_KEY_ID ? ENCRYPTED", Lit(u.KMSKeyID)),
		Build("MANIFEST VERBOSE"),
	}
	switch u.Format {
	case Parquet:
		clauses = append(clauses, Build("FORMAT AS PARQUET"))
	case JSON:
		clauses = append(clauses, Build("FORMAT AS JSON"), Build("ZSTD"))
	case CSV:
		clauses = append(clauses, Build("FORMAT AS CSV"))
		if u.NullAs != "" {
			clauses = append(clauses, Build("NULL AS ?", Lit(u.NullAs)))
		}
		clauses = append(clauses, Build("ZSTD"))
	default:
		clauses = append(clauses, delimited(u.NullAs)...)
	}
	if u.Header {
		clauses = append(clauses, Build("HEADER"))
	}
	if len(u.PartitionBy) > 0 {
		clauses = append(clauses, Build("PARTITION BY (?)", Idents(u.PartitionBy...)))
		if u.Include {
			clauses[len(clauses)-1] = Build("? INCLUDE", clauses[len(clauses)-1])
		}
	}
	if u.MaxFileSizeMB != 0 {
		clauses = append(clauses, Build("MAXFILESIZE ? MB", Int(u.MaxFileSizeMB)))
	}
	if u.Region != "" {
		clauses = append(clauses, Build("REGION ?", Lit(u.Region)))
	}
	return Join("\n", clauses...)
}

// delimited is the text format, the same for UNLOAD and COPY. ESCAPE on both sides is what makes delimiters, newlines and
// backslashes in values come back (DG r_UNLOAD).
func delimited(nullAs string) []SQL {
	return []SQL{Build("DELIMITER '|' ESCAPE"), Build("NULL AS ?", Lit(nullAs)), Build("ZSTD")}
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
