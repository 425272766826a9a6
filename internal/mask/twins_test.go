package mask_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/sealift/sealift/internal/mask"
	"github.com/sealift/sealift/internal/redshift"
)

// twinCase is a column, what becomes of it, and what it may hold.
type twinCase struct {
	typ   string
	use   mask.Use
	value generator
}

// generator makes values. Columns of one type and one generator have the same values.
type generator struct {
	name string
	make func(r *rand.Rand) string
}

type opt = map[string]any

// hostile are texts that parsers, quoting and positions stumble over.
var hostile = []string{
	"", " ", "a", "a  ", "A", " lead", "O'Neil", `back\slash`, `"quoted"`, "tab\tnew\nline", "ÄÖÜ ß é", "漢字かな", "😀🏳️‍🌈 𝒳", "|~^,;", "0", "007", "-1", "1.50",
	"NULL", `\N`, "ada@example.org", "A.B+c@EXAMPLE.ORG", "@", "a@", "a@b@c", "x@ÜBER.example", "+1 (555) 010-9999", "4111 1111 1111 1111", "192.0.2.17",
	"1.2.3", "1.2.3.4.5", "999.9.9.9", "1.2.3.4 x", "2001:db8::1", "90210", "03601", "12", "1 2", "%_%", "a\u0301", "\u00a0", "\u2028", "--", "/*", "$$", "?", "{{x}}",
	"078-05-1120", "\x01\x7f", "ZZZZzzzz9999", "１２３", "١٢٣",
}

func anyText(most int) generator {
	alphabet := []rune("abcxyzABCXYZ0123456789 .-@+_'\\\"äß漢😀\t")
	return generator{fmt.Sprint("text", most), func(r *rand.Rand) string {
		s := hostile[r.IntN(len(hostile))]
		if r.IntN(3) > 0 {
			var b strings.Builder
			for range r.IntN(24) {
				b.WriteRune(alphabet[r.IntN(len(alphabet))])
			}
			s = b.String()
		}
		for len(s) > most {
			cut := []rune(s)
			s = string(cut[:len(cut)-1])
		}
		return s
	}}
}

func ascii(of generator) generator {
	return generator{"ascii" + of.name, func(r *rand.Rand) string {
		return strings.Map(func(c rune) rune {
			if c > 126 || c < 32 {
				return -1
			}
			return c
		}, of.make(r))
	}}
}

func wholeText(bits int) generator {
	return generator{fmt.Sprint("whole", bits), func(r *rand.Rand) string {
		n := int64(r.Uint64()) >> (64 - bits)
		switch r.IntN(6) {
		case 0:
			n = -1 << (bits - 1)
		case 1:
			n = 1<<(bits-1) - 1
		case 2:
			n = int64(r.IntN(5) - 2)
		}
		return strconv.FormatInt(n, 10)
	}}
}

func below(n int64) generator {
	return generator{fmt.Sprint("below", n), func(r *rand.Rand) string {
		if r.IntN(10) == 0 {
			return strconv.FormatInt(n-1-int64(r.IntN(3)), 10)
		}
		return strconv.FormatInt(r.Int64N(n), 10)
	}}
}

func decimalText(digits, scale int) generator {
	return generator{fmt.Sprint("decimal", digits, "_", scale), func(r *rand.Rand) string {
		var b strings.Builder
		for i := range 1 + r.IntN(digits) {
			if i == 0 && r.IntN(2) == 0 {
				b.WriteByte('0')
				continue
			}
			b.WriteByte("0123456789995050"[r.IntN(16)])
		}
		s := b.String()
		for len(s) <= scale {
			s = "0" + s
		}
		if scale > 0 {
			s = s[:len(s)-scale] + "." + s[len(s)-scale:]
		}
		if r.IntN(2) == 0 {
			s = "-" + s
		}
		return s
	}}
}

