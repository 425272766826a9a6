package scan_test

import (
	"regexp"
	"testing"

	"github.com/sealift/sealift/internal/redshift"
	"github.com/sealift/sealift/internal/scan"
	"github.com/sealift/sealift/job"
)

// refused are names that no policy takes: with what looks like an access key, or stands for several tables.
var refused = regexp.MustCompile(`(AKIA|ASIA)[A-Z0-9]{16}|[*]`)

// Names come from catalogs. Whatever they are, they are taken apart, and a policy that holds them is read back with them.
func FuzzNames(f *testing.F) {
	for _, name := range []string{"email", "customerEmail", "null", "a: b", "# x", "\"", "é\u2028", "first_name_of_the_last_city_by", "_", "0", "{}", "'", "\t", "\\", "<<", "${X}"} {
		f.Add(name, "crm", "customers")
	}
	f.Fuzz(func(t *testing.T, column, schema, name string) {
		c, err1 := redshift.NewIdent(column)
		table, err2 := redshift.NewTable(schema, name)
		if err1 != nil || err2 != nil || refused.MatchString(column+"\n"+schema+"\n"+name) {
			return
		}
		def := &redshift.TableDef{Table: table, Columns: []redshift.Column{{Name: c, Type: redshift.Type{Name: redshift.Integer}}}}
		s := scan.New(def, 0)
		policy, err := job.ParsePolicy("p", scan.Policy("x", []*scan.Table{s}))
		if err != nil {
			t.Fatal(err)
		}
		columns, ok := policy.Tables[def.String()]
		if _, listed := columns[column]; !ok || listed == (len(s.Findings()) > 0 && s.Findings()[0].Result == scan.Review) {
			t.Errorf("%q in %q: %v", column, def.String(), policy.Tables)
		}
	})
}
