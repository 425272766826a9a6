package planner

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/sealift/sealift/internal/delta"
	"github.com/sealift/sealift/internal/hint"
	"github.com/sealift/sealift/internal/redshift"
	"github.com/sealift/sealift/job"
	"github.com/sealift/sealift/plan"
)

// Sync is a job on its way to a plan that moves what is new. First it says what has to be asked of the source, table by table; with
// the answers, it makes the plan. A table that cannot be synced stops by itself: the others go on.
type Sync struct {
	Tables []*SyncTable
	b      *builder
}

// SyncTable is one table that is synced.
type SyncTable struct {
	Source, Target, Mode string
	Spec                 delta.Spec
	// Next is the cursor that a publish leaves, without what is known only then.
	Next redshift.Cursor
	// Alter are statements by which the target's definition follows the source's, and Altered what they do, for people.
	Alter   []redshift.SQL
	Altered []string
	// Missing says that the target has no such table.
	Missing bool
	// Err is why the table is not synced.
	Err error

	s *selection
}

// The columns that mode history adds: from when a version of a row holds, to when, and whether it still does.
var (
	validFrom = must(redshift.NewIdent("valid_from"))
	validTo   = must(redshift.NewIdent("valid_to"))
	isCurrent = must(redshift.NewIdent("is_current"))
	// changed tells, in what a mirror stages, the rows that are whole from those of which only the key is there.
	changed = must(redshift.NewIdent("sealift_changed"))
)

// NewSync looks at a job's tables. full is for all of them to be moved anew, whatever their columns were. What is wrong with the job as a whole is returned as job.Errors.
func NewSync(in Input, full bool) (*Sync, error) {
	b := newBuilder(in)
	b.compatible()
	b.roles()
	y := &Sync{b: b}
	b.gone = make(map[int]bool)
	for i, t := range b.Job.Tables {
		name, ok := exact(t.Select)
		if !ok || in.Source.Table(name) != nil || in.Job.Defaults.Unmatched != "error" {
			continue
		}
		target, err := TargetName(t.As, name)
		if err != nil {
			continue // said below
		}
		b.gone[i] = true
		y.Tables = append(y.Tables, &SyncTable{
			Source: name.String(), Target: target.String(), Mode: cmp.Or(t.Mode, in.Job.Defaults.Mode),
			Err: hint.With(fmt.Errorf("%s is not in the source, or %s may not see it", name, in.Job.Source.User), "the target keeps what it has; take the entry out of the job if that is meant"),
		})
	}
	chosen := b.choose()
	if len(b.mistakes) > 0 {
		return nil, b.mistakes
	}
	b.chosen = chosen
	for i, s := range chosen {
		s.index = i
		t := &SyncTable{Source: s.name(), Target: s.target.String(), Mode: s.mode, s: s}
		t.Err = b.alone(func() error { return b.syncTable(t, full) })
		y.Tables = append(y.Tables, t)
	}
	if b.checkDomains(); len(b.mistakes) > 0 {
		return nil, b.mistakes
	}
	slices.SortStableFunc(y.Tables, func(a, b *SyncTable) int { return strings.Compare(a.Target, b.Target) })
	return y, nil
}

