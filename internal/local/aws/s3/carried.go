package s3

import (
	"bytes"
	"cmp"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"strconv"
	"strings"

	"github.com/johannesboyne/gofakes3"

	"github.com/sealift/sealift/internal/local/aws/awserr"
)

// carry lets gofakes3 answer the request. It is made anew for every request, so that its backend knows who asks, and for
// what beyond the arguments that gofakes3 passes on. Its own checks of dates, bucket names and metadata are switched off
// or never reached: the signature's check and ours are the stricter ones.
func (x *exchange) carry() error {
	if err := x.prepare(); err != nil {
		return err
	}
	h := x.w.Header()
	backend := &carried{x: x, headers: map[string]string{}}
	backend.set(map[string]string{requestIDHeader: h.Get(requestIDHeader), hostIDHeader: h.Get(hostIDHeader)}) // it makes its own
	a := &answer{ResponseWriter: x.w, backend: backend}
	gofakes3.New(backend, gofakes3.WithTimeSkewLimit(0), gofakes3.WithMetadataSizeLimit(0)).Server().ServeHTTP(a, x.r)
	return a.end()
}

// prepare turns the request into what gofakes3 understands: path style, a plain body, and no header that it would
// evaluate in its own way.
func (x *exchange) prepare() error {
	x.r.URL.Path = "/" + x.bucket
	if x.key != "" {
		x.r.URL.Path += "/" + x.key
	}
	h := x.r.Header
	h.Del("Content-Length")
	if x.r.ContentLength >= 0 {
		h.Set("Content-Length", strconv.FormatInt(x.r.ContentLength, 10))
	}
	h.Del("X-Amz-Content-Sha256")     // the body is decoded already
	x.r.Body = io.NopCloser(x.r.Body) // gofakes3 closes it, also when the rest of it must be drained
	if r := parseRange(h.Get("Range")); r == nil {
		h.Del("Range")
	}
	if sent := h.Values("Content-Md5"); len(sent) > 0 {
		_, err := parseMD5(sent[0])
		return err
	}
	return nil
}

// carried is the backend of one request. The embedded interfaces are nil: what they declare beyond the methods below
// belongs to operations that never reach gofakes3.
type carried struct {
	gofakes3.Backend
	gofakes3.VersionedBackend
	gofakes3.MultipartBackend

	x       *exchange
	failed  error             // what a method answered
	headers map[string]string // replace those that gofakes3 sets; "" deletes one
	status  int               // replaces gofakes3's; 0 does not
}

// set adds headers of the answer.
func (b *carried) set(headers map[string]string) { maps.Copy(b.headers, headers) }

// answer stands between gofakes3 and the client. It gives our headers the last word, and keeps error documents back,
// which are told by us.
type answer struct {
	http.ResponseWriter
	backend *carried
	status  int          // of an error
	told    bytes.Buffer // gofakes3's document about it
	begun   bool
}

func (a *answer) WriteHeader(status int) {
	if status >= http.StatusMultipleChoices || a.begun {
		a.status = status
		return
	}
	a.settle()
	a.begun = true
	a.ResponseWriter.WriteHeader(cmp.Or(a.backend.status, status))
}

// settle gives our headers the last word.
func (a *answer) settle() {
	h := a.Header()
	h.Del("Access-Control-Allow-Origin") // no bucket has a CORS configuration
	for name, value := range a.backend.headers {
		switch {
		case value == "":
			h.Del(name)
		case strings.HasPrefix(name, metaPrefix):
			h[name] = []string{value} // in lower case, as S3 sends it: botocore makes names of metadata of it
		default:
			h.Set(name, value)
		}
	}
}

func (a *answer) Write(p []byte) (int, error) {
	if a.status != 0 {
		return a.told.Write(p)
	}
	if !a.begun {
		a.WriteHeader(http.StatusOK)
	}
	return a.ResponseWriter.Write(p)
}

