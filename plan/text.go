package plan

import (
	"fmt"
	"strings"

	"github.com/sealift/sealift/internal/show"
)

// TextOptions say how Text writes.
type TextOptions struct {
	Columns int // width of the page; 0 means 100
	Colours bool
	SQL     bool // every statement too, in order
}

// Text is the plan for people: what goes where and how, what else changes, and that nothing has happened yet.
func (p *Plan) Text(o TextOptions) string {
	page := &show.Page{Columns: o.Columns, Colours: o.Colours}
	from := "files"
	if p.HasSource() {
		from = p.Source.describe()
	}
	to := "files"
	if p.HasTarget() {
		to = p.Target.describe()
	}
	page.Line("%s  ->  %s", from, to)
	page.Line("stage %s  %s", p.Stage.URL(), p.Stage.Encryption())
	page.Blank()
	p.tables(page)
	page.Blank()
	for _, t := range p.Tables {
		t.Input.text(page)
	}
	p.Source.Door.text(page, "source")
	p.Target.Door.text(page, "target")
	p.changes(page)
	rows, bytes := int64(0), int64(0)
	for _, t := range p.Tables {
		rows += t.EstimatedRows
		bytes += t.EstimatedBytes
	}
	page.Line("        %s, about %s, %s; nothing is changed yet", show.Plural(int64(len(p.Tables)), "table"), show.Plural(rows, "row"), show.Bytes(bytes))
	if o.SQL {
		page.Blank()
		p.statements(page)
	}
	return page.String()
}

// text says what is opened.
func (d Door) text(page *show.Page, side string) {
	if d == (Door{}) {
		return
	}
	who, until := "this machine's address", "AWS closes it after "+d.TTL+" if nobody does before"
	if d.Address != "auto" {
		who = d.Address
	}
	if d.WithoutSchedule {
		until = "nobody closes it if this machine is lost, before sealift clean runs"
	}
	page.Paragraph("door    ", fmt.Sprintf("%s: %s lets %s in during the run; %s", side, d.SecurityGroup, who, until), show.Plain)
}

// describe is the warehouse with what tells it from others of its name.
func (w Warehouse) describe() string {
	var where []string
	for _, s := range []string{w.Region, w.Account} {
		if s != "" {
			where = append(where, s)
		}
	}
	if len(where) == 0 {
		return w.Name()
	}
	return fmt.Sprintf("%s (%s)", w.Name(), strings.Join(where, ", "))
}

func (p *Plan) tables(page *show.Page) {
	grid := &show.Grid{Indent: 2, Columns: []show.Column{
		{Head: "table"}, {Head: "to"}, {Head: "mode"}, {Head: "rows (est.)", Right: true}, {Head: "size", Right: true}, {Head: "format"}, {Head: "note"},
	}}
	renamed := false
	for _, t := range p.Tables {
		renamed = renamed || t.Source != t.Target
	}
	for _, t := range p.Tables {
		to, rows, size := "", "-", "-"
		if renamed {
			to = t.Target
		}
		if t.EstimatedRows > 0 {
			rows = show.Count(t.EstimatedRows)
		}
		if t.EstimatedBytes > 0 {
			size = show.Bytes(t.EstimatedBytes)
		}
		grid.Add(t.Source, to, t.Mode, rows, size, t.Format, t.note())
	}
	page.Grid(grid)
}

// note is how the table is published, where the mode alone does not say so, and what else a person should know.
func (t Table) note() string {
	notes := t.Notes
	switch t.Method {
	case Swap, DeleteInsert:
		notes = append([]string{string(t.Method)}, notes...)
	case Fill:
		notes = append([]string{"fills the empty table"}, notes...)
	case Create, Append, Merge, InsertNew, Mirror, History:
	}
	if t.Window != nil {
		notes = append([]string{t.Window.text()}, notes...)
	}
	if t.Output != nil {
		notes = append(notes, "into "+t.Output.Folder)
	}
	return strings.Join(notes, "; ")
}

// changes are the side effects other than rows.
func (p *Plan) changes(page *show.Page) {
	for _, s := range p.Prologue {
		page.Paragraph("first   ", s.About, show.Plain)
	}
	for _, t := range p.Tables {
		for _, d := range t.Differences {
			page.Paragraph("alter   ", t.Target+": "+d, show.Yellow)
		}
	}
	for _, s := range p.Epilogue {
		page.Paragraph("last    ", s.About, show.Plain)
	}
}

// statements writes every statement in the order in which a table sees them. Placeholders in double braces are known
// only when a run gets there.
func (p *Plan) statements(page *show.Page) {
	for _, s := range p.Prologue {
		s.text(page, s.Kind.side())
	}
	for _, t := range p.Tables {
		for _, s := range t.Steps {
			s.text(page, s.Kind.side())
		}
		if len(t.Undo) > 0 {
			page.Line("-- if a step of %s fails:", t.Target)
			page.Blank()
		}
		for _, s := range t.Undo {
			s.text(page, s.Kind.side())
		}
	}
	for _, s := range p.Epilogue {
		s.text(page, "target")
	}
}

// side is where a kind of step does its work.
func (k Kind) side() string {
	switch k {
	case Subset, Unload:
		return "source"
	case Send, Check, Fetch, Empty:
		return "stage"
	case Prepare, Fence, Load, Analyze, Publish, Relate, Discard:
		return "target"
	}
	panic(fmt.Sprintf("plan: unknown kind of step %q", string(k)))
}

func (s Step) text(page *show.Page, side string) {
	page.Line("-- %s (%s): %s", s.ID, side, s.About)
	if len(s.Needs) > 0 {
		page.Line("-- only if published: %s", strings.Join(s.Needs, ", "))
	}
	transaction := len(s.Statements) > 1
	if transaction {
		page.Line("BEGIN;")
	}
	for _, st := range s.Statements {
		if st.Role == Scans {
			page.Line("-- refused where a policy filters its rows")
		}
		if st.Role == MustBeZero {
			page.Line("-- refused unless 0: %s", st.About)
		}
		if st.Loop != 0 {
			page.Line("-- with those of loop %d, until they change no row:", st.Loop)
		}
		page.Block(st.SQL.String() + ";")
	}
	if transaction {
		page.Line("COMMIT;")
	}
	page.Blank()
}
