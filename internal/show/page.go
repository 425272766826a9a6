package show

import (
	"fmt"
	"strings"
)

// Width of a page where nothing else is known: what every terminal, mail and review tool shows without breaking lines.
const Width = 100

// Colour of a piece of text. There are three, and none carries a meaning that the words beside it do not.
type Colour int

// The colours.
const (
	Plain  Colour = iota
	Red           // failed
	Yellow        // attention
	Dim           // detail
)

// Page gathers the lines of an answer. Its zero value writes without colour, Width wide.
type Page struct {
	Columns int // 0 means Width
	Colours bool
	text    strings.Builder
}

// String is everything written so far.
func (p *Page) String() string { return p.text.String() }

func (p *Page) columns() int {
	if p.Columns == 0 {
		return Width
	}
	return p.Columns
}

// Line writes one line. The arguments are made safe for a terminal; the format is ours.
func (p *Page) Line(format string, args ...any) {
	for i, a := range args {
		if s, ok := a.(string); ok {
			args[i] = Safe(s)
		}
	}
	p.text.WriteString(strings.TrimRight(fmt.Sprintf(format, args...), " ") + "\n")
}

// Paragraph writes a label and a text, which is broken between words and aligned behind the label.
func (p *Page) Paragraph(label, text string, c Colour) {
	indent := length(label)
	for i, line := range Wrap(Safe(text), max(20, p.columns()-indent)) {
		if i == 0 {
			p.text.WriteString(label)
		} else {
			p.text.WriteString(strings.Repeat(" ", indent))
		}
		p.text.WriteString(p.Paint(c, line) + "\n")
	}
}

// Block writes lines as they stand, made safe for a terminal line by line.
func (p *Page) Block(text string) {
	p.text.WriteString(strings.TrimRight(Lines(text), "\n") + "\n")
}

// Blank writes an empty line.
func (p *Page) Blank() { p.text.WriteString("\n") }

// Paint gives text in a colour, if the page has any.
func (p *Page) Paint(c Colour, text string) string {
	if !p.Colours || c == Plain || text == "" {
		return text
	}
	code := map[Colour]string{Red: "31", Yellow: "33", Dim: "2"}[c]
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}