// end finishes the answer, or tells what went wrong.
func (a *answer) end() error {
	err := a.backend.failed
	if err == nil && a.status != 0 {
		err = a.own()
	}
	switch {
	case err != nil && a.begun: // in the middle of a body
		return fmt.Errorf("%w: %w", http.ErrAbortHandler, err)
	case err != nil:
		a.settle()
		return err
	case !a.begun:
		a.WriteHeader(http.StatusOK)
	}
	return nil
}

// own reads an error that gofakes3 itself found.
func (a *answer) own() error {
	var doc gofakes3.ErrorResponse
	if err := xml.Unmarshal(a.told.Bytes(), &doc); err != nil {
		return awserr.New(a.status, http.StatusText(a.status), "%s", http.StatusText(a.status))
	}
	switch doc.Code {
	case gofakes3.ErrMethodNotAllowed: // for which gofakes3 has the status 400
		return methodNotAllowed(a.backend.x.r.Method, "OBJECT")
	case gofakes3.ErrMissingContentLength:
		return awserr.New(a.status, string(doc.Code), "You must provide the Content-Length HTTP header.")
	case gofakes3.ErrBadDigest:
		return awserr.New(a.status, string(doc.Code), "The Content-MD5 you specified did not match what we received.")
	case gofakes3.ErrInvalidPart: // its word for a part number that is none
		return checkPart(0)
	default:
		return awserr.New(a.status, string(doc.Code), "%s", doc.Message)
	}
}

// fail keeps an error for our own account of it, and answers one that makes gofakes3 stop.
func (b *carried) fail(err error) error {
	if err == nil {
		return nil
	}
	b.failed = err
	return gofakes3.ErrInternal
}

func (b *carried) BucketExists(string) (bool, error) { return true, nil } // each method finds out for itself

func (b *carried) HeadObject(_, _ string) (*gofakes3.Object, error) {
	x := b.x
	in, err := x.getInput()
	if err != nil {
		return nil, b.fail(err)
	}
	in.Range = parseRange(x.r.Header.Get("Range"))
	x.r.Header.Del("Range") // gofakes3's own reading of it comes after this and knows no parts
	o, err := x.caller.HeadObject(x.r.Context(), in)
	if err != nil {
		return nil, b.fail(err)
	}
	o.Body = http.NoBody
	out := b.object(o, in)
	if out.Range != nil {
		b.status = http.StatusPartialContent
		b.set(map[string]string{
			"Content-Length": sizeText(o.Length), "Content-Range": fmt.Sprintf("bytes %d-%d/%d", o.Offset, o.Offset+o.Length-1, o.Size),
		})
	}
	return out, nil
}

func (b *carried) GetObject(_, _ string, _ *gofakes3.ObjectRangeRequest) (*gofakes3.Object, error) {
	x := b.x
	in, err := x.getInput()
	if err != nil {
		return nil, b.fail(err)
	}
	in.Range = parseRange(x.r.Header.Get("Range")) // which knows that the last 0 bytes are none
	o, err := x.caller.GetObject(x.r.Context(), in)
	if err != nil {
		return nil, b.fail(err)
	}
	return b.object(o, in), nil
}

func (b *carried) GetObjectVersion(bucket, key string, _ gofakes3.VersionID, asked *gofakes3.ObjectRangeRequest) (*gofakes3.Object, error) {
	return b.GetObject(bucket, key, asked)
}

