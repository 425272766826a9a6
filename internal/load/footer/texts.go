package footer

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/format"

	"github.com/sealift/sealift/internal/redshift"
)

// maxPage bounds the pages that are held to be measured, by what the footer says of their average: writers make them of about a MB.
const maxPage = 64 << 20

// Texts finds out how long the texts of columns are: those that choose takes, by their names. whole reads every one of them. Otherwise
// only dictionaries are read, which hold all texts of a column that has few different ones. Longest and Measured of each column say what
// came of it; one that has a text that no VARCHAR holds as it is has an Err that names its row.
func (f *File) Texts(ctx context.Context, whole bool, choose func(name string) bool) (err error) {
	at := 0
	defer func() { // the library trusts what it reads
		if p := recover(); p != nil {
			err = fmt.Errorf("column %s is damaged: %v", f.Columns[at].Name, p)
		}
	}()
	roots := f.file.Root().Columns()
	for i := range f.Columns {
		c := &f.Columns[i]
		c.Measured = c.Err == nil && c.Type.Name == redshift.Varchar && choose(c.Name)
	}
	var rows int64
	for g, group := range f.file.RowGroups() { // in their order, as they lie in the file
		for i := range f.Columns {
			c := &f.Columns[i]
			if at = i; !c.Measured {
				continue
			}
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			leaf := roots[i].Index()
			chunk, ok := group.ColumnChunks()[leaf].(*parquet.FileColumnChunk)
			if !ok {
				c.Measured = false
				continue
			}
			longest, bad, known, err := measure(chunk, &f.file.Metadata().RowGroups[g].Columns[leaf].MetaData, whole)
			switch {
			case err != nil:
				return fmt.Errorf("column %s: %w", c.Name, err)
			case bad != nil:
				c.Err = fmt.Errorf("row %d has %s in column %s; %s", rows+bad.row, bad.what, c.Name, bad.why)
			}
			c.Measured, c.Longest = known && bad == nil, max(c.Longest, longest)
		}
		rows += group.NumRows()
	}
	return nil
}

// unheld is the first text of a column's part that no VARCHAR holds as it is.
type unheld struct {
	row       int64 // from 1
	what, why string
}

// held tells why no VARCHAR holds a text as it is; nil if one does.
func held(text []byte) *unheld {
	switch {
	case len(text) > maxText:
		return &unheld{what: fmt.Sprintf("a text of %d bytes", len(text)), why: fmt.Sprintf("VARCHAR holds no more than %d", maxText)}
	case bytes.IndexByte(text, 0) >= 0:
		return &unheld{what: "a text with a NUL character", why: "the manual does not say that COPY keeps what is behind it"}
	case !utf8.Valid(text):
		return &unheld{what: "a text that is not UTF-8", why: "COPY refuses it"}
	}
	return nil
}

// measure finds the longest text of a column's part, and the first that cannot be held.
func measure(chunk *parquet.FileColumnChunk, meta *format.ColumnMetaData, whole bool) (longest int, bad *unheld, known bool, err error) {
	if meta.Statistics.NullCount == meta.NumValues {
		return 0, nil, true, nil
	}
	var pages int64
	plain := len(meta.EncodingStats) == 0 // or so it has to be thought
	for _, s := range meta.EncodingStats {
		pages += int64(s.Count)
		old := s.Encoding == format.PlainDictionary //nolint:staticcheck // what files of the first version of the format have
		if s.PageType != format.DictionaryPage && !old && s.Encoding != format.RLEDictionary {
			plain = true
		}
	}
	if plain && !whole || meta.TotalUncompressedSize/max(pages, 1) > maxPage {
		return 0, nil, false, nil
	}
	reader := chunk.PagesFrom(chunk.File())
	defer func() { err = errors.Join(err, reader.Close()) }()
	if !plain {
		dictionary, err := reader.ReadDictionary()
		if err != nil {
			return 0, nil, false, err
		}
		if dictionary != nil {
			for i := 0; i < dictionary.Len() && bad == nil; i++ {
				text := dictionary.Index(int32(i)).ByteArray()
				longest, bad = max(longest, len(text)), held(text)
			}
			if bad == nil {
				return longest, nil, true, nil
			}
		}
	}
	longest = 0 // whose texts are, perhaps, in no row
	values := make([]parquet.Value, 1024)
	for at := int64(1); ; {
		page, err := reader.ReadPage()
		if errors.Is(err, io.EOF) {
			return longest, nil, true, nil
		}
		if err != nil {
			return 0, nil, false, err
		}
		longest, bad, err = measurePage(page, values, longest)
		parquet.Release(page)
		if bad != nil {
			bad.row += at - 1
		}
		if err != nil || bad != nil {
			return longest, bad, true, err
		}
		at += page.NumValues()
	}
}

// measurePage reads one page; values is room for that.
func measurePage(page parquet.Page, values []parquet.Value, longest int) (_ int, bad *unheld, err error) {
	reader := page.Values()
	for at := int64(1); ; {
		n, err := reader.ReadValues(values)
		for i, v := range values[:n] {
			if v.IsNull() {
				continue
			}
			text := v.ByteArray()
			longest = max(longest, len(text))
			if bad := held(text); bad != nil {
				bad.row = at + int64(i)
				return longest, bad, nil
			}
		}
		at += int64(n)
		if errors.Is(err, io.EOF) {
			return longest, nil, nil
		}
		if err != nil {
			return 0, nil, err
		}
	}
}
