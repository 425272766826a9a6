package connect_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"

	"github.com/sealift/sealift/internal/connect"
)

// An answer of AWS that is cut short is asked for again: the SDK by itself takes it for one that it cannot read.
func TestAnAnswerThatIsCutShortIsAskedForAgain(t *testing.T) {
	const answer = `<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>` +
		`<Arn>arn:aws:iam::111111111111:user/u</Arn><UserId>AIDA</UserId><Account>111111111111</Account>` +
		`</GetCallerIdentityResult></GetCallerIdentityResponse>`
	var asked atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", fmt.Sprint(len(answer)))
		text := answer
		if asked.Add(1) == 1 {
			text = answer[:len(answer)/2]
		}
		_, _ = w.Write([]byte(text)) // the client sees what comes of it
	}))
	defer server.Close()
	t.Setenv("AWS_ENDPOINT_URL", server.URL)
	t.Setenv("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "example")
	cfg, err := connect.Config(t.Context(), "eu-west-1", connect.Role{})
	if err != nil {
		t.Fatal(err)
	}
	id, err := connect.Caller(t.Context(), cfg)
	if err != nil || id.Account != "111111111111" || asked.Load() != 2 {
		t.Errorf("%+v, %v, after %d requests", id, err, asked.Load())
	}
}
