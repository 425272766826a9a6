package planner

import (
	"fmt"
	"strings"
	"time"

	"github.com/sealift/sealift/internal/mask"
	"github.com/sealift/sealift/internal/redshift"
	"github.com/sealift/sealift/internal/subset"
	"github.com/sealift/sealift/job"
	"github.com/sealift/sealift/plan"
)

// Input is everything that a plan depends on.
type Input struct {
	Job            *job.Job
	Source, Target *redshift.Catalog
	// Queries are the result columns of the job's query entries, by their index in Job.Tables.
	Queries map[int][]redshift.Column
	// Refused are entries, by their index in Job.Tables, whose query or condition the source does not take, and what it says.
	Refused map[int]string
	// Policies are the files of masks that the job names; Dictionaries what masks can choose from; KeyID tells the keys apart that they
	// work under.
	Policies     []*job.Policy
	Dictionaries mask.Dictionaries
	KeyID        string
	// Tallies are how many different values the columns of masked tables have, by their targets, as far as that was asked.
	Tallies map[redshift.Table]*Tally
	// Postgres is set where the source is a PostgreSQL server; Source is its catalog then, with the types of the target.
	Postgres *Postgres
	Stage    plan.Stage // bucket, key and owner as they were looked up
	// Expected is how many rows of each table a subset has, by target, where that was counted.
	Expected map[string]int64
	// Nonce is a random text of letters and digits that no data contains and no other plan has. It names shadows and
	// is the NULL marker's heart.
	Nonce string
	Now   time.Time
}

// LedgerSchema holds Sealift's own tables in the target. They are never moved.
const LedgerSchema = redshift.LedgerSchema

// Build makes the plan, or returns job.Errors with every mistake that the catalogs showed.
func Build(in Input) (*plan.Plan, error) {
	b := newBuilder(in)
	p := b.newPlan()
	b.settle()
	if len(b.mistakes) > 0 {
		return nil, b.mistakes
	}
	p.Prologue = b.prologue()
	p.Tables = make([]plan.Table, 0, len(b.chosen))
	for _, s := range b.chosen {
		p.Tables = append(p.Tables, b.table(s))
	}
	p.Prologue = append(p.Prologue, plan.FenceStep(p.Tables))
	if b.sets != nil {
		p.Prologue = append(p.Prologue, b.subsetStep())
	}
	p.Epilogue = b.epilogue()
	if err := seal(p); err != nil {
		return nil, err
	}
	return p, nil
}

// settle decides everything about every table.
func (b *builder) settle() {
	b.compatible()
	b.roles()
	b.chosen = b.choose()
	for i, s := range b.chosen {
		b.decide(s, i)
	}
	b.subset()
	for _, s := range b.chosen {
		b.readMasked(s)
	}
	b.checkDomains()
}

// newPlan is a plan without steps.
func (b *builder) newPlan() *plan.Plan {
	return &plan.Plan{
		CreatedAt:   b.Now,
		Job:         plan.JobRef{File: b.Job.File, Digest: b.Job.Digest},
		Source:      Warehouse(b.Job.Source),
		Target:      Warehouse(b.Job.Target),
		Stage:       b.Stage,
		Concurrency: plan.Concurrency{Unload: b.Job.Concurrency.Unload, Copy: b.Job.Concurrency.Copy},
		Masking:     b.planMasking(),
	}
}

// compatible refuses warehouses in which the same names or texts mean something else.
func (b *builder) compatible() {
	if b.Postgres != nil {
		return
	}
	if b.Source.CaseSensitive != b.Target.CaseSensitive {
		b.mistake(job.Pos{}, "", "enable_case_sensitive_identifier is %v in the source and %v in the target: names would change; set it alike on both", b.Source.CaseSensitive, b.Target.CaseSensitive)
	}
	if b.Source.Collation != b.Target.Collation {
		b.mistake(job.Pos{}, "", "the source's database compares text as %s, the target's as %s: keys and joins would mean something else", b.Source.Collation, b.Target.Collation)
	}
}

// builder gathers mistakes while it decides.
type builder struct {
	Input
	mistakes job.Errors
	chosen   []*selection                  // by target name
	kmsKey   string                        // as the UNLOAD of the source names it
	targets  map[redshift.Table]*selection // which selection writes a target
	folders  map[string]bool               // that tables have in a dated stage
	gone     map[int]bool                  // entries whose table is not in the source, which is said elsewhere
	sets     *subset.Sets                  // of a job with a subset
	unloads  []plan.Statement              // of its tables
	refused  map[int]bool                  // entries of which it was said that the source does not take their condition
}

func newBuilder(in Input) *builder {
	in.Job = Folded(in.Job, in.Source, in.Target)
	return &builder{Input: in, targets: make(map[redshift.Table]*selection), refused: make(map[int]bool)}
}

func (b *builder) mistake(at job.Pos, field, format string, args ...any) {
	b.mistakes = append(b.mistakes, &job.Error{File: b.Job.File, Line: at.Line, Column: at.Column, Field: field, Msg: fmt.Sprintf(format, args...)})
}

// roles settles as whom the warehouses reach the stage, and how the source's names the key.
func (b *builder) roles() {
	var err error
	if b.Postgres == nil {
		if b.kmsKey, err = redshift.KeyFor(b.Stage.KMSKeyARN, b.Job.Source.S3Role); err != nil {
			b.mistake(job.Pos{}, "source.s3_role", "%v", err)
		}
	}
	if _, err = redshift.ParseRoleChain(b.Job.Target.S3Role); err != nil {
		b.mistake(job.Pos{}, "target.s3_role", "%v", err)
	}
}

// Warehouse is the plan's form of a job's warehouse.
func Warehouse(w job.Warehouse) plan.Warehouse {
	p := plan.Warehouse{
		Cluster: w.Cluster, Workgroup: w.Workgroup, Postgres: w.Postgres, SSLMode: w.SSLMode, Host: w.Host, Port: w.Port, Region: w.Region, Database: w.Database,
		User: w.User, Groups: strings.Join(w.Groups, ","), AutoCreate: w.AutoCreate != nil && *w.AutoCreate, Auth: w.Auth, PasswordFrom: w.PasswordFrom, AssumeRole: w.AssumeRole, RoleDuration: w.RoleDuration, WebIdentity: w.WebIdentityTokenFile, ExternalID: w.ExternalID,
		S3Role: w.S3Role, Account: w.Account, CAFile: w.CAFile,
	}
	if d := w.Door; d != nil {
		p.Door = plan.Door{
			SecurityGroup: d.SecurityGroup, Address: d.Address, URL: d.URL, TTL: d.TTL, SchedulerRole: d.SchedulerRole, WithoutSchedule: d.WithoutSchedule,
		}
	}
	return p
}

// plural counts in words.
func plural(n int, one string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, strings.TrimSuffix(one, "y")+map[bool]string{true: "ies", false: "s"}[strings.HasSuffix(one, "y")])
}