// object puts an object into gofakes3's form. All headers are in Metadata, where response-content-type and its like can
// override them, but for the ETag, which gofakes3 insists to make of a hash.
func (b *carried) object(o *Object, in GetInput) *gofakes3.Object {
	partial := o.Length != o.Size || in.Range != nil || in.PartNumber > 0
	out := &gofakes3.Object{
		Name: o.Key, Size: o.Size, Contents: o.Body,
		Metadata: objectHeaders(o.ObjectInfo, !partial && b.x.r.Header.Get("X-Amz-Checksum-Mode") == "ENABLED"),
	}
	b.set(map[string]string{"Etag": out.Metadata["Etag"]})
	for name, value := range o.Meta {
		b.set(map[string]string{metaPrefix + name: encodeWord(value)})
	}
	if in.PartNumber > 0 && o.Parts > 0 {
		out.Metadata["X-Amz-Mp-Parts-Count"] = strconv.Itoa(o.Parts)
	}
	if partial && o.Length > 0 {
		out.Range = &gofakes3.ObjectRange{Start: o.Offset, Length: o.Length}
	}
	return out
}

func (b *carried) PutObject(_, _ string, _ map[string]string, body io.Reader, _ int64, _ *gofakes3.PutConditions) (gofakes3.PutObjectResult, error) {
	x := b.x
	in, err := x.putInput()
	if err != nil {
		return gofakes3.PutObjectResult{}, b.fail(err)
	}
	info, err := x.caller.PutObject(x.r.Context(), in, body)
	if err != nil {
		return gofakes3.PutObjectResult{}, b.failBody(err)
	}
	b.set(writtenHeaders(info))
	return gofakes3.PutObjectResult{}, nil
}

// failBody is fail for errors that may come from reading the body through gofakes3, which checks Content-MD5.
func (b *carried) failBody(err error) error {
	if found, ok := errors.AsType[gofakes3.ErrorCode](err); ok {
		return found
	}
	return b.fail(err)
}

func (b *carried) DeleteObject(_, _ string) (gofakes3.ObjectDeleteResult, error) {
	x := b.x
	if err := checkDeleteHeaders(x.r.Header); err != nil {
		return gofakes3.ObjectDeleteResult{}, b.fail(err)
	}
	done, err := x.caller.DeleteObject(x.r.Context(), DeleteInput{
		Bucket: x.bucket, Key: x.key, VersionID: x.query.Get("versionId"), Conditions: writeConditions(x.r.Header),
	})
	if err != nil {
		return gofakes3.ObjectDeleteResult{}, b.fail(err)
	}
	b.set(map[string]string{"X-Amz-Delete-Marker": "", "X-Amz-Version-Id": done.VersionID})
	if done.Marker {
		b.set(map[string]string{"X-Amz-Delete-Marker": "true"})
	}
	return gofakes3.ObjectDeleteResult{}, nil
}

func (b *carried) DeleteObjectVersion(bucket, key string, _ gofakes3.VersionID) (gofakes3.ObjectDeleteResult, error) {
	return b.DeleteObject(bucket, key)
}

func (b *carried) CreateMultipartUpload(_, _ string, _ map[string]string) (gofakes3.UploadID, error) {
	x := b.x
	in, err := x.putInput()
	if err != nil {
		return "", b.fail(err)
	}
	u, err := x.caller.CreateUpload(x.r.Context(), in)
	if err != nil {
		return "", b.fail(err)
	}
	b.set(uploadHeaders(u))
	b.set(map[string]string{"Content-Type": "application/xml"})
	if in.Checksum.Algorithm != "" {
		b.set(map[string]string{"X-Amz-Checksum-Algorithm": u.Checksum, "X-Amz-Checksum-Type": u.ChecksumType})
	}
	return gofakes3.UploadID(u.ID), nil
}

func (b *carried) UploadPart(_, _ string, _ gofakes3.UploadID, _ int, _ int64, body io.Reader) (string, error) {
	headers, err := b.x.uploadPart(body)
	if err != nil {
		return "", b.failBody(err)
	}
	b.set(headers)
	return "", nil
}

func (b *carried) AbortMultipartUpload(_, _ string, _ gofakes3.UploadID) error {
	x := b.x
	return b.fail(x.caller.AbortUpload(x.r.Context(), x.bucket, x.key, x.query.Get("uploadId")))
}
