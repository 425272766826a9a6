package mask

import (
	"bufio"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/sealift/sealift/internal/redshift"
)

// Dictionary is an ordered list of texts without duplicates, from which masks choose by a hash. Order, number and content
// decide what a value becomes: its digest is part of a policy, and another dictionary needs another epoch.
type Dictionary struct {
	name   string
	fields []string   // names of the fields of an entry; one without a name where entries are one text
	parts  [][]string // by field, then by entry
	sha256 string
}

const (
	// maxLiteral is how many entries stand in the query itself. Longer dictionaries become tables of the session.
	maxLiteral = 256
	maxEntries = 1_000_000
	separator  = "|"
)

// NewDictionary makes a dictionary of entries. With fields, an entry has as many texts, parted by tabs, which belong
// together.
func NewDictionary(name string, entries []string, fields ...string) (*Dictionary, error) {
	fail := func(format string, args ...any) (*Dictionary, error) {
		return nil, fmt.Errorf("dictionary %s: %w", name, fmt.Errorf(format, args...))
	}
	if len(entries) < 2 || len(entries) > maxEntries {
		return fail("%d entries; it needs at least 2 and takes %d", len(entries), maxEntries)
	}
	if len(fields) == 0 {
		fields = []string{""}
	}
	d := &Dictionary{name: name, fields: fields, parts: make([][]string, len(fields))}
	at := make(map[string]int, len(entries))
	sum := sha256.New()
	for i, e := range entries {
		switch first, again := at[e]; {
		case again:
			return fail("entries %d and %d are the same: %q", first+1, i+1, e)
		case e == "" || strings.TrimSpace(e) != e:
			return fail("entry %d is empty, or begins or ends with a blank", i+1)
		case !utf8.ValidString(e) || strings.ContainsAny(e, separator+"\x00\n\r"):
			return fail("entry %d holds a bar, a NUL or a line break, or is not UTF-8", i+1)
		}
		at[e] = i
		values := strings.Split(e, "\t")
		if len(values) != len(fields) {
			return fail("entry %d has %d fields, not %d", i+1, len(values), len(fields))
		}
		for f, v := range values {
			d.parts[f] = append(d.parts[f], v)
		}
		_, _ = sum.Write([]byte(e + "\n")) // a hash does not fail
	}
	d.sha256 = hex.EncodeToString(sum.Sum(nil))
	return d, nil
}

// Name is what policies call it.
func (d *Dictionary) Name() string { return d.name }

// N is the number of entries.
func (d *Dictionary) N() int { return len(d.parts[0]) }

// Entries are the values of a part; "" is the whole entry of a dictionary without parts. There is nothing in a part that it
// does not have.
func (d *Dictionary) Entries(part string) iter.Seq[string] {
	values, err := d.part(part)
	if err != nil {
		return func(func(string) bool) {}
	}
	return slices.Values(values)
}

// SHA256 is the digest of the entries, each with a line feed, in hex.
func (d *Dictionary) SHA256() string { return d.sha256 }

// part is the list of one field.
func (d *Dictionary) part(field string) ([]string, error) {
	i := slices.Index(d.fields, field)
	if i < 0 {
		return nil, fmt.Errorf("dictionary %s has no part %q; it has %s", d.name, field, strings.Join(d.fields, ", "))
	}
	return d.parts[i], nil
}

//go:embed dictionaries/*.txt
var builtIn embed.FS

// Dictionaries are the dictionaries that masks can name.
type Dictionaries map[string]*Dictionary

// BuiltIn are the dictionaries that come with Sealift: first_name, last_name, company, city, street, and address, whose
// entries have the parts street, city, state and zip. Their files say where they are from.
func BuiltIn() Dictionaries {
	out := make(Dictionaries)
	for name, fields := range map[string][]string{
		"first_name": nil, "last_name": nil, "company": nil, "city": nil, "street": nil,
		"address": {"street", "city", "state", "zip"},
	} {
		file, err := builtIn.ReadFile("dictionaries/" + name + ".txt")
		if err != nil {
			panic("mask: " + err.Error())
		}
		var entries []string
		lines := bufio.NewScanner(strings.NewReader(string(file)))
		for lines.Scan() {
			if line := lines.Text(); !strings.HasPrefix(line, "#") {
				entries = append(entries, line)
			}
		}
		d, err := NewDictionary(name, entries, fields...)
		if err := errors.Join(err, lines.Err()); err != nil {
			panic("mask: " + err.Error())
		}
		out[name] = d
	}
	return out
}

func (d Dictionaries) find(name string) (*Dictionary, error) {
	if found, ok := d[name]; ok {
		return found, nil
	}
	names := slices.Sorted(maps.Keys(d))
	return nil, fmt.Errorf("no dictionary is called %q%s", name, meant(name, names))
}

// The session's table of a dictionary that is too long for the query.

func (d *Dictionary) table() redshift.Ident { return mustIdent("sealift_dict_" + d.sha256[:16]) }

func partColumn(i int) redshift.Ident { return mustIdent(fmt.Sprintf("v%d", i+1)) }

// prepare makes and fills the table.
func (d *Dictionary) prepare() []redshift.SQL {
	columns := []redshift.SQL{redshift.Build("i INT")}
	for f := range d.fields {
		columns = append(columns, redshift.Build("? ?", partColumn(f), redshift.Type{Name: redshift.Varchar, Length: longest(d.parts[f])}))
	}
	out := []redshift.SQL{redshift.Build("CREATE TEMP TABLE ? (?) DISTSTYLE ALL", d.table(), redshift.Join(", ", columns...))}
	const atOnce = 1000
	for from := 0; from < d.N(); from += atOnce {
		var rows []redshift.SQL
		for i := from; i < min(from+atOnce, d.N()); i++ {
			values := []redshift.SQL{redshift.Build("?", redshift.Int(i))}
			for f := range d.fields {
				values = append(values, redshift.Build("?", redshift.Lit(d.parts[f][i])))
			}
			rows = append(rows, redshift.Build("(?)", redshift.Join(", ", values...)))
		}
		out = append(out, redshift.Build("INSERT INTO ? VALUES\n?", d.table(), redshift.Join(",\n", rows...)))
	}
	return out
}

func longest(texts []string) int {
	n := 0
	for _, t := range texts {
		n = max(n, len(t))
	}
	return n
}
