package sealift

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/sealift/sealift/internal/connect"
	"github.com/sealift/sealift/internal/mask"
	"github.com/sealift/sealift/internal/planner"
	"github.com/sealift/sealift/internal/redshift"
	"github.com/sealift/sealift/internal/scan"
	"github.com/sealift/sealift/internal/show"
	"github.com/sealift/sealift/job"
	"github.com/sealift/sealift/plan"
)

// ScanVersion is the version of a Scanned's JSON form.
const ScanVersion = 1

// ScanRequest says what to scan.
type ScanRequest struct {
	Warehouse job.Warehouse
	// Tables selects among the warehouse's tables; nil is all.
	Tables func(schema, table string) bool
	// SampleValues reads values of the sample into this process, where stricter rules are held against them. They are
	// counted and forgotten.
	SampleValues bool
	// Policy is held against what is found. Optional.
	Policy *job.Policy
	// Accepted tells of columns, as schema.table.column, that may pass although they look sensitive. Optional.
	Accepted []string
}

// Scanned is what a scan found.
type Scanned struct {
	Version   int           `json:"version"`
	Warehouse string        `json:"warehouse"`
	StartedAt time.Time     `json:"started_at"`
	EndedAt   time.Time     `json:"ended_at"`
	Values    string        `json:"values"` // where they were looked at: warehouse, or memory
	Tables    int           `json:"tables"`
	Columns   int           `json:"columns"`
	Sensitive int           `json:"sensitive"`
	Review    int           `json:"review"`
	Clear     int           `json:"clear"`
	Findings  []ScanFinding `json:"findings"`
	Policy    string        `json:"policy,omitempty"`   // the file that was checked
	Problems  []ScanProblem `json:"problems,omitempty"` // of that
	Notes     []string      `json:"notes,omitempty"`
	scanned   []*scan.Table
}

// ScanFinding is one column that probably holds personal data.
type ScanFinding struct {
	Table      string          `json:"table"`
	Column     string          `json:"column"`
	Type       string          `json:"type"`
	Class      string          `json:"class"`
	LooksLike  string          `json:"looks_like"`
	Score      float64         `json:"score"`
	Result     string          `json:"result"`
	Evidence   []string        `json:"evidence"`
	Rows       int64           `json:"rows"`
	Suggestion *ScanSuggestion `json:"suggestion,omitempty"`
}

// ScanSuggestion is a mask that fits a column.
type ScanSuggestion struct {
	Use     string         `json:"use"`
	Options map[string]any `json:"options,omitempty"`
	Domain  string         `json:"domain,omitempty"`
	Entity  string         `json:"entity,omitempty"`
	// Text is the mask as a policy has it.
	Text string `json:"text"`
}

// ScanProblem is what is wrong with a policy for a column.
type ScanProblem struct {
	Table   string `json:"table"`
	Column  string `json:"column"`  // * is all of a table that is not listed
	Problem string `json:"problem"` // passed through, new, or gone
	Looks   string `json:"looks_like,omitempty"`
	Result  string `json:"result,omitempty"`
}

// The problems of a policy.
const (
	// PassedThrough is a column that looks sensitive and passes.
	PassedThrough = "passed through"
	// NewColumn is a column that the policy does not list.
	NewColumn = "new"
	// GoneColumn is one that it lists and that is not there.
	GoneColumn = "gone"
)

const (
	// scanRows is how many rows of a table a scan looks at, about: with them a share of 2 % is known to within a third of a
	// percent.
	scanRows = 10_000
	// scanValues is how many rows are read into memory where somebody agreed to that.
	scanValues = 1000
	// scanSessions is how many tables are looked at at once.
	scanSessions = 4
)

// PolicyFile is a policy made of what was found.
func (s *Scanned) PolicyFile() []byte { return scan.Policy(s.Warehouse, s.scanned) }

// Scan looks for personal data in a warehouse's tables. It changes nothing, and but for SampleValues no value leaves the
// warehouse: it is asked how many there are of which form. What keeps a table's values from being counted is in the notes;
// then its columns are judged by their names.
func Scan(ctx context.Context, q ScanRequest, o Options) (*Scanned, error) {
	both, err := meet(ctx, planner.Warehouse(q.Warehouse), plan.Warehouse{}, application+" scan", o)
	if err != nil {
		return nil, err
	}
	out := &Scanned{
		Version: ScanVersion, Warehouse: both.source.Name(), StartedAt: time.Now().UTC(), Findings: []ScanFinding{},
		Values: map[bool]string{true: "memory", false: "warehouse"}[q.SampleValues],
	}
	err = both.through(ctx, o, func(ctx context.Context) error {
		c, err := catalog(ctx, both.source, nil)
		if err != nil {
			return err
		}
		out.Notes = slices.Clone(c.Notes)
		for _, def := range c.Sorted() {
			if q.Tables == nil || q.Tables(def.Schema.String(), def.Name.String()) {
				out.scanned = append(out.scanned, scan.New(def, scanRows))
				out.Columns += len(def.Columns)
			}
		}
		if n := len(c.Views); n > 0 {
			out.Notes = append(out.Notes, show.Plural(int64(n), "view")+" not scanned: what a view shows is in its tables")
		}
		notes, err := both.look(ctx, out.scanned, q.SampleValues, o)
		out.Notes = append(out.Notes, notes...)
		return err
	})
	if err != nil {
		return nil, err
	}
	out.Tables = len(out.scanned)
	all := scan.Find(out.scanned)
	for i, t := range out.scanned {
		for _, f := range all[i] {
			out.Findings = append(out.Findings, scanFinding(t, f))
			if f.Result == scan.Sensitive {
				out.Sensitive++
			} else {
				out.Review++
			}
		}
	}
	out.Clear = out.Columns - len(out.Findings)
	if q.Policy != nil {
		out.check(q)
	}
	out.EndedAt = time.Now().UTC()
	return out, nil
}

