package mask

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/sealift/sealift/internal/redshift"
)

// Condition is a condition on a row as it is in the source.
type Condition struct{ root node }

// truth is a value of SQL's logic. AND is the least, OR the greatest.
type truth int8

const (
	isFalse truth = iota
	isUnknown
	isTrue
)

// node is a part of a condition, for both twins.
type node interface {
	sql() redshift.SQL
	eval(row [][]byte) (truth, error)
}

func (c *Condition) sql() redshift.SQL                { return c.root.sql() }
func (c *Condition) eval(row [][]byte) (truth, error) { return c.root.eval(row) }

type logic struct {
	or    bool
	parts []node
}

func (l logic) sql() redshift.SQL {
	parts := make([]redshift.SQL, len(l.parts))
	for i, p := range l.parts {
		parts[i] = redshift.Build("(?)", p.sql())
	}
	if l.or {
		return redshift.Join(" OR ", parts...)
	}
	return redshift.Join(" AND ", parts...)
}

func (l logic) eval(row [][]byte) (truth, error) {
	out := isTrue
	if l.or {
		out = isFalse
	}
	for _, p := range l.parts {
		t, err := p.eval(row)
		if err != nil {
			return isUnknown, err
		}
		if l.or {
			out = max(out, t)
		} else {
			out = min(out, t)
		}
	}
	return out, nil
}

type not struct{ of node }

func (n not) sql() redshift.SQL { return redshift.Build("NOT (?)", n.of.sql()) }

func (n not) eval(row [][]byte) (truth, error) {
	t, err := n.of.eval(row)
	return isTrue - t, err
}

type isNull struct{ column int }

func (n isNull) sql() redshift.SQL { return redshift.Build("? IS NULL", valueAlias(n.column)) }

func (n isNull) eval(row [][]byte) (truth, error) { return truthOf(row[n.column] == nil), nil }

func truthOf(b bool) truth {
	if b {
		return isTrue
	}
	return isFalse
}

// operator is one of comparison's.
type operator string

func (o operator) sql() redshift.SQL {
	switch o {
	case "=":
		return redshift.Build("=")
	case "<>":
		return redshift.Build("<>")
	case "<":
		return redshift.Build("<")
	case "<=":
		return redshift.Build("<=")
	case ">":
		return redshift.Build(">")
	default:
		return redshift.Build(">=")
	}
}

func (o operator) holds(order int) bool {
	switch o {
	case "=":
		return order == 0
	case "<>":
		return order != 0
	case "<":
		return order < 0
	case "<=":
		return order <= 0
	case ">":
		return order > 0
	default:
		return order >= 0
	}
}

// compared is a column and one or several constants of its type.
type compared struct {
	operand
	operator  operator
	constants []constantOf
	// in is column IN (constants), where the operator is =.
	in bool
}

// operand is a column of a condition.
type operand struct {
	column int
	canon  canon
}

func (o operand) sql() redshift.SQL {
	if o.canon.fold {
		return foldSQL(valueAlias(o.column))
	}
	return valueAlias(o.column)
}

// constantOf is a constant, read as values of its column are.
type constantOf struct {
	sql    redshift.SQL
	text   []byte
	whole  int64
	number decimal
	day    day
	moment moment
}

func (c compared) sql() redshift.SQL {
	if !c.in {
		return redshift.Build("? ? ?", c.operand.sql(), c.operator.sql(), c.constants[0].sql)
	}
	list := make([]redshift.SQL, len(c.constants))
	for i, k := range c.constants {
		list[i] = k.sql
	}
	return redshift.Build("? IN (?)", c.operand.sql(), redshift.Join(", ", list...))
}

func (c compared) eval(row [][]byte) (truth, error) {
	in := row[c.column]
	if in == nil {
		return isUnknown, nil
	}
	v, err := c.canon.read(in)
	if err != nil {
		return isUnknown, err
	}
	for i := range c.constants {
		if c.operator.holds(c.canon.compare(&v, &c.constants[i])) {
			return isTrue, nil
		}
	}
	return isFalse, nil
}

