package redshiftdata

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/sealift/sealift/internal/local/aws/awserr"
	"github.com/sealift/sealift/internal/local/aws/iam"
	"github.com/sealift/sealift/internal/local/aws/policy"
	"github.com/sealift/sealift/internal/local/aws/redshiftapi"
)

// The statuses of a statement: API model redshift-data, StatusString.
const (
	submitted = "SUBMITTED"
	picked    = "PICKED"
	started   = "STARTED"
	finished  = "FINISHED"
	failed    = "FAILED"
	aborted   = "ABORTED"
)

// statement is one that was submitted, or several that run as one transaction.
type statement struct {
	id      string
	name    string
	batch   bool
	entry   entry
	account string
	region  string
	owner   string // whose it is
	userID  string // of the owner, as policies name it
	arn     string // of the owner, with the session's name where it is a role
	request string // all that was asked, to compare
	token   string
	session *session // nil: a connection of its own

	created, updated time.Time
	status           string
	failure          string
	took             time.Duration // -1: it has not ended
	pid              uint32
	parts            []*part

	stop    chan struct{} // closed to cancel it
	stopped bool
}

// part is one SQL statement.
type part struct {
	sql      string
	arg      []parameter
	updated  time.Time
	status   string
	failure  string
	took     time.Duration
	queryID  int64
	answer   *answer // nil: it has no result set
	rows     int64   // -1: not known
	size     int64   // -1: not known
	hasEnded bool
}

type parameter struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// request is what ExecuteStatement and BatchExecuteStatement have in common.
type request struct {
	at
	ClientToken             string
	Parameters              []parameter
	ResultFormat            string
	SessionID               string `json:"SessionId"`
	SessionKeepAliveSeconds *int
	StatementName           string
	WithEvent               bool
}

type executeIn struct {
	request
	SQL string `json:"Sql"`
}

type batchIn struct {
	request
	SQLs []string `json:"Sqls"`
}

type submittedOut struct {
	ID                string `json:"Id"`
	CreatedAt         float64
	ClusterIdentifier string `json:",omitempty"`
	WorkgroupName     string `json:",omitempty"`
	Database          string `json:",omitempty"`
	DBUser            string `json:"DbUser,omitempty"`
	SecretArn         string `json:",omitempty"`
	SessionID         string `json:"SessionId,omitempty"`
}

func (s *Service) execute(ctx context.Context, id *iam.Identity, in executeIn) (any, error) {
	return s.submit(ctx, id, "ExecuteStatement", in.request, []string{in.SQL}, false)
}

func (s *Service) executeBatch(ctx context.Context, id *iam.Identity, in batchIn) (any, error) {
	if len(in.SQLs) == 0 || len(in.SQLs) > maxBatch {
		return nil, invalid("1 validation error detected: Value at 'sqls' failed to satisfy constraint: Member must have length between 1 and %d", maxBatch)
	}
	return s.submit(ctx, id, "BatchExecuteStatement", in.request, in.SQLs, true)
}

