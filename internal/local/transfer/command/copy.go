package command

import (
	"maps"
	"slices"
	"strings"

	"github.com/sealift/sealift/internal/local/dialect"
	"github.com/sealift/sealift/internal/local/transfer/envelope"
)

// JSONLayout is how fields of JSON find their columns.
type JSONLayout int

// The layouts of COPY's JSON 'option' (DG copy-parameters-data-format).
const (
	JSONAuto           JSONLayout = iota // by name, lower case
	JSONAutoIgnoreCase                   // by name, any case
	JSONNoShred                          // the whole document into one SUPER column
	JSONPaths                            // by the paths of a file
)

// Encoding is how the characters of a load file are encoded.
type Encoding string

// The encodings of COPY's ENCODING.
const (
	UTF8     Encoding = "UTF8"
	UTF16    Encoding = "UTF16"
	UTF16LE  Encoding = "UTF16LE"
	UTF16BE  Encoding = "UTF16BE"
	ISO88591 Encoding = "ISO88591"
)

// Switch is an option that can be on, off or not said at all.
type Switch int

// The positions of a Switch.
const (
	Unsaid Switch = iota
	On
	Off
	Preset // COMPUPDATE PRESET
)

// Copy is a COPY statement that was read.
type Copy struct {
	Schema  string // "" if the name was not qualified
	Table   string
	Columns []string // nil without a list
	From    Location
	Auth    Authorization

	Manifest  bool
	Region    string
	MasterKey *envelope.MasterKey // of client-side encryption

	Format          Format
	Delimiter       byte
	LongDelimiter   string // of several characters, in place of Delimiter
	Quote           byte   // with CSV
	Widths          []Width
	JSON            JSONLayout
	JSONPathsFile   Location // with JSONPaths
	SerializeToJSON bool     // with Parquet
	Compression     Compression
	Encoding        Encoding

	NullAs           string // `\N` unless NULL AS was given
	NullAsGiven      bool
	EmptyAsNull      bool
	BlanksAsNull     bool
	Escape           bool
	RemoveQuotes     bool
	IgnoreHeader     int64
	IgnoreBlankLines bool
	FillRecord       bool
	TrimBlanks       bool
	TruncateColumns  bool
	AcceptInvChars   byte // the character that stands in for invalid ones; 0 refuses them
	AcceptAnyDate    bool
	DateFormat       string // "" is the default
	TimeFormat       string
	RoundDec         bool
	ExplicitIDs      bool

	MaxErrors       int64 // errors at which the load fails: 1 by default, 0 never with IgnoreAllErrors
	IgnoreAllErrors bool
	NoLoad          bool
	CompUpdate      Switch
	StatUpdate      Switch
}

const maxErrorLimit = 100_000

// copyReader is a Copy in the making, with what has been said so far.
type copyReader struct {
	Copy
	mode Mode
	auth authorization
	seen map[string]bool
}

// ParseCopy reads the tokens of a COPY ... FROM 's3://...' statement.
func ParseCopy(tokens []dialect.Token, mode Mode) (*Copy, *dialect.Error) {
	c := newCursor(tokens)
	r := &copyReader{mode: mode, auth: authorization{mode: mode}, seen: map[string]bool{}}
	r.Format, r.NullAs, r.MaxErrors, r.Quote, r.Encoding = Delimited, `\N`, 1, '"', UTF8
	if err := r.head(c); err != nil {
		return nil, err
	}
	for !c.done() {
		if err := r.option(c); err != nil {
			return nil, err
		}
		c.punct(",")
	}
	if err := r.check(); err != nil {
		return nil, err
	}
	return &r.Copy, nil
}

// head takes COPY [schema.]table [(columns)] FROM 's3://bucket/key'.
func (r *copyReader) head(c *cursor) (err *dialect.Error) {
	if err = c.expectWord("COPY"); err != nil {
		return err
	}
	if r.Table, err = c.name(r.mode.CaseSensitive); err != nil {
		return err
	}
	if c.punct(".") {
		r.Schema = r.Table
		if r.Table, err = c.name(r.mode.CaseSensitive); err != nil {
			return err
		}
	}
	if c.peek().Text == "(" {
		if r.Columns, err = c.names(r.mode.CaseSensitive); err != nil {
			return err
		}
	}
	if err = c.expectWord("FROM"); err != nil {
		return err
	}
	from, _, err := c.literal()
	if err != nil {
		return err
	}
	r.From, err = parseSource(from)
	return err
}

