package planner

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/sealift/sealift/internal/delta"
	"github.com/sealift/sealift/internal/hint"
	"github.com/sealift/sealift/internal/redshift"
	"github.com/sealift/sealift/job"
	"github.com/sealift/sealift/plan"
)

// LoadInput is everything that the plan of a load depends on.
type LoadInput struct {
	Target *redshift.Catalog
	// Warehouse and Stage as the job or the configuration names them; Place is the stage as it was looked up.
	Warehouse job.Warehouse
	Stage     job.Stage
	Place     plan.Stage
	Ref       plan.JobRef
	Table     redshift.Table
	Mode      string
	// Source is what messages call the files.
	Source string
	// Files, format and limits; Columns and Marker are filled in here.
	Input plan.Input
	// Columns of the files, in their order, each with the type that its values have in common.
	Columns []LoadColumn
	Whole   bool // every value was looked at
	// Asked says that the user wants every record looked at, or says how objects come to where COPY reads them: only then is text left to
	// COPY. The warehouse's role has to be allowed to read the objects, which nobody needs for a small file that is streamed.
	Asked bool
	// Counts are the records of each file, Content the digest of all, and Own what delimited text has that COPY reads otherwise than we do,
	// "" for nothing. They stand for what was looked at, as Whole says.
	Counts       []int64
	Content, Own string
	// Types are those that the user chose, by column, as the files or the target name it.
	Types map[string]redshift.Type
	Named bool // the files name their columns; otherwise they are matched by position
	// Again lets the same content be appended a second time.
	Again bool
	// Key is the columns to merge by, as the files or the target name them.
	Key []string
	// AllowMissing leaves columns of the target empty that the files do not have; IgnoreExtra leaves out those of the files
	// that the target does not have.
	AllowMissing, IgnoreExtra bool
	Sync                      *FileSync // of a sync
	Nonce                     string
	Now                       time.Time
}

// FileSync is what a sync says of the files that it loads.
type FileSync struct {
	// Cursor is what the publish leaves, and Was what it rests on; the zero Cursor where nothing was synced yet.
	Cursor, Was redshift.Cursor
	Files       []redshift.SyncedFile // those that are loaded
	Anew        bool                  // in place of what is there
	// Cursors and Account say that the target has the tables for both.
	Cursors, Account bool
}

// LoadColumn is a column as it was seen in files.
type LoadColumn struct {
	Name    string
	Type    redshift.Type
	Err     error // why no type holds what was seen
	Longest int   // bytes of the longest value that was seen
	// Unmeasured is a text of which nobody knows how long it is: its type is the widest there is.
	Unmeasured bool
}

