package redshift

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Querier runs a query and calls each for every row of the answer. Values are text as the server sends it, nil is NULL.
// A row is only valid during the call.
type Querier interface {
	Query(ctx context.Context, sql SQL, each func(row []*string) error) error
}

// Filter limits what ReadCatalog reads.
type Filter struct {
	// Schemas whose tables are wanted; nil for all.
	Schemas []Ident
}

// Catalog is what a warehouse knows of itself: its tables, and the settings that change what SQL means.
type Catalog struct {
	Database      string
	Version       string // of the server, as version() tells it
	Isolation     string // of the database, as the server calls it, or "" where it does not tell
	Collation     string // of texts in the database: case_sensitive or case_insensitive
	CaseSensitive bool   // names in quotes keep their case
	// Schemas are all that exist, system schemas apart.
	Schemas map[Ident]bool
	// Ledger tells that Sealift's own tables are there, which are not among Tables.
	Ledger bool
	// Tables are in order of their names.
	Tables []TableDef
	// Views are other relations whose names are taken, with what they are.
	Views map[Table]string
	// Notes say what could not be read, and what that means.
	Notes []string
}

// Table finds a table's definition; nil is none.
func (c *Catalog) Table(t Table) *TableDef {
	i, found := slices.BinarySearchFunc(c.Tables, t, func(d TableDef, t Table) int { return d.Compare(t) })
	if !found {
		return nil
	}
	return &c.Tables[i]
}

// Sorted lists the tables in order of their names.
func (c *Catalog) Sorted() []*TableDef {
	defs := make([]*TableDef, len(c.Tables))
	for i := range c.Tables {
		defs[i] = &c.Tables[i]
	}
	return defs
}

// HasSchema tells whether there is such a schema.
func (c *Catalog) HasSchema(name Ident) bool { return c.Schemas[name] }

// ledgerSchema holds Sealift's own tables in a target. They are never moved.
const ledgerSchema = "sealift"

// systemSchemas are left out, as is everything that begins with pg_.
var systemSchemas = []string{"information_schema", "catalog_history", ledgerSchema}

// materialization matches the tables that hold the rows of materialized views.
var materialization = regexp.MustCompile(`^mv_tbl__.*__[0-9]+$`)

// ReadCatalog reads all definitions with a handful of queries, however many tables there are. It must not be called
// inside of a transaction: some queries may be refused, which is noted in the answer and would end the transaction.
//
// Catalogs are not part of a transaction's snapshot (DG c_serial_isolation), and this reads them in several steps:
// whoever acts on a definition compares fingerprints again.
func ReadCatalog(ctx context.Context, q Querier, f Filter) (*Catalog, error) {
	r := reader{
		q: q, filter: f,
		catalog: Catalog{Schemas: map[Ident]bool{}, Views: map[Table]string{}},
		byOID:   map[string]int{}, places: map[string][]int{}, beyond: map[string]Ident{},
		names: map[string]Ident{}, types: map[string]Type{},
	}
	steps := []struct {
		what string
		read func(context.Context) error
	}{
		{"settings", r.readSettings},
		{"schemas", r.readSchemas},
		{"Sealift's own tables", r.readLedger},
		{"tables", r.readTables},
		{"columns", r.readColumns},
		{"constraints", r.readConstraints},
		{"comments", r.readComments},
		{"dependents", r.readDependents},
		{"role grants", r.readRoleGrants},
		{"collations", r.readCollations},
		{"statistics", r.readStatistics},
	}
	for _, s := range steps {
		if err := s.read(ctx); err != nil {
			return nil, fmt.Errorf("read %s from the catalog: %w", s.what, err)
		}
	}
	slices.SortFunc(r.catalog.Tables, func(a, b TableDef) int { return a.Compare(b.Table) })
	for _, d := range r.catalog.Tables {
		slices.SortFunc(d.Dependents, func(a, b Dependent) int {
			return cmp.Or(strings.Compare(a.Kind, b.Kind), strings.Compare(a.Name, b.Name))
		})
	}
	return &r.catalog, nil
}

