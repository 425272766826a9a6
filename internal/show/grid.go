package show

import "strings"

// Column of a Grid. The last one may be broken into several lines; it should hold what is said in words.
type Column struct {
	Head  string
	Right bool // aligned to the right, as numbers are
}

// Cell is one value of a row.
type Cell struct {
	Text   string
	Colour Colour
}

// Grid is rows under aligned columns, without boxes. Columns that are empty in every row are left out.
type Grid struct {
	Indent  int
	Columns []Column
	Rows    [][]Cell
}

// Add adds a row of plain cells, each made safe for a terminal.
func (g *Grid) Add(cells ...string) {
	row := make([]Cell, len(cells))
	for i, c := range cells {
		row[i] = Cell{Text: c}
	}
	g.AddCells(row...)
}

// AddCells adds a row.
func (g *Grid) AddCells(cells ...Cell) {
	for i := range cells {
		cells[i].Text = Safe(cells[i].Text)
	}
	g.Rows = append(g.Rows, cells)
}

const (
	gap       = "  "
	widestKey = 40 // a first cell wider than this has a line of its own
)

// Grid writes g.
func (p *Page) Grid(g *Grid) {
	g = g.filled()
	widths := make([]int, len(g.Columns))
	for i, c := range g.Columns {
		widths[i] = length(c.Head)
		for _, row := range g.Rows {
			if n := length(row[i].Text); i > 0 || n <= widestKey {
				widths[i] = max(widths[i], n)
			}
		}
	}
	heads := make([]Cell, len(g.Columns))
	for i, c := range g.Columns {
		heads[i] = Cell{c.Head, Dim}
	}
	for _, row := range append([][]Cell{heads}, g.Rows...) {
		p.row(g, widths, row)
	}
}

// filled leaves out the columns that no row has anything in.
func (g *Grid) filled() *Grid {
	out := &Grid{Indent: g.Indent, Rows: make([][]Cell, len(g.Rows))}
	for i, c := range g.Columns {
		used := false
		for _, row := range g.Rows {
			used = used || i < len(row) && row[i].Text != ""
		}
		if !used {
			continue
		}
		out.Columns = append(out.Columns, c)
		for k, row := range g.Rows {
			cell := Cell{}
			if i < len(row) {
				cell = row[i]
			}
			out.Rows[k] = append(out.Rows[k], cell)
		}
	}
	return out
}

func (p *Page) row(g *Grid, widths []int, row []Cell) {
	at := g.Indent
	var b strings.Builder
	b.WriteString(strings.Repeat(" ", g.Indent))
	last := len(row) - 1
	for i, cell := range row {
		if i > 0 {
			b.WriteString(gap)
			at += len(gap)
		}
		space := strings.Repeat(" ", max(0, widths[i]-length(cell.Text)))
		switch {
		case i == last && !g.Columns[i].Right:
			p.flow(&b, at, cell)
		case i == 0 && length(cell.Text) > widths[0]:
			b.WriteString(p.Paint(cell.Colour, cell.Text) + "\n" + strings.Repeat(" ", g.Indent+widths[0]))
		case g.Columns[i].Right:
			b.WriteString(space + p.Paint(cell.Colour, cell.Text))
		default:
			b.WriteString(p.Paint(cell.Colour, cell.Text) + space)
		}
		at += widths[i]
	}
	p.text.WriteString(strings.TrimRight(b.String(), " ") + "\n")
}

// flow writes the last cell: behind the others as far as it fits there, else on lines of its own below them.
func (p *Page) flow(b *strings.Builder, at int, cell Cell) {
	const least = 24 // fewer columns than this make prose unreadable
	room := p.columns() - at
	if length(cell.Text) > room && room < least {
		at = 6
		room = p.columns() - at
		b.WriteString("\n" + strings.Repeat(" ", at))
	}
	for i, line := range wrap(cell.Text, max(room, least)) {
		if i > 0 {
			b.WriteString("\n" + strings.Repeat(" ", at))
		}
		b.WriteString(p.Paint(cell.Colour, line))
	}
}
