package s3

import (
	"bytes"
	"crypto/rand"
	"crypto/tls"
	"encoding/base64"
	"encoding/hex"
	"encoding/xml"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/sealift/sealift/internal/local/aws/awserr"
	"github.com/sealift/sealift/internal/local/aws/sigv4"
)

// namespace is that of S3's XML documents.
const namespace = "http://s3.amazonaws.com/doc/2006-03-01/"

// maxDocument bounds the XML and JSON documents that are read whole. The longest is a CompleteMultipartUpload of 10,000
// parts, each with ETag and checksum.
const maxDocument = 4 << 20

// exchange is one HTTP request and its answer.
type exchange struct {
	s           *Service
	w           http.ResponseWriter
	r           *http.Request
	caller      *Caller
	query       url.Values
	bucket, key string
}

// ServeHTTP answers S3's REST API. Keys may hold "//" and "..", so no http.ServeMux, which cleans paths, may stand
// before it.
func (s *Service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	// A copy: net/http looks at the body of its own request to see what of it is still on the wire.
	x := &exchange{s: s, w: w, r: r.Clone(r.Context()), query: r.URL.Query()}
	h := w.Header()
	h.Set(requestIDHeader, newRequestID())
	h.Set(hostIDHeader, newHostID())
	h.Set("Server", "AmazonS3")
	err := x.serve() //nolint:contextcheck // each operation takes the context from the request
	if err == nil {
		return
	}
	if errors.Is(err, http.ErrAbortHandler) {
		panic(http.ErrAbortHandler) // the answer has begun: only a broken connection can tell
	}
	f := tell(err)
	s.log.Debug("s3 refused", "method", r.Method, "bucket", x.bucket, "status", f.err.Status, "code", f.err.Code, "err", err)
	if err := f.answer(w, r); err != nil {
		s.log.Debug("s3 could not answer", "err", err)
	}
}

// answer refuses a request whose body may still be on its way. A client that sees its connection closed while it sends
// never reads the answer, so the rest of the body is taken first. Not so from a client that asked to be told whether to
// send: most wait for that, and then send nothing. Some send all the same (the AWS SDK for Go is one of them): for those
// the rest is taken after the answer.
func (f *fault) answer(w http.ResponseWriter, r *http.Request) error {
	waits := r.Header.Get("Expect") != ""
	if !waits {
		_, _ = io.Copy(io.Discard, io.LimitReader(r.Body, maxPut)) // whatever is wrong with it, the answer stands
	}
	if err := f.write(w, r.Method == http.MethodHead); err != nil || !waits {
		return err
	}
	control := http.NewResponseController(w)
	if err := control.Flush(); err != nil {
		return err
	}
	for buffer := make([]byte, segmentSize); ; {
		if err := control.SetReadDeadline(time.Now().Add(lingerTime)); err != nil {
			return err
		}
		if _, err := r.Body.Read(buffer); err != nil {
			return nil //nolint:nilerr // it is over, one way or the other
		}
	}
}

// lingerTime is how long a refused client may be silent before it is taken to have read the answer.
const lingerTime = 500 * time.Millisecond

func newRequestID() string {
	random := make([]byte, 8)
	rand.Read(random)
	return strings.ToUpper(hex.EncodeToString(random))
}

func newHostID() string {
	random := make([]byte, 56)
	rand.Read(random)
	return base64.StdEncoding.EncodeToString(random)
}

func (x *exchange) serve() error {
	x.bucket, x.key = resource(x.r.Host, x.r.URL.Path)
	x.caller = &Caller{s: x.s}
	if sigv4.Signed(x.r) {
		id, err := x.s.opts.Verify.Verify(x.r, "s3")
		if err != nil {
			return err
		}
		x.caller.id = id
	}
	x.caller.conditions = x.conditions()
	x.caller.expectedOwner = x.r.Header.Get("X-Amz-Expected-Bucket-Owner")
	x.caller.sourceOwner = x.r.Header.Get("X-Amz-Source-Expected-Bucket-Owner")
	switch {
	case x.bucket == "":
		return x.serveService()
	case x.key == "":
		return x.serveBucket()
	default:
		return x.serveObject()
	}
}

// resource finds bucket and key in a request: in path style, or, where the host name begins with a bucket's, in virtual
// host style.
func resource(host, path string) (bucket, key string) {
	path = strings.TrimPrefix(path, "/")
	if bucket := hostBucket(host); bucket != "" {
		return bucket, path
	}
	bucket, key, _ = strings.Cut(path, "/")
	return bucket, key
}

