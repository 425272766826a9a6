package sealift_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/scheduler"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/sealift/sealift/internal/faulty"
)

// rig is where one worker does its cases, one at a time: databases, bucket and key of its own, and the proxies through
// which the program reaches them.
type rig struct {
	*site
	tb             testing.TB
	report         *tortureReport
	network        *faulty.Network
	source, target *pgconn.PgConn // past the proxies: the eyes of the test
	folder         string
	program        string
	environment    []string
	jobs           map[string]*tortureJobFiles
	order          []string // of the jobs' names
	variables      map[string]string
	tampered       map[string]*tampered
	accounts       *accounts
	cases          int
}

// tortureJobFiles is what a rig has prepared for a job: its plan, and what the target holds before and after.
type tortureJobFiles struct {
	*tortureJob
	plan          string
	file          string              // the job's
	synced        string              // of a sync: statements that make what the first one left in the target
	before, after map[string][]string // rows as text, sorted, by table; no entry is no table
}

// command is what carries the job out.
func (f *tortureJobFiles) command() []string {
	if f.later != "" {
		return []string{"sync", f.file}
	}
	return []string{"copy", f.plan}
}

const networkDelay = 120 * time.Millisecond

func newRig(tb testing.TB, report *tortureReport, name string, jobs []*tortureJob) *rig {
	tb.Helper()
	check := func(err error) {
		tb.Helper()
		if err != nil {
			tb.Fatal(err)
		}
	}
	r := &rig{site: newSite(tb, name), tb: tb, report: report, network: faulty.New(networkDelay), folder: tb.TempDir(), jobs: map[string]*tortureJobFiles{}, tampered: map[string]*tampered{}}
	exe, err := os.Executable()
	check(err)
	r.program = filepath.Join(r.folder, "sealift")
	check(os.Symlink(exe, r.program))

	own, trust, err := faulty.Certificate()
	check(err)
	certificates := filepath.Join(r.folder, "proxies.pem")
	check(os.WriteFile(certificates, trust, 0o600))
	roots, err := r.roots()
	check(err)
	vars := r.env()
	r.variables = vars
	closers := []interface{ Close() error }{}
	for _, side := range []string{"source", "target"} {
		u := r.urls[side]
		p, err := faulty.NewSQL(r.network, side, own, u.Host, &tls.Config{ServerName: u.Hostname(), RootCAs: roots, MinVersion: tls.VersionTLS12})
		check(err)
		closers = append(closers, p)
		vars[strings.ToUpper(side)+"_HOST"], vars[strings.ToUpper(side)+"_PORT"] = "127.0.0.1", strconv.Itoa(p.Port())
	}
	transport := r.transport().(*http.Transport)
	cloud, err := faulty.NewHTTP(r.network, "aws", r.endpoint, transport)
	check(err)
	closers = append(closers, cloud)
	vars["AWS_ENDPOINT_URL"], vars["AWS_ENDPOINT_URL_STS"], vars["PGSSLROOTCERT"], vars["HOME"] = cloud.URL(), cloud.URL(), certificates, r.folder
	for _, v := range os.Environ() {
		if name, _, _ := strings.Cut(v, "="); vars[name] == "" {
			r.environment = append(r.environment, v)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(vars)) {
		r.environment = append(r.environment, name+"="+vars[name])
	}
	r.source, r.target = r.connect("source"), r.connect("target")
	tb.Cleanup(func() {
		r.network.Begin()
		for _, c := range closers {
			if err := c.Close(); err != nil {
				tb.Error(err)
			}
		}
		transport.CloseIdleConnections()
		end := context.WithoutCancel(tb.Context())
		if err := errors.Join(r.source.Close(end), r.target.Close(end)); err != nil {
			tb.Error(err)
		}
	})
	r.makeGroup()
	for _, j := range jobs {
		r.prepare(j)
	}
	return r
}

// makeGroup makes a security group with a rule of somebody else.
func (r *rig) makeGroup() {
	r.tb.Helper()
	client := ec2.NewFromConfig(r.site.source)
	out, err := client.CreateSecurityGroup(r.tb.Context(), &ec2.CreateSecurityGroupInput{GroupName: &r.database, Description: aws.String("torture")})
	if err != nil {
		r.tb.Fatal(err)
	}
	r.variables["GROUP"] = *out.GroupId
	if _, err := client.AuthorizeSecurityGroupIngress(r.tb.Context(), &ec2.AuthorizeSecurityGroupIngressInput{
		GroupId: out.GroupId, IpProtocol: aws.String("tcp"), FromPort: aws.Int32(5439), ToPort: aws.Int32(5439), CidrIp: aws.String("198.51.100.7/32"),
	}); err != nil {
		r.tb.Fatal(err)
	}
}

// doors are the rules of the group, and the schedules that would close them; but for somebody else's rule, which must be there.
func (r *rig) doors() (rules, schedules []string) {
	r.tb.Helper()
	ctx := r.tb.Context()
	out, err := ec2.NewFromConfig(r.site.source).DescribeSecurityGroupRules(ctx, &ec2.DescribeSecurityGroupRulesInput{
		Filters: []ec2types.Filter{{Name: aws.String("group-id"), Values: []string{r.variables["GROUP"]}}},
	})
	if err != nil {
		r.tb.Fatal(err)
	}
	stranger := false
	for _, rule := range out.SecurityGroupRules {
		if *rule.CidrIpv4 == "198.51.100.7/32" && len(rule.Tags) == 0 {
			stranger = true
			continue
		}
		rules = append(rules, *rule.SecurityGroupRuleId)
	}
	if !stranger {
		r.tb.Error("somebody else's rule is gone, or tagged")
	}
	if schedules, err = r.schedules(ctx, r.variables["GROUP"]); err != nil {
		r.tb.Fatal(err)
	}
	return rules, schedules
}

// closeDoors makes the group what it was.
func (r *rig) closeDoors() {
	r.tb.Helper()
	rules, schedules := r.doors()
	for _, rule := range rules {
		if _, err := ec2.NewFromConfig(r.site.source).RevokeSecurityGroupIngress(r.tb.Context(), &ec2.RevokeSecurityGroupIngressInput{
			GroupId: aws.String(r.variables["GROUP"]), SecurityGroupRuleIds: []string{rule},
		}); err != nil {
			r.tb.Fatal(err)
		}
	}
	for _, name := range schedules {
		if _, err := scheduler.NewFromConfig(r.site.source).DeleteSchedule(r.tb.Context(), &scheduler.DeleteScheduleInput{Name: &name}); err != nil {
			r.tb.Fatal(err)
		}
	}
}

// variable is what job files of this rig refer to.
func (r *rig) variable(name string) string { return r.variables[name] }

func (r *rig) connect(side string) *pgconn.PgConn {
	r.tb.Helper()
	u := *r.urls[side]
	u.Path = "/" + r.database
	conn, err := pgconn.Connect(r.tb.Context(), u.String())
	if err != nil {
		r.tb.Fatal(err)
	}
	return conn
}

// rows runs statements and gives the rows of the last as text, sorted. A table that is not there has none at all.
func (r *rig) rows(conn *pgconn.PgConn, sql string) (rows []string, exists bool) {
	r.tb.Helper()
	ctx, cancel := context.WithTimeout(r.tb.Context(), patience)
	defer cancel()
	results, err := conn.Exec(ctx, sql).ReadAll()
	if pe, ok := errors.AsType[*pgconn.PgError](err); ok && pe.Code == "42P01" || pe != nil && pe.Code == "3F000" {
		return nil, false
	}
	if err != nil {
		r.tb.Fatalf("%s: %v", sql, err)
	}
	for _, row := range results[len(results)-1].Rows {
		var line []string
		for _, v := range row {
			if v == nil {
				line = append(line, "NULL")
				continue
			}
			line = append(line, strconv.Quote(string(v)))
		}
		rows = append(rows, strings.Join(line, "|"))
	}
	slices.Sort(rows)
	return rows, true
}

func (r *rig) value(conn *pgconn.PgConn, sql string) string {
	r.tb.Helper()
	rows, _ := r.rows(conn, sql)
	if len(rows) != 1 {
		return fmt.Sprintf("%d rows", len(rows))
	}
	text, err := strconv.Unquote(rows[0])
	if err != nil {
		return rows[0]
	}
	return text
}

// prepare makes a job's source, plans it against the target as it is before, and notes what is to come of it.
func (r *rig) prepare(j *tortureJob) {
	r.tb.Helper()
	f := &tortureJobFiles{tortureJob: j, before: map[string][]string{}, after: map[string][]string{}}
	r.jobs[j.name] = f
	r.order = append(r.order, j.name)
	r.rows(r.source, j.sql("create schema SCHEMA;"+j.source))
	r.reset(f)
	f.file = filepath.Join(r.folder, j.name+".yaml")
	head := jobHead
	if j.door {
		head = strings.Replace(head, "  s3_role: $UNLOAD_ROLE\n", "  s3_role: $UNLOAD_ROLE\n  door: {security_group: $GROUP, ttl: 1h}\n", 1)
	}
	if j.remote {
		head = remoteHead.Replace(head)
	}
	text := os.Expand(head, r.variable) + j.sql(j.tables) + "\n"
	if err := os.WriteFile(f.file, []byte(text), 0o600); err != nil {
		r.tb.Fatal(err)
	}
	if j.later != "" {
		r.syncOnce(f)
	}
	for _, t := range f.pairs {
		rows, _ := r.rows(r.source, "select * from "+j.name+"."+t)
		if before, exists := r.rows(r.target, "select * from "+j.name+"."+t); exists {
			f.before[t] = before
		}
		if j.added {
			rows = slices.Sorted(slices.Values(slices.Concat(rows, f.before[t])))
		}
		if j.merged != "" {
			stays := slices.DeleteFunc(slices.Clone(f.before[t]), func(row string) bool { return row == j.merged })
			rows = slices.Sorted(slices.Values(slices.Concat(rows, stays)))
		}
		f.after[t] = rows
	}
	if j.later != "" {
		return
	}
	f.plan = filepath.Join(r.folder, j.name+".plan.json")
	if p := r.run(f, "", "plan", f.file, "-o", f.plan); p.code != 0 {
		r.tb.Fatalf("plan %s: %s", j.name, p.said())
	}
}

// remoteHead makes the Data API the way to both warehouses.
var remoteHead = strings.NewReplacer(
	"  host: $SOURCE_HOST\n  port: $SOURCE_PORT\n", "  cluster: source\n",
	"  host: $TARGET_HOST\n  port: $TARGET_PORT\n", "  cluster: target\n  assume_role: arn:aws:iam::222222222222:role/OrganizationAccountAccessRole\n",
	"auth: password", "auth: data-api", "  password_from: env:SOURCE_PASSWORD\n", "", "  password_from: env:TARGET_PASSWORD\n", "",
)

// syncOnce syncs for the first time, keeps what that left in the target, and lets the source go on.
func (r *rig) syncOnce(f *tortureJobFiles) {
	r.tb.Helper()
	if p := r.run(f, r.newState(), "sync", f.file); p.code != 0 {
		r.tb.Fatalf("sync %s: %s", f.name, p.said())
	}
	insert := func(table string) string {
		rows, _ := r.rows(r.target, "select * from "+table)
		var sql strings.Builder
		for _, row := range rows {
			var values []string
			for v := range strings.SplitSeq(row, "|") {
				values = append(values, strings.ReplaceAll(v, `"`, "'"))
			}
			fmt.Fprintf(&sql, "insert into %s values (%s);", table, strings.Join(values, ", "))
		}
		return sql.String()
	}
	// The statements of a first sync, as a person would write them down.
	f.synced = f.source + "; create schema sealift; create table sealift.cursors (target varchar(1024) not null, source varchar(1024) not null, spec varchar(64) not null, " +
		"mode varchar(16) not null, since varchar(128) not null, watermark varchar(128) not null, seen varchar(512) not null, passed bigint not null, run varchar(64) not null, " +
		"row_count bigint not null, synced_at timestamp not null default sysdate);" + insert("sealift.cursors")
	r.rows(r.source, f.sql(f.later))
	r.reset(f)
}

// reset makes target and stage what they were before the job ever ran.
func (r *rig) reset(f *tortureJobFiles) {
	r.tb.Helper()
	r.network.Begin()
	r.endSessions(r.source)
	r.endSessions(r.target)
	sql := "drop schema if exists sealift cascade; drop schema if exists SCHEMA cascade;"
	if f.target+f.synced != "" {
		sql += "create schema SCHEMA;" + f.target + f.synced
	}
	r.rows(r.target, f.sql(sql))
	r.emptyBucket()
	r.closeDoors()
}

// endSessions ends all sessions of a database but the test's own, and waits until they are gone.
func (r *rig) endSessions(conn *pgconn.PgConn) {
	r.tb.Helper()
	for _, pid := range r.sessions(conn) {
		r.rows(conn, "select pg_terminate_backend("+strings.Trim(pid, `"`)+")")
	}
	if left := r.settle(func() []string { return r.sessions(conn) }); len(left) > 0 {
		r.tb.Fatalf("sessions do not end: %v", left)
	}
}

func (r *rig) sessions(conn *pgconn.PgConn) []string {
	r.tb.Helper()
	found, _ := r.rows(conn, fmt.Sprintf("select process from stv_sessions where trim(db_name) = '%s' and process <> %d", r.database, conn.PID()))
	return found
}

// busySessions are the sessions that have a transaction open. One that has not, and whose server was never told that its
// client is gone, holds nothing, does nothing, and is in no journal because nothing was done with it: sealift clean ends
// it, or the server when it has had enough.
func (r *rig) busySessions(conn *pgconn.PgConn) []string {
	r.tb.Helper()
	found, _ := r.rows(conn, fmt.Sprintf("select distinct s.process from stv_sessions s join svv_transactions t on t.pid = s.process where trim(s.db_name) = '%s' and s.process <> %d", r.database, conn.PID()))
	return found
}

// settle gives what is left once nothing is, or after a while: a session ends a moment after its program.
func (r *rig) settle(look func() []string) []string {
	deadline := time.NewTimer(10 * time.Second)
	defer deadline.Stop()
	again := time.NewTicker(5 * time.Millisecond)
	defer again.Stop()
	for {
		found := look()
		if len(found) == 0 {
			return nil
		}
		select {
		case <-deadline.C:
			return found
		case <-again.C:
		}
	}
}

func (r *rig) emptyBucket() {
	r.tb.Helper()
	ctx := r.tb.Context()
	list, err := r.s3.ListObjectVersions(ctx, &s3.ListObjectVersionsInput{Bucket: &r.bucket})
	if err != nil {
		r.tb.Fatal(err)
	}
	var all []s3types.ObjectIdentifier
	for _, v := range list.Versions {
		all = append(all, s3types.ObjectIdentifier{Key: v.Key, VersionId: v.VersionId})
	}
	for _, m := range list.DeleteMarkers {
		all = append(all, s3types.ObjectIdentifier{Key: m.Key, VersionId: m.VersionId})
	}
	if len(all) == 0 {
		return
	}
	if _, err := r.s3.DeleteObjects(ctx, &s3.DeleteObjectsInput{Bucket: &r.bucket, Delete: &s3types.Delete{Objects: all}}); err != nil {
		r.tb.Fatal(err)
	}
}

// process is one execution of the program.
type process struct {
	cmd    *exec.Cmd
	out    bytes.Buffer
	exited chan struct{}
	code   int  // of the exit, if it was not killed
	killed bool // by a signal
	hung   bool // it had to be ended by the test
	args   []string
}

// patience is how long a process may take. All waiting inside of it is set to be short.
const patience = 60 * time.Second

// start starts the program with a state of its own (a folder, or an S3 URL).
func (r *rig) start(state string, env []string, args ...string) *process {
	r.tb.Helper()
	p := &process{exited: make(chan struct{}), args: args}
	p.cmd = exec.CommandContext(r.tb.Context(), r.program, args...)
	p.cmd.Dir = r.folder
	p.cmd.Env = append(slices.Clone(r.environment), "SEALIFT_STATE_DIR="+state)
	p.cmd.Env = append(p.cmd.Env, env...)
	p.cmd.Stdout, p.cmd.Stderr = &p.out, &p.out
	r.report.count(func(c *tortureCounters) { c.Processes++ })
	return p
}

func (p *process) begin(tb testing.TB) {
	tb.Helper()
	if err := p.cmd.Start(); err != nil {
		tb.Fatal(err)
	}
	go func() {
		defer close(p.exited)
		_ = p.cmd.Wait() // how it ended is read from its state
	}()
}

// wait waits for the end of the process.
func (p *process) wait() *process {
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case <-p.exited:
	case <-timer.C:
		p.hung = true
		p.kill()
	}
	p.code = p.cmd.ProcessState.ExitCode()
	p.killed = p.code < 0
	return p
}

