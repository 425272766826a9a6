package sigv4

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"hash/crc32"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/sealift/sealift/internal/local/aws/awserr"
)

// frame is one aws-chunked chunk.
func frame(data, signature string) string {
	size := strconv.FormatInt(int64(len(data)), 16)
	if signature != "" {
		size += ";chunk-signature=" + signature
	}
	if data == "" {
		return size + "\r\n"
	}
	return size + "\r\n" + data + "\r\n"
}

// The example of S3's documentation, "Transferring payload in multiple chunks": 65 KiB of "a" in chunks of 64 and 1 KiB.
var (
	firstA  = strings.Repeat("a", 64<<10)
	secondA = strings.Repeat("a", 1<<10)
)

func documentedChunks() string {
	return frame(firstA, "ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648") +
		frame(secondA, "0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497") +
		frame("", "b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9") + "\r\n"
}

func chunkedRequest(t testing.TB, body string) *http.Request {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPut, "https://s3.amazonaws.com/examplebucket/chunkObject.txt", strings.NewReader(body))
	r.ContentLength = 66824
	for name, value := range map[string]string{
		"X-Amz-Date":                   "20130524T000000Z",
		"X-Amz-Storage-Class":          "REDUCED_REDUNDANCY",
		"X-Amz-Content-Sha256":         signedChunks,
		"Content-Encoding":             "aws-chunked",
		"X-Amz-Decoded-Content-Length": "66560",
		"Authorization": "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request," +
			"SignedHeaders=content-encoding;content-length;host;x-amz-content-sha256;x-amz-date;x-amz-decoded-content-length;x-amz-storage-class," +
			"Signature=4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9",
	} {
		r.Header.Set(name, value)
	}
	return r
}

// The example of "Transferring payload in multiple chunks with trailing headers".
func documentedTrailers() string {
	return frame(firstA, "b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2") +
		frame(secondA, "1c1344b170168f8e65b41376b44b20fe354e373826ccbbe2c1d40a8cae51e5c7") +
		frame("", "2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992") +
		"x-amz-checksum-crc32c:sOO8/Q==\n\r\n" +
		"x-amz-trailer-signature:d81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435\r\n\r\n"
}

func trailerRequest(t testing.TB, body string) *http.Request {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPut, "https://s3.amazonaws.com/examplebucket/chunkObject.txt", strings.NewReader(body))
	for name, value := range map[string]string{
		"X-Amz-Date":                   "20130524T000000Z",
		"X-Amz-Storage-Class":          "REDUCED_REDUNDANCY",
		"X-Amz-Content-Sha256":         signedChunksTrail,
		"Content-Encoding":             "aws-chunked",
		"X-Amz-Decoded-Content-Length": "66560",
		"X-Amz-Trailer":                "x-amz-checksum-crc32c",
		"Authorization": "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request," +
			"SignedHeaders=content-encoding;host;x-amz-content-sha256;x-amz-date;x-amz-decoded-content-length;x-amz-storage-class;x-amz-trailer," +
			"Signature=106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e",
	} {
		r.Header.Set(name, value)
	}
	return r
}

//standin:imitates signatures: bodies in signed chunks, with and without trailers | S3 API reference sigv4-streaming
func TestDocumentedChunks(t *testing.T) {
	t.Parallel()
	v := verifierAt(t, "20130524T000000Z")
	for name, r := range map[string]*http.Request{
		"chunks":   chunkedRequest(t, documentedChunks()),
		"trailers": trailerRequest(t, documentedTrailers()),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, err := v.Verify(r, "s3"); err != nil {
				t.Fatal(err)
			}
			if r.ContentLength != 66560 || r.Header.Get("Content-Encoding") != "" {
				t.Errorf("length %d, encoding %q", r.ContentLength, r.Header.Get("Content-Encoding"))
			}
			body, err := io.ReadAll(iotest.HalfReader(r.Body))
			if err != nil {
				t.Fatal(err)
			}
			if string(body) != firstA+secondA {
				t.Errorf("%d bytes, not those that were sent", len(body))
			}
			if name == "trailers" && r.Trailer.Get("X-Amz-Checksum-Crc32c") != "sOO8/Q==" {
				t.Errorf("trailers %v", r.Trailer)
			}
		})
	}
}

