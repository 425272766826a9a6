package runner

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/sealift/sealift/internal/delay"
	"github.com/sealift/sealift/internal/effect"
	"github.com/sealift/sealift/internal/hint"
	"github.com/sealift/sealift/internal/redshift"
	"github.com/sealift/sealift/internal/show"
	"github.com/sealift/sealift/journal"
	"github.com/sealift/sealift/plan"
)

const (
	// tries is how often a step is tried when trying again is the remedy: after a serialization conflict with somebody
	// else's transaction, and after a connection was lost. Each try is a transaction of its own, and the one before is
	// known to be rolled back.
	tries = 6
	// backoff before the second try; it doubles from there.
	backoff = 100 * time.Millisecond
)

// do is the one place through which every step of a plan passes: the intent is on disk before anything happens, the
// outcome before anything depends on it. A crash between the two leaves an intent without an outcome, which says
// exactly what is in doubt.
func (r *run) do(ctx context.Context, t *table, s plan.Step) error {
	clearsUp := s.Kind == plan.Discard || s.Kind == plan.Empty
	return r.persist(ctx, s.ID, clearsUp, func() error {
		if s.Kind == plan.Publish {
			defer r.turn(ctx)()
		}
		err := r.try(ctx, t, s)
		if s.Kind == plan.Publish && redshift.Retryable(err) {
			r.conflicted.Store(true)
		}
		return err
	})
}

// persist makes an attempt until it succeeds, or trying again is no remedy, or has been tried often enough. What clears
// up goes on after the run was told to stop.
func (r *run) persist(ctx context.Context, step string, clearsUp bool, attempt func() error) error {
	for n := 1; ; n++ {
		err := attempt()
		again := redshift.Retryable(err) || isLost(err) && !isUnknown(err)
		if err == nil || n == tries || !again || ctx.Err() != nil || r.stopped() && !clearsUp {
			return err
		}
		r.Log.Info("try again", "step", step, "try", n, "err", err)
		if err := delay.For(ctx, backoff<<(n-1)); err != nil {
			return err
		}
	}
}

// turn lets a publish begin, which is at once, until the target has refused one because of another that ran at the same
// time. A database whose isolation is SERIALIZABLE does that to any two, whatever their tables: all of them write the
// fence, and it compares tables, not rows (DG c_serial_isolation). From then on they take turns: left to
// chance, the one that loses six times would be a failed table. The answered function ends the turn.
func (r *run) turn(ctx context.Context) (end func()) {
	if !r.conflicted.Load() {
		return func() {}
	}
	select {
	case r.alone <- struct{}{}:
		return func() { <-r.alone }
	case <-ctx.Done():
		return func() {} // the attempt says so
	}
}

// try is one attempt at a step.
func (r *run) try(ctx context.Context, t *table, s plan.Step) error {
	r.mu.Lock()
	r.at.attempts[s.ID]++ // attempts of earlier processes count: their prefixes are not used again
	intent := journal.Entry{Type: journal.Intent, Step: s.ID, Attempt: r.at.attempts[s.ID], Facts: &journal.Facts{}}
	r.mu.Unlock()
	if t.plan != nil {
		intent.Table = t.plan.Target
	}
	began := false
	doing := effect.With(ctx, s.ID, r.Point)
	facts, err := r.carryOut(doing, t, s, intent.Attempt, func(f journal.Facts) error {
		began = true
		intent.Facts = &f
		return r.write(ctx, intent)
	})
	if _, ok := errors.AsType[journalError](err); ok {
		return err
	}
	if began && isLost(err) && facts.Session != nil {
		facts, err = r.afterLoss(doing, s, facts, err)
	}
	if jerr := r.write(ctx, outcome(intent, &facts, err)); jerr != nil {
		return jerr
	}
	if err != nil {
		return err
	}
	if s.Kind == plan.Subset {
		done := intent
		done.Type, done.Facts = journal.Done, &facts
		r.at.entry(done, s.Kind)
	}
	if t.plan != nil {
		t.keep(s, facts)
		if s.Kind == plan.Publish {
			r.mu.Lock()
			r.published[t.plan.Target] = true
			r.mu.Unlock()
		}
	}
	return nil
}

