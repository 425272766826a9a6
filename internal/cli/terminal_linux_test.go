package cli

import (
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"github.com/sealift/sealift/journal"
	"github.com/sealift/sealift/plan"
)

// openTerminal gives both ends of a pseudo-terminal.
func openTerminal(t *testing.T) (user, program *os.File) {
	t.Helper()
	user, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatalf("this test needs a pseudo-terminal: %v", err)
	}
	if err := unix.IoctlSetPointerInt(int(user.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	n, err := unix.IoctlGetInt(int(user.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	program, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.IoctlSetWinsize(int(program.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Row: 40, Col: 100}); err != nil {
		t.Fatal(err)
	}
	return user, program
}

// A terminal that cannot move its cursor gets the lines of a file.
func TestDumbTerminal(t *testing.T) {
	t.Parallel()
	user, program := openTerminal(t)
	for kind, drawn := range map[string]bool{"dumb": false, "xterm": true} {
		a := &app{stderr: newStream(program, func(name string) (string, bool) { return kind, name == "TERM" })}
		if _, draws := a.newProgress(fixedPlan()).printer.(*terminal); draws != drawn {
			t.Errorf("TERM=%s draws lines again: %v", kind, draws)
		}
	}
	if err := errors.Join(program.Close(), user.Close()); err != nil {
		t.Error(err)
	}
}

// On a real terminal: lines of tables at work are drawn and removed, finished ones stay, log lines go above, and nothing
// but those is left at the end.
func TestTerminalProgress(t *testing.T) {
	t.Parallel()
	user, program := openTerminal(t)
	drawn := make(chan string, 1)
	go func() {
		text, err := io.ReadAll(user)
		if err != nil && !errors.Is(err, unix.EIO) { // how a terminal ends on Linux
			t.Error(err)
		}
		drawn <- string(text)
	}()

	a := &app{stderr: newStream(program, func(string) (string, bool) { return "", false })}
	if !a.stderr.terminal || !a.stderr.colours || a.stderr.columns != 100 {
		t.Fatalf("not recognised as a terminal: %+v", a.stderr)
	}
	p := a.newProgress(fixedPlan())
	entries := clocked(append([]journal.Entry{{Type: journal.Begin, Run: "20261121T101500Z-7f3a"}}, failedEntries(fixedPlan())...))
	for _, e := range entries {
		p.entry(e)
		if e.Type == journal.Intent && e.Step == "sales.orders/load" {
			a.say("level=WARN msg=%s", "in between")
			p.printer.(*terminal).drawn(t)
			stop := make(chan struct{})
			close(stop)
			p.stopsBy(stop)
			p.printer.(*terminal).drawn(t)
		}
	}
	p.close()
	a.say("the end")
	if err := program.Close(); err != nil {
		t.Fatal(err)
	}
	text := <-drawn
	if err := user.Close(); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"sales.orders   copying", "run 20261121T101500Z-7f3a   1 of 2 tables   Ctrl-C stops after the current step",
		"1 of 2 tables   stopping; Ctrl-C once more stops at once", "\x1b[31mFAILED",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("%q was never drawn in %q", want, text)
		}
	}
	want := []string{
		"crm.customers  verified        401,233 rows   40 MB   10 s",
		"level=WARN msg=in between",
		"sales.orders   FAILED          copy sales.orders: value too long for city VARCHAR(20): 27 bytes",
		"the end",
	}
	if diff := cmp.Diff(want, screen(text)); diff != "" {
		t.Errorf("left on the screen: -want +got\n%s\n%q", diff, text)
	}
}

// drawn returns when the lines have been drawn at least once more.
func (t *terminal) drawn(tb testing.TB) {
	tb.Helper()
	seen := make(chan struct{})
	t.mu.Lock()
	t.testOnlyDrawn = func() {
		select {
		case <-seen:
		default:
			close(seen)
		}
	}
	t.mu.Unlock()
	<-seen
}

// screen is what a terminal shows in the end: it understands the few sequences that are used here.
func screen(text string) []string {
	lines := [][]rune{nil}
	row, column := 0, 0
	sequence := regexp.MustCompile(`^\x1b\[(\d*)([A-Za-z])`)
	for len(text) > 0 {
		if m := sequence.FindStringSubmatch(text); m != nil {
			n, err := strconv.Atoi(m[1])
			if err != nil {
				n = 1 // none is given
			}
			switch m[2] {
			case "A":
				row = max(0, row-n)
			case "J": // from here to the end
				lines = append(lines[:row:row], lines[row][:min(column, len(lines[row]))])
			case "K":
				lines[row] = lines[row][:min(column, len(lines[row]))]
			case "m":
			default:
				return []string{"unknown sequence " + m[0]}
			}
			text = text[len(m[0]):]
			continue
		}
		r, size := utf8.DecodeRuneInString(text)
		text = text[size:]
		switch r {
		case '\r':
			column = 0
		case '\n':
			row++
			column = 0
			for row >= len(lines) {
				lines = append(lines, nil)
			}
		default:
			for column >= len(lines[row]) {
				lines[row] = append(lines[row], ' ')
			}
			lines[row][column] = r
			column++
		}
	}
	var shown []string
	for _, line := range lines {
		if s := strings.TrimRight(string(line), " "); s != "" {
			shown = append(shown, s)
		}
	}
	return shown
}

// Many short tables: entries come while lines are being drawn, over and over. Neither may wait for the other for ever.
func TestTerminalProgressOfManyTables(t *testing.T) {
	t.Parallel()
	user, program := openTerminal(t)
	drawn := make(chan string, 1)
	go func() {
		text, err := io.ReadAll(user)
		if err != nil && !errors.Is(err, unix.EIO) {
			t.Error(err)
		}
		drawn <- string(text)
	}()
	const tables = 400
	whole := &plan.Plan{}
	for i := range tables {
		one := fixedPlan().Tables[0]
		one.Target = fmt.Sprintf("s.t%d", i)
		whole.Tables = append(whole.Tables, one)
	}
	a := &app{stderr: newStream(program, func(string) (string, bool) { return "", false })}
	p := a.newProgress(whole)
	for i := range tables + 8 { // eight at work at any time
		if i < tables {
			p.entry(journal.Entry{Type: journal.Intent, Table: fmt.Sprintf("s.t%d", i), Step: "crm.customers/unload"})
		}
		if i >= 8 {
			p.entry(journal.Entry{Type: journal.Intent, Table: fmt.Sprintf("s.t%d", i-8), Step: "crm.customers/publish"})
			p.entry(journal.Entry{Type: journal.Done, Table: fmt.Sprintf("s.t%d", i-8), Step: "crm.customers/publish"})
		}
	}
	p.close()
	if err := program.Close(); err != nil {
		t.Fatal(err)
	}
	text := screen(<-drawn)
	if err := user.Close(); err != nil {
		t.Fatal(err)
	}
	if len(text) != tables {
		t.Errorf("%d lines are left on the screen", len(text))
	}
	for i, line := range text {
		if !strings.HasPrefix(line, fmt.Sprintf("s.t%d ", i)) || !strings.Contains(line, "verified") {
			t.Errorf("line %d: %s", i, line)
		}
	}
}
