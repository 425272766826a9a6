package sealift_test

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	smithyhttp "github.com/aws/smithy-go/transport/http"
	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/rogpeppe/go-internal/testscript"

	"github.com/sealift/sealift"
	"github.com/sealift/sealift/plan"
)

// What the scripts about cleaning say:
//
//	leave RUN [SECONDS]   leave everything that a run can leave, with a lease that holds for SECONDS (1 is waited for)
//	object KEY            put an object
//	remove PREFIX         remove the objects whose keys begin with PREFIX, all versions of them
//	session SIDE NAME     open a session under an application's name
//	sessions SIDE NAME N  the warehouse has N sessions under that name
//	hold SIDE TABLE       keep a table from being locked until release
//	until SIDE SQL TEXT   wait until a query answers one text
//	holds PREFIX N        N versions, delete markers and uploads have keys that begin with PREFIX

func cleanCommands() map[string]func(*testscript.TestScript, bool, []string) {
	return map[string]func(*testscript.TestScript, bool, []string){
		"leave": leave, "object": object, "remove": removeObjects, "session": session, "sessions": countSessions, "holds": holds,
		"hold": hold, "release": release, "until": until,
	}
}

func leave(ts *testscript.TestScript, _ bool, args []string) {
	ctx := context.Background()
	s, run := of(ts), args[0]
	seconds := "1"
	if len(args) > 1 {
		seconds = args[1]
	}
	prefix := "stage/" + run + "/0000-sales.orders/1/"
	for _, key := range []string{"manifest", "0000_part_00.parquet", "0000_part_00.parquet", "gone"} {
		ts.Check(s.put(ctx, prefix+key, "data"))
	}
	gone := prefix + "gone"
	_, err := s.s3.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &s.bucket, Key: &gone})
	ts.Check(err)
	upload := prefix + "upload"
	_, err = s.s3.CreateMultipartUpload(ctx, &s3.CreateMultipartUploadInput{
		Bucket: &s.bucket, Key: &upload, ServerSideEncryption: s3types.ServerSideEncryptionAwsKms, SSEKMSKeyId: &s.keyARN,
	})
	ts.Check(err)
	table := "public.sealift_00112233aabb" + run[len(run)-4:] + "_0"
	_, err = s.query(ctx, "target", "create table "+table+" (a int); comment on table "+table+" is 'sealift shadow of run "+run+", process 0123'")
	ts.Check(err)
	for _, side := range []string{"source", "target"} {
		session(ts, false, []string{side, "sealift " + run})
	}
	lease := "stage/leases/00112233445566778899" + run[len(run)-4:] + ".json"
	for range 2 { // the second replaces the first, whose version stays
		ts.Check(s.put(ctx, lease, fmt.Sprintf(`{"run":%q,"target":"w/d","host":"elsewhere","pid":1,"token":"t","taken":"2026-11-21T10:15:00Z","ttl_seconds":%s}`, run, seconds)))
	}
	for seconds == "1" {
		out, err := s.s3.HeadObject(ctx, &s3.HeadObjectInput{Bucket: &s.bucket, Key: &lease})
		ts.Check(err)
		raw, _ := awsmiddleware.GetRawResponse(out.ResultMetadata).(*smithyhttp.Response)
		now, err := http.ParseTime(raw.Header.Get("Date"))
		ts.Check(err)
		if now.Sub(*out.LastModified) > time.Second {
			return
		}
	}
}

func (s *site) put(ctx context.Context, key, text string) error {
	_, err := s.s3.PutObject(ctx, &s3.PutObjectInput{
		Bucket: &s.bucket, Key: &key, Body: strings.NewReader(text), ServerSideEncryption: s3types.ServerSideEncryptionAwsKms, SSEKMSKeyId: &s.keyARN,
	})
	return err
}

func object(ts *testscript.TestScript, _ bool, args []string) {
	ts.Check(of(ts).put(context.Background(), args[0], "a stranger's"))
}

func removeObjects(ts *testscript.TestScript, _ bool, args []string) {
	ctx, s := context.Background(), of(ts)
	list, err := s.s3.ListObjectVersions(ctx, &s3.ListObjectVersionsInput{Bucket: &s.bucket, Prefix: &args[0]})
	ts.Check(err)
	if len(list.Versions) == 0 {
		ts.Fatalf("nothing begins with %s", args[0])
	}
	for _, v := range list.Versions {
		_, err := s.s3.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &s.bucket, Key: v.Key, VersionId: v.VersionId})
		ts.Check(err)
	}
}

