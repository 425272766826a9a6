package objects

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/iotest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
)

// flaky serves one object, and breaks off every answer but those that are short.
type flaky struct {
	text   []byte
	etag   string // of requests that are answered
	most   int    // bytes before an answer breaks off; 0: never
	answer atomic.Int64
	change atomic.Bool // it is another object now
}

func (f *flaky) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.answer.Add(1)
	if f.change.Load() || r.Header.Get("If-Match") != f.etag {
		w.WriteHeader(http.StatusPreconditionFailed)
		return
	}
	text, begin := f.text, 0
	if asked := r.Header.Get("Range"); asked != "" {
		end := 0
		if _, err := fmt.Sscanf(asked, "bytes=%d-%d", &begin, &end); err != nil || end >= len(text) {
			w.WriteHeader(http.StatusRequestedRangeNotSatisfiable)
			return
		}
		text = text[begin : end+1]
	}
	w.Header().Set("Content-Length", fmt.Sprint(len(text)))
	if r.Header.Get("Range") != "" {
		w.Header().Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", begin, begin+len(text)-1, len(f.text)))
		w.WriteHeader(http.StatusPartialContent)
	}
	if f.most > 0 && len(text) > f.most {
		_, _ = w.Write(text[:f.most])
		if err := http.NewResponseController(w).Flush(); err != nil {
			panic(err)
		}
		panic(http.ErrAbortHandler)
	}
	_, _ = w.Write(text)
}

func serve(t *testing.T, f *flaky) Object {
	t.Helper()
	server := httptest.NewServer(f)
	t.Cleanup(server.Close)
	cfg := aws.Config{Region: "eu-west-1", BaseEndpoint: &server.URL, Credentials: credentials.NewStaticCredentialsProvider("a", "b", "")}
	return New(cfg, Object{Bucket: "b", Key: "k", Size: int64(len(f.text)), ETag: f.etag})
}

func text(n int) []byte {
	b := make([]byte, n)
	r := rand.New(rand.NewPCG(1, 2))
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return b
}

func TestAStreamGoesOnWhereItBrokeOff(t *testing.T) {
	t.Parallel()
	f := &flaky{text: text(1 << 20), etag: `"e"`, most: 200_000}
	r, err := serve(t, f).Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(iotest.HalfReader(r))
	if err := errors.Join(err, r.Close()); err != nil || !bytes.Equal(got, f.text) {
		t.Fatalf("%d bytes, %v", len(got), err)
	}
	if f.answer.Load() < 6 {
		t.Errorf("%d answers brought it", f.answer.Load())
	}
}

func TestAStreamThatAlwaysBreaksIsGivenUp(t *testing.T) {
	t.Parallel()
	r, err := serve(t, &flaky{text: text(1 << 20), etag: `"e"`, most: 1}).Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	_, err = io.ReadAll(r)
	if err := errors.Join(err, r.Close()); err == nil || !strings.Contains(err.Error(), "broke off 11 times, at last behind 11 of 1048576 bytes") {
		t.Error(err)
	}
}

func TestAnotherObjectOfTheNameIsRefused(t *testing.T) {
	t.Parallel()
	f := &flaky{text: text(1 << 20), etag: `"e"`, most: 1000}
	o := serve(t, f)
	r, err := o.Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	f.change.Store(true)
	_, err = io.ReadAll(r)
	if err := errors.Join(err, r.Close()); !errors.Is(err, ErrChanged) {
		t.Error(err)
	}
	if _, err := o.At(t.Context()).ReadAt(make([]byte, 1), 0); !errors.Is(err, ErrChanged) {
		t.Error(err)
	}
}

func TestReadingAnywhere(t *testing.T) {
	t.Parallel()
	f := &flaky{text: text(2*windowSize + 1000), etag: `"e"`}
	at := serve(t, f).At(t.Context())
	if err := iotest.TestReader(io.NewSectionReader(at, windowSize-500, 1000), f.text[windowSize-500:windowSize+500]); err != nil {
		t.Error(err)
	}
	end := make([]byte, 10)
	if n, err := at.ReadAt(end, int64(len(f.text))-4); n != 4 || !errors.Is(err, io.EOF) || !bytes.Equal(end[:4], f.text[len(f.text)-4:]) {
		t.Errorf("%d %v", n, err)
	}
}

func TestParseURL(t *testing.T) {
	t.Parallel()
	for url, want := range map[string]Place{
		"s3://b/k":                              {Bucket: "b", Key: "k"},
		"s3://b":                                {Bucket: "b"},
		"s3://b/a/b?c":                          {Bucket: "b", Key: "a/b?c"},
		"s3://b/k?owner=123456789012":           {Bucket: "b", Key: "k", Owner: "123456789012"},
		"s3://b/k?region=eu-central-1":          {Bucket: "b", Key: "k", Region: "eu-central-1"},
		"s3://b/p/?region=r&owner=123456789012": {Bucket: "b", Key: "p/", Region: "r", Owner: "123456789012"},
	} {
		if got, err := ParseURL(url); err != nil || got != want {
			t.Errorf("%s: %+v, %v", url, got, err)
		}
	}
	for _, url := range []string{"s3://", "s3:///k", "b/k"} {
		if _, err := ParseURL(url); err == nil {
			t.Errorf("%s is no URL of an object", url)
		}
	}
}
