package cli

// The rules of output:
//
//   - stdout gets the answer and nothing else: text for people, or with --json one JSON document. It is written when the
//     answer is complete, so that a failed command leaves no half of one.
//   - stderr gets everything else: progress, the log, errors. An error is one line "sealift: error: ...", and where
//     there is something to do about it, one line "sealift: hint: ...". With --json it is one JSON object.
//   - Colour only where the stream is a terminal and NO_COLOR is not set; nothing is said by colour alone.
//   - Text that others chose (names, values, server messages) cannot act on a terminal: package show makes it safe.

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"

	"golang.org/x/term"

	"github.com/sealift/sealift/internal/hint"
	"github.com/sealift/sealift/internal/show"
	"github.com/sealift/sealift/job"
)

// stream is stdout or stderr, with what is known of the terminal behind it.
type stream struct {
	terminal bool
	columns  int // 0 when it is not a terminal
	colours  bool
	moves    bool // the cursor can be moved, so that lines are drawn again

	base io.Writer // the terminal, file or pipe itself

	mu sync.Mutex // writes of progress, log and errors come whole and one after another
	w  io.Writer
}

func newStream(w io.Writer, env func(string) (string, bool)) *stream {
	s := &stream{w: w, base: w}
	f, ok := w.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return s
	}
	s.terminal = true
	if columns, _, err := term.GetSize(int(f.Fd())); err == nil {
		s.columns = columns
	}
	noColour, _ := env("NO_COLOR")
	kind, _ := env("TERM")
	s.moves = kind != "dumb"
	s.colours = noColour == "" && s.moves
	return s
}

// shown is text that is meant for other programs, such that on a terminal it does nothing but show.
func (s *stream) shown(text string) string {
	if s.terminal {
		return show.Lines(text)
	}
	return text
}

// page is the width that documents are written in: a terminal's own, unless it is too narrow for tables at all, else 100.
func (s *stream) page() int {
	if s.columns < leastPage {
		return show.Width
	}
	return s.columns
}

// leastPage is the width below which tables do not fit, and the terminal may as well break lines where it likes.
const leastPage = 60

// Write writes through to whatever is behind the stream now.
func (s *stream) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.w.Write(p)
}

// through puts another writer behind the stream, as the progress lines do while they are redrawn, and answers the one
// that was there.
func (s *stream) through(w io.Writer) io.Writer {
	s.mu.Lock()
	defer s.mu.Unlock()
	before := s.w
	s.w = w
	return before
}

// say writes a line for people to stderr. There is nobody to tell when that fails.
func (a *app) say(format string, args ...any) {
	for i, arg := range args {
		if s, ok := arg.(string); ok {
			args[i] = show.Safe(s)
		}
	}
	_, _ = fmt.Fprintf(a.stderr, format+"\n", args...)
}

// leftEdge puts a terminal's cursor where the next drawing of progress expects it: not behind the ^C that the terminal
// shows when somebody interrupts.
func (s *stream) leftEdge() {
	if s.terminal {
		_, _ = io.WriteString(s.base, "\r")
	}
}

// lastWord writes a line to stderr when nothing is written after it: progress, which draws at its own time, would not get
// to it.
func (a *app) lastWord(text string) {
	if w := a.stderr.base; w != nil {
		a.stderr.through(w)
	}
	a.say("%s", text)
}

// answer writes the answer to stdout.
func (a *app) answer(text string) error {
	if _, err := io.WriteString(a.stdout, text); err != nil {
		return fmt.Errorf("write the answer: %w", err)
	}
	return nil
}

// answerJSON writes v to stdout as one indented JSON document.
func (a *app) answerJSON(v any) error {
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(v); err != nil {
		return fmt.Errorf("write the answer: %w", err)
	}
	return a.answer(b.String())
}

// failure is the JSON form of an error; see docs/output.md.
type failure struct {
	Version  int          `json:"version"`
	Error    string       `json:"error"`
	Hint     string       `json:"hint,omitempty"`
	ExitCode int          `json:"exit_code"`
	Mistakes []*job.Error `json:"mistakes,omitempty"`
}

// report tells of the error that ends the command.
func (a *app) report(err error, code int) {
	if a.json {
		f := failure{Version: 1, Error: err.Error(), Hint: hint.Of(err), ExitCode: code}
		if mistakes, ok := errors.AsType[job.Errors](err); ok {
			f.Error, f.Mistakes = count(mistakes), mistakes
		}
		text, jerr := json.Marshal(f)
		if jerr != nil {
			panic("cli: encode an error: " + jerr.Error()) // strings and numbers only
		}
		_, _ = fmt.Fprintf(a.stderr, "%s\n", text)
		return
	}
	if mistakes, ok := errors.AsType[job.Errors](err); ok {
		a.mistakes(mistakes)
		return
	}
	label := "sealift: error:"
	if a.stderr.colours {
		label = "\x1b[31m" + label + "\x1b[0m"
	}
	for i, line := range strings.Split(strings.TrimRight(err.Error(), "\n"), "\n") {
		if i == 0 {
			a.say(label+" %s", line)
		} else {
			a.say("  %s", line)
		}
	}
	if h := hint.Of(err); h != "" {
		a.say("sealift: hint: %s", h)
	}
}

// mistakes lists what is wrong with a job, places aligned.
func (a *app) mistakes(all job.Errors) {
	const most = 100 // beyond that, it is not the job file that somebody meant
	widest := 0
	for _, m := range all[:min(len(all), most)] {
		widest = max(widest, len(m.Place()))
	}
	for _, m := range all[:min(len(all), most)] {
		a.say("%s   %s", fmt.Sprintf("%-*s", widest, m.Place()), m.What())
	}
	if len(all) > most {
		a.say("... and %s more", show.Count(int64(len(all)-most)))
	}
	a.say("%s", count(all))
}

func count(mistakes job.Errors) string {
	return show.Plural(int64(len(mistakes)), "mistake") + "; nothing was done"
}
