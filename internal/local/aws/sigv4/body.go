package sigv4

import (
	"bufio"
	"crypto/hmac"
	"crypto/md5"  //nolint:gosec // a checksum that S3 offers
	"crypto/sha1" //nolint:gosec // a checksum that S3 offers
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"hash"
	"hash/crc32"
	"hash/crc64"
	"io"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/sealift/sealift/internal/local/aws/awserr"
)

// The values of x-amz-content-sha256 that are not a hash.
const (
	unsignedPayload   = "UNSIGNED-PAYLOAD"
	signedChunks      = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"
	signedChunksTrail = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER"
	unsignedTrail     = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"
)

const (
	maxLine = 4 << 10 // a chunk header or trailer; S3's own limit is not published
	// minChunk is the least size of a signed chunk that is not the last: S3 API reference, sigv4-streaming.
	minChunk = 8 << 10
)

// decodeBody replaces r.Body by the checked payload.
func decodeBody(r *http.Request, s *signature, key []byte, payload string) error {
	src := newSource(r.Body)
	var body io.Reader
	length := r.ContentLength
	switch payload {
	case signedChunks, signedChunksTrail, unsignedTrail:
		decoded, err := decodedLength(r)
		if err != nil {
			return err
		}
		length = decoded
		c := &chunks{src: src, left: length, trailer: http.Header{}}
		if payload != unsignedTrail {
			c.key, c.date, c.scope, c.previous = key, s.date, s.credential.scope(), s.signature
		}
		if payload != signedChunks {
			if err := c.expectTrailers(r.Header.Values("X-Amz-Trailer")); err != nil {
				return err
			}
		}
		r.Trailer = c.trailer
		r.ContentLength = length
		stripChunked(r.Header)
		body = c
	case unsignedPayload:
		body = &plain{src: src, left: length}
	default:
		want, err := hex.DecodeString(payload)
		if err != nil || len(want) != sha256.Size {
			return awserr.New(http.StatusBadRequest, "InvalidArgument",
				"x-amz-content-sha256 must be UNSIGNED-PAYLOAD, STREAMING-AWS4-HMAC-SHA256-PAYLOAD or a valid sha256 value.")
		}
		body = &plain{src: src, left: length, hash: sha256.New(), want: want}
	}
	// An empty payload is checked now: nobody will read it.
	if length == 0 {
		if _, err := body.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
			return err
		}
	}
	r.Body = struct {
		io.Reader
		io.Closer
	}{body, r.Body}
	return nil
}

func decodedLength(r *http.Request) (int64, error) {
	n, err := strconv.ParseInt(r.Header.Get("X-Amz-Decoded-Content-Length"), 10, 64)
	if err != nil || n < 0 {
		return 0, awserr.New(http.StatusLengthRequired, "MissingContentLength", "You must provide the Content-Length HTTP header.")
	}
	return n, nil
}

// stripChunked takes aws-chunked out of Content-Encoding: S3 does not store it.
func stripChunked(h http.Header) {
	var kept []string
	for _, value := range h.Values("Content-Encoding") {
		for coding := range strings.SplitSeq(value, ",") {
			if coding = strings.TrimSpace(coding); coding != "" && coding != "aws-chunked" {
				kept = append(kept, coding)
			}
		}
	}
	h.Del("Content-Encoding")
	if len(kept) > 0 {
		h.Set("Content-Encoding", strings.Join(kept, ","))
	}
}

var (
	errIncomplete = awserr.New(http.StatusBadRequest, "IncompleteBody", "The request body terminated unexpectedly")
	errTrailer    = awserr.New(http.StatusBadRequest, "MalformedTrailerError",
		"The request contained trailing data that was not well-formed or did not conform to our published schema.")
	errChunk = awserr.New(http.StatusForbidden, "SignatureDoesNotMatch",
		"The request signature we calculated does not match the signature you provided. Check your key and signing method.")
)

// source is the raw body. A connection that ends early is the client's IncompleteBody.
type source struct{ *bufio.Reader }

func newSource(r io.Reader) *source { return &source{bufio.NewReaderSize(r, 64<<10)} }

func incomplete(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return errIncomplete
	}
	return err
}

// line reads up to a line feed, and takes the line's end off.
func (s *source) line() (string, error) {
	raw, err := s.ReadSlice('\n')
	if err != nil {
		if errors.Is(err, bufio.ErrBufferFull) {
			return "", errIncomplete
		}
		return "", incomplete(err)
	}
	if len(raw) > maxLine {
		return "", errIncomplete
	}
	return strings.TrimRight(string(raw), "\r\n"), nil
}

