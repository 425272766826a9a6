package local

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/google/go-cmp/cmp"
)

// What is in the folder stays, and is found again by the same names and passwords.
func TestRestart(t *testing.T) {
	t.Parallel()
	o := Options{Dir: filepath.Join(t.TempDir(), "a", "folder"), AnyPort: true}
	s, err := Up(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	c := users(s)
	if got := c.source(t, "create table kept (n int); insert into kept values (42); create database other; create user u password 'Secret123';"); strings.Contains(got, "ERROR") {
		t.Error(got)
	}
	c.aws(t, "s3api", "create-bucket", "--bucket", "kept", "--create-bucket-configuration", "LocationConstraint=eu-west-1")
	if got := c.aws(t, "redshift", "modify-cluster", "--cluster-identifier", "source", "--master-user-password", "Changed123", "--query", "Cluster.ClusterStatus"); got != "available" {
		t.Error(got)
	}
	first := c.source(t, "select pg_last_query_id()")
	if first != "" && !strings.Contains(first, "password authentication failed") {
		t.Errorf("the old password: %s", first)
	}
	before := c.psql(t, s.Var("REDSHIFT_SOURCE_URL"), "select 1; select pg_last_query_id();")
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if s, err = Up(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}()
	c = users(s)
	if got := c.source(t, "select n from kept"); got != "42\n" {
		t.Errorf("kept: %s", got)
	}
	if got := c.aws(t, "s3api", "list-buckets", "--query", "Buckets[].Name"); got != "kept" {
		t.Error(got)
	}
	if got := c.aws(t, "redshift", "describe-clusters", "--query", "Clusters[].ClusterIdentifier"); got != "source" {
		t.Error(got)
	}
	if after := c.source(t, "select 1; select pg_last_query_id();"); len(after) < len(before) || len(after) == len(before) && after <= before {
		t.Errorf("query ids start again: %s, then %s", before, after)
	}
}

// Two stand-ins do not share a folder, and others can find the one that runs there.
func TestFolder(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if _, err := Load(dir); !errors.Is(err, ErrNotRunning) {
		t.Errorf("Load of an empty folder: %v", err)
	}
	if err := Down(t.Context(), dir); !errors.Is(err, ErrNotRunning) {
		t.Errorf("Down of an empty folder: %v", err)
	}
	child := startChild(t, dir)
	state, err := Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	if state.PID != child.Process.Pid {
		t.Errorf("pid %d, want %d", state.PID, child.Process.Pid)
	}
	if info, err := os.Stat(filepath.Join(dir, stateName)); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("state: %v %v", info.Mode(), err)
	}
	if got := clients(state.Env).source(t, "select 1"); got != "1\n" {
		t.Error(got)
	}
	if s, err := Up(t.Context(), Options{Dir: dir, AnyPort: true}); !errors.Is(err, ErrRunning) {
		t.Errorf("a second one: %v, %v", s, err)
	}
	if _, err := Load(dir); err != nil {
		t.Errorf("after a second one was refused: %v", err)
	}
	if err := Down(t.Context(), dir); err != nil {
		t.Error(err)
	}
	if err := child.Wait(); err != nil {
		t.Error(err)
	}
	if _, err := Load(dir); !errors.Is(err, ErrNotRunning) {
		t.Errorf("Load after Down: %v", err)
	}

	// One that was killed left its state behind, and nothing else is in the way of the next.
	child = startChild(t, dir)
	if err := child.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = child.Wait() // killed
	if _, err := Load(dir); !errors.Is(err, ErrNotRunning) {
		t.Errorf("Load after a kill: %v", err)
	}
	s, err := Up(t.Context(), Options{Dir: dir, AnyPort: true})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

const childVar = "LOCAL_TEST_CHILD"

// childMain is `sealift local up` in a process of its own.
func childMain(dir string) {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	s, err := Up(ctx, Options{Dir: dir, AnyPort: true})
	if err != nil {
		log.Fatal(err)
	}
	if err := os.NewFile(3, "ready").Close(); err != nil { // given by startChild
		log.Fatal(err)
	}
	<-ctx.Done()
	if err := s.Close(); err != nil {
		log.Fatal(err)
	}
}

func startChild(tb testing.TB, dir string) *exec.Cmd {
	tb.Helper()
	child := exec.CommandContext(tb.Context(), os.Args[0])
	child.Env = append(os.Environ(), childVar+"="+dir)
	var said bytes.Buffer
	child.Stderr = &said
	ready, theirs, err := os.Pipe()
	if err != nil {
		tb.Fatal(err)
	}
	child.ExtraFiles = []*os.File{theirs}
	if err := errors.Join(child.Start(), theirs.Close()); err != nil {
		tb.Fatal(err)
	}
	// It closes its end when it is up, and so does the kernel if it dies before that.
	if _, err := io.Copy(io.Discard, ready); err != nil {
		tb.Fatal(err)
	}
	if err := ready.Close(); err != nil {
		tb.Fatal(err)
	}
	if _, err := Load(dir); err != nil {
		tb.Fatalf("%v\n%s", err, said.String())
	}
	return child
}

// twoPorts takes a port whose next one is free too, and stays so: the kernel gives others none below 32768 by itself.
func twoPorts(t *testing.T) net.Listener {
	t.Helper()
	var listen net.ListenConfig
	for range 100 {
		port := 20000 + rand.IntN(10000)
		l, err := listen.Listen(t.Context(), "tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
		if err != nil {
			continue
		}
		next, err := listen.Listen(t.Context(), "tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port+1)))
		if err == nil {
			if err := next.Close(); err != nil {
				t.Fatal(err)
			}
			return l
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
	}
	t.Fatal("there are no two free ports")
	return nil
}

// A start that fails leaves nothing: no process, no port, no lock.
func TestUpFails(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	l := twoPorts(t)
	taken := l.Addr().(*net.TCPAddr).Port
	for _, o := range []Options{{Dir: dir, AnyPort: true, Port: taken}, {Dir: dir, AnyPort: true, WarehousePort: taken}, {}} {
		s, err := Up(t.Context(), o)
		if err == nil {
			t.Fatal("started", s.Close())
		}
		if o.Dir != "" && !strings.Contains(err.Error(), "address already in use") {
			t.Error(err)
		}
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	s, err := Up(t.Context(), Options{Dir: dir, AnyPort: true, WarehousePort: taken})
	if err != nil {
		t.Fatal(err)
	}
	if got := users(s).source(t, "select 1"); got != "1\n" {
		t.Error(got)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

// HTTP and HTTPS are answered on one port, and nothing listens anywhere but on the loopback address.
func TestEndpoints(t *testing.T) {
	t.Parallel()
	s := standin
	address := net.JoinHostPort("127.0.0.1", fmt.Sprint(s.port))
	for _, scheme := range []string{"http", "https"} {
		client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots(t, users(s)), MinVersion: tls.VersionTLS13}}}
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, scheme+"://"+address+"/no-such-bucket/key", nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(resp.Body)
		if err := errors.Join(err, resp.Body.Close()); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(body), "<Error>") {
			t.Errorf("%s: %s", scheme, body)
		}
		client.CloseIdleConnections()
	}
	warehouse, err := s.fleet.warehouse(sourceName)
	if err != nil {
		t.Fatal(err)
	}
	interfaces, err := net.InterfaceAddrs()
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range interfaces {
		ip := a.(*net.IPNet).IP
		if ip.IsLoopback() {
			continue
		}
		for _, port := range []int{s.port, warehouse.port} {
			if c, err := net.DialTimeout("tcp", net.JoinHostPort(ip.String(), fmt.Sprint(port)), time.Second); err == nil { //nolint:noctx // one second at most
				t.Errorf("%s:%d is reachable, %v", ip, port, c.Close())
			}
		}
	}
}

// A client that opens a connection and says nothing keeps nobody from closing.
func TestSilentClient(t *testing.T) {
	t.Parallel()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	both := listenBoth(l, &tls.Config{MinVersion: tls.VersionTLS12})
	c, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	if err := both.Close(); err != nil {
		t.Error(err)
	}
	if _, err := both.Accept(); !errors.Is(err, net.ErrClosed) {
		t.Error(err)
	}
	if err := c.Close(); err != nil {
		t.Error(err)
	}
}

// openssl, which is not ours, accepts the certificates, and for no other name.
//
//standin:imitates protocol: TLS with certificates of an authority that is made for the folder | MG connecting-ssl-support
func TestCertificates(t *testing.T) {
	t.Parallel()
	c := users(standin)
	verify := func(host string, args ...string) string {
		args = append([]string{"s_client", "-CAfile", c.env("AWS_CA_BUNDLE"), "-verify_return_error", "-brief", "-connect", net.JoinHostPort("127.0.0.1", fmt.Sprint(standin.port))}, args...)
		out, _ := c.run(t, "", "openssl", append(args, host)...)
		for line := range strings.Lines(out) {
			if strings.Contains(line, "erif") { // Verification, verify error
				return strings.TrimSpace(line)
			}
		}
		return out
	}
	got := []string{
		verify("127.0.0.1", "-verify_ip"), verify("localhost", "-verify_hostname"), verify("bucket.s3.localhost", "-verify_hostname"),
		verify("example.com", "-verify_hostname"),
	}
	for i, want := range []string{"OK", "OK", "OK", "mismatch"} {
		if !strings.Contains(got[i], want) {
			t.Errorf("%d: %s", i, got[i])
		}
	}
}

// Redshift's API makes, changes, reboots and deletes warehouses that are really there.
func TestClusters(t *testing.T) {
	t.Parallel()
	c := users(standin)
	c.aws(t, "redshift", "create-cluster", "--cluster-identifier", "extra", "--node-type", "ra3.large", "--cluster-type", "single-node",
		"--master-username", "boss", "--master-user-password", "Secret123", "--db-name", "sales")
	endpoint := strings.Fields(c.aws(t, "redshift", "describe-clusters", "--cluster-identifier", "extra", "--query", "Clusters[0].Endpoint.[Address,Port]"))
	url := func(password string) string {
		return fmt.Sprintf("postgresql://boss:%s@%s:%s/sales?sslmode=verify-full", password, endpoint[0], endpoint[1])
	}
	if got := c.psql(t, url("Secret123"), "create table t (n int); insert into t values (1); select current_user, n from t"); got != "CREATE TABLE\nINSERT 0 1\nboss|1\n" {
		t.Error(got)
	}
	c.aws(t, "redshift", "modify-cluster", "--cluster-identifier", "extra", "--master-user-password", "Changed123")
	if got := c.psql(t, url("Secret123"), "select 1"); !strings.Contains(got, `password authentication failed for user "boss"`) {
		t.Error(got)
	}
	c.aws(t, "redshift", "reboot-cluster", "--cluster-identifier", "extra")
	if got := c.psql(t, url("Changed123"), "select n from t"); got != "1\n" {
		t.Error(got)
	}
	c.aws(t, "redshift", "delete-cluster", "--cluster-identifier", "extra", "--skip-final-cluster-snapshot")
	if got := c.psql(t, url("Changed123"), "select 1"); !strings.Contains(got, "onnection refused") {
		t.Error(got)
	}
	if left, err := filepath.Glob(filepath.Join(standin.dir, "warehouses", "*-extra")); err != nil || len(left) > 0 {
		t.Errorf("%v %v", left, err)
	}
}

// A warehouse whose security group has no rule for a client does not answer it; one that waits is served when a rule is
// made, and one that is in stays in when the rule is gone. A schedule closes what nobody else does.
//
//standin:imitates EC2: a warehouse is closed to clients that no rule of its security groups lets in | EC2 User Guide ec2-security-groups
//standin:imitates unkindness 17: tracked connections | EC2 User Guide security-group-connection-tracking
//standin:imitates EC2: connections outlive the rule that let them in | EC2 User Guide security-group-connection-tracking
//standin:differs EC2: a client that is not let in | the connection is taken and never answered, in place of packets that are dropped | EC2 User Guide ec2-security-groups
//standin:differs EC2: the default group of a VPC | lets clients of this machine in | VPC User Guide default-security-group
func TestClosedWarehouse(t *testing.T) {
	t.Parallel()
	c := users(standin)
	group := c.aws(t, "ec2", "create-security-group", "--group-name", "closed", "--description", "nobody", "--query", "GroupId")
	c.aws(t, "redshift", "create-cluster", "--cluster-identifier", "closed", "--node-type", "ra3.large", "--cluster-type", "single-node",
		"--master-username", "boss", "--master-user-password", "Secret123", "--vpc-security-group-ids", group)
	defer func() { // the commands need the test's context, which ends before cleanups run
		c.aws(t, "redshift", "delete-cluster", "--cluster-identifier", "closed", "--skip-final-cluster-snapshot")
		c.aws(t, "ec2", "delete-security-group", "--group-id", group)
	}()
	endpoint := strings.Fields(c.aws(t, "redshift", "describe-clusters", "--cluster-identifier", "closed", "--query", "Clusters[0].[Endpoint.Port,VpcSecurityGroups[0].VpcSecurityGroupId]"))
	if endpoint[1] != group {
		t.Errorf("described %v", endpoint)
	}
	// By address: psql tries ::1 too, where nobody listens.
	url := "postgresql://boss:Secret123@127.0.0.1:" + endpoint[0] + "/dev?sslmode=verify-full&connect_timeout="
	ask := func(timeout, sql string) string { return c.psql(t, url+timeout, sql) }
	if got := ask("2", "select 1"); !strings.Contains(got, "timeout expired") {
		t.Errorf("closed: %s", got)
	}
	waiting := make(chan string)
	go func() { waiting <- ask("60", "select 'let in'") }()
	rule := c.aws(t, "ec2", "authorize-security-group-ingress", "--group-id", group, "--ip-permissions",
		"IpProtocol=tcp,FromPort="+endpoint[0]+",ToPort="+endpoint[0]+",IpRanges=[{CidrIp=127.0.0.1/32,Description=test}]",
		"--tag-specifications", "ResourceType=security-group-rule,Tags=[{Key=run,Value=1}]", "--query", "SecurityGroupRules[0].SecurityGroupRuleId")
	if got := <-waiting; got != "let in\n" {
		t.Errorf("a client that waited: %s", got)
	}
	if got := c.aws(t, "ec2", "describe-security-group-rules", "--filters", "Name=tag:run,Values=1", "--query", "SecurityGroupRules[].[SecurityGroupRuleId,Description]"); got != rule+"\ttest" {
		t.Errorf("described %s", got)
	}
	got := ask("60", `select 'in';
\! aws ec2 revoke-security-group-ingress --endpoint-url $AWS_ENDPOINT_URL --group-id `+group+` --security-group-rule-ids `+rule+` --query Return
select 'still in';`)
	if got != "in\ntrue\nstill in\n" {
		t.Errorf("a client that was in: %s", got)
	}
	if got := ask("2", "select 1"); !strings.Contains(got, "timeout expired") {
		t.Errorf("closed again: %s", got)
	}

	role := c.aws(t, "iam", "create-role", "--role-name", "closer", "--query", "Role.Arn", "--assume-role-policy-document",
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"scheduler.amazonaws.com"},"Action":"sts:AssumeRole"}]}`)
	c.aws(t, "iam", "put-role-policy", "--role-name", "closer", "--policy-name", "p", "--policy-document",
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"ec2:RevokeSecurityGroupIngress","Resource":"*"}]}`)
	rule = c.aws(t, "ec2", "authorize-security-group-ingress", "--group-id", group, "--protocol", "tcp", "--port", endpoint[0], "--cidr", "127.0.0.1/32",
		"--query", "SecurityGroupRules[0].SecurityGroupRuleId")
	changes := standin.Cloud.EC2.Changes()
	// A time that has passed is refused, and the AWS CLI takes seconds to start on a busy machine.
	c.aws(t, "scheduler", "create-schedule", "--name", "close", "--flexible-time-window", "Mode=OFF", "--action-after-completion", "DELETE",
		"--schedule-expression", "at("+time.Now().UTC().Add(15*time.Second).Format("2006-01-02T15:04:05")+")",
		"--target", `{"Arn":"arn:aws:scheduler:::aws-sdk:ec2:revokeSecurityGroupIngress","RoleArn":"`+role+`","Input":"{\"GroupId\":\"`+group+`\",\"SecurityGroupRuleIds\":[\"`+rule+`\"]}"}`)
	<-changes
	if got := c.aws(t, "ec2", "describe-security-groups", "--group-ids", group, "--query", "length(SecurityGroups[0].IpPermissions)"); got != "0" {
		t.Errorf("after the schedule there are %s rules", got)
	}
}

