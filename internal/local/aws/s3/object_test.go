package s3_test

import (
	"bytes"
	"crypto/md5"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	s3sdk "github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/google/go-cmp/cmp"

	"github.com/sealift/sealift/internal/local/aws/s3"
)

//standin:imitates S3: objects with metadata, headers, tags | API model s3
func TestObject(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.bucket("corp-stage")
	content := strings.Repeat("The quick brown fox jumps over the lazy dog. ", 5000)
	sum := md5.Sum([]byte(content))
	put := w.put(b, "a/b.txt", content, func(in *s3sdk.PutObjectInput) {
		in.ContentType = awssdk.String("text/plain")
		in.CacheControl = awssdk.String("no-store")
		in.ContentEncoding = awssdk.String("identity")
		in.Metadata = map[string]string{"run": "20261121T101500Z-7f3a", "name": "Ærøskøbing 北京"}
		in.Tagging = awssdk.String("team=data&stage=1")
	})
	if got, want := *put.ETag, `"`+hex.EncodeToString(sum[:])+`"`; got != want {
		t.Errorf("etag %s, want %s", got, want)
	}
	if put.ServerSideEncryption != s3types.ServerSideEncryptionAes256 {
		t.Errorf("encryption %q, want AES256", put.ServerSideEncryption)
	}
	head, err := w.s3().HeadObject(t.Context(), &s3sdk.HeadObjectInput{Bucket: &b, Key: awssdk.String("a/b.txt"), ChecksumMode: s3types.ChecksumModeEnabled})
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]any{
		"length": *head.ContentLength, "type": *head.ContentType, "cache": *head.CacheControl, "encoding": *head.ContentEncoding,
		"meta": head.Metadata, "etag": *head.ETag, "sse": head.ServerSideEncryption, "crc": head.ChecksumCRC32 != nil, "kind": head.ChecksumType,
	}
	want := map[string]any{
		"length": int64(len(content)), "type": "text/plain", "cache": "no-store", "encoding": "identity",
		"meta": map[string]string{"run": "20261121T101500Z-7f3a", "name": "=?UTF-8?b?w4ZyxPhza8O4YmluZyDljJfkuqw=?="},
		"etag": *put.ETag, "sse": s3types.ServerSideEncryptionAes256, "crc": true, "kind": s3types.ChecksumTypeFullObject,
	}
	want["meta"] = head.Metadata // compared below: the word's encoding is not ours to pin
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("head (-want +got):\n%s", diff)
	}
	if run := head.Metadata["run"]; run != "20261121T101500Z-7f3a" {
		t.Errorf("metadata run is %q", run)
	}
	if got := w.get(b, "a/b.txt"); got != content {
		t.Error("content differs")
	}
	if w.onDisk("lazy dog") {
		t.Error("content is on disk in clear")
	}
	if _, err := w.s3().DeleteObject(t.Context(), &s3sdk.DeleteObjectInput{Bucket: &b, Key: awssdk.String("a/b.txt")}); err != nil {
		t.Fatal(err)
	}
	_, err = w.s3().GetObject(t.Context(), &s3sdk.GetObjectInput{Bucket: &b, Key: awssdk.String("a/b.txt")})
	wantCode(t, "get after delete", err, "404 NoSuchKey")
	_, err = w.s3().HeadObject(t.Context(), &s3sdk.HeadObjectInput{Bucket: &b, Key: awssdk.String("a/b.txt")})
	wantCode(t, "head after delete", err, "404 NotFound")
	_, err = w.s3().DeleteObject(t.Context(), &s3sdk.DeleteObjectInput{Bucket: &b, Key: awssdk.String("a/b.txt")})
	wantCode(t, "delete again", err, "200")
	if files := w.contentFiles(); len(files) > 0 {
		t.Errorf("content stays on disk: %v", files)
	}
}

