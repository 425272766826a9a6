package transfer

import (
	"bufio"
	"bytes"
	"io"
	"testing"
	"testing/iotest"
	"unicode/utf8"

	"golang.org/x/text/encoding/unicode"

	"github.com/sealift/sealift/internal/local/transfer/command"
)

// Whatever the bytes are, decoding ends, and agrees with the Go project's decoder where that has nothing to replace.
func FuzzUTF16(f *testing.F) {
	f.Add([]byte("\xff\xfea\x00\x3d\xd8\x00\xde"), true)
	f.Add([]byte("\xd8\x3d\xde\x00\xd8\x00"), false)
	f.Fuzz(func(t *testing.T, in []byte, little bool) {
		e, endian := command.UTF16BE, unicode.BigEndian
		if little {
			e, endian = command.UTF16LE, unicode.LittleEndian
		}
		r := bufio.NewReader(iotest.HalfReader(bytes.NewReader(in)))
		if !fits(e, r) {
			return
		}
		got, err := io.ReadAll(decode(e, r))
		if err != nil {
			t.Fatal(err)
		}
		want, err := unicode.UTF16(endian, unicode.UseBOM).NewDecoder().Bytes(in)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.ContainsRune(want, utf8.RuneError) && !bytes.Equal(got, want) {
			t.Fatalf("%x: got %x, want %x", in, got, want)
		}
	})
}
