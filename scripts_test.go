package sealift_test

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/klauspost/compress/zstd"
	"github.com/rogpeppe/go-internal/testscript"
)

// The scripts in testdata/script drive the real program against the stand-in. Each has two databases, a bucket and a
// key of its own. What they may say beyond testscript's own commands:
//
//	source 'SQL'...     run statements in the source's database, and print rows, tab-separated
//	target 'SQL'...     the same in the target's
//	same A [B]          the rows of table A in the source and B (or A) in the target are the same, text for text
//	job FILE REST       write a job file: the script's warehouses and stage, then the text of REST
//	files FILE REST     the same without a source
//	config              write the configuration, in which the script's target is the warehouse dev
//	server 'SQL'...     the same in a plain PostgreSQL, which knows nothing of Redshift
//	serverjob FILE REST write a job whose source is that PostgreSQL
//	staged N            the bucket holds N objects, versions and uploads
//	put FILE KEY [HOW]  write FILE into the script's other bucket, $INBOX, encrypted as HOW says: key (the script's, the default),
//	                    s3, or other (a key that nobody named); a KEY in double quotes is one of Go's, as "a\x01"
//	parquet FILE N [I [plain|gzip]]  write a Parquet file of N rows, whose ids begin with I, by a library that the program does not use;
//	                    plain has no dictionaries, nor has gzip, whose pages are packed
//	comesback A B       write tables of random shape, drawn by the seeds from A up to B, by others' writers in every format;
//	                    load them, and hold what the warehouse has against what was written
//	damage KEY          flip a bit in the middle of an object of $INBOX
//	archive NAME OPT    unload the source's public.t to s3://$INBOX/NAME, client-side encrypted under $MASTER, as until April 2026
//	worse               write files that nobody should have written
//	flights N FILE      write N records of flight data as CSV
//	copied URL TABLE OPT  COPY into the target's table by a statement that the program did not write
//	inbox               print the keys in $INBOX
//	kms disable|enable  the script's key
//	between ACTION [KEY]  when the manifest for COPY is written, or something whose key holds KEY: remove, alter, truncate or garble
//	                    the first staged data object, or send a signal to what runs in the background, when reached says so: kill, stop, int
//	reached             wait for that moment, and send the signal
//	stop                stop, with SIGSTOP, whatever runs in the background
//	continue            let go on what stop or between stop has stopped
//	exits N COMMAND...  run a command that must end with exit code N
//	alter FILE OLD NEW  replace OLD by NEW in FILE
//	full N              the disk under S3 is full after N more bytes; full off ends that

func TestMain(m *testing.M) {
	testscript.Main(mainOf{m}, map[string]func(){"sealift": func() { os.Exit(sealiftMain()) }})
}

// mainOf runs the tests with a stand-in beside them, which is started when the first test asks for it.
type mainOf struct{ *testing.M }