// hostBucket gives the bucket that a host name begins with, as in bucket.localhost, bucket.s3.localhost,
// bucket.s3.eu-west-1.localhost and the same under amazonaws.com, where only names with s3 count.
func hostBucket(host string) string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	rest, ok := strings.CutSuffix(strings.ToLower(host), ".localhost")
	needsS3 := false
	if !ok {
		rest, ok = strings.CutSuffix(strings.ToLower(host), ".amazonaws.com")
		needsS3 = true
	}
	if !ok {
		return ""
	}
	labels := strings.Split(rest, ".")
	for i, label := range slices.Backward(labels) {
		after := labels[i+1:]
		if len(after) > 0 && after[0] == "dualstack" {
			after = after[1:]
		}
		isRegion := len(after) == 0 || len(after) == 1 && regionName.MatchString(after[0])
		if isRegion && (label == "s3" || strings.HasPrefix(label, "s3-") && regionName.MatchString(label[3:])) {
			return strings.Join(labels[:i], ".")
		}
	}
	if needsS3 {
		return ""
	}
	return rest
}

// conditions gives the condition keys that belong to any request: service authorization reference, "Condition keys for
// Amazon S3".
func (x *exchange) conditions() map[string][]string {
	all := map[string][]string{}
	set := func(key, value string) {
		if value != "" {
			all[key] = []string{value}
		}
	}
	for _, name := range []string{"x-amz-acl", "x-amz-content-sha256", "x-amz-copy-source", "x-amz-metadata-directive"} {
		set("s3:"+name, x.r.Header.Get(name))
	}
	if x.r.TLS != nil {
		set("s3:tlsversion", map[uint16]string{tls.VersionTLS12: "1.2", tls.VersionTLS13: "1.3"}[x.r.TLS.Version])
	}
	if x.caller.id == nil {
		// What the identity would carry.
		set("aws:securetransport", strconv.FormatBool(x.r.TLS != nil))
		set("aws:useragent", x.r.UserAgent())
		set("aws:referer", x.r.Referer())
		if address, _, err := net.SplitHostPort(x.r.RemoteAddr); err == nil {
			set("aws:sourceip", address)
		}
		return all
	}
	set("s3:signatureversion", "AWS4-HMAC-SHA256")
	set("s3:authtype", "REST-HEADER")
	date := x.r.Header.Get("X-Amz-Date")
	if sigv4.Presigned(x.r) {
		set("s3:authtype", "REST-QUERY-STRING")
		date = x.query.Get("X-Amz-Date")
	}
	if signed, err := time.Parse("20060102T150405Z", date); err == nil {
		set("s3:signatureage", strconv.FormatInt(x.s.now().Sub(signed).Milliseconds(), 10))
	}
	return all
}

// document reads the request's body whole. demand insists on a Content-MD5 or checksum header, as S3 does where the
// document decides what is deleted.
func (x *exchange) document(demand bool) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(x.r.Body, maxDocument+1))
	if err != nil {
		return nil, err
	}
	if len(data) > maxDocument {
		return nil, refuse(http.StatusBadRequest, "MaxMessageLengthExceeded", "Your request was too big.", "MaxMessageLengthBytes", strconv.Itoa(maxDocument))
	}
	want, err := x.checksum()
	if err != nil {
		return nil, err
	}
	sent := x.r.Header.Get("Content-Md5")
	if demand && sent == "" && want.Value == "" && x.r.Header.Get("X-Amz-Trailer") == "" {
		return nil, invalidRequest("Missing required header for this request: Content-MD5")
	}
	if sent != "" {
		if err := checkMD5(sent, data); err != nil {
			return nil, err
		}
	}
	if want.Value != "" {
		sum, err := newChecksum(want.Algorithm)
		if err != nil {
			return nil, err
		}
		sum.Write(data)
		if err := want.match(base64.StdEncoding.EncodeToString(sum.Sum(nil))); err != nil {
			return nil, err
		}
	}
	return data, nil
}

// readXML reads an XML document into v.
func (x *exchange) readXML(v any, demand bool) error {
	data, err := x.document(demand)
	if err != nil {
		return err
	}
	return parseXML(data, v)
}

// parseXML reads a document that must be all there is.
func parseXML(data []byte, v any) error {
	d := xml.NewDecoder(bytes.NewReader(data))
	if err := d.Decode(v); err != nil {
		return malformedXML()
	}
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return nil
		}
		text, blank := token.(xml.CharData)
		if err != nil || blank && len(bytes.TrimSpace(text)) > 0 {
			return malformedXML()
		}
		if _, element := token.(xml.StartElement); element {
			return malformedXML()
		}
	}
}

