package connect

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/redshiftdata"
	"github.com/aws/aws-sdk-go-v2/service/redshiftdata/types"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/sealift/sealift/internal/hint"
	"github.com/sealift/sealift/internal/redshift"
	"github.com/sealift/sealift/plan"
)

// service is a Data API that answers what a test wants.
type service struct {
	dataAPI
	mu        sync.Mutex // guards the rest
	execute   []error    // one after the other; then the statement is taken
	tokens    map[string]bool
	describe  []any // errors, and what DescribeStatement answers; the last stays
	cancelled bool
}

func (s *service) ExecuteStatement(_ context.Context, in *redshiftdata.ExecuteStatementInput, _ ...func(*redshiftdata.Options)) (*redshiftdata.ExecuteStatementOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tokens[*in.ClientToken] = true
	if len(s.execute) > 0 {
		err := s.execute[0]
		if s.execute = s.execute[1:]; err != nil {
			return nil, err
		}
	}
	return &redshiftdata.ExecuteStatementOutput{Id: aws.String("id"), SessionId: aws.String("session")}, nil
}

func (s *service) DescribeStatement(context.Context, *redshiftdata.DescribeStatementInput, ...func(*redshiftdata.Options)) (*redshiftdata.DescribeStatementOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	next := s.describe[0]
	if len(s.describe) > 1 {
		s.describe = s.describe[1:]
	}
	if err, ok := next.(error); ok {
		return nil, err
	}
	return next.(*redshiftdata.DescribeStatementOutput), nil
}

func (s *service) CancelStatement(context.Context, *redshiftdata.CancelStatementInput, ...func(*redshiftdata.Options)) (*redshiftdata.CancelStatementOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cancelled = true
	return &redshiftdata.CancelStatementOutput{}, nil
}

// answer changes what DescribeStatement answers from now on.
func (s *service) answer(describe ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.describe = describe
}

func (s *service) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.tokens)
}

func answered(status int, code, message string) error {
	return &awshttp.ResponseError{ResponseError: &smithyhttp.ResponseError{
		Response: &smithyhttp.Response{Response: &http.Response{StatusCode: status}}, Err: &smithy.GenericAPIError{Code: code, Message: message},
	}}
}

func status(s types.StatusString, text string) *redshiftdata.DescribeStatementOutput {
	out := &redshiftdata.DescribeStatementOutput{Id: aws.String("id"), Status: s, ResultRows: 3}
	if text != "" {
		out.Error = &text
	}
	return out
}

