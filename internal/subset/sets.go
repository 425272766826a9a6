package subset

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/sealift/sealift/internal/redshift"
)

const million = 1_000_000

// Sets are the rows that a graph chooses, as SQL. Its statements belong into one transaction of one session, and so does whatever reads
// the rows: then all of it sees one snapshot, and nothing can be missing that was deleted in between.
type Sets struct {
	graph Graph
	ways  []Way
	loop  int
}

// Statement is one statement that makes the sets.
type Statement struct {
	SQL redshift.SQL
	// Check says what is wrong when the one number that the statement answers is not 0; "" for a statement that answers nothing.
	Check string
	// Loop is not 0 for statements that are run again, all that have the same one and follow each other, until none of them changes a row.
	Loop int
}

// New works out how the rows of a graph are chosen. Its error joins an *Error for each table that cannot be part of it.
func New(g Graph) (*Sets, error) {
	s := &Sets{graph: g, ways: g.ways()}
	if mistakes := s.check(); len(mistakes) > 0 {
		return nil, errors.Join(mistakes...)
	}
	return s, nil
}

// Way is how the rows of table i are chosen.
func (s *Sets) Way(i int) Way { return s.ways[i] }

// Condition holds for the rows of table i that are chosen, besides the table's own Where; zero where that is all of them. It can be asked
// only after the statements.
func (s *Sets) Condition(i int) redshift.SQL { return s.member(i, false) }

// Drop removes the sets.
func (s *Sets) Drop() []redshift.SQL {
	var out []redshift.SQL
	for i := range s.graph.Tables {
		if s.keyed(i) {
			out = append(out, redshift.Build("DROP TABLE ?", set(i)))
		}
	}
	return out
}

// Statements make the sets, in order, and prove that they belong together.
func (s *Sets) Statements() []Statement {
	var out []Statement
	for i := range s.graph.Tables {
		if s.keyed(i) {
			out = append(out, s.create(i)...)
		}
	}
	for i, t := range s.graph.Tables {
		if t.Start != nil && s.keyed(i) {
			out = append(out, Statement{SQL: s.start(i)})
		}
	}
	out = append(out, s.down()...)
	out = append(out, s.up()...)
	out = append(out, s.fit()...)
	for _, r := range s.graph.References {
		out = append(out, s.whole(r))
	}
	return out
}

// The names of ours: no table of a source has them, so that a name without a table in front of it means what it should.
var (
	viaName  = ident("sealift_via")
	rankName = "sealift_n"
	keyName  = "sealift_k"
	fromName = "sealift_f"
	toName   = "sealift_t"
)

// via says how a row came into a set.
const (
	viaStart  = 1 // with the chosen rows, or down from them
	viaParent = 2 // up from any of those
	viaFit    = 3 // because it refers to nothing that was left out
)

// ident is for names that are valid by construction.
func ident(name string) redshift.Ident {
	i, err := redshift.NewIdent(name)
	if err != nil {
		panic("subset: " + err.Error())
	}
	return i
}

func numbered(prefix string, i int) redshift.Ident { return ident(fmt.Sprintf("%s%d", prefix, i+1)) }

func set(i int) redshift.Ident { return ident(fmt.Sprintf("sealift_set_%04d", i+1)) }

// keyed tells whether the chosen rows of a table are kept as a set of keys. Rows of the others are told by conditions alone.
func (s *Sets) keyed(i int) bool { return s.ways[i] != Whole && len(s.graph.Tables[i].Key) > 0 }

// create makes an empty set.
func (s *Sets) create(i int) []Statement {
	t := s.graph.Tables[i]
	var columns, missing []redshift.SQL
	for k, c := range t.Key {
		column := redshift.Build("? ?", numbered(keyName, k), c.Type)
		if c.Collate == "case_insensitive" {
			column = redshift.Build("? COLLATE CASE_INSENSITIVE", column)
		}
		columns = append(columns, column)
		if !c.NotNull {
			missing = append(missing, redshift.Build("? IS NULL", c.Name))
		}
	}
	columns = append(columns, redshift.Build("? SMALLINT", viaName))
	out := []Statement{{SQL: redshift.Build("CREATE TEMP TABLE ? (?)", set(i), redshift.Join(", ", columns...))}}
	if len(missing) > 0 {
		out = append(out, Statement{
			SQL:   s.rows(i, redshift.Join(" OR ", missing...), redshift.Build("COUNT(*)")),
			Check: fmt.Sprintf("rows of %s have NULL in their key, which tells rows apart", t.Name),
		})
	}
	return out
}

