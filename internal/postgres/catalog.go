package postgres

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/sealift/sealift/internal/redshift"
)

// Catalog is that of a server, in the terms of a warehouse: types are those that columns become, and names are folded as the target
// folds them.
type Catalog struct {
	*redshift.Catalog
	Rows map[redshift.Table]Rows
}

// tablesQuery lists the columns of tables, a table after the other. Partitions are rows of the table that they are of.
func tablesQuery() redshift.SQL {
	return redshift.Build(`SELECT n.nspname, c.relname, a.attname,
    CASE WHEN d.typtype = 'd' THEN pg_catalog.format_type(d.typbasetype, d.typtypmod) ELSE pg_catalog.format_type(a.atttypid, a.atttypmod) END,
    t.typtype, t.typcategory, a.attnotnull,
    pg_catalog.array_position(CAST(i.indkey AS INT2[]), a.attnum),
    CAST(GREATEST(c.reltuples, 0) AS BIGINT), pg_catalog.pg_relation_size(c.oid), pg_catalog.has_table_privilege(c.oid, 'SELECT')
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
JOIN pg_catalog.pg_type d ON d.oid = a.atttypid
JOIN pg_catalog.pg_type t ON t.oid = CASE WHEN d.typtype = 'd' THEN d.typbasetype ELSE d.oid END
LEFT JOIN pg_catalog.pg_index i ON i.indrelid = c.oid AND i.indisprimary
WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND n.nspname <> 'information_schema' AND n.nspname <> 'pg_catalog' AND n.nspname !~ '^pg_(toast|temp)'
ORDER BY n.nspname, c.relname, a.attnum`)
}