// ReadSettings reads what ReadCatalog reads first: version, isolation, collation and how names are folded.
func ReadSettings(ctx context.Context, q Querier) (*Catalog, error) {
	r := reader{q: q}
	if err := r.readSettings(ctx); err != nil {
		return nil, fmt.Errorf("read settings from the catalog: %w", err)
	}
	return &r.catalog, nil
}

// reader gathers a catalog. Its maps are by object id, as text.
type reader struct {
	q       Querier
	filter  Filter
	catalog Catalog

	byOID  map[string]int   // place in catalog.Tables
	places map[string][]int // place in Columns by number-1; -1 for a dropped one
	beyond map[string]Ident // "object id.number": columns of tables that are only referred to
	names  map[string]Ident // the same few thousand names come again and again: one of each is kept
	types  map[string]Type
}

// query checks that rows have as many fields as were asked for.
func (r *reader) query(ctx context.Context, fields int, sql SQL, each func(row []*string) error) error {
	return r.q.Query(ctx, sql, func(row []*string) error {
		if len(row) != fields {
			return fmt.Errorf("an answer with %d fields, %d were asked for", len(row), fields)
		}
		return each(row)
	})
}

// optional runs a query for what a plan can do without. Where the server refuses it, the note says so.
func (r *reader) optional(ctx context.Context, note string, fields int, sql SQL, each func(row []*string) error) error {
	err := r.query(ctx, fields, sql, each)
	var se *ServerError
	if errors.As(err, &se) && (se.notThere() || IsPermission(err)) {
		if note != "" {
			r.catalog.Notes = append(r.catalog.Notes, note+" ("+se.Message+")")
		}
		return nil
	}
	return err
}

func (r *reader) name(v *string) (Ident, error) {
	if v == nil {
		return Ident{}, errors.New("a name is NULL")
	}
	if n, ok := r.names[*v]; ok {
		return n, nil
	}
	n, err := NewIdent(*v)
	if err == nil {
		r.names[*v] = n
	}
	return n, err
}

func (r *reader) table(schema, name *string) (Table, error) {
	s, err := r.name(schema)
	if err != nil {
		return Table{}, err
	}
	n, err := r.name(name)
	return Table{Schema: s, Name: n}, err
}

func (r *reader) readSettings(ctx context.Context) error {
	err := r.query(ctx, 2, Build("SELECT version(), current_database()"), func(row []*string) error {
		if row[0] == nil || row[1] == nil {
			return errors.New("no version or no database")
		}
		r.catalog.Version, r.catalog.Database = *row[0], *row[1]
		return nil
	})
	if err != nil {
		return err
	}
	// Unknown parameters are an error on releases that do not have it: names are folded there.
	err = r.optional(ctx, "", 1, Build("SHOW enable_case_sensitive_identifier"), func(row []*string) error {
		if row[0] == nil {
			return errors.New("enable_case_sensitive_identifier is NULL")
		}
		r.catalog.CaseSensitive = *row[0] == "on" || *row[0] == "true"
		return nil
	})
	if err != nil {
		return err
	}
	// Older releases have no such function and one collation.
	r.catalog.Collation = caseSensitive
	err = r.optional(ctx, "", 1, Build("SELECT db_collation()"), func(row []*string) error {
		if row[0] != nil {
			r.catalog.Collation = strings.TrimSpace(*row[0])
		}
		return nil
	})
	if err != nil {
		return err
	}
	return r.optional(ctx, "the isolation level of the database is not known", 2,
		Build("SELECT db_name, isolation_level FROM stv_db_isolation_level"), func(row []*string) error {
			// Both are padded with blanks.
			if row[0] != nil && row[1] != nil && strings.TrimSpace(*row[0]) == r.catalog.Database {
				r.catalog.Isolation = strings.TrimSpace(*row[1])
			}
			return nil
		})
}