// rows selects columns of those rows of a table that there are for us.
func (s *Sets) rows(i int, condition redshift.SQL, columns ...redshift.SQL) redshift.SQL {
	t := s.graph.Tables[i]
	q := redshift.Build("SELECT ? FROM ?", redshift.Join(", ", columns...), t.Name)
	switch {
	case t.Where.IsZero() && condition.IsZero():
		return q
	case t.Where.IsZero():
		return redshift.Build("? WHERE (?)", q, condition)
	case condition.IsZero():
		return redshift.Build("? WHERE (?)", q, t.Where)
	default:
		return redshift.Build("? WHERE (?) AND (?)", q, t.Where, condition)
	}
}

// start puts the chosen rows into their set.
func (s *Sets) start(i int) redshift.SQL {
	t := s.graph.Tables[i]
	columns := []redshift.SQL{}
	for _, c := range t.Key {
		columns = append(columns, redshift.Build("?", c.Name))
	}
	condition := t.Start.Where
	if t.Start.Millionths < million {
		sample := redshift.Build("MOD(MOD(?, 1000000) + 1000000, 1000000) < ?", s.hash(names(t.Key), types(t.Key)), redshift.Int(t.Start.Millionths))
		if condition.IsZero() {
			condition = sample
		} else {
			condition = redshift.Build("(?) AND ?", condition, sample)
		}
	}
	return redshift.Build("INSERT INTO ?\nSELECT DISTINCT q.*, ? FROM (?) AS q", set(i), redshift.Int(viaStart), s.rows(i, condition, columns...))
}

func names(columns []redshift.Column) []redshift.Ident {
	out := make([]redshift.Ident, len(columns))
	for i, c := range columns {
		out[i] = c.Name
	}
	return out
}

func types(columns []redshift.Column) []redshift.Type {
	out := make([]redshift.Type, len(columns))
	for i, c := range columns {
		out[i] = c.Type
	}
	return out
}

// hash is a number that depends on the key and the seed and nothing else: FNV-1a, chained over the columns (DG r_FNV_HASH). It is over the
// binary form, whose width differs between integers, and over texts with their blanks at the end, so that both are made alike first.
func (s *Sets) hash(columns []redshift.Ident, of []redshift.Type) redshift.SQL {
	h := redshift.Build("FNV_HASH(CAST(? AS BIGINT))", redshift.Int(s.graph.Seed))
	for i, c := range columns {
		var value redshift.SQL
		switch of[i].Name {
		case redshift.SmallInt, redshift.Integer, redshift.BigInt:
			value = redshift.Build("CAST(? AS BIGINT)", c)
		case redshift.Char, redshift.Varchar:
			value = redshift.Build("RTRIM(?)", c)
		default:
			value = redshift.Build("CAST(? AS VARCHAR)", c)
		}
		h = redshift.Build("FNV_HASH(?, ?)", value, h)
	}
	return h
}

// member is a condition on the rows of table i, in its own names: those that are chosen. first leaves out those that came for others' sake.
func (s *Sets) member(i int, first bool) redshift.SQL {
	t := s.graph.Tables[i]
	if s.ways[i] == Whole {
		return redshift.SQL{}
	}
	if !s.keyed(i) {
		return s.told(i)
	}
	var and []redshift.SQL
	if first {
		and = append(and, redshift.Build("? = ?", viaName, redshift.Int(viaStart)))
	}
	if len(t.Key) == 1 {
		in := redshift.Build("SELECT ? FROM ?", numbered(keyName, 0), set(i))
		if first {
			in = redshift.Build("? WHERE ?", in, and[0])
		}
		return redshift.Build("? IN (?)", t.Key[0].Name, in)
	}
	for k, c := range t.Key {
		and = append(and, redshift.Build("? = ?", numbered(keyName, k), c.Name))
	}
	return redshift.Build("EXISTS (SELECT 1 FROM ? WHERE ?)", set(i), redshift.Join(" AND ", and...))
}

