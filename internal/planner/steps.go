package planner

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/sealift/sealift/internal/redshift"
	"github.com/sealift/sealift/plan"
)

// maxFileMB keeps staged files between 1 MB and 1 GB, where COPY is at its best.
const maxFileMB = 256

// must is for names that are valid by construction.
func must[T any](v T, err error) T {
	if err != nil {
		panic("planner: " + err.Error())
	}
	return v
}

// prologue makes what every table needs: the ledger, and the schemas that are missing.
func (b *builder) prologue() []plan.Step {
	var steps []plan.Step
	// What is there is not made again: asking would need the rights to create schemas and tables for good.
	own := plan.Step{ID: "ledger", Kind: plan.Prepare, About: "create the ledger, in which each publish leaves its marker"}
	if !b.Target.HasSchema(redshift.Ledger.Schema) {
		own.Statements = append(own.Statements, plan.Statement{SQL: redshift.CreateSchema(redshift.Ledger.Schema)})
	}
	if !b.Target.Ledger {
		for _, sql := range redshift.CreateLedger() {
			own.Statements = append(own.Statements, plan.Statement{SQL: sql})
		}
		steps = append(steps, own)
	}
	made := map[string]bool{}
	for _, s := range b.chosen {
		schema := s.target.Schema
		if b.Target.HasSchema(schema) || made[schema.String()] {
			continue
		}
		made[schema.String()] = true
		steps = append(steps, plan.Step{
			ID: "schema/" + schema.String(), Kind: plan.Prepare, About: "create schema " + schema.String(),
			Statements: []plan.Statement{{SQL: redshift.CreateSchema(schema)}},
		})
	}
	return steps
}

// epilogue adds foreign keys when all tables are there. They are informational in Redshift, but a key whose table does
// not exist cannot be declared, and one that is declared keeps its table from being swapped.
func (b *builder) epilogue() []plan.Step {
	var steps []plan.Step
	for _, s := range b.chosen {
		if s.method != plan.Create && s.method != plan.Swap {
			continue // the table that is there keeps its own
		}
		for i, fk := range s.want.ForeignKeys {
			needs := []string{s.target.String()}
			_, moved := b.targets[fk.RefTable]
			if moved && b.Target.Table(fk.RefTable) == nil && fk.RefTable != s.target {
				needs = append(needs, fk.RefTable.String())
			}
			steps = append(steps, plan.Step{
				ID: fmt.Sprintf("%s/foreign-key-%d", s.target, i+1), Kind: plan.Relate, Needs: needs,
				About: fmt.Sprintf("declare the foreign key from %s to %s", s.target, fk.RefTable),
				Statements: []plan.Statement{
					{SQL: redshift.AddForeignKey(s.target, fk)},
					// Declared twice, it would be there twice: the marker tells whether it is.
					marks(fmt.Sprintf("%s/foreign-key-%d", s.target, i+1), redshift.Int(0), redshift.Lit("")),
					plan.Fenced(s.target.String()),
				},
			})
		}
	}
	return steps
}

