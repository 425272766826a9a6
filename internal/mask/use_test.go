package mask_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/sealift/sealift/internal/mask"
	"github.com/sealift/sealift/internal/redshift"
)

// paths are masks that keep what is at each of them.
func paths(all ...string) map[string]mask.Use {
	out := make(map[string]mask.Use)
	for _, p := range all {
		out[p] = mask.Use{Transformer: "passthrough"}
	}
	return out
}

// TestMistakes: what does not fit, or is not known, is an error that names the column, before anything is opened.
func TestMistakes(t *testing.T) {
	email := mask.Use{Transformer: "email", Domain: "e"}
	for _, c := range []struct {
		column string // with its type
		use    mask.Use
		want   string
	}{
		{"v varchar(60)", mask.Use{Transformer: "emial"}, `no transformer is called "emial"; do you mean email?`},
		{"v varchar(60)", mask.Use{}, "no transformer is named; there are passthrough, null"},
		{"v varchar(60)", mask.Use{Transformer: "email", Domain: "e", Options: opt{"keep_domian": true}}, `email has no option "keep_domian"; do you mean keep_domain?`},
		{"v varchar(60)", mask.Use{Transformer: "uuid", Domain: "e", Options: opt{"version": 4}}, `uuid has no option "version"; it has none`},
		{"v varchar(60)", mask.Use{Transformer: "email", Domain: "e", Options: opt{"keep_domain": "yes"}}, "option keep_domain of email: yes is not true or false"},
		{"v varchar(60)", mask.Use{Transformer: "email", Domain: "e", Options: opt{"length": 7}}, "7 is not within 8 and 62"},
		{"v varchar(60)", mask.Use{Transformer: "email", Domain: "e", Options: opt{"length": 8.5}}, "8.5 is not a whole number"},
		{"v varchar(60)", mask.Use{Transformer: "email", Domain: "e", Options: opt{"at": "a@b"}}, `"a@b" is not a domain`},
		{"v varchar(60)", mask.Use{Transformer: "email"}, "email needs a consistency domain"},
		{"v varchar(60)", mask.Use{Transformer: "email", Domain: "E:mail"}, `consistency domain "E:mail"`},
		{"v varchar(28)", email, "an address has up to 29 bytes and does not fit VARCHAR(28)"},
		{"v integer", email, "email does not take INTEGER; it takes text"},
		{"v varchar(60) not null", mask.Use{Transformer: "null"}, "the column is NOT NULL"},
		{"v varchar(3)", mask.Use{Transformer: "constant", Options: opt{"value": "äöü"}}, "it has up to 6 bytes and does not fit VARCHAR(3)"},
		{"v char(9)", mask.Use{Transformer: "constant", Options: opt{"value": "äöü"}}, "ASCII only"},
		{"v smallint", mask.Use{Transformer: "constant", Options: opt{"value": 32768}}, "not a whole number"},
		{"v numeric(4,2)", mask.Use{Transformer: "constant", Options: opt{"value": "100.00"}}, "precision and scale"},
		{"v date", mask.Use{Transformer: "constant", Options: opt{"value": "tomorrow"}}, "not a date"},
		{"v varchar(3)", mask.Use{Transformer: "constant"}, "constant needs a value"},
		{"v varchar(31)", mask.Use{Transformer: "hash_hex", Domain: "h", Options: opt{"length": 32}}, "the hash has up to 32 bytes"},
		{"v real", mask.Use{Transformer: "hash_int", Domain: "h"}, "hash_int does not take REAL"},
		{"v varchar(64)", mask.Use{Transformer: "hash_hex", Domain: "h", Entity: "f"}, "its entity f: DOUBLE PRECISION cannot be hashed: the text of a float"},
		{"v varchar(64)", mask.Use{Transformer: "hash_hex", Domain: "h", Entity: "ff"}, `its entity: the table has no column "ff"; do you mean f?`},
		{"v varchar(64) not null", mask.Use{Transformer: "hash_hex", Domain: "h", Entity: "owner"}, "the column is NOT NULL, its entity owner is not"},
		{"v super", mask.Use{Transformer: "hash_hex", Domain: "h"}, "hash_hex does not take SUPER"},
		{"v varchar(60)", mask.Use{Transformer: "free_text_redact"}, "free_text_redact cannot be part of a query: names and places in running text are found by models"},
		{"v varchar(60)", mask.Use{Transformer: "plugin"}, "plugin cannot be part of a query"},
		{"v varchar(60)", mask.Use{Transformer: "expr"}, "option sql of expr: there is none"},
		{"v varchar(60)", mask.Use{Transformer: "expr", Options: opt{"sql": "random()"}}, "option sql of expr: function random is not one of those that tell the same of the same row"},
		{"v varchar(60)", mask.Use{Transformer: "expr", Options: opt{"sql": "lower(onwer)"}}, `option sql of expr: s.t has no column "onwer"; do you mean owner?`},
		{"v varchar(60)", mask.Use{Transformer: "expr", Entity: "id", Options: opt{"sql": "v"}}, "expr goes by what its expression names; it takes no entity"},
		{"v varchar(65532)", mask.Use{Transformer: "expr", Options: opt{"sql": "v"}}, "longer than VARCHAR(65532) could not be told; up to VARCHAR(65531) it can"},
		{"v super", mask.Use{Transformer: "expr", Options: opt{"sql": "v"}}, "expr does not take SUPER"},
		{"v super", mask.Use{Transformer: "super_paths", Paths: map[string]mask.Use{"a": {Transformer: "expr", Options: opt{"sql": "id"}}}}, "path a: expr takes the place of a column, not of a part of one"},
		{"v integer", mask.Use{Transformer: "regex_replace", Options: opt{"patterns": []any{"digits"}}}, "regex_replace does not take INTEGER; it takes text"},
		{"v varchar(60)", mask.Use{Transformer: "regex_replace"}, "option patterns of regex_replace: there is none; there are email, url"},
		{"v varchar(60)", mask.Use{Transformer: "regex_replace", Options: opt{"patterns": []any{"e-mail", "a|b"}}}, `"e-mail" is not one of those on which all engines agree; do you mean email?`},
		{"v varchar(60)", mask.Use{Transformer: "regex_replace", Options: opt{"patterns": []any{"email"}, "with": `\1`}}, `option with of regex_replace: "\\1" holds what is not printable ASCII, or one of`},
		{"v varchar(6)", mask.Use{Transformer: "regex_replace", Options: opt{"patterns": []any{"email"}, "with": "x@x.com"}}, "what stands in place of a match has up to 7 bytes and does not fit VARCHAR(6)"},
		{"v varchar(65535)", mask.Use{Transformer: "regex_replace", Options: opt{"patterns": []any{"email"}, "with": "x@x.com"}}, "which is more than a warehouse computes with; 3 stars would do"},
		{"v varchar(60)", mask.Use{Transformer: "super_paths", Paths: paths("a")}, "super_paths does not take VARCHAR(60); it takes SUPER"},
		{"v super", mask.Use{Transformer: "super_paths"}, "super_paths needs paths; for nothing of the object, use null"},
		{"v super", mask.Use{Transformer: "null", Paths: paths("a")}, "null has no paths; super_paths has"},
		{"v super", mask.Use{Transformer: "super_paths", Paths: paths("Name")}, `path "Name": attributes are named by a-z, 0-9 and underscores`},
		{"v super", mask.Use{Transformer: "super_paths", Paths: paths("items.0")}, `path "items.0": attributes are named by`},
		{"v super", mask.Use{Transformer: "super_paths", Paths: paths(`a"."b`)}, `attributes are named by`},
		{"v super", mask.Use{Transformer: "super_paths", Paths: paths("a", "a.b")}, "path a.b lies within path a, which has a mask of its own"},
		{"v super", mask.Use{Transformer: "super_paths", Paths: map[string]mask.Use{"a.b": {Transformer: "date_shift", Domain: "d"}}}, "path a.b: date_shift does not take VARCHAR(65535)"},
		{"v smallint", mask.Use{Transformer: "hash_int", Domain: "h", Options: opt{"hi": 40000}}, "40000 is not within"},
		{"v bigint", mask.Use{Transformer: "hash_int", Domain: "h", Options: opt{"lo": 5, "hi": 5}}, "there are not 2 to 2^50 numbers"},
		{"v varchar(35)", mask.Use{Transformer: "uuid", Domain: "u"}, "a UUID has up to 36 bytes"},
		{"v smallint", mask.Use{Transformer: "permute_int", Domain: "p", Options: opt{"digits": 6}}, "can give more than SMALLINT holds"},
		{"v integer", mask.Use{Transformer: "permute_int", Domain: "p", Options: opt{"digits": 10}}, "can give more than INTEGER holds"},
		{"v bigint", mask.Use{Transformer: "permute_int", Domain: "p", Options: opt{"digits": 5}}, "5 is not within 6 and 18"},
		{"v bigint", mask.Use{Transformer: "permute_int", Domain: "p", Options: opt{"sides": []any{100, 100}}}, "product is at least 1000000"},
		{"v bigint", mask.Use{Transformer: "permute_int", Domain: "p", Entity: "id"}, "it takes no entity"},
		{"v numeric(12,2)", mask.Use{Transformer: "permute_int", Domain: "p"}, "has decimal places"},
		{"v varchar(7)", mask.Use{Transformer: "fpe_digits", Domain: "f", Options: opt{"keep_prefix": 2}}, "what is kept, and 6 digits, has up to 8 bytes"},
		{"v varchar(60)", mask.Use{Transformer: "ff1", Domain: "f", Options: opt{"alphabet": "aab"}}, "not of different printable"},
		{"v varchar(8)", mask.Use{Transformer: "first_name", Domain: "n"}, "what comes out has up to 9 bytes"},
		{"v varchar(60)", mask.Use{Transformer: "first_name", Domain: "n", Options: opt{"dictionary": "frist_name"}}, `no dictionary is called "frist_name"; do you mean first_name?`},
		{"v char(60)", mask.Use{Transformer: "dictionary", Domain: "n", Options: opt{"name": "accents"}}, "dictionary accents holds \"é\", and CHAR(60) holds ASCII only"},
		{"v varchar(60)", mask.Use{Transformer: "address_tuple", Domain: "n", Options: opt{"part": "zip"}}, "address_tuple needs an entity"},
		{"v varchar(60)", mask.Use{Transformer: "address_tuple", Domain: "n", Entity: "id", Options: opt{"part": "country"}}, `no part "country"; it has street, city, state, zip`},
		{"v varchar(60)", mask.Use{Transformer: "address_tuple", Domain: "n", Entity: "id", Options: opt{"part": "city", "dictionary": "city"}}, `dictionary city has no part "city"`},
		{"v varchar(60)", mask.Use{Transformer: "card", Domain: "c", Options: opt{"prefix": "41111"}}, `"41111" is not 6 digits`},
		{"v varchar(60)", mask.Use{Transformer: "iban", Domain: "c", Options: opt{"country": "GB"}}, `"GB" is none whose account numbers are digits only`},
		{"v varchar(60)", mask.Use{Transformer: "ssn", Domain: "c", Options: opt{"mode": "formta"}}, "do you mean format?"},
		{"v date", mask.Use{Transformer: "date_shift", Domain: "c"}, "it needs an entity"},
		{"v timestamp", mask.Use{Transformer: "date_shift", Domain: "c", Entity: "id"}, "date_shift does not take TIMESTAMP; it takes date"},
		{"v date", mask.Use{Transformer: "age_cap"}, "needs the year"},
		{"v double precision", mask.Use{Transformer: "num_noise", Domain: "c"}, "twins of floats are not known to agree"},
		{"v real", mask.Use{Transformer: "geo_round"}, "twins of floats are not known to agree"},
		{"v numeric(30,2)", mask.Use{Transformer: "num_noise", Domain: "c"}, "more than 38"},
		{"v numeric(12,2)", mask.Use{Transformer: "round", Options: opt{"digits": 2}}, "leaves it as it is"},
		{"v numeric(12,2)", mask.Use{Transformer: "round", Options: opt{"digits": -10}}, "leaves nothing"},
		{"v varchar(2)", mask.Use{Transformer: "category", Domain: "c", Options: opt{"values": []any{"a"}}}, "there are 1; it takes 2"},
		{"v varchar(2)", mask.Use{Transformer: "category", Domain: "c", Options: opt{"values": []any{"a", "b"}, "weights": []any{1}}}, "there are 1 for 2 values"},
		{"v varchar(2)", mask.Use{Transformer: "category", Domain: "c", Options: opt{"values": []any{"a", "bcd"}}}, "does not fit VARCHAR(2)"},
		{"v varchar(9)", mask.Use{Transformer: "shuffle_column", Domain: "c"}, "needs an entity"},
		{"v varchar(9)", mask.Use{Transformer: "shuffle_column", Domain: "c", Entity: "owner"}, "owner, which is no key"},
		{"v varchar(9)", mask.Use{Transformer: "keep_mask", Options: opt{"char": "é"}}, "not one printable ASCII character"},
		{"v varchar(9)", mask.Use{Transformer: "null", When: "owner = 1"}, "not what happens to rows that do not meet it"},
		{"v varchar(9)", mask.Use{Transformer: "null", Else: &mask.Use{Transformer: "passthrough"}}, "but not when"},
		{"v varchar(9)", mask.Use{Transformer: "null", When: "ownr = 1", Else: &mask.Use{Transformer: "passthrough"}}, `has no column "ownr"; do you mean owner?`},
		{"v varchar(9)", mask.Use{Transformer: "null", When: "owner = 1", Else: &email}, "otherwise: an address has up to 29 bytes"},
	} {
		dictionaries := mask.BuiltIn()
		d, err := mask.NewDictionary("accents", []string{"e", "é"})
		if err != nil {
			t.Fatal(err)
		}
		dictionaries["accents"] = d
		def := define(t, "s.t", "id integer not null", "owner integer", "f double precision", c.column)
		pass := mask.Use{Transformer: "passthrough"}
		_, err = mask.New(def, map[string]mask.Use{"id": pass, "owner": pass, "f": pass, "v": c.use}, dictionaries)
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "mask v of s.t: ") {
			t.Errorf("%v of %s: %v, want %q", c.use, c.column, err, c.want)
		}
	}
}

