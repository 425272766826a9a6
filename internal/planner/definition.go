package planner

import (
	"fmt"
	"slices"

	"github.com/sealift/sealift/internal/redshift"
)

// keepColumns cuts a definition down to the columns that keep says, and says what cannot stay with the others gone.
func keepColumns(d *redshift.TableDef, keep func(name string) bool) (notes []string) {
	all := func(names []redshift.Ident) bool {
		return !slices.ContainsFunc(names, func(n redshift.Ident) bool { return !keep(n.String()) })
	}
	if key, ok := d.DistKey(); ok && !keep(key.String()) {
		d.DistStyle = redshift.DistAuto
		notes = append(notes, "distribution key "+key.String()+" left out: its column is not moved")
	}
	if !all(d.SortKey()) {
		d.SortStyle = redshift.SortAuto
		for i := range d.Columns {
			d.Columns[i].SortKey = 0
		}
		notes = append(notes, "sort key left out: not all its columns are moved")
	}
	if d.PrimaryKey != nil && !all(d.PrimaryKey.Columns) {
		d.PrimaryKey = nil
		notes = append(notes, "primary key left out: not all its columns are moved")
	}
	uniques := len(d.Uniques)
	d.Uniques = slices.DeleteFunc(slices.Clone(d.Uniques), func(k redshift.Key) bool { return !all(k.Columns) })
	d.ForeignKeys = slices.DeleteFunc(slices.Clone(d.ForeignKeys), func(k redshift.ForeignKey) bool {
		gone := !all(k.Columns)
		if gone {
			notes = append(notes, fmt.Sprintf("foreign key to %s left out: not all its columns are moved", k.RefTable))
		}
		return gone
	})
	if n := uniques - len(d.Uniques); n > 0 {
		notes = append(notes, plural(n, "unique key")+" left out: not all their columns are moved")
	}
	d.Columns = slices.DeleteFunc(d.Columns, func(c redshift.Column) bool { return !keep(c.Name.String()) })
	return notes
}

// waypoint is the definition of a shadow that only holds rows on their way into a table that is there: types and
// nothing else.
func waypoint(d redshift.TableDef) redshift.TableDef {
	out := redshift.TableDef{Table: d.Table, DistStyle: redshift.DistEven, SortStyle: redshift.SortNone, Columns: make([]redshift.Column, len(d.Columns))}
	for i, c := range d.Columns {
		out.Columns[i] = redshift.Column{Name: c.Name, Type: c.Type, Collate: c.Collate}
	}
	return out
}

// holds tells whether a column of type have takes every value of type want and gives it back as the same text.
func holds(have, want redshift.Type) bool {
	if have.Name == want.Name && have.Name == redshift.Varchar {
		return have.Length >= want.Length
	}
	widths := []string{redshift.SmallInt, redshift.Integer, redshift.BigInt}
	h, w := slices.Index(widths, have.Name), slices.Index(widths, want.Name)
	return h >= 0 && w >= 0 && h >= w
}

// QueryColumns are the columns of a table that takes the result of a query with these fields.
func QueryColumns(fields []redshift.Field) ([]redshift.Column, error) {
	columns := make([]redshift.Column, 0, len(fields))
	seen := make(map[redshift.Ident]bool, len(fields))
	for i, f := range fields {
		name, err := redshift.NewIdent(f.Name)
		if err != nil || f.Name == "?column?" {
			return nil, fmt.Errorf("column %d of the query has no name; give it one with AS", i+1)
		}
		if seen[name] {
			return nil, fmt.Errorf("the query has two columns named %s; rename one with AS", name)
		}
		seen[name] = true
		t, err := f.Type()
		if err != nil {
			return nil, fmt.Errorf("column %s: %w", name, err)
		}
		columns = append(columns, redshift.Column{Name: name, Type: t})
	}
	return columns, nil
}
