package check

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sealift/sealift/internal/hint"
	"github.com/sealift/sealift/internal/redshift"
	"github.com/sealift/sealift/plan"
)

// Checks begin when those are over that they name, all others run at once, and the results are in the order of the list.
func TestRun(t *testing.T) {
	t.Parallel()
	met := make(chan string)
	meets := func(ctx context.Context) []Result { // two that can only end together
		select {
		case met <- "":
		case <-met:
		}
		return []Result{Good("both at once")}
	}
	ran := make(chan string, 10)
	says := func(name string, r ...Result) func(context.Context) []Result {
		return func(context.Context) []Result {
			ran <- name
			return r
		}
	}
	results := Run(t.Context(), []Check{
		{Name: "a", Side: "loader", About: "a", Run: meets},
		{Name: "b", Side: "loader", About: "b", Run: meets},
		{Name: "broken", Side: "source", About: "what is broken", Needs: []string{"a"}, Run: says("broken", Bad(hint.With(errors.New("why"), "do this"), "it"))},
		{Name: "quiet", Side: "source", Run: says("quiet")},
		{Name: "needs", Side: "target", About: "needs", Needs: []string{"quiet", "broken"}, Run: says("needs")},
		{Name: "deeper", Side: "target", About: "deeper", Needs: []string{"needs"}, Run: says("deeper")},
		{Name: "after", Side: "target", About: "after", After: []string{"broken", "deeper"}, Run: says("after", Result{State: OK, What: "tried", Side: "stage"})},
	})
	want := []Result{
		{Check: "a", Side: "loader", State: OK, What: "both at once"},
		{Check: "b", Side: "loader", State: OK, What: "both at once"},
		{Check: "broken", Side: "source", State: Missing, What: "it", Reason: "why", Hint: "do this"},
		{Check: "needs", Side: "target", State: CannotTell, What: "needs", Reason: "needs what is missing above: what is broken"},
		{Check: "deeper", Side: "target", State: CannotTell, What: "deeper", Reason: "needs what is missing above: what is broken"},
		{Check: "after", Side: "stage", State: OK, What: "tried"},
	}
	if diff := cmp.Diff(want, results); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	close(ran)
	var names []string
	for name := range ran {
		names = append(names, name)
	}
	if slices.Sort(names); !slices.Equal(names, []string{"after", "broken", "quiet"}) {
		t.Errorf("ran: %v", names)
	}
}

func TestRunThatIsInterrupted(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancelCause(t.Context())
	results := Run(ctx, []Check{
		{Name: "a", Run: func(context.Context) []Result { cancel(errors.New("stopped")); return nil }},
		{Name: "b", About: "the other", After: []string{"a"}, Run: func(context.Context) []Result { t.Error("ran"); return nil }},
	})
	if len(results) != 1 || results[0].State != CannotTell || results[0].Reason != "stopped" {
		t.Errorf("%+v", results)
	}
}

func TestRunOfChecksThatWouldWaitForEver(t *testing.T) {
	t.Parallel()
	none := func(context.Context) []Result { return nil }
	for name, checks := range map[string][]Check{
		"itself": {{Name: "a", Needs: []string{"a"}, Run: none}},
		"a ring": {{Name: "a", After: []string{"b"}, Run: none}, {Name: "b", Needs: []string{"a"}, Run: none}},
		"nobody": {{Name: "a", Needs: []string{"c"}, Run: none}},
		"twice":  {{Name: "a", Run: none}, {Name: "a", Run: none}},
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: was run", name)
				}
			}()
			Run(t.Context(), checks)
		}()
	}
}

func table(t *testing.T, name string) redshift.Table {
	t.Helper()
	parsed, err := redshift.ParseTable(name)
	if err != nil {
		t.Fatal(err)
	}
	return parsed
}

func ident(t *testing.T, name string) redshift.Ident {
	t.Helper()
	parsed, err := redshift.NewIdent(name)
	if err != nil {
		t.Fatal(err)
	}
	return parsed
}

