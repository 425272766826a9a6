package mask_test

import (
	"context"
	"fmt"
	"log"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/sealift/sealift/internal/local"
	"github.com/sealift/sealift/internal/mask"
	"github.com/sealift/sealift/internal/redshift"
	"github.com/sealift/sealift/internal/secret"
)

// standin is the stand-in that the tests of this package share.
var standin *local.Server

func TestMain(m *testing.M) {
	if err := local.Main(m, &standin); err != nil {
		log.Fatal(err)
	}
}

// keys of the tests. The master key is the bytes 0 to 31, so that other programs can make the same.
func keys(tb testing.TB, environment, epoch string) mask.Keys {
	tb.Helper()
	master := make([]byte, mask.MasterKeyBytes)
	for i := range master {
		master[i] = byte(i)
	}
	k, err := mask.Derive(secret.New(string(master)), environment, epoch)
	if err != nil {
		tb.Fatal(err)
	}
	return k
}

// warehouse is a session to the stand-in.
type warehouse struct {
	tb   testing.TB
	conn *pgconn.PgConn
}

// session opens a session, whose key table holds keys.
func session(tb testing.TB, k mask.Keys) *warehouse {
	tb.Helper()
	conn, err := pgconn.Connect(tb.Context(), standin.Var("REDSHIFT_SOURCE_URL"))
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := conn.Close(context.WithoutCancel(tb.Context())); err != nil {
			tb.Errorf("close session: %v", err)
		}
	})
	w := &warehouse{tb, conn}
	w.exec("SET timezone TO 'UTC'")
	w.exec("SET datestyle TO 'ISO, MDY'")
	w.exec(mask.CreateKeyTable().String())
	in := fmt.Sprintf("INSERT INTO %s VALUES ($1, $2)", mask.KeyTable)
	if _, err := conn.ExecParams(tb.Context(), in, [][]byte{[]byte(k.K1.Reveal()), []byte(k.K2.Reveal())}, nil, nil, nil).Close(); err != nil {
		tb.Fatal(err)
	}
	return w
}

func (w *warehouse) exec(sql string) {
	w.tb.Helper()
	if _, err := w.conn.Exec(w.tb.Context(), sql).ReadAll(); err != nil {
		w.tb.Fatalf("%.2000s: %v", sql, err)
	}
}

// rows are the rows of a query, NULL as nil.
func (w *warehouse) rows(sql string) [][][]byte {
	w.tb.Helper()
	rows, err := w.try(sql)
	if err != nil {
		w.tb.Fatalf("%.500s ...: %v", sql, err)
	}
	return rows
}

func (w *warehouse) try(sql string) ([][][]byte, error) {
	results, err := w.conn.Exec(w.tb.Context(), sql).ReadAll()
	if err != nil {
		return nil, err
	}
	return results[len(results)-1].Rows, nil
}

// insert fills a table, a thousand rows at a time.
func (w *warehouse) insert(table redshift.Table, rows [][][]byte) {
	w.tb.Helper()
	const atOnce = 1000
	for from := 0; from < len(rows); from += atOnce {
		var lines []redshift.SQL
		for _, row := range rows[from:min(from+atOnce, len(rows))] {
			values := make([]redshift.SQL, len(row))
			for i, v := range row {
				values[i] = redshift.Build("NULL")
				if v != nil {
					values[i] = redshift.Build("?", redshift.Lit(string(v)))
				}
			}
			lines = append(lines, redshift.Build("(?)", redshift.Join(", ", values...)))
		}
		w.exec(redshift.Build("INSERT INTO ? VALUES ?", table, redshift.Join(", ", lines...)).String())
	}
}

// define is a table's definition, of columns written as in DDL: name, type, and maybe NOT NULL. The first is its key.
func define(tb testing.TB, name string, columns ...string) *redshift.TableDef {
	tb.Helper()
	table, err := redshift.ParseTable(name)
	if err != nil {
		tb.Fatal(err)
	}
	def := &redshift.TableDef{Table: table, DistStyle: redshift.DistAuto, SortStyle: redshift.SortAuto}
	for _, text := range columns {
		text, notNull := strings.CutSuffix(text, " not null")
		column, typ, _ := strings.Cut(text, " ")
		c := redshift.Column{NotNull: notNull}
		if typ, ok := strings.CutSuffix(typ, " ci"); ok {
			c.Collate = "case_insensitive"
			text = typ
		} else {
			text = typ
		}
		if c.Name, err = redshift.NewIdent(column); err == nil {
			c.Type, err = redshift.ParseType(text)
		}
		if err != nil {
			tb.Fatal(err)
		}
		def.Columns = append(def.Columns, c)
	}
	def.PrimaryKey = &redshift.Key{Columns: []redshift.Ident{def.Columns[0].Name}}
	return def
}

// newTable is mask.New of masks that are right.
func newTable(tb testing.TB, def *redshift.TableDef, uses map[string]mask.Use, dictionaries mask.Dictionaries) *mask.Table {
	tb.Helper()
	t, err := mask.New(def, uses, dictionaries)
	if err != nil {
		tb.Fatal(err)
	}
	return t
}
