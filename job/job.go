package job

// MaxSize of a job file, in bytes.
const MaxSize = 1 << 20

// Job is what is wanted: which tables of which warehouse go where, how, and over which stage.
//
// The tags are rules that both Parse and the schema follow: required (true, or !KEY: unless KEY is there), one (a list of one
// may be written as its item), default, enum, min, max, grammar (see grammar.go),
// and env where ${NAME} is replaced.
type Job struct {
	// Version of the job file's format. Always 1.
	Version int `yaml:"version" required:"true" min:"1" max:"1"`
	// Source is the warehouse that is read, or for sync a PostgreSQL server. Nothing is ever changed there. A job of files alone has none.
	Source Warehouse `yaml:"source" required:"!files"`
	// Target is the warehouse that is written.
	Target Warehouse `yaml:"target" required:"true"`
	// Stage is the S3 prefix that the data passes through, and the key it is encrypted under.
	Stage Stage `yaml:"stage" required:"true"`
	// Defaults hold for every table that does not say otherwise.
	Defaults Defaults `yaml:"defaults"`
	// Tables to move, as patterns or one by one.
	Tables []Table `yaml:"tables" required:"!files"`
	// Files to load into tables of the target, with sealift load.
	Files []FileSet `yaml:"files"`
	// Exclude lists patterns of tables that are left out although a pattern in tables selects them.
	Exclude []Pattern `yaml:"exclude"`
	// Masking says under which key values are replaced before they leave the source. With it, every column of every table must
	// have a mask; passthrough is one.
	Masking *Masking `yaml:"masking"`
	// Subset moves some rows in place of all of them, chosen so that none refers to one that is missing.
	Subset *Subset `yaml:"subset"`
	// Concurrency limits how many statements run at once in each warehouse.
	Concurrency Concurrency `yaml:"concurrency"`

	// File is where the job was read from; Digest is the SHA-256 of its text, in hex.
	File   string `yaml:"-"`
	Digest string `yaml:"-"`
}

// Warehouse is a provisioned cluster, a serverless workgroup or a plain address, and how to get in.
type Warehouse struct {
	// Cluster is a provisioned cluster's identifier; its address is looked up.
	Cluster string `yaml:"cluster" grammar:"cluster"`
	// Workgroup is a serverless workgroup's name; its address is looked up.
	Workgroup string `yaml:"workgroup" grammar:"workgroup"`
	// Postgres is the address of a PostgreSQL server of version 13 or later, which sealift sync reads as a source: a name or an
	// address, or the folder of its socket on this machine. Such a source logs in with user and password_from.
	Postgres string `yaml:"postgres" env:"true" grammar:"postgres"`
	// SSLMode of a PostgreSQL server: verify-full (TLS, and its certificate is checked against the name) or disable, which is for a
	// server on this machine. Default: verify-full; disable for a folder.
	SSLMode string `yaml:"sslmode" enum:"verify-full,disable"`
	// Host is the address to connect to, in place of a look-up.
	Host string `yaml:"host" env:"true" grammar:"host"`
	// Port to connect to. That of a PostgreSQL server is 5432 if nothing is said.
	Port int `yaml:"port" default:"5439" min:"1" max:"65535"`
	// Region the warehouse is in. Needed wherever AWS is asked: to look an address up, for auth other than password, and
	// to assume a role.
	Region string `yaml:"region" env:"true" grammar:"region"`
	// Database to connect to.
	Database string `yaml:"database" required:"true" env:"true"`
	// User to log in as. With auth: iam or data-api on a cluster, the database user to get credentials for; without one, and on
	// a workgroup, the user that stands for the caller's own role.
	User string `yaml:"user" env:"true"`
	// Groups of the database that the session joins, with auth: iam and a user.
	Groups []string `yaml:"groups" grammar:"db_group"`
	// AutoCreate makes the user at its first login, with auth: iam and a user.
	AutoCreate *bool `yaml:"auto_create"`
	// Auth says how to log in: iam (temporary credentials), secret (user and password from Secrets Manager), password, or
	// data-api, which makes no connection but sends statements to AWS (docs/connecting.md). Default: password where
	// password_from is given or the warehouse is a plain host, else iam.
	Auth string `yaml:"auth" enum:"iam,secret,password,data-api"`
	// PasswordFrom names where the password lives: env:NAME, file:/path, kms:BASE64 or secretsmanager:ARN. Never the
	// password itself. A secret is a password, or a JSON object with username and password; it is read for every session.
	PasswordFrom string `yaml:"password_from" grammar:"password_from"`
	// AssumeRole is the role Sealift itself takes in the warehouse's account, for look-ups and temporary credentials, cut down
	// to these; or a chain of roles joined by commas, each taken with the one before.
	AssumeRole string `yaml:"assume_role" grammar:"role_chain"`
	// RoleDuration is how long a session of the last role is good before the role is taken again: 15m to 12h, and not longer than
	// the role allows; in a chain an hour at most. Default: 1h.
	RoleDuration string `yaml:"role_duration" grammar:"ttl"`
	// WebIdentityTokenFile holds the token of a Kubernetes service account, of GitHub Actions or the like, with which the first
	// role of AssumeRole is taken, in place of credentials. The file is read anew whenever the role is taken again.
	WebIdentityTokenFile string `yaml:"web_identity_token_file" env:"true"`
	// ExternalID is passed when AssumeRole is assumed, with the last of a chain. A role that can be assumed without it is refused: this is tried.
	ExternalID string `yaml:"external_id" grammar:"external_id"`
	// S3Role is the role the warehouse uses for UNLOAD or COPY: an ARN, or a chain of ARNs joined by commas, without
	// blanks.
	S3Role string `yaml:"s3_role" required:"!postgres" grammar:"role_chain"`
	// Account pins the account id: before anything happens it is compared with the account Sealift is really in.
	Account string `yaml:"account" grammar:"account"`
	// CAFile holds the certificates the warehouse's own is checked against, in place of the system's.
	CAFile string `yaml:"ca_file" env:"true"`
	// Door is opened for this machine while it needs the warehouse, and closed again. Default: none.
	Door *Door `yaml:"door"`
}

