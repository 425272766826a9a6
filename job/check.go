package job

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"
)

// check holds fields against each other. What a field alone must look like was said when it was read.
func (p *parser) check(j *Job) {
	if !p.given("source") {
		j.Source = Warehouse{} // without the defaults of one
	}
	p.warehouse("source", &j.Source)
	p.warehouse("target", &j.Target)
	if p.given("files") && p.given("tables") != p.given("source") {
		p.conflict("tables", "source and tables go together; a job of files alone has neither")
	}
	if at, given := p.values["files"]; given && !p.broken["files"] && len(j.Files) == 0 {
		p.mistake(at, "files", "is empty; name at least one file and its table")
	}
	for i := range j.Files {
		p.fileSet(fmt.Sprintf("files[%d]", i), &j.Files[i], j.Defaults.Mode)
	}
	if at, given := p.values["tables"]; given && !p.broken["tables"] && len(j.Tables) == 0 {
		p.mistake(at, "tables", "is empty; name at least one table or pattern")
	}
	for i := range j.Tables {
		p.table(fmt.Sprintf("tables[%d]", i), &j.Tables[i], j.Defaults.Mode)
	}
	for i := range j.Tables {
		if j.Masking == nil && (len(j.Tables[i].Mask) > 0 || j.Tables[i].Unmasked != nil) {
			p.conflict(fmt.Sprintf("tables[%d]", i), "masks need masking, which says under which key")
		}
	}
	if j.Subset != nil && !p.broken["subset"] {
		p.subset(j.Subset)
	}
	for i := range j.Exclude {
		p.pattern(fmt.Sprintf("exclude[%d]", i), j.Exclude[i])
	}
}

// given tells whether the file has a path, whatever its value.
func (p *parser) given(path string) bool {
	_, ok := p.keys[path]
	return ok
}

// conflict reports a key that may not be there because of another.
func (p *parser) conflict(path, format string, args ...any) {
	p.mistake(p.place(path), path, format, args...)
}

// warehouse settles how to log in, and checks that what this takes is there.
func (p *parser) warehouse(path string, w *Warehouse) {
	if !p.given(path) || p.broken[path] {
		return // which is a mistake already
	}
	at := func(key string) string { return join(path, key) }
	if p.given(at("postgres")) {
		p.postgres(path, w)
		return
	}
	if p.given(at("sslmode")) {
		p.conflict(at("sslmode"), "is for postgres; warehouses are reached by TLS only")
	}
	named := p.given(at("cluster")) || p.given(at("workgroup"))
	switch {
	case p.given(at("cluster")) && p.given(at("workgroup")):
		p.conflict(at("workgroup"), "a warehouse is a cluster or a workgroup, not both")
	case !named && !p.given(at("host")):
		p.conflict(path, "names no warehouse; give cluster, workgroup or host")
	}
	if w.Auth == "" {
		w.Auth = "iam"
		if p.given(at("password_from")) || !named {
			w.Auth = "password"
		}
	}
	switch w.Auth {
	case "password":
		p.needs(path, "password_from", "auth: password")
		p.needs(path, "user", "auth: password")
	case "secret":
		p.needs(path, "password_from", "auth: secret")
		if p.given(at("password_from")) && w.PasswordFrom != "" && !strings.HasPrefix(w.PasswordFrom, "secretsmanager:") {
			p.conflict(at("password_from"), "auth: secret takes user and password from Secrets Manager: secretsmanager:ARN")
		}
	case "iam":
		if p.given(at("password_from")) {
			p.conflict(at("password_from"), "auth: iam takes no password; leave it out, or write auth: password")
		}
		p.ownUser(path, w.Auth, named)
	case "data-api":
		p.remote(path, w, named)
	}
	for _, key := range []string{"groups", "auto_create"} {
		if p.given(at(key)) && (w.Auth != "iam" || !p.given(at("user"))) {
			p.conflict(at(key), "is for auth: iam with a user")
		}
	}
	switch {
	case !named && !p.given(at("host")):
	case !p.given(at("host")):
		p.needs(path, "region", "looking the address up")
	case w.Auth != "password":
		p.needs(path, "region", "auth: "+w.Auth)
	case p.given(at("assume_role")):
		p.needs(path, "region", "assume_role")
	}
	if w.Door != nil && !p.broken[at("door")] {
		p.door(at("door"), w.Door)
		p.needs(path, "region", "door")
	}
	if p.given(at("role_duration")) {
		p.needs(path, "assume_role", "role_duration")
		switch d, err := time.ParseDuration(w.RoleDuration); {
		case err != nil || p.broken[at("role_duration")]: // said when it was read
		case d < 15*time.Minute || d > 12*time.Hour:
			p.mistake(p.values[at("role_duration")], at("role_duration"), "%s is not between 15m and 12h", w.RoleDuration)
		case d > time.Hour && strings.Contains(w.AssumeRole, ","):
			p.mistake(p.values[at("role_duration")], at("role_duration"), "%s is more than the hour that AWS gives a role that is taken with another's credentials", w.RoleDuration)
		}
	}
	if p.given(at("web_identity_token_file")) {
		p.needs(path, "assume_role", "web_identity_token_file")
		p.needs(path, "region", "web_identity_token_file")
		if p.given(at("external_id")) && !strings.Contains(w.AssumeRole, ",") {
			p.conflict(at("external_id"), "cannot be passed with a web identity; its role's trust names the token's aud and sub")
		}
	}
	if p.given(at("external_id")) && !p.given(at("assume_role")) {
		p.conflict(at("external_id"), "is passed when a role is assumed, but there is no assume_role")
	}
}

