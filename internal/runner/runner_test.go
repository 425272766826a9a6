package runner

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/sealift/sealift/internal/effect"
	"github.com/sealift/sealift/internal/redshift"
	"github.com/sealift/sealift/journal"
	"github.com/sealift/sealift/plan"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// world is both warehouses, the stage and the journal of a test, with one fault to happen somewhere.
type world struct {
	mu      sync.Mutex
	said    []string // every statement and stage call, in order, as "source: UNLOAD", "target: COMMIT"
	entries []journal.Entry
	faultAt string // what fails: a prefix of an element of said
	fault   error
	rows    map[string]int64
	onSay   func(string)
	outside []string // what happened outside of a step
	points  []string // what the hook was told
}

func (w *world) say(what string) error {
	w.mu.Lock()
	w.said = append(w.said, what)
	hit := w.faultAt != "" && strings.HasPrefix(what, w.faultAt)
	if hit {
		w.faultAt = ""
	}
	onSay := w.onSay
	w.mu.Unlock()
	if onSay != nil {
		onSay(what)
	}
	if hit {
		return w.fault
	}
	return nil
}

func (w *world) Append(e journal.Entry) (journal.Entry, error) {
	if err := w.say("journal: " + string(e.Type) + " " + e.Step); err != nil {
		return e, err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	e.Seq = int64(len(w.entries) + 1)
	w.entries = append(w.entries, e)
	return e, nil
}

// police notes what happens outside of a step.
func (w *world) police(ctx context.Context, what string) {
	if !effect.Allowed(ctx) {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.outside = append(w.outside, what)
	}
}

func (w *world) Check(ctx context.Context, prefix string) (journal.Facts, error) {
	w.police(ctx, "check")
	err := w.say("stage: check " + prefix)
	return journal.Facts{Rows: w.rows["staged"], Objects: 1, Bytes: 10, Manifest: "s3://b/" + prefix + "m"}, err
}

func (w *world) Empty(ctx context.Context, prefix string) (int, error) {
	w.police(ctx, "empty")
	return 1, w.say("stage: empty " + prefix)
}

type session struct {
	w      *world
	side   string
	broken bool
}

func (s *session) Exec(ctx context.Context, sql redshift.SQL) (int64, error) {
	s.w.police(ctx, s.side+" "+sql.String())
	verb, _, _ := strings.Cut(sql.String(), " ")
	err := s.w.say(s.side + ": " + verb)
	if _, lost := errors.AsType[lostError](err); lost {
		s.broken = true
	}
	return s.w.rows[s.side], err
}

func (s *session) Query(ctx context.Context, sql redshift.SQL, each func([]*string) error) error {
	s.w.police(ctx, s.side+" "+sql.String())
	if err := s.w.say(s.side + ": " + sql.String()); err != nil {
		return err
	}
	n := fmt.Sprint(s.w.rows[s.side])
	if strings.HasPrefix(sql.String(), "SELECT zero") {
		n = "0"
	}
	row := []*string{&n}
	if sql.String() == "SELECT digest" {
		zero := "0"
		row = []*string{&n, &zero, &zero}
	}
	return each(row)
}

func (s *session) ID() journal.Session {
	return journal.Session{PID: 42, Began: "2026-11-21 10:15:00"}
}
func (s *session) Broken() bool                { return s.broken }
func (s *session) Close(context.Context) error { return s.w.say(s.side + ": close") }

// lostError is a connection that went away after the statement was sent.
type lostError struct{}

func (lostError) Error() string        { return "connection lost" }
func (lostError) OutcomeUnknown() bool { return true }

func sql(text string) redshift.SQL {
	var s redshift.SQL
	if err := s.UnmarshalText([]byte(text)); err != nil {
		panic(err)
	}
	return s
}

func testPlan() *plan.Plan {
	t := plan.Table{Source: "s.a", Target: "t.a", Method: plan.Create, Folder: "0000-a"}
	t.Steps = []plan.Step{
		{ID: "t.a/unload", Kind: plan.Unload, Statements: []plan.Statement{
			{SQL: sql("SELECT zero"), Role: plan.MustBeZero, About: "marker is used"},
			{SQL: sql("UNLOAD x"), Role: plan.Unloads},
			{SQL: sql("SELECT digest"), Role: plan.Digests},
		}},
		{ID: "t.a/check", Kind: plan.Check},
		{ID: "t.a/load", Kind: plan.Load, Statements: []plan.Statement{
			{SQL: sql("CREATE shadow")},
			{SQL: sql("COPY x"), Role: plan.Copies},
			{SQL: sql("SELECT digest"), Role: plan.Digests},
		}},
		{ID: "t.a/publish", Kind: plan.Publish, Statements: []plan.Statement{
			{SQL: sql("ALTER shadow")},
			{SQL: sql("INSERT marker"), Role: plan.Marks},
		}},
		{ID: "t.a/empty", Kind: plan.Empty},
	}
	t.Undo = []plan.Step{{ID: "t.a/discard", Kind: plan.Discard, Statements: []plan.Statement{{SQL: sql("DROP shadow")}}}}
	return &plan.Plan{
		ID: "p", Stage: plan.Stage{Bucket: "b", Prefix: "pre", Keep: "never"}, Concurrency: plan.Concurrency{Unload: 1, Copy: 1},
		Prologue: []plan.Step{{ID: "ledger", Kind: plan.Prepare, Statements: []plan.Statement{{SQL: sql("CREATE ledger")}}}},
		Tables:   []plan.Table{t},
		Epilogue: []plan.Step{{ID: "t.a/fk", Kind: plan.Relate, Needs: []string{"t.a"}, Statements: []plan.Statement{{SQL: sql("ALTER fk")}}}},
	}
}

func (w *world) run(t *testing.T, p *plan.Plan, stop <-chan struct{}) error {
	t.Helper()
	if w.rows == nil {
		w.rows = map[string]int64{"source": 3, "target": 3, "staged": 3}
	}
	t.Cleanup(func() {
		if len(w.outside) > 0 {
			t.Errorf("outside of any step: %q", w.outside)
		}
	})
	return Run(t.Context(), Config{
		Plan: p, Run: "run", Stage: w, Journal: w, Log: slog.New(slog.DiscardHandler), Stop: stop, Now: time.Now,
		Point: func(point string, when effect.Phase) {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.points = append(w.points, point+" "+string(when))
		},
		NewMarker: func() string { return "mark" },
		Source: func(ctx context.Context) (Session, error) {
			w.police(ctx, "open source")
			return &session{w: w, side: "source"}, w.say("source: open")
		},
		Target: func(ctx context.Context) (Session, error) {
			w.police(ctx, "open target")
			return &session{w: w, side: "target"}, w.say("target: open")
		},
	})
}

// outcomes are the last outcome of each step, in order of first appearance.
func (w *world) outcomes() map[string]journal.Type {
	last := make(map[string]journal.Type)
	for _, e := range w.entries {
		if e.Step != "" {
			last[e.Step] = e.Type
		}
	}
	return last
}

func (w *world) has(what string) bool { return slices.Contains(w.said, what) }

func TestEveryStepIsWrittenDownBeforeItHappensAndAfter(t *testing.T) {
	t.Parallel()
	w := &world{}
	if err := w.run(t, testPlan(), nil); err != nil {
		t.Fatal(err)
	}
	want := []string{
		"journal: begin ",
		"target: open", "journal: intent ledger", "target: BEGIN", "target: CREATE", "target: COMMIT", "journal: done ledger",
		"source: open", "journal: intent t.a/unload", "source: BEGIN", "source: SELECT zero", "source: UNLOAD", "source: SELECT digest", "source: COMMIT", "journal: done t.a/unload",
		"journal: intent t.a/check", "stage: check pre/run/0000-a/1/", "journal: done t.a/check",
		"journal: intent t.a/load", "target: BEGIN", "target: CREATE", "target: COPY", "target: SELECT digest", "target: COMMIT", "journal: done t.a/load",
		"journal: intent t.a/publish", "target: BEGIN", "target: ALTER", "target: INSERT", "target: COMMIT", "journal: done t.a/publish",
		"journal: intent t.a/empty", "stage: empty pre/run/0000-a/", "journal: done t.a/empty",
		"journal: intent t.a/fk", "target: BEGIN", "target: ALTER", "target: COMMIT", "journal: done t.a/fk",
		"source: close", "target: close",
	}
	if !slices.Equal(w.said, want) {
		t.Errorf("said\n%s\nwant\n%s", strings.Join(w.said, "\n"), strings.Join(want, "\n"))
	}
}

// Every statement, every stage call and every entry of the journal is a point at which a test can stop the run.
func TestEveryEffectIsAPoint(t *testing.T) {
	t.Parallel()
	w := &world{}
	if err := w.run(t, testPlan(), nil); err != nil {
		t.Fatal(err)
	}
	var before int
	for i, p := range w.points {
		if strings.HasSuffix(p, " before") {
			before++
			if after := strings.TrimSuffix(p, "before") + "answered"; i+1 == len(w.points) || w.points[i+1] != after {
				t.Errorf("after %q: not %q", p, after)
			}
		}
	}
	said := 0
	for _, what := range w.said {
		if !strings.HasSuffix(what, ": close") && !strings.HasPrefix(what, "stage: ") { // the real stage tells of its own calls
			said++
		}
	}
	if before != said {
		t.Errorf("%d points for %d effects:\n%s\n\n%s", before, said, strings.Join(w.points, "\n"), strings.Join(w.said, "\n"))
	}
}

// Every statement of every step fails once, by an answer of the server and by a lost connection. The table must end as
// failed with shadow and stage cleaned up, except that a lost answer to the publish's COMMIT is unknown and left alone.
func TestEveryFaultOfEveryStep(t *testing.T) {
	t.Parallel()
	probe := &world{}
	if err := probe.run(t, testPlan(), nil); err != nil {
		t.Fatal(err)
	}
	commits := 0
	for i, what := range probe.said {
		if strings.HasPrefix(what, "journal:") || strings.HasSuffix(what, "close") || strings.HasSuffix(what, "open") {
			continue
		}
		publishCommit := false
		if what == "target: COMMIT" {
			commits++
			publishCommit = commits == 3 // ledger, load, publish
		}
		for name, fault := range map[string]error{"refused": errors.New("ERROR: no"), "lost": lostError{}} {
			t.Run(fmt.Sprintf("%02d %s %s", i, what, name), func(t *testing.T) {
				t.Parallel()
				w := &world{fault: fault}
				n := 0
				w.onSay = func(string) { // the i-th thing said fails, whatever it is
					w.mu.Lock()
					defer w.mu.Unlock()
					n++
					if n == i {
						w.faultAt = what
					}
				}
				if err := w.run(t, testPlan(), nil); err != nil {
					t.Fatalf("the run cannot be accounted for: %v", err)
				}
				w.verdict(t, what, name == "lost" && publishCommit)
			})
		}
	}
}

func (w *world) verdict(t *testing.T, what string, unknown bool) {
	t.Helper()
	out := w.outcomes()
	if out["t.a/publish"] == journal.Done {
		return // the fault was after the publish: the table is there, and the step that failed is in the journal
	}
	if unknown {
		if out["t.a/publish"] != journal.Unknown {
			t.Errorf("a lost answer to the publish's COMMIT is journaled as %q", out["t.a/publish"])
		}
		if w.has("target: DROP") || w.has("stage: empty pre/run/0000-a/") {
			t.Error("shadow or stage removed although nobody knows whether the publish happened")
		}
		return
	}
	if out["t.a/unload"] != "" && !w.has("stage: empty pre/run/0000-a/") {
		t.Errorf("after %s failed the stage was not emptied: %v", what, w.said)
	}
	if out["t.a/load"] != "" && !w.has("target: DROP") {
		t.Errorf("after %s failed the shadow was not dropped: %v", what, w.said)
	}
	if w.has("target: INSERT") && out["t.a/publish"] == journal.Done {
		t.Error("published after a failure")
	}
	if out["t.a/fk"] != "" {
		t.Error("a foreign key was declared for a table that was not published")
	}
}

// Hazard I2: when the journal cannot take an entry, nothing more is done, at every entry.
func TestNothingIsDoneThatIsNotWrittenDown(t *testing.T) {
	t.Parallel()
	probe := &world{}
	if err := probe.run(t, testPlan(), nil); err != nil {
		t.Fatal(err)
	}
	for i, what := range probe.said {
		if !strings.HasPrefix(what, "journal:") {
			continue
		}
		t.Run(fmt.Sprintf("%02d %s", i, what), func(t *testing.T) {
			t.Parallel()
			w := &world{faultAt: what, fault: errors.New("no space left on device")}
			if err := w.run(t, testPlan(), nil); err == nil {
				t.Fatal("the run went on without its journal")
			}
			after := w.said[slices.Index(w.said, what)+1:]
			for _, a := range after {
				if !strings.HasSuffix(a, "close") && !strings.HasSuffix(a, "ROLLBACK") {
					t.Errorf("after the journal failed at %s: %s", what, a)
				}
			}
		})
	}
}

// Promise 2: staged rows, loaded rows and the source's must agree.
func TestCountsThatDisagreeFailTheTable(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		rows map[string]int64
		step string
	}{
		"staged fewer": {map[string]int64{"source": 3, "target": 3, "staged": 2}, "t.a/check"},
		"loaded fewer": {map[string]int64{"source": 3, "target": 2, "staged": 3}, "t.a/load"},
		"loaded more":  {map[string]int64{"source": 3, "target": 4, "staged": 3}, "t.a/load"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := &world{rows: c.rows}
			if err := w.run(t, testPlan(), nil); err != nil {
				t.Fatal(err)
			}
			if got := w.outcomes(); got[c.step] != journal.Failed || got["t.a/publish"] != "" {
				t.Errorf("outcomes %v", got)
			}
		})
	}
}

