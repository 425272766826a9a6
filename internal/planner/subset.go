package planner

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/sealift/sealift/internal/redshift"
	"github.com/sealift/sealift/internal/subset"
	"github.com/sealift/sealift/job"
	"github.com/sealift/sealift/plan"
)

// subset works out which rows of the selected tables are moved, in a job that does not move all of them.
func (b *builder) subset() {
	in := b.Job.Subset
	if in == nil {
		return
	}
	before := len(b.mistakes)
	g := subset.Graph{Seed: int64(in.Seed), KeepOrphans: in.Orphans == "keep"}
	var nodes []*selection
	at := make(map[redshift.Table]int)
	for _, s := range b.chosen {
		if s.source == nil {
			s.note("all rows: a subset does not look into queries")
			continue
		}
		if _, twice := at[s.source.Table]; twice {
			b.mistake(s.pos, fmt.Sprintf("tables[%d]", s.entry), "%s is moved twice, which a subset cannot be", s.name())
			continue
		}
		at[s.source.Table] = len(nodes)
		nodes = append(nodes, s)
		g.Tables = append(g.Tables, subset.Table{Name: s.source.Table, Where: b.filter(s), Key: b.subsetKey(s), Children: children(in.Children)})
	}
	b.subsetTables(in, &g, at)
	for i, s := range nodes {
		b.declaredKeys(&g, at, i, s)
	}
	b.virtualKeys(in, &g, at, nodes)
	if len(b.mistakes) > before {
		return
	}
	sets, err := subset.New(g)
	if err != nil {
		b.subsetMistakes(nodes, err)
		return
	}
	b.sets = sets
	for i, s := range nodes {
		s.part = sets.Condition(i)
		s.note(b.how(sets.Way(i), g.Tables[i]))
	}
}

// subsetMistakes reports mistakes of tables where each stands.
func (b *builder) subsetMistakes(nodes []*selection, err error) {
	for _, one := range each(err) {
		if e, ok := errors.AsType[*subset.Error](one); ok {
			s := nodes[e.Table]
			b.mistake(s.pos, fmt.Sprintf("tables[%d]", s.entry), "%s cannot be part of a subset: %s", s.name(), e.Msg)
			continue
		}
		b.mistake(job.Pos{}, "subset", "%v", one)
	}
}

// how says for people how a table's rows are chosen.
func (b *builder) how(way subset.Way, t subset.Table) string {
	switch way {
	case subset.Chosen:
		what := "rows"
		if t.Start.Millionths < 1_000_000 {
			what = strconv.FormatFloat(float64(t.Start.Millionths)/10_000, 'f', -1, 64) + " % of the rows"
		}
		if !t.Start.Where.IsZero() {
			what += " where " + t.Start.Where.String()
		}
		return what + ", and what belongs to them"
	case subset.Children:
		if t.Children > 0 {
			return fmt.Sprintf("rows that refer to chosen ones, %d for each", t.Children)
		}
		return "rows that refer to chosen ones"
	case subset.Parents:
		return "rows that others refer to"
	case subset.Fitting:
		if t.Children == 0 {
			return "no rows: children is none"
		}
		return "rows that refer to nothing left out"
	case subset.Whole:
		return "all rows: nothing ties them to chosen ones"
	}
	panic("planner: no way called " + string(way))
}

// children is how many rows come along, as package subset counts.
func children(text string) int {
	switch text {
	case "all":
		return subset.All
	case "none":
		return 0
	}
	n, _ := strconv.Atoi(text) // the grammar was held against it
	return n
}

// subsetKey is what tells a table's rows apart: what the job says, or the primary key. Its columns need not be moved.
func (b *builder) subsetKey(s *selection) []redshift.Column {
	var names []redshift.Ident
	if named := b.Job.Tables[s.entry].Key; len(named) > 0 {
		return b.columnsOf(s, s.pos, fmt.Sprintf("tables[%d].key", s.entry), named)
	}
	if s.source.PrimaryKey != nil {
		names = s.source.PrimaryKey.Columns
	}
	var key []redshift.Column
	for _, name := range names {
		if c, ok := s.source.Column(name); ok {
			key = append(key, *c)
		}
	}
	return key
}

// columnsOf finds columns of a source's table that somebody named.
func (b *builder) columnsOf(s *selection, at job.Pos, field string, named []string) []redshift.Column {
	var columns []redshift.Column
	for _, name := range named {
		i := slices.IndexFunc(s.source.Columns, func(c redshift.Column) bool { return c.Name.String() == name })
		if i < 0 {
			i = slices.IndexFunc(s.source.Columns, func(c redshift.Column) bool { return c.Name.String() == strings.ToLower(name) })
		}
		if i < 0 {
			b.mistake(at, field, "%s has no column %s", s.name(), name)
			continue
		}
		columns = append(columns, s.source.Columns[i])
	}
	return columns
}

// subsetTables puts what the job says of single tables into the graph.
func (b *builder) subsetTables(in *job.Subset, g *subset.Graph, at map[redshift.Table]int) {
	for i := range in.Tables {
		t := &in.Tables[i]
		field := fmt.Sprintf("subset.tables[%d]", i)
		n, ok := b.subsetTable(t.Table, field+".table", at)
		if !ok {
			continue
		}
		g.Tables[n].Children = children(cmp.Or(t.Children, in.Children))
		if !t.Starts() {
			continue
		}
		start := &subset.Start{Millionths: t.Millionths()}
		if t.Where != "" {
			if err := redshift.CheckExpression(t.Where); err != nil {
				b.mistake(t.Table.Pos, field+".where", "%v", err)
				continue
			}
			start.Where = redshift.Raw(t.Where)
		}
		g.Tables[n].Start = start
	}
}