// TestAlteredChunks alters bytes all over both documented bodies: none may be read to its end without an error.
func TestAlteredChunks(t *testing.T) {
	t.Parallel()
	v := verifierAt(t, "20130524T000000Z")
	read := func(r *http.Request) error {
		if _, err := v.Verify(r, "s3"); err != nil {
			return err
		}
		_, err := io.Copy(io.Discard, r.Body)
		return err
	}
	for name, tt := range map[string]struct {
		body    string
		request func(testing.TB, string) *http.Request
	}{"chunks": {documentedChunks(), chunkedRequest}, "trailers": {documentedTrailers(), trailerRequest}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if err := read(tt.request(t, tt.body)); err != nil {
				t.Fatal(err)
			}
			for i := 0; i < len(tt.body); i++ {
				if tt.body[i] == 'a' && i%4096 != 0 { // the payload: a sample is enough
					continue
				}
				altered := []byte(tt.body)
				altered[i] ^= 1
				// What ends lines after the last signature says nothing.
				if strings.Trim(tt.body[i:], "\r\n") == "" {
					continue
				}
				if err := read(tt.request(t, string(altered))); code(t, err) == "" {
					t.Errorf("byte %d (%q) altered, and taken", i, tt.body[i])
				}
			}
			for _, cut := range []int{0, 1, 80, 90, 1000, 65536, len(tt.body) / 2, len(tt.body) - 200, len(tt.body) - 100} {
				if err := read(tt.request(t, tt.body[:cut])); code(t, err) == "" {
					t.Errorf("cut at %d, and taken", cut)
				}
			}
			if err := read(tt.request(t, tt.body+"more")); code(t, err) == "" {
				t.Error("more after the end, and taken")
			}
			// Chunks in another order carry good signatures in the wrong places.
			one, two := frame(firstA, ""), frame(secondA, "")
			if err := read(tt.request(t, two+one+"0\r\n\r\n")); code(t, err) == "" {
				t.Error("unsigned chunks in a signed body, and taken")
			}
		})
	}
}

// unsigned gives a request with STREAMING-UNSIGNED-PAYLOAD-TRAILER as if its headers had been checked.
func unsigned(t testing.TB, declared, body string, length int) (*http.Request, error) {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPut, "https://b.s3.amazonaws.com/k", strings.NewReader(body))
	r.Header.Set("X-Amz-Decoded-Content-Length", strconv.Itoa(length))
	r.Header.Set("X-Amz-Trailer", declared)
	r.Header.Set("Content-Encoding", "gzip, aws-chunked")
	return r, decodeBody(r, &signature{}, nil, unsignedTrail)
}

//standin:imitates signatures: bodies in unsigned chunks with checksums in trailers | S3 API reference sigv4-streaming-trailers
func TestUnsignedTrailers(t *testing.T) {
	t.Parallel()
	const text = "Hello world"
	// Published check values of "Hello world", each computed by other software (Python's zlib and hashlib, the AWS CRT).
	sums := map[string]string{
		"x-amz-checksum-crc32":     "i9aeUg==",
		"x-amz-checksum-crc32c":    "crUfeA==",
		"x-amz-checksum-crc64nvme": "OOJZ0D8xKts=",
		"x-amz-checksum-sha1":      "e1AsOh9IyGCa4hLN+2Od7jlnP14=",
		"x-amz-checksum-sha256":    "ZOyIygCyaOW6GjVnihtTFtIS9PNmskdyMlNKiuyjfzw=",
		"x-amz-checksum-md5":       "PiWWCnnbxptnTNTsZ6csYg==",
	}
	for name, sum := range sums {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, end := range []string{"\r\n\r\n", "\r\n"} {
				r, err := unsigned(t, name, frame("Hello ", "")+frame("world", "")+"0\r\n"+name+":"+sum+end, len(text))
				if err != nil {
					t.Fatal(err)
				}
				got, err := io.ReadAll(r.Body)
				if err != nil || string(got) != text {
					t.Errorf("%q, %v", got, err)
				}
				if r.Trailer.Get(name) != sum || r.Header.Get("Content-Encoding") != "gzip" {
					t.Errorf("trailer %v, encoding %q", r.Trailer, r.Header.Get("Content-Encoding"))
				}
			}
			r, err := unsigned(t, name, frame("Hello World", "")+"0\r\n"+name+":"+sum+"\r\n\r\n", len(text))
			if err != nil {
				t.Fatal(err)
			}
			if _, err := io.ReadAll(r.Body); code(t, err) != "BadDigest" {
				t.Errorf("with another text: %v", err)
			}
		})
	}
}