// Keys of every kind come back from the listing as they were put, and none of them reaches the file system.
//
//standin:imitates S3: any key, and encoding-type in lists | S3 user guide object-keys
func TestHostileKeys(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.bucket("corp-stage")
	keys := []string{
		"../../../etc/passwd", "..", ".", "a/../b", "a/./b", "/leading", "//two", "a//b", "trailing/", "a b", "a+b", "a%2Fb", "a%b", "100%",
		"q?x=1&y=2#z", "ünï/cödé/北京/🚀", "tab\tnew\nline", "\x01control\x7f", `back\slash`, "semi;colon,comma", `"quotes" 'single'`, "<xml>&amp;</xml>",
		"*", "~", "!$()@:=", "nul\x00byte", "é", "e\u0301", strings.Repeat("k", 1024), strings.Repeat("a/", 512), "con.json", "keys/x.json",
	}
	for _, key := range keys {
		w.put(b, key, "content of "+key)
	}
	var listed []string
	pages := s3sdk.NewListObjectsV2Paginator(w.s3(), &s3sdk.ListObjectsV2Input{Bucket: &b, MaxKeys: awssdk.Int32(3), EncodingType: s3types.EncodingTypeUrl})
	for pages.HasMorePages() {
		page, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range page.Contents {
			key, err := url.PathUnescape(*o.Key)
			if err != nil {
				t.Fatal(err)
			}
			listed = append(listed, key)
		}
	}
	slices.Sort(keys)
	if diff := cmp.Diff(keys, listed); diff != "" {
		t.Errorf("listing (-want +got):\n%s", diff)
	}
	for _, key := range keys {
		if got := w.get(b, key); got != "content of "+key {
			t.Errorf("%q: got %q", key, got)
		}
		copied := "copy/of/" + fmt.Sprintf("%x", md5.Sum([]byte(key)))
		_, err := w.s3().CopyObject(t.Context(), &s3sdk.CopyObjectInput{
			Bucket: &b, Key: &copied, CopySource: awssdk.String(b + "/" + url.PathEscape(key)),
		})
		if err != nil {
			t.Errorf("copy %q: %v", key, err)
		} else if got := w.get(b, copied); got != "content of "+key {
			t.Errorf("copy of %q: got %q", key, got)
		}
	}
	names, err := filepath.Glob(filepath.Join(w.dir, "s3", "buckets", b, "keys", "*", "*"))
	if err != nil || len(names) != 2*len(keys) {
		t.Errorf("%d descriptions on disk, want %d (%v)", len(names), 2*len(keys), err)
	}
	for _, key := range keys {
		if _, err := w.s3().DeleteObject(t.Context(), &s3sdk.DeleteObjectInput{Bucket: &b, Key: &key}); err != nil {
			t.Errorf("delete %q: %v", key, err)
		}
	}
	long := strings.Repeat("k", 1025)
	_, err = w.s3().PutObject(t.Context(), &s3sdk.PutObjectInput{Bucket: &b, Key: &long, Body: strings.NewReader("")})
	wantCode(t, "a key of 1025 bytes", err, "400 KeyTooLongError")
}

