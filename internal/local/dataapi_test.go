package local

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/redshiftdata"
	"github.com/aws/aws-sdk-go-v2/service/redshiftdata/types"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"

	data "github.com/sealift/sealift/internal/local/aws/redshiftdata"
)

// dataAPI is a caller of the Data API with the SDK.
type dataAPI struct {
	*testing.T
	*redshiftdata.Client
	user string // of the database; "" is the caller's own
}

func newDataAPI(t *testing.T, c clients, user string) dataAPI {
	return dataAPI{t, redshiftdata.NewFromConfig(c.sdk(t), func(o *redshiftdata.Options) { o.RetryMaxAttempts = 1 }), user}
}

func (d dataAPI) input(sql string) *redshiftdata.ExecuteStatementInput {
	in := &redshiftdata.ExecuteStatementInput{Sql: &sql, ClusterIdentifier: aws.String(SourceCluster), Database: aws.String(Database)}
	if d.user != "" {
		in.DbUser = &d.user
	}
	return in
}

// await waits until a statement has one of some statuses.
func (d dataAPI) await(id string, statuses ...types.StatusString) *redshiftdata.DescribeStatementOutput {
	d.Helper()
	if len(statuses) == 0 {
		statuses = []types.StatusString{types.StatusStringFinished, types.StatusStringFailed, types.StatusStringAborted}
	}
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		out, err := d.DescribeStatement(d.Context(), &redshiftdata.DescribeStatementInput{Id: &id})
		if err != nil {
			d.Fatal(err)
		}
		if slices.Contains(statuses, out.Status) {
			return out
		}
		<-tick.C
	}
}

// run runs a statement to its end.
func (d dataAPI) run(in *redshiftdata.ExecuteStatementInput) *redshiftdata.DescribeStatementOutput {
	d.Helper()
	out, err := d.ExecuteStatement(d.Context(), in)
	if err != nil {
		d.Fatal(err)
	}
	return d.await(*out.Id)
}

// rows are the values that a statement answers, as Go prints them.
func (d dataAPI) rows(id string) []string {
	d.Helper()
	pages := redshiftdata.NewGetStatementResultPaginator(d, &redshiftdata.GetStatementResultInput{Id: &id})
	var all []string
	for pages.HasMorePages() {
		page, err := pages.NextPage(d.Context())
		if err != nil {
			d.Fatal(err)
		}
		for _, record := range page.Records {
			var row []string
			for _, f := range record {
				switch v := f.(type) {
				case *types.FieldMemberIsNull:
					row = append(row, "NULL")
				case *types.FieldMemberBooleanValue:
					row = append(row, fmt.Sprintf("bool %v", v.Value))
				case *types.FieldMemberLongValue:
					row = append(row, fmt.Sprintf("long %d", v.Value))
				case *types.FieldMemberDoubleValue:
					row = append(row, fmt.Sprintf("double %v", v.Value))
				case *types.FieldMemberStringValue:
					row = append(row, "string "+v.Value)
				default:
					row = append(row, fmt.Sprintf("%T", v))
				}
			}
			all = append(all, strings.Join(row, ", "))
		}
	}
	return all
}

func (d dataAPI) sql(sql string) []string {
	d.Helper()
	out := d.run(d.input(sql))
	if out.Status != types.StatusStringFinished {
		d.Fatalf("%s: %s, %s", sql, out.Status, aws.ToString(out.Error))
	}
	if !aws.ToBool(out.HasResultSet) {
		return nil
	}
	return d.rows(*out.Id)
}

func (d dataAPI) want(err error, code, message string) {
	d.Helper()
	if e, ok := errors.AsType[smithy.APIError](err); !ok || e.ErrorCode() != code || !strings.Contains(e.ErrorMessage(), message) {
		d.Errorf("got %v, want %s: %s", err, code, message)
	}
}

