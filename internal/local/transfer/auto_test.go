package transfer

import (
	"fmt"
	"testing"

	"github.com/sealift/sealift/internal/local/dialect"
)

// What 'auto' recognises is what CAST(text AS TIMESTAMP) does (Redshift manual, automatic recognition): PostgreSQL's own
// input functions judge our parser.
//
//standin:imitates COPY: automatic recognition of dates and times | DG automatic-recognition
func TestAutoAgreesWithCast(t *testing.T) {
	t.Parallel()
	s := newSession(t)
	s.sql("CREATE TABLE t (ts timestamp, tz timestamptz, d date)")
	for _, text := range []string{
		"2019-02-11T05:09:12.195Z", "J2451187", "Jan-08-95 BC", "19960108 040809", "960108 040809", "1996.008", "1996-01-08 04:05:06.789",
		"17 Dec 07:37:16 1997 PST", "12/17/1997 07:37:16.00 PST", "1997-12-17 07:37:16-08", "12.17.1997 07:37:16.00 PST",
		"1999-01-08", "January 8, 1999", "1/8/1999", "1/18/1999", "01/02/03", "1999-Jan-08", "Jan-08-1999", "08-Jan-1999", "08-Jan-99", "Jan-08-99",
		"19990108", "990108", "1999.008", "J2450000", "January 8, 99 BC", "1999-01-08 04:05", "1999-01-08 04:05:06 PM", "1999-01-08 04:05 AM",
		"1999-01-08 12:05 AM", "1999-01-08 12:05 PM", "1999-01-08 04:05:06 -8:00", "1999-01-08 04:05:06 -08", "1999-01-08T04:05:06+0530", "Wed Dec 17 07:37:16 1997",
		"1999-01-08 04:05:06 EST", "Sat Feb 29 2020", "0044-03-15 BC", "12345-06-07 08:09:10", "1999-1-8", "1999/1/8 4:05:06",
		"2020-02-30", "2021-02-29", "13/13/2020", "nonsense", "1999-13-01", "1999-01-08 25:00:00", "1999-01-08 04:60:00", "99999999", "0000-01-01", "Foo-08-1999", "--", "1999-01-08 x",
	} {
		s.store.put("s3://b/x", text+"|"+text+"|"+text+"\n")
		want := "error"
		if results, err := s.conn.Exec(t.Context(), fmt.Sprintf("SELECT %[1]s::timestamp, %[1]s::timestamptz, %[1]s::date", dialect.QuoteLiteral(text))).ReadAll(); err == nil {
			row := results[0].Rows[0]
			want = fmt.Sprintf("%s|%s|%s", row[0], row[1], row[2])
		}
		s.sql("TRUNCATE t")
		got := "error"
		if _, err := s.run(t.Context(), "COPY t FROM 's3://b/x'"+role+" TIMEFORMAT 'auto' DATEFORMAT 'auto'"); err == nil {
			got = s.query("TABLE t")[0]
		}
		if got != want {
			t.Errorf("%q: got %s, PostgreSQL casts it to %s", text, got, want)
		}
	}
}
