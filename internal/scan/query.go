package scan

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/sealift/sealift/internal/redshift"
)

// sample is which rows are looked at: those whose key's hash is small, so that it is the same rows again as long as the
// table is the same.
type sample struct {
	where redshift.SQL // "" is all
}

// parts of which a sample takes some.
const sampleParts = 1_000_000

// sampleOf chooses how many of the rows to look at, by the server's statistics. Without any, all are.
func sampleOf(def *redshift.TableDef, rows int64) sample {
	if rows <= 0 || def.EstimatedRows <= 2*rows {
		return sample{}
	}
	n := max(1, rows*sampleParts/def.EstimatedRows)
	// MOD keeps the sign, and ABS of the smallest hash would not fit: first the one, then the other.
	return sample{where: redshift.Build("ABS(MOD(?, ?)) < ?", keyHash(def), redshift.Int(sampleParts), redshift.Int(n))}
}

// keyHash is a hash of what tells rows apart: the primary key, a unique one, or as many columns as that takes.
func keyHash(def *redshift.TableDef) redshift.SQL {
	var names []redshift.Ident
	switch {
	case def.PrimaryKey != nil:
		names = def.PrimaryKey.Columns
	case len(def.Uniques) > 0:
		names = def.Uniques[0].Columns
	default:
		const most = 8
		for _, c := range def.Columns {
			if c.Identity != nil {
				names = []redshift.Ident{c.Name}
				break
			}
			if formOf(c.Type)&(texts|wholes|dates) != 0 && len(names) < most {
				names = append(names, c.Name)
			}
		}
	}
	var h redshift.SQL
	for _, name := range names {
		// Of NULL there is no hash.
		x := redshift.Build("COALESCE(CAST(? AS VARCHAR(256)), '')", name)
		if c, ok := def.Column(name); ok && formOf(c.Type) == texts {
			x = redshift.Build("COALESCE(?, '')", name)
		}
		if h.IsZero() {
			h = redshift.Build("FNV_HASH(?)", x)
		} else {
			h = redshift.Build("FNV_HASH(?, ?)", x, h)
		}
	}
	if h.IsZero() {
		// Nothing can be hashed: the rows are then other ones each time.
		return redshift.Build("CAST(RANDOM() * ? AS BIGINT)", redshift.Int(sampleParts))
	}
	return h
}

func (s sample) sql() redshift.SQL {
	if s.where.IsZero() {
		return redshift.SQL{}
	}
	return redshift.Build("\n    WHERE ?", s.where)
}

// perQuestion is how many columns one statement asks about: a list of results can have 1,600 entries.
const perQuestion = 40

// Question is a statement to ask the warehouse, and where its answer goes. The answer is one row of numbers.
type Question struct {
	SQL    redshift.SQL
	fields int
	read   func(numbers []int64)
}

// Read takes the answer.
func (q *Question) Read(row []*string) error {
	if len(row) != q.fields {
		return fmt.Errorf("an answer with %d fields, %d were asked for", len(row), q.fields)
	}
	numbers := make([]int64, len(row))
	for i, v := range row {
		if v == nil {
			continue // the sum of nothing
		}
		n, err := strconv.ParseInt(*v, 10, 64)
		if err != nil {
			return fmt.Errorf("field %d is not a number", i+1) // and it is not said what it is
		}
		numbers[i] = n
	}
	q.read(numbers)
	return nil
}

