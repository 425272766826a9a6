package dialect

import (
	"strings"
)

// script is a statement while it is being rewritten: its significant tokens, by index, and what is to stand in place of
// or beside each. What has no edit is rendered as it was written, blanks and comments included.
type script struct {
	st  Statement
	env Env

	sig    []int   // the significant tokens, as indexes into st.Tokens
	pair   []int   // for a bracket, the index of its partner; -1 where there is none
	edited []int32 // for a token with an edit, one more than its index in edits; most have none
	edits  []*edit
	pieces int // how deep in pieces the text that is being written is
	tr     Translation

	broken      bool            // brackets do not match, or a literal does not end: PostgreSQL will say so
	lateBinding bool            // relations must be named with their schemas
	with        map[string]bool // names that the statement's WITH clauses give
	catalog     bool            // the statement names pg_catalog, as psql's do: it may speak PostgreSQL's newer SQL
	aliases     int             // generated aliases so far

	// translate is the function of that name, for the bodies of procedures, whose statements it handles as well.
	translate func(Statement, Env, bool) Translation

	nonatomic     bool                // the statement makes a NONATOMIC procedure
	variables     bool                // names joined by dots may be fields of a procedure's variables
	selecting     bool                // a query has begun: names joined by dots may be paths
	ranges        map[string][][2]int // the names that FROM gives, each with the tokens of what it is given to
	target        string              // the table that is written to: no path starts there, but its schema may have that name
	relationRefs  []rangeRef          // what stands in FROM
	chains        []int               // where paths may start
	lists         [][3]int            // the lists of the SELECTs: where each starts, where it ends, where its conditions end
	into          [2]int              // INTO and the name of SELECT INTO
	leader        []string            // functions that are called and run on the leader node only
	compute       bool                // a function is called that runs on the compute nodes only
	insensitively bool                // a text is given the collation without regard to case
	aliased       []int               // names in lists that earlier items give
	places        map[int]int         // for some tokens, where in the text that is being written they come to stand
}

// edit is what happens to one significant token.
type edit struct {
	before, after []piece
	text          []piece // in place of the token, where replaced
	open, close   []piece // next to it, within before and after: what encloses expressions
	replaced      bool
	joined        bool // drop the blanks and comments in front of the token
	keepCase      bool // a user name: its quotes keep its case
	named         bool // the token gives a name: it is no reference
	moved         bool // written only where a piece says so
}

// piece is text, or where text is "" the rendering of the tokens from..to-1.
type piece struct {
	text     string
	from, to int
}

func newScript(st Statement, env Env) *script {
	x := &script{st: st, env: env}
	for i, t := range st.Tokens {
		if significant(t) {
			x.sig = append(x.sig, i)
		}
	}
	x.edited = make([]int32, len(x.sig))
	x.pair = make([]int, len(x.sig))
	var open []int
	for i := range x.sig {
		x.pair[i] = -1
		t := x.tok(i)
		switch {
		case t.Kind != Punct:
			if t.Kind == Word && strings.EqualFold(t.Text, "pg_catalog") && x.is(i+1, ".") {
				x.catalog = true
			}
		case t.Text == "(" || t.Text == "[":
			open = append(open, i)
		case t.Text == ")" || t.Text == "]":
			if len(open) == 0 {
				x.broken = true
				break
			}
			o := open[len(open)-1]
			open = open[:len(open)-1]
			x.pair[i], x.pair[o] = o, i
			x.broken = x.broken || x.is(o, "(") != x.is(i, ")")
		}
	}
	x.broken = x.broken || len(open) > 0 || x.unclosed(len(x.sig)-1)
	return x
}

// unclosed tells whether the token at i is a literal or a quoted name that reaches to the statement's end for want of one.
func (x *script) unclosed(i int) bool {
	t, ok := x.tok(i), true
	switch t.Kind {
	case String, DollarString:
		_, ok = t.Literal()
	case QuotedIdent:
		_, ok = t.Name(true)
	default:
	}
	return !ok
}

// edit is the edit of the token at i, for changing it. Beyond the end of an incomplete statement there is nothing to
// change.
func (x *script) edit(i int) *edit {
	if i < 0 || i >= len(x.edited) {
		return &edit{}
	}
	if x.edited[i] == 0 {
		x.edits = append(x.edits, &edit{})
		x.edited[i] = int32(len(x.edits))
	}
	return x.edits[x.edited[i]-1]
}

// look is the edit of the token at i, for reading it.
func (x *script) look(i int) edit {
	if i < 0 || i >= len(x.edited) || x.edited[i] == 0 {
		return edit{}
	}
	return *x.edits[x.edited[i]-1]
}

func (x *script) len() int { return len(x.sig) }

// tok is the i-th significant token, or the zero Token, which is no keyword, beyond either end.
func (x *script) tok(i int) Token {
	if i < 0 || i >= len(x.sig) {
		return Token{}
	}
	return x.st.Tokens[x.sig[i]]
}

// is tells whether keywords or marks stand at i, one after the other.
func (x *script) is(i int, words ...string) bool {
	for n, w := range words {
		if !x.tok(i + n).Is(w) {
			return false
		}
	}
	return true
}

// isOne tells whether one of several keywords stands at i.
func (x *script) isOne(i int, words ...string) bool {
	for _, w := range words {
		if x.tok(i).Is(w) {
			return true
		}
	}
	return false
}

// word is the keyword or unquoted name at i in lower case, or "".
func (x *script) word(i int) string {
	if t := x.tok(i); t.Kind == Word {
		return fold(t.Text)
	}
	return ""
}

// closing is the index of the bracket that closes the one at i, or the end of the statement.
func (x *script) closing(i int) int {
	if i < len(x.pair) && x.pair[i] > i {
		return x.pair[i]
	}
	return x.len()
}

