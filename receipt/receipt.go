package receipt

import "time"

// Version is the format's version.
const Version = 1

// Outcome is what became of a run or of one table.
type Outcome string

// The outcomes. Verified is the only success.
const (
	Verified    Outcome = "verified"    // published, and the digests of source and target agree
	Failed      Outcome = "failed"      // not published; the target is what it was before
	Unknown     Outcome = "unknown"     // the answer to a publish was lost: the target is one or the other, the marker tells
	Interrupted Outcome = "interrupted" // stopped by a signal before it was published
)

// Receipt is the account of a run: what was moved, proved, opened and left.
type Receipt struct {
	Version   int       `json:"version"`
	Run       string    `json:"run"`
	Plan      string    `json:"plan"`
	Job       string    `json:"job"`
	Outcome   Outcome   `json:"outcome"`
	StartedAt time.Time `json:"started_at"`
	EndedAt   time.Time `json:"ended_at"`
	// Once says that no other process can go on with the run: it read standard input, or masked under a key that only it had. The plan
	// tells; receipts that are kept from before do not.
	Once bool `json:"-"`
	// Resumed is how often another process went on with the run.
	Resumed int `json:"resumed,omitempty"`

	Source string `json:"source"`
	Target string `json:"target"`

	Tables []Table `json:"tables"`
	Stage  Stage   `json:"stage"`
	// Masking is nil where the job masks nothing.
	Masking *Masking `json:"masking,omitempty"`
	Doors   []Door   `json:"doors,omitempty"`
	// Left names whatever the run could not remove, with the command that does.
	Left []string `json:"left,omitempty"`
	// Failures outside any table: prologue, epilogue.
	Failures []Failure `json:"failures,omitempty"`
	// Journal is the SHA-256 that closes the journal's chain: with it, the journal cannot be changed unnoticed.
	Journal string `json:"journal"`
}

// Table is one table's account.
type Table struct {
	Source      string   `json:"source"`
	Target      string   `json:"target"`
	Mode        string   `json:"mode"`
	Method      string   `json:"method"`
	Format      string   `json:"format"`
	Outcome     Outcome  `json:"outcome"`
	Rows        int64    `json:"rows"`
	StagedBytes int64    `json:"staged_bytes"`
	Objects     int      `json:"objects"`
	Digest      string   `json:"digest,omitempty"`       // hex, of the source as unloaded; equals the target's when verified
	Content     string   `json:"content,omitempty"`      // of a load: digest over the bytes of its files, hex
	Updated     *int64   `json:"updated,omitempty"`      // of a merge: rows that took the place of others of their key
	Added       *int64   `json:"added,omitempty"`        // of a mirror: rows that are new
	Deleted     *int64   `json:"deleted,omitempty"`      // of a mirror: rows that were deleted, or marked so
	Superseded  int64    `json:"superseded,omitempty"`   // of a sync: rows that were not moved, because others of their key are newer
	Rejected    int64    `json:"rejected,omitempty"`     // records that were set aside
	Rejects     string   `json:"rejects,omitempty"`      // the file they are in
	Files       []string `json:"files,omitempty"`        // that an unload wrote
	Unloads     bool     `json:"-"`                      // into files: their records are counted, and their values compared with nothing
	Send        Duration `json:"send_seconds,omitempty"` // of a load, in place of unload
	Unload      Duration `json:"unload_seconds"`
	Copy        Duration `json:"copy_seconds"`
	Verify      Duration `json:"verify_seconds"`
	// StartedAt and EndedAt bound all steps of the table.
	StartedAt   time.Time `json:"started_at"`
	EndedAt     time.Time `json:"ended_at"`
	SourceQuery int64     `json:"source_query,omitempty"` // query id of the UNLOAD
	TargetQuery int64     `json:"target_query,omitempty"` // query id of the COPY
	Masks       []Masked  `json:"masks,omitempty"`        // of every column; none in a table that was copied as it is
	Notes       []string  `json:"notes,omitempty"`
	Warnings    []Failure `json:"warnings,omitempty"` // what failed and kept no row back: statistics
	Failure     *Failure  `json:"failure,omitempty"`
}

// Failure says what was attempted, on what, why it failed and what to do next.
type Failure struct {
	Step  string `json:"step"`
	Error string `json:"error"`
	Hint  string `json:"hint,omitempty"`
	// Anew says that going on with the run would come to the same error: what helps is a new run.
	Anew bool `json:"anew,omitempty"`
	// Details are lines of their own below the error: file, line, column, the server's code.
	Details []string `json:"details,omitempty"`
}

// Door is the account of a rule of a security group that let a process of the run in.
type Door struct {
	Side     string     `json:"side"` // source or target
	Group    string     `json:"group"`
	Address  string     `json:"address"`
	Port     int        `json:"port"`
	Rule     string     `json:"rule,omitempty"`
	OpenedAt time.Time  `json:"opened_at"`
	ClosedAt *time.Time `json:"closed_at,omitempty"`
	Until    time.Time  `json:"until,omitzero"`    // when AWS closes it, if it was not closed
	Foreign  bool       `json:"foreign,omitempty"` // somebody else's rule, used and left
	Shared   []string   `json:"shared,omitempty"`  // runs that needed it still
	Gone     bool       `json:"gone,omitempty"`    // looked for after it was closed, and not there
}

// Stage is the account of the encrypted middle.
type Stage struct {
	URL     string `json:"url"`
	KMSKey  string `json:"kms_key_arn"`
	Objects int    `json:"objects"` // staged and checked, over all tables
	Bytes   int64  `json:"bytes"`
	Empty   bool   `json:"empty"` // proven empty at the end
	Kept    bool   `json:"kept,omitempty"`
}

// Duration marshals as seconds with millisecond precision.
type Duration time.Duration
