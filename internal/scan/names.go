package scan

import (
	"cmp"
	"slices"
	"strings"
	"sync"
	"unicode"
)

func words(text string) map[string]bool {
	set := make(map[string]bool)
	for w := range strings.FieldsSeq(text) {
		set[w] = true
	}
	return set
}

// tokens are the words of a name, as the rules know them: split where an underscore, a capital or a digit parts them,
// without digits, in small letters, with one word for several that mean the same.
func tokens(name string) []string {
	var raw []string
	var word []rune
	end := func() {
		if len(word) > 0 {
			raw = append(raw, strings.ToLower(string(word)))
			word = word[:0]
		}
	}
	runes := []rune(name)
	for i, r := range runes {
		switch {
		case !unicode.IsLetter(r):
			end()
			continue
		case unicode.IsUpper(r) && i > 0 && (unicode.IsLower(runes[i-1]) || unicode.IsUpper(runes[i-1]) && i+1 < len(runes) && unicode.IsLower(runes[i+1])):
			end() // firstName, IPAddress
		}
		word = append(word, r)
	}
	end()
	var out []string
	for i := 0; i < len(raw); i++ {
		// e_mail, and others that are split where they are one word
		if i+1 < len(raw) && raw[i] == "e" && raw[i+1] == "mail" {
			out = append(out, "email")
			i++
			continue
		}
		out = append(out, parts(raw[i])...)
	}
	for i, w := range out {
		out[i] = cmp.Or(canonical()[w], w)
	}
	return out
}

// vocabulary is every word that the rules know, of those that other words are made of.
var vocabulary = sync.OnceValue(func() (v struct{ all, pieces map[string]bool }) {
	v.all, v.pieces = make(map[string]bool), make(map[string]bool)
	add := func(w string) {
		v.all[w] = true
		// Short words are in many others by chance.
		if len(w) >= 4 && w != "line" && w != "time" || slices.Contains([]string{"zip", "fax", "ssn", "dob", "job", "tax", "sms", "api", "key"}, w) {
			v.pieces[w] = true
		}
	}
	for _, p := range phrases() {
		for _, w := range p.words {
			add(w)
		}
	}
	for from := range canonical() {
		add(from)
	}
	for _, set := range []map[string]bool{people, things, whose, aside, ahead} {
		for w := range set {
			add(w)
		}
	}
	return v
})

// lastPieces are short words that often end a name that has no underscores.
var lastPieces = []string{"id", "no", "ip", "dt", "at", "nm"}

// parts takes a word that is not known apart into words that are: customeremail, homephone. It is left whole where that
// does not come out even.
func parts(word string) []string {
	v := vocabulary()
	if v.all[word] || len(word) > 64 {
		return []string{word}
	}
	// best[i] is the split of the first i bytes into the fewest words.
	best := make([][]string, len(word)+1)
	best[0] = []string{}
	for end := 1; end <= len(word); end++ {
		for from := range end {
			piece := word[from:end]
			known := v.pieces[piece] || end == len(word) && from > 0 && slices.Contains(lastPieces, piece)
			if known && best[from] != nil && (best[end] == nil || len(best[from])+1 < len(best[end])) {
				best[end] = append(slices.Clone(best[from]), piece)
			}
		}
	}
	if split := best[len(word)]; split != nil {
		return split
	}
	return []string{word}
}

// hit is what a name says about a column.
type hit struct {
	kind string
	weak bool
	end  int // where in the name its words end
}

// context is what the table says about its columns.
type context struct {
	people, things bool
}

func contextOf(schema, table string) context {
	var c context
	ts := tokens(table)
	for _, t := range append(tokens(schema), ts...) {
		c.people = c.people || people[t] || people[strings.TrimSuffix(t, "s")]
	}
	for _, t := range ts {
		c.things = c.things || things[t] || things[strings.TrimSuffix(t, "s")] || things[strings.TrimSuffix(t, "es")] || strings.HasSuffix(t, "ies") && things[strings.TrimSuffix(t, "ies")+"y"]
	}
	c.things = c.things && !c.people
	return c
}

