package redshift_test

import (
	"strings"
	"testing"

	"github.com/sealift/sealift/internal/redshift"
)

// What is taken for a shadow is dropped: only a table with both the name and the comment that a run gives it may be.
func FuzzParseShadow(f *testing.F) {
	for _, seed := range [][3]string{
		{"public", "sealift_00112233aabbccdd_0", "sealift shadow of run 20261121T101500Z-7f3a, process 01"},
		{"public", "sealift_x", "sealift shadow of run 20261121T101500Z-7f3a"},
		{"public", "sealift_00112233aabbccdd_0", "sealift shadow of run 20261121T101500Z-7f3aa"},
		{"public", "sealift_00112233aabbccdd_0_old", "sealift shadow of run 20261121T101500Z-7f3a"},
		{"", "", ""},
	} {
		f.Add(seed[0], seed[1], seed[2])
	}
	f.Fuzz(func(t *testing.T, schema, name, comment string) {
		s, ok, err := redshift.ParseShadow([]*string{&schema, &name, &comment})
		if !ok || err != nil {
			return
		}
		rest, marked := strings.CutPrefix(comment, "sealift shadow of run "+s.Run)
		if !marked || rest != "" && rest[0] != ',' || len(s.Run) != len("20261121T101500Z-7f3a") || s.Comment != comment {
			t.Errorf("comment %q was read as run %q", comment, s.Run)
		}
		if s.Table.Schema.String() != schema || s.Table.Name.String() != name || len(strings.Split(name, "_")) != 3 {
			t.Errorf("%q.%q was taken for the shadow %s", schema, name, s.Table)
		}
	})
}

func FuzzReadPart(f *testing.F) {
	f.Add("0a", "3", "12", "34")
	f.Add("", "-1", "x", "1e3")
	f.Fuzz(func(t *testing.T, prefix, rows, one, two string) {
		p, err := redshift.ReadPart([]*string{&prefix, &rows, &one, &two})
		if err == nil && (p.Prefix != prefix || strings.Trim(p.Row[0]+p.Row[1], "0123456789") != "") {
			t.Errorf("read %+v", p)
		}
	})
}