// submit takes statements, which run after the answer.
func (s *Service) submit(ctx context.Context, id *iam.Identity, action string, in request, sqls []string, batch bool) (any, error) {
	st := &statement{
		id: newID(), name: in.StatementName, batch: batch, account: id.Account, region: id.Region, owner: owner(id), userID: id.UserID, arn: id.ARN,
		created: s.now(), updated: s.now(), status: submitted, took: -1, stop: make(chan struct{}),
	}
	if err := st.take(in, sqls, action); err != nil {
		return nil, err
	}
	keep := time.Duration(0)
	if in.SessionKeepAliveSeconds != nil {
		keep = time.Duration(*in.SessionKeepAliveSeconds) * time.Second
	}
	if keep < 0 || keep > maxRun {
		return nil, invalid("SessionKeepAliveSeconds must be between 0 and %d.", int(maxRun.Seconds()))
	}
	var err error
	if in.SessionID == "" {
		if st.entry, err = s.enter(ctx, id, action, in.at); err != nil {
			return nil, err
		}
	} else if in.at != (at{}) {
		return nil, invalid("SessionId cannot be given together with a cluster, a workgroup, a database, a user or a secret.")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.forget()
	if in.SessionID != "" {
		// Before the token, so that a stranger learns nothing by guessing it.
		if st.session, err = s.sessionOf(id, action, in.SessionID); err != nil {
			return nil, err
		}
		st.entry = st.session.entry
	}
	if in.ClientToken != "" {
		st.token = id.Account + "/" + id.Region + "/" + in.ClientToken
		if old := s.tokens[st.token]; old != nil {
			if old.request != st.request || old.owner != st.owner {
				return nil, invalid("The client token %s was used with other parameters.", in.ClientToken)
			}
			return old.submitted(), nil
		}
	}
	if s.ctx.Err() != nil {
		return nil, awserr.New(http.StatusInternalServerError, "InternalServerException", "The service is shutting down.")
	}
	if s.active(st.entry.warehouse) >= s.limits.Statements {
		return nil, awserr.New(http.StatusBadRequest, "ActiveStatementsExceededException", "Active statements exceeded the allowed quota (%d).", s.limits.Statements)
	}
	switch {
	case st.session != nil:
		if err := st.session.use(st, keep); err != nil {
			return nil, err
		}
	case keep > 0:
		if st.session, err = s.newSession(st, keep); err != nil {
			return nil, err
		}
	}
	s.statements[st.id], s.order = st, append(s.order, st)
	if st.token != "" {
		s.tokens[st.token] = st
	}
	s.running.Go(func() { s.run(st) }) //nolint:contextcheck // a statement outlives the request that brings it
	return st.submitted(), nil
}

// take reads what is to be run.
func (st *statement) take(in request, sqls []string, action string) error {
	switch {
	case in.WithEvent:
		return awserr.NotImitated("WithEvent of redshift-data")
	case in.ResultFormat != "" && in.ResultFormat != "JSON":
		return awserr.NotImitated("ResultFormat " + in.ResultFormat + " of redshift-data")
	}
	used := map[string]bool{}
	for _, sql := range sqls {
		if strings.TrimSpace(sql) == "" {
			return invalid("The SQL statement is empty.")
		}
		if len(sql) > maxText {
			return invalid("Cannot process query string larger than 100kB")
		}
		p := &part{sql: sql, status: submitted, updated: st.created, took: -1, rows: -1, size: -1}
		names := map[string]bool{}
		_, order := bind(sql)
		for _, name := range order {
			names[name], used[name] = true, true
		}
		for _, a := range in.Parameters {
			if names[a.Name] {
				p.arg = append(p.arg, a)
				delete(names, a.Name)
			}
		}
		if len(in.Parameters) > 0 && len(names) > 0 {
			return invalid("Parameters list contains no value for a parameter of the SQL statement.")
		}
		st.parts = append(st.parts, p)
	}
	for _, a := range in.Parameters {
		switch {
		case a.Value == "":
			return invalid("Parameter %s must have a value.", a.Name)
		case !used[a.Name]:
			return invalid("Parameters list contains unused parameters. Unused parameters: [%s]", a.Name)
		}
	}
	token := in.ClientToken
	in.ClientToken = ""
	text, err := json.Marshal([]any{action, in, sqls})
	st.request = string(text)
	in.ClientToken = token
	return err
}

// active counts the statements of a warehouse that have not ended. The service is locked.
func (s *Service) active(in redshiftapi.Name) int {
	n := 0
	for _, st := range s.order {
		if !st.ended() && st.entry.warehouse == in {
			n++
		}
	}
	return n
}

func (st *statement) ended() bool {
	return st.status == finished || st.status == failed || st.status == aborted
}

func (st *statement) submitted() submittedOut {
	out := submittedOut{
		ID: st.id, CreatedAt: epoch(st.created), ClusterIdentifier: st.entry.ClusterIdentifier, WorkgroupName: st.entry.WorkgroupName,
		Database: st.entry.Database, DBUser: st.entry.DbUser, SecretArn: st.entry.SecretArn,
	}
	if st.session != nil {
		out.SessionID = st.session.id
	}
	return out
}

// run runs a statement to its end.
func (s *Service) run(st *statement) {
	s.set(st, func() { st.status = picked })
	conn, err := s.connection(st)
	if err != nil {
		s.finish(st, 0, err)
		return
	}
	began := time.Now()
	s.set(st, func() { st.status, st.pid = started, conn.PID() })
	ended := make(chan struct{})
	cancelled := make(chan struct{})
	go func() {
		defer close(cancelled)
		s.cancelWhenTold(conn, st.stop, ended)
	}()
	limit, cancel := context.WithTimeout(s.ctx, maxRun)
	err = s.runParts(limit, conn, st)
	cancel()
	close(ended)
	<-cancelled
	if st.session == nil {
		closeConn(conn)
	}
	s.finish(st, time.Since(began), err)
}

// cancelWhenTold asks the warehouse to cancel what a connection runs, until it has ended: a request that comes between two
// steps of a batch, or before the first, finds nothing to cancel.
func (s *Service) cancelWhenTold(conn *Conn, stop, ended <-chan struct{}) {
	select {
	case <-stop:
	case <-ended:
		return
	}
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		ctx, cancel := context.WithTimeout(s.ctx, cancelTime)
		if err := conn.CancelRequest(ctx); err != nil {
			s.log.Debug("cancel a statement of the data api", "err", err)
		}
		cancel()
		select {
		case <-ended:
			return
		case <-tick.C:
		}
	}
}

