package sealift

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/sealift/sealift/internal/check"
	"github.com/sealift/sealift/internal/connect"
	"github.com/sealift/sealift/internal/load"
	"github.com/sealift/sealift/internal/load/delimited"
	"github.com/sealift/sealift/internal/load/source"
	"github.com/sealift/sealift/internal/mask"
	"github.com/sealift/sealift/internal/planner"
	"github.com/sealift/sealift/internal/postgres"
	"github.com/sealift/sealift/internal/redshift"
	"github.com/sealift/sealift/internal/show"
	"github.com/sealift/sealift/internal/stage"
	"github.com/sealift/sealift/job"
	"github.com/sealift/sealift/journal"
	"github.com/sealift/sealift/plan"
)

// server is the PostgreSQL server of a run: that of the sync which planned it, or in a run that is resumed one that is logged in to, in a
// snapshot of its own, when it is needed.
type server struct {
	spec    plan.Warehouse
	readers int
	options Options

	mu   sync.Mutex
	open *connect.Postgres
	ours bool // opened here
}

func (s *server) get(ctx context.Context) (*connect.Postgres, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.open != nil {
		return s.open, nil
	}
	opened, err := openPostgres(ctx, s.spec, s.readers, s.options)
	if err == nil {
		s.open, s.ours = opened, true
	}
	return opened, err
}

func (s *server) close(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.ours {
		return nil
	}
	return s.open.Close(ctx)
}

func openPostgres(ctx context.Context, spec plan.Warehouse, readers int, o Options) (*connect.Postgres, error) {
	return connect.OpenPostgres(ctx, spec, readers, connect.Options{Application: application, Log: o.log()})
}

// readPostgres reads the catalog of a server, and what the job's queries would answer. in.Target must be known.
func readPostgres(ctx context.Context, p *connect.Postgres, in *planner.Input) error {
	catalog, err := postgres.ReadCatalog(ctx, p, in.Target.CaseSensitive)
	if err != nil {
		return fmt.Errorf("%s: %w", p.Name(), err)
	}
	in.Source = catalog.Catalog
	in.Postgres.Tables, in.Postgres.Queries = catalog.Rows, make(map[int]postgres.Rows)
	for i, t := range in.Job.Tables {
		if t.Query == "" || redshift.CheckQuery(t.Query) != nil { // which the planner says, with the place
			continue
		}
		query := redshift.Raw(t.Query)
		fields, err := p.Describe(ctx, query)
		if err == nil {
			in.Queries[i], in.Postgres.Queries[i], err = postgres.ReadQuery(ctx, p, query, fields, in.Target.CaseSensitive)
		}
		if err != nil {
			return fmt.Errorf("tables[%d].query: %w", i, err)
		}
	}
	return nil
}

// planPostgres is planSync for a source that is a PostgreSQL server. It stays open, so that what is moved is what was planned.
func planPostgres(ctx context.Context, j *job.Job, q SyncRequest, o Options) (_ *Syncing, err error) {
	in := newInput(j)
	in.Postgres = &planner.Postgres{Slices: defaultSlices}
	conceal, err := syncMasking(ctx, &in)
	if err != nil {
		return nil, err
	}
	both, err := meet(ctx, plan.Warehouse{}, planner.Warehouse(j.Target), application, o)
	if err != nil {
		return nil, err
	}
	var source *connect.Postgres
	defer func() {
		if err != nil {
			err = errors.Join(err, source.Close(ctx))
		}
	}()
	var out *Syncing
	err = both.through(ctx, o, func(ctx context.Context) error {
		return inSession(ctx, both.target, func(target *connect.Session) (err error) {
			cursors, err := both.readTarget(ctx, &in, target)
			if err != nil {
				return err
			}
			if j.Target.Workgroup == "" {
				if err := readSlices(ctx, target, &in.Postgres.Slices); err != nil {
					return err
				}
			}
			if source, err = openPostgres(ctx, planner.Warehouse(j.Source), j.Concurrency.Unload, o); err != nil {
				return err
			}
			if err := readPostgres(ctx, source, &in); err != nil {
				return err
			}
			out, err = planChanges(ctx, in, q, conceal, source, cursors)
			return err
		})
	})
	if err != nil {
		return nil, err
	}
	out.postgres = source
	return out, nil
}

