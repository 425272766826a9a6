package sealift

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/sealift/sealift/internal/connect"
	"github.com/sealift/sealift/internal/hint"
	"github.com/sealift/sealift/internal/load"
	"github.com/sealift/sealift/internal/load/delimited"
	"github.com/sealift/sealift/internal/load/source"
	"github.com/sealift/sealift/internal/mask"
	"github.com/sealift/sealift/internal/objects"
	"github.com/sealift/sealift/internal/planner"
	"github.com/sealift/sealift/internal/redshift"
	"github.com/sealift/sealift/internal/show"
	"github.com/sealift/sealift/internal/stage"
	"github.com/sealift/sealift/job"
	"github.com/sealift/sealift/journal"
	"github.com/sealift/sealift/plan"
)

// Files are what a load reads.
type Files struct {
	inputs  []source.Input
	files   []plan.File
	objects map[string]objects.Object // by URL
	counted bool                      // files tell their Rows, which somebody has counted
	// Passed are files of folders that are not loaded: hidden ones.
	Passed []string
}

// OpenFiles finds what the arguments of a load mean: files, folders, patterns, - for standard input, and objects of S3 as
// s3://BUCKET/KEY. Nothing is read yet. An object's bucket is looked for by the credentials of the environment; region is
// where to ask first.
func OpenFiles(ctx context.Context, arguments []string, stdin io.Reader, region string) (*Files, error) {
	f := &Files{objects: make(map[string]objects.Object)}
	var local []string
	for _, a := range arguments {
		if !strings.HasPrefix(a, objects.Scheme) {
			local = append(local, a)
		}
	}
	if len(local) > 0 {
		inputs, passed, err := source.Files(local, stdin)
		if err != nil {
			return nil, err
		}
		f.Passed = passed
		for _, in := range inputs {
			if err := f.addLocal(in); err != nil {
				return nil, err
			}
		}
	}
	if len(local) == len(arguments) {
		return f, nil
	}
	cfg, err := connect.Config(ctx, region, connect.Role{})
	if err != nil {
		return nil, err
	}
	for _, a := range arguments {
		if !strings.HasPrefix(a, objects.Scheme) {
			continue
		}
		found, passed, err := objects.Find(ctx, cfg, a)
		if err != nil {
			return nil, err
		}
		f.Passed = append(f.Passed, passed...)
		for _, o := range found {
			if _, seen := f.objects[o.URL()]; seen {
				continue
			}
			f.objects[o.URL()] = o
			f.inputs = append(f.inputs, objectInput(o))
			f.files = append(f.files, plan.File{Name: o.URL(), Path: o.URL(), Size: o.Size, Modified: o.Modified, ETag: o.ETag, Region: o.Region, Owner: o.Owner})
		}
	}
	return f, nil
}

func (f *Files) addLocal(in source.Input) (err error) {
	file := plan.File{Name: in.Name, Size: in.Size}
	if in.Name != "-" {
		if file.Path, err = filepath.Abs(in.Name); err != nil {
			return fmt.Errorf("open %s: %w", in.Name, err)
		}
	}
	if in.Size >= 0 {
		info, err := os.Stat(in.Name)
		if err != nil {
			return err
		}
		file.Size, file.Modified = info.Size(), info.ModTime().UTC()
	}
	f.inputs, f.files = append(f.inputs, in), append(f.files, file)
	return nil
}

// objectInput is an object as an input.
func objectInput(o objects.Object) source.Input {
	return source.Input{
		Name: o.URL(), Size: o.Size,
		Open: func(ctx context.Context) (io.ReadCloser, error) { return o.Open(ctx) },
		At:   func(ctx context.Context) (source.ReaderAt, error) { return o.At(ctx), nil },
	}
}

// label is what messages call the files.
func (f *Files) label() string {
	if len(f.files) == 1 {
		if f.files[0].Name == "-" {
			return "standard input"
		}
		return f.files[0].Name
	}
	return fmt.Sprintf("%d files", len(f.files))
}