// read reads a value as the server writes it.
func (c canon) read(in []byte) (constantOf, error) {
	var v constantOf
	var err error
	switch c.kind {
	case text:
		v.text, err = textOf(in)
	case whole:
		v.whole, err = parseWhole(in)
	case decimals:
		v.number, err = parseDecimal(in, c.scale)
	case boolean:
		var b bool
		if b, err = parseBoolean(in); b {
			v.whole = 1
		}
	case date:
		v.day, err = parseDate(in)
	case timestamp, instant:
		v.moment, err = parseMoment(in)
	case other:
		err = errors.New("the value cannot be compared")
	}
	return v, err
}

// compare orders two values of one kind. The constant's text has been folded.
func (c canon) compare(v, k *constantOf) int {
	switch c.kind {
	case text:
		if c.fold {
			return compareFold(v.text, k.text)
		}
		return bytes.Compare(v.text, k.text)
	case whole, boolean:
		return compareInts(v.whole, k.whole)
	case decimals:
		return v.number.compare(k.number)
	case date:
		return compareInts(v.day.days(), k.day.days())
	default:
		if o := compareInts(v.moment.days(), k.moment.days()); o != 0 {
			return o
		}
		return compareInts(v.moment.micros, k.moment.micros)
	}
}

func compareInts(a, b int64) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	default:
		return 0
	}
}

func compareFold(a, folded []byte) int {
	for i := range min(len(a), len(folded)) {
		if x := foldByte(a[i]); x != folded[i] {
			return compareInts(int64(x), int64(folded[i]))
		}
	}
	return compareInts(int64(len(a)), int64(len(folded)))
}

func (d decimal) compare(o decimal) int {
	if d.negative != o.negative {
		if d.negative {
			return -1
		}
		return 1
	}
	order := 0
	switch {
	case d.hi != o.hi:
		order = 1
		if d.hi < o.hi {
			order = -1
		}
	case d.lo != o.lo:
		order = 1
		if d.lo < o.lo {
			order = -1
		}
	}
	if d.negative {
		return -order
	}
	return order
}

// begins is column LIKE 'prefix%'.
type begins struct {
	operand
	prefix []byte
}

func (b begins) sql() redshift.SQL {
	return redshift.Build("? LIKE ?", b.operand.sql(), redshift.Lit(string(b.prefix)+"%"))
}

func (b begins) eval(row [][]byte) (truth, error) {
	in := row[b.column]
	if in == nil {
		return isUnknown, nil
	}
	in, err := textOf(in)
	if err != nil || len(in) < len(b.prefix) {
		return isFalse, err
	}
	if b.canon.fold {
		return truthOf(compareFold(in[:len(b.prefix)], b.prefix) == 0), nil
	}
	return truthOf(bytes.Equal(in[:len(b.prefix)], b.prefix)), nil
}

// ParseCondition reads a condition on the columns of a table:
//
//	condition  = condition OR condition | condition AND condition | NOT condition | ( condition ) | comparison
//	comparison = column = constant | <> < <= > >= likewise | column [NOT] IN ( constant, ... )
//	           | column [NOT] LIKE 'prefix%' | column IS [NOT] NULL
//	constant   = 'text' | number | TRUE | FALSE, dates and timestamps as text
//
// with SQL's precedence and its three values. Comparing ignores trailing blanks, as the warehouse does, and case where
// the column does. It is evaluated on values as they are in the source, never on masked ones.
func ParseCondition(s string, def *redshift.TableDef) (*Condition, error) {
	const most = 64 << 10
	fail := func(err error) (*Condition, error) { return nil, fmt.Errorf("condition: %w", err) }
	if len(s) > most || !utf8.ValidString(s) || strings.ContainsRune(s, 0) {
		return fail(fmt.Errorf("it is longer than %d bytes, holds a NUL or is not UTF-8", most))
	}
	p := &conditionParser{def: def, rest: s}
	if err := p.next(); err != nil {
		return fail(err)
	}
	root, err := p.either(0)
	if err == nil && p.token.kind != endOfCondition {
		err = p.unexpected("AND, OR or the end")
	}
	if err != nil {
		return fail(err)
	}
	return &Condition{root}, nil
}

