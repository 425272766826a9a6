package redshift

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// DigestLayout lists the columns of a digest, in order. It is the same for both sides of a move, so that both hash the
// same texts.
type DigestLayout struct {
	Columns []DigestColumn `json:"columns"`
}

// DigestColumn is one column of a digest.
type DigestColumn struct {
	Name string `json:"name"`
	Type Type   `json:"type"`
}

// DigestExpr is a column of a digest and where its value comes from: a column's name, or the expression it is moved by.
type DigestExpr struct {
	Column DigestColumn
	Expr   SQL
}

// Layout is the layout of a digest over columns.
func Layout(columns []Column) DigestLayout {
	l := DigestLayout{Columns: make([]DigestColumn, len(columns))}
	for i, c := range columns {
		l.Columns[i] = DigestColumn{Name: c.Name.name, Type: c.Type}
	}
	return l
}

// DigestColumns are columns as they are, for DigestQuery.
func DigestColumns(columns []Column) []DigestExpr {
	out := make([]DigestExpr, len(columns))
	for i, c := range columns {
		out[i] = DigestExpr{Column: DigestColumn{Name: c.Name.name, Type: c.Type}, Expr: Build("?", c.Name)}
	}
	return out
}

// Digest is what a set of rows comes to. Two sets have the same digest if they hold the same rows, in any order, each as
// often; and, but for a chance of about 2^-120 for any one difference, only then. It is proof against accidents, not
// against somebody who makes collisions of MD5 on purpose.
type Digest struct {
	Rows    int64          `json:"rows"`
	Row     [2]string      `json:"row"` // two sums over hashes of whole rows
	Columns []ColumnDigest `json:"columns"`
}

// ColumnDigest is what one column's values come to. It tells which column differs.
type ColumnDigest struct {
	Name    string `json:"name"`
	NonNull int64  `json:"non_null"`
	Sum     string `json:"sum"`
}

// DigestQuery is the query that answers the digest of cols over the rows of from (a table, or a subquery with a name) for
// which where holds (zero: all). The session must have set timezone to UTC and datestyle to ISO.
//
// Each value has one text (valueText). From the texts come:
//
//   - rows: COUNT(*).
//   - per column: the count of values that are not NULL, and the sum over those of the first 60 bits of MD5 of the text.
//     Count and sum together leave NULL no way to hide; the sum, unlike XOR, does not cancel pairs of equal values, and a
//     cryptographic hash, unlike FNV or CRC, has no structure by which different values add up to the same sum. Of
//     booleans the number of TRUE says all there is to say.
//   - for the whole row: two sums of 60 bits each of MD5 over all texts of the row (rowText), which are joined so that no
//     two rows share a text: NULL, the empty string and borders of columns are told apart. Values that change places
//     between rows or columns leave all else equal and change these.
//
// Sums do not depend on the order of rows or on how they are spread over slices, and 60 bits times 10^18 rows stay within
// DECIMAL(38,0). There is one text for each column of the answer, because an answer may have 1,664 columns and a table
// 1,600.
func DigestQuery(from, where SQL, cols []DigestExpr) SQL {
	inner, layout, texts := digestTexts(cols)
	return digestOver(inner, from, where, digestAnswers(layout, texts, SQL{}))
}

// NewestDigestQuery is DigestQuery for the rows of from for which newest holds, and answers, behind the digest, what would take other looks at
// the same rows: how many there are, and, where near has columns, the Sum of those columns over all rows for which recent holds. near are
// indexes of cols. ReadNewest reads the answer.
func NewestDigestQuery(from SQL, cols []DigestExpr, newest SQL, near []int, recent SQL) SQL {
	inner, layout, texts := digestTexts(cols)
	inner = append(inner, Build("CASE WHEN ? THEN 1 ELSE 0 END AS newest", newest))
	answers := append(digestAnswers(layout, texts, Build("newest = 1")), Build("COUNT(*)"))
	if len(near) > 0 {
		inner = append(inner, Build("CASE WHEN ? THEN 1 ELSE 0 END AS recent", recent))
		of := make([]digestText, len(near))
		for i, n := range near {
			of[i] = texts[n]
		}
		answers = append(answers, sumOf(of, Build("recent = 1"), lane))
	}
	return digestOver(inner, from, SQL{}, answers)
}