func dateText(r *rand.Rand) string {
	switch r.IntN(20) {
	case 0:
		return fmt.Sprintf("%04d-%02d-%02d BC", 1+r.IntN(4600), 1+r.IntN(12), 1+r.IntN(28))
	case 1:
		return fmt.Sprintf("%d-%02d-%02d", 10000+r.IntN(200000), 1+r.IntN(12), 1+r.IntN(28))
	case 2:
		return []string{"2000-02-29", "1900-03-01", "0001-01-01", "0001-01-01 BC", "1970-01-01", "9999-12-31"}[r.IntN(6)]
	}
	return time.Date(1900+r.IntN(150), 1, 1+r.IntN(366), 0, 0, 0, 0, time.UTC).Format(time.DateOnly)
}

func momentText(r *rand.Rand) string {
	d, bc := strings.CutSuffix(dateText(r), " BC")
	s := fmt.Sprintf("%s %02d:%02d:%02d", d, r.IntN(24), r.IntN(60), r.IntN(60))
	switch r.IntN(3) {
	case 0:
		s += fmt.Sprintf(".%06d", r.IntN(1000000))
	case 1:
		s += fmt.Sprintf(".%03d", r.IntN(1000))
	}
	if bc {
		s += " BC"
	}
	return s
}

func zonedText(r *rand.Rand) string {
	s, bc := strings.CutSuffix(momentText(r), " BC")
	s += "+00"
	if bc {
		s += " BC"
	}
	return s
}

func digitText(prefix, suffix int) generator {
	return generator{fmt.Sprint("digits", prefix, "_", suffix), func(r *rand.Rand) string {
		var b strings.Builder
		for range prefix {
			b.WriteRune([]rune("Aaé漢-")[r.IntN(5)])
		}
		for range 6 + r.IntN(13) {
			b.WriteByte("0123456789000"[r.IntN(13)])
		}
		for range suffix {
			b.WriteRune([]rune("Zzß-")[r.IntN(4)])
		}
		if r.IntN(4) == 0 {
			b.WriteString("  ")
		}
		return b.String()
	}}
}

// prose has in it what patterns look for, whole and broken, among words.
var prose = generator{"prose", func(r *rand.Rand) string {
	pieces := []string{
		"call", "Ada", "+1 (555) 010-9999", "a.b+c@Example.org", "@", "a@b@c", "http://x.example/a?b=c#d", "HTTPS://Y", "192.0.2.17", "1.2.3", "078-05-1120", "4111 1111-1111 1111",
		"DE89 3704 0044 0532 0130 00", "GB82WEST12345698765432", "00112233-4455-6677-8899-aabbccddeeff", "123456", "12345", "x1", "漢字", "é@ü.de", "１２３", "-", ".", "\n", "  ", "(7)", "O'Neil", "\\1", "$0",
	}
	var b strings.Builder
	for range r.IntN(9) {
		b.WriteString(pieces[r.IntN(len(pieces))])
		if r.IntN(3) > 0 {
			b.WriteByte(" ,/"[r.IntN(3)])
		}
	}
	return b.String()
}}

// objects are JSON, mostly objects that have what the paths of super_paths name.
var objects = generator{"objects", func(r *rand.Rand) string {
	text := anyText(30)
	value := func() any {
		switch r.IntN(8) {
		case 0:
			return nil
		case 1:
			return r.IntN(2000) - 1000
		case 2:
			return r.IntN(2) == 0
		case 3:
			return []any{text.make(r), 1}
		case 4:
			return map[string]any{"email": "kept.out@example.org"}
		}
		return strings.ReplaceAll(text.make(r), "\x01", "")
	}
	object := map[string]any{}
	for _, name := range []string{"name", "email", "note", "plan", "Name", "other"} {
		if r.IntN(5) > 0 {
			object[name] = value()
		}
	}
	if r.IntN(4) > 0 {
		inner := map[string]any{}
		for _, name := range []string{"email", "phone", "city", "secret"} {
			if r.IntN(4) > 0 {
				inner[name] = value()
			}
		}
		object["contact"] = inner
	}
	var out any = object
	if r.IntN(10) == 0 {
		out = value()
	}
	b, err := json.Marshal(out)
	if err != nil {
		panic(err)
	}
	return string(b)
}}

var (
	dates    = generator{"date", dateText}
	moments  = generator{"moment", momentText}
	zoned    = generator{"zoned", zonedText}
	booleans = generator{"boolean", func(r *rand.Rand) string { return []string{"t", "f"}[r.IntN(2)] }}
)

