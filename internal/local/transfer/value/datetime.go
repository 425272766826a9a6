package value

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
)

// Layout is a DATEFORMAT or TIMEFORMAT. The zero value is the default of the column's type.
type Layout struct {
	text     string
	auto     bool
	epoch    int64 // ticks of one second: 1 for 'epochsecs', 1000 for 'epochmillisecs'
	elements []element
}

// element is one part of a format: a field, or text that must stand as it is.
type element struct {
	field   string
	literal byte
}

// formatFields are the elements of the manual's DATEFORMAT and TIMEFORMAT strings, longest first.
var formatFields = []string{"YYYY", "HH24", "HH12", "MON", "YY", "MM", "DD", "HH", "MI", "SS", "AM", "PM"}

// ParseLayout reads the text of DATEFORMAT or TIMEFORMAT; "" is the default. The words auto, epochsecs and
// epochmillisecs are case-sensitive.
func ParseLayout(text string) (Layout, error) {
	l := Layout{text: text}
	switch text {
	case "":
		return l, nil
	case "auto":
		l.auto = true
		return l, nil
	case "epochsecs":
		l.epoch = 1
		return l, nil
	case "epochmillisecs":
		l.epoch = 1000
		return l, nil
	}
	upper := strings.ToUpper(text)
next:
	for i := 0; i < len(text); {
		for _, f := range formatFields {
			if strings.HasPrefix(upper[i:], f) {
				if f == "HH24" {
					f = "HH"
				}
				l.elements = append(l.elements, element{field: f})
				i += len(f)
				if strings.HasPrefix(upper[i:], "24") && f == "HH" {
					i += 2
				}
				continue next
			}
		}
		l.elements = append(l.elements, element{literal: text[i]})
		i++
	}
	for _, e := range l.elements {
		if e.field == "YYYY" || e.field == "YY" {
			return l, nil
		}
	}
	return Layout{}, fmt.Errorf("format %q names no year", text)
}

// moment is a date, a time of day, or both, as they were read.
type moment struct {
	year, month, day     int // year 0 is 1 BC
	hour, minute, second int
	micros               int
	hasDate, hasTime     bool
	hasZone              bool
	offset               int // seconds east of UTC
}

var daysIn = [13]int{0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31}

func (m *moment) validDate() bool {
	if m.month < 1 || m.month > 12 || m.day < 1 || m.year < -4712 || m.year > 294276 {
		return false
	}
	days := daysIn[m.month]
	if m.month == 2 && m.year%4 == 0 && (m.year%100 != 0 || m.year%400 == 0) {
		days++
	}
	return m.day <= days
}

func (m *moment) validTime() bool {
	return m.hour <= 23 && m.minute <= 59 && m.second <= 59 && m.offset >= -16*3600 && m.offset <= 16*3600
}

// appendDate appends the date without its era and tells whether that is BC.
func (m *moment) appendDate(dst []byte) ([]byte, bool) {
	year, bc := m.year, false
	if year <= 0 {
		year, bc = 1-year, true
	}
	for n := 1000; n > year; n /= 10 {
		dst = append(dst, '0')
	}
	dst = strconv.AppendInt(dst, int64(year), 10)
	dst = append(dst, '-')
	dst = append2(dst, m.month)
	dst = append(dst, '-')
	return append2(dst, m.day), bc
}

func append2(dst []byte, n int) []byte { return append(dst, byte('0'+n/10), byte('0'+n%10)) }

func (m *moment) appendTime(dst []byte) []byte {
	dst = append2(dst, m.hour)
	dst = append(dst, ':')
	dst = append2(dst, m.minute)
	dst = append(dst, ':')
	dst = append2(dst, m.second)
	if m.micros > 0 {
		dst = append(dst, '.')
		for n := 100000; n > 0; n /= 10 {
			dst = append(dst, byte('0'+m.micros/n%10))
		}
	}
	return dst
}

func (m *moment) appendZone(dst []byte) []byte {
	offset := m.offset
	sign := byte('+')
	if offset < 0 {
		sign, offset = '-', -offset
	}
	dst = append(dst, sign)
	dst = append2(dst, offset/3600)
	dst = append(dst, ':')
	dst = append2(dst, offset/60%60)
	if s := offset % 60; s > 0 {
		dst = append(dst, ':')
		dst = append2(dst, s)
	}
	return dst
}

