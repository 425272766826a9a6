package receipt

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/sealift/sealift/internal/show"
)

// TextOptions say how Text writes.
type TextOptions struct {
	Columns int // width of the page; 0 means 100
	Colours bool
	Folder  string // where plan, journal and receipt are kept; may be empty
}

// Text is the receipt for people: what became of each table, whether it is safe, what to do next.
func (r *Receipt) Text(o TextOptions) string {
	page := &show.Page{Columns: o.Columns, Colours: o.Colours}
	page.Line("run %s  %s", r.Run, r.summary())
	if r.Resumed > 0 {
		page.Line("resumed %s; the figures are of the whole run", times(r.Resumed))
	}
	page.Blank()
	page.Grid(r.grid())
	page.Blank()
	r.failures(page)
	r.account(page, o)
	if r.Outcome != Verified {
		page.Blank()
		page.Line("%s", r.counted())
		r.next(page)
	}
	return page.String()
}

// next is what can be done now.
func (r *Receipt) next(page *show.Page) {
	again, or := r.Again(), ""
	if again != "" {
		when := ""
		if r.failed() {
			when = "when that is mended, "
		}
		page.Line("%sgo on with: %s", when, again)
		or = "or "
	}
	if len(r.Left) > 0 {
		page.Line("%sremove what is left: %s", or, r.Clean())
	}
	if anew := r.Anew(); anew != "" {
		page.Paragraph("", anew, show.Plain)
	}
}

// summary is the whole run in a few words.
func (r *Receipt) summary() string {
	took := show.Duration(r.EndedAt.Sub(r.StartedAt))
	switch r.Outcome {
	case Verified:
		return "done in " + took
	case Interrupted:
		return "interrupted after " + took
	case Failed, Unknown:
	}
	return "failed after " + took
}

func times(n int) string {
	if n == 1 {
		return "once"
	}
	return show.Count(int64(n)) + " times"
}

func (r *Receipt) grid() *show.Grid {
	first := "unload"
	if slices.ContainsFunc(r.Tables, func(t Table) bool { return t.Content != "" }) {
		first = "send"
	}
	grid := &show.Grid{Indent: 2, Columns: []show.Column{
		{Head: "table"},
		{Head: "result"},
		{Head: "rows", Right: true},
		{Head: "digest"},
		{Head: first, Right: true},
		{Head: "copy", Right: true},
		{Head: "verify", Right: true},
		{Head: "queries"},
		{Head: "note"},
	}}
	for i := range r.Tables {
		t := &r.Tables[i]
		result := show.Cell{Text: t.word()}
		switch t.Outcome {
		case Failed:
			result = show.Cell{Text: "FAILED", Colour: show.Red}
		case Unknown:
			result = show.Cell{Text: "UNKNOWN", Colour: show.Red}
		case Interrupted:
			result.Colour = show.Yellow
		case Verified:
		}
		rows := ""
		if t.Digest != "" {
			rows = show.Count(t.Rows)
		}
		grid.AddCells(show.Cell{Text: t.Target}, result, show.Cell{Text: rows}, show.Cell{Text: show.Short(t.Digest), Colour: show.Dim},
			seconds(t.Unload+t.Send), seconds(t.Copy), seconds(t.Verify),
			show.Cell{Text: queries(t.SourceQuery, t.TargetQuery), Colour: show.Dim}, show.Cell{Text: strings.Join(t.notes(), "; ")})
	}
	return grid
}

// word is a table's outcome for people. Of an unload the files' records were counted, and their values compared with nothing.
func (t *Table) word() string {
	if t.Outcome == Verified && t.Unloads {
		return "counted"
	}
	return string(t.Outcome)
}

func seconds(d Duration) show.Cell {
	if d == 0 {
		return show.Cell{}
	}
	return show.Cell{Text: show.Duration(time.Duration(d))}
}

func queries(source, target int64) string {
	text := func(id int64) string {
		if id == 0 {
			return "-"
		}
		return fmt.Sprint(id)
	}
	if source == 0 && target == 0 {
		return ""
	}
	return text(source) + " / " + text(target)
}

