package sealift

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/sealift/sealift/internal/check"
	"github.com/sealift/sealift/internal/connect"
	"github.com/sealift/sealift/internal/effect"
	"github.com/sealift/sealift/internal/grants"
	"github.com/sealift/sealift/internal/hint"
	"github.com/sealift/sealift/internal/permission"
	"github.com/sealift/sealift/internal/planner"
	"github.com/sealift/sealift/internal/redshift"
	"github.com/sealift/sealift/internal/setup"
	"github.com/sealift/sealift/internal/show"
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
	return all
}

func (c *checker) credentials(ctx context.Context) []check.Result {
	cfg, err := connect.Config(ctx, c.job.Stage.Region, connect.Role{})
	if err == nil {
		c.caller, err = connect.Caller(ctx, cfg)
	}
	if err == nil {
		c.place, err = stage.Locate(c.caller.Account, c.job.Stage)
	}
	if err != nil {
		return one(check.Bad(err, "credentials"))
	}
	return one(check.Good("credentials of %s", c.caller.ARN))
}

func (c *checker) bucket(ctx context.Context) []check.Result {
	cfg, err := connect.Config(ctx, c.job.Stage.Region, connect.Role{})
	if err == nil {
		err = stage.LookAtBucket(ctx, cfg, c.place)
	}
	if err != nil {
		return one(lacks(check.Bad(err, "bucket %s of account %s", c.place.Bucket, c.place.Owner), permission.Loader, "s3:ListBucket"))
	}
	return one(check.Good("bucket %s is there, and account %s's", c.place.Bucket, c.place.Owner))
}

func (c *checker) key(ctx context.Context) []check.Result {
	cfg, err := connect.Config(ctx, c.job.Stage.Region, connect.Role{})
	if err == nil {
		c.keyARN, err = stage.Key(ctx, cfg, c.job.Stage.KMSKey)
	}
	if err != nil {
		r := check.Bad(err, "KMS key %s, enabled", c.job.Stage.KMSKey)
		if _, denied := stage.Denied(err); denied {
			r = lacks(r, permission.Loader, "kms:DescribeKey")
		}
		return one(r)
	}
	c.stage = stage.New(cfg, c.place.Bucket, c.place.Owner, c.keyARN)
	return one(check.Good("key %s is enabled", cmp.Or(c.keyARN, "of S3")))
}

// below is where one of the checks leaves its objects, as a run's attempt does.
func (c *checker) below(what string) string { return path.Join(c.place.Prefix, c.run, what, "1") + "/" }

func (c *checker) put(ctx context.Context) []check.Result {
	c.wrote.Store(true)
	f, err := c.stage.Probe(effect.With(ctx, "check put", testOnlyPoint), c.below("put"))
	c.sealed = f.Manifest
	if err != nil {
		return one(lacks(check.Bad(err, "an object of ours under the key"), permission.Loader, "s3:PutObject", "kms:GenerateDataKey", "s3:GetObject"))
	}
	return one(check.Good("an object was written and is under the key"))
}

func (c *checker) policy(ctx context.Context) []check.Result {
	passed, err := c.stage.Unsealed(effect.With(ctx, "check policy", testOnlyPoint), c.below("plain"))
	switch {
	case err != nil:
		return one(check.Unknown(err, "a put without the key is refused"))
	case len(passed) > 0:
		r := check.Bad(fmt.Errorf("%s was accepted", strings.Join(passed, ", and ")), "a bucket policy that refuses puts without the key")
		r.Hint = "sealift setup aws --for stage writes the policy of the bucket"
		r.Lacks = []check.Lack{{Refusal: true}}
		return one(r)
	default:
		return one(check.Good("a put without the key is refused by the bucket policy"))
	}
}

