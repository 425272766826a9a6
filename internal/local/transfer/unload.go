package transfer

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"golang.org/x/sync/errgroup"

	"github.com/sealift/sealift/internal/local/dialect"
	"github.com/sealift/sealift/internal/local/names"
	"github.com/sealift/sealift/internal/local/transfer/columnar"
	"github.com/sealift/sealift/internal/local/transfer/command"
	"github.com/sealift/sealift/internal/local/transfer/value"
)

// unload carries out an UNLOAD: the query's rows are read as PostgreSQL's text, dealt out to the slices, and written to
// S3 by each slice on its own. The manifest is written last.
func (e *Engine) unload(ctx context.Context, conn *pgconn.PgConn, st dialect.Statement, s Session) (Result, error) {
	u, bad := command.ParseUnload(st.Tokens, e.mode(s))
	if bad != nil {
		return Result{}, e.refuse(ctx, conn, s, bad)
	}
	query, bad := translate(u.Query, s)
	if bad != nil {
		return Result{}, e.refuse(ctx, conn, s, bad)
	}
	p := postgres{conn}
	record := &Unload{
		Statement:   Statement{QueryID: s.QueryID, XID: s.XID, PID: s.PID, Database: s.Database, Start: time.Now(), Status: Running},
		Format:      strings.ToUpper(string(u.Format)),
		Compression: string(u.Compression),
		Location:    u.To.String(),
	}
	if u.Format == command.FixedWidth {
		record.Format = "TEXT"
	}
	var begun bool
	err := p.transaction(ctx, s, func() error {
		text, err := query.known(ctx, p)
		if err != nil {
			return err
		}
		if begun, err = e.runUnload(ctx, p, u, text, s, record); err != nil {
			return err
		}
		return keepUnloadCounters(ctx, p, s, record.Rows)
	})
	record.End, record.Status = time.Now(), Success
	var said error
	if err != nil {
		f := failure(ctx, err, s)
		record.Status, record.Error = Failed, f.Message
		if f.Code == codeCancelled {
			record.Status = Aborted
		}
		said = f
		if begun && !s.InTransaction && !conn.IsClosed() {
			if err := keepUnloadCounters(context.WithoutCancel(ctx), p, s, 0); err != nil {
				e.log().Warn("counters of a failed unload were not kept", "query_id", s.QueryID, "err", err)
			}
		}
	}
	e.recordUnload(ctx, record)
	if said != nil {
		return Result{}, said
	}
	return Result{
		Tag: "UNLOAD", Rows: record.Rows,
		Notices: []string{fmt.Sprintf("UNLOAD completed, %d record(s) unloaded successfully.", record.Rows)},
	}, nil
}

// keepUnloadCounters sets what pg_last_unload_count() and pg_last_unload_id() answer. An UNLOAD that failed on the way
// counts no rows; one that never began leaves both alone (DG PG_LAST_UNLOAD_COUNT).
func keepUnloadCounters(ctx context.Context, p postgres, s Session, rows int64) error {
	if err := p.setting(ctx, "rs.last_unload_count", strconv.FormatInt(rows, 10)); err != nil {
		return err
	}
	return p.setting(ctx, "rs.last_unload_id", strconv.FormatInt(s.QueryID, 10))
}

// refuse answers an error found before anything was run. It fails the session's transaction block as any error does.
func (e *Engine) refuse(ctx context.Context, conn *pgconn.PgConn, s Session, err *dialect.Error) error {
	if s.InTransaction && conn.TxStatus() == 'T' {
		postgres{conn}.fail(ctx)
	}
	return err
}

// query is the query inside UNLOAD.
type query struct {
	st  dialect.Statement
	env dialect.Env
	tr  dialect.Translation
}

// translate reads the query inside UNLOAD, which must be a single statement that PostgreSQL can run alone.
func translate(text string, s Session) (query, *dialect.Error) {
	statements := dialect.Split(text)
	if len(statements) != 1 {
		return query{}, &dialect.Error{Code: codeSyntax, Message: "UNLOAD takes one SELECT statement"}
	}
	q := query{st: statements[0], env: dialect.Env{Database: s.Database, User: s.User, CaseSensitive: s.CaseSensitive, Masks: s.Masks, Unloads: true}}
	q.tr = dialect.Translate(q.st, q.env)
	return q, q.refused()
}