// TestEveryColumn: each column has its mask, and each mask its column; all mistakes are told at once.
func TestEveryColumn(t *testing.T) {
	def := define(t, "s.t", "id integer not null", "name varchar(60)", "note varchar(60)")
	_, err := mask.New(def, map[string]mask.Use{"id": {Transformer: "passthrough"}, "nmae": {Transformer: "full_name"}, "note": {Transformer: "nul"}}, mask.BuiltIn())
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{
		`mask name of s.t: nothing says what becomes of it`, `mask nmae of s.t: the table has no such column; do you mean name?`, `mask note of s.t: no transformer is called "nul"; do you mean null?`,
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
	def.Columns[2].Type.Name = "oidvector"
	if _, err := mask.New(def, map[string]mask.Use{"id": {Transformer: "passthrough"}, "name": {Transformer: "null"}, "note": {Transformer: "null"}}, nil); err == nil || !strings.Contains(err.Error(), "type oidvector is not known") {
		t.Errorf("a type that is not known: %v", err)
	}
	if e, ok := errors.AsType[*mask.Error](err); !ok || e.Column != "name" || e.Table != def.Table {
		t.Errorf("the first is %+v", e)
	}
}

// TestKeysOfTables: what is not unique any more cannot stand in a key.
func TestKeysOfTables(t *testing.T) {
	for _, c := range []struct {
		typ  string
		use  mask.Use
		rows int64
		want string // "" is no error
		note string
	}{
		{"varchar(60)", mask.Use{Transformer: "full_name", Domain: "n"}, 0, "it is a key, and full_name makes one value of many; fpe_digits, uuid or a longer hash_hex keeps", ""},
		{"varchar(60)", mask.Use{Transformer: "hash_hex", Domain: "n", Options: opt{"length": 16}}, 1e9, "0.03 pairs are expected to meet", ""},
		{"varchar(60)", mask.Use{Transformer: "hash_hex", Domain: "n", Options: opt{"length": 16}}, 1e6, "", "10^-8 pairs"},
		{"varchar(60)", mask.Use{Transformer: "uuid", Domain: "n"}, 1e9, "", "10^-20 pairs"},
		{"bigint", mask.Use{Transformer: "hash_int", Domain: "n"}, 1e7, "permute_int keeps values different", ""},
		{"varchar(20)", mask.Use{Transformer: "phone", Domain: "n"}, 1e6, "phone may make one value of two", ""},
		{"bigint", mask.Use{Transformer: "permute_int", Domain: "n"}, 1e6, "", "values must be from 0 to 999999999"},
		{"bigint", mask.Use{Transformer: "passthrough", When: "id > 5", Else: &mask.Use{Transformer: "permute_int", Domain: "n"}}, 1e6, "it is a key, and passthrough makes one value of many", ""},
	} {
		def := define(t, "s.t", "id "+c.typ+" not null")
		def.EstimatedRows = c.rows
		table, err := mask.New(def, map[string]mask.Use{"id": c.use}, mask.BuiltIn())
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v: %v, want %q", c.use, err, c.want)
		}
		if err == nil && !strings.Contains(fmt.Sprint(table.Notes(nil)), c.note) {
			t.Errorf("%v: %v, want %q", c.use, table.Notes(nil), c.note)
		}
	}
	def := define(t, "s.t", "id integer not null", "code varchar(60) not null")
	def.PrimaryKey.Columns = append(def.PrimaryKey.Columns, def.Columns[1].Name)
	table := newTable(t, def, map[string]mask.Use{"id": {Transformer: "passthrough"}, "code": {Transformer: "city", Domain: "c"}}, mask.BuiltIn())
	if notes := fmt.Sprint(table.Notes(nil)); !strings.Contains(notes, "part of a key") {
		t.Errorf("of a key of two columns: %s", notes)
	}
}

