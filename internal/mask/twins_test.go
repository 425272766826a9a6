package mask_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
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
	value func(r *rand.Rand) string
}

type opt = map[string]any

// hostile are texts that parsers, quoting and positions stumble over.
var hostile = []string{
	"", " ", "a", "a  ", "A", " lead", "O'Neil", `back\slash`, `"quoted"`, "tab\tnew\nline", "ÄÖÜ ß é", "漢字かな", "😀🏳️‍🌈 𝒳", "|~^,;", "0", "007", "-1", "1.50",
	"NULL", `\N`, "ada@example.org", "A.B+c@EXAMPLE.ORG", "@", "a@", "a@b@c", "x@ÜBER.example", "+1 (555) 010-9999", "4111 1111 1111 1111", "192.0.2.17",
	"1.2.3", "1.2.3.4.5", "999.9.9.9", "1.2.3.4 x", "2001:db8::1", "90210", "03601", "12", "1 2", "%_%", "a\u0301", "\u00a0", "\u2028", "--", "/*", "$$", "?", "{{x}}",
	"078-05-1120", "\x01\x7f", "ZZZZzzzz9999", "１２３", "١٢٣",
}

func anyText(most int) func(*rand.Rand) string {
	alphabet := []rune("abcxyzABCXYZ0123456789 .-@+_'\\\"äß漢😀\t")
	return func(r *rand.Rand) string {
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
	}
}

func ascii(of func(*rand.Rand) string) func(*rand.Rand) string {
	return func(r *rand.Rand) string {
		return strings.Map(func(c rune) rune {
			if c > 126 || c < 32 {
				return -1
			}
			return c
		}, of(r))
	}
}

func wholeText(bits int) func(*rand.Rand) string {
	return func(r *rand.Rand) string {
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
	}
}

func below(n int64) func(*rand.Rand) string {
	return func(r *rand.Rand) string {
		if r.IntN(10) == 0 {
			return strconv.FormatInt(n-1-int64(r.IntN(3)), 10)
		}
		return strconv.FormatInt(r.Int64N(n), 10)
	}
}

func decimalText(digits, scale int) func(*rand.Rand) string {
	return func(r *rand.Rand) string {
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
	}
}

func dateText(r *rand.Rand) string {
	switch r.IntN(20) {
	case 0:
		return fmt.Sprintf("%04d-%02d-%02d BC", 1+r.IntN(4700), 1+r.IntN(12), 1+r.IntN(28))
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
	s += []string{"+00", "+02", "-08"}[r.IntN(3)]
	if bc {
		s += " BC"
	}
	return s
}

func booleanText(r *rand.Rand) string { return []string{"t", "f"}[r.IntN(2)] }

func digitText(prefix, suffix int) func(*rand.Rand) string {
	return func(r *rand.Rand) string {
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
	}
}

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
		{"date", mask.Use{Transformer: "constant", Options: opt{"value": "1970-01-01"}}, dateText},
		{"timestamptz", mask.Use{Transformer: "constant", Options: opt{"value": "2026-01-01 00:00:00.5+00"}}, zonedText},
		{"boolean", mask.Use{Transformer: "constant", Options: opt{"value": true}}, booleanText},
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
		{"date", mask.Use{Transformer: "date_shift", Domain: "customer", Entity: "owner"}, func(r *rand.Rand) string {
			for {
				if s := dateText(r); s < "47" || !strings.HasSuffix(s, "BC") {
					return s
				}
			}
		}},
		{"timestamp", mask.Use{Transformer: "ts_shift", Domain: "customer", Entity: "id"}, momentText},
		{"timestamptz", mask.Use{Transformer: "ts_shift", Domain: "customer", Entity: "id", Options: opt{"unit": "second", "most": 1_000_000_000}}, zonedText},
		{"date", mask.Use{Transformer: "date_trunc"}, dateText},
		{"timestamp", mask.Use{Transformer: "date_trunc", Options: opt{"to": "quarter"}}, momentText},
		{"timestamptz", mask.Use{Transformer: "date_trunc", Options: opt{"to": "year"}}, zonedText},
		{"integer", mask.Use{Transformer: "age_cap"}, wholeText(32)},
		{"date", mask.Use{Transformer: "age_cap", Options: opt{"year": 2026}}, dateText},
		{"numeric(12,2)", mask.Use{Transformer: "num_noise", Domain: "nn"}, decimalText(10, 2)},
		{"numeric(26,6)", mask.Use{Transformer: "num_noise", Domain: "nn6", Options: opt{"basis_points": 9999}}, decimalText(25, 6)},
		{"integer", mask.Use{Transformer: "bucket"}, func(r *rand.Rand) string { return strconv.Itoa(r.IntN(2_000_000) - 1_000_000) }},
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
		{"date", mask.Use{Transformer: "hash_hex", Domain: "dates"}, nil},
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

// twinTable is a table with a column for each case, and columns that entities and conditions refer to.
func twinTable(tb testing.TB) (*redshift.TableDef, map[string]mask.Use, []func(*rand.Rand) string, mask.Dictionaries) {
	tb.Helper()
	columns := []string{"id bigint not null", "owner integer", "name varchar(60)", "amount numeric(12,2)", "born date", "seen timestamp", "at timestamptz", "vip boolean", "folded varchar(60) ci", "fixed char(10)"}
	values := []func(*rand.Rand) string{nil, wholeText(32), anyText(60), decimalText(12, 2), dateText, momentText, zonedText, booleanText, anyText(60), ascii(anyText(10))}
	uses := make(map[string]mask.Use)
	for _, c := range columns {
		name, _, _ := strings.Cut(c, " ")
		uses[name] = mask.Use{Transformer: "passthrough"}
	}
	for i, c := range twinCases() {
		if c.value == nil {
			continue
		}
		name := fmt.Sprintf("x%d_%s", i, c.use.Transformer)
		columns = append(columns, name+" "+c.typ)
		values = append(values, c.value)
		uses[name] = c.use
	}
	// Every type is hashed once more, as the entity of a text.
	for _, entity := range []string{"owner", "name", "amount", "born", "seen", "at", "vip", "folded", "fixed"} {
		columns = append(columns, "by_"+entity+" varchar(64)")
		values = append(values, anyText(60))
		uses["by_"+entity] = mask.Use{Transformer: "hash_hex", Domain: "by." + entity, Entity: entity}
	}
	dictionaries := mask.BuiltIn()
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
		dictionaries[name] = d
	}
	return define(tb, "twins.t", columns...), uses, values, dictionaries
}