// refused says why the query's translation cannot be unloaded.
func (q query) refused() *dialect.Error {
	switch {
	case q.tr.Action == dialect.Refuse:
		return q.tr.Err
	case q.tr.Action != dialect.Pass || len(q.tr.Before) > 0 || len(q.tr.After) > 0:
		return &dialect.Error{Code: codeNotSupported, Message: "UNLOAD does not support this query"}
	}
	return nil
}

// known is the query as PostgreSQL runs it, with what only PostgreSQL knows: the aliases that it takes for unknown columns,
// and the types of operands. It is called within a transaction.
func (q query) known(ctx context.Context, p postgres) (text string, err error) {
	var env dialect.Env
	env, q.tr, err = dialect.Inline(q.st, q.env, q.tr, func(text string) (position int, err error) {
		_, failure, err := p.probe(ctx, text)
		if failure != nil && failure.Code == "42703" {
			position = int(failure.Position)
		}
		return position, err
	})
	if err == nil && q.tr.Err == nil {
		_, q.tr, err = dialect.Typing(q.st, env, q.tr, func(text string) ([]dialect.ColumnType, error) {
			columns, _, err := p.probe(ctx, text)
			return columns, err
		})
	}
	if err != nil {
		return "", err
	}
	if bad := q.refused(); bad != nil {
		return "", bad
	}
	for _, c := range q.tr.Checks {
		if rows, err := p.rows(ctx, c.Query); err != nil {
			return "", err
		} else if len(rows) > 0 {
			return "", c.Err
		}
	}
	return q.tr.SQL, nil
}

func (e *Engine) recordUnload(ctx context.Context, record *Unload) {
	if e.History == nil {
		return
	}
	if err := e.History.Unload(context.WithoutCancel(ctx), record); err != nil {
		e.log().Warn("unload history was not kept", "query_id", record.QueryID, "err", err)
	}
}

// runUnload does the work and tells whether it began to unload.
func (e *Engine) runUnload(ctx context.Context, p postgres, u *command.Unload, query string, s Session, record *Unload) (begun bool, err error) {
	if err := p.userOID(ctx, &record.Statement); err != nil {
		return false, err
	}
	columns, err := p.describe(ctx, query)
	if err != nil {
		return false, err
	}
	longNames(s.Names, u, columns)
	t, err := newTarget(u, columns)
	if err != nil {
		return false, err
	}
	if t.store, err = e.open(ctx, p, "UNLOAD", u.Auth, s); err != nil {
		return false, err
	}
	if err := e.checkRegion(ctx, t.store, u.To.Bucket, u.Region); err != nil {
		return false, err
	}
	if err := t.clear(ctx); err != nil {
		return false, err
	}
	e.recordUnload(ctx, record)
	restore, err := p.plainOutput(ctx)
	if err != nil {
		return true, err
	}
	count := max(e.Slices, 1)
	if u.Serial {
		count = 1
	}
	writers := make([]*sliceWriter, count)
	for i := range writers {
		writers[i] = newSliceWriter(t, i)
	}
	err = pour(ctx, p, query, writers, s.Names)
	for _, w := range writers {
		record.Rows += w.rows
		record.Files = append(record.Files, w.files...)
	}
	for _, f := range record.Files {
		record.Bytes += f.Bytes
	}
	if err != nil {
		return true, err
	}
	if err := restore(); err != nil {
		return true, err
	}
	if u.Manifest {
		return true, t.writeManifest(ctx, record.Files)
	}
	return true, nil
}

// longNames gives the columns, those of PARTITION BY among them, the names that clients know.
func longNames(long *names.Registry, u *command.Unload, columns []value.Column) {
	for i := range columns {
		columns[i].Name = long.Long(columns[i].Name)
	}
	for i := range u.PartitionBy {
		u.PartitionBy[i] = long.Long(u.PartitionBy[i])
	}
}