// TestHashedUse: what hashes a column of any type fits it.
func TestHashedUse(t *testing.T) {
	for typ, want := range map[string]string{
		"varchar(5)": "hash_hex", "char(1)": "hash_hex", "smallint": "hash_int", "bigint": "hash_int", "numeric(12,0)": "hash_int", "numeric(1,0)": "null",
		"numeric(12,2)": "null", "real": "null", "date": "null", "boolean": "null", "super": "null", "time": "null",
	} {
		for _, notNull := range []string{"", " not null"} {
			def := define(t, "s.t", "id integer not null", "v "+typ+notNull)
			use, ok := mask.HashedUse(def.Columns[1], "d")
			if use.Transformer != want || ok != (want != "null" || notNull == "") {
				t.Errorf("%s%s: %s, %v", typ, notNull, use.Transformer, ok)
			}
			if ok {
				newTable(t, def, map[string]mask.Use{"id": {Transformer: "passthrough"}, "v": use}, nil)
			}
		}
	}
}

// TestOdds are the examples of the definition: rows^2 / 2^(4n+1).
func TestOdds(t *testing.T) {
	for _, c := range []struct {
		digits int
		rows   int64
		want   string
	}{{16, 1e9, "0.03 pairs"}, {12, 1e8, "about 18 pairs"}, {64, 0, "among 1000000 values, 10^-66 pairs"}} {
		def := define(t, "s.t", "id integer not null", "v varchar(64)")
		def.EstimatedRows = c.rows
		notes := newTable(t, def, map[string]mask.Use{"id": {Transformer: "passthrough"}, "v": {Transformer: "hash_hex", Domain: "v", Options: opt{"length": c.digits}}}, nil).Notes(nil)
		if !strings.Contains(fmt.Sprint(notes), c.want) {
			t.Errorf("%d digits, %d rows: %v", c.digits, c.rows, notes)
		}
	}
}