// digestTexts are the values of cols under names of their own, and the texts of those.
func digestTexts(cols []DigestExpr) (inner []SQL, layout DigestLayout, texts []digestText) {
	inner, texts, layout.Columns = make([]SQL, len(cols)), make([]digestText, len(cols)), make([]DigestColumn, len(cols))
	for i, c := range cols {
		value := columnAlias(i)
		inner[i] = Build("? AS ?", c.Expr, value)
		texts[i] = valueText(value, c.Column.Type)
		layout.Columns[i] = c.Column
	}
	return inner, layout, texts
}

func digestOver(inner []SQL, from, where SQL, answers []SQL) SQL {
	rows := Build("SELECT\n        ?\n    FROM ?", Join(",\n        ", inner...), from)
	if !where.IsZero() {
		rows = Build("?\n    WHERE (?)", rows, where)
	}
	return Build("SELECT\n    ?\nFROM (\n    ?\n) d", Join(",\n    ", answers...), rows)
}

// Sum is an expression over the rows of a query: a short text that is the same for two sets of rows in which where holds if, and but
// for chance only if, their columns are. where may be zero: all rows. It is what a digest says of whole rows.
func Sum(cols []DigestExpr, where SQL) SQL { return sumBy(cols, where, lane) }

// SumInPostgres is Sum for a PostgreSQL server, which has no STRTOL. Columns must be of types that both write alike.
func SumInPostgres(cols []DigestExpr, where SQL) SQL {
	return sumBy(cols, where, func(text SQL, at Int) SQL {
		return Build("CAST(CAST(CAST('x' || SUBSTRING(MD5(?), ?, 15) AS BIT(60)) AS BIGINT) AS DECIMAL(38,0))", text, at)
	})
}

func sumBy(cols []DigestExpr, where SQL, lane func(text SQL, at Int) SQL) SQL {
	texts := make([]digestText, len(cols))
	for i, c := range cols {
		texts[i] = valueText(c.Expr, c.Column.Type)
	}
	return sumOf(texts, where, lane)
}

func sumOf(texts []digestText, where SQL, lane func(text SQL, at Int) SQL) SQL {
	row := rowText(texts)
	rows := Build("COUNT(*)")
	if !where.IsZero() {
		row, rows = where.when(row), Build("COUNT(?)", where.when(Build("1")))
	}
	return Build("CAST(? AS VARCHAR) || ':' || CAST(COALESCE(SUM(?), 0) AS VARCHAR) || ':' || CAST(COALESCE(SUM(?), 0) AS VARCHAR)", rows, lane(row, 1), lane(row, 16))
}

// when is a value where the condition holds, and else NULL; the zero condition always holds.
func (s SQL) when(value SQL) SQL {
	if s.IsZero() {
		return value
	}
	return Build("CASE WHEN ? THEN ? END", s, value)
}

// digestAnswers are the fields of a digest's answer over rows with the values c1, c2 and so on, of those for which a condition holds.
func digestAnswers(layout DigestLayout, texts []digestText, of SQL) []SQL {
	row, rows := of.when(rowText(texts)), Build("COUNT(*)")
	if !of.IsZero() {
		rows = Build("COUNT(?)", of.when(Build("1")))
	}
	answers := []SQL{rows, Build("COALESCE(SUM(?), 0)", lane(row, 1)), Build("COALESCE(SUM(?), 0)", lane(row, 16))}
	for i, c := range layout.Columns {
		value := columnAlias(i)
		hash := lane(of.when(texts[i].text), 1)
		if c.Type.Name == Boolean {
			hash = Build("CASE WHEN ? THEN 1 ELSE 0 END", value)
			if !of.IsZero() {
				hash = Build("CASE WHEN ? AND ? THEN 1 ELSE 0 END", of, value)
			}
		}
		answers = append(answers, Build("CAST(COUNT(?) AS VARCHAR) || ':' || CAST(COALESCE(SUM(?), 0) AS VARCHAR)", of.when(value), hash))
	}
	return answers
}

