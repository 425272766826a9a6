package grants

import (
	"fmt"
	"slices"
	"strings"

	"github.com/sealift/sealift/internal/redshift"
	"github.com/sealift/sealift/internal/show"
)

// Text is the document as psql or a query editor takes it.
func (d *Document) Text() string {
	var t text
	t.comment("What user %s needs in database %s of %s for %s (%s). Run it connected to that database, as a superuser.",
		d.User, d.Database, d.Warehouse, d.Job, d.Side)
	for _, n := range d.Notes {
		t.line("--")
		t.comment("NOT HERE: %s.", n)
	}
	for _, g := range d.Grants {
		why := g.Why
		if g.Promise != "" {
			why += " (promise: " + g.Promise + ")"
		}
		t.line("")
		t.comment("%s.", why)
		t.statement(g.SQL)
	}
	return t.String()
}

// Undo takes everything back, last first.
func (d *Document) Undo() string {
	var t text
	t.comment("Takes back what user %s was given in database %s of %s for %s (%s). Run it connected to that database, as a superuser.",
		d.User, d.Database, d.Warehouse, d.Job, d.Side)
	if d.Side == Target {
		t.comment("Schemas, the ledger and tables stay: others may use them.")
	}
	t.line("")
	for i, g := range slices.Backward(d.Grants) {
		if i == 0 && d.made {
			t.line("")
			t.comment("Refused while the user owns something, or has grants that this job did not ask for.")
			if d.Side == Target {
				t.comment("This writes the statements that give its tables to another owner:")
				t.comment("%s", redshift.Build(`SELECT 'ALTER TABLE "' || schemaname || '"."' || tablename || '" OWNER TO NEW_OWNER;' FROM pg_tables WHERE tableowner = ?`,
					redshift.Lit(d.User.String())))
			}
		}
		if !g.Undo.IsZero() {
			t.statement(g.Undo)
		}
	}
	return t.String()
}

// text is SQL with comments.
type text struct{ strings.Builder }

func (t *text) line(s string) { t.WriteString(s + "\n") }

// comment writes what a comment can hold: names may have line ends in them.
func (t *text) comment(format string, args ...any) {
	const mark = "-- "
	for _, line := range show.Wrap(show.Safe(fmt.Sprintf(format, args...)), show.Width-len(mark)) {
		t.line(mark + line)
	}
}

func (t *text) statement(s redshift.SQL) { t.line(s.String() + ";") }
