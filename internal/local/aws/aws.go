// Package aws is the stand-in's AWS: S3, KMS, STS, IAM, EC2, Scheduler and Redshift of several accounts on one port. It authenticates
// requests, finds the service each is for, and writes answers and errors in that service's protocol. What the services
// do is in their own packages; none of them knows HTTP but S3.
package aws

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/sealift/sealift/internal/local/aws/awserr"
	"github.com/sealift/sealift/internal/local/aws/ec2"
	"github.com/sealift/sealift/internal/local/aws/iam"
	"github.com/sealift/sealift/internal/local/aws/imds"
	"github.com/sealift/sealift/internal/local/aws/kms"
	"github.com/sealift/sealift/internal/local/aws/oidc"
	"github.com/sealift/sealift/internal/local/aws/query"
	"github.com/sealift/sealift/internal/local/aws/redshiftapi"
	"github.com/sealift/sealift/internal/local/aws/redshiftdata"
	"github.com/sealift/sealift/internal/local/aws/s3"
	"github.com/sealift/sealift/internal/local/aws/scheduler"
	"github.com/sealift/sealift/internal/local/aws/secrets"
	"github.com/sealift/sealift/internal/local/aws/sigv4"
	"github.com/sealift/sealift/internal/local/aws/sts"
)

// Options make a Cloud.
type Options struct {
	Dir        string                  // where everything is kept
	Region     string                  // of callers that sign for none; default: eu-west-1
	Fleet      redshiftapi.Fleet       // makes warehouses; nil refuses CreateCluster
	IAMDelay   time.Duration           // until a new user or role is seen by those who assume it or name it
	GrantDelay time.Duration           // until a KMS grant, or its end, is seen
	Instance   imds.Instance           // that the metadata service pretends to be
	Warehouses redshiftdata.Warehouses // that the Data API runs statements in; nil: there are none
	RuleDelay  time.Duration           // until a rule of a security group, or its end, is seen
	RoleDelay  time.Duration           // until a role attached to a cluster can be used
	Issuer     string                  // URL of the issuer of web identity tokens; default: https://localhost/oidc
	Log        *slog.Logger            // nil discards
	Now        func() time.Time        // nil: time.Now
}

// Cloud is all services together. The fields may be used directly by code inside the stand-in.
type Cloud struct {
	IAM      *iam.Service
	STS      *sts.Service
	KMS      *kms.Service
	S3       *s3.Service
	Redshift *redshiftapi.Service
	Data     *redshiftdata.Service
	EC2      *ec2.Service
	Schedule *scheduler.Service
	Secrets  *secrets.Service
	Metadata *imds.Service
	Issuer   *oidc.Issuer

	verifier *sigv4.Verifier
	log      *slog.Logger
	now      func() time.Time

	mu        sync.Mutex     // guards the fields below
	lost      map[string]int // by operation: how many more answers LoseAnswers takes away
	throttled map[string]int // by operation: how many more requests Throttle refuses
}