// notes say where a table came from when its name does not, and whether rows were added to those that were there. What
// the plan noted is the plan's to show.
func (t *Table) notes() []string {
	var notes []string
	if t.Source != t.Target {
		notes = append(notes, "from "+t.Source)
	}
	if t.Outcome != Verified {
		return notes
	}
	switch {
	case t.Method == "insert-new" && t.Updated != nil:
		notes = append(notes, fmt.Sprintf("appended: %s added, %s there already", show.Count(t.Rows-*t.Updated), show.Count(*t.Updated)))
	case t.Mode == "append" && t.Method != "delete+insert" && t.Method != "swap":
		notes = append(notes, "appended")
	case t.Method == "merge":
		notes = append(notes, "merged"+t.counts("changed"))
	case t.Method == "history":
		notes = append(notes, "versions"+t.counts("there already"))
	case t.Method == "mirror" && t.Updated != nil && t.Added != nil && t.Deleted != nil:
		notes = append(notes, fmt.Sprintf("mirrored: %s changed, %s added, %s gone", show.Count(*t.Updated), show.Count(*t.Added), show.Count(*t.Deleted)))
	case t.Method == "mirror":
		notes = append(notes, "mirrored")
	}
	if t.Superseded > 0 {
		notes = append(notes, show.Plural(t.Superseded, "row")+" superseded by newer ones of their key")
	}
	return notes
}

// counts tells of rows that were published by their key.
func (t *Table) counts(updated string) string {
	if t.Updated == nil {
		return ""
	}
	return fmt.Sprintf(": %s %s, %s added", show.Count(*t.Updated), updated, show.Count(t.Rows-*t.Updated))
}

// failures has a block for each table that was not moved.
func (r *Receipt) failures(page *show.Page) {
	for i := range r.Tables {
		t := &r.Tables[i]
		if t.Failure == nil {
			continue
		}
		page.Line("%s   %s   %s", t.Target, strings.ToUpper(string(t.Outcome)), t.state())
		t.Failure.text(page)
		page.Blank()
	}
	for i := range r.Failures {
		f := &r.Failures[i]
		page.Line("%s   FAILED", f.Step)
		f.text(page)
		page.Blank()
	}
}

// state is what the target holds now.
func (t *Table) state() string {
	if t.Outcome == Unknown {
		return "target either whole or as it was: the answer to its commit was lost"
	}
	if t.Unloads {
		return "nothing is written"
	}
	return "target untouched"
}

// warns says it of a failure that kept no row back.
func (f *Failure) warns() string {
	return "the statistics are as they were, ANALYZE failed: " + f.Error
}

func (f *Failure) text(page *show.Page) {
	page.Paragraph("  ", f.Error, show.Red)
	for _, d := range f.Details {
		page.Line("    %s", d)
	}
	if f.Hint != "" {
		page.Paragraph("  hint: ", f.Hint, show.Plain)
	}
}

// account is what was staged and what is left of it.
func (r *Receipt) account(page *show.Page, o TextOptions) {
	if r.Stage.Objects > 0 {
		how, key := "SSE-KMS", r.Stage.KMSKey
		if key == "" {
			how, key = "SSE-S3", "S3's own key, not a KMS key of yours, because --sse s3 said so"
		}
		page.Line("encrypted   %s, %s, %s, all checked; %s", show.Plural(int64(r.Stage.Objects), "object"), show.Bytes(r.Stage.Bytes), how, r.Stage.state())
		page.Line("            %s", key)
	} else {
		page.Line("encrypted   nothing was staged")
	}
	if masked := r.masked(); masked != "" {
		page.Paragraph("masked      ", masked, show.Plain)
	}
	for _, d := range r.Doors {
		page.Line("door        %s", d.text())
	}
	for _, t := range r.Tables {
		if n := len(t.Files); n > 0 {
			last := ""
			if n > 1 {
				last = " to " + filepath.Base(t.Files[n-1])
			}
			page.Paragraph("files       ", files(n, t.Files[0], last), show.Plain)
		}
		if t.Rejected > 0 {
			page.Paragraph("set aside   ", fmt.Sprintf("%s for %s, in %s", show.Plural(t.Rejected, "record"), t.Target, t.Rejects), show.Yellow)
		}
	}
	for i := range r.Tables {
		t := &r.Tables[i]
		for _, w := range t.Warnings {
			page.Paragraph("warning     ", t.Target+": "+w.warns(), show.Yellow)
			if w.Hint != "" {
				page.Paragraph("            hint: ", w.Hint, show.Plain)
			}
		}
	}
	for _, left := range r.Left {
		page.Paragraph("left        ", left, show.Yellow)
	}
	if o.Folder != "" {
		page.Line("kept in     %s", o.Folder)
		page.Line("            sealift show %s --html report.html", r.Run)
	}
}