// wanted is the condition for schemas, on pg_namespace as n.
func (r *reader) wanted() SQL {
	system := make([]SQL, len(systemSchemas))
	for i, s := range systemSchemas {
		system[i] = Build("?", Lit(s))
	}
	where := Build("substring(n.nspname, 1, 3) <> 'pg_' AND n.nspname NOT IN (?)", Join(", ", system...))
	if r.filter.Schemas == nil {
		return where
	}
	names := []SQL{Build("''")} // never empty
	for _, s := range r.filter.Schemas {
		names = append(names, Build("?", Lit(s.name)))
	}
	return Build("? AND n.nspname IN (?)", where, Join(", ", names...))
}

func (r *reader) readSchemas(ctx context.Context) error {
	return r.query(ctx, 1, Build("SELECT n.nspname FROM pg_catalog.pg_namespace n"), func(row []*string) error {
		n, err := r.name(row[0])
		if err == nil && !strings.HasPrefix(n.name, "pg_") && (n.name == ledgerSchema || !slices.Contains(systemSchemas, n.name)) {
			r.catalog.Schemas[n] = true
		}
		return err
	})
}

func (r *reader) readLedger(ctx context.Context) error {
	sql := Build(`SELECT c.relname FROM pg_catalog.pg_class c, pg_catalog.pg_namespace n
WHERE n.oid = c.relnamespace AND n.nspname = ? AND c.relkind = 'r'`, Lit(ledgerSchema))
	found := make(map[string]bool)
	err := r.query(ctx, 1, sql, func(row []*string) error {
		n, err := r.name(row[0])
		found[n.name] = true
		return err
	})
	r.catalog.Ledger = found[Ledger.Name.name] && found[Fence.Name.name]
	return err
}

func (r *reader) readTables(ctx context.Context) error {
	sql := Build(`SELECT c.oid, n.nspname, c.relname, c.relkind, u.usename, c.reldiststyle, c.relacl
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_catalog.pg_user u ON u.usesysid = c.relowner
WHERE c.relkind IN ('r', 'v', 'm') AND ?`, r.wanted())
	return r.query(ctx, 7, sql, func(row []*string) error {
		t, err := r.table(row[1], row[2])
		if err != nil {
			return err
		}
		if row[0] == nil || row[3] == nil {
			return fmt.Errorf("%s has no id or kind", t)
		}
		switch {
		case *row[3] == "v":
			r.catalog.Views[t] = "view"
			return nil
		case *row[3] == "m":
			r.catalog.Views[t] = "materialized view"
			return nil
		case materialization.MatchString(t.Name.name):
			r.catalog.Views[t] = "storage of a materialized view"
			return nil
		}
		d := TableDef{Table: t, SortStyle: SortNone}
		if row[4] != nil {
			owner, err := r.name(row[4])
			if err != nil {
				return fmt.Errorf("owner of %s: %w", t, err)
			}
			d.Owner = owner.name
		}
		if err := d.setDistStyle(row[5]); err != nil {
			return err
		}
		if row[6] != nil {
			if d.Grants, err = parseACL(*row[6], d.Owner); err != nil {
				d.Notes = append(d.Notes, "grants are not carried over: "+err.Error())
			}
		}
		r.byOID[*row[0]] = len(r.catalog.Tables)
		r.catalog.Tables = append(r.catalog.Tables, d)
		return nil
	})
}

// setDistStyle reads pg_class.reldiststyle (DG viewing-distribution-styles).
func (d *TableDef) setDistStyle(v *string) error {
	n, err := parseInt(v)
	if err != nil {
		return fmt.Errorf("distribution style of %s: %w", d.Table, err)
	}
	switch n {
	case 0:
		d.DistStyle = DistEven
	case 1:
		d.DistStyle = DistKey
	case 8:
		d.DistStyle = DistAll
	case 9, 10, 11, 12:
		d.DistStyle = DistAuto
	default:
		d.DistStyle = DistAuto
		d.Notes = append(d.Notes, fmt.Sprintf("distribution style %d is not known; AUTO is taken", n))
	}
	return nil
}

// at finds a table by object id.
func (r *reader) at(oid *string) (*TableDef, bool) {
	if oid == nil {
		return nil, false
	}
	i, ok := r.byOID[*oid]
	if !ok {
		return nil, false
	}
	return &r.catalog.Tables[i], true
}

