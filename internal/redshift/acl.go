package redshift

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// GranteeKind says whom a grant is for.
type GranteeKind string

// The kinds of grantees.
const (
	ToUser   GranteeKind = "user"
	ToGroup  GranteeKind = "group"
	ToPublic GranteeKind = "public"
	ToRole   GranteeKind = "role"
)

// Grant is what one grantee may do with a table.
type Grant struct {
	Grantee     Ident // zero for PUBLIC
	Kind        GranteeKind
	Privileges  []string // in upper case, sorted
	GrantOption bool
}

// privileges are those that GRANT ... ON TABLE takes (DG r_GRANT).
var privileges = map[string]template{
	"SELECT": "SELECT", "INSERT": "INSERT", "UPDATE": "UPDATE", "DELETE": "DELETE", "REFERENCES": "REFERENCES",
	"DROP": "DROP", "ALTER": "ALTER", "TRUNCATE": "TRUNCATE", allPrivileges: "ALL PRIVILEGES",
}

// allPrivileges stands for an access list with all the letters that GRANT ALL leaves in it.
const allPrivileges = "ALL"

// privilegeLetters are the letters of access lists. Rules and triggers are inherited from PostgreSQL and mean nothing on
// Redshift, which has neither; GRANT ALL sets them all the same.
var privilegeLetters = map[byte]string{
	'r': "SELECT", 'a': "INSERT", 'w': "UPDATE", 'd': "DELETE", 'x': "REFERENCES", 'D': "DROP", 'A': "ALTER", 'T': "TRUNCATE",
	'R': rule, 't': trigger,
}

const (
	rule    = "RULE"
	trigger = "TRIGGER"
)

// parseACL reads pg_class.relacl as text: {owner=arwdRxtD/owner,reader=r/owner,"group analysts=r*/owner",=r/owner}. What
// the owner has from being the owner is left out.
func parseACL(text, owner string) ([]Grant, error) {
	items, err := parseArray(text)
	if err != nil {
		return nil, fmt.Errorf("read access list %s: %w", text, err)
	}
	var grants []Grant
	for _, item := range items {
		g, err := parseACLItem(item)
		if err != nil {
			return nil, fmt.Errorf("read access list %s: %w", text, err)
		}
		for _, g := range g {
			if len(g.Privileges) > 0 && (g.Kind != ToUser || g.Grantee.name != owner) {
				grants = append(grants, g)
			}
		}
	}
	return grants, nil
}

// parseACLItem reads grantee=letters/grantor. A star after a letter is the right to grant it on, so that one item may be
// two grants: without, and with that right.
func parseACLItem(item string) ([]Grant, error) {
	name, rest, quoted, err := aclName(item)
	if err != nil {
		return nil, err
	}
	g := Grant{Kind: ToUser}
	if group, ok := strings.CutPrefix(name, "group "); ok && !quoted {
		g.Kind, name = ToGroup, group
		// The name of a group may itself be quoted.
		if strings.HasPrefix(rest, `"`) {
			if name, rest, _, err = aclName(rest); err != nil {
				return nil, err
			}
		}
	}
	letters, ok := strings.CutPrefix(rest, "=")
	if !ok {
		return nil, fmt.Errorf("%q has no equals sign after the name", item)
	}
	letters, _, _ = strings.Cut(letters, "/")
	if name == "" {
		if g.Kind == ToGroup || quoted {
			return nil, fmt.Errorf("%q names nobody", item)
		}
		g.Kind = ToPublic
	} else if g.Grantee, err = NewIdent(name); err != nil {
		return nil, err
	}
	plain, granting := g, g
	granting.GrantOption = true
	for i := 0; i < len(letters); i++ {
		p, ok := privilegeLetters[letters[i]]
		if !ok {
			return nil, fmt.Errorf("%q has the unknown privilege %q", item, letters[i])
		}
		to := &plain
		if i+1 < len(letters) && letters[i+1] == '*' {
			to = &granting
			i++
		}
		to.Privileges = append(to.Privileges, p)
	}
	plain.tidy()
	granting.tidy()
	return []Grant{plain, granting}, nil
}

// tidy sorts privileges, and writes what GRANT ALL left as ALL: its letters differ between releases of the server, but
// triggers come from nothing else.
func (g *Grant) tidy() {
	for _, p := range []string{"SELECT", "INSERT", "UPDATE", "DELETE", "REFERENCES", "DROP", trigger} {
		if !slices.Contains(g.Privileges, p) {
			g.Privileges = slices.DeleteFunc(g.Privileges, func(p string) bool { return p == rule || p == trigger })
			slices.Sort(g.Privileges)
			return
		}
	}
	g.Privileges = []string{allPrivileges}
}

// aclName takes the grantee off the front of an item. "group " stays in front of a group's name.
func aclName(s string) (name, rest string, quoted bool, err error) {
	if strings.HasPrefix(s, `"`) {
		name, rest, err = parseName(s)
		if group, ok := strings.CutPrefix(name, "group "); ok && err == nil {
			// Releases differ in whether the quotes enclose the word group.
			return "group " + group, rest, false, nil
		}
		return name, rest, true, err
	}
	if strings.HasPrefix(s, `group "`) {
		return "group ", s[len("group "):], false, nil
	}
	end := strings.LastIndex(s, "=")
	if end < 0 {
		return "", "", false, fmt.Errorf("%q has no equals sign", s)
	}
	if i := strings.Index(s, "="); i >= 0 {
		end = i
	}
	return s[:end], s[end:], false, nil
}

// parseArray reads an array of texts in the server's notation.
func parseArray(s string) ([]string, error) {
	body, ok := strings.CutPrefix(s, "{")
	if !ok || !strings.HasSuffix(body, "}") {
		return nil, errors.New("it does not stand in braces")
	}
	body = body[:len(body)-1]
	if body == "" {
		return nil, nil
	}
	var items []string
	var b strings.Builder
	inQuotes := false
	for i := 0; i < len(body); i++ {
		switch c := body[i]; {
		case c == '\\' && i+1 < len(body):
			i++
			b.WriteByte(body[i])
		case c == '"':
			inQuotes = !inQuotes
		case c == ',' && !inQuotes:
			items = append(items, b.String())
			b.Reset()
		case (c == '{' || c == '}' || c == '\\') && !inQuotes:
			return nil, errors.New("it is not a list of texts")
		default:
			b.WriteByte(c)
		}
	}
	if inQuotes {
		return nil, errors.New("a quote does not end")
	}
	return append(items, b.String()), nil
}
