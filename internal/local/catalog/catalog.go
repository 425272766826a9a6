// Package catalog makes a PostgreSQL database look like Redshift's from inside: types, functions, operators, system
// tables and views, kept as SQL files of one subject each and installed in every database of a private server.
//
// It knows nothing of the wire or of S3. Package dialect rewrites statements so that they meet what is installed here;
// the server and COPY and UNLOAD write the history tables described in history.sql.
package catalog

import (
	"context"
	"embed"
	"fmt"

	"github.com/jackc/pgx/v5/pgconn"
)

//go:embed *.sql
var files embed.FS

// order is the order in which the files are installed: each may rest on those before it.
var order = []string{
	"schema.sql",
	"history.sql",
	"types.sql",
	"varbyte.sql",
	"super.sql",
	"comparison.sql",
	"functions_hash.sql",
	"late_binding.sql",
	"attributes.sql",
}

// Options says of which warehouse a database is a part.
type Options struct {
	Account string // AWS account number
	Region  string
	Cluster string // identifier
	Slices  int    // at least 1
}

// Install installs everything in the database conn is connected to, as a superuser, in a server that runs with
// allow_system_table_mods. It may be run again on the same database.
func Install(ctx context.Context, conn *pgconn.PgConn, o Options) error {
	for _, name := range order {
		text, err := files.ReadFile(name)
		if err != nil {
			return fmt.Errorf("read %s: %w", name, err)
		}
		// Each file is one query string, hence one transaction. The files are written for the standard's literals.
		sql := "SET LOCAL standard_conforming_strings = on; SET LOCAL client_min_messages = warning;\n" + string(text)
		if _, err := conn.Exec(ctx, sql).ReadAll(); err != nil {
			return fmt.Errorf("install %s: %w", name, err)
		}
	}
	return nil
}
