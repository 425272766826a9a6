package dialect

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
)

// tableSpec is what a statement says of a table beyond what PostgreSQL keeps: rs.define_table and rs.alter_table of
// package catalog record it.
type tableSpec struct {
	Dist       string            `json:"dist,omitempty"` // even, key, all, auto
	DistKey    string            `json:"distkey,omitempty"`
	Sort       string            `json:"sort,omitempty"` // compound, interleaved, auto, none
	SortKey    []string          `json:"sortkey,omitempty"`
	NoBackup   bool              `json:"nobackup,omitempty"`
	EncodeAuto *bool             `json:"encode_auto,omitempty"`
	Encodings  map[string]string `json:"encodings,omitempty"`
	Keys       []keySpec         `json:"keys,omitempty"`
	Query      bool              `json:"query,omitempty"` // the columns come from a query
	New        bool              `json:"new,omitempty"`   // not IF NOT EXISTS: whatever is recorded is stale
	Added      string            `json:"added,omitempty"` // the column that ALTER TABLE adds
	Text       string            `json:"text,omitempty"`  // of a materialized view

	like     []string // the table whose attributes are taken over
	numbered bool     // keys name columns by their numbers
}

// keySpec is a constraint that is recorded and not enforced (Redshift manual, Table constraints).
type keySpec struct {
	Kind       string   `json:"kind"` // p, u, f
	Name       string   `json:"name,omitempty"`
	Columns    []string `json:"columns"`
	References []string `json:"references,omitempty"` // columns; none means the primary key

	table []string // the table that a foreign key refers to
}

func (s *tableSpec) json() string {
	b, err := json.Marshal(s)
	if err != nil {
		panic("dialect: marshal a table's attributes: " + err.Error()) // strings only
	}
	return string(b)
}

// refs is the text of an array of regclass: the tables which the foreign keys of keys refer to, in their order. They
// are resolved where the statement runs, by the session's own search_path.
func refs(keys []keySpec) string {
	parts := make([]string, len(keys))
	for i, k := range keys {
		if k.table == nil {
			parts[i] = "NULL"
			continue
		}
		parts[i] = dollarQuote(quoteName(k.table))
	}
	return "ARRAY[" + strings.Join(parts, ", ") + "]::regclass[]"
}

func defineTable(table []string, spec *tableSpec) string {
	like := "NULL"
	if spec.like != nil {
		like = dollarQuote(quoteName(spec.like))
	}
	return fmt.Sprintf("SELECT rs.define_table(%s::regclass, %s::jsonb, %s, %s::regclass)",
		dollarQuote(quoteName(table)), dollarQuote(spec.json()), refs(spec.Keys), like)
}

// createTable reads CREATE [TEMP] TABLE, whose name starts at i.
func (x *script) createTable() {
	i := 1
	for x.isOne(i, "LOCAL", "TEMP", "TEMPORARY") {
		i++
	}
	if x.isOne(i, "GLOBAL", "UNLOGGED") {
		x.refuse(notSupported("CREATE " + strings.ToUpper(x.word(i)) + " TABLE"))
		return
	}
	tableWord := i
	i++
	spec := &tableSpec{New: true}
	if x.is(i, "IF", "NOT", "EXISTS") {
		i += 3
		spec.New = false
	}
	name, end, ok := x.qname(i)
	if !ok {
		return // PostgreSQL reports the mistake
	}
	if x.tempName(i) != "" {
		x.markTemp(i)
		if tableWord == 1 {
			x.insertBefore(tableWord, "TEMP ")
		}
	}
	body := end
	i = end
	if x.is(i, "(") {
		i = x.closing(i) + 1
	}
	i = x.tableAttributes(i, spec)
	switch {
	case x.is(i, "AS"):
		spec.Query = true
	case i < x.len():
		x.refuseTableOption(i)
		return
	case spec.numbered:
		x.refuse(syntaxError("a key names its columns"))
		return
	case x.is(body, "("):
		x.columns(body, spec)
	default:
		return
	}
	x.tr.After = append(x.tr.After, defineTable(name, spec))
	if spec.Query && spec.New {
		x.tr.Filled = quoteName(name)
	}
}

func (x *script) refuseTableOption(i int) {
	switch word := strings.ToUpper(x.tok(i).Text); word {
	case "INHERITS", "PARTITION", "TABLESPACE", "WITH", "WITHOUT", "ON", "USING":
		x.refuse(notSupported(word + " in CREATE TABLE"))
	default:
		x.refuse(syntaxError("syntax error at or near %q", x.tok(i).Text))
	}
}