// twinCases has every transformer that has two twins, with its options, over every type that it takes.
func twinCases() []twinCase {
	text := anyText(60)
	return []twinCase{
		{"varchar(60)", mask.Use{Transformer: "passthrough"}, text},
		{"varchar(60)", mask.Use{Transformer: "null"}, text},
		{"varchar(60)", mask.Use{Transformer: "constant", Options: opt{"value": "it's \\ 😀 ?"}}, text},
		{"varchar(60)", mask.Use{Transformer: "constant", Options: opt{"value": "x", "keep_null": false}}, text},
		{"integer", mask.Use{Transformer: "constant", Options: opt{"value": -5}}, wholeText(32)},
		{"numeric(12,2)", mask.Use{Transformer: "constant", Options: opt{"value": "1.5"}}, decimalText(12, 2)},
		{"date", mask.Use{Transformer: "constant", Options: opt{"value": "1970-01-01"}}, dates},
		{"timestamptz", mask.Use{Transformer: "constant", Options: opt{"value": "2026-01-01 00:00:00.5+00"}}, zoned},
		{"boolean", mask.Use{Transformer: "constant", Options: opt{"value": true}}, booleans},
		{"varchar(64)", mask.Use{Transformer: "hash_hex", Domain: "a.b"}, text},
		{"char(20)", mask.Use{Transformer: "hash_hex", Domain: "a.b", Options: opt{"length": 12}}, ascii(anyText(20))},
		{"varchar(64) ci", mask.Use{Transformer: "hash_hex", Domain: "a.ci"}, text},
		{"integer", mask.Use{Transformer: "hash_int", Domain: "n"}, wholeText(32)},
		{"bigint", mask.Use{Transformer: "hash_int", Domain: "n", Options: opt{"lo": -10, "hi": 1 << 49}}, wholeText(64)},
		{"smallint", mask.Use{Transformer: "hash_int", Domain: "n", Options: opt{"lo": 0, "hi": 99}}, wholeText(16)},
		{"numeric(18,0)", mask.Use{Transformer: "hash_int", Domain: "n"}, decimalText(18, 0)},
		{"varchar(40)", mask.Use{Transformer: "uuid", Domain: "u"}, anyText(40)},
		{"bigint", mask.Use{Transformer: "permute_int", Domain: "p"}, below(1_000_000_000)},
		{"bigint", mask.Use{Transformer: "permute_int", Domain: "p18", Options: opt{"digits": 18}}, below(1_000_000_000_000_000_000)},
		{"integer", mask.Use{Transformer: "permute_int", Domain: "ps", Options: opt{"sides": []any{46340, 46341}}}, below(46340 * 46341)},
		{"varchar(40)", mask.Use{Transformer: "fpe_digits", Domain: "f"}, digitText(0, 0)},
		{"varchar(60)", mask.Use{Transformer: "fpe_digits", Domain: "f2", Options: opt{"keep_prefix": 2, "keep_suffix": 1}}, digitText(2, 1)},
		{"varchar(60)", mask.Use{Transformer: "first_name", Domain: "first"}, text},
		{"varchar(60)", mask.Use{Transformer: "last_name", Domain: "last", Options: opt{"dictionary": "many"}}, text},
		{"varchar(60)", mask.Use{Transformer: "company", Domain: "c"}, text},
		{"char(40)", mask.Use{Transformer: "city", Domain: "c"}, ascii(anyText(40))},
		{"varchar(60)", mask.Use{Transformer: "dictionary", Domain: "d", Options: opt{"name": "many"}}, text},
		{"varchar(60)", mask.Use{Transformer: "full_name", Domain: "customer", Entity: "id"}, text},
		{"varchar(60)", mask.Use{Transformer: "full_name", Domain: "fn", Options: opt{"last": "many"}}, text},
		{"varchar(60)", mask.Use{Transformer: "address_tuple", Domain: "customer", Entity: "id", Options: opt{"part": "street"}}, text},
		{"varchar(60)", mask.Use{Transformer: "address_tuple", Domain: "customer", Entity: "id", Options: opt{"part": "city"}}, text},
		{"char(2)", mask.Use{Transformer: "address_tuple", Domain: "customer", Entity: "id", Options: opt{"part": "state"}}, ascii(anyText(2))},
		{"varchar(60)", mask.Use{Transformer: "address_tuple", Domain: "customer", Entity: "owner", Options: opt{"part": "zip", "dictionary": "places"}}, text},
		{"varchar(60)", mask.Use{Transformer: "street", Domain: "s"}, text},
		{"varchar(60)", mask.Use{Transformer: "email", Domain: "e"}, text},
		{"varchar(40)", mask.Use{Transformer: "email", Domain: "e", Options: opt{"keep_domain": true, "length": 8}}, anyText(40)},
		{"varchar(60)", mask.Use{Transformer: "email", Domain: "e", Options: opt{"keep_domains": []any{"Example.ORG"}, "at": "invalid"}}, text},
		{"varchar(60)", mask.Use{Transformer: "email", Domain: "customer", Entity: "id"}, text},
		{"varchar(40)", mask.Use{Transformer: "phone", Domain: "ph"}, anyText(40)},
		{"varchar(40)", mask.Use{Transformer: "phone", Domain: "ph", Options: opt{"keep": 3}}, anyText(40)},
		{"varchar(60)", mask.Use{Transformer: "scramble", Domain: "sc"}, text},
		{"char(10)", mask.Use{Transformer: "scramble", Domain: "sc"}, ascii(anyText(10))},
		{"varchar(11)", mask.Use{Transformer: "ssn", Domain: "ssn"}, anyText(11)},
		{"varchar(11)", mask.Use{Transformer: "ssn", Domain: "ssn", Options: opt{"mode": "format"}}, anyText(11)},
		{"varchar(20)", mask.Use{Transformer: "card", Domain: "card"}, anyText(20)},
		{"varchar(20)", mask.Use{Transformer: "card", Domain: "card", Options: opt{"keep_last4": true, "prefix": "400000"}}, anyText(20)},
		{"varchar(30)", mask.Use{Transformer: "iban", Domain: "iban"}, anyText(30)},
		{"varchar(30)", mask.Use{Transformer: "iban", Domain: "iban", Options: opt{"country": "HU"}}, anyText(30)},
		{"varchar(30)", mask.Use{Transformer: "iban", Domain: "iban", Options: opt{"country": "NO"}}, anyText(30)},
		{"varchar(60)", mask.Use{Transformer: "keep_mask"}, text},
		{"varchar(60)", mask.Use{Transformer: "keep_mask", Options: opt{"first": 2, "last": 3, "char": "#"}}, text},
		{"char(10)", mask.Use{Transformer: "keep_mask", Options: opt{"last": 4}}, ascii(anyText(10))},
		{"date", mask.Use{Transformer: "date_shift", Domain: "customer", Entity: "owner"}, dates},
		{"timestamp", mask.Use{Transformer: "ts_shift", Domain: "customer", Entity: "id"}, moments},
		{"timestamptz", mask.Use{Transformer: "ts_shift", Domain: "customer", Entity: "id", Options: opt{"unit": "second", "most": 1_000_000_000}}, zoned},
		{"date", mask.Use{Transformer: "date_trunc"}, dates},
		{"timestamp", mask.Use{Transformer: "date_trunc", Options: opt{"to": "quarter"}}, moments},
		{"timestamptz", mask.Use{Transformer: "date_trunc", Options: opt{"to": "year"}}, zoned},
		{"integer", mask.Use{Transformer: "age_cap"}, wholeText(32)},
		{"date", mask.Use{Transformer: "age_cap", Options: opt{"year": 2026}}, dates},
		{"numeric(12,2)", mask.Use{Transformer: "num_noise", Domain: "nn"}, decimalText(10, 2)},
		{"numeric(26,6)", mask.Use{Transformer: "num_noise", Domain: "nn6", Options: opt{"basis_points": 9999}}, decimalText(25, 6)},
		{"integer", mask.Use{Transformer: "bucket"}, generator{"million", func(r *rand.Rand) string { return strconv.Itoa(r.IntN(2_000_000) - 1_000_000) }}},
		{"bigint", mask.Use{Transformer: "bucket", Options: opt{"step": 1000}}, wholeText(40)},
		{"numeric(12,2)", mask.Use{Transformer: "round"}, decimalText(11, 2)},
		{"numeric(30,10)", mask.Use{Transformer: "round", Options: opt{"digits": -3}}, decimalText(29, 10)},
		{"bigint", mask.Use{Transformer: "round", Options: opt{"digits": -2}}, wholeText(50)},
		{"numeric(9,6)", mask.Use{Transformer: "geo_round"}, decimalText(8, 6)},
		{"char(1)", mask.Use{Transformer: "category", Domain: "customer", Entity: "id", Options: opt{"values": []any{"M", "F", "X"}, "weights": []any{49, 49, 2}}}, ascii(anyText(1))},
		{"integer", mask.Use{Transformer: "category", Domain: "cat", Options: opt{"values": []any{1, -2, 3}}}, wholeText(32)},
		{"varchar(45)", mask.Use{Transformer: "ip"}, anyText(45)},
		{"varchar(45)", mask.Use{Transformer: "ip", Domain: "ip", Options: opt{"host": "hash"}}, anyText(45)},
		{"varchar(10)", mask.Use{Transformer: "zip3"}, anyText(10)},
		{"varchar(250)", mask.Use{Transformer: "regex_replace", Options: opt{"patterns": []any{"email", "url", "ipv4", "uuid", "ssn", "iban", "card", "phone", "long_number", "digits"}}}, prose},
		{"varchar(250)", mask.Use{Transformer: "regex_replace", Options: opt{"patterns": []any{"phone", "email"}, "with": "x@x.com"}}, prose},
		{"varchar(60)", mask.Use{Transformer: "regex_replace", Options: opt{"patterns": []any{"email"}, "with": "nobody@example.com"}}, text},
		{"char(20)", mask.Use{Transformer: "regex_replace", Options: opt{"patterns": []any{"digits"}, "with": ""}}, ascii(anyText(20))},
		{"super", mask.Use{Transformer: "super_paths", Paths: map[string]mask.Use{
			"name": {Transformer: "full_name", Domain: "customer", Entity: "id"}, "email": {Transformer: "email", Domain: "e", Options: opt{"keep_domain": true}}, "plan": {Transformer: "passthrough"},
			"note": {Transformer: "regex_replace", Options: opt{"patterns": []any{"digits"}}}, "contact.email": {Transformer: "hash_hex", Domain: "a.b"}, "contact.phone": {Transformer: "phone", Domain: "ph"},
			"contact.city": {Transformer: "passthrough"}, "added.deep.down": {Transformer: "constant", Options: opt{"value": "x\"y", "keep_null": false}}, "other": {Transformer: "null"},
		}}, objects},
		{"super", mask.Use{
			Transformer: "super_paths", Paths: map[string]mask.Use{"name": {Transformer: "keep_mask", Options: opt{"last": 1}}}, When: "vip = TRUE",
			Else: &mask.Use{Transformer: "super_paths", Paths: map[string]mask.Use{"contact": {Transformer: "passthrough"}}},
		}, objects},
		{"varchar(60)", mask.Use{
			Transformer: "email", Domain: "e", When: "name LIKE 'a%' OR NOT (amount > 0.50 AND name <> 'A') OR name IN ('', 'O''Neil', 'back\\slash')",
			Else: &mask.Use{Transformer: "constant", Options: opt{"value": "other", "keep_null": false}},
		}, text},
		{"varchar(60)", mask.Use{
			Transformer: "passthrough", When: "born >= '1970-01-01' AND folded = 'ADA@example.org' OR vip = TRUE AND seen < '2000-01-01 00:00:00' OR owner IS NULL",
			Else: &mask.Use{Transformer: "hash_hex", Domain: "a.b", When: "owner <= 0 AND at > '1990-01-01 00:00:00+00' OR fixed = 'a'", Else: &mask.Use{Transformer: "null"}},
		}, text},
	}
}