// errStopped is the failure of a statement that was cancelled before it began.
var errStopped = errors.New("Query cancelled on user's request") //nolint:staticcheck // the warehouse's own words

// runParts runs a single statement as it is, and a batch as one transaction.
func (s *Service) runParts(ctx context.Context, conn *Conn, st *statement) error {
	if !st.batch {
		return s.runPart(ctx, conn, st, st.parts[0])
	}
	if err := exec(ctx, conn, "BEGIN"); err != nil {
		return err
	}
	for i, p := range st.parts {
		if err := s.runPart(ctx, conn, st, p); err != nil {
			// What the failure leaves of the transaction is rolled back; that it cannot be is the connection's end, which
			// comes to the same.
			_ = exec(ctx, conn, "ROLLBACK")
			return fmt.Errorf("Query #%d failed with %w", i+1, err) //nolint:staticcheck // the service's own words
		}
	}
	return exec(ctx, conn, "COMMIT")
}

func exec(ctx context.Context, conn *Conn, sql string) error {
	_, err := conn.ExecParams(ctx, sql, nil, nil, nil, nil).Close()
	return err
}

func (s *Service) runPart(ctx context.Context, conn *Conn, st *statement, p *part) error {
	stopped := false
	s.set(st, func() {
		if stopped = st.stopped; !stopped {
			p.status, p.updated = started, s.now()
		}
	})
	began := time.Now()
	var a *answer
	rows, err := int64(-1), error(errStopped)
	if !stopped {
		a, rows, err = s.ask(ctx, conn, p)
	}
	s.set(st, func() {
		p.took, p.queryID, p.updated, p.hasEnded = time.Since(began), conn.LastQuery(), s.now(), true
		if err != nil {
			p.status, p.failure = failed, st.why(err)
			if st.stopped {
				p.status = aborted
			}
			return
		}
		p.status, p.answer, p.rows, p.size = finished, a, rows, 0
		if a != nil {
			p.size = a.size
		}
	})
	return err
}

// why is a failure as DescribeStatement tells it: what the warehouse said, as Redshift's JDBC driver writes it.
func (st *statement) why(err error) string {
	prefix := ""
	if pe, ok := errors.AsType[*pgconn.PgError](err); ok {
		if before, _, found := strings.Cut(err.Error(), pe.Error()); found && strings.HasPrefix(before, "Query #") {
			prefix = before
		}
		text := prefix + pe.Severity + ": " + pe.Message
		if pe.Detail != "" {
			text += "\n  Detail: " + pe.Detail
		}
		if pe.Hint != "" {
			text += "\n  Hint: " + pe.Hint
		}
		return text
	}
	return err.Error()
}