// SQL by the AWS CLI, without a connection: run, described, read, listed.
//
//standin:imitates Data API: commands of the AWS CLI | CLI reference redshift-data
//standin:imitates Data API: databases, schemas, tables and columns | API model redshift-data
func TestDataAPIByTheCLI(t *testing.T) {
	t.Parallel()
	c := users(standin)
	at := []string{"--cluster-identifier", "source", "--database", "dev", "--db-user", MasterUser}
	call := func(args ...string) string { return c.aws(t, append([]string{"redshift-data"}, args...)...) }
	id := call(append([]string{"batch-execute-statement", "--statement-name", "bycli", "--query", "Id", "--sqls", "create schema bycli", "create table bycli.t (n int not null, w varchar(20))", "insert into bycli.t values (1, 'eins'), (2, null)"}, at...)...)
	for call("describe-statement", "--id", id, "--query", "Status") != "FINISHED" {
	}
	id = call(append([]string{"execute-statement", "--statement-name", "bycli", "--query", "Id", "--sql", "select n, w from bycli.t where n = :n", "--parameters", "name=n,value=1"}, at...)...)
	for call("describe-statement", "--id", id, "--query", "Status") != "FINISHED" {
	}
	if got := call("get-statement-result", "--id", id, "--query", "[TotalNumRows,Records[0][0].longValue,Records[0][1].stringValue,ColumnMetadata[1].typeName,ColumnMetadata[1].length]"); got != "1\t1\teins\tvarchar\t20" {
		t.Error(got)
	}
	if got := call("list-statements", "--statement-name", "bycli", "--query", "Statements[].[QueryString,length(not_null(QueryStrings,`[]`))]"); got != "select n, w from bycli.t where n = :n\t0\nNone\t3" {
		t.Error(got)
	}
	if got := call(append([]string{"list-schemas", "--schema-pattern", "byc%", "--query", "Schemas"}, at...)...); got != "bycli" {
		t.Error(got)
	}
	if got := call(append([]string{"list-tables", "--schema-pattern", "bycli", "--query", "Tables[].[schema,name,type]"}, at...)...); got != "bycli\tt\tTABLE" {
		t.Error(got)
	}
	if got := call(append([]string{"describe-table", "--schema", "bycli", "--table", "t", "--query", "ColumnList[].[name,typeName,nullable]"}, at...)...); got != "n\tint4\t0\nw\tvarchar\t1" {
		t.Error(got)
	}
	if got := call(append([]string{"list-databases", "--query", "contains(Databases, 'dev')"}, at...)...); got != "True" {
		t.Error(got)
	}
}