// tableAttributes reads and drops the attributes of a table from i on, and answers the index behind them.
func (x *script) tableAttributes(i int, spec *tableSpec) int {
	for {
		start := i
		switch {
		case x.isOne(i, "BACKUP") && x.isOne(i+1, "YES", "NO"):
			spec.NoBackup = x.is(i+1, "NO")
			i += 2
		case x.is(i, "DISTSTYLE") && x.isOne(i+1, "EVEN", "KEY", "ALL", "AUTO"):
			spec.Dist = x.word(i + 1)
			i += 2
		case x.is(i, "DISTKEY", "("):
			columns := x.keyColumns(i+1, spec)
			if len(columns) != 1 {
				x.refuse(syntaxError("DISTKEY takes one column"))
				return i
			}
			spec.setDistKey(x, columns[0])
			i = x.closing(i+1) + 1
		case x.isOne(i, "COMPOUND", "INTERLEAVED") && x.is(i+1, "SORTKEY", "("):
			spec.setSortKey(x, x.word(i), x.keyColumns(i+2, spec))
			i = x.closing(i+2) + 1
		case x.is(i, "SORTKEY", "("):
			spec.setSortKey(x, "compound", x.keyColumns(i+1, spec))
			i = x.closing(i+1) + 1
		case x.is(i, "SORTKEY", "AUTO"):
			spec.Sort = "auto"
			i += 2
		case x.is(i, "ENCODE", "AUTO"):
			auto := true
			spec.EncodeAuto = &auto
			i += 2
		default:
			return i
		}
		x.drop(start, min(i, x.len()))
	}
}

func (s *tableSpec) setDistKey(x *script, column string) {
	if s.DistKey != "" {
		x.refuse(syntaxError("multiple DISTKEY columns are not allowed"))
	}
	s.DistKey = column
	if s.Dist == "" {
		s.Dist = "key"
	}
}

func (s *tableSpec) setSortKey(x *script, style string, columns []string) {
	if s.SortKey != nil {
		x.refuse(syntaxError("multiple SORTKEY clauses are not allowed"))
	}
	if len(columns) > 8 && style == "interleaved" {
		x.refuse(syntaxError("an INTERLEAVED SORTKEY has at most 8 columns"))
	}
	if len(columns) > 400 {
		x.refuse(syntaxError("a SORTKEY has at most 400 columns"))
	}
	s.Sort, s.SortKey = style, columns
}

// nameList reads the names in the parentheses that open at i.
func (x *script) nameList(i int) []string {
	names := []string{}
	for _, part := range x.args(i) {
		if name, ok := x.tok(part[0]).Name(x.env.CaseSensitive); ok {
			names = append(names, name)
		}
	}
	return names
}

// keyColumns reads the columns of a DISTKEY or SORTKEY in the parentheses that open at i: CREATE TABLE AS also takes their
// numbers.
func (x *script) keyColumns(i int, spec *tableSpec) []string {
	names := []string{}
	for _, part := range x.args(i) {
		t := x.tok(part[0])
		if name, ok := t.Name(x.env.CaseSensitive); ok {
			names = append(names, name)
		} else if t.Kind == Number && part[1] == part[0]+1 {
			names = append(names, t.Text)
			spec.numbered = true
		}
	}
	return names
}

// columns reads the columns and constraints in the parentheses that open at i.
func (x *script) columns(i int, spec *tableSpec) {
	parts := x.args(i)
	first := true // nothing is kept yet
	kept := map[string]int{}
	var sortColumns []string
	for n, part := range parts {
		from, to := part[0], part[1]
		if from >= to {
			return
		}
		switch {
		case x.isOne(from, "CONSTRAINT", "PRIMARY", "UNIQUE", "FOREIGN"):
			key, ok := x.tableConstraint(from, to)
			if !ok {
				return
			}
			spec.Keys = append(spec.Keys, key)
			if !first {
				x.drop(parts[n-1][1], to) // with the comma before it
			} else {
				x.drop(from, to)
				if n+1 < len(parts) {
					x.drop(to, to+1)
				}
			}
			continue
		case x.is(from, "CHECK"):
			x.refuse(notSupported("a CHECK constraint"))
			return
		case x.is(from, "LIKE"):
			x.like(from, spec)
		default:
			name, behindType := x.column(from, to, spec, &sortColumns)
			if x.tr.Err != nil || name == "" {
				return
			}
			kept[name] = behindType
		}
		first = false
	}
	if sortColumns != nil {
		spec.setSortKey(x, "compound", sortColumns)
	}
	for _, key := range spec.Keys {
		if key.Kind != "p" {
			continue
		}
		for _, column := range key.Columns {
			if at, ok := kept[column]; ok {
				x.insertAfter(at-1, " NOT NULL")
			}
		}
	}
}