func (s *checkedSide) role(ctx context.Context) []check.Result {
	cfg, err := connect.TakeRole(ctx, s.spec, "sealift check")
	if err != nil {
		what := "assume " + s.spec.AssumeRole
		last := s.spec.AssumeRole[strings.LastIndexByte(s.spec.AssumeRole, ',')+1:]
		return one(trusts(lacks(check.Bad(err, "%s", what), permission.Loader, "sts:AssumeRole"), last))
	}
	var results []check.Result
	if s.spec.AssumeRole != "" {
		text := "assume " + s.spec.AssumeRole
		if s.spec.ExternalID != "" {
			text += ", and not without its external id"
		}
		results = append(results, check.Good("%s", text))
	}
	if s.spec.Account != "" {
		if err := connect.InAccount(ctx, cfg, s.spec); err != nil {
			return append(results, check.Bad(err, "credentials of account %s", s.spec.Account))
		}
		results = append(results, check.Good("account %s", s.spec.Account))
	}
	return results
}

func (s *checkedSide) endpoint(ctx context.Context) (results []check.Result) {
	var err error
	s.at, err = connect.NewWarehouse(ctx, s.spec, connect.Options{Application: "sealift check", Log: s.options.log()})
	if err != nil {
		return one(lacks(check.Bad(err, "the address of %s", s.spec.Name()), s.access, "redshift:DescribeClusters", "redshift-serverless:GetWorkgroup"))
	}
	return nil
}

func (s *checkedSide) attached(ctx context.Context) []check.Result {
	roles, err := redshift.ParseRoleChain(s.spec.S3Role)
	if err != nil {
		return one(check.Bad(err, "s3_role"))
	}
	attached, err := s.at.AttachedRoles(ctx)
	if err != nil {
		return one(check.Unknown(err, "roles attached to cluster %s", s.spec.Cluster))
	}
	switch ready, there := attached[roles[0]]; {
	case ready:
		return one(check.Good("role %s is attached", roles[0]))
	case there:
		return one(check.Unknown(errors.New("it was attached a moment ago, and is not ready"), "role %s is attached", roles[0]))
	default:
		r := check.Bad(nil, "role %s attached to cluster %s", roles[0], s.spec.Cluster)
		r.Hint = fmt.Sprintf("aws redshift modify-cluster-iam-roles --region %s --cluster-identifier %s --add-iam-roles %s", s.spec.Region, s.spec.Cluster, roles[0])
		return one(r)
	}
}

// reach opens the door, if there is one, and finds out whether the warehouse answers.
func (s *checkedSide) reach(ctx context.Context) []check.Result {
	if s.spec.Auth == "data-api" {
		return nil // statements go through AWS
	}
	if s.spec.Door == (plan.Door{}) {
		if err := s.at.Answers(ctx); err != nil {
			r := check.Bad(err, "a connection to %s at %s", s.spec.Name(), s.at.Address())
			r.Hint = "is the warehouse available, and does its security group let this machine in on that port?"
			return one(r)
		}
		return nil
	}
	side := sides{target: s.at}
	if s.name == "source" {
		side = sides{source: s.at}
	}
	doors, err := side.doors(ctx, s.run, lookTTL, s.options)
	if err != nil {
		return one(check.Bad(err, "a door to %s", s.spec.Name()))
	}
	d := doors[0]
	rules, quota, there, err := d.Room(ctx)
	if err != nil {
		return one(lacks(check.Bad(err, "the rules of %s", s.spec.Door.SecurityGroup), s.access, "ec2:DescribeSecurityGroupRules"))
	}
	if rules >= quota && !there {
		r := check.Bad(nil, "room for one more rule in %s: it has %d of %d", s.spec.Door.SecurityGroup, rules, quota)
		r.Hint = "remove a rule, or have the quota \"Inbound or outbound rules per security group\" raised"
		return one(r)
	}
	s.doors = doors
	if _, err := d.Open(effect.With(ctx, "check open "+s.name, testOnlyPoint)); err != nil {
		return one(lacks(check.Bad(err, "a door to %s", s.spec.Name()), s.access,
			"ec2:AuthorizeSecurityGroupIngress", "ec2:CreateTags", "scheduler:CreateSchedule", "iam:PassRole"))
	}
	return one(check.Good("door in %s opened for %s; it has %d of %d rules", s.spec.Door.SecurityGroup, d.Address(), rules, quota))
}