// New opens the services whose state is kept in Options.Dir.
func New(opts Options) (*Cloud, error) {
	if opts.Region == "" {
		opts.Region = "eu-west-1"
	}
	if opts.Log == nil {
		opts.Log = slog.New(slog.DiscardHandler)
	}
	if opts.Now == nil {
		opts.Now = time.Now
	}
	objects := filepath.Join(opts.Dir, "s3")
	if err := os.MkdirAll(objects, 0o700); err != nil {
		return nil, fmt.Errorf("open aws: %w", err)
	}
	c := &Cloud{log: opts.Log, now: opts.Now, lost: map[string]int{}, throttled: map[string]int{}}
	var err error
	if c.IAM, err = iam.New(iam.Options{Dir: opts.Dir, Region: opts.Region, Delay: opts.IAMDelay, Log: opts.Log, Now: opts.Now}); err != nil {
		return nil, err
	}
	if opts.Issuer == "" {
		opts.Issuer = "https://localhost" + oidc.Path
	}
	c.Issuer = oidc.New(opts.Dir, opts.Issuer, opts.Now)
	c.STS = sts.New(c.IAM, c.Issuer)
	if c.KMS, err = kms.New(kms.Options{Dir: opts.Dir, IAM: c.IAM, GrantDelay: opts.GrantDelay, Log: opts.Log, Now: opts.Now}); err != nil {
		return nil, err
	}
	if c.Secrets, err = secrets.New(secrets.Options{Dir: opts.Dir, IAM: c.IAM, KMS: c.KMS, Now: opts.Now}); err != nil {
		return nil, err
	}
	if c.EC2, err = ec2.New(ec2.Options{Dir: opts.Dir, IAM: c.IAM, Delay: opts.RuleDelay, Now: opts.Now}); err != nil {
		return nil, err
	}
	c.Metadata = imds.New(c.IAM, opts.Instance, opts.Now)
	if c.Schedule, err = scheduler.New(scheduler.Options{
		Dir: opts.Dir, IAM: c.IAM, Log: opts.Log, Now: opts.Now,
		Targets: map[string]scheduler.Target{"arn:aws:scheduler:::aws-sdk:ec2:revokeSecurityGroupIngress": c.EC2.Revoke},
	}); err != nil {
		return nil, err
	}
	if c.Redshift, err = redshiftapi.New(redshiftapi.Options{
		Dir: opts.Dir, IAM: c.IAM, EC2: c.EC2, Fleet: opts.Fleet, RoleDelay: opts.RoleDelay, Log: opts.Log, Now: opts.Now,
	}); err != nil {
		return nil, err
	}
	c.Data = redshiftdata.New(redshiftdata.Options{
		IAM: c.IAM, Redshift: c.Redshift, Secrets: c.Secrets, Warehouses: opts.Warehouses, Log: opts.Log, Now: opts.Now,
	})
	c.verifier = &sigv4.Verifier{IAM: c.IAM, Now: opts.Now}
	if c.S3, err = s3.New(s3.Options{
		Dir: objects, IAM: c.IAM, KMS: c.KMS, Verify: c.verifier, Log: opts.Log, Now: opts.Now,
	}); err != nil {
		return nil, err
	}
	return c, nil
}

// Close stops what happens by itself. What is kept stays.
func (c *Cloud) Close() {
	c.Schedule.Close()
	c.Data.Close()
}

// queryService is a service of the Query protocol.
type queryService struct {
	name      string // in the credential scope
	namespace string
	version   string
	call      func(ctx context.Context, id *iam.Identity, action string, p query.Params) (any, error)
	ec2       bool // speaks EC2's dialect
}

func (s queryService) write(w http.ResponseWriter, action, requestID string, result any) error {
	if s.ec2 {
		return query.WriteEC2(w, s.namespace, action, requestID, result)
	}
	return query.Write(w, s.namespace, action, requestID, result)
}

func (s queryService) writeError(w http.ResponseWriter, requestID string, err error) error {
	if s.ec2 {
		return awserr.Of(err).WriteEC2(w, requestID)
	}
	return awserr.Of(err).WriteQuery(w, s.namespace, requestID)
}

func (c *Cloud) queryServices() []queryService {
	return []queryService{
		{"sts", sts.Namespace, "2011-06-15", c.STS.Call, false},
		{"iam", iam.Namespace, "2010-05-08", c.IAM.Call, false},
		{"redshift", redshiftapi.Namespace, "2012-12-01", c.Redshift.Call, false},
		{"ec2", ec2.Namespace, "2016-11-15", func(_ context.Context, id *iam.Identity, action string, p query.Params) (any, error) {
			return c.EC2.Call(id, action, p)
		}, true},
	}
}

// maxRequest bounds the bodies of all services but S3.
const maxRequest = 1 << 20