// table puts everything that was decided about one table into its part of the plan.
func (b *builder) table(s *selection) plan.Table {
	t := b.newTable(s)
	t.shadow = redshift.Table{Schema: s.target.Schema, Name: must(redshift.NewIdent(fmt.Sprintf("sealift_%s_%d", b.Nonce, s.index)))}
	t.old = redshift.Table{Schema: s.target.Schema, Name: must(redshift.NewIdent(fmt.Sprintf("sealift_%s_%d_old", b.Nonce, s.index)))}
	out := plan.Table{
		Source: s.name(), Target: s.target.String(), Mode: s.mode, Method: s.method, Format: s.format,
		Folder:      b.folder(s),
		Fingerprint: plan.Fingerprint{Source: redshift.Absent, Target: redshift.Absent},
		Digest:      s.layout(),
		Key:         s.key, Input: s.input, Extract: s.extract, Masks: s.masks,
		Notes: s.notes, Differences: s.differences,
	}
	switch {
	case s.input != nil:
		out.EstimatedBytes = s.input.Bytes()
	case s.mask == nil && b.sets == nil: // masked rows can be compared only where the keys are, those of a subset where the sets are: in a run
		out.Rows = t.rows()
	}
	if c := s.change; c != nil && s.input == nil {
		out.Window = &plan.Window{Since: c.Cursor.Since, Low: c.Low, High: c.High}
	}
	if s.source != nil {
		if s.extract == nil {
			out.Fingerprint.Source = s.source.ColumnsFingerprint()
		}
		out.EstimatedRows, out.EstimatedBytes = s.source.EstimatedRows, s.source.EstimatedBytes
	}
	if rows, counted := b.Expected[out.Target]; counted {
		if out.EstimatedRows > 0 {
			out.EstimatedBytes = int64(float64(out.EstimatedBytes) * min(1, float64(rows)/float64(out.EstimatedRows)))
		}
		out.EstimatedRows = rows
	}
	if s.have != nil {
		out.Fingerprint.Target = s.have.ColumnsFingerprint()
	}
	switch {
	case s.input != nil:
		out.Steps = []plan.Step{t.send(), t.load(), t.publish()}
	case s.extract != nil:
		out.Steps = []plan.Step{t.sendRows(), t.load(), t.publish()}
		out.Notes = s.notes // with what is said of the digest
	case b.sets != nil:
		for _, st := range t.unload().Statements {
			st.Table = out.Target
			b.unloads = append(b.unloads, st)
		}
		out.Steps = []plan.Step{t.check(), t.load(), t.publish()}
	default:
		out.Steps = []plan.Step{t.unload(), t.check(), t.load(), t.publish()}
	}
	if t.stale() {
		out.Steps = slices.Insert(out.Steps, len(out.Steps)-1, t.analyze())
	}
	if b.Stage.Keep != "always" {
		out.Steps = append(out.Steps, plan.Step{ID: t.id("empty"), Kind: plan.Empty, About: "empty the stage"})
	}
	out.Undo = []plan.Step{{
		ID: t.id("discard"), Kind: plan.Discard, About: "drop the shadow",
		Statements: []plan.Statement{{SQL: redshift.DropIfExists(t.shadow)}},
	}}
	return out
}

var notPlain = regexp.MustCompile(`[^a-z0-9._-]+`)

// folder of a selection, in the stage's layout: no other table's begins with it and a point, or is it.
func (b *builder) folder(s *selection) string {
	if b.Stage.Layout != plan.Dated {
		return folder(s.index, s.target)
	}
	t := s.target
	if s.source != nil {
		t = s.source.Table
	}
	plain := true
	part := func(name string) string {
		safe := strings.ReplaceAll(notPlain.ReplaceAllString(name, "_"), ".", "_")
		plain = plain && safe == name
		return safe
	}
	name := part(cmp.Or(b.Job.Source.Database, b.Job.Target.Database)) + "." + part(t.Schema.String()) + "." + part(t.Name.String())
	if !plain || b.folders[name] || len(name) > 300 {
		name = fmt.Sprintf("%s-%04d", name[:min(len(name), 300)], s.index)
	}
	for b.folders[name] { // by a table that is called like this
		name += "_"
	}
	if b.folders == nil {
		b.folders = make(map[string]bool)
	}
	b.folders[name] = true
	return name
}

// folder is a part of a key that says which table it is and is never anything but plain: names can hold anything.
func folder(index int, t redshift.Table) string {
	name := notPlain.ReplaceAllString(strings.ToLower(t.String()), "_")
	if len(name) > 60 {
		name = name[:60]
	}
	return fmt.Sprintf("%04d-%s", index, name)
}

// tableBuilder writes the steps of one table.
type tableBuilder struct {
	*builder
	*selection
	shadow, old redshift.Table
	columns     []redshift.Ident
}

func (b *builder) newTable(s *selection) tableBuilder {
	t := tableBuilder{builder: b, selection: s}
	for _, c := range s.moved {
		t.columns = append(t.columns, c.Name)
	}
	return t
}

func (t *tableBuilder) id(step string) string { return t.target.String() + "/" + step }

// marker is the text that stands for NULL in text files. It is proven absent in the transaction that unloads.
func (t *tableBuilder) marker() string { return "sealift_null_" + t.Nonce }

// rows is a query for the rows that are moved.
func (t *tableBuilder) rows() redshift.SQL {
	from, where := t.from()
	query := redshift.Build("SELECT ?\nFROM ?", redshift.Idents(t.columns...), from)
	if !where.IsZero() {
		query = redshift.Build("?\nWHERE (?)", query, where)
	}
	return query
}

// from is what the rows are selected from, and where the condition on them.
func (t *tableBuilder) from() (from, where redshift.SQL) {
	if !t.reads.IsZero() {
		return redshift.Build("(\n?\n) AS q", t.reads), redshift.SQL{}
	}
	return t.plainRows(t.selection)
}

