package cli

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"

	"github.com/sealift/sealift/internal/show"
	"github.com/sealift/sealift/journal"
	"github.com/sealift/sealift/plan"
	"github.com/sealift/sealift/receipt"
)

// progress follows a run by its journal's entries. On a terminal it keeps one line for each table at work, and finished
// ones scroll above; elsewhere it writes one plain line for each step.
type progress struct {
	printer progressPrinter
	kinds   map[string]plan.Kind // of steps, by id
	tables  map[string]*tableProgress
	all     *tableProgress // stands for the step of all tables, while it is at work
	run     string
	total   int
	over    int // tables that are published or failed
	doors   int // that are open
	once    bool
}

// tableProgress is what is known of one table.
type tableProgress struct {
	name  string
	began time.Time
	about int64 // rows, as the plan estimates
	size  int64 // of a load's files, in bytes; 0 if it is not known
	rows  int64 // as unloaded
	bytes int64
	ended bool
}

// progressPrinter shows what progress finds out.
type progressPrinter interface {
	// working says what a table is doing now.
	working(t *tableProgress, phase string)
	// step says how a step ended.
	step(run, table, step, outcome, detail string)
	// sent says how much of a load's files was read and sent.
	sent(t *tableProgress, bytes, records int64)
	// finished says what became of a table.
	finished(t *tableProgress, outcome string, colour show.Colour, detail string)
	// count says how many tables are over.
	count(run string, over, total int)
	// door says how many doors are open.
	door(open int)
	// stopsBy gives the channel that is closed when the run is told to stop.
	stopsBy(stop <-chan struct{})
	close()
}

func (a *app) newProgress(p *plan.Plan) *progress {
	pr := &progress{kinds: make(map[string]plan.Kind), tables: make(map[string]*tableProgress), total: len(p.Tables), once: p.Once()}
	widest := 0
	for _, t := range p.Tables {
		pr.tables[t.Target] = &tableProgress{name: t.Target, about: t.EstimatedRows}
		if t.Input != nil {
			pr.tables[t.Target].size = t.Input.Bytes()
		}
		widest = max(widest, min(40, len(show.Safe(t.Target))))
		for _, list := range [][]plan.Step{t.Steps, t.Undo} {
			for _, s := range list {
				pr.kinds[s.ID] = s.Kind
			}
		}
	}
	for _, list := range [][]plan.Step{p.Prologue, p.Epilogue} {
		for _, s := range list {
			pr.kinds[s.ID] = s.Kind
		}
	}
	if a.stderr.moves {
		pr.printer = newTerminal(a.stderr, widest)
	} else {
		pr.printer = plain{a}
	}
	return pr
}

// phases are the words for a step that is under way.
func phase(k plan.Kind) string {
	switch k {
	case plan.Prepare, plan.Fence:
		return "preparing"
	case plan.Subset:
		return "choosing rows"
	case plan.Unload:
		return "unloading"
	case plan.Fetch:
		return "fetching"
	case plan.Send:
		return "sending"
	case plan.Check:
		return "checking"
	case plan.Load:
		return "copying"
	case plan.Analyze:
		return "analysing"
	case plan.Publish:
		return "publishing"
	case plan.Empty:
		return "emptying stage"
	case plan.Relate:
		return "relating"
	case plan.Discard:
		return "cleaning up"
	}
	return string(k)
}