// Vanished adds the tables that a pattern of the job chose before, by what the target says, and that are not in the source any more. Those
// that the target has dropped as well are nobody's any more.
func (y *Sync) Vanished(cursors map[string]redshift.Cursor) {
	b := y.b
	for _, target := range slices.Sorted(maps.Keys(cursors)) {
		from, ours := strings.CutPrefix(cursors[target].Source, Warehouse(b.Job.Source).Name()+" ")
		name, err := redshift.ParseTable(from)
		to, terr := redshift.ParseTable(target)
		if !ours || err != nil || terr != nil || b.Source.Table(name) != nil || b.Target.Table(to) == nil ||
			slices.ContainsFunc(y.Tables, func(t *SyncTable) bool { return t.Target == target }) {
			continue
		}
		matches := func(p job.Pattern) bool { return p.Match(name.Schema.String(), name.Name.String()) }
		i := slices.IndexFunc(b.Job.Tables, func(t job.Table) bool {
			as, err := TargetName(t.As, name)
			return t.Query == "" && matches(t.Select) && err == nil && as == to
		})
		if i < 0 || slices.ContainsFunc(b.Job.Exclude, matches) {
			continue
		}
		t := b.Job.Tables[i]
		y.Tables = append(y.Tables, &SyncTable{
			Source: from, Target: target, Mode: cmp.Or(t.Mode, b.Job.Defaults.Mode),
			Err: hint.With(fmt.Errorf("%s is not in the source any more, or %s may not see it", name, b.Job.Source.User), "the target keeps what it has; drop the table there, too, if that is meant"),
		})
	}
	slices.SortStableFunc(y.Tables, func(a, b *SyncTable) int { return strings.Compare(a.Target, b.Target) })
}

// Only keeps the tables that are wanted, by their targets.
func (y *Sync) Only(wanted func(target string) bool) {
	y.Tables = slices.DeleteFunc(y.Tables, func(t *SyncTable) bool { return !wanted(t.Target) })
}

// alone does something for one table, and takes the mistakes that were found meanwhile for its own.
func (b *builder) alone(do func() error) error {
	before := len(b.mistakes)
	err := do()
	found := b.mistakes[before:]
	b.mistakes = b.mistakes[:before]
	for _, m := range found {
		err = errors.Join(err, errors.New(m.Msg))
	}
	return err
}

