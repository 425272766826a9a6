package redshift

import (
	"fmt"
	"slices"
)

// KeyedRows are rows with a key, in which those that differ from another warehouse's are looked for: by digests of parts,
// then of parts of the parts that differ, down to single keys. Nothing but digests leaves the warehouse until the keys
// that differ are known, and then only those keys.
//
// A part is all rows whose key has a hash with the same first digits. Ranges of keys would need both warehouses to put
// every text in the same order; hashes do not, take keys of any types and number of columns alike, and spread any keys
// evenly, so that the number of queries does not depend on which rows differ.
//
// The key need not be unique, as Redshift does not enforce it: the rows of one key are compared as a set.
type KeyedRows struct {
	Rows   SQL // a query that answers the layout's columns by name
	Layout DigestLayout
	Key    []string // names in the layout; none may be NULL
}

// HashDigits is the length of a key's whole hash, and so of the prefix by which every key is a part of its own.
const HashDigits = 32

// Exprs are the layout's columns as they are, by name.
func (l DigestLayout) Exprs() ([]DigestExpr, error) {
	out := make([]DigestExpr, len(l.Columns))
	for i, c := range l.Columns {
		name, err := NewIdent(c.Name)
		if err != nil {
			return nil, fmt.Errorf("column %d: %w", i+1, err)
		}
		out[i] = DigestExpr{Column: c, Expr: Build("?", name)}
	}
	return out, nil
}

// DigestOf is the query for the digest of all rows that the query rows answers.
func DigestOf(rows SQL, layout DigestLayout) (SQL, error) {
	cols, err := layout.Exprs()
	if err != nil {
		return SQL{}, err
	}
	return DigestQuery(Build("(\n?\n) AS q", rows), SQL{}, cols), nil
}

// hashed is a query that gives each row its key's hash, k, beside the values c1, c2 and so on, for the rows whose hash
// begins with one of prefixes (none: all).
func (r KeyedRows) hashed(prefixes []string) (SQL, []digestText, error) {
	cols, err := r.Layout.Exprs()
	if err != nil {
		return SQL{}, nil, err
	}
	inner := make([]SQL, len(cols))
	names := make([]SQL, len(cols))
	texts := make([]digestText, len(cols))
	for i, c := range cols {
		names[i] = columnAlias(i)
		inner[i] = Build("? AS ?", c.Expr, names[i])
		texts[i] = valueText(names[i], c.Column.Type)
	}
	key := make([]digestText, len(r.Key))
	for i, name := range r.Key {
		at := r.at(name)
		if at < 0 {
			return SQL{}, nil, fmt.Errorf("the key's column %s is not among the columns", name)
		}
		key[i] = texts[at]
	}
	query := Build("SELECT MD5(?) AS k, ?\n    FROM (\n        SELECT ?\n        FROM (\n?\n) AS q\n    ) d",
		rowText(key), Join(", ", names...), Join(", ", inner...), r.Rows)
	if len(prefixes) == 0 {
		return query, texts, nil
	}
	list := make([]SQL, len(prefixes))
	for i, p := range prefixes {
		list[i] = Build("?", Lit(p))
	}
	return Build("SELECT *\n    FROM (\n    ?\n    ) p\n    WHERE SUBSTRING(k, 1, ?) IN (?)", query, Int(len(prefixes[0])), Join(", ", list...)), texts, nil
}

func (r KeyedRows) at(name string) int {
	return slices.IndexFunc(r.Layout.Columns, func(c DigestColumn) bool { return c.Name == name })
}

// Part is the digest of the rows whose key's hash begins with Prefix.
type Part struct {
	Prefix string
	Rows   int64
	Row    [2]string
}

// PartsQuery asks for the digests of all parts with prefixes of so many digits, within parts that have one of the shorter
// prefixes in within (none: all). Its rows are for ReadPart.
func (r KeyedRows) PartsQuery(digits int, within []string) (SQL, error) {
	rows, texts, err := r.hashed(within)
	if err != nil {
		return SQL{}, err
	}
	row := rowText(texts)
	return Build("SELECT SUBSTRING(k, 1, ?), COUNT(*), SUM(?), SUM(?)\nFROM (\n    ?\n) h\nGROUP BY 1",
		Int(digits), lane(row, 1), lane(row, 16), rows), nil
}

// ReadPart reads one row of what PartsQuery answers.
func ReadPart(row []*string) (Part, error) {
	if len(row) != 4 || row[0] == nil {
		return Part{}, fmt.Errorf("read digest of a part: %d fields, or no prefix", len(row))
	}
	p := Part{Prefix: *row[0]}
	var err error
	if p.Rows, err = parseInt(row[1]); err != nil {
		return Part{}, fmt.Errorf("read digest of part %s: %w", p.Prefix, err)
	}
	for i := range p.Row {
		if p.Row[i], err = parseSum(row[2+i]); err != nil {
			return Part{}, fmt.Errorf("read digest of part %s: %w", p.Prefix, err)
		}
	}
	return p, nil
}

// Keyed is all rows of one key.
type Keyed struct {
	Hash   string
	Key    []string // values as text, in the order of the key's columns
	Digest Digest
}

// KeysQuery asks for the keys with these hashes, and the digest of each one's rows. Its rows are for ReadKeyed.
func (r KeyedRows) KeysQuery(hashes []string) (SQL, error) {
	rows, texts, err := r.hashed(hashes)
	if err != nil {
		return SQL{}, err
	}
	answers := []SQL{Build("k")}
	for _, name := range r.Key {
		at := r.at(name)
		answers = append(answers, Build("MIN(?)", shownText(columnAlias(at), r.Layout.Columns[at].Type)))
	}
	digests := digestAnswers(r.Layout, texts, SQL{})
	return Build("SELECT ?\nFROM (\n    ?\n) h\nGROUP BY 1", Join(",\n    ", append(answers, digests...)...), rows), nil
}

// ReadKeyed reads one row of what KeysQuery answers.
func (r KeyedRows) ReadKeyed(row []*string) (Keyed, error) {
	first := 1 + len(r.Key)
	if len(row) < first || row[0] == nil {
		return Keyed{}, fmt.Errorf("read a key: %d fields, or no hash", len(row))
	}
	k := Keyed{Hash: *row[0], Key: make([]string, len(r.Key))}
	for i, name := range r.Key {
		if row[1+i] == nil {
			return Keyed{}, fmt.Errorf("read a key: its column %s is NULL", name)
		}
		k.Key[i] = *row[1+i]
	}
	var err error
	k.Digest, err = ReadDigest(r.Layout, row[first:])
	return k, err
}

// ValuesQuery asks for the values of some columns in the rows with these keys' hashes. It answers the hash, then a text
// or NULL for each column; where a key has several rows, each answer is some row's.
func (r KeyedRows) ValuesQuery(hashes, columns []string) (SQL, error) {
	rows, _, err := r.hashed(hashes)
	if err != nil {
		return SQL{}, err
	}
	answers := []SQL{Build("k")}
	for _, name := range columns {
		at := r.at(name)
		if at < 0 {
			return SQL{}, fmt.Errorf("there is no column %s to show", name)
		}
		answers = append(answers, Build("MIN(?)", shownText(columnAlias(at), r.Layout.Columns[at].Type)))
	}
	return Build("SELECT ?\nFROM (\n    ?\n) h\nGROUP BY 1", Join(",\n    ", answers...), rows), nil
}

// shownText is a value as people read it.
func shownText(value SQL, t Type) SQL {
	if t.Name == Real || t.Name == Double {
		return Build("CAST(? AS VARCHAR)", value)
	}
	return valueText(value, t).text
}
