// Package awserr holds the one error type of the stand-in's AWS services, and writes it in each of AWS's protocols.
package awserr

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"net/http"
)

// Error is an error as an AWS service answers it. Code is what SDKs turn into an exception type, Status the HTTP status.
type Error struct {
	Code    string
	Status  int
	Message string
}

func (e *Error) Error() string { return e.Code + ": " + e.Message }

// New makes an Error with a formatted message.
func New(status int, code, format string, args ...any) *Error {
	return &Error{Code: code, Status: status, Message: fmt.Sprintf(format, args...)}
}

// NotImitated refuses by name what the stand-in does not do.
func NotImitated(what string) *Error {
	return New(http.StatusNotImplemented, "NotImplemented", "%s is not imitated, see docs/standin.md", what)
}

// Of finds the Error in err. Any other error is a failure of the stand-in itself, told as a 500.
func Of(err error) *Error {
	if e, ok := errors.AsType[*Error](err); ok {
		return e
	}
	return New(http.StatusInternalServerError, "InternalFailure", "the stand-in failed: %v", err)
}

// fault is the protocols' word for whose fault it is.
func (e *Error) fault() string {
	if e.Status >= http.StatusInternalServerError {
		return "Receiver"
	}
	return "Sender"
}

// WriteQuery answers in the Query protocol (STS, IAM, Redshift). namespace is the service's XML namespace.
func (e *Error) WriteQuery(w http.ResponseWriter, namespace, requestID string) error {
	type details struct {
		Type    string
		Code    string
		Message string
	}
	body, err := xml.Marshal(struct {
		XMLName   xml.Name `xml:"ErrorResponse"`
		Namespace string   `xml:"xmlns,attr"`
		Error     details
		RequestID string `xml:"RequestId"`
	}{Namespace: namespace, Error: details{e.fault(), e.Code, e.Message}, RequestID: requestID})
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "text/xml")
	return write(w, e.Status, requestID, body)
}

// WriteEC2 answers in EC2's dialect of the Query protocol.
func (e *Error) WriteEC2(w http.ResponseWriter, requestID string) error {
	type details struct {
		Code    string
		Message string
	}
	body, err := xml.Marshal(struct {
		XMLName   xml.Name  `xml:"Response"`
		Errors    []details `xml:"Errors>Error"`
		RequestID string
	}{Errors: []details{{e.Code, e.Message}}, RequestID: requestID})
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "text/xml;charset=UTF-8")
	return write(w, e.Status, requestID, body)
}

// WriteJSON answers in the JSON 1.1 protocol (KMS). SDKs read the type from the body, some from the header.
func (e *Error) WriteJSON(w http.ResponseWriter, requestID string) error {
	body, err := json.Marshal(map[string]string{"__type": e.Code, "message": e.Message})
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	w.Header().Set("X-Amzn-Errortype", e.Code)
	return write(w, e.Status, requestID, body)
}

func write(w http.ResponseWriter, status int, requestID string, body []byte) error {
	w.Header().Set("X-Amzn-Requestid", requestID)
	w.WriteHeader(status)
	_, err := w.Write(body)
	return err
}

// Denied turns IAM's refusal into that of a JSON service, which has a name and, in some services, a status of its own. Other
// errors, and none, stay as they are.
func Denied(err error, status int) error {
	if e, ok := errors.AsType[*Error](err); ok && e.Code == "AccessDenied" {
		return New(status, "AccessDeniedException", "%s", e.Message)
	}
	return err
}
