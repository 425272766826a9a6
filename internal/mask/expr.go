package mask

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/sealift/sealift/internal/redshift"
)

// exprName is a transformer's name that others refer to.
const exprName = "expr"

// exprFunctions are those that give the same for the same arguments, always, on every node, and change nothing: no clock, no chance, no
// setting, no other row. A value is computed more than once, for the digest and for the file, and has to be the same each time.
var exprFunctions = []string{
	"abs", "add_months", "ascii", "btrim", "cast", "ceil", "ceiling", "charindex", "chr", "coalesce", "concat", "date_part", "date_trunc", "dateadd", "datediff",
	"decode", "extract", "floor", "greatest", "initcap", "json_extract_path_text", "last_day", "least", "left", "len", "length", "lower", "lpad", "ltrim", "md5",
	"mod", "months_between", "nullif", "nvl", "nvl2", "octet_length", "power", "regexp_count", "regexp_instr", "regexp_replace", "regexp_substr", "replace",
	"reverse", "right", "round", "rpad", "rtrim", "sha1", "sha2", "sign", "split_part", "sqrt", "strpos", "strtol", "substring", "to_char", "to_date",
	"to_hex", "translate", "trim", "trunc", "upper",
}

// Functions lists the functions that an expression may have.
func Functions() []string { return slices.Clone(exprFunctions) }

var exprParts = []string{
	"century", "day", "decade", "dow", "doy", "epoch", "hour", "microsecond", "millisecond", "minute", "month", "quarter", "second", "week", "year",
}

// roomToTell is by how many bytes a text may be longer than its column and still be seen to be: one character.
const roomToTell = 4

// expr is an expression that somebody wrote. It has no twin, so that nothing is proved of it but what is asked of the rows that come out
// (Unproved), and no rank: it can leave all of a value.
var expr = &transformer{
	Info: Info{
		Name: exprName, Summary: "what an expression of SQL over the row makes of it: for what no other transformer does; nothing but the warehouse computes it", Class: Lossy, Privacy: All, Pushdown: true,
		Options: []Option{
			{"sql", "the expression: columns of the table, constants, operators, CASE, and functions of a list"},
			{"keep_null", "NULL stays NULL, true by default"},
		},
	},
	compile: func(c *compiler, o *options) (twins, error) {
		sql := o.string("sql", "")
		keepNull := o.bool("keep_null", true)
		switch {
		case c.at >= len(c.table.def.Columns):
			return twins{}, errors.New("expr takes the place of a column, not of a part of one")
		case c.use.Entity != "":
			return twins{}, errors.New("expr goes by what its expression names; it takes no entity")
		case sql == "":
			o.wrong("sql", "there is none")
			return twins{}, nil
		case kindOf(c.column.Type) == text && c.column.Type.Length > longestText-roomToTell:
			return twins{}, fmt.Errorf("whether a text is longer than %s could not be told; up to VARCHAR(%d) it can", c.column.Type, longestText-roomToTell)
		case kindOf(c.column.Type) == other && c.column.Type.Name != redshift.Real && c.column.Type.Name != redshift.Double:
			return twins{}, fmt.Errorf("expr does not take %s", c.column.Type)
		}
		x, reads, err := c.expression(sql)
		if err != nil {
			o.wrong("sql", "%w", err)
			return twins{}, nil
		}
		typ := c.column.Type
		if kindOf(typ) == text { // a cast to the column's own type would cut, and nobody would see it
			typ = redshift.Type{Name: redshift.Varchar, Length: typ.Length + roomToTell}
		}
		c.table.expressions = append(c.table.expressions, expression{c.column, redshift.Build("CAST((?) AS ?)", x, typ)})
		c.warn("expr is computed by the source alone, and compared with nothing; %s", leaves(reads))
		if keepNull {
			x = redshift.Build("CASE WHEN ? IS NOT NULL THEN ? END", c.value(), x)
		}
		return twins{sql: redshift.Build("CAST((?) AS ?)", x, typ), fillsNull: !keepNull, notGo: "only a warehouse computes expressions"}, nil
	},
}

func leaves(reads []string) string {
	if len(reads) == 0 {
		return "it reads no column"
	}
	return "what it leaves to be seen of " + strings.Join(reads, ", ") + " is for its author to know"
}

// expression is one that somebody wrote, for a column.
type expression struct {
	column redshift.Column
	sql    redshift.SQL
}

// expression reads one, and tells which columns it reads.
func (c *compiler) expression(s string) (redshift.SQL, []string, error) {
	names := make([]string, len(c.table.def.Columns))
	for i, o := range c.table.def.Columns {
		names[i] = o.Name.String()
	}
	var reads []string
	x, err := readExpression(s, func(name string) (redshift.SQL, error) {
		at := slices.Index(names, name)
		if at < 0 {
			return redshift.SQL{}, fmt.Errorf("%s has no column %q%s", c.table.def.Table, name, meant(name, names))
		}
		if !slices.Contains(reads, name) {
			reads = append(reads, name)
		}
		return valueAlias(at), nil
	})
	return x, reads, err
}

