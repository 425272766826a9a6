package dialect

import (
	"fmt"
	"strconv"
	"strings"
)

// typeRef is a type as written: from..to-1 are its tokens.
type typeRef struct {
	name     string // the canonical name for Redshift's own types, else as written
	written  string // in lower case, without arguments
	args     []string
	from, to int
	array    bool
	foreign  bool // schema-qualified or quoted: looked up by PostgreSQL as it stands
}

// The limits of Redshift manual, "Data types" and "Character types", in bytes.
const (
	maxVarchar     = 65535
	maxChar        = 4096
	maxVarbyte     = 16777216
	defaultVarbyte = 64000
)

// typeAliases maps the names a type goes by to one.
var typeAliases = map[string]string{
	"int2": "smallint", "smallint": "smallint",
	"int": "integer", "int4": "integer", "integer": "integer",
	"int8": "bigint", "bigint": "bigint",
	"decimal": "numeric", "numeric": "numeric", "dec": "numeric",
	"real": "real", "float4": "real",
	"double precision": "double precision", "float8": "double precision", "float": "double precision",
	"bool": "boolean", "boolean": "boolean",
	"char": "char", "character": "char", "nchar": "char", "national character": "char", "national char": "char",
	"bpchar":  "bpchar",
	"varchar": "varchar", "character varying": "varchar", "char varying": "varchar", "nvarchar": "varchar",
	"national character varying": "varchar", "national char varying": "varchar", "nchar varying": "varchar",
	"text": "text",
	"date": "date",
	"time": "time", "time without time zone": "time",
	"timetz": "timetz", "time with time zone": "timetz",
	"timestamp": "timestamp", "timestamp without time zone": "timestamp", "datetime": "timestamp",
	"timestamptz": "timestamptz", "timestamp with time zone": "timestamptz",
	"super":   "super",
	"varbyte": "varbyte", "varbinary": "varbyte", "binary varying": "varbyte",
	"interval year to month": "interval year to month", "interval day to second": "interval day to second",
}

// castTypes are the types of PostgreSQL that the catalogs are made of: a cast may name them, a column may not.
var castTypes = map[string]bool{
	"oid": true, "name": true, "regclass": true, "regproc": true, "regprocedure": true, "regtype": true,
	"regnamespace": true, "regrole": true, "regoper": true, "regoperator": true, "interval": true, "unknown": true,
	"cstring": true, "tid": true, "xid": true, "cid": true, "int2vector": true, "oidvector": true, "aclitem": true,
	"refcursor": true,
}

// readType reads a type at i. ok is false where none can stand.
func (x *script) readType(i int) (r typeRef, ok bool) {
	r.from = i
	if x.tok(i).Kind == QuotedIdent || x.is(i+1, ".") {
		_, end, isName := x.qname(i)
		if !isName {
			return r, false
		}
		r.foreign, r.to = true, end
		r.name = strings.ToLower(x.render(i, end))
		r.written = r.name
		if x.is(r.to, "(") {
			r.to = min(x.closing(r.to)+1, x.len())
		}
		return x.arraySuffix(r), true
	}
	word := x.word(i)
	if word == "" {
		return r, false
	}
	r.to = i + 1
	take := func(words ...string) bool {
		if !x.is(r.to, words...) {
			return false
		}
		r.to += len(words)
		word += " " + strings.ToLower(strings.Join(words, " "))
		return true
	}
	readArgs := func() {
		if !x.is(r.to, "(") || r.args != nil {
			return
		}
		for _, a := range x.args(r.to) {
			r.args = append(r.args, fold(x.render(a[0], a[1])))
		}
		r.to = min(x.closing(r.to)+1, x.len())
	}
	switch word {
	case "double":
		take("PRECISION")
	case "national":
		_ = take("CHARACTER") || take("CHAR")
		take("VARYING")
	case "character", "char", "nchar", "binary":
		take("VARYING")
	case "time", "timestamp":
		readArgs()
		_ = take("WITH", "TIME", "ZONE") || take("WITHOUT", "TIME", "ZONE")
	case "interval":
		if x.isOne(r.to, "YEAR", "MONTH", "DAY", "HOUR", "MINUTE", "SECOND") {
			take(x.tok(r.to).Text)
			if x.is(r.to, "TO") && x.tok(r.to+1).Kind == Word {
				take("TO", x.tok(r.to+1).Text)
			}
		}
	}
	readArgs()
	r.name, r.written = word, word
	if canonical, known := typeAliases[word]; known {
		r.name = canonical
	}
	return x.arraySuffix(r), true
}