func session(ts *testscript.TestScript, _ bool, args []string) {
	s := of(ts)
	u := *s.urls[args[0]]
	u.Path = "/" + s.database
	cfg, err := pgconn.ParseConfig(u.String())
	ts.Check(err)
	cfg.RuntimeParams = map[string]string{"application_name": args[1]}
	conn, err := pgconn.ConnectConfig(context.Background(), cfg)
	ts.Check(err)
	ts.Defer(func() { _ = conn.Close(context.Background()) }) // ended by the script, as a rule
}

func countSessions(ts *testscript.TestScript, _ bool, args []string) {
	rows, err := of(ts).query(context.Background(), args[0], `select distinct s.process from stv_sessions s join stl_connection_log l on l.pid = s.process
		where trim(l.application_name) = '`+args[1]+`' and trim(s.db_name) = current_database() and l.recordtime >= s.starttime - interval '1 minute'`)
	ts.Check(err)
	if fmt.Sprint(len(rows)) != args[2] {
		ts.Fatalf("%d sessions of %s, not %s", len(rows), args[1], args[2])
	}
}

func holds(ts *testscript.TestScript, _ bool, args []string) {
	found, err := of(ts).inBucket(context.Background())
	ts.Check(err)
	matching := slices.DeleteFunc(found, func(what string) bool {
		key := what[strings.LastIndex(what, " ")+1:]
		return !strings.HasPrefix(key, args[0])
	})
	if fmt.Sprint(len(matching)) != args[1] {
		ts.Fatalf("%d under %s, not %s: %v", len(matching), args[0], args[1], matching)
	}
}

// hold opens a session that reads a table in a transaction until release ends it: nobody can lock it meanwhile.
func hold(ts *testscript.TestScript, _ bool, args []string) {
	s := of(ts)
	u := *s.urls[args[0]]
	u.Path = "/" + s.database
	conn, err := pgconn.Connect(context.Background(), u.String())
	ts.Check(err)
	_, err = conn.Exec(context.Background(), "begin; select count(*) from "+args[1]).ReadAll()
	ts.Check(err)
	s.held = conn
}

func release(ts *testscript.TestScript, _ bool, _ []string) {
	ts.Check(of(ts).held.Close(context.Background()))
}

// until asks a warehouse again and again until a query answers what is wanted.
func until(ts *testscript.TestScript, _ bool, args []string) {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	for {
		rows, err := of(ts).query(ctx, args[0], args[1])
		ts.Check(err)
		if len(rows) == 1 && rows[0][0] == args[2] {
			return
		}
	}
}

