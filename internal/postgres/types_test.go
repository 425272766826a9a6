package postgres

import (
	"strings"
	"testing"

	"github.com/sealift/sealift/internal/redshift"
)

// What each type becomes, by the names that format_type writes (PostgreSQL, Data Types), and how it is read.
func TestTypesBecomeThoseOfAWarehouse(t *testing.T) {
	t.Parallel()
	column, err := redshift.NewIdent("c")
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"smallint": `SMALLINT "c"`, "integer": `INTEGER "c"`, "bigint": `BIGINT "c"`, "boolean": `BOOLEAN "c"`,
		"numeric(10,2)": `DECIMAL(10,2) "c"`, "numeric(38,37)": `DECIMAL(38,37) "c"`, "numeric(5,0)": `DECIMAL(5,0) "c"`,
		"numeric": `DECIMAL(38,18) CAST("c" AS NUMERIC(38,18))`, "numeric(39,2)": `DECIMAL(38,18) CAST("c" AS NUMERIC(38,18))`,
		"numeric(2,4)": `DECIMAL(38,18) CAST("c" AS NUMERIC(38,18))`, "numeric(4,-2)": `DECIMAL(38,18) CAST("c" AS NUMERIC(38,18))`,
		"real": `REAL "c"`, "double precision": `DOUBLE PRECISION "c"`,
		"character varying(10)": `VARCHAR(40) CAST("c" AS TEXT)`, "character varying(20000)": `VARCHAR(65535) CAST("c" AS TEXT)`,
		"character varying": `VARCHAR(65535) CAST("c" AS TEXT)`, "character(3)": `VARCHAR(12) CAST("c" AS TEXT)`, "text": `VARCHAR(65535) CAST("c" AS TEXT)`,
		"uuid": `VARCHAR(36) CAST("c" AS TEXT)`, `"char"`: `VARCHAR(4) CAST("c" AS TEXT)`, "name": `VARCHAR(63) CAST("c" AS TEXT)`,
		"date": `DATE "c"`, "time without time zone": `TIME "c"`, "time(3) with time zone": `TIMETZ "c"`,
		"timestamp without time zone": `TIMESTAMP "c"`, "timestamp(0) without time zone": `TIMESTAMP "c"`, "timestamp(6) with time zone": `TIMESTAMPTZ "c"`,
		"json": `SUPER CAST("c" AS TEXT)`, "jsonb": `SUPER CAST("c" AS TEXT)`, "bytea": `VARBYTE(64000) pg_catalog.encode("c", 'hex')`,
		"oid": `BIGINT CAST("c" AS BIGINT)`, "inet": `VARCHAR(64) CAST("c" AS TEXT)`,
	} {
		typ, r := read(column, name, "b", "X")
		if got := typ.String() + " " + r.Expr.String(); got != want || r.Problem != "" {
			t.Errorf("%s becomes %s (%s), not %s", name, got, r.Problem, want)
		}
		if inexact := strings.Contains(want, "NUMERIC") || name == "bytea"; inexact == r.Inexact.IsZero() {
			t.Errorf("%s: values that would not be kept are looked for: %v", name, !r.Inexact.IsZero())
		}
	}
	if typ, r := read(column, "integer[]", "b", "A"); typ.Name != redshift.Super || r.Expr.String() != `CAST(pg_catalog.to_jsonb("c") AS TEXT)` {
		t.Errorf("an array becomes %s by %s", typ, r.Expr)
	}
	if typ, _ := read(column, "mood", "e", "E"); typ.String() != "VARCHAR(63)" {
		t.Errorf("an enum becomes %s", typ)
	}
	for name, kind := range map[string]string{
		"interval": "b", "interval day to second(3)": "b", "money": "b", "bit(3)": "b", "bit varying": "b", "point": "b", "tsvector": "b", "int4range": "r", "int4multirange": "m",
		"inventory_item": "c", "geometry(Point,4326)": "b", "": "b", "numeric(": "b", "text(3)": "b", "hstore": "b",
	} {
		if _, r := read(column, name, kind, "X"); !strings.Contains(r.Problem, "Redshift has nothing for") {
			t.Errorf("%q is not refused", name)
		}
	}
}
