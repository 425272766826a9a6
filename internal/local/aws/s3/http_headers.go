package s3

import (
	"bytes"
	"crypto/md5" //nolint:gosec // S3's ETag and Content-MD5; no secret rests on it
	"encoding/base64"
	"encoding/json"
	"maps"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/sealift/sealift/internal/local/aws/awserr"
)

const metaPrefix = "x-amz-meta-"

// keptHeaders are those that S3 keeps with an object and gives back as they came.
func keptHeaders() []string {
	return []string{"Cache-Control", "Content-Disposition", "Content-Encoding", "Content-Language", "Content-Type", "Expires", "X-Amz-Website-Redirect-Location"}
}

// putInput reads what the headers say about a new object.
func (x *exchange) putInput() (PutInput, error) {
	h := x.r.Header
	in := PutInput{
		Bucket: x.bucket, Key: x.key, Length: max(0, x.r.ContentLength), StorageClass: h.Get("X-Amz-Storage-Class"),
		Headers: map[string]string{}, Meta: map[string]string{},
	}
	if in.StorageClass == "STANDARD" {
		in.StorageClass = ""
	}
	for _, name := range keptHeaders() {
		if value := h.Get(name); value != "" {
			in.Headers[name] = value
		}
	}
	for name, values := range h {
		name = strings.ToLower(name)
		if meta, ok := strings.CutPrefix(name, metaPrefix); ok {
			in.Meta[meta] = decodeWord(strings.Join(values, ","))
		}
	}
	for _, name := range []string{"X-Amz-Object-Lock-Mode", "X-Amz-Object-Lock-Retain-Until-Date", "X-Amz-Object-Lock-Legal-Hold", "X-Amz-Write-Offset-Bytes"} {
		if h.Get(name) != "" {
			return in, awserr.NotImitated("header " + strings.ToLower(name))
		}
	}
	if err := checkACL(h); err != nil {
		return in, err
	}
	var err error
	if in.Tags, err = tagsHeader(h.Get("X-Amz-Tagging")); err != nil {
		return in, err
	}
	if in.Encryption, err = encryptionHeaders(h); err != nil {
		return in, err
	}
	if in.Checksum, err = x.checksum(); err != nil {
		return in, err
	}
	in.Conditions = writeConditions(h)
	return in, nil
}

// checkACL refuses access control lists, which new buckets do not have, except the one that changes nothing.
func checkACL(h http.Header) error {
	for name := range h {
		lower := strings.ToLower(name)
		granted := strings.HasPrefix(lower, "x-amz-grant-")
		if granted || lower == "x-amz-acl" && h.Get(name) != "bucket-owner-full-control" {
			return refuse(http.StatusBadRequest, "AccessControlListNotSupported", "The bucket does not allow ACLs")
		}
	}
	return nil
}

// tagsHeader reads x-amz-tagging: tags in the form of a URL's query.
func tagsHeader(text string) (map[string]string, error) {
	if text == "" {
		return nil, nil //nolint:nilnil // no tags and no mistake
	}
	query, err := url.ParseQuery(text)
	if err != nil {
		return nil, invalidArgument("x-amz-tagging", text, "The header 'x-amz-tagging' shall be encoded as UTF-8 then URLEncoded URL query parameters without tag name duplicates.")
	}
	tags := map[string]string{}
	for name, values := range query {
		if len(values) > 1 {
			return nil, invalidArgument("x-amz-tagging", text, "The header 'x-amz-tagging' shall be encoded as UTF-8 then URLEncoded URL query parameters without tag name duplicates.")
		}
		tags[name] = values[0]
	}
	return tags, nil
}

// encryptionHeaders reads what a request asks for.
func encryptionHeaders(h http.Header) (Encryption, error) {
	e := Encryption{Algorithm: h.Get(sseHeader), KMSKey: h.Get(sseHeader + "-aws-kms-key-id")}
	if text := h.Get(sseHeader + "-context"); text != "" {
		data, err := base64.StdEncoding.DecodeString(text)
		if err == nil {
			err = json.Unmarshal(data, &e.Context)
		}
		if err != nil {
			return e, invalidArgument(sseHeader+"-context", text, "The header '"+sseHeader+"-context' shall be Base64-encoded UTF-8 string holding JSON which represents a string-string map")
		}
	}
	switch text := h.Get(sseHeader + "-bucket-key-enabled"); strings.ToLower(text) {
	case "":
	case "true", "false":
		on := strings.EqualFold(text, "true")
		e.BucketKey = &on
	default:
		return e, invalidArgument(sseHeader+"-bucket-key-enabled", text, "The value specified in the "+sseHeader+"-bucket-key-enabled header is not valid")
	}
	var err error
	e.Customer, err = customerKey(h, sseHeader+"-customer-")
	return e, err
}