// checkPostgres logs in to a server, and looks whether the tables of a job that are named may be read.
func checkPostgres(ctx context.Context, j *job.Job, o Options) (results []check.Result) {
	add := func(name string, r check.Result) {
		r.Check, r.Side = name, "source"
		results = append(results, r)
	}
	p, err := openPostgres(ctx, planner.Warehouse(j.Source), 1, o)
	if err != nil {
		add("source login", check.Bad(err, "logging in to the server, and a snapshot of it"))
		return results
	}
	defer func() {
		if err := p.Close(ctx); err != nil {
			add("source login", check.Unknown(err, "ending the session"))
		}
	}()
	add("source login", check.Good("the server lets %s in, and gives a snapshot", j.Source.User))
	catalog, err := postgres.ReadCatalog(ctx, p, false)
	if err != nil {
		add("source tables", check.Bad(err, "the catalog"))
		return results
	}
	j = planner.Folded(j, catalog.Catalog, nil)
	readable := 0
	for i := range catalog.Tables {
		def := &catalog.Tables[i]
		if !slices.ContainsFunc(j.Tables, func(t job.Table) bool {
			return t.Query == "" && t.Select.Match(def.Schema.String(), def.Name.String())
		}) {
			continue
		}
		if len(def.Problems) > 0 {
			add("source tables", check.Bad(nil, "%s: %s", def.Table, strings.Join(def.Problems, "; ")))
			continue
		}
		readable++
	}
	add("source tables", check.Good("%s can be read", show.Plural(int64(readable), "table")))
	return results
}

// extract reads the rows of a table from the server, in the sync's snapshot, and stages them as they come. Three counts must be one: the
// server's, that of the rows that came, and that of the rows in the parts.
func (s *sender) extract(ctx context.Context, t *plan.Table, prefix string) (facts journal.Facts, err error) {
	p, err := s.server.get(ctx)
	if err != nil {
		return facts, err
	}
	r, err := p.Reader(ctx)
	if err != nil {
		return facts, err
	}
	defer func() { err = errors.Join(err, r.Close(ctx)) }()
	counted := int64(-1) // rows, with those whose keys have newer ones
	for _, step := range t.Steps {
		if step.Kind != plan.Send {
			continue
		}
		for _, st := range step.Statements {
			switch st.Role {
			case plan.MustBeZero:
				n, err := numberOf(ctx, r, st.SQL)
				if err != nil {
					return facts, err
				}
				if n != 0 {
					return facts, fmt.Errorf("%s (%d found)", st.About, n)
				}
			case plan.Supersedes:
				if counted, err = numberOf(ctx, r, st.SQL); err != nil {
					return facts, err
				}
			case plan.Extracts:
				if facts, err = s.stream(ctx, t, r, st.SQL, prefix); err != nil {
					return facts, err
				}
				if counted >= 0 {
					facts.Superseded = counted - facts.Rows
				}
			default:
				return facts, fmt.Errorf("step %s: a statement has the role %q, which is not for a server: the plan was made by another version", step.ID, st.Role)
			}
		}
	}
	return facts, nil
}