// twins are a table in which each case has a column, the table in which their values are, and how the one is made of the
// other: cases with the same values share them.
type twins struct {
	def, stored  *redshift.TableDef
	uses         map[string]mask.Use
	values       []generator // by column of stored, after the id
	from         []int       // by column of def, the column of stored
	dictionaries mask.Dictionaries
}

func newTwins(tb testing.TB, cases []twinCase) *twins {
	tb.Helper()
	cases = slices.Concat([]twinCase{
		{"integer", mask.Use{Transformer: "passthrough"}, wholeText(32)},
		{"varchar(60)", mask.Use{Transformer: "passthrough"}, anyText(60)},
		{"numeric(12,2)", mask.Use{Transformer: "passthrough"}, decimalText(12, 2)},
		{"date", mask.Use{Transformer: "passthrough"}, dates},
		{"timestamp", mask.Use{Transformer: "passthrough"}, moments},
		{"timestamptz", mask.Use{Transformer: "passthrough"}, zoned},
		{"boolean", mask.Use{Transformer: "passthrough"}, booleans},
		{"varchar(60) ci", mask.Use{Transformer: "passthrough"}, anyText(60)},
		{"char(10)", mask.Use{Transformer: "passthrough"}, ascii(anyText(10))},
	}, cases)
	// The first are what entities and conditions of the others refer to. Each is also hashed, as the entity of a text.
	names := []string{"owner", "name", "amount", "born", "seen", "at", "vip", "folded", "fixed"}
	for i := range names {
		cases = append(cases, twinCase{"varchar(64)", mask.Use{Transformer: "hash_hex", Domain: "by." + names[i], Entity: names[i]}, anyText(60)})
	}
	w := &twins{uses: map[string]mask.Use{"id": {Transformer: "passthrough"}}, from: []int{0}, dictionaries: mask.BuiltIn()}
	columns, stored := []string{"id bigint not null"}, []string{"id bigint not null"}
	known := make(map[string]int)
	for i, c := range cases {
		name := fmt.Sprintf("x%d_%s", i, c.use.Transformer)
		if i < len(names) {
			name = names[i]
		}
		columns = append(columns, name+" "+c.typ)
		w.uses[name] = c.use
		typ := strings.TrimSuffix(c.typ, " ci") // the stand-in has no such column; the masks fold case themselves
		source := typ + c.value.name
		at, ok := known[source]
		if !ok {
			at = len(stored)
			known[source] = at
			stored = append(stored, fmt.Sprintf("s%d %s", at, typ))
			w.values = append(w.values, c.value)
		}
		w.from = append(w.from, at)
	}
	var many, places []string
	for i := range 1000 {
		many = append(many, fmt.Sprintf("entry's \\ %d é", i))
		places = append(places, fmt.Sprintf("%d A Street\tTown %d\tST\t%05d", i, i, i))
	}
	for name, entries := range map[string][]string{"many": many, "places": places} {
		var fields []string
		if name == "places" {
			fields = []string{"street", "city", "state", "zip"}
		}
		d, err := mask.NewDictionary(name, entries, fields...)
		if err != nil {
			tb.Fatal(err)
		}
		w.dictionaries[name] = d
	}
	w.def, w.stored = define(tb, "twins.t", columns...), define(tb, "twins.t", stored...)
	return w
}

