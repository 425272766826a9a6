package stage

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/sealift/sealift/internal/hint"
	"github.com/sealift/sealift/plan"
)

// S3 answers a HEAD that was signed at another time as one that it forbids, and says no more; what is told of it must not lead astray.
func TestClockIsOff(t *testing.T) {
	t.Parallel()
	for off, want := range map[time.Duration]string{
		-time.Hour: "this machine's clock is 1h0m0s off", time.Hour: "this machine's clock is 1h0m0s off",
		0: "another account", -2 * time.Minute: "another account",
	} {
		response := &http.Response{StatusCode: http.StatusForbidden, Header: http.Header{"Date": {time.Now().Add(off).UTC().Format(http.TimeFormat)}}}
		err := refused(plan.Stage{Bucket: "b"}, fmt.Errorf("operation error: %w", &smithyhttp.ResponseError{Response: &smithyhttp.Response{Response: response}}))
		if h := hint.Of(err); !strings.Contains(h, want) {
			t.Errorf("%s off: %v; hint %q", off, err, h)
		}
	}
}