// told is the condition on the rows of a table without a key, to which no other refers.
func (s *Sets) told(i int) redshift.SQL {
	t := s.graph.Tables[i]
	var parts []redshift.SQL
	sep := func(parts []redshift.SQL) redshift.SQL { return redshift.Join(" OR ", parts...) }
	switch s.ways[i] {
	case Chosen, Children:
		if t.Start != nil {
			if t.Start.Where.IsZero() {
				return redshift.SQL{}
			}
			parts = append(parts, redshift.Build("(?)", t.Start.Where))
		}
		for _, r := range s.downward() {
			if r.Child == i {
				parts = append(parts, s.refers(r, true))
			}
		}
	case Fitting:
		if t.Children == 0 {
			return redshift.Build("1 = 0")
		}
		sep = func(parts []redshift.SQL) redshift.SQL { return redshift.Join(" AND ", parts...) }
		for _, r := range s.graph.References {
			if r.Child == i && s.ways[r.Parent] != Whole {
				parts = append(parts, redshift.Build("(? IS NULL OR ?)", r.Columns[0], s.refers(r, false)))
			}
		}
	case Parents, Whole:
	}
	return sep(parts)
}

// refers is a condition on the rows of a reference's child: they refer to a chosen row. It is one that needs no look outside of itself where
// that is possible: a condition on both queries may not stand beside OR everywhere (DG r_correlated_subqueries).
func (s *Sets) refers(r Reference, first bool) redshift.SQL {
	parents := s.rows(r.Parent, s.member(r.Parent, first), aliased(r.Referenced, toName)...)
	if len(r.Columns) == 1 {
		return redshift.Build("? IN (?)", r.Columns[0], parents)
	}
	var and []redshift.SQL
	for k, c := range r.Columns {
		and = append(and, redshift.Build("p.? = ?", numbered(toName, k), c))
	}
	return redshift.Build("EXISTS (SELECT 1 FROM (?) AS p WHERE ?)", parents, redshift.Join(" AND ", and...))
}

// aliased are columns under names of ours.
func aliased(columns []redshift.Ident, prefix string) []redshift.SQL {
	out := make([]redshift.SQL, len(columns))
	for k, c := range columns {
		out[k] = redshift.Build("? AS ?", c, numbered(prefix, k))
	}
	return out
}

// qualified are names of ours in one of the queries that are joined.
func qualified(in redshift.Ident, prefix string, n int) redshift.SQL {
	out := make([]redshift.SQL, n)
	for k := range out {
		out[k] = redshift.Build("?.?", in, numbered(prefix, k))
	}
	return redshift.Join(", ", out...)
}

// equal joins names of ours of two queries.
func equal(a redshift.Ident, prefix string, b redshift.Ident, other string, n int) redshift.SQL {
	out := make([]redshift.SQL, n)
	for k := range out {
		out[k] = redshift.Build("?.? = ?.?", a, numbered(prefix, k), b, numbered(other, k))
	}
	return redshift.Join(" AND ", out...)
}

// What the queries that are joined are called.
var (
	child  = ident("c")
	parent = ident("p")
	known  = ident("s")
)

// add puts rows of table i into its set that are not in it: those of the query, which has the key under our names and is called of.
func (s *Sets) add(i int, of redshift.Ident, via int, from, where redshift.SQL) redshift.SQL {
	n := len(s.graph.Tables[i].Key)
	condition := redshift.Build("NOT EXISTS (SELECT 1 FROM ? AS s WHERE ?)", set(i), equal(known, keyName, of, keyName, n))
	if !where.IsZero() {
		condition = redshift.Build("? AND ?", where, condition)
	}
	return redshift.Build("INSERT INTO ?\nSELECT DISTINCT ?, ?\nFROM ?\nWHERE ?", set(i), qualified(of, keyName, n), redshift.Int(via), from, condition)
}

// distinct is the columns that rows of a table refer to, or are referred to by, each once.
func (s *Sets) distinct(i int, columns []redshift.Ident, prefix string) redshift.SQL {
	cols := aliased(columns, prefix)
	cols[0] = redshift.Build("DISTINCT ?", cols[0])
	return s.rows(i, s.member(i, false), cols...)
}

// downward are the references along which rows bring those that refer to them.
func (s *Sets) downward() []Reference {
	return slices.DeleteFunc(slices.Clone(s.graph.References), func(r Reference) bool {
		from := s.ways[r.Parent]
		return from != Chosen && from != Children || s.graph.Tables[r.Child].Children == 0
	})
}

// down adds the rows that refer to chosen ones, and those that refer to these. It comes before up: nothing else is in the sets yet.
func (s *Sets) down() []Statement {
	refs := s.downward()
	return s.along(refs, components(len(s.graph.Tables), refs), func(r Reference) redshift.SQL {
		if !s.keyed(r.Child) {
			return redshift.SQL{} // its rows are told by a condition
		}
		t := s.graph.Tables[r.Child]
		rows := s.candidates(r.Child, []Reference{r})
		from := redshift.Build("(?) AS c\nJOIN (?) AS p ON ?", rows, s.distinct(r.Parent, r.Referenced, toName), equal(child, fromName, parent, toName, len(r.Columns)))
		limit := redshift.SQL{}
		if t.Children > 0 {
			limit = redshift.Build("c.? <= ?", numbered(rankName, 0), redshift.Int(t.Children))
		}
		return s.add(r.Child, child, viaStart, from, limit)
	})
}