func (r *copyReader) option(c *cursor) *dialect.Error {
	if taken, err := r.auth.clause(c); taken {
		return err
	}
	if c.word("FORMAT") {
		c.word("AS")
		if !formats[strings.ToUpper(c.peek().Text)] {
			return c.syntax()
		}
	}
	t := c.peek()
	if t.Kind != dialect.Word {
		return c.syntax()
	}
	option := strings.ToUpper(t.Text)
	read, ok := copyOptions[option]
	if !ok {
		return c.syntax()
	}
	c.next++
	if formats[option] {
		if r.seen["FORMAT"] {
			return failf(codeSyntax, "only one data format can be given")
		}
		r.seen["FORMAT"] = true
	}
	if r.seen[option] {
		return redundant()
	}
	r.seen[option] = true
	return read(r, c)
}

var formats = map[string]bool{
	"CSV": true, "JSON": true, "AVRO": true, "PARQUET": true, "ORC": true, "SHAPEFILE": true, "FIXEDWIDTH": true,
}

// refusal makes an option that the stand-in does not imitate.
func refusal(what string) func(*copyReader, *cursor) *dialect.Error {
	return func(*copyReader, *cursor) *dialect.Error { return refused(what) }
}

// copyOptions reads the arguments of each option of DG r_COPY after its keyword.
var copyOptions = map[string]func(*copyReader, *cursor) *dialect.Error{
	"CSV": func(r *copyReader, c *cursor) (err *dialect.Error) {
		r.Format = CSV
		if c.word("QUOTE") {
			return r.quote(c)
		}
		return nil
	},
	"QUOTE":   (*copyReader).quote,
	"PARQUET": flag(func(r *copyReader) { r.Format = Parquet }),
	"JSON":    text((*copyReader).json),
	"FIXEDWIDTH": text(func(r *copyReader, spec string) (err *dialect.Error) {
		r.Format = FixedWidth
		r.Widths, err = parseWidths(spec)
		return err
	}),
	"AVRO":      refusal("COPY from AVRO"),
	"ORC":       refusal("COPY from ORC"),
	"SHAPEFILE": refusal("COPY from SHAPEFILE"),
	"LZOP":      refusal("COPY with LZOP"),
	"SSH":       refusal("COPY from SSH"),
	"READRATIO": refusal("COPY from Amazon DynamoDB"),
	"JOB":       refusal("COPY JOB"),
	"USING":     refusal("COPY with a TEMPLATE"),
	"DELIMITER": func(r *copyReader, c *cursor) (err *dialect.Error) {
		if r.LongDelimiter = several(c); r.LongDelimiter != "" {
			return nil
		}
		r.Delimiter, err = character("DELIMITER", c)
		return err
	},
	"GZIP":  flag(func(r *copyReader) { r.Compression = Gzip }),
	"BZIP2": flag(func(r *copyReader) { r.Compression = Bzip2 }),
	"ZSTD":  flag(func(r *copyReader) { r.Compression = Zstd }),

	"MANIFEST": flag(func(r *copyReader) { r.Manifest = true }),
	"ENCRYPTED": func(r *copyReader, _ *cursor) *dialect.Error {
		if !r.mode.ClientSide {
			return ended("ENCRYPTED in COPY")
		}
		return nil
	},
	"MASTER_SYMMETRIC_KEY": text(func(r *copyReader, key string) *dialect.Error {
		return r.auth.masterKey("MASTER_SYMMETRIC_KEY", key)
	}),
	"REGION": text(func(r *copyReader, s string) *dialect.Error {
		r.Region = s
		return nil
	}),

	"ACCEPTANYDATE": flag(func(r *copyReader) { r.AcceptAnyDate = true }),
	"ACCEPTINVCHARS": func(r *copyReader, c *cursor) *dialect.Error {
		r.AcceptInvChars = '?'
		as := c.word("AS")
		if c.peek().Kind != dialect.String {
			if as {
				return c.syntax()
			}
			return nil
		}
		s, _, err := c.literal()
		if err != nil {
			return err
		}
		if len(s) != 1 || s[0] == 0 || s[0] >= 0x80 {
			return failf(codeInvalid, "ACCEPTINVCHARS must be a single ASCII character other than NULL")
		}
		r.AcceptInvChars = s[0]
		return nil
	},
	"BLANKSASNULL": flag(func(r *copyReader) { r.BlanksAsNull = true }),
	"DATEFORMAT": text(func(r *copyReader, s string) *dialect.Error {
		r.DateFormat = s
		return nil
	}),
	"EMPTYASNULL":      flag(func(r *copyReader) { r.EmptyAsNull = true }),
	"ENCODING":         (*copyReader).encoding,
	"ESCAPE":           flag(func(r *copyReader) { r.Escape = true }),
	"EXPLICIT_IDS":     flag(func(r *copyReader) { r.ExplicitIDs = true }),
	"FILLRECORD":       flag(func(r *copyReader) { r.FillRecord = true }),
	"IGNOREBLANKLINES": flag(func(r *copyReader) { r.IgnoreBlankLines = true }),
	"IGNOREHEADER": func(r *copyReader, c *cursor) (err *dialect.Error) {
		r.IgnoreHeader, err = c.asInteger()
		return err
	},
	"NULL": func(r *copyReader, c *cursor) (err *dialect.Error) {
		r.NullAsGiven = true
		r.NullAs, err = nullString(c)
		return err
	},
	"REMOVEQUOTES": flag(func(r *copyReader) { r.RemoveQuotes = true }),
	"ROUNDEC":      flag(func(r *copyReader) { r.RoundDec = true }),
	"TIMEFORMAT": text(func(r *copyReader, s string) *dialect.Error {
		r.TimeFormat = s
		return nil
	}),
	"TRIMBLANKS":      flag(func(r *copyReader) { r.TrimBlanks = true }),
	"TRUNCATECOLUMNS": flag(func(r *copyReader) { r.TruncateColumns = true }),
	"SERIALIZETOJSON": flag(func(r *copyReader) { r.SerializeToJSON = true }),

	"COMPROWS": func(_ *copyReader, c *cursor) *dialect.Error {
		n, err := c.asInteger()
		if err == nil && (n < 1000 || n > 1<<31-1) {
			return failf(codeInvalid, "COMPROWS must be between 1000 and 2147483647")
		}
		return err
	},
	"COMPUPDATE": func(r *copyReader, c *cursor) *dialect.Error {
		if c.word("PRESET") {
			r.CompUpdate = Preset
			return nil
		}
		r.CompUpdate = switched(c)
		return nil
	},
	"STATUPDATE": func(r *copyReader, c *cursor) *dialect.Error {
		r.StatUpdate = switched(c)
		return nil
	},
	"IGNOREALLERRORS": flag(func(r *copyReader) { r.IgnoreAllErrors = true }),
	"MAXERROR": func(r *copyReader, c *cursor) *dialect.Error {
		n, err := c.asInteger()
		if err != nil {
			return err
		}
		if n > maxErrorLimit {
			return failf(codeInvalid, "MAXERROR must be between 0 and 100000")
		}
		// 0 and 1 both mean that the first error fails the load (DG copy-parameters-data-load).
		r.MaxErrors = max(n, 1)
		return nil
	},
	"NOLOAD": flag(func(r *copyReader) { r.NoLoad = true }),
}