// Between listing and removing, a run may be resumed: what is its own by then is kept.
func TestCleanLooksAgainBeforeItRemoves(t *testing.T) {
	s := newSite(t, "cleanagain")
	for k, v := range s.env() {
		t.Setenv(k, v)
	}
	const run = "20200101T000000Z-aaaa"
	query := func(sql string) {
		t.Helper()
		if _, err := s.query(t.Context(), "target", sql); err != nil {
			t.Fatal(err)
		}
	}
	comment := func(table, run, process string) string {
		return "comment on table " + table + " is 'sealift shadow of run " + run + ", process " + process + "'"
	}
	query("create table public.sealift_0011223344556677_0 (a int); " + comment("public.sealift_0011223344556677_0", run, "old"))
	query("create table public.sealift_0011223344556677_1 (a int); " + comment("public.sealift_0011223344556677_1", "20200102T000000Z-bbbb", "old"))
	if err := s.put(t.Context(), "stage/20200102T000000Z-bbbb/x", "data"); err != nil {
		t.Fatal(err)
	}
	warehouse := func(side string) plan.Warehouse {
		port, err := strconv.Atoi(s.urls[side].Port())
		if err != nil {
			t.Fatal(err)
		}
		return plan.Warehouse{
			Host: s.urls[side].Hostname(), Port: port, Database: s.database, User: s.urls[side].User.Username(),
			Auth: "password", PasswordFrom: "env:" + strings.ToUpper(side) + "_PASSWORD",
		}
	}
	place := sealift.Place{
		Source: warehouse("source"), Target: warehouse("target"),
		Stage: plan.Stage{Bucket: s.bucket, Prefix: "stage", Region: region, Owner: sourceAccount},
	}
	c, err := sealift.Clean(t.Context(), []sealift.Place{place}, sealift.CleanOptions{Listed: func(*sealift.Cleaning) {
		query(comment("public.sealift_0011223344556677_0", run, "new"))
		lease := `{"run":"20200102T000000Z-bbbb","target":"w/d","host":"elsewhere","pid":1,"token":"t","taken":"2026-11-21T10:15:00Z","ttl_seconds":600}`
		if err := s.put(t.Context(), "stage/leases/00112233445566778899aabb.json", lease); err != nil {
			t.Error(err)
		}
	}})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, l := range c.Found {
		got = append(got, string(l.Kind)+" of "+l.Run+" "+string(l.State)+": "+strings.SplitN(l.Reason, ":", 2)[0])
	}
	slices.Sort(got)
	want := []string{
		"objects of 20200102T000000Z-bbbb kept: its run is alive again",
		"shadow of 20200101T000000Z-aaaa kept: another process of the run has made its own meanwhile",
		"shadow of 20200102T000000Z-bbbb kept: its run is alive again",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	query("select 1 from public.sealift_0011223344556677_0, public.sealift_0011223344556677_1")
}

// What a run staged says where it delivered to. As long as nobody can look there, it stays, and the answer is not that all is well.
func TestCleanKeepsWhatSaysWhereARunDelivered(t *testing.T) {
	s := newSite(t, "cleantrail")
	for k, v := range s.env() {
		t.Setenv(k, v)
	}
	place := sealift.Place{Stage: plan.Stage{Bucket: s.bucket, Prefix: "stage", Region: region, Owner: sourceAccount}}
	note := func(run, bucket, owner string) {
		t.Helper()
		if _, err := s.s3.PutObject(t.Context(), &s3.PutObjectInput{
			Bucket: &s.bucket, Key: aws.String("stage/" + run + "/0000-s.t/sealift.delivery"), ServerSideEncryption: s3types.ServerSideEncryptionAwsKms, SSEKMSKeyId: &s.keyARN,
			Metadata: map[string]string{"sealift-folder": "s3:%2F%2F" + bucket + "%2Fto%2F", "sealift-region": region, "sealift-owner": owner},
		}); err != nil {
			t.Fatal(err)
		}
	}
	note("20200101T000000Z-aaaa", s.bucket, "999999999999")
	note("20200102T000000Z-bbbb", s.bucket, sourceAccount)
	note("20200103T000000Z-cccc", "no-such-bucket-at-all", sourceAccount)
	if err := s.put(t.Context(), "to/20200102T000000Z-bbbb_0000_part_00.parquet", "data"); err != nil {
		t.Fatal(err)
	}
	note("20200104T000000Z-dddd", s.bucket, sourceAccount)
	const fast = "to/20200104T000000Z-dddd_0000_part_00.parquet"
	if err := s.put(t.Context(), fast, "data"); err != nil {
		t.Fatal(err)
	}
	if _, err := s.s3.PutBucketPolicy(t.Context(), &s3.PutBucketPolicyInput{Bucket: &s.bucket, Policy: aws.String(
		`{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":"*","Action":"s3:DeleteObjectVersion","Resource":"arn:aws:s3:::` + s.bucket + "/" + fast + `"}]}`)}); err != nil {
		t.Fatal(err)
	}
	clean := func(o sealift.CleanOptions, want []string, unseen int) {
		t.Helper()
		c, err := sealift.Clean(t.Context(), []sealift.Place{place}, o)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, l := range c.Found {
			got = append(got, fmt.Sprintf("%s of %s in %s %s %.60s", l.Kind, l.Run, l.Where, l.State, l.Reason))
		}
		if diff := cmp.Diff(want, got); diff != "" || len(c.Unseen) != unseen {
			t.Errorf("unseen %q (-want +got):\n%s", c.Unseen, diff)
		}
	}
	stage, kept := "s3://"+s.bucket+"/stage", " kept it says where its run unloaded to, and not all of that is re"
	clean(sealift.CleanOptions{DryRun: true}, []string{
		"delivered of 20200102T000000Z-bbbb in s3://" + s.bucket + " found ",
		"delivered of 20200104T000000Z-dddd in s3://" + s.bucket + " found ",
		"objects of 20200101T000000Z-aaaa in " + stage + kept,
		"objects of 20200102T000000Z-bbbb in " + stage + " found ",
		"objects of 20200103T000000Z-cccc in " + stage + " found ",
		"objects of 20200104T000000Z-dddd in " + stage + " found ",
	}, 1)
	clean(sealift.CleanOptions{Run: "20200102T000000Z-bbbb"}, []string{
		"delivered of 20200102T000000Z-bbbb in s3://" + s.bucket + " removed ",
		"objects of 20200102T000000Z-bbbb in " + stage + " removed ",
	}, 0)
	clean(sealift.CleanOptions{}, []string{
		"delivered of 20200104T000000Z-dddd in s3://" + s.bucket + " failed remove s3://" + s.bucket + "/to/20200104T000000Z-dddd_0000_pa",
		"objects of 20200101T000000Z-aaaa in " + stage + kept,
		"objects of 20200103T000000Z-cccc in " + stage + " removed ",
		"objects of 20200104T000000Z-dddd in " + stage + kept,
	}, 1)
}
