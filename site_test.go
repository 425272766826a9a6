package sealift_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/redshift"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/sealift/sealift/internal/local"
)

const (
	sourceAccount = "111111111111"
	targetAccount = "222222222222"
	region        = "eu-west-1"
	unloadRole    = "arn:aws:iam::" + sourceAccount + ":role/test-unload"
	detachedRole  = "arn:aws:iam::" + sourceAccount + ":role/test-detached"
	copyRole      = "arn:aws:iam::" + targetAccount + ":role/test-copy"
)

// world is the stand-in that all tests of this package share, with what an administrator makes once.
type world struct {
	server         *local.Server
	vars           map[string]string
	source, target aws.Config // administrators of the two accounts
	urls           map[string]*url.URL
}

var theWorld struct {
	once  sync.Once
	world *world
	dir   string
	err   error
}

// standIn starts the stand-in when the first test asks for it.
func standIn(tb testing.TB) *world {
	tb.Helper()
	theWorld.once.Do(func() { theWorld.world, theWorld.err = startStandIn() })
	if theWorld.err != nil {
		tb.Fatal(theWorld.err)
	}
	return theWorld.world
}

func stopStandIn() error {
	if theWorld.world == nil {
		return nil
	}
	return errors.Join(theWorld.world.server.Close(), os.RemoveAll(theWorld.dir))
}

func startStandIn() (_ *world, err error) {
	if theWorld.dir, err = os.MkdirTemp("", "sealift-test-"); err != nil {
		return nil, err
	}
	ctx := context.Background()
	server, err := local.Up(ctx, local.Options{
		Dir: theWorld.dir, AnyPort: true, LegacyClientSideEncryption: true, // which writes the archives that reseal reads
	})
	if err != nil {
		return nil, err
	}
	w := &world{server: server, vars: map[string]string{}, urls: map[string]*url.URL{}}
	for _, v := range server.Env() {
		w.vars[v.Name] = v.Value
	}
	for side, name := range map[string]string{"source": "REDSHIFT_SOURCE_URL", "target": "REDSHIFT_TARGET_URL"} {
		if w.urls[side], err = url.Parse(w.vars[name]); err != nil {
			return nil, err
		}
	}
	roots, err := w.roots()
	if err != nil {
		return nil, err
	}
	w.source = aws.Config{
		Region: region, BaseEndpoint: aws.String(w.vars["AWS_ENDPOINT_URL"]),
		Credentials: credentials.NewStaticCredentialsProvider(w.vars["AWS_ACCESS_KEY_ID"], w.vars["AWS_SECRET_ACCESS_KEY"], w.vars["AWS_SESSION_TOKEN"]),
		HTTPClient: awshttp.NewBuildableClient().WithTransportOptions(func(t *http.Transport) {
			t.TLSClientConfig.RootCAs = roots
		}),
	}
	w.target = w.source.Copy()
	w.target.Credentials = aws.NewCredentialsCache(stscreds.NewAssumeRoleProvider(
		sts.NewFromConfig(w.source), "arn:aws:iam::"+targetAccount+":role/OrganizationAccountAccessRole"))
	return w, errors.Join(w.makeRoles(ctx), w.makeDoorRole(ctx))
}

func (w *world) roots() (*x509.CertPool, error) {
	pem, err := os.ReadFile(w.vars["AWS_CA_BUNDLE"])
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(pem) {
		return nil, errors.New("no certificate in the stand-in's CA file")
	}
	return roots, nil
}