func (m mainOf) Run() int {
	if err := moreAtOnce(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	code := m.M.Run()
	if err := errors.Join(stopStandIn(), stopPlainServer()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return max(code, 1)
	}
	return code
}

// moreAtOnce runs more tests side by side than there are cores, unless -parallel says how many: they wait for programs,
// warehouses and the disk half of their time.
func moreAtOnce() error {
	flag.Parse()
	const parallel = "test.parallel"
	said := false
	flag.Visit(func(f *flag.Flag) { said = said || f.Name == parallel })
	if said {
		return nil
	}
	return flag.Set(parallel, strconv.Itoa(2*runtime.GOMAXPROCS(0)))
}

func TestScripts(t *testing.T) {
	t.Parallel()
	runScripts(t, "testdata/script")
}

// The scripts in testdata/alone do things to the stand-in that others would notice. They run before the parallel ones.
func TestScriptsAlone(t *testing.T) { runScripts(t, "testdata/alone") }

func runScripts(t *testing.T, dir string) {
	t.Helper()
	testscript.Run(t, testscript.Params{
		Dir:                 dir,
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup:               func(env *testscript.Env) error { return setUp(t, env) },
		Cmds: with(with(with(cleanCommands(), doorCommands()), leastCommands()), map[string]func(*testscript.TestScript, bool, []string){
			"source": warehouseCommand("source"),
			"target": warehouseCommand("target"),
			"server": serverCommand, "serverjob": postgresJob,
			"same": same, "job": writeJob, "files": writeFiles, "staged": staged, "kms": keyCommand, "between": between, "full": full,
			"exits": exits, "alter": alterFile, "reached": reached, "stop": stopAll, "continue": continueAll,
			"config": writeConfig, "put": putObject, "inbox": listInbox, "copied": copyByHand, "comesback": comesBack, "worse": worse, "archive": archive, "damage": damage, "flights": writeFlights, "parquet": writeParquet,
		}),
	})
}

// with puts commands of several files together.
func with(all, more map[string]func(*testscript.TestScript, bool, []string)) map[string]func(*testscript.TestScript, bool, []string) {
	maps.Copy(all, more)
	return all
}

// script is what one script has.
type script struct {
	*site
	proxy  *proxy
	moment *moment        // of between, for reached
	held   *pgconn.PgConn // by the command hold
	usage  *usage         // by the command settle
	loader *stack         // by the command settle, where the template has an instance
}

type scriptKey struct{}

func of(ts *testscript.TestScript) *script { return ts.Value(scriptKey{}).(*script) }

func setUp(t *testing.T, env *testscript.Env) error {
	name := regexp.MustCompile(`[^a-z0-9]+`).ReplaceAllString(strings.ToLower(filepath.Base(env.WorkDir)), "")
	s := newSite(t, name)
	p := newProxy(t, s)
	env.Values[scriptKey{}] = &script{site: s, proxy: p}
	for k, v := range s.env() {
		env.Setenv(k, v)
	}
	env.Setenv("AWS_ENDPOINT_URL", p.server.URL)
	env.Setenv("AWS_ENDPOINT_URL_STS", p.server.URL)
	env.Setenv("SEALIFT_STATE_DIR", filepath.Join(env.WorkDir, "state"))
	env.Setenv("HOME", env.WorkDir)
	samples, err := filepath.Abs("internal/demo/samples")
	if err != nil {
		return err
	}
	env.Setenv("SAMPLES", samples)
	return nil
}

func warehouseCommand(side string) func(*testscript.TestScript, bool, []string) {
	return func(ts *testscript.TestScript, neg bool, args []string) {
		var out strings.Builder
		var failed error
		for _, sql := range args {
			if path, ok := strings.CutPrefix(sql, "@"); ok {
				sql = ts.ReadFile(path)
			}
			rows, err := of(ts).query(context.Background(), side, sql)
			for _, r := range rows {
				out.WriteString(strings.Join(r, "\t") + "\n")
			}
			failed = errors.Join(failed, err)
		}
		_, err := io.WriteString(ts.Stdout(), out.String())
		ts.Check(err)
		switch {
		case failed != nil && !neg:
			ts.Fatalf("%s: %v", side, failed)
		case failed == nil && neg:
			ts.Fatalf("%s: succeeded", side)
		case failed != nil:
			_, err := io.WriteString(ts.Stderr(), failed.Error()+"\n")
			ts.Check(err)
		}
	}
}

// same compares without any of Sealift's own means: all rows of both tables as text, sorted.
func same(ts *testscript.TestScript, neg bool, args []string) {
	a, b := args[0], args[len(args)-1]
	ctx := context.Background()
	left, err := of(ts).query(ctx, "source", "select * from "+a)
	ts.Check(err)
	right, err := of(ts).query(ctx, "target", "select * from "+b)
	ts.Check(err)
	for _, rows := range [][][]string{left, right} {
		slices.SortFunc(rows, slices.Compare[[]string])
	}
	equal := slices.EqualFunc(left, right, slices.Equal[[]string])
	if equal == neg {
		ts.Fatalf("%s has %d rows, %s %d; equal: %v\n%v\n%v", a, len(left), b, len(right), equal, head(left), head(right))
	}
}

func head(rows [][]string) [][]string { return rows[:min(len(rows), 5)] }

const jobHead = `version: 1
source:
  host: $SOURCE_HOST
  port: $SOURCE_PORT
  region: eu-west-1
  database: $DATABASE
  user: $SOURCE_USER
  auth: password
  password_from: env:SOURCE_PASSWORD
  s3_role: $UNLOAD_ROLE
target:
  host: $TARGET_HOST
  port: $TARGET_PORT
  region: eu-west-1
  database: $DATABASE
  user: $TARGET_USER
  auth: password
  password_from: env:TARGET_PASSWORD
  s3_role: $COPY_ROLE
stage:
  url: s3://$BUCKET/stage
  region: eu-west-1
  kms_key: $KEY
  format: $FORMAT
  owner: "$OWNER"
`

func writeJob(ts *testscript.TestScript, _ bool, args []string) {
	text := os.Expand(jobHead, ts.Getenv) + ts.ReadFile(args[1])
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(text), 0o600))
}

