package mask

import (
	"bytes"
	"unicode/utf8"
)

// Positions in texts are characters, in both twins.

// runesIn is how many bytes the first n characters have.
func runesIn(in []byte, n int) int {
	at := 0
	for ; n > 0 && at < len(in); n-- {
		_, size := utf8.DecodeRune(in[at:])
		at += size
	}
	return at
}

// lastRunes is how many bytes the last n characters have.
func lastRunes(in []byte, n int) int {
	end := len(in)
	for ; n > 0 && end > 0; n-- {
		_, size := utf8.DecodeLastRune(in[:end])
		end -= size
	}
	return len(in) - end
}

// part is SPLIT_PART(in, by, n): empty where there is no such part.
func part(in []byte, by byte, n int) []byte {
	for ; n > 1; n-- {
		i := bytes.IndexByte(in, by)
		if i < 0 {
			return nil
		}
		in = in[i+1:]
	}
	if i := bytes.IndexByte(in, by); i >= 0 {
		return in[:i]
	}
	return in
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func allDigits(in []byte) bool {
	for _, c := range in {
		if !isDigit(c) {
			return false
		}
	}
	return true
}

// appendPaddedWord is LPAD(MOD(w, 10^digits), digits, '0').
func appendPaddedWord(dst []byte, w uint64, digits int) []byte {
	at := len(dst) + digits
	for range digits {
		dst = append(dst, '0')
	}
	for i := at - 1; i >= at-digits; i-- {
		dst[i] = '0' + byte(w%10)
		w /= 10
	}
	return dst
}