// subsetTable finds a table that the job names in its subset among those that it moves.
func (b *builder) subsetTable(name job.Pattern, field string, at map[redshift.Table]int) (int, bool) {
	table, err := redshift.ParseTable(name.Text)
	if err != nil {
		b.mistake(name.Pos, field, "%v", err)
		return 0, false
	}
	n, ok := at[table]
	if !ok {
		b.mistake(name.Pos, field, "%s is not among the tables that the job moves", name.Text)
	}
	return n, ok
}

// declaredKeys puts the foreign keys of a table into the graph that lead to tables which are moved too.
func (b *builder) declaredKeys(g *subset.Graph, at map[redshift.Table]int, child int, s *selection) {
	for _, fk := range s.source.ForeignKeys {
		parent, ok := at[fk.RefTable]
		if !ok {
			continue // that it is left out was said
		}
		referenced := fk.RefColumns
		if len(referenced) == 0 {
			if def := b.Source.Table(fk.RefTable); def != nil && def.PrimaryKey != nil {
				referenced = def.PrimaryKey.Columns
			}
		}
		if len(referenced) == len(fk.Columns) {
			g.References = append(g.References, subset.Reference{Child: child, Parent: parent, Columns: fk.Columns, Referenced: referenced})
		}
	}
}

// virtualKeys puts the foreign keys that only the job knows into the graph.
func (b *builder) virtualKeys(in *job.Subset, g *subset.Graph, at map[redshift.Table]int, nodes []*selection) {
	for i := range in.ForeignKeys {
		k := &in.ForeignKeys[i]
		field := fmt.Sprintf("subset.foreign_keys[%d]", i)
		child, ok := b.subsetTable(k.Table, field+".table", at)
		parent, also := b.subsetTable(k.References, field+".references", at)
		if !ok || !also {
			continue
		}
		columns := b.columnsOf(nodes[child], k.Table.Pos, field+".columns", k.Columns)
		referenced := g.Tables[parent].Key
		if len(k.Referenced) > 0 {
			referenced = b.columnsOf(nodes[parent], k.References.Pos, field+".referenced", k.Referenced)
		}
		if len(columns) != len(k.Columns) || len(k.Referenced) > 0 && len(referenced) != len(k.Referenced) {
			continue
		}
		if len(columns) != len(referenced) {
			b.mistake(k.Table.Pos, field, "%s refer to the key of %s, which has %s; name the columns that are meant: referenced", plural(len(columns), "column"), k.References.Text, plural(len(referenced), "column"))
			continue
		}
		r := subset.Reference{Child: child, Parent: parent}
		for c := range columns {
			if x, y := columns[c], referenced[c]; likeness(x.Type) != likeness(y.Type) {
				b.mistake(k.Table.Pos, field, "column %s of %s is %s, and column %s of %s is %s: they cannot be compared", x.Name.String(), k.Table.Text, x.Type, y.Name.String(), k.References.Text, y.Type)
			}
			r.Columns, r.Referenced = append(r.Columns, columns[c].Name), append(r.Referenced, referenced[c].Name)
		}
		if !slices.ContainsFunc(g.References, func(o subset.Reference) bool {
			return o.Child == child && o.Parent == parent && slices.Equal(o.Columns, r.Columns) && slices.Equal(o.Referenced, r.Referenced)
		}) {
			g.References = append(g.References, r)
		}
	}
}

// likeness is one word for types whose values can be equal.
func likeness(t redshift.Type) string {
	switch t.Name {
	case redshift.SmallInt, redshift.Integer, redshift.BigInt, redshift.Decimal:
		return "number"
	case redshift.Char, redshift.Varchar:
		return "text"
	}
	return t.Name
}

// subsetStep finds the rows of all tables and unloads them.
func (b *builder) subsetStep() plan.Step {
	st := b.subsetStatements()
	st = append(st, b.unloads...)
	for _, sql := range b.sets.Drop() {
		st = append(st, plan.Statement{SQL: sql})
	}
	return plan.Step{
		ID: "subset", Kind: plan.Subset, Statements: st,
		About: "choose rows that belong together in the source, and unload them from all tables in the same snapshot",
	}
}

// subsetStatements find the rows of all tables.
func (b *builder) subsetStatements() []plan.Statement {
	made := b.sets.Statements()
	st := make([]plan.Statement, 0, len(made))
	for _, s := range made {
		one := plan.Statement{SQL: s.SQL, Loop: s.Loop}
		if s.Check != "" {
			one.Role, one.About = plan.MustBeZero, s.Check
		}
		st = append(st, one)
	}
	return st
}

// Survey is what tells, without moving a row, how many rows of each table a subset has: statements for one session of the source, in a
// transaction of which nothing is kept, and then the counts, by target.
type Survey struct {
	Statements []plan.Statement
	Counts     map[string]redshift.SQL
}

// SurveySubset is the survey of a job with a subset. Its error is that of Build.
func SurveySubset(in Input) (*Survey, error) {
	b := newBuilder(in)
	b.settle()
	if len(b.mistakes) > 0 {
		return nil, b.mistakes
	}
	v := &Survey{Statements: b.subsetStatements(), Counts: make(map[string]redshift.SQL, len(b.chosen))}
	for _, s := range b.chosen {
		from, where := b.plainRows(s)
		count := redshift.Build("SELECT COUNT(*)\nFROM ?", from)
		if !where.IsZero() {
			count = redshift.Build("?\nWHERE (?)", count, where)
		}
		v.Counts[s.target.String()] = count
	}
	return v, nil
}
