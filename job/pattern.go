package job

import "strings"

// Match tells whether the pattern selects a table. Names are compared as the catalog holds them; a pattern without
// quotes is folded to lower case, as the server folds names.
func (p Pattern) Match(schema, name string) bool {
	s, n, ok := p.split()
	return ok && wildcard(s, schema) && wildcard(n, name)
}

// split gives the two halves of schema.table. A name in double quotes is taken as it stands, the others are folded.
func (p Pattern) split() (schema, name string, ok bool) {
	parts := make([]string, 0, 2)
	rest := p.Text
	for {
		var part string
		if strings.HasPrefix(rest, `"`) {
			var b strings.Builder
			i := 1
			for ; i < len(rest); i++ {
				if rest[i] != '"' {
					b.WriteByte(rest[i])
				} else if i+1 < len(rest) && rest[i+1] == '"' {
					b.WriteByte('"')
					i++
				} else {
					break
				}
			}
			if i >= len(rest) {
				return "", "", false
			}
			part, rest = b.String(), rest[i+1:]
		} else {
			end := strings.IndexByte(rest, '.')
			if end < 0 {
				end = len(rest)
			}
			part, rest = strings.ToLower(rest[:end]), rest[end:]
		}
		parts = append(parts, part)
		if rest == "" {
			break
		}
		if !strings.HasPrefix(rest, ".") || len(parts) == 2 {
			return "", "", false
		}
		rest = rest[1:]
	}
	if len(parts) != 2 || parts[0] == "" || parts[1] == "" {
		return "", "", false
	}
	return parts[0], parts[1], true
}

// wildcard compares text with a pattern in which * stands for any characters.
func wildcard(pattern, text string) bool {
	first, rest, found := strings.Cut(pattern, "*")
	if !found {
		return pattern == text
	}
	text, ok := strings.CutPrefix(text, first)
	if !ok {
		return false
	}
	for {
		part, after, more := strings.Cut(rest, "*")
		if !more {
			return strings.HasSuffix(text, part)
		}
		i := strings.Index(text, part)
		if i < 0 {
			return false
		}
		text, rest = text[i+len(part):], after
	}
}