// customerKey reads the three headers of SSE-C.
func customerKey(h http.Header, prefix string) ([]byte, error) {
	algorithm, text, sum := h.Get(prefix+"algorithm"), h.Get(prefix+"key"), h.Get(prefix+"key-md5")
	switch {
	case algorithm == "" && text == "" && sum == "":
		return nil, nil
	case algorithm == "":
		return nil, invalidArgument(prefix+"algorithm", "null", "Requests specifying Server Side Encryption with Customer provided keys must provide a valid encryption algorithm.")
	case algorithm != sseS3:
		return nil, refuse(http.StatusBadRequest, "InvalidEncryptionAlgorithmError", "The Encryption request you specified is not valid. Supported value: AES256.",
			"ArgumentName", prefix+"algorithm", "ArgumentValue", algorithm)
	case text == "":
		return nil, invalidArgument(prefix+"key", "null", "Requests specifying Server Side Encryption with Customer provided keys must provide an appropriate secret key.")
	case sum == "":
		return nil, invalidArgument(prefix+"key-md5", "null", "Requests specifying Server Side Encryption with Customer provided keys must provide the client calculated MD5 of the secret key.")
	}
	key, err := base64.StdEncoding.DecodeString(text)
	if err != nil || len(key) != 32 {
		return nil, invalidArgument(prefix+"key", "null", "The secret key was invalid for the specified algorithm.")
	}
	if keyMD5(key) != sum {
		return nil, invalidArgument(prefix+"key-md5", sum, "The calculated MD5 hash of the key did not match the hash that was provided.")
	}
	return key, nil
}

// refuseEncryption refuses the headers that choose an encryption where there is nothing to choose: reads and parts.
func refuseEncryption(h http.Header) error {
	for _, name := range []string{sseHeader, sseHeader + "-aws-kms-key-id", sseHeader + "-context", sseHeader + "-bucket-key-enabled"} {
		if value := h.Get(name); value != "" {
			return invalidArgument(name, value, name+" header is not supported for this operation.")
		}
	}
	return nil
}

// checksum reads which checksum the request sends, in a header or in a trailer, whose value is compared when the body is
// read (package sigv4). At most one is allowed.
func (x *exchange) checksum() (Checksum, error) {
	h := x.r.Header
	out := Checksum{Type: h.Get("X-Amz-Checksum-Type")}
	for _, name := range append(checksumNames(), "SHA512", "MD5", "XXHASH64", "XXHASH3", "XXHASH128") {
		header := checksumHeader(name)
		value := h.Get(header)
		inTrailer := strings.EqualFold(strings.TrimSpace(h.Get("X-Amz-Trailer")), header)
		if value == "" && !inTrailer {
			continue
		}
		if out.Algorithm != "" {
			return out, invalidRequest("Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.")
		}
		out.Algorithm, out.Value = name, value
	}
	for _, name := range []string{"X-Amz-Checksum-Algorithm", "X-Amz-Sdk-Checksum-Algorithm"} {
		asked := strings.ToUpper(h.Get(name))
		switch {
		case asked == "" || asked == out.Algorithm:
		case out.Algorithm != "":
			return out, invalidRequest("Value for " + strings.ToLower(name) + " header is invalid.")
		default:
			out.Algorithm = asked
		}
	}
	return out, out.valid()
}

func checksumHeader(algorithm string) string { return "x-amz-checksum-" + strings.ToLower(algorithm) }

// checkDeleteHeaders refuses the conditions that only directory buckets know.
func checkDeleteHeaders(h http.Header) error {
	for _, name := range []string{"X-Amz-If-Match-Last-Modified-Time", "X-Amz-If-Match-Size"} {
		if h.Get(name) != "" {
			return awserr.NotImitated("header " + strings.ToLower(name))
		}
	}
	return nil
}

func writeConditions(h http.Header) Conditions {
	return Conditions{IfMatch: unquote(h.Get("If-Match")), IfNoneMatch: unquote(h.Get("If-None-Match"))}
}

// readConditions reads the conditions of a read, or with a prefix those on a copy's source. A date that is none counts as
// absent, as RFC 9110 has it.
func readConditions(h http.Header, prefix string) Conditions {
	c := Conditions{IfMatch: unquote(h.Get(prefix + "If-Match")), IfNoneMatch: unquote(h.Get(prefix + "If-None-Match"))}
	if t, err := http.ParseTime(h.Get(prefix + "If-Modified-Since")); err == nil {
		c.IfModifiedSince = t
	}
	if t, err := http.ParseTime(h.Get(prefix + "If-Unmodified-Since")); err == nil {
		c.IfUnmodifiedSince = t
	}
	return c
}

