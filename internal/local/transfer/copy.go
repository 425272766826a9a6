package transfer

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/sealift/sealift/internal/local/dialect"
	"github.com/sealift/sealift/internal/local/transfer/command"
)

// copy carries out a COPY: the slices read and convert the files, their rows go through one COPY FROM STDIN of
// PostgreSQL, all in one transaction.
func (e *Engine) copy(ctx context.Context, conn *pgconn.PgConn, st dialect.Statement, s Session) (Result, error) {
	c, bad := command.ParseCopy(st.Tokens, e.mode(s))
	if bad != nil {
		return Result{}, e.refuse(ctx, conn, s, bad)
	}
	p := postgres{conn}
	l := &load{Copy: c, session: s, where: cmp.Or(c.Region, e.Region), record: &Load{
		Statement: Statement{QueryID: s.QueryID, XID: s.XID, PID: s.PID, Database: s.Database, Start: time.Now(), Status: Running},
		Table:     c.Table,
		Source:    c.From.String(),
		Format:    historyFormat(c.Format),
	}}
	err := p.transaction(ctx, s, func() error {
		if err := e.runCopy(ctx, p, l); err != nil {
			return err
		}
		return l.keepCounters(ctx, p, l.record.Rows)
	})
	l.record.End, l.record.Status = time.Now(), Success
	var said error
	if err != nil {
		f := failure(ctx, err, s)
		l.record.Status, l.record.Error, l.record.Rows = Failed, f.Message, 0
		if f.Code == codeCancelled {
			l.record.Status = Aborted
		}
		said = f
		if l.begun && !s.InTransaction && !conn.IsClosed() {
			// A load that failed on the way counts no rows, and its id finds its errors.
			if err := l.keepCounters(context.WithoutCancel(ctx), p, 0); err != nil {
				e.log().Warn("counters of a failed load were not kept", "query_id", s.QueryID, "err", err)
			}
		}
	}
	if l.begun {
		e.recordLoad(ctx, l.record)
	}
	if said != nil {
		return Result{}, said
	}
	result := Result{Tag: "COPY", Rows: l.record.Rows, Notices: l.notices()}
	if !l.NoLoad {
		result.Table = Table{OID: l.table.oid, Schema: l.table.schema, Name: l.table.name}
	}
	return result, nil
}

// historyFormat is what SYS_LOAD_HISTORY calls a format.
func historyFormat(f command.Format) string {
	switch f {
	case command.Delimited, command.FixedWidth:
		return "txt"
	default:
		return string(f)
	}
}

func (e *Engine) recordLoad(ctx context.Context, record *Load) {
	if e.History == nil {
		return
	}
	if err := e.History.Load(context.WithoutCancel(ctx), record); err != nil {
		e.log().Warn("load history was not kept", "query_id", record.QueryID, "err", err)
	}
}

// keepCounters sets what pg_last_copy_count() and pg_last_copy_id() answer.
func (l *load) keepCounters(ctx context.Context, p postgres, rows int64) error {
	if err := p.setting(ctx, "rs.last_copy_count", strconv.FormatInt(rows, 10)); err != nil {
		return err
	}
	return p.setting(ctx, "rs.last_copy_id", strconv.FormatInt(l.session.QueryID, 10))
}

// notices are what the client is told after a load (DG r_COPY_command_examples).
func (l *load) notices() []string {
	notices := []string{fmt.Sprintf("Load into table '%s' completed, %d record(s) loaded successfully.", l.table.name, l.record.Rows)}
	if l.replacedRows > 0 {
		notices = append(notices, fmt.Sprintf("Load into table '%s' completed, %d record(s) were loaded with replacements made for ACCEPTINVCHARS. "+
			"Check 'stl_replacements' system table for details.", l.table.name, l.replacedRows))
	}
	if l.record.ErrorCount > 0 {
		notices = append(notices, fmt.Sprintf("Load into table '%s' completed, %d record(s) could not be loaded.  "+
			"Check 'stl_load_errors' system table for details.", l.table.name, l.record.ErrorCount))
	}
	return notices
}

func (e *Engine) runCopy(ctx context.Context, p postgres, l *load) (err error) {
	if err := p.userOID(ctx, &l.record.Statement); err != nil {
		return err
	}
	if l.table, err = p.table(ctx, l.Copy); err != nil {
		return err
	}
	l.record.Table, l.record.TableOID = l.table.name, l.table.oid
	if l.columns, err = l.table.loaded(l.Copy); err != nil {
		return err
	}
	l.missing = l.table.missing(l.columns)
	if l.store, err = e.open(ctx, p, "COPY", l.Auth, l.session); err != nil {
		return err
	}
	files, err := e.locate(ctx, l.store, l.Copy)
	if err != nil {
		return err
	}
	if err := l.prepare(ctx, e); err != nil {
		return err
	}
	if l.NoLoad {
		l.start(e, files)
		return l.run(ctx, p, files, max(e.Slices, 1))
	}
	// One writer per table at a time (Database Developer Guide, Write and read/write operations).
	if _, err := p.rows(ctx, "SELECT rs.lock_for_write($1::oid::regclass)", strconv.FormatUint(uint64(l.table.oid), 10)); err != nil {
		return err
	}
	l.start(e, files)
	e.recordLoad(ctx, l.record)
	if err := l.run(ctx, p, files, max(e.Slices, 1)); err != nil {
		return err
	}
	if err := l.compress(ctx, p); err != nil {
		return err
	}
	if l.StatUpdate == command.On || (l.StatUpdate == command.Unsaid && l.table.empty && l.table.mine) {
		return p.exec(ctx, "ANALYZE "+l.table.qualified)
	}
	return nil
}

// copyFrom is the statement that takes the rows of l.
func (l *load) copyFrom() string {
	names := make([]string, len(l.columns))
	for i, c := range l.columns {
		names[i] = dialect.QuoteIdent(c.Name)
	}
	return "COPY " + l.table.qualified + " (" + strings.Join(names, ", ") + ") FROM STDIN"
}

var errLoadFailed = errors.New("load failed")

// failed is the error of a load with too many bad rows.
func (l *load) failed() error {
	return &dialect.Error{
		Code:    codeInternal,
		Message: fmt.Sprintf("Load into table '%s' failed.  Check 'stl_load_errors' system table for details.", l.table.name),
	}
}