func columnAlias(i int) SQL { return SQL{"c" + strconv.Itoa(i+1)} }

// lane is 60 bits of the MD5 of text, from hex digit at on, as a number that can be summed: STRTOL takes 15 hex digits
// into a positive BIGINT.
func lane(text SQL, at Int) SQL {
	return Build("CAST(STRTOL(SUBSTRING(MD5(?), ?, 15), 16) AS DECIMAL(38,0))", text, at)
}

// digestText is the text of a value.
type digestText struct {
	text SQL
	// plain texts hold no bar and are never empty, so that a bar can end them.
	plain bool
	// width is the most bytes of the text, by the column's type.
	width int
	// hashed pieces of a row's text are hashes.
	hashed bool
}

// valueText writes a value of type t as text: the same on both sides if, and only if, the values are equal bit for bit.
func valueText(value SQL, t Type) digestText {
	cast := Build("CAST(? AS VARCHAR)", value)
	switch t.Name {
	case SmallInt:
		return digestText{text: cast, plain: true, width: len("-32768")}
	case Integer:
		return digestText{text: cast, plain: true, width: len("-2147483648")}
	case BigInt:
		return digestText{text: cast, plain: true, width: len("-9223372036854775808")}
	case Decimal:
		return digestText{text: cast, plain: true, width: t.Precision + len("-0.")}
	case Date:
		return digestText{text: cast, plain: true, width: len("4713-01-01 BC")}
	case Time, TimeTZ:
		return digestText{text: cast, plain: true, width: len("23:59:59.999999+15:59:59")}
	case Timestamp, TimestampTZ:
		return digestText{text: cast, plain: true, width: len("4713-01-01 00:00:00.000001+00 BC")}
	case Boolean:
		return digestText{text: Build("CASE WHEN ? THEN 't' WHEN NOT ? THEN 'f' END", value, value), plain: true, width: 1}
	case Real, Double:
		// Text may lose digits (DG r_UNLOAD); FNV_HASH reads the bits. Its sums have structure, so MD5 follows as for
		// all others.
		return digestText{text: Build("CASE WHEN ? IS NOT NULL THEN CAST(FNV_HASH(?) AS VARCHAR) END", value, value), plain: true, width: len("-9223372036854775808")}
	case Char:
		// Trailing blanks mean nothing in CHAR and may or may not be written by UNLOAD.
		return digestText{text: Build("RTRIM(?)", value), width: t.Length}
	case Varchar:
		return digestText{text: value, width: t.Length}
	case Super:
		return digestText{text: Build("JSON_SERIALIZE(?)", value), width: maxVarchar}
	case Varbyte:
		return digestText{text: Build("TO_HEX(?)", value), width: min(2*t.Length, maxVarchar)}
	default:
		panic("redshift: digest of type " + t.Name)
	}
}

// rowBudget is how long the text of a row may get, by the types of its columns, before wide columns enter it as hashes.
// An expression on Redshift may have 65,535 bytes, and the columns it is made from count as well.
const (
	rowBudget = 16_384
	hashWidth = len("d41d8cd98f00b204e9800998ecf8427e")
)

// rowText joins the texts of a row to one that no other row has.
func rowText(texts []digestText) SQL {
	pieces := rowPieces(texts)
	parts := make([]SQL, len(pieces))
	for i, p := range pieces {
		parts[i] = p.text
	}
	return concat(parts)
}