func (x *script) arraySuffix(r typeRef) typeRef {
	for x.is(r.to, "[") {
		r.array = true
		r.to = min(x.closing(r.to)+1, x.len())
	}
	if x.is(r.to, "ARRAY") {
		r.array = true
		r.to++
	}
	return r
}

// columnType is the type PostgreSQL gives a column of type r: text in place of what is written, "" where that can stay.
func (r typeRef) columnType(column string) (string, *Error) {
	if r.array {
		return "", unsupportedColumn(column, "array")
	}
	if r.foreign {
		return "", unsupportedColumn(column, r.name)
	}
	switch r.name {
	case "text", "bpchar":
		// TEXT is VARCHAR(256) and BPCHAR is CHAR(256) (Redshift manual, Character types).
		if r.args != nil {
			return "", syntaxError("type modifier is not allowed for type %q", r.name)
		}
		if r.name == "text" {
			return "character varying(256)", nil
		}
		return "character(256)", nil
	case "varchar":
		if r.args == nil {
			return "character varying(256)", nil
		}
	}
	if !r.known() {
		return "", unsupportedColumn(column, r.name)
	}
	return r.text()
}

func (r typeRef) known() bool {
	_, ok := typeAliases[r.written]
	return ok
}

func unsupportedColumn(column, name string) *Error {
	return refusal("Column %q has unsupported type %q.", column, name)
}

// castType is the type PostgreSQL casts to where a cast to r is written: "" where that can stay.
func (r typeRef) castType() (string, *Error) {
	if r.foreign {
		return "", nil
	}
	if r.array {
		return "", refusal("type %q is not supported", r.name+"[]")
	}
	if castTypes[r.name] || strings.HasPrefix(r.name, "interval ") {
		return "", nil
	}
	if !r.known() {
		return "", refusal("type %q is not supported", r.name)
	}
	return r.text()
}

// text checks the arguments of one of Redshift's types and writes it for PostgreSQL, or answers "" where the way it is
// written means the same there.
func (r typeRef) text() (string, *Error) {
	switch r.name {
	case "varchar":
		if len(r.args) == 1 && r.args[0] == "max" {
			return fmt.Sprintf("character varying(%d)", maxVarchar), nil
		}
		if err := r.checkLength(maxVarchar); err != nil {
			return "", err
		}
		if r.written == "nvarchar" {
			return "character varying" + r.arguments(), nil
		}
	case "char":
		return "", r.checkLength(maxChar)
	case "varbyte":
		if r.args == nil {
			return fmt.Sprintf("varbyte(%d)", defaultVarbyte), nil
		}
		if err := r.checkLength(maxVarbyte); err != nil {
			return "", err
		}
		if r.written != "varbyte" {
			return "varbyte" + r.arguments(), nil
		}
	case "super":
		if r.args != nil {
			return "", syntaxError("type modifier is not allowed for type %q", "super")
		}
		return "super(0)", nil // the modifier makes PostgreSQL bring every value into compact form
	case "numeric":
		if r.args == nil {
			return "numeric(18,0)", nil // DECIMAL is DECIMAL(18,0)
		}
		if p, err := strconv.Atoi(r.args[0]); err == nil && (p < 1 || p > 38) {
			return "", &Error{Code: "22023", Message: fmt.Sprintf("DECIMAL precision %d must be between 1 and 38", p)}
		}
		if len(r.args) == 2 {
			s, err := strconv.Atoi(r.args[1])
			if err == nil && (s < 0 || s > 37) {
				return "", &Error{Code: "22023", Message: fmt.Sprintf("DECIMAL scale %d must be between 0 and 37", s)}
			}
			if p, perr := strconv.Atoi(r.args[0]); err == nil && perr == nil && s > p {
				return "", &Error{Code: "22023", Message: fmt.Sprintf("DECIMAL scale %d must be between 0 and precision %d", s, p)}
			}
		}
	case "timestamp":
		if r.written == "datetime" {
			return "timestamp" + r.arguments(), nil
		}
	}
	return "", nil
}

func (r typeRef) arguments() string {
	if r.args == nil {
		return ""
	}
	return "(" + strings.Join(r.args, ",") + ")"
}

// checkLength holds a length to its limits. What is no number PostgreSQL refuses.
func (r typeRef) checkLength(limit int) *Error {
	if len(r.args) != 1 {
		return nil
	}
	switch n, err := strconv.Atoi(r.args[0]); {
	case err == nil && n < 1:
		return &Error{Code: "22023", Message: fmt.Sprintf("length for type %s must be at least 1", r.name)}
	case err == nil && n > limit:
		return &Error{Code: "22023", Message: fmt.Sprintf("length for type %s cannot exceed %d", r.name, limit)}
	}
	return nil
}