func unquote(etag string) string { return strings.Trim(strings.TrimPrefix(etag, "W/"), `"`) }

func parseMD5(sent string) ([]byte, error) {
	sum, err := base64.StdEncoding.DecodeString(sent)
	if err != nil || len(sum) != md5.Size {
		return nil, refuse(http.StatusBadRequest, "InvalidDigest", "The Content-MD5 you specified was invalid.", "Content-MD5", sent)
	}
	return sum, nil
}

func checkMD5(sent string, data []byte) error {
	want, err := parseMD5(sent)
	if err != nil {
		return err
	}
	if sum := md5.Sum(data); !bytes.Equal(sum[:], want) { //nolint:gosec // what S3 asks for
		return refuse(http.StatusBadRequest, "BadDigest", "The Content-MD5 you specified did not match what we received.")
	}
	return nil
}

// parseRange reads a Range header. S3 serves one range; it ignores headers that it cannot read.
func parseRange(text string) *Range {
	spec, ok := strings.CutPrefix(text, "bytes=")
	if !ok {
		return nil
	}
	first, last, ok := strings.Cut(strings.TrimSpace(spec), "-")
	if !ok {
		return nil
	}
	number := func(s string) (int64, bool) {
		n, err := strconv.ParseInt(s, 10, 64)
		return n, err == nil && n >= 0 && s[0] != '+' && s[0] != '-'
	}
	if first == "" {
		n, ok := number(last)
		if !ok {
			return nil
		}
		if n == 0 { // no byte at all: never satisfiable
			return &Range{Offset: 1<<63 - 1, Length: -1}
		}
		return &Range{Offset: -n, Length: -1}
	}
	start, ok := number(first)
	if !ok {
		return nil
	}
	if last == "" {
		return &Range{Offset: start, Length: -1}
	}
	end, ok := number(last)
	if !ok || end < start {
		return nil
	}
	if end-start == 1<<63-1 {
		return &Range{Offset: start, Length: -1}
	}
	return &Range{Offset: start, Length: end - start + 1}
}

// decodeWord undoes RFC 2047, in which S3 takes and gives metadata that is not ASCII.
func decodeWord(value string) string {
	if text, err := (&mime.WordDecoder{}).DecodeHeader(value); err == nil && utf8.ValidString(text) {
		return text
	}
	return value
}

func encodeWord(value string) string {
	for _, c := range []byte(value) {
		if c < ' ' || c > '~' {
			return mime.BEncoding.Encode("UTF-8", value)
		}
	}
	return value
}

// sealHeaders are the headers that tell how an object or part is encrypted.
func sealHeaders(algorithm, kmsKeyARN string, bucketKey bool, customerMD5 string) map[string]string {
	all := map[string]string{}
	if customerMD5 != "" {
		all[sseHeader+"-customer-algorithm"] = sseS3
		all[sseHeader+"-customer-key-md5"] = customerMD5
		return all
	}
	all[sseHeader] = algorithm
	if algorithm == sseKMS {
		all[sseHeader+"-aws-kms-key-id"] = kmsKeyARN
		if bucketKey {
			all[sseHeader+"-bucket-key-enabled"] = "true"
		}
	}
	return all
}

// writtenHeaders tell about an object that was just written.
func writtenHeaders(o ObjectInfo) map[string]string {
	all := sealHeaders(o.Algorithm, o.KMSKeyARN, o.BucketKey, o.CustomerMD5)
	all["Etag"] = `"` + o.ETag + `"`
	if o.VersionID != "" {
		all["X-Amz-Version-Id"] = o.VersionID
	}
	if o.Checksum.Value != "" {
		all[checksumHeader(o.Checksum.Algorithm)] = o.Checksum.Value
		all["X-Amz-Checksum-Type"] = o.Checksum.Type
	}
	return all
}

// objectHeaders tell about an object that is read, but for its user metadata. checksums are told only when asked for.
func objectHeaders(o ObjectInfo, checksums bool) map[string]string {
	all := writtenHeaders(o)
	if !checksums {
		delete(all, checksumHeader(o.Checksum.Algorithm))
		delete(all, "X-Amz-Checksum-Type")
	}
	maps.Copy(all, o.Headers)
	if all["Content-Type"] == "" {
		all["Content-Type"] = "binary/octet-stream"
	}
	if o.StorageClass != "" {
		all["X-Amz-Storage-Class"] = o.StorageClass
	}
	if len(o.Tags) > 0 {
		all["X-Amz-Tagging-Count"] = strconv.Itoa(len(o.Tags))
	}
	all["Last-Modified"] = httpTime(o.Modified)
	all["Accept-Ranges"] = "bytes"
	return all
}

func httpTime(t time.Time) string { return t.UTC().Format(http.TimeFormat) }