// ReadCatalog reads the tables of a server. caseSensitive is how the target takes names; where it folds them, tables and columns whose
// names become one are refused.
func ReadCatalog(ctx context.Context, q redshift.Querier, caseSensitive bool) (*Catalog, error) {
	c := &Catalog{Catalog: &redshift.Catalog{Schemas: map[redshift.Ident]bool{}, Views: map[redshift.Table]string{}, CaseSensitive: caseSensitive}, Rows: make(map[redshift.Table]Rows)}
	n := namer(caseSensitive)
	var current string
	var def *redshift.TableDef
	twice := make(map[redshift.Table][]string)
	keys := make(map[redshift.Table][]keyColumn)
	err := q.Query(ctx, tablesQuery(), func(row []*string) error {
		if len(row) != 11 || slices.ContainsFunc(slices.Delete(slices.Clone(row), 7, 8), func(f *string) bool { return f == nil }) {
			return errors.New("a field is missing")
		}
		real, err := redshift.NewTable(*row[0], *row[1])
		if err != nil {
			return err
		}
		if current != real.String() {
			current = real.String()
			as, err := n.table(*row[0], *row[1])
			if err != nil {
				return err
			}
			twice[as] = append(twice[as], real.String())
			def = &redshift.TableDef{Table: as, DistStyle: redshift.DistAuto, SortStyle: redshift.SortAuto}
			if def.EstimatedRows, err = strconv.ParseInt(*row[8], 10, 64); err == nil {
				def.EstimatedBytes, err = strconv.ParseInt(*row[9], 10, 64)
			}
			if err != nil {
				return err
			}
			if *row[10] != "t" {
				def.Problems = append(def.Problems, "the user may not read it: GRANT SELECT ON it")
			}
			c.Schemas[as.Schema] = true
			c.Tables = append(c.Tables, *def)
			c.Rows[as] = Rows{From: redshift.Build("?", real), Columns: make(map[string]Reading)}
		}
		def = &c.Tables[len(c.Tables)-1]
		column, reading, err := n.column(*row[2], *row[3], *row[4], *row[5])
		if err != nil {
			return err
		}
		column.NotNull = *row[6] == "t"
		if _, there := c.Rows[def.Table].Columns[column.Name.String()]; there {
			def.Problems = append(def.Problems, fmt.Sprintf("two columns would both become %s, because the target does not tell capitals in names", column.Name.String()))
		}
		c.Rows[def.Table].Columns[column.Name.String()] = reading
		def.Columns = append(def.Columns, column)
		if row[7] != nil {
			at, err := strconv.Atoi(*row[7])
			if err != nil {
				return err
			}
			keys[def.Table] = append(keys[def.Table], keyColumn{at, column.Name})
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read the catalog: %w", err)
	}
	for i := range c.Tables {
		def := &c.Tables[i]
		if names := twice[def.Table]; len(names) > 1 {
			def.Problems = append(def.Problems, strings.Join(names, " and ")+" would both become it, because the target does not tell capitals in names")
		}
		def.PrimaryKey = primaryKey(keys[def.Table])
	}
	slices.SortFunc(c.Tables, func(a, b redshift.TableDef) int { return a.Compare(b.Table) })
	return c, nil
}

type keyColumn struct {
	at   int
	name redshift.Ident
}

func primaryKey(columns []keyColumn) *redshift.Key {
	if len(columns) == 0 {
		return nil
	}
	slices.SortFunc(columns, func(a, b keyColumn) int { return a.at - b.at })
	k := new(redshift.Key)
	for _, c := range columns {
		k.Columns = append(k.Columns, c.name)
	}
	return k
}

// namer gives names in the target: true where it keeps capitals.
type namer bool

func (n namer) ident(name string) (redshift.Ident, error) {
	if !n {
		name = strings.ToLower(name)
	}
	return redshift.NewIdent(name)
}

func (n namer) table(schema, name string) (t redshift.Table, err error) {
	if t.Schema, err = n.ident(schema); err == nil {
		t.Name, err = n.ident(name)
	}
	return t, err
}

func (n namer) column(name, typ, kind, category string) (c redshift.Column, r Reading, err error) {
	real, err := redshift.NewIdent(name)
	if err != nil {
		return c, r, err
	}
	if c.Name, err = n.ident(name); err != nil {
		return c, r, err
	}
	c.Type, r = read(real, typ, kind, category)
	return c, r, nil
}

// ReadQuery says what the columns of a query become, from its description.
func ReadQuery(ctx context.Context, q redshift.Querier, query redshift.SQL, fields []redshift.Field, caseSensitive bool) ([]redshift.Column, Rows, error) {
	rows := Rows{From: redshift.Build("(\n?\n) AS u", query), Columns: make(map[string]Reading)}
	if len(fields) == 0 {
		return nil, rows, errors.New("the query answers no columns")
	}
	list := make([]redshift.SQL, 0, len(fields))
	for i, f := range fields {
		if f.Name == "?column?" {
			return nil, rows, fmt.Errorf("column %d has no name: give it one with AS", i+1)
		}
		list = append(list, redshift.Build("(?, ?, ?)", redshift.Int(i), redshift.Int(f.OID), redshift.Int(f.Modifier)))
	}
	columns := make([]redshift.Column, 0, len(fields))
	err := q.Query(ctx, redshift.Build(`SELECT v.i, CASE WHEN d.typtype = 'd' THEN pg_catalog.format_type(d.typbasetype, d.typtypmod) ELSE pg_catalog.format_type(d.oid, v.mod) END,
    t.typtype, t.typcategory
FROM (VALUES ?) AS v (i, oid, mod)
JOIN pg_catalog.pg_type d ON d.oid = v.oid
JOIN pg_catalog.pg_type t ON t.oid = CASE WHEN d.typtype = 'd' THEN d.typbasetype ELSE d.oid END
ORDER BY v.i`, redshift.Join(", ", list...)), func(row []*string) error {
		if len(row) != 4 || slices.Contains(row, nil) || len(columns) == len(fields) {
			return errors.New("a field is missing")
		}
		column, reading, err := namer(caseSensitive).column(fields[len(columns)].Name, *row[1], *row[2], *row[3])
		if err != nil {
			return err
		}
		if _, there := rows.Columns[column.Name.String()]; there {
			return fmt.Errorf("two columns are named %s: rename one with AS", column.Name.String())
		}
		rows.Columns[column.Name.String()] = reading
		columns = append(columns, column)
		return nil
	})
	if err == nil && len(columns) != len(fields) {
		err = errors.New("the type of a column is not known")
	}
	return columns, rows, err
}