// adjacent tells whether nothing, not even a blank, stands between the tokens i-1 and i.
func (x *script) adjacent(i int) bool {
	return i > 0 && i < x.len() && x.sig[i] == x.sig[i-1]+1
}

// list cuts the tokens from..to-1 at the commas outside of inner brackets. Each part is [from, to).
func (x *script) list(from, to int) [][2]int {
	if from >= to {
		return nil
	}
	var parts [][2]int
	start := from
	for i := from; i < to; i++ {
		if x.is(i, ",") {
			parts = append(parts, [2]int{start, i})
			start = i + 1
		} else if c := x.pair[i]; c > i {
			i = min(c, to-1)
		}
	}
	return append(parts, [2]int{start, to})
}

// args are the arguments of a call whose parenthesis opens at i.
func (x *script) args(i int) [][2]int { return x.list(i+1, x.closing(i)) }

// qname reads a name of one to three parts at i. Parts are folded as env says.
func (x *script) qname(i int) (parts []string, end int, ok bool) {
	for {
		name, isName := x.tok(i).Name(x.env.CaseSensitive)
		if hash := x.tempName(i); hash != "" && len(parts) == 0 {
			return []string{hash}, i + 2, true
		}
		if !isName {
			return nil, i, false
		}
		parts = append(parts, name)
		i++
		if !x.is(i, ".") || len(parts) == 3 {
			return parts, i, true
		}
		i++
	}
}

// tempName is the name of the temporary table written #t at i, or "".
func (x *script) tempName(i int) string {
	if !x.is(i, "#") || !x.adjacent(i+1) {
		return ""
	}
	if name, ok := x.tok(i + 1).Name(x.env.CaseSensitive); ok {
		return "#" + name
	}
	return ""
}

// quoteName writes a name of several parts.
func quoteName(parts []string) string {
	quoted := make([]string, len(parts))
	for i, p := range parts {
		quoted[i] = QuoteIdent(p)
	}
	return strings.Join(quoted, ".")
}

func (x *script) replace(i int, text string) {
	x.replacePieces(i, piece{text: text})
}

func (x *script) replacePieces(i int, pieces ...piece) {
	e := x.edit(i)
	e.text, e.replaced = pieces, true
}

// replaceRange puts text in place of the tokens from..to-1 and of what stands between them.
func (x *script) replaceRange(from, to int, text string) {
	x.replace(from, text)
	for i := from + 1; i < to; i++ {
		*x.edit(i) = edit{replaced: true, joined: true}
	}
}

// drop removes the tokens from..to-1 and the blanks in front of them.
func (x *script) drop(from, to int) {
	for i := from; i < to; i++ {
		*x.edit(i) = edit{replaced: true, joined: true}
	}
}

func (x *script) insertBefore(i int, text string) {
	e := x.edit(i)
	e.before = append(e.before, piece{text: text})
}

func (x *script) insertAfter(i int, text string) {
	e := x.edit(i)
	e.after = append(e.after, piece{text: text})
}

// enclose puts text around the tokens from..to-1, outside of what encloses expressions there already and inside of what was
// inserted in front of the first or behind the last.
func (x *script) enclose(from, to int, before, after string) {
	if before != "" {
		e := x.edit(from)
		switch x.tok(from - 1).Kind {
		case Word, QuotedIdent, Number, Param:
			if x.adjacent(from) {
				before = " " + before // SELECT"a"
			}
		default:
		}
		e.open = append([]piece{{text: before}}, e.open...)
	}
	e := x.edit(to - 1)
	e.close = append(e.close, piece{text: after})
}

// refuse keeps the first error: that is the one the client sees.
func (x *script) refuse(err *Error) {
	if x.tr.Err == nil {
		x.tr.Err = err
	}
}

// render writes the tokens from..to-1 with their edits.
func (x *script) render(from, to int) string {
	var b strings.Builder
	x.write(&b, from, to)
	return b.String()
}

func (x *script) write(b *strings.Builder, from, to int) {
	for i := from; i < to; i++ {
		e := x.look(i)
		if e.moved && !x.look(from).moved {
			continue
		}
		if i > from && !e.joined {
			for _, t := range x.st.Tokens[x.sig[i-1]+1 : x.sig[i]] {
				b.WriteString(t.Text)
			}
		}
		x.writePieces(b, e.before)
		x.writePieces(b, e.open)
		if _, wanted := x.places[i]; wanted && x.pieces == 0 {
			x.places[i] = b.Len()
		}
		if e.replaced {
			x.writePieces(b, e.text)
		} else {
			b.WriteString(x.tok(i).Text)
		}
		x.writePieces(b, e.close)
		x.writePieces(b, e.after)
	}
}

func (x *script) writePieces(b *strings.Builder, pieces []piece) {
	for _, p := range pieces {
		if p.to > p.from {
			x.pieces++
			x.write(b, p.from, p.to)
			x.pieces--
		} else {
			b.WriteString(p.text)
		}
	}
}

// String is the whole statement with its edits.
func (x *script) String() string {
	if len(x.edits) == 0 {
		return x.st.Text
	}
	var b strings.Builder
	for _, t := range x.st.Tokens[:x.sig[0]] {
		b.WriteString(t.Text)
	}
	x.write(&b, 0, x.len())
	for _, t := range x.st.Tokens[x.sig[x.len()-1]+1:] {
		b.WriteString(t.Text)
	}
	return b.String()
}

// dollarQuote writes s as a dollar string, which means the same whatever the session's rules for literals.
func dollarQuote(s string) string {
	tag := "$rs$"
	for strings.Index(s+tag, tag) != len(s) {
		tag = tag[:len(tag)-1] + "s$"
	}
	return tag + s + tag
}