// afterLoss turns the loss of a connection into something certain: the step happened, or it did not and can be tried
// again. Only when the warehouse cannot be asked it stays unknown.
func (r *run) afterLoss(ctx context.Context, s plan.Step, f journal.Facts, lost error) (journal.Facts, error) {
	p := r.target
	if s.Kind == plan.Unload || s.Kind == plan.Subset {
		p = r.source
	}
	happened, err := r.whatBecame(ctx, p, f)
	switch {
	case err != nil:
		return f, hint.With(fmt.Errorf("%w; what became of it could not be found out: %w", lost, err), "resume the run when the warehouse can be reached: it looks first")
	case happened:
		f.Looked = true
		return f, nil
	default:
		return f, certain(lost)
	}
}

// outcome is the entry that tells how the step of an intent ended.
func outcome(intent journal.Entry, facts *journal.Facts, err error) journal.Entry {
	e := intent
	e.Type, e.Facts = journal.Done, facts
	if err == nil {
		return e
	}
	e.Type, e.Error, e.Hint = journal.Failed, err.Error(), hint.Of(err)
	e.Anew = hint.IsAnew(err)
	switch {
	case isUnknown(err):
		e.Type = journal.Unknown
	case errors.Is(err, errStopped):
		e.Type = journal.Stopped
	}
	var d interface{ Details() []string }
	if errors.As(err, &d) {
		e.Details = d.Details()
	}
	return e
}

// write appends an entry and returns when it is on disk.
func (r *run) write(ctx context.Context, e journal.Entry) error {
	err := effect.Do(effect.With(ctx, "journal", r.Point), strings.TrimSpace(string(e.Type)+" "+e.Step), func(context.Context) error {
		_, err := r.Journal.Append(e)
		return err
	})
	if err != nil {
		return journalError{err}
	}
	return nil
}

// keep remembers what later steps need.
func (t *table) keep(s plan.Step, f journal.Facts) {
	switch s.Kind {
	case plan.Unload:
		t.facts.Prefix, t.facts.Identity, t.facts.Near = f.Prefix, f.Identity, f.Near
	case plan.Check:
		t.facts.Manifest = f.Manifest
	case plan.Send:
		t.facts, t.digest = f, nil
		if t.plan.Extract != nil {
			t.digest = digestOf(t.plan, f)
		}
	case plan.Prepare, plan.Fence, plan.Subset, plan.Load, plan.Analyze, plan.Publish, plan.Fetch, plan.Empty, plan.Relate, plan.Discard:
	}
}

// rows is how many the target must come to have of this table.
func (t *table) rows() int64 {
	if t.digest == nil {
		return t.facts.Rows
	}
	return t.digest.Rows
}

// carryOut does what a step says. It calls begin, which writes the intent, once and before the first effect.
func (r *run) carryOut(ctx context.Context, t *table, s plan.Step, attempt int, begin func(journal.Facts) error) (journal.Facts, error) {
	if r.stopped() && s.Kind != plan.Discard && s.Kind != plan.Empty {
		return journal.Facts{}, errStopped
	}
	if ctx.Err() != nil {
		return journal.Facts{}, context.Cause(ctx)
	}
	switch s.Kind {
	case plan.Unload:
		f := journal.Facts{Prefix: r.prefix(t) + strconv.Itoa(attempt) + "/"}
		t.staged = true
		return r.transact(ctx, r.source, t, s, f, begin)
	case plan.Subset:
		return r.subset(ctx, t, s, attempt, begin)
	case plan.Send:
		f := journal.Facts{Prefix: r.prefix(t) + strconv.Itoa(attempt) + "/"}
		t.staged = true
		if err := begin(f); err != nil {
			return f, err
		}
		start := r.Now()
		sent, err := r.Sender.Send(ctx, t.plan, f.Prefix, attempt)
		if err != nil {
			return f, err
		}
		sent.Prefix, sent.SendSeconds = f.Prefix, r.since(start)
		return sent, nil
	case plan.Check:
		f := journal.Facts{Prefix: t.facts.Prefix}
		if err := begin(f); err != nil {
			return f, err
		}
		checked, err := r.Stage.Check(ctx, t.facts.Prefix)
		if err != nil {
			return f, err
		}
		if t.plan.Output != nil {
			checked.Rows -= t.plan.Output.HeadLines(checked.Objects)
		}
		if checked.Rows != t.digest.Rows {
			return f, fmt.Errorf("UNLOAD's manifest counts %d rows, but the source's digest, taken in the same transaction, %d", checked.Rows, t.digest.Rows)
		}
		checked.Prefix = f.Prefix
		return checked, nil
	case plan.Fetch:
		f := journal.Facts{Prefix: t.facts.Prefix}
		if err := begin(f); err != nil {
			return f, err
		}
		fetched, err := r.Fetcher.Fetch(ctx, t.plan, t.facts.Prefix, attempt)
		if err == nil && fetched.Rows != t.digest.Rows {
			err = fmt.Errorf("the files have %d records, the source had %d rows", fetched.Rows, t.digest.Rows)
		}
		fetched.Prefix = f.Prefix
		return fetched, err
	case plan.Load:
		t.loaded = true
		return r.transact(ctx, r.target, t, s, journal.Facts{Manifest: t.facts.Manifest}, begin)
	case plan.Publish:
		return r.transact(ctx, r.target, t, s, journal.Facts{Marker: r.NewMarker()}, begin)
	case plan.Empty:
		f := journal.Facts{Prefix: r.prefix(t)}
		if err := begin(f); err != nil {
			return f, err
		}
		n, err := r.Stage.Empty(ctx, f.Prefix)
		f.Objects, f.Empty = n, err == nil
		return f, err
	case plan.Relate:
		return r.transact(ctx, r.target, t, s, journal.Facts{Marker: r.NewMarker()}, begin)
	case plan.Prepare, plan.Fence, plan.Analyze, plan.Discard:
		return r.transact(ctx, r.target, t, s, journal.Facts{}, begin)
	default:
		return journal.Facts{}, fmt.Errorf("step %s is of unknown kind %q: the plan was made by another version", s.ID, s.Kind)
	}
}