// What is known of a COMMIT, by what the service answers: that it happened, that it did not, or that nobody knows. In
// virtual time.
func TestWhatIsKnownOfARemoteStatement(t *testing.T) {
	t.Parallel()
	const (
		done     = "done"
		failed   = "the server's error"
		refused  = "not taken"
		notSent  = "not sent"
		nobody   = "nobody knows"
		finished = types.StatusStringFinished
	)
	cut, reset := errors.New("unexpected EOF"), &net.OpError{Op: "read", Err: errors.New("connection reset by peer")}
	dial := &net.OpError{Op: "dial", Err: errors.New("connection refused")}
	denied, broken := answered(400, "AccessDeniedException", "no"), answered(500, "InternalServerException", "x")
	ended, full := answered(400, "ValidationException", "Session is not available"), answered(400, "ActiveStatementsExceededException", "x")
	ok := []any{status(finished, "")}
	again := func(err error, n int) []error {
		all := make([]error, n)
		for i := range all {
			all[i] = err
		}
		return all
	}
	anys := func(err error, n int, more ...any) (all []any) {
		for range n {
			all = append(all, err)
		}
		return append(all, more...)
	}
	for name, c := range map[string]struct {
		execute  []error
		describe []any
		want     string
		broken   bool
	}{
		"at once":                        {nil, ok, done, false},
		"after a while":                  {nil, []any{status(types.StatusStringSubmitted, ""), status(types.StatusStringPicked, ""), status(types.StatusStringStarted, ""), status(finished, "")}, done, false},
		"lost answers":                   {[]error{cut, reset, broken}, ok, done, false},
		"no answer at all":               {again(cut, submitTries), ok, nobody, true},
		"no connection":                  {again(dial, submitTries), ok, notSent, true},
		"a connection in the end":        {again(dial, 2), ok, done, false},
		"lost, then no connection":       {append([]error{cut}, again(dial, submitTries-1)...), ok, nobody, true},
		"busy for long":                  {again(full, 10), ok, done, false},
		"busy for ever":                  {again(full, 1000), ok, refused, false},
		"denied":                         {[]error{denied}, ok, refused, false},
		"lost, then denied":              {[]error{cut, denied}, ok, nobody, true},
		"the session is gone":            {[]error{ended}, ok, notSent, true},
		"lost, then the session is gone": {[]error{cut, ended}, ok, nobody, true},
		"the server refused":             {nil, []any{status(types.StatusStringFailed, "ERROR: 1023\n  Detail: Serializable isolation violation on table - 1")}, failed, false},
		"the server ended":               {nil, []any{status(types.StatusStringFailed, "FATAL: terminating connection due to administrator command")}, nobody, true},
		"the connection ended":           {nil, []any{status(types.StatusStringFailed, "unexpected EOF")}, nobody, true},
		"failed without a word":          {nil, []any{status(types.StatusStringFailed, "")}, nobody, true},
		"cancelled by somebody":          {nil, []any{status(types.StatusStringAborted, "ERROR: Query cancelled on user's request")}, failed, false},
		"cancelled without a word":       {nil, []any{status(types.StatusStringAborted, "")}, nobody, true},
		"cannot be asked for a bit":      {nil, anys(cut, askTries-1, status(finished, "")), done, false},
		"cannot be asked":                {nil, anys(cut, askTries), nobody, true},
		"forgotten":                      {nil, []any{answered(400, "ResourceNotFoundException", "Query does not exist.")}, nobody, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := &service{execute: c.execute, describe: c.describe, tokens: map[string]bool{}}
				w := &Warehouse{spec: plan.Warehouse{Cluster: "dw", Database: "d", Auth: "data-api"}, options: Options{Application: "sealift", Log: slog.New(slog.DiscardHandler), CancelGrace: 10 * time.Second}}
				r := &remote{api: s, warehouse: w, session: "session", inside: true, began: time.Now(), last: time.Now()}
				n, err := r.run(t.Context(), redshift.Build("COMMIT"), nil)
				got := done
				if err != nil {
					got = refused
					if _, ok := errors.AsType[*redshift.ServerError](err); ok {
						got = failed
					}
					if lost, ok := errors.AsType[*LostError](err); ok {
						got = nobody
						if lost.SafeToRetry() {
							got = notSent
						}
						if lost.SafeToRetry() == lost.OutcomeUnknown() {
							t.Error("it is safe to try again, and it is not known what became of it")
						}
					}
				}
				if got != c.want || r.broken() != c.broken || len(s.tokens) != 1 {
					t.Errorf("%s (%v), broken %v, %d tokens; want %s", got, err, r.broken(), len(s.tokens), c.want)
				}
				if r.idle() != (got == done || got == failed) {
					t.Errorf("idle %v after %s", r.idle(), got)
				}
				if got == done && n != 3 {
					t.Errorf("%d rows", n)
				}
				if name == "denied" && hint.Of(err) == "" {
					t.Error("no hint")
				}
			})
		})
	}
}

// A statement that does not stop when it is cancelled is given up, for its session to be ended. One whose answer is missing
// when it is to be cancelled is first found, because it could run for hours.
func TestARemoteStatementIsCancelled(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		execute []error
		stops   bool
		broken  bool
	}{
		"it stops":            {nil, true, false},
		"it does not":         {nil, false, true},
		"its answer was lost": {[]error{errors.New("cut"), errors.New("cut")}, true, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				why := errors.New("enough")
				ctx, cancel := context.WithCancelCause(t.Context())
				s := &service{execute: c.execute, describe: []any{status(types.StatusStringStarted, "")}, tokens: map[string]bool{}}
				w := &Warehouse{spec: plan.Warehouse{Cluster: "dw", Database: "d", Auth: "data-api"}, options: Options{Log: slog.New(slog.DiscardHandler), CancelGrace: 10 * time.Second}}
				r := &remote{api: s, warehouse: w, session: "session", began: time.Now(), last: time.Now()}
				timer := time.AfterFunc(100*time.Millisecond, func() {
					cancel(why)
					if c.stops {
						s.answer(status(types.StatusStringStarted, ""), status(types.StatusStringAborted, "ERROR: Query cancelled on user's request"))
					}
				})
				defer timer.Stop()
				began := time.Now()
				_, err := r.run(ctx, redshift.Build("COPY x"), nil)
				if err == nil || !s.cancelled || r.broken() != c.broken || time.Since(began) > 15*time.Second {
					t.Errorf("%v after %s, cancelled %v, broken %v", err, time.Since(began), s.cancelled, r.broken())
				}
			})
		})
	}
}