// TestDomains: columns of a domain must be of one canonical form, and permutations in it of one set. Widths do not matter.
func TestDomains(t *testing.T) {
	table := func(name, column string, use mask.Use) *mask.Table {
		return newTable(t, define(t, name, "id integer not null", column), map[string]mask.Use{"id": {Transformer: "passthrough"}, "v": use}, nil)
	}
	hash := mask.Use{Transformer: "hash_int", Domain: "d"}
	hex := mask.Use{Transformer: "hash_hex", Domain: "d"}
	permute := func(digits int) mask.Use {
		return mask.Use{Transformer: "permute_int", Domain: "d", Options: opt{"digits": digits}}
	}
	for _, c := range []struct {
		a, b *mask.Table
		want string
	}{
		{table("s.a", "v integer", hash), table("s.b", "v bigint", hash), ""},
		{table("s.a", "v integer", hash), table("s.b", "v numeric(12,0)", hash), ""},
		{table("s.a", "v varchar(64)", hex), table("s.b", "v char(64)", hex), ""},
		{table("s.a", "v varchar(64)", hex), table("s.b", "v varchar(64) ci", hex), "mask v of s.b: domain d is of text without case here and of text for v of s.a"},
		{table("s.a", "v varchar(64)", hex), table("s.b", "v bigint", hash), "domain d is of whole number here and of text for v of s.a"},
		{table("s.a", "v bigint", permute(9)), table("s.b", "v integer", permute(9)), ""},
		{table("s.a", "v bigint", permute(9)), table("s.b", "v bigint", permute(12)), "domain d is of numbers below 1000000*1000000 here and of numbers below 10000*100000 for v of s.a"},
		{table("s.a", "v bigint", permute(9)), table("s.b", "v varchar(64)", hex), "domain d is of text here and of whole number"},
	} {
		err := mask.CheckDomains(c.a, c.b)
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v, want %q", err, c.want)
		}
	}
	if d, err := mask.DefaultDomain(define(t, "sales.orders", "id integer").Table, define(t, "s.t", "customer_id integer").Columns[0].Name); err != nil || d != "sales.orders.customer_id" {
		t.Errorf("the domain of a column by its name: %s, %v", d, err)
	}
	if d, err := mask.DefaultDomain(define(t, `s."Odd t"`, "id integer").Table, define(t, "s.t", "id integer").Columns[0].Name); err == nil {
		t.Errorf("the domain of an odd name: %s", d)
	}
}

