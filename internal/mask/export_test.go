package mask

// FF1 encrypts text of an alphabet, for the vectors of NIST, whose keys have other lengths too.
func FF1(key, tweak []byte, alphabet, text string) (string, error) {
	f, err := newFF1(key)
	if err != nil {
		return "", err
	}
	digits := make([]byte, len(text))
	for i := range digits {
		for d := range len(alphabet) {
			if alphabet[d] == text[i] {
				digits[i] = byte(d)
			}
		}
	}
	f.encrypt(ff1SizeOf(len(alphabet), len(text)), len(alphabet), tweak, digits)
	out := make([]byte, len(digits))
	for i, d := range digits {
		out[i] = alphabet[d]
	}
	return string(out), nil
}

// SortedJSON is for comparing what super_paths makes.
func SortedJSON(text []byte) ([]byte, error) { return sortedJSON(text) }