// Door is a rule in a security group of the warehouse that lets this machine in.
type Door struct {
	// SecurityGroup is the group, one of the warehouse's, that gets the rule.
	SecurityGroup string `yaml:"security_group" required:"true" env:"true" grammar:"security_group"`
	// Address is where this machine is seen to come from: an address with /32 or /128, or auto, which asks url or, without
	// one, the metadata of the EC2 instance (version 2). The flag --address goes before it.
	Address string `yaml:"address" default:"auto" env:"true" grammar:"address"`
	// URL is asked for the address: it answers nothing but that, over https.
	URL string `yaml:"url" grammar:"https_url"`
	// TTL is after how long AWS closes the door if nobody has renewed or closed it: 5m to 12h.
	TTL string `yaml:"ttl" default:"30m" grammar:"ttl"`
	// SchedulerRole is the role under which EventBridge Scheduler closes the door then. Default: sealift-door, in the
	// warehouse's account.
	SchedulerRole string `yaml:"scheduler_role" grammar:"role"`
	// WithoutSchedule opens the door although nobody closes it if this machine is lost, before sealift clean runs.
	WithoutSchedule bool `yaml:"without_schedule"`
}

// Stage is the encrypted middle.
type Stage struct {
	// URL is the S3 prefix under which each run makes its own: s3://bucket/prefix.
	URL string `yaml:"url" required:"true" env:"true" grammar:"stage_url"`
	// Region of the bucket.
	Region string `yaml:"region" required:"true" env:"true" grammar:"region"`
	// KMSKey is the key everything staged is encrypted under: an alias, a key id or (needed when it is another account's)
	// a key ARN.
	KMSKey string `yaml:"kms_key" required:"true" env:"true" grammar:"kms_key"`
	// Format of the staged files: auto chooses parquet where every column's type comes back bit for bit, else text.
	Format string `yaml:"format" default:"auto" enum:"auto,parquet,text"`
	// Keep says when staged objects stay after a run: never, on-failure or always.
	Keep string `yaml:"keep" default:"never" enum:"never,on-failure,always"`
	// Layout of the staged objects: run (a folder for each run, in it one for each table) or dated (as the AWS Unload/Copy
	// utility had it: DATE-NNNN/DATABASE.SCHEMA.TABLE.).
	Layout string `yaml:"layout" default:"run" enum:"run,dated"`
	// Owner is the account that owns the bucket; every request names it, so that a bucket of the same name in
	// another account is refused. Default: the account Sealift's own credentials are in.
	Owner string `yaml:"owner" grammar:"account"`
}