// like reads LIKE source [{INCLUDING | EXCLUDING} DEFAULTS]: DISTSTYLE, DISTKEY, SORTKEY, encodings and BACKUP travel,
// keys do not (Redshift manual, CREATE TABLE, LIKE).
func (x *script) like(i int, spec *tableSpec) {
	source, _, ok := x.qname(i + 1)
	if !ok {
		return
	}
	if x.tempName(i+1) != "" {
		x.markTemp(i + 1)
	}
	spec.like = source
}

// column reads one column definition and leaves of it what PostgreSQL knows. behindType is the index behind its type.
func (x *script) column(from, to int, spec *tableSpec, sortColumns *[]string) (name string, behindType int) {
	name, ok := x.tok(from).Name(x.env.CaseSensitive)
	if !ok {
		return "", 0
	}
	r, ok := x.readType(from + 1)
	if !ok {
		return "", 0
	}
	text, err := r.columnType(name)
	if err != nil {
		x.refuse(err)
		return "", 0
	}
	if text != "" {
		x.replaceRange(r.from, r.to, text)
	}
	for i := r.to; i < to; {
		i = x.columnAttribute(i, to, name, spec, sortColumns)
		if x.tr.Err != nil {
			return "", 0
		}
	}
	for i := r.to; i < to && r.name == "super"; i++ {
		if x.is(i, "DEFAULT") && x.tok(i+1).Kind == String && (i+2 == to || x.startsAttribute(i+2)) {
			x.asSuperText(i + 1)
		}
	}
	return name, r.to
}

// columnAttribute reads the attribute at i and answers the index behind it.
func (x *script) columnAttribute(i, to int, column string, spec *tableSpec, sortColumns *[]string) int {
	start := i
	key := keySpec{Columns: []string{column}}
	if x.is(i, "CONSTRAINT") {
		if n, ok := x.tok(i + 1).Name(x.env.CaseSensitive); ok {
			key.Name = n
		}
		i += 2
	}
	switch {
	case x.is(i, "DEFAULT"):
		// The expression reaches to the next attribute; its first token is never one.
		for i += 2; i < to && !x.startsAttribute(i); i++ {
			if c := x.pair[i]; c > i {
				i = c
			}
		}
		return min(i, to)
	case x.is(i, "NOT", "NULL"):
		return i + 2
	case x.is(i, "NULL"):
		return i + 1
	case x.is(i, "IDENTITY"):
		return x.identity(i, i+1, "ALWAYS")
	case x.is(i, "GENERATED", "BY", "DEFAULT", "AS", "IDENTITY"):
		return x.identity(i, i+5, "BY DEFAULT")
	case x.is(i, "ENCODE"):
		x.setEncoding(spec, column, x.word(i+1))
		i += 2
	case x.is(i, "DISTKEY"):
		spec.setDistKey(x, column)
		i++
	case x.is(i, "SORTKEY"):
		*sortColumns = append(*sortColumns, column)
		i++
	case x.is(i, "COLLATE"):
		x.replace(i+1, x.collation(i+1))
		return i + 2
	case x.is(i, "PRIMARY", "KEY"):
		key.Kind = "p"
		spec.Keys = append(spec.Keys, key)
		i += 2
	case x.is(i, "UNIQUE"):
		key.Kind = "u"
		spec.Keys = append(spec.Keys, key)
		i++
	case x.is(i, "REFERENCES"):
		key.Kind = "f"
		i = x.references(i, &key)
		spec.Keys = append(spec.Keys, key)
	case x.is(i, "CHECK"):
		x.refuse(notSupported("a CHECK constraint"))
		return to
	default:
		x.refuse(syntaxError("syntax error at or near %q", x.tok(i).Text))
		return to
	}
	x.drop(start, min(i, to))
	return i
}

func (x *script) startsAttribute(i int) bool {
	return x.isOne(i, "NOT", "NULL", "IDENTITY", "GENERATED", "ENCODE", "DISTKEY", "SORTKEY", "COLLATE", "PRIMARY",
		"UNIQUE", "REFERENCES", "CHECK", "CONSTRAINT", "DEFAULT")
}

