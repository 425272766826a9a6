package grants

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/sealift/sealift/internal/hint"
	"github.com/sealift/sealift/internal/redshift"
	"github.com/sealift/sealift/job"
)

// Side is one of a job's two databases.
type Side string

// The sides.
const (
	Source Side = "source"
	Target Side = "target"
)

// The promises (README, How safe it is) that grants are for.
const (
	whole    = "whole or untouched"
	verified = "exit 0 means verified"
	// inTheSource is that of masks.
	inTheSource = "raw personal data never leaves the source"
)

// Grant is one statement, and what takes it back.
type Grant struct {
	SQL  redshift.SQL
	Undo redshift.SQL // none for what others may use by now
	// Why says which command needs it, and what for.
	Why     string
	Promise string // that could not be kept without it; "" for those that are only more convenient with it
}

// Document is what one user needs in one database.
type Document struct {
	Job       string // the file
	Side      Side
	Warehouse string
	Database  string
	User      redshift.Ident
	Grants    []Grant
	// Notes say what is not among the statements, one fact each.
	Notes []string

	made bool // the user is made by the document
}

// Options of For.
type Options struct {
	User     string // the database user, where the job does not tell it
	Existing bool   // the user is there: it is neither made nor dropped
}

// For writes down what the user of one side of a job needs.
func For(j *job.Job, side Side, o Options) (*Document, error) {
	w := j.Target
	if side == Source {
		w = j.Source
		if len(j.Tables) == 0 {
			return nil, hint.With(fmt.Errorf("%s has no source, only files", j.File), "its target is written: --for target")
		}
		if w.Postgres != "" {
			return nil, hint.With(fmt.Errorf("the source of %s is a PostgreSQL server", j.File), "its user needs GRANT USAGE ON the schemas and GRANT SELECT ON the tables; the target's: --for target")
		}
	}
	user, how, err := userOf(w, o.User)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", side, err)
	}
	d := &Document{Job: j.File, Side: side, Warehouse: cmp.Or(w.Cluster, w.Workgroup, w.Host), Database: w.Database, User: user, made: !o.Existing}
	if !o.Existing {
		d.Grants = append(d.Grants, Grant{
			SQL:  redshift.Build("CREATE USER ? PASSWORD DISABLE", user),
			Undo: redshift.Build("DROP USER ?", user),
			Why:  "every command logs in as this user; " + how,
		})
	}
	if side == Source {
		d.source(j)
	} else {
		d.target(j)
	}
	d.settings(w)
	if side == Source && j.Masking != nil {
		d.masks(w)
	}
	if side == Source && j.Subset != nil {
		d.temporary(w, "copy, subset: the keys of the rows that are chosen are temporary tables of the session")
	}
	return d, nil
}

// userOf is the database user that a warehouse's sessions have, and how it comes in.
func userOf(w job.Warehouse, named string) (user redshift.Ident, how string, err error) {
	name, how := named, "without a password: temporary credentials let it in"
	secret := w.Auth == "secret" || w.Auth == "data-api" && w.PasswordFrom != ""
	switch {
	case w.Auth == "password":
		how = "give it its password by ALTER USER, the one that password_from names"
	case secret:
		how = "give it its password by ALTER USER, the one in the secret"
	}
	switch {
	case name != "":
	case w.User != "":
		name = w.User
	case secret:
		return redshift.Ident{}, "", hint.With(errors.New("the name of the user is in the secret, which is not read for this"), "name it: --user NAME")
	case w.AssumeRole != "":
		name = "IAMR:" + w.AssumeRole[strings.LastIndexByte(w.AssumeRole, '/')+1:]
	default:
		return redshift.Ident{}, "", hint.With(errors.New("the job does not tell the database user: it stands for whoever runs the job"),
			"name it: --user IAMR:ROLE for a role, --user IAM:NAME for a user of IAM")
	}
	user, err = redshift.NewIdent(name)
	return user, how, err
}

// add appends a grant by its two forms, which end in the user.
func (d *Document) add(promise, why string, grant, revoke redshift.SQL) {
	g := Grant{SQL: redshift.Build("GRANT ? TO ?", grant, d.User), Why: why, Promise: promise}
	if !revoke.IsZero() {
		g.Undo = redshift.Build("REVOKE ? FROM ?", revoke, d.User)
	}
	if !slices.ContainsFunc(d.Grants, func(o Grant) bool { return o.SQL == g.SQL }) {
		d.Grants = append(d.Grants, g)
	}
}

