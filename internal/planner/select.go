package planner

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/sealift/sealift/internal/delta"
	"github.com/sealift/sealift/internal/mask"
	"github.com/sealift/sealift/internal/redshift"
	"github.com/sealift/sealift/job"
	"github.com/sealift/sealift/plan"
)

// selection is one table that goes somewhere, and what was decided about it.
type selection struct {
	entry  int // index in Job.Tables
	source *redshift.TableDef
	query  redshift.SQL // in place of source
	target redshift.Table
	mode   string
	pos    job.Pos

	label string      // what messages call the files of a load, in place of source
	input *plan.Input // of a load
	again bool        // a load's content may have been appended before
	files *FileSync   // of a sync of files

	mask  *mask.Table // what becomes of the columns; nil: they are copied
	masks []plan.Mask
	uses  map[string]mask.Use

	// Of a sync: what is published, the query for its rows, in place of the table itself, and one for how many there are with those that
	// are superseded.
	change    *delta.Change
	spec      delta.Spec // how its rows are told to be new
	reads     redshift.SQL
	window    redshift.SQL // the condition on the source's rows that are moved
	counted   redshift.SQL
	ranked    redshift.SQL   // in place of counted, where rows are not masked: all rows in question, and which is the newest of its key
	keyed     bool           // rows are told apart by the key
	since     redshift.Ident // that says which rows are new
	deletedAt redshift.Ident // of a mirror: the column that marks rows that are gone

	part redshift.SQL // of a subset: the condition on the source's rows that are moved

	extract *plan.Extract // of a PostgreSQL server
	inexact redshift.SQL  // counts values of it that would not be kept

	suspects []string // the columns that those are in

	want        redshift.TableDef  // the target's definition as it should be
	moved       []redshift.Column  // the columns that are moved, with the source's types
	key         []string           // of moved, what tells rows apart
	have        *redshift.TableDef // the target's definition as it is, nil if there is no such table
	method      plan.Method
	format      string
	notes       []string
	differences []string
	index       int
}

// name of the source for people.
func (s *selection) name() string {
	if s.label != "" {
		return s.label
	}
	if s.source == nil {
		return "(query)"
	}
	return s.source.String()
}

// choose expands patterns, takes out what is excluded, and refuses two tables with one target. An entry that names a
// table takes it out of every pattern, so that `sales.*` with one exception is two entries.
func (b *builder) choose() []*selection {
	named := make(map[redshift.Table]bool)
	for _, t := range b.Job.Tables {
		if name, ok := exact(t.Select); ok {
			named[name] = true
		}
	}
	var chosen []*selection
	excluded := make([]int, len(b.Job.Exclude))
	for i, t := range b.Job.Tables {
		if b.gone[i] {
			continue
		}
		if t.Query != "" {
			chosen = append(chosen, b.chooseQuery(i, t)...)
			continue
		}
		_, isExact := exact(t.Select)
		matched, left := 0, 0
		for _, def := range b.Source.Sorted() {
			if !t.Select.Match(def.Schema.String(), def.Name.String()) {
				continue
			}
			matched++
			if x := slices.IndexFunc(b.Job.Exclude, func(p job.Pattern) bool { return p.Match(def.Schema.String(), def.Name.String()) }); x >= 0 {
				excluded[x]++
				left++
				continue
			}
			if !isExact && named[def.Table] {
				continue
			}
			if s := b.newSelection(i, t, def); s != nil {
				chosen = append(chosen, s)
			}
		}
		switch {
		case matched == 0 && b.Job.Defaults.Unmatched == "error":
			b.mistake(t.Select.Pos, fmt.Sprintf("tables[%d]", i), "%s matches no table in %s that %s may see", t.Select.Text, Warehouse(b.Job.Source).Name(), b.Job.Source.User)
		case isExact && left > 0:
			b.mistake(t.Select.Pos, fmt.Sprintf("tables[%d]", i), "%s is named here and excluded below", t.Select.Text)
		}
	}
	for i, n := range excluded {
		if n == 0 && b.Job.Defaults.Unmatched == "error" {
			b.mistake(b.Job.Exclude[i].Pos, fmt.Sprintf("exclude[%d]", i), "%s excludes nothing", b.Job.Exclude[i].Text)
		}
	}
	for _, s := range chosen {
		if other, taken := b.targets[s.target]; taken {
			b.mistake(s.pos, fmt.Sprintf("tables[%d]", s.entry), "%s and %s would both become %s", other.name(), s.name(), s.target)
			continue
		}
		b.targets[s.target] = s
	}
	slices.SortStableFunc(chosen, func(x, y *selection) int { return cmp.Compare(x.target.String(), y.target.String()) })
	return chosen
}

// exact tells whether a pattern names one table, and which.
func exact(p job.Pattern) (redshift.Table, bool) {
	if p.Text == "" || strings.Contains(p.Text, "*") {
		return redshift.Table{}, false
	}
	t, err := redshift.ParseTable(p.Text)
	return t, err == nil
}

func (b *builder) newSelection(i int, t job.Table, def *redshift.TableDef) *selection {
	target, err := TargetName(t.As, def.Table)
	if err != nil {
		b.mistake(t.Pos, fmt.Sprintf("tables[%d].as", i), "%v", err)
		return nil
	}
	if target.Schema.String() == LedgerSchema {
		b.mistake(t.Pos, fmt.Sprintf("tables[%d].as", i), "schema %s is Sealift's own", LedgerSchema)
		return nil
	}
	return &selection{entry: i, source: def, target: target, mode: cmp.Or(t.Mode, b.Job.Defaults.Mode), pos: t.Pos}
}

func (b *builder) chooseQuery(i int, t job.Table) []*selection {
	field := fmt.Sprintf("tables[%d]", i)
	if err := redshift.CheckQuery(t.Query); err != nil {
		b.mistake(t.Pos, field+".query", "%v", err)
		return nil
	}
	if said, refused := b.Refused[i]; refused {
		b.mistake(t.Pos, field+".query", "the source does not take it: %s", said)
		return nil
	}
	target, err := redshift.ParseTable(t.As)
	if err != nil {
		b.mistake(t.Pos, field+".as", "%v", err)
		return nil
	}
	return []*selection{{entry: i, query: redshift.Raw(t.Query), target: target, mode: cmp.Or(t.Mode, b.Job.Defaults.Mode), pos: t.Pos}}
}

// TargetName is the table that `as` makes of source: itself, another name, or the same name in another schema.
func TargetName(as string, source redshift.Table) (redshift.Table, error) {
	if as == "" {
		return source, nil
	}
	if schema, ok := strings.CutSuffix(as, ".*"); ok {
		ident, err := redshift.NewIdent(schema)
		if err != nil {
			return redshift.Table{}, err
		}
		return redshift.Table{Schema: ident, Name: source.Name}, nil
	}
	return redshift.ParseTable(as)
}
