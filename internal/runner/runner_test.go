package runner

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/sealift/sealift/internal/delay"
	"github.com/sealift/sealift/internal/effect"
	"github.com/sealift/sealift/internal/redshift"
	"github.com/sealift/sealift/journal"
	"github.com/sealift/sealift/plan"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// world is both warehouses, the stage, the lease and the journal of a test, as one process after another uses them. It
// keeps what a real one would: sessions with open transactions, markers, the shadow, staged objects.
type world struct {
	mu      sync.Mutex
	said    []string // every statement and stage call, in order, as "source: UNLOAD", "target: COMMIT"
	entries []journal.Entry
	faultAt string // what fails: a prefix of an element of said
	fault   error
	after   bool // it happens all the same, and only then fails
	rows    map[string]int64
	onSay   func(string)
	outside []string // what happened outside of a step
	points  []string // what the hook was told

	process         int                // whose turn it is; those before are dead
	died            map[int]bool       // processes that were killed
	pid             int64              // of the last session
	alive           map[int64]*session // sessions, those of dead processes too
	markers         map[string]bool
	shadow          bool
	publishes, keys int    // how often the shadow became the table, and the foreign key was declared
	holder          string // who claims the table
	staged          map[string]bool
	leased          int  // the process that holds the lease, or 0
	closed          bool // the source lets in only processes that have a door open
	doors           map[int]bool
	strange         bool // a session of somebody else has a number that one of ours had
}

var errDead = errors.New("this process was killed")

// say notes what happens. It answers whether it is to happen, and with which error it ends.
func (w *world) say(what string) (happens bool, err error) {
	w.mu.Lock()
	w.said = append(w.said, what)
	hit := w.faultAt != "" && strings.HasPrefix(what, w.faultAt)
	if hit {
		w.faultAt = ""
	}
	onSay, after := w.onSay, w.after
	w.mu.Unlock()
	if onSay != nil {
		onSay(what)
	}
	w.mu.Lock()
	if !hit && w.faultAt == what && onSay != nil { // onSay has just chosen this one
		hit, w.faultAt = true, ""
	}
	w.mu.Unlock()
	if hit {
		return after, w.fault
	}
	return true, nil
}

// process is one process at work on the world.
type process struct {
	*world
	n int
}

func (p *process) killed() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.died[p.n]
}

func (p *process) kill() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.died[p.n] = true
}