// makeRoles makes what UNLOAD and COPY run as. Their rights are wide: narrow ones are another test's subject.
func (w *world) makeRoles(ctx context.Context) error {
	const trust = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"redshift.amazonaws.com"},"Action":"sts:AssumeRole"}]}`
	const rights = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:*","kms:GenerateDataKey","kms:Decrypt"],"Resource":"*"}]}`
	for _, r := range []struct {
		arn     string
		account aws.Config
		cluster string
	}{{unloadRole, w.source, "source"}, {detachedRole, w.source, ""}, {copyRole, w.target, "target"}} {
		name := r.arn[strings.LastIndex(r.arn, "/")+1:]
		client := iam.NewFromConfig(r.account)
		if _, err := client.CreateRole(ctx, &iam.CreateRoleInput{RoleName: &name, AssumeRolePolicyDocument: aws.String(trust)}); err != nil {
			return err
		}
		if _, err := client.PutRolePolicy(ctx, &iam.PutRolePolicyInput{RoleName: &name, PolicyName: &name, PolicyDocument: aws.String(rights)}); err != nil {
			return err
		}
		if r.cluster == "" {
			continue
		}
		_, err := redshift.NewFromConfig(r.account).ModifyClusterIamRoles(ctx, &redshift.ModifyClusterIamRolesInput{
			ClusterIdentifier: &r.cluster, AddIamRoles: []string{r.arn},
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// site is one test's own: a database in each warehouse, a bucket, a key.
type site struct {
	*world
	database string
	bucket   string
	keyARN   string
	alias    string
	endpoint string
	s3       *s3.Client
	kms      *kms.Client
}

func newSite(tb testing.TB, name string) *site {
	tb.Helper()
	w := standIn(tb)
	ctx := tb.Context()
	s := &site{world: w, database: "t_" + name, bucket: "test-" + name, alias: "alias/test-" + name, endpoint: w.vars["AWS_ENDPOINT_URL"]}
	s.s3 = s3.NewFromConfig(w.source, func(o *s3.Options) { o.UsePathStyle = true })
	s.kms = kms.NewFromConfig(w.source)
	check := func(err error) {
		tb.Helper()
		if err != nil {
			tb.Fatal(err)
		}
	}
	for _, side := range []string{"source", "target"} {
		_, err := w.queryIn(ctx, side, "dev", "create database "+s.database)
		check(err)
	}
	key, err := s.kms.CreateKey(ctx, &kms.CreateKeyInput{Policy: aws.String(keyPolicy)})
	check(err)
	s.keyARN = *key.KeyMetadata.Arn
	_, err = s.kms.CreateAlias(ctx, &kms.CreateAliasInput{AliasName: &s.alias, TargetKeyId: key.KeyMetadata.KeyId})
	check(err)
	_, err = s.s3.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: &s.bucket, CreateBucketConfiguration: &s3types.CreateBucketConfiguration{LocationConstraint: region}})
	check(err)
	_, err = s.s3.PutBucketVersioning(ctx, &s3.PutBucketVersioningInput{Bucket: &s.bucket, VersioningConfiguration: &s3types.VersioningConfiguration{Status: s3types.BucketVersioningStatusEnabled}})
	check(err)
	_, err = s.s3.PutBucketPolicy(ctx, &s3.PutBucketPolicyInput{Bucket: &s.bucket, Policy: aws.String(fmt.Sprintf(bucketPolicy, s.bucket, s.keyARN, copyRole))})
	check(err)
	return s
}

const keyPolicy = `{"Version":"2012-10-17","Statement":[
 {"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::` + sourceAccount + `:root"},"Action":"kms:*","Resource":"*"},
 {"Effect":"Allow","Principal":{"AWS":"` + copyRole + `"},"Action":"kms:Decrypt","Resource":"*"}]}`

const bucketPolicy = `{"Version":"2012-10-17","Statement":[
 {"Effect":"Deny","Principal":"*","Action":"s3:PutObject","Resource":"arn:aws:s3:::%[1]s/*","Condition":{"StringNotEquals":{"s3:x-amz-server-side-encryption":"aws:kms"}}},
 {"Effect":"Deny","Principal":"*","Action":"s3:PutObject","Resource":"arn:aws:s3:::%[1]s/*","Condition":{"StringNotEquals":{"s3:x-amz-server-side-encryption-aws-kms-key-id":"%[2]s"}}},
 {"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":["arn:aws:s3:::%[1]s","arn:aws:s3:::%[1]s/*"],"Condition":{"Bool":{"aws:SecureTransport":"false"}}},
 {"Effect":"Allow","Principal":{"AWS":"%[3]s"},"Action":["s3:GetObject","s3:ListBucket","s3:GetBucketLocation"],"Resource":["arn:aws:s3:::%[1]s","arn:aws:s3:::%[1]s/*"]}]}`

// env is what the program finds in its environment.
func (s *site) env() map[string]string {
	out := maps.Clone(s.vars)
	for _, side := range []string{"source", "target"} {
		u := s.urls[side]
		password, _ := u.User.Password()
		upper := strings.ToUpper(side)
		out[upper+"_HOST"], out[upper+"_PORT"], out[upper+"_USER"], out[upper+"_PASSWORD"] = u.Hostname(), u.Port(), u.User.Username(), password
	}
	out["INBOX"] = s.bucket + "-in"
	out["ISSUER"] = s.server.Cloud.Issuer.URL()
	out["DATABASE"], out["BUCKET"], out["KEY"], out["OWNER"], out["FORMAT"] = s.database, s.bucket, s.alias, sourceAccount, "auto"
	out["UNLOAD_ROLE"], out["COPY_ROLE"], out["DETACHED_ROLE"] = unloadRole, copyRole, detachedRole
	return out
}

// transport reaches the AWS endpoint over TLS.
func (s *site) transport() http.RoundTripper {
	roots, err := s.roots()
	if err != nil {
		panic(err) // read once already
	}
	return &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}}
}

