package mask

import (
	"slices"
	"strconv"

	"github.com/sealift/sealift/internal/redshift"
)

// The shape of a masked query, from the inside out:
//
//	the rows, their columns named c1, c2, ..., and behind those the texts within SUPER columns that have masks of their own
//	+ every hash and every condition, each once per row, named h1, ... and q1, ...
//	+ words and digits that are drawn from them, named t1, ...
//	+ ten levels of rounds, where a column is permuted
//	+ numbered rows, where a column is shuffled
//	the columns by their names, sliced from the hashes
//
// A server that takes subqueries apart would put a hash in place of each of its uses, and of a permutation's rounds, each
// of which uses the two before it, hundreds. UNION ALL with nothing keeps levels apart: PostgreSQL 8.0, which Redshift
// comes from, does not take a subquery with UNION apart at all, and later ones compute its columns before it is read.
// Permutations are levels of one query, not tables made step by step, because then one statement sees one snapshot, no
// value can be missing from a table made before, nothing but the result leaves the query, and digests and the preview
// use the same text.

func alias(letter string, i int) redshift.Ident { return mustIdent(letter + strconv.Itoa(i+1)) }

func valueAlias(i int) redshift.SQL     { return redshift.Build("m.?", alias("c", i)) }
func hashAlias(i int) redshift.SQL      { return redshift.Build("m.?", alias("h", i)) }
func conditionAlias(i int) redshift.SQL { return redshift.Build("m.?", alias("q", i)) }
func drawAlias(i int) redshift.SQL      { return redshift.Build("m.?", alias("t", i)) }
func leftAlias(i int) redshift.SQL      { return redshift.Build("m.?", alias("l", i)) }
func rightAlias(i int) redshift.SQL     { return redshift.Build("m.?", alias("r", i)) }

// level is a column of a level of the query.
type level struct {
	name redshift.Ident
	typ  redshift.Type
	sql  redshift.SQL // "" is the column of the level below
}

var (
	bigint  = redshift.Type{Name: redshift.BigInt}
	integer = redshift.Type{Name: redshift.Integer}
	hexText = redshift.Type{Name: redshift.Varchar, Length: 64}
)

// Prepare is what the session needs before the query, besides the key table: dictionaries that are too long to stand in
// it.
func (t *Table) Prepare() []redshift.SQL {
	var out []redshift.SQL
	for _, d := range t.dictionaries {
		out = append(out, d.prepare()...)
	}
	return out
}

// Query is the masked SELECT: the columns of the table, by their names and types, over the rows of from (a table, or a
// subquery with a name) for which where holds (zero: all). It can be unloaded, and it can be what a digest is taken of. If
// NeedsKey, the session has a key table with one row; with none there would be no rows.
//
// It panics if a mask cannot be pushed down: see Pushdown.
func (t *Table) Query(from, where redshift.SQL) redshift.SQL {
	if err := t.Pushdown(); err != nil {
		panic("mask: " + err.Error())
	}
	rows := t.rows(from, where)
	levels := make([]level, len(t.columns))
	for i, c := range t.columns {
		levels[i] = level{name: alias("c", i), typ: c.Type}
	}
	inner := rows
	if len(t.attributes) > 0 {
		for i, p := range t.attributes {
			levels = append(levels, level{alias("c", len(t.columns)+i), p.Type, p.sql()})
		}
		inner = redshift.Build("SELECT\n?\nFROM (\n?\n) m", selected(levels), rows)
		for i := range levels {
			levels[i].sql = redshift.SQL{}
		}
	}
	if len(t.hashes)+len(t.walks)+len(t.conditions) > 0 {
		for i, h := range t.hashes {
			levels = append(levels, level{alias("h", i), hexText, hashSQL(h.domain, h.canon.sql(valueAlias(h.column)))})
		}
		for i, q := range t.conditions {
			levels = append(levels, level{alias("q", i), integer, redshift.Build("CASE WHEN ? THEN 1 ELSE 0 END", q.sql())})
		}
		for i, w := range t.walks {
			levels = append(levels, w.start(i)...)
		}
		inner = t.raise(inner, levels, len(t.hashes) > 0)
		if len(t.draws) > 0 {
			for i, d := range t.draws {
				levels = append(levels, level{alias("t", i), d.typ, d.sql})
			}
			inner = t.raise(inner, levels, false)
		}
		for round := range rounds {
			if len(t.walks) == 0 {
				break
			}
			for i, w := range t.walks {
				w.step(i, round, levels)
			}
			inner = t.raise(inner, levels, true)
		}
	}
	if len(t.shuffles) > 0 {
		for i, s := range t.shuffles {
			levels = append(levels, level{alias("n", i), bigint, s.number()})
		}
		inner = redshift.Build("SELECT\n?\nFROM (\n?\n) m", selected(levels), inner)
	}
	columns := make([]redshift.SQL, len(t.columns))
	for i, c := range t.columns {
		columns[i] = redshift.Build("    ? AS ?", c.sql, c.Name)
	}
	query := redshift.Build("SELECT\n?\nFROM (\n?\n) m", redshift.Join(",\n", columns...), inner)
	for i, l := range t.lookups {
		query = redshift.Build("?\nLEFT JOIN ? ? ON ?.i = ?", query, l.dictionary.table(), alias("d", i), alias("d", i), l.index)
	}
	for i, s := range t.shuffles {
		query = redshift.Build("?\nLEFT JOIN (\n?\n) ? ON ?.i = m.? AND ? IS NOT NULL",
			query, s.dealt(rows), alias("s", i), alias("s", i), alias("n", i), valueAlias(s.column))
	}
	return query
}