// Handler answers the requests of every service. A signature names the service it is for; unsigned ones are told apart
// by their form: X-Amz-Target is a JSON service, Action and Version are a Query service, all else is S3. S3's keys may
// hold "//" and "..", so no http.ServeMux may stand before it.
func (c *Cloud) Handler() http.Handler {
	services := c.queryServices()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		started := c.now()
		seen := &seenWriter{ResponseWriter: w, status: http.StatusOK}
		requestID := newRequestID()
		operation := c.route(seen, r, services, requestID)
		c.log.LogAttrs(r.Context(), slog.LevelDebug, "aws request",
			slog.String("operation", operation), slog.String("method", r.Method), slog.String("path", r.URL.Path),
			slog.Int("status", seen.status), slog.Int64("bytes", seen.bytes), slog.Bool("lost", seen.lost), slog.Duration("elapsed", c.now().Sub(started)))
		if seen.lost {
			panic(http.ErrAbortHandler) // net/http's way to break the connection
		}
	})
}

// LoseAnswers lets the next n requests for an operation ("s3:CompleteMultipartUpload", "kms:CreateGrant") be carried out
// without their clients learning of it: the connection breaks where the answer should come. A client cannot tell that
// from a request that never arrived, and must find out, or be safe to repeat it.
func (c *Cloud) LoseAnswers(operation string, n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.lost[operation] = n
}

// Throttle makes the next n requests for an operation of STS, IAM, EC2 or Redshift ("iam:CreateRole") fail with Throttling. S3
// and KMS have switches of their own: S3.Throttle, KMS.Throttle.
func (c *Cloud) Throttle(operation string, n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.throttled[operation] = n
}

// rate counts a request that Throttle is about.
func (c *Cloud) rate(operation string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.throttled[operation] == 0 {
		return nil
	}
	c.throttled[operation]--
	return awserr.New(http.StatusBadRequest, "Throttling", "Rate exceeded")
}

// begin names what a request turned out to be, before it is carried out.
func (c *Cloud) begin(w *seenWriter, operation string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.lost[operation] > 0 {
		c.lost[operation]--
		w.lost = true
	}
}

// route answers a request, and names what it was for the log: never a header or the query, where signatures are.
func (c *Cloud) route(w *seenWriter, r *http.Request, services []queryService, requestID string) string {
	service := sigv4.Service(r)
	target := r.Header.Get("X-Amz-Target")
	switch {
	case service == "" && strings.HasPrefix(r.URL.Path, oidc.Path+"/") && r.Header.Get("Authorization") == "":
		c.Issuer.ServeHTTP(w, r)
		return "oidc:" + strings.TrimPrefix(r.URL.Path, oidc.Path)
	case service == "s3", service == "" && target == "" && !isQuery(r):
		operation := "s3:" + s3.Operation(r)
		c.begin(w, operation)
		c.S3.ServeHTTP(w, r)
		return operation
	}
	for _, s := range c.jsonServices() {
		if service == s.name || service == "" && strings.HasPrefix(target, s.prefix) {
			operation := s.name + ":" + strings.TrimPrefix(target, s.prefix)
			c.begin(w, operation)
			c.json(w, r, s, strings.TrimPrefix(target, s.prefix), requestID)
			return operation
		}
	}
	if service == "scheduler" {
		operation := "scheduler:" + r.Method
		c.begin(w, operation)
		c.rest(w, r, requestID)
		return operation
	}
	if target != "" { // some other JSON service
		if service == "" {
			service, _, _ = strings.Cut(target, ".")
		}
		c.wrote(r, awserr.NotImitated("the service "+service).WriteJSON(w, requestID))
		return service
	}
	body, err := readForm(r)
	if err != nil {
		c.wrote(r, awserr.Of(err).WriteQuery(w, "", requestID))
		return service
	}
	p, err := query.Parse(body)
	if err != nil {
		c.wrote(r, awserr.Of(err).WriteQuery(w, "", requestID))
		return service
	}
	action, version := p.Get("Action"), p.Get("Version")
	for _, s := range services {
		if service == s.name || service == "" && version == s.version {
			operation := s.name + ":" + action
			c.begin(w, operation)
			c.query(w, r, s, p, requestID)
			return operation
		}
	}
	if service == "" {
		service = "of API version " + version
	}
	c.wrote(r, awserr.NotImitated("the service "+service).WriteQuery(w, "", requestID))
	return service
}