// LoadRequest says what to load, and where.
type LoadRequest struct {
	Files  *Files
	Target job.Warehouse
	Stage  job.Stage
	Ref    plan.JobRef // the file that Target and Stage come from
	Table  string      // schema.table
	Mode   string      // create, append, replace or merge
	Key    []string    // columns to merge by

	Format     string   // csv, json, parquet, unload, or "" for what the bytes say
	Way        string   // stream, copy, place, or "" for what is safe: see plan.Way
	Path       []string // keys that lead to the records of a JSON document
	Delimiter  byte     // 0: found out
	Quote      *byte    // nil: found out; 0: nothing is quoted
	Header     *bool    // nil: found out
	Nulls      []string
	Records    int64 // looked at to infer types; 0 is load.DefaultRecords, -1 all
	Types      map[string]string
	MaxErrors  int64
	Rejects    string
	ShowValues bool
	Again      bool
	// AllowMissing and IgnoreExtra let the files have other columns than the table.
	AllowMissing, IgnoreExtra bool
	MaxRatio, MaxSize         int64 // of what compressed files unpack to; 0 is the default

	sync *planner.FileSync
}

// PlanLoad looks at the files and at the target, and says what a load would do. It changes nothing.
func PlanLoad(ctx context.Context, q LoadRequest, o Options) (*plan.Plan, error) {
	table, err := redshift.ParseTable(q.Table)
	if err != nil {
		return nil, hint.Usage(err)
	}
	if q.Way != "" && q.Way != "stream" {
		for _, f := range q.Files.files {
			if f.ETag == "" {
				return nil, hint.Usage(fmt.Errorf("--way %s is for objects of S3; %s is a file of this machine", q.Way, f.Name))
			}
		}
	}
	in := planner.LoadInput{
		Warehouse: q.Target, Stage: q.Stage, Ref: q.Ref, Table: table, Mode: q.Mode, Source: q.Files.label(),
		Again: q.Again, Key: q.Key, AllowMissing: q.AllowMissing, IgnoreExtra: q.IgnoreExtra, Nonce: randomHex(8), Now: time.Now(), Sync: q.sync,
		Types: make(map[string]redshift.Type, len(q.Types)),
	}
	for name, text := range q.Types {
		if in.Types[name], err = redshift.ParseType(text); err != nil {
			return nil, hint.Usage(fmt.Errorf("column %s: %w", name, err))
		}
	}
	limits := source.DefaultLimits
	if q.MaxRatio > 0 {
		limits.Ratio = q.MaxRatio
	}
	if q.MaxSize > 0 {
		limits.Size = q.MaxSize
	}
	in.Input = plan.Input{
		Files: q.Files.files, Slices: defaultSlices, MaxRatio: limits.Ratio, MaxSize: limits.Size,
		MaxErrors: q.MaxErrors, Rejects: q.Rejects, ShowValues: q.ShowValues, IgnoreExtra: q.IgnoreExtra,
	}
	both, err := meet(ctx, plan.Warehouse{}, planner.Warehouse(q.Target), application, o)
	if err != nil {
		return nil, err
	}
	g, gctx := errgroup.WithContext(ctx)
	g.Go(func() error { return look(gctx, q, &source.Opener{Limits: limits}, &in) })
	g.Go(func() (err error) {
		return both.through(gctx, o, func(ctx context.Context) error {
			in.Target, err = catalog(ctx, both.target, func(s *connect.Session) error {
				if q.Target.Workgroup != "" {
					return nil
				}
				return readSlices(ctx, s, &in.Input.Slices)
			})
			return err
		})
	})
	g.Go(func() (err error) {
		in.Place, err = lookUpStage(gctx, &job.Job{Stage: q.Stage})
		return err
	})
	if err := g.Wait(); err != nil {
		return nil, err
	}
	if err := chooseWay(ctx, q, &in); err != nil {
		return nil, err
	}
	return planner.Load(in)
}

// readSlices asks how many files a cluster reads at once.
func readSlices(ctx context.Context, s *connect.Session, to *int) error {
	return s.Query(ctx, redshift.SlicesQuery(), func(row []*string) error {
		_, err := fmt.Sscan(*row[0], to)
		return err
	})
}

// DDL answers the statement that would create the table of a load, from what the files hold.
func DDL(p *plan.Plan) (string, error) {
	t := p.Tables[0]
	table, err := redshift.ParseTable(t.Target)
	if err != nil {
		return "", err
	}
	def := redshift.TableDef{Table: table, DistStyle: redshift.DistAuto, SortStyle: redshift.SortAuto}
	for _, c := range t.Input.Columns {
		name, err := redshift.NewIdent(c.Column)
		if err != nil {
			return "", err
		}
		def.Columns = append(def.Columns, redshift.Column{Name: name, Type: c.Type})
	}
	return def.CreateTable(table, redshift.CreateOptions{}).String() + ";", nil
}