// text is a door's story in one line.
func (d Door) text() string {
	const clock = "15:04:05"
	where := fmt.Sprintf("%s %s %s", d.Side, d.Group, d.Address)
	switch {
	case d.Foreign:
		return where + " had a rule of somebody else, which is as it was"
	case d.Group == "":
		return d.Side + " was not opened"
	case d.ClosedAt == nil:
		return where + " opened " + d.OpenedAt.Format(clock) + ", not closed by this run"
	case len(d.Shared) > 0:
		return where + " opened " + d.OpenedAt.Format(clock) + ", left " + d.ClosedAt.Format(clock) + " to " + strings.Join(d.Shared, ", ")
	default:
		return where + " opened " + d.OpenedAt.Format(clock) + ", closed " + d.ClosedAt.Format(clock) + ", confirmed gone"
	}
}

func (s Stage) state() string {
	switch {
	case s.Empty:
		return "stage is empty"
	case s.Kept:
		return "kept, as the job says"
	default:
		return "stage is not empty"
	}
}

// counted is how many tables came to which outcome, in words.
func (r *Receipt) counted() string {
	n := r.Counts()
	var parts []string
	for _, outcome := range []Outcome{Verified, Failed, Unknown, Interrupted} {
		if n[outcome] == 0 {
			continue
		}
		what := string(outcome)
		if len(parts) == 0 {
			what = show.Plural(int64(n[outcome]), "table") + " " + what
		} else {
			what = show.Count(int64(n[outcome])) + " " + what
		}
		parts = append(parts, what)
	}
	return strings.Join(parts, ", ")
}

// Again is the command that goes on with the run, or "" if there is nothing that it could do: because nothing is left, or because a
// new run has to be begun.
func (r *Receipt) Again() string {
	if r.Outcome == Verified {
		return ""
	}
	// What failed outside of tables, the run can do again.
	if n := len(r.anew()); n > 0 && n == len(r.Tables)-r.Counts()[Verified] && (r.Once || len(r.Failures) == 0) {
		return ""
	}
	return "sealift resume " + show.Argument(r.Run)
}

// anew are the tables that going on with the run does nothing for.
func (r *Receipt) anew() []string {
	var tables []string
	for i := range r.Tables {
		t := &r.Tables[i]
		// Whether a publish happened, only a resumed run looks.
		if t.Outcome != Verified && t.Outcome != Unknown && (r.Once || t.Failure != nil && t.Failure.Anew) {
			tables = append(tables, t.Target)
		}
	}
	return tables
}

// failed tells whether something has to be mended before anybody goes on.
func (r *Receipt) failed() bool {
	return len(r.Failures) > 0 || slices.ContainsFunc(r.Tables, func(t Table) bool { return t.Failure != nil && t.Outcome == Failed })
}

// Anew says for which tables a new run has to be begun, and when; "" if for none.
func (r *Receipt) Anew() string {
	tables := r.anew()
	switch {
	case r.Outcome == Verified || len(tables) == 0 && !r.failed():
		return ""
	case len(tables) == 0:
		return "if the job or a definition has to change for that, begin anew with the command that made this run: a run keeps its plan"
	}
	how := ""
	if r.Counts()[Verified] > 0 || r.Again() != "" {
		how = " and --only"
	}
	const most = 3
	names := strings.Join(tables[:min(len(tables), most)], ", ")
	if more := len(tables) - most; more > 0 {
		names += fmt.Sprintf(" and %d more", more)
	}
	why := "sealift resume would come to the same"
	if r.Once {
		why = "no other process can go on with this one"
	}
	return fmt.Sprintf("begin anew for %s, with the command that made this run%s: %s", names, how, why)
}

// Clean is the command that removes what the run left.
func (r *Receipt) Clean() string { return "sealift clean --run " + show.Argument(r.Run) }

// files says what an unload wrote.
func files(n int, first, last string) string {
	if strings.HasPrefix(first, "s3://") {
		return fmt.Sprintf("%s, and their manifest: %s%s", show.Plural(int64(n), "object"), first, last)
	}
	return fmt.Sprintf("%s, for their owner only: %s%s", show.Plural(int64(n), "file"), first, last)
}