// isQuery tells whether an unsigned request is one of a Query service: a form in the body, or Action in the URL.
func isQuery(r *http.Request) bool {
	if r.URL.Query().Has("Action") {
		return true
	}
	kind, _, _ := strings.Cut(r.Header.Get("Content-Type"), ";")
	return r.Method == http.MethodPost && r.URL.Path == "/" && strings.TrimSpace(kind) == "application/x-www-form-urlencoded"
}

// readForm gives the parameters as text, of the body or of the URL, and leaves the body to be read again: its hash is
// still to be checked.
func readForm(r *http.Request) (string, error) {
	body, err := readBody(r)
	if err != nil {
		return "", err
	}
	if r.Method == http.MethodGet {
		return r.URL.RawQuery, nil
	}
	return string(body), nil
}

func readBody(r *http.Request) ([]byte, error) {
	body, err := io.ReadAll(io.LimitReader(r.Body, maxRequest+1))
	if err := errors.Join(err, r.Body.Close()); err != nil {
		return nil, awserr.New(http.StatusBadRequest, "IncompleteBody", "The request body terminated unexpectedly")
	}
	if len(body) > maxRequest {
		return nil, awserr.New(http.StatusRequestEntityTooLarge, "RequestEntityTooLarge", "The request body is longer than %d bytes", maxRequest)
	}
	r.Body = io.NopCloser(strings.NewReader(string(body)))
	return body, nil
}

var actionName = regexp.MustCompile(`^[A-Za-z]{1,64}$`)

func (c *Cloud) query(w http.ResponseWriter, r *http.Request, s queryService, p query.Params, requestID string) {
	fail := func(err error) {
		c.failed(r, err)
		c.wrote(r, s.writeError(w, requestID, err))
	}
	action := p.Get("Action")
	// These need no signature, because their parameters prove who calls.
	if action == "AssumeRoleWithSAML" {
		fail(awserr.NotImitated(s.name + ":" + action))
		return
	}
	if s.name == "sts" && action == "AssumeRoleWithWebIdentity" {
		result, err := c.STS.WebIdentity(p)
		if err != nil {
			fail(err)
			return
		}
		c.wrote(r, s.write(w, action, requestID, result))
		return
	}
	id, err := c.verifier.Verify(r, s.name)
	if err != nil {
		fail(err)
		return
	}
	if !actionName.MatchString(action) || p.Get("Version") != s.version {
		fail(awserr.New(http.StatusBadRequest, "InvalidAction", "Could not find operation %s for version %s", action, p.Get("Version")))
		return
	}
	if err := c.rate(s.name + ":" + action); err != nil {
		fail(err)
		return
	}
	result, err := s.call(r.Context(), id, action, p)
	if err != nil {
		fail(err)
		return
	}
	c.wrote(r, s.write(w, action, requestID, result))
}

// jsonService is a service of the JSON protocol.
type jsonService struct {
	name   string // in the credential scope
	prefix string // of its operations' names in X-Amz-Target
	call   func(ctx context.Context, id *iam.Identity, op string, body []byte) ([]byte, error)
}

func (c *Cloud) jsonServices() []jsonService {
	return []jsonService{
		{"kms", kms.TargetPrefix, c.KMS.Call},
		{"secretsmanager", secrets.TargetPrefix, c.Secrets.Call},
		{"redshift-serverless", redshiftapi.ServerlessPrefix, c.Redshift.CallServerless},
		{"redshift-data", redshiftdata.TargetPrefix, c.Data.Call},
	}
}

