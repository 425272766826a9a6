// Package secret holds the one type for passwords, keys and tokens: a value that cannot be printed, logged or
// marshalled by accident. Only Reveal gives the text, so a search for Reveal finds every place where a secret leaves.
package secret

import (
	"fmt"
	"io"
	"log/slog"
)

const redacted = "[redacted]"

// Value is a secret text. The zero value is "no secret".
//
// The text is behind a pointer: fmt cannot call methods on unexported fields of other structs, and would print the field
// itself, which is then an address.
type Value struct{ text *string }

// New wraps text.
func New(text string) Value { return Value{text: &text} }

// Reveal gives the text. Call it only where the secret is used up: a login message, a signature.
func (v Value) Reveal() string {
	if v.text == nil {
		return ""
	}
	return *v.text
}

// IsZero tells whether there is no secret.
func (v Value) IsZero() bool { return v.text == nil || *v.text == "" }

// String answers [redacted].
func (v Value) String() string { return redacted }

// Format answers [redacted] to every verb, %d and %#v included.
func (v Value) Format(f fmt.State, _ rune) {
	_, _ = io.WriteString(f, redacted) // fmt.State keeps no error
}

// LogValue answers [redacted], for log/slog.
func (v Value) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalText answers [redacted], for JSON, YAML and everything else that marshals through text.
func (v Value) MarshalText() ([]byte, error) { return []byte(redacted), nil }