func (r *reader) readColumns(ctx context.Context) error {
	sql := Build(`SELECT a.attrelid, a.attnum, a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod), a.attnotnull,
	format_encoding(a.attencodingtype::integer), a.attisdistkey, a.attsortkeyord, d.adsrc, a.attacl
FROM pg_catalog.pg_attribute a
JOIN pg_catalog.pg_class c ON c.oid = a.attrelid
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_catalog.pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
WHERE c.relkind = 'r' AND a.attnum > 0 AND NOT a.attisdropped AND ?
ORDER BY a.attrelid, a.attnum`, r.wanted())
	// Rows come table by table. Each table's are gathered here and kept in a slice of just the length, since there may
	// be hundreds of thousands.
	var gathered []Column
	var of *TableDef
	keep := func() {
		if of != nil {
			of.Columns = slices.Clone(gathered)
		}
		gathered = gathered[:0]
	}
	err := r.query(ctx, 10, sql, func(row []*string) error {
		d, ok := r.at(row[0])
		if !ok {
			return nil // made since the tables were read, or not a table to move
		}
		if d != of {
			keep()
			of = d
		}
		c, err := r.column(d, row)
		if err != nil {
			return fmt.Errorf("column of %s: %w", d.Table, err)
		}
		number, err := parseInt(row[1])
		if err != nil || number < 1 || number > maxColumns {
			return fmt.Errorf("column %s of %s: its number is %s", c.Name, d.Table, show(row[1]))
		}
		places := r.places[*row[0]]
		for int64(len(places)) < number {
			places = append(places, -1)
		}
		places[number-1] = len(gathered)
		r.places[*row[0]] = places
		gathered = append(gathered, c)
		return nil
	})
	keep()
	return err
}

// maxColumns is how far numbers of columns go: dropped columns keep theirs.
const maxColumns = 32_767

func (r *reader) column(d *TableDef, row []*string) (Column, error) {
	name, err := r.name(row[2])
	if err != nil {
		return Column{}, err
	}
	c := Column{Name: name}
	if row[3] == nil {
		return c, fmt.Errorf("%s has no type", name)
	}
	t, ok := r.types[*row[3]]
	if !ok {
		t = catalogType(*row[3])
		r.types[*row[3]] = t
	}
	c.Type = t
	if c.NotNull, err = parseBool(row[4]); err != nil {
		return c, fmt.Errorf("%s: %w", name, err)
	}
	if row[5] != nil {
		if e, ok := parseEncoding(*row[5]); ok {
			c.Encoding = e
		} else {
			d.Notes = append(d.Notes, fmt.Sprintf("encoding %q of column %s is not known and left to the target", *row[5], name))
		}
	}
	if c.DistKey, err = parseBool(row[6]); err != nil {
		return c, fmt.Errorf("%s: %w", name, err)
	}
	c.DistKey = c.DistKey && d.DistStyle == DistKey // what AUTO has chosen is AUTO's
	order, err := parseInt(row[7])
	if err != nil {
		return c, fmt.Errorf("%s: place in the sort key: %w", name, err)
	}
	switch { // any negative number: interleaved
	case order < 0:
		c.SortKey, d.SortStyle = int(-order), SortInterleaved
	case order > 0:
		c.SortKey = int(order)
		if d.SortStyle == SortNone {
			d.SortStyle = SortCompound
		}
	}
	if row[8] != nil {
		if c.Identity, c.Default, err = parseDefault(*row[8]); err != nil {
			d.Problems = append(d.Problems, fmt.Sprintf("column %s: %v", name, err))
		}
	}
	if row[9] != nil {
		d.Notes = append(d.Notes, fmt.Sprintf("grants on the column %s alone are not carried over", name))
	}
	return c, nil
}

// encodings are those that ENCODE takes (DG c_Compression_encodings).
var encodings = []string{
	"az64", "bytedict", "delta", "delta32k", "lzo", "mostly16", "mostly32", "mostly8", "raw", "runlength", "text255", "text32k",
	"zstd",
}

