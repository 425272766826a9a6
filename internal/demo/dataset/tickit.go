package dataset

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/sealift/sealift/internal/demo/samples"
)

// TICKIT is the database that the Redshift manual's examples use (DG c_sampledb). Four of its tables are sample files;
// users, listing and sales are generated in their published schema and row counts, so that every join finds its row.
const (
	userRows    = 49_990
	listingRows = 192_497
	saleRows    = 172_456

	userSeed    = 2
	listingSeed = 3
	saleSeed    = 4
	reviewSeed  = 5

	reviewRows = 5_000
)

// none marks NULL in the generated CSV files. COPY cannot tell a marker from a value that reads the same, quoted or
// not, so it must be a text that no value has.
const none = "<none>"

// event is what the generated tables need of tickit.event.
type event struct{ id, dateID int }

// calendar is what the generated tables need of the sample tables: the events, and the days by dateid. A dateid is not
// a count of days: the sample's year lacks its 29th of February.
type calendar struct {
	events      []event
	days        map[int]string
	first, last int // dateid
}

// readCalendar reads the samples once.
var readCalendar = sync.OnceValues(func() (*calendar, error) {
	c := &calendar{days: map[int]string{}}
	for fields, err := range sampleRecords("tickit_date2008_pipe.txt") {
		if err != nil {
			return nil, err
		}
		id, err := strconv.Atoi(fields[0])
		if err != nil {
			return nil, fmt.Errorf("read sample of tickit.date: %w", err)
		}
		c.days[id] = fields[1]
	}
	c.first, c.last = slices.Min(slices.Collect(maps.Keys(c.days))), slices.Max(slices.Collect(maps.Keys(c.days)))
	for fields, err := range sampleRecords("tickit_allevents_pipe.txt") {
		if err != nil {
			return nil, err
		}
		id, err1 := strconv.Atoi(fields[0])
		dateID, err2 := strconv.Atoi(fields[3])
		if err := errors.Join(err1, err2); err != nil {
			return nil, fmt.Errorf("read sample of tickit.event: %w", err)
		}
		c.events = append(c.events, event{id, dateID})
	}
	return c, nil
})

// sampleRecords yields the fields of each line of a |-delimited sample file.
func sampleRecords(name string) iter.Seq2[[]string, error] {
	return func(yield func([]string, error) bool) {
		text, err := fs.ReadFile(samples.FS(), name)
		if err != nil {
			yield(nil, fmt.Errorf("read sample: %w", err))
			return
		}
		for fields := range records(string(text), "|") {
			if !yield(fields, nil) {
				return
			}
		}
	}
}

// listing is one row of tickit.listing.
type listing struct {
	id, seller    int
	event         event
	dateID        int
	second        int // of the day
	tickets, each int // each in whole dollars
}

func (c *calendar) listing(id int) listing {
	r := rowRandom(listingSeed, uint64(id))
	l := listing{id: id, seller: 1 + r.below(userRows), event: pick(&r, c.events)}
	l.dateID = r.between(max(c.first, l.event.dateID-120), l.event.dateID)
	l.second = r.below(24 * 60 * 60)
	l.tickets = 1 + r.below(1+r.below(30)) // small numbers are more common
	l.each = r.between(20, 2500)
	return l
}

func writeListings(w io.Writer, first, last int) error {
	c, err := readCalendar()
	if err != nil {
		return err
	}
	return writeRecords(w, "tickit.listing", first, last, func(b []byte, i int) []byte {
		l := c.listing(i + 1)
		b = appendInts(b, l.id, l.seller, l.event.id, l.dateID, l.tickets, l.each, l.tickets*l.each)
		return appendTime(append(b, '|'), c.days[l.dateID], l.second)
	})
}

func writeSales(w io.Writer, first, last int) error {
	c, err := readCalendar()
	if err != nil {
		return err
	}
	return writeRecords(w, "tickit.sales", first, last, func(b []byte, i int) []byte {
		// There are more listings than sales: this way no listing is sold twice, and those never sold lie scattered.
		l := c.listing(1 + i*listingRows/saleRows)
		r := rowRandom(saleSeed, uint64(i+1))
		buyer := 1 + r.below(userRows)
		if buyer == l.seller {
			buyer = buyer%userRows + 1
		}
		dateID := r.between(l.dateID, l.event.dateID)
		second := r.below(24 * 60 * 60)
		if dateID == l.dateID {
			second = r.between(l.second, 24*60*60-1) // not before it was listed
		}
		sold := r.between(1, min(4, l.tickets))
		paid := sold * l.each
		b = appendInts(b, i+1, l.id, l.seller, buyer, l.event.id, dateID, sold, paid)
		b = appendHundredths(append(b, '|'), paid*15) // 15 % commission
		return appendTime(append(b, '|'), c.days[dateID], second)
	})
}

