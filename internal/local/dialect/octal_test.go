package dialect

import "testing"

// An escape of octal digits is one byte, as PostgreSQL 8.0 read it.
func TestOctalEscapes(t *testing.T) {
	t.Parallel()
	for sql, want := range map[string]string{
		`'\036'`: "\x1e", `'\101\102'`: "AB", `'\7x'`: "\x07x", `'\1234'`: "S4", `'\\036'`: `\036`,
	} {
		tokens := Lex(sql)
		if got, ok := tokens[0].Literal(); !ok || got != want {
			t.Errorf("%s is %q, want %q", sql, got, want)
		}
	}
}
