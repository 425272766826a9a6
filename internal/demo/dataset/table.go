package dataset

import (
	"bufio"
	_ "embed"
	"encoding/json"
	"fmt"
	"io"

	"github.com/sealift/sealift/internal/demo/samples"
)

// Table is one table of the source warehouse.
type Table struct {
	Name    string // schema.table
	Columns string // the column list of COPY where it is not all columns, else ""
	Rows    int    // in all files
	Options string // what COPY must be told about the files
	Files   []File
}

// File is a part of a table's rows, as COPY reads them, not compressed.
type File struct {
	Name  string
	write func(io.Writer) error
}

// Write writes the whole file.
func (f File) Write(w io.Writer) error { return f.write(w) }

//go:embed schema.sql
var schema string

//go:embed before.sql
var before string

// Schema is the SQL that defines the source warehouse's tables, in Redshift's dialect.
func Schema() string { return schema }

// Before is the SQL that makes what the target warehouse holds before the copy.
func Before() string { return before }

// Tables lists the source warehouse's tables, those that others refer to first.
func Tables() []Table {
	const (
		generated  = "DELIMITER '|'"
		text       = "CSV NULL AS '" + none + "' TIMEFORMAT 'auto'"
		tickit     = "DELIMITER '|'"
		nycflights = "CSV IGNOREHEADER 1 NULL AS 'NA' TIMEFORMAT 'auto'"
	)
	return []Table{
		{"public.flight_data", "", flightRows, generated, parts("flight_data", flightRows, 8, writeFlights)},

		{"tickit.users", "", userRows, text, parts("users", userRows, 2, writeUsers)},
		{"tickit.venue", "", 205, tickit, sample("tickit_venue_pipe.txt")},
		{"tickit.category", "", 11, tickit, sample("tickit_category_pipe.txt")},
		{"tickit.date", "", 365, tickit, sample("tickit_date2008_pipe.txt")},
		{"tickit.event", "", 8798, tickit, sample("tickit_allevents_pipe.txt")},
		{"tickit.listing", "", listingRows, generated, parts("listing", listingRows, 4, writeListings)},
		{"tickit.sales", "", saleRows, generated, parts("sales", saleRows, 4, writeSales)},

		{"crm.review", "userid, left_at, stars, body, context", reviewRows, text, parts("review", reviewRows, 1, writeReviews)},

		{"nycflights.airlines", "", 16, nycflights, sample("nycflights13_airlines.csv")},
		{"nycflights.airports", "", 1458, nycflights, sample("nycflights13_airports.csv")},
		{"nycflights.planes", "", 3322, nycflights, sample("nycflights13_planes.csv")},
		{"nycflights.weather", "", 26115, nycflights, sample("nycflights13_weather.csv")},

		{"vega.birdstrikes", "", 10000, "CSV IGNOREHEADER 1", sample("vega_birdstrikes.csv")},
		{"vega.unemployment", "", 3218, `DELIMITER '\t' IGNOREHEADER 1`, sample("vega_unemployment.tsv")},
		{"vega.movies", "", 3201, "JSON 'auto ignorecase'", objects("vega_movies.json")},
		{"vega.flights_5k", "", 5000, "JSON 'auto' TIMEFORMAT 'YYYY/MM/DD HH24:MI'", objects("vega_flights-5k.json")},
	}
}

// parts divides generated rows into files, so that every slice of a warehouse has work.
func parts(name string, rows, files int, write func(w io.Writer, first, last int) error) []File {
	list := make([]File, files)
	for i := range list {
		first, last := rows*i/files, rows*(i+1)/files
		list[i] = File{
			Name:  fmt.Sprintf("%s.%02d", name, i),
			write: func(w io.Writer) error { return write(w, first, last) },
		}
	}
	return list
}

// sample is a sample file as it is.
func sample(name string) []File {
	return []File{{Name: name, write: func(w io.Writer) error {
		f, err := samples.FS().Open(name)
		if err != nil {
			return fmt.Errorf("open sample: %w", err)
		}
		defer f.Close()
		if _, err := io.Copy(w, f); err != nil {
			return fmt.Errorf("read sample %s: %w", name, err)
		}
		return nil
	}}}
}

// objects is a sample file holding one JSON array, without the array: COPY takes one object after the other (DG
// copy-parameters-data-format, JSON).
func objects(name string) []File {
	return []File{{Name: name, write: func(w io.Writer) error {
		f, err := samples.FS().Open(name)
		if err != nil {
			return fmt.Errorf("open sample: %w", err)
		}
		defer f.Close()
		in, out := json.NewDecoder(f), bufio.NewWriter(w)
		if _, err := in.Token(); err != nil { // the opening bracket
			return fmt.Errorf("read sample %s: %w", name, err)
		}
		for in.More() {
			var object json.RawMessage
			if err := in.Decode(&object); err != nil {
				return fmt.Errorf("read sample %s: %w", name, err)
			}
			if _, err := out.Write(append(object, '\n')); err != nil {
				return fmt.Errorf("write objects of %s: %w", name, err)
			}
		}
		if err := out.Flush(); err != nil {
			return fmt.Errorf("write objects of %s: %w", name, err)
		}
		return nil
	}}}
}