// Temporary credentials of Redshift's API open a session.
func TestTemporaryCredentials(t *testing.T) {
	t.Parallel()
	c := users(standin)
	c.source(t, "create group readers; create user known password disable;")
	warehouse, err := standin.fleet.warehouse(sourceName)
	if err != nil {
		t.Fatal(err)
	}
	login := func(args ...string) string {
		keys := strings.Fields(c.aws(t, append([]string{"redshift", args[0], "--cluster-identifier", "source", "--query", "[DbUser,DbPassword]"}, args[1:]...)...))
		with := append(clients{}, c...)
		with = append(with, EnvVar{"PGUSER", keys[0]}, EnvVar{"PGPASSWORD", keys[1]}, EnvVar{"PGHOST", "localhost"}, EnvVar{"PGDATABASE", "dev"},
			EnvVar{"PGPORT", fmt.Sprint(warehouse.port)}, EnvVar{"PGSSLMODE", "verify-full"})
		out, _ := with.run(t, "select current_user, pg_has_role('readers', 'member')", "psql", "-X", "-At")
		return out
	}
	for _, tt := range []struct {
		args []string
		want string
	}{
		{[]string{"get-cluster-credentials", "--db-user", "known"}, "known|f\n"},
		{[]string{"get-cluster-credentials", "--db-user", "unknown"}, `user "unknown" does not exist`},
		{[]string{"get-cluster-credentials", "--db-user", "made", "--auto-create"}, "made|f\n"},
		{[]string{"get-cluster-credentials", "--db-user", "made", "--auto-create", "--db-groups", "readers"}, "made|t\n"},
		{[]string{"get-cluster-credentials-with-iam"}, "admin|f\n"},
	} {
		if got := login(tt.args...); !strings.Contains(got, tt.want) {
			t.Errorf("%v: %s", tt.args, got)
		}
	}
}

