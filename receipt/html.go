package receipt

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"slices"
	"strings"
	"time"

	"github.com/sealift/sealift/internal/show"
)

//go:embed receipt.html.tmpl
var pageTemplate string

//go:embed receipt.css
var pageStyle string

// HTML is the receipt as one page: no script, nothing loaded from anywhere, and a content security policy that would stop
// both if a table's name tried.
func (r *Receipt) HTML() ([]byte, error) {
	t, err := template.New("receipt").Parse(pageTemplate)
	if err != nil {
		return nil, fmt.Errorf("receipt page: %w", err)
	}
	var b bytes.Buffer
	if err := t.Execute(&b, r.page()); err != nil {
		return nil, fmt.Errorf("receipt page: %w", err)
	}
	return b.Bytes(), nil
}

// htmlPage is what the template is given: texts and numbers that need no more thought.
type htmlPage struct {
	Policy   string
	Style    template.CSS
	Title    string
	Summary  string
	Class    string
	Facts    []fact
	Tables   []htmlTable
	Failures []htmlFailure
	Stage    []fact
	Left     []string
	Again    string
	Anew     string
	Scale    string // length of the whole time line
}

type fact struct{ Name, Value string }

type htmlTable struct {
	ID                         string // of its row among the digests
	Name, From, Outcome, Class string
	Rows, Size, Took, Note     string
	Bar                        bar
	Digest, Short              string
	Source, Target             string // query ids
	Objects                    string
}

// bar is a table's time line, in thousandths of the run's length.
type bar struct {
	Label      string
	Start      int
	Whole      int
	Unload     int
	CopyAt     int
	Copy       int
	VerifyAt   int
	Verify     int
	Displayed  bool
	HasUnload  bool
	HasCopying bool
	HasVerify  bool
}

type htmlFailure struct {
	Name, Outcome, State, Error, Hint string
	Details                           []string
}

func (r *Receipt) page() htmlPage {
	sum := sha256.Sum256([]byte(pageStyle))
	p := htmlPage{
		// The style is allowed by its digest, and nothing else is.
		Policy:  "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'; base-uri 'none'; form-action 'none'",
		Style:   template.CSS(pageStyle), //nolint:gosec // ours, embedded
		Title:   "Run " + show.Safe(r.Run),
		Summary: r.summary() + ": " + r.counted(),
		Class:   string(r.Outcome),
		Again:   show.Safe(r.Again()),
		Anew:    show.Safe(r.Anew()),
		Scale:   show.Duration(r.EndedAt.Sub(r.StartedAt)),
		Facts: facts(
			"From", r.Source, "To", r.Target, "Job", r.Job, "Plan", r.Plan, "Began", clock(r.StartedAt), "Ended", clock(r.EndedAt),
			"Took", show.Duration(r.EndedAt.Sub(r.StartedAt)), "Resumed", resumed(r.Resumed), "Journal", r.Journal,
		),
	}
	for i := range r.Tables {
		t := &r.Tables[i]
		p.Tables = append(p.Tables, r.htmlTable(i, t))
		if t.Failure != nil {
			p.Failures = append(p.Failures, t.Failure.html(t.Target, strings.ToUpper(string(t.Outcome)), t.state()))
		}
	}
	for _, f := range r.Failures {
		p.Failures = append(p.Failures, f.html(f.Step, "FAILED", ""))
	}
	p.Stage = facts("Stage", r.Stage.URL, "Key", r.Stage.KMSKey, "Objects",
		fmt.Sprintf("%s, %s, each checked for SSE-KMS under that key", show.Count(int64(r.Stage.Objects)), show.Bytes(r.Stage.Bytes)), "At the end", r.Stage.state())
	if masked := r.masked(); masked != "" {
		p.Stage = append(p.Stage, facts("Masked", masked)...)
	}
	for _, d := range r.Doors {
		p.Stage = append(p.Stage, facts("Door", d.text())...)
	}
	for _, left := range r.Left {
		p.Left = append(p.Left, show.Safe(left))
	}
	return p
}

func resumed(n int) string {
	if n == 0 {
		return ""
	}
	return times(n)
}

func facts(pairs ...string) []fact {
	var all []fact
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			all = append(all, fact{pairs[i], show.Safe(pairs[i+1])})
		}
	}
	return all
}

func clock(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02 15:04:05 UTC")
}

func (r *Receipt) htmlTable(i int, t *Table) htmlTable {
	h := htmlTable{
		ID: fmt.Sprintf("table-%d", i+1), Name: show.Safe(t.Target), Outcome: t.word(), Class: string(t.Outcome),
		Note: show.Safe(strings.Join(slices.Concat(t.notes(), t.Notes, t.warnings()), "; ")), Digest: t.Digest, Short: show.Short(t.Digest), Bar: r.bar(t),
		Source: id(t.SourceQuery), Target: id(t.TargetQuery),
	}
	if t.Outcome != Verified {
		h.Outcome = strings.ToUpper(h.Outcome)
	}
	if t.Digest != "" {
		h.Rows = show.Count(t.Rows)
	}
	if t.Objects > 0 {
		h.Objects, h.Size = show.Count(int64(t.Objects)), show.Bytes(t.StagedBytes)
	}
	if !t.StartedAt.IsZero() {
		h.Took = show.Duration(t.EndedAt.Sub(t.StartedAt))
	}
	return h
}

func id(query int64) string {
	if query == 0 {
		return ""
	}
	return fmt.Sprint(query)
}

// bar places a table's time on the run's.
func (r *Receipt) bar(t *Table) bar {
	whole := r.EndedAt.Sub(r.StartedAt)
	if whole <= 0 || t.StartedAt.IsZero() {
		return bar{}
	}
	scale := func(d time.Duration) int { return int(min(max(d, 0)*1000/whole, 1000)) }
	parts := func(d Duration) int { return scale(time.Duration(d)) }
	b := bar{
		Displayed: true, Start: scale(t.StartedAt.Sub(r.StartedAt)), Whole: max(1, scale(t.EndedAt.Sub(t.StartedAt))),
		Unload: parts(t.Unload), Copy: parts(t.Copy), Verify: parts(t.Verify),
		HasUnload: t.Unload > 0, HasCopying: t.Copy > 0, HasVerify: t.Verify > 0,
	}
	b.CopyAt = b.Start + b.Unload
	b.VerifyAt = b.CopyAt + b.Copy
	b.Label = fmt.Sprintf("unload %s, copy %s, verify %s; %s in all, beginning %s into the run", show.Duration(time.Duration(t.Unload)),
		show.Duration(time.Duration(t.Copy)), show.Duration(time.Duration(t.Verify)), show.Duration(t.EndedAt.Sub(t.StartedAt)), show.Duration(t.StartedAt.Sub(r.StartedAt)))
	return b
}

func (f *Failure) html(name, outcome, state string) htmlFailure {
	h := htmlFailure{Name: show.Safe(name), Outcome: outcome, State: state, Error: show.Safe(f.Error), Hint: show.Safe(f.Hint)}
	for _, d := range f.Details {
		h.Details = append(h.Details, show.Safe(d))
	}
	return h
}

// warnings are what failed of a table and kept no row back.
func (t *Table) warnings() []string {
	var all []string
	for i := range t.Warnings {
		all = append(all, "warning: "+t.Warnings[i].warns())
	}
	return all
}