// Load makes the plan of a load: files into one table.
func Load(in LoadInput) (*plan.Plan, error) {
	j := &job.Job{
		Target: in.Warehouse, Stage: in.Stage, Tables: []job.Table{{}}, Defaults: job.Defaults{Mode: in.Mode},
		Concurrency: job.Concurrency{Unload: 1, Copy: 1},
	}
	b := newBuilder(Input{Job: j, Target: in.Target, Stage: in.Place, Nonce: in.Nonce, Now: in.Now})
	if _, err := redshift.ParseRoleChain(in.Warehouse.S3Role); err != nil {
		return nil, fmt.Errorf("s3_role of the target: %w", err)
	}
	if in.Table.Schema.String() == LedgerSchema {
		return nil, fmt.Errorf("schema %s is Sealift's own", LedgerSchema)
	}
	if kind, taken := in.Target.Views[in.Table]; taken {
		return nil, fmt.Errorf("%s is a %s, not a table", in.Table, kind)
	}
	s := &selection{target: in.Table, mode: in.Mode, label: in.Source, format: redshift.CSV, have: in.Target.Table(in.Table)}
	switch in.Input.Format {
	case "unload":
		s.format = redshift.Escaped
	case "parquet":
		s.format = redshift.Parquet
		if in.Warehouse.Region != in.Stage.Region {
			return nil, hint.With(fmt.Errorf("COPY reads Parquet in its own region only: the target is in %q, the stage in %s", in.Warehouse.Region, in.Stage.Region),
				"use a stage in the target's region, and say the target's region where it has none")
		}
	}
	input, err := in.match(s)
	if err != nil {
		return nil, err
	}
	s.input, s.again, s.files = input, in.Again, in.Sync
	if in.Sync != nil {
		s.change = &delta.Change{Cursor: in.Sync.Cursor, Was: in.Sync.Was}
		s.again = s.again || in.Sync.Was.Target != "" // its files are known one by one
	}
	s.moved = slices.Clone(s.want.Columns)
	b.loadMethod(s)
	if s.mode == "merge" {
		s.key = b.keyColumns(s, "", in.Key)
		b.mergeKey(s, "")
	}
	if len(b.mistakes) > 0 {
		var all []error
		for _, m := range b.mistakes {
			all = append(all, errors.New(m.Msg))
		}
		return nil, errors.Join(all...)
	}
	b.chosen = []*selection{s}
	p := &plan.Plan{
		CreatedAt: in.Now, Job: in.Ref, Target: Warehouse(in.Warehouse), Stage: in.Place,
		Concurrency: plan.Concurrency{Unload: 1, Copy: 1},
	}
	p.Prologue = append(b.prologue(), in.Sync.prologue()...)
	p.Tables = []plan.Table{b.table(s)}
	p.Prologue = append(p.Prologue, plan.FenceStep(p.Tables))
	return p, seal(p)
}

// prologue makes the tables in which a sync keeps its account.
func (f *FileSync) prologue() (steps []plan.Step) {
	if f == nil {
		return nil
	}
	if !f.Cursors {
		steps = append(steps, cursorsStep())
	}
	if !f.Account {
		steps = append(steps, plan.Step{
			ID: "files", Kind: plan.Prepare, About: "create the table that says which files were synced",
			Statements: []plan.Statement{{SQL: redshift.CreateSyncedFiles()}},
		})
	}
	return steps
}

// loadMethod chooses how a load is published. A table that is there keeps its definition, whatever the files look like:
// its rows are exchanged, not the table.
func (b *builder) loadMethod(s *selection) {
	if s.have == nil {
		s.method = plan.Create
		return
	}
	switch {
	case s.mode == "create" && s.have.EstimatedRows > 0:
		b.mistake(s.pos, "", "%s exists and has about %d rows; mode create needs it absent or empty (--mode replace or append)", s.target, s.have.EstimatedRows)
	case s.mode == "create":
		s.method = plan.Fill
	case s.files != nil && s.files.Anew:
		s.method = plan.DeleteInsert
	case s.mode == "append" && s.files != nil && s.change.Was.Target == "" && s.have.EstimatedRows > 0:
		b.mistake(s.pos, "", "%s has about %d rows already, which nothing says how to tell from those of the files: --full-refresh replaces them, mode: merge tells rows apart by a key", s.target, s.have.EstimatedRows)
	case s.mode == "append" && s.files != nil && s.change.Was.Target == "":
		s.method = plan.Fill
	case s.mode == "append":
		s.method = plan.Append
	case s.mode == "replace":
		s.method = plan.DeleteInsert
	case s.mode == "merge":
		s.method = plan.Merge
	default:
		b.mistake(s.pos, "", "%q is no mode of a load: create, append, replace or merge", s.mode)
	}
	if s.method != "" {
		b.fits(s)
	}
}