type conditionKind int

const (
	endOfCondition conditionKind = iota
	conditionWord                // a name without quotes, or a keyword
	conditionName                // a name in double quotes
	conditionText
	conditionNumber
	conditionSign
)

type conditionToken struct {
	kind conditionKind
	text string
	at   int // byte, counted from 1
}

type conditionParser struct {
	def   *redshift.TableDef
	rest  string
	at    int
	token conditionToken
}

func (p *conditionParser) unexpected(want string) error {
	if p.token.kind == endOfCondition {
		return fmt.Errorf("it ends where %s should follow", want)
	}
	if p.is("select") {
		return fmt.Errorf("SELECT at character %d: a condition has no subquery; it looks at one row", p.token.at)
	}
	return fmt.Errorf("%q at character %d, where %s should be", p.token.text, p.token.at, want)
}

func (p *conditionParser) is(keyword string) bool {
	return p.token.kind == conditionWord && strings.EqualFold(p.token.text, keyword)
}

func (p *conditionParser) sign(s string) bool {
	return p.token.kind == conditionSign && p.token.text == s
}

// next reads a token.
func (p *conditionParser) next() error {
	trimmed := strings.TrimLeft(p.rest, " \t\r\n")
	p.at += len(p.rest) - len(trimmed)
	p.rest = trimmed
	p.token = conditionToken{at: p.at + 1}
	take := func(kind conditionKind, text string, n int) error {
		p.token.kind, p.token.text = kind, text
		p.rest, p.at = p.rest[n:], p.at+n
		return nil
	}
	if p.rest == "" {
		return nil
	}
	switch c := p.rest[0]; {
	case c == '\'' || c == '"':
		text, n, ok := quotedText(p.rest, c)
		if !ok {
			return fmt.Errorf("the quote at character %d does not end", p.at+1)
		}
		if c == '"' {
			return take(conditionName, text, n)
		}
		return take(conditionText, text, n)
	case isDigit(c) || (c == '-' || c == '.') && len(p.rest) > 1 && (isDigit(p.rest[1]) || p.rest[1] == '.'):
		n := 1
		for n < len(p.rest) && (isDigit(p.rest[n]) || p.rest[n] == '.') {
			n++
		}
		return take(conditionNumber, p.rest[:n], n)
	case c == '_' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || c >= utf8.RuneSelf:
		n := 1
		for n < len(p.rest) && (p.rest[n] == '_' || p.rest[n] == '$' || isDigit(p.rest[n]) || 'a' <= p.rest[n]|0x20 && p.rest[n]|0x20 <= 'z' || p.rest[n] >= utf8.RuneSelf) {
			n++
		}
		return take(conditionWord, p.rest[:n], n)
	}
	for _, s := range []string{"<>", "!=", "<=", ">=", "=", "<", ">", "(", ")", ","} {
		if strings.HasPrefix(p.rest, s) {
			return take(conditionSign, s, len(s))
		}
	}
	_, n := utf8.DecodeRuneInString(p.rest)
	return fmt.Errorf("%q at character %d means nothing here", p.rest[:n], p.at+1)
}

// quotedText reads a text in quotes, doubled ones inside.
func quotedText(s string, quote byte) (string, int, bool) {
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		if s[i] != quote {
			b.WriteByte(s[i])
			continue
		}
		if i+1 < len(s) && s[i+1] == quote {
			b.WriteByte(quote)
			i++
			continue
		}
		return b.String(), i + 1, true
	}
	return "", 0, false
}

// mostNested keeps conditions readable, and a stack small.
const mostNested = 50

func (p *conditionParser) either(depth int) (node, error) { return p.chain("or", depth, p.all) }
func (p *conditionParser) all(depth int) (node, error)    { return p.chain("and", depth, p.one) }

