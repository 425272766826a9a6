package planner

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/sealift/sealift/internal/mask"
	"github.com/sealift/sealift/internal/redshift"
	"github.com/sealift/sealift/job"
	"github.com/sealift/sealift/plan"
)

// settleMasks says what becomes of every column of a selection, in a job that masks: what its entry says, then what a policy says,
// then what is said of unlisted ones. It answers false where that is not settled, which was said.
func (b *builder) settleMasks(s *selection) bool {
	entry := b.Job.Tables[s.entry]
	if b.Job.Masking == nil || entry.Unmasked != nil && *entry.Unmasked {
		return true
	}
	def := s.want.Clone()
	def.Table, def.Columns = s.target, slices.Clone(s.moved)
	if s.source != nil {
		def.Table, def.EstimatedRows = s.source.Table, s.source.EstimatedRows
	}
	if b.Source.Collation == "case_insensitive" {
		def = *mask.Collated(&def, b.Source.Collation)
	}
	uses := make(map[string]mask.Use, len(def.Columns))
	from := make(map[string]string)
	at := make(map[string]*job.Error)
	unlisted := cmp.Or(b.Job.Masking.OnUnlisted, "error")
	put := func(column string, m job.Mask, who, file string) {
		name := column // which may be anything that somebody wrote
		if !slices.ContainsFunc(def.Columns, func(c redshift.Column) bool { return c.Name.String() == name }) {
			name = strings.ToLower(column)
		}
		uses[name], from[name] = use(m), who
		at[name] = &job.Error{File: file, Line: m.Pos.Line, Column: m.Pos.Column}
	}
	for _, y := range b.Policies {
		for table, columns := range y.Tables {
			if name, err := redshift.ParseTable(table); err != nil || name != def.Table {
				continue
			}
			if b.Job.Masking.OnUnlisted == "" && y.OnUnlisted != "" {
				unlisted = y.OnUnlisted
			}
			for column, m := range columns {
				put(column, m, y.File, y.File)
			}
		}
	}
	for column, m := range entry.Mask {
		put(column, m, "job", b.Job.File)
	}
	for _, c := range def.Columns {
		name := c.Name.String()
		if _, listed := uses[name]; listed || unlisted == "error" {
			continue
		}
		uses[name], from[name] = unlistedUse(unlisted, c), "on_unlisted"
	}
	said := maps.Clone(uses)
	domains(def.Table, "", uses)
	made, err := mask.New(&def, uses, b.Dictionaries)
	switch {
	case err != nil:
	case b.Postgres != nil: // its rows are masked here, as they pass
		err = made.InGo()
	default:
		err = made.Pushdown()
	}
	if err != nil {
		b.maskMistakes(s, at, err)
		return false
	}
	s.mask, s.uses = made, uses
	b.maskNotes(s)
	for _, r := range made.Report() {
		m := reported(r, said[r.Column], from[r.Column])
		if c, ok := def.Column(must(redshift.NewIdent(r.Column))); ok {
			m.Collate = c.Collate
		}
		s.masks = append(s.masks, m)
	}
	return true
}

// use is a mask as package mask takes it.
func use(m job.Mask) mask.Use {
	u := mask.Use{Transformer: m.Use, Options: m.Options, Domain: m.Domain, Entity: strings.ToLower(m.Entity), When: m.When}
	if m.Else != nil {
		u.Else = new(use(*m.Else))
	}
	u.Paths = within(m.Paths, use)
	return u
}

// within makes masks of those within an object.
func within[From, To any](paths map[string]From, to func(From) To) map[string]To {
	if paths == nil {
		return nil
	}
	out := make(map[string]To, len(paths))
	for path, m := range paths {
		out[path] = to(m)
	}
	return out
}

// unlistedUse is what becomes of a column that nothing is said of. What cannot be hashed is emptied.
func unlistedUse(policy string, c redshift.Column) mask.Use {
	if policy == "hash" {
		hashed, _ := mask.HashedUse(c, "") // where that does not fit, New says so
		return hashed
	}
	return mask.Use{Transformer: "null"}
}

