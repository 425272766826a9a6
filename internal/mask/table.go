package mask

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/sealift/sealift/internal/redshift"
)

// Table is a table whose every column has its mask.
type Table struct {
	def     *redshift.TableDef
	columns []column

	// attributes are texts within columns, numbered behind those.
	attributes []attribute

	// What the columns need, each once.
	hashes       []hashed
	domains      []domainUse
	walks        []walk
	conditions   []*Condition
	lookups      []lookup
	draws        []draw
	shuffles     []shuffle
	expressions  []expression
	dictionaries []*Dictionary // that are tables of the session

	known Dictionaries // what New was given
}

// column is one column and its mask.
type column struct {
	redshift.Column
	use Use
	twins
}

// twins are a transformer for one column.
type twins struct {
	// sql is over the aliases of the query: see query.go.
	sql redshift.SQL
	// run appends the masked text of a value that is not NULL, and gives nil for NULL.
	run func(m *Masker, dst, in []byte) ([]byte, error)

	class   Class
	privacy Privacy
	// space is how many values there are to come out, where class is Chance and that can be said; else 0.
	space float64
	// drawn are the hashes that it goes by, those of branches and of texts within included.
	drawn []drawn
	// notSQL and notGo say why there is no such twin.
	notSQL, notGo string
	notes         []Note
	// fillsNull tells that NULL becomes a value: run is then called with nil.
	fillsNull bool
	// dictionaries are what it chooses from.
	dictionaries []*Dictionary
	// raw is the column's own expression: nothing needs a cast.
	raw bool
	// samples are values that the transformer takes, for those that do not take all.
	samples []string
}

// hashed is one H per row: of a column's canonical value, in a domain.
type hashed struct {
	domain string
	column int
	canon  canon
}

// domainUse is a column that takes part in a consistency domain.
type domainUse struct {
	domain string
	column int
	canon  canon
	// size is that of the set that a permutation permutes, 0 for others.
	size string
}

// draw is what several slices are cut from, made once per row.
type draw struct {
	sql redshift.SQL
	typ redshift.Type
}

// lookup is an entry of a dictionary that is a table of the session.
type lookup struct {
	dictionary *Dictionary
	index      redshift.SQL
}

// Note is something to say about a column in a plan.
type Note struct {
	Column string
	// Warning tells that somebody should think about it.
	Warning bool
	Text    string
}

// Error is what is wrong with the mask of one column.
type Error struct {
	Table  redshift.Table
	Column string
	Err    error
}

func (e *Error) Error() string { return fmt.Sprintf("mask %s of %s: %v", e.Column, e.Table, e.Err) }

func (e *Error) Unwrap() error { return e.Err }

// DefaultDomain is the consistency domain of a column that shares none: its name. It is an error where the name holds
// what a domain cannot.
func DefaultDomain(t redshift.Table, column redshift.Ident) (string, error) {
	d := t.Schema.String() + "." + t.Name.String() + "." + column.String()
	if !domainName.MatchString(d) {
		return "", fmt.Errorf("the name of %s, column %s, cannot be a consistency domain (a-z, 0-9, _ and . only): write one", t, column)
	}
	return d, nil
}