// match says which column of the files becomes which of the table, and of which type.
func (in *LoadInput) match(s *selection) (*plan.Input, error) {
	types := make(map[string]redshift.Type, len(in.Types))
	for name, t := range in.Types {
		types[strings.ToLower(name)] = t
	}
	input := in.Input
	input.Marker = "sealift_null_" + in.Nonce
	var mistakes []error
	var err error
	if input.Format == "unload" {
		if s.have == nil {
			return nil, hint.With(fmt.Errorf("there is no table %s, and what UNLOAD wrote does not say which columns it has", in.Table), "create the table first, with the columns in the order that they were unloaded in")
		}
		s.want = redshift.TableDef{Table: in.Table, DistStyle: s.have.DistStyle, SortStyle: redshift.SortNone}
		for _, column := range s.have.Columns {
			in.take(s, &input, LoadColumn{Name: column.Name.String()}, column)
		}
		return &input, nil
	}
	if s.have == nil {
		mistakes, err = in.newTable(s, &input, types)
	} else {
		mistakes, err = in.intoTable(s, &input)
		if len(in.Types) > 0 {
			mistakes = append(mistakes, fmt.Errorf("%s is there already and has types of its own: leave --types out", in.Table))
		}
	}
	for name := range types {
		if s.have == nil {
			mistakes = append(mistakes, fmt.Errorf("--types names column %s, which the files do not have", name))
		}
	}
	if err == nil && len(mistakes) > 0 {
		slices.SortFunc(mistakes, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) })
		err = errors.Join(mistakes...)
	}
	if err == nil && len(s.want.Columns) == 0 {
		err = errors.New("no column is left to load")
	}
	return &input, err
}

// newTable makes a table of what the files hold. What it takes of types is removed there.
func (in *LoadInput) newTable(s *selection, input *plan.Input, types map[string]redshift.Type) (mistakes []error, err error) {
	s.want = redshift.TableDef{Table: in.Table, DistStyle: redshift.DistAuto, SortStyle: redshift.SortAuto}
	taken := make(map[string]string)
	var unmeasured []string
	for _, c := range in.Columns {
		folded := c.Name
		if !in.Target.CaseSensitive {
			folded = strings.ToLower(c.Name)
		}
		name, err := redshift.NewIdent(folded)
		if err != nil {
			mistakes = append(mistakes, fmt.Errorf("column %q: %w", c.Name, err))
			continue
		}
		if other, twice := taken[folded]; twice {
			mistakes = append(mistakes, fmt.Errorf("%q and %q would both become column %s", other, c.Name, folded))
			continue
		}
		taken[folded] = c.Name
		t, chosen := types[strings.ToLower(c.Name)]
		delete(types, strings.ToLower(c.Name))
		parquet := in.Input.Format == "parquet" // of which COPY converts nothing
		switch {
		case c.Err != nil && (parquet || !chosen):
			mistakes = append(mistakes, c.Err)
			continue
		case chosen && parquet && !holds(t, c.Type):
			mistakes = append(mistakes, fmt.Errorf("--types: column %s of the files is %s, which COPY does not put into %s", c.Name, c.Type, t))
			continue
		case !chosen:
			t = c.Type
		}
		if c.Unmeasured && !chosen {
			unmeasured = append(unmeasured, folded)
		}
		s.want.Columns = append(s.want.Columns, redshift.Column{Name: name, Type: t})
		input.Columns = append(input.Columns, plan.InputColumn{Name: c.Name, Column: folded, Type: t, Check: chosen || !in.Whole})
	}
	if len(unmeasured) > 0 {
		s.note(fmt.Sprintf("as wide as VARCHAR can be, because not every text was read: %s; --infer all reads them, --types says it", strings.Join(unmeasured, ", ")))
	}
	return mistakes, nil
}

