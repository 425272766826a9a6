// Package awserr holds the one error type of the stand-in's AWS services, and writes it in each of AWS's protocols.
package awserr

import "fmt"

// Error is an error as an AWS service answers it. Code is what SDKs turn into an exception type, Status the HTTP status.
type Error struct {
	Code    string
	Status  int
	Message string
}

func (e *Error) Error() string { return e.Code + ": " + e.Message }

// New makes an Error with a formatted message.
func New(status int, code, format string, args ...any) *Error {
	return &Error{Code: code, Status: status, Message: fmt.Sprintf(format, args...)}
}