// datetime converts DATE, TIME, TIMETZ, TIMESTAMP and TIMESTAMPTZ.
func (c *Converter) datetime(dst, text []byte) ([]byte, *Error) {
	var m moment
	var ok bool
	switch c.Kind {
	case Date:
		ok = c.rules.DateFormat.date(text, &m)
	case Time, TimeTZ:
		n := 0
		n, ok = parseTime(text, &m)
		rest := text[n:]
		if ok && len(rest) > 0 {
			ok = c.Kind == TimeTZ && parseZone(bytes.TrimLeft(rest, " "), &m)
		}
		ok = ok && m.validTime()
	default:
		ok = c.rules.TimeFormat.timestamp(text, &m, c.Kind == TimestampTZ)
	}
	if !ok {
		if c.rules.AcceptAnyDate && c.Kind != Time && c.Kind != TimeTZ {
			return c.null(dst)
		}
		return dst, c.dateError(text)
	}
	switch c.Kind {
	case Time, TimeTZ:
		dst = m.appendTime(dst)
		if c.Kind == TimeTZ {
			dst = m.appendZone(dst)
		}
		return dst, nil
	default:
	}
	dst, bc := m.appendDate(dst)
	if c.Kind != Date {
		dst = append(dst, ' ')
		dst = m.appendTime(dst)
		if c.Kind == TimestampTZ {
			dst = m.appendZone(dst)
		}
	}
	if bc {
		dst = append(dst, " BC"...)
	}
	return dst, nil
}

func (c *Converter) dateError(text []byte) *Error {
	switch c.Kind {
	case Date:
		if c.rules.DateFormat.text == "" && len(text) < 10 {
			return &Error{Code: codeDate, Reason: "Invalid Date Format - length must be 10 or more"}
		}
		return &Error{Code: codeDate, Reason: fmt.Sprintf("Error in Date value or format [%s]", c.rules.DateFormat.shown("%Y-%m-%d"))}
	case Time, TimeTZ:
		return &Error{Code: codeTimestamp, Reason: "Error in Time value or format [%H:%M:%S]"}
	default:
		return &Error{Code: codeTimestamp, Reason: fmt.Sprintf("Error in Timestamp value or format [%s]", c.rules.TimeFormat.shown("%Y-%m-%d %H:%M:%S"))}
	}
}

func (l Layout) shown(deflt string) string {
	if l.text == "" {
		return deflt
	}
	return l.text
}

// date reads a date by the layout; a time behind it does not count.
func (l Layout) date(text []byte, m *moment) bool {
	switch {
	case l.auto:
		return recognize(text, m) && m.hasDate && m.validDate()
	case l.epoch > 0:
		return false
	case l.elements != nil:
		n, ok := l.parse(text, m)
		return ok && m.validDate() && (n == len(text) || text[n] == ' ' || text[n] == 'T')
	}
	n, ok := parseISODate(text, m)
	return ok && m.validDate() && (n == len(text) || text[n] == ' ' || text[n] == 'T')
}

// timestamp reads a timestamp by the layout, with a zone only where the default or auto allow one.
func (l Layout) timestamp(text []byte, m *moment, zone bool) bool {
	switch {
	case l.auto:
		return recognize(text, m) && m.hasDate && m.validDate() && m.validTime()
	case l.epoch > 0:
		return m.fromEpoch(text, l.epoch)
	case l.elements != nil:
		n, ok := l.parse(text, m)
		return ok && n == len(text) && m.validDate() && m.validTime()
	}
	n, ok := parseISODate(text, m)
	if !ok || n >= len(text) || text[n] != ' ' {
		return false
	}
	k, ok := parseTime(text[n+1:], m)
	if !ok {
		return false
	}
	if rest := text[n+1+k:]; len(rest) > 0 && (!zone || !parseZone(rest, m)) {
		return false
	}
	return m.validDate() && m.validTime()
}

// parseISODate reads YYYY-MM-DD and answers how long it was.
func parseISODate(b []byte, m *moment) (int, bool) {
	if len(b) < 10 || b[4] != '-' || b[7] != '-' {
		return 0, false
	}
	var ok1, ok2, ok3 bool
	m.year, ok1 = digits(b[:4])
	m.month, ok2 = digits(b[5:7])
	m.day, ok3 = digits(b[8:10])
	m.hasDate = true
	return 10, ok1 && ok2 && ok3 && m.year > 0
}

