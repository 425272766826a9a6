package command

import (
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/sealift/sealift/internal/local/dialect"
	"github.com/sealift/sealift/internal/local/transfer/envelope"
)

// Compression is how the bytes of a file are compressed.
type Compression string

// The compressions that COPY and UNLOAD have in common.
const (
	Uncompressed Compression = ""
	Gzip         Compression = "gzip"
	Bzip2        Compression = "bzip2"
	Zstd         Compression = "zstd"
)

// Format is how rows are laid out in a file.
type Format string

// The formats.
const (
	Delimited  Format = "text"
	CSV        Format = "csv"
	FixedWidth Format = "fixedwidth"
	JSON       Format = "json"
	Parquet    Format = "parquet"
)

// Width is one column of a FIXEDWIDTH layout.
type Width struct {
	Label string
	Chars int
}

// Unload is an UNLOAD statement that was read.
type Unload struct {
	Query string
	To    Location
	Auth  Authorization

	Format      Format
	Delimiter   byte
	Widths      []Width // with FixedWidth
	Header      bool
	AddQuotes   bool
	Escape      bool
	NullAs      string // "" is also what is written without NULL AS
	Compression Compression
	Extension   *string // EXTENSION, in place of the compression's own suffix

	PartitionBy []string
	Include     bool // keep the partition columns in the files

	Manifest bool
	Verbose  bool

	KMSKeyID      string // with ENCRYPTED
	EncryptedAuto bool
	MasterKey     *envelope.MasterKey // of client-side encryption

	AllowOverwrite bool
	CleanPath      bool
	Serial         bool  // PARALLEL OFF
	MaxFileSize    int64 // bytes
	RowGroupSize   int64 // bytes
	Region         string
}

// Limits of the manual (DG r_UNLOAD). The upper limit of MAXFILESIZE is written there as 6.2 GB, and so is its default.
const (
	minFileSize     = 5 * megabyte
	maxFileSize     = 62 * gigabyte / 10
	rowGroupDefault = 32 * megabyte
	rowGroupMax     = 128 * megabyte
)

// unloadReader is an Unload in the making, with what has been said so far.
type unloadReader struct {
	Unload
	mode Mode
	auth authorization
	seen map[string]bool
}

// ParseUnload reads the tokens of an UNLOAD statement.
func ParseUnload(tokens []dialect.Token, mode Mode) (*Unload, *dialect.Error) {
	c := newCursor(tokens)
	r := &unloadReader{mode: mode, auth: authorization{mode: mode}, seen: map[string]bool{}}
	r.Format, r.MaxFileSize, r.RowGroupSize = Delimited, maxFileSize, rowGroupDefault
	if err := r.head(c); err != nil {
		return nil, err
	}
	for !c.done() {
		if err := r.option(c); err != nil {
			return nil, err
		}
	}
	if err := r.check(); err != nil {
		return nil, err
	}
	return &r.Unload, nil
}

// head takes UNLOAD ('select-statement') TO 's3://bucket/prefix'.
func (r *unloadReader) head(c *cursor) *dialect.Error {
	if err := c.expectWord("UNLOAD"); err != nil {
		return err
	}
	if err := c.expectPunct("("); err != nil {
		return err
	}
	var err *dialect.Error
	if r.Query, _, err = c.literal(); err != nil {
		return err
	}
	if err := c.expectPunct(")"); err != nil {
		return err
	}
	if err := c.expectWord("TO"); err != nil {
		return err
	}
	to, _, err := c.literal()
	if err != nil {
		return err
	}
	if strings.HasPrefix(to, "s3://") && strings.HasSuffix(strings.SplitN(to, "/", 4)[2], "-s3alias") {
		// The real one refuses this too (DG r_UNLOAD, usage notes).
		return failf(codeNotSupported, "UNLOAD does not support S3 access point aliases")
	}
	r.To, err = parseSource(to)
	return err
}

// once marks an option as given and refuses it the second time.
func (r *unloadReader) once(option string) *dialect.Error {
	if r.seen[option] {
		return redundant()
	}
	r.seen[option] = true
	return nil
}

func (r *unloadReader) option(c *cursor) *dialect.Error {
	if taken, err := r.auth.clause(c); taken {
		return err
	}
	if c.word("FORMAT") {
		c.word("AS")
		if !isWord(c.peek(), "CSV") && !isWord(c.peek(), "PARQUET") && !isWord(c.peek(), "JSON") {
			return c.syntax()
		}
	}
	t := c.peek()
	if t.Kind != dialect.Word {
		return c.syntax()
	}
	option := strings.ToUpper(t.Text)
	read, ok := unloadOptions[option]
	if !ok {
		return c.syntax()
	}
	c.next++
	if option == "CSV" || option == "PARQUET" || option == "JSON" {
		if err := r.once("FORMAT"); err != nil {
			return err
		}
	}
	if err := r.once(option); err != nil {
		return err
	}
	return read(r, c)
}

