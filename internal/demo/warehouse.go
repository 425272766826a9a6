package demo

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"golang.org/x/sync/errgroup"

	"github.com/sealift/sealift/internal/demo/dataset"
)

// warehouse is one of the stand-in's two, reached as any PostgreSQL client would reach it.
type warehouse struct {
	name string
	url  string
}

// session opens a connection; the caller closes it.
func (w warehouse) session(ctx context.Context) (*pgconn.PgConn, error) {
	conn, err := pgconn.Connect(ctx, w.url)
	if err != nil {
		return nil, fmt.Errorf("connect to warehouse %s: %w", w.name, err)
	}
	return conn, nil
}

// closeGrace bounds how long saying goodbye to a server may take.
const closeGrace = 5 * time.Second

func closeSession(ctx context.Context, conn *pgconn.PgConn) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeGrace)
	defer cancel()
	if err := conn.Close(ctx); err != nil {
		return fmt.Errorf("close session: %w", err)
	}
	return nil
}

// script runs statements one by one, as psql does with a file. Each ends with a semicolon at the end of its line.
func (w warehouse) script(ctx context.Context, script string) (err error) {
	conn, err := w.session(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, closeSession(ctx, conn)) }()
	for statement := range strings.SplitAfterSeq(script, ";\n") {
		if _, err := conn.Exec(ctx, statement).ReadAll(); err != nil {
			return fmt.Errorf("run on warehouse %s: %s: %w", w.name, strings.TrimSpace(statement), err)
		}
	}
	return nil
}

// query answers a statement's rows as text.
func (w warehouse) query(ctx context.Context, sql string) (rows [][]string, err error) {
	conn, err := w.session(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, closeSession(ctx, conn)) }()
	results, err := conn.Exec(ctx, sql).ReadAll()
	if err != nil {
		return nil, fmt.Errorf("query warehouse %s: %w", w.name, err)
	}
	for _, result := range results {
		for _, row := range result.Rows {
			texts := make([]string, len(row))
			for i, value := range row {
				texts[i] = string(value)
			}
			rows = append(rows, texts)
		}
	}
	return rows, nil
}

// loads is how many tables are loaded at once: one COPY keeps a core or two busy by itself.
const loads = 2

// fill makes the source's tables and loads them, and makes what the target held before.
func fill(ctx context.Context, s *show, c *cloud, source, target warehouse) error {
	if err := source.script(ctx, dataset.Schema()); err != nil {
		return err
	}
	if err := target.script(ctx, dataset.Before()); err != nil {
		return err
	}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(loads)
	for _, table := range dataset.Tables() {
		group.Go(func() error { return load(ctx, s, c, source, table) })
	}
	return group.Wait()
}

// load uploads a table's files and has the warehouse read them.
func load(ctx context.Context, s *show, c *cloud, w warehouse, table dataset.Table) error {
	prefix := table.Name + "/"
	for _, f := range table.Files {
		if err := c.upload(ctx, prefix+f.Name+".zst", f.Write); err != nil {
			return err
		}
	}
	columns := ""
	if table.Columns != "" {
		columns = " (" + table.Columns + ")"
	}
	statement := fmt.Sprintf("COPY %s%s\nFROM 's3://%s/%s'\nIAM_ROLE '%s'\n%s ZSTD;\n",
		table.Name, columns, c.files, prefix, loadRole.arn(), table.Options)
	if err := w.script(ctx, statement); err != nil {
		return err
	}
	rows, err := w.query(ctx, "SELECT COUNT(*) FROM "+table.Name)
	if err != nil {
		return err
	}
	if want := strconv.Itoa(table.Rows); len(rows) != 1 || rows[0][0] != want {
		return fmt.Errorf("load %s: %v rows, want %s", table.Name, rows, want)
	}
	s.line("   %-22s %9s rows", table.Name, thousands(int64(table.Rows)))
	return nil
}

// compareRoutes asks both warehouses the same question and shows the answers side by side.
func compareRoutes(ctx context.Context, s *show, source, target warehouse) error {
	const question = "SELECT origin_ap, dest_ap, COUNT(*) FROM public.flight_data GROUP BY origin_ap, dest_ap " +
		"ORDER BY 3 DESC, 1, 2 LIMIT 10"
	left, err := source.query(ctx, question)
	if err != nil {
		return err
	}
	right, err := target.query(ctx, question)
	if err != nil {
		return err
	}
	if len(left) != len(right) {
		return fmt.Errorf("source answers %d routes, target %d", len(left), len(right))
	}
	s.line("   %-22s %s", "source", "target")
	same := true
	for i := range left {
		s.line("   %-22s %s", route(left[i]), route(right[i]))
		same = same && strings.Join(left[i], " ") == strings.Join(right[i], " ")
	}
	if !same {
		return errors.New("the two warehouses answer differently")
	}
	return nil
}

func route(row []string) string {
	n, err := strconv.ParseInt(row[2], 10, 64)
	if err != nil {
		return strings.Join(row, " ")
	}
	return fmt.Sprintf("%s - %s  %7s", row[0], row[1], thousands(n))
}
