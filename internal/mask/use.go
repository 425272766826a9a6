package mask

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
)

// Use says what becomes of one column.
type Use struct {
	// Transformer is a name of Transformers.
	Transformer string
	// Options are the transformer's, as YAML or JSON make them: strings, booleans, integers, and lists of those.
	Options map[string]any
	// Paths are masks of texts within a SUPER column, by attribute names joined by dots, for super_paths.
	Paths map[string]Use `json:",omitempty"`
	// Domain is the consistency domain: columns with the same one turn equal values into equal values. Transformers that
	// hash need one.
	Domain string
	// Entity is a column of the same table. Where it is set, its value is hashed in place of the column's own: all columns
	// of one entity belong together, and equal values of different entities come out different.
	Entity string
	// When is a condition on source values (see ParseCondition). Rows for which it is not true, NULL included, go by Else,
	// which then has to be there: what happens to them is never left to a default.
	When string
	Else *Use
}

// Class says whether different values stay different.
type Class string

// The classes.
const (
	Unique  Class = "unique" // different values stay different, always
	Chance  Class = "chance" // they stay different but for chance; Note says what the odds are
	Lossy   Class = "lossy"  // many values become one
	unknown Class = ""       // of both branches of a condition
)

// Privacy ranks what can be learned of a value from what it became, from 1, nothing, to 6, all of it.
type Privacy int

// The ranks.
const (
	Nothing  Privacy = 1 // nothing but whether there is a value
	Another  Privacy = 2 // a value chosen by a hash: which values are equal, for who has the keys all
	Shape    Privacy = 3 // the above, and length, layout or kind of characters
	Coarse   Privacy = 4 // the value itself, made coarse or moved a little
	Fraction Privacy = 5 // some of its characters as they are
	All      Privacy = 6
)

// Info describes a transformer, for documents and for messages.
type Info struct {
	Name    string
	Summary string
	Class   Class
	Privacy Privacy
	// Pushdown tells that there is an SQL twin, GoTwin that there is one in Go.
	Pushdown, GoTwin bool
	Options          []Option
}

// Option describes an option.
type Option struct{ Name, Summary string }

// Transformers lists all transformers, in the order in which they are documented.
func Transformers() []Info {
	out := make([]Info, len(transformers))
	for i, t := range transformers {
		out[i] = t.Info
	}
	return out
}

// transformer is the definition of one transformer.
type transformer struct {
	Info
	// compile checks that the transformer fits the column, and makes both twins.
	compile func(c *compiler, o *options) (twins, error)
}

// unavailable are transformers that other programs have, and that no warehouse can compute: why not, and what is near.
var unavailable = map[string]string{
	"free_text_redact": "names and places in running text are found by models, which a warehouse has none of; regex_replace replaces what patterns find, keep_mask and null hide all of it",
	"plugin":           "it would have raw values go to a program outside of the warehouse; when and else choose among the masks that there are",
}

func find(name string) (*transformer, error) {
	if i := slices.IndexFunc(transformers, func(t *transformer) bool { return t.Name == name }); i >= 0 {
		return transformers[i], nil
	}
	names := make([]string, len(transformers))
	for i, t := range transformers {
		names[i] = t.Name
	}
	if why, known := unavailable[name]; known {
		return nil, fmt.Errorf("%s cannot be part of a query: %s", name, why)
	}
	if name == "" {
		return nil, fmt.Errorf("no transformer is named; there are %s", strings.Join(names, ", "))
	}
	return nil, fmt.Errorf("no transformer is called %q%s", name, meant(name, names))
}

// options gives a transformer its options. What is wrong with them is gathered, so that all of it can be said at once.
type options struct {
	of    *transformer
	given map[string]any
	errs  []error
}

func newOptions(t *transformer, given map[string]any) *options {
	o := &options{of: t, given: given}
	names := make([]string, len(t.Options))
	for i, option := range t.Options {
		names[i] = option.Name
	}
	for _, name := range sortedKeys(given) {
		if !slices.Contains(names, name) {
			what := meant(name, names)
			if len(names) == 0 {
				what = "; it has none"
			}
			o.errs = append(o.errs, fmt.Errorf("%s has no option %q%s", t.Name, name, what))
		}
	}
	return o
}

func sortedKeys[T any](m map[string]T) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