// allow grants what is taken back in the same words.
func (d *Document) allow(promise, why string, what redshift.SQL) { d.add(promise, why, what, what) }

func (d *Document) note(format string, args ...any) {
	if text := fmt.Sprintf(format, args...); !slices.Contains(d.Notes, text) {
		d.Notes = append(d.Notes, text)
	}
}

// settings are what both sides need of the database itself.
func (d *Document) settings(w job.Warehouse) {
	d.allow("", "plan shows rows and sizes, and says in time that a table of mode create is not empty; without it everything works, and both are only known later",
		redshift.Build("SELECT ON svv_table_info"))
	if d.Side == Source {
		d.role(w, redshift.Build("UNLOAD"), "copy: UNLOAD uses")
	} else {
		d.role(w, redshift.Build("COPY"), "copy and load: COPY uses")
	}
}

// role lets the user have a command run as the role.
func (d *Document) role(w job.Warehouse, command redshift.SQL, what string) {
	roles := redshift.Build("ASSUMEROLE ON ?", redshift.Lit(w.S3Role))
	d.Grants = append(d.Grants, Grant{
		SQL:  redshift.Build("GRANT ? TO ? FOR ?", roles, d.User, command),
		Undo: redshift.Build("REVOKE ? FROM ? FOR ?", roles, d.User, command),
		Why:  what + " this role. Needed where REVOKE ASSUMEROLE ON ALL FROM PUBLIC FOR ALL was run; elsewhere everybody may",
	})
}

// masks: their keys come into the source by the stage.
func (d *Document) masks(w job.Warehouse) {
	d.temporary(w, "copy and sync, masks: their keys, and long dictionaries, are temporary tables of the session")
	d.role(w, redshift.Build("COPY"), "copy and sync, masks: COPY reads their keys from the stage, as")
}

// temporary: tables of a session.
func (d *Document) temporary(w job.Warehouse, why string) {
	d.allow(inTheSource, why+". Everybody may make those, where it was not revoked", redshift.Build("TEMP ON DATABASE ?", must(redshift.NewIdent(w.Database))))
}

// source: what is read. Nothing is changed there.
func (d *Document) source(j *job.Job) {
	whole := make(map[string]bool) // schemas of which every table is read
	for i := range j.Tables {
		if schema, name := j.Tables[i].Select.Names(); strings.Contains(name, "*") {
			whole[schema] = true
		}
	}
	for i := range j.Tables {
		t := &j.Tables[i]
		if t.Query != "" {
			d.note("tables[%d] is a query: grant USAGE on the schemas and SELECT on the tables that it reads", i)
			continue
		}
		schema, name := t.Select.Names()
		if strings.Contains(schema, "*") {
			d.note("tables[%d]: %s stands for schemas that only the warehouse knows: grant USAGE on each, and SELECT on its tables; or name the schemas in the job", i, t.Select.Text)
			continue
		}
		in := must(redshift.NewIdent(schema))
		d.allow("", "plan finds the tables of the schema, copy unloads them, verify reads them", redshift.Build("USAGE ON SCHEMA ?", in))
		const why = "copy unloads it and takes its digest in the same snapshot; verify reads it"
		switch {
		case name == "*":
			d.allow(verified, "copy unloads them and takes their digests in the same snapshots; verify reads them"+leftOut(j, schema), redshift.Build("SELECT ON ALL TABLES IN SCHEMA ?", in))
		case strings.Contains(name, "*"):
			d.allow(verified, "copy unloads those that "+t.Select.Text+" stands for. That is more than it needs: GRANT knows no patterns", redshift.Build("SELECT ON ALL TABLES IN SCHEMA ?", in))
		case !whole[schema]:
			d.allow(verified, why, redshift.Build("SELECT ON TABLE ?", must(redshift.NewTable(schema, name))))
		}
		if whole[schema] {
			d.note("tables that are made in schema %s later are not covered: grant them as well, or let whoever makes them ALTER DEFAULT PRIVILEGES", schema)
		}
	}
}

// leftOut says what of a schema is granted although the job excludes it.
func leftOut(j *job.Job, schema string) string {
	for _, x := range j.Exclude {
		if s, _ := x.Names(); s == schema || strings.Contains(s, "*") {
			return ". Also of those that the job excludes: GRANT knows no patterns"
		}
	}
	return ""
}

