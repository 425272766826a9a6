package envelope

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"testing/iotest"
)

const masterText = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=" // 00 01 02 ... 1f

func master(tb testing.TB) *MasterKey {
	tb.Helper()
	k, err := ParseMasterKey(masterText)
	if err != nil {
		tb.Fatal(err)
	}
	return k
}

func seal(tb testing.TB, plain []byte, step int) ([]byte, map[string]string) {
	tb.Helper()
	var body bytes.Buffer
	w, err := master(tb).NewWriter(&body)
	if err != nil {
		tb.Fatal(err)
	}
	for b := plain; len(b) > 0; b = b[min(step, len(b)):] {
		if _, err := w.Write(b[:min(step, len(b))]); err != nil {
			tb.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		tb.Fatal(err)
	}
	return body.Bytes(), w.Meta(true)
}

// The openssl command opens what is written, key and body, and what openssl writes is read.
func TestOpenSSL(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	openssl := func(in []byte, args ...string) []byte {
		t.Helper()
		name := filepath.Join(dir, "in")
		if err := os.WriteFile(name, in, 0o600); err != nil {
			t.Fatal(err)
		}
		cmd := exec.CommandContext(t.Context(), "openssl", append([]string{"enc", "-in", name}, args...)...)
		var said bytes.Buffer
		cmd.Stderr = &said
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("openssl %v: %v\n%s", args, err, said.String())
		}
		return out
	}
	key, err := base64.StdEncoding.DecodeString(masterText)
	if err != nil {
		t.Fatal(err)
	}
	unbase := func(text string) []byte {
		t.Helper()
		b, err := base64.StdEncoding.DecodeString(text)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	for _, n := range []int{0, 1, 15, 16, 17, 100_000} {
		plain := bytes.Repeat([]byte("sealed "), n/7+1)[:n]
		body, meta := seal(t, plain, 1000)
		if len(body) != n+16-n%16 {
			t.Errorf("%d bytes became %d", n, len(body))
		}
		if got := unbase(meta["x-amz-key"]); len(got) != 48 {
			t.Errorf("x-amz-key has %d bytes", len(got))
		}
		if meta["x-amz-matdesc"] != "{}" || meta["x-amz-unencrypted-content-length"] != strconv.Itoa(n) || len(meta) != 4 {
			t.Errorf("metadata %v", meta)
		}
		content := openssl(unbase(meta["x-amz-key"]), "-d", "-aes-256-ecb", "-K", hex.EncodeToString(key))
		got := openssl(body, "-d", "-aes-256-cbc", "-K", hex.EncodeToString(content), "-iv", hex.EncodeToString(unbase(meta["x-amz-iv"])))
		if !bytes.Equal(got, plain) {
			t.Errorf("openssl reads %.80q of %d bytes", got, n)
		}

		iv := strings.Repeat("5a", 16)
		theirs := strings.Repeat("0f", 32)
		raw, err := hex.DecodeString(theirs)
		if err != nil {
			t.Fatal(err)
		}
		rawIV, err := hex.DecodeString(iv)
		if err != nil {
			t.Fatal(err)
		}
		r, err := master(t).NewReader(bytes.NewReader(openssl(plain, "-e", "-aes-256-cbc", "-K", theirs, "-iv", iv)), map[string]string{
			"x-amz-key": base64.StdEncoding.EncodeToString(openssl(raw, "-e", "-aes-256-ecb", "-K", hex.EncodeToString(key))),
			"x-amz-iv":  base64.StdEncoding.EncodeToString(rawIV),
		})
		if err != nil {
			t.Fatal(err)
		}
		if got, err := io.ReadAll(r); err != nil || !bytes.Equal(got, plain) {
			t.Errorf("of openssl's %d bytes: %.80q %v", n, got, err)
		}
	}
}

func TestRefuses(t *testing.T) {
	t.Parallel()
	body, meta := seal(t, []byte("a text of more than one block"), 7)
	with := func(name, value string) map[string]string {
		changed := maps.Clone(meta)
		changed[name] = value
		return changed
	}
	other, err := ParseMasterKey(base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{9}, 32)))
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		key  *MasterKey
		body []byte
		meta map[string]string
		want string
	}{
		{master(t), body, nil, "not client-side encrypted"},
		{master(t), body, with("x-amz-key", "!"), "not base64"},
		{master(t), body, with("x-amz-key", "AAAA"), "holds 3 bytes"},
		{master(t), body, with("x-amz-iv", ""), "x-amz-iv"},
		{other, body, meta, "another master symmetric key"},
		{master(t), body[:len(body)-1], meta, "1 bytes are missing"},
		{master(t), nil, meta, "cut off"},
		{master(t), body[:16], meta, "padding"}, // its first block is all text
	} {
		r, err := tt.key.NewReader(bytes.NewReader(tt.body), tt.meta)
		if err == nil {
			_, err = io.ReadAll(r)
		}
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("got %v, want %s", err, tt.want)
		}
	}
	for _, text := range []string{"", "AAAA", masterText[:43], masterText + "AAAA", "!"} {
		if _, err := ParseMasterKey(text); err == nil || text != "" && strings.Contains(err.Error(), text) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// Whatever the metadata and the body are, reading ends, and what was sealed is read again.
func FuzzReader(f *testing.F) {
	body, meta := seal(f, []byte("sealed"), 6)
	f.Add(body, meta["x-amz-key"], meta["x-amz-iv"], 3)
	f.Add([]byte{}, "", "", 1)
	f.Fuzz(func(t *testing.T, body []byte, key, iv string, step int) {
		if r, err := master(t).NewReader(bytes.NewReader(body), map[string]string{"x-amz-key": key, "x-amz-iv": iv}); err == nil {
			if plain, err := io.ReadAll(r); err == nil && len(plain) >= len(body) {
				t.Fatalf("%d bytes of %d", len(plain), len(body))
			}
		}
		sealed, meta := seal(t, body, max(step%100_000, 1))
		r, err := master(t).NewReader(iotest.HalfReader(bytes.NewReader(sealed)), meta)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := io.ReadAll(r); err != nil || !bytes.Equal(got, body) {
			t.Fatalf("got %d bytes of %d: %v", len(got), len(body), err)
		}
	})
}
