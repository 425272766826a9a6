package planner

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/sealift/sealift/internal/hint"
	"github.com/sealift/sealift/internal/redshift"
	"github.com/sealift/sealift/job"
	"github.com/sealift/sealift/plan"
)

// UnloadInput is everything that the plan of an unload to files depends on.
type UnloadInput struct {
	Source    *redshift.Catalog
	Warehouse job.Warehouse
	Stage     job.Stage
	Place     plan.Stage
	Ref       plan.JobRef
	// Table, or Query and the Columns that it answers.
	Table   redshift.Table
	Query   string
	Columns []redshift.Column
	Output  plan.Output // all but Name and Header, which are made here
	// Null is what stands for NULL in CSV; nil proves that no text is empty, so that nothing does.
	Null  *string
	Nonce string
	Now   time.Time
}

// Unload makes the plan of an unload: a table or a query into files.
func Unload(in UnloadInput) (*plan.Plan, error) {
	j := &job.Job{Source: in.Warehouse, Stage: in.Stage, Tables: []job.Table{{}}}
	b := newBuilder(Input{Job: j, Source: in.Source, Stage: in.Place, Nonce: in.Nonce, Now: in.Now})
	b.roles()
	s := &selection{format: map[string]string{"parquet": redshift.Parquet, "csv": redshift.CSV, "jsonl": redshift.JSON}[in.Output.Format]}
	name := "query"
	if in.Query == "" {
		s.source = in.Source.Table(in.Table)
		if s.source == nil {
			return nil, hint.With(fmt.Errorf("there is no table %s in %s that %s may see", in.Table, Warehouse(in.Warehouse).Name(), in.Warehouse.User),
				"a view is unloaded by a query: --query 'select * from "+in.Table.String()+"'")
		}
		s.moved = slices.Clone(s.source.Columns)
		name = in.Table.String()
	} else {
		if err := redshift.CheckQuery(in.Query); err != nil {
			return nil, err
		}
		s.query, s.moved = redshift.Raw(in.Query), in.Columns
	}
	s.target = must(redshift.NewTable("files", folder(0, in.Table)))
	for _, c := range s.moved {
		if s.format == redshift.CSV && in.Null != nil && couldBe(c.Type, *in.Null) {
			b.mistake(job.Pos{}, "", "column %s %s could hold %s, too, which is to stand for NULL; choose another text: --null TEXT", c.Name.String(), c.Type, *in.Null)
		}
		if ok, why := c.Type.Movable(redshift.Parquet); !ok && s.format == redshift.Parquet {
			b.mistake(job.Pos{}, "", "column %s cannot be written as parquet: %s; use --format csv or jsonl", c.Name.String(), why)
		}
	}
	for _, m := range b.mistakes {
		if m.Field != "target.s3_role" { // there is no target
			return nil, errors.New(m.What())
		}
	}
	t := b.newTable(s)
	out := in.Output
	if err := t.partitions(&out); err != nil {
		return nil, err
	}
	out.Name = fileName(name)
	if s.format == redshift.CSV && out.HeadLines(1) == 0 {
		for _, c := range t.columns {
			out.Header = append(out.Header, c.String())
		}
	}
	table := plan.Table{
		Source: s.name(), Target: target(out), Mode: "create", Method: plan.Create, Format: s.format, Folder: folder(0, in.Table),
		Fingerprint: plan.Fingerprint{Source: redshift.Absent, Target: redshift.Absent},
		Digest:      redshift.Layout(s.moved), Rows: t.rows(), Output: &out,
	}
	if s.source != nil {
		table.Fingerprint.Source = s.source.ColumnsFingerprint()
		table.EstimatedRows, table.EstimatedBytes = s.source.EstimatedRows, s.source.EstimatedBytes
	}
	fetch := "write the objects as files, for their owner only, and count their records"
	if out.InS3() {
		fetch = "have S3 copy the objects to where they go, under the key, check every one, and write their manifest last"
	}
	id := func(step string) string { return table.Target + "/" + step }
	table.Steps = []plan.Step{
		t.unloadToFiles(id("unload"), in.Null, &out),
		{ID: id("check"), Kind: plan.Check, About: "hold every staged object against UNLOAD's manifest and the key"},
		{ID: id("fetch"), Kind: plan.Fetch, About: fetch},
		{ID: id("empty"), Kind: plan.Empty, About: "empty the stage"},
	}
	p := &plan.Plan{
		CreatedAt: in.Now, Job: in.Ref, Source: Warehouse(in.Warehouse), Stage: in.Place,
		Concurrency: plan.Concurrency{Unload: 1, Copy: 1}, Tables: []plan.Table{table},
	}
	p.Stage.Keep = "never"
	return p, seal(p)
}

// maxFileName leaves room for a number and for what tells the format behind a name: file systems take 255 bytes.
const maxFileName = 200

// fileName is what the files of a table begin with. Of a name that is cut a digest tells it from others that begin alike.
func fileName(table string) string {
	name := strings.Trim(notPlain.ReplaceAllString(strings.ToLower(table), "_"), "._-")
	switch {
	case name == "":
		return "table"
	case len(name) > maxFileName:
		digest := sha256.Sum256([]byte(table))
		return name[:maxFileName-17] + "-" + hex.EncodeToString(digest[:8])
	}
	return name
}

// target is what an unload is called by.
func target(out plan.Output) string {
	if out.InS3() {
		return strings.TrimSuffix(out.Folder, "/")
	}
	return filepath.Join(out.Folder, out.Name)
}

