package reseal

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"os/exec"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/sealift/sealift/internal/secret"
)

var master = base64.StdEncoding.EncodeToString([]byte("sixteen and sixteen make 32 byte"))

// byOpenSSL encrypts by openssl, which knows nothing of us: the content key by the master key, the text by the content key.
func byOpenSSL(tb testing.TB, text []byte) (meta map[string]string, body []byte) {
	tb.Helper()
	raw, err := base64.StdEncoding.DecodeString(master)
	if err != nil {
		tb.Fatal(err)
	}
	key, iv := bytes.Repeat([]byte{7}, 32), bytes.Repeat([]byte{9}, 16)
	run := func(in []byte, args ...string) []byte {
		cmd := exec.CommandContext(tb.Context(), "openssl", append([]string{"enc"}, args...)...)
		cmd.Stdin = bytes.NewReader(in)
		out, err := cmd.Output()
		if err != nil {
			tb.Fatal(err)
		}
		return out
	}
	wrapped := run(key, "-aes-256-ecb", "-K", hex.EncodeToString(raw))
	body = run(text, "-aes-256-cbc", "-K", hex.EncodeToString(key), "-iv", hex.EncodeToString(iv))
	return map[string]string{
		nameKey: base64.StdEncoding.EncodeToString(wrapped), nameIV: base64.StdEncoding.EncodeToString(iv), nameSize: fmt.Sprint(len(text)), "x-amz-matdesc": "{}",
	}, body
}

func key(tb testing.TB, text string) MasterKey {
	tb.Helper()
	k, err := ParseKey(secret.New(text))
	if err != nil {
		tb.Fatal(err)
	}
	return k
}

func opened(tb testing.TB, meta map[string]string, body io.Reader) ([]byte, error) {
	tb.Helper()
	e, err := key(tb, master).Open(meta)
	if err != nil {
		return nil, err
	}
	r, err := e.Reader(body)
	if err != nil {
		return nil, err
	}
	return io.ReadAll(r)
}

func TestWhatOpenSSLEncryptedIsRead(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2))
	for _, n := range []int{0, 1, 15, 16, 17, 31, 32, 1000, chunk - 17, chunk - 16, chunk - 1, chunk, chunk + 1, chunk + 15, chunk + 16, 2*chunk - 16, 2 * chunk, 3*chunk + 5} {
		text := make([]byte, n)
		for i := range text {
			text[i] = byte(r.Uint32())
		}
		meta, body := byOpenSSL(t, text)
		got, err := opened(t, meta, iotest.HalfReader(bytes.NewReader(body)))
		if err != nil || !bytes.Equal(got, text) {
			t.Errorf("%d bytes: %d came, %v", n, len(got), err)
		}
		delete(meta, nameSize)
		if got, err := opened(t, meta, bytes.NewReader(body)); err != nil || !bytes.Equal(got, text) {
			t.Errorf("%d bytes of no known length: %d came, %v", n, len(got), err)
		}
	}
}

func TestWhatIsDamagedIsNotGivenOutAsWhole(t *testing.T) {
	t.Parallel()
	text := bytes.Repeat([]byte("a line of text\n"), 40_000)
	meta, body := byOpenSSL(t, text)
	with := func(name, value string) map[string]string {
		m := maps.Clone(meta)
		m[name] = value
		return m
	}
	for name, c := range map[string]struct {
		meta map[string]string
		body []byte
		want string
	}{
		"cut inside of a block":  {meta, body[:len(body)-5], "its last block has 11 bytes of 16"},
		"cut between two blocks": {meta, body[:len(body)-16], "damaged"},
		"empty":                  {meta, nil, "padding is wrong"},
		"another length":         {with(nameSize, "17"), body, "17 were encrypted"},
		"no length":              {with(nameSize, "many"), body, "is not a length"},
		"no envelope":            {map[string]string{}, body, ErrNotSealed.Error()},
		"a later envelope":       {map[string]string{"x-amz-key-v2": "x"}, body, "a later kind"},
		"a short key":            {with(nameKey, "AAAA"), body, "is not 48 bytes"},
		"a short vector":         {with(nameIV, "AAAA"), body, "is not 16 bytes"},
		"another key":            {with(nameKey, base64.StdEncoding.EncodeToString(make([]byte, 48))), body, "is not the one"},
	} {
		if _, err := opened(t, c.meta, bytes.NewReader(c.body)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	broken := errors.New("the line broke")
	if _, err := opened(t, meta, io.MultiReader(bytes.NewReader(body[:chunk+100]), iotest.ErrReader(broken))); !errors.Is(err, broken) {
		t.Errorf("a broken line: %v", err)
	}
	for _, text := range []string{"", "AAAA", strings.Repeat("A", 44), "no base64 at all!"} {
		if _, err := ParseKey(secret.New(text)); err == nil {
			t.Errorf("%q is no key", text)
		}
	}
}

// FuzzOpen: no envelope and no body make it panic, or give out more than was in it.
func FuzzOpen(f *testing.F) {
	meta, body := byOpenSSL(f, []byte("some text"))
	f.Add(meta[nameKey], meta[nameIV], meta[nameSize], body)
	f.Fuzz(func(t *testing.T, k, iv, size string, body []byte) {
		if got, err := opened(t, map[string]string{nameKey: k, nameIV: iv, nameSize: size}, bytes.NewReader(body)); err == nil && len(got) >= len(body) {
			t.Errorf("%d bytes of %d", len(got), len(body))
		}
	})
}

// BenchmarkReader is decryption alone, on one core; beside it, what the processor can do.
func BenchmarkReader(b *testing.B) {
	_, body := byOpenSSL(b, make([]byte, 64<<20-1))
	meta, _ := byOpenSSL(b, nil)
	delete(meta, nameSize)
	b.Run("ours", func(b *testing.B) {
		b.SetBytes(int64(len(body)))
		for b.Loop() {
			e, err := key(b, master).Open(meta)
			if err != nil {
				b.Fatal(err)
			}
			r, err := e.Reader(bytes.NewReader(body))
			if err != nil {
				b.Fatal(err)
			}
			if _, err := io.Copy(io.Discard, r); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("AES-CBC", func(b *testing.B) {
		block, err := aes.NewCipher(bytes.Repeat([]byte{7}, 32))
		if err != nil {
			b.Fatal(err)
		}
		out := make([]byte, chunk)
		b.SetBytes(int64(len(body)))
		for b.Loop() {
			mode := cipher.NewCBCDecrypter(block, make([]byte, 16))
			for rest := body; len(rest) > 0; rest = rest[min(chunk, len(rest)):] {
				mode.CryptBlocks(out, rest[:min(chunk, len(rest))])
			}
		}
	})
}
