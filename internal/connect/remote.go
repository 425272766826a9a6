package connect

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"net"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/redshiftdata"
	"github.com/aws/aws-sdk-go-v2/service/redshiftdata/types"
	"github.com/aws/smithy-go"

	"github.com/sealift/sealift/internal/delay"
	"github.com/sealift/sealift/internal/hint"
	"github.com/sealift/sealift/internal/redshift"
)

// dataAPI is what a session asks of the Redshift Data API.
type dataAPI interface {
	ExecuteStatement(context.Context, *redshiftdata.ExecuteStatementInput, ...func(*redshiftdata.Options)) (*redshiftdata.ExecuteStatementOutput, error)
	DescribeStatement(context.Context, *redshiftdata.DescribeStatementInput, ...func(*redshiftdata.Options)) (*redshiftdata.DescribeStatementOutput, error)
	GetStatementResult(context.Context, *redshiftdata.GetStatementResultInput, ...func(*redshiftdata.Options)) (*redshiftdata.GetStatementResultOutput, error)
	CancelStatement(context.Context, *redshiftdata.CancelStatementInput, ...func(*redshiftdata.Options)) (*redshiftdata.CancelStatementOutput, error)
}

const (
	// sessionKeepAlive is how long a session of the Data API waits for its next statement. No longer, because AWS does not know
	// when a process dies: until then it keeps the transaction, and so the locks, that was open.
	sessionKeepAlive = 2 * time.Minute
	// sessionBeat is after how long without a statement one is run that keeps the session: while a process lives, it keeps it.
	sessionBeat = 30 * time.Second
	// sessionLife is how long a session is used for something new. AWS ends it after 24 hours.
	sessionLife = 20 * time.Hour
	// sessionMargin is how much of it is left unused.
	sessionMargin = 30 * time.Second
	// callTime bounds one call, which is answered at once whatever the statement takes.
	callTime = 60 * time.Second
	// submitTries is how often a statement is handed in when no answer comes: with the same token it is the same statement.
	submitTries = 6
	// askTries is how often in a row it may be out of reach to ask what became of a statement; twice as long is waited after each,
	// two minutes in all.
	askTries = 8
	// busyTime is how long a new session waits for a place among the statements and sessions that may be active at once. One that is
	// there waits as long as it is kept.
	busyTime = 10 * time.Minute
	// How long is waited between two looks at a statement.
	firstPause, lastPause = 10 * time.Millisecond, 2 * time.Second
)

// remote is a session of the Redshift Data API: statements go to AWS, which keeps the connection. No network path to the
// warehouse is needed.
type remote struct {
	api       dataAPI
	warehouse *Warehouse
	session   string    // "" until the first statement is taken
	began     time.Time // when that had ended
	inside    bool      // a transaction is open
	stop      func()    // ends what keeps the session; nil: nothing does

	turn sync.Mutex // held for each statement: there is one at a time

	mu   sync.Mutex // guards the rest
	last time.Time  // when the last statement ended
	dead error
}

// openRemote opens a session of the Data API. One that is not kept ends when it is not used for a while.
func (w *Warehouse) openRemote(ctx context.Context, kept bool) (*Session, error) {
	r := &remote{api: redshiftdata.NewFromConfig(w.aws), warehouse: w}
	s := &Session{link: r, name: w.spec.Name(), warehouse: w}
	err := s.prepare(ctx)
	if err == nil {
		if kept {
			r.keep(ctx)
		}
		return s, nil
	}
	// Until it is prepared it has begun nothing, and ends by itself.
	if se, ok := errors.AsType[*redshift.ServerError](err); ok && se.Severity != "ERROR" {
		return nil, hint.With(fmt.Errorf("log in to %s through the Data API: %w", w.spec.Name(), se), redshift.HintFor(se))
	}
	if api, ok := errors.AsType[smithy.APIError](err); ok && api.ErrorCode() == "AccessDeniedException" {
		return nil, fmt.Errorf("prepare session to %s: %w", w.spec.Name(), err) // which trying again does not change
	}
	return nil, errors.Join(w.unprepared(ctx, err), s.Close(ctx))
}

