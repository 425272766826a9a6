package sealift

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/sealift/sealift/internal/connect"
	"github.com/sealift/sealift/internal/hint"
	"github.com/sealift/sealift/internal/load"
	"github.com/sealift/sealift/internal/load/footer"
	"github.com/sealift/sealift/internal/load/infer"
	"github.com/sealift/sealift/internal/load/source"
	"github.com/sealift/sealift/internal/objects"
	"github.com/sealift/sealift/internal/planner"
	"github.com/sealift/sealift/internal/redshift"
	"github.com/sealift/sealift/internal/stage"
	"github.com/sealift/sealift/journal"
	"github.com/sealift/sealift/plan"
)

// Files that COPY reads as they are: Parquet, and text in S3 where the user says so. They are staged whole, copied by S3, or
// read where they lie.

// filesAtOnce is how many files are looked at, or staged, at the same time.
const filesAtOnce = 8

// each calls do for every file, several at once.
func (f *Files) each(ctx context.Context, do func(ctx context.Context, i int) error) error {
	return each(ctx, len(f.files), do)
}

// each calls do for 0 up to n, several at once.
func each(ctx context.Context, n int, do func(ctx context.Context, i int) error) error {
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(filesAtOnce)
	for i := range n {
		g.Go(func() error { return do(gctx, i) })
	}
	return g.Wait()
}

// begins reads the first bytes of a file, without spoiling it: none of what can be read once only.
func begins(ctx context.Context, in source.Input, n int64) (begin []byte, err error) {
	if in.At == nil {
		return nil, nil
	}
	r, err := in.At(ctx)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", in.Name, err)
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	begin = make([]byte, min(n, in.Size))
	if _, err := r.ReadAt(begin, 0); err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("read %s: %w", in.Name, err)
	}
	return begin, nil
}

// areParquet tells whether the first file is a Parquet file, and so all must be.
func (f *Files) areParquet(ctx context.Context) (bool, error) {
	begin, err := begins(ctx, f.inputs[0], int64(len(footer.Magic)))
	return string(begin) == footer.Magic, err
}

// firstDifference says what is different about columns of which something is.
func firstDifference(here, there []footer.Column) string {
	for i := range min(len(here), len(there)) {
		switch a, b := here[i], there[i]; {
		case a.Name != b.Name:
			return fmt.Sprintf("column %d is called %q, and %q there", i+1, a.Name, b.Name)
		case a.Err != nil:
			return a.Err.Error()
		case a.Type != b.Type:
			return fmt.Sprintf("column %q is %s, and %s there", a.Name, a.Type, b.Type)
		}
	}
	if len(here) > len(there) {
		return fmt.Sprintf("column %q is only here", here[len(there)].Name)
	}
	return fmt.Sprintf("column %q is only there", there[len(here)].Name)
}

// lookColumnar reads the footers of Parquet files, whose columns must be the same.
func lookColumnar(ctx context.Context, q LoadRequest, in *planner.LoadInput) error {
	if q.Format != "" && q.Format != "parquet" {
		return fmt.Errorf("%s is a Parquet file, not %s", q.Files.files[0].Name, q.Format)
	}
	said := q.ofDelimited()
	switch {
	case len(q.Nulls) > 0:
		said = "--null"
	case len(q.Path) > 0:
		said = "--records"
	}
	if said != "" {
		return fmt.Errorf("%s is a Parquet file, which tells itself what %s is for; leave it out", q.Files.files[0].Name, said)
	}
	if q.MaxErrors > 0 {
		return errors.New("records of Parquet files cannot be set aside one by one: COPY reads all of them or none; leave --max-errors out")
	}
	found := make([][]footer.Column, len(q.Files.files)) // without what else a footer holds: there may be many files
	err := q.Files.each(ctx, func(ctx context.Context, i int) error {
		input := q.Files.inputs[i]
		begin, err := begins(ctx, input, int64(len(footer.Magic)))
		if err != nil {
			return err
		}
		if string(begin) != footer.Magic {
			return fmt.Errorf("%s is no Parquet file, %s is: load them one by one", input.Name, q.Files.inputs[0].Name)
		}
		return withFooter(ctx, input, func(f *footer.File) error {
			found[i], q.Files.files[i].Rows = f.Columns, f.Rows
			return nil
		})
	})
	if err != nil {
		return err
	}
	same := func(a, b footer.Column) bool { return a.Name == b.Name && a.Type == b.Type }
	for i, columns := range found[1:] {
		if !slices.EqualFunc(found[0], columns, same) {
			return hint.With(fmt.Errorf("%s has other columns than %s: %s", q.Files.files[i+1].Name, q.Files.files[0].Name, firstDifference(columns, found[0])),
				"COPY takes the columns of Parquet by their position, so that all files must have the same, in the same order: load them one by one")
		}
	}
	in.Input.Format, in.Input.Counted, in.Whole, in.Named = "parquet", true, true, true
	for _, c := range found[0] {
		in.Columns = append(in.Columns, planner.LoadColumn{Name: c.Name, Type: c.Type, Err: c.Err})
	}
	return measureTexts(ctx, q, in)
}