// writeFiles writes a job of files alone.
func writeFiles(ts *testscript.TestScript, _ bool, args []string) {
	_, rest, _ := strings.Cut(jobHead, "target:\n")
	text := os.Expand("version: 1\ntarget:\n"+rest, ts.Getenv) + ts.ReadFile(args[1])
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(text), 0o600))
}

const configText = `version: 1
warehouses:
  dev:
    host: $TARGET_HOST
    port: $TARGET_PORT
    region: eu-west-1
    database: $DATABASE
    user: $TARGET_USER
    password_from: env:TARGET_PASSWORD
    s3_role: $COPY_ROLE
    stage: {url: "s3://$BUCKET/stage", region: eu-west-1, kms_key: $KEY, owner: "$OWNER"}
`

func writeConfig(ts *testscript.TestScript, _ bool, _ []string) {
	dir := ts.MkAbs(".config/sealift")
	ts.Check(os.MkdirAll(dir, 0o700))
	ts.Check(os.WriteFile(filepath.Join(dir, "config.yaml"), []byte(os.Expand(configText, ts.Getenv)), 0o600))
}

func staged(ts *testscript.TestScript, _ bool, args []string) {
	found, err := of(ts).inBucket(context.Background())
	ts.Check(err)
	if fmt.Sprint(len(found)) != args[0] {
		ts.Fatalf("the bucket holds %d, not %s: %v", len(found), args[0], found)
	}
}

// putObject writes a file into the inbox, a bucket of the script's own, which is made with the first.
func putObject(ts *testscript.TestScript, _ bool, args []string) {
	s, ctx := of(ts), context.Background()
	inbox := ts.Getenv("INBOX")
	_, err := s.s3.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: &inbox, CreateBucketConfiguration: &s3types.CreateBucketConfiguration{LocationConstraint: region}})
	if _, there := errors.AsType[*s3types.BucketAlreadyOwnedByYou](err); !there {
		ts.Check(err)
		_, err = s.s3.PutBucketPolicy(ctx, &s3.PutBucketPolicyInput{Bucket: &inbox, Policy: aws.String(fmt.Sprintf(inboxPolicy, inbox, copyRole))})
		ts.Check(err)
	}
	key := args[1]
	if strings.HasPrefix(key, `"`) {
		key, err = strconv.Unquote(key)
		ts.Check(err)
	}
	in := &s3.PutObjectInput{Bucket: &inbox, Key: &key, Body: strings.NewReader(ts.ReadFile(args[0]))}
	how := "key"
	if len(args) > 2 {
		how = args[2]
	}
	switch how {
	case "key":
		in.ServerSideEncryption, in.SSEKMSKeyId = s3types.ServerSideEncryptionAwsKms, &s.keyARN
	case "other":
		key, err := s.kms.CreateKey(ctx, &kms.CreateKeyInput{})
		ts.Check(err)
		in.ServerSideEncryption, in.SSEKMSKeyId = s3types.ServerSideEncryptionAwsKms, key.KeyMetadata.Arn
	case "s3":
		in.ServerSideEncryption = s3types.ServerSideEncryptionAes256
	default:
		ts.Fatalf("put: %s is not one of key, s3, other", how)
	}
	_, err = s.s3.PutObject(ctx, in)
	ts.Check(err)
}

const inboxPolicy = `{"Version":"2012-10-17","Statement":[
 {"Effect":"Allow","Principal":{"AWS":"%[2]s"},"Action":["s3:GetObject","s3:ListBucket","s3:GetBucketLocation"],"Resource":["arn:aws:s3:::%[1]s","arn:aws:s3:::%[1]s/*"]}]}`

// writeFlights writes flight data.
func writeFlights(ts *testscript.TestScript, _ bool, args []string) {
	n, err := strconv.Atoi(args[0])
	ts.Check(err)
	text := flightText(n * 200)
	end := 0
	for range n {
		end += bytes.IndexByte(text[end:], '\n') + 1
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), append([]byte(flightHeader), text[:end]...), 0o600))
}

// damage flips a bit in the middle of an object of $INBOX, and leaves its metadata as they are.
func damage(ts *testscript.TestScript, _ bool, args []string) {
	s, ctx, inbox := of(ts), context.Background(), ts.Getenv("INBOX")
	got, err := s.s3.GetObject(ctx, &s3.GetObjectInput{Bucket: &inbox, Key: &args[0]})
	ts.Check(err)
	text, err := io.ReadAll(got.Body)
	ts.Check(errors.Join(err, got.Body.Close()))
	text[len(text)/2] ^= 1
	_, err = s.s3.PutObject(ctx, &s3.PutObjectInput{Bucket: &inbox, Key: &args[0], Body: bytes.NewReader(text), Metadata: got.Metadata})
	ts.Check(err)
}