// What a statement answers: values of every type, counts of rows, pages, the warehouse's own id of it, and its errors.
//
//standin:imitates Data API: results by type, and pages of results | API model redshift-data GetStatementResult
//standin:imitates Data API: statements in the warehouse's own history | MG data-api
//standin:imitates Data API: limits of text, rows and results | MG data-api-troubleshooting
//standin:differs Data API: errors of statements | are written like Redshift's JDBC driver writes them: severity, message, detail, hint | MG data-api
//standin:differs Data API: metadata of columns | does not name the table and the default of a result's column | API model redshift-data ColumnMetadata
//standin:refuses Data API: WithEvent, CSV results, WaitTimeSeconds, ExecutionMode, ListSessions | API model redshift-data
func TestDataAPIResults(t *testing.T) {
	t.Parallel()
	c := users(standin)
	d := newDataAPI(t, c, MasterUser)
	d.sql(`create table dataapi_types (b bool, i2 int2, i4 int4, i8 int8, f4 float4, f8 float8, n numeric(10,2), c char(3), v varchar(9), d date, ts timestamp, tz timestamptz, s super, vb varbyte(4))`)
	d.sql(`insert into dataapi_types values (true, 1, 2, 9007199254740993, 1.5, 2.25, 3.10, 'ab', 'x''y', '2026-01-02', '2026-01-02 03:04:05.6', '2026-01-02 03:04:05+00', json_parse('{"a":[1]}'), 'abcd'::varbyte), (null,null,null,null,null,'NaN',null,null,'',null,null,null,null,null)`)
	want := []string{
		`bool true, long 1, long 2, long 9007199254740993, double 1.5, double 2.25, string 3.10, string ab , string x'y, string 2026-01-02, string 2026-01-02 03:04:05.6, string 2026-01-02 03:04:05+00, string {"a":[1]}, string 61626364`,
		`NULL, NULL, NULL, NULL, NULL, double NaN, NULL, NULL, string , NULL, NULL, NULL, NULL, NULL`,
	}
	if diff := cmp.Diff(want, d.sql("select * from dataapi_types order by i4")); diff != "" {
		t.Error(diff)
	}
	out := d.run(d.input("select * from dataapi_types"))
	page, err := d.GetStatementResult(t.Context(), &redshiftdata.GetStatementResultInput{Id: out.Id})
	if err != nil {
		t.Fatal(err)
	}
	var columns []string
	for _, m := range page.ColumnMetadata {
		columns = append(columns, fmt.Sprintf("%s %s %d %d %d", *m.Name, *m.TypeName, m.Precision, m.Scale, m.Length))
	}
	if diff := cmp.Diff([]string{
		"b bool 1 0 0", "i2 int2 5 0 0", "i4 int4 10 0 0", "i8 int8 19 0 0", "f4 float4 8 0 0", "f8 float8 17 0 0", "n numeric 10 2 0", "c bpchar 3 0 3",
		"v varchar 9 0 9", "d date 13 0 0", "ts timestamp 29 0 0", "tz timestamptz 35 0 0", "s super 0 0 0", "vb varbyte 4 0 4",
	}, columns); diff != "" {
		t.Error(diff)
	}
	if got := d.run(d.input("update dataapi_types set i2 = 7")); got.ResultRows != 2 || aws.ToBool(got.HasResultSet) || got.Duration <= 0 || got.RedshiftPid == 0 {
		t.Errorf("%+v", got)
	}
	named := d.run(d.input("select 'named in the history'"))
	if got := c.source(t, fmt.Sprintf("select trim(querytxt), pid from stl_query where query = %d", named.RedshiftQueryId)); got != fmt.Sprintf("select 'named in the history'|%d\n", named.RedshiftPid) {
		t.Errorf("in the history: %q", got)
	}
	if rows := d.sql("select i, repeat('x', 1000) from generate_series(1, 3000) i"); len(rows) != 3000 || !strings.HasPrefix(rows[2999], "long 3000, ") {
		t.Errorf("%d rows of several pages", len(rows))
	}

	for sql, want := range map[string]string{
		"select * from nowhere":              `ERROR: relation "nowhere" does not exist`,
		"select 1; select 2":                 "ERROR: cannot insert multiple commands into a prepared statement",
		"select 1/0":                         "ERROR: division by zero",
		"select repeat('x', 65537)":          "Packet for query is too large",
		"create table dataapi_types (a xml)": "",
	} {
		if got := d.run(d.input(sql)); got.Status != types.StatusStringFailed || !strings.HasPrefix(aws.ToString(got.Error), want) {
			t.Errorf("%s: %s, %q", sql, got.Status, aws.ToString(got.Error))
		}
	}
	_, err = d.ExecuteStatement(t.Context(), d.input("select '"+strings.Repeat("x", 100_000)+"'"))
	d.want(err, "ValidationException", "Cannot process query string larger than 100kB")
	parameters := d.input("select :a")
	parameters.Parameters = []types.SqlParameter{{Name: aws.String("a"), Value: aws.String("")}}
	_, err = d.ExecuteStatement(t.Context(), parameters)
	d.want(err, "ValidationException", "must have a value")
	parameters.Parameters = []types.SqlParameter{{Name: aws.String("b"), Value: aws.String("x")}}
	_, err = d.ExecuteStatement(t.Context(), parameters)
	d.want(err, "ValidationException", "parameter")
	event := d.input("select 1")
	event.WithEvent = aws.Bool(true)
	_, err = d.ExecuteStatement(t.Context(), event)
	d.want(err, "NotImplemented", "WithEvent")
	none := d.run(d.input("create table dataapi_none (a int)"))
	_, err = d.GetStatementResult(t.Context(), &redshiftdata.GetStatementResultInput{Id: none.Id})
	d.want(err, "ValidationException", "does not have result")
	nobody := newDataAPI(t, c, "nobody_there")
	if got := nobody.run(nobody.input("select 1")); got.Status != types.StatusStringFailed || !strings.Contains(aws.ToString(got.Error), `user "nobody_there" does not exist`) {
		t.Errorf("an unknown user: %s, %s", got.Status, aws.ToString(got.Error))
	}
}

