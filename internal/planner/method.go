package planner

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/sealift/sealift/internal/redshift"
	"github.com/sealift/sealift/plan"
)

// decide settles everything about one table: columns, definition, format and how it is published.
func (b *builder) decide(s *selection, index int) {
	s.index = index
	s.have = b.Target.Table(s.target)
	if kind, taken := b.Target.Views[s.target]; taken {
		b.mistake(s.pos, fmt.Sprintf("tables[%d]", s.entry), "%s is a %s in the target, not a table", s.target, kind)
		return
	}
	if !b.definition(s) {
		return
	}
	b.chooseFormat(s)
	b.chooseMethod(s)
	b.condition(s)
	b.checkMasks(s)
}

// readMasked has a selection's rows read through its masks, if it has any.
func (b *builder) readMasked(s *selection) {
	if s.mask != nil {
		from, where := b.plainRows(s)
		s.reads = s.mask.Query(from, where)
	}
}

// condition checks the entry's filter.
func (b *builder) condition(s *selection) {
	where := b.Job.Tables[s.entry].Where
	if where == "" {
		return
	}
	field := fmt.Sprintf("tables[%d].where", s.entry)
	if err := redshift.CheckExpression(where); err != nil {
		b.mistake(s.pos, field, "%v", err)
	} else if said, refused := b.Refused[s.entry]; refused && !b.refused[s.entry] {
		b.refused[s.entry] = true // once, of a pattern that has many tables
		b.mistake(s.pos, field, "the source does not take it: %s", said)
	}
	s.note("where " + where)
}

// Condition is a query that asks nothing, with the condition of an entry, for the source to say whether it takes it.
type Condition struct {
	Entry int // in Job.Tables
	Table redshift.Table
	Query redshift.SQL
}

// Conditions are those of a job's tables, but for such as are no expressions, which Build says.
func Conditions(in Input) (all []Condition) {
	b := newBuilder(in)
	for _, s := range b.choose() {
		where := b.filter(s)
		if s.source != nil && !where.IsZero() && redshift.CheckExpression(where.String()) == nil {
			all = append(all, Condition{s.entry, s.source.Table, redshift.Build("SELECT 1\nFROM ?\nWHERE (?)", s.source.Table, where)})
		}
	}
	return all
}

func (s *selection) note(text string) { s.notes = append(s.notes, text) }

// definition works out what the target should look like: the source's definition under the target's name, cut down to
// the chosen columns, with foreign keys that point where their tables go.
func (b *builder) definition(s *selection) bool {
	field := fmt.Sprintf("tables[%d]", s.entry)
	entry := b.Job.Tables[s.entry]
	if s.source == nil {
		columns := b.Queries[s.entry]
		if len(columns) == 0 {
			b.mistake(s.pos, field+".query", "the query answers no columns")
			return false
		}
		s.want = redshift.TableDef{Table: s.target, DistStyle: redshift.DistAuto, SortStyle: redshift.SortAuto, Columns: slices.Clone(columns)}
	} else {
		for _, p := range s.source.Problems {
			b.mistake(s.pos, field, "%s: %s", s.name(), p)
		}
		s.notes = append(s.notes, s.source.Notes...)
		s.want = s.source.Clone()
		s.want.Table = s.target
	}
	if len(entry.Columns) > 0 {
		known := make(map[string]bool)
		for _, c := range s.want.Columns {
			known[c.Name.String()] = true
		}
		for _, name := range entry.Columns {
			if !known[strings.ToLower(name)] && !known[name] {
				b.mistake(s.pos, field+".columns", "%s has no column %s", s.name(), name)
			}
		}
		s.notes = append(s.notes, s.want.Keep(func(c redshift.Column) bool {
			return slices.ContainsFunc(entry.Columns, func(n string) bool { return n == c.Name.String() || strings.ToLower(n) == c.Name.String() })
		})...)
		if len(s.want.Columns) < len(known) {
			s.note(fmt.Sprintf("%d of %d columns", len(s.want.Columns), len(known)))
		}
	}
	if len(s.want.Columns) == 0 {
		b.mistake(s.pos, field, "%s: no column is left to move", s.name())
		return false
	}
	s.moved = slices.Clone(s.want.Columns)
	s.key = b.rowKey(s)
	b.foreignKeys(s)
	return b.settleMasks(s)
}