func (p *process) Append(e journal.Entry) (journal.Entry, error) {
	if p.killed() {
		return e, errDead
	}
	if _, err := p.say("journal: " + string(e.Type) + " " + e.Step); err != nil {
		return e, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	e.Seq = int64(len(p.entries) + 1)
	p.entries = append(p.entries, e)
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

func (p *process) Check(ctx context.Context, prefix string) (journal.Facts, error) {
	p.police(ctx, "check")
	if p.killed() {
		return journal.Facts{}, errDead
	}
	_, err := p.say("stage: check " + prefix)
	p.mu.Lock()
	defer p.mu.Unlock()
	if err == nil && !p.staged[prefix] {
		err = errors.New("it was removed")
	}
	return journal.Facts{Rows: p.rows["staged"], Objects: 1, Bytes: 10, Manifest: "s3://b/" + prefix + "m"}, err
}

func (p *process) Empty(ctx context.Context, prefix string) (int, error) {
	p.police(ctx, "empty")
	if p.killed() {
		return 0, errDead
	}
	_, err := p.say("stage: empty " + prefix)
	p.mu.Lock()
	defer p.mu.Unlock()
	n := len(p.staged)
	if err == nil {
		clear(p.staged)
	}
	return n, err
}

func (p *process) Take(ctx context.Context, force bool) (string, error) {
	p.police(ctx, "take")
	if p.killed() {
		return "", errDead
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	old := p.leased
	if old != 0 && !p.died[old] && !force {
		return "", fmt.Errorf("%w: process %d", plan.ErrHeld, old)
	}
	p.leased = p.n
	if old != 0 {
		return fmt.Sprintf("process %d", old), nil
	}
	return "", nil
}

func (p *process) Renew(ctx context.Context) error {
	p.police(ctx, "renew")
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.leased != p.n {
		return fmt.Errorf("%w: process %d", plan.ErrHeld, p.leased)
	}
	return nil
}

func (p *process) Release(ctx context.Context) error {
	p.police(ctx, "release")
	if p.killed() {
		return errDead
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.leased == p.n {
		p.leased = 0
	}
	return nil
}

func (p *process) TTL() time.Duration { return time.Minute }

// doorOf is a door of the source for one process.
type doorOf struct{ *process }

func (d doorOf) Side() string { return "source" }

func (d doorOf) change(ctx context.Context, what string, do func()) error {
	d.police(ctx, what)
	return effect.Do(ctx, what, func(context.Context) error {
		if d.killed() {
			return errDead
		}
		happens, err := d.say("door: " + what)
		d.mu.Lock()
		defer d.mu.Unlock()
		if happens {
			do()
		}
		return err
	})
}

func (d doorOf) Open(ctx context.Context) (journal.Door, error) {
	return journal.Door{Group: "sg-1", Rule: "sgr-1"}, d.change(ctx, "open", func() { d.doors[d.n] = true })
}

func (d doorOf) Close(ctx context.Context) (journal.Door, error) {
	return journal.Door{Gone: true}, d.change(ctx, "shut", func() {
		delete(d.doors, d.n)
		for _, s := range d.alive {
			if s.p.n == d.n && s.side == "source" {
				d.outside = append(d.outside, "a door was closed before its sessions")
			}
		}
	})
}

func (d doorOf) Sweep(ctx context.Context) error {
	return d.change(ctx, "sweep", func() { maps.DeleteFunc(d.doors, func(n int, _ bool) bool { return n != d.n }) })
}

func (d doorOf) Keep(context.Context) func() { return func() {} }

// session is one of a warehouse. What its transaction did shows when it commits.
type session struct {
	p      *process
	side   string
	pid    int64
	broken bool
	open   bool
	did    []func() // under world.mu
	sets   int      // how often rows were added to a set: each second time there is none
}

func (p *process) open(ctx context.Context, side string) (Session, error) {
	p.police(ctx, "open "+side)
	if p.killed() {
		return nil, errDead
	}
	if _, err := p.say(side + ": open"); err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if side == "source" && p.closed && !p.doors[p.n] {
		p.outside = append(p.outside, "a session without a door")
	}
	p.pid++
	s := &session{p: p, side: side, pid: p.pid}
	p.alive[s.pid] = s
	return s, nil
}

// run says what a statement does, and lets it happen.
func (s *session) run(ctx context.Context, what string, act func()) error {
	s.p.police(ctx, what)
	if s.p.killed() {
		return errDead
	}
	happens, err := s.p.say(what)
	s.p.mu.Lock()
	defer s.p.mu.Unlock()
	if s.p.alive[s.pid] != s {
		s.broken = true
		return lostError{}
	}
	if happens {
		act()
	}
	if _, lost := errors.AsType[lostError](err); lost {
		s.broken = true
	}
	return err
}

func (s *session) Exec(ctx context.Context, sql redshift.SQL) (n int64, err error) {
	verb, rest, _ := strings.Cut(sql.String(), " ")
	n = s.p.rows[s.side]
	err = s.run(ctx, s.side+": "+verb, func() {
		w := s.p.world
		switch verb + " " + rest {
		case "BEGIN ":
			s.open, s.did = true, nil
		case "ROLLBACK ":
			s.open, s.did = false, nil
		case "COMMIT ":
			for _, do := range s.did {
				do()
			}
			s.open, s.did = false, nil
		case "INSERT set":
			if s.sets++; s.sets%2 == 0 {
				n = 0
			}
		case "CREATE shadow":
			s.did = append(s.did, func() { w.shadow = true })
		case "DROP shadow":
			s.did = append(s.did, func() { w.shadow = false })
		case "ALTER shadow":
			s.did = append(s.did, func() { w.publishes++; w.shadow = false })
		case "ALTER fk":
			s.did = append(s.did, func() { w.keys++ })
		}
		if prefix, ok := strings.CutPrefix(rest, "'s3://b/"); ok {
			if w.staged[strings.TrimSuffix(prefix, "'")] {
				w.outside = append(w.outside, "UNLOAD to a prefix that an earlier attempt used: "+prefix)
			}
			w.staged[strings.TrimSuffix(prefix, "'")] = true // S3 knows no transactions
		}
		if marker, ok := strings.CutPrefix(rest, "marker "); ok {
			s.did = append(s.did, func() { w.markers[strings.Trim(marker, "'")] = true })
		}
		if holder, ok := strings.CutPrefix(rest, "claim "); ok && verb == "INSERT" {
			s.did = append(s.did, func() { w.holder = holder })
		} else if ok && verb == "UPDATE" {
			n = 0
			if w.holder == holder {
				n = 1
			}
		}
	})
	return n, err
}

func (s *session) Query(ctx context.Context, sql redshift.SQL, each func([]*string) error) error {
	text := sql.String()
	short, _, _ := strings.Cut(text, "\n")
	var rows [][]string
	err := s.run(ctx, s.side+": "+short, func() {
		w := s.p.world
		n := fmt.Sprint(w.rows[s.side])
		switch {
		case strings.HasPrefix(text, "SELECT zero"):
			rows = [][]string{{"0"}}
		case text == "SELECT digest":
			rows = [][]string{{n, "0", "0"}}
		case text == "SELECT newest":
			rows = [][]string{{n, "0", "0", "7", "near the watermark"}}
		case text == redshift.SessionsQuery().String():
			for pid, x := range w.alive {
				if x.side == s.side {
					rows = append(rows, []string{fmt.Sprint(pid), x.ID().Began})
				}
			}
			if w.strange {
				rows = append(rows, []string{"1", "2026-11-22 00:00:00"})
			}
		case strings.HasPrefix(text, "SELECT pg_terminate_backend("):
			var pid int64
			if _, err := fmt.Sscanf(text, "SELECT pg_terminate_backend(%d)", &pid); err != nil {
				panic(err)
			}
			delete(w.alive, pid) // its transaction is rolled back
			rows = [][]string{{"t"}}
		case strings.Contains(text, "WHERE marker = "):
			_, marker, _ := strings.Cut(text, "WHERE marker = ")
			rows = [][]string{{"0"}}
			if w.markers[strings.Trim(marker, "'")] {
				rows = [][]string{{"1"}}
			}
		default:
			rows = [][]string{{n}}
		}
	})
	if err != nil {
		return err
	}
	for _, row := range rows {
		pointers := make([]*string, len(row))
		for i := range row {
			pointers[i] = &row[i]
		}
		if err := each(pointers); err != nil {
			return err
		}
	}
	return nil
}

func (s *session) ID() journal.Session {
	return journal.Session{PID: s.pid, Began: fmt.Sprintf("2026-11-21 10:15:%02d", s.pid%60)}
}
func (s *session) Broken() bool { return s.broken }

func (s *session) Close(context.Context) error {
	if s.p.killed() {
		return nil // nobody closes anything; the server keeps the session for a while
	}
	_, err := s.p.say(s.side + ": close")
	s.p.mu.Lock()
	defer s.p.mu.Unlock()
	if !s.broken { // one whose connection is gone lives on in the server until somebody ends it
		delete(s.p.alive, s.pid)
	}
	return err
}

// unreachedError is a session that did not come about.
type unreachedError struct{}

func (unreachedError) Error() string        { return "connection refused" }
func (unreachedError) OutcomeUnknown() bool { return false }

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
	fence := plan.Statement{SQL: sql("UPDATE claim {{holder}}"), Role: plan.Fences}
	marker := plan.Statement{SQL: sql("INSERT marker {{marker}}"), Role: plan.Marks}
	t.Steps = []plan.Step{
		{ID: "t.a/unload", Kind: plan.Unload, Statements: []plan.Statement{
			{SQL: sql("SELECT zero"), Role: plan.MustBeZero, About: "marker is used"},
			{SQL: sql("UNLOAD {{prefix}}"), Role: plan.Unloads},
			{SQL: sql("SELECT digest"), Role: plan.Digests},
		}},
		{ID: "t.a/check", Kind: plan.Check},
		{ID: "t.a/load", Kind: plan.Load, Statements: []plan.Statement{
			{SQL: sql("DROP shadow")},
			{SQL: sql("CREATE shadow")},
			{SQL: sql("COPY x"), Role: plan.Copies},
			{SQL: sql("SELECT digest"), Role: plan.Digests},
		}},
		{ID: "t.a/publish", Kind: plan.Publish, Statements: []plan.Statement{{SQL: sql("ALTER shadow")}, marker, fence}},
		{ID: "t.a/empty", Kind: plan.Empty},
	}
	t.Undo = []plan.Step{{ID: "t.a/discard", Kind: plan.Discard, Statements: []plan.Statement{{SQL: sql("DROP shadow")}}}}
	return &plan.Plan{
		ID: "p", Stage: plan.Stage{Bucket: "b", Prefix: "pre", Keep: "never"}, Concurrency: plan.Concurrency{Unload: 1, Copy: 1},
		Prologue: []plan.Step{
			{ID: "ledger", Kind: plan.Prepare, Statements: []plan.Statement{{SQL: sql("CREATE ledger")}}},
			{ID: "fence", Kind: plan.Fence, Statements: []plan.Statement{{SQL: sql("INSERT claim {{holder}}")}}},
		},
		Tables:   []plan.Table{t},
		Epilogue: []plan.Step{{ID: "t.a/fk", Kind: plan.Relate, Needs: []string{"t.a"}, Statements: []plan.Statement{{SQL: sql("ALTER fk")}, marker, fence}}},
	}
}

// subsetPlan is testPlan with the table's UNLOAD in a step of all tables, after statements that find its rows.
func subsetPlan() *plan.Plan {
	p := testPlan()
	t := &p.Tables[0]
	s := plan.Step{ID: "subset", Kind: plan.Subset, Statements: []plan.Statement{
		{SQL: sql("CREATE set")}, {SQL: sql("INSERT set"), Loop: 1}, {SQL: sql("SELECT zero orphans"), Role: plan.MustBeZero},
	}}
	for _, st := range t.Steps[0].Statements {
		st.Table = t.Target
		s.Statements = append(s.Statements, st)
	}
	p.Prologue, t.Steps = append(p.Prologue, s), t.Steps[1:]
	return p
}

// analysingPlan is testPlan with a table whose statistics are made anew before it is published.
func analysingPlan() *plan.Plan {
	p := testPlan()
	t := &p.Tables[0]
	t.Steps = slices.Insert(t.Steps, 3, plan.Step{ID: "t.a/analyze", Kind: plan.Analyze, Statements: []plan.Statement{
		{SQL: sql("SELECT zero others"), Role: plan.MustBeZero, About: "it is somebody else's"}, {SQL: sql("ANALYZE t")},
	}})
	return p
}

// plans are those that every fault is tried with.
var plans = map[string]func() *plan.Plan{"tables": testPlan, "subset": subsetPlan}

// next is the next process.
func (w *world) next() *process {
	if w.rows == nil {
		w.rows = map[string]int64{"source": 3, "target": 3, "staged": 3}
	}
	if w.alive == nil {
		w.alive, w.markers, w.staged, w.died = map[int64]*session{}, map[string]bool{}, map[string]bool{}, map[int]bool{}
	}
	if w.doors == nil {
		w.doors = map[int]bool{}
	}
	w.process++
	return &process{w, w.process}
}

func (p *process) config(pl *plan.Plan) Config {
	markers := 0
	c := Config{
		Plan: pl, Run: "run", History: slices.Clone(p.entries), Stage: p, Journal: p, Lease: p, Log: slog.New(slog.DiscardHandler), Now: time.Now,
		Holder: fmt.Sprint("process", p.n),
		NewMarker: func() string {
			p.mu.Lock()
			defer p.mu.Unlock()
			markers++
			return fmt.Sprintf("mark-%d-%d", p.n, markers)
		},
		Unchanged: func(context.Context, map[string]bool) error { return nil },
		Point: func(point string, when effect.Phase) {
			p.mu.Lock()
			defer p.mu.Unlock()
			p.points = append(p.points, point+" "+string(when))
		},
		Source: func(ctx context.Context) (Session, error) { return p.open(ctx, "source") },
		Target: func(ctx context.Context) (Session, error) { return p.open(ctx, "target") },
	}
	if p.closed {
		c.Doors = []Door{doorOf{p}}
	}
	return c
}

func (w *world) run(t *testing.T, p *plan.Plan, stop <-chan struct{}) error {
	t.Helper()
	t.Cleanup(func() {
		if len(w.outside) > 0 {
			t.Errorf("outside of any step: %q", w.outside)
		}
	})
	c := w.next().config(p)
	c.Stop = stop
	return Run(t.Context(), c)
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

// whole checks that the table was published exactly once, and that nothing is left.
func (w *world) whole(t *testing.T, p *plan.Plan) {
	t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.publishes != 1 || w.keys != 1 {
		t.Errorf("published %d times, foreign key declared %d times", w.publishes, w.keys)
	}
	for _, s := range w.alive {
		if s.open {
			t.Errorf("session %d of process %d was left with an open transaction", s.pid, s.p.n)
		}
	}
	if w.shadow || len(w.staged) > 0 || w.leased != 0 || len(w.doors) > 0 {
		t.Errorf("left: shadow %v, staged %v, lease of process %d, doors %v", w.shadow, w.staged, w.leased, w.doors)
	}
	if !Finished(p, w.entries) {
		t.Error("the journal does not say that everything is done")
	}
}

func TestEveryStepIsWrittenDownBeforeItHappensAndAfter(t *testing.T) {
	t.Parallel()
	w := &world{}
	if err := w.run(t, testPlan(), nil); err != nil {
		t.Fatal(err)
	}
	want := []string{
		"journal: begin ", "journal: intent lease", "journal: done lease",
		"target: open", "journal: intent ledger", "target: BEGIN", "target: CREATE", "target: COMMIT", "journal: done ledger",
		"journal: intent fence", "target: BEGIN", "target: INSERT", "target: COMMIT", "journal: done fence",
		"source: open", "journal: intent t.a/unload", "source: BEGIN", "source: SELECT zero", "source: UNLOAD", "source: SELECT digest", "source: COMMIT", "journal: done t.a/unload",
		"journal: intent t.a/check", "stage: check pre/run/0000-a/1/", "journal: done t.a/check",
		"journal: intent t.a/load", "target: BEGIN", "target: DROP", "target: CREATE", "target: COPY", "target: SELECT digest", "target: COMMIT", "journal: done t.a/load",
		"journal: intent t.a/publish", "target: BEGIN", "target: ALTER", "target: INSERT", "target: UPDATE", "target: COMMIT", "journal: done t.a/publish",
		"journal: intent t.a/empty", "stage: empty pre/run/0000-a/", "journal: done t.a/empty",
		"journal: intent t.a/fk", "target: BEGIN", "target: ALTER", "target: INSERT", "target: UPDATE", "target: COMMIT", "journal: done t.a/fk",
		"journal: intent release", "journal: done release", "journal: end ",
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
		if !strings.HasSuffix(what, ": close") && !strings.HasPrefix(what, "stage: ") { // the real stage and lease tell of their own calls
			said++
		}
	}
	if before != said {
		t.Errorf("%d points for %d effects:\n%s\n\n%s", before, said, strings.Join(w.points, "\n"), strings.Join(w.said, "\n"))
	}
}

// Every statement of every step fails once: refused by the server, or by a connection lost before or after it happened.
// A lost connection is got over by the same process: it looks what became of it. What a refusal leaves undone, a second
// process does. Either way the table is published exactly once, and nothing is left. Hazards D1 to D3.
func TestEveryFaultOfEveryStep(t *testing.T) {
	t.Parallel()
	for name, made := range plans {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			everyFault(t, made)
		})
	}
	t.Run("analysed", func(t *testing.T) {
		t.Parallel()
		everyFault(t, analysingPlan)
	})
}

func everyFault(t *testing.T, made func() *plan.Plan) {
	t.Helper()
	probe := &world{closed: true}
	if err := probe.run(t, made(), nil); err != nil {
		t.Fatal(err)
	}
	for i, what := range probe.said {
		if strings.HasPrefix(what, "journal:") || strings.HasSuffix(what, "close") {
			continue
		}
		for _, c := range []struct {
			name  string
			fault error
			after bool
		}{{"refused", errors.New("ERROR: no"), false}, {"lost before", lostError{}, false}, {"lost after", lostError{}, true}, {"not reached", unreachedError{}, false}} {
			if strings.HasSuffix(what, "open") != errors.Is(c.fault, unreachedError{}) {
				continue
			}
			if isLost(c.fault) && (strings.HasPrefix(what, "stage:") || strings.HasPrefix(what, "door:")) {
				continue // its calls are safe to repeat, and a failure is a failure
			}
			t.Run(fmt.Sprintf("%02d %s %s", i, what, c.name), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					w := &world{fault: c.fault, after: c.after, closed: true}
					n := 0
					w.onSay = func(string) { // the i-th thing said fails, whatever it is
						w.mu.Lock()
						defer w.mu.Unlock()
						if n == i {
							w.faultAt = what
						}
						n++
					}
					p := made()
					if err := w.run(t, p, nil); err != nil {
						t.Fatalf("the run cannot be accounted for: %v", err)
					}
					if isLost(c.fault) && !Finished(p, w.entries) {
						t.Errorf("a lost connection was not got over: %v", w.outcomes())
					}
					if c.name == "refused" && w.outcomes()["t.a/publish"] != journal.Done {
						if w.shadow || len(w.staged) > 0 || w.publishes > 0 {
							t.Errorf("after a failure: shadow %v, staged %v, published %d times", w.shadow, w.staged, w.publishes)
						}
						if w.outcomes()["t.a/fk"] != "" {
							t.Error("a foreign key was declared for a table that was not published")
						}
					}
					if err := w.run(t, p, nil); err != nil {
						t.Fatalf("the run cannot be gone on with: %v", err)
					}
					w.whole(t, p)
				})
			})
		}
	}
}