// keep runs a statement now and then, while nobody else does, so that AWS keeps the session, until it is closed.
func (r *remote) keep(ctx context.Context) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	done := make(chan struct{})
	go func() {
		defer close(done)
		tick := time.NewTicker(sessionBeat)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
			case <-ctx.Done():
				return
			}
			if err := r.beat(ctx); err != nil && ctx.Err() == nil {
				r.warehouse.options.Log.Debug("a session of the data api is lost", "warehouse", r.warehouse.Name(), "err", err)
				return
			}
		}
	}()
	r.stop = func() {
		cancel()
		<-done
	}
}

// beat runs a statement that changes nothing, unless another is run or has just been. That it fails in a transaction that
// has failed keeps the session, too.
func (r *remote) beat(ctx context.Context) error {
	if r.idleFor() < sessionBeat || !r.turn.TryLock() {
		return nil
	}
	defer r.turn.Unlock()
	_, err := r.carryOut(ctx, redshift.Build("SELECT 1"))
	if _, said := errors.AsType[*redshift.ServerError](err); said {
		return nil
	}
	return err
}

// idleFor is how long no statement has been run.
func (r *remote) idleFor() time.Duration {
	r.mu.Lock()
	defer r.mu.Unlock()
	return time.Since(r.last)
}

func (r *remote) broken() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case r.dead != nil:
		return true
	case r.last.IsZero():
		return false
	default:
		return time.Since(r.last) > sessionKeepAlive-sessionMargin || !r.inside && time.Since(r.began) > sessionLife
	}
}

func (r *remote) idle() bool { return !r.inside }

// close ends the session, which would else wait for its next statement. A session that is broken is left to its end, or to
// whoever looks for what was left: nothing more can be said in it.
func (r *remote) close(ctx context.Context) error {
	if r.stop != nil {
		r.stop()
	}
	if r.session == "" || r.broken() {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), hasten(endTime))
	defer cancel()
	if r.inside {
		if _, err := r.run(ctx, redshift.Build("ROLLBACK"), nil); err != nil {
			return err
		}
	}
	// It ends itself, and with itself the statement that tells it to: that this fails is as it should be.
	_, err := r.run(ctx, redshift.Build("SELECT pg_terminate_backend(pg_backend_pid())"), nil)
	if _, lost := errors.AsType[*LostError](err); lost {
		return nil
	}
	return err
}

func (r *remote) run(ctx context.Context, sql redshift.SQL, each func(row []*string) error) (int64, error) {
	r.turn.Lock()
	defer r.turn.Unlock()
	st, err := r.carryOut(ctx, sql)
	if err != nil {
		return 0, err
	}
	if each != nil && aws.ToBool(st.HasResultSet) {
		_, err = r.result(ctx, *st.Id, each)
	}
	return max(st.ResultRows, 0), err
}

// describe has the query planned, but not run for more than no rows: the API has nothing that only describes.
func (r *remote) describe(ctx context.Context, query redshift.SQL) ([]redshift.Field, error) {
	r.turn.Lock()
	defer r.turn.Unlock()
	st, err := r.carryOut(ctx, redshift.Shape(query))
	if err != nil {
		return nil, err
	}
	columns, err := r.result(ctx, *st.Id, nil)
	if err != nil {
		return nil, err
	}
	fields := make([]redshift.Field, len(columns))
	for i, c := range columns {
		fields[i] = redshift.JDBCField(aws.ToString(c.Name), aws.ToString(c.TypeName), max(c.Precision, c.Length), c.Scale)
	}
	return fields, nil
}