// archive writes what the utility of old left behind.
func archive(ts *testscript.TestScript, _ bool, args []string) {
	keys := fmt.Sprintf("aws_access_key_id=%s;aws_secret_access_key=%s;master_symmetric_key=%s", ts.Getenv("AWS_ACCESS_KEY_ID"), ts.Getenv("AWS_SECRET_ACCESS_KEY"), ts.Getenv("MASTER"))
	_, err := of(ts).query(context.Background(), "source", fmt.Sprintf("unload ('select * from public.t') to 's3://%s/%s' credentials '%s' encrypted %s",
		ts.Getenv("INBOX"), args[0], keys, args[1]))
	ts.Check(err)
}

// copyByHand shows that what was written can be read by whoever knows the manual.
func copyByHand(ts *testscript.TestScript, _ bool, args []string) {
	_, err := of(ts).query(context.Background(), "target", fmt.Sprintf("copy %s from '%s' iam_role '%s' %s", args[1], args[0], copyRole, args[2]))
	ts.Check(err)
}

func listInbox(ts *testscript.TestScript, _ bool, _ []string) {
	list, err := of(ts).s3.ListObjectsV2(context.Background(), &s3.ListObjectsV2Input{Bucket: aws.String(ts.Getenv("INBOX"))})
	ts.Check(err)
	for _, o := range list.Contents {
		_, err := fmt.Fprintln(ts.Stdout(), *o.Key)
		ts.Check(err)
	}
}

func keyCommand(ts *testscript.TestScript, _ bool, args []string) {
	ts.Check(of(ts).setKey(context.Background(), args[0] == "enable"))
}

func full(ts *testscript.TestScript, _ bool, args []string) {
	ts.Check(of(ts).fillDisk(args[0]))
}

// exits runs a command and wants one exit code; testscript's own "!" takes any that is not 0.
func exits(ts *testscript.TestScript, _ bool, args []string) {
	err := ts.Exec(args[1], args[2:]...)
	code := 0
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		code = exit.ExitCode()
	} else {
		ts.Check(err)
	}
	if fmt.Sprint(code) != args[0] {
		ts.Fatalf("%s ended with exit code %d, not %s", strings.Join(args[1:], " "), code, args[0])
	}
}

func alterFile(ts *testscript.TestScript, _ bool, args []string) {
	text := ts.ReadFile(args[0])
	changed := strings.Replace(text, args[1], args[2], 1)
	if changed == text {
		ts.Fatalf("%s does not hold %s", args[0], args[1])
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(changed), 0o600))
}

func between(ts *testscript.TestScript, _ bool, args []string) {
	s, key := of(ts), "/sealift.manifest"
	if len(args) > 1 {
		key = args[1]
	}
	if sig, ok := signals[args[0]]; ok {
		s.moment = &moment{signal: sig, here: make(chan struct{}), sent: make(chan struct{})}
		s.proxy.after(key, s.moment.wait(s.proxy.closed))
		return
	}
	s.proxy.after(key, func() error { return s.tamper(context.Background(), args[0]) })
}

// moment is a moment of a run at which the answer to a request is held back until a signal was sent. Only the script's own
// goroutine knows what runs in the background, so it sends it.
type moment struct {
	signal os.Signal
	here   chan struct{} // closed when the moment has come
	sent   chan struct{} // closed when the signal was sent
}

func (h *moment) wait(closed <-chan struct{}) func() error {
	return func() error {
		close(h.here)
		select {
		case <-h.sent:
		case <-closed:
		}
		return nil
	}
}

var signals = map[string]os.Signal{"kill": os.Kill, "stop": syscall.SIGSTOP, "int": os.Interrupt}

// signalAll sends a signal to whatever the script runs in the background. What is stopped goes on when the script ends, however it
// ends: it has to take the signal by which testscript ends it.
func signalAll(ts *testscript.TestScript, sig os.Signal) error {
	if sig == syscall.SIGSTOP {
		ts.Defer(func() { ts.Check(signalAll(ts, syscall.SIGCONT)) })
	}
	var all error
	for _, cmd := range ts.BackgroundCmds() {
		if err := cmd.Process.Signal(sig); !errors.Is(err, os.ErrProcessDone) {
			all = errors.Join(all, err)
		}
	}
	return all
}