// flag makes an option without argument.
func flag[R any](set func(*R)) func(*R, *cursor) *dialect.Error {
	return func(r *R, _ *cursor) *dialect.Error {
		set(r)
		return nil
	}
}

// text makes an option with the argument [AS] 'text'.
func text[R any](set func(*R, string) *dialect.Error) func(*R, *cursor) *dialect.Error {
	return func(r *R, c *cursor) *dialect.Error {
		value, err := c.asLiteral()
		if err != nil {
			return err
		}
		return set(r, value)
	}
}

// unloadOptions reads the arguments of each option of DG r_UNLOAD after its keyword.
var unloadOptions = map[string]func(*unloadReader, *cursor) *dialect.Error{
	"CSV":     flag(func(r *unloadReader) { r.Format = CSV }),
	"PARQUET": flag(func(r *unloadReader) { r.Format = Parquet }),
	"JSON":    flag(func(r *unloadReader) { r.Format = JSON }),
	"FIXEDWIDTH": text(func(r *unloadReader, spec string) (err *dialect.Error) {
		r.Widths, err = parseWidths(spec)
		return err
	}),
	"DELIMITER": func(r *unloadReader, c *cursor) (err *dialect.Error) {
		r.Delimiter, err = character("DELIMITER", c)
		return err
	},
	"PARTITION": func(r *unloadReader, c *cursor) (err *dialect.Error) {
		if err = c.expectWord("BY"); err != nil {
			return err
		}
		if r.PartitionBy, err = c.names(r.mode.CaseSensitive); err != nil {
			return err
		}
		r.Include = c.word("INCLUDE")
		return nil
	},
	"MANIFEST": func(r *unloadReader, c *cursor) *dialect.Error {
		r.Manifest = true
		r.Verbose = c.word("VERBOSE")
		return nil
	},
	"HEADER":    flag(func(r *unloadReader) { r.Header = true }),
	"ADDQUOTES": flag(func(r *unloadReader) { r.AddQuotes = true }),
	"ESCAPE":    flag(func(r *unloadReader) { r.Escape = true }),
	"NULL": func(r *unloadReader, c *cursor) (err *dialect.Error) {
		r.NullAs, err = nullString(c)
		return err
	},
	"BZIP2": flag(func(r *unloadReader) { r.Compression = Bzip2 }),
	"GZIP":  flag(func(r *unloadReader) { r.Compression = Gzip }),
	"ZSTD":  flag(func(r *unloadReader) { r.Compression = Zstd }),
	"EXTENSION": text(func(r *unloadReader, s string) *dialect.Error {
		r.Extension = &s
		return nil
	}),
	"ENCRYPTED": func(r *unloadReader, c *cursor) *dialect.Error {
		r.EncryptedAuto = c.word("AUTO")
		return nil
	},
	"KMS_KEY_ID": text(func(r *unloadReader, s string) *dialect.Error {
		if s == "" {
			return failf(codeInvalid, "KMS_KEY_ID must not be empty")
		}
		r.KMSKeyID = s
		return nil
	}),
	"MASTER_SYMMETRIC_KEY": text(func(r *unloadReader, key string) *dialect.Error {
		return r.auth.masterKey("MASTER_SYMMETRIC_KEY", key)
	}),
	"ALLOWOVERWRITE": flag(func(r *unloadReader) { r.AllowOverwrite = true }),
	"CLEANPATH":      flag(func(r *unloadReader) { r.CleanPath = true }),
	"PARALLEL": func(r *unloadReader, c *cursor) *dialect.Error {
		r.Serial = !c.onOff()
		return nil
	},
	"MAXFILESIZE": func(r *unloadReader, c *cursor) (err *dialect.Error) {
		if r.MaxFileSize, err = c.asSize(); err != nil {
			return err
		}
		if r.MaxFileSize < minFileSize || r.MaxFileSize > maxFileSize {
			return failf(codeInvalid, "MAXFILESIZE must be between 5 MB and 6.2 GB")
		}
		return nil
	},
	"ROWGROUPSIZE": func(r *unloadReader, c *cursor) (err *dialect.Error) {
		if r.RowGroupSize, err = c.asSize(); err != nil {
			return err
		}
		if r.RowGroupSize < rowGroupDefault || r.RowGroupSize > rowGroupMax || r.RowGroupSize%megabyte != 0 {
			return failf(codeInvalid, "ROWGROUPSIZE must be a whole number between 32 MB and 128 MB")
		}
		return nil
	},
	"REGION": text(func(r *unloadReader, s string) *dialect.Error {
		r.Region = s
		return nil
	}),
}