// prefix is the key prefix of everything that this run stages for a table.
func (r *run) prefix(t *table) string {
	return r.Plan.Stage.Below(r.Run, t.plan.Folder)
}

// transact runs a step's statements in one transaction on a session of the pool.
//
// Until COMMIT is sent, every failure means that nothing happened: the server rolls back, also when the connection is
// gone. Only a COMMIT without an answer leaves the outcome unknown, and so the error of commit is passed on as it is,
// while the others are made certain.
func (r *run) transact(ctx context.Context, p *pool, t *table, s plan.Step, f journal.Facts, begin func(journal.Facts) error) (journal.Facts, error) {
	sess, err := p.get(ctx)
	if err != nil {
		return f, certain(err)
	}
	usable := false
	defer func() { r.giveBack(ctx, p, sess, usable) }()
	f.Session = new(sess.ID())
	if err := begin(f); err != nil {
		return f, err
	}
	if _, err := sess.Exec(ctx, redshift.Build("BEGIN")); err != nil {
		return f, certain(err)
	}
	if err := r.statements(ctx, sess, p == r.source, t, s, &f); err != nil {
		err = certain(err)
		end, cancel := afterwards(ctx)
		defer cancel()
		if !sess.Broken() {
			if _, rerr := sess.Exec(end, redshift.Build("ROLLBACK")); rerr == nil {
				usable = true
				if ctx.Err() == nil {
					err = r.explain(end, sess, t, s, err)
				}
			}
		}
		if ctx.Err() != nil {
			// The statement was cancelled by us: what the server says about that is not the reason.
			err = fmt.Errorf("%w (%w)", context.Cause(ctx), err)
		}
		return f, err
	}
	// From here on a lost answer leaves it open whether the transaction happened.
	if _, err := sess.Exec(ctx, redshift.Build("COMMIT")); err != nil {
		return f, fmt.Errorf("commit: %w", err)
	}
	usable = true
	return f, nil
}

// certain hides that the answer to a statement was lost, because a transaction that was never committed did not happen.
func certain(err error) error {
	if isUnknown(err) {
		return &rolledBack{err}
	}
	return err
}

type rolledBack struct{ error }

func (e *rolledBack) Unwrap() error { return e.error }

// OutcomeUnknown answers for the whole transaction, in place of the error inside.
func (e *rolledBack) OutcomeUnknown() bool { return false }