// withFooter reads the footer of a Parquet file, which is open as long as do needs it.
func withFooter(ctx context.Context, in source.Input, do func(f *footer.File) error) (err error) {
	r, err := in.At(ctx)
	if err != nil {
		return fmt.Errorf("open %s: %w", in.Name, err)
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	f, err := footer.Read(r, in.Size)
	if err == nil {
		err = do(f)
	}
	if err != nil {
		return fmt.Errorf("read %s: %w", in.Name, err)
	}
	return nil
}

// measureTexts finds out how long the texts of Parquet files are: those of all records if there are no more than are looked at, else those
// of columns that have dictionaries of all their texts. A length is used only where no text was passed over: COPY checks no record before
// it publishes, so that one that is longer would fail the load as a whole.
func measureTexts(ctx context.Context, q LoadRequest, in *planner.LoadInput) error {
	chosen := make(map[string]bool, len(q.Types))
	for name := range q.Types {
		chosen[strings.ToLower(name)] = true
	}
	texts := make(map[string]bool)
	for _, c := range in.Columns {
		texts[c.Name] = c.Err == nil && c.Type.Name == redshift.Varchar && !chosen[strings.ToLower(c.Name)]
	}
	limit := cmp.Or(q.Records, load.DefaultRecords)
	whole := limit < 0 || in.Input.Rows() <= limit
	var mu sync.Mutex // guards what follows
	unknown, longest, wrong := make([]bool, len(in.Columns)), make([]int, len(in.Columns)), make([]error, len(in.Columns))
	err := q.Files.each(ctx, func(ctx context.Context, i int) error {
		return withFooter(ctx, q.Files.inputs[i], func(f *footer.File) error {
			if err := f.Texts(ctx, whole, func(name string) bool { return texts[name] }); err != nil {
				return err
			}
			mu.Lock()
			defer mu.Unlock()
			for n, c := range f.Columns {
				if !texts[c.Name] {
					continue
				}
				if c.Err != nil && wrong[n] == nil {
					wrong[n] = fmt.Errorf("%s: %w", q.Files.files[i].Name, c.Err)
				}
				unknown[n], longest[n] = unknown[n] || !c.Measured, max(longest[n], c.Longest)
			}
			return nil
		})
	})
	if err != nil {
		return err
	}
	for n := range in.Columns {
		switch c := &in.Columns[n]; {
		case !texts[c.Name]:
		case wrong[n] != nil:
			c.Err = wrong[n]
		case unknown[n]:
			c.Unmeasured = true
		default:
			c.Longest = longest[n]
			c.Type.Length = infer.Length(longest[n])
		}
	}
	return nil
}

// chooseWay decides how the files come to where COPY reads them.
func chooseWay(ctx context.Context, q LoadRequest, in *planner.LoadInput) error {
	remote := 0
	for _, f := range q.Files.files {
		if f.ETag != "" {
			remote++
		}
	}
	parquet, unloaded := in.Input.Format == "parquet", in.Input.Format == "unload"
	switch {
	case parquet && q.Way == "stream":
		return errors.New("--way stream: records of Parquet files cannot be streamed; COPY reads such files as they are")
	case unloaded && q.Way == "stream":
		return hint.Usage(errors.New("--way stream: what UNLOAD wrote is for COPY to read; leave --way out"))
	case unloaded:
		switch why, err := packing(ctx, q, in); {
		case err != nil:
			return err
		case why != "":
			return errors.New(why)
		}
	case !parquet && (q.Way == "stream" || remote == 0):
		return nil
	case !parquet:
		switch why, err := readable(ctx, q, in, remote < len(q.Files.files)); {
		case err != nil:
			return err
		case why != "" && q.Way == "":
			in.Input.Why = why
			return nil
		case why != "":
			return hint.With(fmt.Errorf("--way %s: %s", q.Way, why), "leave --way out: the files are streamed through this machine then")
		}
	}
	if remote < len(q.Files.files) {
		in.Input.Way = plan.Upload // objects among them are copied
		return nil
	}
	in.Input.Way = plan.Copied
	if q.Way == "copy" {
		return nil
	}
	why, err := elsewhere(ctx, q, in)
	switch {
	case err != nil:
		return err
	case why == "":
		in.Input.Way = plan.InPlace
		return nil
	case q.Way == "place":
		return hint.With(errors.New(why), "--way copy has S3 copy such objects into the stage, under its key")
	}
	in.Input.Why = why
	return nil
}

// elsewhere says why objects cannot be read where they are, "" if they can.
func elsewhere(ctx context.Context, q LoadRequest, in *planner.LoadInput) (why string, err error) {
	reasons := make([]string, len(q.Files.files))
	err = q.Files.each(ctx, func(ctx context.Context, i int) error {
		f := q.Files.files[i]
		if f.Region != "" && f.Region != in.Place.Region { // COPY wants all of them, and the manifest, in one
			reasons[i] = fmt.Sprintf("%s is in %s, not in the stage's region", f.Name, f.Region)
			return nil
		}
		key, err := q.Files.objects[f.Path].KMSKey(ctx)
		switch {
		case err != nil:
			return err
		case key == "":
			reasons[i] = f.Name + " is not encrypted with SSE-KMS"
		case key != in.Place.KMSKeyARN:
			reasons[i] = f.Name + " is encrypted under another key"
		}
		return nil
	})
	for _, r := range reasons {
		if r != "" {
			return r, err
		}
	}
	return "", err
}

// readable finds out whether COPY reads text as it is, and how it is packed. why says what keeps it from that; where the user lets COPY read
// it, that is only what COPY cannot do.
func readable(ctx context.Context, q LoadRequest, in *planner.LoadInput, mixed bool) (why string, err error) {
	switch {
	case in.Input.Format != "csv":
		return "COPY leaves keys of JSON that it does not know out without a word", nil
	case mixed:
		return "some files are of this machine", nil
	case q.MaxErrors > 0:
		return "records that are wrong cannot be set aside by COPY", nil
	case len(in.Input.Nulls) > 1:
		return "COPY knows one text that means NULL", nil
	case len(in.Input.Nulls) == 1 && !redshift.CanBeNull(in.Input.Nulls[0]):
		return fmt.Sprintf("%q cannot be the text that means NULL", in.Input.Nulls[0]), nil
	case in.Input.Quote == "":
		return "COPY takes double quotes for quotes, and in these files nothing is quoted", nil
	}
	in.Asked = q.Records < 0 || q.Way != ""
	otherwise := in.Streamed()
	if q.Way == "" && otherwise != "" {
		return otherwise, nil
	}
	if why, err := packing(ctx, q, in); err != nil || why != "" {
		return why, err
	}
	if otherwise == "" {
		in.Input.Counted, in.Input.Content = true, in.Content
		for i, n := range in.Counts {
			q.Files.files[i].Rows = n
		}
		return "", nil
	}
	in.Input.Why = "COPY reads the text itself: empty text becomes NULL, also where it is quoted, and digits that a DECIMAL has no place for are cut off"
	return "", nil
}

// packing finds out how text is packed that COPY reads as it is: all files alike. why says what is wrong with how they are packed.
func packing(ctx context.Context, q LoadRequest, in *planner.LoadInput) (why string, err error) {
	found := make([]string, len(q.Files.files))
	err = q.Files.each(ctx, func(ctx context.Context, i int) error {
		begin, err := begins(ctx, q.Files.inputs[i], source.Peek)
		found[i] = source.Packing(begin)
		return err
	})
	if err != nil {
		return "", err
	}
	for i, p := range found {
		switch {
		case p != found[0]:
			return fmt.Sprintf("%s and %s are not packed alike", q.Files.files[0].Name, q.Files.files[i].Name), nil
		case p == "zip" || p == "tar":
			return fmt.Sprintf("COPY reads no archives, and %s is one", q.Files.files[i].Name), nil
		}
	}
	in.Input.Compression = found[0]
	return "", nil
}

// lookUnloaded takes what was said of text that UNLOAD wrote with ESCAPE: nothing in it tells, and which columns it has, the
// table says.
func lookUnloaded(q LoadRequest, in *planner.LoadInput) error {
	quote := byte(0) // UNLOAD's own default, as its delimiter
	if q.Quote != nil {
		quote = *q.Quote
	}
	switch {
	case q.Header != nil && *q.Header:
		return hint.Usage(errors.New("--header: what UNLOAD wrote with HEADER does not go together with --format unload, which takes every line for a record"))
	case quote != 0 && quote != '"':
		return hint.Usage(fmt.Errorf("--quote %c: UNLOAD quotes with double quotes (ADDQUOTES), or not at all", quote))
	case len(q.Nulls) > 1 || len(q.Nulls) == 1 && !redshift.CanBeNull(q.Nulls[0]):
		return hint.Usage(errors.New("--null: UNLOAD wrote one text for NULL, of letters, digits and @:_./#-"))
	case q.MaxErrors > 0:
		return hint.Usage(errors.New("--max-errors: COPY reads all of what UNLOAD wrote, or none; leave it out"))
	case len(q.Types) > 0 || len(q.Path) > 0:
		return hint.Usage(errors.New("--types and --records are for files that say what their columns are; these have those of the table"))
	}
	in.Input.Format, in.Input.Counted, in.Input.Nulls = "unload", q.Files.counted, q.Nulls
	in.Input.Delimiter = string(rune(cmp.Or(q.Delimiter, '|')))
	if quote != 0 {
		in.Input.Quote = string(rune(quote))
	}
	return nil
}

// unknownRows is how many rows objects have whose records nobody counted.
const unknownRows = -1

// sendWhole brings files to where COPY reads them, as they are.
func (s *sender) sendWhole(ctx context.Context, t *plan.Table, prefix string) (journal.Facts, error) {
	in := t.Input
	if err := unchanged(in.Files); err != nil {
		return journal.Facts{}, err
	}
	parts, digests := make([]stage.Part, len(in.Files)), make([]string, len(in.Files))
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(filesAtOnce)
	for i, f := range in.Files {
		g.Go(func() (err error) {
			parts[i], digests[i], err = s.whole(gctx, in, f, fmt.Sprintf("%sfile-%06d.%s", prefix, i, in.Format))
			if err != nil {
				err = fmt.Errorf("%s: %w", f.Name, err)
			}
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return journal.Facts{}, err
	}
	if err := unchanged(in.Files); err != nil {
		return journal.Facts{}, err
	}
	s.mu.Lock()
	s.wholes = make(map[string]string, len(parts))
	for i, p := range parts {
		s.wholes[p.Key] = in.Files[i].Name
	}
	s.mu.Unlock()
	facts, err := s.stage.Seal(ctx, prefix, parts)
	slices.Sort(digests)
	sum := sha256.Sum256([]byte(strings.Join(digests, "\n")))
	facts.Content, facts.Rows = hex.EncodeToString(sum[:]), unknownRows
	if in.Counted {
		facts.Rows = in.Rows()
	}
	if in.Content != "" {
		facts.Content = in.Content
	}
	return facts, err
}

// whole brings one file to where COPY reads it, and answers what tells its content from others'.
func (s *sender) whole(ctx context.Context, in *plan.Input, f plan.File, key string) (stage.Part, string, error) {
	if f.ETag == "" {
		return s.upload(ctx, f, key)
	}
	o, err := object(ctx, f)
	if err != nil {
		return stage.Part{}, "", err
	}
	digest := fmt.Sprintf("etag %s of %d", f.ETag, f.Size)
	if in.Way != plan.InPlace {
		part, err := s.stage.Copy(ctx, stage.Origin{Bucket: o.Bucket, Key: o.Key, Owner: o.Owner, ETag: o.ETag, Size: o.Size}, key)
		return part, digest, err
	}
	switch under, err := o.KMSKey(ctx); {
	case err != nil:
		return stage.Part{}, "", err
	case under != s.key:
		return stage.Part{}, "", fmt.Errorf("it is encrypted under %q, not under %s", under, s.key)
	}
	return stage.Part{Bucket: o.Bucket, Key: o.Key, Size: o.Size}, digest, nil
}

// object is one that the plan names.
func object(ctx context.Context, f plan.File) (objects.Object, error) {
	p, err := objects.ParseURL(f.Path)
	if err != nil {
		return objects.Object{}, err
	}
	cfg, err := connect.Config(ctx, f.Region, connect.Role{})
	if err != nil {
		return objects.Object{}, err
	}
	return objects.New(cfg, objects.Object{
		Bucket: p.Bucket, Key: p.Key, Region: f.Region, Owner: f.Owner, Size: f.Size, ETag: f.ETag, Modified: f.Modified,
	}), nil
}

// upload stages a file of this machine.
func (s *sender) upload(ctx context.Context, f plan.File, key string) (_ stage.Part, digest string, err error) {
	inputs, err := source.Open([]string{f.Path})
	if err != nil {
		return stage.Part{}, "", err
	}
	r, err := inputs[0].Open(ctx)
	if err != nil {
		return stage.Part{}, "", err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	u := s.stage.Create(key)
	defer func() { err = errors.Join(err, u.Abort(context.WithoutCancel(ctx))) }()
	sum := sha256.New()
	block := make([]byte, 1<<20)
	for {
		n, err := r.Read(block)
		sum.Write(block[:n])
		if _, werr := u.Write(block[:n]); werr != nil {
			return stage.Part{}, "", werr
		}
		if ferr := u.Flush(ctx); ferr != nil {
			return stage.Part{}, "", ferr
		}
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return stage.Part{}, "", err
		}
	}
	size, err := u.Close(ctx)
	return stage.Part{Key: key, Size: size}, hex.EncodeToString(sum.Sum(nil)), err
}
