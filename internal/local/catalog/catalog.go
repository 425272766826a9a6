// Package catalog makes a PostgreSQL database look like Redshift's from inside: types, functions, operators, system
// tables and views, kept as SQL files of one subject each and installed in every database of a private server.
//
// It knows nothing of the wire or of S3. Package dialect rewrites statements so that they meet what is installed here;
// the server, and COPY and UNLOAD, write the history tables described in history.sql.
//
// What Redshift has as an ordinary object is in pg_catalog, where unqualified and qualified names find it: functions,
// the types super and varbyte, the STL, STV, SVV, SVL and SYS views. What Redshift's system tables have and PostgreSQL's
// of the same name lack is in views of schema rs that stand in front of them (pg_views.sql). To add a function or a
// view, write it into the file of its subject; a new file goes into order below.
//
// What differs from Redshift: lengths of VARCHAR in bytes are CHECK constraints, so that blanks beyond the length are an
// error where characters of several bytes come before them; CHECKSUM of texts has other values; FNV_HASH of decimals, dates and
// times assumes how Redshift stores them (its values for integers, floating-point numbers and texts are those of the
// manual's examples and of FNV-1a); SVV_TABLE_INFO estimates the rows of large tables; catalogs are read in the
// transaction's snapshot, not read-committed; a late-binding view needs its tables when it is made; CREATE TABLE AS
// gives texts without a length VARCHAR(65535) and numbers the scale of their values.
package catalog

import (
	"context"
	"crypto/sha256"
	"embed"
	"encoding/hex"
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
	"arrays.sql",
	"comparison.sql",
	"collation.sql",
	"functions_hash.sql",
	"functions_string.sql",
	"functions_math.sql",
	"functions_date.sql",
	"implicit.sql",
	"try_cast.sql",
	"late_binding.sql",
	"attributes.sql",
	"locks.sql",
	"functions_catalog.sql",
	"pg_views.sql",
	"rls.sql",
	"masks.sql",
	"stv.sql",
	"svv.sql",
	"stl.sql",
	"sys.sql",
	"empty.sql",
	"show.sql",
	"assumerole.sql",
	"parameters.sql",
	"information_schema.sql",
}

// Options says of which warehouse a database is a part.
type Options struct {
	Account string // AWS account number
	Region  string
	Cluster string // identifier
	Slices  int    // at least 1
}

// Settings are the settings that a server must run with, in addition to whatever suits its place: what is installed
// here and what package dialect writes rest on them.
func Settings() map[string]string {
	return map[string]string{
		"allow_system_table_mods":       "on",
		"backslash_quote":               "on",
		"bytea_output":                  "hex",
		"datestyle":                     "ISO, MDY",
		"default_transaction_isolation": "repeatable read", // SNAPSHOT isolation
		"escape_string_warning":         "off",
		"intervalstyle":                 "postgres",
		"password_encryption":           "md5",
		"standard_conforming_strings":   "off", // a backslash escapes, as in 8.0
		"timezone":                      "UTC",
	}
}

// Version changes whenever what Install installs changes.
func Version() string {
	h := sha256.New()
	for _, name := range order {
		h.Write(mustRead(name))
	}
	return hex.EncodeToString(h.Sum(nil)[:8])
}

func mustRead(name string) []byte {
	text, err := files.ReadFile(name)
	if err != nil {
		panic("catalog: " + err.Error()) // order names a file that is not embedded
	}
	return text
}

// Install installs everything in the database conn is connected to, and records o there. conn is a superuser's, on a
// server that runs with Settings. Where this version is installed already, only o is recorded, which is fast.
//
// Databases are copies of template1, so what is installed there is in every database that is created later.
func Install(ctx context.Context, conn *pgconn.PgConn, o Options) error {
	const installed = `SELECT pg_catalog.obj_description(oid, 'pg_namespace') FROM pg_catalog.pg_namespace WHERE nspname = 'rs'`
	results, err := conn.Exec(ctx, installed).ReadAll()
	if err != nil {
		return fmt.Errorf("look for an installed catalog: %w", err)
	}
	version := Version()
	if rows := results[0].Rows; len(rows) != 1 || string(rows[0][0]) != version {
		if err := installFiles(ctx, conn); err != nil {
			return err
		}
		if _, err := conn.Exec(ctx, "COMMENT ON SCHEMA rs IS '"+version+"'").ReadAll(); err != nil {
			return fmt.Errorf("record the catalog's version: %w", err)
		}
	}
	const record = `WITH gone AS (DELETE FROM rs.warehouse) INSERT INTO rs.warehouse VALUES ($1, $2, $3, $4)`
	args := [][]byte{[]byte(o.Account), []byte(o.Region), []byte(o.Cluster), fmt.Append(nil, o.Slices)}
	if err := conn.ExecParams(ctx, record, args, nil, nil, nil).Read().Err; err != nil {
		return fmt.Errorf("record the warehouse: %w", err)
	}
	return nil
}

// installFiles runs each file as one query string, hence in one transaction. The files are written for the standard's
// literals, where a backslash is a backslash; a query string is read by the rules that held before it.
func installFiles(ctx context.Context, conn *pgconn.PgConn) error {
	const (
		ours   = "SET standard_conforming_strings = on; SET client_min_messages = warning"
		theirs = "RESET standard_conforming_strings; RESET client_min_messages"
	)
	if _, err := conn.Exec(ctx, ours).ReadAll(); err != nil {
		return fmt.Errorf("prepare the session: %w", err)
	}
	for _, name := range order {
		if _, err := conn.Exec(ctx, string(mustRead(name))).ReadAll(); err != nil {
			return fmt.Errorf("install %s: %w", name, err)
		}
	}
	if _, err := conn.Exec(ctx, theirs).ReadAll(); err != nil {
		return fmt.Errorf("reset the session: %w", err)
	}
	return nil
}
