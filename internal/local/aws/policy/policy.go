// Package policy reads IAM policy documents and decides what they allow, as AWS documents it: explicit deny first, then
// allow; conditions, variables, principals, not-elements. It is pure: it knows no accounts, no storage and no HTTP.
//
// Start at Parse, which reads a document; Document.Check, which says whether a service would take it; and Decide, which
// puts identity, session and resource policies together into one answer.
package policy

import (
	"regexp"
	"slices"
	"strings"
)

// Context holds the condition keys of one request, in lower case, each with its values ("aws:securetransport": {"true"}).
type Context map[string][]string

// Document is a parsed policy. It is immutable and safe for concurrent use.
type Document struct {
	text       string
	version    string
	statements []statement
}

// String gives the document's text as it was put.
func (d *Document) String() string { return d.text }

// The two versions of the policy language. Variables exist only since the second.
const (
	version2008 = "2008-10-17"
	version2012 = "2012-10-17"
)

type statement struct {
	sid       string
	deny      bool
	principal *principals // Principal, nil if absent
	exempt    *principals // NotPrincipal, nil if absent
	// not-elements keep their values in the same field and set the flag.
	actions     []action
	notActions  bool
	resources   []resource
	notResource bool
	conditions  []condition
}

type action struct {
	text string
	glob glob // lower case: action names ignore case
}

// principals is a Principal element, sorted by the kinds of its map.
type principals struct {
	everyone  bool     // "*" or {"AWS": "*"}
	aws       []string // account ids became root ARNs
	services  []string
	federated []string
}

// RootARN is how policies name a whole account.
func RootARN(account string) string { return "arn:aws:iam::" + account + ":root" }

// Principals lists the ARNs of users, roles and sessions, and the root ARNs of accounts, that the document names. A
// service that stores a policy refuses it when one of them does not exist.
func (d *Document) Principals() []string {
	var all []string
	for _, s := range d.statements {
		for _, p := range []*principals{s.principal, s.exempt} {
			if p != nil {
				all = append(all, p.aws...)
			}
		}
	}
	return all
}

// Effects tells what the document itself says to a request: neither, allow, deny, or both. Who asks is not looked at.
func (d *Document) Effects(r Request) (allows, denies bool) { return d.allows(r), d.denies(r) }

// variable is a ${variable} of a policy; ${*}, ${?} and ${$} are none.
var variable = regexp.MustCompile(`\$\{\s*([A-Za-z0-9-]+:[^},]+?)\s*[},]`)

// Keys lists the condition keys that the document asks for, in conditions and as variables: sorted, in lower case.
func (d *Document) Keys() []string {
	var all []string
	for _, s := range d.statements {
		for _, c := range s.conditions {
			all = append(all, c.key)
		}
	}
	if d.version != version2008 {
		for _, found := range variable.FindAllStringSubmatch(d.text, -1) {
			all = append(all, strings.ToLower(found[1]))
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// AccountOf gives the account field of an ARN, "" if it has none.
func AccountOf(arn string) string {
	if parts := strings.SplitN(arn, ":", 6); len(parts) == 6 {
		return parts[4]
	}
	return ""
}

// MarshalText gives the text as it was put, so that a Document can stand in a JSON file.
func (d *Document) MarshalText() ([]byte, error) { return []byte(d.text), nil }

// UnmarshalText parses the text, as Parse does.
func (d *Document) UnmarshalText(text []byte) error {
	parsed, err := Parse(text)
	if err != nil {
		return err
	}
	*d = *parsed
	return nil
}
