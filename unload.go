package sealift

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/klauspost/compress/zstd"
	"golang.org/x/sync/errgroup"

	"github.com/sealift/sealift/internal/connect"
	"github.com/sealift/sealift/internal/hint"
	"github.com/sealift/sealift/internal/planner"
	"github.com/sealift/sealift/internal/redshift"
	"github.com/sealift/sealift/internal/stage"
	"github.com/sealift/sealift/job"
	"github.com/sealift/sealift/journal"
	"github.com/sealift/sealift/plan"
)

// UnloadRequest says what to unload, and into which files.
type UnloadRequest struct {
	Source      job.Warehouse
	Stage       job.Stage
	Ref         plan.JobRef // the file that Source and Stage come from
	Table       string      // schema.table, or Query
	Query       string
	Folder      string   // or s3://BUCKET/PREFIX
	PartitionBy []string // columns whose values become folders, in S3 only
	Include     bool     // the files hold these columns too
	Format      string   // parquet, csv or jsonl
	Compressed  bool
	Null        *string // what stands for NULL in CSV; nil: nothing, and no text may be empty
}

// PlanUnload says what an unload would do. It changes nothing.
func PlanUnload(ctx context.Context, q UnloadRequest, o Options) (*plan.Plan, error) {
	in := planner.UnloadInput{
		Warehouse: q.Source, Stage: q.Stage, Ref: q.Ref, Query: q.Query, Null: q.Null, Nonce: randomHex(8), Now: time.Now(),
		Output: plan.Output{Format: q.Format, Compressed: q.Compressed && q.Format != "parquet", PartitionBy: slices.Clone(q.PartitionBy), Include: q.Include},
	}
	if q.Null != nil && !redshift.CanStandForNull(*q.Null) {
		return nil, hint.With(hint.Usage(fmt.Errorf("--null %q cannot stand for NULL in CSV", *q.Null)), "choose a text without commas, double quotes and line ends: --null NULL")
	}
	if err := setFolder(ctx, q, &in.Output); err != nil {
		return nil, err
	}
	var err error
	if q.Query == "" {
		if in.Table, err = redshift.ParseTable(q.Table); err != nil {
			return nil, hint.Usage(err)
		}
	} else if err := redshift.CheckQuery(q.Query); err != nil {
		return nil, hint.Usage(fmt.Errorf("the query: %w", err))
	}
	both, err := meet(ctx, planner.Warehouse(q.Source), plan.Warehouse{}, application, o)
	if err != nil {
		return nil, err
	}
	err = both.through(ctx, o, func(ctx context.Context) error {
		g, gctx := errgroup.WithContext(ctx)
		g.Go(func() (err error) {
			in.Source, err = catalog(gctx, both.source, func(s *connect.Session) error {
				if q.Query == "" {
					return nil
				}
				fields, err := s.Describe(gctx, redshift.Raw(q.Query))
				if err != nil {
					return fmt.Errorf("the query: %w", err)
				}
				in.Columns, err = redshift.Columns(fields)
				return err
			})
			return err
		})
		g.Go(func() (err error) {
			in.Place, err = lookUpStage(gctx, &job.Job{Stage: q.Stage})
			return err
		})
		return g.Wait()
	})
	if err != nil {
		return nil, err
	}
	p, err := planner.Unload(in)
	if err != nil {
		return nil, err
	}
	out := p.Tables[0].Output
	if out.InS3() {
		there, err := destination(ctx, p.Stage, out)
		if err != nil {
			return nil, err
		}
		return p, there.nothing(ctx)
	}
	return p, nothingThere(out)
}

// nothingThere refuses to write where files of the same name are: nobody's file is written over.
func nothingThere(out *plan.Output) error {
	found, err := filepath.Glob(filepath.Join(globQuoted(out.Folder), out.Name+"-[0-9]*"))
	if err != nil {
		return fmt.Errorf("look into %s: %w", out.Folder, err)
	}
	if len(found) > 0 {
		return hint.With(fmt.Errorf("%s is there already", found[0]), "unload into another folder, or remove what is in this one")
	}
	return nil
}

// globQuoted takes the special meaning from the characters of a path.
func globQuoted(path string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(path)
}

// fetcher is the runner's way to write files.
type fetcher struct {
	stage *stage.Stage
	place plan.Stage
	run   string
}