// phrasesBy are the phrases by their first word, those with more words first.
var phrasesBy = sync.OnceValue(func() map[string][]phrase {
	by := make(map[string][]phrase)
	for _, p := range phrases() {
		by[p.words[0]] = append(by[p.words[0]], p)
	}
	for _, list := range by {
		slices.SortStableFunc(list, func(a, b phrase) int { return len(b.words) - len(a.words) })
	}
	return by
})

// tells are words of aside that do not take from a special category what is special.
var tells = words(`status flag type group ind indicator level category code`)

// persons are words that, as the whole name of a column of text, name a person.
var persons = words(`customer client patient employee manager driver recipient sender doctor physician nurse spouse beneficiary guardian student teacher passenger guest member person subscriber buyer seller owner`)

// hits are what the name of a column may mean, by its words and the table's. Whether the column's type fits is not asked.
func hits(column string, c context) []hit {
	ts := tokens(column)
	if len(ts) == 0 || harmless[strings.Join(ts, "_")] || ahead[ts[0]] && ts[0] != "number" || ts[0] == "number" && len(ts) > 1 && ts[1] == "of" {
		return nil
	}
	if len(ts) == 1 && persons[ts[0]] {
		return []hit{{kind: "full", weak: true, end: 1}}
	}
	last := ts[len(ts)-1]
	if len(ts) == 2 && last == "by" && (strings.HasSuffix(ts[0], "ed") || strings.HasSuffix(ts[0], "en") || strings.HasSuffix(ts[0], "ent")) {
		return []hit{{kind: "login", weak: true, end: 2}} // deployed_by, written_by, sent_by
	}
	coded := len(ts) > 1 && last == "code" && slices.Contains([]string{"country", "area", "status", "type"}, ts[len(ts)-2])
	var out []hit
	for i := 0; i < len(ts); i++ {
		p, n := match(ts[i:])
		if n == 0 {
			continue
		}
		before, end := "", i+n
		if i > 0 {
			before = ts[i-1]
		}
		i = end - 1
		switch {
		case end == len(ts) || !aside[last] && !coded:
		case last == "id" && p.kind == "email": // as an address is called in India
		case kinds[p.kind].class == Special && tells[last]: // marital_status is what it is
		default:
			continue // it is said of the thing: email_verified, phone_type
		}
		if h, ok := p.in(before, c); ok {
			h.end = end
			out = append(out, h)
		}
	}
	return out
}

// match finds the phrase with the most words that words begin with.
func match(ts []string) (phrase, int) {
	for _, p := range phrasesBy()[ts[0]] {
		if n := len(p.words); n <= len(ts) && slices.Equal(p.words, ts[:n]) {
			return p, n
		}
	}
	return phrase{}, 0
}

// in is what a phrase means after a word and in a table.
func (p phrase) in(before string, c context) (hit, bool) {
	h := hit{kind: p.kind, weak: p.weak}
	ofThing := things[before] && !people[before]
	if len(p.words) == 1 && p.words[0] == "name" {
		switch {
		case c.people && before != "" && (before == "account" || !people[before] && !things[before]):
			return hit{kind: "full", weak: true}, true
		case people[before] && before != "account":
			return hit{kind: "full"}, true
		}
		return h, before == "" && c.people
	}
	class := kinds[p.kind].class
	switch {
	case class == Email || class == Secret || class == NationalID || class == Device:
		ofThing = ofThing && p.weak
	case class == FreeText:
		// A thing's description is of the thing.
		return h, !p.context || !ofThing && !c.things
	case before == "" || !people[before] && !whose[before]:
		ofThing = ofThing || c.things
	}
	if ofThing {
		return hit{kind: h.kind, weak: true}, !p.weak
	}
	if p.context {
		return h, c.people || people[before]
	}
	return h, true
}