// query runs statements in the site's database and gives the rows of the last.
func (s *site) query(ctx context.Context, side, sql string) ([][]string, error) {
	return s.queryIn(ctx, side, s.database, sql)
}

func (w *world) queryIn(ctx context.Context, side, database, sql string) (rows [][]string, err error) {
	u := *w.urls[side]
	u.Path = "/" + database
	conn, err := pgconn.Connect(ctx, u.String())
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, conn.Close(ctx)) }()
	results := conn.Exec(ctx, sql)
	for results.NextResult() {
		r := results.ResultReader()
		for r.NextRow() {
			row := make([]string, len(r.Values()))
			for i, v := range r.Values() {
				row[i] = string(v)
				if v == nil {
					row[i] = "NULL"
				}
			}
			rows = append(rows, row)
		}
		if _, err := r.Close(); err != nil {
			break // results.Close reports it
		}
	}
	return rows, results.Close()
}

// inBucket lists every version, delete marker and unfinished upload.
func (s *site) inBucket(ctx context.Context) ([]string, error) {
	list, err := s.s3.ListObjectVersions(ctx, &s3.ListObjectVersionsInput{Bucket: &s.bucket})
	if err != nil {
		return nil, err
	}
	var found []string
	for _, v := range list.Versions {
		found = append(found, *v.Key)
	}
	for _, m := range list.DeleteMarkers {
		found = append(found, "marker of "+*m.Key)
	}
	uploads, err := s.s3.ListMultipartUploads(ctx, &s3.ListMultipartUploadsInput{Bucket: &s.bucket})
	if err != nil {
		return nil, err
	}
	for _, u := range uploads.Uploads {
		found = append(found, "upload of "+*u.Key)
	}
	return found, nil
}

func (s *site) setKey(ctx context.Context, enabled bool) error {
	if enabled {
		_, err := s.kms.EnableKey(ctx, &kms.EnableKeyInput{KeyId: &s.keyARN})
		return err
	}
	_, err := s.kms.DisableKey(ctx, &kms.DisableKeyInput{KeyId: &s.keyARN})
	return err
}

// fillDisk makes writing to S3 fail after n more bytes; "off" ends that.
func (s *site) fillDisk(n string) error {
	room := int64(-1)
	if n != "off" {
		var err error
		if room, err = strconv.ParseInt(n, 10, 64); err != nil {
			return err
		}
	}
	s.server.Cloud.S3.LimitDisk(room)
	return nil
}
