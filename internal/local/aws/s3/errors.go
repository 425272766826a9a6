package s3

import (
	"bytes"
	"encoding/xml"
	"errors"
	"net/http"
	"strconv"
	"syscall"

	"github.com/sealift/sealift/internal/local/aws/awserr"
)

// fault is an error with more to tell than code and message: extra elements of the error document, and headers.
type fault struct {
	err     *awserr.Error
	details []detail
	headers map[string]string
}

type detail struct{ name, value string }

func (f *fault) Error() string { return f.err.Error() }
func (f *fault) Unwrap() error { return f.err }

// refuse makes an error with details, given as names and values in turn.
func refuse(status int, code, message string, details ...string) *fault {
	f := &fault{err: &awserr.Error{Code: code, Status: status, Message: message}}
	for i := 0; i+1 < len(details); i += 2 {
		f.details = append(f.details, detail{details[i], details[i+1]})
	}
	return f
}

func (f *fault) header(name, value string) *fault {
	if f.headers == nil {
		f.headers = map[string]string{}
	}
	f.headers[name] = value
	return f
}

// The errors below are worded as S3 words them; clients match on codes, people search for the words.

func noSuchBucket(name string) error {
	return refuse(http.StatusNotFound, "NoSuchBucket", "The specified bucket does not exist", "BucketName", name)
}

func noSuchKey(key string) *fault {
	return refuse(http.StatusNotFound, "NoSuchKey", "The specified key does not exist.", "Key", key)
}

func noSuchVersion(key, id string) *fault {
	return refuse(http.StatusNotFound, "NoSuchVersion", "The specified version does not exist.", "Key", key, "VersionId", id)
}

func noSuchUpload(id string) error {
	return refuse(http.StatusNotFound, "NoSuchUpload",
		"The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or completed.", "UploadId", id)
}

func invalidArgument(name, value, message string) error {
	return refuse(http.StatusBadRequest, "InvalidArgument", message, "ArgumentName", name, "ArgumentValue", value)
}

func invalidRequest(message string) error {
	return refuse(http.StatusBadRequest, "InvalidRequest", message)
}

func malformedXML() error {
	return refuse(http.StatusBadRequest, "MalformedXML", "The XML you provided was not well-formed or did not validate against our published schema")
}

func preconditionFailed(condition string) error {
	return refuse(http.StatusPreconditionFailed, "PreconditionFailed", "At least one of the pre-conditions you specified did not hold", "Condition", condition)
}

// conditionalConflict says that the object changed while a conditional write was on its way: the client may try again.
func conditionalConflict() error {
	return refuse(http.StatusConflict, "ConditionalRequestConflict", "The conditional request cannot succeed due to a conflicting operation against this resource.")
}

func accessDenied() error {
	return refuse(http.StatusForbidden, "AccessDenied", "Access Denied")
}

// methodNotAllowed is S3's answer to reading a delete marker, or to a method that a resource does not have.
func methodNotAllowed(method, resource string) *fault {
	return refuse(http.StatusMethodNotAllowed, "MethodNotAllowed", "The specified method is not allowed against this resource.",
		"Method", method, "ResourceType", resource)
}

// tell turns any error into what S3 answers. Failures of the stand-in itself are told with their cause: it has no
// operators who could look it up.
func tell(err error) *fault {
	if f, ok := errors.AsType[*fault](err); ok {
		return f
	}
	if e, ok := errors.AsType[*awserr.Error](err); ok {
		return &fault{err: e}
	}
	if errors.Is(err, syscall.ENOSPC) {
		return refuse(http.StatusInternalServerError, "InternalError", "We encountered an internal error. Please try again. (The stand-in's disk is full.)")
	}
	return refuse(http.StatusInternalServerError, "InternalError", "We encountered an internal error. Please try again. (The stand-in: "+err.Error()+")")
}

// Error tells an error of a Caller in S3's words: code, status and message as the REST API answers it.
func Error(err error) *awserr.Error { return tell(err).err }

// write answers a request with the error. bodyless leaves the document out, as for HEAD.
func (f *fault) write(w http.ResponseWriter, bodyless bool) error {
	h := w.Header()
	for name, value := range f.headers {
		h.Set(name, value)
	}
	if bodyless || f.err.Status == http.StatusNotModified {
		h.Del("Content-Type")
		w.WriteHeader(f.err.Status)
		return nil
	}
	type element struct {
		XMLName xml.Name
		Value   string `xml:",chardata"`
	}
	doc := struct {
		XMLName xml.Name `xml:"Error"`
		All     []element
	}{}
	add := func(name, value string) {
		doc.All = append(doc.All, element{xml.Name{Local: name}, value})
	}
	add("Code", f.err.Code)
	add("Message", f.err.Message)
	for _, d := range f.details {
		add(d.name, d.value)
	}
	add("RequestId", h.Get(requestIDHeader))
	add("HostId", h.Get(hostIDHeader))
	var body bytes.Buffer
	body.WriteString(xml.Header)
	if err := xml.NewEncoder(&body).Encode(doc); err != nil {
		return err
	}
	h.Set("Content-Type", "application/xml")
	h.Set("Content-Length", strconv.Itoa(body.Len()))
	w.WriteHeader(f.err.Status)
	_, err := w.Write(body.Bytes())
	return err
}

const (
	requestIDHeader = "X-Amz-Request-Id"
	hostIDHeader    = "X-Amz-Id-2"
)

func sizeText(n int64) string { return strconv.FormatInt(n, 10) }