//standin:imitates S3: ranges and part numbers | API model s3 GetObject
func TestRanges(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.bucket("corp-stage")
	content := strings.Repeat("0123456789", 20_000) // four segments
	w.put(b, "k", content)
	w.put(b, "empty", "")
	for _, c := range []struct{ key, header, want, contentRange string }{
		{"k", "bytes=0-0", "0", "bytes 0-0/200000"},
		{"k", "bytes=65530-65541", content[65530:65542], "bytes 65530-65541/200000"},
		{"k", "bytes=199999-", "9", "bytes 199999-199999/200000"},
		{"k", "bytes=199998-999999999", "89", "bytes 199998-199999/200000"},
		{"k", "bytes=-3", "789", "bytes 199997-199999/200000"},
		{"k", "bytes=-999999999", content, "bytes 0-199999/200000"},
		{"k", "bytes=5-4", content, ""},
		{"k", "bytes=0-1,3-4", content, ""},
		{"k", "seconds=1-2", content, ""},
	} {
		out, err := w.s3().GetObject(t.Context(), &s3sdk.GetObjectInput{Bucket: &b, Key: &c.key, Range: &c.header})
		if err != nil {
			t.Errorf("%s %s: %v", c.key, c.header, err)
			continue
		}
		got := readAll(t, out.Body)
		if got != c.want || awssdk.ToString(out.ContentRange) != c.contentRange || *out.ContentLength != int64(len(c.want)) {
			t.Errorf("%s %s: %d bytes, %q, want %d bytes, %q", c.key, c.header, len(got), awssdk.ToString(out.ContentRange), len(c.want), c.contentRange)
		}
	}
	for _, c := range []struct{ key, header string }{{"k", "bytes=200000-"}, {"k", "bytes=-0"}, {"empty", "bytes=0-"}, {"empty", "bytes=-5"}} {
		_, err := w.s3().GetObject(t.Context(), &s3sdk.GetObjectInput{Bucket: &b, Key: &c.key, Range: &c.header})
		wantCode(t, c.key+" "+c.header, err, "416 InvalidRange")
	}
	for header, want := range map[string]string{"bytes=10-19": "bytes 10-19/200000", "bytes=-999999999": "bytes 0-199999/200000"} {
		head, err := w.s3().HeadObject(t.Context(), &s3sdk.HeadObjectInput{Bucket: &b, Key: awssdk.String("k"), Range: &header})
		if err != nil || awssdk.ToString(head.ContentRange) != want {
			t.Errorf("head of %s: %s, %v", header, toJSON(t, head), err)
		}
	}
	if got := w.get(b, "empty"); got != "" {
		t.Errorf("empty object holds %q", got)
	}
}

//standin:imitates S3: conditional reads | S3 user guide conditional-reads
func TestReadConditions(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.bucket("corp-stage")
	tag := w.put(b, "k", "content").ETag
	other := awssdk.String(`"00000000000000000000000000000000"`)
	past, future := awssdk.Time(time.Now().Add(-time.Hour)), awssdk.Time(time.Now().Add(time.Hour))
	for name, c := range map[string]struct {
		in   s3sdk.GetObjectInput
		want string
	}{
		"match":                         {s3sdk.GetObjectInput{IfMatch: tag}, "200"},
		"any match":                     {s3sdk.GetObjectInput{IfMatch: awssdk.String("*")}, "200"},
		"no match":                      {s3sdk.GetObjectInput{IfMatch: other}, "412 PreconditionFailed"},
		"none match":                    {s3sdk.GetObjectInput{IfNoneMatch: other}, "200"},
		"none match fails":              {s3sdk.GetObjectInput{IfNoneMatch: tag}, "304 NotModified"},
		"modified":                      {s3sdk.GetObjectInput{IfModifiedSince: past}, "200"},
		"not modified":                  {s3sdk.GetObjectInput{IfModifiedSince: future}, "304 NotModified"},
		"unmodified":                    {s3sdk.GetObjectInput{IfUnmodifiedSince: future}, "200"},
		"not unmodified":                {s3sdk.GetObjectInput{IfUnmodifiedSince: past}, "412 PreconditionFailed"},
		"match beats unmodified":        {s3sdk.GetObjectInput{IfMatch: tag, IfUnmodifiedSince: past}, "200"},
		"none match beats modified":     {s3sdk.GetObjectInput{IfNoneMatch: tag, IfModifiedSince: past}, "304 NotModified"},
		"none match beats not modified": {s3sdk.GetObjectInput{IfNoneMatch: other, IfModifiedSince: future}, "200"},
	} {
		c.in.Bucket, c.in.Key = &b, awssdk.String("k")
		_, err := w.s3().GetObject(t.Context(), &c.in)
		if got := code(err); !strings.HasPrefix(got, c.want[:3]) {
			t.Errorf("%s: got %s, want %s", name, got, c.want)
		}
		_, err = w.s3().HeadObject(t.Context(), &s3sdk.HeadObjectInput{
			Bucket: &b, Key: awssdk.String("k"), IfMatch: c.in.IfMatch, IfNoneMatch: c.in.IfNoneMatch,
			IfModifiedSince: c.in.IfModifiedSince, IfUnmodifiedSince: c.in.IfUnmodifiedSince,
		})
		if got := code(err); !strings.HasPrefix(got, c.want[:3]) {
			t.Errorf("head %s: got %s, want %s", name, got, c.want)
		}
	}
}

