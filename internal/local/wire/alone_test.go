package wire

import (
	"errors"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
)

// What Redshift runs only by itself is refused in a transaction block and among others, before PostgreSQL sees it.
func TestAlone(t *testing.T) {
	t.Parallel()
	s := start(t, nil, "CREATE TABLE a (v varchar(10)); CREATE TABLE b (v varchar(10))")
	conn := s.connect(t)
	for _, sql := range []string{
		"BEGIN; ALTER TABLE a ALTER COLUMN v TYPE varchar(20)",
		"SELECT 1; ALTER TABLE a APPEND FROM b",
	} {
		_, err := conn.Exec(t.Context(), sql).ReadAll()
		if pe, ok := errors.AsType[*pgconn.PgError](err); !ok || pe.Code != "25001" {
			t.Errorf("%s: %v", sql, err)
		}
		if _, err := conn.Exec(t.Context(), "ROLLBACK").ReadAll(); err != nil {
			t.Fatal(err)
		}
	}
}
