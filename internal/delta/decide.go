package delta

import (
	"fmt"

	"github.com/sealift/sealift/internal/hint"
	"github.com/sealift/sealift/internal/redshift"
)

// Wish is what somebody said about one sync.
type Wish struct {
	Full  bool   // as if nothing had been synced
	From  string // in place of the watermark
	Until string // no row above it
}

// Change is what is to be moved of a table.
type Change struct {
	Window
	// Unchanged says that there is nothing.
	Unchanged bool
	// Later says that the cursor is to say of the rows near the watermark what they are when they are moved.
	Later bool
	// Ahead says that the new watermark is later than the source's clock can be: what comes until then may be passed over.
	Ahead bool
	// First says that the table is moved from the beginning; Full that this was wished.
	First, Full bool
	// Cursor is what the publish is to leave; its Run and Rows are known then.
	Cursor redshift.Cursor
	// Was is the cursor that the decision rests on; the zero Cursor for none.
	Was redshift.Cursor
}

// Start takes what is known before the source is asked what rows are there: which windows to look at, and what is wrong already.
func Start(s Spec, next, was redshift.Cursor, e Extent, w Wish) (Look, error) {
	l := Look{Spec: s}
	if s.Since.Name.IsZero() {
		return l, nil // all of it is compared and moved, whatever the job said before
	}
	if was.Target != "" && !w.Full && was.Spec != next.Spec {
		return l, hint.With(fmt.Errorf("the job says something else about it than when it was synced last (run %s): other rows, columns or keys would be mixed", was.Run),
			"sync it anew with --full-refresh, or put the job back")
	}
	if e.Nulls > 0 {
		return l, hint.With(fmt.Errorf("%s has no value in %d of its rows, which would never be moved", s.Since.Name, e.Nulls), "give them one, leave them out with where, or sync by another column")
	}
	l.High = e.High
	if w.Until != "" && (l.High == "" || less(w.Until, l.High, s.Since.Type)) {
		l.High = w.Until
	}
	l.Ahead = e.Ahead && l.High == e.High
	switch {
	case w.Full:
		l.Later = s.Later && l.High != ""
		return l, nil
	case w.From != "":
		l.Low = w.From
		if w.Until != "" && was.Watermark != "" && less(l.High, was.Watermark, s.Since.Type) && !less(e.Top, was.Watermark, s.Since.Type) {
			l.Keep = was.Watermark
		}
		return l, nil
	}
	l.Low = was.Watermark
	if l.Low != "" && (e.Top == "" || less(e.Top, l.Low, s.Since.Type)) && len(s.All) == 0 {
		at := e.Top
		if at == "" {
			at = "nothing"
		}
		return l, hint.With(fmt.Errorf("%s goes back: it was at %s, and is at %s", s.Since.Name, l.Low, at),
			"the source was restored, or rows were deleted; sync it anew with --full-refresh, or say from where: --from VALUE")
	}
	l.Later = s.Later && l.High != "" && (l.Low == "" || less(l.Low, l.High, s.Since.Type))
	return l, nil
}

// Decide says what is to be moved, from what rows are there.
func Decide(l Look, next, was redshift.Cursor, seen Seen, w Wish) (Change, error) {
	s := l.Spec
	c := Change{Window: Window{Low: l.Low, High: l.High}, Cursor: next, Was: was, First: was.Target == "" && w.From == "" || w.Full, Full: w.Full, Later: l.Later, Ahead: l.Ahead}
	c.Cursor.Seen, c.Cursor.Watermark = seen.String(), l.High
	if l.Keep != "" {
		c.Cursor.Watermark = l.Keep
	}
	if s.Since.Name.IsZero() {
		c.Window = Window{}
		c.Unchanged = !c.First && was.Seen == seen.String() && was.Spec == next.Spec
		return c, nil
	}
	c.Nothing = l.High == ""
	below := c.Nothing || l.Low != "" && less(l.High, l.Low, s.Since.Type)
	switch {
	case c.First:
		c.Low = ""
		return c, nil
	case w.From != "":
		c.Cursor.Passed, c.Unchanged = seen.Passed, below
		return c, nil
	}
	if below {
		c.Cursor.Watermark = l.Low // rows that were there are gone, or those that are above it wait, or are not wished
	}
	if len(s.Key) == 0 {
		// What is at the watermark or below it was moved, row by row, but for what came there since.
		if late := seen.Passed - was.Passed; late > 0 {
			return c, hint.With(fmt.Errorf("rows came at or below %s %s after it was passed, and were not moved: %d of them", s.Since.Name, l.Low, late),
				"give the table a key and a lookback, so that such rows are found; until then: --full-refresh, or --from VALUE to pass over them")
		}
		c.Cursor.Passed = seen.Passed
		c.Unchanged = l.Low == c.Cursor.Watermark
		return c, nil
	}
	c.Unchanged = l.Low == c.Cursor.Watermark && was.Seen == seen.String() || below && w.Until != ""
	return c, nil
}