//standin:imitates S3: conditional writes | S3 user guide conditional-writes
func TestWriteConditions(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.bucket("corp-stage")
	try := func(match, none string) string {
		in := &s3sdk.PutObjectInput{Bucket: &b, Key: awssdk.String("k"), Body: strings.NewReader(match + none)}
		if match != "" {
			in.IfMatch = &match
		}
		if none != "" {
			in.IfNoneMatch = &none
		}
		_, err := w.s3().PutObject(t.Context(), in)
		return code(err)
	}
	if got := try(`"x"`, ""); got != "404 NoSuchKey" {
		t.Errorf("If-Match of nothing: %s", got)
	}
	if got := try("", "*"); got != "200" {
		t.Errorf("If-None-Match of nothing: %s", got)
	}
	if got := try("", "*"); got != "412 PreconditionFailed" {
		t.Errorf("If-None-Match of something: %s", got)
	}
	if got := try(`"x"`, ""); got != "412 PreconditionFailed" {
		t.Errorf("If-Match of something else: %s", got)
	}
	if got := try("", `"x"`); got != "501 NotImplemented" {
		t.Errorf("If-None-Match of a tag: %s", got)
	}
	if got := try(*w.put(b, "k", "new").ETag, ""); got != "200" {
		t.Errorf("If-Match: %s", got)
	}
}

// gated is a body that begins only when all bodies of the gate are being read.
type gated struct {
	gate *sync.WaitGroup
	once sync.Once
	body io.Reader
}

func (g *gated) Read(p []byte) (int, error) {
	g.once.Do(g.gate.Done)
	g.gate.Wait()
	return g.body.Read(p)
}

// Of many that create one object at once, exactly one succeeds, and its content is what stays. All of them have found
// that there is no object before the first one writes.
func TestConditionalPutRace(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.bucket("corp-stage")
	const writers = 24
	var group, gate sync.WaitGroup
	gate.Add(writers)
	codes := make([]string, writers)
	for i := range writers {
		group.Go(func() {
			_, err := w.admin().PutObject(t.Context(), s3.PutInput{
				Bucket: b, Key: "lease", Conditions: s3.Conditions{IfNoneMatch: "*"},
			}, &gated{gate: &gate, body: strings.NewReader(fmt.Sprint("writer ", i))})
			if err != nil {
				codes[i] = s3.Error(err).Code
			}
		})
	}
	group.Wait()
	winner := slices.Index(codes, "")
	if winner < 0 {
		t.Fatalf("nobody won: %v", codes)
	}
	for i, got := range codes {
		if i != winner && got != "PreconditionFailed" {
			t.Errorf("writer %d: %q", i, got)
		}
	}
	if got, want := w.get(b, "lease"), fmt.Sprint("writer ", winner); got != want {
		t.Errorf("the lease is %q, want %q", got, want)
	}
	if files := w.contentFiles(); len(files) != 1 {
		t.Errorf("%d content files, want 1", len(files))
	}
}

// meddling is a body at whose end something else happens.
type meddling struct {
	body io.Reader
	do   func()
}

func (m meddling) Read(p []byte) (int, error) {
	n, err := m.body.Read(p)
	if errors.Is(err, io.EOF) {
		m.do()
	}
	return n, err
}

// S3 user guide, "Conditional writes": a deletion that comes in between is a conflict, another write is a failed condition.
func TestConditionalWriteConflicts(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.bucket("corp-stage")
	tag := strings.Trim(*w.put(b, "k", "old").ETag, `"`)
	during := func(do func()) string {
		_, err := w.admin().PutObject(t.Context(), s3.PutInput{Bucket: b, Key: "k", Conditions: s3.Conditions{IfMatch: tag}}, meddling{strings.NewReader("new"), do})
		if err == nil {
			return ""
		}
		return s3.Error(err).Code
	}
	if got := during(func() { w.put(b, "k", "other") }); got != "PreconditionFailed" {
		t.Errorf("written in between: %q", got)
	}
	w.put(b, "k", "old") // the same content has the same tag
	if got := during(func() { w.delete(b, "k", nil) }); got != "ConditionalRequestConflict" {
		t.Errorf("deleted in between: %q", got)
	}
	if files := w.contentFiles(); len(files) > 0 {
		t.Errorf("content stays on disk: %v", files)
	}
}

