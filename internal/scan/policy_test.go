package scan_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/sealift/sealift/internal/mask"
	"github.com/sealift/sealift/internal/redshift"
	"github.com/sealift/sealift/internal/scan"
	"github.com/sealift/sealift/job"
)

// The policy of the whole catalog is one, and can be planned: what is listed fits its column, and what is not listed is
// what somebody has to decide.
func TestPolicy(t *testing.T) {
	t.Parallel()
	var tables []*scan.Table
	defs := map[string]*redshift.TableDef{}
	undecided := map[string][]string{}
	for _, l := range readCatalog(t, "catalog.txt") {
		s := scan.New(l.def, 0)
		s.AnswerInGo(l.rows(t, rowsOfEach))
		tables = append(tables, s)
		defs[l.def.String()] = l.def
		for _, f := range s.Findings() {
			if f.Result == scan.Review {
				undecided[l.def.String()] = append(undecided[l.def.String()], f.Column.String())
			}
		}
	}
	text := scan.Policy("prod/\x1b[31manalytics", tables)
	if strings.ContainsRune(string(text), '\x1b') {
		t.Error("a name acts on the terminal of who reads the policy")
	}
	policy, err := job.ParsePolicy("pii.yaml", text)
	if err != nil {
		t.Fatal(err)
	}
	if len(policy.Tables) != len(defs) {
		t.Errorf("%d tables, not %d", len(policy.Tables), len(defs))
	}
	masked := 0
	for name, columns := range policy.Tables {
		def := defs[name]
		uses := map[string]mask.Use{}
		for column, m := range columns {
			uses[column] = mask.Use{Transformer: m.Use, Options: m.Options, Domain: m.Domain, Entity: m.Entity}
			if m.Use != "passthrough" {
				masked++
			}
			if u := uses[column]; u.Domain == "" {
				u.Domain = strings.ToLower(name + "." + column)
				uses[column] = u
			}
		}
		var missing []string
		for _, c := range def.Columns {
			if _, ok := columns[c.Name.String()]; !ok {
				missing = append(missing, c.Name.String())
				uses[c.Name.String()] = mask.Use{Transformer: "passthrough"}
			}
		}
		if !slices.Equal(missing, undecided[name]) {
			t.Errorf("%s: %v are not listed, %v are to be decided", name, missing, undecided[name])
		}
		if _, err := mask.New(def, uses, mask.BuiltIn()); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if masked < 150 {
		t.Errorf("%d columns are masked", masked)
	}
}

// Names that YAML or the catalog take for something else come back as they are, and a policy without anything in it is
// one.
func TestPolicyNames(t *testing.T) {
	t.Parallel()
	def := define(t, `"odd ""one"."ta'b: {x}"`, "null integer", "no integer", "payload super", "email varchar(100)")
	name := `we"ird: #{}` + "\n\u2028é"
	ident, err := redshift.NewIdent(name)
	if err != nil {
		t.Fatal(err)
	}
	def.Columns = append(def.Columns, redshift.Column{Name: ident, Type: redshift.Type{Name: redshift.Integer}})
	policy, err := job.ParsePolicy("pii.yaml", scan.Policy("x", []*scan.Table{scan.New(def, 0), scan.New(define(t, "x.y", "payload super"), 0)}))
	if err != nil {
		t.Fatal(err)
	}
	columns := policy.Tables[def.String()]
	for _, c := range []string{"null", "no", "email", name} {
		if columns[c].Use == "" {
			t.Errorf("%q is not listed: %v", c, columns)
		}
	}
	if got, ok := policy.Tables["x.y"]; !ok || len(got) != 0 {
		t.Errorf("x.y: %v %v", got, ok)
	}
	if _, err := job.ParsePolicy("pii.yaml", scan.Policy("x", nil)); err != nil {
		t.Error(err)
	}
}

// Columns that refer to each other are masked alike, whatever they are called: by the one that was recognised.
func TestReferences(t *testing.T) {
	t.Parallel()
	key := func(def *redshift.TableDef, column int) *redshift.Key {
		return &redshift.Key{Columns: []redshift.Ident{def.Columns[column].Name}}
	}
	people, visits, bills := define(t, "crm.people", "ssn varchar(11) not null"), define(t, "crm.visits", "id bigint not null", "who varchar(11)"), define(t, "crm.bills", "id bigint", "visit_ref varchar(20)", "amount integer")
	people.PrimaryKey, people.EstimatedRows = key(people, 0), 1_000_000
	visits.PrimaryKey, visits.Uniques = key(visits, 0), []redshift.Key{*key(visits, 1)}
	visits.ForeignKeys = []redshift.ForeignKey{{Columns: key(visits, 1).Columns, RefTable: people.Table, RefColumns: key(people, 0).Columns}}
	bills.ForeignKeys = []redshift.ForeignKey{{Columns: key(bills, 1).Columns, RefTable: visits.Table, RefColumns: key(visits, 1).Columns}}
	found := scan.Find([]*scan.Table{scan.New(visits, 0), scan.New(bills, 0), scan.New(people, 0)})
	for i, column := range []string{"who", "visit_ref", "ssn"} {
		if len(found[i]) != 1 || found[i][0].Column.String() != column {
			t.Fatalf("%v", found[i])
		}
		f := found[i][0]
		if f.Class != scan.NationalID || f.Result != scan.Sensitive || f.Use.Transformer != "fpe_digits" || f.Use.Domain != "crm.people.ssn" {
			t.Errorf("%+v", f)
		}
	}
	if want := []string{"holds what crm.people.ssn does, by a foreign key"}; !slices.Equal(found[1][0].Evidence, want) {
		t.Errorf("%v", found[1][0].Evidence)
	}
	// A reference to itself, and one in a circle, end.
	visits.ForeignKeys[0].RefTable, visits.ForeignKeys[0].RefColumns = bills.Table, key(bills, 1).Columns
	scan.Find([]*scan.Table{scan.New(visits, 0), scan.New(bills, 0)})
}
