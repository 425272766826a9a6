package mask_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os/exec"
	"strings"
	"testing"

	"github.com/sealift/sealift/internal/mask"
	"github.com/sealift/sealift/internal/redshift"
	"github.com/sealift/sealift/internal/secret"
)

// openssl is what the command answers, without its label.
func openssl(tb testing.TB, input string, args ...string) string {
	tb.Helper()
	cmd := exec.CommandContext(tb.Context(), "openssl", args...)
	cmd.Stdin = strings.NewReader(input)
	out, err := cmd.CombinedOutput()
	if err != nil {
		tb.Fatalf("openssl %q: %v: %s", args, err, out)
	}
	fields := strings.Fields(string(out))
	return fields[len(fields)-1]
}

// TestKeysAndHash computes keys and hashes with the openssl command.
func TestKeysAndHash(t *testing.T) {
	var master []byte
	for i := range mask.MasterKeyBytes {
		master = append(master, byte(i))
	}
	derive := func(which string) string {
		return openssl(t, "sealift/mask/v1/"+which+"/dev/2026-11", "dgst", "-sha256", "-mac", "HMAC", "-macopt", "hexkey:"+hex.EncodeToString(master))
	}
	k := keys(t, "dev", "2026-11")
	k1, k2 := derive("1"), derive("2")
	if k.K1.Reveal() != k1 || k.K2.Reveal() != k2 {
		t.Fatalf("the keys are not those of openssl: %s, %s", k1, k2)
	}
	def := define(t, "s.t", "v varchar(200)", "h varchar(64)")
	table := newTable(t, def, map[string]mask.Use{
		"v": {Transformer: "passthrough"}, "h": {Transformer: "hash_hex", Domain: "a_1.b", Entity: "v"},
	}, nil)
	m, err := table.Masker(k)
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range []string{"", "a", "ada@example.org", "é漢😀", strings.Repeat("x", 55), strings.Repeat("y", 200), ":"} {
		inner := openssl(t, k1+"a_1.b:"+v, "dgst", "-sha256")
		want := openssl(t, k2+inner, "dgst", "-sha256")
		got, err := m.Row([][]byte{[]byte(v), []byte("x")})
		if err != nil || string(got[1]) != want {
			t.Errorf("H of %q is %s, %v; openssl says %s", v, got[1], err, want)
		}
	}
}

// TestKeysOfTheirOwn: each of environment, epoch and master key makes other keys.
func TestKeysOfTheirOwn(t *testing.T) {
	seen := make(map[string]bool)
	for _, of := range [][2]string{{"dev", "1"}, {"dev", "2"}, {"test", "1"}, {"de", "v1"}} {
		k := keys(t, of[0], of[1])
		for _, text := range []string{k.K1.Reveal(), k.K2.Reveal()} {
			if seen[text] || len(text) != 64 {
				t.Errorf("%q: %d characters, or seen before", of, len(text))
			}
			seen[text] = true
		}
	}
	master := secret.New(strings.Repeat("m", mask.MasterKeyBytes))
	for _, bad := range []struct {
		master             secret.Value
		environment, epoch string
		want               string
	}{
		{secret.New("short"), "dev", "1", "5 bytes, not 32"},
		{secret.Value{}, "dev", "1", "0 bytes"},
		{master, "", "1", "environment is empty"},
		{master, "dev", "", "epoch is empty"},
		{master, "dev/1", "1", "slash"},
	} {
		if _, err := mask.Derive(bad.master, bad.environment, bad.epoch); err == nil || !strings.Contains(err.Error(), bad.want) {
			t.Errorf("%q, %q: %v", bad.environment, bad.epoch, err)
		}
	}
	if text := fmt.Sprintf("%v %+v %#v", keys(t, "dev", "1"), keys(t, "dev", "1"), keys(t, "dev", "1")); strings.Contains(text, keys(t, "dev", "1").K1.Reveal()) {
		t.Errorf("keys are printed: %s", text)
	}
}