// New checks the masks of a table, all columns, and makes them ready. uses has an entry for each column; what becomes of
// unlisted ones is decided by who calls. Where the database compares without case, def is one of Collated. The error joins
// one *Error for each mistake.
func New(def *redshift.TableDef, uses map[string]Use, dictionaries Dictionaries) (*Table, error) {
	t := &Table{def: def, columns: make([]column, len(def.Columns)), known: dictionaries}
	var errs []error
	names := make([]string, len(def.Columns))
	for i, c := range def.Columns {
		names[i] = c.Name.String()
		use, ok := uses[names[i]]
		if !c.Type.Known() { // it cannot stand in a query
			errs = append(errs, &Error{def.Table, names[i], fmt.Errorf("type %s is not known; leave the column out", c.Type.Name)})
			continue
		}
		if !ok {
			errs = append(errs, &Error{def.Table, names[i], errors.New("nothing says what becomes of it; write passthrough if it may be seen")})
			continue
		}
		tw, err := t.compile(i, use, dictionaries)
		if err != nil {
			errs = append(errs, &Error{def.Table, names[i], err})
			continue
		}
		t.columns[i] = column{Column: c, use: use, twins: tw}
		if err := t.checkKeys(i); err != nil {
			errs = append(errs, &Error{def.Table, names[i], err})
		}
	}
	for name := range uses {
		if !slices.Contains(names, name) {
			errs = append(errs, &Error{def.Table, name, fmt.Errorf("the table has no such column%s", meant(name, names))})
		}
	}
	if len(errs) > 0 {
		slices.SortStableFunc(errs, func(a, b error) int { return strings.Compare(columnOf(a), columnOf(b)) })
		return nil, errors.Join(errs...)
	}
	return t, nil
}

// column is a column, or a text within one, by its number.
func (t *Table) column(at int) redshift.Column {
	if at >= len(t.def.Columns) {
		return t.attributes[at-len(t.def.Columns)].Column
	}
	return t.def.Columns[at]
}

func columnOf(err error) string {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Column
	}
	return ""
}

// HashedUse is a mask that hashes a column, whatever its type, for columns that a policy does not name. It is null for
// types that no hash fits, and false where that does not fit either.
func HashedUse(c redshift.Column, domain string) (Use, bool) {
	switch kindOf(c.Type) {
	case text:
		return Use{Transformer: hashHex.Name, Domain: domain}, true
	case whole:
		return Use{Transformer: hashInt.Name, Domain: domain}, true
	case decimals:
		if c.Type.Scale == 0 && c.Type.Precision > 1 {
			return Use{Transformer: hashInt.Name, Domain: domain}, true
		}
	default:
	}
	return Use{Transformer: null.Name}, !c.NotNull
}

// compiler makes the twins of one column, and puts down what they need in the table.
type compiler struct {
	table        *Table
	at           int
	column       redshift.Column
	use          Use
	dictionaries Dictionaries
	notes        []Note
	sources      []int // columns whose values it hashes, or walks through
	// compile is Table.compile, for transformers that have others within.
	compile func(at int, use Use) (twins, error)
}

func (t *Table) compile(at int, use Use, dictionaries Dictionaries) (twins, error) {
	c := &compiler{table: t, at: at, column: t.column(at), use: use, dictionaries: dictionaries}
	c.compile = func(at int, use Use) (twins, error) { return t.compile(at, use, dictionaries) }
	tr, err := find(use.Transformer)
	if err != nil {
		return twins{}, err
	}
	if len(use.Paths) > 0 && tr.Name != superPaths {
		return twins{}, fmt.Errorf("%s has no paths; %s has", tr.Name, superPaths)
	}
	o := newOptions(tr, use.Options)
	tw, err := tr.compile(c, o)
	if err := errors.Join(o.err(), err); err != nil {
		return twins{}, err
	}
	if tw.class == unknown {
		tw.class = tr.Class
	}
	if tw.privacy == 0 {
		tw.privacy = tr.Privacy
	}
	if use.Entity != "" && !tw.raw {
		// By its own value a hash is NULL where the value is. By another's it is not.
		tw.sql = redshift.Build("CASE WHEN ? IS NOT NULL THEN ? END", c.value(), tw.sql)
	}
	tw.notes = append(tw.notes, c.notes...)
	if len(c.sources) > 0 {
		d := drawn{source: c.sources[0], own: c.sources[0] == at}
		if tw.class == Chance {
			d.space = tw.space
		}
		tw.drawn = append(tw.drawn, d)
	}
	switch {
	case use.When == "" && use.Else != nil:
		return twins{}, errors.New("it says what else happens, but not when; write a condition")
	case use.When == "":
		return tw, nil
	case use.Else == nil:
		return twins{}, errors.New("it has a condition, but not what happens to rows that do not meet it; passthrough is one answer")
	}
	condition, err := ParseCondition(use.When, t.def)
	if err != nil {
		return twins{}, err
	}
	elseTwins, err := t.compile(at, *use.Else, dictionaries)
	if err != nil {
		return twins{}, fmt.Errorf("otherwise: %w", err)
	}
	return t.either(condition, tw, elseTwins), nil
}

