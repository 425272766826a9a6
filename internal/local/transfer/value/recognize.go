package value

import (
	"bytes"
	"strings"
)

// recognize reads a date, a time or both in any of the forms of the manual's automatic recognition ('auto'): ISO 8601,
// dates with -, / or . in the order YMD or MDY, names of months, compact digits, Julian days, day of year, AM/PM, zones
// and BC. The answer says whether every part of the text had a meaning; it is not checked against the calendar.
func recognize(text []byte, m *moment) bool {
	text = bytes.TrimSpace(text)
	if recognizeISO(text, m) {
		return true
	}
	*m = moment{}
	p := parts{moment: m}
	// A T between date and time is a blank, one in a name is not.
	for i := 1; i+1 < len(text); i++ {
		if (text[i] == 'T' || text[i] == 't') && isDigit(text[i-1]) && isDigit(text[i+1]) {
			text = bytes.Clone(text)
			text[i] = ' '
			break
		}
	}
	for field := range bytes.FieldsFuncSeq(text, func(r rune) bool { return r == ' ' || r == ',' || r == '\t' }) {
		if !p.take(field) {
			return false
		}
	}
	return p.finish()
}

// recognizeISO reads the commonest form quickly: YYYY-MM-DD[( |T)HH:MI:SS[.ffffff][zone]].
func recognizeISO(text []byte, m *moment) bool {
	n, ok := parseISODate(text, m)
	if !ok {
		return false
	}
	if n == len(text) {
		return true
	}
	if text[n] != ' ' && text[n] != 'T' {
		return false
	}
	k, ok := parseTime(text[n+1:], m)
	if !ok {
		return false
	}
	rest := text[n+1+k:]
	return len(rest) == 0 || parseZone(rest, m)
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// parts gathers what the parts of a text were found to be.
type parts struct {
	*moment
	yearSet, monthSet, daySet bool
	am, pm, bc                bool
	twoDigits                 bool // the year was written with two digits
}

// take finds out what one part of the text is.
func (p *parts) take(f []byte) bool {
	upper := strings.ToUpper(string(f))
	switch {
	case upper == "AM":
		p.am = true
		return p.hasTime
	case upper == "PM":
		p.pm = true
		return p.hasTime
	case upper == "BC":
		p.bc = true
		return true
	case upper == "AD":
		return true
	case f[0] == 'J' && len(f) > 1 && isDigit(f[1]):
		return p.julian(f[1:])
	case (f[0] == '+' || f[0] == '-') && p.hasTime:
		return parseZone(f, p.moment)
	case bytes.IndexByte(f, ':') > 0:
		return p.clock(f)
	case isLetter(f[0]):
		return p.word(f)
	}
	return p.number(f)
}

// julian takes a Julian day; day 2440588 is 1970-01-01.
func (p *parts) julian(f []byte) bool {
	n, ok := digits(f)
	if !ok || p.hasDate {
		return false
	}
	p.year, p.month, p.day = civil(int64(n) - 2440588)
	p.yearSet, p.monthSet, p.daySet, p.hasDate = true, true, true, true
	return true
}

// clock takes a time of day with a zone behind it if there is one.
func (p *parts) clock(f []byte) bool {
	if p.hasTime {
		return false
	}
	if len(f) > 1 && f[1] == ':' {
		f = append([]byte{'0'}, f...)
	}
	n, ok := parseTime(f, p.moment)
	if !ok {
		return false
	}
	rest := f[n:]
	switch strings.ToUpper(string(rest)) {
	case "":
		return true
	case "AM":
		p.am = true
		return true
	case "PM":
		p.pm = true
		return true
	}
	return parseZone(rest, p.moment)
}

var weekdays = [...]string{"SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"}

// word takes a month, alone or with the rest of a date joined to it, a day of the week, or a zone.
func (p *parts) word(f []byte) bool {
	month, n := monthOf(f)
	if n == 0 {
		upper := strings.ToUpper(string(f))
		for _, d := range weekdays {
			if strings.HasPrefix(upper, d) && strings.HasSuffix(upper, "DAY") || upper == d {
				return true
			}
		}
		return p.hasTime && parseZone(f, p.moment)
	}
	if p.monthSet {
		return false
	}
	p.month, p.monthSet, p.hasDate = month, true, true
	for part := range bytes.FieldsFuncSeq(f[n:], isSeparator) {
		if !p.dayOrYear(part) {
			return false
		}
	}
	return true
}

func isSeparator(r rune) bool { return r == '-' || r == '/' || r == '.' }

// number takes digits: a whole date with separators, compact digits, or one part beside the name of a month.
func (p *parts) number(f []byte) bool {
	if !isDigit(f[0]) {
		return false
	}
	var buf [4][]byte
	fields := buf[:0]
	for part := range bytes.FieldsFuncSeq(f, isSeparator) {
		if len(fields) == 3 {
			return false
		}
		fields = append(fields, part)
	}
	if len(fields) == 3 && isLetter(fields[1][0]) { // 08-Jan-1995, 1995-Jan-08
		month, n := monthOf(fields[1])
		if n != len(fields[1]) || n == 0 || p.monthSet {
			return false
		}
		p.month, p.monthSet, p.hasDate = month, true, true
		return p.dayOrYear(fields[0]) && p.dayOrYear(fields[2])
	}
	switch {
	case len(fields) == 3:
		return p.numeric(fields)
	case len(fields) == 2 && len(fields[0]) == 4 && len(fields[1]) == 3 && f[4] == '.': // 1996.008
		return p.dayOfYear(fields)
	case len(fields) != 1:
		return false
	}
	switch {
	case p.monthSet && !p.daySet, p.monthSet && !p.yearSet:
		return p.dayOrYear(f)
	case !p.hasDate && len(f) >= 6 && len(f) <= 8 && len(f) != 7:
		return p.compactDate(f)
	case p.hasDate && !p.hasTime && len(f) == 6:
		return p.compactTime(f)
	case !p.hasDate && len(f) <= 2: // 17 Dec 1997
		return p.dayOrYear(f)
	}
	return false
}

func (p *parts) numeric(fields [][]byte) bool {
	if p.hasDate {
		return false
	}
	y, m, d := fields[2], fields[0], fields[1]
	if len(fields[0]) > 2 {
		y, m, d = fields[0], fields[1], fields[2]
	}
	return p.setYear(y) && set(&p.month, m) && set(&p.day, d) && p.whole()
}

func (p *parts) compactDate(f []byte) bool {
	n := len(f)
	return p.setYear(f[:n-4]) && set(&p.month, f[n-4:n-2]) && set(&p.day, f[n-2:]) && p.whole()
}

func (p *parts) compactTime(f []byte) bool {
	p.hasTime = true
	return set(&p.hour, f[:2]) && set(&p.minute, f[2:4]) && set(&p.second, f[4:])
}

func (p *parts) dayOfYear(fields [][]byte) bool {
	n, ok := digits(fields[1])
	if !ok || !p.setYear(fields[0]) {
		return false
	}
	for p.month = 1; p.month <= 12; p.month++ {
		p.day = daysIn[p.month]
		if p.day++; !p.validDate() {
			p.day--
		}
		if n <= p.day {
			p.day = n
			return p.whole()
		}
		n -= p.day
	}
	return false
}

func (p *parts) whole() bool {
	p.yearSet, p.monthSet, p.daySet, p.hasDate = true, true, true, true
	return true
}

// dayOrYear takes a number beside the name of a month: the first that can be one is the day.
func (p *parts) dayOrYear(f []byte) bool {
	p.hasDate = true
	if len(f) <= 2 && !p.daySet {
		p.daySet = true
		return set(&p.day, f)
	}
	return !p.yearSet && p.setYear(f)
}

func (p *parts) setYear(f []byte) bool {
	n, ok := digits(f)
	if !ok || len(f) > 6 {
		return false
	}
	p.year, p.yearSet = n, true
	p.twoDigits = len(f) <= 2
	return n > 0 || p.twoDigits
}

func set(to *int, f []byte) bool {
	n, ok := digits(f)
	*to = n
	return ok
}

func (p *parts) finish() bool {
	if p.hasDate {
		if !p.yearSet || !p.monthSet || !p.daySet {
			return false
		}
		switch {
		case p.bc:
			p.year = 1 - p.year
		case p.twoDigits:
			p.year = century(p.year)
		}
	}
	return p.halfDay(p.am, p.pm)
}
