package redshift

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Copy is a COPY statement of Sealift's: from a manifest, into named columns, with no option that drops or changes a
// value.
type Copy struct {
	Table   Table
	Columns []Ident
	From    Fragment // the manifest's URL: a Literal or a Placeholder
	Role    string
	Format  string // Parquet, Text, CSV or Escaped
	NullAs  string // of all but Parquet: what stands for NULL
	// Delimiter and Quote of CSV and Escaped. No Quote is double quotes in CSV, and none in Escaped.
	Delimiter, Quote byte
	Compression      string // of CSV and Escaped: gzip, bzip2, zstd, or "" for none
	IgnoreHeader     bool   // of CSV: the first line of every file names the columns
	// EmptyAsNull makes NULL of every empty text, also of a quoted one: for CSV that somebody else wrote.
	EmptyAsNull bool
	// SerializeToJSON lets SUPER columns take nested types of Parquet.
	SerializeToJSON bool
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
	_, err := ParseRoleChain(c.Role)
	switch c.Format {
	case CSV:
		return errors.Join(err, c.checkCSV(), checkRegion(c.Region))
	case Escaped:
		return errors.Join(err, c.checkEscaped(), checkRegion(c.Region))
	}
	return errors.Join(err, checkFormat(c.Format, c.NullAs), checkRegion(c.Region))
}

func (c Copy) checkCSV() error {
	for _, b := range []byte{c.Delimiter, cmp.Or(c.Quote, '"')} {
		if b == 0 || b >= 0x80 || b == '\n' || b == '\r' {
			return fmt.Errorf("%q cannot tell fields apart", b)
		}
	}
	switch {
	case c.Delimiter == cmp.Or(c.Quote, '"'):
		return fmt.Errorf("%q cannot tell fields apart and quote them", c.Delimiter)
	case !c.packing():
		return fmt.Errorf("COPY reads no CSV that is packed with %s", c.Compression)
	case c.NullAs == "" && !c.EmptyAsNull:
		return errors.New("nothing stands for NULL")
	case c.NullAs != "" && !CanBeNull(c.NullAs):
		return fmt.Errorf("%q cannot stand for NULL in CSV", c.NullAs)
	}
	return nil
}

// packing tells whether COPY unpacks the files.
func (c Copy) packing() bool {
	return slices.Contains([]string{"", "gzip", "bzip2", "zstd"}, c.Compression)
}

func (c Copy) checkEscaped() error {
	switch {
	case c.Delimiter == 0 || c.Delimiter >= 0x80 || strings.IndexByte("\n\r\\", c.Delimiter) >= 0 || c.Delimiter == c.Quote:
		return fmt.Errorf("%q cannot tell fields apart", c.Delimiter)
	case c.Quote != 0 && c.Quote != '"':
		return fmt.Errorf("UNLOAD does not quote with %q", c.Quote)
	case c.NullAs != "" && !CanBeNull(c.NullAs):
		return fmt.Errorf("%q cannot stand for NULL", c.NullAs)
	case !c.packing():
		return fmt.Errorf("COPY reads no text that is packed with %s", c.Compression)
	}
	return nil
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
		if c.SerializeToJSON {
			clauses = append(clauses, Build("SERIALIZETOJSON"))
		}
	default:
		switch c.Format {
		case CSV:
			clauses = append(clauses, c.csv()...)
		case Escaped:
			clauses = append(clauses, c.escaped()...)
		default:
			clauses = append(clauses, delimited(c.NullAs)...)
		}
		clauses = append(clauses, Build("DATEFORMAT 'auto' TIMEFORMAT 'auto'"), Build("COMPUPDATE OFF"))
	}
	// Nothing is said of statistics (STATUPDATE): so COPY makes those of a table that was empty, as a shadow is (DG
	// copy-parameters-data-load). What is joined with it, and the table that it becomes, is planned by them.
	if c.ExplicitIDs {
		clauses = append(clauses, Build("EXPLICIT_IDS"))
	}
	if c.Region != "" {
		clauses = append(clauses, Build("REGION ?", Lit(c.Region)))
	}
	return Join("\n", clauses...)
}

// CopyKeys reads the one row of a key table from an object of its own: no key stands in any statement. A failed COPY keeps the line it
// failed on: what is read has to be right.
func CopyKeys(table Ident, from Fragment, role, region string) SQL {
	clauses := []SQL{Build("COPY ?", table), Build("FROM ?", from), authorization(role), Build("DELIMITER '|'"), Build("COMPUPDATE OFF"), Build("STATUPDATE OFF")}
	if region != "" {
		clauses = append(clauses, Build("REGION ?", Lit(region)))
	}
	return Join("\n", clauses...)
}

func (c Copy) csv() []SQL {
	clauses := []SQL{Build("FORMAT AS CSV DELIMITER ?", Lit(string(c.Delimiter)))}
	if c.Quote != 0 && c.Quote != '"' {
		clauses[0] = Build("FORMAT AS CSV QUOTE AS ? DELIMITER ?", Lit(string(c.Quote)), Lit(string(c.Delimiter)))
	}
	if c.NullAs != "" {
		clauses = append(clauses, Build("NULL AS ?", Lit(c.NullAs)))
	}
	if c.EmptyAsNull {
		clauses = append(clauses, Build("EMPTYASNULL"))
	}
	if c.IgnoreHeader {
		clauses = append(clauses, Build("IGNOREHEADER 1"))
	}
	return append(clauses, c.unpack()...)
}

// escaped reads what UNLOAD wrote with ESCAPE (DG r_UNLOAD): the quotes that ADDQUOTES put around every field are taken off
// again, and a backslash takes the meaning from what follows it.
func (c Copy) escaped() []SQL {
	clauses := []SQL{Build("DELIMITER ? ESCAPE", Lit(string(c.Delimiter)))}
	if c.Quote != 0 {
		clauses = append(clauses, Build("REMOVEQUOTES"))
	}
	if c.NullAs != "" {
		clauses = append(clauses, Build("NULL AS ?", Lit(c.NullAs)))
	}
	return append(clauses, c.unpack()...)
}

func (c Copy) unpack() []SQL {
	switch c.Compression {
	case "gzip":
		return []SQL{Build("GZIP")}
	case "bzip2":
		return []SQL{Build("BZIP2")}
	case "zstd":
		return []SQL{Build("ZSTD")}
	}
	return nil
}