// statements runs the statements of an open transaction and does with each answer what its role says.
func (r *run) statements(ctx context.Context, sess Session, onSource bool, t *table, s plan.Step, f *journal.Facts) error {
	for i := 0; i < len(s.Statements); i++ {
		st := s.Statements[i]
		if st.Loop != 0 {
			n, err := loop(ctx, sess, s.Statements[i:])
			if err != nil {
				return err
			}
			i += n - 1
			continue
		}
		t, f := t, f
		if st.Table != "" {
			t, f = t.parts[st.Table], f.Tables[st.Table]
		}
		if st.Role == plan.Copies && t.rows() == 0 {
			continue
		}
		sql, err := st.SQL.Fill(r.values(t, *f))
		if err != nil {
			return fmt.Errorf("step %s: %w", s.ID, err)
		}
		if err := r.statement(ctx, sess, onSource, t, s, st, sql, f); err != nil {
			return inTable(st.Table, err)
		}
	}
	return nil
}

// values are the placeholders that are known by now.
func (r *run) values(t *table, f journal.Facts) map[string]redshift.Fragment {
	v := map[string]redshift.Fragment{
		plan.ParamRun: redshift.Lit(r.Run), plan.ParamHolder: redshift.Lit(r.Holder),
		plan.ParamShadow: redshift.Lit(redshift.ShadowComment(r.Run, r.Holder)),
	}
	if f.Marker != "" {
		v[plan.ParamMarker] = redshift.Lit(f.Marker)
	}
	if t.plan == nil {
		return v
	}
	if f.Prefix != "" {
		v[plan.ParamPrefix] = redshift.Lit("s3://" + r.Plan.Stage.Bucket + "/" + f.Prefix)
		v[plan.ParamKeys] = redshift.Lit("s3://" + r.Plan.Stage.Bucket + "/" + keysAt(f.Prefix) + keysObject)
	}
	if t.facts.Manifest != "" {
		v[plan.ParamManifest] = redshift.Lit(t.facts.Manifest)
	}
	if t.digest != nil {
		v[plan.ParamRows] = redshift.Int(t.digest.Rows)
		v[plan.ParamDigest] = redshift.Lit(t.digest.Hex())
		v[plan.ParamSum] = redshift.Lit(t.digest.Sum())
	}
	if t.facts.Near != "" {
		v[plan.ParamNear] = redshift.Lit(t.facts.Near)
	}
	if t.facts.Content != "" {
		v[plan.ParamContent], v[plan.ParamRows] = redshift.Lit(t.facts.Content), redshift.Int(t.rows())
	}
	for column, next := range t.facts.Identity {
		v[plan.ParamNextID+column] = redshift.Int(next)
	}
	return v
}

// statement runs one statement by its role.
func (r *run) statement(ctx context.Context, sess Session, onSource bool, t *table, s plan.Step, st plan.Statement, sql redshift.SQL, f *journal.Facts) error {
	start := r.Now()
	switch st.Role {
	case plan.Execute, plan.Marks:
		_, err := sess.Exec(ctx, sql)
		return err
	case plan.Fingerprints:
		return r.fingerprint(ctx, sess, onSource, t, sql)
	case plan.Scans:
		return unfiltered(ctx, sess, sql)
	case plan.MustBeZero:
		n, err := number(ctx, sess, sql)
		if err == nil && n != 0 {
			err = fmt.Errorf("%s (%d found)", st.About, n)
		}
		return err
	case plan.Unloads:
		_, err := sess.Exec(ctx, sql)
		f.UnloadSeconds = r.since(start)
		return err
	case plan.Copies:
		_, err := sess.Exec(ctx, sql)
		f.CopySeconds = r.since(start)
		return err
	case plan.QueryID:
		n, err := number(ctx, sess, sql)
		f.QueryID = n
		return err
	case plan.TakesKeys:
		return r.takeKeys(ctx, sess, sql, f)
	case plan.Profiles:
		return profile(ctx, sess, sql, f)
	case plan.NextID:
		n, err := number(ctx, sess, sql)
		if f.Identity == nil {
			f.Identity = make(map[string]int64)
		}
		f.Identity[st.About] = n
		return err
	case plan.Counts:
		n, err := sess.Exec(ctx, sql)
		if err == nil && n != t.rows() {
			err = fmt.Errorf("%d rows were written, the source had %d", n, t.rows())
		}
		return err
	case plan.Updates:
		n, err := sess.Exec(ctx, sql)
		f.Updated = n
		return err
	case plan.Supersedes:
		n, err := number(ctx, sess, sql)
		f.Superseded = n - t.rows()
		return err
	case plan.Adds:
		n, err := sess.Exec(ctx, sql)
		f.Added = n
		return err
	case plan.Deletes:
		n, err := sess.Exec(ctx, sql)
		f.Deleted += n
		return err
	case plan.Inserts:
		if f.Updated == t.rows() {
			return nil // none is left: a look for those that are not there would read all of the table once more
		}
		n, err := sess.Exec(ctx, sql)
		if err == nil && f.Updated+n != t.rows() {
			err = t.twice(fmt.Errorf("%d rows were changed and %d added, the source had %d", f.Updated, n, t.rows()))
		}
		return err
	case plan.Fences:
		n, err := sess.Exec(ctx, sql)
		if err == nil && n != 1 {
			// Somebody has claimed the table since: this transaction must not be, and nor must anything after it.
			err = fmt.Errorf("%w: the claim on the table is gone", plan.ErrHeld)
			r.cancel(err)
		}
		return err
	case plan.Digests, plan.DigestsNewest:
		d, err := readDigest(ctx, sess, t.plan.Digest, st.Role, sql, f)
		f.DigestSeconds += r.since(start)
		if err != nil {
			return err
		}
		f.Rows, f.Digest = d.Rows, d.Hex()
		if onSource {
			f.DigestRow = d.Fields()
			t.digest = &d
			return nil
		}
		if t.digest == nil && s.Kind == plan.Load {
			// A load: nobody has a digest of its rows yet, but how many there are is known.
			if t.facts.Rows >= 0 && d.Rows != t.facts.Rows {
				return &Mismatch{Differences: []string{fmt.Sprintf("%d records were staged, %d rows came of them", t.facts.Rows, d.Rows)}}
			}
			t.digest = &d
			return nil
		}
		if diff := t.digest.Diff(d); len(diff) > 0 {
			return t.twice(&Mismatch{Differences: diff})
		}
		return nil
	default:
		return fmt.Errorf("a statement has the unknown role %q: the plan was made by another version", st.Role)
	}
}