// A batch is one transaction, whole or not at all, and tells of each of its statements.
//
//standin:imitates Data API: batches as one transaction | API model redshift-data BatchExecuteStatement
func TestDataAPIBatch(t *testing.T) {
	t.Parallel()
	c := users(standin)
	d := newDataAPI(t, c, MasterUser)
	run := func(sqls ...string) *redshiftdata.DescribeStatementOutput {
		t.Helper()
		out, err := d.BatchExecuteStatement(t.Context(), &redshiftdata.BatchExecuteStatementInput{Sqls: sqls, ClusterIdentifier: aws.String(SourceCluster), Database: aws.String(Database), DbUser: &d.user})
		if err != nil {
			t.Fatal(err)
		}
		return d.await(*out.Id)
	}
	whole := run("create table dataapi_batch (a int)", "insert into dataapi_batch values (1), (2)", "select count(*) from dataapi_batch")
	if whole.Status != types.StatusStringFinished || len(whole.SubStatements) != 3 || whole.SubStatements[1].ResultRows != 2 || *whole.SubStatements[2].Id != *whole.Id+":3" {
		t.Fatalf("%+v", whole)
	}
	if got := d.rows(*whole.Id + ":3"); len(got) != 1 || got[0] != "long 2" {
		t.Errorf("its third: %v", got)
	}
	broken := run("insert into dataapi_batch values (3)", "insert into dataapi_batch values ('x')", "insert into dataapi_batch values (4)")
	var statuses []types.StatementStatusString
	for _, s := range broken.SubStatements {
		statuses = append(statuses, s.Status)
	}
	if diff := cmp.Diff([]types.StatementStatusString{"FINISHED", "FAILED", "ABORTED"}, statuses); diff != "" || broken.Status != types.StatusStringFailed || !strings.HasPrefix(*broken.Error, "Query #2 failed with ERROR: ") {
		t.Errorf("%s %s", diff, aws.ToString(broken.Error))
	}
	if got := c.source(t, "select count(*) from dataapi_batch"); got != "2\n" {
		t.Errorf("rows after a batch that failed: %s", got)
	}
	_, err := d.BatchExecuteStatement(t.Context(), &redshiftdata.BatchExecuteStatementInput{Sqls: make([]string, 41), ClusterIdentifier: aws.String(SourceCluster), Database: aws.String(Database)})
	d.want(err, "ValidationException", "length between 1 and 40")
}

