package scan_test

import (
	"context"
	"log"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/sealift/sealift/internal/local"
)

// standin is the stand-in that the tests of this package share.
var standin *local.Server

func TestMain(m *testing.M) {
	if err := local.Main(m, &standin); err != nil {
		log.Fatal(err)
	}
}

// warehouse is a session to the stand-in.
type warehouse struct {
	tb   testing.TB
	conn *pgconn.PgConn
}

func session(tb testing.TB) *warehouse {
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
	return &warehouse{tb, conn}
}

// rows are the rows of the last statement, as text; nil is NULL.
func (w *warehouse) rows(sql string) [][]*string {
	w.tb.Helper()
	results, err := w.conn.Exec(w.tb.Context(), sql).ReadAll()
	if err != nil {
		w.tb.Fatalf("%.3000s: %v", sql, err)
	}
	var out [][]*string
	for _, row := range results[len(results)-1].Rows {
		texts := make([]*string, len(row))
		for i, v := range row {
			if v != nil {
				s := string(v)
				texts[i] = &s
			}
		}
		out = append(out, texts)
	}
	return out
}
