package scan

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/sealift/sealift/internal/mask"
	"github.com/sealift/sealift/internal/redshift"
	"github.com/sealift/sealift/internal/show"
)

// Result is what a finding comes to.
type Result string

// The results. What is clear is no finding.
const (
	Sensitive Result = "sensitive"
	Review    Result = "review"
	Clear     Result = "clear"
)

// The scores from which on a column is one or the other, of 100.
const (
	sensitiveFrom = 60
	reviewFrom    = 30
)

// Points of evidence, of 100.
const (
	strongName = 60
	weakName   = 30
	typeFits   = 10
	mostPoints = 99
)

// Finding is one column that probably holds personal data.
type Finding struct {
	Column redshift.Ident
	Type   redshift.Type
	Class  Class
	Looks  string // what it looks like, for people
	Result Result
	Score  int // of 100
	// Evidence says why, in words and numbers. No value is in it.
	Evidence []string
	// Use is a mask that fits the column; without a transformer there is none.
	Use mask.Use
}

// Table is a table that is scanned.
type Table struct {
	def     *redshift.TableDef
	context context
	sample  sample
	columns []*column
	rows    int64 // looked at
	counted bool

	testOnlyAskAll bool // every check of every column
}

// column is one column, and what is known of its values.
type column struct {
	redshift.Column
	form   form
	hits   []hit
	n      int64            // values that are not NULL and not empty
	shapes map[string]int64 // values by shape
	passed map[string]int64 // values by check
	// distinct is how many different values there are; 0 is not known.
	distinct int64
	// asked are the checks of the second question.
	asked []*check
}

// New begins to scan a table. rows is how many rows the sample should have.
func New(def *redshift.TableDef, rows int64) *Table {
	t := &Table{def: def, sample: sampleOf(def, rows), context: contextOf(def.Schema.String(), def.Name.String())}
	for _, c := range def.Columns {
		t.columns = append(t.columns, &column{Column: c, form: formOf(c.Type)})
	}
	// A table with several columns that can only be about people is one of people, whatever it is called.
	telling := make(map[string]bool)
	for _, c := range t.columns {
		for _, h := range hits(c.Name.String(), t.context) {
			k := kinds[h.kind]
			switch {
			case h.weak || k.forms&c.form == 0:
			case slices.Contains([]Class{Name, Email, Phone, Birth, NationalID}, k.class):
				telling[string(k.class)] = true
			case slices.Contains([]string{"useragent", "cookie", "deviceid"}, h.kind):
				telling[h.kind] = true
			}
		}
	}
	if len(telling) >= 2 {
		t.context = context{people: true}
	}
	for _, c := range t.columns {
		for _, h := range hits(c.Name.String(), t.context) {
			k := kinds[h.kind]
			if k.forms&c.form != 0 && (c.form != texts || c.Type.Length >= k.least) {
				c.hits = append(c.hits, h)
			}
		}
		if c.form == nested {
			c.hits = append(c.hits, hit{kind: "nested", weak: true})
		}
		c.shapes, c.passed = make(map[string]int64), make(map[string]int64)
	}
	return t
}

// Name of the table.
func (t *Table) Name() redshift.Table { return t.def.Table }

// Rows is how many rows were looked at.
func (t *Table) Rows() int64 { return t.rows }

// counts tells whether values of a column are worth counting.
func (c *column) counts() bool {
	switch c.form {
	case texts:
		return true
	case wholes:
		return c.Type.Name != redshift.SmallInt
	case dates, reals:
		return slices.ContainsFunc(c.hits, func(h hit) bool { return len(kinds[h.kind].checks) > 0 })
	default:
		return false
	}
}

// Findings are the columns of one table that are not clear, in the table's order.
func (t *Table) Findings() []Finding { return Find([]*Table{t})[0] }

