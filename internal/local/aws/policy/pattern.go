package policy

import (
	"strings"
)

// glob is a text with wildcards: literal runes, and the two below.
type glob []rune

const (
	anyRun rune = -1 // *
	anyOne rune = -2 // ?
)

// globOf reads * and ? as wildcards.
func globOf(text string) glob {
	g := make(glob, 0, len(text))
	for _, r := range text {
		switch r {
		case '*':
			r = anyRun
		case '?':
			r = anyOne
		}
		g = append(g, r)
	}
	return g
}

// match tells whether the whole of text fits. It backtracks only to the last star, so that no pattern is exponential.
func (g glob) match(text string) bool {
	s := []rune(text)
	var gi, si int
	star, mark := -1, 0
	for si < len(s) {
		switch {
		case gi < len(g) && g[gi] == anyRun:
			star, mark = gi, si
			gi++
		case gi < len(g) && (g[gi] == anyOne || g[gi] == s[si]):
			gi++
			si++
		case star >= 0:
			mark++
			gi, si = star+1, mark
		default:
			return false
		}
	}
	for gi < len(g) && g[gi] == anyRun {
		gi++
	}
	return gi == len(g)
}

// pattern is a text of a policy in which ${variables} may stand for values of the request. What a variable brings in is
// literal: a user called "*" matches only itself.
type pattern []piece

// piece is literal (with wildcards, if the pattern has them) or a variable.
type piece struct {
	glob     glob
	variable string // lower case, "" for a literal piece
	fallback string // ${key, 'fallback'}
	hasFall  bool
}

// parsePattern reads text. wild says whether * and ? are wildcards; without it they are literal. Documents of the 2008
// version know no variables.
func parsePattern(text, version string, wild bool) (pattern, error) {
	literal := globOf
	if !wild {
		literal = func(s string) glob { return glob(s) }
	}
	var p pattern
	for text != "" {
		start := strings.Index(text, "${")
		if start < 0 || version == version2008 {
			return append(p, piece{glob: literal(text)}), nil
		}
		length := strings.IndexByte(text[start:], '}')
		if length < 0 {
			return nil, errSyntax
		}
		if start > 0 {
			p = append(p, piece{glob: literal(text[:start])})
		}
		name := text[start+2 : start+length]
		text = text[start+length+1:]
		switch name {
		case "*", "?", "$":
			p = append(p, piece{glob: glob(name)}) // the documented escapes
			continue
		}
		v := piece{variable: strings.ToLower(strings.TrimSpace(name))}
		if key, fallback, ok := strings.Cut(name, ","); ok {
			fallback = strings.TrimSpace(fallback)
			if len(fallback) < 2 || fallback[0] != '\'' || fallback[len(fallback)-1] != '\'' {
				return nil, errSyntax
			}
			v = piece{variable: strings.ToLower(strings.TrimSpace(key)), fallback: fallback[1 : len(fallback)-1], hasFall: true}
		}
		if !strings.Contains(v.variable, ":") || strings.ContainsAny(v.variable, "{}$*? ") {
			return nil, errSyntax
		}
		p = append(p, v)
	}
	return p, nil
}

// expand puts the request's values in. A variable without exactly one value makes the pattern match nothing.
func (p pattern) expand(ctx Context) (glob, bool) {
	if len(p) == 1 && p[0].variable == "" {
		return p[0].glob, true
	}
	var g glob
	for _, piece := range p {
		switch values := ctx[piece.variable]; {
		case piece.variable == "":
			g = append(g, piece.glob...)
		case len(values) == 1:
			g = append(g, []rune(values[0])...)
		case len(values) == 0 && piece.hasFall:
			g = append(g, []rune(piece.fallback)...)
		default:
			return nil, false
		}
	}
	return g, true
}

func (p pattern) match(ctx Context, text string) bool {
	g, ok := p.expand(ctx)
	return ok && g.match(text)
}

// resource is one value of a Resource element: "*", or an ARN whose six fields are matched one by one, so that a
// wildcard in one field never reaches into the next.
type resource struct {
	text   string
	all    bool
	fields []pattern
}

func parseResource(text, version string) (resource, error) {
	if text == "*" {
		return resource{text: text, all: true}, nil
	}
	if !strings.HasPrefix(text, "arn:") {
		return resource{}, malformed("Resource %s must be in ARN format or \"*\".", text)
	}
	fields := splitARN(text)
	if len(fields) > 2 && strings.ContainsAny(fields[2], "*?$") {
		return resource{}, malformed("Resource vendor must be fully qualified and cannot contain regexes.")
	}
	// "arn:aws:kms:*" is short for a star in every field that is missing.
	if len(fields) < 6 && !strings.HasSuffix(text, "*") || len(fields) < 3 {
		return resource{}, malformed("Resource %s must be in ARN format or \"*\".", text)
	}
	for len(fields) < 6 {
		fields = append(fields, "*")
	}
	r := resource{text: text}
	for _, f := range fields {
		p, err := parsePattern(f, version, true)
		if err != nil {
			return resource{}, err
		}
		r.fields = append(r.fields, p)
	}
	return r, nil
}

func (r resource) match(ctx Context, arn string) bool {
	if r.all {
		return true
	}
	fields := splitARN(arn)
	if len(fields) != len(r.fields) {
		return false
	}
	for i, p := range r.fields {
		if !p.match(ctx, fields[i]) {
			return false
		}
	}
	return true
}

// splitARN cuts at the first five colons that are not inside ${...}: variables have colons in their names.
func splitARN(text string) []string {
	var fields []string
	start, inside := 0, false
	for i := 0; i < len(text) && len(fields) < 5; i++ {
		switch {
		case strings.HasPrefix(text[i:], "${"):
			inside = true
		case text[i] == '}':
			inside = false
		case text[i] == ':' && !inside:
			fields = append(fields, text[start:i])
			start = i + 1
		}
	}
	return append(fields, text[start:])
}