// rows is what a masked query reads: the stored columns under the names of the table's.
func (w *twins) rows() redshift.SQL {
	fields := make([]redshift.SQL, len(w.from))
	for i, at := range w.from {
		fields[i] = redshift.Build("? AS ?", w.stored.Columns[at].Name, w.def.Columns[i].Name)
	}
	return redshift.Build("(SELECT ? FROM ?) t", redshift.Join(", ", fields...), w.stored.Table)
}

// TestTwins compares every transformer's SQL with its Go, byte for byte, over random and hostile rows. make torture takes
// a million.
func TestTwins(t *testing.T) {
	compareTwins(t, "twins", 20_000, func(c twinCase) bool { return !slow(c) })
}

// TestTwinsOfRounds is TestTwins for what takes SQL long: twenty hashes or sixty characters for a value.
func TestTwinsOfRounds(t *testing.T) { compareTwins(t, "rounds", 20_000, slow) }

func slow(c twinCase) bool {
	return slices.Contains([]string{"permute_int", "fpe_digits", "scramble"}, c.use.Transformer)
}

// twinRows is how many rows the twins are compared over, in place of what each test takes.
var twinRows = flag.Int("twin-rows", 0, "rows over which the twins are compared")

func compareTwins(t *testing.T, schema string, n int, of func(twinCase) bool) {
	if *twinRows > 0 {
		n = *twinRows
	}
	var cases []twinCase
	for _, c := range twinCases() {
		if of(c) {
			cases = append(cases, c)
		}
	}
	tw := newTwins(t, cases)
	tw.def.Schema, tw.stored.Schema = schemaNamed(t, schema), schemaNamed(t, schema)
	def := tw.def
	table := newTable(t, def, tw.uses, tw.dictionaries)
	k := keys(t, "dev", "1")
	w := session(t, k)
	w.exec("CREATE SCHEMA " + schema)
	w.exec(tw.stored.CreateTable(tw.stored.Table, redshift.CreateOptions{}).String())
	for _, sql := range table.Prepare() {
		w.exec(sql.String())
	}
	masker, err := table.Masker(k)
	if err != nil {
		t.Fatal(err)
	}
	const atOnce = 20_000
	r := rand.New(rand.NewPCG(9, 2026))
	var spentSQL, spentGo time.Duration
	for from := 0; from < n; from += atOnce {
		rows := make([][][]byte, min(atOnce, n-from))
		for i := range rows {
			rows[i] = [][]byte{[]byte(strconv.Itoa(from + i))}
			for _, value := range tw.values {
				var v []byte
				if r.IntN(12) > 0 {
					v = []byte(value.make(r))
				}
				rows[i] = append(rows[i], v)
			}
		}
		w.exec("DELETE FROM " + schema + ".t")
		w.insert(tw.stored.Table, rows)
		// As the server writes them.
		stored := w.rows("SELECT * FROM " + schema + ".t ORDER BY id")
		query := redshift.Build("SELECT * FROM (?) m ORDER BY id", table.Query(tw.rows(), redshift.Build("id >= 0"))).String()
		began := time.Now()
		masked := w.rows(query)
		spentSQL += time.Since(began)
		if len(masked) != len(stored) || len(stored) != len(rows) {
			t.Fatalf("%d rows, %d in the table, %d masked", len(rows), len(stored), len(masked))
		}
		differences := make(map[int]int)
		began = time.Now()
		row := make([][]byte, len(tw.from))
		for i := range stored {
			for j, at := range tw.from {
				row[j] = stored[i][at]
			}
			got, err := masker.Row(row)
			if err != nil {
				t.Fatalf("row %q: %v", row, err)
			}
			for j := range def.Columns {
				c := &def.Columns[j]
				want, have := masked[i][j], got[j]
				if c.Type.Name == redshift.Char { // its padding means nothing
					want, have = unpadded(want), unpadded(have)
				}
				if c.Type.Name == redshift.Super { // nor does the order of attributes
					want, have = sorted(t, want), sorted(t, have)
				}
				if (have == nil) != (want == nil) || !bytes.Equal(have, want) {
					if differences[j]++; differences[j] <= 3 {
						t.Errorf("column %s of %s: %q becomes %s in SQL and %s in Go", c.Name, c.Type, row[j], show(want), show(have))
					}
				}
				if len(have) > c.Type.Length && (c.Type.Name == redshift.Varchar || c.Type.Name == redshift.Char) {
					t.Errorf("column %s of %s: %q has %d bytes", c.Name, c.Type, have, len(have))
				}
			}
		}
		spentGo += time.Since(began)
	}
	t.Logf("%d rows of %d columns: %s in SQL, %s in Go", n, len(def.Columns), spentSQL.Round(time.Millisecond), spentGo.Round(time.Millisecond))
}

func schemaNamed(tb testing.TB, name string) redshift.Ident {
	tb.Helper()
	id, err := redshift.NewIdent(name)
	if err != nil {
		tb.Fatal(err)
	}
	return id
}

func sorted(tb testing.TB, v []byte) []byte {
	tb.Helper()
	if v == nil {
		return nil
	}
	out, err := mask.SortedJSON(v)
	if err != nil {
		tb.Fatalf("%q: %v", v, err)
	}
	return out
}

func unpadded(v []byte) []byte {
	if v == nil {
		return nil
	}
	return bytes.TrimRight(v, " ")
}

func show(v []byte) string {
	if v == nil {
		return "NULL"
	}
	return strconv.Quote(string(v))
}