// plainRows is what an entry's rows are read from, as they are in the source.
func (b *builder) plainRows(s *selection) (from, where redshift.SQL) {
	if s.source == nil {
		return redshift.Build("(\n?\n) AS q", s.query), redshift.SQL{}
	}
	where = b.filter(s)
	switch {
	case where.IsZero():
		where = s.part
	case !s.part.IsZero():
		where = redshift.Build("(?) AND (?)", where, s.part)
	}
	return redshift.Build("?", s.source.Table), where
}

// filter is the job's condition on an entry's rows.
func (b *builder) filter(s *selection) redshift.SQL {
	if w := b.Job.Tables[s.entry].Where; w != "" {
		return redshift.Raw(w)
	}
	return redshift.SQL{}
}

func (t *tableBuilder) unload() plan.Step {
	from, where := t.from()
	unloaded, condition := from, where
	if t.mask != nil {
		from = redshift.Build("?", maskedRows)
	}
	st := []plan.Statement{}
	if t.source != nil {
		st = append(st, plan.Statement{SQL: redshift.ColumnsQuery(t.source.Table), Role: plan.Fingerprints})
	}
	st = append(st, t.scan())
	st = append(st, t.maskKeys()...)
	if t.format == redshift.Text && slices.ContainsFunc(t.moved, func(c redshift.Column) bool { return c.Type.Name == redshift.Char || c.Type.Name == redshift.Varchar }) {
		st = append(st, plan.Statement{
			SQL: redshift.NullMarkerQuery(from, where, t.moved, t.marker()), Role: plan.MustBeZero,
			About: "values equal the NULL marker of the staged files; plan again for another marker",
		})
	}
	for _, c := range t.moved {
		if c.Type.Name == redshift.Varbyte {
			st = append(st, plan.Statement{
				SQL: count(from, where, redshift.Build("OCTET_LENGTH(?) = 0", c.Name)), Role: plan.MustBeZero,
				About: "column " + c.Name.String() + " holds empty VARBYTE values, which COPY can only read as NULL; a query can say so: CASE WHEN OCTET_LENGTH(" + c.Name.String() + ") > 0 THEN " + c.Name.String() + " END",
			})
		}
	}
	query := redshift.Build("SELECT ?\nFROM ?", redshift.Join(", ", redshift.SelectList(t.moved, t.format)...), unloaded)
	if !condition.IsZero() {
		query = redshift.Build("?\nWHERE (?)", query, condition)
	}
	unload := redshift.Unload{
		Query: query, To: redshift.Placeholder(plan.ParamPrefix), Role: t.Job.Source.S3Role, KMSKeyID: t.kmsKey,
		Format: t.format, MaxFileSizeMB: maxFileMB, Region: t.otherRegion(t.Job.Source.Region),
	}
	if t.format == redshift.Text {
		unload.NullAs = t.marker()
	}
	st = append(st,
		plan.Statement{SQL: unload.SQL(), Role: plan.Unloads},
		plan.Statement{SQL: redshift.Build("SELECT pg_last_query_id()"), Role: plan.QueryID},
		t.digest(from, where),
	)
	if !t.counted.IsZero() {
		st = append(st, plan.Statement{SQL: t.counted, Role: plan.Supersedes})
	}
	for _, c := range t.moved {
		if c.Identity != nil && t.makesTable() {
			st = append(st, plan.Statement{SQL: redshift.NextIDQuery(from, where, c), Role: plan.NextID, About: c.Name.String()})
		}
	}
	st = append(st, t.afterMasks(from)...)
	return plan.Step{
		ID: t.id("unload"), Kind: plan.Unload, Statements: st,
		About: fmt.Sprintf("unload %s as %s under the key, and take its digest in the same snapshot", t.name(), t.format),
	}
}

// scan asks whether a policy of the source keeps rows from its user: the warehouse applies it to UNLOAD and to the digest alike, so that a
// table with some of its rows would look whole.
func (t *tableBuilder) scan() plan.Statement {
	from, _ := t.plainRows(t.selection)
	return plan.Statement{SQL: redshift.ScanQuery(from), Role: plan.Scans}
}

// count asks for the number of rows that are moved and for which a condition holds.
func count(from, where, condition redshift.SQL) redshift.SQL {
	if !where.IsZero() {
		condition = redshift.Build("(?)\n    AND ?", where, condition)
	}
	return redshift.Build("SELECT COUNT(*)\nFROM ?\nWHERE ?", from, condition)
}

// makesTable tells whether the shadow becomes the table, and so must have everything that a table has.
func (t *tableBuilder) makesTable() bool { return t.method == plan.Create || t.method == plan.Swap }