func (s *sender) stream(ctx context.Context, t *plan.Table, r *connect.Reader, sql redshift.SQL, prefix string) (facts journal.Facts, err error) {
	total, err := s.newPassing(t)
	if err != nil {
		return facts, err
	}
	var mu sync.Mutex
	all := []*passing{total}
	var bytes, records atomic.Int64
	rows := int64(0)
	job := load.RowsJob{
		Slices: t.Extract.Slices, Records: &records,
		Create: func(_ context.Context, part int) (load.Upload, error) { return s.stage.Create(key(prefix, part)), nil },
		Pass: func() func(out, block []byte) ([]byte, error) {
			p, err := s.newPassing(t)
			if err != nil {
				return func(_, _ []byte) ([]byte, error) { return nil, err }
			}
			mu.Lock()
			defer mu.Unlock()
			all = append(all, p)
			return p.block
		},
		Read: func(ctx context.Context, hand func([]byte, int64) ([]byte, error)) (err error) {
			c := &collector{hand: hand, block: make([]byte, 0, load.BlockSize), bytes: &bytes}
			if rows, err = r.Copy(ctx, c, sql); err == nil {
				err = c.flush()
			}
			if err == nil && rows != c.rows {
				err = fmt.Errorf("the server sent %d rows, and %d came", rows, c.rows)
			}
			return err
		},
	}
	stop := s.report(t.Target, &source.Opener{}, &records)
	sent, err := load.SendRows(ctx, job)
	stop()
	if err != nil {
		return facts, err
	}
	for _, p := range all[1:] {
		total.digester.Add(p.digester)
		for i, n := range p.profile {
			total.profile[i] += n
		}
	}
	digest := total.digester.Digest()
	if sent.Records != rows || digest.Rows != rows {
		return facts, fmt.Errorf("the server sent %d rows, %d are staged, and the digest is of %d", rows, sent.Records, digest.Rows)
	}
	parts := make([]stage.Part, 0, len(sent.Parts))
	for _, part := range sent.Parts {
		parts = append(parts, stage.Part{Key: key(prefix, part.Number), Size: part.Bytes})
	}
	facts, err = s.stage.Seal(ctx, prefix, parts)
	facts.Rows, facts.Digest, facts.DigestRow, facts.Profile = rows, digest.Hex(), digest.Fields(), total.counts()
	return facts, err
}

// collector puts the rows of a COPY together to blocks. The server sends one row at a time.
type collector struct {
	hand  func([]byte, int64) ([]byte, error)
	block []byte
	inIt  int64
	rows  int64
	bytes *atomic.Int64
}

// Write implements io.Writer.
func (c *collector) Write(row []byte) (int, error) {
	if len(c.block) > 0 && len(c.block)+len(row) > load.BlockSize {
		if err := c.flush(); err != nil {
			return 0, err
		}
	}
	c.block = append(c.block, row...)
	c.inIt++
	c.rows++
	return len(row), nil
}

func (c *collector) flush() (err error) {
	if c.inIt == 0 {
		return nil
	}
	c.bytes.Add(int64(len(c.block)))
	c.block, err = c.hand(c.block, c.inIt)
	c.inIt = 0
	return err
}

// passing is what blocks of rows go through on their way into parts: their values are masked, where the plan says so, and the digest is
// taken of what is staged. Each writer has one of its own.
type passing struct {
	table    *plan.Table
	digester *redshift.Digester
	counted  []bool // columns of which the digest says only whether there is a value
	marker   [][]byte
	row      [][]byte // as it came
	values   [][]byte // for the digest

	masker  *mask.Masker // nil where nothing is masked
	quoted  []bool       // texts, which are in quotes whatever they are: an empty one is not NULL
	foreign []bool       // columns in which no value comes out that the source has
	profile []int64      // by column, how many values there were and how many came out
}

func (s *sender) newPassing(t *plan.Table) (*passing, error) {
	d, err := redshift.NewDigester(t.Digest)
	if err != nil {
		return nil, err
	}
	n := len(t.Digest.Columns)
	p := &passing{
		table: t, digester: d, counted: make([]bool, n), marker: [][]byte{[]byte(t.Extract.Marker)}, row: make([][]byte, n), values: make([][]byte, n),
	}
	for i, c := range t.Digest.Columns {
		p.counted[i] = slices.Contains(t.Extract.Counted, c.Name)
	}
	if !t.Masked() {
		return p, nil
	}
	if s.keys == nil {
		return nil, errors.New("the plan has masks, and there are no keys for them")
	}
	made, err := masked(t, t.Digest.Columns)
	if err == nil {
		p.masker, err = made.Masker(*s.keys)
	}
	if err != nil {
		return nil, err
	}
	p.quoted, p.foreign, p.profile = make([]bool, n), make([]bool, n), make([]int64, 2*n)
	for i, c := range t.Digest.Columns {
		p.quoted[i] = c.Type.Name == redshift.Varchar || c.Type.Name == redshift.Char
		p.foreign[i] = i < len(t.Masks) && planner.NeverInSource(t.Masks[i])
	}
	return p, nil
}