func parseEncoding(s string) (string, bool) {
	s = LowerASCII(strings.TrimSpace(s))
	if s == "none" {
		s = "raw"
	}
	i, ok := slices.BinarySearch(encodings, s)
	if !ok {
		return "", false
	}
	return encodings[i], true
}

func (r *reader) readConstraints(ctx context.Context) error {
	// The names of tables that foreign keys refer to come along: they need not be among those wanted.
	sql := Build(`SELECT k.contype, k.conname, k.conrelid, n.nspname, c.relname, k.conkey,
	k.confrelid, fn.nspname, fc.relname, k.confkey
FROM pg_catalog.pg_constraint k
JOIN pg_catalog.pg_class c ON c.oid = k.conrelid
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_catalog.pg_class fc ON fc.oid = k.confrelid
LEFT JOIN pg_catalog.pg_namespace fn ON fn.oid = fc.relnamespace
WHERE k.contype IN ('p', 'u', 'f')
ORDER BY n.nspname, c.relname, k.conname`)
	type pending struct {
		def     *TableDef
		key     ForeignKey
		refOID  string
		refNums string
	}
	var keys []pending
	err := r.query(ctx, 10, sql, func(row []*string) error {
		if row[0] == nil || row[2] == nil || row[5] == nil {
			return errors.New("a constraint without kind, table or columns")
		}
		d, wanted := r.at(row[2])
		if ref, ok := r.at(row[6]); ok && *row[0] == "f" && *row[2] != *row[6] {
			t, err := r.table(row[3], row[4])
			if err != nil {
				return err
			}
			ref.Dependents = append(ref.Dependents, Dependent{Kind: "foreign key", Name: t.String()})
		}
		if !wanted {
			return nil
		}
		name, err := r.name(row[1])
		if err != nil {
			return err
		}
		columns, err := r.keyColumns(*row[2], *row[5])
		if err != nil {
			d.changed(name, err)
			return nil
		}
		switch *row[0] {
		case "p":
			d.PrimaryKey = &Key{Name: name, Columns: columns}
		case "u":
			d.Uniques = append(d.Uniques, Key{Name: name, Columns: columns})
		case "f":
			ref, err := r.table(row[7], row[8])
			if err != nil || row[6] == nil || row[9] == nil {
				return fmt.Errorf("constraint %s of %s refers to no table", name, d.Table)
			}
			keys = append(keys, pending{d, ForeignKey{Name: name, Columns: columns, RefTable: ref}, *row[6], *row[9]})
		}
		return nil
	})
	if err != nil {
		return err
	}
	var beyond []SQL
	for _, k := range keys {
		if _, ok := r.byOID[k.refOID]; ok {
			continue
		}
		oid, err := parseInt(&k.refOID)
		if err != nil {
			return fmt.Errorf("constraint %s of %s: %w", k.key.Name, k.def.Table, err)
		}
		beyond = append(beyond, Build("?", Int(oid)))
	}
	if err := r.readNames(ctx, beyond); err != nil {
		return err
	}
	for _, k := range keys {
		if k.key.RefColumns, err = r.keyColumns(k.refOID, k.refNums); err != nil {
			k.def.changed(k.key.Name, err)
			continue
		}
		k.def.ForeignKeys = append(k.def.ForeignKeys, k.key)
	}
	return nil
}

// readNames reads the names of columns of tables that are not wanted, but that foreign keys refer to.
func (r *reader) readNames(ctx context.Context, oids []SQL) error {
	if len(oids) == 0 {
		return nil
	}
	sql := Build(`SELECT a.attrelid, a.attnum, a.attname
FROM pg_catalog.pg_attribute a
WHERE a.attnum > 0 AND NOT a.attisdropped AND a.attrelid IN (?)`, Join(", ", oids...))
	return r.query(ctx, 3, sql, func(row []*string) error {
		if row[0] == nil || row[1] == nil {
			return errors.New("a column without table or number")
		}
		name, err := r.name(row[2])
		r.beyond[*row[0]+"."+*row[1]] = name
		return err
	})
}