// kill kills with SIGKILL and returns when the process is gone.
func (p *process) kill() {
	_ = p.cmd.Process.Kill() // it may have ended by itself
	<-p.exited
}

func (p *process) said() string {
	return fmt.Sprintf("sealift %s ended with %d (hung: %v):\n%s", strings.Join(p.args, " "), p.code, p.hung, p.out.String())
}

func (r *rig) run(f *tortureJobFiles, state string, args ...string) *process {
	r.tb.Helper()
	p := r.start(state, nil, args...)
	p.begin(r.tb)
	return p.wait()
}

// newState is a folder for the runs of one case.
func (r *rig) newState() string {
	r.cases++
	return filepath.Join(r.folder, fmt.Sprintf("state-%d", r.cases))
}

// newStateInS3 is the same in the bucket, as for runs that go on from anywhere.
func (r *rig) newStateInS3() string {
	r.cases++
	return fmt.Sprintf("s3://%s/state/%d", r.bucket, r.cases)
}

// runID is the one run that is kept in state, "" if there is none yet.
func (r *rig) runID(state string) string {
	if prefix, ok := strings.CutPrefix(state, "s3://"+r.bucket+"/"); ok {
		prefix += "/runs/"
		list, err := r.s3.ListObjectsV2(r.tb.Context(), &s3.ListObjectsV2Input{Bucket: &r.bucket, Prefix: &prefix})
		if err != nil {
			r.tb.Fatal(err)
		}
		if len(list.Contents) == 0 {
			return ""
		}
		run, _, _ := strings.Cut(strings.TrimPrefix(*list.Contents[0].Key, prefix), "/")
		return run
	}
	entries, err := os.ReadDir(filepath.Join(state, "runs"))
	if errors.Is(err, fs.ErrNotExist) || err == nil && len(entries) == 0 {
		return ""
	}
	if err != nil || len(entries) > 1 {
		r.tb.Fatalf("runs in %s: %v, %v", state, entries, err)
	}
	return entries[0].Name()
}

