package subset_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"log"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/sealift/sealift/internal/local"
	"github.com/sealift/sealift/internal/redshift"
	"github.com/sealift/sealift/internal/subset"
)

// standin is the stand-in that the tests of this package share.
var standin *local.Server

func TestMain(m *testing.M) {
	if err := local.Main(m, &standin); err != nil {
		log.Fatal(err)
	}
}

// TestSets compares what the SQL chooses, over random graphs and rows, with a model that knows nothing of SQL: it goes over rows until
// nothing changes.
func TestSets(t *testing.T) {
	conn, err := pgconn.Connect(t.Context(), standin.Var("REDSHIFT_SOURCE_URL"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := conn.Close(context.WithoutCancel(t.Context())); err != nil {
			t.Errorf("close session: %v", err)
		}
	})
	ways := make(map[subset.Way]int)
	refused, orphans := 0, 0
	for seed := range uint64(300) {
		m := newModel(rand.New(rand.NewPCG(seed, 2026)), fmt.Sprintf("w%d", seed))
		sets, err := subset.New(m.graph)
		if err != nil {
			refused++
			continue
		}
		d := database{t: t, conn: conn, seed: seed}
		d.exec("CREATE SCHEMA " + m.schema)
		for i := range m.tables {
			d.exec(m.create(i))
		}
		d.exec("BEGIN")
		dangling := d.run(sets.Statements())
		want := m.choose()
		if dangling != want.dangling {
			t.Errorf("seed %d: %d references to what is not there, the model has %d", seed, dangling, want.dangling)
		}
		if dangling > 0 {
			orphans++
		}
		for i := range m.tables {
			ways[sets.Way(i)]++
			if got := d.chosen(m, i, sets.Condition(i)); !slices.Equal(got, want.rows[i]) {
				t.Errorf("seed %d: table %d (%s): %s", seed, i, sets.Way(i), cmp.Diff(want.rows[i], got))
			}
		}
		for _, sql := range sets.Drop() {
			d.exec(sql.String())
		}
		if n := d.number("SELECT COUNT(*) FROM pg_class WHERE relname LIKE 'sealift_set%'"); n != 0 {
			t.Errorf("seed %d: %d sets are left", seed, n)
		}
		d.exec("ROLLBACK")
		if t.Failed() {
			t.Fatalf("%s", m.describe())
		}
		d.exec("DROP SCHEMA " + m.schema + " CASCADE")
	}
	t.Logf("tables by their way: %v; %d graphs refused, %d with orphans", ways, refused, orphans)
	for _, w := range []subset.Way{subset.Chosen, subset.Children, subset.Parents, subset.Fitting, subset.Whole} {
		if ways[w] < 10 {
			t.Errorf("only %d tables were %s: the graphs show little", ways[w], w)
		}
	}
	if refused > 150 || orphans < 5 {
		t.Errorf("%d graphs were refused, %d had orphans: they show little", refused, orphans)
	}
}

// database is a session of the stand-in.
type database struct {
	t    *testing.T
	conn *pgconn.PgConn
	seed uint64
}

func (d database) exec(sql string) (rows int64) {
	d.t.Helper()
	results, err := d.conn.Exec(d.t.Context(), sql).ReadAll()
	if err != nil {
		d.t.Fatalf("seed %d: %s: %v", d.seed, sql, err)
	}
	for _, r := range results {
		rows += r.CommandTag.RowsAffected()
	}
	return rows
}

func (d database) number(sql string) int {
	d.t.Helper()
	results, err := d.conn.Exec(d.t.Context(), sql).ReadAll()
	if err != nil {
		d.t.Fatalf("seed %d: %s: %v", d.seed, sql, err)
	}
	n, err := strconv.Atoi(string(results[0].Rows[0][0]))
	if err != nil {
		d.t.Fatal(err)
	}
	return n
}

// run does what a run does with the statements, and answers how many references lead nowhere.
func (d database) run(statements []subset.Statement) (dangling int) {
	d.t.Helper()
	for i := 0; i < len(statements); i++ {
		st := statements[i]
		switch {
		case st.Check != "":
			dangling += d.number(st.SQL.String())
		case st.Loop == 0:
			d.exec(st.SQL.String())
		default:
			end := i
			for end < len(statements) && statements[end].Loop == st.Loop {
				end++
			}
			for changed := int64(1); changed > 0; {
				changed = 0
				for _, st := range statements[i:end] {
					changed += d.exec(st.SQL.String())
				}
			}
			i = end - 1
		}
	}
	return dangling
}

