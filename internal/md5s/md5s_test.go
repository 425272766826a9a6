package md5s

import (
	"bytes"
	"crypto/md5"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// allWays are all ways of taking hashes that this processor has.
func allWays() map[string]func(*Batch, func(int, [Size]byte)) {
	all := map[string]func(*Batch, func(int, [Size]byte)){"alone": (*Batch).eachAlone}
	for i, blocks := range ways {
		all[fmt.Sprintf("side by side, way %d", i)] = func(b *Batch, take func(int, [Size]byte)) { b.each(blocks, take) }
	}
	return all
}

// hashes are those of all texts; each must be handed over once.
func hashes(t testing.TB, texts [][]byte, each func(*Batch, func(int, [Size]byte))) []string {
	t.Helper()
	var b Batch
	for _, text := range texts {
		b.Add(text)
	}
	if b.Len() != len(texts) {
		t.Fatalf("%d texts wait, of %d", b.Len(), len(texts))
	}
	out := make([]string, len(texts))
	each(&b, func(n int, h [Size]byte) {
		if out[n] != "" {
			t.Errorf("text %d came twice", n)
		}
		out[n] = hex.EncodeToString(h[:])
	})
	return out
}

// The test suite of RFC 1321, A.5.
func TestReference(t *testing.T) {
	t.Parallel()
	texts := []string{
		"", "a", "abc", "message digest", "abcdefghijklmnopqrstuvwxyz", "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789",
		strings.Repeat("1234567890", 8),
	}
	want := []string{
		"d41d8cd98f00b204e9800998ecf8427e", "0cc175b9c0f1b6a831c399e269772661", "900150983cd24fb0d6963f7d28e17f72", "f96b697d7cb7938d525a2f31aaf161d0",
		"c3fcd3d76192e4007dfb496cca67e13b", "d174ab98d277d9f5a5611c2c9f419d9f", "57edf4a22be3c955ac49da2e2107b67a",
	}
	var all [][]byte
	for _, text := range texts {
		all = append(all, []byte(text))
	}
	for name, each := range allWays() {
		for i, got := range hashes(t, all, each) {
			if got != want[i] {
				t.Errorf("%s: %q is %s, not %s", name, texts[i], got, want[i])
			}
		}
	}
}

// Texts of every length around the borders of blocks, in every number around that of the lanes, mixed; a batch is used again.
func TestAgainstTheStandardLibrary(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2))
	var b Batch
	for round := range 300 {
		texts := make([][]byte, round%40)
		for i := range texts {
			texts[i] = make([]byte, random.IntN(200))
			for k := range texts[i] {
				texts[i][k] = byte(random.Uint32())
			}
			at := b.Add(texts[i])
			if len(texts[i]) > 0 { // a byte of it is put in place afterwards
				texts[i][0]++
				b.Texts()[at]++
			}
		}
		seen := 0
		b.Each(func(n int, h [Size]byte) {
			seen++
			if h != md5.Sum(texts[n]) {
				t.Errorf("round %d: another hash of %x", round, texts[n])
			}
		})
		if seen != len(texts) || b.Len() != 0 || len(b.Texts()) != 0 {
			t.Fatalf("round %d: %d of %d hashes, %d still wait in %d bytes", round, seen, len(texts), b.Len(), len(b.Texts()))
		}
	}
}

func FuzzBatch(f *testing.F) {
	f.Add([]byte("one,two,,"), byte(','))
	f.Add(bytes.Repeat([]byte("0123456789abcdef|"), 40), byte('|'))
	f.Fuzz(func(t *testing.T, text []byte, cut byte) {
		texts := bytes.Split(text, []byte{cut})
		for name, each := range allWays() {
			for i, got := range hashes(t, texts, each) {
				if want := md5.Sum(texts[i]); got != hex.EncodeToString(want[:]) {
					t.Errorf("%s: text %d", name, i)
				}
			}
		}
	})
}

func BenchmarkShortTexts(b *testing.B) {
	var texts [][]byte
	for i := range 512 {
		texts = append(texts, fmt.Appendf(nil, "%0*d", i%50, i))
	}
	for name, each := range allWays() {
		b.Run(name, func(b *testing.B) {
			var batch Batch
			var sum byte
			for b.Loop() {
				for _, text := range texts {
					batch.Add(text)
				}
				each(&batch, func(_ int, h [Size]byte) { sum ^= h[0] })
				batch.texts, batch.wait = batch.texts[:0], batch.wait[:0]
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(texts)), "ns/text")
		})
	}
}