// parseTime reads HH:MI[:SS[.ffffff]] and answers how long it was. Digits behind microseconds are cut off.
func parseTime(b []byte, m *moment) (int, bool) {
	if len(b) < 5 || b[2] != ':' {
		return 0, false
	}
	var ok1, ok2 bool
	m.hour, ok1 = digits(b[:2])
	m.minute, ok2 = digits(b[3:5])
	m.hasTime = true
	if !ok1 || !ok2 {
		return 0, false
	}
	if len(b) < 8 || b[5] != ':' {
		return 5, true
	}
	var ok bool
	if m.second, ok = digits(b[6:8]); !ok {
		return 0, false
	}
	return 8 + m.fraction(b[8:]), true
}

// fraction reads .ffffff if it comes next and answers how long it was.
func (m *moment) fraction(b []byte) int {
	if len(b) < 2 || b[0] != '.' || b[1] < '0' || b[1] > '9' {
		return 0
	}
	i, unit := 1, 100000
	m.micros = 0
	for ; i < len(b) && b[i] >= '0' && b[i] <= '9'; i++ {
		m.micros += int(b[i]-'0') * unit
		unit /= 10
	}
	return i
}

// zones are the abbreviations that automatic recognition knows, in hours east of UTC.
var zones = map[string]int{
	"Z": 0, "UTC": 0, "GMT": 0, "UT": 0, "WET": 0, "CET": 1, "BST": 1, "WEST": 1, "CEST": 2, "EET": 2, "EEST": 3, "MSK": 3, "JST": 9,
	"AST": -4, "ADT": -3, "EST": -5, "EDT": -4, "CST": -6, "CDT": -5, "MST": -7, "MDT": -6, "PST": -8, "PDT": -7, "AKST": -9, "HST": -10,
}

// parseZone reads a whole zone: Z, an abbreviation, or +HH, +HHMM, +HH:MM, +HH:MM:SS.
func parseZone(b []byte, m *moment) bool {
	if len(b) == 0 {
		return false
	}
	m.hasZone = true
	if b[0] != '+' && b[0] != '-' {
		hours, ok := zones[string(bytes.ToUpper(b))]
		m.offset = hours * 3600
		return ok
	}
	sign := 1
	if b[0] == '-' {
		sign = -1
	}
	var parts []int
	for rest := b[1:]; len(rest) > 0; {
		if rest[0] == ':' && len(parts) > 0 {
			rest = rest[1:]
		}
		width := min(2, len(rest))
		if width == 0 || len(parts) == 3 {
			return false
		}
		if len(rest) > 1 && (rest[1] < '0' || rest[1] > '9') {
			width = 1
		}
		n, ok := digits(rest[:width])
		if !ok {
			return false
		}
		parts = append(parts, n)
		rest = rest[width:]
	}
	parts = append(parts, 0, 0)
	if len(parts) < 3 || parts[1] > 59 || parts[2] > 59 {
		return false
	}
	m.offset = sign * (parts[0]*3600 + parts[1]*60 + parts[2])
	return true
}

func digits(b []byte) (int, bool) {
	n := 0
	for _, c := range b {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + int(c-'0')
	}
	return n, len(b) > 0 && len(b) <= 9
}

// fromEpoch reads seconds or milliseconds since 1970, with a fraction if there is one.
func (m *moment) fromEpoch(text []byte, ticks int64) bool {
	negative := text[0] == '-'
	body := bytes.TrimPrefix(text, []byte("-"))
	whole, fraction, dotted := bytes.Cut(body, []byte("."))
	n, err := strconv.ParseInt(string(whole), 10, 64)
	if err != nil || n > 1<<53 || whole[0] == '+' || (dotted && len(fraction) == 0) {
		return false
	}
	micros := n * (1_000_000 / ticks)
	unit := 1_000_000 / ticks / 10
	for _, c := range fraction {
		if c < '0' || c > '9' {
			return false
		}
		micros += int64(c-'0') * unit
		unit /= 10
	}
	if n > 1<<62/(1_000_000/ticks) {
		return false
	}
	if negative {
		micros = -micros
	}
	seconds := micros / 1_000_000
	m.micros = int(micros % 1_000_000)
	if m.micros < 0 {
		m.micros += 1_000_000
		seconds--
	}
	days := seconds / 86400
	rest := int(seconds % 86400)
	if rest < 0 {
		rest += 86400
		days--
	}
	m.year, m.month, m.day = civil(days)
	m.hour, m.minute, m.second = rest/3600, rest/60%60, rest%60
	return m.validDate()
}

