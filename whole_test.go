package sealift

import (
	"errors"
	"strings"
	"testing"

	"github.com/sealift/sealift/internal/load/footer"
	"github.com/sealift/sealift/internal/redshift"
)

// Of files that cannot be loaded together, it is said what is different.
func TestFirstDifference(t *testing.T) {
	t.Parallel()
	column := func(name, text string) footer.Column {
		of, err := redshift.ParseType(text)
		if err != nil {
			t.Fatal(err)
		}
		return footer.Column{Name: name, Type: of}
	}
	id, name := column("id", "integer"), column("name", "varchar(10)")
	unread := footer.Column{Name: "id", Err: errors.New("column id is UUID")}
	for want, pair := range map[string][2][]footer.Column{
		`column "id" is BIGINT, and INTEGER there`:  {{column("id", "bigint"), name}, {id, name}},
		`column 1 is called "name", and "id" there`: {{name, id}, {id, name}},
		`column "name" is only here`:                {{id, name}, {id}},
		`column "name" is only there`:               {{id}, {id, name}},
		`column id is UUID`:                         {{unread}, {id}},
	} {
		if got := firstDifference(pair[0], pair[1]); !strings.Contains(got, want) {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