// entry takes one journal entry. sealift calls it one at a time.
func (p *progress) entry(e journal.Entry) {
	if e.Type == journal.Begin {
		p.run = e.Run
		p.printer.count(p.run, 0, p.total)
	}
	if e.Type == journal.Resume {
		p.printer.count(p.run, p.over, p.total)
	}
	if e.Step == "" {
		return
	}
	kind, known := p.kinds[e.Step]
	t := p.tables[e.Table]
	if !known && t != nil {
		kind = plan.Empty // the runner's own, after a failure
	}
	if kind == plan.Subset {
		p.subset(e)
	}
	if e.Type == journal.Intent {
		if t != nil && (!t.ended || kind != plan.Empty && kind != plan.Discard) {
			if t.began.IsZero() {
				t.began = e.Time
			}
			if t.ended { // what failed is tried again
				p.over--
			}
			t.ended = false
			p.printer.working(t, phase(kind))
		}
		return
	}
	facts := e.Facts
	if facts == nil {
		facts = new(journal.Facts)
	}
	if d := facts.Door; d != nil && e.Type == journal.Done && !d.Foreign {
		if strings.HasPrefix(e.Step, "open ") {
			p.doors++
		} else {
			p.doors--
		}
		p.printer.door(p.doors)
	}
	p.printer.step(p.run, e.Table, name(e), string(e.Type), detail(kind, e, facts))
	if t == nil {
		return
	}
	if (kind == plan.Unload || kind == plan.Send) && e.Type == journal.Done {
		t.rows = max(0, facts.Rows) // -1: COPY will count them
	}
	if (kind == plan.Check || kind == plan.Send) && e.Type == journal.Done {
		t.bytes = facts.Bytes
	}
	switch {
	case e.Type == journal.Done && kind == plan.Publish:
		p.finish(t, "verified", show.Plain, t.moved(e.Time))
	case e.Type == journal.Done && kind == plan.Fetch:
		p.finish(t, "counted", show.Plain, t.moved(e.Time))
	case e.Type == journal.Stopped:
		p.finish(t, "stopped", show.Yellow, "target untouched")
	case e.Type == journal.Failed && kind != plan.Empty && kind != plan.Discard && kind != plan.Analyze:
		p.finish(t, "FAILED", show.Red, e.Error)
	case e.Type == journal.Unknown && kind != plan.Analyze:
		p.finish(t, "UNKNOWN", show.Red, e.Error)
	}
}

// subset follows the step that unloads all tables, on a line of its own.
func (p *progress) subset(e journal.Entry) {
	if e.Type == journal.Intent {
		p.all = &tableProgress{name: e.Step, began: e.Time}
		for _, t := range p.tables {
			p.all.about += t.about
		}
		p.printer.working(p.all, phase(plan.Subset))
		return
	}
	if p.all == nil {
		return // stopped before it began
	}
	outcome, colour := "unloaded", show.Plain
	if e.Type != journal.Done {
		outcome, colour = strings.ToUpper(string(e.Type)), show.Red
	}
	facts := e.Facts
	if facts == nil {
		facts = new(journal.Facts)
	}
	p.printer.finished(p.all, outcome, colour, detail(plan.Subset, e, facts))
	p.all = nil
	for target, f := range facts.Tables {
		if t := p.tables[target]; t != nil && e.Type == journal.Done {
			t.rows, t.began = f.Rows, e.Time
		}
	}
}

func (p *progress) finish(t *tableProgress, outcome string, colour show.Colour, detail string) {
	if t.ended {
		return
	}
	t.ended = true
	p.over++
	p.printer.finished(t, outcome, colour, detail)
	p.printer.count(p.run, p.over, p.total)
}

func (t *tableProgress) moved(now time.Time) string {
	return fmt.Sprintf("%s   %s   %s", show.Plural(t.rows, "row"), show.Bytes(t.bytes), show.Duration(now.Sub(t.began)))
}

// name is the step without its table, which stands beside it.
func name(e journal.Entry) string {
	if short, ok := strings.CutPrefix(e.Step, e.Table+"/"); ok && e.Table != "" {
		return short
	}
	return e.Step
}

