package infer

// classify says what a value can be read as. hint is what the column's values have been so far: most are alike, and
// trying that first is most of the speed.
func classify(v []byte, hint kind) (k kind, whole, fraction int) {
	if len(v) == 0 {
		return text, 0, 0
	}
	if hint == date || hint == timestamp || hint == timestamptz {
		if k := moment(v); k != nothing {
			return k, 0, 0
		}
	}
	switch c := v[0]; {
	case c >= '0' && c <= '9' || c == '-' || c == '.':
		if k, whole, fraction := number(v); k != nothing {
			return k, whole, fraction
		}
		if k := moment(v); k != nothing {
			return k, 0, 0
		}
	case truth(v):
		return boolean, 0, 0
	}
	return text, 0, 0
}

// truth knows true and false only: t, y, 1 and so on mean other things just as often.
func truth(v []byte) bool { return equalFold(v, "true") || equalFold(v, "false") }

func equalFold(v []byte, lower string) bool {
	if len(v) != len(lower) {
		return false
	}
	for i := range v {
		if v[i]|0x20 != lower[i] {
			return false
		}
	}
	return true
}

// number reads decimals and floats. A leading zero before other digits or a leading point is no number: 00501 is a
// postal code, and would come back as 501.
func number(v []byte) (k kind, whole, fraction int) {
	i := 0
	if v[0] == '-' {
		i++
	}
	begin := i
	for i < len(v) && v[i]-'0' <= 9 {
		i++
	}
	whole = i - begin
	if whole == 0 || (whole > 1 && v[begin] == '0') {
		return nothing, 0, 0
	}
	if i == len(v) {
		if v[0] == '-' && whole == 1 && v[1] == '0' {
			return nothing, 0, 0 // -0 would come back as 0
		}
		return integer, whole, 0
	}
	if v[i] == '.' {
		i++
		begin := i
		for i < len(v) && v[i]-'0' <= 9 {
			i++
		}
		fraction = i - begin
		if fraction == 0 {
			return nothing, 0, 0
		}
		if i == len(v) {
			return decimal, whole, fraction
		}
	}
	// An exponent: as many significant digits as a double holds exactly, or it is text.
	if v[i]|0x20 != 'e' || whole+fraction > maxExact {
		return nothing, 0, 0
	}
	i++
	if i < len(v) && (v[i] == '-' || v[i] == '+') {
		i++
	}
	digits, exponent := 0, 0
	for ; i < len(v) && v[i]-'0' <= 9; i++ {
		digits++
		exponent = min(exponent*10+int(v[i]-'0'), 1000)
	}
	if i < len(v) || digits == 0 || exponent > 290 {
		return nothing, 0, 0
	}
	return float, 0, 0
}

// fits32 tells whether an integer's text is within 32 bits.
func fits32(v []byte) bool {
	negative := v[0] == '-'
	if negative {
		v = v[1:]
	}
	if len(v) > 10 {
		return false
	}
	n := int64(0)
	for _, c := range v {
		n = n*10 + int64(c-'0')
	}
	if negative {
		return n <= 1<<31
	}
	return n < 1<<31
}

// moment reads dates and times of ISO 8601, as COPY's 'auto' does: 2019-02-11, 2019-02-11 05:09:12.195,
// 2019-02-11T05:09:12Z, 2019-02-11 05:09:12+02 (DG automatic-recognition).
func moment(v []byte) kind {
	if len(v) < 10 || v[4] != '-' || v[7] != '-' {
		return nothing
	}
	year, ok1 := digits(v[0:4])
	month, ok2 := digits(v[5:7])
	day, ok3 := digits(v[8:10])
	if !ok1 || !ok2 || !ok3 || year == 0 || month < 1 || month > 12 || day < 1 || day > daysIn(year, month) {
		return nothing
	}
	if len(v) == 10 {
		return date
	}
	v = v[10:]
	if (v[0] != ' ' && v[0] != 'T') || len(v) < 9 || v[3] != ':' || v[6] != ':' {
		return nothing
	}
	hour, ok1 := digits(v[1:3])
	minute, ok2 := digits(v[4:6])
	second, ok3 := digits(v[7:9])
	if !ok1 || !ok2 || !ok3 || hour > 23 || minute > 59 || second > 59 {
		return nothing
	}
	v = v[9:]
	if len(v) > 0 && v[0] == '.' {
		i := 1
		for i < len(v) && v[i]-'0' <= 9 {
			i++
		}
		if i == 1 || i > 7 { // more than microseconds would be cut
			return nothing
		}
		v = v[i:]
	}
	switch {
	case len(v) == 0:
		return timestamp
	case len(v) == 1 && v[0] == 'Z':
		return timestamptz
	case v[0] != '+' && v[0] != '-':
		return nothing
	}
	hours, minutes := v[1:], []byte("00")
	switch {
	case len(hours) == 5 && hours[2] == ':':
		hours, minutes = hours[:2], hours[3:]
	case len(hours) == 4:
		hours, minutes = hours[:2], hours[2:]
	case len(hours) != 2:
		return nothing
	}
	h, ok1 := digits(hours)
	m, ok2 := digits(minutes)
	if !ok1 || !ok2 || h > 15 || m > 59 {
		return nothing
	}
	return timestamptz
}

func digits(v []byte) (n int, ok bool) {
	for _, c := range v {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + int(c-'0')
	}
	return n, true
}

func daysIn(year, month int) int {
	switch month {
	case 4, 6, 9, 11:
		return 30
	case 2:
		if year%4 == 0 && (year%100 != 0 || year%400 == 0) {
			return 29
		}
		return 28
	default:
		return 31
	}
}