// partitions finds the columns whose values become folders (DG r_UNLOAD, PARTITION BY).
func (t *tableBuilder) partitions(out *plan.Output) error {
	for i, name := range out.PartitionBy {
		at := slices.IndexFunc(t.moved, func(c redshift.Column) bool {
			return c.Name.String() == name || c.Name.String() == strings.ToLower(name)
		})
		if at < 0 {
			return fmt.Errorf("--partition-by: %s has no column %s", t.name(), name)
		}
		switch c := t.moved[at]; c.Type.Name {
		case redshift.SmallInt, redshift.Integer, redshift.BigInt, redshift.Decimal, redshift.Real, redshift.Boolean, redshift.Char,
			redshift.Varchar, redshift.Date, redshift.Timestamp:
			out.PartitionBy[i] = c.Name.String()
		default:
			return fmt.Errorf("--partition-by: column %s is %s, which makes no folders", c.Name.String(), c.Type)
		}
	}
	if n := len(out.PartitionBy); n > 0 && n >= len(t.moved) && !out.Include {
		return errors.New("--partition-by: no column is left for the files; --partition-include keeps them in")
	}
	return nil
}

// csvTells are the queries by which the source proves that NULL can be told from everything else in CSV files, and records from empty lines.
func (t *tableBuilder) csvTells(from redshift.SQL, null *string, out *plan.Output) (st []plan.Statement) {
	ask := func(about string, sql redshift.SQL) {
		if !sql.IsZero() {
			st = append(st, plan.Statement{SQL: sql, Role: plan.MustBeZero, About: about})
		}
	}
	const empty = "values are empty texts, which CSV may not tell from NULL; give NULL a text (--null TEXT), or let them be one (--null '')"
	switch {
	case null == nil:
		ask(empty, redshift.NullMarkerQuery(from, redshift.SQL{}, t.moved, ""))
		ask(strings.Replace(empty, "texts", "VARBYTEs", 1), redshift.EmptyBytesQuery(from, t.moved))
	case *null != "":
		ask("values are the text that stands for NULL; choose another: --null TEXT", redshift.NullMarkerQuery(from, redshift.SQL{}, t.moved, *null))
	}
	if left := t.inFiles(out); len(left) == 1 {
		const line = "rows would be lines with nothing in them, which many programs pass over in a file of one column; %sunload as jsonl or parquet"
		if null == nil || *null == "" {
			ask(fmt.Sprintf(line, "give NULL a text (--null TEXT), or "), redshift.NullsQuery(from, left[0]))
		}
		if null != nil {
			ask(fmt.Sprintf(line, ""), redshift.NullMarkerQuery(from, redshift.SQL{}, left, ""))
			ask(fmt.Sprintf(line, ""), redshift.EmptyBytesQuery(from, left))
		}
	}
	return st
}

// inFiles are the columns that the files of an unload hold.
func (t *tableBuilder) inFiles(out *plan.Output) []redshift.Column {
	if out.Include {
		return t.moved
	}
	return slices.DeleteFunc(slices.Clone(t.moved), func(c redshift.Column) bool { return slices.Contains(out.PartitionBy, c.Name.String()) })
}

// couldBe tells whether a value of a type other than text could be written as a text. What stands for NULL must not be such a one. Of texts the
// source is asked, and SUPER does not know NULL AS.
func couldBe(t redshift.Type, text string) bool {
	switch t.Name {
	case redshift.Char, redshift.Varchar, redshift.Super:
		return false
	case redshift.Boolean:
		return slices.Contains([]string{"t", "f", "true", "false"}, strings.ToLower(text))
	case redshift.Date, redshift.Time, redshift.TimeTZ, redshift.Timestamp, redshift.TimestampTZ:
		return text != "" && '0' <= text[0] && text[0] <= '9' || strings.HasSuffix(strings.ToLower(text), "infinity")
	case redshift.Varbyte:
		_, err := hex.DecodeString(text)
		return text != "" && err == nil
	default:
		_, err := strconv.ParseFloat(text, 64)
		return err == nil || errors.Is(err, strconv.ErrRange)
	}
}

// unloadToFiles is like a copy's unload, in a format that other programs read.
func (t *tableBuilder) unloadToFiles(id string, null *string, out *plan.Output) plan.Step {
	from, _ := t.from()
	var st []plan.Statement
	if t.source != nil {
		st = append(st, plan.Statement{SQL: redshift.ColumnsQuery(t.source.Table), Role: plan.Fingerprints})
	}
	st = append(st, t.scan())
	marker := ""
	if null != nil {
		marker = *null
	}
	if t.format == redshift.CSV {
		st = append(st, t.csvTells(from, null, out)...)
	}
	unload := redshift.Unload{
		Query: redshift.Build("SELECT ?\nFROM ?", redshift.Join(", ", redshift.SelectList(t.moved, t.format)...), from),
		To:    redshift.Placeholder(plan.ParamPrefix), Role: t.Job.Source.S3Role, KMSKeyID: t.kmsKey,
		Format: t.format, NullAs: marker, MaxFileSizeMB: maxFileMB, Region: t.otherRegion(t.Job.Source.Region),
		Header: out.HeadLines(1) > 0, Include: out.Include,
	}
	for _, name := range out.PartitionBy {
		unload.PartitionBy = append(unload.PartitionBy, must(redshift.NewIdent(name)))
	}
	st = append(st,
		plan.Statement{SQL: unload.SQL(), Role: plan.Unloads},
		plan.Statement{SQL: redshift.Build("SELECT pg_last_query_id()"), Role: plan.QueryID},
		plan.Statement{SQL: redshift.DigestQuery(from, redshift.SQL{}, redshift.DigestColumns(t.moved)), Role: plan.Digests},
	)
	return plan.Step{ID: id, Kind: plan.Unload, About: fmt.Sprintf("unload %s as %s under the key, and count its rows in the same snapshot", t.name(), t.format), Statements: st}
}
