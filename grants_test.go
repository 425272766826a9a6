package sealift_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
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
		"create schema d", "create table d.live (id int, at int)", "create table d.past (id int, at int)")
	admin("target", "revoke assumerole on all from public for all", "create schema a", "create schema c",
		"create table a.merged (id int)", "create table a.added (id int)", "create table c.swapped (id int)",
		"create table c.full (id int)", "insert into c.full values (1)", "grant select on c.full to public",
		"create table c.people (email varchar(50))",
		"create schema d", "create table d.live (id int, at int)",
		"create table d.past (id int, at int, valid_from int, valid_to int, is_current boolean)")

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
	// scenario is the one that a grant is needed for.
	scenario := func(side, sql string) string {
		switch {
		case strings.Contains(sql, "svv_table_info") && side == "source":
			return "plan tells how much it moves"
		case strings.Contains(sql, "svv_table_info"):
			return "plan refuses what is not empty"
		case strings.Contains(sql, `SELECT ON TABLE "a"."added"`):
			return "verify"
		case strings.Contains(sql, "TEMP ON"), side == "source" && strings.HasSuffix(sql, "FOR COPY"), strings.Contains(sql, `"people"`):
			return "mask"
		case strings.Contains(sql, `"d"`), strings.Contains(sql, `"sealift"."cursors"`):
			return "sync"
		case strings.Contains(sql, `"a"."added"`), strings.Contains(sql, `SELECT ON TABLE "sealift"."ledger"`):
			return "load"
		default:
			return "copy"
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
	}{{tables, grants.Source, false}, {tables, grants.Target, false}, {replaced, grants.Target, true}, {masked, grants.Source, true}, {masked, grants.Target, true}, {synced, grants.Source, true}, {synced, grants.Target, true}, {files, grants.Target, true}} {
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
	removed := 0
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
		removed++
		admin(g.side, undo)
		name := scenario(g.side, sql)
		if said, ok := scenarios[name](); ok {
			t.Errorf("%s succeeds without %s (%s)", name, sql, g.Why)
		} else if !strings.HasPrefix(name, "plan") && !strings.Contains(said, "permission") && !strings.Contains(said, "must be owner") {
			t.Errorf("without %s, %s failed for another reason:\n%s", sql, name, said)
		}
		admin(g.side, sql)
	}
	everything()
	const least = 20
	if removed < least {
		t.Errorf("only %d grants", removed)
	}
}

// runCLI runs a command of the program in this process.
func runCLI(t *testing.T, args ...string) (code int, said string) {
	t.Helper()
	var out bytes.Buffer
	code = cli.Run(context.WithoutCancel(t.Context()), cli.Process{Args: args, Stdin: strings.NewReader(""), Stdout: &out, Stderr: &out, Env: os.LookupEnv})
	return code, out.String()
}