func TestBrokenTrailers(t *testing.T) {
	t.Parallel()
	const crc = "x-amz-checksum-crc32"
	good := frame("Hello world", "") + "0\r\n" + crc + ":i9aeUg==\r\n\r\n"
	tests := []struct {
		name, declared, body string
		length               int
		want                 string
	}{
		{"good", crc, good, 11, ""},
		{"MinIO's line ends", crc, strings.TrimSuffix(good, "\r\n\r\n") + "\n\r\n\r\n", 11, ""},
		{"more behind it", crc, good + "x", 11, "IncompleteBody"},
		{"more behind its line ends", crc, good + "\r\nx", 11, "IncompleteBody"},
		{"longer than declared", crc, good, 10, "IncompleteBody"},
		{"shorter than declared", crc, good, 12, "IncompleteBody"},
		{"no trailer", crc, frame("Hello world", "") + "0\r\n\r\n", 11, "MalformedTrailerError"},
		{"another trailer", crc, frame("Hello world", "") + "0\r\nx-amz-meta-a:b\r\n\r\n", 11, "MalformedTrailerError"},
		{"the trailer twice", crc, frame("Hello world", "") + "0\r\n" + crc + ":i9aeUg==\r\n" + crc + ":i9aeUg==\r\n\r\n", 11, "MalformedTrailerError"},
		{"no colon", crc, frame("Hello world", "") + "0\r\n" + crc + "\r\n\r\n", 11, "MalformedTrailerError"},
		{"unknown algorithm", "x-amz-checksum-xxhash64", good, 11, "InvalidRequest"},
		{"none declared", "", good, 11, "InvalidRequest"},
		{"negative chunk", crc, "-1\r\n", 11, "IncompleteBody"},
		{"huge chunk", crc, "7fffffffffffffff\r\nx", 11, "IncompleteBody"},
		{"endless line", crc, strings.Repeat("0", 100_000), 11, "IncompleteBody"},
		{"no line end after the data", crc, "b\r\nHello worldx\r\n0\r\n", 11, "IncompleteBody"},
		{"nothing", crc, "", 11, "IncompleteBody"},
		{"empty payload", crc, "0\r\n" + crc + ":AAAAAA==\r\n\r\n", 0, ""},
		{"empty payload, wrong sum", crc, "0\r\n" + crc + ":AAAAAQ==\r\n\r\n", 0, "BadDigest"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r, err := unsigned(t, tt.declared, tt.body, tt.length)
			if err == nil {
				_, err = io.ReadAll(r.Body)
			}
			if got := code(t, err); got != tt.want {
				t.Errorf("got %q (%v), want %q", got, err, tt.want)
			}
		})
	}
}

func TestSmallSignedChunk(t *testing.T) {
	t.Parallel()
	c := &chunks{src: sourceOf(""), key: []byte("k"), left: 20, short: true}
	c.src = sourceOf(frame("0123456789", strings.Repeat("0", 64)))
	if _, err := io.ReadAll(c); code(t, err) != "InvalidChunkSizeError" {
		t.Errorf("a chunk after a small one: %v", err)
	}
}