// rowPieces are the parts of a row's text. Every value ends in a bar; NULL is nothing before the bar; texts that may hold
// a bar have their length in bytes before them. In wide tables, columns that are wider than a hash enter as one: 1,600 of
// them stay below the limit.
func rowPieces(texts []digestText) []digestText {
	pieces := make([]digestText, len(texts))
	total := 0
	for i, t := range texts {
		if t.plain {
			pieces[i] = digestText{text: Build("COALESCE(?, '') || '|'", t.text), width: t.width + len("|")}
		} else {
			pieces[i] = digestText{
				text:  Build("COALESCE(CAST(OCTET_LENGTH(?) AS VARCHAR) || ':' || ?, '') || '|'", t.text, t.text),
				width: len(strconv.Itoa(t.width)) + len(":") + t.width + len("|"),
			}
		}
		total += pieces[i].width
	}
	if total <= rowBudget {
		return pieces
	}
	for i, t := range texts {
		if pieces[i].width > hashWidth+len("|") {
			pieces[i] = digestText{text: Build("COALESCE(MD5(?), '') || '|'", t.text), width: hashWidth + len("|"), hashed: true}
		}
	}
	return pieces
}

// concat joins texts in a balanced tree: long chains are deep, which costs stack in the server and copies the left part
// again and again.
func concat(pieces []SQL) SQL {
	if len(pieces) == 1 {
		return pieces[0]
	}
	half := len(pieces) / 2
	return Build("(?) || (?)", concat(pieces[:half]), concat(pieces[half:]))
}

// ReadDigest reads the one row that DigestQuery answers.
func ReadDigest(layout DigestLayout, row []*string) (Digest, error) {
	fail := func(err error) (Digest, error) { return Digest{}, fmt.Errorf("read digest: %w", err) }
	if len(row) != len(layout.Columns)+3 {
		return fail(fmt.Errorf("an answer with %d fields for %d columns", len(row), len(layout.Columns)))
	}
	var d Digest
	var err error
	if d.Rows, err = parseInt(row[0]); err != nil {
		return fail(err)
	}
	for i := range d.Row {
		if d.Row[i], err = parseSum(row[1+i]); err != nil {
			return fail(err)
		}
	}
	d.Columns = make([]ColumnDigest, len(layout.Columns))
	for i, c := range layout.Columns {
		v := row[3+i]
		if v == nil {
			return fail(fmt.Errorf("column %s is NULL", c.Name))
		}
		count, sum, _ := strings.Cut(*v, ":")
		d.Columns[i].Name = c.Name
		if d.Columns[i].NonNull, err = parseInt(&count); err == nil {
			d.Columns[i].Sum, err = parseSum(&sum)
		}
		if err != nil {
			return fail(fmt.Errorf("column %s: %w", c.Name, err))
		}
	}
	return d, nil
}

// ReadNewest reads the one row that NewestDigestQuery answers: the digest, how many rows there are, and what those are that are recent, ""
// where that was not asked.
func ReadNewest(layout DigestLayout, row []*string) (d Digest, all int64, near string, err error) {
	n := len(layout.Columns) + 3
	if len(row) != n+1 && len(row) != n+2 {
		return d, 0, "", fmt.Errorf("read digest: an answer with %d fields for %d columns", len(row), len(layout.Columns))
	}
	if d, err = ReadDigest(layout, row[:n]); err != nil {
		return d, 0, "", err
	}
	if all, err = parseInt(row[n]); err != nil {
		return d, 0, "", fmt.Errorf("read digest: %w", err)
	}
	if len(row) > n+1 {
		if row[n+1] == nil {
			return d, 0, "", errors.New("read digest: what the recent rows are is NULL")
		}
		near = *row[n+1]
	}
	return d, all, near, nil
}

// Fields is the row that ReadDigest reads d from, to keep it.
func (d Digest) Fields() []string {
	fields := []string{strconv.FormatInt(d.Rows, 10), d.Row[0], d.Row[1]}
	for _, c := range d.Columns {
		fields = append(fields, strconv.FormatInt(c.NonNull, 10)+":"+c.Sum)
	}
	return fields
}

