package plan

import (
	"slices"
	"time"

	"github.com/sealift/sealift/internal/redshift"
)

// Version is the format's version. A plan of another version is refused.
const Version = 1

// Plan is everything a run will do. It is made once, can be read and reviewed, and is never changed afterwards.
type Plan struct {
	Version   int       `json:"version"`
	ID        string    `json:"id"` // the first 12 hex digits of the SHA-256 over everything else
	CreatedAt time.Time `json:"created_at"`
	Job       JobRef    `json:"job"`

	Source      Warehouse   `json:"source,omitzero"` // none for a load of files
	Target      Warehouse   `json:"target,omitzero"` // none for an unload to files
	Stage       Stage       `json:"stage"`
	Concurrency Concurrency `json:"concurrency"`
	// Masking is nil where the job masks nothing.
	Masking *Masking `json:"masking,omitempty"`

	// Prologue runs before any table, in order: the ledger, schemas, the fence.
	Prologue []Step `json:"prologue"`
	// Tables are independent of each other; the runner takes the largest first.
	Tables []Table `json:"tables"`
	// Epilogue runs after all tables, in order: foreign keys, which need both their tables.
	Epilogue []Step `json:"epilogue"`
}

// HasSource tells a copy, which has a warehouse as its source, from a load of files.
func (p *Plan) HasSource() bool {
	return !slices.ContainsFunc(p.Tables, func(t Table) bool { return t.Input != nil })
}

// HasTarget tells a copy or a load from an unload to files.
func (p *Plan) HasTarget() bool {
	return !slices.ContainsFunc(p.Tables, func(t Table) bool { return t.Output != nil })
}

// Once tells a plan that one process alone can carry out: it reads standard input, or masks under a key that is kept nowhere.
func (p *Plan) Once() bool {
	return p.Masking != nil && p.Masking.Key == Ephemeral || slices.ContainsFunc(p.Tables, func(t Table) bool {
		return t.Input != nil && slices.ContainsFunc(t.Input.Files, func(f File) bool { return f.Path == "" })
	})
}

// IsSubset tells a plan that moves some rows, chosen in a run, from one that moves all that its queries select.
func (p *Plan) IsSubset() bool {
	return slices.ContainsFunc(p.Prologue, func(s Step) bool { return s.Kind == Subset })
}

// To is how messages call where the rows go.
func (p *Plan) To() string {
	if !p.HasTarget() {
		return "files"
	}
	return p.Target.Name()
}

// From is how messages call where the rows come from.
func (p *Plan) From() string {
	if !p.HasSource() {
		return "files"
	}
	return p.Source.Name()
}

// JobRef names the job file that the plan was made from.
type JobRef struct {
	File   string `json:"file"`
	Digest string `json:"digest"` // SHA-256 of the file's text, hex
}

// Warehouse says where a warehouse is and how to get in. It holds references to secrets, never secrets.
type Warehouse struct {
	Cluster      string `json:"cluster,omitempty"`
	Workgroup    string `json:"workgroup,omitempty"`
	Postgres     string `json:"postgres,omitempty"` // the address of a PostgreSQL server, which is no warehouse
	SSLMode      string `json:"sslmode,omitempty"`
	Host         string `json:"host,omitempty"`
	Port         int    `json:"port,omitempty"`
	Region       string `json:"region,omitempty"`
	Database     string `json:"database"`
	User         string `json:"user,omitempty"`
	Groups       string `json:"groups,omitempty"` // joined by commas
	AutoCreate   bool   `json:"auto_create,omitempty"`
	Auth         string `json:"auth"`
	PasswordFrom string `json:"password_from,omitempty"`
	AssumeRole   string `json:"assume_role,omitempty"`
	RoleDuration string `json:"role_duration,omitempty"`
	WebIdentity  string `json:"web_identity_token_file,omitempty"`
	ExternalID   string `json:"external_id,omitempty"`
	S3Role       string `json:"s3_role"`
	Account      string `json:"account,omitempty"`
	CAFile       string `json:"ca_file,omitempty"`
	Door         Door   `json:"door,omitzero"`
}