// civil answers the Gregorian date that is days after 1970-01-01.
func civil(days int64) (year, month, day int) {
	// Counted from 0000-03-01, so that a leap day is the last of its year; 146097 days are 400 years.
	z := days + 719468
	era := z / 146097
	if z < 0 {
		era = (z - 146096) / 146097
	}
	doe := z - era*146097
	yoe := (doe - doe/1460 + doe/36524 - doe/146096) / 365
	doy := doe - (365*yoe + yoe/4 - yoe/100)
	mp := (5*doy + 2) / 153
	day = int(doy - (153*mp+2)/5 + 1)
	month = int(mp + 3)
	if month > 12 {
		month -= 12
	}
	year = int(yoe + era*400)
	if month <= 2 {
		year++
	}
	return year, month, day
}

var months = [...]string{"JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"}

var monthNames = [...]string{
	"JANUARY", "FEBRUARY", "MARCH", "APRIL", "MAY", "JUNE", "JULY", "AUGUST", "SEPTEMBER", "OCTOBER", "NOVEMBER", "DECEMBER",
}

// monthOf reads the name of a month, whole or its first three letters, and answers how long it was.
func monthOf(b []byte) (month, n int) {
	for n < len(b) && isLetter(b[n]) {
		n++
	}
	word := strings.ToUpper(string(b[:min(n, 9)]))
	for i := range months {
		if word == months[i] || word == monthNames[i] || (i == 8 && word == "SEPT") {
			return i + 1, n
		}
	}
	return 0, 0
}

func isLetter(c byte) bool { c |= 0x20; return c >= 'a' && c <= 'z' }

// parse reads text by an explicit format and answers how much of it was read.
func (l Layout) parse(b []byte, m *moment) (int, bool) {
	i := 0
	pm, am := false, false
	m.month, m.day, m.hasDate = 1, 1, true
	for k, e := range l.elements {
		if e.field == "" {
			if i >= len(b) || b[i] != e.literal {
				return i, false
			}
			i++
			continue
		}
		switch e.field {
		case "MON":
			month, n := monthOf(b[i:])
			if n == 0 {
				return i, false
			}
			m.month = month
			i += n
			continue
		case "AM", "PM":
			if len(b)-i < 2 {
				return i, false
			}
			mark := strings.ToUpper(string(b[i : i+2]))
			am, pm = mark == "AM", mark == "PM"
			if !am && !pm {
				return i, false
			}
			i += 2
			continue
		}
		width := 2
		if e.field == "YYYY" {
			width = 4
		}
		// Fields may be shorter than their widths, unless another field follows directly.
		exact := width == 4 || (k+1 < len(l.elements) && l.elements[k+1].field != "")
		n := 0
		for n < width && i+n < len(b) && b[i+n] >= '0' && b[i+n] <= '9' {
			n++
		}
		if n == 0 || (exact && n < width) {
			return i, false
		}
		v, _ := digits(b[i : i+n])
		i += n
		switch e.field {
		case "YYYY":
			m.year = v
			if v == 0 {
				return i, false
			}
		case "YY":
			m.year = century(v)
		case "MM":
			m.month = v
		case "DD":
			m.day = v
		case "HH", "HH12":
			if e.field == "HH12" && (v < 1 || v > 12) {
				return i, false
			}
			m.hour = v
		case "MI":
			m.minute = v
		case "SS":
			m.second = v
			i += m.fraction(b[i:])
		}
	}
	return i, m.halfDay(am, pm)
}

// halfDay applies AM or PM to the hour.
func (m *moment) halfDay(am, pm bool) bool {
	if !am && !pm {
		return true
	}
	if m.hour > 12 || m.hour < 1 {
		return false
	}
	m.hour %= 12
	if pm {
		m.hour += 12
	}
	return true
}

// century completes a year of two digits as PostgreSQL does.
func century(year int) int {
	if year < 70 {
		return 2000 + year
	}
	return 1900 + year
}
