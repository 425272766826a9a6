package job

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Error is one mistake in a job file, and where it is.
type Error struct {
	File   string `json:"file"`
	Line   int    `json:"line,omitempty"` // from 1; 0 when the mistake has no one place
	Column int    `json:"column,omitempty"`
	Field  string `json:"field,omitempty"` // path of the key: tables[1].mode
	Msg    string `json:"message"`
}

// Place is file:line:column, or the file alone where the mistake has no one place.
func (e *Error) Place() string {
	if e.Line == 0 {
		return e.File
	}
	return fmt.Sprintf("%s:%d:%d", e.File, e.Line, e.Column)
}

// What is the mistake without its place.
func (e *Error) What() string {
	if e.Field == "" {
		return e.Msg
	}
	return e.Field + ": " + e.Msg
}

func (e *Error) Error() string {
	if e.File == "" {
		return e.What()
	}
	return e.Place() + "  " + e.What()
}

// Errors is every mistake of a job file, in the order of their places.
type Errors []*Error

func (e Errors) Error() string {
	lines := make([]string, len(e))
	for i, one := range e {
		lines[i] = one.Error()
	}
	return strings.Join(lines, "\n")
}

// Sort brings mistakes into the order in which a reader meets them, file by file.
func (e Errors) Sort() {
	slices.SortStableFunc(e, func(a, b *Error) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
}

// quote repeats what the file says, in quotes and no longer than a message can bear.
func quote(text string) string {
	const most = 60
	if utf8.RuneCountInString(text) > most {
		text = string([]rune(text[:min(len(text), most*utf8.UTFMax)])[:most]) + "..."
	}
	return strconv.Quote(text)
}