// truth is what can be seen of the world, without any of Sealift's own means.
type truth struct {
	done       bool // every table holds what it is to hold, and all that belongs to it is there
	whole      bool // every table is what it was, or what it is to be
	lost       int  // rows of tables that are neither
	duplicated int  //
	unexpected int  //
	why        string
}

// look compares the target with what it was and what it is to be.
func (r *rig) look(f *tortureJobFiles) truth {
	r.tb.Helper()
	t := truth{done: true, whole: true}
	for _, name := range f.pairs {
		rows, exists := r.rows(r.target, "select * from "+f.name+"."+name)
		before, was := f.before[name]
		isBefore := exists == was && slices.Equal(rows, before)
		isAfter := exists && slices.Equal(rows, f.after[name])
		t.done = t.done && isAfter
		if isBefore || isAfter {
			continue
		}
		t.whole = false
		lost, duplicated, unexpected := differences(f.after[name], rows)
		t.lost, t.duplicated, t.unexpected = t.lost+lost, t.duplicated+duplicated, t.unexpected+unexpected
		t.why += fmt.Sprintf("%s.%s holds %q, not %q and not %q. ", f.name, name, rows, before, f.after[name])
	}
	if t.done {
		if got := r.value(r.target, f.sql(f.proof)); got != f.proven {
			t.done = false
			t.why += fmt.Sprintf("the proof is %q, not %q. ", got, f.proven)
		}
		// Each table has exactly one publish that went through.
		if markers, _ := r.rows(r.target, fmt.Sprintf("select target from sealift.ledger where target in ('%s.%s')", f.name, strings.Join(f.pairs, "', '"+f.name+"."))); len(markers) != len(f.pairs) || len(slices.Compact(markers)) != len(f.pairs) {
			t.done, t.whole = false, false
			t.why += fmt.Sprintf("markers %v. ", markers)
		}
	}
	return t
}