// Shapes asks how many values of each column have which shape. There is nothing to ask of a table without columns that
// could hold anything.
func (t *Table) Shapes() []Question {
	var ask []*column
	for _, c := range t.columns {
		if c.counts() {
			ask = append(ask, c)
		}
	}
	var out []Question
	for some := range slices.Chunk(ask, perQuestion) {
		answers := []redshift.SQL{redshift.Build("SUM(n)")}
		var p prepared
		for i, c := range some {
			_, _, shape := p.add(i, c)
			p.keys = append(p.keys, shape)
			answers = append(answers, redshift.Build("SUM(CASE WHEN ? IS NOT NULL THEN n ELSE 0 END)", shape))
			for _, sh := range shapes {
				answers = append(answers, redshift.Build("SUM(CASE WHEN ? = ? THEN n ELSE 0 END)", shape, redshift.Lit(sh.name)))
			}
		}
		out = append(out, Question{
			SQL:    p.question(t, answers),
			fields: len(answers),
			read: func(numbers []int64) {
				t.rows, t.counted = numbers[0], true
				numbers = numbers[1:]
				for _, c := range some {
					c.n = numbers[0]
					for i, sh := range shapes {
						c.shapes[sh.name] = numbers[1+i]
					}
					c.settle(t.testOnlyAskAll)
					numbers = numbers[1+len(shapes):]
				}
			},
		})
	}
	return out
}

// worthAsking is the share of values with a check's shapes from which on it is asked.
const worthAsking = 0.2

// settle says what follows from the shapes: checks without arithmetic are decided, others are asked.
func (c *column) settle(all bool) {
	c.asked = nil
	for _, check := range checks {
		var n int64
		for _, s := range check.shapes {
			n += c.shapes[s]
		}
		switch {
		case check.sql == nil:
			c.passed[check.name] = n
		case all || n > 0 && (check.name == "inside" || float64(n) >= worthAsking*float64(c.n)) && c.wants(check):
			c.asked = append(c.asked, check)
		}
	}
}

// wants tells whether the answer to a check could say anything of the column.
func (c *column) wants(check *check) bool {
	if check.alone {
		return true
	}
	return slices.ContainsFunc(c.hits, func(h hit) bool { return slices.Contains(kinds[h.kind].checks, check.name) })
}

// Checks asks how many values pass the checks that the shapes gave reason for. It follows the answers to Shapes.
func (t *Table) Checks() []Question {
	var ask []*column
	for _, c := range t.columns {
		if len(c.asked) > 0 {
			ask = append(ask, c)
		}
	}
	var out []Question
	for some := range slices.Chunk(ask, perQuestion) {
		var answers []redshift.SQL
		var p prepared
		for i, c := range some {
			var shape redshift.SQL
			var s slots
			s.text, s.digits, shape = p.add(i, c)
			s.wide, s.iban = alias("w", i), alias("b", i)
			p.last = append(p.last, redshift.Build("LPAD(?, 19, '0') AS ?", s.digits, s.wide))
			p.keys = append(p.keys, s.text, s.digits, s.wide, shape)
			if slices.ContainsFunc(c.asked, func(k *check) bool { return k.name == "iban" }) {
				p.last = append(p.last, redshift.Build("? AS ?", ibanSQL(s.text), s.iban))
				p.keys = append(p.keys, s.iban)
			}
			answers = append(answers, redshift.Build("COUNT(DISTINCT ?)", s.text))
			for _, k := range c.asked {
				have := make([]redshift.SQL, len(k.shapes))
				for j, name := range k.shapes {
					have[j] = redshift.Build("?", redshift.Lit(name))
				}
				answers = append(answers, redshift.Build("SUM(CASE WHEN ? IN (?) AND (?) THEN n ELSE 0 END)", shape, redshift.Join(", ", have...), k.sql(s)))
			}
		}
		out = append(out, Question{
			SQL:    p.question(t, answers),
			fields: len(answers),
			read: func(numbers []int64) {
				for _, c := range some {
					c.distinct = numbers[0]
					for i, k := range c.asked {
						c.passed[k.name] = numbers[1+i]
					}
					numbers = numbers[1+len(c.asked):]
				}
			},
		})
	}
	return out
}

// prepared is what the answers of a question are computed from.
type prepared struct {
	values, digits, last []redshift.SQL
	// keys are what the rows are put together by. That is done for the sake of the planner, which puts the expressions of a
	// subquery in place of the names, as often as these come, but not through a GROUP BY: each is computed once for a value.
	keys []redshift.SQL
}

