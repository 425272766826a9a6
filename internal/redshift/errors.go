package redshift

import (
	"errors"
	"strings"
)

// ServerError is an error as the server reported it.
type ServerError struct {
	Severity string
	Code     string // SQLSTATE
	Message  string
	Detail   string
	Hint     string
	// Described says that the statement read no rows: what the message quotes is the statement's own.
	Described bool
}

// Described tells of an error that the statement was only described. Nothing was read by it.
func Described(err error) error {
	if se, ok := serverError(err); ok {
		se.Described = true
	}
	return err
}

// Error is the server's own text, but for the values that it quotes of rows: they are somebody's data, and this ends in journals,
// logs and receipts. Redshift's internal errors have a number as their message and the text in the detail.
func (e *ServerError) Error() string {
	text := e.Message
	if cause := e.cause(); cause != "" {
		text += ": " + cause
	}
	if !e.Described {
		text = e.withoutValues(text)
	}
	if e.Code == "" || e.Code == "XX000" {
		return text
	}
	return text + " (SQLSTATE " + e.Code + ")"
}

// withoutValues takes out what an error about data (SQLSTATE class 22) quotes: invalid input syntax for integer: "a". A value may hold
// a quote itself, so everything up to the last one goes. Encodings are quoted as well, and are no values.
func (e *ServerError) withoutValues(text string) string {
	text = withoutValue(text)
	begin, end := strings.IndexByte(text, '"'), strings.LastIndexByte(text, '"')
	if !strings.HasPrefix(e.Code, "22") || begin == end || strings.Contains(text[:begin], "encoding ") {
		return text
	}
	return text[:begin] + "(redacted)" + text[end+1:]
}

// cause takes from the detail what says more than the message: all of it when the message is only a number, else the
// line "error:" of the block that assertions and external scans report, or "context:" where a scan says no more than that it failed.
func (e *ServerError) cause() string {
	detail := strings.TrimSpace(e.Detail)
	if strings.Trim(e.Message, "0123456789 ") == "" {
		return detail
	}
	scan := strings.EqualFold(strings.TrimSpace(e.Message), scanError)
	for line := range strings.Lines(detail) {
		line = strings.TrimSpace(line)
		if text, ok := strings.CutPrefix(line, "error:"); ok {
			if text = strings.TrimSpace(text); text != strings.TrimSpace(e.Message) {
				return text
			}
		}
		if text, ok := strings.CutPrefix(line, "context:"); ok && scan {
			return strings.TrimSpace(text)
		}
	}
	return ""
}

// scanError is what a COPY of Parquet says that could not read a file; which, and why, stands in the detail.
const scanError = "spectrum scan error"

// IsScanError tells whether a COPY failed on a Parquet file as a whole, so that no view says where.
func IsScanError(err error) bool {
	se, ok := serverError(err)
	return ok && strings.Contains(se.text(), scanError)
}

// text is everything the server said, in lower case, for classification.
func (e *ServerError) text() string {
	return strings.ToLower(e.Message + "\n" + e.Detail)
}

// notThere tells that a relation, column, function or parameter does not exist.
func (e *ServerError) notThere() bool {
	switch e.Code {
	case "42P01", "42703", "42883", "42704", "3F000", "0A000":
		return true
	}
	return false
}

func serverError(err error) (*ServerError, bool) {
	var se *ServerError
	ok := errors.As(err, &se)
	return se, ok
}

// Retryable tells whether the same transaction may succeed when it is run again: it was rolled back because of others
// that ran at the same time (DG c_serial_isolation, error 1023), or because it saw a table that was replaced since its
// snapshot (error 1018).
func Retryable(err error) bool {
	se, ok := serverError(err)
	if !ok {
		return false
	}
	switch se.Code {
	case "40001", "40P01":
		return true
	}
	message := strings.TrimSpace(se.Message)
	return message == "1023" || message == "1018" || strings.Contains(se.text(), "serializable isolation violation") ||
		strings.Contains(se.text(), "could not serialize access")
}

// IsPermission tells whether the user lacks a right in the database.
func IsPermission(err error) bool {
	se, ok := serverError(err)
	return ok && (se.Code == "42501" || strings.HasPrefix(se.text(), "permission denied"))
}

// IsRoleRefused tells whether the warehouse may not take a role of a statement: it is not attached, or trusts somebody else.
func IsRoleRefused(err error) bool {
	se, ok := serverError(err)
	return ok && (strings.Contains(se.text(), "is not authorized to assume iam role") || strings.Contains(se.text(), "not authorized to get credentials of role"))
}

// IsColumnThere tells whether a column was to be added that is there already.
func IsColumnThere(err error) bool {
	e, ok := serverError(err)
	return ok && e.Code == "42701"
}

// IsLoadError tells whether a COPY failed on its data, so that the load-error views say where.
func IsLoadError(err error) bool {
	se, ok := serverError(err)
	return ok && (strings.Contains(se.text(), "stl_load_errors") || strings.Contains(se.text(), "sys_load_error_detail"))
}