// twice says what is likely when the rows of a merge are not those that it should have come to: the source's keys were counted, the
// target's were not.
func (t *table) twice(err error) error {
	if t.plan == nil || t.plan.Method != plan.Merge {
		return err
	}
	return hint.With(err, "a key may stand in more than one row of the target, which nothing in Redshift keeps from it: of such rows leave one")
}

func (r *run) since(start time.Time) float64 {
	return r.Now().Sub(start).Round(time.Millisecond).Seconds()
}

// fingerprint compares a table's definition, as the transaction sees it, with the one it was planned from. Catalogs are
// read committed, not part of the snapshot, so this has to be asked inside every transaction that depends on it.
func (r *run) fingerprint(ctx context.Context, sess Session, onSource bool, t *table, sql redshift.SQL) error {
	var print redshift.ColumnsPrint
	if err := sess.Query(ctx, sql, print.Add); err != nil {
		return err
	}
	want, where, name := t.plan.Fingerprint.Target, "target", t.plan.Target
	if onSource {
		want, where, name = t.plan.Fingerprint.Source, "source", t.plan.Source
	}
	if print.Sum() != want {
		return hint.Anew(hint.With(fmt.Errorf("the definition of %s in the %s changed since the plan was made: %w", name, where, plan.ErrStale),
			"plan again, then run the new plan"))
	}
	return nil
}

// number runs a query that answers one number.
func number(ctx context.Context, sess Session, sql redshift.SQL) (n int64, err error) {
	found := false
	err = sess.Query(ctx, sql, func(row []*string) error {
		if len(row) != 1 || row[0] == nil || found {
			return errors.New("the answer is not one number")
		}
		found = true
		var perr error
		n, perr = strconv.ParseInt(strings.TrimSpace(*row[0]), 10, 64)
		return perr
	})
	if err == nil && !found {
		err = errors.New("no answer to a query for one number")
	}
	return n, err
}

func readDigest(ctx context.Context, sess Session, layout redshift.DigestLayout, role plan.Role, sql redshift.SQL, f *journal.Facts) (redshift.Digest, error) {
	var d redshift.Digest
	found := false
	err := sess.Query(ctx, sql, func(row []*string) (err error) {
		found = true
		if role != plan.DigestsNewest {
			d, err = redshift.ReadDigest(layout, row)
			return err
		}
		var all int64
		d, all, f.Near, err = redshift.ReadNewest(layout, row)
		f.Superseded = all - d.Rows
		return err
	})
	if err == nil && !found {
		err = errors.New("no answer to the digest query")
	}
	return d, err
}