// intoTable matches the files' columns with those of the table that is there: by name where the files have names,
// whatever their case, otherwise by position.
func (in *LoadInput) intoTable(s *selection, input *plan.Input) (mistakes []error, err error) {
	have := s.have
	s.want = redshift.TableDef{Table: in.Table, DistStyle: have.DistStyle, SortStyle: redshift.SortNone}
	if !in.Named {
		if len(in.Columns) != len(have.Columns) {
			return nil, hint.With(fmt.Errorf("the files have %d columns and no header, %s has %d", len(in.Columns), in.Table, len(have.Columns)),
				"columns without names are matched by position, so that there must be as many")
		}
		for i, c := range in.Columns {
			in.take(s, input, c, have.Columns[i])
		}
		return nil, nil
	}
	found := make(map[string]LoadColumn)
	for _, c := range in.Columns {
		key := strings.ToLower(c.Name)
		if other, twice := found[key]; twice {
			return nil, fmt.Errorf("%q and %q would both go into column %s", other.Name, c.Name, key)
		}
		found[key] = c
	}
	columns := make(map[string]redshift.Column)
	for _, column := range have.Columns {
		key := strings.ToLower(column.Name.String())
		columns[key] = column
		_, ok := found[key]
		switch {
		case ok:
		case column.Identity != nil: // the server numbers it
		case !in.AllowMissing:
			mistakes = append(mistakes, hint.With(fmt.Errorf("%s has a column %s, the files do not", in.Table, column.Name.String()),
				"--allow-missing leaves such columns to their default, or NULL"))
		default:
			s.note("column " + column.Name.String() + " is not in the files")
		}
	}
	for _, c := range in.Columns { // in their order, which is that of the fields in what is staged
		if column, ok := columns[strings.ToLower(c.Name)]; ok {
			in.take(s, input, c, column)
			mistakes = append(mistakes, in.misfit(c, column)...)
			continue
		}
		if !in.IgnoreExtra || in.whole() {
			if in.whole() {
				mistakes = append(mistakes, hint.With(fmt.Errorf("the files have a column %q, %s does not, and COPY reads all columns of such files", c.Name, in.Table),
					"add the column to the table, write the files without it, or load them into a table of their own"))
				continue
			}
			mistakes = append(mistakes, hint.With(fmt.Errorf("the files have a column %q, %s does not", c.Name, in.Table), "--ignore-extra leaves such columns out"))
			continue
		}
		s.note(fmt.Sprintf("column %q of the files is left out", c.Name))
	}
	return mistakes, nil
}

// take puts a column of the files into one of the table. Every value is checked: the type is the table's, not one that
// was made from them.
func (in *LoadInput) take(s *selection, input *plan.Input, c LoadColumn, to redshift.Column) {
	s.want.Columns = append(s.want.Columns, to)
	input.Columns = append(input.Columns, plan.InputColumn{Name: c.Name, Column: to.Name.String(), Type: to.Type, Check: true})
}

// misfit is what keeps a column of a Parquet file, which has a type of its own, out of one of the table.
func (in *LoadInput) misfit(c LoadColumn, to redshift.Column) []error {
	switch {
	case in.Input.Format != "parquet":
		return nil // the values are looked at one by one
	case c.Err != nil:
		return []error{c.Err}
	case !holds(to.Type, c.Type):
		return []error{fmt.Errorf("column %s of the files is %s, that of %s is %s", c.Name, c.Type, in.Table, to.Type)}
	case c.Longest > to.Type.Length && (to.Type.Name == redshift.Varchar || to.Type.Name == redshift.Char):
		return []error{fmt.Errorf("column %s of the files has a text of %d bytes, that of %s is %s", c.Name, c.Longest, in.Table, to.Type)}
	}
	return nil
}

// holds tells whether COPY of Parquet puts every value of a type into a column as it is, or fails. Text that is too long
// fails; a decimal of another scale would not.
func holds(column, file redshift.Type) bool {
	text := func(t redshift.Type) bool { return t.Name == redshift.Varchar || t.Name == redshift.Char }
	return column.Holds(file) || (text(column) && text(file)) || (column.Name == redshift.TimestampTZ && file.Name == redshift.Timestamp)
}

