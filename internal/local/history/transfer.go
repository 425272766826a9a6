package history

import (
	"context"
	"fmt"
	"strings"

	"github.com/sealift/sealift/internal/local/transfer"
)

// Load keeps a COPY: when it begins, and, in place of that, when it has ended.
func (l *Log) Load(ctx context.Context, r *transfer.Load) error {
	rows := newRows()
	rows.add("load_log", "query, xid, userid, pid, database, tbl, table_name, starttime, endtime, status, data_source, file_format,"+
		" loaded_rows, loaded_bytes, source_file_count, source_file_bytes, error_count",
		r.QueryID, r.XID, r.UserOID, r.PID, r.Database, r.TableOID, r.Table, r.Start, r.End, string(r.Status), r.Source, r.Format,
		r.Rows, r.Bytes, r.FileCount, r.FileBytes, r.ErrorCount)
	for _, f := range r.Files {
		rows.add("load_commit", "query, userid, slice, filename, lines_scanned, bytes_scanned, errors, curtime, file_format",
			r.QueryID, r.UserOID, f.Slice, f.URL, f.Lines, f.Bytes, f.Errors, f.Time, formatName(r.Format))
	}
	for _, e := range r.Errors {
		rows.add("load_error", "query, xid, userid, pid, database, slice, tbl, starttime, filename, line_number, colname, type, col_length,"+
			" position, raw_line, raw_field_value, err_code, err_reason",
			r.QueryID, r.XID, r.UserOID, r.PID, r.Database, e.Slice, r.TableOID, e.Time, e.URL, e.Line, e.Column, e.Type, e.Length,
			e.Position, e.RawLine, e.RawFieldValue, e.Code, e.Reason)
		for n, f := range e.Fields {
			isNull := 0
			if f.Null {
				isNull = 1
			}
			rows.add("load_error_detail", "query, userid, pid, slice, filename, line_number, field, colname, value, is_null, type, col_length",
				r.QueryID, r.UserOID, r.PID, e.Slice, e.URL, e.Line, n, f.Column, f.Value, isNull, f.Type, f.Length)
		}
	}
	for _, p := range r.Replacements {
		rows.add("load_replacement", "query, userid, pid, slice, tbl, starttime, filename, line_number, colname, raw_line",
			r.QueryID, r.UserOID, r.PID, p.Slice, r.TableOID, p.Time, p.URL, p.Line, p.Column, p.RawLine)
	}
	if err := l.replace(ctx, r.Statement, rows); err != nil {
		return fmt.Errorf("keep the load of %s in the history: %w", r.Table, err)
	}
	return nil
}

// formatName is file_format of STL_LOAD_COMMITS.
func formatName(format string) string {
	switch format {
	case "json":
		return "JSON"
	case "parquet":
		return "Parquet"
	default:
		return "Text"
	}
}

// Unload keeps an UNLOAD: when it begins, and, in place of that, when it has ended.
func (l *Log) Unload(ctx context.Context, r *transfer.Unload) error {
	rows := newRows()
	rows.add("unload_log", "query, xid, userid, pid, database, starttime, endtime, status, file_format, compression_type, location, rows,"+
		" file_count, file_bytes, error",
		r.QueryID, r.XID, r.UserOID, r.PID, r.Database, r.Start, r.End, string(r.Status), r.Format, r.Compression, r.Location, r.Rows,
		len(r.Files), r.Bytes, r.Error)
	for _, f := range r.Files {
		rows.add("unload_file", "query, userid, pid, slice, path, starttime, endtime, line_count, transfer_size, file_format",
			r.QueryID, r.UserOID, r.PID, f.Slice, f.URL, f.Start, f.End, f.Rows, f.Bytes, r.Format)
	}
	if err := l.replace(ctx, r.Statement, rows); err != nil {
		return fmt.Errorf("keep the unload to %s in the history: %w", r.Location, err)
	}
	return nil
}

// rows are rows of several tables, in COPY's text format.
type rows struct {
	tables  []string
	columns map[string]string
	text    map[string]*strings.Builder
}

func newRows() *rows {
	return &rows{columns: map[string]string{}, text: map[string]*strings.Builder{}}
}

func (r *rows) add(table, columns string, values ...any) {
	b := r.text[table]
	if b == nil {
		b = &strings.Builder{}
		r.tables = append(r.tables, table)
		r.columns[table], r.text[table] = columns, b
	}
	copyRow(b, values...)
}

// replace writes the rows of a statement in place of those that tell of it already, in one transaction.
func (l *Log) replace(ctx context.Context, s transfer.Statement, rows *rows) error {
	l.writing.Lock()
	defer l.writing.Unlock()
	c, err := l.connect(ctx, s.Database)
	if err != nil {
		return err
	}
	if _, err := c.Exec(ctx, "BEGIN").ReadAll(); err != nil {
		return err
	}
	for _, table := range rows.tables {
		if err = l.replaceIn(ctx, c, table, s.QueryID, rows); err != nil {
			break
		}
	}
	end := "COMMIT"
	if err != nil {
		end = "ROLLBACK"
	}
	if _, ended := c.Exec(ctx, end).ReadAll(); err == nil {
		err = ended
	}
	return err
}

func (l *Log) replaceIn(ctx context.Context, c *connection, table string, query int64, rows *rows) error {
	if _, err := c.Exec(ctx, fmt.Sprintf("DELETE FROM rs.%s WHERE query = %d", table, query)).ReadAll(); err != nil {
		return err
	}
	_, err := c.CopyFrom(ctx, strings.NewReader(rows.text[table].String()), "COPY rs."+table+" ("+rows.columns[table]+") FROM STDIN")
	return err
}