func TestPlainBody(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, hash, body string
		length           int64
		want             string
	}{
		{"hash", hexHash([]byte("abc")), "abc", 3, ""},
		{"other hash", hexHash([]byte("abd")), "abc", 3, "XAmzContentSHA256Mismatch"},
		{"hash of an empty body", hexHash(nil), "", 0, ""},
		{"other hash of an empty body", hexHash([]byte("abc")), "", 0, "XAmzContentSHA256Mismatch"},
		{"unsigned", unsignedPayload, "abc", 3, ""},
		{"short", unsignedPayload, "ab", 3, "IncompleteBody"},
		{"short with hash", hexHash([]byte("ab")), "ab", 3, "IncompleteBody"},
		{"unknown length", hexHash([]byte("abc")), "abc", -1, ""},
		{"unknown length, other hash", hexHash([]byte("abd")), "abc", -1, "XAmzContentSHA256Mismatch"},
		{"nonsense", "SHA256", "abc", 3, "InvalidArgument"},
		{"newer streaming form", "STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD", "abc", 3, "InvalidArgument"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := httptest.NewRequestWithContext(t.Context(), http.MethodPut, "/b/k", strings.NewReader(tt.body))
			r.ContentLength = tt.length
			err := decodeBody(r, &signature{}, nil, tt.hash)
			if err == nil {
				_, err = io.ReadAll(iotest.OneByteReader(r.Body))
			}
			if got := code(t, err); got != tt.want {
				t.Errorf("got %q (%v), want %q", got, err, tt.want)
			}
		})
	}
}

func sourceOf(text string) *source { return newSource(strings.NewReader(text)) }

// FuzzChunks: whatever is read without an error has the declared length and checksum.
func FuzzChunks(f *testing.F) {
	f.Add([]byte(frame("Hello world", "")+"0\r\nx-amz-checksum-crc32:i9aeUg==\r\n\r\n"), 11)
	f.Add([]byte("b;chunk-signature=00\r\nHello world\r\n0\r\n"), 11)
	f.Add([]byte("0\r\n\r\n"), 0)
	f.Fuzz(func(t *testing.T, body []byte, length int) {
		if length < 0 || length > 1<<20 {
			return
		}
		r, err := unsigned(t, "x-amz-checksum-crc32", string(body), length)
		var got []byte
		if err == nil {
			got, err = io.ReadAll(r.Body)
		}
		var e *awserr.Error
		if err != nil && !errors.As(err, &e) {
			t.Fatalf("not an *awserr.Error: %v", err)
		}
		if err != nil {
			return
		}
		sum := crc32.ChecksumIEEE(got)
		want := base64.StdEncoding.EncodeToString([]byte{byte(sum >> 24), byte(sum >> 16), byte(sum >> 8), byte(sum)})
		if len(got) != length || r.Trailer.Get("X-Amz-Checksum-Crc32") != want {
			t.Fatalf("%d bytes for %d, trailer %v for %s", len(got), length, r.Trailer, want)
		}
	})
}

// FuzzHeader: no Authorization header panics, and none is taken but the one that was signed.
func FuzzHeader(f *testing.F) {
	good := get(f)
	f.Add(good.Header.Get("Authorization"), "")
	f.Add("AWS4-HMAC-SHA256 Credential=a/20130524/b/s3/aws4_request, SignedHeaders=host, Signature="+hex.EncodeToString(bytes.Repeat([]byte{1}, 32)), "X-Amz-Signature=1")
	f.Fuzz(func(t *testing.T, authorization, query string) {
		r := get(t)
		r.Header.Set("Authorization", authorization)
		r.URL.RawQuery = query
		_, err := verifierAt(t, "20130524T000000Z").Verify(r, "s3")
		code(t, err)
		if err == nil && canonicalQuery(query, false) != "" {
			t.Fatalf("taken with the query %q", query)
		}
		Service(r)
	})
}

func BenchmarkChunks(b *testing.B) {
	body := documentedChunks()
	b.SetBytes(66560)
	for b.Loop() {
		r := chunkedRequest(b, body)
		if _, err := verifierAt(b, "20130524T000000Z").Verify(r, "s3"); err != nil {
			b.Fatal(err)
		}
		if _, err := io.Copy(io.Discard, r.Body); err != nil {
			b.Fatal(err)
		}
	}
}
