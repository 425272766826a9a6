package sealift

import (
	"context"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/sealift/sealift/internal/check"
	"github.com/sealift/sealift/internal/connect"
	"github.com/sealift/sealift/internal/grants"
	"github.com/sealift/sealift/internal/permission"
	"github.com/sealift/sealift/internal/planner"
	"github.com/sealift/sealift/internal/redshift"
	"github.com/sealift/sealift/internal/setup"
	"github.com/sealift/sealift/internal/stage"
	"github.com/sealift/sealift/job"
	"github.com/sealift/sealift/plan"
)

// CheckupVersion is the version of a Checkup's JSON form.
const CheckupVersion = 1

// Checkup is what Check found.
type Checkup struct {
	Version    int            `json:"version"`
	Job        string         `json:"job"`
	Missing    int            `json:"missing"`
	CannotTell int            `json:"cannot_tell"`
	Results    []check.Result `json:"results"`
}

// Check tries everything that a job needs, for real, and says what is missing. What it makes to try things (a rule of a door,
// objects in the stage, a temporary table) is gone when it answers, and named where it is not; what a process leaves that is
// killed, Clean finds like what runs leave. An error is for a check that could not be made at all.
func Check(ctx context.Context, j *job.Job, o Options) (*Checkup, error) {
	var server []check.Result
	if j.Source.Postgres != "" {
		server = checkPostgres(ctx, j, o)
		target := *j // which is looked at as for a job of files
		target.Source, target.Tables = job.Warehouse{}, nil
		j = &target
	}
	c := &checker{job: j, options: o, run: newRunID(time.Now())}
	for _, s := range []struct {
		name              string
		w                 job.Warehouse
		access, hop, data permission.Who
	}{{"source", j.Source, permission.Source, permission.UnloadHop, permission.Unload}, {"target", j.Target, permission.Target, permission.CopyHop, permission.Copy}} {
		if s.name == "source" && len(j.Tables) == 0 {
			continue
		}
		c.sides = append(c.sides, &checkedSide{checker: c, name: s.name, spec: planner.Warehouse(s.w), access: s.access, hop: s.hop, data: s.data})
	}
	out := &Checkup{Version: CheckupVersion, Job: j.File}
	out.Results = append(append(server, check.Run(ctx, c.checks())...), c.leave(ctx)...)
	needs, err := setup.Of(j, setup.Options{Options: permission.Options{Loader: principal(c.caller.ARN), KeyARN: c.keyARN}, For: setup.All})
	switch {
	case err == nil:
		check.Fill(out.Results, needs)
	case slices.ContainsFunc(out.Results, func(r check.Result) bool { return r.State == check.Missing && len(r.Lacks) > 0 }):
		r := check.Unknown(err, "the policies that are missing in AWS")
		r.Check, r.Side = "fix", "job"
		out.Results = append(out.Results, r)
	}
	for _, r := range out.Results {
		switch r.State {
		case check.Missing:
			out.Missing++
		case check.CannotTell:
			out.CannotTell++
		case check.OK:
		}
	}
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	return out, nil
}

// checker is one checkup. What one check finds, those that need it read.
type checker struct {
	job     *job.Job
	options Options
	run     string // names what is left, if anything is
	sides   []*checkedSide

	caller connect.Identity
	place  plan.Stage
	keyARN string
	stage  *stage.Stage
	wrote  atomic.Bool // something in the stage
	moves  []check.Move
	sealed string        // manifest of what we wrote ourselves
	masked planner.Input // what concerns masks
}

// checkedSide is one warehouse.
type checkedSide struct {
	*checker
	name              string
	spec              plan.Warehouse
	access, hop, data permission.Who

	at       *connect.Warehouse
	user     string // as the session is logged in
	doors    []runDoor
	catalog  *redshift.Catalog
	rights   *redshift.Rights
	policies []redshift.Policy
	seesAll  bool // policies
	queries  map[int][]redshift.Column
	broken   map[int]bool // queries that cannot be run
	unloaded string       // manifest of what UNLOAD wrote
}

func one(r check.Result) []check.Result { return []check.Result{r} }

// principal is the role or user that the ARN of a session belongs to; a role's path is not in it.
func principal(arn string) string {
	parts := strings.SplitN(arn, ":", 6)
	if len(parts) != 6 {
		return ""
	}
	if rest, ok := strings.CutPrefix(parts[5], "assumed-role/"); ok {
		name, _, _ := strings.Cut(rest, "/")
		return strings.Join([]string{parts[0], parts[1], "iam", "", parts[4], "role/" + name}, ":")
	}
	return arn
}

// lacks notes that somebody may lack these actions.
func lacks(r check.Result, who permission.Who, actions ...string) check.Result {
	r.Lacks = append(r.Lacks, check.Lack{Who: who, Actions: actions})
	return r
}

// trusts notes that a role may not trust whoever is to take it.
func trusts(r check.Result, role string) check.Result {
	r.Lacks = append(r.Lacks, check.Lack{Trust: role})
	return r
}

