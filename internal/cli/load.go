package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sealift/sealift"
	"github.com/sealift/sealift/internal/hint"
	"github.com/sealift/sealift/internal/show"
	"github.com/sealift/sealift/job"
	"github.com/sealift/sealift/plan"
	"github.com/sealift/sealift/receipt"
)

// loadFlags are what the command line says about a load.
type loadFlags struct {
	to, job, config                string
	mode, format, delimiter, quote string
	key                            []string
	header, noHeader               bool
	nulls                          []string
	records, infer, types          string
	ddl, plan, sql                 bool
	maxErrors                      int64
	rejects                        string
	showValues, again              bool
	way                            string
	allowMissing, ignoreExtra      bool
	maxRatio                       int64
	maxSize, sse                   string
	force                          bool
	only                           []string
}

func (a *app) loadCommand() *cobra.Command {
	var f loadFlags
	var entryFlags []string // that were given, and say what an entry of a job says itself
	cmd := &cobra.Command{
		Use:   "load FILE... --to WAREHOUSE.SCHEMA.TABLE | load JOB",
		Short: "Load files into a table, encrypted on the way, and print the receipt",
		Long: `Load files into a table. FILE is a file, a folder, a pattern in quotes, - for stdin, or an object
or prefix in S3 (s3://bucket/key); each holds delimited text (CSV, TSV and the like), JSON
(lines, an array, or a document with its records under a path), plain or packed (gzip, bzip2,
zstd, zip, tar), or is Parquet. What it is shows in its bytes; flags say otherwise.

The records are read once, cut into parts, compressed and staged under the KMS key, every object
checked; then copied into a shadow, counted, and published whole, in one transaction. A table
that is missing is created from what the values have in common. In one that is there, columns are
matched by the header's names.

--to names a warehouse of the configuration (~/.config/sealift/config.yaml, see docs/config.md)
and a table; with --job it is a table in the target of that job.

A job file alone loads what stands under files in it, or --only some of it, one table after the
other.

The same content is not appended to a table twice, unless --again says so.

Exit codes: 0 published and verified; 1 failed; 2 wrong usage; 3 the table failed and is
untouched; 5 another run holds the target; 130 interrupted. After 3 and 130, what to do
next is printed.`,
		Example: `  sealift load flight_data.csv.gz --to dev.public.flight_data
  sealift load 'enforcement/*.json.zip' --records results --to dev.public.food_enforcement --ddl`,
		Annotations: map[string]string{"exits": "told"},
		Args: func(cmd *cobra.Command, args []string) error {
			for _, name := range ofEntries {
				if cmd.Flags().Changed(name) {
					entryFlags = append(entryFlags, "--"+name)
				}
			}
			if len(args) == 0 {
				return hint.Usage(fmt.Errorf("%s takes the files to load, or - for stdin, or a job; there is none", cmd.CommandPath()))
			}
			return nil
		},
		RunE: a.run(func(ctx context.Context, args []string) error {
			if f.to == "" && f.job == "" && len(args) == 1 && slices.Contains([]string{".yaml", ".yml"}, filepath.Ext(args[0])) {
				if len(entryFlags) > 0 {
					return hint.Usage(hint.With(fmt.Errorf("%s: a job says that itself, for each of its files", strings.Join(entryFlags, ", ")), "write it into the job, or load one file with --job"))
				}
				return a.loadJob(ctx, args[0], f)
			}
			if len(f.only) > 0 {
				return hint.Usage(errors.New("--only selects among the files of a job; there is none"))
			}
			return a.load(ctx, args, f)
		}),
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.StringVar(&f.to, "to", "", "`TABLE`: WAREHOUSE.SCHEMA.TABLE, or SCHEMA.TABLE with --job")
	flags.StringVar(&f.job, "job", "", "use target and stage of this job `FILE`")
	flags.StringVar(&f.config, "config", "", "`FILE` that names warehouses (default\n$XDG_CONFIG_HOME/sealift/config.yaml, ~/.config/sealift/config.yaml)")
	flags.StringVar(&f.mode, "mode", "create", "`MODE`: create (into a table that is missing or empty), append,\nreplace, or merge by --key")
	flags.StringSliceVar(&f.key, "key", nil, "`COLUMNS` that identify a row, for --mode merge: id or region,id")
	flags.StringVar(&f.format, "format", "", "csv, json or parquet (default: what the bytes say), or unload: text\nthat UNLOAD wrote with ESCAPE, and has the table's columns")
	flags.StringVar(&f.way, "way", "", "`WAY` of objects in S3: stream (through this machine), copy (into the\nstage, by S3) or place (COPY reads them where they are); default:\nplace or copy for Parquet, and with --infer all for text that COPY\nreads as we do; else stream")
	flags.StringVar(&f.delimiter, "delimiter", "", "`C` between fields, or tab (default: what the bytes say)")
	flags.StringVar(&f.quote, "quote", "", "`C` around fields, or none (default: what the bytes say)")
	flags.BoolVar(&f.header, "header", false, "the first line names the columns")
	flags.BoolVar(&f.noHeader, "no-header", false, "the first line is a record")
	flags.StringArrayVar(&f.nulls, "null", nil, "`TEXT` that means NULL, as a field with nothing in it does;\ncan be repeated")
	flags.StringVar(&f.records, "records", "", "`PATH` of the records in a JSON document: results, data.items")
	flags.StringVar(&f.infer, "infer", "", "look at `N` records, or all, to find types (default 100000)")
	flags.StringVar(&f.types, "types", "", "types of columns: id=bigint,price=decimal(10,2)")
	flags.BoolVar(&f.ddl, "ddl", false, "print the table's CREATE TABLE and stop")
	flags.BoolVar(&f.plan, "plan", false, "print the plan and stop")
	flags.BoolVar(&f.sql, "sql", false, "with --plan: every statement too, in order")
	flags.Int64Var(&f.maxErrors, "max-errors", 0, "set up to `N` wrong records aside, into the file of --rejects")
	flags.StringVar(&f.rejects, "rejects", "", "`FILE` for records that are set aside, with FILE.why beside it,\nwhich says where each stood and what is wrong; must not be\nthere yet")
	flags.BoolVar(&f.showValues, "show-values", false, "show the value that is wrong in messages")
	flags.BoolVar(&f.again, "again", false, "append the same content once more")
	flags.BoolVar(&f.allowMissing, "allow-missing", false, "columns of the table may be missing in the files")
	flags.BoolVar(&f.ignoreExtra, "ignore-extra", false, "leave out columns of the files that the table does not have")
	flags.Int64Var(&f.maxRatio, "max-ratio", 0, "let a packed file become `N` times its size (default 400)")
	flags.StringVar(&f.maxSize, "max-size", "", "let a file become `SIZE` when unpacked, as 500GB (default 16TB)")
	flags.StringVar(&f.sse, "sse", "", "`KEY` to stage under: kms:ALIAS or kms:ARN (default: the\nstage's kms_key); s3 is S3's own, which no policy of yours guards")
	flags.StringArrayVar(&f.only, "only", nil, "with JOB: load only into this `TABLE`, or those of a pattern;\ncan be repeated")
	forceFlag(cmd, &f.force)
	a.doorFlags(cmd)
	a.jsonFlag(cmd)
	return cmd
}

// ofEntries are the flags whose say a job's entries have themselves.
var ofEntries = []string{
	"mode", "key", "format", "way", "delimiter", "quote", "header", "no-header", "null", "records", "infer", "types", "max-errors", "rejects", "again",
	"allow-missing", "ignore-extra",
}

func (a *app) load(ctx context.Context, files []string, f loadFlags) error {
	q, err := a.loadRequest(ctx, files, f)
	if err != nil {
		return err
	}
	return a.loadOne(ctx, q, f)
}

// loadJob loads the entries under files of a job, one after the other. What becomes of one does not stop the others.
func (a *app) loadJob(ctx context.Context, file string, f loadFlags) error {
	text, err := a.readFile(ctx, file)
	if err != nil {
		return err
	}
	j, err := job.Parse(file, text, a.Env)
	if err != nil {
		return err
	}
	if len(j.Files) == 0 {
		return hint.With(hint.Usage(fmt.Errorf("%s has no files, only tables", file)), "move tables with sealift copy, or name the files under files:")
	}
	wanted, err := onlyFiles(j.Files, f.only)
	if err != nil {
		return err
	}
	var worst error
	for i, set := range j.Files {
		if !wanted[i] {
			continue
		}
		q, err := a.fileSet(ctx, j, set, f)
		if err == nil {
			err = a.loadOne(ctx, q, f)
		}
		if err != nil && !is[told](err) {
			err = hint.With(fmt.Errorf("files[%d], into %s: %w", i, set.As, err), hint.Of(err))
		}
		if err := a.goOn(ctx, &worst, err); err != nil {
			return err
		}
	}
	return worst
}

// onlyFiles says which entries the patterns select: all, without any.
func onlyFiles(sets []job.FileSet, texts []string) ([]bool, error) {
	patterns, err := onlyPatterns(texts)
	if err != nil {
		return nil, err
	}
	wanted := slices.Repeat([]bool{len(patterns) == 0}, len(sets))
	for n, pattern := range patterns {
		used := false
		for i, set := range sets {
			if pattern.MatchTable(set.As) {
				wanted[i], used = true, true
			}
		}
		if !used {
			return nil, hint.Usage(fmt.Errorf("--only %s selects no table of the job", texts[n]))
		}
	}
	return wanted, nil
}

// fileSet is what an entry under files asks for.
func (a *app) fileSet(ctx context.Context, j *job.Job, set job.FileSet, f loadFlags) (q sealift.LoadRequest, err error) {
	own := entryFlags(j, set, f)
	paths := make([]string, len(set.Path))
	for i, path := range set.Path {
		paths[i] = besideJob(j, path)
	}
	q = entryRequest(j, set, own)
	return q, a.fill(ctx, &q, own, paths)
}

// entryFlags are the flags that an entry under files stands for.
func entryFlags(j *job.Job, set job.FileSet, f loadFlags) loadFlags {
	own := loadFlags{
		mode: cmp.Or(set.Mode, j.Defaults.Mode), key: set.Key, format: set.Format, delimiter: set.Delimiter, quote: set.Quote,
		nulls: set.Nulls, records: set.Records, infer: set.Infer, types: strings.Join(set.Types, ","), way: set.Way,
		maxErrors: int64(set.MaxErrors), again: set.Again, allowMissing: set.AllowMissing, ignoreExtra: set.IgnoreExtra,
		showValues: f.showValues, maxRatio: f.maxRatio, maxSize: f.maxSize, sse: f.sse,
	}
	if set.Header != nil {
		own.header, own.noHeader = *set.Header, !*set.Header
	}
	if set.Rejects != "" {
		own.rejects = besideJob(j, set.Rejects)
	}
	return own
}

// entryRequest is what an entry asks for, but for its files.
func entryRequest(j *job.Job, set job.FileSet, own loadFlags) sealift.LoadRequest {
	q := own.request()
	q.Target, q.Stage, q.Table, q.Ref = j.Target, j.Stage, set.As, plan.JobRef{File: j.File, Digest: j.Digest}
	return q
}

// besideJob is a path of a job, which begins in the job's folder.
func besideJob(j *job.Job, path string) string {
	if path == "-" || filepath.IsAbs(path) || strings.HasPrefix(path, "s3://") {
		return path
	}
	return filepath.Join(filepath.Dir(j.File), path)
}

// loadOne plans and carries out the load of one table.
func (a *app) loadOne(ctx context.Context, q sealift.LoadRequest, f loadFlags) error {
	if !f.ddl && !f.plan {
		if err := a.needState(); err != nil {
			return err
		}
	}
	p, err := a.planLoad(ctx, q)
	switch {
	case err != nil:
		return err
	case f.ddl:
		text, err := sealift.DDL(p)
		if err != nil {
			return err
		}
		for _, note := range p.Tables[0].Notes {
			a.say("%s", note)
		}
		return a.answer(a.stdout.shown(text) + "\n") // names are the files'
	case f.plan && a.json:
		return p.Encode(a.stdout)
	case f.plan:
		return a.answer(p.Text(plan.TextOptions{Columns: a.stdout.page(), Colours: a.stdout.colours, SQL: f.sql}))
	}
	progress := a.newProgress(p)
	return a.carryOut(ctx, progress, func(ctx context.Context, o sealift.Options) (*receipt.Receipt, error) {
		o.Fresh, o.Force, o.Files, o.Sent = true, f.force, q.Files, progress.sent
		return sealift.Copy(ctx, p, o)
	})
}

// planLoad looks at files and target. Nothing has been changed yet, so this may be left at any point.
func (a *app) planLoad(ctx context.Context, q sealift.LoadRequest) (*plan.Plan, error) {
	ctx, release := a.cancellable(ctx)
	defer release()
	p, err := sealift.PlanLoad(ctx, q, a.options())
	return p, interrupted(ctx, err)
}

// loadRequest puts together what the flags, the job or the configuration, and the files say.
func (a *app) loadRequest(ctx context.Context, files []string, f loadFlags) (q sealift.LoadRequest, err error) {
	q = f.request()
	for _, file := range files {
		if err := notOdd("", file); err != nil {
			return q, err
		}
	}
	if err := a.loadTarget(ctx, &q, f, "--to"); err != nil {
		return q, err
	}
	return q, a.fill(ctx, &q, f, files)
}

// request is what flags ask for, as far as they need no interpretation.
func (f *loadFlags) request() sealift.LoadRequest {
	return sealift.LoadRequest{
		Mode: f.mode, Key: f.key, Format: f.format, Way: f.way, Nulls: f.nulls, MaxErrors: f.maxErrors, Rejects: f.rejects, ShowValues: f.showValues,
		Again: f.again, AllowMissing: f.allowMissing, IgnoreExtra: f.ignoreExtra, MaxRatio: f.maxRatio,
	}
}

// fill completes a request whose target is known, and finds its files.
func (a *app) fill(ctx context.Context, q *sealift.LoadRequest, f loadFlags, files []string) (err error) {
	if err := f.settle(q); err != nil {
		return err
	}
	cancellable, release := a.cancellable(ctx)
	defer release()
	if q.Files, err = sealift.OpenFiles(cancellable, files, a.Stdin, q.Stage.Region); err != nil {
		return interrupted(cancellable, err)
	}
	for i, passed := range q.Files.Passed {
		if i == 5 {
			a.say("and %d more are passed over", len(q.Files.Passed)-i)
			break
		}
		a.say("%s is passed over: hidden, or no file", passed)
	}
	return nil
}

// settle completes a request but for its files.
func (f *loadFlags) settle(q *sealift.LoadRequest) error {
	if err := f.check(q); err != nil {
		return hint.Usage(err)
	}
	return stageKey(f.sse, &q.Stage, true)
}

// check turns the flags' texts into what they mean.
func (f *loadFlags) check(q *sealift.LoadRequest) (err error) {
	switch f.mode {
	case "create", "append", "replace", "merge":
	default:
		return fmt.Errorf("--mode %s is not one of create, append, replace, merge", f.mode)
	}
	if (f.mode == "merge") != (len(f.key) > 0) {
		return errors.New("--mode merge and --key COLUMNS go together: rows are merged by what identifies them")
	}
	if err := eachOnce("--key", f.key); err != nil {
		return err
	}
	switch f.format {
	case "", "csv", "json", "parquet", "unload":
	default:
		return fmt.Errorf("--format %s is not one of csv, json, parquet, unload", f.format)
	}
	switch f.way {
	case "", "stream", "copy", "place":
	default:
		return fmt.Errorf("--way %s is not one of stream, copy, place", f.way)
	}
	if f.header && f.noHeader {
		return errors.New("--header and --no-header say opposite things")
	}
	if f.header || f.noHeader {
		q.Header = &f.header
	}
	if f.records != "" {
		q.Path = strings.Split(f.records, ".")
	}
	if q.Delimiter, err = character("--delimiter", f.delimiter); err != nil {
		return err
	}
	switch f.quote {
	case "":
	case "none":
		q.Quote = new(byte(0))
	default:
		c, err := character("--quote", f.quote)
		if err != nil {
			return err
		}
		q.Quote = &c
	}
	if quote := q.Quote; q.Delimiter != 0 && (quote == nil && q.Delimiter == '"' || quote != nil && *quote == q.Delimiter) {
		return fmt.Errorf("--delimiter %s is what fields are quoted with, too; one character cannot be both", strconv.Quote(f.delimiter))
	}
	switch f.infer {
	case "":
	case "all":
		q.Records = -1
	default:
		if q.Records, err = strconv.ParseInt(f.infer, 10, 64); err != nil || q.Records < 1 {
			return fmt.Errorf("--infer %s is neither all nor a number of records", f.infer)
		}
	}
	if q.Types, err = splitTypes(f.types); err != nil {
		return err
	}
	if (f.maxErrors > 0) != (f.rejects != "") || f.maxErrors < 0 {
		return errors.New("--max-errors N and --rejects FILE go together: nothing is dropped silently")
	}
	if f.rejects != "" {
		if q.Rejects, err = filepath.Abs(f.rejects); err != nil {
			return err
		}
		for _, ending := range []string{"", ".why"} {
			if _, err := os.Lstat(q.Rejects + ending); !errors.Is(err, fs.ErrNotExist) {
				return fmt.Errorf("--rejects %s is there already; name a file that is not", f.rejects+ending)
			}
		}
	}
	if f.maxRatio < 0 {
		return fmt.Errorf("--max-ratio %d is no ratio; say 1 or more", f.maxRatio)
	}
	if f.maxSize != "" {
		if q.MaxSize, err = size(f.maxSize); err != nil {
			return fmt.Errorf("--max-size: %w", err)
		}
	}
	return nil
}

// eachOnce refuses lists of columns in which one has no name, or stands twice.
func eachOnce(flag string, columns []string) error {
	for i, c := range columns {
		if c == "" {
			return fmt.Errorf("%s: a column without a name", flag)
		}
		if slices.ContainsFunc(columns[:i], func(before string) bool { return strings.EqualFold(before, c) }) {
			return fmt.Errorf("%s: %s is named twice", flag, c)
		}
	}
	return nil
}

// character reads a flag that is one character of ASCII.
func character(flag, text string) (byte, error) {
	switch {
	case text == "":
		return 0, nil
	case text == "tab", text == `\t`:
		return '\t', nil
	case len(text) == 1 && text[0] < 0x80 && text[0] != '\n' && text[0] != '\r' && text[0] != 0:
		return text[0], nil
	}
	return 0, fmt.Errorf("%s %s is not one character of ASCII, or tab", flag, strconv.Quote(text))
}

// splitTypes reads a=int,b=decimal(10,2): commas inside of parentheses are the type's.
func splitTypes(text string) (map[string]string, error) {
	types := make(map[string]string)
	depth, begin := 0, 0
	for i := 0; i <= len(text); i++ {
		switch {
		case i < len(text) && text[i] == '(':
			depth++
		case i < len(text) && text[i] == ')':
			depth--
		case i == len(text) && i > begin, i < len(text) && text[i] == ',' && depth == 0:
			name, t, ok := strings.Cut(text[begin:i], "=")
			name, t = strings.TrimSpace(name), strings.TrimSpace(t)
			if !ok || name == "" || t == "" {
				return nil, fmt.Errorf("--types: %s is not column=type", strconv.Quote(text[begin:i]))
			}
			for other := range types {
				if strings.EqualFold(other, name) {
					return nil, fmt.Errorf("--types: %s is named twice", name)
				}
			}
			types[name] = t
			begin = i + 1
		}
	}
	return types, nil
}

// size reads a number of bytes with its unit.
func size(text string) (int64, error) {
	upper := strings.ToUpper(strings.TrimSpace(text))
	unit := int64(1)
	for _, u := range []struct {
		name string
		n    int64
	}{{"TB", 1e12}, {"GB", 1e9}, {"MB", 1e6}, {"KB", 1e3}, {"B", 1}} {
		if rest, ok := strings.CutSuffix(upper, u.name); ok {
			upper, unit = strings.TrimSpace(rest), u.n
			break
		}
	}
	n, err := strconv.ParseInt(upper, 10, 64)
	if err != nil || n < 1 || n > 1<<62/unit {
		return 0, fmt.Errorf("%s is not a size, as 500MB or 2TB", strconv.Quote(text))
	}
	return n * unit, nil
}

// loadTarget finds the warehouse and the table that --to names, or another flag.
func (a *app) loadTarget(ctx context.Context, q *sealift.LoadRequest, f loadFlags, flag string) error {
	if f.to == "" {
		return hint.Usage(errors.New("--to is missing: the table to load into"))
	}
	if f.job != "" {
		text, err := a.readFile(ctx, f.job)
		if err != nil {
			return err
		}
		j, err := job.Parse(f.job, text, a.Env)
		if err != nil {
			return err
		}
		q.Target, q.Stage, q.Table = j.Target, j.Stage, f.to
		q.Ref = plan.JobRef{File: j.File, Digest: j.Digest}
		return nil
	}
	c, err := a.readConfig(ctx, f.config)
	if err != nil {
		return err
	}
	name, table, ok := strings.Cut(f.to, ".")
	w, known := c.Warehouses[name]
	if !ok || !known {
		return hint.With(hint.Usage(fmt.Errorf("%s %s names no warehouse of %s", flag, f.to, a.home(c.File))),
			"write WAREHOUSE.SCHEMA.TABLE, where WAREHOUSE is one of "+strings.Join(c.Names(), ", "))
	}
	q.Target, q.Stage, q.Table = w.Warehouse, w.Stage, table
	q.Ref = plan.JobRef{File: c.File, Digest: c.Digest}
	return nil
}

// readConfig reads the file that names warehouses.
func (a *app) readConfig(ctx context.Context, file string) (*job.Config, error) {
	if file == "" {
		if dir := a.env("XDG_CONFIG_HOME"); filepath.IsAbs(dir) {
			file = filepath.Join(dir, "sealift", "config.yaml")
		} else if home := a.env("HOME"); home != "" {
			file = filepath.Join(home, ".config", "sealift", "config.yaml")
		} else {
			return nil, hint.Usage(errors.New("no configuration: HOME is not set; name one with --config, or a job with --job"))
		}
	}
	text, err := a.readFile(ctx, file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, hint.With(hint.Usage(fmt.Errorf("there is no configuration %s, which names warehouses", a.home(file))),
			"write one (docs/config.md), or use target and stage of a job: --job JOB")
	}
	if err != nil {
		return nil, err
	}
	return job.ParseConfig(file, text, a.Env)
}

// stageKey applies --sse.
func stageKey(sse string, s *job.Stage, load bool) error {
	if sse == "" {
		return nil
	}
	refuse := func(format string, args ...any) error {
		return hint.With(hint.Usage(fmt.Errorf(format, args...)), "use --sse kms:ALIAS, or leave it out for the stage's own key")
	}
	kind, key, _ := strings.Cut(sse, ":")
	switch {
	case kind == "kms" && key != "":
		if !strings.HasPrefix(key, "arn:") && !strings.HasPrefix(key, "alias/") {
			key = "alias/" + key
		}
		s.KMSKey = key
		return nil
	case kind == "s3" && key == "" && load:
		s.KMSKey = plan.S3Managed
		return nil
	case kind == "s3":
		return refuse("--sse s3 is refused: UNLOAD encrypts under a KMS key that it is told, or leaves it to the bucket")
	case kind == "c" || kind == "customer" || kind == "sse-c":
		return refuse("--sse %s is refused: COPY cannot read objects that are encrypted under a customer's key (SSE-C)", show.Safe(sse))
	case kind == "cse" || kind == "client":
		return refuse("--sse %s is refused: COPY reads no client-side encryption since 2026-04-30", show.Safe(sse))
	}
	return refuse("--sse %s is not kms:KEY", show.Safe(sse))
}