// look counts the values of all tables, several at once.
func (s sides) look(ctx context.Context, tables []*scan.Table, memory bool, o Options) (notes []string, err error) {
	next := make(chan *scan.Table)
	g, gctx := errgroup.WithContext(ctx)
	g.Go(func() error {
		defer close(next)
		for _, t := range tables {
			select {
			case next <- t:
			case <-gctx.Done():
				return context.Cause(gctx)
			}
		}
		return nil
	})
	var mu sync.Mutex // over notes
	for range min(scanSessions, len(tables)) {
		g.Go(func() (err error) {
			var session *connect.Session
			defer func() {
				if session != nil {
					err = errors.Join(err, session.Close(context.WithoutCancel(gctx)))
				}
			}()
			for t := range next {
				if session != nil && session.Broken() {
					err := session.Close(context.WithoutCancel(gctx))
					session = nil
					o.log().Debug("a session of a scan was lost", "err", err)
				}
				if session == nil {
					if session, err = s.source.Open(gctx); err != nil {
						return err
					}
				}
				err := lookAt(gctx, session, t, memory)
				if gctx.Err() != nil {
					return context.Cause(gctx)
				}
				if err != nil {
					mu.Lock()
					notes = append(notes, fmt.Sprintf("%s was judged by names alone: %v", t.Name(), err))
					mu.Unlock()
				}
			}
			return nil
		})
	}
	err = g.Wait()
	slices.Sort(notes)
	return notes, err
}

// lookAt counts the values of one table.
func lookAt(ctx context.Context, session *connect.Session, t *scan.Table, memory bool) error {
	if memory {
		query, ok := t.Values(scanValues)
		if !ok {
			return nil
		}
		looker := t.Look()
		defer looker.Done()
		return session.Query(ctx, query, looker.Row)
	}
	for _, ask := range []func() []scan.Question{t.Shapes, t.Checks} {
		for _, question := range ask() {
			rows := 0
			err := session.Query(ctx, question.SQL, func(row []*string) error {
				rows++
				return question.Read(row)
			})
			if err == nil && rows != 1 {
				err = fmt.Errorf("%d rows answer a question about it", rows)
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}

func scanFinding(t *scan.Table, f scan.Finding) ScanFinding {
	out := ScanFinding{
		Table: t.Name().String(), Column: f.Column.String(), Type: f.Type.String(), Class: string(f.Class), LooksLike: f.Looks,
		Score: float64(f.Score) / 100, Result: string(f.Result), Evidence: f.Evidence, Rows: t.Rows(),
	}
	if u := f.Use; u.Transformer != "" {
		out.Suggestion = &ScanSuggestion{Use: u.Transformer, Options: u.Options, Domain: u.Domain, Entity: u.Entity, Text: scan.YAML(u)}
	}
	return out
}

// check holds the policy against the tables and what was found in them.
func (s *Scanned) check(q ScanRequest) {
	s.Policy = q.Policy.File
	found := make(map[string]ScanFinding)
	for _, f := range s.Findings {
		found[f.Table+"."+f.Column] = f
	}
	listed := make(map[string]map[string]job.Mask, len(q.Policy.Tables))
	for name, columns := range q.Policy.Tables {
		if t, err := redshift.ParseTable(name); err == nil {
			name = t.String()
		}
		listed[name] = columns
	}
	for _, t := range s.scanned {
		table := t.Name().String()
		columns, ok := listed[table]
		if !ok {
			s.Problems = append(s.Problems, newTable(table, s.Findings))
			continue
		}
		have, read := make(map[string]bool), expressed(columns, t.Columns())
		for _, name := range t.Columns() {
			have[name] = true
			f := found[table+"."+name]
			p := ScanProblem{Table: table, Column: name, Looks: f.LooksLike, Result: f.Result}
			m, ok := columns[name]
			switch {
			case !ok:
				p.Problem = NewColumn
			case f.Result == string(scan.Sensitive) && (passes(&m) || read[name]) && !slices.Contains(q.Accepted, table+"."+name):
				p.Problem = PassedThrough
			default:
				continue
			}
			s.Problems = append(s.Problems, p)
		}
		var gone []string
		for name := range columns {
			if !have[name] {
				gone = append(gone, name)
			}
		}
		slices.Sort(gone)
		for _, name := range gone {
			s.Problems = append(s.Problems, ScanProblem{Table: table, Column: name, Problem: GoneColumn})
		}
	}
}

// newTable is the problem that a policy does not list a table, said once for all its columns.
func newTable(table string, findings []ScanFinding) ScanProblem {
	p := ScanProblem{Table: table, Column: "*", Problem: NewColumn}
	var looks []string
	for _, f := range findings {
		if f.Table == table && f.Result == string(scan.Sensitive) {
			p.Result = f.Result
			looks = append(looks, f.LooksLike)
		}
	}
	p.Looks = strings.Join(slices.Compact(looks), ", ")
	return p
}

// expressed are the columns that a table's expressions read. What those leave of them nobody knows.
func expressed(masks map[string]job.Mask, columns []string) map[string]bool {
	out := make(map[string]bool)
	for _, m := range masks {
		for of := &m; of != nil; of = of.Else {
			if of.Use != "expr" {
				continue
			}
			text, _ := of.Options["sql"].(string) // what is none is refused where it is used
			for _, name := range mask.Reads(text, columns) {
				out[name] = true
			}
		}
	}
	return out
}

// passes tells whether a mask lets values through, if only those of some rows.
func passes(m *job.Mask) bool {
	for ; m != nil; m = m.Else {
		if m.Use == "passthrough" {
			return true
		}
	}
	return false
}