// answerXML answers with a document.
func (x *exchange) answerXML(v any) error {
	data, err := xml.Marshal(v)
	if err != nil {
		return err
	}
	h := x.w.Header()
	h.Set("Content-Type", "application/xml")
	h.Set("Content-Length", strconv.Itoa(len(xml.Header)+len(data)))
	_, err = x.w.Write(append([]byte(xml.Header), data...))
	return begun(err)
}

// begun marks an error after which no error document can be sent any more.
func begun(err error) error {
	if err != nil {
		return errors.Join(http.ErrAbortHandler, err)
	}
	return nil
}

// answer answers without a document.
func (x *exchange) answer(status int) error {
	x.w.WriteHeader(status)
	return nil
}

func (x *exchange) serveService() error {
	if x.r.Method != http.MethodGet {
		return methodNotAllowed(x.r.Method, "SERVICE")
	}
	return x.listBuckets()
}

// subresource gives the one of names that the query has; "" if it has none.
func (x *exchange) subresource(names ...string) string {
	for _, name := range names {
		if x.query.Has(name) {
			return name
		}
	}
	return ""
}

// The subresources that S3 knows, of buckets and of objects.
var (
	bucketSubresources = []string{
		"accelerate", "acl", "analytics", "cors", "delete", "encryption", "intelligent-tiering", "inventory", "lifecycle", "location",
		"logging", "metadataConfiguration", "metadataTable", "metrics", "notification", "object-lock", "ownershipControls", "policy",
		"policyStatus", "publicAccessBlock", "replication", "requestPayment", "session", "tagging", "uploads", "versioning", "versions",
		"website", "abac",
	}
	objectSubresources = []string{
		"acl", "attributes", "legal-hold", "renameObject", "restore", "retention", "select", "tagging", "torrent", "uploads", "uploadId",
	}
)

func (x *exchange) serveBucket() error {
	sub := x.subresource(bucketSubresources...)
	switch method := x.r.Method; {
	case method == http.MethodOptions:
		return corsDisabled()
	case sub == "uploads" && method == http.MethodGet:
		return x.listUploads()
	case sub == "versions" && method == http.MethodGet:
		return x.listVersions()
	case sub == "delete" && method == http.MethodPost:
		return x.deleteObjects()
	case sub != "":
		return x.serveSettings(sub)
	case method == http.MethodGet:
		return x.listObjects()
	case method == http.MethodPut:
		return x.createBucket()
	case method == http.MethodHead:
		return x.headBucket()
	case method == http.MethodDelete:
		return x.deleteBucket()
	case method == http.MethodPost:
		return awserr.NotImitated("POST uploads from browsers")
	default:
		return methodNotAllowed(method, "BUCKET")
	}
}

func (x *exchange) serveObject() error {
	sub := x.subresource(objectSubresources...)
	copies := x.r.Header.Get("X-Amz-Copy-Source") != ""
	switch method := x.r.Method; {
	case method == http.MethodOptions:
		return corsDisabled()
	case sub == "uploads" && method == http.MethodPost:
		return x.carry()
	case sub == "uploadId":
		switch method {
		case http.MethodGet:
			return x.listParts()
		case http.MethodPost:
			return x.completeUpload()
		case http.MethodPut:
			if copies {
				return x.uploadPartCopy()
			}
			if x.r.ContentLength == 0 {
				return x.uploadEmptyPart()
			}
			return x.carry()
		case http.MethodDelete:
			return x.carry()
		default:
			return methodNotAllowed(method, "UPLOAD")
		}
	case sub == "tagging":
		return x.serveObjectTagging()
	case sub == "acl":
		return x.serveObjectACL()
	case sub == "attributes" && method == http.MethodGet:
		return x.objectAttributes()
	case sub != "":
		return awserr.NotImitated("object subresource " + sub)
	case method == http.MethodPut && copies:
		return x.copyObject()
	case method == http.MethodGet, method == http.MethodHead, method == http.MethodPut, method == http.MethodDelete:
		return x.carry()
	default:
		return methodNotAllowed(method, "OBJECT")
	}
}

func corsDisabled() error {
	return refuse(http.StatusForbidden, "AccessForbidden", "CORSResponse: CORS is not enabled for this bucket.")
}