// plain is a payload that comes as it is, with or without a hash.
type plain struct {
	src  *source
	left int64 // -1: until the end
	hash hash.Hash
	want []byte
	err  error // sticky
}

func (p *plain) Read(buf []byte) (int, error) {
	if p.err != nil {
		return 0, p.err
	}
	n, err := p.src.Read(buf)
	if p.hash != nil {
		p.hash.Write(buf[:n])
	}
	if p.left >= 0 {
		p.left -= int64(n)
	}
	switch {
	case errors.Is(err, io.EOF) && p.left > 0:
		p.err = errIncomplete
	case errors.Is(err, io.EOF):
		p.err = p.finish()
	case err != nil:
		p.err = incomplete(err)
	}
	return n, p.err
}

// finish checks the hash; io.EOF if it is right.
func (p *plain) finish() error {
	if p.hash != nil && !hmac.Equal(p.hash.Sum(nil), p.want) {
		return awserr.New(http.StatusBadRequest, "XAmzContentSHA256Mismatch",
			"The provided 'x-amz-content-sha256' header does not match what was computed.")
	}
	return io.EOF
}

// chunks decodes the aws-chunked coding: "SIZE[;chunk-signature=SIG]\r\nDATA\r\n" until a chunk of size 0, then
// trailers. Each signature covers the one before, the first that of the headers.
type chunks struct {
	src  *source
	left int64 // of the declared decoded length

	key                   []byte // nil: chunks are not signed
	date, scope, previous string
	chunkLeft             int64
	chunkSig              string
	chunkHash             hash.Hash
	inChunk               bool
	short                 bool // a chunk below the least size was seen: it must be the last

	declared []string // trailers, lower case
	sums     map[string]hash.Hash
	trailer  http.Header

	err error // sticky
}

// checksums are the trailers whose value is checked here.
func newChecksum(name string) hash.Hash {
	switch name {
	case "x-amz-checksum-crc32":
		return crc32.NewIEEE()
	case "x-amz-checksum-crc32c":
		return crc32.New(crc32.MakeTable(crc32.Castagnoli))
	case "x-amz-checksum-crc64nvme":
		return crc64.New(crc64.MakeTable(0x9a6c9329ac4bc9b5))
	case "x-amz-checksum-sha1":
		return sha1.New() //nolint:gosec // a checksum, not a signature
	case "x-amz-checksum-sha256":
		return sha256.New()
	case "x-amz-checksum-sha512":
		return sha512.New()
	case "x-amz-checksum-md5":
		return md5.New() //nolint:gosec // a checksum, not a signature
	default:
		return nil
	}
}

func (c *chunks) expectTrailers(headers []string) error {
	c.sums = map[string]hash.Hash{}
	for _, header := range headers {
		for name := range strings.SplitSeq(header, ",") {
			name = strings.ToLower(strings.TrimSpace(name))
			if name == "" {
				continue
			}
			h := newChecksum(name)
			if h == nil {
				return awserr.New(http.StatusBadRequest, "InvalidRequest", "The value specified in the x-amz-trailer header is not supported")
			}
			c.declared = append(c.declared, name)
			c.sums[name] = h
		}
	}
	if len(c.declared) == 0 {
		return awserr.New(http.StatusBadRequest, "InvalidRequest", "The x-amz-trailer header is missing.")
	}
	return nil
}

func (c *chunks) Read(buf []byte) (int, error) {
	if c.err != nil {
		return 0, c.err
	}
	if len(buf) == 0 {
		return 0, nil
	}
	if !c.inChunk {
		if c.left == 0 {
			c.err = c.finish()
		} else {
			c.err = c.begin()
		}
		if c.err != nil {
			return 0, c.err
		}
	}
	if int64(len(buf)) > c.chunkLeft {
		buf = buf[:c.chunkLeft]
	}
	n, err := c.src.Read(buf)
	if c.chunkHash != nil {
		c.chunkHash.Write(buf[:n])
	}
	for _, h := range c.sums {
		h.Write(buf[:n])
	}
	c.chunkLeft -= int64(n)
	c.left -= int64(n)
	if err != nil && c.chunkLeft > 0 {
		c.err = incomplete(err)
		return n, c.err
	}
	if c.chunkLeft == 0 {
		c.err = c.end()
	}
	return n, c.err
}

// begin reads a chunk's header. A chunk of size 0 before the declared length was reached is a body cut short.
func (c *chunks) begin() error {
	size, err := c.header()
	if err != nil {
		return err
	}
	if size == 0 || size > c.left {
		return errIncomplete
	}
	if c.short {
		return awserr.New(http.StatusForbidden, "InvalidChunkSizeError", "Only the last chunk is allowed to have a size less than 8192 bytes")
	}
	c.short = c.key != nil && size < minChunk
	c.chunkLeft, c.inChunk = size, true
	if c.key != nil {
		c.chunkHash = sha256.New()
	}
	return nil
}