// judge puts the evidence of a column together: what most speaks for is what it looks like. Of several that have the same
// score the one whose words come last in the name is meant: user_name_email is an address.
func (t *Table) judge(c *column) Finding {
	best, at := Finding{Column: c.Name, Type: c.Type, Result: Clear}, -1
	for _, name := range kindNames() {
		f, end := t.weigh(c, name, kinds[name])
		if f.Score > best.Score || f.Score == best.Score && f.Score > 0 && end > at {
			best, at = f, end
		}
	}
	switch {
	case best.Score >= sensitiveFrom:
		best.Result = Sensitive
	case best.Score >= reviewFrom:
		best.Result = Review
	}
	return best
}

// kindNames are the names of all kinds, in an order that does not change.
var kindNames = sync.OnceValue(func() []string { return slices.Sorted(maps.Keys(kinds)) })

// weigh is the evidence that a column is of a kind, and where in its name that ends.
func (t *Table) weigh(c *column, name string, k *kind) (Finding, int) {
	f := Finding{Column: c.Name, Type: c.Type, Class: k.class, Looks: k.label}
	points, end := 0, -1
	for _, h := range c.hits {
		if h.kind != name {
			continue
		}
		if p := map[bool]int{true: weakName, false: strongName}[h.weak]; p >= points {
			points, end = p, h.end
		}
	}
	named := points > 0
	valuePoints, says := 0, ""
	if k.forms&c.form != 0 {
		valuePoints, says = c.values(k, named)
	}
	switch {
	case named && name == "nested":
		f.Score, f.Evidence = points, []string{c.Type.String() + " can hold anything"}
		return f, end
	case named && points == strongName && k.certain && c.n >= enough && c.share(k.checks) == 0:
		// It is called so, and is not: a flag, a hash, a reference. Somebody should look.
		points = weakName
		f.Evidence = append(f.Evidence, "name, but none of "+show.Plural(c.n, "value")+" is one")
	case named && points == strongName:
		f.Evidence = append(f.Evidence, "name")
	case named:
		f.Evidence = append(f.Evidence, "perhaps the name")
	case valuePoints == 0:
		return f, end
	}
	if class := k.class; class == FreeText && named && c.form == texts {
		f.Evidence = append(f.Evidence, strings.ToUpper(c.Type.String()))
	}
	if valuePoints > 0 {
		f.Evidence = append(f.Evidence, says)
	}
	f.Score = min(points+typeFits+valuePoints, mostPoints)
	return f, end
}

// enough values are what a share can be trusted of.
const enough = 20

// share is how many of the values pass the best of some checks.
func (c *column) share(names []string) float64 {
	best := 0.0
	for _, name := range names {
		if c.n > 0 {
			best = max(best, float64(c.passed[name])/float64(c.n))
		}
	}
	return best
}

// values is what the checks of a kind are worth, and what to say about it.
func (c *column) values(k *kind, named bool) (points int, says string) {
	for _, name := range k.checks {
		check := findCheck(name)
		if c.n == 0 || !named && !check.alone {
			continue
		}
		share := float64(c.passed[name]) / float64(c.n)
		s := min(1, max(0, (share-check.chance)/(check.decide-check.chance)))
		// Few values pass or fail by chance.
		s *= min(1, float64(c.n)/10)
		if !named && (s < 0.5 || name == "names" && c.distinct < enough) {
			continue
		}
		if p := int(math.Round(s * float64(check.points))); p > points {
			points, says = p, fmt.Sprintf("%s of %s %s", percent(share), show.Count(c.n), check.says)
		}
	}
	return points, says
}

// percent writes a share so that little does not look like nothing, nor nearly all like all.
func percent(share float64) string {
	text := strconv.FormatFloat(share*100, 'f', 1, 64)
	switch {
	case share > 0 && text == "0.0":
		text = "under 0.1"
	case share < 1 && text == "100.0":
		text = "over 99.9"
	}
	return strings.TrimSuffix(text, ".0") + " %"
}

// suggestion is a mask to try on a column.
type suggestion struct {
	use mask.Use
	// byKey needs the table's key as its entity.
	byKey bool
}

func use(transformer string, options ...any) suggestion {
	u := mask.Use{Transformer: transformer}
	for pair := range slices.Chunk(options, 2) {
		if u.Options == nil {
			u.Options = make(map[string]any)
		}
		u.Options[pair[0].(string)] = pair[1]
	}
	return suggestion{use: u}
}