func readExpression(s string, column func(name string) (redshift.SQL, error)) (redshift.SQL, error) {
	return redshift.Vocabulary{
		Functions: exprFunctions, PartFunctions: []string{"date_part", "dateadd", "datediff", "extract"}, Parts: exprParts, Column: column,
	}.Expression(s)
}

// Reads tells which columns an expression reads: all of them, where it is none.
func Reads(expression string, columns []string) []string {
	var reads []string
	_, err := readExpression(expression, func(name string) (redshift.SQL, error) {
		if !slices.Contains(columns, name) {
			return redshift.SQL{}, errors.New("no such column")
		}
		reads = append(reads, name)
		return valueAlias(0), nil
	})
	if err != nil {
		return columns
	}
	return reads
}

// Trial is a question about the expression of a column.
type Trial struct {
	Column string
	Query  redshift.SQL
}

// Trials are queries that a server can be asked to describe, to learn whether it takes the expressions of a table. They read nothing.
func (t *Table) Trials() []Trial {
	row := make([]redshift.SQL, len(t.def.Columns))
	for i, c := range t.def.Columns {
		row[i] = redshift.Build("CAST(NULL AS ?) AS ?", c.Type, alias("c", i))
	}
	out := make([]Trial, len(t.expressions))
	for i, x := range t.expressions {
		out[i] = Trial{x.column.Name.String(), redshift.Build("SELECT ? AS ?\nFROM (SELECT ?) m", x.sql, x.column.Name, redshift.Join(", ", row...))}
	}
	return out
}

// Sample is a query for some rows as they are, and behind their columns what becomes of those columns that are an expression and nothing
// else, which are told by their places. It needs no keys.
func (t *Table) Sample(from, where redshift.SQL, rows int) (redshift.SQL, []int) {
	var columns []redshift.SQL
	for i, c := range t.columns {
		columns = append(columns, redshift.Build("? AS ?", valueAlias(i), c.Name))
	}
	var computed []int
	for i, c := range t.columns {
		if c.use.Transformer == exprName && c.use.When == "" {
			columns = append(columns, redshift.Build("?", c.sql))
			computed = append(computed, i)
		}
	}
	return redshift.Build("SELECT ?\nFROM (\n?\n) m\nLIMIT ?", redshift.Join(", ", columns...), t.rows(from, where), redshift.Int(rows)), computed
}

// Unproved asks of rows as they came out whether their columns hold what expressions made: a query for each, whose answer has to be 0.
func (t *Table) Unproved(from redshift.SQL) []Trial {
	var out []Trial
	for _, x := range t.expressions {
		name, typ := x.column.Name, x.column.Type
		var wrong []redshift.SQL
		if kindOf(typ) == text {
			wrong = append(wrong, redshift.Build("OCTET_LENGTH(?) > ?", name, redshift.Int(typ.Length)))
		}
		if typ.Name == redshift.Char {
			wrong = append(wrong, redshift.Build("OCTET_LENGTH(?) > LEN(?)", name, name))
		}
		if x.column.NotNull {
			wrong = append(wrong, redshift.Build("? IS NULL", name))
		}
		if len(wrong) > 0 {
			out = append(out, Trial{name.String(), redshift.Build("SELECT COUNT(*)\nFROM ?\nWHERE ?", from, redshift.Join(" OR ", wrong...))})
		}
	}
	return out
}

// provable is the table with nothing in place of what cannot be compared over rows that are made up: expressions, which may fail for
// such values, and the branches of conditions that have no twin.
func (t *Table) provable() *Table {
	def := t.def.Clone()
	uses := make(map[string]Use, len(t.columns))
	some := false
	for i, c := range t.columns {
		use, changed := provableUse(c.use, false)
		uses[c.Name.String()] = use
		def.Columns[i].NotNull = c.NotNull && !changed
		some = some || changed
	}
	if !some {
		return t
	}
	out, err := New(&def, uses, t.known)
	if err != nil {
		panic("mask: what was taken is not any more with less in it: " + err.Error())
	}
	return out
}

func provableUse(u Use, branch bool) (Use, bool) {
	branch = branch || u.Else != nil
	// All values of a column that is shuffled as a whole come out, and can be compared without their order.
	changed := u.Transformer == exprName || u.Transformer == shuffleName && branch
	if changed {
		u = Use{Transformer: null.Name, When: u.When, Else: u.Else}
	}
	if u.Else != nil {
		instead, also := provableUse(*u.Else, branch)
		u.Else, changed = &instead, changed || also
	}
	return u, changed
}
