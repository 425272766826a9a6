package dataset

import (
	"bufio"
	_ "embed"
	"fmt"
	"io"
	"iter"
	"strconv"
	"strings"
	"sync"
	"time"
)

const (
	flightRows   = 1_000_000
	flightSeed   = 1
	flightsDay0  = "2025-01-01"
	flightDays   = 365
	flightRecord = 128 // bytes, more than the longest record
)

// Airlines by the numbers that the US Department of Transportation gave them, repeated by how much they fly.
var airlines = []string{
	"19393", "19393", "19393", "19393", "19393", "19790", "19790", "19790", "19790", "19805", "19805", "19805", "19805",
	"19977", "19977", "19977", "20304", "20304", "20304", "20366", "20366", "20398", "20398", "20409", "20409", "19930",
	"20416", "20436", "20452", "20363", "19690", "21171",
}

// Routes that are flown much more often than the size of their airports says.
var shuttles = [][2]string{
	{"SFO", "LAX"},
	{"LAX", "SFO"},
	{"JFK", "LAX"},
	{"LAX", "JFK"},
	{"LGA", "ORD"},
	{"ORD", "LGA"},
	{"LAS", "LAX"},
	{"LAX", "LAS"},
	{"HNL", "OGG"},
	{"OGG", "HNL"},
	{"BOS", "DCA"},
	{"DCA", "BOS"},
	{"DAL", "HOU"},
	{"HOU", "DAL"},
	{"ATL", "MCO"},
	{"MCO", "ATL"},
	{"SEA", "PDX"},
	{"LGA", "BOS"},
	{"ATL", "LGA"},
	{"LGA", "ATL"},
}

//go:embed airports.txt
var airportsText string

//go:embed states.txt
var statesText string

// airport is what flight_data says of an airport: five columns, delimited.
type airport struct {
	code   string
	fields string // region|division|state name|state|code
}

// network is where the generated flights go.
type network struct {
	airports []airport
	byCode   map[string]int
	// byWeight holds each airport's index as often as its weight says: one look-up is one weighted choice.
	byWeight []int
}

// flightNetwork reads the airports and states once.
var flightNetwork = sync.OnceValue(func() network {
	states := map[string]string{}
	for fields := range records(statesText, "|") {
		code, name, region, division := fields[0], fields[1], fields[2], fields[3]
		states[code] = strings.Join([]string{region, division, name, code}, "|")
	}
	n := network{byCode: map[string]int{}}
	for fields := range records(airportsText, " ") {
		code, state := fields[0], fields[1]
		weight, err := strconv.Atoi(fields[2])
		if err != nil || states[state] == "" {
			panic("dataset: airports.txt: " + strings.Join(fields, " "))
		}
		n.byCode[code] = len(n.airports)
		for range weight {
			n.byWeight = append(n.byWeight, len(n.airports))
		}
		n.airports = append(n.airports, airport{code, states[state] + "|" + code})
	}
	return n
})

// records yields the fields of each line that is no comment.
func records(text, sep string) iter.Seq[[]string] {
	return func(yield func([]string) bool) {
		for line := range strings.Lines(text) {
			line = strings.TrimSuffix(line, "\n")
			if strings.HasPrefix(line, "#") {
				continue
			}
			if !yield(strings.Split(line, sep)) {
				return
			}
		}
	}
}

// writeFlights writes the flights numbered from first to last-1 as |-delimited records.
func writeFlights(w io.Writer, first, last int) error {
	n := flightNetwork()
	day0, err := time.Parse(time.DateOnly, flightsDay0)
	if err != nil {
		return fmt.Errorf("first day of flight_data: %w", err)
	}
	days := make([]string, flightDays)
	for i := range days {
		days[i] = day0.AddDate(0, 0, i).Format(time.DateOnly)
	}
	out := bufio.NewWriterSize(w, 1<<16)
	var record [flightRecord]byte
	for i := first; i < last; i++ {
		r := rowRandom(flightSeed, uint64(i))
		rec := append(record[:0], days[i*flightDays/flightRows]...)
		minute := r.between(5*60, 23*60+55)
		rec = append(rec, ' ', byte('0'+minute/600), byte('0'+minute/60%10), ':', byte('0'+minute%60/10), byte('0'+minute%10))
		rec = append(rec, ":00|"...)
		rec = append(rec, pick(&r, airlines)...)

		from, to := pick(&r, n.byWeight), pick(&r, n.byWeight)
		for from == to {
			to = pick(&r, n.byWeight)
		}
		if r.oneIn(25) {
			s := min(r.below(len(shuttles)), r.below(len(shuttles))) // the first of the list are the busiest
			from, to = n.byCode[shuttles[s][0]], n.byCode[shuttles[s][1]]
		}
		rec = append(append(rec, '|'), n.airports[from].fields...)
		rec = append(append(rec, '|'), n.airports[to].fields...)

		if r.oneIn(60) { // cancelled: there is no delay, which is not a delay of 0
			rec = append(rec, "|||t\n"...)
		} else {
			departure := delay(&r)
			rec = append(appendHundredths(append(rec, '|'), departure), '|')
			rec = append(appendHundredths(rec, departure+r.between(-1500, 1200)), "|f\n"...)
		}
		if _, err := out.Write(rec); err != nil {
			return fmt.Errorf("write flights: %w", err)
		}
	}
	if err := out.Flush(); err != nil {
		return fmt.Errorf("write flights: %w", err)
	}
	return nil
}

// delay answers hundredths of minutes: most flights leave a little early, some late, a few very late.
func delay(r *random) int {
	switch d := r.below(100); {
	case d < 62:
		return r.between(-1200, 0)
	case d < 90:
		return r.between(0, 3000)
	case d < 99:
		return r.between(3000, 18000)
	default:
		return r.between(18000, 150000)
	}
}

// appendHundredths writes a number of hundredths as a decimal.
func appendHundredths(b []byte, n int) []byte {
	if n < 0 {
		b = append(b, '-')
		n = -n
	}
	b = strconv.AppendInt(b, int64(n/100), 10)
	return append(b, '.', byte('0'+n/10%10), byte('0'+n%10))
}