// Statistics keep no row back: whatever it is that fails of making them anew, the table is published by the same process, and the journal
// says what failed. What ends the run ends it there, too.
func TestATableIsPublishedWhoseStatisticsAreNot(t *testing.T) {
	t.Parallel()
	steps := func(w *world) string {
		return fmt.Sprintf("analyze %s, publish %s, published %d times", w.outcomes()["t.a/analyze"], w.outcomes()["t.a/publish"], w.publishes)
	}
	for at, inStep := range map[string]bool{"target: SELECT zero others": true, "target: ANALYZE": true, "target: COMMIT": false} {
		w, p := &world{fault: errors.New("ERROR: 57014: canceling statement"), faultAt: at}, analysingPlan()
		if !inStep { // that of this step, not of others
			w.faultAt = ""
			w.onSay = func(what string) {
				w.mu.Lock()
				defer w.mu.Unlock()
				if what == "target: ANALYZE" {
					w.faultAt = at
				}
			}
		}
		if err := w.run(t, p, nil); err != nil {
			t.Fatal(err)
		}
		w.whole(t, p)
		if got, want := steps(w), "analyze failed, publish done, published 1 times"; got != want {
			t.Errorf("%s refused: %s, want %s", at, got, want)
		}
		i := slices.IndexFunc(w.entries, func(e journal.Entry) bool { return e.Step == "t.a/analyze" && e.Type == journal.Failed })
		if e := w.entries[i]; !strings.Contains(e.Error, "canceling statement") {
			t.Errorf("%s refused: the journal says %q", at, e.Error)
		}
	}

	for n := 0; ; n++ { // a process is killed at every moment, and the next one goes on
		w, p := new(world), analysingPlan()
		if !w.kill(t, p, n) {
			if n < 60 {
				t.Errorf("only %d moments", n)
			}
			break
		}
		if err := w.run(t, p, nil); err != nil {
			t.Fatalf("killed at %d: %v", n, err)
		}
		w.whole(t, p)
	}

	stop := make(chan struct{})
	w, p := new(world), analysingPlan()
	w.onSay = func(what string) {
		if what == "journal: done t.a/load" {
			close(stop)
		}
	}
	if err := w.run(t, p, stop); err != nil {
		t.Fatal(err)
	}
	if got, want := steps(w), "analyze stopped, publish , published 0 times"; got != want {
		t.Errorf("stopped before it: %s, want %s", got, want)
	}
	w.onSay = nil
	if err := w.run(t, p, nil); err != nil {
		t.Fatal(err)
	}
	w.whole(t, p)
}

