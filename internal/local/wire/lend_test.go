package wire

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/sealift/sealift/internal/local/dialect"
)

// PostgreSQL takes rows more slowly than they are written, so the driver begins to read while it writes. What it reads
// with must have ended when the session goes on, or it takes the answer to the next statement.
func TestSlowCopyLeavesNobodyReading(t *testing.T) {
	t.Parallel()
	engine := fakeEngine(func(ctx context.Context, conn *pgconn.PgConn, _ dialect.Statement, _ Invocation) (Result, error) {
		row := strings.Repeat("x", 1<<20) + "\n"
		_, err := conn.CopyFrom(ctx, strings.NewReader(strings.Repeat(row, 4)), "COPY slow FROM STDIN")
		return Result{Tag: "COPY"}, err
	})
	s := start(t, engine, "CREATE TABLE slow (a text, CHECK (a IS NULL OR pg_sleep(0.05) IS NOT NULL))")
	conn := s.connect(t)
	for i := range 5 {
		if _, err := conn.Exec(t.Context(), "COPY slow FROM 's3://b/k' IAM_ROLE default").ReadAll(); err != nil {
			t.Fatal(err)
		}
		results, err := conn.Exec(t.Context(), fmt.Sprintf("SELECT %d", i)).ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		if got := string(results[0].Rows[0][0]); got != fmt.Sprint(i) {
			t.Errorf("answer %s to question %d", got, i)
		}
	}
}