// carryOut runs one statement to its end.
func (r *remote) carryOut(ctx context.Context, sql redshift.SQL) (*redshiftdata.DescribeStatementOutput, error) {
	r.mu.Lock()
	dead := r.dead
	r.mu.Unlock()
	switch {
	case dead != nil:
		return nil, r.lost(true, fmt.Errorf("the session has ended: %w", dead))
	case ctx.Err() != nil:
		return nil, r.lost(true, context.Cause(ctx))
	case len(sql.String()) > redshift.DataAPIStatement:
		return nil, hint.With(fmt.Errorf("%s: a statement of %d bytes is more than the %d that the Data API takes", r.warehouse.Name(), len(sql.String()), redshift.DataAPIStatement),
			"select fewer columns, or connect over the network: auth: iam")
	}
	id, err := r.submit(ctx, sql)
	if err != nil {
		return nil, err
	}
	st, err := r.await(ctx, id)
	if err != nil {
		return nil, r.end(false, err)
	}
	err = r.outcome(sql, st)
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.last = time.Now(); r.began.IsZero() {
		r.began = r.last
	}
	return st, err
}

// submit hands a statement in and answers its id. It is not interrupted half way: a statement that may have been taken is
// asked for again by its token, until it is known, so that it can be cancelled, too.
func (r *remote) submit(ctx context.Context, sql redshift.SQL) (id string, err error) {
	in := &redshiftdata.ExecuteStatementInput{
		Sql: aws.String(sql.String()), ClientToken: aws.String(rand.Text()), StatementName: aws.String(r.warehouse.options.Application),
	}
	if r.session != "" {
		in.SessionId = &r.session
	} else {
		r.warehouse.address(in)
		in.SessionKeepAliveSeconds = aws.Int32(int32(sessionKeepAlive / time.Second))
	}
	sent := false // an answer is missing: it may have been taken
	began := time.Now()
	for try, pause := 1, 200*time.Millisecond; ; try, pause = try+1, min(2*pause, 5*time.Second) {
		if who := r.warehouse.aws.Credentials; who != nil && !sent {
			if _, err := who.Retrieve(ctx); err != nil {
				return "", r.refused(err)
			}
		}
		call, cancel := context.WithTimeout(context.WithoutCancel(ctx), hasten(callTime))
		out, err := r.api.ExecuteStatement(call, in, once)
		cancel()
		if err == nil {
			if r.session == "" {
				r.session = aws.ToString(out.SessionId)
			}
			return *out.Id, nil
		}
		switch what := refusal(err); {
		case what == full && r.waits(began):
			try--
			r.warehouse.options.Log.Debug("the data api is busy", "warehouse", r.warehouse.Name(), "err", err)
		case what == full, what == refused && !sent:
			return "", r.refused(err)
		case what == ended && !sent:
			return "", r.end(true, err)
		case what == refused, what == ended, try == submitTries:
			return "", r.end(!sent, err)
		case what == unclear:
			sent = true
		}
		wait := ctx
		if sent {
			wait = context.WithoutCancel(ctx)
		}
		if err := delay.For(wait, pause); err != nil {
			return "", r.lost(true, err)
		}
	}
}

// waits tells whether a statement may wait longer for a place, since it was first handed in.
func (r *remote) waits(since time.Time) bool {
	if r.session == "" {
		return time.Since(since) < hasten(busyTime)
	}
	return r.idleFor() < sessionKeepAlive-2*sessionMargin
}

// once keeps the SDK from trying again by itself: whether a statement may have been taken must be known here.
func once(o *redshiftdata.Options) { o.Retryer = aws.NopRetryer{} }

// address says where a first statement goes, and as whom.
func (w *Warehouse) address(in *redshiftdata.ExecuteStatementInput) {
	in.Database = &w.spec.Database
	if w.spec.Workgroup != "" {
		in.WorkgroupName = &w.spec.Workgroup
	} else {
		in.ClusterIdentifier = &w.spec.Cluster
	}
	if arn, ok := strings.CutPrefix(w.spec.PasswordFrom, "secretsmanager:"); ok {
		in.SecretArn = &arn
	} else if w.spec.User != "" {
		in.DbUser = &w.spec.User
	}
}

