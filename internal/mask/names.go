package mask

import (
	"errors"
	"slices"
	"strings"

	"github.com/sealift/sealift/internal/redshift"
)

// choice is a list of a dictionary from which an index chooses.
type choice struct {
	dictionary *Dictionary
	values     []string
	sql        func(index redshift.SQL) redshift.SQL
}

// choose looks a dictionary up. field is "" but for those whose entries have several.
func (c *compiler) choose(name, field string) (choice, error) {
	d, err := c.dictionaries.find(name)
	if err != nil {
		return choice{}, err
	}
	values, err := d.part(field)
	if err != nil {
		return choice{}, err
	}
	n := int64(d.N())
	out := choice{dictionary: d, values: values}
	if n <= maxLiteral {
		list := redshift.Lit(strings.Join(values, separator))
		out.sql = func(index redshift.SQL) redshift.SQL {
			return redshift.Build("SPLIT_PART(?, '|', CAST(? AS INT) + 1)", list, modSQL(index, n))
		}
		return out, nil
	}
	out.sql = func(index redshift.SQL) redshift.SQL {
		want := lookup{d, modSQL(index, n)}
		i := slices.Index(c.table.lookups, want)
		if i < 0 {
			i = len(c.table.lookups)
			c.table.lookups = append(c.table.lookups, want)
		}
		if !slices.Contains(c.table.dictionaries, d) {
			c.table.dictionaries = append(c.table.dictionaries, d)
		}
		return redshift.Build("?.?", alias("d", i), partColumn(slices.Index(d.fields, field)))
	}
	return out, nil
}

func (c choice) at(word uint64) string { return c.values[word%uint64(len(c.values))] }

// longestFit checks that the longest entry fits.
func (c *compiler) longestFit(extra int, choices ...choice) error {
	bytes := extra
	for _, ch := range choices {
		bytes += longest(ch.values)
		if err := c.plain(ch.values, "dictionary "+ch.dictionary.name); err != nil {
			return err
		}
	}
	return c.room(bytes, "what comes out")
}

// fromDictionary is a transformer that chooses one entry.
func fromDictionary(name, summary string) *transformer {
	return &transformer{
		Info: Info{Name: name, Summary: summary, Class: Lossy, Privacy: Another, Pushdown: true, GoTwin: true, Options: []Option{
			{"dictionary", "another dictionary than the built-in one"},
		}},
		compile: func(c *compiler, o *options) (twins, error) { return c.entry(o.string("dictionary", name), "") },
	}
}

// entry is the value at W0 of a list.
func (c *compiler) entry(name, field string) (twins, error) {
	if err := c.only(text); err != nil {
		return twins{}, err
	}
	list, err := c.choose(name, field)
	if err != nil {
		return twins{}, err
	}
	if err := c.longestFit(0, list); err != nil {
		return twins{}, err
	}
	slot, err := c.hash("")
	if err != nil {
		return twins{}, err
	}
	return twins{
		sql:          c.cast(list.sql(wordSQL(hashAlias(slot), 0))),
		run:          hashing(slot, func(h *digest, dst, _ []byte) ([]byte, error) { return append(dst, list.at(h.word(0))...), nil }),
		dictionaries: []*Dictionary{list.dictionary},
	}, nil
}

var (
	firstName = fromDictionary("first_name", "a given name by a keyed hash")
	lastName  = fromDictionary("last_name", "a family name by a keyed hash")
	company   = fromDictionary("company", "a company's name by a keyed hash")
	city      = fromDictionary("city", "a city by a keyed hash")
)

var dictionary = &transformer{
	Info: Info{
		Name: "dictionary", Summary: "an entry of a dictionary by a keyed hash", Class: Lossy, Privacy: Another, Pushdown: true, GoTwin: true,
		Options: []Option{{"name", "the dictionary"}, {"part", "which part of its entries, where they have several"}},
	},
	compile: func(c *compiler, o *options) (twins, error) {
		name := o.string("name", "")
		if name == "" {
			return twins{}, errors.New("dictionary needs the name of one")
		}
		return c.entry(name, o.string("part", ""))
	},
}