func (c *chunks) header() (int64, error) {
	line, err := c.src.line()
	if err != nil {
		return 0, err
	}
	digits, extension, _ := strings.Cut(line, ";")
	size, err := strconv.ParseInt(digits, 16, 64)
	if err != nil || size < 0 || digits[0] == '+' {
		return 0, errIncomplete
	}
	if c.key != nil {
		var ok bool
		if c.chunkSig, ok = strings.CutPrefix(extension, "chunk-signature="); !ok {
			return 0, errChunk
		}
	}
	return size, nil
}

// end reads the line end after a chunk's data and checks its signature.
func (c *chunks) end() error {
	if line, err := c.src.line(); err != nil {
		return err
	} else if line != "" {
		return errIncomplete
	}
	c.inChunk = false
	if c.key == nil {
		return nil
	}
	return c.check("AWS4-HMAC-SHA256-PAYLOAD", hexHash(nil)+"\n"+hex.EncodeToString(c.chunkHash.Sum(nil)), c.chunkSig)
}

// check compares a signature and makes it the previous one.
func (c *chunks) check(kind, hashes, got string) error {
	want := sign(c.key, strings.Join([]string{kind, c.date, c.scope, c.previous, hashes}, "\n"))
	if !hmac.Equal([]byte(want), []byte(got)) {
		return errChunk
	}
	c.previous = want
	return nil
}

// finish reads the last chunk and the trailers; io.EOF if all is right.
func (c *chunks) finish() error {
	size, err := c.header()
	if err != nil {
		return err
	}
	if size != 0 {
		return errIncomplete // more than the declared length
	}
	if c.key != nil {
		if err := c.check("AWS4-HMAC-SHA256-PAYLOAD", hexHash(nil)+"\n"+hexHash(nil), c.chunkSig); err != nil {
			return err
		}
	}
	signed, err := c.readTrailers()
	if err != nil {
		return err
	}
	if c.key != nil && len(c.declared) > 0 {
		var text strings.Builder
		for _, name := range slices.Sorted(maps.Keys(c.trailer)) {
			text.WriteString(strings.ToLower(name) + ":" + c.trailer.Get(name) + "\n")
		}
		if err := c.check("AWS4-HMAC-SHA256-TRAILER", hexHash([]byte(text.String())), signed); err != nil {
			return err
		}
	}
	for _, name := range c.declared {
		value := c.trailer.Get(name)
		if value == "" {
			return errTrailer
		}
		if base64.StdEncoding.EncodeToString(c.sums[name].Sum(nil)) != value {
			return awserr.New(http.StatusBadRequest, "BadDigest", "The %s you specified did not match the calculated checksum.",
				strings.ToUpper(strings.TrimPrefix(name, "x-amz-checksum-")))
		}
	}
	// MinIO's clients end a trailer as the manual's example does, "\n\r\n", and the body with one more line end.
	if _, err := c.src.Peek(1); errors.Is(err, io.EOF) {
		return io.EOF
	}
	if line, err := c.src.line(); err != nil || line != "" {
		return errIncomplete
	}
	if _, err := c.src.ReadByte(); !errors.Is(err, io.EOF) {
		return errIncomplete
	}
	return io.EOF
}

// readTrailers reads "name:value" lines up to an empty one, or the end. The signature of the trailers comes last.
func (c *chunks) readTrailers() (signed string, err error) {
	for range len(c.declared) + 4 {
		line, err := c.src.line()
		if errors.Is(err, errIncomplete) && c.src.Buffered() == 0 {
			return signed, nil // some clients leave the empty line out
		}
		if err != nil {
			return "", err
		}
		if line == "" {
			// The manual's own example ends a trailer in "\n\r\n": with signed trailers only the signature is the end.
			if c.key != nil && len(c.declared) > 0 && signed == "" {
				continue
			}
			return signed, nil
		}
		name, value, ok := strings.Cut(line, ":")
		name, value = strings.ToLower(strings.Trim(name, " \t")), strings.Trim(value, " \t")
		switch {
		case !ok:
			return "", errTrailer
		case name == "x-amz-trailer-signature" && c.key != nil:
			signed = value
		case !slices.Contains(c.declared, name) || c.trailer.Get(name) != "":
			return "", errTrailer
		default:
			c.trailer.Set(name, value)
		}
	}
	return "", errTrailer
}