// Masking is how values are replaced before they leave the source.
type Masking struct {
	// Key names where the master key lives, 32 bytes in base64: env:NAME, file:/path, kms:BASE64 or secretsmanager:ARN. Or ephemeral:
	// a key for this run only, whose values nobody can join with those of another.
	Key string `yaml:"key" required:"true" grammar:"mask_key"`
	// Environment is what the masked data is for: values of two environments cannot be joined. Default: the target's warehouse and
	// database.
	Environment string `yaml:"environment" grammar:"mask_word"`
	// Epoch is any word. Another one makes other values of everything, as another dictionary needs it.
	Epoch string `yaml:"epoch" default:"1" grammar:"mask_word"`
	// Policy is a file of masks that jobs share, or several. A path that is not absolute begins in the folder of the job file.
	Policy []string `yaml:"policy" one:"true"`
	// OnUnlisted says what becomes of a column that has no mask: error, null or hash. Default: what the policy says, or error.
	OnUnlisted string `yaml:"on_unlisted" enum:"error,null,hash"`
}

// Defaults hold for tables that do not say otherwise.
type Defaults struct {
	// Mode of publishing: create (the target must not exist or be empty), append, replace, or merge (rows take the place of
	// those that have their key in the target, and are added where there is none); for sync also mirror (merge, and rows
	// that are gone from the source go) or history (every version of a row is kept).
	Mode string `yaml:"mode" default:"create" enum:"create,append,replace,merge,mirror,history"`
	// Verify says how source and target are compared: digest (counts and per-column digests).
	Verify string `yaml:"verify" default:"digest" enum:"digest"`
	// Unmatched says what a pattern that matches no table is: error or ignore.
	Unmatched string `yaml:"unmatched" default:"error" enum:"error,ignore"`
	// Grants carries the source's grants to tables that are created. Replaced tables always keep the target's.
	Grants bool `yaml:"grants"`
	// Owner carries the source's owner to tables that are created; the user must exist in the target.
	Owner bool `yaml:"owner"`
	// OnSchemaChange says what sync does when a source's columns are others than the target's: stop (that table), evolve (add new
	// columns, widen texts) or ignore (leave new columns out). Default: stop.
	OnSchemaChange string `yaml:"on_schema_change" enum:"stop,evolve,ignore"`
	// Analyze says when sync has the target's statistics made anew: auto (before new rows are put into a table that is the user's own and
	// whose statistics are off by a tenth or more) or never. Default: auto.
	Analyze string `yaml:"analyze" enum:"auto,never"`
}

// Table is one entry under tables: a pattern, one table, or a query. A bare text is short for select.
type Table struct {
	// Select is a table, schema.table, or a pattern: * stands for any characters within one name. A name with anything
	// but letters, digits and _ in it goes into double quotes. A table that has an entry of its own is left out of every
	// pattern.
	Select Pattern `yaml:"select"`
	// Query is moved in place of a table; the target's columns take the names and types of its result.
	Query string `yaml:"query"`
	// As is the table's name in the target: schema.table, or schema.* for a pattern. A query needs it.
	As string `yaml:"as"`
	// Columns to move, by name. Default: all.
	Columns []string `yaml:"columns"`
	// Where is a condition on the source's rows, in SQL.
	Where string `yaml:"where"`
	// Mode of publishing; see defaults.mode.
	Mode string `yaml:"mode" enum:"create,append,replace,merge,mirror,history"`
	// Key is the columns that identify a row, for merge and for a subset: none of them may be NULL, and no two rows may share their
	// values. Default, for a subset: the primary key.
	Key []string `yaml:"key"`
	// Since is the column whose growth marks new and changed rows, for sync: a number, a date or a timestamp.
	Since string `yaml:"since"`
	// Lookback is how far below the greatest value of since sync reads again, for rows that were committed late: 30m, 2h, 3d, or
	// a number where since is one. Without a key, rows that are not as old yet wait for the next sync.
	Lookback string `yaml:"lookback" grammar:"lookback"`
	// DeletedAt is a column of the target, for mode mirror: rows that are gone from the source get the time there, in place
	// of being deleted.
	DeletedAt string `yaml:"deleted_at"`
	// OnSchemaChange; see defaults.on_schema_change.
	OnSchemaChange string `yaml:"on_schema_change" enum:"stop,evolve,ignore"`
	// Mask says what becomes of columns' values, by the columns' names: a transformer's name, or use with its options, and domain,
	// entity, when, else. It goes before what a policy says.
	Mask map[string]Mask `yaml:"mask"`
	// Unmasked copies the table as it is, although the job has masking.
	Unmasked *bool `yaml:"unmasked"`
	// Grants of the source are carried over, or not; see defaults.grants.
	Grants *bool `yaml:"grants"`
	// Owner of the source is carried over, or not; see defaults.owner.
	Owner *bool `yaml:"owner"`

	// Pos is where the entry stands in the file.
	Pos Pos `yaml:"-"`
}

