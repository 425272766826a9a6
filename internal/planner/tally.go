package planner

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/sealift/sealift/internal/mask"
	"github.com/sealift/sealift/internal/redshift"
)

// Tally asks how many different values the columns of one masked table have. What leaves the source are numbers.
type Tally struct {
	Source  string
	columns []string
	sql     redshift.SQL
	found   map[string]mask.Tally
	why     string // it is not known
}

const (
	// tallied is how many rows are looked at: all of a small table, and those of a large one that come first, since a sample would
	// have to read all of it.
	tallied = 100_000
	// mostTallied is how many tables are looked at. A warehouse takes its time for each new query.
	mostTallied = 100
)

// AskTallies says what to ask of the masked tables of a job. It puts the questions into the input, whose plan says what the answers
// mean. Mistakes of the job are no concern of its: Build says them.
func AskTallies(in *Input) []*Tally {
	if in.Job.Masking == nil || in.Postgres != nil {
		return nil
	}
	alone := *in
	alone.Target = &redshift.Catalog{}
	b := newBuilder(alone)
	b.chosen = b.choose()
	in.Tallies = make(map[redshift.Table]*Tally)
	var ask []*Tally
	for i, s := range b.chosen {
		s.index = i
		if !b.definition(s) || s.mask == nil || s.source == nil {
			continue // the rows of a query are known when it is over
		}
		t := &Tally{Source: s.name(), columns: s.mask.Tallied()}
		if len(t.columns) == 0 {
			continue
		}
		in.Tallies[s.target] = t
		if len(ask) == mostTallied {
			t.why = fmt.Sprintf("only the first %d masked tables are looked at", mostTallied)
			continue
		}
		names, counts := make([]redshift.Ident, len(t.columns)), []redshift.SQL{redshift.Build("COUNT(*)")}
		for j, c := range t.columns {
			names[j] = must(redshift.NewIdent(c))
			counts = append(counts, redshift.Build("COUNT(?), COUNT(DISTINCT ?)", names[j], names[j]))
		}
		t.sql = redshift.Build("SELECT ?\nFROM (SELECT ? FROM ? LIMIT ?) s", redshift.Join(", ", counts...), redshift.Idents(names...), s.source.Table, redshift.Int(tallied))
		ask = append(ask, t)
	}
	return ask
}

// SQL is the question. Its answer is one row.
func (t *Tally) SQL() redshift.SQL { return t.sql }

// Read takes the answer.
func (t *Tally) Read(row []*string) error {
	if len(row) != 1+2*len(t.columns) {
		return fmt.Errorf("an answer with %d fields, %d were asked for", len(row), 1+2*len(t.columns))
	}
	numbers := make([]int64, len(row))
	for i, v := range row {
		if v == nil {
			return errors.New("a count is NULL")
		}
		var err error
		if numbers[i], err = strconv.ParseInt(strings.TrimSpace(*v), 10, 64); err != nil {
			return fmt.Errorf("a count: %w", err)
		}
	}
	t.found = make(map[string]mask.Tally, len(t.columns))
	for i, c := range t.columns {
		t.found[c] = mask.Tally{Values: numbers[1+2*i], Distinct: numbers[2+2*i], Whole: numbers[0] < tallied}
	}
	return nil
}

// Failed says why there is no answer. The plan goes on without, and tells.
func (t *Tally) Failed(err error) { t.why = err.Error() }

// maskNotes are what a person should know of a selection's masks.
func (b *builder) maskNotes(s *selection) {
	var found map[string]mask.Tally
	t := b.Tallies[s.target]
	if t != nil {
		found = t.found
	}
	for _, n := range s.mask.Notes(found) {
		s.note(n.Column + ": " + n.Text)
	}
	if t != nil && t.why != "" {
		s.note(fmt.Sprintf("not looked at how many different values there are in %s: %s", strings.Join(t.columns, ", "), t.why))
	}
}