// Which roles a COPY or UNLOAD can act as.
func TestRoles(t *testing.T) {
	t.Parallel()
	c := users(standin)
	target := c.as(t, targetAdmin)
	c.aws(t, "s3api", "create-bucket", "--bucket", "roles", "--create-bucket-configuration", "LocationConstraint=eu-west-1")
	role := func(who clients, name, trust, policy string) {
		client := iam.NewFromConfig(who.sdk(t))
		_, err := client.CreateRole(t.Context(), &iam.CreateRoleInput{RoleName: &name, AssumeRolePolicyDocument: &trust})
		if err == nil {
			_, err = client.PutRolePolicy(t.Context(), &iam.PutRolePolicyInput{RoleName: &name, PolicyName: &name, PolicyDocument: &policy})
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	const trustUser = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"redshift.amazonaws.com"},"Action":"sts:AssumeRole",
		"Condition":{"StringEquals":{"sts:ExternalId":"arn:aws:redshift:eu-west-1:222222222222:dbuser:target/awsuser"}}}]}`
	const trustOther = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"redshift.amazonaws.com"},"Action":"sts:AssumeRole",
		"Condition":{"StringEquals":{"sts:ExternalId":"arn:aws:redshift:eu-west-1:222222222222:dbuser:target/somebody"}}}]}`
	const trustFirst = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::222222222222:role/first"},"Action":"sts:AssumeRole"}]}`
	const assume = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole","Resource":"arn:aws:iam::111111111111:role/last"}]}`
	role(target, "first", trustUser, assume)
	role(target, "other", trustOther, anyS3)
	role(target, "untrusting", strings.ReplaceAll(trustRedshift, "redshift.amazonaws.com", "ec2.amazonaws.com"), anyS3)
	role(c, "last", trustFirst, anyS3)
	role(c, "closed", strings.ReplaceAll(trustFirst, "first", "other"), anyS3)
	target.aws(t, append([]string{"redshift", "modify-cluster-iam-roles", "--cluster-identifier", "target", "--add-iam-roles"},
		"arn:aws:iam::222222222222:role/first", "arn:aws:iam::222222222222:role/other", "arn:aws:iam::222222222222:role/untrusting")...)

	const (
		first, other, untrusting = "arn:aws:iam::222222222222:role/first", "arn:aws:iam::222222222222:role/other", "arn:aws:iam::222222222222:role/untrusting"
		last, closed             = "arn:aws:iam::111111111111:role/last", "arn:aws:iam::111111111111:role/closed"
	)
	refused := func(role string) string {
		return "ERROR:  User arn:aws:redshift:eu-west-1:222222222222:dbuser:target/awsuser is not authorized to assume IAM Role " + role
	}
	for i, tt := range []struct{ auth, want string }{
		{"iam_role '" + first + "," + last + "'", "UNLOAD completed, 1 record(s)"},
		{"iam_role '" + first + "'", "S3ServiceException:Access Denied,Status 403,Error AccessDenied"},
		{"iam_role '" + first + "," + closed + "'", refused(closed)},
		{"iam_role '" + last + "'", refused(last)}, // trusts, but is not attached
		{"iam_role '" + other + "'", refused(other)},
		{"iam_role '" + untrusting + "'", refused(untrusting)},
		{"iam_role 'arn:aws:iam::222222222222:role/nobody'", refused("arn:aws:iam::222222222222:role/nobody")},
		{fmt.Sprintf("access_key_id '%s' secret_access_key '%s'", c.env("AWS_ACCESS_KEY_ID"), c.env("AWS_SECRET_ACCESS_KEY")), "UNLOAD completed, 1 record(s)"},
		{fmt.Sprintf("access_key_id '%s' secret_access_key 'wrong'", c.env("AWS_ACCESS_KEY_ID")), "Error SignatureDoesNotMatch"},
		{"access_key_id 'AKIAIOSFODNN7EXAMPLE' secret_access_key 'wrong'", "Error InvalidAccessKeyId"},
		{fmt.Sprintf("access_key_id '%s' secret_access_key '%s'", target.env("AWS_ACCESS_KEY_ID"), target.env("AWS_SECRET_ACCESS_KEY")), "Error InvalidAccessKeyId"},
		{
			fmt.Sprintf("access_key_id '%s' secret_access_key '%s' session_token '%s'", target.env("AWS_ACCESS_KEY_ID"), target.env("AWS_SECRET_ACCESS_KEY"), target.env("AWS_SESSION_TOKEN")),
			"Error AccessDenied",
		}, // the other account's administrator has no say in this one's bucket
	} {
		got := c.target(t, fmt.Sprintf("unload ('select 1 as n') to 's3://roles/%d/' %s;", i, tt.auth))
		if !strings.Contains(got, tt.want) {
			t.Errorf("%s:\n got %s\nwant %s", tt.auth, got, tt.want)
		}
	}
}