// candidates are the rows of a table with what they refer to by each of refs, and, where so many come along and no more, their places
// among those that refer to the same row.
func (s *Sets) candidates(i int, refs []Reference) redshift.SQL {
	t := s.graph.Tables[i]
	columns := aliased(names(t.Key), keyName)
	n := 0
	for k, r := range refs {
		for _, c := range r.Columns {
			columns = append(columns, redshift.Build("? AS ?", c, numbered(fromName, n)))
			n++
		}
		if t.Children > 0 {
			columns = append(columns, redshift.Build("ROW_NUMBER() OVER (PARTITION BY ? ORDER BY ?, ?) AS ?",
				redshift.Idents(r.Columns...), s.hash(names(t.Key), types(t.Key)), redshift.Idents(names(t.Key)...), numbered(rankName, k)))
		}
	}
	return s.rows(i, redshift.SQL{}, columns...)
}

// upward are the references whose rows must be there: those of all tables that are reached from the chosen ones.
func (s *Sets) upward() []Reference {
	return slices.DeleteFunc(slices.Clone(s.graph.References), func(r Reference) bool {
		return s.ways[r.Child] == Fitting || s.ways[r.Child] == Whole
	})
}

// up adds every row that a chosen one refers to, and those that these refer to.
func (s *Sets) up() []Statement {
	refs := s.upward()
	order := components(len(s.graph.Tables), refs)
	slices.Reverse(order)
	return s.along(refs, order, func(r Reference) redshift.SQL {
		key := names(s.graph.Tables[r.Parent].Key)
		rows := s.rows(r.Parent, redshift.SQL{}, slices.Concat(aliased(key, keyName), aliased(r.Referenced, toName))...)
		from := redshift.Build("(?) AS p\nJOIN (?) AS c ON ?", rows, s.distinct(r.Child, r.Columns, fromName), equal(child, fromName, parent, toName, len(r.Columns)))
		return s.add(r.Parent, parent, viaParent, from, redshift.SQL{})
	})
}

// along writes the statements of references in the order of components, each once, but those within one again until nothing changes.
func (s *Sets) along(refs []Reference, order [][]int, write func(Reference) redshift.SQL) []Statement {
	place := make([]int, len(s.graph.Tables))
	for at, c := range order {
		for _, i := range c {
			place[i] = at
		}
	}
	// A reference between components is written when all that is before both is complete: with the earlier of the two.
	var out []Statement
	for at := range order {
		s.loop++
		for _, inside := range []bool{true, false} {
			for _, r := range refs {
				a, b := place[r.Child], place[r.Parent]
				if min(a, b) != at || (a == b) != inside {
					continue
				}
				if sql := write(r); !sql.IsZero() {
					st := Statement{SQL: sql}
					if inside {
						st.Loop = s.loop
					}
					out = append(out, st)
				}
			}
		}
	}
	return out
}

// fit adds the rows of tables that nobody asked for which refer to nothing that was left out. Of tables that refer to each other all are
// taken first, and then given back until nothing of them refers to what is not there.
func (s *Sets) fit() []Statement {
	var refs []Reference
	for _, r := range s.graph.References {
		if s.ways[r.Child] == Fitting && s.ways[r.Parent] != Whole {
			refs = append(refs, r)
		}
	}
	var out []Statement
	for _, tables := range components(len(s.graph.Tables), refs) {
		var inner []Reference
		for _, i := range tables {
			if s.ways[i] != Fitting || !s.keyed(i) || s.graph.Tables[i].Children == 0 {
				continue
			}
			var outer []Reference
			for _, r := range refs {
				switch {
				case r.Child != i:
				case slices.Contains(tables, r.Parent):
					inner = append(inner, r)
				default:
					outer = append(outer, r)
				}
			}
			out = append(out, Statement{SQL: s.fitting(i, outer)})
		}
		s.loop++
		for _, r := range inner {
			out = append(out, Statement{SQL: s.giveBack(r), Loop: s.loop})
		}
	}
	return out
}