// syncTable settles what does not depend on what the source holds.
func (b *builder) syncTable(t *SyncTable, full bool) error {
	s, entry := t.s, b.Job.Tables[t.s.entry]
	field := fmt.Sprintf("tables[%d]", s.entry)
	if s.mode == "create" {
		return hint.With(errors.New("mode: create moves a table once"), "for sync: append, merge, replace, mirror or history")
	}
	s.have = b.Target.Table(s.target)
	t.Missing = s.have == nil
	if kind, taken := b.Target.Views[s.target]; taken {
		return fmt.Errorf("%s is a %s in the target, not a table", s.target, kind)
	}
	if !b.definition(s) {
		return nil // said
	}
	if w := entry.Where; w != "" {
		if err := redshift.CheckExpression(w); err != nil {
			return fmt.Errorf("where: %w", err)
		}
	}
	switch {
	case b.Postgres != nil:
		var err error
		if t.Spec.From, err = b.postgresRows(s, entry.Where); err != nil {
			return err
		}
		t.Spec.Postgres = true
	case s.source != nil:
		t.Spec.From = redshift.Build("?", s.source.Table)
	default:
		t.Spec.From = redshift.Build("(\n?\n) AS q", s.query)
	}
	if entry.Where != "" && b.Postgres == nil {
		t.Spec.Where = redshift.Raw(entry.Where)
	}
	if !full || s.mode == "mirror" || s.mode == "history" {
		if err := b.follow(t, cmp.Or(entry.OnSchemaChange, b.Job.Defaults.OnSchemaChange, "stop")); err != nil {
			return err
		}
	}
	if entry.Since != "" && s.mode != "replace" {
		c, err := s.column(entry.Since)
		if err != nil {
			return fmt.Errorf("since: %w", err)
		}
		if !delta.SinceTypes(c.Type) {
			return fmt.Errorf("since: column %s is %s; only numbers, dates and timestamps say what is new", c.Name.String(), c.Type)
		}
		t.Spec.Since, s.since = c, c.Name
		if t.Spec.Lookback, err = delta.ParseLookback(entry.Lookback, c.Type); err != nil {
			return fmt.Errorf("lookback: %w", err)
		}
		if t.Spec.Lookback > 0 && len(entry.Key) == 0 && slices.Contains([]string{redshift.SmallInt, redshift.Integer, redshift.BigInt, redshift.Decimal}, c.Type.Name) {
			return hint.With(errors.New("lookback: without a key, rows wait until they are as old, and a number does not say how old"), "give the entry a key, or since a time")
		}
	} else if s.mode == "append" || s.mode == "merge" {
		return fmt.Errorf("mode: %s needs since, the column whose growth says what is new; or mode: replace or mirror, which look at all rows", s.mode)
	}
	if s.keyed = len(entry.Key) > 0; s.keyed {
		b.mergeKey(s, field+".key")
		for _, name := range s.key {
			c, err := s.column(name)
			if err != nil {
				return fmt.Errorf("key: %w", err)
			}
			t.Spec.Key = append(t.Spec.Key, c)
		}
		t.Spec.Near = s.moved
		if s.mode == "append" { // which leaves rows that are there as they are
			t.Spec.Near = append(slices.Clone(t.Spec.Key), t.Spec.Since)
		}
	}
	switch s.mode {
	case "mirror":
		t.Spec.All = s.moved
		if !t.Spec.Since.Name.IsZero() {
			t.Spec.All = append(slices.Clone(t.Spec.Key), t.Spec.Since)
		}
		if entry.DeletedAt != "" {
			name, err := redshift.NewIdent(entry.DeletedAt)
			if err != nil {
				return fmt.Errorf("deleted_at: %w", err)
			}
			if _, moved := s.want.Column(name); moved {
				return fmt.Errorf("deleted_at: the source has a column %s itself", name.String())
			}
			s.deletedAt = name
			s.want.Columns = append(s.want.Columns, redshift.Column{Name: name, Type: redshift.Type{Name: redshift.Timestamp}})
		}
	case "history":
		for _, name := range []redshift.Ident{validFrom, validTo, isCurrent} {
			if _, moved := s.want.Column(name); moved {
				return fmt.Errorf("the source has a column %s, which mode: history adds", name.String())
			}
		}
		from := redshift.Column{Name: validFrom, Type: t.Spec.Since.Type}
		s.moved = append(s.moved, from)
		s.want.Columns = append(s.want.Columns, from, redshift.Column{Name: validTo, Type: t.Spec.Since.Type}, redshift.Column{Name: isCurrent, Type: redshift.Type{Name: redshift.Boolean}})
		s.want.PrimaryKey, s.want.Uniques = nil, nil // a key has many versions
		s.key = append(slices.Clone(s.key), validFrom.String())
	case "replace":
		t.Spec.All = s.moved
	}
	if s.have == nil {
		s.arrange(t.Spec)
	}
	b.checkMasks(s)
	// Rows that have a key and are moved as they are pass one query in which more can be asked: see digest.
	t.Spec.Later = s.keyed && (s.mode == "append" || s.mode == "merge") && s.mask == nil && b.Postgres == nil
	if s.format = redshift.CSV; b.Postgres == nil {
		b.chooseFormat(s)
	}
	t.Next = redshift.Cursor{
		Target: t.Target, Source: Warehouse(b.Job.Source).Name() + " " + t.Source, Spec: b.specDigest(t, entry), Mode: s.mode, Since: t.Spec.Since.Name.String(),
	}
	return nil
}

// column finds a column that is moved, by a name as people write it.
func (s *selection) column(name string) (redshift.Column, error) {
	for _, n := range []string{name, strings.ToLower(name)} {
		if i := slices.IndexFunc(s.moved, func(c redshift.Column) bool { return c.Name.String() == n }); i >= 0 {
			return s.moved[i], nil
		}
	}
	return redshift.Column{}, fmt.Errorf("%s moves no column %s", s.name(), name)
}

// arrange gives a table that is made for a sync what serves it best, where the source's says nothing of its own: rows that are merged
// meet on the slice of their key, and those that are new lie together.
func (s *selection) arrange(spec delta.Spec) {
	if s.want.DistStyle == redshift.DistAuto && len(spec.Key) > 0 {
		s.want.DistStyle = redshift.DistKey
		for i := range s.want.Columns {
			s.want.Columns[i].DistKey = s.want.Columns[i].Name == spec.Key[0].Name
		}
	}
	if len(s.want.SortKey()) == 0 && !spec.Since.Name.IsZero() {
		s.want.SortStyle = redshift.SortCompound
		for i := range s.want.Columns {
			if s.want.Columns[i].Name == spec.Since.Name {
				s.want.Columns[i].SortKey = 1
			}
		}
	}
}

