package mask

import (
	"crypto/sha256"
	"encoding"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash"
	"regexp"

	"github.com/sealift/sealift/internal/redshift"
)

// domainName is what a consistency domain may look like. Without a colon, joining it to a value by one is injective.
var domainName = regexp.MustCompile(`^[a-z0-9_.]{1,127}$`)

// digest is H(d, v).
type digest struct {
	raw [sha256.Size]byte
	hex [2 * sha256.Size]byte
}

// word is W(h, j): 15 hex digits, so that it is never negative in 64 bits with a sign.
func (d *digest) word(j int) uint64 {
	const mask = 1<<60 - 1
	switch j {
	case 0:
		return binary.BigEndian.Uint64(d.raw[0:]) >> 4
	case 1:
		return binary.BigEndian.Uint64(d.raw[7:]) & mask
	case 2:
		return binary.BigEndian.Uint64(d.raw[15:]) >> 4
	default:
		return binary.BigEndian.Uint64(d.raw[22:]) & mask
	}
}

// prf computes H. The state of SHA-256 after each key, which fills one block, is kept: a short value then costs three
// blocks in place of five. It is not safe for concurrent use.
type prf struct {
	hash          hash.Hash
	restore       encoding.BinaryUnmarshaler // the same hash
	first, second []byte
	inner         [sha256.Size]byte
	text          [2 * sha256.Size]byte
}

func newPRF(keys Keys) (*prf, error) {
	if err := keys.check(); err != nil {
		return nil, err
	}
	p := &prf{hash: sha256.New()}
	p.restore = p.hash.(encoding.BinaryUnmarshaler)
	for _, k := range []struct {
		state *[]byte
		key   string
	}{{&p.first, keys.K1.Reveal()}, {&p.second, keys.K2.Reveal()}} {
		p.hash.Reset()
		p.hash.Write([]byte(k.key))
		var err error
		if *k.state, err = p.hash.(encoding.BinaryMarshaler).MarshalBinary(); err != nil {
			return nil, fmt.Errorf("keep the state of SHA-256: %w", err)
		}
	}
	return p, nil
}

// sum writes H of a message, which is a domain, a colon and a canonical value, into out.
func (p *prf) sum(out *digest, message []byte) {
	p.resume(p.first)
	p.hash.Write(message)
	p.hash.Sum(p.inner[:0])
	hex.Encode(p.text[:], p.inner[:])
	p.resume(p.second)
	p.hash.Write(p.text[:])
	p.hash.Sum(out.raw[:0])
	hex.Encode(out.hex[:], out.raw[:])
}

func (p *prf) resume(state []byte) {
	if err := p.restore.UnmarshalBinary(state); err != nil {
		panic("mask: SHA-256 does not take its own state: " + err.Error())
	}
}

// The SQL side.

// KeyTable is the name of the session's table of one row in which the expressions find the keys.
const KeyTable = "sealift_key"

// CreateKeyTable makes the key table, empty. Whoever has the keys fills it with one row, never by a literal: statements are
// kept by the warehouse. Without a row a masked query has no rows, and with two it has all rows twice: Probe, in the same
// session, tells.
func CreateKeyTable() redshift.SQL {
	return redshift.Build("CREATE TEMP TABLE ? (k1 CHAR(64), k2 CHAR(64)) DISTSTYLE ALL", mustIdent(KeyTable))
}

// hashSQL is H over a canonical expression, with the keys in k.
func hashSQL(domain string, canon redshift.SQL) redshift.SQL {
	return redshift.Build("SHA2(k.k2 || SHA2(k.k1 || ? || ?, 256), 256)", redshift.Lit(domain+":"), canon)
}

// wordSQL is W(h, j).
func wordSQL(h redshift.Fragment, j int) redshift.SQL {
	return redshift.Build("STRTOL(SUBSTRING(?, ?, 15), 16)", h, redshift.Int(15*j+1))
}

// modSQL is MOD(x, n).
func modSQL(x redshift.SQL, n int64) redshift.SQL {
	return redshift.Build("MOD(?, ?)", x, redshift.Int(n))
}

// padSQL is MOD(x, 10^digits) with leading zeros.
func padSQL(x redshift.SQL, digits int) redshift.SQL {
	return redshift.Build("LPAD(CAST(? AS VARCHAR), ?, '0')", modSQL(x, pow10(digits)), redshift.Int(digits))
}

// mustIdent makes a name of a constant.
func mustIdent(name string) redshift.Ident {
	id, err := redshift.NewIdent(name)
	if err != nil {
		panic("mask: " + err.Error())
	}
	return id
}

func pow10(n int) int64 {
	p := int64(1)
	for range n {
		p *= 10
	}
	return p
}