func (s *checkedSide) login(ctx context.Context) []check.Result {
	var settings *redshift.Catalog
	err := inSession(ctx, s.at, func(x *connect.Session) (err error) {
		if settings, err = redshift.ReadSettings(ctx, x); err == nil {
			s.user, err = oneText(ctx, x, redshift.UserQuery())
		}
		return err
	})
	if err != nil {
		r := check.Bad(err, "logging in to %s", s.spec.Name())
		if _, refused := errors.AsType[*redshift.ServerError](err); !refused {
			r = lacks(r, s.access, "redshift:GetClusterCredentials", "redshift:GetClusterCredentialsWithIAM", "redshift-serverless:GetCredentials", "secretsmanager:GetSecretValue")
		}
		return one(r)
	}
	_, version, _ := strings.Cut(settings.Version, "Redshift ")
	names := "folded"
	if settings.CaseSensitive {
		names = "with their case"
	}
	isolation := strings.TrimSuffix(strings.ToLower(cmp.Or(settings.Isolation, "unknown")), " isolation")
	return one(check.Good("login %s@%s over TLS, Redshift %s, %s isolation, names %s", s.user, s.spec.Name(), cmp.Or(version, "of unknown version"), isolation, names))
}

// readCatalog reads everything that the judgements after it need, in one session.
func (s *checkedSide) readCatalog(ctx context.Context) []check.Result {
	err := inSession(ctx, s.at, func(x *connect.Session) (err error) {
		if s.catalog, err = redshift.ReadCatalog(ctx, x, redshift.Filter{}); err != nil {
			return err
		}
		if s.rights, err = redshift.ReadRights(ctx, x); err != nil || s.name != "source" {
			return err
		}
		return s.readPolicies(ctx, x)
	})
	if err != nil {
		return one(check.Bad(hint.With(err, redshift.HintFor(err)), "the catalog of %s", s.spec.Name()))
	}
	return nil
}

func (s *checkedSide) readPolicies(ctx context.Context, x *connect.Session) error {
	s.seesAll = s.rights.Superuser
	for _, sql := range redshift.PoliciesQueries() {
		err := x.Query(ctx, sql, func(row []*string) error {
			p, err := redshift.ParsePolicy(row)
			s.policies = append(s.policies, p)
			return err
		})
		if redshift.IsPermission(err) {
			continue
		}
		if err != nil {
			return fmt.Errorf("look for policies: %w", err)
		}
	}
	return nil
}

// filters finds out which tables' rows a policy keeps from the user: only the plan of a query says so to everybody.
func (s *checkedSide) filters(ctx context.Context) []check.Result {
	filtered := make(map[redshift.Table]bool)
	err := inSession(ctx, s.at, func(x *connect.Session) error {
		for _, m := range s.moves {
			if m.Source.IsZero() {
				continue // a query
			}
			err := x.Query(ctx, redshift.ScanQuery(redshift.Build("?", m.Source)), func(row []*string) error {
				if len(row) == 1 && row[0] != nil && redshift.IsFiltered(*row[0]) {
					filtered[m.Source] = true
				}
				return nil
			})
			if err != nil && !redshift.IsPermission(err) { // which another check is about
				return fmt.Errorf("%s: %w", m.Source, err)
			}
		}
		return nil
	})
	if err != nil {
		return one(check.Bad(hint.With(err, redshift.HintFor(err)), "how the source's tables are read"))
	}
	return check.Policies(s.policies, filtered, s.seesAll, s.moves, s.rights)
}

// runQueries finds out what the job's queries answer, and that they may be run. The others are judged without those that may not.
func (s *checkedSide) runQueries(ctx context.Context) (results []check.Result) {
	s.queries, s.broken = make(map[int][]redshift.Column), make(map[int]bool)
	err := inSession(ctx, s.at, func(x *connect.Session) (err error) {
		results, err = s.describeQueries(ctx, x)
		return err
	})
	if err != nil {
		return one(check.Bad(err, "the queries of the job"))
	}
	return results
}

func (s *checkedSide) describeQueries(ctx context.Context, x *connect.Session) (results []check.Result, err error) {
	for i, t := range s.job.Tables {
		if t.Query == "" || redshift.CheckQuery(t.Query) != nil {
			continue // the planner says so, with the place
		}
		query := redshift.Raw(t.Query)
		fields, err := x.Describe(ctx, query)
		if err == nil {
			_, err = x.Exec(ctx, redshift.ReadsQuery(query))
		}
		if err == nil {
			s.queries[i], err = redshift.Columns(fields)
		}
		if err != nil {
			if x.Broken() {
				return nil, err
			}
			s.broken[i] = true
			results = append(results, check.Bad(hint.With(err, redshift.HintFor(err)), "the query of tables[%d], into %s", i, t.As))
		}
	}
	return results, nil
}