var (
	yes = []byte("t")
	no  = []byte("f")
)

// block answers what is staged of a block: itself, or what its rows are when they are masked, appended to out.
func (p *passing) block(out, text []byte) ([]byte, error) {
	records := delimited.NewReader(delimited.Format{Delimiter: ',', Quote: '"'}, p.marker, delimited.Block{Text: text, Line: 1})
	for {
		_, values, err := records.Next()
		if errors.Is(err, io.EOF) {
			if p.masker == nil {
				return text, nil
			}
			return out, nil
		}
		if err != nil {
			return nil, fmt.Errorf("read what the server sent: %w", err)
		}
		if len(values) != len(p.row) {
			return nil, fmt.Errorf("read what the server sent: %d fields, not %d", len(values), len(p.row))
		}
		for i, value := range values {
			switch {
			case value.Null:
				p.row[i] = nil
			case value.Text == nil:
				p.row[i] = []byte{}
			default:
				p.row[i] = value.Text
			}
		}
		row := p.row
		if p.masker != nil {
			if row, err = p.mask(); err != nil {
				return nil, err
			}
			out = p.write(out, row)
		}
		for i, v := range row {
			switch {
			case !p.counted[i]:
			case v == nil:
				v = no
			default:
				v = yes
			}
			p.values[i] = v
		}
		if err := p.digester.Row(p.values); err != nil {
			return nil, err
		}
	}
}

// mask is the row at hand as it comes out.
func (p *passing) mask() ([][]byte, error) {
	row, err := p.masker.Row(p.row)
	if err != nil {
		return nil, err
	}
	for i, v := range row {
		if p.row[i] != nil {
			p.profile[2*i]++
		}
		if v != nil {
			p.profile[2*i+1]++
		}
		if p.foreign[i] && v != nil && bytes.Equal(v, p.row[i]) {
			return nil, fmt.Errorf("column %s comes out with a value as it is in the source", p.table.Digest.Columns[i].Name)
		}
	}
	return row, nil
}

// write appends a row as the server writes rows.
func (p *passing) write(out []byte, row [][]byte) []byte {
	for i, v := range row {
		if i > 0 {
			out = append(out, ',')
		}
		switch {
		case v == nil:
			out = append(out, p.table.Extract.Marker...)
		case p.quoted[i] || len(v) == 0 || bytes.ContainsAny(v, ",\"\r\n"):
			out = append(out, '"')
			for {
				at := bytes.IndexByte(v, '"')
				if at < 0 {
					break
				}
				out = append(append(out, v[:at+1]...), '"')
				v = v[at+1:]
			}
			out = append(append(out, v...), '"')
		default:
			out = append(out, v...)
		}
	}
	return append(out, '\n')
}

// counts are what a receipt tells of masked columns: how many values there were, and how many came out. Different ones are not counted:
// rows pass, and are not kept.
func (p *passing) counts() []int64 {
	if p.masker == nil {
		return nil
	}
	var before, after []int64
	for i, m := range p.table.Masks {
		if m.Use == "passthrough" && m.Else == nil {
			continue
		}
		before, after = append(before, p.profile[2*i], -1), append(after, p.profile[2*i+1], -1)
	}
	return append(before, after...)
}

// numberOf asks for one number.
func numberOf(ctx context.Context, q redshift.Querier, sql redshift.SQL) (n int64, err error) {
	err = q.Query(ctx, sql, func(row []*string) error {
		if len(row) != 1 || row[0] == nil {
			return errors.New("the answer is not one number")
		}
		n, err = strconv.ParseInt(strings.TrimSpace(*row[0]), 10, 64)
		return err
	})
	return n, err
}
