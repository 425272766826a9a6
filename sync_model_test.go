package sealift_test

import (
	"cmp"
	"encoding/json"
	"fmt"
	"math/big"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// The model of a sync: what a table's target has to hold after it, reckoned in memory from what the manual says of its mode. It knows
// nothing of questions, windows and statements: it has all rows.

// modelRow is a row, of a source or a target. What is nil is NULL.
type modelRow struct {
	id    *int
	v     string
	extra *int
	since *int // in ticks
	// Of a target: gone from the source; until when a version holds.
	gone  bool
	until *int
}

func (r modelRow) same(o modelRow) bool { return r.id != nil && o.id != nil && *r.id == *o.id }

// shape is what is optional about a table's columns.
type shape struct{ extra, wide bool }

type modelTable struct {
	name, mode string
	keyed      bool
	soft       bool // deleted_at
	of         modelTime
	since      bool
	lookback   int // ticks
	policy     string

	source []modelRow
	shape
	now int

	target    []modelRow
	there     bool
	has       shape // of the target
	watermark *int
	passed    int // without a key: rows of the source at the watermark or below it, when it was moved
	run       string

	good      []modelRow // the source as it was when the table was synced last
	goodShape shape
	stopped   bool
}

// modelTime is how ticks are written in a type.
type modelTime struct {
	name, sql string
	text      func(tick int) string
	lookback  func(ticks int) string // what the job says, and
	unit      int                    // in how many ticks it counts
}

var modelTimes = []modelTime{
	{"bigint", "bigint", strconv.Itoa, strconv.Itoa, 1},
	{"smallint", "smallint", strconv.Itoa, strconv.Itoa, 1},
	{"decimal", "numeric(9,2)", func(n int) string { return big.NewRat(int64(n), 20).FloatString(2) }, strconv.Itoa, 20},
	{"date", "date", func(n int) string { return modelStart.AddDate(0, 0, n).Format(time.DateOnly) }, func(n int) string { return strconv.Itoa(n) + "d" }, 1},
	{"timestamp", "timestamp", func(n int) string { return modelInstant(n) }, func(n int) string { return strconv.Itoa(n) + "s" }, 4},
	{"timestamptz", "timestamptz", func(n int) string { return modelInstant(n) + "+00" }, func(n int) string { return strconv.Itoa(n) + "s" }, 4},
}

var modelStart = time.Date(2025, 12, 31, 23, 59, 55, 0, time.UTC)

func modelInstant(n int) string {
	return modelStart.Add(time.Duration(n)*250*time.Millisecond + 7*time.Microsecond).Format("2006-01-02 15:04:05.999999")
}

// sync reckons what a sync makes of the table. A stop leaves it as it is; inside tells that it comes of the rows that are moved, while the
// run is at work, and not before it.
func (t modelTable) sync(full bool) (_ modelTable, stop string, inside bool) {
	s := slices.Clone(t.source)
	if why := t.columnsStop(full); why != "" {
		return t, why, false
	}
	high, some := t.top()
	if t.since {
		if slices.ContainsFunc(s, func(r modelRow) bool { return r.since == nil }) {
			return t, "no value", false
		}
		if !full && t.mode != "mirror" && t.watermark != nil && (!some || high < *t.watermark) {
			return t, "goes back", false
		}
	}
	low := t.watermark
	if full {
		low = nil
	}
	recent := func(r modelRow) bool { return !t.since || low == nil || *r.since >= *low-t.lookback }
	var next []modelRow
	switch {
	case t.mode == "replace":
		next = s
	case t.mode == "append" && !t.keyed:
		passed := 0
		for _, r := range s {
			if low != nil && *r.since <= *low {
				passed++
			}
		}
		if !full && passed > t.passed {
			return t, "came at or below", false
		}
		if !full {
			next = slices.Clone(t.target)
		}
		for _, r := range s {
			if low == nil || *r.since > *low {
				next = append(next, r)
			}
		}
		if full || low == nil || high > *low {
			t.passed = len(s)
		}
	case t.mode == "mirror":
		if why := keysWrong(s, false); why != "" {
			return t, why, true
		}
		for _, r := range s {
			was := slices.IndexFunc(t.target, r.same)
			switch {
			case recent(r):
				next = append(next, r)
			case was < 0 || *t.target[was].since != *r.since:
				return t, "not in the target as they were", true
			default:
				r = t.target[was]
				r.gone = false
				next = append(next, r)
			}
		}
		for _, r := range t.target {
			if t.soft && !slices.ContainsFunc(s, r.same) {
				r.gone = true
				next = append(next, r)
			}
		}
	default: // merge, history, append with a key
		s = slices.DeleteFunc(s, func(r modelRow) bool { return !recent(r) })
		if t.mode != "history" {
			s = newest(s)
		}
		if why := keysWrong(s, t.mode == "history"); why != "" {
			return t, why, true
		}
		if !full || t.mode == "history" {
			next = slices.Clone(t.target)
		}
		for _, r := range s {
			was := slices.IndexFunc(next, func(o modelRow) bool { return r.same(o) && (t.mode != "history" || *o.since == *r.since) })
			switch {
			case was < 0:
				next = append(next, r)
			case t.mode != "append":
				next[was] = r
			}
		}
		if t.mode == "history" {
			for i, r := range next {
				next[i].until = nil
				for _, o := range next {
					if r.same(o) && *o.since > *r.since && (next[i].until == nil || *o.since < *next[i].until) {
						next[i].until = o.since
					}
				}
			}
		}
	}
	t.target, t.there = next, true
	switch {
	case full && !some:
		t.watermark = nil
	case t.since && some && (full || t.watermark == nil || high > *t.watermark):
		t.watermark = &high
	}
	return t, "", false
}

// top is the greatest tick of the source.
func (t modelTable) top() (high int, some bool) {
	for _, r := range t.source {
		if r.since != nil && (!some || *r.since > high) {
			high, some = *r.since, true
		}
	}
	return high, some
}

// columnsStop says whether the source's columns keep the table from being synced.
func (t modelTable) columnsStop(full bool) string {
	if !t.there || full && t.mode != "mirror" && t.mode != "history" {
		return ""
	}
	const why = "columns have changed"
	switch {
	case t.extra && !t.has.extra && t.policy == "stop", !t.extra && t.has.extra && t.policy != "ignore", t.wide && !t.has.wide && t.policy != "evolve":
		return why
	}
	return ""
}

// keysWrong says what is wrong about the keys of rows that are moved: versions of one row have to differ in their ticks, where they may be.
func keysWrong(rows []modelRow, versions bool) string {
	why := ""
	for i, r := range rows {
		if r.id == nil {
			return "NULL in the key"
		}
		for _, o := range rows[:i] {
			if r.same(o) && (!versions || *r.since == *o.since) {
				why = "key"
			}
		}
	}
	return why
}

func newest(rows []modelRow) (out []modelRow) {
	for _, r := range rows {
		if !slices.ContainsFunc(rows, func(o modelRow) bool { return r.same(o) && *o.since > *r.since }) {
			out = append(out, r)
		}
	}
	return out
}

// text is what the target's rows look like, sorted.
func (t modelTable) text() []string {
	out := make([]string, 0, len(t.target))
	for _, r := range t.target {
		fields := []string{pointed(r.id, strconv.Itoa), strconv.Quote(r.v), pointed(r.since, t.of.text), pointed(r.extra, strconv.Itoa)}
		if t.soft {
			fields = append(fields, map[bool]string{true: `"t"`, false: `"f"`}[r.gone])
		}
		if t.mode == "history" {
			fields = append(fields, pointed(r.since, t.of.text), pointed(r.until, t.of.text), map[bool]string{true: `"t"`, false: `"f"`}[r.until == nil])
		}
		out = append(out, strings.Join(fields, "|"))
	}
	slices.Sort(out)
	return out
}

func pointed[T any](v *T, text func(T) string) string {
	if v == nil {
		return "NULL"
	}
	return strconv.Quote(text(*v))
}

// change lets the source go on: rows are added, changed, taken away and come late, some of them in one tick. bad is for what stops a table.
func (t *modelTable) change(draw *rand.Rand, bad bool) {
	if !t.keyed && t.mode == "append" {
		t.now++ // a row at the watermark stops it
	}
	id := func() *int { return new(draw.IntN(40)) }
	free := func() *int {
		for {
			k := id()
			if !slices.ContainsFunc(t.source, func(r modelRow) bool { return r.id != nil && *r.id == *k }) || !t.keyed {
				return k
			}
		}
	}
	add := func(k *int, tick int) {
		r := modelRow{id: k, v: fmt.Sprintf("%s%d", []string{"", "a|b", `"c",`, `\d`, " e", "é"}[draw.IntN(6)], draw.IntN(1000)), since: &tick}
		if t.wide && draw.IntN(2) == 0 {
			r.v += ", and longer"
		}
		if t.extra && draw.IntN(3) > 0 {
			r.extra = new(draw.IntN(9))
		}
		t.source = append(t.source, r)
	}
	for range draw.IntN(5) {
		t.now += draw.IntN(3)
		switch n := draw.IntN(10); {
		case n < 4 || len(t.source) == 0 || len(t.source) > 30:
			if len(t.source) <= 30 {
				add(free(), t.now)
			}
		case n < 7:
			i := draw.IntN(len(t.source))
			k := t.source[i].id
			t.source = slices.Delete(t.source, i, i+1)
			add(k, t.now)
		case n < 8:
			i := draw.IntN(len(t.source))
			t.source = slices.Delete(t.source, i, i+1)
		case n < 9 && t.keyed && t.watermark != nil:
			add(free(), *t.watermark-draw.IntN(t.lookback+1)) // late
		case t.keyed && (t.mode == "merge" || t.mode == "append" || t.mode == "history"):
			t.now++
			add(t.source[draw.IntN(len(t.source))].id, t.now) // a version of its own
		}
	}
	if !bad {
		return
	}
	switch draw.IntN(7) {
	case 0:
		t.source = append(t.source, modelRow{id: free(), v: "no since"})
	case 1:
		t.source = append(t.source, modelRow{v: "no id", since: new(t.now)})
	case 2:
		if len(t.source) > 0 {
			r := t.source[draw.IntN(len(t.source))]
			r.v = "tie"
			t.source = append(t.source, r)
		}
	case 3:
		if t.watermark != nil {
			add(free(), *t.watermark-t.lookback-1-draw.IntN(3)) // later than the lookback
		}
	case 4:
		high, _ := t.top()
		t.source = slices.DeleteFunc(t.source, func(r modelRow) bool { return r.since != nil && *r.since >= high-3 })
	case 5:
		t.extra = !t.extra
		for i := range t.source {
			t.source[i].extra = nil
		}
	case 6:
		if !t.wide {
			t.wide = true
			t.now++
			add(free(), t.now)
		}
	}
}

// mend takes away what stopped a table, by going back to what was synced last. It tells whether the table is to be moved anew.
func (t *modelTable) mend(draw *rand.Rand) (anew bool) {
	if draw.IntN(2) == 0 && t.there {
		t.source, t.shape = slices.Clone(t.good), t.goodShape
		high, some := t.top()
		return t.since && t.watermark != nil && t.mode != "mirror" && (!some || high < *t.watermark) // it went back before already
	}
	var kept []modelRow
	for _, r := range t.source {
		if r.id != nil && r.since != nil && (!t.keyed || !slices.ContainsFunc(kept, r.same)) {
			kept = append(kept, r)
		}
	}
	t.source = kept
	if t.mode == "mirror" || t.mode == "history" { // whose columns stay as they are
		t.shape = t.goodShape
		for i := range t.source {
			t.source[i].v = t.source[i].v[:min(len(t.source[i].v), 10)]
			if !t.extra {
				t.source[i].extra = nil
			}
		}
	}
	return true
}

// define makes the source's table as it is by now.
func (t *modelTable) define() string {
	width, extra := "10", ""
	if t.wide {
		width = "30"
	}
	if t.extra {
		extra = ", extra int"
	}
	var sql strings.Builder
	fmt.Fprintf(&sql, "drop table if exists s.%s; create table s.%s (id int, v varchar(%s), at %s%s);", t.name, t.name, width, t.of.sql, extra)
	for _, r := range t.source {
		quoted := func(text string) string {
			return "'" + strings.ReplaceAll(strings.ReplaceAll(text, `\`, `\\`), "'", `\'`) + "'"
		}
		number := func(n *int) string {
			if n == nil {
				return "null"
			}
			return strconv.Itoa(*n)
		}
		at := "null"
		if r.since != nil {
			at = quoted(t.of.text(*r.since))
		}
		fmt.Fprintf(&sql, "insert into s.%s values (%s, %s, %s", t.name, number(r.id), quoted(r.v), at)
		if t.extra {
			sql.WriteString(", " + number(r.extra))
		}
		sql.WriteString(");")
	}
	return sql.String()
}

// entry is the table's part of the job.
func (t *modelTable) entry() string {
	e := "select: s." + t.name + ", mode: " + t.mode + ", on_schema_change: " + t.policy
	if t.keyed {
		e += ", key: [id]"
	}
	if t.since {
		e += ", since: at"
	}
	if t.lookback > 0 {
		e += ", lookback: " + t.of.lookback(t.lookback/t.of.unit)
	}
	if t.soft {
		e += ", deleted_at: gone"
	}
	return "  - {" + e + "}\n"
}

// models are one table of each mode, each with a drawn kind of since.
func models(draw *rand.Rand) []*modelTable {
	all := []*modelTable{
		{name: "log", mode: "append", since: true},
		{name: "keyedlog", mode: "append", keyed: true, since: true},
		{name: "merged", mode: "merge", keyed: true, since: true},
		{name: "hard", mode: "mirror", keyed: true, since: true},
		{name: "soft", mode: "mirror", keyed: true, since: true, soft: true},
		{name: "hardall", mode: "mirror", keyed: true},
		{name: "softall", mode: "mirror", keyed: true, soft: true},
		{name: "history", mode: "history", keyed: true, since: true},
		{name: "replaced", mode: "replace"},
	}
	for _, t := range all {
		t.of = modelTimes[draw.IntN(len(modelTimes))]
		t.policy = []string{"stop", "evolve", "ignore"}[draw.IntN(3)]
		if t.keyed && t.since && draw.IntN(3) > 0 {
			t.lookback = t.of.unit * (1 + draw.IntN(3))
		}
		if t.of.unit != 4 {
			t.now = -5
		}
	}
	return all
}

// modelWorld is a job, its models, and a rig for it.
type modelWorld struct {
	*rig
	draw   *rand.Rand
	tables []*modelTable
	file   string
	story  []string // what was done, for whoever reads a failure
	job    *tortureJobFiles
}

func (w *modelWorld) tell(format string, args ...any) {
	w.story = append(w.story, fmt.Sprintf(format, args...))
}

func (w *modelWorld) fatal(format string, args ...any) {
	w.tb.Helper()
	w.tb.Fatalf("%s\nbefore that:\n%s", fmt.Sprintf(format, args...), strings.Join(w.story[max(0, len(w.story)-60):], "\n"))
}

// observed takes over what only the target can tell: which columns it has, and which run moved its cursor.
func (w *modelWorld) observed(t *modelTable) {
	t.run = w.value(w.target, "select coalesce(max(run), '') from sealift.cursors where target = 's."+t.name+"'")
	t.has = shape{
		extra: w.value(w.target, "select count(*) from information_schema.columns where table_schema = 's' and table_name = '"+t.name+"' and column_name = 'extra'") == "1",
		wide:  w.value(w.target, "select coalesce(max(character_maximum_length), 0) from information_schema.columns where table_schema = 's' and table_name = '"+t.name+"' and column_name = 'v'") == "30",
	}
}

// hold compares a table of the target with its model.
func (w *modelWorld) hold(t *modelTable, when string) {
	w.tb.Helper()
	extra := "null::int"
	if w.value(w.target, "select count(*) from information_schema.columns where table_schema = 's' and table_name = '"+t.name+"' and column_name = 'extra'") == "1" {
		extra = "extra"
	}
	list := "id, v, at, " + extra
	if t.soft {
		list += ", gone is not null"
	}
	if t.mode == "history" {
		list += ", valid_from, valid_to, is_current"
	}
	got, there := w.rows(w.target, "select "+list+" from s."+t.name)
	want := *t
	if extra != "extra" || t.policy == "ignore" {
		want.target = slices.Clone(want.target)
		for i := range want.target {
			if extra != "extra" {
				want.target[i].extra = nil // rows with a value are only there once the column is
			}
		}
	}
	if there != t.there || !slices.Equal(got, want.text()) {
		lost, duplicated, unexpected := differences(want.text(), got)
		w.fatal("%s: s.%s (%s by %s, lookback %d ticks, %s): %d rows lost, %d duplicated, %d unexpected\nwant %q\ngot  %q", when, t.name, t.mode, t.of.name, t.lookback, t.policy, lost, duplicated, unexpected, want.text(), got)
	}
}

// synced is what a sync says of itself.
type synced struct {
	Tables  []struct{ Target, Error string }
	Receipt *struct {
		Tables []struct {
			Target, Outcome string
			Failure         *struct{ Error string }
		}
	}
}

// stops reads which tables were stopped, and why.
func (w *modelWorld) stops(p *process) map[string]string {
	w.tb.Helper()
	text := p.out.String()
	start := strings.Index(text, "{\n")
	var s synced
	if start < 0 {
		w.fatal("no answer: %s", p.said())
	}
	if err := json.NewDecoder(strings.NewReader(text[start:])).Decode(&s); err != nil {
		w.fatal("%v: %s", err, p.said())
	}
	out := map[string]string{}
	for _, t := range s.Tables {
		if t.Error != "" {
			out[t.Target] = t.Error
		}
	}
	if s.Receipt != nil {
		for _, t := range s.Receipt.Tables {
			if t.Outcome != "verified" {
				out[t.Target] = fmt.Sprintf("%s %+v", t.Outcome, t.Failure)
			}
		}
	}
	return out
}

// expect reckons what a sync of the tables is to make, and to stop.
func (w *modelWorld) expect(full, only map[string]bool) (after map[string]modelTable, stops map[string]string, inside bool) {
	after, stops = map[string]modelTable{}, map[string]string{}
	for _, t := range w.tables {
		if only != nil && !only[t.name] {
			continue
		}
		next, stop, in := t.sync(full[t.name])
		after[t.name] = next
		if stop != "" {
			stops["s."+t.name], inside = stop, inside || in
		}
	}
	return after, stops, inside
}

// settled makes what a sync made the state of the models, and holds the target against them.
func (w *modelWorld) settled(after map[string]modelTable, stops map[string]string, when string) {
	w.tb.Helper()
	for _, t := range w.tables {
		next, synced := after[t.name]
		if synced {
			*t = next
			_, t.stopped = stops["s."+t.name]
			if !t.stopped {
				t.good, t.goodShape = slices.Clone(t.source), t.shape
			}
		}
		w.hold(t, when)
		w.observed(t)
	}
}

// compareStops wants exactly these tables to have been stopped, for these reasons.
func (w *modelWorld) compareStops(p *process, want map[string]string) {
	w.tb.Helper()
	code := 0
	if len(want) > 0 {
		code = 3
	}
	if p.code != code {
		w.fatal("exit %d, not %d (%v)\n%s", p.code, code, want, p.said())
	}
	got := w.stops(p)
	for target, why := range want {
		if !strings.Contains(got[target], why) {
			w.fatal("%s is stopped by %q, not by %q\n%s", target, got[target], why, p.said())
		}
	}
	if len(got) != len(want) {
		w.fatal("stopped are %v, not %v\n%s", got, want, p.said())
	}
}

// round changes the sources, and has the target follow, in one of several ways.
func (w *modelWorld) round(n int) {
	w.tb.Helper()
	full := map[string]bool{}
	var sql strings.Builder
	for _, t := range w.tables {
		if t.stopped {
			full[t.name] = t.mend(w.draw)
		} else {
			t.change(w.draw, n > 0 && w.draw.IntN(6) == 0)
		}
		sql.WriteString(t.define())
	}
	w.rows(w.source, sql.String())
	anew := map[string]bool{}
	for name := range full {
		if full[name] {
			anew[name] = true
		}
	}
	for name := range anew {
		after, stops, _ := w.expect(anew, map[string]bool{name: true})
		w.tell("round %d: %s anew, %v", n, name, stops)
		p := w.run(w.job, w.newState(), "sync", w.file, "--json", "--full-refresh", "--only", "s."+name)
		w.compareStops(p, stops)
		w.settled(after, stops, "moved anew")
	}
	after, stops, _ := w.expect(nil, nil)
	w.tell("round %d: stops %v", n, stops)
	switch w.draw.IntN(5) {
	case 0, 1:
		w.killed(after, stops)
	case 2:
		w.twice(after, stops)
	default:
		w.compareStops(w.run(w.job, w.newState(), "sync", w.file, "--json"), stops)
		w.settled(after, stops, "synced")
	}
	if left := w.leftovers(); len(left) > 0 {
		w.fatal("left: %v", left)
	}
	// What was synced is in step: the next sync moves nothing of it.
	if len(stops) == 0 && w.draw.IntN(3) == 0 {
		p := w.run(w.job, w.newState(), "sync", w.file)
		if p.code != 0 || !strings.Contains(p.out.String(), fmt.Sprintf("nothing is new in %d tables", len(w.tables))) {
			w.fatal("a second sync: %s", p.said())
		}
	}
}

// killed kills a sync at some point. Each table is then as it was, or in step with its cursor, and one way or another it goes on.
func (w *modelWorld) killed(after map[string]modelTable, stops map[string]string) {
	w.tb.Helper()
	state := w.newState()
	at := fmt.Sprintf("%d %s", 1+w.draw.IntN(160), []string{"before", "answered", "unread"}[w.draw.IntN(3)])
	w.network.Next()
	k := w.launch(state, at, "sync", w.file, "--json").wait()
	if !k.killed {
		w.compareStops(k.process, stops)
		w.settled(after, stops, "synced")
		return
	}
	w.report.count(func(c *tortureCounters) { c.Kills++ })
	left := map[string]modelTable{}
	for _, t := range w.tables {
		run := ""
		if _, there := w.rows(w.target, "select run from sealift.cursors"); there {
			run = w.value(w.target, "select coalesce(max(run), '') from sealift.cursors where target = 's."+t.name+"'")
		}
		if next := after[t.name]; run != t.run {
			*t = next
			t.good, t.goodShape, t.run = slices.Clone(t.source), t.shape, run
		} else {
			left[t.name] = next
		}
		w.hold(t, "killed at "+at)
	}
	w.network.Next()
	run := w.runID(state)
	how := w.draw.IntN(3)
	if run == "" && how == 0 {
		how = 1
	}
	w.tell("killed at %s, %d tables left, goes on by %s", at, len(left), []string{"resume", "sync", "clean, sync"}[how])
	switch how {
	case 0:
		p := w.run(w.job, state, "resume", run)
		planned := 0
		for target := range stops {
			if _, _, inside := left[strings.TrimPrefix(target, "s.")].sync(false); inside {
				planned = 3
			}
		}
		if p.code != planned {
			w.fatal("resume: %d wanted\n%s", planned, p.said())
		}
		w.settled(left, stops, "resumed")
	case 1:
		// On this machine everybody can see that the process is gone, and nobody has to wait for its lease.
		w.compareStops(w.run(w.job, w.newState(), "sync", w.file, "--json"), stops)
		w.settled(left, stops, "synced after a kill")
		if run != "" {
			// What was killed comes back when all of it was synced by another.
			p := w.run(w.job, state, "resume", run)
			w.tell("the killed one was resumed afterwards: exit %d", p.code)
			for _, t := range w.tables {
				w.hold(t, "resumed after another sync")
			}
		}
		w.clean()
	default:
		w.clean()
		w.compareStops(w.run(w.job, w.newState(), "sync", w.file, "--json"), stops)
		w.settled(left, stops, "cleaned and synced after a kill")
	}
}

func (w *modelWorld) clean() {
	w.tb.Helper()
	if p := w.run(w.job, w.newState(), "clean", w.file, "--older-than", "0"); p.code != 0 {
		w.fatal("%s", p.said())
	}
}

// twice has two syncs of the job at once: nothing is moved twice, and what one does not do the other does.
func (w *modelWorld) twice(after map[string]modelTable, stops map[string]string) {
	w.tb.Helper()
	both := []*process{w.start(w.newState(), nil, "sync", w.file), w.start(w.newState(), nil, "sync", w.file)}
	for _, p := range both {
		p.begin(w.tb)
	}
	came := 0
	good := 0
	if len(stops) > 0 {
		good = 3
	}
	for _, p := range both {
		switch p.wait(); {
		case p.code == good:
			came++
		case slices.Contains([]int{3, 4, 5}, p.code): // it was late: the other holds the target, or has moved its cursors
		default:
			w.fatal("%s", p.said())
		}
	}
	w.tell("two at once: exits %d and %d", both[0].code, both[1].code)
	if came == 0 {
		w.fatal("neither of two at once came to its end: %s\n%s", both[0].said(), both[1].said())
	}
	w.settled(after, stops, "two at once")
}

// The target is what the model says after every sync: random changes of the sources of every mode, rows that come late or in one tick,
// columns that change, rows and columns that stop a table, syncs that are killed, resumed, repeated, or run twice at once. Issue 10.
func TestSyncModel(t *testing.T) {
	t.Parallel()
	seeds, rounds := 1, 5
	switch {
	case *tortureAll:
		seeds, rounds = 6, 40
	case raceDetector:
		rounds = 3
	}
	for i := range seeds {
		seed := *tortureSeed + uint64(i)
		t.Run(fmt.Sprintf("seed=%d", seed), func(t *testing.T) {
			w := newModelWorld(t, fmt.Sprintf("syncmodel%d", seed), rand.New(rand.NewPCG(seed, 7)))
			for n := range rounds {
				w.round(n)
			}
			t.Logf("%d processes, %d kills", w.report.Counters.Processes, w.report.Counters.Kills)
		})
	}
}

func newModelWorld(t *testing.T, name string, draw *rand.Rand) *modelWorld {
	t.Helper()
	w := &modelWorld{rig: newRig(t, &tortureReport{Counters: tortureCounters{Exits: map[string]int{}}}, name, nil), draw: draw}
	w.tables = models(draw)
	slices.SortFunc(w.tables, func(a, b *modelTable) int { return cmp.Compare(a.name, b.name) })
	w.network.Begin()
	w.rows(w.source, "create schema s")
	w.file = filepath.Join(w.folder, "sync.yaml")
	text := os.Expand(jobHead, w.variable) + "tables:\n"
	for _, m := range w.tables {
		text += m.entry()
	}
	if err := os.WriteFile(w.file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return w
}