// TestCollated: in a database that compares without case, values that it holds equal come out equal.
func TestCollated(t *testing.T) {
	def := define(t, "s.t", "id integer not null", "v varchar(64)", "w varchar(64)")
	def.Columns[2].Collate = "case_sensitive"
	for collation, want := range map[string][2]bool{"case_sensitive": {false, false}, "case_insensitive": {true, false}} {
		hash := mask.Use{Transformer: "hash_hex", Domain: "d"}
		m, err := newTable(t, mask.Collated(def, collation), map[string]mask.Use{"id": {Transformer: "passthrough"}, "v": hash, "w": hash}, nil).Masker(keys(t, "dev", "1"))
		if err != nil {
			t.Fatal(err)
		}
		var out [2][2]string
		for i, v := range []string{"Ada", "aDA"} {
			row, err := m.Row([][]byte{nil, []byte(v), []byte(v)})
			if err != nil {
				t.Fatal(err)
			}
			out[0][i], out[1][i] = string(row[1]), string(row[2])
		}
		if got := [2]bool{out[0][0] == out[0][1], out[1][0] == out[1][1]}; got != want {
			t.Errorf("%s: Ada and aDA are equal %v, want %v", collation, got, want)
		}
	}
	if def.Columns[1].Collate != "" {
		t.Error("the definition itself has changed")
	}
}