// What each way of publishing takes, from a user who may do nothing; and of an owner, and of a superuser, nothing.
func TestWrites(t *testing.T) {
	t.Parallel()
	x := table(t, "w.x")
	catalog := &redshift.Catalog{
		Ledger: true, Schemas: map[redshift.Ident]bool{x.Schema: true, redshift.Ledger.Schema: true},
		Tables: []redshift.TableDef{{Table: x}},
	}
	const ledger = "USAGE on schema sealift, INSERT on sealift.ledger, SELECT on sealift.ledger, INSERT on sealift.fence, UPDATE on sealift.fence, DELETE on sealift.fence, SELECT on sealift.fence, "
	for method, want := range map[plan.Method]string{
		plan.Create:       "USAGE on schema w, CREATE on schema w",
		plan.Swap:         "USAGE on schema w, CREATE on schema w, ownership of w.x",
		plan.DeleteInsert: "USAGE on schema w, CREATE on schema w, SELECT on w.x, INSERT on w.x, DELETE on w.x",
		plan.Fill:         "USAGE on schema w, CREATE on schema w, SELECT on w.x, INSERT on w.x, UPDATE on w.x",
		plan.Append:       "USAGE on schema w, CREATE on schema w, INSERT on w.x, UPDATE on w.x",
		plan.Merge:        "USAGE on schema w, CREATE on schema w, SELECT on w.x, INSERT on w.x, UPDATE on w.x",
		plan.InsertNew:    "USAGE on schema w, CREATE on schema w, SELECT on w.x, INSERT on w.x, UPDATE on w.x",
		plan.History:      "USAGE on schema w, CREATE on schema w, SELECT on w.x, INSERT on w.x, UPDATE on w.x",
		plan.Mirror:       "USAGE on schema w, CREATE on schema w, SELECT on w.x, INSERT on w.x, UPDATE on w.x, DELETE on w.x",
	} {
		t.Run(string(method), func(t *testing.T) {
			t.Parallel()
			moves := []Move{{Target: x, Method: method}}
			rights := &redshift.Rights{User: ident(t, `u"`)}
			results := Writes(moves, false, rights, catalog)
			var got []string
			for _, r := range results {
				got = append(got, r.What)
				if r.State != Missing || r.Reason == "" || len(r.SQL) != 1 || !strings.HasSuffix(r.SQL[0], `TO "u""";`) {
					t.Errorf("%+v", r)
				}
			}
			if diff := cmp.Diff(ledger+want, strings.Join(got, ", ")); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			// All of it but the last.
			last := results[len(results)-1]
			rights.Schemas = map[redshift.Ident]redshift.SchemaRights{x.Schema: {Usage: true, Create: true}, redshift.Ledger.Schema: {Usage: true}}
			all := redshift.TableRights{Select: true, Insert: true, Update: true, Delete: true}
			rights.Tables = map[redshift.Table]redshift.TableRights{redshift.Ledger: all, redshift.Fence: all, x: {Owner: true}}
			if results := Writes(moves, false, rights, catalog); len(results) != 1 || results[0].State != OK {
				t.Errorf("an owner: %+v (%s)", results, last.What)
			}
			if results := Writes(moves, false, &redshift.Rights{User: ident(t, "root"), Superuser: true}, catalog); len(results) != 1 || results[0].State != OK {
				t.Errorf("a superuser: %+v", results)
			}
		})
	}
}

