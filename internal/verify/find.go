package verify

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/sealift/sealift/internal/redshift"
)

// endTime bounds what is done to end the transactions.
const endTime = 20 * time.Second

// Rows are the keys whose rows differ.
type Rows struct {
	Key   []string `json:"key"` // the key's columns
	Found []Row    `json:"found"`
	Limit int      `json:"limit"`
	More  bool     `json:"more"` // there are more than were looked for
	// How many of those that were found are of each kind.
	Missing int64 `json:"missing"`
	Extra   int64 `json:"extra"`
	Changed int64 `json:"changed"`
	// Queries is how many queries each side answered to find them.
	Queries int `json:"queries"`
}

// Kind says in which way a row differs.
type Kind string

// The kinds.
const (
	RowMissing Kind = "missing" // in the source only
	RowExtra   Kind = "extra"   // in the target only
	RowChanged Kind = "changed" // in both, but not alike
)

// Row is one key of which the rows differ.
type Row struct {
	Key  []string `json:"key"`
	Kind Kind     `json:"kind"`
	// Columns whose values differ, of a changed row.
	Columns []string `json:"columns,omitempty"`
	// How many rows have the key; more than one where it is not unique.
	SourceRows int64 `json:"source_rows"`
	TargetRows int64 `json:"target_rows"`
	// Values of the columns that differ, where they were asked for and the key is unique.
	Values []Value `json:"values,omitempty"`
}

// Value is a column's value on both sides; nil is NULL.
type Value struct {
	Column string  `json:"column"`
	Source *string `json:"source"`
	Target *string `json:"target"`
}

// answerRows is how many digests of parts one query may answer: few enough to be quick to read, many enough that two or
// three queries reach single keys in any table.
const answerRows = 8192

// find narrows down where the sides differ: parts of the table, then parts of the parts that differ, then keys.
func (c *comparison) find(ctx context.Context) (*Rows, error) {
	limit := cmp.Or(c.options.Limit, DefaultLimit)
	out := &Rows{Key: c.plan.Key, Limit: limit, Found: []Row{}}
	most := max(cmp.Or(c.options.answers, answerRows), limit)
	rows := max(c.sides[0].digest.Rows, c.sides[1].digest.Rows)
	var within []string
	for digits := 0; digits < redshift.HashDigits; {
		digits = nextDigits(digits, len(within), rows, int64(most))
		differing, left, err := c.parts(ctx, digits, within)
		if err != nil {
			return nil, err
		}
		out.Queries++
		if len(differing) == 0 {
			return nil, errors.New("the digests of the whole differ, but of no part: report this, with the versions of both warehouses")
		}
		if len(differing) > limit {
			differing, out.More = differing[:limit], true
		}
		within, rows = differing, 0
		for _, prefix := range differing {
			rows += left[prefix]
		}
	}
	found, err := c.keys(ctx, within)
	if err != nil {
		return nil, err
	}
	out.Queries++
	for _, r := range found {
		switch r.Kind {
		case RowMissing:
			out.Missing++
		case RowExtra:
			out.Extra++
		case RowChanged:
			out.Changed++
		}
		out.Found = append(out.Found, r.Row)
	}
	if c.options.Values {
		asked, err := c.values(ctx, found, out.Found)
		if err != nil {
			return nil, err
		}
		out.Queries += asked
	}
	slices.SortFunc(out.Found, func(a, b Row) int { return slices.CompareFunc(a.Key, b.Key, compareKeys) })
	return out, nil
}

// nextDigits is how long the prefixes of the next parts are: whole hashes once so few rows are left that all of them can be
// answered, else as long as the answer stays small.
func nextDigits(digits, parts int, rows, most int64) int {
	if rows <= most {
		return redshift.HashDigits
	}
	answers := 16 * max(int64(parts), 1)
	digits++
	for digits < redshift.HashDigits && answers*16 <= most {
		answers *= 16
		digits++
	}
	return digits
}

// compareKeys orders numbers as numbers, and all else as bytes.
func compareKeys(a, b string) int {
	x, errx := strconv.ParseInt(a, 10, 64)
	y, erry := strconv.ParseInt(b, 10, 64)
	if errx == nil && erry == nil {
		return cmp.Compare(x, y)
	}
	return cmp.Compare(a, b)
}

