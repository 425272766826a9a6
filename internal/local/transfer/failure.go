package transfer

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/sealift/sealift/internal/local/dialect"
)

// SQLSTATEs of failures while a statement runs.
const (
	codeInternal     = "XX000" // what clusters answer for anything of S3 and for failed loads
	codeCancelled    = "57014"
	codeSyntax       = "42601"
	codeNotSupported = "0A000"
	codeUndefined    = "42P01"
	codeNoColumn     = "42703"
	codePrivilege    = "42501"
)

// at says what was done with what when an error of S3 came up, for the context line of the error's detail.
type at struct {
	doing string
	err   error
}

func (a *at) Error() string { return a.doing + ": " + a.err.Error() }
func (a *at) Unwrap() error { return a.err }

func doing(err error, format string, args ...any) error {
	if err == nil {
		return nil
	}
	return &at{doing: fmt.Sprintf(format, args...), err: err}
}

// failure makes the error that the client sees.
func failure(ctx context.Context, err error, s Session) *dialect.Error {
	if ctx.Err() != nil {
		if cause, ok := errors.AsType[*dialect.Error](context.Cause(ctx)); ok {
			return cause
		}
		return &dialect.Error{Code: codeCancelled, Message: fmt.Sprintf("Query (%d) cancelled on user's request", s.QueryID)}
	}
	var (
		said  *dialect.Error
		pg    *pgconn.PgError
		store *StoreError
		scan  *scanError
	)
	switch {
	case errors.As(err, &said):
		return said
	case errors.As(err, &scan):
		return scan.said(s)
	case errors.As(err, &store):
		return detailed(store.text(), "8001", err, s)
	case errors.As(err, &pg):
		return &dialect.Error{Code: pg.Code, Message: pg.Message, Detail: pg.Detail, Hint: pg.Hint}
	}
	return detailed(err.Error(), "9999", err, s)
}

// text is the service's answer as Redshift shows it (DG s3serviceexception-error).
func (e *StoreError) text() string {
	message := e.Message
	if e.Code == "AccessDenied" {
		message = "Access Denied" // what S3 says to anybody but the bucket's owner; details stay in its own log
	}
	return fmt.Sprintf("S3ServiceException:%s,Status %d,Error %s,Rid %s,ExtRid %s,CanRetry 1", message, e.Status, e.Code, rid(e.RequestID), rid(e.RequestID))
}

func rid(id string) string {
	if id == "" {
		return "none"
	}
	return id
}

// codeScan is what a scan fails with that could not read a file's pages.
const codeScan = 15001

// scanError is a file that the external scan of a COPY could not read. Its message says no more than that; the rest is in the detail.
type scanError struct {
	code    int
	context string
}

func (e *scanError) Error() string { return scanMessage + ": " + e.context }

const scanMessage = "Spectrum Scan Error"

func (e *scanError) said(s Session) *dialect.Error {
	return block(scanMessage, strconv.Itoa(e.code), []string{"context:   " + e.context, fmt.Sprintf("query:     %d", s.QueryID), fmt.Sprintf("process:   worker_thread [pid=%d]", s.PID)})
}

// detailed is an internal error with the block of details that clusters add.
func detailed(message, code string, err error, s Session) *dialect.Error {
	var lines []string
	if a, ok := errors.AsType[*at](err); ok {
		lines = append(lines, "context:   "+a.doing)
	}
	return block(message, code, append(lines, fmt.Sprintf("query:     %d", s.QueryID), fmt.Sprintf("process:   padbmaster [pid=%d]", s.PID)))
}

func block(message, code string, lines []string) *dialect.Error {
	const rule = "  -----------------------------------------------"
	detail := "\n" + rule + "\n  error:  " + message + "\n  code:      " + code + "\n  " + strings.Join(lines, "\n  ") + "\n" + rule
	return &dialect.Error{Code: codeInternal, Message: message, Detail: detail}
}

func internal(format string, args ...any) *dialect.Error {
	return &dialect.Error{Code: codeInternal, Message: fmt.Sprintf(format, args...)}
}
