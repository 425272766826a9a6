package mask

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/binary"
	"errors"
	"fmt"
	"math/big"
	"strings"

	"github.com/sealift/sealift/internal/redshift"
)

// ff1 is format-preserving encryption by FF1 of NIST SP 800-38G with AES. It keeps memory between calls and is not safe
// for concurrent use.
type ff1 struct {
	block  cipher.Block
	data   []byte // P || Q
	mac    [aes.BlockSize]byte
	stream []byte
	digits []byte
	a, b   big.Int
	y, q   big.Int
}

func newFF1(key []byte) (*ff1, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("key for FF1: %w", err)
	}
	return &ff1{block: block}, nil
}

const (
	ff1Rounds = 10
	ff1Most   = 256 // characters; more than any number that people write down
)

// ff1Size is what follows from the length of a text, for one radix.
type ff1Size struct {
	u, v           int
	bytesB, bytesD int     // b and d of the standard
	modU, modV     big.Int // radix^u, radix^v
}

func ff1SizeOf(radix, n int) *ff1Size {
	s := &ff1Size{u: n / 2, v: n - n/2}
	r := big.NewInt(int64(radix))
	s.modU.Exp(r, big.NewInt(int64(s.u)), nil)
	s.modV.Exp(r, big.NewInt(int64(s.v)), nil)
	s.bytesB = (new(big.Int).Sub(&s.modV, big.NewInt(1)).BitLen() + 7) / 8
	s.bytesD = 4*((s.bytesB+3)/4) + 4
	return s
}

// encrypt replaces digits, each below radix, in place.
func (f *ff1) encrypt(s *ff1Size, radix int, tweak, digits []byte) {
	number := func(x *big.Int, digits []byte) {
		x.SetInt64(0)
		for _, d := range digits {
			x.Mul(x, f.q.SetInt64(int64(radix)))
			x.Add(x, f.q.SetInt64(int64(d)))
		}
	}
	n := len(digits)
	number(&f.a, digits[:s.u])
	number(&f.b, digits[s.u:])
	for i := range ff1Rounds {
		p := append(f.data[:0], 1, 2, 1, byte(radix>>16), byte(radix>>8), byte(radix), 10, byte(s.u))
		p = binary.BigEndian.AppendUint32(p, uint32(n))
		p = binary.BigEndian.AppendUint32(p, uint32(len(tweak)))
		p = append(p, tweak...)
		for (len(p)+s.bytesB+1)%aes.BlockSize != 0 {
			p = append(p, 0)
		}
		p = append(p, byte(i))
		at := len(p)
		for range s.bytesB {
			p = append(p, 0)
		}
		f.b.FillBytes(p[at:])
		f.data = p

		f.mac = [aes.BlockSize]byte{}
		for block := p; len(block) > 0; block = block[aes.BlockSize:] {
			for j := range f.mac {
				f.mac[j] ^= block[j]
			}
			f.block.Encrypt(f.mac[:], f.mac[:])
		}
		f.stream = append(f.stream[:0], f.mac[:]...)
		for j := uint32(1); len(f.stream) < s.bytesD; j++ {
			from := len(f.stream)
			f.stream = append(f.stream, f.mac[:]...)
			block := f.stream[from:]
			last := binary.BigEndian.Uint32(block[aes.BlockSize-4:])
			binary.BigEndian.PutUint32(block[aes.BlockSize-4:], last^j)
			f.block.Encrypt(block, block)
		}
		mod := &s.modU
		if i%2 == 1 {
			mod = &s.modV
		}
		f.y.SetBytes(f.stream[:s.bytesD])
		f.a.Add(&f.a, &f.y)
		f.q.QuoRem(&f.a, mod, &f.y)
		// A becomes B, B the new half; both keep their memory.
		f.a.Set(&f.b)
		f.b.Set(&f.y)
	}
	write := func(x *big.Int, digits []byte) {
		r := big.NewInt(int64(radix))
		for i := len(digits) - 1; i >= 0; i-- {
			f.q.QuoRem(x, r, &f.y)
			digits[i] = byte(f.y.Int64())
			x.Set(&f.q)
		}
	}
	write(&f.a, digits[:s.u])
	write(&f.b, digits[s.u:])
}

var ff1Text = &transformer{
	Info: Info{
		Name: "ff1", Summary: "text of an alphabet, encrypted to text of the same length by FF1 with AES-256; in Go only", Class: Unique, Privacy: Shape, GoTwin: true,
		Options: []Option{{"alphabet", "the characters, 2 to 94 of ASCII; 0123456789 by default"}},
	},
	compile: func(c *compiler, o *options) (twins, error) {
		alphabet := o.string("alphabet", "0123456789")
		var digitOf [256]int
		for i := range digitOf {
			digitOf[i] = -1
		}
		for i := range len(alphabet) {
			if b := alphabet[i]; b <= ' ' || b > '~' || digitOf[b] >= 0 {
				o.wrong("alphabet", "%q is not of different printable ASCII characters", alphabet)
				break
			}
			digitOf[alphabet[i]] = i
		}
		if len(alphabet) < 2 {
			o.wrong("alphabet", "it has fewer than 2 characters")
		}
		if c.use.Entity != "" {
			return twins{}, errors.New("ff1 goes by the column's own value; it takes no entity")
		}
		form, err := canonOf(c.column)
		if err := errors.Join(o.err(), c.only(text), err); err != nil {
			return twins{}, errors.Join(c.only(text), err)
		}
		if form.fold && strings.ContainsAny(alphabet, lowerASCII) && strings.ContainsAny(alphabet, upperASCII) {
			return twins{}, errors.New("the column compares without case, and the alphabet has letters of both: equal values would not come out equal")
		}
		if err := c.checkDomain(); err != nil { // it is the tweak
			return twins{}, err
		}
		radix := len(alphabet)
		least := 2
		for n := powerOf(float64(radix), least); n < leastSet; n *= float64(radix) {
			least++
		}
		c.note("values must have %d to %d characters of the alphabet; another one stops the run", least, ff1Most)
		c.table.domains = append(c.table.domains, domainUse{c.use.Domain, c.at, form, "text of " + alphabet})
		tweak := []byte(c.use.Domain)
		sizes := make([]*ff1Size, ff1Most+1)
		for n := least; n <= min(ff1Most, c.column.Type.Length); n++ {
			sizes[n] = ff1SizeOf(radix, n)
		}
		return twins{
			sql:    redshift.SQL{},
			notSQL: "Redshift's SQL has no AES; fpe_digits can be pushed down",
			run: func(m *Masker, dst, in []byte) ([]byte, error) {
				in, err := textOf(in)
				if err != nil {
					return nil, err
				}
				n := len(in)
				if n < least || n > ff1Most || sizes[n] == nil {
					return nil, fmt.Errorf("a value has not %d to %d characters", least, ff1Most)
				}
				f := m.ff1
				f.digits = f.digits[:0]
				for _, b := range in {
					d := digitOf[b]
					if d < 0 {
						return nil, errors.New("a value has a character that is not of the alphabet")
					}
					f.digits = append(f.digits, byte(d))
				}
				f.encrypt(sizes[n], radix, tweak, f.digits)
				for _, d := range f.digits {
					dst = append(dst, alphabet[d])
				}
				return dst, nil
			},
		}, nil
	},
}