// chosen are the numbers of the rows of a table that a condition leaves.
func (d database) chosen(m *model, i int, condition redshift.SQL) []int {
	d.t.Helper()
	sql := "SELECT n FROM " + m.graph.Tables[i].Name.String() + " WHERE true"
	if w := m.graph.Tables[i].Where; !w.IsZero() {
		sql += " AND (" + w.String() + ")"
	}
	if !condition.IsZero() {
		sql += " AND (" + condition.String() + ")"
	}
	results, err := d.conn.Exec(d.t.Context(), sql+" ORDER BY n").ReadAll()
	if err != nil {
		d.t.Fatalf("seed %d: %s: %v", d.seed, sql, err)
	}
	rows := []int{}
	for _, r := range results[0].Rows {
		n, err := strconv.Atoi(string(r[0]))
		if err != nil {
			d.t.Fatal(err)
		}
		rows = append(rows, n)
	}
	return rows
}

// model is a graph with its rows in memory.
type model struct {
	schema string
	graph  subset.Graph
	tables []modelTable
	starts []int // of a table's v, the greatest that is chosen
}

// modelTable has rows with a number, a value v that conditions look at, keys, and what they refer to by each reference of the graph.
type modelTable struct {
	keys int
	cut  bool // rows with v = 0 are not there
	rows []modelRow
}

type modelRow struct {
	n, v int
	key  []int
	refs map[int][]*int // by reference
}