// Rows of a subset are looked for until there are no more.
func TestALoopEndsWhenNothingChanges(t *testing.T) {
	t.Parallel()
	w, p := &world{}, subsetPlan()
	if err := w.run(t, p, nil); err != nil {
		t.Fatal(err)
	}
	w.whole(t, p)
	adds := 0
	for _, what := range w.said {
		if what == "source: INSERT" {
			adds++
		}
	}
	if adds != 2 {
		t.Errorf("rows were added %d times, the second of which found none", adds)
	}
}

// kill runs a process until the nth moment of its effects, at which it is killed. It tells whether there was such a moment.
func (w *world) kill(t *testing.T, pl *plan.Plan, n int) bool {
	t.Helper()
	p := w.next()
	c := p.config(pl)
	moments := 0
	c.Point = func(string, effect.Phase) {
		if moments == n {
			p.kill()
		}
		moments++
	}
	err := Run(t.Context(), c)
	if err != nil && !p.killed() {
		t.Fatal(err)
	}
	return p.killed()
}

// Hazards I5, I6, M1, M2: a process is killed at every moment, before an effect and when it happened but nothing is
// written down, and the process that goes on is killed at every moment too.
func TestKilledAtEveryMomentAndAgainDuringRecovery(t *testing.T) {
	t.Parallel()
	for name, made := range plans {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			killedAtEveryMoment(t, made)
		})
	}
}