// entry is where one of a job's entries goes.
type entry struct {
	field  string
	schema string
	table  string // "" where it may be many
	mode   string
	// Of sync: rows that are gone are marked and not deleted; the table follows the source's definition.
	marks, evolves bool
}

func entries(j *job.Job) []entry {
	var all []entry
	for i := range j.Tables {
		t := &j.Tables[i]
		e := entry{
			field: fmt.Sprintf("tables[%d]", i), mode: cmp.Or(t.Mode, j.Defaults.Mode),
			marks: t.DeletedAt != "", evolves: cmp.Or(t.OnSchemaChange, j.Defaults.OnSchemaChange) == "evolve",
		}
		e.schema, e.table = t.Select.Names()
		if t.As != "" {
			schema, name := job.Pattern{Text: t.As}.Names()
			e.schema = schema
			if name != "*" {
				e.table = name
			}
		}
		if strings.Contains(e.table, "*") {
			e.table = ""
		}
		all = append(all, e)
	}
	for i := range j.Files {
		f := &j.Files[i]
		e := entry{field: fmt.Sprintf("files[%d]", i), mode: cmp.Or(f.Mode, j.Defaults.Mode)}
		e.schema, e.table = job.Pattern{Text: f.As}.Names()
		all = append(all, e)
	}
	return all
}

// target: the ledger, schemas to make shadows in, and the tables that are there already.
func (d *Document) target(j *job.Job) {
	d.ledger()
	d.synced(j)
	for _, e := range entries(j) {
		if strings.Contains(e.schema, "*") {
			d.note("%s goes into schemas that only the source knows: grant USAGE and CREATE on each; or name them in the job", e.field)
			continue
		}
		d.schema(e)
		d.table(e)
	}
	d.owners(j)
	if len(j.Files) > 0 {
		d.note("sealift sync of files keeps which were loaded in %s, which it makes at the first time: grant CREATE on schema %s for that", redshift.SyncedFiles, redshift.SyncedFiles.Schema)
	}
}

// ledger makes Sealift's own tables, which users of several jobs share.
func (d *Document) ledger() {
	own := redshift.Ledger.Schema
	for i, sql := range append([]redshift.SQL{redshift.CreateSchema(own)}, redshift.CreateLedger()...) {
		why := "Sealift's own tables, which all jobs into this database share: made here, so that the user needs no right to"
		if i > 0 {
			why = "as above"
		}
		d.Grants = append(d.Grants, Grant{SQL: sql, Why: why, Promise: whole})
	}
	d.allow(whole, "copy and load: to reach the two tables", redshift.Build("USAGE ON SCHEMA ?", own))
	d.allow(whole, "copy and load: each publish leaves its marker", redshift.Build("INSERT ON TABLE ?", redshift.Ledger))
	d.allow(whole, "resume, or a connection lost during COMMIT: the marker tells whether a publish happened", redshift.Build("SELECT ON TABLE ?", redshift.Ledger))
	d.allow(whole, "copy and load: each run claims its tables", redshift.Build("INSERT ON TABLE ?", redshift.Fence))
	d.allow(whole, "copy and load: each publish touches its claim, so that a run that was taken over cannot publish", redshift.Build("UPDATE ON TABLE ?", redshift.Fence))
	d.allow(whole, "copy and load: a claim replaces an earlier run's", redshift.Build("DELETE ON TABLE ?", redshift.Fence))
	d.allow(whole, "copy and load: both find the claim by its table", redshift.Build("SELECT ON TABLE ?", redshift.Fence))
}

// synced adds the table that says how far each table has come, where the job is one for sync.
func (d *Document) synced(j *job.Job) {
	if !Synced(j) {
		if slices.ContainsFunc(j.Tables, func(t job.Table) bool { return cmp.Or(t.Mode, j.Defaults.Mode) == "replace" }) {
			d.note("sealift sync of this job keeps how far each table has come in %s, which it makes at the first time: grant CREATE on schema %s for that", redshift.Cursors, redshift.Cursors.Schema)
		}
		return
	}
	d.Grants = append(d.Grants, Grant{SQL: redshift.CreateCursors(), Why: "how far each table has come: made here, for the same reason", Promise: whole})
	d.allow(whole, "sync: each publish leaves how far its table has come", redshift.Build("INSERT ON TABLE ?", redshift.Cursors))
	d.allow(whole, "sync: that replaces what the one before left", redshift.Build("DELETE ON TABLE ?", redshift.Cursors))
	d.allow(whole, "sync: goes on from there", redshift.Build("SELECT ON TABLE ?", redshift.Cursors))
}