// Door says how this machine is let in where the warehouse's security group keeps it out; the zero value for not at all.
type Door struct {
	SecurityGroup   string `json:"security_group"`
	Address         string `json:"address"` // auto, or an address or range
	URL             string `json:"url,omitempty"`
	TTL             string `json:"ttl"`
	SchedulerRole   string `json:"scheduler_role,omitempty"`
	WithoutSchedule bool   `json:"without_schedule,omitempty"`
}

// DoorRole is the role, of the warehouse's account, under which a schedule closes a door if the job names none; DoorSchedules
// is what the names of schedules begin with.
const (
	DoorRole      = "sealift-door"
	DoorSchedules = "sealift-door-"
)

// Closer is the role under which a schedule closes the door: "" for a door without one.
func (d Door) Closer(partition, account string) string {
	switch {
	case d.WithoutSchedule:
		return ""
	case d.SchedulerRole != "":
		return d.SchedulerRole
	default:
		return "arn:" + partition + ":iam::" + account + ":role/" + DoorRole
	}
}

// Name is how messages call the warehouse: prod-dw/analytics.
func (w Warehouse) Name() string {
	name := w.Cluster
	if name == "" {
		name = w.Workgroup
	}
	if name == "" {
		name = w.Host
	}
	if name == "" {
		name = w.Postgres
	}
	return name + "/" + w.Database
}

// Stage is where the data passes through, and under which key.
type Stage struct {
	Bucket string `json:"bucket"`
	Prefix string `json:"prefix"` // without slashes at either end; may be empty
	Region string `json:"region"`
	KMSKey string `json:"kms_key"` // as the job names it
	// KMSKeyARN is what KMSKey meant when the plan was made; every staged object is checked against it.
	// It is empty for S3Managed.
	KMSKeyARN string `json:"kms_key_arn"`
	Owner     string `json:"owner"` // account that owns the bucket, named in every request
	Keep      string `json:"keep"`  // never, on-failure, always
	// Layout of the keys: Dated, or "" for PREFIX/RUN/FOLDER/ATTEMPT/.
	Layout string `json:"layout,omitempty"`
}

// S3Managed in place of a KMS key is S3's own encryption (SSE-S3), which a load may ask for by name.
const S3Managed = "s3"

// Encryption is how messages call the encryption of what is staged.
func (s Stage) Encryption() string {
	if s.KMSKey == S3Managed {
		return "SSE-S3: S3's own key, no KMS key"
	}
	return "SSE-KMS " + s.KMSKey
}

// URL is the stage as the job wrote it.
func (s Stage) URL() string {
	if s.Prefix == "" {
		return "s3://" + s.Bucket
	}
	return "s3://" + s.Bucket + "/" + s.Prefix
}

// Concurrency limits statements that run at once.
type Concurrency struct {
	Unload int `json:"unload"`
	Copy   int `json:"copy"`
}

// Method is how a loaded shadow becomes visible.
type Method string

// The methods of publishing.
const (
	Create       Method = "create"        // the shadow is renamed to the table's name, which was free
	Swap         Method = "swap"          // the old table is renamed away and dropped, the shadow renamed to its name
	DeleteInsert Method = "delete+insert" // rows are exchanged in one transaction; what depends on the table keeps working
	Fill         Method = "fill"          // the table exists and is empty, which is checked again when publishing
	Append       Method = "append"        // rows are added to those that are there
	Merge        Method = "merge"         // rows take the place of those with their key; the others are added
	InsertNew    Method = "insert-new"    // rows are added whose key is not there
	Mirror       Method = "mirror"        // as merge, and rows that are gone from the source are deleted or marked
	History      Method = "history"       // as merge, by key and time: every version of a row stays
)

