package redshift

import (
	"errors"
	"fmt"
	"strings"
)

// LoadError is what the warehouse noted about a record that COPY failed on. The value is not in it: it is somebody's
// data, and this ends in logs and messages.
type LoadError struct {
	File   string
	Line   int64
	Column string
	Type   string // of the column, as the server writes it
	Length string
	Code   int64 // DG r_Load_Error_Reference
	Reason string
	Query  int64
}

// LoadErrorsQuery asks for the latest failed record of this session. It reads the SYS view, which exists on clusters and
// on workgroups; STL_LOAD_ERRORS is known to clusters only.
func LoadErrorsQuery() SQL {
	return Build(`SELECT file_name, line_number, column_name, column_type, column_length, error_code, error_message, query_id
FROM sys_load_error_detail
WHERE session_id = pg_backend_pid()
ORDER BY start_time DESC
LIMIT 1`)
}

// ParseLoadError reads a row of LoadErrorsQuery's answer. Texts come padded with blanks.
func ParseLoadError(row []*string) (LoadError, error) {
	if len(row) != 8 {
		return LoadError{}, fmt.Errorf("read load error: %d fields, 8 were asked for", len(row))
	}
	trimmed := func(v *string) string {
		if v == nil {
			return ""
		}
		return strings.TrimSpace(*v)
	}
	number := func(v *string) (int64, error) {
		if v == nil {
			return 0, nil
		}
		return parseInt(v)
	}
	line, err1 := number(row[1])
	code, err2 := number(row[5])
	query, err3 := number(row[7])
	if err := errors.Join(err1, err2, err3); err != nil {
		return LoadError{}, fmt.Errorf("read load error: %w", err)
	}
	return LoadError{
		File: trimmed(row[0]), Line: line, Column: trimmed(row[2]), Type: trimmed(row[3]), Length: trimmed(row[4]),
		Code: code, Reason: withoutValue(trimmed(row[6])), Query: query,
	}, nil
}

// withoutValue takes out of a reason what it quotes of the data: Invalid digit, Value 'a', Pos 0, Type: Integer. The
// quoted value may hold a quote itself, so everything up to the last one goes.
func withoutValue(reason string) string {
	before, rest, ok := strings.Cut(reason, "Value '")
	end := strings.LastIndexByte(rest, '\'')
	if !ok || end < 0 {
		return reason
	}
	return before + "Value redacted" + rest[end+1:]
}

// String says what was wrong with which column.
func (e LoadError) String() string {
	what := e.Reason
	if what == "" {
		what = fmt.Sprintf("load error %d", e.Code)
	}
	if e.Column == "" {
		return what
	}
	t := strings.ToUpper(e.Type)
	if e.Length != "" && e.Length != "0" && t != "" {
		t += "(" + e.Length + ")"
	}
	return strings.TrimSpace(fmt.Sprintf("column %s %s", e.Column, t)) + ": " + what
}

// Hint says what to do about it.
func (e LoadError) Hint() string {
	switch e.Code {
	case 1204, 1215, 1222:
		return "make the column wider in the target, or load into a new table: mode create"
	case 1213:
		return "the source has NULL where the target does not allow it"
	case 1216, 1201, 1202, 1203, 1211, 1214:
		return "the staged file is not what UNLOAD wrote: something changed it on the way"
	case 1219, 1220, 1221:
		return "the source holds text that is not valid UTF-8; Parquet does not help: correct the rows at the source"
	case 1224:
		return "a SUPER value is too large or not well formed"
	default:
		return "see the manual's page Load error reference for error " + fmt.Sprint(e.Code)
	}
}