// ownUser checks what auth: iam and data-api have in common.
func (p *parser) ownUser(path, auth string, named bool) {
	if !named {
		p.conflict(path, "auth: %s needs cluster or workgroup", auth)
	}
	if p.given(join(path, "workgroup")) && !p.given(join(path, "cluster")) && p.given(join(path, "user")) {
		p.conflict(join(path, "user"), "a workgroup lets in the user that stands for the caller, with auth: %s; leave it out", auth)
	}
}

// remote checks what auth: data-api has no use for: there is no connection, and so no address and no door.
func (p *parser) remote(path string, w *Warehouse, named bool) {
	p.ownUser(path, w.Auth, named)
	for _, key := range []string{"host", "port", "ca_file", "door"} {
		if p.given(join(path, key)) {
			p.conflict(join(path, key), "auth: data-api makes no connection to the warehouse; leave it out")
		}
	}
	from := join(path, "password_from")
	switch {
	case !p.given(from):
	case w.PasswordFrom != "" && !strings.HasPrefix(w.PasswordFrom, "secretsmanager:"):
		p.conflict(from, "auth: data-api takes a login from Secrets Manager only: secretsmanager:ARN")
	case p.given(join(path, "user")):
		p.conflict(join(path, "user"), "stands in the secret that password_from names; leave it out")
	}
}

// postgres checks a source that is no warehouse.
func (p *parser) postgres(path string, w *Warehouse) {
	at := func(key string) string { return join(path, key) }
	if path != "source" {
		p.conflict(at("postgres"), "only the source of sealift sync can be a PostgreSQL server")
		return
	}
	for _, key := range []string{"cluster", "workgroup", "host", "s3_role", "groups", "auto_create", "assume_role", "role_duration", "web_identity_token_file", "external_id", "account", "door"} {
		if p.given(at(key)) {
			p.conflict(at(key), "is for warehouses; a PostgreSQL server has postgres, port, database, user, password_from, sslmode and ca_file")
		}
	}
	if p.given(at("auth")) && w.Auth != "password" {
		p.conflict(at("auth"), "a PostgreSQL server is logged in to by password")
	}
	w.Auth = "password"
	p.needs(path, "user", "postgres")
	if !p.given(at("port")) {
		w.Port = 5432
	}
	local := strings.HasPrefix(w.Postgres, "/")
	if !p.given(at("sslmode")) {
		w.SSLMode = "verify-full"
		if local {
			w.SSLMode = "disable"
		}
	}
	if !local {
		p.needs(path, "password_from", "postgres")
	}
	switch a, err := netip.ParseAddr(w.Postgres); {
	case w.SSLMode != "disable", local, w.Postgres == "localhost", err == nil && a.IsLoopback():
	default:
		p.conflict(at("sslmode"), "disable would send rows in clear over the network; it is for a server on this machine")
	}
}