// detail is what a step found out, in a few words.
func detail(kind plan.Kind, e journal.Entry, f *journal.Facts) string {
	switch e.Type {
	case journal.Done:
	case journal.Stopped:
		return "" // the outcome says it
	default:
		return e.Error
	}
	if f.Door != nil {
		return doorDetail(f.Door)
	}
	switch kind {
	case plan.Unload:
		return show.Plural(f.Rows, "row") + ", " + show.Duration(time.Duration(f.UnloadSeconds*float64(time.Second)))
	case plan.Fetch:
		return show.Plural(int64(len(f.Files)), "file") + ", " + show.Bytes(f.Bytes)
	case plan.Send:
		rows := ""
		if f.Rows >= 0 {
			rows = show.Plural(f.Rows, "row") + ", "
		}
		return rows + show.Plural(int64(f.Objects), "object") + ", " + show.Bytes(f.Bytes) + ", " + show.Duration(time.Duration(f.SendSeconds*float64(time.Second)))
	case plan.Check:
		return show.Plural(int64(f.Objects), "object") + ", " + show.Bytes(f.Bytes)
	case plan.Load:
		return show.Duration(time.Duration(f.CopySeconds * float64(time.Second)))
	case plan.Empty:
		return show.Plural(int64(f.Objects), "object") + " removed"
	case plan.Subset:
		rows := int64(0)
		for _, t := range f.Tables {
			rows += t.Rows
		}
		return show.Plural(rows, "row") + " of " + show.Plural(int64(len(f.Tables)), "table")
	case plan.Analyze, plan.Publish, plan.Prepare, plan.Fence, plan.Relate, plan.Discard:
	}
	return ""
}

// doorDetail is what became of a door.
func doorDetail(d *journal.Door) string {
	where := fmt.Sprintf("%s in %s", d.Address, d.Group)
	switch {
	case d.Foreign:
		return where + ", somebody else's rule"
	case d.Gone:
		return where + ", gone"
	case len(d.Shared) > 0:
		return where + ", shared with " + strings.Join(d.Shared, ", ")
	case d.Until.IsZero():
		return where
	default:
		return where + " until " + d.Until.Local().Format("15:04:05")
	}
}

// resumed tells of what earlier processes did.
func (p *progress) resumed(run string, done []receipt.Table) {
	p.run = run
	for i := range done {
		if t := p.tables[done[i].Target]; t != nil && done[i].Outcome == receipt.Verified {
			t.ended = true
			p.over++
		}
	}
}

// sent tells how far a load has come with reading its files.
func (p *progress) sent(table string, bytes, records int64) {
	if t := p.tables[table]; t != nil {
		p.printer.sent(t, bytes, records)
	}
}

// stopsBy gives the channel that is closed when the run is told to stop.
func (p *progress) stopsBy(stop <-chan struct{}) { p.printer.stopsBy(stop) }

// close ends the lines that are redrawn.
func (p *progress) close() { p.printer.close() }

// plain writes lines that can be searched: run, table, step, outcome.
type plain struct{ a *app }

func (p plain) step(run, table, step, outcome, detail string) {
	parts := []string{run, table, step, outcome, detail}
	p.a.say("%s", strings.Join(slices.DeleteFunc(parts, func(part string) bool { return part == "" }), "  "))
}

func (plain) working(*tableProgress, string)                       {}
func (plain) sent(*tableProgress, int64, int64)                    {}
func (plain) finished(*tableProgress, string, show.Colour, string) {}
func (plain) count(string, int, int)                               {}
func (plain) door(int)                                             {}
func (plain) stopsBy(<-chan struct{})                              {}
func (plain) close()                                               {}

// terminal redraws one line for each table at work.
type terminal struct {
	stream        *stream
	behind        io.Writer // what the stream wrote to before
	bars          *mpb.Progress
	foot          *mpb.Bar
	widest        int
	mu            sync.Mutex // guards lines and text: mpb's goroutine draws them, and that of a load counts
	lines         map[*tableProgress]*line
	footText      string
	doors         int // open
	stop          <-chan struct{}
	testOnlyDrawn func() // called when the foot is drawn
}

// line is one table's line while it is at work.
type line struct {
	bar   *mpb.Bar
	phase string
	rows  string
	since time.Time
}