// A session is kept while its process lives, however long nobody needs it, and for two minutes else: also within a transaction
// that has failed. Statements have their turn.
func TestARemoteSessionIsKept(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &service{describe: []any{status(types.StatusStringFinished, "")}, tokens: map[string]bool{}}
		w := &Warehouse{spec: plan.Warehouse{Cluster: "dw", Database: "d", Auth: "data-api"}, options: Options{Log: slog.New(slog.DiscardHandler), CancelGrace: 10 * time.Second}}
		r := &remote{api: s, warehouse: w}
		if _, err := r.run(t.Context(), redshift.Build("BEGIN"), nil); err != nil {
			t.Fatal(err)
		}
		r.keep(t.Context())
		time.Sleep(time.Hour) //nolint:forbidigo // virtual time: another warehouse takes that long
		if n := s.count(); r.broken() || n < 50 || n > 150 {
			t.Errorf("after an hour: broken %v, %d statements", r.broken(), n)
		}
		s.answer(status(types.StatusStringFailed, "ERROR: current transaction is aborted, commands ignored until end of transaction block"))
		time.Sleep(time.Hour) //nolint:forbidigo // virtual time
		if r.broken() {
			t.Error("a transaction that has failed is not kept")
		}
		r.turn.Lock()
		before := s.count()
		time.Sleep(time.Minute) //nolint:forbidigo // virtual time: a statement that runs
		if s.count() != before {
			t.Error("two statements at once")
		}
		s.answer(status(types.StatusStringFinished, ""))
		r.turn.Unlock()
		if err := r.close(t.Context()); err != nil {
			t.Error(err)
		}
		after := s.count()
		time.Sleep(time.Hour) //nolint:forbidigo // virtual time
		if s.count() != after {
			t.Error("it is kept after it was closed")
		}
	})
}

// A session that nobody used for about as long as AWS keeps it is not used again.
func TestARemoteSessionIsNotUsedWhenItMayBeGone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		for _, c := range []struct {
			began, last time.Duration // ago
			inside      bool
			want        bool
		}{
			{0, 0, false, false},
			{time.Hour, sessionKeepAlive - 2*sessionMargin, true, false},
			{time.Hour, sessionKeepAlive, false, true},
			{sessionLife + time.Minute, 0, false, true},
			{sessionLife + time.Minute, 0, true, false},
		} {
			r := &remote{began: time.Now().Add(-c.began), last: time.Now().Add(-c.last), inside: c.inside}
			if r.broken() != c.want {
				t.Errorf("%+v: %v", c, r.broken())
			}
		}
	})
}

func TestFloatText(t *testing.T) {
	t.Parallel()
	for f, want := range map[float64]string{0: "0", 1.5: "1.5", -0.001: "-0.001", 1e6: "1000000", 1e300: "1e+300", 1e-7: "1e-07", 123456789012345: "123456789012345"} {
		if got := floatText(f); got != want {
			t.Errorf("%v: %s", f, got)
		}
	}
	for _, f := range []types.Field{&types.FieldMemberBlobValue{Value: []byte("ab")}, &types.UnknownUnionMember{Tag: "x"}} {
		text, err := fieldText(f)
		if fmt.Sprintf("%T", f) == "*types.UnknownUnionMember" != (err != nil) || err == nil && *text != "6162" {
			t.Errorf("%T: %v, %v", f, text, err)
		}
	}
}
