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
	From    Fragment // the manifest's URL: a Literal or a Placeholder
	Role    string
	Format  string // Parquet, Text or CSV
	NullAs  string // Text and CSV: what stands for NULL
	// Delimiter of CSV, which is quoted by double quotes and compressed with Zstandard.
	Delimiter byte
	// ExplicitIDs says that Columns names an IDENTITY column, whose values come from the files.
	ExplicitIDs bool
	// Region of the bucket, if it is not the warehouse's; for Text only.
	Region string
}

// Check tells whether a statement can be made. What it refuses comes from outside: the role, the region.
func (c Copy) Check() error {
	err := c.check()
	if err != nil {
		return fmt.Errorf("write COPY %s: %w", c.Table, err)
	}
	return nil
}

func (c Copy) check() error {
	if c.Table.Schema.IsZero() || c.Table.Name.IsZero() || len(c.Columns) == 0 || c.From == nil {
		return errors.New("no table, no columns or no manifest")
	}
	if c.Format == Parquet && c.Region != "" {
		return errors.New("files of format parquet cannot be loaded from another region; stage in the target's, or use format text")
	}
	if c.Format == CSV && (c.Delimiter == 0 || c.Delimiter >= 0x80 || c.Delimiter == '"' || c.Delimiter == '\n' || c.Delimiter == '\r') {
		return fmt.Errorf("%q cannot tell fields apart", c.Delimiter)
	}
	format := c.Format
	if format == CSV {
		format = Text // whose NULL marker it has
	}
	_, err := ParseRoleChain(c.Role)
	return errors.Join(err, checkFormat(format, c.NullAs), checkRegion(c.Region))
}

// SQL is the statement's text. It panics where Check returns an error.
func (c Copy) SQL() SQL {
	if err := c.Check(); err != nil {
		panic("redshift: " + err.Error())
	}
	clauses := []SQL{
		Build("COPY ? (?)", c.Table, Idents(c.Columns...)),
		Build("FROM ?", c.From),
		authorization(c.Role),
		Build("MANIFEST"),
	}
	switch c.Format {
	case Parquet:
		// Columnar formats take few options (DG copy-usage_notes-copy-from-columnar); COMPUPDATE is not one of them,
		// and does not happen.
		clauses = append(clauses, Build("FORMAT AS PARQUET"))
	default:
		if c.Format == CSV {
			clauses = append(clauses, Build("FORMAT AS CSV DELIMITER ?", Lit(string(c.Delimiter))), Build("NULL AS ?", Lit(c.NullAs)), Build("ZSTD"))
		} else {
			clauses = append(clauses, delimited(c.NullAs)...)
		}
		clauses = append(clauses, Build("DATEFORMAT 'auto' TIMEFORMAT 'auto'"), Build("COMPUPDATE OFF"))
	}
	clauses = append(clauses, Build("STATUPDATE OFF"))
	if c.ExplicitIDs {
		clauses = append(clauses, Build("EXPLICIT_IDS"))
	}
	if c.Region != "" {
		clauses = append(clauses, Build("REGION ?", Lit(c.Region)))
	}
	return Join("\n", clauses...)
}