// TestJoin: foreign keys of other widths still find their rows, in SQL and after it.
func TestJoin(t *testing.T) {
	parent := define(t, "joined.customers", "id bigint not null", "code char(12)", "email varchar(60)")
	child := define(t, "joined.orders", "id integer not null", "customer integer", "code varchar(40)", "boss integer")
	id := mask.Use{Transformer: "permute_int", Domain: "customers.id", Options: opt{"digits": 9}}
	code := mask.Use{Transformer: "hash_hex", Domain: "code", Options: opt{"length": 12}}
	k := keys(t, "dev", "1")
	w := session(t, k)
	w.exec("CREATE SCHEMA joined")
	for _, def := range []*redshift.TableDef{parent, child} {
		w.exec(def.CreateTable(def.Table, redshift.CreateOptions{}).String())
	}
	w.exec("INSERT INTO joined.customers SELECT n * 1009, 'code ' || n, 'c' || n || '@example.org' FROM generate_series(1, 500) n")
	w.exec("INSERT INTO joined.orders SELECT n, (n % 500 + 1) * 1009, 'code ' || (n % 500 + 1) || '  ', n / 2 FROM generate_series(1, 2000) n")
	customers := newTable(t, parent, map[string]mask.Use{"id": id, "code": code, "email": {Transformer: "email", Domain: "e"}}, nil)
	own := mask.Use{Transformer: "permute_int", Domain: "orders.id"}
	orders := newTable(t, child, map[string]mask.Use{"id": own, "customer": id, "code": code, "boss": own}, nil)
	if err := mask.CheckDomains(customers, orders); err != nil {
		t.Fatal(err)
	}
	c := customers.Query(redshift.Build("?", parent.Table), redshift.SQL{})
	o := orders.Query(redshift.Build("?", child.Table), redshift.SQL{})
	for want, query := range map[string]redshift.SQL{
		"2000": redshift.Build("SELECT COUNT(*) FROM (?) o JOIN (?) c ON c.id = o.customer AND c.code = o.code", o, c),
		"1999": redshift.Build("SELECT COUNT(*) FROM (?) o JOIN (?) b ON b.id = o.boss", o, o),
		"0":    redshift.Build("SELECT COUNT(*) FROM (?) c JOIN joined.customers p ON p.email = c.email OR p.id = c.id AND p.code = c.code", c),
	} {
		if got := string(w.rows(query.String())[0][0]); got != want {
			t.Errorf("%s rows join, want %s", got, want)
		}
	}
	// A table named like the query's own parts, filtered by a column that the key table has too.
	odd := define(t, "joined.m", "c1 integer not null", "k1 varchar(40)", "h1 varchar(64)")
	w.exec(odd.CreateTable(odd.Table, redshift.CreateOptions{}).String())
	w.exec("INSERT INTO joined.m VALUES (1, 'a', 'x'), (2, 'b', 'y')")
	m := newTable(t, odd, map[string]mask.Use{"c1": own, "k1": code, "h1": {Transformer: "hash_hex", Domain: "h", When: "k1 = 'a'", Else: &mask.Use{Transformer: "null"}}}, nil)
	if rows := w.rows(m.Query(redshift.Build("?", odd.Table), redshift.Build("k1 = 'a'")).String()); len(rows) != 1 || len(rows[0][2]) != 64 {
		t.Errorf("%q", rows)
	}
}