// set changes a statement under the lock.
func (s *Service) set(st *statement, change func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change()
	st.updated = s.now()
}

// finish notes how a statement ended, and gives its session back.
func (s *Service) finish(st *statement, took time.Duration, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	st.took, st.updated, st.status = took, s.now(), finished
	if err != nil {
		st.status, st.failure = failed, st.why(err)
		if st.stopped && isCancelled(err) {
			st.status = aborted
		}
		for _, p := range st.parts {
			if p.hasEnded {
				continue
			}
			p.status, p.updated = st.status, st.updated
			if st.batch && st.status == failed {
				p.status = aborted // it was never begun
			}
		}
	}
	if st.session != nil {
		s.release(st.session)
	}
}

func isCancelled(err error) bool {
	pe, ok := errors.AsType[*pgconn.PgError](err)
	return errors.Is(err, errStopped) || ok && pe.Code == "57014"
}

// forget drops what ended long ago. The service is locked.
func (s *Service) forget() {
	now := s.now()
	s.order = slices.DeleteFunc(s.order, func(st *statement) bool {
		if st.token != "" && now.Sub(st.created) >= tokenFor && s.tokens[st.token] == st {
			delete(s.tokens, st.token)
		}
		old := st.ended() && now.Sub(st.updated) >= keptFor
		if old {
			delete(s.statements, st.id)
		}
		return old
	})
}

type idIn struct {
	ID string `json:"Id"`
}

// find gives the statement that an id names, and the number of the part it names, -1 for all. The service is locked.
func (s *Service) find(id *iam.Identity, action, name string) (*statement, int, error) {
	s.forget()
	whole, number, isPart := strings.Cut(name, ":")
	st := s.statements[whole]
	if st != nil && (st.account != id.Account || st.region != id.Region) {
		st = nil
	}
	var ctx policy.Context
	if st != nil {
		ctx = policy.Context{"redshift-data:statement-owner-iam-userid": {st.userID}}
	}
	if err := s.allow(id, action, "*", ctx); err != nil {
		return nil, 0, err
	}
	n := -1
	if isPart {
		if _, err := fmt.Sscanf(number, "%d", &n); err != nil || st == nil || !st.batch || n < 1 || n > len(st.parts) {
			st = nil
		}
		n--
	}
	if st == nil || st.owner != owner(id) {
		return nil, 0, awserr.New(http.StatusBadRequest, "ResourceNotFoundException", "Query does not exist.")
	}
	return st, n, nil
}

type describedOut struct {
	submittedOut
	UpdatedAt       float64
	Status          string
	Error           string `json:",omitempty"`
	Duration        int64
	HasResultSet    bool
	QueryString     string      `json:",omitempty"`
	QueryParameters []parameter `json:",omitempty"`
	RedshiftPid     uint32
	RedshiftQueryID int64 `json:"RedshiftQueryId"`
	ResultRows      int64
	ResultSize      int64
	ResultFormat    string
	SubStatements   []partOut `json:",omitempty"`
}

type partOut struct {
	ID              string `json:"Id"`
	CreatedAt       float64
	UpdatedAt       float64
	Status          string
	Error           string `json:",omitempty"`
	Duration        int64
	HasResultSet    bool
	QueryString     string
	RedshiftQueryID int64 `json:"RedshiftQueryId"`
	ResultRows      int64
	ResultSize      int64
}