// Sum is what the query of the function Sum answers for the same rows and columns.
func (d Digest) Sum() string {
	return strconv.FormatInt(d.Rows, 10) + ":" + d.Row[0] + ":" + d.Row[1]
}

// parseSum checks that a sum is a whole number of at most 38 digits.
func parseSum(v *string) (string, error) {
	if v == nil {
		return "", fmt.Errorf("a sum is NULL")
	}
	s := strings.TrimSpace(*v)
	if s == "" || len(s) > maxPrecision || strings.Trim(s, "0123456789") != "" {
		return "", fmt.Errorf("%q is not a sum", *v)
	}
	return s, nil
}

// Hex is the digest in 64 hex digits.
func (d Digest) Hex() string {
	h := sha256.New()
	writeField(h, "sealift digest 1", strconv.FormatInt(d.Rows, 10), d.Row[0], d.Row[1], strconv.Itoa(len(d.Columns)))
	for _, c := range d.Columns {
		writeField(h, c.Name, strconv.FormatInt(c.NonNull, 10), c.Sum)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// Diff says in words how other, the target's, differs from d, the source's. It is empty exactly if they are equal.
func (d Digest) Diff(other Digest) []string {
	var out []string
	if d.Rows != other.Rows {
		out = append(out, fmt.Sprintf("%d rows in the source, %d in the target", d.Rows, other.Rows))
	}
	if len(d.Columns) != len(other.Columns) {
		return append(out, fmt.Sprintf("%d columns in the source, %d in the target", len(d.Columns), len(other.Columns)))
	}
	for i, c := range d.Columns {
		o := other.Columns[i]
		switch {
		case c.Name != o.Name:
			out = append(out, fmt.Sprintf("column %d is %s in the source, %s in the target", i+1, c.Name, o.Name))
		case c.NonNull != o.NonNull:
			out = append(out, fmt.Sprintf("column %s has %d values in the source, %d in the target", c.Name, c.NonNull, o.NonNull))
		case c.Sum != o.Sum:
			out = append(out, fmt.Sprintf("column %s has other values in the target", c.Name))
		}
	}
	if len(out) == 0 && d.Row != other.Row {
		out = append(out, "every column has the same values, but not in the same rows")
	}
	return out
}

// NullsQuery counts the rows in which a column is NULL.
func NullsQuery(from SQL, c Column) SQL {
	return Build("SELECT COUNT(*)\nFROM ?\nWHERE ? IS NULL", from, c.Name)
}

// EmptyBytesQuery counts the rows in which a VARBYTE has no bytes. Without columns of that type the query is empty.
func EmptyBytesQuery(from SQL, columns []Column) SQL {
	var conditions []SQL
	for _, c := range columns {
		if c.Type.Name == Varbyte {
			conditions = append(conditions, Build("OCTET_LENGTH(?) = 0", c.Name))
		}
	}
	if len(conditions) == 0 {
		return SQL{}
	}
	return Build("SELECT COUNT(*)\nFROM ?\nWHERE ?", from, Join(" OR ", conditions...))
}

// NullMarkerQuery counts the rows in which a text column's value is the marker that stands for NULL: it would come out as
// NULL. It answers one number; comparing ignores trailing blanks, so it counts rather too many than too few. Without text
// columns there is nothing to ask, and the query is empty.
func NullMarkerQuery(from, where SQL, columns []Column, marker string) SQL {
	var conditions []SQL
	for _, c := range columns {
		if c.Type.Name == Char || c.Type.Name == Varchar {
			conditions = append(conditions, Build("? = ?", c.Name, Lit(marker)))
		}
	}
	if len(conditions) == 0 {
		return SQL{}
	}
	condition := Build("(?)", Join(" OR ", conditions...))
	if !where.IsZero() {
		condition = Build("(?)\n    AND ?", where, condition)
	}
	return Build("SELECT COUNT(*)\nFROM ?\nWHERE ?", from, condition)
}