func newModel(r *rand.Rand, schema string) *model {
	m := &model{schema: schema, graph: subset.Graph{Seed: int64(1 + r.IntN(5)), KeepOrphans: r.IntN(3) == 0}}
	n := 2 + r.IntN(6)
	m.starts = make([]int, n)
	for i := range n {
		t := modelTable{keys: []int{0, 1, 1, 1, 1, 2, 2, 2}[r.IntN(8)], cut: r.IntN(6) == 0}
		g := subset.Table{Name: must(redshift.NewTable(schema, fmt.Sprintf("t%d", i))), Children: []int{subset.All, subset.All, subset.All, 0, 2}[r.IntN(5)]}
		for k := range t.keys {
			g.Key = append(g.Key, redshift.Column{Name: must(redshift.NewIdent(fmt.Sprintf("k%d", k))), Type: redshift.Type{Name: redshift.Integer}})
		}
		if t.cut {
			g.Where = redshift.Raw("v <> 0")
		}
		if i == 0 || r.IntN(9) == 0 {
			g.Start = &subset.Start{Millionths: 1_000_000}
			if m.starts[i] = 1 + r.IntN(5); m.starts[i] < 5 {
				g.Start.Where = redshift.Raw("v <= " + strconv.Itoa(m.starts[i]))
			}
			if t.keys > 0 && r.IntN(3) == 0 {
				g.Start.Millionths = int64(r.IntN(1_000_000))
			}
		}
		m.graph.Tables, m.tables = append(m.graph.Tables, g), append(m.tables, t)
	}
	for x := range n + r.IntN(3) {
		child, parent := r.IntN(n), r.IntN(n)
		ref := subset.Reference{Child: child, Parent: parent}
		for k := range m.tables[parent].keys {
			ref.Columns = append(ref.Columns, must(redshift.NewIdent(fmt.Sprintf("f%d_%d", x, k))))
			ref.Referenced = append(ref.Referenced, must(redshift.NewIdent(fmt.Sprintf("k%d", k))))
		}
		if len(ref.Columns) == 0 {
			ref.Columns, ref.Referenced = []redshift.Ident{must(redshift.NewIdent(fmt.Sprintf("f%d_0", x)))}, []redshift.Ident{must(redshift.NewIdent("n"))}
		}
		m.graph.References = append(m.graph.References, ref)
	}
	for i := range m.tables {
		t := &m.tables[i]
		for n := range 1 + r.IntN(14) {
			row := modelRow{n: n, v: r.IntN(6), refs: make(map[int][]*int)}
			switch t.keys {
			case 1:
				row.key = []int{n * 3}
			case 2:
				row.key = []int{n / 4, n % 4}
			}
			t.rows = append(t.rows, row)
		}
	}
	strays := r.IntN(3) == 0
	for x, ref := range m.graph.References {
		parents := m.tables[ref.Parent].rows
		for i := range m.tables[ref.Child].rows {
			row := &m.tables[ref.Child].rows[i]
			to := m.referenced(ref, parents[r.IntN(len(parents))])
			for k := range to {
				value := &to[k]
				if strays && r.IntN(40) == 0 {
					*value += 1000
				}
				if r.IntN(5) == 0 {
					value = nil
				}
				row.refs[x] = append(row.refs[x], value)
			}
		}
	}
	return m
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// referenced are the values of a row that a reference leads to.
func (m *model) referenced(ref subset.Reference, row modelRow) []int {
	if len(row.key) == 0 {
		return []int{row.n}
	}
	return slices.Clone(row.key)
}

// create is the table and its rows as SQL.
func (m *model) create(i int) string {
	t := m.tables[i]
	columns := []string{"n int", "v int"}
	for k := range t.keys {
		columns = append(columns, fmt.Sprintf("k%d int", k))
	}
	for x, ref := range m.graph.References {
		if ref.Child == i {
			for k := range ref.Columns {
				columns = append(columns, fmt.Sprintf("f%d_%d bigint", x, k))
			}
		}
	}
	var rows []string
	for _, row := range t.rows {
		values := []string{strconv.Itoa(row.n), strconv.Itoa(row.v)}
		for _, k := range row.key {
			values = append(values, strconv.Itoa(k))
		}
		for x, ref := range m.graph.References {
			if ref.Child == i {
				for _, v := range row.refs[x] {
					if v == nil {
						values = append(values, "NULL")
					} else {
						values = append(values, strconv.Itoa(*v))
					}
				}
			}
		}
		rows = append(rows, "("+strings.Join(values, ", ")+")")
	}
	name := m.graph.Tables[i].Name.String()
	return fmt.Sprintf("CREATE TABLE %s (%s); INSERT INTO %s VALUES %s", name, strings.Join(columns, ", "), name, strings.Join(rows, ", "))
}

// describe is a graph for whoever has to find out why it failed.
func (m *model) describe() string {
	var b strings.Builder
	for i, t := range m.graph.Tables {
		fmt.Fprintf(&b, "table %d: %d key columns, children %d, cut %v", i, len(t.Key), t.Children, m.tables[i].cut)
		if t.Start != nil {
			fmt.Fprintf(&b, ", start v <= %d, %d of a million", m.starts[i], t.Start.Millionths)
		}
		b.WriteString("\n  " + m.create(i) + "\n")
	}
	for x, r := range m.graph.References {
		fmt.Fprintf(&b, "reference %d: %d -> %d\n", x, r.Child, r.Parent)
	}
	return b.String()
}

// there tells whether a row is there at all.
func (m *model) there(i int, row modelRow) bool { return !m.tables[i].cut || row.v != 0 }

// answer is what the model chooses: the numbers of rows by table, and how many references lead nowhere.
type answer struct {
	rows     [][]int
	dangling int
}

// way is how the model says a table is reached, in a word that is not the package's.
func (m *model) way() (down, up, fit []bool) {
	n := len(m.tables)
	down, up, fit = make([]bool, n), make([]bool, n), make([]bool, n)
	for i, t := range m.graph.Tables {
		down[i] = t.Start != nil
	}
	for range n {
		for _, r := range m.graph.References {
			down[r.Child] = down[r.Child] || down[r.Parent] && m.graph.Tables[r.Child].Children != 0
		}
	}
	copy(up, down)
	for range n {
		for _, r := range m.graph.References {
			up[r.Parent] = up[r.Parent] || up[r.Child]
		}
	}
	copy(fit, up)
	for range n {
		for _, r := range m.graph.References {
			fit[r.Child] = fit[r.Child] || fit[r.Parent]
		}
	}
	return down, up, fit
}

func (m *model) choose() answer {
	down, up, fit := m.way()
	n := len(m.tables)
	in := make([]map[int]bool, n)
	for i, t := range m.tables {
		in[i] = make(map[int]bool)
		g := m.graph.Tables[i]
		for _, row := range t.rows {
			if g.Start != nil && m.there(i, row) && row.v <= m.starts[i] && (g.Start.Millionths == 1_000_000 || m.hash(row)%1_000_000 < g.Start.Millionths) {
				in[i][row.n] = true
			}
		}
	}
	settle := func(step func(x int, r subset.Reference, c modelRow) (changed bool)) {
		for changed := true; changed; {
			changed = false
			for x, r := range m.graph.References {
				for _, c := range m.tables[r.Child].rows {
					if m.there(r.Child, c) && step(x, r, c) {
						changed = true
					}
				}
			}
		}
	}
	settle(func(x int, r subset.Reference, c modelRow) bool {
		if !down[r.Parent] || m.graph.Tables[r.Child].Children == 0 || in[r.Child][c.n] || !m.within(x, r, c) {
			return false
		}
		p, ok := m.parent(x, r, c)
		if !ok || !in[r.Parent][p.n] {
			return false
		}
		in[r.Child][c.n] = true
		return true
	})
	settle(func(x int, r subset.Reference, c modelRow) bool {
		p, ok := m.parent(x, r, c)
		if !ok || !up[r.Child] || !in[r.Child][c.n] || in[r.Parent][p.n] {
			return false
		}
		in[r.Parent][p.n] = true
		return true
	})
	for i, t := range m.tables {
		for _, row := range t.rows {
			if !up[i] && m.there(i, row) && (!fit[i] || m.graph.Tables[i].Children != 0) {
				in[i][row.n] = true
			}
		}
	}
	settle(func(x int, r subset.Reference, c modelRow) bool {
		if up[r.Child] || !fit[r.Child] || !fit[r.Parent] || !in[r.Child][c.n] || !m.refers(x, c) {
			return false
		}
		p, ok := m.parent(x, r, c)
		if ok && in[r.Parent][p.n] && (m.circle(r, up, fit) || m.within(x, r, c)) {
			return false
		}
		delete(in[r.Child], c.n)
		return true
	})
	var out answer
	for i := range m.tables {
		rows := []int{}
		for n := range in[i] {
			rows = append(rows, n)
		}
		slices.Sort(rows)
		out.rows = append(out.rows, rows)
	}
	for x, r := range m.graph.References {
		for _, c := range m.tables[r.Child].rows {
			if !in[r.Child][c.n] || !m.refers(x, c) {
				continue
			}
			p, ok := m.parent(x, r, c)
			if ok && !in[r.Parent][p.n] || !ok && !m.graph.KeepOrphans {
				out.dangling++
			}
		}
	}
	return out
}

// refers tells whether a row refers to anything.
func (m *model) refers(x int, c modelRow) bool { return !slices.Contains(c.refs[x], nil) }

// parent is the row that one refers to, if that is there.
func (m *model) parent(x int, r subset.Reference, c modelRow) (modelRow, bool) {
	if !m.refers(x, c) {
		return modelRow{}, false
	}
	for _, p := range m.tables[r.Parent].rows {
		if !m.there(r.Parent, p) {
			continue
		}
		same := true
		for k, v := range m.referenced(r, p) {
			same = same && *c.refs[x][k] == v
		}
		if same {
			return p, true
		}
	}
	return modelRow{}, false
}

// within tells whether a row is among so many that refer to the same one.
func (m *model) within(x int, r subset.Reference, c modelRow) bool {
	limit := m.graph.Tables[r.Child].Children
	if limit <= 0 || !m.refers(x, c) {
		return true
	}
	before := 0
	for _, o := range m.tables[r.Child].rows {
		if !m.there(r.Child, o) || !m.refers(x, o) {
			continue
		}
		same := true
		for k := range o.refs[x] {
			same = same && *o.refs[x][k] == *c.refs[x][k]
		}
		if same && (m.rawHash(o) < m.rawHash(c) || m.rawHash(o) == m.rawHash(c) && slices.Compare(o.key, c.key) < 0) {
			before++
		}
	}
	return before < limit
}

// circle tells whether a reference is between tables that only fit and that lead to each other.
func (m *model) circle(r subset.Reference, up, fit []bool) bool {
	reached := map[int]bool{r.Parent: true}
	for range m.tables {
		for _, o := range m.graph.References {
			if reached[o.Child] && fit[o.Parent] && fit[o.Child] && !up[o.Child] {
				reached[o.Parent] = true
			}
		}
	}
	return reached[r.Child]
}

// rawHash is FNV-1a over the seed and the key, in 64 bits, as the facts have it; hash is without a sign.
func (m *model) rawHash(row modelRow) int64 {
	h := uint64(14695981039346656037)
	for _, v := range slices.Concat([]int{int(m.graph.Seed)}, row.key) {
		for _, b := range binary.LittleEndian.AppendUint64(nil, uint64(v)) {
			h = (h ^ uint64(b)) * 1099511628211
		}
	}
	return int64(h)
}

func (m *model) hash(row modelRow) int64 { return (m.rawHash(row)%1_000_000 + 1_000_000) % 1_000_000 }