// TestCanonicalForms: equal values of different types hash alike, and in the text that is written down here.
func TestCanonicalForms(t *testing.T) {
	k := keys(t, "dev", "1")
	for _, c := range []struct{ typ, in, canonical string }{
		{"varchar(20)", "a  ", "a"},
		{"char(20)", "a                   ", "a"},
		{"varchar(20)", "  a", "  a"},
		{"varchar(20)", "Ä b", "Ä b"},
		{"varchar(20) ci", "AbÄ ", "abÄ"},
		{"varchar(20)", "", ""},
		{"smallint", "-7", "-7"},
		{"integer", "-7", "-7"},
		{"bigint", "-9223372036854775808", "-9223372036854775808"},
		{"numeric(12,0)", "-7", "-7"},
		{"numeric(12,2)", "1.5", "1.50"},
		{"numeric(38,10)", "-1234567890123456789012345678.0123456789", "-1234567890123456789012345678.0123456789"},
		{"boolean", "t", "true"},
		{"boolean", "f", "false"},
		{"date", "2026-01-02", "2026-01-02"},
		{"date", "0044-03-15 BC", "0044-03-15"},
		{"timestamp", "2026-01-02 03:04:05", "2026-01-02 03:04:05.000000"},
		{"timestamp", "2026-01-02 03:04:05.12", "2026-01-02 03:04:05.120000"},
		{"timestamptz", "2026-01-02 03:04:05.000001+00", "2026-01-02 03:04:05.000001"},
	} {
		def := define(t, "s.t", "id integer", "v "+c.typ, "h varchar(64)")
		m, err := newTable(t, def, map[string]mask.Use{
			"id": {Transformer: "passthrough"}, "v": {Transformer: "passthrough"}, "h": {Transformer: "hash_hex", Domain: "d", Entity: "v"},
		}, nil).Masker(k)
		if err != nil {
			t.Fatal(err)
		}
		row, err := m.Row([][]byte{nil, []byte(c.in), []byte("x")})
		if err != nil {
			t.Errorf("%s %q: %v", c.typ, c.in, err)
			continue
		}
		inner := sha256.Sum256([]byte(k.K1.Reveal() + "d:" + c.canonical))
		outer := sha256.Sum256([]byte(k.K2.Reveal() + hex.EncodeToString(inner[:])))
		if want := hex.EncodeToString(outer[:]); string(row[2]) != want {
			t.Errorf("%s %q is not hashed as %q", c.typ, c.in, c.canonical)
		}
	}
	for _, c := range []struct{ typ, in string }{
		{"varchar(20)", "a\xff"},
		{"varchar(20)", "a\x00b"},
		{"integer", "1.5"},
		{"integer", ""},
		{"bigint", "9223372036854775808"},
		{"numeric(12,2)", "1.505"},
		{"numeric(12,2)", "1e5"},
		{"boolean", "yes"},
		{"date", "2026-02-30"},
		{"date", "02/03/2026"},
		{"timestamp", "2026-01-02"},
		{"timestamptz", "2026-01-02 03:04:05+02"},
	} {
		def := define(t, "s.t", "v "+c.typ, "h varchar(64)")
		m, err := newTable(t, def, map[string]mask.Use{"v": {Transformer: "passthrough"}, "h": {Transformer: "hash_hex", Domain: "d", Entity: "v"}}, nil).Masker(k)
		if err != nil {
			t.Fatal(err)
		}
		_, err = m.Row([][]byte{[]byte(c.in), []byte("x")})
		if err == nil || !strings.Contains(err.Error(), "mask h of s.t") || c.in != "" && strings.Contains(err.Error(), c.in) {
			t.Errorf("%s %q: %v", c.typ, c.in, err)
		}
	}
}

// TestDictionaries: the built-in dictionaries are those that policies were written for. Another digest here means that
// every policy with that dictionary needs a new epoch.
func TestDictionaries(t *testing.T) {
	built := mask.BuiltIn()
	for name, want := range map[string]string{
		"first_name": "256 5af70ff5978cf78c1bec1bf14b62471409e88253ae80c4471a946b6044c3316b",
		"last_name":  "254 0ea8a2d564fbc4e8294b20a8695d30fb5e56cea78b9f18b2fa38907e5c892e03",
		"company":    "144 a485dddae78e6abe684176c956b6e821bcf465513791bfd17f35034365b3c842",
		"city":       "120 6fac36c08bcd0bcbcf721b87461ea853d6dff70ccba2e6f975e0232d140bc8da",
		"street":     "150 56bb21266134902bb8665adddb3c14fe7fc89540c8842b9994cea94acb97100d",
		"address":    "100 2fcc7b08008075ac2cca545ac64cbc8ee886fffb841d6237b16418edbd97ce9f",
	} {
		d := built[name]
		if d == nil {
			t.Errorf("there is no %s", name)
			continue
		}
		if got := fmt.Sprintf("%d %s", d.N(), d.SHA256()); got != want {
			t.Errorf("%q: %q,", name, got)
		}
	}
	if len(built) != 6 {
		t.Errorf("%d dictionaries", len(built))
	}
	for _, bad := range []struct {
		entries, fields []string
		want            string
	}{
		{[]string{"a"}, nil, "1 entries"},
		{[]string{"a", "b", "a"}, nil, "entries 1 and 3 are the same"},
		{[]string{"a", ""}, nil, "entry 2 is empty"},
		{[]string{"a", "b "}, nil, "entry 2"},
		{[]string{"a", "b|c"}, nil, "holds a bar"},
		{[]string{"a", "b\xff"}, nil, "not UTF-8"},
		{[]string{"a", "b\tc"}, nil, "entry 2 has 2 fields, not 1"},
		{[]string{"a\tb", "b"}, []string{"x", "y"}, "entry 2 has 1 fields, not 2"},
	} {
		if _, err := mask.NewDictionary("x", bad.entries, bad.fields...); err == nil || !strings.Contains(err.Error(), bad.want) {
			t.Errorf("%q: %v", bad.entries, err)
		}
	}
}

// TestNoKeyInText: the SQL refers to keys and never holds one; nor does a message.
func TestNoKeyInText(t *testing.T) {
	tw := newTwins(t, twinCases())
	def := tw.def
	table := newTable(t, def, tw.uses, tw.dictionaries)
	k := keys(t, "dev", "1")
	texts := [][]byte{[]byte(table.Query(redshift.Build("?", def.Table), redshift.SQL{}).String()), []byte(mask.CreateKeyTable().String())}
	for _, sql := range table.Prepare() {
		texts = append(texts, []byte(sql.String()))
	}
	for _, text := range texts {
		for _, s := range []secret.Value{k.K1, k.K2} {
			for at := 0; at+8 <= 64; at++ {
				if bytes.Contains(text, []byte(s.Reveal()[at:at+8])) {
					t.Fatalf("eight digits of a key are in %.100s", text)
				}
			}
		}
	}
}