// keyColumns turns {1,3} into names.
func (r *reader) keyColumns(oid, numbers string) ([]Ident, error) {
	items, err := parseArray(numbers)
	if err != nil {
		return nil, fmt.Errorf("columns %s: %w", numbers, err)
	}
	d, wanted := r.at(&oid)
	names := make([]Ident, len(items))
	for i, item := range items {
		name, ok := r.beyond[oid+"."+item]
		if wanted {
			var place int
			number, err := strconv.Atoi(item)
			if place, ok = r.place(oid, int64(number)); ok && err == nil {
				name = d.Columns[place].Name
			}
		}
		if !ok {
			return nil, fmt.Errorf("column %s is not there", item)
		}
		names[i] = name
	}
	return names, nil
}

// changed notes a constraint that does not fit the columns: the table was altered while the catalog was read.
func (d *TableDef) changed(constraint Ident, err error) {
	d.Problems = append(d.Problems, fmt.Sprintf("constraint %s: %v; the table was altered just now, plan again", constraint, err))
}

// place is where the column with a number stands among the columns of a table that is wanted.
func (r *reader) place(oid string, number int64) (int, bool) {
	places := r.places[oid]
	if number < 1 || number > int64(len(places)) || places[number-1] < 0 {
		return 0, false
	}
	return places[number-1], true
}

func (r *reader) readComments(ctx context.Context) error {
	sql := Build(`SELECT d.objoid, d.objsubid, d.description
FROM pg_catalog.pg_description d
JOIN pg_catalog.pg_class k ON k.oid = d.classoid AND k.relname = 'pg_class'
JOIN pg_catalog.pg_class c ON c.oid = d.objoid
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = 'r' AND ?`, r.wanted())
	return r.query(ctx, 3, sql, func(row []*string) error {
		d, ok := r.at(row[0])
		if !ok || row[2] == nil {
			return nil
		}
		text := *row[2]
		if strings.ContainsRune(text, 0) {
			d.Notes = append(d.Notes, "a comment holds a NUL and is left out")
			return nil
		}
		number, err := parseInt(row[1])
		if err != nil {
			return fmt.Errorf("comment on %s: %w", d.Table, err)
		}
		if number == 0 {
			d.Comment = text
			return nil
		}
		if place, ok := r.place(*row[0], number); ok {
			d.Columns[place].Comment = text
		}
		return nil
	})
}

// readDependents finds views that would keep a table from being dropped. A view's rule depends on the tables, and
// belongs to the view (an internal dependency). Late-binding views are not among them: they follow the name.
func (r *reader) readDependents(ctx context.Context) error {
	sql := Build(`SELECT DISTINCT t.refobjid, vn.nspname, v.relname, v.relkind
FROM pg_catalog.pg_depend t
JOIN pg_catalog.pg_class c ON c.oid = t.refobjid
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
JOIN pg_catalog.pg_depend i ON i.objid = t.objid AND i.classid = t.classid AND i.deptype = 'i'
JOIN pg_catalog.pg_class v ON v.oid = i.refobjid AND v.relkind IN ('v', 'm')
JOIN pg_catalog.pg_namespace vn ON vn.oid = v.relnamespace
WHERE c.relkind = 'r' AND t.deptype = 'n' AND v.oid <> c.oid AND ?
ORDER BY t.refobjid, vn.nspname, v.relname`, r.wanted())
	return r.query(ctx, 4, sql, func(row []*string) error {
		d, ok := r.at(row[0])
		if !ok || row[3] == nil {
			return nil
		}
		v, err := r.table(row[1], row[2])
		if err != nil {
			return err
		}
		kind := "view"
		if *row[3] == "m" {
			kind = "materialized view"
		}
		d.Dependents = append(d.Dependents, Dependent{Kind: kind, Name: v.String()})
		return nil
	})
}

