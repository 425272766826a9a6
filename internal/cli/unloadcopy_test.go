package cli

import (
	"slices"
	"testing"

	"github.com/sealift/sealift"
	"github.com/sealift/sealift/journal"
)

func TestUnloadCopyArgs(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ in, want []string }{
		{nil, nil},
		{[]string{"copy", "--force", "True"}, []string{"copy", "--force", "True"}}, // only for its own command
		{[]string{"unload-copy", "--fail-on-error", "False", "c.json", "eu-west-1"}, []string{"unload-copy", "--fail-on-error=false", "c.json", "eu-west-1"}},
		{[]string{"--state-dir", "s", "unload-copy", "--fail-on-error", "False"}, []string{"--state-dir", "s", "unload-copy", "--fail-on-error=false"}},
		{[]string{"unload-copy", "--destination-table-auto-create", "c.json"}, []string{"unload-copy", "--destination-table-auto-create", "c.json"}},
		{[]string{"unload-copy", "--connection-pre-test=True", "true"}, []string{"unload-copy", "--connection-pre-test=True", "true"}},
		{[]string{"unload-copy", "--log-level", "WARNING", "--log-level=FATAL", "--log-level", "INFO"}, []string{"unload-copy", "--log-level=warn", "--log-level=error", "--log-level", "INFO"}},
	} {
		if got := unloadCopyArgs(c.in); !slices.Equal(got, c.want) {
			t.Errorf("%q becomes %q", c.in, got)
		}
	}
}

// After the first table that fails, nothing more is begun; nor after a signal. What is cleaned up after a failure is none.
func TestStopAtFailure(t *testing.T) {
	t.Parallel()
	closed := func(c <-chan struct{}) bool {
		select {
		case <-c:
			return true
		default:
			return false
		}
	}
	signal := make(chan struct{})
	told := 0
	o, end := stopAtFailure(sealift.Options{Stop: signal, Progress: func(journal.Entry) { told++ }})
	for _, e := range []journal.Entry{
		{Type: journal.Done, Table: "a.b", Step: "a.b/load"}, {Type: journal.Failed, Step: "lease"}, {Type: journal.Failed, Table: "a.b", Step: "a.b/empty"},
	} {
		o.Progress(e)
		if closed(o.Stop) {
			t.Errorf("stopped by %+v", e)
		}
	}
	o.Progress(journal.Entry{Type: journal.Failed, Table: "a.b", Step: "a.b/load"})
	if !closed(o.Stop) || told != 4 {
		t.Errorf("stopped: %v, told %d", closed(o.Stop), told)
	}
	end()

	o, end = stopAtFailure(sealift.Options{Stop: signal, Progress: func(journal.Entry) {}})
	close(signal)
	<-o.Stop
	end()
}