// foreignKeys points the foreign keys to where the tables they refer to go, and leaves out those whose table is
// neither moved nor in the target.
func (b *builder) foreignKeys(s *selection) {
	var keys []redshift.ForeignKey
	for _, fk := range s.want.ForeignKeys {
		to := fk.RefTable
		i := slices.IndexFunc(b.chosen, func(o *selection) bool { return o.source != nil && o.source.Table == fk.RefTable })
		if i >= 0 {
			to = b.chosen[i].target
		} else if b.Target.Table(to) == nil {
			s.note(fmt.Sprintf("foreign key to %s left out: that table is not moved", to))
			continue
		}
		fk.RefTable = to
		keys = append(keys, fk)
	}
	s.want.ForeignKeys = keys
}

// chooseFormat chooses how the rows are staged, and refuses types that no format brings back bit for bit.
func (b *builder) chooseFormat(s *selection) {
	s.format = b.Job.Stage.Format
	if s.format == "auto" {
		s.format = redshift.Parquet
		if why := b.notParquet(s); why != "" {
			s.format = redshift.Text
			s.note(why)
		}
	}
	if s.format == redshift.Parquet && b.Job.Target.Region != b.Job.Stage.Region {
		b.mistake(s.pos, "stage.format", "COPY of parquet needs the stage in the target's region (%s, not %s); use format: auto or text", b.Job.Target.Region, b.Job.Stage.Region)
	}
	var floats []string
	for _, c := range s.want.Columns {
		if ok, why := c.Type.Movable(s.format); !ok {
			b.mistake(s.pos, fmt.Sprintf("tables[%d]", s.entry), "%s: column %s cannot be moved: %s", s.name(), c.Name.String(), why)
		}
		if s.format == redshift.Text && (c.Type.Name == redshift.Real || c.Type.Name == redshift.Double) {
			floats = append(floats, c.Name.String())
		}
	}
	if len(floats) > 0 {
		s.note("floats in text may lose digits, which the digest would find: " + strings.Join(floats, ", "))
	}
}

// notParquet says why a table cannot go as Parquet, or "".
func (b *builder) notParquet(s *selection) string {
	if b.Job.Target.Region != b.Job.Stage.Region {
		return "text: COPY of parquet needs the stage in the target's region"
	}
	for _, c := range s.want.Columns {
		if ok, _ := c.Type.Movable(redshift.Parquet); !ok {
			return fmt.Sprintf("%s column %s needs text", strings.ToUpper(c.Type.Name), c.Name.String())
		}
	}
	return ""
}