// An object that is replaced or deleted while it is read is read to its end, also if it lies in several files.
func TestReadWhileReplaced(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.bucket("corp-stage")
	one, two := letters("a", 5*megabyte), letters("b", 5*megabyte)
	upload(t, w, b, "k", func(*s3sdk.CreateMultipartUploadInput) {}, one, two)
	o, err := w.admin().GetObject(t.Context(), s3.GetInput{Bucket: b, Key: "k"})
	if err != nil {
		t.Fatal(err)
	}
	w.put(b, "k", "short")
	w.delete(b, "k", nil)
	if got := readAll(t, o.Body); got != one+two {
		t.Errorf("read %d bytes, want %d", len(got), len(one)+len(two))
	}
	if files := w.contentFiles(); len(files) > 0 {
		t.Errorf("content stays on disk: %v", files)
	}
}

// A client may send its body before it reads the refusal, or wait to be told to send; the connection stays usable, or is
// closed, but never takes the rest of a body for the next request.
func TestRefusedBodies(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.bucket("corp-stage")
	for _, size := range []int{10, 1900 << 10, 3 << 20} {
		for range 5 {
			_, err := w.s3().PutObject(t.Context(), &s3sdk.PutObjectInput{
				Bucket: &b, Key: awssdk.String("k"), Body: bytes.NewReader(make([]byte, size)), StorageClass: "FAST",
			})
			wantCode(t, fmt.Sprint(size, " bytes"), err, "400 InvalidStorageClass")
		}
	}
	presigned, err := s3sdk.NewPresignClient(w.s3()).PresignPutObject(t.Context(), &s3sdk.PutObjectInput{Bucket: awssdk.String("corp-none"), Key: awssdk.String("k")})
	if err != nil {
		t.Fatal(err)
	}
	raw := func(target string, expect bool) string {
		t.Helper()
		dialer := &tls.Dialer{Config: w.tls.Client().Transport.(*http.Transport).TLSClientConfig}
		conn, err := dialer.DialContext(t.Context(), "tcp", w.tls.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		c := conn.(*tls.Conn)
		header := "PUT " + target + " HTTP/1.1\r\nHost: " + strings.TrimPrefix(w.tls.URL, "https://") + "\r\nContent-Length: 20\r\n"
		if expect {
			header += "Expect: 100-continue\r\n"
		}
		if _, err := io.WriteString(c, header+"\r\nGET / HTTP/1.1\r\n\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
		if err := c.CloseWrite(); err != nil {
			t.Fatal(err)
		}
		all, err := io.ReadAll(c)
		if err := errors.Join(err, c.Close()); err != nil {
			t.Fatal(err)
		}
		return string(all)
	}
	for _, expect := range []bool{false, true} {
		if got := raw("/corp-stage/k", expect); strings.Count(got, "HTTP/1.1 ") != 1 || !strings.HasPrefix(got, "HTTP/1.1 403") {
			t.Errorf("unsigned, expect %t: %s", expect, got)
		}
		if got := raw(strings.TrimPrefix(presigned.URL, w.tls.URL), expect); strings.Count(got, "HTTP/1.1 ") != 1 || !strings.HasPrefix(got, "HTTP/1.1 404") {
			t.Errorf("signed, expect %t: %s", expect, got)
		}
	}
}

//standin:imitates S3: presigned GET and PUT, and their expiry | S3 user guide using-presigned-url
func TestPresigned(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.bucket("corp-stage")
	signer := s3sdk.NewPresignClient(w.s3())
	put, err := signer.PresignPutObject(t.Context(), &s3sdk.PutObjectInput{Bucket: &b, Key: awssdk.String("a b/k")})
	if err != nil {
		t.Fatal(err)
	}
	do := func(method, url string, body io.Reader, header http.Header) (int, string) {
		r, err := http.NewRequestWithContext(t.Context(), method, url, body)
		if err != nil {
			t.Fatal(err)
		}
		maps.Copy(r.Header, header)
		return w.do(r)
	}
	put.SignedHeader.Del("Host")
	put.SignedHeader.Del("Content-Length")
	if status, text := do(put.Method, put.URL, strings.NewReader("by URL"), put.SignedHeader); status != http.StatusOK {
		t.Fatalf("put: %d %s", status, text)
	}
	get, err := signer.PresignGetObject(t.Context(), &s3sdk.GetObjectInput{
		Bucket: &b, Key: awssdk.String("a b/k"), ResponseContentType: awssdk.String("text/csv"),
	}, s3sdk.WithPresignExpires(time.Minute))
	if err != nil {
		t.Fatal(err)
	}
	if status, text := do(http.MethodGet, get.URL, nil, nil); status != http.StatusOK || text != "by URL" {
		t.Errorf("get: %d %s", status, text)
	}
	if status, text := do(http.MethodGet, strings.Replace(get.URL, "/k?", "/l?", 1), nil, nil); status != http.StatusForbidden || !strings.Contains(text, "SignatureDoesNotMatch") {
		t.Errorf("another key: %d %s", status, text)
	}
	w.clock.mu.Lock()
	w.clock.ahead = 2 * time.Minute
	w.clock.mu.Unlock()
	if status, text := do(http.MethodGet, get.URL, nil, nil); status != http.StatusForbidden || !strings.Contains(text, "Request has expired") {
		t.Errorf("expired: %d %s", status, text)
	}
}

// A body that is not what was signed leaves nothing behind, whatever the way it is sent.
func TestBrokenBodies(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.bucket("corp-stage")
	refused := func(what string, change func(in *s3sdk.PutObjectInput), want string) {
		in := &s3sdk.PutObjectInput{Bucket: &b, Key: awssdk.String("k"), Body: strings.NewReader("content")}
		change(in)
		_, err := w.s3().PutObject(t.Context(), in)
		wantCode(t, what, err, want)
	}
	refused("wrong MD5", func(in *s3sdk.PutObjectInput) { in.ContentMD5 = awssdk.String("AAAAAAAAAAAAAAAAAAAAAA==") }, "400 BadDigest")
	refused("no MD5", func(in *s3sdk.PutObjectInput) { in.ContentMD5 = awssdk.String("x") }, "400 InvalidDigest")
	refused("wrong CRC32", func(in *s3sdk.PutObjectInput) { in.ChecksumCRC32 = awssdk.String("AAAAAA==") }, "400 BadDigest")
	refused("wrong CRC64NVME", func(in *s3sdk.PutObjectInput) { in.ChecksumCRC64NVME = awssdk.String("AAAAAAAAAAA=") }, "400 BadDigest")
	refused("short SHA256", func(in *s3sdk.PutObjectInput) { in.ChecksumSHA256 = awssdk.String("AAAA") }, "400 InvalidRequest")
	refused("XXHASH64", func(in *s3sdk.PutObjectInput) { in.ChecksumXXHASH64 = awssdk.String("AAAAAAAAAAA=") }, "501 NotImplemented")
	refused("metadata", func(in *s3sdk.PutObjectInput) { in.Metadata = map[string]string{"long": strings.Repeat("x", 2048)} }, "400 MetadataTooLarge")
	refused("storage class", func(in *s3sdk.PutObjectInput) { in.StorageClass = "FAST" }, "400 InvalidStorageClass")
	refused("glacier", func(in *s3sdk.PutObjectInput) { in.StorageClass = s3types.StorageClassGlacier }, "501 NotImplemented")
	refused("ACL", func(in *s3sdk.PutObjectInput) { in.ACL = s3types.ObjectCannedACLPublicRead }, "400 AccessControlListNotSupported")
	refused("tags", func(in *s3sdk.PutObjectInput) { in.Tagging = awssdk.String("aws:x=1") }, "400 InvalidTag")
	refused("object lock", func(in *s3sdk.PutObjectInput) { in.ObjectLockLegalHoldStatus = s3types.ObjectLockLegalHoldStatusOn }, "501 NotImplemented")
	refused("a bucket that is not", func(in *s3sdk.PutObjectInput) { in.Bucket = awssdk.String("corp-other") }, "404 NoSuchBucket")
	if files := w.contentFiles(); len(files) > 0 {
		t.Errorf("content stays on disk: %v", files)
	}
}

// Each checksum that a client can send is checked, kept, and given back when asked for.
//
//standin:imitates S3: checksums in headers and trailers | S3 user guide checking-object-integrity
func TestChecksums(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.bucket("corp-stage")
	for _, algorithm := range []s3types.ChecksumAlgorithm{"CRC32", "CRC32C", "CRC64NVME", "SHA1", "SHA256"} {
		key := string(algorithm)
		out, err := w.s3().PutObject(t.Context(), &s3sdk.PutObjectInput{
			Bucket: &b, Key: &key, Body: bytes.NewReader([]byte("123456789")), ChecksumAlgorithm: algorithm,
		})
		if err != nil {
			t.Errorf("%s: %v", algorithm, err)
			continue
		}
		// The client compares what it reads with the checksum it gets.
		read, err := w.s3().GetObject(t.Context(), &s3sdk.GetObjectInput{Bucket: &b, Key: &key, ChecksumMode: s3types.ChecksumModeEnabled})
		if err != nil || readAll(t, read.Body) != "123456789" {
			t.Errorf("%s: %v", algorithm, err)
			continue
		}
		sums := func(all ...*string) []string {
			var out []string
			for _, s := range all {
				out = append(out, awssdk.ToString(s))
			}
			return out
		}
		put := sums(out.ChecksumCRC32, out.ChecksumCRC32C, out.ChecksumCRC64NVME, out.ChecksumSHA1, out.ChecksumSHA256)
		got := sums(read.ChecksumCRC32, read.ChecksumCRC32C, read.ChecksumCRC64NVME, read.ChecksumSHA1, read.ChecksumSHA256)
		if diff := cmp.Diff(put, got); diff != "" || strings.Join(got, "") == "" {
			t.Errorf("%s: put and got differ: %s", algorithm, diff)
		}
	}
	attributes, err := w.s3().GetObjectAttributes(t.Context(), &s3sdk.GetObjectAttributesInput{
		Bucket: &b, Key: awssdk.String("CRC64NVME"),
		ObjectAttributes: []s3types.ObjectAttributes{"ETag", "Checksum", "ObjectParts", "StorageClass", "ObjectSize"},
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := *attributes.Checksum.ChecksumCRC64NVME; got != "rosUhgp5mIg=" { // ae8b14860a799888
		t.Errorf("CRC64NVME of 123456789 is %s", got)
	}
	if *attributes.ObjectSize != 9 || attributes.StorageClass != "STANDARD" || attributes.ObjectParts != nil {
		t.Errorf("attributes: %s", toJSON(t, attributes))
	}
}

//standin:imitates S3: CopyObject, which does not inherit the encryption | API model s3 CopyObject
func TestCopy(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.bucket("corp-stage")
	key := w.key()
	w.put(b, "from", "content", underKey(key), func(in *s3sdk.PutObjectInput) {
		in.Metadata = map[string]string{"a": "1"}
		in.ContentType = awssdk.String("text/csv")
		in.Tagging = awssdk.String("t=1")
	})
	copied := func(in *s3sdk.CopyObjectInput) *s3sdk.HeadObjectOutput {
		t.Helper()
		in.Bucket, in.CopySource = &b, awssdk.String(b+"/from")
		if _, err := w.s3().CopyObject(t.Context(), in); err != nil {
			t.Fatal(err)
		}
		head, err := w.s3().HeadObject(t.Context(), &s3sdk.HeadObjectInput{Bucket: &b, Key: in.Key})
		if err != nil {
			t.Fatal(err)
		}
		if got := w.get(b, *in.Key); got != "content" {
			t.Errorf("%s holds %q", *in.Key, got)
		}
		return head
	}
	plain := copied(&s3sdk.CopyObjectInput{Key: awssdk.String("plain")})
	if plain.ServerSideEncryption != s3types.ServerSideEncryptionAes256 {
		t.Errorf("a copy inherits encryption: %s", plain.ServerSideEncryption)
	}
	if plain.Metadata["a"] != "1" || *plain.ContentType != "text/csv" || awssdk.ToInt32(plain.TagCount) != 1 {
		t.Errorf("a copy without directives: %s", toJSON(t, plain))
	}
	replaced := copied(&s3sdk.CopyObjectInput{
		Key: awssdk.String("replaced"), MetadataDirective: s3types.MetadataDirectiveReplace, Metadata: map[string]string{"b": "2"},
		TaggingDirective: s3types.TaggingDirectiveReplace, ServerSideEncryption: s3types.ServerSideEncryptionAwsKms, SSEKMSKeyId: &key,
	})
	if diff := cmp.Diff(map[string]string{"b": "2"}, replaced.Metadata); diff != "" || replaced.TagCount != nil || *replaced.SSEKMSKeyId != key {
		t.Errorf("a copy with directives: %s", toJSON(t, replaced))
	}
	_, err := w.s3().CopyObject(t.Context(), &s3sdk.CopyObjectInput{Bucket: &b, Key: awssdk.String("from"), CopySource: awssdk.String(b + "/from")})
	wantCode(t, "a copy to itself", err, "400 InvalidRequest")
	_, err = w.s3().CopyObject(t.Context(), &s3sdk.CopyObjectInput{Bucket: &b, Key: awssdk.String("x"), CopySource: awssdk.String(b + "/none")})
	wantCode(t, "a copy of nothing", err, "404 NoSuchKey")
	_, err = w.s3().CopyObject(t.Context(), &s3sdk.CopyObjectInput{Bucket: &b, Key: awssdk.String("x"), CopySource: awssdk.String("nothing")})
	wantCode(t, "a copy of no key", err, "400 InvalidArgument")
	_, err = w.s3().CopyObject(t.Context(), &s3sdk.CopyObjectInput{
		Bucket: &b, Key: awssdk.String("x"), CopySource: awssdk.String(b + "/from"), CopySourceIfNoneMatch: plain.ETag, CopySourceIfMatch: awssdk.String("no"),
	})
	wantCode(t, "a copy under a condition", err, "412 PreconditionFailed")
}

//standin:imitates S3: DeleteObjects | API model s3
func TestDeleteObjects(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.bucket("corp-stage")
	var ids []s3types.ObjectIdentifier
	for i := range 20 {
		key := fmt.Sprintf("k%02d", i)
		w.put(b, key, "x")
		ids = append(ids, s3types.ObjectIdentifier{Key: &key})
	}
	out, err := w.s3().DeleteObjects(t.Context(), &s3sdk.DeleteObjectsInput{Bucket: &b, Delete: &s3types.Delete{Objects: ids[:10]}})
	if err != nil || len(out.Deleted) != 10 || len(out.Errors) != 0 {
		t.Errorf("delete ten: %v, %v", out, err)
	}
	out, err = w.s3().DeleteObjects(t.Context(), &s3sdk.DeleteObjectsInput{Bucket: &b, Delete: &s3types.Delete{Objects: ids, Quiet: awssdk.Bool(true)}})
	if err != nil || len(out.Deleted) != 0 || len(out.Errors) != 0 {
		t.Errorf("delete quietly: %v, %v", out, err)
	}
	list, err := w.s3().ListObjectsV2(t.Context(), &s3sdk.ListObjectsV2Input{Bucket: &b})
	if err != nil || *list.KeyCount != 0 || len(list.Contents) != 0 {
		t.Errorf("after: %v, %v", list, err)
	}
}
