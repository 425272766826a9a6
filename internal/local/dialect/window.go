package dialect

import "strconv"

// within finds what may follow a call whose parentheses open at open: WITHIN GROUP (ORDER BY from..to-1), and OVER (...).
// last is the index of the last token of all that; over is that of OVER, or -1.
func (x *script) within(open int) (from, to, over, last int) {
	last, over = x.closing(open), -1
	if x.is(last+1, "WITHIN", "GROUP", "(") && x.is(last+4, "ORDER", "BY") {
		from, to = last+6, x.closing(last+3)
		last = to
	}
	if x.is(last+1, "OVER") {
		over = last + 1
		last = over + 1
		if x.is(last, "(") {
			last = x.closing(last)
		}
	}
	return from, to, over, last
}

// PERCENTILE_CONT and PERCENTILE_DISC over a window: PostgreSQL has them as aggregates only, so an ordinary aggregate of
// two arguments stands in.
func rewritePercentile(x *script, i int) {
	args := x.args(i + 1)
	from, to, over, _ := x.within(i + 1)
	if over < 0 || len(args) != 1 || from >= to {
		return
	}
	share := x.render(args[0][0], args[0][1])
	end := to
	if x.isOne(end-1, "ASC", "DESC") {
		end--
		if x.is(end, "DESC") {
			if x.word(i) == "percentile_disc" {
				share = "-greatest((" + share + ")::float8, 1e-300)" // a share below 0 is one from above
			} else {
				share = "1 - (" + share + ")"
			}
		}
	}
	x.rename(i, "rs."+x.word(i)+"((")
	x.drop(i+1, from)
	x.edit(from).joined = true
	x.drop(end, to)
	x.replace(to, ")::float8, "+share+")")
}

// RATIO_TO_REPORT(value) OVER (...) is the value's share of the window's sum.
func rewriteRatioToReport(x *script, i int) {
	args := x.args(i + 1)
	_, _, over, last := x.within(i + 1)
	if over < 0 || len(args) != 1 {
		return
	}
	end := x.closing(i + 1)
	x.rename(i, "rs.ratio_to_report(")
	e := x.edit(end)
	e.after = append(e.after, piece{text: "::float8, sum(("}, piece{from: i + 2, to: end}, piece{text: ")::float8)"})
	x.insertAfter(last, ")")
}

// rewriteNullTreatment reads RESPECT NULLS, which is the default, and IGNORE NULLS, for which there are aggregates.
func rewriteNullTreatment(x *script, i int) {
	end := x.closing(i + 1)
	for _, at := range []int{end - 2, end + 1} {
		switch {
		case x.is(at, "RESPECT", "NULLS"):
			x.drop(at, at+2)
		case x.is(at, "IGNORE", "NULLS"):
			word := x.word(i)
			if word != "first_value" && word != "last_value" && !x.ignoreNulls(i, at) {
				x.refuse(notSupported(fold(word) + " with IGNORE NULLS, but for a written offset of at least 1,"))
				return
			}
			x.rename(i, "rs."+word)
			x.drop(at, at+2)
		}
	}
}

// The rows that LAG and LEAD look at.
var lookedAt = map[string]string{
	"lag":  " ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING",
	"lead": " ROWS BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING",
}

// ignoreNulls writes the offset and the frame of the LAG, LEAD or NTH_VALUE at i, behind which IGNORE NULLS stands at at.
// It is not done where the offset has to be worked out.
func (x *script) ignoreNulls(i, at int) bool {
	args, end := x.args(i+1), x.closing(i+1)
	if at != end+1 || !x.is(at+2, "OVER", "(") || len(args) == 0 || len(args) > 2 {
		return false
	}
	if len(args) == 2 {
		offset := x.tok(args[1][0])
		if n, err := strconv.Atoi(offset.Text); err != nil || n < 1 || args[1][1]-args[1][0] != 1 {
			return false
		}
	} else {
		x.insertBefore(end, ", 1")
	}
	if rows := lookedAt[x.word(i)]; rows != "" {
		x.insertBefore(x.closing(at+3), rows)
	}
	return true
}

// The functions whose windows want a frame where they are sorted (Redshift manual, Window function syntax summary).
var framed = set("avg", "count", "first_value", "last_value", "max", "min", "nth_value", "stddev", "stddev_samp",
	"stddev_pop", "sum", "variance", "var_samp", "var_pop")

// checkWindow refuses windows that Redshift refuses: those of aggregates with ORDER BY and without a frame, and frames in
// other units than rows. OVER stands at i.
func (x *script) checkWindow(i int) {
	if x.catalog || !x.is(i+1, "(") || !x.is(i-1, ")") || x.pair[i-1] < 1 {
		return
	}
	end := x.closing(i + 1)
	sorted := false
	for n := i + 2; n < end; n++ {
		switch {
		case x.is(n, "ORDER", "BY"):
			sorted = true
		case x.is(n, "ROWS"):
			return
		case x.isOne(n, "RANGE", "GROUPS") && x.isOne(n+1, "BETWEEN", "UNBOUNDED", "CURRENT"):
			x.refuse(notSupported("a window frame in " + x.tok(n).Text))
			return
		}
		if c := x.pair[n]; c > n {
			n = c
		}
	}
	if sorted && framed[x.word(x.pair[i-1]-1)] {
		x.refuse(&Error{Code: "0A000", Message: "Aggregate window functions with an ORDER BY clause require a frame clause", Hint: seeDocs})
	}
}