// A sync also writes down how far it has come, and may alter the target.
func TestWritesOfSync(t *testing.T) {
	t.Parallel()
	x := table(t, "w.x")
	catalog := &redshift.Catalog{Ledger: true, Schemas: map[redshift.Ident]bool{x.Schema: true, redshift.Ledger.Schema: true}, Tables: []redshift.TableDef{{Table: x}}}
	all := redshift.TableRights{Select: true, Insert: true, Update: true, Delete: true}
	rights := &redshift.Rights{
		User:    ident(t, "u"),
		Schemas: map[redshift.Ident]redshift.SchemaRights{x.Schema: {Usage: true, Create: true}, redshift.Ledger.Schema: {Usage: true}},
		Tables:  map[redshift.Table]redshift.TableRights{redshift.Ledger: all, redshift.Fence: all, x: all},
	}
	moves := []Move{{Target: x, Method: plan.Mirror, Alters: true}}
	said := func() string {
		var got []string
		for _, r := range Writes(moves, true, rights, catalog) {
			got = append(got, r.What)
		}
		return strings.Join(got, ", ")
	}
	if diff := cmp.Diff("CREATE on schema sealift, ownership of w.x", said()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	rights.Tables[redshift.Cursors] = redshift.TableRights{}
	moves[0].Alters = false
	if diff := cmp.Diff("INSERT on sealift.cursors, DELETE on sealift.cursors, SELECT on sealift.cursors", said()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// What is not there is made by an administrator, or by the user if it may.
func TestWritesIntoNothing(t *testing.T) {
	t.Parallel()
	moves := []Move{{Target: table(t, "w.x"), Method: plan.Create}, {Target: table(t, "w.y"), Method: plan.Create, Owned: true, Refers: []redshift.Table{table(t, "v.z")}}}
	rights := &redshift.Rights{User: ident(t, "u")}
	got := FixSQL(onSide(Writes(moves, false, rights, &redshift.Catalog{}), "target"))
	const want = `-- In the database of the target, as a superuser.

-- schema sealift: it is not there, and the user may make no schemas
CREATE SCHEMA IF NOT EXISTS "sealift";
GRANT USAGE ON SCHEMA "sealift" TO "u";
GRANT CREATE ON SCHEMA "sealift" TO "u";

-- schema w: it is not there, and the user may make no schemas
CREATE SCHEMA IF NOT EXISTS "w";
GRANT USAGE ON SCHEMA "w" TO "u";
GRANT CREATE ON SCHEMA "w" TO "u";

-- REFERENCES on v.z: a foreign key of w.y names it
GRANT REFERENCES ON TABLE "v"."z" TO "u";
`
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	rights.Create = true
	for _, r := range Writes(moves, false, rights, &redshift.Catalog{}) {
		if strings.Contains(r.What, "schema") {
			t.Errorf("%s", r.What)
		}
	}
	if fix := FixSQL([]Result{Good("all")}) + FixCloudFormation([]Result{Good("all")}); fix != "" {
		t.Error(fix)
	}
}

func onSide(results []Result, side string) []Result {
	for i := range results {
		results[i].Side = side
	}
	return results
}

// Policies that would change what is unloaded, without a word. Hazard H6.
func TestPolicies(t *testing.T) {
	t.Parallel()
	x := table(t, "w.x")
	moves := []Move{{Source: x}}
	reader := &redshift.Rights{User: ident(t, "etl")}
	row := func(values ...string) []*string {
		var out []*string
		for _, v := range values {
			out = append(out, &v)
		}
		return out
	}
	for name, tc := range map[string]struct {
		row   []*string
		super bool
		state State
		what  string
	}{
		"masked":       {row("masking", "mask_mail", "w", "x", "etl", "user", `["mail"]`), false, Missing, "w.x without masks: masking policy mask_mail is attached to user etl"},
		"public":       {row("masking", "mask_mail", "w", "x", "public", "public", `["mail"]`), false, Missing, "is attached to everybody"},
		"superuser":    {row("masking", "mask_mail", "w", "x", "public", "public", `["mail"]`), true, Missing, "is attached to everybody"},
		"filtered":     {row("rows", "mine", "w", "x", "etl", "user", ""), false, Missing, "all rows of w.x: policy mine on rows is attached to user etl"},
		"not filtered": {row("rows", "mine", "w", "x", "public", "PUBLIC", ""), true, OK, ""},
		"a role":       {row("rows", "mine", "w", "x", "analyst", "role", ""), false, CannotTell, "is attached to role analyst"},
		"somebody":     {row("rows", "mine", "w", "x", "ann", "user", ""), true, OK, ""},
		"elsewhere":    {row("rows", "mine", "w", "y", "etl", "user", ""), true, OK, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, err := redshift.ParsePolicy(tc.row)
			if err != nil {
				t.Fatal(err)
			}
			rights := *reader
			rights.Superuser = tc.super
			results := Policies([]redshift.Policy{p}, nil, tc.super, moves, &rights)
			if len(results) == 0 || results[0].State != tc.state || !strings.Contains(results[0].What, tc.what) {
				t.Errorf("%+v", results)
			}
		})
	}
	filtered := Policies(nil, map[redshift.Table]bool{x: true}, false, moves, reader)
	if len(filtered) != 2 || filtered[0].State != Missing || filtered[0].What != "all rows of w.x: policies on rows filter what etl reads" || filtered[1].State != CannotTell {
		t.Errorf("%+v", filtered)
	}
	if results := Policies(nil, nil, false, moves, reader); len(results) != 1 || results[0].State != CannotTell {
		t.Errorf("who may not see policies cannot tell: %+v", results)
	}
	if _, err := redshift.ParsePolicy(row("rows", "mine")); err == nil {
		t.Error("half a row was read")
	}
}