func killedAtEveryMoment(t *testing.T, made func() *plan.Plan) {
	t.Helper()
	for first := 0; ; first++ {
		probe := &world{closed: true}
		if !probe.kill(t, made(), first) {
			if first < 100 {
				t.Errorf("only %d moments", first)
			}
			return
		}
		t.Run(fmt.Sprint(first), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				for second := 0; ; second++ {
					w, p := &world{closed: true}, made()
					w.kill(t, p, first)
					again := w.kill(t, p, second)
					if again {
						if err := w.run(t, p, nil); err != nil {
							t.Fatalf("killed at %d and %d: %v", first, second, err)
						}
					}
					w.whole(t, p)
					if t.Failed() {
						t.Fatalf("killed at %d and %d", first, second)
					}
					if !again {
						return
					}
				}
			})
		})
	}
}

// A process that was taken over, and does not know, cannot publish: its claim is gone when it ends the transaction.
func TestAZombieCannotPublish(t *testing.T) {
	t.Parallel()
	w, p := &world{}, testPlan()
	zombie := w.next()
	c := zombie.config(p)
	taken := false
	c.Point = func(point string, when effect.Phase) {
		if taken || point != "t.a/publish: target ALTER" || when != effect.Before {
			return
		}
		taken = true
		w.mu.Lock()
		w.holder, w.leased = "'process2'", 2 // as another process leaves it, which takes the target by force
		w.mu.Unlock()
	}
	err := Run(t.Context(), c)
	if !errors.Is(err, plan.ErrHeld) || w.publishes != 0 || len(w.markers) != 0 {
		t.Errorf("error %v, published %d times, markers %v", err, w.publishes, w.markers)
	}
	if !w.shadow || len(w.staged) == 0 {
		t.Error("the zombie cleaned up what may be the other's by now")
	}
	if w.leased != 2 {
		t.Error("the zombie released the other's lease")
	}
}

