// Package policy reads IAM policy documents and decides what they allow, as AWS documents it: explicit deny first, then
// allow; conditions, variables, principals, not-elements. It is pure: it knows no accounts, no storage and no HTTP.
package policy

import (
	"encoding/json"
	"fmt"
)

// Context holds the condition keys of one request, in lower case, each with its values ("aws:securetransport": {"true"}).
type Context map[string][]string

// Document is a parsed policy.
type Document struct {
	raw []byte
}

// Parse reads a policy document.
func Parse(data []byte) (*Document, error) {
	if !json.Valid(data) {
		return nil, fmt.Errorf("policy is not valid JSON")
	}
	return &Document{raw: data}, nil
}

// String gives the document's text as it was put.
func (d *Document) String() string { return string(d.raw) }
