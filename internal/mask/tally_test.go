package mask_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/sealift/sealift/internal/mask"
)

// TestTallies: what a plan says of how many different values there are, known or not.
func TestTallies(t *testing.T) {
	def := define(t, "s.t", "id integer not null", "email varchar(60)", "gender varchar(10)", "born date", "region varchar(10)", "info super", "seen varchar(10)")
	def.EstimatedRows = 5000
	table := newTable(t, def, map[string]mask.Use{
		"id":     {Transformer: "permute_int", Domain: "id"},
		"email":  {Transformer: "email", Domain: "e", Options: opt{"length": 8}, When: "gender = 'F'", Else: &mask.Use{Transformer: "null"}},
		"gender": {Transformer: "scramble", Domain: "g"},
		"born":   {Transformer: "date_shift", Domain: "b", Entity: "region"},
		"region": {Transformer: "passthrough"},
		"info":   {Transformer: "super_paths", Paths: map[string]mask.Use{"a.b": {Transformer: "hash_hex", Domain: "p", Options: opt{"length": 16}}}},
		"seen":   {Transformer: "keep_mask"},
	}, mask.BuiltIn())
	if got, want := table.Tallied(), []string{"id", "email", "gender", "region"}; !slices.Equal(got, want) {
		t.Errorf("asked of %v, want %v", got, want)
	}
	const many, part, few, entity = "email: among 5000 values, 10^-3 pairs", "info: a.b: among 5000 values, 10^-13 pairs", "different among", "its entity has"
	for _, c := range []struct {
		name    string
		tallies map[string]mask.Tally
		want    []string
		not     []string
	}{
		{"nothing is known", nil, []string{many, part}, []string{few, entity}},
		{
			"some rows",
			map[string]mask.Tally{"email": {Values: 4000, Distinct: 3999}, "gender": {Values: 4000, Distinct: 3}, "region": {Values: 4000, Distinct: 1000}},
			[]string{many, "gender: 3 different among 4000 that were looked at"},
			[]string{entity},
		},
		{
			"all rows",
			map[string]mask.Tally{"email": {Values: 4000, Distinct: 300, Whole: true}, "gender": {Values: 4000, Distinct: 4, Whole: true}, "region": {Values: 3000, Distinct: 300, Whole: true}},
			[]string{"email: among 300 values, 10^-5 pairs", "email: 300 different among 4000: ", "gender: 4 different among 4000: ", "born: its entity has 300 different values among 3000"},
			nil,
		},
		{"no rows", map[string]mask.Tally{"email": {Whole: true}, "gender": {Whole: true}}, []string{"email: among 0 values, no pairs"}, []string{few, entity}},
		{"at the border", map[string]mask.Tally{"gender": {Values: 10_000, Distinct: 1000}, "region": {Values: 9999, Distinct: 1000}}, []string{"gender: 1000 different"}, []string{entity}},
		{"over the border", map[string]mask.Tally{"gender": {Values: 99, Distinct: 10}, "region": {Values: 1_000_000, Distinct: 1001}}, nil, []string{few, entity}},
	} {
		var notes []string
		for _, n := range table.Notes(c.tallies) {
			notes = append(notes, n.Column+": "+n.Text)
			if n.Warning != (strings.Contains(n.Text, few) || strings.Contains(n.Text, entity) || n.Column == "born" || strings.HasPrefix(n.Text, "only the letters")) {
				t.Errorf("%s: %+v", c.name, n)
			}
		}
		said := strings.Join(notes, "\n")
		for _, w := range c.want {
			if strings.Count(said, w) != 1 {
				t.Errorf("%s: want %q once in\n%s", c.name, w, said)
			}
		}
		for _, w := range c.not {
			if strings.Contains(said, w) {
				t.Errorf("%s: %q is in\n%s", c.name, w, said)
			}
		}
	}
	if said := fmt.Sprint(newTable(t, def, map[string]mask.Use{
		"id": {Transformer: "passthrough"}, "email": {Transformer: "scramble", Domain: "e", When: "id = 1", Else: &mask.Use{Transformer: "hash_hex", Domain: "e", Options: opt{"length": 16}}},
		"gender": {Transformer: "passthrough"}, "born": {Transformer: "passthrough"}, "region": {Transformer: "passthrough"}, "info": {Transformer: "null"}, "seen": {Transformer: "null"},
	}, nil).Notes(map[string]mask.Tally{"email": {Values: 40, Distinct: 2}})); strings.Count(said, "2 different among 40") != 1 {
		t.Errorf("of two masks for one column: %s", said)
	}
}