// refusals of a statement that was handed in.
type refusals int

const (
	unclear refusals = iota // no answer, or one that says nothing: it may have been taken
	unsent                  // it has not reached the service
	full                    // too much at once
	ended                   // the session is not there, or busy
	refused                 // not taken
)

func refusal(err error) refusals {
	if op, ok := errors.AsType[*net.OpError](err); ok && op.Op == "dial" {
		return unsent
	}
	api, ok := errors.AsType[smithy.APIError](err)
	if !ok {
		return unclear
	}
	switch code := api.ErrorCode(); {
	case strings.HasPrefix(code, "Throttling"), code == "TooManyRequestsException", code == "ActiveStatementsExceededException", code == "ActiveSessionsExceededException":
		return full
	case code == "ValidationException" && strings.HasPrefix(api.ErrorMessage(), "Session "):
		return ended
	}
	if answer, ok := errors.AsType[*awshttp.ResponseError](err); ok && answer.HTTPStatusCode() < 500 {
		return refused
	}
	return unclear
}

// refused is the error of a statement that was not taken.
func (r *remote) refused(err error) error {
	err = fmt.Errorf("run a statement in %s through the Data API: %w", r.warehouse.Name(), err)
	api, _ := errors.AsType[smithy.APIError](err)
	switch {
	case api != nil && api.ErrorCode() == "AccessDeniedException":
		return hint.With(err, "the caller needs redshift-data:ExecuteStatement on the warehouse, and what logging in needs: "+
			"redshift:GetClusterCredentials for a user, GetClusterCredentialsWithIAM without one, redshift-serverless:GetCredentials, or secretsmanager:GetSecretValue")
	case api != nil && strings.Contains(api.ErrorMessage(), "endpoint doesn't exist"):
		return hint.With(err, "check cluster or workgroup, and region")
	case refusal(err) == full:
		return hint.With(err, "lower concurrency in the job, or wait for the others who use the Data API on this warehouse")
	}
	return err
}

// lost is the error of a statement whose answer is missing.
func (r *remote) lost(notSent bool, err error) error {
	return &LostError{Warehouse: r.warehouse.Name(), NotSent: notSent, Err: err}
}

// end is lost for a session that cannot be used any more: nobody knows what it is doing.
func (r *remote) end(notSent bool, err error) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.dead == nil {
		r.dead = err
	}
	return r.lost(notSent, err)
}

// await waits until a statement has ended. When ctx ends it is cancelled, and waited for as long as cancelling may take.
func (r *remote) await(ctx context.Context, id string) (*redshiftdata.DescribeStatementOutput, error) {
	var until time.Time // once it was told to stop
	stop := ctx.Done()
	for pause, failures := firstPause, 0; ; pause = min(pause*3/2, lastPause) {
		call, cancel := context.WithTimeout(context.WithoutCancel(ctx), hasten(callTime))
		st, err := r.api.DescribeStatement(call, &redshiftdata.DescribeStatementInput{Id: &id})
		cancel()
		switch {
		case err == nil && over(st.Status):
			return st, nil
		case err == nil:
			failures = 0
		default:
			failures++
			switch api, _ := errors.AsType[smithy.APIError](err); {
			case api == nil:
			case api.ErrorCode() == "ResourceNotFoundException":
				return nil, err
			case api.ErrorCode() == "AccessDeniedException":
				return nil, hint.With(err, "the caller needs redshift-data:DescribeStatement, GetStatementResult and CancelStatement")
			}
			r.warehouse.options.Log.Debug("a statement of the data api cannot be asked about", "warehouse", r.warehouse.Name(), "statement", id, "try", failures, "err", err)
			if failures >= askTries {
				return nil, fmt.Errorf("what became of statement %s could not be asked (%d tries): %w", id, failures, err)
			}
			again := hasten(min(time.Second<<(failures-1), time.Minute))
			if err := delay.For(context.WithoutCancel(ctx), again); err != nil {
				return nil, err
			}
		}
		if !until.IsZero() && time.Now().After(until) {
			return nil, fmt.Errorf("statement %s was cancelled, and did not stop in %s: %w", id, r.warehouse.options.CancelGrace, context.Cause(ctx))
		}
		timer := time.NewTimer(pause)
		select {
		case <-timer.C:
		case <-stop:
			timer.Stop()
			stop, until, pause = nil, time.Now().Add(r.warehouse.options.CancelGrace), firstPause
			r.cancel(ctx, id)
		}
	}
}

