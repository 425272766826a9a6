package mask

import (
	"errors"
	"strconv"
)

var (
	errDate   = errors.New("the value is not a date")
	errMoment = errors.New("the value is not a timestamp in UTC")
	errRange  = errors.New("the result is not within 4713 BC and 294276, as dates have to be")
)

// day is a date of the proleptic Gregorian calendar. Its year is astronomical: 0 is 1 BC.
type day struct{ year, month, day int }

const (
	firstYear = -4712 // 4713 BC
	lastYear  = 294276
)

// days since 1970-01-01.
func (d day) days() int64 {
	y, m := int64(d.year), int64(d.month)
	if m <= 2 {
		y--
		m += 12
	}
	era := floorDiv(y, 400)
	ofEra := y - era*400
	ofYear := (153*(m-3)+2)/5 + int64(d.day) - 1
	return era*146097 + ofEra*365 + ofEra/4 - ofEra/100 + ofYear - 719468
}

func dayOf(days int64) day {
	days += 719468
	era := floorDiv(days, 146097)
	ofEra := days - era*146097
	yearOfEra := (ofEra - ofEra/1460 + ofEra/36524 - ofEra/146096) / 365
	ofYear := ofEra - (365*yearOfEra + yearOfEra/4 - yearOfEra/100)
	m := (5*ofYear + 2) / 153
	d := day{year: int(yearOfEra + era*400), month: int(m) + 3, day: int(ofYear-(153*m+2)/5) + 1}
	if d.month > 12 {
		d.month -= 12
		d.year++
	}
	return d
}

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

func (d day) check() error {
	if d.year < firstYear || d.year > lastYear {
		return errRange
	}
	return nil
}

func cutBC(in []byte) ([]byte, bool) {
	if n := len(in) - len(" BC"); n > 0 && string(in[n:]) == " BC" {
		return in[:n], true
	}
	return in, false
}

// parseDate reads a date as the server writes it.
func parseDate(in []byte) (day, error) {
	in, bc := cutBC(in)
	return parseDay(in, bc)
}

func parseDay(in []byte, bc bool) (day, error) {
	n := len(in)
	if n < len("0001-01-01") || n > len("294276-01-01") || in[n-3] != '-' || in[n-6] != '-' {
		return day{}, errDate
	}
	year, ok1 := number(in[:n-6])
	month, ok2 := number(in[n-5 : n-3])
	d, ok3 := number(in[n-2:])
	if !ok1 || !ok2 || !ok3 || year == 0 || month < 1 || month > 12 || d < 1 || d > 31 {
		return day{}, errDate
	}
	if bc {
		year = 1 - year
	}
	out := day{year, month, d}
	if dayOf(out.days()) != out {
		return day{}, errDate // the 30th of February
	}
	return out, nil
}

func number(in []byte) (int, bool) {
	n := 0
	for _, c := range in {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + int(c-'0')
	}
	return n, len(in) > 0
}

// shown is the year as it is written, without BC.
func (d day) shown() (year int, bc bool) {
	if d.year <= 0 {
		return 1 - d.year, true
	}
	return d.year, false
}

// appendCanonical is TO_CHAR(d, 'YYYY-MM-DD'), which does not tell BC.
func (d day) appendCanonical(dst []byte) []byte {
	year, _ := d.shown()
	dst = appendPadded(dst, year, 4)
	dst = appendPadded(append(dst, '-'), d.month, 2)
	return appendPadded(append(dst, '-'), d.day, 2)
}

// append writes a date as the server does.
func (d day) append(dst []byte) []byte {
	dst = d.appendCanonical(dst)
	if _, bc := d.shown(); bc {
		dst = append(dst, " BC"...)
	}
	return dst
}

func appendPadded(dst []byte, n, width int) []byte {
	for limit := pow10(width - 1); int64(n) < limit && limit > 1; limit /= 10 {
		dst = append(dst, '0')
	}
	return strconv.AppendInt(dst, int64(n), 10)
}

const (
	microsPerSecond = 1_000_000
	secondsPerDay   = 86_400
	microsPerDay    = secondsPerDay * microsPerSecond
)

// moment is a timestamp: a date and the microseconds of that day.
type moment struct {
	day
	micros int64
	zoned  bool // written with +00
}

// parseMoment reads a timestamp as the server writes it: 2026-01-02 03:04:05.678, with +00 where it has a zone.
func parseMoment(in []byte) (moment, error) {
	in, bc := cutBC(in)
	var m moment
	if n := len(in) - len("+00"); n > 0 && string(in[n:]) == "+00" {
		m.zoned = true
		in = in[:n]
	}
	split := -1
	for i, c := range in {
		if c == ' ' {
			split = i
			break
		}
	}
	if split < 0 {
		return moment{}, errMoment
	}
	var err error
	if m.day, err = parseDay(in[:split], bc); err != nil {
		return moment{}, errMoment
	}
	clock := in[split+1:]
	if len(clock) < len("00:00:00") || clock[2] != ':' || clock[5] != ':' {
		return moment{}, errMoment
	}
	hours, ok1 := number(clock[:2])
	minutes, ok2 := number(clock[3:5])
	seconds, ok3 := number(clock[6:8])
	if !ok1 || !ok2 || !ok3 || hours > 23 || minutes > 59 || seconds > 59 {
		return moment{}, errMoment
	}
	m.micros = int64(hours*3600+minutes*60+seconds) * microsPerSecond
	if rest := clock[8:]; len(rest) > 0 {
		fraction, ok := number(rest[1:])
		if rest[0] != '.' || !ok || len(rest) > 7 {
			return moment{}, errMoment
		}
		m.micros += int64(fraction) * pow10(7-len(rest))
	}
	return m, nil
}

func (m moment) appendClock(dst []byte) []byte {
	s := int(m.micros / microsPerSecond)
	dst = appendPadded(append(dst, ' '), s/3600, 2)
	dst = appendPadded(append(dst, ':'), s/60%60, 2)
	return appendPadded(append(dst, ':'), s%60, 2)
}

// appendCanonical is TO_CHAR(m, 'YYYY-MM-DD HH24:MI:SS.US').
func (m moment) appendCanonical(dst []byte) []byte {
	dst = m.appendClock(m.day.appendCanonical(dst))
	return appendPadded(append(dst, '.'), int(m.micros%microsPerSecond), 6)
}

// append writes a timestamp as the server does.
func (m moment) append(dst []byte) []byte {
	dst = m.appendClock(m.day.appendCanonical(dst))
	if fraction := int(m.micros % microsPerSecond); fraction != 0 {
		dst = appendPadded(append(dst, '.'), fraction, 6)
		for dst[len(dst)-1] == '0' {
			dst = dst[:len(dst)-1]
		}
	}
	if m.zoned {
		dst = append(dst, "+00"...)
	}
	if _, bc := m.shown(); bc {
		dst = append(dst, " BC"...)
	}
	return dst
}

// add moves the moment.
func (m moment) add(days, seconds int64) moment {
	micros := m.micros + seconds%secondsPerDay*microsPerSecond
	days += seconds/secondsPerDay + floorDiv(micros, microsPerDay)
	m.micros = micros - floorDiv(micros, microsPerDay)*microsPerDay
	m.day = dayOf(m.days() + days)
	return m
}