func (s *Service) describe(_ context.Context, id *iam.Identity, in idIn) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	st, n, err := s.find(id, "DescribeStatement", in.ID)
	if err != nil {
		return nil, err
	}
	out := describedOut{
		submittedOut: st.submitted(), UpdatedAt: epoch(st.updated), Status: st.status, Error: st.failure, Duration: int64(st.took),
		RedshiftPid: st.pid, ResultRows: -1, ResultSize: -1, ResultFormat: "JSON",
	}
	single := func(p *part) {
		out.HasResultSet, out.QueryString, out.QueryParameters = p.answer != nil, p.sql, p.arg
		out.RedshiftQueryID, out.ResultRows, out.ResultSize = p.queryID, p.rows, p.size
	}
	switch {
	case n >= 0:
		p := st.parts[n]
		single(p)
		out.ID, out.Status, out.Error, out.Duration = in.ID, p.status, p.failure, int64(p.took)
	case !st.batch:
		single(st.parts[0])
	default:
		for i, p := range st.parts {
			out.HasResultSet = out.HasResultSet || p.answer != nil
			out.SubStatements = append(out.SubStatements, partOut{
				fmt.Sprintf("%s:%d", st.id, i+1), epoch(st.created), epoch(p.updated), p.status, p.failure, int64(p.took), p.answer != nil, p.sql,
				p.queryID, p.rows, p.size,
			})
		}
		if last := st.parts[len(st.parts)-1]; last.hasEnded {
			out.ResultRows, out.ResultSize, out.RedshiftQueryID = last.rows, last.size, last.queryID
		}
	}
	return out, nil
}

func (s *Service) cancelStatement(_ context.Context, id *iam.Identity, in idIn) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	st, n, err := s.find(id, "CancelStatement", in.ID)
	switch {
	case err != nil:
		return nil, err
	case n >= 0:
		return nil, invalid("A statement of a batch cannot be cancelled alone.")
	case st.ended():
		return nil, invalid("Could not cancel a query that is already in %s state with ID: %s", st.status, st.id)
	case !st.stopped:
		st.stopped = true
		close(st.stop)
	}
	return struct{ Status bool }{true}, nil
}

type listIn struct {
	ClusterIdentifier string
	WorkgroupName     string
	Database          string
	MaxResults        int
	NextToken         string
	RoleLevel         *bool
	StatementName     string
	Status            string
}

type listed struct {
	ID               string `json:"Id"`
	CreatedAt        float64
	UpdatedAt        float64
	Status           string
	StatementName    string      `json:",omitempty"`
	IsBatchStatement bool        //nolint:revive // the model's name
	QueryString      string      `json:",omitempty"`
	QueryStrings     []string    `json:",omitempty"`
	QueryParameters  []parameter `json:",omitempty"`
	ResultFormat     string
	SecretArn        string `json:",omitempty"`
	SessionID        string `json:"SessionId,omitempty"`
}

// list shows the caller's statements, from the newest.
func (s *Service) list(_ context.Context, id *iam.Identity, in listIn) (any, error) {
	if err := s.allow(id, "ListStatements", "*", nil); err != nil {
		return nil, err
	}
	if in.ClusterIdentifier != "" && in.WorkgroupName != "" {
		return nil, invalid("ClusterIdentifier and WorkgroupName cannot be given together.")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.forget()
	all := []listed{}
	for _, st := range slices.Backward(s.order) {
		if st.account != id.Account || st.region != id.Region || st.owner != owner(id) || in.RoleLevel != nil && !*in.RoleLevel && st.arn != id.ARN ||
			in.ClusterIdentifier != "" && st.entry.ClusterIdentifier != in.ClusterIdentifier || in.WorkgroupName != "" && st.entry.WorkgroupName != in.WorkgroupName ||
			in.Database != "" && st.entry.Database != in.Database || !strings.HasPrefix(st.name, in.StatementName) ||
			in.Status != "" && in.Status != "ALL" && st.status != in.Status {
			continue
		}
		one := listed{
			ID: st.id, CreatedAt: epoch(st.created), UpdatedAt: epoch(st.updated), Status: st.status, StatementName: st.name, IsBatchStatement: st.batch,
			ResultFormat: "JSON", SecretArn: st.entry.SecretArn, SessionID: st.submitted().SessionID,
		}
		if st.batch {
			for _, p := range st.parts {
				one.QueryStrings = append(one.QueryStrings, p.sql)
			}
		} else {
			one.QueryString, one.QueryParameters = st.parts[0].sql, st.parts[0].arg
		}
		all = append(all, one)
	}
	page, next, err := paged(all, in.NextToken, in.MaxResults, 100)
	if err != nil {
		return nil, err
	}
	return struct {
		Statements []listed
		NextToken  string `json:",omitempty"`
	}{page, next}, nil
}
