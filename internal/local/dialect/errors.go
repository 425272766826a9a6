package dialect

import "fmt"

// The hint of everything that is refused by name.
const seeDocs = "see docs/standin.md for what the stand-in imitates and what it refuses"

// refusal is the answer to what Redshift does not have, or to what the stand-in does not imitate.
func refusal(format string, args ...any) *Error {
	return &Error{Code: "0A000", Message: fmt.Sprintf(format, args...), Hint: seeDocs}
}

func notSupported(what string) *Error { return refusal("%s is not supported", what) }

func syntaxError(format string, args ...any) *Error {
	return &Error{Code: "42601", Message: fmt.Sprintf(format, args...)}
}