// cancel tells a statement to stop. Whether it did is seen by whoever waits for it.
func (r *remote) cancel(ctx context.Context, id string) {
	call, cancel := context.WithTimeout(context.WithoutCancel(ctx), hasten(callTime))
	defer cancel()
	if _, err := r.api.CancelStatement(call, &redshiftdata.CancelStatementInput{Id: &id}); err != nil {
		r.warehouse.options.Log.Debug("cancel a statement of the data api", "warehouse", r.warehouse.Name(), "statement", id, "err", err)
	}
}

func over(s types.StatusString) bool {
	switch s {
	case types.StatusStringFinished, types.StatusStringFailed, types.StatusStringAborted:
		return true
	default:
		return false
	}
}

// tooLarge are the API's own limits, which it tells as failures of the statement.
var tooLarge = []string{"Packet for query is too large", "Database response exceeded size limit"}

// outcome says what became of a statement that has ended, and follows the transaction.
//
// Only an error that the server tells as one is taken for its answer. Any other failure may be the end of the connection
// that AWS kept, after which nobody knows whether a COMMIT was carried out.
func (r *remote) outcome(sql redshift.SQL, st *redshiftdata.DescribeStatementOutput) error {
	text := aws.ToString(st.Error)
	verb := sql.Verb()
	ends := verb == "COMMIT" || verb == "END" || verb == "ROLLBACK" || verb == "ABORT"
	if st.Status == types.StatusStringFinished {
		switch {
		case ends:
			r.inside = false
		case verb == "BEGIN" || verb == "START":
			r.inside = true
		}
		return nil
	}
	for _, limit := range tooLarge {
		if strings.Contains(text, limit) {
			return hint.With(fmt.Errorf("%s: %s", r.warehouse.Name(), text), "the Data API answers rows of 64 KB and results of some hundred MB at most: connect over the network: auth: iam")
		}
	}
	se, ok := redshift.ParseErrorText(text)
	switch {
	case ok && se.Severity == "ERROR":
	case ok && r.began.IsZero(): // the login
	case !ok && st.Status == types.StatusStringAborted && !ends:
		se = &redshift.ServerError{Severity: "ERROR", Code: "57014", Message: "the statement was cancelled"}
	default:
		if text == "" {
			text = "the statement ended as " + string(st.Status)
		}
		return r.end(false, errors.New(text))
	}
	if st.Status == types.StatusStringAborted {
		se.Code = "57014"
	}
	if ends {
		r.inside = false // a COMMIT that fails is a transaction that was rolled back
	}
	return se
}