func (o *options) err() error { return errors.Join(o.errs...) }

func (o *options) wrong(name, format string, args ...any) {
	o.errs = append(o.errs, fmt.Errorf("option %s of %s: %w", name, o.of.Name, fmt.Errorf(format, args...)))
}

// value looks an option up. Asking for one that is not declared is a mistake in this package.
func (o *options) value(name string) (any, bool) {
	if !slices.ContainsFunc(o.of.Options, func(d Option) bool { return d.Name == name }) {
		panic("mask: " + o.of.Name + " does not declare its option " + name)
	}
	v, ok := o.given[name]
	return v, ok && v != nil
}

func (o *options) int(name string, byDefault, least, most int64) int64 {
	v, ok := o.value(name)
	if !ok {
		return byDefault
	}
	n, ok := asInt(v)
	switch {
	case !ok:
		o.wrong(name, "%v is not a whole number", v)
	case n < least || n > most:
		o.wrong(name, "%d is not within %d and %d", n, least, most)
	default:
		return n
	}
	return byDefault
}

func asInt(v any) (int64, bool) {
	switch n := v.(type) {
	case int:
		return int64(n), true
	case int64:
		return n, true
	case uint64:
		return int64(n), n <= math.MaxInt64
	case float64: // JSON knows no other
		return int64(n), n == math.Trunc(n) && math.Abs(n) < 1<<53
	}
	return 0, false
}

func (o *options) bool(name string, byDefault bool) bool {
	v, ok := o.value(name)
	if !ok {
		return byDefault
	}
	b, ok := v.(bool)
	if !ok {
		o.wrong(name, "%v is not true or false", v)
		return byDefault
	}
	return b
}

func (o *options) string(name, byDefault string) string {
	v, ok := o.value(name)
	if !ok {
		return byDefault
	}
	s, ok := v.(string)
	if !ok {
		o.wrong(name, "%v is not a text", v)
		return byDefault
	}
	return s
}

// oneOf is a text of a list, the first by default.
func (o *options) oneOf(name string, values ...string) string {
	s := o.string(name, values[0])
	if !slices.Contains(values, s) {
		o.wrong(name, "%q is not one of %s%s", s, strings.Join(values, ", "), meant(s, values))
		return values[0]
	}
	return s
}

// strings is a list. Numbers and booleans in it are taken as they are written.
func (o *options) strings(name string) []string {
	v, ok := o.value(name)
	if !ok {
		return nil
	}
	switch list := v.(type) {
	case []string:
		return list
	case []any:
		out := make([]string, len(list))
		for i, e := range list {
			switch e.(type) {
			case string, bool, int, int64, uint64:
				out[i] = fmt.Sprint(e)
			default:
				o.wrong(name, "entry %d is not a text", i+1)
			}
		}
		return out
	}
	o.wrong(name, "%v is not a list", v)
	return nil
}

// ints is a list of whole numbers.
func (o *options) ints(name string) []int64 {
	v, ok := o.value(name)
	if !ok {
		return nil
	}
	var out []int64
	switch list := v.(type) {
	case []int:
		for _, n := range list {
			out = append(out, int64(n))
		}
	case []any:
		for i, e := range list {
			n, ok := asInt(e)
			if !ok {
				o.wrong(name, "entry %d is not a whole number", i+1)
			}
			out = append(out, n)
		}
	default:
		o.wrong(name, "%v is not a list", v)
	}
	return out
}

// meant suggests the name that takes the fewest slips of the finger to get from, or lists all.
func meant(name string, names []string) string {
	best, least := "", len(name)/3+2
	for _, n := range names {
		if d := slips(name, n); d < least {
			best, least = n, d
		}
	}
	if best != "" {
		return "; do you mean " + best + "?"
	}
	return "; there are " + strings.Join(names, ", ")
}

// slips counts the bytes to insert, leave out, change or swap with the next to make b of a.
func slips(a, b string) int {
	var before, last []int
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		before, last, row = last, row, make([]int, len(b)+1)
		row[0] = i + 1
		for j := range len(b) {
			change := last[j]
			if a[i] != b[j] {
				change++
			}
			row[j+1] = min(change, last[j+1]+1, row[j]+1)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
		}
	}
	return row[len(b)]
}