// domains gives columns that share no domain one of their own, or the paths of a column. A path's has the column in front.
func domains(t redshift.Table, column string, uses map[string]mask.Use) {
	for name, u := range uses {
		own := name
		if column != "" {
			own = column + "." + name
		}
		for p := &u; p != nil; p = p.Else {
			if p.Domain == "" {
				if ident, err := redshift.NewIdent(own); err == nil {
					p.Domain, _ = mask.DefaultDomain(t, ident) // a name that cannot be one is told where a domain is needed
				}
			}
			if p.Else != nil {
				p.Else = new(*p.Else)
			}
			if p.Paths != nil {
				p.Paths = maps.Clone(p.Paths)
				domains(t, name, p.Paths)
			}
		}
		uses[name] = u
	}
}

// maskMistakes reports mistakes of masks where each stands, in the order in which they are met there.
func (b *builder) maskMistakes(s *selection, at map[string]*job.Error, err error) {
	before := len(b.mistakes)
	defer func() { b.mistakes[before:].Sort() }()
	for _, one := range each(err) {
		field := fmt.Sprintf("tables[%d]", s.entry)
		e, ok := errors.AsType[*mask.Error](one)
		place := at[""]
		if ok {
			place = at[e.Column]
		}
		if place == nil {
			b.mistake(s.pos, field, "%v", one)
			continue
		}
		b.mistakes = append(b.mistakes, &job.Error{File: place.File, Line: place.Line, Column: place.Column, Field: field, Msg: one.Error()})
	}
}

// each is the errors that were joined to one. Of a column's, each says which column it is about.
func each(err error) []error {
	var all []error
	switch err := err.(type) { //nolint:errorlint // what is wrapped otherwise is one error
	case interface {
		error
		Unwrap() []error
	}:
		if errors.Join(err.Unwrap()...).Error() != err.Error() {
			return []error{err} // it says more than those that it holds
		}
		for _, one := range err.Unwrap() {
			all = append(all, each(one)...)
		}
	case *mask.Error:
		for _, one := range each(err.Err) {
			all = append(all, &mask.Error{Table: err.Table, Column: err.Column, Err: one})
		}
	default:
		all = []error{err}
	}
	return all
}

// reported is a mask as the plan tells it.
func reported(r mask.Report, u mask.Use, from string) plan.Mask {
	m := planned(u)
	m.Column, m.From, m.Class, m.Privacy = r.Column, from, string(r.Class), int(r.Privacy)
	for _, d := range r.Dictionaries {
		if m.Dictionaries == nil {
			m.Dictionaries = make(map[string]string)
		}
		m.Dictionaries[d.Name()] = d.SHA256()
	}
	return m
}

func planned(u mask.Use) plan.Mask {
	m := plan.Mask{Use: u.Transformer, Options: maps.Clone(u.Options), Domain: u.Domain, Entity: u.Entity, When: u.When}
	if u.Else != nil {
		m.Else = new(planned(*u.Else))
	}
	m.Paths = within(u.Paths, planned)
	return m
}

// Uses are the masks of a planned table, as package mask takes them. Columns that share no domain get one of their own.
func Uses(masks []plan.Mask) map[string]mask.Use {
	uses := make(map[string]mask.Use, len(masks))
	for _, m := range masks {
		uses[m.Column] = asUse(m)
	}
	return uses
}

func asUse(m plan.Mask) mask.Use {
	u := mask.Use{Transformer: m.Use, Options: m.Options, Domain: cmp.Or(m.Domain, "sealift.own"), Entity: m.Entity, When: m.When}
	if m.Else != nil {
		u.Else = new(asUse(*m.Else))
	}
	u.Paths = within(m.Paths, asUse)
	return u
}

