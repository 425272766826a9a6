package transfer

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
	"go.uber.org/goleak"

	"github.com/sealift/sealift/internal/local/catalog"
	"github.com/sealift/sealift/internal/local/dialect"
	"github.com/sealift/sealift/internal/local/pgserver"
)

// postgresql is the PostgreSQL of all tests of the package, started by the first that needs it; each test has a database
// of its own.
var postgresql struct {
	once   sync.Once
	dir    string
	server *pgserver.Server
	err    error
}

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	code := m.Run()
	if postgresql.server != nil {
		if err := postgresql.server.Close(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
		if err := os.RemoveAll(postgresql.dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	if code == 0 {
		if err := goleak.Find(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	return code
}

// startServer answers the running PostgreSQL.
func startServer(tb testing.TB) *pgserver.Server {
	tb.Helper()
	postgresql.once.Do(func() { postgresql.server, postgresql.err = start() })
	if postgresql.err != nil {
		tb.Fatal(postgresql.err)
	}
	return postgresql.server
}

func start() (*pgserver.Server, error) {
	dir, err := os.MkdirTemp("", "transfer")
	if err != nil {
		return nil, err
	}
	postgresql.dir = dir
	if err := os.Chmod(dir, 0o711); err != nil { // PostgreSQL may run as another user
		return nil, err
	}
	return pgserver.Start(context.Background(), pgserver.Options{
		Dir: filepath.Join(dir, "pg"), CacheDir: filepath.Join(dir, "cache"), Superuser: superuser,
		BootstrapKey: "transfer-test", Settings: catalog.Settings(),
		Bootstrap: func(ctx context.Context, s *pgserver.Server) error {
			conn, err := s.Connect(ctx, s.Superuser(), "template1", nil)
			if err != nil {
				return err
			}
			err = catalog.Install(ctx, conn, catalog.Options{Account: "111111111111", Region: "eu-west-1", Cluster: "source", Slices: 4})
			return errors.Join(err, conn.Close(ctx))
		},
	})
}

const superuser = "rdsdb"

var databases atomic.Int64

// session is a database session of a test with an engine and a store of its own.
type session struct {
	tb      testing.TB
	conn    *pgconn.PgConn
	engine  *Engine
	store   *memStore
	history *memHistory
	access  *memAccess
	id      int64
	db      string
}

func newSession(tb testing.TB) *session {
	tb.Helper()
	name := fmt.Sprintf("t%d", databases.Add(1))
	admin, err := startServer(tb).Connect(tb.Context(), superuser, "postgres", nil)
	if err != nil {
		tb.Fatal(err)
	}
	if _, err := admin.Exec(tb.Context(), "CREATE DATABASE "+name+" TEMPLATE template1").ReadAll(); err != nil {
		tb.Fatal(err)
	}
	if err := admin.Close(tb.Context()); err != nil {
		tb.Fatal(err)
	}
	s := &session{tb: tb, store: newMemStore("eu-west-1"), history: &memHistory{}, db: name}
	s.access = &memAccess{store: s.store}
	s.engine = &Engine{Access: s.access, History: s.history, Slices: 4, Region: "eu-west-1", Cluster: "source", Account: "111111111111"}
	s.conn = s.connect()
	return s
}

func (s *session) connect() *pgconn.PgConn {
	s.tb.Helper()
	conn, err := startServer(s.tb).Connect(s.tb.Context(), superuser, s.db, nil)
	if err != nil {
		s.tb.Fatal(err)
	}
	s.tb.Cleanup(func() {
		if err := conn.Close(context.Background()); err != nil {
			s.tb.Error(err)
		}
	})
	return conn
}

// run runs a COPY or UNLOAD.
func (s *session) run(ctx context.Context, sql string) (Result, error) {
	s.id++
	statements := dialect.Split(sql)
	if len(statements) != 1 {
		return Result{}, fmt.Errorf("%d statements in %s", len(statements), sql)
	}
	return s.engine.Run(ctx, s.conn, statements[0], Session{
		User: superuser, Superuser: true, PID: int32(s.conn.PID()), QueryID: s.id, Database: s.db,
		InTransaction: s.conn.TxStatus() == 'T',
	})
}

// must runs a COPY or UNLOAD that has to succeed.
func (s *session) must(sql string) Result {
	s.tb.Helper()
	r, err := s.run(s.tb.Context(), sql)
	if err != nil {
		if e, ok := errors.AsType[*dialect.Error](err); ok {
			s.tb.Log(e.Detail)
		}
		for _, l := range s.history.loads {
			for _, e := range l.Errors {
				s.tb.Logf("%+v", e)
			}
		}
		s.tb.Fatalf("%s\n%v", sql, err)
	}
	return r
}

// fails runs a COPY or UNLOAD that has to fail.
func (s *session) fails(sql string) {
	s.tb.Helper()
	_ = s.refused(sql)
}

// refused answers the error of a COPY or UNLOAD that has to fail.
func (s *session) refused(sql string) *dialect.Error {
	s.tb.Helper()
	_, err := s.run(s.tb.Context(), sql)
	var e *dialect.Error
	if !errors.As(err, &e) {
		s.tb.Fatalf("%s\ngot %v, want a *dialect.Error", sql, err)
	}
	if e.Code == "" || e.Message == "" {
		s.tb.Fatalf("%s\nan error without code or message: %+v", sql, e)
	}
	return e
}

// sql runs statements on PostgreSQL itself.
func (s *session) sql(text string) {
	s.tb.Helper()
	if _, err := s.conn.Exec(s.tb.Context(), text).ReadAll(); err != nil {
		s.tb.Fatalf("%s\n%v", text, err)
	}
}

// query answers rows as lines of fields with | between them, NULL as <null>.
func (s *session) query(text string) []string {
	s.tb.Helper()
	results, err := s.conn.Exec(s.tb.Context(), text).ReadAll()
	if err != nil {
		s.tb.Fatalf("%s\n%v", text, err)
	}
	var lines []string
	for _, row := range results[len(results)-1].Rows {
		fields := make([]string, len(row))
		for i, v := range row {
			fields[i] = "<null>"
			if v != nil {
				fields[i] = string(v)
			}
		}
		lines = append(lines, strings.Join(fields, "|"))
	}
	return lines
}

const role = " IAM_ROLE 'arn:aws:iam::111111111111:role/r'"

// memStore is S3 in memory. It polices itself: an object is written once, ended once, and never read before that.
type memStore struct {
	mu      sync.Mutex
	region  string
	objects map[string]*memObject // by bucket/key
	regions map[string]string     // of buckets elsewhere
	open    int                   // writers that were neither committed nor aborted

	// fail is asked before each operation and answers its error.
	fail func(op, bucket, key string) error
	// write is called with each write's total.
	write func(key string, total int)
}

type memObject struct {
	data []byte
	meta map[string]string
	enc  Encryption
	ssec bool
}

func newMemStore(region string) *memStore {
	return &memStore{region: region, objects: map[string]*memObject{}, regions: map[string]string{}}
}

func (m *memStore) failure(op, bucket, key string) error {
	if m.fail == nil {
		return nil
	}
	return m.fail(op, bucket, key)
}

func (m *memStore) put(url string, data string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.objects[strings.TrimPrefix(url, "s3://")] = &memObject{data: []byte(data)}
}

func (m *memStore) get(tb testing.TB, url string) string {
	tb.Helper()
	m.mu.Lock()
	defer m.mu.Unlock()
	o := m.objects[strings.TrimPrefix(url, "s3://")]
	if o == nil {
		tb.Fatalf("%s does not exist", url)
	}
	return string(o.data)
}

// keys answers all keys of bucket b.
func (m *memStore) keys() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	var keys []string
	for k := range m.objects {
		keys = append(keys, strings.TrimPrefix(k, "b/"))
	}
	slices.Sort(keys)
	return keys
}

func (m *memStore) clear() {
	m.mu.Lock()
	defer m.mu.Unlock()
	clear(m.objects)
}

func (m *memStore) List(_ context.Context, bucket, prefix string, each func(ObjectInfo) error) error {
	if err := m.failure("list", bucket, prefix); err != nil {
		return err
	}
	m.mu.Lock()
	var found []ObjectInfo
	for k, o := range m.objects {
		if key, ok := strings.CutPrefix(k, bucket+"/"); ok && strings.HasPrefix(key, prefix) {
			found = append(found, ObjectInfo{Key: key, Size: int64(len(o.data)), SSEC: o.ssec})
		}
	}
	m.mu.Unlock()
	slices.SortFunc(found, func(a, b ObjectInfo) int { return cmp.Compare(a.Key, b.Key) })
	for _, o := range found {
		if err := each(o); err != nil {
			return err
		}
	}
	return nil
}

func (m *memStore) find(op, bucket, key string) (*memObject, error) {
	if err := m.failure(op, bucket, key); err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	o := m.objects[bucket+"/"+key]
	if o == nil {
		return nil, &StoreError{Code: "NoSuchKey", Status: 404, Message: "The specified key does not exist.", RequestID: "R1"}
	}
	return o, nil
}

func (m *memStore) Open(_ context.Context, bucket, key string) (io.ReadCloser, ObjectInfo, error) {
	o, err := m.find("open", bucket, key)
	if err != nil {
		return nil, ObjectInfo{}, err
	}
	return io.NopCloser(bytes.NewReader(o.data)), ObjectInfo{Key: key, Size: int64(len(o.data)), SSEC: o.ssec, Meta: o.meta}, nil
}

func (m *memStore) OpenRange(_ context.Context, bucket, key string, offset, length int64) (io.ReadCloser, error) {
	o, err := m.find("range", bucket, key)
	if err != nil {
		return nil, err
	}
	return io.NopCloser(io.NewSectionReader(bytes.NewReader(o.data), offset, length)), nil
}

func (m *memStore) Create(_ context.Context, bucket, key string, enc Encryption, meta map[string]string) (ObjectWriter, error) {
	if err := m.failure("create", bucket, key); err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.open++
	return &memWriter{store: m, bucket: bucket, key: key, enc: enc, meta: meta}, nil
}

func (m *memStore) Delete(_ context.Context, bucket, key string) error {
	if err := m.failure("delete", bucket, key); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.objects, bucket+"/"+key)
	return nil
}

func (m *memStore) Region(_ context.Context, bucket string) (string, error) {
	if r, ok := m.regions[bucket]; ok {
		return r, nil
	}
	return m.region, nil
}

type memWriter struct {
	store       *memStore
	bucket, key string
	enc         Encryption
	meta        map[string]string
	buf         bytes.Buffer
	ended       bool
}

func (w *memWriter) Write(p []byte) (int, error) {
	if w.ended {
		panic("write to an ended object")
	}
	if err := w.store.failure("write", w.bucket, w.key); err != nil {
		return 0, err
	}
	n, err := w.buf.Write(p)
	if w.store.write != nil {
		w.store.write(w.key, w.buf.Len())
	}
	return n, err
}

func (w *memWriter) end() {
	if w.ended {
		panic("object ended twice")
	}
	w.ended = true
	w.store.open--
}

func (w *memWriter) Commit(context.Context) error {
	w.store.mu.Lock()
	defer w.store.mu.Unlock()
	w.end()
	if err := w.store.failure("commit", w.bucket, w.key); err != nil {
		return err
	}
	w.store.objects[w.bucket+"/"+w.key] = &memObject{data: w.buf.Bytes(), enc: w.enc, meta: w.meta}
	return nil
}

func (w *memWriter) Abort(context.Context) error {
	w.store.mu.Lock()
	defer w.store.mu.Unlock()
	w.end()
	return nil
}

// memAccess opens the store for everybody and remembers what was asked.
type memAccess struct {
	store Store
	err   error
	asked []string
}

func (a *memAccess) AssumeRoles(_ context.Context, user string, chain []string) (Store, error) {
	a.asked = append(a.asked, user+":"+strings.Join(chain, ","))
	return a.store, a.err
}

func (a *memAccess) Keys(_ context.Context, id, secret, token string) (Store, error) {
	a.asked = append(a.asked, id+"/"+secret+"/"+token)
	return a.store, a.err
}

// memHistory keeps what it is given.
type memHistory struct {
	loads    map[int64]Load
	unloads  map[int64]Unload
	statuses []Status // of all calls
}

func (h *memHistory) Load(_ context.Context, l *Load) error {
	if h.loads == nil {
		h.loads = map[int64]Load{}
	}
	h.loads[l.QueryID] = *l
	h.statuses = append(h.statuses, l.Status)
	return nil
}

func (h *memHistory) Unload(_ context.Context, u *Unload) error {
	if h.unloads == nil {
		h.unloads = map[int64]Unload{}
	}
	h.unloads[u.QueryID] = *u
	h.statuses = append(h.statuses, u.Status)
	return nil
}

func readAll(tb testing.TB, r io.Reader) string {
	tb.Helper()
	b, err := io.ReadAll(r)
	if err != nil {
		tb.Fatal(err)
	}
	return string(b)
}