// otherRegion is the stage's region where the statement must name it.
func (t *tableBuilder) otherRegion(of string) string {
	if of == t.Stage.Region {
		return ""
	}
	return t.Stage.Region
}

func (t *tableBuilder) check() plan.Step {
	return plan.Step{
		ID: t.id("check"), Kind: plan.Check,
		About: "hold every staged object against UNLOAD's manifest and the key; write the manifest for COPY",
	}
}

func (t *tableBuilder) load() plan.Step {
	def := t.want
	def.Table = t.shadow
	seeds := map[string]redshift.SQL{}
	if t.makesTable() {
		for _, c := range def.Columns {
			if c.Identity != nil {
				seeds[c.Name.String()] = redshift.Placeholder(plan.ParamNextID + c.Name.String())
			}
		}
	} else {
		// The shadow only holds rows on their way into a table that is there.
		def = t.passing(def)
	}
	explicit := false
	for _, c := range def.Columns {
		explicit = explicit || (c.Identity != nil && !c.Identity.ByDefault)
	}
	cp := redshift.Copy{
		Table: t.shadow, Columns: t.columns, From: redshift.Placeholder(plan.ParamManifest), Role: t.Job.Target.S3Role,
		Format: t.format, ExplicitIDs: explicit, Region: t.otherRegion(t.Job.Target.Region),
	}
	if t.format == redshift.Text {
		cp.NullAs = t.marker()
	}
	about := "copy into a shadow and compare its digest with the source's"
	switch {
	case t.input != nil:
		about = t.readsInput(&cp)
	case t.extract != nil:
		cp.Delimiter, cp.NullAs, cp.Compression = ',', t.extract.Marker, "zstd"
		about = "copy into a shadow and compare its digest with that of the rows as they were read"
	}
	st := []plan.Statement{
		{SQL: redshift.ColumnsQuery(t.target), Role: plan.Fingerprints},
		{SQL: redshift.DropIfExists(t.shadow)},
		{SQL: def.CreateTable(t.shadow, redshift.CreateOptions{Seeds: seeds})},
		{SQL: redshift.CommentOn(t.shadow, redshift.Placeholder(plan.ParamShadow))},
		{SQL: cp.SQL(), Role: plan.Copies},
		{SQL: redshift.Build("SELECT pg_last_query_id()"), Role: plan.QueryID},
	}
	if t.provenMerged() {
		about = "copy into a shadow"
	} else {
		st = append(st, plan.Statement{SQL: redshift.DigestQuery(redshift.Build("?", t.shadow), redshift.SQL{}, t.proven()), Role: plan.Digests})
	}
	if t.mode == "merge" || t.keyed {
		st = append(st, t.keyChecks()...)
	}
	if t.mode == "history" && t.makesTable() {
		st = append(st, t.versions(t.shadow, redshift.SQL{}))
	}
	return plan.Step{ID: t.id("load"), Kind: plan.Load, About: about, Statements: st}
}