// newTarget checks what can only be said once the query's columns are known.
func newTarget(u *command.Unload, columns []value.Column) (*target, error) {
	t := &target{statement: u, columns: columns, prepared: map[string]error{}}
	t.encryption = Encryption{KMS: u.KMSKeyID != "", KMSKeyID: u.KMSKeyID, BucketDef: u.EncryptedAuto}
	if len(columns) == 0 {
		return nil, &dialect.Error{Code: codeSyntax, Message: "UNLOAD takes a query with at least one column"}
	}
	byName := map[string]int{}
	for i, c := range columns {
		if _, twice := byName[c.Name]; twice && (u.Format == command.JSON || u.Format == command.Parquet) {
			return nil, &dialect.Error{Code: "42701", Message: fmt.Sprintf("column name %q appears more than once; names must be unique for UNLOAD to %s", c.Name, formatName(u.Format))}
		}
		byName[c.Name] = i
	}
	for _, name := range u.PartitionBy {
		i, ok := byName[name]
		if !ok {
			return nil, &dialect.Error{Code: codeNoColumn, Message: fmt.Sprintf("column %q of PARTITION BY does not exist in the query", name)}
		}
		switch columns[i].Kind {
		case value.SmallInt, value.Integer, value.BigInt, value.Decimal, value.Real, value.Boolean, value.Char, value.Varchar, value.Date, value.Timestamp:
		default:
			return nil, &dialect.Error{Code: codeNotSupported, Message: fmt.Sprintf("PARTITION BY does not support type %s of column %q", columns[i].TypeName, name)}
		}
		t.partition = append(t.partition, i)
	}
	for i, c := range columns {
		if c.Kind == value.Char {
			t.padded = append(t.padded, i)
		}
		if u.Include || !slices.Contains(t.partition, i) {
			t.kept = append(t.kept, i)
		}
	}
	if len(t.kept) == 0 || len(t.partition) == len(columns) {
		return nil, &dialect.Error{Code: codeSyntax, Message: "at least one column must not be a partition column"}
	}
	return t, t.checkTypes()
}

func formatName(f command.Format) string {
	if f == command.Parquet {
		return "Parquet"
	}
	return strings.ToUpper(string(f))
}

// checkTypes knows which types do not go into which format.
func (t *target) checkTypes() error {
	u := t.statement
	if u.Format == command.FixedWidth && len(u.Widths) != len(t.kept) {
		return &dialect.Error{Code: codeSyntax, Message: fmt.Sprintf("fixedwidth specification has %d columns, the query has %d", len(u.Widths), len(t.kept))}
	}
	kept := make([]value.Column, 0, len(t.kept))
	for _, i := range t.kept {
		c := t.columns[i]
		kept = append(kept, c)
		if c.Kind == value.Varbyte && (u.Format == command.FixedWidth || u.AddQuotes) {
			return &dialect.Error{Code: codeNotSupported, Message: fmt.Sprintf("UNLOAD with FIXEDWIDTH or ADDQUOTES does not support type varbyte of column %q", c.Name)}
		}
	}
	if u.Format == command.Parquet {
		if err := columnar.Check(kept); err != nil {
			return &dialect.Error{Code: codeNotSupported, Message: err.Error()}
		}
	}
	return nil
}

// clear makes sure that nothing of an earlier UNLOAD is in the way: with CLEANPATH it is deleted (with partitions only
// where rows come, later), with ALLOWOVERWRITE it does not matter, otherwise it is an error.
func (t *target) clear(ctx context.Context) error {
	u := t.statement
	if u.AllowOverwrite {
		return nil
	}
	if u.CleanPath {
		if len(t.partition) > 0 {
			return nil
		}
		return clean(ctx, t.store, u.To.Bucket, u.To.Key)
	}
	occupied := errors.New("occupied")
	err := t.store.List(ctx, u.To.Bucket, t.root(), func(o ObjectInfo) error {
		if t.mayWrite(strings.TrimPrefix(o.Key, t.root())) {
			return occupied
		}
		return nil
	})
	if errors.Is(err, occupied) {
		return internal("Specified unload destination on S3 is not empty. Consider using a different bucket / prefix, " +
			"manually removing the target files in S3, or using the ALLOWOVERWRITE option.")
	}
	return doing(err, "Listing bucket=%s prefix=%s", u.To.Bucket, t.root())
}

// mayWrite tells whether a key, without the statement's prefix, has a form that the statement writes: a number, or
// the manifest; with partitions anything below the path.
func (t *target) mayWrite(rest string) bool {
	if len(t.partition) > 0 || rest == "manifest" {
		return true
	}
	digits := len(rest) - len(strings.TrimLeft(rest, "0123456789"))
	return (digits == 3 || digits == 4) && (digits == len(rest) || rest[digits] == '_' || rest[digits] == '.')
}