func (p *conditionParser) chain(keyword string, depth int, part func(int) (node, error)) (node, error) {
	first, err := part(depth)
	if err != nil {
		return nil, err
	}
	parts := []node{first}
	for p.is(keyword) {
		if err := p.next(); err != nil {
			return nil, err
		}
		another, err := part(depth)
		if err != nil {
			return nil, err
		}
		parts = append(parts, another)
	}
	if len(parts) == 1 {
		return first, nil
	}
	return logic{or: keyword == "or", parts: parts}, nil
}

func (p *conditionParser) one(depth int) (node, error) {
	if depth > mostNested {
		return nil, fmt.Errorf("it is nested more than %d deep at character %d", mostNested, p.token.at)
	}
	switch {
	case p.is("not"):
		if err := p.next(); err != nil {
			return nil, err
		}
		of, err := p.one(depth + 1)
		return not{of}, err
	case p.sign("("):
		if err := p.next(); err != nil {
			return nil, err
		}
		inside, err := p.either(depth + 1)
		if err != nil {
			return nil, err
		}
		if !p.sign(")") {
			return nil, p.unexpected("AND, OR or )")
		}
		return inside, p.next()
	default:
		return p.comparison()
	}
}

// keywords cannot be names without quotes.
var keywords = []string{"and", "or", "not", "in", "like", "is", "null", "true", "false", "select", "exists"}

func (p *conditionParser) comparison() (node, error) {
	name := p.token.text
	switch {
	case p.token.kind == conditionWord && !slices.Contains(keywords, strings.ToLower(name)):
		name = strings.Map(func(r rune) rune {
			if 'A' <= r && r <= 'Z' {
				return r + ('a' - 'A')
			}
			return r
		}, name)
	case p.token.kind != conditionName:
		return nil, p.unexpected("the name of a column")
	}
	at := slices.IndexFunc(p.def.Columns, func(c redshift.Column) bool { return c.Name.String() == name })
	if at < 0 {
		names := make([]string, len(p.def.Columns))
		for i, c := range p.def.Columns {
			names[i] = c.Name.String()
		}
		return nil, fmt.Errorf("%s has no column %q%s", p.def.Table, name, meant(name, names))
	}
	if err := p.next(); err != nil {
		return nil, err
	}
	if p.is("is") {
		return p.nullness(at)
	}
	column := p.def.Columns[at]
	form, err := canonOf(column)
	if err != nil {
		return nil, fmt.Errorf("column %s: values of %s cannot be compared in a condition, only with IS NULL", column.Name, column.Type)
	}
	of := operand{at, form}
	negated := p.is("not")
	if negated {
		if err := p.next(); err != nil {
			return nil, err
		}
	}
	var out node
	switch {
	case p.is("in"):
		out, err = p.list(of, column)
	case p.is("like"):
		out, err = p.prefix(of, column)
	case negated:
		return nil, p.unexpected("IN or LIKE")
	case p.token.kind == conditionSign && slices.Contains([]string{"=", "<>", "!=", "<", "<=", ">", ">="}, p.token.text):
		op := operator(p.token.text)
		if op == "!=" {
			op = "<>"
		}
		if err := p.next(); err != nil {
			return nil, err
		}
		if form.kind == boolean && op != "=" && op != "<>" {
			return nil, fmt.Errorf("column %s: booleans have no order", column.Name)
		}
		if form.fold && op != "=" && op != "<>" {
			return nil, fmt.Errorf("column %s compares without case: what is less than what is then not known to be the same everywhere; use =, <>, IN or LIKE", column.Name)
		}
		var k constantOf
		k, err = p.constant(of, column)
		out = compared{operand: of, operator: op, constants: []constantOf{k}}
	default:
		return nil, p.unexpected("a comparison, IN, LIKE or IS")
	}
	if err != nil {
		return nil, err
	}
	if negated {
		return not{out}, nil
	}
	return out, nil
}