func TestEnv(t *testing.T) {
	t.Parallel()
	var names []string
	for _, v := range standin.Env() {
		names = append(names, v.Name)
	}
	want := []string{
		"AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_STS", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_CA_BUNDLE",
		"AWS_EC2_METADATA_SERVICE_ENDPOINT", "PGSSLROOTCERT", "REDSHIFT_SOURCE_URL", "REDSHIFT_TARGET_URL",
	}
	if diff := cmp.Diff(want, names); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// sdk configures Amazon's SDK.
func (c clients) sdk(tb testing.TB) aws.Config {
	tb.Helper()
	// Not with HTTP/2 and connections that are closed after each request, as idle ones must not outlive the test: a request could
	// find the one before it on its way out, and fail.
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots(tb, c), MinVersion: tls.VersionTLS13}}
	tb.Cleanup(transport.CloseIdleConnections)
	return aws.Config{
		Region: c.env("AWS_REGION"), BaseEndpoint: aws.String(c.env("AWS_ENDPOINT_URL")),
		Credentials: credentials.NewStaticCredentialsProvider(c.env("AWS_ACCESS_KEY_ID"), c.env("AWS_SECRET_ACCESS_KEY"), c.env("AWS_SESSION_TOKEN")),
		HTTPClient:  &http.Client{Transport: reads{transport}},
	}
}

// reads sends the bodies of requests by Read alone. The SDK closes a body as soon as an answer begins, and its WriteTo is at its end with
// io.EOF then, which net/http takes for a failure: it closes the connection on which the rest of the answer is to come.
type reads struct{ http.RoundTripper }

func (t reads) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body != nil && r.Body != http.NoBody {
		r = r.Clone(r.Context())
		r.Body = struct{ io.ReadCloser }{r.Body}
	}
	return t.RoundTripper.RoundTrip(r)
}

func roots(tb testing.TB, c clients) *x509.CertPool {
	tb.Helper()
	text, err := os.ReadFile(c.env("AWS_CA_BUNDLE"))
	if err != nil {
		tb.Fatal(err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(text) {
		tb.Fatal("no certificate in AWS_CA_BUNDLE")
	}
	return pool
}
