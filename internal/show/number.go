package show

import (
	"fmt"
	"strconv"
	"time"
)

// Count writes a number with thousands separators: 12,400,000.
func Count(n int64) string {
	text := strconv.FormatInt(n, 10)
	first := 0
	if n < 0 {
		first = 1
	}
	for i := len(text) - 3; i > first; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}

// Bytes writes a size in decimal units, as S3 and disks are sold: 512 B, 1.1 GB, 62 MB.
func Bytes(n int64) string {
	if n < 0 {
		return "-" + Bytes(-n)
	}
	if n < 1000 {
		return fmt.Sprintf("%d B", n)
	}
	size := float64(n)
	unit := -1
	for size >= 999.5 && unit < 5 {
		size /= 1000
		unit++
	}
	if size < 9.95 {
		return fmt.Sprintf("%.1f %cB", size, "kMGTPE"[unit])
	}
	return fmt.Sprintf("%.0f %cB", size, "kMGTPE"[unit])
}

// Duration writes a time span to about two digits: 40 ms, 3.1 s, 38 s, 1m 12s, 2h 05m.
func Duration(d time.Duration) string {
	switch s := d.Seconds(); {
	case d < 0:
		return "-" + Duration(-d)
	case d == 0:
		return "0 s"
	case d < 95*time.Millisecond:
		return fmt.Sprintf("%d ms", max(1, d.Milliseconds()))
	case s < 9.95:
		return fmt.Sprintf("%.1f s", s)
	case s < 59.5:
		return fmt.Sprintf("%.0f s", s)
	}
	whole := int64(d.Round(time.Second) / time.Second)
	if whole < 3600 {
		return fmt.Sprintf("%dm %02ds", whole/60, whole%60)
	}
	return fmt.Sprintf("%dh %02dm", whole/3600, whole/60%60)
}

// Plural writes a count with its noun: 1 table, 4 tables. The noun is given for one, and takes s or ies for more.
func Plural(n int64, one string) string {
	switch {
	case n == 1:
		return "1 " + one
	case len(one) > 1 && one[len(one)-1] == 'y' && one[len(one)-2] != 'e':
		return Count(n) + " " + one[:len(one)-1] + "ies"
	default:
		return Count(n) + " " + one + "s"
	}
}

// Short writes the two ends of a digest: 4be1...90.
func Short(digest string) string {
	if len(digest) <= 9 {
		return digest
	}
	return digest[:4] + "..." + digest[len(digest)-2:]
}