// unloadConflicts lists which options do not go together (DG r_UNLOAD, each option's own text). The wording of the
// first six lines is what clusters answer: "DELIMITER is not supported for UNLOAD to Parquet", SQLSTATE 0A000.
var unloadConflicts = []struct {
	of   string // option or format
	name string // how the message calls it
	with []string
}{
	{"PARQUET", "Parquet", []string{"DELIMITER", "FIXEDWIDTH", "ADDQUOTES", "ESCAPE", "NULL", "HEADER", "GZIP", "BZIP2", "ZSTD"}},
	{"JSON", "JSON", []string{"DELIMITER", "HEADER", "FIXEDWIDTH", "ADDQUOTES", "ESCAPE", "NULL"}},
	{"CSV", "CSV", []string{"FIXEDWIDTH", "ADDQUOTES", "ESCAPE"}},
	{"FIXEDWIDTH", "FIXEDWIDTH", []string{"DELIMITER", "HEADER", "ADDQUOTES", "ESCAPE"}},
}

func (r *unloadReader) check() *dialect.Error {
	if err := r.auth.check(); err != nil {
		return err
	}
	r.Auth = r.auth.Authorization
	for _, conflict := range unloadConflicts {
		if !r.seen[conflict.of] {
			continue
		}
		for _, option := range conflict.with {
			if r.seen[option] {
				if option == "NULL" {
					option = "NULL AS"
				}
				return failf(codeNotSupported, option+" is not supported for UNLOAD to "+conflict.name)
			}
		}
	}
	if err := r.checkEncryption(); err != nil {
		return err
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
	case r.seen["ROWGROUPSIZE"] && r.Format != Parquet:
		return failf(codeNotSupported, "ROWGROUPSIZE is only supported for UNLOAD to Parquet")
	case r.AllowOverwrite && r.CleanPath:
		return failf(codeSyntax, "CLEANPATH and ALLOWOVERWRITE cannot be given together")
	case len(r.PartitionBy) != len(slices.Compact(slices.Sorted(slices.Values(r.PartitionBy)))):
		return failf(codeSyntax, "PARTITION BY names a column twice")
	}
	if r.seen["FIXEDWIDTH"] {
		r.Format = FixedWidth
	}
	if !r.seen["DELIMITER"] {
		r.Delimiter = '|'
		if r.Format == CSV {
			r.Delimiter = ','
		}
	}
	return r.checkQuery()
}

// checkEncryption knows the ways of DG t_unloading_encrypted_files: nothing, KMS_KEY_ID with ENCRYPTED, ENCRYPTED AUTO,
// and, before it ended, a master symmetric key with ENCRYPTED.
func (r *unloadReader) checkEncryption() *dialect.Error {
	r.MasterKey = r.auth.master
	switch {
	case r.MasterKey != nil && !r.seen["ENCRYPTED"]:
		return failf(codeSyntax, "MASTER_SYMMETRIC_KEY requires ENCRYPTED")
	case r.MasterKey != nil && (r.KMSKeyID != "" || r.EncryptedAuto):
		return failf(codeSyntax, "MASTER_SYMMETRIC_KEY cannot be given together with KMS_KEY_ID or ENCRYPTED AUTO")
	case r.MasterKey != nil && r.Format == Parquet:
		return failf(codeNotSupported, "MASTER_SYMMETRIC_KEY is not supported for UNLOAD to Parquet")
	case r.seen["MASTER_SYMMETRIC_KEY"] && r.auth.byCredentials:
		return failf(codeSyntax, "MASTER_SYMMETRIC_KEY cannot be given together with CREDENTIALS; write master_symmetric_key= into it")
	case r.KMSKeyID != "" && !r.seen["ENCRYPTED"]:
		return failf(codeSyntax, "KMS_KEY_ID requires ENCRYPTED")
	case r.KMSKeyID != "" && r.EncryptedAuto:
		return failf(codeSyntax, "ENCRYPTED AUTO cannot be given together with KMS_KEY_ID")
	case r.KMSKeyID != "" && r.auth.byCredentials:
		return failf(codeSyntax, "KMS_KEY_ID cannot be given together with CREDENTIALS; use IAM_ROLE or ACCESS_KEY_ID and SECRET_ACCESS_KEY")
	case !r.seen["ENCRYPTED"] || r.KMSKeyID != "" || r.EncryptedAuto || r.MasterKey != nil:
		return nil
	case !r.mode.ClientSide:
		return ended("ENCRYPTED without KMS_KEY_ID or AUTO")
	default:
		return failf(codeSyntax, "ENCRYPTED requires KMS_KEY_ID, AUTO or MASTER_SYMMETRIC_KEY")
	}
}

