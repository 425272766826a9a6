package sealift_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/sealift/sealift/internal/cli"
	"github.com/sealift/sealift/internal/grants"
	"github.com/sealift/sealift/job"
)

// Each grant that setup sql writes is needed: without it, one of these scenarios ends otherwise than with all of them.
// Hazards M8.
func TestEveryGrantIsNeeded(t *testing.T) {
	s := newSite(t, "grants")
	env := s.env()
	for k, v := range env {
		t.Setenv(k, v)
	}
	t.Setenv("SEALIFT_STATE_DIR", t.TempDir())
	t.Setenv("MASK_KEY", "c2VhbGlmdCB0ZXN0IGtleSBvZiAzMiBieXRlcyEhISE=")
	t.Setenv("SOURCE_USER", s.database+"_reader")
	t.Setenv("TARGET_USER", s.database+"_loader")
	t.Setenv("SOURCE_PASSWORD", "Reader-0001")
	t.Setenv("TARGET_PASSWORD", "Loader-0001")
	admin := func(side string, statements ...string) {
		t.Helper()
		for _, sql := range statements {
			if _, err := s.query(t.Context(), side, sql); err != nil {
				t.Fatalf("%s: %s: %v", side, sql, err)
			}
		}
	}
	admin("source", "revoke assumerole on all from public for all", "create schema a", "create schema b",
		"create table a.made (id int)", "insert into a.made values (1)", "create table a.merged (id int)", "insert into a.merged values (1)",
		"create table b.swapped (id int)", "insert into b.swapped values (1)", "revoke temp on database "+s.database+" from public",
		"create table b.people (email varchar(50))", "insert into b.people values ('a@example.org')",
		"create schema d", "create table d.live (id int, at int)", "create table d.past (id int, at int)",
		"create schema e", "create table e.log (id int)", "create schema g", "create table g.live (id int)",
		"create table b.parts (id int primary key)", "insert into b.parts values (1), (2)",
		"create table b.lines (id int, part int)", "insert into b.lines values (1, 1), (2, 2)")
	admin("target", "revoke assumerole on all from public for all", "create schema a", "create schema c",
		"create table a.merged (id int)", "create table a.added (id int)", "create table c.swapped (id int)",
		"create table c.full (id int)", "insert into c.full values (1)", "grant select on c.full to public",
		"create table c.people (email varchar(50))",
		"create schema d", "create table d.live (id int, at int)",
		"create table d.past (id int, at int, valid_from int, valid_to int, is_current boolean)",
		"create schema e", "create table e.log (id int)", "create schema g", "create table g.live (id int)",
		"create table c.parts (id int)", "create table c.lines (id int, part int)")

	dir := t.TempDir()
	write := func(name, text string) string {
		t.Helper()
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(os.ExpandEnv(text)), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	_, rest, _ := strings.Cut(jobHead, "target:\n")
	tables := write("tables.yaml", jobHead+`tables:
  - a.made
  - {select: a.merged, mode: merge, key: [id]}
  - {select: b.*, as: c.*, mode: replace}
`)
	replaced := write("replaced.yaml", jobHead+"tables: [{select: b.swapped, as: c.swapped, mode: replace}]\n")
	synced := write("synced.yaml", jobHead+`tables:
  - {select: d.live, mode: mirror, key: [id]}
  - {select: d.past, mode: history, key: [id], since: at}
`)
	masked := write("masked.yaml", jobHead+`masking: {key: 'env:MASK_KEY', environment: test}
tables: [{select: b.people, as: c.people, mode: replace, mask: {email: {use: email, domain: e}}}]
`)
	many := write("many.yaml", jobHead+`tables:
  - {select: e.*, mode: append, since: id}
  - {select: g.*, mode: mirror, key: [id]}
`)
	part := write("part.yaml", jobHead+`subset: {tables: [{table: b.parts, where: "id = 1"}], foreign_keys: [{table: b.lines, columns: part, references: b.parts}]}
tables: [{select: b.parts, as: c.parts, mode: replace}, {select: b.lines, as: c.lines, mode: replace}]
`)
	full := write("full.yaml", jobHead+"tables: [{select: a.made, as: c.full}]\n")
	added := write("added.yaml", jobHead+"tables: [{select: a.made, as: a.added, mode: append}]\n")
	files := write("files.yaml", "version: 1\ntarget:\n"+rest+"files: [{path: rows.csv, as: a.added, mode: append, again: false}]\n")
	rows := filepath.Join(dir, "rows.csv")
	loaded := 0
	scenarios := map[string]func() (said string, ok bool){
		"plan tells how much it moves": func() (string, bool) {
			admin("target", "drop table if exists a.made")
			code, said := runCLI(t, "plan", "--json", tables)
			return said, code == 0 && strings.Contains(said, `"estimated_rows": 1,`)
		},
		"plan refuses what is not empty": func() (string, bool) {
			code, said := runCLI(t, "plan", full)
			return said, code == 2 && strings.Contains(said, "exists in the target and has about 1 rows")
		},
		"copy": func() (string, bool) {
			loaded++ // a row to add, beside those to change
			admin("source", fmt.Sprintf("insert into a.merged values (%d)", 1+loaded))
			admin("target", "drop table if exists a.made")
			code, said := runCLI(t, "copy", tables)
			return said, code == 0
		},
		"load": func() (string, bool) {
			loaded++ // no content twice
			if err := os.WriteFile(rows, []byte("id\n"+strings.Repeat("1\n", loaded)), 0o600); err != nil {
				t.Fatal(err)
			}
			code, said := runCLI(t, "load", files)
			return said, code == 0
		},
		"mask": func() (string, bool) {
			code, said := runCLI(t, "copy", masked)
			return said, code == 0
		},
		"sync": func() (string, bool) {
			loaded++
			admin("source", fmt.Sprintf("insert into d.live values (%[1]d, 1); insert into d.past values (1, %[1]d)", loaded))
			code, said := runCLI(t, "sync", synced)
			return said, code == 0
		},
		"sync of patterns": func() (string, bool) {
			loaded++
			admin("source", fmt.Sprintf("insert into e.log values (%[1]d); delete from g.live; insert into g.live values (%[1]d)", loaded))
			code, said := runCLI(t, "sync", many)
			return said, code == 0
		},
		"subset": func() (string, bool) {
			code, said := runCLI(t, "copy", part)
			return said, code == 0
		},
		"unload": func() (string, bool) {
			loaded++
			code, said := runCLI(t, "unload", "a.made", "--job", added, "--to", filepath.Join(dir, fmt.Sprintf("out%d", loaded)))
			return said, code == 0
		},
		"verify of patterns": func() (string, bool) {
			_, said := runCLI(t, "verify", many, "--only", "e.log")
			return said, !strings.Contains(said, "permission denied")
		},
		"verify": func() (string, bool) {
			_, said := runCLI(t, "verify", added) // equal or not, by which scenarios ran before
			return said, !strings.Contains(said, "permission denied")
		},
	}
	everything := func() {
		t.Helper()
		for name, run := range scenarios {
			if said, ok := run(); !ok {
				t.Fatalf("with all grants, %s failed:\n%s", name, said)
			}
		}
	}
	// needing are those that a grant is needed for.
	needing := func(side, sql string) []string {
		switch {
		case strings.Contains(sql, "svv_table_info") && side == "source":
			return []string{"plan tells how much it moves"}
		case strings.Contains(sql, "svv_table_info"):
			return []string{"plan refuses what is not empty"}
		case strings.Contains(sql, `SELECT ON TABLE "a"."added"`):
			return []string{"verify"}
		case strings.Contains(sql, "TEMP ON"):
			return []string{"mask", "subset"}
		case side == "source" && strings.HasSuffix(sql, "FOR COPY"):
			return []string{"mask"}
		case strings.Contains(sql, `"people"`) && side == "target":
			return []string{"mask"}
		case strings.Contains(sql, `"parts"`), strings.Contains(sql, `"lines"`):
			return []string{"subset"}
		case strings.Contains(sql, `SELECT ON ALL TABLES IN SCHEMA "e"`) && side == "target":
			return []string{"verify of patterns"}
		case strings.Contains(sql, `"e"`), strings.Contains(sql, `"g"`):
			return []string{"sync of patterns"}
		case strings.Contains(sql, `"sealift"."cursors"`):
			return []string{"sync", "sync of patterns"}
		case strings.Contains(sql, `"d"`):
			return []string{"sync"}
		case strings.Contains(sql, `"a"."added"`), strings.Contains(sql, `SELECT ON TABLE "sealift"."ledger"`):
			return []string{"load"}
		case side == "source" && strings.Contains(sql, `SCHEMA "b"`):
			return []string{"copy", "mask", "subset"}
		case side == "source" && (strings.Contains(sql, `"a"."made"`) || strings.Contains(sql, `SCHEMA "a"`)):
			return []string{"copy", "unload"}
		case strings.HasSuffix(sql, "FOR UNLOAD"):
			return []string{"copy", "sync", "sync of patterns", "mask", "subset", "unload"}
		case strings.HasSuffix(sql, "FOR COPY"):
			return []string{"copy", "load", "sync", "sync of patterns", "mask", "subset"}
		default:
			return []string{"copy"}
		}
	}

	type granted struct {
		side string
		grants.Grant
	}
	var all []granted
	for _, of := range []struct {
		file     string
		side     grants.Side
		existing bool
	}{{tables, grants.Source, false}, {tables, grants.Target, false}, {replaced, grants.Target, true}, {masked, grants.Source, true}, {masked, grants.Target, true}, {synced, grants.Source, true}, {synced, grants.Target, true}, {many, grants.Source, true}, {many, grants.Target, true}, {part, grants.Source, true}, {part, grants.Target, true}, {files, grants.Target, true}} {
		text, err := os.ReadFile(of.file)
		if err != nil {
			t.Fatal(err)
		}
		j, err := job.Parse(of.file, text, os.LookupEnv)
		if err != nil {
			t.Fatal(err)
		}
		d, err := grants.For(j, of.side, grants.Options{Existing: of.existing})
		if err != nil {
			t.Fatal(err)
		}
		seen := map[string]bool{}
		for _, g := range all {
			seen[g.side+g.SQL.String()] = true
		}
		for _, g := range d.Grants {
			sql := g.SQL.String()
			admin(string(of.side), sql)
			if !seen[string(of.side)+sql] {
				all = append(all, granted{string(of.side), g})
			}
		}
	}
	admin("source", `alter user "`+os.Getenv("SOURCE_USER")+`" password 'Reader-0001'`)
	admin("target", `alter user "`+os.Getenv("TARGET_USER")+`" password 'Loader-0001'`)
	everything()
	proved := map[string]bool{} // kinds of grants
	for _, g := range all {
		sql := g.SQL.String()
		undo := g.Undo.String()
		switch {
		case strings.HasPrefix(sql, "GRANT "):
		case strings.HasPrefix(sql, "ALTER TABLE "):
			table, _, _ := strings.Cut(strings.TrimPrefix(sql, "ALTER TABLE "), " ")
			undo = "alter table " + table + ` owner to "` + env["TARGET_USER"] + `"`
		default:
			continue // made by an administrator, so that the user needs no right to
		}
		proved[kindOfGrant(g.side, sql)] = true
		admin(g.side, undo)
		for _, name := range needing(g.side, sql) {
			if said, ok := scenarios[name](); ok {
				t.Errorf("%s succeeds without %s (%s)", name, sql, g.Why)
			} else if !strings.HasPrefix(name, "plan") && !strings.Contains(said, "permission") && !strings.Contains(said, "must be owner") {
				t.Errorf("without %s, %s failed for another reason:\n%s", sql, name, said)
			}
		}
		admin(g.side, sql)
	}
	everything()
	for _, kind := range kindsOfGrants(t) {
		if !proved[kind] {
			t.Errorf("setup sql can write: %s; and nothing here shows that it is needed", kind)
		}
	}
}

// kindOfGrant is a grant without the names in it.
func kindOfGrant(side, sql string) string {
	return side + ": " + regexp.MustCompile(`'[^']*'|"[^"]*"(\."[^"]*")?`).ReplaceAllString(sql, "?")
}

// kindsOfGrants are all that setup sql writes for jobs of every kind: each mode, of a table, of some of a schema and of all of it.
func kindsOfGrants(t *testing.T) []string {
	t.Helper()
	var jobs []string
	for _, how := range []string{
		"mode: create", "mode: append", "mode: append, since: id", "mode: replace", "mode: merge, key: [id]", "mode: merge, key: [id], since: at",
		"mode: mirror, key: [id]", "mode: mirror, key: [id], deleted_at: gone", "mode: history, key: [id], since: at",
	} {
		for _, what := range []string{"s.t", "s.t*", "s.*"} {
			jobs = append(jobs, jobHead+"tables: [{select: "+what+", "+how+"}]\n")
		}
	}
	_, rest, _ := strings.Cut(jobHead, "target:\n")
	jobs = append(
		jobs, jobHead+"masking: {key: 'env:MASK_KEY'}\ntables: [{select: s.t, mask: {email: email}}]\n",
		jobHead+"subset: {tables: [{table: s.t, percent: 5}]}\ntables: [s.t]\n",
		"version: 1\ntarget:\n"+rest+"files: [{path: a.csv, as: s.t, mode: append}, {path: b.csv, as: s.u}, {path: c.csv, as: s.v, mode: merge, key: [id]}]\n",
	)
	var kinds []string
	for _, text := range jobs {
		j, err := job.Parse("job.yaml", []byte(os.ExpandEnv(text)), os.LookupEnv)
		if err != nil {
			t.Fatal(err)
		}
		for _, side := range []grants.Side{grants.Source, grants.Target} {
			if side == grants.Source && len(j.Tables) == 0 {
				continue
			}
			d, err := grants.For(j, side, grants.Options{})
			if err != nil {
				t.Fatal(err)
			}
			for _, g := range d.Grants {
				sql := g.SQL.String()
				if !strings.HasPrefix(sql, "GRANT ") && !strings.HasPrefix(sql, "ALTER TABLE ") {
					continue // made by an administrator, so that the user needs no right to
				}
				if kind := kindOfGrant(string(side), sql); !slices.Contains(kinds, kind) {
					kinds = append(kinds, kind)
				}
			}
		}
	}
	return kinds
}

// runCLI runs a command of the program in this process.
func runCLI(t *testing.T, args ...string) (code int, said string) {
	t.Helper()
	var out bytes.Buffer
	code = cli.Run(context.WithoutCancel(t.Context()), cli.Process{Args: args, Stdin: strings.NewReader(""), Stdout: &out, Stderr: &out, Env: os.LookupEnv})
	return code, out.String()
}