// Streamed says why delimited text goes through this machine although COPY could read it, "" if COPY reads every record just as we do: all
// of them were looked at, because the user asked for that, and none has what COPY would change, or refuse, without saying where it stands.
func (in LoadInput) Streamed() string {
	s := &selection{have: in.Target.Table(in.Table)}
	input, err := in.match(s)
	switch {
	case err != nil:
		return "" // which Load says
	case in.Own != "":
		return in.Own
	case !in.Whole || !in.Asked:
		return "COPY cuts digits off and makes no difference between empty text and NULL; with --infer all every record is looked at, and COPY may read them where they are; --way place lets it"
	case len(in.Columns) == 1:
		return "an empty line is a record to COPY where there is one column"
	case len(input.Columns) != len(in.Columns):
		return "COPY reads all columns of the files"
	}
	for i, c := range input.Columns {
		if !fitsAsText(c.Type, in.Columns[i]) {
			return fmt.Sprintf("column %s has values that are no %s, or that COPY would change", c.Column, c.Type)
		}
	}
	return ""
}

// fitsAsText tells whether a column takes the texts of another, of which every one was seen, as they are.
func fitsAsText(to redshift.Type, seen LoadColumn) bool {
	digits := to.Precision - to.Scale // before the point
	switch {
	case seen.Err != nil:
		return false
	case seen.Longest == 0 || to.Holds(seen.Type):
		return true
	}
	switch to.Name {
	case redshift.Varchar:
		return seen.Longest <= to.Length
	case redshift.Decimal:
		switch seen.Type.Name {
		case redshift.Integer:
			return digits >= 10
		case redshift.BigInt:
			return digits >= 19
		case redshift.Decimal:
			return seen.Type.Scale <= to.Scale && seen.Type.Precision-seen.Type.Scale <= digits
		default:
			return false
		}
	case redshift.Timestamp:
		return seen.Type.Name == redshift.Date
	default:
		return false
	}
}

// whole tells whether COPY reads the files as they are.
func (in *LoadInput) whole() bool { return in.Input.Way != plan.Stream }

// send is a load's first step, in place of unload and check.
func (t *tableBuilder) send() plan.Step {
	about := map[plan.Way]string{
		plan.Stream:  "read the files once, stage their records as compressed parts under the key, check every object, and write the manifest for COPY",
		plan.Upload:  "stage the files as they are, under the key, check every object, and write the manifest for COPY",
		plan.Copied:  "have S3 copy the objects into the stage, under the key, check every one, and write the manifest for COPY",
		plan.InPlace: "look at every object and the key it is encrypted under, and write the manifest by which COPY reads them where they are",
	}
	return plan.Step{ID: t.id("send"), Kind: plan.Send, About: about[t.input.Way]}
}

// readsInput makes a COPY read what a load stages, or the objects that it reads as they are.
func (t *tableBuilder) readsInput(cp *redshift.Copy) (about string) {
	in := t.input
	if in.Format == "parquet" {
		cp.SerializeToJSON = slices.ContainsFunc(t.moved, func(c redshift.Column) bool { return c.Type.Name == redshift.Super })
		return "copy into a shadow and compare its rows with those that the files count"
	}
	cp.Delimiter = ','
	if in.Delimiter != "" {
		cp.Delimiter = in.Delimiter[0]
	}
	if in.Way == plan.Stream {
		cp.NullAs, cp.Compression = in.Marker, "zstd"
		return "copy into a shadow and compare its rows with the records that were sent"
	}
	cp.Compression, cp.IgnoreHeader, cp.EmptyAsNull = in.Compression, in.Header, in.Format == "csv"
	if in.Quote != "" {
		cp.Quote = in.Quote[0]
	}
	switch {
	case len(in.Nulls) > 0:
		cp.NullAs = in.Nulls[0]
	case in.Format == "csv":
		cp.NullAs = in.Marker // or COPY would take \N for NULL
	}
	if in.Counted {
		return "copy into a shadow and compare its rows with those that the files were counted to have"
	}
	return "copy into a shadow, and count its rows"
}

// sameContent counts the loads of the same content into the table. It is asked in the transaction that publishes.
func (t *tableBuilder) sameContent() plan.Statement {
	return plan.Statement{
		SQL: redshift.ContentQuery(redshift.Lit(t.target.String()), redshift.Placeholder(plan.ParamContent)), Role: plan.MustBeZero,
		About: "the same content was loaded into " + t.target.String() + " before; --again adds it once more",
	}
}
