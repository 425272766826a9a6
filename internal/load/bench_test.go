package load_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/sealift/sealift/internal/load"
	"github.com/sealift/sealift/internal/load/delimited"
	"github.com/sealift/sealift/internal/load/source"
	"github.com/sealift/sealift/internal/redshift"
)

var comma = delimited.Format{Delimiter: ',', Quote: '"'}

type endless struct{}

func (endless) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = "1,2\n"[i%4]
	}
	return len(b) &^ 3, nil
}

type nowhere struct{ n int64 }

func (u *nowhere) Write(b []byte) (int, error) {
	u.n += int64(len(b))
	return len(b), nil
}
func (u *nowhere) Flush(context.Context) error          { return nil }
func (u *nowhere) Close(context.Context) (int64, error) { return u.n, nil }
func (u *nowhere) Abort(context.Context) error          { return nil }

// flightTypes are those of the columns of flights.
var flightTypes = strings.Fields("date integer varchar(20) varchar(20) varchar(20) varchar(5) varchar(5) varchar(20) varchar(20) varchar(20) " +
	"varchar(5) varchar(5) decimal(8,2) decimal(8,2) smallint")

// flights is a file of flight data in memory.
func flights(size int) source.Input {
	var text []byte
	for i := 0; len(text) < size; i++ {
		delay := ""
		if i%10 > 0 {
			delay = fmt.Sprintf("%d.00", i*31%250-20)
		}
		text = fmt.Appendf(text, "2015-%02d-%02d,%d,Far West,Pacific,California,CA,SFO,Northeast,Middle Atlantic,New York,NY,JFK,%s,%d.00,%d\n",
			i%12+1, i%28+1, 19000+i*7919%900, delay, i*17%300-30, i%2)
	}
	return source.Input{
		Name: "flights", Size: int64(len(text)),
		Open: func(context.Context) (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(text)), nil },
		At: func(context.Context) (source.ReaderAt, error) {
			return struct {
				*bytes.Reader
				io.Closer
			}{bytes.NewReader(text), io.NopCloser(nil)}, nil
		},
	}
}

// BenchmarkLook is the inference of types from all records.
func BenchmarkLook(b *testing.B) {
	in := flights(64 << 20)
	b.SetBytes(in.Size)
	for b.Loop() {
		if _, err := load.Look(b.Context(), []source.Input{in}, opener(), load.Wish{Records: -1, Header: new(false)}); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkSend is everything but reading a disk and talking to S3: digest, cutting, checking each value against the type
// of its column, compressing.
func BenchmarkSend(b *testing.B) {
	in := flights(128 << 20)
	j := load.Job{
		Inputs: []source.Input{in}, Opener: opener(), Format: load.Format{Delimited: comma}, Marker: "~null", Slices: 4,
		Create: func(context.Context, int) (load.Upload, error) { return &nowhere{}, nil },
	}
	for i, text := range flightTypes {
		t, err := redshift.ParseType(text)
		if err != nil {
			b.Fatal(err)
		}
		name := fmt.Sprintf("c%d", i+1)
		j.Format.Names = append(j.Format.Names, name)
		c := load.Column{Name: name}
		c.Check, c.Spare = load.Check(t)
		j.Columns = append(j.Columns, c)
	}
	b.SetBytes(in.Size)
	for b.Loop() {
		if _, err := load.Send(b.Context(), j); err != nil {
			b.Fatal(err)
		}
	}
}