// Table is one table's way from source to target.
type Table struct {
	Source string `json:"source"` // schema.table as people write it; "(query)" where the job has one
	Target string `json:"target"`
	Mode   string `json:"mode"` // as the job says: create, append, replace, merge
	Method Method `json:"method"`
	Format string `json:"format"` // parquet or text
	// Folder is the table's part of the stage's keys: see Stage.Below.
	Folder string `json:"folder"`
	// EstimatedRows and EstimatedBytes come from the source's catalog, 0 if it does not tell. They order the work and
	// feed the progress line; nothing is decided by them.
	EstimatedRows  int64    `json:"estimated_rows"`
	EstimatedBytes int64    `json:"estimated_bytes"`
	Notes          []string `json:"notes,omitempty"`       // what a person should know, one fact each
	Differences    []string `json:"differences,omitempty"` // how the target's definition will change
	// Fingerprint ties the table to the definitions it was planned from, on both sides. It is compared before the run
	// and again inside the transactions that unload and publish.
	Fingerprint Fingerprint `json:"fingerprint"`
	// Digest lists what the digest queries answer, in order.
	Digest redshift.DigestLayout `json:"digest"`
	// Rows is a query for the rows that are moved, under the names they have in the target. Verifying asks by it.
	Rows redshift.SQL `json:"rows"`
	// Key names the columns of Rows that tell rows apart: the job's key, or the source's primary key. Redshift does not
	// enforce either. None where there is none, or where not all of it is moved.
	Key   []string `json:"key,omitempty"`
	Steps []Step   `json:"steps"`
	// Masks are what becomes of each column, in their order; none in a table that is copied as it is.
	Masks []Mask `json:"masks,omitempty"`
	// Window is what a sync moves of the table.
	Window *Window `json:"window,omitempty"`
	// Input is what a load reads, in place of a table in a source.
	Input *Input `json:"input,omitempty"`
	// Extract is how rows are read from a PostgreSQL server, in place of an UNLOAD.
	Extract *Extract `json:"extract,omitempty"`
	// Output is what an unload writes, in place of a table in a target.
	Output *Output `json:"output,omitempty"`
	// Undo is run when a step fails after the shadow was made, so that nothing is left of the try.
	Undo []Step `json:"undo,omitempty"`
}

// Window is the rows of a table that a sync moves: those above a value of a column, up to another. Without a column it is all of them.
type Window struct {
	Since string `json:"since,omitempty"`
	Low   string `json:"low,omitempty"`  // none: from the beginning
	High  string `json:"high,omitempty"` // what the cursor says of the table when this is published
}

// text says it for people.
func (w *Window) text() string {
	switch {
	case w.Since == "":
		return "all rows"
	case w.Low == "" && w.High == "":
		return "no rows yet"
	case w.Low == "":
		return "up to " + w.Since + " " + w.High
	case w.High == "":
		return w.Since + " from " + w.Low
	default:
		return w.Since + " from " + w.Low + " to " + w.High
	}
}

// Fingerprint is a digest of a table's definition in each catalog; redshift.Absent where there is no such table.
type Fingerprint struct {
	Source string `json:"source"`
	Target string `json:"target"`
}

// Kind says what a step does, and so which part of the runner carries it out.
type Kind string

// The kinds of steps. Every switch over Kind names them all.
const (
	Prepare Kind = "prepare" // target: ledger, schemas
	Fence   Kind = "fence"   // target: claim every table for this process
	Subset  Kind = "subset"  // source: find the rows of all tables that belong together, and UNLOAD and digest each table's, in one transaction
	Unload  Kind = "unload"  // source: UNLOAD and digest in one transaction
	Send    Kind = "send"    // stage: read files, or a PostgreSQL server, write their records as parts, checked, and the manifest for COPY
	Check   Kind = "check"   // stage: manifest against objects, and the manifest for COPY
	Load    Kind = "load"    // target: make the shadow, COPY into it, digest, in one transaction
	Analyze Kind = "analyze" // target: make the statistics of a table anew; where that fails the table goes on, and the receipt tells
	Publish Kind = "publish" // target: make it visible, with the marker, in one transaction
	Fetch   Kind = "fetch"   // stage: read every object, count its records, and write it as a file
	Empty   Kind = "empty"   // stage: remove the table's objects, versions and uploads
	Relate  Kind = "relate"  // target: a foreign key, after all tables
	Discard Kind = "discard" // target: drop a shadow
)