// Fetch implements runner.Fetcher. Files are written beside their place, in a hidden folder of this run, and take it when
// all of them are whole and counted.
func (f fetcher) Fetch(ctx context.Context, t *plan.Table, prefix string, attempt int) (facts journal.Facts, err error) {
	out := t.Output
	if out.InS3() {
		return f.deliver(ctx, t, prefix, attempt)
	}
	if attempt == 1 {
		if err := nothingThere(out); err != nil {
			return facts, err
		}
	}
	if err := os.MkdirAll(out.Folder, 0o700); err != nil {
		return facts, fmt.Errorf("make the folder: %w", err)
	}
	root, err := os.OpenRoot(out.Folder)
	if err != nil {
		return facts, fmt.Errorf("open the folder: %w", err)
	}
	defer func() { err = errors.Join(err, root.Close()) }()
	hidden := ".sealift-" + f.run
	if err := root.RemoveAll(hidden); err != nil {
		return facts, fmt.Errorf("remove what an attempt before left: %w", err)
	}
	if err := root.Mkdir(hidden, 0o700); err != nil {
		return facts, fmt.Errorf("make a folder in %s: %w", out.Folder, err)
	}
	defer func() { err = errors.Join(err, root.RemoveAll(hidden)) }()
	var names []string
	err = f.stage.Fetch(ctx, prefix, func(number int, size, rows int64, r io.Reader) error {
		if rows == 0 {
			_, err := io.Copy(io.Discard, r)
			return err // UNLOAD may write empty objects, which say nothing
		}
		name := out.FileName(number)
		counted, err := writeObject(root, hidden+"/"+name, out, rows, r)
		if err == nil && counted != rows {
			err = fmt.Errorf("%d records were read of the %d that UNLOAD wrote", counted, rows)
		}
		names = append(names, name)
		facts.Rows += counted
		facts.Bytes += size
		return err
	})
	if err == nil && len(names) == 0 && len(out.Header) > 0 {
		names = []string{out.FileName(0)}
		_, err = writeObject(root, hidden+"/"+names[0], out, 0, nil)
	}
	if err != nil {
		return facts, err
	}
	for _, name := range names {
		if err := root.Rename(hidden+"/"+name, name); err != nil {
			return facts, fmt.Errorf("give %s its name: %w", name, err)
		}
		facts.Files = append(facts.Files, filepath.Join(out.Folder, name))
	}
	facts.Objects = len(names)
	return facts, nil
}

// writeObject writes one object as a file, and answers the records in it. Those of Parquet are taken from UNLOAD's word:
// size and magic of the file are held against it.
func writeObject(root *os.Root, name string, out *plan.Output, rows int64, r io.Reader) (counted int64, err error) {
	file, err := root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return 0, fmt.Errorf("write a file: %w", err)
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	if out.Format == "parquet" {
		var ends magic
		if _, err := io.Copy(io.MultiWriter(file, &ends), r); err != nil {
			return 0, err
		}
		if !ends.parquet() {
			return 0, errors.New("this is no Parquet file")
		}
		return rows, file.Sync()
	}
	if err := writeHeader(file, out); err != nil || r == nil {
		return 0, errors.Join(err, file.Sync())
	}
	count := &recordCounter{csv: out.Format == "csv"}
	stored, plain := io.Reader(r), io.Writer(io.MultiWriter(file, count))
	if out.Compressed {
		stored, plain = io.TeeReader(r, file), count
	}
	d, err := zstd.NewReader(stored, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true))
	if err != nil {
		return 0, err
	}
	defer d.Close()
	if _, err := io.Copy(plain, d); err != nil {
		return 0, err
	}
	return count.records, file.Sync()
}

// writeHeader begins a CSV file; in a compressed one it is a frame of its own, which readers take as one text with the
// next.
func writeHeader(w io.Writer, out *plan.Output) error {
	if len(out.Header) == 0 {
		return nil
	}
	var line bytes.Buffer
	c := csv.NewWriter(&line)
	if err := c.Write(out.Header); err != nil {
		return err
	}
	c.Flush()
	text := line.Bytes()
	if out.Compressed {
		e, err := zstd.NewWriter(nil)
		if err != nil {
			return err
		}
		text = e.EncodeAll(text, nil)
	}
	_, err := w.Write(text)
	return err
}

// recordCounter counts line ends, but for those inside quotes of CSV.
type recordCounter struct {
	csv, quoted bool
	records     int64
}

func (c *recordCounter) Write(b []byte) (int, error) {
	for _, x := range b {
		switch {
		case x == '"' && c.csv:
			c.quoted = !c.quoted
		case x == '\n' && !c.quoted:
			c.records++
		}
	}
	return len(b), nil
}

// magic keeps the first and the last four bytes of what is written to it.
type magic struct{ first, last []byte }

func (m *magic) Write(b []byte) (int, error) {
	if n := 4 - len(m.first); n > 0 {
		m.first = append(m.first, b[:min(n, len(b))]...)
	}
	m.last = append(m.last, b[max(0, len(b)-4):]...)
	m.last = m.last[max(0, len(m.last)-4):]
	return len(b), nil
}

func (m *magic) parquet() bool { return string(m.first) == "PAR1" && string(m.last) == "PAR1" }