// door holds what its grammars cannot say.
func (p *parser) door(path string, d *Door) {
	if at := join(path, "address"); p.given(at) && !p.broken[at] && d.Address != "auto" && d.Address != "" {
		if r, err := netip.ParsePrefix(d.Address); err != nil {
			p.mistake(p.values[at], at, "%s is not an address with its length: 203.0.113.7/32", quote(d.Address))
		} else if r != r.Masked() {
			p.mistake(p.values[at], at, "%s has bits beyond its length; write %s", quote(d.Address), r.Masked())
		}
		if p.given(join(path, "url")) {
			p.conflict(join(path, "url"), "is asked for the address, which address gives already")
		}
	}
	if at := join(path, "ttl"); p.given(at) {
		if t, err := time.ParseDuration(d.TTL); err == nil && !p.broken[at] && (t < 5*time.Minute || t > 12*time.Hour) {
			p.mistake(p.values[at], at, "%s is not between 5m and 12h", d.TTL)
		}
	}
	if p.given(join(path, "scheduler_role")) && d.WithoutSchedule {
		p.conflict(join(path, "scheduler_role"), "is for a schedule, and without_schedule wants none")
	}
}

func (p *parser) needs(section, key, why string) {
	if path := join(section, key); !p.given(path) {
		p.conflict(path, "is missing; %s needs it", why)
	}
}

func (p *parser) table(path string, t *Table, mode string) {
	if t.Mode != "" {
		mode = t.Mode
	}
	at := func(key string) string { return join(path, key) }
	bare := t.Select.Text != "" && !p.given(at("select")) // a text in place of keys and values
	switch hasSelect, hasQuery := bare || p.given(at("select")), p.given(at("query")); {
	case hasSelect && hasQuery:
		p.conflict(at("query"), "an entry is a table or a query, not both")
	case hasQuery:
		p.query(path, t)
	case hasSelect && bare:
		p.pattern(path, t.Select)
	case hasSelect:
		p.pattern(at("select"), t.Select)
		p.as(path, t)
	case !p.broken[path]:
		p.conflict(path, "names no table; give select or query")
	}
	for _, list := range []struct {
		key   string
		names []string
	}{{"columns", t.Columns}, {"key", t.Key}} {
		p.columns(at(list.key), list.names)
	}
	switch {
	case slices.Contains([]string{"merge", "mirror", "history"}, mode) && !p.given(at("key")):
		p.conflict(path, "mode: %s needs key, the columns that identify a row", mode)
	case slices.Contains([]string{"create", "replace"}, mode) && p.given(at("key")) && !p.given("subset") && !p.broken[at("mode")]:
		p.conflict(at("key"), "is for mode: merge, mirror, history or append, or for a subset; this entry's mode is %s", mode)
	case mode == "append" && p.given(at("key")) && !p.given(at("since")) && !p.given("subset") && !p.broken[at("mode")]:
		p.conflict(at("key"), "is for sync in mode: append, which needs since")
	case mode == "history" && !p.given(at("since")):
		p.conflict(path, "mode: history needs since, the column that says from when a row holds")
	}
	p.masks(at("mask"), t.Mask)
	if t.Unmasked != nil && *t.Unmasked && len(t.Mask) > 0 {
		p.conflict(at("unmasked"), "says that the table has no masks, and it has")
	}
	if p.given(at("lookback")) && !p.given(at("since")) {
		p.conflict(at("lookback"), "is for since, and there is none")
	}
	if p.given(at("deleted_at")) && mode != "mirror" && !p.broken[at("mode")] {
		p.conflict(at("deleted_at"), "is for mode: mirror only; this entry's mode is %s", mode)
	}
}