// A session carries transactions, settings and temporary tables from one statement to the next, one statement at a time,
// and is its owner's alone.
//
//standin:imitates Data API: sessions with temporary tables and transactions | API model redshift-data SessionKeepAliveSeconds
//standin:differs Data API: statements and sessions | do not survive a restart of the stand-in | MG data-api
func TestDataAPISessions(t *testing.T) {
	t.Parallel()
	c := users(standin)
	d := newDataAPI(t, c, MasterUser)
	d.sql("create table dataapi_session (a int)")
	first := d.input("create temp table only_here as select 42 as n")
	first.SessionKeepAliveSeconds = aws.Int32(600)
	began, err := d.ExecuteStatement(t.Context(), first)
	if err != nil {
		t.Fatal(err)
	}
	opened := d.await(*began.Id)
	in := func(sql string) *redshiftdata.ExecuteStatementInput {
		return &redshiftdata.ExecuteStatementInput{Sql: &sql, SessionId: began.SessionId}
	}
	got := d.run(in("select n from only_here"))
	if rows := d.rows(*got.Id); len(rows) != 1 || rows[0] != "long 42" || got.RedshiftPid != opened.RedshiftPid || *got.SessionId != *began.SessionId {
		t.Errorf("%v, %+v", rows, got)
	}
	for _, sql := range []string{"begin", "insert into dataapi_session values (1)"} {
		if got := d.run(in(sql)); got.Status != types.StatusStringFinished {
			t.Fatalf("%s: %s", sql, aws.ToString(got.Error))
		}
	}
	if got := c.source(t, "select count(*) from dataapi_session"); got != "0\n" {
		t.Errorf("before the commit others see %s", got)
	}
	d.run(in("commit"))
	if got := c.source(t, "select count(*) from dataapi_session"); got != "1\n" {
		t.Errorf("after the commit others see %s", got)
	}
	// One at a time.
	holder := c.session(t, nil)
	holder.expect("begin; lock table dataapi_session", "")
	waits, err := d.ExecuteStatement(t.Context(), in("insert into dataapi_session values (2)"))
	if err != nil {
		t.Fatal(err)
	}
	d.await(*waits.Id, types.StatusStringStarted)
	_, err = d.ExecuteStatement(t.Context(), in("select 1"))
	d.want(err, "ValidationException", "Session is not available")
	holder.expect("rollback", "")
	d.await(*waits.Id)

	both := in("select 1")
	both.ClusterIdentifier = aws.String(SourceCluster)
	_, err = d.ExecuteStatement(t.Context(), both)
	d.want(err, "ValidationException", "SessionId cannot be given together")
	_, err = newDataAPI(t, c.as(t, dataRole(t, c, "dataapi-stranger", `"redshift-data:*"`)), "").ExecuteStatement(t.Context(), in("select 1"))
	d.want(err, "ValidationException", "is invalid")

	// Its end: by the warehouse, or when nobody needs it any more.
	c.source(t, fmt.Sprintf("select pg_terminate_backend(%d)", opened.RedshiftPid))
	if got := d.run(in("select 1")); got.Status != types.StatusStringFailed {
		t.Errorf("a session whose process was ended: %s", got.Status)
	}
	_, err = d.ExecuteStatement(t.Context(), in("select 1"))
	d.want(err, "ValidationException", "Session is not available")
	brief := d.input("select 1")
	brief.SessionKeepAliveSeconds = aws.Int32(1)
	shown := d.run(brief)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for c.source(t, fmt.Sprintf("select count(*) from stv_sessions where process = %d", shown.RedshiftPid)) != "0\n" {
		<-tick.C
	}
	_, err = d.ExecuteStatement(t.Context(), &redshiftdata.ExecuteStatementInput{Sql: aws.String("select 1"), SessionId: shown.SessionId})
	d.want(err, "ValidationException", "Session is not available")
}

// A statement that is cancelled has stopped in the warehouse; one that has ended cannot be cancelled.
//
//standin:imitates Data API: cancelled statements | API model redshift-data CancelStatement
func TestDataAPICancel(t *testing.T) {
	t.Parallel()
	c := users(standin)
	d := newDataAPI(t, c, MasterUser)
	d.sql("create table dataapi_cancel (a int)")
	holder := c.session(t, nil)
	holder.expect("begin; lock table dataapi_cancel", "")
	out, err := d.ExecuteStatement(t.Context(), d.input("insert into dataapi_cancel values (1)"))
	if err != nil {
		t.Fatal(err)
	}
	running := d.await(*out.Id, types.StatusStringStarted)
	if _, err := d.CancelStatement(t.Context(), &redshiftdata.CancelStatementInput{Id: out.Id}); err != nil {
		t.Fatal(err)
	}
	if got := d.await(*out.Id); got.Status != types.StatusStringAborted {
		t.Errorf("%s: %s", got.Status, aws.ToString(got.Error))
	}
	if got := c.source(t, fmt.Sprintf("select count(*) from stv_inflight where pid = %d", running.RedshiftPid)); got != "0\n" {
		t.Errorf("%s of its statements go on", got)
	}
	_, err = d.CancelStatement(t.Context(), &redshiftdata.CancelStatementInput{Id: out.Id})
	d.want(err, "ValidationException", "already in ABORTED state")
	holder.expect("rollback", "")
	if got := c.source(t, "select count(*) from dataapi_cancel"); got != "0\n" {
		t.Errorf("%s rows", got)
	}
}