// Step is the unit of doing: its statements commit together or not at all, and the journal has one intent and one
// outcome for it.
type Step struct {
	ID    string `json:"id"` // stable within the plan: "sales.orders/unload"
	Kind  Kind   `json:"kind"`
	About string `json:"about"` // what it does, for people
	// Needs names tables (by target) that must have been published for the step to make sense; it is left out if one
	// of them was not.
	Needs []string `json:"needs,omitempty"`
	// Statements of one transaction, in order; none for steps on the stage.
	Statements []Statement `json:"statements,omitempty"`
}

// Statement is one SQL statement, ready but for the placeholders in it.
type Statement struct {
	// SQL may hold placeholders ({{name}}) for what is known only when the run gets there: the run's prefix, the
	// manifest's URL, the next identity value. Their values are made by Sealift itself, never taken from data.
	SQL redshift.SQL `json:"sql"`
	// Role says what the runner does with the answer.
	Role Role `json:"role,omitempty"`
	// About says, for MustBeZero, what is wrong when the number is not 0; for NextID, it names the column.
	About string `json:"about,omitempty"`
	// Table names the table, by target, whose statement it is, in a step of all tables.
	Table string `json:"table,omitempty"`
	// Loop is not 0 for statements that are run again, all that follow each other with the same number, until none of them changes a row.
	Loop int `json:"loop,omitempty"`
}

// Role says what the answer of a statement means.
type Role string

// The roles of statements.
const (
	Execute       Role = ""              // the answer does not matter
	Fingerprints  Role = "fingerprint"   // rows whose fingerprint must equal the table's on that side
	Scans         Role = "scan"          // an EXPLAIN of what is to be unloaded, refused where a policy on rows filters it for this user
	MustBeZero    Role = "must-be-zero"  // one number, which must be 0
	Unloads       Role = "unload"        // an UNLOAD
	Extracts      Role = "extract"       // a COPY TO STDOUT of a PostgreSQL server, whose answer is staged
	Copies        Role = "copy"          // a COPY; left out when the source had no rows, because COPY of nothing is an error
	QueryID       Role = "query-id"      // the query id of the statement before it
	Digests       Role = "digest"        // the table's digest; in the target it must equal the source's
	DigestsNewest Role = "digest-newest" // as digest; behind it, the rows of which those are the newest of their keys, and what the rows near the watermark are
	Counts        Role = "count"         // the rows it touched must be as many as the source's
	Updates       Role = "update"        // how many rows took the place of others is told in the receipt
	Supersedes    Role = "supersede"     // one number: the rows of which those are moved that the digest is of; the others' keys have newer ones
	Adds          Role = "add"           // how many rows were added is told in the receipt
	Deletes       Role = "delete"        // how many rows were deleted, or marked so, is told in the receipt
	Inserts       Role = "insert"        // with those that Updates touched, it must touch as many rows as the source had
	TakesKeys     Role = "keys"          // a COPY of the keys of masks: the object is written before, and gone after it
	Profiles      Role = "profile"       // numbers about columns that are masked, for the receipt
	NextID        Role = "next-id"       // one number: the next value of an identity column
	Marks         Role = "marker"        // writes the row that proves the publish
	Fences        Role = "fence"         // must touch exactly one row: the table is still this process's
)

// The placeholders that statements may hold.
const (
	ParamRun      = "run"      // the run's id
	ParamPrefix   = "prefix"   // s3:// URL that an attempt unloads to
	ParamKeys     = "keys"     // s3:// URL of the object that the keys of masks are in
	ParamManifest = "manifest" // s3:// URL of the checked manifest
	ParamMarker   = "marker"   // id of the marker row
	ParamHolder   = "holder"   // what this process claims its tables by
	ParamShadow   = "shadow"   // what the shadow's comment says: whose it is
	ParamRows     = "rows"     // rows of the source's digest
	ParamDigest   = "digest"   // the source's digest, hex
	ParamSum      = "sum"      // what it says of whole rows, as redshift.Sum does
	ParamNear     = "near"     // what the source's rows near the new watermark are
	ParamContent  = "content"  // a load's content, as a digest over the files' bytes, hex
	ParamNextID   = "next_id:" // + column: the next identity value
)