// chooseMethod chooses how the table is published. The order of preference: what leaves everything that depends on the
// target working, then what is cheap.
func (b *builder) chooseMethod(s *selection) {
	field := fmt.Sprintf("tables[%d]", s.entry)
	switch {
	case s.mode == "mirror", s.mode == "history":
		b.mistake(s.pos, field+".mode", "mode: %s is for sealift sync, which knows what it moved before", s.mode)
	case s.have == nil:
		s.method = plan.Create
		if s.mode != "create" {
			s.note("new in the target")
		}
	case s.mode == "create" && s.have.EstimatedRows > 0:
		b.mistake(s.pos, field, "%s exists in the target and has about %d rows; mode create needs it absent or empty (mode: replace or append)", s.target, s.have.EstimatedRows)
	case s.mode == "create":
		s.method = plan.Fill
		s.note("the target exists and must be empty")
	case s.mode == "append":
		s.method = plan.Append
	case s.mode == "merge":
		s.method = plan.Merge
	case s.mode == "replace" && len(s.have.Dependents) == 0:
		s.method = plan.Swap
		if n := len(s.have.Grants); n > 0 {
			s.note(plural(n, "grant") + " carried over")
		}
		s.carryOver()
		s.differences = redshift.Diff(s.want, *s.have)
	case s.mode == "replace":
		s.method = plan.DeleteInsert
		d := s.have.Dependents[0]
		more := ""
		if n := len(s.have.Dependents) - 1; n > 0 {
			more = fmt.Sprintf(" and %d more", n)
		}
		s.note(fmt.Sprintf("%s %s%s depends on it", d.Kind, d.Name, more))
	default:
		b.mistake(s.pos, field+".mode", "unknown mode %q", s.mode)
	}
	if s.mode == "merge" {
		b.mergeKey(s, field+".key")
	}
	if s.method != plan.Create && s.method != plan.Swap && s.method != "" {
		b.fits(s)
	}
}

// mergeKey makes sure that the values of the key can tell rows apart.
func (b *builder) mergeKey(s *selection, field string) {
	for _, name := range s.key {
		i := slices.IndexFunc(s.moved, func(c redshift.Column) bool { return c.Name.String() == name })
		switch t := s.moved[i].Type; t.Name {
		case redshift.Real, redshift.Double, redshift.Super:
			b.mistake(s.pos, field, "column %s is %s: its values cannot tell rows apart", name, t)
		}
	}
	s.note("by " + strings.Join(s.key, ", "))
}

// carryOver keeps on a swapped table what people set on the target: grants, owner, and comments where there are any.
func (s *selection) carryOver() {
	s.want.Grants, s.want.Owner = s.have.Grants, s.have.Owner
	s.want.Comment = cmp.Or(s.have.Comment, s.want.Comment)
	for i, c := range s.want.Columns {
		if old, ok := s.have.Column(c.Name); ok {
			s.want.Columns[i].Comment = cmp.Or(old.Comment, c.Comment)
		}
	}
}

// fits checks that the rows can be put into the table that is there, unchanged: every column there, with the same type
// or one that holds every value as it is; nothing else mandatory.
func (b *builder) fits(s *selection) {
	field := fmt.Sprintf("tables[%d]", s.entry)
	have := make(map[string]redshift.Column, len(s.have.Columns))
	for _, c := range s.have.Columns {
		have[c.Name.String()] = c
	}
	for i, want := range s.want.Columns {
		c, ok := have[want.Name.String()]
		delete(have, want.Name.String())
		switch {
		case !ok:
			b.mistake(s.pos, field, "%s has no column %s %s; mode replace would bring it, if nothing depended on the table", s.target, want.Name.String(), want.Type)
		case c.Identity != nil:
			b.mistake(s.pos, field, "%s: column %s is IDENTITY: its values cannot be kept, and the next id would not be safe, when rows are inserted into a table that is there; leave it out with columns, or drop the table first", s.target, c.Name.String())
		case c.Type != want.Type && !c.Type.Holds(want.Type):
			b.mistake(s.pos, field, "%s: column %s is %s, the source has %s; alter the target, or use mode replace where nothing depends on the table", s.target, c.Name.String(), c.Type, want.Type)
		case c.Type != want.Type:
			s.note(fmt.Sprintf("column %s is %s in the target, %s in the source", c.Name.String(), c.Type, want.Type))
		}
		if ok {
			s.want.Columns[i].Type = c.Type // the shadow takes the target's type: rows are inserted as they were checked
		}
	}
	for _, c := range s.have.Columns {
		if _, extra := have[c.Name.String()]; extra && c.NotNull && c.Default == "" && c.Identity == nil {
			b.mistake(s.pos, field, "%s: column %s is NOT NULL, has no default, and is not in the source", s.target, c.Name.String())
		}
	}
}
