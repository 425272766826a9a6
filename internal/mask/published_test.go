package mask_test

import (
	"encoding/hex"
	"fmt"
	"math/big"
	"regexp"
	"strings"
	"testing"

	"github.com/sealift/sealift/internal/mask"
)

// TestFF1Vectors are the samples that NIST publishes with SP 800-38G.
func TestFF1Vectors(t *testing.T) {
	const (
		key128  = "2B7E151628AED2A6ABF7158809CF4F3C"
		key192  = key128 + "EF4359D8D580AA4F"
		key256  = key192 + "7F036D6F04FC6A94"
		digits  = "0123456789"
		letters = digits + "abcdefghijklmnopqrstuvwxyz"
		ten     = "39383736353433323130"
		eleven  = "3737373770717273373737"
		short   = "0123456789"
		long    = "0123456789abcdefghi"
	)
	for i, v := range []struct{ key, tweak, alphabet, plain, cipher string }{
		{key128, "", digits, short, "2433477484"},
		{key128, ten, digits, short, "6124200773"},
		{key128, eleven, letters, long, "a9tv40mll9kdu509eum"},
		{key192, "", digits, short, "2830668132"},
		{key192, ten, digits, short, "2496655549"},
		{key192, eleven, letters, long, "xbj3kv35jrawxv32ysr"},
		{key256, "", digits, short, "6657667009"},
		{key256, ten, digits, short, "1001623463"},
		{key256, eleven, letters, long, "xs8a0azh2avyalyzuwd"},
	} {
		key, err1 := hex.DecodeString(v.key)
		tweak, err2 := hex.DecodeString(v.tweak)
		if err1 != nil || err2 != nil {
			t.Fatal(err1, err2)
		}
		got, err := mask.FF1(key, tweak, v.alphabet, v.plain)
		if err != nil || got != v.cipher {
			t.Errorf("sample %d: %s, %v; NIST has %s", i+1, got, err, v.cipher)
		}
	}
}

// luhn is Luhn's check of ISO/IEC 7812-1, written for this test.
func luhn(number string) bool {
	sum := 0
	for i := range len(number) {
		d := int(number[len(number)-1-i] - '0')
		if i%2 == 1 {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	return sum%10 == 0
}

// mod97 is the check of ISO 13616 with big numbers.
func mod97(iban string) bool {
	var b strings.Builder
	for _, c := range iban[4:] + iban[:4] {
		if c >= 'A' {
			fmt.Fprint(&b, c-'A'+10)
		} else {
			b.WriteRune(c)
		}
	}
	n, ok := new(big.Int).SetString(b.String(), 10)
	return ok && new(big.Int).Mod(n, big.NewInt(97)).Int64() == 1
}

// masked gives what a text becomes, by a mask of a column of that type.
func masked(tb testing.TB, typ string, use mask.Use) func(string) string {
	tb.Helper()
	m, err := newTable(tb, define(tb, "s.t", "id bigint not null", "v "+typ), map[string]mask.Use{
		"id": {Transformer: "passthrough"}, "v": use,
	}, mask.BuiltIn()).Masker(keys(tb, "dev", "1"))
	if err != nil {
		tb.Fatal(err)
	}
	return func(v string) string {
		row, err := m.Row([][]byte{[]byte("1"), []byte(v)})
		if err != nil {
			tb.Fatalf("%q: %v", v, err)
		}
		return string(row[1])
	}
}

// TestCheckDigits: cards pass Luhn's check, and IBANs that of ISO 13616, as published numbers do.
func TestCheckDigits(t *testing.T) {
	for _, published := range []string{"4111111111111111", "5555555555554444", "378282246310005", "79927398713"} {
		if !luhn(published) || luhn(published[:len(published)-1]+string('0'+(published[len(published)-1]-'0'+1)%10)) {
			t.Errorf("the check of this test is wrong about %s", published)
		}
	}
	for _, published := range []string{"DE89370400440532013000", "GB82WEST12345698765432", "NO9386011117947", "HU42117730161111101800000000"} {
		if !mod97(published) || mod97(published[:len(published)-1]+string('0'+(published[len(published)-1]-'0'+1)%10)) {
			t.Errorf("the check of this test is wrong about %s", published)
		}
	}
	card := masked(t, "varchar(19)", mask.Use{Transformer: "card", Domain: "c"})
	last4 := masked(t, "varchar(19)", mask.Use{Transformer: "card", Domain: "c", Options: opt{"keep_last4": true, "prefix": "400000"}})
	ssn := masked(t, "varchar(11)", mask.Use{Transformer: "ssn", Domain: "s"})
	uuid := masked(t, "varchar(36)", mask.Use{Transformer: "uuid", Domain: "u"})
	neverIssued := regexp.MustCompile(`^9[0-9]{2}-(0[1-9]|[1-9][0-9])-([0-9]{3}[1-9]|[0-9]{2}[1-9]0|[0-9][1-9]00|[1-9]000)$`)
	version4 := regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)
	for n := range 3000 {
		v := fmt.Sprintf("%016d", 4_000_000_000_000_000+n*7919)
		if c := card(v); !luhn(c) || len(c) != 16 || c[:6] != "999999" {
			t.Errorf("card %s becomes %s", v, c)
		}
		if c := last4(v); !luhn(c) || len(c) != 16 || c[:6] != "400000" || c[12:] != v[12:] {
			t.Errorf("card %s becomes %s with its last digits", v, c)
		}
		if s := ssn(v[5:]); !neverIssued.MatchString(s) {
			t.Errorf("%s becomes %s", v[5:], s)
		}
		if u := uuid(v); !version4.MatchString(u) {
			t.Errorf("%s becomes %s", v, u)
		}
	}
	for country, digits := range map[string]int{"AT": 16, "BE": 12, "DE": 18, "ES": 20, "FI": 14, "HU": 24, "NO": 11, "PT": 21, "SI": 15} {
		iban := masked(t, "varchar(34)", mask.Use{Transformer: "iban", Domain: "i", Options: opt{"country": country}})
		for n := range 500 {
			if i := iban(fmt.Sprint(n)); !mod97(i) || len(i) != 4+digits || i[:2] != country {
				t.Errorf("%d becomes %s", n, i)
			}
		}
	}
}