// A lease that cannot be renewed ends the run before it is over.
func TestALostLeaseEndsTheRun(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w, p := &world{}, testPlan()
		proc := w.next()
		c := proc.config(p)
		began := time.Now()
		w.onSay = func(what string) {
			if what == "target: COPY" {
				w.mu.Lock()
				w.leased = 7
				w.mu.Unlock()
				if err := delay.For(t.Context(), 59*time.Second); err != nil { // a long COPY, in the bubble's time
					t.Error(err)
				}
			}
		}
		err := Run(t.Context(), c)
		if !errors.Is(err, plan.ErrHeld) || w.publishes != 0 || time.Since(began) > time.Minute {
			t.Errorf("error %v, published %d times, after %s", err, w.publishes, time.Since(began))
		}
	})
}

func TestAHeldTargetIsLeftAlone(t *testing.T) {
	t.Parallel()
	w, p := &world{}, testPlan()
	c := w.next().config(p)
	w.leased = 9
	if err := Run(t.Context(), c); !errors.Is(err, plan.ErrHeld) || w.has("target: open") || w.leased != 9 {
		t.Errorf("error %v, said %q", err, w.said)
	}
	c.Force, c.History = true, slices.Clone(w.entries)
	if err := Run(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(w.entries, func(e journal.Entry) bool { return e.Facts != nil && e.Facts.Overrode == "process 9" })
	if i < 0 || w.publishes != 1 {
		t.Errorf("overridden at %d, published %d times", i, w.publishes)
	}
}

// unreleasable is a lease that can be taken and not given up.
type unreleasable struct{ Lease }

func (unreleasable) Release(context.Context) error { return errors.New("503 SlowDown") }

// Everything is done, but the target could not be given up: there is something left to do for a resume.
func TestATargetThatCouldNotBeReleasedIsReleasedByResuming(t *testing.T) {
	t.Parallel()
	w, p := &world{}, testPlan()
	proc := w.next()
	conf := proc.config(p)
	conf.Lease = unreleasable{conf.Lease}
	if err := Run(t.Context(), conf); err != nil {
		t.Fatal(err)
	}
	if w.leased == 0 || Finished(p, w.entries) {
		t.Fatalf("lease of process %d, finished: %v", w.leased, Finished(p, w.entries))
	}
	proc.kill()
	if err := w.run(t, p, nil); err != nil {
		t.Fatal(err)
	}
	w.whole(t, p)
}

// A session of somebody else that has the number that one of ours had is not ended.
func TestAStrangersSessionIsSpared(t *testing.T) {
	t.Parallel()
	w, p := &world{strange: true}, testPlan()
	w.kill(t, p, 40)
	delete(w.alive, 1) // ours is gone, and its number is somebody else's
	if err := w.run(t, p, nil); err != nil {
		t.Fatal(err)
	}
	w.whole(t, p)
	if w.has("target: SELECT pg_terminate_backend(1)") || !w.has("target: SELECT process, starttime") {
		t.Errorf("said %q", w.said)
	}
}

// What an earlier process unloaded is checked once more and used; when it is not what it was, it is unloaded again.
func TestStagedDataIsUsedAgain(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		removed bool
		unloads int
	}{"there": {false, 1}, "removed": {true, 2}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, p := &world{}, testPlan()
			proc := w.next()
			conf := proc.config(p)
			conf.Point = func(point string, when effect.Phase) {
				if point == "t.a/load: target COPY" {
					proc.kill()
				}
			}
			if err := Run(t.Context(), conf); err == nil {
				t.Fatal("not killed")
			}
			if c.removed {
				clear(w.staged)
			}
			if err := w.run(t, p, nil); err != nil {
				t.Fatal(err)
			}
			w.whole(t, p)
			unloads := 0
			for _, what := range w.said {
				if what == "source: UNLOAD" {
					unloads++
				}
			}
			if unloads != c.unloads {
				t.Errorf("unloaded %d times", unloads)
			}
		})
	}
}