// dataRole makes a role of the source's account that may take some actions.
func dataRole(t *testing.T, c clients, name, actions string) (arn string) {
	t.Helper()
	client := iam.NewFromConfig(c.sdk(t))
	out, err := client.CreateRole(t.Context(), &iam.CreateRoleInput{RoleName: &name, AssumeRolePolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"111111111111"},"Action":"sts:AssumeRole"}]}`)})
	if err != nil {
		t.Fatal(err)
	}
	_, err = client.PutRolePolicy(t.Context(), &iam.PutRolePolicyInput{RoleName: &name, PolicyName: aws.String("p"), PolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":[` + actions + `],"Resource":"*"}]}`)})
	if err != nil {
		t.Fatal(err)
	}
	return *out.Role.Arn
}

// Who may do what, and as which database user: by a user's name, as oneself, or by a secret, on a cluster or a workgroup.
//
//standin:imitates Data API: database users by name, by secret, and the caller's own | MG data-api-access
//standin:imitates Data API: statements and results are their owner's | MG data-api-iam
//standin:differs Data API: missing permissions for the login | are refused by the call itself | MG data-api-access
func TestDataAPIAccess(t *testing.T) {
	t.Parallel()
	c := users(standin)
	admin := newDataAPI(t, c, MasterUser)
	admin.sql("create user dataapi_user password disable")
	ctx := t.Context()

	nothing := newDataAPI(t, c.as(t, dataRole(t, c, "dataapi-nothing", `"sts:GetCallerIdentity"`)), "dataapi_user")
	_, err := nothing.ExecuteStatement(ctx, nothing.input("select 1"))
	nothing.want(err, "AccessDeniedException", "redshift-data:ExecuteStatement on resource: arn:aws:redshift:eu-west-1:111111111111:cluster:source")
	noLogin := newDataAPI(t, c.as(t, dataRole(t, c, "dataapi-nologin", `"redshift-data:*"`)), "dataapi_user")
	_, err = noLogin.ExecuteStatement(ctx, noLogin.input("select 1"))
	noLogin.want(err, "AccessDeniedException", "redshift:GetClusterCredentials on resource: arn:aws:redshift:eu-west-1:111111111111:dbuser:source/dataapi_user")

	asUser := newDataAPI(t, c, "dataapi_user")
	if got := asUser.sql("select current_user"); len(got) != 1 || got[0] != "string dataapi_user" {
		t.Errorf("as a user: %v", got)
	}
	role := dataRole(t, c, "dataapi-self", `"redshift-data:*","redshift:GetClusterCredentialsWithIAM"`)
	self := newDataAPI(t, c.as(t, role), "")
	if got := self.sql("select current_user"); len(got) != 1 || got[0] != "string IAMR:dataapi-self" {
		t.Errorf("as oneself: %v", got)
	}
	secrets := secretsmanager.NewFromConfig(c.sdk(t))
	made, err := secrets.CreateSecret(ctx, &secretsmanager.CreateSecretInput{Name: aws.String("dataapi/login"), SecretString: aws.String(`{"username":"dataapi_secret","password":"Secret123"}`)})
	if err != nil {
		t.Fatal(err)
	}
	admin.sql("create user dataapi_secret password 'Secret123'")
	bySecret := admin.input("select current_user")
	bySecret.DbUser, bySecret.SecretArn = nil, made.ARN
	if got := admin.run(bySecret); got.Status != types.StatusStringFinished || admin.rows(*got.Id)[0] != "string dataapi_secret" {
		t.Errorf("by a secret: %+v", got)
	}

	// Whose it is.
	out := admin.run(admin.input("select 'mine'"))
	for _, call := range []func() error{
		func() error {
			_, err := self.DescribeStatement(ctx, &redshiftdata.DescribeStatementInput{Id: out.Id})
			return err
		},
		func() error {
			_, err := self.GetStatementResult(ctx, &redshiftdata.GetStatementResultInput{Id: out.Id})
			return err
		},
	} {
		self.want(call(), "ResourceNotFoundException", "Query does not exist")
	}
	again := newDataAPI(t, c.as(t, role), "")
	if list, err := again.ListStatements(ctx, &redshiftdata.ListStatementsInput{}); err != nil || len(list.Statements) != 1 || *list.Statements[0].QueryString != "select current_user" {
		t.Errorf("the role's statements: %+v, %v", list, err)
	}
	missing := admin.input("select 1")
	missing.ClusterIdentifier = aws.String("none")
	_, err = admin.ExecuteStatement(ctx, missing)
	admin.want(err, "ValidationException", "Redshift endpoint doesn't exist in this region")

	c.aws(t, "redshift-serverless", "create-namespace", "--namespace-name", "dataspace", "--admin-username", "boss", "--admin-user-password", "Secret123", "--db-name", "dev")
	c.aws(t, "redshift-serverless", "create-workgroup", "--workgroup-name", "datagroup", "--namespace-name", "dataspace", "--base-capacity", "8")
	serverless := &redshiftdata.ExecuteStatementInput{Sql: aws.String("select current_user"), WorkgroupName: aws.String("datagroup"), Database: aws.String("dev")}
	if got := admin.run(serverless); got.Status != types.StatusStringFinished || admin.rows(*got.Id)[0] != "string IAM:admin" || *got.WorkgroupName != "datagroup" {
		t.Errorf("in a workgroup: %+v", got)
	}
	serverless.DbUser = aws.String("boss")
	_, err = admin.ExecuteStatement(ctx, serverless)
	admin.want(err, "ValidationException", "DbUser")
	c.aws(t, "redshift-serverless", "delete-workgroup", "--workgroup-name", "datagroup")
	c.aws(t, "redshift-serverless", "delete-namespace", "--namespace-name", "dataspace")
}