// specDigest is the same as long as rows that were synced before and rows that are synced now go together. Columns that are added to the
// source do not count, nor does how far back is looked.
func (b *builder) specDigest(t *SyncTable, entry job.Table) string {
	h := sha256.New()
	masks, err := json.Marshal(t.s.masks)
	if err != nil {
		panic("planner: " + err.Error()) // texts and numbers
	}
	fields := []string{t.Source, string(masks), b.KeyID, entry.Query, entry.Where, strings.Join(entry.Columns, ","), t.Mode, entry.Since, strings.Join(entry.Key, ","), entry.DeletedAt}
	for _, f := range fields {
		_, _ = fmt.Fprintf(h, "%d:%s,", len(f), f)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// follow holds the source's columns against those of a target that is there.
func (b *builder) follow(t *SyncTable, policy string) error {
	s := t.s
	if s.have == nil {
		return nil
	}
	own := []string{}
	switch s.mode {
	case "history":
		own = []string{validFrom.String(), validTo.String(), isCurrent.String()}
	case "mirror":
		own = []string{strings.ToLower(b.Job.Tables[s.entry].DeletedAt), b.Job.Tables[s.entry].DeletedAt}
	}
	var stops, keep []string
	var how proposals
	for _, c := range s.moved {
		have, there := s.have.Column(c.Name)
		keep = append(keep, c.Name.String())
		switch {
		case !there && policy == "evolve":
			if c.NotNull {
				c.NotNull = false // the rows that are there have no value
			}
			t.add(redshift.AddColumn(s.target, c), "column "+c.Name.String()+" "+c.Type.String()+" added")
			s.have = s.have.With(redshift.Column{Name: c.Name, Type: c.Type})
		case !there && policy == "ignore":
			keep = keep[:len(keep)-1]
			s.note("column " + c.Name.String() + " is new in the source, and left out")
		case !there:
			how.add = true
			stops = append(stops, fmt.Sprintf("column %s %s is new in the source", c.Name.String(), c.Type))
		case have.Type == c.Type || have.Type.Holds(c.Type):
		case widens(have.Type, c.Type) && policy == "evolve":
			t.add(redshift.WidenColumn(s.target, c), fmt.Sprintf("column %s widened to %s", c.Name.String(), c.Type))
			s.have = s.have.With(redshift.Column{Name: c.Name, Type: c.Type, NotNull: have.NotNull, Default: have.Default, Identity: have.Identity})
		default:
			if widens(have.Type, c.Type) {
				how.widen = true
			} else {
				how.change = true
			}
			stops = append(stops, fmt.Sprintf("column %s is %s in the source, %s in the target", c.Name.String(), c.Type, have.Type))
		}
	}
	for _, c := range s.have.Columns {
		if _, there := s.want.Column(c.Name); there || slices.Contains(own, c.Name.String()) || c.Identity != nil {
			continue
		}
		if policy == "ignore" || len(b.Job.Tables[s.entry].Columns) > 0 {
			continue // it keeps what it has
		}
		how.rename = true
		stops = append(stops, fmt.Sprintf("column %s is gone from the source, or has another name there", c.Name.String()))
	}
	if len(stops) > 0 {
		t.Alter, t.Altered = nil, nil
		return hint.With(fmt.Errorf("its columns have changed: %s", strings.Join(stops, "; ")), how.String())
	}
	if len(keep) < len(s.moved) {
		s.want.Keep(func(c redshift.Column) bool { return slices.Contains(keep, c.Name.String()) })
		s.moved = slices.DeleteFunc(s.moved, func(c redshift.Column) bool { return !slices.Contains(keep, c.Name.String()) })
		return b.keepMasks(s)
	}
	return nil
}

func (t *SyncTable) add(sql redshift.SQL, about string) {
	t.Alter, t.Altered = append(t.Alter, sql), append(t.Altered, about)
}

// widens tells whether a column of one type can be made one of another where it is: VARCHAR alone can (DG r_ALTER_TABLE).
func widens(have, want redshift.Type) bool {
	return have.Name == redshift.Varchar && want.Name == redshift.Varchar && want.Holds(have)
}

// proposals are what can be done about a table that has stopped.
type proposals struct{ add, widen, change, rename bool }

func (p proposals) String() string {
	var all []string
	if p.rename {
		all = append(all, "alter the target to match (ALTER TABLE ... RENAME COLUMN, DROP COLUMN), or move it anew with --full-refresh; on_schema_change: ignore keeps columns that are gone as they are")
	}
	if p.add {
		all = append(all, "on_schema_change: evolve adds new columns, ignore leaves them out")
	}
	if p.widen {
		all = append(all, "on_schema_change: evolve widens VARCHAR columns")
	}
	if p.change {
		all = append(all, "no column can be given another type where it is: move the table anew with --full-refresh, or select it by a query that casts")
	}
	return strings.Join(all, "; ")
}

// Plan makes the plan of what has changed. changes are by target; tables without one are left out. It is nil if there is nothing to do.
// cursors says that the target has the table of cursors.
func (y *Sync) Plan(changes map[string]delta.Change, cursors bool) (*plan.Plan, error) {
	b := y.b
	b.chosen = nil
	for _, t := range y.Tables {
		c, ok := changes[t.Target]
		if !ok || c.Unchanged || t.Err != nil {
			continue
		}
		t.s.change, t.s.spec = &c, t.Spec
		t.s.index = len(b.chosen)
		if t.Err = b.alone(func() error { return b.syncMethod(t, c) }); t.Err == nil {
			b.chosen = append(b.chosen, t.s)
		}
	}
	if len(b.chosen) == 0 {
		return nil, nil
	}
	p := b.newPlan()
	p.Prologue = b.prologue()
	if !cursors {
		p.Prologue = append(p.Prologue, cursorsStep())
	}
	for _, s := range b.chosen {
		p.Tables = append(p.Tables, b.table(s))
	}
	p.Prologue = append(p.Prologue, plan.FenceStep(p.Tables))
	return p, p.Seal()
}

// cursorsStep makes the table of cursors.
func cursorsStep() plan.Step {
	return plan.Step{
		ID: "cursors", Kind: plan.Prepare, About: "create the table that says how far each table has come",
		Statements: []plan.Statement{{SQL: redshift.CreateCursors()}},
	}
}

// syncMethod chooses how what is new is published, and writes the query for it.
func (b *builder) syncMethod(t *SyncTable, c delta.Change) error {
	s := t.s
	switch {
	case s.have == nil:
		s.method = plan.Create
	case s.mode == "replace", c.Full && (s.mode == "append" || s.mode == "merge"):
		s.method = plan.DeleteInsert
		if len(s.have.Dependents) == 0 {
			s.method = plan.Swap
			s.carryOver()
			s.differences = redshift.Diff(s.want, *s.have)
		}
	case s.mode == "append" && len(t.Spec.Key) > 0:
		s.method = plan.InsertNew
	case s.mode == "append" && c.First && s.have.EstimatedRows > 0:
		return hint.With(fmt.Errorf("%s has about %d rows already, which nothing says how to tell from new ones", s.target, s.have.EstimatedRows),
			"--from VALUE says up to where they are in the source; --full-refresh replaces them; a key tells rows apart")
	case s.mode == "append" && c.First:
		s.method = plan.Fill
	case s.mode == "append":
		s.method = plan.Append
	case s.mode == "merge":
		s.method = plan.Merge
	case s.mode == "mirror":
		s.method = plan.Mirror
	case s.mode == "history":
		s.method = plan.History
	}
	if s.method != plan.Create && s.method != plan.Swap {
		b.fits(s)
	}
	b.syncRows(t, c)
	if s.method == plan.Mirror && !s.since.IsZero() {
		s.moved = append(s.moved, redshift.Column{Name: changed, Type: redshift.Type{Name: redshift.SmallInt}})
	}
	return nil
}

// syncRows writes the query for the rows that are moved.
func (b *builder) syncRows(t *SyncTable, c delta.Change) {
	s := t.s
	where := t.Spec.Condition(c.Window)
	from := t.Spec.From
	rows := func(list redshift.SQL) redshift.SQL {
		q := redshift.Build("SELECT ? FROM ?", list, from)
		if !where.IsZero() {
			q = redshift.Build("?\n    WHERE ?", q, where)
		}
		return q
	}
	names := make([]redshift.Ident, 0, len(s.moved))
	for _, col := range s.moved {
		if s.mode != "history" || col.Name != validFrom {
			names = append(names, col.Name)
		}
	}
	keys := make([]redshift.Ident, 0, len(t.Spec.Key))
	for _, k := range t.Spec.Key {
		keys = append(keys, k.Name)
	}
	switch {
	case s.method == plan.Mirror && !t.Spec.Since.Name.IsZero():
		// Every row is there with its key; those that are not new have nothing else.
		var list []redshift.SQL
		recent := delta.Spec{Since: t.Spec.Since, Lookback: t.Spec.Lookback, Key: t.Spec.Key, Postgres: t.Spec.Postgres}.Condition(delta.Window{Low: c.Low})
		for _, col := range s.moved {
			switch {
			case recent.IsZero(), slices.Contains(keys, col.Name), col.Name == t.Spec.Since.Name:
				list = append(list, redshift.Build("?", col.Name))
			case t.Spec.Postgres: // which gives CASE the column's type; a cast to VARCHAR could cut texts off
				list = append(list, redshift.Build("CASE WHEN ? THEN ? END AS ?", recent, col.Name, col.Name))
			default:
				list = append(list, redshift.Build("CAST(CASE WHEN ? THEN ? END AS ?) AS ?", recent, col.Name, col.Type, col.Name))
			}
		}
		flag := redshift.Build("CAST(1 AS SMALLINT) AS ?", changed)
		if !recent.IsZero() {
			flag = redshift.Build("CAST(CASE WHEN ? THEN 1 ELSE 0 END AS SMALLINT) AS ?", recent, changed)
		}
		where = t.Spec.Condition(delta.Window{})
		s.reads = rows(redshift.Join(", ", append(list, flag)...))
	case s.mode == "history":
		// Rows that share their key and since are found in the shadow, where these are the key.
		s.reads = rows(redshift.Build("?, ? AS ?", redshift.Idents(names...), t.Spec.Since.Name, validFrom))
	case len(keys) > 0 && s.mode != "mirror":
		// Of rows that share a key, the newest is meant. Of those that are as new all are, and are found in the shadow.
		s.ranked = rows(redshift.Build("?, RANK() OVER (PARTITION BY ? ORDER BY ? DESC) AS sealift_n", redshift.Idents(names...), redshift.Idents(keys...), t.Spec.Since.Name))
		s.reads = redshift.Build("SELECT ?\nFROM (\n    ?\n) AS d\nWHERE sealift_n = 1", redshift.Idents(names...), s.ranked)
		if s.mask != nil || t.Spec.Postgres {
			s.counted, s.ranked = rows(redshift.Build("COUNT(*)")), redshift.SQL{}
		}
	default:
		s.reads = rows(redshift.Idents(names...))
	}
	s.window = where
	if s.mask == nil || t.Spec.Postgres {
		return
	}
	switch {
	case s.method == plan.Mirror && !s.since.IsZero():
		s.mask = b.withPlain(s, redshift.Column{Name: changed, Type: redshift.Type{Name: redshift.SmallInt}})
	case s.mode == "history":
		s.mask = b.withPlain(s, redshift.Column{Name: validFrom, Type: t.Spec.Since.Type})
	}
	s.reads = s.mask.Query(redshift.Build("(\n?\n) AS r", s.reads), redshift.SQL{})
}