// What the rows near a watermark are is told by the transaction that unloads them, and written by the one that publishes, also by another
// process. So is how many rows were superseded.
func TestWhatIsNearIsOfTheUnload(t *testing.T) {
	t.Parallel()
	made := func() *plan.Plan {
		p := testPlan()
		steps := p.Tables[0].Steps
		last := &steps[0].Statements[len(steps[0].Statements)-1]
		last.SQL, last.Role = sql("SELECT newest"), plan.DigestsNewest
		steps[3].Statements = append(steps[3].Statements, plan.Statement{SQL: sql("SELECT zero {{near}}"), Role: plan.MustBeZero})
		return p
	}
	kept := func(w *world) (all []string) {
		for _, e := range w.entries {
			if e.Type == journal.Done && e.Step == "t.a/unload" {
				all = append(all, fmt.Sprintf("%d superseded, %s", e.Facts.Superseded, e.Facts.Near))
			}
		}
		return all
	}
	w := &world{}
	if err := w.run(t, made(), nil); err != nil {
		t.Fatal(err)
	}
	w.whole(t, made())
	if got := kept(w); !slices.Equal(got, []string{"4 superseded, near the watermark"}) || !w.has("target: SELECT zero 'near the watermark'") {
		t.Errorf("kept %q, said %q", got, w.said)
	}
	w = &world{faultAt: "target: COPY", fault: errors.New("no")}
	p := made()
	p.Stage.Keep = "on-failure"
	for range 2 {
		if err := w.run(t, p, nil); err != nil {
			t.Fatal(err)
		}
	}
	w.whole(t, p)
	if got := kept(w); len(got) != 1 || !w.has("target: SELECT zero 'near the watermark'") {
		t.Errorf("what an earlier process unloaded is used, and what it was told: %q, said %q", got, w.said)
	}
}