func TestAnEmptyTableIsPublishedWithoutCopy(t *testing.T) {
	t.Parallel()
	w := &world{rows: map[string]int64{"source": 0, "target": 0, "staged": 0}}
	if err := w.run(t, testPlan(), nil); err != nil {
		t.Fatal(err)
	}
	if w.has("target: COPY") || w.outcomes()["t.a/publish"] != journal.Done {
		t.Errorf("said %v", w.said)
	}
}

func TestASerializationConflictIsTriedAgain(t *testing.T) {
	t.Parallel()
	w := &world{faultAt: "target: ALTER", fault: &redshift.ServerError{Code: "XX000", Message: "1023", Detail: "Serializable isolation violation on table in Redshift"}}
	if err := w.run(t, testPlan(), nil); err != nil {
		t.Fatal(err)
	}
	if got := w.outcomes()["t.a/publish"]; got != journal.Done {
		t.Errorf("publish %s", got)
	}
	attempts := 0
	for _, e := range w.entries {
		if e.Step == "t.a/publish" && e.Type == journal.Intent {
			attempts++
		}
	}
	if attempts != 2 || !w.has("target: ROLLBACK") {
		t.Errorf("%d attempts, %v", attempts, w.said)
	}
}

func TestStopBeginsNothingNew(t *testing.T) {
	t.Parallel()
	stop := make(chan struct{})
	w := &world{}
	w.onSay = func(what string) {
		if what == "source: UNLOAD" {
			close(stop)
		}
	}
	if err := w.run(t, testPlan(), stop); err != nil {
		t.Fatal(err)
	}
	out := w.outcomes()
	if out["t.a/unload"] != journal.Done || out["t.a/check"] != journal.Stopped || !w.has("stage: empty pre/run/0000-a/") || w.has("target: COPY") {
		t.Errorf("outcomes %v, said %v", out, w.said)
	}
}

func TestTheLargestTableGoesFirst(t *testing.T) {
	t.Parallel()
	var got []int64
	for _, p := range largestFirst([]plan.Table{{EstimatedBytes: 5}, {EstimatedBytes: 50}, {EstimatedBytes: 7}}) {
		got = append(got, p.EstimatedBytes)
	}
	if !slices.Equal(got, []int64{50, 7, 5}) {
		t.Errorf("order %v", got)
	}
}