// parts asks both sides for the digests of parts and answers the prefixes of those that differ, in order, each with the
// rows that it has.
func (c *comparison) parts(ctx context.Context, digits int, within []string) (differing []string, rows map[string]int64, err error) {
	var got [2]map[string]redshift.Part
	err = c.both(ctx, func(ctx context.Context, s *side) error {
		sql, err := s.rows.PartsQuery(digits, within)
		if err != nil {
			return err
		}
		parts := make(map[string]redshift.Part)
		got[c.place(s)] = parts
		return s.session.Query(ctx, sql, func(row []*string) error {
			p, err := redshift.ReadPart(row)
			parts[p.Prefix] = p
			return err
		})
	})
	if err != nil {
		return nil, nil, err
	}
	rows = make(map[string]int64)
	for _, parts := range got {
		for prefix, p := range parts {
			if got[0][prefix] != got[1][prefix] {
				rows[prefix] = max(rows[prefix], p.Rows)
			}
		}
	}
	return slices.Sorted(maps.Keys(rows)), rows, nil
}

func (c *comparison) place(s *side) int {
	if s == c.sides[0] {
		return 0
	}
	return 1
}

// hashedRow is a Row with its key's hash.
type hashedRow struct {
	Row
	hash string
}

// keys asks for the keys that have these hashes, and says how the rows of each differ.
func (c *comparison) keys(ctx context.Context, hashes []string) ([]hashedRow, error) {
	var got [2]map[string]redshift.Keyed
	err := c.both(ctx, func(ctx context.Context, s *side) error {
		sql, err := s.rows.KeysQuery(hashes)
		if err != nil {
			return err
		}
		keys := make(map[string]redshift.Keyed)
		got[c.place(s)] = keys
		return s.session.Query(ctx, sql, func(row []*string) error {
			k, err := s.rows.ReadKeyed(row)
			keys[k.Hash] = k
			return err
		})
	})
	if err != nil {
		return nil, err
	}
	out := make([]hashedRow, 0, len(hashes))
	for _, hash := range hashes {
		source, inSource := got[0][hash]
		target, inTarget := got[1][hash]
		r := hashedRow{hash: hash, Row: Row{Key: source.Key, SourceRows: source.Digest.Rows, TargetRows: target.Digest.Rows}}
		switch {
		case inSource && inTarget:
			r.Kind, r.Columns = RowChanged, changedColumns(source.Digest, target.Digest)
		case inSource:
			r.Kind = RowMissing
		case inTarget:
			r.Kind, r.Key = RowExtra, target.Key
		default:
			return nil, errors.New("a key that differs is on neither side: the session lost its snapshot")
		}
		out = append(out, r)
	}
	return out, nil
}

// values fills in the values of the columns that differ. It answers how many queries each side was asked.
func (c *comparison) values(ctx context.Context, rows []hashedRow, into []Row) (int, error) {
	var hashes, columns []string
	for _, r := range rows {
		if r.Kind != RowChanged || r.SourceRows != 1 || r.TargetRows != 1 {
			continue
		}
		hashes = append(hashes, r.hash)
		for _, name := range r.Columns {
			if !slices.Contains(columns, name) {
				columns = append(columns, name)
			}
		}
	}
	if len(hashes) == 0 {
		return 0, nil
	}
	var got [2]map[string][]*string
	err := c.both(ctx, func(ctx context.Context, s *side) error {
		sql, err := s.rows.ValuesQuery(hashes, columns)
		if err != nil {
			return err
		}
		values := make(map[string][]*string)
		got[c.place(s)] = values
		return s.session.Query(ctx, sql, func(row []*string) error {
			if len(row) != 1+len(columns) || row[0] == nil {
				return errors.New("read values: the answer has other fields than were asked for")
			}
			values[*row[0]] = slices.Clone(row[1:])
			return nil
		})
	})
	if err != nil {
		return 0, err
	}
	for i, r := range rows {
		source, ok := got[0][r.hash]
		target, also := got[1][r.hash]
		if !ok || !also {
			continue
		}
		for _, name := range r.Columns {
			at := slices.Index(columns, name)
			into[i].Values = append(into[i].Values, Value{Column: name, Source: source[at], Target: target[at]})
		}
	}
	return 1, nil
}
