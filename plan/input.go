package plan

import (
	"fmt"
	"strings"
	"time"

	"github.com/sealift/sealift/internal/redshift"
	"github.com/sealift/sealift/internal/show"
)

// Input is what a load reads and how: everything that was found out by looking at the files, or was said.
type Input struct {
	Files  []File   `json:"files"`
	Format string   `json:"format"`         // csv, json, parquet or unload
	Path   []string `json:"path,omitempty"` // the keys that lead to the records of a JSON document
	// Way is how they come to where COPY reads them, and Why the reason where that may be a surprise.
	Way Way    `json:"way,omitempty"`
	Why string `json:"why,omitempty"`
	// Compression of text that COPY reads as it is: gzip, bzip2, zstd or none.
	Compression string `json:"compression,omitempty"`
	// Delimiter and Quote of delimited text; Quote is empty where nothing is quoted.
	Delimiter string `json:"delimiter,omitempty"`
	Quote     string `json:"quote,omitempty"`
	Header    bool   `json:"header,omitempty"` // the first record of every file names the columns
	// Names are all columns of delimited text, as the header has them; c1, c2 ... without one.
	Names []string `json:"names,omitempty"`
	Nulls []string `json:"nulls,omitempty"` // texts that mean NULL
	// Columns are those that are loaded, in the order of COPY's list.
	Columns []InputColumn `json:"columns"`
	// Marker stands for NULL in what is staged.
	Marker string `json:"marker"`
	// IgnoreExtra leaves out keys of JSON records that are no column.
	IgnoreExtra bool `json:"ignore_extra,omitempty"`
	// MaxErrors is how many wrong records are set aside into the file Rejects before the load fails.
	MaxErrors int64  `json:"max_errors,omitempty"`
	Rejects   string `json:"rejects,omitempty"`
	// ShowValues lets messages hold the value that is wrong, which is somebody's data.
	ShowValues bool `json:"show_values,omitempty"`
	// Counted says that the rows of every file are known beforehand.
	Counted bool `json:"counted,omitempty"`
	// Content is the digest of the records, where all of them were looked at beforehand and COPY reads the files as they are.
	Content string `json:"content,omitempty"`
	// Slices is how many parts are written at once, so that each slice of the target has one to read.
	Slices int `json:"slices"`
	// MaxRatio and MaxSize bound what compressed files may become.
	MaxRatio int64 `json:"max_ratio"`
	MaxSize  int64 `json:"max_size"`
}

// Way is how the files come to where COPY reads them.
type Way string

// The ways of files.
const (
	Stream  Way = ""       // through this machine, which writes their records into parts
	Upload  Way = "upload" // each file becomes an object of the stage, as it is
	Copied  Way = "copy"   // each object is copied into the stage, and under its key, by S3
	InPlace Way = "place"  // COPY reads the objects where they are
)

// File is one file of a load, as it was when the plan was made. It is not loaded if it has changed since.
type File struct {
	Name     string    `json:"name"`              // as the command line has it; - is standard input
	Path     string    `json:"path,omitempty"`    // absolute, or the URL of an object; none for standard input
	Size     int64     `json:"size"`              // -1: not known beforehand
	Modified time.Time `json:"modified,omitzero"` // none for what is no regular file
	// ETag, Region and Owner of an object in S3. It is read by its ETag only, so that another object of that name is refused.
	ETag   string `json:"etag,omitempty"`
	Region string `json:"region,omitempty"`
	Owner  string `json:"owner,omitempty"`
	Rows   int64  `json:"rows,omitempty"` // that it has, where Input.Counted
}

// InputColumn says where a column's values come from, and what they become.
type InputColumn struct {
	Name   string        `json:"name"` // in the header, or the JSON key
	Column string        `json:"column"`
	Type   redshift.Type `json:"type"`
	// Check looks at each value for what COPY would change without a word; it is left out where every value was looked at
	// before.
	Check bool `json:"check,omitempty"`
}

// Rows of all files, where they are Counted.
func (in *Input) Rows() (rows int64) {
	for _, f := range in.Files {
		rows += f.Rows
	}
	return rows
}

// Bytes of all files, 0 if it is not known.
func (in *Input) Bytes() int64 {
	sum := int64(0)
	for _, f := range in.Files {
		if f.Size < 0 {
			return 0
		}
		sum += f.Size
	}
	return sum
}

// text tells how the files are read and which columns they become.
func (in *Input) text(page *show.Page) {
	if in == nil {
		return
	}
	how := "JSON records"
	switch {
	case in.Format == "csv":
		how = fmt.Sprintf("text, fields told apart by %q", in.Delimiter)
		if in.Header {
			how += ", with a header"
		}
	case len(in.Path) > 0:
		how += " under " + strings.Join(in.Path, ".")
	}
	switch in.Format {
	case "parquet":
		how = "Parquet"
	case "unload":
		how = fmt.Sprintf("text that UNLOAD wrote, fields told apart by %q", in.Delimiter)
	}
	if in.Counted {
		how += ", " + show.Plural(in.Rows(), "row")
	}
	way := map[Way]string{
		Stream:  "streamed through this machine into parts under the key",
		Upload:  "staged as they are, under the key",
		Copied:  "copied into the stage, under the key, by S3; no byte passes through this machine",
		InPlace: "read by COPY where they are; no byte passes through this machine",
	}[in.Way]
	if in.Why != "" {
		way += " (" + in.Why + ")"
	}
	page.Paragraph("read    ", fmt.Sprintf("%s, as %s, %s", show.Plural(int64(len(in.Files)), "file"), how, way), show.Plain)
	grid := &show.Grid{Indent: 2, Columns: []show.Column{{Head: "column"}, {Head: "type"}, {Head: "from"}}}
	for _, c := range in.Columns {
		from := c.Name
		if from == c.Column {
			from = ""
		}
		grid.Add(c.Column, strings.ToUpper(c.Type.String()), from)
	}
	page.Grid(grid)
	page.Blank()
}
