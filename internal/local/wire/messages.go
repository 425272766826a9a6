package wire

import (
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/sealift/sealift/internal/local/dialect"
)

// errorResponse writes an error as Redshift does: the fields of PostgreSQL 8.0, without those added since (the severity
// that is never translated; the names of schema, table, column, type and constraint).
func errorResponse(e *pgconn.PgError) *pgproto3.ErrorResponse {
	severity := e.Severity
	if severity == "" {
		severity = "ERROR"
	}
	return &pgproto3.ErrorResponse{
		Severity: severity, Code: e.Code, Message: e.Message, Detail: e.Detail, Hint: e.Hint, Position: e.Position,
		InternalPosition: e.InternalPosition, InternalQuery: e.InternalQuery, Where: e.Where,
		File: e.File, Line: e.Line, Routine: e.Routine,
	}
}

// info is a notice of the kind Redshift sends after COPY and UNLOAD.
func info(text string) *pgproto3.NoticeResponse {
	return &pgproto3.NoticeResponse{Severity: "INFO", Code: "00000", Message: text}
}

func dialectError(e *dialect.Error) *pgconn.PgError {
	return &pgconn.PgError{Severity: "ERROR", Code: e.Code, Message: e.Message, Detail: e.Detail, Hint: e.Hint}
}

// mapError turns an error of PostgreSQL into Redshift's.
func mapError(pe *pgconn.PgError) *pgconn.PgError {
	mapped, ok := dialect.MapError(dialect.Error{Code: pe.Code, Message: pe.Message, Detail: pe.Detail, Hint: pe.Hint}, pe.ConstraintName)
	if !ok {
		return pe
	}
	e := dialectError(&mapped)
	e.Severity = pe.Severity
	return e
}