// Synced tells whether a job can only be meant for sync.
func Synced(j *job.Job) bool {
	return slices.ContainsFunc(j.Tables, func(t job.Table) bool {
		mode := cmp.Or(t.Mode, j.Defaults.Mode)
		return t.Since != "" || mode == "mirror" || mode == "history"
	})
}

func (d *Document) schema(e entry) {
	name := must(redshift.NewIdent(e.schema))
	if e.schema != "public" {
		if sql := redshift.CreateSchema(name); !slices.ContainsFunc(d.Grants, func(g Grant) bool { return g.SQL == sql }) {
			d.Grants = append(d.Grants, Grant{SQL: sql, Why: "tables go there; made here, so that the user needs no right to make schemas"})
		}
	}
	d.allow(whole, "copy and load: to reach the tables of the schema", redshift.Build("USAGE ON SCHEMA ?", name))
	d.allow(whole, "copy and load: rows are loaded into a shadow beside their table, and compared, before anybody sees them", redshift.Build("CREATE ON SCHEMA ?", name))
}

// table: what is needed of a table that is there. One that is not is made by the user, who then owns it.
func (d *Document) table(e entry) {
	on := redshift.Build("ALL TABLES IN SCHEMA ?", must(redshift.NewIdent(e.schema)))
	if e.table != "" {
		on = redshift.Build("TABLE ?", must(redshift.NewTable(e.schema, e.table)))
	}
	switch e.mode {
	case "append", "merge", "mirror", "history":
		how := "copy, load and sync, mode " + e.mode + ": "
		first := how + "rows are added"
		if e.table != "" {
			first += ". Fails without harm, as do the next, where there is no such table: Sealift then makes it, and the user owns it"
		}
		d.allow(whole, first, redshift.Build("INSERT ON ?", on))
		why := how + map[string]string{
			"append": "LOCK TABLE asks for it, so that nobody else writes meanwhile", "merge": "rows take the place of those with their key",
			"mirror": "rows take the place of those with their key, and those that are gone can be marked", "history": "it is said until when a version of a row holds",
		}[e.mode]
		d.allow(whole, why, redshift.Build("UPDATE ON ?", on))
		why = how + "rows are found by their key, and compared once more before they are published"
		if e.mode == "append" {
			why = "verify compares what is there"
		}
		d.allow(verified, why, redshift.Build("SELECT ON ?", on))
		if e.mode == "mirror" && !e.marks {
			d.allow(whole, how+"rows that are gone from the source are deleted", redshift.Build("DELETE ON ?", on))
		}
		if e.evolves {
			d.note("%s, on_schema_change: evolve: the target's definition is altered, which only its owner may: tables that are there have to be given to %s (ALTER TABLE ... OWNER TO)", e.field, d.User)
		}
	case "replace":
		if e.table == "" {
			d.note("%s, mode replace: tables of schema %s that are there and that %s does not own have to be given to it: ALTER TABLE ... OWNER TO; sealift check --fix sql names them", e.field, e.schema, d.User)
			return
		}
		t := must(redshift.NewTable(e.schema, e.table))
		d.Grants = append(d.Grants, Grant{
			SQL:     redshift.Build("ALTER TABLE ? OWNER TO ?", t, d.User),
			Why:     "copy and load, mode replace: only its owner may put another in a table's place. Fails without harm where there is no such table: Sealift then makes it, and owns it",
			Promise: whole,
		})
	}
}

// owners says what a job that carries owners over asks for, which no grant gives.
func (d *Document) owners(j *job.Job) {
	carries := j.Defaults.Owner
	for i := range j.Tables {
		carries = carries || j.Tables[i].Owner != nil && *j.Tables[i].Owner
	}
	if carries {
		d.note("owner: true gives tables to other users, which only a superuser may. Leave it out of the job, or make %s a superuser, who may do anything in every database of the warehouse: ALTER USER %s CREATEUSER",
			d.User, redshift.Build("?", d.User))
	}
}

// must is for names that a parsed job cannot hold otherwise.
func must[T any](v T, err error) T {
	if err != nil {
		panic("grants: " + err.Error())
	}
	return v
}
