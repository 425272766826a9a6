package mask_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strconv"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"

	"github.com/sealift/sealift/internal/mask"
)

// BenchmarkRows masks rows of 15 columns, five of them masked (e-mail address, name, date, card, phone), from text under
// Zstandard to text under Zstandard, in memory, on one core.
func BenchmarkRows(b *testing.B) {
	def := define(b, "s.users",
		"id bigint not null", "email varchar(60)", "name varchar(60)", "born date", "card varchar(19)", "phone varchar(20)",
		"city varchar(30)", "state char(2)", "likes boolean", "price numeric(8,2)", "qty smallint", "at timestamp", "listid integer", "sellerid integer", "note varchar(100)")
	uses := make(map[string]mask.Use)
	for _, c := range def.Columns {
		uses[c.Name.String()] = mask.Use{Transformer: "passthrough"}
	}
	uses["email"] = mask.Use{Transformer: "email", Domain: "email"}
	uses["name"] = mask.Use{Transformer: "full_name", Domain: "name"}
	uses["born"] = mask.Use{Transformer: "date_shift", Domain: "user", Entity: "id"}
	uses["card"] = mask.Use{Transformer: "card", Domain: "card"}
	uses["phone"] = mask.Use{Transformer: "phone", Domain: "phone"}
	m, err := newTable(b, def, uses, mask.BuiltIn()).Masker(keys(b, "dev", "1"))
	if err != nil {
		b.Fatal(err)
	}
	const rows = 100_000
	var plain bytes.Buffer
	r := rand.New(rand.NewPCG(15, 1))
	for i := range rows {
		fmt.Fprintf(&plain, "%d|user.%d@mail%d.example.org|Person Number%d|%s|4%015d|(%03d) %03d-%04d|City %d|C%c|%s|%d.%02d|%d|2026-%02d-%02d %02d:%02d:%02d|%d|%d|note %x\n",
			i, r.IntN(1e6), r.IntN(50), r.IntN(1e5), time.Unix(int64(r.IntN(1e9)), 0).UTC().Format(time.DateOnly), r.Int64N(1e15), 200+r.IntN(700), 200+r.IntN(700), r.IntN(1e4),
			r.IntN(300), 'A'+rune(r.IntN(26)), booleans.make(r), r.IntN(500), r.IntN(100), 1+r.IntN(8), 1+r.IntN(12), 1+r.IntN(28), r.IntN(24), r.IntN(60), r.IntN(60),
			r.IntN(2e5), r.IntN(5e4), r.Uint64())
	}
	encoder, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithEncoderLevel(zstd.SpeedFastest))
	if err != nil {
		b.Fatal(err)
	}
	packed := encoder.EncodeAll(plain.Bytes(), nil)
	decoder, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1))
	if err != nil {
		b.Fatal(err)
	}
	defer decoder.Close()
	row := make([][]byte, len(def.Columns))
	buffer, out := make([]byte, 0, 1<<20), make([]byte, 0, 1<<20)
	b.SetBytes(int64(plain.Len()))
	b.ReportAllocs()
	for b.Loop() {
		if err := decoder.Reset(bytes.NewReader(packed)); err != nil {
			b.Fatal(err)
		}
		encoder.Reset(io.Discard)
		n := 0
		buffer = buffer[:0]
		for ended := false; !ended; {
			read, err := decoder.Read(buffer[len(buffer):cap(buffer)])
			if ended = errors.Is(err, io.EOF); err != nil && !ended {
				b.Fatal(err)
			}
			buffer = buffer[:len(buffer)+read]
			out = out[:0]
			at := 0
			for {
				end := bytes.IndexByte(buffer[at:], '\n')
				if end < 0 {
					break
				}
				line := buffer[at : at+end]
				for i := range row {
					field := bytes.IndexByte(line, '|')
					if field < 0 {
						field = len(line)
					}
					row[i] = line[:field]
					line = line[min(field+1, len(line)):]
				}
				masked, err := m.Row(row)
				if err != nil {
					b.Fatal(err)
				}
				for i, v := range masked {
					if i > 0 {
						out = append(out, '|')
					}
					out = append(out, v...)
				}
				out = append(out, '\n')
				at += end + 1
				n++
			}
			buffer = buffer[:copy(buffer, buffer[at:])]
			if _, err := encoder.Write(out); err != nil {
				b.Fatal(err)
			}
		}
		if err := encoder.Close(); err != nil || n != rows {
			b.Fatal(n, err)
		}
	}
	b.ReportMetric(float64(rows)*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
}

// BenchmarkTransformers is the cost of one value, for each transformer that needs more than copying.
func BenchmarkTransformers(b *testing.B) {
	for _, c := range []struct {
		typ, in string
		use     mask.Use
	}{
		{"varchar(64)", "ada@example.org", mask.Use{Transformer: "hash_hex", Domain: "d"}},
		{"varchar(60)", "ada@example.org", mask.Use{Transformer: "email", Domain: "d"}},
		{"varchar(60)", "Ada Lovelace", mask.Use{Transformer: "full_name", Domain: "d"}},
		{"varchar(20)", "(555) 010-9999", mask.Use{Transformer: "phone", Domain: "d"}},
		{"varchar(20)", "4111111111111111", mask.Use{Transformer: "card", Domain: "d"}},
		{"varchar(34)", "DE89370400440532013000", mask.Use{Transformer: "iban", Domain: "d"}},
		{"varchar(60)", "Some Text 123", mask.Use{Transformer: "scramble", Domain: "d"}},
		{"date", "1985-07-14", mask.Use{Transformer: "date_shift", Domain: "d", Entity: "id"}},
		{"numeric(12,2)", "1234567.89", mask.Use{Transformer: "num_noise", Domain: "d"}},
		{"bigint", "123456789", mask.Use{Transformer: "permute_int", Domain: "d"}},
		{"varchar(20)", "4111111111111111", mask.Use{Transformer: "ff1", Domain: "d"}},
	} {
		b.Run(c.use.Transformer, func(b *testing.B) {
			m, err := newTable(b, define(b, "s.t", "id bigint not null", "v "+c.typ), map[string]mask.Use{"id": {Transformer: "passthrough"}, "v": c.use}, mask.BuiltIn()).Masker(keys(b, "dev", "1"))
			if err != nil {
				b.Fatal(err)
			}
			row := [][]byte{[]byte(strconv.Itoa(1)), []byte(c.in)}
			b.ReportAllocs()
			for b.Loop() {
				if _, err := m.Row(row); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