// masks reads the policies of the job, and derives the keys.
func (c *checker) masks(ctx context.Context) []check.Result {
	c.masked.Job = c.job
	if _, err := addMasking(ctx, &c.masked); err != nil {
		return one(check.Bad(err, "policies and key of the masks"))
	}
	return one(check.Good("%s of masks, and their key %s", show.Plural(int64(len(c.masked.Policies)), "policy"), cmp.Or(c.masked.KeyID, "of each run")))
}

// plan decides what a run would do, from what was read, and keeps what that takes of the users.
func (c *checker) plan(context.Context) []check.Result {
	if len(c.job.Tables) == 0 {
		c.moves = fileMoves(c.job, c.sides[0].catalog)
		return nil
	}
	source, target := c.sides[0], c.sides[1]
	j := *c.job
	queries := make(map[int][]redshift.Column)
	j.Tables = nil
	for i, t := range c.job.Tables {
		if mode := cmp.Or(t.Mode, j.Defaults.Mode); mode == "mirror" || mode == "history" {
			c.moves = append(c.moves, syncMoves(&j, t, mode, source.catalog, target.catalog)...)
			continue // a copy has no such mode
		}
		if !source.broken[i] {
			if columns, ok := source.queries[i]; ok {
				queries[len(j.Tables)] = columns
			}
			j.Tables = append(j.Tables, t)
		}
	}
	place := c.place
	place.KMSKeyARN = c.keyARN
	p, err := planner.Build(planner.Input{
		Job: &j, Source: source.catalog, Target: target.catalog, Queries: queries, Stage: place, Nonce: randomHex(8), Now: time.Now(),
		Policies: c.masked.Policies, Dictionaries: c.masked.Dictionaries, KeyID: c.masked.KeyID,
	})
	if mistakes, ok := errors.AsType[job.Errors](err); ok {
		var results []check.Result
		for _, m := range mistakes {
			results = append(results, check.Bad(nil, "%s", m.Error()))
		}
		return results
	}
	if err != nil {
		return one(check.Bad(err, "a plan"))
	}
	c.moves = append(c.moves, tableMoves(&j, p, source.catalog, target.catalog)...)
	return one(check.Good("%s can be planned, and the names are free", show.Plural(int64(len(c.moves)), "table")))
}

// tableMoves is what a plan takes of the users.
func tableMoves(j *job.Job, p *plan.Plan, source, target *redshift.Catalog) []check.Move {
	to := make(map[redshift.Table]redshift.Table)
	var moves []check.Move
	synced := grants.Synced(j)
	for i := range p.Tables {
		t := &p.Tables[i]
		m := check.Move{Method: t.Method}
		if synced && m.Method == plan.Append {
			m.Method = plan.InsertNew // where the job has a key, which the plan of a copy does not tell
		}
		m.Target, _ = redshift.ParseTable(t.Target)                          // the planner's own writing
		if m.Source, _ = redshift.ParseTable(t.Source); !m.Source.IsZero() { // a query is none
			to[m.Source] = m.Target
		}
		for _, s := range t.Steps {
			m.Owned = m.Owned || t.Method == plan.Create && slices.ContainsFunc(s.Statements, func(st plan.Statement) bool {
				return redshift.GivesAway(st.SQL)
			})
		}
		moves = append(moves, m)
	}
	for i := range moves {
		m := &moves[i]
		def := source.Table(m.Source)
		if def == nil || m.Method != plan.Create && m.Method != plan.Swap {
			continue
		}
		for _, fk := range def.ForeignKeys {
			ref := cmp.Or(to[fk.RefTable], fk.RefTable)
			if target.Table(ref) != nil && !slices.ContainsFunc(moves, func(o check.Move) bool { return o.Target == ref && (o.Method == plan.Create || o.Method == plan.Swap) }) {
				m.Refers = append(m.Refers, ref)
			}
		}
	}
	return moves
}