// TestRefusedValues: a value that a mask cannot take stops the query, and does not stand in the message.
func TestRefusedValues(t *testing.T) {
	k := keys(t, "dev", "1")
	w := session(t, k)
	for _, c := range []struct {
		typ, in string
		use     mask.Use
		want    string
	}{
		{"bigint", "1000000007", mask.Use{Transformer: "permute_int", Domain: "p"}, "permute_int"},
		{"bigint", "-1000007", mask.Use{Transformer: "permute_int", Domain: "p"}, "permute_int"},
		{"varchar(40)", "31415", mask.Use{Transformer: "fpe_digits", Domain: "p"}, "fpe_digits"},
		{"varchar(40)", "3141592653589793238", mask.Use{Transformer: "fpe_digits", Domain: "p"}, "fpe_digits"},
		{"varchar(40)", "31415x92653", mask.Use{Transformer: "fpe_digits", Domain: "p"}, "fpe_digits"},
		{"varchar(40)", "314159", mask.Use{Transformer: "fpe_digits", Domain: "p", Options: opt{"keep_suffix": 1}}, "fpe_digits"},
		{"numeric(5,2)", "999.99", mask.Use{Transformer: "round"}, ""},
		{"smallint", "-32768", mask.Use{Transformer: "bucket"}, ""},
	} {
		def := define(t, "s.t", "id integer not null", "v "+c.typ)
		table := newTable(t, def, map[string]mask.Use{"id": {Transformer: "passthrough"}, "v": c.use}, nil)
		from := redshift.Build("(SELECT 1 AS id, CAST(? AS ?) AS v) t", redshift.Lit(c.in), def.Columns[1].Type)
		_, err := w.try(table.Query(from, redshift.SQL{}).String())
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), c.in) {
			t.Errorf("%v of %s in SQL: %v", c.use, c.in, err)
		}
		m, err := table.Masker(k)
		if err != nil {
			t.Fatal(err)
		}
		if _, err = m.Row([][]byte{[]byte("1"), []byte(c.in)}); err == nil || strings.Contains(err.Error(), c.in) {
			t.Errorf("%v of %s in Go: %v", c.use, c.in, err)
		}
	}
}