// add gives the value, the digits and the shape of a column.
func (p *prepared) add(i int, c *column) (text, digits, shape redshift.SQL) {
	text, digits, shape = alias("v", i), alias("d", i), alias("s", i)
	p.values = append(p.values, redshift.Build("? AS ?", c.value(), text))
	p.digits = append(p.digits, redshift.Build("?, TRANSLATE(?, ?, '') AS ?", text, text, redshift.Lit(between), digits))
	p.last = append(p.last, text, digits, redshift.Build("? AS ?", shapeSQL(text, digits), shape))
	return text, digits, shape
}

func (p *prepared) question(t *Table, answers []redshift.SQL) redshift.SQL {
	list := func(parts []redshift.SQL) redshift.SQL { return redshift.Join(",\n    ", parts...) }
	return redshift.Build("SELECT ?\nFROM (\n    SELECT ?, COUNT(*) AS n\n    FROM (\n    SELECT ?\n    FROM (\n    SELECT ?\n    FROM (\n    SELECT ?\n    FROM ??\n    ) v\n    ) d\n    ) s\n    GROUP BY ?\n) g",
		list(answers), list(p.keys), list(p.last), list(p.digits), list(p.values), t.def.Table, t.sample.sql(), list(p.keys))
}

// value is a column's value as text, NULL where there is nothing in it.
func (c *column) value() redshift.SQL {
	switch c.form {
	case texts:
		return redshift.Build("NULLIF(TRIM(SUBSTRING(?, 1, ?)), '')", c.Name, redshift.Int(longest))
	case dates:
		return redshift.Build("TO_CHAR(?, 'YYYY-MM-DD')", c.Name)
	default:
		return redshift.Build("CAST(? AS VARCHAR(64))", c.Name)
	}
}

// alias is a name of ours.
func alias(letter string, n int) redshift.SQL {
	name, err := redshift.NewIdent(letter + strconv.Itoa(n))
	if err != nil {
		panic("scan: " + err.Error())
	}
	return redshift.Build("?", name)
}

// Values asks for the values themselves, of the columns that could hold something. Somebody must have agreed to that.
func (t *Table) Values(most int64) (redshift.SQL, bool) {
	var values []redshift.SQL
	for _, c := range t.columns {
		if c.counts() {
			values = append(values, c.value())
		}
	}
	if len(values) == 0 {
		return redshift.SQL{}, false
	}
	return redshift.Build("SELECT ?\nFROM ??\nLIMIT ?", redshift.Join(",\n    ", values...), t.def.Table, t.sample.sql(), redshift.Int(most)), true
}

// Looker holds values against all checks, stricter ones too, and keeps only how many pass.
type Looker struct {
	table   *Table
	columns []*column
	seen    []map[string]bool // until there are enough
}

// Look begins to look at values; what was counted before is forgotten.
func (t *Table) Look() *Looker {
	l := &Looker{table: t}
	t.rows, t.counted = 0, true
	for _, c := range t.columns {
		if c.counts() {
			c.n, c.distinct = 0, 0
			clear(c.shapes)
			clear(c.passed)
			l.columns = append(l.columns, c)
			l.seen = append(l.seen, make(map[string]bool))
		}
	}
	return l
}

// Row looks at a row of what Values asked for.
func (l *Looker) Row(row []*string) error {
	if len(row) != len(l.columns) {
		return fmt.Errorf("an answer with %d fields, %d were asked for", len(row), len(l.columns))
	}
	l.table.rows++
	for i, text := range row {
		if text == nil {
			continue
		}
		c, v := l.columns[i], valueOf(*text)
		c.n++
		if len(l.seen[i]) < enough {
			l.seen[i][v.text] = true
		}
		c.distinct = int64(len(l.seen[i]))
		s := shapeOf(v)
		c.shapes[s]++
		for _, k := range checks {
			if slices.Contains(k.shapes, s) && (k.valid == nil || k.valid(v)) && (k.strict == nil || k.strict(v)) {
				c.passed[k.name]++
			}
		}
	}
	return nil
}

// Done ends looking: no value is kept.
func (l *Looker) Done() { l.seen = nil }