var addressTuple = &transformer{
	Info: Info{
		Name: "address_tuple", Summary: "a part of an address by a keyed hash of the entity: the parts in several columns belong together", Class: Lossy,
		Privacy: Another, Pushdown: true, GoTwin: true,
		Options: []Option{{"part", "street, city, state or zip"}, {"dictionary", "another dictionary with parts than the built-in one"}},
	},
	compile: func(c *compiler, o *options) (twins, error) {
		if c.use.Entity == "" {
			return twins{}, errors.New("address_tuple needs an entity: the column that the parts of one address have in common")
		}
		part := o.string("part", "")
		if part == "" {
			return twins{}, errors.New("address_tuple needs a part: street, city, state or zip")
		}
		return c.entry(o.string("dictionary", "address"), part)
	},
}

var fullName = &transformer{
	Info: Info{
		Name: "full_name", Summary: "a given and a family name by a keyed hash", Class: Lossy, Privacy: Another, Pushdown: true, GoTwin: true,
		Options: []Option{{"first", "dictionary of given names, first_name by default"}, {"last", "dictionary of family names, last_name by default"}},
	},
	compile: func(c *compiler, o *options) (twins, error) {
		if err := c.only(text); err != nil {
			return twins{}, err
		}
		first, err1 := c.choose(o.string("first", "first_name"), "")
		last, err2 := c.choose(o.string("last", "last_name"), "")
		if err := errors.Join(err1, err2); err != nil {
			return twins{}, err
		}
		if err := c.longestFit(1, first, last); err != nil {
			return twins{}, err
		}
		slot, err := c.hash("")
		if err != nil {
			return twins{}, err
		}
		h := hashAlias(slot)
		return twins{
			sql: c.cast(redshift.Build("? || ' ' || ?", first.sql(wordSQL(h, 0)), last.sql(wordSQL(h, 1)))),
			run: hashing(slot, func(h *digest, dst, _ []byte) ([]byte, error) {
				dst = append(append(dst, first.at(h.word(0))...), ' ')
				return append(dst, last.at(h.word(1))...), nil
			}),
			dictionaries: []*Dictionary{first.dictionary, last.dictionary},
		}, nil
	},
}

var street = &transformer{
	Info: Info{
		Name: "street", Summary: "a house number and a street by a keyed hash", Class: Lossy, Privacy: Another, Pushdown: true, GoTwin: true,
		Options: []Option{{"dictionary", "another dictionary than the built-in one"}},
	},
	compile: func(c *compiler, o *options) (twins, error) {
		if err := c.only(text); err != nil {
			return twins{}, err
		}
		list, err := c.choose(o.string("dictionary", "street"), "")
		if err != nil {
			return twins{}, err
		}
		if err := c.longestFit(len("9999 "), list); err != nil {
			return twins{}, err
		}
		slot, err := c.hash("")
		if err != nil {
			return twins{}, err
		}
		h := hashAlias(slot)
		return twins{
			sql: c.cast(redshift.Build("CAST(? + 1 AS VARCHAR) || ' ' || ?", modSQL(wordSQL(h, 0), 9999), list.sql(wordSQL(h, 1)))),
			run: hashing(slot, func(h *digest, dst, _ []byte) ([]byte, error) {
				dst = append(appendWhole(dst, int64(h.word(0)%9999+1)), ' ')
				return append(dst, list.at(h.word(1))...), nil
			}),
			dictionaries: []*Dictionary{list.dictionary},
		}, nil
	},
}

// reserved is a domain that nobody can be mailed at (RFC 2606).
const reserved = "example.com"

