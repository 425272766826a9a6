package sealift

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/sealift/sealift/internal/check"
	"github.com/sealift/sealift/internal/connect"
	"github.com/sealift/sealift/internal/effect"
	"github.com/sealift/sealift/internal/hint"
	"github.com/sealift/sealift/internal/permission"
	"github.com/sealift/sealift/internal/planner"
	"github.com/sealift/sealift/internal/redshift"
	"github.com/sealift/sealift/plan"
)

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
				if redshift.IsFiltered(row) {
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

// conditions finds out whether the source takes the conditions of the job's tables.
func (s *checkedSide) conditions(ctx context.Context) (results []check.Result) {
	in := planner.Input{Job: s.job, Source: s.catalog}
	err := inSession(ctx, s.at, func(x *connect.Session) error { return describeConditions(ctx, x, planner.Conditions(in), &in) })
	if err != nil {
		return one(check.Bad(err, "the conditions of the job"))
	}
	for i, said := range in.Refused {
		results = append(results, check.Bad(errors.New(said), "a condition that the source takes: where of tables[%d]", i))
	}
	slices.SortFunc(results, func(a, b check.Result) int { return strings.Compare(a.What, b.What) })
	return results
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