// syncMoves is what a sync takes of the users for one entry.
func syncMoves(j *job.Job, t job.Table, mode string, source, target *redshift.Catalog) (moves []check.Move) {
	for _, def := range source.Sorted() {
		if !t.Select.Match(def.Schema.String(), def.Name.String()) || slices.ContainsFunc(j.Exclude, func(p job.Pattern) bool { return p.Match(def.Schema.String(), def.Name.String()) }) {
			continue
		}
		to, err := planner.TargetName(t.As, def.Table)
		if err != nil {
			continue // the job's parser has seen to that
		}
		m := check.Move{Source: def.Table, Target: to, Method: plan.Create, Alters: cmp.Or(t.OnSchemaChange, j.Defaults.OnSchemaChange) == "evolve"}
		if target.Table(to) != nil {
			m.Method = map[string]plan.Method{"mirror": plan.Mirror, "history": plan.History}[mode]
		}
		moves = append(moves, m)
	}
	return moves
}

// fileMoves is what a load of a job's files takes of the user, as far as that goes without reading them.
func fileMoves(j *job.Job, target *redshift.Catalog) []check.Move {
	var moves []check.Move
	for i := range j.Files {
		f := &j.Files[i]
		t, err := redshift.ParseTable(f.As)
		if err != nil {
			continue // the job's parser has seen to that
		}
		m := check.Move{Target: t, Method: plan.Create}
		if have := target.Table(t); have != nil {
			switch cmp.Or(f.Mode, j.Defaults.Mode) {
			case "append":
				m.Method = plan.Append
			case "merge":
				m.Method = plan.Merge
			case "replace":
				m.Method = plan.Swap
				if len(have.Dependents) > 0 {
					m.Method = plan.DeleteInsert
				}
			default:
				m.Method = plan.Fill
			}
		}
		moves = append(moves, m)
	}
	return moves
}

// region is the stage's where a statement must name it.
func (s *checkedSide) region() string {
	if s.spec.Region == s.place.Region {
		return ""
	}
	return s.place.Region
}

// unload has the source write one row, in the name of its role, and holds it against the manifest and the key.
func (s *checkedSide) unload(ctx context.Context) []check.Result {
	key, err := redshift.KeyFor(s.keyARN, s.spec.S3Role)
	if err != nil {
		return one(check.Bad(err, "s3_role"))
	}
	prefix := s.below("unload")
	u := redshift.ProbeUnload("s3://"+s.place.Bucket+"/"+prefix, s.spec.S3Role, key, s.region())
	if err := u.Check(); err != nil {
		return one(check.Bad(err, "UNLOAD"))
	}
	s.wrote.Store(true)
	err = inSession(ctx, s.at, func(x *connect.Session) error {
		_, err := x.Exec(ctx, u.SQL())
		return err
	})
	if err != nil {
		return one(s.withRole(err, redshift.Build("UNLOAD"), "s3:PutObject", "s3:ListBucket", "kms:GenerateDataKey", "kms:Decrypt"))
	}
	f, err := s.stage.Check(effect.With(ctx, "check unload", testOnlyPoint), prefix)
	if err != nil {
		return one(check.Bad(err, "what UNLOAD wrote, under the key"))
	}
	s.unloaded = f.Manifest
	return one(check.Good("UNLOAD as %s wrote one row under the key", s.spec.S3Role))
}

// copy has a warehouse read what was written, and load nothing: what UNLOAD wrote, or we. The source itself reads the keys of masks.
func (s *checkedSide) copy(ctx context.Context) []check.Result {
	manifest, packed := s.sealed, false
	if first := s.sides[0]; s.name == "target" && first.unloaded != "" {
		manifest, packed = first.unloaded, true
	}
	var noTable error
	err := inSession(ctx, s.at, func(x *connect.Session) (err error) {
		if _, err = x.Exec(ctx, redshift.Build("BEGIN")); err != nil {
			return err
		}
		if _, noTable = x.Exec(ctx, redshift.ProbeTable()); noTable != nil {
			return noTable // closing the session rolls back
		}
		if _, err = x.Exec(ctx, redshift.ProbeCopy(manifest, s.spec.S3Role, s.region(), packed)); err != nil {
			return err
		}
		_, err = x.Exec(ctx, redshift.Build("ROLLBACK"))
		return err
	})
	switch {
	case noTable != nil && s.name == "source" && redshift.IsPermission(noTable):
		return one(s.noTemporary(noTable, "the keys of masks are a temporary table of the session"))
	case noTable != nil:
		return one(check.Unknown(noTable, "COPY as %s, without a temporary table to name", s.spec.S3Role))
	case err != nil:
		return one(s.withRole(err, redshift.Build("COPY"), "s3:GetObject", "s3:ListBucket", "kms:Decrypt"))
	}
	return one(check.Good("COPY as %s read it, and loaded nothing", s.spec.S3Role))
}

