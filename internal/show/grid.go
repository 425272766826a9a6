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
	gap    = "  "
	widest = 36 // what follows a cell wider than this goes on the next line, so that one long name does not widen all rows
)

// Grid writes g.
func (p *Page) Grid(g *Grid) {
	g = g.filled()
	widths := make([]int, len(g.Columns))
	for i, c := range g.Columns {
		widths[i] = length(c.Head)
		for _, row := range g.Rows {
			if n := length(row[i].Text); c.Right || i == len(g.Columns)-1 || n <= widest {
				widths[i] = max(widths[i], n)
			}
		}
	}
	heads := make([]Cell, len(g.Columns))
	for i, c := range g.Columns {
		heads[i] = Cell{c.Head, Dim}
	}
	below := p.wordsBelow(g, widths)
	if below {
		heads[len(heads)-1].Text = ""
	}
	for _, row := range append([][]Cell{heads}, g.Rows...) {
		p.row(g, widths, row, below)
	}
}

// leastWords is the width below which prose in a column becomes unreadable.
const leastWords = 24

// wordsBelow tells whether the last column, if it holds words, has so little room that they go on lines of their own.
func (p *Page) wordsBelow(g *Grid, widths []int) bool {
	last := len(widths) - 1
	if last < 0 || g.Columns[last].Right {
		return false
	}
	at := g.Indent + last*len(gap)
	for _, w := range widths[:last] {
		at += w
	}
	return p.columns()-at < min(leastWords, widths[last])
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

func (p *Page) row(g *Grid, widths []int, row []Cell, below bool) {
	at := g.Indent
	var b strings.Builder
	b.WriteString(strings.Repeat(" ", g.Indent))
	last := len(row) - 1
	for i, cell := range row {
		if i == last && !g.Columns[i].Right {
			p.words(&b, at+len(gap), cell, below)
			break
		}
		if i > 0 {
			b.WriteString(gap)
			at += len(gap)
		}
		space := strings.Repeat(" ", max(0, widths[i]-length(cell.Text)))
		switch {
		case length(cell.Text) > widths[i] && !g.Columns[i].Right:
			b.WriteString(p.Paint(cell.Colour, cell.Text) + "\n" + strings.Repeat(" ", at+widths[i]))
		case g.Columns[i].Right:
			b.WriteString(space + p.Paint(cell.Colour, cell.Text))
		default:
			b.WriteString(p.Paint(cell.Colour, cell.Text) + space)
		}
		at += widths[i]
	}
	for line := range strings.SplitSeq(b.String(), "\n") {
		p.text.WriteString(strings.TrimRight(line, " ") + "\n")
	}
}

// words writes the last cell of a row, broken into lines: behind the others, or below them.
func (p *Page) words(b *strings.Builder, at int, cell Cell, below bool) {
	if cell.Text == "" {
		return
	}
	begin := gap
	if below {
		at = 6
		begin = "\n" + strings.Repeat(" ", at)
	}
	if b.Len() == 0 {
		begin = ""
	}
	for _, line := range Wrap(cell.Text, max(p.columns()-at, leastWords)) {
		b.WriteString(begin + p.Paint(cell.Colour, line))
		begin = "\n" + strings.Repeat(" ", at)
	}
}