// fitting adds the rows of table i that refer by each of refs to nothing, or to a chosen row.
func (s *Sets) fitting(i int, refs []Reference) redshift.SQL {
	from := redshift.Build("(?) AS c", s.candidates(i, refs))
	var where []redshift.SQL
	n := 0
	for k, r := range refs {
		p := numbered("p", k)
		var on, none []redshift.SQL
		for x := range r.Columns {
			on = append(on, redshift.Build("c.? = ?.?", numbered(fromName, n), p, numbered(toName, x)))
			none = append(none, redshift.Build("c.? IS NULL", numbered(fromName, n)))
			n++
		}
		from = redshift.Build("?\nLEFT JOIN (?) AS ? ON ?", from, s.distinct(r.Parent, r.Referenced, toName), p, redshift.Join(" AND ", on...))
		fits := redshift.Build("?.? IS NOT NULL", p, numbered(toName, 0))
		if limit := s.graph.Tables[i].Children; limit > 0 {
			fits = redshift.Build("? AND c.? <= ?", fits, numbered(rankName, k), redshift.Int(limit))
		}
		where = append(where, redshift.Build("(? OR ?)", redshift.Join(" OR ", none...), fits))
	}
	return s.add(i, child, viaFit, from, redshift.Join(" AND ", where...))
}

// giveBack takes rows out of a set that refer to one that is not in its own.
func (s *Sets) giveBack(r Reference) redshift.SQL {
	n := len(s.graph.Tables[r.Child].Key)
	key := aliased(names(s.graph.Tables[r.Child].Key), keyName)
	rows := s.rows(r.Child, s.member(r.Child, false), slices.Concat(key, aliased(r.Columns, fromName))...)
	gone := redshift.Build("SELECT ? FROM (?) AS c LEFT JOIN (?) AS p ON ? WHERE ?", qualified(child, keyName, n), rows,
		s.distinct(r.Parent, r.Referenced, toName), equal(child, fromName, parent, toName, len(r.Columns)), dangling(len(r.Columns)))
	if n == 1 {
		return redshift.Build("DELETE FROM ?\nWHERE ? IN (?)", set(r.Child), numbered(keyName, 0), gone)
	}
	var and []redshift.SQL
	for k := range n {
		and = append(and, redshift.Build("g.? = ?.?", numbered(keyName, k), set(r.Child), numbered(keyName, k)))
	}
	return redshift.Build("DELETE FROM ?\nWHERE EXISTS (SELECT 1 FROM (?) AS g WHERE ?)", set(r.Child), gone, redshift.Join(" AND ", and...))
}

// listed are names for people.
func listed(columns []redshift.Ident) string {
	texts := make([]string, len(columns))
	for i, c := range columns {
		texts[i] = c.String()
	}
	return strings.Join(texts, ", ")
}

// dangling is a condition on c, which refers, and p, joined where it is there: c refers to a row, and that is not there. With a NULL among
// the columns a row refers to nothing, as in every foreign key.
func dangling(n int) redshift.SQL {
	var and []redshift.SQL
	for k := range n {
		and = append(and, redshift.Build("c.? IS NOT NULL", numbered(fromName, k)))
	}
	return redshift.Build("? AND p.? IS NULL", redshift.Join(" AND ", and...), numbered(toName, 0))
}

// whole proves that what chosen rows refer to by r is chosen.
func (s *Sets) whole(r Reference) Statement {
	c, p := s.graph.Tables[r.Child], s.graph.Tables[r.Parent]
	rows := s.rows(r.Child, s.member(r.Child, false), aliased(r.Columns, fromName)...)
	from := redshift.Build("(?) AS c\nLEFT JOIN (?) AS p ON ?", rows, s.distinct(r.Parent, r.Referenced, toName), equal(child, fromName, parent, toName, len(r.Columns)))
	by := listed(r.Columns)
	about := fmt.Sprintf("rows of %s refer by %s to rows of %s that are not there, in the source or for the job's where; orphans: keep moves them as they are", c.Name, by, p.Name)
	if s.graph.KeepOrphans {
		all := aliased(r.Referenced, "sealift_u")
		all[0] = redshift.Build("DISTINCT ?", all[0])
		from = redshift.Build("?\nJOIN (?) AS u ON ?", from, s.rows(r.Parent, redshift.SQL{}, all...), equal(child, fromName, ident("u"), "sealift_u", len(r.Columns)))
		about = fmt.Sprintf("rows of %s refer by %s to rows of %s that were not chosen", c.Name, by, p.Name)
	}
	return Statement{SQL: redshift.Build("SELECT COUNT(*)\nFROM ?\nWHERE ?", from, dangling(len(r.Columns))), Check: about}
}
