package redshift

import (
	"errors"
	"fmt"
)

// Copy is a COPY statement of Sealift's: from a manifest, into named columns, with no option that drops or changes a
// value.
type Copy struct {
	Table   Table
	Columns []Ident
	From    SQL // the manifest's URL: a Literal or a Placeholder
	Role    string
	Format  string // Parquet or Text
	NullAs  string // Text only: what stands for NULL
	// ExplicitIDs says that Columns names an IDENTITY column, whose values come from the files.
	ExplicitIDs bool
	// Region of the bucket, if it is not the warehouse's; for Text only.
	Region string
}

// SQL is the statement's text.
func (c Copy) SQL() (SQL, error) {
	fail := func(err error) (SQL, error) { return SQL{}, fmt.Errorf("write COPY %s: %w", c.Table, err) }
	if c.Table.IsZero() || len(c.Columns) == 0 || c.From.IsZero() {
		return fail(errors.New("no table, no columns or no manifest"))
	}
	role, err := authorization(c.Role)
	if err != nil {
		return fail(err)
	}
	clauses := []SQL{
		Build("COPY ? (?)", c.Table, Idents(c.Columns...)),
		Build("FROM ?", c.From),
		role,
		Build("MANIFEST"),
	}
	switch c.Format {
	case Parquet:
		// Columnar formats take few options (DG copy-usage_notes-copy-from-columnar): COMPUPDATE is not one, and never
		// happens. The bucket must be in the warehouse's region.
		if c.Region != "" {
			return fail(errors.New("Parquet cannot be loaded from another region; use format: text"))
		}
		clauses = append(clauses, Build("FORMAT AS PARQUET"))
	case Text:
		if err := checkNullMarker(c.NullAs); err != nil {
			return fail(err)
		}
		clauses = append(clauses,
			Build("DELIMITER '|' ESCAPE"),
			Build("NULL AS ?", Lit(c.NullAs)),
			Build("ZSTD"),
			Build("DATEFORMAT 'auto' TIMEFORMAT 'auto'"),
			Build("COMPUPDATE OFF"))
	default:
		return fail(fmt.Errorf("format %q is not known", c.Format))
	}
	clauses = append(clauses, Build("STATUPDATE OFF"))
	if c.ExplicitIDs {
		clauses = append(clauses, Build("EXPLICIT_IDS"))
	}
	if c.Region != "" {
		if !region.MatchString(c.Region) {
			return fail(fmt.Errorf("%q is not a region", c.Region))
		}
		clauses = append(clauses, Build("REGION ?", Lit(c.Region)))
	}
	return Join("\n", clauses...), nil
}