// maskKeys are what the session needs before it computes masks: keys and dictionaries, in tables of its own.
func (t *tableBuilder) maskKeys() []plan.Statement {
	if t.mask == nil {
		return nil
	}
	var st []plan.Statement
	if t.mask.NeedsKey() {
		table := must(redshift.NewIdent(mask.KeyTable))
		st = append(st,
			plan.Statement{SQL: mask.CreateKeyTable()},
			plan.Statement{SQL: redshift.CopyKeys(table, redshift.Placeholder(plan.ParamKeys), t.Job.Source.S3Role, t.otherRegion(t.Job.Source.Region)), Role: plan.TakesKeys},
			plan.Statement{SQL: redshift.Build("SELECT COUNT(*) - 1\nFROM ?", table), Role: plan.MustBeZero, About: "the key table has not one row"},
		)
	}
	for _, sql := range t.mask.Prepare() {
		st = append(st, plan.Statement{SQL: sql})
	}
	st = append(st, plan.Statement{SQL: redshift.Build("CREATE TEMP TABLE ? AS\n?", maskedRows, t.reads)})
	for _, u := range t.mask.Unproved(redshift.Build("?", maskedRows)) {
		st = append(st, plan.Statement{SQL: u.Query, Role: plan.MustBeZero, About: "values that the expression for column " + u.Column + " gives do not fit the column"})
	}
	return st
}

// maskedRows is a table of the session with the rows as they come out, for everything that is asked about them: computing masks is what
// takes the time, and UNLOAD, whose query has them in it, is the one that has to do it again.
var maskedRows = must(redshift.NewIdent("sealift_masked"))

// NeverInSource tells that no value that a mask makes is one that the source has.
func NeverInSource(m plan.Mask) bool { return slices.Contains(never, m.Use) && m.When == "" }

// never are transformers of whose values none is one that a row of the source could have: what comes out and is in the source, came
// through.
var never = []string{"hash_hex", "uuid", "email"}

// afterMasks asks what came of the masks, and takes away what the session was given.
func (t *tableBuilder) afterMasks(from redshift.SQL) []plan.Statement {
	if t.mask == nil {
		return nil
	}
	plain, where := t.plainRows(t.selection)
	if t.change != nil {
		where = t.window
	}
	var raw, masked []redshift.SQL
	for _, m := range t.masks {
		if m.Use == "passthrough" && m.Else == nil {
			continue
		}
		name := must(redshift.NewIdent(m.Column))
		raw = append(raw, redshift.Build("COUNT(?), ?", name, t.distinct(name)))
		masked = append(masked, redshift.Build("COUNT(?), ?", name, t.distinct(name)))
	}
	var st []plan.Statement
	if len(raw) > 0 {
		rows := redshift.Build("SELECT ?\nFROM ?", redshift.Join(", ", raw...), plain)
		if !where.IsZero() {
			rows = redshift.Build("?\nWHERE (?)", rows, where)
		}
		st = append(st, plan.Statement{SQL: rows, Role: plan.Profiles}, plan.Statement{SQL: redshift.Build("SELECT ?\nFROM ?", redshift.Join(", ", masked...), from), Role: plan.Profiles})
	}
	for _, m := range t.masks {
		if !NeverInSource(m) {
			continue
		}
		name := must(redshift.NewIdent(m.Column))
		st = append(st, plan.Statement{
			SQL: redshift.Build("SELECT COUNT(*)\nFROM ?\nWHERE ? IN (SELECT ? FROM ?)", from, name, name, plain), Role: plan.MustBeZero,
			About: "column " + m.Column + " comes out with values that the source has",
		})
	}
	st = append(st, plan.Statement{SQL: redshift.Build("DROP TABLE ?", maskedRows)})
	for _, sql := range t.mask.Clear() {
		st = append(st, plan.Statement{SQL: sql})
	}
	return st
}