func writeUsers(w io.Writer, first, last int) error {
	return writeRecords(w, "tickit.users", first, last, func(b []byte, i int) []byte {
		r := rowRandom(userSeed, uint64(i+1))
		given, family := pick(&r, givenNames), pick(&r, familyNames)
		place := pick(&r, places)
		city, state := place[:len(place)-3], place[len(place)-2:]
		mail := strings.ToLower(plain(given) + "." + plain(family) + strconv.Itoa(i+1))
		mail += pick(&r, []string{"@example.com", "@example.net", "@example.org"})
		phone := fmt.Sprintf("(%03d) 555-01%02d", r.between(201, 989), r.below(100))
		if r.oneIn(40) {
			// People, and the programs they typed into, leave everything behind.
			switch text := pick(&r, awkward); r.below(4) {
			case 0:
				given = text
			case 1:
				family = text
			case 2:
				city = text
			case 3:
				given, family, mail = text, none, text+"@example.com"
			}
		}
		if r.oneIn(100) {
			city, state, phone = none, none, none
		}
		b = strconv.AppendInt(b, int64(i+1), 10)
		b = append(b, ',')
		b = appendUserName(b, i)
		for _, text := range []string{given, family, city, state, mail, phone} {
			b = appendCSV(append(b, ','), text)
		}
		for range 10 { // likes: true, false or never asked
			switch n := r.below(100); {
			case n < 25:
				b = append(b, ",true"...)
			case n < 55:
				b = append(b, ",false"...)
			default:
				b = append(b, ',')
			}
		}
		return b
	})
}

// writeReviews writes the rows of crm.review, the table for text that is hard to move.
func writeReviews(w io.Writer, first, last int) error {
	c, err := readCalendar()
	if err != nil {
		return err
	}
	return writeRecords(w, "crm.review", first, last, func(b []byte, i int) []byte {
		r := rowRandom(reviewSeed, uint64(i+1))
		b = strconv.AppendInt(b, int64(1+r.below(userRows)), 10)
		b = appendTime(append(b, ','), c.days[r.between(c.first, c.last)], r.below(24*60*60))
		b = append(b, fmt.Sprintf(".%06d+%02d", r.below(1_000_000), r.below(14))...)
		b = append(b, ',')
		if !r.oneIn(12) {
			b = append(b, byte('1'+r.below(5)))
		}
		body := none
		if !r.oneIn(20) {
			var words []string
			for range r.between(1, 12) {
				if r.oneIn(8) {
					words = append(words, pick(&r, awkward))
				} else {
					words = append(words, pick(&r, opinions))
				}
			}
			body = strings.Join(words, " ")
		}
		b = appendCSV(append(b, ','), body)
		b = append(b, ',')
		if !r.oneIn(4) {
			b = appendCSV(b, fmt.Sprintf(`{"device":%q,"seat":{"row":%d,"number":%d},"tags":[%q,null,%t]}`,
				pick(&r, []string{"web", "phone", "box office"}), r.between(1, 60), r.between(1, 40), pick(&r, opinions), r.oneIn(2)))
		}
		return b
	})
}

// writeRecords writes one record per row, each ended by a newline.
func writeRecords(w io.Writer, table string, first, last int, record func(b []byte, i int) []byte) error {
	out := bufio.NewWriterSize(w, 1<<16)
	var b []byte
	for i := first; i < last; i++ {
		b = append(record(b[:0], i), '\n')
		if _, err := out.Write(b); err != nil {
			return fmt.Errorf("write rows of %s: %w", table, err)
		}
	}
	if err := out.Flush(); err != nil {
		return fmt.Errorf("write rows of %s: %w", table, err)
	}
	return nil
}

func appendInts(b []byte, numbers ...int) []byte {
	for i, n := range numbers {
		if i > 0 {
			b = append(b, '|')
		}
		b = strconv.AppendInt(b, int64(n), 10)
	}
	return b
}

// appendTime writes a day and the time that is so many seconds into it.
func appendTime(b []byte, day string, second int) []byte {
	b = append(append(b, day...), ' ')
	return time.Unix(int64(second), 0).UTC().AppendFormat(b, time.TimeOnly)
}

// appendCSV quotes every text but the NULL marker, so that nothing in it can mean anything.
func appendCSV(b []byte, text string) []byte {
	if text == none {
		return append(b, none...)
	}
	b = append(b, '"')
	b = append(b, strings.ReplaceAll(text, `"`, `""`)...)
	return append(b, '"')
}

// appendUserName writes three letters, two digits, three letters: another name for every row.
func appendUserName(b []byte, row int) []byte {
	const names = 26 * 26 * 26 * 100 * 26 * 26 * 26
	n := (uint64(row)*19_999_999_999 + 12_345_678_901) % names // the factor shares no divisor with names
	for _, base := range []uint64{26, 26, 26, 10, 10, 26, 26, 26} {
		if base == 10 {
			b = append(b, byte('0'+n%10))
		} else {
			b = append(b, byte('A'+n%26))
		}
		n /= base
	}
	return b
}

// plain keeps the letters that an e-mail address can have.
func plain(name string) string {
	return strings.Map(func(c rune) rune {
		if c < 128 && c != ' ' && c != '\'' {
			return c
		}
		return -1
	}, name)
}