func (p *parser) fileSet(path string, f *FileSet, mode string) {
	at := func(key string) string { return join(path, key) }
	if f.Mode != "" {
		mode = f.Mode
	}
	if f.As != "" {
		as := Pattern{Text: f.As, Pos: p.values[at("as")]}
		p.pattern(at("as"), as)
		if !as.exact() {
			p.mistake(as.Pos, at("as"), "files become one table; write schema.table")
		}
	}
	if at, given := p.values[at("path")]; given && f.Path != nil && len(f.Path) == 0 {
		p.mistake(at, join(path, "path"), "is empty; name a file")
	}
	for _, place := range f.Path {
		if IsOddAddress(place) {
			p.mistake(p.values[at("path")], at("path"), "%s is neither a path nor s3://BUCKET/KEY", quote(place))
		}
	}
	if quote := cmp.Or(f.Quote, `"`); f.Delimiter == quote && !p.broken[at("delimiter")] {
		p.conflict(at("delimiter"), "%s is what fields are quoted with, too; one character cannot be both", f.Delimiter)
	}
	p.columns(at("key"), f.Key)
	switch {
	case mode == "mirror" || mode == "history":
		p.conflict(path, "mode: %s is for tables that sync reads; write mode: append, replace or merge here", mode)
	case mode == "merge" && !p.given(at("key")):
		p.conflict(path, "mode: merge needs key, the columns that identify a row")
	case mode != "merge" && p.given(at("key")) && !p.broken[at("mode")]:
		p.conflict(at("key"), "is for mode: merge only; this entry's mode is %s", mode)
	}
	if (f.MaxErrors > 0) != (f.Rejects != "") && !p.broken[at("max_errors")] && !p.broken[at("rejects")] {
		p.conflict(path, "max_errors and rejects go together: nothing is dropped silently")
	}
}

func (p *parser) query(path string, t *Table) {
	if !p.given(join(path, "as")) {
		p.conflict(path, "a query needs as, its table's name in the target")
	} else if t.As != "" {
		as := Pattern{Text: t.As, Pos: p.values[join(path, "as")]}
		p.pattern(join(path, "as"), as)
		if !as.exact() {
			p.mistake(as.Pos, join(path, "as"), "a query becomes one table; write schema.table")
		}
	}
	for _, key := range []string{"columns", "where"} {
		if p.given(join(path, key)) {
			p.conflict(join(path, key), "a query says itself which columns and rows it has")
		}
	}
}

// as checks a table's new name: schema.table for one table, schema.* for any.
func (p *parser) as(path string, t *Table) {
	if t.As == "" {
		return
	}
	field := join(path, "as")
	as := Pattern{Text: t.As, Pos: p.values[field]}
	schema, name, err := as.split()
	switch {
	case err != nil:
		p.mistake(as.Pos, field, "%v", err)
	case strings.Contains(schema, "*") || strings.Contains(name, "*") && !strings.HasSuffix(t.As, ".*"):
		p.mistake(as.Pos, field, "%s: * can only stand for the whole name, as in dev.*", quote(t.As))
	case !t.Select.exact() && as.exact():
		p.mistake(as.Pos, field, "%s may select many tables, which cannot all become %s; write %s.*", quote(t.Select.Text), quote(t.As), schema)
	}
}

func (p *parser) pattern(path string, t Pattern) {
	if t.Text == "" {
		return // said when it was read
	}
	if _, _, err := t.split(); err != nil {
		p.mistake(t.Pos, path, "%v", err)
	}
}

func (p *parser) columns(path string, names []string) {
	if at, given := p.values[path]; given && names != nil && len(names) == 0 {
		p.mistake(at, path, "is empty; name columns, or leave the key out")
	}
	seen := make(map[string]bool, len(names))
	for i, name := range names {
		if name == "" {
			continue // said when it was read
		}
		at := fmt.Sprintf("%s[%d]", path, i)
		if seen[strings.ToLower(name)] {
			p.mistake(p.values[at], at, "%s is named twice", quote(name))
		}
		seen[strings.ToLower(name)] = true
	}
}