// The same request with the same token is the same statement; too many at once are refused. A stand-in of its own, whose
// limits are small.
//
//standin:imitates Data API: client tokens | API model redshift-data ClientToken
//standin:imitates Data API: limits of statements and sessions | API model redshift-data ActiveStatementsExceededException
func TestDataAPITokensAndLimits(t *testing.T) {
	t.Parallel()
	s := Start(t)
	c := users(s)
	d := newDataAPI(t, c, MasterUser)
	d.sql("create table counted (a int)")
	in := d.input("insert into counted values (1)")
	in.ClientToken = aws.String("a-token-of-ours")
	s.Cloud.LoseAnswers("redshift-data:ExecuteStatement", 1)
	if _, err := d.ExecuteStatement(t.Context(), in); err == nil {
		t.Error("the answer was not lost")
	}
	first := d.run(in)
	if second := d.run(in); *second.Id != *first.Id || d.sql("select count(*) from counted")[0] != "long 1" {
		t.Errorf("%s, then %s", *first.Id, *second.Id)
	}
	other := d.input("insert into counted values (2)")
	other.ClientToken = in.ClientToken
	_, err := d.ExecuteStatement(t.Context(), other)
	d.want(err, "ValidationException", "client token")

	s.Cloud.Data.SetLimits(data.Limits{Statements: 1, Sessions: 1, Result: 1000})
	holder := c.session(t, nil)
	holder.expect("begin; lock table counted", "")
	waits, err := d.ExecuteStatement(t.Context(), d.input("insert into counted values (3)"))
	if err != nil {
		t.Fatal(err)
	}
	_, err = d.ExecuteStatement(t.Context(), d.input("select 1"))
	d.want(err, "ActiveStatementsExceededException", "quota")
	holder.expect("rollback", "")
	d.await(*waits.Id)
	session := func() *redshiftdata.ExecuteStatementInput { // fresh each time: the SDK puts a token into it
		in := d.input("select 1")
		in.SessionKeepAliveSeconds = aws.Int32(60)
		return in
	}
	d.run(session())
	_, err = d.ExecuteStatement(t.Context(), session())
	d.want(err, "ActiveSessionsExceededException", "quota")
	if got := d.run(d.input("select repeat('x', 600) from generate_series(1, 2)")); aws.ToString(got.Error) != "Database response exceeded size limit." {
		t.Errorf("a large result: %s, %s", got.Status, aws.ToString(got.Error))
	}
}
