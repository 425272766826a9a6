package demo

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// show is what the demo prints: numbered titles, lines below them, commands with a prompt.
type show struct {
	out   io.Writer
	began time.Time
	step  int

	mu sync.Mutex // lines of concurrent work are not mixed
}

// title starts a part of the demo, and says how long it took to get there.
func (s *show) title(text string) {
	s.step++
	s.line("\n== %d. %s  [%s]", s.step, text, s.elapsed())
}

func (s *show) elapsed() time.Duration { return time.Since(s.began).Round(100 * time.Millisecond) }

// line prints one line. A line that cannot be printed is no reason to stop: nobody is there to read it.
func (s *show) line(format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, _ = fmt.Fprintf(s.out, format+"\n", args...)
}

// command prints a command as a user would type it.
func (s *show) command(args ...string) {
	s.line("\n$ %s", strings.Join(args, " "))
}

// file prints a file as cat would.
func (s *show) file(path string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("show %s: %w", path, err)
	}
	s.command("cat", filepath.Base(path))
	s.line("%s", strings.TrimSuffix(string(text), "\n"))
	return nil
}

// thousands writes a count with separators.
func thousands(n int64) string {
	text := fmt.Sprint(n)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}
