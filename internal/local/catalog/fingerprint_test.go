package catalog_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/dgryski/go-farm"

	"github.com/sealift/sealift/internal/local/dialect"
)

// TestFarmFingerprintAgainstGo compares texts of every kind of length with another implementation.
func TestFarmFingerprintAgainstGo(t *testing.T) {
	t.Parallel()
	s := open(t)
	r := rand.New(rand.NewPCG(5, 6))
	for n := range 150 {
		var b strings.Builder
		for b.Len() < n {
			b.WriteRune([]rune("abcXYZ09 é€")[r.IntN(11)])
		}
		text := b.String()
		want := fmt.Sprint(int64(farm.Fingerprint64([]byte(text))))
		if got := s.one("select farmfingerprint64(" + dialect.QuoteLiteral(text) + ")"); got != want {
			t.Errorf("%d bytes: %s, want %s", len(text), got, want)
		}
	}
}

// TestMurmurByIceberg: the values that Apache Iceberg's specification publishes for each type, by whose binary form
// Redshift's manual says it hashes.
func TestMurmurByIceberg(t *testing.T) {
	t.Parallel()
	s := open(t)
	for value, want := range map[string]string{
		"34": "2017239379", "34::bigint": "2017239379", "34::smallint": "2017239379", "true": "1392991556", "14.20::decimal(9,2)": "-500754589",
		"date '2017-11-16'": "-653330422", "time '22:31:08'": "-662762989", "timestamp '2017-11-16 22:31:08'": "-2047944441",
		"timestamptz '2017-11-16 14:31:08-08'": "-2047944441", "'iceberg'": "1210000089", "from_hex('00010203')": "-188683207",
		"1.0::float4": "-142385009", "1.0::float8": "-142385009",
	} {
		if got := s.one("select murmur3_32_hash(" + value + ")"); got != want {
			t.Errorf("%s: %s, want %s", value, got, want)
		}
	}
}