func switched(c *cursor) Switch {
	if c.onOff() {
		return On
	}
	return Off
}

func (r *copyReader) quote(c *cursor) (err *dialect.Error) {
	r.seen["QUOTE"] = true
	r.Quote, err = character("QUOTE", c)
	return err
}

func (r *copyReader) json(option string) (err *dialect.Error) {
	r.Format = JSON
	switch {
	case option == "auto":
		r.JSON = JSONAuto
	case option == "auto ignorecase":
		r.JSON = JSONAutoIgnoreCase
	case option == "noshred":
		r.JSON = JSONNoShred
	case strings.HasPrefix(option, "s3://"):
		r.JSON = JSONPaths
		r.JSONPathsFile, err = parseSource(option)
	default:
		return failf(codeInvalid, "JSON option must be 'auto', 'auto ignorecase', 'noshred' or the S3 path of a JSONPaths file")
	}
	return err
}

// encoding takes [AS] name, which the manual writes without quotes and clients also write with them.
func (r *copyReader) encoding(c *cursor) *dialect.Error {
	c.word("AS")
	name := c.peek().Text
	if c.peek().Kind == dialect.String {
		value, _, err := c.literal()
		if err != nil {
			return err
		}
		name = value
	} else {
		c.next++
	}
	switch e := Encoding(strings.ReplaceAll(strings.ToUpper(name), "-", "")); e {
	case UTF8, UTF16, UTF16LE, UTF16BE, ISO88591:
		r.Encoding = e
		return nil
	}
	return failf(codeInvalid, "ENCODING must be UTF8, UTF16, UTF16LE, UTF16BE or ISO88591")
}