func reached(ts *testscript.TestScript, _ bool, _ []string) {
	h := of(ts).moment
	late := time.NewTimer(time.Minute)
	defer late.Stop()
	select {
	case <-h.here:
	case <-late.C:
		ts.Fatalf("nothing of that kind was written")
	}
	ts.Check(signalAll(ts, h.signal))
	close(h.sent)
}

func stopAll(ts *testscript.TestScript, _ bool, _ []string) {
	ts.Check(signalAll(ts, syscall.SIGSTOP))
}

func continueAll(ts *testscript.TestScript, _ bool, _ []string) {
	ts.Check(signalAll(ts, syscall.SIGCONT))
}

// garbled is a zstd file of exactly size bytes: a record whose first field is no number, then a frame to be skipped.
func garbled(size int) ([]byte, error) {
	enc, err := zstd.NewWriter(nil)
	if err != nil {
		return nil, err
	}
	out := enc.EncodeAll([]byte("secret-in-the-file|x\n"), nil)
	pad := size - len(out) - 8
	if pad < 0 {
		return nil, fmt.Errorf("%d bytes are too few", size)
	}
	out = append(out, 0x50, 0x2a, 0x4d, 0x18, byte(pad), byte(pad>>8), 0, 0)
	return append(out, make([]byte, pad)...), nil
}

// proxy stands between the program and the AWS endpoint, so that a script can do something at one exact point of a run.
type proxy struct {
	server *httptest.Server
	mu     sync.Mutex
	key    string // which part of a path the action waits for
	action func() error
	failed error
	closed chan struct{} // the script is over
}

func newProxy(t *testing.T, s *site) *proxy {
	t.Helper()
	upstream, err := url.Parse(s.endpoint)
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{closed: make(chan struct{})}
	forward := &httputil.ReverseProxy{
		Rewrite:   func(r *httputil.ProxyRequest) { r.SetURL(upstream); r.Out.Host = r.In.Host },
		Transport: s.transport(),
	}
	p.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		forward.ServeHTTP(w, r)
		if r.Method == http.MethodPut {
			p.act(r.URL.Path)
		}
	}))
	t.Cleanup(func() {
		close(p.closed)
		p.server.Close()
		if p.failed != nil {
			t.Errorf("tampering: %v", p.failed)
		}
	})
	return p
}

// after does something once, when an object with this in its key was written.
func (p *proxy) after(key string, do func() error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.key, p.action = key, do
}

func (p *proxy) act(path string) {
	p.mu.Lock()
	action := p.action
	if action == nil || !strings.Contains(path, p.key) {
		p.mu.Unlock()
		return
	}
	p.action = nil
	p.mu.Unlock()
	err := action()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.failed = errors.Join(p.failed, err)
}

// tamper does something to the first data object in the script's bucket, with the bucket owner's rights.
func (s *site) tamper(ctx context.Context, how string) error {
	list, err := s.s3.ListObjectsV2(ctx, &s3.ListObjectsV2Input{Bucket: &s.bucket})
	if err != nil {
		return err
	}
	for _, o := range list.Contents {
		if strings.HasSuffix(*o.Key, "manifest") || aws.ToInt64(o.Size) == 0 {
			continue
		}
		if how == "remove" {
			_, err := s.s3.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &s.bucket, Key: o.Key})
			return err
		}
		out, err := s.s3.GetObject(ctx, &s3.GetObjectInput{Bucket: &s.bucket, Key: o.Key})
		if err != nil {
			return err
		}
		text, err := io.ReadAll(out.Body)
		if err := errors.Join(err, out.Body.Close()); err != nil {
			return err
		}
		switch how {
		case "alter":
			for i := len(text) / 3; i < len(text); i++ {
				text[i] ^= 0x55
			}
		case "truncate":
			text = text[:len(text)/2]
		case "garble":
			// A record of the right length in bytes, as UNLOAD's manifest says it, that COPY cannot read.
			if text, err = garbled(len(text)); err != nil {
				return err
			}
		default:
			return fmt.Errorf("no such action: %s", how)
		}
		_, err = s.s3.PutObject(ctx, &s3.PutObjectInput{
			Bucket: &s.bucket, Key: o.Key, Body: bytes.NewReader(text),
			ServerSideEncryption: s3types.ServerSideEncryptionAwsKms, SSEKMSKeyId: &s.keyARN,
		})
		return err
	}
	return errors.New("nothing is staged")
}