// FileSet is one entry under files: what is loaded into one table. What is left out is found out from the files.
type FileSet struct {
	// Path is a file, a folder, a pattern, or an object, prefix or pattern in S3; or several. A path that is not absolute
	// begins in the folder of the job file.
	Path []string `yaml:"path" required:"true" one:"true" env:"true"`
	// As is the table: schema.table.
	As string `yaml:"as" required:"true"`
	// Mode of publishing: create (the table must not exist or be empty), append, replace or merge. Default: that of defaults.
	Mode string `yaml:"mode" enum:"create,append,replace,merge"`
	// Key is the columns that identify a row, for merge.
	Key []string `yaml:"key"`
	// Format of the files.
	Format string `yaml:"format" enum:"csv,json,parquet,unload"`
	// Delimiter is the one character between fields, or tab.
	Delimiter string `yaml:"delimiter" grammar:"delimiter"`
	// Quote is the one character around fields, or none.
	Quote string `yaml:"quote" grammar:"quote"`
	// Header says whether the first line names the columns.
	Header *bool `yaml:"header"`
	// Nulls are texts that mean NULL, as a field with nothing in it does.
	Nulls []string `yaml:"nulls"`
	// Records is the path of the records in a JSON document: results, data.items.
	Records string `yaml:"records"`
	// Infer is how many records are looked at to find types: a number, or all.
	Infer string `yaml:"infer" grammar:"records"`
	// Types of columns in a new table: column=type.
	Types []string `yaml:"types"`
	// Way of objects in S3: stream (through this machine), copy (into the stage, by S3) or place (where they are).
	Way string `yaml:"way" enum:"stream,copy,place"`
	// MaxErrors is how many wrong records are set aside, into the file of rejects, before the load fails.
	MaxErrors int `yaml:"max_errors" min:"0" max:"1000000000"`
	// Rejects is the file for records that are set aside; it must not be there yet.
	Rejects string `yaml:"rejects" env:"true"`
	// Again appends the same content once more.
	Again bool `yaml:"again"`
	// AllowMissing lets the files lack columns of the table.
	AllowMissing bool `yaml:"allow_missing"`
	// IgnoreExtra leaves out columns of the files that the table does not have.
	IgnoreExtra bool `yaml:"ignore_extra"`
	// Gone says what sync makes of a file that it has loaded and that is not there any more: report (name it, every time; the exit
	// code is 3) or ignore, where files are moved away once they are loaded. Default: report.
	Gone string `yaml:"gone" enum:"report,ignore"`

	// Pos is where the entry stands in the file.
	Pos Pos `yaml:"-"`
}

// Concurrency limits statements that run at once.
type Concurrency struct {
	// Unload is how many UNLOADs run at once in the source.
	Unload int `yaml:"unload" default:"4" min:"1" max:"64"`
	// Copy is how many COPYs run at once in the target.
	Copy int `yaml:"copy" default:"4" min:"1" max:"64"`
}

// Pattern selects tables: schema.table with * for any characters within one name.
type Pattern struct {
	Text string
	Pos  Pos
}

// Pos is a place in the job file, both counted from 1.
type Pos struct{ Line, Column int }
