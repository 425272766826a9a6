package transfer

import (
	"context"
	"time"
)

// History keeps what COPY and UNLOAD did, where it stays when their transaction rolls back: rows of STL_LOAD_ERRORS,
// SYS_LOAD_HISTORY, STL_UNLOAD_LOG and their kin. Each record is given twice: when the statement begins to move rows
// (Status Running) and when it has ended; the second replaces the first. QueryID tells which belong together.
type History interface {
	Load(ctx context.Context, l *Load) error
	Unload(ctx context.Context, u *Unload) error
}

// Status is what became of a statement.
type Status string

// The values of Status.
const (
	Running Status = "running"
	Success Status = "success"
	Failed  Status = "failed"
	Aborted Status = "aborted" // cancelled
)

// Statement is what all records tell of the statement they belong to.
type Statement struct {
	QueryID  int64
	XID      int64 // transaction id, 0 unknown
	UserOID  uint32
	PID      int32
	Database string
	Start    time.Time
	End      time.Time // zero while running
	Status   Status
	Error    string
}

// Load is one COPY.
type Load struct {
	Statement
	TableOID     uint32
	Table        string // unqualified
	Source       string // s3:// path of the statement
	Format       string // csv, txt, json, parquet
	Rows         int64
	Bytes        int64 // read, after decompression
	FileCount    int
	FileBytes    int64 // of the objects
	ErrorCount   int64
	Files        []LoadedFile
	Errors       []LoadError
	Replacements []Replacement
}

// LoadedFile is one object that a COPY read to its end.
type LoadedFile struct {
	Slice  int
	URL    string
	Lines  int64
	Bytes  int64
	Errors int64
	Time   time.Time
}

// LoadError is one field or row that could not be loaded.
type LoadError struct {
	Slice         int
	URL           string
	Time          time.Time
	Line          int64 // -1 unknown
	Column        string
	Type          string
	Length        string
	Position      int
	RawLine       string
	RawFieldValue string
	Code          int
	Reason        string
	Fields        []ErrorField
}

// ErrorField is one column of a bad row, up to the one that is bad.
type ErrorField struct {
	Column string
	Value  string
	Null   bool
	Type   string
	Length string
}

// Replacement is one row in which ACCEPTINVCHARS replaced characters.
type Replacement struct {
	Slice   int
	URL     string
	Time    time.Time
	Line    int64
	Column  string
	RawLine string
}

// Unload is one UNLOAD.
type Unload struct {
	Statement
	Format      string // TEXT, CSV, JSON, PARQUET
	Compression string
	Location    string // s3:// path of the statement
	Rows        int64
	Bytes       int64
	Files       []UnloadedFile
}

// UnloadedFile is one object that an UNLOAD wrote.
type UnloadedFile struct {
	Slice int
	URL   string
	Start time.Time
	End   time.Time
	Rows  int64
	Bytes int64
}