var email = &transformer{
	Info: Info{
		Name: "email", Summary: "u, hex digits of a keyed hash, and a domain that nobody can be mailed at", Class: Chance, Privacy: Another, Pushdown: true, GoTwin: true,
		Options: []Option{
			{"length", "how many hex digits, 8 to 62, 16 by default"},
			{"at", "the domain, example.com by default"},
			{"keep_domain", "the domain stays where it fits the column, false by default"},
			{"keep_domains", "a list of domains that stay, without regard to case"},
		},
	},
	compile: func(c *compiler, o *options) (twins, error) {
		if err := c.only(text); err != nil {
			return twins{}, err
		}
		n := int(o.int("length", 16, 8, 62))
		at := o.string("at", reserved)
		keepAll, keep := o.bool("keep_domain", false), slices.Clone(o.strings("keep_domains"))
		if at == "" || strings.ContainsFunc(at, func(r rune) bool { return r <= ' ' || r > '~' || r == '@' }) {
			o.wrong("at", "%q is not a domain", at)
		}
		if keepAll && keep != nil {
			o.wrong("keep_domains", "keep_domain keeps them all")
		}
		most := len(at)
		for i, d := range keep {
			if d == "" || strings.ContainsFunc(d, func(r rune) bool { return r <= ' ' || r > '~' || r == '@' }) {
				o.wrong("keep_domains", "%q is not a domain", d)
			}
			keep[i] = strings.ToLower(d)
			most = max(most, len(d))
		}
		if err := errors.Join(o.err(), c.room(n+2+most, "an address")); err != nil {
			return twins{}, c.room(n+2+most, "an address")
		}
		slot, err := c.hash("")
		if err != nil {
			return twins{}, err
		}
		left := c.column.Type.Length - n - 2
		own := redshift.Build("SPLIT_PART(?, '@', 2)", c.trimmed())
		domain := redshift.Build("?", redshift.Lit(at))
		privacy := Another
		switch {
		case keepAll:
			privacy = Fraction
			c.warn("the domain stays as it is: a rare one tells who it is; what follows an @ is not checked to be a domain")
			domain = redshift.Build("CASE WHEN OCTET_LENGTH(?) BETWEEN 1 AND ? THEN ? ELSE ? END", own, redshift.Int(left), own, domain)
		case len(keep) > 0:
			privacy = Fraction
			whens := make([]redshift.SQL, len(keep))
			for i, d := range keep {
				whens[i] = redshift.Build("WHEN ? THEN ?", redshift.Lit(d), redshift.Lit(d))
			}
			domain = redshift.Build("CASE ? ? ELSE ? END", foldSQL(trimSQL(own)), redshift.Join(" ", whens...), domain)
		}
		return twins{
			privacy: privacy,
			sql:     c.cast(redshift.Build("'u' || SUBSTRING(?, 1, ?) || '@' || ?", hashAlias(slot), redshift.Int(n), domain)),
			run: hashing(slot, func(h *digest, dst, in []byte) ([]byte, error) {
				dst = append(append(append(dst, 'u'), h.hex[:n]...), '@')
				if !keepAll && len(keep) == 0 {
					return append(dst, at...), nil
				}
				in, err := textOf(in)
				if err != nil {
					return nil, err
				}
				own := part(in, '@', 2)
				if keepAll {
					if len(own) == 0 || len(own) > left {
						return append(dst, at...), nil
					}
					return append(dst, own...), nil
				}
				for len(own) > 0 && own[len(own)-1] == ' ' {
					own = own[:len(own)-1]
				}
				for _, d := range keep {
					if equalFold(own, d) {
						return append(dst, d...), nil
					}
				}
				return append(dst, at...), nil
			}),
			space:   powerOf(16, n),
			samples: []string{"", "ada@example.org", "A.B+c@EXAMPLE.org", "no address", "@", "a@b@c", "grüße@bücher.example", "x@" + strings.Repeat("d", 20) + ".example"},
		}, nil
	},
}

// equalFold compares with a text in lower case, ASCII letters without regard to case.
func equalFold(in []byte, lower string) bool {
	if len(in) != len(lower) {
		return false
	}
	for i, c := range in {
		if foldByte(c) != lower[i] {
			return false
		}
	}
	return true
}