// Mismatch says that source and target do not hold the same rows.
type Mismatch struct{ Differences []string }

func (e *Mismatch) Error() string {
	return "verification failed, source and target differ: " + strings.Join(e.Differences, "; ")
}

// explain adds to a failed COPY what the warehouse noted about it: the file, line and column.
func (r *run) explain(ctx context.Context, sess Session, t *table, s plan.Step, err error) error {
	text := redshift.HintFor(err)
	files := t.plan != nil && t.plan.Input != nil
	if s.Kind == plan.Load && files && redshift.IsScanError(err) {
		return hint.Anew(hint.With(r.inFile(err), "the file is damaged, or is none that COPY reads: have it written again, and load that"))
	}
	if s.Kind != plan.Load || !redshift.IsLoadError(err) {
		return hint.With(err, text)
	}
	var found *redshift.LoadError
	qerr := sess.Query(ctx, redshift.LoadErrorsQuery(), func(row []*string) error {
		le, err := redshift.ParseLoadError(row)
		if err == nil && found == nil {
			found = &le
		}
		return err
	})
	if qerr != nil || found == nil {
		return hint.With(err, "ask the target why: select * from sys_load_error_detail order by start_time desc limit 10")
	}
	failure := &LoadFailure{First: *found, Err: err}
	if files {
		failure.place(r.Sender)
		// The record stands in the file that the plan names, or will stand in another one.
		return hint.Anew(hint.With(failure, failure.hint()))
	}
	return hint.With(failure, failure.hint())
}

// inFile has an error about a staged object name the file that it was staged of.
func (r *run) inFile(err error) error {
	for _, url := range objectURL.FindAllString(err.Error(), -1) {
		if file, _, ok := r.Sender.Place(url, 0); ok {
			return &scanFailure{file: file, text: strings.ReplaceAll(err.Error(), url, file), err: err}
		}
	}
	return err
}

// objectURL is how the warehouse names what it reads, in quotes or at the end of a text.
var objectURL = regexp.MustCompile(`(s3|https)://[^'\s]+`)

// scanFailure is a COPY that could not read a file, in the words of the warehouse but for the file's name.
type scanFailure struct {
	file, text string
	err        error
}

func (e *scanFailure) Error() string { return e.file + ": " + e.text }
func (e *scanFailure) Unwrap() error { return e.err }

// LoadFailure is a failed COPY with the first record it failed on. The value itself is not in it: it is somebody's data.
type LoadFailure struct {
	First redshift.LoadError
	Err   error
	// File and Line are where the record stood in what a load read, if that is known.
	File string
	Line int64
	sent bool // what was staged is a load's
}

func (e *LoadFailure) Error() string {
	if e.File != "" {
		return fmt.Sprintf("%s, line %d, %s", e.File, e.Line, e.First.String())
	}
	return e.First.String()
}

// place finds where the record stood in the files of a load.
func (e *LoadFailure) place(s Sender) {
	e.sent = true
	if file, line, ok := s.Place(e.First.File, e.First.Line); ok {
		e.File, e.Line = file, line
	}
}

func (e *LoadFailure) hint() string {
	if !e.sent {
		return e.First.Hint()
	}
	return "give the column another type (--types " + show.Argument(cmp.Or(e.First.Column, "COLUMN")+"=TYPE") + "), correct the file, or look at all of it first: --infer all"
}

// Unwrap gives the server's error.
func (e *LoadFailure) Unwrap() error { return e.Err }

// Details are the lines that say where.
func (e *LoadFailure) Details() []string {
	return []string{
		fmt.Sprintf("file   %s  line %d", e.First.File, e.First.Line),
		fmt.Sprintf("value  redacted; server: error %d", e.First.Code),
	}
}

// unfiltered makes sure that no policy keeps rows from this user, by the plan of the query that reads them.
func unfiltered(ctx context.Context, sess Session, sql redshift.SQL) error {
	filtered := false
	err := sess.Query(ctx, sql, func(row []*string) error {
		filtered = filtered || redshift.IsFiltered(row)
		return nil
	})
	if err == nil && filtered {
		err = hint.With(errors.New("a policy on rows keeps some of them from the source's user, and what is unloaded would not be all of it"),
			"unload as a user to whom it does not apply: a superuser, or one with a role that has IGNORE RLS")
	}
	return err
}