// checks are all that is tried, the cheapest first.
func (c *checker) checks() []check.Check {
	all := []check.Check{
		{Name: "credentials", Side: "loader", About: "the credentials of this environment", Run: c.credentials},
		{Name: "bucket", Side: "stage", About: "bucket of " + c.job.Stage.URL, Needs: []string{"credentials"}, Run: c.bucket},
		{Name: "key", Side: "stage", About: "KMS key " + c.job.Stage.KMSKey, Needs: []string{"credentials"}, Run: c.key},
		{Name: "put", Side: "stage", About: "an object under the key, and its manifest", Needs: []string{"bucket", "key"}, Run: c.put},
		{Name: "policy", Side: "stage", About: "a put without the key is refused", Needs: []string{"put"}, Run: c.policy},
	}
	for _, s := range c.sides {
		all = append(all, s.checks()...)
	}
	named := func(check string) (names []string) {
		for _, s := range c.sides {
			names = append(names, s.name+" "+check)
		}
		return names
	}
	plans := check.Check{Name: "plan", Side: "job", About: "the tables of the job", Needs: append(named("catalog"), "key"), Run: c.plan}
	if slices.ContainsFunc(all, func(c check.Check) bool { return c.Name == "source queries" }) {
		plans.After = []string{"source queries"}
	}
	if c.job.Masking != nil {
		all = append(all, check.Check{Name: "masks", Side: "job", About: "policies and key of the masks", Needs: []string{"credentials"}, Run: c.masks})
		plans.Needs = append(plans.Needs, "masks")
	}
	all = append(all, plans)
	for _, s := range c.sides {
		if s.name == "source" {
			all = append(all,
				check.Check{Name: "source tables", Side: s.name, About: "rights to read the tables", Needs: []string{"plan"}, Run: func(context.Context) []check.Result {
					return check.Reads(c.moves, s.rights, s.catalog)
				}},
				check.Check{Name: "source policies", Side: s.name, About: "policies that mask or filter what is unloaded", Needs: []string{"plan"}, Run: s.filters})
			continue
		}
		all = append(all, check.Check{Name: "target tables", Side: s.name, About: "rights to write the tables", Needs: []string{"plan"}, Run: func(context.Context) []check.Result {
			return append(check.Writes(c.moves, grants.Synced(c.job), s.rights, s.catalog), check.Room(c.moves, s.catalog)...)
		}})
	}
	for _, s := range c.sides {
		if s.name == "source" && c.job.Subset != nil {
			all = append(all, check.Check{Name: "source temporary", Side: s.name, About: "temporary tables for the keys of the subset", Needs: []string{"source login"}, Run: s.temporary})
		}
		if s.name == "source" && c.job.Masking != nil {
			all = append(all, check.Check{Name: "source copy", Side: s.name, About: "COPY of the masks' keys as " + s.spec.S3Role, Needs: []string{"source login", "put"}, Run: s.copy})
		}
		if s.name == "source" {
			all = append(all, check.Check{
				Name: "source unload", Side: s.name, About: "UNLOAD as " + s.spec.S3Role, Needs: []string{"source login", "key", "bucket"}, After: []string{"put"}, Run: s.unload,
			})
			continue
		}
		copies := check.Check{Name: "target copy", Side: s.name, About: "COPY as " + s.spec.S3Role, Needs: []string{"target login", "put"}, Run: s.copy}
		if len(c.sides) > 1 {
			copies.After = []string{"source unload"}
		}
		all = append(all, copies)
	}
	return all
}

func (s *checkedSide) checks() []check.Check {
	named := func(what string) string { return s.name + " " + what }
	var all []check.Check
	add := func(c check.Check) {
		c.Name, c.Side = named(c.Name), s.name
		all = append(all, c)
	}
	needs := []string{"credentials"}
	if s.spec.WebIdentity != "" || !connect.AsksAWS(s.spec) {
		needs = nil
	}
	if s.spec.AssumeRole != "" || s.spec.Account != "" {
		add(check.Check{Name: "role", About: "the way into the account", Needs: needs, Run: s.role})
		needs = []string{named("role")}
	}
	add(check.Check{Name: "endpoint", About: "the address of " + s.spec.Name(), Needs: needs, Run: s.endpoint})
	if s.spec.Cluster != "" && s.spec.Auth != "data-api" { // by which nothing is looked up, nor may it be
		add(check.Check{Name: "attached", About: "the roles attached to the cluster", Needs: []string{named("endpoint")}, Run: s.attached})
	}
	add(check.Check{Name: "reach", About: "a connection to " + s.spec.Name(), Needs: []string{named("endpoint")}, Run: s.reach})
	add(check.Check{Name: "login", About: "logging in to " + s.spec.Name(), Needs: []string{named("reach")}, Run: s.login})
	if s.name == "source" && slices.ContainsFunc(s.job.Tables, func(t job.Table) bool { return t.Query != "" }) {
		add(check.Check{Name: "queries", About: "the queries of the job", Needs: []string{named("login")}, Run: s.runQueries})
	}
	add(check.Check{Name: "catalog", About: "the catalog of " + s.spec.Name(), Needs: []string{named("login")}, Run: s.readCatalog})
	if s.name == "source" && slices.ContainsFunc(s.job.Tables, func(t job.Table) bool { return t.Where != "" }) {
		add(check.Check{Name: "conditions", About: "the conditions of the job", Needs: []string{named("catalog")}, Run: s.conditions})
	}
	return all
}
