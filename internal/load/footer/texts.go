package footer

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/format"

	"github.com/sealift/sealift/internal/redshift"
)

// maxPage bounds the pages that are held to be measured, by what the footer says of their average: writers make them of about a MB.
const maxPage = 64 << 20

// Texts finds out how long the texts of columns are: those that choose takes, by their names. whole reads every one of them. Otherwise
// only dictionaries are read, which hold all texts of a column that has few different ones. Longest and Measured of each column say what
// came of it; one that has a text that no VARCHAR holds has an Err that names its row.
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
			longest, row, known, err := measure(chunk, &f.file.Metadata().RowGroups[g].Columns[leaf].MetaData, whole)
			switch {
			case err != nil:
				return fmt.Errorf("column %s: %w", c.Name, err)
			case row > 0:
				c.Err = fmt.Errorf("row %d has a text of %d bytes in column %s; VARCHAR holds no more than %d", rows+row, longest, c.Name, maxText)
			}
			c.Measured, c.Longest = known && row == 0, max(c.Longest, longest)
		}
		rows += group.NumRows()
	}
	return nil
}

// measure finds the longest text of a column's part; row is that of the first which is too long, from 1.
func measure(chunk *parquet.FileColumnChunk, meta *format.ColumnMetaData, whole bool) (longest int, row int64, known bool, err error) {
	if meta.Statistics.NullCount == meta.NumValues {
		return 0, 0, true, nil
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
		return 0, 0, false, nil
	}
	reader := chunk.PagesFrom(chunk.File())
	defer func() { err = errors.Join(err, reader.Close()) }()
	if !plain {
		dictionary, err := reader.ReadDictionary()
		if err != nil {
			return 0, 0, false, err
		}
		if dictionary != nil {
			for i := range dictionary.Len() {
				longest = max(longest, len(dictionary.Index(int32(i)).ByteArray()))
			}
			if longest <= maxText {
				return longest, 0, true, nil
			}
		}
	}
	longest = 0 // whose texts are, perhaps, in no row
	values := make([]parquet.Value, 1024)
	for at := int64(1); ; {
		page, err := reader.ReadPage()
		if errors.Is(err, io.EOF) {
			return longest, 0, true, nil
		}
		if err != nil {
			return 0, 0, false, err
		}
		longest, row, err = measurePage(page, values, longest)
		parquet.Release(page)
		if err != nil || row > 0 {
			return longest, at + row - 1, true, err
		}
		at += page.NumValues()
	}
}

// measurePage reads one page; values is room for that.
func measurePage(page parquet.Page, values []parquet.Value, longest int) (_ int, row int64, err error) {
	reader := page.Values()
	for at := int64(1); ; {
		n, err := reader.ReadValues(values)
		for i, v := range values[:n] {
			if size := len(v.ByteArray()); !v.IsNull() && size > longest {
				if longest = size; longest > maxText {
					return longest, at + int64(i), nil
				}
			}
		}
		at += int64(n)
		if errors.Is(err, io.EOF) {
			return longest, 0, nil
		}
		if err != nil {
			return 0, 0, err
		}
	}
}
