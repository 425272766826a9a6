package history

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// timeFormat is how a moment in UTC is written for a column without time zone.
const timeFormat = "2006-01-02 15:04:05.999999"

// copyRow adds a row in PostgreSQL's text format of COPY.
func copyRow(b *strings.Builder, values ...any) {
	for i, v := range values {
		if i > 0 {
			b.WriteByte('\t')
		}
		switch v := v.(type) {
		case string:
			escape(b, v)
		case int:
			b.WriteString(strconv.Itoa(v))
		case int32:
			b.WriteString(strconv.FormatInt(int64(v), 10))
		case int64:
			b.WriteString(strconv.FormatInt(v, 10))
		case uint32:
			b.WriteString(strconv.FormatUint(uint64(v), 10))
		case time.Time:
			if v.IsZero() {
				b.WriteString(`\N`)
			} else {
				b.WriteString(v.UTC().Format(timeFormat))
			}
		default:
			panic(fmt.Sprintf("history: value of type %T", v))
		}
	}
	b.WriteByte('\n')
}

// escape writes text.
func escape(b *strings.Builder, s string) {
	s = holdable(s)
	for i := range len(s) {
		switch c := s[i]; c {
		case '\\':
			b.WriteString(`\\`)
		case '\n':
			b.WriteString(`\n`)
		case '\r':
			b.WriteString(`\r`)
		case '\t':
			b.WriteString(`\t`)
		default:
			b.WriteByte(c)
		}
	}
}
