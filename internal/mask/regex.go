package mask

import (
	"regexp"
	"slices"
	"strings"

	"github.com/sealift/sealift/internal/redshift"
)

// pattern is an expression that all engines read alike. REGEXP_REPLACE (DG REGEXP_REPLACE) takes POSIX expressions, of which
// several readings exist; these hold nothing on which they differ: no alternatives, no references, no classes by name, no
// backslashes, nothing that is lazy, and letters of either case, so that it does not matter how a column compares. What is left
// has one longest match from the left in each.
type pattern struct {
	name, text string
	shortest   int // bytes of the shortest text that it finds
	samples    []string
	re         *regexp.Regexp
}

func newPattern(name string, shortest int, text string, samples ...string) pattern {
	return pattern{name, text, shortest, samples, regexp.MustCompilePOSIX(text)}
}

// longestText is what a VARCHAR holds, in bytes.
const longestText = 65535

// patterns are those that regex_replace takes.
var patterns = []pattern{
	newPattern("email", 3, "[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+", "write to A.B+c@EXAMPLE.org, or a@b@c", "@", "a@", "ü@x.y"),
	newPattern("url", 8, "[Hh][Tt][Tt][Pp][Ss]?://[A-Za-z0-9._~:/?#@!&*+,;=%-]+", "see HTTPS://x.example/a?b=c#d (or http://y)", "http://", "https:/x"),
	newPattern("ipv4", 7, "[0-9]{1,3}[.][0-9]{1,3}[.][0-9]{1,3}[.][0-9]{1,3}", "from 192.0.2.17 to 1234.1.1.1.1", "1.2.3", "1.2.3.4.5.6.7.8"),
	newPattern("uuid", 36, "[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}", "id 00112233-4455-6677-8899-aAbBcCdDeEfF0", "00112233-4455"),
	newPattern("ssn", 11, "[0-9]{3}-[0-9]{2}-[0-9]{4}", "is 078-05-1120, 1078-05-11203", "078-5-1120"),
	newPattern("card", 13, "[0-9]{4}[ -]?[0-9]{4}[ -]?[0-9]{4}[ -]?[0-9]{1,7}", "paid by 4111 1111-11111111 on 1/2", "4111 1111 1111", "41111111111111112222333344445555"),
	newPattern("iban", 15, "[A-Za-z]{2}[0-9]{2}[ 0-9A-Za-z]{10,29}[0-9A-Za-z]", "to DE89 3704 0044 0532 0130 00.", "GB82WEST12345698765432", "DE8 12"),
	newPattern("phone", 7, "[+(]?[0-9][0-9 ()./-]{5,}[0-9]", "call +1 (555) 010-9999 or 030/123 45 67-", "12-34", "555 01 0"),
	newPattern("long_number", 6, "[0-9]{6,}", "no 123456, no 12345, no 00112233445566778899", "１２３４５６"),
	newPattern("digits", 1, "[0-9]+", "a1b22c333", "none"),
}

func patternNames() []string {
	names := make([]string, len(patterns))
	for i, p := range patterns {
		names[i] = p.name
	}
	return names
}

var regexReplace = &transformer{
	Info: Info{
		Name: "regex_replace", Summary: "the text with everything that certain patterns find replaced; all else stays", Class: Lossy, Privacy: Fraction, Pushdown: true, GoTwin: true,
		Options: []Option{
			{"patterns", "which, one after the other: " + strings.Join(patternNames(), ", ")},
			{"with", "what stands in place of each, of printable ASCII without \\ $ &; up to three * by default"},
		},
	},
	compile: func(c *compiler, o *options) (twins, error) {
		if err := c.only(text); err != nil {
			return twins{}, err
		}
		var chosen []pattern
		shortest := 3
		for _, name := range o.strings("patterns") {
			i := slices.IndexFunc(patterns, func(p pattern) bool { return p.name == name })
			if i < 0 {
				o.wrong("patterns", "%q is not one of those on which all engines agree%s", name, meant(name, patternNames()))
				continue
			}
			chosen = append(chosen, patterns[i])
			shortest = min(shortest, patterns[i].shortest)
		}
		if len(chosen) == 0 && len(o.errs) == 0 {
			o.wrong("patterns", "there is none; there are %s", strings.Join(patternNames(), ", "))
		}
		with := o.string("with", strings.Repeat("*", shortest))
		if strings.ContainsFunc(with, func(r rune) bool { return r < ' ' || r > '~' || strings.ContainsRune(`\$&`, r) }) {
			o.wrong("with", "%q holds what is not printable ASCII, or one of \\ $ &, which engines take for more than themselves", with)
		}
		if err := c.room(len(with), "what stands in place of a match"); err != nil {
			o.wrong("with", "%w", err)
		}
		if o.err() != nil {
			return twins{}, nil
		}
		c.warn("what its patterns do not find stays as it is: names, for one")
		x := c.trimmed()
		out := twins{}
		for _, p := range chosen {
			x = redshift.Build("REGEXP_REPLACE(?, ?, ?)", x, redshift.Lit(p.text), redshift.Lit(with))
			out.samples = append(out.samples, p.samples...)
		}
		// What is put in can be longer than what is taken out. A value that would not fit any more is replaced as a whole.
		most := c.column.Type.Length
		for _, p := range chosen {
			most = max(most, most/p.shortest*len(with)+most%p.shortest)
		}
		if most > longestText {
			o.wrong("with", "%d bytes in place of as few as are found can make a text of %d bytes of %s, which is more than a warehouse computes with; %d stars would do", len(with), most, c.column.Type, shortest)
			return twins{}, nil
		}
		if most > c.column.Type.Length {
			x = redshift.Build("CASE WHEN OCTET_LENGTH(?) > ? THEN ? ELSE ? END", x, redshift.Int(c.column.Type.Length), redshift.Lit(with), x)
		}
		out.samples = append(out.samples, hostile...)
		out.sql = c.cast(x)
		out.run = func(_ *Masker, dst, in []byte) ([]byte, error) {
			in, err := textOf(in)
			if err != nil {
				return nil, err
			}
			for _, p := range chosen {
				if p.re.Match(in) { // which takes no memory
					in = p.re.ReplaceAllLiteral(in, []byte(with))
				}
			}
			if len(in) > c.column.Type.Length {
				return append(dst, with...), nil
			}
			return append(dst, in...), nil
		}
		return out, nil
	},
}