func (t *tableBuilder) publish() plan.Step {
	run := func(sql redshift.SQL) plan.Statement { return plan.Statement{SQL: sql} }
	lock := run(redshift.Lock(t.target))
	unchanged := plan.Statement{SQL: redshift.ColumnsQuery(t.target), Role: plan.Fingerprints}
	list := redshift.Idents(t.columns...)
	insert := plan.Statement{SQL: redshift.Build("INSERT INTO ? (?)\nSELECT ?\nFROM ?", t.target, list, list, t.shadow), Role: plan.Counts}
	compare := plan.Statement{SQL: redshift.DigestQuery(redshift.Build("?", t.target), redshift.SQL{}, t.proven()), Role: plan.Digests}
	drop := run(redshift.Drop(t.shadow))
	// Asked when this transaction has a lock on what was the shadow: a process that was taken over, and does not know,
	// could have made another of the same name.
	ours := func(now redshift.Table) plan.Statement {
		return plan.Statement{
			SQL: redshift.OtherComment(now, redshift.Placeholder(plan.ParamShadow)), Role: plan.MustBeZero,
			About: "the shadow is not the one that this process loaded and compared",
		}
	}

	var st []plan.Statement
	var about string
	switch t.method {
	case plan.Create:
		about = "give the shadow the table's name"
		st = append(st, unchanged, run(redshift.Rename(t.shadow, t.target.Name)), ours(t.target))
		st = append(st, t.dress(t.want, true)...)
	case plan.Swap:
		about = "swap the shadow in for the table, with its grants, comments and owner"
		st = append(st, lock, unchanged, run(redshift.Rename(t.target, t.old.Name)), run(redshift.Rename(t.shadow, t.target.Name)), ours(t.target))
		st = append(st, t.dress(t.want, false)...)
		st = append(st, run(redshift.Drop(t.old)))
	case plan.DeleteInsert:
		about = "exchange the rows, so that what depends on the table keeps working"
		st = append(st, lock, unchanged, run(redshift.Build("DELETE FROM ?", t.target)), insert, compare, ours(t.shadow), drop)
	case plan.Fill:
		about = "insert into the empty table"
		empty := plan.Statement{
			SQL: redshift.Build("SELECT COUNT(*) FROM ?", t.target), Role: plan.MustBeZero,
			About: t.target.String() + " is not empty; mode create needs it absent or empty (mode: replace or append)",
		}
		if t.change != nil {
			empty.About = t.target.String() + " is not empty, and nothing says how to tell its rows from new ones; --full-refresh replaces them"
		}
		st = append(st, lock, unchanged, empty, insert, compare, ours(t.shadow), drop)
	case plan.Merge:
		about = "put the rows in the place of those with their key, and add the others"
		update, add, merged := t.merge()
		st = append(st, lock, unchanged, update, add, merged, ours(t.shadow), drop)
	case plan.InsertNew:
		about = "add the rows whose key is new"
		st = append(st, lock, unchanged, ours(t.shadow), t.known(), insert, drop)
		st[len(st)-2].Role = plan.Inserts
	case plan.Mirror:
		about = "put the new rows in the place of those with their key, and take away those that are gone"
		st = append(st, lock, unchanged)
		st = append(st, t.mirror()...)
		st = append(st, ours(t.shadow), drop)
	case plan.History:
		about = "add the new versions of rows, and say until when each holds"
		update, add, merged := t.merge()
		st = append(st, lock, unchanged, update, add, merged, t.versions(t.target, t.inShadow()), ours(t.shadow), drop)
	case plan.Append:
		about = "add the rows to the table"
		st = append(st, lock, unchanged)
		if t.input != nil && !t.again {
			st = append(st, t.sameContent())
		}
		st = append(st, insert, ours(t.shadow), drop)
	default:
		panic("planner: no way of publishing by " + string(t.method))
	}
	if t.change != nil {
		st = append(st, t.cursor()...)
	}
	digest := redshift.Placeholder(plan.ParamDigest)
	if t.input != nil {
		digest = redshift.Placeholder(plan.ParamContent)
	}
	st = append(st, marks(t.target.String(), redshift.Placeholder(plan.ParamRows), digest), plan.Fenced(t.target.String()))
	return plan.Step{ID: t.id("publish"), Kind: plan.Publish, About: about, Statements: st}
}

// marks writes the row that proves that its transaction has committed.
func marks(what string, rows, digest redshift.Fragment) plan.Statement {
	return plan.Statement{
		SQL: redshift.Build("INSERT INTO ? (marker, run, target, row_count, digest)\nVALUES (?, ?, ?, ?, ?)", redshift.Ledger,
			redshift.Placeholder(plan.ParamMarker), redshift.Placeholder(plan.ParamRun), redshift.Lit(what), rows, digest),
		Role: plan.Marks,
	}
}

// dress gives the table that the shadow became its comments, and grants and owner where they are carried: the target's
// own when swapped, the source's when the job says so.
func (t *tableBuilder) dress(def redshift.TableDef, created bool) []plan.Statement {
	entry := t.Job.Tables[t.entry]
	grants, owner := !created, !created && def.Owner != "" && !strings.EqualFold(def.Owner, t.Job.Target.User)
	if created {
		grants = pick(entry.Grants, t.Job.Defaults.Grants)
		owner = pick(entry.Owner, t.Job.Defaults.Owner) && def.Owner != ""
	}
	var all []redshift.SQL
	if def.Comment == "" {
		all = append(all, redshift.CommentOn(t.target, redshift.SQL{})) // it said whose shadow it was
	}
	all = append(all, def.Comments(t.target)...)
	if grants {
		all = append(all, def.GrantStatements(t.target)...)
	}
	if owner {
		all = append(all, def.OwnerStatement(t.target))
	}
	st := make([]plan.Statement, 0, len(all))
	for _, sql := range all {
		st = append(st, plan.Statement{SQL: sql})
	}
	return st
}

func pick(of *bool, otherwise bool) bool {
	if of != nil {
		return *of
	}
	return otherwise
}