// temporary has the source make a table of the session, as a subset keeps its keys in.
func (s *checkedSide) temporary(ctx context.Context) []check.Result {
	err := inSession(ctx, s.at, func(x *connect.Session) error {
		return inPassing(ctx, x, func() error {
			_, err := x.Exec(ctx, redshift.ProbeTable())
			return err
		})
	})
	switch {
	case redshift.IsPermission(err):
		return one(s.noTemporary(err, "the keys of a subset's rows are temporary tables of the session"))
	case err != nil:
		return one(check.Unknown(err, "a temporary table"))
	}
	return one(check.Good("a temporary table could be made"))
}

// noTemporary is a source in which the user may make no table of its session.
func (s *checkedSide) noTemporary(err error, why string) check.Result {
	r := check.Bad(err, "TEMP on the database")
	r.Reason = why + ": " + r.Reason
	user, uerr := redshift.NewIdent(s.user)
	database, derr := redshift.NewIdent(s.spec.Database)
	if uerr == nil && derr == nil {
		r.SQL = []string{redshift.Build("GRANT TEMP ON DATABASE ? TO ?", database, user).String() + ";"}
	}
	return r
}

// withRole says what a role lacks by which the warehouse could not reach the stage.
func (s *checkedSide) withRole(err error, command redshift.SQL, actions ...string) check.Result {
	r := check.Bad(hint.With(err, redshift.HintFor(err)), "%s as %s", command, s.spec.S3Role)
	roles, rerr := redshift.ParseRoleChain(s.spec.S3Role)
	if rerr != nil {
		return r
	}
	switch {
	case redshift.IsRoleRefused(err):
		return trusts(lacks(r, s.hop, "sts:AssumeRole"), roles[0])
	case redshift.IsPermission(err):
		user, uerr := redshift.NewIdent(s.user)
		if uerr == nil {
			r.SQL = []string{redshift.Build("GRANT ASSUMEROLE ON ? TO ? FOR ?", redshift.Lit(strings.Join(roles, ",")), user, command).String() + ";"}
		}
		return r
	default:
		r.Lacks = append(r.Lacks, check.Lack{Who: s.data, Actions: actions, Stage: true})
		return r
	}
}

// leave takes away what was made to try things. It goes on when the checkup was interrupted.
func (c *checker) leave(ctx context.Context) (results []check.Result) {
	end, cancel := context.WithTimeout(effect.With(context.WithoutCancel(ctx), "check leave", testOnlyPoint), closeTime)
	defer cancel()
	add := func(name, side string, r check.Result) {
		r.Check, r.Side = name, side
		results = append(results, r)
	}
	if c.wrote.Load() {
		if _, err := c.stage.Empty(end, path.Join(c.place.Prefix, c.run)+"/"); err != nil {
			add("empty", "stage", lacks(check.Bad(err, "removing what was written to try"), permission.Loader,
				"s3:DeleteObject", "s3:DeleteObjectVersion", "s3:ListBucketVersions", "s3:ListBucketMultipartUploads"))
		} else {
			add("empty", "stage", check.Good("what was written to try is gone"))
		}
	}
	for _, s := range c.sides {
		for _, d := range s.doors {
			if _, err := d.Close(end); err != nil {
				add(s.name+" close", s.name, lacks(check.Bad(err, "closing the door"), s.access, "ec2:RevokeSecurityGroupIngress", "ec2:DeleteTags", "scheduler:DeleteSchedule"))
			} else {
				add(s.name+" close", s.name, check.Good("the door is closed again"))
			}
		}
	}
	return results
}