func (t *target) writeManifest(ctx context.Context, files []UnloadedFile) error {
	u := t.statement
	kept := make([]value.Column, 0, len(t.kept))
	for _, i := range t.kept {
		kept = append(kept, t.columns[i])
	}
	text, err := newManifest(files, kept, u.Verbose).encode()
	if err != nil {
		return err
	}
	key := t.root() + "manifest"
	w, err := create(ctx, t.store, u.MasterKey, u.To.Bucket, key, t.encryption)
	if err != nil {
		return doing(err, "Creating s3://%s/%s", u.To.Bucket, key)
	}
	if _, err := w.Write(text); err != nil {
		return errors.Join(doing(err, "Writing s3://%s/%s", u.To.Bucket, key), w.Abort(context.WithoutCancel(ctx)))
	}
	return doing(w.Commit(ctx), "Completing s3://%s/%s", u.To.Bucket, key)
}

// open acts towards S3 as the statement, a COPY or UNLOAD, says.
func (e *Engine) open(ctx context.Context, p postgres, verb string, a command.Authorization, s Session) (Store, error) {
	if a.ByKeys() {
		return e.Access.Keys(ctx, a.AccessKeyID, a.SecretAccessKey, a.SessionToken)
	}
	if err := p.mayAssume(ctx, verb, a); err != nil {
		return nil, err
	}
	return e.Access.AssumeRoles(ctx, s.User, a.Roles)
}

// mayAssume refuses a user who was not granted ASSUMEROLE on the roles of a statement, where that was taken from PUBLIC
// (DG r_GRANT-usage-notes). A chain is granted as a whole.
func (p postgres) mayAssume(ctx context.Context, verb string, a command.Authorization) error {
	role, on := "default", "DEFAULT"
	if len(a.Roles) > 0 {
		role = strings.Join(a.Roles, ",")
		on = "'" + role + "'"
	}
	rows, err := p.rows(ctx, "SELECT current_user, rs.may_assume(current_user, $1, $2)::text", role, verb)
	if err != nil {
		return fmt.Errorf("look for the ASSUMEROLE privilege: %w", err)
	}
	if *rows[0][1] == "true" {
		return nil
	}
	return &dialect.Error{
		Code: codePrivilege, Message: fmt.Sprintf("User %s does not have ASSUMEROLE permission on IAM role %q for %s", *rows[0][0], role, verb),
		Hint: "a superuser grants it with: GRANT ASSUMEROLE ON " + on + " TO " + *rows[0][0] + " FOR " + verb,
	}
}

// checkRegion refuses a bucket elsewhere than the statement says, or than the warehouse is if the statement does not say.
func (e *Engine) checkRegion(ctx context.Context, store Store, bucket, region string) error {
	if region == "" {
		region = e.Region
	}
	is, err := store.Region(ctx, bucket)
	if err != nil {
		return doing(err, "Locating bucket=%s", bucket)
	}
	if is == region {
		return nil
	}
	return doing(&StoreError{
		Code: "PermanentRedirect", Status: 301,
		Message: "The bucket you are attempting to access must be addressed using the specified endpoint. Please send all future requests to this endpoint.",
	}, "Region of bucket=%s is %s, the statement addressed %s", bucket, is, region)
}

// userOID fills in who runs the statement.
func (p postgres) userOID(ctx context.Context, st *Statement) error {
	rows, err := p.rows(ctx, "SELECT oid::text FROM pg_catalog.pg_roles WHERE rolname = current_user")
	if err != nil {
		return err
	}
	oid, err := strconv.ParseUint(*rows[0][0], 10, 32)
	st.UserOID = uint32(oid)
	return err
}

// plainOutput makes PostgreSQL write dates and intervals as UNLOAD does, whatever the session shows them as, and
// answers how to set the session back.
func (p postgres) plainOutput(ctx context.Context) (restore func() error, err error) {
	restore = func() error { return nil }
	for _, want := range []struct{ name, value, begins string }{{"DateStyle", "ISO, MDY", "ISO"}, {"IntervalStyle", "postgres", "postgres"}} {
		have := p.conn.ParameterStatus(want.name)
		if have == "" || strings.HasPrefix(have, want.begins) {
			continue
		}
		if err := p.setting(ctx, want.name, want.value); err != nil {
			return nil, err
		}
		before := restore
		restore = func() error { return errors.Join(before(), p.setting(ctx, want.name, have)) }
	}
	return restore, nil
}

