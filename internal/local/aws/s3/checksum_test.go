package s3

import (
	"encoding/base64"
	"encoding/hex"
	"math/rand/v2"
	"testing"
)

// The check values that the catalogue of CRC algorithms (reveng.sourceforge.io/crc-catalogue) and RFC 3174 and FIPS 180
// give: CRC-32/ISO-HDLC, CRC-32/ISCSI, CRC-64/NVME of "123456789", the hashes of "abc".
//
//standin:imitates S3: checksums CRC32, CRC32C, CRC64NVME, SHA1, SHA256 | S3 user guide checking-object-integrity
func TestChecksumVectors(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ algorithm, text, want string }{
		{crc32Name, "123456789", "cbf43926"},
		{crc32cName, "123456789", "e3069283"},
		{crc64nvmeName, "123456789", "ae8b14860a799888"},
		{sha1Name, "abc", "a9993e364706816aba3e25717850c26c9cd0d89d"},
		{sha256Name, "abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
	} {
		h, err := newChecksum(c.algorithm)
		if err != nil {
			t.Fatal(err)
		}
		h.Write([]byte(c.text))
		if got := hex.EncodeToString(h.Sum(nil)); got != c.want {
			t.Errorf("%s of %s: got %s, want %s", c.algorithm, c.text, got, c.want)
		}
	}
}

// The CRC of a whole, put together from its parts, is the CRC of the whole.
func TestJoinParts(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2))
	for _, algorithm := range []string{crc32Name, crc32cName, crc64nvmeName} {
		for round := range 50 {
			whole, err := newChecksum(algorithm)
			if err != nil {
				t.Fatal(err)
			}
			var parts []part
			for n := range 1 + random.IntN(6) {
				content := make([]byte, random.IntN(300)*random.IntN(300))
				for i := range content {
					content[i] = byte(random.Uint32())
				}
				whole.Write(content)
				h, err := newChecksum(algorithm)
				if err != nil {
					t.Fatal(err)
				}
				h.Write(content)
				parts = append(parts, part{
					Number: n + 1, Piece: piece{Size: int64(len(content))},
					Checksum: Checksum{Value: base64.StdEncoding.EncodeToString(h.Sum(nil))},
				})
			}
			got, err := joinParts(algorithm, fullObject, parts)
			if want := base64.StdEncoding.EncodeToString(whole.Sum(nil)); err != nil || got.Value != want {
				t.Fatalf("%s, round %d, %d parts: got %s, want %s, %v", algorithm, round, len(parts), got.Value, want, err)
			}
		}
	}
}

func TestCheckType(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ algorithm, asked, want string }{
		{crc32Name, "", composite},
		{crc64nvmeName, "", fullObject},
		{crc32cName, fullObject, fullObject},
		{sha256Name, "", composite},
		{sha256Name, composite, composite},
		{sha256Name, fullObject, ""},
		{crc64nvmeName, composite, ""},
		{crc32Name, "HALF", ""},
	} {
		got, err := checkType(c.algorithm, c.asked)
		if got != c.want || (err == nil) != (c.want != "") {
			t.Errorf("%s %q: got %q, %v, want %q", c.algorithm, c.asked, got, err, c.want)
		}
	}
}

func TestParseRange(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"bytes=0-0": "bytes=0-0", "bytes=5-9": "bytes=5-9", "bytes=5-": "bytes=5-", "bytes=-3": "bytes=-3", "bytes= 1-2 ": "bytes=1-2",
		"": "", "bytes": "", "bytes=": "", "bytes=-": "", "bytes=2-1": "", "bytes=a-b": "", "bytes=1-2,4-5": "", "lines=1-2": "",
		"bytes=+1-2": "", "bytes=--1": "", "bytes=1--2": "", "bytes=99999999999999999999-": "",
		"bytes=0-9223372036854775807": "bytes=0-",
	} {
		got := ""
		if r := parseRange(text); r != nil {
			got = r.String()
		}
		if got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}

func FuzzParseRange(f *testing.F) {
	for _, text := range []string{"bytes=0-1", "bytes=-5", "bytes=7-", "bytes=1-9223372036854775807", "bytes=x"} {
		f.Add(text, int64(100))
	}
	f.Fuzz(func(t *testing.T, text string, size int64) {
		r := parseRange(text)
		if r == nil || size < 0 {
			return
		}
		v := &version{Size: size}
		o := &Object{}
		if err := o.locate(v, GetInput{Range: r}); err != nil {
			return
		}
		if o.Offset < 0 || o.Length <= 0 || o.Offset+o.Length > size {
			t.Errorf("%q of %d bytes: %d from %d", text, size, o.Length, o.Offset)
		}
	})
}

func TestResource(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ host, path, bucket, key string }{
		{"127.0.0.1:4566", "/corp/a/b", "corp", "a/b"},
		{"localhost:4566", "/corp//a", "corp", "/a"},
		{"[::1]:4566", "/corp", "corp", ""},
		{"localhost", "/", "", ""},
		{"corp.localhost:4566", "/a/b", "corp", "a/b"},
		{"corp.localhost", "/", "corp", ""},
		{"my.dotted.corp.localhost:1", "//x", "my.dotted.corp", "/x"},
		{"corp.s3.localhost", "/a", "corp", "a"},
		{"corp.s3.eu-west-1.localhost", "/a", "corp", "a"},
		{"s3.localhost", "/corp/a", "corp", "a"},
		{"s3.eu-west-1.localhost", "/corp/a", "corp", "a"},
		{"corp.s3.amazonaws.com", "/a", "corp", "a"},
		{"corp.s3.eu-west-1.amazonaws.com", "/a", "corp", "a"},
		{"corp.s3.dualstack.eu-west-1.amazonaws.com", "/a", "corp", "a"},
		{"corp.s3-eu-west-1.amazonaws.com", "/a", "corp", "a"},
		{"s3.eu-west-1.amazonaws.com", "/corp/a", "corp", "a"},
		{"kms.eu-west-1.amazonaws.com", "/corp/a", "corp", "a"},
		{"example.org", "/corp/a", "corp", "a"},
	} {
		if bucket, key := resource(c.host, c.path); bucket != c.bucket || key != c.key {
			t.Errorf("%s%s: got %q and %q, want %q and %q", c.host, c.path, bucket, key, c.bucket, c.key)
		}
	}
}

func FuzzResource(f *testing.F) {
	f.Add("corp.s3.eu-west-1.localhost:1", "/a/b")
	f.Add("localhost", "//")
	f.Add(".localhost", "")
	f.Fuzz(func(t *testing.T, host, path string) {
		bucket, key := resource(host, path)
		if bucket == "" && key != "" && len(path) > 1 && path[1] != '/' && hostBucket(host) != "" {
			t.Errorf("%q%q: key %q of no bucket", host, path, key)
		}
	})
}