// readRoleGrants adds grants to roles, which access lists do not hold.
func (r *reader) readRoleGrants(ctx context.Context) error {
	byName := make(map[Table]*TableDef, len(r.catalog.Tables))
	for i := range r.catalog.Tables {
		byName[r.catalog.Tables[i].Table] = &r.catalog.Tables[i]
	}
	sql := Build(`SELECT namespace_name, relation_name, identity_name, privilege_type, admin_option
FROM svv_relation_privileges
WHERE identity_type = 'role'
ORDER BY namespace_name, relation_name, identity_name, privilege_type`)
	return r.optional(ctx, "grants to roles are not known", 5, sql, func(row []*string) error {
		t, err := r.table(row[0], row[1])
		if err != nil {
			return err
		}
		d, ok := byName[t]
		if !ok || row[3] == nil {
			return nil
		}
		role, err := r.name(row[2])
		if err != nil {
			return fmt.Errorf("grant on %s: %w", t, err)
		}
		option, err := parseBool(row[4])
		if err != nil {
			return fmt.Errorf("grant on %s: %w", t, err)
		}
		privilege := strings.ToUpper(strings.TrimSpace(*row[3]))
		if _, ok := privileges[privilege]; !ok {
			d.Notes = append(d.Notes, fmt.Sprintf("the grant of %s to role %s is not carried over", privilege, role))
			return nil
		}
		if n := len(d.Grants); n > 0 {
			last := &d.Grants[n-1]
			if last.Kind == ToRole && last.Grantee == role && last.GrantOption == option {
				last.Privileges = append(last.Privileges, privilege)
				return nil
			}
		}
		d.Grants = append(d.Grants, Grant{Grantee: role, Kind: ToRole, Privileges: []string{privilege}, GrantOption: option})
		return nil
	})
}

// The collations of texts.
const (
	caseSensitive   = "case_sensitive"
	caseInsensitive = "case_insensitive"
)

// readCollations finds columns that compare with regard to case where the database does not, or the other way round.
func (r *reader) readCollations(ctx context.Context) error {
	other := caseInsensitive
	if r.catalog.Collation == caseInsensitive {
		other = caseSensitive
	}
	sql := Build(`SELECT schema_name, table_name, column_name
FROM svv_all_columns
WHERE database_name = ? AND "collation" = ?`, Lit(r.catalog.Database), Lit(other))
	byName := make(map[Table]*TableDef, len(r.catalog.Tables))
	for i := range r.catalog.Tables {
		byName[r.catalog.Tables[i].Table] = &r.catalog.Tables[i]
	}
	return r.optional(ctx, "collations of columns are not known; the target's own is taken", 3, sql, func(row []*string) error {
		t, err := r.table(row[0], row[1])
		if err != nil {
			return err
		}
		name, err := r.name(row[2])
		if err != nil {
			return err
		}
		if d, ok := byName[t]; ok {
			if c, ok := d.Column(name); ok {
				c.Collate = other
			}
		}
		return nil
	})
}

// readStatistics reads sizes, and which sort keys the server has chosen itself. The view has no rows for empty tables.
func (r *reader) readStatistics(ctx context.Context) error {
	sql := Build("SELECT table_id, sortkey1, tbl_rows, size, stats_off FROM svv_table_info")
	return r.optional(ctx, "sizes of tables are not known", 5, sql, func(row []*string) error {
		d, ok := r.at(row[0])
		if !ok {
			return nil
		}
		if row[1] != nil && strings.HasPrefix(*row[1], "AUTO(") {
			d.SortStyle = SortAuto
			for i := range d.Columns {
				d.Columns[i].SortKey = 0
			}
		}
		if row[2] != nil {
			n, err := parseInt(row[2])
			if err != nil {
				return fmt.Errorf("rows of %s: %w", d.Table, err)
			}
			d.EstimatedRows = n
		}
		if row[3] != nil {
			const block = 1 << 20
			n, err := parseInt(row[3])
			if err != nil {
				return fmt.Errorf("size of %s: %w", d.Table, err)
			}
			d.EstimatedBytes = n * block
		}
		if row[4] != nil {
			off, err := strconv.ParseFloat(strings.TrimSpace(*row[4]), 64)
			if err != nil {
				return fmt.Errorf("statistics of %s: %w", d.Table, err)
			}
			d.StatisticsOff = off
		}
		return nil
	})
}
