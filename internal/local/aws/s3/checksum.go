package s3

import (
	"crypto/sha1" //nolint:gosec // one of S3's checksums; no secret rests on it
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"hash"
	"hash/crc32"
	"hash/crc64"
	"math/bits"
	"net/http"
	"strings"

	"github.com/sealift/sealift/internal/local/aws/awserr"
)

// The manual: S3 user guide, "Checking object integrity". FULL_OBJECT is over the content, COMPOSITE over the parts'
// checksums.
const (
	fullObject = "FULL_OBJECT"
	composite  = "COMPOSITE"

	crc32Name     = "CRC32"
	crc32cName    = "CRC32C"
	crc64nvmeName = "CRC64NVME"
	sha1Name      = "SHA1"
	sha256Name    = "SHA256"
)

// The polynomials in reversed bit order, as the hash packages take them.
const crc64nvmePoly = 0x9a6c9329ac4bc9b5

// checksumNames are the algorithms that are imitated, in the order in which they are looked for in headers.
func checksumNames() []string {
	return []string{crc32Name, crc32cName, crc64nvmeName, sha1Name, sha256Name}
}

// newChecksum begins a checksum. It refuses algorithms that S3 has and the stand-in does not imitate.
func newChecksum(algorithm string) (hash.Hash, error) {
	switch algorithm {
	case crc32Name:
		return crc32.NewIEEE(), nil
	case crc32cName:
		return crc32.New(crc32.MakeTable(crc32.Castagnoli)), nil
	case crc64nvmeName:
		return crc64.New(crc64.MakeTable(crc64nvmePoly)), nil
	case sha1Name:
		return sha1.New(), nil //nolint:gosec // one of S3's checksums, not a signature
	case sha256Name:
		return sha256.New(), nil
	case "SHA512", "MD5", "XXHASH64", "XXHASH3", "XXHASH128":
		return nil, awserr.NotImitated("checksum algorithm " + algorithm)
	default:
		return nil, awserr.New(http.StatusBadRequest, "InvalidRequest",
			"Checksum algorithm provided is unsupported. Please try again with any of the valid types: [%s]", strings.Join(checksumNames(), ", "))
	}
}

// checkType says which type a multipart upload's checksum has, and refuses combinations that S3 does not know: hashes
// cannot be of the full object, since parts may arrive in any order, and CRC64NVME cannot be composite.
func checkType(algorithm, asked string) (string, error) {
	isCRC := strings.HasPrefix(algorithm, "CRC")
	switch {
	case asked == "" && algorithm == crc64nvmeName:
		return fullObject, nil
	case asked == "":
		return composite, nil
	case asked == fullObject && isCRC, asked == composite && algorithm != crc64nvmeName:
		return asked, nil
	case asked != fullObject && asked != composite:
		return "", awserr.New(http.StatusBadRequest, "InvalidRequest", "Value for x-amz-checksum-type header is invalid.")
	default:
		return "", awserr.New(http.StatusBadRequest, "InvalidRequest",
			"The %s checksum type cannot be used with the %s checksum algorithm.", asked, strings.ToLower(algorithm))
	}
}

// match compares a checksum that was sent with the one computed. A composite may come without its number of parts, as
// minio-go sends it.
func (c Checksum) match(computed string) error {
	short, _, _ := strings.Cut(computed, "-")
	if c.Value != "" && c.Value != computed && c.Value != short {
		return awserr.New(http.StatusBadRequest, "BadDigest", "The %s you specified did not match the calculated checksum.", c.Algorithm)
	}
	return nil
}

// valid checks the shape of a checksum that was sent.
func (c Checksum) valid() error {
	if c.Algorithm == "" {
		return nil
	}
	h, err := newChecksum(c.Algorithm)
	if err != nil {
		return err
	}
	if raw, err := base64.StdEncoding.DecodeString(c.Value); c.Value != "" && (err != nil || len(raw) != h.Size()) {
		return awserr.New(http.StatusBadRequest, "InvalidRequest", "Value for x-amz-checksum-%s header is invalid.", strings.ToLower(c.Algorithm))
	}
	return nil
}

// joinParts computes the checksum of a multipart upload from those of its parts.
func joinParts(algorithm, kind string, parts []part) (Checksum, error) {
	out := Checksum{Algorithm: algorithm, Type: kind}
	if kind == composite {
		h, err := newChecksum(algorithm)
		if err != nil {
			return out, err
		}
		for _, p := range parts {
			raw, err := base64.StdEncoding.DecodeString(p.Checksum.Value)
			if err != nil {
				return out, fmt.Errorf("checksum of part %d: %w", p.Number, err)
			}
			h.Write(raw)
		}
		out.Value = fmt.Sprintf("%s-%d", base64.StdEncoding.EncodeToString(h.Sum(nil)), len(parts))
		return out, nil
	}
	width, poly := 4, uint64(crc32.IEEE)
	switch algorithm {
	case crc32cName:
		poly = crc32.Castagnoli
	case crc64nvmeName:
		width, poly = 8, crc64nvmePoly
	}
	var sum uint64
	for _, p := range parts {
		raw, err := base64.StdEncoding.DecodeString(p.Checksum.Value)
		if err != nil || len(raw) != width {
			return out, fmt.Errorf("checksum of part %d is damaged", p.Number)
		}
		var next [8]byte
		copy(next[8-width:], raw)
		sum = joinCRC(sum, binary.BigEndian.Uint64(next[:]), p.Piece.Size, poly)
	}
	var all [8]byte
	binary.BigEndian.PutUint64(all[:], sum)
	out.Value = base64.StdEncoding.EncodeToString(all[8-width:])
	return out, nil
}

// joinCRC gives the CRC of a text from the CRCs of its two halves, of which the second has length bytes. A CRC is a
// polynomial modulo poly: the first half's is multiplied by x to the power of the second half's bits. In the reversed
// order, the highest bit of the register is x to the power 0, so this works for 32 and 64 bits alike.
func joinCRC(first, second uint64, length int64, poly uint64) uint64 {
	top := uint64(1) << (bits.Len64(poly) - 1) // both reversed polynomials have their highest bit set
	multiply := func(a, b uint64) uint64 {
		var product uint64
		for bit := top; bit != 0; bit >>= 1 {
			if a&bit != 0 {
				product ^= b
			}
			if b&1 != 0 {
				b = b>>1 ^ poly
			} else {
				b >>= 1
			}
		}
		return product
	}
	shift, square := top, top>>8 // 1, and x to the power 8: one byte
	for n := length; n > 0; n >>= 1 {
		if n&1 != 0 {
			shift = multiply(shift, square)
		}
		square = multiply(square, square)
	}
	return multiply(shift, first) ^ second
}