// either is one of two masks, by a condition on the row as it is in the source.
func (t *Table) either(condition *Condition, yes, no twins) twins {
	slot := len(t.conditions)
	t.conditions = append(t.conditions, condition)
	out := twins{
		sql: redshift.Build("CASE WHEN ? = 1 THEN ? ELSE ? END", conditionAlias(slot), yes.sql, no.sql),
		run: func(m *Masker, dst, in []byte) ([]byte, error) {
			holds, err := m.holds(slot)
			if err != nil {
				return nil, err
			}
			branch := &no
			if holds {
				branch = &yes
			}
			if in == nil && !branch.fillsNull {
				return nil, nil
			}
			return branch.run(m, dst, in)
		},
		fillsNull: yes.fillsNull || no.fillsNull,
		privacy:   max(yes.privacy, no.privacy),
		notSQL:    firstOf(yes.notSQL, no.notSQL),
		notGo:     firstOf(yes.notGo, no.notGo),
		notes:     append(yes.notes, no.notes...),
		drawn:     append(yes.drawn, no.drawn...),
		samples:   append(yes.samples, no.samples...), dictionaries: append(yes.dictionaries, no.dictionaries...),
		raw:   yes.raw && no.raw,
		class: Lossy,
	}
	// Two permutations of parts of the values can meet: what is unique in each branch is not unique in both.
	if yes.class != Lossy && no.class != Lossy && (yes.class == Chance || no.class == Chance) {
		out.class = Chance
	}
	if yes.raw && no.raw {
		out.class = Unique
	}
	return out
}