// rows is the source, with its columns named by number: no name of theirs can then be mistaken for one of ours.
func (t *Table) rows(from, where redshift.SQL) redshift.SQL {
	columns := make([]redshift.SQL, len(t.columns))
	for i, c := range t.columns {
		columns[i] = redshift.Build("    ? AS ?", c.Name, alias("c", i))
	}
	rows := redshift.Build("SELECT\n?\nFROM ?", redshift.Join(",\n", columns...), from)
	if !where.IsZero() {
		rows = redshift.Build("?\nWHERE (?)", rows, where)
	}
	return rows
}

// raise puts a level on top of a query, and takes its expressions out of levels: above, they are columns.
func (t *Table) raise(below redshift.SQL, levels []level, keyed bool) redshift.SQL {
	nothing := make([]redshift.SQL, len(levels))
	for i, l := range levels {
		nothing[i] = redshift.Build("    CAST(NULL AS ?)", l.typ)
	}
	key := redshift.SQL{}
	if keyed {
		key = redshift.Build("\nCROSS JOIN ? k", mustIdent(KeyTable))
	}
	out := redshift.Build("SELECT\n?\nFROM (\n?\n) m?\nUNION ALL\nSELECT\n?\nFROM (SELECT 1 AS one) n\nWHERE FALSE",
		selected(levels), below, key, redshift.Join(",\n", nothing...))
	for i := range levels {
		levels[i].sql = redshift.SQL{}
	}
	return out
}

func selected(levels []level) redshift.SQL {
	parts := make([]redshift.SQL, len(levels))
	for i, l := range levels {
		x := l.sql
		if x.IsZero() {
			x = redshift.Build("m.?", l.name)
		}
		parts[i] = redshift.Build("    ? AS ?", x, l.name)
	}
	return redshift.Join(",\n", parts...)
}

// set puts an expression in place of a level's column.
func set(levels []level, name redshift.Ident, x redshift.SQL) {
	i := slices.IndexFunc(levels, func(l level) bool { return l.name == name })
	levels[i].sql = x
}

// shuffle is a column whose values are dealt out anew among the rows that have one: the first by the order of a keyed hash
// of the key goes to the first by the key itself, and so on. NULL stays where it is.
type shuffle struct {
	column, key int
	domain      string
	canon       canon // of the key
}

func (s shuffle) number() redshift.SQL {
	return redshift.Build("ROW_NUMBER() OVER (PARTITION BY CASE WHEN ? IS NULL THEN 1 ELSE 0 END ORDER BY ?)", valueAlias(s.column), valueAlias(s.key))
}

func (s shuffle) dealt(rows redshift.SQL) redshift.SQL {
	return redshift.Build("SELECT ROW_NUMBER() OVER (ORDER BY ?) AS i, ? AS v\nFROM (\n?\n) m\nCROSS JOIN ? k\nWHERE ? IS NOT NULL",
		hashSQL(s.domain, s.canon.sql(valueAlias(s.key))), valueAlias(s.column), rows, mustIdent(KeyTable), valueAlias(s.column))
}

// Clear drops what the session was given for the query: the key table and dictionaries.
func (t *Table) Clear() []redshift.SQL {
	var out []redshift.SQL
	if t.NeedsKey() {
		out = append(out, redshift.Build("DROP TABLE ?", mustIdent(KeyTable)))
	}
	for _, d := range t.dictionaries {
		out = append(out, redshift.Build("DROP TABLE ?", d.table()))
	}
	return out
}