// document answers a request whose answer is JSON: call gets who asks, and what stands in the body.
func (c *Cloud) document(w http.ResponseWriter, r *http.Request, service, contentType, requestID string, call func(ctx context.Context, id *iam.Identity, body []byte) ([]byte, error)) {
	fail := func(err error) {
		c.failed(r, err)
		c.wrote(r, awserr.Of(err).WriteJSON(w, requestID))
	}
	id, err := c.verifier.Verify(r, service)
	if err != nil {
		fail(err)
		return
	}
	body, err := readBody(r)
	if err != nil {
		fail(err)
		return
	}
	result, err := call(r.Context(), id, body)
	if err != nil {
		fail(err)
		return
	}
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("X-Amzn-Requestid", requestID)
	_, err = w.Write(result)
	c.wrote(r, err)
}

func (c *Cloud) json(w http.ResponseWriter, r *http.Request, s jsonService, op, requestID string) {
	c.document(w, r, s.name, "application/x-amz-json-1.1", requestID, func(ctx context.Context, id *iam.Identity, body []byte) ([]byte, error) {
		return s.call(ctx, id, op, body)
	})
}

// rest answers a service whose operations are methods and paths.
func (c *Cloud) rest(w http.ResponseWriter, r *http.Request, requestID string) {
	c.document(w, r, "scheduler", "application/json", requestID, func(_ context.Context, id *iam.Identity, body []byte) ([]byte, error) {
		result, err := c.Schedule.Call(id, r.Method, r.URL.Path, r.URL.Query(), body)
		if err != nil {
			return nil, err
		}
		return json.Marshal(result)
	})
}

// failed logs what is the stand-in's own fault; a caller's mistake is in its answer.
func (c *Cloud) failed(r *http.Request, err error) {
	if _, ok := errors.AsType[*awserr.Error](err); !ok {
		c.log.LogAttrs(r.Context(), slog.LevelError, "aws request failed", slog.String("path", r.URL.Path), slog.Any("err", err))
	}
}

// wrote looks at the error of writing an answer: usually the client is gone.
func (c *Cloud) wrote(r *http.Request, err error) {
	if err != nil && !errors.Is(err, net.ErrClosed) {
		c.log.LogAttrs(r.Context(), slog.LevelDebug, "aws answer not written", slog.Any("err", err))
	}
}

func newRequestID() string {
	raw := make([]byte, 16)
	rand.Read(raw)
	raw[6], raw[8] = raw[6]&0x0f|0x40, raw[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", raw[:4], raw[4:6], raw[6:8], raw[8:10], raw[10:])
}

// seenWriter remembers what was answered, for the log, or keeps the client from seeing it.
type seenWriter struct {
	http.ResponseWriter
	status int
	bytes  int64
	lost   bool
}

func (w *seenWriter) WriteHeader(status int) {
	w.status = status
	if !w.lost {
		w.ResponseWriter.WriteHeader(status)
	}
}

func (w *seenWriter) Write(p []byte) (int, error) {
	if w.lost {
		w.bytes += int64(len(p))
		return len(p), nil
	}
	n, err := w.ResponseWriter.Write(p)
	w.bytes += int64(n)
	return n, err
}

// ReadFrom keeps the fast path of io.Copy: objects can be large.
func (w *seenWriter) ReadFrom(src io.Reader) (int64, error) {
	var to io.Writer = w.ResponseWriter
	if w.lost {
		to = io.Discard
	}
	n, err := io.Copy(to, src)
	w.bytes += n
	return n, err
}

// FlushError stands before that of the connection, to which an answer that is to be lost must not get.
func (w *seenWriter) FlushError() error {
	if w.lost {
		return nil
	}
	return http.NewResponseController(w.ResponseWriter).Flush()
}

// Unwrap lets http.ResponseController reach the connection.
func (w *seenWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