// The compression encodings (Redshift manual, Compression encodings).
var encodings = set("raw", "az64", "bytedict", "delta", "delta32k", "lzo", "mostly8", "mostly16", "mostly32",
	"runlength", "text255", "text32k", "zstd")

func (x *script) setEncoding(spec *tableSpec, column, encoding string) {
	if encoding == "auto" {
		return
	}
	if !encodings[encoding] {
		x.refuse(syntaxError("invalid encoding type specified for column %q", column))
		return
	}
	if spec.Encodings == nil {
		spec.Encodings = map[string]string{}
	}
	spec.Encodings[column] = encoding
}

// The collations of package catalog. A column that says neither has the default of the database, which rs.define_table and
// rs.alter_table give it.
const (
	insensitiveCollation = "rs.case_insensitive"
	sensitiveCollation   = "rs.case_sensitive"
)

// collation is the one that is named at i.
func (x *script) collation(i int) string {
	if x.insensitive(i) {
		return insensitiveCollation
	}
	return sensitiveCollation
}

// insensitive tells whether the collation named at i is the one without regard to case.
func (x *script) insensitive(i int) bool {
	switch x.word(i) {
	case "case_sensitive", "cs":
	case "case_insensitive", "ci":
		return true
	default:
		x.refuse(syntaxError("collation %q does not exist", x.tok(i).Text))
	}
	return false
}

// identity turns IDENTITY(seed, step), whose arguments open at i, into PostgreSQL's identity column. Plain IDENTITY
// takes no explicit values, GENERATED BY DEFAULT does.
func (x *script) identity(start, i int, when string) int {
	seed, step, end := "1", "1", i
	if x.is(i, "(") {
		args := x.args(i)
		if len(args) != 2 {
			x.refuse(syntaxError("IDENTITY takes a seed and a step"))
			return x.len()
		}
		seed, step = x.render(args[0][0], args[0][1]), x.render(args[1][0], args[1][1])
		end = x.closing(i) + 1
	}
	if _, err := strconv.ParseInt(seed, 10, 64); err != nil {
		x.refuse(syntaxError("invalid IDENTITY seed %q", seed))
		return x.len()
	}
	n, err := strconv.ParseInt(step, 10, 64)
	if err != nil || n == 0 {
		x.refuse(syntaxError("invalid IDENTITY step %q", step))
		return x.len()
	}
	bound := "MINVALUE"
	if n < 0 {
		bound = "MAXVALUE"
	}
	x.replaceRange(start, end, fmt.Sprintf("GENERATED %s AS IDENTITY (START WITH %s INCREMENT BY %s %s %s)",
		when, seed, step, bound, seed))
	return end
}

// tableConstraint reads [CONSTRAINT name] PRIMARY KEY (...) and the like in from..to-1.
func (x *script) tableConstraint(from, to int) (key keySpec, ok bool) {
	i := from
	if x.is(i, "CONSTRAINT") {
		name, isName := x.tok(i + 1).Name(x.env.CaseSensitive)
		if !isName {
			return key, false
		}
		key.Name = name
		i += 2
	}
	switch {
	case x.is(i, "PRIMARY", "KEY", "("):
		key.Kind, i = "p", i+2
	case x.is(i, "UNIQUE", "("):
		key.Kind, i = "u", i+1
	case x.is(i, "FOREIGN", "KEY", "("):
		key.Kind, i = "f", i+2
	case x.is(i, "CHECK"):
		x.refuse(notSupported("a CHECK constraint"))
		return key, false
	default:
		return key, false
	}
	key.Columns = x.nameList(i)
	i = x.closing(i) + 1
	if key.Kind == "f" {
		if !x.is(i, "REFERENCES") {
			return key, false
		}
		i = x.references(i, &key)
	}
	if i < to {
		x.refuse(syntaxError("syntax error at or near %q", x.tok(i).Text))
		return key, false
	}
	return key, true
}

// references reads REFERENCES table [(column, ...)] at i.
func (x *script) references(i int, key *keySpec) int {
	table, end, ok := x.qname(i + 1)
	if !ok {
		x.refuse(syntaxError("REFERENCES wants a table"))
		return x.len()
	}
	key.table = table
	if x.is(end, "(") {
		key.References = x.nameList(end)
		end = x.closing(end) + 1
	}
	return end
}
