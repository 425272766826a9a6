package dialect

import (
	"slices"
	"unicode/utf8"
)

// An alias that an item of a SELECT's list gives may be used in the items behind it, and in WHERE: Redshift puts the item's expression
// in its place, but where a column of FROM has the name, that is meant (Redshift manual, SELECT list). Which columns
// there are only PostgreSQL knows. So a translation says where such names stand, Inline asks PostgreSQL which of them it
// does not know, and those are replaced; a name that it knows stays as it is.

// Lateral is the place of a name that an earlier item of the same list gives.
type Lateral struct {
	Pos   int // in the statement's text, in bytes: for Env.Inlined
	Probe int // in Translation.Probe, in characters from 1 on, as PostgreSQL counts; 0 where it is not shown there
}

// maxInlined is how long an expression with all that is put into it may become, in bytes: each alias that is used twice
// doubles it.
const maxInlined = 1 << 20

// Inline is the translation of st, of which tr is the first, with expressions in place of aliases that are no columns.
// unknown prepares a query and answers the place of the first name that is no column, as an error of PostgreSQL tells
// it, or 0. It is asked only if there is a name to ask for. Inline also answers what the translation rests on.
func Inline(st Statement, env Env, tr Translation, unknown func(query string) (position int, err error)) (Env, Translation, error) {
	env.Inlined = slices.Clone(env.Inlined)
	for len(tr.Laterals) > 0 {
		position, err := unknown(tr.Probe)
		if err != nil {
			return env, tr, err
		}
		i := slices.IndexFunc(tr.Laterals, func(l Lateral) bool { return l.Probe == position && position > 0 })
		if i < 0 {
			return env, tr, nil
		}
		env.Inlined = append(env.Inlined, tr.Laterals[i].Pos)
		tr = Translate(st, env)
	}
	return env, tr, nil
}

// behindList are the words that end a list which has no FROM.
var behindList = set("into", "where", "group", "having", "order", "limit", "offset", "fetch", "window", "qualify", "union",
	"intersect", "except", "minus", "with")

// laterals finds the names that aliases may be meant by, and puts expressions in place of those in Env.Inlined.
func (x *script) laterals() {
	if x.variables {
		return
	}
	for _, list := range x.lists {
		given := map[string]listItem{}
		for _, part := range x.list(list[0], x.endOfList(list[0], list[1])) {
			from, to := part[0], part[1]
			alias, to := x.itemAlias(from, to)
			if from >= to {
				continue
			}
			size := x.tok(to-1).Pos + len(x.tok(to-1).Text) - x.tok(from).Pos
			size, ok := x.inlineIn(from, to, given, size)
			if !ok {
				return
			}
			if alias != "" {
				given[alias] = listItem{from, to, size}
			}
		}
		// The condition of WHERE knows them as well: administrators' scripts of AWS rest on it (v_generate_user_grant_revoke_ddl).
		for i := list[1]; i < list[2] && len(given) > 0; i++ {
			if x.is(i, "WHERE") {
				x.inlineIn(i+1, x.endOfList(i+1, list[2]), given, 0)
				break
			}
			if c := x.pair[i]; c > i {
				i = c
			}
		}
	}
}

// listItem is the expression of an item, and how long it is with all that is put into it.
type listItem struct{ from, to, size int }

// inlineIn finds the names in from..to-1 that aliases may be meant by, which are given. It answers the size of the expression
// there with what is put into it; ok is false where that is too much.
func (x *script) inlineIn(from, to int, given map[string]listItem, size int) (all int, ok bool) {
	for k := from; k < to; k++ {
		if x.is(k, "(") && x.isOne(k+1, "SELECT", "WITH") {
			k = x.closing(k)
			continue
		}
		name, ok := x.tok(k).Name(x.env.CaseSensitive)
		meant, known := given[name]
		if !ok || !known || x.isOne(k-1, ".", "AS", "::") || x.isOne(k+1, ".", "(") {
			continue
		}
		if !slices.Contains(x.env.Inlined, x.tok(k).Pos) {
			x.aliased = append(x.aliased, k)
			continue
		}
		if size += meant.size; size > maxInlined {
			x.refuse(&Error{Code: "54001", Message: "the expression is too long with all aliases that it uses"})
			return 0, false
		}
		x.replacePieces(k, piece{text: "("}, piece{from: meant.from, to: meant.to}, piece{text: ")"})
	}
	return size, true
}

// endOfList is where the list in from..to-1 ends.
func (x *script) endOfList(from, to int) int {
	for i := from; i < to; i++ {
		if behindList[x.word(i)] && !x.isOne(i-1, ".", "AS", "WITHIN") && i > from {
			return i
		}
		if c := x.pair[i]; c > i {
			i = c
		}
	}
	return to
}

// itemAlias is the alias that the item in from..to-1 of a list has, or "", and where its expression ends.
func (x *script) itemAlias(from, to int) (alias string, end int) {
	if to-from < 2 {
		return "", to
	}
	name, ok := x.tok(to - 1).Name(x.env.CaseSensitive)
	switch {
	case !ok:
	case x.is(to-2, "AS"):
		return name, to - 2
	case x.operand(to - 2):
		return name, to - 1
	}
	return "", to
}

// probe is the statement's query alone, and where in it the names stand. The statement cannot be written any more afterwards.
func (x *script) probe() (query string, places []Lateral) {
	from := 0
	for !x.isOne(from, "SELECT", "WITH") {
		if from++; from == x.len() {
			return "", nil
		}
	}
	for from > 0 && x.is(from-1, "(") {
		from--
	}
	x.drop(x.into[0], x.into[1]) // with a table to make it would not be analysed before it runs
	x.places = map[int]int{}
	for _, k := range x.aliased {
		x.places[k] = -1
	}
	query = x.render(from, x.len())
	for _, k := range x.aliased {
		l := Lateral{Pos: x.tok(k).Pos}
		if at := x.places[k]; at >= 0 {
			l.Probe = utf8.RuneCountInString(query[:at]) + 1
		}
		places = append(places, l)
	}
	return query, places
}