func hash(digits int) suggestion { return use("hash_hex", "length", digits) }

func numbers(lo, hi int64) suggestion { return use("hash_int", "lo", lo, "hi", hi) }

// part is a part of an address that belongs to the others of its row.
func part(name string) suggestion {
	s := use("address_tuple", "part", name)
	s.byKey = true
	return s
}

var scrambled = []suggestion{use("scramble"), use("hash_int")}

// anyColumn are masks that fit nearly any column, the more useful ones first; the last ones are for keys, which must stay
// different.
var anyColumn = []suggestion{
	hash(16), hash(8), use("hash_int"), use("null"), use("date_trunc", "to", "year"),
	use("constant", "value", "x"), use("constant", "value", 0), use("constant", "value", false),
	use("hash_hex"), use("permute_int"), use("permute_int", "digits", 18), use("fpe_digits"),
}

// suggest is the first mask of a finding's kind that fits all of some columns that belong together: type, length, NOT NULL,
// and being a key.
func suggest(f Finding, of []member) mask.Use {
	var list []suggestion
	for _, name := range kindNames() {
		k := kinds[name]
		if k.label == f.Looks && k.class == f.Class && k.forms&of[0].column.form != 0 {
			list = append(list, k.suggest...)
			break
		}
	}
	if slices.Contains([]Class{Secret, FreeText, Special}, f.Class) {
		// What a hash leaves of them, which are equal and how many, is too much.
		list = append(list, use("null"), use("date_trunc", "to", "year"), use("constant", "value", "redacted"))
	}
	list = append(list, anyColumn...)
	for _, s := range list {
		if s.byKey && len(of) > 1 {
			continue // each table's rows would have other values
		}
		var u mask.Use
		fits := func(m member) bool {
			tried, err := m.table.try(m.column, s)
			u = tried
			return err == nil
		}
		if !slices.ContainsFunc(of, func(m member) bool { return !fits(m) }) {
			return u
		}
	}
	return mask.Use{}
}

var dictionaries = sync.OnceValue(mask.BuiltIn)

// try holds a mask against the column, with nothing of the table but that, its entity and its key.
func (t *Table) try(c *column, s suggestion) (mask.Use, error) {
	u := s.use
	def := &redshift.TableDef{Table: t.def.Table, Columns: []redshift.Column{c.Column}, EstimatedRows: t.def.EstimatedRows}
	uses := map[string]mask.Use{}
	if s.byKey {
		key, ok := t.entity()
		if !ok || key.Name == c.Name {
			return mask.Use{}, errors.New("scan: no entity")
		}
		u.Entity = key.Name.String()
		def.Columns = append(def.Columns, key)
		uses[u.Entity] = mask.Use{Transformer: "passthrough"}
	}
	for _, k := range t.keys() {
		if slices.Equal(k.Columns, []redshift.Ident{c.Name}) {
			def.Uniques = append(def.Uniques, k)
		}
	}
	tried := u
	tried.Domain = "any" // which one does not matter here
	uses[c.Name.String()] = tried
	_, err := mask.New(def, uses, dictionaries())
	return u, err
}

func (t *Table) keys() []redshift.Key {
	keys := slices.Clone(t.def.Uniques)
	if t.def.PrimaryKey != nil {
		keys = append(keys, *t.def.PrimaryKey)
	}
	return keys
}

// entity is the column that tells the table's rows apart.
func (t *Table) entity() (redshift.Column, bool) {
	if t.def.PrimaryKey == nil || len(t.def.PrimaryKey.Columns) != 1 {
		return redshift.Column{}, false
	}
	c, ok := t.def.Column(t.def.PrimaryKey.Columns[0])
	if !ok {
		return redshift.Column{}, false
	}
	return *c, true
}

// Columns are the names of the table's columns, in its order.
func (t *Table) Columns() []string {
	names := make([]string, len(t.columns))
	for i, c := range t.columns {
		names[i] = c.Name.String()
	}
	return names
}