// batchBytes is how much a batch of rows holds before it goes to a slice.
const batchBytes = 256 << 10

// dealer deals the rows that PostgreSQL sends out to the slices in turns. The first turns are short, so that a small
// table lies on every slice as well, and each slice gets its rows in their order.
type dealer struct {
	ctx    context.Context //nolint:containedctx // io.Writer has no parameter for it; it lives as long as one pour
	slices []chan []byte
	free   chan []byte
	names  *names.Registry
	batch  []byte
	rows   int // in batch
	quota  int // rows that make a turn
	turn   int
}

const maxQuota = 1 << 14

// Write takes one row. It never answers an error, which would cost the session its connection: when the statement
// has failed it lets the rest run dry.
func (d *dealer) Write(row []byte) (int, error) {
	if d.ctx.Err() != nil {
		return len(row), nil //nolint:nilerr // see above
	}
	if d.batch == nil {
		select {
		case d.batch = <-d.free:
			d.batch = d.batch[:0]
		case <-d.ctx.Done():
			return len(row), nil
		}
	}
	if long, changed := d.names.Value(row); changed {
		d.batch = append(d.batch, long...)
	} else {
		d.batch = append(d.batch, row...)
	}
	d.rows++
	if d.rows >= d.quota || len(d.batch) >= batchBytes {
		d.deal()
	}
	return len(row), nil
}

func (d *dealer) deal() {
	if d.batch == nil {
		return
	}
	select {
	case d.slices[d.turn] <- d.batch:
	case <-d.ctx.Done():
	}
	d.batch, d.rows = nil, 0
	if d.turn++; d.turn == len(d.slices) {
		d.turn = 0
		d.quota = min(2*d.quota, maxQuota)
	}
}

// pour runs the query and has the writers write its rows. When one of them or the query fails, the other slices
// complete what they have begun, as they do on a cluster, so that a failed UNLOAD leaves files behind; when the
// statement is cancelled they abort it. What was complete before stays in any case.
func pour(statement context.Context, p postgres, query string, writers []*sliceWriter, long *names.Registry) error {
	g, ctx := errgroup.WithContext(statement)
	d := &dealer{ctx: ctx, names: long, quota: 1, free: make(chan []byte, 2*len(writers)+1)}
	for range cap(d.free) {
		d.free <- make([]byte, 0, 64<<10)
	}
	for _, w := range writers {
		rows := make(chan []byte, 1)
		d.slices = append(d.slices, rows)
		g.Go(func() error {
			for batch := range rows {
				if err := ctx.Err(); err != nil {
					return err
				}
				if err := w.write(ctx, batch); err != nil {
					w.failed = true
					return err
				}
				d.free <- batch
			}
			if err := ctx.Err(); err != nil {
				return err
			}
			return w.finishAll(ctx)
		})
	}
	g.Go(func() error {
		defer func() {
			for _, rows := range d.slices {
				close(rows)
			}
		}()
		err := p.guard(ctx, func(calm context.Context) error {
			_, err := p.conn.CopyTo(calm, d, "COPY ("+query+"\n) TO STDOUT")
			return err
		})
		if err == nil {
			d.deal()
		}
		return err
	})
	err := g.Wait()
	if err == nil {
		return finishEmpty(statement, writers)
	}
	for _, w := range writers {
		if !w.failed && statement.Err() == nil {
			err = errors.Join(err, w.finishAll(statement))
		}
		err = errors.Join(err, w.abort(context.WithoutCancel(statement)))
	}
	return err
}

// finishEmpty writes the empty file that an UNLOAD of no rows leaves in the text formats; JSON and Parquet leave none
// (Redshift manual, r_UNLOAD).
func finishEmpty(ctx context.Context, writers []*sliceWriter) error {
	for _, w := range writers {
		if w.rows > 0 {
			return nil
		}
	}
	w := writers[0]
	if f := w.statement.Format; f == command.JSON || f == command.Parquet || len(w.partition) > 0 {
		return nil
	}
	o, err := w.begin(ctx, "")
	if err != nil {
		return err
	}
	return w.finish(ctx, o)
}