// distinct counts a column's values; of what has no equality, none.
func (t *tableBuilder) distinct(name redshift.Ident) redshift.SQL {
	for _, c := range t.moved {
		if c.Name == name && (c.Type.Name == redshift.Super || c.Type.Name == redshift.Varbyte) {
			return redshift.Build("0")
		}
	}
	return redshift.Build("COUNT(DISTINCT ?)", name)
}

// checkDomains holds the masks of all tables against each other.
func (b *builder) checkDomains() {
	var all []*mask.Table
	for _, s := range b.chosen {
		if s.mask != nil {
			all = append(all, s.mask)
		}
	}
	if err := mask.CheckDomains(all...); err != nil {
		for line := range strings.SplitSeq(err.Error(), "\n") {
			b.mistake(job.Pos{}, "masking", "%s", line)
		}
	}
}

// checkMasks holds a table's masks against what it is for.
func (b *builder) checkMasks(s *selection) {
	for _, m := range s.masks {
		if (s.keyed || s.mode == "merge") && slices.Contains(s.key, m.Column) && m.Class == string(mask.Lossy) {
			b.mistake(s.pos, fmt.Sprintf("tables[%d].key", s.entry), "column %s is part of the key, and %s makes one value of many: rows cannot be told apart by it", m.Column, m.Use)
		}
		if !s.since.IsZero() && m.Column == s.since.String() && (m.Use != "passthrough" || m.Else != nil) {
			b.mistake(s.pos, fmt.Sprintf("tables[%d].since", s.entry), "column %s is masked (%s), and its greatest value would be written into the target as it is: sync by a column that may be seen, or mode: replace", m.Column, m.Use)
		}
	}
}

// keepMasks leaves out the masks of columns that are not moved after all.
func (b *builder) keepMasks(s *selection) (err error) {
	if s.mask == nil {
		return nil
	}
	left := func(column string) bool {
		return !slices.ContainsFunc(s.moved, func(c redshift.Column) bool { return c.Name.String() == column })
	}
	maps.DeleteFunc(s.uses, func(column string, _ mask.Use) bool { return left(column) })
	s.masks = slices.DeleteFunc(s.masks, func(m plan.Mask) bool { return left(m.Column) })
	s.mask, err = b.remask(s, s.uses, s.moved) // a mask can need a column that is left out
	return err
}

// withPlain is the masks of a selection, with columns more that are of our own making.
func (b *builder) withPlain(s *selection, more ...redshift.Column) *mask.Table {
	uses, columns := maps.Clone(s.uses), slices.Clone(s.moved)
	for _, c := range more {
		if !slices.ContainsFunc(columns, func(o redshift.Column) bool { return o.Name == c.Name }) {
			columns = append(columns, c)
		}
		uses[c.Name.String()] = mask.Use{Transformer: "passthrough"}
	}
	return must(b.remask(s, uses, columns)) // they were checked
}

// remask makes the masks of a selection anew, for other columns.
func (b *builder) remask(s *selection, uses map[string]mask.Use, columns []redshift.Column) (*mask.Table, error) {
	def := s.want.Clone()
	def.Table, def.PrimaryKey, def.Uniques = s.target, nil, nil
	if s.source != nil {
		def.Table = s.source.Table
	}
	def.Columns = slices.Clone(columns)
	return mask.New(&def, uses, b.Dictionaries)
}

// planMasking is what the plan says of masking as a whole.
func (b *builder) planMasking() *plan.Masking {
	m := b.Job.Masking
	if m == nil {
		return nil
	}
	out := &plan.Masking{Key: m.Key, Environment: Environment(b.Job), Epoch: m.Epoch, KeyID: b.KeyID}
	for _, y := range b.Policies {
		out.Policies = append(out.Policies, plan.PolicyRef{File: y.File, Digest: y.Digest})
	}
	return out
}

// Environment is what a job's masked data is for.
func Environment(j *job.Job) string {
	return cmp.Or(j.Masking.Environment, strings.ReplaceAll(Warehouse(j.Target).Name(), "/", "."))
}
