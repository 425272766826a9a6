// Package policy reads IAM policy documents and decides what they allow, as AWS documents it: explicit deny first, then
// allow; conditions, variables, principals, not-elements. It is pure: it knows no accounts, no storage and no HTTP.
package policy

// Context holds the condition keys of one request, in lower case, each with its values ("aws:securetransport": {"true"}).
type Context map[string][]string

// Document is a parsed policy.
type Document struct{}
