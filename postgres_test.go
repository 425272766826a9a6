package sealift_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/rogpeppe/go-internal/testscript"

	"github.com/sealift/sealift/internal/local/pgserver"
)

// plainServer is a PostgreSQL as anybody has one, which knows nothing of Redshift: a source of syncs. It is started by the first test
// that needs it.
var plainServer struct {
	start  sync.Once
	folder string
	server *pgserver.Server
	err    error
}

func startPlainServer(ctx context.Context) (*pgserver.Server, error) {
	p := &plainServer
	p.start.Do(func() {
		if p.folder, p.err = os.MkdirTemp("", "sealift-plain-"); p.err != nil {
			return
		}
		if p.err = os.Chmod(p.folder, 0o755); p.err != nil { // PostgreSQL runs as another user than root
			return
		}
		p.server, p.err = pgserver.Start(context.WithoutCancel(ctx), pgserver.Options{
			Dir: filepath.Join(p.folder, "data"), CacheDir: filepath.Join(p.folder, "cache"), Superuser: "admin", BootstrapKey: "plain",
			Bootstrap: func(context.Context, *pgserver.Server) error { return nil },
			Settings:  map[string]string{"max_prepared_transactions": "0"},
		})
	})
	return p.server, p.err
}

func stopPlainServer() error {
	if plainServer.server == nil {
		return nil
	}
	return errors.Join(plainServer.server.Close(), os.RemoveAll(plainServer.folder))
}

// onServer makes a database of that name if there is none, and does something in it.
func onServer(ctx context.Context, database string, do func(*pgconn.PgConn) error) error {
	s, err := startPlainServer(ctx)
	if err != nil {
		return err
	}
	c, err := s.Connect(ctx, "admin", database, nil)
	if pe, ok := errors.AsType[*pgconn.PgError](err); ok && pe.Code == "3D000" {
		admin, err := s.Connect(ctx, "admin", "postgres", nil)
		if err != nil {
			return err
		}
		_, err = admin.Exec(ctx, "create database "+database).ReadAll()
		if err := errors.Join(err, admin.Close(ctx)); err != nil {
			return err
		}
		c, err = s.Connect(ctx, "admin", database, nil)
		if err != nil {
			return err
		}
	} else if err != nil {
		return err
	}
	return errors.Join(do(c), c.Close(ctx))
}

// serverCommand runs statements on the plain PostgreSQL, in the script's database, and prints rows, tab-separated.
func serverCommand(ts *testscript.TestScript, neg bool, args []string) {
	var out strings.Builder
	err := onServer(context.Background(), ts.Getenv("DATABASE"), func(c *pgconn.PgConn) (failed error) {
		for _, sql := range args {
			if path, ok := strings.CutPrefix(sql, "@"); ok {
				sql = ts.ReadFile(path)
			}
			results, err := c.Exec(context.Background(), sql).ReadAll()
			failed = errors.Join(failed, err)
			for _, r := range results {
				for _, row := range r.Rows {
					fields := make([]string, len(row))
					for i, f := range row {
						fields[i] = string(f)
					}
					out.WriteString(strings.Join(fields, "\t") + "\n")
				}
			}
		}
		return failed
	})
	_, werr := io.WriteString(ts.Stdout(), out.String())
	ts.Check(werr)
	if (err != nil) != neg {
		ts.Fatalf("server: %v", err)
	}
}

// postgresJob writes a job whose source is the plain PostgreSQL.
func postgresJob(ts *testscript.TestScript, _ bool, args []string) {
	s, err := startPlainServer(context.Background())
	ts.Check(err)
	dir, port := s.Socket()
	_, rest, _ := strings.Cut(jobHead, "target:\n")
	text := fmt.Sprintf("version: 1\nsource: {postgres: %q, port: %d, database: $DATABASE, user: admin}\ntarget:\n", dir, port) + rest
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(os.Expand(text, ts.Getenv)+ts.ReadFile(args[1])), 0o600))
}