// differences counts rows of want that are missing, and rows too many: copies of rows that belong there, and others.
func differences(want, got []string) (lost, duplicated, unexpected int) {
	n := map[string]int{}
	for _, row := range want {
		n[row]++
	}
	known := maps.Clone(n)
	for _, row := range got {
		n[row]--
	}
	for row, missing := range n {
		switch {
		case missing > 0:
			lost += missing
		case missing < 0 && known[row] > 0:
			duplicated -= missing
		default:
			unexpected -= missing
		}
	}
	return lost, duplicated, unexpected
}

// leftovers looks for everything that a run may have left, by kind.
func (r *rig) leftovers() []string {
	r.tb.Helper()
	var left []string
	found, err := r.inBucket(r.tb.Context())
	if err != nil {
		r.tb.Fatal(err)
	}
	for _, what := range found {
		kind := "object"
		switch {
		case strings.Contains(what, "stage/leases/"):
			kind = "lease"
		case strings.HasPrefix(what, "upload of"):
			kind = "upload"
		case strings.HasPrefix(what, "state/"):
			continue // the run's own account
		}
		left = append(left, kind+": "+what)
	}
	rules, schedules := r.doors()
	for _, rule := range rules {
		left = append(left, "door: "+rule)
	}
	for _, name := range schedules {
		left = append(left, "schedule: "+name)
	}
	shadows, _ := r.rows(r.target, `select relname from pg_class where relname like 'sealift\\_%' and relkind in ('r', 'v')`)
	for _, name := range shadows {
		left = append(left, "shadow: "+name)
	}
	for side, conn := range map[string]*pgconn.PgConn{"source": r.source, "target": r.target} {
		for _, pid := range r.settle(func() []string { return r.busySessions(conn) }) {
			left = append(left, "session: "+side+" "+pid)
		}
	}
	slices.Sort(left)
	return left
}