func newTerminal(s *stream, widest int) *terminal {
	t := &terminal{stream: s, widest: widest, lines: make(map[*tableProgress]*line)}
	t.bars = mpb.New(mpb.WithOutput(s.w), mpb.WithRefreshRate(100*time.Millisecond))
	// Whatever else is written to the stream goes above the lines, by way of mpb.
	t.behind = s.through(t.bars)
	t.foot = t.bars.New(0, mpb.NopStyle(), mpb.BarPriority(1<<30), mpb.PrependDecorators(decor.Any(func(decor.Statistics) string {
		t.mu.Lock()
		defer t.mu.Unlock()
		if t.testOnlyDrawn != nil {
			t.testOnlyDrawn()
		}
		if t.footText == "" {
			return ""
		}
		foot := t.footText
		if t.doors > 0 {
			foot += "   " + show.Plural(int64(t.doors), "door") + " open"
		}
		select {
		case <-t.stop:
			return foot + "   stopping; Ctrl-C once more stops at once"
		default:
			return foot + "   Ctrl-C stops after the current step"
		}
	})))
	return t
}

func (t *terminal) working(table *tableProgress, phase string) {
	rows := ""
	switch {
	case table.rows > 0:
		rows = show.Plural(table.rows, "row")
	case table.about > 0:
		rows = "about " + show.Plural(table.about, "row")
	}
	t.mu.Lock()
	l, drawn := t.lines[table]
	if !drawn {
		l = &line{since: time.Now()}
		t.lines[table] = l
	}
	l.phase, l.rows = phase, rows
	t.mu.Unlock()
	if drawn {
		return
	}
	label := show.Safe(table.name)
	// Not under the lock: mpb adds a line between two drawings, and a drawing takes the lock.
	l.bar = t.bars.New(0, mpb.NopStyle(), mpb.PrependDecorators(decor.Any(func(decor.Statistics) string {
		t.mu.Lock()
		defer t.mu.Unlock()
		return fmt.Sprintf("%-*s  %-14s  %-7s  %s", t.widest, label, l.phase, elapsed(time.Since(l.since)), l.rows)
	})))
}

// sent redraws the line with bytes read, records sent, and when it will be done.
func (t *terminal) sent(table *tableProgress, bytes, records int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	l, drawn := t.lines[table]
	if !drawn {
		return
	}
	l.rows = fmt.Sprintf("%s   %s", show.Plural(records, "row"), show.Bytes(bytes))
	if took := time.Since(l.since); table.size > bytes && bytes > 0 && took > time.Second {
		left := time.Duration(float64(took) * float64(table.size-bytes) / float64(bytes))
		l.rows += fmt.Sprintf(" of %s, %s left", show.Bytes(table.size), elapsed(left))
	}
}

// elapsed is a time in whole seconds: it is drawn anew several times in each.
func elapsed(d time.Duration) string {
	if d < time.Minute {
		return fmt.Sprintf("%d s", d/time.Second)
	}
	return show.Duration(d.Truncate(time.Second))
}

func (t *terminal) finished(table *tableProgress, outcome string, colour show.Colour, detail string) {
	t.mu.Lock()
	l := t.lines[table]
	delete(t.lines, table)
	t.mu.Unlock()
	page := &show.Page{Colours: t.stream.colours}
	_, _ = fmt.Fprintf(t.stream, "%-*s  %s  %s\n", t.widest, show.Safe(table.name), page.Paint(colour, fmt.Sprintf("%-14s", outcome)), show.Safe(detail))
	if l != nil {
		l.bar.Abort(true)
	}
}

func (t *terminal) step(string, string, string, string, string) {}

func (t *terminal) count(run string, over, total int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.footText = fmt.Sprintf("run %s   %d of %s", run, over, show.Plural(int64(total), "table"))
}

func (t *terminal) door(open int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.doors = open
}

func (t *terminal) stopsBy(stop <-chan struct{}) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.stop = stop
}

func (t *terminal) close() {
	for _, l := range t.lines {
		l.bar.Abort(true)
	}
	t.foot.Abort(true)
	t.bars.Wait()
	t.stream.through(t.behind)
}
