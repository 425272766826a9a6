package transfer

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sealift/sealift/internal/local/transfer/command"
	"github.com/sealift/sealift/internal/local/transfer/value"
)

func TestRowReader(t *testing.T) {
	t.Parallel()
	var r rowReader
	fields, rest := r.next([]byte("a\t\t\\N\t\\\\N\tx\\ty\\nz\\r\\b\\f\\v\\\\\nnext\n"))
	var got []string
	for _, f := range fields {
		if f.null {
			got = append(got, "<null>")
			continue
		}
		got = append(got, string(f.text))
	}
	if diff := cmp.Diff([]string{"a", "", "<null>", `\N`, "x\ty\nz\r\b\f\v\\"}, got); diff != "" {
		t.Error(diff)
	}
	if string(rest) != "next\n" {
		t.Errorf("rest is %q", rest)
	}
}

// FuzzRow writes values as PostgreSQL's COPY does and expects them back; then every layout takes them.
func FuzzRow(f *testing.F) {
	f.Add("a|b\\", "\n\"'\r", false)
	f.Add(`\N`, "", true)
	layouts := []layout{}
	columns := []value.Column{{Name: "a", Kind: value.Varchar}, {Name: "b", Kind: value.Char}, {Name: "c", Kind: value.Integer}}
	for _, u := range []command.Unload{
		{Format: command.Delimited, Delimiter: '|'},
		{Format: command.Delimited, Delimiter: '|', AddQuotes: true, Escape: true},
		{Format: command.CSV, Delimiter: ','},
		{Format: command.JSON},
	} {
		layouts = append(layouts, newLayout(&u, columns))
	}
	escape := strings.NewReplacer("\\", "\\\\", "\b", "\\b", "\f", "\\f", "\n", "\\n", "\r", "\\r", "\t", "\\t", "\v", "\\v")
	f.Fuzz(func(t *testing.T, a, b string, null bool) {
		line := escape.Replace(a) + "\t" + escape.Replace(b) + "\t"
		if null {
			line += "\\N"
		} else {
			line += "12"
		}
		var r rowReader
		fields, rest := r.next([]byte(line + "\n"))
		if len(fields) != 3 || len(rest) != 0 || string(fields[0].text) != a || string(fields[1].text) != b || fields[0].null || fields[1].null || fields[2].null != null {
			t.Fatalf("%q, %q came back as %+v", a, b, fields)
		}
		for _, l := range layouts {
			if out, err := l.row(nil, fields); err != nil || !bytes.HasSuffix(out, []byte("\n")) {
				t.Fatalf("%T: %q, %v", l, out, err)
			}
		}
	})
}

func FuzzManifest(f *testing.F) {
	f.Add([]byte(`{"entries":[{"url":"s3://b/k","mandatory":true,"meta":{"content_length":1,"record_count":2}}],"schema":{"elements":[]},"author":{}}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		entries, err := parseManifest(text)
		if err != nil {
			return
		}
		for _, e := range entries {
			if loc, err := command.ParseLocation(e.URL); err != nil || loc.Key == "" {
				t.Fatalf("entry %+v: %v", e, err)
			}
		}
	})
}

func BenchmarkLayout(b *testing.B) {
	columns := []value.Column{
		{Name: "a", Kind: value.Timestamp}, {Name: "b", Kind: value.Integer}, {Name: "c", Kind: value.Varchar}, {Name: "d", Kind: value.Varchar}, {Name: "e", Kind: value.Decimal},
	}
	row := []byte("2015-01-01 00:00:00\t19805\tNortheast\tMiddle Atlantic\t-12.25\n")
	for _, bench := range []struct {
		name string
		u    command.Unload
	}{
		{"delimited", command.Unload{Format: command.Delimited, Delimiter: '|'}},
		{"escape", command.Unload{Format: command.Delimited, Delimiter: '|', Escape: true}},
		{"csv", command.Unload{Format: command.CSV, Delimiter: ','}},
		{"json", command.Unload{Format: command.JSON}},
	} {
		b.Run(bench.name, func(b *testing.B) {
			l := newLayout(&bench.u, columns)
			var r rowReader
			dst := make([]byte, 0, 1024)
			b.SetBytes(int64(len(row)))
			b.ReportAllocs()
			for b.Loop() {
				fields, _ := r.next(row)
				if _, err := l.row(dst, fields); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
