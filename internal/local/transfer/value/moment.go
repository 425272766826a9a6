package value

import (
	"bytes"
	"fmt"
)

// ParseMoment reads a DATE, TIMESTAMP or TIMESTAMPTZ as PostgreSQL writes it (DateStyle ISO) and answers the days since
// 1970-01-01 and the microseconds of that day, in UTC where there is a zone. Microseconds may lie outside of the day
// by the width of a zone.
func ParseMoment(text []byte) (days, micros int64, err error) {
	rest, bc := bytes.CutSuffix(text, []byte(" BC"))
	year, n := 0, 0
	for n < len(rest) && isDigit(rest[n]) && n < 7 {
		year = year*10 + int(rest[n]-'0')
		n++
	}
	if n < 4 || len(rest) < n+6 || rest[n] != '-' || rest[n+3] != '-' {
		return 0, 0, fmt.Errorf("%q is not a date", text)
	}
	month, ok1 := digits(rest[n+1 : n+3])
	day, ok2 := digits(rest[n+4 : n+6])
	if !ok1 || !ok2 {
		return 0, 0, fmt.Errorf("%q is not a date", text)
	}
	if bc {
		year = 1 - year
	}
	days = daysOf(year, month, day)
	rest = rest[n+6:]
	if len(rest) == 0 {
		return days, 0, nil
	}
	var m moment
	k, ok := parseTime(rest[1:], &m)
	if !ok {
		return 0, 0, fmt.Errorf("%q is not a timestamp", text)
	}
	if zone := rest[1+k:]; len(zone) > 0 && !parseZone(zone, &m) {
		return 0, 0, fmt.Errorf("%q is not a timestamp", text)
	}
	return days, m.timeOfDay() - int64(m.offset)*1_000_000, nil
}

// ParseTimeOfDay reads a TIME as PostgreSQL writes it and answers its microseconds.
func ParseTimeOfDay(text []byte) (int64, error) {
	var m moment
	if n, ok := parseTime(text, &m); !ok || n != len(text) {
		return 0, fmt.Errorf("%q is not a time", text)
	}
	return m.timeOfDay(), nil
}

func (m *moment) timeOfDay() int64 {
	return int64(m.hour*3600+m.minute*60+m.second)*1_000_000 + int64(m.micros)
}

// daysOf is the inverse of civil.
func daysOf(year, month, day int) int64 {
	y := int64(year)
	if month <= 2 {
		y--
	}
	era := y / 400
	if y < 0 {
		era = (y - 399) / 400
	}
	yoe := y - era*400
	mp := int64(month+9) % 12
	doy := (153*mp+2)/5 + int64(day) - 1
	doe := yoe*365 + yoe/4 - yoe/100 + doy
	return era*146097 + doe - 719468
}

// AppendDate appends the date that is days after 1970-01-01 as PostgreSQL takes it.
func AppendDate(dst []byte, days int64) []byte {
	var m moment
	m.year, m.month, m.day = civil(days)
	dst, bc := m.appendDate(dst)
	if bc {
		dst = append(dst, " BC"...)
	}
	return dst
}

// AppendTimestamp appends the timestamp that is micros after 1970-01-01 as PostgreSQL takes it.
func AppendTimestamp(dst []byte, micros int64) []byte {
	seconds := micros / 1_000_000
	fraction := micros % 1_000_000
	if fraction < 0 {
		fraction += 1_000_000
		seconds--
	}
	days := seconds / 86400
	rest := int(seconds % 86400)
	if rest < 0 {
		rest += 86400
		days--
	}
	m := moment{hour: rest / 3600, minute: rest / 60 % 60, second: rest % 60, micros: int(fraction)}
	m.year, m.month, m.day = civil(days)
	dst, bc := m.appendDate(dst)
	dst = append(dst, ' ')
	dst = m.appendTime(dst)
	if bc {
		dst = append(dst, " BC"...)
	}
	return dst
}