func (p *conditionParser) nullness(at int) (node, error) {
	if err := p.next(); err != nil {
		return nil, err
	}
	negated := p.is("not")
	if negated {
		if err := p.next(); err != nil {
			return nil, err
		}
	}
	if !p.is("null") {
		return nil, p.unexpected("NULL")
	}
	if err := p.next(); err != nil {
		return nil, err
	}
	if negated {
		return not{isNull{at}}, nil
	}
	return isNull{at}, nil
}

func (p *conditionParser) list(of operand, column redshift.Column) (node, error) {
	if err := p.next(); err != nil {
		return nil, err
	}
	if !p.sign("(") {
		return nil, p.unexpected("(")
	}
	out := compared{operand: of, operator: "=", in: true}
	for {
		if err := p.next(); err != nil {
			return nil, err
		}
		k, err := p.constant(of, column)
		if err != nil {
			return nil, err
		}
		out.constants = append(out.constants, k)
		if p.sign(")") {
			return out, p.next()
		}
		if !p.sign(",") {
			return nil, p.unexpected("a comma or )")
		}
	}
}

func (p *conditionParser) prefix(of operand, column redshift.Column) (node, error) {
	if err := p.next(); err != nil {
		return nil, err
	}
	if of.canon.kind != text {
		return nil, fmt.Errorf("column %s: LIKE is for texts, not for %s", column.Name, column.Type)
	}
	if p.token.kind != conditionText {
		return nil, p.unexpected("a text")
	}
	prefix, ok := strings.CutSuffix(p.token.text, "%")
	if !ok || prefix == "" || strings.ContainsAny(prefix, `%_\`) || strings.HasSuffix(prefix, " ") {
		return nil, fmt.Errorf("%q at character %d: LIKE takes the beginning of a text and a %% at its end, nothing else", p.token.text, p.token.at)
	}
	out := begins{of, []byte(prefix)}
	if of.canon.fold {
		for i, b := range out.prefix {
			out.prefix[i] = foldByte(b)
		}
	}
	return out, p.next()
}

// constant reads a constant as a value of its column.
func (p *conditionParser) constant(of operand, column redshift.Column) (constantOf, error) {
	fail := func(err error) (constantOf, error) {
		return constantOf{}, fmt.Errorf("%q at character %d, compared with column %s of %s: %w", p.token.text, p.token.at, column.Name, column.Type, err)
	}
	var want conditionKind
	switch of.canon.kind {
	case whole, decimals:
		want = conditionNumber
	case boolean:
		want = conditionWord
	default:
		want = conditionText
	}
	switch {
	case p.is("null"):
		return constantOf{}, fmt.Errorf("NULL at character %d: nothing is ever equal to it; write IS NULL", p.token.at)
	case p.is("select") || p.token.kind == endOfCondition:
		return constantOf{}, p.unexpected("a constant")
	case p.token.kind != want || want == conditionWord && !p.is("true") && !p.is("false"):
		return fail(errors.New("it is no constant of that type"))
	}
	shown := []byte(p.token.text)
	if want == conditionWord {
		shown = bytes.ToLower(shown)
	}
	if of.canon.fold {
		for i, b := range shown {
			shown[i] = foldByte(b)
		}
	}
	k, err := of.canon.read(shown)
	if err == nil && of.canon.kind == instant && !k.moment.zoned {
		err = errors.New("a timestamp with time zone is written in UTC, with +00 at its end")
	}
	if err == nil && of.canon.kind == timestamp && k.moment.zoned {
		err = errors.New("a timestamp without time zone is written without +00")
	}
	if err != nil {
		return fail(err)
	}
	switch of.canon.kind {
	case text:
		k.sql = redshift.Build("?", redshift.Lit(string(shown)))
	case whole:
		k.sql = redshift.Build("?", redshift.Int(k.whole))
	case boolean:
		k.sql = redshift.Build("CAST(? AS BOOLEAN)", redshift.Lit(string(shown)))
	default:
		k.sql = redshift.Build("CAST(? AS ?)", redshift.Lit(string(shown)), column.Type)
		if of.canon.kind == decimals && !k.number.fits(column.Type.Precision) {
			return fail(errDecimal)
		}
	}
	return k, p.next()
}
