package journal

import "time"

// Version is the format's version, in the first entry of a journal.
const Version = 1

// Type tells what an entry records.
type Type string

// The types of entries.
const (
	Begin   Type = "begin"   // first entry: run, plan, version
	Resume  Type = "resume"  // another process goes on; Details say if the line before was cut short
	Intent  Type = "intent"  // a step is about to happen
	Done    Type = "done"    // it happened; Facts say what
	Failed  Type = "failed"  // it did not happen, or was rolled back
	Unknown Type = "unknown" // the answer was lost: it may have happened
	Stopped Type = "stopped" // not begun, because the run was told to stop
	End     Type = "end"     // the process is done with the run, which was interrupted if Outcome says so
)

// Entry is one line of a journal.
type Entry struct {
	Seq     int64     `json:"seq"` // from 1, without gaps
	Time    time.Time `json:"time"`
	Prev    string    `json:"prev"` // SHA-256 of the line before, hex; "" in the first
	Type    Type      `json:"type"`
	Run     string    `json:"run,omitempty"`     // in Begin
	Plan    string    `json:"plan,omitempty"`    // in Begin
	Version int       `json:"version,omitempty"` // in Begin
	Table   string    `json:"table,omitempty"`   // target name, "" for steps outside tables
	Step    string    `json:"step,omitempty"`    // step id of the plan
	Attempt int       `json:"attempt,omitempty"` // from 1
	Facts   *Facts    `json:"facts,omitempty"`
	Error   string    `json:"error,omitempty"`
	Hint    string    `json:"hint,omitempty"`
	Anew    bool      `json:"anew,omitempty"` // going on with the run would come to the same error
	Details []string  `json:"details,omitempty"`
	Outcome string    `json:"outcome,omitempty"` // in End
}

// Facts is what a step found out or left behind. Fields that do not apply are absent.
type Facts struct {
	Prefix      string           `json:"prefix,omitempty"`  // where an attempt unloads to; in the intent already
	Marker      string           `json:"marker,omitempty"`  // the marker's id; in the intent already
	Session     *Session         `json:"session,omitempty"` // who does it, in the intent already
	Rows        int64            `json:"rows,omitempty"`
	Objects     int              `json:"objects,omitempty"`
	Bytes       int64            `json:"bytes,omitempty"`
	Digest      string           `json:"digest,omitempty"`
	DigestRow   []string         `json:"digest_row,omitempty"` // what the digest is made of, as the source answered
	Manifest    string           `json:"manifest,omitempty"`   // s3:// URL of the manifest that COPY reads
	ManifestSum string           `json:"manifest_sha256,omitempty"`
	QueryID     int64            `json:"query_id,omitempty"`
	Identity    map[string]int64 `json:"identity,omitempty"`   // column -> next value
	Updated     int64            `json:"updated,omitempty"`    // of a merge: rows that took the place of others
	Added       int64            `json:"added,omitempty"`      // of a mirror: rows that are new
	Deleted     int64            `json:"deleted,omitempty"`    // of a mirror: rows that were deleted, or marked so
	Profile     []int64          `json:"profile,omitempty"`    // of masked columns: values and distinct ones (-1: not counted), in the source; then as they came out
	Superseded  int64            `json:"superseded,omitempty"` // rows that were not moved, because others of their key are newer
	Near        string           `json:"near,omitempty"`       // of a sync: what the rows near the new watermark were when they were unloaded
	Content     string           `json:"content,omitempty"`    // of a load: digest over the bytes of its files
	Rejected    int64            `json:"rejected,omitempty"`   // records that were set aside
	Rejects     string           `json:"rejects,omitempty"`    // the file they are in
	Files       []string         `json:"files,omitempty"`      // that an unload wrote
	Blank       int64            `json:"blank,omitempty"`      // empty lines, which are no records
	Empty       bool             `json:"empty,omitempty"`      // the prefix was listed and is empty
	Looked      bool             `json:"looked,omitempty"`     // the answer was lost, and the marker told what happened
	Overrode    string           `json:"overrode,omitempty"`   // whose lease was taken over
	Door        *Door            `json:"door,omitempty"`       // that was opened or left
	// Tables are what a step of all tables found out about each, by target.
	Tables map[string]*Facts `json:"tables,omitempty"`
	// Times of the statements that do the work, in seconds.
	SendSeconds   float64 `json:"send_seconds,omitempty"`
	UnloadSeconds float64 `json:"unload_seconds,omitempty"`
	CopySeconds   float64 `json:"copy_seconds,omitempty"`
	DigestSeconds float64 `json:"digest_seconds,omitempty"`
}

// Door is an inbound rule of a security group.
type Door struct {
	Group   string `json:"group"`
	Address string `json:"address"` // that is let in, or the range
	Port    int    `json:"port"`
	Rule    string `json:"rule,omitempty"` // its id
	// Until is when AWS closes it, if nobody closes it before or renews it.
	Until    time.Time `json:"until,omitzero"`
	Schedule string    `json:"schedule,omitempty"` // that closes it then; "" for none
	Foreign  bool      `json:"foreign,omitempty"`  // somebody else's rule: used, and left as it is
	Shared   []string  `json:"shared,omitempty"`   // other runs that need it, so that it stays
	Gone     bool      `json:"gone,omitempty"`     // it was closed, and looked for until it was not there
}

// Session is a session of a warehouse: its server process, and when that began by the warehouse's own clock and in its
// own words. The number alone is somebody else's one day.
type Session struct {
	PID   int64  `json:"pid"`
	Began string `json:"began"`
}