// TestTwins compares every transformer's SQL with its Go, byte for byte, over random and hostile rows.
func TestTwins(t *testing.T) {
	rows := 2000
	if n := os.Getenv("SEALIFT_TWIN_ROWS"); n != "" {
		var err error
		if rows, err = strconv.Atoi(n); err != nil {
			t.Fatal(err)
		}
	}
	compareTwins(t, rows)
}

func compareTwins(t *testing.T, n int) {
	def, uses, values, dictionaries := twinTable(t)
	table := newTable(t, def, uses, dictionaries)
	k := keys(t, "dev", "1")
	w := session(t, k)
	w.exec("CREATE SCHEMA twins")
	made := def.Clone()
	for i := range made.Columns {
		made.Columns[i].Collate = "" // the stand-in has none; the masks fold case themselves
	}
	w.exec(made.CreateTable(def.Table, redshift.CreateOptions{}).String())
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
			rows[i] = make([][]byte, len(values))
			for j, value := range values {
				switch {
				case value == nil:
					rows[i][j] = []byte(strconv.Itoa(from + i))
				case r.IntN(12) > 0:
					rows[i][j] = []byte(value(r))
				}
			}
		}
		w.exec("DELETE FROM twins.t")
		w.insert(def.Table, rows)
		// As the server writes them.
		plain := w.rows("SELECT * FROM twins.t ORDER BY id")
		query := redshift.Build("SELECT * FROM (?) m ORDER BY id", table.Query(redshift.Build("?", def.Table), redshift.Build("id >= 0"))).String()
		began := time.Now()
		masked := w.rows(query)
		spentSQL += time.Since(began)
		if len(masked) != len(plain) || len(plain) != len(rows) {
			t.Fatalf("%d rows, %d in the table, %d masked", len(rows), len(plain), len(masked))
		}
		differences := make(map[int]int)
		began = time.Now()
		for i, row := range plain {
			got, err := masker.Row(row)
			if err != nil {
				t.Fatalf("row %q: %v", row, err)
			}
			for j, c := range def.Columns {
				want := masked[i][j]
				if c.Type.Name == redshift.Char { // written with its padding or without, which means nothing
					want = bytes.TrimRight(want, " ")
					if got[j] != nil && uses[c.Name.String()].Transformer == "passthrough" {
						got[j] = bytes.TrimRight(got[j], " ")
					}
				}
				if (got[j] == nil) != (want == nil) || !bytes.Equal(got[j], want) {
					if differences[j]++; differences[j] <= 3 {
						t.Errorf("column %s of %s: %q becomes %q in SQL and %q in Go", c.Name, c.Type, row[j], show(want), show(got[j]))
					}
				}
				if len(got[j]) > c.Type.Length && (c.Type.Name == redshift.Varchar || c.Type.Name == redshift.Char) {
					t.Errorf("column %s of %s: %q has %d bytes", c.Name, c.Type, got[j], len(got[j]))
				}
			}
		}
		spentGo += time.Since(began)
	}
	t.Logf("%d rows of %d columns: %s in SQL, %s in Go", n, len(def.Columns), spentSQL.Round(time.Millisecond), spentGo.Round(time.Millisecond))
}

func show(v []byte) string {
	if v == nil {
		return "NULL"
	}
	return string(v)
}