// TestPushdown: what has no SQL says so, and why.
func TestPushdown(t *testing.T) {
	def := define(t, "s.t", "id integer not null", "v varchar(100)")
	for _, use := range []mask.Use{{Transformer: "ff1", Domain: "f"}, {Transformer: "scramble", Domain: "f"}} {
		table := newTable(t, def, map[string]mask.Use{"id": {Transformer: "passthrough"}, "v": use}, nil)
		if err := table.Pushdown(); err == nil || !strings.Contains(err.Error(), "mask v of s.t: "+use.Transformer+" cannot be pushed down") {
			t.Errorf("%v: %v", use, err)
		}
	}
	for _, info := range mask.Transformers() {
		if info.Summary == "" || info.Class == "" || info.Privacy == 0 || !info.Pushdown && !info.GoTwin {
			t.Errorf("%s: %+v", info.Name, info)
		}
	}
}

// BenchmarkPlan: masks of 1,000 tables of 50 columns are made and written well below two seconds.
func BenchmarkPlan(b *testing.B) {
	columns := []string{"id bigint not null"}
	uses := map[string]mask.Use{"id": {Transformer: "permute_int", Domain: "id"}}
	for i := 1; i < 50; i++ {
		name := fmt.Sprintf("c%d", i)
		switch i % 5 {
		case 0:
			columns, uses[name] = append(columns, name+" varchar(60)"), mask.Use{Transformer: "email", Domain: "e"}
		case 1:
			columns, uses[name] = append(columns, name+" varchar(60)"), mask.Use{Transformer: "full_name", Domain: "n", Entity: "id"}
		case 2:
			columns, uses[name] = append(columns, name+" date"), mask.Use{Transformer: "date_shift", Domain: "id", Entity: "id"}
		case 3:
			columns, uses[name] = append(columns, name+" varchar(20)"), mask.Use{Transformer: "card", Domain: "c"}
		default:
			columns, uses[name] = append(columns, name+" integer"), mask.Use{Transformer: "passthrough"}
		}
	}
	def := define(b, "s.t", columns...)
	dictionaries := mask.BuiltIn()
	for b.Loop() {
		for range 1000 {
			newTable(b, def, uses, dictionaries).Query(redshift.Build("?", def.Table), redshift.SQL{})
		}
	}
	b.ReportMetric(b.Elapsed().Seconds()/float64(b.N), "s/1000tables")
}