// ReadObject reads an object of S3, of limit bytes at most. region is where to begin to look for it; "" is the environment's.
func ReadObject(ctx context.Context, url, region string, limit int64) (_ []byte, err error) {
	cfg, err := connect.Config(ctx, region, connect.Role{})
	if err != nil {
		return nil, err
	}
	place, err := objects.ParseURL(url)
	if err != nil {
		return nil, err
	}
	found, _, err := objects.Find(ctx, cfg, url)
	if err != nil {
		return nil, err
	}
	if len(found) != 1 || found[0].Key != place.Key {
		return nil, fmt.Errorf("%s is not one object", url)
	}
	if found[0].Size > limit {
		return nil, fmt.Errorf("%s has %d bytes, more than %d", url, found[0].Size, limit)
	}
	r, err := found[0].Open(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	return io.ReadAll(r)
}

// defaultSlices is how many parts are written at once for a workgroup, which does not tell how much it reads at once.
const defaultSlices = 8

// look finds out what the files hold.
func look(ctx context.Context, q LoadRequest, o *source.Opener, in *planner.LoadInput) error {
	if q.Format == "unload" {
		return lookUnloaded(q, in)
	}
	if parquet, err := q.Files.areParquet(ctx); err != nil || parquet {
		if err == nil {
			err = lookColumnar(ctx, q, in)
		}
		return err
	}
	if q.Format == "parquet" {
		return fmt.Errorf("%s is no Parquet file", q.Files.files[0].Name)
	}
	found, err := load.Look(ctx, q.Files.inputs, o, load.Wish{
		Format: q.Format, Path: q.Path, Delimiter: q.Delimiter, Quote: q.Quote, Header: q.Header, Nulls: q.Nulls, Records: q.Records, Wrong: q.MaxErrors, Digest: len(q.Files.objects) > 0,
	})
	if err != nil {
		return fmt.Errorf("look at the files: %w", shown(err, q.ShowValues))
	}
	f := found.Format
	if said := q.ofDelimited(); f.JSON && said != "" {
		return fmt.Errorf("%s is JSON, and %s is for delimited text; leave it out", q.Files.files[0].Name, said)
	}
	in.Whole, in.Named = found.Whole, f.JSON || f.Header
	in.Counts, in.Content, in.Own = found.Inputs, found.Digest, found.Own
	in.Input.Format, in.Input.Path, in.Input.Nulls = "csv", f.Path, f.Nulls
	if f.JSON {
		in.Input.Format = "json"
	} else {
		in.Input.Delimiter, in.Input.Header, in.Input.Names = string(rune(f.Delimited.Delimiter)), f.Header, f.Names
		if f.Delimited.Quote != 0 {
			in.Input.Quote = string(rune(f.Delimited.Quote))
		}
	}
	for _, c := range found.Columns {
		column := planner.LoadColumn{Name: c.Name, Longest: c.Longest()}
		column.Type, column.Err = c.Type(!found.Whole)
		if column.Err != nil {
			column.Err = hint.With(fmt.Errorf("%s, column %s: %w", c.Long, c.Name, column.Err),
				"SUPER holds texts up to 16 MB: --types "+c.Name+"=super, where the values are JSON")
		}
		in.Columns = append(in.Columns, column)
	}
	return nil
}

// ofDelimited is what was said that only delimited text has, or "". Passed over in silence, it would seem to have been heeded.
func (q LoadRequest) ofDelimited() string {
	switch {
	case q.Delimiter != 0:
		return "--delimiter"
	case q.Quote != nil:
		return "--quote"
	case q.Header != nil && *q.Header:
		return "--header"
	case q.Header != nil:
		return "--no-header"
	}
	return ""
}

// shown adds the value to the error about a record, if that is wanted.
func shown(err error, values bool) error {
	e, ok := errors.AsType[*load.RecordError](err)
	if !ok || !values {
		return err
	}
	if v := e.Value(); v != "" {
		return hint.With(fmt.Errorf("%w: %q", err, v), hint.Of(err))
	}
	return err
}

// sender is the runner's way to files.
type sender struct {
	stage    *stage.Stage
	key      string // the stage's, by its ARN
	files    *Files // nil in a run that is resumed
	progress func(table string, bytes, records int64)
	server   *server    // a PostgreSQL server, in place of files
	keys     *mask.Keys // of masks, where rows of a server are masked

	mu     sync.Mutex
	sent   map[string]sentPart // by the part's key
	wholes map[string]string   // files by the key of what was staged of them
}

type sentPart struct {
	sent *load.Sent
	part int
}

// Send implements runner.Sender.
func (s *sender) Send(ctx context.Context, t *plan.Table, prefix string, attempt int) (_ journal.Facts, err error) {
	if t.Extract != nil {
		return s.extract(ctx, t, prefix)
	}
	in := t.Input
	if in.Way != plan.Stream {
		return s.sendWhole(ctx, t, prefix)
	}
	inputs, err := s.inputs(ctx, in)
	if err != nil {
		return journal.Facts{}, err
	}
	if err := unchanged(in.Files); err != nil {
		return journal.Facts{}, err
	}
	rejects := &rejects{input: in, attempt: attempt}
	defer func() { err = errors.Join(err, rejects.close()) }()
	opener := &source.Opener{Limits: source.Limits{Ratio: in.MaxRatio, Size: in.MaxSize}}
	j := load.Job{
		Inputs: inputs, Opener: opener, Format: format(in), Marker: in.Marker, IgnoreExtra: in.IgnoreExtra, Slices: in.Slices, Records: new(atomic.Int64),
		Create: func(_ context.Context, part int) (load.Upload, error) { return s.stage.Create(key(prefix, part)), nil },
	}
	for _, c := range in.Columns {
		column := load.Column{Name: c.Name, Super: c.Type.Name == redshift.Super}
		if c.Check {
			column.Check, column.Spare = load.Check(c.Type)
		}
		j.Columns = append(j.Columns, column)
	}
	if in.MaxErrors > 0 {
		j.Reject = rejects.add
	}
	stop := s.report(t.Target, opener, j.Records)
	sent, err := load.Send(ctx, j)
	stop()
	if err != nil {
		text := recordHint(err, in)
		_, wrong := errors.AsType[*load.RecordError](err)
		err = hint.With(shown(err, in.ShowValues), text)
		if wrong {
			err = hint.Anew(err) // it is wrong in the file that the plan names, or will be another file
		}
		return journal.Facts{}, err
	}
	if err := unchanged(in.Files); err != nil {
		return journal.Facts{}, err
	}
	parts := make([]stage.Part, 0, len(sent.Parts))
	s.mu.Lock()
	s.sent = make(map[string]sentPart, len(sent.Parts))
	for _, p := range sent.Parts {
		parts = append(parts, stage.Part{Key: key(prefix, p.Number), Size: p.Bytes})
		s.sent[key(prefix, p.Number)] = sentPart{sent, p.Number}
	}
	s.mu.Unlock()
	facts, err := s.stage.Seal(ctx, prefix, parts)
	facts.Rows, facts.Content, facts.Rejected, facts.Blank = sent.Records, sent.Digest, sent.Rejected, sent.Blank
	if sent.Rejected > 0 {
		facts.Rejects = rejects.name()
	}
	return facts, err
}

// recordHint says what can be done about a wrong record.
func recordHint(err error, in *plan.Input) string {
	if _, ok := errors.AsType[*load.RecordError](err); !ok || hint.Of(err) != "" {
		return hint.Of(err)
	}
	if in.MaxErrors > 0 {
		return "correct the file, or allow more: --max-errors"
	}
	if !in.ShowValues {
		return "correct the file, or set such records aside: --max-errors N --rejects FILE; --show-values shows the value"
	}
	return "correct the file, or set such records aside: --max-errors N --rejects FILE"
}

func key(prefix string, part int) string { return fmt.Sprintf("%spart-%06d.zst", prefix, part) }

// Place implements runner.Sender.
func (s *sender) Place(object string, line int64) (file string, at int64, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for key, p := range s.sent {
		if strings.HasSuffix(object, "/"+key) {
			return p.sent.Place(p.part, line)
		}
	}
	for key, file := range s.wholes {
		if strings.HasSuffix(object, "/"+key) {
			return file, line, true
		}
	}
	return "", 0, false
}

// report calls progress every now and then, until stop is called.
func (s *sender) report(table string, o *source.Opener, records *atomic.Int64) (stop func()) {
	if s.progress == nil {
		return func() {}
	}
	done := make(chan struct{})
	var running sync.WaitGroup
	running.Go(func() {
		ticker := time.NewTicker(500 * time.Millisecond)
		defer ticker.Stop()
		for {
			select {
			case <-ticker.C:
				s.progress(table, o.Read.Load(), records.Load())
			case <-done:
				return
			}
		}
	})
	return func() { close(done); running.Wait() }
}

// inputs are the files of this process, or those of the plan for a run that is resumed.
func (s *sender) inputs(ctx context.Context, in *plan.Input) ([]source.Input, error) {
	if s.files != nil {
		return s.files.inputs, nil
	}
	inputs := make([]source.Input, 0, len(in.Files))
	for _, f := range in.Files {
		switch {
		case f.Path == "":
			return nil, hint.Anew(hint.With(errors.New("standard input was read by the process before, and cannot be read again"),
				"remove what is left with sealift clean, and load again"))
		case f.ETag != "":
			o, err := object(ctx, f)
			if err != nil {
				return nil, err
			}
			inputs = append(inputs, objectInput(o))
		default:
			opened, err := source.Open([]string{f.Path})
			if err != nil {
				return nil, err
			}
			opened[0].Name = f.Name
			inputs = append(inputs, opened[0])
		}
	}
	return inputs, nil
}

// unchanged refuses files that are not what the plan was made from.
func unchanged(files []plan.File) error {
	for _, f := range files {
		if f.Path == "" || f.Modified.IsZero() || f.ETag != "" {
			continue // a pipe, which is read once, by one process; or an object, each read of which is bound to it
		}
		info, err := os.Stat(f.Path)
		if err != nil {
			return hint.With(err, "the files of a load must stay where they were until it is done")
		}
		if info.Size() != f.Size || !info.ModTime().Equal(f.Modified) {
			how := fmt.Sprintf("it had %d bytes, and now has %d", f.Size, info.Size())
			if info.Size() == f.Size {
				how = "it was written at " + f.Modified.Format(time.RFC3339) + ", and again at " + info.ModTime().Format(time.RFC3339)
			}
			return hint.Anew(hint.With(fmt.Errorf("%s has changed since the load was planned: %s", f.Name, how),
				"nothing of it was published; load it again when nobody writes to it"))
		}
	}
	return nil
}

// format is how the plan says that files are read.
func format(in *plan.Input) load.Format {
	f := load.Format{JSON: in.Format == "json", Path: in.Path, Header: in.Header, Names: in.Names, Nulls: in.Nulls}
	if in.Delimiter != "" {
		f.Delimited = delimited.Format{Delimiter: in.Delimiter[0]}
	}
	if in.Quote != "" {
		f.Delimited.Quote = in.Quote[0]
	}
	return f
}

// rejects is the file that wrong records are set aside in. It is made with the first one, for nobody else to read, and
// never over another file: the records as they stood, so that they can be corrected and loaded, and beside it, in a file
// that ends in .why, one line for each that says where it stood and what is wrong with it.
type rejects struct {
	input     *plan.Input
	attempt   int
	file, why *os.File
	records   int64
}

// name of the file. A load that was begun again does not write over what it set aside before.
func (r *rejects) name() string {
	if r.attempt > 1 {
		return fmt.Sprintf("%s.%d", r.input.Rejects, r.attempt)
	}
	return r.input.Rejects
}

func (r *rejects) add(rejected load.Rejected) (err error) {
	r.records++
	if r.records > r.input.MaxErrors {
		return fmt.Errorf("more than %d records are wrong: %w", r.input.MaxErrors, rejected.Err)
	}
	if r.file == nil {
		for f, name := range map[**os.File]string{&r.file: r.name(), &r.why: r.name() + ".why"} {
			if *f, err = os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600); err != nil {
				return fmt.Errorf("set records aside: %w", err)
			}
		}
	}
	record := rejected.Record
	if len(record) == 0 || record[len(record)-1] != '\n' {
		record = append(slices.Clip(record), '\n')
	}
	_, err = r.file.Write(record)
	if err == nil {
		_, err = fmt.Fprintln(r.why, show.Safe(shown(rejected.Err, r.input.ShowValues).Error()))
	}
	if err != nil {
		return fmt.Errorf("set a record aside in %s: %w", r.name(), err)
	}
	return nil
}

func (r *rejects) close() error {
	var all error
	for _, f := range []*os.File{r.file, r.why} {
		if f != nil {
			all = errors.Join(all, f.Sync(), f.Close())
		}
	}
	return all
}