func firstOf(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

func (c *compiler) name() string { return c.column.Name.String() }

// value is the column as it is.
func (c *compiler) value() redshift.SQL { return valueAlias(c.at) }

// trimmed is a text column without trailing blanks.
func (c *compiler) trimmed() redshift.SQL { return trimSQL(c.value()) }

// cast makes an expression the column's type, so that files and digests see the type they expect. Nothing is ever cut:
// whether it fits has been checked before.
func (c *compiler) cast(x redshift.SQL) redshift.SQL {
	return redshift.Build("CAST(? AS ?)", x, c.column.Type)
}

func (c *compiler) warn(format string, args ...any) {
	c.notes = append(c.notes, Note{Column: c.name(), Warning: true, Text: fmt.Sprintf(format, args...)})
}

func (c *compiler) note(format string, args ...any) {
	c.notes = append(c.notes, Note{Column: c.name(), Text: fmt.Sprintf(format, args...)})
}

// hash asks for H of the column, or of its entity, and gives the slot it will be in. suffix makes a domain of its own of
// the column's.
func (c *compiler) hash(suffix string) (int, error) {
	source := c.at
	if c.use.Entity != "" {
		var err error
		if source, err = c.entity(); err != nil {
			return 0, err
		}
	}
	return c.hashOf(source, suffix)
}

// entity is the column that the mask goes by.
func (c *compiler) entity() (int, error) {
	i := slices.IndexFunc(c.table.def.Columns, func(o redshift.Column) bool { return o.Name.String() == c.use.Entity })
	switch {
	case i < 0:
		names := make([]string, len(c.table.def.Columns))
		for j, o := range c.table.def.Columns {
			names[j] = o.Name.String()
		}
		return 0, fmt.Errorf("its entity: the table has no column %q%s", c.use.Entity, meant(c.use.Entity, names))
	case c.column.NotNull && !c.table.def.Columns[i].NotNull:
		return 0, fmt.Errorf("the column is NOT NULL, its entity %s is not: a row without an entity would have no value", c.use.Entity)
	}
	return i, nil
}

func (c *compiler) hashOf(source int, suffix string) (int, error) {
	if err := c.checkDomain(); err != nil {
		return 0, err
	}
	from := c.table.column(source)
	form, err := canonOf(from)
	if err != nil {
		if source != c.at {
			return 0, fmt.Errorf("its entity %s: %w", from.Name, err)
		}
		return 0, err
	}
	if from.Type.Name == redshift.Varchar && from.Type.Length > maxHashed {
		c.note("values of %s longer than %d bytes cannot be hashed: the warehouse refuses the text with the key in front", from.Name, maxHashed)
	}
	c.table.domains = append(c.table.domains, domainUse{domain: c.use.Domain, column: source, canon: form})
	c.sources = append(c.sources, source)
	want := hashed{domain: c.use.Domain + suffix, column: source, canon: form}
	if i := slices.Index(c.table.hashes, want); i >= 0 {
		return i, nil
	}
	c.table.hashes = append(c.table.hashes, want)
	return len(c.table.hashes) - 1, nil
}

// checkDomain looks at the consistency domain of a transformer that needs one.
func (c *compiler) checkDomain() error {
	switch {
	case c.use.Domain == "":
		return fmt.Errorf("%s needs a consistency domain; columns that must join share one", c.use.Transformer)
	case !domainName.MatchString(c.use.Domain):
		return fmt.Errorf("consistency domain %q holds other characters than a-z, 0-9, dot and underscore, or more than 127", c.use.Domain)
	}
	return nil
}

// draw asks for an expression over hashes to be made once per row.
func (c *compiler) draw(x redshift.SQL, t redshift.Type) redshift.SQL {
	want := draw{x, t}
	i := slices.Index(c.table.draws, want)
	if i < 0 {
		i = len(c.table.draws)
		c.table.draws = append(c.table.draws, want)
	}
	return drawAlias(i)
}

// word is W(h, j) of a slot, made once per row.
func (c *compiler) word(slot, j int) redshift.SQL { return c.draw(wordSQL(hashAlias(slot), j), bigint) }

// maxHashed leaves room in the longest VARCHAR for a key, a domain and a colon.
const maxHashed = longestText - 64 - 128

// only tells what kinds of columns the transformer takes.
func (c *compiler) only(kinds ...kind) error {
	k := kindOf(c.column.Type)
	if slices.Contains(kinds, k) {
		return nil
	}
	names := make([]string, len(kinds))
	for i, k := range kinds {
		names[i] = string(k)
	}
	return fmt.Errorf("%s does not take %s; it takes %s", c.use.Transformer, c.column.Type, strings.Join(names, " or "))
}

// room checks that a text of so many bytes fits.
func (c *compiler) room(bytes int, what string) error {
	if bytes > c.column.Type.Length {
		return fmt.Errorf("%s has up to %d bytes and does not fit %s", what, bytes, c.column.Type)
	}
	return nil
}

// plain checks that what comes out can be held by the column: CHAR holds ASCII only.
func (c *compiler) plain(values []string, what string) error {
	if c.column.Type.Name != redshift.Char {
		return nil
	}
	for _, v := range values {
		if strings.ContainsFunc(v, func(r rune) bool { return r > 127 }) {
			return fmt.Errorf("%s holds %q, and %s holds ASCII only", what, v, c.column.Type)
		}
	}
	return nil
}

// keyChance is how many expected collisions in a key are too many.
const keyChance = 0.001

// checkKeys tells whether a key stays one. Redshift enforces none, but plans queries by them: with a key that is not
// unique, answers are wrong.
func (t *Table) checkKeys(at int) error {
	c := &t.columns[at]
	keys := slices.Clone(t.def.Uniques)
	if t.def.PrimaryKey != nil {
		keys = append(keys, *t.def.PrimaryKey)
	}
	for _, k := range keys {
		if !slices.Contains(k.Columns, c.Name) {
			continue
		}
		alone := len(k.Columns) == 1
		switch {
		case c.class == Lossy && alone:
			return fmt.Errorf("it is a key, and %s makes one value of many; %s keeps values different", c.use.Transformer, t.uniqueFor(c))
		case c.class == Chance && alone && c.space == 0:
			return fmt.Errorf("it is a key, and %s may make one value of two; %s keeps values different", c.use.Transformer, t.uniqueFor(c))
		case c.class == Chance && alone && expected(c.space, atLeast(t.def.EstimatedRows)) > keyChance:
			return fmt.Errorf("it is a key, and among %d values of %s, %s are expected to meet by chance; %s keeps values different",
				atLeast(t.def.EstimatedRows), c.use.Transformer, odds(expected(c.space, atLeast(t.def.EstimatedRows))), t.uniqueFor(c))
		case c.class == Lossy:
			c.notes = append(c.notes, Note{c.Name.String(), true, "it is part of a key, and many values become one: the key may not be unique any more"})
		case c.use.Entity != "" && c.class != Unique:
			c.notes = append(c.notes, Note{c.Name.String(), true, "it is part of a key and goes by an entity: the key is unique only as far as the entity is"})
		}
	}
	return nil
}

func (t *Table) uniqueFor(c *column) string {
	switch kindOf(c.Type) {
	case whole, decimals:
		return "permute_int"
	case text:
		return "fpe_digits, uuid or a longer hash_hex"
	default:
		return "passthrough"
	}
}

// Report is what was done to one column, for a receipt.
type Report struct {
	Column      string
	Type        redshift.Type
	Transformer string
	Domain      string
	Entity      string
	Condition   string
	Class       Class
	Privacy     Privacy
	// Dictionaries are those it chooses from. Their content decides what values become: a policy that is to give the same
	// values again needs the same digests.
	Dictionaries []*Dictionary
}

// Report tells for each column what is done to it.
func (t *Table) Report() []Report {
	out := make([]Report, len(t.columns))
	for i, c := range t.columns {
		out[i] = Report{
			Column: c.Name.String(), Type: c.Type, Transformer: c.use.Transformer, Domain: c.use.Domain, Entity: c.use.Entity,
			Condition: c.use.When, Class: c.class, Privacy: c.privacy, Dictionaries: c.dictionaries,
		}
		for u := c.use.Else; u != nil; u = u.Else {
			out[i].Transformer += ", else " + u.Transformer
		}
	}
	return out
}

// NeedsKey tells that the query refers to the key table.
func (t *Table) NeedsKey() bool { return len(t.hashes)+len(t.walks)+len(t.shuffles) > 0 }

// Pushdown tells why the masks cannot be part of a query, nil if they can.
func (t *Table) Pushdown() error {
	var errs []error
	for _, c := range t.columns {
		if c.notSQL != "" {
			errs = append(errs, &Error{t.def.Table, c.Name.String(), fmt.Errorf("%s cannot be pushed down: %s", c.use.Transformer, c.notSQL)})
		}
	}
	return errors.Join(errs...)
}

// CheckDomains looks at all tables of a job: columns that share a domain must have the same canonical form, and
// permutations in it must permute the same set, or equal values would not come out equal. The error joins one *Error for
// each column that does not.
func CheckDomains(tables ...*Table) error {
	type use struct {
		domainUse
		table redshift.Table
		name  redshift.Ident
	}
	first := make(map[string]use)
	sized := make(map[string]use)
	var errs []error
	for _, t := range tables {
		for _, d := range t.domains {
			u := use{d, t.def.Table, t.column(d.column).Name}
			fail := func(other use, mine, others string) {
				errs = append(errs, &Error{u.table, u.name.String(), fmt.Errorf(
					"domain %s is of %s here and of %s for %s of %s: equal values would not come out equal", d.domain, mine, others, other.name, other.table)})
			}
			known, again := first[d.domain]
			if !again {
				first[d.domain] = u
			} else if a, b := known.canon.String(), d.canon.String(); a != b {
				fail(known, b, a)
				continue
			}
			if d.size == "" {
				continue
			}
			if known, again := sized[d.domain]; !again {
				sized[d.domain] = u
			} else if known.size != d.size {
				fail(known, d.size, known.size)
			}
		}
	}
	return errors.Join(errs...)
}
