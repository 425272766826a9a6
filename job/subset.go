package job

import (
	"fmt"
	"strconv"
	"strings"
)

// Subset is which rows are moved, in place of all of them: some that are chosen, those that refer to them, and every row that any of these
// refers to.
type Subset struct {
	// Tables in which rows are chosen, or of which only so many come along.
	Tables []SubsetTable `yaml:"tables" required:"true"`
	// ForeignKeys that the source does not declare.
	ForeignKeys []ForeignKey `yaml:"foreign_keys"`
	// Children is how many of the rows that refer to a chosen row come along: all, none, or a number for each row and foreign key.
	Children string `yaml:"children" default:"all" grammar:"children"`
	// Orphans says what rows are that refer to a row which is not in the source either: error, or keep, which moves them as they are.
	Orphans string `yaml:"orphans" default:"error" enum:"error,keep"`
	// Seed is any number. Another one chooses other rows.
	Seed int `yaml:"seed" default:"1" min:"1" max:"1000000000"`
}

// SubsetTable is one entry under subset.tables.
type SubsetTable struct {
	// Table is one that the job moves: schema.table.
	Table Pattern `yaml:"table" required:"true"`
	// Percent of the rows is chosen, by a hash of their key: the same rows each time.
	Percent string `yaml:"percent" grammar:"percent"`
	// Where is a condition on the rows that are chosen, in SQL; with percent, a part of those.
	Where string `yaml:"where"`
	// Children is how many of this table's rows come along; see subset.children.
	Children string `yaml:"children" grammar:"children"`
}

// ForeignKey is one entry under subset.foreign_keys: rows of a table refer to rows of another, or of the same.
type ForeignKey struct {
	// Table whose rows refer to others.
	Table Pattern `yaml:"table" required:"true"`
	// Columns that refer.
	Columns []string `yaml:"columns" required:"true" one:"true"`
	// References is the table that is referred to.
	References Pattern `yaml:"references" required:"true"`
	// Referenced is its columns, in the order of columns. Default: its primary key.
	Referenced []string `yaml:"referenced" one:"true"`
}

// Millionths is what Percent says; a million where it says nothing.
func (t *SubsetTable) Millionths() int64 {
	if t.Percent == "" {
		return 1_000_000
	}
	whole, part, _ := strings.Cut(t.Percent, ".")
	n, _ := strconv.ParseInt(whole+(part + "0000")[:4], 10, 64) // the grammar was held against it
	return n
}

// Starts tells that rows are chosen in the table, rather than how many of its rows come along.
func (t *SubsetTable) Starts() bool { return t.Percent != "" || t.Where != "" }

// subset checks what is chosen.
func (p *parser) subset(s *Subset) {
	starts := false
	seen := make(map[string]bool)
	for i := range s.Tables {
		t, at := &s.Tables[i], fmt.Sprintf("subset.tables[%d]", i)
		p.oneTable(join(at, "table"), t.Table)
		if seen[t.Table.Text] && t.Table.Text != "" {
			p.conflict(join(at, "table"), "%s has an entry already", t.Table.Text)
		}
		seen[t.Table.Text] = true
		starts = starts || t.Starts()
		switch {
		case !t.Starts() && t.Children == "":
			p.conflict(at, "chooses nothing; give percent or where, or how many rows come along: children")
		case t.Percent != "" && !p.broken[join(at, "percent")] && (t.Millionths() <= 0 || t.Millionths() > 1_000_000):
			p.mistake(p.values[join(at, "percent")], join(at, "percent"), "%s is not more than 0 and at most 100", quote(t.Percent))
		}
	}
	if !starts && p.given("subset.tables") && !p.broken["subset.tables"] {
		p.conflict("subset.tables", "chooses nothing: no table has percent or where")
	}
	for i := range s.ForeignKeys {
		k, at := &s.ForeignKeys[i], fmt.Sprintf("subset.foreign_keys[%d]", i)
		p.oneTable(join(at, "table"), k.Table)
		p.oneTable(join(at, "references"), k.References)
		if len(k.Referenced) > 0 && len(k.Columns) != len(k.Referenced) {
			p.conflict(join(at, "referenced"), "%d columns refer to %d", len(k.Columns), len(k.Referenced))
		}
		if len(k.Columns) == 0 && p.given(join(at, "columns")) && !p.broken[join(at, "columns")] {
			p.conflict(join(at, "columns"), "is empty")
		}
	}
}

// oneTable checks the name of a table that may not be a pattern.
func (p *parser) oneTable(path string, name Pattern) {
	if name.Text == "" {
		return // missing, or broken: said already
	}
	p.pattern(path, name)
	if !name.exact() {
		p.mistake(name.Pos, path, "%s is a pattern; name one table", quote(name.Text))
	}
}