// result hands the rows of a statement's answer to each, unless that is nil, and answers its columns.
func (r *remote) result(ctx context.Context, id string, each func(row []*string) error) ([]types.ColumnMetadata, error) {
	in := &redshiftdata.GetStatementResultInput{Id: &id}
	var columns []types.ColumnMetadata
	for {
		page, err := r.api.GetStatementResult(ctx, in)
		if err != nil {
			return nil, r.end(false, fmt.Errorf("read the answer of statement %s: %w", id, err))
		}
		if columns == nil {
			columns = page.ColumnMetadata
		}
		for _, record := range page.Records {
			if each == nil {
				break
			}
			row := make([]*string, len(record))
			for i, f := range record {
				if row[i], err = fieldText(f); err != nil {
					return nil, fmt.Errorf("read the answer of statement %s: %w", id, err)
				}
			}
			if err := each(row); err != nil {
				return nil, err
			}
		}
		if aws.ToString(page.NextToken) == "" {
			return columns, nil
		}
		in.NextToken = page.NextToken
	}
}

// fieldText is a value as the wire protocol would show it.
func fieldText(f types.Field) (*string, error) {
	switch v := f.(type) {
	case *types.FieldMemberIsNull:
		return nil, nil
	case *types.FieldMemberBooleanValue:
		if v.Value {
			return aws.String("t"), nil
		}
		return aws.String("f"), nil
	case *types.FieldMemberLongValue:
		return aws.String(strconv.FormatInt(v.Value, 10)), nil
	case *types.FieldMemberDoubleValue:
		return aws.String(floatText(v.Value)), nil
	case *types.FieldMemberStringValue:
		return &v.Value, nil
	case *types.FieldMemberBlobValue:
		return aws.String(hex.EncodeToString(v.Value)), nil
	default:
		return nil, fmt.Errorf("a value of an unknown kind (%T)", f)
	}
}

// floatText writes a number like the server does: the shortest that is exact, with an exponent where that is shorter.
func floatText(f float64) string {
	switch {
	case math.IsInf(f, 1):
		return "Infinity"
	case math.IsInf(f, -1):
		return "-Infinity"
	case math.IsNaN(f):
		return "NaN"
	case f != 0 && (math.Abs(f) < 1e-4 || math.Abs(f) >= 1e15):
		return strconv.FormatFloat(f, 'e', -1, 64)
	default:
		return strconv.FormatFloat(f, 'f', -1, 64)
	}
}

// Remote is a session of the Data API as AWS remembers it, open or not.
type Remote struct {
	PID         int64
	Application string    // that it was opened as
	Began       time.Time // its first statement
}

// Remotes are the sessions that this caller had in the warehouse within a day, of those applications that want wants. The
// warehouse itself does not know what they are called.
func (w *Warehouse) Remotes(ctx context.Context, want func(application string) bool) ([]Remote, error) {
	api := redshiftdata.NewFromConfig(w.aws)
	in := &redshiftdata.ListStatementsInput{StatementName: aws.String("sealift"), Status: types.StatusStringAll, Database: &w.spec.Database}
	if w.spec.Workgroup != "" {
		in.WorkgroupName = &w.spec.Workgroup
	} else {
		in.ClusterIdentifier = &w.spec.Cluster
	}
	first := map[string]types.StatementData{} // of each session
	for pages := redshiftdata.NewListStatementsPaginator(api, in); pages.HasMorePages(); {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, hint.With(fmt.Errorf("list the statements of %s: %w", w.spec.Name(), err), "the caller needs redshift-data:ListStatements")
		}
		for _, st := range page.Statements {
			id := aws.ToString(st.SessionId)
			if old, there := first[id]; id != "" && want(aws.ToString(st.StatementName)) && (!there || st.CreatedAt.Before(*old.CreatedAt)) {
				first[id] = st
			}
		}
	}
	var all []Remote
	for _, st := range first {
		out, err := api.DescribeStatement(ctx, &redshiftdata.DescribeStatementInput{Id: st.Id})
		if err != nil {
			return nil, fmt.Errorf("describe statement %s of %s: %w", aws.ToString(st.Id), w.spec.Name(), err)
		}
		if out.RedshiftPid != 0 {
			all = append(all, Remote{out.RedshiftPid, aws.ToString(st.StatementName), *st.CreatedAt})
		}
	}
	return all, nil
}