// checkQuery refuses what UNLOAD refuses of its query: anything but one SELECT, and LIMIT in its outermost level.
func (r *unloadReader) checkQuery() *dialect.Error {
	c := newCursor(dialect.Lex(r.Query))
	for c.wrapped() { // (select ... limit 10) is the outermost query all the same
		c.tokens = c.tokens[1 : len(c.tokens)-1]
	}
	first := c.peek()
	for c.at(0).Text == "(" {
		c.next++
		first = c.peek()
	}
	if !isWord(first, "SELECT") && !isWord(first, "WITH") {
		return failf(codeSyntax, "UNLOAD takes a SELECT statement")
	}
	c.next = 0
	depth := 0
	for ; !c.done(); c.next++ {
		t := c.peek()
		switch {
		case t.Text == "(":
			depth++
		case t.Text == ")":
			depth--
		case t.Text == ";":
			return failf(codeSyntax, "syntax error at or near \";\"")
		case depth == 0 && isWord(t, "LIMIT") && c.at(-1).Text != ".":
			return failf(codeNotSupported, "Limit clause is not supported")
		}
	}
	return nil
}

// nullString takes [AS] 'text' after NULL. '\N', '\0' and '\000' mean what they say, although a backslash is an escape
// in a literal: that is how the manual writes them (DG copy-parameters-data-conversion, NULL AS).
func nullString(c *cursor) (string, *dialect.Error) {
	c.word("AS")
	value, raw, err := c.literal()
	if err != nil {
		return "", err
	}
	switch raw {
	case `\N`:
		return `\N`, nil
	case `\0`, `\000`, `\\0`, `\\000`:
		return "\x00", nil
	}
	if value == "\n" || value == `\n` {
		return "", failf(codeInvalid, `NULL AS cannot be '\n': it ends a line`)
	}
	return value, nil
}

// character takes [AS] and the one ASCII character of DELIMITER and QUOTE, which may be written '\t' or '\ddd' in octal,
// with one backslash or two.
func character(option string, c *cursor) (byte, *dialect.Error) {
	c.word("AS")
	s, raw, err := c.literal()
	if err != nil {
		return 0, err
	}
	if raw = strings.Replace(raw, `\\`, `\`, 1); raw == `\t` {
		return '\t', nil
	}
	if octal, ok := strings.CutPrefix(raw, `\`); ok && len(octal) == 3 {
		if n, err := strconv.ParseUint(octal, 8, 7); err == nil {
			s = string(rune(n))
		}
	}
	if len(s) != 1 || s[0] >= 0x80 || s[0] == 0 {
		return 0, failf(codeInvalid, option+" must be a single ASCII character")
	}
	if s[0] == '\n' || s[0] == '\r' {
		return 0, failf(codeInvalid, option+" cannot be newline or carriage return")
	}
	return s[0], nil
}

// several takes [AS] and a literal of more than one character, such as '|~|', which may stand in octal as its bytes of
// UTF-8 do (DG copy-parameters-data-format, DELIMITER). Anything else is left where it is, and the answer is "".
func several(c *cursor) string {
	at := *c
	at.word("AS")
	_, raw, err := at.literal()
	if err != nil {
		return ""
	}
	raw = strings.NewReplacer(`\\`, `\`, `''`, `'`).Replace(raw)
	var text []byte
	for raw != "" {
		one := raw[0]
		rest, escaped := strings.CutPrefix(raw, `\`)
		switch n, err := strconv.ParseUint(rest[:min(3, len(rest))], 8, 8); {
		case !escaped || rest == "":
			raw = raw[1:]
		case len(rest) >= 3 && err == nil:
			one, raw = byte(n), rest[3:]
		case rest[0] == 't':
			one, raw = '\t', rest[1:]
		default:
			return ""
		}
		if one == 0 || one == '\n' || one == '\r' {
			return ""
		}
		text = append(text, one)
	}
	if len(text) < 2 || !utf8.Valid(text) {
		return ""
	}
	*c = at
	return string(text)
}

// parseWidths reads 'label:width,label:width,...'.
func parseWidths(spec string) ([]Width, *dialect.Error) {
	var widths []Width
	for part := range strings.SplitSeq(spec, ",") {
		label, chars, ok := strings.Cut(part, ":")
		n, err := strconv.Atoi(strings.TrimSpace(chars))
		if !ok || err != nil || n <= 0 || n > 4*megabyte {
			return nil, failf(codeInvalid, "Invalid fixedwidth specification \""+part+"\": it must be of the form label:width")
		}
		widths = append(widths, Width{Label: strings.TrimSpace(label), Chars: n})
	}
	return widths, nil
}