// copyConflicts lists which options do not go together (DG copy-parameters-data-format and -data-conversion).
var copyConflicts = []struct {
	of   string
	with []string
}{
	{"CSV", []string{"REMOVEQUOTES", "ESCAPE"}},
	{"FIXEDWIDTH", []string{"DELIMITER", "ESCAPE", "REMOVEQUOTES"}},
	{"JSON", []string{"DELIMITER", "ESCAPE", "FILLRECORD", "IGNOREBLANKLINES", "NULL", "READRATIO", "REMOVEQUOTES"}},
	{"IGNOREALLERRORS", []string{"MAXERROR"}},
}

// columnarOptions are the only ones that go with PARQUET besides authorization and the column list (DG
// copy-usage_notes-copy-from-columnar); REGION has its own refusal.
var columnarOptions = map[string]bool{
	"FORMAT": true, "PARQUET": true, "STATUPDATE": true, "MANIFEST": true, "EXPLICIT_IDS": true,
	"ACCEPTINVCHARS": true, "FILLRECORD": true, "SERIALIZETOJSON": true,
}

func (r *copyReader) check() *dialect.Error {
	if err := r.auth.check(); err != nil {
		return err
	}
	r.Auth, r.MasterKey = r.auth.Authorization, r.auth.master
	if (r.MasterKey != nil) != r.seen["ENCRYPTED"] {
		return failf(codeSyntax, "ENCRYPTED and MASTER_SYMMETRIC_KEY must be given together")
	}
	for _, conflict := range copyConflicts {
		if !r.seen[conflict.of] {
			continue
		}
		for _, option := range conflict.with {
			if r.seen[option] {
				return failf(codeSyntax, conflict.of+" cannot be given together with "+spelled(option))
			}
		}
	}
	if r.Format == Parquet {
		for _, option := range slices.Sorted(maps.Keys(copyOptions)) {
			if r.seen[option] && !columnarOptions[option] {
				return failf(codeNotSupported, spelled(option)+" argument is not supported for PARQUET based COPY")
			}
		}
	}
	codecs := 0
	for _, codec := range []string{"GZIP", "BZIP2", "ZSTD"} {
		if r.seen[codec] {
			codecs++
		}
	}
	switch {
	case codecs > 1:
		return failf(codeSyntax, "only one of GZIP, BZIP2 and ZSTD can be given")
	case r.seen["QUOTE"] && r.Format != CSV:
		return failf(codeSyntax, "QUOTE requires CSV")
	case r.SerializeToJSON && r.Format != Parquet:
		return failf(codeNotSupported, "SERIALIZETOJSON is only supported for PARQUET based COPY")
	case r.Format == CSV && r.LongDelimiter != "":
		return refused("a DELIMITER of several characters with CSV")
	case r.Format == CSV && r.Quote == r.delimiter():
		return failf(codeInvalid, "DELIMITER and QUOTE must be different characters")
	case r.IgnoreAllErrors:
		r.MaxErrors = 0
	}
	r.Delimiter = r.delimiter()
	seen := map[string]bool{}
	for _, column := range r.Columns {
		if seen[column] {
			return failf("42701", "column \""+column+"\" specified more than once")
		}
		seen[column] = true
	}
	return nil
}

func (r *copyReader) delimiter() byte {
	switch {
	case r.Delimiter != 0:
		return r.Delimiter
	case r.Format == CSV:
		return ','
	}
	return '|'
}

func spelled(option string) string {
	if option == "NULL" {
		return "NULL AS"
	}
	return option
}