func TestAStalePlanIsNotGoneOnWith(t *testing.T) {
	t.Parallel()
	w, p := &world{}, testPlan()
	w.kill(t, p, 40)
	proc := w.next()
	c := proc.config(p)
	var asked map[string]bool
	c.Unchanged = func(_ context.Context, targets map[string]bool) error {
		asked = targets
		return fmt.Errorf("%w: t.a changed", plan.ErrStale)
	}
	if err := Run(t.Context(), c); !errors.Is(err, plan.ErrStale) || !asked["t.a"] || w.leased != 0 || w.publishes > 0 {
		t.Errorf("error %v, asked for %v, lease of %d, published %d times", err, asked, w.leased, w.publishes)
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
			switch err := w.run(t, testPlan(), nil); {
			case err == nil:
				t.Fatal("the run went on without its journal")
			case strings.Count(err.Error(), "no space left") != 1 || strings.Count(err.Error(), "the run was ended") > 1:
				t.Errorf("it is not said once: %v", err)
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

// many is testPlan with n tables.
func many(n int) *plan.Plan {
	p := testPlan()
	p.Epilogue = nil
	p.Concurrency = plan.Concurrency{Unload: n, Copy: n}
	one := p.Tables[0]
	p.Tables = nil
	for i := range n {
		t := one
		t.Target, t.Folder = fmt.Sprintf("t.a%d", i), fmt.Sprintf("%04d-a", i)
		t.Steps = slices.Clone(one.Steps)
		for j := range t.Steps {
			t.Steps[j].ID = strings.Replace(t.Steps[j].ID, "t.a", t.Target, 1)
		}
		p.Tables = append(p.Tables, t)
	}
	return p
}

// A target that refuses any publish beside which another one ran, as a database does whose isolation is SERIALIZABLE
// (hazard 7 of section 0), gets them one by one. Here those that wait for the fence are let into it together.
func TestPublishesThatRefuseEachOtherTakeTurns(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const n = 24
		w, p := &world{}, many(n)
		c := w.next().config(p)
		inside := 0
		target := c.Target
		c.Target = func(ctx context.Context) (Session, error) {
			s, err := target(ctx)
			if err != nil {
				return nil, err
			}
			return &jealous{Session: s, w: w, inside: &inside}, nil
		}
		if err := Run(t.Context(), c); err != nil {
			t.Fatal(err)
		}
		if w.publishes != n || !Finished(p, w.entries) {
			t.Errorf("%d of %d tables were published", w.publishes, n)
		}
	})
}

// jealous is a session whose transaction is refused when another one was in the fence at the same time.
type jealous struct {
	Session
	w      *world
	inside *int // transactions that have touched the fence and not ended; under w.mu
	in     bool
	seen   bool // another was inside meanwhile
}

func (s *jealous) Exec(ctx context.Context, sql redshift.SQL) (int64, error) {
	what := sql.String()
	if strings.HasPrefix(what, "UPDATE claim") {
		s.w.mu.Lock()
		s.seen, s.in = *s.inside > 0, true
		*s.inside++
		s.w.mu.Unlock()
		if err := delay.For(ctx, 10*time.Millisecond); err != nil {
			return 0, err
		}
	}
	ends := strings.HasPrefix(what, "COMMIT") || strings.HasPrefix(what, "ROLLBACK")
	if s.in && ends {
		s.w.mu.Lock()
		*s.inside--
		s.in = false
		s.w.mu.Unlock()
	}
	if strings.HasPrefix(what, "COMMIT") && s.seen {
		s.seen = false
		return 0, &redshift.ServerError{Code: "XX000", Message: "1023", Detail: "Serializable isolation violation on table in Redshift"}
	}
	return s.Session.Exec(ctx, sql)
}

// A shadow that an earlier process left is still there after a load that could not even begin.
func TestAShadowIsRememberedWhenALoadFails(t *testing.T) {
	t.Parallel()
	entry := func(kind journal.Type, step string) journal.Entry {
		return journal.Entry{Type: kind, Table: "t.a", Step: step}
	}
	for name, c := range map[string]struct {
		entries []journal.Entry
		shadow  bool
	}{
		"rolled back":        {[]journal.Entry{entry(journal.Intent, "t.a/load"), entry(journal.Failed, "t.a/load")}, false},
		"no outcome":         {[]journal.Entry{entry(journal.Intent, "t.a/load")}, true},
		"loaded":             {[]journal.Entry{entry(journal.Intent, "t.a/load"), entry(journal.Done, "t.a/load")}, true},
		"loaded, then not":   {[]journal.Entry{entry(journal.Intent, "t.a/load"), entry(journal.Done, "t.a/load"), entry(journal.Failed, "t.a/load")}, true},
		"replaced, then not": {[]journal.Entry{entry(journal.Intent, "t.a/load"), entry(journal.Intent, "t.a/load"), entry(journal.Failed, "t.a/load")}, true},
		"dropped, then not": {[]journal.Entry{
			entry(journal.Intent, "t.a/load"), entry(journal.Done, "t.a/load"), entry(journal.Done, "t.a/discard"), entry(journal.Intent, "t.a/load"), entry(journal.Failed, "t.a/load"),
		}, false},
	} {
		if got := fold(testPlan(), c.entries).tables["t.a"].shadow; got != c.shadow {
			t.Errorf("%s: shadow %v", name, got)
		}
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

// When we cancelled a statement, the reason is ours, and not what the server says about being told so.
func TestACancelledStepSaysWhy(t *testing.T) {
	t.Parallel()
	w := &world{faultAt: "target: COPY", fault: &redshift.ServerError{Code: "57014", Message: "canceling statement due to user request"}}
	ctx, cancel := context.WithCancelCause(t.Context())
	w.onSay = func(what string) {
		if what == "target: COPY" {
			cancel(errors.New("interrupted"))
		}
	}
	if err := Run(ctx, w.next().config(testPlan())); err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(w.entries, func(e journal.Entry) bool { return e.Step == "t.a/load" && e.Type == journal.Failed })
	if i < 0 || !strings.HasPrefix(w.entries[i].Error, "interrupted (") || w.entries[i].Hint != "" {
		t.Errorf("entries %+v", w.entries)
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
