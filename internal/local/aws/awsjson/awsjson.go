// Package awsjson speaks AWS's JSON protocol, which KMS, Secrets Manager, Redshift Serverless and the Redshift Data API use: the
// operation's name in the header X-Amz-Target, JSON in and out. It knows the names of operations, nothing of what they do.
package awsjson

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"

	"github.com/sealift/sealift/internal/local/aws/awserr"
	"github.com/sealift/sealift/internal/local/aws/iam"
)

// API is what is imitated of a service S. Name stands in refusals, as IAM's actions have it.
type API[S any] struct {
	Name       string
	Operations map[string]Operation[S]
	// Refuse is how the service says that something is not imitated, awserr.NotImitated unless its clients know a word for it.
	Refuse func(what string) *awserr.Error
}

// Operation carries out one request of id's. body and the answer are JSON; there are operations that answer nothing.
type Operation[S any] func(ctx context.Context, a API[S], s S, id *iam.Identity, body []byte) (answer []byte, err error)

// Call carries out an operation: op is what follows the service's prefix in X-Amz-Target.
func (a API[S]) Call(ctx context.Context, s S, id *iam.Identity, op string, body []byte) ([]byte, error) {
	do := a.Operations[op]
	if do == nil {
		return nil, a.refuse(a.Name + ":" + op)
	}
	return do(ctx, a, s, id, body)
}

func (a API[S]) refuse(what string) error {
	if a.Refuse != nil {
		return a.Refuse(what)
	}
	return awserr.NotImitated(what)
}

// On makes an operation of a function with typed input; an output of nil answers nothing. Members of the input that In does not
// have are refused by name: dropping one in silence could drop the caller's security with it.
func On[S, In any](f func(s S, ctx context.Context, id *iam.Identity, in In) (any, error)) Operation[S] {
	return func(ctx context.Context, a API[S], s S, id *iam.Identity, body []byte) ([]byte, error) {
		var in In
		if err := a.decode(body, &in); err != nil {
			return nil, err
		}
		out, err := f(s, ctx, id, in)
		if err != nil || out == nil {
			return nil, err
		}
		return json.Marshal(out)
	}
}

func (a API[S]) decode(body []byte, into any) error {
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.DisallowUnknownFields()
	err := dec.Decode(into)
	if err == nil || errors.Is(err, io.EOF) {
		return nil
	}
	if name, ok := strings.CutPrefix(err.Error(), "json: unknown field "); ok {
		return a.refuse("the parameter " + name + " of " + a.Name)
	}
	return awserr.New(http.StatusBadRequest, "SerializationException", "the request is not what the operation takes: %v", err)
}
