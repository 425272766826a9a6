package demo

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// golden compares text with a file under testdata.
func golden(tb testing.TB, name, got string) {
	tb.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
			tb.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		tb.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		tb.Errorf("%s: -want +got\n%s", name, diff)
	}
}

func testCloud() *cloud {
	return &cloud{
		region: "eu-west-1",
		key:    "arn:aws:kms:eu-west-1:111111111111:key/00000000-0000-0000-0000-000000000000",
		stage:  "stage-bucket",
		files:  "files-bucket",
	}
}

func TestPolicies(t *testing.T) {
	t.Parallel()
	c := testCloud()
	var text strings.Builder
	for _, r := range []role{loadRole, unloadRole, copyRole} {
		fmt.Fprintf(&text, "role %s\ntrust %s\npolicy %s\n\n", r.arn(), c.trust(r), r.policy(c))
	}
	fmt.Fprintf(&text, "key %s\n\nstage %s\n", c.keyPolicy(), c.stagePolicy())
	golden(t, "policies.golden", text.String())
}

func TestJobFile(t *testing.T) {
	t.Parallel()
	for name, template := range map[string]string{"job.golden": jobTemplate, "masked.golden": maskedTemplate} {
		path := filepath.Join(t.TempDir(), "demo.yaml")
		if err := writeJob(path, template, environment{"AWS_REGION": "eu-west-1", "AWS_CA_BUNDLE": "/ca.pem"}, testCloud()); err != nil {
			t.Fatal(err)
		}
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		golden(t, name, string(text))
	}
}

func TestThousands(t *testing.T) {
	t.Parallel()
	for n, want := range map[int64]string{0: "0", 7: "7", 999: "999", 1000: "1,000", 999999: "999,999", 1000000: "1,000,000"} {
		if got := thousands(n); got != want {
			t.Errorf("thousands(%d) = %s, want %s", n, got, want)
		}
	}
}

func TestTheProgramSeesOnlyTheStandIn(t *testing.T) {
	t.Setenv("AWS_PROFILE", "production")
	t.Setenv("PGHOST", "production")
	t.Setenv("SEALIFT_STATE_DIR", "/mine")
	env := environment{"AWS_ENDPOINT_URL": "https://127.0.0.1:1"}.forSealift("/demo")
	for _, v := range env {
		if strings.Contains(v, "production") || strings.Contains(v, "/mine") {
			t.Errorf("%s reaches the program", v)
		}
	}
	if !strings.Contains(strings.Join(env, "\n"), "AWS_ENDPOINT_URL=https://127.0.0.1:1") {
		t.Error("the stand-in's address does not reach the program")
	}
}

// script writes a program for program.show. Another process does so: while this one has the file open, whatever another test starts
// could have it, too, and a file that is open for writing cannot be run.
func script(tb testing.TB, text string) program {
	tb.Helper()
	path := filepath.Join(tb.TempDir(), "sealift")
	write := exec.CommandContext(tb.Context(), "/bin/sh", "-c", `umask 077; cat > "$0" && chmod u+x "$0"`, path)
	write.Stdin = strings.NewReader("#!/bin/sh\n" + text)
	if out, err := write.CombinedOutput(); err != nil {
		tb.Fatalf("%v: %s", err, out)
	}
	return program{path: path, dir: tb.TempDir(), env: os.Environ()}
}

func TestAFailedCommandIsAnError(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	err := script(t, "echo no such table; exit 3").show(t.Context(), &show{out: &out}, "copy", "demo.yaml")
	if err == nil || !strings.Contains(err.Error(), "exit status 3") {
		t.Errorf("error %v", err)
	}
	if diff := cmp.Diff("\n$ sealift copy demo.yaml\nno such table\n", out.String()); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}

// trigger cancels as soon as a text was printed.
type trigger struct {
	strings.Builder
	on     string
	cancel context.CancelCauseFunc
}

var errStopped = errors.New("stopped by the test")

func (w *trigger) Write(p []byte) (int, error) {
	n, err := w.Builder.Write(p)
	if strings.Contains(w.String(), w.on) {
		w.cancel(errStopped)
	}
	return n, err
}

func TestAnInterruptedCommandFinishesItsStep(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancelCause(t.Context())
	out := &trigger{on: "step begins", cancel: cancel}
	p := script(t, `trap 'kill $!; echo cleaned up; exit 130' INT
sleep 600 &
echo step begins
wait`)
	err := p.show(ctx, &show{out: out}, "copy", "demo.yaml")
	if !errors.Is(err, errStopped) {
		t.Errorf("error %v", err)
	}
	if !strings.Contains(out.String(), "cleaned up") {
		t.Errorf("the command did not get to clean up:\n%s", out)
	}
}
